import { byText } from '../kernel/tree.ts';
import type { MountFlag } from '../kernel/types.ts';

/** The mounts of a namespace as /proc/self/mountinfo tells them. Source: proc_pid_mountinfo(5). */

/** The fields of a line, with the paths as they are. */
export interface MountInfo {
  readonly id: string;
  readonly parent: string;
  /** Major and minor number of the superblock's device. */
  readonly device: string;
  /** The directory or file of the file system that is shown. */
  readonly root: string;
  /** The mount point, as far as the reader's root reaches. */
  readonly at: string;
  readonly options: readonly string[];
  /** "shared:N" and the like. */
  readonly optional: readonly string[];
  readonly type: string;
  readonly source: string;
  /** The options of the superblock. */
  readonly superblock: readonly string[];
}

/** Blanks and the like are three octal digits. */
export const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

export function mountInfo(line: string): MountInfo {
  const fields = line.split(' ');
  const dash = fields.indexOf('-');
  const [id = '', parent = '', device = '', root = '', at = '', options = ''] = fields;
  const [type = '', source = '', superblock] = fields.slice(dash + 1);
  if (dash < 6 || superblock === undefined) throw new Error(`"${line}" is no line of mountinfo`);
  return {
    id,
    parent,
    device,
    root: unescaped(root),
    at: unescaped(at),
    options: options.split(','),
    optional: fields.slice(6, dash),
    type,
    source,
    superblock: superblock.split(','),
  };
}

export interface MountRow {
  /** The mount point, as far as the reader's root reaches. */
  readonly at: string;
  readonly source: string;
  /** The directory or file that is shown; "" is the root of the file system, null one that has been removed. */
  readonly root: string | null;
  readonly flags: readonly MountFlag[];
  /** The superblock is read-only. */
  readonly readonly: boolean;
  /** The optional fields, without propagate_from, which depends on where the reader's root is. */
  readonly optional: readonly string[];
}

const FLAGS: readonly MountFlag[] = ['ro', 'nosuid', 'nodev', 'noexec', 'noatime'];
const DELETED = '//deleted';

interface Line extends MountRow {
  readonly id: string;
  readonly parent: string;
}

function lineOf(text: string): Line {
  const { id, parent, at, source, root, options, superblock, optional } = mountInfo(text);
  return {
    id,
    parent,
    at,
    source,
    root: root.endsWith(DELETED) ? null : root === '/' ? '' : root,
    flags: FLAGS.filter((flag) => options.includes(flag)),
    readonly: superblock.includes('ro'),
    optional: optional.filter((field) => !field.startsWith('propagate_from:')),
  };
}

/** Parents before what is on them, siblings by mount point: the order of the model's mountTable(). */
export function mountRows(mountinfo: string): readonly MountRow[] {
  const lines = mountinfo
    .split('\n')
    .filter((line) => line !== '')
    .map(lineOf);
  const ids = new Set(lines.map(({ id }) => id));
  const walk = (line: Line): readonly MountRow[] => [
    line,
    ...lines
      .filter(({ parent }) => parent === line.id)
      .sort((a, b) => byText(a.at, b.at))
      .flatMap(walk),
  ];
  return lines.filter(({ parent }) => !ids.has(parent)).flatMap(walk);
}
