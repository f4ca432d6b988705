import { isWithin, nameOf } from '../kernel/tree.ts';
import type { Errno, Path } from '../kernel/types.ts';
import { CLASSES, IMAGE_CLASSES, type ImageClass, isImageName, type Rules } from './imageclass.ts';
import { type Chased, type ChaseError, chase, type Kind, type Look, type Note } from './look.ts';
import { type Host, hostOf, match, parseRelease, type Release, type Verdict } from './release.ts';
import { readReleaseFile } from './releasefile.ts';
import { compareVersions, sortVersions, tied } from './version.ts';

/**
 * Which extension images systemd finds in a root file system, and which of them it merges. Pure: it asks a {@link Look}
 * and nothing else. Source: systemd discover-image.c image_discover() and image_read_metadata(), os-util.c
 * open_extension_release(), vpick.c path_pick(); compared with what the binaries of 257.13 and 262.1 say they list, skip,
 * ignore and use.
 */

export interface Extension {
  /** File name without suffixes; what the layer and the list file call it. */
  readonly name: string;
  /** Where it was found: the search directory, symlinks resolved, and the file name. */
  readonly path: Path;
  /** What the path leads to, inside the root. */
  readonly tree: Path;
  /** What systemd takes for its path: `list` prints it, and 262 records it in the origin. 262 resolves symlinks first. */
  readonly imagePath: Path;
  /** What "Using extensions …" calls it: the file name in that path. */
  readonly printedName: string;
  readonly kind: 'directory' | 'raw' | 'block' | 'mstack';
  /** What the release file says; undefined where there is no usable one, or where it is inside an image. */
  readonly release: Release | undefined;
  /** Undefined where nobody has looked inside: images, unless somebody opens them. */
  readonly verdict: Verdict | undefined;
}

/** The kernel's errors, and those that only systemd comes to. */
export type FailureErrno = Errno | 'EBADMSG' | 'EMEDIUMTYPE' | 'ENOMEDIUM' | 'ENOPKG';

/** Why merge and refresh fail as a whole, before they touch a hierarchy. */
export interface Failure {
  readonly errno: FailureErrno;
  /** In systemd's words. */
  readonly message: string;
  /**
   * What had been done by then: `discover` is the search, `metadata` the look into every image, both before a merge asks
   * whether something is merged already; `host` is the reading of os-release, after that question.
   */
  readonly stage: 'discover' | 'metadata' | 'host';
}

export interface Discovery {
  readonly initrd: boolean;
  /** Undefined where os-release is missing or unusable; then every merge fails. */
  readonly host: Host | undefined;
  /** Lowest layer first; those that are not merged as well. */
  readonly extensions: readonly Extension[];
  /** The first one. Of several images that cannot be read, systemd reports any. */
  readonly failure: Failure | undefined;
  /** What is wrong with os-release. */
  readonly unusable: Failure | undefined;
  readonly notes: readonly Note[];
}

/** What else the rules depend on. */
export interface Circumstances {
  /** systemd's name for the machine, undefined where nobody knows. */
  readonly architecture?: string | undefined;
  /** `--force`: every extension is accepted, whatever its release file says. */
  readonly force?: boolean;
  /** Where `--root=` names another root: the caller's own, and the place of the other one in it. */
  readonly caller?: { readonly look: Look; readonly root: Path };
  /** SYSTEMD_IN_INITRD as a boolean; null or undefined where it is not set, or is none. */
  readonly inInitrd?: boolean | null;
  /**
   * The tree that is in a raw image or on a block device, or why it cannot be opened: ENOPKG for what has no file system.
   * Where nobody can tell, images are left without a verdict.
   */
  readonly openImage?: (image: Pick<Extension, 'name' | 'path' | 'tree' | 'kind'>) => Look | FailureErrno;
}

/** As strerror(3) has them, for the errors that the rules come to. */
const MESSAGES: Partial<Readonly<Record<FailureErrno, string>>> = {
  EACCES: 'Permission denied',
  EBADMSG: 'Bad message',
  EINVAL: 'Invalid argument',
  EISDIR: 'Is a directory',
  ELOOP: 'Too many levels of symbolic links',
  ENOENT: 'No such file or directory',
  ENOMEDIUM: 'No medium found',
  ENOPKG: 'Package not installed',
  ENOTDIR: 'Not a directory',
  ENXIO: 'No such device or address',
  EOPNOTSUPP: 'Operation not supported',
};

