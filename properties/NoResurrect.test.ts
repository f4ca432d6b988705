import { describe, expect, it } from 'vitest';
import { hostContents } from '../test/reference.ts';
import { forAll, SEED } from '../test/replay.ts';
import { isMerged } from '../test/runs.ts';
import { demand, READING, storyOf, systemOf, tell, verdicts, worlds } from '../test/worlds.ts';

const ANY = ['holds', 'vacuous', 'violated'] as const;

describe(`NoResurrect in generated worlds (seed ${SEED})`, () => {
  it('while nobody writes is violated by the bare host only, in the window: what a layer hides there shows', () => {
    forAll({
      over: worlds(READING),
      runs: 60,
      interesting: 6,
      tell,
      check: (drawn) => {
        const results = verdicts(drawn, 'refresh');
        const result = demand(results, 'NoResurrect', ...ANY);
        if (result.verdict !== 'violated' || results.get('FailureAtomic')?.verdict !== 'vacuous') return false;
        expect(result.damage, storyOf(result)).toBe('transient');
        const host = hostContents(drawn);
        for (const { path } of result.files) expect(host.has(path), `${path}\n${storyOf(result)}`).toBe(true);
        return true;
      },
    });
  });

  it('is never violated for good by a file that was deleted before the refresh, where deletions are kept', () => {
    forAll({
      over: worlds(['delete']),
      runs: 40,
      interesting: 8,
      tell,
      where: (drawn) => (drawn.mutable === 'auto' || drawn.mutable === 'yes') && isMerged(systemOf(drawn, 'refresh')),
      check: (drawn) => {
        const results = verdicts(drawn, 'refresh', { after: ['delete-1'] });
        if (results.get('FailureAtomic')?.verdict !== 'vacuous') return false;
        const result = demand(results, 'NoResurrect', ...ANY);
        if (result.verdict !== 'violated') return result.verdict === 'holds';
        expect(result.damage, storyOf(result)).toBe('transient');
        return true;
      },
    });
  });
});
