/** Going through a model step by step, by the numbers of choices: what `explain` and `explore` do with a token. */
import type { Judged } from '../../properties/judge.ts';
import type { Moment, Step } from '../program/linux.ts';

/** A step that is possible in a state. */
export interface Possible {
  readonly label: Step;
  readonly undefined?: string;
  /** The state that it leads to. */
  readonly next: readonly number[];
}

/** Everything that may happen in a state, in the order in which choices are counted. */
export function possible(judged: Judged, state: readonly number[]): readonly Possible[] {
  const read = reader(state);
  return judged.model.model.actions.flatMap((action) =>
    action.outcomes(read).flatMap((outcome) => {
      if (outcome.overflow !== undefined) return [];
      const next = [...state];
      for (const [slot, value] of outcome.writes) next[slot] = value;
      return [
        { label: outcome.label, next, ...(outcome.undefined === undefined ? {} : { undefined: outcome.undefined }) },
      ];
    }),
  );
}

export function initialState(judged: Judged): readonly number[] {
  const [first] = judged.model.model.initial;
  if (first === undefined) throw new Error('a model has an initial state');
  return first;
}

export const momentOf = (judged: Judged, state: readonly number[]): Moment => judged.model.moment(reader(state));

const reader =
  (state: readonly number[]) =>
  (slot: number): number => {
    const value = state[slot];
    if (value === undefined) throw new Error(`a state has no slot ${slot}`);
    return value;
  };

/** A run, as the states it goes through and the steps between them. */
export interface Run {
  readonly states: readonly (readonly number[])[];
  readonly steps: readonly Possible[];
  /** Per step, which choice it was and among how many. */
  readonly choices: readonly { readonly choice: number; readonly among: number }[];
}

/** A run by its choices: those at forks, and how many steps follow the last one without any. */
export interface Forks {
  readonly choices: readonly number[];
  readonly further: number;
}

/** The forks of a run. */
export function forksOf(choices: Run['choices']): Forks {
  const last = choices.findLastIndex(({ among }) => among > 1);
  return {
    choices: choices.filter(({ among }) => among > 1).map(({ choice }) => choice),
    further: choices.length - 1 - last,
  };
}

/** Follows choices at forks; steps without a choice are taken by themselves. Null where a choice does not exist. */
export function follow(judged: Judged, forks: Forks): Run | null {
  const states: (readonly number[])[] = [initialState(judged)];
  const steps: Possible[] = [];
  const choices: { choice: number; among: number }[] = [];
  const take = (choice: number, options: readonly Possible[]): boolean => {
    const step = options[choice];
    if (step === undefined) return false;
    steps.push(step);
    choices.push({ choice, among: options.length });
    states.push(step.next);
    return true;
  };
  for (const choice of forks.choices) {
    let options = possible(judged, states.at(-1) ?? []);
    for (; options.length === 1; options = possible(judged, states.at(-1) ?? [])) take(0, options);
    if (!take(choice, options)) return null;
  }
  for (let left = forks.further; left > 0; left--) {
    const options = possible(judged, states.at(-1) ?? []);
    if (options.length !== 1 || !take(0, options)) return null;
  }
  return { states, steps, choices };
}
