/**
 * A second opinion on what a merge shows, written from the manual pages and not from the model: layers of a drawn world are
 * laid over each other name by name. Source: systemd-confext(8), "Mutability"; Documentation/filesystems/overlayfs.rst.
 */
import type { Drawn, DrawnLayer } from './worlds.ts';

const EMPTY: DrawnLayer = { x: 'none', y: 'none', d: 'none', z: 'none' };

/** A layer, and what its files say. */
type Layer = readonly [content: string, drawn: DrawnLayer];

/** The extensions that are there at the first merge, or after what happened since then; lowest layer first. */
function images(drawn: Drawn, when: 'first' | 'later'): readonly Layer[] {
  const first = drawn.extensions.map((layer, at): Layer => [at === 0 ? 'a' : 'b', layer]);
  if (when === 'first' || drawn.change === 'none') return first;
  return drawn.change === 'install' ? [...first, ['c', { ...EMPTY, y: 'file' }]] : first.slice(1);
}

/** The layers of a merge, top to bottom; null if it is refused. */
function stack(drawn: Drawn, when: 'first' | 'later'): readonly Layer[] | null {
  const { mutable, mutableKind, systemd } = drawn;
  const host: Layer = ['host', drawn.host];
  const extensions = [...images(drawn, when)].reverse();
  if (extensions.length === 0 && (systemd === '257' || mutable === 'no')) return [host];
  const imports = mutable === 'import' || mutable === 'ephemeral-import';
  if (imports && mutableKind === 'hierarchy') return null;
  const own: readonly Layer[] = mutableKind === 'directory' ? [['mutable', drawn.mutableDir]] : [];
  if (mutable === 'no' || mutable === 'ephemeral') return [...extensions, host];
  if (!imports && mutableKind === 'hierarchy') return [host, ...extensions];
  return [...own, ...extensions, host];
}

/** The contents by path that /etc shows after a merge, of the names that worlds draw; a refused merge leaves the bare host. */
export const mergedContents = (drawn: Drawn, when: 'first' | 'later'): ReadonlyMap<string, string> =>
  contents(stack(drawn, when) ?? [['host', drawn.host]]);

export const hostContents = (drawn: Drawn): ReadonlyMap<string, string> => contents([['host', drawn.host]]);

function contents(layers: readonly Layer[]): ReadonlyMap<string, string> {
  const seen = new Map<string, string>();
  const look = (path: string, among: readonly Layer[], key: 'x' | 'y' | 'z'): void => {
    const found = among.find(([, drawn]) => drawn[key] !== 'none');
    if (found !== undefined && found[1][key] === 'file') seen.set(path, found[0]);
  };
  look('/etc/x', layers, 'x');
  look('/etc/y', layers, 'y');
  const directory: Layer[] = [];
  for (const layer of layers) {
    const [content, { d }] = layer;
    if (d === 'none') continue;
    if (d === 'file' && directory.length === 0) seen.set('/etc/d', content);
    if (d === 'file' || d === 'whiteout') break;
    directory.push(layer);
    if (d === 'opaque') break;
  }
  look('/etc/d/z', directory, 'z');
  return seen;
}
