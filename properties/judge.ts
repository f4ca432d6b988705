/** From a system and the catalogue to a model, its properties and their verdicts. */

import type { System } from '../models/scenario.ts';
import { STATUS } from '../models/systemd/names.ts';
import { isOurs, OBSERVER, QUESTIONS } from '../models/systemd/questions.ts';
import { perform } from '../models/systemd/verbs.ts';
import type { Options, Report } from '../src/checker/model.ts';
import type { Value } from '../src/kernel/calls.ts';
import { isWhiteout } from '../src/kernel/lookup.ts';
import { lookup, resolve } from '../src/kernel/path.ts';
import { isOrphan, pinned } from '../src/kernel/tree.ts';
import { failed } from '../src/kernel/types.ts';
import { dataOf, rawView } from '../src/kernel/view.ts';
import { Draft, fileSystem, type Read, task as taskOf } from '../src/kernel/world.ts';
import {
  type LinuxModel,
  type LinuxProperty,
  linux,
  type Moment,
  type Monitor,
  monitor,
  runAlone,
  type Step,
  start,
} from '../src/program/linux.ts';
import type { Property } from './catalogue.ts';
import {
  acknowledge,
  begin,
  end,
  type Ledger,
  rawSights,
  type Sight,
  sights,
  type Written,
  written,
} from './ledger.ts';
import { Scene } from './scene.ts';

/** A system made ready for the search. */
export interface Judged {
  readonly model: LinuxModel;
  readonly ledger: Monitor<Ledger>;
  /** A moment of a run as the properties see it. */
  scene(moment: Moment): Scene;
  /** Searches, and judges the properties; each comes with a witness named "NAME: witness". */
  check(properties: readonly Property[], options?: Options): Report<number, Step>;
}

export function judge(system: System): Judged {
  const ledger = ledgerOf(system);
  const model = linux({ world: system.world, processes: system.processes, monitors: [ledger], questions: QUESTIONS });
  const scene = (moment: Moment): Scene =>
    new Scene(
      moment.world,
      system.hierarchies,
      () => moment.recall(ledger),
      () => system.processes.every((process) => !moment.busy(process.name)),
      () => (Object.keys(system.tools).every((name) => moment.over(name)) ? refreshed(system, moment.world) : null),
    );
  return {
    model,
    ledger,
    scene,
    check: (properties, options) =>
      model.check(
        properties.flatMap((property) => adapt(property, system, scene)),
        options,
      ),
  };
}

/** The world after each tool has refreshed once more. */
function refreshed(system: System, world: Read): Read {
  let now = withRoom(world, Object.keys(system.tools));
  for (const [name, invocation] of Object.entries(system.tools)) {
    const draft = new Draft(now);
    draft.set(`task:${name}`, system.world.get(`task:${name}`)); // it has ended; another process is as it was
    const program = start(perform, 'refresh', { ...invocation, parallel: false, locksImages: false });
    now = runAlone(draft, { name, program }, QUESTIONS).world;
  }
  return now;
}

/** The same world with room for what one more run of each tool makes, beside what the search has room for. */
function withRoom(world: Read, tools: readonly string[]): Read {
  const more = tools.flatMap((name) => ['again1', 'again2', 'again3', 'again4'].map((slot) => `${name}.${slot}`));
  const added = new Set(more.map((id) => `fs:${id}`));
  return {
    slots: { ...world.slots, fs: [...world.slots.fs, ...more] },
    get: (slot) => (added.has(slot) ? null : world.get(slot)),
    remembers: world.remembers,
  };
}

export const witnessOf = (property: Property): string => `${property.name}: witness`;

/** One property of the catalogue as the checker wants it, with its witness. Steps of the tool itself are nobody's observation. */
function adapt(property: Property, system: System, scene: (moment: Moment) => Scene): readonly LinuxProperty[] {
  const { onStep, inState, met } = property;
  const others = (step: Step): boolean => system.tools[step.process] === undefined;
  const base = {
    name: property.name,
    kind: 'always' as const,
    witnesses: [witnessOf(property)],
    damaged: (now: Moment, subject: string) => property.damaged(scene(now), subject),
  };
  const witness: LinuxProperty =
    'onStep' in met
      ? {
          name: witnessOf(property),
          kind: 'sometimes',
          over: 'step',
          check: (before, step) => others(step) && met.onStep(step, scene(before)),
        }
      : { name: witnessOf(property), kind: 'sometimes', over: 'state', check: (now) => met.inState(scene(now)) };
  if (onStep !== undefined) {
    return [
      {
        ...base,
        over: 'step',
        check: (before, step, after) => (others(step) ? onStep(step, scene(before), scene(after)) : []),
      },
      witness,
    ];
  }
  if (inState === undefined) throw new Error(`${property.name} says neither what a step nor what a state may break`);
  return [{ ...base, over: 'state', check: (now) => inState(scene(now)) }, witness];
}

/** The ledger starts with what everyone sees before anything runs. */
function ledgerOf(system: System): Monitor<Ledger> {
  const first = new Scene(
    system.world,
    system.hierarchies,
    () => initial,
    () => true,
  );
  const expected = new Map([...sights(first.view)].map(([path, sight]) => [path, [sight]]));
  const initial: Ledger = {
    expected,
    acknowledged: new Map(),
    run: 'none',
    verb: null,
    unmerged: false,
    submounts: first.submounts,
    host: rawSights(new Map(system.hierarchies.flatMap((h) => [...rawView(system.world, 'root', h)]))),
  };
  return monitor('ledger', initial, (past: Ledger, before: Moment, step: Step, after: Moment) =>
    next(system, past, before, step, after),
  );
}

