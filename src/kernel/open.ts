import type { CallOf, CallResult, OpenFlag } from './calls.ts';
import type { Listing } from './listings.ts';
import { find, identity, isRemoved, linkCount, unlistable } from './lookup.ts';
import { openFiles } from './mountplaces.ts';
import type { Dentry } from './path.ts';
import { permits } from './permission.ts';
import { created, mayWrite, modeEdit, writeEdit } from './posix.ts';
import { flagsOf, inodeAt, isReadonly, perform, type Session } from './session.ts';
import { file, freeIno, isOrphan, join, pinned } from './tree.ts';
import { err, failed, type Inode, type OpenFile, ok, type Result } from './types.ts';
import { fileSystem } from './world.ts';

/** Opening files, and what is done through descriptors. Source: Linux path_openat(), do_dentry_open(). */

type Access = OpenFile['access'];

const accessOf = (flags: readonly OpenFlag[]): Access => {
  if (flags.includes('O_PATH')) return 'path';
  return flags.includes('O_RDWR') ? 'rw' : flags.includes('O_WRONLY') ? 'w' : 'r';
};
const writes = (access: Access): boolean => access === 'w' || access === 'rw';
const reads = (access: Access): boolean => access === 'r' || access === 'rw';

/** Source: Linux may_open(), inode_permission(), and the order of do_open(). */
function mayOpen(session: Session, place: Dentry, inode: Inode, flags: readonly OpenFlag[]): Result {
  const access = accessOf(flags);
  const changes = writes(access) || flags.includes('O_TRUNC');
  const { draft, task } = session;
  if (inode.type === 'symlink') return err(flags.includes('O_DIRECTORY') ? 'ENOTDIR' : 'ELOOP');
  if (flags.includes('O_DIRECTORY') && inode.type !== 'dir') return err('ENOTDIR');
  if (inode.type === 'dir' && changes) return err('EISDIR');
  if ((inode.type === 'chr' || inode.type === 'blk') && flagsOf(draft, place).includes('nodev')) return err('EACCES');
  if (changes && inode.type === 'file') {
    // A read-only superblock speaks before the mode bits do; a read-only mount after them, unless it is to be truncated.
    if (fileSystem(draft, place.fs).readonly) return err('EROFS');
    if (flags.includes('O_TRUNC') && isReadonly(draft, place)) return err('EROFS');
  }
  if (reads(access) && !permits(inode, task, 'r')) return err('EACCES');
  const denied = changes ? mayWrite(draft, task, place.fs, place.path, inode, 'w') : null;
  if (denied !== null) return err(denied);
  if (changes && inode.type === 'file' && isReadonly(draft, place)) return err('EROFS');
  return isDeaf(inode) ? err('ENXIO') : ok(null);
}

/**
 * Nobody answers at a socket, at a device of major number 0, which has no drivers, nor at the other end of a fifo, where
 * Linux would wait. Source: Linux sock_no_open(), chrdev_open(), blkdev_open().
 */
function isDeaf(inode: Inode): boolean {
  if (inode.type === 'chr' || inode.type === 'blk') return inode.rdev[0] === 0;
  return inode.type === 'sock' || inode.type === 'fifo';
}

/** An existing object: the checks, copy-up for a writer, truncation. */
function openExisting(session: Session, place: Dentry, flags: readonly OpenFlag[]): Result<Dentry> {
  const inode = inodeAt(session, place);
  if (failed(inode)) return inode;
  if (flags.includes('O_PATH'))
    return flags.includes('O_DIRECTORY') && inode.ok.type !== 'dir' ? err('ENOTDIR') : ok(place);
  const allowed = mayOpen(session, place, inode.ok, flags);
  if (failed(allowed)) return allowed;
  if (inode.ok.type !== 'file') return ok(place);
  const truncates = flags.includes('O_TRUNC');
  if (!truncates && !writes(accessOf(flags))) return ok(place);
  return changed(session, place, truncates ? writeEdit(inode.ok, session.task, '') : {});
}

/** A content edit by someone who may write; an empty one is what open for writing does to an overlay: copy up. */
function changed(session: Session, place: Dentry, edit: ReturnType<typeof writeEdit>): Result<Dentry> {
  if (Object.keys(edit).length === 0 && fileSystem(session.draft, place.fs).kind === 'plain') return ok(place);
  const done = perform(session, place.fs, { op: 'edit', path: place.path, edit }, true);
  return failed(done) ? done : ok(place);
}

