import { hasDentry, movedDentries, NO_DENTRIES, pathsOf, withDentry, withoutDentry } from './dentries.ts';
import { keepListings, listingsOf } from './listings.ts';
import {
  findNode,
  instanceOf,
  isWhiteout,
  list,
  lookup,
  type Node,
  namesOf,
  type Part,
  type PrivateNames,
  shownXattr,
  TRUSTED,
} from './lookup.ts';
import {
  hold,
  identityOf,
  isOrphan,
  isWithin,
  join,
  nameOf,
  parentOf,
  pinned,
  rebase,
  release,
  type TreeChange,
} from './tree.ts';
import { type FsId, failed, type Inode, type Kept, type Mark, type OverlayFs, type Path, type PinId } from './types.ts';
import { Draft, Forgotten, fileSystem, overlayAt, type Read } from './world.ts';

/**
 * Edits of a layer behind a live overlay. The kernel's documentation promises nothing about what the overlay shows then
 * ("Changes to underlying filesystems"). What Linux 6.18 does is what its dentry cache does: a name that was never
 * looked up through the instance shows as the layers are now, one that was looked up keeps the objects that were found,
 * or that none was, until its dentry is dropped. So an instance remembers what was looked up ({@link OverlayFs.seen}),
 * and an edit turns what it changes of that into marks ({@link OverlayFs.marks}). Whoever meets a mark through the
 * instance has the outcomes of both possibilities, with a reason why they are undefined.
 */

/** systemd writes its dot directory into this layer below the live overlay, and relies on it: that is never a surprise. */
const EXEMPT = 'meta';

type How = Mark['how'];

function nodeAt(world: Read, id: FsId, path: Path): Node | undefined {
  const fs = overlayAt(world, id);
  const node = fs === null ? undefined : findNode(world, fs, path);
  return node === undefined || failed(node) ? undefined : node.ok;
}

// ---- looking up ---------------------------------------------------------------------------------------------------

/** The names of overlays below an overlay that a lookup of its name goes through as well. */
function below(world: Read, fs: OverlayFs, id: FsId, path: Path): readonly (readonly [FsId, Path])[] {
  if (path === '' || !fs.lowers.some((layer) => fileSystem(world, layer.fs).kind === 'overlay')) return [];
  return (nodeAt(world, id, parentOf(path))?.parts ?? []).flatMap((part) =>
    overlayAt(world, part.fs) === null ? [] : [[part.fs, join(part.path, nameOf(path))] as const],
  );
}

/**
 * Whether a search has to remember lookups of the name: somebody edits a layer's entry of that name, or the object has
 * other names by which it may be edited.
 */
function matters(world: Read, id: FsId, path: Path): boolean {
  const { remembers } = world;
  if (remembers === undefined || remembers(nameOf(path))) return true;
  return (
    nodeAt(world, id, path)?.parts.some((part) => {
      const fs = fileSystem(world, part.fs);
      return remembers(nameOf(part.path)) || (fs.kind === 'plain' && identityOf(fs, part.path) !== part.path);
    }) ?? false
  );
}

/** A name is looked up through a file system: an overlay, and overlays below it, have a dentry of it from now on. */
export function remember(draft: Draft, id: FsId, path: Path): void {
  const fs = overlayAt(draft, id);
  if (fs === null || path === '' || isOrphan(path)) return;
  for (const [other, there] of below(draft, fs, id, path)) remember(draft, other, there);
  if (!hasDentry(fs.seen, path) && matters(draft, id, path))
    draft.set(`fs:${id}`, { ...fs, seen: withDentry(fs.seen, path) });
}

/** The marks that a lookup of a name meets: its own, and those of overlays below. */
export function marksAt(world: Read, id: FsId, path: Path): readonly (readonly [FsId, Path])[] {
  const fs = overlayAt(world, id);
  if (fs === null || isOrphan(path)) return [];
  const own = fs.marks.has(path) ? [[id, path] as const] : [];
  return [...own, ...below(world, fs, id, path).flatMap(([other, there]) => marksAt(world, other, there))];
}

