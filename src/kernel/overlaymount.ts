import { NO_DENTRIES } from './dentries.ts';
import { layerPin, lookup, namesOf, roleOf } from './lookup.ts';
import { markLive } from './marks.ts';
import { isMountpoint, mountAt } from './mount.ts';
import { isTreeRoot, standing } from './mountplaces.ts';
import { MAX_LOWERS, type NamedLayer, notModelled, type OverlayRequest } from './overlayoptions.ts';
import { type Dentry, resolve } from './path.ts';
import {
  apply,
  directory,
  dotdotOf,
  file,
  get,
  hold,
  isBelow,
  isOrphan,
  join,
  names,
  type TreeChange,
} from './tree.ts';
import {
  type Directory,
  err,
  type FsId,
  failed,
  type Layer,
  type OverlayFs,
  type OverlayOptions,
  ok,
  type Path,
  type PlainFs,
  type Result,
  type TaskId,
} from './types.ts';
import { detachMountsOn } from './unmount.ts';
import { Draft, fileSystem, freeFs, namespace, plainAt, type Read, task as taskOf } from './world.ts';

/**
 * Mounting an overlay: what it asks of its layers, in the order in which the kernel finds out, what it does to the
 * workdir, and the instance. What its options mean is in overlayoptions.ts. Source: Linux fs/overlayfs/super.c as of 6.18.
 */

/** A layer directory to mount, and what people know it by. */
export interface LayerDentry extends Dentry {
  readonly name: string;
}
export interface OverlayPlan {
  /** As in /proc/mounts: "confext". */
  readonly source: string;
  /** Top to bottom. */
  readonly lowers: readonly LayerDentry[];
  /** Data-only lower layers. They must be as good as others, but nothing of them is listed or looked up. */
  readonly data?: readonly LayerDentry[];
  readonly upper?: LayerDentry;
  readonly work?: LayerDentry;
  readonly options: OverlayOptions;
  readonly readonly: boolean;
  /** index=on: upper and work are nobody else's, and upper stays with the topmost of its lower layers. */
  readonly index?: boolean;
  /** The workdir says afterwards that it cannot be used again. */
  readonly volatile?: boolean;
}

/** Told why the outcome of a mount is not certain. */
export type Warn = (why: string) => void;

// ---- layers -------------------------------------------------------------------------------------------------------

/** Source: Linux FILESYSTEM_MAX_STACK_DEPTH. */
const MAX_DEPTH = 2;

function depthOf(world: Read, id: FsId): number {
  const fs = fileSystem(world, id);
  if (fs.kind === 'plain') return 0;
  return 1 + Math.max(...[...fs.lowers, ...(fs.data ?? [])].map((layer) => depthOf(world, layer.fs)));
}

/** The place of a layer in its file system; where it is mounted does not matter to most rules. */
type Place = Pick<Dentry, 'fs' | 'path'>;
const isSame = (a: Place, b: Place): boolean => a.fs === b.fs && a.path === b.path;
const isInside = (world: Read, a: Place, b: Place): boolean =>
  a.fs === b.fs && isBelow(fileSystem(world, a.fs), a.path, b.path);

/** The directories that a place is in, from its parent to the root of its file system. */
function ancestorsOf(world: Read, { fs, path }: Place): readonly Place[] {
  const ancestors: Place[] = [];
  const above = (at: Path): Path | undefined => (at === '' ? undefined : dotdotOf(fileSystem(world, fs), at));
  for (let at = above(path); at !== undefined; at = above(at)) ancestors.push({ fs, path: at });
  return ancestors;
}

const isReadonly = (world: Read, layer: Dentry): boolean =>
  fileSystem(world, layer.fs).readonly || mountAt(world, layer).flags.includes('ro');

/** EINVAL for what is no directory, and for an upperdir or workdir in an overlay or where nothing can be written. Source: Linux ovl_mount_dir_check(). */
function checkLayer(world: Read, role: NamedLayer['role'], layer: LayerDentry): Result {
  if (lookup(world, layer.fs, layer.path)?.type !== 'dir') return err('EINVAL');
  if (role === 'lower' || role === 'data') return ok(null);
  return fileSystem(world, layer.fs).kind === 'overlay' || isReadonly(world, layer) ? err('EINVAL') : ok(null);
}

/** Whether a live overlay has this very directory as its upperdir or workdir. Source: Linux ovl_is_inuse(). */
const isInUse = (world: Read, { fs, path }: Place): boolean =>
  [...fileSystem(world, fs).pins].some(([pin, at]) => {
    const role = 'path' in at && at.path === path ? roleOf(pin) : undefined;
    return role === 'upper' || role === 'work';
  });