const failure = (stage: Failure['stage'], what: string, errno: FailureErrno): Failure => ({
  errno,
  message: `${what}: ${MESSAGES[errno] ?? errno}`,
  stage,
});

/** In order of priority. Source: discover-image.c image_search_path[], image_search_path_initrd[]. */
export const searchPath = (imageClass: ImageClass, rules: Rules, initrd: boolean): readonly Path[] =>
  initrd ? CLASSES[imageClass].initrdSearchPath[rules] : CLASSES[imageClass].searchPath;

/**
 * Whether the tool takes the root that it works on for an initrd. 257 asks about the system that it runs in, 262 about
 * the root, and fails if that cannot be told. Source: initrd-util.c in_initrd(), discover-image.c; seen with both binaries.
 */
export function inInitrd(
  look: Look,
  rules: Rules,
  { caller, inInitrd: variable }: Circumstances = {},
): { readonly ok: boolean } | { readonly err: ChaseError } {
  if (rules === '257') return { ok: variable ?? 'ok' in chase(caller?.look ?? look, '/etc/initrd-release') };
  const at = chase(look, '/etc/initrd-release');
  return 'err' in at && at.err !== 'ENOENT' ? at : { ok: 'ok' in at };
}

const chop = (name: string, suffix: string): string =>
  name.endsWith(suffix) ? name.slice(0, name.length - suffix.length) : name;

/** A candidate before its release file is read. */
type Found = Omit<Extension, 'release' | 'verdict'>;

interface Search {
  readonly look: Look;
  readonly rules: Rules;
  readonly imageClass: ImageClass;
  readonly given: Circumstances;
  readonly found: Map<string, Found>;
  readonly notes: Note[];
}

/** All extensions of a class in a root. */
export function discover(look: Look, rules: Rules, imageClass: ImageClass, given: Circumstances = {}): Discovery {
  const notes: Note[] = [];
  const where = inInitrd(look, rules, given);
  const initrd = 'ok' in where && where.ok;
  const { host, unusable } = readHost(look, imageClass, initrd ? 'initrd' : 'system', given.architecture);
  const search: Search = { look, rules, imageClass, given, found: new Map(), notes };
  let first = 'err' in where ? failure('discover', 'Failed to discover images', where.err) : undefined;
  if (first === undefined)
    for (const directory of searchPath(imageClass, rules, initrd)) first ??= searchDirectory(search, directory);
  const sorted = sortVersions([...search.found.values()], (found) => found.name);
  for (const [a, b] of tied(sorted.map((found) => found.name)))
    notes.push({
      path: search.found.get(b)?.path ?? '',
      what: `'${a}' and '${b}' are one version: either may be on top`,
    });
  const looked = sorted.map((found) => lookInto(search, found));
  for (const one of looked) if (one !== undefined && 'errno' in one) first ??= one;
  const extensions = sorted.map((found, index) => judge(search, host, found, looked[index]));
  return { initrd, host, extensions, failure: first ?? unusable, unusable, notes };
}

/** What the host is, or why that cannot be told. Source: os-util.c parse_os_release(); sysext.c merge_subprocess() refuses one without ID. */
export function readHost(
  look: Look,
  imageClass: ImageClass,
  scope: Host['scope'],
  architecture: string | undefined,
): Pick<Discovery, 'host' | 'unusable'> {
  const failed = (errno: FailureErrno, what = "Failed to acquire 'os-release' data of OS tree '/'") => ({
    host: undefined,
    unusable: failure('host', what, errno),
  });
  let at = chase(look, '/etc/os-release');
  if ('err' in at && at.err === 'ENOENT') at = chase(look, '/usr/lib/os-release');
  if ('err' in at) return failed(at.err);
  const kind = look.stat(at.ok);
  const text = look.readFile(at.ok);
  if (text === undefined) return failed(kind === 'dir' ? 'EISDIR' : kind === 'file' ? 'EACCES' : 'ENXIO');
  const release = parseRelease(text);
  if (release === undefined) return failed(text.includes('\0') ? 'EBADMSG' : 'EINVAL');
  const host = hostOf(release, imageClass, scope, architecture);
  return host === undefined
    ? failed('EINVAL', "'ID' field not found or empty in 'os-release' data of OS tree '/'")
    : { host, unusable: undefined };
}

