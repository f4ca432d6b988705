import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/kernel/calls.ts';
import { type Errno, failed } from '../../src/kernel/types.ts';
import { Bench, canonical, mountOf } from './bench.ts';

const DISK = `
  d/
    e/
    f "f"
  f "abcdef"
  g "g" 0600
  home/ 1000:1000
    own "o" 04755 1000:1000
  link -> f
  mnt/
  sgid/ 02777 0:7
  t/ 01777
    root "r" 0666
`;

type Case = readonly [errno: Errno | 'ok', call: Call, task?: string];
const write = (path: string, data = 'x'): Call => ({ op: 'write', path, data });
const rename = (from: string, to: string): Call => ({ op: 'rename', from, to });
const title = ([errno, { op, ...rest }, task]: Case): string =>
  `${errno}: ${task === undefined ? '' : `${task} `}${op} ${Object.values(rest).join(' ')}`;

describe('the order of errors is the kernel’s', () => {
  const cases: readonly Case[] = [
    ['EEXIST', { op: 'mkdir', path: '/d', mode: 0o755 }],
    ['EEXIST', { op: 'mkdir', path: '/', mode: 0o755 }],
    ['EEXIST', { op: 'mkdir', path: '/d/..', mode: 0o755 }],
    ['ENOENT', { op: 'symlink', target: 'x', path: '/new/' }],
    ['ENOENT', { op: 'symlink', target: '', path: '/new' }],
    ['ok', { op: 'mkdir', path: '/new/', mode: 0o755 }],
    ['ENAMETOOLONG', { op: 'mkdir', path: `/${'x'.repeat(256)}`, mode: 0o755 }],
    ['ENAMETOOLONG', { op: 'unlink', path: `/${'x'.repeat(256)}` }],
    ['ENAMETOOLONG', rename(`/${'é'.repeat(128)}`, '/x')],
    ['ENAMETOOLONG', write(`/${'x'.repeat(256)}`)],
    ['ENAMETOOLONG', { op: 'symlink', target: 'x'.repeat(4096), path: '/new' }],
    ['ENOTEMPTY', { op: 'rmdir', path: '/d' }],
    ['ENOTEMPTY', { op: 'rmdir', path: '/d/..' }],
    ['EINVAL', { op: 'rmdir', path: '/d/.' }],
    ['EBUSY', { op: 'rmdir', path: '/' }],
    ['ENOTDIR', { op: 'rmdir', path: '/f' }],
    ['EISDIR', { op: 'unlink', path: '/d' }],
    ['ENOTDIR', { op: 'unlink', path: '/f/' }],
    ['ENOENT', { op: 'unlink', path: '/no' }],
    ['ENOENT', rename('/no', '/x')],
    ['EISDIR', rename('/f', '/d')],
    ['ENOTDIR', rename('/d', '/f')],
    ['EINVAL', rename('/d', '/d/e/x')],
    ['ENOTEMPTY', rename('/d/e', '/d')],
    ['ENOTEMPTY', rename('/home', '/d')],
    ['EBUSY', rename('/d/.', '/x')],
    ['ENOTDIR', rename('/f', '/x/')],
    ['ok', rename('/f', '/f')],
    ['EPERM', { op: 'link', from: '/d', to: '/x' }],
    ['EEXIST', { op: 'link', from: '/f', to: '/g' }],
    ['ENOENT', { op: 'link', from: '/no', to: '/g' }],
    ['ENAMETOOLONG', { op: 'link', from: '/f', to: `/${'x'.repeat(256)}` }],
    ['EISDIR', write('/d')],
    ['EISDIR', write('/new/')],
    ['EISDIR', { op: 'write', path: '/d/', data: '', flags: ['O_WRONLY', 'O_CREAT', 'O_EXCL'] }],
    ['EEXIST', { op: 'write', path: '/d/./', data: '', flags: ['O_WRONLY', 'O_CREAT', 'O_EXCL'] }],
    ['EISDIR', { op: 'truncate', path: '/d', size: 0 }],
    ['EINVAL', { op: 'readlink', path: '/f' }],
    ['ENOTDIR', { op: 'readdir', path: '/f' }],
    ['EACCES', { op: 'exec', path: '/f' }],
    ['ENODATA', { op: 'getxattr', path: '/f', name: 'user.no' }],
    ['EOPNOTSUPP', { op: 'setxattr', path: '/f', name: 'bogus', value: '' }],
    ['EBADF', { op: 'fdread', fd: 'never' }],
  ];
  it.each(cases.map((one) => [title(one), one] as const))('%s', (_, [errno, call, task]) => {
    expect(new Bench(DISK).errno(call, task)).toBe(errno);
  });
});

