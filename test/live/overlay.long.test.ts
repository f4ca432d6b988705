import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { Field, fieldsOf } from '../../src/conform/json.ts';
import { differenceOf, recorded } from '../../src/conform/listing.ts';
import { draftOf } from '../../src/conform/overlay.ts';
import { record } from '../../src/live/record.ts';
import { Counts, compare, pairsOf } from './differ.ts';
import { drafts } from './drafts.ts';
import { seedOf, startedKernel } from './start.ts';

const { kernel, why } = await startedKernel();
afterAll(() => kernel?.stop());

/** How many random sequences CI plays: about half of the time that the live comparisons have. */
const RUNS = 1400;
const VECTORS = 'test/vectors/overlay';
const files = readdirSync(VECTORS)
  .filter((name) => name.endsWith('.jsonl'))
  .sort();
const vectorsOf = (name: string): readonly Field[] => fieldsOf(readFileSync(`${VECTORS}/${name}`, 'utf8'), name);

describe.skipIf(kernel === null)(`the kernel of this machine${why}`, () => {
  it('does what the model does with random sequences, and all that recordings show comes up', {
    timeout: 180_000,
  }, async () => {
    if (kernel === null) throw new Error('skipped without one');
    const counts = new Counts();
    const seed = seedOf(process.env['OVERLAYCHECK_SEED']);
    const property = fc.asyncProperty(drafts(), (draft) => compare(kernel, draft, counts));
    const done = await fc.check(property, { seed, numRuns: RUNS });
    console.log(`${RUNS} random overlay sequences, seed ${seed}\n${counts}`);
    if (done.failed) throw new Error(`${done.errorInstance}\nagain: npm run -s hunt -- overlay ${RUNS} --seed ${seed}`);
    const missing = files
      .flatMap(vectorsOf)
      .flatMap(pairsOf)
      .filter((pair) => !counts.has(pair));
    expect([...new Set(missing)], `seed ${seed}`).toEqual([]);
  });

  it.each(files)('does again what %s says', async (name) => {
    if (kernel === null) throw new Error('skipped without one');
    for (const vector of vectorsOf(name).filter((each) => typeof draftOf(each) !== 'string')) {
      const again = new Field(await record(kernel, vector), name, 1);
      const title = vector.get('name').string;
      for (const what of ['initial', 'merged', 'upper'])
        if (vector.get(what).value !== null)
          expect(differenceOf(what, recorded(vector.get(what)), recorded(again.get(what))), title).toBeNull();
      expect(withoutLinks(again), title).toEqual(withoutLinks(vector));
    }
  });
});

/** Results without link counts: those of directories are the file system's own. */
const withoutLinks = (vector: Field): unknown =>
  JSON.parse(
    JSON.stringify(vector.get('results').value, (key: string, value: unknown) => (key === 'nlink' ? undefined : value)),
  );
