import { expect, it } from 'vitest';
import { run } from './run.ts';

it('the pages in docs/ are what the model says: `npm run -s overlaycheck -- docs` writes them', async () => {
  expect(await run('docs', '--check')).toEqual({ code: 0, out: ['7 pages agree with the model'], err: [] });
});
