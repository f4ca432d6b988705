import { release } from 'node:os';
import { Field } from '../conform/json.ts';
import type { CallResult } from '../kernel/calls.ts';
import type { Kernel } from './kernel.ts';
import { asObject } from './record.ts';
import { featuresOf, type Told } from './systemdfeatures.ts';
import { changes, lookLines, mountsIn, observed } from './systemdobserved.ts';
import { isVerb, type Json, opLine, type Tool, toolOf } from './systemdops.ts';
import { resultOf, runOf } from './systemdresult.ts';
import type { SystemdRoot } from './systemdroots.ts';
import { layerLines, Taint, touchLines } from './systemdtaint.ts';

/** Plays a draft on a real systemd in a machine of its own and completes it with what it did. */

/** The lines of a batch; what is added gives the indices of its answers. */
class Batch {
  readonly lines: string[] = [];

  add(lines: readonly string[]): readonly number[] {
    return lines.map((line) => this.lines.push(line) - 1);
  }
}

/** What the machine answered to the lines of a batch. */
class Answers {
  readonly #lines: readonly string[];
  readonly #answers: readonly CallResult[];

  constructor(lines: readonly string[], answers: readonly CallResult[]) {
    this.#lines = lines;
    this.#answers = answers;
  }

  at(index: number | undefined): CallResult {
    const answer = this.#answers[index ?? -1];
    if (answer === undefined) throw new Error(`the machine gave no answer to "${this.#lines[index ?? -1]}"`);
    return answer;
  }

  /** The values of answers that cannot be errors. */
  values(indices: readonly number[]): readonly Field[] {
    return indices.map((index) => {
      const answer = this.at(index);
      if ('err' in answer) throw new Error(`"${this.#lines[index]}" is ${answer.err} in the machine`);
      return new Field(answer.ok, 'the machine', 1);
    });
  }
}

/** Where the answers of a step are: what it touches, its result, and the looks afterwards. */
interface Places {
  readonly op: Field;
  readonly touched: readonly number[];
  readonly result: readonly number[];
  readonly looks: readonly number[];
  readonly layers: readonly number[];
}

/**
 * The complete vector for a draft: `kind`, `hierarchies`, `watch`, `setup` and `steps`, each step an object with `do`. Everything
 * else of the draft stays as it is. Throws if an op of the setup fails.
 */
export async function recordSystemd(kernel: Kernel, root: SystemdRoot, draft: Field): Promise<Json> {
  const tool = toolOf(draft);
  const watch = draft.optional('watch', (field) => field.array.map(({ path }) => path), []);
  const setup = draft.get('setup').array;
  const batch = new Batch();
  const prepared = batch.add(setup.map((op) => opLine(tool, op)));
  const first = batch.add(lookLines(tool, watch));
  const places = draft.get('steps').array.map((step): Places => {
    const op = step.get('do');
    const touched = batch.add(isVerb(op) ? [] : touchLines(op));
    const result = batch.add([opLine(tool, op)]);
    return { op, touched, result, looks: batch.add(lookLines(tool, watch)), layers: batch.add(layerLines(tool)) };
  });
  const answers = new Answers(batch.lines, await kernel.run(batch.lines, root.path));
  answers.values(prepared);
  const initial = observed(tool, answers.values(first), false);
  const steps = stepsOf(tool, places, answers);
  const features = featuresOf(tool, setup.map(asObject), initial, steps);
  return {
    ...headOf(draft, root),
    ...(features.length > 0 ? { features } : {}),
    setup: draft.get('setup').value,
    initial: changes(null, initial),
    steps: steps.map(({ op, result, stderr, after }, index) => ({
      do: op,
      result,
      ...(stderr === '' ? {} : { stderr }),
      after: changes(steps[index - 1]?.after ?? initial, after),
    })),
  };
}

function stepsOf(
  tool: Tool,
  places: readonly Places[],
  answers: Answers,
): readonly (Told & { readonly stderr: string })[] {
  const taint = new Taint(tool);
  return places.map(({ op, touched, result: [at], looks, layers }) => {
    const { result, stderr } = outcomeOf(op, answers.at(at));
    if (!isVerb(op) && hasChanged(op, result)) taint.edit(answers.values(touched));
    const tainted = taint.step(mountsIn(answers.values(looks)), result, answers.values(layers));
    return { op: asObject(op), result, stderr, after: observed(tool, answers.values(looks), tainted) };
  });
}

/** What the draft says about itself, and what played it. */
function headOf(draft: Field, root: SystemdRoot): Json {
  const { name, kind, hierarchies, setup, initial, steps, features, ...more } = asObject(draft);
  const kernel = /^\d+\.\d+/.exec(release())?.[0];
  return { name, ...more, systemd: root.version, kernel, kind, hierarchies };
}

/** The result of an op, and what the tool wrote for people. */
function outcomeOf(op: Field, answer: CallResult): { readonly result: unknown; readonly stderr: string } {
  if (!isVerb(op)) return { result: 'err' in answer ? answer.err : 'ok', stderr: '' };
  if ('err' in answer) throw new Error(`the tool could not be run: ${answer.err}`);
  const run = runOf(new Field(answer.ok, 'the tool', 1));
  return { result: resultOf(op.get('verb').string, run), stderr: run.stderr };
}

/** Whether an op changed something: those of several calls may have done a part. */
const hasChanged = (op: Field, result: unknown): boolean =>
  result === 'ok' || op.get('op').string === 'rmtree' || (op.get('op').string === 'install' && result !== 'EEXIST');
