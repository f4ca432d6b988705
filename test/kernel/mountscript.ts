import type { Call, CallResult, LayerPath } from '../../src/kernel/calls.ts';
import { mountTable } from '../../src/kernel/mounttable.ts';
import { tree } from '../../src/kernel/notation.ts';
import { lookup, resolve } from '../../src/kernel/path.ts';
import { step } from '../../src/kernel/step.ts';
import { isOrphan } from '../../src/kernel/tree.ts';
import type { Component, Mount, MountFlag, Namespace, PlainFs, Slot, Task } from '../../src/kernel/types.ts';
import { fileSystem, freeFs, task as taskOf, World } from '../../src/kernel/world.ts';

/**
 * Mount scripts: one short line per call, played on the model and, when they were recorded, on a real kernel. "rshared"
 * is "shared" with MS_REC, "rro" is "ro" with AT_RECURSIVE, "detach" is umount2(MNT_DETACH). A new tmpfs "tN" (N is
 * the number of the line) gets the directories m, m/k and n, the file f, the program x and the device z. A line is what task p does, or the task it
 * names: "q: umount /a". There are p, q and r, each with a namespace of its own from `unshare` to `leave`; "leave T" hands the tree T to
 * the parent.
 */
export class Script {
  world: World = start();
  readonly results: string[] = [];
  /** What the lines come to, for whoever plays them elsewhere. */
  readonly calls: Made[] = [];
  /** Whether a line met a change of a layer below a live overlay. */
  undefined = false;
  /** Whether each namespace's map is turned around between the lines: no answer may depend on its order. */
  readonly #turned: boolean;
  readonly #names = new Map([['base', 'base']]);

  constructor(lines: readonly string[] = [], options: { turned?: boolean } = {}) {
    this.#turned = options.turned ?? false;
    for (const line of lines) this.play(line);
  }

  call(call: Call, task = 'p'): CallResult {
    const [outcome] = step(this.world, task, call);
    if (outcome === undefined) throw new Error(`${call.op} has no outcome`);
    this.undefined ||= outcome.undefined !== undefined;
    this.calls.push({ line: this.results.length, who: task, call });
    this.world = this.world.with(outcome.writes);
    return outcome.result;
  }

