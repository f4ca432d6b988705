import { readdirSync, readFileSync } from 'node:fs';

/** The recordings that can notice a rule. */
export interface Recording {
  readonly name: string;
  /** As it stands in its file. */
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
  for (const recording of files.flatMap(recordingsIn)) {
    if (all.has(recording.name)) throw new Error(`two recordings are called "${recording.name}"`);
    all.set(recording.name, recording);
  }
  return all;
}
