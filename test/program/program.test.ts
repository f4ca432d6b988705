import { describe, expect, it } from 'vitest';
import { type Program as AnyProgram, become, named, Programs } from '../../src/program/program.ts';

type Program<T = undefined> = AnyProgram<string, number, T>;
type Whole = AnyProgram<string, number>;

function* twice(what: string): Program<number> {
  const first = yield { call: what };
  return first + (yield { call: what });
}
function* sum(): Whole {
  const got = yield* twice('in');
  yield { call: `out ${got}` };
}
function* countdown(n: number): Whole {
  if (n === 0) return;
  yield { call: `count ${n}` };
  return become(countdown, n - 1);
}
function* forever(): Whole {
  yield { call: 'tick' };
  return become(forever);
}
function* chooser(): Whole {
  yield { call: (yield { call: 'choose' }) > 0 ? 'high' : 'low' };
}

/** The calls from a node on, for results in turn. */
function calls(programs: Programs<string, number>, from: number, results: readonly number[]): readonly string[] {
  let node = programs.node(from);
  const made: string[] = [];
  for (const result of results) {
    if (node.request === null) return [...made, 'end'];
    made.push(node.request.call);
    node = programs.after(node.id, result);
  }
  return [...made, node.request?.call ?? 'end'];
}

describe('a program', () => {
  it('is run from call to call', () => {
    const programs = new Programs<string, number>();
    expect(calls(programs, programs.root(become(sum)).id, [2, 3, 0])).toEqual(['in', 'in', 'out 5', 'end']);
  });

  it('is at one node for one history of results, however often it gets there', () => {
    const programs = new Programs<string, number>();
    const root = programs.root(become(chooser));
    expect(programs.after(root.id, 1)).toBe(programs.after(root.id, 1));
    expect(programs.after(root.id, 1).id).not.toBe(programs.after(root.id, 2).id);
    expect(programs.after(root.id, 2).request?.call).toBe('high');
    expect(programs.root(become(chooser))).toBe(root);
  });

  it('that ends an iteration is back at the node where it began', () => {
    const programs = new Programs<string, number>();
    const root = programs.root(become(forever));
    expect(root.root).toBe(true);
    expect(programs.after(root.id, 0)).toBe(root);
  });

  it('is named by its arguments, too', () => {
    const programs = new Programs<string, number>();
    expect(calls(programs, programs.root(become(countdown, 2)).id, [0, 0, 0])).toEqual(['count 2', 'count 1', 'end']);
    expect(programs.root(become(countdown, 1))).not.toBe(programs.root(become(countdown, 2)));
    expect(programs.root(become(countdown, 0))).toBe(programs.ended);
  });

  it('may give names to the steps of its parts; the innermost counts', () => {
    function* part(): Program {
      yield { call: 'one' };
      yield { call: 'two', at: 'inner' };
      return undefined;
    }
    function* whole(): Whole {
      yield* named('outer', part());
    }
    const programs = new Programs<string, number>();
    const root = programs.root(become(whole));
    expect([root.request?.at, programs.after(root.id, 0).request?.at]).toEqual(['outer', 'inner']);
  });
});

describe('a program that cannot be part of a state', () => {
  const root = (next: Parameters<Programs<string, number>['root']>[0]) => () =>
    new Programs<string, number>().root(next);

  it('is refused if it keeps state outside of itself', () => {
    let turns = 0;
    function* leaky(): Whole {
      yield { call: `turn ${turns++}` };
      yield { call: 'second' };
    }
    const programs = new Programs<string, number>();
    const node = programs.root(become(leaky));
    expect(() => programs.after(node.id, 0)).toThrow(
      /leaky made the call "turn 0" .* must not keep state outside of itself/,
    );
  });

  it('is refused if another function has its name', () => {
    const one = {
      *same(): Whole {
        yield { call: 'one' };
      },
    };
    const other = {
      *same(): Whole {
        yield { call: 'other' };
      },
    };
    const programs = new Programs<string, number>();
    programs.root(become(one.same));
    expect(() => programs.root(become(other.same))).toThrow('two different functions are programs called same');
  });

  it('is refused without a name', () => {
    expect(root(become((() => function* (): Whole {})()))).toThrow('needs a name');
  });

  it('is refused with a function as an argument', () => {
    function* withFunction(f: () => void): Whole {
      f();
      yield { call: 'x' };
    }
    expect(root(become(withFunction, () => undefined))).toThrow(
      'the arguments of withFunction cannot name it in a state',
    );
  });

  it('is refused if it turns into itself without a step', () => {
    function* idle(n: number): Whole {
      if (n < 0) yield { call: 'never' };
      return become(idle, n + 1);
    }
    expect(root(become(idle, 0))).toThrow('without making a single call');
  });
});
