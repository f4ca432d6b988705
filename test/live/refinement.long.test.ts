import { describe, expect, it } from 'vitest';
import { refine } from './refine.ts';
import { play, watchedRoots } from './sandbox.ts';
import { CHOSEN } from './scenarios.ts';
import { versionOf } from './systemdversions.ts';

/** What "a run of the model's program" is, refine.ts says. */
const { roots, why } = await watchedRoots();

describe.skipIf(roots.length === 0)(`what systemd does is a run of the model's program${why}`, () => {
  const cases = CHOSEN.flatMap((scenario) =>
    roots.map((root) => ({ title: `${root.version}: ${scenario.name}`, scenario, root })),
  );
  it.concurrent.each(cases)('$title', async ({ scenario, root }) => {
    expect(refine(scenario, versionOf(root), await play(scenario, root))).toBe(null);
  });
});
