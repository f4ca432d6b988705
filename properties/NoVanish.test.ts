import { describe, expect, it } from 'vitest';
import { breaking, edgesOf, nameOf } from '../test/edges.ts';
import { hostContents } from '../test/reference.ts';
import { forAll, SEED, smallest } from '../test/replay.ts';
import { type Drawn, demand, READING, storyOf, systemOf, tell, verdicts, worlds } from '../test/worlds.ts';
import { NoVanish } from './catalogue.ts';
import { judge } from './judge.ts';

/** Between the detach of the hierarchy and the bind of its successor, or after a failure in between. */
const IN_THE_WINDOW = /^(M6d |M6 |M6e |M7|M8 (access|ask|mkdirAll)|M9 failed)/;

describe(`NoVanish in generated worlds (seed ${SEED})`, () => {
  it('is violated, which takes one extension with one file, and one reader', () => {
    const readsX = worlds(READING).map((drawn): Drawn => ({ ...drawn, actors: [{ does: 'read', to: 'x' }] }));
    const { value: world, runs } = smallest(
      readsX,
      (drawn) => verdicts(drawn, 'refresh').get('NoVanish')?.verdict === 'violated',
    );
    expect(`${tell(world)}\n\n${storyOf(verdicts(world, 'refresh').get('NoVanish'))}`).toMatchInlineSnapshot(`
      "systemd 257, mutable=no, mutable directory: missing, since the merge: none
        a        x "a"
        host     (nothing)
        read x

      NoVanish violated
        1  tool      look for extensions and read their metadata     a
        …            14 calls that nobody else notices (P2 to M6c)
       16  tool      umount2 /etc MNT_DETACH|UMOUNT_NOFOLLOW
                       /etc loses x (ext:a)
       17  read-1    open /etc/x, read
                       ENOENT  ◀ a file that is there before and after is gone"
    `);
    expect(runs).toBeLessThan(100);
  });

  it('is violated only between the detach of /etc and the bind of its successor', () => {
    forAll({
      over: worlds(READING, READING),
      runs: 60,
      interesting: 6,
      tell,
      check: (drawn: Drawn) => {
        const system = systemOf(drawn, 'refresh');
        const judged = judge(system);
        const broken = breaking(judged, system, NoVanish, edgesOf(judged, 'tool'));
        for (const { edge, subject } of broken) expect(nameOf(edge.last), subject).toMatch(IN_THE_WINDOW);
        return broken.length > 0;
      },
    });
  });

  it('is never violated for a file that the bare host has', () => {
    forAll({
      over: worlds(READING, READING),
      runs: 60,
      interesting: 6,
      tell,
      check: (drawn: Drawn) => {
        const result = demand(verdicts(drawn, 'refresh'), 'NoVanish', 'holds', 'vacuous', 'violated');
        const host = hostContents(drawn);
        for (const { path } of result.files) expect(host.has(path), `${path}\n${storyOf(result)}`).toBe(false);
        return result.verdict === 'violated';
      },
    });
  });
});
