import type { CallOf, CallResult, NewMount } from './calls.ts';
import { leave, releaseTask, unshare } from './children.ts';
import {
  addMount,
  attach,
  canonicalFlags,
  editMount,
  entry,
  mountAt,
  namespaces,
  type Ref,
  setPropagation,
  treeOf,
} from './mount.ts';
import {
  isDirectory,
  isMountRoot,
  isTreeRoot,
  lookUp,
  type MountCall,
  mayMount,
  onTop,
  standing,
  writers,
} from './mountplaces.ts';
import { placesIn, propagationText } from './mounttable.ts';
import { clone, closeTree, isRemoved, keepTree, move, moveTree, openTree } from './mounttrees.ts';
import { requestOverlay, type Warn } from './overlaymount.ts';
import { type OverlayMount, overlayRequest } from './overlayoptions.ts';
import { crossMounts, lookup, resolve, rootOf } from './path.ts';
import { directory, pinned, plainFs } from './tree.ts';
import {
  type Change,
  err,
  type FsId,
  failed,
  type Mount,
  type MountFlag,
  type MountId,
  type NsId,
  type OpenFile,
  ok,
  type Result,
  type TaskId,
} from './types.ts';
import { collect, isBusy, unmountAll, unmountTree } from './unmount.ts';
import { Draft, fileSystem, freeFs, namespace, type Read, task as taskOf } from './world.ts';

/**
 * The calls about mounts, namespaces and the ends of processes: paths are looked up, refusals made in the order of the
 * kernel, and the rest is done by mount.ts and unmount.ts. Source: Linux fs/namespace.c.
 */

/**
 * Carries out a call; a call that fails has changed nothing but the workdir of an overlay. `warn` is told why an outcome is
 * not certain.
 */
export function mountCall(
  draft: Draft,
  task: TaskId,
  call: MountCall,
  warn: Warn = () => {},
): { result: CallResult; changes: readonly Change[] } {
  const trial = new Draft(draft);
  const result = perform(trial, task, call, warn);
  if (failed(result)) return { result, changes: [] };
  const changes = changesBetween(draft, trial, call, taskOf(draft, task).ns);
  for (const [slot, value] of trial.writes) draft.set(slot, value);
  return { result: ok(null), changes };
}

function perform(draft: Draft, task: TaskId, call: MountCall, warn: Warn): Result {
  switch (call.op) {
    case 'mount-device':
    case 'mount-tmpfs':
    case 'mount-overlay':
      return mountNew(draft, task, call, warn);
    case 'mount-overlay-data':
      return (typeof call.data === 'string' ? mountNew : mountConfigured)(draft, task, call, warn);
    case 'mount-bind':
      return bind(draft, task, call);
    case 'mount-move':
      return move(draft, task, call);
    case 'mount-flags':
      return changeFlags(draft, task, call);
    case 'mount-remount':
      return remount(draft, task, call);
    case 'mount-propagation':
      return changePropagation(draft, task, call);
    case 'umount':
      return umount(draft, task, call);
    case 'new-tree':
      return newTree(draft, task, call, warn);
    case 'open-tree':
      return openTree(draft, task, call);
    case 'move-tree':
      return moveTree(draft, task, call);
    case 'close-tree':
      return closeTree(draft, task, call.tree);
    case 'unshare':
      return unshare(draft, task);
    case 'leave':
      return leave(draft, task, call.trees);
    case 'exit':
      releaseTask(draft, task);
      return ok(null);
  }
}

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

/** A file system on a directory: the superblock is made before the mount point is judged. Source: do_new_mount(), do_add_mount(). */
function mountNew(draft: Draft, id: TaskId, call: NewMount & { readonly path: string }, warn: Warn): Result {
  const place = lookUp(draft, id, call.path);
  if (failed(place)) return place;
  const fs = superblock(draft, id, call, warn);
  if (failed(fs)) return fs;
  const point = onTop(draft, id, place.ok);
  if (failed(point)) return point;
  if (standing(draft, id, point.ok) !== 'ours') return err('EINVAL');
  const below = mountAt(draft, point.ok);
  // The same file system twice on one place. What the mount shows of it does not matter.
  if (below.fs === fs.ok && below.root === point.ok.at) return err('EBUSY');
  if (!isDirectory(draft, place.ok)) return err('ENOTDIR');
  const { ns } = point.ok;
  const mount = addMount(draft, ns, newMount(fs.ok, call.flags ?? []), id);
  attach(draft, { ns, mount }, point.ok, id);
  return ok(null);
}

