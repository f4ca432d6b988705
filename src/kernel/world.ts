import type { Component, FileSystem, FsId, Namespace, NsId, OverlayFs, PlainFs, Slot, Task, TaskId } from './types.ts';

/** The slots a world has. They are fixed for a whole search: what does not fit is an {@link Overflow}, never dropped. */
export interface Slots {
  readonly fs: readonly FsId[];
  readonly ns: readonly NsId[];
  readonly tasks: readonly TaskId[];
}

/** How a step sees a world: one component at a time, so that whoever runs it knows what it depends on. */
export interface Read {
  readonly slots: Slots;
  get(slot: Slot): Component;
  /** A name of an overlay is what its dentry holds, as for a system call; else what the layers hold now. */
  readonly cached?: boolean;
  /** The names of which overlays remember that they were looked up; all of them where this is left out. */
  readonly remembers?: ((name: string) => boolean) | undefined;
}

/** An edit behind an overlay met names that {@link Read.remembers} leaves out: what it means cannot be said. */
export class Forgotten extends Error {
  override name = 'Forgotten';
  readonly entries: readonly string[];

  constructor(entries: readonly string[]) {
    super(`edited in a layer of a live overlay, and nobody remembers who looked them up: ${entries.join(', ')}`);
    this.entries = entries;
  }
}

/** A process made more file systems than its slots hold: the search is incomplete beyond this step. */
export class Overflow extends Error {
  override name = 'Overflow';
}

/** A step in the making: reads fall through to the world until a component has been replaced. */
export class Draft implements Read {
  readonly #world: Read;
  readonly #written = new Map<Slot, Component>();
  readonly cached: boolean;

  constructor(world: Read, cached = world.cached ?? false) {
    this.#world = world;
    this.cached = cached;
  }

  get remembers(): Read['remembers'] {
    return this.#world.remembers;
  }

  get slots(): Slots {
    return this.#world.slots;
  }

  get(slot: Slot): Component {
    const written = this.#written.get(slot);
    return written === undefined ? this.#world.get(slot) : written;
  }

  set(slot: Slot, value: Component): void {
    this.#written.set(slot, value);
  }

  /** Replaces a component so that it stays replaced when this draft is dropped: for what a call does although it fails. */
  keep(slot: Slot, value: Component): void {
    if (this.#world instanceof Draft) {
      this.#written.delete(slot);
      this.#world.set(slot, value);
    } else this.set(slot, value);
  }

  /** The replaced components, in the order of the first replacement. */
  get writes(): readonly (readonly [Slot, Component])[] {
    return [...this.#written];
  }
}

export function fileSystem(world: Read, id: FsId): FileSystem {
  const value = world.get(`fs:${id}`);
  if (value?.kind !== 'plain' && value?.kind !== 'overlay') throw new Error(`no file system ${id} in this world`);
  return value;
}

export function plainAt(world: Read, id: FsId): PlainFs {
  const fs = fileSystem(world, id);
  if (fs.kind !== 'plain') throw new Error(`${id} is no plain file system`);
  return fs;
}

/** The overlay in a slot; null where there is another file system or none. */
export function overlayAt(world: Read, id: FsId): OverlayFs | null {
  const fs = world.get(`fs:${id}`);
  return fs?.kind === 'overlay' ? fs : null;
}

export function namespace(world: Read, id: NsId): Namespace {
  const value = world.get(`ns:${id}`);
  if (value?.kind !== 'ns') throw new Error(`no mount namespace ${id} in this world`);
  return value;
}

export function task(world: Read, id: TaskId): Task {
  const value = world.get(`task:${id}`);
  if (value?.kind !== 'task') throw new Error(`no process ${id} in this world`);
  return value;
}

/** The first free file system slot of a creator. */
export function freeFs(world: Read, creator: TaskId): FsId {
  for (const id of world.slots.fs) if (id.startsWith(`${creator}.`) && world.get(`fs:${id}`) === null) return id;
  throw new Overflow(`${creator} has no free file system slot`);
}

/** A world outside a search: every component in a map. */
export class World implements Read {
  readonly slots: Slots;
  readonly #values: ReadonlyMap<Slot, Component>;

  constructor(slots: Slots, values: ReadonlyMap<Slot, Component>) {
    this.slots = slots;
    this.#values = values;
  }

  get(slot: Slot): Component {
    return this.#values.get(slot) ?? null;
  }

  /** The world after a step: the same one if the step wrote nothing. */
  with(writes: readonly (readonly [Slot, Component])[]): World {
    if (writes.length === 0) return this;
    const values = new Map(this.#values);
    for (const [slot, value] of writes) values.set(slot, value);
    return new World(this.slots, values);
  }
}
