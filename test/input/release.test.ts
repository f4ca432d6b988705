import { describe, expect, it } from 'vitest';
import { decode } from '../../src/input/bytes.ts';
import { IMAGE_CLASSES } from '../../src/input/imageclass.ts';
import { type Host, hostOf, match, parseRelease } from '../../src/input/release.ts';

const parsed = (text: string): unknown => {
  const release = parseRelease(text);
  return release === undefined ? 'refused' : Object.fromEntries(release);
};

describe('a release file is read as systemd reads environment files', () => {
  it.each([
    ['plain', 'ID=a\nVERSION_ID=1\n', { ID: 'a', VERSION_ID: '1' }],
    ['no newline at the end', 'ID=a', { ID: 'a' }],
    ['carriage returns', 'ID=a\r\nB=b\r\n', { ID: 'a', B: 'b' }],
    ['comments and blank lines', '# x=1\n\n ; y=2\nID=a\n', { ID: 'a' }],
    ['no comment after a value', 'ID=a # b\n', { ID: 'a # b' }],
    ['a comment that ends with a backslash ends there', '# c \\\nID=a\n', { ID: 'a' }],
    ['double quotes', 'ID="a b"\n', { ID: 'a b' }],
    ['quoted parts grow together', `ID='_a'"ny"  \r\n`, { ID: '_any' }],
    ['quotes inside a word are letters', `ID=a"b"\n`, { ID: 'a"b"' }],
    ['protected characters', 'ID="a\\"b\\$c\\\\d"\n', { ID: 'a"b$c\\d' }],
    ['other backslashes in double quotes stay', 'ID="a\\nb"\n', { ID: 'a\\nb' }],
    ['backslashes in single quotes stay', "ID='a\\'\n", { ID: 'a\\' }],
    ['a backslash outside of quotes goes', 'ID=a\\b\\ \n', { ID: 'ab ' }],
    ['a line continued', 'ID=a\\\nb\n', { ID: 'ab' }],
    ['a quoted line continued', 'ID="a\\\nb"\n', { ID: 'ab' }],
    ['a quote that is not closed', 'ID="a\nB=b', { ID: 'a\nB=b' }],
    ['blanks around', '  ID  =  a  b  \n', { ID: 'a  b' }],
    ['the last one wins', 'ID=a\nID=b\n', { ID: 'b' }],
    ['a line without =', 'junk\nID=a\n', { ID: 'a' }],
    ['"export" is part of the name', 'export ID=a\n', { 'export ID': 'a' }],
    ['empty values', 'ID=\nA=""\n', { ID: '', A: '' }],
    ['nothing', '', {}],
    ['a NUL byte', 'ID=a\0\n', 'refused'],
    ['invalid UTF-8 in a value', decode(Buffer.from('ID=a\nX=\xff\n', 'latin1')), 'refused'],
    ['invalid UTF-8 in a comment', decode(Buffer.from('# \xff\nID=a\n', 'latin1')), { ID: 'a' }],
  ])('%s', (_, text, expected) => {
    expect(parsed(text)).toEqual(expected);
  });
});

const HOST: Host = {
  imageClass: 'confext',
  id: 'testos',
  idLike: ['foo', 'bar'],
  versionId: '1',
  level: '',
  scope: 'system',
  architecture: 'x86-64',
};
const ROLLING: Partial<Host> = { versionId: '' };
const LEVEL: Partial<Host> = { level: '2' };

