import { describe, expect, it } from 'vitest';
import { compareVersions, sortVersions, tied } from '../../src/input/version.ts';

const sorted = (names: string): string => sortVersions(names.split(' ').reverse(), (name) => name).join(' ');

describe('names sort as systemd prints them in "Using extensions"', () => {
  it.each([
    // The first two rows are what 257.13 and 262.1 printed for directories of these names.
    ['seen: numbers, signs, foreign letters', 'é A X a.1 a1 a_1 a9 a10 b x x-1.9~rc1 x-1.9 x-1.10 x^1 z~'],
    ['seen: names that begin with a dot', '.hid .sysupdate.foo a.confext b.sysext fb lk lost+found n s.sysupdate.x'],
    ['numbers, not digits', 'a9 a10 a099 a100 b'],
    [
      'documented: one version in all its stages',
      '122.1 123~rc1-1 123 123-a 123-a.1 123-1 123-1.1 123^post1 123.a-1 123.1-1 123a-1 124-1',
    ],
    ['numbers too long for a number', '99999999999999999998 99999999999999999999 100000000000000000000'],
    ['numbers above letters', 'a-b a-1'],
  ])('%s', (_, names) => {
    expect(sorted(names)).toBe(names);
  });
});

describe('compareVersions', () => {
  it.each([
    ['123', '123', 0],
    ['00123', '123', 0],
    ['123_a', '123a', 0],
    ['a~', 'a', -1],
    ['~', '', -1],
    ['a~1', 'a~~1', 1],
    ['a-', 'a', 1],
    ['1.2', '1-2', 1],
    ['1^2', '1-2', 1],
    ['1.2', '1^2', 1],
    ['abc', 'abcd', -1],
    ['', 'a', -1],
  ])('%s against %s is %i', (a, b, order) => {
    expect([Math.sign(compareVersions(a, b)), Math.sign(compareVersions(b, a))]).toEqual([
      order,
      order === 0 ? 0 : -order,
    ]);
  });

  it('is a total preorder on what people and machines name things', () => {
    const names = [
      '',
      '~',
      'a',
      'a~',
      'a1',
      'a_1',
      'a.1',
      'a-1',
      'a^1',
      '1',
      '01',
      '1.',
      '-',
      '--',
      '^a',
      '.a',
      'é',
      'é1',
      '1~~2',
    ];
    for (const a of names)
      for (const b of names) {
        expect(compareVersions(a, b) + compareVersions(b, a)).toBe(0);
        for (const c of names)
          if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0)
            expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
      }
  });

  it('names that are one version are told: systemd puts them either way', () => {
    expect(tied(sortVersions(['01', 'a', '1', 'a_1', 'a1'], (name) => name))).toEqual([
      ['a1', 'a_1'],
      ['01', '1'],
    ]);
  });
});
