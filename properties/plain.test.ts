/**
 * Plain file systems, without an overlay, as two independent programs understand them: this model's kernel, and memfs. Where they
 * differ, memfs is wrong in one of the ways named below, and what Linux does was played on 6.18 (ext4, tmpfs); else it fails.
 */
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { calls, descriptorOf, Kernel, Memfs, type PlainCall, told, withPaths } from '../test/plain.ts';
import { forAll, SEED } from '../test/replay.ts';

/** What a machine says to a call, and its tree afterwards. */
interface Answer {
  readonly says: string;
  readonly tree: string;
}
interface Seen {
  readonly call: PlainCall;
  readonly before: Kernel;
  readonly linux: Answer;
  readonly memfs: Answer;
}
interface Difference {
  readonly name: string;
  /** What Linux does, and where it says so. */
  readonly why: string;
  readonly when: (seen: Seen) => boolean;
}

const parentKind = ({ before }: Seen, path: string): string => before.kind(posix.dirname(path));
const withoutLinks = (text: string): string => text.replace(/\d+ links/g, 'links');
const says = (seen: Seen, linux: string, memfs: string): boolean =>
  seen.linux.says === linux && seen.memfs.says === memfs;

const DIFFERENCES: readonly Difference[] = [
  {
    name: 'the directory of a new name is a symlink',
    why: 'Linux follows it (link_path_walk()), memfs finds no directory there',
    when: (seen) => {
      const { call, memfs } = seen;
      const name = call.op === 'rename' ? call.to : call.op === 'mkdir' || call.op === 'symlink' ? call.path : null;
      return name !== null && parentKind(seen, name) === 'symlink' && memfs.says === 'ENOTDIR';
    },
  },
  {
    name: 'link() below what is no directory',
    why: 'ENOTDIR on Linux, or a symlink is followed; memfs hangs the name below a file or symlink, where nobody finds it',
    when: (seen) =>
      seen.call.op === 'link' &&
      ['file', 'symlink'].includes(parentKind(seen, seen.call.to)) &&
      seen.memfs.says === 'ok',
  },
  {
    name: 'link() of a directory',
    why: 'EPERM on Linux (vfs_link())',
    when: (seen) => seen.call.op === 'link' && says(seen, 'EPERM', 'ok') && seen.before.kind(seen.call.from) === 'dir',
  },
  {
    name: 'unlink() of a directory',
    why: 'EISDIR on Linux (may_delete()); EPERM is what POSIX says',
    when: (seen) => seen.call.op === 'unlink' && says(seen, 'EISDIR', 'EPERM'),
  },
  {
    name: 'rename() of a symlink',
    why: 'Linux moves the symlink itself, memfs what it leads to',
    when: ({ call, before }) => call.op === 'rename' && before.kind(call.from) === 'symlink',
  },
  {
    name: 'rename() of nothing to nowhere',
    why: 'Linux walks to both directories before it looks at the names (do_renameat2()); memfs looks for the source first',
    when: ({ call, before, linux, memfs }) =>
      call.op === 'rename' && memfs.says === 'ENOENT' && linux.says !== 'ok' && before.kind(call.from) === 'ENOENT',
  },
  {
    name: 'rename() or link() to "." or ".."',
    why: 'EBUSY or EEXIST on Linux (do_renameat2(), filename_create()); memfs makes an entry of that name',
    when: ({ call, memfs }) => 'to' in call && /^\.\.?$/.test(posix.basename(call.to)) && memfs.says === 'ok',
  },
  ...(['ENOTDIR', 'EISDIR', 'ENOTEMPTY', 'EINVAL'] as const).map((errno) => ({
    name: `rename() onto what it cannot replace: ${errno}`,
    why: 'Linux: may_delete(), the file system for ENOTEMPTY, lock_rename() for EINVAL below itself; memfs looks at nothing',
    when: (seen: Seen) => seen.call.op === 'rename' && says(seen, errno, 'ok'),
  })),
  {
    name: 'rename() onto another name of the same file',
    why: 'does nothing on Linux (vfs_rename()); memfs removes the old name',
    when: ({ call, before, linux, memfs }) =>
      call.op === 'rename' &&
      linux.says === 'ok' &&
      memfs.says === 'ok' &&
      before.sameFile(call.from, call.to) &&
      linux.tree !== memfs.tree,
  },
  {
    name: 'the links of a file that rename() replaces',
    why: 'are one less on Linux, memfs still counts the lost name',
    when: ({ call, linux, memfs }) =>
      (call.op === 'stat' || call.op === 'lstat' || call.op === 'fdstat') &&
      withoutLinks(linux.says) === withoutLinks(memfs.says),
  },
  {
    name: 'lstat() of a symlink',
    why: 'has mode 0777 and the length of the target on Linux',
    when: ({ call, linux, memfs }) =>
      call.op === 'lstat' && linux.says.startsWith('symlink 777') && memfs.says.startsWith('symlink 666, 0 bytes'),
  },
  {
    name: 'mkdir() with set-id bits',
    why: 'Linux drops them (vfs_prepare_mode(): S_IRWXUGO | S_ISVTX)',
    when: ({ call, linux, memfs }) =>
      call.op === 'mkdir' && (call.mode & 0o6000) !== 0 && linux.says === 'ok' && memfs.says === 'ok',
  },
  {
    name: 'calls on the root directory',
    why: 'EBUSY or EEXIST on Linux, which finds no last name in the path (LAST_ROOT); memfs goes on without one',
    when: ({ call, linux, memfs }) =>
      (call.op === 'rmdir' && call.path === '/' && linux.says === 'EBUSY' && memfs.says === 'ENOTEMPTY') ||
      (call.op === 'symlink' && call.path === '/' && linux.says === 'EEXIST' && memfs.says === 'ok') ||
      (call.op === 'rename' && [call.from, call.to].includes('/') && linux.says === 'EBUSY'),
  },
  {
    name: 'open() with O_EXCL of "."',
    why: 'EEXIST on Linux, where "." is known to be there (do_open()); EISDIR in memfs, as for a slash at the end',
    when: (seen) => seen.call.op === 'open' && seen.call.how === 'wx' && says(seen, 'EEXIST', 'EISDIR'),
  },
  {
    name: 'a read from a directory',
    why: 'EISDIR on Linux (generic_read_dir()), nothing in memfs',
    when: (seen) => seen.call.op === 'fdread' && says(seen, 'EISDIR', '""'),
  },
  {
    name: 'a descriptor that is not open for this',
    why: 'EBADF on Linux (vfs_read(), vfs_write()); memfs does not look',
    when: ({ call, linux, memfs }) =>
      (call.op === 'fdread' || call.op === 'fdwrite') && linux.says === 'EBADF' && memfs.says !== 'EBADF',
  },
];

