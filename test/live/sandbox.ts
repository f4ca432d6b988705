/**
 * The real systemd in a root directory of its own, under strace. A scenario is one list: what an administrator does, as calls
 * of the model, and verbs of the tool. The same list makes the model's world (refine.ts).
 *
 * The root is a tmpfs in new mount and pid namespaces, with the tools bound in read-only and shared propagation, as systemd
 * needs it. Nothing outside can be reached by it, and it is gone with its last process.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MutableMode } from '../../src/input/config.ts';
import type { CallOf } from '../../src/kernel/calls.ts';
import { parseStrace } from '../../src/live/strace.ts';
import { type Deed, deedsOf } from '../../src/live/syscalls.ts';

/** What an administrator does. Paths lead over no absolute symlink: on the real side they are walked from outside. */
export type Setup = CallOf<
  | 'mkdirAll'
  | 'write'
  | 'symlink'
  | 'mknod'
  | 'chmod'
  | 'unlink'
  | 'rmdir'
  | 'removeTree'
  | 'rename'
  | 'mount-tmpfs'
  | 'mount-bind'
  | 'mount-remount'
  | 'umount'
>;

export interface Verb {
  readonly verb: 'merge' | 'refresh' | 'unmerge';
  readonly mutable?: MutableMode;
  /** `--always-refresh=yes`; 257 has no such option and always does. */
  readonly always?: boolean;
}

export interface Scenario {
  readonly name: string;
  readonly tool: 'confext' | 'sysext';
  readonly hierarchies: readonly string[];
  readonly steps: readonly (Setup | Verb)[];
  /** The root directory is on a disk, not on a tmpfs. */
  readonly disk?: boolean;
}

/** A real run of a verb. */
export interface Run {
  readonly rc: number;
  readonly stderr: string;
  readonly deeds: readonly Deed[];
}

const ENV = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C' };

export interface Root {
  readonly directory: string;
  readonly version: '257' | '262';
}

