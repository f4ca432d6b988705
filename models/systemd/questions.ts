/**
 * What the programs ask of the world in one step: the answers that systemd computes from many harmless reads. A program
 * gets a word or a list of names, and branches on no device, mount or inode number: what identifies an extension is one
 * word that it only passes on, into the origin file and into the comparison with it.
 */

import type { CallResult } from '../../src/kernel/calls.ts';
import { submountsBelow } from '../../src/kernel/mounttable.ts';
import { list, lookup, pathOf, resolve } from '../../src/kernel/path.ts';
import { isReadonly } from '../../src/kernel/session.ts';
import { err, failed, ok, type TaskId } from '../../src/kernel/types.ts';
import { type Read, task as taskOf } from '../../src/kernel/world.ts';
import type { Questions } from '../../src/program/linux.ts';
import { configuredMode, discoverQuestion } from './discovery.ts';
import { DOT_DIR, directoryOf, mutableDirectory } from './names.ts';

/** The process through whose eyes everyone in the host's namespace looks. It never does anything. */
export const OBSERVER: TaskId = 'init';

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
export const isOurs = (world: Read, task: TaskId, h: string): boolean => {
  const answer = ours(world, task, h);
  return 'ok' in answer && answer.ok === true;
};

/** As {@link isOurs}; but a note that cannot be read, or is none, is an error of the whole verb and not a "no". */
function ours(world: Read, task: TaskId, h: string): CallResult {
  const place = resolve(world, task, h);
  if (failed(place) || !isMountRoot(world, place.ok)) return ok(false);
  const note = resolve(world, task, `${h}/${DOT_DIR}/dev`);
  if (failed(note)) return note.err === 'ENOENT' ? ok(false) : note;
  const inode = lookup(world, note.ok.fs, note.ok.path);
  if (inode?.type !== 'file') return inode === undefined ? ok(false) : err('EISDIR');
  const isDevice = /^(device \S+|\d+:\d+\s*)$/.test(inode.content);
  return isDevice ? ok(inode.content === `device ${place.ok.fs}`) : err('EINVAL');
}

function isMountRoot(world: Read, place: { ns: string; mount: string; path: string }): boolean {
  const ns = world.get(`ns:${place.ns}`);
  return ns?.kind === 'ns' && ns.root !== place.mount && ns.mounts.get(place.mount)?.root === place.path;
}

/**
 * Where the mutable directory of a hierarchy leads: "missing", "dangling TARGET" for a link to what is not there, "hierarchy
 * PATH" for a link to the hierarchy itself, else "elsewhere PATH". Source: sysext.c resolve_mutable_directory().
 */
function mutableKind(world: Read, task: TaskId, h: string): CallResult {
  const path = mutableDirectory(h);
  const place = resolve(world, task, path);
  if (failed(place)) {
    if (place.err !== 'ENOENT' && place.err !== 'ENOTDIR') return place;
    const link = resolve(world, task, path, { follow: false });
    const inode = failed(link) ? undefined : lookup(world, link.ok.fs, link.ok.path);
    if (inode?.type !== 'symlink') return ok('missing');
    return ok(`dangling ${inode.target.startsWith('/') ? '' : directoryOf(path)}${inode.target}`);
  }
  const own = resolve(world, task, h);
  const isHierarchy = !failed(own) && own.ok.fs === place.ok.fs && own.ok.path === place.ok.path;
  return ok(`${isHierarchy ? 'hierarchy' : 'elsewhere'} ${pathOf(world, place.ok.ns, place.ok.mount, place.ok.path)}`);
}

/** Whether a directory can be an upper: it is writable, and the work directory beside it is on the same file system. */
function upperFits(world: Read, task: TaskId, upper: string, beside: string): CallResult {
  const place = resolve(world, task, upper);
  if (failed(place)) return place;
  if (isReadonly(world, place.ok)) return err('EROFS'); // "Can't use '..' as an upperdir as it is read-only."
  const parent = resolve(world, task, beside);
  if (failed(parent)) return parent;
  return parent.ok.fs === place.ok.fs ? ok(true) : err('EXDEV'); // "Unable to find a suitable workdir location"
}

function permissionBits(world: Read, task: TaskId, path: string): number | undefined {
  const place = resolve(world, task, path);
  if ('err' in place) return undefined;
  const inode = lookup(world, place.ok.fs, place.ok.path);
  return inode === undefined ? undefined : inode.mode & 0o777;
}

/** By components, a directory before what is below it. Source: path-util.c path_compare(), by which the list is sorted. */
const inPathOrder = (paths: readonly string[]): readonly string[] => {
  const key = (path: string): string => path.replaceAll('/', '\0');
  return [...paths].sort((a, b) => (key(a) < key(b) ? -1 : 1));
};

const text = (value: unknown): string => (typeof value === 'string' ? value : String(value));

/** Everything a program may ask, by name. */
export const QUESTIONS: Questions = {
  // An unmerge only asks what is mounted.
  discover: (world, task, [verb, rules, force]) =>
    verb === 'unmerge' ? ok(null) : discoverQuestion(world, task, rules === '257' ? '257' : '262', force === 'force'),
  'configured-mode': (world, task) => configuredMode(world, task),
  'same-origin': (world, task, [h, origin]) =>
    ok(Array.isArray(origin) && readText(world, task, `${text(h)}/${DOT_DIR}/origin`) === origin[0]),
  ours: (world, task, [h]) => ours(world, task, text(h)),
  submounts: (world, task, [path]) => ok(inPathOrder(submountsBelow(world, taskOf(world, task).ns, text(path)))),
  'has-entries': (world, task, [path]) => ok(entriesOf(world, task, text(path)).length > 0),
  'is-directory': (world, task, [path]) => {
    const place = resolve(world, task, text(path), { follow: false });
    return 'err' in place ? place : ok(lookup(world, place.ok.fs, place.ok.path)?.type === 'dir');
  },
  'mutable-kind': (world, task, [h]) => mutableKind(world, task, text(h)),
  'permission-bits': (world, task, [path]) => ok(permissionBits(world, task, text(path)) ?? 0o755),
  'same-mode': (world, task, [path, h]) =>
    ok(permissionBits(world, task, text(path)) === (permissionBits(world, task, text(h)) ?? 0o755)),
  'upper-fits': (world, task, [upper, beside]) => upperFits(world, task, text(upper), text(beside)),
};
