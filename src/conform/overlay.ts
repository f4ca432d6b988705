import type { CallResult } from '../kernel/calls.ts';
import { notModelled, overlayRequest } from '../kernel/overlayoptions.ts';
import type { Path, PlainFs } from '../kernel/types.ts';
import type { Field } from './json.ts';
import { diskOf } from './layers.ts';
import { differenceOf, type Listing, raw, recorded, same, seen, shown } from './listing.ts';
import { EMPTY, Machine, MountRefused, mountCall, type Setup } from './machine.ts';
import { isRemount, type Op, opOf, type Remount } from './ops.ts';

/** Plays recordings of the kernel's overlayfs against the model: one mount, a list of calls, and the trees around them. */

/** What became of a vector. `why` is the first difference, or the reason for which it cannot be played. */
export interface Verdict {
  readonly name: string;
  readonly outcome: 'pass' | 'fail' | 'skip';
  readonly why?: string;
  /** Of one that passes: what of it was not compared. */
  readonly note?: string;
}

/** Whether a vector is a recording of overlayfs. */
export const isOverlayVector = (vector: Field): boolean =>
  vector.has('layers') && vector.has('ops') && vector.has('results');

/** What a vector begins with: a disk with the layers as directories, how they are mounted, and what is done. */
export interface Draft {
  readonly disk: PlainFs;
  readonly setup: Setup;
  readonly ops: readonly Op[];
}

/** The beginning of a vector, or why the model cannot play it. Throws an InputError when it is not in the format. */
export function draftOf(vector: Field): Draft | string {
  const { disk, setup } = worldOf(vector);
  const why = notPlayed(vector.get('options'), setup);
  if (why !== null) return why;
  const ops = vector.get('ops').array;
  checkDescriptors(ops);
  return { disk, setup, ops: ops.map(opOf) };
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
export function remounted(setup: Setup, { rotates, lowers, options }: Remount, upper: string): Setup {
  const left = lowers === null ? setup : { ...setup, lowers: lowers.map((number) => lowerOf(setup, number)) };
  const next = options === null ? left : { ...left, options: options.string };
  const why = options === null ? null : notPlayed(options, next);
  if (options !== null && why !== null) throw options.fail(`options that are modelled: ${why}`);
  if (!rotates) return next;
  return { ...next, upper: `/${upper}`, lowers: next.upper === null ? next.lowers : [next.upper, ...next.lowers] };
}

function lowerOf({ lowers }: Setup, number: Field): Path {
  const lower = lowers[number.integer];
  if (lower === undefined) throw number.fail('the number of a lower layer, 0 for the topmost');
  return lower;
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
    const before = this.#listing('initial', recorded(vector.get('initial')));
    if (before !== null) return before;
    this.#machine.lookThrough();
    for (const [index, op] of this.#draft.ops.entries()) {
      const result = this.#result(op);
      const what = `ops[${index}] ${op.text}`;
      const wrong = resultDifference(expected[index]?.value, result);
      const verdict = this.#verdict(what, wrong === null ? null : `${what}: ${wrong}`);
      if (verdict !== null) return verdict;
    }
    const merged = recorded(vector.get('merged'));
    return this.#listing('merged', merged) ?? this.#afterwards(vector, merged) ?? { outcome: 'pass' };
  }

  /** A skip where the model cannot tell, a failure where there is a difference, else null. */
  #verdict(what: string, difference: string | null): Omit<Verdict, 'name'> | null {
    const reason = this.#machine.undefined;
    if (reason !== undefined) return { outcome: 'skip', why: `${what} is undefined: ${reason}` };
    return difference === null ? null : { outcome: 'fail', why: difference };
  }

  #listing(what: string, expected: Listing, without: readonly string[] = []): Omit<Verdict, 'name'> | null {
    const difference = differenceOf(what, expected, seen(this.#machine), without);
    return this.#verdict(`the listing "${what}"`, difference);
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
  #afterwards(vector: Field, merged: Listing): Omit<Verdict, 'name'> | null {
    const { upper } = this.#setup;
    const disk = this.#machine.disk;
    const left =
      upper === null ? null : differenceOf('upper', recorded(vector.get('upper')), raw(disk, upper.slice(1)));
    if (left !== null) return { outcome: 'fail', why: left };
    this.#machine.remount(this.#setup);
    const again = vector.has('merged_after_remount') ? recorded(vector.get('merged_after_remount')) : merged;
    return this.#listing('merged after remount', again, ['nlink']);
  }
}

/** One line on how a result differs from the recorded one, or null. Link counts of directories are tmpfs's own. */
function resultDifference(expected: unknown, actual: CallResult): string | null {
  const want = comparable(expected);
  const got = comparable(actual);
  if (same(want, got)) return null;
  return `the model gives ${resultText(got)}, recorded ${resultText(want)}`;
}

/** A result as it is compared: link counts of directories are the recorder's file system's own. */
export function comparable(result: unknown): unknown {
  if (typeof result !== 'object' || result === null || !('ok' in result)) return result;
  const value = result.ok;
  if (typeof value !== 'object' || value === null || !('type' in value) || value.type !== 'dir') return result;
  return { ok: Object.fromEntries(Object.entries(value).filter(([key]) => key !== 'nlink')) };
}

export function resultText(result: unknown): string {
  if (typeof result !== 'object' || result === null) return JSON.stringify(result);
  if ('err' in result) return String(result.err);
  return 'ok' in result ? shown('', result.ok) : JSON.stringify(result);
}

// --- the world of a vector

/** Why the model cannot play what was recorded with such options, or null. Options that overlayfs refuses were never recorded. */
export function notPlayed(options: Field, setup: Setup): string | null {
  // Layers are a matter of their own in a recording.
  const { named } = overlayRequest({ ...mountCall(setup), data: options.string });
  if (named.length > 0) return `${options.string} is not modelled`;
  const request = overlayRequest(mountCall(setup));
  if (request.refused !== null) throw options.fail(request.refused);
  if (request.config.userxattr) return 'userxattr: a recording tells trusted.overlay.* from other attributes only';
  return notModelled(request) ?? null;
}

function worldOf(vector: Field): { readonly disk: PlainFs; readonly setup: Setup } {
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
    options: vector.get('options').string,
  };
  return { disk: diskOf(lists), setup };
}
