import { MODES, type Mode } from '../../models/systemd/mutable.ts';
import { RELEASES, systemd, VERSIONS, type Version } from '../../models/systemd/versions.ts';
import type { Note } from '../input/look.ts';
import { type RootInput, readRoot } from '../input/root.ts';
import type { CheckOptions } from '../report/check.ts';
import { type FileClass, JUDGED, type RootReport, rootReport } from '../report/root.ts';
import { shortStory, wrap } from '../report/story.ts';
import { asExpected, inOrder } from '../report/text.ts';
import { exitCode } from './exit.ts';
import { command, type Output, UsageError } from './usage.ts';

export interface RootRequest {
  readonly dir: string;
  readonly systemd: string | undefined;
  readonly mutable: string | undefined;
  readonly json: boolean;
  readonly search: CheckOptions;
}

/** `check --root DIR`: reads the tree, checks a refresh of its /etc, and answers in terms of its files. */
export function checkRoot(request: RootRequest, out: Output): number {
  const asked = { versions: versionsOf(request.systemd), modes: modesOf(request.mutable) };
  const { property } = request.search;
  if (property !== undefined && !JUDGED.includes(property))
    throw new UsageError(`--property ${property} cannot be judged with --root; these can: ${JUDGED.join(', ')}`);
  const input = readRoot(request.dir);
  if (input.etc !== undefined && input.etc !== '/etc') {
    throw new UsageError(`${input.dir}/etc is a link to ${input.etc}; only a directory of that name is modelled`);
  }
  const versions = asked.versions ?? (input.systemd === undefined ? RELEASES : [input.systemd.rules]);
  const reports = versions.flatMap((version) =>
    (asked.modes ?? [configured(input, version)]).map((mode) => rootReport(input, version, mode, request.search)),
  );
  const notes = [...input.notes, ...ownNotes(input, asked.versions === undefined)];
  const results = reports.flatMap((report) => report.results);
  if (request.json) {
    const layers = reports.map(({ version, mode, layers, why, classes }) => ({
      systemd: version,
      mutable: mode,
      layers,
      why,
      classes,
    }));
    out.print(JSON.stringify({ schemaVersion: 1, results, roots: layers, notes }));
    return exitCode(results);
  }
  for (const line of headLines(input, notes)) out.print(line);
  for (const report of reports) for (const line of reportLines(report, request.dir)) out.print(line);
  return exitCode(results);
}

function versionsOf(text: string | undefined): readonly Version[] | undefined {
  if (text === undefined) return undefined;
  if (text === 'all') return VERSIONS;
  const version = VERSIONS.find((known) => known === text);
  if (version === undefined)
    throw new UsageError(`--systemd ${text} is not known; known are ${VERSIONS.join(', ')} and all`);
  return [version];
}

function modesOf(text: string | undefined): readonly Mode[] | undefined {
  if (text === undefined) return undefined;
  if (text === 'all') return MODES;
  const mode = MODES.find((known) => known === text);
  if (mode === undefined) throw new UsageError(`--mutable ${text} is not known; known are ${MODES.join(', ')} and all`);
  return [mode];
}

const configured = (input: RootInput, version: Version): Mode =>
  systemd(version).configFile ? (input.config.mutable ?? 'no') : 'no';

/** What the answer rests on, beyond what the reader noted. */
function ownNotes(input: RootInput, guessed: boolean): readonly Note[] {
  const notes: Note[] = [];
  if (!input.xattrs.known) {
    const what = `overlay marks are unknown (${input.xattrs.why}): opaque directories and redirects were not seen`;
    notes.push({ path: '', what });
  }
  if (guessed && input.systemd === undefined)
    notes.push({ path: '', what: 'no systemd was found in the tree: both releases that are modelled are checked' });
  return notes;
}

function headLines(input: RootInput, notes: readonly Note[]): readonly string[] {
  const rules = input.systemd?.rules ?? '262';
  const lines = [
    `${input.dir || '/'}: ${input.inodes} files and directories read${input.systemd === undefined ? '' : `, systemd ${input.systemd.version}`}`,
  ];
  for (const { name, path, verdict } of input.discovery[rules].extensions) {
    if (verdict !== undefined)
      lines.push(`  extension ${name} (${path}): ${verdict.accepted ? 'accepted' : 'ignored'}, it ${verdict.why}`);
  }
  for (const { path, what } of notes) lines.push(`  note: ${path === '' ? '' : `${path}: `}${what}`);
  return [...lines.flatMap((line) => wrap(line, 94).map((part, row) => (row === 0 ? part : `    ${part}`))), ''];
}

function reportLines(report: RootReport, dir: string): readonly string[] {
  const head = `systemd ${report.version}, mutable=${report.mode}`;
  if (report.layers === null) return [`${head}: nothing is merged, so nothing was tested: ${report.why}`, ''];
  const lines = [
    `${head}: /etc is ${report.layers.join(' > ')}`,
    '',
    '  while a refresh that replaces it is under way:',
  ];
  for (const one of report.classes) lines.push(...classLines(one));
  lines.push('');
  for (const result of inOrder(report.results)) {
    const count = result.files.length === 0 ? '' : `   ${damagesText(result)}`;
    lines.push(`  ${result.property}   ${result.verdict.toUpperCase()}${count}   ${result.stats.states} states`);
    for (const reason of result.reasons) lines.push(`    ${reason}`);
  }
  const worst = inOrder(report.results).find((result) => !asExpected(result) && result.trace !== null);
  if (worst?.trace != null) {
    lines.push(
      '',
      `  ${worst.property}(${worst.trace.subject}), the shortest story:`,
      '',
      ...shortStory(worst.trace),
      '',
    );
    lines.push(
      `  again: ${command()} check --root ${shellWord(dir)} --systemd ${report.version} --mutable ${report.mode} --property ${worst.property}`,
    );
  }
  return [...lines, ''];
}

/** One word of a shell command. */
const shellWord = (text: string): string =>
  /^[\w./@%+:,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** "3 files permanent, 134 transient". */
function damagesText({ files }: RootReport['results'][number]): string {
  return (['permanent', 'unknown', 'transient'] as const)
    .map((damage) => ({ damage, count: files.filter((file) => file.damage === damage).length }))
    .filter(({ count }) => count > 0)
    .map(({ damage, count }) => `${count} ${count === 1 ? 'file' : 'files'} ${damage}`)
    .join(', ');
}

/** One class of files: how many, what happens, where they come from, and what becomes of writes. */
function classLines(one: FileClass): readonly string[] {
  const few = one.paths
    .slice(0, 5)
    .map((path) => path.slice('/etc/'.length))
    .join(', ');
  const count = `${one.paths.length} ${one.paths.length === 1 ? 'file' : 'files'}`;
  const verb =
    one.paths.length === 1
      ? one.fate
      : { vanishes: 'vanish', 'shows other contents': 'show other contents', appears: 'appear', stays: 'stay' }[
          one.fate
        ];
  const unsure = one.unsure ? '   (if no overlay mark says otherwise)' : '';
  const head = `${count} ${verb}   ${one.layers.join(' > ')}${unsure}`;
  return [
    `    ${head}`,
    ...wrap(`${few}${one.paths.length > 5 ? ', …' : ''}`, 88).map((line) => `      ${line}`),
    ...one.writes.flatMap((text) => wrap(text, 88).map((line) => `      ${line}`)),
  ];
}
