import { describe, expect, it } from 'vitest';
import { systemdWithout } from './systemd/machine.ts';
import { systemdRecordings } from './systemd/recordings.ts';
import { SYSTEMD_RULES } from './systemd/table.ts';

const recordings = systemdRecordings();
const recordingOf = (name: string): string => {
  const recording = recordings.get(name);
  if (recording === undefined) throw new Error(`no recording is called "${name}"`);
  return recording;
};

it('the model of systemd with all its rules agrees with every recording that the table names', async () => {
  const player = await systemdWithout(null);
  const names = [...new Set(SYSTEMD_RULES.map(({ noticedBy }) => noticedBy))];
  expect(names.flatMap((name) => player.play(recordingOf(name)) ?? [])).toEqual([]);
});

describe('without the rule that', () => {
  it.each(SYSTEMD_RULES.map((rule) => [`${rule.rule}: noticed by ${rule.noticedBy}`, rule] as const))(
    '%s',
    async (_, rule) => {
      const player = await systemdWithout(rule);
      expect(player.play(recordingOf(rule.noticedBy))).not.toBeNull();
    },
  );
});
