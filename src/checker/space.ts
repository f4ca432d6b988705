/** A model made ready for searching: values as numbers per slot, actions memoised, their outcomes numbered. */
import { Interner } from './intern.ts';
import { Memo, type Touch } from './memo.ts';
import type { Model, Outcome, Read } from './model.ts';
import { States } from './states.ts';

/** The outcomes that an action has in some situation: from `first` to before `end`. */
export interface Range {
  readonly first: number;
  readonly end: number;
}

/** How an outcome may be used: freely, as undefined behaviour, or (an overflow) not at all. */
export const CLEAN = 0;
export const UNDEFINED = 1;
export const OVERFLOW = 2;

/** A value that may be `undefined`, told apart from none. */
interface Box<V> {
  readonly value: V;
}

export class Space<V, L> {
  readonly model: Model<V, L>;
  readonly states: States;
  /** The state that was loaded last: a number per slot. */
  readonly now: Int32Array;
  /** One per action, in the model's order. */
  readonly actions: readonly Memo<Range>[];
  readonly rest: Memo<boolean>;
  /** The state that each initial state of the model is; equal ones share it. */
  readonly initial: readonly number[];
  /** Per outcome: {@link CLEAN}, {@link UNDEFINED} or {@link OVERFLOW}. */
  readonly kinds: number[] = [];
  readonly #outcomes: Outcome<V, L>[] = [];
  readonly #writes: ReadonlyMap<number, Box<V>>[] = [];
  readonly #interner = new Interner<V>();
  readonly #numbers: Map<number, number>[];
  readonly #values: Box<V>[][];

  constructor(model: Model<V, L>) {
    this.model = model;
    this.states = new States(model.slots.length);
    this.now = new Int32Array(model.slots.length);
    this.#numbers = model.slots.map(() => new Map());
    this.#values = model.slots.map(() => []);
    this.actions = model.actions.map(
      (action) => new Memo(`action ${action.name}`, (touch) => this.#record(action.outcomes(this.reader(touch)))),
    );
    this.rest = new Memo('rest', (touch) => model.rest(this.reader(touch)));
    this.initial = model.initial.map((values) => {
      if (values.length !== model.slots.length) {
        throw new Error(`an initial state has ${values.length} values for ${model.slots.length} slots`);
      }
      return this.states.addInitial(Int32Array.from(values, (value, slot) => this.#number(slot, value)));
    });
  }

  /** Unpacks a state into {@link now}. */
  load(state: number): void {
    this.states.load(state, this.now);
  }

  /** Reads values where only numbers are touched. */
  reader(touch: Touch): Read<V> {
    return (slot) => this.#value(slot, touch(slot));
  }

  /** Reads values of the state that an outcome leads to, touching only what it leaves as it was. */
  readerAfter(outcome: number, touch: Touch): Read<V> {
    const writes = this.#writes[outcome];
    return (slot) => {
      const written = writes?.get(slot);
      return written === undefined ? this.#value(slot, touch(slot)) : written.value;
    };
  }

  /** Reads values of any state. */
  read(state: number): Read<V> {
    const numbers = new Int32Array(this.now.length);
    this.states.load(state, numbers);
    return (slot) => this.#value(slot, numbers[slot] ?? 0);
  }

  outcome(number: number): Outcome<V, L> {
    const outcome = this.#outcomes[number];
    if (outcome === undefined) throw new Error(`there is no outcome ${number}`);
    return outcome;
  }

  get outcomeCount(): number {
    return this.#outcomes.length;
  }

  get evaluations(): number {
    return this.actions.reduce((sum, action) => sum + action.evaluations, 0);
  }

  #record(outcomes: readonly Outcome<V, L>[]): Range {
    const first = this.#outcomes.length;
    for (const outcome of outcomes) {
      const writes = outcome.overflow === undefined ? outcome.writes : [];
      this.#outcomes.push(outcome);
      this.#writes.push(new Map(writes.map(([slot, value]) => [slot, { value }])));
      this.kinds.push(outcome.overflow !== undefined ? OVERFLOW : outcome.undefined !== undefined ? UNDEFINED : CLEAN);
      this.states.patch(writes.flatMap(([slot, value]) => [slot, this.#number(slot, value)]));
    }
    return { first, end: this.#outcomes.length };
  }

  #number(slot: number, value: V): number {
    const numbers = this.#numbers[slot];
    const values = this.#values[slot];
    if (numbers === undefined || values === undefined) throw new Error(`slot ${slot} does not exist`);
    const id = this.#interner.id(value);
    const known = numbers.get(id);
    if (known !== undefined) return known;
    numbers.set(id, values.length);
    values.push({ value });
    return values.length - 1;
  }

  #value(slot: number, number: number): V {
    const box = this.#values[slot]?.[number];
    if (box === undefined) throw new Error(`slot ${slot} of ${this.#values.length} has no value ${number}`);
    return box.value;
  }
}
