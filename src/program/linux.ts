/** The Linux machine: the kernel floor's calls as steps of programs, and the words in which such programs are written. */
import type { Property } from '../checker/property.ts';
import type { Call, CallResult, Value } from '../kernel/calls.ts';
import { step as kernelStep } from '../kernel/step.ts';
import { type Change, type Component, err, type Outcome, ok, type Slot, type TaskId } from '../kernel/types.ts';
import { Draft, Forgotten, Overflow, type Read, type Slots } from '../kernel/world.ts';
import {
  type Moment as AnyMoment,
  type Monitor as AnyMonitor,
  type Process as AnyProcess,
  type Step as AnyStep,
  monitor as anyMonitor,
  type Compiled,
  compile,
  type Machine,
} from './model.ts';
import { type Next as AnyNext, type Program as AnyProgram, type End, named } from './program.ts';

export type { CallResult, Value } from '../kernel/calls.ts';
export { become, start } from './program.ts';

/** A kernel call, or a question that a program asks in one step although a real one makes many harmless reads for it. */
export type LinuxCall =
  | Call
  /** What a registered pure function says of the world. */
  | { readonly op: 'ask'; readonly question: string; readonly args: readonly Value[] }
  /** Something that others notice and that changes nothing here: the service manager is told to reload. */
  | { readonly op: 'event'; readonly what: string };

export type Program<T = End<LinuxCall, CallResult>> = AnyProgram<LinuxCall, CallResult, T>;
export type Next = AnyNext<LinuxCall, CallResult>;
export type Step = AnyStep<LinuxCall, CallResult, Change>;
export type Moment = AnyMoment<Read>;
export type Process = AnyProcess<LinuxCall, CallResult>;
export type Monitor<T> = AnyMonitor<T, Read, Step>;
export type LinuxProperty = Property<Moment, Step>;
export type LinuxModel = Compiled<Read, Step>;

/** A pure function of the world. It must read it only through `world`, and gives a value, or a result of its own. */
export type Question = (world: Read, task: TaskId, args: readonly Value[]) => Value | CallResult;
export type Questions = Readonly<Record<string, Question>>;

/** The signal by which children are killed. Which one it is makes no difference here. */
const SIGNAL = 'SIGTERM';

/** Thrown in a program at the call that its child was about to make: the child is gone, and the parent sees a signal as its exit status. */
export class ChildKilled extends Error {
  override name = 'ChildKilled';
  readonly signal: string;

  constructor(signal: string) {
    super(`the child has been killed by ${signal}`);
    this.signal = signal;
  }
}

/** One step with a name, as in `yield* at('M6d', { op: 'umount', path })`; or the name for the steps of a part of a program. */
export function at(name: string, call: LinuxCall): Program<CallResult>;
export function at<T>(name: string, part: Program<T>): Program<T>;
export function* at<T>(name: string, what: LinuxCall | Program<T>): Program<T | CallResult> {
  if (!('op' in what)) return yield* named(name, what);
  const result = yield { call: what, at: name };
  if ('signal' in result) throw new ChildKilled(String(result.signal));
  return result;
}

export interface LinuxSetup {
  /** The world at the start. Every slot that it has becomes one of the model. */
  readonly world: Read;
  /** Each has its kernel side, a task of the same name, in the world. */
  readonly processes: readonly Process[];
  readonly monitors?: readonly Monitor<unknown>[];
  readonly questions?: Questions;
}

/** The model of these processes: `linux({ world, processes }).check(properties, options)`. */
export function linux({ world, processes, monitors, questions = {} }: LinuxSetup): LinuxModel {
  for (const { name } of processes) {
    if (world.get(`task:${name}`)?.kind !== 'task') throw new Error(`the process ${name} has no task in the world`);
  }
  const edited = new EditedNames();
  const machine = linuxMachine(world, questions, edited);
  const model = compile({ machine, processes, ...(monitors === undefined ? {} : { monitors }) });
  return { ...model, check: (properties, options) => edited.found(() => model.check(properties, options)) };
}

/**
 * The names that somebody edits in a layer of a live overlay. What was looked up of all other names makes no difference to
 * anything that follows, so a search does not remember it. Which names those are it finds out on the way: it starts with
 * none, and begins anew with those that it would have had to know.
 */
class EditedNames {
  #names: ReadonlySet<string> = new Set();
  #searching = false;

  /** Outside a search, all lookups are remembered. */
  readonly remembers = (name: string): boolean => !this.#searching || this.#names.has(name);

  found<T>(search: () => T): T {
    this.#searching = true;
    try {
      for (;;) {
        const result = this.#attempt(search);
        if (result !== null) return result.value;
      }
    } finally {
      this.#searching = false;
    }
  }

  #attempt<T>(search: () => T): { readonly value: T } | null {
    try {
      return { value: search() };
    } catch (reason) {
      if (!(reason instanceof Forgotten)) throw reason;
      this.#names = new Set([...this.#names, ...reason.entries]);
      return null;
    }
  }
}

