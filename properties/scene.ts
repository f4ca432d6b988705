/** One moment of a run as the properties see it: everything is looked at only when it is asked for. */

import { OBSERVER } from '../models/systemd/questions.ts';
import { CLASSES } from '../src/input/imageclass.ts';
import { submountsBelow } from '../src/kernel/mounttable.ts';
import { rawView, type View, viewOf } from '../src/kernel/view.ts';
import type { Read } from '../src/kernel/world.ts';
import { task as taskOf } from '../src/kernel/world.ts';
import type { Ledger } from './ledger.ts';

const DOT_DIRS = Object.values(CLASSES).map(({ dotDir }) => dotDir);
/** The marker directory and the release files are the tool's own: nobody else relies on them. */
export const HIDDEN: ReadonlySet<string> = new Set([...DOT_DIRS, 'extension-release.d']);

export class Scene {
  readonly #world: Read;
  readonly #hierarchies: readonly string[];
  readonly #ledger: () => Ledger;
  readonly #atRest: () => boolean;

  constructor(world: Read, hierarchies: readonly string[], ledger: () => Ledger, atRest: () => boolean) {
    this.#world = world;
    this.#hierarchies = hierarchies;
    this.#ledger = ledger;
    this.#atRest = atRest;
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

  /** The hierarchies on the root file system itself, below every mount. */
  get host(): View {
    return join(this.#hierarchies.map((h) => rawView(this.#world, 'root', h)));
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

const join = (views: readonly View[]): View =>
  views.length === 1 && views[0] !== undefined ? views[0] : new Map(views.flatMap((view) => [...view]));
