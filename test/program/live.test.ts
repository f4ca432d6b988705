import { describe, expect, it } from 'vitest';
import { tree } from '../../src/kernel/notation.ts';
import type { Component, Mount, Slot } from '../../src/kernel/types.ts';
import { type Read, World } from '../../src/kernel/world.ts';
import {
  at,
  become,
  type LinuxProperty,
  linux,
  type Moment,
  type Next,
  type Program,
  runAlone,
  type Step,
  start,
} from '../../src/program/linux.ts';
import { ROOT_TASK } from '../kernel/mountscript.ts';

/** Searches over edits behind a live overlay: what is remembered of lookups, and what verdicts make of it. */

const MOUNT: Mount = {
  fs: 'root',
  root: '',
  parent: null,
  at: '',
  flags: [],
  shared: null,
  master: null,
  unbindable: false,
};

function* booter(): Program {
  const lowers = ['/l0', '/l1'].map((path) => ({ path, name: path }));
  yield* at('mounts', { op: 'mount-overlay', path: '/mnt', source: 'overlay', lowers });
}

/** An overlay of two layers on /mnt, mounted by a process that has ended, and tasks for others. */
function world(...tasks: readonly string[]): Read {
  const root = tree`
    l0/
      a "a"
      b "b"
      c "c"
    l1/
      f "old"
    mnt/
  `;
  const values = new Map<Slot, Component>([
    ['fs:root', root],
    ['ns:host', { kind: 'ns', root: 'root', mounts: new Map([['root', MOUNT]]) }],
    ...['boot', ...tasks].map((id): [Slot, Component] => [`task:${id}`, ROOT_TASK]),
  ]);
  const bare = new World({ fs: ['root', 'boot.0'], ns: ['host'], tasks: ['boot', ...tasks] }, values);
  return runAlone(bare, { name: 'boot', program: start(booter) }).world;
}

function* reader(path: string): Program<Next> {
  yield* at('reads', { op: 'read', path });
  return become(reader, path);
}

function* readOnce(path: string): Program {
  yield* at('reads', { op: 'read', path });
}

/** Reads again only what it knows. */
function* readTwice(path: string, known: string): Program {
  const first = yield* at('reads', { op: 'read', path });
  if ('ok' in first && first.ok === known) yield* at('reads again', { op: 'read', path });
}

/** Replaces the file of the lower layer by another one. */
function* replacer(path: string): Program {
  yield* at('writes', { op: 'write', path: `${path}+`, data: 'new' });
  yield* at('renames', { op: 'rename', from: `${path}+`, to: path });
}

/** Nobody reads this at the step of this name. */
const never = (name: string, data: string): LinuxProperty => ({
  name: 'never',
  kind: 'always',
  over: 'step',
  witnesses: [],
  check: (_before: Moment, step: Step) =>
    step.at === name && 'ok' in step.result && step.result.ok === data ? [{ subject: data, detail: name }] : [],
});

describe('a search over edits behind a live overlay', () => {
  const admin = { name: 'admin', program: start(replacer, '/l1/f') };

  it.each<[what: string, verdict: string, program: Next, property: LinuxProperty]>([
    ['who looks for the first time finds the new file', 'violated', start(readOnce, '/mnt/f'), never('reads', 'new')],
    ['who has looked may find it', 'undefined', start(readTwice, '/mnt/f', 'old'), never('reads again', 'new')],
    [
      'who has looked and found the new one',
      'violated',
      start(readTwice, '/mnt/f', 'new'),
      never('reads again', 'new'),
    ],
    ['other files are as ever', 'holds', start(readTwice, '/mnt/a', 'a'), never('reads again', 'new')],
  ])('%s: %s', (_, verdict, program, property) => {
    const processes = [admin, { name: 'user', program }];
    const { properties } = linux({ world: world('admin', 'user'), processes }).check([property]);
    expect(properties[0]?.verdict).toBe(verdict);
  });

  it('tells the old file from the new one by the order of lookups', () => {
    const processes = [admin, { name: 'user', program: start(readTwice, '/mnt/f', 'old') }];
    const { properties } = linux({ world: world('admin', 'user'), processes }).check([never('reads again', 'new')]);
    const steps = properties[0]?.trace?.steps ?? [];
    expect(steps.map(({ label }) => label.at)).toEqual(['writes', 'reads', 'renames', 'reads again']);
    expect(steps.at(-1)?.undefined).toContain('"/f" was changed in a layer below the live overlay boot.0');
  });

  it('remembers lookups only of what is edited, however many others look', () => {
    const names = ['r1', 'r2', 'r3'];
    const readers = names.map((name, index) => ({
      name,
      program: start(reader, `/mnt/${['a', 'b', 'c'][index]}`),
    }));
    const states = (processes: Parameters<typeof linux>[0]['processes']): number =>
      linux({ world: world('admin', ...names), processes }).check([]).stats.states;
    expect(states(readers)).toBe(1);
    expect(states([admin, ...readers])).toBe(states([admin]));
    expect(states([admin, { name: 'r1', program: start(reader, '/mnt/f') }])).toBeGreaterThan(states([admin]));
  });

  it('comes to the same when it is repeated', () => {
    const processes = [admin, { name: 'user', program: start(readTwice, '/mnt/f', 'old') }];
    const model = linux({ world: world('admin', 'user'), processes });
    expect(model.check([]).stats.states).toBe(model.check([]).stats.states);
  });
});
