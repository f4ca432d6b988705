/**
 * systemd-confext: merge, refresh and unmerge of /etc, call by call. Read it beside `sysext.c`: one `yield*` is one system
 * call, and the steps are named P (the parent), M1 to M9 (the merge child) and U1 to U5 (unmerge). What differs between
 * versions is asked of `run.systemd` (versions.ts). A failing call ends the program where it ends the real one, and
 * what it leaves behind is what the real one leaves behind.
 *
 * "Visible" means that other processes see the effect; all else happens in the private namespace of the child.
 */
import { at, type Program } from '../../src/program/linux.ts';
import { must, Stopped, yes } from './call.ts';
import { type Extension, extensionsOf, originText } from './discovery.ts';
import { type Layout, layout, type Mode, mutableMode, resolveMutable } from './mutable.ts';
import { DOT_DIR, STATUS, WORKSPACE } from './names.ts';
import { park, unpark } from './submounts.ts';
import type { Systemd } from './versions.ts';

/** How the tool was called, and which systemd it is. Plain data: it is part of the program's identity in a search. */
export interface Invocation {
  readonly systemd: Systemd;
  /** `--mutable=`; null leaves it to the configuration file (if this version reads one), and else to "no". */
  readonly mutable: Mode | null;
  readonly alwaysRefresh: boolean;
  /** `--force`: extensions whose release file does not fit are merged as well. */
  readonly force?: boolean;
  /** The hierarchies of the class, in the order in which the tool takes them: ["/etc"] for confext. */
  readonly hierarchies: readonly string[];
}

/** `systemd-confext merge`. Refuses what is merged already, then does as refresh. */
export function* merge(run: Invocation): Program {
  const mode = yield* mutableMode(run);
  const extensions = yield* discover('P2', 'merge', run);
  if (extensions === null) return;
  for (const h of run.hierarchies) {
    const ours = yield* at('P3', { op: 'ask', question: 'ours', args: [h] });
    if ('err' in ours || ours.ok === true) return; // EBUSY "already merged"; checked without a lock
  }
  yield* inChild(mergeChild(run, mode, extensions, 'merge'));
}

/** `systemd-confext refresh`, which is what the service runs at boot and on reload. */
export function* refresh(run: Invocation): Program {
  const mode = yield* mutableMode(run);
  const extensions = yield* discover('P2', 'refresh', run);
  if (extensions === null) return;
  const status = yield* inChild(mergeChild(run, mode, extensions, 'refresh'));
  if (status === STATUS.nothingFound) yield* inChild(unmergeChild(run));
}

/** `systemd-confext unmerge`. */
export function* unmerge(run: Invocation): Program {
  yield* discover('U1', 'unmerge', run);
  yield* inChild(unmergeChild(run));
}

/**
 * P2: reads the metadata of every image; one that cannot be read fails the whole verb here (null), with everything left as
 * it was. Gives the accepted extensions in version order; incompatible ones are dropped silently.
 */
function* discover(
  step: string,
  verb: 'merge' | 'refresh' | 'unmerge',
  { systemd, force = false }: Invocation,
): Program<readonly Extension[] | null> {
  const args = [verb, systemd.discovery, ...(force ? ['force'] : [])];
  const found = yield* at(step, { op: 'ask', question: 'discover', args });
  return 'err' in found ? null : extensionsOf(found.ok);
}

/**
 * P4: runs a child in a copy of the mount namespace, and gives its exit status: a number, the errno it failed with, or the
 * signal that ended it. What is mounted only there dies with it.
 */
function* inChild(child: Program<number | string>): Program<number | string> {
  if ('err' in (yield* at('P4', { op: 'unshare' }))) return STATUS.failed;
  let status: number | string;
  try {
    status = yield* child;
  } catch (reason) {
    if (!(reason instanceof Stopped)) throw reason;
    status = reason.signal ?? reason.errno;
  }
  yield* at('M9', { op: 'leave', status });
  return status;
}

