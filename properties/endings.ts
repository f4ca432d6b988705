/**
 * How runs at the same time can end: what each of them tells its caller, and what is mounted then. A search gives all of the
 * endings, and a real run one of them in the same words.
 */
import type { System } from '../models/scenario.ts';
import { mutableDirectory, workName } from '../models/systemd/names.ts';
import { isOurs, OBSERVER, QUESTIONS, readText } from '../models/systemd/questions.ts';
import { TOLD } from '../models/systemd/verbs.ts';
import { CLASSES } from '../src/input/imageclass.ts';
import { childAt, childrenOf, entry } from '../src/kernel/mount.ts';
import { list, resolve } from '../src/kernel/path.ts';
import { failed, type MountId, type Namespace, type Path } from '../src/kernel/types.ts';
import { fileSystem, namespace, type Read, task as taskOf } from '../src/kernel/world.ts';
import { linux, type Moment, monitor, type Step } from '../src/program/linux.ts';
import { stackOf } from './scene.ts';

type Told = Readonly<Record<string, string>>;

export interface Endings {
  /** "merged, error:EBUSY: overlay{keys}", sorted; "(undefined)" after those that nobody promises. */
  readonly endings: readonly string[];
  readonly states: number;
}

/**
 * Every way in which the processes of a system can end. Where they are `alike`, nobody can tell which said what: their words are
 * sorted. What is `shown` of the end is what is mounted on the hierarchies, unless said otherwise.
 */
export function endings(
  { world, processes, hierarchies }: System,
  alike = false,
  shown = (end: Read): string => hierarchies.map((h) => stackText(end, h)).join('; '),
): Endings {
  const initial: Told = {};
  const told = monitor('told', initial, (past, _before: Moment, { process, call }: Step) =>
    call.op === 'event' && call.what.startsWith(TOLD) ? { ...past, [process]: call.what.slice(TOLD.length) } : past,
  );
  const ending = (now: Moment): string => {
    const words = processes.map(({ name }) => now.recall(told)[name] ?? 'killed');
    return `${(alike ? words.sort() : words).join(', ')}: ${shown(now.world)}`;
  };
  const report = linux({ world, processes, monitors: [told], questions: QUESTIONS }).check([
    {
      name: 'endings',
      kind: 'always',
      over: 'state',
      witnesses: [],
      check: (now: Moment) => (processes.every(({ name }) => now.over(name)) ? [{ subject: ending(now) }] : []),
    },
  ]);
  if (report.incomplete.length > 0) throw new Error(`the search is not complete: ${report.incomplete.join('; ')}`);
  const found = report.properties.flatMap(({ subjects }) => subjects);
  const texts = found.map(({ subject, verdict }) => (verdict === 'violated' ? subject : `${subject} (undefined)`));
  return { endings: texts.sort(), states: report.stats.states };
}

/**
 * What is mounted on a hierarchy, the lowest first, with what is mounted in each: "bare{keys}", "overlay, overlay{keys}". A
 * submount that is no whole file system is told with what it shows: "keys=root:/etc/keys".
 */
export function stackText(world: Read, h: string): string {
  const ns = namespace(world, taskOf(world, OBSERVER).ns);
  const bare = `bare${below(world, ns, ns.root, h)}`;
  const first = childAt(ns, ns.root, h);
  const stack = first === undefined ? [] : stackOf(ns, first);
  const levels = stack.map((id) => `${whatShows(world, ns, id) ?? 'mount'}${below(world, ns, id, entry(ns, id).root)}`);
  const all = levels.length > 0 && bare === 'bare' ? levels : [bare, ...levels];
  return [...all, ...remarks(world, h, levels.length)].join(', ');
}

/** What is mounted in a mount below a path. */
function below(world: Read, ns: Namespace, mount: MountId, path: Path): string {
  const inside = childrenOf(ns, mount).filter((id) => entry(ns, id).at.startsWith(`${path}/`));
  const texts = inside.flatMap((id) => {
    const name = entry(ns, id).at.slice(path.length + 1);
    if (name.startsWith('.systemd-')) return stackOf(ns, id).map(() => 'dot');
    return stackOf(ns, id).map((each) => [name, whatShows(world, ns, each)].filter((word) => word !== null).join('='));
  });
  return texts.length === 0 ? '' : `{${texts.sort().join(',')}}`;
}

/** What a mount shows: "overlay" for one as a whole, "root:/etc/keys" for a part of a file system; null for another whole one. */
function whatShows(world: Read, ns: Namespace, id: MountId): string | null {
  const { fs, root } = entry(ns, id);
  const kind = fileSystem(world, fs).kind === 'overlay' ? 'overlay' : fs;
  return root === '' ? (kind === 'overlay' ? kind : null) : `${kind}:${root}`;
}

/** What the mounts do not tell: an overlay that the tool does not take for its own, and a work directory that is not where it should be. */
function remarks(world: Read, h: string, overlays: number): readonly string[] {
  const mutable = mutableDirectory(h);
  const beside = mutable.slice(0, mutable.lastIndexOf('/'));
  const left = list(world, 'root', beside).some((name) => name.startsWith(workName(h)));
  const noted = readText(world, OBSERVER, `${h}/${CLASSES.confext.dotDir}/work_dir`);
  return [
    ...(overlays > 0 && !isOurs(world, OBSERVER, h) ? ['not ours'] : []),
    ...(overlays === 0 && left ? ['work directory left'] : []),
    ...(overlays > 0 && noted !== undefined && failed(resolve(world, OBSERVER, `/${noted.trim()}`))
      ? ['work directory gone']
      : []),
  ];
}
