/** Checks a scenario and puts what came out into the form that is printed and given as JSON. */
import type { Choice, Scenario, System, Verdict } from '../../models/scenario.ts';
import { PROPERTIES } from '../../properties/catalogue.ts';
import { type Judged, judge } from '../../properties/judge.ts';
import type {
  PropertyReport,
  Report,
  Options as SearchOptions,
  Trace as SearchTrace,
  SubjectReport,
} from '../checker/model.ts';
import type { Seen, View } from '../kernel/view.ts';
import type { Step } from '../program/linux.ts';
import type { Trace, TraceStep } from './story.ts';
import { encodeToken } from './token.ts';
import { follow, forksOf, momentOf, type Run } from './walk.ts';
import { callText, changeText, fsName, killedText, resultText, short } from './words.ts';

/** One file of the report's `files` list. */
export interface FileResult {
  readonly path: string;
  readonly layers: readonly string[];
  readonly class: string;
  readonly damage: 'transient' | 'permanent' | 'unknown' | null;
  readonly from: string | null;
  readonly to: string | null;
}

export interface Result {
  readonly scenario: string;
  readonly systemd: string;
  readonly mutable: string;
  readonly property: string;
  readonly expected: Verdict;
  readonly verdict: Verdict;
  readonly damage: 'transient' | 'permanent' | 'unknown' | null;
  readonly token: string | null;
  readonly trace: Trace | null;
  readonly files: readonly FileResult[];
  readonly stats: {
    readonly states: number;
    readonly transitions: number;
    readonly depth: number;
    readonly seconds: number;
    readonly reductions: readonly string[];
    readonly bounds: Readonly<Record<string, number>>;
  };
  /** Why a verdict is not more than it is: bounds that were hit, witnesses that were not met. */
  readonly reasons: readonly string[];
  readonly summary: string;
}

/** Everything a check needs from the outside. */
export interface CheckOptions extends SearchOptions {
  /** Judge only this property. */
  readonly property?: string;
}

/** A result whose story has not been told yet, which takes longer than many a search. */
export interface Searched extends Omit<Result, 'trace' | 'token'> {
  readonly story: () => Trace | null;
}

/** Tells the story of a result. */
export function told({ story, ...result }: Searched): Result {
  const trace = story();
  return { ...result, token: trace?.token ?? null, trace };
}

/** A scenario under one choice of options, searched. */
export const checkScenario = (scenario: Scenario, choice: Choice, options: CheckOptions = {}): readonly Result[] =>
  searchScenario(scenario, choice, options).map(told);

/** The same without the stories. */
export function searchScenario(scenario: Scenario, choice: Choice, options: CheckOptions = {}): readonly Searched[] {
  const system = scenario.build(choice);
  const judged = judge(system);
  const declared = system.expectations.filter(
    ({ property }) => options.property === undefined || options.property === property,
  );
  // A property that the scenario says nothing about should hold.
  const asked = declared.length === 0 && options.property !== undefined ? [options.property] : [];
  const wanted = [...declared, ...asked.map((property) => ({ property, verdict: 'holds' as const }))];
  const properties = PROPERTIES.filter(({ name }) => wanted.some(({ property }) => property === name));
  const started = options.clock?.() ?? 0;
  const report = judged.check(properties, options);
  const seconds = (options.clock?.() ?? 0) - started;
  return wanted.map(({ property, verdict }) => {
    const found = report.properties.find(({ name }) => name === property);
    if (found === undefined)
      throw new Error(`${scenario.name} expects something of ${property}, which is not in the catalogue`);
    return toResult({ scenario, choice, system, judged, report, found, expected: verdict, seconds });
  });
}

interface Context {
  readonly scenario: Scenario;
  readonly choice: Choice;
  readonly system: System;
  readonly judged: Judged;
  readonly report: Report<number, Step>;
  readonly found: PropertyReport<Step>;
  readonly expected: Verdict;
  readonly seconds: number;
}

function toResult(context: Context): Searched {
  const { scenario, choice, system, report, found, expected, seconds } = context;
  const [worst] = found.subjects;
  return {
    scenario: scenario.name,
    systemd: choice.systemd,
    mutable: choice.mutable,
    property: found.name,
    expected,
    verdict: found.verdict,
    damage: found.damage,
    story: () => (worst === undefined ? null : traceOf(context, worst)),
    files: found.subjects.map((subject) => fileOf(context, subject)),
    stats: {
      states: report.stats.states,
      transitions: report.stats.transitions,
      depth: report.stats.depth,
      seconds,
      reductions: [],
      bounds: { ...report.stats.bounds },
    },
    reasons: [
      ...(found.verdict === 'incomplete' ? report.incomplete : []),
      ...(found.verdict === 'vacuous' ? found.unreached.map((name) => `never met: ${name}`) : []),
    ],
    summary: [...Object.entries(choice.behaviours).map(([name, word]) => `${name}=${word}`), system.summary].join(', '),
  };
}

/** A subject's provenance before the step that broke the property, and what there was before and after it. */
function fileOf(context: Context, subject: SubjectReport<Step>): FileResult {
  const { judged, report } = context;
  const states = [subject.trace.start, ...subject.trace.steps.map((step) => step.state)];
  const viewAt = (state: number | undefined): View =>
    state === undefined ? new Map() : judged.scene(judged.model.moment(report.read(state))).view;
  const first = viewAt(states[0]).get(subject.subject);
  const now = viewAt(states[subject.trace.at]).get(subject.subject);
  const layers = first?.layers ?? now?.layers ?? [];
  const of = (seen: typeof first): string | null => (seen === undefined ? null : `${seen.type} ${seen.data}`);
  return {
    path: subject.subject,
    layers,
    class: layers.join(' > '),
    damage: subject.damage,
    from: of(first),
    to: of(now),
  };
}

