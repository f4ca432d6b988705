import type {
  Attributes,
  Change,
  Directory,
  Entry,
  FileSystem,
  HeldInode,
  Inode,
  InoId,
  Path,
  Pin,
  PinId,
  PlainFs,
  Regular,
  Special,
  Symlink,
} from './types.ts';

/**
 * Plain file systems as values: reading by path, and the six edits everything else is made of. An edit copies the
 * directories on its way and shares the rest. Nothing here knows permissions or overlays; an edit that makes no sense
 * (a missing parent, a name that is not there) is a broken model and throws.
 */

// ---- paths --------------------------------------------------------------------------------------------------------

/**
 * The directory that holds a path; the root's is the root. Paths that do not start with "/" name an unlinked inode
 * that a pin holds, by its id: it has no parent.
 */
export const parentOf = (path: Path): Path => path.slice(0, Math.max(path.lastIndexOf('/'), 0));
export const nameOf = (path: Path): string => path.slice(path.lastIndexOf('/') + 1);
/** The order of names and paths: that of their characters, whatever the language. */
export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
export const join = (directory: Path, name: string): Path => `${directory}/${name}`;
/** True for the path itself and for everything below it. */
export const isWithin = (path: Path, top: Path): boolean =>
  path === top || (path.startsWith(top) && path.charCodeAt(top.length) === 47);
/** An unlinked inode that is still held, not a place in the tree. */
export const isOrphan = (path: Path): boolean => path !== '' && path.charCodeAt(0) !== 47;
/** Where a path is after what was at `from` has moved to `to`. */
export const rebase = (path: Path, from: Path, to: Path): Path =>
  isWithin(path, from) ? to + path.slice(from.length) : path;

/** Where the component of a path ends that begins at `start`; the first begins at 1. */
export function endOf(path: Path, start: number): number {
  const slash = path.indexOf('/', start);
  return slash === -1 ? path.length : slash;
}

// ---- constructors -------------------------------------------------------------------------------------------------

const NO_XATTRS: ReadonlyMap<string, string> = new Map();
const attributes = (mode: number, rest: Partial<Attributes>): Attributes => ({
  mode: rest.mode ?? mode,
  uid: rest.uid ?? 0,
  gid: rest.gid ?? 0,
  mtime: rest.mtime ?? 0,
  xattrs: rest.xattrs ?? NO_XATTRS,
});

type Names = Readonly<Record<string, Entry>> | ReadonlyMap<string, Entry>;
const isMap = (entries: Names): entries is ReadonlyMap<string, Entry> => entries instanceof Map;

/** A directory, 0755 root:root unless said otherwise. */
export const directory = (entries: Names = {}, attrs: Partial<Attributes> = {}): Directory => ({
  type: 'dir',
  ...attributes(0o755, attrs),
  entries: new Map(isMap(entries) ? entries : Object.entries(entries)),
});
/** A regular file, 0644 root:root unless said otherwise. */
export const file = (content = '', attrs: Partial<Attributes> = {}): Regular => ({
  type: 'file',
  ...attributes(0o644, attrs),
  content,
});
export const symlink = (target: string, attrs: Partial<Attributes> = {}): Symlink => ({
  type: 'symlink',
  ...attributes(0o777, attrs),
  target,
});
export const special = (
  type: Special['type'],
  rdev: readonly [number, number] = [0, 0],
  attrs: Partial<Attributes> = {},
): Special => ({ type, ...attributes(0o644, attrs), rdev });
/** The character device 0/0. Source: Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories". */
export const whiteout = (attrs: Partial<Attributes> = {}): Special => special('chr', [0, 0], { mode: 0, ...attrs });
export const plainFs = (root: Directory = directory(), type = 'ext4'): PlainFs => ({
  kind: 'plain',
  type,
  root,
  inodes: new Map(),
  pins: new Map(),
  readonly: false,
});

// ---- reading ------------------------------------------------------------------------------------------------------

/** The directory entry itself: a hard-linked file is a `link` here. */
function entryAt(fs: PlainFs, path: Path): Entry | undefined {
  if (isOrphan(path)) return path.includes('/') ? undefined : fs.inodes.get(path)?.inode;
  let entry: Entry | undefined = fs.root;
  for (let start = 1; start <= path.length; start = endOf(path, start) + 1) {
    if (entry?.type !== 'dir') return undefined;
    entry = entry.entries.get(path.slice(start, endOf(path, start)));
  }
  return entry;
}

