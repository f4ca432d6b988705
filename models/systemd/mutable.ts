/**
 * The mutable modes: which directory is written to, and which layers stand on which. This is the part of the tool that a
 * user configures; `docs/modes.md` is computed from it.
 *
 * While the hierarchy is merged, a write goes to the upper directory: `/var/lib/extensions.mutable/etc` or what that is a link to
 * (auto, yes), a tmpfs that goes with the overlay (ephemeral, ephemeral-import), or nowhere: EROFS (no, import, and auto
 * without a mutable directory). In the window of a refresh (from M6d to M8) there is no overlay, so that in *every* mode a
 * write goes to the bare host directory. Afterwards that is the lowest layer: a new file shows through, an edit of a file
 * that a higher layer has is hidden by that, and with no or ephemeral both stay in the host for good. Only where the
 * mutable directory is a link to the hierarchy is the host the upper, and the write is where it belongs.
 */
import { MUTABLE_MODES, type MutableMode } from '../../src/input/config.ts';
import type { LayerPath } from '../../src/kernel/calls.ts';
import { at, type Program } from '../../src/program/linux.ts';
import { must, names, Stopped, word, yes } from './call.ts';
import type { Invocation } from './invocation.ts';
import { directoryOf, dotted, mutableDirectory, WORKSPACE, workName } from './names.ts';

export const MODES = MUTABLE_MODES;
export type Mode = MutableMode;

/** What the mutable directory of a hierarchy is, in the scenarios and tables. */
export const MUTABLE_KINDS = ['missing', 'directory', 'hierarchy'] as const;
export type MutableKind = (typeof MUTABLE_KINDS)[number];

/** P1: argument or environment, else the configuration file where the version reads one, else "no". */
export function* mutableMode(run: Invocation): Program<Mode> {
  if (run.mutable !== null) return run.mutable;
  if (!run.systemd.configFile) return 'no';
  const configured = yield* word('P1', 'configured-mode', run.imageClass, run.root);
  return MODES.find((mode) => mode === configured) ?? 'no';
}

/** A hierarchy as it is at the moment, symlinks followed. */
export interface Hierarchy {
  /** As the tool was told. */
  readonly name: string;
  /** Where that leads; null where there is nothing. */
  readonly path: string | null;
  /** Its permission bits; 0755 where it is missing. */
  readonly mode: number;
}

/** M5a and M7a. Source: sysext.c overlayfs_paths_new(). */
export function* resolveHierarchy(step: string, run: Invocation, h: string): Program<Hierarchy> {
  const [path, mode] = yield* names(step, 'hierarchy', h, run.root);
  return path === undefined ? { name: h, path: null, mode: 0o755 } : { name: h, path, mode: Number(mode) };
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
  run: Invocation,
  mode: Mode,
  hierarchy: Hierarchy,
  parent: string,
): Program<Resolved | null> {
  if (mode === 'no') return null;
  const { systemd, root } = run;
  if (mode === 'ephemeral' || mode === 'ephemeral-import') {
    const path = `${parent}/${dotted(hierarchy.name)}`;
    yield* makeMutable(step, run, path, hierarchy);
    return { path, isHierarchy: false };
  }
  const named = root + mutableDirectory(hierarchy.name);
  if (mode !== 'import' && !(yield* yes(step, 'same-mode', named, hierarchy.mode))) {
    throw new Stopped(step, 'EINVAL'); // "has mode .., ought to have mode .."
  }
  const found = yield* lookAt(step, run, hierarchy);
  if (mode !== 'yes') return found.kind === 'there' ? found : null;
  if (found.kind === 'dangling' && systemd.danglingMutable === 'refused') throw new Stopped(step, 'EEXIST');
  yield* makeMutable(step, run, found.path, hierarchy);
  return found.kind === 'there' ? found : yield* lookAt(step, run, hierarchy);
}

/** Where it leads. A link to what is not there counts with its target. */
function* lookAt(
  step: string,
  run: Invocation,
  { name }: Hierarchy,
): Program<Resolved & { readonly kind: 'missing' | 'dangling' | 'there' }> {
  const answer = yield* word(step, 'mutable-kind', name, run.root);
  const path = answer.slice(answer.indexOf(' ') + 1);
  if (answer === 'missing') return { kind: 'missing', path: run.root + mutableDirectory(name), isHierarchy: false };
  if (answer.startsWith('dangling ')) return { kind: 'dangling', path, isHierarchy: false };
  return { kind: 'there', path, isHierarchy: answer.startsWith('hierarchy ') };
}

