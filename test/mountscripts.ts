import fc from 'fast-check';
import { layerRoot } from '../src/kernel/lookup.ts';
import { namespaces } from '../src/kernel/mount.ts';
import { placesIn } from '../src/kernel/mounttable.ts';
import { type Dentry, lookup, resolve } from '../src/kernel/path.ts';
import { isWithin } from '../src/kernel/tree.ts';
import { namespace, task as taskOf } from '../src/kernel/world.ts';
import { PROGRAM, Script } from './kernel/mountscript.ts';

/**
 * Random mount scripts. A script is drawn as plain numbers and read with the model beside it: each number chooses among
 * the mount points, directories, descriptors and trees that there are at that line, so that most lines succeed, and
 * scripts shrink to shorter ones that still make sense. Lines that meet a change of a layer below a live overlay have no
 * promised outcome and are left out.
 */
interface Draw {
  readonly who: number;
  readonly op: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly form: number;
  /** Below 12 the paths may be anything, and the line may fail. */
  readonly wild: number;
}

/** How often a line of a kind is drawn. */
const WEIGHTS: Readonly<Record<string, number>> = {
  tmpfs: 14,
  bind: 9,
  rbind: 6,
  move: 8,
  beneath: 9,
  shared: 8,
  rshared: 3,
  slave: 5,
  rslave: 2,
  private: 3,
  rprivate: 2,
  unbindable: 2,
  runbindable: 2,
  ro: 2,
  rw: 2,
  rro: 2,
  rrw: 2,
  set: 2,
  clear: 2,
  rset: 2,
  rclear: 2,
  remount: 2,
  bremount: 2,
  umount: 9,
  detach: 7,
  umountnf: 2,
  open: 4,
  openw: 3,
  openp: 2,
  close: 4,
  chdir: 4,
  opentree: 3,
  clone: 2,
  rclone: 3,
  newtree: 3,
  movetree: 8,
  treebeneath: 8,
  closetree: 2,
  unshare: 5,
  leave: 2,
  rmdir: 4,
  unlink: 2,
  mkdir: 2,
  rename: 3,
  xchg: 2,
  link: 2,
  write: 2,
  cat: 2,
  stat: 2,
  ls: 5,
  fdls: 2,
  exec: 3,
  overlay: 2,
  overlayw: 2,
};
const OPS: readonly string[] = Object.entries(WEIGHTS).flatMap(([op, weight]) =>
  Array.from({ length: weight }, () => op),
);
/** What does not follow a link at the end of a path: "@h" alone would be one in /proc. */
const NAMED = new Set(['rmdir', 'unlink', 'rename', 'xchg', 'link', 'stat', 'umountnf', 'mkdir']);
const FLAGS = ['nosuid', 'noexec', 'nodev', 'ro', 'nosuid,noexec', 'ro,nodev', 'noexec,nodev'];
/** Paths that nobody looked for. */
const WILD = [
  '/',
  '/a',
  '/b',
  '/c',
  '/d',
  '/a/m',
  '/b/m',
  '/a/m/k',
  '/d/n',
  '/f',
  '/a/f',
  '/a/x',
  '/nothing',
  '/a/nothing',
  '/nothing/m',
  '/d/m/nothing',
  '/a/../b',
  '.',
  '..',
];

const nat = (max: number): fc.Arbitrary<number> => fc.nat({ max });
const draw: fc.Arbitrary<Draw> = fc.record({
  who: nat(9),
  op: nat(OPS.length - 1),
  a: nat(99),
  b: nat(99),
  c: nat(99),
  form: nat(99),
  wild: nat(99),
});

/** Situations in which the rules of propagation, of removed directories and of held mounts have something to say. */
const BEGINNINGS: readonly (readonly string[])[] = [
  [],
  ['shared /', 'q: unshare', 'r: unshare', 'r: slave /'],
  ['tmpfs /a', 'shared /a', 'bind /a /b', 'bind /a /c', 'slave /c'],
  ['tmpfs /a', 'shared /a', 'bind /a /b', 'slave /b', 'shared /b', 'q: unshare', 'q: slave /b', 'q: tmpfs /a/n'],
  ['tmpfs /a', 'tmpfs /a/m', 'shared /a', 'unshare', 'q: bind /a/n /b', 'tmpfs /c', 'tmpfs /c', 'slave /a'],
  ['bind /a/n /b', 'chdir /b', 'q: unshare', 'q: bind /a/m/k /c', 'q: chdir /c', 'r: open /a/m h0'],
  ['tmpfs /d', 'tmpfs /d/m', 'tmpfs /d/m/k', 'q: chdir /d/m', 'r: open /d h0', 'r: openp /d/m/k h1', 'rshared /d'],
  ['shared /', 'tmpfs /a', 'tmpfs /b', 'rclone /a T0', 'newtree T1', 'q: unshare', 'q: opentree /b T0'],
];

/** How many draws the comparisons take. */
export const SIZE = { minLength: 12, maxLength: 24 };

