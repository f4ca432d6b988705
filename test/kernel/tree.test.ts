import { describe, expect, it } from 'vitest';
import { parseTree, printTree } from '../../src/kernel/notation.ts';
import {
  apply,
  directory,
  file,
  get,
  hold,
  identityOf,
  linksOf,
  names,
  pinned,
  release,
  type TreeChange,
  whiteout,
} from '../../src/kernel/tree.ts';
import type { Inode, Path, PlainFs } from '../../src/kernel/types.ts';
import { canonical } from './bench.ts';

const create = (path: Path, inode: Inode = file('new')): TreeChange => ({ do: 'create', fs: 'disk', path, inode });
const remove = (path: Path): TreeChange => ({ do: 'remove', fs: 'disk', path });
const rename = (from: Path, to: Path): TreeChange => ({ do: 'move', fs: 'disk', from, to });
const swap = (from: Path, to: Path): TreeChange => ({ do: 'exchange', fs: 'disk', from, to });
const link = (from: Path, to: Path): TreeChange => ({ do: 'link', fs: 'disk', from, to });

const edit = (fs: PlainFs, ...changes: readonly TreeChange[]): PlainFs =>
  changes.reduce((before, change) => apply(before, change, 't'), fs);

describe('a change gives the file system after it', () => {
  it.each<[string, string, readonly TreeChange[], string]>([
    ['creates a file', 'a/', [create('/a/f')], 'a/\n  f "new"'],
    ['creates over a file, as rename(2) would', 'f "old"', [create('/f')], 'f "new"'],
    ['creates over a directory with what is in it', 'd/\n  f "x"', [create('/d', whiteout())], 'd whiteout'],
    ['removes a tree', 'd/\n  e/\n    f "x"\ng "y"', [remove('/d')], 'g "y"'],
    ['moves a directory with its contents', 'd/\n  f "x"\ne/', [rename('/d', '/e/d')], 'e/\n  d/\n    f "x"'],
    ['moves over a file', 'a "1"\nb "2"', [rename('/a', '/b')], 'b "1"'],
    ['exchanges a file and a directory', 'a "1"\nd/\n  f "x"', [swap('/a', '/d')], 'a/\n  f "x"\nd "1"'],
    ['links a file', 'a "1"\nd/', [link('/a', '/d/b')], 'a "1"\nd/\n  b = /a'],
    ['links a third name', 'a "1"\nb = /a', [link('/b', '/c')], 'a "1"\nb = /a\nc = /a'],
    ['keeps the last of two names as a plain file', 'a "1"\nb = /a', [remove('/a')], 'b "1"'],
    ['keeps a link when its first name moves', 'a "1"\nb = /a', [rename('/a', '/z')], 'b "1"\nz = /b'],
    ['counts links down when a tree goes', 'a "1"\nd/\n  b = /a\n  c = /a', [remove('/d')], 'a "1"'],
    ['renames a link over its last other name', 'a "1"\nb = /a', [rename('/a', '/b')], 'b "1"'],
  ])('%s', (_, before, changes, after) => {
    expect(printTree(edit(parseTree(before), ...changes))).toBe(canonical(after));
  });

  it('an edit through one name of a file shows through the other', () => {
    const fs = edit(parseTree('a "1"\nb = /a'), { do: 'replace', fs: 'disk', path: '/b', inode: file('2') });
    expect(get(fs, '/a')).toMatchObject({ content: '2' });
    expect(linksOf(fs, '/a')).toBe(2);
    expect(identityOf(fs, '/a')).toBe(identityOf(fs, '/b'));
  });

  it('new attributes of a directory leave its entries alone', () => {
    const inode = directory({}, { mode: 0o700 });
    expect(printTree(edit(parseTree('d/\n  f "x"'), { do: 'replace', fs: 'disk', path: '/d', inode }))).toBe(
      canonical('d/ 0700\n  f "x"'),
    );
  });

  it('a directory that gains or loses a name has a new mtime, its parent has not', () => {
    const fs = edit(parseTree('d/ @9\n  e/ @7\n    f "x"'), remove('/d/e/f'));
    expect([get(fs, '/d')?.mtime, get(fs, '/d/e')?.mtime]).toEqual([9, 0]);
  });

  it('the birth of a directory moves with it', () => {
    expect(printTree(edit(parseTree('d/ #1\n  f "x"'), create('/d/g'), rename('/d', '/e')))).toBe(
      canonical('e/ #1\n  f "x"\n  g "new"'),
    );
  });

  it.each<[string, TreeChange]>([
    ['a missing parent', create('/no/f')],
    ['a missing name', remove('/no')],
    ['a missing source', rename('/no', '/x')],
    ['a link to a directory', link('/d', '/x')],
  ])('%s is a broken model', (_, change) => {
    expect(() => edit(parseTree('d/\n  f "x"'), change)).toThrow(/cannot/);
  });
});

