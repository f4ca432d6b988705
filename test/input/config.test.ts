import { describe, expect, it } from 'vitest';
import { type MutableMode, parseHierarchies, parseMode, readConfig } from '../../src/input/config.ts';
import { lookAt } from '../../src/input/look.ts';
import { apply, directory, file, get, plainFs, symlink } from '../../src/kernel/tree.ts';
import type { Inode } from '../../src/kernel/types.ts';

function look(content: Readonly<Record<string, string | Inode>>) {
  let fs = plainFs();
  const put = (path: string, inode: Inode): void => {
    const parent = path.slice(0, path.lastIndexOf('/'));
    if (parent !== '' && get(fs, parent) === undefined) put(parent, directory());
    fs = apply(fs, { do: 'create', fs: 'root', path, inode }, 'test');
  };
  for (const [path, inode] of Object.entries(content)) put(path, typeof inode === 'string' ? file(inode) : inode);
  return lookAt(fs);
}
const set = (mode: string): string => `[ConfExt]\nMutable=${mode}\n`;
const MAIN = '/etc/systemd/confext.conf';
const DROP = '/etc/systemd/confext.conf.d';
const LOW = '/usr/lib/systemd/confext.conf';

describe('which files count', () => {
  // What 262.1 did with these files.
  it.each<[string, Readonly<Record<string, string | Inode>>, MutableMode | undefined]>([
    ['none', {}, undefined],
    ['/usr/lib', { [LOW]: set('yes') }, 'yes'],
    [
      '/usr/local before /usr',
      { [LOW]: set('yes'), '/usr/local/lib/systemd/confext.conf': set('ephemeral') },
      'ephemeral',
    ],
    [
      '/run before /usr/local',
      { '/usr/local/lib/systemd/confext.conf': set('ephemeral'), '/run/systemd/confext.conf': set('yes') },
      'yes',
    ],
    ['/etc hides all the others, also when it sets nothing', { [LOW]: set('yes'), [MAIN]: '[ConfExt]\n' }, undefined],
    [
      'drop-ins beat the main file, from wherever',
      { [MAIN]: set('ephemeral'), [`${LOW}.d/10.conf`]: set('yes') },
      'yes',
    ],
    ['the last name wins', { [`${LOW}.d/20.conf`]: set('yes'), [`${DROP}/10.conf`]: set('ephemeral') }, 'yes'],
    ['an empty file masks', { [`${LOW}.d/10.conf`]: set('yes'), [`${DROP}/10.conf`]: '' }, undefined],
    ['a dangling link masks', { [`${LOW}.d/10.conf`]: set('yes'), [`${DROP}/10.conf`]: symlink('nowhere') }, undefined],
    [
      'other suffixes and hidden files do not',
      { [`${DROP}/a.txt`]: set('yes'), [`${DROP}/b.conf~`]: set('yes'), [`${DROP}/.c.conf`]: set('yes') },
      undefined,
    ],
    ['a dangling main file is passed over', { [LOW]: set('yes'), [MAIN]: symlink('/nowhere') }, 'yes'],
    ['a file for the drop-in directory is passed over', { [MAIN]: set('yes'), [DROP]: '' }, 'yes'],
    ['a bad value leaves the one before', { [`${LOW}.d/20.conf`]: set('yes'), [`${DROP}/30.conf`]: set('zzz') }, 'yes'],
    [
      'a dangling drop-in hides one below',
      { [`${LOW}.d/1.conf`]: set('yes'), [`${DROP}/1.conf`]: symlink('x') },
      undefined,
    ],
    [
      'one that leads to itself does not',
      { [`${LOW}.d/1.conf`]: set('yes'), [`${DROP}/1.conf`]: symlink('1.conf') },
      'yes',
    ],
    ['sysext.conf is for the other class', { '/etc/systemd/sysext.conf': '[SysExt]\nMutable=yes\n' }, undefined],
  ])('%s', (_, content, mode) => {
    expect(readConfig(look(content), 'confext').mutable).toBe(mode);
  });

  it.each<[string, Readonly<Record<string, string | Inode>>]>([
    [
      'a link to /dev/null',
      { [MAIN]: set('ephemeral'), [`${DROP}/10.conf`]: symlink('/dev/null'), [`${DROP}/20.conf`]: set('yes') },
    ],
    ['a directory for a file', { [MAIN]: directory(), [LOW]: set('yes') }],
    ['a main file that leads to itself', { [MAIN]: symlink('confext.conf'), [`${DROP}/20.conf`]: set('yes') }],
    ['a section without a name', { [MAIN]: set('yes'), [`${DROP}/30.conf`]: '[]\n' }],
    ['an image policy without flags', { [MAIN]: set('yes'), [`${DROP}/30.conf`]: '[ConfExt]\nImagePolicy=root\n' }],
    [
      'a broken section header',
      { [MAIN]: set('ephemeral'), [`${DROP}/20.conf`]: set('yes'), [`${DROP}/30.conf`]: '[bad\n' },
    ],
  ])('%s makes 262.1 ignore the whole configuration', (_, content) => {
    const config = readConfig(look(content), 'confext');
    expect(config.mutable).toBeUndefined();
    expect(config.notes.at(-1)?.what).toContain('systemd ignores its whole configuration');
  });
});

