import { isWithin, join, nameOf, parentOf } from './tree.ts';
import type { Path } from './types.ts';

/**
 * The names of a file system that have a dentry, as a tree: whoever has one, so have the directories above. Adding or
 * taking away a name copies the directories on its way and shares the rest.
 */
export interface Dentries extends ReadonlyMap<string, Dentries> {}

export const NO_DENTRIES: Dentries = new Map();

const namesOf = (path: Path): readonly string[] => (path === '' ? [] : path.slice(1).split('/'));

function walk(dentries: Dentries, path: Path): Dentries | undefined {
  let here: Dentries | undefined = dentries;
  for (const name of namesOf(path)) here = here?.get(name);
  return here;
}

export const hasDentry = (dentries: Dentries, path: Path): boolean => walk(dentries, path) !== undefined;

/** With a name, and what is below it in place of what was. */
export function withDentry(dentries: Dentries, path: Path, below: Dentries = NO_DENTRIES): Dentries {
  const put = (here: Dentries, names: readonly string[]): Dentries => {
    const [name, ...rest] = names;
    return name === undefined ? below : new Map(here).set(name, put(here.get(name) ?? NO_DENTRIES, rest));
  };
  return put(dentries, namesOf(path));
}

/** Without a name and all below it. */
export function withoutDentry(dentries: Dentries, path: Path): Dentries {
  if (!hasDentry(dentries, path)) return dentries;
  if (path === '') return NO_DENTRIES;
  const siblings = new Map(dentriesAt(dentries, parentOf(path)));
  siblings.delete(nameOf(path));
  return withDentry(dentries, parentOf(path), siblings);
}

/** What is below a name; nothing where it has no dentry. */
const dentriesAt = (dentries: Dentries, path: Path): Dentries => walk(dentries, path) ?? NO_DENTRIES;

/** All names, sorted, a directory before what is in it. */
export function pathsOf(dentries: Dentries, at: Path = ''): readonly Path[] {
  return [...dentries.keys()].sort().flatMap((name) => {
    const path = join(at, name);
    return [path, ...pathsOf(dentries.get(name) ?? NO_DENTRIES, path)];
  });
}

/** After a rename, or an exchange of two names neither of which is below the other. */
export function movedDentries(dentries: Dentries, from: Path, to: Path, exchange: boolean): Dentries {
  if (isWithin(to, from) || isWithin(from, to)) return dentries;
  const [had, other] = [hasDentry(dentries, from), exchange && hasDentry(dentries, to)];
  const [below, above] = [dentriesAt(dentries, from), dentriesAt(dentries, to)];
  const without = withoutDentry(withoutDentry(dentries, from), to);
  const moved = had ? withDentry(without, to, below) : without;
  return other ? withDentry(moved, from, above) : moved;
}
