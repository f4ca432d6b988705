import type { Call, CallResult } from '../../src/kernel/calls.ts';
import { find, list } from '../../src/kernel/lookup.ts';
import { parseTree, printDirectory, printTree } from '../../src/kernel/notation.ts';
import { createOverlay, type LayerDentry } from '../../src/kernel/overlaymount.ts';
import { step } from '../../src/kernel/step.ts';
import { directory, file, plainFs } from '../../src/kernel/tree.ts';
import {
  type Component,
  type Errno,
  type FsId,
  failed,
  type Inode,
  type Mount,
  type Outcome,
  type OverlayOptions,
  type PlainFs,
  type Result,
  type Slot,
  type Task,
} from '../../src/kernel/types.ts';
import { Draft, fileSystem, World } from '../../src/kernel/world.ts';

/** A small world for tests: one disk mounted on /, a root task "t", a task "user" (1000:1000), and what is mounted besides. */

export const mountOf = (fs: FsId, over: Partial<Mount> = {}): Mount => ({
  fs,
  root: '',
  parent: null,
  at: '',
  flags: [],
  shared: null,
  master: null,
  unbindable: false,
  ...over,
});

export const taskOf = (uid: number): Task => ({
  kind: 'task',
  ns: 'main',
  cwd: null,
  root: null,
  fds: new Map(),
  trees: new Map(),
  home: null,
  uid,
  gid: uid,
  umask: 0,
});

/** How an overlay is mounted: names of directories in the root of the disk, lowers top to bottom. */
export interface Layers {
  readonly lowers: readonly string[];
  readonly upper?: string;
  readonly redirectDir?: OverlayOptions['redirectDir'];
}

export class Bench {
  world: World;
  last: Outcome<CallResult> | undefined;

  constructor(disk: PlainFs | string, over: { readonly mounts?: Readonly<Record<string, Mount>> } = {}) {
    const root = typeof disk === 'string' ? parseTree(disk) : disk;
    const mounts = new Map([['root', mountOf('disk')], ...Object.entries(over.mounts ?? {})]);
    const values = new Map<Slot, Component>([
      ['fs:disk', root],
      ['fs:other', plainFs()],
      ['ns:main', { kind: 'ns', root: 'root', mounts }],
      ['task:t', taskOf(0)],
      ['task:user', taskOf(1000)],
    ]);
    const slots = { fs: ['disk', 'other', 't.0', 't.1', 't.2'], ns: ['main', 'second'], tasks: ['t', 'user'] };
    this.world = new World(slots, values);
  }

  /** Mounts an overlay of directories of the disk on /mnt; the errno where it is refused. */
  overlay({ lowers, upper, redirectDir = 'off' }: Layers): Result<FsId> {
    const draft = new Draft(this.world);
    const at = (name: string): LayerDentry => ({ ns: 'main', mount: 'root', fs: 'disk', path: `/${name}`, name });
    const id = createOverlay(draft, 't', {
      source: 'overlay',
      lowers: lowers.map(at),
      ...(upper === undefined ? {} : { upper: at(upper), work: at('work') }),
      options: { redirectDir },
      readonly: false,
    });
    if (failed(id)) return id;
    const ns = draft.get('ns:main');
    if (ns?.kind !== 'ns') throw new Error('the test world has its namespace');
    const mounts = new Map(ns.mounts).set(`on ${id.ok}`, mountOf(id.ok, { parent: 'root', at: '/mnt' }));
    draft.set('ns:main', { ...ns, mounts });
    this.world = this.world.with(draft.writes);
    return id;
  }

  /** Makes a call; the world goes on from its only outcome. */
  call(call: Call, task = 't'): CallResult {
    const [outcome] = step(this.world, task, call);
    if (outcome === undefined) throw new Error('a call has an outcome');
    this.last = outcome;
    this.world = this.world.with(outcome.writes);
    return outcome.result;
  }

  /** Makes calls that must succeed. */
  run(...calls: readonly Call[]): this {
    for (const call of calls) {
      const result = this.call(call);
      if (failed(result)) throw new Error(`${JSON.stringify(call)} gave ${result.err}`);
    }
    return this;
  }

  /** The errno of a call, or "ok". */
  errno(call: Call, task = 't'): Errno | 'ok' {
    const result = this.call(call, task);
    return failed(result) ? result.err : 'ok';
  }

  plain(id: FsId = 'disk'): PlainFs {
    const fs = fileSystem(this.world, id);
    if (fs.kind !== 'plain') throw new Error(`${id} is no plain file system`);
    return fs;
  }

  /** A directory of the disk, drawn. */
  drawn(path = ''): string {
    return path === '' ? printTree(this.plain()) : printDirectory(this.plain(), path);
  }

  /** What a file system shows, drawn; hard links as separate files, stray whiteouts as "ghost" files. */
  shown(id: FsId): string {
    const copy = (path: string): Inode => {
      const inode = find(this.world, id, path);
      if (failed(inode)) return file('ghost');
      if (inode.ok.type !== 'dir') return inode.ok;
      return {
        ...inode.ok,
        entries: new Map(list(this.world, id, path).map((name) => [name, copy(`${path}/${name}`)])),
      };
    };
    const root = copy('');
    return printTree(plainFs(root.type === 'dir' ? root : directory()));
  }
}

/** Draws again what was drawn, so that expectations may be indented as the test is. */
export const canonical = (text: string): string => printTree(parseTree(text));