/** Why an outcome that met the mark of a name is not promised. */
export const reason = (world: Read, id: FsId, path: Path): string =>
  `"${path}" was ${overlayAt(world, id)?.marks.get(path)?.how} in a layer below the live overlay ${id}`;

/** The marked names that a listing of the directory shows although a lookup may not, or the other way round. */
export function marksIn(world: Read, id: FsId, path: Path): readonly Path[] {
  const marks = overlayAt(world, id)?.marks ?? new Map<Path, Mark>();
  const names = [...marks].filter(([name, { how }]) => how !== 'changed' && parentOf(name) === path && name !== '');
  return names.map(([name]) => name).sort();
}

/**
 * The names in upper of a directory that readdir may look up to tell their inode numbers: it does so in one that has ever
 * got a copied-up file, which the model does not note, and only if all layers are on one file system. A name that the
 * dentry knows not to be there is then left out. Source: Linux ovl_calc_d_ino(), ovl_cache_update().
 */
export function lookedUpByReaddir(world: Read, id: FsId, path: Path): readonly Path[] {
  const fs = overlayAt(world, id);
  if (fs?.upper === null || fs?.lowers.some((layer) => layer.fs !== fs.upper?.fs) !== false) return [];
  const [top] = nodeAt(world, id, path)?.parts ?? [];
  return top?.layer === 0 ? list(world, top.fs, top.path).map((name) => join(path, name)) : [];
}

/** Whether the dentry of a name holds nothing, although there may be something by now. */
export const isKeptAway = (world: Read, id: FsId, path: Path): boolean =>
  overlayAt(world, id)?.marks.get(path)?.kept?.parts.length === 0;

// ---- dropping dentries --------------------------------------------------------------------------------------------

/** Lets go of what a mark holds. */
function dropMark(draft: Draft, id: FsId, path: Path): void {
  const fs = overlayAt(draft, id);
  const mark = fs?.marks.get(path);
  if (fs === null || mark === undefined) return;
  const marks = new Map(fs.marks);
  marks.delete(path);
  draft.set(`fs:${id}`, { ...fs, marks });
  letGo(draft, mark.kept?.parts ?? []);
}

function letGo(draft: Draft, parts: Kept['parts']): void {
  for (const { fs, pin } of parts)
    if (draft.get(`fs:${fs}`) !== null) draft.set(`fs:${fs}`, release(fileSystem(draft, fs), pin));
}

/** The dentries at and below a name go, as after an unlink. */
export function forget(draft: Draft, id: FsId, path: Path): void {
  for (const marked of overlayAt(draft, id)?.marks.keys() ?? [])
    if (isWithin(marked, path)) dropMark(draft, id, marked);
  const fs = overlayAt(draft, id);
  if (fs !== null && hasDentry(fs.seen, path)) draft.set(`fs:${id}`, { ...fs, seen: withoutDentry(fs.seen, path) });
}

/** Whether memory pressure can take the dentry of a name: nobody holds it or anything below it, and nothing is mounted there. */
export function droppable(world: Read, id: FsId, path: Path): boolean {
  const held = (place: Path): boolean => isWithin(place, path);
  for (const pin of fileSystem(world, id).pins.values()) if ('path' in pin && held(pin.path)) return false;
  for (const slot of world.slots.ns) {
    const ns = world.get(`ns:${slot}`);
    if (ns?.kind !== 'ns') continue;
    for (const { fs, root, parent, at } of ns.mounts.values()) {
      if (fs === id && held(root)) return false;
      if (parent !== null && ns.mounts.get(parent)?.fs === id && held(at)) return false;
    }
  }
  return true;
}

/** The dentry of a marked name, and what is below it, was dropped; it is looked up anew. */
export function renew(draft: Draft, id: FsId, path: Path): void {
  forget(draft, id, path);
  remember(draft, id, path);
}

