/** One draft on the kernel and on the model, and what was seen while drafts were compared. */
import { Field } from '../../src/conform/json.ts';
import { conformOverlay, type Verdict } from '../../src/conform/overlay.ts';
import type { Kernel } from '../../src/live/kernel.ts';
import { record, type Vector } from '../../src/live/record.ts';

/** How often each op gave each result: "rename EXDEV" -> 12. */
export class Counts {
  readonly #counts = new Map<string, number>();
  /** Drafts that the model says nothing about from some op on. */
  undefined = 0;

  add(vector: Vector): void {
    for (const pair of pairsOf(new Field(vector, 'counted', 1)))
      this.#counts.set(pair, (this.#counts.get(pair) ?? 0) + 1);
  }

  has(pair: string): boolean {
    return this.#counts.has(pair);
  }

  /** A line per op: "rename: ok 341, EXDEV 33". */
  toString(): string {
    const rows = new Map<string, string[]>();
    for (const [pair, count] of [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const [op = '', result = ''] = pair.split(' ');
      rows.set(op, [...(rows.get(op) ?? []), `${result} ${count}`]);
    }
    const lines = [...rows].map(([op, results]) => `${op}: ${results.join(', ')}`);
    return [...lines, `${this.undefined} sequences came to something undefined`].join('\n');
  }
}

/** "rename EXDEV" for each op of a complete vector. */
export function pairsOf(vector: Field): readonly string[] {
  const results = vector.get('results').array;
  return vector.get('ops').array.map((op, index) => {
    const result = results[index];
    const error = result?.has('err') === true ? result.get('err').string : 'ok';
    return `${op.get('op').string} ${error}`;
  });
}

/** A difference between the kernel and the model, with the vector that shows it. */
export class Difference extends Error {
  override name = 'Difference';

  constructor(why: string, vector: Vector) {
    super(`${why}\nas a vector: ${JSON.stringify(vector)}`);
  }
}

/** Plays a draft on both; throws a {@link Difference} where they differ. */
export async function compare(kernel: Kernel, draft: Vector, counts: Counts): Promise<void> {
  const vector = await record(kernel, new Field(draft, 'draft', 1));
  counts.add(vector);
  const { outcome, why } = judged(() => conformOverlay(new Field(vector, 'recorded', 1)));
  if (outcome === 'skip') counts.undefined++;
  if (outcome === 'fail') throw new Difference(why ?? outcome, vector);
}

/** What the model says to a vector; that it breaks is a difference as well. */
export function judged(judge: () => Verdict): Omit<Verdict, 'name'> {
  try {
    return judge();
  } catch (error) {
    return { outcome: 'fail', why: `the model broke: ${error instanceof Error ? error.message : error}` };
  }
}
