/** The page docs/refresh.md: a refresh call by call, and what everybody sees meanwhile. */
import { MODES, type Mode } from '../../models/systemd/mutable.ts';
import { OBSERVER } from '../../models/systemd/questions.ts';
import { VERSIONS, type Version } from '../../models/systemd/versions.ts';
import type { Call } from '../kernel/calls.ts';
import type { TaskId } from '../kernel/types.ts';
import { viewOf } from '../kernel/view.ts';
import type { World } from '../kernel/world.ts';
import type { Step } from '../program/linux.ts';
import { callText } from '../report/words.ts';
import { type Difference, differences, placeOf } from './disk.ts';
import {
  after,
  attempt,
  command,
  machine,
  otherVersions,
  Rehearsal,
  tries,
  versionNames,
  versionsText,
} from './lab.ts';
import { type Changes, changesBetween, overlayOf } from './look.ts';
import { code, grouped, listed, page, paragraph, table } from './markdown.ts';
import { INSTALL, make, SMALL_ROOT, SUBMOUNT, tmpfs, write } from './parts.ts';

// ---- the machine --------------------------------------------------------------------------------------------------

const NESTED: readonly Call[] = [make('/etc/keys/deep'), tmpfs('/etc/keys/deep'), write('/etc/keys/deep/key', 'deep')];

const SLAVE: TaskId = 'slave';
const PRIVATE: TaskId = 'private';
const INSIDE: TaskId = 'inside';

/** Merged with one extension, a second one installed, and everybody in place. */
function machineFor(version: Version, mode: Mode, isNested: boolean): World {
  const bare = machine({ root: { ...SMALL_ROOT, type: 'ext4' } }, [SLAVE, PRIVATE, INSIDE]);
  const merged = attempt(bare, 'merge', command(version, 'confext', [`--mutable=${mode}`])).world;
  const installed = after(merged, [...SUBMOUNT, ...(isNested ? NESTED : []), INSTALL]);
  const unshared = (to: 'slave' | 'private'): readonly Call[] => [
    { op: 'unshare' },
    { op: 'mount-propagation', path: '/', to, recursive: true },
  ];
  const apart = after(after(installed, unshared('slave'), SLAVE), unshared('private'), PRIVATE);
  return after(apart, [{ op: 'chdir', path: '/etc' }], INSIDE);
}

// ---- who sees what ------------------------------------------------------------------------------------------------

interface Observer {
  readonly task: TaskId;
  readonly name: string;
  readonly what: string;
  /** The hierarchy, as it calls it. */
  readonly etc: string;
}

const OBSERVERS: readonly Observer[] = [
  {
    task: OBSERVER,
    name: 'host',
    what: 'every process in the namespace of the host, the caller of the tool included',
    etc: '/etc',
  },
  {
    task: SLAVE,
    name: 'slave namespace',
    what: 'a service with a mount namespace of its own that receives mounts (MS_SLAVE), as PrivateTmp= gives it',
    etc: '/etc',
  },
  {
    task: PRIVATE,
    name: 'private namespace',
    what: 'a process in a namespace that receives nothing (MS_PRIVATE); one that is made in the window keeps the bare host for good',
    etc: '/etc',
  },
  {
    task: INSIDE,
    name: 'old cwd',
    what: 'a process of the host that has stood in `/etc` since before the refresh, or has a directory of it open',
    etc: '.',
  },
];

const MARKERS: ReadonlySet<string> = new Set(['.systemd-confext', 'extension-release.d']);

/** What an observer sees, marker and release files aside; directories only where something is in them. */
function seen(world: World, { task, etc }: Observer): ReadonlyMap<string, string> {
  const view = viewOf(world, task, etc, MARKERS);
  return new Map(
    [...view].flatMap(([path, { type, data }]) =>
      type === 'dir' ? [] : [[path.slice(etc.length + 1), data] as const],
    ),
  );
}

