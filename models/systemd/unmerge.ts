/**
 * Taking overlays off hierarchies: the unmerge child (steps U1 to U5), and the part of a merge that does the same (M6).
 * Source: sysext.c unmerge_hierarchy(), unmerge_subprocess().
 */
import { at, type Program } from '../../src/program/linux.ts';
import { must, Stopped, word, yes } from './call.ts';
import { classOf, type Invocation } from './invocation.ts';
import { STATUS, WORKSPACE } from './names.ts';
import type { Log } from './outcome.ts';
import { type Clone, putBack, save } from './submounts.ts';

/** What was taken off a hierarchy: how many overlays, and clones of what was mounted below them. */
export interface Peeled {
  readonly count: number;
  readonly clones: readonly Clone[];
}

/**
 * M6, U3 and E3: peels every overlay of ours off a hierarchy, which is at the path `where`. Visible, unless the caller is in a
 * decoupled namespace: from (c) on the submounts are gone, from (d) on the bare host directory shows. With `onlyHere` the overlays
 * stay in use elsewhere, and so do their work directories.
 */
export function* unmergeHierarchy(
  run: Invocation,
  step: 'M6' | 'U3' | 'E3',
  h: string,
  where: string,
  log: Log,
  onlyHere = false,
): Program<Peeled> {
  const marker = `${where}/${classOf(run).dotDir}`;
  let count = 0;
  let clones: readonly Clone[] = [];
  while (yield* yes(step, 'ours', where, '', classOf(run).dotDir)) {
    const workDir = yield* notedWorkDir(run, `${step}a`, marker);
    const bound = yield* at(`${step}b`, { op: 'umount', path: marker, detach: true, nofollow: true });
    if ('err' in bound && bound.err !== 'EINVAL') throw new Stopped(`${step}b`, bound.err); // EINVAL: nothing is bound there
    clones = yield* save(run, `${step}c`, h, where, clones);
    yield* must(`${step}d`, { op: 'umount', path: where, detach: true, nofollow: true });
    count++;
    if (onlyHere) continue; // "Unpeeled"
    if (workDir !== null) yield* removeWorkDir(run, `${step}e`, workDir);
    log.unmerged.push(where);
  }
  return { count, clones };
}

/** The work directory that is noted in an overlay, if one is. */
export function* notedWorkDir(run: Invocation, step: string, marker: string): Program<string | null> {
  const noted = yield* at(step, { op: 'ask', question: 'first-line', args: [`${marker}/work_dir`] });
  if ('err' in noted) {
    if (noted.err === 'ENOENT') return null;
    throw new Stopped(step, noted.err);
  }
  const path = String(noted.ok);
  if (run.systemd.checksWorkDir && !isNormal(path)) throw new Stopped(step, 'EINVAL');
  return path;
}

/**
 * The noted path has no leading slash. Looked up from the caller's working directory, nobody there means that nothing is
 * removed, and somebody else's directory of that name is.
 */
export const workDirPath = ({ root, systemd }: Invocation, noted: string): string =>
  root === '' && systemd.workDirRemoval === 'caller' ? noted : `${root}/${noted}`;

/** The noted work directory goes. */
export function* removeWorkDir(run: Invocation, step: string, noted: string): Program {
  const path = workDirPath(run, noted);
  if (!run.parallel) {
    yield* must(step, { op: 'removeTree', path });
    return;
  }
  // Another run may be about to mount an overlay with it.
  const inside = yield* at(step, { op: 'readdir', path });
  if ('err' in inside && inside.err === 'ENOENT') return;
  if ('err' in inside) throw new Stopped(step, inside.err);
  for (const [name] of Array.isArray(inside.ok) ? inside.ok : [])
    yield* must(step, { op: 'removeTree', path: `${path}/${name}` });
  const removed = yield* at(step, { op: 'rmdir', path });
  if ('err' in removed && removed.err !== 'ENOENT') throw new Stopped(step, removed.err);
}

/** A relative path without "." and "..". Source: path_is_normalized(), path_is_absolute(). */
const isNormal = (path: string): boolean =>
  path.split('/').every((name) => name !== '' && name !== '.' && name !== '..');

/** U2 to U5, in a child. */
export function* unmergeChild(run: Invocation, log: Log): Program<number | Stopped> {
  yield* must('U2', { op: 'mount-propagation', path: '/run', to: 'slave', recursive: true });
  yield* must('U2', { op: 'mkdirAll', path: WORKSPACE, mode: 0o700 });
  return yield* unmergeAll(run, log);
}

/** U3 and U4. An error in one hierarchy does not keep the next from being unmerged, but is the status in the end. */
export function* unmergeAll(run: Invocation, log: Log): Program<number | Stopped> {
  let status: number | Stopped = STATUS.merged;
  const failed = (reason: unknown): void => {
    if (!(reason instanceof Stopped) || reason.signal !== null) throw reason;
    if (status === STATUS.merged) status = reason;
  };
  for (const h of run.hierarchies) {
    let peeled: Peeled = { count: 0, clones: [] };
    let where = '';
    try {
      where = yield* word('U3', 'chase', h, run.root, 'or missing');
      if (where === 'missing') continue;
      peeled = yield* unmergeHierarchy(run, 'U3', h, where, log);
    } catch (reason) {
      failed(reason);
    }
    if (peeled.count > 0) yield* putBack(run, 'U4', h, { where, clones: peeled.clones }, where);
  }
  return status;
}
