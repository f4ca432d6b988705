/**
 * What the programs ask of the world in one step: the answers that systemd computes from many harmless reads. A program
 * gets a word or a list of names, and branches on no device, mount or inode number: what identifies an extension is one
 * word that it only passes on, into the origin file and into the comparison with it.
 */
import { CLASSES, IMAGE_CLASSES, type ImageClass, RULES, type Rules } from '../../src/input/imageclass.ts';
import { chase } from '../../src/input/look.ts';
import { wishesOf } from '../../src/input/reload.ts';
import type { CallResult, Value } from '../../src/kernel/calls.ts';
import { submountsBelow } from '../../src/kernel/mounttable.ts';
import { list, lookup, resolve } from '../../src/kernel/path.ts';
import { isReadonly } from '../../src/kernel/session.ts';
import { isOrphan, pinned } from '../../src/kernel/tree.ts';
import { err, failed, ok, type Result, type TaskId } from '../../src/kernel/types.ts';
import { fileSystem, type Read, task as taskOf } from '../../src/kernel/world.ts';
import type { Questions } from '../../src/program/linux.ts';
import { configuredMode, discoverQuestion, lookIn, type Search, suitableQuestion } from './discovery.ts';
import { directoryOf, mutableDirectory } from './names.ts';

/** The process through whose eyes everyone in the host's namespace looks. It never does anything. */
export const OBSERVER: TaskId = 'init';

// ---- paths --------------------------------------------------------------------------------------------------------

/** A path with its symlinks followed below a root, as the caller writes it: with the root in front. Source: chase.c, CHASE_PREFIX_ROOT. */
function chased(world: Read, task: TaskId, path: string, root: string): CallResult {
  const found = chase(lookIn(world, task, root), path);
  if ('ok' in found) return ok(root + found.ok);
  // What the kernel refuses to look up is no missing name: ELOOP of an overlay that meets itself.
  const place = resolve(world, task, root + path);
  return err(found.err === 'ENOENT' && failed(place) && place.err === 'ELOOP' ? 'ELOOP' : found.err);
}

/** The same, with CHASE_NONEXISTENT: what is missing at the end stays as it is written. */
function chasedAsFar(world: Read, task: TaskId, path: string, root: string): CallResult {
  const found = chased(world, task, path, root);
  if (!failed(found) || found.err !== 'ENOENT' || path === '') return found;
  const link = lookIn(world, task, root).readLink(path);
  const parent = directoryOf(path).replace(/\/$/, '');
  if (link !== undefined) return chasedAsFar(world, task, link.startsWith('/') ? link : `${parent}/${link}`, root);
  const above = chasedAsFar(world, task, parent, root);
  return failed(above) ? above : ok(`${String(above.ok)}/${path.slice(parent.length + 1)}`);
}

/** The file at a path as text, or undefined. */
export function readText(world: Read, task: TaskId, path: string): string | undefined {
  const place = resolve(world, task, path);
  if ('err' in place) return undefined;
  const inode = lookup(world, place.ok.fs, place.ok.path);
  return inode?.type === 'file' ? inode.content : undefined;
}

/** Names in a directory; ENOTDIR where it is none. */
function entriesIn(world: Read, task: TaskId, path: string): Result<readonly string[]> {
  const place = resolve(world, task, path);
  if (failed(place)) return place;
  const isDirectory = lookup(world, place.ok.fs, place.ok.path)?.type === 'dir';
  return isDirectory ? ok(list(world, place.ok.fs, place.ok.path)) : err('ENOTDIR');
}

/** The first line of a file. */
function firstLine(world: Read, task: TaskId, path: string): CallResult {
  const place = resolve(world, task, path);
  if (failed(place)) return place;
  const inode = lookup(world, place.ok.fs, place.ok.path);
  if (inode?.type === 'file') return ok(inode.content.split('\n')[0] ?? '');
  return err(inode === undefined ? 'ENOENT' : 'EISDIR');
}

