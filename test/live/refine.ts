/**
 * What "refinement" means here. The model's program is held beside what the real tool did under strace, call by call:
 *
 * - a step of the program that changes something, or tries to, has to be what the tool did next, with equal arguments and an
 *   equal result;
 * - a step that only looks, and a question, is answered by the model's world and has no counterpart, whatever the tool read to
 *   find it out;
 * - nothing is left over on either side, and the exit status is the same.
 *
 * Then the real run is one of the program's, and whatever the checker proves of the program's order of changes holds for it.
 * The few liberties are all here and in `src/live/syscalls.ts`, each with its reason: {@link groupOf} has steps of which the
 * model does not know the order, {@link expectedOf} calls that stand for several or for none, {@link sameData} what the files
 * of the marker directory say in other words.
 */

import { posix } from 'node:path';
import { invoke } from '../../models/systemd/invocation.ts';
import { LOCKS } from '../../models/systemd/names.ts';
import type { Outcome as VerbOutcome } from '../../models/systemd/outcome.ts';
import { QUESTIONS } from '../../models/systemd/questions.ts';
import { VERB_PROGRAMS } from '../../models/systemd/verbs.ts';
import { systemd, type Version } from '../../models/systemd/versions.ts';
import { build, tree } from '../../models/world.ts';
import type { Call, CallResult } from '../../src/kernel/calls.ts';
import { resolve } from '../../src/kernel/path.ts';
import { step as kernelStep } from '../../src/kernel/step.ts';
import { failed, type Outcome, type TaskId } from '../../src/kernel/types.ts';
import { type Read, task as taskOf, type World } from '../../src/kernel/world.ts';
import { type Deed, type Deeds, overlayDeed, sorted } from '../../src/live/syscalls.ts';
import type { LinuxCall, Program } from '../../src/program/linux.ts';
import { type Run, read, type Scenario, type Verb } from './sandbox.ts';

const TOOL = 'tool';
const ADMIN = 'admin';

// ---- the model's side of a scenario -------------------------------------------------------------------------------

/** The only place that knows how the model's programs are called. */
function programOf(
  { tool, hierarchies }: Scenario,
  version: Version,
  { verb, ...options }: Verb,
): Program<VerbOutcome> {
  const { mutable = null, noexec = null, mountOptions = null, always = false, root = '', force = false } = options;
  const systemdOf = systemd(version);
  const invocation = invoke(tool, systemdOf, {
    hierarchies,
    root,
    mutable,
    force,
    noexec,
    alwaysRefresh: always,
    noReload: true,
    mountOptions: systemdOf.mountOptionsVariable ? mountOptions : null,
  });
  return VERB_PROGRAMS[verb](invocation);
}

/** The bare root, as the sandbox makes it. */
const bare = ({ disk = false }: Scenario): World =>
  build({
    run: tree`systemd/`,
    root: {
      ...tree`
      etc/
      opt/
      run/
      srv/
      usr/
        lib/
          os-release "ID=testos\nVERSION_ID=1\n"
      var/
        lib/`,
      type: disk ? 'ext4' : 'tmpfs',
    },
    processes: { [TOOL]: 12, [ADMIN]: 6 },
  });

/** A change of the program under test: tests of the check itself show by it that a wrong program is noticed. */
export type Alter = (program: Program<VerbOutcome>, verb: Verb) => Program<VerbOutcome>;

/** What went differently first, in words; null where every verb is a run of the model. */
export function refine(
  scenario: Scenario,
  version: Version,
  runs: readonly Run[],
  alter: Alter = (program) => program,
): string | null {
  let world = bare(scenario);
  let ran = 0;
  for (const step of scenario.steps) {
    if (!('verb' in step)) {
      world = made(world, ADMIN, step);
      continue;
    }
    const run = runs[ran++];
    if (run === undefined) throw new Error('a verb did not run');
    const fresh = taskOf(world, TOOL);
    const { cwd = '/' } = step;
    const check = new Check(made(world, TOOL, { op: 'chdir', path: cwd }), cwd, run);
    check.drive(alter(programOf(scenario, version, step), step));
    if (check.difference !== null) return `verb ${ran}, ${step.verb}: ${check.difference}\n${run.stderr}`;
    world = made(check.world, TOOL, { op: 'exit' }).with([[`task:${TOOL}`, fresh]]);
  }
  return null;
}

/** The world after a call that has to succeed. */
function made(world: World, task: TaskId, call: Call): World {
  const [outcome] = kernelStep(world, task, call);
  if (outcome === undefined || 'err' in outcome.result)
    throw new Error(`the model cannot ${JSON.stringify(call)}: ${JSON.stringify(outcome?.result)}`);
  return world.with(outcome.writes);
}

// ---- the check ----------------------------------------------------------------------------------------------------

