/** Recordings of mount scripts: see test/vectors/mount/README.md. */
export interface Recording {
  readonly name: string;
  readonly script: readonly string[];
  readonly results: readonly string[];
  readonly mounts: readonly string[];
}

/** One on each line, after one that may say where they come from. */
export const recordingsIn = (text: string): readonly Recording[] =>
  text
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('{"recorded":'))
    .map((line): Recording => JSON.parse(line));
