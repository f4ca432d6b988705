/**
 * Two machines with one plain file system each: this model's Linux, and a Volume of memfs. Both are asked the same calls, and
 * give their answers and their trees as text that can be compared.
 */
import fc from 'fast-check';
import type { Volume } from 'memfs';
import { toVolume } from '../src/input/memfs.ts';
import type { Call, OpenFlag } from '../src/kernel/calls.ts';
import { parseTree } from '../src/kernel/notation.ts';
import { get, identityOf, names } from '../src/kernel/tree.ts';
import { failed, type PlainFs } from '../src/kernel/types.ts';
import { dataOf } from '../src/kernel/view.ts';
import { Bench } from './kernel/bench.ts';

type NamedOps = 'rmdir' | 'unlink' | 'readlink' | 'readdir' | 'stat' | 'lstat' | 'read';
/** The calls that both machines know. */
export type PlainCall =
  | { readonly op: NamedOps; readonly path: string }
  | { readonly op: 'write'; readonly path: string; readonly data: string; readonly append: boolean }
  | { readonly op: 'mkdir' | 'chmod'; readonly path: string; readonly mode: number }
  | { readonly op: 'rename' | 'link'; readonly from: string; readonly to: string }
  | { readonly op: 'symlink'; readonly target: string; readonly path: string }
  | { readonly op: 'truncate'; readonly path: string; readonly size: number }
  | { readonly op: 'open'; readonly path: string; readonly how: How; readonly fd: string }
  | { readonly op: 'fdread' | 'fdstat' | 'fdclose'; readonly fd: string }
  | { readonly op: 'fdwrite'; readonly fd: string; readonly data: string };

/** fopen(3)'s spelling, which Node's `open` shares. */
export type How = 'r' | 'r+' | 'w' | 'wx' | 'w+' | 'a' | 'a+';
const FLAGS: Readonly<Record<How, readonly OpenFlag[]>> = {
  r: ['O_RDONLY'],
  'r+': ['O_RDWR'],
  w: ['O_WRONLY', 'O_CREAT', 'O_TRUNC'],
  wx: ['O_WRONLY', 'O_CREAT', 'O_TRUNC', 'O_EXCL'],
  'w+': ['O_RDWR', 'O_CREAT', 'O_TRUNC'],
  a: ['O_WRONLY', 'O_CREAT', 'O_APPEND'],
  'a+': ['O_RDWR', 'O_CREAT', 'O_APPEND'],
};

/** What both start with: something of every kind, and a symlink to a directory, to a file and to nothing. */
export const START = parseTree(`
  a/
    a "one"
    b/
      c "two"
  b "three"
  c -> a/b
`);

// ---- the calls ----------------------------------------------------------------------------------------------------

const name = fc.constantFrom('a', 'b', 'c');
const component = fc.oneof({ weight: 24, arbitrary: name }, { weight: 1, arbitrary: fc.constantFrom('..', '.') });
const path = fc
  .tuple(
    fc.constantFrom(1, 1, 1, 2, 2, 3).chain((length) => fc.array(component, { minLength: length, maxLength: length })),
    fc.constantFrom(...Array<string>(19).fill(''), '/'),
  )
  .map(([parts, slash]) => `/${parts.join('/')}${slash}`);
/** No dots behind names: memfs cleans targets up as text, as it does with paths. */
const target = fc
  .tuple(fc.constantFrom('', '', '../', '/'), fc.array(name, { minLength: 1, maxLength: 2 }))
  .map(([start, parts]) => start + parts.join('/'));
/** The owner keeps his rights: memfs holds them even against root. */
const mode = fc.constantFrom(0o700, 0o711, 0o755, 0o1777, 0o4751);
/** One byte per character: this model keeps contents as text, and cannot cut a character in two. */
const data = fc.constantFrom('', 'x', 'data');
const fd = fc.constantFrom('p', 'q');
const how = fc.constantFrom<How>('r', 'r+', 'w', 'wx', 'w+', 'a', 'a+');