/** The inode an entry stands for. */
export function inodeOf(inodes: PlainFs['inodes'], entry: Entry): Inode {
  if (entry.type !== 'link') return entry;
  const held = inodes.get(entry.ino);
  if (held === undefined) throw new Error(`a directory entry names inode ${entry.ino}, which the file system has not`);
  return held.inode;
}

/** What is at a path, or undefined. */
export function get(fs: PlainFs, path: Path): Inode | undefined {
  const entry = entryAt(fs, path);
  return entry === undefined ? undefined : inodeOf(fs.inodes, entry);
}

/** The names in a directory, sorted; none where there is no directory. */
export function names(fs: PlainFs, path: Path): readonly string[] {
  const inode = get(fs, path);
  return inode?.type === 'dir' ? [...inode.entries.keys()].sort() : [];
}

/** False for a directory with a name in it. */
export function isEmptyAt(fs: PlainFs, path: Path): boolean {
  const inode = get(fs, path);
  return inode?.type !== 'dir' || inode.entries.size === 0;
}

/** Equal for two paths exactly when they are names of one inode. */
export function identityOf(fs: PlainFs, path: Path): string {
  const entry = entryAt(fs, path);
  return entry?.type === 'link' ? entry.ino : path;
}

/** st_nlink: names of a file, two and the subdirectories of a directory. */
export function linksOf(fs: PlainFs, path: Path): number {
  const entry = entryAt(fs, path);
  if (isOrphan(path)) return fs.inodes.get(path)?.links ?? 0;
  if (entry?.type === 'link') return fs.inodes.get(entry.ino)?.links ?? 0;
  return entry?.type === 'dir' ? 2 + subdirectoriesOf(entry) : 1;
}

/** Counted once for each directory: they are immutable. */
const SUBDIRECTORIES = new WeakMap<Directory, number>();

function subdirectoriesOf(directory: Directory): number {
  const known = SUBDIRECTORIES.get(directory);
  if (known !== undefined) return known;
  let count = 0;
  for (const child of directory.entries.values()) if (child.type === 'dir') count++;
  SUBDIRECTORIES.set(directory, count);
  return count;
}

// ---- pins ---------------------------------------------------------------------------------------------------------

/** Where a held dentry is now. An unlinked inode is named by its id, which no path in the tree looks like. */
export function pinned(fs: FileSystem, holder: PinId): Path {
  const pin = fs.pins.get(holder);
  if (pin === undefined) throw new Error(`nothing is held as "${holder}" in this file system`);
  return 'path' in pin ? pin.path : pin.ino;
}

/** The same file system with a dentry held. A holder that holds something already lets go of it first. */
export function hold<F extends FileSystem>(fs: F, holder: PinId, path: Path): F {
  if (fs.pins.has(holder) && pinned(fs, holder) === path) return fs;
  const free = fs.pins.has(holder) ? release(fs, holder) : fs;
  const pin: Pin = isOrphan(path) ? { ino: path } : { path };
  return { ...free, pins: new Map(free.pins).set(holder, pin) };
}

/** Lets go of a dentry; the last holder of an unlinked inode takes it along. Source: Linux iput_final(). */
export function release<F extends FileSystem>(fs: F, holder: PinId): F {
  const pin = fs.pins.get(holder);
  if (pin === undefined) return fs;
  const pins = new Map(fs.pins);
  pins.delete(holder);
  if ('path' in pin || fs.inodes.get(pin.ino)?.links !== 0) return { ...fs, pins };
  for (const other of pins.values()) if ('ino' in other && other.ino === pin.ino) return { ...fs, pins };
  const inodes = new Map(fs.inodes);
  inodes.delete(pin.ino);
  return release({ ...fs, pins, inodes }, parentPin(pin.ino));
}

/** A removed directory holds the one it was in, which is what ".." in it means. Source: Linux dentry_unlink_inode(), dget_parent(). */
const parentPin = (ino: InoId): PinId => `${ino}/..`;

/** What ".." of a directory is: of the root itself, of a removed one where it was; undefined for what is no directory. */
export function dotdotOf(fs: FileSystem, path: Path): Path | undefined {
  if (!isOrphan(path)) return parentOf(path);
  return fs.pins.has(parentPin(path)) ? pinned(fs, parentPin(path)) : undefined;
}

