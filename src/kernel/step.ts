import type { Call, CallOf, CallResult } from './calls.ts';
import { find, identity } from './lookup.ts';
import { isAttached, isMountpoint } from './mount.ts';
import { mountCall } from './mountcalls.ts';
import { writers } from './mountplaces.ts';
import { changeMode, descriptor, open, openPlace, read, readdir, resized, stat, write } from './open.ts';
import { overlayRequest } from './overlayoptions.ts';
import type { Dentry, Last } from './path.ts';
import { isRoot, permits } from './permission.ts';
import { check, created, type Edit, mayReadXattr, ownerEdit, writeEdit } from './posix.ts';
import { flagsOf, inodeAt, isReadonly, perform, Session } from './session.ts';
import { directory, file, isOrphan, join, pinned, special, symlink } from './tree.ts';
import { type Change, err, failed, type Inode, type Outcome, ok, type Result, type TaskId } from './types.ts';
import { letGo } from './unmount.ts';
import { fileSystem, namespace, type Read } from './world.ts';

/** The only thing that changes a world: a task makes a call. */

type FileCall = Exclude<Call, { op: `mount-${string}` | `${string}-tree` | 'umount' | 'unshare' | 'leave' | 'exit' }>;

const isMountCall = (call: Call): call is Exclude<Call, FileCall> =>
  /^(mount-.*|.*-tree|umount|unshare|leave|exit)$/.test(call.op);

/**
 * What Linux may do when `task` makes `call` in `world`: each outcome has the components it replaces, the result the
 * task sees, and the changes in words. There are several where it is not promised what an overlay still knows of names
 * that were edited behind its back; the first is what a machine does that forgets nothing. An {@link Overflow} is thrown
 * when a slot is missing.
 */
export function step(world: Read, task: TaskId, call: Call): readonly Outcome<CallResult>[] {
  const outcomes: Outcome<CallResult>[] = [];
  const open: (readonly boolean[])[] = [[]];
  for (const told of open) {
    const session = new Session(world, task, told);
    outcomes.push(outcomeOf(session, task, call));
    for (let at = told.length; at < session.ways.length; at++) open.push([...session.ways.slice(0, at), true]);
  }
  return outcomes;
}

function outcomeOf(session: Session, task: TaskId, call: Call): Outcome<CallResult> {
  const { result, changes } = isMountCall(call)
    ? observedMountCall(session, task, call)
    : { result: fileCall(session, call), changes: session.changes };
  const outcome = { writes: session.draft.writes, result, changes };
  return session.undefined === undefined ? outcome : { ...outcome, undefined: session.undefined };
}

/** A mount call walks its paths as a file call does: what it meets behind a live overlay's back makes it undefined. */
function observedMountCall(
  session: Session,
  task: TaskId,
  call: Exclude<Call, FileCall>,
): { readonly result: CallResult; readonly changes: readonly Change[] } {
  if ('path' in call) session.resolve(call.path);
  if ('from' in call) session.resolve(call.from);
  const made = call.op === 'new-tree' ? call.mount : call;
  if (made.op === 'mount-overlay' || made.op === 'mount-overlay-data')
    for (const layer of overlayRequest(made).named) if (failed(session.resolve(layer.path))) break;
  return mountCall(session.draft, task, call, (why) => {
    session.undefined ??= why;
  });
}

function fileCall(session: Session, call: FileCall): CallResult {
  switch (call.op) {
    case 'open':
      return open(session, call);
    case 'read':
      return read(session, call);
    case 'write':
      return write(session, call);
    case 'readdir':
      return readdir(session, call);
    case 'mkdir':
      return mkdir(session, call.path, call.mode);
    case 'mkdirAll':
      return mkdirAll(session, call.path, call.mode);
    case 'unlink':
    case 'rmdir':
      return remove(session, call.path, call.op);
    case 'removeTree':
      return removeTree(session, call.path);
    case 'rename':
      return rename(session, call);
    case 'link':
      return link(session, call.from, call.to);
    case 'symlink':
      return makeSymlink(session, call.path, call.target);
    case 'mknod':
      return mknod(session, call);
    case 'fdread':
    case 'fdstat':
    case 'fdreaddir':
    case 'fdclose':
    case 'fdwrite':
    case 'fdchmod':
    case 'fdlock':
      return descriptor(session, call);
    default:
      return objectCall(session, call);
  }
}

type ObjectCall = CallOf<
  | 'stat'
  | 'lstat'
  | 'mtime'
  | 'access'
  | 'exec'
  | 'readlink'
  | 'chmod'
  | 'chown'
  | 'lchown'
  | 'utimes'
  | 'truncate'
  | 'setxattr'
  | 'getxattr'
  | 'removexattr'
  | 'listxattr'
  | 'sameino'
  | 'chdir'
