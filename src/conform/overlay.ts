import type { Call, CallResult, OpenFlag, RenameFlag } from '../kernel/calls.ts';
import type { Field } from './json.ts';
import { diskOf, rdevOf } from './layers.ts';
import { differenceOf, type Listing, raw, recorded, same, seen, shown } from './listing.ts';
import { Machine, MountRefused, type Setup } from './machine.ts';

/** Plays recordings of the kernel's overlayfs against the model: one mount, a list of calls, and the trees around them. */

/** What became of a vector. `why` is the first difference, or the reason for which it cannot be played. */
export interface Verdict {
  readonly name: string;
  readonly outcome: 'pass' | 'fail' | 'skip';
  readonly why?: string;
}

/** Whether a vector is a recording of overlayfs. */
export const isOverlayVector = (vector: Field): boolean =>
  vector.has('layers') && vector.has('ops') && vector.has('results');

/** Plays one vector. Throws an InputError when it is not in the format. */
export function conformOverlay(vector: Field): Verdict {
  const name = vector.get('name').string;
  const options = optionsOf(vector.get('options'));
  if (typeof options === 'string') return { name, outcome: 'skip', why: options };
  const steps = stepsOf(vector);
  const { disk, setup } = worldOf(vector, options.redirectDir);
  try {
    const why = play(new Machine(disk, setup), setup, vector, steps);
    return why === null ? { name, outcome: 'pass' } : { name, outcome: 'fail', why };
  } catch (error) {
    if (!(error instanceof MountRefused)) throw error;
    return { name, outcome: 'fail', why: error.message };
  }
}

function play(machine: Machine, setup: Setup, vector: Field, steps: readonly Step[]): string | null {
  const before = differenceOf('initial', recorded(vector.get('initial')), seen(machine));
  if (before !== null) return before;
  for (const [index, step] of steps.entries()) {
    const result = step.run(machine, setup);
    const wrong = resultDifference(step.expected.value, result);
    if (wrong !== null) return `ops[${index}] ${step.text}: ${wrong}`;
  }
  const merged = recorded(vector.get('merged'));
  return differenceOf('merged', merged, seen(machine)) ?? afterwards(machine, setup, vector, merged);
}

/** What is left in the upper directory, and what a new mount of it shows. */
function afterwards(machine: Machine, setup: Setup, vector: Field, merged: Listing): string | null {
  const upper = vector.get('upper');
  const left =
    setup.upper === null ? null : differenceOf('upper', recorded(upper), raw(machine.disk, setup.upper.slice(1)));
  if (left !== null) return left;
  machine.remount(setup);
  const again = vector.has('merged_after_remount') ? recorded(vector.get('merged_after_remount')) : merged;
  return differenceOf('merged after remount', again, seen(machine), ['nlink']);
}

/** One line on how a result differs from the recorded one, or null. Link counts of directories are tmpfs's own. */
function resultDifference(expected: unknown, actual: CallResult): string | null {
  const want = comparable(expected);
  const got = comparable(actual);
  if (same(want, got)) return null;
  return `the model gives ${resultText(got)}, recorded ${resultText(want)}`;
}

/** A result as it is compared: link counts of directories are the recorder's file system's own. */
export function comparable(result: unknown): unknown {
  if (typeof result !== 'object' || result === null || !('ok' in result)) return result;
  const value = result.ok;
  if (typeof value !== 'object' || value === null || !('type' in value) || value.type !== 'dir') return result;
  return { ok: Object.fromEntries(Object.entries(value).filter(([key]) => key !== 'nlink')) };
}

export function resultText(result: unknown): string {
  if (typeof result !== 'object' || result === null) return JSON.stringify(result);
  if ('err' in result) return String(result.err);
  return 'ok' in result ? shown('', result.ok) : JSON.stringify(result);
}

// --- the world of a vector

/** Features that change what is seen and that the model leaves out, with the values that switch them off. */
const LEFT_OUT: Readonly<Record<string, readonly string[]>> = {
  index: ['off'],
  metacopy: ['off'],
  nfs_export: ['off'],
  verity: ['off'],
};
/** Options that change nothing that a vector records. */
const WITHOUT_EFFECT = [
  'xino',
  'uuid',
  'fsync',
  'volatile',
  'override_creds',
  'nooverride_creds',
  'default_permissions',
];

