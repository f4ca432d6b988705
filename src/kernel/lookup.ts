import { get, identityOf, inodeOf, isOrphan, join, linksOf, names, pinned } from './tree.ts';
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
  ok,
  type Path,
  type PlainFs,
  type Result,
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
}

/** A name of an overlay that exists: what its layers contribute, top to bottom. */
export interface Node {
  readonly parts: readonly [Part, ...Part[]];
  /** The upper directory is opaque (ovl_dentry_is_opaque()). */
  readonly opaque: boolean;
  /** The redirect of the upper directory (ovl_dentry_get_redirect()). */
  readonly redirect: string | null;
}

const PRIVATE = 'trusted.overlay.';
export const OPAQUE = `${PRIVATE}opaque`;
export const REDIRECT = `${PRIVATE}redirect`;
export const WHITEOUT = `${PRIVATE}whiteout`;
/** Says that a directory was copied up, so that it may hold whiteouts even where nothing is left below it. */
export const ORIGIN = `${PRIVATE}origin`;

const NO_ENTRIES: ReadonlyMap<string, Entry> = new Map();

/** The character device 0/0, or an empty file with overlay.whiteout. Source: Linux ovl_path_is_whiteout(). */
export function isWhiteout(inode: Inode): boolean {
  if (inode.type === 'chr') return inode.rdev[0] === 0 && inode.rdev[1] === 0;
  return inode.type === 'file' && inode.content === '' && inode.xattrs.has(WHITEOUT);
}

/** How an overlay names an xattr of its layers to callers above: private ones are hidden, escaped ones come back. */
export function shownXattr(name: string): string | undefined {
  if (!name.startsWith(PRIVATE)) return name;
  return name.startsWith(`${PRIVATE}overlay.`) ? PRIVATE + name.slice(PRIVATE.length + 8) : undefined;
}
/** How an overlay stores an xattr that a caller names. Source: Linux ovl_xattr_escape_name(). */
export const storedXattr = (name: string): string =>
  name.startsWith(PRIVATE) ? `${PRIVATE}overlay.${name.slice(PRIVATE.length)}` : name;

/** An inode of a layer as it is seen through the overlay. Directories lose their entries: ask for the list. */
function shown(inode: Inode): Inode {
  let xattrs = inode.xattrs;
  if ([...xattrs.keys()].some((name) => name.startsWith(PRIVATE)))
    xattrs = new Map(
      [...xattrs].flatMap(([name, value]) => {
        const outside = shownXattr(name);
        return outside === undefined ? [] : [[outside, value] as const];
      }),
    );
  if (inode.type === 'dir') return { ...inode, xattrs, entries: NO_ENTRIES };
  return xattrs === inode.xattrs ? inode : { ...inode, xattrs };
}

// ---- layers -------------------------------------------------------------------------------------------------------

/** Where a layer's top directory is now: the instance holds the dentry. */
export const layerRoot = (world: Read, layer: Layer): Path => pinned(fileSystem(world, layer.fs), layer.pin);

/** A root that was looked at before, with what is known below it. */
interface Known {
  readonly root: Node;
  readonly tables: readonly PlainFs['inodes'][];
  readonly below: WeakMap<Node, Map<string, Result<Node>>>;
}

/**
 * Lookups remembered per instance. Layers are immutable values, so while the top directories and the hard-link tables of
 * all layers are the very same, so is everything below them. An overlay as a layer has no such value and is not remembered.
 */
const remembered = new WeakMap<OverlayFs['lowers'], readonly Known[]>();
const REMEMBERED = 8;

function knownRoot(fs: OverlayFs, root: Node, tables: readonly PlainFs['inodes'][]): Known {
  const all = remembered.get(fs.lowers) ?? [];
  const known = all.find(
    (one) =>
      one.tables.every((table, index) => table === tables[index]) &&
      one.root.parts.every(({ inode, path }, index) => {
        const part = root.parts[index];
        return part !== undefined && inode === part.inode && path === part.path;
      }),
  );
  if (known !== undefined) return known;
  const fresh: Known = { root, tables, below: new WeakMap() };
  remembered.set(fs.lowers, [fresh, ...all.slice(0, REMEMBERED - 1)]);
  return fresh;
}

