import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/input/error.ts';
import { fromDirectoryJSON, toVolume, viewToVolume } from '../../src/input/memfs.ts';
import { parseTree, printTree } from '../../src/kernel/notation.ts';
import { plainFs } from '../../src/kernel/tree.ts';
import type { Seen, View } from '../../src/kernel/view.ts';

describe('DirectoryJSON is a shorthand for plain trees', () => {
  it('of directories and files', () => {
    const tree = fromDirectoryJSON({ '/etc/app.conf': 'v1', 'etc/d/x': '', '/opt': null });
    expect(printTree(plainFs(tree))).toBe('etc/\n  app.conf "v1"\n  d/\n    x ""\nopt/');
  });

  it('a file with names below it is refused', () => {
    expect(() => fromDirectoryJSON({ '/a': 'x', '/a/b': 'y' }, 'layers.json')).toThrow(InputError);
    expect(() => fromDirectoryJSON({ '/a': 'x', '/a/b': 'y' }, 'layers.json')).toThrow(/^layers.json: found .*ENOTDIR/);
  });
});

describe('a tree as a Volume', () => {
  const fs = parseTree(`
    etc/
      app.conf "v1" 0600
      again = /etc/app.conf
      link -> app.conf
      su "x" 04755 @12
  `);
  const { volume, omitted } = toVolume(fs.root, fs.inodes);

  it('has contents, links, permission bits and times', () => {
    expect(volume.readFileSync('/etc/link', 'utf8')).toBe('v1');
    expect(volume.statSync('/etc/again').nlink).toBe(2);
    expect(volume.statSync('/etc/app.conf').mode & 0o7777).toBe(0o600);
    expect(volume.statSync('/etc/su').mode & 0o7777).toBe(0o4755);
    expect([volume.statSync('/etc/su').mtimeMs, volume.statSync('/etc').mtimeMs]).toEqual([12_000, 0]);
    expect(omitted).toEqual([]);
  });

  it('what memfs cannot carry is listed', () => {
    const odd = parseTree(`
      d/ opaque 0500
        gone whiteout
        pipe fifo
        tty chr 5:1
        theirs "x" 5:7
        secret "x" 0000 user.k="v"
    `);
    const bridged = toVolume(odd.root);
    expect(bridged.omitted.map(({ path, why }) => `${path}: ${why}`)).toEqual([
      '/d/gone: a whiteout',
      '/d/pipe: a fifo 0/0',
      '/d/secret: extended attribute user.k',
      "/d/secret: mode 0000: the owner's bits are set, else memfs refuses access",
      '/d/theirs: owner 5:7',
      '/d/tty: a chr 5/1',
      '/d: extended attribute trusted.overlay.opaque',
      "/d: mode 0500: the owner's bits are set, else memfs refuses access",
    ]);
    expect(bridged.volume.readdirSync('/d').map(String).sort()).toEqual(['secret', 'theirs']);
    expect(bridged.volume.readFileSync('/d/secret', 'utf8')).toBe('x');
  });

  it('comes back as it was, where it is plain', () => {
    const text = 'a/\n  b "1"\n  c/\nd "2"';
    const plain = toVolume(parseTree(text).root).volume;
    expect(printTree(plainFs(fromDirectoryJSON(plain.toJSON())))).toBe(text);
  });

  it('a view has its place', () => {
    const seen = (type: Seen['type'], data: string, mode: number): Seen => ({ type, data, mode, layers: ['host'] });
    const view: View = new Map([
      ['/etc', seen('dir', '', 0o755)],
      ['/etc/d', seen('dir', '', 0o750)],
      ['/etc/d/f', seen('file', 'v1', 0o644)],
      ['/etc/l', seen('symlink', 'd/f', 0o777)],
      ['/etc/gone', seen('chr', '0,0', 0)],
    ]);
    const bridged = viewToVolume(view, '/etc');
    expect(bridged.volume.readFileSync('/etc/l', 'utf8')).toBe('v1');
    expect(bridged.volume.statSync('/etc/d').mode & 0o7777).toBe(0o750);
    expect(bridged.omitted).toEqual([{ path: '/etc/gone', why: 'a whiteout' }]);
  });
});
