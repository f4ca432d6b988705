import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Call, CallResult } from '../kernel/calls.ts';
import type { Path, PlainFs } from '../kernel/types.ts';
import { documentOf, Field } from './json.ts';
import { diskOf } from './layers.ts';
import { same, shown } from './listing.ts';
import { Machine, type Setup } from './machine.ts';
import { flagsOf } from './ops.ts';
import { notPlayed, type Verdict } from './overlay.ts';

/**
 * Plays system-call traces of the unionmount test suite: one directory per configuration with its layers in LAYERS.json
 * and one file per test script. Every file starts from these layers; the subtests of a file follow each other on one
 * mount. Source of the suite: https://github.com/amir73il/unionmount-testsuite
 */

interface Configuration {
  readonly disk: PlainFs;
  readonly mount: Setup | { readonly plain: Path };
}

/** The file that says what every trace of a directory starts from. */
export const LAYERS_FILE = 'LAYERS.json';

/** One verdict per subtest. Throws an InputError for a file that is not in the format. */
export function conformUnionmount(directory: string): readonly Verdict[] {
  const layers = documentOf(readFileSync(join(directory, LAYERS_FILE), 'utf8'), join(directory, LAYERS_FILE));
  const configuration = configurationOf(layers);
  const files = readdirSync(directory).filter((name) => name.endsWith('.json') && name !== LAYERS_FILE);
  return files.sort().flatMap((file) => {
    const trace = documentOf(readFileSync(join(directory, file), 'utf8'), join(directory, file));
    const prefix = `${basename(directory)}/${file.replace(/\.json$/, '')}`;
    const subtests = trace.get('subtests').array;
    if (typeof configuration !== 'string') return playFile(configuration, prefix, subtests);
    return subtests.map((subtest) => ({
      name: nameOf(prefix, subtest),
      outcome: 'skip' as const,
      why: configuration,
    }));
  });
}

const nameOf = (prefix: string, subtest: Field): string => `${prefix}/${subtest.get('subtest').string}`;

/** What the traces start from, or why the model cannot play them. */
function configurationOf(layers: Field): Configuration | string {
  const lists = new Map<string, readonly Field[]>([
    ['mnt', []],
    ['work', []],
    ['l0', layers.get('lower').array],
  ]);
  if (!layers.get('overlay').boolean) return { disk: diskOf(lists), mount: { plain: '/l0' } };
  const options = layers.get('options');
  const mount: Setup = { upper: '/upper', work: '/work', lowers: ['/l0'], options: options.string };
  const why = notPlayed(options, mount);
  if (why !== null) return why;
  lists.set(
    'upper',
    layers.optional('upper', (field) => field.array, []),
  );
  return { disk: diskOf(lists), mount };
}

function playFile(configuration: Configuration, prefix: string, subtests: readonly Field[]): readonly Verdict[] {
  const player = new Player(configuration);
  let failed: string | null = null;
  return subtests.map((subtest) => {
    const name = nameOf(prefix, subtest);
    if (failed !== null) return { name, outcome: 'fail', why: `follows the failed ${failed}` };
    const why = player.play(subtest.get('events').array);
    if (why === null) return { name, outcome: 'pass' };
    failed = subtest.get('subtest').string;
    return { name, outcome: 'fail', why };
  });
}

/** The suite's process: its credentials, its open files, and the mount it works in. */
class Player {
  readonly #machine: Machine;
  #mount: Configuration['mount'];
  #uid = 0;
  #gid = 0;
  #opened = 0;
  /** Descriptors that are open; calls on a descriptor mean the last one. */
  #fds: string[] = [];

  constructor({ disk, mount }: Configuration) {
    this.#mount = mount;
    this.#machine = new Machine(disk, mount);
  }