/** Scripts of a beginning and that many draws; a draw gives one line or none. */
export const mountScripts = (size: { minLength: number; maxLength: number }): fc.Arbitrary<readonly string[]> =>
  fc.tuple(fc.constantFrom(...BEGINNINGS), fc.array(draw, size)).map(([lines, draws]) => scriptOf(lines, draws));

const TRIES = 4;
/** Copies in copies of shared mounts grow beyond measure. */
const MOUNTS = 100;
const mountsIn = ({ world }: Script): number => namespaces(world).reduce((sum, [, { mounts }]) => sum + mounts.size, 0);

function scriptOf(beginning: readonly string[], draws: readonly Draw[]): readonly string[] {
  let script = new Script(beginning);
  const lines = [...beginning];
  for (const one of draws) {
    for (let turn = 0; turn < TRIES; turn++) {
      const line = lineOf(script, { ...one, a: one.a + turn, b: one.b + 3 * turn, c: one.c + turn });
      if (line === null) continue;
      const next = script.fork();
      const result = next.play(line);
      if (next.undefined || result === 'skip' || result === `=${PROGRAM}` || mountsIn(next) > MOUNTS) continue;
      if (/^E/.test(result) && one.wild >= 12 && turn < TRIES - 1) continue;
      script = next;
      lines.push(line);
      break;
    }
  }
  return lines;
}

function lineOf(script: Script, one: Draw): string | null {
  const who = one.who < 5 ? 'p' : one.who < 8 ? 'q' : 'r';
  const op = OPS[one.op] ?? '';
  const args = argumentsOf(new Choices(script, who, one), op);
  if (args === null || namesIn(args).size > 1) return null;
  const text = [op, ...args.map((arg) => (NAMED.has(op) ? arg.replace(/^@[^/]+$/, '$&/.') : arg))].join(' ');
  return who === 'p' ? text : `${who}: ${text}`;
}

/** The descriptors that paths start from: a player may reach them by fchdir(2), which does one at a time. */
const namesIn = (args: readonly string[]): ReadonlySet<string> =>
  new Set(args.filter((arg) => arg.startsWith('@')).map((arg) => arg.split('/')[0] ?? ''));

type Spot = Pick<Dentry, 'fs' | 'path'>;
const overlap = (a: Spot, b: Spot): boolean => a.fs === b.fs && (isWithin(a.path, b.path) || isWithin(b.path, a.path));

/** What there is to choose from, for one task at one line. */
class Choices {
  readonly #script: Script;
  readonly #who: string;
  readonly draw: Draw;

  constructor(script: Script, who: string, draw: Draw) {
    this.#script = script;
    this.#who = who;
    this.draw = draw;
  }

  get #task(): ReturnType<typeof taskOf> {
    return taskOf(this.#script.world, this.#who);
  }

  #place(path: string): Dentry | null {
    const place = resolve(this.#script.world, this.#who, path);
    return 'err' in place ? null : place.ok;
  }

  #isDirectory(path: string): boolean {
    const place = this.#place(path.replace(/^@/, '/proc/self/fd/'));
    return place !== null && lookup(this.#script.world, place.fs, place.path)?.type === 'dir';
  }

  /** Mount points that can be reached, the root last. */
  get #mounts(): readonly string[] {
    const places = placesIn(namespace(this.#script.world, this.#task.ns));
    return [
      ...places
        .filter(({ hidden, at }) => !hidden && at !== '/')
        .map(({ at }) => at)
        .reverse(),
      '/',
    ];
  }

  #pick(from: readonly string[], number: number): string | null {
    return from[number % Math.max(from.length, 1)] ?? null;
  }

