import { VERBS } from '../../models/systemd/invocation.ts';
import { RELEASES, systemd } from '../../models/systemd/versions.ts';
import { IMAGE_CLASSES } from '../input/imageclass.ts';
import type { Call } from '../kernel/calls.ts';
import { byText, parentOf } from '../kernel/tree.ts';
import type { Field } from './json.ts';
import { namesOf, same, statOf } from './listing.ts';
import type { Verdict } from './overlay.ts';
import { type Command, SystemdMachine } from './systemdmachine.ts';
import { DELETED, type Noted, type Observation, observe, PARTS, type Part } from './systemdview.ts';

/** Plays recordings of the real systemd-confext and systemd-sysext against the model. */

/** Whether a vector is a recording of systemd. */
export const isSystemdVector = (vector: Field): boolean => vector.has('hierarchies') && vector.has('steps');

/** Plays one vector. Throws an InputError when it is not in the format. */
export function conformSystemd(vector: Field): Verdict {
  const name = `${vector.get('name').string} (systemd ${vector.get('systemd').string})`;
  const played = new Player(vector).play();
  return 'difference' in played
    ? { name, outcome: 'fail', why: played.difference }
    : { name, outcome: 'pass', ...(played.note === undefined ? {} : { note: played.note }) };
}

type Played = { readonly difference: string } | { readonly note: string | undefined };

class Player {
  readonly #vector: Field;
  readonly #machine: SystemdMachine;
  readonly #hierarchies: readonly string[];
  readonly #watch: readonly string[];
  #expected: Partial<Record<Part, unknown>> = {};

  constructor(vector: Field) {
    this.#vector = vector;
    const version = vector.get('systemd').string.split('.')[0] ?? '';
    const known = RELEASES.find((each) => each === version);
    if (known === undefined) throw vector.get('systemd').fail(`one of ${RELEASES.join(', ')}`);
    this.#machine = new SystemdMachine(systemd(known));
    this.#hierarchies = vector.get('hierarchies').array.map((field) => field.path);
    this.#watch = vector.optional('watch', (field) => field.array.map((each) => each.path), []);
  }

  /** Plays all of it, or up to where nobody knows what is right. */
  play(): Played {
    for (const [index, op] of this.#vector.get('setup').array.entries()) {
      const result = this.#do(op);
      if (result !== 'ok') return { difference: `setup[${index}] ${shown(op.value)}: the model says ${shown(result)}` };
    }
    const before = this.#observed(this.#vector.get('initial'));
    if (before !== null) return { difference: `initial: ${before}` };
    for (const [index, step] of this.#vector.get('steps').array.entries()) {
      const where = `steps[${index}] ${shown(step.get('do').value)}`;
      if (step.get('after').has('tainted'))
        return { note: `compared up to ${where}, which edits a layer of a live overlay` };
      const result = resultDifference(step.get('result').value, this.#do(step.get('do')));
      if (result !== null) return { difference: `${where}: ${result}` };
      const difference = this.#observed(step.get('after'));
      if (difference !== null) return { difference: `${where}: ${difference}` };
    }
    return { note: undefined };
  }

  #do(op: Field): unknown {
    const kind = op.get('op').string;
    if (IMAGE_CLASSES.some((each) => each === kind)) return this.#machine.verb(this.#command(op));
    if (kind === 'install') return this.#install(op);
    if (kind === 'rmtree') return this.#removeTree(op.get('path').path);
    const make = CALLS[kind];
    if (make === undefined)
      throw op.get('op').fail(`one of ${[...IMAGE_CLASSES, 'install', 'rmtree', ...Object.keys(CALLS)].join(', ')}`);
    return this.#all(make(op));
  }

  #command(op: Field): Command {
    const env = op.optional(
      'env',
      (field) => Object.fromEntries(field.keys.map((key) => [key, field.get(key).string])),
      {},
    );
    const imageClass = op.get('op').oneOf(IMAGE_CLASSES);
    const own = imageClass === 'sysext' ? { SYSTEMD_SYSEXT_HIERARCHIES: this.#hierarchies.join(':') } : {};
    return {
      imageClass,
      verb: op.get('verb').oneOf(VERBS),
      args: op.optional('args', (field) => field.array.map((each) => each.string), []),
      env: { ...own, ...env },
      cwd: op.optional('cwd', (field) => field.path, '/'),
    };
  }

