/** What chance comes to: mount scripts of three tasks, those that leave a table that can be read. */
import fc from 'fast-check';
import { Script } from '../../kernel/mountscript.ts';
import { mountScripts } from '../../mountscripts.ts';

export const TASKS = fc
  .sample(mountScripts({ minLength: 14, maxLength: 24 }), { seed: 20, numRuns: 300 })
  .filter((script) => script.length >= 18 && new Script(script).table().length <= 24)
  .slice(0, 120)
  .map((script, index) => ({ name: `tasks-${index + 1}`, script }));
