import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  layers,
  NotationError,
  parseLayers,
  parseTree,
  printDirectory,
  printLayers,
  printTree,
  tree,
} from '../../src/kernel/notation.ts';
import type { Directory, Entry, InoId, NonDirectory, PlainFs } from '../../src/kernel/types.ts';

const drawn = tree`
  etc/
    app.conf "v1\n"
    d/ opaque 0700 @12
      tty chr 5:1
    gone whiteout
    link -> ../target
    moved/ redirect=/d/s #1
    secret "x" 0600 5:7
  zz = /etc/app.conf
`;

describe('the notation draws', () => {
  const etc = drawn.root.entries.get('etc');
  const entries = etc?.type === 'dir' ? etc.entries : new Map<string, Entry>();
  const plain = { uid: 0, gid: 0, mtime: 0, xattrs: new Map() };
  const file = { type: 'file', ...plain, mode: 0o644 };

  it.each<[string, string, object]>([
    ['a regular file with its mode and owner', 'secret', { ...file, content: 'x', mode: 0o600, uid: 5, gid: 7 }],
    ['a symlink', 'link', { type: 'symlink', ...plain, mode: 0o777, target: '../target' }],
    ['a whiteout as the character device 0:0', 'gone', { type: 'chr', ...plain, mode: 0, rdev: [0, 0] }],
    ['the second name of a file as a link to its inode', 'app.conf', { type: 'link', ino: 'tree.0' }],
    [
      'a redirect as its attribute, and which directory it is',
      'moved',
      {
        type: 'dir',
        ...plain,
        mode: 0o755,
        entries: new Map(),
        birth: '1',
        xattrs: new Map([['trusted.overlay.redirect', '/d/s']]),
      },
    ],
    [
      'an opaque directory with its mode, time and children',
      'd',
      {
        type: 'dir',
        ...plain,
        mode: 0o700,
        mtime: 12,
        xattrs: new Map([['trusted.overlay.opaque', 'y']]),
        entries: new Map([['tty', { type: 'chr', ...plain, mode: 0o644, rdev: [5, 1] }]]),
      },
    ],
  ])('%s', (_, name, inode) => {
    expect(entries.get(name)).toEqual(inode);
  });

  it('an inode once, with the number of its names', () => {
    expect(drawn.inodes).toEqual(new Map([['tree.0', { inode: { ...file, content: 'v1\n' }, links: 2 }]]));
  });

  it('the attributes of the top directory on a first line of its own', () => {
    expect(printTree(tree`/ opaque 0700`)).toBe('/ opaque 0700');
    expect(tree`/ 0700 1:1`.root).toEqual({ type: 'dir', ...plain, mode: 0o700, uid: 1, gid: 1, entries: new Map() });
  });

  it('nothing as an empty file system', () => {
    expect(tree``.root.entries.size).toBe(0);
    expect(printTree(tree``)).toBe('');
  });
});

describe('the printer', () => {
  it('gives canonical text: sorted, one attribute order, defaults left out', () => {
    const fs = tree`
      b "" user.z="1" user.a="2" 0:9 0644
      "a b"/ 0755 redirect="x y" opaque
      w chr 0:0
    `;
    expect(printTree(fs)).toBe('"a b"/ opaque redirect="x y"\nb "" 0:9 user.a="2" user.z="1"\nw whiteout');
  });

  it('shows a hard link where its file comes first, whatever the order of the text', () => {
    const late = tree`
      b/
        x "1"
      a = /b/x
    `;
    const early = tree`
      a "1"
      b/
        x = /a
    `;
    expect(late).toEqual(early);
    expect(printTree(late)).toBe('a "1"\nb/\n  x = /a');
  });

  it('shows one directory as if it were the top', () => {
    expect(printDirectory(drawn, '/etc/d')).toBe('/ opaque 0700 @12\ntty chr 5:1');
    expect(printDirectory(tree`a/`, '/a')).toBe('');
    expect(() => printDirectory(drawn, '/etc/secret')).toThrow('cannot draw /etc/secret: it is not a directory');
  });

  it('shows layers top first, and reads them back', () => {
    const text = 'upper:\n  / opaque\n  a "u"\nlower:\n  a "1"\nlower:\n  d/\n    x "2"';
    expect(printLayers(parseLayers(text))).toBe(text);
    const readonly = layers`
      lower:
        a "1"
      lower:
    `;
    expect(readonly.upper).toBeNull();
    expect(readonly.lowers.map(printTree)).toEqual(['a "1"', '']);
  });
});

