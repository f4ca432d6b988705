import { describe, expect, it } from 'vitest';
import { accepted, type Discovery, discover, type Rules } from '../../src/input/discover.ts';
import { chase, lookAt } from '../../src/input/look.ts';
import { parseTree } from '../../src/kernel/notation.ts';
import { apply, directory, file, get, special, symlink, whiteout } from '../../src/kernel/tree.ts';
import type { Inode, PlainFs } from '../../src/kernel/types.ts';

/** A host with `ID=testos`, and what is said to be at some paths; missing parents are made. */
function root(content: Readonly<Record<string, Inode>>): PlainFs {
  let fs = parseTree('etc/\nusr/\n  lib/\n    os-release "ID=testos\\nVERSION_ID=1\\n"');
  const put = (path: string, inode: Inode): void => {
    const parent = path.slice(0, path.lastIndexOf('/'));
    if (parent !== '' && get(fs, parent) === undefined) put(parent, directory());
    fs = apply(fs, { do: 'create', fs: 'root', path, inode }, 'test');
  };
  for (const [path, inode] of Object.entries(content)) put(path, inode);
  return fs;
}
/** An extension that fits any system, with a release file of the given name. */
const extension = (name: string, release = 'ID=_any', xattrs: ReadonlyMap<string, string> = new Map()): Inode =>
  directory({
    etc: directory({ 'extension-release.d': directory({ [`extension-release.${name}`]: file(release, { xattrs }) }) }),
  });
const found = (content: Readonly<Record<string, Inode>>, rules: Rules = '262', architecture = 'x86-64'): Discovery =>
  discover(lookAt(root(content)), rules, 'confext', { architecture });
const names = (discovery: Discovery): string =>
  accepted(discovery)
    .map((one) => one.name)
    .join(' ');
const LIB = '/var/lib/confexts';

describe('chase stays inside the root', () => {
  const look = lookAt(
    parseTree(`
      a/
        up -> ../../../../b/f
        abs -> /b/f
        loop -> loop
        file "x"
        through -> file/x
        gone -> nowhere
      b/
        f "y"
      l -> a/..
    `),
  );
  it.each([
    ['/a/up', { ok: '/b/f' }],
    ['/a/abs', { ok: '/b/f' }],
    ['/../../a/./file', { ok: '/a/file' }],
    ['/l', { ok: '' }],
    ['/l/l/l/b/', { ok: '/b' }],
    ['/a/loop', { err: 'ELOOP' }],
    ['/a/through', { err: 'ENOTDIR' }],
    ['/a/gone', { err: 'ENOENT' }],
    ['/nothing/..', { err: 'ENOENT' }],
  ])('%s', (path, result) => {
    expect(chase(look, path)).toEqual(result);
  });

  it('a directory inside can be the root', () => {
    expect(chase(look, '/up', '/a')).toEqual({ err: 'ENOENT' });
    expect(chase(look, '/../file', '/a')).toEqual({ ok: '/a/file' });
  });
});

