import { hasInvalidBytes } from './bytes.ts';
import { CLASSES, type ImageClass } from './imageclass.ts';

/**
 * os-release and extension-release files, and whether an extension fits a system. All of it is the same in systemd 257
 * and 262: some five thousand random files were judged as the binaries of 257.13 and 262.1 judged them.
 */

export type Release = ReadonlyMap<string, string>;

/** Characters that a backslash protects between double quotes. Source: systemd escape.h SHELL_NEED_ESCAPE. */
const NEED_ESCAPE = new Set(['"', '\\', '`', '$']);
const TRAILING_BLANKS = /[ \t\n\r]+$/;
const isBlank = (c: string): boolean => c === ' ' || c === '\t' || c === '\n' || c === '\r';
const isNewline = (c: string): boolean => c === '\n' || c === '\r';

/** Reads a text from the left; "" is the end. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  next(): string {
    return this.#text.charAt(this.#at++);
  }

  /** Up to, and without, the first character that `stop` accepts. */
  until(stop: (c: string) => boolean): string {
    const start = this.#at;
    while (this.#at < this.#text.length && !stop(this.#text.charAt(this.#at))) this.#at++;
    return this.#text.slice(start, this.#at);
  }
}

/** A quoted part; the opening quote has been read. A missing closing quote is not an error: the text just ends. */
function quoted(scanner: Scanner, quote: string): string {
  let value = '';
  for (;;) {
    value += scanner.until((c) => c === quote || (c === '\\' && quote === '"'));
    if (scanner.next() !== '\\') return value;
    const escaped = scanner.next();
    // A backslash before an ordinary character stays, as in a shell; before a newline both go.
    if (NEED_ESCAPE.has(escaped)) value += escaped;
    else if (escaped !== '\n' && escaped !== '') value += `\\${escaped}`;
  }
}

/** The value after "=", up to the end of its line. Quotes count only where a word has not begun yet. */
function assigned(scanner: Scanner): string {
  let value = '';
  let blanks = '';
  let bare = false;
  for (;;) {
    const c = scanner.next();
    if (c === '' || isNewline(c)) return value;
    if (isBlank(c)) {
      if (bare) blanks += c;
      continue;
    }
    if (!bare && (c === '"' || c === "'")) {
      value += quoted(scanner, c);
      continue;
    }
    const plain = c === '\\' ? scanner.next() : c;
    value += blanks + (c === '\\' && isNewline(plain) ? '' : plain);
    blanks = '';
    bare = true;
  }
}

/**
 * The assignments of such a file: shell-like quoting, `#` and `;` comments, the last one of a name wins, lines without
 * "=" mean nothing. Undefined for what systemd refuses as a whole: invalid UTF-8 in a name or value, a NUL byte.
 * Source: systemd env-file.c parse_env_file_internal(), load_env_file_pairs().
 */
export function parseRelease(text: string): Release | undefined {
  if (text.includes('\0')) return undefined;
  const release = new Map<string, string>();
  const scanner = new Scanner(text);
  for (;;) {
    scanner.until((c) => !isBlank(c));
    const first = scanner.next();
    if (first === '') return release;
    if (first === '#' || first === ';') {
      scanner.until(isNewline);
      continue;
    }
    const key = first + scanner.until((c) => c === '=' || isNewline(c));
    if (scanner.next() !== '=') continue;
    const value = assigned(scanner);
    if (hasInvalidBytes(key) || hasInvalidBytes(value)) return undefined;
    release.set(key.replace(TRAILING_BLANKS, ''), value);
  }
}

/** What an extension is measured against. */
export interface Host {
  /** Whose levels and scopes count. */
  readonly imageClass: ImageClass;
  readonly id: string;
  readonly idLike: readonly string[];
  /** "" where os-release does not say, as on a rolling release. */
  readonly versionId: string;
  /** SYSEXT_LEVEL or CONFEXT_LEVEL, or "". */
  readonly level: string;
  readonly scope: 'system' | 'initrd';
  /** systemd's name ("x86-64", "arm64"), or undefined where the tree does not tell. */
  readonly architecture: string | undefined;
}

/** Whether an extension is merged, and why, in systemd's words. */
export interface Verdict {
  readonly accepted: boolean;
  readonly why: string;
}

/** Source: extract-word.c, WHITESPACE. */
export const words = (text: string): readonly string[] => text.split(/[ \t\n\r]+/).filter((word) => word !== '');
const reject = (why: string): Verdict => ({ accepted: false, why });
const accept = (why: string): Verdict => ({ accepted: true, why });

/** The host side of a match, from os-release. Undefined where ID is missing or empty, which fails a merge. */
export function hostOf(
  release: Release,
  imageClass: ImageClass,
  scope: Host['scope'],
  architecture: string | undefined,
): Host | undefined {
  const field = (name: string): string => release.get(name) ?? '';
  if (field('ID') === '') return undefined;
  const idLike = words(field('ID_LIKE'));
  return {
    imageClass,
    id: field('ID'),
    idLike,
    versionId: field('VERSION_ID'),
    level: field(CLASSES[imageClass].levelKey),
    scope,
    architecture,
  };
}

/**
 * Whether an extension fits a host. `release` is undefined or empty where there is no usable extension-release file. A
 * mismatch is never an error: the extension is left out. Source: systemd extension-util.c extension_release_validate().
 */
export function match(release: Release | undefined, host: Host): Verdict {
  if (release === undefined || release.size === 0) return reject('carries no release data');
  const scope = release.get(CLASSES[host.imageClass].scopeKey);
  const scopes = scope === undefined ? ['system', 'portable'] : words(scope);
  if (!scopes.includes(host.scope)) return reject(`is not suitable for scope ${host.scope}`);
  const architecture = release.get('ARCHITECTURE') ?? '';
  // Where the tree does not tell its architecture, whoever built it is believed to know.
  const foreign = host.architecture !== undefined && architecture !== host.architecture;
  if (architecture !== '' && architecture !== '_any' && foreign)
    return reject(`is for architecture '${architecture}', but deployed on top of '${host.architecture}'`);
  const id = release.get('ID') ?? '';
  if (id === '') return reject(`does not contain ID in release file but requested to match '${host.id}' or be '_any'`);
  if (id === '_any') return accept("matches '_any' OS");
  if (id !== host.id && !host.idLike.includes(id)) {
    const like = host.idLike.length === 0 ? '' : ` (like '${host.idLike.join(' ')}')`;
    return reject(`is for OS '${id}', but deployed on top of '${host.id}'${like}`);
  }
  return matchVersion(release, host);
}

/** The level decides where both sides have one, else VERSION_ID where the host has one. */
function matchVersion(release: Release, host: Host): Verdict {
  if (host.versionId === '' && host.level === '') return accept('ID matches, and the host has no version');
  const { levelKey } = CLASSES[host.imageClass];
  const level = release.get(levelKey) ?? '';
  if (host.level !== '' && level !== '')
    return level === host.level
      ? accept(`${levelKey} matches`)
      : reject(`is for API level '${level}', but running on API level '${host.level}'`);
  if (host.versionId === '') return accept(`ID matches, and only one side has a ${levelKey}`);
  const version = release.get('VERSION_ID') ?? '';
  if (version === '')
    return reject(`does not contain VERSION_ID in release file but requested to match '${host.versionId}'`);
  return version === host.versionId
    ? accept('VERSION_ID matches')
    : reject(`is for OS '${version}', but deployed on top of '${host.versionId}'`);
}
