/** What has changed on the disks between two worlds, in a few words. */
import { nameOf, parentOf } from '../kernel/tree.ts';
import type { FsId } from '../kernel/types.ts';
import { rawView, type Seen } from '../kernel/view.ts';
import type { World } from '../kernel/world.ts';
import { code, grouped, listed } from './markdown.ts';

/** A name that is there, gone or another one than before. */
export interface Difference {
  readonly fs: FsId;
  readonly path: string;
  readonly is: 'file' | 'whiteout' | 'directory' | 'work directory' | 'removed' | 'link' | 'device';
}

const WORK = /\/\.systemd-[^/]*-workdir[^/]*/;

/** What is different on file systems outside /run; of a work directory, that it is there. */
export function differences(before: World, after: World): readonly Difference[] {
  return after.slots.fs
    .filter((id) => id !== 'run')
    .flatMap((id) => {
      const [was, is] = [before.get(`fs:${id}`), after.get(`fs:${id}`)];
      if (was === is || is?.kind !== 'plain') return [];
      return differencesOf(id, namesOf(before, id), namesOf(after, id));
    });
}

const namesOf = (world: World, id: FsId): ReadonlyMap<string, Seen> =>
  world.get(`fs:${id}`)?.kind === 'plain' ? rawView(world, id, '') : new Map();

function differencesOf(fs: FsId, was: ReadonlyMap<string, Seen>, is: ReadonlyMap<string, Seen>): readonly Difference[] {
  const paths = [...new Set([...was.keys(), ...is.keys()])].sort();
  return paths.flatMap((path): readonly Difference[] => {
    const work = WORK.exec(path);
    if (work !== null) {
      const top = path.slice(0, work.index + work[0].length);
      return path === top && !was.has(path) ? [{ fs, path, is: 'work directory' }] : [];
    }
    const [old, now] = [was.get(path), is.get(path)];
    if (now === undefined) return [{ fs, path, is: 'removed' }];
    if (old !== undefined && old.type === now.type && old.data === now.data) return [];
    return [{ fs, path, is: kindOf(now) }];
  });
}

const kindOf = ({ type, data }: Seen): Difference['is'] =>
  type === 'dir'
    ? 'directory'
    : type === 'file'
      ? 'file'
      : type === 'symlink'
        ? 'link'
        : type === 'chr' && data === '0,0'
          ? 'whiteout'
          : 'device';

/** A place in words: the directory that something is in. */
export function placeOf({ fs, path }: Pick<Difference, 'fs' | 'path'>): string {
  if (fs.startsWith('tool.')) return 'the tmpfs';
  const within = (top: string): boolean => path.startsWith(`${top}/`);
  if (within('/etc') || within('/data/etc')) return "the host's `/etc`";
  if (within('/var/lib/extensions.mutable/etc')) return 'the mutable directory';
  if (within('/var/lib/other') || within('/var/lib/nothing/etc')) return "the link's target";
  return code(parentOf(path) === '' ? '/' : parentOf(path));
}

/** "in the mutable directory: `a`, `b` as a whiteout". Tops that are new themselves are said to be made. */
export function leftText(all: readonly Difference[]): string {
  const made = all.filter(({ is }) => is === 'directory' || is === 'work directory');
  const inside = all.filter((each) => !made.includes(each));
  const parts = grouped(inside, placeOf).map(
    (group) => `in ${placeOf(group[0])}: ${group.map(({ path, is }) => nameText(nameOf(path), is)).join(', ')}`,
  );
  const outermost = made.filter(({ path }) => !made.some((other) => path.startsWith(`${other.path}/`)));
  const madeText = outermost.length === 0 ? [] : [`made: ${listed(outermost.map(({ path }) => code(path)))}`];
  return [...parts, ...madeText].join('; ') || 'nothing';
}

const nameText = (name: string, is: Difference['is']): string =>
  is === 'file' ? code(name) : is === 'removed' ? `${code(name)} removed` : `${code(name)} as a ${is}`;
