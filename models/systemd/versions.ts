/**
 * What differs between systemd versions, as data: one row per behaviour, with what it means, where that is known from, and
 * what each version does. The programs beside this file branch on these names and on nothing else. A version that is built on
 * another one says only where it differs; a distribution's backports are rows laid over a version.
 */
import { RULES } from '../../src/input/imageclass.ts';

export const VERSIONS = ['257', '257-skip', '262', 'atomic', 'plain', 'beneath'] as const;
export type Version = (typeof VERSIONS)[number];

/** The versions that there are as binaries, by which the model is judged. The others are built on one of them. */
export const RELEASES = ['257', '262'] as const satisfies readonly Version[];
type Release = (typeof RELEASES)[number];

/** What each version is, and the release whose behaviours it has where its column says nothing else. */
export const ABOUT: Readonly<Record<Version, { readonly what: string; readonly on: Release }>> = {
  '257': { what: 'systemd 257, as Debian 13 ships it', on: '257' },
  '257-skip': {
    what: 'systemd 257 with the skip, the configuration file and index=off backported, as Flatcar shipped it with its confext for /etc',
    on: '257',
  },
  '262': { what: 'systemd 262', on: '262' },
  atomic: {
    what: 'systemd pull request 43680, which is open: the new overlay is finished before it goes beneath the old one, which is then detached',
    on: '262',
  },
  plain: {
    what: 'for comparison, what a shell script does: unmount the old overlay, mount the new one in its place',
    on: '262',
  },
  beneath: {
    what: 'for comparison, the swap alone: mount the new overlay beneath the old one, unmount that, and care for nothing else, as the first scripts of NixOS did',
    on: '262',
  },
};

type Value = boolean | number | string;
/** A row: its meaning, its source, all values that it can have, and what each version does. */
export type Row<T extends Value = Value> = {
  readonly what: string;
  readonly source: string;
  readonly values: readonly T[];
} & Readonly<Record<Version, T>>;
/** What the releases do, and those versions that differ from the release they are built on. */
type Given<T> = Readonly<Record<Release, T> & Partial<Record<Version, T>>>;

function row<const T extends Value>(
  what: string,
  source: string,
  values: readonly T[],
  given: Given<NoInfer<T>>,
): Row<T> {
  const of = (version: Version): T => given[version] ?? given[ABOUT[version].on];
  return {
    what,
    source,
    values,
    '257': of('257'),
    '257-skip': of('257-skip'),
    '262': of('262'),
    atomic: of('atomic'),
    plain: of('plain'),
    beneath: of('beneath'),
  };
}
const flag = (what: string, source: string, given: Given<boolean>): Row<boolean> =>
  row<boolean>(what, source, [false, true], given);