describe('a user who is not root', () => {
  const cases: readonly Case[] = [
    ['EACCES', write('/new'), 'user'],
    ['EACCES', write('/f'), 'user'],
    ['EACCES', { op: 'read', path: '/g' }, 'user'],
    ['ok', write('/home/new'), 'user'],
    ['EPERM', { op: 'chmod', path: '/f', mode: 0o777 }, 'user'],
    ['EPERM', { op: 'lchown', path: '/home/own', uid: 5, gid: 5 }, 'user'],
    ['EPERM', { op: 'unlink', path: '/t/root' }, 'user'],
    ['EPERM', rename('/t/root', '/t/x'), 'user'],
    ['ok', write('/t/root'), 'user'],
    ['EPERM', { op: 'mknod', path: '/home/tty', type: 'chr', mode: 0o600, rdev: [5, 1] }, 'user'],
    ['EPERM', { op: 'link', from: '/f', to: '/home/f' }, 'user'],
    ['EPERM', { op: 'setxattr', path: '/home/own', name: 'trusted.x', value: '' }, 'user'],
    ['EPERM', { op: 'utimes', path: '/t/root', mtime: 5 }, 'user'],
    ['EACCES', { op: 'rmdir', path: '/d/e' }, 'user'],
  ];
  it.each(cases.map((one) => [title(one), one] as const))('%s', (_, [errno, call, task]) => {
    expect(new Bench(DISK).errno(call, task)).toBe(errno);
  });

  it('loses the set-user-id bit of a file by writing to it, root does not', () => {
    const bench = new Bench(DISK);
    bench.call(write('/home/own'));
    expect(bench.call({ op: 'stat', path: '/home/own' })).toMatchObject({ ok: { mode: 0o4755 } });
    bench.call(write('/home/own'), 'user');
    expect(bench.call({ op: 'stat', path: '/home/own' })).toMatchObject({ ok: { mode: 0o755 } });
  });

  it('creates in a set-group-id directory for its group', () => {
    const bench = new Bench(DISK);
    bench.call({ op: 'mkdir', path: '/sgid/d', mode: 0o755 }, 'user');
    bench.call(write('/sgid/f'), 'user');
    expect(bench.drawn('/sgid')).toBe(canonical('/ 02777 0:7\nd/ 02755 1000:7\nf "x" 0666 1000:7'));
  });
});

