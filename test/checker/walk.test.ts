import { describe, expect, it } from 'vitest';
import { check } from '../../src/checker/check.ts';
import { Walk } from '../../src/checker/walk.ts';
import { draw, never } from './draw.ts';

describe('a walk', () => {
  const model = draw('a -> b | c, b -> d?, c -> !full | d, d -> e, e -> a | x');

  it('offers what is possible, and nothing that does not fit', () => {
    const walk = new Walk(model, ['a']);
    expect(walk.possible.map(({ label }) => label)).toEqual(['a-b', 'a-c']);
    expect(walk.take(0)?.possible).toEqual([{ action: 'go', label: 'b-d', undefined: 'nobody promises this' }]);
    expect(walk.take(1)?.possible.map(({ label }) => label)).toEqual(['c-d']);
    expect(walk.take(2)).toBeUndefined();
  });

  it('follows a trace by its choices', () => {
    const trace = check(model, [never('x')]).properties[0]?.trace;
    let walk: Walk<string, string> | undefined = new Walk(model, ['a']);
    for (const { choice, label } of trace?.steps ?? []) {
      expect(walk?.possible[choice]?.label).toBe(label);
      walk = walk?.take(choice);
    }
    expect(walk?.read(0)).toBe('x');
    expect(walk?.choices).toEqual(trace?.steps.map(({ choice }) => choice));
  });

  it('goes on by itself up to a fork, the end, or a limit', () => {
    const walk = new Walk(model, ['b']);
    expect(walk.untilFork(9).read(0)).toBe('e');
    expect(walk.untilFork(1).read(0)).toBe('d');
    expect(new Walk(draw('a -> a'), ['a']).untilFork(5).choices).toHaveLength(5);
    expect(() => walk.read(1)).toThrow('no slot 1');
  });
});
