import type { Dentries } from './dentries.ts';

/**
 * The values a world is made of. Everything here is immutable and compares by structure: two worlds in which the same
 * things are true are equal, whatever happened before. A *component* (a file system, a mount namespace, the kernel's
 * side of a process) lives in a *slot* with a fixed name; {@link Draft} is how a step reads and replaces components.
 */

/** The errno names the model can return. Source: errno(3). */
export type Errno =
  | 'EACCES'
  | 'EAGAIN'
  | 'EBADF'
  | 'EBUSY'
  | 'EEXIST'
  | 'EINTR'
  | 'EINVAL'
  | 'EIO'
  | 'EISDIR'
  | 'ELOOP'
  | 'EMLINK'
  | 'ENAMETOOLONG'
  | 'ENODATA'
  | 'ENOENT'
  | 'ENOMEM'
  | 'ENOSPC'
  | 'ENOSYS'
  | 'ENOTDIR'
  | 'ENOTEMPTY'
  | 'ENXIO'
  | 'EOPNOTSUPP'
  | 'EPERM'
  | 'EROFS'
  | 'ESTALE'
  | 'ETXTBSY'
  | 'EXDEV';

/** What a call gives: a value or an errno, never an exception (those mean a broken model). */
export type Result<T = null> = { readonly ok: T } | { readonly err: Errno };

export const ok = <T>(value: T): { readonly ok: T } => ({ ok: value });
export const err = (errno: Errno): { readonly err: Errno } => ({ err: errno });
export const failed = <T>(result: Result<T>): result is { readonly err: Errno } => 'err' in result;

/** Names inside a file system are absolute paths without a trailing slash; the root is "". "/a/b" has the parent "/a". */
export type Path = string;

export interface Attributes {
  /** Permission, set-id and sticky bits (07777). */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds; 0 stands for "set by an unmodelled clock" and is what new and changed inodes have. */
  readonly mtime: number;
  readonly xattrs: ReadonlyMap<string, string>;
  /** Only of an inode that an overlay shows, never of a stored one: what permission is judged by, where that is not the above. */
  readonly judged?: Judged;
}
/** The attributes that decide about permission. */
export interface Judged {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}
export interface Directory extends Attributes {
  readonly type: 'dir';
  readonly entries: ReadonlyMap<string, Entry>;
  /**
   * A name for this very directory where it matters which one it is (an extension's top directory: systemd compares
   * its inode's birth). It moves with a rename and survives edits; a directory that is made anew has none.
   */
  readonly birth?: string;
}
export interface Regular extends Attributes {
  readonly type: 'file';
  readonly content: string;
}
export interface Symlink extends Attributes {
  readonly type: 'symlink';
  readonly target: string;
}
/** A device, fifo or socket. A whiteout is literally the character device 0/0. Source: Documentation/filesystems/overlayfs.rst. */
export interface Special extends Attributes {
  readonly type: 'chr' | 'blk' | 'fifo' | 'sock';
  readonly rdev: readonly [number, number];
}
export type Inode = Directory | Regular | Symlink | Special;
export type NonDirectory = Regular | Symlink | Special;
/** A directory entry for an inode that has more than one name: the inode itself is in {@link PlainFs.inodes}. */
export interface Link {
  readonly type: 'link';
  readonly ino: InoId;
}
export type Entry = Inode | Link;

/** "creator.index": the lowest index that its creator has free, so that equal states are equal. */
export type InoId = string;
export type FsId = string;
export type NsId = string;
export type TaskId = string;
export type MountId = string;
/** Who holds a dentry: "reader:fd3", "reader:cwd", "overlay refresh.1:upper". Each holder has a pin of its own. */
export type PinId = string;

/**
 * Where a held dentry is now: a path that follows renames made through this file system, or, once unlinked, the inode
 * that lives on until the last pin goes. Source: Linux d_move(), d_delete().
 */
export type Pin = { readonly path: Path } | { readonly ino: InoId };

/** An inode that is not in a directory entry. */
export interface HeldInode {
  readonly inode: Inode;
  readonly links: number;
  /** Of an overlay: it was unlinked before it had been copied up. Where it was, and the link count that it shows. */
  readonly lower?: { readonly at: Path; readonly links: number };
}

export interface PlainFs {
  readonly kind: 'plain';
  /** As in /proc/mounts: "ext4", "tmpfs". */
  readonly type: string;
  readonly root: Directory;
  /** Inodes with several names (`links` > 1), and unlinked ones that a pin holds (`links` = 0). */
  readonly inodes: ReadonlyMap<InoId, HeldInode>;
  readonly pins: ReadonlyMap<PinId, Pin>;
  /** The superblock is read-only. */
  readonly readonly: boolean;
}

