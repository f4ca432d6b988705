import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/kernel/calls.ts';
import { entriesOf } from '../../src/kernel/lookup.ts';
import { parseLayers, printTree } from '../../src/kernel/notation.ts';
import { directory } from '../../src/kernel/tree.ts';
import { type Directory, type Errno, failed, type PlainFs } from '../../src/kernel/types.ts';
import { Bench, canonical, type Layers } from './bench.ts';

type Redirect = NonNullable<Layers['redirectDir']>;

/** An overlay on /mnt, its layers drawn; hard links do not cross from one layer to another. */
function overlay(text: string, redirectDir: Redirect = 'off', type = 'ext4'): Bench & { readonly id: string } {
  const { upper, lowers } = parseLayers(text);
  const tops: [string, PlainFs][] = lowers.map((fs, index) => [`l${index}`, fs]);
  if (upper !== null) tops.push(['upper', upper]);
  const entries: [string, Directory][] = tops.map(([name, fs]) => [name, fs.root]);
  const root = directory(new Map([...entries, ['work', directory()], ['mnt', directory()], ['mnt2', directory()]]));
  const inodes = new Map(tops.flatMap(([, fs]) => [...fs.inodes]));
  const fs: PlainFs = { kind: 'plain', type, root, inodes, pins: new Map(), readonly: false };
  const bench = new Bench(fs);
  const id = bench.overlay({
    lowers: lowers.map((_, index) => `l${index}`),
    ...(upper === null ? {} : { upper: 'upper' }),
    redirectDir,
  });
  if (failed(id)) throw new Error(`the test's overlay is refused: ${id.err}`);
  return Object.assign(bench, { id: id.ok });
}

/** The upper layer without the mark of a copy-up, which only matters when the layers below change. */
const upperOf = (bench: Bench): string =>
  bench
    .drawn('/upper')
    .split('\n')
    .map((line) => line.replace(' trusted.overlay.origin=""', ''))
    .join('\n');

const write = (path: string, data = 'new'): Call => ({ op: 'write', path: `/mnt${path}`, data, mode: 0o644 });
const mkdir = (path: string): Call => ({ op: 'mkdir', path: `/mnt${path}`, mode: 0o755 });
const unlink = (path: string): Call => ({ op: 'unlink', path: `/mnt${path}` });
const rmdir = (path: string): Call => ({ op: 'rmdir', path: `/mnt${path}` });
const read = (path: string): Call => ({ op: 'read', path: `/mnt${path}` });
const rename = (from: string, to: string): Call => ({ op: 'rename', from: `/mnt${from}`, to: `/mnt${to}` });
const chmod = (path: string, mode: number): Call => ({ op: 'chmod', path: `/mnt${path}`, mode });

describe('layers are merged', () => {
  it.each([
    ['the topmost file wins', 'lower:\n  f "a"\nlower:\n  f "b"\n  g "b"', 'f "a"\ng "b"'],
    [
      'directories are united, with the attributes of the topmost',
      'lower:\n  d/ 0700 5:6 @9\n    a "a"\nlower:\n  d/\n    b "b"',
      'd/ 0700 5:6 @9\n  a "a"\n  b "b"',
    ],
    [
      'a whiteout hides what is below',
      'lower:\n  d/\n    f whiteout\nlower:\n  d/\n    f "b"\n    g "b"',
      'd/\n  g "b"',
    ],
    [
      'an opaque directory hides what is below',
      'lower:\n  d/ opaque\n    a "a"\nlower:\n  d/\n    b "b"',
      'd/\n  a "a"',
    ],
    [
      'a file in between ends a merge',
      'lower:\n  d/\n    a "a"\nlower:\n  d "file"\nlower:\n  d/\n    c "c"',
      'd/\n  a "a"',
    ],
    ['a symlink hides a directory', 'lower:\n  d -> x\nlower:\n  d/\n    f "b"', 'd -> x'],
    ['another device is no whiteout', 'lower:\n  n chr 1:3\nlower:\n  n "b"', 'n chr 1:3'],
    [
      'a name is not looked up below a directory that is not merged',
      'lower:\n  d/ opaque\n    e/\nlower:\n  d/\n    e/\n      f "b"',
      'd/\n  e/',
    ],
    [
      'a redirect says where the rest of a directory is',
      'lower:\n  e/ redirect=/d/s\nlower:\n  d/\n    s/\n      f "b"',
      'd/\n  s/\n    f "b"\ne/\n  f "b"',
    ],
    [
      'a stray whiteout in a directory that is not merged is listed, and is not there',
      'lower:\n  d/\n    w whiteout\nlower:\n  z "b"',
      'd/\n  w "ghost"\nz "b"',
    ],
  ])('%s', (_, drawn, merged) => {
    const bench = overlay(drawn);
    expect(bench.shown(bench.id)).toBe(canonical(merged));
  });

  it('a ghost looks like a device to readdir, and opening it gives ENOENT', () => {
    const bench = overlay('lower:\n  d/\n    w whiteout\nlower:\n  z "b"');
    expect(bench.call({ op: 'readdir', path: '/mnt/d' })).toEqual({ ok: [['w', 'other']] });
    expect(bench.errno(read('/d/w'))).toBe('ENOENT');
    expect(entriesOf(bench.world, bench.id, '/d').get('w')).toMatchObject({ type: 'chr' });
  });

  it('nofollow refuses a directory with a redirect', () => {
    const text = 'upper:\n  d whiteout\n  e/ redirect=/d\nlower:\n  d/\n    f "b"';
    expect(overlay(text, 'nofollow').errno(read('/e/f'))).toBe('EPERM');
    expect(overlay(text, 'follow').call(read('/e/f'))).toEqual({ ok: 'b' });
  });
});