/** Finds the directories that a request names, one after the other, and then refuses what its options do not permit. */
export function planOverlayMount(
  world: Read,
  task: TaskId,
  { source, request, readonly }: { source: string; request: OverlayRequest; readonly: boolean },
): Result<OverlayPlan> {
  const found = new Map<NamedLayer, LayerDentry>();
  for (const layer of request.named) {
    const place = resolve(world, task, layer.path);
    if (failed(place)) return place;
    const dentry = { ...place.ok, name: layer.name };
    const checked = checkLayer(world, layer.role, dentry);
    if (failed(checked)) return checked;
    found.set(layer, dentry);
  }
  if (request.refused !== null) return err('EINVAL');
  const dentries = (layers: readonly (NamedLayer | null)[]): readonly LayerDentry[] =>
    layers.flatMap((layer) => (layer === null ? [] : (found.get(layer) ?? [])));
  const { redirectDir, userxattr, index, volatile } = request.config;
  const [[upper], [work]] = [dentries([request.upper]), dentries([request.work])];
  return ok({
    source,
    lowers: dentries(request.lowers.filter(({ role }) => role === 'lower')),
    data: dentries(request.lowers.filter(({ role }) => role === 'data')),
    ...(upper === undefined ? {} : { upper }),
    ...(work === undefined ? {} : { work }),
    options: userxattr ? { redirectDir, userxattr } : { redirectDir },
    readonly: request.readonly ?? readonly,
    index,
    volatile,
  });
}

// ---- the instance -------------------------------------------------------------------------------------------------

/** An overlay while it is being mounted. */
interface Mounting extends OverlayPlan {
  readonly draft: Draft;
  readonly creator: TaskId;
  readonly data: readonly LayerDentry[];
  readonly warn: Warn;
}
type Above = { readonly upper: LayerDentry; readonly work: LayerDentry };

/**
 * A new overlay instance in a free slot of its creator, holding its layers. Not mounted anywhere yet. EINVAL, ELOOP,
 * EBUSY and ESTALE where overlayfs refuses the layers, which may leave a prepared workdir behind; an {@link Overflow} is
 * thrown when the creator has no slot left.
 */
export function createOverlay(draft: Draft, creator: TaskId, plan: OverlayPlan, warn: Warn = () => {}): Result<FsId> {
  const mounting: Mounting = { ...plan, data: plan.data ?? [], draft, creator, warn };
  const above = aboveOf(mounting);
  if (failed(above)) return above;
  const hasWork = above.ok === null ? ok(false) : useUpper(mounting, above.ok);
  if (failed(hasWork)) return hasWork;
  const lowers = useLowers(mounting, above.ok);
  if (failed(lowers)) return lowers;
  const index = lowers.ok.index && hasWork.ok;
  const indexed = index && above.ok !== null ? useIndex(mounting, above.ok) : ok(null);
  if (failed(indexed)) return indexed;
  const apart = checkOverlaps({ ...mounting, index: lowers.ok.index }, above.ok);
  if (failed(apart)) return apart;
  return ok(instance(mounting, hasWork.ok));
}

/** The checks of single layers once more, for plans that come without a walk; and an upperdir needs a workdir. Source: Linux ovl_fill_super(). */
function aboveOf({ draft, lowers, data, upper, work }: Mounting): Result<Above | null> {
  const above = upper === undefined || work === undefined ? null : { upper, work };
  const count = lowers.length + data.length;
  if (count === 0 || count > MAX_LOWERS || (upper !== undefined && above === null)) return err('EINVAL');
  const checked = [
    ...[...lowers, ...data].map((layer) => checkLayer(draft, 'lower', layer)),
    ...(above === null ? [] : [above.upper, above.work].map((layer) => checkLayer(draft, 'upper', layer))),
  ];
  return checked.find(failed) ?? ok(above);
}

/** EINVAL for a layer that cannot be cloned: in an unbindable mount, or in one outside the caller's namespace that is not a detached tree itself. Source: Linux clone_private_mount(). */
function checkClone({ draft, creator }: Mounting, layer: LayerDentry): Result {
  const isOurs = standing(draft, creator, layer) === 'ours' || isTreeRoot(draft, creator, layer);
  return isOurs && !mountAt(draft, layer).unbindable ? ok(null) : err('EINVAL');
}

/** EBUSY with index=on, and only a line in the kernel's log without. Source: Linux ovl_report_in_use(). */
const checkUse = ({ draft, index }: Mounting, place: Place): Result =>
  index === true && isInUse(draft, place) ? err('EBUSY') : ok(null);