/** The options a vector was mounted with, or why the model cannot play it. */
export function optionsOf(field: Field): { readonly redirectDir: Setup['redirectDir'] } | string {
  let redirectDir: Setup['redirectDir'] = 'off';
  for (const option of field.string.split(',').filter((part) => part !== '')) {
    const [key = '', value = ''] = option.split('=');
    if (key === 'redirect_dir') {
      const known = (['on', 'off', 'follow', 'nofollow'] as const).find((mode) => mode === value);
      if (known === undefined) throw field.fail('redirect_dir=on, off, follow or nofollow');
      redirectDir = known;
    } else if (!WITHOUT_EFFECT.includes(key) && LEFT_OUT[key]?.includes(value) !== true) {
      return `${option} is not modelled`;
    }
  }
  return { redirectDir };
}

function worldOf(vector: Field, redirectDir: Setup['redirectDir']) {
  const layers = vector.get('layers');
  const upper = layers.get('upper');
  const lowers = layers.get('lowers').array;
  const lists = new Map<string, readonly Field[]>([
    ['mnt', []],
    ['work', []],
  ]);
  if (upper.value !== null) lists.set('upper', upper.array);
  for (const [index, lower] of lowers.entries()) lists.set(`l${index}`, lower.array);
  const setup: Setup = {
    upper: upper.value === null ? null : '/upper',
    work: '/work',
    lowers: lowers.map((_, index) => `/l${index}`),
    redirectDir,
  };
  return { disk: diskOf(lists), setup };
}

// --- the calls of a vector

interface Step {
  /** The op as the vector has it, for a difference. */
  readonly text: string;
  readonly expected: Field;
  run(machine: Machine, setup: Setup): CallResult;
}

function stepsOf(vector: Field): readonly Step[] {
  const ops = vector.get('ops').array;
  const results = vector.get('results').array;
  if (ops.length !== results.length) throw vector.get('results').fail(`one result for each of ${ops.length} ops`);
  return ops.map((op, index) => {
    const expected = results[index];
    if (expected === undefined) throw op.fail('an op with a result');
    if (!expected.has('ok') && !expected.has('err')) throw expected.fail('{"ok": …} or {"err": "ENOENT"}');
    return { text: JSON.stringify(op.value), expected, run: runOf(op) };
  });
}

function runOf(op: Field): Step['run'] {
  const kind = op.get('op').string;
  const who = op.optional('as', (field) => field.integer, 0);
  if (kind === 'remount') {
    return (machine, setup) => {
      machine.remount(setup);
      return { ok: null };
    };
  }
  if (kind === 'open') return openOf(op, who);
  const call = callOf(op, ['remount', 'open']);
  return (machine) => machine.call(call, who);
}

/** The call of an op that stands for one call; `others` are the kinds of op that the caller knows besides. */
export function callOf(op: Field, others: readonly string[]): Call {
  const make = CALLS[op.get('op').string];
  if (make === undefined) throw op.get('op').fail(`one of ${[...others, ...Object.keys(CALLS)].join(', ')}`);
  return make(op);
}

/** open, write the data, read everything back, close unless the descriptor is to stay. */
function openOf(op: Field, who: number): Step['run'] {
  const fd = op.optional('fd', (field) => field.string, '(one op)');
  const path = op.get('path').path;
  const mode = op.optional('mode', (field) => field.integer, 0o644);
  const flags = flagsOf(op.get('flags'));
  const data = op.optional<string | null>('data', (field) => field.string, null);
  const read = op.optional('read', (field) => field.boolean, false);
  return (machine) => {
    const opened = machine.call({ op: 'open', path, flags, mode, fd }, who);
    if ('err' in opened) return opened;
    let result: CallResult = { ok: null };
    if (data !== null) result = machine.call({ op: 'fdwrite', fd, data }, who);
    if (read && !('err' in result)) result = machine.call({ op: 'fdread', fd }, who);
    else if (!('err' in result)) result = { ok: null };
    if (!op.has('fd')) machine.call({ op: 'fdclose', fd }, who);
    return result;
  };
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
