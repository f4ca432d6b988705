/**
 * Which images there are and which of them fit, what the origin file says, and the configured mode. The rules are those by
 * which real root directories are read (`src/input/`), asked of the model's own file systems.
 */
import { readConfig } from '../../src/input/config.ts';
import { type Circumstances, discover, inInitrd, readHost } from '../../src/input/discover.ts';
import type { ImageClass, Rules } from '../../src/input/imageclass.ts';
import { type Look, lookAt } from '../../src/input/look.ts';
import { match, type Release } from '../../src/input/release.ts';
import type { CallResult, Value } from '../../src/kernel/calls.ts';
import { list, lookup, resolve } from '../../src/kernel/path.ts';
import { failed, type Inode, ok, type TaskId } from '../../src/kernel/types.ts';
import type { Read } from '../../src/kernel/world.ts';
import { at, type Program } from '../../src/program/linux.ts';
import { must, names, Stopped, yes } from './call.ts';
import type { Invocation, Verb } from './invocation.ts';
import type { Mode } from './mutable.ts';
import { directoryOf, LOCKS } from './names.ts';

/** The world through the eyes of a process, for the rules of the input floor. `root` is where it begins, "" for the process's own. */
export function lookIn(world: Read, task: TaskId, root = ''): Look {
  const find = (path: string): { inode: Inode; fs: string; path: string } | undefined => {
    const place = resolve(world, task, root + path === '' ? '/' : root + path, { follow: false });
    if (failed(place)) return undefined;
    const inode = lookup(world, place.ok.fs, place.ok.path);
    return inode === undefined ? undefined : { inode, fs: place.ok.fs, path: place.ok.path };
  };
  return {
    list: (path) => {
      const found = find(path);
      return found?.inode.type === 'dir' ? list(world, found.fs, found.path) : undefined;
    },
    stat: (path) => find(path)?.inode.type,
    readLink: (path) => {
      const inode = find(path)?.inode;
      return inode?.type === 'symlink' ? inode.target : undefined;
    },
    readFile: (path) => {
      const inode = find(path)?.inode;
      return inode?.type === 'file' ? inode.content : undefined;
    },
    xattr: (path, name) => find(path)?.inode.xattrs.get(name),
  };
}

/** An image that was found and could be read, whether it fits or not. */
export interface Image {
  readonly name: string;
  /** What the message "Using extensions" calls it. */
  readonly printed: string;
  /** How it is mounted, and from where: a directory's path, or the file system that is in an image. */
  readonly kind: 'dir' | 'device';
  readonly source: string;
  /** Where it was found, as the origin file has it, and what else of it a later refresh compares. */
  readonly path: string;
  readonly identity: string;
  /** Its release data as JSON; "" where there is none. */
  readonly release: string;
}

/** Whose images, by which rules, below which root: the first arguments of the questions below. */
const search = (run: Invocation): readonly Value[] => [
  run.imageClass,
  run.systemd.discovery,
  run.root,
  run.inInitrd,
  run.architecture,
];

/** P2: all images, lowest layer first. One that cannot be read fails the whole verb, with everything left as it was. */
export function* discoverImages(step: string, verb: Verb, run: Invocation): Program<readonly Image[]> {
  const answer = yield* names(step, 'discover', verb, ...search(run));
  if (answer[0] === 'error') throw new Stopped(step, answer[1] ?? 'EINVAL');
  const images = imagesOf(answer);
  // Each image is locked while it is read, which makes the directory of the locks. Source: image_path_lock().
  if (images.length > 0 && verb !== 'list') yield* must(step, { op: 'mkdirAll', path: LOCKS, mode: 0o755 });
  if (run.locksImages && verb !== 'list') for (const { path } of images) yield* lockWhileReading(step, run.root + path);
  return images;
}

/**
 * While an image is read, a file beside it is locked: shared, so that runs at the same time do not mind. But to remove that file
 * a run makes its lock exclusive for a moment, and a run that comes just then fails with EBUSY. A second lock file, below
 * {@link LOCKS}, is treated in the same way, and left out here. Seen with strace in both versions.
 * Source: image_path_lock(), make_lock_file(), release_lock_file().
 */
