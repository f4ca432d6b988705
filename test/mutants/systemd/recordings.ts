import { readFileSync } from 'node:fs';
import { RELEASES } from '../../../models/systemd/versions.ts';
import { MUTABLE_MODES } from '../../../src/input/config.ts';
import { type Scenario, traceFile } from '../../live/sandbox.ts';
import { everyVerb } from '../../live/scenarios.ts';
import { scenarioOf } from './scenario.ts';

/** The recordings of the real systemd that can notice a rule. */

const VECTORS = new URL('../../vectors/systemd/', import.meta.url);
const TRACES = new URL('../../live/traces/', import.meta.url);

function vectorsIn(file: string): readonly unknown[] {
  const text = readFileSync(new URL(file, VECTORS), 'utf8');
  if (!file.endsWith('.jsonl')) return [JSON.parse(text)].flat();
  return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [JSON.parse(line)]));
}

/** The scenarios of which runs under strace are kept: there the order of steps shows, and what the child does in private. */
const WATCHED: readonly Scenario[] = [
  ...MUTABLE_MODES.map(everyVerb),
  ...['yes: on a disk', 'refresh: no extension fits any more'].map(scenarioOf),
];

const traces = (): readonly (readonly [name: string, recording: string])[] =>
  RELEASES.flatMap((systemd) =>
    WATCHED.map((scenario) => {
      const trace = readFileSync(new URL(traceFile(scenario, systemd), TRACES), 'utf8');
      return [
        `${systemd} strace/${scenario.name}`,
        JSON.stringify({ systemd, scenario: scenario.name, trace }),
      ] as const;
    }),
  );

/** All recordings by release and name: those picked by hand come first, because they say what they are about. */
export function systemdRecordings(): ReadonlyMap<string, string> {
  const all = new Map<string, string>();
  const add = (name: string, recording: string): void => {
    if (all.has(name)) throw new Error(`two recordings are called "${name}"`);
    all.set(name, recording);
  };
  const vectors = (file: string): void => {
    for (const vector of vectorsIn(file)) {
      // The first line of a file may say where its vectors come from.
      if (typeof vector !== 'object' || vector === null || !('name' in vector) || !('systemd' in vector)) continue;
      add(`${String(vector.systemd).split('.')[0]} ${String(vector.name)}`, JSON.stringify(vector));
    }
  };
  for (const file of ['systemd.jsonl', 'handpicked.json', 'matrix.json', 'pages.jsonl']) vectors(file);
  for (const [name, recording] of traces()) add(name, recording);
  vectors('random.json');
  return all;
}
