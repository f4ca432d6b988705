/** The small words the systemd programs are written in. */
import { at, type LinuxCall, type Program, type Value } from '../../src/program/linux.ts';

/** The program gives up: the step, the errno, and the signal if the process aborts instead of returning an error. */
export class Stopped extends Error {
  readonly step: string;
  /** The kernel's errno, or one of systemd's own ("ENOPKG"). */
  readonly errno: string;
  readonly signal: string | null;

  constructor(step: string, errno: string, signal: string | null = null) {
    super(`${step}: ${signal ?? errno}`);
    this.step = step;
    this.errno = errno;
    this.signal = signal;
  }
}

/** A call whose failure ends the program. */
export function* must(step: string, call: LinuxCall): Program<Value> {
  const result = yield* at(step, call);
  if ('err' in result) throw new Stopped(step, result.err);
  return result.ok;
}

/** A question about the world whose answer is yes or no. */
export function* yes(step: string, question: string, ...args: readonly Value[]): Program<boolean> {
  return (yield* must(step, { op: 'ask', question, args })) === true;
}

/** A question whose answer is a list of names. */
export function* names(step: string, question: string, ...args: readonly Value[]): Program<readonly string[]> {
  const answer = yield* must(step, { op: 'ask', question, args });
  if (!Array.isArray(answer)) throw new Error(`the question ${question} should give a list of names`);
  return answer.map(String);
}

/** A question whose answer is a word. */
export function* word(step: string, question: string, ...args: readonly Value[]): Program<string> {
  return String(yield* must(step, { op: 'ask', question, args }));
}
