/**
 * Stepping through a scenario: where we are, what may happen next, and what each process sees. Pure: a key gives the next
 * explorer, and a screen is a list of lines; the terminal is the command line's affair.
 */
import type { Choice, Scenario, System } from '../../models/scenario.ts';
import { type Judged, judge } from '../../properties/judge.ts';
import { mountTable } from '../kernel/mounttable.ts';
import { viewOf } from '../kernel/view.ts';
import { task } from '../kernel/world.ts';
import { breaksOf } from '../report/check.ts';
import { WIDTH } from '../report/story.ts';
import { initialState, momentOf, type Possible, possible, type Run } from '../report/walk.ts';
import { callText, changeText, fsName, killedText, resultText } from '../report/words.ts';

/** What the lower part of the screen shows. */
type Pane = 'files' | 'mounts' | 'changes';

export interface Explorer {
  readonly scenario: Scenario;
  readonly choice: Choice;
  readonly system: System;
  readonly judged: Judged;
  /** The run so far, and the part of it that was stepped back over. */
  readonly run: Run;
  /** Steps of the run that have been taken. */
  readonly position: number;
  /** Through whose eyes we look. */
  readonly process: string;
  readonly pane: Pane;
  /** A run to a violation, if the search found one. */
  readonly violation: Run | null;
  readonly message: string;
}

const EMPTY = (judged: Judged): Run => ({ states: [initialState(judged)], steps: [], choices: [] });

export function open(
  scenario: Scenario,
  choice: Choice,
  violation: (judged: Judged, system: System) => Run | null,
): Explorer {
  const system = scenario.build(choice);
  const judged = judge(system);
  return {
    scenario,
    choice,
    system,
    judged,
    run: EMPTY(judged),
    position: 0,
    process: 'init',
    pane: 'files',
    violation: violation(judged, system),
    message: '',
  };
}

const here = (explorer: Explorer): readonly number[] => explorer.run.states[explorer.position] ?? [];

/** Puts a run in place, standing before its first step or after its last. */
export const load = (explorer: Explorer, run: Run, position: number): Explorer => ({
  ...explorer,
  run,
  position,
  message: '',
});

/** What a key does. Null ends the session. */
export function press(explorer: Explorer, key: string): Explorer | null {
  const say = (message: string): Explorer => ({ ...explorer, message });
  if (/^[1-9]$/.test(key)) return take(explorer, Number(key) - 1);
  switch (key) {
    case 'q':
      return null;
    case 'b':
    case 'left':
      return explorer.position === 0
        ? say('this is the start')
        : { ...explorer, position: explorer.position - 1, message: '' };
    case 'f':
    case 'right':
      return explorer.position === explorer.run.steps.length
        ? say('nothing was stepped back over; take a step with its number')
        : { ...explorer, position: explorer.position + 1, message: '' };
    case 'v':
      return toViolation(explorer);
    case 'g':
      return { ...explorer, position: 0, message: '' };
    case 'p':
      return { ...explorer, process: nextProcess(explorer), message: '' };
    case 'e':
    case 'm':
    case 'c':
      return { ...explorer, pane: key === 'e' ? 'files' : key === 'm' ? 'mounts' : 'changes', message: '' };
    default:
      return say(`"${key}" does nothing here`);
  }
}

function take(explorer: Explorer, index: number): Explorer {
  const options = possible(explorer.judged, here(explorer));
  const step = options[index];
  if (step === undefined) return { ...explorer, message: `there is no step ${index + 1} here` };
  const { run, position } = explorer;
  return {
    ...explorer,
    position: position + 1,
    message: '',
    run: {
      states: [...run.states.slice(0, position + 1), step.next],
      steps: [...run.steps.slice(0, position), step],
      choices: [...run.choices.slice(0, position), { choice: index, among: options.length }],
    },
  };
}

function toViolation(explorer: Explorer): Explorer {
  if (explorer.violation === null) return { ...explorer, message: 'no property is violated in this scenario' };
  const at = [...breaksOf(explorer.system, explorer.judged, explorer.violation).keys()].sort((a, b) => a - b)[0] ?? 0;
  return load(explorer, explorer.violation, at + 1);
}

/** The processes that are there now, in turn; each sees /etc from its own namespace. */
function nextProcess(explorer: Explorer): string {
  const { world } = momentOf(explorer.judged, here(explorer));
  const alive = world.slots.tasks.filter((id) => world.get(`task:${id}`) !== null);
  return alive[(alive.indexOf(explorer.process) + 1) % alive.length] ?? 'init';
}

