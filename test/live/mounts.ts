/** One mount script on the kernel and on the model. */
import type { CallResult } from '../../src/kernel/calls.ts';
import type { Kernel } from '../../src/live/kernel.ts';
import { command, line, treeLines } from '../../src/live/lines.ts';
import { type MountRow, mountRows } from '../../src/live/mountinfo.ts';
import { BEGINNING, type Made, numbered, PREFIX, PROGRAM, Script, told } from '../kernel/mountscript.ts';

export interface Played {
  readonly results: readonly string[];
  /** As {@link Script.table} has it, with the roots and what superblocks are read-only. */
  readonly mounts: readonly string[];
}

const by = (task: string): { task: string; uid: number; gid: number } => ({ task, uid: 0, gid: 0 });
const TASKS = ['p', 'q', 'r'] as const;

/** A new tmpfs is known by the line that makes it; a program is more than the text that stands for it. */
function linesOf({ line: number, who, call }: Made): readonly string[] {
  const text = line(by(who), call);
  if (call.op === 'mount-tmpfs') return [`${text} t${number + 1}`];
  if (call.op === 'new-tree') return [text.replace(' tmpfs tmpfs ', ` tmpfs t${number + 1} `)];
  const isProgram = call.op === 'write' && call.data === PROGRAM;
  return isProgram ? [text, command(by(who), 'program', call.path)] : [text];
}

/** What the kernel does with a script that the model has played: of each line the first call gives the result. */
export async function onKernel(kernel: Kernel, script: Script, whole = true): Promise<Played> {
  const programs = ['a', 'b', 'c', 'd'].map((name) => command('world', 'program', `/${name}/x`));
  const lines = [...treeLines(BEGINNING, ''), ...programs, ...TASKS.map((task) => command(by(task), 'lstat', '/'))];
  const first: (number | undefined)[] = script.results.map(() => undefined);
  for (const made of script.calls) {
    first[made.line] ??= lines.length;
    lines.push(...linesOf(made));
  }
  const end = lines.length;
  const away = TASKS.filter((task) => script.world.get(`ns:${task}`) !== null);
  lines.push(command('world', 'mountinfo'), ...away.map((task) => command(by(task), 'mountinfo')));
  const answers = await kernel.run(lines);
  const results = first.map((at) => (at === undefined ? 'skip' : answered(answers[at])));
  const tables = (['host', ...away] as const).map((ns, index) => [ns, tableOf(answers[end + index])] as const);
  return { results, mounts: textOf(tables, whole) };
}

const answered = (result: CallResult | undefined): string =>
  result === undefined ? 'no answer: the world broke off' : told(result);

function tableOf(result: CallResult | undefined): readonly MountRow[] {
  if (result === undefined || 'err' in result || typeof result.ok !== 'string') return [];
  return mountRows(result.ok);
}

type Table = readonly [ns: keyof typeof PREFIX, rows: readonly MountRow[]];

function textOf(tables: readonly Table[], whole: boolean): readonly string[] {
  const lines = tables.flatMap(([ns, rows]) =>
    rows.slice(whole ? 0 : 1).map(({ at, source, root, flags, readonly, optional }) => {
      const superblock = whole && readonly ? ' superblock=ro' : '';
      const rootText = root === '' ? '' : ` root=${root ?? 'removed'}`;
      const propagation = optional.includes('unbindable') ? 'unbindable' : optional.join(' ') || 'private';
      return `${PREFIX[ns]}${at} ${source}${superblock}${rootText}${flags.map((flag) => ` ${flag}`).join('')} ${propagation}`;
    }),
  );
  return numbered(lines);
}

export function onModel(script: Script): Played {
  return { results: script.results, mounts: script.table({ whole: true }) };
}

/** The kernel and the model differ; the message has the script as a recording, and what the model says instead. */
export class MountDifference extends Error {
  override name = 'MountDifference';

  constructor(script: readonly string[], kernel: Played, model: Played) {
    const at = script.findIndex((_, index) => kernel.results[index] !== model.results[index]);
    const why =
      at >= 0
        ? `"${script[at]}" is ${kernel.results[at]} on the kernel, the model says ${model.results[at]}`
        : `mounts of the kernel:\n  ${kernel.mounts.join('\n  ')}\nof the model:\n  ${model.mounts.join('\n  ')}`;
    super(`${why}\nas a recording: ${JSON.stringify({ script, ...kernel })}`);
  }
}

/** How often each line gave each result: "umount EBUSY" -> 12. */
export class MountCounts {
  readonly #counts = new Map<string, number>();

  add(script: readonly string[], results: readonly string[]): void {
    script.forEach((text, index) => {
      const [op = ''] = text.replace(/^[pqr]: /, '').split(' ');
      const result = results[index] ?? '';
      if (result === 'skip') return;
      const pair = `${op} ${result.startsWith('=') ? 'ok' : result}`;
      this.#counts.set(pair, (this.#counts.get(pair) ?? 0) + 1);
    });
  }

  /** What came up so many times at least. */
  pairs(least: number): readonly string[] {
    return [...this.#counts].filter(([, count]) => count >= least).map(([pair]) => pair);
  }

  /** A line per op: "umount: EBUSY 12, ok 341". */
  toString(): string {
    const rows = new Map<string, string[]>();
    for (const [pair, count] of [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const [op = '', result = ''] = pair.split(' ');
      rows.set(op, [...(rows.get(op) ?? []), `${result} ${count}`]);
    }
    return [...rows].map(([op, results]) => `${op}: ${results.join(', ')}`).join('\n');
  }
}

/** The executor has machine code for this processor only. */
export const CAN_EXEC = process.arch === 'x64';

/** Plays a script on both; throws a {@link MountDifference} where they differ. */
export async function compareMounts(kernel: Kernel, drawn: readonly string[], counts: MountCounts): Promise<void> {
  const lines = CAN_EXEC ? drawn : drawn.map((text) => text.replace(/^((?:[qr]: )?)exec /, '$1stat '));
  const script = new Script(lines);
  const [model, real] = [onModel(script), await onKernel(kernel, script)];
  counts.add(lines, real.results);
  if (JSON.stringify(model) !== JSON.stringify(real)) throw new MountDifference(lines, real, model);
}
