/**
 * What the tool does with mounts below a hierarchy: it parks them in its workspace while the hierarchy is replaced (M6c,
 * U3c), and puts them back (M7e, U4). Source: sysext.c move_submounts(), mount-util.c get_sub_mounts().
 *
 * What happens to a mount on another submount (/etc/s and /etc/s/n): 262 carries both along, as one clone. 257 detaches
 * /etc/s, which takes /etc/s/n with it everywhere, and then aborts by an assertion: the child is gone, both mounts are lost,
 * and the hierarchy stays as it is at that point (a first merge: bare; a refresh or unmerge: still merged, without its marker's bind).
 */
import { at, type LinuxCall, type Program } from '../../src/program/linux.ts';
import { must, names, Stopped, yes } from './call.ts';
import { WORKSPACE } from './names.ts';
import type { Systemd } from './versions.ts';

/** Parking place of a hierarchy's submounts, inside the workspace. */
const parkingOf = (h: string): string => `${WORKSPACE}/submounts${h}`;

/** Moves all submounts of a hierarchy, which is at `where`, out of the way. Visible at once: they vanish one by one. */
export function* park(systemd: Systemd, step: string, h: string, where: string): Program {
  yield* moveAll(systemd, step, where, parkingOf(h));
}

/** Moves the parked submounts to `target`, which is the new overlay or the bare hierarchy. */
export function* unpark(systemd: Systemd, step: string, h: string, target: string): Program {
  yield* moveAll(systemd, step, parkingOf(h), target);
}

function* moveAll(systemd: Systemd, step: string, from: string, to: string): Program {
  const all = yield* names(step, 'submounts', from);
  const below = (path: string, other: string): boolean => path.startsWith(`${other}/`);
  const target = (path: string): string => to + path.slice(from.length);
  if (systemd.cloneSubmounts) {
    const outermost = all.filter((path) => !all.some((other) => below(path, other)));
    yield* moveClones(
      step,
      outermost.map((path) => [path, target(path)]),
    );
    return;
  }
  for (const path of all) {
    yield* moveBind(step, path, target(path));
    if (systemd.nestedSubmounts === 'abort' && all.some((other) => below(other, path))) {
      throw new Stopped(step, 'EINVAL', 'SIGABRT'); // path_startswith() on an entry that lost its path
    }
  }
}

/** With private recursive clones, so that what is nested comes along. All are taken before the first one is moved. */
function* moveClones(step: string, moves: readonly (readonly [from: string, to: string])[]): Program {
  for (const [from] of moves) yield* must(step, { op: 'open-tree', path: from, tree: from });
  for (const [from, to] of moves) {
    yield* makeMountPoint(step, from, to);
    yield* must(step, { op: 'move-tree', tree: from, path: to });
    yield* must(step, { op: 'umount', path: from, detach: true });
  }
}

/** With a bind copy, which stays in the peer group of the original: the detach below takes nested mounts from the copy, too. */
function* moveBind(step: string, from: string, to: string): Program {
  yield* makeMountPoint(step, from, to);
  yield* must(step, { op: 'mount-bind', from, path: to, recursive: true });
  yield* at(step, { op: 'umount', path: from, detach: true }); // a failure is only a warning
}

/**
 * The mount point is made if it is missing: a directory for a directory, else an empty file. Where the other kind is in
 * the way, 257 gives up here and 262 at the move. Source: make_mount_point_inode_from_stat().
 */
function* makeMountPoint(step: string, from: string, to: string): Program {
  if (yield* yes(step, 'is-directory', from)) {
    yield* unlessThere(step, { op: 'mkdirAll', path: to, mode: 0o755 });
    return;
  }
  yield* must(step, { op: 'mkdirAll', path: to.slice(0, to.lastIndexOf('/')), mode: 0o755 });
  yield* unlessThere(step, { op: 'mknod', path: to, type: 'file', mode: 0o644 });
}

function* unlessThere(step: string, call: LinuxCall): Program {
  const made = yield* at(step, call);
  if ('err' in made && made.err !== 'EEXIST') throw new Stopped(step, made.err);
}
