import { describe, expect, it } from 'vitest';
import { refine } from './refine.ts';
import { play, type Root, roots } from './sandbox.ts';
import { SCENARIOS } from './scenarios.ts';

const found = roots();
const why = typeof found === 'string' ? ` (skipped: ${found})` : '';
const all: readonly (Root | null)[] = typeof found === 'string' ? [null] : found;

describe.skipIf(typeof found === 'string')(`what systemd does is a run of the model's program${why}`, () => {
  const cases = all.flatMap((root) =>
    SCENARIOS.map((scenario) => ({ title: `${root?.version ?? 'no systemd'}: ${scenario.name}`, scenario, root })),
  );
  it.each(cases)('$title', ({ scenario, root }) => {
    if (root === null) throw new Error('there is no root to play it in');
    expect(refine(scenario, root, play(scenario, root))).toBe(null);
  });
});
