/** One draft on a real systemd and on the model, and what was seen while drafts were compared. */
import { Field } from '../../src/conform/json.ts';
import { conformSystemd } from '../../src/conform/systemd.ts';
import type { Kernel } from '../../src/live/kernel.ts';
import { recordSystemd } from '../../src/live/systemd.ts';
import type { Json } from '../../src/live/systemdops.ts';
import type { SystemdRoot } from '../../src/live/systemdroots.ts';
import { Difference, judged } from './differ.ts';
import { asked } from './systemdsequences.ts';

/** What a step of a complete vector says: the tool and verb, the mode that was asked for, and what came of it. */
interface VerbStep {
  readonly tool: string;
  readonly verb: string;
  readonly mode: string;
  readonly class: string;
}

function verbSteps(vector: Field): readonly VerbStep[] {
  return vector.get('steps').array.flatMap((step) => {
    const op = step.get('do');
    if (!op.has('verb')) return [];
    const args = op.optional('args', (field) => field.array.map(({ string }) => string), []);
    const [told] = args.flatMap((arg) => /^--mutable=(.*)$/.exec(arg)?.[1] ?? []);
    const env = op.optional('env', (field) => field.keys.map((key) => field.get(key).string), []);
    const mode = told ?? (env[0] === undefined ? '-' : `$${env[0]}`);
    const result = step.get('result').get('class').string;
    return [{ tool: op.get('op').string, verb: op.get('verb').string, mode, class: result }];
  });
}

/** How often each verb in each mode came to each class, and what else was seen. */
export class VerbCounts {
  readonly #classes = new Map<string, Map<string, number>>();
  readonly #pairs = new Set<string>();
  readonly #features = new Map<string, number>();
  /** Sequences of which only the beginning could be compared. */
  partly = 0;

  add(vector: Field): void {
    for (const { tool, verb, mode, class: result } of verbSteps(vector)) {
      this.#pairs.add(`${verb} ${result}`);
      const row = `${tool} ${verb} ${mode}`;
      const counts = this.#classes.get(row) ?? new Map<string, number>();
      this.#classes.set(row, counts.set(result, (counts.get(result) ?? 0) + 1));
    }
    for (const { string } of vector.optional('features', ({ array }) => array, []))
      this.#features.set(string, (this.#features.get(string) ?? 0) + 1);
  }

  /** Whether a pair such as "merge error:ELOOP" was there. */
  has(pair: string): boolean {
    return this.#pairs.has(pair);
  }

  /** A line per tool, verb and mode: "confext merge yes: already-merged 4, merged 99". */
  toString(): string {
    const text = (counts: ReadonlyMap<string, number>): string =>
      [...counts]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, count]) => `${key} ${count}`)
        .join(', ');
    const rows = [...this.#classes]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([row, counts]) => `${row}: ${text(counts)}`);
    return [...rows, `sequences with ${text(this.#features)}`, `${this.partly} sequences were compared in part`].join(
      '\n',
    );
  }
}

/** Plays a draft on both; throws a {@link Difference} where they differ. */
export async function compareSystemd(
  kernel: Kernel,
  root: SystemdRoot,
  draft: Json,
  counts: VerbCounts,
): Promise<void> {
  const named = { name: 'found', ...asked(draft, root.version) };
  const vector = await recordSystemd(kernel, root, new Field(named, 'draft', 1));
  const field = new Field(vector, 'recorded', 1);
  counts.add(field);
  const { outcome, why, note } = judged(() => conformSystemd(field));
  if (outcome === 'skip' || note !== undefined) counts.partly++;
  if (outcome === 'fail') throw new Difference(why ?? outcome, vector);
}
