import { entriesOf, filtersWhiteouts, findNode, namesOf } from './lookup.ts';
import { isOrphan, parentOf, pinned } from './tree.ts';
import { type FsId, failed, type Inode, type OverlayFs, type Path } from './types.ts';
import { type Draft, overlayAt, type Read } from './world.ts';

/**
 * The list of names that an overlay keeps for a merged directory while somebody who has read it has it open: everybody
 * gets that list, until the overlay itself changes the directory. Source: Linux ovl_cache_get(), ovl_dir_modified().
 */

export type Listing = ReadonlyMap<string, Inode['type']>;

/** The directories of an overlay that somebody has open, and perhaps has read. */
function openDirectories(world: Read, fs: OverlayFs, id: FsId): readonly Path[] {
  if (fs.pins.size === 0) return [];
  const paths = new Set<Path>();
  for (const slot of world.slots.tasks) {
    const task = world.get(`task:${slot}`);
    if (task?.kind !== 'task') continue;
    for (const open of task.fds.values()) if (open.fs === id && open.access !== 'path') paths.add(pinned(fs, open.pin));
  }
  return [...paths].filter((path) => !isOrphan(path)).sort();
}

const namesIn = (world: Read, id: FsId, path: Path): Listing =>
  new Map([...entriesOf(world, id, path)].map(([name, { type }]) => [name, type]));

const equal = (a: Listing, b: Listing): boolean =>
  a.size === b.size && [...a].every(([name, type]) => b.get(name) === type);

/** The lists that are kept before an edit behind the overlay. */
export function listingsOf(world: Read, id: FsId): ReadonlyMap<Path, Listing> {
  const fs = overlayAt(world, id);
  if (fs === null) return new Map();
  const merged = openDirectories(world, fs, id).filter((path) => {
    const node = findNode(world, fs, path);
    return !failed(node) && node.ok.parts[0].inode.type === 'dir' && filtersWhiteouts(node.ok, namesOf(fs.options));
  });
  return new Map(merged.map((path) => [path, fs.listings?.get(path) ?? namesIn(world, id, path)]));
}

/** After the edit, those that are not true any more are noted. */
export function keepListings(draft: Draft, id: FsId, before: ReadonlyMap<Path, Listing>): void {
  const stale = [...before].filter(([path, listing]) => !equal(listing, namesIn(draft, id, path)));
  const fs = overlayAt(draft, id);
  if (fs !== null && stale.length > 0) setListings(draft, id, fs, new Map([...(fs.listings ?? []), ...stale]));
}

function setListings(draft: Draft, id: FsId, fs: OverlayFs, listings: ReadonlyMap<Path, Listing>): void {
  const { listings: _, ...rest } = fs;
  draft.set(`fs:${id}`, listings.size === 0 ? rest : { ...rest, listings });
}

/** Lists go that are not wanted any more, and follow their directories. */
function editListings(draft: Draft, id: FsId, edit: (path: Path) => Path | null): void {
  const fs = overlayAt(draft, id);
  if (fs?.listings === undefined) return;
  const kept = [...fs.listings].flatMap(([path, listing]) => {
    const now = edit(path);
    return now === null ? [] : [[now, listing] as const];
  });
  setListings(draft, id, fs, new Map(kept));
}

/** The overlay has changed the directories that hold these names. */
export const dropListings = (draft: Draft, id: FsId, changed: readonly Path[]): void =>
  editListings(draft, id, (path) => (changed.some((name) => parentOf(name) === path) ? null : path));

export const moveListings = (draft: Draft, id: FsId, follow: (path: Path) => Path): void =>
  editListings(draft, id, follow);

/** A descriptor was closed, or its directory removed: lists that nobody has open any more go. */
export function closeListings(draft: Draft, id: FsId): void {
  const fs = overlayAt(draft, id);
  if (fs?.listings === undefined) return;
  const open = new Set(openDirectories(draft, fs, id));
  editListings(draft, id, (path) => (open.has(path) ? path : null));
}