/** True for a directory itself and everything below it, by ".." where names are gone. Source: Linux is_subdir(). */
export function isBelow(fs: FileSystem, path: Path, top: Path): boolean {
  let at: Path | undefined = path;
  while (at !== undefined && isOrphan(at) && at !== top) at = dotdotOf(fs, at);
  return at !== undefined && (at === top || isWithin(at, top));
}

/** The lowest inode id that a creator has free here, so that equal states are equal. */
export function freeIno(inodes: PlainFs['inodes'], creator: string): InoId {
  let index = 0;
  while (inodes.has(`${creator}.${index}`)) index++;
  return `${creator}.${index}`;
}

/** Pins after a rename: everything held at or below `from` is now at or below `to`. Source: Linux d_move(). */
export function movePins(pins: FileSystem['pins'], follow: (path: Path) => Path): FileSystem['pins'] {
  let moved: Map<PinId, Pin> | undefined;
  for (const [holder, pin] of pins) {
    if ('ino' in pin) continue;
    const path = follow(pin.path);
    if (path === pin.path) continue;
    moved ??= new Map(pins);
    moved.set(holder, { path });
  }
  return moved ?? pins;
}

/**
 * Turns what is held at or below a path into unlinked inodes, before the names go. `read` gives the inode to keep, the id
 * of one that is kept already, or another path where it lives on.
 */
export function orphan<F extends FileSystem>(
  fs: F,
  path: Path,
  creator: string,
  read: (path: Path) => HeldInode | InoId | { readonly path: Path } | undefined,
): F {
  const held = [...fs.pins].filter(([, pin]) => 'path' in pin && isWithin(pin.path, path));
  if (held.length === 0) return fs;
  const pins = new Map(fs.pins);
  const inodes = new Map(fs.inodes);
  const now = new Map<Path, Pin>();
  const paths = new Set(held.map(([, pin]) => ('path' in pin ? pin.path : '')));
  for (const at of [...paths].sort()) {
    const found = read(at);
    if (found === undefined) continue;
    if (typeof found === 'object' && 'path' in found) {
      now.set(at, found);
      continue;
    }
    const ino = typeof found === 'string' ? found : freeIno(inodes, creator);
    if (typeof found !== 'string') inodes.set(ino, found);
    if (typeof found !== 'string' && found.inode.type === 'dir' && at === path)
      pins.set(parentPin(ino), { path: parentOf(at) });
    now.set(at, { ino });
  }
  for (const [holder, pin] of held) {
    const next = 'path' in pin ? now.get(pin.path) : undefined;
    if (next !== undefined) pins.set(holder, next);
  }
  return { ...fs, pins, inodes };
}

// ---- edits --------------------------------------------------------------------------------------------------------

/** The changes that edit a tree. */
export type TreeChange = Extract<Change, { readonly fs: string; readonly path: Path } | { readonly from: Path }>;

/** Puts a new directory in place of the one at a path, copying the way there. */
function edited(fs: PlainFs, path: Path, edit: (directory: Directory) => Directory): PlainFs {
  const descend = (at: Entry | undefined, start: number): Directory => {
    if (at?.type !== 'dir') throw new Error(`cannot edit "${path}": "${path.slice(1, start - 1)}" is no directory`);
    if (start > path.length) return edit(at);
    const end = endOf(path, start);
    const name = path.slice(start, end);
    return { ...at, entries: new Map(at.entries).set(name, descend(at.entries.get(name), end + 1)) };
  };
  return { ...fs, root: descend(fs.root, 1) };
}

/** Sets or clears a name. A directory that gains or loses a name has a new mtime. */
function named(fs: PlainFs, path: Path, entry: Entry | undefined): PlainFs {
  return edited(fs, parentOf(path), (directory) => {
    const entries = new Map(directory.entries);
    if (entry === undefined) entries.delete(nameOf(path));
    else entries.set(nameOf(path), entry);
    return { ...directory, mtime: 0, entries };
  });
}

/** Which inodes have names below a directory: remembered, so that after an edit only the directories on its way are read. */
const LINKED = new WeakMap<Directory, ReadonlySet<InoId>>();

function linkedBelow(directory: Directory): ReadonlySet<InoId> {
  const known = LINKED.get(directory);
  if (known !== undefined) return known;
  const linked = new Set<InoId>();
  for (const entry of directory.entries.values()) {
    if (entry.type === 'link') linked.add(entry.ino);
    if (entry.type === 'dir') for (const ino of linkedBelow(entry)) linked.add(ino);
  }
  LINKED.set(directory, linked);
  return linked;
}