export const BEHAVIOURS = {
  discovery: row(
    'by whose rules extensions are found and heard: where an initrd looks, `.sysupdate.` names, `.mstack` directories, lists of units to restart',
    'discover-image.c image_discover(); src/input/discover.ts has the rules',
    RULES,
    { '257': '257', '262': '262' },
  ),
  skip: flag(
    'refresh compares the origin of the merged hierarchy with what it would merge now, and stops if they are equal',
    'systemd 260, NEWS and sysext.c merge_subprocess(); seen: 262.1 prints "skipped", 257.13 always replaces',
    { '257': false, '257-skip': true, '262': true },
  ),
  configFile: flag(
    'systemd/confext.conf and its drop-ins set the mutable mode',
    'systemd 262, sysext.c context_from_config(); seen with 262.1, 257.13 ignores the file',
    { '257': false, '257-skip': true, '262': true },
  ),
  indexOff: flag(
    'a mutable overlay is mounted with index=off',
    'systemd 262, sysext.c; backported for systemd issue 37245; seen in the mount options',
    { '257': false, '257-skip': true, '262': true },
  ),
  mutableWithoutExtensions: flag(
    'with no extension left, a mode other than "no" still mounts an overlay of the host (and the mutable directory)',
    'systemd 262, sysext.c; seen: 262.1 "proceeding in mutable mode", 257.13 unmerges',
    { '257': false, '262': true },
  ),
  cloneSubmounts: flag(
    'submounts are parked as private recursive clones (open_tree, move_mount); before, as shared bind copies',
    'systemd 262, mount-util.c; systemd pull request 41875; seen with strace',
    { '257': false, '262': true },
  ),
  nestedSubmounts: row(
    'a mount below another submount: carried along, or the helper process aborts by assertion after the first detach',
    'seen: 257.13 "Assertion \'original_path\' failed"; 262.1 carries them',
    ['carried', 'abort'],
    { '257': 'abort', '262': 'carried' },
  ),
  earlyMutableCheck: flag(
    'the mutable directory is resolved (and created, and its mode checked) before the old overlay is detached',
    'systemd 262, sysext.c, as part of the origin step; seen: a wrong mode keeps the old overlay with 262.1, not with 257.13',
    { '257': false, '262': true },
  ),
  mutableParents: row(
    'permission bits with which a mutable directory and its parents are made',
    'seen with strace: 257.13 makes them 0700, 262.1 0755',
    [0o700, 0o755],
    { '257': 0o700, '262': 0o755 },
  ),
  mutableModeAtOnce: flag(
    'a directory for writes gets the permission bits of the hierarchy when it is resolved; before, only right before the mount',
    'seen with strace: 262.1 calls fchmod, also in a refresh that it then skips',
    { '257': false, '262': true },
  ),
  danglingMutable: row(
    'what mode "yes" does with a mutable directory that is a link to nothing: error EEXIST, or it creates the target',
    'seen: 257.13 "File exists", 262.1 creates and uses the target',
    ['refused', 'created'],
    { '257': 'refused', '262': 'created' },
  ),
  mutableNoDirectory: row(
    'what mode "yes" fails with where something else than a directory is in its place, with the permission bits of one',
    'seen: 257.13 "File exists", 262.1 "Failed to chase/create base directory …: Not a directory"',
    ['EEXIST', 'ENOTDIR'],
    { '257': 'EEXIST', '262': 'ENOTDIR' },
  ),
  backingFile: flag(
    'the block device of the host hierarchy is noted in the overlay, if that is a layer and on one',
    'systemd 262, sysext.c; seen with strace: the last file written to the marker directory',
    { '257': false, '262': true },
  ),
  checksWorkDir: flag(
    'a noted work directory that is not a plain relative path is refused (EINVAL) before anything is detached',
    'systemd 262, sysext.c; seen: 257.13 removes what an absolute path leads to',
    { '257': false, '262': true },
  ),
  mountOptionsVariable: flag(
    "SYSTEMD_CONFEXT_OVERLAYFS_MOUNT_OPTIONS (or …SYSEXT…) replaces the tool's own overlay options, also of an immutable one",
    'systemd 262, sysext.c; seen with 262.1, 257.13 ignores it',
    { '257': false, '262': true },
  ),
  statusOfNone: row(
    'what `status` shows for a hierarchy that is not merged: "none", or nothing, as for one that was merged without extensions',
    'seen in the table and as JSON with both',
    ['none', 'empty'],
    { '257': 'none', '262': 'empty' },
  ),

  // how an overlay is replaced
  assembly: row(
    'where the new overlay is put together: in a private workspace after the old one was detached for everyone; in the workspace of a child whose unmounts nobody else sees, while the old one stays; or on the hierarchy itself',
    'sysext.c merge_subprocess(), seen with strace; pull request 43680: "the assembly happens in a decoupled mount namespace"; a script has no other place',
    ['workspace', 'decoupled', 'hierarchy'],
    { '257': 'workspace', '262': 'workspace', atomic: 'decoupled', plain: 'hierarchy', beneath: 'decoupled' },
  ),
  submounts: row(
    'what becomes of the mounts below a hierarchy: they are moved out of the way and then into the new overlay; the new overlay gets clones of them before it is shown; or they go with the old one',
    'sysext.c move_submounts(), seen with strace; pull request 43680: "make unmerge_hierarchy() return the cloned submounts"; seen on Linux 6.18: a swap loses them',
    ['moved', 'cloned', 'dropped'],
    { '257': 'moved', '262': 'moved', atomic: 'cloned', plain: 'dropped', beneath: 'dropped' },
  ),
  fallback: row(
    'what a finished overlay does that cannot go beneath the old one (EINVAL): the old one is detached first, or the run fails',
    'pull request 43680: "otherwise we do a fallback where we shortly unmount as before"; scripts have none',
    ['detach', 'none'],
    { '257': 'none', '262': 'none', atomic: 'detach' },
  ),
  kernelBeneath: flag(
    'the kernel can mount beneath another mount; one that cannot gives EINVAL',
    'Linux 6.5, move_mount(2) MOVE_MOUNT_BENEATH; not a matter of systemd, but of where it runs',
    { '257': true, '262': true },
  ),
  workDirName: row(
    'the name of the work directory: one for a hierarchy, or a new one for each merge, with 16 random hexadecimal digits',
    'sysext.c work_dir_for_hierarchy(); pull request 43680: "per mount workdirs are also needed and get a random suffix"',
    ['fixed', 'unique'],
    { '257': 'fixed', '262': 'fixed', atomic: 'unique' },
  ),
  workDirRemoval: row(
    "from where the noted path of a work directory is looked up when it is removed: the caller's working directory, or the root",
    'sysext.c unmerge_hierarchy(), seen with both releases: the path has no leading slash; pull request 43680: "also fixes the case where we relied on / as CWD"',
    ['caller', 'root'],
    { '257': 'caller', '262': 'caller', atomic: 'root' },
  ),
  cleansUp: flag(
    'a run that assembles in a decoupled namespace and fails removes the work directories that it has made',
    'pull request 43680: "a random suffix and cleanup on failure"',
    { '257': false, '262': false, atomic: true },
  ),
  unmergeForks: flag(
    'an unmerge is done by a child in its own namespace, with submounts parked in the workspace; else by the tool itself, with clones that it holds',
    'sysext.c unmerge(); pull request 43680: "remove the forking done in the simple unmerge case"',
    { '257': true, '262': true, atomic: false },
  ),
} satisfies Readonly<Record<string, Row>>;