/** By fsopen(2), fsconfig(2), fsmount(2) and move_mount(2): the place is looked up last. Source: do_move_mount(). */
function mountConfigured(draft: Draft, id: TaskId, call: CallOf<'mount-overlay-data'>, warn: Warn): Result {
  const allowed = mayMount(taskOf(draft, id));
  if (failed(allowed)) return allowed;
  const fs = superblock(draft, id, call, warn);
  if (failed(fs)) return fs;
  const place = lookUp(draft, id, call.path);
  if (failed(place)) return place;
  if (!isDirectory(draft, place.ok)) return err('EINVAL');
  const point = onTop(draft, id, place.ok);
  if (failed(point)) return point;
  if (standing(draft, id, point.ok) !== 'ours') return err('EINVAL');
  const { ns } = point.ok;
  attach(draft, { ns, mount: addMount(draft, ns, newMount(fs.ok, call.flags ?? []), id) }, point.ok, id);
  return ok(null);
}

/** A mount that is nowhere yet. Its file system is writable even if the mount is not. Source: Linux fsmount(). */
function newTree(draft: Draft, id: TaskId, { tree, mount: call }: CallOf<'new-tree'>, warn: Warn): Result {
  const task = taskOf(draft, id);
  const allowed = mayMount(task);
  if (failed(allowed)) return allowed;
  const flags = call.flags ?? [];
  const fs = superblock(draft, id, { ...call, flags: flags.filter((flag) => flag !== 'ro') }, warn);
  if (failed(fs)) return fs;
  keepTree(draft, id, tree, addMount(draft, task.ns, newMount(fs.ok, flags), id));
  return ok(null);
}

function superblock(draft: Draft, id: TaskId, call: NewMount, warn: Warn): Result<FsId> {
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
    case 'mount-overlay-data':
      return overlay(draft, id, call, warn);
  }
}

/** MS_RDONLY makes the superblock read-only, MOUNT_ATTR_RDONLY only the mount. */
function overlay(draft: Draft, id: TaskId, call: OverlayMount, warn: Warn): Result<FsId> {
  const isMount2 = call.op === 'mount-overlay' || typeof call.data === 'string';
  const readonly = isMount2 && call.flags?.includes('ro') === true;
  return requestOverlay(draft, id, { source: call.source, request: overlayRequest(call), readonly }, warn);
}

/** ENOENT where the directory or file to show has been removed. Source: do_loopback(), __do_loopback(), graft_tree(), attach_recursive_mnt(). */
function bind(draft: Draft, id: TaskId, { from, path, recursive }: CallOf<'mount-bind'>): Result {
  const place = lookUp(draft, id, path);
  if (failed(place)) return place;
  const source = resolve(draft, id, from);
  if (failed(source)) return source;
  const point = onTop(draft, id, place.ok);
  if (failed(point)) return point;
  if (standing(draft, id, point.ok) !== 'ours') return err('EINVAL');
  const copied = clone(draft, id, source.ok, { recursive: recursive === true, how: 'clone' });
  if (failed(copied)) return copied;
  if (isDirectory(draft, source.ok) !== isDirectory(draft, place.ok)) return err('ENOTDIR');
  if (isRemoved(draft, copied.ok)) return err('ENOENT');
  attach(draft, copied.ok, point.ok, id);
  return ok(null);
}

// ---- changing mounts ----------------------------------------------------------------------------------------------

/** EBUSY where a mount that becomes read-only has files open for writing; then none is changed. Source: mount_setattr(), mount_setattr_prepare(). */
function changeFlags(draft: Draft, id: TaskId, call: CallOf<'mount-flags'>): Result {
  const allowed = mayMount(taskOf(draft, id));
  if (failed(allowed)) return allowed;
  const place = lookUp(draft, id, call.path);
  if (failed(place)) return place;
  if (!isMountRoot(draft, place.ok)) return err('EINVAL');
  if (standing(draft, id, place.ok) !== 'ours' && !isTreeRoot(draft, id, place.ok)) return err('EINVAL');
  const mounts = chosen(draft, place.ok, call.recursive);
  const wanted = ({ flags }: Mount): readonly MountFlag[] =>
    canonicalFlags([...flags.filter((flag) => !call.clear?.includes(flag)), ...call.set]);
  const isRefused = (ref: Ref): boolean => {
    const mount = mountAt(draft, ref);
    return wanted(mount).includes('ro') && !mount.flags.includes('ro') && isWritten(draft, (file) => isOn(file, ref));
  };
  if (mounts.some(isRefused)) return err('EBUSY');
  for (const ref of mounts) editMount(draft, ref, { flags: wanted(mountAt(draft, ref)) });
  return ok(null);
}

/** The mounts that a call with or without AT_RECURSIVE or MS_REC is about. */
function chosen(world: Read, { ns, mount }: Ref, recursive: boolean | undefined): readonly Ref[] {
  const tree = recursive === true ? treeOf(namespace(world, ns), mount) : [mount];
  return tree.map((each) => ({ ns, mount: each }));
}

const isOn = (file: OpenFile, { ns, mount }: Ref): boolean => file.ns === ns && file.mount === mount;

/** Whether somebody has a file open for writing that fits; devices do not count. Source: mnt_hold_writers(), file_get_write_access(). */
const isWritten = (world: Read, fits: (file: OpenFile) => boolean): boolean =>
  writers(world).some((file) => {
    const path = pinned(fileSystem(world, file.fs), file.pin);
    return fits(file) && lookup(world, file.fs, path)?.type === 'file';
  });

