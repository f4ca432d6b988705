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
  /** The hierarchies of the class, in the order in which the tool takes them: ["/etc"] for confext. */
  readonly hierarchies: readonly string[];
}

/** `systemd-confext merge`. Refuses what is merged already, then does as refresh. */
export function* merge(run: Invocation): Program {
  const extensions = yield* discover('P2', 'merge');
  if (extensions === null) return;
  for (const h of run.hierarchies) if (yield* yes('P3', 'ours', h)) return; // EBUSY "already merged"; checked without a lock
  yield* inChild(mergeChild(run, extensions, 'merge'));
}

/** `systemd-confext refresh`, which is what the service runs at boot and on reload. */
export function* refresh(run: Invocation): Program {
  const extensions = yield* discover('P2', 'refresh');
  if (extensions === null) return;
  const status = yield* inChild(mergeChild(run, extensions, 'refresh'));
  if (status === STATUS.nothingFound) yield* inChild(unmergeChild(run));
}

/** `systemd-confext unmerge`. */
export function* unmerge(run: Invocation): Program {
  yield* discover('U1', 'unmerge');
  yield* inChild(unmergeChild(run));
}

/**
 * P2: reads the metadata of every image; one that cannot be read fails the whole verb here (null), with everything left as
 * it was. Gives the accepted extensions in version order, each as "NAME SOURCE"; incompatible ones are dropped silently.
 */
function* discover(step: string, verb: 'merge' | 'refresh' | 'unmerge'): Program<readonly string[] | null> {
  const found = yield* at(step, { op: 'ask', question: 'discover', args: [verb] });
  if ('err' in found || !Array.isArray(found.ok)) return null;
  return found.ok.map(String);
}

/** P4: runs a child in a copy of the mount namespace, and gives its exit status. What is mounted only there dies with it. */
function* inChild(child: Program<number>): Program<number> {
  yield* at('P4', { op: 'unshare' });
  let status: number | string = STATUS.failed;
  let why: { why?: string } = {};
  try {
    status = yield* child;
  } catch (reason) {
    if (!(reason instanceof Stopped)) throw reason;
    status = reason.signal ?? STATUS.failed;
    why = { why: reason.errno }; // what its error message says
  }
  yield* at('M9', { op: 'leave', status, ...why });
  return typeof status === 'number' ? status : STATUS.failed;
}

function* mergeChild(run: Invocation, extensions: readonly string[], verb: 'merge' | 'refresh'): Program<number> {
  yield* must('M1', { op: 'mount-propagation', path: '/run', to: 'slave', recursive: true });
  yield* must('M1', { op: 'mkdirAll', path: WORKSPACE, mode: 0o755 });
  yield* must('M1', { op: 'mount-tmpfs', path: WORKSPACE, mode: 0o700 });
  const mode = yield* mutableMode(run);
  for (const extension of extensions) yield* mountImage(extension);
  const proceeds = extensions.length > 0 || (mode !== 'no' && run.systemd.mutableWithoutExtensions);
  if (!proceeds) return STATUS.nothingFound; // M4: the mutable mode does not matter
  if (run.systemd.skip && !(yield* changed(run, mode)) && verb === 'refresh' && !run.alwaysRefresh)
    return STATUS.skipped;

  for (const h of run.hierarchies) yield* unmergeHierarchy(run, 'M6', h); // the window opens
  for (const h of run.hierarchies) yield* buildHierarchy(run, mode, h, extensions);
  for (const h of run.hierarchies) yield* bindHierarchy(h); // the window closes
  return STATUS.merged;
}