  /** Calls up to the first that fails. */
  #all(calls: readonly Call[]): string {
    for (const call of calls) {
      const result = this.#machine.call(call);
      if ('err' in result) return result.err;
    }
    return 'ok';
  }

  /** A new directory with a tree in it; missing parents are made. */
  #install(op: Field): string {
    const top = op.get('path').path;
    const made = this.#all([...parents(top), { op: 'mkdir', path: top, mode: 0o755 }]);
    if (made !== 'ok') return made;
    const files = op.get('files');
    for (const name of [...files.keys].sort()) {
      const result = this.#all(installCalls(`${top}/${name}`, files.get(name)));
      if (result !== 'ok') return result;
    }
    return 'ok';
  }

  /** Depth first, names sorted, up to the first failure. What is listed and not there is passed over. */
  #removeTree(path: string, inside = false): string {
    const found = this.#machine.call({ op: 'lstat', path });
    if ('err' in found) return inside && found.err === 'ENOENT' ? 'ok' : found.err;
    if (statOf(found).type !== 'dir') return this.#all([{ op: 'unlink', path }]);
    const names = this.#machine.call({ op: 'readdir', path });
    if ('err' in names) return names.err;
    for (const name of namesOf(names)) {
      const removed = this.#removeTree(`${path}/${name}`, true);
      if (removed !== 'ok') return removed;
    }
    return this.#all([{ op: 'rmdir', path }]);
  }

  /** The first difference to what was seen, which is noted only where it has changed. */
  #observed(noted: Field): string | null {
    for (const part of PARTS) if (noted.has(part)) this.#expected[part] = noted.get(part).value;
    const seen: Observation = observe(this.#machine, this.#hierarchies, this.#watch);
    for (const part of PARTS) {
      const difference = listDifference(part, inOrder(part, this.#expected[part]), inOrder(part, seen[part]));
      if (difference !== null) return difference;
    }
    return null;
  }
}

const shown = (value: unknown): string => JSON.stringify(value);
const octal = (text: string): number => Number.parseInt(text, 8);

/** What a result says that the recording does not, or the reverse. Messages for people are not compared. */
function resultDifference(expected: unknown, actual: unknown): string | null {
  const got = comparable(actual);
  const want = told(comparable(expected), got);
  return same(want, got) ? null : `the model says ${shown(got)}, recorded ${shown(want)}`;
}

/** Some failures systemd tells without an errno: "error:unknown" is any error. */
const told = (want: unknown, got: unknown): unknown =>
  classOf(want) === 'error:unknown' && classOf(got).startsWith('error:')
    ? { ...Object(want), class: classOf(got) }
    : want;
const classOf = (result: unknown): string =>
  typeof result === 'object' && result !== null && 'class' in result ? String(result.class) : '';

function comparable(result: unknown): unknown {
  if (typeof result !== 'object' || result === null) return result;
  return Object.fromEntries(Object.entries(result).filter(([key]) => key !== 'detail'));
}

const isNoted = (value: unknown): value is Noted => typeof value === 'object' && value !== null;

/**
 * Mounts on one path: of several that are hidden, the kernel's table does not tell which is above which. The former name of a
 * directory that was removed is not compared.
 */
function inOrder(part: Part, list: unknown): unknown {
  if (part !== 'mounts' || !Array.isArray(list)) return list;
  const mounts: readonly unknown[] = list;
  const key = (mount: Noted): string =>
    `${mount['at']} ${'hidden' in mount ? 0 : 1} ${JSON.stringify(Object.entries(mount).sort())}`;
  return mounts
    .filter(isNoted)
    .map((mount) => (String(mount['root'] ?? '').endsWith(DELETED) ? { ...mount, root: DELETED } : mount))
    .sort((a, b) => byText(key(a), key(b)));
}

/** The first entry in which two lists differ. */
function listDifference(part: Part, expected: unknown, actual: unknown): string | null {
  if (!Array.isArray(expected) || !Array.isArray(actual)) return `${part} was never noted`;
  for (let index = 0; index < Math.max(expected.length, actual.length); index++) {
    const [want, got] = [expected[index], actual[index]];
    if (!same(want, got))
      return `${part}: the model has ${shown(got) ?? 'no more'}, recorded ${shown(want) ?? 'no more'}`;
  }
  return null;
}

// ---- ops ----------------------------------------------------------------------------------------------------------

const path = (op: Field) => ({ path: op.get('path').path });
const modeOf = (op: Field, otherwise: number) => op.optional('mode', (field) => octal(field.string), otherwise);
const parents = (at: string): readonly Call[] => {
  const above = parentOf(at);
  return above === '' ? [] : [{ op: 'mkdirAll', path: above, mode: 0o755 }];
};
const isTrue = (op: Field, key: string): boolean => op.optional(key, (field) => field.boolean, false);

/** The calls of each kind of op. Modes that a vector leaves out are those of its recorder. */
const CALLS: Readonly<Record<string, (op: Field) => readonly Call[]>> = {
  mkdir: (op) => [
    ...(isTrue(op, 'parents') ? parents(op.get('path').path) : []),
    { op: 'mkdir', ...path(op), mode: modeOf(op, 0o755) },
  ],
  write: (op) => [{ op: 'write', ...path(op), data: op.get('data').string, mode: modeOf(op, 0o644) }],
  append: (op) => [
    {
      op: 'write',
      ...path(op),
      data: op.get('data').string,
      mode: 0o644,
      flags: ['O_WRONLY', 'O_CREAT', 'O_APPEND'],
    },
  ],
  unlink: (op) => [{ op: 'unlink', ...path(op) }],
  rmdir: (op) => [{ op: 'rmdir', ...path(op) }],
  rename: (op) => [{ op: 'rename', from: op.get('from').path, to: op.get('to').path }],
  symlink: (op) => [{ op: 'symlink', target: op.get('target').string, ...path(op) }],
  chmod: (op) => [{ op: 'chmod', ...path(op), mode: modeOf(op, 0) }],
  chown: (op) => [{ op: 'chown', ...path(op), uid: op.get('uid').integer, gid: op.get('gid').integer }],
  whiteout: (op) => [{ op: 'mknod', ...path(op), type: 'chr', mode: 0, rdev: [0, 0] }],
  mount: (op) => [mountCall(op)],
  umount: (op) => [{ op: 'umount', ...path(op), detach: isTrue(op, 'lazy') }],
};

const MOUNTS = ['tmpfs', 'bind', 'rbind', 'remount-ro', 'remount-rw', 'make-private'] as const;

function mountCall(op: Field): Call {
  const type = op.get('type').oneOf(MOUNTS);
  switch (type) {
    case 'tmpfs':
      return { op: 'mount-tmpfs', ...path(op), mode: 0o755 };
    case 'bind':
    case 'rbind':
      return { op: 'mount-bind', from: op.get('source').path, ...path(op), recursive: type === 'rbind' };
    case 'remount-ro':
    case 'remount-rw':
      return { op: 'mount-remount', ...path(op), flags: type === 'remount-ro' ? ['ro'] : [], bind: true };
    case 'make-private':
      return { op: 'mount-propagation', ...path(op), to: 'private' };
  }
}

/** One entry of an installed tree: text for a file, or a type. */
function installCalls(at: string, field: Field): readonly Call[] {
  if (typeof field.value === 'string')
    return [...parents(at), { op: 'write', path: at, data: field.value, mode: 0o644 }];
  const type = field.get('type').oneOf(['dir', 'symlink', 'whiteout', 'file'] as const);
  switch (type) {
    case 'dir':
      return [
        { op: 'mkdirAll', path: at, mode: 0o755 },
        ...(field.has('mode') ? [{ op: 'chmod', path: at, mode: modeOf(field, 0o755) } as const] : []),
      ];
    case 'symlink':
      return [...parents(at), { op: 'symlink', target: field.get('target').string, path: at }];
    case 'whiteout':
      return [...parents(at), { op: 'mknod', path: at, type: 'chr', mode: 0, rdev: [0, 0] }];
    case 'file':
      return [...parents(at), { op: 'write', path: at, data: field.get('data').string, mode: modeOf(field, 0o644) }];
  }
}