>;

/** Calls that name an existing object. */
function objectCall(session: Session, call: ObjectCall): CallResult {
  if (call.op === 'sameino') return sameInode(session, call.from, call.to);
  if (call.op === 'access') {
    const there = openPlace(session, call.path, ['O_PATH']);
    return failed(there) ? there : ok(null);
  }
  const follow = call.op !== 'lstat' && call.op !== 'mtime' && call.op !== 'readlink' && call.op !== 'lchown';
  const place = session.resolve(call.path, { follow });
  if (failed(place)) return place;
  const inode = inodeAt(session, place.ok);
  if (failed(inode)) return inode;
  switch (call.op) {
    case 'stat':
    case 'lstat':
      return stat(session, place.ok);
    case 'mtime':
      return ok(inode.ok.mtime);
    case 'exec':
      return exec(session, place.ok, inode.ok);
    case 'readlink':
      return inode.ok.type === 'symlink' ? ok(inode.ok.target) : err('EINVAL');
    case 'chdir':
      return chdir(session, place.ok, inode.ok);
    case 'getxattr':
    case 'listxattr':
      return readXattr(session, inode.ok, call.op === 'getxattr' ? call.name : null);
    default:
      return editObject(session, place.ok, inode.ok, call);
  }
}

function editObject(
  session: Session,
  place: Dentry,
  inode: Inode,
  call: CallOf<'chmod' | 'chown' | 'lchown' | 'utimes' | 'truncate' | 'setxattr' | 'removexattr'>,
): CallResult {
  if (call.op === 'truncate') return truncate(session, place, inode, call.size);
  if (call.op === 'chmod') return changeMode(session, place, call.mode);
  if (isReadonly(session.draft, place)) return err('EROFS');
  const edit = (change: Edit): Result => perform(session, place.fs, { op: 'edit', path: place.path, edit: change });
  if (call.op === 'utimes') return edit({ mtime: call.mtime });
  if (call.op === 'setxattr') return edit({ xattr: [call.name, call.value] });
  if ('uid' in call) return edit(ownerEdit(inode, session.task, call.uid, call.gid));
  return edit({ xattr: [call.name, null] });
}

/** Source: Linux vfs_truncate(). */
function truncate(session: Session, place: Dentry, inode: Inode, size: number): CallResult {
  if (inode.type === 'dir') return err('EISDIR');
  if (inode.type !== 'file' || size < 0) return err('EINVAL');
  if (isReadonly(session.draft, place)) return err('EROFS');
  if (!permits(inode, session.task, 'w')) return err('EACCES');
  const edit = writeEdit(inode, session.task, resized(inode.content, size));
  return perform(session, place.fs, { op: 'edit', path: place.path, edit }, true);
}

/**
 * Who the program runs as. Set-id bits count only through a mount of the caller's namespace without nosuid.
 * Source: Linux do_open_execat(), path_noexec(), bprm_fill_uid(), mnt_may_suid().
 */
function exec(session: Session, place: Dentry, inode: Inode): CallResult {
  const { draft, task } = session;
  const flags = flagsOf(draft, place);
  if (inode.type !== 'file' || !permits(inode, task, 'x') || flags.includes('noexec')) return err('EACCES');
  // Of an overlay, the object itself must be executable, too. Source: Linux ovl_permission().
  if ((inode.mode & 0o111) === 0) return err('EACCES');
  if (isBeingWritten(draft, place)) return err('ETXTBSY');
  const isForeign = place.ns !== task.ns || !isAttached(namespace(draft, place.ns), place.mount);
  const setId = flags.includes('nosuid') || isForeign ? 0 : inode.mode;
  const uid = (setId & 0o4000) === 0 ? task.uid : inode.uid;
  // Without the right to execute for its group, a set-group-id file is one with mandatory locks.
  const gid = (setId & 0o2010) === 0o2010 ? inode.gid : task.gid;
  return ok({ uid, gid });
}

/** Source: Linux exe_file_deny_write_access(). */
function isBeingWritten(world: Read, { fs, path }: Dentry): boolean {
  const inode = identity(world, fs, path);
  return writers(world).some(
    (file) => file.fs === fs && identity(world, fs, pinned(fileSystem(world, fs), file.pin)) === inode,
  );
}

