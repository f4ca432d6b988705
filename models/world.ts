/** Worlds that scenarios start from: drawn trees, the mounts of a booted system, and the slots of their processes. */
import type { ImageClass } from '../src/input/imageclass.ts';
import { tree } from '../src/kernel/notation.ts';
import type { Component, FsId, Mount, Namespace, PlainFs, Slot, Task, TaskId } from '../src/kernel/types.ts';
import { type Read, type Slots, World } from '../src/kernel/world.ts';
import { type LinuxCall, type Program, runAlone, start } from '../src/program/linux.ts';
import type { Choice } from './scenario.ts';
import { must } from './systemd/call.ts';
import { type Invocation, invoke } from './systemd/invocation.ts';
import { OBSERVER, QUESTIONS } from './systemd/questions.ts';
import { merge } from './systemd/verbs.ts';
import { behavioursOf, systemd } from './systemd/versions.ts';

/** A mount that is there from the start: a tmpfs, or a bind of a path of the root file system. */
export interface Submount {
  readonly at: string;
  readonly bind?: string;
  readonly tmpfs?: PlainFs;
}

/** A system before its processes run. */
export interface Machine {
  /** The root file system, drawn. */
  readonly root: PlainFs;
  /** What is on /run besides what the mounts put there; nothing by default. */
  readonly run?: PlainFs;
  /** File systems that nothing shows yet: images, partitions. */
  readonly devices?: Readonly<Record<FsId, PlainFs>>;
  /** Further mounts. */
  readonly mounts?: readonly Submount[];
  /** Every process that will ever run, with the number of file systems (tmpfs, overlays) it may have at one time. */
  readonly processes: Readonly<Record<TaskId, number>>;
}

const ROOT_TASK: Task = {
  kind: 'task',
  ns: 'host',
  cwd: null,
  root: null,
  fds: new Map(),
  trees: new Map(),
  home: null,
  uid: 0,
  gid: 0,
  umask: 0o022,
};

const mount = (fs: FsId, root: string, parent: string | null, at: string, group: string): Mount => ({
  fs,
  root,
  parent,
  at,
  flags: [],
  shared: group,
  master: null,
  unbindable: false,
});

/** Builds the world: / and /run as systemd makes them (shared mounts, /run a tmpfs), then the mounts asked for. */
export function build(machine: Machine): World {
  const values = new Map<Slot, Component>();
  const fs: FsId[] = ['root', 'run', ...Object.keys(machine.devices ?? {})];
  values.set('fs:root', machine.root);
  values.set('fs:run', { ...(machine.run ?? tree``), type: 'tmpfs' });
  for (const [id, value] of Object.entries(machine.devices ?? {})) values.set(`fs:${id}`, value);

  const mounts = new Map<string, Mount>([
    ['root', mount('root', '', null, '', 'root')],
    ['run', mount('run', '', 'root', '/run', 'run')],
  ]);
  (machine.mounts ?? []).forEach(({ at, bind, tmpfs }, index) => {
    const id = `mnt${index}`;
    if (tmpfs !== undefined) {
      fs.push(id);
      values.set(`fs:${id}`, { ...tmpfs, type: 'tmpfs' });
    }
    mounts.set(id, mount(tmpfs === undefined ? 'root' : id, bind ?? '', 'root', at, id));
  });
  const host: Namespace = { kind: 'ns', root: 'root', mounts };
  values.set('ns:host', host);
  values.set(`task:${OBSERVER}`, ROOT_TASK);

  const tasks: TaskId[] = [OBSERVER];
  for (const [name, count] of Object.entries(machine.processes)) {
    tasks.push(name);
    values.set(`task:${name}`, ROOT_TASK);
    for (let index = 0; index < count; index++) fs.push(`${name}.${index}`);
  }
  const slots: Slots = { fs, ns: ['host', ...Object.keys(machine.processes)], tasks };
  return new World(slots, values);
}

export { tree };

/** How the tool is invoked under the common options. */
export const invocation = (
  { systemd: version, behaviours, mutable }: Choice,
  imageClass: ImageClass = 'confext',
): Invocation => invoke(imageClass, systemd(version, behavioursOf(behaviours)), { mutable });

/** Merges at boot; then an administrator makes some more calls. */
function* boot(run: Invocation, then: readonly LinuxCall[]): Program {
  yield* merge(run);
  for (const call of then) yield* must('then', call);
}

/** The world after the process "boot" has merged, and after an administrator then did some more. */
export const merged = (world: Read, run: Invocation, then: readonly LinuxCall[] = []): Read =>
  runAlone(world, { name: 'boot', program: start(boot, run, then) }, QUESTIONS).world;
