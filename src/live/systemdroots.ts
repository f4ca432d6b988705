import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Field } from '../conform/json.ts';
import type { Kernel } from './kernel.ts';
import { command } from './lines.ts';
import { runOf } from './systemdresult.ts';

/** Finds the systemd to compare the model with: unpacked root directories that hold systemd-confext and its libraries. */

export interface SystemdRoot {
  readonly path: string;
  /** As the program says: "257.13". */
  readonly version: string;
}

export interface FoundRoots {
  readonly roots: readonly SystemdRoot[];
  /** Why there is none, or what was passed over: a line each. */
  readonly why: readonly string[];
}

/** Made by `npm run systemd-roots`. */
export const CACHE = '.cache/systemd-roots';
const VARIABLE = 'OVERLAYCHECK_SYSTEMD_ROOTS';
const PROGRAM = '/usr/bin/systemd-confext';

/**
 * The roots that OVERLAYCHECK_SYSTEMD_ROOTS names, else those in the cache, else this machine's own /usr, of which only what is
 * read-only is used. Those of a version that the model does not know are passed over.
 */
export async function systemdRoots(kernel: Kernel, isKnown: (version: string) => boolean): Promise<FoundRoots> {
  const { from, paths } = candidates();
  const roots: SystemdRoot[] = [];
  const why: string[] = [];
  for (const path of paths) {
    const version = await versionOf(kernel, path);
    if (typeof version !== 'string') why.push(`${path} (${from}): ${version.why}`);
    else if (!isKnown(version)) why.push(`${path} (${from}): the model does not know systemd ${version}`);
    else roots.push({ path, version });
  }
  if (paths.length === 0) why.push(`${VARIABLE} is not set, and \`npm run systemd-roots\` has made none`);
  return { roots, why };
}

function candidates(): { readonly from: string; readonly paths: readonly string[] } {
  const named = (process.env[VARIABLE] ?? '').split(':').filter((path) => path !== '');
  if (named.length > 0) return { from: VARIABLE, paths: named.map((path) => resolve(path)) };
  const cached = existsSync(CACHE)
    ? readdirSync(CACHE)
        .filter((name) => !name.includes('.'))
        .sort()
    : [];
  if (cached.length > 0) return { from: CACHE, paths: cached.map((name) => resolve(CACHE, name)) };
  return { from: 'this machine', paths: existsSync(PROGRAM) ? ['/'] : [] };
}

/** What the program of a root says that it is, asked where it would run. */
async function versionOf(kernel: Kernel, path: string): Promise<string | { readonly why: string }> {
  if (!isDirectory(join(path, 'usr'))) return { why: 'no root directory, there is no usr in it' };
  const line = command('world', 'run', '/', PROGRAM, 1, 'LANG=C', 'systemd-confext', '--version');
  const [answer] = await kernel.run([line], path);
  if (answer === undefined) return { why: 'no machine can be made of it' };
  if ('err' in answer) return { why: `${PROGRAM} cannot be run: ${answer.err}` };
  const run = runOf(new Field(answer.ok, PROGRAM, 1));
  const found = /^systemd \d+ \((\d+(?:\.\d+)?)/.exec(run.stdout)?.[1];
  return found ?? { why: `${PROGRAM} --version ended with ${run.exit}: ${run.stderr.trim()}` };
}

const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
