import { optionsOf } from '../../models/scenario.ts';
import { SCENARIOS } from '../../models/scenarios/index.ts';
import { BEHAVIOURS } from '../../models/systemd/versions.ts';
import { PROPERTIES } from '../../properties/catalogue.ts';
import { wrap } from '../report/story.ts';
import { EXIT, type Output, options, UsageError } from './usage.ts';

/** `list`: what can be checked, and what the words mean. */
export function list(args: readonly string[], out: Output): number {
  const { values, positionals } = options(args, { json: { type: 'boolean' } });
  if (positionals.length > 0) throw new UsageError(`list takes no names; "${positionals[0]}" is one`);
  if (values.json === true) {
    const scenarios = SCENARIOS.map((scenario) => ({
      name: scenario.name,
      title: scenario.title,
      options: optionsOf(scenario),
    }));
    const properties = PROPERTIES.map(({ name, claim, witness }) => ({ name, claim, witness }));
    out.print(JSON.stringify({ schemaVersion: 1, scenarios, properties, behaviours: BEHAVIOURS }));
    return EXIT.expected;
  }
  const paragraph = (text: string, indent: number): void => {
    for (const line of wrap(text, 100 - indent)) out.print(' '.repeat(indent) + line);
  };
  out.print('Scenarios');
  for (const scenario of SCENARIOS) {
    out.print(`  ${scenario.name}`);
    paragraph(scenario.title, 6);
    for (const [key, option] of Object.entries(optionsOf(scenario))) {
      paragraph(`${key}=${option.values.join('|')} (${option.default}): ${option.what}`, 6);
    }
  }
  out.print('\nProperties');
  for (const property of PROPERTIES) {
    out.print(`  ${property.name}`);
    paragraph(property.claim, 6);
    paragraph(`witness: ${property.witness}`, 6);
  }
  out.print('\nBehaviours of systemd');
  for (const [name, row] of Object.entries(BEHAVIOURS)) {
    out.print(`  ${name}   257: ${row[257]}   262: ${row[262]}`);
    paragraph(row.what, 6);
    paragraph(`source: ${row.source}`, 6);
  }
  return EXIT.expected;
}
