/** The graph that a search has explored, built only when a question needs to go over it again. */
import type { TraceStep } from './model.ts';
import type { Extent, Phase } from './search.ts';
import { CLEAN, OVERFLOW, type Space } from './space.ts';

/** For each state its successors: those by a clean outcome as their number, those by an undefined one as -1 - number. */
export class Graph<V, L> {
  readonly space: Space<V, L>;
  readonly extent: Extent;
  /** A state's successors are in {@link targets}, from offsets[state] to before offsets[state + 1]. */
  readonly offsets: Float64Array;
  targets: Int32Array;
  /** 1 where damage stays for ever: at rest, or when nothing is possible any more. */
  readonly final: Uint8Array;

  constructor(space: Space<V, L>, extent: Extent) {
    const { count } = space.states;
    this.space = space;
    this.extent = extent;
    this.offsets = new Float64Array(count + 1);
    this.targets = new Int32Array(extent.transitions + 1);
    this.final = new Uint8Array(count);
    let end = 0;
    for (let state = 0; state < count; state++) {
      space.load(state);
      if (space.rest.of(space.now)) this.final[state] = 1;
      if (isExpanded(extent, state)) end = this.#addSuccessors(state, end);
      this.offsets[state + 1] = end;
    }
  }

  #addSuccessors(state: number, begin: number): number {
    const { states, kinds, actions, now } = this.space;
    let end = begin;
    let possible = false;
    for (const action of actions) {
      const range = action.of(now);
      if (range.first < range.end) possible = true;
      for (let outcome = range.first; outcome < range.end; outcome++) {
        const target = kinds[outcome] === OVERFLOW ? -1 : states.find(state, outcome);
        if (target < 0) continue; // not explored: a bound was hit before
        if (end === this.targets.length) this.targets = grown(this.targets);
        this.targets[end++] = kinds[outcome] === CLEAN ? target : -1 - target;
      }
    }
    if (!possible) this.final[state] = 1;
    return end;
  }
}

function grown(array: Int32Array): Int32Array {
  const more = new Int32Array(array.length * 2);
  more.set(array);
  return more;
}

export function isExpanded({ clean, tagged }: Extent, state: number): boolean {
  return state < clean.found ? state < clean.end : state < tagged.end;
}

/** The states of one depth of a phase, from the first to before the second. */
export function level(phase: Phase, depth: number): readonly [number, number] {
  const next = phase.levels[depth + 1] ?? phase.found;
  return [phase.levels[depth] ?? next, next];
}

/** The outcomes that are possible in a state, in order. Loads it. */
export function possible<V, L>(space: Space<V, L>, state: number): readonly { action: number; outcome: number }[] {
  space.load(state);
  return space.actions.flatMap((memo, action) => {
    const { first, end } = memo.of(space.now);
    return Array.from({ length: end - first }, (_, i) => ({ action, outcome: first + i })).filter(
      ({ outcome }) => space.kinds[outcome] !== OVERFLOW,
    );
  });
}

/** The step from a state by an outcome (if given), or to a state: by the first clean outcome that leads there, else the first. */
export function stepOf<V, L>(
  space: Space<V, L>,
  from: number,
  by: { readonly outcome: number } | { readonly to: number },
): TraceStep<L> {
  const all = possible(space, from);
  const leads = all.map(({ outcome }) =>
    'outcome' in by ? outcome === by.outcome : space.states.find(from, outcome) === by.to,
  );
  const clean = all.findIndex(({ outcome }, i) => leads[i] && space.kinds[outcome] === CLEAN);
  const choice = clean >= 0 ? clean : leads.indexOf(true);
  const taken = all[choice];
  if (taken === undefined) throw new Error(`no outcome leads from state ${from} on; is the model deterministic?`);
  const { label, undefined: reason } = space.outcome(taken.outcome);
  return {
    action: space.model.actions[taken.action]?.name ?? '',
    label,
    ...(reason === undefined ? {} : { undefined: reason }),
    state: space.states.find(from, taken.outcome),
    choice,
    choices: all.length,
  };
}

/** A shortest run to a state: its initial state and the steps from there. */
export function runTo<V, L>(space: Space<V, L>, state: number): { start: number; steps: readonly TraceStep<L>[] } {
  const steps: TraceStep<L>[] = [];
  let at = state;
  for (let parent = space.states.parent(at); parent !== at; parent = space.states.parent(at)) {
    steps.push(stepOf(space, parent, { to: at }));
    at = parent;
  }
  return { start: at, steps: steps.reverse() };
}
