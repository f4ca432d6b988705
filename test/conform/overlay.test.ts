import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { conformFiles } from '../../src/conform/conform.ts';
import { Field, fieldsOf } from '../../src/conform/json.ts';
import { conformOverlay } from '../../src/conform/overlay.ts';
import { InputError } from '../../src/input/error.ts';

const VECTORS = 'test/vectors/overlay';
const OWN = 'test/vectors/own';

describe('the model does what Linux 6.18 was recorded doing', () => {
  it.each<[string, readonly string[]]>([
    ['random-layers.jsonl', ['100 passed, 0 failed']],
    ['random-renames.jsonl', ['100 passed, 0 failed']],
    ['tricky.jsonl', ['47 passed, 0 failed']],
    [
      'quirks.jsonl',
      [
        'SKIP hardlink-kept-index-on: index=on is not modelled',
        'SKIP metacopy-chmod: metacopy=on is not modelled',
        '8 passed, 0 failed, 2 skipped',
      ],
    ],
  ])('%s', (file, lines) => {
    expect(conformFiles([`${VECTORS}/${file}`]).lines).toEqual(lines);
  });

  it.each(readdirSync(OWN).filter((name) => name.endsWith('.jsonl')))('own recordings: %s', (file) => {
    const { lines, passed, failed } = conformFiles([`${OWN}/${file}`]);
    expect([passed > 0, failed, lines.length]).toEqual([true, 0, 1]);
  });
});

const json = (value: unknown): string => JSON.stringify(value);
/** A copy of JSON data with one edit. */
function edited(text: string, edit: (vector: Record<string, unknown[]>) => void): Field {
  const copy = JSON.parse(text);
  edit(copy);
  return new Field(copy, 'edited', 1);
}
const tricky = readFileSync(`${VECTORS}/tricky.jsonl`, 'utf8').trim().split('\n');

describe('a recording that says anything else fails', () => {
  it('with each of its results changed in turn', () => {
    const unnoticed: string[] = [];
    for (const text of tricky) {
      const results: { ok?: unknown }[] = JSON.parse(text).results;
      for (const [index, result] of results.entries()) {
        const other = edited(text, (vector) => {
          vector['results']?.splice(index, 1, 'ok' in result ? { err: 'EIO' } : { ok: null });
        });
        const verdict = conformOverlay(other);
        if (verdict.outcome !== 'fail' || verdict.why?.startsWith(`ops[${index}] `) !== true)
          unnoticed.push(`${verdict.name} ops[${index}]`);
      }
    }
    expect(unnoticed).toEqual([]);
  });

  it.each(['initial', 'merged', 'upper'])('with each entry of %s taken away in turn', (listing) => {
    const unnoticed: string[] = [];
    for (const text of tricky) {
      const entries: { path: string }[] | null = JSON.parse(text)[listing];
      for (const [index, { path }] of (entries ?? []).entries()) {
        const verdict = conformOverlay(edited(text, (vector) => void vector[listing]?.splice(index, 1)));
        if (verdict.why?.startsWith(`${listing}: ${path} is in the model only`) !== true)
          unnoticed.push(`${verdict.name} ${path}`);
      }
    }
    expect(unnoticed).toEqual([]);
  });

  it('with any field of an entry changed, but not for the link count of a directory', () => {
    const noticed = new Set<string>();
    const unnoticed = new Set<string>();
    for (const text of tricky) {
      for (const listing of ['merged', 'upper']) {
        const entries: Record<string, unknown>[] = JSON.parse(text)[listing] ?? [];
        for (const [index, entry] of entries.entries()) {
          for (const key of Object.keys(entry).filter((name) => name !== 'path' && name !== 'overlay')) {
            const kind = `${listing} ${entry['type']} ${key}`;
            if (noticed.has(kind) || unnoticed.has(kind)) continue;
            const verdict = conformOverlay(
              edited(text, (vector) => void vector[listing]?.splice(index, 1, { ...entry, [key]: 'other' })),
            );
            (verdict.outcome === 'fail' ? noticed : unnoticed).add(kind);
          }
        }
      }
    }
    expect([...unnoticed].sort()).toEqual(['merged dir nlink', 'upper dir nlink']);
    expect([...noticed]).toEqual(
      expect.arrayContaining(['merged file content', 'upper symlink target', 'merged dir mode']),
    );
  });
});