  /** The same situation, to try something out. */
  fork(): Script {
    const copy = new Script([], { turned: this.#turned });
    copy.world = this.world;
    copy.results.push(...this.results);
    copy.calls.push(...this.calls);
    for (const [fs, name] of this.#names) copy.#names.set(fs, name);
    return copy;
  }

  /** Plays a line and gives "ok", an errno, or "skip" for a descriptor that is not in the right state for it. */
  play(line: string): string {
    const result = this.#play(line);
    this.results.push(result);
    if (this.#turned) this.world = turned(this.world);
    return result;
  }

  #play(text: string): string {
    const [, who = 'p', line = ''] = /^(?:([pqr]): )?(.*)$/.exec(text) ?? [];
    const [op = '', ...args] = line.split(' ');
    const task = taskOf(this.world, who);
    const isTree = (name: string): boolean => task.trees.has(name);
    const isHeld = (name: string): boolean => isTree(name) || task.fds.has(name);
    const [a = '', b = ''] = args;
    if ((GIVES_NAME.has(op) && isHeld(b)) || (op === 'newtree' && isHeld(a))) return 'skip';
    if (TAKES_TREE.has(op) && !isTree(a)) return 'skip';
    if (TAKES_FILE.has(op) && !task.fds.has(a)) return 'skip';
    if (op === 'unshare' && (task.home !== null || task.trees.size > 0)) return 'skip';
    if (op === 'leave' && (task.home === null || !args.every(isTree))) return 'skip';
    const paths = args.map((arg) => (/^[^@]/.test(arg) ? arg : this.#descriptor(who, arg)));
    if (paths.includes(null)) return 'skip';
    const [from = '', to = '', third = ''] = paths.map((path) => path ?? '');
    if (op === 'tmpfs') return this.#tmpfs(who, from, flagsOf(b));
    if (op === 'overlay' || op === 'overlayw') return this.#overlay(who, op, from, to, third);
    if (op === 'newtree') return this.#newTree(who, a, flagsOf(b));
    const call = callOf(op, from, to);
    if (call === undefined) throw new Error(`"${text}" is no line of a mount script`);
    const result = this.call(call, who);
    return call.op === 'exec' && 'ok' in result && !this.#isProgram(who, call.path) ? 'ENOEXEC' : told(result);
  }

  /** The model does not mind what is in a program. */
  #isProgram(who: string, path: string): boolean {
    const place = resolve(this.world, who, path);
    const inode = 'err' in place ? undefined : lookup(this.world, place.ok.fs, place.ok.path);
    return inode?.type === 'file' && inode.content === PROGRAM;
  }

  /** "@h/m" goes on from the directory that h is open on; null if h is no open directory. */
  #descriptor(who: string, path: string): string | null {
    const [name = '', ...rest] = path.slice(1).split('/');
    const start = `/proc/self/fd/${name}`;
    const place = resolve(this.world, who, start);
    if ('err' in place || lookup(this.world, place.ok.fs, place.ok.path)?.type !== 'dir') return null;
    return [start, ...rest].join('/');
  }

  #tmpfs(who: string, path: string, flags: readonly MountFlag[]): string {
    const free = freeFs(this.world, who);
    const result = this.call({ op: 'mount-tmpfs', path, flags }, who);
    if ('err' in result) return result.err;
    this.#names.set(free, `t${this.results.length + 1}`);
    // What is mounted on "." or "/" cannot be reached by that name.
    if (!flags.includes('ro') && !/(^|\/)\.?$|\/fd\/[^/]*$/.test(path)) this.#fill(who, path);
    return 'ok';
  }

  /** Two lower directories, or one below an upperdir "n" with a workdir "m" in a third directory. */
  #overlay(who: string, op: string, path: string, lower: string, other: string): string {
    const free = freeFs(this.world, who);
    const layer = (at: string): LayerPath => ({ path: at, name: at });
    const layers =
      op === 'overlay'
        ? { lowers: [layer(lower), layer(other)] }
        : { lowers: [layer(lower)], upper: layer(`${other}/n`), work: layer(`${other}/m`) };
    const name = `t${this.results.length + 1}`;
    const result = this.call({ op: 'mount-overlay', path, source: name, ...layers }, who);
    if ('ok' in result) this.#names.set(free, name);
    return told(result);
  }

  /** What a path leads to: the file system by its name in the script, and the place in it. */
  place(who: string, path: string): string | null {
    const place = resolve(this.world, who, path);
    return 'err' in place ? null : `${this.#names.get(place.ok.fs) ?? place.ok.fs} ${place.ok.path}`;
  }

  #newTree(who: string, tree: string, flags: readonly MountFlag[]): string {
    this.#names.set(freeFs(this.world, who), `t${this.results.length + 1}`);
    const result = this.call({ op: 'new-tree', tree, mount: { op: 'mount-tmpfs', flags } }, who);
    if ('ok' in result && !flags.includes('ro')) this.#fill(who, `/proc/self/fd/${tree}`);
    return told(result);
  }

  #fill(who: string, path: string): void {
    const make = (call: Call): CallResult => this.call(call, who);
    for (const name of ['m', 'm/k', 'n']) make({ op: 'mkdir', path: `${path}/${name}`, mode: 0o755 });
    make({ op: 'write', path: `${path}/f`, data: '', mode: 0o644 });
    make({ op: 'write', path: `${path}/x`, data: PROGRAM, mode: 0o755 });
    make({ op: 'chown', path: `${path}/x`, uid: 7, gid: 5 });
    make({ op: 'chmod', path: `${path}/x`, mode: 0o6755 });
    make({ op: 'mknod', path: `${path}/z`, type: 'chr', mode: 0o644, rdev: [1, 3] });
  }

  /**
   * The mounts below / of all namespaces, "AT SOURCE [root=ROOT] [FLAGS] PROPAGATION", parents first; peer groups are numbered
   * as they appear, and the lines of a child's namespace begin with "child:", those of q and r with "q:" and "r:".
   */
  table({ whole = false } = {}): readonly string[] {
    const lines = (['host', 'p', 'q', 'r'] as const).flatMap((ns) => {
      if (this.world.get(`ns:${ns}`) === null) return [];
      return mountTable(this.world, ns)
        .slice(whole ? 0 : 1)
        .map(({ at, fs, root: shown, flags, propagation }) => {
          const rootText = shown === '' ? '' : ` root=${isOrphan(shown) ? 'removed' : shown}`;
          const superblock = whole && fileSystem(this.world, fs).readonly ? ' superblock=ro' : '';
          const what = `${this.#names.get(fs) ?? fs}${superblock}${rootText}${flags.map((flag) => ` ${flag}`).join('')}`;
          return `${PREFIX[ns]}${at} ${what} ${propagation}`;
        });
    });
    return numbered(lines);
  }
}

