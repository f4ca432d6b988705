import { findNode, isWhiteout, list, lookup, namesOf, type PrivateNames } from './lookup.ts';
import { crossMounts, type Dentry, resolve } from './path.ts';
import { join, nameOf, parentOf } from './tree.ts';
import { type FsId, failed, type Inode, type OverlayFs, type Path, type TaskId } from './types.ts';
import { fileSystem, type Read } from './world.ts';

/**
 * A tree as a process sees it, with provenance: which layers hold each name. Not a system call; it is what reports and
 * properties look at.
 */

export interface Seen {
  readonly type: Inode['type'];
  /** Contents, symlink target or "major,minor"; empty for a directory. */
  readonly data: string;
  readonly mode: number;
  /**
   * The layers that hold the name, top to bottom, as the overlay calls them ("upper", "ext:a", "host"); what is not simply
   * an object of that kind says so ("upper whiteout"). "submount" for what a mount further down shows.
   */
  readonly layers: readonly string[];
}
/** Absolute path in the namespace -> what is there. The top directory comes first, then depth first, names sorted. */
export type View = ReadonlyMap<string, Seen>;

export const dataOf = (inode: Inode): string => {
  switch (inode.type) {
    case 'dir':
      return '';
    case 'file':
      return inode.content;
    case 'symlink':
      return inode.target;
    default:
      return inode.rdev.join(',');
  }
};

/**
 * What a task sees at and below a directory, permissions aside. Names in `skip` are left out where they are directly below
 * the top.
 */
export function viewOf(world: Read, task: TaskId, top: string, skip: ReadonlySet<string> = new Set()): View {
  const seen = new Map<string, Seen>();
  const start = resolve(world, task, top);
  if (failed(start)) return seen;
  const visit = (path: string, place: Dentry): void => {
    const inode = lookup(world, place.fs, place.path);
    if (inode === undefined) return;
    const layers = place.mount === start.ok.mount ? layersOf(world, place) : ['submount'];
    seen.set(path, { type: inode.type, data: dataOf(inode), mode: inode.mode, layers });
    if (inode.type !== 'dir') return;
    for (const name of list(world, place.fs, place.path)) {
      if (path === top && skip.has(name)) continue;
      visit(`${path}/${name}`, crossMounts(world, { ...place, path: join(place.path, name) }));
    }
  };
  visit(top, start.ok);
  return seen;
}

/** What a file system itself has at and below a path, whatever is mounted there. */
export function rawView(world: Read, id: FsId, top: Path): View {
  const seen = new Map<string, Seen>();
  const visit = (path: Path): void => {
    const inode = lookup(world, id, path);
    if (inode === undefined) return;
    seen.set(path, { type: inode.type, data: dataOf(inode), mode: inode.mode, layers: [id] });
    if (inode.type === 'dir') for (const name of list(world, id, path)) visit(join(path, name));
  };
  visit(top);
  return seen;
}

/** The layers that hold a place's name, top to bottom. On a plain file system that is the file system itself: "host". */
export function layersOf(world: Read, place: Dentry): readonly string[] {
  const fs = fileSystem(world, place.fs);
  if (fs.kind === 'plain') return ['host'];
  if (place.path === '') return (fs.upper === null ? fs.lowers : [fs.upper, ...fs.lowers]).map((layer) => layer.name);
  const parent = findNode(world, fs, parentOf(place.path));
  if (failed(parent)) return [];
  return parent.ok.parts.flatMap((part) => {
    const here = lookup(world, part.fs, join(part.path, nameOf(place.path)));
    return here === undefined ? [] : [layerName(fs, part.layer) + kindOf(here, namesOf(fs.options))];
  });
}

/** Layers are counted as the kernel counts them: 0 is upper, lowers start at 1. */
const layerName = (fs: OverlayFs, index: number): string =>
  (index === 0 ? fs.upper : fs.lowers[index - 1])?.name ?? 'layer';

function kindOf(inode: Inode, names: PrivateNames): string {
  if (isWhiteout(inode, names)) return ' whiteout';
  return inode.xattrs.get(names.opaque) === 'y' ? ' opaque' : '';
}