// ---- hierarchies --------------------------------------------------------------------------------------------------

/**
 * ours(H): H is a mount point, and the device noted in its marker directory is its own. Nothing else is looked at.
 * Source: sysext.c is_our_mount_point(); seen: neither the type of the mount nor its source matters.
 */
export const isOurs = (world: Read, task: TaskId, h: string, imageClass: ImageClass = 'confext'): boolean => {
  const answer = ours(world, task, h, '', CLASSES[imageClass].dotDir);
  return 'ok' in answer && answer.ok === true;
};

/** As {@link isOurs}; but a note that cannot be read, or is none, is an error of the whole verb and not a "no". */
function ours(world: Read, task: TaskId, h: string, root: string, dotDir: string): CallResult {
  const at = chased(world, task, h, root);
  if (failed(at)) return at.err === 'ENOENT' ? ok(false) : at;
  const place = resolve(world, task, String(at.ok));
  if (failed(place) || !isMountRoot(world, place.ok)) return ok(false);
  const note = firstLine(world, task, `${String(at.ok)}/${dotDir}/dev`);
  if (failed(note)) return note.err === 'ENOENT' ? ok(false) : note;
  const isDevice = /^(device \S+|\d+:\d+\s*)$/.test(String(note.ok));
  return isDevice ? ok(note.ok === `device ${place.ok.fs}`) : err('EINVAL');
}

function isMountRoot(world: Read, place: { ns: string; mount: string; path: string }): boolean {
  const ns = world.get(`ns:${place.ns}`);
  return ns?.kind === 'ns' && ns.root !== place.mount && ns.mounts.get(place.mount)?.root === place.path;
}

/** Path and permission bits; nothing where it is missing. */
function hierarchy(world: Read, task: TaskId, h: string, root: string): CallResult {
  const at = chased(world, task, h, root);
  if (failed(at)) return at.err === 'ENOENT' ? ok([]) : at;
  return ok([String(at.ok), String(permissionBits(world, task, String(at.ok)) ?? 0o755)]);
}

/** The origin that is noted in a merged hierarchy; "" where it is not merged, or has none. */
function originOf(world: Read, task: TaskId, h: string, root: string, dotDir: string): CallResult {
  const isOurs = ours(world, task, h, root, dotDir);
  if (failed(isOurs)) return isOurs;
  const at = chased(world, task, h, root);
  if (isOurs.ok !== true || failed(at)) return ok('');
  return ok(readText(world, task, `${String(at.ok)}/${dotDir}/origin`) ?? '');
}

/** "missing", "none", or "merged" and what is noted there. */
function statusOf(world: Read, task: TaskId, h: string, root: string, imageClass: ImageClass): CallResult {
  const { dotDir, listFile } = CLASSES[imageClass];
  const at = chased(world, task, h, root);
  if (failed(at)) return at.err === 'ENOENT' ? ok(['missing']) : at;
  const isOurs = ours(world, task, h, root, dotDir);
  if (failed(isOurs)) return isOurs;
  if (isOurs.ok !== true) return ok(['none']);
  const text = readText(world, task, `${String(at.ok)}/${dotDir}/${listFile}`);
  return text === undefined ? err('ENOENT') : ok(['merged', ...text.split('\n').filter((line) => line !== '')]);
}

/** What an extension has for a hierarchy: the directory's path, or "nothing". Source: sysext.c determine_used_extensions(). */
function content(world: Read, task: TaskId, h: string, extension: string): CallResult {
  const at = chased(world, task, h, extension);
  if (failed(at)) return at.err === 'ENOENT' ? ok('nothing') : at;
  const entries = entriesIn(world, task, String(at.ok));
  return failed(entries) ? entries : ok(entries.ok.length > 0 ? at.ok : 'nothing');
}

