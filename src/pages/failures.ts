/** The page docs/failures.md: what is left when something goes wrong, at every step and for causes that occur. */
import type { Verb } from '../../models/systemd/invocation.ts';
import type { Outcome } from '../../models/systemd/outcome.ts';
import { OBSERVER } from '../../models/systemd/questions.ts';
import { VERSIONS, type Version } from '../../models/systemd/versions.ts';
import { mountTable } from '../kernel/mounttable.ts';
import type { Errno } from '../kernel/types.ts';
import { rawView } from '../kernel/view.ts';
import type { World } from '../kernel/world.ts';
import type { LinuxCall, Step } from '../program/linux.ts';
import { callText } from '../report/words.ts';
import { differences, leftText } from './disk.ts';
import { causeSections } from './failurecauses.ts';
import {
  type Attempt,
  after,
  attempt,
  command,
  KILLED,
  machine,
  otherVersions,
  Rehearsal,
  SYSTEMDS,
  versionNames,
} from './lab.ts';
import { look, mountsAt } from './look.ts';
import { code, grouped, page, paragraph, table } from './markdown.ts';
import { INSTALL, SMALL_ROOT, SUBMOUNT } from './parts.ts';
import type { Recordings } from './recorded.ts';

// ---- the machine --------------------------------------------------------------------------------------------------

const ARGS = ['--mutable=yes'];

/** The machine before a verb that is going to do its whole work. */
function machineFor(verb: Verb, version: Version): World {
  const bare = machine({ root: { ...SMALL_ROOT, type: 'tmpfs' } });
  if (verb === 'merge') return after(bare, SUBMOUNT);
  const merged = attempt(bare, 'merge', command(version, 'confext', ARGS));
  if (merged.outcome.rc !== 0) throw new Error(`a merge of ${version} fails: ${merged.outcome.class}`);
  return after(merged.world, [...SUBMOUNT, INSTALL]);
}

// ---- failures -----------------------------------------------------------------------------------------------------

/** What a call may fail with in real life, if nothing is wrong with the program. */
function errnoOf({ op }: LinuxCall): Errno {
  switch (op) {
    case 'ask':
      return 'EIO';
    case 'mkdir':
    case 'mkdirAll':
    case 'mknod':
    case 'write':
    case 'unshare':
      return 'ENOSPC';
    case 'chmod':
      return 'EROFS';
    case 'mount-overlay':
    case 'mount-overlay-data':
      return 'EINVAL';
    default:
      return op.startsWith('mount-') || op.endsWith('-tree') || op === 'umount' ? 'ENOMEM' : 'EIO';
  }
}

/**
 * Steps that are no failing calls: the end of the child, a message, a question whether something is there, a close. And
 * mount_setattr(2): where that fails, the tool remounts with mount(2). Seen with 257.13 and 262.1, by strace's fault injection.
 */
const NEVER_FAILS: ReadonlySet<LinuxCall['op']> = new Set([
  'leave',
  'event',
  'access',
  'fdclose',
  'mount-flags',
] as const);

/** What is left of the machine. */
interface Left {
  readonly etc: string;
  readonly mount: string;
  readonly disk: string;
  readonly exit: string;
}

/** The run that is disturbed: the machine before it, and what it makes when nobody disturbs it. */
interface Frame {
  readonly verb: Verb;
  readonly version: Version;
  readonly before: World;
  readonly done: World;
}

const again = (world: World, { verb, version }: Frame): Attempt =>
  attempt(world, verb, command(version, 'confext', ARGS));

function leftOf(frame: Frame, now: World, outcome: Outcome): Left {
  return {
    etc: etcText(frame, now),
    mount: look(now, OBSERVER, ['/etc']).files.has('/etc/keys/key') ? 'there' : LOST,
    disk: diskText(frame, now),
    exit: outcome.rc === 0 ? '0' : '1',
  };
}

/** How the same verb fares on what is left. */
function nextText(frame: Frame, { world, left }: Stretch): string {
  if (left.exit === '0') return '';
  const next = again(world, frame);
  if (next.outcome.rc !== 0) return `fails: ${next.outcome.class}`;
  return viewOf(next.world) === viewOf(frame.done) ? 'mends it' : 'mends all but the mount';
}

const viewOf = (world: World): string => JSON.stringify([...look(world, OBSERVER, ['/etc']).files]);