const named = (...ops: readonly NamedOps[]): fc.Arbitrary<PlainCall> =>
  fc.record({ op: fc.constantFrom(...ops), path });
const call: fc.Arbitrary<PlainCall> = fc.oneof(
  { weight: 4, arbitrary: named('unlink', 'rmdir') },
  { weight: 5, arbitrary: named('read', 'readdir', 'readlink', 'stat', 'lstat') },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('write' as const), path, data, append: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constantFrom('mkdir' as const, 'mkdir' as const, 'chmod' as const), path, mode }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constantFrom('rename' as const, 'rename' as const, 'link' as const),
      from: path,
      to: path,
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('symlink' as const), target, path }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('truncate' as const), path, size: fc.nat(6) }) },
  { weight: 6, arbitrary: fc.record({ op: fc.constant('open' as const), path, how, fd }) },
  { weight: 6, arbitrary: fc.record({ op: fc.constant('fdwrite' as const), fd, data }) },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constantFrom('fdread' as const, 'fdread' as const, 'fdstat' as const, 'fdclose' as const),
      fd,
    }),
  },
);

/** What random calls seldom come to: a descriptor that outlives the name of its file, two names of one file. */
const file = fc.constantFrom('/a/a', '/a/b/c', '/b');
const motif: fc.Arbitrary<readonly PlainCall[]> = fc.oneof(
  fc
    .tuple(fd, file, file, fc.constantFrom<How>('r+', 'a+', 'r'), data, fc.constantFrom('unlink', 'replace', 'move'))
    .map(([held, one, other, opened, text, end]): readonly PlainCall[] => [
      { op: 'open', path: one, how: opened, fd: held },
      end === 'unlink'
        ? { op: 'unlink', path: one }
        : { op: 'rename', ...(end === 'replace' ? { from: other, to: one } : { from: one, to: '/a/c' }) },
      { op: 'fdwrite', fd: held, data: text },
      { op: 'fdread', fd: held },
    ]),
  fc.tuple(file, file, fc.boolean()).map(([one, other, same]): readonly PlainCall[] => [
    { op: 'link', from: one, to: '/a/c' },
    { op: 'rename', from: same ? one : other, to: '/a/c' },
    { op: 'stat', path: one },
  ]),
);
/** Sequences of calls, some of them from {@link motif}. */
export const calls: fc.Arbitrary<readonly PlainCall[]> = fc
  .array(fc.oneof({ weight: 9, arbitrary: call.map((one) => [one]) }, { weight: 1, arbitrary: motif }), {
    minLength: 4,
    maxLength: 24,
  })
  .map((parts) => parts.flat());

/** "rename /a /b/": one line of a failure. */
export const told = (one: PlainCall): string =>
  Object.values(one)
    .map((value) =>
      value === '' ? "''" : typeof value === 'number' && one.op !== 'truncate' ? value.toString(8) : `${value}`,
    )
    .join(' ');

export const descriptorOf = (one: PlainCall): string | null => ('fd' in one ? one.fd : null);

/** The same call with other paths. */
export function withPaths(one: PlainCall, change: (path: string) => string): PlainCall {
  if ('from' in one) return { ...one, from: change(one.from), to: change(one.to) };
  return 'path' in one ? { ...one, path: change(one.path) } : one;
}

// ---- the machines -------------------------------------------------------------------------------------------------

interface Facts {
  readonly type: string;
  readonly mode: number;
  readonly size?: number | undefined;
  readonly nlink: number;
}
/** What stat tells. Sizes of directories are up to the file system, and so are the numbers of their links. */
const factsText = ({ type, mode, size, nlink }: Facts): string =>
  type === 'dir' ? `dir ${mode.toString(8)}` : `${type} ${mode.toString(8)}, ${size} bytes, ${nlink} links`;

const listing = (entries: readonly (readonly [string, string])[]): string =>
  `[${entries
    .map(([entry, type]) => `${entry} ${type}`)
    .sort()
    .join(', ')}]`;

