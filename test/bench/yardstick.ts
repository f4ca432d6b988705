/**
 * The yardstick for the search: six files of three versions, a refresher that replaces all of them (prepare, unmount, mount), an
 * updater that bumps versions, a writer whose writes are lost while nothing is mounted, and readers. The same model in
 * Promela has, with Spin, 396,446 states for one reader and 3,775,998 for two.
 */
import { type Compiled, compile, type Machine, type Process, type Step } from '../../src/program/model.ts';
import { type Program as AnyProgram, become } from '../../src/program/program.ts';

const FILES = 6;
const BUMPS = 12;
const NONE: readonly number[] = Array<number>(FILES).fill(0);

export type YardCall =
  | { readonly op: 'prepare' | 'unmount' | 'mount' | 'choose file' | 'choose file to write' | 'forget' }
  | { readonly op: 'bump' | 'write' | 'look'; readonly file: number };
export type YardResult = number | 'ENOENT' | null;
type Program = AnyProgram<YardCall, YardResult>;

/** Versions per file, or a flag. */
export type YardValue = readonly number[] | boolean;
export interface Yard {
  versions(slot: 'image' | 'current' | 'staged' | 'upper'): readonly number[];
  flag(slot: 'mounted' | 'lost'): boolean;
}
export type YardStep = Step<YardCall, YardResult, never>;

function* refresher(): Program {
  yield { call: { op: 'prepare' } };
  yield { call: { op: 'unmount' } };
  yield { call: { op: 'mount' } };
  return become(refresher);
}
function* updater(bumps: number): Program {
  if (bumps === BUMPS) return;
  yield { call: { op: 'bump', file: bumps % FILES } };
  return become(updater, bumps + 1);
}
function* writer(): Program {
  const file = yield { call: { op: 'choose file to write' } };
  yield { call: { op: 'write', file: Number(file) } };
  return become(writer);
}
function* reader(): Program {
  const file = yield { call: { op: 'choose file' } };
  yield { call: { op: 'look', file: Number(file) } };
  yield { call: { op: 'forget' } };
  return become(reader);
}

/** What a call gives, and what it writes. */
type Effect = readonly [result: YardResult, ...writes: (readonly [string, YardValue])[]];

const bump = (versions: readonly number[], file: number): readonly number[] =>
  versions.map((version, i) => (i === file ? version + 1 : version));

function effects(yard: Yard, call: YardCall): readonly Effect[] {
  switch (call.op) {
    case 'prepare':
      return [[null, ['staged', yard.versions('image')]]];
    case 'unmount':
      return [[null, ['mounted', false]]];
    case 'mount':
      return [[null, ['current', yard.versions('staged')], ['staged', NONE], ['mounted', true]]];
    case 'bump':
      return [[null, ['image', bump(yard.versions('image'), call.file)]]];
    case 'choose file':
      return [[0], [1]];
    case 'choose file to write':
      return [0, 1].filter((file) => (yard.versions('upper')[file] ?? 0) < 2).map((file): Effect => [file]);
    case 'write':
      if (!yard.flag('mounted')) return [[null, ['lost', true]]];
      return [[null, ['upper', bump(yard.versions('upper'), call.file)]]];
    case 'look':
      if (!yard.flag('mounted')) return [['ENOENT']];
      return [[yard.versions('upper')[call.file] || (yard.versions('current')[call.file] ?? 0)]];
    case 'forget':
      return [[null]];
  }
}

const MACHINE: Machine<Yard, YardValue, YardCall, YardResult, never> = {
  slots: new Map<string, YardValue>([
    ['image', NONE],
    ['current', NONE],
    ['staged', NONE],
    ['upper', NONE],
    ['mounted', true],
    ['lost', false],
  ]),
  world: (get) => ({
    versions: (slot) => {
      const value = get(slot);
      return typeof value === 'boolean' ? NONE : value;
    },
    flag: (slot) => get(slot) === true,
  }),
  step: (yard, _process, call) => effects(yard, call).map(([result, ...writes]) => ({ writes, result, changes: [] })),
  ended: () => [],
  killed: { call: { op: 'forget' }, result: null },
};

/** The model with so many readers. */
export function yardstick(readers: number): Compiled<Yard, YardStep> {
  const looking = Array.from({ length: readers }, (_, i): Process<YardCall, YardResult> => {
    return { name: `reader ${i + 1}`, program: become(reader) };
  });
  return compile({
    machine: MACHINE,
    processes: [
      { name: 'refresher', program: become(refresher) },
      { name: 'updater', program: become(updater, 0) },
      { name: 'writer', program: become(writer) },
      ...looking,
    ],
  });
}
