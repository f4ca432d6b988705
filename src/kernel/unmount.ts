import {
  childAt,
  childrenOf,
  editMount,
  holdRootsAt,
  isAttached,
  leaveGroups,
  mountAt,
  namespaces,
  propagation,
  type Ref,
  releaseRoot,
  treeOf,
} from './mount.ts';
import { isWithin, release } from './tree.ts';
import type { FsId, MountId, NsId, OverlayFs, Path, Task } from './types.ts';
import { type Draft, fileSystem, namespace, type Read } from './world.ts';

/**
 * How mounts go: unmounting with propagation, what keeps a mount alive or busy, and what disappears when nobody can
 * reach it any more. Source: Linux fs/namespace.c, fs/pnode.c, Documentation/filesystems/propagate_umount.txt.
 */

/** A set of mounts of all namespaces. */
class Refs {
  readonly #keys = new Map<string, Ref>();
  static #key({ ns, mount }: Ref): string {
    return `${ns} ${mount}`;
  }
  has(ref: Ref): boolean {
    return this.#keys.has(Refs.#key(ref));
  }
  add(ref: Ref): void {
    this.#keys.set(Refs.#key(ref), ref);
  }
  delete(ref: Ref): boolean {
    return this.#keys.delete(Refs.#key(ref));
  }
  get all(): readonly Ref[] {
    return [...this.#keys.values()];
  }
}

// ---- who holds what -----------------------------------------------------------------------------------------------

function tasks(world: Read): readonly Task[] {
  return world.slots.tasks.flatMap((id) => {
    const task = world.get(`task:${id}`);
    return task?.kind === 'task' ? [task] : [];
  });
}

/** The mounts that a task's descriptors, working directory, root and open trees keep alive. */
function heldBy(task: Task): readonly Ref[] {
  const places = [task.cwd, task.root, task.home?.cwd ?? null, task.home?.root ?? null];
  const files = [...task.fds.values(), ...(task.home?.fds.values() ?? [])];
  const trees = [...task.trees.values()].map((mount) => ({ ns: task.ns, mount }));
  return [...places.filter((place) => place !== null), ...files, ...trees].map(({ ns, mount }) => ({ ns, mount }));
}

function allHeld(world: Read): Refs {
  const held = new Refs();
  for (const task of tasks(world)) for (const ref of heldBy(task)) held.add(ref);
  return held;
}

/**
 * Whether umount(2) without MNT_DETACH must refuse: the mount has mounts on it, or it, or one that would go with it by
 * propagation, is in use. One of those that has mounts of its own does not count, because it would stay, unless its only
 * one covers it completely. Source: Linux propagate_mount_busy().
 */
export function isBusy(world: Read, ref: Ref): boolean {
  const held = allHeld(world);
  const { parent, at } = mountAt(world, ref);
  if (held.has(ref) || childrenOf(namespace(world, ref.ns), ref.mount).length > 0) return true;
  if (parent === null) return false;
  return propagation(world, { ns: ref.ns, mount: parent }).some((receiver) => {
    const ns = namespace(world, receiver.ns);
    const mount = childAt(ns, receiver.mount, at);
    if (mount === undefined) return false;
    const onIt = childrenOf(ns, mount);
    const covered =
      onIt.length === 1 && childAt(ns, mount, mountAt(world, { ns: receiver.ns, mount }).root) === onIt[0];
    return (onIt.length === 0 || covered) && held.has({ ns: receiver.ns, mount });
  });
}

// ---- unmounting ---------------------------------------------------------------------------------------------------

/**
 * Unmounts a mount and everything on it, here and wherever the parents' events go. Held mounts stay in their
 * namespaces as detached ones, each on its own; call {@link collect} afterwards. Source: Linux umount_tree().
 */
export function unmountTree(draft: Draft, top: Ref): void {
  const ns = namespace(draft, top.ns);
  const going = new Refs();
  for (const mount of treeOf(ns, top.mount)) going.add({ ns: top.ns, mount });
  addCognates(draft, going);
  reparentCovers(draft, going);
  detach(draft, going.all);
}

