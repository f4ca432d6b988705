import type { Observation } from './systemdobserved.ts';
import type { Json, Tool } from './systemdops.ts';

/** What a vector is about, to filter by: read off the recording. */

/** A step of a complete vector, with everything that was seen after it. */
export interface Told {
  readonly op: Json;
  readonly result: unknown;
  readonly after: Observation;
}

const isBelow = (path: string, above: string): boolean => path.startsWith(`${above}/`);
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const classOf = (result: unknown): string =>
  typeof result === 'object' && result !== null && 'class' in result ? textOf(result.class) : '';

/** The mount points below a hierarchy, without those of the tool itself. */
function submountsOf({ hierarchies }: Tool, mounts: readonly Json[]): readonly string[] {
  return mounts
    .filter(({ type, root }) => type !== 'overlay' || root === undefined)
    .map(({ at }) => textOf(at))
    .filter((at) => hierarchies.some((hierarchy) => isBelow(at, hierarchy)));
}

const CONFIG = /systemd\/(confext|sysext)\.conf/;
const NEW_MOUNTS = ['tmpfs', 'bind', 'rbind'];

/** The mount points of the mounts of these types that were made. */
const mountPoints = (ops: readonly Json[], types: readonly string[]): readonly string[] =>
  ops.filter(({ op, type }) => op === 'mount' && types.includes(textOf(type))).map(({ path }) => textOf(path));

type Features = Readonly<Record<string, boolean>>;

export function featuresOf(
  tool: Tool,
  setup: readonly Json[],
  initial: Observation,
  steps: readonly Told[],
): readonly string[] {
  const found = { ...asked(tool, setup, steps), ...seen(tool, [initial, ...steps.map(({ after }) => after)]) };
  return Object.keys(found)
    .filter((name) => found[name])
    .sort();
}

/** What was done, and what came of it. */
function asked(tool: Tool, setup: readonly Json[], steps: readonly Told[]): Features {
  const ops = steps.map(({ op }) => op);
  const classes = steps.map(({ result }) => classOf(result));
  const done = [...setup, ...steps.filter(({ result }) => result === 'ok').map(({ op }) => op)];
  const binds = mountPoints(done, ['bind', 'rbind']);
  const all = [...setup, ...ops];
  const isHierarchy = (path: string): boolean => tool.hierarchies.includes(path);
  return {
    sysext: tool.kind === 'sysext',
    cwd: ops.some((op) => op['cwd'] !== undefined),
    env: ops.some((op) => op['env'] !== undefined),
    config: all.some((op) => CONFIG.test(JSON.stringify(op))),
    crash: classes.some((each) => each.startsWith('crash:')),
    'verb-error': classes.some((each) => each.startsWith('error:')),
    skip: classes.includes('skipped'),
    'bind-peer': mountPoints(done, NEW_MOUNTS).some((path) => binds.some((bind) => isBelow(path, bind))),
    'admin-mount': mountPoints(done, NEW_MOUNTS).some(isHierarchy),
    'admin-umount': all.some(({ op, path }) => op === 'umount' && isHierarchy(textOf(path))),
    private: mountPoints(done, ['make-private']).length > 0,
  };
}

/** What was to be seen at some time. */
function seen(tool: Tool, looks: readonly Observation[]): Features {
  const submounts = looks.map(({ mounts }) => submountsOf(tool, mounts));
  const isNested = (paths: readonly string[]): boolean =>
    paths.some((path) => paths.some((above) => isBelow(path, above)));
  return {
    submount: submounts.some((paths) => paths.length > 0),
    'nested-submount': submounts.some(isNested),
    'hidden-mount': looks.some(({ mounts }) => mounts.some(({ hidden }) => hidden === true)),
    redirect: looks.some(({ host, mutable }) => [...host, ...mutable].some((entry) => entry['redirect'] !== undefined)),
    'whiteout-in-host': looks.some(({ host }) => host.some(({ rdev }) => rdev === '0:0')),
    tainted: looks.some(({ tainted }) => tainted),
    'view-error': looks.some(({ view }) => view.some(({ error }) => error !== undefined)),
  };
}
