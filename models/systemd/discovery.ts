/**
 * Which extensions there are and which are accepted, what the origin file says, and the configured mode. The rules are
 * those by which real root directories are read (`src/input/`), asked of the model's own file systems.
 */
import { readConfig } from '../../src/input/config.ts';
import { accepted, discover, type Extension as Found, type Rules } from '../../src/input/discover.ts';
import type { Look } from '../../src/input/look.ts';
import { match, parseRelease } from '../../src/input/release.ts';
import { sortVersions } from '../../src/input/version.ts';
import type { CallResult, Value } from '../../src/kernel/calls.ts';
import { list, lookup, resolve } from '../../src/kernel/path.ts';
import { err, failed, type Inode, ok, type TaskId } from '../../src/kernel/types.ts';
import type { Read } from '../../src/kernel/world.ts';

/** The world through the eyes of a process, for the rules of the input floor. */
function lookIn(world: Read, task: TaskId): Look {
  const find = (path: string): { inode: Inode; fs: string; path: string } | undefined => {
    const place = resolve(world, task, path === '' ? '/' : path, { follow: false });
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

/** An image file of the model holds the line "image SLOT verity HASH": which file system is in it, and what identifies it. */
function imageIn(world: Read, task: TaskId, extension: Found): { device: string; verity: string } | undefined {
  const [word, device = '', kind, verity = ''] = (lookIn(world, task).readFile(extension.tree) ?? '').trim().split(' ');
  return word === 'image' && kind === 'verity' && world.get(`fs:${device}`) !== null ? { device, verity } : undefined;
}

/** An image's release data, read as if the image were mounted. */
function imageFits(world: Read, device: string, name: string, host: Parameters<typeof match>[1]): boolean {
  const inode = lookup(world, device, `/etc/extension-release.d/extension-release.${name}`);
  return match(inode?.type === 'file' ? parseRelease(inode.content) : undefined, host).accepted;
}

/** An accepted extension. */
export interface Extension {
  readonly name: string;
  /** How it is mounted, and from where: a directory's path, or the file system that is in an image. */
  readonly kind: 'dir' | 'device';
  readonly source: string;
  /** What of it a later refresh compares. */
  readonly identity: string;
}

/** The accepted extensions, lowest layer first; null where one that cannot be read fails the whole verb. */
function acceptedIn(world: Read, task: TaskId, rules: Rules, force: boolean): readonly Extension[] | null {
  const found = discover(lookIn(world, task), rules);
  const { host } = found;
  if (found.failure !== undefined || host === undefined) return null;
  const wanted = force ? found.extensions.filter(({ kind }) => kind === 'directory') : accepted(found);
  const directories = wanted.map((extension): Extension => {
    const place = resolve(world, task, extension.tree);
    const inode = failed(place) ? undefined : lookup(world, place.ok.fs, place.ok.path);
    const birth = inode?.type === 'dir' ? (inode.birth ?? 'new') : 'none';
    const mount = failed(place) ? 'none' : place.ok.mount;
    return {
      name: extension.name,
      kind: 'dir',
      source: extension.tree,
      identity: `${extension.path} on ${mount} born ${birth}`,
    };
  });
  const images: Extension[] = [];
  for (const extension of found.extensions.filter(({ kind }) => kind === 'raw' || kind === 'block')) {
    const image = imageIn(world, task, extension);
    if (image === undefined) return null;
    if (!force && !imageFits(world, image.device, extension.name, host)) continue;
    images.push({
      name: extension.name,
      kind: 'device',
      source: image.device,
      identity: `${extension.path} verity ${image.verity}`,
    });
  }
  return sortVersions([...directories, ...images], ({ name }) => name);
}

/** For every accepted extension: its name, "KIND SOURCE", its identity. Source: sysext.c image_discover_and_read_metadata(). */
export function discoverQuestion(world: Read, task: TaskId, rules: Rules, force: boolean): CallResult {
  const found = acceptedIn(world, task, rules, force);
  if (found === null) return err('ENOENT');
  return ok(found.flatMap(({ name, kind, source, identity }) => [name, `${kind} ${source}`, identity]));
}

/** What {@link discoverQuestion} answered, as extensions again. */
export function extensionsOf(answer: Value): readonly Extension[] {
  const words = Array.isArray(answer) ? answer.map(String) : [];
  const found: Extension[] = [];
  for (let index = 0; index < words.length; index += 3) {
    const [name = '', mounted = '', identity = ''] = words.slice(index, index + 3);
    const source = mounted.slice(mounted.indexOf(' ') + 1);
    found.push({ name, kind: mounted.startsWith('device ') ? 'device' : 'dir', source, identity });
  }
  return found;
}

/**
 * The origin as one text: mode, the resolved mutable directories where the mode uses them, and of each extension its verity
 * hash, or else its path, mount and birth. Source: systemd 260, sysext.c; seen: the mtime of a directory is recorded as 0.
 */
export const originText = (mode: string, directories: readonly string[], extensions: readonly Extension[]): string =>
  [
    `mode ${mode}${directories.length === 0 ? '' : ` in ${directories.join(', ')}`}`,
    ...extensions.map(({ name, identity }) => `${name}: ${identity}`),
  ].join('; ');

/** `Mutable=` of systemd/confext.conf and its drop-ins, read through /etc as it is now; "unset" where nothing sets it. */
export const configuredMode = (world: Read, task: TaskId): CallResult =>
  ok(readConfig(lookIn(world, task)).mutable ?? 'unset');
