/**
 * A token names one trace in one shell argument: `refresh-while-reading@262,no:3f9c:0x6.1`. After the scenario come its options
 * (systemd, mutable, then what differs from the default, then behaviours that differ from the version), a fingerprint of the steps, and the choices at forks; "+2" at the end
 * stands for two more steps that need no choice.
 */
import { createHash } from 'node:crypto';
import { type Choice, choose, optionsOf, type Scenario } from '../../models/scenario.ts';
import { type Forks, forksOf, type Run } from './walk.ts';
import { callText, resultText } from './words.ts';

export interface Token {
  readonly scenario: string;
  readonly options: Readonly<Record<string, string>>;
  readonly fingerprint: string;
  readonly forks: Forks;
}

/** A token that cannot be used, and why. */
export class BadToken extends Error {
  override name = 'BadToken';
}

/** Runs of equal choices are written once: "0x6" is six times the first. */
function encodeForks(forks: readonly number[]): string {
  const parts: string[] = [];
  for (let index = 0; index < forks.length; ) {
    let count = 1;
    while (forks[index + count] === forks[index]) count++;
    parts.push(count === 1 ? `${forks[index]}` : `${forks[index]}x${count}`);
    index += count;
  }
  return parts.join('.');
}

function decodeForks(text: string): readonly number[] {
  if (text === '') return [];
  return text.split('.').flatMap((part) => {
    const match = /^(\d{1,4})(?:x(\d{1,4}))?$/.exec(part);
    if (match === null) throw new BadToken(`"${part}" is not a choice; a token's choices look like 0x6.1.0`);
    return Array.from({ length: Number(match[2] ?? 1) }, () => Number(match[1]));
  });
}

/** What a trace does, in four hexadecimal digits: it changes when the scenario or the model changes what happens in it. */
function fingerprint(run: Run): string {
  const told = run.steps.map(({ label }) =>
    label.killed !== undefined
      ? `${label.process} ${label.killed === 'child' ? 'child ' : ''}killed`
      : `${label.process} ${label.at ?? ''} ${callText(label.call)} ${resultText(label.call, label.result)}`,
  );
  return createHash('sha256').update(told.join('\n')).digest('hex').slice(0, 4);
}

/** The options of a run as a token has them. */
export function optionsText(scenario: Scenario, choice: Choice): string {
  const known = optionsOf(scenario);
  const extra = Object.entries(choice.options).filter(([key, value]) => known[key]?.default !== value);
  const pairs = [...extra, ...Object.entries(choice.behaviours)].map(([key, value]) => `${key}=${value}`);
  return [choice.systemd, choice.mutable, ...pairs].join(',');
}

export function encodeToken(scenario: Scenario, choice: Choice, run: Run): string {
  const forks = forksOf(run.choices);
  const more = forks.further > 0 ? `+${forks.further}` : '';
  return `${scenario.name}@${optionsText(scenario, choice)}:${fingerprint(run)}:${encodeForks(forks.choices)}${more}`;
}

/** Reads a token; what it says about a scenario is checked by {@link choiceOf} and {@link verify}. */
export function decodeToken(text: string): Token {
  const match = /^([\w-]+)@([^:]*):([0-9a-f]{4}):([\dx.]*)(?:\+(\d{1,5}))?$/.exec(text);
  if (match === null)
    throw new BadToken(`"${text}" is not a token; one looks like refresh-while-reading@262,no:3f9c:0x6.1`);
  const [, scenario = '', options = '', print = '', choices = '', further = '0'] = match;
  const [systemd = '', mutable = '', ...extra] = options.split(',');
  const given: Record<string, string> = { systemd, mutable };
  for (const pair of extra) {
    const [key = '', value = ''] = pair.split('=', 2);
    given[key] = value;
  }
  return {
    scenario,
    options: given,
    fingerprint: print,
    forks: { choices: decodeForks(choices), further: Number(further) },
  };
}

export const choiceOf = (token: Token, scenario: Scenario): Choice => choose(scenario, token.options);

/** A run made from a token must do what it did when the token was printed. */
export function verify(token: Token, run: Run | null): Run {
  if (run === null)
    throw new BadToken(
      'the scenario or the model has changed since this token was printed: a choice in it no longer exists',
    );
  const now = fingerprint(run);
  if (now !== token.fingerprint) {
    throw new BadToken(
      `the scenario or the model has changed since this token was printed: its steps are ${now} now, not ${token.fingerprint}`,
    );
  }
  return run;
}
