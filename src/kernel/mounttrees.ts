import type { CallOf } from './calls.ts';
import {
  addMount,
  attach,
  bottomOf,
  type CopyOf,
  childAt,
  copyTree,
  mastersOf,
  mountAt,
  type Point,
  type Ref,
  releaseRoot,
  topOf,
  treeOf,
} from './mount.ts';
import { isDirectory, isMountRoot, isTreeRoot, lookUp, mayMount, onTop, standing, underTop } from './mountplaces.ts';
import { type Dentry, resolve, rootOf } from './path.ts';
import { isOrphan } from './tree.ts';
import { err, failed, type MountId, type NsId, ok, type Result, type TaskId } from './types.ts';
import { collect, dissolve } from './unmount.ts';
import { type Draft, namespace, type Read, task as taskOf } from './world.ts';

/** Copying and moving trees of mounts, attached or detached. Source: Linux fs/namespace.c. */

// ---- copying ------------------------------------------------------------------------------------------------------

/** EINVAL for an unbindable mount, and for one of another namespace or none; unbindable mounts below are left out. Source: __do_loopback(), may_copy_tree(). */
export function clone(draft: Draft, id: TaskId, source: Dentry, copy: Pick<CopyOf, 'recursive' | 'how'>): Result<Ref> {
  if (mountAt(draft, source).unbindable) return err('EINVAL');
  const where = standing(draft, id, source);
  if (where !== 'ours' && where !== 'tree') return err('EINVAL');
  return ok(copyTree(draft, { source, root: source.path, ...copy }, source.ns, id));
}

/** Nothing lies on a removed directory, so a tree whose top is one cannot be attached. Source: attach_recursive_mnt(), d_set_mounted(). */
export function isRemoved(world: Read, { ns, mount }: Ref): boolean {
  return isOrphan(mountAt(world, { ns, mount: topOf(namespace(world, ns), mount) }).root);
}

/** Source: Linux open_tree(), open_detached_copy(). */
export function openTree(draft: Draft, id: TaskId, call: CallOf<'open-tree'>): Result {
  const allowed = mayMount(taskOf(draft, id));
  if (failed(allowed)) return allowed;
  const source = resolve(draft, id, call.path);
  if (failed(source)) return source;
  const how = call.private === false ? 'clone' : 'private';
  const copied = clone(draft, id, source.ok, { recursive: call.recursive !== false, how });
  if (failed(copied)) return copied;
  keepTree(draft, id, call.tree, copied.ok.mount);
  return ok(null);
}

// ---- held trees ---------------------------------------------------------------------------------------------------

/** A detached tree gets the name by which its task holds it. */
export function keepTree(draft: Draft, id: TaskId, name: string, mount: MountId): void {
  const task = taskOf(draft, id);
  if (task.trees.has(name)) throw new Error(`${id} holds a tree named "${name}" already`);
  draft.set(`task:${id}`, { ...task, trees: new Map(task.trees).set(name, mount) });
}

function heldTree(draft: Draft, id: TaskId, name: string): Ref {
  const { ns, trees } = taskOf(draft, id);
  const mount = trees.get(name);
  if (mount === undefined) throw new Error(`${id} holds no tree named "${name}": was it moved or closed before?`);
  return { ns, mount };
}

function dropTree(draft: Draft, id: TaskId, name: string): void {
  const task = taskOf(draft, id);
  const trees = new Map(task.trees);
  trees.delete(name);
  draft.set(`task:${id}`, { ...task, trees });
}

export function closeTree(draft: Draft, id: TaskId, tree: string): Result {
  const held = heldTree(draft, id, tree);
  dropTree(draft, id, tree);
  dissolve(draft, held);
  collect(draft);
  return ok(null);
}

/**
 * A tree that was sent to a task of another namespace. On Linux it is in a namespace of its own; here it is in that of the
 * task that holds it, so its mounts get ids there. Peer groups and masters stay what they are. Source: Linux unix_scm_to_skb(),
 * open_detached_copy().
 */
export function handOver(draft: Draft, id: TaskId, name: string, to: NsId): MountId {
  const { ns, mount: top } = heldTree(draft, id, name);
  const ids = new Map<MountId, MountId>();
  const rest = new Map(namespace(draft, ns).mounts);
  for (const mount of treeOf(namespace(draft, ns), top)) {
    const value = mountAt(draft, { ns, mount });
    const parent = value.parent === null ? null : (ids.get(value.parent) ?? null);
    ids.set(mount, addMount(draft, to, { ...value, parent }, id));
    releaseRoot(draft, { ns, mount }, value);
    rest.delete(mount);
  }
  draft.set(`ns:${ns}`, { ...namespace(draft, ns), mounts: rest });
  dropTree(draft, id, name);
  const taken = ids.get(top);
  if (taken === undefined) throw new Error(`the tree ${name} of ${id} has no mount`);
  return taken;
}