/** The same lines with peer groups numbered as they appear. */
export function numbered(lines: readonly string[]): readonly string[] {
  const groups = new Map<string, number>();
  const number = (group: string): number => groups.get(group) ?? groups.set(group, groups.size + 1).size;
  return lines.map((line) => line.replace(/(shared|master):(\S+)/g, (_, kind, group) => `${kind}:${number(group)}`));
}

/** A call, by the number of its line. */
export interface Made {
  readonly line: number;
  readonly who: string;
  readonly call: Call;
}
/** The content that stands for a program that tells as whom it runs. */
export const PROGRAM = 'program';

export const PREFIX = { host: '', p: 'child:', q: 'q:', r: 'r:' } as const;
/** Lines that open something under a name, or need a name that is held. */
const GIVES_NAME = new Set(['open', 'openw', 'openp', 'opentree', 'clone', 'rclone']);
const TAKES_TREE = new Set(['movetree', 'treebeneath', 'closetree']);
const TAKES_FILE = new Set(['close', 'fdls']);

/** "ok", an errno, or after "=" what a call of a script can find out. */
export function told(result: CallResult): string {
  if ('err' in result) return result.err;
  const value = result.ok;
  if (value === null) return 'ok';
  if (Array.isArray(value)) return `=${value.map((entry) => (Array.isArray(entry) ? entry[0] : entry)).join(',')}`;
  if (typeof value !== 'object') return `=${value}`;
  if ('type' in value) return `=${KINDS.get(value.type) ?? 'other'} ${value.mode.toString(8)} ${value.nlink}`;
  return 'uid' in value ? `=${value.uid}:${value.gid}` : 'ok';
}
const KINDS = new Map<string, string>([
  ['dir', 'dir'],
  ['file', 'file'],
]);

const FLAGS: readonly MountFlag[] = ['ro', 'nosuid', 'nodev', 'noexec', 'noatime'];
const flagsOf = (text: string): readonly MountFlag[] => FLAGS.filter((flag) => text.split(',').includes(flag));

const PROPAGATION = /^(r?)(shared|slave|private|unbindable)$/;

function callOf(op: string, a: string, b: string): Call | undefined {
  const [, recursive, to] = PROPAGATION.exec(op) ?? [];
  if (to === 'shared' || to === 'slave' || to === 'private' || to === 'unbindable')
    return { op: 'mount-propagation', path: a, to, recursive: recursive === 'r' };
  return mountCallOf(op, a, b) ?? flagCallOf(op, a, b) ?? fileCallOf(op, a, b);
}

function mountCallOf(op: string, a: string, b: string): Call | undefined {
  const calls: Record<string, Call> = {
    bind: { op: 'mount-bind', from: a, path: b },
    rbind: { op: 'mount-bind', from: a, path: b, recursive: true },
    move: { op: 'mount-move', from: a, path: b },
    beneath: { op: 'mount-move', from: a, path: b, beneath: true },
    umount: { op: 'umount', path: a },
    detach: { op: 'umount', path: a, detach: true },
    umountnf: { op: 'umount', path: a, nofollow: true },
    opentree: { op: 'open-tree', path: a, tree: b },
    clone: { op: 'open-tree', path: a, tree: b, private: false, recursive: false },
    rclone: { op: 'open-tree', path: a, tree: b, private: false },
    movetree: { op: 'move-tree', tree: a, path: b },
    treebeneath: { op: 'move-tree', tree: a, path: b, beneath: true },
    closetree: { op: 'close-tree', tree: a },
    unshare: { op: 'unshare' },
    leave: { op: 'leave', status: 0, ...(a === '' ? {} : { trees: [a] }) },
  };
  return calls[op];
}

