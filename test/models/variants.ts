/** All choices that a table of option values allows, and what a check of each gives, as lines of an aligned table. */
import { choose, type Options, type Scenario } from '../../models/scenario.ts';
import { checkScenario, type Result } from '../../src/report/check.ts';

/** Values to try, per option; options that are not named keep their default. */
export type Table = Readonly<Record<string, readonly string[]>>;

/** The Cartesian product, the first option varying slowest. */
export function variants(table: Table): readonly Options[] {
  return Object.entries(table).reduce<readonly Options[]>(
    (all, [key, values]) => all.flatMap((options) => values.map((value) => ({ ...options, [key]: value }))),
    [{}],
  );
}

/** "violated permanent in 41": the verdict, the damage, and the steps of the trace that is shown. */
function verdict({ property, verdict: said, damage, trace }: Result): string {
  const detail = trace === null ? '' : `${damage === null ? '' : ` ${damage}`} in ${trace.steps.length}`;
  return `${property} ${said}${detail}`;
}

export interface Judgement {
  /** One line per variant: its options, states, transitions, and what became of each property. */
  readonly lines: readonly string[];
  /** Verdicts that are not what the scenario declares. */
  readonly surprises: readonly string[];
}

export function judgeAll(scenario: Scenario, table: Table): Judgement {
  const surprises: string[] = [];
  const rows = variants(table).map((options): readonly string[] => {
    const results = checkScenario(scenario, choose(scenario, options));
    const name = Object.values(options).join(' ');
    for (const result of results.filter(({ verdict: said, expected }) => said !== expected)) {
      surprises.push(`${name}: ${result.property} is expected ${result.expected}, and is ${result.verdict}`);
    }
    const [first] = results;
    if (first === undefined) throw new Error(`${scenario.name} expects nothing of any property`);
    const { states, transitions } = first.stats;
    return [...Object.values(options), `${states}`, `${transitions}`, results.map(verdict).join(', ')];
  });
  return { lines: align(rows), surprises };
}

/** Columns as wide as their widest cell; numbers to the right. */
function align(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        /^\d+$/.test(cell) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}
