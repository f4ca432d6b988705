import { type DirectoryJSON, Volume } from 'memfs';
import { directory, file, join, symlink } from '../kernel/tree.ts';
import type { Attributes, Directory, Entry, Inode, Path, PlainFs } from '../kernel/types.ts';
import type { View } from '../kernel/view.ts';
import { InputError } from './error.ts';

/**
 * The bridge to memfs: its DirectoryJSON is a shorthand for trees of plain directories and files, and any tree can be
 * handed to ordinary Node code as a Volume. memfs has no whiteouts, devices or extended attributes, so what it cannot
 * carry is listed, never silently dropped.
 */

/** What a Volume lacks of the tree it was made from. */
export interface Omission {
  readonly path: Path;
  readonly why: string;
}
export interface Bridged {
  /** Usable as `fs`: `createFsFromVolume(volume)`, or its methods directly. */
  readonly volume: Volume;
  readonly omitted: readonly Omission[];
}

/** A tree of 0755 directories and 0644 files, owned by root. Throws {@link InputError} for a file that has names below it. */
export function fromDirectoryJSON(json: Readonly<Record<string, string | null>>, source = 'DirectoryJSON'): Directory {
  const copy: DirectoryJSON = { ...json };
  let volume: Volume;
  try {
    volume = Volume.fromJSON(copy, '/');
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    throw new InputError({ file: source, found, right: 'paths whose parents are directories' });
  }
  return directoryOf(volume, '');
}

const namesIn = (volume: Volume, path: Path): readonly string[] =>
  volume
    .readdirSync(path === '' ? '/' : path)
    .map(String)
    .sort();

function directoryOf(volume: Volume, path: Path): Directory {
  const entries = new Map<string, Entry>();
  for (const name of namesIn(volume, path)) {
    const below = join(path, name);
    const isDirectory = volume.lstatSync(below).isDirectory();
    entries.set(name, isDirectory ? directoryOf(volume, below) : file(String(volume.readFileSync(below, 'utf8'))));
  }
  return directory(entries);
}

/**
 * The tree as a Volume, with contents, symlinks, hard links, permission bits and mtimes. Owners are not carried: memfs
 * would hold them against this process. `inodes` are those of the tree's file system, for its hard links.
 */
export function toVolume(tree: Directory, inodes: PlainFs['inodes'] = new Map()): Bridged {
  const volume = new Volume();
  const omitted: Omission[] = [];
  const linked = new Map<string, Path>();
  const fill = (at: Path, from: Directory): void => {
    for (const [name, entry] of [...from.entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const path = join(at, name);
      const first = entry.type === 'link' ? linked.get(entry.ino) : undefined;
      if (first !== undefined) {
        volume.linkSync(first, path);
        continue;
      }
      const inode = entry.type === 'link' ? inodes.get(entry.ino)?.inode : entry;
      if (inode === undefined) throw new Error(`${path} is a hard link to an inode that was not given`);
      if (!make(volume, path, inode, omitted)) continue;
      if (entry.type === 'link') linked.set(entry.ino, path);
      if (inode.type === 'dir') fill(path, inode);
      finish(volume, path, inode, omitted);
    }
  };
  fill('', tree);
  finish(volume, '/', tree, omitted);
  return { volume, omitted };
}

/** Makes one inode; false for what memfs has no kind for. */
function make(volume: Volume, path: Path, inode: Inode, omitted: Omission[]): boolean {
  switch (inode.type) {
    case 'dir':
      volume.mkdirSync(path);
      return true;
    case 'file':
      volume.writeFileSync(path, inode.content);
      return true;
    case 'symlink':
      volume.symlinkSync(inode.target, path);
      return true;
    default: {
      const device = inode.rdev.join('/');
      const whiteout = inode.type === 'chr' && device === '0/0';
      omitted.push({ path, why: whiteout ? 'a whiteout' : `a ${inode.type} ${device}` });
      return false;
    }
  }
}

/** Permission bits and mtime, once everything below is in place. */
function finish(volume: Volume, path: Path, inode: Inode, omitted: Omission[]): void {
  omitAttributes(path, inode, omitted);
  if (inode.type === 'symlink') return;
  // memfs checks the owner's bits against this process, which owns everything in the Volume: even root needs them there.
  const needed = inode.type === 'dir' ? 0o700 : 0o600;
  if ((inode.mode & needed) !== needed)
    omitted.push({ path, why: `mode ${octal(inode.mode)}: the owner's bits are set, else memfs refuses access` });
  volume.chmodSync(path, inode.mode | needed);
  volume.utimesSync(path, inode.mtime, inode.mtime);
}

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');

function omitAttributes(path: Path, inode: Attributes, omitted: Omission[]): void {
  if (inode.uid !== 0 || inode.gid !== 0) omitted.push({ path, why: `owner ${inode.uid}:${inode.gid}` });
  for (const name of inode.xattrs.keys()) omitted.push({ path, why: `extended attribute ${name}` });
}

/** What a process sees at and below `top`, as a Volume in which `top` has its place. */
export function viewToVolume(view: View, top: Path): Bridged {
  const childrenOf = new Map<Path, [string, Path][]>();
  for (const path of view.keys()) {
    if (path === top) continue;
    const cut = path.lastIndexOf('/');
    const siblings = childrenOf.get(path.slice(0, cut)) ?? [];
    siblings.push([path.slice(cut + 1), path]);
    childrenOf.set(path.slice(0, cut), siblings);
  }
  const build = (path: Path): Inode => {
    const seen = view.get(path);
    if (seen === undefined) throw new Error(`the view has nothing at ${path}`);
    const { type, data, mode } = seen;
    if (type === 'file') return file(data, { mode });
    if (type === 'symlink') return symlink(data);
    if (type === 'dir')
      return directory(new Map((childrenOf.get(path) ?? []).map(([name, below]) => [name, build(below)])), { mode });
    const [major = 0, minor = 0] = data.split(',').map(Number);
    return { ...file('', { mode }), type, rdev: [major, minor] };
  };
  const names = top.split('/').filter((name) => name !== '');
  const whole = names.reduceRight<Inode>((inner, name) => directory({ [name]: inner }), build(top));
  if (whole.type !== 'dir') throw new Error(`the view of ${top} is not that of a directory`);
  return toVolume(whole);
}