/** The path of an inode's first name that is not `except`, searched where there are names of it. */
function nameOfInode(directory: Directory, ino: InoId, at: Path = '', except?: Path): Path | undefined {
  if (!linkedBelow(directory).has(ino)) return undefined;
  for (const name of [...directory.entries.keys()].sort()) {
    const entry = directory.entries.get(name);
    const here = join(at, name);
    if (entry?.type === 'link' && entry.ino === ino && here !== except) return here;
    const found = entry?.type === 'dir' ? nameOfInode(entry, ino, here, except) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Another name of the inode that a path names, below a directory, or undefined. */
export function otherName(fs: PlainFs, path: Path, top: Path): Path | undefined {
  const entry = entryAt(fs, path);
  const directory = entryAt(fs, top);
  if (entry?.type !== 'link' || directory?.type !== 'dir') return undefined;
  return nameOfInode(directory, entry.ino, top, path);
}

/** All hard links among an entry and what is below it, with repetition. */
function* linksBelow(entry: Entry): Generator<InoId> {
  if (entry.type === 'link') yield entry.ino;
  if (entry.type === 'dir') for (const child of entry.entries.values()) yield* linksBelow(child);
}

/** One name of an inode is gone already: counts it down, and keeps the last name as an ordinary entry. */
function countDown(fs: PlainFs, ino: InoId): PlainFs {
  const held = fs.inodes.get(ino);
  if (held === undefined) return fs;
  const inodes = new Map(fs.inodes);
  const links = held.links - 1;
  const holders = holdersOf(fs, ino);
  if (links > 0 || holders.length > 0) inodes.set(ino, { ...held, links });
  else inodes.delete(ino);
  return links === 1 && !holders.some(holdsName) ? inlined({ ...fs, inodes }, ino) : { ...fs, inodes };
}

const holdersOf = ({ pins }: PlainFs, ino: InoId): readonly PinId[] =>
  [...pins].flatMap(([holder, pin]) => ('ino' in pin && pin.ino === ino ? [holder] : []));

/**
 * A mount holds its root under the name that it was mounted by, and that stays gone when the file has another one: the pin
 * of a mount is "mount NS ID". Everybody else is content with the inode. Source: Linux struct path.
 */
const holdsName = (holder: PinId): boolean => holder.startsWith('mount ');

/** An inode with one name left is an ordinary entry there again. */
function inlined(fs: PlainFs, ino: InoId): PlainFs {
  const last = nameOfInode(fs.root, ino);
  const held = fs.inodes.get(ino);
  if (last === undefined || held === undefined) return fs;
  const [inodes, pins] = [new Map(fs.inodes), new Map(fs.pins)];
  inodes.delete(ino);
  for (const holder of holdersOf(fs, ino)) pins.set(holder, { path: last });
  return edited({ ...fs, inodes, pins }, parentOf(last), (directory) => ({
    ...directory,
    entries: new Map(directory.entries).set(nameOf(last), held.inode),
  }));
}

/** Lets go of the removed root of a mount. */
export function releaseName(fs: FileSystem, holder: PinId): FileSystem {
  const pin = fs.pins.get(holder);
  const free = release(fs, holder);
  if (free.kind !== 'plain' || pin === undefined || 'path' in pin) return free;
  const isLast = free.inodes.get(pin.ino)?.links === 1 && !holdersOf(free, pin.ino).some(holdsName);
  return isLast ? inlined(free, pin.ino) : free;
}

/** Takes a name and everything below it away. What is held lives on without a name. Source: Linux d_delete(). */
function dropped(fs: PlainFs, path: Path, creator: string): PlainFs {
  const gone = entryAt(fs, path);
  if (gone === undefined) throw new Error(`cannot remove "${path}": there is nothing`);
  const kept = orphan(fs, path, creator, (at) => {
    const entry = entryAt(fs, at);
    if (entry === undefined) return undefined;
    if (entry.type === 'link') return entry.ino;
    return { inode: entry.type === 'dir' ? { ...entry, entries: new Map<string, Entry>() } : entry, links: 0 };
  });
  let rest = named(kept, path, undefined);
  if (fs.inodes.size > 0) for (const ino of linksBelow(gone)) rest = countDown(rest, ino);
  return rest;
}

const existing = (fs: PlainFs, path: Path): Entry => {
  const entry = entryAt(fs, path);
  if (entry === undefined) throw new Error(`cannot edit "${path}": there is nothing`);
  return entry;
};

function replaced(fs: PlainFs, path: Path, inode: Inode): PlainFs {
  const old = existing(fs, path);
  const current = inodeOf(fs.inodes, old);
  const value: Inode = inode.type === 'dir' && current.type === 'dir' ? { ...inode, entries: current.entries } : inode;
  const ino = old.type === 'link' ? old.ino : path;
  const held = fs.inodes.get(ino);
  if (held !== undefined && (old.type === 'link' || isOrphan(path)))
    return { ...fs, inodes: new Map(fs.inodes).set(ino, { ...held, inode: value }) };
  if (path === '') {
    if (value.type !== 'dir') throw new Error('the root of a file system is a directory');
    return { ...fs, root: value };
  }
  return edited(fs, parentOf(path), (directory) => ({
    ...directory,
    entries: new Map(directory.entries).set(nameOf(path), value),
  }));
}

function linked(before: PlainFs, from: Path, to: Path, creator: string): PlainFs {
  const fs = entryAt(before, to) === undefined ? before : dropped(before, to, creator);
  const entry = existing(fs, from);
  if (entry.type === 'dir') throw new Error(`cannot link the directory "${from}"`);
  const ino = entry.type === 'link' ? entry.ino : isOrphan(from) ? from : freeIno(fs.inodes, creator);
  const held = fs.inodes.get(ino);
  if (isOrphan(from) && held !== undefined && held.links === 0) {
    // linkat() of an O_TMPFILE: the first name of an inode that had none.
    const inodes = new Map(fs.inodes);
    inodes.delete(ino);
    const pins = new Map(fs.pins);
    for (const [holder, pin] of fs.pins) if ('ino' in pin && pin.ino === ino) pins.set(holder, { path: to });
    return named({ ...fs, inodes, pins }, to, held.inode);
  }
  const inode: Inode = entry.type === 'link' ? inodeOf(fs.inodes, entry) : entry;
  const inodes = new Map(fs.inodes).set(ino, { inode, links: (held?.links ?? 1) + 1 });
  const link: Entry = { type: 'link', ino };
  const first =
    entry.type === 'link'
      ? fs
      : edited(fs, parentOf(from), (directory) => ({
          ...directory,
          entries: new Map(directory.entries).set(nameOf(from), link),
        }));
  return named({ ...first, inodes }, to, link);
}

function moved(fs: PlainFs, from: Path, to: Path, creator: string): PlainFs {
  const entry = existing(fs, from);
  const free = entryAt(fs, to) === undefined ? fs : dropped(fs, to, creator);
  // Dropping the target may have made the source an ordinary entry again, so it is read anew.
  const now = entryAt(free, from) ?? entry;
  const pins = movePins(free.pins, (path) => rebase(path, from, to));
  return { ...named(named(free, from, undefined), to, now), pins };
}

function exchanged(fs: PlainFs, from: Path, to: Path): PlainFs {
  const [a, b] = [existing(fs, from), existing(fs, to)];
  const swap = (path: Path): Path => (isWithin(path, from) ? rebase(path, from, to) : rebase(path, to, from));
  return { ...named(named(fs, from, b), to, a), pins: movePins(fs.pins, swap) };
}

/**
 * The file system after one change. `create` and `move` put their inode over what has the name, which is unlinked in
 * the same instant, as by rename(2); `replace` is the same inode with other attributes or content (a directory keeps
 * its entries). Ids of inodes that need one are named after `creator`.
 */
export function apply(fs: PlainFs, change: TreeChange, creator: string): PlainFs {
  switch (change.do) {
    case 'create': {
      const free = entryAt(fs, change.path) === undefined ? fs : dropped(fs, change.path, creator);
      return named(free, change.path, change.inode);
    }
    case 'replace':
      return replaced(fs, change.path, change.inode);
    case 'remove':
      return dropped(fs, change.path, creator);
    case 'move':
      return moved(fs, change.from, change.to, creator);
    case 'exchange':
      return exchanged(fs, change.from, change.to);
    case 'link':
      return linked(fs, change.from, change.to, creator);
  }
}
