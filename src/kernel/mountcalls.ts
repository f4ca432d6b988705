import type { Call, CallOf, CallResult, LayerPath } from './calls.ts';
import { closeListings } from './listings.ts';
import {
  addMount,
  attach,
  canonicalFlags,
  copyNamespace,
  copyTree,
  editMount,
  entry,
  isAttached,
  mountAt,
  namespaces,
  type Ref,
  setPropagation,
  treeOf,
} from './mount.ts';
import { placesIn, propagationText } from './mounttable.ts';
import { createOverlay, type LayerDentry, type OverlayPlan } from './overlay.ts';
import { crossMounts, type Dentry, lookup, resolve } from './path.ts';
import { directory, isOrphan, plainFs, release } from './tree.ts';
import {
  type Change,
  err,
  type FsId,
  failed,
  type Mount,
  type MountFlag,
  type MountId,
  type NsId,
  ok,
  type Place,
  type Result,
  type Task,
  type TaskId,
} from './types.ts';
import { collect, isBusy, unmountTree } from './unmount.ts';
import { Draft, fileSystem, freeFs, namespace, type Read, task as taskOf } from './world.ts';

/**
 * The calls about mounts, namespaces and the ends of processes: paths are looked up, refusals made in the order of the
 * kernel, and the rest is done by mount.ts and unmount.ts. Source: Linux fs/namespace.c.
 */

export type MountCall = Extract<
  Call,
  { op: `mount-${string}` | 'umount' | `${string}-tree` | 'unshare' | 'leave' | 'exit' }
>;

/** Carries out a call; a call that fails has changed nothing. */
export function mountCall(
  draft: Draft,
  task: TaskId,
  call: MountCall,
): { result: CallResult; changes: readonly Change[] } {
  const trial = new Draft(draft);
  const result = perform(trial, task, call);
  if (failed(result)) return { result, changes: [] };
  const changes = changesBetween(draft, trial, call);
  for (const [slot, value] of trial.writes) draft.set(slot, value);
  return { result: ok(null), changes };
}

function perform(draft: Draft, task: TaskId, call: MountCall): Result {
  switch (call.op) {
    case 'mount-device':
    case 'mount-tmpfs':
    case 'mount-overlay':
      return mountNew(draft, task, call);
    case 'mount-bind':
      return bind(draft, task, call);
    case 'mount-move':
      return move(draft, task, call);
    case 'mount-flags':
      return changeFlags(draft, task, call);
    case 'mount-propagation':
      return changePropagation(draft, task, call);
    case 'umount':
      return umount(draft, task, call);
    case 'open-tree':
      return openTree(draft, task, call);
    case 'move-tree':
      return moveTree(draft, task, call);
    case 'close-tree':
      return closeTree(draft, task, call.tree);
    case 'unshare':
      return unshare(draft, task);
    case 'leave':
      return leave(draft, task);
    case 'exit':
      releaseTask(draft, task);
      return ok(null);
  }
}

// ---- places -------------------------------------------------------------------------------------------------------

/** EPERM without CAP_SYS_ADMIN. Where a call takes a path, mount(2) and umount(2) look it up first. Source: may_mount(). */
const mayMount = (task: Task): Result => (task.uid === 0 ? ok(null) : err('EPERM'));

/** The place a path names, for a task that may mount. */
function lookUp(draft: Draft, id: TaskId, path: string): Result<Dentry> {
  const place = resolve(draft, id, path);
  if (failed(place)) return place;
  const allowed = mayMount(taskOf(draft, id));
  return failed(allowed) ? allowed : place;
}

/** Where to mount: on top of whatever is there. The caller's root may have mounts on it that a walk does not enter. Source: do_lock_mount(). */
function lookUpPoint(draft: Draft, id: TaskId, path: string): Result<Dentry> {
  const place = lookUp(draft, id, path);
  return failed(place) ? place : ok(crossMounts(draft, place.ok));
}

/** Whether a place is on a mount of the caller's namespace, and not on one that is only held. Source: check_mnt(). */
const isOurs = (world: Read, id: TaskId, { ns, mount }: Dentry): boolean =>
  ns === taskOf(world, id).ns && isAttached(namespace(world, ns), mount);

const isMountRoot = (world: Read, place: Dentry): boolean => mountAt(world, place).root === place.path;

