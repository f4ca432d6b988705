import { type Choice, choose, type Options, optionsOf, type Scenario } from '../../models/scenario.ts';
import { SCENARIOS } from '../../models/scenarios/index.ts';
import { PROPERTIES } from '../../properties/catalogue.ts';
import { type CheckOptions, checkScenario, type Result } from '../report/check.ts';
import { inOrder, resultLines, tally } from '../report/text.ts';
import { exitCode } from './exit.ts';
import { checkRoot } from './root.ts';
import { command, count, type Output, options, scenarioNamed, settings, UsageError } from './usage.ts';

const KNOWN = {
  root: { type: 'string' },
  systemd: { type: 'string' },
  mutable: { type: 'string' },
  property: { type: 'string' },
  set: { type: 'string', multiple: true },
  json: { type: 'boolean' },
  'max-states': { type: 'string' },
  'max-seconds': { type: 'string' },
  'max-memory': { type: 'string' },
} as const;

/** `check [SCENARIO]...` and `check --root DIR`. */
export function check(args: readonly string[], out: Output): number {
  const { values, positionals } = options(args, KNOWN);
  const search = searchOptions(values);
  if (values.root !== undefined) {
    if (positionals.length > 0)
      throw new UsageError(`--root checks one directory; "${positionals[0]}" cannot be checked in the same run`);
    if (values.set !== undefined)
      throw new UsageError('--set belongs to scenarios; with --root there are --systemd and --mutable');
    return checkRoot(
      { dir: values.root, systemd: values.systemd, mutable: values.mutable, json: values.json === true, search },
      out,
    );
  }
  const scenarios = positionals.length > 0 ? positionals.map(scenarioNamed) : SCENARIOS;
  const given = settings(values.set ?? []);
  const jobs = scenarios.flatMap((scenario) =>
    choices(scenario, given, values).map((choice) => ({ scenario, choice })),
  );
  const results: Result[] = [];
  for (const { scenario, choice } of jobs) {
    if (process.stderr.isTTY && values.json !== true)
      process.stderr.write(`\r\x1b[K${scenario.name} ${choice.systemd} ${choice.mutable} …`);
    results.push(...checkScenario(scenario, choice, search));
  }
  if (process.stderr.isTTY && values.json !== true) process.stderr.write('\r\x1b[K');
  if (values.json === true) out.print(JSON.stringify({ schemaVersion: 1, results, notes: [] }));
  else {
    for (const result of inOrder(results)) for (const line of resultLines(result, command())) out.print(line);
    out.print(tally(results));
  }
  return exitCode(results);
}

function searchOptions(values: { [K in keyof typeof KNOWN]?: unknown }): CheckOptions {
  const property = typeof values.property === 'string' ? values.property : undefined;
  if (property !== undefined && !PROPERTIES.some(({ name }) => name === property)) {
    throw new UsageError(
      `no property is called "${property}"; the properties are ${PROPERTIES.map(({ name }) => name).join(', ')}`,
    );
  }
  const number = (name: 'max-states' | 'max-seconds' | 'max-memory'): number | undefined => {
    const value = values[name];
    return count(name, typeof value === 'string' ? value : undefined);
  };
  const states = number('max-states');
  const seconds = number('max-seconds');
  const memory = number('max-memory');
  return {
    clock: () => performance.now() / 1000,
    bounds: {
      ...(states === undefined ? {} : { maxStates: states }),
      ...(seconds === undefined ? {} : { maxSeconds: seconds }),
      ...(memory === undefined ? {} : { maxMemory: memory * 1024 * 1024 }),
    },
    ...(property === undefined ? {} : { property }),
  };
}

/** Without `--systemd` a scenario is checked for the releases, unless it has something else to say; without `--mutable` in its default mode. */
function choices(
  scenario: Scenario,
  given: Options,
  values: { systemd?: string | undefined; mutable?: string | undefined },
): readonly Choice[] {
  const known = optionsOf(scenario);
  const pick = (key: 'systemd' | 'mutable', value: string | undefined): readonly string[] => {
    const option = known[key];
    if (option === undefined) throw new Error(`${scenario.name} has no option ${key}`);
    if (given[key] !== undefined) return [given[key]];
    return value === 'all' ? option.values : value === undefined ? (option.usual ?? [option.default]) : [value];
  };
  const versions = pick('systemd', values.systemd);
  const modes = pick('mutable', values.mutable);
  return versions.flatMap((systemd) => modes.map((mutable) => choose(scenario, { ...given, systemd, mutable })));
}
