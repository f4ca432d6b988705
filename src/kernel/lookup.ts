import { endOf, get, identityOf, inodeOf, isEmptyAt, isOrphan, join, linksOf, nameOf, names, pinned } from './tree.ts';
import {
  type Directory,
  type Entry,
  err,
  type FileSystem,
  type FsId,
  failed,
  type Inode,
  type Layer,
  type OverlayFs,
  type OverlayOptions,
  ok,
  type Path,
  type PlainFs,
  type Result,
  type Slot,
} from './types.ts';
import { fileSystem, type Read } from './world.ts';

/**
 * What a file system shows at a path, plain or overlay. Everything in an overlay is derived from its layers at the
 * moment of looking; layers are looked at through the same functions, so an overlay can be a layer. Mounts, symlinks
 * and permissions are not considered here (see path.ts).
 */

/** A directory of one layer that takes part in a merged directory, or the one object a non-directory comes from. */
export interface Part {
  /** 0 is upper, as in the kernel (struct ovl_layer.idx); lowers count from 1. */
  readonly layer: number;
  readonly fs: FsId;
  readonly path: Path;
  readonly inode: Inode;
  /** The inodes with several names of its file system; null for an overlay, which has them itself. */
  readonly links: PlainFs['inodes'] | null;
}

/** A name of an overlay that exists: what its layers contribute, top to bottom. */
export interface Node {
  readonly parts: readonly [Part, ...Part[]];
  /** The upper directory is opaque (ovl_dentry_is_opaque()). */
  readonly opaque: boolean;
  /** The redirect of the upper directory (ovl_dentry_get_redirect()). */
  readonly redirect: string | null;
}

/** The names of an overlay's own xattrs. */
export interface PrivateNames {
  readonly prefix: string;
  readonly opaque: string;
  readonly redirect: string;
  readonly whiteout: string;
  /** Says that a directory was copied up, so that it may hold whiteouts even where nothing is left below it. */
  readonly origin: string;
  /** Says that the data of a file is elsewhere. */
  readonly metacopy: string;
  /** In an index directory: the upperdir that it belongs to. */
  readonly upper: string;
}
const privateNames = (prefix: string): PrivateNames => ({
  prefix,
  opaque: `${prefix}opaque`,
  redirect: `${prefix}redirect`,
  whiteout: `${prefix}whiteout`,
  origin: `${prefix}origin`,
  metacopy: `${prefix}metacopy`,
  upper: `${prefix}upper`,
});
export const TRUSTED = privateNames('trusted.overlay.');
const USER = privateNames('user.overlay.');
/** Source: Linux ovl_xattr_table, OVL_XATTR_USER_PREFIX. */
export const namesOf = ({ userxattr }: OverlayOptions): PrivateNames => (userxattr === true ? USER : TRUSTED);

const NO_ENTRIES: ReadonlyMap<string, Entry> = new Map();

/** The character device 0/0, or an empty file with overlay.whiteout. Source: Linux ovl_path_is_whiteout(). */
export function isWhiteout(inode: Inode, names = TRUSTED): boolean {
  if (inode.type === 'chr') return inode.rdev[0] === 0 && inode.rdev[1] === 0;
  return inode.type === 'file' && inode.content === '' && inode.xattrs.has(names.whiteout);
}

/** How an overlay names an xattr of its layers to callers above: private ones are hidden, escaped ones come back. */
export function shownXattr(name: string, { prefix }: PrivateNames): string | undefined {
  if (!name.startsWith(prefix)) return name;
  return name.startsWith(`${prefix}overlay.`) ? prefix + name.slice(prefix.length + 8) : undefined;
}
/** How an overlay stores an xattr that a caller names. Source: Linux ovl_xattr_escape_name(). */
export const storedXattr = (name: string, { prefix }: PrivateNames): string =>
  name.startsWith(prefix) ? `${prefix}overlay.${name.slice(prefix.length)}` : name;