describe('what is an extension', () => {
  it.each<[string, Readonly<Record<string, Inode>>, string, string]>([
    ['a directory', { [`${LIB}/a`]: extension('a') }, 'a', 'a'],
    ['the infix is not part of the name', { [`${LIB}/a.confext`]: extension('a') }, 'a', 'a'],
    ['the infix of the other class is', { [`${LIB}/a.sysext`]: extension('a.sysext') }, 'a.sysext', 'a.sysext'],
    ['a hidden directory', { [`${LIB}/.a`]: extension('.a') }, '.a', '.a'],
    ['lost+found', { [`${LIB}/lost+found`]: extension('lost+found') }, 'lost+found', 'lost+found'],
    ['not a half-made file', { [`${LIB}/.#a`]: extension('.#a') }, '', ''],
    ['not an empty name', { [`${LIB}/.confext`]: extension('') }, '', ''],
    ['not a control character', { [`${LIB}/a\tb`]: extension('a\tb') }, '', ''],
    ['a download of sysupdate', { [`${LIB}/.sysupdate.a`]: extension('.sysupdate.a') }, '.sysupdate.a', ''],
    [
      'sysupdate elsewhere in the name',
      { [`${LIB}/a.sysupdate.b`]: extension('a.sysupdate.b') },
      'a.sysupdate.b',
      'a.sysupdate.b',
    ],
    ['a symlink has its own name', { [`${LIB}/a`]: symlink('/srv/t'), '/srv/t': extension('a') }, 'a', 'a'],
    ['a dangling symlink is nothing', { [`${LIB}/a`]: symlink('/srv/t') }, '', ''],
    [
      'no plain file, fifo, socket or device',
      { [`${LIB}/a`]: file(), [`${LIB}/b`]: special('fifo'), [`${LIB}/c`]: special('sock'), [`${LIB}/d`]: whiteout() },
      '',
      '',
    ],
    ['a linked search directory', { [LIB]: symlink('/srv/c'), '/srv/c/a': extension('a') }, 'a', 'a'],
  ])('%s', (_, content, old, now) => {
    expect([names(found(content, '257')), names(found(content, '262'))]).toEqual([old, now]);
  });

  it('images are named, and nobody looks inside', () => {
    const all = found({
      [`${LIB}/a.confext.raw`]: file(),
      [`${LIB}/b`]: special('blk', [8, 0]),
      [`${LIB}/c.raw`]: directory(),
    });
    expect(all.extensions.map(({ name, kind, verdict }) => ({ name, kind, judged: verdict !== undefined }))).toEqual([
      { name: 'a', kind: 'raw', judged: false },
      { name: 'b', kind: 'block', judged: false },
      { name: 'c.raw', kind: 'directory', judged: true },
    ]);
    expect(all.notes.map((note) => note.path)).toEqual([`${LIB}/a.confext.raw`, `${LIB}/b`]);
  });

  it('an .mstack directory fails everything in 262, and is a directory to 257', () => {
    const content = { [`${LIB}/a`]: extension('a'), [`${LIB}/b.mstack`]: directory() };
    expect(found(content, '257')).toMatchObject({ failure: undefined });
    expect(found(content, '262').failure?.message).toBe('Failed to read metadata for image b: Operation not supported');
  });

  it.each<[string, Readonly<Record<string, Inode>>, string]>([
    ['an entry that leads to itself', { [`${LIB}/a`]: symlink('a') }, 'Too many levels of symbolic links'],
    ['an entry that goes through a file', { [`${LIB}/a`]: symlink('../f/x'), '/var/lib/f': file() }, 'Not a directory'],
    ['a file as search directory', { [LIB]: file() }, 'Not a directory'],
    ['a search directory that leads to itself', { [LIB]: symlink('confexts') }, 'Too many levels of symbolic links'],
  ])('%s fails everything', (_, content, why) => {
    for (const rules of ['257', '262'] as const)
      expect(found(content, rules).failure?.message).toContain(`Failed to discover images: ${why}`);
  });
});

describe('search path', () => {
  it('the first directory that has a name hides it in the others, even with an empty directory', () => {
    const content = {
      '/run/confexts/a': extension('a'),
      [`${LIB}/a`]: extension('a'),
      [`${LIB}/b`]: directory(),
      '/usr/lib/confexts/b': extension('b'),
      [`${LIB}/c`]: symlink('/dev/null'),
      '/dev/null': special('chr', [1, 3]),
      '/usr/local/lib/confexts/c': extension('c'),
      '/usr/lib/confexts/d': extension('d'),
    };
    const all = found(content);
    expect(accepted(all).map((one) => one.path)).toEqual([
      '/run/confexts/a',
      '/usr/local/lib/confexts/c',
      '/usr/lib/confexts/d',
    ]);
    expect(all.extensions.find((one) => one.name === 'b')?.verdict).toEqual({
      accepted: false,
      why: 'carries no release data',
    });
  });

  it('an initrd looks into /.extra and not into /usr/lib', () => {
    const release = 'ID=_any\nCONFEXT_SCOPE="initrd system"';
    const content = {
      '/etc/initrd-release': file(),
      '/.extra/confext/i': extension('i', release),
      '/.extra/global_confext/g': extension('g', release),
      '/usr/lib/confexts/u': extension('u', release),
      [`${LIB}/d`]: extension('d'),
    };
    expect([names(found(content, '257')), names(found(content, '262'))]).toEqual(['i', 'g i']);
  });

  it('of two entries of one name, readdir decides, which is worth a note', () => {
    const all = found({ [`${LIB}/a`]: extension('a'), [`${LIB}/a.confext`]: extension('a') });
    expect(accepted(all).map((one) => one.path)).toEqual([`${LIB}/a`]);
    expect(all.notes).toEqual([
      { path: `${LIB}/a.confext`, what: "has the name of 'a' beside it: the first that readdir returns wins" },
    ]);
  });

  it('layers come in version order, whatever directory they are in, and ties are told', () => {
    const all = found({
      '/run/confexts/a9': extension('a9'),
      [`${LIB}/a10`]: extension('a10'),
      '/usr/lib/confexts/a_9': extension('a_9'),
    });
    expect(names(all)).toBe('a9 a_9 a10');
    expect(all.notes.map((note) => note.what)).toEqual(["'a9' and 'a_9' are one version: either may be on top"]);
  });
});

