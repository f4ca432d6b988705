import type { CallResult, Stat } from '../kernel/calls.ts';
import type { Inode, PlainFs } from '../kernel/types.ts';
import type { Field } from './json.ts';
import type { Machine } from './machine.ts';

/** What a recording notes about one path, as plain data; every value is comparable as JSON. */
export type Listed = Readonly<Record<string, unknown>>;
/** Path -> what is there. */
export type Listing = ReadonlyMap<string, Listed>;

const OVERLAY = 'trusted.overlay.';
/** What overlayfs keeps for inode numbers and caches, which the model leaves out. Source: Documentation/filesystems/overlayfs.rst. */
const NOT_MODELLED = new Set(['origin', 'impure', 'uuid', 'upper', 'nlink', 'metacopy']);

/** A recorded listing. */
export function recorded(field: Field): Listing {
  const listing = new Map<string, Listed>();
  for (const entry of field.array) {
    const path = entry.get('path').path;
    const noted: Record<string, unknown> = {};
    for (const key of entry.keys) if (key !== 'path') noted[key] = entry.get(key).value;
    if (entry.has('overlay')) noted['overlay'] = modelled(entry.get('overlay'));
    listing.set(path, trimmed(noted));
  }
  return listing;
}

function modelled(overlay: Field): Listed {
  const kept = overlay.keys.filter((key) => !NOT_MODELLED.has(key));
  return Object.fromEntries(kept.map((key) => [key, overlay.get(key).value]));
}

/** Without what only the recorder's file system decides (links of a directory), and without empty tables. */
function trimmed(noted: Listed): Listed {
  const without = (key: string, value: unknown): boolean =>
    value === undefined ||
    (key === 'nlink' && noted['type'] === 'dir') ||
    ((key === 'overlay' || key === 'xattrs') && typeof value === 'object' && Object.keys(value ?? {}).length === 0);
  return Object.fromEntries(Object.entries(noted).filter(([key, value]) => !without(key, value)));
}

// --- the model's side

/** The tree as a caller sees it, by the calls with which the recorder looked. */
export function seen(machine: Machine): Listing {
  const listing = new Map<string, Listed>();
  visit(machine, '/', listing);
  return listing;
}

function visit(machine: Machine, path: string, listing: Map<string, Listed>): void {
  const found = machine.call({ op: 'lstat', path });
  if ('err' in found) {
    listing.set(path, { type: found.err === 'ENOENT' ? 'ghost' : `lstat-${found.err}` });
    return;
  }
  const stat = statOf(found);
  const content = stat.type === 'file' ? { content: said(machine.call({ op: 'read', path })) } : {};
  const target = stat.type === 'symlink' ? { target: said(machine.call({ op: 'readlink', path })) } : {};
  // listxattr(2) follows symlinks; the recorder asked for attributes of files and directories only.
  const linked = stat.type === 'symlink' || stat.type === 'chr' || stat.type === 'blk';
  const xattrs = linked ? {} : xattrsOf(machine, path);
  listing.set(path, trimmed({ ...stat, ...content, ...target, xattrs }));
  if (stat.type !== 'dir') return;
  for (const name of namesOf(machine.call({ op: 'readdir', path }))) {
    visit(machine, path === '/' ? `/${name}` : `${path}/${name}`, listing);
  }
}

function xattrsOf(machine: Machine, path: string): Listed {
  const names = machine.call({ op: 'listxattr', path });
  const shown = 'ok' in names && Array.isArray(names.ok) ? names.ok.map(String) : [];
  const kept = shown.filter((name) => !name.startsWith(OVERLAY) && !name.startsWith('security.'));
  return Object.fromEntries(kept.map((name) => [name, said(machine.call({ op: 'getxattr', path, name }))]));
}

