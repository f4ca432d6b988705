import { tooLong } from '../kernel/path.ts';
import { isXattrName } from '../kernel/posix.ts';
import type { Directory, Entry, HeldInode, Inode, InoId, NonDirectory, PlainFs } from '../kernel/types.ts';
import type { Field } from './json.ts';
import { EMPTY } from './machine.ts';

/** Directory trees as recordings list them: one entry per path, parents before their children. */

const TYPES = ['dir', 'file', 'symlink', 'whiteout', 'xwhiteout', 'fifo', 'sock', 'chr', 'blk'] as const;
const MODES = { file: 0o644, symlink: 0o777, whiteout: 0, xwhiteout: 0o644, fifo: 0o644, sock: 0o644 };

/** A directory while its entries come in. */
interface Growing {
  own: Omit<Directory, 'entries'>;
  readonly entries: Map<string, Growing | Leaf>;
}
interface Leaf {
  readonly inode: NonDirectory;
  links: number;
  id: InoId | null;
}

/** Puts layers side by side onto one disk: a directory for each name, with what its list of entries says. */
export function diskOf(layers: ReadonlyMap<string, readonly Field[]>, disk: PlainFs = EMPTY_DISK): PlainFs {
  const inodes = new Map(disk.inodes);
  const entries = new Map(disk.root.entries);
  for (const [name, list] of layers) entries.set(name, finished(grown(list), inodes));
  return { ...disk, inodes, root: { ...disk.root, entries } };
}

const EMPTY_DISK: PlainFs = {
  kind: 'plain',
  type: 'tmpfs',
  root: EMPTY,
  inodes: new Map(),
  pins: new Map(),
  readonly: false,
};

function grown(list: readonly Field[]): Growing {
  const top: Growing = { own: EMPTY, entries: new Map() };
  for (const entry of list) {
    const path = entry.get('path').path;
    if (path === '/') {
      entry.get('type').oneOf(['dir']);
      if (top.own !== EMPTY) throw entry.get('path').fail('one entry for each path');
      top.own = { ...EMPTY, ...attributesOf(entry, 0o755) };
      continue;
    }
    const names = path.split('/').slice(1);
    if (!names.every(isName)) throw entry.get('path').fail('a path of names that directories can hold');
    const name = names.pop() ?? '';
    let parent: Growing | Leaf | undefined = top;
    for (const step of names)
      parent = parent !== undefined && 'entries' in parent ? parent.entries.get(step) : undefined;
    if (parent === undefined || !('entries' in parent)) {
      throw entry.get('path').fail('an entry for its parent directory before it');
    }
    if (parent.entries.has(name)) throw entry.get('path').fail('one entry for each path');
    parent.entries.set(name, nodeOf(entry, top));
  }
  return top;
}

const isName = (name: string): boolean =>
  name !== '' && name !== '.' && name !== '..' && !name.includes('\0') && !tooLong(name);

function nodeOf(entry: Field, top: Growing): Growing | Leaf {
  const type = entry.get('type').oneOf(TYPES);
  if (type !== 'file' && entry.has('hardlink')) throw entry.get('hardlink').fail('a hardlink for files only');
  if (type !== 'dir' && entry.has('opaque')) throw entry.get('opaque').fail('opaque for directories only');
  if (type === 'dir') return { own: { ...EMPTY, ...attributesOf(entry, 0o755) }, entries: new Map() };
  if (type !== 'file' || !entry.has('hardlink')) return { inode: leafOf(entry, type), links: 1, id: null };
  let target: Growing | Leaf | undefined = top;
  for (const name of entry.get('hardlink').path.split('/').slice(1)) {
    target = target !== undefined && 'entries' in target ? target.entries.get(name) : undefined;
  }
  if (target === undefined || 'entries' in target || target.inode.type !== 'file')
    throw entry.get('hardlink').fail('the path of an earlier file');
  target.links++;
  return target;
}

