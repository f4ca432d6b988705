import { type Found, findAt, findIn, list, lookup } from './lookup.ts';
import { childAt } from './mount.ts';
import { permits } from './permission.ts';
import { dotdotOf, isBelow, join, pinned } from './tree.ts';
import {
  err,
  type FsId,
  failed,
  type MountId,
  type NsId,
  ok,
  type Path,
  type Place,
  type Result,
  type Task,
  type TaskId,
} from './types.ts';
import { fileSystem, namespace, type Read, task as taskOf } from './world.ts';

/** Path walk: from the names a task writes to places. Source: Linux fs/namei.c, path_resolution(7). */

export { list, lookup };

/** A place: a mount, and a path in that mount's file system (not relative to the mount's root). */
export interface Dentry {
  readonly ns: NsId;
  readonly mount: MountId;
  readonly fs: FsId;
  readonly path: Path;
}

/** The last component of a path, not looked up yet. */
export interface Last {
  readonly dir: Dentry;
  /** "." and ".." as written; "" for the root itself. */
  readonly name: string;
  /** The path ends with a slash. */
  readonly slash: boolean;
}

/** Told of every name that is looked up in a file system, found or not. */
export type Seen = (fs: FsId, path: Path) => void;
export interface How {
  /** Follow a symlink in the last component; default true. */
  readonly follow?: boolean;
  readonly seen?: Seen;
}

/** Source: Linux MAXSYMLINKS, NAME_MAX, PATH_MAX. */
const MAX_LINKS = 40;
const MAX_NAME = 255;
const MAX_PATH = 4096;

interface Walk {
  readonly world: Read;
  readonly task: Task;
  readonly root: Dentry;
  readonly seen: Seen;
  links: number;
}

// ---- mounts -------------------------------------------------------------------------------------------------------

/** The root of the topmost mount on a place, or the place itself. Source: Linux __follow_mount_rcu(). */
export function crossMounts(world: Read, place: Dentry): Dentry {
  const ns = namespace(world, place.ns);
  let here = place;
  for (;;) {
    const id = childAt(ns, here.mount, here.path);
    const mount = id === undefined ? undefined : ns.mounts.get(id);
    if (id === undefined || mount === undefined) return here;
    here = { ns: place.ns, mount: id, fs: mount.fs, path: mount.root };
  }
}

const samePlace = (a: Dentry, b: Dentry): boolean => a.ns === b.ns && a.mount === b.mount && a.path === b.path;

/** ".." of a place: over the roots of mounts, but never above the caller's root. Source: Linux follow_dotdot(). */
function dotdot(walk: Walk, place: Dentry): Result<Dentry> {
  const ns = namespace(walk.world, place.ns);
  let here = place;
  for (;;) {
    if (samePlace(here, walk.root)) return ok(crossMounts(walk.world, here));
    const mount = ns.mounts.get(here.mount);
    if (mount === undefined) throw new Error(`the mount ${here.mount} of a walk is not in its namespace`);
    if (here.path !== mount.root) break;
    const parent = mount.parent === null ? undefined : ns.mounts.get(mount.parent);
    if (mount.parent === null || parent === undefined) return ok(crossMounts(walk.world, here));
    here = { ns: here.ns, mount: mount.parent, fs: parent.fs, path: mount.at };
  }
  // A directory that was moved out of what a bind mount shows has no way up. Source: path_connected().
  const fs = fileSystem(walk.world, here.fs);
  const parent = dotdotOf(fs, here.path);
  if (parent === undefined || !isBelow(fs, parent, ns.mounts.get(here.mount)?.root ?? '')) return err('ENOENT');
  return ok(crossMounts(walk.world, { ...here, path: parent }));
}

function placeOf(world: Read, place: Place): Dentry {
  const { ns, mount, fs } = place;
  return { ns, mount, fs, path: pinned(fileSystem(world, fs), place.pin) };
}

/** The root directory of a task. */
export function rootOf(world: Read, task: Task): Dentry {
  if (task.root !== null) return placeOf(world, task.root);
  const ns = namespace(world, task.ns);
  const mount = ns.mounts.get(ns.root);
  if (mount === undefined) throw new Error(`the namespace ${task.ns} has no root mount`);
  return { ns: task.ns, mount: ns.root, fs: mount.fs, path: mount.root };
}

