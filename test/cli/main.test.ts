import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { SCENARIOS } from '../../models/scenarios/index.ts';
import { clean, makeDirectory, type Ran, run, SYSTEM } from './run.ts';

afterAll(clean);

const root = makeDirectory(SYSTEM);
const checkRoot = (property: string): readonly string[] => [
  'check',
  '--root',
  root,
  '--systemd',
  '262',
  '--property',
  property,
];
const VECTORS = fileURLToPath(new URL('../vectors/overlay/quirks.jsonl', import.meta.url));
const [vector = ''] = readFileSync(VECTORS, 'utf8').split('\n');
const vectorFile = (text: string): string => join(makeDirectory({ 'vectors.jsonl': text }), 'vectors.jsonl');
/** The same vector, recorded on a kernel that never was. */
const corrupted = vector.replace('{"err":"ENOENT"}', '{"err":"EXDEV"}');

describe('the exit code says how it went', () => {
  const cases: readonly (readonly [code: number, why: string, args: readonly string[]])[] = [
    [0, 'every verdict is the declared one', ['check', 'refresh-while-reading']],
    [0, 'a property holds on a root', checkRoot('NoWrongWinner')],
    [1, 'a property is violated that was expected to hold', checkRoot('NoVanish')],
    [1, 'a vector fails', ['conform', vectorFile(corrupted)]],
    [0, 'all vectors pass', ['conform', vectorFile(vector)]],
    [2, 'wrong usage', ['check', 'nothing']],
    [3, 'a bound was hit', ['check', 'refresh-while-reading', '--max-states', '5']],
    [4, 'a witness was never met', ['check', 'refresh-while-reading', '--property', 'HostRestored']],
    [4, 'nothing is merged on a root', ['check', '--root', makeDirectory({ 'usr/lib/os-release': 'ID=testos\n' })]],
    [0, 'help was asked for', ['--help']],
  ];
  it.each(cases)('%i: %s', async (code, _, args) => {
    expect((await run(...args)).code).toBe(code);
  });

  it('1 goes before 4', async () => {
    const linked = makeDirectory({ ...SYSTEM, 'var/lib/extensions.mutable/etc': '-> /etc' });
    const { code, out } = await run('check', '--root', linked, '--systemd', '262', '--mutable', 'all');
    expect(out.join('\n')).toMatch(/NoVanish +VIOLATED/);
    expect(out.join('\n')).toMatch(/mutable=import: nothing is merged, so nothing was tested: merge fails with ELOOP/);
    expect(code).toBe(1);
  });

  it('a bound that was hit is told, and is no success', async () => {
    const { out } = await run('check', 'refresh-while-reading', '--systemd', '262', '--max-states', '5');
    expect(out.join('\n')).toMatch(/INCOMPLETE {3}expected: [\s\S]*5/);
    expect(out.at(-1)).toMatch(/^0 of \d+ verdicts as expected$/);
  });
});

const keys = (value: unknown): readonly string[] =>
  typeof value === 'object' && value !== null ? Object.keys(value) : [];
const document = ({ out, err }: Ran): unknown => {
  expect([out.length, err]).toEqual([1, []]);
  return JSON.parse(out[0] ?? '');
};

describe('--json prints one document and nothing else', () => {
  const RESULT = [
    'scenario',
    'systemd',
    'mutable',
    'property',
    'expected',
    'verdict',
    'damage',
    'token',
    'trace',
    'files',
    'stats',
  ];

  it.each([
    ['a scenario', ['check', 'refresh-while-reading', '--json']],
    ['a root', ['check', '--root', root, '--systemd', '262', '--json']],
  ])('of %s, with the documented fields', async (_, args) => {
    const report = document(await run(...args));
    expect(report).toMatchObject({ schemaVersion: 1, results: expect.any(Array), notes: expect.any(Array) });
    const results =
      report !== null && typeof report === 'object' && 'results' in report && Array.isArray(report.results)
        ? report.results
        : [];
    expect(results.length).toBeGreaterThan(1);
    for (const result of results) {
      expect(keys(result)).toEqual(expect.arrayContaining(RESULT));
      expect(keys(result.stats)).toEqual(['states', 'transitions', 'depth', 'seconds', 'reductions', 'bounds']);
      for (const file of result.files) expect(keys(file)).toEqual(['path', 'layers', 'class', 'damage', 'from', 'to']);
      expect(result.verdict === 'violated').toBe(result.trace !== null);
    }
  });

  it('which is the same each time, but for the seconds', async () => {
    const once = async (): Promise<string> =>
      JSON.stringify(document(await run('check', 'first-merge', '--systemd', '262', '--json'))).replaceAll(
        /"seconds":[\d.e-]+/g,
        '',
      );
    expect(await once()).toBe(await once());
  });

  it('of list', async () => {
    const listed = document(await run('list', '--json'));
    expect(keys(listed)).toEqual(['schemaVersion', 'scenarios', 'properties', 'versions', 'behaviours']);
    expect(listed).toMatchObject({ scenarios: SCENARIOS.map(({ name, title }) => ({ name, title })) });
  });
});