/** Makes a mutable directory unless it is there. */
function* makeMutable(step: string, { systemd }: Invocation, path: string, { mode }: Hierarchy): Program {
  const made = yield* at(step, { op: 'mkdirAll', path, mode: systemd.mutableParents });
  if ('err' in made) throw new Stopped(step, made.err === 'EEXIST' ? systemd.mutableNoDirectory : made.err);
  if (systemd.mutableModeAtOnce) yield* must(step, { op: 'chmod', path, mode });
}

/** One overlay as it is going to be mounted. */
export interface Layout {
  /** Where: in the workspace, or on the hierarchy itself. */
  readonly at: string;
  /** Top to bottom: meta, the imported directory, the extensions (highest version first), the host. */
  readonly lowers: readonly LayerPath[];
  readonly upper: LayerPath | null;
  readonly work: LayerPath | null;
  /** Whether the path of the work directory is noted in the overlay, to be removed when it is replaced. */
  readonly recordWork: boolean;
  /** The path of the host's directory, where that is a lower layer. */
  readonly host: string | null;
  /** Permission bits for the top directory. */
  readonly mode: number;
}

/** A layer that an extension contributes. */
export interface Used {
  readonly name: string;
  readonly path: string;
}

/** M7a and M7b: resolves the hierarchy and its mutable directory again, and lays out the layers. `used` have something in it. */
export function* layout(run: Invocation, mode: Mode, h: string, used: readonly Used[]): Program<Layout> {
  const hierarchy = yield* resolveHierarchy('M7a', run, h);
  const resolved = yield* resolveMutable('M7a', run, mode, hierarchy, `${WORKSPACE}/mh_workspace${h}`);
  const lowers: LayerPath[] = [{ path: `${WORKSPACE}/meta${h}`, name: 'meta' }];
  const imported = yield* importOf('M7b', run, mode, hierarchy, resolved);
  if (imported !== null) lowers.push({ path: imported, name: 'import' });
  for (const { name, path } of [...used].reverse()) lowers.push({ path, name: `ext:${name}` });
  const upper = mode === 'import' ? null : resolved;
  const host = yield* hostLayer('M7b', hierarchy, upper);
  if (host !== null) lowers.push({ path: host, name: 'host' });
  const base = { at: placeFor(run, h, hierarchy.path), lowers, host, mode: hierarchy.mode };
  if (upper === null) return { ...base, upper: null, work: null, recordWork: false };
  const beside = directoryOf(upper.path);
  yield* must('M7b', { op: 'ask', question: 'upper-fits', args: [upper.path, beside] });
  const recordWork = mode !== 'ephemeral' && mode !== 'ephemeral-import';
  const name = recordWork ? (upper.isHierarchy ? 'host' : 'upper') : 'ephemeral';
  const work =
    run.systemd.workDirName === 'fixed' ? workName(h) : yield* word('M7b', 'free-work-name', beside, workName(h));
  return { ...base, upper: { path: upper.path, name }, work: { path: beside + work, name: 'work' }, recordWork };
}

/** Where the overlay of a hierarchy, which is at `path` unless it is missing, is put together. */
export const placeFor = ({ root, systemd }: Invocation, h: string, path: string | null): string =>
  systemd.assembly === 'hierarchy' ? (path ?? root + h) : `${WORKSPACE}/overlay${h}`;

/** The mutable directory as a lower layer: nothing where it is missing, refused where it is the hierarchy. */
function* importOf(
  step: string,
  run: Invocation,
  mode: Mode,
  hierarchy: Hierarchy,
  resolved: Resolved | null,
): Program<string | null> {
  if (mode !== 'import' && mode !== 'ephemeral-import') return null;
  const looked = mode === 'import' ? resolved : yield* lookAt(step, run, hierarchy);
  if (looked === null || ('kind' in looked && looked.kind !== 'there')) return null;
  if (looked.isHierarchy) throw new Stopped(step, 'ELOOP'); // "Not importing mutable directory ... points to the hierarchy itself"
  return looked.path;
}

/** The host's directory as the lowest layer, unless it is missing, empty, or the upper. Source: sysext.c hierarchy_as_lower_dir(). */
function* hostLayer(step: string, { path }: Hierarchy, upper: Resolved | null): Program<string | null> {
  if (path === null) return null;
  const filled = yield* yes(step, 'has-entries', path);
  return filled && upper?.isHierarchy !== true ? path : null;
}
