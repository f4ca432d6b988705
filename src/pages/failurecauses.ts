/** The second part of docs/failures.md: causes that occur, and what they leave behind. */
import type { Version } from '../../models/systemd/versions.ts';
import { CLASSES } from '../input/imageclass.ts';
import { parseTree } from '../kernel/notation.ts';
import type { World } from '../kernel/world.ts';
import { CAUSES, type Cause } from './causes.ts';
import { differences, leftText } from './disk.ts';
import { after, attempt, command, machine, OBSERVER, SYSTEMDS, versionsText } from './lab.ts';
import { changesBetween, look, type Mounted, mountsAt } from './look.ts';
import { code, grouped, listed, table } from './markdown.ts';
import { classOf, mustAgree, type Recordings, shownBy } from './recorded.ts';

const image = (name: string, birth: number, content: string): string => `
        ${name}/ #${birth}
          etc/
            extension-release.d/
              extension-release.${name} "ID=_any\\n"
            ${content}`;

const ROOT = parseTree(`
  etc/
    hostname "box"
    keys/
  opt/
    host "opt"
  run/
  srv/
    host "srv"
  usr/
    lib/
      os-release "ID=testos\\nVERSION_ID=1\\n"
  var/
    lib/
      confexts/${image('a', 1, 'app.conf "a1"')}
      extensions/
        s/ #5
          opt/
            tool "s1"
          srv/
            data "s1"
          usr/
            lib/
              extension-release.d/
                extension-release.s "ID=_any\\n"
      staged/${image('b', 2, 'b.d/\n              b.conf "b1"')}${image('conflict', 3, 'keys "a file"')}
        wrong/ #6
          opt "a file"
          usr/
            lib/
              extension-release.d/
                extension-release.wrong "ID=_any\\n"
`);

const TOPS = { confext: ['/etc'], sysext: ['/opt', '/srv'] } as const;

interface Row {
  readonly version: Version;
  readonly cells: readonly string[];
}

function tried(cause: Cause, version: Version, recordings: Recordings): Row {
  const imageClass = cause.imageClass ?? 'confext';
  const tops = TOPS[imageClass];
  const env = imageClass === 'sysext' ? { [CLASSES.sysext.env.hierarchies]: tops.join(':') } : {};
  const call = (args: readonly string[]) => command(version, imageClass, args, env);
  const bare = after(machine({ root: { ...ROOT, type: 'tmpfs' } }), cause.first ?? []);
  const merged = cause.merged === null ? bare : attempt(bare, 'merge', call(cause.merged)).world;
  const before = after(look(merged, OBSERVER, tops).world, cause.calls ?? []);
  const args = cause.args ?? cause.merged ?? [];
  const { world, outcome } = attempt(before, cause.verb, call(args));
  const recorded = cause.seen === undefined ? undefined : recordings.find(cause.seen[0], version);
  if (recorded !== undefined && cause.seen !== undefined)
    mustAgree(recorded, cause.verb, outcome.class, classOf(recorded, cause.seen[1]));
  const again = attempt(world, cause.verb, call(args)).outcome;
  return {
    version,
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
      shownBy(recordings, cause, versions),
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
