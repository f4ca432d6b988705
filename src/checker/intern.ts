/**
 * Hash-consing: equal immutable values get equal small integers. Each object is looked into once, level by level: what is
 * shared between two values costs nothing the second time, and no value is ever serialised as a whole.
 */

/**
 * Numbers values by structure: primitives, arrays, plain objects (an absent property is the same as one that is `undefined`),
 * Maps and Sets (their order does not count). Objects are frozen on the way, because changing one later would break
 * every state that holds it. Throws for what does not compare by structure: functions, symbols, instances of classes.
 */
export class Interner<V = unknown> {
  readonly #primitives = new Map<unknown, number>();
  readonly #shapes = new Map<string, number>();
  readonly #objects = new WeakMap<object, number>();
  readonly #open = new Set<object>();
  readonly #values: ({ readonly value: V } | undefined)[] = [];
  #count = 0;

  /** The number of a value: the same for equal values. */
  id(value: V): number {
    const id = this.#number(value);
    this.#values[id] ??= { value };
    return id;
  }

  /** The value with this number that was seen first. */
  value(id: number): V {
    const box = this.#values[id];
    if (box === undefined) throw new Error(`no value has been given the number ${id}`);
    return box.value;
  }

  #number(value: unknown): number {
    if (typeof value === 'object' && value !== null) return this.#objects.get(value) ?? this.#object(value);
    if (typeof value === 'function' || typeof value === 'symbol') {
      throw new Error(`${describe(value)} is part of a state or of a program's arguments; only plain values compare`);
    }
    const known = this.#primitives.get(value);
    if (known !== undefined) return known;
    this.#primitives.set(value, this.#count);
    return this.#count++;
  }

  #object(value: object): number {
    if (this.#open.has(value)) throw new Error(`${describe(value)} contains itself; states are trees of values`);
    this.#open.add(value);
    let shape: string;
    try {
      shape = this.#shape(value);
    } finally {
      this.#open.delete(value);
    }
    let id = this.#shapes.get(shape);
    if (id === undefined) {
      id = this.#count++;
      this.#shapes.set(shape, id);
    }
    this.#objects.set(value, id);
    Object.freeze(value);
    return id;
  }

  /** One level of a value: its kind and the numbers of its parts. */
  #shape(value: object): string {
    if (Array.isArray(value)) return `[${value.map((part: unknown) => this.#number(part)).join()}`;
    if (value instanceof Map) {
      return `M${sorted([...value].map(([key, part]) => [this.#number(key), this.#number(part)]))}`;
    }
    if (value instanceof Set) return `S${sorted([...value].map((part) => [this.#number(part)]))}`;
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      throw new Error(`${describe(value)} is part of a state or of a program's arguments; only plain values compare`);
    }
    const parts = Object.entries(value).filter(([, part]) => part !== undefined);
    return `{${sorted(parts.map(([key, part]) => [this.#number(key), this.#number(part)]))}`;
  }
}

const sorted = (parts: readonly (readonly number[])[]): string =>
  [...parts]
    .sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0))
    .map((part) => part.join(':'))
    .join();

function describe(value: unknown): string {
  if (typeof value === 'function') return `the function ${value.name || '(without a name)'}`;
  if (typeof value === 'symbol') return value.toString();
  const name = typeof value === 'object' ? value?.constructor?.name : undefined;
  return name === undefined ? 'an object' : `an object of class ${name}`;
}
