/**
 * The mutable modes: which directory is written to, and which layers stand on which. This is the part of systemd-confext
 * that a user configures; `docs/modes.md` is computed from it.
 */
import { MUTABLE_MODES, type MutableMode } from '../../src/input/config.ts';
import type { LayerPath } from '../../src/kernel/calls.ts';
import type { Program } from '../../src/program/linux.ts';
import { must, Stopped, yes } from './call.ts';
import type { Invocation } from './confext.ts';
import { directoryOf, dotted, mutableDirectory, WORKSPACE, workName } from './names.ts';
import type { Systemd } from './versions.ts';

export const MODES = MUTABLE_MODES;
export type Mode = MutableMode;

/** What the mutable directory of a hierarchy is, in the scenarios and tables. */
export const MUTABLE_KINDS = ['missing', 'directory', 'hierarchy'] as const;
export type MutableKind = (typeof MUTABLE_KINDS)[number];

/** P1: option, else the configuration file where the version reads one, else "no". */
export function* mutableMode(run: Invocation): Program<Mode> {
  if (run.mutable !== null) return run.mutable;
  if (!run.systemd.configFile) return 'no';
  const configured = yield* must('P1', { op: 'ask', question: 'configured-mode', args: [] });
  return MODES.find((mode) => mode === configured) ?? 'no';
}

/** What a mode makes of the mutable directory. */
interface Resolved {
  /** With symlinks followed. */
  readonly path: string;
  /** It is the hierarchy itself. */
  readonly isHierarchy: boolean;
}

/**
 * Looks for the mutable directory as the mode demands: mode "yes" creates it, modes "auto" and "yes" insist on the
 * hierarchy's permission bits, the ephemeral ones make a directory `parent`/NAME of their own. Null where the mode has none, or
 * does without one that is missing. Source: sysext.c resolve_mutable_directory().
 */
export function* resolveMutable(
  step: string,
  systemd: Systemd,
  mode: Mode,
  h: string,
  parent: string,
): Program<Resolved | null> {
  if (mode === 'no') return null;
  if (mode === 'ephemeral' || mode === 'ephemeral-import') {
    const path = `${parent}/${dotted(h)}`;
    yield* makeMutable(step, systemd, path, h);
    return { path, isHierarchy: false };
  }
  const found = yield* lookAt(step, h);
  if (mode === 'import' || (found.kind !== 'there' && mode === 'auto')) return found.kind === 'there' ? found : null;
  if (found.kind === 'there') {
    if (!(yield* yes(step, 'same-mode', found.path, h))) throw new Stopped(step, 'EINVAL'); // "has mode .., ought to have mode .."
  }
  if (found.kind === 'dangling' && systemd.danglingMutable === 'refused') throw new Stopped(step, 'EEXIST');
  if (mode === 'yes') yield* makeMutable(step, systemd, found.path, h);
  return found;
}

/** Where it leads. A link to what is not there counts with its target. */
function* lookAt(step: string, h: string): Program<Resolved & { readonly kind: 'missing' | 'dangling' | 'there' }> {
  const answer = String(yield* must(step, { op: 'ask', question: 'mutable-kind', args: [h] }));
  const path = answer.slice(answer.indexOf(' ') + 1);
  if (answer === 'missing') return { kind: 'missing', path: mutableDirectory(h), isHierarchy: false };
  if (answer.startsWith('dangling ')) return { kind: 'dangling', path, isHierarchy: path === h };
  return { kind: 'there', path, isHierarchy: answer.startsWith('hierarchy ') };
}

/** Makes a mutable directory unless it is there. */
function* makeMutable(step: string, systemd: Systemd, path: string, h: string): Program {
  yield* must(step, { op: 'mkdirAll', path, mode: systemd.mutableParents });
  if (systemd.mutableModeAtOnce) yield* must(step, { op: 'chmod', path, mode: yield* permissionBits(step, h) });
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
  readonly hostIsLayer: boolean;
  /** Permission bits for the top directory. */
  readonly mode: number;
}

/** M7a and M7b: resolves the hierarchy and its mutable directory again, and lays out the layers. `used` have something in it. */
export function* layout(run: Invocation, mode: Mode, h: string, used: readonly string[]): Program<Layout> {
  const resolved = yield* resolveMutable('M7a', run.systemd, mode, h, `${WORKSPACE}/mh_workspace${h}`);
  const bits = yield* permissionBits('M7a', h);
  const imported = mode === 'import' || mode === 'ephemeral-import' ? yield* importOf('M7b', h) : null;
  const upper = mode === 'import' ? null : resolved;
  const lowers: LayerPath[] = [{ path: `${WORKSPACE}/meta${h}`, name: 'meta' }];
  if (imported !== null) lowers.push({ path: imported, name: 'import' });
  for (const name of [...used].reverse())
    lowers.push({ path: `${WORKSPACE}/confexts/${name}${h}`, name: `ext:${name}` });
  const hostIsLayer = upper?.isHierarchy !== true && (yield* yes('M7b', 'has-entries', h));
  if (hostIsLayer) lowers.push({ path: h, name: 'host' });
  const base = { lowers, hostIsLayer, mode: bits };
  if (upper === null) return { ...base, upper: null, work: null, recordWork: false };
  const beside = directoryOf(upper.path);
  yield* must('M7b', { op: 'ask', question: 'upper-fits', args: [upper.path, beside] });
  const recordWork = mode !== 'ephemeral' && mode !== 'ephemeral-import';
  const name = recordWork ? (upper.isHierarchy ? 'host' : 'upper') : 'ephemeral';
  return { ...base, upper: { path: upper.path, name }, work: { path: beside + workName(h), name: 'work' }, recordWork };
}

/** The mutable directory as a lower layer: nothing where it is missing, refused where it is the hierarchy. */
function* importOf(step: string, h: string): Program<string | null> {
  const found = yield* lookAt(step, h);
  if (found.kind !== 'there') return null;
  if (found.isHierarchy) throw new Stopped(step, 'ELOOP'); // "Not importing mutable directory ... points to the hierarchy itself"
  return found.path;
}
