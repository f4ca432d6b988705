/**
 * The verbs of systemd-sysext and systemd-confext: the parent's part, call by call (steps P1 to P6). What its child does is
 * in `merge.ts` and `unmerge.ts`. Read it beside `sysext.c`: verb_merge(), verb_refresh(), verb_unmerge(), verb_status().
 */
import { at, ChildKilled, type Program } from '../../src/program/linux.ts';
import { names, Stopped, yes } from './call.ts';
import { discoverImages } from './discovery.ts';
import { classOf, type Invocation, type Verb } from './invocation.ts';
import { type Merge, mergeChild } from './merge.ts';
import { mutableMode } from './mutable.ts';
import { STATUS } from './names.ts';
import { Log, type Outcome } from './outcome.ts';
import { type Assembled, exchangeAll } from './replace.ts';
import { unmergeAll, unmergeChild } from './unmerge.ts';

/** `merge`. Refuses what is merged already, then does as refresh. */
export function* merge(run: Invocation): Program<Outcome> {
  return yield* told(function* (log) {
    const mode = yield* mutableMode(run);
    const images = yield* discoverImages('P2', 'merge', run);
    for (const h of run.hierarchies) {
      // Checked without a lock.
      if (yield* yes('P3', 'ours', h, run.root, classOf(run).dotDir)) return log.outcome('already-merged');
    }
    return yield* mergeInChild({ run, verb: 'merge', mode, images, log });
  });
}

/** `refresh`, which is what the service runs at boot and on reload. */
export function* refresh(run: Invocation): Program<Outcome> {
  return yield* told(function* (log) {
    const mode = yield* mutableMode(run);
    const images = yield* discoverImages('P2', 'refresh', run);
    const outcome = yield* mergeInChild({ run, verb: 'refresh', mode, images, log });
    if (outcome.class !== 'nothing-found' && outcome.class !== 'nothing-suitable') return outcome;
    const failure = yield* unmergeInChild(run, log);
    return log.outcome(failure ?? outcome.class);
  });
}

/** `unmerge`. */
export function* unmerge(run: Invocation): Program<Outcome> {
  return yield* told(function* (log) {
    yield* mutableMode(run); // every verb reads the configuration
    const failure = yield* unmergeInChild(run, log);
    return log.outcome(failure ?? (log.unmerged.length > 0 ? 'unmerged' : 'not-merged'));
  });
}

/** `status`: what the marker directories say. A missing hierarchy is left out. */
export function* status(run: Invocation): Program<Outcome> {
  return yield* told(function* (log) {
    yield* mutableMode(run);
    const table: Record<string, readonly string[] | 'none'> = {};
    let failure: Stopped | null = null;
    for (const h of run.hierarchies) {
      try {
        const [found, ...extensions] = yield* names('S1', 'status', h, run.root, run.imageClass);
        if (found !== 'missing')
          table[h] = found === 'merged' ? extensions : run.systemd.statusOfNone === 'none' ? 'none' : [];
      } catch (reason) {
        if (!(reason instanceof Stopped)) throw reason;
        failure ??= reason;
      }
    }
    return failure === null ? log.outcome('status', { status: table }) : log.outcome(failureOf(failure));
  });
}

/** `list`: what discovery finds, whether it fits or not. */
export function* list(run: Invocation): Program<Outcome> {
  return yield* told(function* (log) {
    const images = yield* discoverImages('L1', 'list', run);
    return log.outcome('list', { list: images.map(({ name, path }) => [name, path] as const) });
  });
}

export const VERB_PROGRAMS: Readonly<Record<Verb, (run: Invocation) => Program<Outcome>>> = {
  merge,
  refresh,
  unmerge,
  status,
  list,
};

/** A verb as a whole program, for a scenario: what it tells is for nobody. */
export function* perform(verb: Verb, run: Invocation): Program {
  yield* VERB_PROGRAMS[verb](run);
}

/** What the event of {@link tell} begins with. */
export const TOLD = 'tells ';

