import type { Call, CallResult } from '../../src/kernel/calls.ts';
import { mountTable } from '../../src/kernel/mounttable.ts';
import { tree } from '../../src/kernel/notation.ts';
import { step } from '../../src/kernel/step.ts';
import type { Component, Mount, Namespace, Slot, Task } from '../../src/kernel/types.ts';
import { World } from '../../src/kernel/world.ts';

/**
 * Mount scripts: one short line per call, played on the model and, when they were recorded, on a real kernel. "rshared"
 * is "shared" with MS_REC, "rro" is "ro" with AT_RECURSIVE, "detach" is umount2(MNT_DETACH). A new tmpfs "tN" (N is
 * the number of the line) gets the directories m, m/k and n and the file f.
 */
export class Script {
  world: World = start();
  readonly results: string[] = [];
  /** Whether each namespace's map is turned around between the lines: no answer may depend on its order. */
  readonly #turned: boolean;
  readonly #names = new Map([['base', 'base']]);

  constructor(lines: readonly string[] = [], options: { turned?: boolean } = {}) {
    this.#turned = options.turned ?? false;
    for (const line of lines) this.play(line);
  }

  call(call: Call): CallResult {
    const [outcome] = step(this.world, 'p', call);
    if (outcome === undefined) throw new Error(`${call.op} has no outcome`);
    this.world = this.world.with(outcome.writes);
    return outcome.result;
  }

  /** Plays a line and gives "ok", an errno, or "skip" for a descriptor that is not in the right state for it. */
  play(line: string): string {
    const result = this.#play(line);
    this.results.push(result);
    if (this.#turned) this.world = turned(this.world);
    return result;
  }

  #play(line: string): string {
    const [op = '', a = '', b = ''] = line.split(' ');
    if (op === 'tmpfs') return this.#tmpfs(a);
    const task = this.world.get('task:p');
    const holds = (name: string): boolean => task?.kind === 'task' && (task.fds.has(name) || task.trees.has(name));
    if (['open', 'openw', 'opentree'].includes(op) && holds(b)) return 'skip';
    if (['close', 'movetree', 'closetree'].includes(op) && !holds(a)) return 'skip';
    const call = callOf(op, a, b);
    if (call === undefined) throw new Error(`"${line}" is no line of a mount script`);
    const result = this.call(call);
    return 'err' in result ? result.err : 'ok';
  }

  #tmpfs(path: string): string {
    const free = this.world.slots.fs.find((id) => this.world.get(`fs:${id}`) === null) ?? '';
    const result = this.call({ op: 'mount-tmpfs', path });
    if ('err' in result) return result.err;
    this.#names.set(free, `t${this.results.length + 1}`);
    for (const name of ['m', 'm/k', 'n']) this.call({ op: 'mkdir', path: `${path}/${name}`, mode: 0o755 });
    this.call({ op: 'write', path: `${path}/f`, data: '' });
    return 'ok';
  }

  /**
   * The mounts below / of both namespaces, "AT SOURCE[root=ROOT] [ro] PROPAGATION", parents first; peer groups are numbered
   * as they appear, and the lines of the child's namespace begin with "child:".
   */
  table(): readonly string[] {
    const groups = new Map<string, number>();
    const number = (group: string): number => groups.get(group) ?? groups.set(group, groups.size + 1).size;
    const lines = (['host', 'p'] as const).flatMap((ns) => {
      if (this.world.get(`ns:${ns}`) === null) return [];
      return mountTable(this.world, ns)
        .slice(1)
        .map(({ at, fs, root, flags, propagation }) => {
          const where = ns === 'host' ? at : `child:${at}`;
          const what = `${this.#names.get(fs) ?? fs}${root === '' ? '' : ` root=${root}`}${flags.includes('ro') ? ' ro' : ''}`;
          const groupsText = propagation.replace(
            /(shared|master):(\S+)/g,
            (_, kind, group) => `${kind}:${number(group)}`,
          );
          return `${where} ${what} ${groupsText}`;
        });
    });
    return lines;
  }
}

const PROPAGATION = /^(r?)(shared|slave|private|unbindable)$/;

function callOf(op: string, a: string, b: string): Call | undefined {
  const [, recursive, to] = PROPAGATION.exec(op) ?? [];
  if (to === 'shared' || to === 'slave' || to === 'private' || to === 'unbindable')
    return { op: 'mount-propagation', path: a, to, recursive: recursive === 'r' };
  const calls: Record<string, Call> = {
    bind: { op: 'mount-bind', from: a, path: b },
    rbind: { op: 'mount-bind', from: a, path: b, recursive: true },
    move: { op: 'mount-move', from: a, path: b },
    umount: { op: 'umount', path: a },
    detach: { op: 'umount', path: a, detach: true },
    ro: { op: 'mount-flags', path: a, set: ['ro'] },
    rw: { op: 'mount-flags', path: a, set: [], clear: ['ro'] },
    rro: { op: 'mount-flags', path: a, set: ['ro'], recursive: true },
    rrw: { op: 'mount-flags', path: a, set: [], clear: ['ro'], recursive: true },
    open: { op: 'open', path: a, flags: ['O_RDONLY'], fd: b },
    openw: { op: 'open', path: a, flags: ['O_WRONLY'], fd: b },
    close: { op: 'fdclose', fd: a },
    chdir: { op: 'chdir', path: a },
    opentree: { op: 'open-tree', path: a, tree: b },
    movetree: { op: 'move-tree', tree: a, path: b },
    closetree: { op: 'close-tree', tree: a },
    unshare: { op: 'unshare' },
    leave: { op: 'leave', status: 0 },
    rmdir: { op: 'rmdir', path: a },
    mkdir: { op: 'mkdir', path: a, mode: 0o755 },
    rename: { op: 'rename', from: a, to: b },
  };
  return calls[op];
}

/** One tmpfs "base" on / with the directories a, b, c and d, each with m, m/k and n in it, and the file f. */
function start(): World {
  const base = tree`
    a/
      m/
        k/
      n/
    b/
      m/
        k/
      n/
    c/
      m/
        k/
      n/
    d/
      m/
        k/
      n/
    f ""`;
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
  const fs = ['base', ...Array.from({ length: 30 }, (_, index) => `p.${index}`)];
  return new World(
    { fs, ns: ['host', 'p'], tasks: ['p', 'init'] },
    new Map<Slot, Component>([
      ['fs:base', base],
      ['ns:host', host],
      ['task:p', ROOT_TASK],
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