const tokensIn = ({ out }: Ran): readonly string[] =>
  out.flatMap((line) => /^ {2}again: .* explain (\S+)$/.exec(line)?.[1] ?? []);

describe('explain', () => {
  it('replays every token that check prints, to the step that breaks the property', async () => {
    const tokens = tokensIn(await run('check', 'refresh-while-reading'));
    expect(tokens.length).toBeGreaterThan(1);
    for (const token of tokens) {
      const { code, out } = await run('explain', token);
      expect(code).toBe(0);
      expect(out.join('\n')).toMatch(/◀ NoVanish\(\/etc\/.*\): a file that is there before and after is gone/);
    }
  });

  it('refuses a token with another fingerprint, or with a choice that is not there', async () => {
    const [token = ''] = tokensIn(await run('check', 'refresh-while-reading', '--systemd', '262'));
    const [place = '', print = '', forks = ''] = token.split(':');
    const other = print === '0000' ? '1111' : '0000';
    expect((await run('explain', `${place}:${other}:${forks}`)).err).toEqual([
      `overlaycheck: the scenario or the model has changed since this token was printed: its steps are ${print} now, not ${other}`,
    ]);
    expect((await run('explain', `${place}:${print}:7`)).err).toEqual([
      'overlaycheck: the scenario or the model has changed since this token was printed: a choice in it no longer exists',
    ]);
  });
});

describe('conform', () => {
  it('counts what passed', async () => {
    const { code, out } = await run('conform', VECTORS);
    expect(out.at(-1)).toMatch(/^\d+ passed, 0 failed/);
    expect(code).toBe(0);
  });

  it('says in one line per failing vector what differs first', async () => {
    const { code, out } = await run('conform', vectorFile(`${vector}\n${corrupted}\n`));
    expect(out).toEqual([expect.stringMatching(/^FAIL \S+: .*EXDEV/), '1 passed, 1 failed']);
    expect(code).toBe(1);
  });
});

describe('lines', () => {
  const tooLong = ({ out }: Ran): readonly string[] =>
    // A command is pasted whole, and a failing vector is one line whatever it differs in.
    out.filter((line) => line.length > 100 && !/^ {2}again: |^FAIL /.test(line));

  it.each(SCENARIOS.map(({ name }) => name))('of check and explain fit 100 columns: %s', async (name) => {
    const checked = await run('check', name);
    expect(tooLong(checked)).toEqual([]);
    for (const token of tokensIn(checked)) expect(tooLong(await run('explain', token)), token).toEqual([]);
  });

  it.each([
    ['list', ['list']],
    ['conform', ['conform', VECTORS, vectorFile(corrupted)]],
    ['check --root', ['check', '--root', root, '--systemd', '262', '--mutable', 'yes']],
    ['help', ['--help']],
  ])('of %s fit 100 columns', async (_, args) => {
    expect(tooLong(await run(...args))).toEqual([]);
  });
});

describe('as a program', () => {
  const overlaycheck = (
    args: readonly string[],
    input = '',
  ): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], { encoding: 'utf8', input });

  it('complains on standard error, with the exit code', () => {
    expect(overlaycheck(['check', 'nothing'])).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/^overlaycheck: no scenario is called "nothing"; .*\n$/),
    });
  });

  it('explores by keys from standard input, one screen for each', () => {
    const { status, stdout, stderr } = overlaycheck(['explore', 'refresh-while-reading'], 'n n\nq\n');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout.split('\n').filter((line) => line.includes('refresh-while-reading'))).toHaveLength(3);
  });
});
