import { Field } from '../conform/json.ts';
import { CLASSES } from '../input/imageclass.ts';
import { byText } from '../kernel/tree.ts';
import { command } from './lines.ts';
import { mountsOf } from './systemdmounts.ts';
import { componentOf, type Json, MUTABLE, type Tool, WORKSPACE } from './systemdops.ts';

/** What a machine of the executor looks like, as the format of systemd vectors tells it. */

/** Source: sysext.c, work_dir_for_hierarchy(): the fixed name, and the one with a random end that has been proposed. */
const WORKDIR = /^\.systemd-.*-workdir(-[0-9a-f]+)?$/;

/** The keys of an observation that are always there. */
const KEYS = ['view', 'host', 'mutable', 'mounts', 'run'] as const;
/** What was seen at one time; `tainted` where an edit from below left it undefined. */
export type Observation = Readonly<Record<(typeof KEYS)[number], readonly Json[]>> & { readonly tainted: boolean };

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** The lines that look at a machine, in the order in which {@link observed} takes the answers. */
export function lookLines({ hierarchies }: Tool, watch: readonly string[]): readonly string[] {
  const look = (op: string, ...args: readonly string[]): string => command('world', op, ...args);
  const works = ['', '/var', '/var/lib'].flatMap((at) =>
    hierarchies.map((hierarchy) => `${at}/.systemd-${componentOf(hierarchy)}-workdir`),
  );
  return [
    look('entries', '', ...hierarchies),
    look('entries', 'below', ...hierarchies),
    look('entries', 'below', MUTABLE, ...watch, ...works),
    look('mounts', ...hierarchies),
    look('entries', '', WORKSPACE),
  ];
}

/** The mounts among the answers to a look. */
export function mountsIn(answers: readonly Field[]): Field {
  const mounts = answers[3];
  if (mounts === undefined) throw new Error('a look at the machine is five answers');
  return mounts;
}

export function observed(tool: Tool, answers: readonly Field[], tainted: boolean): Observation {
  const [view, host, mutable, mounts, run] = answers;
  if (!view || !host || !mutable || !mounts || !run) throw new Error('a look at the machine is five answers');
  return {
    view: sorted(viewOf(tool, view.array)),
    host: sorted(withoutWork(host.array)),
    mutable: sorted(withoutWork(mutable.array)),
    mounts: mountsOf(tool, mounts.array),
    run: run.array.map((entry) => leftOver(entryOf(entry))),
    tainted,
  };
}

/** The keys in which a look differs from the one before. */
export function changes(before: Observation | null, now: Observation): Json {
  const differ = KEYS.filter((key) => before === null || JSON.stringify(before[key]) !== JSON.stringify(now[key]));
  const tainted = (before?.tainted ?? false) === now.tainted ? {} : { tainted: now.tainted };
  return { ...Object.fromEntries(differ.map((key) => [key, now[key]])), ...tainted };
}

const pathOf = (entry: Json): string => new Field(entry, 'observed', 1).get('path').string;
const sorted = (entries: readonly Json[]): readonly Json[] => [...entries].sort((a, b) => byText(pathOf(a), pathOf(b)));

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');

/** An entry as the executor tells it, in the words of the format. */
function entryOf(entry: Field): Json {
  const path = entry.get('path').string;
  if (!entry.has('type')) return { path, error: entry.get('error').string };
  const type = entry.get('type').string;
  const [uid, gid] = [entry.get('uid').integer, entry.get('gid').integer];
  const own = ['data', 'target', 'rdev', 'opaque', 'redirect', 'error'].filter((key) => entry.has(key));
  const hasMode = type === 'dir' || type === 'file';
  return {
    path,
    type: type === 'chr' ? 'chardev' : type === 'blk' ? 'blockdev' : type,
    ...(hasMode ? { mode: octal(entry.get('mode').integer) } : {}),
    ...Object.fromEntries(own.map((key) => [key, entry.get(key).string])),
    ...(uid === 0 && gid === 0 ? {} : { owner: `${uid}:${gid}` }),
  };
}

const leftOver = ({ path, type, mode }: Json): Json => ({ path, type, ...(mode === undefined ? {} : { mode }) });

/** Work directories are said to be there, and what overlayfs has in them is nobody's business. */
function withoutWork(entries: readonly Field[]): readonly Json[] {
  const works = entries.map((entry) => entry.get('path').string).filter((path) => WORKDIR.test(nameOf(path)));
  const isInside = (path: string): boolean => works.some((work) => path.startsWith(`${work}/`));
  return entries
    .filter((entry) => !isInside(entry.get('path').string))
    .map((entry) => {
      const path = entry.get('path').string;
      const isWork = works.includes(path) && entry.optional('type', (field) => field.string, '') === 'dir';
      return isWork ? { path, type: 'workdir' } : entryOf(entry);
    });
}

function viewOf(tool: Tool, entries: readonly Field[]): readonly Json[] {
  const { dotDir } = CLASSES[tool.kind];
  const isDot = (entry: Field): boolean =>
    entry.has('type') &&
    entry.get('type').string === 'dir' &&
    tool.hierarchies.some((hierarchy) => entry.get('path').string === `${hierarchy}/${dotDir}`);
  const dots = entries.filter(isDot);
  const below = (dot: Field): readonly Field[] =>
    entries.filter((entry) => entry.get('path').string.startsWith(`${dot.get('path').string}/`));
  const hidden = new Set(dots.flatMap(below));
  return entries
    .filter((entry) => !hidden.has(entry))
    .map((entry) => (dots.includes(entry) ? dotDirectory(tool, entry, below(entry)) : entryOf(entry)));
}

/** What the tool has written down about a merged directory. `backing` and the identities in `origin` are the machine's. */
function dotDirectory({ kind }: Tool, dot: Field, entries: readonly Field[]): Json {
  const path = dot.get('path').string;
  const files = entries.map((entry) => entry.get('path').string.slice(path.length + 1)).sort(byText);
  const data = (name: string): string | undefined => {
    const found = entries.find((entry) => entry.get('path').string === `${path}/${name}`);
    return found?.has('data') === true ? found.get('data').string : undefined;
  };
  const [list, work, origin] = [data(CLASSES[kind].listFile), data('work_dir'), data('origin')];
  const from = origin === undefined ? undefined : originOf(origin);
  return {
    path,
    type: 'dotdir',
    files: files.filter((name) => name !== 'backing'),
    ...(list === undefined ? {} : { list: list.split('\n').filter((line) => line !== '') }),
    ...(work === undefined ? {} : { work_dir: work.trimEnd() }),
    ...(from === undefined ? {} : { origin: from }),
  };
}

function originOf(text: string): Json | undefined {
  let document: Field;
  try {
    document = new Field(JSON.parse(text), 'origin', 1);
  } catch {
    return undefined;
  }
  const mutable = document.get('mutable');
  // In the order of names: the tool's own depends on a hash.
  const by = (object: Field, read: (field: Field) => unknown): Json =>
    Object.fromEntries([...object.keys].sort(byText).map((name) => [name, read(object.get(name))]));
  return {
    mode: mutable.get('mode').string,
    ...(mutable.has('mutableDirs') ? { mutableDirs: by(mutable.get('mutableDirs'), ({ value }) => value) } : {}),
    ...(document.has('mountOptions') ? { mountOptions: document.get('mountOptions').value } : {}),
    ...(document.has('extensions')
      ? { extensions: by(document.get('extensions'), (image) => image.get('path').string) }
      : {}),
  };
}
