import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { Script } from '../kernel/mountscript.ts';
import { type Recording, recordingsIn } from '../kernel/recordings.ts';
import { mountScripts, SIZE } from '../mountscripts.ts';
import { CAN_EXEC, compareMounts, MountCounts, onKernel } from './mounts.ts';
import { seedOf, startedKernel } from './start.ts';

const { kernel, why } = await startedKernel();
afterAll(() => kernel?.stop());

/** How many random scripts CI plays: about half of the time that the live comparisons have. */
const RUNS = 600;
const VECTORS = 'test/vectors/mount';
const files = readdirSync(VECTORS)
  .filter((name) => name.endsWith('.jsonl'))
  .sort();
const recordings = (name: string): readonly Recording[] => recordingsIn(readFileSync(`${VECTORS}/${name}`, 'utf8'));

describe.skipIf(kernel === null)(`the kernel of this machine${why}`, () => {
  it('does what the model does with random mount scripts, and all that recordings show comes up', {
    timeout: 180_000,
  }, async () => {
    if (kernel === null) throw new Error('skipped without one');
    const counts = new MountCounts();
    const seed = seedOf(process.env['OVERLAYCHECK_SEED']);
    const property = fc.asyncProperty(mountScripts(SIZE), (lines) => compareMounts(kernel, lines, counts));
    const done = await fc.check(property, { seed, numRuns: RUNS });
    console.log(`${RUNS} random mount scripts, seed ${seed}\n${counts}`);
    if (done.failed) throw new Error(`${done.errorInstance}\nagain: npm run -s hunt -- mounts ${RUNS} --seed ${seed}`);
    const recorded = new MountCounts();
    for (const { script, results } of files.flatMap(recordings)) recorded.add(script, results);
    // What came up a few times in thousands of lines may not come up again.
    expect(
      recorded.pairs(8).filter((pair) => !counts.pairs(1).includes(pair)),
      `seed ${seed}`,
    ).toEqual([]);
  });

  it.skipIf(!CAN_EXEC).each(files)('does again what %s says', async (name) => {
    if (kernel === null) throw new Error('skipped without one');
    for (const { name: title, script, results, mounts } of recordings(name))
      expect(await onKernel(kernel, new Script(script), false), title).toEqual({ results, mounts });
  });
});
