/**
 * Runs a property over generated values. The seed is fixed unless OVERLAYCHECK_SEED says otherwise; OVERLAYCHECK_RUNS=2000 goes on for
 * longer; a failure prints the line that replays just the smallest failing value.
 */
import fc from 'fast-check';
import { expect } from 'vitest';

const given = (name: string): number | undefined => {
  const text = process.env[name];
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (!Number.isInteger(value)) throw new Error(`${name} should be a whole number, and is "${text}"`);
  return value;
};

const DEFAULT_SEED = 42;
/** For titles, so that every report says which values were tried. */
export const SEED = given('OVERLAYCHECK_SEED') ?? DEFAULT_SEED;
const path = process.env['OVERLAYCHECK_PATH'];

export interface Quantified<T> {
  readonly over: fc.Arbitrary<T>;
  readonly runs: number;
  /** Values that the statement speaks about; others do not count as runs. */
  readonly where?: (value: T) => boolean;
  /** Throws if the statement is false; true if the value was an interesting one. */
  readonly check: (value: T) => boolean;
  /** How many of the runs have to be interesting, so that the statement is not true for lack of anything to speak about. */
  readonly interesting: number;
  /** The value in words, for the failure. */
  readonly tell: (value: T) => string;
}

/** Fails with the smallest counterexample that shrinking found, why it is one, and the line that replays it. */
export function forAll<T>({ over, runs, where = () => true, check, interesting, tell }: Quantified<T>): void {
  let count = 0;
  const property = fc.property(over.filter(where), (value) => {
    if (check(value)) count++;
  });
  const details = fc.check(property, {
    seed: SEED,
    numRuns: given('OVERLAYCHECK_RUNS') ?? runs,
    ...(path === undefined ? {} : { path, endOnFailure: true }),
  });
  if (details.failed) {
    const [value] = details.counterexample ?? [];
    const cause = details.errorInstance instanceof Error ? details.errorInstance.message : `${details.errorInstance}`;
    const smallest = value === undefined ? 'nothing was generated' : tell(value);
    throw new Error([cause, '', smallest, '', `again: ${again(details.seed, details.counterexamplePath)}`].join('\n'));
  }
  const enough = path === undefined && given('OVERLAYCHECK_RUNS') === undefined && SEED === DEFAULT_SEED;
  if (enough) expect(count, 'runs in which the interesting situation came up').toBeGreaterThanOrEqual(interesting);
}

/** The line that replays a failure of the test that is running. */
function again(seed: number, at: string | null): string {
  const { currentTestName = '', testPath = '' } = expect.getState();
  const title = currentTestName.split(' > ').at(-1) ?? '';
  const file = testPath.slice(testPath.indexOf('/properties/') + 1);
  return `OVERLAYCHECK_SEED=${seed} OVERLAYCHECK_PATH=${at ?? '0'} npx vitest run ${file} -t '${title}'`;
}

/**
 * The smallest value of which something is true, and how many were tried before one was met. Always from the same seed: what
 * shrinking ends with is one of several smallest values, and stories of it are compared with a snapshot.
 */
export function smallest<T>(
  over: fc.Arbitrary<T>,
  is: (value: T) => boolean,
): { readonly value: T; readonly runs: number } {
  const details = fc.check(
    fc.property(over, (value) => !is(value)),
    { seed: DEFAULT_SEED, numRuns: 200 },
  );
  const [value] = details.counterexample ?? [];
  if (value === undefined) throw new Error(`none of ${details.numRuns} values was one`);
  return { value, runs: details.numRuns };
}
