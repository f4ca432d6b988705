/**
 * The plain simulator, without any search: one task makes calls on a tree of 1,000 files, and the same calls go to memfs and
 * to unionfs over memfs. All contenders must give the same answers, or nothing is measured.
 *
 * What unionfs cannot do decides what is compared. It has no whiteouts, opaque directories or copy-up: a call goes to the
 * volumes from the top until one does not throw, so a write lands in the first volume that has the directory, removing a
 * name uncovers the same name below, and a rename works inside one volume only. Therefore
 * - its volumes hold neither whiteouts nor the names that those and opaque directories hide (the simulator's layers do);
 * - its top volume has all directories, or writes would land in lower volumes; the simulator has to copy them up;
 * - only names that one layer alone has are removed, and a rename stays in its directory;
 * - answers are sizes, contents, names and errnos.
 * memfs alone gets the merged tree: it is what a file system costs that has no layers at all. And both change their trees in
 * place, where the simulator makes a new world of every write and leaves the old one as it was.
 */
import { createFsFromVolume, Volume } from 'memfs';
import { type IFS, Union } from 'unionfs';
import { EMPTY, Machine } from '../../src/conform/machine.ts';
import { fromDirectoryJSON } from '../../src/input/memfs.ts';
import { TRUSTED } from '../../src/kernel/lookup.ts';
import { apply, directory, parentOf, plainFs, type TreeChange, whiteout } from '../../src/kernel/tree.ts';
import { failed, type Path, type PlainFs } from '../../src/kernel/types.ts';

// ---- the tree -----------------------------------------------------------------------------------------------------

const COUNT = 1000;
/** Ten by ten directories with ten files each. */
const DIRECTORIES = Array.from({ length: COUNT / 10 }, (_, i): Path => `/d${Math.floor(i / 10)}/e${i % 10}`);
const directoryAt = (n: number): Path => DIRECTORIES[Math.floor(n / 10) % DIRECTORIES.length] ?? '';
const fileAt = (n: number): Path => `${directoryAt(n)}/f${n % 10}`;

/** Where upper has a whiteout over a name of the lowest layer. */
const isCovered = (path: Path): boolean => path.endsWith('e0');
/** What only the top lower layer shows, because it is opaque there. */
const isOpaque = (path: Path): boolean => path.endsWith('e9');
/** Every third file has older versions in all layers below its own. */
const isShared = (n: number): boolean => n % 3 === 0 && !isOpaque(directoryAt(n));

/** Contents by path, as memfs takes them; null for a directory. */
type Files = Readonly<Record<Path, string | null>>;

/** The lower layers from the top, without what nobody sees anyway. */
function visible(lowers: number): readonly Files[] {
  const layers = Array.from({ length: lowers }, (): Record<Path, string> => ({}));
  for (let n = 0; n < COUNT; n++) {
    const home = isOpaque(directoryAt(n)) ? 0 : n % lowers;
    layers.forEach((files, index) => {
      if (index === home) files[fileAt(n)] = `file ${n}`;
      else if (index > home && isShared(n)) files[fileAt(n)] = `old version of file ${n}`;
    });
  }
  return layers;
}

/** The same layers with names that are hidden, and with what hides them. */
function diskOf(lowers: number): PlainFs {
  const layers = visible(lowers).map((files, index) => {
    const hides = (path: Path): boolean => (isCovered(path) && index === lowers - 1) || (isOpaque(path) && index > 0);
    const hidden = DIRECTORIES.filter(hides).map((path) => [`${path}/hidden`, '']);
    return [`lower${index}`, fromDirectoryJSON({ ...files, ...Object.fromEntries(hidden) })];
  });
  const opaque = directory({}, { xattrs: new Map([[TRUSTED.opaque, 'y']]) });
  const copied = directory({}, { xattrs: new Map([[TRUSTED.origin, '']]) });
  const marks = DIRECTORIES.flatMap((path): readonly TreeChange[] => {
    if (isOpaque(path)) return [{ do: 'replace', fs: 'disk', path: `/lower0${path}`, inode: opaque }];
    if (!isCovered(path)) return [];
    return [
      { do: 'create', fs: 'disk', path: `/upper${parentOf(path)}`, inode: copied },
      { do: 'create', fs: 'disk', path: `/upper${path}`, inode: copied },
      { do: 'create', fs: 'disk', path: `/upper${path}/hidden`, inode: whiteout() },
    ];
  });
  const bare = plainFs(directory({ mnt: EMPTY, upper: EMPTY, work: EMPTY, ...Object.fromEntries(layers) }), 'tmpfs');
  return marks.reduce((disk, change) => apply(disk, change, 'caller'), bare);
}

