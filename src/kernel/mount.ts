import { byText, hold, isOrphan, isWithin, pinned, release, releaseName } from './tree.ts';
import type { FsId, Mount, MountFlag, MountId, Namespace, NsId, Path, PinId, TaskId } from './types.ts';
import { type Draft, fileSystem, namespace, type Read } from './world.ts';

/**
 * Mount tables and propagation, without path walk: every function takes places that have been looked up already, and
 * replaces namespaces in a draft. What may be refused is refused by the callers in mountcalls.ts.
 * Source: Linux fs/namespace.c, fs/pnode.c, Documentation/filesystems/sharedsubtree.rst.
 *
 * The order of a namespace's map means nothing: states with the same mounts are equal. Wherever an order is needed,
 * parents come before what is mounted on them and siblings follow their mount points.
 */

/** A mount of some namespace. */
export interface Ref {
  readonly ns: NsId;
  readonly mount: MountId;
}
/** A place to mount on: a mount, and a path in that mount's file system. */
export interface Point extends Ref {
  readonly at: Path;
}

export type Propagation = 'shared' | 'slave' | 'private' | 'unbindable';

// ---- looking ------------------------------------------------------------------------------------------------------

/** The mount itself; a name that its namespace has not is a broken model. */
export function mountAt(world: Read, { ns, mount }: Ref): Mount {
  return entry(namespace(world, ns), mount);
}

/** The mount itself, of a namespace value. */
export function entry(ns: Namespace, id: MountId): Mount {
  const mount = ns.mounts.get(id);
  if (mount === undefined)
    throw new Error(`no mount ${id} in its namespace: something holds a mount that was collected`);
  return mount;
}

/** Who is mounted on whom, for each mount table that has been asked: they are immutable. */
const TREES = new WeakMap<Namespace['mounts'], ReadonlyMap<MountId, readonly MountId[]>>();

function childLists({ mounts }: Namespace): ReadonlyMap<MountId, readonly MountId[]> {
  const known = TREES.get(mounts);
  if (known !== undefined) return known;
  const lists = new Map<MountId, [Path, MountId][]>();
  for (const [id, { parent, at }] of mounts) {
    if (parent === null) continue;
    const list = lists.get(parent);
    if (list === undefined) lists.set(parent, [[at, id]]);
    else list.push([at, id]);
  }
  const sorted = new Map<MountId, readonly MountId[]>();
  for (const [parent, list] of lists)
    sorted.set(
      parent,
      list.sort(([a], [b]) => byText(a, b)).map(([, id]) => id),
    );
  TREES.set(mounts, sorted);
  return sorted;
}

/** What is mounted on a mount, by mount point; each place has at most one. */
export const childrenOf = (ns: Namespace, mount: MountId): readonly MountId[] => childLists(ns).get(mount) ?? [];

/** What is mounted directly on a place, if anything. A stack is a chain: the next is on the root of this one. Source: Linux __lookup_mnt(). */
export const childAt = (ns: Namespace, mount: MountId, at: Path): MountId | undefined =>
  childrenOf(ns, mount).find((id) => entry(ns, id).at === at);

/** The topmost mount of the stack that begins with this one. Source: Linux topmost_overmount(). */
export function topOf(ns: Namespace, mount: MountId): MountId {
  let top = mount;
  for (;;) {
    const next = childAt(ns, top, entry(ns, top).root);
    if (next === undefined) return top;
    top = next;
  }
}

/** A mount and everything mounted below it, parents first. Source: Linux next_mnt(). */
export function treeOf(ns: Namespace, top: MountId): readonly MountId[] {
  return [top, ...childrenOf(ns, top).flatMap((child) => treeOf(ns, child))];
}

/** The mount at the bottom of everything that a mount is on: it has no parent. */
export function bottomOf(ns: Namespace, mount: MountId): MountId {
  let id = mount;
  for (let { parent } = entry(ns, id); parent !== null; { parent } = entry(ns, id)) id = parent;
  return id;
}

/** Whether a mount is in its namespace, as opposed to one that is only held. Source: Linux check_mnt(). */
export const isAttached = (ns: Namespace, mount: MountId): boolean =>
  ns.unmounted !== true && bottomOf(ns, mount) === ns.root;

/** Whether something is mounted on the name, in whatever mount of that file system. Source: is_local_mountpoint(). */
export function isMountpoint(ns: Namespace, fs: FsId, path: Path): boolean {
  for (const [id, { parent, at }] of ns.mounts)
    if (parent !== null && at === path && ns.mounts.get(parent)?.fs === fs && isAttached(ns, id)) return true;
  return false;
}