/** An inode of a layer as it is seen through the overlay. Directories lose their entries: ask for the list. */
function shown(inode: Inode, names: PrivateNames): Inode {
  let xattrs = inode.xattrs;
  if (xattrs.size > 0 && [...xattrs.keys()].some((name) => name.startsWith(names.prefix)))
    xattrs = new Map(
      [...xattrs].flatMap(([name, value]) => {
        const outside = shownXattr(name, names);
        return outside === undefined ? [] : [[outside, value] as const];
      }),
    );
  if (inode.type === 'dir') return { ...inode, xattrs, entries: NO_ENTRIES };
  return xattrs === inode.xattrs ? inode : { ...inode, xattrs };
}

// ---- layers -------------------------------------------------------------------------------------------------------

/** Where a layer's top directory is now: the instance holds the dentry. */
export const layerRoot = (world: Read, layer: Layer): Path => pinned(fileSystem(world, layer.fs), layer.pin);

/** Who holds a layer of an instance: "overlay refresh.1:upper". */
export const layerPin = (id: FsId, role: string): string => `overlay ${id}:${role}`;
const LAYER_PIN = /^overlay ([^:]*):(.*)$/;
/** The instance that a pin in one of its layers belongs to. */
export const instanceOf = (pin: string): FsId | undefined => LAYER_PIN.exec(pin)?.[1];
/** What the layer is in that instance: "upper", "work", "lower0". */
export const roleOf = (pin: string): string | undefined => LAYER_PIN.exec(pin)?.[2];

/** A node with what has been looked up below it so far. */
interface Known extends Node {
  /** Where absolute redirects begin; null for the root itself. */
  readonly root: Known | null;
  /** Of the root: the directories of its own layers, which nothing in the overlay may show again. */
  readonly traps?: ReadonlySet<string>;
  below: Map<string, Result<Known>> | null;
}

type Stores = ReadonlyMap<Slot, FileSystem>;

/** Lookups remembered per instance. */
interface Memory {
  readonly upper: OverlayFs['upper'];
  readonly options: OverlayFs['options'];
  /**
   * The root as it was last. Components are immutable values, so it and everything below it is the same while the file
   * systems of the layers, and of their layers if they are overlays, are the very same.
   */
  last: { readonly stores: Stores; readonly root: Known } | null;
  /**
   * Some roots of plain layers. Most changes of a file system are elsewhere: while the top directories and the hard-link
   * tables of all layers are the very same, so is everything below them.
   */
  roots: readonly Known[];
}
/** By the list of lowers, which an instance keeps for ever; its value changes with every descriptor that is opened. */
const memories = new WeakMap<OverlayFs['lowers'], Memory>();
const REMEMBERED = 8;

function memoryOf({ lowers, upper, options }: OverlayFs): Memory {
  const known = memories.get(lowers);
  if (known !== undefined && known.upper === upper && known.options === options) return known;
  const memory: Memory = { upper, options, last: null, roots: [] };
  memories.set(lowers, memory);
  return memory;
}

/** From the top: upper is a layer like the lowers. */
const layersOf = (fs: OverlayFs): readonly Layer[] => (fs.upper === null ? fs.lowers : [fs.upper, ...fs.lowers]);

/** The file systems that decide what an overlay shows. */
function storesOf(world: Read, fs: OverlayFs, stores = new Map<Slot, FileSystem>()): Stores {
  for (const layer of layersOf(fs)) {
    const slot: Slot = `fs:${layer.fs}`;
    if (stores.has(slot)) continue;
    const store = fileSystem(world, layer.fs);
    stores.set(slot, store);
    if (store.kind === 'overlay') storesOf(world, store, stores);
  }
  return stores;
}

function isSame(world: Read, stores: Stores): boolean {
  for (const [slot, store] of stores) if (world.get(slot) !== store) return false;
  return true;
}

/** Nobody has edited its layers behind its back: it shows what they hold. */
const isSettled = (store: FileSystem): boolean => store.kind === 'plain' || store.marks.size === 0;

const samePart = (a: Part, b: Part | undefined): boolean =>
  a.inode === b?.inode && a.path === b.path && a.links === b.links;

