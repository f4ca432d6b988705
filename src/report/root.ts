/**
 * `check --root`: the user's own tree as a scenario. Files that are held by the same layers and fare alike in the window form
 * one class; the search runs on one file of each class, and the answer names all of them.
 */
import { deleteOnce, editByRename, reader } from '../../models/actors.ts';
import type { Choice, Expectation, Scenario, System } from '../../models/scenario.ts';
import { type Invocation, invoke } from '../../models/systemd/invocation.ts';
import type { Mode } from '../../models/systemd/mutable.ts';
import { mutableDirectory, STATUS } from '../../models/systemd/names.ts';
import { isOurs, OBSERVER, QUESTIONS } from '../../models/systemd/questions.ts';
import { perform } from '../../models/systemd/verbs.ts';
import { replacementOf, systemd, type Version } from '../../models/systemd/versions.ts';
import { build, merged } from '../../models/world.ts';
import { judge } from '../../properties/judge.ts';
import { HIDDEN } from '../../properties/scene.ts';
import { CLASSES } from '../input/imageclass.ts';
import type { RootInput } from '../input/root.ts';
import { layerRoot, lookup, TRUSTED } from '../kernel/lookup.ts';
import { resolve } from '../kernel/path.ts';
import { isWithin, join } from '../kernel/tree.ts';
import { type Directory, type Entry, failed, type PlainFs } from '../kernel/types.ts';
import { rawView, type Seen, type View, viewOf } from '../kernel/view.ts';
import { fileSystem, type Read } from '../kernel/world.ts';
import { type Next, type Process, runAlone, start } from '../program/linux.ts';
import { type CheckOptions, type FileResult, type Result, type Searched, searchScenario, told } from './check.ts';
import { initialState, momentOf, type Possible, possible } from './walk.ts';

const ETC = '/etc';
/** What a root is judged by: two properties of readers, two of writers. */
export const JUDGED: readonly string[] = ['NoVanish', 'NoWrongWinner', 'NoLostWrite', 'NoResurrect'];

/** What happens to a file between the detach of the old overlay and the bind of the new one. */
export type Fate = 'vanishes' | 'shows other contents' | 'appears' | 'stays';

/** Files that are held by the same layers and fare alike. */
export interface FileClass {
  readonly layers: readonly string[];
  readonly fate: Fate;
  /** Sorted; the first one stands for all in the search. */
  readonly paths: readonly string[];
  /** What the first one is, merged and in the window. */
  readonly from: string | null;
  readonly to: string | null;
  /** What becomes of a write that falls into the window. */
  readonly writes: readonly string[];
  /** Overlay marks that could not be read (opaque, redirect) may change all of this. */
  readonly unsure: boolean;
}

export interface RootReport {
  readonly version: Version;
  readonly mode: Mode;
  /** The layers of the merged /etc, top to bottom; null where nothing is merged, with the reason. */
  readonly layers: readonly string[] | null;
  readonly why: string | null;
  readonly classes: readonly FileClass[];
  readonly results: readonly Result[];
}

/** Checks a refresh that replaces the overlay, for one version and mode. */
export function rootReport(input: RootInput, version: Version, mode: Mode, options: CheckOptions): RootReport {
  const run = invoke('confext', systemd(version), { mutable: mode, alwaysRefresh: true });
  const full = worldOf(input, run, null, 0);
  if (!isOurs(full, OBSERVER, ETC)) {
    const why = refusal(input, run);
    return { version, mode, layers: null, why, classes: [], results: vacuous(version, mode, why, options) };
  }
  const unsure = input.xattrs.known ? () => false : dependsOnMarks(full);
  const view = viewOf(full, OBSERVER, ETC, HIDDEN);
  // Where one overlay is swapped for the other, nobody sees the bare host.
  const isBare = replacementOf(run.systemd) === 'window';
  const classes = classify(view, isBare ? rawView(full, 'root', ETC) : view, unsure);
  const keep = hasRedirects(full) ? null : new Set(classes.map(({ paths }) => paths[0]?.slice(ETC.length) ?? ''));
  const world = worldOf(input, run, keep, classes.length);
  const probe = new Probe(world, run, classes);
  return {
    version,
    mode,
    layers: layerNames(full),
    why: null,
    classes: classes.map((one) => ({ ...one, writes: isBare ? probe.writes(one) : [] })),
    results: probe.results({ systemd: version, mutable: mode, options: {}, behaviours: {} }, options),
  };
}

// ---- the world ----------------------------------------------------------------------------------------------------

/** The tree, merged. `keep` are the paths below /etc that stay in every layer; null keeps all. */
function worldOf(input: RootInput, run: Invocation, keep: ReadonlySet<string> | null, readers: number): Read {
  return merged(bareWorld(input, run, keep, readers), run);
}

