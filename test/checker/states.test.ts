import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { States } from '../../src/checker/states.ts';

const row = (states: States, state: number, width: number): number[] => {
  const numbers = new Int32Array(width);
  states.load(state, numbers);
  return [...numbers];
};

describe('packed states', () => {
  it('agree with a plain table, however the slots grow', () => {
    const WIDTH = 7;
    const number = fc.oneof(fc.nat(3), fc.nat(300), fc.nat(2 ** 31 - 1));
    const writes = fc.array(fc.tuple(fc.nat(WIDTH - 1), number), { maxLength: 4 });
    const step = fc.record({ from: fc.nat(), writes });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const states = new States(WIDTH);
        const plain = new Map<string, number>();
        const known = [new Array<number>(WIDTH).fill(0)];
        expect(states.addInitial(new Int32Array(WIDTH))).toBe(0);
        plain.set(`${known[0]}`, 0);
        for (const { from, writes } of steps) {
          const source = from % known.length;
          const after = [...(known[source] ?? [])];
          for (const [slot, value] of writes) after[slot] = value;
          const patch = states.patch(writes.flat());
          const expected = plain.get(`${after}`);
          expect(states.find(source, patch)).toBe(expected ?? -1);
          expect(states.step(source, patch)).toBe(expected ?? known.length);
          if (expected !== undefined) continue;
          plain.set(`${after}`, known.length);
          known.push(after);
          expect(states.parent(known.length - 1)).toBe(source);
        }
        expect(known.map((_, state) => row(states, state, WIDTH))).toEqual(known);
        expect(states.count).toBe(known.length);
      }),
      { numRuns: 200 },
    );
  });

  it('take no more words than their bits need', () => {
    const states = new States(40);
    states.addInitial(new Int32Array(40));
    for (let slot = 0; slot < 32; slot++) states.step(states.count - 1, states.patch([slot, 1]));
    const small = states.bytes;
    states.step(0, states.patch([32, 1]));
    expect(states.bytes).toBeGreaterThan(small); // the 33rd bit begins a second word
  });

  it('grow without losing anything', () => {
    const states = new States(2);
    states.addInitial(new Int32Array(2));
    for (let i = 1; i <= 5000; i++) expect(states.step(i - 1, states.patch([0, i, 1, i % 3]))).toBe(i);
    expect(row(states, 4999, 2)).toEqual([4999, 4999 % 3]);
    expect(states.step(0, states.patch([0, 77, 1, 77 % 3]))).toBe(77);
  });
});