/**
 * New flags instead of all old ones, except that noatime stays where none is asked for. With MS_BIND they are those of the
 * mount alone, without it "ro" goes for the file system, too. Source: Linux do_reconfigure_mnt(), do_remount(), path_mount().
 */
function remount(draft: Draft, id: TaskId, { path, flags, bind }: CallOf<'mount-remount'>): Result {
  const place = lookUp(draft, id, path);
  if (failed(place)) return place;
  if (standing(draft, id, place.ok) !== 'ours' || !isMountRoot(draft, place.ok)) return err('EINVAL');
  const { fs } = place.ok;
  const old = mountAt(draft, place.ok).flags;
  const readonly = flags.includes('ro');
  if (bind !== true) {
    const done = reconfigure(draft, fs, readonly);
    if (failed(done)) return done;
  } else if (readonly && !fileSystem(draft, fs).readonly && !old.includes('ro')) {
    if (isWritten(draft, (file) => isOn(file, place.ok))) return err('EBUSY');
  }
  editMount(draft, place.ok, { flags: canonicalFlags([...flags, ...old.filter((flag) => flag === 'noatime')]) });
  return ok(null);
}

/**
 * A file system becomes read-only or writable: EBUSY with a file open for writing anywhere, also through an overlay, or
 * with something unlinked and still held; EROFS for an overlay without upperdir. Source: Linux reconfigure_super(),
 * sb_prepare_remount_readonly(), ovl_reconfigure().
 */
function reconfigure(draft: Draft, id: FsId, readonly: boolean): Result {
  const fs = fileSystem(draft, id);
  if (readonly && !fs.readonly) {
    const writes = (file: OpenFile): boolean => {
      const through = fileSystem(draft, file.fs);
      return file.fs === id || (through.kind === 'overlay' && through.upper?.fs === id);
    };
    if ([...fs.inodes.values()].some(({ links }) => links === 0) || isWritten(draft, writes)) return err('EBUSY');
  }
  if (fs.kind === 'overlay' && fs.upper === null && !readonly) return err('EROFS');
  draft.set(`fs:${id}`, { ...fs, readonly });
  return ok(null);
}

/** EINVAL for what is no mount, or is not mounted any more; other namespaces and trees are fair game. Source: do_change_type(). */
function changePropagation(draft: Draft, id: TaskId, call: CallOf<'mount-propagation'>): Result {
  const place = lookUp(draft, id, call.path);
  if (failed(place)) return place;
  if (!isMountRoot(draft, place.ok) || standing(draft, id, place.ok) === 'nowhere') return err('EINVAL');
  for (const ref of chosen(draft, place.ok, call.recursive)) setPropagation(draft, ref, call.to, id);
  return ok(null);
}

/**
 * EINVAL for what is not the root of a mount of the caller's namespace, EBUSY for one in use. The caller's root is made
 * read-only instead, unless the call is lazy. Source: can_umount(), do_umount(), do_umount_root(), LOOKUP_MOUNTPOINT.
 */
function umount(draft: Draft, id: TaskId, { path, detach, nofollow }: CallOf<'umount'>): Result {
  const named = lookUp(draft, id, path, nofollow !== true);
  if (failed(named)) return named;
  const place = crossMounts(draft, named.ok);
  if (!isMountRoot(draft, place) || standing(draft, id, place) !== 'ours') return err('EINVAL');
  const root = rootOf(draft, taskOf(draft, id));
  if (detach !== true) {
    if (root.ns === place.ns && root.mount === place.mount) return reconfigure(draft, place.fs, true);
    if (isBusy(draft, place)) return err('EBUSY');
  }
  if (namespace(draft, place.ns).root === place.mount) unmountAll(draft, place.ns);
  else unmountTree(draft, place);
  collect(draft);
  return ok(null);
}

// ---- the story ----------------------------------------------------------------------------------------------------

/** What changed in the mount tables that were there before and are still there: one line per mount. */
function changesBetween(before: Read, after: Draft, call: MountCall, own: NsId): readonly Change[] {
  const written = new Set(after.writes.map(([slot]) => slot));
  const tables = namespaces(before).flatMap(([ns]) =>
    written.has(`ns:${ns}`) && after.get(`ns:${ns}`) !== null ? tableChanges(before, after, ns, call) : [],
  );
  if (call.op !== 'mount-remount' && call.op !== 'umount') return tables;
  const superblocks = after.writes.flatMap(([slot, now]): Change[] => {
    const was = before.get(slot);
    if (was === null || now === null || !('readonly' in was && 'readonly' in now)) return [];
    if (was.readonly === now.readonly) return [];
    return [{ do: 'flags', ns: own, at: call.path, now: `${now.readonly ? 'ro' : 'rw'} in all mounts` }];
  });
  return [...tables, ...superblocks];
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
