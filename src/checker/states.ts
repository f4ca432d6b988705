/**
 * The states of a search: numbers per slot, packed into as few 32-bit words as they need now, side by side in one typed
 * array, found again through an exact hash table. When a slot gets more values than its bits hold, all is laid out anew.
 */

/** Slots and the numbers they get, flat: slot, number, slot, number, … */
export type Writes = readonly number[];

const FIRST_STATES = 1 << 6;

export class States {
  /** How many states there are; they are numbered from 0 in the order in which they were added. */
  count = 0;
  readonly #width: number;
  readonly #bits: number[];
  readonly #word: Int32Array;
  readonly #shift: Int32Array;
  readonly #mask: Int32Array;
  #words = 0;
  #rows = new Int32Array(0);
  #parents = new Int32Array(FIRST_STATES);
  /** State number + 1, or 0: open addressing, at most half full. */
  #table = new Int32Array(FIRST_STATES * 2);
  readonly #writes: Writes[] = [];
  /** Per patch: the words to keep, then the words to set. */
  #patches = new Int32Array(0);

  constructor(width: number) {
    this.#width = width;
    this.#bits = new Array<number>(width).fill(0);
    this.#word = new Int32Array(width);
    this.#shift = new Int32Array(width);
    this.#mask = new Int32Array(width);
    this.#layOut();
  }

  /** Bytes of all arrays. */
  get bytes(): number {
    return this.#rows.byteLength + this.#parents.byteLength + this.#table.byteLength + this.#patches.byteLength;
  }

  /** Bytes of all arrays once another `more` states have been added. */
  bytesWith(more: number): number {
    return this.count + more < this.#parents.length ? this.bytes : this.bytes * 2;
  }

  /** The state that this one was first reached from; an initial state is its own. */
  parent(state: number): number {
    return this.#parents[state] ?? 0;
  }

  /** Unpacks a state: one number per slot. */
  load(state: number, into: Int32Array): void {
    const word = this.#word;
    const shift = this.#shift;
    const mask = this.#mask;
    const rows = this.#rows;
    const at = state * this.#words;
    for (let slot = 0; slot < this.#width; slot++) {
      into[slot] = ((rows[at + (word[slot] ?? 0)] ?? 0) >>> (shift[slot] ?? 0)) & (mask[slot] ?? 0);
    }
  }

