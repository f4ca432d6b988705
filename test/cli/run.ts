/** Runs the command line inside the test, and makes small root file systems for it. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { main } from '../../src/cli/main.ts';

export interface Ran {
  readonly code: number;
  /** Lines on standard output and on standard error. */
  readonly out: readonly string[];
  readonly err: readonly string[];
}

export async function run(...args: readonly string[]): Promise<Ran> {
  const [out, err]: [string[], string[]] = [[], []];
  const add = (lines: string[]) => (text: string) => {
    lines.push(...text.split('\n'));
  };
  const code = await main(args, { print: add(out), complain: add(err) });
  return { code, out, err };
}

const made: string[] = [];
/** Removes what {@link makeDirectory} made; for afterEach or afterAll. */
export function clean(): void {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
}

/** A directory of files ("name": text), directories ("name/": "") and symlinks ("name": "-> target"). */
export function makeDirectory(content: Readonly<Record<string, string | Uint8Array>>): string {
  const dir = mkdtempSync(join(tmpdir(), 'overlaycheck-cli-'));
  made.push(dir);
  for (const [path, data] of Object.entries(content)) {
    const at = join(dir, path);
    mkdirSync(path.endsWith('/') ? at : dirname(at), { recursive: true });
    if (typeof data === 'string' && data.startsWith('-> ')) symlinkSync(data.slice(3), at);
    else if (!path.endsWith('/')) writeFileSync(at, data);
  }
  return dir;
}

/** A host with one file, and an extension "a" that adds another. */
export const SYSTEM = {
  'etc/host.conf': 'host',
  'usr/lib/os-release': 'ID=testos\n',
  'var/lib/confexts/a/etc/app.conf': 'a',
  'var/lib/confexts/a/etc/extension-release.d/extension-release.a': 'ID=_any\n',
};