type Table = typeof BEHAVIOURS;
export type Behaviour = keyof Table;
/** The behaviours of one systemd: every row answered. */
export type Systemd = { readonly [K in Behaviour]: Table[K][Release] };

const ROWS: ReadonlyMap<string, Row> = new Map(Object.entries(BEHAVIOURS));

/** The named version with some rows changed, as a distribution that backports them has it. */
export function systemd(version: Version, backports: Partial<Systemd> = {}): Systemd {
  const column = Object.fromEntries([...ROWS].map(([name, each]) => [name, each[version]]));
  if (!isWhole(column))
    throw new Error(`the column ${version} of the behaviours has a value that its row does not know`);
  return { ...column, ...backports };
}

/**
 * How a replacement looks from outside: there is a *window* in which nothing is merged; it is a *swap* of one overlay for the
 * other; or it is *refused*, and the old one stays.
 */
export function replacementOf({ assembly, kernelBeneath, fallback }: Systemd): 'window' | 'swap' | 'refused' {
  if (assembly !== 'decoupled') return 'window';
  return kernelBeneath ? 'swap' : fallback === 'detach' ? 'window' : 'refused';
}

const isKnown = (name: string, value: unknown): boolean =>
  ROWS.get(name)?.values.some((known) => known === value) === true;
const isWhole = (column: Readonly<Record<string, unknown>>): column is Systemd =>
  [...ROWS.keys()].every((name) => isKnown(name, column[name]));
const isPart = (column: Readonly<Record<string, unknown>>): column is Partial<Systemd> =>
  Object.entries(column).every(([name, value]) => isKnown(name, value));

// ---- in words -----------------------------------------------------------------------------------------------------

/** A value as one word of a command line: "yes", "0755", "carried". */
export const wordFor = (value: Value): string =>
  typeof value === 'boolean' ? (value ? 'yes' : 'no') : typeof value === 'number' ? `0${value.toString(8)}` : value;

/** The words for the values of a row; undefined if no row is called so. */
export const wordsOf = (behaviour: string): readonly string[] | undefined => ROWS.get(behaviour)?.values.map(wordFor);

/** Rows that are given in words, as `--set` has them. They must be words that {@link wordsOf} knows. */
export function behavioursOf(words: Readonly<Record<string, string>>): Partial<Systemd> {
  const column = Object.fromEntries(
    Object.entries(words).map(([name, word]) => [
      name,
      ROWS.get(name)?.values.find((value) => wordFor(value) === word),
    ]),
  );
  if (!isPart(column)) throw new Error(`${JSON.stringify(words)} has a behaviour or a value that is not in the table`);
  return column;
}
