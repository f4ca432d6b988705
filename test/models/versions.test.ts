import { describe, expect, it } from 'vitest';
import { choose, UnknownOption } from '../../models/scenario.ts';
import { scenario } from '../../models/scenarios/failed-refresh.ts';
import { SCENARIOS } from '../../models/scenarios/index.ts';
import {
  ABOUT,
  BEHAVIOURS,
  behavioursOf,
  RELEASES,
  replacementOf,
  type Systemd,
  systemd,
  VERSIONS,
  type Version,
  wordFor,
  wordsOf,
} from '../../models/systemd/versions.ts';
import { invocation } from '../../models/world.ts';

/** The rows in which a version differs from the release that it is built on, in words. */
function differences(version: Version): Readonly<Record<string, string>> {
  const rows = Object.entries(BEHAVIOURS).filter(([, row]) => row[version] !== row[ABOUT[version].on]);
  return Object.fromEntries(rows.map(([name, row]) => [name, wordFor(row[version])]));
}

describe('the table of behaviours', () => {
  it.each(VERSIONS)('has a value for %s in every row, one that the row knows', (version) => {
    const column = systemd(version);
    expect(Object.keys(column)).toEqual(Object.keys(BEHAVIOURS));
    for (const [name, row] of Object.entries(BEHAVIOURS))
      expect([name, wordsOf(name)]).toEqual([name, expect.arrayContaining([wordFor(row[version])])]);
  });

  it.each(Object.entries(BEHAVIOURS))(
    'says what %s means and where it is known from, and no two values are one word',
    (_, row) => {
      expect(row.what).not.toBe('');
      expect(row.source).not.toBe('');
      expect(new Set(row.values.map(wordFor)).size).toBe(row.values.length);
      // A word of a token and of a shell.
      for (const value of row.values) expect(wordFor(value)).toMatch(/^[\w-]+$/);
    },
  );

  it.each<[Version, Readonly<Record<string, string>>]>([
    ['257-skip', { skip: 'yes', configFile: 'yes', indexOff: 'yes' }],
    [
      'atomic',
      {
        assembly: 'decoupled',
        submounts: 'cloned',
        fallback: 'detach',
        workDirName: 'unique',
        workDirRemoval: 'root',
        cleansUp: 'yes',
        unmergeForks: 'no',
      },
    ],
    ['plain', { assembly: 'hierarchy', submounts: 'dropped' }],
    ['beneath', { assembly: 'decoupled', submounts: 'dropped' }],
  ])('%s differs from its release in nothing else', (version, rows) => {
    expect(differences(version)).toEqual(rows);
    expect(systemd(ABOUT[version].on, behavioursOf(rows))).toEqual(systemd(version));
  });

  it.each<[Version, Partial<Systemd>, string]>([
    ['257', {}, 'window'],
    ['257-skip', {}, 'window'],
    ['262', {}, 'window'],
    ['plain', {}, 'window'],
    ['atomic', {}, 'swap'],
    ['beneath', {}, 'swap'],
    ['atomic', { kernelBeneath: false }, 'window'],
    ['beneath', { kernelBeneath: false }, 'refused'],
    ['262', { assembly: 'decoupled' }, 'swap'],
  ])('%s with %j replaces an overlay by a %s', (version, rows, how) => {
    expect(replacementOf(systemd(version, rows))).toBe(how);
  });

  it('has the releases among its versions, and each is built on itself', () => {
    for (const release of RELEASES) expect([VERSIONS.includes(release), ABOUT[release].on]).toEqual([true, release]);
  });
});

describe('rows laid over a version', () => {
  it.each(SCENARIOS.map((each) => [each.name, each] as const))('reach every tool of %s', (_, each) => {
    const { tools } = each.build(choose(each, { cleansUp: 'yes', skip: 'no' }));
    for (const { systemd: rows } of Object.values(tools)) expect(rows).toMatchObject({ cleansUp: true, skip: false });
    expect(Object.keys(tools)).not.toEqual([]);
  });

  it('are options of every scenario, and change only what they name', () => {
    const choice = choose(scenario, { systemd: '257', skip: 'yes', mutableParents: '0755' });
    expect(choice.behaviours).toEqual({ skip: 'yes', mutableParents: '0755' });
    expect(invocation(choice).systemd).toEqual({ ...systemd('257'), skip: true, mutableParents: 0o755 });
  });

  it.each([
    [{ skip: 'perhaps' }, 'skip=perhaps is not known to failed-refresh; it knows no, yes'],
    [
      { assembly: 'nowhere' },
      'assembly=nowhere is not known to failed-refresh; it knows workspace, decoupled, hierarchy',
    ],
    [
      { skipp: 'yes' },
      `failed-refresh has no option "skipp"; it has systemd, mutable, cause; and the behaviours of systemd are ${Object.keys(BEHAVIOURS).join(', ')}`,
    ],
  ])('%j is refused in a line that says what is known', (options, message) => {
    expect(() => choose(scenario, options)).toThrow(new UnknownOption(message));
  });
});