/** Memory pressure: an overlay drops every dentry that nobody holds. Source: Linux shrink_dcache_sb(). */
export function shrink(draft: Draft, id: FsId): void {
  for (const path of pathsOf(overlayAt(draft, id)?.seen ?? NO_DENTRIES))
    if (droppable(draft, id, path)) forget(draft, id, path);
}

/** A rename through the overlay takes the dentries along. Source: Linux d_move(), d_exchange(). */
export function moveDentries(draft: Draft, id: FsId, from: Path, to: Path, exchange: boolean): void {
  if (!exchange) forget(draft, id, to);
  const fs = overlayAt(draft, id);
  if (fs === null) return;
  const follow = (path: Path): Path => (isWithin(path, from) ? rebase(path, from, to) : rebase(path, to, from));
  const marks = new Map([...fs.marks].map(([path, mark]) => [follow(path), movedMark(id, mark, follow(path))]));
  draft.set(`fs:${id}`, { ...fs, seen: movedDentries(fs.seen, from, to, exchange), marks });
  renamePins(
    draft,
    [...fs.marks].flatMap(([path, { kept }]) =>
      (kept?.parts ?? []).map((part) => ({ ...part, now: keptPin(id, part.layer, follow(path)) })),
    ),
  );
  for (const path of exchange ? [to, from] : [to]) remember(draft, id, path);
}

/**
 * A directory that was moved behind the overlay has one inode there: looking up its new name moves the dentry of the old
 * one, with all below it. Gives the old name. Source: Linux ovl_get_inode(), d_splice_alias().
 */
export function movedDirectory(world: Read, id: FsId, path: Path): Path | undefined {
  const fs = overlayAt(world, id);
  if (fs === null || fs.marks.size === 0 || hasDentry(fs.seen, path)) return undefined;
  const node = nodeAt(world, id, path);
  if (node?.parts[0].inode.type !== 'dir') return undefined;
  const names = [...fs.marks.keys()].filter((name) => !isWithin(path, name)).sort();
  return names.find((name) => {
    const parts = fs.marks.get(name)?.kept?.parts ?? [];
    const objects = parts.map(({ layer, fs: at, pin }) => ({
      layer,
      fs: at,
      path: pinned(fileSystem(world, at), pin),
    }));
    return parts.length > 0 && inodeOf(objects) === inodeOf(node.parts);
  });
}

/** What makes an inode of an overlay's directory: its object in upper, and the topmost one below. */
function inodeOf(parts: readonly Pick<Part, 'layer' | 'fs' | 'path'>[]): string {
  const key = [parts.find(({ layer }) => layer === 0), parts.find(({ layer }) => layer > 0)];
  return key.map((part) => (part === undefined ? '' : `${part.fs}:${part.path}`)).join(' ');
}

/** Pins of marks are named after the paths of the marks. */
function movedMark(id: FsId, mark: Mark, path: Path): Mark {
  const { kept } = mark;
  if (kept === undefined) return mark;
  return {
    ...mark,
    kept: { ...kept, parts: kept.parts.map((part) => ({ ...part, pin: keptPin(id, part.layer, path) })) },
  };
}

/** All at once, since an exchange gives each of two the other's name. */
function renamePins(draft: Draft, moved: readonly { fs: FsId; pin: PinId; now: PinId }[]): void {
  for (const id of new Set(moved.map(({ fs }) => fs))) {
    const names = new Map(moved.filter(({ fs }) => fs === id).map(({ pin, now }) => [pin, now]));
    const fs = fileSystem(draft, id);
    draft.set(`fs:${id}`, { ...fs, pins: new Map([...fs.pins].map(([pin, at]) => [names.get(pin) ?? pin, at])) });
  }
}

// ---- edits --------------------------------------------------------------------------------------------------------

