import { get, join, names, parentOf } from '../kernel/tree.ts';
import type { Inode, Path, PlainFs } from '../kernel/types.ts';

/** Reading a root file system, whoever has it: a directory of this machine or a tree of the model. */

export type Kind = Inode['type'];

/**
 * The questions that the rules ask. Paths lie inside the root ("" is the root itself) and go through no symlink: only
 * the last component may be one, and no method follows it. {@link chase} makes such paths.
 */
export interface Look {
  /** The names in a directory; undefined where there is none or it cannot be read. */
  list(path: Path): readonly string[] | undefined;
  stat(path: Path): Kind | undefined;
  readLink(path: Path): string | undefined;
  /** The text of a regular file, invalid bytes as in bytes.ts; undefined where there is none or it cannot be read. */
  readFile(path: Path): string | undefined;
  xattr(path: Path, name: string): string | undefined;
}

export interface Note {
  readonly path: Path;
  readonly what: string;
}

/** What a failed walk gives, as in errno(3). */
export type ChaseError = 'ENOENT' | 'ENOTDIR' | 'ELOOP';
export type Chased = { readonly ok: Path } | { readonly err: ChaseError };

/** Source: Linux MAXSYMLINKS. */
const MAX_LINKS = 40;

/**
 * Follows every symlink in a path inside `top`, which acts as the root: absolute targets start there and ".." does not
 * leave it. The result is free of symlinks and starts with `top`. Source: systemd chase.c chaseat(), CHASE_PREFIX_ROOT.
 */
export function chase(look: Look, path: string, top: Path = ''): Chased {
  const todo = path.split('/').reverse();
  let here = top;
  let links = 0;
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    if (name === '' || name === '.') continue;
    if (look.stat(here) !== 'dir') return { err: 'ENOTDIR' };
    if (name === '..') {
      if (here !== top) here = parentOf(here);
      continue;
    }
    const below = join(here, name);
    const kind = look.stat(below);
    if (kind === undefined) return { err: 'ENOENT' };
    if (kind !== 'symlink') {
      here = below;
      continue;
    }
    links++;
    if (links > MAX_LINKS) return { err: 'ELOOP' };
    const target = look.readLink(below) ?? '';
    if (target.startsWith('/')) here = top;
    todo.push(...target.split('/').reverse());
  }
  return { ok: here };
}

/**
 * Looks at a tree of the model. `mounts` are other file systems on top of it, by path ("/run"), for what lies there.
 * Contents that are no text (a hash) are given as they are.
 */
export function lookAt(root: PlainFs, mounts: Readonly<Record<Path, PlainFs>> = {}): Look {
  const inside = (path: Path): readonly [PlainFs, Path] => {
    for (const [at, fs] of Object.entries(mounts))
      if (path === at || path.startsWith(`${at}/`)) return [fs, path.slice(at.length)];
    return [root, path];
  };
  const find = (path: Path): Inode | undefined => get(...inside(path));
  return {
    list: (path) => (find(path)?.type === 'dir' ? names(...inside(path)) : undefined),
    stat: (path) => find(path)?.type,
    readLink: (path) => {
      const inode = find(path);
      return inode?.type === 'symlink' ? inode.target : undefined;
    },
    readFile: (path) => {
      const inode = find(path);
      return inode?.type === 'file' ? inode.content : undefined;
    },
    xattr: (path, name) => find(path)?.xattrs.get(name),
  };
}

/** The same, while it is written down which paths were found to exist and which files were read as text. */
export interface Recording extends Look {
  readonly seen: ReadonlySet<Path>;
  readonly texts: ReadonlyMap<Path, string>;
}

export function recording(look: Look): Recording {
  const seen = new Set<Path>();
  const texts = new Map<Path, string>();
  return {
    seen,
    texts,
    list: (path) => look.list(path),
    stat: (path) => {
      const kind = look.stat(path);
      if (kind !== undefined) seen.add(path);
      return kind;
    },
    readLink: (path) => look.readLink(path),
    readFile: (path) => {
      const text = look.readFile(path);
      if (text !== undefined) texts.set(path, text);
      return text;
    },
    xattr: (path, name) => look.xattr(path, name),
  };
}
