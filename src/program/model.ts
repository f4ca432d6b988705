/** From processes to a model that the checker can search. This is the only bridge between the two. */
import { check } from '../checker/check.ts';
import { Interner } from '../checker/intern.ts';
import type { Action, Model, Options, Outcome, Read, Report } from '../checker/model.ts';
import { type Property, through } from '../checker/property.ts';
import { type Next, type Node, Programs } from './program.ts';

/** What a machine may do with a call. */
export interface MachineOutcome<V, R, K> {
  readonly writes: readonly (readonly [slot: string, value: V])[];
  readonly result: R;
  /** What it did, for the story. */
  readonly changes: readonly K[];
  readonly note?: string;
  /** Why nobody promises this outcome. */
  readonly undefined?: string;
  /** What did not fit; the outcome is not taken, and the search is incomplete. */
  readonly overflow?: string;
}

/**
 * What processes run on: slots with values (`V`), seen as a world (`W`), and the meaning of calls (`C`) that give results
 * (`R`) and change things (`K`). It must be deterministic, and depend on nothing but what it reads from the world.
 */
export interface Machine<W, V, C, R, K> {
  /** The slots and their initial values. */
  readonly slots: ReadonlyMap<string, V>;
  /** How a world is looked at, given a way to look into slots. */
  readonly world: (get: (slot: string) => V) => W;
  /** Everything that may happen; nothing if the call has to wait. */
  readonly step: (world: W, process: string, call: C) => readonly MachineOutcome<V, R, K>[];
  /** What the end of a process, regular or not, clears away in the same step. */
  readonly ended: (world: W, process: string) => readonly (readonly [slot: string, value: V])[];
  /** How stories tell that a process was killed. */
  readonly killed: { readonly call: C; readonly result: R };
  /**
   * What happens when only the child of a process is killed, in words for stories, and what the program is given instead of
   * the result that it waits for; null where it has no child at the moment.
   */
  readonly childKilled?: (
    world: W,
    process: string,
  ) => (MachineOutcome<V, R, K> & { readonly call: C; readonly reply: R }) | null;
}

/** A step as stories tell it. */
export interface Step<C, R, K> {
  readonly process: string;
  /** The name that the program gives to this step. */
  readonly at?: string;
  readonly call: C;
  readonly result: R;
  readonly changes: readonly K[];
  readonly note?: string;
  /** The process was killed here, or only its child; `call` and `result` are the machine's words for that. */
  readonly killed?: 'process' | 'child';
  /** The call failed because the scenario allows so many failures. */
  readonly fault?: true;
  /** What comes after it: the program goes on, begins anew (or another one begins), or the process is over. */
  readonly next: 'on' | 'again' | 'end';
}

/** A state as properties and monitors see it. */
export interface Moment<W> {
  readonly world: W;
  /** What a monitor remembers. */
  recall<T>(monitor: Recalled<T>): T;
  /** Has this process ended, or been killed? */
  over(process: string): boolean;
  /** Is this process in the middle of its program? */
  busy(process: string): boolean;
}
interface Recalled<T> {
  readonly name: string;
  readonly of: (id: number) => T;
}

/** A small memory of the past, brought up to date in every step; {@link monitor} makes one. */
export interface Monitor<T, W, S> extends Recalled<T> {
  readonly initial: number;
  readonly advance: (past: number, before: Moment<W>, step: S, after: Moment<W>) => number;
}

/**
 * A memory with a name: what it holds at the start, and after each step. In `after`, monitors listed earlier are up to date,
 * this one and later ones are not. What it remembers is part of the state, so it should forget what no property asks for.
 */
export function monitor<T, W, S>(
  name: string,
  initial: T,
  next: (past: T, before: Moment<W>, step: S, after: Moment<W>) => T,
): Monitor<T, W, S> {
  const values = new Interner<T>();
  return {
    name,
    initial: values.id(initial),
    of: (id) => values.value(id),
    advance: (past, before, step, after) => values.id(next(values.value(past), before, step, after)),
  };
}