function* lockWhileReading(step: string, image: string): Program {
  const path = `${directoryOf(image)}.#${image.slice(directoryOf(image).length)}.lck`;
  for (;;) {
    const opened = yield* at(step, {
      op: 'open',
      path,
      flags: ['O_RDWR', 'O_CREAT', 'O_NOFOLLOW'],
      mode: 0o600,
      fd: 'lock',
    });
    if ('err' in opened && opened.err === 'EROFS') return; // it does without
    if ('err' in opened) throw new Stopped(step, opened.err);
    const locked = yield* at(step, { op: 'fdlock', fd: 'lock', how: 'shared' });
    if ('err' in locked) throw new Stopped(step, locked.err === 'EAGAIN' ? 'EBUSY' : locked.err);
    if (yield* yes(step, 'linked', 'lock')) break;
    yield* must(step, { op: 'fdclose', fd: 'lock' }); // somebody removed it before it was locked: again
  }
  const alone = yield* at(step, { op: 'fdlock', fd: 'lock', how: 'exclusive' });
  if ('ok' in alone) yield* at(step, { op: 'unlink', path });
  yield* must(step, { op: 'fdclose', fd: 'lock' });
}

/** M2 and M3: the images that fit the host, whose os-release is read through the hierarchies as they are now. */
export function* suitable(step: string, run: Invocation, images: readonly Image[]): Program<readonly Image[]> {
  const releases = images.flatMap(({ name, release }) => [name, release]);
  const [kind, ...fitting] = yield* names(step, 'suitable', ...search(run), run.force, releases);
  if (kind === 'error') throw new Stopped(step, fitting[0] ?? 'EINVAL');
  return images.filter(({ name }) => fitting.includes(name));
}

// ---- answers ------------------------------------------------------------------------------------------------------

const FIELDS = ['name', 'printed', 'kind', 'source', 'path', 'identity', 'release'] as const;

/** What {@link discoverQuestion} answered, as images again. */
function imagesOf(words: readonly string[]): readonly Image[] {
  const images: Image[] = [];
  for (let index = 0; index < words.length; index += FIELDS.length) {
    const [name = '', printed = '', kind, source = '', path = '', identity = '', release = ''] = words.slice(index);
    images.push({ name, printed, kind: kind === 'device' ? 'device' : 'dir', source, path, identity, release });
  }
  return images;
}

/** The names alone, for a story. */
export const namesOf = (answer: readonly string[]): readonly string[] => imagesOf(answer).map(({ name }) => name);

const written = (release: Release | undefined): string => (release === undefined ? '' : JSON.stringify([...release]));

function read(text: string): Release | undefined {
  if (text === '') return undefined;
  const entries: unknown = JSON.parse(text);
  return new Map(
    Array.isArray(entries) ? entries.map(([key, value]): [string, string] => [String(key), String(value)]) : [],
  );
}

/** An image file of the model holds the line "image SLOT verity HASH": which file system is in it, and what identifies it. */
function deviceIn(world: Read, look: Look, tree: string): { device: string; verity: string } | undefined {
  const [word, device = '', kind, verity = ''] = (look.readFile(tree) ?? '').trim().split(' ');
  return word === 'image' && kind === 'verity' && world.get(`fs:${device}`) !== null ? { device, verity } : undefined;
}

/** Whose images, by which rules, below which root, as the questions are asked. */
export interface Search {
  readonly imageClass: ImageClass;
  readonly rules: Rules;
  readonly root: string;
  readonly inInitrd: boolean | null;
  readonly architecture: string | undefined;
}

const circumstances = (world: Read, task: TaskId, { root, inInitrd, architecture }: Search): Circumstances => ({
  ...(root === '' ? {} : { caller: { look: lookIn(world, task), root } }),
  inInitrd,
  architecture,
});

/**
 * Everything there is, as {@link imagesOf} reads it. Whoever only lists it looks into nothing. Source: sysext.c
 * image_discover_and_read_metadata(), verb_list().
 */
