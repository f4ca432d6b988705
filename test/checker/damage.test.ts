import { describe, expect, it } from 'vitest';
import { check } from '../../src/checker/check.ts';
import type { Read } from '../../src/checker/model.ts';
import type { Always } from '../../src/checker/property.ts';
import { draw, never, neverBy, told } from './draw.ts';

type Violable = Always<Read<string>, string>;

const judged = (text: string, property: Violable, maxStates?: number) => {
  const report = check(draw(text), [property], { bounds: maxStates === undefined ? {} : { maxStates } });
  const subject = report.properties[0]?.subjects[0];
  return { damage: subject?.damage, trace: told(subject?.trace), lasting: told(subject?.lasting) };
};

describe('damage', () => {
  it.each([
    // what, drawing, damage, the run to lasting damage
    ['heals on every way to rest', '[a] -> x, x -> y, y -> [b]', 'transient', null],
    ['is still there at rest', '[a] -> x, x -> [y]', 'permanent', 'a-x* x-y'],
    ['is at rest at once', '[a] -> [x]', 'permanent', 'a-x*'],
    ['stays on one way and heals on the other', '[a] -> x, x -> [b] | z, z -> [y]', 'permanent', 'a-x* x-z z-y'],
    ['never comes to rest', '[a] -> x, x -> y, y -> x', 'transient', null],
    ['stays because nothing is possible any more', '[a] -> x, x -> y', 'permanent', 'a-x* x-y'],
    ['heals, and comes back, for ever', '[a] -> x, x -> [a]', 'transient', null],
    ['is at rest elsewhere, but never after it', '[a] -> x | c, c -> x | y, x -> [b], y -> [y]', 'transient', null],
  ])('that %s: %s is %s', (_what, text, damage, lasting) => {
    expect(judged(text, never('x', 'xy'))).toMatchObject({ damage, lasting });
  });

  it('of the violation of least depth may be transient while a deeper one is permanent', () => {
    // The first read of x is harmless; the one after p can stay.
    const subject = judged('[a] -> b | p, b -> [c], p -> q, q -> [y]', {
      ...neverBy('a-b', 'y'),
      check: (_before, step) => (['a-b', 'p-q'].includes(step) ? [{ subject: 'x' }] : []),
    });
    expect(subject).toEqual({ damage: 'permanent', trace: 'a-b*', lasting: 'a-p p-q* q-y' });
  });

  it('of steps is looked for from the state after the step', () => {
    expect(judged('[y] -> b | c, b -> [d], c -> [y]', neverBy('y-b', 'y'))).toMatchObject({ damage: 'transient' });
    expect(judged('[y] -> b | c, b -> [d], c -> [y]', neverBy('y-c', 'y'))).toMatchObject({ damage: 'permanent' });
  });

  it.each([
    ['cannot be known to heal beyond a bound', '[a] -> x, x -> b, b -> c, c -> d, d -> [e]', 3, 'unknown'],
    ['can be known to stay in spite of a bound', '[a] -> x, x -> [y], y -> b, b -> c, c -> d', 3, 'permanent'],
  ])('%s', (_what, text, maxStates, damage) => {
    expect(judged(text, never('x', 'xy'), maxStates)).toMatchObject({ damage });
  });

  it.each([
    ['that can stay only by undefined behaviour is unknown', '[a] -> x, x -> y? | b, y -> [y], b -> [b]', 'unknown'],
    ['that was itself undefined may stay by any behaviour', '[a] -> x?, x -> [y]?', 'permanent'],
    ['that was itself undefined may heal', '[a] -> x?, x -> [b]', 'transient'],
  ])('%s', (_what, text, damage) => {
    expect(judged(text, never('x', 'xy'))).toMatchObject({ damage });
  });

  it('is not spoken of where the property does not say what it is', () => {
    expect(judged('[a] -> [x]', never('x'))).toMatchObject({ damage: null, lasting: null });
  });

  it('puts permanent subjects first, however long their traces', () => {
    const both: Violable = {
      ...never('pq', ''),
      check: (read: Read<string>) => ('pq'.includes(read(0)) ? [{ subject: read(0) }] : []),
      damaged: (read: Read<string>, subject) => subject === 'q' && read(0) === 'y',
    };
    const [property] = check(draw('[a] -> p | b, p -> [d], b -> q, q -> [y]'), [both]).properties;
    expect(property?.subjects.map(({ subject, damage }) => `${subject} ${damage}`)).toEqual([
      'q permanent',
      'p transient',
    ]);
    expect(property).toMatchObject({ damage: 'permanent', verdict: 'violated' });
    expect(told(property?.trace)).toBe('a-b b-q* q-y');
  });
});
