import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { choose } from '../models/scenario.ts';
import { scenario } from '../models/scenarios/flatcar-boot.ts';
import { main } from '../src/cli/main.ts';
import { checkScenario } from '../src/report/check.ts';
import { resultLines } from '../src/report/text.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

it('the story in README is what `npm start` prints', () => {
  const [result] = checkScenario(scenario, choose(scenario, {}));
  const story = result === undefined ? [] : resultLines(result, 'npm run -s overlaycheck --');
  const block = story
    .map((line) => (line === '' ? '' : `    ${line}`))
    .join('\n')
    .trimEnd();
  expect(readme).toContain(block);
});

it('the verbs in README are those of the help text', async () => {
  const lines: string[] = [];
  await main(['--help'], { print: (line) => lines.push(line), complain: () => {} });
  const verbs = [...readme.matchAll(/^\| `(\w+)[ `]/gm)].map((match) => match[1]);
  expect(verbs.length).toBeGreaterThan(0);
  for (const verb of verbs) expect(lines.join('\n')).toContain(`overlaycheck ${verb}`);
});
