import { describe, expect, it } from 'vitest';
import { answers, CONTENDERS, SEQUENCES } from './simulator.ts';

describe('the benchmark of the simulator', () => {
  it.each(['reads', 'mixed'] as const)('compares contenders that give the same answers: %s', (name) => {
    const calls = SEQUENCES[name].slice(0, 640);
    const [first, ...others] = CONTENDERS.map((contender) => ({
      name: contender.name,
      answers: answers(contender, calls),
    }));
    for (const other of others) expect(other, `beside ${first?.name}`).toEqual({ ...first, name: other.name });
  });
});
