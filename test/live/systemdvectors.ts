/**
 * Systemd vectors and the real systemd: plays the drafts of files again and compares, or completes drafts. `stderr` and `detail`
 * are wording and not compared.
 */
import { readFileSync } from 'node:fs';
import { Field, fieldsOf } from '../../src/conform/json.ts';
import type { Kernel } from '../../src/live/kernel.ts';
import { recordSystemd } from '../../src/live/systemd.ts';
import type { Json } from '../../src/live/systemdops.ts';
import { type SystemdRoot, systemdRoots } from '../../src/live/systemdroots.ts';
import { asked } from './systemdsequences.ts';

const PASSED_OVER = new Set(['stderr', 'detail']);

/** The first place in which two values differ, as "steps[3].after.view[2].mode", or null. */
export function differenceOf(recorded: unknown, again: unknown, at = ''): string | null {
  if (Array.isArray(recorded) && Array.isArray(again)) {
    if (recorded.length !== again.length) return `${at}: ${JSON.stringify(recorded)} is now ${JSON.stringify(again)}`;
    return firstOf(recorded.map((item, index) => () => differenceOf(item, again[index], `${at}[${index}]`)));
  }
  if (isObject(recorded) && isObject(again)) {
    const keys = new Set([...Object.keys(recorded), ...Object.keys(again)]);
    const compared = [...keys].filter((key) => !PASSED_OVER.has(key)).sort();
    return firstOf(
      compared.map((key) => () => differenceOf(recorded[key], again[key], at === '' ? key : `${at}.${key}`)),
    );
  }
  return recorded === again ? null : `${at}: ${JSON.stringify(recorded)} is now ${JSON.stringify(again)}`;
}

function firstOf(differences: readonly (() => string | null)[]): string | null {
  for (const difference of differences) {
    const found = difference();
    if (found !== null) return found;
  }
  return null;
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Records the vectors of files again, each with the root of its version, and prints what differs; how many do. */
export async function checkSystemd(kernel: Kernel, files: readonly string[]): Promise<number> {
  const { roots, why } = await systemdRoots(kernel, () => true);
  for (const line of why) process.stdout.write(`passed over: ${line}\n`);
  let differ = 0;
  for (const file of files) {
    const vectors = fieldsOf(readFileSync(file, 'utf8'), file).filter((vector) => vector.has('steps'));
    const counts = { same: 0, differ: 0, skipped: 0 };
    for (const vector of vectors) {
      const outcome = await checked(kernel, roots, vector);
      counts[outcome]++;
    }
    process.stdout.write(`${file}: ${counts.same} the same, ${counts.differ} differ, ${counts.skipped} skipped\n`);
    differ += counts.differ;
  }
  return differ;
}

async function checked(
  kernel: Kernel,
  roots: readonly SystemdRoot[],
  vector: Field,
): Promise<'same' | 'differ' | 'skipped'> {
  const version = vector.get('systemd').string;
  const root = roots.find((each) => each.version === version);
  if (root === undefined) return 'skipped';
  const again = await recordSystemd(kernel, root, vector);
  const difference = differenceOf(vector.value, again);
  if (difference === null) return 'same';
  process.stdout.write(`${vector.get('name').string} (${version}): ${difference}\n`);
  return 'differ';
}

/**
 * A file of vectors from drafts, with the real systemd of each root: the vectors of other versions stay as `before` has them, since
 * few machines have every version.
 */
export async function recordedSystemd(
  kernel: Kernel,
  roots: readonly SystemdRoot[],
  drafts: readonly Json[],
  origin: Json,
  before: string,
): Promise<string> {
  const versions = roots.map(({ version }) => version);
  const kept = fieldsOf(before, 'before').filter(
    (vector) => vector.has('steps') && !versions.includes(vector.get('systemd').string),
  );
  const lines: { readonly version: string; readonly index: number; readonly vector: unknown }[] = [];
  for (const [index, draft] of drafts.entries()) {
    for (const vector of kept.filter((each) => each.get('name').value === draft['name']))
      lines.push({ version: vector.get('systemd').string, index, vector: vector.value });
    for (const root of roots) {
      const vector = await recordSystemd(kernel, root, new Field(asked(draft, root.version), 'draft', 1));
      lines.push({ version: root.version, index, vector });
    }
  }
  lines.sort((a, b) => a.index - b.index || (a.version < b.version ? -1 : 1));
  return `${[{ recorded: origin }, ...lines.map(({ vector }) => vector)].map((line) => JSON.stringify(line)).join('\n')}\n`;
}
