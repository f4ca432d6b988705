/**
 * `npm run -s hunt -- [overlay|mounts|systemd [RUNS]] [--seed N]`: the live comparisons, longer than CI's; with systemd, RUNS for
 * each that is found (see src/live/systemdroots.ts). Exits with 1 at the first difference, shrunk and printed as a vector, with the
 * line that finds it again; with 2 if it cannot begin.
 * `npm run -s hunt -- refinement` is in refinehunt.ts.
 */
import fc from 'fast-check';
import { describeError, options, UsageError } from '../../src/cli/usage.ts';
import { Kernel } from '../../src/live/kernel.ts';
import type { Json } from '../../src/live/systemdops.ts';
import { type SystemdRoot, systemdRoots } from '../../src/live/systemdroots.ts';
import { mountScripts, SIZE } from '../mountscripts.ts';
import { Counts, compare } from './differ.ts';
import { drafts } from './drafts.ts';
import { compareMounts, MountCounts } from './mounts.ts';
import { huntRefinement } from './refinehunt.ts';
import { compareSystemd, VerbCounts } from './systemddiffer.ts';
import { sequences } from './systemdsequences.ts';
import { knows } from './systemdversions.ts';

type Done = Pick<fc.RunDetails<unknown>, 'failed' | 'numRuns' | 'errorInstance'>;
type Hunted = readonly [counts: Counts | MountCounts | VerbCounts, done: Done];

const KINDS = ['overlay', 'mounts', 'systemd'] as const;
type Kind = (typeof KINDS)[number];

interface Asked {
  readonly what: Kind;
  readonly numRuns: number;
  readonly seed: number;
}

function asked(args: readonly string[]): Asked {
  const { positionals, values } = options(args, { seed: { type: 'string' } });
  const [what = 'overlay', runs = '1000', ...more] = positionals;
  const { seed = String(Date.now() % 1_000_000) } = values;
  const kind = KINDS.find((known) => known === what);
  if (kind === undefined) throw new UsageError(`"${what}": one of ${KINDS.join(', ')}, refinement would be right`);
  if (!/^[1-9]\d{0,8}$/.test(runs)) throw new UsageError(`"${runs}": a number of runs would be right`);
  if (more.length > 0) throw new UsageError(`"${more.join(' ')}": nothing but --seed N may follow the number of runs`);
  if (!/^\d{1,9}$/.test(seed)) throw new UsageError(`--seed "${seed}": a whole number would be right`);
  return { what: kind, numRuns: Number(runs), seed: Number(seed) };
}

/** The first difference of any version ends it. */
async function huntSystemd(kernel: Kernel, limits: fc.Parameters<[Json]>): Promise<Hunted> {
  const { roots, why } = await systemdRoots(kernel, knows);
  const [last] = roots.slice(-1);
  if (last === undefined) throw new UsageError(`no systemd: ${why.join('; ')}`);
  const counts = new VerbCounts();
  const check = (root: SystemdRoot): Promise<Done> =>
    fc.check(
      fc.asyncProperty(sequences(), (draft) => compareSystemd(kernel, root, draft, counts)),
      limits,
    );
  for (const root of roots.slice(0, -1)) {
    const done = await check(root);
    if (done.failed) return [counts, done];
  }
  return [counts, await check(last)];
}

async function hunt(kernel: Kernel, { what, numRuns, seed }: Asked): Promise<Hunted> {
  const limits = { seed, numRuns, endOnFailure: false };
  if (what === 'mounts') {
    const counts = new MountCounts();
    const property = fc.asyncProperty(mountScripts(SIZE), (lines) => compareMounts(kernel, lines, counts));
    return [counts, await fc.check(property, limits)];
  }
  if (what === 'systemd') return huntSystemd(kernel, limits);
  const counts = new Counts();
  const property = fc.asyncProperty(drafts(), (draft) => compare(kernel, draft, counts));
  return [counts, await fc.check(property, limits)];
}

async function main(args: readonly string[]): Promise<number> {
  if (args[0] === 'refinement') return huntRefinement(args.slice(1));
  const order = asked(args);
  const kernel = await Kernel.start();
  if (typeof kernel === 'string') throw new UsageError(kernel);
  const begin = performance.now();
  const [counts, done] = await hunt(kernel, order);
  const seconds = (performance.now() - begin) / 1000;
  await kernel.stop();
  const { what, numRuns, seed } = order;
  process.stdout.write(`${counts}\n${what}: ${done.numRuns} runs, seed ${seed}, ${seconds.toFixed(1)} s\n`);
  if (!done.failed) return 0;
  const error = done.errorInstance;
  const difference = error instanceof Error ? error.message : error;
  process.stdout.write(`${difference}\nagain: npm run -s hunt -- ${what} ${numRuns} --seed ${seed}\n`);
  return 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const line = describeError(error);
  if (line === undefined) throw error;
  process.stderr.write(`hunt: ${line}\n`);
  process.exitCode = 2;
}
