/** One run of a model, step by step, by someone who chooses: replaying a trace, or exploring by hand. */
import type { Model, Outcome, Read } from './model.ts';

/** What can happen next. */
export interface Possible<L> {
  readonly action: string;
  readonly label: L;
  readonly undefined?: string;
}

/** A place in a run. Immutable: {@link take} gives another one. */
export class Walk<V, L> {
  readonly model: Model<V, L>;
  /** What was chosen so far, in the counting of a trace's `choice`. */
  readonly choices: readonly number[];
  /** Everything that can happen next, in the order in which traces count their choices. */
  readonly possible: readonly Possible<L>[];
  readonly #values: readonly V[];
  readonly #outcomes: readonly Outcome<V, L>[];

  /** `values`: one per slot. */
  constructor(model: Model<V, L>, values: readonly V[], choices: readonly number[] = []) {
    this.model = model;
    this.choices = choices;
    this.#values = values;
    const all = model.actions.flatMap(({ name, outcomes }) =>
      outcomes(this.read).map((outcome) => ({ action: name, outcome })),
    );
    const taken = all.filter(({ outcome }) => outcome.overflow === undefined);
    this.#outcomes = taken.map(({ outcome }) => outcome);
    this.possible = taken.map(({ action, outcome: { label, undefined: reason } }) => ({
      action,
      label,
      ...(reason === undefined ? {} : { undefined: reason }),
    }));
  }

  /** Looks into the state that the walk is in. */
  get read(): Read<V> {
    const values = this.#values;
    return (slot) => {
      for (const value of values.slice(slot, slot + 1)) return value;
      throw new Error(`there is no slot ${slot}`);
    };
  }

  /** The walk after one of {@link possible}; undefined if there is no such choice. */
  take(choice: number): Walk<V, L> | undefined {
    const outcome = this.#outcomes[choice];
    if (outcome === undefined) return undefined;
    const values = [...this.#values];
    for (const [slot, value] of outcome.writes) values[slot] = value;
    return new Walk(this.model, values, [...this.choices, choice]);
  }

  /** Goes on as long as there is just one thing that can happen, at most `limit` steps. */
  untilFork(limit: number): Walk<V, L> {
    let walk: Walk<V, L> = this;
    for (let steps = 0; steps < limit && walk.possible.length === 1; steps++) walk = walk.take(0) ?? walk;
    return walk;
  }
}
