import { find, findNode, identity, isWhiteout, lookup } from './lookup.ts';
import { type Credentials, isRoot, permits, stickyDenies } from './permission.ts';
import { get, isEmptyAt, isOrphan, isWithin, parentOf, type TreeChange } from './tree.ts';
import { type Errno, err, type FsId, failed, type Inode, ok, type Path, type PlainFs, type Result } from './types.ts';
import { fileSystem, type Read } from './world.ts';

/**
 * What the kernel does with a file system once a path has been walked: the checks of the VFS, which are the same for
 * every file system, and the plans of a plain one (those of an overlay are in overlay.ts). A plan is a list of changes
 * and changes nothing. Source: Linux fs/namei.c vfs_*(), fs/attr.c, fs/xattr.c.
 */

/** New attributes or content for an inode; what is left out stays. */
export interface Edit {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds; an edit of the content sets it to 0, the unmodelled clock. */
  readonly mtime?: number;
  readonly content?: string;
  /** The value null removes it. */
  readonly xattr?: readonly [name: string, value: string | null];
}

/** An operation of the VFS on one file system, with its paths walked. */
export type Operation =
  | { readonly op: 'create'; readonly path: Path; readonly inode: Inode }
  | { readonly op: 'unlink' | 'rmdir'; readonly path: Path }
  | { readonly op: 'rename'; readonly from: Path; readonly to: Path; readonly exchange: boolean }
  | { readonly op: 'link'; readonly from: Path; readonly to: Path }
  | { readonly op: 'edit'; readonly path: Path; readonly edit: Edit };

/** The changes an operation makes, and its result. A failure may leave changes behind (see overlay.ts). */
export interface Plan {
  readonly changes: readonly TreeChange[];
  readonly result: Result;
  /** Why the outcome is not what this model can tell. */
  readonly undefined?: string;
}

/** The inode after an edit. */
export function edited(inode: Inode, edit: Edit): Inode {
  const { mode, uid, gid, mtime, content, xattr } = edit;
  let next: Inode = {
    ...inode,
    mode: mode ?? inode.mode,
    uid: uid ?? inode.uid,
    gid: gid ?? inode.gid,
    mtime: mtime ?? (content === undefined ? inode.mtime : 0),
  };
  if (content !== undefined && next.type === 'file') next = { ...next, content };
  if (xattr === undefined) return next;
  const xattrs = new Map(inode.xattrs);
  if (xattr[1] === null) xattrs.delete(xattr[0]);
  else xattrs.set(xattr[0], xattr[1]);
  return { ...next, xattrs };
}

// ---- the checks of the VFS ----------------------------------------------------------------------------------------

/**
 * Permission to write an inode: the mode grants it, and what is in the upper layer of an overlay is asked as well, so that
 * it is EROFS when that file system was made read-only below. Source: Linux inode_permission(), ovl_permission().
 */
export function mayWrite(
  world: Read,
  who: Credentials,
  id: FsId,
  path: Path,
  inode: Inode,
  want: 'w' | 'wx',
): Errno | null {
  if (!permits(inode, who, want)) return 'EACCES';
  const fs = fileSystem(world, id);
  if (inode.type !== 'file' && inode.type !== 'dir') return null;
  if (fs.kind === 'plain' || fs.upper === null || !fileSystem(world, fs.upper.fs).readonly) return null;
  const node = findNode(world, fs, path);
  return !failed(node) && node.ok.parts[0].layer === 0 ? 'EROFS' : null;
}

/** May a name be added to the directory? Source: Linux may_create(). */
function mayCreate(world: Read, who: Credentials, fs: FsId, path: Path): Errno | null {
  const directory = find(world, fs, parentOf(path));
  if (failed(directory) || isOrphan(path)) return 'ENOENT';
  const there = find(world, fs, path);
  if (!failed(there)) return 'EEXIST';
  if (there.err !== 'ENOENT') return there.err;
  return mayWrite(world, who, fs, parentOf(path), directory.ok, 'wx');
}

