import type { Attributes, Directory, Entry, Inode, InoId, NonDirectory, PlainFs } from './types.ts';

/**
 * A notation that draws a tree in one look, for tests, models, scenarios and snapshots alike. {@link printTree} is the
 * exact inverse of {@link parseTree}. One entry is one line, two blanks of indentation are one level:
 *
 *     etc/                          directory, 0755 and 0:0 unless it says otherwise
 *       app.conf "v1"               regular file, 0644; the content is a JSON string
 *       secret "x" 0600 5:7         mode, uid:gid
 *       link -> ../target           symlink, 0777
 *       gone whiteout               character device 0:0, mode 0
 *       d/ opaque 0700 @12          trusted.overlay.opaque="y", mtime in seconds
 *       moved/ redirect=/d/s        trusted.overlay.redirect
 *       ext/ #1                     this very directory (its birth)
 *       tty chr 5:1                 blk 8:0, fifo and sock likewise, 0644
 *       again = /etc/app.conf       hard link to an earlier file of the same tree
 *       note "y" user.k="v"         other extended attributes
 *
 * Names, targets and paths with anything but letters, digits and `._+@%,:~-` (and `/`) are JSON strings. A first line
 * `/ 0700` gives the attributes of the top directory. All lines may share a base indentation; blank lines mean nothing.
 */

/** Text that is not in the notation. `line` and `column` count from 1; the message is one line. */
export class NotationError extends Error {
  override name = 'NotationError';
  readonly line: number;
  readonly column: number;
  readonly found: string;
  readonly expected: string;

  constructor(line: number, column: number, found: string, expected: string) {
    super(`line ${line}, column ${column}: found ${found}, expected ${expected}`);
    this.line = line;
    this.column = column;
    this.found = found;
    this.expected = expected;
  }
}

/** The layers of an overlay as tests draw them; lowers top to bottom, as in `lowerdir=`. */
export interface DrawnLayers {
  readonly upper: PlainFs | null;
  readonly lowers: readonly PlainFs[];
}

const OPAQUE = 'trusted.overlay.opaque';
const REDIRECT = 'trusted.overlay.redirect';
const DEFAULT_MODE = { dir: 0o755, file: 0o644, symlink: 0o777, chr: 0o644, blk: 0o644, fifo: 0o644, sock: 0o644 };

/** Draws a file system (type "ext4", nothing pinned): tree`etc/ …`. Throws {@link NotationError}. */
export function tree(strings: TemplateStringsArray, ...values: readonly (string | number)[]): PlainFs {
  // The raw text: "\n" inside a content is the two characters of a JSON escape, not the end of the line.
  return parseTree(String.raw(strings, ...values));
}

/** Draws layers: layers`upper: …`. Throws {@link NotationError}. */
export function layers(strings: TemplateStringsArray, ...values: readonly (string | number)[]): DrawnLayers {
  return parseLayers(String.raw(strings, ...values));
}

/** The file system that the text draws. Throws {@link NotationError}. */
export function parseTree(text: string): PlainFs {
  return parseLines(linesOf(text));
}

/** The layers of sections `upper:` (at most one) and `lower:` (top first), each followed by its tree, indented. */
export function parseLayers(text: string): DrawnLayers {
  const sections: { readonly upper: boolean; readonly lines: Line[] }[] = [];
  for (const line of linesOf(text)) {
    const section = sections.at(-1);
    if (line.indent > 0 && section !== undefined) {
      section.lines.push({ ...line, indent: line.indent - 2 });
      continue;
    }
    const upper = line.text === 'upper:';
    if (!upper && line.text !== 'lower:') throw fault(line, 0, 'a section: "upper:" or "lower:"');
    if (upper && sections.some((s) => s.upper)) throw fault(line, 0, 'one "upper:" at most');
    sections.push({ upper, lines: [] });
  }
  const upper = sections.find((section) => section.upper);
  return {
    upper: upper === undefined ? null : parseLines(upper.lines),
    lowers: sections.filter((section) => !section.upper).map((section) => parseLines(section.lines)),
  };
}

