/**
 * Small worlds for property-based tests: layers that hold three names in all ways that matter, what happened to them since
 * the merge, one run of the tool, and one or two programs beside it. Simple worlds come first, so that failures shrink to them.
 */
import fc from 'fast-check';
import { createIfMissing, deleteOnce, editByRename, lister, reader, writeOnce } from '../models/actors.ts';
import { choose, type Scenario, type System } from '../models/scenario.ts';
import { MODES, type Mode, MUTABLE_KINDS, type MutableKind } from '../models/systemd/mutable.ts';
import { perform } from '../models/systemd/verbs.ts';
import { RELEASES, type Version } from '../models/systemd/versions.ts';
import { build, invocation, merged } from '../models/world.ts';
import { PROPERTIES } from '../properties/catalogue.ts';
import { parseTree } from '../src/kernel/notation.ts';
import type { View } from '../src/kernel/view.ts';
import { type LinuxCall, type Next, type Process, start } from '../src/program/linux.ts';
import { checkScenario, type Result } from '../src/report/check.ts';
import { shortStory } from '../src/report/story.ts';

/** What a layer has at a name: nothing, a file (whose content is the layer's name), or a whiteout. */
export type Kind = 'none' | 'file' | 'whiteout';
/** What a layer has at the directory `d`: its file is `d/z`. */
export type DirectoryKind = 'none' | 'dir' | 'opaque' | 'whiteout' | 'file';
export interface DrawnLayer {
  readonly x: Kind;
  readonly y: Kind;
  readonly d: DirectoryKind;
  readonly z: Kind;
}

export type ActorKind = 'read' | 'list' | 'create' | 'edit' | 'overwrite' | 'delete';
export interface Actor {
  readonly does: ActorKind;
  readonly to: 'x' | 'y' | 'd/z';
}

export interface Drawn {
  readonly systemd: Version;
  readonly mutable: Mode;
  readonly host: DrawnLayer;
  /** Extension a, then b. */
  readonly extensions: readonly DrawnLayer[];
  readonly mutableKind: MutableKind;
  readonly mutableDir: DrawnLayer;
  /** Since the merge: nothing; another extension, "c" with the file y, was installed; extension a was taken away. */
  readonly change: 'none' | 'install' | 'remove';
  /** A mount on /etc/machine-id, which the host has. */
  readonly submount: boolean;
  readonly actors: readonly Actor[];
}

/** What the tool does in such a world: it refreshes what was merged before, or merges and unmerges in the search itself. */
export type Verb = 'refresh' | 'merge' | 'merge, unmerge';

const kinds = (...values: readonly Kind[]): fc.Arbitrary<Kind> => fc.constantFrom(...values);
const plain = fc.record({
  x: kinds('none', 'file'),
  y: kinds('none', 'file'),
  d: fc.constantFrom<DirectoryKind>('none', 'dir', 'file'),
  z: kinds('none', 'file'),
});
const layered = fc.record({
  x: kinds('none', 'file', 'file', 'file', 'whiteout'),
  y: kinds('none', 'file', 'whiteout'),
  d: fc.constantFrom<DirectoryKind>('none', 'dir', 'dir', 'opaque', 'whiteout', 'file'),
  z: kinds('none', 'file', 'file', 'file', 'whiteout'),
});

export const READING: readonly ActorKind[] = ['read', 'list'];
export const WRITING: readonly ActorKind[] = ['create', 'edit', 'overwrite', 'delete'];
const actor = (does: readonly ActorKind[]): fc.Arbitrary<Actor> =>
  fc.record({ does: fc.constantFrom(...does), to: fc.constantFrom<Actor['to']>('x', 'y', 'd/z') });

