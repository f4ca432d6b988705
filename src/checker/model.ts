/**
 * What the checker searches: a fixed number of slots that hold immutable values, and actions that read some of them and
 * offer outcomes. Nothing here knows what the values mean. A model must be deterministic: the same values read give the
 * same outcomes, always.
 */

export type { Finding, Property } from './property.ts';

/** Looks into one slot of a state. What a function reads through it is all that its answer may depend on. */
export type Read<V> = (slot: number) => V;

/** One thing that an action may do to a state. */
export interface Outcome<V, L> {
  /** Slots and their new values; slots that are not named stay as they are. */
  readonly writes: readonly (readonly [slot: number, value: V])[];
  /** What the story tells about this step. Kept by reference, no part of the state. */
  readonly label: L;
  /** Why this outcome rests on behaviour that nobody promises. What is only reachable through it is *undefined*. */
  readonly undefined?: string;
  /** What did not fit into the model. The outcome is not taken, and the search is incomplete. */
  readonly overflow?: string;
}

export interface Action<V, L> {
  readonly name: string;
  /** Everything this action may do in a state; none if it is not enabled there. */
  readonly outcomes: (state: Read<V>) => readonly Outcome<V, L>[];
}

export interface Model<V, L> {
  /** The slots' names, which only messages use. */
  readonly slots: readonly string[];
  /** The states to start from, one value per slot. */
  readonly initial: readonly (readonly V[])[];
  readonly actions: readonly Action<V, L>[];
  /** Nobody is in the middle of anything: where damage that is still there is here to stay. */
  readonly rest: (state: Read<V>) => boolean;
}

/**
 * What is known of a property, the first that applies: a clean trace violates it; only a trace with undefined behaviour does;
 * not everything was explored; nothing interesting ever happened; it holds.
 */
export type Verdict = 'violated' | 'undefined' | 'incomplete' | 'vacuous' | 'holds';
/** Does damage heal on every way to rest, or stay on some, or is the explored graph too small (or undefined) to tell? */
export type Damage = 'transient' | 'permanent' | 'unknown';

/** One step of a trace. */
export interface TraceStep<L> {
  readonly action: string;
  readonly label: L;
  readonly undefined?: string;
  /** The state that it leads to, a number for {@link Report.read}. */
  readonly state: number;
  /** Which of the outcomes that were possible this was, counted over all actions in order, and how many there were. */
  readonly choice: number;
  readonly choices: number;
}
/** A run of the model from an initial state, told step by step. */
export interface Trace<L> {
  /** Index into {@link Model.initial}. */
  readonly initial: number;
  /** The state it starts from. */
  readonly start: number;
  readonly steps: readonly TraceStep<L>[];
  /** The number of steps up to and including the violation (the witness); further steps lead on to lasting damage. */
  readonly at: number;
}

/** What became of one subject of an `always` property. */
export interface SubjectReport<L> {
  readonly subject: string;
  readonly verdict: 'violated' | 'undefined';
  readonly detail: string | null;
  /** Null where the property does not say what damage is. */
  readonly damage: Damage | null;
  /** A shortest run to a violation. */
  readonly trace: Trace<L>;
  /** For permanent damage: a shortest run to a violation that can stay, and on to a state at rest that is still damaged. */
  readonly lasting: Trace<L> | null;
}
export interface PropertyReport<L> {
  readonly name: string;
  readonly kind: 'always' | 'sometimes';
  readonly verdict: Verdict;
  /** The worst of the subjects. */
  readonly damage: Damage | null;
  /** Violated before undefined, permanent first, then shortest trace, then by name. */
  readonly subjects: readonly SubjectReport<L>[];
  /** The trace to show: the first subject's lasting one if it has one; the run to the witness for `sometimes`. */
  readonly trace: Trace<L> | null;
  /** Witnesses that were never reached. */
  readonly unreached: readonly string[];
}

export interface Bounds {
  readonly maxStates?: number;
  readonly maxSeconds?: number;
  /** Bytes that the arrays of states may take. */
  readonly maxMemory?: number;
}
export interface Stats {
  readonly states: number;
  /** Every outcome of every state that was expanded, also where two lead to the same state. */
  readonly transitions: number;
  /** Steps of the longest shortest trace. */
  readonly depth: number;
  /** Of the arrays that hold states, divided by the number of states. */
  readonly bytesPerState: number;
  /** Bytes of these arrays. */
  readonly memory: number;
  /** How often an action's code really ran. */
  readonly evaluations: number;
  /** States where nothing is possible although somebody is in the middle of something. */
  readonly stuck: number;
  readonly bounds: Bounds;
}
export interface Report<V, L> {
  readonly properties: readonly PropertyReport<L>[];
  readonly stats: Stats;
  /** Why the search is not complete, each reason once; empty if it is. */
  readonly incomplete: readonly string[];
  /** A shortest run to the first state where nothing is possible although somebody is in the middle of something. */
  readonly stuck: Trace<L> | null;
  /** Looks into a state of a trace. */
  readonly read: (state: number) => Read<V>;
}

export interface Options {
  readonly bounds?: Bounds;
  /** Seconds, from any origin. Needed for `maxSeconds`: the checker has no clock of its own. */
  readonly clock?: () => number;
  /** Called now and then. */
  readonly progress?: (states: number, transitions: number) => void;
}