function* mergeChild(
  run: Invocation,
  mode: Mode,
  extensions: readonly Extension[],
  verb: 'merge' | 'refresh',
): Program<number> {
  yield* must('M1', { op: 'mount-propagation', path: '/run', to: 'slave', recursive: true });
  yield* must('M1', { op: 'mkdirAll', path: WORKSPACE, mode: 0o700 });
  yield* must('M1', { op: 'mount-tmpfs', path: WORKSPACE, mode: 0o700 });
  for (const extension of extensions) yield* mountImage(extension);
  const proceeds = extensions.length > 0 || (mode !== 'no' && run.systemd.mutableWithoutExtensions);
  if (!proceeds) return STATUS.nothingFound; // M4: the mutable mode does not matter
  const origin = yield* originNow(run, mode, extensions);
  const compares = run.systemd.skip && verb === 'refresh' && !run.alwaysRefresh;
  if (compares && (yield* isUnchanged(run, origin))) return STATUS.skipped;

  for (const h of run.hierarchies) yield* unmergeHierarchy(run, 'M6', h); // the window opens
  for (const h of run.hierarchies) yield* buildHierarchy(run, mode, h, extensions, origin);
  for (const h of run.hierarchies) yield* bindHierarchy(h); // the window closes
  return STATUS.merged;
}

/** M3: an extension appears, read-only, under its name in the workspace. */
function* mountImage({ name, kind, source }: Extension): Program {
  const where = `${WORKSPACE}/confexts/${name}`;
  yield* must('M3', { op: 'mkdirAll', path: where, mode: 0o700 });
  if (kind === 'device') {
    yield* must('M3', { op: 'mount-device', source, path: where, flags: ['ro'] });
    return;
  }
  yield* must('M3', { op: 'mount-bind', from: source, path: where });
  yield* must('M3', { op: 'mount-flags', path: where, set: ['ro'], recursive: true });
}

/**
 * M5a, in versions that can skip: what the origin file of a merge done now would say. It resolves the mutable directories, with
 * the side effects of that, while the old overlay is still in place. What it says of the extensions was read in P2.
 */
function* originNow(run: Invocation, mode: Mode, extensions: readonly Extension[]): Program<string> {
  const directories: string[] = [];
  if (run.systemd.earlyMutableCheck) {
    for (const h of run.hierarchies) {
      const resolved = yield* resolveMutable('M5a', run.systemd, mode, h, WORKSPACE);
      if (resolved !== null) directories.push(resolved.path);
    }
  }
  return originText(mode, directories, extensions);
}

/** M5a: is that what the origin file of the first merged hierarchy says? The others are not looked at. */
function* isUnchanged(run: Invocation, origin: string): Program<boolean> {
  for (const h of run.hierarchies) {
    if (yield* yes('M5a', 'ours', h)) return yield* yes('M5a', 'same-origin', h, [origin]);
  }
  return false;
}

/**
 * M6 and U3: peels every overlay of ours off a hierarchy. Visible: from (c) on the submounts are gone, from (d) on
 * the bare host directory shows. Gives whether there was one.
 */
function* unmergeHierarchy(run: Invocation, step: 'M6' | 'U3', h: string): Program<boolean> {
  let peeled = false;
  while (yield* yes(step, 'ours', h)) {
    const workDir = yield* at(`${step}a`, { op: 'read', path: `${h}/${DOT_DIR}/work_dir` });
    if ('err' in workDir && workDir.err !== 'ENOENT') throw new Stopped(`${step}a`, workDir.err);
    const bound = yield* at(`${step}b`, { op: 'umount', path: `${h}/${DOT_DIR}`, detach: true });
    if ('err' in bound && bound.err !== 'EINVAL') throw new Stopped(`${step}b`, bound.err); // EINVAL: nothing is bound there
    yield* park(run.systemd, `${step}c`, h);
    yield* must(`${step}d`, { op: 'umount', path: h, detach: true });
    // The recorded path has no leading slash: it is looked up from the caller's working directory.
    if ('ok' in workDir) yield* must(`${step}e`, { op: 'removeTree', path: String(workDir.ok) });
    peeled = true;
  }
  if (!peeled && step === 'M6') yield* park(run.systemd, 'M6c', h); // also before a first merge
  return peeled;
}

/** M7: assembles the new overlay in the workspace. A failure here leaves the hierarchy bare and the submounts lost. */
function* buildHierarchy(
  run: Invocation,
  mode: Mode,
  h: string,
  extensions: readonly Extension[],
  origin: string,
): Program {
  const used: string[] = [];
  for (const { name } of extensions) {
    if (yield* yes('M7', 'has-entries', `${WORKSPACE}/confexts/${name}${h}`)) used.push(name);
  }
  if (used.length > 0 || (mode !== 'no' && run.systemd.mutableWithoutExtensions)) {
    const plan = yield* layout(run, mode, h, used);
    yield* mountOverlay(run, plan, h);
    yield* writeDotDir(run, plan, h, extensions, origin);
    yield* protect(plan, h);
  }
  yield* unpark(run.systemd, 'M7e', h, `${WORKSPACE}/overlay${h}`);
}