/** The canonical text of a file system. Pins, inodes without a name and the file system's type are not drawn. */
export function printTree(fs: PlainFs): string {
  return printDirectory(fs, '');
}

/** The canonical text of one directory, as if it were the top of a tree. Throws an Error when there is no such directory. */
export function printDirectory(fs: PlainFs, path: string): string {
  let top: Entry | undefined = fs.root;
  for (const name of path.split('/').filter((part) => part !== '')) {
    top = top?.type === 'dir' ? top.entries.get(name) : undefined;
  }
  if (top?.type !== 'dir') throw new Error(`cannot draw ${path}: it is not a directory of this file system`);
  const attributes = printAttributes(top);
  const lines = attributes === '' ? [] : [`/${attributes}`];
  printEntries(fs, top, '', '', new Map(), lines);
  return lines.join('\n');
}

/** The canonical text of layers, inverse of {@link parseLayers}. */
export function printLayers(drawn: DrawnLayers): string {
  const section = (title: string, fs: PlainFs): string => [title, ...printed(fs).map((line) => `  ${line}`)].join('\n');
  const upper = drawn.upper === null ? [] : [section('upper:', drawn.upper)];
  return [...upper, ...drawn.lowers.map((fs) => section('lower:', fs))].join('\n');
}

function printed(fs: PlainFs): readonly string[] {
  const text = printTree(fs);
  return text === '' ? [] : text.split('\n');
}

// --- printing

function printEntries(
  fs: PlainFs,
  directory: Directory,
  path: string,
  indent: string,
  seen: Map<InoId, string>,
  lines: string[],
): void {
  for (const name of [...directory.entries.keys()].sort()) {
    const entry = directory.entries.get(name);
    if (entry === undefined) continue;
    const here = `${path}/${name}`;
    const start = `${indent}${word(name)}`;
    if (entry.type === 'dir') {
      lines.push(`${start}/${printAttributes(entry)}`);
      printEntries(fs, entry, here, `${indent}  `, seen, lines);
    } else if (entry.type === 'link') {
      const earlier = seen.get(entry.ino);
      const inode = fs.inodes.get(entry.ino)?.inode;
      if (inode === undefined) throw new Error(`cannot draw ${here}: its inode ${entry.ino} is missing`);
      if (earlier === undefined) seen.set(entry.ino, here);
      lines.push(earlier === undefined ? `${start} ${printInode(inode)}` : `${start} = ${word(earlier)}`);
    } else {
      lines.push(`${start} ${printInode(entry)}`);
    }
  }
}

/** What follows the name of an entry that is not a directory: "v1" 0600 5:7. */
function printInode(inode: Inode): string {
  switch (inode.type) {
    case 'dir':
      throw new Error('a directory cannot have several names');
    case 'file':
      return JSON.stringify(inode.content) + printAttributes(inode);
    case 'symlink':
      return `-> ${word(inode.target)}${printAttributes(inode)}`;
    case 'chr':
    case 'blk':
      if (isWhiteout(inode)) return `whiteout${printAttributes(inode)}`;
      return `${inode.type} ${inode.rdev.join(':')}${printAttributes(inode)}`;
    default:
      return inode.type + printAttributes(inode);
  }
}

function isWhiteout(inode: Inode): boolean {
  return inode.type === 'chr' && inode.rdev[0] === 0 && inode.rdev[1] === 0;
}