/** May a name go from its directory, as a directory or as something else? Source: Linux may_delete(). */
function mayDelete(world: Read, who: Credentials, fs: FsId, path: Path, isDirectory: boolean): Errno | null {
  const directory = find(world, fs, parentOf(path));
  const victim = find(world, fs, path);
  if (failed(victim)) return victim.err;
  if (failed(directory)) return directory.err;
  const denied = mayWrite(world, who, fs, parentOf(path), directory.ok, 'wx');
  if (denied !== null) return denied;
  if (stickyDenies(directory.ok, victim.ok, who)) return 'EPERM';
  if (isDirectory) return victim.ok.type === 'dir' ? null : 'ENOTDIR';
  return victim.ok.type === 'dir' ? 'EISDIR' : null;
}

/**
 * Two names of one inode in the VFS's eyes. Two names of one *lower* inode are two inodes to an overlay, because the
 * first copy-up would break the link (without the index feature). Source: Linux ovl_get_inode().
 */
export function sameInode(world: Read, id: FsId, a: Path, b: Path): boolean {
  if (a === b) return true;
  const fs = fileSystem(world, id);
  if (fs.kind === 'overlay')
    for (const path of [a, b]) {
      const node = findNode(world, fs, path);
      if (failed(node) || node.ok.parts[0].layer !== 0) return false;
    }
  return lookup(world, id, b) !== undefined && identity(world, id, a) === identity(world, id, b);
}

/** Source: Linux do_renameat2() from the lock on, vfs_rename(). The value false: nothing to do, which is a success. */
function checkRename(
  world: Read,
  who: Credentials,
  fs: FsId,
  { from, to, exchange }: Operation & { readonly op: 'rename' },
): Result<boolean> {
  const source = find(world, fs, from);
  if (failed(source)) return source;
  const target = find(world, fs, to);
  if (failed(target) && (exchange || target.err !== 'ENOENT')) return target;
  if (to !== from && isWithin(to, from)) return err('EINVAL');
  if (to !== from && isWithin(from, to)) return err(exchange ? 'EINVAL' : 'ENOTEMPTY');
  if (sameInode(world, fs, from, to)) return ok(false);
  const isDirectory = source.ok.type === 'dir';
  const denied = mayDelete(world, who, fs, from, isDirectory);
  if (denied !== null) return err(denied);
  const occupied = failed(target)
    ? mayCreate(world, who, fs, to)
    : mayDelete(world, who, fs, to, exchange ? target.ok.type === 'dir' : isDirectory);
  if (occupied !== null) return err(occupied);
  if (parentOf(from) === parentOf(to)) return ok(true);
  // A directory that gets another parent is written: its ".." changes.
  if (isDirectory && !permits(source.ok, who, 'w')) return err('EACCES');
  if (exchange && !failed(target) && target.ok.type === 'dir' && !permits(target.ok, who, 'w')) return err('EACCES');
  return ok(true);
}

/** With fs.protected_hardlinks=1, as systemd sets it, one links what one owns, or a file one may read and write. Source: Linux may_linkat(). */
const mayLink = (inode: Inode, who: Credentials): boolean =>
  isRoot(who) ||
  inode.uid === who.uid ||
  (inode.type === 'file' &&
    (inode.mode & 0o4000) === 0 &&
    (inode.mode & 0o2010) !== 0o2010 &&
    permits(inode, who, 'rw'));

function checkLink(world: Read, who: Credentials, fs: FsId, from: Path, to: Path): Errno | null {
  const source = find(world, fs, from);
  if (failed(source)) return source.err;
  if (!mayLink(source.ok, who)) return 'EPERM';
  const denied = mayCreate(world, who, fs, to);
  if (denied !== null) return denied;
  return source.ok.type === 'dir' ? 'EPERM' : null;
}

/** Devices need CAP_MKNOD, except the one that looks like a whiteout. Source: Linux vfs_mknod(). */
function mayMake(inode: Inode, who: Credentials): Errno | null {
  const isDevice = inode.type === 'blk' || (inode.type === 'chr' && !isWhiteout(inode));
  return isDevice && !isRoot(who) ? 'EPERM' : null;
}

