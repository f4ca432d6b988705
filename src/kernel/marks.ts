import { findNode, instanceOf, isWhiteout, type Node } from './lookup.ts';
import { isOrphan, isWithin, parentOf, pinned, type TreeChange } from './tree.ts';
import { type FsId, failed, type Inode, type Path } from './types.ts';
import { type Draft, fileSystem, type Read } from './world.ts';

/**
 * Edits of a layer behind a live overlay. The kernel's documentation promises nothing about what the overlay shows
 * then ("Changes to underlying filesystems"), so the instance remembers the names, and whoever observes one through it
 * meets the outcome of this model with a reason why it is undefined.
 */

/** systemd writes its dot directory into this layer before it mounts it, and nobody looks there through the overlay before. */
const EXEMPT = 'meta';

type Mark = 'added' | 'removed' | 'changed';

/** A name of an overlay that a change of one of its layers may show through. */
interface Spot {
  readonly fs: FsId;
  readonly path: Path;
}

const touched = (change: TreeChange): readonly Path[] => {
  if ('path' in change) return [change.path];
  return change.do === 'link' ? [change.to] : [change.from, change.to];
};

/** All overlays, and overlays on overlays, that have the place in a layer; `through` made the change itself. */
function spotsOf(world: Read, start: Spot, through: FsId | null): readonly Spot[] {
  const spots: Spot[] = [];
  const open: Spot[] = [start];
  for (let here = open.pop(); here !== undefined; here = open.pop()) {
    const below = fileSystem(world, here.fs);
    for (const pin of below.pins.keys()) {
      const top = pinned(below, pin);
      if (isOrphan(here.path) || !isWithin(here.path, top)) continue;
      const id = instanceOf(pin);
      const fs = id === undefined ? null : world.get(`fs:${id}`);
      if (id === undefined || fs?.kind !== 'overlay') continue;
      const layer = fs.upper?.pin === pin ? fs.upper : fs.lowers.find((lower) => lower.pin === pin);
      if (layer === undefined || layer.name === EXEMPT) continue;
      const spot = { fs: id, path: here.path.slice(top.length) };
      open.push(spot);
      if (!(id === through && layer === fs.upper)) spots.push(spot);
    }
  }
  return spots;
}

const nodeAt = (world: Read, { fs: id, path }: Spot): Node | undefined => {
  const fs = world.get(`fs:${id}`);
  const node = fs?.kind === 'overlay' ? findNode(world, fs, path) : undefined;
  return node === undefined || failed(node) ? undefined : node.ok;
};

/** Directories are the same while their attributes are: names inside have marks of their own. */
function sameInode(a: Inode, b: Inode): boolean {
  if (a.type !== 'dir' || b.type !== 'dir') return a === b || (isWhiteout(a) && isWhiteout(b));
  return a.mode === b.mode && a.uid === b.uid && a.gid === b.gid && a.xattrs === b.xattrs;
}

function difference(before: Node | undefined, after: Node | undefined): Mark | null {
  if (before === undefined) return after === undefined ? null : 'added';
  if (after === undefined) return 'removed';
  const same = before.parts.every((part, index) => {
    const other = after.parts[index];
    return other !== undefined && part.layer === other.layer && sameInode(part.inode, other.inode);
  });
  return same && before.parts.length === after.parts.length ? null : 'changed';
}

/** Two edits of one name, as what they come to: what was added and then written is still one that was added. */
function together(before: Mark | undefined, now: Mark): Mark {
  if (before === 'added' && now === 'changed') return 'added';
  return before === 'removed' && now === 'added' ? 'changed' : now;
}

/**
 * Runs an edit of a file system and marks the names of overlays over it that look different afterwards. `through` is
 * the overlay that makes the edit in its own upper layer, which is no surprise to it.
 */
export function markLive(draft: Draft, change: TreeChange, through: FsId | null, edit: () => void): void {
  const spots = touched(change).flatMap((path) => spotsOf(draft, { fs: change.fs, path }, through));
  const before = spots.map((spot) => nodeAt(draft, spot));
  edit();
  spots.forEach((spot, index) => {
    const how = difference(before[index], nodeAt(draft, spot));
    const fs = draft.get(`fs:${spot.fs}`);
    if (how === null || fs?.kind !== 'overlay') return;
    draft.set(`fs:${spot.fs}`, {
      ...fs,
      marks: new Map(fs.marks).set(spot.path, together(fs.marks.get(spot.path), how)),
    });
  });
}

/** Why looking a name up through a file system has no promised outcome, or undefined where it has one. */
export function lookedUp(world: Read, id: FsId, path: Path): string | undefined {
  const fs = fileSystem(world, id);
  const mark = fs.kind === 'overlay' && fs.marks.size > 0 ? fs.marks.get(path) : undefined;
  return mark === undefined ? undefined : `"${path}" was ${mark} in a layer below the live overlay ${id}`;
}

/** The same for listing a directory. */
export function listed(world: Read, id: FsId, path: Path): string | undefined {
  const fs = fileSystem(world, id);
  if (fs.kind !== 'overlay') return undefined;
  for (const [name, mark] of [...fs.marks].sort(([a], [b]) => (a < b ? -1 : 1)))
    if (mark !== 'changed' && parentOf(name) === path && name !== '') return lookedUp(world, id, name);
  return undefined;
}
