import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { type Field, fieldsOf } from '../../src/conform/json.ts';
import { recordSystemd } from '../../src/live/systemd.ts';
import { seedOf, startedSystemd } from './start.ts';
import { compareSystemd, VerbCounts } from './systemddiffer.ts';
import { sequences } from './systemdsequences.ts';
import { differenceOf } from './systemdvectors.ts';
import { knows, versionOf } from './systemdversions.ts';

const { kernel, roots, why } = await startedSystemd(knows);
afterAll(() => kernel?.stop());

/** How many random sequences CI plays for all versions together: some 50 seconds. */
const RUNS = 1000;
const VECTORS = 'test/vectors/systemd';
const files = existsSync(VECTORS)
  ? readdirSync(VECTORS)
      .filter((name) => /\.jsonl?$/.test(name))
      .sort()
  : [];
const vectorsOf = (name: string): readonly Field[] =>
  fieldsOf(readFileSync(`${VECTORS}/${name}`, 'utf8'), name).filter((vector) => vector.has('steps'));

/** What the verbs came to in the recordings that the model was written after, by version. */
const SEEN: Readonly<Record<string, readonly string[]>> = {
  '257': [
    'merge already-merged',
    'merge error:EEXIST',
    'merge error:EINVAL',
    'merge error:ELOOP',
    'merge error:ENOTDIR',
    'merge error:EROFS',
    'merge error:EXDEV',
    'merge merged',
    'merge nothing-found',
    'merge nothing-merged',
    'merge nothing-suitable',
    'refresh crash:SIGABRT',
    'refresh error:EEXIST',
    'refresh error:EINVAL',
    'refresh error:ELOOP',
    'refresh error:EROFS',
    'refresh merged',
    'refresh nothing-found',
    'refresh nothing-merged',
    'refresh nothing-suitable',
    'status status',
    'unmerge crash:SIGABRT',
    'unmerge error:EINVAL',
    'unmerge error:ENOTDIR',
    'unmerge not-merged',
    'unmerge unmerged',
  ],
  '262': [
    'merge already-merged',
    'merge error:EINVAL',
    'merge error:ELOOP',
    'merge error:EROFS',
    'merge error:EXDEV',
    'merge merged',
    'merge nothing-found',
    'merge nothing-merged',
    'merge nothing-suitable',
    'refresh error:EINVAL',
    'refresh error:ELOOP',
    'refresh error:EROFS',
    'refresh merged',
    'refresh nothing-found',
    'refresh nothing-merged',
    'refresh nothing-suitable',
    'refresh skipped',
    'status status',
    'unmerge error:EINVAL',
    'unmerge not-merged',
    'unmerge unmerged',
  ],
};

describe.skipIf(roots.length === 0)(`a real systemd${why}`, () => {
  it.each(roots)(
    'of $version does what the model does with random sequences, and all that recordings show comes up',
    { timeout: 180_000 },
    async (root) => {
      if (kernel === null) throw new Error('skipped without one');
      const counts = new VerbCounts();
      const seed = seedOf(process.env['OVERLAYCHECK_SEED']);
      const numRuns = Math.floor(RUNS / roots.length);
      const property = fc.asyncProperty(sequences(), (draft) => compareSystemd(kernel, root, draft, counts));
      const done = await fc.check(property, { seed, numRuns });
      console.log(`${numRuns} random sequences with systemd ${root.version}, seed ${seed}\n${counts}`);
      if (done.failed)
        throw new Error(`${done.errorInstance}\nagain: npm run -s hunt -- systemd ${numRuns} --seed ${seed}`);
      const missing = SEEN[versionOf(root)]?.filter((pair) => !counts.has(pair));
      expect(missing, `seed ${seed}`).toEqual([]);
    },
  );

  it.each(files)('does again what %s says', { timeout: 180_000 }, async (name) => {
    if (kernel === null) throw new Error('skipped without one');
    for (const vector of vectorsOf(name)) {
      const root = roots.find(({ version }) => version === vector.get('systemd').string);
      if (root === undefined) continue;
      expect(
        differenceOf(vector.value, await recordSystemd(kernel, root, vector)),
        vector.get('name').string,
      ).toBeNull();
    }
  });
});
