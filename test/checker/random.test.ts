import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { check } from '../../src/checker/check.ts';
import type { Model, Read } from '../../src/checker/model.ts';

/** An edge, and whether it is undefined behaviour. */
type Edge = readonly [from: number, to: number, undefinedToo: boolean];
interface Graph {
  readonly edges: readonly Edge[];
  readonly rest: ReadonlySet<number>;
  readonly bad: ReadonlySet<number>;
  readonly damaged: ReadonlySet<number>;
}

const NODES = 9;
const node = fc.nat(NODES - 1);
const nodes = fc.array(node, { maxLength: 4 }).map((list) => new Set(list));
const graphs: fc.Arbitrary<Graph> = fc.record({
  edges: fc.array(
    fc.tuple(
      node,
      node,
      fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
    ),
    { maxLength: 22 },
  ),
  rest: nodes,
  bad: nodes,
  damaged: nodes,
});

/** The node in two slots, so that steps are more than single writes. */
function model({ edges, rest }: Graph): Model<number, string> {
  const at = (read: Read<number>): number => read(0) * 3 + read(1);
  return {
    slots: ['high', 'low'],
    initial: [[0, 0]],
    actions: [0, 1].map((parity) => ({
      name: `to ${parity}`,
      outcomes: (read) =>
        edges
          .filter(([from, to]) => from === at(read) && to % 2 === parity)
          .map(([from, to, is]) => ({
            writes: [[0, Math.floor(to / 3)] as const, [1, to % 3] as const],
            label: `${from}-${to}`,
            ...(is ? { undefined: 'drawn' } : {}),
          })),
    })),
    rest: (read) => rest.has(at(read)),
  };
}

/** Depth by node, from some nodes on, along some edges. */
function distances(starts: readonly number[], edges: readonly Edge[]): ReadonlyMap<number, number> {
  const depth = new Map(starts.map((start) => [start, 0]));
  for (const [from, far] of depth) {
    for (const [source, to] of edges) if (source === from && !depth.has(to)) depth.set(to, far + 1);
  }
  return depth;
}

/** What the search should say of the bad nodes, found without any cleverness. */
function naive({ edges, rest, bad, damaged }: Graph) {
  const clean = edges.filter(([, , undefinedToo]) => !undefinedToo);
  const cleanDepth = distances([0], clean);
  const all = distances([0], edges);
  const final = (n: number): boolean => rest.has(n) || !edges.some(([from]) => from === n);
  const stays = (n: number, along: readonly Edge[]): boolean =>
    [...distances([n], along).keys()].some((end) => final(end) && damaged.has(end));
  const verdict = [...bad].some((n) => cleanDepth.has(n))
    ? 'violated'
    : [...bad].some((n) => all.has(n))
      ? 'undefined'
      : 'holds';
  const where = [...bad].filter((n) => (verdict === 'violated' ? cleanDepth : all).has(n));
  const permanent = where.filter((n) => stays(n, verdict === 'violated' ? clean : edges));
  const maybe = where.some((n) => stays(n, edges));
  const damage = permanent.length > 0 ? 'permanent' : maybe ? 'unknown' : 'transient';
  return {
    states: all.size,
    transitions: edges.filter(([from]) => all.has(from)).length,
    verdict,
    damage: verdict === 'holds' ? null : damage,
    shortest: verdict === 'violated' ? Math.min(...where.map((n) => cleanDepth.get(n) ?? 0)) : null,
    permanentAt:
      verdict === 'violated' && permanent.length > 0 ? Math.min(...permanent.map((n) => cleanDepth.get(n) ?? 0)) : null,
  };
}

describe('the search', () => {
  it('agrees with a naive one on random graphs', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const at = (read: Read<number>): number => read(0) * 3 + read(1);
        const never = {
          name: 'never bad',
          kind: 'always' as const,
          over: 'state' as const,
          witnesses: [],
          check: (read: Read<number>) => (graph.bad.has(at(read)) ? [{ subject: 'it' }] : []),
          damaged: (read: Read<number>) => graph.damaged.has(at(read)),
        };
        const report = check(model(graph), [never]);
        const [property] = report.properties;
        const subject = property?.subjects[0];
        const violated = property?.verdict === 'violated';
        expect({
          states: report.stats.states,
          transitions: report.stats.transitions,
          verdict: property?.verdict,
          damage: property?.damage,
          shortest: violated ? subject?.trace.steps.length : null,
          permanentAt: violated ? (subject?.lasting?.at ?? null) : null,
        }).toEqual(naive(graph));
        const lasting = subject?.lasting;
        if (lasting)
          expect(graph.damaged.has(at(report.read(lasting.steps.at(-1)?.state ?? lasting.start)))).toBe(true);
      }),
      { numRuns: 1500, seed: 1 },
    );
  });
});