/** The trace to show for a subject: the one that goes on to lasting damage, if there is one. */
function traceOf(context: Context, subject: SubjectReport<Step>): Trace {
  const { judged } = context;
  const shown = subject.lasting ?? subject.trace;
  const run = runOf(judged, shown);
  const breaks = new Map([[shown.at - 1, subject.detail ?? context.found.name]]);
  return tell({
    ...context,
    run,
    property: context.found.name,
    subject: subject.subject,
    damage: subject.damage,
    breaks,
  });
}

/** The checker's trace as a run from the initial state. */
function runOf(judged: Judged, trace: SearchTrace<Step>): Run {
  const run = follow(judged, forksOf(trace.steps.map(({ choice, choices }) => ({ choice, among: choices }))));
  if (run === null) throw new Error('a trace of the search cannot be followed: is an action not deterministic?');
  return run;
}

export interface Telling {
  readonly scenario: Scenario;
  readonly choice: Choice;
  readonly system: System;
  readonly judged: Judged;
  readonly run: Run;
  readonly property: string | null;
  readonly subject: string | null;
  readonly damage: Trace['damage'];
  /** Index of a step -> what it breaks. */
  readonly breaks: ReadonlyMap<number, string>;
}

/** Where a run breaks what its scenario judges: the first step at which each property is broken. */
export function breaksOf(system: System, judged: Judged, run: Run): ReadonlyMap<number, string> {
  const breaks = new Map<number, string>();
  for (const property of PROPERTIES.filter(({ name }) =>
    system.expectations.some((expected) => expected.property === name),
  )) {
    for (const [index, { label }] of run.steps.entries()) {
      const before = judged.scene(momentOf(judged, run.states[index] ?? []));
      const after = judged.scene(momentOf(judged, run.states[index + 1] ?? []));
      const own = system.tools[label.process] !== undefined;
      const [finding] = property.inState?.(after) ?? (own ? [] : (property.onStep?.(label, before, after) ?? []));
      if (finding === undefined) continue;
      breaks.set(
        index,
        [breaks.get(index), `${property.name}(${finding.subject}): ${finding.detail}`].filter(Boolean).join('; '),
      );
      break;
    }
  }
  return breaks;
}

/** A run in words. */
export function tell(telling: Telling): Trace {
  const { scenario, choice, system, judged, run, breaks } = telling;
  const worlds = run.states.map((state) => momentOf(judged, state).world);
  const views = run.states.map((state) => judged.scene(momentOf(judged, state)).view);
  const steps = run.steps.map(({ label }, index): TraceStep => {
    const note = difference(system.hierarchies, views[index] ?? new Map(), views[index + 1] ?? new Map());
    return {
      process: label.process,
      at: label.at ?? '',
      call: killedText(label) ?? callText(label.call),
      result: label.killed !== undefined ? '' : resultText(label.call, label.result),
      changes: label.changes.map((change) => changeText(change, (id) => fsName(worlds.slice(index, index + 2), id))),
      ...(label.next === 'end' ? { ends: true } : {}),
      ...(note === null ? {} : { note }),
      ...(breaks.has(index) ? { breaks: breaks.get(index) ?? '' } : {}),
    };
  });
  return {
    scenario: scenario.name,
    options: { systemd: choice.systemd, mutable: choice.mutable, ...choice.options },
    property: telling.property,
    subject: telling.subject,
    damage: telling.damage,
    ending: telling.damage === 'permanent' ? endingOf(telling, views.at(-1) ?? new Map()) : null,
    token: encodeToken(scenario, choice, run),
    steps,
  };
}

function endingOf(telling: Telling, view: View): string | null {
  const { subject } = telling;
  if (subject?.startsWith('/') === false) return null; // no file, but a process
  const seen = subject === null ? undefined : view.get(subject);
  if (seen === undefined) return `${subject} is not there`;
  return `${subject} is ${seen.type} ${short(seen.data)} (${seen.layers.join(' > ')})`;
}

/** What everyone sees change by a step, in a line: "/etc loses 2 files: app.conf (ext:a), b.conf (ext:b)"; null for nothing. */
function difference(hierarchies: readonly string[], before: View, after: View): string | null {
  const parts = hierarchies.flatMap((h) => {
    const files = (view: View): readonly string[] =>
      [...view].filter(([path, seen]) => seen.type !== 'dir' && path.startsWith(`${h}/`)).map(([path]) => path);
    const few = (verb: string, paths: readonly string[], view: View): readonly string[] => {
      if (paths.length === 0) return [];
      const names = paths
        .slice(0, FEW)
        .map((path) => `${path.slice(h.length + 1)} (${view.get(path)?.layers[0] ?? ''})`);
      const count = paths.length === 1 ? '' : ` ${paths.length} files:`;
      return [`${verb}${count} ${names.join(', ')}${paths.length > FEW ? ', …' : ''}`];
    };
    const all = [
      ...few(
        'loses',
        files(before).filter((path) => !after.has(path)),
        before,
      ),
      ...few(
        'gains',
        files(after).filter((path) => !before.has(path)),
        after,
      ),
      ...few(
        'shows other contents of',
        files(after).filter((path) => isOther(before.get(path), after.get(path))),
        after,
      ),
    ];
    return all.length === 0 ? [] : [`${h} ${all.join(', and ')}`];
  });
  return parts.length === 0 ? null : parts.join('; ');
}

/** Names are told up to this number, then counted. */
const FEW = 4;

const isOther = (before: Seen | undefined, after: Seen | undefined): boolean =>
  before !== undefined && (before.type !== after?.type || before.data !== after.data);
