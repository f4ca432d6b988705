/**
 * `npm run -s bench`: one JSON object per line. Compare lines of one run only: machines differ, and so does the same one an hour later.
 * OVERLAYCHECK_PML names a Promela file (with NR readers) that Spin, where installed, explores in the same minute.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { choose } from '../../models/scenario.ts';
import { SCENARIOS } from '../../models/scenarios/index.ts';
import { PROPERTIES } from '../../properties/catalogue.ts';
import { judge } from '../../properties/judge.ts';
import type { Report } from '../../src/checker/model.ts';
import { simulator } from './simulator.ts';
import { yardstick } from './yardstick.ts';

/** A name, and a whole search. */
interface Benchmark {
  readonly name: string;
  readonly run: () => Pick<Report<unknown, unknown>, 'stats'>;
}

const readers = process.argv.slice(2).map(Number);
const yardsticks = (readers.length > 0 ? readers : [1, 2]).map(
  (count): Benchmark => ({
    name: `yardstick, ${count} reader${count === 1 ? '' : 's'}`,
    run: () => yardstick(count).check([]),
  }),
);

/** The bundled scenarios as they come, each with all the properties that it judges: what `check NAME` waits for. */
const scenarios = SCENARIOS.map(
  (scenario): Benchmark => ({
    name: scenario.name,
    run: () => {
      const system = scenario.build(choose(scenario, {}));
      const judged = new Set(system.expectations.map(({ property }) => property));
      return judge(system).check(PROPERTIES.filter(({ name }) => judged.has(name)));
    },
  }),
);
const BENCHMARKS: readonly Benchmark[] = [...yardsticks, ...scenarios];

function print(line: Readonly<Record<string, string | number>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function measure({ name, run }: Benchmark): void {
  const begin = performance.now();
  const { stats } = run();
  const seconds = (performance.now() - begin) / 1000;
  print({
    name,
    states: stats.states,
    transitions: stats.transitions,
    depth: stats.depth,
    seconds: Math.round(seconds * 1000) / 1000,
    statesPerSecond: Math.round(stats.states / seconds),
    bytesPerState: Math.round(stats.bytesPerState * 10) / 10,
    peakMemoryMiB: Math.round(process.resourceUsage().maxRSS / 1024),
  });
}

/** Spin on the given model: depth first, no reduction, so that it visits the same states. */
function spin(model: string): void {
  const directory = mkdtempSync(join(tmpdir(), 'overlaycheck-spin-'));
  const run = (command: string, ...args: string[]): string => {
    const { error, status, stdout } = spawnSync(command, args, { cwd: directory, encoding: 'utf8' });
    if (error !== undefined || status !== 0) throw error ?? new Error(`${command} failed: ${stdout}`);
    return stdout;
  };
  try {
    run('spin', '-o2', '-DNR=2', '-a', resolve(model));
    run('gcc', '-O2', '-DSAFETY', '-DNOREDUCE', '-o', 'pan', 'pan.c');
    const begin = performance.now();
    const said = run('./pan', '-E', '-m200000', '-w24');
    const seconds = (performance.now() - begin) / 1000;
    const states = Number(/(\S+) states, stored/.exec(said)?.[1]);
    const transitions = Number(/(\d+) transitions/.exec(said)?.[1]);
    print({ name: 'Spin, 2 readers', states, transitions, seconds, statesPerSecond: Math.round(states / seconds) });
  } catch (reason) {
    process.stderr.write(`Spin was not compared: ${reason instanceof Error ? reason.message : reason}\n`);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

for (const line of simulator()) print({ ...line });
for (const benchmark of BENCHMARKS) measure(benchmark);
const model = process.env['OVERLAYCHECK_PML'];
if (model !== undefined) spin(model);
