import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The package as it would be published: packed from a copy of the checkout, and installed where nothing else is. */

const SOURCES = [
  'src',
  'models',
  'properties',
  'test',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
];
const TEXTS = ['README.md', 'LICENSE', 'CHANGELOG.md', 'ARCHITECTURE.md'];

const top = mkdtempSync(join(tmpdir(), 'overlaycheck-package-'));
const [copy, place] = [join(top, 'copy'), join(top, 'place')];
let files: readonly string[] = [];
afterAll(() => rmSync(top, { recursive: true, force: true }));

const start = (dir: string, command: string, ...args: readonly string[]) =>
  spawnSync(command, args, { cwd: dir, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });

/** What a command printed; throws where it fails. */
function printed(dir: string, command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = start(dir, command, ...args);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} gave ${status}\n${stdout}\n${stderr}`);
  return stdout;
}

beforeAll(() => {
  mkdirSync(copy);
  for (const name of [...SOURCES, ...TEXTS]) cpSync(name, join(copy, name), { recursive: true });
  symlinkSync(resolve('node_modules'), join(copy, 'node_modules'));
  printed(copy, 'npm', 'pack', '--pack-destination', top);
  const { name, version }: { name: string; version: string } = JSON.parse(readFileSync('package.json', 'utf8'));
  const tarball = join(top, `${name}-${version}.tgz`);
  files = printed(top, 'tar', '-tzf', tarball).trim().split('\n').sort();

  mkdirSync(place);
  writeFileSync(join(place, 'package.json'), JSON.stringify({ name: 'place', private: true, type: 'module' }));
  const install = ['install', '--no-audit', '--no-fund', tarball];
  if (start(place, 'npm', ...install, '--offline').status !== 0) printed(place, 'npm', ...install, '--prefer-offline');
}, 240_000);

const overlaycheck = (...args: readonly string[]) => start(place, 'npx', '--no-install', 'overlaycheck', ...args);

describe('the packed package', () => {
  it('has what was built and the texts about it, and no tests', () => {
    const others = files.filter((file) => !file.startsWith('package/dist/'));
    expect(others).toEqual([...TEXTS, 'package.json'].map((file) => `package/${file}`).sort());
    const strange = files.filter((file) => !/\.(js|d\.ts)$/.test(file) && !others.includes(file));
    expect(strange).toEqual(['package/dist/src/live/executor.c', 'package/dist/src/live/machine.c']);
    expect(files.filter((file) => /\.test\.|\/test\//.test(file))).toEqual([]);
    expect(files).toContain('package/dist/src/cli/main.js');
  });

  it('brings only what it needs to run', () => {
    const {
      dependencies,
      devDependencies,
    }: Record<string, Record<string, string>> = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(Object.keys(dependencies ?? {})).toEqual(['memfs', 'tsx']);
    // tsx itself is built on esbuild.
    for (const name of Object.keys(devDependencies ?? {}).filter((each) => each !== 'esbuild'))
      expect(() => statSync(join(place, 'node_modules', name)), name).toThrow('ENOENT');
  });

  it('installs a program', () => {
    const bin = join(place, 'node_modules', '.bin', 'overlaycheck');
    expect(statSync(bin).mode & 0o111).not.toBe(0);
    expect(readFileSync(bin, 'utf8').split('\n', 1)).toEqual(['#!/usr/bin/env node']);
  });

  it('lists its scenarios', () => {
    expect(overlaycheck('list')).toMatchObject({ status: 0, stdout: expect.stringContaining('refresh-while-reading') });
  });

  it('checks a scenario, and tells its story again by the line that it prints', () => {
    const { status, stdout } = overlaycheck('check', 'refresh-while-reading', '--systemd', '262');
    expect(status).toBe(0);
    const [, token = ''] = /^ {2}again: npx overlaycheck explain (\S+)$/m.exec(stdout) ?? [];
    expect(overlaycheck('explain', token)).toMatchObject({ status: 0, stdout: expect.stringContaining('◀ NoVanish(') });
  });

  it('refuses in one line', () => {
    const { status, stderr } = overlaycheck('check', 'nothing');
    expect(status).toBe(2);
    expect(stderr.split('\n').filter((line) => line.startsWith('overlaycheck: '))).toHaveLength(1);
    expect(stderr).not.toContain('    at ');
  });

  it('can be imported, with types', () => {
    const text = [
      "import { main } from 'overlaycheck';",
      'const lines: string[] = [];',
      "const code: number = await main(['list'], { print: (line: string) => void lines.push(line), complain: console.error });",
      'console.log(code, lines[0]);',
    ].join('\n');
    writeFileSync(join(place, 'use.mts'), text);
    const tsc = resolve('node_modules', '.bin', 'tsc');
    const types = ['--typeRoots', resolve('node_modules', '@types'), '--types', 'node'];
    printed(
      place,
      tsc,
      '--strict',
      '--target',
      'es2023',
      '--module',
      'nodenext',
      '--moduleResolution',
      'nodenext',
      '--outDir',
      'out',
      ...types,
      'use.mts',
    );
    expect(printed(place, process.execPath, join('out', 'use.mjs'))).toBe('0 Scenarios\n');
  });
});
