/**
 * What the tool does with mounts below a hierarchy (M6c, U3c), and how they come back (M7e, U4): it parks them in its workspace
 * while the hierarchy is replaced; or it holds clones of them; or it does not care for them.
 * Source: sysext.c move_submounts(), mount-util.c get_sub_mounts(); the row `submounts` in versions.ts.
 *
 * What happens to a mount on another submount (/etc/s and /etc/s/n): 262 carries both along, as one clone. 257 detaches
 * /etc/s, which takes /etc/s/n with it everywhere, and then aborts by an assertion: the child is gone, both mounts are lost,
 * and the hierarchy stays as it is at that point (a first merge: bare; a refresh or unmerge: still merged, without its marker's bind).
 */
import { at, type LinuxCall, type Program } from '../../src/program/linux.ts';
import { must, names, Stopped, yes } from './call.ts';
import type { Invocation } from './invocation.ts';
import { WORKSPACE } from './names.ts';

/** Parking place of a hierarchy's submounts, inside the workspace. */
const parkingOf = (h: string): string => `${WORKSPACE}/submounts${h}`;

/** A submount that is held as a detached tree of its own, with all that is mounted on it. */
export interface Clone {
  /** Where it is mounted; also the name of the tree. */
  readonly path: string;
  readonly isDirectory: boolean;
}

/**
 * Saves the submounts of a hierarchy, which is at `where`, before something there is detached. Parking is visible at once: they
 * vanish one by one. Gives the clones that are held now, besides those `held` already: the same path counts once, from the
 * topmost overlay.
 */
export function* save(
  run: Invocation,
  step: string,
  h: string,
  where: string,
  held: readonly Clone[] = [],
): Program<readonly Clone[]> {
  const { systemd } = run;
  if (systemd.submounts === 'moved') yield* moveAll(run, step, where, parkingOf(h));
  if (systemd.submounts !== 'cloned') return held;
  const clones = [...held];
  for (const path of outermost(yield* names(step, 'submounts', where))) {
    if (clones.some((other) => other.path === path)) continue;
    const isDirectory = yield* yes(step, 'is-directory', path);
    yield* must(step, { op: 'open-tree', path, tree: path });
    clones.push({ path, isDirectory });
  }
  return clones;
}

/** Puts the saved submounts, which were below `where`, on `target`: the new overlay, or the bare hierarchy. */
export function* putBack(
  run: Invocation,
  step: string,
  h: string,
  saved: { readonly where: string; readonly clones: readonly Clone[] },
  target: string,
): Program {
  const { systemd } = run;
  if (systemd.submounts === 'moved') yield* moveAll(run, step, parkingOf(h), target);
  if (systemd.submounts === 'cloned') yield* attachClones(step, saved.clones, saved.where, target);
}

/** As many as possible find their place; those that do not are lost, and the first error is that of the whole. */
function* attachClones(step: string, clones: readonly Clone[], from: string, to: string): Program {
  let failure: Stopped | null = null;
  for (const { path, isDirectory } of clones) {
    const target = to + path.slice(from.length);
    try {
      yield* makeMountPoint(step, isDirectory, target);
      yield* must(step, { op: 'move-tree', tree: path, path: target });
    } catch (reason) {
      if (!(reason instanceof Stopped)) throw reason;
      failure ??= reason;
      yield* at(step, { op: 'close-tree', tree: path });
    }
  }
  if (failure !== null) throw failure;
}

const isBelow = (path: string, other: string): boolean => path.startsWith(`${other}/`);
const outermost = (paths: readonly string[]): readonly string[] =>
  paths.filter((path) => !paths.some((other) => isBelow(path, other)));

function* moveAll(run: Invocation, step: string, from: string, to: string): Program {
  const { systemd } = run;
  const all = yield* names(step, 'submounts', from);
  const target = (path: string): string => to + path.slice(from.length);
  if (systemd.cloneSubmounts) {
    const isShared = run.parallel && step === 'U3c'; // an unmerge has no workspace of its own
    yield* moveClones(
      step,
      outermost(all).map((path) => [path, target(path)]),
      isShared,
    );
    return;
  }
  for (const path of all) {
    yield* moveBind(step, path, target(path));
    if (systemd.nestedSubmounts === 'abort' && all.some((other) => isBelow(other, path))) {
      throw new Stopped(step, 'EINVAL', 'SIGABRT'); // path_startswith() on an entry that lost its path
    }
  }
}

/** With private recursive clones, so that what is nested comes along. All are taken before the first one is moved. */
function* moveClones(
  step: string,
  moves: readonly (readonly [from: string, to: string])[],
  isShared: boolean,
): Program {
  for (const [from] of moves) yield* must(step, { op: 'open-tree', path: from, tree: from });
  for (const [from, to] of moves) {
    if (isShared) yield* makeParents(step, to);
    yield* makeMountPoint(step, yield* yes(step, 'is-directory', from), to);
    yield* must(step, { op: 'move-tree', tree: from, path: to });
    yield* at(step, { op: 'umount', path: from, detach: true }); // a failure is only a warning
  }
}

/** With a bind copy, which stays in the peer group of the original: the detach below takes nested mounts from the copy, too. */
function* moveBind(step: string, from: string, to: string): Program {
  yield* makeMountPoint(step, yield* yes(step, 'is-directory', from), to);
  yield* must(step, { op: 'mount-bind', from, path: to, recursive: true });
  yield* at(step, { op: 'umount', path: from, detach: true }); // a failure is only a warning
}

/**
 * The mount point is made if it is missing: a directory for a directory, else an empty file. Where the other kind is in
 * the way, 257 gives up here and 262 at the move. Source: make_mount_point_inode_from_stat().
 */
function* makeMountPoint(step: string, isDirectory: boolean, to: string): Program {
  if (isDirectory) {
    yield* unlessThere(step, { op: 'mkdirAll', path: to, mode: 0o755 });
    return;
  }
  yield* must(step, { op: 'mkdirAll', path: to.slice(0, to.lastIndexOf('/')), mode: 0o755 });
  yield* unlessThere(step, { op: 'mknod', path: to, type: 'file', mode: 0o644 });
}

/**
 * The directories above a mount point, one by one: each that is missing is made, and if another run has made it since then, that
 * is an error. 257 does not mind. Source: chase.c, CHASE_MKDIR_0755; seen with 262.1: "Failed to create and pin parent directory".
 */
function* makeParents(step: string, to: string): Program {
  const parts = to.split('/');
  for (let count = WORKSPACE.split('/').length + 1; count < parts.length; count++) {
    const path = parts.slice(0, count).join('/');
    if ('err' in (yield* at(step, { op: 'access', path }))) yield* must(step, { op: 'mkdir', path, mode: 0o755 });
  }
}

function* unlessThere(step: string, call: LinuxCall): Program {
  const made = yield* at(step, call);
  if ('err' in made && made.err !== 'EEXIST') throw new Stopped(step, made.err);
}
