import { describe, expect, it } from 'vitest';
import { Memo } from '../../src/checker/memo.ts';

const of = (...numbers: number[]): Int32Array => Int32Array.from(numbers);

describe('a memoised function of a state', () => {
  it('runs again only if something that it read is different', () => {
    const memo = new Memo('pick', (touch) => (touch(0) === 0 ? touch(1) : touch(2)));
    expect(memo.of(of(0, 5, 6))).toBe(5);
    expect(memo.of(of(0, 5, 7))).toBe(5);
    expect(memo.evaluations).toBe(1);
    expect(memo.of(of(1, 5, 7))).toBe(7);
    expect(memo.of(of(1, 9, 7))).toBe(7);
    expect(memo.evaluations).toBe(2);
  });

  it('tells what its answer for a state depends on', () => {
    const memo = new Memo('pick', (touch) => (touch(0) === 0 ? touch(2) : touch(1)));
    expect([memo.reads(of(0, 5, 6)), memo.reads(of(1, 5, 6))]).toEqual([
      [0, 2],
      [0, 1],
    ]);
  });

  it('is constant if it reads nothing', () => {
    const memo = new Memo('seven', () => 7);
    expect(memo.constant).toBeUndefined();
    memo.of(of(1));
    expect(memo.constant).toMatchObject({ value: 7 });
    const other = new Memo('first', (touch) => touch(0));
    other.of(of(1));
    expect(other.constant).toBeUndefined();
  });

  it('may read a slot twice', () => {
    const memo = new Memo('square', (touch) => touch(0) * touch(0));
    expect([memo.of(of(3)), memo.of(of(3)), memo.of(of(4))]).toEqual([9, 9, 16]);
  });

  it.each([
    ['another slot', [2, 1]],
    ['less', [2]],
  ])('is found out if it reads %s the second time', (_what, second) => {
    const slots = [[2, 0], second];
    const memo = new Memo('fickle', (touch) => (slots.shift() ?? []).map(touch));
    memo.of(of(1, 1, 0));
    expect(() => memo.of(of(2, 1, 0))).toThrow('fickle is not deterministic');
  });
});
