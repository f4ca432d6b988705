/** What a process finds in the hierarchies, as facts that can be compared: by the calls that everybody makes. */
import { OBSERVER } from '../../models/systemd/questions.ts';
import { layersOf } from '../conform/systemdview.ts';
import type { Call, CallResult } from '../kernel/calls.ts';
import { mountTable } from '../kernel/mounttable.ts';
import { resolve } from '../kernel/path.ts';
import { failed, type MountFlag, type OverlayFs, type TaskId } from '../kernel/types.ts';
import { fileSystem, overlayAt, type World } from '../kernel/world.ts';
import { tries } from './lab.ts';

/** Everything that somebody finds out, and the world after they looked: it remembers that. */
export interface Looked {
  readonly world: World;
  /** "/etc/app.conf" -> what is there, in a few words. Directories are there, too. */
  readonly files: ReadonlyMap<string, string>;
}

const MARKERS: ReadonlySet<string> = new Set(['.systemd-confext', '.systemd-sysext']);

/**
 * Lists and reads everything below the given directories, marker directories aside, and asks for names that somebody knows from
 * before, whether they are listed or not.
 */
export function look(start: World, task: TaskId, tops: readonly string[], known: Iterable<string> = []): Looked {
  let world = start;
  const files = new Map<string, string>();
  const call = (what: Call): CallResult => {
    const { world: next, result } = tries(world, task, what);
    world = next;
    return result;
  };
  const visit = (path: string): void => {
    const found = call({ op: 'lstat', path });
    if ('err' in found) {
      if (!tops.includes(path)) files.set(path, found.err);
      return;
    }
    const type = typeof found.ok === 'object' && found.ok !== null && 'type' in found.ok ? found.ok.type : '';
    if (type !== 'dir') {
      const read = call(type === 'symlink' ? { op: 'readlink', path } : { op: 'read', path });
      files.set(path, type === 'chr' ? 'device' : 'err' in read ? read.err : JSON.stringify(read.ok));
      return;
    }
    files.set(path, 'directory');
    const names = call({ op: 'readdir', path });
    if ('err' in names || !Array.isArray(names.ok)) return;
    const sorted = names.ok.map((entry) => String(Array.isArray(entry) ? entry[0] : entry)).sort();
    for (const name of sorted) if (!MARKERS.has(name)) visit(`${path}/${name}`);
  };
  for (const top of tops) visit(top);
  for (const path of known) if (!files.has(path) && 'ok' in call({ op: 'lstat', path })) visit(path);
  return { world, files };
}

/** The overlay that everybody finds at the hierarchy, through a link if that is one; null where there is none. */
export function overlayOf(world: World): OverlayFs | null {
  const place = resolve(world, OBSERVER, '/etc');
  return failed(place) ? null : overlayAt(world, place.ok.fs);
}

/** A mount at or below a hierarchy. */
export interface Mounted {
  readonly type: string;
  readonly readonly: boolean;
  readonly flags: readonly MountFlag[];
  /** Top to bottom; none where it is no overlay. */
  readonly layers: readonly string[];
  /** Options that make it behave otherwise. */
  readonly options: string;
}

/** The mounts at and below the hierarchies, marker directories aside, by place: hidden ones say so. */
export function mountsAt(world: World, tops: readonly string[]): ReadonlyMap<string, Mounted> {
  const found = new Map<string, Mounted>();
  for (const line of mountTable(world, 'host')) {
    const { at, fs, type, flags, hidden, root } = line;
    if (!tops.some((top) => at === top || at.startsWith(`${top}/`)) || MARKERS.has(at.slice(at.lastIndexOf('/') + 1)))
      continue;
    const overlay = root === '' ? overlayAt(world, fs) : null;
    let place = hidden ? `${at} below` : at;
    while (found.has(place)) place += ' below';
    found.set(place, {
      type,
      readonly: flags.includes('ro') || fileSystem(world, fs).readonly,
      flags: flags.filter((flag) => flag !== 'ro').sort(),
      layers: overlay === null ? [] : layersOf(overlay),
      options: overlay === null ? '' : `redirect_dir=${overlay.options.redirectDir}`,
    });
  }
  return found;
}

/** What two looks differ in: "gains", "loses" and "shows another" with the names. */
export interface Changes {
  readonly gained: readonly string[];
  readonly lost: readonly string[];
  readonly changed: readonly string[];
}

export function changesBetween<T>(before: ReadonlyMap<string, T>, after: ReadonlyMap<string, T>): Changes {
  const gained = [...after.keys()].filter((name) => !before.has(name));
  const lost = [...before.keys()].filter((name) => !after.has(name));
  const changed = [...after].flatMap(([name, what]) => {
    const was = before.get(name);
    return was !== undefined && JSON.stringify(was) !== JSON.stringify(what) ? [name] : [];
  });
  return { gained, lost, changed };
}
