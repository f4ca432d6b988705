import { describe, expect, it } from 'vitest';
import { momentOf } from '../src/report/walk.ts';
import { edgesOf, nameOf } from '../test/edges.ts';
import { forAll, SEED } from '../test/replay.ts';
import { firstLook } from '../test/runs.ts';
import { type Drawn, demand, READING, storyOf, systemOf, tell, type Verb, verdicts, worlds } from '../test/worlds.ts';
import { judge } from './judge.ts';

const VERBS: readonly Verb[] = ['refresh', 'merge'];

describe(`SubmountStable in generated worlds (seed ${SEED})`, () => {
  it.each(VERBS)('%s: a mount is missing only from when it is parked to the bind of the new tree', (verb) => {
    forAll({
      over: worlds(READING),
      runs: 30,
      interesting: 8,
      tell,
      where: ({ submount }) => submount,
      check: (drawn: Drawn) => {
        const judged = judge(systemOf(drawn, verb));
        if (firstLook(judged).submounts.length === 0) return false; // the merge at boot was refused, and lost it
        const missing = edgesOf(judged, 'tool').filter(
          ({ from }) => judged.scene(momentOf(judged, from)).submounts.length === 0,
        );
        for (const { last } of missing)
          if (last !== null)
            expect(nameOf(last)).toMatch(
              /^(M6c umount|M6d|M6 |M6e|M7|M8 (access|ask|mkdirAll)|M9 failed|U3c umount|U3d|U3 |U3e|U4)/,
            );
        return missing.length > 0;
      },
    });
  });

  it.each(VERBS)('%s: it comes back, unless the run fails', (verb) => {
    forAll({
      over: worlds(READING),
      runs: 30,
      interesting: 8,
      tell,
      where: ({ submount }) => submount,
      check: (drawn: Drawn) => {
        const results = verdicts(drawn, verb);
        if (results.get('FailureAtomic')?.verdict !== 'vacuous') return false;
        const result = demand(results, 'SubmountStable', 'holds', 'vacuous', 'violated');
        if (result.verdict === 'violated') expect(result.damage, storyOf(result)).toBe('transient');
        return result.verdict === 'violated';
      },
    });
  });
});