  /** As the task may write it: from the root, from its working directory, or from something open. */
  #written(path: string, number: number): string {
    const { form } = this.draw;
    if (form < 75) return path;
    const names = [...this.#task.fds.keys(), ...this.#task.trees.keys()];
    const starts = form < 86 || names.length === 0 ? ['.'] : names.map((name) => `@${name}`);
    const start = starts[number % starts.length] ?? '.';
    const rest = ['', '/m', '/n', '/..', '/m/k', '/../n', '/.'].filter((end) => this.#isDirectory(start + end));
    return start + (rest[number % Math.max(rest.length, 1)] ?? '');
  }

  mount(number: number, { orRoot = true } = {}): string | null {
    if (this.draw.wild < 12) return this.#pick(WILD, number);
    const mounts = this.#mounts;
    const path = this.#pick(orRoot && number % 9 === 0 ? mounts : mounts.slice(0, -1), number);
    return path === null ? null : this.#written(path, number);
  }

  directory(number: number): string | null {
    if (this.draw.wild < 12) return this.#pick(WILD, number);
    const ends = ['', '/m', '/n', '/m/k'];
    const tops = ['/a', '/b', '/c', '/d', ...this.#mounts.slice(0, -1)];
    const all = tops.flatMap((top) => ends.map((end) => top + end)).filter((path) => this.#isDirectory(path));
    if (number % 40 === 0) all.push('/');
    const path = this.#pick(all, number);
    return path === null ? null : this.#written(path, number);
  }

  file(number: number): string | null {
    const top = this.directory(number);
    return top === null ? null : `${top === '/' ? '' : top}/${['f', 'x', 'x', 'z', 'f'][number % 5]}`;
  }

  /** Layers within each other are accepted, and nobody promises anything about them. */
  overlap(a: string, b: string): boolean {
    const [one, two] = [this.#place(a), this.#place(b)];
    return one !== null && two !== null && overlap(one, two);
  }

  /** Whether a live overlay has its upperdir or workdir here. */
  isUsed(path: string): boolean {
    const place = this.#place(path);
    const { world } = this.#script;
    return world.slots.fs.some((id) => {
      const fs = world.get(`fs:${id}`);
      if (place === null || fs?.kind !== 'overlay' || fs.upper === null) return false;
      return overlap(place, { fs: fs.upper.fs, path: layerRoot(world, fs.upper) });
    });
  }

  /** A name to open something under: in a child not one of its parent's. */
  fresh(letter: string): string | null {
    const mine = `${letter}${this.#task.home === null ? '' : 'c'}`;
    const names = [`${mine}0`, `${mine}1`, `${mine}2`];
    return names.find((name) => !this.#task.fds.has(name) && !this.#task.trees.has(name)) ?? null;
  }

  open(number: number): string | null {
    const parents = this.#task.home?.fds;
    return this.#pick(
      [...this.#task.fds.keys()].filter((name) => parents?.has(name) !== true),
      number,
    );
  }

  tree(number: number): string | null {
    return this.#pick([...this.#task.trees.keys()], number);
  }
}

const all = (...args: readonly (string | null)[]): readonly string[] | null => {
  const given = args.filter((arg) => arg !== null);
  return given.length === args.length ? given : null;
};

function argumentsOf(from: Choices, op: string): readonly string[] | null {
  const { a, b, c } = from.draw;
  const flags = FLAGS[b % FLAGS.length] ?? 'ro';
  switch (op) {
    case 'unshare':
      return [];
    case 'leave':
      return all(...(a % 2 === 0 ? [from.tree(b)].filter((name) => name !== null) : []));
    case 'tmpfs':
      return c < 75 ? all(from.directory(a)) : all(from.directory(a), flags);
    case 'bind':
    case 'rbind':
      return c % 8 === 0
        ? all(from.file(a), from.file(b))
        : all(c % 2 === 0 ? from.directory(a) : from.mount(a), from.directory(b));
    case 'move':
      return all(from.mount(a, { orRoot: c % 10 === 0 }), from.directory(b));
    case 'beneath':
      return all(from.mount(a, { orRoot: c % 10 === 0 }), from.mount(b));
    case 'open':
      return all(c % 3 === 0 ? from.file(a) : from.directory(a), from.fresh('h'));
    case 'openp':
      return all(c % 5 === 0 ? from.file(a) : from.mount(a), from.fresh('h'));
    case 'openw':
      return all(from.file(a), from.fresh('h'));
    case 'close':
    case 'fdls':
      return all(from.open(a));
    case 'opentree':
    case 'clone':
    case 'rclone':
      return all(c % 8 === 0 ? from.file(a) : c % 2 === 0 ? from.directory(a) : from.mount(a), from.fresh('T'));
    case 'newtree':
      return c < 75 ? all(from.fresh('T')) : all(from.fresh('T'), flags);
    case 'movetree':
      return all(from.tree(a), c % 12 === 0 ? from.file(b) : from.directory(b));
    case 'treebeneath':
      return all(from.tree(a), from.mount(b));
    case 'closetree':
      return all(from.tree(a));
    case 'set':
    case 'clear':
    case 'rset':
    case 'rclear':
      return all(from.mount(a), flags);
    case 'remount':
    case 'bremount':
      return c % 3 === 0 ? all(from.mount(a)) : all(from.mount(a), flags);
    case 'overlay':
    case 'overlayw': {
      const [lower, other] = [from.directory(b), from.directory(c)];
      if (lower === null || other === null || from.overlap(lower, other)) return null;
      if (op === 'overlayw' && from.isUsed(other)) return null;
      return [lower, other].every((path) => path?.startsWith('/') === true)
        ? all(from.directory(a), lower, other)
        : null;
    }
    default:
      return fileArgumentsOf(from, op);
  }
}

function fileArgumentsOf(from: Choices, op: string): readonly string[] | null {
  const { a, b, c } = from.draw;
  switch (op) {
    case 'chdir':
    case 'ls':
    case 'rmdir':
      return all(from.directory(a));
    case 'mkdir':
      return all(from.directory(a))?.map((path) => `${path}/k`) ?? null;
    case 'stat':
      return all(c % 2 === 0 ? from.file(a) : from.directory(a));
    case 'unlink':
    case 'exec':
      return all(from.file(a));
    case 'cat':
      return all(from.file(a - (a % 5)));
    case 'write':
      return all(from.file(a - (a % 5)), `w${b}`);
    case 'rename':
    case 'xchg':
    case 'link':
      return c % 3 === 0 || op === 'link' ? all(from.file(a), from.file(b)) : all(from.directory(a), from.directory(b));
    default:
      return all(from.mount(a));
  }
}
