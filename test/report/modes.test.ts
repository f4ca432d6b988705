import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { modesPage } from '../../src/report/modes.ts';

it('docs/modes.md is what the model computes (OVERLAYCHECK_WRITE_DOCS=1 npx vitest run test/report/modes.test.ts writes it)', () => {
  const file = new URL('../../docs/modes.md', import.meta.url);
  const page = modesPage();
  if (process.env['OVERLAYCHECK_WRITE_DOCS'] === '1') writeFileSync(file, page);
  expect(readFileSync(file, 'utf8')).toBe(page);
});