/** Source: Linux lookup_open(), do_tmpfile(). */
function openCreating(session: Session, path: string, flags: readonly OpenFlag[], mode: number): Result<Dentry> {
  if (flags.includes('O_DIRECTORY')) return err('EINVAL');
  const exclusive = flags.includes('O_EXCL');
  const last = session.toCreate(path, !exclusive && !flags.includes('O_NOFOLLOW'));
  if (failed(last)) return last;
  const { dir, name, slash } = last.ok;
  // What exists for sure is found before a trailing slash is minded.
  if (name === '' || name === '.' || name === '..') return err(exclusive ? 'EEXIST' : 'EISDIR');
  if (slash) return err('EISDIR');
  const below = { ...dir, path: join(dir.path, name) };
  const there = inodeAt(session, below);
  if (failed(there)) {
    if (there.err !== 'ENOENT' || isOrphan(dir.path)) return there;
    if (isReadonly(session.draft, dir)) return err('EROFS');
    const parent = find(session.draft, dir.fs, dir.path);
    if (failed(parent)) return parent;
    const inode = created(parent.ok, file('', { mode: mode & 0o7777 }), session.task);
    const made = perform(session, dir.fs, { op: 'create', path: below.path, inode });
    return failed(made) ? made : ok(below);
  }
  if (exclusive) return err('EEXIST');
  const place = session.resolve(path, { follow: !flags.includes('O_NOFOLLOW') });
  if (failed(place)) return place;
  const object = find(session.draft, place.ok.fs, place.ok.path);
  if (!failed(object) && object.ok.type === 'dir') return err('EISDIR');
  return openExisting(session, place.ok, flags);
}

/** Finds or makes what open(2) opens. */
export function openPlace(session: Session, path: string, flags: readonly OpenFlag[], mode = 0o666): Result<Dentry> {
  if (flags.includes('O_CREAT') && !flags.includes('O_PATH')) return openCreating(session, path, flags, mode);
  const place = session.resolve(path, { follow: !flags.includes('O_NOFOLLOW') });
  return failed(place) ? place : openExisting(session, place.ok, flags);
}

function openTmpfile(session: Session, call: CallOf<'open'>): CallResult {
  const { draft } = session;
  const access = accessOf(call.flags);
  if (!writes(access)) return err('EINVAL');
  const place = session.resolve(call.path);
  if (failed(place)) return place;
  const dir = inodeAt(session, place.ok);
  if (failed(dir)) return dir;
  if (dir.ok.type !== 'dir') return err('ENOTDIR');
  if (isReadonly(draft, place.ok)) return err('EROFS');
  const denied = mayWrite(draft, session.task, place.ok.fs, place.ok.path, dir.ok, 'wx');
  if (denied !== null) return err(denied);
  const up = changed(session, place.ok, {});
  if (failed(up)) return up;
  const inode = created(dir.ok, file('', { mode: (call.mode ?? 0o600) & 0o7777 }), session.task);
  const fs = fileSystem(draft, place.ok.fs);
  const ino = freeIno(fs.inodes, session.id);
  draft.set(`fs:${place.ok.fs}`, { ...fs, inodes: new Map(fs.inodes).set(ino, { inode, links: 0 }) });
  keep(session, call, { ...place.ok, path: ino });
  return ok(null);
}

/** Gives an opened place its descriptor. */
function keep(session: Session, { fd, flags }: CallOf<'open'>, { ns, mount, fs, path }: Dentry): void {
  const { task } = session;
  if (task.fds.has(fd)) throw new Error(`${session.id} opens "${fd}" twice: a program names its descriptors itself`);
  const pin = session.pin(fd);
  session.hold(fs, pin, path);
  const open = { mount, ns, fs, pin, access: accessOf(flags), append: flags.includes('O_APPEND') };
  session.setTask({ ...task, fds: new Map(task.fds).set(fd, open) });
}

