import type { Inode, Judged } from './types.ts';

/** Discretionary access control. Source: Linux generic_permission(), acl_permission_check(). */

/** Whose rights count: the file system user and group of a task. There are no supplementary groups. */
export interface Credentials {
  readonly uid: number;
  readonly gid: number;
}

const BITS = { r: 4, w: 2, x: 1 } as const;

/** Capabilities in this model are those of root. */
export const isRoot = (who: Credentials): boolean => who.uid === 0;

/** An overlay's inode has attributes of its own, which lag behind those of a layer that somebody else edits. Source: Linux ovl_permission(). */
const judgedBy = (inode: Inode): Judged => inode.judged ?? inode;

/** Whether the mode of an inode grants every right in `want`. Root needs an x bit only to execute a file. */
export function permits(inode: Inode, who: Credentials, want: 'r' | 'w' | 'x' | 'rw' | 'wx'): boolean {
  const { mode, uid, gid } = judgedBy(inode);
  if (isRoot(who)) return want !== 'x' || inode.type === 'dir' || (mode & 0o111) !== 0;
  const shift = uid === who.uid ? 6 : gid === who.gid ? 3 : 0;
  let need = 0;
  for (const right of want) if (right === 'r' || right === 'w' || right === 'x') need |= BITS[right];
  return ((mode >> shift) & need) === need;
}

/** In a sticky directory only the owners of the entry and of the directory may remove it. Source: Linux __check_sticky(). */
export const stickyDenies = (directory: Inode, entry: Inode, who: Credentials): boolean =>
  (judgedBy(directory).mode & 0o1000) !== 0 &&
  !isRoot(who) &&
  judgedBy(entry).uid !== who.uid &&
  judgedBy(directory).uid !== who.uid;