function next(system: System, past: Ledger, before: Moment, step: Step, after: Moment): Ledger {
  const invocation = system.tools[step.process];
  const { call } = step;
  if (invocation === undefined) {
    const writes = writtenBy(system, before.world, after.world, step);
    const known = acknowledge(
      past,
      step,
      writes.filter(({ path }) => isInside(system, path)),
    );
    return withMounts(system, known, step);
  }
  if (step.killed !== undefined) return { ...past, run: 'failed', verb: null }; // killed: both views stay right
  if (call.op === 'ask' && call.question === 'discover') return started(system, past, before.world, step, call.args[0]);
  // An unmerge asks for nothing that could fail before it forks.
  const unmerges = call.op === 'unshare' || (call.op === 'ask' && call.question === 'chase' && step.at === 'U3');
  // With two tools at once, the run of one can be over while the other is in the middle of its own.
  const begins = unmerges && past.run !== 'running' && taskOf(before.world, step.process).home === null;
  if (begins) return started(system, past, before.world, step, 'unmerge');
  const ended = (success: boolean): Ledger => ({
    ...end(past, success),
    unmerged: !system.hierarchies.some((h) => isOurs(after.world, OBSERVER, h)),
  });
  // A tool that does the mounting itself says how it went when it exits.
  if (call.op === 'event' && call.what.startsWith('exit ')) return ended(call.what === 'exit 0');
  if (call.op === 'leave') {
    if (call.trees !== undefined) return past;
    if (call.status === STATUS.nothingFound && past.verb === 'refresh') return { ...past, verb: 'unmerge' };
    return ended(call.status !== STATUS.failed && typeof call.status === 'number');
  }
  return step.next === 'on' || past.run !== 'running' ? past : end(past, false); // the parent gave up before it forked
}

const isInside = (system: System, path: string): boolean => system.hierarchies.some((h) => path.startsWith(`${h}/`));

/** What somebody else mounts below a hierarchy, or takes off there. */
function withMounts(system: System, past: Ledger, { call, result }: Step): Ledger {
  if ('err' in result || !('path' in call) || !isInside(system, call.path)) return past;
  const others = past.submounts.filter((path) => path !== call.path);
  if (call.op === 'umount') return { ...past, submounts: others };
  const isMount = call.op === 'mount-tmpfs' || call.op === 'mount-bind' || call.op === 'mount-device';
  return isMount ? { ...past, submounts: [...others, call.path].sort() } : past;
}

function started(system: System, past: Ledger, world: Read, step: Step, verb: Value | undefined): Ledger {
  const { result } = step;
  const invocation = system.tools[step.process];
  if (invocation === undefined) return past;
  if ('err' in result || (verb !== 'merge' && verb !== 'refresh' && verb !== 'unmerge')) {
    return { ...past, run: 'failed', verb: null };
  }
  const alone = runAlone(world, { name: step.process, program: start(perform, verb, invocation) }, QUESTIONS).world;
  const scene = (of: Read): Scene =>
    new Scene(
      of,
      system.hierarchies,
      () => past,
      () => true,
    );
  const submounts = [...new Set([...past.submounts, ...scene(world).submounts])].sort();
  return { ...begin(past, sights(scene(world).view), sights(scene(alone).view), verb), submounts };
}

/** What a step wrote, by name, by a name relative to its working directory, or through a descriptor. */
function writtenBy(system: System, before: Read, after: Read, step: Step): readonly Written[] {
  const { call, result } = step;
  const task = taskOf(before, step.process);
  const open = call.op === 'fdwrite' && 'ok' in result ? task.fds.get(call.fd) : undefined;
  if (open !== undefined) return heldAt(system, before, open, step);
  return written(step).flatMap((path) => {
    if (path.startsWith('/')) return [{ path, sight: sightIn(after, path) }];
    return task.cwd === null ? [] : heldAt(system, before, task.cwd, step, `/${path}`);
  });
}

/**
 * A file that is reached through something held, as everyone names it: inside an overlay its path is below the hierarchy.
 * What the writer left there is in the changes of the step; the overlay itself may be gone after it.
 */
function heldAt(
  system: System,
  world: Read,
  held: { readonly fs: string; readonly pin: string },
  { call, changes }: Step,
  below = '',
): readonly Written[] {
  const fs = fileSystem(world, held.fs);
  const at = pinned(fs, held.pin);
  if (isOrphan(at)) return [];
  const path = (fs.kind === 'overlay' ? (system.hierarchies[0] ?? '') : '') + at + below;
  const last = changes.findLast(
    (change) => 'inode' in change && change.path.endsWith(path.slice(path.lastIndexOf('/'))),
  );
  const inode = last !== undefined && 'inode' in last ? last.inode : undefined;
  return [{ path, sight: call.op === 'unlink' || inode === undefined ? null : `${inode.type} ${dataOf(inode)}` }];
}

/** What everyone sees at one path. */
function sightIn(world: Read, path: string): Sight {
  const place = resolve(world, OBSERVER, path, { follow: false });
  if (failed(place)) return null;
  const inode = lookup(world, place.ok.fs, place.ok.path);
  return inode === undefined || inode.type === 'dir' || isWhiteout(inode) ? null : `${inode.type} ${dataOf(inode)}`;
}
