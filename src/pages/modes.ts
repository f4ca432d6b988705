/** The page docs/modes.md: what each mutable mode does with each kind of mutable directory, host and number of extensions. */

import { invoke } from '../../models/systemd/invocation.ts';
import { MODES, type Mode } from '../../models/systemd/mutable.ts';
import { MUTABLE } from '../../models/systemd/names.ts';
import { ABOUT, RELEASES, systemd, VERSIONS, type Version } from '../../models/systemd/versions.ts';
import { layersOf } from '../conform/systemdview.ts';
import type { Call } from '../kernel/calls.ts';
import type { World } from '../kernel/world.ts';
import type { Step } from '../program/linux.ts';
import { type Difference, differences, leftText, placeOf } from './disk.ts';
import { ADMIN, attempt, OTHER_VERSIONS, otherVersions, tries, versionsText } from './lab.ts';
import { overlayOf } from './look.ts';
import { code, grouped, listed, page, paragraph, table } from './markdown.ts';
import { EXTENSIONS, type Extensions, type Host, KINDS, type Kind, recordingName, worldOf } from './modemachines.ts';
import { classOf, mustAgree, type Recorded, type Recordings } from './recorded.ts';

// ---- one row ------------------------------------------------------------------------------------------------------

/** What a row of the table says, in the order of its columns. */
interface Cells {
  /** Layers top to bottom, or why there are none. */
  readonly layers: string;
  /** Where a new file, an edit and a deletion of an extension's file go. */
  readonly writes: string;
  /** What is different on disk once everything is unmerged, or after the refusal; the hierarchy itself aside. */
  readonly left: string;
  /** Whether the hierarchy was missing and is there now. */
  readonly makesHost: boolean;
}

/** Which run a row is about. */
interface Case {
  readonly mode: Mode;
  readonly kind: Kind;
  readonly host: Host;
  readonly extensions: Extensions;
  readonly version: Version;
}

interface Row extends Case {
  readonly cells: Cells;
  /** Both as a recording has them. */
  readonly outcome: string;
  readonly layers: readonly string[];
  /** Whether the run asked for the mutable directory at all. */
  readonly asked: boolean;
  /** The call or question that it failed at. */
  readonly failed: string | null;
}

/** What is expected of a row, and which layers writes were tried on already: of each kind of overlay, one is enough. */
interface Expected {
  readonly cells: Cells;
  readonly tried: Set<string>;
}

function row({ mode, kind, host, extensions, version }: Case, expects: Expected | null = null): Row {
  const run = invoke('confext', systemd(version), { mutable: mode });
  const before = worldOf(kind, host, extensions);
  const { world: merged, outcome, steps } = attempt(before, 'merge', run);
  const base = {
    ...{ mode, kind, host, extensions, version, outcome: outcome.class },
    asked: steps.some(({ call }) => JSON.stringify(call).includes('mutable')),
    failed: outcome.rc === 0 ? null : failedAt(steps),
  };
  const told = (world: World, cells: Omit<Cells, 'left' | 'makesHost'>, keeps = leftText): Row['cells'] => {
    const left = differences(before, world);
    const isHost = ({ path, is }: Difference): boolean => path === '/etc' && is === 'directory';
    return { ...cells, left: keeps(left.filter((each) => !isHost(each))), makesHost: left.some(isHost) };
  };
  const overlay = overlayOf(merged);
  if (overlay === null) {
    const layers = outcome.rc === 0 ? 'not merged' : `refused: ${outcome.class.replace('error:', '')}`;
    return { ...base, layers: [], cells: told(merged, { layers, writes: '–' }) };
  }
  const layers = layersOf(overlay);
  const layersText = layers.join(' > ');
  if (expects?.cells.layers === layersText && expects.tried.has(layersText))
    return { ...base, layers, cells: expects.cells };
  expects?.tried.add(layersText);
  const written = write(merged, extensions === 'none' ? WRITES.slice(0, 1) : WRITES);
  const unmerged = attempt(written.world, 'unmerge', run).world;
  return {
    ...base,
    layers,
    cells: told(unmerged, { layers: layersText, writes: written.text }, written.keeps),
  };
}

/** The last thing that failed before the child was gone. */
function failedAt(steps: readonly Step[]): string | null {
  const call = steps.filter(({ result }) => 'err' in result).at(-1)?.call;
  return call === undefined ? null : call.op === 'ask' ? call.question : call.op;
}

const WRITES: readonly (readonly [what: string, call: Call])[] = [
  ['a new file', { op: 'write', path: '/etc/new.conf', data: 'new' }],
  ['an edit', { op: 'write', path: '/etc/app.conf', data: 'edited' }],
  ['a deletion', { op: 'unlink', path: '/etc/tool.conf' }],
];
const AS_USUAL: readonly string[] = ['file', 'file', 'whiteout'];