/** All namespaces of a world, in the order of its slots. */
export function namespaces(world: Read): readonly (readonly [NsId, Namespace])[] {
  return world.slots.ns.flatMap((id) => {
    const ns = world.get(`ns:${id}`);
    return ns?.kind === 'ns' ? [[id, ns] as const] : [];
  });
}

function mountsWhere(world: Read, chosen: (mount: Mount) => boolean): readonly Ref[] {
  return namespaces(world).flatMap(([ns, { mounts }]) =>
    [...mounts.keys()]
      .sort(byText)
      .filter((id) => chosen(mountAt(world, { ns, mount: id })))
      .map((mount) => ({ ns, mount })),
  );
}
const membersOf = (world: Read, group: string): readonly Ref[] => mountsWhere(world, ({ shared }) => shared === group);
const slavesOf = (world: Read, group: string): readonly Ref[] => mountsWhere(world, ({ master }) => master === group);

// ---- editing ------------------------------------------------------------------------------------------------------

/** Changes a mount in place. */
export function editMount(draft: Draft, { ns, mount }: Ref, change: Partial<Mount>): void {
  const table = namespace(draft, ns);
  const mounts = new Map(table.mounts).set(mount, { ...entry(table, mount), ...change });
  draft.set(`ns:${ns}`, { ...table, mounts });
}

/** Adds a mount, which is nowhere yet unless it names a parent, under the lowest id its creator has free there. */
export function addMount(draft: Draft, ns: NsId, mount: Mount, creator: TaskId): MountId {
  const table = namespace(draft, ns);
  let index = 0;
  while (table.mounts.has(`${creator}.${index}`)) index++;
  const id = `${creator}.${index}`;
  draft.set(`ns:${ns}`, { ...table, mounts: new Map(table.mounts).set(id, mount) });
  holdRoot(draft, { ns, mount: id }, mount);
  return id;
}

// ---- removed roots ------------------------------------------------------------------------------------------------

/** What a mount shows it holds. Only a root that has no name any more needs a pin; until then its path says where it is. */
const rootPin = ({ ns, mount }: Ref): PinId => `mount ${ns} ${mount}`;

/** A mount that shows a removed directory or file keeps it. Source: Linux clone_mnt(), dget(). */
function holdRoot(draft: Draft, ref: Ref, { fs, root }: Mount): void {
  if (isOrphan(root)) draft.set(`fs:${fs}`, hold(fileSystem(draft, fs), rootPin(ref), root));
}

/** A mount goes, and with it what only it held. Source: Linux cleanup_mnt(). */
export function releaseRoot(draft: Draft, ref: Ref, { fs, root }: Mount): void {
  if (isOrphan(root)) draft.set(`fs:${fs}`, releaseName(fileSystem(draft, fs), rootPin(ref)));
}

/** Before a name goes: the mounts that show it, or something below it, get a pin there. */
export function holdRootsAt(draft: Draft, fs: FsId, path: Path): void {
  for (const [ns, { mounts }] of namespaces(draft))
    for (const [mount, { fs: own, root }] of mounts)
      if (own === fs && root !== '' && isWithin(root, path))
        draft.set(`fs:${fs}`, hold(fileSystem(draft, fs), rootPin({ ns, mount }), root));
}

/** After names have changed: mounts with such a pin show what that holds now. */
export function followRoots(draft: Draft, id: FsId): void {
  for (const pin of fileSystem(draft, id).pins.keys()) {
    if (!pin.startsWith('mount ')) continue;
    const [, ns = '', mount = ''] = pin.split(' ');
    const root = pinned(fileSystem(draft, id), pin);
    editMount(draft, { ns, mount }, { root });
    if (!isOrphan(root)) draft.set(`fs:${id}`, release(fileSystem(draft, id), pin));
  }
}

/** A peer group name that nobody uses. Source: Linux mnt_alloc_group_id(). */
function freeGroup(world: Read, creator: TaskId): string {
  const used = new Set<string | null>();
  for (const [, { mounts }] of namespaces(world))
    for (const { shared, master } of mounts.values()) used.add(shared).add(master);
  let index = 0;
  while (used.has(`${creator}.g${index}`)) index++;
  return `${creator}.g${index}`;
}

/** A mount becomes shared, in a peer group of its own unless it has one. Source: Linux invent_group_ids(), set_mnt_shared(). */
function share(draft: Draft, ref: Ref, creator: TaskId): void {
  const { shared } = mountAt(draft, ref);
  editMount(draft, ref, { shared: shared ?? freeGroup(draft, creator), unbindable: false });
}

// ---- propagation type ---------------------------------------------------------------------------------------------

/**
 * Mounts leave their peer groups and masters. The slaves of a group that this empties turn to the group's own master,
 * or to nobody. Source: Linux bulk_make_private(), transfer_propagation().
 */