describe('a change goes to the upper layer', () => {
  const LOWER = 'upper:\nlower:\n  d/ 0750 5:6 @9\n    e/\n    f "old" 0640 7:8 @3 user.k="v"\n    g "g"\n  s -> d/f';
  const COPIED = 'd/ 0750 5:6 @9\n  f "old" 0640 7:8 @3 user.k="v"';
  it.each<[string, readonly Call[], string]>([
    [
      'opening for writing copies up, with all attributes',
      [{ op: 'open', path: '/mnt/d/f', flags: ['O_RDWR'], fd: 'x' }],
      COPIED,
    ],
    ['a chmod to the same mode copies up', [chmod('/d/f', 0o640)], COPIED],
    ['through a symlink, its target', [chmod('/s', 0o640)], COPIED],
    [
      'truncation through O_RDONLY writes',
      [{ op: 'open', path: '/mnt/d/f', flags: ['O_RDONLY', 'O_TRUNC'], fd: 'x' }],
      'd/ 0750 5:6 @9\n  f "" 0640 7:8 user.k="v"',
    ],
    ['reading does not', [read('/d/f'), { op: 'open', path: '/mnt/d/f', flags: ['O_RDONLY', 'O_CREAT'], fd: 'x' }], ''],
    ['a new name brings its parents', [write('/d/e/n')], 'd/ 0750 5:6 @9\n  e/\n    n "new"'],
    ['lchown of a symlink copies the symlink', [{ op: 'lchown', path: '/mnt/s', uid: 9, gid: 9 }], 's -> d/f 9:9'],
    ['unlink leaves a whiteout', [unlink('/d/f')], 'd/ 0750 5:6\n  f whiteout'],
    ['unlink of what is only in upper leaves nothing', [write('/n'), unlink('/n')], ''],
    ['a file over a whiteout replaces it', [unlink('/s'), write('/s')], 's "new"'],
    ['a directory over a whiteout is opaque, even of a file', [unlink('/s'), mkdir('/s')], 's/ opaque'],
    ['and its removal puts the whiteout back', [unlink('/s'), mkdir('/s'), rmdir('/s')], 's whiteout'],
    [
      'rmdir of an emptied directory drops the whiteouts in it',
      [rmdir('/d/e'), unlink('/d/f'), unlink('/d/g'), rmdir('/d')],
      'd whiteout',
    ],
    ['rename of a file copies it up and leaves a whiteout', [rename('/d/g', '/n')], 'd/ 0750 5:6\n  g whiteout\nn "g"'],
    ['renaming back takes the whiteout away', [rename('/d/g', '/n'), rename('/n', '/d/g')], 'd/ 0750 5:6\n  g "g"'],
    [
      'link copies its source up',
      [{ op: 'link', from: '/mnt/d/g', to: '/mnt/h' }],
      'd/ 0750 5:6 @9\n  g "g"\nh = /d/g',
    ],
    [
      'a new directory moved to a merged place is opaque',
      [mkdir('/n'), rename('/n', '/d/n')],
      'd/ 0750 5:6\n  n/ opaque',
    ],
  ])('%s', (_, calls, upper) => {
    expect(upperOf(overlay(LOWER).run(...calls))).toBe(canonical(upper));
  });

  it.each<[string, Errno, Call]>([
    [
      'nobody makes what looks like a whiteout',
      'EPERM',
      { op: 'mknod', path: '/mnt/w', type: 'chr', mode: 0, rdev: [0, 0] },
    ],
    ['a directory that is not empty stays', 'ENOTEMPTY', rmdir('/d')],
    ['a lower directory does not move', 'EXDEV', rename('/d', '/x')],
    ['which is said before the target is found not empty', 'EXDEV', rename('/d', '/y')],
    ['no caller leaves a whiteout', 'EINVAL', { op: 'rename', from: '/mnt/s', to: '/mnt/n', flags: ['WHITEOUT'] }],
    [
      'an attribute that is not there is not removed',
      'ENODATA',
      { op: 'removexattr', path: '/mnt/d/f', name: 'user.no' },
    ],
  ])('%s: %s', (_, errno, call) => {
    const bench = overlay(`${LOWER}\n  y/\n    z "z"`);
    expect(bench.errno(call)).toBe(errno);
    expect(upperOf(bench)).toBe('');
  });

  it('the first copy-up breaks a hard link', () => {
    const bench = overlay('upper:\nlower:\n  a "x"\n  b = /a').run(write('/a', 'y'));
    expect([bench.call(read('/a')), bench.call(read('/b'))]).toEqual([{ ok: 'y' }, { ok: 'x' }]);
    expect(bench.call({ op: 'lstat', path: '/mnt/b' })).toMatchObject({ ok: { nlink: 2 } });
  });

  it('private attributes are hidden, and stored under another name when set from above', () => {
    const bench = overlay('upper:\n  d/ opaque\nlower:\n  d/\n    f "x"');
    const name = 'trusted.overlay.opaque';
    expect(bench.call({ op: 'listxattr', path: '/mnt/d' })).toEqual({ ok: [] });
    expect(bench.call({ op: 'setxattr', path: '/mnt/d', name, value: 'n' })).toEqual({ ok: null });
    expect(bench.call({ op: 'getxattr', path: '/mnt/d', name })).toEqual({ ok: 'n' });
    expect(bench.drawn('/upper')).toContain('trusted.overlay.overlay.opaque="n"');
    expect(bench.call({ op: 'readdir', path: '/mnt/d' })).toEqual({ ok: [] });
  });

  it('a directory that was copied up is another one: it has no birth', () => {
    expect(upperOf(overlay('upper:\nlower:\n  d/ #1').run(chmod('/d', 0o700)))).toBe(canonical('d/ 0700'));
  });

  it('the changes of a call tell the story of the copy-up', () => {
    const bench = overlay('upper:\nlower:\n  d/\n    f "old"').run(write('/d/f'));
    expect(bench.last?.changes.map((change) => [change.do, 'path' in change ? change.path : ''])).toEqual([
      ['create', '/upper/d'],
      ['create', '/upper/d/f'],
      ['replace', '/upper/d/f'],
      ['replace', '/upper/d/f'],
    ]);
  });
});

