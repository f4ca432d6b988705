/**
 * Is damage transient or permanent? A violation is permanent if, from the state after it, some state at rest can be
 * reached that still has the damage. Each question is a search forward over the explored graph, in the order of the
 * violations' depth; what one search has found harmless is not entered again for that subject.
 */
import { type Graph, isExpanded, level } from './graph.ts';
import type { Found, Hit, Judge, Occurrence } from './judge.ts';
import { Memo } from './memo.ts';
import type { Damage, Read } from './model.ts';
import type { Always, Property } from './property.ts';
import { OVERFLOW, type Space, UNDEFINED } from './space.ts';

/** For one subject: how bad, and for permanent damage the violation of least depth that can stay and the states from there to rest. */
export interface Lasting {
  readonly damage: Damage;
  readonly occurrence: Occurrence | null;
  /** From the state after the violation to the damaged state at rest, both included. */
  readonly path: readonly number[];
}

/** A subject whose damage is being judged. */
interface Case {
  readonly property: number;
  readonly found: Found;
  /** Is the loaded state damaged? */
  readonly damaged: Memo<boolean>;
  /** A bit per state: no damaged state at rest can be reached from it. Null while no search has begun. */
  harmless: Uint8Array | null;
  /** The worst so far. */
  lasting: Lasting | null;
}

export class Assessor<V, L> {
  readonly #space: Space<V, L>;
  readonly #graph: Graph<V, L>;
  readonly #judge: Judge<V, L>;
  readonly #queue: Int32Array;
  readonly #from: Int32Array;

  constructor(graph: Graph<V, L>, judge: Judge<V, L>) {
    this.#graph = graph;
    this.#space = graph.space;
    this.#judge = judge;
    this.#queue = new Int32Array(graph.space.states.count);
    this.#from = new Int32Array(graph.space.states.count);
  }

  /** The damage of every subject of every property that says what damage is, by property and subject. */
  assess(properties: readonly Property<Read<V>, L>[]): ReadonlyMap<number, ReadonlyMap<string, Lasting>> {
    const cases = properties.flatMap((property, index) =>
      property.kind === 'always' && property.damaged !== undefined ? this.#cases(property, index) : [],
    );
    const clean = cases.filter(({ found }) => !found.tagged);
    const tagged = cases.filter(({ found }) => found.tagged);
    this.#follow(clean, false);
    // What can only stay by undefined behaviour is not known to stay, nor to go.
    const healing = clean.filter(({ lasting }) => lasting === null);
    const hasUndefined = this.#graph.extent.aside.length > 0;
    if (hasUndefined) {
      for (const one of healing) one.harmless = null;
      this.#follow(healing, true);
      for (const one of healing)
        if (one.lasting !== null) one.lasting = { damage: 'unknown', occurrence: null, path: [] };
      this.#follow(tagged, true);
    }
    const otherwise: Damage = this.#graph.extent.incomplete.length > 0 ? 'unknown' : 'transient';
    const result = new Map<number, Map<string, Lasting>>();
    for (const { property, found, lasting } of cases) {
      const subjects = result.get(property) ?? new Map<string, Lasting>();
      result.set(property, subjects.set(found.subject, lasting ?? { damage: otherwise, occurrence: null, path: [] }));
    }
    return result;
  }