const sameRoot = (a: Known, b: Known): boolean =>
  a.parts.every((part, i) => samePart(part, b.parts[i])) && [...(a.traps ?? [])].every((trap) => b.traps?.has(trap));

/** The merged root of an overlay. */
function rootOf(world: Read, fs: OverlayFs): Known {
  const memory = memoryOf(fs);
  if (memory.last !== null && isSame(world, memory.last.stores)) return memory.last.root;
  const stores = storesOf(world, fs);
  const fresh = mergedRoot(world, fs);
  const isPlain = fresh.parts.every((part) => part.links !== null);
  const root = memory.roots.find((known) => sameRoot(known, fresh)) ?? fresh;
  if (root === fresh && isPlain) memory.roots = [fresh, ...memory.roots.slice(0, REMEMBERED - 1)];
  memory.last = [...stores.values()].every(isSettled) ? { stores, root } : null;
  return root;
}

function mergedRoot(world: Read, fs: OverlayFs): Known {
  const parts = layersOf(fs).map((layer, index): Part => {
    const below = fileSystem(world, layer.fs);
    const path = pinned(below, layer.pin);
    const inode = below.kind === 'plain' ? get(below, path) : found(world, layer.fs, path);
    if (inode === undefined) throw new Error(`the layer "${layer.name}" of an overlay has lost its directory`);
    const links = below.kind === 'plain' ? below.inodes : null;
    return { layer: fs.upper === null ? index + 1 : index, fs: layer.fs, path, inode, links };
  });
  const [top, ...rest] = parts;
  if (top === undefined) throw new Error('an overlay has at least one layer');
  return { parts: [top, ...rest], opaque: false, redirect: null, root: null, traps: trapsOf(world, fs), below: null };
}

const trap = (fs: FsId, path: Path): string => `${fs}:${path}`;

/** The tops of the layers and the work directory with what is in it. Source: Linux ovl_setup_trap(). */
function trapsOf(world: Read, fs: OverlayFs): ReadonlySet<string> {
  const { work, workdir = null } = fs;
  const held = [...layersOf(fs), ...[work, workdir].filter((layer) => layer !== null)];
  return new Set(held.map((layer) => trap(layer.fs, layerRoot(world, layer))));
}

/** One name in one directory of a layer, or undefined. */
function child(world: Read, base: Part, name: string): Part | undefined {
  if (base.inode.type !== 'dir') return undefined;
  const { layer, fs, links } = base;
  const path = join(base.path, name);
  if (links === null) {
    const inode = found(world, fs, path);
    return inode === undefined ? undefined : { layer, fs, path, inode, links };
  }
  const entry = base.inode.entries.get(name);
  return entry === undefined ? undefined : { layer, fs, path, inode: inodeOf(links, entry), links };
}

/** The state of one lookup over all layers. Source: Linux struct ovl_lookup_data. */
interface Search {
  readonly names: PrivateNames;
  /** What to look up in the next layer: a name in the parent, or an absolute path of the layer after a redirect. */
  name: string;
  redirect: string | null;
  stop: boolean;
  opaque: boolean;
  isDir: boolean;
  /** No layer below can matter, so nothing is asked about it. */
  last: boolean;
  invalid: boolean;
  readonly traps: ReadonlySet<string> | undefined;
  trapped: boolean;
}