/** What the VFS says before the file system is asked; false means that there is nothing to do. */
export function check(world: Read, who: Credentials, fs: FsId, operation: Operation): Result<boolean> {
  let denied: Errno | null = null;
  if (operation.op === 'rename') return checkRename(world, who, fs, operation);
  if (operation.op === 'create') denied = mayCreate(world, who, fs, operation.path) ?? mayMake(operation.inode, who);
  if (operation.op === 'unlink') denied = mayDelete(world, who, fs, operation.path, false);
  if (operation.op === 'rmdir') denied = mayDelete(world, who, fs, operation.path, true);
  if (operation.op === 'link') denied = checkLink(world, who, fs, operation.from, operation.to);
  if (operation.op === 'edit') denied = checkEdit(world, who, fs, operation.path, operation.edit);
  return denied === null ? ok(true) : err(denied);
}

// ---- attributes ---------------------------------------------------------------------------------------------------

/** Source: Linux setattr_prepare() for mode, owner and explicit times; writing has been checked at open or truncate. */
function checkEdit(world: Read, who: Credentials, fs: FsId, path: Path, edit: Edit): Errno | null {
  const inode = find(world, fs, path);
  if (failed(inode)) return inode.err;
  const { mode, uid, gid, mtime, xattr } = edit;
  if (xattr !== undefined) return checkXattr(world, who, fs, path, inode.ok, xattr);
  if (isRoot(who) || inode.ok.uid === who.uid) {
    if (isRoot(who)) return null;
    const givesAway = (uid !== undefined && uid !== inode.ok.uid) || (gid !== undefined && gid !== who.gid);
    return givesAway && (uid !== inode.ok.uid || gid !== inode.ok.gid) ? 'EPERM' : null;
  }
  if (edit.content !== undefined) return null;
  // utimes(path, NULL) needs no more than the right to write.
  if (mtime === 0 && mode === undefined) return permits(inode.ok, who, 'w') ? null : 'EACCES';
  return 'EPERM';
}

/** The namespaces of xattr(7) that take any name; "system." has access control lists only, which the model leaves out. */
export const isXattrName = (name: string): boolean => /^(user|trusted|security)\./.test(name);

/** Source: Linux xattr_permission(), xattr_resolve_name(). */
function checkXattr(
  world: Read,
  who: Credentials,
  fs: FsId,
  path: Path,
  inode: Inode,
  [name, value]: readonly [string, string | null],
): Errno | null {
  if (!isXattrName(name)) {
    if (!name.startsWith('system.') && !permits(inode, who, 'w')) return 'EACCES';
    return fileSystem(world, fs).kind === 'plain' ? 'EOPNOTSUPP' : null;
  }
  if (!name.startsWith('user.') && !isRoot(who)) return 'EPERM';
  if (name.startsWith('user.')) {
    if (inode.type !== 'file' && inode.type !== 'dir') return 'EPERM';
    if (inode.type === 'dir' && (inode.mode & 0o1000) !== 0 && !isRoot(who) && inode.uid !== who.uid) return 'EPERM';
    const denied = mayWrite(world, who, fs, path, inode, 'w');
    if (denied !== null) return denied;
  }
  return value === null && lookup(world, fs, path)?.xattrs.has(name) !== true ? 'ENODATA' : null;
}

/** Whether a value may be read; what exists for root only is not there for others. Source: Linux vfs_getxattr(), xattr_permission(). */
export function mayReadXattr(inode: Inode, who: Credentials, name: string): Errno | null {
  if (name.startsWith('security.')) return null;
  if (name.startsWith('system.')) return 'EOPNOTSUPP';
  if (name.startsWith('trusted.') && !isRoot(who)) return 'ENODATA';
  if (name.startsWith('user.') && inode.type !== 'file' && inode.type !== 'dir') return 'ENODATA';
  if (!permits(inode, who, 'r')) return 'EACCES';
  return isXattrName(name) ? null : 'EOPNOTSUPP';
}

