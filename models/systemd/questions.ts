/**
 * What the programs ask of the world in one step: the answers that systemd computes from many harmless reads. A program
 * gets a word or a list of names and never a device, mount or inode number.
 */

import type { CallResult } from '../../src/kernel/calls.ts';
import { submountsBelow } from '../../src/kernel/mounttable.ts';
import { list, lookup, resolve } from '../../src/kernel/path.ts';
import { ok, type TaskId } from '../../src/kernel/types.ts';
import { type Read, task as taskOf } from '../../src/kernel/world.ts';
import type { Questions } from '../../src/program/linux.ts';
import { configuredMode, discoverQuestion, originOf } from './discovery.ts';
import { DOT_DIR, mutableDirectory } from './names.ts';

/** The process through whose eyes the host's own namespace is looked at. */
export const OBSERVER: TaskId = 'init';

/** A situation of the real tool that this model does not cover yet; it must not be answered by a guess. */
export class NotModelled extends Error {
  override name = 'NotModelled';
}

/** The file at a path as text, or undefined. */
export function readText(world: Read, task: TaskId, path: string): string | undefined {
  const place = resolve(world, task, path);
  if ('err' in place) return undefined;
  const inode = lookup(world, place.ok.fs, place.ok.path);
  return inode?.type === 'file' ? inode.content : undefined;
}

/** Names in a directory; none where there is no directory. */
export function entriesOf(world: Read, task: TaskId, path: string): readonly string[] {
  const place = resolve(world, task, path);
  if ('err' in place) return [];
  return lookup(world, place.ok.fs, place.ok.path)?.type === 'dir' ? list(world, place.ok.fs, place.ok.path) : [];
}

/**
 * ours(H): H is a mount point, and the device noted in its marker directory is its own. Nothing else is looked at.
 * Source: sysext.c is_our_mount_point(); seen: neither the type of the mount nor its source matters.
 */
export function isOurs(world: Read, task: TaskId, h: string): boolean {
  const place = resolve(world, task, h);
  if ('err' in place || !isMountRoot(world, place.ok)) return false;
  return readText(world, task, `${h}/${DOT_DIR}/dev`) === `device ${place.ok.fs}`;
}

function isMountRoot(world: Read, place: { ns: string; mount: string; path: string }): boolean {
  const ns = world.get(`ns:${place.ns}`);
  return ns?.kind === 'ns' && ns.root !== place.mount && ns.mounts.get(place.mount)?.root === place.path;
}

/** Where the mutable directory of a hierarchy leads. */
function mutableKind(world: Read, task: TaskId, h: string): CallResult {
  const path = mutableDirectory(h);
  const itself = resolve(world, task, path, { follow: false });
  if ('err' in itself) return itself.err === 'ENOENT' || itself.err === 'ENOTDIR' ? ok('missing') : itself;
  const inode = lookup(world, itself.ok.fs, itself.ok.path);
  if (inode?.type === 'dir') {
    if (isMountRoot(world, itself.ok)) throw new NotModelled(`${path} is a mount point of its own`);
    return ok('directory');
  }
  if (inode?.type === 'symlink') {
    if (inode.target.replace(/\/+$/, '') === h) return ok('hierarchy');
    throw new NotModelled(`${path} is a link to ${inode.target}; only a link to ${h} is modelled`);
  }
  throw new NotModelled(`${path} is a ${inode?.type ?? 'ghost'}; a directory, a link to ${h} or nothing is modelled`);
}

function permissionBits(world: Read, task: TaskId, path: string): number | undefined {
  const place = resolve(world, task, path);
  if ('err' in place) return undefined;
  const inode = lookup(world, place.ok.fs, place.ok.path);
  return inode === undefined ? undefined : inode.mode & 0o777;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : String(value));

/** Everything a program may ask, by name. */
export const QUESTIONS: Questions = {
  discover: (world, task) => discoverQuestion(world, task),
  'configured-mode': (world, task) => configuredMode(world, task),
  origin: (world, _task, [h, mode]) => ok(originOf(world, OBSERVER, text(h), text(mode))),
  'same-origin': (world, task, [h, mode]) => {
    const merged = readText(world, task, `${text(h)}/${DOT_DIR}/origin`);
    return ok(merged === originOf(world, OBSERVER, text(h), text(mode)));
  },
  ours: (world, task, [h]) => ok(isOurs(world, task, text(h))),
  submounts: (world, task, [path]) => ok(submountsBelow(world, taskOf(world, task).ns, text(path))),
  'has-entries': (world, task, [path]) => ok(entriesOf(world, task, text(path)).length > 0),
  'is-directory': (world, task, [path]) => {
    const place = resolve(world, task, text(path), { follow: false });
    return 'err' in place ? place : ok(lookup(world, place.ok.fs, place.ok.path)?.type === 'dir');
  },
  'mutable-kind': (world, task, [h]) => mutableKind(world, task, text(h)),
  'permission-bits': (world, task, [path]) => ok(permissionBits(world, task, text(path)) ?? 0o755),
  'same-mode': (world, task, [a, b]) =>
    ok(permissionBits(world, task, text(a)) === permissionBits(world, task, text(b))),
};