/** A step of the program that has to show in what the tool did. */
interface Expected {
  readonly at: string;
  readonly call: Deeds;
  readonly result: string;
  /** The world in which paths mean something. */
  readonly world: World;
}

class Check {
  difference: string | null = null;
  world: World;
  readonly #deeds: Deed[];
  readonly #rc: number | string;
  readonly #cwd: string;
  /** Steps whose order the model does not know: see {@link groupOf}. */
  #group: Expected[] = [];
  #groupName = '';

  constructor(world: World, cwd: string, run: Run) {
    this.world = world;
    this.#cwd = cwd;
    const { deeds, rc } = read(run);
    this.#deeds = [...deeds];
    this.#rc = rc;
  }

  drive(program: Program<VerbOutcome>): void {
    let turn = program.next();
    while (!turn.done && this.difference === null) {
      const { call, at = '' } = turn.value;
      turn = program.next(this.#step(at, call));
    }
    this.#flush();
    if (this.#deeds[0] !== undefined) this.#differ(null, this.#deeds[0]);
    if (turn.done && turn.value.rc !== this.#rc)
      this.difference ??= `the program ends with ${turn.value.rc} (${turn.value.class}), the tool with ${this.#rc}`;
  }

  #step(at: string, call: LinuxCall): CallResult {
    if (call.op === 'event') throw new Error('the tool was told not to reload');
    if (call.op === 'ask') {
      const answer = QUESTIONS[call.question]?.(this.world, TOOL, call.args);
      if (answer === undefined) throw new Error(`nobody answers ${call.question}`);
      return isResult(answer) ? answer : { ok: answer };
    }
    const outcomes = kernelStep(this.world, TOOL, call);
    const [first] = outcomes;
    if (first === undefined) throw new Error(`${call.op} has no outcome`);
    const shows = (outcome: Outcome<CallResult>): readonly Expected[] =>
      expectedOf(at, call, outcome, this.world, this.#cwd);
    const fits = outcomes.find((outcome) => {
      const [shown] = shows(outcome);
      const [deed] = this.#deeds;
      return shown !== undefined && deed !== undefined && agrees(shown, deed);
    });
    const taken = fits ?? first;
    for (const expected of shows(taken)) {
      const group = groupOf(expected);
      if (group !== this.#groupName) this.#flush();
      this.#groupName = group;
      if (group === '') this.#match(expected);
      else this.#group.push(expected);
    }
    this.world = this.world.with(taken.writes);
    return taken.result;
  }

  #flush(): void {
    const group = this.#group;
    this.#group = [];
    this.#deeds.unshift(...inGroupOrder(this.#deeds.splice(0, group.length)));
    for (const expected of inGroupOrder(group)) this.#match(expected);
  }

  #match(expected: Expected): void {
    const deed = this.#deeds.shift();
    if (deed === undefined || !agrees(expected, deed)) this.#differ(expected, deed);
  }

  #differ(expected: Expected | null, deed: Deed | undefined): void {
    const made = expected === null ? 'is over' : `${expected.at}: ${words(expected.call)} -> ${expected.result}`;
    const done = deed === undefined ? 'does nothing more' : `line ${deed.line}: ${words(deed.call)} -> ${deed.result}`;
    this.difference ??= `the program ${made}; the tool ${done}`;
  }
}

/**
 * Steps in a row that the tool takes in an order of which the model knows nothing: images in the order of a hash table, and
 * clones of submounts in that of the mount table, by age.
 */
function groupOf({ at, call: { op } }: Expected): string {
  if (at === 'M3') return 'images';
  return op === 'open-tree' ? `clones ${at}` : '';
}

/** What belongs to one image or submount stays in its order. */
function inGroupOrder<T extends { readonly call: Deeds }>(list: readonly T[]): readonly T[] {
  const key = ({ call }: T): string => {
    const path = 'path' in call ? call.path : '';
    return call.op === 'open-tree' ? path : (/^\/run\/systemd\/sysext\/\w+\/([^/]+)/.exec(path)?.[1] ?? '');
  };
  return [...list].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

const isResult = (answer: unknown): answer is CallResult =>
  typeof answer === 'object' && answer !== null && !Array.isArray(answer) && ('ok' in answer || 'err' in answer);

const words = ({ op, ...args }: Deeds): string => `${op} ${JSON.stringify(args)}`;

// ---- the steps of a program as deeds --------------------------------------------------------------------------------

/** Steps that only look, or that concern nobody but the process. */
const LOOKS: readonly Call['op'][] = [
  'read',
  'stat',
  'lstat',
  'access',
  'readdir',
  'readlink',
  'getxattr',
  'listxattr',
  'mtime',
  'sameino',
];

/** What has to show of a step: one deed, none, or a directory after the other for `mkdir -p`. */
function expectedOf(
  at: string,
  call: Call,
  outcome: Outcome<CallResult>,
  world: World,
  cwd: string,
): readonly Expected[] {
  const result = 'err' in outcome.result ? outcome.result.err : 'ok';
  const expected = (one: Deeds): Expected => ({ at, call: one, result, world });
  if (LOOKS.includes(call.op)) return [];
  switch (call.op) {
    case 'mkdirAll': {
      const after = world.with(outcome.writes);
      const missing = prefixes(call.path).filter((path) => !isThere(world, path));
      const made = missing.filter((path) => isThere(after, path));
      const refused = result === 'ok' ? [] : missing.slice(made.length, made.length + 1);
      // One call of the model has one mode; nobody looks at that of the directory of locks.
      const mkdir = (path: string): Deeds => ({ op: 'mkdir', path, mode: path === LOCKS ? 0o700 : call.mode });
      return [
        ...made.map((path): Expected => ({ at, call: mkdir(path), result: 'ok', world })),
        ...refused.map((path) => expected(mkdir(path))),
      ];
    }
    case 'mkdir':
      return result === 'EEXIST' ? [] : [expected(call)];
    case 'removeTree':
      return result === 'ok' && !isThere(world, call.path)
        ? []
        : [expected({ op: 'removeTree', path: posix.resolve(cwd, call.path) })];
    case 'write':
      return [expected({ op: 'write', path: call.path, data: typeof call.data === 'string' ? call.data : null })];
    case 'mount-overlay':
    case 'mount-overlay-data':
      return [expected(overlayDeed(call))];
    default:
      return [expected(call)];
  }
}

const isThere = (world: Read, path: string): boolean => !failed(resolve(world, TOOL, path)) && exists(world, path);
const exists = (world: Read, path: string): boolean => {
  const [outcome] = kernelStep(world, TOOL, { op: 'access', path });
  return outcome !== undefined && 'ok' in outcome.result;
};

function prefixes(path: string): readonly string[] {
  const parts = path.split('/').filter((part) => part !== '');
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`);
}

// ---- equality -------------------------------------------------------------------------------------------------------

/** The values that a field has where it is left out. */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  recursive: false,
  detach: false,
  nofollow: false,
  private: false,
  flags: [],
  beneath: false,
  bind: false,
};

function agrees({ call, result, world }: Expected, deed: Deed): boolean {
  const real: Deeds = deed.call;
  if (call.op === 'leave' && real.op === 'leave') return status(call.status) === real.status;
  if (call.op !== real.op || result !== deed.result) return false;
  const [a, b] = [fields(call), fields(real)];
  return sorted([...new Set([...Object.keys(a), ...Object.keys(b)])]).every((key) =>
    sameField(world, call.op, key, a[key], b[key]),
  );
}

/** A child that fails with an error exits with 1. */
const status = (given: number | string): number | string =>
  typeof given === 'string' && given.startsWith('E') ? 1 : given;

function fields(call: Deeds): Readonly<Record<string, unknown>> {
  // A clone that a program opens is recursive and private unless it says otherwise.
  return call.op === 'open-tree' ? { recursive: true, private: true, ...call } : { ...call };
}

function sameField(world: Read, op: string, key: string, a: unknown, b: unknown): boolean {
  if (a === undefined || b === undefined)
    return sameField(world, op, key, a ?? DEFAULTS[key] ?? null, b ?? DEFAULTS[key] ?? null);
  if (op === 'write' && key === 'data') return sameData(a, b);
  if (['path', 'from', 'upper', 'work', 'tree'].includes(key)) return samePath(world, a, b);
  if (key === 'lowers' && Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((path: unknown, index) => samePath(world, path, b[index]));
  if ((key === 'flags' || key === 'set') && Array.isArray(a) && Array.isArray(b))
    return sorted(a.map(String)).join() === sorted(b.map(String)).join();
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The model writes no newline at the end, names a device by its file system, and an extension in one word. */
function sameData(model: unknown, real: unknown): boolean {
  if (model === null) return /^\d+:\d+\n$/.test(String(real));
  const [one, other] = [String(model), String(real)];
  if (one.startsWith('{') && other.startsWith('{')) return originWords(one) === originWords(other);
  return one.replace(/\n$/, '') === other.replace(/\n$/, '');
}

/**
 * An origin with sorted keys, and without what identifies the extensions: the mount, handle and times there, a word of its
 * own here.
 */
const originWords = (text: string): string =>
  JSON.stringify(JSON.parse(text), (key, value: unknown) => {
    if (['onMountId', 'fileHandle', 'inode', 'crtime', 'mtime', 'identity'].includes(key)) return undefined;
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });

/** Equal in writing, or the same place. */
function samePath(world: Read, a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'string' || typeof b !== 'string') return false;
  const [left, right] = [resolve(world, TOOL, a), resolve(world, TOOL, b)];
  return !failed(left) && !failed(right) && JSON.stringify(left.ok) === JSON.stringify(right.ok);
}
