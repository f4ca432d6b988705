import { layerPin, lookup } from './lookup.ts';
import type { Dentry } from './path.ts';
import { apply, get, hold, isWithin, join } from './tree.ts';
import {
  type Directory,
  err,
  type FsId,
  failed,
  type Layer,
  type MountId,
  type NsId,
  type OverlayFs,
  type OverlayOptions,
  ok,
  type Result,
  type TaskId,
} from './types.ts';
import { type Draft, fileSystem, freeFs, namespace, type Read } from './world.ts';

/** Mounting an overlay: what it asks of its layers, and the instance. Source: Linux fs/overlayfs/super.c as of 6.18. */

/** A layer directory to mount, and what people know it by. */
export interface LayerDentry extends Dentry {
  readonly name: string;
}
export interface OverlayPlan {
  /** As in /proc/mounts: "confext". */
  readonly source: string;
  /** Top to bottom. */
  readonly lowers: readonly LayerDentry[];
  readonly upper?: LayerDentry;
  readonly work?: LayerDentry;
  readonly options: OverlayOptions;
  readonly readonly: boolean;
}

/** Source: Linux OVL_MAX_STACK, FILESYSTEM_MAX_STACK_DEPTH. */
const MAX_LOWERS = 500;
const MAX_DEPTH = 2;

function depthOf(world: Read, id: FsId): number {
  const fs = fileSystem(world, id);
  if (fs.kind === 'plain') return 0;
  const layers = fs.upper === null ? fs.lowers : [fs.upper, ...fs.lowers];
  return 1 + Math.max(...layers.map((layer) => depthOf(world, layer.fs)));
}

const isReadonly = (world: Read, { ns, mount, fs }: { ns: NsId; mount: MountId; fs: FsId }): boolean =>
  fileSystem(world, fs).readonly || (namespace(world, ns).mounts.get(mount)?.flags.includes('ro') ?? false);

const overlap = (a: Dentry, b: Dentry): boolean => a.fs === b.fs && isWithin(a.path, b.path);

/** Whether upper and work can serve: EINVAL unless they are two directories side by side. Source: Linux ovl_get_upper(), ovl_get_workdir(). */
function checkUpper(world: Read, upper: LayerDentry, work: LayerDentry | undefined): Result {
  if (work === undefined || isReadonly(world, upper)) return err('EINVAL');
  if (fileSystem(world, upper.fs).kind === 'overlay') return err('EINVAL');
  if (work.fs !== upper.fs || work.mount !== upper.mount) return err('EINVAL');
  return overlap(upper, work) || overlap(work, upper) ? err('EINVAL') : ok(null);
}

/** What overlayfs asks of its layers. A lower layer in or at another layer is ELOOP; upper inside a lower is accepted. */
function checkLayers(world: Read, plan: OverlayPlan): Result {
  const { lowers, upper, work } = plan;
  if (lowers.length === 0 || lowers.length > MAX_LOWERS) return err('EINVAL');
  if (lowers.length === 1 && upper === undefined) return err('EINVAL');
  const all = [...(upper === undefined ? [] : [upper, ...(work === undefined ? [] : [work])]), ...lowers];
  if (all.some((layer) => lookup(world, layer.fs, layer.path)?.type !== 'dir')) return err('EINVAL');
  if (upper !== undefined) {
    const checked = checkUpper(world, upper, work);
    if (failed(checked)) return checked;
  }
  if (1 + Math.max(...lowers.map((layer) => depthOf(world, layer.fs))) > MAX_DEPTH) return err('EINVAL');
  // Seen on Linux 6.18 for every pair of layers. Source: ovl_setup_trap(), ovl_check_layer().
  const trapped = lowers.some((lower) => all.some((other) => other !== lower && overlap(lower, other)));
  return trapped ? err('ELOOP') : ok(null);
}

/** The directory "work" of a workdir, emptied of what an earlier mount left. Source: Linux ovl_workdir_create(). */
function prepareWork(draft: Draft, work: LayerDentry, creator: TaskId): void {
  const fs = fileSystem(draft, work.fs);
  const path = join(work.path, 'work');
  if (fs.kind !== 'plain') return;
  const old = get(fs, path);
  if (old?.type === 'dir' && old.entries.size === 0) return;
  const inode: Directory = { type: 'dir', mode: 0, uid: 0, gid: 0, mtime: 0, xattrs: new Map(), entries: new Map() };
  draft.set(`fs:${work.fs}`, apply(fs, { do: 'create', fs: work.fs, path, inode }, creator));
}

/**
 * A new overlay instance in a free slot of its creator, holding its layers. Not mounted anywhere yet. EINVAL and ELOOP
 * where overlayfs refuses the layers; an {@link Overflow} is thrown when the creator has no slot left.
 */
export function createOverlay(draft: Draft, creator: TaskId, plan: OverlayPlan): Result<FsId> {
  const checked = checkLayers(draft, plan);
  if (failed(checked)) return checked;
  const id = freeFs(draft, creator);
  const take = ({ fs, path, name }: LayerDentry, role: string): Layer => {
    const pin = layerPin(id, role);
    draft.set(`fs:${fs}`, hold(fileSystem(draft, fs), pin, path));
    return { fs, pin, name };
  };
  const { upper, work } = plan;
  if (upper !== undefined && work !== undefined) prepareWork(draft, work, creator);
  const instance: OverlayFs = {
    kind: 'overlay',
    source: plan.source,
    lowers: plan.lowers.map((lower, index) => take(lower, `lower${index}`)),
    upper: upper === undefined ? null : take(upper, 'upper'),
    work: upper === undefined || work === undefined ? null : take(work, 'work'),
    options: plan.options,
    readonly: plan.readonly || upper === undefined,
    inodes: new Map(),
    pins: new Map(),
    marks: new Map(),
  };
  draft.set(`fs:${id}`, instance);
  return ok(id);
}
