import { describe, it } from 'vitest';
import { err } from '../src/kernel/types.ts';
import { forAll, SEED } from '../test/replay.ts';
import { type Drawn, demand, READING, tell, verdicts, worlds } from '../test/worlds.ts';

/** Any one call of the tool may fail; what it asks of the world, and the end of its child, do not. */
const FAULTS = {
  faults: {
    results: [err('ENOMEM')],
    budget: 1,
    only: (call: { readonly op: string }) => call.op !== 'ask' && call.op !== 'leave',
  },
};
const atomic = worlds(READING, READING).map((drawn): Drawn => ({ ...drawn, systemd: 'atomic' }));
/** There is something to merge after the change as well; else a refresh is an unmerge. */
const isReplaced = ({ extensions, change, mutable }: Drawn): boolean =>
  extensions.length - (change === 'remove' ? 1 : 0) > 0 || mutable !== 'no';

describe(`the proposal of atomic replacement in generated worlds (seed ${SEED})`, () => {
  it('breaks nothing for readers, in no interleaving', () => {
    forAll({
      over: atomic,
      runs: 60,
      interesting: 12,
      tell,
      check: (drawn) => {
        const results = verdicts(drawn, 'refresh');
        for (const property of ['NoWrongWinner', 'NoResurrect', 'SubmountStable'])
          demand(results, property, 'holds', 'vacuous');
        return demand(results, 'NoVanish', 'holds', 'vacuous').verdict === 'holds' && drawn.change !== 'none';
      },
    });
  });

  it('changes nothing if any one call of a refresh fails', () => {
    forAll({
      over: atomic,
      runs: 40,
      interesting: 20,
      where: isReplaced,
      tell,
      check: (drawn) => {
        const results = verdicts(drawn, 'refresh', FAULTS);
        demand(results, 'SubmountStable', 'holds', 'vacuous');
        return demand(results, 'FailureAtomic', 'holds', 'vacuous').verdict === 'holds';
      },
    });
  });
});
