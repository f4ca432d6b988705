import { optionsOf } from '../../models/scenario.ts';
import { SCENARIOS } from '../../models/scenarios/index.ts';
import { ABOUT, BEHAVIOURS, VERSIONS, wordFor } from '../../models/systemd/versions.ts';
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
    out.print(JSON.stringify({ schemaVersion: 1, scenarios, properties, versions: ABOUT, behaviours: BEHAVIOURS }));
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
  out.print('\nVersions of systemd');
  for (const version of VERSIONS) {
    out.print(`  ${version}`);
    paragraph(ABOUT[version].what, 6);
  }
  out.print('\nBehaviours of systemd');
  const columns = (name: string, cells: readonly string[]): string =>
    `  ${name.padEnd(26)}${cells.map((cell) => cell.padEnd(11)).join('')}`.trimEnd();
  out.print(columns('', VERSIONS));
  for (const [name, row] of Object.entries(BEHAVIOURS)) {
    out.print(
      columns(
        name,
        VERSIONS.map((version) => wordFor(row[version])),
      ),
    );
    paragraph(row.what, 6);
    paragraph(`source: ${row.source}`, 6);
  }
  return EXIT.expected;
}
