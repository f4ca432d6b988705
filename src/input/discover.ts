import type { Path } from '../kernel/types.ts';
import { hasInvalidBytes } from './bytes.ts';
import type { Rules } from './imageclass.ts';
import { type ChaseError, chase, type Kind, type Look, type Note } from './look.ts';
import { type Host, hostOf, match, parseRelease, type Release, type Verdict } from './release.ts';
import { compareVersions, sortVersions, tied } from './version.ts';

/**
 * Which confexts systemd finds in a root file system, and which of them it merges. Pure: it asks a {@link Look} and
 * nothing else. Source: systemd discover-image.c image_discover(), os-util.c open_extension_release(), vpick.c
 * path_pick(); compared with what the binaries of 257.13 and 262.1 say they skip, ignore and use.
 */

export { RULES, type Rules } from './imageclass.ts';
export type { Look };

export interface Extension {
  /** File name without suffixes; what the layer and the list file call it. */
  readonly name: string;
  /** Where it was found: the search directory, symlinks resolved, and the file name. */
  readonly path: Path;
  /** What the path leads to, inside the root. */
  readonly tree: Path;
  readonly kind: 'directory' | 'raw' | 'block' | 'mstack';
  /** What the release file says; undefined where there is no usable one, or where it is inside an image. */
  readonly release: Release | undefined;
  /** Undefined for what is not a directory: nobody has looked inside. */
  readonly verdict: Verdict | undefined;
}

export interface Discovery {
  readonly initrd: boolean;
  /** Undefined where os-release is missing or unusable; then every merge fails. */
  readonly host: Host | undefined;
  /** What is wrong with os-release. */
  readonly unusable: string | undefined;
  /** Lowest layer first; those that are not merged as well. */
  readonly extensions: readonly Extension[];
  /** Why merge and refresh fail as a whole before they touch /etc, in systemd's words. */
  readonly failure: string | undefined;
  readonly notes: readonly Note[];
}

const ERRORS: Readonly<Record<ChaseError, string>> = {
  ENOENT: 'No such file or directory',
  ENOTDIR: 'Not a directory',
  ELOOP: 'Too many levels of symbolic links',
};

/** In order of priority. Source: discover-image.c image_search_path[], image_search_path_initrd[]. */
export function searchPath(rules: Rules, initrd: boolean): readonly Path[] {
  const common = ['/run/confexts', '/var/lib/confexts', '/usr/local/lib/confexts'];
  if (!initrd) return [...common, '/usr/lib/confexts'];
  return rules === '257' ? [...common, '/.extra/confext'] : [...common, '/.extra/confext', '/.extra/global_confext'];
}

const exists = (look: Look, path: Path): boolean => 'ok' in chase(look, path);
const chop = (name: string, suffix: string): string =>
  name.endsWith(suffix) ? name.slice(0, name.length - suffix.length) : name;
const hasControl = (name: string): boolean => [...name].some((c) => c < ' ' || c === '\x7f');

/** Source: os-util.c image_name_is_valid(). */
const isImageName = (name: string): boolean =>
  name !== '' && name !== '.' && name !== '..' && !name.startsWith('.#') && !hasControl(name) && !hasInvalidBytes(name);

/** A candidate before its release file is read. */
interface Found {
  readonly name: string;
  readonly path: Path;
  readonly tree: Path;
  readonly kind: Extension['kind'];
}

interface Search {
  readonly look: Look;
  readonly rules: Rules;
  readonly architecture: string | undefined;
  readonly found: Map<string, Found>;
  readonly notes: Note[];
}

/** All extensions of a root. `architecture` is systemd's name for the machine, undefined where nobody knows. */
export function discover(look: Look, rules: Rules, architecture?: string): Discovery {
  const notes: Note[] = [];
  const initrd = exists(look, '/etc/initrd-release');
  const { host, problem } = readHost(look, initrd ? 'initrd' : 'system', architecture);
  const search: Search = { look, rules, architecture, found: new Map(), notes };
  let failure: string | undefined;
  for (const directory of searchPath(rules, initrd)) failure ??= searchDirectory(search, directory);
  const sorted = sortVersions([...search.found.values()], (found) => found.name);
  for (const [a, b] of tied(sorted.map((found) => found.name)))
    notes.push({
      path: search.found.get(b)?.path ?? '',
      what: `'${a}' and '${b}' are one version: either may be on top`,
    });
  const extensions = sorted.map((found) => judge(search, host, found));
  const stack = extensions.find((extension) => extension.kind === 'mstack');
  if (stack !== undefined) failure ??= `Failed to read metadata for image ${stack.name}: Operation not supported`;
  return { initrd, host, unusable: problem, extensions, failure: failure ?? problem, notes };
}