const changeText = ({ gained, lost, changed }: Changes): string =>
  [
    ...(lost.length === 0 ? [] : [`loses ${listed(lost.map(code))}`]),
    ...(gained.length === 0 ? [] : [`gains ${listed(gained.map(code))}`]),
    ...(changed.length === 0 ? [] : [`another ${listed(changed.map(code))}`]),
  ].join(', ');

/** The changes of a step, for each observer in turn. */
const noticed = (before: World, now: World): readonly string[] =>
  OBSERVERS.map((observer) => changeText(changesBetween(seen(before, observer), seen(now, observer))));

// ---- the calls ----------------------------------------------------------------------------------------------------

interface Row {
  readonly steps: readonly Step[];
  readonly cells: readonly string[];
}

/** Calls that nobody notices are put together; questions are left out. */
function rowsOf(run: Rehearsal): readonly Row[] {
  const rows: { steps: Step[]; cells: readonly string[] }[] = [];
  run.steps.forEach((step, at) => {
    const [before, now] = [run.worlds[at], run.worlds[at + 1]];
    if (step.call.op === 'ask' || before === undefined || now === undefined) return;
    const cells = noticed(before, now);
    const isQuiet = cells.every((cell) => cell === '');
    const last = rows.at(-1);
    if (isQuiet && last?.cells.every((cell) => cell === '') === true) last.steps.push(step);
    else rows.push({ steps: [step], cells });
  });
  return rows;
}

const stepsText = (steps: readonly Step[]): string => {
  const names = [...new Set(steps.map(({ at = '' }) => at))];
  return names.length > 2 ? `${names[0]} to ${names.at(-1)}` : names.join(', ');
};

const resultOf = ({ result }: Step): string => ('err' in result ? ` = ${result.err}` : '');

const lineOf = ({ steps, cells }: Row): readonly string[] => [
  stepsText(steps),
  steps.map((step) => code(callText(step.call)) + resultOf(step)).join('<br>'),
  ...cells.map((cell) => (cell === '' ? '' : `**${cell}**`)),
];

function story(version: Version, isNested: boolean): string {
  const before = machineFor(version, 'yes', isNested);
  const run = new Rehearsal(before, 'refresh', command(version, 'confext', ['--mutable=yes']));
  const rows = rowsOf(run);
  const shown = isNested ? rows.filter(({ cells }) => cells.some((cell) => cell !== '')) : rows;
  return `${table(['step', 'calls', ...OBSERVERS.map(({ name }) => name)], shown.map(lineOf))}\n\nIt ends with: ${run.outcome.class.replace(':', ' ')}.`;
}

/** Versions with the same story are told together. */
const stories = (isNested: boolean): readonly string[] =>
  grouped(
    VERSIONS.map((version) => ({ version, text: story(version, isNested) })),
    ({ text }) => text,
  ).flatMap((group) => [`### ${versionNames(group.map(({ version }) => version))}`, group[0].text]);

// ---- writes -------------------------------------------------------------------------------------------------------

/** Where an observer's writes go: one place, or one for each file. */
function written(world: World, { task, etc }: Observer): string {
  const places = WRITES.map(([what, name]) => {
    const call = { op: 'write', path: `${etc}/${name}`, data: 'written' } as const;
    const { world: next, result } = tries(world, task, call);
    if ('err' in result) return { what, place: result.err };
    const [first] = differences(world, next);
    return { what, place: first === undefined ? 'nowhere' : ownPlace(world, first) };
  });
  const [first, ...others] = places;
  return others.every(({ place }) => place === first?.place)
    ? (first?.place ?? '')
    : places.map(({ what, place }) => `${what}: ${place}`).join('; ');
}

/** As {@link placeOf}; of a tmpfs, whether the host's overlay writes to it, too. */
function ownPlace(world: World, difference: Difference): string {
  const text = placeOf(difference);
  return text === 'the tmpfs' && overlayOf(world)?.upper?.fs !== difference.fs
    ? 'the old tmpfs, which nobody else sees'
    : text;
}