/** Makes the writes. Gives where they went, and words for what is left of them. */
function write(merged: World, writes: typeof WRITES) {
  let world = merged;
  const all = writes.map(([what, call]) => {
    const { world: next, result } = tries(world, ADMIN, call);
    const went = differences(world, next);
    world = next;
    const place = 'err' in result ? result.err : went[0] === undefined ? 'nowhere' : placeOf(went[0]);
    return { what, went, place };
  });
  const went = all.flatMap((each) => each.went);
  const [first] = all;
  const isUsual = went.every(({ is }, index) => is === AS_USUAL[index]);
  const isUniform = isUsual && all.every(({ place }) => place === first?.place);
  const uniform = first?.place === 'EROFS' ? 'nowhere: EROFS' : (first?.place ?? '');
  const text = isUniform ? uniform : all.map(({ what, place }) => `${what}: ${place}`).join('; ');
  const keeps = (left: readonly Difference[]): string => {
    const kept = left.filter((each) => went.some((other) => JSON.stringify(each) === JSON.stringify(other)));
    if (!isUsual || kept.length < went.length || kept.length === 0) return leftText(left);
    const others = left.filter((each) => !kept.includes(each));
    return ['the writes', ...(others.length === 0 ? [] : [leftText(others)])].join('; ');
  };
  return { world, text, keeps };
}

/** What is expected of rows, by {@link keyOf}. */
type Expectations = ReadonlyMap<string, Cells>;

/**
 * All rows of one kind of machine. A run that never asks for the mutable directory is the same whatever that is. `common` has
 * what is expected of each, if something is.
 */
function rowsOf(
  host: Host,
  extensions: Extensions,
  versions: readonly Version[],
  common: Expectations = new Map(),
  kinds: readonly Kind[] = KINDS,
): readonly Row[] {
  return MODES.flatMap((mode) =>
    versions.flatMap((version) => {
      const tried = new Set<string>();
      const rows: Row[] = [];
      for (const kind of kinds) {
        const of = { mode, kind, host, extensions, version };
        const plain = common.get(keyOf(of));
        const expects = plain === undefined ? null : { cells: expected(plain, host, extensions), tried };
        const [first] = rows;
        rows.push(first?.asked === false ? { ...first, kind } : row(of, expects));
      }
      return rows;
    }),
  );
}

/** The common case: of versions that are built on a release, the rows of that are expected. */
function commonRows(): readonly Row[] {
  const ofReleases = rowsOf('files', 'one', RELEASES);
  return [
    ...ofReleases,
    ...OTHER_VERSIONS.flatMap((version) => {
      const base = ofReleases.filter((each) => each.version === ABOUT[version].on);
      return rowsOf('files', 'one', [version], new Map(base.map((each) => [keyOf({ ...each, version }), each.cells])));
    }),
  ];
}

// ---- proof --------------------------------------------------------------------------------------------------------

/** Of these there are recordings, under these names. */
const RECORDED_HOSTS: readonly Host[] = ['files', 'empty', 'missing'];

const recordingOf = (recordings: Recordings, { mode, kind, host, extensions, version }: Case): Recorded | undefined => {
  const own = extensions === 'one' ? recordings.find(recordingName(mode, kind, host), version) : undefined;
  if (kind.tag === null || !RECORDED_HOSTS.includes(host)) return own;
  return recordings.find(`matrix/${mode}/md-${kind.tag}/host-${host}/ext-${extensions}`, version) ?? own;
};

/** The recording says what the row says: how the merge went, and which layers it has. */
function agrees(recordings: Recordings, of: Row): void {
  const recorded = recordingOf(recordings, of);
  if (recorded === undefined) return;
  const [merge] = recorded.vector.get('steps').array;
  mustAgree(recorded, 'merge', of.outcome, merge?.get('result').get('class').string);
  const mounts = merge?.get('after').optional('mounts', (field) => field.array, []) ?? [];
  const overlay = mounts.find((mount) => mount.has('layers')); // not on /etc where that is a link
  mustAgree(recorded, 'layers', of.layers, overlay?.get('layers').value ?? []);
}

/** Where it is written, for what nobody recorded. */
function sourceOf({ outcome, failed, mode, extensions }: Row): string {
  const imports = mode === 'import' || mode === 'ephemeral-import';
  if (failed === 'mount-overlay') {
    return extensions === 'none' ? 'Linux `ovl_get_lowerstack()`' : 'Linux `ovl_mount_dir_check()`';
  }
  if (failed === 'upper-fits')
    return outcome === 'error:EXDEV' ? '`work_dir_for_hierarchy()`' : '`determine_upper_dir()`';
  if (outcome === 'error:EINVAL') return '`mutable_directory_mode_matches_hierarchy()`';
  return imports ? '`maybe_import_mutable_directory()`' : '`resolve_mutable_directory()`';
}

