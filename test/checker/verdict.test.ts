import { describe, expect, it } from 'vitest';
import { check } from '../../src/checker/check.ts';
import type { Read } from '../../src/checker/model.ts';
import { draw, never, neverBy, somewhere, told } from './draw.ts';

describe('verdicts', () => {
  it.each([
    ['holds', 'a -> b, b -> a'],
    ['violated', 'a -> x'],
    ['violated', 'a -> x | x?'],
    ['violated', 'a -> b? | c, b -> x, c -> d, d -> x'],
    ['violated', 'a -> x | !full'],
    ['undefined', 'a -> x?'],
    ['undefined', 'a -> b?, b -> x'],
    ['undefined', 'a -> x? | !full'],
    ['incomplete', 'a -> !full'],
  ])('%s: never x in %s', (verdict, text) => {
    expect(check(draw(text), [never('x')]).properties[0]).toMatchObject({ verdict });
  });

  it.each([
    ['holds', 'a -> w'],
    ['vacuous', 'a -> b'],
    ['incomplete', 'a -> b | !full'],
    ['violated', 'a -> x'],
  ])('%s: never x in %s, if only w makes it interesting', (verdict, text) => {
    const [always] = check(draw(text), [never('x', undefined, ['somewhere w']), somewhere('w')]).properties;
    expect(always?.verdict).toBe(verdict);
    expect(always?.unreached).toEqual(verdict === 'holds' ? [] : ['somewhere w']);
  });

  it.each([
    ['holds', 'a -> b, b -> w', 'a-b b-w*'],
    ['undefined', 'a -> w?', 'a-w*'],
    ['vacuous', 'a -> b', null],
    ['incomplete', 'a -> !full', null],
  ])('%s: somewhere w in %s', (verdict, text, trace) => {
    const [witness] = check(draw(text), [somewhere('w')]).properties;
    expect(witness?.verdict).toBe(verdict);
    expect(told(witness?.trace)).toBe(trace);
  });

  it('prefer the clean trace to a shorter undefined one', () => {
    const [property] = check(draw('a -> x? | b, b -> c, c -> x'), [never('x')]).properties;
    expect(told(property?.trace)).toBe('a-b b-c c-x*');
  });

  it('say where a trace rests on undefined behaviour', () => {
    const [property] = check(draw('a -> b, b -> c?, c -> x'), [never('x')]).properties;
    expect(property?.trace?.steps.map((step) => step.undefined ?? '')).toEqual(['', 'nobody promises this', '']);
  });

  it('can be about steps', () => {
    const [property] = check(draw('a -> b | c, b -> c, c -> a'), [neverBy('b-c')]).properties;
    expect(told(property?.trace)).toBe('a-b b-c*');
  });

  it('of steps notice that one outcome is undefined where another with the same target is not', () => {
    const report = check(draw('a -> b, b -> a?'), [neverBy('a-b'), neverBy('b-a')]);
    expect(report.properties.map(({ verdict }) => verdict)).toEqual(['violated', 'undefined']);
  });

  it('can be about both states and steps, whichever comes first', () => {
    const both = {
      name: 'both',
      kind: 'always' as const,
      over: 'both' as const,
      witnesses: [],
      inState: (read: Read<string>) => (read(0) === 'x' ? [{ subject: 's', detail: 'state' }] : []),
      onStep: (_before: Read<string>, step: string) => (step === 'b-c' ? [{ subject: 's', detail: 'step' }] : []),
    };
    expect(check(draw('a -> b | x, b -> c'), [both]).properties[0]?.subjects).toMatchObject([{ detail: 'state' }]);
    expect(check(draw('a -> b, b -> c | x'), [both]).properties[0]?.subjects).toMatchObject([{ detail: 'step' }]);
    expect(check(draw('a -> b | d, b -> c, d -> x'), [both]).properties[0]?.subjects).toHaveLength(1);
  });

  it('list each subject with its own shortest trace, the clean ones first', () => {
    const letters = {
      name: 'letters',
      kind: 'always' as const,
      over: 'state' as const,
      witnesses: [],
      check: (read: Read<string>) => ('pqr'.includes(read(0)) ? [{ subject: read(0), detail: 'reached' }] : []),
    };
    const [property] = check(draw('a -> q? | b, b -> p, p -> r'), [letters]).properties;
    const lines = property?.subjects.map(({ subject, verdict, trace }) => `${subject} ${verdict} ${told(trace)}`);
    expect(lines).toEqual(['p violated a-b b-p*', 'r violated a-b b-p p-r*', 'q undefined a-q*']);
  });

  it('refuse witnesses that nobody checks, and names that are used twice', () => {
    expect(() => check(draw('a'), [never('x', undefined, ['gone'])])).toThrow('names the witness gone');
    expect(() => check(draw('a'), [never('x'), never('x')])).toThrow('two properties are called never x');
  });
});
