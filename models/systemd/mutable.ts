/**
 * The mutable modes: which directory is written to, and which layers stand on which. This is the part of systemd-confext
 * that a user configures; `docs/modes.md` is computed from it.
 */
import { MUTABLE_MODES, type MutableMode } from '../../src/input/config.ts';
import type { LayerPath } from '../../src/kernel/calls.ts';
import type { Program } from '../../src/program/linux.ts';
import { must, Stopped, yes } from './call.ts';
import type { Invocation } from './confext.ts';
import { mutableDirectory, WORKSPACE, workName } from './names.ts';
import type { Systemd } from './versions.ts';

export const MODES = MUTABLE_MODES;
export type Mode = MutableMode;

/** What the mutable directory of a hierarchy is. Other kinds are refused by the scenario that would meet them. */
export const MUTABLE_KINDS = ['missing', 'directory', 'hierarchy'] as const;
export type MutableKind = (typeof MUTABLE_KINDS)[number];

/** Option, else the configuration file where the version reads one, else "no". */
export function* mutableMode(run: Invocation): Program<Mode> {
  if (run.mutable !== null) return run.mutable;
  if (!run.systemd.configFile) return 'no';
  const configured = yield* must('P1', { op: 'ask', question: 'configured-mode', args: [] });
  return MODES.find((mode) => mode === configured) ?? 'no';
}

/** Where writes go and what is imported, once the mutable directory has been looked at. */
interface Resolved {
  readonly upper: LayerPath | null;
  readonly import: LayerPath | null;
  /** The upper is the hierarchy itself, which then is not a lower layer as well. */
  readonly upperIsHierarchy: boolean;
}

/**
 * Looks at the mutable directory as the mode demands: mode "yes" creates it, modes "auto" and "yes" insist on the
 * hierarchy's permission bits, the import modes refuse a link to the hierarchy. Source: sysext.c resolve_mutable_directory().
 */
export function* resolveMutable(step: string, systemd: Systemd, mode: Mode, h: string): Program<Resolved> {
  const none: Resolved = { upper: null, import: null, upperIsHierarchy: false };
  if (mode === 'no' || mode === 'ephemeral') return none;
  const path = mutableDirectory(h);
  let kind = yield* must(step, { op: 'ask', question: 'mutable-kind', args: [h] });
  if (kind === 'missing' && mode === 'yes') {
    yield* must(step, { op: 'mkdirAll', path, mode: systemd.mutableParents });
    yield* must(step, { op: 'chmod', path, mode: yield* permissionBits(step, h) });
    kind = 'directory';
  }
  if (kind === 'missing') return none;
  if (mode === 'import' || mode === 'ephemeral-import') {
    if (kind === 'hierarchy') throw new Stopped(step, 'ELOOP'); // "Not importing mutable directory ... points to the hierarchy itself"
    return { ...none, import: { path, name: 'import' } };
  }
  if (!(yield* yes(step, 'same-mode', path, h))) throw new Stopped(step, 'EINVAL'); // "has mode .., ought to have mode .."
  if (kind === 'hierarchy') return { ...none, upper: { path: h, name: 'host' }, upperIsHierarchy: true };
  return { ...none, upper: { path, name: 'upper' } };
}

/** The permission bits of the host's hierarchy; 0755 where it is missing. */
function* permissionBits(step: string, h: string): Program<number> {
  const bits = yield* must(step, { op: 'ask', question: 'permission-bits', args: [h] });
  return typeof bits === 'number' ? bits : 0o755;
}

/** One overlay as it is going to be mounted. */
export interface Layout {
  /** Top to bottom: meta, the imported directory, the extensions (highest version first), the host. */
  readonly lowers: readonly LayerPath[];
  readonly upper: LayerPath | null;
  readonly work: LayerPath | null;
  /** Whether the path of the work directory is noted in the overlay, to be removed when it is replaced. */
  readonly recordWork: boolean;
  /** Permission bits for the top directory. */
  readonly mode: number;
  /** The list file: accepted extensions, sorted, one per line. */
  readonly list: string;
}

/** M7a and M7b: resolves the hierarchy and its mutable directory again, and lays out the layers. */
export function* layout(run: Invocation, mode: Mode, h: string, extensions: readonly string[]): Program<Layout> {
  const resolved = yield* resolveMutable('M7a', run.systemd, mode, h);
  const bits = yield* permissionBits('M7a', h);
  const lowers: LayerPath[] = [{ path: `${WORKSPACE}/meta${h}`, name: 'meta' }];
  if (resolved.import !== null) lowers.push(resolved.import);
  for (const name of [...extensions].reverse())
    lowers.push({ path: `${WORKSPACE}/confexts/${name}${h}`, name: `ext:${name}` });
  const hostIsLayer = !resolved.upperIsHierarchy && (yield* yes('M7b', 'has-entries', h));
  if (hostIsLayer) lowers.push({ path: h, name: 'host' });
  const base = { lowers, mode: bits, list: extensions.map((name) => `${name}\n`).join('') };
  if (mode === 'ephemeral' || mode === 'ephemeral-import') {
    const parent = `${WORKSPACE}/mh_workspace${h}`;
    const upper = { path: `${parent}${h}`, name: 'ephemeral' };
    yield* must('M7b', { op: 'mkdirAll', path: upper.path, mode: 0o700 });
    return { ...base, upper, work: { path: `${parent}/${workName(h)}`, name: 'work' }, recordWork: false };
  }
  if (resolved.upper === null) return { ...base, upper: null, work: null, recordWork: false };
  const parent = resolved.upper.path.slice(0, resolved.upper.path.lastIndexOf('/'));
  return { ...base, upper: resolved.upper, work: { path: `${parent}/${workName(h)}`, name: 'work' }, recordWork: true };
}