// ---- the calls ----------------------------------------------------------------------------------------------------

/** Calls of the kernel floor that Node's fs has, too. */
type BenchCall =
  | { readonly op: 'lstat' | 'read' | 'readdir' | 'unlink' | 'rmdir'; readonly path: Path }
  | { readonly op: 'write'; readonly path: Path; readonly data: string }
  | { readonly op: 'mkdir'; readonly path: Path; readonly mode: number }
  | { readonly op: 'rename'; readonly from: Path; readonly to: Path };

/** Reads all over the tree, one of them of a name that is not there. */
function reads(cycle: number): readonly BenchCall[] {
  // 7 and 1,000 have no common divisor, so that all files have their turn.
  const n = (cycle * 7) % COUNT;
  return [
    { op: 'lstat', path: fileAt(n) },
    { op: 'read', path: fileAt(n + 3) },
    { op: 'lstat', path: directoryAt(n) },
    { op: 'readdir', path: directoryAt(n + 30) },
    { op: 'lstat', path: `${directoryAt(n + 60)}/none` },
  ];
}

/** The same, with a file written (which copies it up), another removed and made again, and a new file and directory that go again. */
function mixed(cycle: number): readonly BenchCall[] {
  const n = (cycle * 7) % COUNT;
  const even = fileAt(n - (n % 2));
  const next = n - (n % 2) + 1;
  const odd = fileAt(isShared(next) ? next + 2 : next);
  const made = `${directoryAt(n + 500)}/new${cycle}`;
  return [
    ...reads(cycle),
    { op: 'write', path: even, data: `write ${cycle}` },
    { op: 'read', path: even },
    { op: 'unlink', path: odd },
    { op: 'lstat', path: odd },
    { op: 'write', path: odd, data: `again ${cycle}` },
    { op: 'write', path: made, data: `new ${cycle}` },
    { op: 'rename', from: made, to: `${made}.renamed` },
    { op: 'readdir', path: parentOf(made) },
    { op: 'unlink', path: `${made}.renamed` },
    { op: 'mkdir', path: made, mode: 0o755 },
    { op: 'rmdir', path: made },
  ];
}

/** What every contender does on a fresh tree. */
export const SEQUENCES: Readonly<Record<'reads' | 'mixed', readonly BenchCall[]>> = {
  reads: Array.from({ length: 1000 }, (_, cycle) => reads(cycle)).flat(),
  mixed: Array.from({ length: 300 }, (_, cycle) => mixed(cycle)).flat(),
};

// ---- the contenders -----------------------------------------------------------------------------------------------

type Answer = string | number | readonly string[] | null;
/** Somebody who answers calls. */
export interface Contender {
  readonly name: string;
  /** Makes the tree anew. */
  readonly fresh: () => (call: BenchCall) => Answer;
}

function simulated(machine: Machine): (call: BenchCall) => Answer {
  return (call) => {
    const result = machine.call(call);
    if (failed(result)) return result.err;
    const { ok } = result;
    if (ok === null || typeof ok !== 'object') return typeof ok === 'string' ? ok : null;
    if ('type' in ok) return ok.size ?? null;
    return Array.isArray(ok) ? ok.map(([name]) => String(name ?? '')) : null;
  };
}

/** What is used of Node's fs. */
interface NodeFs {
  lstatSync(path: Path): { isFile(): boolean; readonly size: number | bigint };
  readFileSync(path: Path): { toString(): string };
  readdirSync(path: Path): readonly unknown[];
  writeFileSync(path: Path, data: string): void;
  mkdirSync(path: Path, mode: number): unknown;
  renameSync(from: Path, to: Path): void;
  unlinkSync(path: Path): void;
  rmdirSync(path: Path): void;
}

