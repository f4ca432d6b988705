import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../input/error.ts';
import { type Field, fieldsOf } from './json.ts';
import { conformLive, isLiveVector } from './live.ts';
import { conformOverlay, isOverlayVector, type Verdict } from './overlay.ts';
import { conformSystemd, isSystemdVector } from './systemd.ts';
import { conformUnionmount, LAYERS_FILE } from './unionmount.ts';

/** Recorded vectors against the model. Files tell their format by the fields of their vectors. */

export interface Conformance {
  readonly verdicts: readonly Verdict[];
  /** What to print: a line per failing and per skipped vector, and the counts. */
  readonly lines: readonly string[];
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Plays files of vectors (JSON Lines or JSON arrays) and directories of unionmount traces, in the given order. Throws an
 * {@link InputError} for what cannot be read or is in no known format.
 */
export function conformFiles(paths: readonly string[]): Conformance {
  const verdicts = paths.flatMap(conformPath);
  const count = (outcome: Verdict['outcome']): number => verdicts.filter((one) => one.outcome === outcome).length;
  const [passed, failed, skipped] = [count('pass'), count('fail'), count('skip')];
  const told = verdicts.flatMap(({ name, outcome, why, note }) =>
    outcome !== 'pass'
      ? [`${outcome.toUpperCase()} ${name}: ${why ?? 'no reason was given'}`]
      : note === undefined
        ? []
        : [`NOTE ${name}: ${note}`],
  );
  const counts = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  return { verdicts, lines: [...told, counts], passed, failed, skipped };
}

function conformPath(path: string): readonly Verdict[] {
  if (!existsSync(path)) throw new InputError({ file: path, found: 'nothing', right: 'a file of vectors' });
  if (statSync(path).isDirectory()) return traceDirectories(path).flatMap(conformUnionmount);
  const vectors = fieldsOf(readFileSync(path, 'utf8'), path).filter((each) => !isOrigin(each));
  if (vectors.length === 0) throw new InputError({ file: path, line: 1, found: 'no vector', right: 'at least one' });
  return vectors.map(conformVector);
}

/** The line that says where the vectors of a file come from. */
const isOrigin = (line: Field): boolean => line.has('recorded') && line.keys.length === 1;

function conformVector(vector: Field): Verdict {
  if (isLiveVector(vector)) return conformLive(vector);
  if (isOverlayVector(vector)) return conformOverlay(vector);
  if (isSystemdVector(vector)) return conformSystemd(vector);
  throw vector.fail('an overlay vector (layers, ops, results) or a systemd vector (hierarchies, setup, steps)');
}

/** The directory itself, or the configurations in it. */
function traceDirectories(path: string): readonly string[] {
  if (existsSync(join(path, LAYERS_FILE))) return [path];
  const inside = readdirSync(path)
    .sort()
    .map((name) => join(path, name))
    .filter((directory) => existsSync(join(directory, LAYERS_FILE)));
  if (inside.length > 0) return inside;
  throw new InputError({ file: path, found: `no ${LAYERS_FILE}`, right: 'a directory of unionmount traces' });
}