function readXattr(session: Session, inode: Inode, name: string | null): CallResult {
  const root = isRoot(session.task);
  const visible = [...inode.xattrs.keys()].filter((key) => root || !key.startsWith('trusted.')).sort();
  if (name === null) return ok(visible);
  const denied = mayReadXattr(inode, session.task, name);
  if (denied !== null) return err(denied);
  const value = visible.includes(name) ? inode.xattrs.get(name) : undefined;
  return value === undefined ? err('ENODATA') : ok(value);
}

function sameInode(session: Session, from: string, to: string): CallResult {
  const a = session.resolve(from, { follow: false });
  if (failed(a)) return a;
  const b = session.resolve(to, { follow: false });
  if (failed(b)) return b;
  return ok(identity(session.draft, a.ok.fs, a.ok.path) === identity(session.draft, b.ok.fs, b.ok.path));
}

function chdir(session: Session, { ns, mount, fs, path }: Dentry, inode: Inode): CallResult {
  if (inode.type !== 'dir') return err('ENOTDIR');
  if (!permits(inode, session.task, 'x')) return err('EACCES');
  const pin = session.pin('cwd');
  const { cwd } = session.task;
  session.hold(fs, pin, path);
  session.setTask({ ...session.task, cwd: { ns, mount, fs, pin } });
  if (cwd !== null && cwd.fs === fs && cwd.pin === pin) letGo(session.draft, cwd);
  else if (cwd !== null) session.release(cwd);
  return ok(null);
}

// ---- names --------------------------------------------------------------------------------------------------------

const isDots = (name: string): boolean => name === '' || name === '.' || name === '..';
const below = ({ dir, name }: Last): Dentry => ({ ...dir, path: join(dir.path, name) });

/** A new name. EEXIST comes before EROFS. Source: Linux filename_create(). */
function create(session: Session, path: string, inode: Inode): Result {
  const last = session.parent(path);
  if (failed(last)) return last;
  if (isDots(last.ok.name)) return err('EEXIST');
  const place = below(last.ok);
  const there = inodeAt(session, place);
  if (!failed(there)) return err('EEXIST');
  if (there.err !== 'ENOENT') return there;
  // Nothing is made in a removed directory (IS_DEADDIR()), read-only or not.
  if ((last.ok.slash && inode.type !== 'dir') || isOrphan(last.ok.dir.path)) return err('ENOENT');
  if (isReadonly(session.draft, place)) return err('EROFS');
  const parent = find(session.draft, place.fs, last.ok.dir.path);
  if (failed(parent)) return parent;
  const made = created(parent.ok, inode, session.task);
  return perform(session, place.fs, { op: 'create', path: place.path, inode: made });
}

const mkdir = (session: Session, path: string, mode: number): Result =>
  create(session, path, directory({}, { mode: mode & 0o1777 }));

/** mkdir -p: a directory for every component that is missing. ENOTDIR or EEXIST where something else is in the way. */
function mkdirAll(session: Session, path: string, mode: number): CallResult {
  const parts = path.split('/').filter((part) => part !== '');
  for (let count = 1; count <= parts.length; count++) {
    const prefix = (path.startsWith('/') ? '/' : '') + parts.slice(0, count).join('/');
    const made = mkdir(session, prefix, mode);
    if (!failed(made)) continue;
    if (made.err !== 'EEXIST') return made;
    const place = session.resolve(prefix);
    if (failed(place)) return place;
    const inode = inodeAt(session, place.ok);
    if (failed(inode)) return inode;
    if (inode.ok.type !== 'dir') return err(count < parts.length ? 'ENOTDIR' : 'EEXIST');
  }
  return ok(null);
}

/** A target is read like a path: it is neither empty nor of 4096 bytes. Source: Linux getname(). */
function makeSymlink(session: Session, path: string, target: string): CallResult {
  if (target === '') return err('ENOENT');
  return Buffer.byteLength(target) >= 4096 ? err('ENAMETOOLONG') : create(session, path, symlink(target));
}

function mknod(session: Session, { path, type, mode, rdev = [0, 0] }: CallOf<'mknod'>): CallResult {
  const attrs = { mode: mode & 0o7777 };
  return create(session, path, type === 'file' ? file('', attrs) : special(type, rdev, attrs));
}

/** Source: Linux do_unlinkat(), do_rmdir(): the read-only check comes before the name is looked up. */
function remove(session: Session, path: string, op: 'unlink' | 'rmdir'): Result {
  const last = session.parent(path);
  if (failed(last)) return last;
  const { name, slash } = last.ok;
  if (op === 'unlink' && isDots(name)) return err('EISDIR');
  if (isDots(name)) return err(name === '..' ? 'ENOTEMPTY' : name === '.' ? 'EINVAL' : 'EBUSY');
  const place = below(last.ok);
  if (isReadonly(session.draft, place)) return err('EROFS');
  const inode = inodeAt(session, place);
  if (failed(inode)) return inode;
  if (op === 'unlink' && slash) return err(inode.ok.type === 'dir' ? 'EISDIR' : 'ENOTDIR');
  return performUnlessBusy(session, place, { op, path: place.path });
}

