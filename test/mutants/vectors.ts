import { readdirSync, readFileSync } from 'node:fs';
import { DISK, PLANS } from '../kernel/overlayplans.ts';

/** The recordings that can notice a rule. */
export interface Recording {
  readonly name: string;
  /** One line of JSON, as it stands in its file. */
  readonly line: string;
  /** "overlay/tricky.jsonl" */
  readonly file: string;
}

const DIRECTORY = new URL('../vectors/', import.meta.url);

function recordingsIn(file: string): readonly Recording[] {
  const lines = readFileSync(new URL(file, DIRECTORY), 'utf8').split('\n');
  return lines.flatMap((line) => {
    const vector: unknown = line.trim() === '' ? null : JSON.parse(line);
    // The first line of a file may say where its vectors come from.
    if (typeof vector !== 'object' || vector === null || !('name' in vector)) return [];
    return [{ name: String(vector.name), line, file }];
  });
}

/** The overlay mounts that Linux takes or refuses; a name that a group has twice is numbered. */
function plans(): readonly Recording[] {
  return Object.entries(PLANS).flatMap(([group, rows]) =>
    rows.map((row, index) => {
      const earlier = rows.slice(0, index).filter(({ name }) => name === row.name).length;
      const name = `${group}: ${row.name}${earlier === 0 ? '' : ` (${earlier + 1})`}`;
      return { name, line: JSON.stringify({ disk: DISK, ...row }), file: 'overlayplans.ts' };
    }),
  );
}

/** All recordings by name: those that were picked by hand come first, because they say what they are about. */
export function allRecordings(): ReadonlyMap<string, Recording> {
  const files = ['own', 'overlay', 'mount'].flatMap((directory) =>
    readdirSync(new URL(directory, DIRECTORY))
      .filter((name) => name.endsWith('.jsonl'))
      .map((name) => `${directory}/${name}`),
  );
  const isRandom = (file: string): number => Number(file.includes('/random'));
  files.sort((a, b) => isRandom(a) - isRandom(b));
  const all = new Map<string, Recording>();
  for (const recording of [...plans(), ...files.flatMap(recordingsIn)]) {
    if (all.has(recording.name)) throw new Error(`two recordings are called "${recording.name}"`);
    all.set(recording.name, recording);
  }
  return all;
}