describe('text that is not in the notation is refused with its place', () => {
  it.each<[string, string, string]>([
    ['a name alone', 'a', 'line 1, column 2: found the end of the line, expected a "/" for a directory, or a blank'],
    ['an unknown kind', 'a foo', 'line 1, column 3: found "foo", expected what it is: "content"'],
    ['a deep jump', 'a/\n    b ""', 'line 2, column 5: found "b \\"\\"", expected two blanks per level, so at most 2'],
    ['an odd indentation', 'a/\n b ""', 'line 2, column 2: found "b \\"\\"", expected two blanks per level'],
    [
      'a child of a file',
      'a ""\n  b ""',
      'line 2, column 3: found "b \\"\\"", expected two blanks per level, so at most 0',
    ],
    [
      'a name given twice',
      'a ""\na/',
      'line 2, column 1: found "a/", expected a name that its directory does not have',
    ],
    ['a name with a slash', '"a/b" ""', 'line 1, column 1: found "\\"a/b\\" \\"\\"", expected a name that a directory'],
    ['the name ..', '../', 'line 1, column 1: found "../", expected a name that a directory can hold'],
    ['a string without an end', 'a "x', 'line 1, column 3: found "\\"x", expected a JSON string'],
    ['a wrong escape', 'a "\\q"', 'line 1, column 3: found "\\"\\\\q\\"", expected a JSON string'],
    ['two modes', 'a "" 0644 0600', 'line 1, column 11: found "0600", expected a mode once only'],
    ['a decimal mode', 'a "" 644', 'line 1, column 6: found "644", expected an attribute: 0644, 5:7'],
    ['opaque on a file', 'a "" opaque', 'line 1, column 6: found "opaque", expected an attribute'],
    ['an attribute without a value', 'a "" user.k=v', 'line 1, column 13: found "v", expected the value of user.k'],
    ['a link to a later file', 'a = /b\nb ""', 'line 1, column 5: found "/b", expected the path of an earlier file'],
    ['a link to a directory', 'a/\nb = /a', 'line 2, column 5: found "/a", expected the path of an earlier file'],
    ['a link with a mode', 'a ""\nb = /a 0600', 'line 2, column 7: found " 0600", expected the end of the line'],
    ['a device without a number', 'a chr 5', 'line 1, column 7: found "5", expected a device number'],
    ['a name that is not plain', '&a ""', 'line 1, column 1: found "&a \\"\\"", expected a name (a JSON string'],
    ['an indented tree, with columns of the text', '\n    a ""\n    b x', 'line 3, column 7: found "x"'],
  ])('%s', (_, text, message) => {
    expect(() => parseTree(text)).toThrow(NotationError);
    expect(() => parseTree(text)).toThrow(message);
  });

  it.each<[string, string, string]>([
    ['another section', 'middle:', 'line 1, column 1: found "middle:", expected a section'],
    ['two uppers', 'upper:\nupper:', 'line 2, column 1: found "upper:", expected one "upper:" at most'],
    ['an error inside a section', 'lower:\n  a x', 'line 2, column 5: found "x", expected what it is'],
  ])('layers: %s', (_, text, message) => {
    expect(() => parseLayers(text)).toThrow(message);
  });
});

// --- every file system survives being drawn

const name = fc
  .oneof(
    fc.constantFrom(
      'a',
      'b',
      'c',
      'whiteout',
      'opaque',
      '0644',
      '-',
      '=',
      '#1',
      '@2',
      'a b',
      '"',
      '\\',
      ' ',
      '\n',
      'é',
    ),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 4 }),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 }),
  )
  .filter((text) => text !== '.' && text !== '..' && !text.includes('/') && !text.includes('\0'));
