import type { Call, CallOf, LayerPath, NewMount, Option } from '../kernel/calls.ts';
import { join } from '../kernel/tree.ts';
import type { Entry, Inode, InoId, Path, PlainFs, TaskId } from '../kernel/types.ts';

/** Calls and trees as the lines that executor.c reads. */

/** Bytes that stand for themselves in an argument. */
const PLAIN = /[^A-Za-z0-9/._:=,|-]/gu;
const byte = (value: number): string => `%${value.toString(16).padStart(2, '0')}`;
/** An argument as it stands in a line. */
export const word = (text: string | number): string =>
  text === '' ? '%' : String(text).replace(PLAIN, (char) => [...Buffer.from(char)].map(byte).join(''));

/** Whose call it is: the name of a task, its effective user and group; or the world's own process. */
export type Caller = { readonly task: TaskId; readonly uid: number; readonly gid: number } | 'world';

const from = (who: Caller): string => (who === 'world' ? '!' : `${who.task} ${who.uid}:${who.gid}`);

/** A line for a command of the executor that is no call of the model. */
export const command = (who: Caller, op: string, ...args: readonly (string | number)[]): string =>
  [from(who), op, ...args.map(word)].join(' ');

/** A line for a call. Throws for the few that only a model can carry out. */
export const line = (who: Caller, call: Call): string => command(who, commandOf(call), ...argumentsOf(call));

function commandOf(call: Call): string {
  if (call.op !== 'mount-overlay-data') return call.op;
  return typeof call.data === 'string' ? 'mount-overlay' : 'mount-overlay-options';
}

const flag = (value: boolean | undefined): number => (value === true ? 1 : 0);

/** A path in the options of an overlay. Source: Documentation/filesystems/overlayfs.rst, "Multiple lower layers". */
const escaped = (path: string): string => path.replace(/[\\:,]/g, (char) => `\\${char}`);

function overlayOptions(call: NewMount & { readonly op: 'mount-overlay' }): readonly Option[] {
  const paths = (layers: readonly LayerPath[]): string => layers.map(({ path }) => escaped(path)).join(':');
  const { upper, work, redirectDir } = call;
  return [
    ['lowerdir', paths(call.lowers)],
    ...(upper === undefined ? [] : [['upperdir', escaped(upper.path)] as const]),
    ...(work === undefined ? [] : [['workdir', escaped(work.path)] as const]),
    ...(redirectDir === undefined ? [] : [['redirect_dir', redirectDir] as const]),
  ];
}

/** Options of fsconfig(2) as the executor reads them. */
const configured = (options: readonly Option[]): readonly string[] =>
  options.flatMap(([key, value]) => (value === null ? ['flag', key, ''] : ['string', key, value]));

function argumentsOf(call: Call): readonly (string | number)[] {
  switch (call.op) {
    case 'open':
      return [call.path, call.flags.join('|'), call.mode ?? 0o666, call.fd];
    case 'read':
      return [call.path, call.nofollow === true ? 'O_NOFOLLOW' : ''];
    case 'write': {
      if (typeof call.data !== 'string') throw new Error('write: the executor knows no devices of the model');
      const flags = call.flags ?? ['O_WRONLY', 'O_CREAT', 'O_TRUNC'];
      return [call.path, flags.join('|'), call.mode ?? 0o666, call.data];
    }
    case 'mkdir':
    case 'mkdirAll':
    case 'chmod':
      return [call.path, call.mode];
    case 'rename':
      return [call.from, call.to, (call.flags ?? []).join('|')];
    case 'link':
    case 'sameino':
      return [call.from, call.to];
    case 'symlink':
      return [call.target, call.path];
    case 'mknod':
      return [call.path, call.type, call.mode, ...(call.rdev ?? [0, 0])];
    case 'lchown':
    case 'chown':
      return [call.path, call.uid, call.gid];
    case 'utimes':
      return [call.path, call.mtime];
    case 'truncate':
      return [call.path, call.size];
    case 'setxattr':
      return [call.path, call.name, call.value];
    case 'getxattr':
    case 'removexattr':
      return [call.path, call.name];
    case 'fdwrite':
      return [call.fd, call.data];
    case 'fdchmod':
      return [call.fd, call.mode];
    case 'fdread':
    case 'fdstat':
    case 'fdreaddir':
    case 'fdclose':
      return [call.fd];
    default:
      return mountArguments(call);
  }
}

