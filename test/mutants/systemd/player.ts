import { VERSIONS } from '../../../models/systemd/versions.ts';
import { Field } from '../../../src/conform/json.ts';
import { conformSystemd, isSystemdVector } from '../../../src/conform/systemd.ts';
import { refine } from '../../live/refine.ts';
import { fromText } from '../../live/sandbox.ts';
import { scenarioOf } from './scenario.ts';

/** What the machine links for the rules of systemd: plays recordings of the real one against the model around it. */

/** The first difference between the model and a recording (a vector, or a run under strace as `recordings.ts` has it), or null. */
export function play(recording: string): string | null {
  const field = new Field(JSON.parse(recording), 'recording', 1);
  if (!isSystemdVector(field)) {
    return refine(
      scenarioOf(field.get('scenario').string),
      field.get('systemd').oneOf(VERSIONS),
      fromText(field.get('trace').string),
    );
  }
  const { outcome, why } = conformSystemd(field);
  return outcome === 'fail' ? (why ?? 'no reason was given') : null;
}
