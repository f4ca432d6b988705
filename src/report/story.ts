/** A trace as people read it: the short story under a verdict, and the whole story that `explain` tells. */

/** One step of a trace, in words. Part of the public JSON. */
export interface TraceStep {
  readonly process: string;
  /** The step's name in the program: "M6d". */
  readonly at: string;
  readonly call: string;
  readonly result: string;
  /** What it changed, one line each. */
  readonly changes: readonly string[];
  /** What everyone sees change in the hierarchy by this step. */
  readonly note?: string;
  /** What this step breaks. */
  readonly breaks?: string;
  /** The process is over after this step. */
  readonly ends?: true;
}

export interface Trace {
  readonly scenario: string;
  readonly options: Readonly<Record<string, string>>;
  readonly property: string | null;
  readonly subject: string | null;
  readonly damage: 'transient' | 'permanent' | 'unknown' | null;
  /** How the story ends where it goes on to a rest: what is left. */
  readonly ending: string | null;
  /** Null where `explain` cannot tell it again: the trace of a root directory. */
  readonly token: string | null;
  readonly steps: readonly TraceStep[];
}

/** The width that every line keeps. */
export const WIDTH = 100;
const CALL = 46;

const number = (index: number): string => String(index + 1).padStart(3);

/** Cuts a text into lines of at most `width`: at a blank, else behind a slash, else anywhere. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const blank = rest.lastIndexOf(' ', width);
    const slash = rest.lastIndexOf('/', width - 1) + 1;
    const cut = blank > width / 2 ? blank : slash > width / 2 ? slash : width;
    lines.push(rest.slice(0, cut).trimEnd());
    rest = rest.slice(cut).trimStart();
  }
  return [...lines, rest];
}

/** The short story: steps that nobody else can notice are folded into one line. */
export function shortStory(trace: Trace): readonly string[] {
  const processWidth = Math.max(8, ...trace.steps.map((step) => step.process.length));
  const lines: string[] = [];
  let folded: TraceStep[] = [];
  const unfold = (): void => {
    if (folded.length > 0) lines.push(`  …  ${''.padEnd(processWidth)}  ${foldedText(folded)}`);
    folded = [];
  };
  trace.steps.forEach((step, index) => {
    if (!isVisible(step, index, trace.steps)) {
      folded.push(step);
      return;
    }
    unfold();
    lines.push(...storyLines(step, index, processWidth));
  });
  unfold();
  if (trace.ending !== null) lines.push(...wrap(`at rest: ${trace.ending}`, WIDTH - 5).map((line) => `     ${line}`));
  return lines;
}

/** Shown are steps that everyone can see or that break something, what others do, and the first step of every turn. */
function isVisible(step: TraceStep, index: number, all: readonly TraceStep[]): boolean {
  if (step.note !== undefined || step.breaks !== undefined) return true;
  return !/^[PMU]\d/.test(step.at) || all[index - 1]?.process !== step.process;
}

function foldedText(steps: readonly TraceStep[]): string {
  const names = [...new Set(steps.map((step) => step.at))];
  const span = names.length > 1 ? `${names[0]} to ${names.at(-1)}` : (names[0] ?? '');
  return `${steps.length} ${steps.length === 1 ? 'call' : 'calls'} that nobody else notices (${span})`;
}

/** One line for the call with its result; what everyone sees change comes below it. */
function storyLines(step: TraceStep, index: number, processWidth: number): readonly string[] {
  const indent = ''.padEnd(processWidth + 7);
  const head = `${number(index)}  ${step.process.padEnd(processWidth)}  `;
  const mark = step.breaks === undefined ? '' : `◀ ${step.breaks}`;
  const right = [step.result, mark].filter((part) => part !== '').join('  ');
  const sameLine = step.call.length <= CALL && head.length + CALL + 2 + right.length <= WIDTH;
  const first = wrap(
    sameLine && right !== '' ? `${step.call.padEnd(CALL)}  ${right}` : step.call,
    WIDTH - indent.length,
  );
  const below = [...(sameLine ? [] : [right]), step.note ?? ''].filter((text) => text !== '');
  return [
    ...first.map((line, row) => (row === 0 ? head : indent) + line),
    ...below.flatMap((text) => wrap(text, WIDTH - indent.length - 2).map((line) => `${indent}  ${line}`)),
  ].map((line) => line.trimEnd());
}

/**
 * The whole story: a column per process, and under each step what it changed. Processes that never overlap share a column,
 * so that a boot with many units still fits.
 */
export function wholeStory(trace: Trace): readonly string[] {
  const columns = columnsOf(trace.steps);
  const width = Math.floor((WIDTH - 5) / Math.max(columns.length, 1)) - 2;
  const lines = columnHead(columns, width);
  trace.steps.forEach((step, index) => {
    const column = columns.findIndex((processes) => processes.includes(step.process));
    const pad = ''.padEnd(column * (width + 2));
    const turn = (columns[column]?.length ?? 0) > 1 && trace.steps[index - 1]?.process !== step.process;
    const text = `${turn ? `${step.process}: ` : ''}${step.at}  ${step.call}${step.result === '' ? '' : ` → ${step.result}`}`;
    for (const [row, line] of wrap(text, width).entries()) {
      lines.push(`${row === 0 ? number(index) : '   '}  ${pad}${line}`);
    }
    for (const below of belowStep(step)) {
      for (const line of wrap(below, WIDTH - 9)) lines.push(`       ${line}`);
    }
  });
  if (trace.ending !== null)
    lines.push('', ...wrap(`At rest: ${trace.ending}`, WIDTH - 5).map((line) => `     ${line}`));
  return lines;
}

function belowStep(step: TraceStep): readonly string[] {
  return [
    ...step.changes.map((change) => `· ${change}`),
    ...(step.note === undefined ? [] : [`» ${step.note}`]),
    ...(step.breaks === undefined ? [] : [`◀ ${step.breaks}`]),
  ];
}

/** Who shares a column: the first one in which everybody is over by then. */
function columnsOf(steps: readonly TraceStep[]): readonly (readonly string[])[] {
  const columns: { processes: string[]; until: number }[] = [];
  for (const process of new Set(steps.map((step) => step.process))) {
    const first = steps.findIndex((step) => step.process === process);
    const last = steps.findLastIndex((step) => step.process === process);
    const free = columns.find(({ until }) => until < first);
    const until = steps[last]?.ends === true ? last : Number.POSITIVE_INFINITY;
    if (free === undefined) columns.push({ processes: [process], until });
    else {
      free.processes.push(process);
      free.until = until;
    }
  }
  return columns.map(({ processes }) => processes);
}

function columnHead(columns: readonly (readonly string[])[], width: number): string[] {
  const heads = columns.map((processes) => wrap(processes.join(', '), width));
  const rows = Math.max(0, ...heads.map((head) => head.length));
  const row = (at: number): string => heads.map((head) => (head[at] ?? '').padEnd(width)).join('  ');
  return [
    ...Array.from({ length: rows }, (_, at) => `     ${row(at)}`.trimEnd()),
    `     ${columns.map(() => '─'.repeat(width)).join('  ')}`,
  ];
}
