import { describe, expect, it } from 'vitest';
import { choose } from '../../models/scenario.ts';
import { scenario as flatcarBoot } from '../../models/scenarios/flatcar-boot.ts';
import { SCENARIOS } from '../../models/scenarios/index.ts';
import { scenario as windowWrite } from '../../models/scenarios/window-write.ts';
import { checkScenario } from '../../src/report/check.ts';
import { shortStory, WIDTH, wholeStory, wrap } from '../../src/report/story.ts';
import { resultLines } from '../../src/report/text.ts';

describe('wrap', () => {
  it.each([
    ['short', 10, ['short']],
    ['two words', 5, ['two', 'words']],
    ['/etc/systemd/network', 14, ['/etc/systemd/', 'network']],
    ['abcdefghij', 4, ['abcd', 'efgh', 'ij']],
  ] as const)('cuts %j at %i', (text, width, lines) => {
    expect(wrap(text, width)).toEqual(lines);
  });
});

describe('stories', () => {
  it("tells the flagship's shortest counterexample", () => {
    const [result] = checkScenario(flatcarBoot, choose(flatcarBoot, {}));
    expect(result && resultLines(result, 'npx overlaycheck').join('\n')).toMatchSnapshot();
  });

  it('tells permanent damage on to the rest where it stays', () => {
    const [result] = checkScenario(windowWrite, choose(windowWrite, {}));
    expect(result?.damage).toBe('permanent');
    expect(result && resultLines(result, 'npx overlaycheck').join('\n')).toMatchSnapshot();
  });

  it('tells the whole story in a column per process, with what each step changed', () => {
    const [result] = checkScenario(windowWrite, choose(windowWrite, {}));
    expect(result?.trace && wholeStory(result.trace).join('\n')).toMatchSnapshot();
  });

  it.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))(
    'keeps the lines of %s within 100 columns',
    (_name, scenario) => {
      for (const { trace } of checkScenario(scenario, choose(scenario, {}))) {
        if (trace === null) continue;
        for (const line of [...shortStory(trace), ...wholeStory(trace)]) expect(line.length).toBeLessThanOrEqual(WIDTH);
      }
    },
  );
});