export function open(session: Session, call: CallOf<'open'>): CallResult {
  if (call.flags.includes('O_TMPFILE')) return openTmpfile(session, call);
  const place = openPlace(session, call.path, call.flags, call.mode);
  if (failed(place)) return place;
  keep(session, call, place.ok);
  return ok(null);
}

// ---- contents -----------------------------------------------------------------------------------------------------

/** read(2) of everything. A device that can be opened has no contents here, like /dev/null. */
function contents(session: Session, place: Dentry): CallResult {
  const inode = find(session.draft, place.fs, place.path);
  if (failed(inode)) return inode;
  if (inode.ok.type === 'dir') return err('EISDIR');
  return ok(inode.ok.type === 'file' ? inode.ok.content : '');
}

export function read(session: Session, call: CallOf<'read'>): CallResult {
  const place = openPlace(session, call.path, call.nofollow === true ? ['O_RDONLY', 'O_NOFOLLOW'] : ['O_RDONLY']);
  return failed(place) ? place : contents(session, place.ok);
}

/** The content with `data` written at a position in bytes; a gap is filled with NUL. */
function overwritten(content: string, data: string, position: number): string {
  const size = Buffer.byteLength(content);
  if (position === size) return content + data;
  const bytes = Buffer.alloc(Math.max(size, position + Buffer.byteLength(data)));
  bytes.write(content);
  bytes.write(data, position);
  return bytes.toString();
}

/** The content cut or extended to a size in bytes. */
export function resized(content: string, size: number): string {
  const bytes = Buffer.alloc(size);
  bytes.write(content);
  return bytes.toString();
}

function put(session: Session, place: Dentry, data: string, position: number | 'end'): Result<number> {
  const inode = find(session.draft, place.fs, place.path);
  if (failed(inode)) return inode;
  if (inode.ok.type !== 'file') return ok(0);
  const start = position === 'end' ? Buffer.byteLength(inode.ok.content) : position;
  if (data === '') return ok(start);
  const content = overwritten(inode.ok.content, data, start);
  const done = changed(session, place, writeEdit(inode.ok, session.task, content));
  return failed(done) ? done : ok(start + Buffer.byteLength(data));
}

export function write(session: Session, call: CallOf<'write'>): CallResult {
  const flags = call.flags ?? ['O_WRONLY', 'O_CREAT', 'O_TRUNC'];
  let { data } = call;
  if (typeof data !== 'string') {
    const device = session.resolve(data.deviceOf);
    if (failed(device)) return device;
    data = `device ${device.ok.fs}`;
  }
  const place = openPlace(session, call.path, flags, call.mode);
  if (failed(place)) return place;
  if (!writes(accessOf(flags))) return err('EBADF');
  const done = put(session, place.ok, data, flags.includes('O_APPEND') ? 'end' : 0);
  return failed(done) ? done : ok(null);
}

/** Names with the type that readdir(3) gives them. */
const typed = (listing: Listing): readonly (readonly [string, string])[] =>
  [...listing].map(([name, type]) => [name, type === 'dir' || type === 'file' || type === 'symlink' ? type : 'other']);

function entries(session: Session, place: Dentry): CallResult {
  session.undefined ??= unlistable(session.draft, place.fs, place.path);
  const listing = session.list(place.fs, place.path);
  return listing.size === 0 && isRemoved(session.draft, place.fs, place.path) ? err('ENOENT') : ok(typed(listing));
}

export function readdir(session: Session, call: CallOf<'readdir'>): CallResult {
  const place = openPlace(session, call.path, ['O_RDONLY', 'O_DIRECTORY']);
  return failed(place) ? place : entries(session, place.ok);
}

/** stat(2) of a place. */
export function stat(session: Session, place: Dentry): CallResult {
  const inode = find(session.draft, place.fs, place.path);
  if (failed(inode)) return inode;
  const { type, mode, uid, gid } = inode.ok;
  const nlink = linkCount(session.draft, place.fs, place.path);
  const common = { type, mode, uid, gid, nlink };
  if (inode.ok.type === 'file') return ok({ ...common, size: Buffer.byteLength(inode.ok.content) });
  if (inode.ok.type === 'symlink') return ok({ ...common, size: Buffer.byteLength(inode.ok.target) });
  if (inode.ok.type === 'chr' || inode.ok.type === 'blk') return ok({ ...common, rdev: inode.ok.rdev });
  return ok(common);
}