function flagCallOf(op: string, a: string, b: string): Call | undefined {
  const calls: Record<string, Call> = {
    ro: { op: 'mount-flags', path: a, set: ['ro'] },
    rw: { op: 'mount-flags', path: a, set: [], clear: ['ro'] },
    rro: { op: 'mount-flags', path: a, set: ['ro'], recursive: true },
    rrw: { op: 'mount-flags', path: a, set: [], clear: ['ro'], recursive: true },
    set: { op: 'mount-flags', path: a, set: flagsOf(b) },
    rset: { op: 'mount-flags', path: a, set: flagsOf(b), recursive: true },
    clear: { op: 'mount-flags', path: a, set: [], clear: flagsOf(b) },
    rclear: { op: 'mount-flags', path: a, set: [], clear: flagsOf(b), recursive: true },
    remount: { op: 'mount-remount', path: a, flags: flagsOf(b) },
    bremount: { op: 'mount-remount', path: a, flags: flagsOf(b), bind: true },
  };
  return calls[op];
}

function fileCallOf(op: string, a: string, b: string): Call | undefined {
  const calls: Record<string, Call> = {
    open: { op: 'open', path: a, flags: ['O_RDONLY'], fd: b },
    openw: { op: 'open', path: a, flags: ['O_WRONLY'], fd: b },
    openp: { op: 'open', path: a, flags: ['O_PATH'], fd: b },
    close: { op: 'fdclose', fd: a },
    chdir: { op: 'chdir', path: a },
    rmdir: { op: 'rmdir', path: a },
    unlink: { op: 'unlink', path: a },
    mkdir: { op: 'mkdir', path: a, mode: 0o755 },
    rename: { op: 'rename', from: a, to: b },
    xchg: { op: 'rename', from: a, to: b, flags: ['EXCHANGE'] },
    link: { op: 'link', from: a, to: b },
    chmod: { op: 'chmod', path: a, mode: Number.parseInt(b, 8) },
    write: { op: 'write', path: a, data: b, mode: 0o644 },
    cat: { op: 'read', path: a },
    stat: { op: 'lstat', path: a },
    ls: { op: 'readdir', path: a },
    fdls: { op: 'fdreaddir', fd: a },
    exec: { op: 'exec', path: a },
  };
  return calls[op];
}

/** What is on the tmpfs "base": the directories a, b, c and d, each with m, m/k, n and the program x in it, and the file f. */
export const BEGINNING: PlainFs = tree`
    a/
      m/
        k/
      n/
      x "program" 06755 7:5
    b/
      m/
        k/
      n/
      x "program" 06755 7:5
    c/
      m/
        k/
      n/
      x "program" 06755 7:5
    d/
      m/
        k/
      n/
      x "program" 06755 7:5
    f ""`;

function start(): World {
  const root: Mount = {
    fs: 'base',
    root: '',
    parent: null,
    at: '',
    flags: [],
    shared: null,
    master: null,
    unbindable: false,
  };
  const host: Namespace = { kind: 'ns', root: 'root', mounts: new Map([['root', root]]) };
  const tasks = ['p', 'q', 'r'];
  const fs = ['base', ...tasks.flatMap((task) => Array.from({ length: 30 }, (_, index) => `${task}.${index}`))];
  return new World(
    { fs, ns: ['host', ...tasks], tasks: [...tasks, 'init'] },
    new Map<Slot, Component>([
      ['fs:base', BEGINNING],
      ['ns:host', host],
      ...tasks.map((task) => [`task:${task}`, ROOT_TASK] as const),
      ['task:init', ROOT_TASK],
    ]),
  );
}

export const ROOT_TASK: Task = {
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

function turned(world: World): World {
  return world.with(
    world.slots.ns.flatMap((id) => {
      const ns = world.get(`ns:${id}`);
      return ns?.kind === 'ns' ? [[`ns:${id}`, { ...ns, mounts: new Map([...ns.mounts].reverse()) }] as const] : [];
    }),
  );
}
