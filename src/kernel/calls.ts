import type { FsId, MountFlag, Result } from './types.ts';

/**
 * The system calls a task can make, as data. One call is one step. Where one entry stands for several real calls whose
 * intermediate states nobody else can tell apart, the comment says which.
 */
export type Call =
  // files by name; paths are resolved in the caller's namespace, from its root or cwd, or from what it has open: /proc/self/fd/NAME
  | { op: 'open'; path: string; flags: readonly OpenFlag[]; mode?: number; fd: string }
  | { op: 'read'; path: string; nofollow?: boolean } // open(O_RDONLY), read, close -> content
  | { op: 'write'; path: string; data: string | DeviceOf; mode?: number; flags?: readonly OpenFlag[] } // open(O_WRONLY|O_CREAT|O_TRUNC or flags), write, close
  | { op: 'stat' | 'lstat'; path: string }
  | { op: 'access'; path: string } // open(O_PATH) succeeds: the name exists
  | { op: 'exec'; path: string } // execve of a file -> the effective user and group it runs with; EACCES on a noexec mount
  | { op: 'readdir'; path: string }
  | { op: 'readlink'; path: string }
  | { op: 'mkdir'; path: string; mode: number }
  | { op: 'mkdirAll'; path: string; mode: number } // mkdir -p: one mkdir per missing parent, existing directories are fine
  | { op: 'rmdir' | 'unlink'; path: string }
  | { op: 'removeTree'; path: string } // rm -rf: depth first, names sorted; a missing path is success
  | { op: 'rename'; from: string; to: string; flags?: readonly RenameFlag[] }
  | { op: 'link'; from: string; to: string }
  | { op: 'symlink'; target: string; path: string }
  | {
      op: 'mknod';
      path: string;
      type: 'file' | 'chr' | 'blk' | 'fifo' | 'sock';
      mode: number;
      rdev?: readonly [number, number];
    }
  | { op: 'chmod'; path: string; mode: number }
  | { op: 'lchown' | 'chown'; path: string; uid: number; gid: number }
  | { op: 'utimes'; path: string; mtime: number }
  | { op: 'mtime'; path: string }
  | { op: 'truncate'; path: string; size: number }
  | { op: 'setxattr'; path: string; name: string; value: string }
  | { op: 'getxattr' | 'removexattr'; path: string; name: string }
  | { op: 'listxattr'; path: string }
  | { op: 'sameino'; from: string; to: string }
  | { op: 'chdir'; path: string }
  // files by descriptor; fdread goes to the start and reads everything
  | { op: 'fdread' | 'fdstat' | 'fdreaddir' | 'fdclose'; fd: string }
  | { op: 'fdwrite'; fd: string; data: string }
  | { op: 'fdchmod'; fd: string; mode: number }
  | { op: 'fdlock'; fd: string; how: 'shared' | 'exclusive' } // fcntl F_OFD_SETLK, the whole file: EAGAIN instead of waiting
  // mounts
  | (NewMount & { path: string })
  | { op: 'mount-bind'; from: string; path: string; recursive?: boolean }
  | { op: 'mount-move'; from: string; path: string; beneath?: boolean } // MS_MOVE; beneath: move_mount(2), MOVE_MOUNT_BENEATH: under the topmost mount there
  | { op: 'mount-flags'; path: string; set: readonly MountFlag[]; clear?: readonly MountFlag[]; recursive?: boolean } // mount_setattr
  | { op: 'mount-remount'; path: string; flags: readonly MountFlag[]; bind?: boolean } // MS_REMOUNT: all flags of the mount are replaced, and "ro" goes for the file system, too; not so with MS_BIND
  | { op: 'mount-propagation'; path: string; to: Propagation; recursive?: boolean }
  | { op: 'umount'; path: string; detach?: boolean; nofollow?: boolean } // umount2: MNT_DETACH, UMOUNT_NOFOLLOW
  | { op: 'open-tree'; path: string; tree: string; recursive?: boolean; private?: boolean } // open_tree(OPEN_TREE_CLONE|AT_RECURSIVE), then mount_setattr to private, both unless said otherwise: a detached clone, held under the name `tree`
  | { op: 'new-tree'; tree: string; mount: NewMount } // fsmount: a new mount that is nowhere yet. The flags are those of the mount, not of the file system
  | { op: 'move-tree'; tree: string; path: string; beneath?: boolean } // move_mount of such a tree
  | { op: 'close-tree'; tree: string }
  // processes
  | { op: 'unshare' } // a copy of the caller's mount namespace, with propagation kept; the caller moves into it
  | { op: 'leave'; status: number | string; trees?: readonly string[] } // the child in its own namespace ends, the caller is the parent again: back in the namespace it came from, and the copy dies. `trees` had been sent to the parent through a socket (SCM_RIGHTS), who holds them now
  | { op: 'exit' };

/** A file system that is mounted for the first time, without the place. */
export type NewMount =
  | { op: 'mount-device'; source: FsId; flags?: readonly MountFlag[] } // mount(2) of an image's file system that the world has in slot `source`
  | { op: 'mount-tmpfs'; flags?: readonly MountFlag[]; mode?: number }
  | {
      op: 'mount-overlay';
      source: string;
      lowers: readonly LayerPath[];
      upper?: LayerPath;
      work?: LayerPath;
      redirectDir?: 'on' | 'off' | 'follow' | 'nofollow';
      index?: 'off'; // the kernel's default, and the only value that is modelled
      flags?: readonly MountFlag[];
    }
  | {
      op: 'mount-overlay-data'; // mount(2) with a string of options, or the options one by one: fsopen(2), fsconfig(2), fsmount(2), move_mount(2)
      source: string;
      data: string | readonly Option[];
      flags?: readonly MountFlag[]; // in the second form, those of the mount alone (MOUNT_ATTR_*)
    };

type WithOp<C, O> = C extends { readonly op: infer P } ? (Extract<P, O> extends never ? never : C) : never;
/** The calls that have one of the ops, perhaps among others of the same shape. */
export type CallOf<O extends Call['op']> = WithOp<Call, O>;

export type OpenFlag =
  | 'O_RDONLY'
  | 'O_WRONLY'
  | 'O_RDWR'
  | 'O_CREAT'
  | 'O_EXCL'
  | 'O_TRUNC'
  | 'O_APPEND'
  | 'O_DIRECTORY'
  | 'O_NOFOLLOW'
  | 'O_PATH'
  | 'O_TMPFILE';
export type RenameFlag = 'NOREPLACE' | 'EXCHANGE' | 'WHITEOUT';
export type Propagation = 'shared' | 'slave' | 'private' | 'unbindable';
/** A mount option: a name and its value, null where it has none (FSCONFIG_SET_FLAG). */
export type Option = readonly [key: string, value: string | null];
/** A layer directory: where it is in the caller's namespace, and what people know it by ("upper", "ext:a", "host"). */
export interface LayerPath {
  readonly path: string;
  readonly name: string;
}

/** What stat(2) tells, without numbers that differ between equal states. */
export interface Stat {
  readonly type: 'dir' | 'file' | 'symlink' | 'chr' | 'blk' | 'fifo' | 'sock';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size?: number;
  readonly nlink: number;
  readonly rdev?: readonly [number, number];
}

/** A value a call can return. */
export type Value =
  | null
  | boolean
  | number
  | string
  | Stat
  | { readonly uid: number; readonly gid: number }
  | readonly (readonly [string, string])[]
  | readonly string[];
export type CallResult = Result<Value>;

/** File contents that name the device of what is mounted at a path; stored as the text `device FSID`, never shown to programs. */
export interface DeviceOf {
  readonly deviceOf: string;
}
