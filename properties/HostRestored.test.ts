import { describe, it } from 'vitest';
import { forAll, SEED } from '../test/replay.ts';
import { type Drawn, demand, READING, tell, verdicts, worlds } from '../test/worlds.ts';

describe(`HostRestored in generated worlds (seed ${SEED})`, () => {
  it('holds in all modes while nobody writes', () => {
    forAll({
      over: worlds(READING),
      runs: 40,
      interesting: 25,
      tell,
      check: (drawn: Drawn) =>
        demand(verdicts(drawn, 'merge, unmerge'), 'HostRestored', 'holds', 'vacuous').verdict === 'holds',
    });
  });
});