/** A new file, and one of an extension that nobody wrote to yet, which is copied up. */
const WRITES = [
  ['a new file', 'new.conf'],
  ['an edit', 'app.conf'],
] as const;

/** The moments of a refresh that matter to a writer: the window is when the hierarchy of the host is bare. */
function moments(version: Version, mode: Mode): readonly (readonly [string, World])[] {
  const before = machineFor(version, mode, false);
  const invocation = command(version, 'confext', [`--mutable=${mode}`]);
  const { worlds } = new Rehearsal(before, 'refresh', invocation);
  const open = worlds.filter((world) => overlayOf(world) === null).at(-1);
  return [
    ...(open === undefined ? [] : [['in the window', open] as const]),
    ['after it', attempt(before, 'refresh', invocation).world],
  ];
}

/** When, who, and where the writes go. */
function writeRows(version: Version, mode: Mode): readonly (readonly string[])[] {
  const all = moments(version, mode).flatMap(([moment, world]) =>
    OBSERVERS.map((observer) => ({ moment, observer, place: written(world, observer) })),
  );
  return grouped(all, ({ moment, place }) => `${moment} ${place}`).map((group) => [
    group[0].moment,
    group.length === OBSERVERS.length ? 'everybody' : listed(group.map(({ observer }) => observer.name)),
    group[0].place,
  ]);
}

/** Modes and versions with the same rows together. */
function writeTable(): string {
  const all = MODES.flatMap((mode) => VERSIONS.map((version) => ({ mode, version, rows: writeRows(version, mode) })));
  const ofMode = grouped(all, ({ mode, rows }) => JSON.stringify([mode, rows]));
  const groups = grouped(ofMode, ([{ rows }, ...others]) => JSON.stringify([rows, others.length]));
  return table(
    ['mode', 'systemd', 'when', 'who', 'writes go to'],
    groups.flatMap((group) => {
      const [[{ rows }]] = group;
      const modes = group.map(([{ mode }]) => code(mode)).join(', ');
      const versions = versionsText([...new Set(group.flatMap((same) => same.map(({ version }) => version)))]);
      return rows.map((row) => [modes, versions, ...row]);
    }),
  );
}

/** The page as Markdown. */
export function refreshPage(): string {
  return page(
    'A refresh, call by call',
    paragraph(`The model runs \`systemd-confext --mutable=yes refresh\` on a small machine: extension \`a\` is merged (with
      \`app.conf\`), extension \`b\` (with \`b.conf\`) has just been installed, the mutable directory has \`local.conf\`, the host
      \`hostname\`, and a tmpfs with \`key\` is mounted on \`/etc/keys\`. Each row has the calls that the tool makes, in order, and
      what changes for those who look on. Calls in a row without an entry are noticed by nobody; what the tool only reads is left
      out. Steps are named as in \`models/systemd/\`; \`workspace:\` is \`/run/systemd/sysext/\` in the namespace of the child. ${otherVersions()}`),
    OBSERVERS.map(({ name, what }) => `- **${name}**: ${what}`).join('\n'),
    '## With one mount below `/etc`',
    ...stories(false),
    '## With a mount inside that mount',
    paragraph(`The same with another tmpfs on \`/etc/keys/deep\`. Only calls that somebody notices are shown.`),
    ...stories(true),
    '## Where a write goes meanwhile',
    paragraph(`The window is the time in which \`/etc\` shows the bare host. A process that stands in the old overlay goes on using
      that; after the refresh, in modes \`auto\` and \`yes\`, it shares the mutable directory with the new one. An edit is one of
      \`app.conf\`, which the extension has and which is copied up. The file system is ext4, where that is EPERM once the work
      directory is gone: the tool removes it, or the next mount makes it anew; on tmpfs the edit succeeds.`),
    writeTable(),
  );
}