/** A memory of the past for {@link LinuxSetup.monitors}. */
export function monitor<T>(
  name: string,
  initial: T,
  next: (past: T, before: Moment, step: Step, after: Moment) => T,
): Monitor<T> {
  return anyMonitor(name, initial, next);
}

const slotNames = ({ fs, ns, tasks }: Slots): readonly Slot[] => [
  ...fs.map((id): Slot => `fs:${id}`),
  ...ns.map((id): Slot => `ns:${id}`),
  ...tasks.map((id): Slot => `task:${id}`),
];

function linuxMachine(
  start: Read,
  questions: Questions,
  { remembers }: EditedNames,
): Machine<Read, Component, LinuxCall, CallResult, Change> {
  const { slots } = start;
  return {
    slots: new Map(slotNames(slots).map((slot) => [slot, start.get(slot)])),
    world: (get) => ({ slots, get, remembers }),
    step: (world, process, call) => {
      try {
        return linuxStep(world, process, call, questions);
      } catch (reason) {
        if (!(reason instanceof Overflow)) throw reason;
        return [{ writes: [], result: err('ENOSPC'), changes: [], overflow: reason.message }];
      }
    },
    ended: (world, process) => kernelStep(world, process, { op: 'exit' }).flatMap(({ writes }) => writes),
    killed: { call: { op: 'exit' }, result: ok(null) },
    childKilled: (world, process) => {
      const task = world.get(`task:${process}`);
      if (task?.kind !== 'task' || task.home === null) return null;
      const call = { op: 'leave', status: SIGNAL } as const;
      const [outcome] = kernelStep(world, process, call);
      return outcome === undefined ? null : { ...outcome, call, reply: { err: 'EINTR', signal: SIGNAL } };
    },
  };
}

/** What Linux may do with a call of a task. A question and an event change nothing. */
function linuxStep(world: Read, task: TaskId, call: LinuxCall, questions: Questions): readonly Outcome<CallResult>[] {
  if (call.op === 'event') return [{ writes: [], result: ok(null), changes: [] }];
  if (call.op === 'ask') return [{ writes: [], result: answer(world, task, call, questions), changes: [] }];
  return kernelStep(world, task, call);
}

function answer(
  world: Read,
  task: TaskId,
  { question, args }: { readonly question: string; readonly args: readonly Value[] },
  questions: Questions,
): CallResult {
  const ask = questions[question];
  if (ask === undefined) {
    throw new Error(`nobody answers the question ${question}; known are ${Object.keys(questions).sort().join(', ')}`);
  }
  const given = ask(world, task, args);
  return isResult(given) ? given : ok(given);
}

const isResult = (given: Value | CallResult): given is CallResult =>
  typeof given === 'object' && given !== null && !Array.isArray(given) && ('ok' in given || 'err' in given);

/** More steps than any program of one iteration makes. */
const LONG_RUN = 10_000;

/** What a program did alone: the world after it, its steps, and what it returned. */
export interface Ran<T> {
  readonly world: Read;
  readonly writes: Outcome<CallResult>['writes'];
  readonly steps: readonly Step[];
  readonly value: T;
}

/**
 * Runs a program, or a part of one, to its end when nobody else runs. Of several outcomes the first is taken, and undefined
 * behaviour is, too: this says what the author of the program has in mind. The task stays as the program leaves it.
 */
export function run<T>(world: Read, task: TaskId, program: Program<T>, questions: Questions = {}): Ran<T> {
  const draft = new Draft(world);
  const steps: Step[] = [];
  let turn = program.next();
  while (!turn.done) {
    if (steps.length === LONG_RUN) throw new Error(`${task} does not end, even alone`);
    const { call, at } = turn.value;
    const outcome = linuxStep(draft, task, call, questions)[0];
    if (outcome === undefined) throw new Error(`${task} waits for ever in ${call.op}`);
    for (const [slot, value] of outcome.writes) draft.set(slot, value);
    turn = program.next(outcome.result);
    const { result, changes } = outcome;
    steps.push({
      process: task,
      ...(at === undefined ? {} : { at }),
      call,
      result,
      changes,
      next: turn.done ? 'end' : 'on',
    });
  }
  return { world: draft, writes: draft.writes, steps, value: turn.value };
}

/** What a process does when nobody else runs, until it ends or begins anew. Its end clears away what only it had. */
export function runAlone(
  world: Read,
  process: { readonly name: TaskId; readonly program: Next },
  questions: Questions = {},
): { readonly world: Read; readonly steps: readonly Step[] } {
  const { name, program } = process;
  const ran = run(world, name, program.start(), questions);
  const last = ran.steps.at(-1);
  if (ran.value !== undefined && last !== undefined)
    return { world: ran.world, steps: [...ran.steps.slice(0, -1), { ...last, next: 'again' }] };
  const draft = new Draft(ran.world);
  for (const { writes } of kernelStep(draft, name, { op: 'exit' }))
    for (const [slot, value] of writes) draft.set(slot, value);
  return { world: draft, steps: ran.steps };
}
