/**
 * Where the pages try things out: a machine is a world, a value, so that one may be tried in many ways. An administrator makes
 * calls, the tool runs, and others only look.
 */
import { type Invocation, parseCommand, type Verb } from '../../models/systemd/invocation.ts';
import type { Outcome } from '../../models/systemd/outcome.ts';
import { QUESTIONS } from '../../models/systemd/questions.ts';
import { VERB_PROGRAMS } from '../../models/systemd/verbs.ts';
import { ABOUT, systemd, VERSIONS, type Version } from '../../models/systemd/versions.ts';
import { build, type Machine } from '../../models/world.ts';
import type { ImageClass } from '../input/imageclass.ts';
import type { Call, CallResult } from '../kernel/calls.ts';
import { step } from '../kernel/step.ts';
import { type Errno, err, type TaskId } from '../kernel/types.ts';
import type { World } from '../kernel/world.ts';
import { type LinuxCall, type Program, type Ran, run, type Step } from '../program/linux.ts';
import { code, listed } from './markdown.ts';

export const ADMIN: TaskId = 'admin';
const TOOL: TaskId = 'tool';

/** A machine with room for what the pages do. `others` are further processes that only look or hold something. */
export const machine = (what: Omit<Machine, 'processes'>, others: readonly TaskId[] = []): World =>
  build({ ...what, processes: { [ADMIN]: 6, [TOOL]: 16, ...Object.fromEntries(others.map((name) => [name, 0])) } });

/** What a call does, if the one thing happens that a machine does which forgets nothing. */
export function tries(world: World, task: TaskId, call: Call): { readonly world: World; readonly result: CallResult } {
  const [outcome] = step(world, task, call);
  if (outcome === undefined) throw new Error(`${call.op} has no outcome`);
  return { world: world.with(outcome.writes), result: outcome.result };
}

/** The world after calls that all succeed. */
export function after(world: World, calls: readonly Call[], task: TaskId = ADMIN): World {
  return calls.reduce((now, call) => {
    const { world: next, result } = tries(now, task, call);
    if ('err' in result) throw new Error(`the page's own call ${JSON.stringify(call)} fails with ${result.err}`);
    return next;
  }, world);
}

/** A run of the tool. */
export interface Attempt {
  readonly world: World;
  readonly outcome: Outcome;
  readonly steps: readonly Step[];
}

/** A process that runs the tool, from its start to its end. */
export const attempt = (world: World, verb: Verb, invocation: Invocation): Attempt =>
  ended(world, world, run(world, TOOL, VERB_PROGRAMS[verb](invocation), QUESTIONS));

/** The process is over, and what only it had is cleared away. */
function ended(before: World, inside: World, { writes, value, steps }: Ran<Outcome>): Attempt {
  return { world: gone(before, inside.with(writes)), outcome: value, steps };
}

const gone = (before: World, now: World): World =>
  after(now, [{ op: 'exit' }], TOOL).with([[`task:${TOOL}`, before.get(`task:${TOOL}`)]]);

/** A run of the tool as it goes when nothing is in its way, to be stopped at any step. */
export class Rehearsal {
  readonly outcome: Outcome;
  readonly steps: readonly Step[];
  /** The world before each step, and after the last. */
  readonly worlds: readonly World[];
  readonly #before: World;
  readonly #program: () => Program<Outcome>;

  constructor(world: World, verb: Verb, invocation: Invocation) {
    this.#before = world;
    this.#program = () => VERB_PROGRAMS[verb](invocation);
    const worlds = [world];
    const { steps, outcome } = attempt(world, verb, invocation);
    for (const { call } of steps) {
      const now = worlds.at(-1) ?? world;
      worlds.push(call.op === 'ask' || call.op === 'event' ? now : tries(now, TOOL, call).world);
    }
    this.steps = steps;
    this.outcome = outcome;
    this.worlds = worlds;
  }

  /** What is left if the call at this step fails. */
  failing(step: number, errno: Errno): Attempt {
    const questions = { ...QUESTIONS, [FAILING.question]: () => err(errno) };
    const inside = this.#at(step);
    return ended(this.#before, inside, run(inside, TOOL, this.#rest(step), questions));
  }

  /** What is left if the tool, with its child, is killed before this step. */
  killed(step: number): World {
    return gone(this.#before, this.#at(step));
  }

  #at(step: number): World {
    const world = this.worlds[step];
    if (world === undefined) throw new Error(`there is no step ${step}`);
    return world;
  }

  /** The program from a step on, where the first call fails. What happened before is told to it. */
  *#rest(step: number): Program<Outcome> {
    const program = this.#program();
    let turn = program.next();
    for (const { result } of this.steps.slice(0, step)) turn = program.next(result);
    if (turn.done) throw new Error(`the program is over before step ${step}`);
    turn = program.next(yield { ...turn.value, call: FAILING });
    while (!turn.done) turn = program.next(yield turn.value);
    return turn.value;
  }
}

/** What there is to tell of a run that was killed. */
export const KILLED: Outcome = { rc: 1, class: 'crash:SIGKILL' };
/** A failing call is a question with a bad answer: nothing happens but that. */
const FAILING = { op: 'ask', question: 'the call fails', args: [] } as const satisfies LinuxCall;

/** How the tool is called on these machines: nobody is reloaded, and an option that a version does not know is left out. */
export function command(
  version: Version,
  imageClass: ImageClass,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Invocation {
  const behaviours = systemd(version);
  const known = args.filter((argument) => behaviours.skip || !argument.startsWith('--always-refresh'));
  return { ...parseCommand(imageClass, behaviours, known, env), noReload: true, architecture: 'x86-64' };
}

/** Versions of systemd itself; the others are scripts, for comparison, that care for no mounts below a hierarchy. */
export const SYSTEMDS: readonly Version[] = VERSIONS.filter((version) => systemd(version).submounts !== 'dropped');

/** The versions that are no release. */
export const OTHER_VERSIONS: readonly Version[] = VERSIONS.filter((version) => ABOUT[version].on !== version);

/** Versions as a column of a table: "all" where there is no other among those that the table is about. */
export const versionsText = (versions: readonly Version[], all: readonly Version[] = VERSIONS): string =>
  versions.length === all.length && all.length > 1 ? 'all' : versions.join(', ');

/** Versions in a heading: what is not a release is called by its name alone. */
export const versionNames = (versions: readonly Version[]): string =>
  listed(versions.map((version) => (OTHER_VERSIONS.includes(version) ? code(version) : `systemd ${version}`)));

/** Where to read about them, in a sentence. */
export const otherVersions = (): string => {
  return `Besides releases there are ${listed(OTHER_VERSIONS.map(code))}: [behaviours.md](behaviours.md) says what they are.`;
};