/** The merged root of an overlay, and a place to remember what is found below it. */
function rootOf(world: Read, fs: OverlayFs): Known {
  const layers = fs.upper === null ? fs.lowers : [fs.upper, ...fs.lowers];
  const tables: PlainFs['inodes'][] = [];
  const parts = layers.map((layer, index): Part => {
    const below = fileSystem(world, layer.fs);
    const path = pinned(below, layer.pin);
    const inode = below.kind === 'plain' ? get(below, path) : found(world, layer.fs, path);
    if (inode === undefined) throw new Error(`the layer "${layer.name}" of an overlay has lost its directory`);
    if (below.kind === 'plain') tables.push(below.inodes);
    return { layer: fs.upper === null ? index + 1 : index, fs: layer.fs, path, inode };
  });
  const [top, ...rest] = parts;
  if (top === undefined) throw new Error('an overlay has at least one layer');
  const root: Node = { parts: [top, ...rest], opaque: false, redirect: null };
  return tables.length === layers.length ? knownRoot(fs, root, tables) : { root, tables, below: new WeakMap() };
}

/** One name in one directory of a layer, or undefined. */
function child(world: Read, base: Part, name: string): Part | undefined {
  if (base.inode.type !== 'dir') return undefined;
  const path = join(base.path, name);
  const fs = fileSystem(world, base.fs);
  let inode: Inode | undefined;
  if (fs.kind === 'plain') {
    const entry = base.inode.entries.get(name);
    inode = entry === undefined ? undefined : inodeOf(fs, entry);
  } else {
    inode = found(world, base.fs, path);
  }
  return inode === undefined ? undefined : { layer: base.layer, fs: base.fs, path, inode };
}

