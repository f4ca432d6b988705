import { describe, expect, it } from 'vitest';
import { Log } from '../../models/systemd/outcome.ts';
import { accepted, type Circumstances, type Discovery, discover } from '../../src/input/discover.ts';
import { IMAGE_CLASSES, type ImageClass, type Rules } from '../../src/input/imageclass.ts';
import { chase, lookAt } from '../../src/input/look.ts';
import { parseTree } from '../../src/kernel/notation.ts';
import { apply, directory, file, get, special, symlink, whiteout } from '../../src/kernel/tree.ts';
import type { Inode, PlainFs } from '../../src/kernel/types.ts';

type Content = Readonly<Record<string, Inode>>;

/** A file system with what is said to be at some paths; missing parents are made. */
function tree(content: Content, fs = parseTree('')): PlainFs {
  let all = fs;
  const put = (path: string, inode: Inode): void => {
    const parent = path.slice(0, path.lastIndexOf('/'));
    if (parent !== '' && get(all, parent) === undefined) put(parent, directory());
    all = apply(all, { do: 'create', fs: 'root', path, inode }, 'test');
  };
  for (const [path, inode] of Object.entries(content)) put(path, inode);
  return all;
}
/** The same above a host with `ID=testos`. */
const root = (content: Content): PlainFs =>
  tree(content, parseTree('etc/\nusr/\n  lib/\n    os-release "ID=testos\\nVERSION_ID=1\\n"'));
type Xattrs = ReadonlyMap<string, string>;
/** A confext that fits any system, with a release file of the given name. */
const extension = (name: string, release = 'ID=_any', xattrs: Xattrs = new Map()): Inode =>
  directory({
    etc: directory({ 'extension-release.d': directory({ [`extension-release.${name}`]: file(release, { xattrs }) }) }),
  });
/** The same as a sysext. */
const sysext = (name: string, release = 'ID=_any'): Inode =>
  directory({
    usr: directory({
      lib: directory({ 'extension-release.d': directory({ [`extension-release.${name}`]: file(release) }) }),
    }),
  });
const discovered = (content: Content, rules: Rules, imageClass: ImageClass, given: Circumstances = {}): Discovery =>
  discover(lookAt(root(content)), rules, imageClass, { architecture: 'x86-64', ...given });
const found = (content: Content, rules: Rules = '262', architecture = 'x86-64'): Discovery =>
  discovered(content, rules, 'confext', { architecture });
const names = (discovery: Discovery): string =>
  accepted(discovery)
    .map((one) => one.name)
    .join(' ');