/** The same before the merge. */
function bareWorld(input: RootInput, run: Invocation, keep: ReadonlySet<string> | null, readers: number): Read {
  const extensions = input.discovery[run.systemd.discovery].extensions;
  const tops = [ETC, mutableDirectory(ETC), ...extensions.map(({ tree }) => `${tree}${ETC}`)];
  const images = new Set(extensions.filter(({ kind }) => kind !== 'directory').map(({ path }) => path));
  const reduced = (fs: PlainFs, prefix: string): PlainFs => ({
    ...fs,
    root: reduce(fs.root, prefix, tops, images, keep),
  });
  const root = reduced(input.root, '');
  const processes: Record<string, number> = { boot: 2, refresh: 2, writer: 0 };
  for (let index = 1; index <= readers; index++) processes[readerName(index)] = 0;
  const withRun = root.root.entries.has('run') ? root : { ...root, root: withDirectory(root.root, 'run') };
  return build({ root: withRun, run: reduced(input.run, '/run'), processes });
}

/** Why a merge leaves nothing merged. */
function refusal(input: RootInput, run: Invocation): string {
  const { steps } = runAlone(
    bareWorld(input, run, null, 0),
    { name: 'boot', program: start(perform, 'merge', run) },
    QUESTIONS,
  );
  const last = steps.at(-1)?.call;
  if (last?.op !== 'leave') return 'merge gives up before it touches /etc';
  return last.status === STATUS.nothingFound ? 'no extension is accepted' : `merge fails with ${last.status}`;
}

/** Nothing was merged, so nothing was tested. */
const vacuous = (version: Version, mode: Mode, why: string, { property, bounds }: CheckOptions): readonly Result[] =>
  JUDGED.filter((name) => property === undefined || property === name).map((name) => ({
    scenario: 'root',
    systemd: version,
    mutable: mode,
    property: name,
    expected: 'holds',
    verdict: 'vacuous',
    damage: null,
    token: null,
    trace: null,
    files: [],
    stats: { states: 0, transitions: 0, depth: 0, seconds: 0, reductions: [], bounds: { ...bounds } },
    reasons: [why],
    summary: 'nothing is merged',
  }));

const readerName = (index: number): string => (index === 1 ? 'reader' : `reader${index}`);

const withDirectory = (top: Directory, name: string): Directory => {
  const empty: Directory = {
    type: 'dir',
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: 0,
    xattrs: new Map(),
    entries: new Map(),
  };
  return { ...top, entries: new Map(top.entries).set(name, empty) };
};

/** A directory without the images that nobody can read here, and, inside the layers, only with what is kept. */
function reduce(
  top: Directory,
  path: string,
  tops: readonly string[],
  images: ReadonlySet<string>,
  keep: ReadonlySet<string> | null,
): Directory {
  const entries = new Map<string, Entry>();
  for (const [name, entry] of top.entries) {
    const here = join(path, name);
    if (images.has(here)) continue;
    const layer = tops.find((one) => isWithin(here, one) && here !== one);
    if (layer !== undefined && keep !== null && !isKept(here.slice(layer.length), keep)) continue;
    entries.set(name, entry.type === 'dir' ? reduce(entry, here, tops, images, keep) : entry);
  }
  return { ...top, entries };
}

/** A kept path, something above one, or the release file by which an extension is accepted. */
const isKept = (path: string, keep: ReadonlySet<string>): boolean =>
  keep.has(path) ||
  path.startsWith('/extension-release.d') ||
  path === '/os-release' ||
  [...keep].some((kept) => kept.startsWith(`${path}/`));

/** A redirect leads to another name, so that files cannot be left out by name. */
function hasRedirects(world: Read): boolean {
  const place = resolve(world, OBSERVER, ETC);
  if (failed(place)) return false;
  const fs = fileSystem(world, place.ok.fs);
  if (fs.kind !== 'overlay') return false;
  const hasRedirect = (directory: Directory): boolean =>
    directory.xattrs.has(TRUSTED.redirect) ||
    [...directory.entries.values()].some((entry) => entry.type === 'dir' && hasRedirect(entry));
  return [...(fs.upper === null ? [] : [fs.upper]), ...fs.lowers].some((layer) => {
    const below = fileSystem(world, layer.fs);
    const path = layerRoot(world, layer);
    const top = below.kind === 'plain' ? directoryAt(below, path) : undefined;
    return top !== undefined && hasRedirect(top);
  });
}

/**
 * Marks matter to what lies in a directory that some layer but the lowest has, too: it may be opaque there, or lead
 * elsewhere. The layers' top directories carry none that count.
 */
