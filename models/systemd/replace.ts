/**
 * The exchange of finished overlays, done by the parent where the child only assembled them (steps E1 to E4): each goes beneath
 * the old one, which is then detached, so that whoever looks up a path finds one or the other. Every hierarchy is on its own: there
 * is no way back for those that are done already. Source: systemd pull request 43680, exchange_hierarchy_tree(); what its
 * description leaves open is done as in the version it is built on.
 */
import { err } from '../../src/kernel/types.ts';
import { at, type Program } from '../../src/program/linux.ts';
import { must, Stopped, word, yes } from './call.ts';
import { classOf, type Invocation } from './invocation.ts';
import type { Log } from './outcome.ts';
import { putBack } from './submounts.ts';
import { notedWorkDir, unmergeHierarchy, workDirPath } from './unmerge.ts';

/** What a child has made for a hierarchy. */
export interface Assembled {
  readonly hierarchy: string;
  /** The name of the tree that was handed over; null where nothing is to be merged. */
  readonly tree: string | null;
  /** Its work directory, where that is not in the workspace. */
  readonly workDir: string | null;
}

/** Puts everything in place, up to the first failure; the work directories of what then has no place are removed. */
export function* exchangeAll(run: Invocation, assembled: readonly Assembled[], log: Log): Program {
  const left = [...assembled];
  try {
    for (const one of assembled) {
      yield* one.tree === null
        ? unmergeOne(run, one.hierarchy, log)
        : exchange(run, one, one.tree, log, () => left.shift());
    }
  } catch (reason) {
    if (reason instanceof Stopped)
      yield* cleanUp(
        run,
        'E4',
        left.map(({ workDir }) => workDir),
      );
    throw reason;
  }
}

/** A hierarchy for which there is nothing any more. */
function* unmergeOne(run: Invocation, h: string, log: Log): Program {
  const where = yield* word('E1', 'chase', h, run.root, 'nonexistent');
  const { count, clones } = yield* unmergeHierarchy(run, 'E3', h, where, log);
  if (count > 0) yield* putBack(run, 'E3', h, { where, clones }, where);
}

/** The old overlay, held by a descriptor: what is detached is this one and no other. */
const OLD = { fd: 'old', path: '/proc/self/fd/old' };

function* exchange(
  run: Invocation,
  { hierarchy, workDir }: Assembled,
  tree: string,
  log: Log,
  mounted: () => unknown,
): Program {
  const { dotDir } = classOf(run);
  const where = yield* word('E1', 'chase', hierarchy, run.root, 'nonexistent');
  if (!(yield* yes('E1', 'ours', where, '', dotDir))) {
    yield* must('E1', { op: 'mkdirAll', path: where, mode: 0o755 });
    yield* must('E2', { op: 'move-tree', tree, path: where });
    mounted();
    log.merged.push(where);
    return;
  }
  const oldWorkDir = yield* notedWorkDir(run, 'E1', `${where}/${dotDir}`);
  yield* must('E1', { op: 'open', path: where, flags: ['O_PATH', 'O_DIRECTORY'], fd: OLD.fd });
  const beneath = run.systemd.kernelBeneath
    ? yield* at('E2', { op: 'move-tree', tree, path: OLD.path, beneath: true })
    : err('EINVAL');
  if ('ok' in beneath) {
    mounted();
    yield* must('E3', { op: 'umount', path: OLD.path, detach: true }); // what everyone sees changes here
  } else {
    if (beneath.err !== 'EINVAL' || run.systemd.fallback === 'none') throw new Stopped('E2', beneath.err);
    yield* must('E3', { op: 'umount', path: OLD.path, detach: true }); // a window opens
    yield* must('E2', { op: 'move-tree', tree, path: where }); // and closes; a failure leaves the hierarchy bare
    mounted();
  }
  yield* at('E4', { op: 'fdclose', fd: OLD.fd });
  // Where the name is a fixed one, it is the new overlay's as well.
  if (oldWorkDir !== null && workDir !== `${run.root}/${oldWorkDir}`)
    yield* at('E4', { op: 'removeTree', path: workDirPath(run, oldWorkDir) });
  log.merged.push(where);
}

/** Work directories that nobody will use. A failure is only a warning. */
export function* cleanUp(run: Invocation, step: string, unused: Iterable<string | null>): Program {
  if (!run.systemd.cleansUp) return;
  for (const path of unused) if (path !== null) yield* at(step, { op: 'removeTree', path });
}
