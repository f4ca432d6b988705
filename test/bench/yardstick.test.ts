import { describe, expect, it } from 'vitest';
import { yardstick } from './yardstick.ts';

describe('the yardstick', () => {
  it('has exactly the state space that Spin finds, with 1 reader', () => {
    const { stats, incomplete } = yardstick(1).check([]);
    expect(stats).toMatchObject({ states: 396_446, transitions: 1_598_386, depth: 29, stuck: 0 });
    expect(incomplete).toEqual([]);
    expect(stats.evaluations).toBeLessThan(1000);
  });
});