/** Worlds in which programs of these kinds run; the first is always of the first kinds. */
export const worlds = (first: readonly ActorKind[], second: readonly ActorKind[] = []): fc.Arbitrary<Drawn> =>
  fc.record({
    systemd: fc.constantFrom<Version>(...RELEASES),
    mutable: fc.constantFrom<Mode>(...MODES),
    host: plain,
    extensions: fc.array(layered, { maxLength: 2 }),
    mutableKind: fc.constantFrom<MutableKind>(...MUTABLE_KINDS),
    mutableDir: layered,
    change: fc.constantFrom<Drawn['change']>('none', 'install', 'remove'),
    submount: fc.boolean(),
    actors: fc
      .tuple(actor(first), second.length === 0 ? fc.constant([]) : fc.array(actor(second), { maxLength: 1 }))
      .map(([one, more]) => [one, ...more]),
  });

/** Names that systems and stories use. */
const PATHS = { x: '/etc/x', y: '/etc/y', 'd/z': '/etc/d/z' } as const;

function program({ does, to }: Actor): Next {
  const path = PATHS[to];
  switch (does) {
    case 'read':
      return start(reader, path);
    case 'list':
      return start(lister, to === 'd/z' ? '/etc/d' : '/etc');
    case 'create':
      return start(createIfMissing, path, 'created');
    case 'edit':
      return start(editByRename, path, `${path}+`, 'edited');
    case 'overwrite':
      return start(writeOnce, path, 'overwritten');
    case 'delete':
      return start(deleteOnce, path);
  }
}

/** A layer's lines in the notation, below `indent` blanks. */
function lines(layer: DrawnLayer, name: string, indent: number): readonly string[] {
  const entry = (file: string, kind: Kind): readonly string[] =>
    kind === 'none' ? [] : [kind === 'file' ? `${file} "${name}"` : `${file} whiteout`];
  const directory =
    layer.d === 'dir' || layer.d === 'opaque'
      ? [layer.d === 'dir' ? 'd/' : 'd/ opaque', ...entry('  z', layer.z)]
      : entry('d', layer.d);
  return [...directory, ...entry('x', layer.x), ...entry('y', layer.y)].map((line) => ''.padEnd(indent) + line);
}

const NAMES = ['a', 'b'] as const;
const extension = (name: string, content: readonly string[], birth: number): readonly string[] => [
  `      ${name}/ #${birth}`,
  '        etc/',
  ...content,
  '          extension-release.d/',
  `            extension-release.${name} "ID=_any\\n"`,
];

function rootOf(drawn: Drawn): string {
  const { extensions, mutableKind, mutableDir } = drawn;
  const added: DrawnLayer = { x: 'none', y: 'file', d: 'none', z: 'none' };
  return [
    'etc/',
    ...(drawn.submount ? ['  machine-id "uninitialized"'] : []),
    ...lines(drawn.host, 'host', 2),
    'run/',
    'usr/',
    '  lib/',
    '    os-release "ID=testos\\n"',
    'var/',
    '  lib/',
    '    confexts/',
    ...extensions.flatMap((layer, at) => {
      const name = NAMES[at] ?? '?';
      return extension(name, lines(layer, name, 10), at + 1);
    }),
    '    extensions.mutable/',
    ...(mutableKind === 'directory' ? ['      etc/', ...lines(mutableDir, 'mutable', 8)] : []),
    ...(mutableKind === 'hierarchy' ? ['      etc -> /etc'] : []),
    '    machine-id "4f6b"',
    '    staged/',
    ...extension('c', lines(added, 'c', 10), 3),
  ].join('\n');
}

const CHANGES: Readonly<Record<Drawn['change'], readonly LinuxCall[]>> = {
  none: [],
  install: [{ op: 'rename', from: '/var/lib/staged/c', to: '/var/lib/confexts/c' }],
  remove: [{ op: 'rename', from: '/var/lib/confexts/a', to: '/var/lib/staged/a' }],
};