/** memfs cleans a path up as text before it looks at anything; Linux looks at every name, and a slash at the end asks for a directory. */
const cleanedUp = ({ op }: PlainCall): string => `paths are cleaned up as text: ${op}`;
const CLEANED: readonly PlainCall['op'][] = [
  'rmdir',
  'unlink',
  'readlink',
  'readdir',
  'stat',
  'lstat',
  'read',
  'write',
  'mkdir',
  'chmod',
  'rename',
  'link',
  'symlink',
  'truncate',
  'open',
];

const NAMES = [...DIFFERENCES.map(({ name }) => name), ...CLEANED.map((op) => `paths are cleaned up as text: ${op}`)];
const AS_GIVEN = ['SEED', 'RUNS', 'PATH'].every((name) => process.env[`OVERLAYCHECK_${name}`] === undefined);

const ask = (machine: Kernel | Memfs, one: PlainCall): Answer => {
  const says = machine.do(one);
  return { says, tree: machine.tree().join('\n') };
};
const equal = (a: Answer, b: Answer): boolean => a.says === b.says && a.tree === b.tree;

/** The names of the differences that explain an answer of memfs; null where nothing does. */
function explain(seen: Seen): readonly string[] | null {
  const found = DIFFERENCES.find(({ when }) => when(seen));
  if (found !== undefined) return [found.name];
  const cleaned = clean(seen.call);
  if (cleaned === null) return null;
  const linux = ask(seen.before.copy(), cleaned);
  if (equal(linux, seen.memfs)) return [cleanedUp(cleaned)];
  const rest = explain({ ...seen, call: cleaned, linux });
  return rest === null ? null : [cleanedUp(cleaned), ...rest];
}

