/**
 * Exact breadth-first search in two phases. The first takes clean outcomes only, so that each state known to be clean
 * has a clean shortest trace. The second goes on from the outcomes that were set aside because they rest on undefined
 * behaviour; what it finds is only reachable through such an outcome.
 */
import type { Options } from './model.ts';
import { CLEAN, OVERFLOW, type Space, UNDEFINED } from './space.ts';

/**
 * Who looks at states and steps while they are found. The state, or the one a step starts from, is loaded. `tagged` is what
 * was only found by undefined behaviour, or is such a step.
 */
export interface Visitor {
  /** Each state comes once, within a phase in the order of `depth`: the steps that lead to it. */
  state(state: number, depth: number, tagged: boolean): void;
  /** `depth` counts this step, too. */
  step(from: number, outcome: number, depth: number, tagged: boolean): void;
}

/** The states from `first` to before `found` belong to this phase; those before `end` have been expanded. */
export interface Phase {
  readonly first: number;
  readonly end: number;
  readonly found: number;
  /** The first state of each depth; where a depth has none, the same as for the next. */
  readonly levels: readonly number[];
}

/** What a search has covered. */
export interface Extent {
  readonly clean: Phase;
  readonly tagged: Phase;
  /** Clean states that also have undefined outcomes. Complete only if the clean phase is. */
  readonly aside: readonly number[];
  readonly transitions: number;
  readonly depth: number;
  /** Why it is not complete. */
  readonly incomplete: readonly string[];
  /** How many states nothing is possible in although the model is not at rest, and the first of them. */
  readonly stuck: { readonly count: number; readonly first: number };
}

/** From which outcomes a state is expanded: clean ones, those set aside before, or both. */
type Mode = 'clean' | 'aside' | 'tagged';

/** Clocks are slow; bounds are looked at every so many states. */
const PATIENCE = 1 << 10;

export class Search<V, L> {
  readonly #space: Space<V, L>;
  readonly #visitor: Visitor;
  readonly #options: Options;
  readonly #began: number;
  readonly #aside: number[] = [];
  readonly #overflows = new Set<string>();
  #stopped: string | null = null;
  #transitions = 0;
  #expanded = 0;
  #stuck = { count: 0, first: -1 };

  constructor(space: Space<V, L>, visitor: Visitor, options: Options) {
    if (options.bounds?.maxSeconds !== undefined && options.clock === undefined) {
      throw new Error('a search bounded by maxSeconds needs a clock');
    }
    this.#space = space;
    this.#visitor = visitor;
    this.#options = options;
    this.#began = options.clock?.() ?? 0;
  }

  run(): Extent {
    const clean = this.#cleanPhase();
    const tagged = this.#taggedPhase(clean);
    return {
      clean,
      tagged,
      aside: this.#aside,
      transitions: this.#transitions,
      depth: Math.max(deepest(clean), deepest(tagged)),
      incomplete: [...(this.#stopped === null ? [] : [this.#stopped]), ...this.#overflows],
      stuck: this.#stuck,
    };
  }

  #cleanPhase(): Phase {
    const { states } = this.#space;
    const levels: number[] = [];
    let next = 0;
    while (next < states.count && this.#stopped === null) {
      const depth = levels.push(next) - 1;
      const end = states.count;
      while (next < end && this.#mayGoOn()) this.#expand(next++, depth, 'clean');
      if (next < end) levels.push(end);
    }
    const phase = { first: 0, end: next, found: states.count, levels };
    this.#lookAtRest(phase);
    return phase;
  }

  #taggedPhase(clean: Phase): Phase {
    const { states } = this.#space;
    const first = clean.found;
    const levels: number[] = [];
    let next = first;
    let aside = 0;
    while ((aside < this.#aside.length || next < states.count) && this.#stopped === null) {
      const depth = levels.push(next) - 1;
      const end = states.count;
      const reached = clean.levels[depth + 1] ?? first;
      const isNear = (): boolean => (this.#aside[aside] ?? first) < reached;
      while (isNear() && this.#mayGoOn()) this.#expand(this.#aside[aside++] ?? 0, depth, 'aside');
      while (next < end && this.#mayGoOn()) this.#expand(next++, depth, 'tagged');
      if (next < end) levels.push(end);
    }
    const phase = { first, end: next, found: states.count, levels };
    this.#lookAtRest(phase);
    return phase;
  }

  /** What was found before a bound was hit is not expanded, but looked at. */
  #lookAtRest(phase: Phase): void {
    let depth = 0;
    for (let state = phase.end; state < phase.found; state++) {
      while ((phase.levels[depth + 1] ?? phase.found) <= state) depth++;
      this.#space.load(state);
      this.#visitor.state(state, depth, phase.first > 0);
    }
  }

  #expand(state: number, depth: number, mode: Mode): void {
    const { states, kinds, actions, now } = this.#space;
    this.#space.load(state);
    if (mode !== 'aside') this.#visitor.state(state, depth, mode === 'tagged');
    let possible = false;
    let aside = false;
    for (const action of actions) {
      const { first, end } = action.of(now);
      if (first < end) possible = true;
      for (let outcome = first; outcome < end; outcome++) {
        const kind = kinds[outcome];
        if (kind === OVERFLOW) this.#overflows.add(`${this.#space.outcome(outcome).overflow}`);
        else if (mode === 'tagged' || (kind === CLEAN) === (mode === 'clean')) {
          this.#transitions++;
          states.step(state, outcome);
          this.#visitor.step(state, outcome, depth + 1, mode !== 'clean');
        } else if (kind === UNDEFINED) aside = true;
      }
    }
    if (mode === 'clean' && aside) this.#aside.push(state);
    if (!possible && !this.#space.rest.of(now)) {
      if (this.#stuck.count === 0) this.#stuck = { count: 0, first: state };
      this.#stuck.count++;
    }
  }

  #mayGoOn(): boolean {
    const { states } = this.#space;
    const { maxStates, maxSeconds, maxMemory } = this.#options.bounds ?? {};
    if (this.#stopped !== null) return false;
    if (maxStates !== undefined && states.count > maxStates) this.#stopped = `more than ${maxStates} states`;
    if (this.#expanded++ % PATIENCE === 0) {
      this.#options.progress?.(states.count, this.#transitions);
      const seconds = (this.#options.clock?.() ?? 0) - this.#began;
      if (maxSeconds !== undefined && seconds > maxSeconds) this.#stopped = `more than ${maxSeconds} seconds`;
    }
    if (maxMemory !== undefined && states.bytesWith(PATIENCE) > maxMemory) {
      this.#stopped = `more than ${Math.round(maxMemory / 2 ** 20)} MiB of states`;
    }
    return this.#stopped === null;
  }
}

/** The last depth that has states. */
function deepest(phase: Phase): number {
  for (let depth = phase.levels.length - 1; depth >= 0; depth--) {
    if ((phase.levels[depth] ?? 0) < (phase.levels[depth + 1] ?? phase.found)) return depth;
  }
  return 0;
}