// ---- descriptors --------------------------------------------------------------------------------------------------

type FdCall = CallOf<'fdread' | 'fdstat' | 'fdreaddir' | 'fdclose' | 'fdwrite' | 'fdchmod' | 'fdlock'>;

function close(session: Session, fd: string, open: OpenFile): CallResult {
  const fds = new Map(session.task.fds);
  fds.delete(fd);
  session.setTask({ ...session.task, fds });
  session.release(open);
  return ok(null);
}

/** Remembers the file position of a writer; readers always read from the start. */
function seek(session: Session, fd: string, { offset: _, ...open }: OpenFile, offset: number): void {
  if (open.append || !writes(open.access)) return;
  const { task } = session;
  session.setTask({ ...task, fds: new Map(task.fds).set(fd, offset === 0 ? open : { ...open, offset }) });
}

/**
 * Locks the whole file for this open file, instead of the lock that it has. EAGAIN if another open file has one in the way;
 * then the old one stays. Source: Linux fcntl_setlk(), posix_locks_conflict(); seen on Linux 6.18.
 */
function lock(session: Session, fd: string, held: OpenFile, how: 'shared' | 'exclusive'): CallResult {
  if (!(how === 'shared' ? reads : writes)(held.access)) return err('EBADF');
  const isInTheWay = (other: OpenFile): boolean =>
    other.lock !== undefined &&
    (how === 'exclusive' || other.lock === 'exclusive') &&
    !(other.fs === held.fs && other.pin === held.pin) &&
    isSameFile(session, other, held);
  if (openFiles(session.draft).some(isInTheWay)) return err('EAGAIN');
  const { task } = session;
  session.setTask({ ...task, fds: new Map(task.fds).set(fd, { ...held, lock: how }) });
  return ok(null);
}

function isSameFile({ draft }: Session, a: OpenFile, b: OpenFile): boolean {
  const inode = ({ fs, pin }: OpenFile): string => identity(draft, fs, pinned(fileSystem(draft, fs), pin));
  return a.fs === b.fs && inode(a) === inode(b);
}

export function descriptor(session: Session, call: FdCall): CallResult {
  const held = session.task.fds.get(call.fd);
  if (held === undefined) return err('EBADF');
  if (call.op === 'fdclose') return close(session, call.fd, held);
  const path = pinned(fileSystem(session.draft, held.fs), held.pin);
  const place: Dentry = { ns: held.ns, mount: held.mount, fs: held.fs, path };
  session.seen(place.fs, place.path);
  switch (call.op) {
    case 'fdstat':
      return stat(session, place);
    case 'fdread': {
      // The position goes to the start first, which a descriptor for writing allows, too.
      if (held.access !== 'path') seek(session, call.fd, held, 0);
      if (!reads(held.access)) return err('EBADF');
      const content = contents(session, place);
      if ('ok' in content && typeof content.ok === 'string')
        seek(session, call.fd, held, Buffer.byteLength(content.ok));
      return content;
    }
    case 'fdreaddir': {
      if (held.access === 'path') return err('EBADF');
      const inode = find(session.draft, place.fs, place.path);
      if (failed(inode)) return inode;
      return inode.ok.type === 'dir' ? entries(session, place) : err('ENOTDIR');
    }
    case 'fdwrite': {
      if (!writes(held.access)) return err('EBADF');
      const end = put(session, place, call.data, held.append ? 'end' : (held.offset ?? 0));
      if (failed(end)) return end;
      seek(session, call.fd, held, end.ok);
      return ok(null);
    }
    case 'fdchmod':
      return held.access === 'path' ? err('EBADF') : changeMode(session, place, call.mode);
    case 'fdlock':
      return lock(session, call.fd, held, call.how);
  }
}

/** chmod(2) and fchmod(2) of a place. */
export function changeMode(session: Session, place: Dentry, mode: number): Result {
  if (isReadonly(session.draft, place)) return err('EROFS');
  const inode = find(session.draft, place.fs, place.path);
  if (failed(inode)) return inode;
  const edit = modeEdit(inode.ok, session.task, mode & 0o7777);
  return perform(session, place.fs, { op: 'edit', path: place.path, edit });
}
