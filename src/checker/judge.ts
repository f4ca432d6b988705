/** Evaluates properties on states and steps, once per distinct combination of what they read, and keeps what they find. */
import { Memo } from './memo.ts';
import type { Read } from './model.ts';
import { type Finding, type Looks, looks, type Property } from './property.ts';
import type { Visitor } from './search.ts';
import type { Space } from './space.ts';

/** Where something happened: in a state, or in the step from it by an outcome (-1 if none). */
export interface Occurrence {
  readonly state: number;
  readonly outcome: number;
  /** The steps up to and including it. */
  readonly depth: number;
  /** Reached, or done, by undefined behaviour. */
  readonly tagged: boolean;
}
export interface Found extends Occurrence, Finding {}

/** Something found, and by which property. */
export interface Hit {
  readonly property: number;
  readonly subject: string;
}
const NO_HITS: readonly Hit[] = [];

/** An answer of a property. Once it has been taken down, the same answer later, and so not shallower, adds nothing. */
interface Answer {
  readonly findings: readonly Finding[];
  noted: boolean;
}
const answer = (findings: readonly Finding[]): Answer => ({ findings, noted: findings.length === 0 });

interface Check {
  readonly property: number;
  readonly memo: Memo<Answer>;
}

export class Judge<V, L> implements Visitor {
  readonly #space: Space<V, L>;
  readonly #properties: readonly (Looks<Read<V>, L> & { readonly name: string })[];
  readonly #found: Map<string, Found>[];
  readonly #states: readonly Check[];
  /** Per outcome, the properties that such a step can matter to. */
  readonly #steps: (readonly Check[] | undefined)[] = [];

  constructor(space: Space<V, L>, properties: readonly Property<Read<V>, L>[]) {
    this.#space = space;
    this.#properties = properties.map((property) => ({ name: property.name, ...looks(property) }));
    this.#found = properties.map(() => new Map());
    this.#states = this.#properties.flatMap(({ name, inState }, index) => {
      if (inState === undefined) return [];
      return [{ property: index, memo: new Memo(name, (touch) => answer(inState(space.reader(touch)))) }];
    });
  }

  /** The first occurrence for each subject of a property; the only subject of a witness is "". */
  found(property: number): ReadonlyMap<string, Found> {
    return this.#found[property] ?? new Map();
  }

  state(state: number, depth: number, tagged: boolean): void {
    const { now } = this.#space;
    for (const { property, memo } of this.#states) {
      const answer = memo.of(now);
      if (!answer.noted) this.#note(property, answer, { state, outcome: -1, depth, tagged });
    }
  }

  step(from: number, outcome: number, depth: number, tagged: boolean): void {
    const { now } = this.#space;
    for (const { property, memo } of this.#steps[outcome] ?? this.#prepare(outcome)) {
      const answer = memo.of(now);
      if (!answer.noted) this.#note(property, answer, { state: from, outcome, depth, tagged });
    }
  }

  /** What was found in the loaded state (outcome -1), or in a step from it, once more. */
  again(outcome: number): readonly Hit[] {
    const checks = outcome < 0 ? this.#states : (this.#steps[outcome] ?? this.#prepare(outcome));
    let hits: Hit[] | undefined;
    for (const { property, memo } of checks) {
      for (const { subject } of memo.of(this.#space.now).findings) {
        hits ??= [];
        hits.push({ property, subject });
      }
    }
    return hits ?? NO_HITS;
  }

  #note(property: number, answer: Answer, where: Occurrence): void {
    const found = this.#found[property];
    if (found === undefined) throw new Error(`there is no property ${property}`);
    for (const finding of answer.findings) {
      const known = found.get(finding.subject);
      // A step from a state may come before another state of that depth; it is one deeper.
      const shallower = known?.tagged === where.tagged && where.depth < known.depth;
      if (known === undefined || shallower) found.set(finding.subject, { ...finding, ...where });
    }
    answer.noted = true;
  }

  #prepare(outcome: number): readonly Check[] {
    const space = this.#space;
    const { label } = space.outcome(outcome);
    const checks = this.#properties.flatMap(({ name, onStep }, index): Check[] => {
      if (onStep === undefined) return [];
      const memo = new Memo(name, (touch) =>
        answer(onStep(space.reader(touch), label, space.readerAfter(outcome, touch))),
      );
      memo.of(space.now);
      return memo.constant?.value.findings.length === 0 ? [] : [{ property: index, memo }];
    });
    this.#steps[outcome] = checks;
    return checks;
  }
}