// ---- the screen ---------------------------------------------------------------------------------------------------

const cut = (text: string, width = WIDTH): string => (text.length > width ? `${text.slice(0, width - 1)}…` : text);

const stepText = ({ label }: Possible): string => {
  if (label.killed !== undefined) return `${label.process}  ${killedText(label) ?? ''}`;
  const result = resultText(label.call, label.result);
  return `${label.process}  ${label.at ?? ''}  ${callText(label.call)}${result === '' ? '' : ` → ${result}`}`;
};

/** The whole screen, at most `height` lines of at most 100 columns. */
export function screen(explorer: Explorer, height: number): readonly string[] {
  const { scenario, choice, system, run, position } = explorer;
  const breaks = breaksOf(system, explorer.judged, run).get(position - 1);
  const last = run.steps[position - 1];
  const options = possible(explorer.judged, here(explorer));
  const top = [
    `${scenario.name}   systemd ${choice.systemd}, mutable=${choice.mutable}   step ${position} of ${run.steps.length}`,
    `  ${last === undefined ? 'the start' : stepText(last)}`,
    ...(breaks === undefined ? [] : [`  ◀ ${breaks}`]),
    '',
  ];
  const next = [
    '',
    options.length === 0 ? 'nothing can happen any more' : 'possible now:',
    ...options
      .slice(0, 9)
      .map(
        (option, index) =>
          `  ${index + 1}  ${stepText(option)}${option.undefined === undefined ? '' : '   (undefined)'}`,
      ),
    ...(explorer.message === '' ? [] : [explorer.message]),
    '1-9 step  b back  f forward  g start  v violation  e files  m mounts  c changes  p process  q quit',
  ];
  const room = Math.max(3, height - top.length - next.length);
  const pane = paneLines(explorer);
  const shown = pane.length > room ? [...pane.slice(0, room - 1), `  … ${pane.length - room + 1} more`] : pane;
  return [...top, ...shown, ...next].map((line) => cut(line));
}

function paneLines(explorer: Explorer): readonly string[] {
  switch (explorer.pane) {
    case 'files':
      return filesPane(explorer);
    case 'mounts':
      return mountsPane(explorer);
    default:
      return changesPane(explorer);
  }
}

/** The hierarchies as a process sees them: what is there, and the layers that hold it, the one that wins first. */
function filesPane({ judged, system, process, ...explorer }: Explorer): readonly string[] {
  const { world } = momentOf(judged, explorer.run.states[explorer.position] ?? []);
  if (world.get(`task:${process}`) === null) return [`${process} has ended; p looks through another process`];
  return system.hierarchies.flatMap((h) => [
    `${h} as ${process} sees it (namespace ${task(world, process).ns}):`,
    ...[...viewOf(world, process, h)]
      .filter(([path]) => path !== h)
      .map(
        ([path, seen]) =>
          `  ${(path + (seen.type === 'dir' ? '/' : '')).padEnd(46)} ${JSON.stringify(seen.data).slice(0, 22).padEnd(22)} ${seen.layers.join(' > ')}`,
      ),
  ]);
}

function mountsPane({ judged, process, ...explorer }: Explorer): readonly string[] {
  const { world } = momentOf(judged, explorer.run.states[explorer.position] ?? []);
  if (world.get(`task:${process}`) === null) return [`${process} has ended; p looks through another process`];
  const { ns } = task(world, process);
  return [
    `mounts of ${process} (namespace ${ns}):`,
    ...mountTable(world, ns).map(
      ({ at, type, source, root, flags, propagation, hidden }) =>
        `  ${at.padEnd(40)} ${type} ${source}${root === '' ? '' : ` root=${root}`} ${[...flags, propagation].join(',')}${hidden ? ' (hidden)' : ''}`,
    ),
  ];
}

function changesPane({ judged, run, position }: Explorer): readonly string[] {
  const last = run.steps[position - 1];
  if (last === undefined || last.label.changes.length === 0) return ['the last step changed nothing'];
  const worlds = [position - 1, position].map((at) => momentOf(judged, run.states[at] ?? []).world);
  const name = (id: string): string => fsName(worlds, id);
  return ['what the last step changed:', ...last.label.changes.map((change) => `  ${changeText(change, name)}`)];
}