describe('open', () => {
  const open = (...flags: (Call & { op: 'open' })['flags']): Call => ({ op: 'open', path: '/link', flags, fd: 'x' });
  it.each<[Errno | 'ok', Call]>([
    ['EEXIST', open('O_WRONLY', 'O_CREAT', 'O_EXCL')],
    ['ELOOP', open('O_RDONLY', 'O_NOFOLLOW')],
    ['ok', open('O_PATH', 'O_NOFOLLOW')],
    ['ENOTDIR', open('O_RDONLY', 'O_DIRECTORY')],
    ['EINVAL', open('O_RDWR', 'O_CREAT', 'O_DIRECTORY')],
    ['ok', open('O_RDWR', 'O_CREAT')],
    ['EINVAL', { op: 'open', path: '/d', flags: ['O_TMPFILE', 'O_RDONLY'], fd: 'x' }],
  ])('%s: %j', (errno, call) => {
    expect(new Bench(DISK).errno(call)).toBe(errno);
  });

  it('with O_CREAT makes the target of a dangling symlink', () => {
    const bench = new Bench('d/\nl -> d/new').run(write('/l'));
    expect(bench.drawn('/d')).toBe('new "x" 0666');
  });

  it('writes go on where the last one ended, or at the end with O_APPEND', () => {
    const bench = new Bench(DISK).run(
      { op: 'open', path: '/f', flags: ['O_RDWR'], fd: 'rw' },
      { op: 'open', path: '/f', flags: ['O_WRONLY', 'O_APPEND'], fd: 'a' },
      { op: 'fdwrite', fd: 'rw', data: 'AB' },
      { op: 'fdwrite', fd: 'a', data: '!' },
      { op: 'fdwrite', fd: 'rw', data: 'C' },
    );
    expect(bench.call({ op: 'fdread', fd: 'rw' })).toEqual({ ok: 'ABCdef!' });
    expect(bench.errno({ op: 'fdread', fd: 'a' })).toBe('EBADF');
  });

  it('an unlinked file can be read and written until it is closed, then everything is as if it had never been', () => {
    const bench = new Bench(DISK).run(
      { op: 'open', path: '/f', flags: ['O_RDWR', 'O_APPEND'], fd: 'x' },
      { op: 'unlink', path: '/f' },
      { op: 'fdwrite', fd: 'x', data: '!' },
    );
    expect(bench.call({ op: 'fdread', fd: 'x' })).toEqual({ ok: 'abcdef!' });
    expect(bench.call({ op: 'fdstat', fd: 'x' })).toMatchObject({ ok: { nlink: 0, size: 7 } });
    bench.run({ op: 'fdclose', fd: 'x' });
    expect(bench.plain()).toEqual(new Bench(DISK).run({ op: 'unlink', path: '/f' }).plain());
  });

  it('a file made with O_TMPFILE has no name', () => {
    const bench = new Bench('d/').run(
      { op: 'open', path: '/d', flags: ['O_TMPFILE', 'O_RDWR'], fd: 'x' },
      { op: 'fdwrite', fd: 'x', data: 'tmp' },
    );
    expect(bench.call({ op: 'fdread', fd: 'x' })).toEqual({ ok: 'tmp' });
    expect(bench.drawn()).toBe('d/');
  });
});

describe('calls that stand for several', () => {
  it('mkdirAll makes what is missing', () => {
    const bench = new Bench('a/').run({ op: 'mkdirAll', path: '/a/b/c', mode: 0o700 });
    expect(bench.drawn()).toBe(canonical('a/\n  b/ 0700\n    c/ 0700'));
    expect(bench.errno({ op: 'mkdirAll', path: '/a/b/c', mode: 0o700 })).toBe('ok');
  });

  it('mkdirAll stops at what is no directory', () => {
    expect(new Bench('f "x"').errno({ op: 'mkdirAll', path: '/f/a', mode: 0o700 })).toBe('ENOTDIR');
    expect(new Bench('f "x"').errno({ op: 'mkdirAll', path: '/f', mode: 0o700 })).toBe('EEXIST');
  });

  it('removeTree does not follow symlinks, and does not mind what is missing', () => {
    const bench = new Bench('a/\n  l -> ../b\n  d/\n    f "x"\nb/\n  f "x"').run({ op: 'removeTree', path: '/a' });
    expect(bench.drawn()).toBe(canonical('b/\n  f "x"'));
    expect(bench.errno({ op: 'removeTree', path: '/a' })).toBe('ok');
  });

  it('a write can store which device is mounted somewhere', () => {
    const bench = new Bench(DISK, { mounts: { m: mountOf('other', { parent: 'root', at: '/mnt' }) } });
    bench.run({ op: 'write', path: '/f', data: { deviceOf: '/mnt' } });
    expect(bench.call({ op: 'read', path: '/f' })).toEqual({ ok: 'device other' });
  });
});

