import { playerWithout } from './machine.ts';
import { RULES } from './table.ts';
import { allRecordings } from './vectors.ts';

/**
 * `npx tsx test/mutants/survey.ts [TEXT]`: plays all recordings against the model without each rule (of those whose
 * sentence, section or file has TEXT in it), and says how many notice, and which is the first.
 */

const recordings = [...allRecordings().values()];
const wanted = process.argv[2] ?? '';
const rules = RULES.filter(({ rule, section, file }) => [rule, section, file].some((text) => text.includes(wanted)));
const whole = await playerWithout(null);
const sound = recordings.filter(({ line }) => whole.play(line) === null);
console.log(`${sound.length} of ${recordings.length} recordings agree with the model\n`);

const unnoticed: string[] = [];
for (const { rule, section, ...rest } of rules) {
  const row = { rule, section, ...rest };
  let noticing: string[] = [];
  let note = '';
  try {
    const player = await playerWithout(row);
    noticing = sound.filter(({ line }) => player.play(line) !== null).map(({ name }) => name);
    if (row.noticedBy !== '' && !noticing.includes(row.noticedBy)) note = `, not by ${row.noticedBy}`;
  } catch (error) {
    note = String(error);
  }
  if (noticing.length === 0) unnoticed.push(`${section.padEnd(6)} ${rule} ${note}`);
  console.log(
    `${section.padEnd(6)} ${String(noticing.length).padStart(4)}  ${rule}: ${noticing[0] ?? 'nothing'}${note}`,
  );
}
console.log(`\n${unnoticed.length} of ${rules.length} rules are noticed by nothing`);
for (const line of unnoticed) console.log(`  ${line}`);