/** The world, made into a scenario: every property of the catalogue is expected to hold. */
export function scenarioOf(drawn: Drawn, verb: Verb, tool: Partial<Process> = {}): Scenario {
  return {
    name: 'generated',
    title: 'a generated world',
    options: {},
    build: (choice): System => {
      const run = invocation(choice);
      const actors = drawn.actors.map((actor, at) => ({ name: `${actor.does}-${at + 1}`, program: program(actor) }));
      const names = verb === 'refresh' ? ['boot', 'tool'] : verb === 'merge' ? ['tool'] : ['tool', 'unmerge'];
      const processes = Object.fromEntries([...names.map((name) => [name, 2]), ...actors.map(({ name }) => [name, 0])]);
      const mounts = drawn.submount ? [{ at: '/etc/machine-id', bind: '/var/lib/machine-id' }] : [];
      const bare = build({ root: parseTree(rootOf(drawn)), mounts, processes });
      const change = drawn.change === 'remove' && drawn.extensions.length === 0 ? [] : CHANGES[drawn.change];
      return {
        world: verb === 'refresh' ? merged(bare, run, change) : bare,
        processes: [
          { name: 'tool', program: start(perform, verb === 'refresh' ? 'refresh' : 'merge', run), ...tool },
          ...(verb === 'merge, unmerge'
            ? [{ name: 'unmerge', program: start(perform, 'unmerge', run), after: ['tool'] }]
            : []),
          ...actors,
        ],
        tools: { tool: run, ...(verb === 'merge, unmerge' ? { unmerge: run } : {}) },
        hierarchies: ['/etc'],
        expectations: PROPERTIES.map(({ name }) => ({ property: name, verdict: 'holds' })),
        summary: `${drawn.extensions.length} extensions, mutable directory: ${drawn.mutableKind}, since then: ${drawn.change}`,
      };
    },
  };
}

export const choiceOf = (drawn: Drawn, scenario: Scenario): ReturnType<typeof choose> =>
  choose(scenario, { systemd: drawn.systemd, mutable: drawn.mutable });

export const systemOf = (drawn: Drawn, verb: Verb, tool: Partial<Process> = {}): System => {
  const scenario = scenarioOf(drawn, verb, tool);
  return scenario.build(choiceOf(drawn, scenario));
};

/** What files of /etc say in a view, by path; the mount and the release files are left out. */
export const contentsOf = (view: View): ReadonlyMap<string, string> =>
  new Map(
    [...view]
      .filter(([path, { type }]) => type !== 'dir' && path !== '/etc/machine-id')
      .filter(([path]) => !path.startsWith('/etc/extension-release.d/'))
      .map(([path, { data }]) => [path, data]),
  );

/** A world in words: its layers top to bottom, and who runs. */
export function tell(drawn: Drawn): string {
  const { systemd, mutable, mutableKind, change, submount, actors } = drawn;
  const layer = (name: string, content: DrawnLayer): string => {
    const text = lines(content, name, 0)
      .map((line) => line.trim())
      .join(', ');
    return `  ${name.padEnd(8)} ${text === '' ? '(nothing)' : text}`;
  };
  return [
    `systemd ${systemd}, mutable=${mutable}, mutable directory: ${mutableKind}, since the merge: ${change}${submount ? ', /etc/machine-id is a mount' : ''}`,
    ...(mutableKind === 'directory' ? [layer('mutable', drawn.mutableDir)] : []),
    ...drawn.extensions.map((content, at) => layer(NAMES[at] ?? '?', content)).reverse(),
    layer('host', drawn.host),
    `  ${actors.map(({ does, to }) => `${does} ${to}`).join(', ')}`,
  ].join('\n');
}

/** A verdict with its shortest story. */
export const storyOf = (result: Result | undefined): string =>
  result === undefined
    ? 'no verdict'
    : [`${result.property} ${result.verdict}`, ...(result.trace === null ? [] : shortStory(result.trace))].join('\n');

/** The verdict, which has to be one of these; else an error that tells why not. */
export function demand(results: ReadonlyMap<string, Result>, property: string, ...good: readonly string[]): Result {
  const result = results.get(property);
  if (result === undefined || !good.includes(result.verdict)) throw new Error(storyOf(result));
  return result;
}

/** All verdicts of a world, each with the shortest trace. */
export function verdicts(drawn: Drawn, verb: Verb, tool: Partial<Process> = {}): ReadonlyMap<string, Result> {
  const scenario = scenarioOf(drawn, verb, tool);
  const results = checkScenario(scenario, choiceOf(drawn, scenario));
  return new Map(results.map((result) => [result.property, result]));
}
