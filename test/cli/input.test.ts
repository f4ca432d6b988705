import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { clean, makeDirectory, run, SYSTEM } from './run.ts';

afterAll(clean);

const file = join(makeDirectory({ 'a file': 'text' }), 'a file');
const vectors = (text: string): string => join(makeDirectory({ 'v.jsonl': text }), 'v.jsonl');
const cyclic = makeDirectory({ 'usr/lib/os-release': 'ID=x\n', etc: '-> etc' });
const outside = makeDirectory({ 'usr/lib/os-release': 'ID=x\n', etc: '-> ../../../../proc' });
const nothing = makeDirectory({ 'etc/': '' });
const token = 'refresh-while-reading@262,no:0000:0';

describe('wrong usage and unreadable input is one line on standard error and exit code 2', () => {
  const cases: readonly (readonly [args: readonly string[], line: RegExp])[] = [
    [[], /a verb is missing; the verbs are check, list, explain, explore, conform/],
    [['chekc'], /unknown verb "chekc"; the verbs are check,/],
    [['constructor'], /unknown verb "constructor"/],
    [
      ['check', 'refresh-while-readin'],
      /no scenario is called "refresh-while-readin"; did you mean "refresh-while-reading"\?/,
    ],
    [['check', 'something else'], /no scenario is called "something else"; the scenarios are .*flatcar-boot/],
    [['check', 'x.yaml'], /x\.yaml: scenario files cannot be read yet/],
    [['check', '--wrong'], /Unknown option '--wrong'; the options here are --root, --systemd/],
    [['check', '--set', 'x'], /--set x: KEY=VALUE would be right/],
    [
      ['check', 'flatcar-boot', '--set', 'nope=1'],
      /flatcar-boot has no option "nope"; it has systemd, mutable, variant/,
    ],
    [
      ['check', 'flatcar-boot', '--set', 'toString=1'],
      /flatcar-boot has no option "toString"; it has systemd, mutable, variant, upper; and the behaviours of systemd are discovery, skip, /,
    ],
    [['check', 'flatcar-boot', '--set', '__proto__=1'], /flatcar-boot has no option "__proto__"/],
    [['check', 'flatcar-boot', '--set', 'variant=S99'], /variant=S99 is not known to flatcar-boot; it knows S01/],
    [['check', '--property', 'NoVanis'], /no property is called "NoVanis"; the properties are NoVanish/],
    [['check', 'first-merge', '--mutable', 'maybe'], /mutable=maybe is not known to first-merge; it knows no, auto/],
    [['check', 'first-merge', '--set', 'skip=1'], /skip=1 is not known to first-merge; it knows no, yes$/],
    [
      ['check', 'first-merge', '--systemd', '1'],
      /systemd=1 is not known to first-merge; it knows 257, 257-skip, 262, atomic, plain, beneath$/,
    ],
    [['check', '--max-states', 'abc'], /--max-states abc: a whole number above 0/],
    [['check', '--max-seconds', '0'], /--max-seconds 0: a whole number above 0/],
    [['check', '--max-memory', '1.5'], /--max-memory 1\.5: a whole number above 0/],
    [['check', '--root'], /Option '--root <value>' argument missing/],
    [['check', '--root', '/no/such'], /\/no\/such: found nothing, expected the directory of an unpacked root/],
    [['check', '--root', file], /a file: found a file, expected the directory of an unpacked root/],
    [['check', '--root', cyclic], /etc: found a symlink to etc, which is cyclic/],
    [['check', '--root', outside], /etc: found a symlink to .*proc, /],
    [['check', '--root', nothing], /found neither etc\/os-release nor usr\/lib\/os-release/],
    [['check', '--root', nothing, 'flatcar-boot'], /"flatcar-boot" cannot be checked in the same run/],
    [['check', '--root', nothing, '--set', 'a=b'], /--set belongs to scenarios/],
    [
      ['check', '--root', nothing, '--systemd', '1'],
      /--systemd 1 is not known; known are 257, 257-skip, 262, atomic, plain, beneath and all$/,
    ],
    [['check', '--root', nothing, '--mutable', 'maybe'], /--mutable maybe is not known; known are no, auto/],
    [['list', 'flatcar-boot'], /list takes no names/],
    [['explain'], /explain takes one token/],
    [['explain', ''], /"" is not a token; one looks like /],
    [['explain', 'two\nlines'], /"two\\nlines" is not a token/],
    [['explain', 'nothing@262,no:0000:0'], /no scenario is called "nothing"/],
    [['explain', 'first-merge@262,maybe:0000:0'], /mutable=maybe is not known to first-merge/],
    [['explain', `${token}.y`], /is not a (token|choice)/],
    [['explain', `${token}.99`], /a choice in it no longer exists/],
    [['explain', token], /its steps are [0-9a-f]{4} now, not 0000/],
    [['explore', 'nothing'], /no scenario is called "nothing"/],
    [['explore', 'first-merge', '--set', 'x'], /KEY=VALUE would be right/],
    [['explore', token], /its steps are [0-9a-f]{4} now, not 0000/],
    [['conform'], /conform takes files of vectors/],
    [['conform', '/no/such'], /\/no\/such: found nothing, expected a file of vectors/],
    [['conform', nothing], /expected a directory of unionmount traces/],
    [['conform', vectors('')], /v\.jsonl:1: found no vector/],
    [['conform', vectors('{"layers": [}')], /v\.jsonl:1(:\d+)?: found /],
    [['conform', vectors('\n{"name": "x"}')], /v\.jsonl:2: found .*expected an overlay vector/],
  ];
  it.each(
    cases.map(([args, line]) => [args.map((arg) => arg.slice(-30)).join(' ') || '(nothing)', args, line] as const),
  )('%s', async (_, args, line) => {
    const { code, out, err } = await run(...args);
    expect(err).toHaveLength(1);
    expect(err[0]).toMatch(line);
    expect(err[0]).toMatch(/^overlaycheck: /);
    expect([code, out]).toEqual([2, []]);
  });
});

describe('what can be left aside is noted, and the check goes on', () => {
  const check = async (dir: string): Promise<{ code: number; text: string }> => {
    const { code, out, err } = await run('check', '--root', dir, '--systemd', '262', '--property', 'NoVanish');
    expect(err).toEqual([]);
    return { code, text: out.join('\n').replaceAll(/\n {4}(?=\S)/g, ' ') };
  };

  it('an extension whose release file is broken', async () => {
    const release = 'var/lib/confexts/b/etc/extension-release.d/extension-release.b';
    const { code, text } = await check(makeDirectory({ ...SYSTEM, [release]: new Uint8Array([73, 68, 61, 255, 0]) }));
    expect(text).toContain(`note: /${release}: invalid UTF-8 or a NUL byte: the file counts as missing`);
    expect(text).toContain('extension b (/var/lib/confexts/b): ignored, it carries no release data');
    expect(text).toContain('extension a (/var/lib/confexts/a): accepted');
    expect([code, /NoVanish +VIOLATED/.test(text)]).toEqual([1, true]);
  });

  it('a name that is not UTF-8', async () => {
    const dir = makeDirectory(SYSTEM);
    writeFileSync(Buffer.concat([Buffer.from(`${dir}/etc/bad`), Buffer.from([0xff])]), 'x');
    const { code, text } = await check(dir);
    expect(text).toContain('note: /etc/bad\\xff: the name is not UTF-8; it is written with escapes');
    expect([code, /NoVanish +VIOLATED/.test(text)]).toEqual([1, true]);
  });
});