// ---- the walk -----------------------------------------------------------------------------------------------------

/** Where a walk is, and what is there if it has looked: the next name is looked up from here, not from the root. */
interface Here {
  readonly place: Dentry;
  readonly found: Found | null;
}

const unseen = (place: Dentry): Here => ({ place, found: null });

/** What is where the walk is. */
const look = (walk: Walk, { place, found }: Here): Result<Found> =>
  found === null ? findAt(walk.world, place.fs, place.path) : ok(found);

/** Search permission in a directory that a walk goes through. Source: Linux may_lookup(). */
function enter(walk: Walk, here: Here): Result<Found> {
  const found = look(walk, here);
  if (failed(found)) return found;
  if (found.ok.inode.type !== 'dir') return err('ENOTDIR');
  return permits(found.ok.inode, walk.task, 'x') ? found : err('EACCES');
}

/** A component of more than 255 bytes. */
export const tooLong = (name: string): boolean => name.length * 3 > MAX_NAME && Buffer.byteLength(name) > MAX_NAME;

/** The last component of a path, and the directory that was entered for it. */
interface Parent extends Last {
  /** Null for the root itself. */
  readonly entered: Found | null;
}

/** A name in a directory that was entered, whatever it is. */
function below(walk: Walk, dir: Dentry, entered: Found, name: string): Result<Here> {
  const place: Dentry = { ...dir, path: join(dir.path, name) };
  walk.seen(place.fs, place.path);
  const found = findIn(walk.world, place.fs, entered, place.path);
  return failed(found) ? found : ok({ place, found: found.ok });
}

/** One component that is not the last of a path to be opened by name. `links` are followed where `follow` says so. */
function component(walk: Walk, here: Dentry, entered: Found, name: string, follow: boolean): Result<Here> {
  if (name === '.') return ok({ place: here, found: entered });
  if (name === '..') {
    const up = dotdot(walk, here);
    return failed(up) ? up : ok(unseen(up.ok));
  }
  if (tooLong(name)) return err('ENAMETOOLONG');
  const object = below(walk, here, entered, name);
  if (failed(object)) return object;
  const { place, found } = object.ok;
  if (found?.inode.type === 'symlink' && follow) return link(walk, here, found.inode.target);
  const top = crossMounts(walk.world, place);
  return top === place ? object : ok(unseen(top));
}

/** The object a symlink in `here` leads to. Source: Linux pick_link(), nested link_path_walk(). */
function link(walk: Walk, here: Dentry, target: string): Result<Here> {
  walk.links++;
  if (walk.links > MAX_LINKS) return err('ELOOP');
  return toObject(walk, here, target, true);
}

/** Walks to the directory that holds the last component. Source: Linux link_path_walk(). */
function toParent(walk: Walk, start: Dentry, path: string): Result<Parent> {
  if (path === '') return err('ENOENT');
  if (path.length * 3 >= MAX_PATH && Buffer.byteLength(path) >= MAX_PATH) return err('ENAMETOOLONG');
  const parts = path.split('/').filter((part) => part !== '');
  let here = unseen(path.startsWith('/') ? walk.root : start);
  const last = parts.pop();
  if (last === undefined) return ok({ dir: here.place, name: '', slash: false, entered: null });
  for (const part of parts) {
    const entered = enter(walk, here);
    if (failed(entered)) return entered;
    const next = component(walk, here.place, entered.ok, part, true);
    if (failed(next)) return next;
    here = next.ok;
  }
  const entered = enter(walk, here);
  if (failed(entered)) return entered;
  return ok({ dir: here.place, name: last, slash: path.endsWith('/'), entered: entered.ok });
}

function toObject(walk: Walk, start: Dentry, path: string, follow: boolean): Result<Here> {
  const last = toParent(walk, start, path);
  if (failed(last)) return last;
  const { dir, name, slash, entered } = last.ok;
  if (entered === null) return ok(unseen(dir));
  const object = component(walk, dir, entered, name, follow || slash);
  if (failed(object) || !slash) return object;
  // A trailing slash asks for a directory (LOOKUP_DIRECTORY).
  const found = look(walk, object.ok);
  return failed(found) ? found : found.ok.inode.type === 'dir' ? object : err('ENOTDIR');
}

interface Start {
  readonly walk: Walk;
  readonly start: Dentry;
  /** What is left to walk. */
  readonly rest: string;
}

