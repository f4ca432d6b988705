/** Results as text for a terminal or a log: stable lines of at most 100 columns. */
import type { Result } from './check.ts';
import { shortStory, WIDTH, wrap } from './story.ts';

/** How to call this program again: the command that works where it was started. */
export type Command = 'npx overlaycheck' | 'npm run -s overlaycheck --';

/** Is a verdict the one that was declared? */
export const asExpected = (result: Result): boolean => result.verdict === result.expected;

/** Permanent damage first, then by the order in which the scenario names its properties. */
export function inOrder(results: readonly Result[]): readonly Result[] {
  const rank = (result: Result): number => (result.damage === 'permanent' ? 0 : result.verdict === 'violated' ? 1 : 2);
  return results
    .map((result, index) => ({ result, index }))
    .sort((a, b) => rank(a.result) - rank(b.result) || a.index - b.index)
    .map(({ result }) => result);
}

/** One verdict with its shortest story and the line that tells it again. */
export function resultLines(result: Result, command: Command): readonly string[] {
  const lines = [headline(result), ...wrap(statistics(result), WIDTH - 2).map((line) => `  ${line}`)];
  for (const reason of result.reasons) lines.push(...wrap(`  ${reason}`, WIDTH));
  if (result.files.length > 1) lines.push(...wrap(`  ${otherFiles(result)}`, WIDTH));
  if (result.trace !== null) {
    lines.push('', ...shortStory(result.trace), '', `  again: ${command} explain ${result.trace.token}`);
  }
  return [...lines, ''];
}

function headline(result: Result): string {
  const subject = result.trace?.subject ?? null;
  const what = subject === null ? result.property : `${result.property}(${subject})`;
  const damage = result.damage === null ? '' : `, ${result.damage}`;
  const surprise = asExpected(result) ? '' : `   expected: ${result.expected}`;
  return `${what}   ${result.verdict.toUpperCase()}${damage}${surprise}`;
}

function statistics(result: Result): string {
  const { states, transitions } = result.stats;
  const trace = result.trace === null ? '' : `, shortest trace: ${result.trace.steps.length} steps`;
  return `systemd ${result.systemd}, mutable=${result.mutable}, ${result.summary}; ${states} states, ${transitions} transitions${trace}`;
}

function otherFiles(result: Result): string {
  const others = result.files
    .filter(({ path }) => path !== result.trace?.subject)
    .map(({ path, damage }) => `${path}${damage === null ? '' : ` (${damage})`}`);
  return others.length === 0 ? '' : `also: ${others.join(', ')}`;
}

/** The last line: how many verdicts were as declared. */
export function tally(results: readonly Result[]): string {
  const good = results.filter(asExpected).length;
  return good === results.length
    ? `${good} ${good === 1 ? 'verdict' : 'verdicts'}, all as expected`
    : `${good} of ${results.length} verdicts as expected`;
}
