/**
 * Two real tools at the same time: let go in random turns, from one call that others can notice to the next (interleave.c), they end
 * in no other way than those that a search of all interleavings finds in the model.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { choose } from '../../models/scenario.ts';
import { scenario } from '../../models/scenarios/parallel-runs.ts';
import { endings } from '../../properties/endings.ts';
import { type MountInfo, mountInfo } from '../../src/live/mountinfo.ts';
import { resultOf } from '../../src/live/systemdresult.ts';
import type { SystemdRoot } from '../../src/live/systemdroots.ts';
import { FURNISHED } from './sandbox.ts';
import { seedOf, startedSystemd } from './start.ts';
import { knows, versionOf } from './systemdversions.ts';

const { kernel, roots, why } = await startedSystemd(knows);
await kernel?.stop();

/** How often each pair of verbs runs in each version: some ten seconds in all. */
const RUNS = 12;
const PAIRS = [
  ['refresh', 'refresh', 'no'],
  ['refresh', 'unmerge', 'directory'],
  ['merge', 'merge', 'no'],
] as const;

const work = mkdtempSync(join(tmpdir(), 'overlaycheck-parallel-'));
beforeAll(() => {
  if (roots.length === 0) return;
  const source = fileURLToPath(new URL('interleave.c', import.meta.url));
  const { status, stderr } = spawnSync('cc', ['-O1', '-o', join(work, 'interleave'), source], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`interleave.c does not compile: ${stderr}`);
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** $1 is the new root, $2 the directory with the tools, $3 the order. The world is that of the scenario. */
const script = (one: string, two: string, submount: string): string => `
set -eu
umask 022
mount -t tmpfs -o mode=0755 tmpfs "$1"; mount --make-shared "$1"
cd "$1"
mkdir -p etc/keys usr var/lib/extensions.mutable/etc run proc sys dev tmp
${FURNISHED}
image() { mkdir -p "var/lib/confexts/a/etc/extension-release.d"; echo ID=_any > "var/lib/confexts/a/etc/extension-release.d/extension-release.a"; echo "$1" > "var/lib/confexts/a/etc/app.conf"; }
image a1
${submount === 'no' ? '' : 'mount -t tmpfs keys etc/keys'}
${one === 'merge' ? '' : 'chroot . /usr/bin/systemd-confext --no-reload merge 2> /dev/null; mv var/lib/confexts/a var/lib/old; image a2'}
export LANG=C
../interleave . "$3" ../said -- /usr/bin/systemd-confext --no-reload ${one} -- /usr/bin/systemd-confext --no-reload ${two} > ../status
sed "s# $1# #" /proc/self/mountinfo > ../mountinfo
`;

/** What is mounted on /etc, in the words of stackText(); the mount point of the root is "". */
function stackOf(mountinfo: string): string {
  const rows = mountinfo.trim().split('\n').map(mountInfo);
  const level = (of: MountInfo, name: string): string => {
    const inside = rows.filter(({ parent, at }) => parent === of.id && at.startsWith('/etc/'));
    const words = inside.map((row) =>
      row.source === 'keys' ? 'keys' : `keys=${row.type === 'overlay' ? 'overlay' : 'root'}:${row.root}`,
    );
    return words.length === 0 ? name : `${name}{${words.sort().join(',')}}`;
  };
  const bottom = rows.find(({ at }) => at === '');
  if (bottom === undefined) throw new Error('the root is mounted');
  const stack: string[] = [];
  let below = bottom;
  for (;;) {
    const next = rows.find(({ parent, at }) => parent === below.id && at === '/etc');
    if (next === undefined) break;
    stack.push(level(next, 'overlay'));
    below = next;
  }
  const bare = level(bottom, 'bare');
  return (stack.length > 0 && bare === 'bare' ? stack : [bare, ...stack]).join(', ');
}

/** One run of both: "merged, error:EBUSY: overlay". */
function play(root: SystemdRoot, [one, two, submount]: (typeof PAIRS)[number], order: string): string {
  mkdirSync(join(work, 'root'), { recursive: true });
  const flags = ['--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
  const args = [...flags, 'bash', '-c', script(one, two, submount), '-', join(work, 'root'), root.path, order];
  const { status, stderr } = spawnSync('unshare', args, { encoding: 'utf8', timeout: 20_000, killSignal: 'SIGKILL' });
  if (status !== 0) throw new Error(`the sandbox broke: ${stderr}`);
  const text = (name: string): string => readFileSync(join(work, name), 'utf8');
  const words = text('status')
    .trim()
    .split(' ')
    .map((exit, side) => {
      const said = text(`said.${side === 0 ? 'a' : 'b'}`);
      return String(resultOf(side === 0 ? one : two, { exit: Number(exit), stdout: '', stderr: said })['class']);
    });
  return `${(one === two ? words.sort() : words).join(', ')}: ${stackOf(text('mountinfo'))}`;
}

/** Turns of one to forty-five calls. */
const ORDER = fc
  .array(fc.tuple(fc.constantFrom('a', 'b'), fc.integer({ min: 1, max: 45 })), { minLength: 2, maxLength: 7 })
  .map((turns) => turns.map(([side, calls]) => side.repeat(calls)).join(''));

/** A run that comes when the other one removes its lock fails early; the locks are left out of the search, which they make large. */
const BUSY = /^(merged|unmerged|not-merged|already-merged), error:EBUSY: |^error:EBUSY, /;

describe.skipIf(roots.length === 0)(`two tools at the same time${why}`, () => {
  const seed = seedOf(process.env['OVERLAYCHECK_SEED']);
  const cases = PAIRS.flatMap((pair) =>
    roots.map((root) => ({ title: `${root.version}: ${pair.join(' ')}`, pair, root })),
  );
  it.each(cases)(`$title: end as in the model (seed ${seed})`, ({ pair, root }) => {
    const [one, two, submount] = pair;
    const system = scenario.build(choose(scenario, { systemd: versionOf(root), submount, verbs: `${one}+${two}` }));
    const known = endings(system, one === two).endings;
    const seen = fc.sample(ORDER, { seed, numRuns: RUNS }).map((order) => ({ order, end: play(root, pair, order) }));
    expect(seen.filter(({ end }) => !known.includes(end) && !BUSY.test(end))).toEqual([]);
    expect(seen.some(({ end }) => known.includes(end))).toBe(true);
  });
});
