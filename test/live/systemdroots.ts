/**
 * `npm run -s systemd-roots -- [SUITE…] [--mirror URL]`: makes a root directory with a real systemd for each suite of Debian, below
 * .cache/systemd-roots, where the live comparisons find it. Without a suite: trixie (257) and sid. It needs root, debootstrap (the
 * package of that name) and a mirror; a root that is there already is left alone. Exits with 2 if one cannot be made.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describeError, options, UsageError } from '../../src/cli/usage.ts';
import { CACHE } from '../../src/live/systemdroots.ts';

const SUITES = ['trixie', 'sid'];
/** What of a root is used: /usr, and the links into it. */
const KEPT = /^(usr|bin|sbin|lib.*)$/;

function make(suite: string, mirror: string | undefined): void {
  const [whole, partial] = [join(CACHE, suite), join(CACHE, `${suite}.partial`)];
  if (existsSync(whole)) {
    process.stdout.write(`${whole} is there already\n`);
    return;
  }
  if (existsSync(partial))
    throw new UsageError(`${partial} is left of an earlier try; remove it, if nothing is mounted in it`);
  const more = mirror === undefined ? [] : [mirror];
  const args = ['--variant=minbase', '--include=systemd', suite, partial, ...more];
  const { status, error } = spawnSync('debootstrap', args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (error !== undefined) throw new UsageError(`needs debootstrap (apt-get install debootstrap): ${error.message}`);
  if (status !== 0)
    throw new UsageError(`"debootstrap ${args.join(' ')}" failed; what there is of it is in ${partial}`);
  const kept = `${partial}.kept`;
  rmSync(kept, { recursive: true, force: true });
  mkdirSync(kept);
  for (const name of readdirSync(partial).filter((each) => KEPT.test(each)))
    renameSync(join(partial, name), join(kept, name));
  // What debootstrap has mounted and left so is the machine's own, and removing it would reach that.
  if (readFileSync('/proc/self/mountinfo', 'utf8').includes(`${resolve(partial)}/`))
    process.stdout.write(`${partial} can be removed when nothing is mounted there any more\n`);
  else rmSync(partial, { recursive: true, force: true });
  renameSync(kept, whole);
  process.stdout.write(`${whole} is made\n`);
}

try {
  const { positionals, values } = options(process.argv.slice(2), { mirror: { type: 'string' } });
  if (process.platform !== 'linux' || process.getuid?.() !== 0) throw new UsageError('needs root on Linux');
  for (const suite of positionals)
    if (!/^[a-z]+$/.test(suite)) throw new UsageError(`"${suite}" is no name of a suite`);
  mkdirSync(CACHE, { recursive: true });
  for (const suite of positionals.length > 0 ? positionals : SUITES) make(suite, values.mirror);
} catch (error) {
  const line = describeError(error);
  if (line === undefined) throw error;
  process.stderr.write(`systemd-roots: ${line}\n`);
  process.exitCode = 2;
}
