/**
 * A refresh that is killed at every one of its steps: what is left behind. Compared with 257.13 and 262.1, which were stopped with
 * ptrace before each of their calls and sent SIGTERM, to the parent and to the child alone: the same places, in the same order.
 */
import { describe, expect, it } from 'vitest';
import { choose } from '../../models/scenario.ts';
import { scenario } from '../../models/scenarios/parallel-runs.ts';
import { QUESTIONS } from '../../models/systemd/questions.ts';
import { TOLD } from '../../models/systemd/verbs.ts';
import { stackText } from '../../properties/endings.ts';
import { linux, type Moment, monitor, type Step } from '../../src/program/linux.ts';
import { nameOf } from '../edges.ts';

interface Past {
  /** The last step before the signal. */
  readonly last: string;
  readonly killed: boolean;
  readonly told: string;
}
const NOTHING: Past = { last: 'start', killed: false, told: 'nothing' };

const follow = (past: Past, _before: Moment, step: Step): Past => {
  if (step.call.op === 'event') return { ...past, told: step.call.what.slice(TOLD.length) };
  if (step.killed !== undefined) return { ...past, killed: true };
  return past.killed ? past : { ...past, last: nameOf(step) };
};

/** For each step of a refresh, in order: what was mounted on /etc, and what the tool said, if the signal came right after it. */
function leftBehind(systemd: string, mutable: string, how: 'kill' | 'killChild'): readonly (readonly string[])[] {
  const { world, processes } = scenario.build(choose(scenario, { systemd, mutable, submount: 'directory' }));
  const past = monitor('past', NOTHING, follow);
  const [one] = processes;
  if (one === undefined) throw new Error('there should be a first run');
  const seen: (readonly string[])[] = [];
  linux({ world, processes: [{ ...one, [how]: true }], monitors: [past], questions: QUESTIONS }).check([
    {
      name: 'left behind',
      kind: 'always',
      over: 'state',
      witnesses: [],
      check: (now) => {
        const { last, killed, told } = now.recall(past);
        if (killed && now.over('one')) seen.push([last, told, stackText(now.world, '/etc')]);
        return [];
      },
    },
  ]);
  return seen;
}

/** The first step of every stretch of steps after which the same is left. */
function stretches(left: readonly (readonly string[])[]): readonly string[] {
  const what = ([, ...rest]: readonly string[]): string => rest.join(': ');
  return left
    .filter((each, index) => what(each) !== what(left[index - 1] ?? []))
    .map((each) => `${(each[0] ?? '').padEnd(14)}  ${what(each)}`);
}

const YES = [
  ['M6b umount', 'overlay{keys}'],
  ['M6c umount', 'overlay'],
  ['M6d umount', 'bare, work directory left'],
  ['M6e rmdir', 'bare'],
  ['M7c mkdirAll', 'bare, work directory left'],
  ['M8 mount-bind', 'overlay{dot,keys}'],
] as const;
const NO = [
  ['M6c umount', 'overlay'],
  ['M6d umount', 'bare'],
  ['M8 mount-bind', 'overlay{keys}'],
] as const;

const lines = (said: string, first: string, old: string, rows: readonly (readonly [string, string])[]) =>
  [[first, old] as const, ...rows].map(([step, left]) => `${step.padEnd(14)}  ${said}: ${left}`);

describe.each(['257', '262'])('a refresh of %s that is killed', (systemd) => {
  it('as a whole, by a signal to the parent, leaves /etc as its last step left it, without what it had parked', () => {
    const old = 'overlay{dot,keys}';
    expect(stretches(leftBehind(systemd, 'yes', 'kill'))).toEqual(lines('nothing', 'P2 ask', old, YES));
    expect(stretches(leftBehind(systemd, 'no', 'kill'))).toEqual(lines('nothing', 'P2 ask', 'overlay{keys}', NO));
  });

  it('in its child alone leaves the same, and says so; even if the new overlay is there already', () => {
    const said = 'crash:SIGTERM';
    const old = 'overlay{dot,keys}';
    expect(stretches(leftBehind(systemd, 'yes', 'killChild'))).toEqual(lines(said, 'P4 unshare', old, YES));
    expect(stretches(leftBehind(systemd, 'no', 'killChild'))).toEqual(lines(said, 'P4 unshare', 'overlay{keys}', NO));
  });
});
