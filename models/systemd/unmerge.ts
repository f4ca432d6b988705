/**
 * Taking overlays off hierarchies: the unmerge child (steps U1 to U5), and the part of a merge that does the same (M6).
 * Source: sysext.c unmerge_hierarchy(), unmerge_subprocess().
 */
import { at, type Program } from '../../src/program/linux.ts';
import { must, Stopped, word, yes } from './call.ts';
import { classOf, type Invocation } from './invocation.ts';
import { STATUS, WORKSPACE } from './names.ts';
import type { Log } from './outcome.ts';
import { park, unpark } from './submounts.ts';

/**
 * M6 and U3: peels every overlay of ours off a hierarchy, which is at the path `where`. Visible: from (c) on the submounts
 * are gone, from (d) on the bare host directory shows. Gives how many there were.
 */
export function* unmergeHierarchy(
  run: Invocation,
  step: 'M6' | 'U3',
  h: string,
  where: string,
  log: Log,
): Program<number> {
  const marker = `${where}/${classOf(run).dotDir}`;
  let peeled = 0;
  while (yield* yes(step, 'ours', where, '', classOf(run).dotDir)) {
    const workDir = yield* at(`${step}a`, { op: 'ask', question: 'first-line', args: [`${marker}/work_dir`] });
    if ('err' in workDir && workDir.err !== 'ENOENT') throw new Stopped(`${step}a`, workDir.err);
    if ('ok' in workDir && run.systemd.checksWorkDir && !isNormal(String(workDir.ok)))
      throw new Stopped(`${step}a`, 'EINVAL');
    const bound = yield* at(`${step}b`, { op: 'umount', path: marker, detach: true, nofollow: true });
    if ('err' in bound && bound.err !== 'EINVAL') throw new Stopped(`${step}b`, bound.err); // EINVAL: nothing is bound there
    yield* park(run.systemd, `${step}c`, h, where);
    yield* must(`${step}d`, { op: 'umount', path: where, detach: true, nofollow: true });
    if ('ok' in workDir) yield* removeWorkDir(run, `${step}e`, String(workDir.ok));
    log.unmerged.push(where);
    peeled++;
  }
  return peeled;
}

/**
 * The recorded path has no leading slash: without `--root=` it is looked up from the caller's working directory. Nobody there
 * means that nothing is removed, and somebody else's directory of that name is.
 */
function* removeWorkDir(run: Invocation, step: string, recorded: string): Program {
  yield* must(step, { op: 'removeTree', path: run.root === '' ? recorded : `${run.root}/${recorded}` });
}

/** A relative path without "." and "..". Source: path_is_normalized(), path_is_absolute(). */
const isNormal = (path: string): boolean =>
  path.split('/').every((name) => name !== '' && name !== '.' && name !== '..');

/** U2 to U5. An error in one hierarchy does not keep the next from being unmerged, but is the status in the end. */
export function* unmergeChild(run: Invocation, log: Log): Program<number | Stopped> {
  yield* must('U2', { op: 'mount-propagation', path: '/run', to: 'slave', recursive: true });
  yield* must('U2', { op: 'mkdirAll', path: WORKSPACE, mode: 0o700 });
  let status: number | Stopped = STATUS.merged;
  const failed = (reason: unknown): void => {
    if (!(reason instanceof Stopped) || reason.signal !== null) throw reason;
    if (status === STATUS.merged) status = reason;
  };
  for (const h of run.hierarchies) {
    let peeled = 0;
    let where = '';
    try {
      where = yield* word('U3', 'chase', h, run.root, 'or missing');
      if (where === 'missing') continue;
      peeled = yield* unmergeHierarchy(run, 'U3', h, where, log);
    } catch (reason) {
      failed(reason);
    }
    if (peeled > 0) yield* unpark(run.systemd, 'U4', h, where);
  }
  return status;
}
