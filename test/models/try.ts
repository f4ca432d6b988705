import { SCENARIOS } from '../../models/scenarios/index.ts';
import { judgeAll, type Table } from './variants.ts';
const T: Record<string, Table> = {
  'flatcar-boot': { variant: ['S01', 'S02', 'S04', 'S05'], skip: ['yes', 'no'], upper: ['hierarchy', 'directory'] },
  'refresh-while-reading': { systemd: ['257', '262'], mutable: ['no', 'auto', 'yes', 'import', 'ephemeral', 'ephemeral-import'], change: ['extension', 'none'], submount: ['no', 'yes'] },
  'first-merge': { systemd: ['257', '262'], mutable: ['no', 'auto', 'yes', 'import', 'ephemeral', 'ephemeral-import'], 'mutable-dir': ['missing', 'directory', 'hierarchy'], delete: ['no', 'yes'] },
  'failed-refresh': { systemd: ['257', '262'], mutable: ['no', 'auto', 'yes', 'import', 'ephemeral', 'ephemeral-import'], cause: ['mode', 'call', 'kill'] },
  'window-write': { systemd: ['257', '262'], mutable: ['auto', 'yes'], actor: ['create', 'edit', 'overwrite', 'delete'], upper: ['directory', 'hierarchy'] },
};
for (const s of SCENARIOS) {
  if (process.argv[2] && process.argv[2] !== s.name) continue;
  const b = performance.now();
  const { lines, surprises } = judgeAll(s, T[s.name] ?? {});
  console.log(`== ${s.name} ${((performance.now() - b) / 1000).toFixed(1)}s`);
  for (const l of lines) console.log(l);
  for (const l of surprises) console.log('!!', l);
}