/** Whether an observer would see no difference. Names in a directory have marks of their own. */
function sameInode(a: Inode, b: Inode): boolean {
  if (a === b || (isWhiteout(a) && isWhiteout(b))) return true;
  const data = (inode: Inode): string =>
    inode.type === 'file' ? inode.content : inode.type === 'symlink' ? inode.target : '';
  const visible = ({ xattrs }: Inode): string =>
    JSON.stringify([...xattrs].filter(([name]) => shownXattr(name, TRUSTED) !== undefined).sort());
  return (
    a.type === b.type &&
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    (a.type === 'dir' || a.mtime === b.mtime) &&
    data(a) === data(b) &&
    visible(a) === visible(b)
  );
}

/** Two edits of one name, as what they come to: what was added and then written is still one that was added. */
function together(before: How | undefined, now: How): How {
  if (before === 'added' && now === 'changed') return 'added';
  return before === 'removed' && now === 'added' ? 'changed' : now;
}

const touched = (change: TreeChange): readonly Path[] => {
  if ('path' in change) return [change.path];
  return change.do === 'link' ? [change.to] : [change.from, change.to];
};

/** The overlays that hold something of a file system: a layer other than the exempt one, or an object of a mark. */
function holders(world: Read, id: FsId): readonly { readonly instance: FsId; readonly at: Path }[] {
  return [...fileSystem(world, id).pins].flatMap(([pin, held]) => {
    const instance = instanceOf(pin);
    const fs = instance === undefined ? null : overlayAt(world, instance);
    if (instance === undefined || fs === null || !('path' in held)) return [];
    if (fs.work?.pin === pin || fs.workdir?.pin === pin) return [];
    const layer = fs.upper?.pin === pin ? fs.upper : fs.lowers.find((one) => one.pin === pin);
    return layer?.name === EXEMPT ? [] : [{ instance, at: held.path }];
  });
}

/** What edits of the places mean to overlays. */
interface Concerned {
  /** Those whose layers change, and overlays on those, from the ground up. */
  readonly instances: readonly FsId[];
  /** The names of the entries that are edited in a layer; its top is looked up by the mount itself. */
  readonly entries: readonly string[];
}

/** The overlay that makes the edit in its own upper, `through`, is not surprised by it, not even where a layer has the same upper. */
function concernedBy(world: Read, id: FsId, places: readonly Path[], through: FsId | null): readonly Concerned[] {
  return holders(world, id).flatMap(({ instance, at }) => {
    const inside = places.filter((path) => !isOrphan(path) && isWithin(path, at));
    if (inside.length === 0) return [];
    const all = [instance, ...instancesAbove(world, instance)];
    const instances = all.filter((one) => one !== through);
    const entries = inside.filter((path) => path !== at).map(nameOf);
    return instances.length === 0 ? [] : [{ instances, entries }];
  });
}

const instancesAbove = (world: Read, id: FsId): readonly FsId[] =>
  holders(world, id).flatMap(({ instance }) => [instance, ...instancesAbove(world, instance)]);

// ---- what an edit makes of what was looked up ---------------------------------------------------------------------

/** The dentries of an instance before an edit, with their objects held, so that they can be found again after it. */
interface Watched {
  readonly id: FsId;
  readonly top: Node | undefined;
  readonly dentries: readonly Dentry[];
  readonly listings: ReturnType<typeof listingsOf>;
}
interface Dentry {
  readonly path: Path;
  /** Undefined where the name was not found. */
  readonly node: Node | undefined;
  readonly kept: Kept;
}

/** Who holds the objects of a dentry: "overlay refresh.1:kept 0 /d/f". */
const keptPin = (id: FsId, layer: number, path: Path): string => `overlay ${id}:kept ${layer} ${path}`;

function keep(draft: Draft, id: FsId, path: Path, node: Pick<Node, 'parts' | 'opaque' | 'redirect'>): Kept {
  const parts = node.parts.map(({ layer, fs, path: at }) => {
    const pin = keptPin(id, layer, path);
    draft.set(`fs:${fs}`, hold(fileSystem(draft, fs), pin, at));
    return { layer, fs, pin };
  });
  return { parts, opaque: node.opaque, redirect: node.redirect };
}

