/**
 * Every bundled scenario under a table of its options: verdicts are the declared ones, and sizes and shortest traces are pinned.
 * A line is: the options, states, transitions, and per property its verdict, its damage and the steps of the trace that is shown.
 * After a change of the model that is meant to change them, `npx vitest run test/models -u` writes the tables anew: read the difference.
 */
import { describe, expect, it } from 'vitest';
import { scenario as failedRefresh } from '../../models/scenarios/failed-refresh.ts';
import { scenario as firstMerge } from '../../models/scenarios/first-merge.ts';
import { scenario as flatcarBoot } from '../../models/scenarios/flatcar-boot.ts';
import { SCENARIOS } from '../../models/scenarios/index.ts';
import { scenario as refreshWhileReading } from '../../models/scenarios/refresh-while-reading.ts';
import { scenario as windowWrite } from '../../models/scenarios/window-write.ts';
import { judgeAll } from './variants.ts';

const BOTH = ['257', '262'];
const MODES = ['no', 'auto', 'yes', 'import', 'ephemeral', 'ephemeral-import'];

describe('the bundled scenarios', () => {
  it('are all in this file', () => {
    expect(SCENARIOS).toEqual([flatcarBoot, refreshWhileReading, firstMerge, failedRefresh, windowWrite]);
  });

  it('flatcar-boot: which variants of the boot lose a file, a deletion or a write', () => {
    const { lines, surprises } = judgeAll(flatcarBoot, {
      variant: ['S01', 'S02', 'S04', 'S05'],
      skip: ['yes', 'no'],
      upper: ['hierarchy', 'directory'],
    });
    expect(surprises).toEqual([]);
    expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot();
  });

  it('refresh-while-reading: no mode is without the window, and only the skip avoids it', () => {
    const { lines, surprises } = judgeAll(refreshWhileReading, {
      systemd: BOTH,
      mutable: MODES,
      change: ['extension', 'none'],
      submount: ['no', 'yes'],
    });
    expect(surprises).toEqual([]);
    expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot();
  });

  it('first-merge: the first merge has a window, too, for what is mounted below /etc', () => {
    const { lines, surprises } = judgeAll(firstMerge, {
      systemd: BOTH,
      mutable: MODES,
      'mutable-dir': ['missing', 'directory', 'hierarchy'],
    });
    expect(surprises).toEqual([]);
    expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot();
  });

  it('first-merge: only an upper that is /etc itself leaves a whiteout behind', () => {
    const { lines, surprises } = judgeAll(firstMerge, {
      systemd: BOTH,
      mutable: ['no', 'yes', 'ephemeral'],
      'mutable-dir': ['directory', 'hierarchy'],
      delete: ['yes'],
    });
    expect(surprises).toEqual([]);
    expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot();
  });

  it('failed-refresh: what a refresh leaves behind that cannot go on', () => {
    const { lines, surprises } = judgeAll(failedRefresh, {
      systemd: BOTH,
      mutable: MODES,
      cause: ['mode', 'call', 'kill'],
    });
    expect(surprises).toEqual([]);
    expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot();
  });

  it('window-write: what becomes of writes that fall into the window', () => {
    const { lines, surprises } = judgeAll(windowWrite, {
      systemd: BOTH,
      mutable: ['auto', 'yes'],
      actor: ['create', 'edit', 'overwrite', 'delete'],
      upper: ['directory', 'hierarchy'],
    });
    expect(surprises).toEqual([]);
    expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot();
  });
});