/** Source: sysext.c merge_subprocess(), which refuses an os-release without ID. */
function readHost(
  look: Look,
  scope: Host['scope'],
  architecture: string | undefined,
): { readonly host: Host | undefined; readonly problem: string | undefined } {
  const failed = (why: string) => ({
    host: undefined,
    problem: `Failed to acquire 'os-release' data of OS tree '/': ${why}`,
  });
  let at = chase(look, '/etc/os-release');
  if ('err' in at && at.err === 'ENOENT') at = chase(look, '/usr/lib/os-release');
  if ('err' in at) return failed(ERRORS[at.err]);
  const text = look.readFile(at.ok);
  if (text === undefined) return failed('Not a readable regular file');
  const release = parseRelease(text);
  if (release === undefined) return failed('Invalid argument');
  const host = hostOf(release, scope, architecture);
  return host === undefined
    ? { host: undefined, problem: "'ID' field not found or empty in 'os-release' data of OS tree '/'" }
    : { host, problem: undefined };
}

// ---- entries of a search directory --------------------------------------------------------------------------------

/** Adds what a directory has. Returns why the whole discovery fails, if it does. */
function searchDirectory(search: Search, directory: Path): string | undefined {
  const { look, found, notes } = search;
  const at = chase(look, directory);
  if ('err' in at) return at.err === 'ENOENT' ? undefined : `Failed to discover images: ${ERRORS[at.err]}`;
  const entries = look.list(at.ok);
  if (entries === undefined)
    return look.stat(at.ok) === 'dir' ? undefined : `Failed to discover images: ${ERRORS.ENOTDIR}`;
  const here = new Map<string, string>();
  for (const entry of entries) {
    if (search.rules === '262' && entry.startsWith('.sysupdate.')) continue;
    const target = chase(look, `${at.ok}/${entry}`);
    if ('err' in target) {
      if (target.err === 'ENOENT') continue;
      return `Failed to discover images: ${ERRORS[target.err]} (${at.ok}/${entry})`;
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

/** What an entry is, or undefined for what systemd passes over. */
function candidate(search: Search, directory: Path, entry: string, tree: Path): Found | undefined {
  const path = `${directory}/${entry}`;
  const named = (name: string, kind: Found['kind']): Found | undefined =>
    isImageName(name) ? { name, path, tree, kind } : undefined;
  switch (search.look.stat(tree)) {
    case 'file':
      return entry.endsWith('.raw') ? named(chop(chop(entry, '.raw'), '.confext'), 'raw') : undefined;
    case 'blk':
      return named(entry, 'block');
    case 'dir':
      if (entry.endsWith('.v')) return pickVersion(search, path, chop(entry, '.v'), tree);
      if (search.rules === '262' && entry.endsWith('.mstack'))
        return named(chop(chop(entry, '.mstack'), '.confext'), 'mstack');
      return named(chop(entry, '.confext'), 'directory');
    default:
      return undefined;
  }
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
export const ARCHITECTURES: ReadonlySet<string> = new Set(
  'alpha arc arc-be arm arm-be arm64 arm64-be cris ia64 loongarch64 m68k mips mips-le mips64 mips64-le nios2 parisc parisc64 ppc ppc-le ppc64 ppc64-le riscv32 riscv64 s390 s390x sh sh64 sparc sparc64 tilegx x86 x86-64'.split(
    ' ',
  ),
);

/** What else a machine runs. Source: architecture.h ARCHITECTURE_SECONDARY. */
const SECONDARY: ReadonlyMap<string, string> = new Map([
  ['x86-64', 'x86'],
  ['arm64', 'arm'],
]);

/** `BASE_VERSION[_ARCHITECTURE][+TRIES]SUFFIX`, or undefined. Source: vpick.c make_choice(). */
function parseChoice(file: string, base: string, suffix: string, architecture: string | undefined): Choice | undefined {
  if (!file.startsWith(`${base}_`) || !file.slice(base.length + 1).endsWith(suffix)) return undefined;
  const middle = chop(file.slice(base.length + 1), suffix);
  const tries = /^(.*)\+([0-9]+)(?:-([0-9]+))?$/.exec(middle);
  const rest = tries?.[1] ?? middle;
  const cut = rest.lastIndexOf('_');
  const machine = rest.slice(cut + 1);
  const usable = machine === architecture || machine === SECONDARY.get(architecture ?? '');
  const foreign = cut >= 0 && ARCHITECTURES.has(machine) && architecture !== undefined && !usable;
  const version = cut >= 0 ? rest.slice(0, cut) : rest;
  if (foreign || !/^[0-9A-Za-z.,_+~^-]+$/.test(version)) return undefined;
  const left = tries === null ? Number.MAX_SAFE_INTEGER : Number(tries[2]);
  const done = tries === null ? Number.MAX_SAFE_INTEGER : Number(tries[3] ?? 0);
  return {
    file,
    version,
    rank: cut < 0 ? 0 : machine === architecture ? 2 : machine === SECONDARY.get(architecture ?? '') ? 1 : 0,
    left,
    done,
  };
}

/** Above 0 if `a` is the better choice: tries left, version, architecture, more tries left, fewer made, name. */
const better = (a: Choice, b: Choice): number =>
  Number(a.left !== 0) - Number(b.left !== 0) ||
  compareVersions(a.version, b.version) ||
  a.rank - b.rank ||
  a.left - b.left ||
  b.done - a.done ||
  compareVersions(a.file, b.file);

function pickVersion(search: Search, path: Path, plain: string, tree: Path): Found | undefined {
  const raw = plain.endsWith('.raw');
  const withoutRaw = chop(plain, '.raw');
  const name = chop(withoutRaw, '.confext');
  if (!isImageName(name)) return undefined;
  const choices = (search.look.list(tree) ?? []).flatMap(
    (file) => parseChoice(file, name, plain.slice(name.length), search.architecture) ?? [],
  );
  const best = choices.reduce<Choice | undefined>(
    (so, choice) => (so === undefined || better(choice, so) > 0 ? choice : so),
    undefined,
  );
  const skip = (what: string): undefined => {
    search.notes.push({ path, what });
    return undefined;
  };
  if (best === undefined) return skip('versioned directory without matching entry, skipped');
  const at = chase(search.look, `${tree}/${best.file}`);
  const kind: Kind | undefined = 'ok' in at ? search.look.stat(at.ok) : undefined;
  if ('err' in at || !(raw ? kind === 'file' || kind === 'blk' : kind === 'dir'))
    return skip(`its newest entry '${best.file}' is not ${raw ? 'an image' : 'a directory'}, skipped`);
  return {
    name,
    path: `${path}/${best.file}`,
    tree: at.ok,
    kind: kind === 'dir' ? 'directory' : kind === 'blk' ? 'block' : 'raw',
  };
}

// ---- release files ------------------------------------------------------------------------------------------------

function judge(search: Search, host: Host | undefined, found: Found): Extension {
  if (found.kind !== 'directory') {
    const what = found.kind === 'mstack' ? 'an .mstack directory' : `a ${found.kind} image`;
    search.notes.push({ path: found.path, what: `${what}: what is inside is not read, and the answer is without it` });
    return { ...found, release: undefined, verdict: undefined };
  }
  const file = releaseFile(search, found);
  const text = file === undefined ? undefined : search.look.readFile(file);
  const release = text === undefined ? undefined : parseRelease(text);
  if (text !== undefined && release === undefined)
    search.notes.push({ path: file ?? found.path, what: 'invalid UTF-8 or a NUL byte: the file counts as missing' });
  if (release?.has('ARCHITECTURE') && search.architecture === undefined)
    search.notes.push({ path: found.path, what: 'ARCHITECTURE is not checked: the root does not tell its own' });
  return { ...found, release, verdict: host === undefined ? undefined : match(release, host) };
}

/**
 * The release file of an extension directory, symlinks resolved with that directory as the root. Another name than the
 * extension's counts only with user.extension-release.strict set to false on exactly one file.
 */
function releaseFile({ look, notes }: Search, { tree, name, path }: Found): Path | undefined {
  const directory = '/etc/extension-release.d';
  const exact = chase(look, `${directory}/extension-release.${name}`, tree);
  if ('ok' in exact) {
    if (look.stat(exact.ok) === 'file') return exact.ok;
    notes.push({ path: exact.ok, what: `a release file that is ${article(look.stat(exact.ok))}: not read` });
    return undefined;
  }
  if (exact.err !== 'ENOENT') return undefined;
  const parent = chase(look, directory, tree);
  if ('err' in parent) return undefined;
  const relaxed = (look.list(parent.ok) ?? []).filter(
    (entry) =>
      entry.startsWith('extension-release.') &&
      isImageName(entry.slice('extension-release.'.length)) &&
      look.stat(`${parent.ok}/${entry}`) === 'file' &&
      /^(0|no|n|false|f|off)$/i.test(look.xattr(`${parent.ok}/${entry}`, 'user.extension-release.strict') ?? ''),
  );
  if (relaxed.length > 1)
    notes.push({ path, what: `${relaxed.length} release files with user.extension-release.strict=false: none counts` });
  const [only] = relaxed;
  return only !== undefined && relaxed.length === 1 ? `${parent.ok}/${only}` : undefined;
}

const article = (kind: Kind | undefined): string =>
  kind === 'dir' ? 'a directory' : kind === 'fifo' ? 'a fifo' : kind === 'sock' ? 'a socket' : `of type ${kind}`;

/** The extensions that a merge uses, lowest layer first. */
export const accepted = (discovery: Discovery): readonly Extension[] =>
  discovery.extensions.filter((extension) => extension.verdict?.accepted === true);
