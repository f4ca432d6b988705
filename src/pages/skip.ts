/** The page docs/skip.md: which changes a refresh notices by the origin file, and whether it is right. */
import { OBSERVER } from '../../models/systemd/questions.ts';
import { systemd, type Version } from '../../models/systemd/versions.ts';
import { parentOf } from '../kernel/tree.ts';
import type { World } from '../kernel/world.ts';
import { CHANGES, CHANGES_ROOT, type Change } from './changes.ts';
import { differences } from './disk.ts';
import { ADMIN, after, attempt, command, machine, SYSTEMDS, tries, versionNames, versionsText } from './lab.ts';
import { changesBetween, look, type Mounted, mountsAt } from './look.ts';
import { code, grouped, listed, page, paragraph, table } from './markdown.ts';
import { hierarchiesOf } from './parts.ts';
import { classOf, mustAgree, type Proof, proofOf, type Recordings, shownBy } from './recorded.ts';

/** What became of a change in one version. */
interface Verdict {
  readonly version: Version;
  readonly proof: Proof | undefined;
  /** What the refresh does, what a whole refresh changes, and whether the one suits the other. */
  readonly cells: readonly [done: string, changes: string, verdict: string];
}

function verdict(change: Change, version: Version, recordings: Recordings): Verdict {
  const imageClass = change.imageClass ?? 'confext';
  const { tops, env } = hierarchiesOf(imageClass);
  const { args = [], again = args, againEnv = {} } = change;
  const bare = after(machine({ root: { ...CHANGES_ROOT, type: 'tmpfs' } }), change.first ?? []);
  const merged = attempt(bare, 'merge', command(version, imageClass, args, env)).world;
  const used = look(merged, OBSERVER, tops, WANTED);
  const changed = after(used.world, change.calls ?? []);
  const refresh = (more: readonly string[]) =>
    attempt(changed, 'refresh', command(version, imageClass, [...again, ...more], { ...env, ...againEnv }));
  const { world, outcome } = refresh([]);
  const proof = proofOf(recordings, change, 'skip', version);
  if (proof !== undefined) mustAgree(proof.recorded, 'refresh', outcome.class, classOf(proof));
  const isSkipped = outcome.class === 'skipped';
  const whole = isSkipped ? refresh(['--always-refresh=yes']).world : world;
  const known = [...used.files.keys(), ...WANTED];
  const changes = changesText({ before: isSkipped ? world : changed, after: whole, tops, known });
  const done = isSkipped ? 'skipped' : outcome.rc === 0 ? 'done' : `refused: ${outcome.class}`;
  return {
    version,
    proof,
    cells: [done, changes === '' ? 'nothing' : changes, judged(change, isSkipped, changes === '')],
  };
}

function judged({ isKept }: Change, isSkipped: boolean, changesNothing: boolean): string {
  if (isSkipped === changesNothing) return 'right';
  return changesNothing ? '**needless**' : isKept === true ? 'kept' : '**missed**';
}

/** Names that somebody looks for and that are not there, as services do with optional configuration. */
const WANTED = ['/etc/more.conf', '/etc/new.conf'];

/** What a whole refresh would change, seen by everybody: files, mounts, and where a new file goes. */
function changesText(of: {
  readonly before: World;
  readonly after: World;
  readonly tops: readonly string[];
  readonly known: readonly string[];
}): string {
  const { before, after, tops, known } = of;
  const old = look(before, OBSERVER, tops, known).files;
  const files = changesBetween(old, look(after, OBSERVER, tops, known).files);
  const readable = (name: string): boolean => old.get(name) !== 'ENOENT';
  const [first = ''] = tops;
  const [was, is] = [writeGoes(before, first), writeGoes(after, first)];
  const seen = [
    ...namesText(files.gained, (names, isOne) => `${names} ${isOne ? 'appears' : 'appear'}`),
    ...namesText(files.lost, (names, isOne) => `${names} ${isOne ? 'goes' : 'go'}`),
    ...namesText(files.changed.filter(readable), (names) => `new contents of ${names}`),
    ...namesText(
      files.changed.filter((name) => !readable(name)),
      (names, isOne) => `${names}, which ${isOne ? 'is' : 'are'} listed, can be opened`,
    ),
    ...(was === is ? [] : [`a new file: ${is} (before: ${was})`]),
  ];
  return [...seen, ...mountTexts(mountsAt(before, tops), mountsAt(after, tops), seen.length === 0)].join('; ');
}