const layersAt = (world: World): string => mountsAt(world, ['/etc']).get('/etc')?.layers.join(' > ') ?? '';
const BARE = '**the bare host**';
const LOST = '**lost**';
const MARKER = '/etc/.systemd-confext';
const isMarkerMounted = (world: World): boolean => mountTable(world, 'host').some(({ at }) => at === MARKER);

function etcText({ before, done }: Frame, now: World): string {
  const layers = layersAt(now);
  if (layers === '') return layersAt(before) === '' ? 'the host, as before' : layersAt(done) === '' ? 'the host' : BARE;
  const which =
    layers === layersAt(before) ? 'the old overlay' : layers === layersAt(done) ? 'the new overlay' : layers;
  return isMarkerMounted(now) ? which : `${which}, its marker directory not mounted read-only`;
}

/** What is different on disk, and in the workspace outside the child's namespace. */
function diskText({ before }: Frame, now: World): string {
  const disk = differences(before, now).filter(({ fs }) => fs === 'root');
  const made = [...rawView(now, 'run', '/systemd/sysext').keys()].filter(
    (path) => path !== '/systemd/sysext' && rawView(before, 'run', path).size === 0,
  );
  const deepest = made.filter((path) => !made.some((other) => other.startsWith(`${path}/`)));
  const parts = [...(disk.length === 0 ? [] : [leftText(disk)]), ...deepest.map((path) => code(`/run${path}`))];
  return parts.join('; ') || 'nothing';
}

// ---- the table of steps -------------------------------------------------------------------------------------------

/** Neighbouring steps whose failure leaves the same, and the machine after the first of them failed. */
interface Stretch {
  readonly steps: readonly Step[];
  readonly left: Left;
  readonly world: World;
}

type Disturbed = { readonly world: World; readonly outcome: Outcome };

/** Disturbs a run at every step at which that can be. */
function stretches(run: Rehearsal, frame: Frame, disturb: (at: number, step: Step) => Disturbed): readonly Stretch[] {
  const leftAt = remembering(frame);
  const found: { steps: Step[]; left: Left; world: World }[] = [];
  run.steps.forEach((step, at) => {
    if (NEVER_FAILS.has(step.call.op)) return;
    const { world, outcome } = disturb(at, step);
    const left = leftAt(world, outcome);
    const last = found.at(-1);
    if (last !== undefined && JSON.stringify(last.left) === JSON.stringify(left)) last.steps.push(step);
    else found.push({ steps: [step], left, world });
  });
  return found;
}

const rowOf = (frame: Frame, stretch: Stretch): readonly string[] => {
  const { steps, left } = stretch;
  const [first, last] = [steps[0], steps.at(-1)];
  const names = [...new Set([first?.at ?? '', last?.at ?? ''])].join(' to ');
  return [names, callsText(steps), left.etc, left.mount, left.disk, left.exit, nextText(frame, stretch)];
};

/** The calls that change something, and only if there is none the questions. */
function callsText(steps: readonly Step[]): string {
  const calls = steps.filter(({ call }) => call.op !== 'ask');
  const shown = calls.length > 0 ? calls : steps;
  const [first, last] = [shown[0], shown.at(-1)];
  if (first === undefined || last === undefined) return '';
  if (shown.length === 1) return code(callText(first.call));
  return `${code(callText(first.call))} … ${code(callText(last.call))}`;
}

/** A verb of a version, disturbed at every step. */
interface Disturbances {
  readonly version: Version;
  readonly verb: Verb;
  readonly failing: readonly Stretch[];
  readonly tables: string;
}

/** What is left after each step of a verb that fails, and what a kill there leaves that a failure does not. */
function disturbed(verb: Verb, version: Version): Disturbances {
  const before = machineFor(verb, version);
  const invocation = command(version, 'confext', ARGS);
  const frame = { verb, version, before, done: attempt(before, verb, invocation).world };
  const run = new Rehearsal(before, verb, invocation);
  const failing = stretches(run, frame, (at, step) => run.failing(at, errnoOf(step.call)));
  const byFailure = new Map(failing.flatMap(({ steps, left }) => steps.map((step) => [step, left] as const)));
  const killing = stretches(run, frame, (at) => ({ world: run.killed(at), outcome: KILLED }));
  const other = killing.flatMap((stretch) => {
    const steps = stretch.steps.filter((step) => !sameLeft(byFailure.get(step), stretch.left));
    return steps.length === 0 ? [] : [{ ...stretch, steps }];
  });
  const tableOf = (what: string, all: readonly Stretch[]): string =>
    table(
      ['step', what, ...HEAD, `the next ${verb}`],
      all.map((stretch) => rowOf(frame, stretch)),
    );
  const tables = [
    tableOf('calls that fail', failing),
    `Killed before one of these calls, it leaves the same${other.length === 0 ? '.' : ', except:'}`,
    ...(other.length === 0 ? [] : [tableOf('killed before', other)]),
  ].join('\n\n');
  return { verb, version, failing, tables };
}

