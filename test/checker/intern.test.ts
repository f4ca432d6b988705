import { describe, expect, it } from 'vitest';
import { Interner } from '../../src/checker/intern.ts';

describe('interning', () => {
  it.each([
    ['numbers', 1, 1],
    ['objects, whatever the order of their keys', { a: 1, b: [2] }, { b: [2], a: 1 }],
    ['objects with a property that is undefined', { a: 1, b: undefined }, { a: 1 }],
    [
      'maps, whatever their order',
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
      new Map([
        ['b', 2],
        ['a', 1],
      ]),
    ],
    ['maps with structured keys', new Map([[{ k: 1 }, 'v']]), new Map([[{ k: 1 }, 'v']])],
    ['sets, whatever their order', new Set([1, 2]), new Set([2, 1])],
    ['empty arrays', { a: [] }, { a: [] }],
    ['not-a-numbers', Number.NaN, Number.NaN],
    ['deep trees', { a: new Map([['x', { y: [1, [2]] }]]) }, { a: new Map([['x', { y: [1, [2]] }]]) }],
  ])('gives equal %s one number', (_what, one, other) => {
    const interner = new Interner();
    expect(interner.id(one)).toBe(interner.id(other));
  });

  it('tells everything else apart', () => {
    const values = [
      0,
      1,
      '1',
      '',
      null,
      undefined,
      true,
      'true',
      1n,
      [],
      [[]],
      [1],
      [1, 2],
      [2, 1],
      [[1], 2],
      [12],
      ['1', '2'],
      {},
      { a: 1 },
      { a: '1' },
      { b: 1 },
      { a: { a: 1 } },
      { 0: 1 },
      { 0: 1, 1: 2 },
      { length: 0 },
      new Map(),
      new Map([['a', 1]]),
      new Map([[1, 'a']]),
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
      new Map([
        ['a', 2],
        ['b', 1],
      ]),
      new Set(),
      new Set(['a']),
      new Set([1]),
      new Set([1, 2]),
      ['a', 1],
      [['a', 1]],
    ];
    const interner = new Interner();
    expect(new Set(values.map((value) => interner.id(value))).size).toBe(values.length);
    expect(values.map((value) => interner.value(interner.id(value)))).toEqual(values);
  });

  it('gives back the value that was seen first', () => {
    const interner = new Interner<{ readonly a: number }>();
    const first = { a: 1 };
    expect(interner.value(interner.id({ ...first }))).not.toBe(first);
    expect(interner.value(interner.id(first))).toBe(interner.value(interner.id({ a: 1 })));
  });

  it('does not look into a shared part again', () => {
    let looks = 0;
    const part = new Proxy(
      { a: 1 },
      {
        ownKeys: (target) => {
          looks++;
          return Reflect.ownKeys(target);
        },
      },
    );
    const interner = new Interner<object>();
    interner.id({ part, other: 1 });
    const before = looks;
    interner.id({ part, other: 2 });
    expect(before).toBeGreaterThan(0);
    expect(looks).toBe(before);
  });

  it('freezes what it has seen, because a change would go unnoticed', () => {
    const list = [1];
    new Interner().id({ list });
    expect(() => list.push(2)).toThrow(TypeError);
  });

  it.each([
    ['a function', () => 1, 'the function'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['an instance', new Date(0), 'an object of class Date'],
    ['an instance inside', { deep: [new Error('no')] }, 'an object of class Error'],
  ])('refuses %s', (_what, value, message) => {
    const interner = new Interner();
    expect(() => interner.id(value)).toThrow(message);
    expect(() => interner.id(value)).toThrow(message);
  });

  it('refuses a value that contains itself, every time', () => {
    const loop: unknown[] = [];
    loop.push({ loop });
    const interner = new Interner();
    expect(() => interner.id(loop)).toThrow('contains itself');
    expect(() => interner.id(loop)).toThrow('contains itself');
  });
});
