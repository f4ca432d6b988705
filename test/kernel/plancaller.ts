import type { Call, CallResult } from '../../src/kernel/calls.ts';
import { parseTree } from '../../src/kernel/notation.ts';
import { step } from '../../src/kernel/step.ts';
import type { Component, Slot } from '../../src/kernel/types.ts';
import { World } from '../../src/kernel/world.ts';
import { mountOf, taskOf } from './bench.ts';

/** A caller on a tmpfs that is mounted on /. */
export class Caller {
  world: World;
  uncertain: string | undefined;

  constructor(disk: string) {
    const slots = {
      fs: ['disk', ...Array.from({ length: 6 }, (_, index) => `t.${index}`)],
      ns: ['main'],
      tasks: ['t'],
    };
    const values = new Map<Slot, Component>([
      ['fs:disk', { ...parseTree(disk), type: 'tmpfs' }],
      ['ns:main', { kind: 'ns', root: 'root', mounts: new Map([['root', mountOf('disk')]]) }],
      ['task:t', taskOf(0)],
    ]);
    this.world = new World(slots, values);
  }

  call(call: Call, uid = 0): CallResult {
    const [outcome] = step(this.world.with([['task:t', this.#as(uid)]]), 't', call);
    if (outcome === undefined) throw new Error(`${call.op} has no outcome`);
    this.uncertain = outcome.undefined;
    this.world = this.world.with(outcome.writes);
    return outcome.result;
  }

  #as(uid: number): Component {
    const task = this.world.get('task:t');
    return task?.kind === 'task' ? { ...task, uid, gid: uid } : task;
  }
}
