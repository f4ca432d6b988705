/**
 * `npm run -s hunt -- [overlay|mounts RUNS] [--seed N]`: the live comparisons, longer than CI's. Exits with 1 at the first
 * difference, shrunk and printed as a vector, with the line that finds it again.
 */
import fc from 'fast-check';
import { Kernel } from '../../src/live/kernel.ts';
import { mountScripts, SIZE } from '../mountscripts.ts';
import { Counts, compare } from './differ.ts';
import { drafts } from './drafts.ts';
import { compareMounts, MountCounts } from './mounts.ts';

type Done = Pick<fc.RunDetails<unknown>, 'failed' | 'numRuns' | 'errorInstance'>;
type Hunted = readonly [counts: Counts | MountCounts, done: Done];

async function overlays(kernel: Kernel): Promise<Hunted> {
  const counts = new Counts();
  const property = fc.asyncProperty(drafts(), (draft) => compare(kernel, draft, counts));
  return [counts, await fc.check(property, options)];
}

async function mounts(kernel: Kernel): Promise<Hunted> {
  const counts = new MountCounts();
  const property = fc.asyncProperty(mountScripts(SIZE), (lines) => compareMounts(kernel, lines, counts));
  return [counts, await fc.check(property, options)];
}

const [what = 'overlay', runs = '1000', , seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
const kernel = await Kernel.start();
if (typeof kernel === 'string') {
  process.stderr.write(`hunt: ${kernel}\n`);
  process.exit(2);
}
const options = { seed: Number(seed), numRuns: Number(runs), endOnFailure: false };
const begin = performance.now();
const [counts, done] = what === 'mounts' ? await mounts(kernel) : await overlays(kernel);
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
