import type { Call, CallResult } from '../kernel/calls.ts';
import { shrink } from '../kernel/marks.ts';
import { createOverlay, type LayerDentry } from '../kernel/overlaymount.ts';
import { overlayRequest } from '../kernel/overlayoptions.ts';
import { step } from '../kernel/step.ts';
import { type FsId, failed, type Outcome, type Path, type PlainFs } from '../kernel/types.ts';
import { Draft, task as taskOf, World } from '../kernel/world.ts';
import type { Field } from './json.ts';
import { diskOf } from './layers.ts';
import { differenceOf, raw, recorded, same, seen } from './listing.ts';
import {
  CALLER,
  DISK,
  diskAfter,
  Machine,
  MountRefused,
  mountCall,
  NS,
  PLAIN_MOUNT,
  type Setup,
  TASK,
} from './machine.ts';
import { callOf, flagsOf } from './ops.ts';
import { comparable, notPlayed, resultText, type Verdict } from './overlay.ts';

/**
 * Plays recordings of edits behind a live overlay: one process that sees the layers and the mounts of them, all on one
 * disk. A call may have several outcomes in the model; all states that agree with the recording so far are followed, and
 * where the model does not say that the outcome is undefined, it has one.
 */

/** Whether a vector is such a recording. */
export const isLiveVector = (vector: Field): boolean => vector.has('layers') && vector.has('mounts');

interface Mounted extends Setup {
  readonly at: Path;
}

/** Plays one vector. Throws an InputError when it is not in the format. */
export function conformLive(vector: Field): Verdict {
  const name = vector.get('name').string;
  const mounts: Mounted[] = [];
  for (const mount of vector.get('mounts').array) {
    const setup: Setup = {
      lowers: mount.get('lowers').array.map((lower) => lower.path),
      upper: mount.optional<Path | null>('upper', (field) => field.path, null),
      work: mount.optional('work', (field) => field.path, ''),
      options: mount.get('options').string,
    };
    const why = notPlayed(mount.get('options'), setup);
    if (why !== null) return { name, outcome: 'skip', why };
    mounts.push({ at: mount.get('at').path, ...setup });
  }
  try {
    const why = play(vector, mounts);
    return why === null ? { name, outcome: 'pass' } : { name, outcome: 'fail', why };
  } catch (error) {
    if (!(error instanceof MountRefused)) throw error;
    return { name, outcome: 'fail', why: error.message };
  }
}

/** The worlds that agree with the recording up to here. */
type Worlds = readonly World[];
type Answer = Pick<Outcome<CallResult>, 'result' | 'writes' | 'undefined'>;
type Step = (world: World) => readonly Answer[];

function play(vector: Field, mounts: readonly Mounted[]): string | null {
  const [first] = mounts;
  if (first === undefined) throw vector.get('mounts').fail('at least one mount');
  let worlds: Worlds = [mounted(diskOf(layersOf(vector, mounts)), mounts)];
  const results = vector.get('results').array;
  for (const [index, op] of vector.get('ops').array.entries()) {
    const expected = results[index]?.value;
    const next = after(worlds, stepOf(op, mounts), expected, op.get('op').string.endsWith('readdir'));
    if (typeof next === 'string') return `ops[${index}] ${JSON.stringify(op.value)}: ${next}`;
    worlds = next;
  }
  const differences = worlds.map((world) => difference(world, first, vector));
  return differences.includes(null) ? null : (differences[0] ?? 'no world is left');
}

/** The worlds after a step that gave the recorded result, or what the model says instead. */
function after(worlds: Worlds, run: Step, expected: unknown, isListing: boolean): Worlds | string {
  const answers = worlds.flatMap((world) => run(world).map((answer) => ({ world, answer })));
  // The recorder read with readdir(3), which takes the ENOENT of a removed directory for the end of an empty one.
  const isEnd = (result: CallResult): boolean =>
    isListing && 'err' in result && result.err === 'ENOENT' && same(expected, { ok: [] });
  const fits = answers.filter(
    ({ answer: { result } }) => isEnd(result) || same(comparable(result), comparable(expected)),
  );
  if (fits.length > 0) return fits.map(({ world, answer }) => world.with(answer.writes));
  const given = answers.map(({ answer }) => {
    const text = resultText(comparable(answer.result));
    return answer.undefined === undefined ? text : `${text} (undefined)`;
  });
  return `the model gives ${[...new Set(given)].join(' or ')}, recorded ${resultText(comparable(expected))}`;
}

