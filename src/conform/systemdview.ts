import { MUTABLE, WORKSPACE } from '../../models/systemd/names.ts';
import { CLASSES } from '../input/imageclass.ts';
import { layerRoot } from '../kernel/lookup.ts';
import { type MountLine, mountTable } from '../kernel/mounttable.ts';
import { lookup, list as namesIn, pathOf, resolve } from '../kernel/path.ts';
import { byText, isOrphan, isWithin, join, nameOf } from '../kernel/tree.ts';
import { type FsId, failed, type Inode, type Layer, type OverlayFs, type Path } from '../kernel/types.ts';
import { fileSystem, overlayAt, type Read } from '../kernel/world.ts';
import { namesOf, statOf } from './listing.ts';
import { ADMIN, type SystemdMachine } from './systemdmachine.ts';

/** What a recorder notes of a machine after every step, in the form of the vectors. */

/** What is noted about one path or mount; every value is comparable as JSON. */
export type Noted = Readonly<Record<string, unknown>>;
export type Observation = Readonly<Record<Part, readonly Noted[]>>;
export const PARTS = ['view', 'host', 'mutable', 'mounts', 'run'] as const;
export type Part = (typeof PARTS)[number];

const DOT_DIRS: ReadonlySet<string> = new Set(Object.values(CLASSES).map(({ dotDir }) => dotDir));
const LIST_FILES = Object.values(CLASSES).map(({ listFile }) => listFile);
const WORK_DIR = /^\.systemd-.*-workdir$/;

/** Everything at once. `hierarchies` and `watch` are those of the vector. */
export function observe(
  machine: SystemdMachine,
  hierarchies: readonly string[],
  watch: readonly string[],
): Observation {
  const raw = (tops: readonly string[]): readonly Noted[] =>
    [...new Map(tops.flatMap((top) => rawTree(machine.world, 'root', top)))].sort(byKey).map(([, noted]) => noted);
  return {
    view: hierarchies.flatMap((h) => viewOf(machine, h)).sort((a, b) => byText(at(a), at(b))),
    host: raw(hierarchies),
    mutable: [...raw([MUTABLE, ...watch]), ...looseWorkDirs(machine.world)]
      .sort((a, b) => byText(at(a), at(b)))
      .filter(isFirst),
    mounts: mountsOf(machine.world, hierarchies),
    run: rawTree(machine.world, 'run', WORKSPACE.slice('/run'.length)).map(([path, { data: _, ...noted }]) => ({
      ...noted,
      path: `/run${path}`,
    })),
  };
}

const at = (noted: Noted): string => String(noted['path']);
const isFirst = (noted: Noted, index: number, all: readonly Noted[]): boolean =>
  index === 0 || at(all[index - 1] ?? {}) !== at(noted);
const byKey = ([a]: readonly [string, Noted], [b]: readonly [string, Noted]): number => byText(a, b);
const octal = (mode: number): string => mode.toString(8).padStart(4, '0');

const TYPES: Readonly<Record<Inode['type'], string>> = {
  dir: 'dir',
  file: 'file',
  symlink: 'symlink',
  chr: 'chardev',
  blk: 'blockdev',
  fifo: 'fifo',
  sock: 'socket',
};

// ---- as a process sees it -----------------------------------------------------------------------------------------

/** The hierarchy as a process sees it, itself first, by the calls with which the recorder looked. */
function viewOf(machine: SystemdMachine, h: string): readonly Noted[] {
  const noted: Noted[] = [];
  const visit = (path: string): void => {
    const found = machine.call({ op: 'lstat', path });
    if ('err' in found) {
      if (path !== h) noted.push({ path, error: found.err });
      return;
    }
    const stat = statOf(found);
    const owner = stat.uid === 0 && stat.gid === 0 ? {} : { owner: `${stat.uid}:${stat.gid}` };
    const base = { path, type: TYPES[stat.type], ...owner };
    switch (stat.type) {
      case 'dir': {
        if (DOT_DIRS.has(nameOf(path))) {
          noted.push({ path, type: 'dotdir', ...dotDir(machine, path) });
          return;
        }
        const names = machine.call({ op: 'readdir', path });
        // readdir(3) takes the ENOENT of a removed directory for the end of an empty one.
        const error = 'err' in names && names.err !== 'ENOENT' ? { error: names.err } : {};
        noted.push({ ...base, mode: octal(stat.mode), ...error });
        for (const name of namesOf(names)) visit(`${path}/${name}`);
        return;
      }
      case 'file': {
        const read = machine.call({ op: 'read', path });
        noted.push({ ...base, mode: octal(stat.mode), ...('err' in read ? { error: read.err } : { data: read.ok }) });
        return;
      }
      case 'symlink': {
        const read = machine.call({ op: 'readlink', path });
        noted.push({ ...base, target: 'err' in read ? read.err : read.ok });
        // A hierarchy that is a link is looked through.
        if (path === h) for (const name of namesOf(machine.call({ op: 'readdir', path }))) visit(`${path}/${name}`);
        return;
      }
      default:
        noted.push({ ...base, rdev: (stat.rdev ?? [0, 0]).join(':') });
    }
  };
  visit(h);
  return noted;
}

