import { describe, expect, it } from 'vitest';
import { check } from '../../src/checker/check.ts';
import type { Bounds } from '../../src/checker/model.ts';
import { draw, never, told } from './draw.ts';

const stats = (text: string, bounds: Bounds = {}) => check(draw(text), [], { bounds }).stats;

describe('a whole search', () => {
  it.each([
    // drawing, states, transitions, depth
    ['a', 1, 0, 0],
    ['a -> a', 1, 1, 0],
    ['a -> b', 2, 1, 1],
    ['a -> b, b -> a', 2, 2, 1],
    ['a -> b | b', 2, 2, 1],
    ['a -> b | c, b -> d, c -> d', 4, 4, 2],
    ['a -> b, b -> c, c -> d, a -> d', 4, 4, 2],
    ['a, b; a -> c, b -> c', 3, 2, 1],
    ['a, a; a -> b', 2, 1, 1],
    ['a -> b, x -> y', 2, 1, 1],
    ['a -> b?, b -> c, c -> a', 3, 3, 2],
    ['a -> b | c?, c -> b', 3, 3, 1],
  ])('of %s counts %i states, %i transitions, depth %i', (text, states, transitions, depth) => {
    expect(stats(text)).toMatchObject({ states, transitions, depth });
  });

  it('keeps every state of a long chain apart', () => {
    const chain = Array.from({ length: 5000 }, (_, i) => `s${i} -> s${i + 1}`).join(', ');
    expect(stats(chain)).toMatchObject({ states: 5001, transitions: 5000, depth: 5000, evaluations: 5001 });
  });

  it('runs an action once per distinct situation, not once per state', () => {
    const bits = Array.from({ length: 12 }, (_, slot) => ({
      name: `set ${slot}`,
      outcomes: (read: (slot: number) => boolean) =>
        read(slot) ? [] : [{ writes: [[slot, true] as const], label: '' }],
    }));
    const model = {
      slots: bits.map(({ name }) => name),
      initial: [bits.map(() => false)],
      actions: bits,
      rest: () => true,
    };
    expect(check(model, []).stats).toMatchObject({ states: 4096, transitions: 12 * 2048, depth: 12, evaluations: 24 });
  });
});

describe('traces', () => {
  it.each([
    ['a -> b, b -> c, c -> x', 'a-b b-c c-x*'],
    ['a -> b | c, b -> d, d -> x, c -> x', 'a-c c-x*'],
    ['a -> a | b, b -> a | x', 'a-b b-x*'],
    ['a, b; a -> c, c -> x, b -> x', 'b-x*'],
    ['x -> a', '*'],
  ])('of %s: the shortest is %s', (text, trace) => {
    const [property] = check(draw(text), [never('x')]).properties;
    expect(told(property?.trace)).toBe(trace);
  });

  it('say which of the initial states they start from', () => {
    const report = check(draw('a, b; a -> c, b -> x'), [never('x')]);
    const trace = report.properties[0]?.trace;
    expect(trace).toMatchObject({ initial: 1, at: 1 });
    expect(report.read(trace?.start ?? -1)(0)).toBe('b');
    expect(report.read(trace?.steps[0]?.state ?? -1)(0)).toBe('x');
  });

  it('count the choices at each fork', () => {
    const [property] = check(draw('a -> b | c, c -> d, d -> a | b | x'), [never('x')]).properties;
    expect(property?.trace?.steps.map(({ choice, choices }) => `${choice}/${choices}`)).toEqual(['1/2', '0/1', '2/3']);
  });
});

describe('where nothing is possible', () => {
  it('is stuck if somebody is in the middle of something', () => {
    const { stats, stuck } = check(draw('[a] -> b | c, b -> d, c -> [e]'), []);
    expect(stats.stuck).toBe(1);
    expect(told(stuck)).toBe('a-b b-d*');
  });

  it('is an ordinary end at rest', () => {
    expect(check(draw('a -> [b]'), [])).toMatchObject({ stuck: null, stats: { stuck: 0 } });
  });
});

describe('bounds', () => {
  const chain = 'a -> b, b -> c, c -> d, d -> e';

  it('are not hit by a space that fits exactly', () => {
    expect(check(draw(chain), [], { bounds: { maxStates: 5 } }).incomplete).toEqual([]);
  });

  it('stop the search with a reason', () => {
    const report = check(draw(chain), [never('e')], { bounds: { maxStates: 3 } });
    expect(report.incomplete).toEqual(['more than 3 states']);
    expect(report.properties[0]?.verdict).toBe('incomplete');
  });

  it('do not keep states that were found already from being looked at', () => {
    const report = check(draw('a -> b | c | x, x -> d'), [never('x')], { bounds: { maxStates: 2 } });
    expect(report.properties[0]).toMatchObject({ verdict: 'violated' });
  });

  it('in seconds use the given clock', () => {
    let now = 100;
    const clock = () => now++;
    const chain = Array.from({ length: 9000 }, (_, i) => `s${i} -> s${i + 1}`).join(', ');
    const report = check(draw(chain), [], { bounds: { maxSeconds: 2 }, clock });
    expect(report.incomplete).toEqual(['more than 2 seconds']);
    expect(() => check(draw('a'), [], { bounds: { maxSeconds: 2 } })).toThrow('needs a clock');
  });

  it('in memory count the arrays of states', () => {
    const chain = Array.from({ length: 9000 }, (_, i) => `s${i} -> s${i + 1}`).join(', ');
    const report = check(draw(chain), [], { bounds: { maxMemory: 100_000 } });
    expect(report.incomplete).toEqual(['more than 0 MiB of states']);
    expect(report.stats.memory).toBeLessThan(100_000);
  });

  it('show what did not fit as incomplete, too, and go on elsewhere', () => {
    const report = check(draw('a -> !noslot | b, b -> c'), []);
    expect(report.incomplete).toEqual(['noslot']);
    expect(report.stats).toMatchObject({ states: 3, transitions: 2 });
  });
});

describe('a model that contradicts itself', () => {
  it('is refused if it answers differently the second time', () => {
    let turn = 0;
    const model = {
      slots: ['a', 'b'],
      initial: [[0, 0]],
      actions: [
        {
          name: 'fickle',
          outcomes: (read: (slot: number) => number) => {
            const slot = turn++ % 2;
            return [{ writes: [[slot, (read(slot) + 1) % 3] as const], label: '' }];
          },
        },
      ],
      rest: () => true,
    };
    expect(() => check(model, [])).toThrow('action fickle is not deterministic');
  });

  it('is refused if an initial state does not fill the slots', () => {
    const model = { slots: ['a', 'b'], initial: [[0]], actions: [], rest: () => true };
    expect(() => check(model, [])).toThrow('1 values for 2 slots');
  });
});
