import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { conformFiles } from '../../src/conform/conform.ts';

const suite = process.env['OVERLAYCHECK_UNIONMOUNT'];
const why = suite === undefined ? ' (skipped: OVERLAYCHECK_UNIONMOUNT names no directory of traces)' : '';

describe('traces of the unionmount test suite', () => {
  it.skipIf(suite === undefined)(`all pass${why}`, { timeout: 60_000 }, () => {
    const { lines, passed } = conformFiles([suite ?? '']);
    expect(lines).toEqual([`${passed} passed, 0 failed`]);
    expect(passed).toBeGreaterThan(0);
  });
});

const made: string[] = [];
afterEach(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true });
});

const LAYERS = {
  overlay: true,
  options: 'redirect_dir=off',
  lower: [
    { path: '/', type: 'dir', mode: 0o777, uid: 0, gid: 0 },
    { path: '/d', type: 'dir', mode: 0o755, uid: 0, gid: 0 },
    { path: '/d/a', type: 'file', mode: 0o600, uid: 0, gid: 0, content: 'lower' },
    { path: '/l', type: 'symlink', mode: 0o777, uid: 0, gid: 0, target: 'd/a' },
  ],
};

/** Plays subtests, each a list of events, from a directory as the suite's recorder makes it. */
function play(subtests: readonly (readonly object[])[], layers: object = LAYERS) {
  const directory = mkdtempSync(join(tmpdir(), 'traces-'));
  made.push(directory);
  writeFileSync(join(directory, 'LAYERS.json'), JSON.stringify(layers));
  const trace = { test: 'own', subtests: subtests.map((events, line) => ({ subtest: `s${line}`, line, events })) };
  writeFileSync(join(directory, '000-own.json'), JSON.stringify(trace));
  const { verdicts, lines } = conformFiles([directory]);
  const prefix = `${basename(directory)}/000-own/`;
  return { outcomes: verdicts.map(({ outcome }) => outcome), lines: lines.map((line) => line.replace(prefix, '')) };
}

const file = { type: 'file', mode: 0o600 };

