import { expect, it } from 'vitest';
import { Script } from './mountscript.ts';

/** A script, and the mounts it leaves. Results other than "ok" stand behind the line: an errno, or "=" and what was found. */
export interface Case {
  readonly it: string;
  readonly script: string;
  readonly leaves: string;
}

export const lines = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** "umount /a EBUSY" is a call that gives EBUSY. */
const expected = (line: string): { call: string; result: string } => {
  const [, call = line, result = 'ok'] = /^(.*?) (E[A-Z]+|=.*)$/.exec(line) ?? [];
  return { call, result };
};

export function check({ it: title, script, leaves }: Case): void {
  it(title, () => {
    const wanted = lines(script).map(expected);
    const played = new Script(wanted.map(({ call }) => call));
    expect(played.results).toEqual(wanted.map(({ result }) => result));
    expect(played.table()).toEqual(lines(leaves));
  });
}
