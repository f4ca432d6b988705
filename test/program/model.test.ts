import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/checker/property.ts';
import { compile, type Moment, monitor } from '../../src/program/model.ts';
import { type Program as AnyProgram, become } from '../../src/program/program.ts';
import { type Toy, type ToyCall, type ToyProcess, type ToyResult, type ToyStep, toy } from './toy.ts';

type Program = AnyProgram<ToyCall, ToyResult>;

function* add(to: string): Program {
  yield { call: { op: 'add', to, n: 1 } };
  return become(add, to);
}
function* addOnce(to: string): Program {
  yield { call: { op: 'add', to, n: 1 } };
}
/** Reads, then writes what it read plus one: two of these lose an update. */
function* increment(slot: string): Program {
  const old = yield { call: { op: 'get', of: slot } };
  yield { call: { op: 'add', to: 'b', n: Number(old) + 1 } };
}
function* guarded(slot: string): Program {
  yield { call: { op: 'lock' } };
  yield { call: { op: 'add', to: slot, n: 1 } };
  yield { call: { op: 'unlock' } };
}
/** Does one thing if its call fails, and another if it does not. */
function* careful(): Program {
  const result = yield { call: { op: 'add', to: 'a', n: 1 } };
  if (result === 'failed') yield { call: { op: 'add', to: 'b', n: 1 } };
}
function* flipper(): Program {
  if ((yield { call: { op: 'flip' } }) === 1) yield { call: { op: 'add', to: 'b', n: 1 } };
}
function* grower(): Program {
  yield { call: { op: 'grow' } };
}

const of = (...processes: readonly ToyProcess[]) => compile({ machine: toy, processes });
const stats = (...processes: readonly ToyProcess[]) => of(...processes).check([]).stats;

/** The values of a and b wherever the model is at rest and nobody can do anything. */
function ends(...processes: readonly ToyProcess[]): readonly string[] {
  const property = {
    name: 'ends',
    kind: 'always' as const,
    over: 'state' as const,
    witnesses: [],
    check: ({ world, over }: Moment<Toy>): readonly Finding[] =>
      processes.every(({ name }) => over(name)) ? [{ subject: `a=${world('a')} b=${world('b')}` }] : [],
  };
  const [report] = of(...processes).check([property]).properties;
  return (report?.subjects ?? []).map(({ subject }) => subject).sort();
}

describe('processes', () => {
  it('interleave call by call', () => {
    expect(stats({ name: 'p', program: become(add, 'a') })).toMatchObject({ states: 4, transitions: 4 });
    const two = [
      { name: 'p', program: become(add, 'a') },
      { name: 'q', program: become(add, 'b') },
    ];
    expect(stats(...two)).toMatchObject({ states: 16, transitions: 32 });
    const three = ['p', 'q', 'r'].map((name) => ({ name, program: become(guarded, 'a') }));
    expect(ends(...three)).toEqual(['a=3 b=0']);
  });

  it('branch on what they were given', () => {
    const two = ['p', 'q'].map((name) => ({ name, program: become(increment, 'b') }));
    expect(ends(...two)).toEqual(['a=0 b=2', 'a=0 b=3']);
  });

  it('wait while a call has no outcome', () => {
    const { stats, stuck } = of(
      { name: 'p', program: become(guarded, 'a') },
      { name: 'qq', program: become(guarded, 'b') },
    ).check([]);
    expect(stats.states).toBe(16 - 4); // each before, in or after its three calls, but never both between lock and unlock
    expect(stuck).toBeNull();
  });

  it('may have to wait for others to end', () => {
    const first = { name: 'p', program: become(addOnce, 'a') };
    const then = { name: 'q', program: become(increment, 'a'), after: ['p'] };
    expect(ends(first, then)).toEqual(['a=1 b=2']);
    expect(ends(first, { ...then, after: [] })).toEqual(['a=1 b=1', 'a=1 b=2']);
    expect(() => of({ ...then, after: ['nobody'] })).toThrow('there is no slot at nobody');
  });

  it('end within their last step, and leave nothing behind', () => {
    expect(stats({ name: 'p', program: become(addOnce, 'a') })).toMatchObject({ states: 2, transitions: 1 });
    function* lockOnly(): Program {
      yield { call: { op: 'lock' } };
    }
    const { moment, model } = of({ name: 'p', program: become(lockOnly) });
    const [outcome] = model.actions[0]?.outcomes((slot) => model.initial[0]?.[slot] ?? 0) ?? [];
    const after = new Map(outcome?.writes);
    const end = moment((slot) => after.get(slot) ?? model.initial[0]?.[slot] ?? 0);
    expect([end.world('lock'), end.over('p')]).toEqual([0, true]);
  });

  it('cannot share a name', () => {
    const p = { name: 'p', program: become(add, 'a') };
    expect(() => of(p, p)).toThrow('two slots are called at p');
  });
});

