import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CHAPTERS } from './claims.ts';
import { playerWithout, withoutRule } from './machine.ts';
import { rulesPage } from './page.ts';
import { RULES } from './table.ts';
import { allRecordings } from './vectors.ts';

const recordings = allRecordings();
const claims = CHAPTERS.flatMap((chapter) => chapter.claims);

describe('the table of rules', () => {
  it('finds each of its rules in the model', () => {
    const stale = RULES.flatMap((rule) => {
      try {
        return withoutRule(rule) === readFileSync(rule.file, 'utf8') ? [`"${rule.rule}" changes nothing`] : [];
      } catch (error) {
        return [String(error)];
      }
    });
    expect(stale).toEqual([]);
  });

  it('has a rule for every claim that is not left out, and a claim for every rule', () => {
    const ruled = new Set(RULES.map(({ section }) => section));
    const open = claims.filter(({ section, leftOut }) => (leftOut === undefined) !== ruled.has(section));
    expect(open.map(({ section }) => section)).toEqual([]);
    const known = new Set(claims.map(({ section }) => section));
    expect(RULES.filter(({ section }) => !known.has(section)).map(({ rule }) => rule)).toEqual([]);
  });

  it('says each rule once', () => {
    const seen = RULES.map(({ rule }) => rule);
    expect(seen.filter((rule, index) => seen.indexOf(rule) !== index)).toEqual([]);
  });

  it('names recordings that there are', () => {
    expect(RULES.filter(({ noticedBy }) => !recordings.has(noticedBy)).map(({ rule }) => rule)).toEqual([]);
  });
});

it('docs/rules.md is what the table says (OVERLAYCHECK_WRITE_DOCS=1 npx vitest run test/mutants/mutants.test.ts writes it)', () => {
  const file = new URL('../../docs/rules.md', import.meta.url);
  const page = rulesPage();
  if (process.env['OVERLAYCHECK_WRITE_DOCS'] === '1') writeFileSync(file, page);
  expect(readFileSync(file, 'utf8')).toBe(page);
});

const lineOf = (name: string): string => {
  const recording = recordings.get(name);
  if (recording === undefined) throw new Error(`no recording is called "${name}"`);
  return recording.line;
};

it('the model with all its rules agrees with every recording that the table names', async () => {
  const player = await playerWithout(null);
  const names = [...new Set(RULES.map(({ noticedBy }) => noticedBy))];
  expect(names.flatMap((name) => player.play(lineOf(name)) ?? [])).toEqual([]);
});

describe('without the rule that', () => {
  it.each(RULES.map((rule) => [`${rule.rule}: noticed by ${rule.noticedBy}`, rule] as const))('%s', async (_, rule) => {
    const player = await playerWithout(rule);
    expect(player.play(lineOf(rule.noticedBy))).not.toBeNull();
  });
});
