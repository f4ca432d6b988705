import { Field } from '../../src/conform/json.ts';
import { conformOverlay, isOverlayVector } from '../../src/conform/overlay.ts';
import { Script } from '../kernel/mountscript.ts';

/** What the machine bundles, with a rule switched off: plays recordings against the model around it. */

interface MountRecording {
  readonly script: readonly string[];
  readonly results: readonly string[];
  readonly mounts: readonly string[];
}

/** The first difference between the model and a recording (a line of a file of test/vectors), or null. */
export function play(recording: string): string | null {
  const value: unknown = JSON.parse(recording);
  const vector = new Field(value, 'vector', 1);
  if (!isOverlayVector(vector)) return playMounts(JSON.parse(recording));
  const { outcome, why } = conformOverlay(vector);
  return outcome === 'fail' ? (why ?? 'no reason was given') : null;
}

function playMounts({ script, results, mounts }: MountRecording): string | null {
  const played = new Script(script);
  const wrong = results.findIndex((result, index) => result !== played.results[index]);
  if (wrong !== -1) return `"${script[wrong]}": the model gives ${played.results[wrong]}, recorded ${results[wrong]}`;
  const table = played.table();
  const missing = mounts.find((line) => !table.includes(line)) ?? table.find((line) => !mounts.includes(line));
  return missing === undefined && table.length === mounts.length ? null : `mounts: ${missing ?? 'one is there twice'}`;
}
