import type { Call, CallResult, OpenFlag, RenameFlag } from '../kernel/calls.ts';
import type { Field } from './json.ts';
import { rdevOf } from './layers.ts';

/** The ops of a vector as calls of the kernel: the model makes them, and so does a recorder. */

/** One op: the calls that it stands for, by whom, and its result, which the results of those calls give together. */
export interface Op {
  /** As the vector has it, for a difference. */
  readonly text: string;
  /** Effective uid and gid. */
  readonly who: number;
  readonly calls: readonly Call[] | Remount;
  readonly resultOf: (results: readonly CallResult[]) => CallResult;
}

/** A new mount of the same layers; descriptors are closed first. */
export interface Remount {
  /** The upper becomes the top lower, below a fresh empty one. */
  readonly rotates: boolean;
  /** The lower layers that stay, by their numbers from the top; null for all. */
  readonly lowers: readonly Field[] | null;
  /** Options in place of the vector's, or null. */
  readonly options: Field | null;
}

export const isRemount = (calls: Op['calls']): calls is Remount => 'rotates' in calls;

const only = ([result]: readonly CallResult[]): CallResult => result ?? { ok: null };

/** Labels of security modules depend on the machine, so recordings leave out that namespace. */
function withoutSecurity(results: readonly CallResult[]): CallResult {
  const result = only(results);
  if ('err' in result || !Array.isArray(result.ok)) return result;
  return { ok: result.ok.filter((name) => typeof name !== 'string' || !name.startsWith('security.')) };
}

/** The link count alone: as a part of stat it is not compared for directories, because many file systems have none. */
function linksOf(results: readonly CallResult[]): CallResult {
  const result = only(results);
  if ('err' in result || typeof result.ok !== 'object' || result.ok === null || !('nlink' in result.ok)) return result;
  return { ok: result.ok.nlink };
}

/** Ops whose result is not simply that of their call. */
const RESULTS: Readonly<Record<string, Op['resultOf']>> = { listxattr: withoutSecurity, nlink: linksOf };

/** Reads an op. Throws an InputError for one that is not in the format. */
export function opOf(op: Field): Op {
  const kind = op.get('op').string;
  const text = JSON.stringify(op.value);
  const who = op.optional('as', (field) => field.integer, 0);
  if (kind === 'remount') {
    const rotates = op.optional('rotate', (field) => field.boolean, false);
    const lowers = op.has('lowers') ? op.get('lowers').array : null;
    return {
      text,
      who,
      calls: { rotates, lowers, options: op.has('options') ? op.get('options') : null },
      resultOf: only,
    };
  }
  if (kind === 'open') return { text, who, ...openOf(op) };
  const make = CALLS[kind];
  if (make === undefined) throw op.get('op').fail(`one of remount, open, ${Object.keys(CALLS).join(', ')}`);
  return { text, who, calls: [make(op)], resultOf: RESULTS[kind] ?? only };
}

/** open, write the data, read everything back, close unless the descriptor is to stay. */
function openOf(op: Field): Pick<Op, 'calls' | 'resultOf'> {
  const fd = op.optional('fd', (field) => field.string, '(one op)');
  const mode = op.optional('mode', (field) => field.integer, 0o644);
  const data = op.optional<string | null>('data', (field) => field.string, null);
  const reads = op.optional('read', (field) => field.boolean, false);
  const calls: Call[] = [{ op: 'open', path: op.get('path').path, flags: flagsOf(op.get('flags')), mode, fd }];
  if (data !== null) calls.push({ op: 'fdwrite', fd, data });
  if (reads) calls.push({ op: 'fdread', fd });
  const telling = calls.length;
  if (!op.has('fd')) calls.push({ op: 'fdclose', fd });
  const resultOf = (results: readonly CallResult[]): CallResult => {
    const told = results.slice(0, telling);
    return told.find((result) => 'err' in result) ?? (reads ? told.at(-1) : undefined) ?? { ok: null };
  };
  return { calls, resultOf };
}

const FLAGS: readonly OpenFlag[] = [
  'O_RDONLY',
  'O_WRONLY',
  'O_RDWR',
  'O_CREAT',
  'O_EXCL',
  'O_TRUNC',
  'O_APPEND',
  'O_DIRECTORY',
  'O_NOFOLLOW',
  'O_PATH',
  'O_TMPFILE',
];
const RENAME_FLAGS: readonly RenameFlag[] = ['NOREPLACE', 'EXCHANGE', 'WHITEOUT'];

