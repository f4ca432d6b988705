import { afterAll, describe, expect, it } from 'vitest';
import type { CallResult } from '../../src/kernel/calls.ts';
import { parseTree } from '../../src/kernel/notation.ts';
import { line, treeLines } from '../../src/live/lines.ts';
import { DISK, PLANS, type PlanRow } from '../kernel/overlayplans.ts';
import { startedKernel } from './start.ts';

const { kernel, why } = await startedKernel();
afterAll(() => kernel?.stop());

const by = (uid: number) => ({ task: 't', uid, gid: uid });

/** What the kernel answers to the calls of a row, as the row has it. */
async function played({ disk, before = [], mount, as = 0, after = [] }: PlanRow) {
  const begin = treeLines(parseTree(disk ?? DISK), '');
  const calls = [...before, mount, ...after.map(([call]) => call)];
  const lines = calls.map((call, index) => line(by(index === before.length ? as : 0), call));
  const answers: readonly CallResult[] = (await kernel?.run([...begin, ...lines])) ?? [];
  const [mounted, ...rest] = answers.slice(begin.length + before.length);
  return {
    before: answers.slice(0, begin.length + before.length).filter((answer) => 'err' in answer),
    errno: mounted !== undefined && 'err' in mounted ? mounted.err : 'ok',
    after: rest,
  };
}

describe.skipIf(kernel === null)(`the kernel of this machine takes and refuses the same overlay mounts${why}`, () => {
  it.each(Object.entries(PLANS))('%s', { timeout: 60_000 }, async (_, rows) => {
    for (const row of rows) {
      const { errno, after = [] } = row;
      expect(await played(row), row.name).toEqual({ before: [], errno, after: after.map(([, result]) => result) });
    }
  });
});
