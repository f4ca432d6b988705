import type { Path } from '../kernel/types.ts';
import { parseBoolean } from './config.ts';
import { CLASSES, type ImageClass, isImageName } from './imageclass.ts';
import { chase, type Kind, type Look, type Note } from './look.ts';
import { parseRelease, type Release } from './release.ts';

/** Finding and reading an extension's release file. Source: os-util.c open_extension_release(); compared with both binaries. */

export interface ReadRelease {
  /** The file; undefined where there is none that counts. */
  readonly file: Path | undefined;
  /** Undefined where there is no usable file. */
  readonly release: Release | undefined;
  /** The path is "" where a note is about the extension as a whole. */
  readonly notes: readonly Note[];
}

/** Where to look, and how closely. */
export interface Where {
  /** The directory that acts as the root: symlinks do not lead out of it. "" is the root of the {@link Look}. */
  readonly top?: Path;
  /** Whether any name will do, if there is one file only: so is a merged tree read. */
  readonly relaxed?: boolean;
}

/** What the release file of the extension `name` says. */
export function readReleaseFile(look: Look, imageClass: ImageClass, name: string, where: Where = {}): ReadRelease {
  const notes: Note[] = [];
  const file = releaseFile(look, imageClass, name, where, notes);
  const text = file === undefined ? undefined : look.readFile(file);
  const release = text === undefined ? undefined : parseRelease(text);
  if (text !== undefined && release === undefined)
    notes.push({ path: file ?? '', what: 'invalid UTF-8 or a NUL byte: the file counts as missing' });
  return { file, release, notes };
}

/**
 * Where there is no file of exactly that name, one counts that has the name up to the first "_" or "+", or the attribute
 * user.extension-release.strict set to false; of several such files, none.
 */
function releaseFile(
  look: Look,
  imageClass: ImageClass,
  name: string,
  { top = '', relaxed = false }: Where,
  notes: Note[],
): Path | undefined {
  const directory = CLASSES[imageClass].releaseDirectory;
  const exact = chase(look, `${directory}/extension-release.${name}`, top);
  if ('ok' in exact) {
    const kind = look.stat(exact.ok);
    if (kind === 'file') return exact.ok;
    notes.push({ path: exact.ok, what: `a release file that is ${article(kind)}: not read` });
    return undefined;
  }
  if (exact.err !== 'ENOENT') return undefined;
  const parent = chase(look, directory, top);
  if ('err' in parent) return undefined;
  const base = name.replace(/(\.(sysext|confext))?\.raw$/, '').replace(/[_+].*$/s, '');
  const candidates = releaseFiles(look, parent.ok).filter(
    (entry) =>
      relaxed ||
      entry === `extension-release.${base}` ||
      parseBoolean(look.xattr(`${parent.ok}/${entry}`, 'user.extension-release.strict') ?? '') === false,
  );
  if (candidates.length > 1)
    notes.push({ path: '', what: `${candidates.length} release files that would do for '${name}': none counts` });
  const [only] = candidates;
  return only !== undefined && candidates.length === 1 ? `${parent.ok}/${only}` : undefined;
}

/** What editors and package managers leave behind. Source: path-util.c hidden_or_backup_file(). */
const BACKUP =
  /~$|\.(rpmnew|rpmsave|rpmorig|dpkg-(old|new|tmp|dist|bak|backup|remove)|ucf-(new|old|dist)|swp|bak|old|new)$/;

/** The regular files of a directory that have the name of a release file. */
const releaseFiles = (look: Look, directory: Path): readonly string[] =>
  (look.list(directory) ?? []).filter(
    (entry) =>
      entry.startsWith('extension-release.') &&
      !BACKUP.test(entry) &&
      isImageName(entry.slice('extension-release.'.length)) &&
      look.stat(`${directory}/${entry}`) === 'file',
  );

const article = (kind: Kind | undefined): string =>
  kind === 'dir' ? 'a directory' : kind === 'fifo' ? 'a fifo' : kind === 'sock' ? 'a socket' : `of type ${kind}`;