describe('an extension fits a host', () => {
  it.each<[string, string, Partial<Host>, boolean, string]>([
    ['no fields', '', {}, false, 'carries no release data'],
    ['any system', 'ID=_any', {}, true, "matches '_any' OS"],
    ['no ID', 'VERSION_ID=1', {}, false, 'does not contain ID'],
    ['same version', 'ID=testos\nVERSION_ID=1', {}, true, 'VERSION_ID'],
    ['other version', 'ID=testos\nVERSION_ID=2', {}, false, "is for OS '2'"],
    ['no version', 'ID=testos', {}, false, 'does not contain VERSION_ID'],
    [
      'other system',
      'ID=other\nVERSION_ID=1',
      {},
      false,
      "is for OS 'other', but deployed on top of 'testos' (like 'foo bar')",
    ],
    ['a relative', 'ID=bar\nVERSION_ID=1', {}, true, 'VERSION_ID'],
    ['a relative of another version', 'ID=bar\nVERSION_ID=2', {}, false, "is for OS '2'"],
    ['a rolling host', 'ID=testos\nVERSION_ID=9', ROLLING, true, 'the host has no version'],
    ['levels agree', 'ID=testos\nVERSION_ID=9\nCONFEXT_LEVEL=2', LEVEL, true, 'CONFEXT_LEVEL'],
    ['levels differ', 'ID=testos\nVERSION_ID=1\nCONFEXT_LEVEL=3', LEVEL, false, "is for API level '3'"],
    ['only the host has a level', 'ID=testos\nVERSION_ID=1', LEVEL, true, 'VERSION_ID'],
    ['only the extension has one', 'ID=testos\nCONFEXT_LEVEL=3', {}, false, 'does not contain VERSION_ID'],
    ['a host of a level and no version', 'ID=testos\nVERSION_ID=9', { ...ROLLING, ...LEVEL }, true, 'only one side'],
    ['scope not for this', 'ID=_any\nCONFEXT_SCOPE=initrd', {}, false, 'is not suitable for scope system'],
    ['one scope of several', 'ID=_any\nCONFEXT_SCOPE="initrd system"', {}, true, '_any'],
    ['an empty scope is none', 'ID=_any\nCONFEXT_SCOPE=', {}, false, 'is not suitable for scope system'],
    [
      'the default scope leaves the initrd out',
      'ID=_any',
      { scope: 'initrd' },
      false,
      'is not suitable for scope initrd',
    ],
    ['the scope of the other class does not count', 'ID=_any\nSYSEXT_SCOPE=initrd', {}, true, '_any'],
    ['another architecture', 'ID=_any\nARCHITECTURE=arm64', {}, false, "is for architecture 'arm64'"],
    ["not systemd's name of it", 'ID=_any\nARCHITECTURE=x86_64', {}, false, "is for architecture 'x86_64'"],
    ['any architecture', 'ID=_any\nARCHITECTURE=_any', {}, true, '_any'],
    ['nobody knows the architecture', 'ID=_any\nARCHITECTURE=arm64', { architecture: undefined }, true, '_any'],
  ])('%s', (_, release, host, accepted, why) => {
    const verdict = match(parseRelease(release), { ...HOST, ...host });
    expect(verdict.accepted).toBe(accepted);
    expect(verdict.why).toContain(why);
  });

  it.each<[string, string, Partial<Host>, boolean, string]>([
    ['levels agree', 'ID=testos\nVERSION_ID=9\nSYSEXT_LEVEL=2', LEVEL, true, 'SYSEXT_LEVEL matches'],
    ['levels differ', 'ID=testos\nVERSION_ID=1\nSYSEXT_LEVEL=3', LEVEL, false, "is for API level '3'"],
    ['the level of the other class', 'ID=testos\nVERSION_ID=1\nCONFEXT_LEVEL=3', LEVEL, true, 'VERSION_ID'],
    ['scope not for this', 'ID=_any\nSYSEXT_SCOPE=initrd', {}, false, 'is not suitable for scope system'],
    ['scope for the initrd', 'ID=_any\nSYSEXT_SCOPE=initrd', { scope: 'initrd' }, true, '_any'],
    ['the scope of the other class', 'ID=_any\nCONFEXT_SCOPE=initrd', {}, true, '_any'],
  ])('sysext: %s', (_, release, host, accepted, why) => {
    const verdict = match(parseRelease(release), { ...HOST, imageClass: 'sysext', ...host });
    expect(verdict.accepted).toBe(accepted);
    expect(verdict.why).toContain(why);
  });

  it('a missing file is like an empty one', () => {
    expect(match(undefined, HOST)).toEqual({ accepted: false, why: 'carries no release data' });
  });

  it('a host has a level for each class', () => {
    const release = parseRelease('ID=a\nSYSEXT_LEVEL=1\nCONFEXT_LEVEL=2') ?? new Map();
    const levels = IMAGE_CLASSES.map((imageClass) => hostOf(release, imageClass, 'system', undefined)?.level);
    expect(levels).toEqual(['1', '2']);
  });

  it('a host needs an ID', () => {
    const host = (text: string): Host | undefined =>
      hostOf(parseRelease(text) ?? new Map(), 'confext', 'system', undefined);
    expect(host('VERSION_ID=1')).toBeUndefined();
    expect(host('ID=""')).toBeUndefined();
    expect(host('ID=a\nID_LIKE=" b  c "')).toMatchObject({ id: 'a', idLike: ['b', 'c'], versionId: '', level: '' });
  });
});
