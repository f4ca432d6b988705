/** What shall hold of a model. A property is data with functions; `S` is how a state is looked at, `L` what a step tells. */

/** One thing that is wrong: with what (a file, a mount), and how. */
export interface Finding {
  readonly subject: string;
  /** A few words: "gone", "v1 instead of v2". */
  readonly detail?: string;
}

interface AnyAlways<S> {
  readonly name: string;
  readonly kind: 'always';
  /** Names of `sometimes` properties of the same check. Where one of them is never reached, this property is vacuous. */
  readonly witnesses: readonly string[];
  /** Is the subject (still) damaged here? Asked of states at rest; tells permanent damage from transient. */
  readonly damaged?: (state: S, subject: string) => boolean;
}
type InState<S, T> = (state: S) => T;
type OnStep<S, L, T> = (before: S, step: L, after: S) => T;

/** Must never be violated: by no state, by no step, or by neither. */
export type Always<S, L> = AnyAlways<S> &
  (
    | { readonly over: 'state'; readonly check: InState<S, readonly Finding[]> }
    | { readonly over: 'step'; readonly check: OnStep<S, L, readonly Finding[]> }
    | {
        readonly over: 'both';
        readonly inState: InState<S, readonly Finding[]>;
        readonly onStep: OnStep<S, L, readonly Finding[]>;
      }
  );
/** A witness: an interesting situation that must come up somewhere. */
export type Sometimes<S, L> = { readonly name: string; readonly kind: 'sometimes' } & (
  | { readonly over: 'state'; readonly check: InState<S, boolean> }
  | { readonly over: 'step'; readonly check: OnStep<S, L, boolean> }
);
export type Property<S, L> = Always<S, L> | Sometimes<S, L>;

/** A property in one form: what it finds in a state, and what in a step. */
export interface Looks<S, L> {
  readonly inState?: InState<S, readonly Finding[]>;
  readonly onStep?: OnStep<S, L, readonly Finding[]>;
}

/** What a witness finds: it has no subjects. */
const seen = (is: boolean): readonly Finding[] => (is ? [{ subject: '' }] : []);

export function looks<S, L>(property: Property<S, L>): Looks<S, L> {
  if (property.kind === 'sometimes') {
    if (property.over === 'state') return { inState: (state) => seen(property.check(state)) };
    return { onStep: (before, step, after) => seen(property.check(before, step, after)) };
  }
  if (property.over === 'both') return property;
  return property.over === 'state' ? { inState: property.check } : { onStep: property.check };
}

/** A property of what `view` shows as one of what it is shown of. */
export function through<S, T, L>(property: Property<T, L>, view: (state: S) => T): Property<S, L> {
  const step =
    <A>(check: OnStep<T, L, A>): OnStep<S, L, A> =>
    (before, label, after) =>
      check(view(before), label, view(after));
  const state =
    <A>(check: InState<T, A>): InState<S, A> =>
    (now) =>
      check(view(now));
  if (property.kind === 'sometimes') {
    const { name, kind } = property;
    if (property.over === 'state') return { name, kind, over: property.over, check: state(property.check) };
    return { name, kind, over: property.over, check: step(property.check) };
  }
  const { name, kind, witnesses, damaged } = property;
  const base = {
    name,
    kind,
    witnesses,
    ...(damaged === undefined ? {} : { damaged: (now: S, subject: string) => damaged(view(now), subject) }),
  };
  if (property.over === 'state') return { ...base, over: property.over, check: state(property.check) };
  if (property.over === 'step') return { ...base, over: property.over, check: step(property.check) };
  return { ...base, over: property.over, inState: state(property.inState), onStep: step(property.onStep) };
}