/** The roots that are named for tests, or why there are none. */
export function roots(): readonly Root[] | string {
  const named = (process.env['OVERLAYCHECK_SYSTEMD_ROOTS'] ?? '').split(':').filter((name) => name !== '');
  if (named.length === 0) return 'OVERLAYCHECK_SYSTEMD_ROOTS names no root directory with systemd in it';
  if (process.platform !== 'linux') return `needs Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'needs root, for mounts in a namespace of its own';
  const strace = spawnSync('strace', ['-V']);
  if (strace.error !== undefined) return `needs strace: ${strace.error.message}`;
  return named.map((directory) => ({ directory, version: versionIn(directory) }));
}

function versionIn(directory: string): '257' | '262' {
  const asked = spawnSync('chroot', [directory, '/usr/bin/systemd-confext', '--version'], {
    encoding: 'utf8',
    env: ENV,
  });
  const version = /^systemd (\d+)/.exec(asked.stdout ?? '')?.[1];
  if (version === '257' || version === '262') return version;
  throw new Error(`${directory} has systemd ${version ?? `that does not run: ${asked.stderr}`}; known are 257 and 262`);
}

/** Plays a scenario, and gives its verbs in order. */
export function play(scenario: Scenario, root: Root): readonly Run[] {
  const work = mkdtempSync(join(tmpdir(), 'overlaycheck-strace-'));
  try {
    mkdirSync(join(work, 'root'));
    const script = [PROLOGUE, ...scenario.steps.map((step, index) => lineOf(scenario, root, step, index))].join('\n');
    const args = ['--mount', '--pid', '--fork', '--propagation', 'private', 'bash', '-c', script];
    const medium = scenario.disk === true ? 'disk' : 'tmpfs';
    const done = spawnSync('unshare', [...args, '-', join(work, 'root'), root.directory, medium], {
      encoding: 'utf8',
      env: ENV,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (done.status !== 0) throw new Error(`${scenario.name}: the sandbox broke: ${done.stderr}`);
    return scenario.steps.flatMap((step, index) => ('verb' in step ? [runOf(work, index)] : []));
  } finally {
    rmSync(work, { recursive: true });
  }
}

function runOf(work: string, index: number): Run {
  const text = (what: string): string => readFileSync(join(work, `${index}.${what}`), 'utf8');
  if (!existsSync(join(work, `${index}.rc`))) throw new Error('a verb did not run');
  return {
    rc: Number(text('rc')),
    stderr: text('err'),
    deeds: deedsOf(parseStrace(text('strace')), join(work, 'root')),
  };
}

/** $1 is the new root, $2 the directory with the tools, $3 what the root is on. As after every boot, there is a /run/systemd. */
const PROLOGUE = `
set -eu
umask 022
if [ "$3" = disk ]; then mount --bind "$1" "$1"; else mount -t tmpfs -o mode=0755 tmpfs "$1"; fi
mount --make-shared "$1"
cd "$1"
mkdir etc opt srv usr var var/lib run proc sys dev tmp
for link in bin lib lib64 sbin; do ln -s "usr/$link" "$link"; done
mount --bind "$2/usr" usr; mount -o remount,bind,ro usr
mknod -m 0666 dev/null c 1 3
mount -t proc proc proc
mount -t tmpfs -o mode=0755 tmpfs run; mount --make-shared run
mkdir run/systemd
`;

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const octal = (mode: number): string => mode.toString(8).padStart(4, '0');

function lineOf(scenario: Scenario, root: Root, step: Setup | Verb, index: number): string {
  return 'verb' in step ? verbLine(scenario, root, step, index) : setupLine(step);
}

function verbLine({ tool, hierarchies }: Scenario, { version }: Root, verb: Verb, index: number): string {
  const args = [
    '--no-reload',
    ...(verb.mutable === undefined ? [] : [`--mutable=${verb.mutable}`]),
    ...(verb.always === true && version !== '257' ? ['--always-refresh=yes'] : []),
    verb.verb,
  ];
  const env = ['PATH=/usr/bin', 'LANG=C', `SYSTEMD_${tool.toUpperCase()}_HIERARCHIES=${hierarchies.join(':')}`];
  const words = (list: readonly string[]): string => list.map(quoted).join(' ');
  const run = `env -i ${words(env)} "$(command -v chroot)" . ${words([`/usr/bin/systemd-${tool}`, ...args])}`;
  return [
    `strace -f -y -s 65536 -e 'trace=!read,mmap,munmap,mprotect,brk' -o "$1/../${index}.strace" ${run} 2> "$1/../${index}.err" && rc=0 || rc=$?`,
    `echo "$rc" > "$1/../${index}.rc"`,
  ].join('\n');
}

/** The same call by the tools of a shell, which stands in the new root. */
function setupLine(call: Setup): string {
  const path = quoted(`.${'path' in call ? call.path : call.to}`);
  switch (call.op) {
    case 'mkdirAll':
      return `mkdir -p -m ${octal(call.mode)} ${path}`;
    case 'write':
      return `printf %s ${quoted(String(call.data))} > ${path}`;
    case 'symlink':
      return `ln -s ${quoted(call.target)} ${path}`;
    case 'chmod':
      return `chmod ${octal(call.mode)} ${path}`;
    case 'unlink':
      return `rm ${path}`;
    case 'rmdir':
      return `rmdir ${path}`;
    case 'removeTree':
      return `rm -r ${path}`;
    case 'rename':
      return `mv -T ${quoted(`.${call.from}`)} ${path}`;
    case 'mknod':
      return `mknod -m ${octal(call.mode)} ${path} c ${(call.rdev ?? [0, 0]).join(' ')}`;
    case 'mount-tmpfs':
      return `mount -t tmpfs -o mode=${octal(call.mode ?? 0o1777)} tmpfs ${path}`;
    case 'mount-bind':
      return `mount --bind ${quoted(`.${call.from}`)} ${path}`;
    case 'mount-remount':
      return `mount -o remount,bind,${call.flags.join(',') || 'rw'} ${path}`;
    case 'umount':
      return `umount ${path}`;
  }
}