/** How many failures are harmless, and how many are not. */
function overview(all: readonly Disturbances[]): string {
  const count = (stretches: readonly Stretch[], is: (left: Left) => boolean): string =>
    String(stretches.flatMap(({ steps, left }) => (is(left) ? steps : [])).length);
  return table(
    [
      'verb',
      'systemd',
      'places where it may fail',
      'which leave `/etc` bare',
      'which lose the mount',
      'which are ignored',
    ],
    all.map(({ verb, version, failing }) => [
      verb,
      versionNames([version]),
      count(failing, () => true),
      count(failing, ({ etc }) => etc === BARE),
      count(failing, ({ mount }) => mount === LOST),
      count(failing, ({ exit }) => exit === '0'),
    ]),
  );
}

const HEAD = ['`/etc` shows', '`/etc/keys`', 'left behind', 'exit'];

const sameLeft = (one: Left | undefined, other: Left): boolean =>
  one !== undefined && JSON.stringify({ ...one, exit: '' }) === JSON.stringify({ ...other, exit: '' });

/** As {@link leftOf}; what is the same machine as the last time is not asked again. */
function remembering(frame: Frame): (world: World, outcome: Outcome) => Left {
  const slots = ['fs:root', 'fs:run', 'ns:host'] as const;
  let last: { readonly world: World; readonly rc: number; readonly left: Left } | undefined;
  return (world, outcome) => {
    if (last === undefined || last.rc !== outcome.rc || slots.some((slot) => last?.world.get(slot) !== world.get(slot)))
      last = { world, rc: outcome.rc, left: leftOf(frame, world, outcome) };
    return last.left;
  };
}

const VERBS = ['merge', 'refresh', 'unmerge'] as const;

function verbSection(all: readonly Disturbances[]): readonly string[] {
  return [
    `### ${all[0]?.verb ?? ''}`,
    ...grouped(all, ({ tables }) => tables).flatMap((group) => [
      `#### ${versionNames(group.map(({ version }) => version))}`,
      group[0].tables,
    ]),
  ];
}

/** The page as Markdown. */
export function failuresPage(recordings: Recordings): string {
  const verbs = VERBS.map((verb) => VERSIONS.map((version) => disturbed(verb, version)));
  return page(
    'What a failure leaves behind',
    paragraph(`The model runs a verb again and again; each time one more of its calls fails, with an errno that the call may give on
      a real system (ENOSPC, EROFS, ENOMEM, EINVAL, and EIO for what is read or removed; not mount_setattr(2), in whose
      place the tool then remounts). The tables say what is left then. Steps are named as in \`models/systemd/\`; neighbours that leave the
      same are one row, and the next run of the verb is tried after the first of them.`),
    paragraph(`The machine: extension \`a\` is merged in mode \`yes\`, with a mutable directory; before a refresh, extension \`b\` is
      installed; a tmpfs is mounted on the host's directory \`/etc/keys\`. **Lost** means that the mount is nowhere any more.
      **Left behind** is what is on disk, or below \`/run/systemd/sysext\`, that was not there before. An exit of 0 means that
      the failure is ignored. \`workspace:\` is \`/run/systemd/sysext/\` in the namespace of the child. ${otherVersions()}`),
    '## At every step',
    overview(verbs.flat()),
    ...verbs.flatMap(verbSection),
    '## Causes',
    paragraph(`Here nothing fails but what the machine makes fail, and some of it does not fail and should. Extension \`a\` is merged
      (in rows about \`/opt\` and \`/srv\` the system extension \`s\`, and none where the verb is a merge), then comes what the row
      says, then the verb. "systemd" is "all" for ${versionNames(SYSTEMDS)}. **The same again**
      is how the same call ends if it is made once more. **Shown by** is a recording of the real systemd in
      \`test/vectors/systemd/\`, which is compared with the row when this page is made, or the function that
      decides it, or what proposes it.`),
    ...causeSections(recordings),
  );
}
