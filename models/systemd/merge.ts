/**
 * The merge child: everything from its fork to the new overlays, which it puts on the hierarchies itself, or hands to its parent
 * (`replace.ts`). Read it beside `sysext.c` merge_subprocess(): one `yield*` is one system call, or one question that the
 * real program answers with many harmless reads. The steps are named M1 to M9. What differs between versions is asked of
 * `run.systemd` (versions.ts).
 *
 * "Visible" means that other processes see the effect; all else happens in the private namespace of the child.
 */
import { at, type Program } from '../../src/program/linux.ts';
import { must, Stopped, word } from './call.ts';
import { type Image, originText, suitable } from './discovery.ts';
import { writeDotDir } from './dotdir.ts';
import { classOf, type Invocation } from './invocation.ts';
import { type Layout, layout, type Mode, placeFor, resolveHierarchy, resolveMutable, type Used } from './mutable.ts';
import { STATUS, WORKSPACE } from './names.ts';
import type { Log } from './outcome.ts';
import { mountOverlay } from './overlay.ts';
import { type Assembled, cleanUp } from './replace.ts';
import { type Clone, putBack, save } from './submounts.ts';
import { unmergeHierarchy } from './unmerge.ts';

/** A merge in progress: what was found out so far, and what it has said. */
export interface Merge {
  readonly run: Invocation;
  readonly verb: 'merge' | 'refresh';
  readonly mode: Mode;
  readonly images: readonly Image[];
  readonly log: Log;
}

/**
 * Gives the exit status, or what the parent shall put in place. A failing call ends it, and what it leaves behind then is what
 * the real one leaves behind.
 */
export function* mergeChild(merging: Merge): Program<number | readonly Assembled[]> {
  const { run, verb, mode, images, log } = merging;
  const decoupled = run.systemd.assembly === 'decoupled';
  yield* must('M1', { op: 'mount-propagation', path: decoupled ? '/' : '/run', to: 'slave', recursive: true });
  yield* must('M1', { op: 'mkdirAll', path: WORKSPACE, mode: 0o700 });
  yield* must('M1', { op: 'mount-tmpfs', path: WORKSPACE, mode: 0o700 });
  const extensions = yield* suitable('M2', run, images);
  for (const image of images) yield* mountImage(run, image); // also those that do not fit
  const proceeds = extensions.length > 0 || (mode !== 'no' && run.systemd.mutableWithoutExtensions);
  if (!proceeds) {
    log.gaveUp(images.length);
    return STATUS.nothingFound; // M4
  }
  const origin = yield* origins(run, verb, mode, extensions);
  if (origin.before === origin.now && !run.alwaysRefresh) return STATUS.skipped;
  log.using(extensions);

  if (decoupled) return yield* assemble(merging, extensions, origin.now);
  // Three rounds over all hierarchies: nothing is bound before everything is built. So where the second hierarchy cannot be
  // built, the first one stays bare as well, and whatever was parked of either is lost with this child.
  const saved: (readonly [hierarchy: string, saved: Saved])[] = [];
  for (const h of run.hierarchies) saved.push([h, yield* unmergeStatusQuo(run, h, log)]); // the window opens
  for (const [h, parked] of saved) yield* buildHierarchy(merging, h, extensions, origin.now, parked);
  for (const h of run.hierarchies) yield* bindHierarchy(run, h, log); // the window closes
  return STATUS.merged;
}

/** The submounts of a hierarchy, and where that was. */
interface Saved {
  readonly where: string;
  readonly clones: readonly Clone[];
}

/**
 * M6 to M8 where nobody else sees them: the old overlays are peeled off here only, and the finished trees go to the parent. A
 * failure changes nothing for others but the directories that were made; the new work directories are removed again.
 */
function* assemble(merging: Merge, extensions: readonly Image[], origin: string): Program<readonly Assembled[]> {
  const { run, log } = merging;
  const saved: (readonly [hierarchy: string, saved: Saved])[] = [];
  const workDirs = new Map<string, string>();
  try {
    for (const h of run.hierarchies) saved.push([h, yield* unmergeStatusQuo(run, h, log)]);
    for (const [h, held] of saved) yield* buildHierarchy(merging, h, extensions, origin, held, workDirs);
    const assembled: Assembled[] = [];
    for (const h of run.hierarchies) {
      const path = placeFor(run, h, null);
      const there = yield* at('M8', { op: 'access', path });
      if ('err' in there && there.err !== 'ENOENT') throw new Stopped('M8', there.err);
      const tree = 'ok' in there ? h : null;
      if (tree !== null) yield* must('M8', { op: 'open-tree', path, tree, private: false });
      assembled.push({ hierarchy: h, tree, workDir: workDirs.get(h) ?? null });
    }
    return assembled;
  } catch (reason) {
    if (reason instanceof Stopped && reason.signal === null) yield* cleanUp(run, 'M9', workDirs.values());
    throw reason;
  }
}

