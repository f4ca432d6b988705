import type { MountFlag } from '../kernel/types.ts';

/** The mounts of a namespace as /proc/self/mountinfo tells them. Source: proc_pid_mountinfo(5). */

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
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

interface Line extends MountRow {
  readonly id: string;
  readonly parent: string;
}

function lineOf(text: string): Line {
  const fields = text.split(' ');
  const dash = fields.indexOf('-');
  const [id, parent, , root, at, options] = fields;
  const source = fields[dash + 2];
  if (id === undefined || parent === undefined || root === undefined || at === undefined || source === undefined)
    throw new Error(`"${text}" is no line of mountinfo`);
  const set = new Set(options?.split(','));
  return {
    id,
    parent,
    at,
    source,
    root: root.endsWith(DELETED) ? null : root === '/' ? '' : root,
    flags: FLAGS.filter((flag) => set.has(flag)),
    readonly: fields[dash + 3]?.split(',').includes('ro') === true,
    optional: fields.slice(6, dash).filter((field) => !field.startsWith('propagate_from:')),
  };
}

/** Parents before what is on them, siblings by mount point: the order of the model's mountTable(). Paths have no blanks here. */
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