/** A name that was not found keeps whether that is because of a whiteout in upper. */
function keepNothing(draft: Draft, id: FsId, path: Path): Kept {
  const [top] = nodeAt(draft, id, parentOf(path))?.parts ?? [];
  const whited = top?.layer === 0 && lookup(draft, top.fs, join(top.path, nameOf(path))) !== undefined;
  return { parts: [], opaque: whited, redirect: null };
}

/** Names with a mark keep their objects already, and the top is kept by the layers. A lookup that failed with an error leaves no dentry. */
function watch(draft: Draft, id: FsId): Watched {
  const listings = listingsOf(draft, id);
  const fs = overlayAt(draft, id);
  const names = pathsOf(fs?.seen ?? NO_DENTRIES).filter((path) => fs?.marks.get(path)?.kept === undefined);
  const dentries = names.flatMap((path): readonly Dentry[] => {
    const instance = overlayAt(draft, id);
    const node = instance === null ? undefined : findNode(draft, instance, path);
    if (node === undefined || (failed(node) && node.err !== 'ENOENT' && node.err !== 'ENOTDIR')) return [];
    if (failed(node)) return [{ path, node: undefined, kept: keepNothing(draft, id, path) }];
    return [{ path, node: node.ok, kept: keep(draft, id, path, node.ok) }];
  });
  return { id, top: nodeAt(draft, id, ''), dentries, listings };
}

/** Whether a lookup gives a dentry that holds the same. */
function isFresh(draft: Draft, id: FsId, path: Path, kept: Kept, now: Node | undefined): boolean {
  if (now === undefined) return kept.parts.length === 0 && keepNothing(draft, id, path).opaque === kept.opaque;
  return (
    kept.parts.length === now.parts.length &&
    kept.opaque === now.opaque &&
    kept.redirect === now.redirect &&
    kept.parts.every(({ layer, fs, pin }, index) => {
      const part = now.parts[index];
      return part?.layer === layer && part.fs === fs && part.path === pinned(fileSystem(draft, fs), pin);
    })
  );
}

function setMark(draft: Draft, id: FsId, path: Path, mark: Mark): void {
  const fs = overlayAt(draft, id);
  if (fs === null) return;
  const how = together(fs.marks.get(path)?.how, mark.how);
  draft.set(`fs:${id}`, { ...fs, marks: new Map(fs.marks).set(path, { ...mark, how }) });
}

/** After the edit, a directory before what is in it: a name in a directory that is kept is looked up in that one. */
function settle(draft: Draft, { id, top, dentries, listings }: Watched): void {
  noteEdit(draft, id, '', top, nodeAt(draft, id, ''));
  for (const { path, node, kept } of dentries) {
    const now = nodeAt(draft, id, path);
    if (overlayAt(draft, id) === null || isFresh(draft, id, path, kept, now)) {
      letGo(draft, kept.parts);
      noteEdit(draft, id, path, node, now);
    } else {
      const how = node !== undefined && now === undefined ? 'removed' : node === undefined && now ? 'added' : 'changed';
      setMark(draft, id, path, { how, kept });
    }
  }
  // An edit may also undo what an earlier one did.
  for (const path of [...(overlayAt(draft, id)?.marks.keys() ?? [])].sort()) settleMark(draft, id, path);
  keepListings(draft, id, listings);
}

/** The object is the same, but somebody has written to it. Of a directory only the topmost one's attributes are seen. */
function noteEdit(draft: Draft, id: FsId, path: Path, before: Node | undefined, now: Node | undefined): void {
  if (before === undefined || now === undefined || sameInode(before.parts[0].inode, now.parts[0].inode)) return;
  const [had, has] = [before.parts[0].inode, now.parts[0].inode];
  const { mode, uid, gid } = overlayAt(draft, id)?.marks.get(path)?.judged ?? had;
  const lags = mode !== has.mode || uid !== has.uid || gid !== has.gid;
  setMark(draft, id, path, { how: 'changed', ...(lags ? { judged: { mode, uid, gid } } : {}) });
}

