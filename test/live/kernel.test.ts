import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { tree } from '../../src/kernel/notation.ts';
import { command, line, treeLines } from '../../src/live/lines.ts';
import { startedKernel } from './start.ts';

const { kernel, why } = await startedKernel();
afterAll(() => kernel?.stop());
const task = { task: 't', uid: 0, gid: 0 };

describe.skipIf(kernel === null)(`a world of the executor${why}`, () => {
  const run = async (...lines: readonly string[]) => (await kernel?.run(lines)) ?? [];

  it('begins empty, and knows nothing of the one before', async () => {
    const readdir = line('world', { op: 'readdir', path: '/' });
    const [, before] = await run(line('world', { op: 'mkdir', path: '/a', mode: 0o755 }), readdir);
    expect(before).toEqual({ ok: [['a', 'dir']] });
    expect(await run(readdir)).toEqual([{ ok: [] }]);
  });

  it('has one mount, and the machine cannot be reached from it', async () => {
    const [mounts, up] = await run(command(task, 'mountinfo'), line(task, { op: 'readdir', path: '/../..' }));
    expect(mounts).toMatchObject({ ok: expect.stringMatching(/^\S+ \S+ \S+ \/ \/ .* tmpfs base \S+\n$/) });
    expect(up).toEqual({ ok: [] });
  });

  it('takes names and contents of every kind', async () => {
    const odd = 'a b%"\\\n\té\u{1f600}';
    const fs = tree`
      d/ 0750 5:6 @9
        f "x" 0640 7:8 @3 user.k="v w"
        g = /d/f
      l -> ${JSON.stringify(odd)}`;
    const [list] = (await run(...treeLines(fs, ''), command('world', 'list', '/', 1))).slice(-1);
    expect(list).toMatchObject({
      ok: [
        { path: '/' },
        { path: '/d', type: 'dir', mode: 0o750, uid: 5, gid: 6 },
        {
          path: '/d/f',
          type: 'file',
          mode: 0o640,
          uid: 7,
          gid: 8,
          nlink: 2,
          content: 'x',
          xattrs: { 'user.k': 'v w' },
        },
        { path: '/d/g', type: 'file', nlink: 2 },
        { path: '/l', type: 'symlink', target: odd },
      ],
    });
  });

  it('tells of a call on a descriptor that is not open, and of a line that it does not know', async () => {
    const answers = await run(line(task, { op: 'fdread', fd: 'x' }), command(task, 'dance'));
    expect(answers).toEqual([{ err: 'EBADF' }, { err: 'no call dance' }]);
  });

  it('has tasks with directories and descriptors of their own, and ends when they do', async () => {
    const other = { ...task, task: 'u' };
    const answers = await run(
      line('world', { op: 'mkdirAll', path: '/a/b', mode: 0o755 }),
      line(task, { op: 'chdir', path: '/a' }),
      line(other, { op: 'open', path: '/a', flags: ['O_RDONLY'], fd: 'h' }),
      line(task, { op: 'readdir', path: '.' }),
      line(other, { op: 'readdir', path: '.' }),
      line(task, { op: 'fdreaddir', fd: 'h' }),
      line(other, { op: 'fdreaddir', fd: 'h' }),
    );
    const inA = { ok: [['b', 'dir']] };
    expect(answers.slice(3)).toEqual([inA, { ok: [['a', 'dir']] }, { err: 'EBADF' }, inA]);
    expect(await run(line('world', { op: 'readdir', path: '/' }))).toEqual([{ ok: [] }]);
  });

  it('goes on from descriptors in paths, and comes back', async () => {
    const answers = await run(
      line('world', { op: 'mkdirAll', path: '/a/b', mode: 0o755 }),
      line(task, { op: 'chdir', path: '/a/b' }),
      line(task, { op: 'open', path: '/a', flags: ['O_PATH'], fd: 'h' }),
      line(task, { op: 'mkdir', path: '/proc/self/fd/h/c', mode: 0o755 }),
      line(task, { op: 'rename', from: '/proc/self/fd/h/c', to: 'd' }),
      line(task, { op: 'readdir', path: '.' }),
      line(task, { op: 'chdir', path: '/proc/self/fd/h' }),
      line(task, { op: 'readdir', path: '.' }),
    );
    const done = { ok: null };
    expect(answers.slice(3)).toEqual([done, done, { ok: [['d', 'dir']] }, done, { ok: [['b', 'dir']] }]);
  });

  it('tells as whom a program runs', async () => {
    const [, made, ...answers] = await run(
      command('world', 'make', 'file', '/x', 0o6755, 7, 5, 0, ''),
      command(task, 'program', '/x'),
      line(task, { op: 'exec', path: '/x' }),
      line({ ...task, uid: 1000, gid: 1001 }, { op: 'exec', path: '/x' }),
      line(task, { op: 'chmod', path: '/x', mode: 0o755 }),
      line({ ...task, uid: 1000, gid: 1001 }, { op: 'exec', path: '/x' }),
      line(task, { op: 'exec', path: '/' }),
    );
    if (made !== undefined && 'err' in made) return;
    expect(answers).toEqual([
      { ok: { uid: 7, gid: 5 } },
      { ok: { uid: 7, gid: 5 } },
      { ok: null },
      { ok: { uid: 1000, gid: 1001 } },
      { err: 'EACCES' },
    ]);
  });

  it('leaves no process, no mount and no file behind when whoever started it is killed', {
    timeout: 30_000,
  }, async () => {
    const mark = `OVERLAYCHECK_MARK=${process.pid}`;
    // A place of its own: other tests have temporary files as well.
    const place = mkdtempSync(join(tmpdir(), 'killed-'));
    const script = `import { Kernel } from './src/live/kernel.ts';
      const kernel = await Kernel.start();
      void kernel.run(['! mount-tmpfs / % mode=755', ...Array.from({ length: 2_000_000 }, () => 't 0:0 lstat /')]);
      console.log('running');`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      env: { ...process.env, OVERLAYCHECK_MARK: String(process.pid), TMPDIR: place },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    expect(marked(mark).length).toBeGreaterThan(1);
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await closed;
    for (let round = 0; marked(mark).length > 0 && round < 200; round++) await new Promise((go) => setTimeout(go, 20));
    expect(marked(mark)).toEqual([]);
    // The loader of the test's own TypeScript keeps a cache there.
    expect(readdirSync(place).filter((name) => name.startsWith('overlaycheck-'))).toEqual([]);
    rmSync(place, { recursive: true });
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toMatch(/ tmpfs base /);
  });
});

/** The processes that were started with a variable of the environment. */
function marked(variable: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || pid === String(process.pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(variable);
    } catch {
      return false;
    }
  });
}