/**
 * Adds the mounts that go by propagation: those at the same place on a receiver of the parent. One stays if anything
 * strictly inside it would stay; what only covers its root does not keep it. Source: Linux propagate_umount(), gather_candidates(), trim_one().
 */
function addCognates(draft: Draft, going: Refs): void {
  const asked = going.all;
  const original = new Refs();
  for (const ref of asked) {
    original.add(ref);
    const { parent, at } = mountAt(draft, ref);
    if (parent === null) continue;
    for (const receiver of propagation(draft, { ns: ref.ns, mount: parent })) {
      const mount = childAt(namespace(draft, receiver.ns), receiver.mount, at);
      if (mount !== undefined) going.add({ ns: receiver.ns, mount });
    }
  }
  const mustStay = (ref: Ref): boolean => {
    const ns = namespace(draft, ref.ns);
    const inside = childrenOf(ns, ref.mount).filter(
      (id) => mountAt(draft, { ...ref, mount: id }).at !== mountAt(draft, ref).root,
    );
    return inside.some((id) => treeOf(ns, id).some((mount) => !going.has({ ns: ref.ns, mount })));
  };
  for (let trimmed = true; trimmed; ) {
    trimmed = false;
    for (const ref of going.all) if (!original.has(ref) && mustStay(ref)) trimmed = going.delete(ref);
  }
}

/** What covers the root of a mount that goes falls onto the place where the bottom of that stack is. Source: Linux reparent(). */
function reparentCovers(draft: Draft, going: Refs): void {
  for (const ref of going.all) {
    const { ns } = ref;
    for (const cover of childrenOf(namespace(draft, ns), ref.mount)) {
      if (going.has({ ns, mount: cover })) continue;
      let { parent, at } = mountAt(draft, ref);
      while (parent !== null && going.has({ ns, mount: parent }))
        ({ parent, at } = mountAt(draft, { ns, mount: parent }));
      editMount(draft, { ns, mount: cover }, { parent, at });
    }
  }
}

/** Everything in a namespace goes, its root too: who stands there or has something open keeps that, and nothing is on it. */
export function unmountAll(draft: Draft, ns: NsId): void {
  unmountTree(draft, { ns, mount: namespace(draft, ns).root });
  draft.set(`ns:${ns}`, { ...namespace(draft, ns), unmounted: true });
}

function detach(draft: Draft, refs: readonly Ref[]): void {
  leaveGroups(draft, refs);
  for (const ref of refs) editMount(draft, ref, { parent: null, at: '', unbindable: false });
}

/**
 * A directory or file is removed, or replaced by a rename: whatever is mounted on it or below it, in any namespace,
 * is detached without propagation, and what is on that stays on it. Mounts that show it from elsewhere (binds) go on
 * showing it. Call it before the change, and {@link followRoots} after it. Source: Linux detach_mounts(), UMOUNT_CONNECTED.
 */
export function detachMountsOn(draft: Draft, fs: FsId, path: Path): void {
  let changed = false;
  for (const [ns, { mounts }] of namespaces(draft)) {
    for (const [mount, { parent, at }] of mounts) {
      if (parent === null || !isWithin(at, path) || mounts.get(parent)?.fs !== fs) continue;
      const tree = treeOf(namespace(draft, ns), mount).map((id) => ({ ns, mount: id }));
      leaveGroups(draft, tree);
      editMount(draft, { ns, mount }, { parent: null, at: '' });
      changed = true;
    }
  }
  if (changed) collect(draft);
  holdRootsAt(draft, fs, path);
}

/** Trees that a task gives up are unmounted, and stay together where something in them is held. Source: Linux dissolve_on_fput(). */
export function dissolve(draft: Draft, { ns, mount }: Ref): void {
  // One that was moved meanwhile is somebody's mount now.
  if (mountAt(draft, { ns, mount }).parent !== null) return;
  leaveGroups(
    draft,
    treeOf(namespace(draft, ns), mount).map((id) => ({ ns, mount: id })),
  );
}

// ---- collecting ---------------------------------------------------------------------------------------------------