export interface Process<C, R> {
  readonly name: string;
  readonly program: Next<C, R>;
  /** It starts only when these have ended. */
  readonly after?: readonly string[];
  /** It may be killed anywhere in the middle of its program. */
  readonly kill?: boolean;
  /** Its child may be killed alone, wherever it has one. */
  readonly killChild?: boolean;
  /** So many of its calls may fail without effect, with one of these results. */
  readonly faults?: Faults<C, R>;
}
export interface Faults<C, R> {
  readonly results: readonly R[];
  readonly budget: number;
  readonly only?: (call: C) => boolean;
}

export interface Setup<W, V, C, R, K> {
  readonly machine: Machine<W, V, C, R, K>;
  readonly processes: readonly Process<C, R>[];
  readonly monitors?: readonly Monitor<unknown, W, Step<C, R, K>>[];
}

/** A model made of processes. Its slots hold numbers; {@link moment} shows what they stand for. */
export interface Compiled<W, S> {
  readonly model: Model<number, S>;
  readonly moment: (state: Read<number>) => Moment<W>;
  /** Checks properties that look at moments. */
  readonly check: (properties: readonly Property<Moment<W>, S>[], options?: Options) => Report<number, S>;
}

/** Why a step is not what the program asked for. */
interface How {
  readonly fault?: true;
  readonly killed?: 'process' | 'child';
}

/** Makes the model: one action per process, and one more for each way in which it may be killed. */
export function compile<W, V, C, R, K>(setup: Setup<W, V, C, R, K>): Compiled<W, Step<C, R, K>> {
  const compiler = new Compiler(setup);
  const model: Model<number, Step<C, R, K>> = {
    slots: compiler.names,
    initial: [compiler.initial],
    actions: setup.processes.flatMap((process) => compiler.actions(process)),
    rest: (read) => setup.processes.every(({ name }) => !compiler.moment(read).busy(name)),
  };
  const { moment } = compiler;
  return {
    model,
    moment,
    check: (properties, options) =>
      check(
        model,
        properties.map((property) => through(property, moment)),
        options,
      ),
  };
}

class Compiler<W, V, C, R, K> {
  readonly names: readonly string[];
  readonly initial: readonly number[];
  readonly #setup: Setup<W, V, C, R, K>;
  readonly #monitors: readonly Monitor<unknown, W, Step<C, R, K>>[];
  readonly #programs = new Programs<C, R>();
  readonly #values = new Interner<V>();
  readonly #slots = new Map<string, number>();