const text = fc.oneof(fc.constantFrom('', '/a', '../x', '0600', 'opaque', 'a\nb'), fc.string({ unit: 'binary' }));
const attributes = fc.record({
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.constantFrom(0, 0, 1, 65534),
  gid: fc.constantFrom(0, 0, 5),
  mtime: fc.constantFrom(0, 0, 12, -3),
  xattrs: fc
    .dictionary(
      fc.constantFrom('user.k', 'trusted.overlay.opaque', 'trusted.overlay.redirect', 'redirect', 'user.a=b c', 'ü.x'),
      fc.oneof(fc.constant('y'), text),
      { maxKeys: 3 },
    )
    .map((record) => new Map(Object.entries(record))),
});
const rdev = fc.tuple(fc.nat(3), fc.nat(3));
const leaf: fc.Arbitrary<NonDirectory> = fc.oneof(
  fc.tuple(attributes, text).map(([own, content]): NonDirectory => ({ type: 'file', ...own, content })),
  fc.tuple(attributes, text).map(([own, target]): NonDirectory => ({ type: 'symlink', ...own, target })),
  fc
    .tuple(attributes, rdev, fc.constantFrom<'chr' | 'blk'>('chr', 'blk'))
    .map(([own, device, type]): NonDirectory => ({ type, ...own, rdev: device })),
  fc
    .tuple(attributes, fc.constantFrom<'fifo' | 'sock'>('fifo', 'sock'))
    .map(([own, type]): NonDirectory => ({ type, ...own, rdev: [0, 0] })),
);
/** A drawn shape: children are leaves, directories, or the number of a shared inode. */
type Shape =
  | NonDirectory
  | number
  | { readonly own: Omit<Directory, 'type' | 'entries'>; readonly entries: [string, Shape][] };
const shape = fc.letrec<{ dir: Shape; any: Shape }>((tie) => ({
  dir: fc
    .tuple(
      attributes,
      fc.option(text, { nil: undefined }),
      fc.uniqueArray(fc.tuple(name, tie('any')), { selector: ([key]) => key, maxLength: 5 }),
    )
    .map(([own, birth, entries]) => ({ own: birth === undefined ? own : { ...own, birth }, entries })),
  any: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, fc.nat(1), tie('dir')),
}));

/** A file system as the model would hold it: inodes numbered where a walk in sorted order meets them first. */
function fileSystemOf(top: Shape, shared: readonly NonDirectory[]): PlainFs {
  const counts = new Map<number, number>();
  const ids = new Map<number, InoId>();
  const count = (node: Shape): void => {
    if (typeof node === 'number') counts.set(node, (counts.get(node) ?? 0) + 1);
    else if ('entries' in node) for (const [, child] of node.entries) count(child);
  };
  count(top);
  const inodes = new Map<InoId, { inode: NonDirectory; links: number }>();
  const build = (node: Shape): Entry => {
    if (typeof node === 'number') {
      const inode = shared[node];
      if (inode === undefined) throw new Error('the shape numbers an inode that was not made');
      const links = counts.get(node) ?? 0;
      if (links < 2) return inode;
      const ino = ids.get(node) ?? `tree.${ids.size}`;
      ids.set(node, ino);
      inodes.set(ino, { inode, links });
      return { type: 'link', ino };
    }
    if (!('entries' in node)) return node;
    const sorted = [...node.entries].sort(([a], [b]) => (a < b ? -1 : 1));
    return { type: 'dir', ...node.own, entries: new Map(sorted.map(([key, child]) => [key, build(child)])) };
  };
  const root = build(top);
  if (root.type !== 'dir') throw new Error('the top of a shape is a directory');
  return { kind: 'plain', type: 'ext4', root, inodes, pins: new Map(), readonly: false };
}

const fileSystems = fc.tuple(shape.dir, leaf, leaf).map(([top, a, b]) => fileSystemOf(top, [a, b]));

describe('parser and printer are inverse', () => {
  it('what is printed and read back is the same file system', () => {
    fc.assert(
      fc.property(fileSystems, (fs) => {
        expect(parseTree(printTree(fs))).toEqual(fs);
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  it('canonical text is printed as it was read', () => {
    fc.assert(
      fc.property(fileSystems, (fs) => {
        const canonical = printTree(fs);
        expect(printTree(parseTree(canonical))).toBe(canonical);
      }),
      { numRuns: 200, seed: 8 },
    );
  });

  it('the random file systems hold hard links, whiteouts and quoted names', () => {
    const seen = { link: 0, whiteout: 0, quoted: 0 };
    for (const fs of fc.sample(fileSystems, { numRuns: 300, seed: 1 })) {
      const printed = printTree(fs);
      if (fs.inodes.size > 0) seen.link++;
      if (printed.includes(' whiteout')) seen.whiteout++;
      if (/^ *"/m.test(printed)) seen.quoted++;
    }
    expect(Math.min(seen.link, seen.whiteout, seen.quoted)).toBeGreaterThan(10);
  });
});
