import { type Invocation, parseCommand, Refused, type Verb } from '../../models/systemd/invocation.ts';
import { Log, type Outcome } from '../../models/systemd/outcome.ts';
import { QUESTIONS } from '../../models/systemd/questions.ts';
import { VERB_PROGRAMS } from '../../models/systemd/verbs.ts';
import type { Systemd } from '../../models/systemd/versions.ts';
import { build, tree } from '../../models/world.ts';
import type { ImageClass } from '../input/imageclass.ts';
import type { Call, CallResult } from '../kernel/calls.ts';
import { step } from '../kernel/step.ts';
import type { Component, Directory, Entry, FsId, Slot, TaskId } from '../kernel/types.ts';
import { task as taskOf, type World } from '../kernel/world.ts';
import { run } from '../program/linux.ts';

/**
 * The machine that systemd vectors were recorded on: a bare root, an administrator who makes calls and looks around, and the
 * tool, a new process for every verb.
 */

/** Who makes the calls of the recorder, and who runs the tool. */
export const ADMIN: TaskId = 'admin';
const TOOL: TaskId = 'tool';

/** File systems that the tool and the administrator may have at one time: tmpfs, overlays. */
const ROOM = { [ADMIN]: 64, [TOOL]: 128 };

/** The bare root before the setup. What is in /usr beside the release file nobody looks at. */
const ROOT = tree`
  etc/
  opt/
  run/
  srv/
  tmp/
  usr/
    lib/
      os-release "ID=testos\nVERSION_ID=1\n"
  var/
    lib/
`;

/** One call of the tool. */
export interface Command {
  readonly imageClass: ImageClass;
  readonly verb: Verb;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

export class SystemdMachine {
  readonly #systemd: Systemd;
  #world: World;
  #births = 0;

  constructor(systemd: Systemd) {
    this.#systemd = systemd;
    this.#world = build({ root: { ...ROOT, type: 'tmpfs' }, processes: ROOM });
    this.#set([[`task:${ADMIN}`, { ...taskOf(this.#world, ADMIN), umask: 0 }]]);
  }

  /** The machine as it is at the moment. */
  get world(): World {
    return this.#world;
  }

  #set(writes: readonly (readonly [Slot, Component])[]): void {
    this.#world = this.#world.with(writes);
  }

  /** A call of the administrator. */
  call(call: Call): CallResult {
    return this.#step(ADMIN, call);
  }

  /** A process that runs the tool, from its start to its end. */
  verb({ imageClass, verb, args, env, cwd }: Command): Outcome {
    const invocation = this.#invocation(imageClass, args, env);
    if (invocation === null) return new Log().outcome('error:EINVAL');
    this.#nameDirectories();
    const fresh = taskOf(this.#world, TOOL);
    const inside = this.#step(TOOL, { op: 'chdir', path: cwd });
    if ('err' in inside) throw new Error(`the working directory ${cwd} of a verb: ${inside.err}`);
    const ran = run(this.#world, TOOL, VERB_PROGRAMS[verb](invocation), QUESTIONS);
    this.#set(ran.writes);
    this.#step(TOOL, { op: 'exit' });
    this.#set([[`task:${TOOL}`, fresh]]);
    return ran.value;
  }

  #invocation(imageClass: ImageClass, args: readonly string[], env: Command['env']): Invocation | null {
    try {
      return { ...parseCommand(imageClass, this.#systemd, args, env), noReload: true, architecture: 'x86-64' };
    } catch (reason) {
      if (reason instanceof Refused) return null;
      throw reason;
    }
  }

  #step(task: TaskId, call: Call): CallResult {
    const [outcome] = step(this.#world, task, call);
    if (outcome === undefined) throw new Error(`${call.op} has no outcome`);
    this.#set(outcome.writes);
    return outcome.result;
  }

  /** Every directory is one of its own, as inode numbers and times of birth tell systemd: those that are new get a name. */
  #nameDirectories(): void {
    for (const id of ['root', 'run', ...this.#world.slots.fs.filter((fs) => fs.startsWith(`${ADMIN}.`))])
      this.#nameIn(id);
  }

  #nameIn(id: FsId): void {
    const fs = this.#world.get(`fs:${id}`);
    if (fs?.kind !== 'plain') return;
    const root = this.#named(fs.root);
    if (root !== fs.root) this.#set([[`fs:${id}`, { ...fs, root }]]);
  }

  #named(dir: Directory): Directory {
    let changed = dir.birth === undefined;
    const entries = new Map<string, Entry>();
    for (const [name, entry] of dir.entries) {
      const named = entry.type === 'dir' ? this.#named(entry) : entry;
      if (named !== entry) changed = true;
      entries.set(name, named);
    }
    return changed ? { ...dir, entries, birth: dir.birth ?? `b${++this.#births}` } : dir;
  }
}