/** The marker directory in a few fields. */
function dotDir(machine: SystemdMachine, path: string): Noted {
  const files = namesOf(machine.call({ op: 'readdir', path }));
  const text = (name: string): string | undefined => {
    const read = files.includes(name) ? machine.call({ op: 'read', path: `${path}/${name}` }) : undefined;
    return read !== undefined && 'ok' in read ? String(read.ok) : undefined;
  };
  const list = LIST_FILES.map(text).find((each) => each !== undefined);
  const workDir = text('work_dir');
  const origin = text('origin');
  return {
    files: files.filter((name) => name !== 'backing'),
    ...(list === undefined ? {} : { list: list.split('\n').filter((line) => line !== '') }),
    ...(workDir === undefined ? {} : { work_dir: workDir }),
    ...(origin === undefined ? {} : { origin: reduced(origin) }),
  };
}

/** Of the origin: mode, mutable directories, options, and the path of each extension. */
function reduced(origin: string): Noted {
  const value: { mutable?: Noted; mountOptions?: unknown; extensions?: Record<string, { path?: unknown }> } =
    JSON.parse(origin);
  return {
    ...value.mutable,
    ...(value.mountOptions === undefined ? {} : { mountOptions: value.mountOptions }),
    ...(value.extensions === undefined
      ? {}
      : { extensions: Object.fromEntries(Object.entries(value.extensions).map(([name, { path }]) => [name, path])) }),
  };
}

// ---- on the disk --------------------------------------------------------------------------------------------------

/** What a file system has below all mounts, the overlay's own attributes included. Nothing where the top is missing. */
function rawTree(world: Read, id: FsId, top: Path): readonly (readonly [string, Noted])[] {
  const noted: (readonly [string, Noted])[] = [];
  const visit = (path: Path): void => {
    const inode = lookup(world, id, path);
    if (inode === undefined) return;
    if (WORK_DIR.test(nameOf(path))) {
      noted.push([path, { path, type: 'workdir' }]);
      return;
    }
    noted.push([path, rawNote(path, inode)]);
    if (inode.type === 'dir') for (const name of namesIn(world, id, path)) visit(join(path, name));
  };
  visit(top);
  return noted;
}