describe('with redirect_dir=on', () => {
  const LOWER = 'upper:\nlower:\n  d/\n    s/\n      f "f"\n    x "x"\n  e/';
  it.each<[string, readonly Call[], string]>([
    ['a rename in one directory leaves the bare name', [rename('/d', '/n')], 'd whiteout\nn/ redirect=d'],
    ['a rename to another leaves the absolute path', [rename('/d/s', '/n')], 'd/\n  s whiteout\nn/ redirect=/d/s'],
    [
      'a path goes through the redirects above',
      [rename('/d', '/n'), rename('/n/s', '/m')],
      'd whiteout\nm/ redirect=/d/s\nn/ redirect=d\n  s whiteout',
    ],
    [
      'renaming again keeps the first redirect',
      [rename('/d/s', '/n'), rename('/n', '/m')],
      'd/\n  s whiteout\nm/ redirect=/d/s',
    ],
    ['renaming back keeps it too', [rename('/d', '/e/d'), rename('/e/d', '/d')], 'd/ redirect=/d\ne/'],
    ['a new directory in a merged one says that it is opaque', [mkdir('/d/n')], 'd/\n  n/ opaque'],
    [
      'both sides of an exchange get one',
      [{ op: 'rename', from: '/mnt/d', to: '/mnt/e', flags: ['EXCHANGE'] }],
      'd/ redirect=e\ne/ redirect=d',
    ],
  ])('%s', (_, calls, upper) => {
    expect(upperOf(overlay(LOWER, 'on').run(...calls))).toBe(canonical(upper));
  });

  it('what was below is there under the new name', () => {
    const bench = overlay(LOWER, 'on').run(rename('/d', '/e'), write('/e/s/f'));
    expect(bench.call(read('/e/s/f'))).toEqual({ ok: 'new' });
    expect(bench.call(read('/e/x'))).toEqual({ ok: 'x' });
    expect(bench.errno(read('/d/x'))).toBe('ENOENT');
  });

  it('a directory that is not empty is no target', () => {
    expect(overlay(LOWER, 'on').errno(rename('/e', '/d'))).toBe('ENOTEMPTY');
  });
});

