import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
} from 'node:fs';
import { nameOf, parentOf } from '../kernel/tree.ts';
import type { Path } from '../kernel/types.ts';
import { decode, escapeInvalid, hasInvalidBytes } from './bytes.ts';
import type { Kind, Look, Note } from './look.ts';
import { readXattrs } from './xattr.ts';

/**
 * A directory of this machine as a root file system. Nothing outside it is ever touched: a path is walked component by
 * component, each one is a real directory by lstat(2) before the next is looked at, and files are opened with O_NOFOLLOW
 * after they were seen to be regular (a fifo would block, a device would act). It is meant for trees that nobody changes
 * meanwhile; a file that was exchanged between the look and the open is noticed and not read.
 */

/** Files that rules parse are small; systemd itself stops at 4 MiB. */
const MAX_TEXT = 1 << 20;
/** What is larger is not hashed: its content counts as unknown. */
const MAX_HASHED = 1 << 28;
const OPEN = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
const SLASH = Buffer.from('/');

interface Listing {
  /** Escaped names, sorted, with the bytes they stand for. */
  readonly names: ReadonlyMap<string, Buffer>;
  /** Those that are valid UTF-8: systemd takes no other for an extension or a configuration file. */
  readonly valid: readonly string[];
}

export const kindOf = (stats: Stats): Kind => {
  if (stats.isDirectory()) return 'dir';
  if (stats.isFile()) return 'file';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isFIFO()) return 'fifo';
  if (stats.isSocket()) return 'sock';
  return stats.isBlockDevice() ? 'blk' : 'chr';
};

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error);

export class Disk implements Look {
  readonly notes: Note[] = [];
  readonly #directories = new Map<Path, Buffer | undefined>();
  readonly #listings = new Map<Path, Listing | undefined>();

  readonly #top: Buffer;

  /** `dir` is the absolute path of a directory, symlinks resolved; "" is this machine's own root. */
  constructor(dir: string) {
    this.#top = Buffer.from(dir === '' ? '/' : dir);
    this.#directories.set('', Buffer.from(dir));
  }

  note(path: Path, what: string): void {
    this.notes.push({ path: path === '' ? '/' : path, what });
  }

  /** The bytes of a path for a system call; undefined if its parent is not a real directory in the tree. */
  bytes(path: Path): Buffer | undefined {
    if (path === '') return this.#top;
    const parent = this.#directory(parentOf(path));
    if (parent === undefined) return undefined;
    const name = nameOf(path);
    const raw = this.#listings.get(parentOf(path))?.names.get(name) ?? Buffer.from(name);
    return Buffer.concat([parent, SLASH, raw]);
  }

  /** The bytes of a directory that is one, without any symlink on the way. */
  #directory(path: Path): Buffer | undefined {
    if (this.#directories.has(path)) return this.#directories.get(path);
    const directory = this.lstat(path)?.isDirectory() === true ? this.bytes(path) : undefined;
    this.#directories.set(path, directory);
    return directory;
  }

  lstat(path: Path): Stats | undefined {
    const bytes = this.bytes(path);
    if (bytes === undefined) return undefined;
    try {
      return lstatSync(bytes);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') this.note(path, `cannot be looked at (${codeOf(error)}): it counts as missing`);
      return undefined;
    }
  }

  /** All names, those that are not UTF-8 in their escaped form, sorted. */
  names(path: Path): readonly string[] | undefined {
    const listing = this.#listing(path);
    return listing === undefined ? undefined : [...listing.names.keys()];
  }

  #listing(path: Path): Listing | undefined {
    if (this.#listings.has(path)) return this.#listings.get(path);
    const listing = this.#read(path);
    this.#listings.set(path, listing);
    return listing;
  }

