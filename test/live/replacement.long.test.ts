import { afterAll, describe, expect, it } from 'vitest';
import { type Invocation, invoke } from '../../models/systemd/invocation.ts';
import type { Mode } from '../../models/systemd/mutable.ts';
import { OBSERVER, QUESTIONS } from '../../models/systemd/questions.ts';
import { merge, refresh } from '../../models/systemd/verbs.ts';
import { systemd, type Version } from '../../models/systemd/versions.ts';
import { build, tree } from '../../models/world.ts';
import type { Call, CallResult } from '../../src/kernel/calls.ts';
import { mountTable } from '../../src/kernel/mounttable.ts';
import { step } from '../../src/kernel/step.ts';
import type { World } from '../../src/kernel/world.ts';
import { command, line, treeLines } from '../../src/live/lines.ts';
import { mountRows } from '../../src/live/mountinfo.ts';
import { run } from '../../src/program/linux.ts';
import { numbered } from '../kernel/mountscript.ts';
import { startedKernel } from './start.ts';

/**
 * The calls that the programs make in a merge and a refresh are made by processes on the real kernel as well: for the
 * versions of systemd that are no binaries, this is what they can be judged by. Every call must give what the model says, and
 * after every call an onlooker must find the same in /etc.
 */
const { kernel, why } = await startedKernel();
afterAll(() => kernel?.stop());

const ROOT = tree`
  etc/
    hostname "box"
    keys/
    machine-id "uninitialized"
  run/
  usr/
    lib/
      os-release "ID=testos\nVERSION_ID=1\n"
  var/
    lib/
      confexts/
        a/ #1
          etc/
            app.conf "a1"
            extension-release.d/
              extension-release.a "ID=_any\n"
      extensions.mutable/
        etc/
          local.conf "mine"
      machine-id "4f6b"
      staged/
        b/ #2
          etc/
            app.conf "b1"
            extension-release.d/
              extension-release.b "ID=_any\n"
`;
const MOUNTS: readonly Call[] = [
  { op: 'mount-bind', from: '/var/lib/machine-id', path: '/etc/machine-id' },
  { op: 'mount-tmpfs', path: '/etc/keys' },
  { op: 'write', path: '/etc/keys/key', data: 'secret', mode: 0o644 },
];
const INSTALL: Call = { op: 'rename', from: '/var/lib/staged/b', to: '/var/lib/confexts/b' };
/** What an onlooker does between two calls. */
const LOOKS: readonly Call[] = ['app.conf', 'local.conf', 'hostname', 'machine-id', 'keys/key']
  .map((name): Call => ({ op: 'read', path: `/etc/${name}` }))
  .concat({ op: 'readdir', path: '/etc' });

const root = (task: string): { task: string; uid: number; gid: number } => ({ task, uid: 0, gid: 0 });

/** Plays calls on the model, and keeps them and their results for the kernel. */
class Both {
  world: World;
  readonly lines: string[];
  readonly #trees = new Map<string, string>();
  readonly expected: (readonly [what: string, result: CallResult] | null)[] = [];

  constructor() {
    this.world = build({ root: { ...ROOT, type: 'tmpfs' }, processes: { boot: 4, refresh: 4 } });
    const shared = (path: string): string => line('world', { op: 'mount-propagation', path, to: 'shared' });
    this.lines = [
      ...treeLines(ROOT, ''),
      shared('/'),
      line('world', { op: 'mount-tmpfs', path: '/run', mode: 0o755 }),
      shared('/run'),
      ...[OBSERVER, 'boot', 'refresh'].map((task) => line(root(task), { op: 'lstat', path: '/' })),
    ];
    for (const _ of this.lines) this.expected.push(null);
  }

  /** The executor knows trees by short names. */
  #named(call: Call): Call {
    const name = (tree: string): string => {
      const known = this.#trees.get(tree) ?? `T${this.#trees.size}`;
      this.#trees.set(tree, known);
      return known;
    };
    if ('tree' in call) return { ...call, tree: name(call.tree) };
    return 'trees' in call && call.trees !== undefined ? { ...call, trees: call.trees.map(name) } : call;
  }

  call(task: string, asked: Call): void {
    const call = this.#named(asked);
    const [outcome] = step(this.world, task, call);
    if (outcome === undefined) throw new Error(`${call.op} has no outcome`);
    this.world = this.world.with(outcome.writes);
    // The device of an overlay is a number there; nobody reads it here.
    const real = call.op === 'write' && typeof call.data !== 'string' ? { ...call, data: 'a device' } : call;
    this.lines.push(line(root(task), real));
    this.expected.push([`${task}: ${JSON.stringify(call)}`, outcome.result]);
  }

  /** The calls of a program; what it only asks, the model has answered. */
  program(task: string, verb: typeof merge, invocation: Invocation): void {
    const { steps } = run(this.world, task, verb(invocation), QUESTIONS);
    for (const { call } of steps) {
      if (call.op === 'ask' || call.op === 'event') continue;
      this.call(task, call);
      for (const look of LOOKS) this.call(OBSERVER, look);
    }
  }

  /** "AT FLAGS PROPAGATION" of every mount of the host. */
  get mounts(): readonly string[] {
    return numbered(
      mountTable(this.world, 'host').map(({ at, flags, propagation }) => [at, ...flags, propagation].join(' ')),
    );
  }
}

interface Case {
  readonly version: Version;
  readonly mode: Mode;
  readonly kernelBeneath: boolean;
}
const CASES: readonly Case[] = (['257', '262', 'atomic', 'plain', 'beneath'] as const).flatMap((version) =>
  (['no', 'yes', 'ephemeral'] as const).flatMap((mode) =>
    (version === 'atomic' ? [true, false] : [true]).map((kernelBeneath) => ({ version, mode, kernelBeneath })),
  ),
);

describe.skipIf(kernel === null)(`the calls of a merge and a refresh on the real kernel${why}`, () => {
  it.each(CASES)('$version, mutable=$mode, kernelBeneath=$kernelBeneath', async ({ version, mode, kernelBeneath }) => {
    const invocation = invoke('confext', systemd(version, { kernelBeneath }), { mutable: mode });
    const both = new Both();
    both.program('boot', merge, invocation);
    for (const call of [...MOUNTS, INSTALL]) both.call('boot', call);
    both.call('boot', { op: 'exit' });
    both.program('refresh', refresh, invocation);
    both.call('refresh', { op: 'exit' });
    const answers = (await kernel?.run([...both.lines, command('world', 'mountinfo')])) ?? [];
    both.expected.forEach((wanted, index) => {
      if (wanted === null) expect(answers[index]).toHaveProperty('ok');
      else expect([wanted[0], answers[index]]).toEqual(wanted);
    });
    const last = answers.at(-1);
    const table = last !== undefined && 'ok' in last ? mountRows(String(last.ok)) : [];
    const rows = table.map(({ at, flags, optional }) => [at, ...flags, optional.join(' ') || 'private'].join(' '));
    expect(numbered(rows)).toEqual(both.mounts);
  });
});