function* mountOverlay(run: Invocation, plan: Layout, h: string): Program {
  const overlay = `${WORKSPACE}/overlay${h}`;
  const meta = `${WORKSPACE}/meta${h}`;
  yield* must('M7c', { op: 'mkdirAll', path: overlay, mode: 0o700 });
  yield* must('M7c', { op: 'mkdirAll', path: meta, mode: 0o700 });
  if (plan.work !== null) yield* must('M7c', { op: 'mkdirAll', path: plan.work.path, mode: 0o700 });
  yield* must('M7c', { op: 'chmod', path: plan.upper?.path ?? meta, mode: plan.mode });
  yield* must('M7d', {
    op: 'mount-overlay',
    path: overlay,
    source: 'confext',
    lowers: plan.lowers,
    ...(plan.upper !== null && plan.work !== null ? { upper: plan.upper, work: plan.work, redirectDir: 'on' } : {}),
    ...(plan.upper !== null && run.systemd.indexOff ? { index: 'off' } : {}),
    flags: plan.upper === null ? ['ro', 'nosuid', 'nodev', 'noexec'] : ['nosuid', 'nodev', 'noexec', 'noatime'],
  });
}

/** The marker files, written into a layer below the live overlay, in the order of sysext.c. */
function* writeDotDir(
  run: Invocation,
  plan: Layout,
  h: string,
  extensions: readonly Extension[],
  origin: string,
): Program {
  const dir = `${WORKSPACE}/meta${h}/${DOT_DIR}`;
  yield* must('M7d', { op: 'mkdir', path: dir, mode: 0o755 });
  // The list has every accepted extension, also those that contribute nothing to this hierarchy.
  const list = extensions.map(({ name }) => `${name}\n`).join('');
  yield* must('M7d', { op: 'write', path: `${dir}/confexts`, data: list });
  if (run.systemd.skip) yield* must('M7d', { op: 'write', path: `${dir}/origin`, data: origin });
  yield* must('M7d', { op: 'write', path: `${dir}/dev`, data: { deviceOf: `${WORKSPACE}/overlay${h}` } });
  if (plan.recordWork && plan.work !== null) {
    yield* must('M7d', { op: 'write', path: `${dir}/work_dir`, data: plan.work.path.slice(1) });
  }
  if (run.systemd.backingFile && plan.hostIsLayer) {
    yield* must('M7d', { op: 'write', path: `${dir}/backing`, data: { deviceOf: h } });
  }
}

/** M7d: nobody may write to an immutable overlay, nor to the marker directory of a mutable one. */
function* protect(plan: Layout, h: string): Program {
  const overlay = `${WORKSPACE}/overlay${h}`;
  if (plan.upper === null) {
    yield* must('M7d', { op: 'mount-flags', path: overlay, set: ['ro'], recursive: true });
    return;
  }
  const marker = `${overlay}/${DOT_DIR}`;
  yield* must('M7d', { op: 'mount-bind', from: marker, path: marker });
  yield* must('M7d', { op: 'mount-flags', path: marker, set: ['ro'] });
}

/** M8: the finished tree appears on the hierarchy. Visible. */
function* bindHierarchy(h: string): Program {
  const overlay = `${WORKSPACE}/overlay${h}`;
  if ('err' in (yield* at('M8', { op: 'access', path: overlay }))) return;
  yield* must('M8', { op: 'mkdirAll', path: h, mode: 0o755 });
  yield* must('M8', { op: 'mount-bind', from: overlay, path: h, recursive: true });
}

/** U2 to U5. An error in one hierarchy does not keep the next from being unmerged, but is the status in the end. */
function* unmergeChild(run: Invocation): Program<number | string> {
  yield* must('U2', { op: 'mount-propagation', path: '/run', to: 'slave', recursive: true });
  yield* must('U2', { op: 'mkdirAll', path: WORKSPACE, mode: 0o700 });
  let status: number | string = STATUS.merged;
  for (const h of run.hierarchies) {
    if ('err' in (yield* at('U3', { op: 'access', path: h }))) continue;
    try {
      if (!(yield* unmergeHierarchy(run, 'U3', h))) continue;
    } catch (reason) {
      if (!(reason instanceof Stopped) || reason.signal !== null) throw reason;
      status = reason.errno;
      continue;
    }
    yield* unpark(run.systemd, 'U4', h, h);
  }
  return status;
}