export function leaveGroups(draft: Draft, refs: readonly Ref[]): void {
  const heirs = new Map<string, string | null>();
  for (const ref of refs) {
    const { shared, master } = mountAt(draft, ref);
    if (shared !== null) heirs.set(shared, master);
    if (shared !== null || master !== null) editMount(draft, ref, { shared: null, master: null });
  }
  const isEmpty = (group: string): boolean => membersOf(draft, group).length === 0;
  for (const group of heirs.keys()) {
    if (!isEmpty(group)) continue;
    let heir = heirs.get(group) ?? null;
    while (heir !== null && heirs.has(heir) && isEmpty(heir)) heir = heirs.get(heir) ?? null;
    for (const slave of slavesOf(draft, group)) editMount(draft, slave, { master: heir });
  }
}

/**
 * Changes the propagation type of one mount. A shared mount becomes the slave of its former peers; one that had none
 * becomes a slave of its own master, or private. What is not shared does not change by MS_SLAVE, not even from
 * unbindable (seen on Linux 6.18). Source: Linux change_mnt_propagation().
 */
export function setPropagation(draft: Draft, ref: Ref, to: Propagation, creator: TaskId): void {
  if (to === 'shared') {
    share(draft, ref, creator);
    return;
  }
  const { shared, master } = mountAt(draft, ref);
  leaveGroups(draft, [ref]);
  const hasPeers = shared !== null && membersOf(draft, shared).length > 0;
  const change = to === 'slave' ? { master: hasPeers ? shared : master } : { unbindable: to === 'unbindable' };
  editMount(draft, ref, change);
}

// ---- copies -------------------------------------------------------------------------------------------------------

/**
 * How a copy stands to what it copies: a *clone* joins the peer group of a shared mount and the master of a slave; a
 * *slave* receives from it, and a *shared slave* has a peer group of its own as well; a *private* copy is alone.
 * Source: Linux clone_mnt(), CL_SLAVE, CL_MAKE_SHARED, CL_PRIVATE.
 */
export type Relation = 'clone' | 'slave' | 'shared slave' | 'private';

function groupsOfCopy(draft: Draft, { shared, master }: Mount, how: Relation, creator: TaskId): Partial<Mount> {
  switch (how) {
    case 'clone':
      return { shared, master };
    case 'private':
      return { shared: null, master: null };
    default:
      return { shared: how === 'slave' ? null : freeGroup(draft, creator), master: shared ?? master };
  }
}

export interface CopyOf {
  readonly source: Ref;
  /** The directory or file of the source that is the root of the copy. */
  readonly root: Path;
  readonly recursive: boolean;
  readonly how: Relation;
}

/**
 * Copies a mount, and what is mounted below `root` if recursive, leaving unbindable mounts out. The copy is in namespace
 * `to` and attached nowhere. Source: Linux copy_tree().
 */
export function copyTree(draft: Draft, copy: CopyOf, to: NsId, creator: TaskId): Ref {
  const { source, root, recursive, how } = copy;
  const from = namespace(draft, source.ns);
  const put = (id: MountId, over: Partial<Mount>): MountId => {
    const mount = entry(from, id);
    return addMount(draft, to, { ...mount, ...groupsOfCopy(draft, mount, how, creator), ...over }, creator);
  };
  const below = (original: MountId, parent: MountId, within: Path): void => {
    for (const child of childrenOf(from, original)) {
      const { at, unbindable } = entry(from, child);
      if (!unbindable && isWithin(at, within)) below(child, put(child, { parent, at }), '');
    }
  };
  const mount = put(source.mount, { root, parent: null, at: '' });
  if (recursive) below(source.mount, mount, root);
  return { ns: to, mount };
}

/**
 * A new namespace with the mounts of another under the same ids. Shared mounts stay peers of the originals, slaves
 * stay slaves; unbindable mounts come along, and their copies are private (seen on Linux 6.18). What is detached does
 * not come along. Source: Linux copy_mnt_ns(), CL_COPY_UNBINDABLE.
 */
export function copyNamespace(draft: Draft, from: NsId, to: NsId): void {
  const original = namespace(draft, from);
  const copies = treeOf(original, original.root).map(
    (id) => [id, { ...entry(original, id), unbindable: false }] as const,
  );
  draft.set(`ns:${to}`, { ...original, mounts: new Map(copies) });
  for (const [mount, copy] of copies) holdRoot(draft, { ns: to, mount }, copy);
}

// ---- propagation --------------------------------------------------------------------------------------------------

/** A mount that receives what happens on another, and whose copy it copies: -1 is the source, else an earlier receiver. */
interface Receiver {
  readonly ref: Ref;
  readonly from: number;
  readonly how: Relation;
}

