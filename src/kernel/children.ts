import { copyNamespace } from './mount.ts';
import { mayMount } from './mountplaces.ts';
import { handOver } from './mounttrees.ts';
import { release } from './tree.ts';
import { failed, type NsId, type OpenFile, ok, type Place, type Result, type Task, type TaskId } from './types.ts';
import { collect, dissolve } from './unmount.ts';
import { type Draft, fileSystem, namespace, task as taskOf } from './world.ts';

/** Children in namespaces of their own, and how tasks end. Source: Linux copy_mnt_ns(), do_exit(). */

/** The same place in another namespace that has its mounts under the same ids; where it was if that has not this one. */
function rehome(draft: Draft, place: Place | null, from: NsId, to: NsId): Place | null {
  return place?.ns === from && namespace(draft, to).mounts.has(place.mount) ? { ...place, ns: to } : place;
}

/**
 * The caller goes on in a copy of its namespace. Its working directory and root are in the copy from now on unless their
 * mounts are detached; descriptors stay where they were opened. Source: copy_mnt_ns().
 */
export function unshare(draft: Draft, id: TaskId): Result {
  const task = taskOf(draft, id);
  const allowed = mayMount(task);
  if (failed(allowed)) return allowed;
  if (!draft.slots.ns.includes(id)) throw new Error(`${id} needs a namespace slot of its own name to unshare`);
  if (draft.get(`ns:${id}`) !== null) throw new Error(`unshare: ${id} is in a namespace of its own already`);
  if (task.trees.size > 0) throw new Error(`unshare: ${id} holds open trees, which belong to its namespace here`);
  copyNamespace(draft, task.ns, id);
  const { ns, cwd, root, fds } = task;
  const there = (place: Place | null): Place | null => rehome(draft, place, ns, id);
  draft.set(`task:${id}`, { ...task, ns: id, home: { ns, cwd, root, fds }, cwd: there(cwd), root: there(root) });
  return ok(null);
}

/**
 * What a child did with descriptors, directories and trees ends with it; the parent is as it was, but for the trees that
 * were handed to it.
 */
export function leave(draft: Draft, id: TaskId, handed: readonly string[] = []): Result {
  const task = taskOf(draft, id);
  if (task.home === null) throw new Error(`leave: ${id} is not in a child`);
  const { ns, cwd, root, fds } = task.home;
  for (const held of onlyOfChild(task)) releasePin(draft, held);
  // The position in a file is the parent's as well.
  const files = new Map([...fds].map(([name, file]) => [name, same(task.fds.get(name), file) ?? file]));
  const trees = new Map(handed.map((name) => [name, handOver(draft, id, name, ns)]));
  closeTrees(draft, taskOf(draft, id));
  draft.set(`task:${id}`, { ...task, ns, home: null, trees, cwd, root, fds: files });
  collect(draft);
  return ok(null);
}

function closeTrees(draft: Draft, { ns, trees }: Task): void {
  for (const mount of trees.values()) dissolve(draft, { ns, mount });
}

type Held = Pick<Place, 'fs' | 'pin'>;
const same = (a: OpenFile | undefined, b: OpenFile): OpenFile | undefined => (a?.pin === b.pin ? a : undefined);

/** What a child holds by pins of its own. */
function onlyOfChild({ fds, cwd, root, home }: Task): readonly Held[] {
  const parents = new Set([...(home?.fds.values() ?? []), home?.cwd, home?.root].map((held) => held?.pin));
  return [...fds.values(), cwd, root].filter((held) => held !== null).filter(({ pin }) => !parents.has(pin));
}

function releasePin(draft: Draft, { fs, pin }: Held): void {
  draft.set(`fs:${fs}`, release(fileSystem(draft, fs), pin));
}

/** A task ends, by exit or by a signal: what it held is let go, and what only it could reach disappears. Source: Linux do_exit(). */
export function releaseTask(draft: Draft, id: TaskId): void {
  const task = taskOf(draft, id);
  const { home } = task;
  const parents = [...(home?.fds.values() ?? []), home?.cwd ?? null, home?.root ?? null];
  for (const held of [...onlyOfChild(task), ...parents]) if (held !== null) releasePin(draft, held);
  closeTrees(draft, task);
  draft.set(`task:${id}`, null);
  collect(draft);
}
