import type { Result } from '../report/check.ts';
import { asExpected } from '../report/text.ts';
import { EXIT } from './usage.ts';

/** Where several apply: 1 (not as declared), then 4 (vacuous), then 3 (a bound was hit). */
export function exitCode(results: readonly Result[]): number {
  const wrong = results.filter((result) => !asExpected(result));
  const surprising = ['violated', 'undefined', 'holds'];
  if (wrong.some(({ verdict }) => surprising.includes(verdict))) return EXIT.unexpected;
  if (wrong.some(({ verdict }) => verdict === 'vacuous')) return EXIT.vacuous;
  return wrong.length > 0 ? EXIT.incomplete : EXIT.expected;
}