/** M3: an extension appears, read-only, under its name in the workspace. */
function* mountImage(run: Invocation, { name, kind, source }: Image): Program {
  const where = workspaceOf(run, name);
  yield* must('M3', { op: 'mkdirAll', path: where, mode: 0o700 });
  if (kind === 'device') {
    yield* must('M3', { op: 'mount-device', source, path: where, flags: ['ro'] });
    return;
  }
  yield* must('M3', { op: 'mount-bind', from: source, path: where });
  yield* must('M3', { op: 'mount-flags', path: where, set: ['ro'], recursive: true });
}

const workspaceOf = (run: Invocation, name: string): string => `${WORKSPACE}/${classOf(run).workspaceFolder}/${name}`;

/** What a merge done now would note as its origin, and what the first merged hierarchy has noted; "" for nothing. */
interface Origins {
  readonly now: string;
  readonly before: string;
}

/**
 * M5a, in versions that can skip. It resolves the mutable directories, with the side effects of that, while the old overlay is
 * still in place. What it says of the extensions was read in P2. Of several merged hierarchies only the first one's origin
 * counts.
 */
function* origins(run: Invocation, verb: Merge['verb'], mode: Mode, extensions: readonly Image[]): Program<Origins> {
  const directories: (readonly [hierarchy: string, path: string])[] = [];
  let before = '';
  for (const h of run.hierarchies) {
    if (run.systemd.earlyMutableCheck) {
      const hierarchy = yield* resolveHierarchy('M5a', run, h);
      const resolved = yield* resolveMutable('M5a', run, mode, hierarchy, WORKSPACE);
      if (resolved !== null) directories.push([h, resolved.path]);
    }
    // A merge looks, too, and finds something only if another run has merged since P3.
    const looks = run.systemd.skip && (verb === 'refresh' || run.parallel) && before === '';
    if (looks) before = yield* word('M5a', 'origin', h, run.root, classOf(run).dotDir);
  }
  return { now: originText(run, mode, directories, extensions), before };
}

/** M6: the old overlay goes, and the submounts are parked; also before a first merge, and where nothing will be merged. */
function* unmergeStatusQuo(run: Invocation, h: string, log: Log): Program<Saved> {
  const where = yield* word('M6', 'chase', h, run.root, 'nonexistent');
  const { count, clones } = yield* unmergeHierarchy(run, 'M6', h, where, log, run.systemd.assembly === 'decoupled');
  return { where, clones: count > 0 ? clones : yield* save(run, 'M6c', h, where) };
}

/**
 * M7: assembles the new overlay, and adds its work directory, where that will be noted, to `workDirs`. Once the old one is gone
 * for everyone, a failure here leaves the hierarchy bare and the submounts lost.
 */
function* buildHierarchy(
  { run, mode }: Merge,
  h: string,
  extensions: readonly Image[],
  origin: string,
  saved: Saved,
  workDirs = new Map<string, string>(),
): Program {
  const used: Used[] = [];
  for (const { name } of extensions) {
    const path = yield* word('M7', 'content', h, workspaceOf(run, name));
    if (path !== 'nothing') used.push({ name, path });
  }
  if (used.length > 0 || (mode !== 'no' && run.systemd.mutableWithoutExtensions)) {
    const plan = yield* layout(run, mode, h, used);
    if (plan.recordWork && plan.work !== null) workDirs.set(h, plan.work.path);
    yield* mountOverlay(run, plan, h);
    yield* writeDotDir(run, plan, h, extensions, origin);
    yield* protect(run, plan);
  }
  yield* putBack(run, 'M7e', h, saved, placeFor(run, h, saved.where));
}

/** M7d: nobody may write to an immutable overlay, nor to the marker directory of a mutable one. */
function* protect(run: Invocation, plan: Layout): Program {
  if (plan.upper === null) {
    yield* must('M7d', { op: 'mount-flags', path: plan.at, set: ['ro'], recursive: true });
    return;
  }
  const marker = `${plan.at}/${classOf(run).dotDir}`;
  yield* must('M7d', { op: 'mount-bind', from: marker, path: marker });
  yield* must('M7d', { op: 'mount-flags', path: marker, set: ['ro'] });
}

/** M8: the finished tree appears on the hierarchy, which is made if it is missing. Visible. */
function* bindHierarchy(run: Invocation, h: string, log: Log): Program {
  if (run.systemd.assembly === 'hierarchy') {
    log.merged.push(h); // it is there already
    return;
  }
  const overlay = placeFor(run, h, null);
  const there = yield* at('M8', { op: 'access', path: overlay });
  if ('err' in there && there.err === 'ENOENT') return; // nothing was built for it
  if ('err' in there) throw new Stopped('M8', there.err);
  const where = yield* word('M8', 'chase', h, run.root, 'nonexistent');
  yield* must('M8', { op: 'mkdirAll', path: where, mode: 0o755 });
  yield* must('M8', { op: 'mount-bind', from: overlay, path: where, recursive: true });
  log.merged.push(where);
}
