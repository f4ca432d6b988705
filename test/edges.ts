/** The whole state graph of a system, edge by edge, without the search: what a test says about every step, it says by itself. */
import type { System } from '../models/scenario.ts';
import type { Property } from '../properties/catalogue.ts';
import type { Judged } from '../properties/judge.ts';
import type { Step } from '../src/program/linux.ts';
import { initialState, momentOf, possible } from '../src/report/walk.ts';

export interface Edge {
  readonly step: Step;
  readonly from: readonly number[];
  readonly to: readonly number[];
  /** The last step that the tool made before this one; null before its first. */
  readonly last: Step | null;
}

/** Every step of every reachable state. A tool's program node is its history, so a state has only one last step of the tool. */
export function edgesOf(judged: Judged, tool: string): readonly Edge[] {
  const first = initialState(judged);
  const seen = new Set([first.join()]);
  const queue: { state: readonly number[]; last: Step | null }[] = [{ state: first, last: null }];
  const edges: Edge[] = [];
  for (const { state, last } of queue) {
    for (const { label, next } of possible(judged, state)) {
      edges.push({ step: label, from: state, to: next, last });
      const key = next.join();
      if (seen.has(key)) continue;
      seen.add(key);
      queue.push({ state: next, last: label.process === tool ? label : last });
    }
  }
  return edges;
}

/** The steps by which others break a property, with what they break. */
export function breaking(
  judged: Judged,
  system: System,
  property: Property,
  edges: readonly Edge[],
): readonly { readonly edge: Edge; readonly subject: string }[] {
  return edges
    .filter(({ step }) => system.tools[step.process] === undefined)
    .flatMap((edge) => {
      const [before, after] = [edge.from, edge.to].map((state) => judged.scene(momentOf(judged, state)));
      if (before === undefined || after === undefined) return [];
      const findings = property.onStep?.(edge.step, before, after) ?? [];
      return findings.map(({ subject }) => ({ edge, subject }));
    });
}

/** "M6d umount": the step's name, and its call; "failed" where the tool's child ended with an error. */
export function nameOf(step: Step | null): string {
  if (step === null) return 'start';
  if (step.killed !== undefined) return step.killed === 'process' ? 'killed' : 'child killed';
  const { call } = step;
  const failed = call.op === 'leave' && call.status !== 0 && call.status !== 123 && call.status !== 124;
  return `${step.at} ${failed ? 'failed' : call.op}`;
}
