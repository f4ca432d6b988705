/** One moment of a run as the properties see it: everything is looked at only when it is asked for. */

import { OBSERVER } from '../models/systemd/questions.ts';
import { CLASSES } from '../src/input/imageclass.ts';
import { childAt, entry } from '../src/kernel/mount.ts';
import { submountsBelow } from '../src/kernel/mounttable.ts';
import type { MountId, Namespace, TaskId } from '../src/kernel/types.ts';
import { rawView, type View, viewOf } from '../src/kernel/view.ts';
import { fileSystem, namespace, type Read, task as taskOf } from '../src/kernel/world.ts';
import type { Ledger } from './ledger.ts';

const DOT_DIRS = Object.values(CLASSES).map(({ dotDir }) => dotDir);
/** The marker directory and the release files are the tool's own: nobody else relies on them. */
export const HIDDEN: ReadonlySet<string> = new Set([...DOT_DIRS, 'extension-release.d']);

export class Scene {
  readonly #world: Read;
  readonly #hierarchies: readonly string[];
  readonly #ledger: () => Ledger;
  readonly #atRest: () => boolean;
  readonly #again: () => Read | null;

  constructor(
    world: Read,
    hierarchies: readonly string[],
    ledger: () => Ledger,
    atRest: () => boolean,
    again: () => Read | null = () => null,
  ) {
    this.#world = world;
    this.#hierarchies = hierarchies;
    this.#ledger = ledger;
    this.#atRest = atRest;
    this.#again = again;
  }

  get ledger(): Ledger {
    return this.#ledger();
  }

  /** No program is in the middle of its work. */
  get atRest(): boolean {
    return this.#atRest();
  }

  /** The hierarchies as every process of the host's namespace sees them, without the marker directory. */
  get view(): View {
    return join(this.#hierarchies.map((h) => viewOf(this.#world, OBSERVER, h, HIDDEN)));
  }

  /** The view after every tool has refreshed once more, one after the other; null while one has not ended yet. */
  get again(): View | null {
    const world = this.#again();
    return world === null ? null : join(this.#hierarchies.map((h) => viewOf(world, OBSERVER, h, HIDDEN)));
  }

  /** The view of each process in a namespace of its own. */
  get elsewhere(): ReadonlyMap<TaskId, View> {
    const host = taskOf(this.#world, OBSERVER).ns;
    const tasks = this.#world.slots.tasks.filter((id) => {
      const task = this.#world.get(`task:${id}`);
      return task?.kind === 'task' && task.ns !== host;
    });
    return new Map(tasks.map((id) => [id, join(this.#hierarchies.map((h) => viewOf(this.#world, id, h, HIDDEN)))]));
  }

  /** The hierarchies on the root file system itself, below every mount. */
  get host(): View {
    return join(this.#hierarchies.map((h) => rawView(this.#world, 'root', h)));
  }

  /** How many overlays lie on each other on each hierarchy. */
  get overlays(): ReadonlyMap<string, number> {
    return new Map(this.#hierarchies.map((h) => [h, overlaysOn(this.#world, h)]));
  }

  /** Paths of the mounts below the hierarchies that can be reached, without the marker directory's. */
  get submounts(): readonly string[] {
    return this.#hierarchies.flatMap((h) =>
      submountsBelow(this.#world, taskOf(this.#world, OBSERVER).ns, h).filter(
        (path) => !DOT_DIRS.some((dotDir) => path === `${h}/${dotDir}`),
      ),
    );
  }
}

function overlaysOn(world: Read, h: string): number {
  const ns = namespace(world, taskOf(world, OBSERVER).ns);
  const first = childAt(ns, ns.root, h);
  return first === undefined
    ? 0
    : stackOf(ns, first).filter((id) => fileSystem(world, entry(ns, id).fs).kind === 'overlay').length;
}

/** A mount and what is stacked on it, the lowest first. */
export function stackOf(ns: Namespace, mount: MountId): readonly MountId[] {
  const next = childAt(ns, mount, entry(ns, mount).root);
  return next === undefined ? [mount] : [mount, ...stackOf(ns, next)];
}

const join = (views: readonly View[]): View =>
  views.length === 1 && views[0] !== undefined ? views[0] : new Map(views.flatMap((view) => [...view]));