// ---- entries of a search directory --------------------------------------------------------------------------------

/** Adds what a directory has. Returns why the whole discovery fails, if it does. */
function searchDirectory(search: Search, directory: Path): Failure | undefined {
  const { look, found, notes } = search;
  const failed = (errno: Errno): Failure => failure('discover', 'Failed to discover images', errno);
  const at = chase(look, directory);
  if ('err' in at) return at.err === 'ENOENT' ? undefined : failed(at.err);
  const entries = look.list(at.ok);
  if (entries === undefined) return look.stat(at.ok) === 'dir' ? undefined : failed('ENOTDIR');
  const here = new Map<string, string>();
  for (const entry of entries) {
    if (search.rules === '262' && entry.startsWith('.sysupdate.')) continue;
    // Seen: under --root, 257.13 finds no extension through a symlink, wherever that leads.
    if (isLostLink(search, `${at.ok}/${entry}`)) continue;
    const target = chase(look, `${at.ok}/${entry}`);
    if ('err' in target) {
      if (target.err === 'ENOENT') continue;
      notes.push({ path: `${at.ok}/${entry}`, what: `a symlink that fails the whole search (${target.err})` });
      return failed(target.err);
    }
    const one = candidate(search, at.ok, entry, target.ok);
    if (one === undefined) continue;
    const twin = here.get(one.name);
    if (twin !== undefined)
      notes.push({ path: one.path, what: `has the name of '${twin}' beside it: the first that readdir returns wins` });
    else if (!found.has(one.name)) found.set(one.name, one);
    here.set(one.name, entry);
  }
  return undefined;
}

const isLostLink = ({ look, rules, given }: Search, path: Path): boolean =>
  rules === '257' && given.caller !== undefined && look.stat(path) === 'symlink';

/** 262 works with paths that it has resolved, 257 with the name that it found. Seen with both: "Using extensions", list. */
function candidateOf({ rules }: Search, name: string, path: Path, tree: Path, type: Kind | undefined): Found {
  const imagePath = rules === '262' ? tree : path;
  const kind = type === 'dir' ? 'directory' : type === 'blk' ? 'block' : 'raw';
  // What a directory is, 262 tells by the name that a symlink leads to; what it is called, by that of the link.
  const isStack = kind === 'directory' && imagePath.endsWith('.mstack') && rules === '262';
  return { name, path, tree, imagePath, printedName: nameOf(imagePath), kind: isStack ? 'mstack' : kind };
}

/** The name of a directory image. */
const directoryName = ({ imageClass, rules }: Search, entry: string): string =>
  chop(rules === '262' ? chop(entry, '.mstack') : entry, CLASSES[imageClass].infix);

/** What an entry is, or undefined for what systemd passes over. */
function candidate(search: Search, directory: Path, entry: string, tree: Path): Found | undefined {
  const { infix } = CLASSES[search.imageClass];
  const path = `${directory}/${entry}`;
  const kind = search.look.stat(tree);
  const named = (name: string): Found | undefined =>
    isImageName(name) ? candidateOf(search, name, path, tree, kind) : undefined;
  if (kind === 'dir')
    return entry.endsWith('.v')
      ? pickVersion(search, path, chop(entry, '.v'), tree)
      : named(directoryName(search, entry));
  if (kind === 'blk') return named(entry);
  return kind === 'file' && entry.endsWith('.raw') ? named(chop(chop(entry, '.raw'), infix)) : undefined;
}

// ---- name.v directories -------------------------------------------------------------------------------------------

interface Choice {
  readonly file: string;
  readonly version: string;
  /** 2 for the machine's own architecture, 1 for its secondary one, 0 where the name tells none. */
  readonly rank: number;
  /** Boot attempts left and made: "+LEFT-DONE"; none said is better than any number. */
  readonly left: number;
  readonly done: number;
}

/** systemd's names for machines, as far as people name images after them. Source: architecture.c. */
const ARCHITECTURES: ReadonlySet<string> = new Set(
  'alpha arc arc-be arm arm-be arm64 arm64-be cris ia64 loongarch64 m68k mips mips-le mips64 mips64-le nios2 parisc parisc64 ppc ppc-le ppc64 ppc64-le riscv32 riscv64 s390 s390x sh sh64 sparc sparc64 tilegx x86 x86-64'.split(
    ' ',
  ),
);