describe('without an upper layer', () => {
  const LOWERS = 'lower:\n  d/\n    f "x"\nlower:\n  g "y"';
  it.each<[Errno | 'ok', Call]>([
    ['EROFS', write('/n')],
    ['EROFS', write('/d/f')],
    ['EROFS', unlink('/d')],
    ['EROFS', unlink('/no')],
    ['EROFS', rename('/no', '/x')],
    ['EROFS', chmod('/g', 0o600)],
    ['EROFS', { op: 'setxattr', path: '/mnt/g', name: 'user.k', value: '' }],
    ['EEXIST', mkdir('/d')],
    ['ENOENT', mkdir('/no/x')],
    ['EISDIR', { op: 'open', path: '/mnt/d', flags: ['O_WRONLY'], fd: 'x' }],
    ['ok', { op: 'open', path: '/mnt/g', flags: ['O_RDONLY', 'O_CREAT'], fd: 'x' }],
  ])('%s: %j', (errno, call) => {
    expect(overlay(LOWERS).errno(call)).toBe(errno);
  });
});

describe('a descriptor', () => {
  const LOWER = 'upper:\nlower:\n  d/\n  f "old"';
  const open = (path: string): Call => ({ op: 'open', path: `/mnt${path}`, flags: ['O_RDONLY'], fd: 'x' });

  it('that was opened for reading before a copy-up reads the new data', () => {
    expect(overlay(LOWER).run(open('/f'), write('/f')).call({ op: 'fdread', fd: 'x' })).toEqual({ ok: 'new' });
  });

  it('keeps an unlinked file, and another file under its name is another', () => {
    const bench = overlay(LOWER).run(open('/f'), unlink('/f'), write('/f'));
    expect(bench.call({ op: 'fdread', fd: 'x' })).toEqual({ ok: 'old' });
    expect(bench.errno({ op: 'fdchmod', fd: 'x', mode: 0o600 })).toBe('EEXIST');
  });

  it('follows a rename, and keeps what a rename replaced', () => {
    const bench = overlay(LOWER).run(open('/f'), write('/g'), rename('/f', '/d/f'));
    expect(bench.call({ op: 'fdread', fd: 'x' })).toEqual({ ok: 'old' });
    bench.run(rename('/g', '/d/f'));
    expect(bench.call({ op: 'fdread', fd: 'x' })).toEqual({ ok: 'old' });
  });

  it('of a directory lists what came later', () => {
    const bench = overlay(LOWER).run(open('/d'), write('/d/n'));
    expect(bench.call({ op: 'fdreaddir', fd: 'x' })).toEqual({ ok: [['n', 'file']] });
  });
});

describe('mounting', () => {
  const DISK = 'a/\n  in/\n    deep/\nb/\nf "x"\nmnt/\nu/\n  in/\nwork/\n  in/\n  work/\n    left "over"';
  it.each<[Errno, string, Layers]>([
    ['EINVAL', 'no layer', { lowers: [] }],
    ['EINVAL', 'one lower and no upper', { lowers: ['a'] }],
    ['EINVAL', 'a layer that is a file', { lowers: ['a', 'f'] }],
    ['ELOOP', 'the same lower twice', { lowers: ['a', 'b', 'a'] }],
    ['ELOOP', 'a lower in another', { lowers: ['a/in', 'a'] }],
    ['ELOOP', 'a lower that is upper', { lowers: ['a', 'u'], upper: 'u' }],
    ['ELOOP', 'a lower in upper', { lowers: ['u/in', 'b'], upper: 'u' }],
    ['ELOOP', 'a lower in the workdir', { lowers: ['a', 'work/in'], upper: 'u' }],
    ['EINVAL', 'an upper in the workdir', { lowers: ['a'], upper: 'work/in' }],
    ['EINVAL', 'an upper that is the workdir', { lowers: ['a'], upper: 'work' }],
  ])('%s: %s', (errno, _, plan) => {
    expect(new Bench(DISK).overlay(plan)).toEqual({ err: errno });
  });

  it('takes 500 lowers and not 501', () => {
    const names = Array.from({ length: 501 }, (_, index) => `l${index}`);
    const disk = names.map((name) => `${name}/`).join('\n');
    expect(new Bench(`${disk}\nmnt/`).overlay({ lowers: names })).toEqual({ err: 'EINVAL' });
    expect(failed(new Bench(`${disk}\nmnt/`).overlay({ lowers: names.slice(1) }))).toBe(false);
  });

  it('accepts an upper in a lower, and empties the work directory', () => {
    const bench = new Bench(DISK);
    expect(failed(bench.overlay({ lowers: ['b', 'u'], upper: 'a/in' }))).toBe(false);
    expect(bench.drawn('/work')).toBe(canonical('in/\nwork/ 0000'));
  });

  it('shows an overlay through an overlay, twice at most, and its private attributes only to itself', () => {
    const bench = new Bench('a/\n  d/ opaque\n    f "a"\nb/\n  d/\n    g "b"\nc/\n  d/\n    h "c"\nmnt/\nn/\nwork/');
    expect(failed(bench.overlay({ lowers: ['a', 'b'] }))).toBe(false);
    const layers = (path: string): Call => ({
      op: 'mount-overlay',
      path: '/n',
      source: 'overlay',
      lowers: [path, '/c'].map((at) => ({ path: at, name: at })),
    });
    expect(bench.errno(layers('/mnt'))).toBe('ok');
    expect(bench.call({ op: 'readdir', path: '/n/d' })).toEqual({
      ok: [
        ['f', 'file'],
        ['h', 'file'],
      ],
    });
    expect(bench.errno({ ...layers('/n') })).toBe('EINVAL');
  });
});

