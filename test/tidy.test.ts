import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

/** The floors, from the ground up. A module imports from its own floor and from those named here, and from nothing else. */
const FLOORS: Readonly<Record<string, readonly string[]>> = {
  'src/kernel': [],
  'src/checker': [],
  'src/program': ['src/kernel', 'src/checker'],
  'src/input': ['src/kernel', 'src/checker', 'src/program'],
  models: ['src/kernel', 'src/checker', 'src/program', 'src/input', 'properties'],
  properties: ['src/kernel', 'src/checker', 'src/program', 'src/input', 'models'],
  'src/conform': ['src/kernel', 'src/checker', 'src/program', 'src/input', 'models', 'properties'],
  'src/live': ['src/kernel', 'src/input', 'src/conform'],
  'src/report': ['src/kernel', 'src/checker', 'src/program', 'src/input', 'models', 'properties'],
  'src/explorer': ['src/kernel', 'src/checker', 'src/program', 'src/input', 'models', 'properties', 'src/report'],
  'src/pages': ['src/kernel', 'src/program', 'src/input', 'models', 'src/conform', 'src/report'],
  'src/cli': [
    'src/kernel',
    'src/checker',
    'src/program',
    'src/input',
    'models',
    'properties',
    'src/conform',
    'src/report',
    'src/explorer',
    'src/pages',
  ],
};
/** Packages that only one module may know. */
const ONLY_IN: Readonly<Record<string, RegExp>> = {
  memfs: /^(src\/input\/memfs\.ts|test\/|properties\/.*\.test\.ts)/,
  unionfs: /^test\/bench\//,
  'fast-check': /^(test\/|(properties|models)\/.*\.test\.ts)/,
};
/** The one edge that goes up: a scenario that is run as a program calls the command line. */
const UPWARD = new Set(['models/run.ts']);

const files = ['src', 'models', 'properties', 'test'].flatMap(sources).sort();

function sources(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return sources(path);
    return path.endsWith('.ts') ? [path] : [];
  });
}

const floorOf = (path: string): string | undefined => Object.keys(FLOORS).find((floor) => path.startsWith(`${floor}/`));
const isTest = (path: string): boolean => path.startsWith('test/') || path.endsWith('.test.ts');

function importsOf(text: string): readonly string[] {
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
}

/** Top-level functions and class members with their number of lines, read off the formatting. */
function functionsOf(text: string): readonly { name: string; lines: number }[] {
  const found: { name: string; lines: number }[] = [];
  const lines = text.split('\n');
  lines.forEach((line, start) => {
    const match =
      /^( {0,2})(?:export )?(?:async )?(?:function\*? (\w+)|(?:static |async |\*)?([#\w]+)\(.*\).*\{$)/.exec(line);
    if (match === null || /^\s*(if|for|while|switch|return)\b/.test(line)) return;
    const end = lines.indexOf(`${match[1]}}`, start);
    if (end > start) found.push({ name: match[2] ?? match[3] ?? '?', lines: end - start + 1 });
  });
  return found;
}

describe('the code keeps its own rules', () => {
  it('imports go down the floors only', () => {
    const wrong: string[] = [];
    for (const path of files.filter((file) => !isTest(file) && !UPWARD.has(file))) {
      const floor = floorOf(path);
      for (const name of importsOf(readFileSync(path, 'utf8')).filter((imported) => imported.startsWith('.'))) {
        const target = relative('.', join(dirname(path), name));
        const above = floorOf(target);
        if (floor === undefined || above === undefined) wrong.push(`${path}: ${name} is on no floor`);
        else if (above !== floor && !FLOORS[floor]?.includes(above))
          wrong.push(`${path} (${floor}) imports ${target} (${above})`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('packages stay where they belong', () => {
    const wrong = files.flatMap((path) =>
      importsOf(readFileSync(path, 'utf8'))
        .filter((name) => ONLY_IN[name] !== undefined && !ONLY_IN[name].test(path))
        .map((name) => `${path} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  it('no clock and no chance outside the command line and the benchmarks', () => {
    const wrong = files.filter(
      (path) =>
        !isTest(path) &&
        !path.startsWith('src/cli/') &&
        /Math\.random|Date\.now|new Date\(|performance\.now|hrtime/.test(readFileSync(path, 'utf8')),
    );
    expect(wrong).toEqual([]);
  });

  it('no type is switched off and nothing is left for later', () => {
    const banned = /@ts-ignore|@ts-expect-error|@ts-nocheck|\bas any\b|:\s*any\b|\b(TODO|FIXME|XXX)\b|biome-ignore/;
    const wrong = files.filter((path) => path !== 'test/tidy.test.ts' && banned.test(readFileSync(path, 'utf8')));
    expect(wrong).toEqual([]);
  });

  it('functions fit a screen and files can be read from top to bottom', () => {
    const wrong: string[] = [];
    for (const path of files.filter((file) => !isTest(file))) {
      const text = readFileSync(path, 'utf8');
      const length = text.split('\n').length;
      if (length > 620) wrong.push(`${path} has ${length} lines`);
      for (const { name, lines } of functionsOf(text))
        if (lines > 70) wrong.push(`${path}: ${name} has ${lines} lines`);
    }
    expect(wrong).toEqual([]);
  });

  it('every module is imported, run or a test', () => {
    const imported = new Set(
      files.flatMap((path) =>
        importsOf(readFileSync(path, 'utf8'))
          .filter((name) => name.startsWith('.'))
          .map((name) => relative('.', join(dirname(path), name))),
      ),
    );
    const entry = new Set(['src/cli/main.ts', 'test/bench/bench.ts', 'test/live/hunt.ts']);
    expect(files.filter((path) => !isTest(path) && !imported.has(path) && !entry.has(path))).toEqual([]);
  });
});
