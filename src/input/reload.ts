import { parseBoolean } from './config.ts';
import type { ImageClass, Rules } from './imageclass.ts';
import type { Look, Note } from './look.ts';
import { type Release, words } from './release.ts';
import { readReleaseFile } from './releasefile.ts';

/**
 * What merged extensions ask of the service manager. Source: sysext.c need_reload() and its heirs in 262; seen with the
 * binaries of 257.13 and 262.1 and a program in the place of the service manager.
 */
export interface Wishes {
  /** Whether the manager is reloaded. In 262 any list of units asks for that as well, `EXTENSION_RELOAD_MANAGER=0` or not. */
  readonly reload: boolean;
  /** Units that are restarted then, and stopped if that fails; sorted, since systemd takes them in any order. */
  readonly restart: readonly string[];
  /** The same for units that may be reloaded. One that is in both lists is restarted. */
  readonly reloadOrRestart: readonly string[];
  /** Warnings, in systemd's words. */
  readonly notes: readonly Note[];
}

/**
 * The wishes of the extensions `names`, as the tree tells that they are merged in: after a merge the merged one, and before
 * an unmerge what is going to be unmerged. A release file that another layer hides has no say, and with a hierarchy that
 * does not have the directory of release files nobody has. Nothing is asked of a manager with `--no-reload` or `--root=`, or
 * when a merge fails or is skipped.
 */
export function wishesOf(look: Look, rules: Rules, imageClass: ImageClass, names: readonly string[]): Wishes {
  const notes: Note[] = [];
  const restart = new Set<string>();
  const reloadOrRestart = new Set<string>();
  let reload = false;
  for (const name of names) {
    const { release } = readReleaseFile(look, imageClass, name, { relaxed: true });
    if (release === undefined) continue;
    const wanted = release.get('EXTENSION_RELOAD_MANAGER') ?? '';
    const parsed = parseBoolean(wanted);
    if (wanted !== '' && parsed === undefined)
      notes.push({ path: name, what: `Failed to parse EXTENSION_RELOAD_MANAGER= of ${name}, ignoring` });
    reload ||= parsed === true;
    if (rules === '257') continue;
    const units = (key: string, into: Set<string>): void => {
      reload ||= (release.get(key) ?? '') !== '';
      for (const unit of unitsOf(release, key, name, notes)) into.add(unit);
    };
    units('EXTENSION_RESTART_UNITS', restart);
    units('EXTENSION_RELOAD_OR_RESTART_UNITS', reloadOrRestart);
  }
  const others = [...reloadOrRestart].filter((unit) => !restart.has(unit));
  return { reload, restart: [...restart].sort(), reloadOrRestart: others.sort(), notes };
}

function unitsOf(release: Release, key: string, name: string, notes: Note[]): readonly string[] {
  const all = words(release.get(key) ?? '');
  for (const unit of all.filter((one) => !isUnitName(one)))
    notes.push({ path: name, what: `Invalid unit name '${unit}' in ${key}= of ${name}, ignoring` });
  return all.filter(isUnitName);
}

const UNIT =
  /^[0-9A-Za-z:_.\\-][0-9A-Za-z:_.\\@-]*\.(service|socket|target|device|mount|automount|swap|timer|path|slice|scope)$/;

/** A unit or an instance, not a template. Source: unit-name.c unit_name_is_valid(). */
const isUnitName = (text: string): boolean => text.length < 256 && UNIT.test(text) && !/^[^@]*@\.[a-z]+$/.test(text);