/** Whether a caller may keep set-group-id on what has a group. Source: Linux in_group_or_capable(). */
const inGroup = (who: Credentials, gid: number): boolean => isRoot(who) || who.gid === gid;

/**
 * The mode that is left after a change by `who` through content or owner: set-id bits go, but set-group-id without the
 * right to execute only for strangers to the group. Source: Linux setattr_should_drop_suidgid(), setattr_should_drop_sgid().
 */
function withoutSetId({ type, mode, gid }: Inode, who: Credentials): number {
  const sgid = (mode & 0o0010) !== 0 || !inGroup(who, gid) ? 0o2000 : 0;
  return type === 'dir' ? mode : mode & ~0o4000 & ~sgid;
}

/** What a change through content or owner takes away: file capabilities. Source: Linux cap_inode_killpriv(). */
const withoutCapabilities = ({ type, xattrs }: Inode): Edit =>
  type !== 'dir' && xattrs.has('security.capability') ? { xattr: ['security.capability', null] } : {};

/** The edit of a write or truncate: new content, no set-id bits unless root writes, no file capabilities. Source: file_remove_privs(). */
export function writeEdit(inode: Inode, who: Credentials, content: string): Edit {
  const mode = isRoot(who) ? inode.mode : withoutSetId(inode, who);
  return { content, ...(mode === inode.mode ? {} : { mode }), ...withoutCapabilities(inode) };
}

/** The edit of chmod(2): set-group-id goes when the caller is not in the group. Source: Linux setattr_prepare(). */
export function modeEdit(inode: Inode, who: Credentials, mode: number): Edit {
  return { mode: inGroup(who, inode.gid) ? mode : mode & ~0o2000 };
}

/** The edit of chown(2), which clears set-id bits and capabilities even for root. Source: Linux chown_common(). */
export function ownerEdit(inode: Inode, who: Credentials, uid: number, gid: number): Edit {
  const mode = withoutSetId(inode, who);
  return { uid, gid, ...(mode === inode.mode ? {} : { mode }), ...withoutCapabilities(inode) };
}

/** A new inode as a directory gives it to its creator: umask, and what a set-group-id directory passes on. Source: inode_init_owner(). */
export function created<I extends Inode>(parent: Inode, inode: I, who: Credentials & { readonly umask: number }): I {
  const inherits = (parent.mode & 0o2000) !== 0;
  let mode = inode.type === 'symlink' ? 0o777 : inode.mode & ~who.umask;
  if (inherits && inode.type === 'dir') mode |= 0o2000;
  else if (inherits && (mode & 0o2010) === 0o2010 && !inGroup(who, parent.gid)) mode &= ~0o2000;
  return { ...inode, mode, uid: who.uid, gid: inherits ? parent.gid : who.gid };
}

// ---- plain file systems -------------------------------------------------------------------------------------------

/** The changes an operation makes in a plain file system, after {@link check}. */
export function planPlain(id: FsId, fs: PlainFs, operation: Operation): Plan {
  const one = (change: TreeChange): Plan => ({ changes: [change], result: ok(null) });
  const none = (errno: Errno): Plan => ({ changes: [], result: err(errno) });
  switch (operation.op) {
    case 'create':
      return one({ do: 'create', fs: id, path: operation.path, inode: operation.inode });
    case 'unlink':
      return one({ do: 'remove', fs: id, path: operation.path });
    case 'rmdir':
      if (!isEmptyAt(fs, operation.path)) return none('ENOTEMPTY');
      return one({ do: 'remove', fs: id, path: operation.path });
    case 'rename': {
      const { from, to, exchange } = operation;
      if (!exchange && !isEmptyAt(fs, to)) return none('ENOTEMPTY');
      return one({ do: exchange ? 'exchange' : 'move', fs: id, from, to });
    }
    case 'link':
      return one({ do: 'link', fs: id, from: operation.from, to: operation.to });
    case 'edit': {
      const inode = get(fs, operation.path);
      if (inode === undefined) return none('ENOENT');
      return one({ do: 'replace', fs: id, path: operation.path, inode: edited(inode, operation.edit) });
    }
  }
}