// ---- moving -------------------------------------------------------------------------------------------------------

/** mount(2) looks before it asks for privilege, move_mount(2) asks first. Source: do_move_mount_old(), move_mount(). */
export function move(draft: Draft, id: TaskId, { from, path, beneath }: CallOf<'mount-move'>): Result {
  const allowed = beneath === true ? mayMount(taskOf(draft, id)) : ok(null);
  if (failed(allowed)) return allowed;
  const target = lookUp(draft, id, path);
  if (failed(target)) return target;
  const source = resolve(draft, id, from);
  return failed(source) ? source : moveTo(draft, id, source.ok, target.ok, beneath === true);
}

/** The name is given up with the move, as if the descriptor had been closed. Source: move_mount(). */
export function moveTree(draft: Draft, id: TaskId, { tree, path, beneath }: CallOf<'move-tree'>): Result {
  const held = heldTree(draft, id, tree);
  const allowed = mayMount(taskOf(draft, id));
  if (failed(allowed)) return allowed;
  const target = lookUp(draft, id, path);
  if (failed(target)) return target;
  const { fs, root } = mountAt(draft, held);
  const done = moveTo(draft, id, { ...held, fs, path: root }, target.ok, beneath === true);
  if (failed(done)) return done;
  dropTree(draft, id, tree);
  return ok(null);
}

/**
 * EINVAL for what is not a mount, for a file on a directory or the reverse, and for an unbindable mount in a tree that
 * would become shared; ELOOP into itself. Source: do_move_mount().
 */
function moveTo(draft: Draft, id: TaskId, source: Dentry, target: Dentry, beneath: boolean): Result {
  if (!isMountRoot(draft, source)) return err('EINVAL');
  if (isDirectory(draft, source) !== isDirectory(draft, target)) return err('EINVAL');
  const point = beneath ? underTop(draft, id, target) : onTop(draft, id, target);
  if (failed(point)) return point;
  const allowed = checkEnds(draft, id, source, point.ok);
  if (failed(allowed)) return allowed;
  if (beneath) {
    const top = topOf(namespace(draft, target.ns), target.mount);
    if (isNonsense(draft, id, source, { ns: target.ns, mount: top }, point.ok)) return err('EINVAL');
  }
  const tree = treeOf(namespace(draft, source.ns), source.mount);
  const isUnbindable = tree.some((mount) => mountAt(draft, { ns: source.ns, mount }).unbindable);
  if (isUnbindable && mountAt(draft, point.ok).shared !== null) return err('EINVAL');
  if (source.ns === point.ok.ns && tree.includes(point.ok.mount)) return err('ELOOP');
  if (isRemoved(draft, source)) return err('ENOENT');
  attach(draft, source, point.ok, id);
  return ok(null);
}

/**
 * A mount of the caller's namespace moves within it, and not away from a shared one; else it is a whole detached tree, which
 * goes to the namespace or into another tree. Below the root of a namespace is always the rootfs, so that it has a parent, too.
 */
function checkEnds(world: Read, id: TaskId, source: Ref, point: Point): Result {
  const to = standing(world, id, point);
  if (standing(world, id, source) === 'ours') {
    const { parent } = mountAt(world, source);
    if (parent !== null && mountAt(world, { ns: source.ns, mount: parent }).shared !== null) return err('EINVAL');
    return to === 'ours' ? ok(null) : err('EINVAL');
  }
  if (!isTreeRoot(world, id, source)) return err('EINVAL');
  if (bottomOf(namespace(world, point.ns), point.mount) === source.mount) return err('EINVAL');
  return to === 'ours' || to === 'tree' ? ok(null) : err('EINVAL');
}

/**
 * What cannot go beneath the mount `top`: a mount that has one on its root already, or lies on `top`; and anything where
 * the event would come back to cover `top`, or the mount that moves. Nothing goes beneath the caller's root.
 * Source: Linux can_move_mount_beneath().
 */
function isNonsense(world: Read, id: TaskId, source: Dentry, top: Ref, point: Point): boolean {
  const root = rootOf(world, taskOf(world, id));
  const ns = namespace(world, source.ns);
  if (childAt(ns, source.mount, source.path) !== undefined) return true;
  if (root.ns === top.ns && root.mount === top.mount) return true;
  if (source.ns === top.ns && treeOf(namespace(world, top.ns), top.mount).includes(source.mount)) return true;
  if (wouldCover(world, point, top)) return true;
  return standing(world, id, source) === 'ours' && wouldCover(world, point, source);
}

/** Whether a mount on a place would be propagated onto the root of another mount. Source: Linux propagation_would_overmount(). */
function wouldCover(world: Read, point: Point, ref: Ref): boolean {
  const from = mountAt(world, point);
  const { fs, root } = mountAt(world, ref);
  if (from.shared === null || fs !== from.fs || root !== point.at) return false;
  return mastersOf(world, ref).includes(from.shared);
}
