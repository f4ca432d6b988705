import type { Path } from '../kernel/types.ts';
import { hasInvalidBytes } from './bytes.ts';
import { CLASSES, type ClassInfo, type ImageClass } from './imageclass.ts';
import { chase, type Look, type Note } from './look.ts';

/**
 * What the tool is told besides its arguments: systemd/sysext.conf or confext.conf and its drop-ins, and the environment.
 * Only systemd 262 reads the files (its table of behaviours says `configFile`). Source: confext.conf(5), conf-parser.c;
 * random configurations of both classes gave the mode and the warnings of the binary of 262.1.
 */

export const MUTABLE_MODES = ['no', 'auto', 'yes', 'import', 'ephemeral', 'ephemeral-import'] as const;
export type MutableMode = (typeof MUTABLE_MODES)[number];

/** Source: parse-util.c parse_boolean(): case does not matter, blanks do. */
export function parseBoolean(text: string): boolean | undefined {
  if (/^(1|yes|y|true|t|on)$/i.test(text)) return true;
  return /^(0|no|n|false|f|off)$/i.test(text) ? false : undefined;
}

/** A mode or a boolean, as `--mutable=`, the environment and `Mutable=` take it; undefined for what is neither. */
export function parseMode(text: string): MutableMode | undefined {
  // Booleans ignore case, modes do not. Source: string-table.h string_table_lookup_with_boolean().
  const boolean = parseBoolean(text);
  return boolean === undefined ? MUTABLE_MODES.find((mode) => mode === text) : boolean ? 'yes' : 'no';
}

export interface Config {
  /** What `Mutable=` ends up as; undefined where no file sets it. */
  readonly mutable: MutableMode | undefined;
  /** `ImagePolicy=`, as it is written; it has no say about directories. */
  readonly imagePolicy: string | undefined;
  /** The files that were read, in order: the main one, then the drop-ins. */
  readonly files: readonly Path[];
  readonly notes: readonly Note[];
}

/** In order of priority. */
const DIRECTORIES = ['/etc', '/run', '/usr/local/lib', '/usr/lib'] as const;

/** What assignments came to. */
interface Settings {
  readonly mutable?: MutableMode;
  readonly imagePolicy?: string;
}

/** What a file came to: what it sets, or that it makes systemd drop the whole configuration. */
type Parsed = Settings | { readonly broken: string };

/** The configuration of a root, for one class. */
export function readConfig(look: Look, imageClass: ImageClass): Config {
  const info = CLASSES[imageClass];
  const found = configFiles(look, info);
  const files = found.map(({ named }) => named);
  const notes: Note[] = [];
  // One unusable file, a mask by /dev/null included, and 262.1 goes on as if there were no configuration at all.
  const dropped = (named: Path, why: string): Config => {
    notes.push({ path: named, what: `${why}: systemd ignores its whole configuration` });
    return { mutable: undefined, imagePolicy: undefined, files, notes };
  };
  // All are opened before the first is read.
  const opened = found.map((file) => ({ named: file.named, ...open(look, file) }));
  for (const file of opened) if ('broken' in file) return dropped(file.named, file.broken);
  let all: Settings = {};
  for (const file of opened) {
    if ('broken' in file) continue;
    const parsed = parseConfig(file.text, info, (line, what) => notes.push({ path: `${file.named}:${line}`, what }));
    if ('broken' in parsed) return dropped(file.named, parsed.broken);
    all = { ...all, ...parsed };
  }
  return { mutable: all.mutable, imagePolicy: all.imagePolicy, files, notes };
}

/** A file by the name that systemd prints, and where that leads, or why it cannot be opened. */
interface ConfigFile {
  readonly named: Path;
  readonly at: Path | undefined;
  readonly broken: string;
}

/** Undefined for a link that leads nowhere. A file behind a loop or another file is an error. */
function located(look: Look, named: Path): ConfigFile | undefined {
  // An unpacked root has no device nodes, yet a link to /dev/null is what it says.
  if (look.readLink(named) === '/dev/null') return { named, at: undefined, broken: 'File descriptor in bad state' };
  const at = chase(look, named);
  if ('ok' in at) return { named, at: at.ok, broken: 'File descriptor in bad state' };
  if (at.err === 'ENOENT') return undefined;
  return { named, at: undefined, broken: at.err === 'ELOOP' ? 'Too many levels of symbolic links' : 'Not a directory' };
}

/** Not what leads to itself or goes through a file: that leaves its name to the directories below. */
const mayBeDropin = (look: Look, directory: Path, name: string): boolean => {
  const at = chase(look, `${directory}/${name}`);
  return 'ok' in at || at.err === 'ENOENT';
};

/** The first main file that exists, then one drop-in per name, sorted by name; the first directory that has it wins. */
function configFiles(look: Look, { configFile }: ClassInfo): readonly ConfigFile[] {
  const main = DIRECTORIES.flatMap((directory) => located(look, `${directory}/${configFile}`) ?? []).slice(0, 1);
  const dropins = new Map<string, Path>();
  for (const directory of DIRECTORIES) {
    const at = chase(look, `${directory}/${configFile}.d`);
    if ('err' in at) continue;
    for (const name of look.list(at.ok) ?? [])
      if (name.endsWith('.conf') && !name.startsWith('.') && !dropins.has(name) && mayBeDropin(look, at.ok, name))
        dropins.set(name, `${at.ok}/${name}`);
  }
  const sorted = [...dropins].sort(([a], [b]) => (a < b ? -1 : 1));
  // A dangling link has taken its name from the directories below, and is then passed over.
  return [...main, ...sorted.flatMap(([, named]) => located(look, named) ?? [])];
}