const isDirectory = (world: Read, { fs, path }: { fs: FsId; path: string }): boolean =>
  lookup(world, fs, path)?.type === 'dir';

/** Where a new mount would go: ENOENT on a removed directory, EINVAL outside the caller's namespace. Source: do_lock_mount(). */
function checkPoint(world: Read, id: TaskId, point: Dentry): Result {
  if (isOrphan(point.path)) return err('ENOENT');
  return isOurs(world, id, point) ? ok(null) : err('EINVAL');
}

const on = ({ ns, mount, path }: Dentry): { ns: NsId; mount: MountId; at: string } => ({ ns, mount, at: path });

// ---- mounting -----------------------------------------------------------------------------------------------------

const newMount = (fs: FsId, flags: readonly MountFlag[]): Mount => ({
  fs,
  root: '',
  parent: null,
  at: '',
  flags: canonicalFlags(flags),
  shared: null,
  master: null,
  unbindable: false,
});

type NewCall = CallOf<'mount-device'> | CallOf<'mount-tmpfs'> | CallOf<'mount-overlay'>;

/** A file system on a directory: the superblock is made before the mount point is judged. Source: do_new_mount(), do_add_mount(). */
function mountNew(draft: Draft, id: TaskId, call: NewCall): Result {
  const point = lookUpPoint(draft, id, call.path);
  if (failed(point)) return point;
  const fs = superblock(draft, id, call);
  if (failed(fs)) return fs;
  const allowed = checkPoint(draft, id, point.ok);
  if (failed(allowed)) return allowed;
  // The same file system twice on one place. What the mount shows of it does not matter.
  if (point.ok.fs === fs.ok && isMountRoot(draft, point.ok)) return err('EBUSY');
  if (!isDirectory(draft, point.ok)) return err('ENOTDIR');
  const { ns } = point.ok;
  const mount = addMount(draft, ns, newMount(fs.ok, call.flags ?? []), id);
  attach(draft, { ns, mount }, on(point.ok), id);
  return ok(null);
}

function superblock(draft: Draft, id: TaskId, call: NewCall): Result<FsId> {
  switch (call.op) {
    case 'mount-device':
      if (draft.get(`fs:${call.source}`) === null)
        throw new Error(`mount-device: no file system "${call.source}" in this world`);
      return ok(call.source);
    case 'mount-tmpfs': {
      const fs = freeFs(draft, id);
      const root = directory({}, { mode: call.mode ?? 0o1777 });
      draft.set(`fs:${fs}`, { ...plainFs(root, 'tmpfs'), readonly: call.flags?.includes('ro') ?? false });
      return ok(fs);
    }
    case 'mount-overlay':
      return overlay(draft, id, call);
  }
}

function overlay(draft: Draft, id: TaskId, call: CallOf<'mount-overlay'>): Result<FsId> {
  const layer = ({ path, name }: LayerPath): Result<LayerDentry> => {
    const place = resolve(draft, id, path);
    return failed(place) ? place : ok({ ...place.ok, name });
  };
  const lowers: LayerDentry[] = [];
  for (const lower of call.lowers) {
    const place = layer(lower);
    if (failed(place)) return place;
    lowers.push(place.ok);
  }
  const upper = call.upper === undefined ? undefined : layer(call.upper);
  if (upper !== undefined && failed(upper)) return upper;
  const work = call.work === undefined ? undefined : layer(call.work);
  if (work !== undefined && failed(work)) return work;
  const plan: OverlayPlan = {
    source: call.source,
    lowers,
    ...(upper === undefined ? {} : { upper: upper.ok }),
    ...(work === undefined ? {} : { work: work.ok }),
    options: { redirectDir: call.redirectDir ?? 'off' },
    readonly: upper === undefined || (call.flags?.includes('ro') ?? false),
  };
  return createOverlay(draft, id, plan);
}

/** ENOENT for a directory that has been removed meanwhile, for the moves below, too. Source: do_loopback(), graft_tree(), attach_recursive_mnt(). */
function bind(draft: Draft, id: TaskId, { from, path, recursive }: CallOf<'mount-bind'>): Result {
  const point = lookUpPoint(draft, id, path);
  if (failed(point)) return point;
  const source = resolve(draft, id, from);
  if (failed(source)) return source;
  const allowed = checkPoint(draft, id, point.ok);
  if (failed(allowed)) return allowed;
  if (mountAt(draft, source.ok).unbindable || !isOurs(draft, id, source.ok)) return err('EINVAL');
  if (isOrphan(source.ok.path)) return err('ENOENT');
  if (isDirectory(draft, source.ok) !== isDirectory(draft, point.ok)) return err('ENOTDIR');
  const { ns } = point.ok;
  const what = { source: source.ok, root: source.ok.path, recursive: recursive === true, how: 'clone' } as const;
  attach(draft, copyTree(draft, what, ns, id), on(point.ok), id);
  return ok(null);
}