describe('a work directory that was removed below a live overlay', () => {
  const LAYERS =
    'upper:\n  over "y"\n  pure "y"\n  puredir/\n  wh whiteout\n  wh2 whiteout\nlower:\n  a "x"\n  c "x"\n  d/\n    x "x"\n  e/\n  over "x"\n  p fifo\n  s -> a\n  wh "x"\n  wh2 "x"';
  const link = (from: string, to: string): Call => ({ op: 'link', from: `/mnt${from}`, to: `/mnt${to}` });
  // Each seen on Linux 6.18, on ext4 and on tmpfs.
  it.each<[ext4: Errno | 'ok', tmpfs: Errno | 'ok', Call]>([
    ['EPERM', 'ok', { op: 'write', path: '/mnt/a', data: 'z', flags: ['O_WRONLY', 'O_APPEND'] }],
    ['EPERM', 'ok', chmod('/a', 0o600)],
    ['EPERM', 'ok', rename('/a', '/a2')],
    ['EPERM', 'ok', link('/a', '/a3')],
    ['ENOENT', 'ENOENT', chmod('/e', 0o700)],
    ['ENOENT', 'ENOENT', { op: 'lchown', path: '/mnt/s', uid: 1, gid: 1 }],
    ['ENOENT', 'ENOENT', chmod('/p', 0o600)],
    ['ENOENT', 'ENOENT', write('/d/new')],
    ['ENOENT', 'ENOENT', unlink('/c')],
    ['ENOENT', 'ENOENT', unlink('/over')],
    ['ENOENT', 'ENOENT', rmdir('/e')],
    ['ENOENT', 'ENOENT', write('/wh')],
    ['ENOENT', 'ENOENT', mkdir('/wh2')],
    ['ENOENT', 'ENOENT', link('/pure', '/wh')],
    ['ok', 'ok', write('/new')],
    ['ok', 'ok', mkdir('/newdir')],
    ['ok', 'ok', { op: 'symlink', target: 'q', path: '/mnt/newsym' }],
    ['ok', 'ok', unlink('/pure')],
    ['ok', 'ok', rmdir('/puredir')],
    ['ok', 'ok', rename('/pure', '/pure2')],
    ['ok', 'ok', rename('/over', '/over2')],
    ['ok', 'ok', link('/pure', '/pure3')],
  ])('%s on ext4, %s on tmpfs: %j', (ext4, tmpfs, call) => {
    for (const [type, errno] of [
      ['ext4', ext4],
      ['tmpfs', tmpfs],
    ] as const) {
      const bench = overlay(LAYERS, 'on', type).run({ op: 'removeTree', path: '/work' });
      expect(bench.errno(call)).toBe(errno);
    }
  });
});

it('the lower layers are as they were, whatever is done through the overlay', () => {
  const bench = overlay('upper:\nlower:\n  d/\n    f "x"\n  g "y"', 'on');
  const before = bench.drawn('/l0');
  bench.run(write('/d/f'), rename('/d', '/e'), unlink('/g'), mkdir('/g'), { op: 'removeTree', path: '/mnt/e' });
  expect(bench.drawn('/l0')).toBe(before);
  expect(printTree(bench.plain())).toContain('upper/');
});