describe('versioned directories', () => {
  const w = (file: string): Readonly<Record<string, Inode>> => ({ [`${LIB}/w.v/${file}`]: extension('w') });
  it.each<[string, Readonly<Record<string, Inode>>, string | undefined]>([
    ['the newest version', { ...w('w_1.9'), ...w('w_1.10') }, 'w_1.10'],
    ['not of another machine', { ...w('w_1'), ...w('w_2_arm64') }, 'w_1'],
    ['the own machine before the version without one', { ...w('w_1'), ...w('w_1_x86-64') }, 'w_1_x86-64'],
    ['attempts left before the version', { ...w('w_2+0-3'), ...w('w_1+1') }, 'w_1+1'],
    ['nothing without the name', w('x_1'), undefined],
    ['nothing that is a file', { [`${LIB}/w.v/w_1`]: file() }, undefined],
  ])('%s', (_, content, file) => {
    expect(accepted(found(content)).map((one) => one.path)).toEqual(file === undefined ? [] : [`${LIB}/w.v/${file}`]);
  });

  it('an empty one does not hide the name', () => {
    const all = found({ [`${LIB}/e.v`]: directory(), '/usr/lib/confexts/e': extension('e') });
    expect(names(all)).toBe('e');
    expect(all.notes.map((note) => note.path)).toEqual([`${LIB}/e.v`]);
  });

  it('the infix is before the suffix', () => {
    const content = { [`${LIB}/y.confext.v/y_2.confext`]: extension('y'), [`${LIB}/y.confext.v/y_3`]: extension('y') };
    expect(accepted(found(content)).map((one) => one.path)).toEqual([`${LIB}/y.confext.v/y_2.confext`]);
  });
});

describe('release files of an extension', () => {
  const RELEASES = `${LIB}/a/etc/extension-release.d`;
  const relaxed = (value: string): ReadonlyMap<string, string> => new Map([['user.extension-release.strict', value]]);
  it.each<[string, Readonly<Record<string, Inode>>, boolean]>([
    ['of another name do not count', { [`${LIB}/a`]: extension('b') }, false],
    ['unless one says so', { [`${LIB}/a`]: extension('b', 'ID=_any', relaxed('0')) }, true],
    ['and not if it says the contrary', { [`${LIB}/a`]: extension('b', 'ID=_any', relaxed('1')) }, false],
    [
      'nor if two say so',
      {
        [`${LIB}/a`]: extension('b', 'ID=_any', relaxed('false')),
        [`${RELEASES}/extension-release.c`]: file('ID=_any', { xattrs: relaxed('no') }),
      },
      false,
    ],
    [
      'a link up and out is held inside the extension',
      { [`${RELEASES}/extension-release.a`]: symlink('../../../../../../rel'), [`${LIB}/a/rel`]: file('ID=_any') },
      true,
    ],
    [
      'an absolute link starts at the extension',
      { [`${RELEASES}/extension-release.a`]: symlink('/etc/rel'), [`${LIB}/a/etc/rel`]: file('ID=_any') },
      true,
    ],
    [
      'a file of the host is out of reach',
      { [`${RELEASES}/extension-release.a`]: symlink('/rel'), '/rel': file('ID=_any') },
      false,
    ],
    ['a link to itself', { [`${RELEASES}/extension-release.a`]: symlink('extension-release.a') }, false],
    ['a directory', { [`${RELEASES}/extension-release.a`]: directory() }, false],
    ['a fifo is not opened', { [`${RELEASES}/extension-release.a`]: special('fifo') }, false],
    ['/etc is a file', { [`${LIB}/a/etc`]: file() }, false],
    [
      '/etc is a link inside',
      { [`${LIB}/a/etc`]: symlink('real'), [`${LIB}/a/real/extension-release.d/extension-release.a`]: file('ID=_any') },
      true,
    ],
    ['a NUL byte', { [`${LIB}/a`]: extension('a', 'ID=_any\0') }, false],
  ])('%s', (_, content, fits) => {
    expect(found(content).extensions.map((one) => one.verdict?.accepted)).toEqual([fits]);
  });
});

describe('the host', () => {
  it('/etc/os-release comes before that of /usr/lib', () => {
    expect(found({ '/etc/os-release': file('ID=other') }).host?.id).toBe('other');
    expect(found({ '/etc/os-release': symlink('nowhere') }).host?.id).toBe('testos');
  });

  it.each([
    ['without an ID', file('VERSION_ID=1'), "'ID' field not found"],
    ['that leads to itself', symlink('os-release'), 'Too many levels of symbolic links'],
    ['that is a directory', directory(), 'Is a directory'],
  ])('an os-release %s fails everything, and nothing is judged', (_, inode, why) => {
    const all = found({ '/etc/os-release': inode, [`${LIB}/a`]: extension('a') });
    expect(all.failure?.message).toContain(why);
    expect(all.extensions.map((one) => one.verdict)).toEqual([undefined]);
  });
});