/** One component in one layer, and what it means for the layers below. Source: Linux ovl_lookup_single(). */
function lookupSingle(
  world: Read,
  base: Part,
  d: Search,
  at: { name: string; prefix: string; rest: string },
): Part | undefined {
  const here = child(world, base, at.name);
  if (here === undefined) return undefined;
  const isLast = at.rest === '';
  if (isWhiteout(here.inode, d.names)) {
    d.stop = true;
    d.opaque = true;
    return undefined;
  }
  if (here.inode.type !== 'dir') {
    d.stop = true;
    return d.isDir || !isLast ? undefined : here;
  }
  if (d.traps?.has(trap(here.fs, here.path)) === true) {
    d.stop = true;
    d.trapped = true;
    return undefined;
  }
  if (isLast) d.isDir = true;
  if (d.last) return here;
  if (here.inode.xattrs.get(d.names.opaque) === 'y') {
    d.stop = true;
    if (isLast) d.opaque = true;
    return here;
  }
  const redirect = here.inode.xattrs.get(d.names.redirect);
  if (redirect === undefined) return here;
  if (redirect === '' || (redirect[0] !== '/' && redirect.includes('/'))) d.invalid = true;
  // An absolute redirect starts again at the top of every layer below, opaque ancestors or not (ovl_check_redirect()).
  if (redirect[0] === '/') d.stop = false;
  d.redirect = (redirect[0] === '/' ? redirect : at.prefix + redirect) + at.rest;
  d.name = d.redirect;
  return here;
}

/** The name, or the redirected path, in one layer. Source: Linux ovl_lookup_layer(). */
function lookupLayer(world: Read, base: Part, d: Search): Part | undefined {
  if (d.name[0] !== '/') return lookupSingle(world, base, d, { name: d.name, prefix: '', rest: '' });
  let here: Part | undefined = base;
  // A redirect met on the way changes the prefix of the path, so the position counts from its end.
  let rest = d.name.length - 1;
  while (here !== undefined && here.inode.type === 'dir') {
    const start = d.name.length - rest;
    const slash = d.name.indexOf('/', start);
    const end = slash === -1 ? d.name.length : slash;
    const name = d.name.slice(start, end);
    here = lookupSingle(world, here, d, { name, prefix: d.name.slice(0, start), rest: d.name.slice(end) });
    if (slash === -1) return here;
    rest -= name.length + 1;
  }
  return undefined;
}

/** A name in a directory of an overlay. Source: Linux ovl_lookup(). */
function lookupName(world: Read, fs: OverlayFs, parent: Known, name: string): Result<Known> {
  const root = parent.root ?? parent;
  let lowers = lowersOf(parent);
  const follows = fs.options.redirectDir !== 'nofollow';
  const last = !follows && lowers.length === 0;
  const names = namesOf(fs.options);
  const { traps } = root;
  const start = { redirect: null, stop: false, opaque: false, isDir: false, invalid: false, trapped: false };
  const d: Search = { names, name, last, traps, ...start };
  const parts: Part[] = [];
  const upper = parent.parts[0].layer === 0 ? lookupLayer(world, parent.parts[0], d) : undefined;
  // Redirects reach what the names above would not permit, so nofollow refuses them.
  if (upper !== undefined && d.redirect !== null && !follows) return err('EPERM');
  if (upper !== undefined) parts.push(upper);
  const upperOpaque = d.opaque;
  const upperRedirect = upper === undefined ? null : d.redirect;
  let fromRoot = d.redirect?.[0] === '/';
  if (fromRoot) lowers = lowersOf(root);
  for (let i = 0; !d.stop; i++) {
    const base = lowers[i];
    if (base === undefined) break;
    d.last = follows ? base.layer === fs.lowers.length : i === lowers.length - 1;
    const here = lookupLayer(world, base, d);
    if (here === undefined) continue;
    if (d.redirect !== null && !follows) return err('EPERM');
    parts.push(here);
    if (d.redirect?.[0] === '/' && !fromRoot) {
      fromRoot = true;
      lowers = lowersOf(root);
      i = lowers.findIndex((part) => part.layer === base.layer);
    }
  }
  // "Overlapping layers": a layer that became part of what the overlay shows. Source: Linux ovl_lookup_trap_inode().
  if (d.trapped) return err('ELOOP');
  if (d.invalid) return err('EINVAL');
  const [top, ...rest] = parts;
  if (top === undefined) return err('ENOENT');
  // Seen on Linux 6.18: without metacopy=on nobody follows it to its data. Source: ovl_lookup(), "refusing to follow metacopy origin".
  if (top.inode.type === 'file' && top.inode.xattrs.has(names.metacopy)) return err('EPERM');
  const opaque = upper !== undefined && upperOpaque;
  return ok({ parts: [top, ...rest], opaque, redirect: upperRedirect, root, below: null });
}

