import { describe, expect, it } from 'vitest';
import { refine } from './refine.ts';
import { play, roots } from './sandbox.ts';
import { SCENARIOS } from './scenarios.ts';

const found = roots();
const why = typeof found === 'string' ? ` (skipped: ${found})` : '';

describe.skipIf(typeof found === 'string')(`what systemd does is a run of the model's program${why}`, () => {
  const cases = SCENARIOS.flatMap((scenario) =>
    typeof found === 'string'
      ? []
      : found.map((root) => ({ scenario, root, version: root.version, name: scenario.name })),
  );
  it.each(cases)('$version, $name', ({ scenario, root }) => {
    expect(refine(scenario, root, play(scenario, root))).toBe(null);
  });
});
