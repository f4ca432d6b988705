/** What the verbs share: exit codes, options, and which errors are the user's to mend. */
import { existsSync } from 'node:fs';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { type Scenario, UnknownOption } from '../../models/scenario.ts';
import { SCENARIOS } from '../../models/scenarios/index.ts';
import { InputError } from '../input/error.ts';
import type { Command } from '../report/text.ts';
import { BadToken } from '../report/token.ts';

export const EXIT = { expected: 0, unexpected: 1, usage: 2, incomplete: 3, vacuous: 4 } as const;

export interface Output {
  print(line: string): void;
  complain(line: string): void;
}

/** Wrong usage: one line that says what was found and what would be right. */
export class UsageError extends Error {
  override name = 'UsageError';
}

const MENDABLE = [UsageError, UnknownOption, BadToken, InputError];

/** The line for an error that the user can mend, or undefined for one that is ours. */
export function describeError(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  // A file that the system will not let us read: Node's message has the errno, the call and the path.
  const ofSystem = 'syscall' in error && 'path' in error;
  const mendable = ofSystem || MENDABLE.some((kind) => error instanceof kind);
  return mendable ? error.message.replaceAll('\n', '\\n') : undefined;
}

/** What `--set` gives, by key. */
export function settings(pairs: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new UsageError(`--set ${pair}: KEY=VALUE would be right`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

type Known = NonNullable<ParseArgsConfig['options']>;
type Parsed<T extends Known> = ReturnType<
  typeof parseArgs<{ args: string[]; options: T; allowPositionals: true; strict: true }>
>;

/** node:util's parseArgs, with its complaints in one line. */
export function options<T extends Known>(args: readonly string[], known: T): Parsed<T> {
  try {
    return parseArgs({ args: [...args], options: known, allowPositionals: true, strict: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `${message.split(/[.\n]/)[0]}; the options here are ${Object.keys(known)
        .map((name) => `--${name}`)
        .join(', ')}`,
    );
  }
}

/** A bundled scenario by name; a near miss is suggested. */
export function scenarioNamed(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  if (/\.(ya?ml|json|[cm]?[jt]s)$/.test(name))
    throw new UsageError(`${name}: scenario files cannot be read yet; name a bundled scenario (${names()})`);
  const near = SCENARIOS.map((scenario) => ({ scenario, distance: distance(name, scenario.name) })).sort(
    (a, b) => a.distance - b.distance,
  )[0];
  const hint =
    near !== undefined && near.distance <= 4 ? `did you mean "${near.scenario.name}"?` : `the scenarios are ${names()}`;
  throw new UsageError(`no scenario is called "${name}"; ${hint}`);
}

const names = (): string => SCENARIOS.map((scenario) => scenario.name).join(', ');

/** Edit distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, left] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, right] of [...b].entries()) {
      next.push(Math.min((row[j] ?? 0) + (left === right ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** A whole number above zero. */
export function count(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^[1-9]\d{0,14}$/.test(value)) throw new UsageError(`--${name} ${value}: a whole number above 0 would be right`);
  return Number(value);
}

/** In a checkout the printed command is npm's, after installation npx's. */
export const command = (): Command =>
  existsSync(new URL('../../tsconfig.json', import.meta.url)) ? 'npm run -s overlaycheck --' : 'npx overlaycheck';
