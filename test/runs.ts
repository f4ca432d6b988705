/** What every state of a small graph shows, and how runs of the tool end: for statements about all of a world at once. */
import type { System } from '../models/scenario.ts';
import { isOurs, OBSERVER } from '../models/systemd/questions.ts';
import { type Judged, judge } from '../properties/judge.ts';
import type { Scene } from '../properties/scene.ts';
import { initialState, momentOf, possible } from '../src/report/walk.ts';
import { type Edge, edgesOf, nameOf } from './edges.ts';
import { contentsOf } from './worlds.ts';

/** Everything that can be told apart of /etc: contents by path, and its submounts. */
export interface Look {
  readonly files: ReadonlyMap<string, string>;
  readonly submounts: readonly string[];
}

export const lookOf = (scene: Scene): Look => ({ files: contentsOf(scene.view), submounts: scene.submounts });

/** Is /etc merged at the start? */
export const isMerged = (system: System): boolean => isOurs(system.world, OBSERVER, '/etc');

export const firstLook = (judged: Judged): Look => lookOf(judged.scene(momentOf(judged, initialState(judged))));

/** The states in which nothing more can happen. */
export function lastLooks(judged: Judged, edges: readonly Edge[]): readonly Look[] {
  const from = new Set(edges.map((edge) => edge.from.join()));
  const last = new Map(edges.filter(({ to }) => !from.has(to.join())).map(({ to }) => [to.join(), to]));
  return [...last.values()].map((state) => lookOf(judged.scene(momentOf(judged, state))));
}

/** A run of the tool, alone, in which one call failed. */
export interface FaultyRun {
  /** "M6d umount": the call that failed. */
  readonly failed: string;
  readonly end: Look;
}

/** All runs of the system's tool in which one call fails; there must be nobody else. */
export function faultyRuns(system: System): { readonly judged: Judged; readonly runs: readonly FaultyRun[] } {
  const judged = judge(system);
  const faults = edgesOf(judged, 'tool').filter(({ step }) => step.fault === true);
  const runs = faults.map(({ step, to }): FaultyRun => {
    let state = to;
    for (let next = possible(judged, state); next[0] !== undefined; next = possible(judged, state))
      state = next[0].next;
    return { failed: nameOf(step), end: lookOf(judged.scene(momentOf(judged, state))) };
  });
  return { judged, runs };
}
