import { Field } from '../../src/conform/json.ts';
import { conformOverlay, isOverlayVector } from '../../src/conform/overlay.ts';
import type { CallResult } from '../../src/kernel/calls.ts';
import { Script } from '../kernel/mountscript.ts';
import type { PlanRow } from '../kernel/overlayplans.ts';
import { Caller } from '../kernel/plancaller.ts';

/** What the machine links, with a rule switched off: plays recordings against the model around it. */

interface MountRecording {
  readonly script: readonly string[];
  readonly results: readonly string[];
  readonly mounts: readonly string[];
}

/** The first difference between the model and a recording (a line of a file of test/vectors, or a row of overlayplans.ts), or null. */
export function play(recording: string): string | null {
  const vector = new Field(JSON.parse(recording), 'vector', 1);
  if (vector.has('script')) return playMounts(JSON.parse(recording));
  if (!isOverlayVector(vector)) return playPlan(JSON.parse(recording));
  const { outcome, why } = conformOverlay(vector);
  return outcome === 'fail' ? (why ?? 'no reason was given') : null;
}

function playMounts({ script, results, mounts }: MountRecording): string | null {
  const played = new Script(script);
  const wrong = results.findIndex((result, index) => result !== played.results[index]);
  if (wrong !== -1) return `"${script[wrong]}": the model gives ${played.results[wrong]}, recorded ${results[wrong]}`;
  const table = played.table();
  const other = [...mounts, ''].findIndex((line, index) => line !== (table[index] ?? ''));
  return other === -1
    ? null
    : `mounts: the model has ${table[other] ?? 'no more'}, recorded ${mounts[other] ?? 'no more'}`;
}

function playPlan({ disk = '', before = [], mount, as = 0, errno, after = [], uncertain }: PlanRow): string | null {
  const caller = new Caller(disk);
  for (const call of before) if ('err' in caller.call(call)) return `${call.op} fails before the mount`;
  const mounted = caller.call(mount, as);
  const got = 'err' in mounted ? mounted.err : 'ok';
  if (got !== errno) return `the mount gives ${got}, recorded ${errno}`;
  if ((caller.uncertain === undefined) !== (uncertain === undefined)) return `uncertain: ${caller.uncertain}`;
  const text = (result: CallResult): string => JSON.stringify(result);
  const wrong = after.find(([call, result]) => text(caller.call(call)) !== text(result));
  return wrong === undefined ? null : `${wrong[0].op} after the mount gives something else`;
}
