import { beforeEach, describe, expect, it } from 'vitest';
import { Machine } from '../../src/conform/machine.ts';
import type { Call } from '../../src/kernel/calls.ts';
import { directory, file, join, plainFs } from '../../src/kernel/tree.ts';
import { type Directory, type Entry, failed, type Path, type PlainFs } from '../../src/kernel/types.ts';

/**
 * What a call costs, counted and not timed: how often each directory of the disk is asked for a name, and which are gone
 * through. It depends on the depth of the path and on the layers that hold it, not on how much there is besides.
 */

/** How often a directory, by its path on the disk, was asked for a name. */
const asked = new Map<Path, number>();
/** Directories whose names were gone through: by readdir, or by an edit, which copies them. */
const listed = new Set<Path>();

function forget(): void {
  asked.clear();
  listed.clear();
}
beforeEach(forget);

class Counted extends Map<string, Entry> {
  readonly #path: Path;

  constructor(path: Path, entries: Readonly<Record<string, Entry>>) {
    super(Object.entries(entries));
    this.#path = path;
  }
  override get(name: string): Entry | undefined {
    asked.set(this.#path, (asked.get(this.#path) ?? 0) + 1);
    return super.get(name);
  }
  override has(name: string): boolean {
    return this.get(name) !== undefined;
  }
  override keys(): MapIterator<string> {
    listed.add(this.#path);
    return super.keys();
  }
  override values(): MapIterator<Entry> {
    listed.add(this.#path);
    return super.values();
  }
  override entries(): MapIterator<[string, Entry]> {
    listed.add(this.#path);
    return super.entries();
  }
  override [Symbol.iterator](): MapIterator<[string, Entry]> {
    return this.entries();
  }
}

const counted = (path: Path, entries: Readonly<Record<string, Entry>>): Directory => ({
  ...directory(),
  entries: new Counted(path, entries),
});

interface Shape {
  /** Files that nobody asks for, spread over all lowers. */
  readonly files: number;
  readonly lowers: number;
  /** So many lowers, from the bottom, have the directories of the path. The lowest alone has what is in the last one. */
  readonly holders: number;
  /** Directories of the path. */
  readonly depth: number;
}
const USUAL: Shape = { files: 1000, lowers: 4, holders: 2, depth: 3 };
const SIZES = [100, 1000, 10_000];

/** The directories of the path, from the top: "", "/p1", "/p1/p2". */
const wayOf = (depth: number): readonly Path[] =>
  Array.from({ length: depth + 1 }, (_, i) => Array.from({ length: i }, (_, level) => `/p${level + 1}`).join(''));
/** A name in the last of them. */
const deepest = (name: string, { depth } = USUAL): Path => `${wayOf(depth).at(-1)}/${name}`;

const link = (ino: string): Entry => ({ type: 'link', ino });
const CONTENTS = {
  f: file('content'),
  g: file(),
  e: directory(),
  h1: link('h'),
  h2: link('h'),
  i1: link('i'),
  i2: link('i'),
};

/** Ten files in each of as many directories as are needed. */
function bulk(at: Path, files: number): Directory {
  const ten = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`f${i}`, file()]));
  const names = Array.from({ length: Math.ceil(files / 10) }, (_, i) => `d${i}`);
  return counted(at, Object.fromEntries(names.map((name) => [name, counted(join(at, name), ten)])));
}

function layer(top: Path, files: number, depth: number, contents: Readonly<Record<string, Entry>>): Directory {
  const way = wayOf(depth);
  const directories = way.reduceRight<Directory | null>((inner, path, level) => {
    const below = inner === null ? contents : { [`p${level + 1}`]: inner };
    return counted(top + path, level > 0 ? below : { ...below, bulk: bulk(`${top}/bulk`, files) });
  }, null);
  return directories ?? directory();
}

function diskOf({ files, lowers, holders, depth }: Shape): PlainFs {
  const layers = Array.from({ length: lowers }, (_, index) => {
    const lowest = index === lowers - 1;
    const isHolder = index >= lowers - holders;
    return [`lower${index}`, layer(`/lower${index}`, files / lowers, isHolder ? depth : 0, lowest ? CONTENTS : {})];
  });
  // A work directory that is ready to be used, so that mounting changes nothing.
  const rest = { upper: counted('/upper', {}), work: directory({ work: directory() }), mnt: directory() };
  const inodes = new Map(['h', 'i'].map((ino) => [ino, { inode: file(ino), links: 2 }]));
  return { ...plainFs(counted('/', { ...rest, ...Object.fromEntries(layers) })), inodes };
}

const pathsOf = ({ lowers }: Shape): readonly Path[] => Array.from({ length: lowers }, (_, i) => `/lower${i}`);
/** Not counting what mounting costs. */
function mounted(disk: PlainFs, mount: ConstructorParameters<typeof Machine>[1]): Machine {
  const machine = new Machine(disk, mount);
  forget();
  return machine;
}
const overlay = (shape: Shape): Machine =>
  mounted(diskOf(shape), { upper: '/upper', work: '/work', lowers: pathsOf(shape), options: '' });
/** The lowest layer on its own. */
const plain = (shape: Shape): Machine => mounted(diskOf({ ...shape, lowers: 1, holders: 1 }), { plain: '/lower0' });

function run(machine: Machine, call: Call): void {
  forget();
  const result = machine.call(call);
  if (failed(result)) throw new Error(`${JSON.stringify(call)} gave ${result.err}`);
}

/** The top directory of each layer once, for the first name; where those are on the disk is known since the mount. */
const roots = (shape: Shape): readonly (readonly [Path, number])[] => [
  ['/upper', 1],
  ...pathsOf(shape).map((path) => [path, 1] as const),
];
/** The directories of the path below that, once in each layer that has them. */
const held = ({ lowers, holders, depth }: Shape): readonly (readonly [Path, number])[] =>
  wayOf(depth)
    .slice(1)
    .flatMap((path) => Array.from({ length: holders }, (_, i) => [`/lower${lowers - 1 - i}${path}`, 1] as const));

describe('looking a path up in an overlay', () => {
  it.each<Shape>([
    ...SIZES.map((files) => ({ ...USUAL, files })),
    ...SIZES.map((files) => ({ files, lowers: 16, holders: 16, depth: 3 })),
    { ...USUAL, lowers: 1, holders: 1 },
    { ...USUAL, lowers: 4, holders: 1 },
    { ...USUAL, lowers: 16, holders: 1 },
    { ...USUAL, lowers: 16, holders: 4 },
    { ...USUAL, depth: 1 },
    { ...USUAL, depth: 8 },
    { ...USUAL, depth: 20 },
  ])(
    'asks each directory that holds it once: $files files, $lowers lowers, $holders of them holding it, depth $depth',
    (shape) => {
      run(overlay(shape), { op: 'read', path: deepest('f', shape) });
      expect(Object.fromEntries(asked)).toEqual(Object.fromEntries([...roots(shape), ...held(shape)]));
      expect(listed).toEqual(new Set());
    },
  );

  it('asks nobody a second time', () => {
    const machine = overlay(USUAL);
    run(machine, { op: 'read', path: deepest('f') });
    run(machine, { op: 'read', path: deepest('f') });
    expect(asked).toEqual(new Map());
  });

  it('asks each layer once more after a write, however much was written', () => {
    const machine = overlay(USUAL);
    run(machine, { op: 'read', path: deepest('f') });
    for (let i = 0; i < 20; i++) run(machine, { op: 'write', path: `/bulk/new${i}`, data: '' });
    run(machine, { op: 'read', path: deepest('f') });
    // The disk's directory and upper have been copied, and count no more.
    const lowers = pathsOf(USUAL).map((path) => [path, 1] as const);
    expect(Object.fromEntries(asked)).toEqual(Object.fromEntries([...lowers, ...held(USUAL)]));
  });

  it.each([1, 4, 16])('asks for a name that nobody has at the top only: %i lowers', (lowers) => {
    const shape = { ...USUAL, lowers, holders: 1 };
    expect(overlay(shape).call({ op: 'read', path: '/none' })).toEqual({ err: 'ENOENT' });
    expect(Object.fromEntries(asked)).toEqual(Object.fromEntries(roots(shape)));
  });
});

/** What has been asked or gone through off the path. */
const offThePath = (): readonly Path[] => [...asked.keys(), ...listed].filter((path) => path.includes('/bulk'));

describe.each<Call>([
  { op: 'lstat', path: deepest('f') },
  { op: 'lstat', path: deepest('e') },
  { op: 'access', path: deepest('none/none') },
  { op: 'readdir', path: deepest('') },
  { op: 'write', path: deepest('f'), data: 'new' },
  { op: 'write', path: deepest('new'), data: 'new' },
  { op: 'chmod', path: deepest('f'), mode: 0o600 },
  { op: 'unlink', path: deepest('f') },
  { op: 'rename', from: deepest('f'), to: deepest('new') },
  { op: 'rename', from: deepest('f'), to: deepest('g') },
  { op: 'rename', from: deepest('f'), to: '/new' },
  { op: 'link', from: deepest('f'), to: deepest('new') },
  { op: 'symlink', target: 'f', path: deepest('new') },
  { op: 'mkdir', path: deepest('new'), mode: 0o755 },
  { op: 'rmdir', path: deepest('e') },
])('the cost of $op $path $from $to', (call) => {
  it.each([
    ['an overlay', overlay],
    ['a plain file system', plain],
  ])('does not depend on how much else there is in %s', (_, machine) => {
    const costs = SIZES.map((files) => {
      machine({ ...USUAL, files }).call(call);
      expect(offThePath()).toEqual([]);
      return { asked: Object.fromEntries(asked), listed: [...listed] };
    });
    expect(asked.size).toBeGreaterThan(0);
    expect(costs).toEqual(costs.map(() => costs[0]));
  });
});

describe('a plain file system', () => {
  const way = wayOf(USUAL.depth).map((path) => `/lower0${path}`);

  it.each([1, 3, 9])('asks all directories of a path equally often: depth %i', (depth) => {
    const shape = { ...USUAL, depth };
    run(plain(shape), { op: 'read', path: deepest('f', shape) });
    // The walk, the check of what it found, and the read.
    expect(wayOf(depth).map((path) => asked.get(`/lower0${path}`))).toEqual(wayOf(depth).map(() => 3));
  });

  it('counts the subdirectories of a directory once', () => {
    const machine = plain(USUAL);
    run(machine, { op: 'stat', path: deepest('') });
    expect([...listed]).toEqual(way.slice(-1));
    run(machine, { op: 'stat', path: deepest('') });
    expect([...listed]).toEqual([]);
  });

  it('finds the last name of a hard link without a search, once it has made one', () => {
    const machine = plain({ ...USUAL, files: 10_000 });
    run(machine, { op: 'unlink', path: deepest('h1') });
    expect(listed.size).toBeGreaterThan(1000);
    run(machine, { op: 'unlink', path: deepest('i1') });
    expect([...listed]).toEqual([]);
    expect(machine.call({ op: 'stat', path: deepest('i2') })).toMatchObject({ ok: { nlink: 1 } });
  });
});
