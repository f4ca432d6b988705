/** What /etc shows, whole: against a second opinion on how layers are laid over each other. */
import { describe, expect, it } from 'vitest';
import { momentOf } from '../src/report/walk.ts';
import { edgesOf } from '../test/edges.ts';
import { hostContents, mergedContents } from '../test/reference.ts';
import { forAll, SEED } from '../test/replay.ts';
import { firstLook, isMerged, lastLooks, lookOf } from '../test/runs.ts';
import { type Drawn, READING, systemOf, tell, verdicts, WRITING, worlds } from '../test/worlds.ts';
import { judge } from './judge.ts';

const sorted = (files: ReadonlyMap<string, string>): readonly (readonly [string, string])[] => [...files].sort();
const alone = (drawn: Drawn): Drawn => ({ ...drawn, actors: [] });

describe(`the views of generated worlds (seed ${SEED})`, () => {
  it('after a merge are the layers laid over each other', () => {
    forAll({
      over: worlds(READING).map(alone),
      runs: 60,
      interesting: 40,
      tell,
      check: (drawn) => {
        const system = systemOf(drawn, 'refresh');
        const { files } = firstLook(judge(system));
        expect(sorted(files)).toEqual(sorted(mergedContents({ ...drawn, change: 'none' }, 'first')));
        return isMerged(system);
      },
    });
  });

  it('after a refresh are those of a merge of what is there now', () => {
    forAll({
      over: worlds(READING).map(alone),
      runs: 60,
      interesting: 30,
      tell,
      where: ({ change, extensions }) => change === 'install' || (change === 'remove' && extensions.length > 0),
      check: (drawn) => {
        const system = systemOf(drawn, 'refresh');
        const judged = judge(system);
        const looks = lastLooks(judged, edgesOf(judged, 'tool'));
        expect(looks.map(({ files }) => sorted(files))).toEqual([sorted(mergedContents(drawn, 'later'))]);
        return isMerged(system);
      },
    });
  });

  it('during a refresh are the old one, the new one or the bare host, and nothing in between', () => {
    forAll({
      over: worlds(READING),
      runs: 60,
      interesting: 30,
      tell,
      check: (drawn) => {
        const judged = judge(systemOf(drawn, 'refresh'));
        const good = [
          mergedContents({ ...drawn, change: 'none' }, 'first'),
          mergedContents(drawn, 'later'),
          hostContents(drawn),
        ];
        const allowed = new Set(good.map((files) => JSON.stringify(sorted(files))));
        for (const { to } of edgesOf(judged, 'tool')) {
          const seen = JSON.stringify(sorted(lookOf(judged.scene(momentOf(judged, to))).files));
          if (!allowed.has(seen)) throw new Error(`a state shows ${seen}, and not one of ${[...allowed].join(' or ')}`);
        }
        return allowed.size > 1;
      },
    });
  });

  it('are not touched by a refresh that is skipped: it violates nothing', () => {
    forAll({
      over: worlds([...READING, ...WRITING], WRITING),
      runs: 40,
      interesting: 25,
      tell,
      where: (drawn) => drawn.systemd === '262' && drawn.change === 'none' && isMerged(systemOf(drawn, 'refresh')),
      check: (drawn) => {
        const results = [...verdicts(drawn, 'refresh').values()];
        expect(results.filter(({ verdict }) => verdict !== 'holds' && verdict !== 'vacuous')).toEqual([]);
        return results.some(({ verdict }) => verdict === 'holds');
      },
    });
  });
});
