import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fieldsOf } from '../conform/json.ts';
import { isSystemdVector } from '../conform/systemd.ts';
import { pages, type Sources } from '../pages/index.ts';
import { EXIT, type Output, options, UsageError } from './usage.ts';

/** The checkout: the pages are compared with recordings that the package does not hold. */
const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));
const SUITES = ['matrix.json', 'handpicked.json', 'pages.jsonl'] as const;

/** `docs`: writes the pages that are computed from the model. `docs --check`: says which of them differ, and where. */
export function docs(args: readonly string[], out: Output): number {
  const { values, positionals } = options(args, { check: { type: 'boolean' }, dir: { type: 'string' } });
  if (positionals.length > 0) throw new UsageError(`docs takes no names; "${positionals[0]}" is one`);
  const dir = values.dir ?? join(CHECKOUT, 'docs');
  const made = pages(sources());
  if (values.check !== true) {
    mkdirSync(dir, { recursive: true });
    for (const [name, text] of made) writeFileSync(join(dir, name), text);
    out.print(`${made.length} pages written to ${dir}`);
    return EXIT.expected;
  }
  const wrong = differences(made, dir);
  for (const line of wrong) out.print(line);
  out.print(wrong.length === 0 ? `${made.length} pages agree with the model` : `\`docs\` writes what the model says`);
  return wrong.length === 0 ? EXIT.expected : EXIT.unexpected;
}

function sources(): Sources {
  const vectors = SUITES.map((suite) => join(CHECKOUT, 'test/vectors/systemd', suite));
  const missing = vectors.find((file) => !existsSync(file));
  if (missing !== undefined) throw new UsageError(`docs works in a checkout of overlaycheck: there is no ${missing}`);
  return {
    architecture: readFileSync(join(CHECKOUT, 'ARCHITECTURE.md'), 'utf8'),
    vectors: vectors.flatMap((file) => fieldsOf(readFileSync(file, 'utf8'), file)).filter(isSystemdVector),
  };
}

/** A line for each page that differs from its file in a directory, with the first difference. */
export const differences = (made: ReturnType<typeof pages>, dir: string): readonly string[] =>
  made.flatMap(([name, text]) => differenceOf(name, join(dir, name), text));

function differenceOf(name: string, file: string, text: string): readonly string[] {
  if (!existsSync(file)) return [`${name}: there is no such file`];
  const [old, now] = [readFileSync(file, 'utf8').split('\n'), text.split('\n')];
  const at = now.findIndex((line, index) => line !== old[index]);
  const first = at >= 0 ? at : old.length > now.length ? now.length : -1;
  return first < 0
    ? []
    : [`${name}, line ${first + 1}: the file has ${shown(old[first])}, the model ${shown(now[first])}`];
}

const shown = (line: string | undefined): string =>
  line === undefined ? 'no more' : JSON.stringify(line.length > 90 ? `${line.slice(0, 89)}…` : line);