/** One layer of an overlay: a directory that the instance holds by a pin in that file system. */
export interface Layer {
  readonly fs: FsId;
  readonly pin: PinId;
  /** What users know it by: "upper", "meta", "import", "ext:a", "host". */
  readonly name: string;
}
export interface OverlayOptions {
  /** "on" and "follow" follow redirects, "off" does so too while redirect_always_follow=Y, the default. */
  readonly redirectDir: 'on' | 'off' | 'follow' | 'nofollow';
  /** The overlay's own xattrs are "user.overlay.*", not "trusted.overlay.*"; left out while it is false. */
  readonly userxattr?: boolean;
}
export interface OverlayFs {
  readonly kind: 'overlay';
  /** Mount source as in /proc/mounts: "confext". */
  readonly source: string;
  /** Top to bottom. */
  readonly lowers: readonly Layer[];
  /** Data-only lower layers, which are held and never looked at; left out where there are none. */
  readonly data?: readonly Layer[];
  readonly upper: Layer | null;
  readonly work: Layer | null;
  /** The directory `work` in that, in which objects are made; left out where none could be made. Another mount may remove it. */
  readonly workdir?: Layer;
  readonly options: OverlayOptions;
  readonly readonly: boolean;
  readonly inodes: PlainFs['inodes'];
  readonly pins: ReadonlyMap<PinId, Pin>;
  /**
   * Names that were looked up, found or not, and have a dentry: their objects stay what they were. The top always has.
   * A search remembers only those that an edit of a layer may concern.
   */
  readonly seen: Dentries;
  /** Of those, the ones changed in a layer behind this instance's back. Observing one is undefined. */
  readonly marks: ReadonlyMap<Path, Mark>;
  /** What a directory that somebody has open is still said to hold; left out while there is none. */
  readonly listings?: ReadonlyMap<Path, ReadonlyMap<string, Inode['type']>>;
}
/** What has become of a name in the layers since it was looked up. */
export interface Mark {
  readonly how: 'added' | 'removed' | 'changed';
  /** What its dentry still has; left out where a fresh lookup finds the very same objects, edited in place. */
  readonly kept?: Kept;
  /** What its inode in the overlay still has of what was changed in the object; left out where that is the same. */
  readonly judged?: Judged;
}
/** The objects that a dentry of an overlay holds although a fresh lookup would find others. Source: Linux struct ovl_entry. */
export interface Kept {
  /** Top to bottom, each by a pin in its file system; none if the name was not found. */
  readonly parts: readonly { readonly layer: number; readonly fs: FsId; readonly pin: PinId }[];
  /** The upper directory is opaque; or there was a whiteout in upper. */
  readonly opaque: boolean;
  readonly redirect: string | null;
}
export type FileSystem = PlainFs | OverlayFs;

/** Source: mount_namespaces(7), mount(2). */
export type MountFlag = 'ro' | 'nosuid' | 'nodev' | 'noexec' | 'noatime';
export interface Mount {
  readonly fs: FsId;
  /** The directory or file of `fs` that is shown; "" is its root. Once that is removed, the inode, by a pin of the mount's own. */
  readonly root: Path;
  /** The mount it is on; null for the namespace's root and for a detached mount that a descriptor or cwd still holds. */
  readonly parent: MountId | null;
  /** The mount point: a path in the *file system* of the parent mount (not relative to the parent's root). */
  readonly at: Path;
  readonly flags: readonly MountFlag[];
  /** The peer group it belongs to (MS_SHARED), and the one it receives from (MS_SLAVE). */
  readonly shared: string | null;
  readonly master: string | null;
  readonly unbindable: boolean;
}
export interface Namespace {
  readonly kind: 'ns';
  readonly root: MountId;
  /** By id; the order means nothing. Of two mounts on one place, the later is a child of the earlier. */
  readonly mounts: ReadonlyMap<MountId, Mount>;
  /** Its root was unmounted lazily: there is nothing in it, and its tasks stand in what is only held. Else left out. */
  readonly unmounted?: true;
}

export interface OpenFile {
  readonly mount: MountId;
  readonly ns: NsId;
  readonly fs: FsId;
  readonly pin: PinId;
  readonly access: 'r' | 'w' | 'rw' | 'path';
  readonly append: boolean;
  /** Where the next write goes, in bytes; kept for writers only, and left out while it is 0. */
  readonly offset?: number;
  /** It has the whole file locked; left out where it has not. Source: fcntl(2), open file description locks. */
  readonly lock?: 'shared' | 'exclusive';
}
/** A directory that a task stands in: its working directory or its root. */
export interface Place {
  readonly mount: MountId;
  readonly ns: NsId;
  readonly fs: FsId;
  readonly pin: PinId;
}
/** What a parent that waits for its child still has: where it stands and what it has open. */
export interface Home {
  readonly ns: NsId;
  readonly cwd: Place | null;
  readonly root: Place | null;
  readonly fds: ReadonlyMap<string, OpenFile>;
}
/** The kernel's side of a process. */
export interface Task {
  readonly kind: 'task';
  readonly ns: NsId;
  readonly cwd: Place | null;
  readonly root: Place | null;
  readonly fds: ReadonlyMap<string, OpenFile>;
  /** Detached trees that it holds (open_tree, fsmount): name -> their root mount, which has no parent, in namespace `ns`. */
  readonly trees: ReadonlyMap<string, MountId>;
  /** What `unshare` left behind and `leave` returns to; null outside a child. */
  readonly home: Home | null;
  readonly uid: number;
  readonly gid: number;
  readonly umask: number;
}

export type Slot = `fs:${FsId}` | `ns:${NsId}` | `task:${TaskId}`;
export type Component = FileSystem | Namespace | Task | null;

/** What a step did, for the story: edits of file systems as they were applied, and of mount tables. */
export type Change =
  | { readonly do: 'create' | 'replace'; readonly fs: FsId; readonly path: Path; readonly inode: Inode }
  | { readonly do: 'remove'; readonly fs: FsId; readonly path: Path }
  | { readonly do: 'move' | 'exchange' | 'link'; readonly fs: FsId; readonly from: Path; readonly to: Path }
  | { readonly do: 'mount' | 'unmount'; readonly ns: NsId; readonly at: string; readonly fs: FsId }
  | { readonly do: 'flags' | 'propagation'; readonly ns: NsId; readonly at: string; readonly now: string };

/** One thing Linux may do with a call. `undefined` says why the kernel's documentation promises nothing here. */
export interface Outcome<R> {
  readonly writes: readonly (readonly [Slot, Component])[];
  readonly result: R;
  readonly changes: readonly Change[];
  readonly undefined?: string;
}
