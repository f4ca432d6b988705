/**
 * `npx tsx models/scenarios/NAME.ts` checks that one scenario. This is the only import that goes up the floors, and it
 * happens only when a scenario module is the program that was started.
 */
import { pathToFileURL } from 'node:url';
import type { Scenario } from './scenario.ts';

export async function runDirectly(url: string, scenario: Scenario): Promise<void> {
  const [, script] = process.argv;
  if (script === undefined || pathToFileURL(script).href !== url) return;
  const { main } = await import('../src/cli/main.ts');
  process.exitCode = await main(['check', scenario.name, ...process.argv.slice(2)]);
}