describe('a process that may be killed', () => {
  it('ends anywhere in the middle of its program, but not before or between iterations', () => {
    const { stats } = of({ name: 'p', program: become(guarded, 'a'), kill: true }).check([]);
    // beginning, locked, added, ended after all, killed while locked, killed after adding (which is the regular end)
    expect(stats).toMatchObject({ states: 5, transitions: 5 });
    expect(ends({ name: 'p', program: become(guarded, 'a'), kill: true })).toEqual(['a=0 b=0', 'a=1 b=0']);
  });

  it('leaves nothing behind that its machine clears away', () => {
    const killed = { name: 'p', program: become(guarded, 'a'), kill: true };
    const { stuck } = of(killed, { name: 'qq', program: become(guarded, 'b') }).check([]);
    expect(stuck).toBeNull();
  });

  it('is told so in the story', () => {
    const witness = {
      name: 'killed',
      kind: 'sometimes' as const,
      over: 'step' as const,
      check: (_before: Moment<Toy>, step: ToyStep) =>
        step.killed === 'process' && step.call.op === 'killed' && step.next === 'end',
    };
    const [report] = of({ name: 'p', program: become(guarded, 'a'), kill: true }).check([witness]).properties;
    expect(report?.trace?.steps.map(({ action }) => action)).toEqual(['p', 'kill p']);
  });
});

describe('calls that may fail', () => {
  const faults = { results: ['failed' as const], budget: 1 };

  it('fail without effect, as often as the budget allows', () => {
    expect(ends({ name: 'p', program: become(careful) })).toEqual(['a=1 b=0']);
    expect(ends({ name: 'p', program: become(careful), faults })).toEqual(['a=0 b=1', 'a=1 b=0']);
    expect(ends({ name: 'p', program: become(careful), faults: { ...faults, budget: 2 } })).toEqual([
      'a=0 b=0',
      'a=0 b=1',
      'a=1 b=0',
    ]);
  });

  it('can be picked', () => {
    const only = (call: ToyCall): boolean => call.op === 'add' && call.to === 'b';
    expect(ends({ name: 'p', program: become(careful), faults: { ...faults, only } })).toEqual(['a=1 b=0']);
  });
});

describe('a machine', () => {
  it('may tag an outcome as undefined, which the verdict respects', () => {
    const never = {
      name: 'never b',
      kind: 'always' as const,
      over: 'state' as const,
      witnesses: [],
      check: ({ world }: Moment<Toy>) => (world('b') === 1 ? [{ subject: 'b' }] : []),
    };
    expect(of({ name: 'p', program: become(flipper) }).check([never]).properties[0]?.verdict).toBe('undefined');
  });

  it('may have no room, which makes the search incomplete', () => {
    expect(of({ name: 'p', program: become(grower) }).check([]).incomplete).toEqual(['no room']);
  });
});

describe('a monitor', () => {
  const seen = monitor<readonly number[], Toy, ToyStep>('seen', [], (past, before, step, after) =>
    step.call.op === 'add' && !past.includes(after.world('a')) ? [...past, before.world('a'), after.world('a')] : past,
  );

  it('is brought up to date in the same step, and is part of the state', () => {
    const compiled = compile({
      machine: toy,
      processes: [{ name: 'p', program: become(addOnce, 'a') }],
      monitors: [seen],
    });
    const property = {
      name: 'remembered',
      kind: 'sometimes' as const,
      over: 'state' as const,
      check: (now: Moment<Toy>) => now.over('p') && now.recall(seen).join() === '0,1',
    };
    const { properties, stats } = compiled.check([property]);
    expect(properties[0]?.verdict).toBe('holds');
    expect(stats.states).toBe(2);
  });

  it('that forgets costs no states', () => {
    const forgetful = monitor<null, Toy, ToyStep>('nothing', null, () => null);
    const processes = [{ name: 'p', program: become(add, 'a') }];
    expect(compile({ machine: toy, processes, monitors: [forgetful] }).check([]).stats.states).toBe(4);
  });
});

describe('rest', () => {
  it('is when nobody is in the middle of a program', () => {
    const { model } = of({ name: 'p', program: become(add, 'a') }, { name: 'q', program: become(guarded, 'b') });
    const initial = model.initial[0] ?? [];
    expect(model.rest((slot) => initial[slot] ?? 0)).toBe(true);
    const [outcome] = model.actions[1]?.outcomes((slot) => initial[slot] ?? 0) ?? [];
    const after = new Map(outcome?.writes);
    expect(model.rest((slot) => after.get(slot) ?? initial[slot] ?? 0)).toBe(false);
  });
});