/** "O_RDWR|O_CREAT" as flags. */
export function flagsOf(field: Field): readonly OpenFlag[] {
  return words(field, FLAGS);
}

function words<T extends string>(field: Field, known: readonly T[]): readonly T[] {
  return field.string.split('|').map((text) => {
    const word = known.find((flag) => flag === text);
    if (word === undefined) throw field.fail(`${known.join(', ')} joined with "|"`);
    return word;
  });
}

const path = (op: Field) => ({ path: op.get('path').path });
const both = (op: Field) => ({ from: op.get('from').path, to: op.get('to').path });
const named = (op: Field) => ({ path: op.get('path').path, name: op.get('name').string });
const held = (op: Field) => ({ fd: op.get('fd').string });
const modeOf = (op: Field, otherwise: number) => op.optional('mode', (field) => field.integer, otherwise);

/** One call for each kind of op. Modes that a vector leaves out are those of its recorder. */
const CALLS: Readonly<Record<string, (op: Field) => Call>> = {
  mkdir: (op) => ({ op: 'mkdir', ...path(op), mode: modeOf(op, 0o755) }),
  write: (op) => ({ op: 'write', ...path(op), data: op.get('data').string, mode: modeOf(op, 0o644) }),
  append: (op) => ({ op: 'write', ...path(op), data: op.get('data').string, flags: ['O_WRONLY', 'O_APPEND'] }),
  read: (op) => ({ op: 'read', ...path(op) }),
  truncate: (op) => ({ op: 'truncate', ...path(op), size: op.get('size').integer }),
  unlink: (op) => ({ op: 'unlink', ...path(op) }),
  rmdir: (op) => ({ op: 'rmdir', ...path(op) }),
  rename: (op) => ({
    op: 'rename',
    ...both(op),
    flags: op.optional<readonly RenameFlag[]>('flags', (field) => words(field, RENAME_FLAGS), []),
  }),
  link: (op) => ({ op: 'link', ...both(op) }),
  symlink: (op) => ({ op: 'symlink', ...path(op), target: op.get('target').string }),
  readlink: (op) => ({ op: 'readlink', ...path(op) }),
  chmod: (op) => ({ op: 'chmod', ...path(op), mode: op.get('mode').integer }),
  lchown: (op) => ({ op: 'lchown', ...path(op), uid: op.get('uid').integer, gid: op.get('gid').integer }),
  utimes: (op) => ({ op: 'utimes', ...path(op), mtime: op.get('mtime').integer }),
  mtime: (op) => ({ op: 'mtime', ...path(op) }),
  stat: (op) => ({ op: 'stat', ...path(op) }),
  lstat: (op) => ({ op: 'lstat', ...path(op) }),
  nlink: (op) => ({ op: 'lstat', ...path(op) }),
  readdir: (op) => ({ op: 'readdir', ...path(op) }),
  mknod: (op) => ({
    op: 'mknod',
    ...path(op),
    type: op.get('type').oneOf(['file', 'chr', 'blk', 'fifo', 'sock']),
    mode: modeOf(op, 0o644),
    ...(op.has('rdev') ? { rdev: rdevOf(op.get('rdev')) } : {}),
  }),
  setxattr: (op) => ({ op: 'setxattr', ...named(op), value: op.get('value').string }),
  getxattr: (op) => ({ op: 'getxattr', ...named(op) }),
  removexattr: (op) => ({ op: 'removexattr', ...named(op) }),
  listxattr: (op) => ({ op: 'listxattr', ...path(op) }),
  sameino: (op) => ({ op: 'sameino', ...both(op) }),
  fdread: (op) => ({ op: 'fdread', ...held(op) }),
  fdwrite: (op) => ({ op: 'fdwrite', ...held(op), data: op.get('data').string }),
  fdstat: (op) => ({ op: 'fdstat', ...held(op) }),
  fdchmod: (op) => ({ op: 'fdchmod', ...held(op), mode: op.get('mode').integer }),
  fdreaddir: (op) => ({ op: 'fdreaddir', ...held(op) }),
  fdclose: (op) => ({ op: 'fdclose', ...held(op) }),
};
