import { describe, expect, it } from 'vitest';
import { choose } from '../../models/scenario.ts';
import { scenario } from '../../models/scenarios/refresh-while-reading.ts';
import { judge } from '../../properties/judge.ts';
import { BadToken, choiceOf, decodeToken, encodeToken, verify } from '../../src/report/token.ts';
import { follow, possible } from '../../src/report/walk.ts';

const choice = choose(scenario, { submount: 'file' });
const judged = judge(scenario.build(choice));
/** Ten times the first thing that can happen, then once the last. */
const forks = [...Array.from({ length: 10 }, () => 0), 1];
const run = follow(judged, { choices: forks, further: 0 });
if (run === null) throw new Error('the scenario has eleven forks at its start');
const text = encodeToken(scenario, choice, run);

describe('a token', () => {
  it('is one shell argument that names scenario, options, fingerprint and choices', () => {
    expect(text).toMatch(/^refresh-while-reading@262,no,submount=file:[0-9a-f]{4}:0x10\.1$/);
  });

  it('leads back to the same run', () => {
    const token = decodeToken(text);
    expect(choiceOf(token, scenario)).toEqual(choice);
    const again = verify(token, follow(judged, token.forks));
    expect(again.states).toEqual(run.states);
  });

  it('names the behaviours that are not those of the version', () => {
    const older = choose(scenario, { systemd: 'atomic', kernelBeneath: 'no' });
    const token = encodeToken(scenario, older, run);
    expect(token).toMatch(/^refresh-while-reading@atomic,no,kernelBeneath=no:/);
    expect(choiceOf(decodeToken(token), scenario)).toEqual(older);
  });

  it.each([
    ['nonsense', /is not a token/],
    ['refresh-while-reading@262,no:zzzz:0', /is not a token/],
    ['refresh-while-reading@262,no:3f9c:0x', /is not a choice/],
    ['refresh-while-reading@262,no:3f9c:0..1', /is not a choice/],
  ])('is refused when it is %s', (bad, why) => {
    expect(() => decodeToken(bad)).toThrow(why);
    expect(() => decodeToken(bad)).toThrow(BadToken);
  });

  it('is refused when its fingerprint is not what its steps do now', () => {
    const token = { ...decodeToken(text), fingerprint: '0000' };
    expect(() => verify(token, run)).toThrow(/has changed since this token was printed/);
  });

  it('is refused when a choice in it does not exist', () => {
    expect(follow(judged, { choices: [99], further: 0 })).toBeNull();
    expect(() => verify(decodeToken(text), null)).toThrow(/a choice in it no longer exists/);
  });

  it('is refused when it goes on without a choice where there is one', () => {
    const among = possible(judged, run.states[0] ?? []).length;
    expect(among).toBeGreaterThan(1);
    expect(follow(judged, { choices: [0], further: 1 })).toBeNull();
  });
});
