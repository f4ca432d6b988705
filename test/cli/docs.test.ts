import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { differences } from '../../src/cli/docs.ts';
import { clean, makeDirectory, run } from './run.ts';

afterAll(clean);

describe('a page that differs is told with its first difference', () => {
  const page = 'one\ntwo\nthree\n';
  const cases: readonly (readonly [what: string, file: string, line: string])[] = [
    ['another line', 'one\n2\nthree\n', 'a.md, line 2: the file has "2", the model "two"'],
    ['a line too much', 'one\ntwo\nthree\nfour\n', 'a.md, line 4: the file has "four", the model ""'],
    ['no end of the last line', 'one\ntwo\nthree', 'a.md, line 4: the file has no more, the model ""'],
    ['an empty line too much', 'one\ntwo\nthree\n\n', 'a.md, line 5: the file has "", the model no more'],
  ];
  it.each(cases)('%s', (_, file, line) => {
    expect(differences([['a.md', page]], makeDirectory({ 'a.md': file }))).toEqual([line]);
  });

  it('and nothing is told of one that is the same', () => {
    expect(differences([['a.md', page]], makeDirectory({ 'a.md': page }))).toEqual([]);
  });

  it('and a missing one is missing', () => {
    expect(differences([['a.md', page]], makeDirectory({}))).toEqual(['a.md: there is no such file']);
  });
});

describe('wrong usage of docs is one line', () => {
  it.each([
    ['a name', ['docs', 'modes.md'], 'docs takes no names; "modes.md" is one'],
    ['an unknown option', ['docs', '--write'], "Unknown option '--write'"],
  ])('%s', async (_, args, message) => {
    const { code, err } = await run(...args);
    expect(code).toBe(2);
    expect(err.join('\n')).toContain(message);
    expect(err).toHaveLength(1);
  });
});

it('every page begins with a title and says what it shows', () => {
  for (const name of ['README', 'modes', 'refresh', 'failures', 'skip', 'behaviours', 'not-modelled']) {
    const text = readFileSync(join('docs', `${name}.md`), 'utf8');
    expect(text).toMatch(/^# .+\n\n[A-Z].+\n/);
  }
});