function overlayArguments(call: CallOf<'mount-overlay' | 'mount-overlay-data'>): readonly string[] {
  const flags = (call.flags ?? []).join('|');
  if (call.op === 'mount-overlay')
    return [
      call.path,
      call.source,
      overlayOptions(call)
        .map((option) => option.join('='))
        .join(','),
      flags,
    ];
  if (typeof call.data === 'string') return [call.path, call.source, call.data, flags];
  return [call.path, call.source, flags, ...configured(call.data)];
}

function mountArguments(call: Call): readonly (string | number)[] {
  switch (call.op) {
    case 'mount-device':
      throw new Error('mount-device: the executor has no devices');
    case 'mount-tmpfs':
      return [call.path, (call.flags ?? []).join('|'), `mode=${(call.mode ?? 0o1777).toString(8)}`];
    case 'mount-overlay':
    case 'mount-overlay-data':
      return overlayArguments(call);
    case 'mount-bind':
      return [call.from, call.path, flag(call.recursive)];
    case 'mount-move':
      return [call.from, call.path, flag(call.beneath)];
    case 'mount-remount':
      return [call.path, call.flags.join('|'), flag(call.bind)];
    case 'mount-flags':
      return [call.path, call.set.join('|'), (call.clear ?? []).join('|'), flag(call.recursive)];
    case 'mount-propagation':
      return [call.path, call.to, flag(call.recursive)];
    case 'umount':
      return [call.path, flag(call.detach), flag(call.nofollow)];
    case 'new-tree':
      return [call.tree, ...newTreeArguments(call.mount)];
    case 'open-tree':
      return [call.path, call.tree, flag(call.recursive !== false), flag(call.private !== false)];
    case 'move-tree':
      return [call.tree, call.path, flag(call.beneath)];
    case 'close-tree':
      return [call.tree];
    case 'leave':
      return call.trees ?? [];
    case 'unshare':
    case 'exit':
      return [];
    default:
      return 'path' in call ? [call.path] : [];
  }
}

/** Type, source, flags, and the options of fsconfig(2). */
function newTreeArguments(mount: NewMount): readonly string[] {
  const flags = (mount.flags ?? []).join('|');
  switch (mount.op) {
    case 'mount-device':
      throw new Error('new-tree: the executor has no devices');
    case 'mount-tmpfs':
      return ['tmpfs', 'tmpfs', flags, ...configured([['mode', (mount.mode ?? 0o1777).toString(8)]])];
    case 'mount-overlay':
      return ['overlay', mount.source, flags, ...configured(overlayOptions(mount))];
    case 'mount-overlay-data':
      if (typeof mount.data === 'string') throw new Error('new-tree: fsmount(2) takes options one by one');
      return ['overlay', mount.source, flags, ...configured(mount.data)];
  }
}

/**
 * Lines that make what a file system has, below a directory that is there: parents first, attributes exact, the times of
 * directories last, since making something in them changes those. A time of 0 is the present.
 */
export function treeLines(fs: PlainFs, at: Path): readonly string[] {
  const lines: string[] = [];
  const times: string[] = [];
  const names = new Map<InoId, Path>();
  const visit = (entry: Entry, path: Path): void => {
    const earlier = entry.type === 'link' ? names.get(entry.ino) : undefined;
    if (earlier !== undefined) {
      lines.push(command('world', 'link', earlier, path));
      return;
    }
    if (entry.type === 'link') names.set(entry.ino, path);
    const inode = entry.type === 'link' ? fs.inodes.get(entry.ino)?.inode : entry;
    if (inode === undefined) throw new Error(`the inode of ${path} is missing from its file system`);
    lines.push(...making(inode, path));
    if (inode.type !== 'dir') return;
    for (const [name, below] of inode.entries) visit(below, join(path, name));
    if (inode.mtime !== 0) times.push(command('world', 'time', path, inode.mtime));
  };
  if (at === '') for (const [name, entry] of fs.root.entries) visit(entry, join(at, name));
  else visit(fs.root, at);
  return [...lines, ...times];
}

function making(inode: Inode, path: Path): readonly string[] {
  const { mode, uid, gid, mtime } = inode;
  const own = inode.type === 'file' ? [inode.content] : inode.type === 'symlink' ? [inode.target] : [];
  const rdev = 'rdev' in inode ? inode.rdev : [];
  const made = command('world', 'make', inode.type, path, mode, uid, gid, mtime, ...own, ...rdev);
  const xattrs = [...inode.xattrs].map(([name, value]) => command('world', 'lsetxattr', path, name, value));
  return [made, ...xattrs];
}