/** Takes upper and work, which lie side by side in one mount. Whether there is a work directory after that. Source: Linux ovl_get_upper(), ovl_get_workdir(). */
function useUpper(mounting: Mounting, { upper, work }: Above): Result<boolean> {
  const isFree = (layer: LayerDentry): Result => checkUse(mounting, layer);
  const upperOk = checkClone(mounting, upper);
  if (failed(upperOk)) return upperOk;
  const upperFree = isFree(upper);
  if (failed(upperFree)) return upperFree;
  if (work.ns !== upper.ns || work.mount !== upper.mount) return err('EINVAL');
  const { draft } = mounting;
  if (isInside(draft, upper, work) || isInside(draft, work, upper)) return err('EINVAL');
  const workFree = isFree(work);
  return failed(workFree) ? workFree : prepareWork(mounting, work);
}

/**
 * ELOOP for a lower layer that is another layer of this overlay. The index needs file handles, which an overlay as a layer
 * does not give: then it is off. Source: Linux ovl_get_lowerstack(), ovl_get_layers().
 */
function useLowers(mounting: Mounting, above: Above | null): Result<{ readonly index: boolean }> {
  const { draft, lowers, data } = mounting;
  const all = [...lowers, ...data];
  if (lowers.length === 0 || (above === null && all.length === 1)) return err('EINVAL');
  if (1 + Math.max(...all.map((layer) => depthOf(draft, layer.fs))) > MAX_DEPTH) return err('EINVAL');
  const index = mounting.index === true && all.every((layer) => fileSystem(draft, layer.fs).kind === 'plain');
  const before: Place[] = above === null ? [] : [above.upper, above.work];
  for (const layer of all) {
    if (before.some((other) => isSame(other, layer))) return err('ELOOP');
    before.push(layer);
    const free = checkUse({ ...mounting, index }, layer);
    if (failed(free)) return free;
    const cloned = checkClone(mounting, layer);
    if (failed(cloned)) return cloned;
  }
  return ok({ index });
}

/** ELOOP for a lower layer inside another layer; upper and work may be inside a lower one. Source: Linux ovl_check_overlapping_layers(). */
function checkOverlaps(mounting: Mounting, above: Above | null): Result {
  const lowers = [...mounting.lowers, ...mounting.data];
  const upper: readonly LayerDentry[] = above === null ? [] : [above.upper, above.work];
  for (const layer of [...upper, ...lowers]) {
    for (const ancestor of ancestorsOf(mounting.draft, layer)) {
      const isTrap = !upper.includes(layer) && [...upper, ...lowers].some((other) => isSame(other, ancestor));
      if (isTrap) return err('ELOOP');
      const free = checkUse(mounting, ancestor);
      if (failed(free)) return free;
    }
  }
  return ok(null);
}

function instance(mounting: Mounting, hasWork: boolean): FsId {
  const { draft, creator, data, upper, work } = mounting;
  const id = freeFs(draft, creator);
  const take = ({ fs, path, name }: LayerDentry, role: string): Layer => {
    const pin = layerPin(id, role);
    draft.set(`fs:${fs}`, hold(fileSystem(draft, fs), pin, path));
    return { fs, pin, name };
  };
  const value: OverlayFs = {
    kind: 'overlay',
    source: mounting.source,
    lowers: mounting.lowers.map((lower, index) => take(lower, `lower${index}`)),
    ...(data.length === 0 ? {} : { data: data.map((layer, index) => take(layer, `data${index}`)) }),
    upper: upper === undefined ? null : take(upper, 'upper'),
    work: upper === undefined || work === undefined ? null : take(work, 'work'),
    ...(work === undefined || !hasWork
      ? {}
      : { workdir: take({ ...work, path: join(work.path, 'work'), name: 'workdir' }, 'workdir') }),
    options: mounting.options,
    readonly: mounting.readonly || !hasWork,
    inodes: new Map(),
    pins: new Map(),
    seen: NO_DENTRIES,
    marks: new Map(),
  };
  draft.set(`fs:${id}`, value);
  return id;
}

// ---- the workdir --------------------------------------------------------------------------------------------------

/** Edits upper and work for good, even if the mount fails later. */
function edit({ draft, creator }: Mounting, changes: readonly TreeChange[]): void {
  const edited = new Draft(draft);
  markLive(edited, changes, null, () => {
    for (const change of changes) {
      if ('path' in change && change.do !== 'replace') detachMountsOn(edited, change.fs, change.path);
      edited.set(`fs:${change.fs}`, apply(plainAt(edited, change.fs), change, creator));
    }
  });
  for (const [slot, value] of edited.writes) draft.keep(slot, value);
}

