import { describe, expect, it } from 'vitest';
import { pathOf, resolve, resolveParent } from '../../src/kernel/path.ts';
import { failed } from '../../src/kernel/types.ts';
import { Bench, mountOf } from './bench.ts';

const DISK = `
  etc/
    app.conf "v1"
    abs -> /etc/app.conf
    dir -> ../usr
    loop -> loop
    slash -> app.conf/
    up -> ..
  locked/ 0700
    f "x"
  mnt/
  tmp/ 01777
  usr/
    bin/
      sh "sh" 0755
`;
const other = {
  mounts: {
    m: mountOf('other', { parent: 'root', at: '/mnt' }),
    bin: mountOf('disk', { parent: 'root', at: '/tmp', root: '/usr/bin' }),
    top: mountOf('other', { parent: 'm', at: '' }),
  },
};

/** Where a path leads: "mount:path in its file system", or the errno. */
function where(path: string, task = 't', bench = new Bench(DISK, other), follow = true): string {
  const place = resolve(bench.world, task, path, { follow });
  return failed(place) ? place.err : `${place.ok.mount}:${place.ok.path}`;
}

describe('a path leads', () => {
  it.each([
    ['to a file', '/etc/app.conf', 'root:/etc/app.conf'],
    ['to the root', '/', 'root:'],
    ['through repeated slashes and dots', '//etc/.//./app.conf', 'root:/etc/app.conf'],
    ['not above the root', '/../../etc', 'root:/etc'],
    ['from the root when it is relative and there is no working directory', 'etc', 'root:/etc'],
    ['through an absolute symlink', '/etc/abs', 'root:/etc/app.conf'],
    ['through a relative symlink in the middle', '/etc/dir/bin/sh', 'root:/usr/bin/sh'],
    ['up from where a symlink leads, not from where it is', '/etc/dir/..', 'root:'],
    ['into the topmost of stacked mounts', '/mnt', 'top:'],
    ['out of stacked mounts by ..', '/mnt/../etc', 'root:/etc'],
    ['into a bind mount of a directory', '/tmp/sh', 'bin:/usr/bin/sh'],
    ['out of a bind mount to its mount point, not to its source', '/tmp/../etc', 'root:/etc'],
  ])('%s', (_, path, place) => {
    expect(where(path)).toBe(place);
  });

  it.each([
    ['ENOENT', 'for a missing name', '/etc/no'],
    ['ENOENT', 'for the empty path', ''],
    ['ENOTDIR', 'through a file', '/etc/app.conf/x'],
    ['ENOTDIR', 'for a file with a slash', '/etc/app.conf/'],
    ['ENOTDIR', 'for a symlink whose target ends with a slash', '/etc/slash'],
    ['ELOOP', 'after forty symlinks', '/etc/loop'],
    ['ENAMETOOLONG', 'for a component of 256 bytes', `/etc/${'x'.repeat(256)}`],
    ['ENAMETOOLONG', 'for 4096 bytes', '/etc'.repeat(1024)],
  ])('nowhere: %s %s', (errno, _, path) => {
    expect(where(path)).toBe(errno);
  });

  it('to the symlink itself when it is not followed, unless a slash follows it', () => {
    expect(where('/etc/up', 't', new Bench(DISK), false)).toBe('root:/etc/up');
    expect(where('/etc/up/', 't', new Bench(DISK), false)).toBe('root:');
  });

  it('nowhere for users who may not search a directory: EACCES comes before ENOENT', () => {
    expect(where('/locked/f', 'user')).toBe('EACCES');
    expect(where('/locked/no', 'user')).toBe('EACCES');
    expect(where('/locked', 'user')).toBe('root:/locked');
  });

  it('from the working directory, which follows a rename', () => {
    const bench = new Bench(DISK).run({ op: 'chdir', path: '/usr/bin' }, { op: 'rename', from: '/usr', to: '/opt' });
    expect(where('sh', 't', bench)).toBe('root:/opt/bin/sh');
    expect(where('../..', 't', bench)).toBe('root:');
  });

  it('up from a removed working directory, and nowhere else', () => {
    const bench = new Bench('d/').run({ op: 'chdir', path: '/d' }, { op: 'rmdir', path: '/d' });
    expect(where('x', 't', bench)).toBe('ENOENT');
    expect(where('..', 't', bench)).toBe('root:');
    expect(bench.errno({ op: 'write', path: 'x', data: '' })).toBe('ENOENT');
    expect(bench.errno({ op: 'readdir', path: '.' })).toBe('ENOENT');
    bench.run({ op: 'chdir', path: '/' });
    expect(bench.plain().inodes.size).toBe(0);
  });
});

describe('a path from what is open', () => {
  const open = (path: string): Bench =>
    new Bench(DISK).run({ op: 'open', path, flags: ['O_PATH'], fd: 'h' }, { op: 'chdir', path: '/usr' });

  it('goes on from there, wherever the task stands', () => {
    const bench = open('/etc');
    expect(['', '/', '/..', '/../usr', '/missing'].map((rest) => where(`/proc/self/fd/h${rest}`, 't', bench))).toEqual(
      ['/etc', '/etc', '/', '/usr', '/missing'].map((path) => where(path, 't', bench)),
    );
  });

  it('is like every other where nothing is open by that name', () => {
    expect(where('/proc/self/fd/g', 't', open('/etc'))).toBe('ENOENT');
  });

  it('names a link in /proc for calls that do not follow it, which is refused', () => {
    const bench = open('/etc');
    expect(() => bench.call({ op: 'lstat', path: '/proc/self/fd/h' })).toThrow('a link in /proc');
    expect(() => bench.call({ op: 'rmdir', path: '/proc/self/fd/h' })).toThrow('a link in /proc');
  });
});

describe('the parent of a path', () => {
  it.each([
    ['/etc/new', '/etc', 'new', false],
    ['/etc/dir/new/', '/usr', 'new', true],
    ['/etc/..', '/etc', '..', false],
    ['/', '', '', false],
  ])('of %s is "%s" with "%s"', (path, dir, name, slash) => {
    const last = resolveParent(new Bench(DISK).world, 't', path);
    expect(failed(last) ? last.err : [last.ok.dir.path, last.ok.name, last.ok.slash]).toEqual([dir, name, slash]);
  });
});

it('a place is named by its path in the namespace', () => {
  const { world } = new Bench(DISK, other);
  expect(pathOf(world, 'main', 'bin', '/usr/bin/sh')).toBe('/tmp/sh');
  expect(pathOf(world, 'main', 'top', '/x')).toBe('/mnt/x');
  expect(pathOf(world, 'main', 'root', '')).toBe('/');
});