/** Everything that differs from the default, each with a leading blank. */
function printAttributes(inode: Inode): string {
  const parts: string[] = [];
  const mode = isWhiteout(inode) ? 0 : DEFAULT_MODE[inode.type];
  const xattrs = new Map(inode.xattrs);
  if (inode.type === 'dir') {
    const redirect = xattrs.get(REDIRECT);
    if (xattrs.get(OPAQUE) === 'y' && xattrs.delete(OPAQUE)) parts.push('opaque');
    if (redirect !== undefined && xattrs.delete(REDIRECT)) parts.push(`redirect=${word(redirect)}`);
  }
  if (inode.mode !== mode) parts.push(`0${inode.mode.toString(8).padStart(3, '0')}`);
  if (inode.uid !== 0 || inode.gid !== 0) parts.push(`${inode.uid}:${inode.gid}`);
  if (inode.mtime !== 0) parts.push(`@${inode.mtime}`);
  for (const name of [...xattrs.keys()].sort()) {
    // Every real attribute has a dot after its namespace; without one it could be read as a keyword.
    const key = name.includes('.') && BARE_NAME.test(name) ? name : JSON.stringify(name);
    parts.push(`${key}=${JSON.stringify(xattrs.get(name))}`);
  }
  if (inode.type === 'dir' && inode.birth !== undefined) parts.push(`#${word(inode.birth)}`);
  return parts.map((part) => ` ${part}`).join('');
}

const BARE_NAME = /^[\p{L}\p{N}._+@%,:~-]+$/u;
const BARE_WORD = /^[\p{L}\p{N}._+@%,:~/-]+$/u;
const WORD = /[\p{L}\p{N}._+@%,:~/-]+/uy;

function word(text: string): string {
  return BARE_WORD.test(text) ? text : JSON.stringify(text);
}

// --- reading

interface Line {
  /** From 1, in the text that was given. */
  readonly number: number;
  /** Blanks beyond the base indentation. */
  readonly indent: number;
  /** The column of the first character of `text`, from 1. */
  readonly column: number;
  readonly text: string;
}
/** A file while its names are being counted. */
interface Leaf {
  readonly inode: NonDirectory;
  names: number;
  id: InoId | null;
}
interface Branch {
  readonly own: Own;
  readonly entries: Map<string, Leaf | Branch>;
}
interface Own extends Attributes {
  readonly birth?: string;
}

function linesOf(text: string): readonly Line[] {
  const all = text.split(/\r?\n/).map((line, index) => {
    const body = line.replace(/^ +/, '').replace(/ +$/, '');
    const indent = body === '' ? 0 : line.length - line.replace(/^ +/, '').length;
    return { number: index + 1, indent, column: indent + 1, text: body };
  });
  const lines = all.filter((line) => line.text !== '');
  const base = lines.reduce((least, line) => Math.min(least, line.indent), Number.POSITIVE_INFINITY);
  return lines.map((line) => ({ ...line, indent: line.indent - base }));
}

function fault(line: Line, offset: number, expected: string): NotationError {
  const rest = line.text.slice(offset);
  const found = rest === '' ? 'the end of the line' : JSON.stringify(rest.length > 30 ? `${rest.slice(0, 29)}…` : rest);
  return new NotationError(line.number, line.column + offset, found, expected);
}

