/**
 * Models drawn edge by edge, to test the checker itself: `draw('[a] -> b | c, b -> [d]?')`. A state in brackets is at rest;
 * `?` marks a step that rests on undefined behaviour, `!` one that does not fit into the model (`a -> !full`). The state
 * named first is where it starts, unless others are listed before a semicolon: `'a, b; a -> c'`.
 */
import type { Model, Outcome, Read } from '../../src/checker/model.ts';
import type { Finding } from '../../src/checker/property.ts';

/** A drawn model has one slot, which holds the state's name; a step tells "from-to". */
export type Drawn = Model<string, string>;

export function draw(text: string): Drawn {
  const [before, after] = text.includes(';') ? text.split(';') : ['', text];
  const resting = new Set([...text.matchAll(/\[(\w+)\]/g)].map(([, name]) => name));
  const plain = (name: string): string => name.replace(/[[\]?!\s]/g, '');
  const edges = new Map<string, Outcome<string, string>[]>();
  for (const arrow of (after ?? '').split(',')) {
    const [from = '', to] = arrow.split('->');
    const outcomes = edges.get(plain(from)) ?? [];
    edges.set(plain(from), outcomes);
    if (to === undefined) continue;
    for (const target of to.split('|')) {
      const step: Outcome<string, string> = { writes: [[0, plain(target)]], label: `${plain(from)}-${plain(target)}` };
      const undefinedness = target.includes('?') ? { undefined: 'nobody promises this' } : {};
      outcomes.push({ ...step, ...undefinedness, ...(target.includes('!') ? { overflow: plain(target) } : {}) });
    }
  }
  const starts = before === '' ? [...edges.keys()].slice(0, 1) : (before ?? '').split(',').map(plain);
  return {
    slots: ['state'],
    initial: starts.map((name) => [name]),
    actions: [{ name: 'go', outcomes: (read) => edges.get(read(0)) ?? [] }],
    rest: (read) => resting.has(read(0)),
  };
}

type State = Read<string>;
const finding = (is: boolean, subject: string): readonly Finding[] => (is ? [{ subject }] : []);

/** Never in one of these states (one letter each); at rest in a state of `damaged` the damage is still there. */
export function never(states: string, damaged?: string, witnesses: readonly string[] = []) {
  return {
    name: `never ${states}`,
    kind: 'always' as const,
    over: 'state' as const,
    witnesses,
    check: (read: State) => finding(states.includes(read(0)), 'x'),
    ...(damaged === undefined ? {} : { damaged: (read: State) => damaged.includes(read(0)) }),
  };
}

/** Never by this step. */
export function neverBy(label: string, damaged?: string) {
  return {
    name: `never by ${label}`,
    kind: 'always' as const,
    over: 'step' as const,
    witnesses: [],
    check: (_before: State, step: string, _after: State) => finding(step === label, 'x'),
    ...(damaged === undefined ? {} : { damaged: (read: State) => damaged.includes(read(0)) }),
  };
}

/** Somewhere in this state. */
export const somewhere = (state: string) => ({
  name: `somewhere ${state}`,
  kind: 'sometimes' as const,
  over: 'state' as const,
  check: (read: State) => read(0) === state,
});

/** A trace in one line: "a-b b-c", with the violation marked: "a-b* b-c". */
export function told(trace: { steps: readonly { label: string }[]; at: number } | null | undefined): string | null {
  if (trace === null || trace === undefined) return null;
  const told = trace.steps.map(({ label }, i) => (i + 1 === trace.at ? `${label}*` : label)).join(' ');
  return trace.at === 0 ? `* ${told}`.trim() : told;
}
