/**
 * `npm run -s hunt -- [overlay RUNS] [--seed N]`: the live comparisons, longer than CI's. Exits with 1 at the first difference,
 * shrunk and printed as a vector, with the line that finds it again.
 */
import fc from 'fast-check';
import { Kernel } from '../../src/live/kernel.ts';
import { Counts, compare } from './differ.ts';
import { drafts } from './drafts.ts';

const [what = 'overlay', runs = '1000', , seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
const kernel = await Kernel.start();
if (typeof kernel === 'string') {
  process.stderr.write(`hunt: ${kernel}\n`);
  process.exit(2);
}
const counts = new Counts();
const begin = performance.now();
const property = fc.asyncProperty(drafts(), (draft) => compare(kernel, draft, counts));
const done = await fc.check(property, { seed: Number(seed), numRuns: Number(runs), endOnFailure: false });
const seconds = (performance.now() - begin) / 1000;
process.stdout.write(`${counts}\n${what}: ${done.numRuns} runs, seed ${seed}, ${seconds.toFixed(1)} s\n`);
if (done.failed) {
  const error = done.errorInstance;
  process.stdout.write(
    `${error instanceof Error ? error.message : error}\nagain: npm run -s hunt -- ${what} ${runs} --seed ${seed}\n`,
  );
}
await kernel.stop();
process.exit(done.failed ? 1 : 0);