function asked(fs: NodeFs, call: BenchCall): Answer {
  switch (call.op) {
    case 'lstat': {
      const stats = fs.lstatSync(call.path);
      return stats.isFile() ? Number(stats.size) : null;
    }
    case 'read':
      return fs.readFileSync(call.path).toString();
    case 'readdir':
      return fs.readdirSync(call.path).map(String);
    case 'write':
      fs.writeFileSync(call.path, call.data);
      return null;
    case 'mkdir':
      fs.mkdirSync(call.path, call.mode);
      return null;
    case 'rename':
      fs.renameSync(call.from, call.to);
      return null;
    case 'unlink':
      fs.unlinkSync(call.path);
      return null;
    case 'rmdir':
      fs.rmdirSync(call.path);
      return null;
  }
}

function viaNode(fs: NodeFs): (call: BenchCall) => Answer {
  return (call) => {
    try {
      return asked(fs, call);
    } catch (error) {
      if (error instanceof Error && 'code' in error) return String(error.code);
      throw error;
    }
  };
}

/** The two packages describe Node's fs in types that differ in two constants. */
const isFs = (volume: object): volume is IFS => 'readFileSync' in volume;

function union(layers: readonly Files[]): NodeFs {
  const all = new Union();
  const top = Object.fromEntries(DIRECTORIES.map((path) => [path, null]));
  // The last one is asked first.
  for (const files of [top, ...layers].reverse()) {
    const volume = createFsFromVolume(Volume.fromJSON({ ...files }));
    if (!isFs(volume)) throw new Error('memfs is no longer a file system for unionfs');
    all.use(volume);
  }
  return all;
}

const LOWERS = [1, 4, 16];
const merged = visible(1)[0] ?? {};
const plain = plainFs(directory({ mnt: EMPTY, plain: fromDirectoryJSON(merged) }), 'tmpfs');

/** The simulator and the others, in the order in which they take turns. */
export const CONTENDERS: readonly Contender[] = [
  { name: 'memfs, no layers', fresh: () => viaNode(createFsFromVolume(Volume.fromJSON({ ...merged }))) },
  { name: 'overlaycheck, no layers', fresh: () => simulated(new Machine(plain, { plain: '/plain' })) },
  ...LOWERS.flatMap((count): readonly Contender[] => {
    const lowers = Array.from({ length: count }, (_, index): Path => `/lower${index}`);
    const setup = { upper: '/upper', work: '/work', lowers, options: '' } as const;
    const disk = diskOf(count);
    const layers = `${count} lower${count === 1 ? '' : 's'}`;
    return [
      { name: `overlaycheck, ${layers}`, fresh: () => simulated(new Machine(disk, setup)) },
      { name: `unionfs over memfs, ${layers}`, fresh: () => viaNode(union(visible(count))) },
    ];
  }),
];

// ---- measuring ----------------------------------------------------------------------------------------------------

const ROUNDS = 7;

/** One line of the benchmark. The memory is the most that the whole process has had until then. */
export interface Line {
  readonly name: string;
  readonly operations: number;
  readonly seconds: number;
  readonly operationsPerSecond: number;
  readonly peakMemoryMiB: number;
}

/** What a contender answers, without a clock: the same for all. */
export const answers = ({ fresh }: Contender, calls: readonly BenchCall[]): readonly Answer[] => calls.map(fresh());

/** Seconds for a whole sequence on a fresh tree, which is made before the clock starts. */
function time({ fresh }: Contender, calls: readonly BenchCall[]): number {
  const ask = fresh();
  const begin = performance.now();
  for (const call of calls) ask(call);
  return (performance.now() - begin) / 1000;
}

/** The fastest of some rounds, in which the contenders take turns, so that a disturbance meets all of them. */
export function simulator(): readonly Line[] {
  return Object.entries(SEQUENCES).flatMap(([name, calls]) => {
    const best = new Map<Contender, number>();
    for (let round = 0; round < ROUNDS; round++)
      for (const contender of CONTENDERS)
        best.set(contender, Math.min(best.get(contender) ?? Number.POSITIVE_INFINITY, time(contender, calls)));
    return [...best].map(
      ([contender, seconds]): Line => ({
        name: `simulator, ${name}: ${contender.name}`,
        operations: calls.length,
        seconds: Math.round(seconds * 1e5) / 1e5,
        operationsPerSecond: Math.round(calls.length / seconds),
        peakMemoryMiB: Math.round(process.resourceUsage().maxRSS / 1024),
      }),
    );
  });
}
