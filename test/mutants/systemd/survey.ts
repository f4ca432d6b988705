import { systemdWithout } from './machine.ts';
import { systemdRecordings } from './recordings.ts';
import { SYSTEMD_RULES } from './table.ts';

/**
 * `npx tsx test/mutants/systemd/survey.ts [TEXT [TEXT]]`: plays the recordings (of those whose name has the second TEXT in it) against
 * the model without each rule (of those whose sentence or file has the first), and says how many notice, and which is the first.
 */

const [wanted = '', among = ''] = process.argv.slice(2);
const recordings = [...systemdRecordings()].filter(([name]) => name.includes(among));
const rules = SYSTEMD_RULES.filter(({ rule, file }) => [rule, file].some((text) => text.includes(wanted)));
let unnoticed = 0;
for (const rule of rules) {
  const player = await systemdWithout(rule);
  const noticing = recordings.flatMap(([name, recording]) => (player.play(recording) === null ? [] : [name]));
  if (noticing.length === 0) unnoticed++;
  const note = rule.noticedBy.includes(among) && !noticing.includes(rule.noticedBy) ? `, not by ${rule.noticedBy}` : '';
  console.log(`${String(noticing.length).padStart(4)}  ${rule.rule}: ${noticing[0] ?? 'nothing'}${note}`);
}
console.log(`\n${unnoticed} of ${rules.length} rules are noticed by none of ${recordings.length} recordings`);
