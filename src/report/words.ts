/** System calls, results and changes in the words a kernel or systemd developer would use. */

import { namesOf } from '../../models/systemd/discovery.ts';
import { TOLD } from '../../models/systemd/verbs.ts';
import type { Call, CallResult, NewMount } from '../kernel/calls.ts';
import type { Change, FsId, Inode } from '../kernel/types.ts';
import type { Read } from '../kernel/world.ts';
import type { LinuxCall, Step } from '../program/linux.ts';

const octal = (mode: number): string => `0${mode.toString(8)}`;
/** Contents in a few characters; of a hash, enough to tell two apart. */
export const short = (text: string): string =>
  text.startsWith('sha256:')
    ? text.slice(0, 15)
    : text.length > 24
      ? `${JSON.stringify(text.slice(0, 21)).slice(0, -1)}…"`
      : JSON.stringify(text);
/** A path of the private workspace, without the part that all of them share. */
const at = (path: string): string => path.replace('/run/systemd/sysext/', 'workspace:');

/** A question that a program asks about the world, as the work the real program does to answer it. */
const QUESTIONS: Readonly<Record<string, string>> = {
  discover: 'look for extensions and read their metadata',
  linked: 'fstat: is it still there?',
  suitable: 'compare them with os-release',
  ours: 'is the mount on it one of ours?',
  chase: 'follow its symlinks',
  hierarchy: 'follow its symlinks, stat',
  'first-line': 'open, read a line',
  submounts: 'read /proc/self/mountinfo',
  origin: 'read the origin file',
  content: 'has the extension anything for it?',
  'has-entries': 'is it a directory with entries?',
  'is-directory': 'stat',
  'block-device': 'stat: which block device is it on?',
  'mutable-kind': 'look at the mutable directory',
  'same-mode': 'compare the permission bits',
  'configured-mode': 'read the configuration',
  'free-work-name': 'draw 64 random bits',
  'upper-fits': 'statfs: is it writable, and on the file system of the work directory?',
  reloads: 'does an extension ask for a reload?',
  status: 'read the list of extensions',
};
/** Of these the arguments tell nothing that a reader would look for. */
const PLAIN: ReadonlySet<string> = new Set(['discover', 'suitable', 'configured-mode', 'reloads']);

/** One call in one line. */
export function callText(call: LinuxCall): string {
  if (call.op === 'ask') {
    const paths = call.args
      .filter((arg) => typeof arg === 'string' && arg.startsWith('/'))
      .map((arg) => at(String(arg)));
    const about = paths.length > 0 && !PLAIN.has(call.question) ? ` (${paths.join(', ')})` : '';
    return `${QUESTIONS[call.question] ?? call.question}${about}`;
  }
  if (call.op !== 'event') return kernelCall(call);
  if (call.what.startsWith(TOLD)) return `tell the caller: ${call.what.slice(TOLD.length)}`;
  return call.what.startsWith('exit ') ? call.what : `ask the service manager: ${call.what}`;
}

/** How a step tells that a process, or the child of one, is killed; undefined for all other steps. */
export const killedText = ({ killed }: Step): string | undefined =>
  killed === undefined ? undefined : killed === 'child' ? 'its child is killed' : 'is killed';