/** A directory of the disk as it is, without an overlay in between: whiteouts and overlay's attributes show. */
export function raw(disk: PlainFs, top: string): Listing {
  const listing = new Map<string, Listed>();
  const walk = (inode: Inode, path: string, links: number): void => {
    listing.set(path === '' ? '/' : path, rawEntry(inode, links));
    if (inode.type !== 'dir') return;
    for (const name of [...inode.entries.keys()].sort()) {
      const entry = inode.entries.get(name);
      if (entry === undefined) continue;
      const held = entry.type === 'link' ? disk.inodes.get(entry.ino) : { inode: entry, links: 1 };
      if (held === undefined) throw new Error(`the inode of ${path}/${name} is missing from its file system`);
      walk(held.inode, `${path}/${name}`, held.links);
    }
  };
  const directory = disk.root.entries.get(top);
  if (directory?.type !== 'dir') throw new Error(`the disk of a recording has lost its directory ${top}`);
  walk(directory, '', 1);
  return listing;
}

function rawEntry(inode: Inode, nlink: number): Listed {
  const { type, mode, uid, gid } = inode;
  if (inode.type === 'chr' && inode.rdev[0] === 0 && inode.rdev[1] === 0) return { type: 'whiteout' };
  const common = { type, mode, uid, gid, nlink };
  const overlay: Record<string, string> = {};
  const xattrs: Record<string, string> = {};
  for (const [name, value] of inode.xattrs) {
    if (name.startsWith('security.')) continue;
    if (!name.startsWith(OVERLAY)) xattrs[name] = value;
    else if (!NOT_MODELLED.has(name.slice(OVERLAY.length))) overlay[name.slice(OVERLAY.length)] = value;
  }
  return trimmed({ ...common, ...detailsOf(inode), xattrs, overlay });
}

function detailsOf(inode: Inode): Listed {
  switch (inode.type) {
    case 'file':
      return { size: Buffer.byteLength(inode.content), content: inode.content };
    case 'symlink':
      return { size: Buffer.byteLength(inode.target), target: inode.target };
    case 'chr':
    case 'blk':
      return { rdev: inode.rdev };
    default:
      return {};
  }
}

/** What an lstat gave. */
export function statOf(result: CallResult): Stat {
  const value = 'ok' in result ? result.ok : null;
  if (typeof value !== 'object' || value === null || !('type' in value)) throw new Error('lstat gave no stat');
  return value;
}

const said = (result: CallResult): unknown => ('ok' in result ? result.ok : `(${result.err})`);

/** The names that a readdir gave; none where it failed. */
export function namesOf(result: CallResult): readonly string[] {
  if ('err' in result || !Array.isArray(result.ok)) return [];
  return result.ok.map((entry) => String(Array.isArray(entry) ? entry[0] : entry));
}

// --- comparing

/** The first difference of two listings in one line, or null. `without` names fields that are not compared. */
export function differenceOf(
  what: string,
  expected: Listing,
  actual: Listing,
  without: readonly string[] = [],
): string | null {
  for (const path of [...new Set([...expected.keys(), ...actual.keys()])].sort()) {
    const recording = expected.get(path);
    const model = actual.get(path);
    if (recording === undefined) return `${what}: ${path} is in the model only, ${JSON.stringify(model?.['type'])}`;
    if (model === undefined)
      return `${what}: ${path} is missing, the recording has ${JSON.stringify(recording['type'])}`;
    for (const key of Object.keys({ ...recording, ...model }).sort()) {
      if (without.includes(key) || same(recording[key], model[key])) continue;
      return `${what}: ${path}: ${key} is ${shown(key, model[key])}, recorded ${shown(key, recording[key])}`;
    }
  }
  return null;
}

/** Modes are read in octal. */
export function shown(key: string, value: unknown): string {
  if (value === undefined) return 'none';
  return key === 'mode' && typeof value === 'number' ? `0${value.toString(8)}` : JSON.stringify(value);
}

/** Equal as JSON, whatever the order of keys. */
export function same(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const [left, right] = [Object.entries(a), Object.entries(b)];
  if (Array.isArray(a) !== Array.isArray(b) || left.length !== right.length) return false;
  const other = new Map(right);
  return left.every(([key, value]) => other.has(key) && same(value, other.get(key)));
}
