import type { CallResult } from '../kernel/calls.ts';
import type { PlainFs } from '../kernel/types.ts';
import type { Field } from './json.ts';
import { diskOf } from './layers.ts';
import { differenceOf, type Listing, raw, recorded, same, seen, shown } from './listing.ts';
import { EMPTY, Machine, MountRefused, type Setup } from './machine.ts';
import { isRemount, type Op, opOf, type Remount } from './ops.ts';

/** Plays recordings of the kernel's overlayfs against the model: one mount, a list of calls, and the trees around them. */

/** What became of a vector. `why` is the first difference, or the reason for which it cannot be played. */
export interface Verdict {
  readonly name: string;
  readonly outcome: 'pass' | 'fail' | 'skip';
  readonly why?: string;
}

/** Whether a vector is a recording of overlayfs. */
export const isOverlayVector = (vector: Field): boolean =>
  vector.has('layers') && vector.has('ops') && vector.has('results');

/** What a vector begins with: a disk with the layers as directories, how they are mounted, and what is done. */
export interface Draft {
  readonly name: string;
  readonly disk: PlainFs;
  readonly setup: Setup;
  readonly ops: readonly Op[];
}

/** The beginning of a vector, or why the model cannot play it. Throws an InputError when it is not in the format. */
export function draftOf(vector: Field): Draft | string {
  const options = optionsOf(vector.get('options'));
  if (typeof options === 'string') return options;
  const ops = vector.get('ops').array;
  checkDescriptors(ops);
  return { name: vector.get('name').string, ...worldOf(vector, options.redirectDir), ops: ops.map(opOf) };
}

/** A descriptor is opened by an op before it is used. */
function checkDescriptors(ops: readonly Field[]): void {
  const opened = new Set<string>();
  for (const op of ops.filter((each) => each.has('fd'))) {
    const fd = op.get('fd').string;
    if (op.get('op').value === 'open') opened.add(fd);
    else if (!opened.has(fd)) throw op.get('fd').fail('a descriptor that an op before it opens');
  }
}

/** Plays one vector. Throws an InputError when it is not in the format. */
export function conformOverlay(vector: Field): Verdict {
  const name = vector.get('name').string;
  const draft = draftOf(vector);
  if (typeof draft === 'string') return { name, outcome: 'skip', why: draft };
  const expected = resultsOf(vector, draft.ops.length);
  try {
    return { name, ...new Player(draft).play(vector, expected) };
  } catch (error) {
    if (!(error instanceof MountRefused)) throw error;
    return { name, outcome: 'fail', why: error.message };
  }
}

function resultsOf(vector: Field, count: number): readonly Field[] {
  const results = vector.get('results').array;
  if (results.length !== count) throw vector.get('results').fail(`one result for each of ${count} ops`);
  for (const result of results)
    if (!result.has('ok') && !result.has('err')) throw result.fail('{"ok": …} or {"err": "ENOENT"}');
  return results;
}

/** The upper directory after so many rotations. */
export const upperName = (rotations: number): string => (rotations === 0 ? 'upper' : `upper${rotations}`);

/** The set-up of a new mount; `upper` is the name of a fresh upper directory, if it needs one. */
export function remounted(setup: Setup, { rotates, options }: Remount, upper: string): Setup {
  const next = options === null ? setup : { ...setup, ...known(options) };
  if (!rotates) return next;
  return { ...next, upper: `/${upper}`, lowers: setup.upper === null ? setup.lowers : [setup.upper, ...setup.lowers] };
}

function known(options: Field): Pick<Setup, 'redirectDir'> {
  const parsed = optionsOf(options);
  if (typeof parsed === 'string') throw options.fail(`options that are modelled: ${parsed}`);
  return parsed;
}

/** One play of a vector on the model. */
class Player {
  readonly #draft: Draft;
  readonly #machine: Machine;
  #setup: Setup;
  #rotations = 0;

  constructor(draft: Draft) {
    this.#draft = draft;
    this.#setup = draft.setup;
    this.#machine = new Machine(draft.disk, draft.setup);
  }