  #cases(property: Always<Read<V>, L>, index: number): Case[] {
    return [...this.#judge.found(index).values()].map((found) => ({
      property: index,
      found,
      damaged: new Memo(
        `damaged of ${property.name}`,
        (touch) => property.damaged?.(this.#space.reader(touch), found.subject) ?? false,
      ),
      harmless: null,
      lasting: null,
    }));
  }

  /** Goes through all violations of these subjects in the order of depth, until each is known to be permanent. */
  #follow(cases: readonly Case[], undefinedToo: boolean): void {
    const open = new Map(cases.map((one) => [`${one.property} ${one.found.subject}`, one]));
    const { clean, tagged } = this.#graph.extent;
    const depths = Math.max(clean.levels.length, tagged.levels.length);
    const first = cases.reduce((least, { found }) => Math.min(least, found.depth), depths);
    for (let depth = Math.max(first - 1, 0); depth < depths; depth++) {
      const ranges = [level(clean, depth), level(tagged, depth)];
      // A step from a state of this depth is as deep as a state of the next.
      for (const [from, end] of ranges) {
        for (let state = from; state < end && open.size > 0; state++) this.#inState(state, depth, open, undefinedToo);
      }
      for (const [from, end] of ranges) {
        for (let state = from; state < end && open.size > 0; state++)
          this.#onSteps(state, depth + 1, open, undefinedToo);
      }
    }
  }

  #inState(state: number, depth: number, open: Map<string, Case>, undefinedToo: boolean): void {
    this.#space.load(state);
    const hits = this.#judge.again(-1);
    if (hits.length === 0) return;
    this.#try(hits, { state, outcome: -1, depth, tagged: this.#isTagged(state) }, state, open, undefinedToo);
  }

  #onSteps(state: number, depth: number, open: Map<string, Case>, undefinedToo: boolean): void {
    if (!isExpanded(this.#graph.extent, state)) return;
    const { actions, kinds, now, states } = this.#space;
    this.#space.load(state);
    for (const action of actions) {
      const { first, end } = action.of(now);
      for (let outcome = first; outcome < end; outcome++) {
        const hits = kinds[outcome] === OVERFLOW ? [] : this.#judge.again(outcome);
        if (hits.length === 0) continue;
        const after = states.find(state, outcome);
        if (after < 0) continue;
        const tagged = this.#isTagged(state) || kinds[outcome] === UNDEFINED;
        this.#try(hits, { state, outcome, depth, tagged }, after, open, undefinedToo);
        this.#space.load(state);
      }
    }
  }

  #try(
    hits: readonly Hit[],
    occurrence: Occurrence,
    after: number,
    open: Map<string, Case>,
    undefinedToo: boolean,
  ): void {
    for (const { property, subject } of hits) {
      const key = `${property} ${subject}`;
      const one = open.get(key);
      if (one?.found.tagged !== occurrence.tagged) continue;
      const path = this.#toDamage(one, after, undefinedToo);
      if (path === null) continue;
      one.lasting = { damage: 'permanent', occurrence, path };
      one.harmless = null;
      open.delete(key);
    }
  }

  #isTagged(state: number): boolean {
    return state >= this.#graph.extent.clean.found;
  }

  /** The states of a shortest way to lasting damage, both ends included; null if there is none. */
  #toDamage(one: Case, start: number, undefinedToo: boolean): readonly number[] | null {
    const { offsets, targets, final } = this.#graph;
    const queue = this.#queue;
    const from = this.#from;
    const harmless = one.harmless ?? new Uint8Array((this.#space.states.count >> 3) + 1);
    one.harmless = harmless;
    if (!mark(harmless, start)) return null;
    queue[0] = start;
    from[0] = -1;
    let end = 1;
    for (let head = 0; head < end; head++) {
      const state = queue[head] ?? 0;
      if (final[state] === 1 && this.#isDamaged(one, state)) return this.#way(head);
      const last = offsets[state + 1] ?? 0;
      for (let edge = offsets[state] ?? last; edge < last; edge++) {
        const target = targets[edge] ?? 0;
        if (target < 0 && !undefinedToo) continue;
        const next = target < 0 ? -1 - target : target;
        if (!mark(harmless, next)) continue;
        queue[end] = next;
        from[end++] = head;
      }
    }
    return null;
  }

  #isDamaged(one: Case, state: number): boolean {
    this.#space.load(state);
    return one.damaged.of(this.#space.now);
  }

  /** Back from a place in the queue to its beginning, turned round. */
  #way(place: number): readonly number[] {
    const way: number[] = [];
    for (let at = place; at >= 0; at = this.#from[at] ?? -1) way.push(this.#queue[at] ?? 0);
    return way.reverse();
  }
}

/** Sets a bit; was it clear? */
function mark(bits: Uint8Array, index: number): boolean {
  const byte = bits[index >> 3] ?? 0;
  const bit = 1 << (index & 7);
  bits[index >> 3] = byte | bit;
  return (byte & bit) === 0;
}
