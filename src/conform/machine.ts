import type { Call, CallOf, CallResult } from '../kernel/calls.ts';
import { markOrigins } from '../kernel/overlay.ts';
import { resolve } from '../kernel/path.ts';
import { step } from '../kernel/step.ts';
import { apply, hold } from '../kernel/tree.ts';
import { type Directory, failed, type Mount, type Path, type PlainFs, type Task } from '../kernel/types.ts';
import { fileSystem, namespace, overlayAt, plainAt, task as taskOf, World } from '../kernel/world.ts';

/** Where the layers are on the disk; lowers top to bottom. An overlay without an upper is read-only. */
export interface Setup {
  readonly upper: Path | null;
  readonly work: Path;
  readonly lowers: readonly Path[];
  /** The mount options besides the layers, as in /proc/mounts: "redirect_dir=on,xino=off". */
  readonly options: string;
}

/** How the overlay of a set-up is mounted. */
export function mountCall({ upper, work, lowers, options }: Setup): CallOf<'mount-overlay-data'> {
  const writable = upper === null ? [] : [`upperdir=${upper}`, `workdir=${work}`];
  const data = [`lowerdir=${lowers.join(':')}`, ...writable, options].join(',');
  return { op: 'mount-overlay-data', path: MOUNT_POINT, source: 'overlay', data };
}

export const DISK = 'disk';
export const CALLER = 'caller';
export const NS = 'main';
const MOUNT_POINT = '/mnt';
/** The caller: root, in the only namespace, standing nowhere. */
export const TASK: Task = {
  kind: 'task',
  ns: NS,
  cwd: null,
  root: null,
  fds: new Map(),
  trees: new Map(),
  home: null,
  uid: 0,
  gid: 0,
  umask: 0,
};
/** The disk itself, on /. */
export const PLAIN_MOUNT: Mount = {
  fs: DISK,
  root: '',
  parent: null,
  at: '',
  flags: [],
  shared: null,
  master: null,
  unbindable: false,
};

/** An empty directory, root's, 0755: what the recordings start from. */
export const EMPTY: Directory = {
  type: 'dir',
  mode: 0o755,
  uid: 0,
  gid: 0,
  mtime: 0,
  xattrs: new Map(),
  entries: new Map(),
};

/**
 * One process chrooted into one mount, as the recorders were: a disk holds the layers as directories, the overlay is
 * mounted on /mnt and is the caller's root. The values are the kernel's; only the world they are in is replaced.
 */
export class Machine {
  #world: World;
  #undefined: string | undefined;

  /** Mounts an overlay of the disk's directories, or, without a set-up, the plain directory `plain`. */
  constructor(disk: PlainFs, mount: Setup | { readonly plain: Path }) {
    this.#world = mounted(disk, mount);
  }

  get disk(): PlainFs {
    return diskAfter(this.#world);
  }

  /**
   * One system call by a caller of this effective uid and gid. Of several outcomes it is the first: what a machine does
   * that has memory enough to forget nothing.
   */
  call(call: Call, uid = 0, gid = uid): CallResult {
    const task = taskOf(this.#world, CALLER);
    const world = this.#world.with([[`task:${CALLER}`, { ...task, uid, gid }]]);
    const [outcome] = step(world, CALLER, call);
    if (outcome === undefined) throw new Error(`${call.op} has no outcome`);
    this.#world = world.with(outcome.writes);
    this.#undefined ??= outcome.undefined;
    return outcome.result;
  }

  /** Why what comes after some call is not what the model can tell, or undefined. */
  get undefined(): string | undefined {
    return this.#undefined;
  }

  /** Where a path leads, symlinks followed: the absolute path of the object as the caller writes it, if it is there. */
  follow(path: string): string | null {
    const object = resolve(this.#world, CALLER, path);
    if (failed(object)) return null;
    const { mounts } = namespace(this.#world, NS);
    // A place's path counts from the top of its file system; the caller's from the mounted directory.
    return object.ok.path.slice(mounts.get(object.ok.mount)?.root.length) || '/';
  }

  /** Marks what the recorders marked in upper by looking at the whole tree after they had mounted it. */
  lookThrough(): void {
    const id = `${CALLER}.0`;
    const fs = overlayAt(this.#world, id);
    if (fs === null) return;
    const changes = markOrigins(this.#world, id, fs);
    const marked = changes.reduce((disk, change) => apply(disk, change, CALLER), plainAt(this.#world, DISK));
    this.#world = this.#world.with([[`fs:${DISK}`, marked]]);
  }

  /** Unmounts and mounts anew; open descriptors are closed first. */
  remount(setup: Setup | { readonly plain: Path }, disk: PlainFs = this.disk): void {
    this.#world = mounted(disk, setup);
  }
}

/** The disk as an unmount leaves it: nothing is held any more, and what had lost its last name is gone. */
export function diskAfter(world: World): PlainFs {
  const disk = plainAt(world, DISK);
  return { ...disk, inodes: new Map([...disk.inodes].filter(([, held]) => held.links > 0)), pins: new Map() };
}

function mounted(disk: PlainFs, setup: Setup | { readonly plain: Path }): World {
  const slots = { fs: [DISK, `${CALLER}.0`], ns: [NS], tasks: [CALLER] };
  const bare = new World(slots, new Map()).with([
    [`fs:${DISK}`, disk],
    [`ns:${NS}`, { kind: 'ns', root: 'root', mounts: new Map([['root', PLAIN_MOUNT]]) }],
    [`task:${CALLER}`, TASK],
  ]);
  const call: Call = 'plain' in setup ? { op: 'mount-bind', from: setup.plain, path: MOUNT_POINT } : mountCall(setup);
  const [outcome] = step(bare, CALLER, call);
  if (outcome === undefined) throw new Error(`${call.op} has no outcome`);
  // A recording exists only of mounts that the kernel accepted.
  if ('err' in outcome.result) throw new MountRefused(outcome.result.err);
  const world = bare.with(outcome.writes);
  const place = resolve(world, CALLER, MOUNT_POINT);
  if (failed(place)) throw new Error(`what was mounted on ${MOUNT_POINT} is not there: ${place.err}`);
  const { ns, mount, fs, path } = place.ok;
  const pin = `${CALLER}:root`;
  return world.with([
    [`fs:${fs}`, hold(fileSystem(world, fs), pin, path)],
    [`task:${CALLER}`, { ...TASK, root: { ns, mount, fs, pin } }],
  ]);
}

/** The model refuses a mount that the kernel of the recording made: a difference to report, with the errno. */
export class MountRefused extends Error {
  override name = 'MountRefused';

  constructor(errno: string) {
    super(`mount: the model says ${errno}, the recording mounted`);
  }
}