/**
 * EINVAL for what is not a mount, for the root, for a mount on a shared one, for a file on a directory or the reverse, and
 * for an unbindable mount in a tree that would become shared; ELOOP into itself. Source: do_move_mount().
 */
function move(draft: Draft, id: TaskId, call: CallOf<'mount-move'>): Result {
  const point = lookUpPoint(draft, id, call.path);
  if (failed(point)) return point;
  const source = resolve(draft, id, call.from);
  if (failed(source)) return source;
  if (!isMountRoot(draft, source.ok)) return err('EINVAL');
  if (isOrphan(source.ok.path)) return err('ENOENT');
  if (isDirectory(draft, source.ok) !== isDirectory(draft, point.ok)) return err('EINVAL');
  const allowed = checkPoint(draft, id, point.ok);
  if (failed(allowed)) return allowed;
  const { ns, mount } = source.ok;
  const { parent } = mountAt(draft, source.ok);
  if (!isOurs(draft, id, source.ok) || parent === null) return err('EINVAL');
  if (mountAt(draft, { ns, mount: parent }).shared !== null) return err('EINVAL');
  const tree = treeOf(namespace(draft, ns), mount);
  const isUnbindable = tree.some((each) => mountAt(draft, { ns, mount: each }).unbindable);
  if (isUnbindable && mountAt(draft, point.ok).shared !== null) return err('EINVAL');
  if (tree.includes(point.ok.mount)) return err('ELOOP');
  attach(draft, source.ok, on(point.ok), id);
  return ok(null);
}

// ---- changing mounts ----------------------------------------------------------------------------------------------

/** The mounts a call with or without AT_RECURSIVE is about: EINVAL unless the path is the root of one of the caller's. */
function chosen(draft: Draft, id: TaskId, path: string, recursive: boolean | undefined): Result<readonly Ref[]> {
  const place = lookUp(draft, id, path);
  if (failed(place)) return place;
  if (!isMountRoot(draft, place.ok) || !isOurs(draft, id, place.ok)) return err('EINVAL');
  const { ns, mount } = place.ok;
  const tree = recursive === true ? treeOf(namespace(draft, ns), mount) : [mount];
  return ok(tree.map((each) => ({ ns, mount: each })));
}

/** EBUSY where a mount that becomes read-only has files open for writing; then none is changed. Source: mount_setattr_prepare(). */
function changeFlags(draft: Draft, id: TaskId, call: CallOf<'mount-flags'>): Result {
  const mounts = chosen(draft, id, call.path, call.recursive);
  if (failed(mounts)) return mounts;
  const wanted = ({ flags }: Mount): readonly MountFlag[] =>
    canonicalFlags([...flags.filter((flag) => !call.clear?.includes(flag)), ...call.set]);
  const isRefused = (ref: Ref): boolean => {
    const mount = mountAt(draft, ref);
    return wanted(mount).includes('ro') && !mount.flags.includes('ro') && isWritten(draft, ref);
  };
  if (mounts.ok.some(isRefused)) return err('EBUSY');
  for (const ref of mounts.ok) editMount(draft, ref, { flags: wanted(mountAt(draft, ref)) });
  return ok(null);
}

/** Source: mnt_hold_writers(). */
const isWritten = (world: Read, { ns, mount }: Ref): boolean =>
  world.slots.tasks.some((id) => {
    const task = world.get(`task:${id}`);
    if (task?.kind !== 'task') return false;
    return [...task.fds.values()].some(
      (file) => file.ns === ns && file.mount === mount && (file.access === 'w' || file.access === 'rw'),
    );
  });

function changePropagation(draft: Draft, id: TaskId, call: CallOf<'mount-propagation'>): Result {
  const mounts = chosen(draft, id, call.path, call.recursive);
  if (failed(mounts)) return mounts;
  for (const ref of mounts.ok) setPropagation(draft, ref, call.to, id);
  return ok(null);
}