it('systemd-sysext reads files and a section of its own', () => {
  const content = {
    [MAIN]: set('yes'),
    '/run/systemd/sysext.conf': '[ConfExt]\nMutable=yes\n[SysExt]\nMutable=import\nImagePolicy=root=verity\n',
    '/usr/lib/systemd/sysext.conf.d/1.conf': '[SysExt]\nMutable=ephemeral\n',
  };
  expect(readConfig(look(content), 'sysext')).toMatchObject({
    mutable: 'ephemeral',
    imagePolicy: 'root=verity',
    files: ['/run/systemd/sysext.conf', '/usr/lib/systemd/sysext.conf.d/1.conf'],
    notes: [
      { path: '/run/systemd/sysext.conf:1', what: "Unknown section 'ConfExt'. Ignoring." },
      { path: '/run/systemd/sysext.conf:5', what: 'ImagePolicy= is about images, which are not read' },
    ],
  });
});

it('nothing is said about the others where one file cannot be opened', () => {
  const config = readConfig(look({ [MAIN]: '[ConfExt]\nMutable=zzz\n', [`${DROP}/1.conf`]: directory() }), 'confext');
  expect(config.notes.map(({ path }) => path)).toEqual([`${DROP}/1.conf`]);
});

describe('an image policy', () => {
  // Whether 262.1 kept Mutable=yes beside it.
  it.each([
    ['', true],
    ['*', true],
    ['-', true],
    ['root=verity+signed:usr=absent', true],
    ['root=bogus', true],
    ['x=1:x=2', true],
    ['root=', true],
    ['=ignore', true],
    ['root', false],
    ['root=verity:', false],
    ['-:root=verity', false],
    ['root=verity:root=signed', false],
    ['root =verity: root=signed', false],
    ['=ignore:=absent', false],
  ])('"%s": %s', (policy, good) => {
    const config = readConfig(look({ [MAIN]: `${set('yes')}ImagePolicy=${policy}\n` }), 'confext');
    expect(config.mutable).toBe(good ? 'yes' : undefined);
  });
});

describe('hierarchies in the environment', () => {
  // What 257.13 and 262.1 merged, or that they refused every verb.
  it.each<[string, readonly string[] | undefined]>([
    ['/opt', ['/opt']],
    ['/opt/', ['/opt']],
    ['/srv:/opt', ['/srv', '/opt']],
    ['/opt:/opt', ['/opt', '/opt']],
    ['/a b:/c,d', ['/a b', '/c,d']],
    ['', undefined],
    ['/', undefined],
    ['opt', undefined],
    ['./opt', undefined],
    ['/opt:', undefined],
    ['/opt::/srv', undefined],
    ['/opt/../srv', undefined],
    ['/opt/..', undefined],
    ['/opt/./x', undefined],
    ['/opt//x', undefined],
    ['//opt', undefined],
    ['"/opt"', undefined],
  ])('"%s"', (text, paths) => {
    expect(parseHierarchies(text)).toEqual(paths);
  });
});

describe('what a file says', () => {
  it.each<[string, string, MutableMode | undefined, string | undefined]>([
    ['blanks', '  [ConfExt]  \n;x\n   Mutable =   on \n', 'yes', undefined],
    ['carriage returns', '[ConfExt]\r\nMutable=import\r\n', 'import', undefined],
    ['a continued line, over a comment', '[ConfExt]\nMutable=\\\n# hey\nyes\n', 'yes', undefined],
    ['another section', '[Confext]\nMutable=yes\n', undefined, ":1: Unknown section 'Confext'. Ignoring."],
    ['a private section', '[X-Mine]\nMutable=yes\n', undefined, undefined],
    ['no section', 'Mutable=yes\n', undefined, ':1: Assignment outside of section. Ignoring.'],
    [
      'a bad value',
      '[ConfExt]\nMutable=maybe\n',
      undefined,
      ':2: Failed to parse Mutable=maybe, ignoring: Invalid argument',
    ],
    [
      'an empty value resets nothing',
      '[ConfExt]\nMutable=yes\nMutable=\n',
      'yes',
      ':3: Failed to parse Mutable=, ignoring: Invalid argument',
    ],
    [
      'no quotes',
      '[ConfExt]\nMutable="yes"\n',
      undefined,
      ':2: Failed to parse Mutable="yes", ignoring: Invalid argument',
    ],
    [
      'no comment behind',
      '[ConfExt]\nMutable=yes # c\n',
      undefined,
      ':2: Failed to parse Mutable=yes # c, ignoring: Invalid argument',
    ],
    [
      'an unknown key',
      '[ConfExt]\nmutable=yes\n',
      undefined,
      ":2: Unknown key 'mutable' in section [ConfExt], ignoring.",
    ],
    ['a private key', '[ConfExt]\nX-Mutable=yes\n', undefined, undefined],
    ['junk', '[ConfExt]\njunk\nMutable=auto\n', 'auto', ":2: Missing '=', ignoring line."],
  ])('%s', (_, text, mode, note) => {
    const config = readConfig(look({ [MAIN]: text }), 'confext');
    expect(config.mutable).toBe(mode);
    expect(config.notes.map(({ path, what }) => `${path}: ${what}`)).toEqual(
      note === undefined ? [] : [`${MAIN}${note}`],
    );
    expect(config.files).toEqual([MAIN]);
  });
});

describe('modes', () => {
  it.each([
    ['yes', 'yes'],
    ['TRUE', 'yes'],
    ['1', 'yes'],
    ['off', 'no'],
    ['auto', 'auto'],
    ['Auto', undefined],
    ['ephemeral-import', 'ephemeral-import'],
    ['', undefined],
  ])('"%s" is %s', (text, mode) => {
    expect(parseMode(text)).toBe(mode);
  });
});
