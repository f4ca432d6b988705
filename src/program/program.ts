/**
 * Processes as code. A program is a generator; each `yield*` of a call is one step, and what the call gave comes back as its
 * value. Generators cannot be copied, so a program is unfolded once into a tree of nodes: a node is the history of
 * results since the program's start, and a state of a search holds only its number.
 */
import { Interner } from '../checker/intern.ts';

/** What a program asks for: a call of its machine, and the name that a story gives to this step ("M6d"). */
export interface Request<C> {
  readonly call: C;
  readonly at?: string;
}

/** What a generator function without a `return` gives. */
type Nothing = ReturnType<() => void>;

/** How a whole program ends: it is over, or it turns into another one. */
export type End<C, R> = Next<C, R> | undefined | Nothing;

/** A program, or a part of one that gives a `T`. */
export type Program<C, R, T = End<C, R>> = Generator<Request<C>, T, R>;

/** The start of a program, or what a program turns into: a program's name and the values of its arguments. */
export interface Next<C, R> {
  readonly program: string;
  readonly args: readonly unknown[];
  /** Which function this is: two functions with one name cannot be told apart in a state. */
  readonly identity: object;
  readonly start: () => Program<C, R>;
}

/**
 * Ends an iteration: `return become(reader, file)`. The arguments must be plain values, because the state names the program
 * by its function's name and these.
 */
export function become<C, R, A extends readonly unknown[]>(
  program: (...args: A) => Program<C, R>,
  ...args: A
): Next<C, R> {
  return { program: program.name, args, identity: program, start: () => program(...args) };
}
/** The same for the beginning of a process: `program: start(refresh, invocation)`. */
export const start = become;

/** Gives the steps of a part of a program a name, where they have none of their own. */
export function* named<C, R, T>(name: string, part: Program<C, R, T>): Program<C, R, T> {
  let turn = part.next();
  while (!turn.done) {
    const request = turn.value;
    turn = part.next(yield request.at === undefined ? { ...request, at: name } : request);
  }
  return turn.value;
}

/** Where a process is in its program. */
export interface Node<C> {
  readonly id: number;
  /** The name of the program it belongs to; "" after the end. */
  readonly program: string;
  /** At the start of a program, so in the middle of nothing. */
  readonly root: boolean;
  /** What comes next; null after the end. */
  readonly request: Request<C> | null;
}

interface Inner<C, R> extends Node<C> {
  readonly origin: Next<C, R> | null;
  /** The results received since the start. */
  readonly history: readonly R[];
  readonly kids: Map<number, Inner<C, R>>;
}

/** A program that turns into another one this often without a single step is taken for an endless loop. */
const MOST_TURNS = 1000;

/** All programs of a model, unfolded as far as anyone has run them. */
export class Programs<C, R> {
  /** The node after the end. */
  readonly ended: Node<C>;
  readonly #nodes: Inner<C, R>[] = [];
  readonly #roots = new Map<string, Map<number, Inner<C, R>>>();
  readonly #identities = new Map<string, object>();
  readonly #args = new Interner<readonly unknown[]>();
  readonly #results = new Interner<R>();
  readonly #calls = new Interner<C>();

  constructor() {
    this.ended = this.#add({ program: '', root: false, request: null, origin: null, history: [] });
  }

  node(id: number): Node<C> {
    return this.#inner(id);
  }

  /** The node at which a program begins. */
  root(next: Next<C, R>): Node<C> {
    let at: Next<C, R> = next;
    for (let turns = 0; turns < MOST_TURNS; turns++) {
      const known = this.#rootsOf(at).get(this.#argsOf(at));
      if (known !== undefined) return known;
      const first = resume(at, []);
      if ('request' in first) {
        const root = this.#add({ program: at.program, root: true, request: first.request, origin: at, history: [] });
        this.#rootsOf(at).set(this.#argsOf(at), root);
        return root;
      }
      if (first.next === undefined) return this.ended;
      at = first.next;
    }
    throw new Error(`${next.program} turns into other programs for ever without making a single call`);
  }

  /** Where a process is after its call gave a result. */
  after(id: number, result: R): Node<C> {
    const node = this.#inner(id);
    const key = this.#results.id(result);
    const known = node.kids.get(key);
    if (known !== undefined) return known;
    const next = this.#unfold(node, this.#results.value(key));
    node.kids.set(key, next);
    return next;
  }

  #unfold(node: Inner<C, R>, result: R): Inner<C, R> {
    const { origin } = node;
    if (origin === null) throw new Error('a process that has ended makes no calls');
    this.#checkReplay(node, origin);
    const history = [...node.history, result];
    const turn = resume(origin, history);
    if ('request' in turn) {
      return this.#add({ program: node.program, root: false, request: turn.request, origin, history });
    }
    return this.#inner(turn.next === undefined ? this.ended.id : this.root(turn.next).id);
  }

  /** A program that keeps state outside of itself makes another call when it is run again with the same results. */
  #checkReplay(node: Inner<C, R>, origin: Next<C, R>): void {
    const again = resume(origin, node.history);
    const same =
      'request' in again &&
      node.request !== null &&
      this.#calls.id(again.request.call) === this.#calls.id(node.request.call);
    if (same) return;
    throw new Error(
      `${node.program} made the call ${JSON.stringify(node.request?.call)} after ${node.history.length} results, and ` +
        `${'request' in again ? JSON.stringify(again.request.call) : 'none'} when it was run again with the same results; ` +
        'a program must not keep state outside of itself (module variables, objects shared between runs)',
    );
  }

  #rootsOf({ program, identity }: Next<C, R>): Map<number, Inner<C, R>> {
    if (program === '') throw new Error('a program needs a name: write it as a named generator function');
    const known = this.#identities.get(program);
    if (known !== undefined && known !== identity) {
      throw new Error(`two different functions are programs called ${program}; a state could not tell them apart`);
    }
    this.#identities.set(program, identity);
    const roots = this.#roots.get(program) ?? new Map<number, Inner<C, R>>();
    this.#roots.set(program, roots);
    return roots;
  }

  #argsOf({ program, args }: Next<C, R>): number {
    try {
      return this.#args.id(args);
    } catch (cause) {
      throw new Error(`the arguments of ${program} cannot name it in a state`, { cause });
    }
  }

  #inner(id: number): Inner<C, R> {
    const node = this.#nodes[id];
    if (node === undefined) throw new Error(`there is no program node ${id}`);
    return node;
  }

  #add(node: Omit<Inner<C, R>, 'id' | 'kids'>): Inner<C, R> {
    if (node.request !== null) this.#calls.id(node.request.call);
    const added = { ...node, id: this.#nodes.length, kids: new Map() };
    this.#nodes.push(added);
    return added;
  }
}

/** Runs a program from its start through the results that it received, to what it asks for next or turns into. */
function resume<C, R>(
  origin: Next<C, R>,
  history: readonly R[],
): { request: Request<C> } | { next: Next<C, R> | undefined } {
  const program = origin.start();
  let turn = program.next();
  for (const result of history) {
    if (turn.done)
      throw new Error(`${origin.program} ended early when it was run again; it keeps state outside of itself`);
    turn = program.next(result);
  }
  return turn.done ? { next: turn.value ?? undefined } : { request: turn.value };
}