/** Whether a file system is on a block device, which tmpfs and overlayfs are not. Source: get_block_device(). */
function hasBlockDevice(world: Read, task: TaskId, path: string): boolean {
  const place = resolve(world, task, path);
  const fs = failed(place) ? null : world.get(`fs:${place.ok.fs}`);
  return fs?.kind === 'plain' && fs.type !== 'tmpfs';
}

// ---- the mutable directory ----------------------------------------------------------------------------------------

/**
 * Where the mutable directory of a hierarchy leads: "missing", "dangling TARGET" for a link to what is not there, "hierarchy
 * PATH" for a link to the hierarchy itself, else "elsewhere PATH". Source: sysext.c resolve_mutable_directory().
 */
function mutableKind(world: Read, task: TaskId, h: string, root: string): CallResult {
  const path = mutableDirectory(h);
  const at = chased(world, task, path, root);
  if (failed(at)) {
    if (at.err !== 'ENOENT') return at;
    if (lookIn(world, task, root).readLink(path) === undefined) return ok('missing');
    const target = chasedAsFar(world, task, path, root);
    return failed(target) ? target : ok(`dangling ${String(target.ok)}`);
  }
  const own = chased(world, task, h, root);
  const isHierarchy = !failed(own) && sameInode(world, task, String(at.ok), String(own.ok));
  return ok(`${isHierarchy ? 'hierarchy' : 'elsewhere'} ${String(at.ok)}`);
}