export function discoverQuestion(world: Read, task: TaskId, question: Search, lists: boolean): CallResult {
  const { imageClass, rules, root } = question;
  const look = lookIn(world, task, root);
  const openImage: Circumstances['openImage'] = ({ tree }) => {
    const image = deviceIn(world, look, tree);
    const fs = image === undefined ? undefined : world.get(`fs:${image.device}`);
    return fs?.kind === 'plain' ? lookAt(fs) : 'ENOPKG';
  };
  const found = discover(look, rules, imageClass, { ...circumstances(world, task, question), openImage });
  const stage = found.failure?.stage;
  if (stage === 'discover' || (stage === 'metadata' && !lists)) return ok(['error', found.failure?.errno ?? 'EINVAL']);
  const images = found.extensions.map((extension): Image => {
    const { name, printedName: printed, imagePath: path } = extension;
    const image = extension.kind === 'directory' ? undefined : deviceIn(world, look, extension.tree);
    const identity = image === undefined ? identityOf(world, task, root + extension.tree) : `verity ${image.verity}`;
    const source = image === undefined ? root + extension.tree : image.device;
    const release = written(extension.release);
    return { name, printed, kind: image === undefined ? 'dir' : 'device', source, path, identity, release };
  });
  return ok(images.flatMap((image) => FIELDS.map((field) => image[field])));
}

/** Which directory it is: the mount that it is on, and when it was made. Its mtime is recorded as 0. */
function identityOf(world: Read, task: TaskId, path: string): string {
  const place = resolve(world, task, path);
  const inode = failed(place) ? undefined : lookup(world, place.ok.fs, place.ok.path);
  const birth = inode?.type === 'dir' ? (inode.birth ?? 'new') : 'none';
  return `on ${failed(place) ? 'none' : place.ok.mount} born ${birth}`;
}

/** The names of images that fit, or why os-release does not tell what the host is. */
export function suitableQuestion(
  world: Read,
  task: TaskId,
  question: Search,
  force: boolean,
  releases: readonly string[],
): CallResult {
  const { imageClass, rules, root, architecture } = question;
  const look = lookIn(world, task, root);
  const initrd = inInitrd(look, rules, circumstances(world, task, question));
  const scope = 'ok' in initrd && initrd.ok ? 'initrd' : 'system';
  const { host, unusable } = readHost(look, imageClass, scope, architecture);
  if (host === undefined) return ok(['error', unusable?.errno ?? 'EINVAL']);
  const fitting: string[] = [];
  for (let index = 0; index < releases.length; index += 2) {
    const [name = '', release = ''] = releases.slice(index, index + 2);
    if (force || match(read(release), host).accepted) fitting.push(name);
  }
  return ok(['fitting', ...fitting]);
}

/**
 * The origin as JSON: mode, the resolved mutable directories where the mode uses them, and of each extension its path and its
 * verity hash, or else its mount and birth. Source: systemd 260, sysext.c.
 */
export function originText(
  { root, mountOptions }: Invocation,
  mode: Mode,
  directories: readonly (readonly [hierarchy: string, path: string])[],
  extensions: readonly Image[],
): string {
  const inRoot = (path: string): string => (path.startsWith(`${root}/`) ? path.slice(root.length) : path);
  return JSON.stringify({
    mutable: {
      mode,
      ...(directories.length === 0
        ? {}
        : { mutableDirs: Object.fromEntries(directories.map(([h, path]) => [h, inRoot(path)])) }),
    },
    ...(mountOptions === null || mountOptions === '' ? {} : { mountOptions }), // seen: an empty text is not noted
    ...(extensions.length === 0
      ? {}
      : { extensions: Object.fromEntries(extensions.map(({ name, path, identity }) => [name, { path, identity }])) }),
  });
}

/** `Mutable=` of the class's configuration file and its drop-ins, read through /etc as it is now; "unset" where nothing sets it. */
export const configuredMode = (world: Read, task: TaskId, imageClass: ImageClass, root: string): CallResult =>
  ok(readConfig(lookIn(world, task, root), imageClass).mutable ?? 'unset');