function dependsOnMarks(world: Read): (path: string) => boolean {
  const place = resolve(world, OBSERVER, ETC);
  const fs = failed(place) ? undefined : fileSystem(world, place.ok.fs);
  if (fs?.kind !== 'overlay') return () => false;
  const upper = [...(fs.upper === null ? [] : [fs.upper]), ...fs.lowers.slice(0, -1)];
  return (path) => {
    const [first = '', ...rest] = path.slice(ETC.length + 1).split('/');
    return (
      rest.length > 0 &&
      upper.some((layer) => lookup(world, layer.fs, `${layerRoot(world, layer)}/${first}`)?.type === 'dir')
    );
  };
}

function directoryAt(fs: PlainFs, path: string): Directory | undefined {
  let here: Directory = fs.root;
  for (const name of path.split('/').filter(Boolean)) {
    const next = here.entries.get(name);
    if (next?.type !== 'dir') return undefined;
    here = next;
  }
  return here;
}

function layerNames(world: Read): readonly string[] {
  const place = resolve(world, OBSERVER, ETC);
  const fs = failed(place) ? undefined : fileSystem(world, place.ok.fs);
  if (fs?.kind !== 'overlay') return [];
  return (fs.upper === null ? fs.lowers : [fs.upper, ...fs.lowers]).map(({ name }) => name);
}

// ---- classes ------------------------------------------------------------------------------------------------------

const sightOf = (seen: Seen | undefined): string | null => (seen === undefined ? null : `${seen.type} ${seen.data}`);

function fateOf(now: Seen | undefined, bare: Seen | undefined): Fate {
  if (now === undefined) return 'appears';
  if (bare === undefined || bare.type === 'chr')
    return bare === undefined || sightOf(now) !== sightOf(bare) ? 'vanishes' : 'stays';
  return sightOf(now) === sightOf(bare) ? 'stays' : 'shows other contents';
}

/** All files of the merged view and of the bare host, by layers and fate; the worst fate first. */
function classify(view: View, host: View, unsureOf: (path: string) => boolean): readonly FileClass[] {
  const classes = new Map<string, { layers: readonly string[]; fate: Fate; unsure: boolean; paths: string[] }>();
  for (const path of [...new Set([...view.keys(), ...host.keys()])].sort()) {
    const [now, bare] = [view.get(path), host.get(path)];
    const hidden = path.startsWith(`${ETC}/${CLASSES.confext.dotDir}`) || path.startsWith(`${ETC}/extension-release.d`);
    if ((now ?? bare)?.type === 'dir' || hidden || (now === undefined && isWhiteoutSeen(bare))) continue;
    const fate = fateOf(now, bare);
    const layers = now?.layers ?? ['host'];
    const unsure = unsureOf(path);
    const key = `${fate}|${unsure}|${layers.join('|')}`;
    const known = classes.get(key);
    if (known === undefined) classes.set(key, { layers, fate, unsure, paths: [path] });
    else known.paths.push(path);
  }
  const order: readonly Fate[] = ['vanishes', 'shows other contents', 'appears', 'stays'];
  return [...classes.values()]
    .map((one): FileClass => {
      const [first = ''] = one.paths;
      return { ...one, from: sightOf(view.get(first)), to: sightOf(host.get(first)), writes: [] };
    })
    .sort((a, b) => order.indexOf(a.fate) - order.indexOf(b.fate) || b.paths.length - a.paths.length);
}

const isWhiteoutSeen = (seen: Seen | undefined): boolean => seen?.type === 'chr' && seen.data === '0,0';

// ---- the search and the window ------------------------------------------------------------------------------------

class Probe {
  readonly #world: Read;
  readonly #run: Invocation;
  readonly #classes: readonly FileClass[];

  constructor(world: Read, run: Invocation, classes: readonly FileClass[]) {
    this.#world = world;
    this.#run = run;
    this.#classes = classes;
  }

