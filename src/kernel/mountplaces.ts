import type { Call } from './calls.ts';
import { bottomOf, isAttached, mountAt, type Point, type Ref, topOf } from './mount.ts';
import { crossMounts, type Dentry, lookup, resolve } from './path.ts';
import { isOrphan } from './tree.ts';
import { err, type FsId, failed, type OpenFile, ok, type Path, type Result, type Task, type TaskId } from './types.ts';
import { type Draft, namespace, type Read, task as taskOf } from './world.ts';

/** What the mount calls ask about places before they do anything. Source: Linux fs/namespace.c. */

export type MountCall = Extract<
  Call,
  { op: `mount-${string}` | 'umount' | `${string}-tree` | 'unshare' | 'leave' | 'exit' }
>;

/** EPERM without CAP_SYS_ADMIN. Where a call takes a path, mount(2) and umount(2) look it up first. Source: may_mount(). */
export const mayMount = (task: Task): Result => (task.uid === 0 ? ok(null) : err('EPERM'));

/** The place a path names, for a task that may mount. */
export function lookUp(draft: Draft, id: TaskId, path: string, follow = true): Result<Dentry> {
  const place = resolve(draft, id, path, { follow });
  if (failed(place)) return place;
  const allowed = mayMount(taskOf(draft, id));
  return failed(allowed) ? allowed : place;
}

/**
 * Where a mount is: in the caller's namespace or in another one, in a detached *tree* that the caller holds, or *nowhere*
 * because it has been unmounted and is only held. Source: Linux check_mnt(), is_mounted(), check_anonymous_mnt().
 */
export type Standing = 'ours' | 'theirs' | 'tree' | 'nowhere';

export function standing(world: Read, id: TaskId, { ns, mount }: Ref): Standing {
  const task = taskOf(world, id);
  const table = namespace(world, ns);
  if (isAttached(table, mount)) return ns === task.ns ? 'ours' : 'theirs';
  const bottom = bottomOf(table, mount);
  return ns === task.ns && [...task.trees.values()].includes(bottom) ? 'tree' : 'nowhere';
}

/** Whether a mount is the one that a detached tree is held by. Source: Linux anon_ns_root(). */
export const isTreeRoot = (world: Read, id: TaskId, ref: Ref): boolean =>
  standing(world, id, ref) === 'tree' && mountAt(world, ref).parent === null;

export const isMountRoot = (world: Read, place: Dentry): boolean => mountAt(world, place).root === place.path;

export const isDirectory = (world: Read, { fs, path }: { fs: FsId; path: Path }): boolean =>
  lookup(world, fs, path)?.type === 'dir';

/**
 * Where a mount on a place would go: on top of whatever is there. The caller's root may have mounts on it that a walk does
 * not enter. ENOENT on what has been removed or unmounted. Source: where_to_mount(), do_lock_mount().
 */
export function onTop(world: Read, id: TaskId, place: Dentry): Result<Point> {
  const { ns, mount, path } = crossMounts(world, place);
  if (isOrphan(path) || standing(world, id, place) === 'nowhere') return err('ENOENT');
  return ok({ ns, mount, at: path });
}

/**
 * Where a mount beneath the topmost one of a place would go: where that is now. EINVAL unless the place is the root of a
 * mount that lies on another. Source: where_to_mount(), do_lock_mount().
 */
export function underTop(world: Read, id: TaskId, place: Dentry): Result<Point> {
  if (!isMountRoot(world, place)) return err('EINVAL');
  if (standing(world, id, place) === 'nowhere') return err('ENOENT');
  const { ns } = place;
  const { parent, at, root } = mountAt(world, { ns, mount: topOf(namespace(world, ns), place.mount) });
  if (parent !== null) return ok({ ns, mount: parent, at });
  // What lies on nothing is its own mount point.
  return err(isOrphan(root) ? 'ENOENT' : 'EINVAL');
}

/** All files that somebody has open, parents that wait for their children included. */
export const openFiles = (world: Read): readonly OpenFile[] =>
  world.slots.tasks.flatMap((id) => {
    const task = world.get(`task:${id}`);
    return task?.kind === 'task' ? [...task.fds.values(), ...(task.home?.fds.values() ?? [])] : [];
  });

/** Those that are open for writing. */
export const writers = (world: Read): readonly OpenFile[] =>
  openFiles(world).filter(({ access }) => access === 'w' || access === 'rw');
