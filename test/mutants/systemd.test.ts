import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { withoutRule } from './machine.ts';
import { systemdPage } from './systemd/page.ts';
import { SYSTEMD_RULES } from './systemd/table.ts';

/** That each rule is noticed when it is missing is tested in systemd.long.test.ts. */
describe('the table of the rules of systemd', () => {
  it('finds each of its rules in the model', () => {
    const stale = SYSTEMD_RULES.flatMap((rule) => {
      try {
        return withoutRule(rule) === readFileSync(rule.file, 'utf8') ? [`"${rule.rule}" changes nothing`] : [];
      } catch (error) {
        return [String(error)];
      }
    });
    expect(stale).toEqual([]);
  });

  it('says each rule once', () => {
    const seen = SYSTEMD_RULES.map(({ rule }) => rule);
    expect(seen.filter((rule, index) => seen.indexOf(rule) !== index)).toEqual([]);
  });
});

it('docs/systemd-rules.md is what the table says (OVERLAYCHECK_WRITE_DOCS=1 npx vitest run test/mutants/systemd.test.ts writes it)', () => {
  const file = new URL('../../docs/systemd-rules.md', import.meta.url);
  const page = systemdPage();
  if (process.env['OVERLAYCHECK_WRITE_DOCS'] === '1') writeFileSync(file, page);
  expect(readFileSync(file, 'utf8')).toBe(page);
});
