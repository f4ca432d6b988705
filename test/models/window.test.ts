import { describe, expect, it } from 'vitest';
import { choose, type Options, type System } from '../../models/scenario.ts';
import { scenario } from '../../models/scenarios/refresh-while-reading.ts';
import { NoVanish, NoWrongWinner, type Property } from '../../properties/catalogue.ts';
import { type Judged, judge } from '../../properties/judge.ts';
import { momentOf } from '../../src/report/walk.ts';
import { breaking, type Edge, edgesOf, nameOf } from '../edges.ts';

interface Graph {
  readonly system: System;
  readonly judged: Judged;
  readonly edges: readonly Edge[];
}

function graph(options: Options): Graph {
  const system = scenario.build(choose(scenario, options));
  const judged = judge(system);
  return { system, judged, edges: edgesOf(judged, 'refresh') };
}

/** The calls of the refresh after which somebody finds the property broken for the subject, in their order. */
function window({ system, judged, edges }: Graph, property: Property, subject: string): readonly string[] {
  const found = breaking(judged, system, property, edges).filter((one) => one.subject === subject);
  return [...new Set(found.map(({ edge }) => edge.last))].map(nameOf);
}

/** The subjects for which the property is broken at all. */
const broken = ({ system, judged, edges }: Graph, property: Property): readonly string[] =>
  [...new Set(breaking(judged, system, property, edges).map(({ subject }) => subject))].sort();

/** What the refresh does, call by call: it does not branch on anything that others do here. */
const calls = ({ edges }: Graph): readonly string[] =>
  [...new Set(edges.map(({ last }) => last))].filter((step) => step !== null).map(nameOf);

/** The calls from one to just before another, both named once in a refresh. */
const between = (all: readonly string[], from: string, to: string): readonly string[] =>
  all.slice(all.indexOf(from), all.indexOf(to));

/** Somebody was in the situation of which the property speaks. */
const witnessed = ({ judged, edges }: Graph, { met }: Property): boolean =>
  edges.some(
    ({ step, from }) =>
      step.process !== 'refresh' && 'onStep' in met && met.onStep(step, judged.scene(momentOf(judged, from))),
  );

const REPLACED = [
  { systemd: '257', change: 'extension', submount: 'no' },
  { systemd: '257', change: 'none', submount: 'no' },
  { systemd: '257', change: 'extension', submount: 'file' },
  { systemd: '257', change: 'none', submount: 'file' },
  { systemd: '262', change: 'extension', submount: 'no' },
  { systemd: '262', change: 'extension', submount: 'file' },
  { systemd: '257', change: 'extension', submount: 'directory' },
  { systemd: '262', change: 'extension', submount: 'directory' },
] as const;
const SKIPPED = [
  { systemd: '262', change: 'none', submount: 'no' },
  { systemd: '262', change: 'none', submount: 'file' },
  { systemd: '262', change: 'none', submount: 'directory' },
] as const;

describe('the window of a refresh, in every step of every interleaving', () => {
  it.each(REPLACED)(
    '$systemd, change: $change, submount: $submount: a file of an extension is missing from the detach of /etc to the bind',
    (options) => {
      const seen = graph(options);
      const inSubmount = options.submount === 'directory' ? ['/etc/keys/key'] : [];
      expect(broken(seen, NoVanish)).toEqual(['/etc/app.conf', ...inSubmount]);
      expect(window(seen, NoVanish, '/etc/app.conf')).toEqual(between(calls(seen), 'M6d umount', 'M8 mount-bind'));
      expect(witnessed(seen, NoVanish)).toBe(true);
    },
  );

  it.each(REPLACED.filter(({ submount }) => submount === 'file'))(
    '$systemd, change: $change: below a submount the wrong file shows from when it is parked to the bind',
    (options) => {
      const seen = graph(options);
      expect(broken(seen, NoWrongWinner)).toEqual(['/etc/machine-id']);
      expect(window(seen, NoWrongWinner, '/etc/machine-id')).toEqual(
        between(calls(seen), 'M6c umount', 'M8 mount-bind'),
      );
      expect(witnessed(seen, NoWrongWinner)).toBe(true);
    },
  );

  it.each(REPLACED.filter(({ submount }) => submount === 'directory'))(
    '$systemd, change: $change: a file in a submount is missing from when it is parked to the bind',
    (options) => {
      const seen = graph(options);
      expect(window(seen, NoVanish, '/etc/keys/key')).toEqual(between(calls(seen), 'M6c umount', 'M8 mount-bind'));
    },
  );

  it.each(REPLACED.filter(({ submount }) => submount === 'no'))(
    '$systemd, change: $change: without submounts nobody reads wrong contents',
    (options) => {
      const seen = graph(options);
      expect(broken(seen, NoWrongWinner)).toEqual([]);
      expect(witnessed(seen, NoWrongWinner)).toBe(true);
    },
  );

  it('holds everything that the tool does in it', () => {
    const seen = graph({ systemd: '262' });
    expect(window(seen, NoVanish, '/etc/app.conf').join(', ')).toMatchInlineSnapshot(
      `"M6d umount, M6 ask, M7 ask, M7 ask, M7a ask, M7b ask, M7c mkdirAll, M7c mkdirAll, M7c chmod, M7d mount-overlay, M7d mkdirAll, M7d write, M7d write, M7d write, M7d ask, M7d write, M7d mount-flags, M7e ask, M8 access, M8 ask, M8 mkdirAll"`,
    );
  });

  it.each(SKIPPED)('$systemd, submount: $submount: a skipped refresh has none, and ends before it', (options) => {
    const seen = graph(options);
    expect(broken(seen, NoVanish)).toEqual([]);
    expect(broken(seen, NoWrongWinner)).toEqual([]);
    expect(calls(seen).filter((name) => /^M[678]/.test(name))).toEqual([]);
    expect(calls(seen).at(-1)).toBe('M9 leave');
    expect(witnessed(seen, NoVanish)).toBe(true);
  });
});
