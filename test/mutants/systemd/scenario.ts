import { SCENARIOS } from '../../live/morescenarios.ts';
import type { Scenario } from '../../live/sandbox.ts';

/** A scenario of the refinement check by its name. */
export function scenarioOf(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found === undefined) throw new Error(`no scenario is called "${name}"`);
  return found;
}