const LIB = '/var/lib/confexts';
const EXT = '/var/lib/extensions';

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
  it.each<[string, Content, string, string]>([
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

  it.each<[string, Content, string, string]>([
    ['a directory', { [`${EXT}/a`]: sysext('a') }, 'a', 'a'],
    ['the infix is not part of the name', { [`${EXT}/a.sysext`]: sysext('a') }, 'a', 'a'],
    ['the infix of the other class is', { [`${EXT}/a.confext`]: sysext('a.confext') }, 'a.confext', 'a.confext'],
    ['the release file of the other class does not count', { [`${EXT}/a`]: extension('a') }, '', ''],
    ['a download of sysupdate', { [`${EXT}/.sysupdate.a`]: sysext('.sysupdate.a') }, '.sysupdate.a', ''],
    [
      'a name.v directory',
      { [`${EXT}/w.sysext.v`]: directory({ 'w_1.sysext': sysext('w'), w_2: sysext('w') }) },
      'w',
      'w',
    ],
    [
      'etc/os-release and usr/lib/initrd-release may be there',
      { [`${EXT}/a`]: sysext('a'), [`${EXT}/a/etc/os-release`]: file(), [`${EXT}/a/usr/lib/initrd-release`]: file() },
      'a',
      'a',
    ],
    [
      'a dangling usr/lib/os-release, too',
      { [`${EXT}/a`]: sysext('a'), [`${EXT}/a/usr/lib/os-release`]: symlink('x') },
      'a',
      'a',
    ],
  ])('sysext: %s', (_, content, old, now) => {
    expect([names(discovered(content, '257', 'sysext')), names(discovered(content, '262', 'sysext'))]).toEqual([
      old,
      now,
    ]);
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

  it.each<[string, Content, string | undefined]>([
    ['an .mstack directory', { [`${LIB}/b.mstack`]: directory() }, 'EOPNOTSUPP'],
    ['a link to one', { [`${LIB}/b`]: symlink('/srv/q.mstack'), '/srv/q.mstack': directory() }, 'EOPNOTSUPP'],
    ['one in a name.v directory', { [`${LIB}/b.mstack.v/b_1.mstack`]: directory() }, 'EOPNOTSUPP'],
    [
      'not a link that has such a name only',
      { [`${LIB}/b.mstack`]: symlink('/srv/q'), '/srv/q': directory() },
      undefined,
    ],
    ['not a file', { [`${LIB}/b.mstack`]: file() }, undefined],
  ])('%s fails everything in 262, and means nothing to 257', (_, content, errno) => {
    expect(found(content, '257').failure).toBeUndefined();
    expect(found(content, '262').failure?.errno).toBe(errno);
  });

  it.each<[string, Content, string]>([
    ['an entry that leads to itself', { [`${LIB}/a`]: symlink('a') }, 'Too many levels of symbolic links'],
    ['an entry that goes through a file', { [`${LIB}/a`]: symlink('../f/x'), '/var/lib/f': file() }, 'Not a directory'],
    ['a file as search directory', { [LIB]: file() }, 'Not a directory'],
    ['a search directory that leads to itself', { [LIB]: symlink('confexts') }, 'Too many levels of symbolic links'],
  ])('%s fails everything', (_, content, why) => {
    for (const rules of ['257', '262'] as const)
      expect(found(content, rules).failure?.message).toContain(`Failed to discover images: ${why}`);
  });
});

describe('what a sysext must not have', () => {
  const bad = `${EXT}/a/usr/lib/os-release`;
  it.each<[string, Content, string | undefined]>([
    ['the os-release of the host', { [`${EXT}/a`]: sysext('a'), [bad]: file() }, 'ENOMEDIUM'],
    ['the same without a release file', { [bad]: file() }, 'ENOMEDIUM'],
    ['a directory of that name', { [bad]: directory() }, 'ENOMEDIUM'],
    ['a link to itself', { [bad]: symlink('os-release') }, 'ELOOP'],
    ['a file in place of usr', { [`${EXT}/a/usr`]: file() }, 'ENOTDIR'],
  ])('%s', (_, content, errno) => {
    const failing = { ...content, [`${EXT}/b`]: sysext('b') };
    for (const force of [false, true])
      for (const rules of ['257', '262'] as const)
        expect(discovered(failing, rules, 'sysext', { force }).failure).toMatchObject({ errno, stage: 'metadata' });
  });

  it('a confext may', () => {
    const content = { [`${LIB}/a`]: extension('a'), [`${LIB}/a/usr/lib/os-release`]: file() };
    expect(names(found(content))).toBe('a');
  });
});

describe('images that somebody opens', () => {
  const release = (name: string, imageClass: ImageClass): Content => ({
    [`${imageClass === 'sysext' ? '/usr/lib' : '/etc'}/extension-release.d/extension-release.${name}`]: file('ID=_any'),
  });
  const both = (name: string): Content => ({ ...release(name, 'sysext'), ...release(name, 'confext') });
  // What 257.13 and 262.1 did with z.raw, an ext4 image of these files.
  it.each<[string, Content | 'ENOPKG', string]>([
    ['an extension', both('z'), 'accepted'],
    ['with /etc/os-release', { ...both('z'), '/etc/os-release': file() }, 'accepted'],
    ['of the other class only', release('z', 'confext'), 'carries no release data'],
    ['of another name', both('q'), 'ENOMEDIUM'],
    ['of no class', { '/x': file() }, 'ENOMEDIUM'],
    ['an operating system', { '/usr/lib/os-release': file() }, 'cannot be mounted: No medium found'],
    [
      'one that is an extension, too',
      { ...both('z'), '/usr/lib/os-release': file() },
      'cannot be mounted: No medium found',
    ],
    ['one that says so in /etc', { '/etc/os-release': file() }, 'cannot be mounted: No medium found'],
    ['an os-release that leads to itself', { ...both('z'), '/usr/lib/os-release': symlink('os-release') }, 'ELOOP'],
    ['no file system', 'ENOPKG', 'ENOPKG'],
  ])('%s', (_, image, outcome) => {
    const openImage = () => (image === 'ENOPKG' ? image : lookAt(tree(image)));
    const all = discovered({ [`${EXT}/z.raw`]: file() }, '262', 'sysext', { openImage });
    const [one] = all.extensions;
    expect(all.failure?.errno ?? (one?.verdict?.accepted === true ? 'accepted' : one?.verdict?.why)).toBe(outcome);
  });
});

describe('what a verb says it uses', () => {
  it.each<[string, Content, string, string]>([
    ['the name of the file, with the infix', { [`${LIB}/a.confext`]: extension('a') }, 'a.confext', 'a.confext'],
    [
      'of a link: in 262, of what it leads to',
      { [`${LIB}/a9`]: symlink('/srv/x1'), '/srv/x1': extension('a9') },
      'a9',
      'x1',
    ],
    ['of the entry of a name.v directory', { [`${LIB}/w.v/w_2`]: extension('w') }, 'w_2', 'w_2'],
    [
      'sorted by these names, not as the layers are',
      { [`${LIB}/foo.v/foo_1_2`]: extension('foo'), [`${LIB}/foo_1.10`]: extension('foo_1.10') },
      'foo_1.10 foo_1_2',
      'foo_1.10 foo_1_2',
    ],
  ])('%s', (_, content, old, now) => {
    const using = (rules: Rules): string | undefined => {
      const log = new Log();
      log.using(accepted(found(content, rules)).map(({ printedName }) => ({ printed: printedName })));
      return log.outcome('merged').using?.join(' ');
    };
    expect([using('257'), using('262')]).toEqual([old, now]);
  });

  it('only 262 takes where a link leads for the path of the image', () => {
    const content = { [`${LIB}/a`]: symlink('/srv/x'), '/srv/x': extension('a') };
    const path = (rules: Rules) => found(content, rules).extensions.map((one) => one.imagePath);
    expect([path('257'), path('262')]).toEqual([[`${LIB}/a`], ['/srv/x']]);
  });
});

describe('--force', () => {
  it('accepts what does not fit, and what has no release file', () => {
    const content = { [`${LIB}/a`]: extension('a', 'ID=other'), [`${LIB}/b`]: directory() };
    expect(names(discovered(content, '262', 'confext', { force: true }))).toBe('a b');
    expect(names(found(content))).toBe('');
  });
});

describe('in an initrd', () => {
  const RELEASED = 'ID=_any\nSYSEXT_SCOPE="initrd system"\nCONFEXT_SCOPE="initrd system"';
  const initrd = (imageClass: ImageClass): Content => {
    const make = imageClass === 'sysext' ? sysext : extension;
    const lib = imageClass === 'sysext' ? EXT : LIB;
    return {
      [`/.extra/${imageClass}/x`]: make('x', RELEASED),
      [`/.extra/global_${imageClass}/g`]: make('g', RELEASED),
      [`${lib}/l`]: make('l', RELEASED),
      [`${lib}/plain`]: make('plain'),
      ...(imageClass === 'confext' ? { '/usr/lib/confexts/u': make('u', RELEASED) } : {}),
    };
  };
  const MARK: Content = { '/etc/initrd-release': file() };
  it.each<[string, Content, Circumstances, old: string, now: string]>([
    ['it is not one', {}, {}, 'l plain', 'l plain'],
    ['it is one', MARK, {}, 'l x', 'g l x'],
    ['a dangling link is no mark', { '/etc/initrd-release': symlink('nope') }, {}, 'l plain', 'l plain'],
    ['the variable says no', MARK, { inInitrd: false }, 'l plain', 'g l x'],
    ['the variable says yes', {}, { inInitrd: true }, 'l x', 'l plain'],
    ['under --root, the caller is in one', {}, { caller: { look: lookAt(tree(MARK)), root: '/t' } }, 'l x', 'l plain'],
    ['under --root, the root is one', MARK, { caller: { look: lookAt(tree({})), root: '/t' } }, 'l plain', 'g l x'],
  ])('%s', (_, content, given, old, now) => {
    const all = (rules: Rules) => names(discovered({ ...initrd('sysext'), ...content }, rules, 'sysext', given));
    expect([all('257'), all('262')]).toEqual([old, now]);
    // A confext is looked for in /usr/lib as well, unless in an initrd.
    const other = (rules: Rules) => names(discovered({ ...initrd('confext'), ...content }, rules, 'confext', given));
    const more = (text: string) => text.replace('plain', 'plain u');
    expect([other('257'), other('262')]).toEqual([more(old), more(now)]);
  });

  it('262 fails if it cannot tell', () => {
    const content = { '/etc/initrd-release': symlink('initrd-release') };
    for (const imageClass of IMAGE_CLASSES) {
      expect(discovered(content, '257', imageClass).failure).toBeUndefined();
      expect(discovered(content, '262', imageClass).failure).toMatchObject({ errno: 'ELOOP', stage: 'discover' });
    }
  });
});

describe('under --root', () => {
  const content = {
    [`${LIB}/a`]: symlink('/srv/a'),
    '/srv/a': extension('a'),
    [`${LIB}/b`]: symlink('b'),
    [`${LIB}/c`]: extension('c'),
    [`${LIB}/v.v/v_1`]: symlink('../../../../srv/v'),
    '/srv/v': extension('v'),
    [`${LIB}/w.v/w_1`]: symlink('/srv/w'),
    '/srv/w': extension('w'),
  };
  it('257 passes over symlinks in a search directory, and follows those in name.v directories from the root of the caller', () => {
    const caller = { look: lookAt(tree({ '/t': root(content).root })), root: '/t' };
    const all = discovered(content, '257', 'confext', { caller });
    expect([all.failure, names(all)]).toEqual([undefined, 'c v']);
    expect(discovered(content, '262', 'confext', { caller }).failure?.errno).toBe('ELOOP');
  });
});

describe('search path', () => {
  it('sysext: /etc first, and nothing below /usr', () => {
    const content = {
      '/etc/extensions/a': sysext('a'),
      '/run/extensions/a': sysext('a'),
      '/run/extensions/b': directory(),
      [`${EXT}/b`]: sysext('b'),
      [`${EXT}/c`]: sysext('c'),
      '/usr/lib/extensions/d': sysext('d'),
      '/usr/local/lib/extensions/e': sysext('e'),
      '/run/confexts/f': sysext('f'),
    };
    for (const rules of ['257', '262'] as const)
      expect(accepted(discovered(content, rules, 'sysext')).map((one) => one.path)).toEqual([
        '/etc/extensions/a',
        `${EXT}/c`,
      ]);
  });

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
  const w = (file: string): Content => ({ [`${LIB}/w.v/${file}`]: extension('w') });
  it.each<[string, Content, string | undefined]>([
    ['the newest version', { ...w('w_1.9'), ...w('w_1.10') }, 'w_1.10'],
    ['not of another machine', { ...w('w_1'), ...w('w_2_arm64') }, 'w_1'],
    ['the own machine before the version without one', { ...w('w_1'), ...w('w_1_x86-64') }, 'w_1_x86-64'],
    ['attempts left before the version', { ...w('w_2+0-3'), ...w('w_1+1') }, 'w_1+1'],
    ['nothing without the name', w('x_1'), undefined],
    ['nothing that is a file', { [`${LIB}/w.v/w_1`]: file() }, undefined],
  ])('%s', (_, content, file) => {
    expect(accepted(found(content)).map((one) => one.path)).toEqual(file === undefined ? [] : [`${LIB}/w.v/${file}`]);
  });

  it.each<[string, Content, old: string | undefined, now: string | undefined]>([
    ['a version with the characters of the specification', w('w_1~rc1'), undefined, 'w_1~rc1'],
    ['a version with others', w('w_1,2'), 'w_1,2', undefined],
    ['what is not quite a number of attempts', w('w_1+1-'), 'w_1+1-', undefined],
    ['more attempts than there are', w('w_1+99999999999999999999'), 'w_1+99999999999999999999', undefined],
    ['an underscore before the machine', w('w_1_2_x86-64'), 'w_1_2_x86-64', undefined],
    ['what looks like a machine', { ...w('w_1'), ...w('w_1_foo') }, 'w_1_foo', 'w_1_foo'],
    ['of two equal ones, the later name', { ...w('w_01'), ...w('w_1'), ...w('w_1_a') }, 'w_1_a', 'w_1_a'],
    ['names are compared as text', { ...w('w_1_a10'), ...w('w_1_a9') }, 'w_1_a9', 'w_1_a9'],
    ['the newest is a file', { ...w('w_1'), [`${LIB}/w.v/w_2`]: file() }, undefined, 'w_1'],
    ['the newest leads nowhere', { ...w('w_1'), [`${LIB}/w.v/w_2`]: symlink('x') }, undefined, undefined],
    ['another leads nowhere', { ...w('w_2'), [`${LIB}/w.v/w_1`]: symlink('x') }, 'w_2', undefined],
    ['what is of no version leads nowhere', { ...w('w_2'), [`${LIB}/w.v/x_1`]: symlink('x') }, 'w_2', 'w_2'],
  ])('%s: 257 and 262', (_, content, old, now) => {
    const path = (rules: Rules) => accepted(found(content, rules)).map((one) => one.path);
    const at = (entry: string | undefined) => (entry === undefined ? [] : [`${LIB}/w.v/${entry}`]);
    expect([path('257'), path('262')]).toEqual([at(old), at(now)]);
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
  const relaxed = (value: string): Xattrs => new Map([['user.extension-release.strict', value]]);
  it.each<[string, Content, boolean]>([
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
    ['unless it is what an editor left', { [`${LIB}/a`]: extension('b.bak', 'ID=_any', relaxed('0')) }, false],
    ['the name up to the first underscore', { [`${LIB}/b_1.2`]: extension('b') }, true],
    ['or plus', { [`${LIB}/b+1_2`]: extension('b') }, true],
    ['not up to a dash', { [`${LIB}/b-1`]: extension('b') }, false],
    ['nor up to the infix', { [`${LIB}/b.sysext`]: extension('b') }, false],
    ['unless that is before .raw', { [`${LIB}/b.sysext.raw`]: extension('b') }, true],
    [
      'nor if a second one would do',
      {
        [`${LIB}/b_1`]: extension('b'),
        [`${LIB}/b_1/etc/extension-release.d/extension-release.c`]: file('ID=_any', { xattrs: relaxed('0') }),
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

  it.each<[string, Inode, string, string]>([
    ['without an ID', file('VERSION_ID=1'), 'EINVAL', "'ID' field not found"],
    ['that leads to itself', symlink('os-release'), 'ELOOP', 'Too many levels of symbolic links'],
    ['that is a directory', directory(), 'EISDIR', 'Is a directory'],
    ['with a NUL byte', file('ID=a\0'), 'EBADMSG', 'Bad message'],
  ])('an os-release %s fails everything, and nothing is judged', (_, inode, errno, why) => {
    const all = found({ '/etc/os-release': inode, [`${LIB}/a`]: extension('a') });
    expect(all.failure).toMatchObject({ errno, stage: 'host' });
    expect(all.failure?.message).toContain(why);
    expect(all.extensions.map((one) => one.verdict)).toEqual([undefined]);
  });

  it('an image that cannot be read fails earlier, and a search earlier still', () => {
    const bad = { '/etc/os-release': file(), [`${EXT}/a/usr/lib/os-release`]: file() };
    const at = (content: Content) => discovered(content, '262', 'sysext');
    expect([at(bad).failure?.stage, at(bad).unusable?.stage]).toEqual(['metadata', 'host']);
    expect(at({ ...bad, [`${EXT}/b`]: symlink('b') }).failure?.stage).toBe('discover');
  });
});
