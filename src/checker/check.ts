/** Searches a model and judges its properties. This is the checker's front door. */
import { Assessor, type Lasting } from './damage.ts';
import { Graph, runTo, stepOf } from './graph.ts';
import { type Found, Judge } from './judge.ts';
import type { Damage, Model, Options, PropertyReport, Read, Report, SubjectReport, Trace, Verdict } from './model.ts';
import type { Always, Property, Sometimes } from './property.ts';
import { type Extent, Search } from './search.ts';
import { Space } from './space.ts';

/**
 * Explores every state of the model, or as many as the bounds allow, and gives a verdict for each property: violated (with
 * a trace that rests on no undefined behaviour), else undefined, else incomplete, else vacuous, else holds. Throws if the
 * model or the properties contradict themselves.
 */
export function check<V, L>(
  model: Model<V, L>,
  properties: readonly Property<Read<V>, L>[],
  options: Options = {},
): Report<V, L> {
  refuseContradictions(properties);
  const space = new Space(model);
  const judge = new Judge(space, properties);
  const extent = new Search(space, judge, options).run();
  const reporter = new Reporter(space, extent, judge, properties);
  const { states } = space;
  return {
    properties: reporter.properties(),
    stats: {
      states: states.count,
      transitions: extent.transitions,
      depth: extent.depth,
      bytesPerState: states.bytes / Math.max(states.count, 1),
      memory: states.bytes,
      evaluations: space.evaluations,
      stuck: extent.stuck.count,
      bounds: options.bounds ?? {},
    },
    incomplete: extent.incomplete,
    stuck: extent.stuck.count === 0 ? null : reporter.traceTo(extent.stuck.first),
    read: (state) => space.read(state),
  };
}

function refuseContradictions(
  properties: readonly { name: string; kind: string; witnesses?: readonly string[] }[],
): void {
  const witnesses = new Set(properties.filter(({ kind }) => kind === 'sometimes').map(({ name }) => name));
  const names = new Set<string>();
  for (const property of properties) {
    if (names.has(property.name)) throw new Error(`two properties are called ${property.name}`);
    names.add(property.name);
    for (const witness of property.witnesses ?? []) {
      if (!witnesses.has(witness))
        throw new Error(`${property.name} names the witness ${witness}, which is not checked`);
    }
  }
}

const BADNESS: readonly (Damage | null)[] = ['permanent', 'unknown', 'transient', null];

class Reporter<V, L> {
  readonly #space: Space<V, L>;
  readonly #extent: Extent;
  readonly #judge: Judge<V, L>;
  readonly #properties: readonly Property<Read<V>, L>[];

  constructor(space: Space<V, L>, extent: Extent, judge: Judge<V, L>, properties: readonly Property<Read<V>, L>[]) {
    this.#space = space;
    this.#extent = extent;
    this.#judge = judge;
    this.#properties = properties;
  }

  properties(): readonly PropertyReport<L>[] {
    const lasting = this.#lasting();
    return this.#properties.map((property, index) =>
      property.kind === 'always'
        ? this.#always(property, index, lasting.get(index) ?? new Map())
        : this.#sometimes(property, index),
    );
  }

  traceTo(state: number): Trace<L> {
    const { start, steps } = runTo(this.#space, state);
    return { initial: this.#space.initial.indexOf(start), start, steps, at: steps.length };
  }

  /** Only violations with a notion of damage are worth going over the graph once more. */
  #lasting(): ReadonlyMap<number, ReadonlyMap<string, Lasting>> {
    const needed = this.#properties.some(
      (property, index) =>
        property.kind === 'always' && property.damaged !== undefined && this.#judge.found(index).size > 0,
    );
    if (!needed) return new Map();
    return new Assessor(new Graph(this.#space, this.#extent), this.#judge).assess(this.#properties);
  }

  #always(property: Always<Read<V>, L>, index: number, lasting: ReadonlyMap<string, Lasting>): PropertyReport<L> {
    const found = [...this.#judge.found(index).values()];
    const subjects = found.map((one) => this.#subject(one, lasting.get(one.subject))).sort(worstFirst);
    const unreached = property.witnesses.filter((witness) => !this.#isReached(witness));
    const worst = subjects[0];
    return {
      name: property.name,
      kind: 'always',
      verdict: worst?.verdict ?? this.#withoutFinding(unreached.length > 0),
      damage: worst?.damage ?? null,
      subjects,
      trace: worst?.lasting ?? worst?.trace ?? null,
      unreached,
    };
  }

  #sometimes(property: Sometimes<Read<V>, L>, index: number): PropertyReport<L> {
    const found = this.#judge.found(index).get('');
    const reached: Verdict = found?.tagged ? 'undefined' : 'holds';
    return {
      name: property.name,
      kind: 'sometimes',
      verdict: found === undefined ? this.#withoutFinding(true) : reached,
      damage: null,
      subjects: [],
      trace: found === undefined ? null : this.#trace(found, []),
      unreached: found === undefined ? [property.name] : [],
    };
  }

  #withoutFinding(vacuous: boolean): Verdict {
    if (this.#extent.incomplete.length > 0) return 'incomplete';
    return vacuous ? 'vacuous' : 'holds';
  }

  #isReached(witness: string): boolean {
    return this.#properties.some(({ name }, index) => name === witness && this.#judge.found(index).size > 0);
  }

  #subject(found: Found, lasting: Lasting | undefined): SubjectReport<L> {
    const permanent = lasting?.occurrence ?? null;
    return {
      subject: found.subject,
      verdict: found.tagged ? 'undefined' : 'violated',
      detail: found.detail ?? null,
      damage: lasting?.damage ?? null,
      trace: this.#trace(found, []),
      lasting: permanent === null ? null : this.#trace(permanent, lasting?.path ?? []),
    };
  }

  /** The run to an occurrence, and on along a path that begins with the state after it. */
  #trace(where: { readonly state: number; readonly outcome: number }, path: readonly number[]): Trace<L> {
    const { steps, ...run } = this.traceTo(where.state);
    const last = where.outcome < 0 ? [] : [stepOf(this.#space, where.state, where)];
    const further = path.slice(1).map((to, i) => stepOf(this.#space, path[i] ?? 0, { to }));
    const at = steps.length + last.length;
    return { ...run, steps: [...steps, ...last, ...further], at };
  }
}

function worstFirst<L>(a: SubjectReport<L>, b: SubjectReport<L>): number {
  const [tagA, tagB] = [a.verdict === 'undefined' ? 1 : 0, b.verdict === 'undefined' ? 1 : 0];
  const length = (one: SubjectReport<L>): number => (one.lasting ?? one.trace).steps.length;
  return (
    tagA - tagB ||
    BADNESS.indexOf(a.damage) - BADNESS.indexOf(b.damage) ||
    length(a) - length(b) ||
    (a.subject < b.subject ? -1 : 1)
  );
}