/** What else a machine runs. Source: architecture.h ARCHITECTURE_SECONDARY. */
const SECONDARY: ReadonlyMap<string, string> = new Map([
  ['x86-64', 'x86'],
  ['arm64', 'arm'],
]);

/** What may be a version. 262 keeps to the UAPI group's specification. Source: string-util.c version_is_valid(). */
const VERSION: Readonly<Record<Rules, RegExp>> = { 257: /^[0-9A-Za-z.,_+-]+$/, 262: /^[0-9A-Za-z.~^-]+$/ };
/** Source: vpick.c, which reads boot attempts as unsigned ints. */
const MAX_TRIES = 2 ** 32 - 1;

/** "+LEFT" or "+LEFT-DONE" at the end of a name; what is not quite that belongs to the version. */
function parseTries(text: string): Pick<Choice, 'left' | 'done'> & { readonly rest: string } {
  const [, rest = '', left = '', done = '0'] = /^(.*)\+([0-9]+)(?:-([0-9]+))?$/s.exec(text) ?? [];
  if (left === '' || Math.max(Number(left), Number(done)) > MAX_TRIES)
    return { rest: text, left: Number.MAX_SAFE_INTEGER, done: Number.MAX_SAFE_INTEGER };
  return { rest, left: Number(left), done: Number(done) };
}

/** `BASE_VERSION[_ARCHITECTURE][+TRIES]SUFFIX`, or undefined. Source: vpick.c make_choice(). */
function parseChoice({ rules, given }: Search, file: string, base: string, suffix: string): Choice | undefined {
  const { architecture } = given;
  if (!file.startsWith(`${base}_`) || !file.slice(base.length + 1).endsWith(suffix)) return undefined;
  const { rest, left, done } = parseTries(chop(file.slice(base.length + 1), suffix));
  const cut = rest.lastIndexOf('_');
  const machine = rest.slice(cut + 1);
  const secondary = machine === SECONDARY.get(architecture ?? '');
  const foreign = ARCHITECTURES.has(machine) && architecture !== undefined && machine !== architecture && !secondary;
  const version = cut >= 0 ? rest.slice(0, cut) : rest;
  if ((cut >= 0 && foreign) || !VERSION[rules].test(version)) return undefined;
  return { file, version, rank: cut < 0 ? 0 : machine === architecture ? 2 : secondary ? 1 : 0, left, done };
}

/** Above 0 if `a` is the better choice: tries left, version, architecture, more tries left, fewer made, name. */
const better = (a: Choice, b: Choice): number =>
  Number(a.left !== 0) - Number(b.left !== 0) ||
  compareVersions(a.version, b.version) ||
  a.rank - b.rank ||
  a.left - b.left ||
  b.done - a.done ||
  Number(a.file > b.file) - Number(a.file < b.file);

/** Where an entry of a name.v directory leads. Seen: 257.13 follows its symlinks from the caller's root. */
function versionAt({ look, rules, given: { caller } }: Search, path: Path): Chased {
  if (rules === '262' || caller === undefined) return chase(look, path);
  const at = chase(caller.look, `${caller.root}${path}`);
  if ('err' in at || !isWithin(at.ok, caller.root)) return { err: 'err' in at ? at.err : 'ENOENT' };
  return { ok: at.ok.slice(caller.root.length) };
}

interface Place extends Choice {
  readonly at: Path;
  readonly type: Kind | undefined;
}

/**
 * The newest entry of a name.v directory. 257 takes the best name and then looks what it is; 262 leaves out what is of
 * another type than it wants, and gives up if any name leads nowhere. Seen with both.
 */
