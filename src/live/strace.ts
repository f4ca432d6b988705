/**
 * What `strace -f -y` writes, as data: one value per finished system call, in the order in which they finished, and one per
 * process that ended. Nothing is interpreted here; syscalls.ts does that.
 */

export interface Syscall {
  /** Where it begins in the output, counted from 1. */
  readonly line: number;
  readonly pid: number;
  readonly name: string;
  /** As strace prints them: strings with their quotes, descriptors with their paths. */
  readonly args: readonly string[];
  /** What it gave; null where it never came back. */
  readonly result: string | null;
  /** The name of the error, null where there was none. */
  readonly errno: string | null;
}

/** A process is gone: with an exit status, or by a signal. */
export interface Ended {
  readonly line: number;
  readonly pid: number;
  readonly ended: number | string;
}

export type Event = Syscall | Ended;

interface Begun {
  readonly line: number;
  readonly text: string;
}

/**
 * Reads the whole output. Throws an Error that quotes the first line which is not strace's. A call counts when it ends, but a
 * clone when it begins: its child may have made calls before the parent has returned.
 */
export function parseStrace(text: string): readonly Event[] {
  const events: Event[] = [];
  for (const event of eventsOf(text)) {
    const isClone = 'name' in event && event.name.startsWith('clone');
    const after = isClone ? events.findIndex(({ line }) => line > event.line) : -1;
    events.splice(after < 0 ? events.length : after, 0, event);
  }
  return events;
}

function eventsOf(text: string): readonly Event[] {
  const unfinished = new Map<number, Begun>();
  return text.split('\n').flatMap((whole, index): readonly Event[] => {
    if (whole === '') return [];
    const head = /^(\d+) +(.*)$/s.exec(whole);
    if (head === null) throw new Error(`line ${index + 1} is not strace's: ${whole}`);
    const pid = Number(head[1]);
    const rest = head[2] ?? '';
    const exit = /^\+\+\+ (?:exited with (\d+)|killed by (\w+)).*\+\+\+$/.exec(rest);
    if (exit !== null) return [{ line: index + 1, pid, ended: exit[2] ?? Number(exit[1]) }];
    if (rest.startsWith('---')) return []; // a signal arrives
    const pause = / <unfinished \.\.\.>$/.exec(rest);
    if (pause !== null) {
      unfinished.set(pid, { line: index + 1, text: rest.slice(0, pause.index) });
      return [];
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/s.exec(rest);
    if (resumed === null) return [syscall(index + 1, pid, rest)];
    const begun = unfinished.get(pid);
    unfinished.delete(pid);
    if (begun === undefined) throw new Error(`line ${index + 1} ends a call that never began: ${whole}`);
    return [syscall(begun.line, pid, begun.text + (resumed[1] ?? ''))];
  });
}

function syscall(line: number, pid: number, text: string): Syscall {
  const open = text.indexOf('(');
  const { args, end } = argumentsOf(text, open + 1);
  const result = /^\s*= (\?|-?\w+)(?: (E[A-Z0-9]+) )?/.exec(text.slice(end));
  if (open < 0 || result === null) throw new Error(`line ${line} is no system call: ${text}`);
  const given = text.slice(end).replace(/^\s*= /, '');
  return {
    line,
    pid,
    name: text.slice(0, open),
    args,
    result: result[1] === '?' ? null : given,
    errno: result[2] ?? null,
  };
}

/** Arguments end at commas that are in no string, structure, or path of a descriptor. `end` is behind the closing bracket. */
function argumentsOf(text: string, start: number): { readonly args: readonly string[]; readonly end: number } {
  const args: string[] = [];
  let depth = 0;
  let from = start;
  for (let at = start; at < text.length; at++) {
    const char = text[at] ?? '';
    if (char === '"') at = endOfString(text, at);
    else if (char === '<' && /\w/.test(text[at - 1] ?? '') && text[at + 1] !== '<') at = text.indexOf('>', at);
    else if ('{[('.includes(char)) depth++;
    else if (depth > 0 && '}])'.includes(char)) depth--;
    else if (char === ',' && depth === 0) {
      args.push(text.slice(from, at).trim());
      from = at + 1;
    } else if (char === ')') {
      const last = text.slice(from, at).trim();
      return { args: last === '' && args.length === 0 ? [] : [...args, last], end: at + 1 };
    }
    if (at < 0) break;
  }
  throw new Error(`the arguments of ${text} have no end`);
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at;
  }
  throw new Error(`a string of ${text} has no end`);
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', v: '\v', f: '\f' };

/** The text of a string argument; null for NULL and for what is no string. Throws where strace has shortened it. */
export function stringOf(arg: string | undefined): string | null {
  if (arg === undefined || !arg.startsWith('"')) return null;
  if (arg.endsWith('...')) throw new Error(`strace shortened ${arg}`);
  return unescaped(arg.slice(1, -1));
}

function unescaped(text: string): string {
  const bytes = text.replace(/\\([0-7]{1,3}|x[0-9a-f]{2}|.)/g, (_, code: string) => {
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8));
    if (/^x./.test(code)) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    return ESCAPES[code] ?? code;
  });
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** A descriptor and the path that strace found behind it: `4</run>`. Null for what is none. */
export function descriptorOf(arg: string | null | undefined): { readonly fd: string; readonly path: string } | null {
  const match = /^(-?\d+|AT_FDCWD)<(.*)>(?:\(deleted\))?$/s.exec(arg ?? '');
  return match === null ? null : { fd: match[1] ?? '', path: unescaped(match[2] ?? '') };
}

/** The names in `A|B|C`, also where the number is among them. */
export const flagsOf = (arg: string | undefined): readonly string[] => (arg ?? '').split('|');