/** Release files say nothing that their extension does not. */
function namesText(all: readonly string[], text: (names: string, isOne: boolean) => string): readonly string[] {
  const names = all.filter((name) => !/\/extension-release\.d(\/|$)/.test(name));
  return names.length === 0 ? [] : [text(listed(names.map(code)), names.length === 1)];
}

/** What is different about mounts. Layers only where nothing else tells: they follow from the extensions. */
function mountTexts(
  before: ReadonlyMap<string, Mounted>,
  after: ReadonlyMap<string, Mounted>,
  layers: boolean,
): readonly string[] {
  return [...after].flatMap(([at, is]) => {
    if (at.endsWith(' below')) return [];
    const was = before.get(at);
    if (was === undefined || was.type !== is.type) return [`${is.type} on ${code(at)}`];
    return [
      ...(was.readonly === is.readonly ? [] : [is.readonly ? 'read-only' : 'writable']),
      ...was.flags
        .filter((flag) => flag !== 'noatime' && !is.flags.includes(flag))
        .map((flag) => `without ${code(flag)}`),
      ...(was.options === is.options || was.readonly !== is.readonly ? [] : [code(is.options)]),
      ...(layers && was.layers.join() !== is.layers.join() ? [`the layers are ${is.layers.join(' > ')}`] : []),
    ];
  });
}

/** The place on disk where a new file of a hierarchy turns up. */
function writeGoes(world: World, top: string): string {
  const probe = `${top}/probe`;
  const { world: written, result } = tries(world, ADMIN, { op: 'write', path: probe, data: '' });
  if ('err' in result) return result.err;
  const made = differences(world, written).find(({ fs }) => fs === 'root');
  if (made === undefined) return 'a tmpfs';
  return made.path === probe ? `the host's ${code(top)}` : code(parentOf(made.path));
}

const SKIPPING: readonly Version[] = SYSTEMDS.filter((version) => systemd(version).skip);

function rowsOf(change: Change, recordings: Recordings): readonly (readonly string[])[] {
  const verdicts = SKIPPING.map((version) => verdict(change, version, recordings));
  return grouped(verdicts, ({ cells }) => cells.join('|')).map((group) => {
    const versions = group.map(({ version }) => version);
    const proof = shownBy(group, 'merge_subprocess()');
    return [change.what, versionsText(versions, SKIPPING), ...group[0].cells, proof];
  });
}

/** The page as Markdown. */
export function skipPage(recordings: Recordings): string {
  const others = SYSTEMDS.filter((version) => !SKIPPING.includes(version));
  return page(
    'When a refresh is skipped',
    paragraph(`A merge of newer systemd notes its origin in the hierarchy: the mutable mode, and of each
      extension its path and what identifies it (a verity hash, or mount id, file handle and time of birth; of a directory no
      mtime); also the resolved mutable directories and the mount options from the environment, in versions with
      \`earlyMutableCheck\` and \`mountOptionsVariable\` ([behaviours.md](behaviours.md)). A later \`refresh\` compares that of the first merged hierarchy with what
      it would write now, and is skipped where the two are equal, unless \`--always-refresh=yes\` is given. Source:
      \`sysext.c\` \`merge_subprocess()\`, \`write_origin_file()\`.`),
    paragraph(`Each row is a run of the model: merge, then everything in the hierarchy is looked up as in a running system, then the
      change, then \`refresh\` twice from the same state: as it is, and with \`--always-refresh=yes\`. **Missed** means that the
      refresh is skipped although a whole one changes what a process sees or where it writes; **needless**, that a whole refresh
      is done and nothing changes but that everybody goes through the window; *kept*, that a whole refresh would take away what
      nobody wants to lose. What somebody looked up before and somebody else
      changed in a layer since is as it was seen on Linux 6.18: the kernel promises nothing. 
      In ${versionNames(others)} every refresh is a whole one; "systemd" is "all" for ${versionNames(SKIPPING)}.`),
    paragraph(`**Shown by** names a recording of the real systemd in \`test/vectors/systemd/\`, which is compared with the row
      when this page is made, or the function of \`sysext.c\` that decides it.`),
    ...CHANGES.flatMap(([title, changes]) => [
      `## ${title}`,
      table(
        ['since the merge', 'systemd', 'a refresh is', 'a whole one changes', 'so it is', 'shown by'],
        changes.flatMap((change) => rowsOf(change, recordings)),
      ),
    ]),
  );
}
