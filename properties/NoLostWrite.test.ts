import { describe, expect, it } from 'vitest';
import { forAll, SEED, smallest } from '../test/replay.ts';
import { isMerged } from '../test/runs.ts';
import { type Drawn, demand, storyOf, systemOf, tell, verdicts, WRITING, worlds } from '../test/worlds.ts';

const isWritable = ({ mutable }: Drawn): boolean => mutable === 'auto' || mutable === 'yes';
/** The refresh starts when the first program has ended. */
const afterwards = (drawn: Drawn) => ({ after: drawn.actors.map(({ does }, at) => `${does}-${at + 1}`) });
/** Without extensions 257 unmerges in any mode, and 262 in mode "no"; then what was written is in a directory that nobody sees. */
const staysMerged = (drawn: Drawn): boolean =>
  drawn.extensions.length - (drawn.change === 'remove' ? 1 : 0) > 0 || drawn.systemd === '262';

describe(`NoLostWrite in generated worlds (seed ${SEED})`, () => {
  it('holds where the upper directory is /etc itself, whenever the write comes', () => {
    forAll({
      over: worlds(WRITING, WRITING),
      runs: 20,
      interesting: 10,
      tell,
      where: (drawn) => isWritable(drawn) && drawn.mutableKind === 'hierarchy',
      check: (drawn) => demand(verdicts(drawn, 'refresh'), 'NoLostWrite', 'holds', 'vacuous').verdict === 'holds',
    });
  });

  it('holds for writes that were made before a refresh that succeeds, except in the ephemeral modes', () => {
    forAll({
      over: worlds(WRITING, WRITING),
      runs: 30,
      interesting: 10,
      tell,
      where: (drawn) =>
        !drawn.mutable.startsWith('ephemeral') && staysMerged(drawn) && isMerged(systemOf(drawn, 'refresh')),
      check: (drawn) => {
        const results = verdicts(drawn, 'refresh', afterwards(drawn));
        if (results.get('FailureAtomic')?.verdict !== 'vacuous') return false;
        return demand(results, 'NoLostWrite', 'holds', 'vacuous').verdict === 'holds';
      },
    });
  });

  it('is violated where 257 has no extension left: what was written before stays in a directory that nobody sees', () => {
    forAll({
      over: worlds(['overwrite']),
      runs: 10,
      interesting: 10,
      tell,
      where: (drawn) =>
        isWritable(drawn) &&
        drawn.mutableKind === 'directory' &&
        !staysMerged(drawn) &&
        drawn.actors.every(({ to }) => to === 'x') &&
        isMerged(systemOf(drawn, 'refresh')),
      check: (drawn) =>
        demand(verdicts(drawn, 'refresh', afterwards(drawn)), 'NoLostWrite', 'violated').damage === 'permanent',
    });
  });

  it('is violated in an ephemeral mode by every refresh that is not skipped', () => {
    forAll({
      over: worlds(['overwrite']),
      runs: 12,
      interesting: 10,
      tell,
      where: (drawn) =>
        drawn.mutable.startsWith('ephemeral') &&
        (drawn.systemd === '257' || (drawn.change === 'remove' && drawn.extensions.length > 0)) &&
        drawn.actors.every(({ to }) => to === 'x') &&
        isMerged(systemOf(drawn, 'refresh')),
      check: (drawn) =>
        demand(verdicts(drawn, 'refresh', afterwards(drawn)), 'NoLostWrite', 'violated').damage === 'permanent',
    });
  });

  it('is violated with a directory of its own, which takes one write into the window', () => {
    const { value: world } = smallest(worlds(WRITING), (drawn) => {
      const result = isWritable(drawn) ? verdicts(drawn, 'refresh').get('NoLostWrite') : undefined;
      return result?.verdict === 'violated';
    });
    expect(`${tell(world)}\n\n${storyOf(verdicts(world, 'refresh').get('NoLostWrite'))}`).toMatchInlineSnapshot(`
      "systemd 257, mutable=yes, mutable directory: missing, since the merge: none
        a        (nothing)
        host     (nothing)
        create x

      NoLostWrite violated
        1  tool      look for extensions and read their metadata     a
        …            39 calls that nobody else notices (P2 to M8)
       41  create-1  access /etc/x                                   ENOENT
       42  create-1  write "created" to /etc/x O_EXCL
                       /etc gains x (host)
       43  tool      mount MS_BIND|MS_REC workspace:overlay/etc on /etc
                       /etc loses x (host)
        …            1 call that nobody else notices (M9)
       45  tool      does an extension ask for a reload?
                       none  ◀ was written (file created), and is not there
           at rest: /etc/x is not there"
    `);
  });
});