const SMALL = {
  name: 'small',
  options: '',
  layers: { upper: [], lowers: [[{ path: '/a', type: 'file', content: 'x', mode: 420 }]] },
  initial: [
    { path: '/', type: 'dir', mode: 493, uid: 0, gid: 0 },
    { path: '/a', type: 'file', mode: 420, uid: 0, gid: 0, nlink: 1, size: 1, content: 'x' },
  ],
  ops: [{ op: 'unlink', path: '/a' }],
  results: [{ ok: null }],
  merged: [{ path: '/', type: 'dir', mode: 493, uid: 0, gid: 0 }],
  upper: [
    { path: '/', type: 'dir', mode: 493, uid: 0, gid: 0 },
    { path: '/a', type: 'whiteout' },
  ],
};

describe('the first difference is told in one line', () => {
  it.each<[string, object, string]>([
    [
      'an errno',
      { results: [{ err: 'EPERM' }] },
      'ops[0] {"op":"unlink","path":"/a"}: the model gives null, recorded EPERM',
    ],
    ['a missing name', { merged: SMALL.initial }, 'merged: /a is missing, the recording has "file"'],
    [
      'a mode, in octal',
      { initial: [SMALL.initial[0], { ...SMALL.initial[1], mode: 0o600 }] },
      'initial: /a: mode is 0644, recorded 0600',
    ],
    [
      'an attribute of overlayfs',
      { upper: [{ ...SMALL.upper[0], overlay: { opaque: 'y', uuid: true } }, SMALL.upper[1]] },
      'upper: /: overlay is none, recorded {"opaque":"y"}',
    ],
    [
      'another tree after a new mount',
      { merged_after_remount: SMALL.initial },
      'merged after remount: /a is missing, the recording has "file"',
    ],
    [
      'layers that the model would not mount',
      { layers: { upper: null, lowers: [[]] } },
      'mount: the model says EINVAL, the recording mounted',
    ],
  ])('%s', (_, change, why) => {
    expect(conformOverlay(new Field({ ...SMALL, ...change }, 'v', 1))).toEqual({ name: 'small', outcome: 'fail', why });
  });

  it('and nothing is told of a vector that passes', () => {
    expect(conformOverlay(new Field(SMALL, 'v', 1))).toEqual({ name: 'small', outcome: 'pass' });
  });

  it.each([
    ['index=on', 'index=on is not modelled'],
    ['metacopy=on', 'metacopy=on is not modelled'],
    ['nfs_export=on', 'nfs_export=on is not modelled'],
    ['xino=on,datadir+=/x', 'xino=on,datadir+=/x is not modelled'],
    ['userxattr', 'userxattr: a recording tells trusted.overlay.* from other attributes only'],
  ])('%s is skipped', (options, why) => {
    const verdict = conformOverlay(new Field({ ...SMALL, options }, 'v', 1));
    expect(verdict).toEqual({ name: 'small', outcome: 'skip', why });
  });

  it.each(['xino=on,uuid=null,fsync=strict', 'index=off,metacopy=off,nfs_export=off', 'verity=on,default_permissions'])(
    '%s makes no difference',
    (options) => {
      expect(conformOverlay(new Field({ ...SMALL, options }, 'v', 1)).outcome).toBe('pass');
    },
  );
});

