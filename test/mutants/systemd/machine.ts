import { type Player, playerWithout } from '../machine.ts';
import type { SystemdRule } from '../rule.ts';

/** The model of systemd without a rule, or the whole of it. */
export const systemdWithout = (rule: SystemdRule | null): Promise<Player> =>
  playerWithout(rule, 'test/mutants/systemd/player.ts');