const closed = (entries: Parameters<typeof directory>[0] = {}): Directory => directory(entries, { mode: 0 });
/** What a volatile mount leaves in its work directory. Source: Linux ovl_create_volatile_dirty(). */
const VOLATILE = { incompat: closed({ volatile: closed({ dirty: file('', { mode: 0 }) }) }) };

/**
 * Makes the directory "work" in a workdir anew. What an earlier mount left goes, down to two levels; where that is not
 * enough, there is no work directory and the overlay is read-only. EINVAL if an earlier mount used a feature (volatile)
 * after which its upperdir is not to be used. Source: Linux ovl_workdir_create(), ovl_workdir_cleanup().
 */
function prepareWork(mounting: Mounting, { fs: id, path: top }: LayerDentry): Result<boolean> {
  if (isOrphan(top)) return ok(false);
  const fs = plainAt(mounting.draft, id);
  const path = join(top, 'work');
  if (names(fs, join(path, 'incompat')).some((name) => !name.startsWith('.'))) {
    if (names(fs, path).length > 1)
      mounting.warn('what else is in the work directory goes or stays by its order there');
    return err('EINVAL');
  }
  const ns = namespace(mounting.draft, taskOf(mounting.draft, mounting.creator).ns);
  const isStuck = (at: Path): boolean => isMountpoint(ns, id, at);
  const gone = leftovers(fs, path, isStuck);
  edit(
    mounting,
    gone.map((each) => ({ do: 'remove', fs: id, path: each })),
  );
  if (isStuck(path) || names(plainAt(mounting.draft, id), path).length > 0) return ok(false);
  const inode = closed(mounting.volatile === true ? VOLATILE : {});
  edit(mounting, [{ do: 'create', fs: id, path, inode }]);
  return ok(true);
}

/** What can be removed of a work directory, children first: a directory in a directory in it only if it is empty. */
function leftovers(fs: PlainFs, path: Path, isStuck: (path: Path) => boolean): readonly Path[] {
  return names(fs, path).flatMap((name) => {
    const child = join(path, name);
    const below = names(fs, child).map((each) => join(child, each));
    const gone = below.filter((each) => names(fs, each).length === 0 && !isStuck(each));
    return gone.length === below.length && !isStuck(child) ? [...gone, child] : gone;
  });
}

/**
 * The index keeps upper with its topmost lower layer, and its workdir with upper: ESTALE for another one. The kernel tells
 * directories by their file handles, this model by their paths. Source: Linux ovl_get_indexdir(), ovl_verify_set_fh().
 */
function useIndex(mounting: Mounting, { upper, work }: Above): Result {
  const { draft, lowers, options } = mounting;
  const own = namesOf(options);
  const path = join(work.path, 'index');
  if (get(plainAt(draft, work.fs), path)?.type !== 'dir')
    edit(mounting, [{ do: 'create', fs: work.fs, path, inode: closed() }]);
  const bind = (at: Place, name: string, to: Place | undefined): Result => {
    const inode = get(plainAt(draft, at.fs), at.path);
    const handle = `${to?.fs}:${to?.path}`;
    const known = inode?.xattrs.get(name);
    if (inode === undefined || (known !== undefined && known !== handle)) return err('ESTALE');
    const xattrs = new Map(inode.xattrs).set(name, handle);
    edit(mounting, [{ do: 'replace', fs: at.fs, path: at.path, inode: { ...inode, xattrs } }]);
    return ok(null);
  };
  const origin = bind(upper, own.origin, lowers[0]);
  return failed(origin) ? origin : bind({ fs: work.fs, path }, own.upper, upper);
}

// ---- by request ---------------------------------------------------------------------------------------------------

/** An instance of what is asked for: {@link planOverlayMount}, {@link createOverlay}, and a warning where more is asked for than is modelled. */
export function requestOverlay(
  draft: Draft,
  task: TaskId,
  asked: { source: string; request: OverlayRequest; readonly: boolean },
  warn: Warn,
): Result<FsId> {
  const plan = planOverlayMount(draft, task, asked);
  if (failed(plan)) return plan;
  const made = createOverlay(draft, task, plan.ok, warn);
  const why = notModelled(asked.request);
  if (why !== undefined && (!failed(made) || made.err === 'EBUSY' || made.err === 'ESTALE')) warn(why);
  return made;
}