function kernelCall(call: Call): string {
  switch (call.op) {
    case 'open':
      return `open ${at(call.path)} ${call.flags.join('|')}`;
    case 'read':
      return `open ${at(call.path)}, read`;
    case 'write': {
      const what = typeof call.data === 'string' ? short(call.data) : `device of ${at(call.data.deviceOf)}`;
      return `write ${what} to ${at(call.path)}${call.flags?.includes('O_EXCL') ? ' O_EXCL' : ''}`;
    }
    case 'mkdirAll':
      return `mkdir -p ${at(call.path)}`;
    case 'removeTree':
      return `rm -rf ${at(call.path)}`;
    case 'rename':
      return `rename ${at(call.from)} to ${at(call.to)}${call.flags === undefined ? '' : ` ${call.flags.join('|')}`}`;
    case 'link':
    case 'sameino':
      return `${call.op} ${at(call.from)} ${at(call.to)}`;
    case 'symlink':
      return `symlink ${call.target} at ${at(call.path)}`;
    case 'chmod':
      return `chmod ${at(call.path)} ${octal(call.mode)}`;
    case 'mkdir':
    case 'mknod':
      return `${call.op} ${at(call.path)}`;
    case 'fdlock':
      return `lock descriptor ${call.fd} ${call.how}`;
    case 'fdread':
    case 'fdstat':
    case 'fdreaddir':
    case 'fdclose':
    case 'fdwrite':
    case 'fdchmod':
      return `${call.op.slice(2)} descriptor ${call.fd}${call.op === 'fdwrite' ? ` ${short(call.data)}` : ''}`;
    default:
      return mountCallText(call);
  }
}

function newMountText(mount: NewMount, where: string): string {
  switch (mount.op) {
    case 'mount-device':
      return `${mount.source} ${where}`;
    case 'mount-tmpfs':
      return `tmpfs ${where}`;
    case 'mount-overlay':
      return `overlay ${where} (${layersText(mount)})`;
    case 'mount-overlay-data':
      return `overlay ${where} (${optionsText(mount.data)})`;
  }
}

function mountCallText(call: Call): string {
  switch (call.op) {
    case 'mount-device':
    case 'mount-tmpfs':
    case 'mount-overlay':
    case 'mount-overlay-data':
      return `mount ${newMountText(call, `on ${at(call.path)}`)}`;
    case 'mount-bind':
      return `mount ${call.recursive === true ? 'MS_BIND|MS_REC' : 'MS_BIND'} ${at(call.from)} on ${at(call.path)}`;
    case 'mount-move':
      return call.beneath === true
        ? `move_mount MOVE_MOUNT_BENEATH ${at(call.from)} to ${at(call.path)}`
        : `mount MS_MOVE ${at(call.from)} to ${at(call.path)}`;
    case 'mount-flags':
      return `mount_setattr ${at(call.path)} ${[...call.set, ...(call.clear ?? []).map((flag) => `-${flag}`)].join(',')}`;
    case 'mount-remount':
      return `mount ${call.bind === true ? 'MS_REMOUNT|MS_BIND' : 'MS_REMOUNT'} ${at(call.path)} ${call.flags.join(',') || 'rw'}`;
    case 'mount-propagation':
      return `mount ${at(call.path)} MS_${call.to.toUpperCase()}${call.recursive === true ? '|MS_REC' : ''}`;
    case 'umount':
      return `umount2 ${at(call.path)}${umountFlags(call)}`;
    case 'open-tree':
      return `open_tree ${at(call.path)} OPEN_TREE_CLONE${call.recursive === false ? '' : '|AT_RECURSIVE'}`;
    case 'new-tree':
      return `fsmount ${newMountText(call.mount, `as ${call.tree}`)}`;
    case 'move-tree':
      return `move_mount ${call.beneath === true ? 'MOVE_MOUNT_BENEATH ' : ''}the clone to ${at(call.path)}`;
    case 'close-tree':
      return 'close the clone';
    case 'unshare':
      return 'clone CLONE_NEWNS: a child in its own mount namespace';
    case 'leave':
      return call.trees === undefined
        ? `the child exits with ${call.status}`
        : `the child sends ${call.trees.length === 0 ? 'nothing' : `the trees for ${call.trees.join(', ')}`} and exits`;
    case 'exit':
      return 'exit';
    default:
      return 'path' in call ? `${call.op} ${at(call.path)}` : call.op;
  }
}

const optionsText = (data: Extract<NewMount, { op: 'mount-overlay-data' }>['data']): string =>
  typeof data === 'string' ? data : data.map(([key, value]) => (value === null ? key : `${key}=${value}`)).join(' ');

