/**
 * The programs that use /etc while it is being replaced. Each does what a whole class of real programs does, and no more:
 * what a program does not branch on is not kept, so that a loop is one node and not a history.
 */
import { at, become, type Next, type Program } from '../src/program/linux.ts';

/** Opens one file again and again, as a service that reads its configuration: systemd-networkd, sshd, NSS lookups. */
export function* reader(path: string): Program<Next> {
  yield* at('reads', { op: 'read', path });
  return become(reader, path);
}

/** Lists a directory again and again. */
export function* lister(path: string): Program<Next> {
  yield* at('lists', { op: 'readdir', path });
  return become(lister, path);
}

/**
 * Creates a file unless it is there: tmpfiles `f` and `C`, setup-nsswitch.service, sshd-keygen. The check and the creation
 * are two calls, and the creation is O_EXCL.
 */
export function* createIfMissing(path: string, content: string): Program {
  const there = yield* at('checks', { op: 'access', path });
  if ('ok' in there) return;
  yield* at('creates', { op: 'write', path, data: content, flags: ['O_WRONLY', 'O_CREAT', 'O_EXCL'] });
}

/** Writes a file anew through a temporary name: useradd, systemd-sysusers, editors, every careful tool. */
export function* editByRename(path: string, temporary: string, content: string): Program {
  const written = yield* at('writes', { op: 'write', path: temporary, data: content });
  if ('err' in written) return;
  yield* at('renames', { op: 'rename', from: temporary, to: path });
}

/** Overwrites a file in place, once. */
export function* writeOnce(path: string, content: string): Program {
  yield* at('writes', { op: 'write', path, data: content });
}

/** Deletes a file once. */
export function* deleteOnce(path: string): Program {
  yield* at('deletes', { op: 'unlink', path });
}

/** Keeps a descriptor over whatever happens, and appends through it: a daemon with a log or state file in /etc. */
export function* holder(path: string, content: string): Program {
  const opened = yield* at('opens', { op: 'open', path, flags: ['O_WRONLY', 'O_APPEND'], fd: 'kept' });
  if ('err' in opened) return;
  yield* at('appends', { op: 'fdwrite', fd: 'kept', data: content });
}

/** Works from inside a directory: goes there, and then writes a file by a relative name. A shell, a build, an editor. */
export function* insider(directory: string, name: string, content: string): Program {
  const inside = yield* at('enters', { op: 'chdir', path: directory });
  if ('err' in inside) return;
  yield* at('writes', { op: 'write', path: name, data: content });
}

/** An administrator, or a unit, that mounts a tmpfs somewhere. */
export function* mountTmpfs(path: string): Program {
  yield* at('mounts', { op: 'mount-tmpfs', path });
}

/** An administrator who puts an extension that was prepared elsewhere on the same file system into place, or takes one away. */
export function* moveExtension(from: string, to: string): Program {
  yield* at('moves', { op: 'rename', from, to });
}

/**
 * A service with a mount namespace of its own (PrivateMounts=, ProtectSystem= and many more), which reads its configuration. systemd
 * makes the namespace a slave of the host's; containers and unshare(1) make it private.
 */
export function* secluded(propagation: 'private' | 'slave', path: string): Program<Next> {
  yield* at('enters', { op: 'unshare' });
  yield* at('enters', { op: 'mount-propagation', path: '/', to: propagation, recursive: true });
  return become(reader, path);
}