  /** The first difference of a subtest in one line, or null. */
  play(events: readonly Field[]): string | null {
    for (const [index, event] of events.entries()) {
      const wrong = differenceOf(event, this.#result(event));
      if (wrong !== null) return `events[${index}] ${JSON.stringify(event.value)}: ${wrong}`;
    }
    return null;
  }

  #result(event: Field): CallResult {
    const sys = event.get('sys').string;
    switch (sys) {
      case 'seteuid':
        this.#uid = event.get('id').integer;
        return { ok: null };
      case 'setegid':
        this.#gid = event.get('id').integer;
        return { ok: null };
      case 'remount':
        return this.#remount(event.optional('rotate', (field) => field.boolean, false));
      case 'open':
        return this.#open(event);
      case 'link': {
        const from = event.get('from').path;
        const follows = event.optional('follow', (field) => field.boolean, false);
        return this.#call({
          op: 'link',
          from: (follows ? this.#machine.follow(from) : null) ?? from,
          to: event.get('to').path,
        });
      }
      default: {
        const make = CALLS[sys];
        if (make === undefined) throw event.get('sys').fail('a system call of the suite');
        const fd = this.#fds.at(-1) ?? 'none';
        if (sys === 'close') this.#fds.pop();
        return this.#call(make(event, fd));
      }
    }
  }

  #call(call: Call): CallResult {
    return this.#machine.call(call, this.#uid, this.#gid);
  }

  #open(event: Field): CallResult {
    const fd = `fd${this.#opened}`;
    const opened = this.#call({
      op: 'open',
      path: event.get('path').path,
      flags: flagsOf(event.get('flags')),
      mode: event.get('mode').integer,
      fd,
    });
    if ('err' in opened) return opened;
    this.#opened++;
    this.#fds.push(fd);
    return opened;
  }

  /** Rotation makes the upper the top lower and adds a fresh upper, as `--ov=N` of the suite does. */
  #remount(rotate: boolean): CallResult {
    this.#fds = [];
    let { disk } = this.#machine;
    if (rotate && !('plain' in this.#mount) && this.#mount.upper !== null) {
      const { upper, lowers } = this.#mount;
      const fresh = `upper${lowers.length}`;
      disk = diskOf(new Map([[fresh, FRESH_UPPER.array]]), disk);
      this.#mount = { ...this.#mount, upper: `/${fresh}`, lowers: [upper, ...lowers] };
    }
    this.#machine.remount(this.#mount, disk);
    return { ok: null };
  }
}

const FRESH_UPPER = new Field([{ path: '/f', type: 'file', content: 'pure', mode: 0o644 }], 'rotation', 1);

const path = (event: Field) => ({ path: event.get('path').path });

const CALLS: Readonly<Record<string, (event: Field, fd: string) => Call>> = {
  lstat: (event) => ({ op: 'lstat', ...path(event) }),
  stat: (event) => ({ op: 'stat', ...path(event) }),
  fstat: (_, fd) => ({ op: 'fdstat', fd }),
  read: (_, fd) => ({ op: 'fdread', fd }),
  write: (event, fd) => ({ op: 'fdwrite', fd, data: event.get('data').string }),
  close: (_, fd) => ({ op: 'fdclose', fd }),
  truncate: (event) => ({ op: 'truncate', ...path(event), size: event.get('size').integer }),
  readlink: (event) => ({ op: 'readlink', ...path(event) }),
  mkdir: (event) => ({ op: 'mkdir', ...path(event), mode: event.get('mode').integer }),
  rmdir: (event) => ({ op: 'rmdir', ...path(event) }),
  unlink: (event) => ({ op: 'unlink', ...path(event) }),
  symlink: (event) => ({ op: 'symlink', ...path(event), target: event.get('target').string }),
  rename: (event) => ({ op: 'rename', from: event.get('from').path, to: event.get('to').path }),
  chmod: (event) => ({ op: 'chmod', ...path(event), mode: event.get('mode').integer }),
  // The suite sets the present time, which the model writes as 0.
  utime: (event) => ({ op: 'utimes', ...path(event), mtime: 0 }),
};

/** How a result differs from what the event says, or null. An event without `err` succeeded; `ok` may say with what. */
function differenceOf(event: Field, result: CallResult): string | null {
  const error = event.optional<string | null>('err', (field) => field.string, null);
  if ('err' in result || error !== null) {
    const got = 'err' in result ? result.err : 'success';
    return error === got ? null : `the model gives ${got}`;
  }
  if (!event.has('ok')) return null;
  const want = event.get('ok').value;
  const got = 'err' in result ? null : result.ok;
  switch (event.get('sys').string) {
    case 'write':
      return null;
    case 'read': {
      const count = event.get('count').integer;
      const text = Buffer.from(String(got)).subarray(0, count).toString();
      return text === want ? null : `the model gives ${JSON.stringify(text)}`;
    }
    case 'lstat':
    case 'stat':
    case 'fstat': {
      const model = new Map<string, unknown>(Object.entries(got ?? {}));
      const key = event.get('ok').keys.find((name) => !same(event.get('ok').get(name).value, model.get(name)));
      return key === undefined ? null : `the model gives ${key} ${shown(key, model.get(key))}`;
    }
    default:
      return same(want, got) ? null : `the model gives ${JSON.stringify(got)}`;
  }
}
