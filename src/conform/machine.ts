import type { Call, CallResult } from '../kernel/calls.ts';
import { createOverlay, type LayerDentry } from '../kernel/overlay.ts';
import { type Dentry, resolve } from '../kernel/path.ts';
import { step } from '../kernel/step.ts';
import { hold } from '../kernel/tree.ts';
import {
  type Directory,
  type FsId,
  failed,
  type Mount,
  type OverlayOptions,
  type Path,
  type PlainFs,
  type Task,
} from '../kernel/types.ts';
import { Draft, fileSystem, namespace, World } from '../kernel/world.ts';

/** Where the layers are on the disk; lowers top to bottom. An overlay without an upper is read-only. */
export interface Setup {
  readonly upper: Path | null;
  readonly work: Path;
  readonly lowers: readonly Path[];
  readonly redirectDir: OverlayOptions['redirectDir'];
}

const DISK = 'disk';
const CALLER = 'caller';
const NS = 'main';
const PLAIN_MOUNT: Mount = {
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

  /** Mounts an overlay of the disk's directories, or, without a set-up, the plain directory `plain`. */
  constructor(disk: PlainFs, mount: Setup | { readonly plain: Path }) {
    this.#world = mounted(disk, mount);
  }

  /** The disk as an unmount leaves it: nothing is held any more, and what had lost its last name is gone. */
  get disk(): PlainFs {
    const disk = fileSystem(this.#world, DISK);
    if (disk.kind !== 'plain') throw new Error('the disk of a recording is a plain file system');
    const inodes = new Map([...disk.inodes].filter(([, held]) => held.links > 0));
    return { ...disk, inodes, pins: new Map() };
  }

  /**
   * One system call by a caller of this effective uid and gid. Of several outcomes it is the first: what a machine does
   * that has memory enough to forget nothing.
   */
  call(call: Call, uid = 0, gid = uid): CallResult {
    const task = taskOf(this.#world);
    const world = this.#world.with([[`task:${CALLER}`, { ...task, uid, gid }]]);
    const [outcome] = step(world, CALLER, call);
    if (outcome === undefined) throw new Error(`${call.op} has no outcome`);
    this.#world = world.with(outcome.writes);
    return outcome.result;
  }

  /** Where a path leads, symlinks followed: the absolute path of the object as the caller writes it, if it is there. */
  follow(path: string): string | null {
    const object = resolve(this.#world, CALLER, path);
    if (failed(object)) return null;
    const { mounts } = namespace(this.#world, NS);
    // A place's path counts from the top of its file system; the caller's from the mounted directory.
    return object.ok.path.slice(mounts.get(object.ok.mount)?.root.length) || '/';
  }

  /** Unmounts and mounts anew; open descriptors are closed first. */
  remount(setup: Setup | { readonly plain: Path }, disk: PlainFs = this.disk): void {
    this.#world = mounted(disk, setup);
  }
}

function taskOf(world: World): Task {
  const task = world.get(`task:${CALLER}`);
  if (task?.kind !== 'task') throw new Error('the caller of a recording has ended');
  return task;
}

function mounted(disk: PlainFs, setup: Setup | { readonly plain: Path }): World {
  const slots = { fs: [DISK, `${CALLER}.0`], ns: [NS], tasks: [CALLER] };
  const base = { kind: 'ns', root: 'root', mounts: new Map([['root', PLAIN_MOUNT]]) } as const;
  const bare = new World(slots, new Map()).with([
    [`fs:${DISK}`, disk],
    [`ns:${NS}`, base],
  ]);
  const draft = new Draft(bare);
  const fs = 'plain' in setup ? DISK : overlayOf(draft, setup);
  const path = 'plain' in setup ? setup.plain : '';
  const pin = `${CALLER}:root`;
  draft.set(`fs:${fs}`, hold(fileSystem(draft, fs), pin, path));
  const union: Mount = { ...PLAIN_MOUNT, fs, root: path, parent: 'root', at: '/mnt' };
  draft.set(`ns:${NS}`, { ...base, mounts: new Map(base.mounts).set('union', union) });
  draft.set(`task:${CALLER}`, {
    kind: 'task',
    ns: NS,
    cwd: null,
    root: { mount: 'union', ns: NS, fs, pin },
    fds: new Map(),
    trees: new Map(),
    home: null,
    uid: 0,
    gid: 0,
    umask: 0,
  });
  return bare.with(draft.writes);
}

function overlayOf(draft: Draft, setup: Setup): FsId {
  const at = (path: Path, name: string): LayerDentry => {
    const place: Dentry = { ns: NS, mount: 'root', fs: DISK, path };
    return { ...place, name };
  };
  const plan = {
    source: 'overlay',
    lowers: setup.lowers.map((path, index) => at(path, `lower${index}`)),
    options: { redirectDir: setup.redirectDir },
    readonly: false,
  };
  const writable = { upper: at(setup.upper ?? '', 'upper'), work: at(setup.work, 'work') };
  const made = createOverlay(draft, CALLER, setup.upper === null ? plan : { ...plan, ...writable });
  // A recording exists only of mounts that the kernel accepted.
  if (failed(made)) throw new MountRefused(made.err);
  return made.ok;
}

/** The model refuses a mount that the kernel of the recording made: a difference to report, with the errno. */
export class MountRefused extends Error {
  override name = 'MountRefused';

  constructor(errno: string) {
    super(`mount: the model says ${errno}, the recording mounted`);
  }
}