  #read(path: Path): Listing | undefined {
    const directory = this.#directory(path) === undefined ? undefined : this.bytes(path);
    if (directory === undefined) return undefined;
    let raws: Buffer[];
    try {
      raws = readdirSync(directory, { encoding: 'buffer' });
    } catch (error) {
      this.note(path, `cannot be listed (${codeOf(error)}): it counts as empty`);
      return { names: new Map(), valid: [] };
    }
    const names = new Map<string, Buffer>();
    const valid: string[] = [];
    const texts = raws.map((raw) => ({ raw, text: decode(raw) })).sort((a, b) => (a.text < b.text ? -1 : 1));
    for (const { raw, text } of texts.filter((one) => !hasInvalidBytes(one.text))) {
      names.set(text, raw);
      valid.push(text);
    }
    for (const { raw, text } of texts.filter((one) => hasInvalidBytes(one.text))) {
      let name = escapeInvalid(text);
      while (names.has(name)) name += '~';
      names.set(name, raw);
      this.note(`${path}/${name}`, 'the name is not UTF-8; it is written with escapes');
    }
    return { names: new Map([...names].sort(([a], [b]) => (a < b ? -1 : 1))), valid };
  }

  // ---- what rules ask ---------------------------------------------------------------------------------------------

  list(path: Path): readonly string[] | undefined {
    return this.#listing(path)?.valid;
  }

  stat(path: Path): Kind | undefined {
    const stats = this.lstat(path);
    return stats === undefined ? undefined : kindOf(stats);
  }

  readLink(path: Path): string | undefined {
    const bytes = this.stat(path) === 'symlink' ? this.bytes(path) : undefined;
    if (bytes === undefined) return undefined;
    const target = decode(readlinkSync(bytes, { encoding: 'buffer' }));
    if (hasInvalidBytes(target)) this.note(path, 'the target of this symlink is not UTF-8; it is written with escapes');
    return escapeInvalid(target);
  }

  readFile(path: Path): string | undefined {
    const stats = this.lstat(path);
    if (stats?.isFile() !== true) return undefined;
    if (stats.size > MAX_TEXT) {
      this.note(path, `is larger than ${MAX_TEXT} bytes, too large for what it is: it counts as unreadable`);
      return undefined;
    }
    const chunks: Buffer[] = [];
    return this.#chunks(path, stats, (chunk) => chunks.push(chunk)) ? decode(Buffer.concat(chunks)) : undefined;
  }

  xattr(path: Path, name: string): string | undefined {
    const bytes = this.bytes(path);
    const at = bytes === undefined ? undefined : decode(bytes);
    if (bytes === undefined || at === undefined || hasInvalidBytes(at)) return undefined;
    const read = readXattrs([at]);
    if (!read.known && read.of.size === 0 && !read.why.startsWith('trusted'))
      this.note(path, `${name} is not known: ${read.why}`);
    return read.of.get(bytes.toString('latin1'))?.get(name);
  }

  // ---- contents ---------------------------------------------------------------------------------------------------

  /** A content that is equal for equal files: a hash, or a unique text where the file cannot or need not be read. */
  contentOf(path: Path, stats: Stats): string {
    if (stats.size > MAX_HASHED) {
      this.note(path, `${stats.size} bytes: too large to be hashed, its content counts as unknown`);
      return unread(path);
    }
    const hash = createHash('sha256');
    return this.#chunks(path, stats, (chunk) => hash.update(chunk)) ? `sha256:${hash.digest('hex')}` : unread(path);
  }

  /** The first bytes of a regular file. */
  head(path: Path, length: number): Buffer | undefined {
    const stats = this.lstat(path);
    let head: Buffer | undefined;
    if (stats?.isFile() === true)
      this.#chunks(path, stats, (chunk) => {
        head = chunk.subarray(0, length);
        return false;
      });
    return head;
  }

  /** Feeds a regular file to `take` until that returns false. False, with a note, if it cannot be read or is not the file that was looked at. */
  #chunks(path: Path, seen: Stats, take: (chunk: Buffer) => unknown): boolean {
    const bytes = this.bytes(path);
    let fd: number | undefined;
    try {
      if (bytes === undefined) throw new Error('its directory is gone');
      fd = openSync(bytes, OPEN);
      const stats = fstatSync(fd);
      if (!stats.isFile() || stats.ino !== seen.ino || stats.dev !== seen.dev) throw new Error('exchanged meanwhile');
      for (let left = MAX_HASHED; left > 0; ) {
        const buffer = Buffer.allocUnsafe(Math.min(Math.max(stats.size + 1, 512), MAX_TEXT));
        const length = readSync(fd, buffer);
        if (length === 0) return true;
        if (take(buffer.subarray(0, length)) === false) return true;
        left -= length;
      }
      throw new Error('it has no end');
    } catch (error) {
      this.note(path, `cannot be read (${codeOf(error)}): its content counts as unknown`);
      return false;
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }
}

/** The content of a file that was not read: no two are equal. */
export const unread = (path: Path): string => `unread:${path}`;