describe('mounts', () => {
  const on = (flags: readonly ('ro' | 'noexec' | 'nodev')[], at = '/mnt', root = ''): Bench =>
    new Bench(DISK, { mounts: { m: mountOf('disk', { parent: 'root', at, root, flags }) } });

  it.each<[Errno | 'ok', Call]>([
    ['EROFS', write('/mnt/new')],
    ['EEXIST', { op: 'mkdir', path: '/mnt/d', mode: 0o755 }],
    ['EROFS', { op: 'mkdir', path: '/mnt/new', mode: 0o755 }],
    ['EROFS', { op: 'unlink', path: '/mnt/no' }],
    ['EROFS', { op: 'unlink', path: '/mnt/d' }],
    ['EROFS', rename('/mnt/no', '/mnt/x')],
    ['EROFS', { op: 'chmod', path: '/mnt/f', mode: 0o600 }],
    ['EROFS', { op: 'open', path: '/mnt/f', flags: ['O_WRONLY'], fd: 'x' }],
    ['EROFS', { op: 'open', path: '/mnt/f', flags: ['O_RDONLY', 'O_TRUNC'], fd: 'x' }],
    ['ok', { op: 'open', path: '/mnt/f', flags: ['O_RDONLY', 'O_CREAT'], fd: 'x' }],
    ['ok', write('/f')],
  ])('read-only: %s %j', (errno, call) => {
    expect(on(['ro']).errno(call)).toBe(errno);
  });

  it('noexec forbids executing', () => {
    expect(on(['noexec']).errno({ op: 'exec', path: '/mnt/home/own' })).toBe('EACCES');
    expect(on([]).errno({ op: 'exec', path: '/mnt/home/own' })).toBe('ok');
  });

  it('rename and link do not cross mounts, even of one file system', () => {
    expect(on([]).errno(rename('/f', '/mnt/x'))).toBe('EXDEV');
    expect(on([]).errno({ op: 'link', from: '/f', to: '/mnt/x' })).toBe('EXDEV');
  });

  it('a mount point is busy for the namespace that has it', () => {
    expect(on([], '/d/e').errno({ op: 'rmdir', path: '/d/e' })).toBe('EBUSY');
    expect(on([], '/d/e').errno(rename('/d/e', '/x'))).toBe('EBUSY');
    expect(on([], '/d/f', '/f').errno({ op: 'unlink', path: '/d/f' })).toBe('EBUSY');
    expect(on([], '/d/f', '/f').errno({ op: 'rmdir', path: '/d/f' })).toBe('ENOTDIR');
  });

  it('is detached from where another namespace has it, when its mount point goes', () => {
    const bench = on([], '/d/e');
    const here = bench.world.get('ns:main');
    if (here?.kind !== 'ns') throw new Error('the test world has its namespace');
    const other = bench.world.get('task:user');
    if (other?.kind !== 'task') throw new Error('the test world has its user');
    const alone = { ...here, mounts: new Map([['root', mountOf('disk')]]) };
    bench.world = bench.world.with([
      ['ns:second', alone],
      ['task:user', { ...other, ns: 'second', uid: 0 }],
    ]);
    expect(bench.errno({ op: 'rmdir', path: '/d/e' }, 'user')).toBe('ok');
    expect(bench.world.get('ns:main')).toMatchObject({ mounts: new Map([['root', mountOf('disk')]]) });
  });

  it('follow their mount points through a rename of a directory above', () => {
    const bench = on([], '/d/e', '/home').run(rename('/d', '/x'));
    expect(bench.call({ op: 'read', path: '/x/e/own' })).toEqual({ ok: 'o' });
    bench.run(rename('/home', '/house'));
    expect(bench.call({ op: 'read', path: '/x/e/own' })).toEqual({ ok: 'o' });
  });
});

it('a call that fails changes nothing', () => {
  const bench = new Bench(DISK);
  const result = bench.call(rename('/home', '/d'));
  expect(failed(result)).toBe(true);
  expect(bench.last?.writes).toEqual([]);
});

it('nobody answers at a whiteout that is looked at directly', () => {
  const bench = new Bench('w whiteout');
  expect(bench.call(write('/w'))).toEqual({ err: 'ENXIO' });
  expect(bench.call({ op: 'read', path: '/w' })).toEqual({ err: 'ENXIO' });
});