/** What the checks allow is still EBUSY for a mount point of the caller's namespace. Source: Linux vfs_rmdir(), vfs_unlink(). */
function performUnlessBusy(session: Session, place: Dentry, operation: Parameters<typeof perform>[2]): Result {
  const ns = namespace(session.draft, session.task.ns);
  const names = 'path' in operation ? [operation.path] : [operation.from, operation.to];
  if (!names.some((name) => isMountpoint(ns, place.fs, name))) return perform(session, place.fs, operation);
  const allowed = check(session.draft, session.task, place.fs, operation);
  return failed(allowed) ? allowed : allowed.ok ? err('EBUSY') : ok(null);
}

/** rm -rf: what is below first, in the order of names. The first failure ends it. */
function removeTree(session: Session, path: string): CallResult {
  const place = session.resolve(path, { follow: false });
  if (failed(place)) return place.err === 'ENOENT' || place.err === 'ENOTDIR' ? ok(null) : place;
  const inode = inodeAt(session, place.ok);
  if (failed(inode)) return inode;
  if (inode.ok.type !== 'dir') return remove(session, path, 'unlink');
  const names = readdir(session, { op: 'readdir', path });
  if ('err' in names) return names;
  if (Array.isArray(names.ok))
    for (const [name] of names.ok) {
      const done = removeTree(session, `${path === '/' ? '' : path}/${name}`);
      if ('err' in done) return done;
    }
  return remove(session, path, 'rmdir');
}

/** Source: Linux do_linkat(). */
function link(session: Session, from: string, to: string): CallResult {
  const source = session.resolve(from, { follow: false });
  if (failed(source)) return source;
  const found = inodeAt(session, source.ok);
  if (failed(found)) return found;
  const last = session.parent(to);
  if (failed(last)) return last;
  if (isDots(last.ok.name)) return err('EEXIST');
  const place = below(last.ok);
  const there = inodeAt(session, place);
  if (!failed(there)) return err('EEXIST');
  if (there.err !== 'ENOENT') return there;
  if (last.ok.slash || isOrphan(last.ok.dir.path)) return err('ENOENT');
  if (isReadonly(session.draft, place)) return err('EROFS');
  if (source.ok.ns !== place.ns || source.ok.mount !== place.mount) return err('EXDEV');
  return perform(session, place.fs, { op: 'link', from: source.ok.path, to: place.path });
}

/** Source: Linux do_renameat2(). */
function rename(session: Session, { from, to, flags = [] }: CallOf<'rename'>): CallResult {
  const exchange = flags.includes('EXCHANGE');
  const whiteout = flags.includes('WHITEOUT');
  if (exchange && (flags.includes('NOREPLACE') || whiteout)) return err('EINVAL');
  const source = session.parent(from);
  if (failed(source)) return source;
  const target = session.parent(to);
  if (failed(target)) return target;
  const [old, next] = [below(source.ok), below(target.ok)];
  if (old.ns !== next.ns || old.mount !== next.mount) return err('EXDEV');
  if (isDots(source.ok.name)) return err('EBUSY');
  if (isDots(target.ok.name)) return err(flags.includes('NOREPLACE') ? 'EEXIST' : 'EBUSY');
  if (isReadonly(session.draft, old)) return err('EROFS');
  const moved = inodeAt(session, old);
  if (failed(moved)) return moved;
  const there = inodeAt(session, next);
  if (failed(there) && there.err !== 'ENOENT') return there;
  if (!failed(there) && flags.includes('NOREPLACE')) return err('EEXIST');
  if (exchange && failed(there)) return there;
  const slashed =
    (source.ok.slash && moved.ok.type !== 'dir') || (!exchange && target.ok.slash && moved.ok.type !== 'dir');
  if (slashed || (exchange && target.ok.slash && !failed(there) && there.ok.type !== 'dir')) return err('ENOTDIR');
  const operation = { op: 'rename', from: old.path, to: next.path, exchange } as const;
  const allowed = check(session.draft, session.task, old.fs, operation);
  if (failed(allowed)) return allowed;
  // Neither overlayfs nor this model lets a caller leave a whiteout behind (ovl_rename()).
  if (allowed.ok && whiteout) return err('EINVAL');
  return performUnlessBusy(session, old, operation);
}
