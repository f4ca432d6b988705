/** Where an input is wrong, what is there, and what would be right. Lines and columns count from 1. */
export interface Complaint {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  readonly found: string;
  readonly right: string;
}

/** Input from outside that cannot be used: a file, a tree, a vector. The message is one line; the command line exits with 2. */
export class InputError extends Error {
  override name = 'InputError';
  readonly file: string;
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly found: string;
  readonly right: string;

  constructor({ file, line, column, found, right }: Complaint) {
    const place = [file, line, column].filter((part) => part !== undefined).join(':');
    super(`${place}: found ${found}, expected ${right}`.replaceAll('\n', '\\n'));
    this.file = file;
    this.line = line;
    this.column = column;
    this.found = found;
    this.right = right;
  }
}
