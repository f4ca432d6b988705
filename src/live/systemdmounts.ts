import type { Field } from '../conform/json.ts';
import { byText } from '../kernel/tree.ts';
import { type MountInfo, mountInfo, unescaped } from './mountinfo.ts';
import { type Json, mutableOf, type Tool, WORKSPACE } from './systemdops.ts';

/** The mounts at and below the hierarchies, with layers told by what they are. */

/** The source of the tmpfs that is the machine's root (private_root() in executor.c). */
const ROOT_SOURCE = 'base';
const FLAGS = ['noatime', 'nodev', 'noexec', 'nosuid'];

export interface Row extends Omit<MountInfo, 'superblock'> {
  readonly superblock: ReadonlyMap<string, string>;
  /** A walk to the mount point ends in it. */
  readonly reached: boolean;
}

export function rowOf(answer: Field): Row {
  const [line, reached] = answer.array;
  if (line === undefined || reached === undefined) throw answer.fail('a line of mountinfo and whether it is reached');
  const { superblock, ...row } = mountInfo(line.string);
  const options = superblock.map((option) => [option.split('=')[0] ?? '', option.replace(/^[^=]*=/, '')] as const);
  return { ...row, superblock: new Map(options), reached: reached.boolean };
}

/** Sorted by path; mounts on one path from bottom to top. */
export function mountsOf(tool: Tool, answers: readonly Field[]): readonly Json[] {
  const rows = answers.map(rowOf);
  const depth = (row: Row): number => {
    const parent = rows.find(({ id }) => id === row.parent);
    return parent === undefined ? 0 : 1 + depth(parent);
  };
  return rows
    .map((row) => ({ row, depth: depth(row) }))
    .sort((a, b) => byText(a.row.at, b.row.at) || a.depth - b.depth || Number(a.row.id) - Number(b.row.id))
    .map(({ row }) => told(tool, row));
}

function told(tool: Tool, row: Row): Json {
  const isRoot = row.source === ROOT_SOURCE;
  const flags = FLAGS.filter((flag) => row.options.includes(flag));
  const whole = row.root === '/' && !isRoot;
  return {
    at: row.at,
    type: isRoot ? 'bind' : row.type,
    ro: row.options.includes('ro'),
    ...(flags.length > 0 ? { flags } : {}),
    ...(row.reached ? {} : { hidden: true }),
    ...(whole ? {} : { root: row.root }),
    ...(whole && row.type === 'overlay' ? layersOf(tool, row) : {}),
  };
}

/** The directories of an overlay, upper first, as its superblock shows them. */
export function directoriesOf({ superblock }: Row): {
  readonly upper: string | undefined;
  readonly lowers: readonly string[];
} {
  const lowers = (superblock.get('lowerdir') ?? '').split(/(?<!\\):/).map(unescaped);
  return { upper: superblock.get('upperdir'), lowers };
}

const EXTENSION = new RegExp(`^${WORKSPACE}/(?:extensions|confexts)/([^/]+)`);

/** Which extension a lower directory is of. */
export const extensionOf = (lower: string): string | undefined => EXTENSION.exec(lower)?.[1];

function layersOf({ hierarchies }: Tool, row: Row): Json {
  const { upper, lowers } = directoriesOf(row);
  const isHost = (path: string): boolean => path === row.at || hierarchies.includes(path);
  const isUsual = (path: string): boolean => hierarchies.some((hierarchy) => path === mutableOf(hierarchy));
  const lowerName = (path: string): string => {
    if (path.startsWith(`${WORKSPACE}/meta/`)) return 'meta';
    const name = extensionOf(path);
    return name !== undefined ? `ext:${name}` : isHost(path) ? 'host' : 'import';
  };
  const names = lowers.map(lowerName);
  const imported = lowers.find((path) => lowerName(path) === 'import' && !isUsual(path));
  const ephemeral = upper?.startsWith(`${WORKSPACE}/`) === true;
  const kind = upper === undefined ? [] : [`upper:${ephemeral ? 'ephemeral' : isHost(upper) ? 'host' : 'mutable'}`];
  const named = upper === undefined || ephemeral || isHost(upper) || isUsual(upper) ? {} : { upperdir: upper };
  return {
    layers: [...kind, ...names],
    ...named,
    ...(upper === undefined || ephemeral ? {} : { workdir: row.superblock.get('workdir') }),
    ...(imported === undefined ? {} : { importdir: imported }),
  };
}
