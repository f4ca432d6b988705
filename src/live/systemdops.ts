import type { Field } from '../conform/json.ts';
import { CLASSES, IMAGE_CLASSES, type ImageClass } from '../input/imageclass.ts';
import { command } from './lines.ts';

/**
 * The ops of a systemd vector (test/vectors/systemd/README.md) as lines for a machine of the executor. An op is one line, whose
 * answer is its result: the lines of a whole vector are one batch, so nothing can depend on an answer.
 */

/** A part of a vector as JSON. */
export type Json = Readonly<Record<string, unknown>>;

/** Which of the two tools, and over which directories. */
export interface Tool {
  readonly kind: ImageClass;
  readonly hierarchies: readonly string[];
}

export const toolOf = (vector: Field): Tool => ({
  kind: vector.get('kind').oneOf(IMAGE_CLASSES),
  hierarchies: vector.get('hierarchies').array.map((field) => field.path),
});

/** Where the tools mount extensions and build overlays. Source: sysext.c, merge_subprocess(). */
export const WORKSPACE = '/run/systemd/sysext';
/** Source: sysext.c, MUTABLE_EXTENSIONS_BASE_DIR. */
export const MUTABLE = '/var/lib/extensions.mutable';
/** Source: sysext.c, hierarchy_as_single_path_component(). */
export const componentOf = (hierarchy: string): string => hierarchy.slice(1).replaceAll('/', '.');
/** The mutable directory of a hierarchy, unless a symlink leads elsewhere. */
export const mutableOf = (hierarchy: string): string => `${MUTABLE}/${componentOf(hierarchy)}`;

/** Whether the op is the tool itself, and not somebody who changes files and mounts. */
export const isVerb = (op: Field): boolean => IMAGE_CLASSES.some((kind) => kind === op.get('op').string);

const admin = (op: string, ...args: readonly (string | number)[]): string => command('world', op, ...args);
const mode = (field: Field): number => Number.parseInt(field.string, 8);
const text = (field: Field): string => field.string;
const modeOf = (op: Field, otherwise: number): number => op.optional('mode', mode, otherwise);

/** The line for an op; that of a verb runs the tool. */
export function opLine(tool: Tool, op: Field): string {
  const name = op.get('op').string;
  const path = (key = 'path'): string => op.get(key).path;
  switch (name) {
    case 'mkdir': {
      const parents = op.optional('parents', (field) => field.boolean, false);
      return admin(parents ? 'place' : 'mkdir', path(), modeOf(op, 0o755));
    }
    case 'write':
      return admin('write', path(), 'O_WRONLY|O_CREAT|O_TRUNC', modeOf(op, 0o644), op.get('data').string);
    case 'append':
      return admin('write', path(), 'O_WRONLY|O_CREAT|O_APPEND', 0o644, op.get('data').string);
    case 'unlink':
    case 'rmdir':
      return admin(name, path());
    case 'rmtree':
      return admin('prune', path());
    case 'rename':
      return admin('rename', path('from'), path('to'));
    case 'symlink':
      return admin('symlink', op.get('target').string, path());
    case 'chmod':
      return admin('chmod', path(), mode(op.get('mode')));
    case 'chown':
      return admin('chown', path(), op.get('uid').integer, op.get('gid').integer);
    case 'whiteout':
      return admin('mknod', path(), 'chr', 0, 0, 0);
    case 'install':
      return admin('put', path(), ...treeOf(op.get('files')));
    case 'mount':
      return mountLine(op);
    case 'umount':
      return admin('umount', path(), op.optional('lazy', (field) => field.boolean, false) ? 1 : 0);
    case 'confext':
    case 'sysext':
      return verbLine(tool, op);
    default:
      throw op.get('op').fail('an op of the format');
  }
}

/** Type, path, mode and data of each entry. */
function treeOf(files: Field): readonly (string | number)[] {
  return files.keys.flatMap((path) => {
    const entry = files.get(path);
    if (typeof entry.value === 'string') return ['file', path, 0o644, entry.value];
    const type = entry.get('type').oneOf(['dir', 'symlink', 'whiteout']);
    return [type, path, modeOf(entry, 0o755), entry.optional('target', text, '')];
  });
}

function mountLine(op: Field): string {
  const path = op.get('path').path;
  const type = op.get('type').oneOf(['tmpfs', 'bind', 'rbind', 'remount-ro', 'remount-rw', 'make-private']);
  switch (type) {
    case 'tmpfs':
      return admin('mount-tmpfs', path, '', 'mode=0755');
    case 'bind':
    case 'rbind':
      return admin('mount-bind', op.get('source').path, path, type === 'rbind' ? 1 : 0);
    case 'remount-ro':
    case 'remount-rw':
      return admin('mount-remount', path, type === 'remount-ro' ? 'ro' : '', 1);
    case 'make-private':
      return admin('mount-propagation', path, 'private', 0);
  }
}

function verbLine({ kind, hierarchies }: Tool, op: Field): string {
  const verb = op.get('verb').oneOf(['merge', 'unmerge', 'refresh', 'status']);
  const args = op.optional('args', (field) => field.array.map(text), []);
  const { command: program, env: names, hierarchies: usual } = CLASSES[kind];
  const list = hierarchies.join(':');
  const variables = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    LANG: 'C',
    ...(list === usual.join(':') ? {} : { [names.hierarchies]: list }),
    ...op.optional('env', (env) => Object.fromEntries(env.keys.map((key) => [key, env.get(key).string])), {}),
  };
  const environment = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const told = verb === 'status' ? ['--json=short'] : [];
  const argv = [program, '--no-reload', ...args, verb, ...told];
  const cwd = op.optional('cwd', (field) => field.path, '/');
  return admin('run', cwd, `/usr/bin/${program}`, environment.length, ...environment, ...argv);
}