/**
 * The recordings of these rows, one for each kind of mutable directory; where a kind has none, one of it on another machine that
 * went the same way; and functions for kinds that have none at all.
 */
function shownBy(recordings: Recordings, rows: readonly Row[]): string {
  const own = new Map(rows.map((each) => [each, recordingOf(recordings, each)?.name]));
  const proofs = grouped(rows, ({ mode, kind }) => `${mode} ${kind.name}`).map((group) => {
    const [first] = group;
    const name = group.map((each) => own.get(each)).find((found) => found !== undefined);
    return name ?? elsewhere(recordings, first) ?? (first.asked ? sourceOf(first) : undefined);
  });
  const found = unique(proofs.filter((proof) => proof !== undefined));
  const isName = (proof: string): boolean => /^(matrix|pages)\//.test(proof);
  const names = found.filter(isName).map((name) => code(name.replace('matrix/', '')));
  const sources = found.filter((proof) => !isName(proof));
  const shown = names.length > MOST ? [...names.slice(0, MOST), `${names.length - MOST} more`] : names;
  return [...shown, ...sources].join(', ');
}

/** So many names are enough in one cell. */
const MOST = 4;

/** A recording with the same mode and kind on another machine, in which the merge ended the same way. */
function elsewhere(recordings: Recordings, of: Row): string | undefined {
  for (const host of RECORDED_HOSTS) {
    for (const extensions of EXTENSIONS) {
      const recorded = recordingOf(recordings, { ...of, host, extensions });
      if (recorded !== undefined && classOf({ recorded, step: 0 }) === of.outcome) return recorded.name;
    }
  }
  return undefined;
}

// ---- tables -------------------------------------------------------------------------------------------------------

/** Rows that say the same in the same versions, with the versions. */
function alike(rows: readonly Row[], cells: (row: Row) => unknown): readonly (readonly Row[])[] {
  const byKind = grouped(rows, ({ mode, kind }) => `${mode} ${kind.name}`);
  const inVersions = byKind.flatMap((group) => grouped(group, (each) => JSON.stringify(cells(each))));
  return grouped(inVersions, (group) => JSON.stringify([cells(group[0]), group.map(({ version }) => version)])).map(
    (groups) => groups.flat(),
  );
}

const unique = <T>(values: readonly T[]): readonly T[] => [...new Set(values)];
const kindsText = (rows: readonly Row[], all = KINDS.length): string => {
  const kinds = unique(rows.map(({ kind }) => kind.name));
  return kinds.length === all ? 'any' : kinds.join(', ');
};

/** Modes with the kinds that each has: those with the same kinds together. */
function modesText(rows: readonly Row[], all: number): string {
  const byMode = grouped(rows, ({ mode }) => mode).map((group) => ({
    mode: group[0].mode,
    kinds: kindsText(group, all),
  }));
  return grouped(byMode, ({ kinds }) => kinds)
    .map((group) => `${group.map(({ mode }) => code(mode)).join(', ')}: ${group[0].kinds}`)
    .join('; ');
}

const HEAD = ['systemd', 'layers, top to bottom', 'writes go to', 'left after unmerge', 'shown by'];

const cellsOf = (
  recordings: Recordings,
  rows: readonly Row[],
  all: readonly Version[] = VERSIONS,
): readonly string[] => {
  const [first] = rows;
  if (first === undefined) return [];
  const { layers, writes, left } = first.cells;
  return [
    versionsText(unique(rows.map(({ version }) => version)), all),
    layers,
    writes,
    left,
    shownBy(recordings, rows),
  ];
};

function mainTable(recordings: Recordings, rows: readonly Row[]): string {
  return table(
    ['mode', 'mutable directory', ...HEAD],
    MODES.flatMap((mode) =>
      alike(
        rows.filter((each) => each.mode === mode),
        ({ cells }) => cells,
      ).map((group) => [code(mode), kindsText(group), ...cellsOf(recordings, group)]),
    ),
  );
}

/** What would be expected of a row, seeing the common case: the layers that are not there are missing, and that is all. */
function expected(common: Cells, host: Host, extensions: Extensions): Cells {
  const extension = { none: '', one: ' > ext:a9', two: ' > ext:a10 > ext:a9' }[extensions];
  const all = common.layers.replace(' > ext:a9', extension);
  const layers = host === 'empty' || host === 'missing' ? all.replace(' > host', '') : all;
  return { ...common, layers, makesHost: host === 'missing' && !layers.startsWith('refused') };
}