describe('a trace is played as one process on one mount', () => {
  it.each<[string, readonly object[]]>([
    [
      'writes through the last opened descriptor, reads from the start',
      [
        { sys: 'open', path: '/d/a', flags: 'O_RDWR', mode: 0 },
        { sys: 'open', path: '/d/b', flags: 'O_WRONLY|O_CREAT', mode: 0o600 },
        { sys: 'write', data: 'bb', ok: 2 },
        { sys: 'fstat', ok: { ...file, size: 2 } },
        { sys: 'close' },
        { sys: 'write', data: 'L', ok: 1 },
        { sys: 'read', count: 3, ok: 'Low' },
        { sys: 'close' },
        { sys: 'lstat', path: '/d/a', ok: { ...file, size: 5 } },
      ],
    ],
    [
      'as the user who was set, in the order in which ids change',
      [
        { sys: 'setegid', id: 1 },
        { sys: 'seteuid', id: 1 },
        { sys: 'open', path: '/d/a', flags: 'O_RDONLY', mode: 0, err: 'EACCES' },
        { sys: 'utime', path: '/d/a', follow: true, err: 'EACCES' },
        { sys: 'seteuid', id: 0 },
        { sys: 'setegid', id: 0 },
        { sys: 'open', path: '/d/a', flags: 'O_RDONLY', mode: 0 },
      ],
    ],
    [
      'follows the source of a link where the event says so',
      [
        { sys: 'link', from: '/l', to: '/d/file', follow: true },
        { sys: 'lstat', path: '/d/file', ok: { ...file, size: 5 } },
        { sys: 'link', from: '/l', to: '/d/symlink', follow: false },
        { sys: 'readlink', path: '/d/symlink', ok: 'd/a' },
      ],
    ],
    [
      'a rotation makes the upper the top lower, under a fresh upper with a file of its own',
      [
        { sys: 'mkdir', path: '/new', mode: 0o700 },
        { sys: 'rename', from: '/new', to: '/renamed' },
        { sys: 'remount', rotate: true },
        { sys: 'rename', from: '/renamed', to: '/new', err: 'EXDEV' },
        { sys: 'lstat', path: '/f', ok: { type: 'file', mode: 0o644, size: 4 } },
        { sys: 'unlink', path: '/d/a' },
        { sys: 'remount', rotate: false },
        { sys: 'lstat', path: '/d/a', err: 'ENOENT' },
      ],
    ],
  ])('%s', (_, events) => {
    expect(play([events]).lines).toEqual(['1 passed, 0 failed']);
  });

  it('a plain file system instead of an overlay renames its directories', () => {
    const events = [{ sys: 'rename', from: '/d', to: '/e' }];
    expect(play([events], { ...LAYERS, overlay: false }).lines).toEqual(['1 passed, 0 failed']);
    expect(play([[{ ...events[0], err: 'EXDEV' }]]).lines).toEqual(['1 passed, 0 failed']);
  });

  it('a followed link on a plain file system names the file, too', () => {
    const events = [
      { sys: 'link', from: '/l', to: '/d/file', follow: true },
      { sys: 'lstat', path: '/d/file', ok: { ...file, size: 5 } },
    ];
    expect(play([events], { ...LAYERS, overlay: false }).lines).toEqual(['1 passed, 0 failed']);
  });

  it('what follows a failed subtest counts as failed', () => {
    const good = [{ sys: 'lstat', path: '/d/a', ok: file }];
    const bad = [...good, { sys: 'unlink', path: '/d/a', err: 'EROFS' }];
    expect(play([good, bad, good])).toEqual({
      outcomes: ['pass', 'fail', 'fail'],
      lines: [
        'FAIL s1: events[1] {"sys":"unlink","path":"/d/a","err":"EROFS"}: the model gives success',
        'FAIL s2: follows the failed s1',
        '1 passed, 2 failed',
      ],
    });
  });

  it.each<[object, string]>([
    [{ sys: 'lstat', path: '/d/a', ok: { ...file, size: 4 } }, 'the model gives size 5'],
    [{ sys: 'lstat', path: '/d/a', ok: { ...file, mode: 0o644 } }, 'the model gives mode 0600'],
    [{ sys: 'readlink', path: '/l', ok: '/d/a' }, 'the model gives "d/a"'],
    [{ sys: 'rmdir', path: '/d' }, 'the model gives ENOTEMPTY'],
    [{ sys: 'rmdir', path: '/d', err: 'EBUSY' }, 'the model gives ENOTEMPTY'],
  ])('%j fails: %s', (event, difference) => {
    expect(play([[event]]).lines[0]).toBe(`FAIL s0: events[0] ${JSON.stringify(event)}: ${difference}`);
  });

  it('a configuration with a feature that is not modelled is skipped as a whole', () => {
    expect(play([[], []], { ...LAYERS, options: 'metacopy=on' })).toEqual({
      outcomes: ['skip', 'skip'],
      lines: [
        'SKIP s0: metacopy=on is not modelled',
        'SKIP s1: metacopy=on is not modelled',
        '0 passed, 0 failed, 2 skipped',
      ],
    });
  });
});

describe('what is no vector is refused', () => {
  it('a path with nothing, a directory without layers, a file of something else', () => {
    const directory = mkdtempSync(join(tmpdir(), 'traces-'));
    made.push(directory);
    const path = join(directory, 'x.json');
    expect(() => conformFiles([path])).toThrow(`${path}: found nothing, expected a file of vectors`);
    expect(() => conformFiles([directory])).toThrow(`${directory}: found no LAYERS.json, expected a directory of`);
    writeFileSync(path, '\n{"a": 1}\n');
    expect(() => conformFiles([path])).toThrow(
      `${path}:2: found {"a":1}, expected an overlay vector (layers, ops, results)`,
    );
    writeFileSync(path, '[{"name": "n", "hierarchies": ["/etc"], "steps": []}]');
    expect(() => conformFiles([path])).toThrow('found nothing as systemd, expected a string');
    writeFileSync(path, ' ');
    expect(() => conformFiles([path])).toThrow(`${path}:1: found no vector, expected at least one`);
    expect(() => play([[{ sys: 'chroot' }]])).toThrow(
      'found "chroot" as subtests[0].events[0].sys, expected a system call',
    );
  });
});