/** The state of one lookup over all layers. Source: Linux struct ovl_lookup_data. */
interface Search {
  /** What to look up in the next layer: a name in the parent, or an absolute path of the layer after a redirect. */
  name: string;
  redirect: string | null;
  stop: boolean;
  opaque: boolean;
  isDir: boolean;
  /** No layer below can matter, so nothing is asked about it. */
  last: boolean;
  invalid: boolean;
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
  if (isWhiteout(here.inode)) {
    d.stop = true;
    d.opaque = true;
    return undefined;
  }
  if (here.inode.type !== 'dir') {
    d.stop = true;
    return d.isDir || !isLast ? undefined : here;
  }
  if (isLast) d.isDir = true;
  if (d.last) return here;
  if (here.inode.xattrs.get(OPAQUE) === 'y') {
    d.stop = true;
    if (isLast) d.opaque = true;
    return here;
  }
  const redirect = here.inode.xattrs.get(REDIRECT);
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
function lookupName(world: Read, fs: OverlayFs, root: Node, parent: Node, name: string): Result<Node> {
  const rootLowers = root.parts.filter((part) => part.layer > 0);
  let lowers = parent.parts.filter((part) => part.layer > 0);
  const follows = fs.options.redirectDir !== 'nofollow';
  const last = !follows && lowers.length === 0;
  const d: Search = { name, redirect: null, stop: false, opaque: false, isDir: false, last, invalid: false };
  const parts: Part[] = [];
  const upper = parent.parts[0].layer === 0 ? lookupLayer(world, parent.parts[0], d) : undefined;
  // Redirects reach what the names above would not permit, so nofollow refuses them.
  if (upper !== undefined && d.redirect !== null && !follows) return err('EPERM');
  if (upper !== undefined) parts.push(upper);
  const upperOpaque = d.opaque;
  const upperRedirect = upper === undefined ? null : d.redirect;
  if (d.redirect?.[0] === '/') lowers = rootLowers;
  for (let i = 0; !d.stop; i++) {
    const base = lowers[i];
    if (base === undefined) break;
    d.last = follows ? base.layer === fs.lowers.length : i === lowers.length - 1;
    const here = lookupLayer(world, base, d);
    if (here === undefined) continue;
    if (d.redirect !== null && !follows) return err('EPERM');
    parts.push(here);
    if (d.redirect?.[0] === '/' && lowers !== rootLowers) {
      lowers = rootLowers;
      i = rootLowers.findIndex((part) => part.layer === base.layer);
    }
  }
  if (d.invalid) return err('EINVAL');
  const [top, ...rest] = parts;
  if (top === undefined) return err('ENOENT');
  return ok({ parts: [top, ...rest], opaque: upper !== undefined && upperOpaque, redirect: upperRedirect });
}

/** What a dentry holds of a name that has changed in the layers since it was looked up; undefined where it is fresh. */
function keptNode(world: Read, fs: OverlayFs, path: Path): Result<Node> | undefined {
  const kept = fs.marks.get(path)?.kept;
  if (kept === undefined) return undefined;
  const [top, ...rest] = kept.parts.map(({ layer, fs: id, pin }): Part => {
    const at = pinned(fileSystem(world, id), pin);
    const inode = found(world, id, at);
    if (inode === undefined) throw new Error(`a dentry of an overlay holds "${at}" of ${id}, and there is nothing`);
    return { layer, fs: id, path: at, inode };
  });
  return top === undefined ? err('ENOENT') : ok({ ...kept, parts: [top, ...rest] });
}

/** What the layers of an overlay contribute to a path: EPERM for a redirect that may not be followed, or ENOENT. */
export function findNode(world: Read, fs: OverlayFs, path: Path): Result<Node> {
  const { root, below } = rootOf(world, fs);
  if (isOrphan(path)) return err('ENOENT');
  const stale = world.cached === true && fs.marks.size > 0;
  let node = root;
  let at = '';
  for (const name of path === '' ? [] : path.slice(1).split('/')) {
    if (node.parts[0].inode.type !== 'dir') return err('ENOTDIR');
    if (stale) at = join(at, name);
    const names = below.get(node) ?? new Map<string, Result<Node>>();
    below.set(node, names);
    const kept = stale ? keptNode(world, fs, at) : undefined;
    const next = kept ?? names.get(name) ?? lookupName(world, fs, root, node, name);
    if (kept === undefined) names.set(name, next);
    if (failed(next)) return next;
    node = next.ok;
  }
  return ok(node);
}

// ---- what callers see ---------------------------------------------------------------------------------------------

/** What is at a path, or why not: ENOENT, ENOTDIR, and EPERM or EINVAL for a redirect. */
export function find(world: Read, id: FsId, path: Path): Result<Inode> {
  const fs = fileSystem(world, id);
  if (fs.kind === 'plain') {
    const inode = get(fs, path);
    return inode === undefined ? err('ENOENT') : ok(inode);
  }
  if (isOrphan(path)) {
    const held = fs.inodes.get(path);
    return held === undefined ? err('ENOENT') : ok(shown(held.inode));
  }
  const node = findNode(world, fs, path);
  if (failed(node)) return node;
  const inode = shown(node.ok.parts[0].inode);
  const judged = world.cached === true ? fs.marks.get(path)?.judged : undefined;
  return ok(judged === undefined ? inode : { ...inode, judged });
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
export const filtersWhiteouts = (node: Node): boolean =>
  node.parts.length > 1 || node.parts[0].inode.xattrs.has(ORIGIN);

/** A directory that an overlay's dentry holds was removed from its layer. Source: Linux IS_DEADDIR(). */
export const isDead = (node: Node): boolean =>
  node.parts.some((part) => isOrphan(part.path) && part.inode.type === 'dir');

/** The names of a directory of an overlay and what readdir calls them. Source: Linux ovl_dir_read_merged(). */
function mergedEntries(world: Read, node: Node, filter: boolean): Map<string, Inode> {
  const entries = new Map<string, Inode>();
  // A layer's directory that was removed cannot be read; readdir(3) takes the error for the end of an empty listing.
  if (isDead(node)) return entries;
  const hidden = new Set<string>();
  for (const part of node.parts) {
    const hasXwhiteouts = part.inode.xattrs.get(OPAQUE) === 'x';
    for (const name of list(world, part.fs, part.path)) {
      if (entries.has(name) || hidden.has(name)) continue;
      const here = child(world, part, name);
      if (here === undefined) continue;
      const covers = here.inode.type === 'chr' ? isWhiteout(here.inode) : hasXwhiteouts && isWhiteout(here.inode);
      if (filter && covers) hidden.add(name);
      else entries.set(name, here.inode);
    }
  }
  return entries;
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
    return new Map(names(fs, path).map((name) => [name, inodeOf(fs, entryOf(directory, name))]));
  }
  const node = findNode(world, fs, path);
  if (failed(node) || node.ok.parts[0].inode.type !== 'dir') return new Map();
  const entries = mergedEntries(world, node.ok, filtersWhiteouts(node.ok));
  return new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
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
  if (fs.kind === 'plain') return names(fs, path).length === 0;
  const node = findNode(world, fs, path);
  return failed(node) || mergedEntries(world, node.ok, true).size === 0;
}

/** st_nlink. A merged directory has one, whatever its layers say. Source: Linux ovl_getattr(). */
export function linkCount(world: Read, id: FsId, path: Path): number {
  const fs = fileSystem(world, id);
  if (fs.kind === 'plain') return linksOf(fs, path);
  if (isOrphan(path)) return fs.inodes.get(path)?.lower === true ? 1 : 0;
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