function parseLines(lines: readonly Line[]): PlainFs {
  const head = lines[0]?.text.startsWith('/') === true ? lines[0] : undefined;
  const own = head === undefined ? { ...PLAIN, mode: DEFAULT_MODE.dir } : attributes(new Scanner(head, 1), 'dir');
  const top: Branch = { own, entries: new Map() };
  const open = [{ branch: top, path: '' }];
  const leaves = new Map<string, Leaf>();
  for (const line of head === undefined ? lines : lines.slice(1)) {
    const depth = line.indent / 2;
    const parent = Number.isInteger(depth) ? open[depth] : undefined;
    if (parent === undefined) {
      const deepest = (open.length - 1) * 2;
      throw fault(line, 0, `two blanks per level, so at most ${deepest} here, not ${line.indent}`);
    }
    open.length = depth + 1;
    const scanner = new Scanner(line, 0);
    const name = entryName(scanner, parent.branch);
    const path = `${parent.path}/${name}`;
    if (scanner.take(/\//y) !== null) {
      const branch = { own: attributes(scanner, 'dir'), entries: new Map<string, Leaf | Branch>() };
      parent.branch.entries.set(name, branch);
      open.push({ branch, path });
    } else {
      const leaf = leafAt(scanner, leaves);
      parent.branch.entries.set(name, leaf);
      leaves.set(path, leaf);
    }
  }
  return finish(top);
}

const PLAIN: Attributes = { mode: 0, uid: 0, gid: 0, mtime: 0, xattrs: new Map() };

/** Numbers the hard-linked inodes in the order in which the printer meets them, whatever the order of the text. */
function finish(top: Branch): PlainFs {
  const inodes = new Map<InoId, { inode: NonDirectory; links: number }>();
  const build = (branch: Branch): Directory => {
    const entries = new Map<string, Entry>();
    for (const name of [...branch.entries.keys()].sort()) {
      const node = branch.entries.get(name);
      if (node === undefined) continue;
      if ('entries' in node) entries.set(name, build(node));
      else if (node.names === 1) entries.set(name, node.inode);
      else {
        node.id ??= `tree.${inodes.size}`;
        inodes.set(node.id, { inode: node.inode, links: node.names });
        entries.set(name, { type: 'link', ino: node.id });
      }
    }
    return { type: 'dir', ...branch.own, entries };
  };
  return { kind: 'plain', type: 'ext4', root: build(top), inodes, pins: new Map(), readonly: false };
}

function entryName(scanner: Scanner, parent: Branch): string {
  const name = scanner.word(/[\p{L}\p{N}._+@%,:~-]+/uy, 'a name (a JSON string if it is not plain)');
  const bad = name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0');
  if (bad) throw fault(scanner.line, 0, 'a name that a directory can hold');
  if (parent.entries.has(name)) throw fault(scanner.line, 0, 'a name that its directory does not have yet');
  return name;
}

function leafAt(scanner: Scanner, leaves: ReadonlyMap<string, Leaf>): Leaf {
  scanner.blank('a "/" for a directory, or a blank and what the entry is');
  if (scanner.take(/=(?= )/y) !== null) {
    scanner.blank('a path');
    const start = scanner.at;
    const target = leaves.get(scanner.word(WORD, 'the path of an earlier file, like /etc/a'));
    if (target === undefined) throw fault(scanner.line, start, 'the path of an earlier file of this tree, like /etc/a');
    scanner.end('the end of the line: a hard link shares the attributes of its file');
    target.names++;
    return target;
  }
  return { inode: inodeAt(scanner), names: 1, id: null };
}

const KINDS =
  'what it is: "content", -> target, = /earlier/file, whiteout, chr 5:1, blk 8:0, fifo or sock (a directory is name/)';

function inodeAt(scanner: Scanner): NonDirectory {
  const content = scanner.quoted();
  if (content !== null) return { type: 'file', content, ...attributes(scanner, 'file') };
  if (scanner.take(/->(?= )/y) !== null) {
    scanner.blank('a target');
    const target = scanner.word(WORD, 'a target (a JSON string if it is not plain)');
    return { type: 'symlink', target, ...attributes(scanner, 'symlink') };
  }
  const start = scanner.at;
  const kind = scanner.take(/(?:whiteout|chr|blk|fifo|sock)(?= |$)/y);
  switch (kind) {
    case 'whiteout':
      return { type: 'chr', rdev: [0, 0], ...attributes(scanner, 'whiteout') };
    case 'fifo':
    case 'sock':
      return { type: kind, rdev: [0, 0], ...attributes(scanner, kind) };
    case 'chr':
    case 'blk': {
      scanner.blank('a device number, like 5:1');
      const rdev = scanner.pair('a device number, like 5:1');
      return {
        type: kind,
        rdev,
        ...attributes(scanner, rdev[0] + rdev[1] === 0 && kind === 'chr' ? 'whiteout' : kind),
      };
    }
    default:
      throw fault(scanner.line, start, KINDS);
  }
}

/** The rest of a line: mode, owner, mtime, extended attributes and birth, in any order, each once. */
function attributes(scanner: Scanner, type: Inode['type'] | 'whiteout'): Own {
  const own: { -readonly [K in keyof Own]: Own[K] } = { ...PLAIN, mode: type === 'whiteout' ? 0 : DEFAULT_MODE[type] };
  const xattrs = new Map<string, string>();
  const given = new Set<string>();
  while (!scanner.ended) {
    scanner.blank('a blank between attributes');
    const start = scanner.at;
    const once = (what: string): void => {
      if (given.has(what)) throw fault(scanner.line, start, `${what} once only`);
      given.add(what);
    };
    const mode = scanner.take(/0[0-7]{3,4}(?= |$)/y);
    const mtime = scanner.take(/@-?\d+(?= |$)/y);
    if (mode !== null) {
      once('a mode');
      own.mode = Number.parseInt(mode, 8);
    } else if (mtime !== null) {
      once('an mtime');
      own.mtime = Number(mtime.slice(1));
    } else if (scanner.sees(/\d+:\d+(?= |$)/y)) {
      once('an owner');
      [own.uid, own.gid] = scanner.pair('an owner, like 5:7');
    } else if (type === 'dir' && scanner.take(/#/y) !== null) {
      once('a birth');
      own.birth = scanner.word(WORD, 'the name of this very directory, like #1');
    } else {
      const [key, value] = extended(scanner, type === 'dir');
      once(key);
      xattrs.set(key, value);
    }
  }
  return { ...own, xattrs };
}

function extended(scanner: Scanner, directory: boolean): readonly [string, string] {
  const expected = `an attribute: 0644, 5:7, @12, user.k="v"${directory ? ', opaque, redirect=/d, #1' : ''}`;
  if (directory && scanner.take(/opaque(?= |$)/y) !== null) return [OPAQUE, 'y'];
  if (directory && scanner.take(/redirect=/y) !== null) return [REDIRECT, scanner.word(WORD, 'a path or a name')];
  const start = scanner.at;
  const key = scanner.quoted() ?? scanner.take(/[\p{L}\p{N}_+@%,:~-]*\.[\p{L}\p{N}._+@%,:~-]*(?==)/uy);
  if (key === null || scanner.take(/=/y) === null) throw fault(scanner.line, start, expected);
  const value = scanner.quoted();
  if (value === null) throw fault(scanner.line, scanner.at, `the value of ${key} as a JSON string`);
  return [key, value];
}

/** Reads one line from left to right. */
class Scanner {
  readonly line: Line;
  at: number;

  constructor(line: Line, at: number) {
    this.line = line;
    this.at = at;
  }

  get ended(): boolean {
    return this.at === this.line.text.length;
  }

  sees(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    return pattern.test(this.line.text);
  }

  take(pattern: RegExp): string | null {
    if (!this.sees(pattern)) return null;
    const text = this.line.text.slice(this.at, pattern.lastIndex);
    this.at = pattern.lastIndex;
    return text;
  }

  /** A JSON string, or null if there is no quote here. */
  quoted(): string | null {
    const start = this.at;
    if (!this.sees(/"/y)) return null;
    const text = this.take(/"(?:[^"\\]|\\.)*"/y);
    try {
      const value: unknown = JSON.parse(text ?? '');
      if (typeof value === 'string') return value;
    } catch {
      // Not JSON: told below, with the place.
    }
    throw fault(this.line, start, 'a JSON string: "…" with \\n, \\", \\\\ and \\u escapes');
  }

  word(bare: RegExp, expected: string): string {
    const text = this.quoted() ?? this.take(bare);
    if (text === null) throw fault(this.line, this.at, expected);
    return text;
  }

  pair(expected: string): [number, number] {
    const [left, right] = (this.take(/\d+:\d+(?= |$)/y) ?? '').split(':');
    if (left === undefined || right === undefined) throw fault(this.line, this.at, expected);
    return [Number(left), Number(right)];
  }

  blank(expected: string): void {
    if (this.take(/ +/y) === null) throw fault(this.line, this.at, expected);
  }

  end(expected: string): void {
    if (!this.ended) throw fault(this.line, this.at, expected);
  }
}