const lowersOf = (node: Node): readonly Part[] => node.parts.filter((part) => part.layer > 0);

/** A name in a directory of an overlay, as it was found before or anew. */
function freshChild(world: Read, fs: OverlayFs, parent: Known, name: string): Result<Known> {
  parent.below ??= new Map();
  const known = parent.below.get(name);
  if (known !== undefined) return known;
  const node = lookupName(world, fs, parent, name);
  parent.below.set(name, node);
  return node;
}

/** What a dentry holds of a name that has changed in the layers since it was looked up; undefined where it is fresh. */
function keptChild(world: Read, fs: OverlayFs, parent: Known, path: Path): Result<Known> | undefined {
  const kept = world.cached === true && fs.marks.size > 0 ? fs.marks.get(path)?.kept : undefined;
  if (kept === undefined) return undefined;
  const [top, ...rest] = kept.parts.map(({ layer, fs: id, pin }): Part => {
    const store = fileSystem(world, id);
    const at = pinned(store, pin);
    const inode = found(world, id, at);
    if (inode === undefined) throw new Error(`a dentry of an overlay holds "${at}" of ${id}, and there is nothing`);
    return { layer, fs: id, path: at, inode, links: store.kind === 'plain' ? store.inodes : null };
  });
  if (top === undefined) return err('ENOENT');
  const { opaque, redirect } = kept;
  return ok({ parts: [top, ...rest], opaque, redirect, root: parent.root ?? parent, below: null });
}

/** A name in a directory of an overlay, by its path: what a system call finds there. */
function childNode(world: Read, fs: OverlayFs, parent: Known, path: Path): Result<Known> {
  if (parent.parts[0].inode.type !== 'dir') return err('ENOTDIR');
  return keptChild(world, fs, parent, path) ?? freshChild(world, fs, parent, nameOf(path));
}

function nodeAt(world: Read, fs: OverlayFs, path: Path): Result<Known> {
  let node = rootOf(world, fs);
  if (isOrphan(path)) return err('ENOENT');
  for (let start = 1; start <= path.length; start = endOf(path, start) + 1) {
    const next = childNode(world, fs, node, path.slice(0, endOf(path, start)));
    if (failed(next)) return next;
    node = next.ok;
  }
  return ok(node);
}

/** What the layers of an overlay contribute to a path: EPERM for a redirect that may not be followed, or ENOENT. */
export const findNode = (world: Read, fs: OverlayFs, path: Path): Result<Node> => nodeAt(world, fs, path);

// ---- what callers see ---------------------------------------------------------------------------------------------

/**
 * What was found at a path, from where the names below it can be looked up. The inode is as it is stored, for a
 * directory of an overlay its topmost part: its attributes count, not its entries nor its xattrs.
 */
export interface Found {
  readonly inode: Inode;
  /** Of an overlay, unless it is an unlinked inode. */
  readonly node?: Known;
}

/** What is at a path, or why not: ENOENT, ENOTDIR, and EPERM or EINVAL for a redirect. */
export function findAt(world: Read, id: FsId, path: Path): Result<Found> {
  const fs = fileSystem(world, id);
  if (fs.kind === 'plain') {
    const inode = get(fs, path);
    return inode === undefined ? err('ENOENT') : ok({ inode });
  }
  if (isOrphan(path)) {
    const held = fs.inodes.get(path);
    return held === undefined ? err('ENOENT') : ok({ inode: held.inode });
  }
  return foundNode(world, fs, path, nodeAt(world, fs, path));
}

/** The same for a path whose directory was found, while nothing has changed. */
export function findIn(world: Read, id: FsId, { inode, node }: Found, path: Path): Result<Found> {
  const fs = fileSystem(world, id);
  if (fs.kind === 'plain') {
    const entry = inode.type === 'dir' ? inode.entries.get(nameOf(path)) : undefined;
    return entry === undefined ? err('ENOENT') : ok({ inode: inodeOf(fs.inodes, entry) });
  }
  return node === undefined ? err('ENOENT') : foundNode(world, fs, path, childNode(world, fs, node, path));
}