function sameInode(world: Read, task: TaskId, a: string, b: string): boolean {
  const [one, other] = [resolve(world, task, a), resolve(world, task, b)];
  return !failed(one) && !failed(other) && one.ok.fs === other.ok.fs && one.ok.path === other.ok.path;
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

/**
 * A name that no work directory has yet. The real one takes 64 random bits. Here they are the number of the process, so that
 * two at once never agree, and the lowest number that is free, so that states stay few.
 */
function freeWorkName(world: Read, task: TaskId, beside: string, prefix: string): CallResult {
  const entries = entriesIn(world, task, beside);
  if (failed(entries)) return entries;
  const taken = new Set(entries.ok);
  const hex = (number: number): string => number.toString(16).padStart(8, '0');
  const name = (number: number): string => `${prefix}-${hex(world.slots.tasks.indexOf(task))}${hex(number)}`;
  let number = 0;
  while (taken.has(name(number))) number++;
  return ok(name(number));
}

function permissionBits(world: Read, task: TaskId, path: string): number | undefined {
  const place = resolve(world, task, path);
  if ('err' in place) return undefined;
  const inode = lookup(world, place.ok.fs, place.ok.path);
  return inode === undefined ? undefined : inode.mode & 0o777;
}

// ---- reloads ------------------------------------------------------------------------------------------------------

/**
 * What the extensions that are merged want of the service manager, read through the hierarchies as they are.
 * Source: sysext.c need_reload().
 */
function reloads(
  world: Read,
  task: TaskId,
  imageClass: ImageClass,
  root: string,
  rules: Rules,
  hierarchies: readonly string[],
): CallResult {
  const names: string[] = [];
  for (const h of hierarchies) {
    const found = statusOf(world, task, h, root, imageClass);
    if (failed(found)) return found;
    const [state, ...extensions] = textsOf(found.ok);
    if (state === 'merged') names.push(...extensions);
  }
  const wishes = wishesOf(lookIn(world, task, root), rules, imageClass, names);
  return ok([
    ...(wishes.reload ? ['daemon-reload'] : []),
    ...wishes.restart.map((unit) => `restart ${unit}`),
    ...wishes.reloadOrRestart.map((unit) => `reload-or-restart ${unit}`),
  ]);
}

// ---- the table ----------------------------------------------------------------------------------------------------

/** By components, a directory before what is below it. Source: path-util.c path_compare(), by which the list is sorted. */
const inPathOrder = (paths: readonly string[]): readonly string[] => {
  const key = (path: string): string => path.replaceAll('/', '\0');
  return [...paths].sort((a, b) => (key(a) < key(b) ? -1 : 1));
};

const text = (value: Value | undefined): string => (typeof value === 'string' ? value : String(value ?? ''));
const textsOf = (value: Value | undefined): readonly string[] => (Array.isArray(value) ? value.map(String) : []);
const classOf = (value: Value | undefined): ImageClass => IMAGE_CLASSES.find((known) => known === value) ?? 'confext';
const rulesOf = (value: Value | undefined): Rules => RULES.find((known) => known === value) ?? '262';

/** The first arguments of the questions about images. */
const searchOf = ([image, rules, root, initrd, architecture]: readonly Value[]): Search => ({
  imageClass: classOf(image),
  rules: rulesOf(rules),
  root: text(root),
  inInitrd: typeof initrd === 'boolean' ? initrd : null,
  architecture: typeof architecture === 'string' ? architecture : undefined,
});
const SEARCH = 5;

/** Everything a program may ask, by name. */
export const QUESTIONS: Questions = {
  chase: (world, task, [path, root, how]) => {
    if (how === 'nonexistent') return chasedAsFar(world, task, text(path), text(root));
    const found = chased(world, task, text(path), text(root));
    return failed(found) && found.err === 'ENOENT' ? ok('missing') : found;
  },
  discover: (world, task, [verb, ...search]) => discoverQuestion(world, task, searchOf(search), verb === 'list'),
  suitable: (world, task, args) =>
    suitableQuestion(world, task, searchOf(args), args[SEARCH] === true, textsOf(args[SEARCH + 1])),
  'configured-mode': (world, task, [image, root]) => configuredMode(world, task, classOf(image), text(root)),
  linked: (world, task, [fd]) => {
    const held = taskOf(world, task).fds.get(text(fd));
    return held !== undefined && !isOrphan(pinned(fileSystem(world, held.fs), held.pin));
  },
  'first-line': (world, task, [path]) => firstLine(world, task, text(path)),
  ours: (world, task, [h, root, dotDir]) => ours(world, task, text(h), text(root), text(dotDir)),
  hierarchy: (world, task, [h, root]) => hierarchy(world, task, text(h), text(root)),
  status: (world, task, [h, root, image]) => statusOf(world, task, text(h), text(root), classOf(image)),
  reloads: (world, task, [image, root, rules, hierarchies]) =>
    reloads(world, task, classOf(image), text(root), rulesOf(rules), textsOf(hierarchies)),
  origin: (world, task, [h, root, dotDir]) => originOf(world, task, text(h), text(root), text(dotDir)),
  submounts: (world, task, [path]) => ok(inPathOrder(submountsBelow(world, taskOf(world, task).ns, text(path)))),
  content: (world, task, [h, extension]) => content(world, task, text(h), text(extension)),
  'has-entries': (world, task, [path]) => {
    const entries = entriesIn(world, task, text(path));
    return failed(entries) ? entries : ok(entries.ok.length > 0);
  },
  'is-directory': (world, task, [path]) => {
    const place = resolve(world, task, text(path), { follow: false });
    return 'err' in place ? place : ok(lookup(world, place.ok.fs, place.ok.path)?.type === 'dir');
  },
  'block-device': (world, task, [path]) => ok(hasBlockDevice(world, task, text(path))),
  'mutable-kind': (world, task, [h, root]) => mutableKind(world, task, text(h), text(root)),
  'same-mode': (world, task, [path, bits]) => {
    const place = resolve(world, task, text(path));
    if (failed(place)) return place.err === 'ENOENT' ? ok(true) : place;
    return ok(permissionBits(world, task, text(path)) === bits);
  },
  'free-work-name': (world, task, [beside, prefix]) => freeWorkName(world, task, text(beside), text(prefix)),
  'upper-fits': (world, task, [upper, beside]) => upperFits(world, task, text(upper), text(beside)),
};