/** One name of a tree: what is there, and the first name of the same inode. Modes of symlinks mean nothing. */
const line = (at: string, type: string, mode: number, data: string, first: string | undefined): string =>
  [at, type, type === 'symlink' ? '' : mode.toString(8), data, first === undefined ? '' : `is ${first}`]
    .filter(Boolean)
    .join(' ');

/** Lines for everything below the root, names sorted. */
function treeLines(childrenOf: (at: string) => readonly string[], lineOf: (at: string) => string): readonly string[] {
  const lines: string[] = [];
  const visit = (at: string): void => {
    // A directory that has become its own descendant has no last line.
    if (at.length > 40) return;
    for (const child of [...childrenOf(at)].sort()) {
      lines.push(lineOf(`${at}/${child}`));
      visit(`${at}/${child}`);
    }
  };
  visit('');
  return lines;
}

/** Remembers the first name of each inode. */
function firstNames(): (identity: string, at: string) => string | undefined {
  const seen = new Map<string, string>();
  return (identity, at) => {
    const first = seen.get(identity);
    if (first === undefined) seen.set(identity, at);
    return first;
  };
}

/** This model's Linux. */
export class Kernel {
  readonly bench: Bench;

  constructor(start: PlainFs = START) {
    this.bench = new Bench(start);
  }

  /** Another machine in the same state. */
  copy(): Kernel {
    const copy = new Kernel();
    copy.bench.world = this.bench.world;
    return copy;
  }

  /** What is at a path itself, as lstat has it; an errno if nothing. */
  kind(path: string): string {
    const found = this.copy().do({ op: 'lstat', path });
    return found.split(' ', 1)[0] ?? '';
  }

  do(one: PlainCall): string {
    const result = this.bench.call(callOf(one));
    if (failed(result)) return result.err;
    const { ok } = result;
    if (ok === null) return 'ok';
    if (typeof ok === 'string') return JSON.stringify(ok);
    if (typeof ok === 'object' && 'type' in ok) return factsText(ok);
    if (Array.isArray(ok)) return listing(ok);
    throw new Error(`${told(one)} gave ${JSON.stringify(ok)}`);
  }

  sameFile(a: string, b: string): boolean {
    const same = this.copy().bench.call({ op: 'sameino', from: a, to: b });
    return 'ok' in same && same.ok === true;
  }

  /** Whether the file behind a descriptor has lost its last name. */
  isNameless(fd: string): boolean {
    return this.copy().do({ op: 'fdstat', fd }).endsWith(' 0 links');
  }

  tree(): readonly string[] {
    const fs = this.bench.plain();
    const first = firstNames();
    return treeLines(
      (at) => names(fs, at),
      (at) => {
        const inode = get(fs, at);
        if (inode === undefined) throw new Error(`a name without an inode: ${at}`);
        return line(at, inode.type, inode.mode, dataOf(inode), first(identityOf(fs, at), at));
      },
    );
  }
}

function callOf(one: PlainCall): Call {
  if (one.op === 'open') return { op: 'open', path: one.path, flags: FLAGS[one.how], mode: 0o644, fd: one.fd };
  if (one.op !== 'write') return one;
  return { op: 'write', path: one.path, data: one.data, mode: 0o644, flags: FLAGS[one.append ? 'a' : 'w'] };
}

/** memfs, behind the same calls. */
export class Memfs {
  readonly volume: Volume;
  readonly #fds = new Map<string, number>();

  constructor(fs: PlainFs) {
    this.volume = toVolume(fs.root, fs.inodes).volume;
  }

