import { describe, expect, it } from 'vitest';
import { lookup } from '../../src/kernel/lookup.ts';
import { tree } from '../../src/kernel/notation.ts';
import { type Component, ok, type Slot } from '../../src/kernel/types.ts';
import { type Read, World } from '../../src/kernel/world.ts';
import {
  at,
  become,
  type LinuxProperty,
  linux,
  type Moment,
  monitor,
  type Program,
  type Questions,
  runAlone,
  type Step,
  start,
} from '../../src/program/linux.ts';
import { ROOT_TASK } from '../kernel/mountscript.ts';

/** One file system, one namespace, and a task and one free file system slot for each of these. */
function world(...tasks: readonly string[]): World {
  const root = tree`
    etc/
      app.conf "v1"
    tmp/
  `;
  const mount = {
    fs: 'root',
    root: '',
    parent: null,
    at: '',
    flags: [],
    shared: null,
    master: null,
    unbindable: false,
  };
  const values = new Map<Slot, Component>([
    ['fs:root', root],
    ['ns:host', { kind: 'ns', root: 'root', mounts: new Map([['root', mount]]) }],
    ...tasks.map((id): [Slot, Component] => [`task:${id}`, ROOT_TASK]),
  ]);
  return new World({ fs: ['root', ...tasks.map((id) => `${id}.0`)], ns: ['host'], tasks }, values);
}

const content = (read: Read, path: string): string | undefined => {
  const inode = lookup(read, 'root', path);
  return inode?.type === 'file' ? inode.content : undefined;
};

function* reader(path: string): Program {
  yield* at('reads', { op: 'read', path });
  return become(reader, path);
}
/** Not through a temporary name: for a moment the file is not there. */
function* replacer(path: string, text: string): Program {
  yield* at('removes', { op: 'unlink', path });
  yield* at('writes', { op: 'write', path, data: text });
}
function* part(): Program<number> {
  const listed = yield* at('lists', { op: 'readdir', path: '/etc' });
  return 'ok' in listed && Array.isArray(listed.ok) ? listed.ok.length : 0;
}
function* counter(): Program {
  const count = yield* at('a part', part());
  yield* at('notes', { op: 'write', path: '/tmp/count', data: String(count) });
}
function* asker(): Program {
  const found = yield* at('asks', { op: 'ask', question: 'content', args: ['/etc/app.conf'] });
  yield* at('writes', { op: 'write', path: '/tmp/answer', data: 'ok' in found ? String(found.ok) : found.err });
  const there = yield* at('asks', { op: 'ask', question: 'is there', args: ['/etc/none'] });
  yield* at('writes', { op: 'write', path: '/tmp/there', data: JSON.stringify(there) });
}
function* overflower(): Program {
  yield* at('mounts', { op: 'mount-tmpfs', path: '/tmp' });
  yield* at('mounts', { op: 'mount-tmpfs', path: '/etc' });
}

const questions: Questions = {
  content: (read, _task, [path]) => content(read, String(path)) ?? null,
  'is there': (read, _task, [path]) => (lookup(read, 'root', String(path)) ? ok(true) : { err: 'ENOENT' }),
};

const present: LinuxProperty = {
  name: 'present',
  kind: 'always',
  over: 'step',
  witnesses: [],
  check: (_before: Moment, { call, result }: Step) =>
    call.op === 'read' && 'err' in result ? [{ subject: call.path, detail: result.err }] : [],
  damaged: (now, subject) => content(now.world, subject) === undefined,
};

describe('programs on Linux', () => {
  const processes = [
    { name: 'reader', program: start(reader, '/etc/app.conf') },
    { name: 'admin', program: start(replacer, '/etc/app.conf', 'v2') },
  ];

  it('interleave call by call, and the checker finds the gap', () => {
    const { properties, stats } = linux({ world: world('reader', 'admin'), processes }).check([present]);
    expect(stats.states).toBe(3);
    const [subject] = properties[0]?.subjects ?? [];
    expect(subject).toMatchObject({ subject: '/etc/app.conf', detail: 'ENOENT', damage: 'transient' });
    expect(subject?.trace.steps.map(({ label }) => `${label.process} ${label.at}`)).toEqual([
      'admin removes',
      'reader reads',
    ]);
  });

  it('leave permanent damage when they are killed at the wrong moment', () => {
    const killable = processes.map((process) => ({ ...process, kill: process.name === 'admin' }));
    const { properties } = linux({ world: world('reader', 'admin'), processes: killable }).check([present]);
    expect(properties[0]).toMatchObject({ verdict: 'violated', damage: 'permanent' });
    expect(properties[0]?.trace?.steps.at(-1)).toMatchObject({ action: 'kill admin', label: { call: { op: 'exit' } } });
  });

  it('let their task and what it held go when they end', () => {
    const gone: LinuxProperty = {
      name: 'gone',
      kind: 'sometimes',
      over: 'state',
      check: ({ world, over }) => over('admin') && world.get('task:admin') === null,
    };
    expect(linux({ world: world('reader', 'admin'), processes }).check([gone]).properties[0]?.verdict).toBe('holds');
  });

  it('need a task in the world', () => {
    expect(() => linux({ world: world('reader'), processes })).toThrow('the process admin has no task in the world');
  });

  it('make the search incomplete when they have no slot left', () => {
    const { incomplete } = linux({
      world: world('m'),
      processes: [{ name: 'm', program: start(overflower) }],
    }).check([]);
    expect(incomplete).toEqual(['m has no free file system slot']);
  });

  it('can be watched by a monitor', () => {
    const writes = monitor<readonly string[]>('writes', [], (past, _before, { call }) =>
      call.op === 'write' ? [...past, call.path] : past,
    );
    const seen: LinuxProperty = {
      name: 'seen',
      kind: 'sometimes',
      over: 'state',
      check: (now) => now.recall(writes).join() === '/etc/app.conf',
    };
    const report = linux({ world: world('reader', 'admin'), processes, monitors: [writes] }).check([seen]);
    expect(report.properties[0]?.verdict).toBe('holds');
  });
});

describe('a program alone', () => {
  it('runs to its end', () => {
    const { world: after, steps } = runAlone(world('admin'), {
      name: 'admin',
      program: start(replacer, '/etc/app.conf', 'v2'),
    });
    expect(content(after, '/etc/app.conf')).toBe('v2');
    expect(steps.map(({ at, next }) => `${at} ${next}`)).toEqual(['removes on', 'writes end']);
    expect(after.get('task:admin')).toBeNull();
  });

  it('stops where it begins anew', () => {
    const { steps } = runAlone(world('reader'), { name: 'reader', program: start(reader, '/etc/app.conf') });
    expect(steps).toMatchObject([{ result: { ok: 'v1' }, next: 'again' }]);
  });

  it('gives names to steps, those of its parts included', () => {
    const { world: after, steps } = runAlone(world('c'), { name: 'c', program: start(counter) });
    expect(content(after, '/tmp/count')).toBe('1');
    expect(steps.map((step) => step.at)).toEqual(['lists', 'notes']);
  });

  it('asks questions in one step', () => {
    const { world: after, steps } = runAlone(world('a'), { name: 'a', program: start(asker) }, questions);
    expect(content(after, '/tmp/answer')).toBe('v1');
    expect(content(after, '/tmp/there')).toBe('{"err":"ENOENT"}');
    expect(steps).toHaveLength(4);
  });

  it('cannot ask what nobody answers', () => {
    const alone = () => runAlone(world('a'), { name: 'a', program: start(asker) });
    expect(alone).toThrow('nobody answers the question content');
  });
});
