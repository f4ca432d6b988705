import type { Field } from '../conform/json.ts';
import { CLASSES } from '../input/imageclass.ts';
import { command } from './lines.ts';
import { directoriesOf, extensionOf, type Row, rowOf } from './systemdmounts.ts';
import { MUTABLE, mutableOf, type Tool, WORKSPACE } from './systemdops.ts';

/**
 * Whether somebody edits a layer of a mounted overlay from below, which the kernel leaves undefined: directories are known by
 * their inodes, so that one may be renamed away, and what is put in its place is no layer.
 */

const look = (op: string, ...args: readonly string[]): string => command('world', op, ...args);

/** Lines before an op, for {@link Taint.edit}: what it is about to touch. */
export function touchLines(op: Field): readonly string[] {
  switch (op.get('op').string) {
    case 'mount':
    case 'umount':
      return [];
    case 'rename':
      return ['from', 'to'].map((key) => look('chain', op.get(key).path, 'name'));
    case 'rmtree':
      return [look('chain', op.get('path').path, 'all')];
    case 'write':
    case 'append':
    case 'chmod':
    case 'chown':
      return [look('chain', op.get('path').path, 'what')];
    default:
      return [look('chain', op.get('path').path, 'name')];
  }
}

/** Lines after a step, for {@link Taint.step}: the directories that may have become layers. */
export function layerLines({ kind, hierarchies }: Tool): readonly string[] {
  const images = CLASSES[kind].searchPath.flatMap((at) => [`${at}/*`, `${at}/*/*`]);
  return [
    look('ids', 'below', ...hierarchies),
    look('glob', ...[...images, MUTABLE].flatMap((at) => hierarchies.map((hierarchy) => `${at}${hierarchy}`))),
    look('glob', ...hierarchies.map(mutableOf)),
  ];
}

interface Overlay {
  readonly layers: ReadonlySet<string>;
  readonly upper: string | undefined;
  tainted: boolean;
}

const deviceOf = (id: string): string => id.split(':').slice(0, 2).join(':');
const strings = (field: Field): readonly string[] => field.array.map(({ string }) => string);

export class Taint {
  readonly #tool: Tool;
  readonly #overlays = new Map<string, Overlay>();

  constructor(tool: Tool) {
    this.#tool = tool;
  }

  /** An op that changed something; `touched` are the answers to its {@link touchLines}. */
  edit(touched: readonly Field[]): void {
    const ids = new Set(touched.flatMap(strings));
    const through = new Set([...ids].map(deviceOf));
    for (const [device, overlay] of this.#overlays) {
      const upper = through.has(device) ? overlay.upper : undefined;
      for (const [other, { layers }] of this.#overlays)
        if (other !== device && upper !== undefined && layers.has(upper)) this.#taint(other);
      if ([...overlay.layers].some((id) => ids.has(id))) this.#taint(device);
    }
  }

  #taint(device: string): void {
    const overlay = this.#overlays.get(device);
    if (overlay !== undefined) overlay.tainted = true;
  }

  /** After a step with its result; true if a mounted overlay is tainted. */
  step(mounts: Field, result: unknown, layers: readonly Field[]): boolean {
    const rows = mounts.array.map(rowOf).filter(({ type, root }) => type === 'overlay' && root === '/');
    const merged: readonly unknown[] = mergedOf(result);
    const devices = new Set(rows.map(({ device }) => device));
    for (const device of this.#overlays.keys()) if (!devices.has(device)) this.#overlays.delete(device);
    for (const row of rows)
      if (!this.#overlays.has(row.device) || (row.reached && merged.length > 0))
        this.#overlays.set(row.device, this.#overlayOf(row, layers));
    return [...this.#overlays.values()].some(({ tainted }) => tainted);
  }

  #overlayOf(row: Row, answers: readonly Field[]): Overlay {
    const { hierarchies, kind } = this.#tool;
    const [hosts, images, mutable] = answers;
    if (!hosts || !images || !mutable) throw new Error('the layers are three answers');
    const hierarchy = hierarchies.find((each) => each === row.at) ?? '';
    const host = hosts.array[hierarchies.indexOf(hierarchy)]?.value;
    const [own] = idsAt(mutable, (path) => path === mutableOf(hierarchy));
    const ofImage = (name: string): readonly string[] => {
      for (const at of CLASSES[kind].searchPath) {
        const start = [`${at}/${name}`, `${at}/${name}.v`, `${at}/${name}.${kind}`];
        const found = idsAt(
          images,
          (path) => start.some((each) => path.startsWith(`${each}/`)) && path.endsWith(hierarchy),
        );
        if (found.length > 0) return found;
      }
      return [];
    };
    const idsOf = (path: string): readonly string[] => {
      const name = extensionOf(path);
      if (name !== undefined) return ofImage(name);
      const id = path === hierarchy ? host : path.startsWith(`${WORKSPACE}/`) ? undefined : own;
      return typeof id === 'string' ? [id] : [];
    };
    const { upper, lowers } = directoriesOf(row);
    const ids = [...(upper === undefined ? [] : [upper]), ...lowers].flatMap(idsOf);
    return { layers: new Set(ids), upper: upper === undefined ? undefined : idsOf(upper)[0], tainted: false };
  }
}

function mergedOf(result: unknown): readonly unknown[] {
  if (typeof result !== 'object' || result === null || !('merged' in result)) return [];
  return Array.isArray(result.merged) ? result.merged : [];
}

function idsAt(answer: Field, wanted: (path: string) => boolean): readonly string[] {
  return answer.array.flatMap((pair) => {
    const [path, id] = strings(pair);
    return path !== undefined && id !== undefined && wanted(path) ? [id] : [];
  });
}