function open(look: Look, { at, broken }: ConfigFile): { readonly text: string } | { readonly broken: string } {
  const kind = at === undefined ? undefined : look.stat(at);
  if (kind === 'dir') return { broken: 'Failed to open: Is a directory' };
  const text = at === undefined || kind !== 'file' ? undefined : look.readFile(at);
  return text === undefined ? { broken: `Failed to open: ${broken}` } : { text };
}

interface Line {
  readonly number: number;
  readonly text: string;
}

/** Lines without comments; a backslash at the end joins the next one, and comments in between do not count. */
function logicalLines(text: string): readonly Line[] {
  const lines: Line[] = [];
  let joined: string | undefined;
  text.split(/\r\n|\n|\r/).forEach((raw, index) => {
    if (/^[ \t]*[#;]/.test(raw)) return;
    const whole: string = joined === undefined ? raw : `${joined} ${raw}`;
    joined = whole.endsWith('\\') ? whole.slice(0, -1) : undefined;
    if (joined === undefined) lines.push({ number: index + 1, text: whole.trim() });
  });
  if (joined !== undefined) lines.push({ number: text.split('\n').length, text: joined });
  return lines.filter((line) => line.text !== '');
}

type Tell = (line: number, what: string) => void;

function parseConfig(text: string, { configSection: own }: ClassInfo, note: Tell): Parsed {
  let all: Settings = {};
  let section: string | undefined;
  for (const { number, text: line } of logicalLines(text)) {
    if (hasInvalidBytes(line)) {
      return { broken: `String is not UTF-8 clean in line ${number}` };
    } else if (line.startsWith('[')) {
      if (!line.endsWith(']') || line === '[]') return { broken: `Invalid section header '${line}' in line ${number}` };
      section = line.slice(1, -1);
      if (section !== own && !section.startsWith('X-')) note(number, `Unknown section '${section}'. Ignoring.`);
    } else if (section === undefined) {
      note(number, 'Assignment outside of section. Ignoring.');
    } else if (section === own) {
      const parsed = assignment(line, own, (what) => note(number, what));
      if ('broken' in parsed) return { broken: `${parsed.broken} in line ${number}` };
      all = { ...all, ...parsed };
    }
  }
  return all;
}

/** One line of the section. */
function assignment(line: string, section: string, note: (what: string) => void): Parsed {
  const equals = line.indexOf('=');
  if (equals <= 0) {
    note(equals < 0 ? "Missing '=', ignoring line." : "Missing key name before '=', ignoring line.");
    return {};
  }
  const [key, value] = [line.slice(0, equals).trim(), line.slice(equals + 1).trim()];
  if (key === 'Mutable') {
    const mutable = parseMode(value);
    if (mutable !== undefined) return { mutable };
    note(`Failed to parse Mutable=${value}, ignoring: Invalid argument`);
  } else if (key === 'ImagePolicy') {
    if (!isImagePolicy(value)) return { broken: `Failed to parse image policy '${value}'` };
    note('ImagePolicy= is about images, which are not read');
    return { imagePolicy: value };
  } else if (!key.startsWith('X-')) note(`Unknown key '${key}' in section [${section}], ignoring.`);
  return {};
}

/** What a rule of a policy can be about; "" is about the rest. Other names are passed over. */
const DESIGNATORS = new Set(
  ',root,usr,home,srv,esp,xbootldr,swap,root-verity,usr-verity,root-verity-sig,usr-verity-sig,tmp,var'.split(','),
);

/**
 * Whether systemd takes a text for an image policy: one name for all of it, or rules NAME=FLAGS, of which no two have the
 * same name. It does not mind flags that it does not know. Source: image-policy.c; seen with 262.1.
 */
function isImagePolicy(text: string): boolean {
  if (['', '*', '-', '~'].includes(text)) return true;
  const rules = text.split(':');
  const about = rules.map((rule) => rule.slice(0, Math.max(rule.indexOf('='), 0)).trim());
  const known = about.filter((name) => DESIGNATORS.has(name));
  return rules.every((rule) => rule.includes('=')) && new Set(known).size === known.length;
}

/**
 * The hierarchies that SYSTEMD_{SYSEXT,CONFEXT}_HIERARCHIES names, or undefined for a text that fails every verb with
 * EINVAL: what is empty, not absolute, "/" or not normalized between colons. One slash at an end is fine, and so is the
 * same path twice. Source: env-util.c getenv_path_list(); seen with 257.13 and 262.1.
 */
export function parseHierarchies(text: string): readonly Path[] | undefined {
  const paths = text.split(':').map((path) => path.replace(/(.)\/$/, '$1'));
  const isGood = (path: Path): boolean =>
    path.startsWith('/') &&
    path
      .slice(1)
      .split('/')
      .every((name) => !['', '.', '..'].includes(name));
  return paths.every(isGood) ? paths : undefined;
}