/** The same where somebody wants to know how it ended. The exit status is in the class: errors and "already-merged" are 1. */
export function* tell(verb: Verb, run: Invocation): Program {
  const outcome = yield* VERB_PROGRAMS[verb](run);
  yield* at('exit', { op: 'event', what: TOLD + outcome.class });
}

/** Runs a verb that may stop anywhere in the parent. */
function* told(verb: (log: Log) => Program<Outcome>): Program<Outcome> {
  const log = new Log();
  const ended = yield* part(verb(log));
  const outcome = ended instanceof Stopped ? log.outcome(failureOf(ended)) : ended;
  // Where a child does the mounting, its end tells how that went.
  if (log.mountsItself) yield* at('P7', { op: 'event', what: `exit ${outcome.rc}` });
  return outcome;
}

type Ended = number | readonly Assembled[] | Stopped;

/**
 * P4: runs a child in a copy of the mount namespace, and gives its exit status, or the trees that it has sent, or what it
 * failed with. What is mounted only there dies with it.
 */
function* inChild<T extends Ended>(child: Program<T>): Program<T | Stopped> {
  const forked = yield* at('P4', { op: 'unshare' });
  if ('err' in forked) return new Stopped('P4', forked.err);
  try {
    const ended = yield* part(child);
    yield* at('M9', { op: 'leave', ...lastWords(ended) });
    return ended;
  } catch (reason) {
    if (!(reason instanceof ChildKilled)) throw reason;
    return new Stopped('M9', 'EPROTO', reason.signal); // a signal to the child alone, be it just before it exits
  }
}

/** A part that may stop. */
function* part<T>(program: Program<T>): Program<T | Stopped> {
  try {
    return yield* program;
  } catch (reason) {
    if (!(reason instanceof Stopped)) throw reason;
    return reason;
  }
}

/** What the parent gets from its child. */
function lastWords(ended: Ended): { readonly status: number | string; readonly trees?: readonly string[] } {
  if (ended instanceof Stopped) return { status: ended.signal ?? ended.errno };
  if (typeof ended === 'number') return { status: ended };
  return { status: STATUS.merged, trees: ended.flatMap(({ tree }) => (tree === null ? [] : [tree])) };
}

const failureOf = ({ signal, errno }: Stopped): `error:${string}` | `crash:${string}` =>
  signal === null ? `error:${errno}` : `crash:${signal}`;

/** P4 and P5: the merge, and what the extensions that are there now want to be reloaded. */
function* mergeInChild(merging: Merge): Program<Outcome> {
  const { run, log } = merging;
  const ended = yield* inChild(mergeChild(merging));
  if (ended instanceof Stopped) return log.outcome(failureOf(ended));
  if (ended === STATUS.nothingFound) return log.outcome(log.nothing);
  if (ended === STATUS.skipped) return log.outcome('skipped');
  if (typeof ended !== 'number') {
    log.mountsItself = true;
    yield* exchangeAll(run, ended, log);
  }
  yield* reload(yield* wanted('P5', run));
  return log.outcome(log.merged.length > 0 ? 'merged' : 'nothing-merged');
}

/** U1 to U6: what it fails with, or null. What is to be reloaded is asked before. */
function* unmergeInChild(run: Invocation, log: Log): Program<`error:${string}` | `crash:${string}` | null> {
  const units = yield* wanted('U1', run);
  log.mountsItself = !run.systemd.unmergeForks;
  const status = yield* log.mountsItself ? unmergeAll(run, log) : inChild(unmergeChild(run, log));
  if (typeof status !== 'number') return failureOf(status);
  yield* reload(units);
  return null;
}

/** What the extensions that are merged ask for: "daemon-reload", and in newer versions units to restart. */
function* wanted(step: string, run: Invocation): Program<readonly string[]> {
  if (run.noReload) return [];
  return yield* names(step, 'reloads', run.imageClass, run.root, run.systemd.discovery, run.hierarchies);
}

/** P6 and U6: the service manager is told. Visible to everybody who is restarted by it. */
function* reload(requests: readonly string[]): Program {
  for (const what of requests) yield* at('P6', { op: 'event', what });
}