/** M3: an extension appears, read-only, under its name in the workspace. */
function* mountImage(extension: string): Program {
  const [name = '', kind = '', source = ''] = extension.split(' ', 3);
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
 * M5a, in versions that can skip: is what would be merged now different from the `origin` of the first merged hierarchy?
 * Resolves the mutable directories on the way, with the side effects of that, while the old overlay is still in place.
 */
function* changed(run: Invocation, mode: Mode): Program<boolean> {
  if (run.systemd.earlyMutableCheck)
    for (const h of run.hierarchies) yield* resolveMutable('M5a', run.systemd, mode, h);
  for (const h of run.hierarchies) {
    if (yield* yes('M5a', 'ours', h)) return !(yield* yes('M5a', 'same-origin', h, mode));
  }
  return true;
}

/**
 * M6 and U3: peels every overlay of ours off a hierarchy. Visible: from (c) on the submounts are gone, from (d) on
 * the bare host directory shows. Gives whether there was one.
 */
function* unmergeHierarchy(run: Invocation, step: 'M6' | 'U3', h: string): Program<boolean> {
  let peeled = false;
  while (yield* yes(step, 'ours', h)) {
    const workDir = yield* at(`${step}a`, { op: 'read', path: `${h}/${DOT_DIR}/work_dir` });
    yield* at(`${step}b`, { op: 'umount', path: `${h}/${DOT_DIR}`, detach: true }); // EINVAL where nothing is bound: ignored
    yield* park(run.systemd, `${step}c`, h);
    yield* must(`${step}d`, { op: 'umount', path: h, detach: true });
    if ('ok' in workDir) yield* must(`${step}e`, { op: 'removeTree', path: `/${workDir.ok}` });
    peeled = true;
  }
  if (!peeled && step === 'M6') yield* park(run.systemd, 'M6c', h); // also before a first merge
  return peeled;
}

/** M7: assembles the new overlay in the workspace. A failure here leaves the hierarchy bare and the submounts lost. */
function* buildHierarchy(run: Invocation, mode: Mode, h: string, extensions: readonly string[]): Program {
  const used: string[] = [];
  for (const extension of extensions) {
    const [name = ''] = extension.split(' ', 1);
    if (yield* yes('M7', 'has-entries', `${WORKSPACE}/confexts/${name}${h}`)) used.push(name);
  }
  if (used.length > 0 || (mode !== 'no' && run.systemd.mutableWithoutExtensions)) {
    const plan = yield* layout(run, mode, h, used);
    yield* mountOverlay(run, plan, h, mode);
  }
  yield* unpark(run.systemd, 'M7e', h, `${WORKSPACE}/overlay${h}`);
}

function* mountOverlay(run: Invocation, plan: Layout, h: string, mode: Mode): Program {
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
    flags: plan.upper === null ? ['ro', 'nosuid', 'nodev', 'noexec'] : ['nosuid', 'nodev', 'noexec', 'noatime'],
  });
  yield* writeDotDir(run, plan, h, mode);
  if (plan.upper === null) {
    yield* must('M7d', { op: 'mount-flags', path: overlay, set: ['ro'], recursive: true });
    return;
  }
  const marker = `${overlay}/${DOT_DIR}`;
  yield* must('M7d', { op: 'mount-bind', from: marker, path: marker });
  yield* must('M7d', { op: 'mount-flags', path: marker, set: ['ro'] });
}

/** The marker files, written into a layer below the live overlay. Source: sysext.c, in this order. */
function* writeDotDir(run: Invocation, plan: Layout, h: string, mode: Mode): Program {
  const dir = `${WORKSPACE}/meta${h}/${DOT_DIR}`;
  yield* must('M7d', { op: 'mkdir', path: dir, mode: 0o755 });
  yield* must('M7d', { op: 'write', path: `${dir}/confexts`, data: plan.list });
  if (run.systemd.skip)
    yield* must('M7d', { op: 'record', path: `${dir}/origin`, question: 'origin', args: [h, mode] });
  yield* must('M7d', { op: 'write', path: `${dir}/dev`, data: { deviceOf: `${WORKSPACE}/overlay${h}` } });
  if (plan.recordWork && plan.work !== null) {
    yield* must('M7d', { op: 'write', path: `${dir}/work_dir`, data: plan.work.path.slice(1) });
  }
}

/** M8: the finished tree appears on the hierarchy. Visible. */
function* bindHierarchy(h: string): Program {
  const overlay = `${WORKSPACE}/overlay${h}`;
  if ('err' in (yield* at('M8', { op: 'access', path: overlay }))) return;
  yield* must('M8', { op: 'mkdirAll', path: h, mode: 0o755 });
  yield* must('M8', { op: 'mount-bind', from: overlay, path: h, recursive: true });
}

/** U2 to U5. An error in one hierarchy does not keep the next from being unmerged, but is the status in the end. */
function* unmergeChild(run: Invocation): Program<number> {
  yield* must('U2', { op: 'mount-propagation', path: '/run', to: 'slave', recursive: true });
  yield* must('U2', { op: 'mkdirAll', path: WORKSPACE, mode: 0o755 });
  let status: number = STATUS.merged;
  for (const h of run.hierarchies) {
    if ('err' in (yield* at('U3', { op: 'access', path: h }))) continue;
    try {
      const peeled = yield* unmergeHierarchy(run, 'U3', h);
      if (!peeled) continue;
    } catch (reason) {
      if (!(reason instanceof Stopped) || reason.signal !== null) throw reason;
      status = STATUS.failed;
      continue;
    }
    yield* unpark(run.systemd, 'U4', h, h);
  }
  return status;
}