/** What is left in upper, and what a new mount shows. Without an upper, that is nothing but what the edits made. */
function difference(world: World, setup: Mounted, vector: Field): string | null {
  const { upper } = setup;
  if (upper === null) return null;
  const disk = diskAfter(world);
  const left = differenceOf('upper', recorded(vector.get('upper')), raw(disk, upper.slice(1)));
  if (left !== null) return left;
  const machine = new Machine(disk, setup);
  return differenceOf('merged', recorded(vector.get('merged')), seen(machine), ['nlink', 'xattrs']);
}

// --- calls

function stepOf(op: Field, mounts: readonly Mounted[]): Step {
  const kind = op.get('op').string;
  if (kind === 'shrink') {
    const index = mounts.findIndex(({ at }) => at === op.get('path').path);
    if (index < 0) throw op.get('path').fail(`one of ${mounts.map(({ at }) => at).join(', ')}`);
    return (world) => [pressure(world, instance(index))];
  }
  const who = op.optional('as', (field) => field.integer, 0);
  const call: Call =
    kind === 'open'
      ? { op: 'open', path: op.get('path').path, flags: flagsOf(op.get('flags')), fd: op.get('fd').string }
      : callOf(op, ['shrink']);
  return (world) => {
    const task = { ...taskOf(world, CALLER), uid: who, gid: who };
    return step(world.with([[`task:${CALLER}`, task]]), CALLER, call);
  };
}

/** Unused dentries of an overlay are dropped: the recorder asks for it by a remount(2) that changes nothing. */
function pressure(world: World, id: FsId): Answer {
  const draft = new Draft(world, true);
  shrink(draft, id);
  return { result: { ok: null }, writes: draft.writes };
}

// --- the world

const instance = (index: number): FsId => `${CALLER}.${index}`;

/** The directories of the disk: layers with what is in them, work directories and mount points. */
function layersOf(vector: Field, mounts: readonly Mounted[]): ReadonlyMap<string, readonly Field[]> {
  const layers = vector.get('layers');
  const empty = mounts.flatMap(({ at, work }) => [at, work]).filter((path) => path !== '');
  return new Map([
    ...layers.keys.map((name) => [name, layers.get(name).array] as const),
    ...empty.map((path) => [path.slice(1), []] as const),
  ]);
}

function mounted(disk: PlainFs, mounts: readonly Mounted[]): World {
  const slots = { fs: [DISK, ...mounts.map((_, index) => instance(index))], ns: [NS], tasks: [CALLER] };
  const base = { kind: 'ns', root: 'root', mounts: new Map([['root', PLAIN_MOUNT]]) } as const;
  const bare = new World(slots, new Map()).with([
    [`fs:${DISK}`, disk],
    [`ns:${NS}`, base],
    [`task:${CALLER}`, TASK],
  ]);
  const draft = new Draft(bare);
  const table = new Map(base.mounts);
  for (const setup of mounts) {
    const { at, lowers, upper, work } = setup;
    const { redirectDir } = overlayRequest(mountCall(setup)).config;
    const layer = (path: Path, name: string): LayerDentry => ({ ns: NS, mount: 'root', fs: DISK, path, name });
    const made = createOverlay(draft, CALLER, {
      source: 'overlay',
      lowers: lowers.map((path, index) => layer(path, `lower${index}`)),
      ...(upper === null ? {} : { upper: layer(upper, 'upper'), work: layer(work, 'work') }),
      options: { redirectDir },
      readonly: false,
    });
    if (failed(made)) throw new MountRefused(made.err);
    table.set(at, { ...PLAIN_MOUNT, fs: made.ok, parent: 'root', at });
    draft.set(`ns:${NS}`, { ...base, mounts: new Map(table) });
  }
  return bare.with(draft.writes);
}
