/**
 * A function of a state, run once per distinct combination of the slots it really reads. Its answers hang in a decision
 * tree: each fork asks for the slot that the function asked for at this point, each leaf is an answer.
 */
interface Fork<T> {
  readonly slot: number;
  readonly kids: (Tree<T> | undefined)[];
  readonly value: null;
}
interface Leaf<T> {
  readonly slot: number;
  readonly kids: null;
  readonly value: T;
}
type Tree<T> = Fork<T> | Leaf<T>;

/** Reads the number that a slot holds, and remembers that it was read. */
export type Touch = (slot: number) => number;

export class Memo<T> {
  readonly #name: string;
  readonly #compute: (touch: Touch) => T;
  #root: Tree<T> | undefined;
  /** How often the function ran. */
  evaluations = 0;

  /** `compute` must depend on nothing but what it reads through `touch`. `name` is for messages. */
  constructor(name: string, compute: (touch: Touch) => T) {
    this.#name = name;
    this.#compute = compute;
  }

  /** The answer for a state, given as one number per slot. */
  of(state: Int32Array): T {
    let node = this.#root;
    while (node !== undefined && node.kids !== null) node = node.kids[state[node.slot] ?? 0];
    return node === undefined ? this.#run(state) : node.value;
  }

  /** The slots that the answer for a state depends on, in the order of reading: with the writes, what reductions need. */
  reads(state: Int32Array): readonly number[] {
    this.of(state);
    const slots: number[] = [];
    let node = this.#root;
    while (node !== undefined && node.kids !== null) {
      slots.push(node.slot);
      node = node.kids[state[node.slot] ?? 0];
    }
    return slots;
  }

  /** The answer if it is the same for all states: nothing was read. Undefined while it is not known. */
  get constant(): { readonly value: T } | undefined {
    return this.#root?.kids === null ? this.#root : undefined;
  }

  #run(state: Int32Array): T {
    const reads: number[] = [];
    const seen = new Set<number>();
    const value = this.#compute((slot) => {
      if (!seen.has(slot)) {
        seen.add(slot);
        reads.push(slot);
      }
      return state[slot] ?? 0;
    });
    this.evaluations++;
    this.#hang(state, reads, value);
    return value;
  }

  #hang(state: Int32Array, reads: readonly number[], value: T): void {
    const leaf: Leaf<T> = { slot: -1, kids: null, value };
    let put = (node: Tree<T>): void => {
      this.#root = node;
    };
    let next = this.#root;
    for (const slot of reads) {
      if (next === undefined) {
        next = { slot, kids: [], value: null };
        put(next);
      }
      if (next.kids === null || next.slot !== slot) throw new Error(this.#fickle(slot, next.slot));
      const { kids } = next;
      const id = state[slot] ?? 0;
      put = (node) => {
        kids[id] = node;
      };
      next = kids[id];
    }
    if (next !== undefined) throw new Error(this.#fickle(-1, next.slot));
    put(leaf);
  }

  #fickle(now: number, before: number): string {
    const what = (slot: number): string => (slot < 0 ? 'nothing more' : `slot ${slot}`);
    return (
      `${this.#name} is not deterministic: after reading the same values it reads ${what(now)}, and read ` +
      `${what(before)} before; it probably keeps state outside of its model, or uses a clock or randomness`
    );
  }
}