  /** Prepares what a step does to a state. Gives the patch's number; patches are numbered from 0. */
  patch(writes: Writes): number {
    this.#writes.push(writes);
    if (this.#fit(writes)) this.#layOut();
    else this.#compile(this.#writes.length - 1);
    return this.#writes.length - 1;
  }

  /** Adds an initial state; gives its number, also if it was there already. */
  addInitial(numbers: Int32Array): number {
    const writes = [...numbers].flatMap((number, slot) => [slot, number]);
    if (this.#fit(writes)) this.#layOut();
    this.#reserve();
    this.#rows.fill(0, this.count * this.#words, (this.count + 1) * this.#words);
    for (const [slot, number] of numbers.entries()) {
      const at = this.count * this.#words + (this.#word[slot] ?? 0);
      this.#rows[at] = (this.#rows[at] ?? 0) | (number << (this.#shift[slot] ?? 0));
    }
    return this.#settle(this.#hash(this.count * this.#words), this.count, true);
  }

  /** The state that a patch makes of a state, added if it is new (then `count` has grown). */
  step(from: number, patch: number): number {
    if (this.count >= this.#parents.length) this.#reserve();
    return this.#settle(this.#write(from, patch), from, true);
  }

  /** The same without adding it: -1 if there is no such state. */
  find(from: number, patch: number): number {
    if (this.count >= this.#parents.length) this.#reserve();
    return this.#settle(this.#write(from, patch), from, false);
  }

  /** Writes the patched state behind the last one; gives its hash. */
  #write(from: number, patch: number): number {
    const words = this.#words;
    const rows = this.#rows;
    const patches = this.#patches;
    const source = from * words;
    const target = this.count * words;
    const keep = patch * 2 * words;
    let hash = 0x9e3779b9 | 0;
    for (let w = 0; w < words; w++) {
      const value = ((rows[source + w] ?? 0) & (patches[keep + w] ?? 0)) | (patches[keep + words + w] ?? 0);
      rows[target + w] = value;
      hash = mix(hash, value);
    }
    return finish(hash);
  }

  #hash(at: number): number {
    let hash = 0x9e3779b9 | 0;
    for (let w = 0; w < this.#words; w++) hash = mix(hash, this.#rows[at + w] ?? 0);
    return finish(hash);
  }

  /** Looks the state behind the last one up; keeps it if it is new and `add` is set. */
  #settle(hash: number, parent: number, add: boolean): number {
    const words = this.#words;
    const rows = this.#rows;
    const table = this.#table;
    const most = table.length - 1;
    const target = this.count * words;
    for (let place = hash & most; ; place = (place + 1) & most) {
      const other = (table[place] ?? 0) - 1;
      if (other < 0) {
        if (!add) return -1;
        table[place] = this.count + 1;
        this.#parents[this.count] = parent;
        return this.count++;
      }
      const start = other * words;
      let w = 0;
      while (w < words && rows[start + w] === rows[target + w]) w++;
      if (w === words) return other;
    }
  }

  /** Widens the slots that cannot hold these numbers. Were there any? */
  #fit(writes: Writes): boolean {
    let widened = false;
    for (let i = 0; i < writes.length; i += 2) {
      const slot = writes[i] ?? 0;
      const bits = 32 - Math.clz32(writes[i + 1] ?? 0);
      if (bits > (this.#bits[slot] ?? 0)) {
        this.#bits[slot] = bits;
        widened = true;
      }
    }
    return widened;
  }

  /** Gives every slot its place, widest first, none across two words; then repacks all states and recompiles all patches. */
  #layOut(): void {
    const old = {
      rows: this.#rows,
      words: this.#words,
      word: this.#word.slice(),
      shift: this.#shift.slice(),
      mask: this.#mask.slice(),
    };
    const free: number[] = [];
    const order = [...this.#bits.keys()].sort((a, b) => (this.#bits[b] ?? 0) - (this.#bits[a] ?? 0) || a - b);
    for (const slot of order) {
      const bits = this.#bits[slot] ?? 0;
      if (bits > 31) throw new Error(`slot ${slot} has more than two thousand million values`);
      let word = free.findIndex((left) => left >= bits);
      if (word < 0) word = free.push(32) - 1;
      this.#word[slot] = word;
      this.#shift[slot] = (32 - (free[word] ?? 0)) & 31;
      this.#mask[slot] = 2 ** bits - 1;
      free[word] = (free[word] ?? 0) - bits;
    }
    this.#words = Math.max(free.length, 1);
    this.#rows = new Int32Array(this.#parents.length * this.#words);
    for (let state = 0; state < this.count; state++) {
      for (let slot = 0; slot < this.#width; slot++) {
        const number =
          ((old.rows[state * old.words + (old.word[slot] ?? 0)] ?? 0) >>> (old.shift[slot] ?? 0)) &
          (old.mask[slot] ?? 0);
        const at = state * this.#words + (this.#word[slot] ?? 0);
        this.#rows[at] = (this.#rows[at] ?? 0) | (number << (this.#shift[slot] ?? 0));
      }
    }
    this.#rehash(this.#table.length);
    this.#patches = new Int32Array(0);
    for (let patch = 0; patch < this.#writes.length; patch++) this.#compile(patch);
  }

  #compile(patch: number): void {
    const words = this.#words;
    const at = patch * 2 * words;
    if (this.#patches.length < at + 2 * words) {
      const more = new Int32Array(Math.max(this.#writes.length, 64) * 2 * 2 * words);
      more.set(this.#patches);
      this.#patches = more;
    }
    this.#patches.fill(-1, at, at + words).fill(0, at + words, at + 2 * words);
    const writes = this.#writes[patch] ?? [];
    for (let i = 0; i < writes.length; i += 2) {
      const slot = writes[i] ?? 0;
      const word = at + (this.#word[slot] ?? 0);
      const shift = this.#shift[slot] ?? 0;
      this.#patches[word] = (this.#patches[word] ?? 0) & ~((this.#mask[slot] ?? 0) << shift);
      this.#patches[word + words] =
        ((this.#patches[word + words] ?? 0) & ~((this.#mask[slot] ?? 0) << shift)) | ((writes[i + 1] ?? 0) << shift);
    }
  }

  /** Makes room for one state more. */
  #reserve(): void {
    if (this.count < this.#parents.length) return;
    const size = this.#parents.length * 2;
    const parents = new Int32Array(size);
    parents.set(this.#parents);
    this.#parents = parents;
    const rows = new Int32Array(size * this.#words);
    rows.set(this.#rows);
    this.#rows = rows;
    this.#rehash(size * 2);
  }

  #rehash(size: number): void {
    const table = new Int32Array(size);
    for (let state = 0; state < this.count; state++) {
      let place = this.#hash(state * this.#words) & (size - 1);
      while (table[place] !== 0) place = (place + 1) & (size - 1);
      table[place] = state + 1;
    }
    this.#table = table;
  }
}

/** One word more into a hash: the steps of MurmurHash3. */
function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0xcc9e2d51);
  return mixed ^ (mixed >>> 15);
}
function finish(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}
