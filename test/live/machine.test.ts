import { afterAll, describe, expect, it } from 'vitest';
import { Field } from '../../src/conform/json.ts';
import { command, line } from '../../src/live/lines.ts';
import { recordSystemd } from '../../src/live/systemd.ts';
import { startedSystemd } from './start.ts';

const { kernel, roots, why } = await startedSystemd();
afterAll(() => kernel?.stop());
const [root] = roots;

const CONFEXT = '/usr/bin/systemd-confext';
const run = async (...lines: readonly string[]) => (await kernel?.run(lines, root?.path)) ?? [];
const program = (...args: readonly string[]) =>
  command('world', 'run', '/', CONFEXT, 1, 'LANG=C', 'systemd-confext', ...args);

describe.skipIf(root === undefined)(`a machine of the executor with ${root?.path}${why}`, () => {
  it('has the directories and mounts of the format, and nothing of the machine outside', async () => {
    const [mounts, processes, run_, etc] = await run(
      command('world', 'mounts', '/'),
      line('world', { op: 'readdir', path: '/proc' }),
      line('world', { op: 'readdir', path: '/run' }),
      line('world', { op: 'readdir', path: '/etc' }),
    );
    const rows = new Field(mounts, 'mounts', 1).get('ok').array.map(({ array }) => array[0]?.string.split(' ') ?? []);
    const told = rows.map(
      (fields) => `${fields[4]} ${fields[6] === '-' ? 'private' : 'shared'} ${fields[5]?.slice(0, 2)}`,
    );
    expect(told.sort()).toEqual([
      '/ shared rw',
      '/dev private rw',
      '/proc shared rw',
      '/run shared rw',
      '/sys private ro',
      '/usr shared ro',
      '/usr/lib/os-release private ro',
    ]);
    const numbers = new Field(processes, 'processes', 1).get('ok').array.flatMap(({ array }) => array[0]?.string ?? []);
    expect(numbers.filter((name) => /^\d+$/.test(name))).toEqual(['1']);
    expect([run_, etc]).toEqual([{ ok: [] }, { ok: [] }]);
  });

  it('runs a program and gives what it wrote and how it ended', async () => {
    const [version, bad, missing] = await run(
      program('--version'),
      program('dance'),
      command('world', 'run', '/', '/usr/bin/none', 0, 'none'),
    );
    expect(version).toMatchObject({ ok: { exit: 0, stdout: expect.stringMatching(/^systemd \d+/), stderr: '' } });
    expect(bad).toMatchObject({ ok: { exit: 1, stdout: '', stderr: expect.stringContaining('dance') } });
    expect(missing).toEqual({ ok: { exit: 127, stdout: '', stderr: '' } });
  });

  it('makes several calls one op, and stops at the first error', async () => {
    const answers = await run(
      command('world', 'put', '/a/b', 'file', 'c/d', 0o600, 'x', 'symlink', 'l', 0, 'c', 'whiteout', 'w', 0, ''),
      command('world', 'put', '/a/b', 'file', 'e', 0o644, 'never'),
      command('world', 'place', '/a/b/c/d/e', 0o755),
      command('world', 'entries', '', '/a'),
      command('world', 'prune', '/a'),
      command('world', 'prune', '/a'),
    );
    const ids = { uid: 0, gid: 0 };
    const dir = { type: 'dir', mode: 0o755, ...ids };
    expect(answers).toEqual([
      { ok: null },
      { err: 'EEXIST' },
      { err: 'ENOTDIR' },
      {
        ok: [
          { path: '/a', ...dir },
          { path: '/a/b', ...dir },
          { path: '/a/b/c', ...dir },
          { path: '/a/b/c/d', type: 'file', mode: 0o600, ...ids, data: 'x' },
          { path: '/a/b/l', type: 'symlink', mode: 0o777, ...ids, target: 'c' },
          { path: '/a/b/w', type: 'chr', mode: 0, ...ids, rdev: '0:0' },
        ],
      },
      { ok: null },
      { err: 'ENOENT' },
    ]);
  });

  it('tells a merge as the format of vectors does', async () => {
    if (kernel === null || root === undefined) throw new Error('skipped without one');
    const draft = {
      name: 'one',
      kind: 'confext',
      hierarchies: ['/etc'],
      setup: [{ op: 'install', path: '/run/confexts/x', files: RELEASE }],
      steps: [
        { do: { op: 'confext', verb: 'merge', args: ['--mutable=ephemeral'] } },
        { do: { op: 'write', path: '/etc/new', data: 'n' } },
        { do: { op: 'write', path: '/run/confexts/x/etc/below', data: 'n' } },
        { do: { op: 'confext', verb: 'unmerge' } },
      ],
    };
    const vector = new Field(await recordSystemd(kernel, root, new Field(draft, 'draft', 1)), 'recorded', 1);
    const [merge, write, below, unmerge] = vector.get('steps').array.map(({ value }) => value);
    expect(merge).toMatchObject({
      result: { rc: 0, using: ['x'], merged: ['/etc'], class: 'merged' },
      after: {
        mounts: [
          { at: '/etc', type: 'overlay', ro: false, layers: ['upper:ephemeral', 'meta', 'ext:x'] },
          { at: '/etc/.systemd-confext', type: 'overlay', ro: true, root: '/.systemd-confext' },
        ],
      },
    });
    expect(write).toMatchObject({ result: 'ok', after: { view: expect.arrayContaining([NEW]) } });
    expect(below).toMatchObject({ after: { tainted: true } });
    expect(unmerge).toMatchObject({
      result: { class: 'unmerged' },
      after: { view: [{ path: '/etc', type: 'dir', mode: '0755' }], mounts: [], tainted: false },
    });
    expect(vector.get('features').value).toEqual(['tainted']);
  });
});

const RELEASE = { 'etc/extension-release.d/extension-release.x': 'ID=_any\n' };
const NEW = { path: '/etc/new', type: 'file', mode: '0644', data: 'n' };