  do(one: PlainCall): string {
    try {
      return 'fd' in one ? this.#descriptor(one) : this.#named(one);
    } catch (error) {
      if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
      return `throws ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  #named(one: Exclude<PlainCall, { fd: string }>): string {
    const { volume } = this;
    switch (one.op) {
      case 'read':
        return JSON.stringify(volume.readFileSync(one.path, 'utf8'));
      case 'readlink':
        return JSON.stringify(volume.readlinkSync(one.path, { encoding: 'utf8' }));
      case 'readdir':
        return listing(
          volume.readdirSync(one.path, { withFileTypes: true }).map((entry) => {
            if (typeof entry !== 'object' || !('isFile' in entry)) throw new Error('memfs gave names without types');
            return [String(entry.name), typeOf(entry)];
          }),
        );
      case 'stat':
        return facts(volume.statSync(one.path));
      case 'lstat':
        return facts(volume.lstatSync(one.path));
      default:
        this.#change(one);
        return 'ok';
    }
  }

  #change(one: Exclude<PlainCall, { fd: string } | { op: 'read' | 'readlink' | 'readdir' | 'stat' | 'lstat' }>): void {
    const { volume } = this;
    switch (one.op) {
      case 'mkdir':
        volume.mkdirSync(one.path, { mode: one.mode });
        return;
      case 'rmdir':
        volume.rmdirSync(one.path);
        return;
      case 'unlink':
        volume.unlinkSync(one.path);
        return;
      case 'rename':
        volume.renameSync(one.from, one.to);
        return;
      case 'link':
        volume.linkSync(one.from, one.to);
        return;
      case 'symlink':
        volume.symlinkSync(one.target, one.path);
        return;
      case 'chmod':
        volume.chmodSync(one.path, one.mode);
        return;
      case 'truncate':
        volume.truncateSync(one.path, one.size);
        return;
      case 'write':
        volume.writeFileSync(one.path, one.data, { mode: 0o644, flag: one.append ? 'a' : 'w' });
        return;
    }
  }

  #descriptor(one: Extract<PlainCall, { fd: string }>): string {
    const { volume } = this;
    if (one.op === 'open') {
      this.#fds.set(one.fd, volume.openSync(one.path, one.how, 0o644));
      return 'ok';
    }
    const fd = this.#fds.get(one.fd);
    if (fd === undefined) return 'EBADF';
    switch (one.op) {
      case 'fdread': {
        // read(2) of everything, from the start: memfs has no lseek in its API.
        volume._core.getFileByFdOrThrow(fd, 'lseek').seekTo(0);
        const buffer = Buffer.alloc(4096);
        return JSON.stringify(buffer.toString('utf8', 0, volume.readSync(fd, buffer)));
      }
      case 'fdstat':
        return facts(volume.fstatSync(fd));
      case 'fdwrite':
        volume.writeSync(fd, one.data);
        return 'ok';
      case 'fdclose':
        this.#fds.delete(one.fd);
        volume.closeSync(fd);
        return 'ok';
    }
  }

  tree(): readonly string[] {
    try {
      return this.#lines();
    } catch (error) {
      return [`cannot be listed: ${error instanceof Error ? error.message : String(error)}`];
    }
  }

  #lines(): readonly string[] {
    const { volume } = this;
    const first = firstNames();
    return treeLines(
      (at) => (at === '' || volume.lstatSync(at).isDirectory() ? volume.readdirSync(`${at}/`).map(String) : []),
      (at) => {
        const stats = volume.lstatSync(at);
        const type = typeOf(stats);
        const data =
          type === 'file'
            ? String(volume.readFileSync(at, 'utf8'))
            : type === 'symlink'
              ? String(volume.readlinkSync(at, { encoding: 'utf8' }))
              : '';
        return line(at, type, Number(stats.mode) & 0o7777, data, first(String(stats.ino), at));
      },
    );
  }
}

interface Kind {
  isFile(): boolean;
  isDirectory(): boolean;
}
const typeOf = (one: Kind): string => (one.isFile() ? 'file' : one.isDirectory() ? 'dir' : 'symlink');

const facts = (stats: Kind & { readonly mode: unknown; readonly size: unknown; readonly nlink: unknown }): string =>
  factsText({
    type: typeOf(stats),
    mode: Number(stats.mode) & 0o7777,
    size: Number(stats.size),
    nlink: Number(stats.nlink),
  });