describe('a pin follows what it holds', () => {
  const held = (text: string, path: Path): PlainFs => hold(parseTree(text), 'p', path);

  it('through renames of it and of what is above it', () => {
    const fs = edit(held('a/\n  b/\n    c "x"', '/a/b/c'), rename('/a/b/c', '/a/d'), rename('/a', '/z'));
    expect(pinned(fs, 'p')).toBe('/z/d');
  });

  it('through an exchange', () => {
    expect(pinned(edit(held('a/\n  f "x"\nb/', '/a/f'), swap('/a', '/b')), 'p')).toBe('/b/f');
  });

  it('and an unlinked file lives until the last holder lets go', () => {
    const fs = edit(hold(held('f "x"', '/f'), 'q', '/f'), remove('/f'));
    const ino = pinned(fs, 'p');
    expect(get(fs, ino)).toMatchObject({ content: 'x' });
    expect(linksOf(fs, ino)).toBe(0);
    const one = release(fs, 'p');
    expect(get(one, ino)).toMatchObject({ content: 'x' });
    expect(release(one, 'q')).toEqual(parseTree(''));
  });

  it('a file replaced by a rename is unlinked, the new one is another', () => {
    const fs = edit(held('f "old"\ng "new"', '/f'), rename('/g', '/f'));
    expect(get(fs, pinned(fs, 'p'))).toMatchObject({ content: 'old' });
  });

  it('a removed directory is empty, and nothing can be found in it', () => {
    const fs = edit(held('d/\n  f "x"', '/d'), remove('/d'));
    expect(get(fs, pinned(fs, 'p'))).toMatchObject({ type: 'dir', entries: new Map() });
    expect(names(fs, pinned(fs, 'p'))).toEqual([]);
    expect(get(fs, `${pinned(fs, 'p')}/f`)).toBeUndefined();
  });

  it('unlinking one of two names leaves the holder with the other', () => {
    const fs = edit(held('a "1"\nb = /a', '/a'), remove('/a'));
    expect(pinned(fs, 'p')).toBe('/b');
    expect(fs.inodes.size).toBe(0);
  });

  it('unlinking one of three names leaves the holder with the inode, and with the last name at last', () => {
    const two = edit(held('a "1"\nb = /a\nc = /a', '/a'), remove('/a'));
    expect(get(two, pinned(two, 'p'))).toMatchObject({ content: '1' });
    expect(pinned(edit(two, remove('/b')), 'p')).toBe('/c');
  });

  it('ids are the lowest that their creator has free, so that equal states are equal', () => {
    const made = edit(parseTree('a "1"\nc "2"'), link('/a', '/b'), link('/c', '/d'), remove('/b'), link('/a', '/b'));
    const direct = edit(parseTree('a "1"\nc "2"'), link('/a', '/b'), link('/c', '/d'));
    expect(made).toEqual(direct);
  });
});