function rawNote(path: string, inode: Inode): Noted {
  const owner = inode.uid === 0 && inode.gid === 0 ? {} : { owner: `${inode.uid}:${inode.gid}` };
  const base = { path, type: TYPES[inode.type], ...owner };
  if (inode.type === 'symlink') return { ...base, target: inode.target };
  if ('rdev' in inode) return { ...base, rdev: inode.rdev.join(':') };
  if (inode.type === 'file') return { ...base, mode: octal(inode.mode), data: inode.content };
  const own = ['opaque', 'redirect'].flatMap((name) => {
    const value = inode.xattrs.get(`trusted.overlay.${name}`);
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...base, mode: octal(inode.mode), ...Object.fromEntries(own) };
}

/** Work directories that lie where nothing else is listed. */
function looseWorkDirs(world: Read): readonly Noted[] {
  return ['', '/var', '/var/lib'].flatMap((dir) =>
    lookup(world, 'root', dir)?.type === 'dir'
      ? namesIn(world, 'root', dir)
          .filter((name) => WORK_DIR.test(name))
          .map((name) => ({ path: `${dir}/${name}`, type: 'workdir' }))
      : [],
  );
}

// ---- mounts -------------------------------------------------------------------------------------------------------

/** The mounts at and below the hierarchies, symlinks followed, by path, those on one path from bottom to top: only the last is not hidden. */
function mountsOf(world: Read, hierarchies: readonly string[]): readonly Noted[] {
  const tops = hierarchies.flatMap((h) => {
    const place = resolve(world, ADMIN, h);
    return failed(place) ? [h] : [h, pathOf(world, place.ok.ns, place.ok.mount, place.ok.path)];
  });
  const lines = mountTable(world, 'host').filter((line) => tops.some((h) => isWithin(line.at, h)));
  return lines
    .map((line, index) => ({ line, index }))
    .sort((a, b) => byText(a.line.at, b.line.at) || Number(b.line.hidden) - Number(a.line.hidden) || a.index - b.index)
    .map(({ line }) => mountNote(world, line));
}

function mountNote(world: Read, line: MountLine): Noted {
  const overlay = overlayAt(world, line.fs);
  const flags = [...line.flags].filter((flag) => flag !== 'ro').sort();
  const isPart = line.fs === 'root';
  return {
    at: line.at,
    type: isPart ? 'bind' : line.type,
    ro: line.flags.includes('ro') || fileSystem(world, line.fs).readonly,
    ...(flags.length === 0 ? {} : { flags }),
    ...(line.hidden ? { hidden: true } : {}),
    ...(line.root !== '' || isPart ? { root: rootText(line.root) } : {}),
    ...(overlay === null || line.root !== '' ? {} : layersNote(world, overlay)),
  };
}

/** What a mount shows of its file system. The model forgets the name of what was removed. */
const rootText = (root: Path): string => (root === '' ? '/' : isOrphan(root) ? DELETED : root);
/** In mountinfo it follows the name. */
export const DELETED = '//deleted';

const UPPERS: Readonly<Record<string, string>> = {
  upper: 'upper:mutable',
  host: 'upper:host',
  ephemeral: 'upper:ephemeral',
};

/** Layers top to bottom, as a vector names them. */
export const layersOf = ({ upper, lowers }: Pick<OverlayFs, 'upper' | 'lowers'>): readonly string[] => [
  ...(upper === null ? [] : [UPPERS[roleOf(upper.name, 'upper')] ?? upper.name]),
  ...lowers.map(({ name }) => roleOf(name, 'import')),
];

/** What a layer is. One that was mounted by a string of options is known by its path alone. */
function roleOf(name: string, mutable: 'upper' | 'import'): string {
  if (!name.startsWith('/')) return name;
  if (name.startsWith(`${MUTABLE}/`)) return mutable;
  const [, folder = '', extension = ''] = /^\/run\/systemd\/sysext\/(\w+)\/([^/]+)/.exec(name) ?? [];
  if (folder === '') return 'host';
  return folder === 'meta' ? 'meta' : folder === 'mh_workspace' ? 'ephemeral' : `ext:${extension}`;
}

/** The layers top to bottom, and the directories that are not in their usual places. */
function layersNote(world: Read, overlay: OverlayFs): Noted {
  const known = NOTES.get(overlay.lowers);
  if (known !== undefined) return known;
  const note = layersAsMounted(world, overlay);
  NOTES.set(overlay.lowers, note);
  return note;
}

/** mountinfo has the paths of layers as they were at the mount, whatever was renamed since. */
const NOTES = new WeakMap<OverlayFs['lowers'], Noted>();

function layersAsMounted(world: Read, { lowers, upper, work }: OverlayFs): Noted {
  const path = (layer: Layer): string => {
    const inside = layerRoot(world, layer);
    const shown = mountTable(world, 'host').find(({ fs, root }) => fs === layer.fs && isWithin(inside, root));
    return shown === undefined || shown.at === '/' ? inside : shown.at + inside.slice(shown.root.length);
  };
  const imported = lowers.find(({ name }) => name === 'import');
  const isUsual = (layer: Layer): boolean => path(layer).startsWith(`${MUTABLE}/`);
  return {
    layers: layersOf({ upper, lowers }),
    ...(upper?.name === 'upper' && !isUsual(upper) ? { upperdir: path(upper) } : {}),
    ...(work !== null && upper?.name !== 'ephemeral' ? { workdir: path(work) } : {}),
    ...(imported !== undefined && !isUsual(imported) ? { importdir: path(imported) } : {}),
  };
}