/**
 * Who receives events from a mount: its peers, the slaves of its group, the peers of those, and so on down. The first of
 * a slave group is a slave of the nearest group above that has a copy; its peers are clones of the first.
 * Source: Linux propagate_mnt(), find_master(), propagation_next().
 */
function receivers(world: Read, of: Ref, gets: (ref: Ref) => boolean): readonly Receiver[] {
  const all: Receiver[] = [];
  const add = (ref: Ref, from: number, how: Relation): number => all.push({ ref, from, how }) - 1;
  const descend = (group: string, from: number): void => {
    const done = new Set<string>();
    for (const slave of slavesOf(world, group)) {
      const { shared } = mountAt(world, slave);
      if (shared === null) {
        if (gets(slave)) add(slave, from, 'slave');
        continue;
      }
      if (done.has(shared)) continue;
      done.add(shared);
      const [first, ...rest] = membersOf(world, shared).filter(gets);
      const copy = first === undefined ? from : add(first, from, 'shared slave');
      for (const peer of rest) add(peer, copy, 'clone');
      descend(shared, copy);
    }
  };
  const { shared } = mountAt(world, of);
  if (shared === null) return [];
  for (const peer of membersOf(world, shared)) if (!isSame(peer, of) && gets(peer)) add(peer, -1, 'clone');
  descend(shared, -1);
  return all;
}

const isSame = (a: Ref, b: Ref): boolean => a.ns === b.ns && a.mount === b.mount;

/** The peer groups whose events a mount receives: its own, its master's, and so on up. */
export function mastersOf(world: Read, ref: Ref): readonly string[] {
  const groups: string[] = [];
  let { shared, master } = mountAt(world, ref);
  for (;;) {
    if (shared !== null) groups.push(shared);
    if (master === null) return groups;
    const [above] = membersOf(world, master);
    if (above === undefined) throw new Error(`a slave's master group ${master} has no members`);
    ({ shared, master } = mountAt(world, above));
  }
}

/** Every mount that receives events from this one, itself not included. Source: Linux propagation_next(). */
export const propagation = (world: Read, of: Ref): readonly Ref[] =>
  receivers(world, of, () => true).map(({ ref }) => ref);

/**
 * Hangs a tree of mounts on a place. What is mounted on exactly that place already is *tucked*: it comes to lie on top of
 * the stack that now has its place. Source: Linux attach_recursive_mnt(), mnt_change_mountpoint().
 */
function hang(draft: Draft, { ns, mount }: Ref, on: Point): void {
  const before = childAt(namespace(draft, ns), on.mount, on.at);
  editMount(draft, { ns, mount }, { parent: on.mount, at: on.at });
  if (before === undefined || before === mount) return;
  const top = topOf(namespace(draft, ns), mount);
  editMount(draft, { ns, mount: before }, { parent: top, at: mountAt(draft, { ns, mount: top }).root });
}

/**
 * Attaches a tree of mounts of the same namespace: a new one, or one that moves away from a parent that is not shared. On a
 * shared mount the whole tree becomes shared, and every receiver that shows the mount point gets a copy of it.
 * A receiver in the tree itself counts only when it moves: a new mount receives nothing before it is attached (seen on
 * Linux 6.18: a bind of a shared directory onto itself gives one mount). Source: Linux attach_recursive_mnt(), need_secondary().
 */
export function attach(draft: Draft, source: Ref, on: Point, creator: TaskId): void {
  const { shared } = mountAt(draft, on);
  if (shared === null) {
    hang(draft, source, on);
    return;
  }
  const shows = (ref: Ref): boolean =>
    isAttached(namespace(draft, ref.ns), ref.mount) && isWithin(on.at, mountAt(draft, ref).root);
  const places = receivers(draft, on, shows);
  for (const mount of treeOf(namespace(draft, source.ns), source.mount))
    share(draft, { ns: source.ns, mount }, creator);
  const copies: Ref[] = [];
  for (const { ref, from, how } of places) {
    const original = copies[from] ?? source;
    const copy = { source: original, root: mountAt(draft, original).root, recursive: true, how };
    copies.push(copyTree(draft, copy, ref.ns, creator));
  }
  hang(draft, source, on);
  places.forEach(({ ref }, index) => {
    const copy = copies[index];
    if (copy !== undefined) hang(draft, copy, { ...ref, at: on.at });
  });
}

// ---- flags --------------------------------------------------------------------------------------------------------

const FLAGS: readonly MountFlag[] = ['ro', 'nosuid', 'nodev', 'noexec', 'noatime'];

/** Flags in the order of /proc/mounts, each once, so that equal sets are equal values. */
export const canonicalFlags = (flags: Iterable<MountFlag>): readonly MountFlag[] => {
  const set = new Set(flags);
  return FLAGS.filter((flag) => set.has(flag));
};