/** The call as memfs reads it, or null where that is what it says. Opening minds a slash at the end, link() dots in the new name. */
function clean(one: PlainCall): PlainCall | null {
  const opens = ['open', 'write', 'read', 'truncate'].includes(one.op);
  const join = (path: string, rest: string): string => (path === '/' ? rest : `${path}${rest}`);
  const slash = (path: string): string => (opens && /\/\.?$/.test(path) ? '/' : '');
  const cleaned = withPaths(one, (path) => join(posix.resolve(path), slash(path)) || '/');
  if (one.op === 'link' && cleaned.op === 'link') {
    const to = join(posix.resolve(posix.dirname(one.to)), `/${posix.basename(one.to)}`);
    return told({ ...cleaned, to }) === told(one) ? null : { ...cleaned, to };
  }
  return told(cleaned) === told(one) ? null : cleaned;
}

/** Whether an open that both grant gives memfs another file. */
function opensAnother({ call: one, before, linux, memfs }: Seen): boolean {
  const cleaned = clean(one);
  if (one.op !== 'open' || cleaned?.op !== 'open' || linux.says !== 'ok' || memfs.says !== 'ok') return false;
  return !before.sameFile(one.path, cleaned.path);
}

const met = new Map<string, number>();
const READING = new Set<PlainCall['op']>(['read', 'readdir', 'readlink', 'stat', 'lstat', 'fdstat']);

/** Plays calls on both; true if a descriptor was used whose file had lost or changed its name. */
function compare(sequence: readonly PlainCall[]): boolean {
  const kernel = new Kernel();
  let memfs = new Memfs(kernel.bench.plain());
  const open = new Set<string>();
  let outlived = false;
  for (const one of sequence) {
    const fd = descriptorOf(one);
    if (fd !== null && open.has(fd) === (one.op === 'open')) continue;
    const before = kernel.copy();
    const seen = { call: one, before, linux: ask(kernel, one), memfs: ask(memfs, one) };
    if (fd !== null && one.op === 'open' && seen.linux.says === 'ok') open.add(fd);
    if (fd !== null && one.op === 'fdclose') open.delete(fd);
    const another = opensAnother(seen);
    if (equal(seen.linux, seen.memfs) && !another) {
      outlived ||= one.op === 'fdread' && before.isNameless(one.fd);
      continue;
    }
    const names = another ? [cleanedUp(one)] : explain(seen);
    if (names === null) throw new Error(mismatch(seen));

    for (const name of names) met.set(name, (met.get(name) ?? 0) + 1);
    if (READING.has(one.op)) continue;
    // memfs goes on from where Linux is. That closes the descriptors.
    for (const held of open) kernel.do({ op: 'fdclose', fd: held });
    open.clear();
    memfs = new Memfs(kernel.bench.plain());
    expect(memfs.tree(), 'the tree carried over to memfs').toEqual(kernel.tree());
  }
  return outlived;
}

const mismatch = ({ call: one, before, linux, memfs }: Seen): string =>
  [
    `memfs disagrees about "${told(one)}" in a way that is not known.`,
    'before:',
    ...before.tree(),
    `Linux: ${linux.says}`,
    ...(linux.tree === before.tree().join('\n') ? ['(changes nothing)'] : [linux.tree]),
    `memfs: ${memfs.says}`,
    ...(memfs.tree === before.tree().join('\n') ? ['(changes nothing)'] : [memfs.tree]),
  ].join('\n');

describe('memfs agrees about plain file systems', () => {
  it(`but for differences that have a name (seed ${SEED})`, () => {
    met.clear();
    forAll({
      over: calls,
      runs: 1000,
      check: compare,
      interesting: 20,
      tell: (sequence) => sequence.map(told).join('\n'),
    });
    if (AS_GIVEN)
      expect(
        NAMES.filter((name) => !met.has(name)),
        'differences that did not come up',
      ).toEqual([]);
  });
});
