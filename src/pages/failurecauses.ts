/** The second part of docs/failures.md: causes that occur, and what they leave behind. */
import { OBSERVER } from '../../models/systemd/questions.ts';
import type { Version } from '../../models/systemd/versions.ts';
import type { World } from '../kernel/world.ts';
import { CAUSES, CAUSES_ROOT, type Cause } from './causes.ts';
import { differences, leftText } from './disk.ts';
import { after, attempt, command, machine, SYSTEMDS, versionsText } from './lab.ts';
import { changesBetween, look, type Mounted, mountsAt } from './look.ts';
import { code, grouped, listed, table } from './markdown.ts';
import { hierarchiesOf } from './parts.ts';
import { classOf, mustAgree, type Proof, proofOf, type Recordings, shownBy } from './recorded.ts';

interface Row {
  readonly version: Version;
  readonly proof: Proof | undefined;
  readonly cells: readonly string[];
}

function tried(cause: Cause, version: Version, recordings: Recordings): Row {
  const imageClass = cause.imageClass ?? 'confext';
  const { tops, env } = hierarchiesOf(imageClass);
  const call = (args: readonly string[]) => command(version, imageClass, args, env);
  const bare = after(machine({ root: { ...CAUSES_ROOT, type: 'tmpfs' } }), cause.first ?? []);
  const merged = cause.merged === null ? bare : attempt(bare, 'merge', call(cause.merged)).world;
  const before = after(look(merged, OBSERVER, tops).world, cause.calls ?? []);
  const args = cause.args ?? cause.merged ?? [];
  const { world, outcome } = attempt(before, cause.verb, call(args));
  const proof = proofOf(recordings, cause, 'failures', version);
  if (proof !== undefined) mustAgree(proof.recorded, cause.verb, outcome.class, classOf(proof));
  const again = attempt(world, cause.verb, call(args)).outcome;
  return {
    version,
    proof,
    cells: [
      `${outcome.class.replace(':', ' ')}`,
      tops.map((top) => stateOf(top, before, world)).join('; '),
      submounts(before, world, tops),
      leftText(differences(before, world).filter(({ fs }) => fs === 'root')),
      again.class.replace(':', ' '),
    ],
  };
}

/** What a hierarchy shows, compared with before. */
function stateOf(top: string, before: World, now: World): string {
  const [was, is] = [before, now].map((world) => mountsAt(world, [top]).get(top));
  const text =
    is === undefined ? (was === undefined ? 'the host, as before' : '**the bare host**') : overlayText(was, is);
  return top === '/etc' ? text : `${code(top)}: ${text}`;
}

function overlayText(was: Mounted | undefined, is: Mounted): string {
  if (is.type !== 'overlay') return `a ${is.type}`;
  const same = was !== undefined && JSON.stringify(was) === JSON.stringify(is);
  return same ? 'the overlay as before' : `an overlay of ${is.layers.join(' > ')}`;
}

/** Mounts below the hierarchies that were there before. */
function submounts(before: World, now: World, tops: readonly string[]): string {
  const below = (world: World): ReadonlyMap<string, Mounted> =>
    new Map([...mountsAt(world, tops)].filter(([at]) => !tops.some((top) => at.split(' ')[0] === top)));
  const { lost } = changesBetween(below(before), below(now));
  if (below(before).size === 0) return '–';
  return lost.length === 0 ? 'there' : `**lost**: ${listed(lost.map(code))}`;
}

function rowsOf(cause: Cause, recordings: Recordings): readonly (readonly string[])[] {
  const rows = SYSTEMDS.map((version) => tried(cause, version, recordings));
  return grouped(rows, ({ cells }) => cells.join('|')).map((group) => {
    const versions = group.map(({ version }) => version);
    return [
      `${cause.verb}: ${cause.what}`,
      versionsText(versions, SYSTEMDS),
      ...group[0].cells,
      shownBy(group, cause.source),
    ];
  });
}

/** The sections of the page. */
export const causeSections = (recordings: Recordings): readonly string[] =>
  CAUSES.flatMap(([title, causes]) => [
    `### ${title}`,
    table(
      [
        'verb and cause',
        'systemd',
        'it ends with',
        'the hierarchy shows',
        'mounts below',
        'left behind',
        'the same again',
        'shown by',
      ],
      causes.flatMap((cause) => rowsOf(cause, recordings)),
    ),
  ]);
