import { describe, expect, it } from 'vitest';
import { err } from '../src/kernel/types.ts';
import { hostContents, mergedContents } from '../test/reference.ts';
import { forAll, SEED } from '../test/replay.ts';
import { faultyRuns, firstLook, type Look } from '../test/runs.ts';
import { type Drawn, READING, systemOf, tell, worlds } from '../test/worlds.ts';

/** Any one call of the tool may fail; what it asks of the world, and the end of its child, do not. */
const FAULTS = {
  faults: {
    results: [err('ENOMEM')],
    budget: 1,
    only: (call: { readonly op: string }) => call.op !== 'ask' && call.op !== 'leave',
  },
};
const text = ({ files, submounts }: Look): string => `${JSON.stringify([...files].sort())} ${submounts.join(' ')}`;
const alone = (drawn: Drawn): Drawn => ({ ...drawn, actors: [] });

describe(`FailureAtomic in generated worlds (seed ${SEED})`, () => {
  it('holds for a call that fails before M6: everything stays as it was', () => {
    forAll({
      over: worlds(READING).map(alone),
      runs: 35,
      interesting: 15,
      tell,
      check: (drawn) => {
        const { judged, runs } = faultyRuns(systemOf(drawn, 'refresh', FAULTS));
        const before = runs.filter(({ failed }) => /^(P|M[1-5])/.test(failed));
        for (const { failed, end } of before) expect(text(end), failed).toBe(text(firstLook(judged)));
        return before.length > 0;
      },
    });
  });

  it('a call that fails leaves the old view, the new view or the bare host, and no mixture', () => {
    forAll({
      over: worlds(READING).map(alone),
      runs: 35,
      interesting: 15,
      tell,
      check: (drawn) => {
        const { runs } = faultyRuns(systemOf(drawn, 'refresh', FAULTS));
        const good = [
          mergedContents({ ...drawn, change: 'none' }, 'first'),
          mergedContents(drawn, 'later'),
          hostContents(drawn),
        ];
        const allowed = new Set(good.map((files) => text({ files, submounts: [] })));
        const ends = runs.map(({ failed, end }) => [failed, text({ ...end, submounts: [] })] as const);
        for (const [failed, end] of ends) expect(allowed.has(end), `${failed}: ${end}`).toBe(true);
        return new Set(ends.map(([, end]) => end)).size > 1;
      },
    });
  });
});