function foundNode(world: Read, fs: OverlayFs, path: Path, node: Result<Known>): Result<Found> {
  if (failed(node)) return node;
  const [{ inode }] = node.ok.parts;
  const judged = world.cached === true && fs.marks.size > 0 ? fs.marks.get(path)?.judged : undefined;
  return ok({ inode: judged === undefined ? inode : { ...inode, judged }, node: node.ok });
}

/** What is at a path as a caller sees it; errors as from {@link findAt}. */
export function find(world: Read, id: FsId, path: Path): Result<Inode> {
  const at = findAt(world, id, path);
  if (failed(at)) return at;
  const fs = fileSystem(world, id);
  return ok(fs.kind === 'plain' ? at.ok.inode : shown(at.ok.inode, namesOf(fs.options)));
}

function found(world: Read, id: FsId, path: Path): Inode | undefined {
  const inode = find(world, id, path);
  return failed(inode) ? undefined : inode.ok;
}

/**
 * What is at a path of a file system, plain or overlay, or undefined; symlinks are not followed. A directory of an
 * overlay has no entries of its own: use {@link list}.
 */
export const lookup = (world: Read, fs: FsId, path: Path): Inode | undefined => found(world, fs, path);

/** Merged directories, and those that were copied up, leave whiteouts out of a listing. Source: Linux ovl_dir_is_real(). */
export const filtersWhiteouts = (node: Node, { origin }: PrivateNames): boolean =>
  node.parts.length > 1 || node.parts[0].inode.xattrs.has(origin);

/** A directory that an overlay's dentry holds was removed from its layer. Source: Linux IS_DEADDIR(). */
export const isDead = (node: Node): boolean =>
  node.parts.some((part) => isOrphan(part.path) && part.inode.type === 'dir');

/** The names of a directory of an overlay and what readdir calls them. Source: Linux ovl_dir_read_merged(). */
function mergedEntries(world: Read, fs: OverlayFs, node: Node, filter: boolean): Map<string, Part> {
  const own = namesOf(fs.options);
  const entries = new Map<string, Part>();
  if (isDead(node)) return entries;
  const hidden = new Set<string>();
  for (const part of node.parts) {
    // The mark of directories with whiteouts as attributes counts in lower layers that have another below (seen on Linux 6.18).
    const isBetween = part.layer > 0 && part.layer < fs.lowers.length;
    const hasXwhiteouts = isBetween && part.inode.xattrs.get(own.opaque) === 'x';
    for (const name of namesIn(world, part)) {
      if (entries.has(name) || hidden.has(name)) continue;
      const here = child(world, part, name);
      if (here === undefined) continue;
      const covers = (here.inode.type === 'chr' || hasXwhiteouts) && isWhiteout(here.inode, own);
      if (filter && covers) hidden.add(name);
      else entries.set(name, here);
    }
  }
  return entries;
}

/** The names in a directory of one layer, in any order. */
function namesIn(world: Read, { fs, path, inode, links }: Part): Iterable<string> {
  if (links === null) return list(world, fs, path);
  return inode.type === 'dir' ? inode.entries.keys() : [];
}

/**
 * The names in a directory as readdir(3) gives them, sorted, with the inode that decides their d_type; none where there
 * is no directory. A stray whiteout in a directory that is not merged is listed, although looking it up gives ENOENT.
 */
export function entriesOf(world: Read, id: FsId, path: Path): ReadonlyMap<string, Inode> {
  const fs = fileSystem(world, id);
  if (fs.kind === 'plain') {
    const directory = get(fs, path);
    if (directory?.type !== 'dir') return new Map();
    return new Map(names(fs, path).map((name) => [name, inodeOf(fs.inodes, entryOf(directory, name))]));
  }
  const node = findNode(world, fs, path);
  if (failed(node) || node.ok.parts[0].inode.type !== 'dir') return new Map();
  const own = namesOf(fs.options);
  const merged = mergedEntries(world, fs, node.ok, filtersWhiteouts(node.ok, own));
  return new Map([...merged].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, part]) => [name, part.inode]));
}