  constructor(setup: Setup<W, V, C, R, K>) {
    this.#setup = setup;
    this.#monitors = setup.monitors ?? [];
    const initial: number[] = [];
    const add = (name: string, value: number): void => {
      if (this.#slots.has(name)) throw new Error(`two slots are called ${name}`);
      this.#slots.set(name, initial.push(value) - 1);
    };
    for (const [name, value] of setup.machine.slots) add(name, this.#values.id(value));
    for (const { name, program, faults } of setup.processes) {
      add(`at ${name}`, this.#programs.root(program).id);
      if (faults !== undefined) add(`faults ${name}`, faults.budget);
    }
    for (const monitor of this.#monitors) add(`monitor ${monitor.name}`, monitor.initial);
    this.names = [...this.#slots.keys()];
    this.initial = initial;
  }

  readonly moment = (read: Read<number>): Moment<W> => {
    const slot = (name: string): number => this.#slot(name);
    const node = (process: string): Node<C> => this.#programs.node(read(slot(`at ${process}`)));
    const { machine } = this.#setup;
    return {
      world: machine.world((name) => this.#values.value(read(slot(name)))),
      recall: (monitor) => monitor.of(read(slot(`monitor ${monitor.name}`))),
      over: (process) => node(process).request === null,
      busy: (process) => node(process).request !== null && !node(process).root,
    };
  };

  actions(process: Process<C, R>): readonly Action<number, Step<C, R, K>>[] {
    for (const other of process.after ?? []) this.#slot(`at ${other}`);
    const run = { name: process.name, outcomes: (read: Read<number>) => this.#run(process, read) };
    const kill = { name: `kill ${process.name}`, outcomes: (read: Read<number>) => this.#kill(process, read) };
    const killChild = {
      name: `kill the child of ${process.name}`,
      outcomes: (read: Read<number>) => this.#killChild(process, read),
    };
    return [run, ...(process.kill === true ? [kill] : []), ...(process.killChild === true ? [killChild] : [])];
  }

  #slot(name: string): number {
    const slot = this.#slots.get(name);
    if (slot === undefined) throw new Error(`there is no slot ${name}; there are ${this.names.join(', ')}`);
    return slot;
  }

  #run(process: Process<C, R>, read: Read<number>): readonly Outcome<number, Step<C, R, K>>[] {
    const { name, after = [], faults } = process;
    const at = this.#slot(`at ${name}`);
    const node = this.#programs.node(read(at));
    if (node.request === null) return [];
    const before = this.moment(read);
    if (node.id === this.initial[at] && !after.every((other) => before.over(other))) return [];
    const { machine } = this.#setup;
    const { call } = node.request;
    const regular = machine
      .step(before.world, name, call)
      .map((outcome) => this.#outcome(read, process.name, node, outcome, [], {}));
    if (faults === undefined || faults.only?.(call) === false) return regular;
    const budget = this.#slot(`faults ${name}`);
    const left = read(budget);
    if (left === 0) return regular;
    const failures = faults.results.map((result) =>
      this.#outcome(read, name, node, { writes: [], result, changes: [] }, [[budget, left - 1]], { fault: true }),
    );
    return [...regular, ...failures];
  }

  #kill(process: Process<C, R>, read: Read<number>): readonly Outcome<number, Step<C, R, K>>[] {
    const node = this.#programs.node(read(this.#slot(`at ${process.name}`)));
    if (node.request === null || node.root) return [];
    const { result } = this.#setup.machine.killed;
    return [this.#outcome(read, process.name, node, { writes: [], result, changes: [] }, [], { killed: 'process' })];
  }

  #killChild(process: Process<C, R>, read: Read<number>): readonly Outcome<number, Step<C, R, K>>[] {
    const node = this.#programs.node(read(this.#slot(`at ${process.name}`)));
    if (node.request === null || node.root) return [];
    const outcome = this.#setup.machine.childKilled?.(this.moment(read).world, process.name) ?? null;
    return outcome === null ? [] : [this.#outcome(read, process.name, node, outcome, [], { killed: 'child' })];
  }

  /** The whole step: what the machine does, where the program goes, what its end clears away, what monitors make of it. */
  #outcome(
    read: Read<number>,
    process: string,
    node: Node<C>,
    outcome: MachineOutcome<V, R, K> & { readonly call?: C; readonly reply?: R },
    more: readonly (readonly [number, number])[],
    how: How,
  ): Outcome<number, Step<C, R, K>> {
    const { machine } = this.#setup;
    const next =
      how.killed === 'process' ? this.#programs.ended : this.#programs.after(node.id, outcome.reply ?? outcome.result);
    const label = this.#label(process, node, outcome, next, how);
    if (outcome.overflow !== undefined) return { writes: [], label, overflow: outcome.overflow };
    const written = new Map<number, number>(more);
    const write = (writes: readonly (readonly [string, V])[]): void => {
      for (const [slot, value] of writes) written.set(this.#slot(slot), this.#values.id(value));
    };
    write(outcome.writes);
    written.set(this.#slot(`at ${process}`), next.id);
    const after = this.moment((slot) => written.get(slot) ?? read(slot));
    if (next.request === null) write(machine.ended(after.world, process));
    const before = this.moment(read);
    for (const monitor of this.#monitors) {
      const slot = this.#slot(`monitor ${monitor.name}`);
      const past = read(slot);
      const now = monitor.advance(past, before, label, after);
      if (now !== past) written.set(slot, now);
    }
    return {
      writes: [...written],
      label,
      ...(outcome.undefined === undefined ? {} : { undefined: outcome.undefined }),
    };
  }

  #label(
    process: string,
    node: Node<C>,
    { result, changes, note, call: told }: MachineOutcome<V, R, K> & { readonly call?: C },
    next: Node<C>,
    how: How,
  ): Step<C, R, K> {
    if (node.request === null) throw new Error(`${process} has ended and makes no step`);
    const killed = { call: told ?? this.#setup.machine.killed.call, at: undefined };
    const { call, at } = how.killed === undefined ? node.request : killed;
    return {
      process,
      ...(at === undefined ? {} : { at }),
      call,
      result,
      changes,
      ...(note === undefined ? {} : { note }),
      ...how,
      next: next.request === null ? 'end' : next.root ? 'again' : 'on',
    };
  }
}