describe('a vector that is not in the format is refused, with the place and what would be right', () => {
  const layer = (...entries: object[]) => ({ layers: { upper: entries, lowers: [[]] } });
  const file = { path: '/a', type: 'file', content: '' };
  it.each<[string, object, string]>([
    ['a name that is missing', { name: undefined }, 'v:7: found nothing as name, expected a string'],
    [
      'an unknown op',
      { ops: [{ op: 'unlnk' }] },
      'v:7: found "unlnk" as ops[0].op, expected one of remount, open, mkdir',
    ],
    ['an op without its path', { ops: [{ op: 'read' }] }, 'v:7: found nothing as ops[0].path, expected a string'],
    ['a relative path', { ops: [{ op: 'read', path: 'a' }] }, 'found "a" as ops[0].path, expected an absolute path'],
    [
      'a mode as text',
      { ops: [{ op: 'chmod', path: '/a', mode: '0644' }] },
      'found "0644" as ops[0].mode, expected an integer',
    ],
    [
      'an unknown flag',
      { ops: [{ op: 'open', path: '/a', flags: 'O_RDNLY' }] },
      'found "O_RDNLY" as ops[0].flags, expected O_RDONLY',
    ],
    ['more ops than results', { results: [] }, 'found [] as results, expected one result for each of 1 ops'],
    ['a result of no kind', { results: [{}] }, 'found {} as results[0], expected {"ok": …} or {"err": "ENOENT"}'],
    [
      'a child without a parent',
      layer({ ...file, path: '/d/a' }),
      'found "/d/a" as layers.upper[0].path, expected an entry for its parent',
    ],
    [
      'a child of a file',
      layer(file, { ...file, path: '/a/b' }),
      'found "/a/b" as layers.upper[1].path, expected an entry for its parent',
    ],
    [
      'two entries of one name',
      layer(file, file),
      'found "/a" as layers.upper[1].path, expected one entry for each path',
    ],
    [
      'an unknown type',
      layer({ path: '/a', type: 'door' }),
      'found "door" as layers.upper[0].type, expected one of dir, file',
    ],
    [
      'a file without content',
      layer({ path: '/a', type: 'file' }),
      'found nothing as layers.upper[0].content, expected a string',
    ],
    [
      'a link to nothing',
      layer({ path: '/a', type: 'file', hardlink: '/b' }),
      'found "/b" as layers.upper[0].hardlink, expected the path of an earlier file',
    ],
    [
      'a link to itself',
      layer({ path: '/a', type: 'file', hardlink: '/a' }),
      'found "/a" as layers.upper[0].hardlink, expected the path of an earlier file',
    ],
    [
      'a link to a directory',
      layer({ path: '/d', type: 'dir' }, { path: '/a', type: 'file', hardlink: '/d' }),
      'found "/d" as layers.upper[1].hardlink, expected the path of an earlier file',
    ],
    [
      'a link to the root',
      layer({ path: '/a', type: 'file', hardlink: '/' }),
      'found "/" as layers.upper[0].hardlink, expected the path of an earlier file',
    ],
    [
      'a link to a symlink',
      layer({ path: '/l', type: 'symlink', target: 'x' }, { path: '/a', type: 'file', hardlink: '/l' }),
      'found "/l" as layers.upper[1].hardlink, expected the path of an earlier file',
    ],
    [
      'a directory that is a link to its parent',
      layer({ path: '/d', type: 'dir' }, { path: '/d/e', type: 'dir', hardlink: '/d' }),
      'found "/d" as layers.upper[1].hardlink, expected a hardlink for files only',
    ],
    [
      'two entries for the root',
      layer({ path: '/', type: 'dir' }, { path: '/', type: 'dir' }),
      'found "/" as layers.upper[1].path, expected one entry for each path',
    ],
    [
      'a root that is a file',
      layer({ ...file, path: '/' }),
      'found "file" as layers.upper[0].type, expected one of dir',
    ],
    ...['/a/', '//a', '/./a', '/../a', '/a/..', `/${'x'.repeat(256)}`, '/a\0'].map((path): [string, object, string] => [
      `the path ${path}`,
      layer({ path: '/a', type: 'dir' }, { ...file, path }),
      'as layers.upper[1].path, expected a path of names that directories can hold',
    ]),
    [
      'a mode of more than twelve bits',
      layer({ ...file, mode: 0o10644 }),
      'found 4516 as layers.upper[0].mode, expected a mode from 0 to 4095',
    ],
    ['a negative mode', layer({ ...file, mode: -1 }), 'found -1 as layers.upper[0].mode, expected a mode'],
    ['a mode with a fraction', layer({ ...file, mode: 1.5 }), 'found 1.5 as layers.upper[0].mode, expected an integer'],
    [
      'a symlink with a mode',
      layer({ path: '/l', type: 'symlink', target: 'x', mode: 0o644 }),
      'found 420 as layers.upper[0].mode, expected 511 for a symlink',
    ],
    [
      'a symlink to nothing',
      layer({ path: '/l', type: 'symlink', target: '' }),
      'found "" as layers.upper[0].target, expected a target of 1 to 4095 bytes',
    ],
    [
      'a file that is opaque',
      layer({ ...file, opaque: 'y' }),
      'found "y" as layers.upper[0].opaque, expected opaque for directories only',
    ],
    [
      'a directory that is opaque in no way',
      layer({ path: '/d', type: 'dir', opaque: 'n' }),
      'found "n" as layers.upper[0].opaque, expected one of y, x',
    ],
    ['an owner below 0', layer({ ...file, uid: -1 }), 'found -1 as layers.upper[0].uid, expected a user or group'],
    ['a group beyond 32 bits', layer({ ...file, gid: 2 ** 32 }), 'as layers.upper[0].gid, expected a user or group'],
    [
      'a device without a minor number',
      layer({ path: '/n', type: 'chr', rdev: [1] }),
      'found [1] as layers.upper[0].rdev, expected [major, minor]',
    ],
    [
      'a device with a negative number',
      layer({ path: '/n', type: 'blk', rdev: [1, -1] }),
      'found [1,-1] as layers.upper[0].rdev, expected [major, minor]',
    ],
    [
      'an attribute in no namespace',
      layer({ ...file, xattrs: { name: 'v' } }),
      'found {"name":"v"} as layers.upper[0].xattrs, expected names that begin with user.',
    ],
    [
      'an attribute that is no text',
      layer({ ...file, xattrs: { 'user.k': 1 } }),
      'found 1 as layers.upper[0].xattrs.user.k, expected a string',
    ],
    ['layers that are no list', { layers: { upper: {}, lowers: [[]] } }, 'found {} as layers.upper, expected an array'],
    ['an entry that is no object', layer([]), 'found [] as layers.upper[0], expected an object'],
    [
      'a redirect mode of no kind',
      { options: 'redirect_dir=maybe' },
      'expected redirect_dir=on, off, follow or nofollow',
    ],
    ['an option of no kind', { options: 'foo' }, 'found "foo" as options, expected an option of overlayfs'],
    [
      'options that overlayfs does not take together',
      { options: 'metacopy=on,redirect_dir=off' },
      'expected options that go together, not metacopy=on with redirect_dir=off',
    ],
  ])('%s', (_, change, message) => {
    const vector = new Field({ ...SMALL, ...change }, 'v', 7);
    expect(() => conformOverlay(vector)).toThrow(InputError);
    expect(() => conformOverlay(vector)).toThrow(message);
  });

  it('text that is not JSON, with line and column', () => {
    expect(() => fieldsOf(`${json(SMALL)}\n{"name": oops}`, 'v.jsonl')).toThrow(
      'v.jsonl:2:10: found "oops}", expected JSON',
    );
    expect(() => fieldsOf('[{"name": "a"},\n {]', 'v.json')).toThrow('v.json:2:3: found "]", expected JSON');
    expect(() => fieldsOf('{"name": ', 'v.jsonl')).toThrow('v.jsonl:1:10: found the end of the text, expected JSON');
  });

  it('one vector per line, blank lines between them, or one array', () => {
    const both = [SMALL, { ...SMALL, name: 'second' }];
    const names = (text: string) => fieldsOf(text, 'v').map((vector) => conformOverlay(vector).name);
    expect(names(`${both.map(json).join('\n\n')}\n`)).toEqual(['small', 'second']);
    expect(names(JSON.stringify(both, null, 2))).toEqual(['small', 'second']);
  });
});