function umountFlags({ detach, nofollow }: Extract<Call, { op: 'umount' }>): string {
  const flags = [detach === true ? ['MNT_DETACH'] : [], nofollow === true ? ['UMOUNT_NOFOLLOW'] : []].flat();
  return flags.length === 0 ? '' : ` ${flags.join('|')}`;
}

function layersText(call: Extract<NewMount, { op: 'mount-overlay' }>): string {
  const lowers = call.lowers.map((layer) => layer.name).join(' > ');
  return call.upper === undefined
    ? `${lowers}, read-only`
    : `upperdir=${at(call.upper.path)}${call.index === undefined ? '' : ',index=off'}: upper > ${lowers}`;
}

/** A result as strace would show it, with contents where a file was read. */
export function resultText(call: LinuxCall, result: CallResult): string {
  if ('err' in result) return result.err;
  const value = result.ok;
  if (value === null) return '';
  if (call.op === 'ask' && call.question === 'origin' && typeof value === 'string')
    return value === '' ? 'none' : short(value);
  if (call.op === 'ask') return Array.isArray(value) ? listText(call.question, value.map(String)) : answer(value);
  return typeof value === 'string' ? short(value) : Array.isArray(value) ? `${value.length} entries` : '';
}

/** Answers that are lists, in what a reader looks for. */
function listText(question: string, words: readonly string[]): string {
  const names = shortened(question, words);
  return names.length === 0 ? 'none' : names.join(', ');
}

function shortened(question: string, words: readonly string[]): readonly string[] {
  const [first = '', second = '', ...rest] = words;
  if (first === 'error') return words;
  switch (question) {
    case 'discover':
      return namesOf(words);
    case 'suitable':
      return words.slice(1);
    case 'hierarchy':
      return first === '' ? [] : [first, octal(Number(second)), ...rest];
    default:
      return words;
  }
}

const answer = (value: unknown): string =>
  typeof value === 'number' ? octal(value) : value === true ? 'yes' : value === false ? 'no' : String(value);

const inodeText = (inode: Inode): string =>
  inode.type === 'file'
    ? `file ${short(inode.content)}`
    : inode.type === 'symlink'
      ? `symlink to ${inode.target}`
      : inode.type === 'dir'
        ? 'directory'
        : inode.type === 'chr' && inode.rdev[0] === 0 && inode.rdev[1] === 0
          ? 'whiteout'
          : inode.type;

/** What people call a file system: an overlay or a tmpfs with its slot, else the slot alone. Freed ones are looked up before. */
export function fsName(worlds: readonly Read[], id: FsId): string {
  for (const world of worlds) {
    const fs = world.get(`fs:${id}`);
    if (fs?.kind === 'overlay') return `overlay ${id}`;
    if (fs?.kind === 'plain') return fs.type === 'tmpfs' && id !== 'run' ? `tmpfs ${id}` : id;
  }
  return id;
}

/** One change of the world in one line. */
export function changeText(change: Change, name: (fs: FsId) => string = (id) => id): string {
  const fs = 'fs' in change ? name(change.fs) : '';
  switch (change.do) {
    case 'create':
      return `${inodeText(change.inode)} appears at ${change.path} on ${fs}`;
    case 'replace':
      return `${change.path === '' ? '/' : change.path} on ${fs} is now ${inodeText(change.inode)}`;
    case 'remove':
      return `${change.path} on ${fs} is removed`;
    case 'move':
      return `${change.from} becomes ${change.to} on ${fs}`;
    case 'exchange':
      return `${change.from} and ${change.to} change places on ${fs}`;
    case 'link':
      return `${change.to} becomes a second name of ${change.from} on ${fs}`;
    case 'mount':
      return `${fs} is mounted on ${change.at} (namespace ${change.ns})`;
    case 'unmount':
      return `${fs} is no longer on ${change.at} (namespace ${change.ns})`;
    default:
      return `${change.at} is now ${change.now} (namespace ${change.ns})`;
  }
}