function begin(world: Read, id: TaskId, path: string, seen: Seen | undefined): Start {
  const task = taskOf(world, id);
  const root = rootOf(world, task);
  const walk: Walk = { world, task, root, seen: seen ?? (() => {}), links: 0 };
  if (isDescriptor(path)) {
    const [name = '', ...parts] = path.slice(DESCRIPTORS.length).split('/');
    const start = opened(world, task, name);
    if (start !== undefined) return { walk, start, rest: ['.', ...parts].join('/') };
  }
  return { walk, start: task.cwd === null ? root : placeOf(world, task.cwd), rest: path };
}

/** A path that begins like this goes on from what a descriptor is open on, wherever that is. Source: Linux proc_pid_get_link(). */
const DESCRIPTORS = '/proc/self/fd/';
const isDescriptor = (path: string): boolean => path.startsWith(DESCRIPTORS);

function linkItself(path: string): never {
  throw new Error(`"${path}" is a link in /proc here, and not what it leads to: that is not modelled`);
}

function opened(world: Read, task: Task, name: string): Dentry | undefined {
  const file = task.fds.get(name);
  if (file !== undefined) return placeOf(world, file);
  const tree = task.trees.get(name);
  const mount = tree === undefined ? undefined : namespace(world, task.ns).mounts.get(tree);
  return tree === undefined || mount === undefined
    ? undefined
    : { ns: task.ns, mount: tree, fs: mount.fs, path: mount.root };
}

/**
 * The object a path names, with the mounts on it entered. ENOENT, ENOTDIR, EACCES for a directory on the way that may
 * not be searched, ELOOP after forty symlinks, ENAMETOOLONG for a component of more than 255 bytes.
 */
export function resolve(world: Read, task: TaskId, path: string, how: How = {}): Result<Dentry> {
  const { walk, start, rest } = begin(world, task, path, how.seen);
  if (rest === '.' && isDescriptor(path)) return how.follow === false ? linkItself(path) : ok(start);
  const object = toObject(walk, start, rest, how.follow ?? true);
  return failed(object) ? object : ok(object.ok.place);
}

function lastOf(parent: Result<Parent>): Result<Last> {
  if (failed(parent)) return parent;
  const { dir, name, slash } = parent.ok;
  return ok({ dir, name, slash });
}

/** The directory that holds the last component of a path; the component itself is not looked up. */
export function resolveParent(world: Read, task: TaskId, path: string, how: How = {}): Result<Last> {
  const { walk, start, rest } = begin(world, task, path, how.seen);
  return rest === '.' && isDescriptor(path) ? linkItself(path) : lastOf(toParent(walk, start, rest));
}

/**
 * Where open(2) with O_CREAT would create: like {@link resolveParent}, but symlinks in the last component are followed,
 * so that the name is free or names something else than a symlink (unless `follow` is false). Source: Linux open_last_lookups().
 */
export function resolveCreate(world: Read, task: TaskId, path: string, how: How = {}): Result<Last> {
  const { walk, start, rest } = begin(world, task, path, how.seen);
  if (rest === '.' && isDescriptor(path)) return linkItself(path);
  let last = toParent(walk, start, rest);
  while (!failed(last) && (how.follow ?? true)) {
    const { dir, name, slash, entered } = last.ok;
    if (entered === null || slash || name === '.' || name === '..' || tooLong(name)) break;
    const object = below(walk, dir, entered, name);
    if (failed(object) || object.ok.found?.inode.type !== 'symlink') break;
    walk.links++;
    if (walk.links > MAX_LINKS) return err('ELOOP');
    last = toParent(walk, dir, object.ok.found.inode.target);
  }
  return lastOf(last);
}

/** The absolute path of a place in its namespace, as far as its mounts are attached there. Source: Linux d_path(). */
export function pathOf(world: Read, ns: NsId, mount: MountId, path: Path): string {
  const mounts = namespace(world, ns).mounts;
  let text = '';
  let here: { id: MountId; path: Path } | undefined = { id: mount, path };
  while (here !== undefined) {
    const at = mounts.get(here.id);
    if (at === undefined) break;
    text = (here.path.startsWith(at.root) ? here.path.slice(at.root.length) : here.path) + text;
    here = at.parent === null ? undefined : { id: at.parent, path: at.at };
  }
  return text === '' ? '/' : text;
}