/** The section on another machine: the rows that are not as expected of the common case. */
function surprises(recordings: Recordings, common: readonly Row[], other: Other): readonly string[] {
  const [host, extensions, title, kinds] = other;
  const base = new Map(common.map((each) => [keyOf(each), each.cells]));
  const rows = rowsOf(host, extensions, RELEASES, base, kinds);
  for (const each of rows) agrees(recordings, each);
  const surprising = rows.filter((each) => {
    const plain = base.get(keyOf(each));
    return plain === undefined || JSON.stringify(expected(plain, host, extensions)) !== JSON.stringify(each.cells);
  });
  const tried = `Tried with these kinds of mutable directory: ${listed(kinds.map(({ name }) => name))}.`;
  const groups = alike(surprising, ({ cells }) => cells);
  return [
    `### ${title}`,
    ...(kinds.length < KINDS.length ? [tried] : []),
    surprising.length === 0
      ? 'Nothing else differs.'
      : table(
          ['mode: mutable directory', ...HEAD],
          groups.map((group) => [modesText(group, kinds.length), ...cellsOf(recordings, group, RELEASES)]),
        ),
  ];
}

const keyOf = ({ mode, kind, version }: Case): string => `${mode} ${kind.name} ${version}`;

/** On most machines it does not matter which kind of directory it is: three tell. */
const FEW = KINDS.filter(({ name }) => ['missing', 'directory', 'link to `/etc`'].includes(name));

type Other = readonly [Host, Extensions, title: string, kinds: readonly Kind[]];
const OTHERS: readonly Other[] = [
  ['files', 'two', 'Two extensions', FEW],
  ['files', 'none', 'No extension', KINDS],
  ['empty', 'one', 'An empty host directory', FEW],
  ['empty', 'none', 'An empty host directory and no extension', KINDS],
  ['missing', 'one', 'No host directory', KINDS],
  ['missing', 'none', 'No host directory and no extension', KINDS],
  ['link', 'one', 'The host directory is a link to another directory', FEW],
  ['own mount', 'one', 'The host directory is a mount of its own, a tmpfs', FEW],
  ['read-only', 'one', 'The host directory is mounted read-only', FEW],
];

/** The page as Markdown. */
export function modesPage(recordings: Recordings): string {
  const common = commonRows();
  for (const each of common) agrees(recordings, each);
  return page(
    'What each mutable mode does',
    paragraph(`Each row is a run of the model: \`systemd-confext --mutable=MODE merge\` on a machine whose
      \`/etc\` and mutable directory (\`${MUTABLE}/etc\`) are as the row says, then a new file in \`/etc\`, an edit and a
      deletion of files of an extension, then \`unmerge\`. Rows that say the same are one row; "systemd" has the versions for which
      it holds. ${otherVersions()}`),
    'The mutable directory may be',
    KINDS.map(({ name, what }) => `- **${name}**: ${what}`).join('\n'),
    paragraph(`**Layers** are named as in the recordings: \`upper:mutable\` is the mutable directory (or where a link leads),
      \`upper:host\` the host's \`/etc\` itself, \`upper:ephemeral\` a directory on a tmpfs; \`meta\` holds the marker directory
      \`.systemd-confext\`; \`import\` is the mutable directory as a lower layer; \`ext:NAME\` is an extension, \`host\` the
      host's \`/etc\`. Without an \`upper\` the overlay is read-only. **Writes go to** one place: a new file is created there, an
      edited one is copied up to there, and a deleted one leaves a whiteout there. **Left after unmerge** is what differs on
      disk from before the merge. Where a merge is **refused**, nothing is mounted; what a refresh leaves then is in
      [failures.md](failures.md).`),
    paragraph(`**Shown by** names recordings of the real systemd in \`test/vectors/systemd/\`: those of \`pages.jsonl\` by their
      names, and those of \`matrix.json\` without the \`matrix/\` in front.
      Each recording of a case on this page is compared with its row when the page is made; where a kind was recorded on another
      machine only, that is named. Where there is no recording, a function is named: it is in \`sysext.c\`, unless it is said to be one of Linux.`),
    '## One extension over a filled `/etc`',
    mainTable(recordings, common),
    '## Where it differs',
    paragraph(`On other machines it is the same with fewer or more layers: each extension is one, the name that sorts highest by
      version on top, and a host directory that is empty or missing is none. A missing one is made by the merge and stays, empty,
      after unmerge. What is not so is listed here, for the releases alone.`),
    ...OTHERS.flatMap((other) => surprises(recordings, common, other)),
  );
}