/** The overlay has edited the object, or what is in it, and looked at its attributes again. Source: Linux ovl_copyattr(). */
export function judgeAnew(draft: Draft, id: FsId, path: Path): void {
  const fs = overlayAt(draft, id);
  const mark = fs?.marks.get(path);
  if (fs === null || mark?.judged === undefined) return;
  const { judged: _, ...rest } = mark;
  draft.set(`fs:${id}`, { ...fs, marks: new Map(fs.marks).set(path, rest) });
}

/**
 * Runs an edit of file systems and marks the names of overlays over them that were looked up and are different
 * afterwards. `through` is the overlay that makes the edit in its own upper layer.
 */
export function markLive(draft: Draft, changes: readonly TreeChange[], through: FsId | null, edit: () => void): void {
  const places = new Map<FsId, Path[]>();
  for (const change of changes) places.set(change.fs, [...(places.get(change.fs) ?? []), ...touched(change)]);
  const concerned = [...places].flatMap(([id, paths]) => concernedBy(draft, id, paths, through));
  const forgotten = concerned.flatMap(({ entries }) => entries).filter((name) => draft.remembers?.(name) === false);
  if (forgotten.length > 0) throw new Forgotten([...new Set(forgotten)]);
  const watched = [...new Set(concerned.flatMap(({ instances }) => instances))].map((id) => watch(draft, id));
  edit();
  for (const one of watched) settle(draft, one);
}

/**
 * The overlay itself has made or copied up an object of a marked name: its dentry has that in upper from now on, and of a
 * directory what it had below. Where a fresh lookup finds the same, the mark has gone.
 */
export function instantiate(draft: Draft, id: FsId, path: Path): void {
  const mark = overlayAt(draft, id)?.marks.get(path);
  const [dir] = nodeAt(draft, id, parentOf(path))?.parts ?? [];
  if (mark === undefined || dir?.layer !== 0) return;
  const at = join(dir.path, nameOf(path));
  const inode = lookup(draft, dir.fs, at);
  if (mark.kept === undefined || inode === undefined) {
    if (mark.judged === undefined) dropMark(draft, id, path);
    return;
  }
  const pin = keptPin(id, 0, path);
  draft.set(`fs:${dir.fs}`, hold(fileSystem(draft, dir.fs), pin, at));
  const lowers = inode.type === 'dir' ? mark.kept.parts : [];
  if (inode.type !== 'dir') letGo(draft, mark.kept.parts);
  const own = ownNames(draft, id);
  const kept: Kept = {
    parts: [{ layer: 0, fs: dir.fs, pin }, ...lowers],
    opaque: inode.xattrs.get(own.opaque) === 'y',
    redirect: inode.xattrs.get(own.redirect) ?? null,
  };
  setMark(draft, id, path, { how: mark.how, kept });
  settleMark(draft, id, path);
}

function ownNames(world: Read, id: FsId): PrivateNames {
  const fs = overlayAt(world, id);
  return fs === null ? TRUSTED : namesOf(fs.options);
}

/** A mark goes when its dentry holds what a fresh lookup would find. */
export function settleMark(draft: Draft, id: FsId, path: Path): void {
  const kept = overlayAt(draft, id)?.marks.get(path)?.kept;
  if (kept !== undefined && isFresh(draft, id, path, kept, freshNode(draft, id, path))) dropMark(draft, id, path);
}

/** What a lookup would find at a marked name if its dentry were dropped. */
function freshNode(draft: Draft, id: FsId, path: Path): Node | undefined {
  const fs = overlayAt(draft, id);
  if (fs === null) return undefined;
  const without = new Draft(draft, true);
  const marks = new Map(fs.marks);
  marks.delete(path);
  without.set(`fs:${id}`, { ...fs, marks });
  return nodeAt(without, id, path);
}