/**
 * EINVAL for what is not the root of a mount of the caller's namespace, EBUSY for one in use. Unverified: the
 * namespace's root is EINVAL here; Linux makes it read-only instead unless MNT_DETACH is given. Source: can_umount(), do_umount().
 */
function umount(draft: Draft, id: TaskId, { path, detach }: CallOf<'umount'>): Result {
  const mounts = chosen(draft, id, path, false);
  if (failed(mounts)) return mounts;
  const [ref] = mounts.ok;
  if (ref === undefined || mountAt(draft, ref).parent === null) return err('EINVAL');
  if (detach !== true && isBusy(draft, ref)) return err('EBUSY');
  unmountTree(draft, ref);
  collect(draft);
  return ok(null);
}

// ---- detached clones ----------------------------------------------------------------------------------------------

function setTask(draft: Draft, id: TaskId, change: Partial<Task>): void {
  draft.set(`task:${id}`, { ...taskOf(draft, id), ...change });
}

/** EINVAL for an unbindable mount, or one outside the caller's namespace; unbindable mounts below are left out. Source: open_detached_copy(). */
function openTree(draft: Draft, id: TaskId, { path, tree }: CallOf<'open-tree'>): Result {
  const { ns, trees, uid } = taskOf(draft, id);
  if (trees.has(tree)) throw new Error(`open-tree: ${id} holds a tree named "${tree}" already`);
  if (uid !== 0) return err('EPERM');
  const source = resolve(draft, id, path);
  if (failed(source)) return source;
  if (mountAt(draft, source.ok).unbindable || !isOurs(draft, id, source.ok)) return err('EINVAL');
  const what = { source: source.ok, root: source.ok.path, recursive: true, how: 'private' } as const;
  const { mount } = copyTree(draft, what, ns, id);
  setTask(draft, id, { trees: new Map(trees).set(tree, mount) });
  return ok(null);
}

function heldTree(draft: Draft, id: TaskId, name: string): MountId {
  const tree = taskOf(draft, id).trees.get(name);
  if (tree === undefined) throw new Error(`${id} holds no tree named "${name}": was it moved or closed before?`);
  return tree;
}

function dropTree(draft: Draft, id: TaskId, name: string): void {
  const trees = new Map(taskOf(draft, id).trees);
  trees.delete(name);
  setTask(draft, id, { trees });
}

/** The name is given up with the move, as if the descriptor had been closed. Source: do_move_mount(), anon_ns_root(). */
function moveTree(draft: Draft, id: TaskId, { tree, path }: CallOf<'move-tree'>): Result {
  const mount = heldTree(draft, id, tree);
  const { ns, uid } = taskOf(draft, id);
  if (uid !== 0) return err('EPERM');
  const point = lookUpPoint(draft, id, path);
  if (failed(point)) return point;
  const { fs, root } = mountAt(draft, { ns, mount });
  if (isOrphan(root)) return err('ENOENT');
  if (isDirectory(draft, { fs, path: root }) !== isDirectory(draft, point.ok)) return err('EINVAL');
  const allowed = checkPoint(draft, id, point.ok);
  if (failed(allowed)) return allowed;
  dropTree(draft, id, tree);
  attach(draft, { ns, mount }, on(point.ok), id);
  return ok(null);
}

function closeTree(draft: Draft, id: TaskId, tree: string): Result {
  heldTree(draft, id, tree);
  dropTree(draft, id, tree);
  collect(draft);
  return ok(null);
}

// ---- processes ----------------------------------------------------------------------------------------------------

/** The same place in another namespace that has its mounts under the same ids; elsewhere if it has not this one. */
function rehome(draft: Draft, place: Place | null, from: NsId, to: NsId): Place | null {
  return place?.ns === from && namespace(draft, to).mounts.has(place.mount) ? { ...place, ns: to } : place;
}

/**
 * The caller goes on in a copy of its namespace. Its working directory and root are in the copy from now on unless their
 * mounts are detached; descriptors stay where they were opened. Source: copy_mnt_ns().
 */