/** Called when a descriptor or working directory was given up: only a detached mount can disappear by that. */
export function letGo(draft: Draft, { ns, mount }: Ref): void {
  const table = draft.get(`ns:${ns}`);
  if (table?.kind === 'ns' && table.mounts.has(mount) && !isAttached(table, mount)) collect(draft);
}

/**
 * Makes everything disappear that nobody can reach: namespaces without a task, detached mounts that nobody holds, and then
 * file systems made by tasks that no mount shows and no overlay uses. Source: Linux put_mnt_ns(), cleanup_mnt(), deactivate_super().
 */
export function collect(draft: Draft): void {
  const gone = new Set<FsId>();
  collectNamespaces(draft, gone);
  const held = allHeld(draft);
  for (const [ns] of namespaces(draft)) while (collectMounts(draft, ns, held, gone));
  for (const fs of gone) collectFileSystem(draft, fs, gone);
}

/** The mounts of a dying namespace go without telling anyone. Source: Linux put_mnt_ns(): umount_tree() without UMOUNT_PROPAGATE. */
function collectNamespaces(draft: Draft, gone: Set<FsId>): void {
  const used = new Set<NsId | null>(tasks(draft).flatMap((task) => [task.ns, task.home?.ns ?? null]));
  for (const [id, { mounts }] of namespaces(draft)) {
    if (used.has(id)) continue;
    leaveGroups(
      draft,
      [...mounts.keys()].map((mount) => ({ ns: id, mount })),
    );
    draft.set(`ns:${id}`, null);
    for (const [mount, value] of mounts) {
      releaseRoot(draft, { ns: id, mount }, value);
      gone.add(value.fs);
    }
  }
}

/** One round over the detached mounts of a namespace; what is on one that goes is detached by that. Source: Linux mntput_no_expire(). */
function collectMounts(draft: Draft, id: NsId, held: Refs, gone: Set<FsId>): boolean {
  const ns = namespace(draft, id);
  const dead = new Set<MountId>();
  for (const [mount, { parent }] of ns.mounts)
    if (parent === null && mount !== ns.root && !held.has({ ns: id, mount })) dead.add(mount);
  if (dead.size === 0) return false;
  const mounts = new Map(ns.mounts);
  for (const [mount, value] of ns.mounts) {
    if (dead.has(mount)) {
      mounts.delete(mount);
      releaseRoot(draft, { ns: id, mount }, value);
      gone.add(value.fs);
    } else if (value.parent !== null && dead.has(value.parent)) mounts.set(mount, { ...value, parent: null, at: '' });
  }
  draft.set(`ns:${id}`, { ...ns, mounts });
  return true;
}

/** File systems that tasks make are in slots "creator.index"; those a world starts with (images, disks) stay. */
const isMade = (fs: FsId): boolean => fs.includes('.');

/** Layers that an overlay gives up may be next: they join `gone`, which is being gone through. */
function collectFileSystem(draft: Draft, id: FsId, gone: Set<FsId>): void {
  if (!isMade(id) || draft.get(`fs:${id}`) === null) return;
  for (const [, { mounts }] of namespaces(draft)) for (const { fs } of mounts.values()) if (fs === id) return;
  for (const other of draft.slots.fs) {
    const overlay = isMade(other) ? draft.get(`fs:${other}`) : null;
    if (overlay?.kind === 'overlay' && layersOf(overlay).some(({ fs }) => fs === id)) return;
  }
  const fs = fileSystem(draft, id);
  draft.set(`fs:${id}`, null);
  if (fs.kind === 'plain') return;
  for (const layer of layersOf(fs)) {
    draft.set(`fs:${layer.fs}`, release(fileSystem(draft, layer.fs), layer.pin));
    gone.delete(layer.fs);
    gone.add(layer.fs);
  }
  for (const { kept } of fs.marks.values())
    for (const part of kept?.parts ?? []) draft.set(`fs:${part.fs}`, release(fileSystem(draft, part.fs), part.pin));
}

const layersOf = ({ lowers, data = [], upper, work, workdir }: OverlayFs): OverlayFs['lowers'] =>
  [...lowers, ...data, upper, work, workdir ?? null].filter((layer) => layer !== null);
