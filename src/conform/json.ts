import { InputError } from '../input/error.ts';

/**
 * A value out of a JSON file that knows where it stands, so that whoever reads it can say what is wrong there. Vectors
 * are read strictly: a field of another type than its format says is an {@link InputError}, never a guess.
 */
export class Field {
  readonly value: unknown;
  readonly #file: string;
  readonly #line: number;
  readonly #name: string;

  /** `line` is the first line of the vector in the file; `name` leads to the value: "ops[3].mode". */
  constructor(value: unknown, file: string, line: number, name = '') {
    this.value = value;
    this.#file = file;
    this.#line = line;
    this.#name = name;
  }

  fail(right: string): InputError {
    const text = this.value === undefined ? 'nothing' : JSON.stringify(this.value);
    const found = `${text.length > 60 ? `${text.slice(0, 59)}…` : text}${this.#name === '' ? '' : ` as ${this.#name}`}`;
    return new InputError({ file: this.#file, line: this.#line, found, right });
  }

  has(key: string): boolean {
    return this.#object()[key] !== undefined;
  }

  get keys(): readonly string[] {
    return Object.keys(this.#object());
  }

  get(key: string): Field {
    return new Field(this.#object()[key], this.#file, this.#line, this.#name === '' ? key : `${this.#name}.${key}`);
  }

  get array(): readonly Field[] {
    if (!Array.isArray(this.value)) throw this.fail('an array');
    return this.value.map((item, index) => new Field(item, this.#file, this.#line, `${this.#name}[${index}]`));
  }

  get string(): string {
    if (typeof this.value !== 'string') throw this.fail('a string');
    return this.value;
  }

  get integer(): number {
    if (typeof this.value !== 'number' || !Number.isInteger(this.value)) throw this.fail('an integer');
    return this.value;
  }

  get boolean(): boolean {
    if (typeof this.value !== 'boolean') throw this.fail('true or false');
    return this.value;
  }

  /** An absolute path. */
  get path(): string {
    if (!this.string.startsWith('/')) throw this.fail('an absolute path');
    return this.string;
  }

  oneOf<T extends string>(words: readonly T[]): T {
    const word = words.find((known) => known === this.value);
    if (word === undefined) throw this.fail(`one of ${words.join(', ')}`);
    return word;
  }

  /** What `read` makes of a field, or `otherwise` where there is none. */
  optional<T>(key: string, read: (field: Field) => T, otherwise: T): T {
    return this.has(key) ? read(this.get(key)) : otherwise;
  }

  #object(): Record<string, unknown> {
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value)) {
      throw this.fail('an object');
    }
    return this.value as Record<string, unknown>;
  }
}

/** The vectors of a file: one JSON array, or one JSON value per line. Throws {@link InputError}. */
export function fieldsOf(text: string, file: string): readonly Field[] {
  if (text.trimStart().startsWith('[')) return new Field(parsed(text, file, 1), file, 1).array.map(located(file));
  const lines = text.split('\n').map((line, index) => ({ line, number: index + 1 }));
  return lines
    .filter(({ line }) => line.trim() !== '')
    .map(({ line, number }) => new Field(parsed(line, file, number), file, number));
}

/** Vectors of an array start their names anew: "ops[3]", not "[17].ops[3]". */
const located =
  (file: string) =>
  (item: Field): Field =>
    new Field(item.value, file, 1);

/** A JSON document. */
export function documentOf(text: string, file: string): Field {
  return new Field(parsed(text, file, 1), file, 1);
}

function parsed(text: string, file: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const offset = firstWrong(text);
    const before = text.slice(0, offset).split('\n');
    throw new InputError({
      file,
      line: line + before.length - 1,
      column: (before.at(-1)?.length ?? 0) + 1,
      found: offset >= text.length ? 'the end of the text' : JSON.stringify(text.slice(offset, offset + 20)),
      right: 'JSON: one array of vectors, or one vector per line',
    });
  }
}

/**
 * Where text stops being JSON. JSON.parse tells the place of some errors only; but every beginning of the text up to the
 * first wrong character fails for its end alone, and every longer one does not, so the place can be searched for.
 */
function firstWrong(text: string): number {
  let [good, bad] = [0, text.length + 1];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (couldGoOn(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

function couldGoOn(beginning: string): boolean {
  try {
    JSON.parse(beginning);
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const position = /at position (\d+)/.exec(message)?.[1];
    if (message.includes('Unexpected end') || message.includes('Unterminated string')) return true;
    return position !== undefined && Number(position) >= beginning.length;
  }
}