function pickVersion(search: Search, path: Path, plain: string, tree: Path): Found | undefined {
  const raw = plain.endsWith('.raw');
  const name = raw ? chop(chop(plain, '.raw'), CLASSES[search.imageClass].infix) : directoryName(search, plain);
  if (!isImageName(name)) return undefined;
  const skip = (what: string): undefined => {
    search.notes.push({ path, what });
    return undefined;
  };
  const fits = ({ type }: Place): boolean => (raw ? type === 'file' || type === 'blk' : type === 'dir');
  const places: Place[] = [];
  for (const file of search.look.list(tree) ?? []) {
    const choice = parseChoice(search, file, name, plain.slice(name.length));
    if (choice === undefined) continue;
    const at = versionAt(search, `${tree}/${file}`);
    if ('err' in at && search.rules === '262') return skip(`its entry '${file}' leads nowhere, skipped`);
    const place = { ...choice, at: 'ok' in at ? at.ok : '', type: 'ok' in at ? search.look.stat(at.ok) : undefined };
    if (search.rules === '257' || fits(place)) places.push(place);
  }
  const [first, ...others] = places;
  if (first === undefined) return skip('versioned directory without matching entry, skipped');
  const best = others.reduce((so, place) => (better(place, so) > 0 ? place : so), first);
  return fits(best)
    ? candidateOf(search, name, `${path}/${best.file}`, best.at, best.type)
    : skip(`its newest entry '${best.file}' is not ${raw ? 'an image' : 'a directory'}, skipped`);
}

// ---- release files ------------------------------------------------------------------------------------------------

/** The tree of an extension: whose look, and where in it. */
interface Inside {
  readonly look: Look;
  readonly top: Path;
  /** False for an image that is an operating system: its metadata can be read, but it is not mounted. */
  readonly mountable: boolean;
}

/** Opens an extension, or tells why that fails everything; undefined where nobody can open images. */
function lookInto(search: Search, found: Found): Inside | Failure | undefined {
  const failed = (errno: FailureErrno): Failure =>
    failure('metadata', `Failed to read metadata for image ${found.name}`, errno);
  if (found.kind === 'mstack') return failed('EOPNOTSUPP');
  const opened = found.kind === 'directory' ? search.look : search.given.openImage?.(found);
  if (opened === undefined) return undefined;
  if (typeof opened === 'string') return failed(opened);
  const top = found.kind === 'directory' ? found.tree : '';
  if (found.kind === 'directory' && search.imageClass === 'confext') return { look: opened, top, mountable: true };
  const forbidden = chase(opened, '/usr/lib/os-release', top);
  if ('err' in forbidden && forbidden.err !== 'ENOENT') return failed(forbidden.err);
  const overlaid = 'ok' in forbidden;
  // It would take the place of the host's own. Source: extension-util.c extension_has_forbidden_content().
  if (found.kind === 'directory') return overlaid ? failed('ENOMEDIUM') : { look: opened, top, mountable: true };
  // Seen with both binaries: an image has to be an extension of either class, or an operating system.
  const mountable = !overlaid && IMAGE_CLASSES.some((one) => hasRelease(opened, one, found.name));
  const isSystem = overlaid || 'ok' in chase(opened, '/etc/os-release');
  return mountable || isSystem ? { look: opened, top, mountable } : failed('ENOMEDIUM');
}

const hasRelease = (look: Look, imageClass: ImageClass, name: string): boolean =>
  readReleaseFile(look, imageClass, name).file !== undefined;

function judge(search: Search, host: Host | undefined, found: Found, inside: Inside | Failure | undefined): Extension {
  const { notes, given } = search;
  if (inside === undefined || 'errno' in inside) {
    const what = found.kind === 'mstack' ? 'an .mstack directory' : `a ${found.kind} image`;
    if (inside === undefined || found.kind === 'mstack')
      notes.push({ path: found.path, what: `${what}: what is inside is not read, and the answer is without it` });
    return { ...found, release: undefined, verdict: undefined };
  }
  const read = readReleaseFile(inside.look, search.imageClass, found.name, { top: inside.top });
  // Nobody ever reads the release file of an image that is not mounted as an extension.
  const release = inside.mountable || given.force === true ? read.release : undefined;
  notes.push(...read.notes.map(({ path, what }) => ({ path: path || found.path, what })));
  if (release?.has('ARCHITECTURE') && given.architecture === undefined)
    notes.push({ path: found.path, what: 'ARCHITECTURE is not checked: the root does not tell its own' });
  if (host === undefined) return { ...found, release, verdict: undefined };
  if (given.force === true) return { ...found, release, verdict: { accepted: true, why: 'is not validated: --force' } };
  const verdict = inside.mountable
    ? match(release, host)
    : { accepted: false, why: 'cannot be mounted: No medium found' };
  return { ...found, release, verdict };
}

/** The extensions that a merge uses, lowest layer first. */
export const accepted = (discovery: Discovery): readonly Extension[] =>
  discovery.extensions.filter((extension) => extension.verdict?.accepted === true);