function unshare(draft: Draft, id: TaskId): Result {
  const task = taskOf(draft, id);
  const allowed = mayMount(task);
  if (failed(allowed)) return allowed;
  if (!draft.slots.ns.includes(id)) throw new Error(`${id} needs a namespace slot of its own name to unshare`);
  if (draft.get(`ns:${id}`) !== null) throw new Error(`unshare: ${id} is in a namespace of its own already`);
  if (task.trees.size > 0) throw new Error(`unshare: ${id} holds open trees, which belong to its namespace here`);
  copyNamespace(draft, task.ns, id);
  const [cwd, root] = [task.cwd, task.root].map((place) => rehome(draft, place, task.ns, id));
  setTask(draft, id, { ns: id, home: task.ns, cwd: cwd ?? null, root: root ?? null });
  return ok(null);
}

/** What a child did with descriptors and trees ends with it; the parent stands where it stood. */
function leave(draft: Draft, id: TaskId): Result {
  const { ns, home, fds, cwd, root } = taskOf(draft, id);
  if (home === null) throw new Error(`leave: ${id} is not in a child`);
  for (const [name, file] of fds) if (file.ns === ns) closeFile(draft, id, name);
  const back = (place: Place | null): Place | null => {
    const there = rehome(draft, place, ns, home);
    if (there === null || there.ns !== ns) return there;
    // The child went to a mount that only it had; where the parent was is not remembered.
    releasePin(draft, there);
    return null;
  };
  setTask(draft, id, { ns: home, home: null, trees: new Map(), cwd: back(cwd), root: back(root) });
  collect(draft);
  return ok(null);
}

function releasePin(draft: Draft, { fs, pin }: { fs: FsId; pin: string }): void {
  draft.set(`fs:${fs}`, release(fileSystem(draft, fs), pin));
}

function closeFile(draft: Draft, id: TaskId, name: string): void {
  const fds = new Map(taskOf(draft, id).fds);
  const file = fds.get(name);
  if (file !== undefined) releasePin(draft, file);
  fds.delete(name);
  setTask(draft, id, { fds });
  if (file !== undefined) closeListings(draft, file.fs);
}

/** A task ends, by exit or by a signal: what it held is let go, and what only it could reach disappears. Source: do_exit(). */
export function releaseTask(draft: Draft, id: TaskId): void {
  const { fds, cwd, root } = taskOf(draft, id);
  for (const held of [...fds.values(), cwd, root]) if (held !== null) releasePin(draft, held);
  draft.set(`task:${id}`, null);
  collect(draft);
}

// ---- the story ----------------------------------------------------------------------------------------------------

/** What changed in the mount tables that were there before and are still there: one line per mount. */
function changesBetween(before: Read, after: Draft, call: MountCall): readonly Change[] {
  const written = new Set(after.writes.map(([slot]) => slot));
  return namespaces(before).flatMap(([ns]) =>
    written.has(`ns:${ns}`) && after.get(`ns:${ns}`) !== null ? tableChanges(before, after, ns, call) : [],
  );
}

function tableChanges(before: Read, after: Read, ns: NsId, call: MountCall): readonly Change[] {
  const old = placesOf(before, ns);
  const now = placesOf(after, ns);
  const gone = [...old]
    .reverse()
    .flatMap(([id, { at, mount }]): Change[] =>
      now.get(id)?.at === at ? [] : [{ do: 'unmount', ns, at, fs: mount.fs }],
    );
  const rest = [...now].flatMap(([id, { at, mount }]): Change[] => {
    const was = old.get(id);
    if (was?.at !== at) return [{ do: 'mount', ns, at, fs: mount.fs }];
    const changes: Change[] = [];
    if (flagsText(was.mount) !== flagsText(mount)) changes.push({ do: 'flags', ns, at, now: flagsText(mount) });
    // Mounts that become shared or lose a peer by the way are not worth a line.
    if (call.op === 'mount-propagation' && propagationText(was.mount) !== propagationText(mount))
      changes.push({ do: 'propagation', ns, at, now: propagationText(mount) });
    return changes;
  });
  return [...gone, ...rest];
}

function placesOf(world: Read, id: NsId): ReadonlyMap<MountId, { at: string; mount: Mount }> {
  const ns = namespace(world, id);
  return new Map(placesIn(ns).map(({ at, mount }) => [mount, { at, mount: entry(ns, mount) }]));
}

const flagsText = ({ flags }: Mount): string =>
  [flags.includes('ro') ? 'ro' : 'rw', ...flags.filter((flag) => flag !== 'ro')].join(',');