  /** Fails with the first difference. What follows an undefined outcome cannot be compared. */
  play(vector: Field, expected: readonly Field[]): Omit<Verdict, 'name'> {
    const before = differenceOf('initial', recorded(vector.get('initial')), seen(this.#machine));
    if (before !== null) return { outcome: 'fail', why: before };
    for (const [index, op] of this.#draft.ops.entries()) {
      const result = this.#result(op);
      const reason = this.#machine.undefined;
      if (reason !== undefined) return { outcome: 'skip', why: `ops[${index}] ${op.text} is undefined: ${reason}` };
      const wrong = resultDifference(expected[index]?.value, result);
      if (wrong !== null) return { outcome: 'fail', why: `ops[${index}] ${op.text}: ${wrong}` };
    }
    const merged = recorded(vector.get('merged'));
    const why = differenceOf('merged', merged, seen(this.#machine)) ?? this.#afterwards(vector, merged);
    return why === null ? { outcome: 'pass' } : { outcome: 'fail', why };
  }

  #result(op: Op): CallResult {
    const { calls, who } = op;
    if (!isRemount(calls)) return op.resultOf(calls.map((call) => this.#machine.call(call, who)));
    if (calls.rotates) this.#rotations++;
    const name = upperName(this.#rotations);
    this.#setup = remounted(this.#setup, calls, name);
    const { disk } = this.#machine;
    const root = { ...disk.root, entries: new Map(disk.root.entries).set(name, EMPTY) };
    this.#machine.remount(this.#setup, calls.rotates ? { ...disk, root } : disk);
    return { ok: null };
  }

  /** What is left in the upper directory, and what a new mount of it shows. */
  #afterwards(vector: Field, merged: Listing): string | null {
    const { upper } = this.#setup;
    const disk = this.#machine.disk;
    const left =
      upper === null ? null : differenceOf('upper', recorded(vector.get('upper')), raw(disk, upper.slice(1)));
    if (left !== null) return left;
    this.#machine.remount(this.#setup);
    const again = vector.has('merged_after_remount') ? recorded(vector.get('merged_after_remount')) : merged;
    return differenceOf('merged after remount', again, seen(this.#machine), ['nlink']);
  }
}

/** One line on how a result differs from the recorded one, or null. Link counts of directories are tmpfs's own. */
function resultDifference(expected: unknown, actual: CallResult): string | null {
  const want = comparable(expected);
  const got = comparable(actual);
  if (same(want, got)) return null;
  return `the model gives ${resultText(got)}, recorded ${resultText(want)}`;
}

function comparable(result: unknown): unknown {
  if (typeof result !== 'object' || result === null || !('ok' in result)) return result;
  const value = result.ok;
  if (typeof value !== 'object' || value === null || !('type' in value) || value.type !== 'dir') return result;
  return { ok: Object.fromEntries(Object.entries(value).filter(([key]) => key !== 'nlink')) };
}

function resultText(result: unknown): string {
  if (typeof result !== 'object' || result === null) return JSON.stringify(result);
  if ('err' in result) return String(result.err);
  return 'ok' in result ? shown('', result.ok) : JSON.stringify(result);
}

// --- the world of a vector

/** Features that change what is seen and that the model leaves out, with the values that switch them off. */
const LEFT_OUT: Readonly<Record<string, readonly string[]>> = {
  index: ['off'],
  metacopy: ['off'],
  nfs_export: ['off'],
  verity: ['off'],
};
/** Options that change nothing that a vector records. */
const WITHOUT_EFFECT = [
  'xino',
  'uuid',
  'fsync',
  'volatile',
  'override_creds',
  'nooverride_creds',
  'default_permissions',
];

/** The options a vector was mounted with, or why the model cannot play it. */
export function optionsOf(field: Field): { readonly redirectDir: Setup['redirectDir'] } | string {
  let redirectDir: Setup['redirectDir'] = 'off';
  for (const option of field.string.split(',').filter((part) => part !== '')) {
    const [key = '', value = ''] = option.split('=');
    if (key === 'redirect_dir') {
      const known = (['on', 'off', 'follow', 'nofollow'] as const).find((mode) => mode === value);
      if (known === undefined) throw field.fail('redirect_dir=on, off, follow or nofollow');
      redirectDir = known;
    } else if (!WITHOUT_EFFECT.includes(key) && LEFT_OUT[key]?.includes(value) !== true) {
      return `${option} is not modelled`;
    }
  }
  return { redirectDir };
}

function worldOf(vector: Field, redirectDir: Setup['redirectDir']) {
  const layers = vector.get('layers');
  const upper = layers.get('upper');
  const lowers = layers.get('lowers').array;
  const lists = new Map<string, readonly Field[]>([
    ['mnt', []],
    ['work', []],
  ]);
  if (upper.value !== null) lists.set('upper', upper.array);
  for (const [index, lower] of lowers.entries()) lists.set(`l${index}`, lower.array);
  const setup: Setup = {
    upper: upper.value === null ? null : '/upper',
    work: '/work',
    lowers: lowers.map((_, index) => `/l${index}`),
    redirectDir,
  };
  return { disk: diskOf(lists), setup };
}
