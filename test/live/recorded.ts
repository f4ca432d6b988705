/** Real runs that are kept in test/live/traces, and programs that are changed to see whether a check of them can fail. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Version } from '../../models/systemd/versions.ts';
import type { MutableMode } from '../../src/input/config.ts';
import type { LinuxCall } from '../../src/program/linux.ts';
import { type Alter, refine } from './refine.ts';
import { fromText, read, type Scenario, traceFile } from './sandbox.ts';
import { everyVerb } from './scenarios.ts';

/** The versions that have been watched; the others are nobody's binary here. */
export const RECORDED = ['257', '262'] as const satisfies readonly Version[];

/** What strace wrote, by `npm run -s hunt -- refinement 'every verb' --keep test/live/traces`. */
const recorded = (mode: MutableMode, version: Version): string =>
  readFileSync(join(import.meta.dirname, 'traces', traceFile(everyVerb(mode), version)), 'utf8');

/** What is different between recorded runs of one version and the programs of another or the same. */
export const difference = (mode: MutableMode, version: Version, model: Version, alter?: Alter): string | null =>
  refine(everyVerb(mode), model, fromText(recorded(mode, version)), alter);

/** The exit statuses of a recorded run of every verb. */
export const statuses = (mode: MutableMode, version: Version): readonly (number | string)[] =>
  fromText(recorded(mode, version)).map((run) => read(run).rc);

export interface Step {
  readonly at: string;
  readonly call: LinuxCall;
}
/** What becomes of a step: itself, another, several, or none. */
export type Change = (step: Step, index: number) => readonly Step[];
/** A call in a few words: "M6d umount /etc". */
export const words = ({ at, call }: Step): string => `${at} ${call.op}${'path' in call ? ` ${call.path}` : ''}`;

/** The verbs of {@link everyVerb} by their numbers. */
const VERB = { merge: 1, skipped: 2, refresh: 3, failing: 4, unmerge: 5 } as const;
type VerbName = keyof typeof VERB;

/** What is different if the program of one verb is changed, in mode "yes". */
export const changed = (version: Version, verb: VerbName, change: Change): string | null =>
  refine(upTo(everyVerb('yes'), VERB[verb]), version, fromText(recorded('yes', version)), changing(VERB[verb], change));

/** The scenario up to its n-th verb. */
function upTo(scenario: Scenario, verbs: number): Scenario {
  const places = scenario.steps.flatMap((step, index) => ('verb' in step ? [index] : []));
  return { ...scenario, steps: scenario.steps.slice(0, (places[verbs - 1] ?? 0) + 1) };
}

/** Whose step is left out believes that all went well. */
function changing(verb: number, change: Change): Alter {
  let verbs = 0;
  return function* (program) {
    const isMeant = ++verbs === verb;
    let index = 0;
    let turn = program.next();
    while (!turn.done) {
      const { call, at = '' } = turn.value;
      let result: Parameters<typeof program.next>[0] = { ok: null };
      for (const request of isMeant ? change({ at, call }, index++) : [{ at, call }]) result = yield request;
      turn = program.next(result);
    }
    return turn.value;
  };
}

export interface Numbered extends Step {
  readonly index: number;
}

/** The steps of a verb that are calls, with their numbers among all steps. */
export function callsOf(version: Version, verb: VerbName): readonly Numbered[] {
  const calls: Numbered[] = [];
  changed(version, verb, (step, index) => {
    if (step.call.op !== 'ask') calls.push({ ...step, index });
    return [step];
  });
  return calls;
}

/** A call is made right before the one that it follows. */
export function tooEarly(calls: readonly Numbered[], late: Numbered): Change {
  const early = calls[calls.indexOf(late) - 1];
  return (step, index) => (index === early?.index ? [late, step] : index === late.index ? [] : [step]);
}
