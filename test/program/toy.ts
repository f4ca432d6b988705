/** A machine to test the program floor with: named counters, and a lock. */
import type { Machine, Process, Step } from '../../src/program/model.ts';

export type ToyCall =
  | { readonly op: 'add'; readonly to: string; readonly n: number }
  | { readonly op: 'get'; readonly of: string }
  | { readonly op: 'lock' | 'unlock' | 'flip' | 'grow' | 'killed' };
export type ToyResult = number | 'failed' | null;
export type Toy = (slot: string) => number;
export type ToyStep = Step<ToyCall, ToyResult, string>;
export type ToyProcess = Process<ToyCall, ToyResult>;

const done = (writes: readonly (readonly [string, number])[], result: ToyResult = null) => ({
  writes,
  result,
  changes: writes.map(([slot, value]) => `${slot}=${value}`),
});

/** Counters modulo 4. The lock (0 free, 1 taken) makes callers wait; who ends while holding it leaves it free. */
export const toy: Machine<Toy, number, ToyCall, ToyResult, string> = {
  slots: new Map([
    ['a', 0],
    ['b', 0],
    ['lock', 0],
    ['holder', -1],
  ]),
  world: (get) => get,
  step: (get, process, call) => {
    switch (call.op) {
      case 'add':
        return [done([[call.to, (get(call.to) + call.n) % 4]])];
      case 'get':
        return [done([], get(call.of))];
      case 'lock':
        return get('lock') === 0
          ? [
              done([
                ['lock', 1],
                ['holder', process.length],
              ]),
            ]
          : [];
      case 'unlock':
        return [
          done([
            ['lock', 0],
            ['holder', -1],
          ]),
        ];
      case 'flip':
        return [done([], 0), { ...done([], 1), undefined: 'nobody promises one' }];
      case 'grow':
        return [{ ...done([]), overflow: 'no room' }];
      case 'killed':
        return [];
    }
  },
  ended: (get, process) =>
    get('holder') === process.length
      ? [
          ['lock', 0],
          ['holder', -1],
        ]
      : [],
  killed: { call: { op: 'killed' }, result: null },
};