  /** Readers of every class judge what the window shows; one writer after the other, what becomes of its write. */
  results(choice: Choice, options: CheckOptions): readonly Result[] {
    const readers = this.#classes.map(
      ({ paths }, index): Process => ({ name: readerName(index + 1), program: start(reader, paths[0] ?? '') }),
    );
    const searched = [
      ...this.#check(choice, options, readers, ['NoVanish', 'NoWrongWinner']),
      ...this.#classes.flatMap(({ paths: [path = ''], fate }) =>
        fate === 'appears'
          ? []
          : [
              ...this.#check(
                choice,
                options,
                [writer(start(editByRename, path, `${path}+`, 'edited'))],
                ['NoLostWrite'],
              ),
              ...this.#check(choice, options, [writer(start(deleteOnce, path))], ['NoResurrect']),
            ],
      ),
    ];
    return [...new Set(searched.map(({ property }) => property))].map((property) =>
      this.#together(searched.filter((result) => result.property === property)),
    );
  }

  #check(
    choice: Choice,
    options: CheckOptions,
    others: readonly Process[],
    properties: readonly string[],
  ): readonly Searched[] {
    const wanted = properties.filter((name) => options.property === undefined || options.property === name);
    if (wanted.length === 0) return [];
    const expectations = wanted.map((property): Expectation => ({ property, verdict: 'holds' }));
    const scenario: Scenario = {
      name: 'root',
      title: '',
      options: {},
      build: () => this.#system(others, expectations),
    };
    return searchScenario(scenario, choice, options);
  }

  #system(others: readonly Process[], expectations: readonly Expectation[]): System {
    return {
      world: this.#world,
      processes: [{ name: 'refresh', program: start(perform, 'refresh', this.#run) }, ...others],
      tools: { refresh: this.#run },
      hierarchies: [ETC],
      expectations,
      summary: `${this.#classes.length} classes of files`,
    };
  }

  /** One property over several searches: the worst of them speaks, the numbers add up, and classes become their files again. */
  #together(results: readonly Searched[]): Result {
    const [first] = [...results].sort((a, b) => badness(b) - badness(a));
    if (first === undefined) throw new Error('a property that was searched has a result');
    const worst = told(first);
    const sum = (of: (result: Searched) => number): number => results.reduce((total, result) => total + of(result), 0);
    const files = results
      .flatMap((result) => result.files)
      .flatMap((file): readonly FileResult[] => {
        const members = this.#classes.find(({ paths }) => paths[0] === file.path);
        return (members?.paths ?? [file.path]).map((path) => ({ ...file, path }));
      });
    return {
      ...worst,
      ...this.#honest(worst, files),
      token: null,
      trace: worst.trace === null ? null : { ...worst.trace, token: null },
      files,
      stats: {
        ...worst.stats,
        states: sum(({ stats }) => stats.states),
        transitions: sum(({ stats }) => stats.transitions),
        depth: Math.max(...results.map(({ stats }) => stats.depth)),
        seconds: sum(({ stats }) => stats.seconds),
      },
    };
  }

  /** A verdict that rests on files of which overlay marks are not known is no better than undefined. */
  #honest({ verdict, reasons }: Result, files: readonly FileResult[]): Pick<Result, 'verdict' | 'reasons'> {
    const unsure = new Set(this.#classes.filter((one) => one.unsure).flatMap(({ paths }) => paths));
    const rests = verdict === 'violated' ? files.every(({ path }) => unsure.has(path)) : unsure.size > 0;
    if (!rests || (verdict !== 'violated' && verdict !== 'holds')) return { verdict, reasons };
    return {
      verdict: 'undefined',
      reasons: [...reasons, 'opaque and redirect marks could not be read, and this depends on them'],
    };
  }

  /** Lets the refresh go to the middle of its window, a program write there, and the refresh end. */
  writes(one: FileClass): readonly string[] {
    const [path = ''] = one.paths;
    if (one.fate === 'appears') return [];
    return [
      `edited in the window: ${this.#landing(start(editByRename, path, `${path}+`, 'edited'), path, 'lands in')}`,
      `deleted in the window: ${this.#landing(start(deleteOnce, path), path, 'is gone from')}`,
    ];
  }

  #landing(program: Next, path: string, verb: string): string {
    const judged = judge(this.#system([writer(program)], []));
    let state = initialState(judged);
    const go = (process: string, until: (step: Possible) => boolean): readonly Possible[] => {
      const steps: Possible[] = [];
      for (;;) {
        const step = possible(judged, state).find(({ label }) => label.process === process);
        if (step === undefined) return steps;
        state = step.next;
        steps.push(step);
        if (until(step)) return steps;
      }
    };
    go('refresh', ({ label }) => label.at === 'M6d');
    const written = go('writer', () => false);
    const error = written.map(({ label }) => label.result).find((result) => 'err' in result);
    if (error !== undefined && 'err' in error) return error.err;
    go('refresh', () => false);
    const after = judged.scene(momentOf(judged, state)).view.get(path);
    const where = after === undefined ? 'afterwards it is not there' : `afterwards ${after.layers[0]} wins`;
    return `${verb} the host's ${path}; ${where}${after?.data === 'edited' ? ', as written' : ''}`;
  }
}

const writer = (program: Next): Process => ({ name: 'writer', program });

const badness = ({ verdict, damage }: Searched): number => {
  const order: readonly string[] = ['vacuous', 'holds', 'incomplete', 'undefined', 'violated'];
  return order.indexOf(verdict) * 4 + (damage === 'permanent' ? 2 : damage === 'unknown' ? 1 : 0);
};