/** Whether reading a directory fails with ENOENT: it was removed, or what it is made of was. Source: Linux iterate_dir(), IS_DEADDIR(). */
export function isRemoved(world: Read, id: FsId, path: Path): boolean {
  const fs = fileSystem(world, id);
  if (isOrphan(path) || fs.kind === 'plain') return isOrphan(path);
  const node = findNode(world, fs, path);
  return !failed(node) && isDead(node.ok);
}

/**
 * Why a listing is not what this model can tell, or undefined. A merged listing looks up, for their inode numbers, the
 * directories of upper that were copied up. Where a redirect, in upper or below, may not be followed it fails in the middle,
 * in the raw order of the names, and from the next time on leaves those names out. Source: Linux ovl_calc_d_ino(), ovl_cache_update().
 */
export function unlistable(world: Read, id: FsId, path: Path): string | undefined {
  const fs = fileSystem(world, id);
  if (fs.kind === 'plain' || fs.options.redirectDir !== 'nofollow') return undefined;
  const own = namesOf(fs.options);
  const node = findNode(world, fs, path);
  if (failed(node) || !filtersWhiteouts(node.ok, own)) return undefined;
  const isCopied = ({ layer, inode }: Part): boolean => layer === 0 && inode.xattrs.has(own.origin);
  const names = [...mergedEntries(world, fs, node.ok, true)].filter(([, part]) => isCopied(part)).map(([name]) => name);
  const lost = names.sort().find((name) => failed(findNode(world, fs, join(path, name))));
  return lost === undefined
    ? undefined
    : `a listing meets the redirect of "${join(path, lost)}", which it may not follow`;
}

function entryOf(directory: Directory, name: string): Entry {
  const entry = directory.entries.get(name);
  if (entry === undefined) throw new Error(`a directory listed "${name}" and has it not`);
  return entry;
}

/** The names in a directory of a file system, plain or overlay, sorted; none where there is no directory. */
export function list(world: Read, id: FsId, path: Path): readonly string[] {
  const fs = fileSystem(world, id);
  return fs.kind === 'plain' ? names(fs, path) : [...entriesOf(world, id, path).keys()];
}

/** True if rmdir would find nothing: whiteouts do not count, wherever they are. Source: Linux ovl_check_empty_dir(). */
export function isEmpty(world: Read, id: FsId, path: Path): boolean {
  const fs = fileSystem(world, id);
  if (fs.kind === 'plain') return isEmptyAt(fs, path);
  const node = findNode(world, fs, path);
  return failed(node) || mergedEntries(world, fs, node.ok, true).size === 0;
}

/** st_nlink. A merged directory has one, whatever its layers say. Source: Linux ovl_getattr(). */
export function linkCount(world: Read, id: FsId, path: Path): number {
  const fs = fileSystem(world, id);
  if (fs.kind === 'plain') return linksOf(fs, path);
  if (isOrphan(path)) return fs.inodes.get(path)?.lower?.links ?? 0;
  const node = findNode(world, fs, path);
  if (failed(node)) return 0;
  if (node.ok.parts.length > 1) return 1;
  const [part] = node.ok.parts;
  return linkCount(world, part.fs, part.path);
}

/** Equal for two paths of one file system exactly when stat(2) gives them the same st_dev and st_ino. */
export function identity(world: Read, id: FsId, path: Path): string {
  const fs: FileSystem = fileSystem(world, id);
  if (fs.kind === 'plain') return `${id}:${identityOf(fs, path)}`;
  const node = findNode(world, fs, path);
  if (failed(node) || node.ok.parts[0].inode.type === 'dir') return `${id}:${path}`;
  const [part] = node.ok.parts;
  return identity(world, part.fs, part.path);
}
