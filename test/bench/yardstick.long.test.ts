import { describe, expect, it } from 'vitest';
import type { Property } from '../../src/checker/property.ts';
import type { Moment } from '../../src/program/model.ts';
import { type Yard, type YardStep, yardstick } from './yardstick.ts';

describe('the yardstick with 2 readers', () => {
  it('has exactly the state space that Spin finds', () => {
    const { stats, incomplete } = yardstick(2).check([]);
    expect(stats).toMatchObject({ states: 3_775_998, transitions: 19_306_674, depth: 31, stuck: 0 });
    expect(incomplete).toEqual([]);
    expect(stats.bytesPerState).toBeLessThan(48);
  });

  it('lets a reader find nothing, briefly, and a write be lost, for ever', () => {
    const vanishes: Property<Moment<Yard>, YardStep> = {
      name: 'no file vanishes',
      kind: 'always',
      over: 'step',
      witnesses: ['a file is seen'],
      check: (_before, { call, result }) =>
        result === 'ENOENT' && call.op === 'look' ? [{ subject: `file ${call.file}` }] : [],
      damaged: ({ world }) => !world.flag('mounted'),
    };
    const lost: Property<Moment<Yard>, YardStep> = {
      name: 'no write is lost',
      kind: 'always',
      over: 'state',
      witnesses: ['a file is seen'],
      check: ({ world }) => (world.flag('lost') ? [{ subject: 'write' }] : []),
      damaged: ({ world }) => world.flag('lost'),
    };
    const seen: Property<Moment<Yard>, YardStep> = {
      name: 'a file is seen',
      kind: 'sometimes',
      over: 'step',
      check: (_before, { result }) => typeof result === 'number' && result > 0,
    };
    const [vanished, lostWrite, witness] = yardstick(2).check([vanishes, lost, seen]).properties;
    expect(vanished).toMatchObject({ verdict: 'violated', damage: 'transient' });
    expect(vanished?.subjects.map(({ subject, trace }) => [subject, trace.steps.length])).toEqual([
      ['file 0', 4],
      ['file 1', 4],
    ]);
    expect(lostWrite).toMatchObject({ verdict: 'violated', damage: 'permanent' });
    expect(lostWrite?.trace?.steps.map(({ label }) => `${label.process}: ${label.call.op}`)).toEqual([
      'refresher: prepare',
      'refresher: unmount',
      'writer: choose file to write',
      'writer: write',
      'refresher: mount',
    ]);
    expect(lostWrite?.trace?.at).toBe(4);
    expect(witness?.verdict).toBe('holds');
  });
});
