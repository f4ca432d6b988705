import type { Field } from '../conform/json.ts';
import { mountCall, type Setup } from '../conform/machine.ts';
import { isRemount, type Op } from '../conform/ops.ts';
import { draftOf, remounted, upperName } from '../conform/overlay.ts';
import type { Call, CallResult } from '../kernel/calls.ts';
import type { Kernel } from './kernel.ts';
import { type Caller, command, line, treeLines } from './lines.ts';

/** Plays the beginning of an overlay vector on the kernel and completes it with what the kernel did. */

/** A vector as JSON. */
export type Vector = Readonly<Record<string, unknown>>;

/** The lines of a batch, and where in its answers to look for what. */
class Script {
  readonly lines: string[] = [];
  setup: Setup;
  #rotations = 0;

  constructor(setup: Setup) {
    this.setup = setup;
  }

  /** The index of the answer. */
  add(text: string): number {
    return this.lines.push(text) - 1;
  }

  /** Mounts the layers and lets the caller in. */
  mount(): number {
    return this.add(line('world', mountCall(this.setup)));
  }

  enter(): void {
    this.add(command(by(0), 'enter', '/mnt'));
  }

  list(path: string, raw: 0 | 1): number {
    return this.add(command('world', 'list', path, raw));
  }

  /** The caller ends, so that nothing is in use any more. */
  unmount(): void {
    this.add(command('world', 'end-task', CALLER));
    this.add(line('world', { op: 'umount', path: '/mnt' }));
  }

  /** The indices of the answers that make up the result. */
  op({ calls, who }: Op): readonly number[] {
    if (!isRemount(calls)) return calls.map((call: Call) => this.add(line(by(who), call)));
    this.unmount();
    if (calls.rotates) this.#rotations++;
    const name = upperName(this.#rotations);
    this.setup = remounted(this.setup, calls, name);
    if (calls.rotates) this.add(command('world', 'make', 'dir', `/${name}`, 0o755, 0, 0, 0));
    const mounted = this.mount();
    this.enter();
    return [mounted];
  }
}

const CALLER = 'caller';
const by = (who: number): Caller => ({ task: CALLER, uid: who, gid: who });

/** What a mount of these layers shows, what the ops give, and what is left, as a complete vector. */
export async function record(kernel: Kernel, vector: Field): Promise<Vector> {
  const draft = draftOf(vector);
  if (typeof draft === 'string') throw vector.fail(`a vector that the model can play: ${draft}`);
  const script = new Script(draft.setup);
  for (const text of treeLines(draft.disk, '')) script.add(text);
  const mounted = script.mount();
  const initial = script.list('/mnt', 0);
  script.enter();
  const results = draft.ops.map((op) => script.op(op));
  const merged = script.list('/mnt', 0);
  script.unmount();
  const upper = script.setup.upper === null ? null : script.list(script.setup.upper, 1);
  script.mount();
  const again = script.list('/mnt', 0);
  const answers = await kernel.run(script.lines);
  const answer = (index: number): CallResult => {
    const found = answers[index];
    if (found === undefined) throw new Error(`the kernel gave no answer to "${script.lines[index]}"`);
    return found;
  };
  const refused = answer(mounted);
  if ('err' in refused) throw vector.fail(`layers that the kernel mounts, not ${refused.err}`);
  return {
    ...asObject(vector),
    initial: value(answer(initial)),
    results: draft.ops.map((op, index) => op.resultOf((results[index] ?? []).map(answer))),
    merged: value(answer(merged)),
    upper: upper === null ? null : value(answer(upper)),
    ...difference(value(answer(merged)), value(answer(again))),
  };
}

const value = (result: CallResult): unknown => ('ok' in result ? result.ok : `(${result.err})`);

/** The tree of a new mount where it differs, link counts aside. */
function difference(merged: unknown, again: unknown): Vector {
  const text = (listing: unknown): string =>
    JSON.stringify(listing, (key: string, field: unknown) => (key === 'nlink' ? undefined : field));
  return text(merged) === text(again) ? {} : { merged_after_remount: again };
}

export function asObject(vector: Field): Vector {
  return Object.fromEntries(vector.keys.map((key) => [key, vector.get(key).value]));
}
