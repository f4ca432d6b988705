/**
 * `npm run -s hunt -- refinement [WORD] [--keep DIR]`: the scenarios of the refinement check whose names contain WORD, all of
 * them without one, in every root with a systemd. With DIR, what strace wrote of each verb is kept there: whole, as the line
 * numbers in a difference count, or without the lines that say nothing where there is none.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { options, UsageError } from '../../src/cli/usage.ts';
import type { SystemdRoot } from '../../src/live/systemdroots.ts';
import { SCENARIOS } from './morescenarios.ts';
import { refine } from './refine.ts';
import { fromText, play, type Run, read, type Scenario, toText, traceFile, watchedRoots } from './sandbox.ts';
import { versionOf } from './systemdversions.ts';

/** Gives the exit status: 1 if a real run is none of the model's. */
export async function huntRefinement(args: readonly string[]): Promise<number> {
  const { positionals, values } = options(args, { keep: { type: 'string' } });
  const [word = '', ...more] = positionals;
  if (more.length > 0) throw new UsageError(`"${more.join(' ')}": nothing but --keep DIR may follow the word`);
  const scenarios = SCENARIOS.filter(({ name }) => name.includes(word));
  if (scenarios.length === 0)
    throw new UsageError(`"${word}" is in no name; the last one is "${SCENARIOS.at(-1)?.name}"`);
  const { roots, why } = await watchedRoots();
  if (roots.length === 0) throw new UsageError(`no systemd to watch${why}`);
  const begin = performance.now();
  const differences = (await Promise.all(roots.map((root) => playAll(root, scenarios, values.keep)))).flat();
  const seconds = (performance.now() - begin) / 1000;
  const versions = roots.map(({ version }) => version).join(', ');
  process.stdout.write(
    `${scenarios.length} scenarios with ${versions}: ${differences.length} differences, ${seconds.toFixed(1)} s\n`,
  );
  return differences.length === 0 ? 0 : 1;
}

/** One scenario after the other; what differs is told at once. */
async function playAll(
  root: SystemdRoot,
  scenarios: readonly Scenario[],
  keep: string | undefined,
): Promise<readonly string[]> {
  const differences: string[] = [];
  for (const scenario of scenarios) {
    const runs = await play(scenario, root);
    const text = toText(scenario, runs);
    const difference = refine(scenario, versionOf(root), fromText(text));
    if (keep !== undefined) {
      mkdirSync(keep, { recursive: true });
      const kept = difference === null ? toText(scenario, runs.map(shortened)) : text;
      writeFileSync(join(keep, traceFile(scenario, versionOf(root))), kept);
    }
    if (difference === null) continue;
    const again = `npm run -s hunt -- refinement '${scenario.name.replaceAll("'", "'\\''")}' --keep /tmp/traces`;
    process.stdout.write(`systemd ${root.version}, ${scenario.name}: ${difference}\nagain: ${again}\n\n`);
    differences.push(difference);
  }
  return differences;
}

/** A run without the lines of its trace that make no difference to what it says, tried in ever smaller pieces. */
function shortened(run: Run): Run {
  const says = (lines: readonly string[]): string => {
    try {
      return JSON.stringify(read({ ...run, trace: lines.join('\n') }), (key, value: unknown) =>
        key === 'line' ? undefined : value,
      );
    } catch {
      return 'nothing';
    }
  };
  let lines: readonly string[] = run.trace.split('\n');
  const whole = says(lines);
  for (let size = 64; size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < lines.length; ) {
      const shorter = [...lines.slice(0, at), ...lines.slice(at + size)];
      if (says(shorter) === whole) lines = shorter;
      else at += size;
    }
  }
  return { ...run, trace: `${lines.join('\n')}\n` };
}
