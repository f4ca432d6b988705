import { canonicalFlags, childAt, entry, mountAt, topOf, treeOf } from './mount.ts';
import { isWithin, join } from './tree.ts';
import type { FileSystem, FsId, Mount, MountFlag, MountId, Namespace, NsId, Path } from './types.ts';
import { fileSystem, namespace, type Read } from './world.ts';

/** What /proc/self/mountinfo says about a mount. Source: proc_pid_mountinfo(5). */
export interface MountLine {
  /** The mount point: an absolute path in the namespace. */
  readonly at: string;
  readonly mount: MountId;
  readonly fs: FsId;
  /** "ext4", "tmpfs", "overlay". */
  readonly type: string;
  readonly source: string;
  /** The directory or file of the file system that the mount shows; "" is its root. */
  readonly root: Path;
  readonly flags: readonly MountFlag[];
  /** The optional fields: "shared:GROUP", "master:GROUP", both, or "private", "unbindable". */
  readonly propagation: string;
  /** Looking up `at` leads elsewhere: something is mounted on it, or over a directory on the way. */
  readonly hidden: boolean;
}

/**
 * The mounts of a namespace: parents before what is on them, siblings by mount point. The kernel lists them in the
 * order in which they were made, which a state does not remember. Detached mounts are not listed.
 */
export function mountTable(world: Read, id: NsId): readonly MountLine[] {
  const ns = namespace(world, id);
  return placesIn(ns).map(({ at, mount, hidden }) => {
    const value = mountAt(world, { ns: id, mount });
    const fs = fileSystem(world, value.fs);
    return {
      at,
      mount,
      fs: value.fs,
      type: fs.kind === 'plain' ? fs.type : 'overlay',
      source: sourceOf(value.fs, fs),
      root: value.root,
      flags: canonicalFlags(value.flags),
      propagation: propagationText(value),
      hidden,
    };
  });
}

/** A mount and its mount point, an absolute path of its namespace. */
export interface MountPlace {
  readonly mount: MountId;
  readonly at: string;
  readonly hidden: boolean;
}

const PLACES = new WeakMap<Namespace, readonly MountPlace[]>();

/** Where the mounts of a namespace are, in the order of {@link mountTable}. Remembered: mount tables are immutable. */
export function placesIn(ns: Namespace): readonly MountPlace[] {
  const known = PLACES.get(ns);
  if (known !== undefined) return known;
  const points = new Map<MountId, string>();
  const places = (ns.unmounted === true ? [] : treeOf(ns, ns.root)).flatMap((mount): readonly MountPlace[] => {
    const point = pointOf(ns, mount, points);
    if (point === undefined) return [];
    points.set(mount, point);
    return [{ mount, at: point, hidden: reached(ns, point) !== mount }];
  });
  PLACES.set(ns, places);
  return places;
}

/**
 * The path of a mount point below that of its parent, which is known already. None where a rename has moved it out of what the
 * parent shows: such a mount and those on it are there, but mountinfo leaves them out. Source: Linux prepend_path(), seq_path_root().
 */
function pointOf(ns: Namespace, mount: MountId, points: ReadonlyMap<MountId, string>): string | undefined {
  const { parent, at } = entry(ns, mount);
  if (parent === null) return '/';
  const { root } = entry(ns, parent);
  const on = points.get(parent);
  if (on === undefined || !isWithin(at, root)) return undefined;
  const below = at.slice(root.length);
  return on === '/' ? below || '/' : on + below;
}

const sourceOf = (id: FsId, fs: FileSystem): string =>
  fs.kind === 'overlay' ? fs.source : fs.type === 'tmpfs' ? 'tmpfs' : id;

/** As the optional fields of mountinfo, with a word where those are empty. */
export function propagationText({ shared, master, unbindable }: Mount): string {
  if (unbindable) return 'unbindable';
  const fields = [shared === null ? [] : [`shared:${shared}`], master === null ? [] : [`master:${master}`]].flat();
  return fields.length === 0 ? 'private' : fields.join(' ');
}

/** The mount whose root a path leads to, through mount points only: symlinks do not matter for a path that mountinfo gives. */
function reached(ns: Namespace, path: string): MountId | undefined {
  const rootOf = (mount: MountId): Path => entry(ns, mount).root;
  let mount = ns.root;
  let at = rootOf(mount);
  for (const name of path.split('/')) {
    if (name === '') continue;
    at = join(at, name);
    const next = childAt(ns, mount, at);
    if (next === undefined) continue;
    mount = topOf(ns, next);
    at = rootOf(mount);
  }
  return at === rootOf(mount) ? mount : undefined;
}

/** The mount points strictly below a path that a path walk reaches, parents first. Source: systemd: mount-util.c get_sub_mounts(). */
export function submountsBelow(world: Read, ns: NsId, path: string): string[] {
  const prefix = path.endsWith('/') ? path : `${path}/`;
  return placesIn(namespace(world, ns)).flatMap(({ at, hidden }) =>
    !hidden && at !== prefix && at.startsWith(prefix) ? [at] : [],
  );
}