function leafOf(entry: Field, type: Exclude<(typeof TYPES)[number], 'dir'>): NonDirectory {
  switch (type) {
    case 'file':
      return { type, content: entry.get('content').string, ...attributesOf(entry, MODES[type]) };
    case 'symlink':
      return { type, target: targetOf(entry.get('target')), ...attributesOf(entry, MODES[type]) };
    case 'whiteout':
      return { type: 'chr', rdev: [0, 0], ...attributesOf(entry, MODES[type]) };
    case 'xwhiteout': {
      const own = attributesOf(entry, MODES[type]);
      return { type: 'file', content: '', ...own, xattrs: new Map(own.xattrs).set('trusted.overlay.whiteout', 'y') };
    }
    case 'fifo':
    case 'sock':
      return { type, rdev: [0, 0], ...attributesOf(entry, MODES[type]) };
    default:
      return { type, rdev: rdevOf(entry.get('rdev')), ...attributesOf(entry, 0o644) };
  }
}

/** Source: symlink(2): ENOENT for an empty target, ENAMETOOLONG for one of 4096 bytes. */
function targetOf(field: Field): string {
  const target = field.string;
  if (target === '' || target.includes('\0') || Buffer.byteLength(target) >= 4096) {
    throw field.fail('a target of 1 to 4095 bytes');
  }
  return target;
}

export function rdevOf(field: Field): readonly [number, number] {
  const [major, minor, ...rest] = field.array.map((part) => part.integer);
  const isDevice = major !== undefined && minor !== undefined && rest.length === 0 && major >= 0 && minor >= 0;
  if (!isDevice) throw field.fail('[major, minor]');
  return [major, minor];
}

/** A symlink has one mode only; other files have twelve bits of it. */
function modeOf(entry: Field, otherwise: number): number {
  const mode = entry.optional('mode', (field) => field.integer, otherwise);
  if (entry.get('type').value === 'symlink' && mode !== otherwise) throw entry.get('mode').fail('511 for a symlink');
  if (mode < 0 || mode > 0o7777) throw entry.get('mode').fail('a mode from 0 to 4095');
  return mode;
}

const idOf = (field: Field): number => {
  if (field.integer < 0 || field.integer > MAX_ID) throw field.fail('a user or group from 0 to 4294967294');
  return field.integer;
};
const MAX_ID = 2 ** 32 - 2;

/** Mode, owner, time and attributes; overlay's own come as `opaque`, as raw `xattrs`, or as a listing's `overlay`. */
function attributesOf(entry: Field, mode: number): Omit<Inode, 'type'> {
  const xattrs = new Map<string, string>();
  const raw = entry.optional('xattrs', (field) => field.keys.map((key) => [key, field.get(key).string] as const), []);
  for (const [key, value] of raw) {
    if (!isXattrName(key))
      throw entry.get('xattrs').fail('names that begin with user., trusted., security. or system.');
    xattrs.set(key, value);
  }
  if (entry.has('opaque')) xattrs.set('trusted.overlay.opaque', entry.get('opaque').oneOf(['y', 'x']));
  if (entry.has('overlay')) {
    const overlay = entry.get('overlay');
    for (const key of ['opaque', 'redirect', 'whiteout']) {
      if (overlay.has(key)) xattrs.set(`trusted.overlay.${key}`, overlay.get(key).string);
    }
  }
  return {
    mode: modeOf(entry, mode),
    uid: entry.optional('uid', idOf, 0),
    gid: entry.optional('gid', idOf, 0),
    mtime: entry.optional('mtime', (field) => field.integer, 0),
    xattrs,
  };
}

function finished(growing: Growing, inodes: Map<InoId, HeldInode>): Directory {
  const entries = new Map<string, Entry>();
  for (const name of [...growing.entries.keys()].sort()) {
    const node = growing.entries.get(name);
    if (node === undefined) continue;
    if ('entries' in node) entries.set(name, finished(node, inodes));
    else if (node.links === 1) entries.set(name, node.inode);
    else {
      node.id ??= `layers.${inodes.size}`;
      inodes.set(node.id, { inode: node.inode, links: node.links });
      entries.set(name, { type: 'link', ino: node.id });
    }
  }
  return { ...growing.own, entries };
}
