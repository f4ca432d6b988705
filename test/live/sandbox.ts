/**
 * The real systemd in a root directory of its own, under strace. A scenario is one list: what an administrator does, as calls
 * of the model, and verbs of the tool. The same list makes the model's world (refine.ts).
 *
 * The root is a tmpfs in new mount and pid namespaces, with the tools bound in read-only and shared propagation, as systemd
 * needs it. Nothing outside can be reached by it, and it is gone with its last process.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MutableMode } from '../../src/input/config.ts';
import { CLASSES, type ImageClass } from '../../src/input/imageclass.ts';
import type { CallOf } from '../../src/kernel/calls.ts';
import { parseStrace } from '../../src/live/strace.ts';
import { type Deed, deedsOf, UNTRACED } from '../../src/live/syscalls.ts';
import type { SystemdRoot } from '../../src/live/systemdroots.ts';
import { startedSystemd } from './start.ts';
import { knows } from './systemdversions.ts';

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
  | 'mount-propagation'
  | 'umount'
>;

export interface Verb {
  readonly verb: 'merge' | 'refresh' | 'unmerge';
  readonly mutable?: MutableMode;
  /** `--always-refresh=yes`; 257 has no such option and always does. */
  readonly always?: boolean;
  readonly root?: string;
  readonly noexec?: boolean;
  readonly force?: boolean;
  /** SYSTEMD_…_OVERLAYFS_MOUNT_OPTIONS. */
  readonly mountOptions?: string;
  /** The working directory; "/" unless it says otherwise. */
  readonly cwd?: string;
}

export interface Scenario {
  readonly name: string;
  readonly tool: ImageClass;
  readonly hierarchies: readonly string[];
  readonly steps: readonly (Setup | Verb)[];
  /** The root directory is on a disk, not on a tmpfs. */
  readonly disk?: boolean;
}

/** A real run of a verb. */
export interface Run {
  readonly stderr: string;
  /** What strace wrote, with {@link SANDBOX} for the root directory. */
  readonly trace: string;
}

const SANDBOX = '/sandbox';

/** What a real run did, and its exit status. */
export function read({ trace }: Run): { readonly deeds: readonly Deed[]; readonly rc: number | string } {
  const events = parseStrace(trace);
  const last = events.at(-1);
  if (last === undefined || !('ended' in last)) throw new Error('the trace stops before the tool does');
  return { deeds: deedsOf(events, SANDBOX), rc: last.ended };
}

const ENV = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C' };

/** The roots with a real systemd that can be watched, and why there are none. */
export async function watchedRoots(): Promise<{ readonly roots: readonly SystemdRoot[]; readonly why: string }> {
  const { kernel, roots, why } = await startedSystemd(knows);
  await kernel?.stop();
  const { error, status, stderr } = spawnSync('strace', ['-o', '/dev/null', 'true'], { encoding: 'utf8' });
  const refused = error?.message ?? (status === 0 ? undefined : stderr.trim());
  return refused === undefined ? { roots, why } : { roots: [], why: ` (skipped: needs strace: ${refused})` };
}

/** Plays a scenario, and gives its verbs in order. */
export async function play(scenario: Scenario, root: SystemdRoot): Promise<readonly Run[]> {
  const work = mkdtempSync(join(tmpdir(), 'overlaycheck-strace-'));
  try {
    mkdirSync(join(work, 'root'));
    const script = [PROLOGUE, ...scenario.steps.map((step, index) => lineOf(scenario, root, step, index))].join('\n');
    const medium = scenario.disk === true ? 'disk' : 'tmpfs';
    const args = ['--mount', '--pid', '--fork', '--propagation', 'private', 'bash', '-c', script];
    const broken = await done('unshare', [...args, '-', join(work, 'root'), root.path, medium]);
    if (broken !== null) throw new Error(`${scenario.name}: the sandbox broke: ${broken}`);
    return scenario.steps.flatMap((step, index) => ('verb' in step ? [runOf(work, index)] : []));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Runs a program to its end: null where that is a good one, else what it complained of. */
const done = (program: string, args: readonly string[]): Promise<string | null> =>
  new Promise((resolve) => {
    const child = spawn(program, args, { env: ENV, stdio: ['ignore', 'ignore', 'pipe'] });
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints += text;
    });
    child.on('error', ({ message }) => resolve(message));
    child.on('close', (code, signal) => resolve(code === 0 ? null : `${signal ?? code}: ${complaints}`));
  });

function runOf(work: string, index: number): Run {
  const text = (what: string): string => readFileSync(join(work, `${index}.${what}`), 'utf8');
  return { stderr: text('err'), trace: text('strace').replaceAll(join(work, 'root'), SANDBOX) };
}

// ---- traces in files -------------------------------------------------------------------------------------------------

/** The name of the file for the runs of a scenario. */
export const traceFile = ({ name }: Scenario, version: string): string =>
  `${version} ${name}.strace`.replaceAll(/[^\w.-]+/g, '-');

/** All runs in one text, each below a line with its verb. */
export function toText({ steps }: Scenario, runs: readonly Run[]): string {
  const verbs = steps.flatMap((step) => ('verb' in step ? [step.verb] : []));
  return runs.map(({ trace }, index) => `# ${verbs[index]}\n${trace.trim()}\n`).join('');
}

/** The runs in such a text. Empty lines before a run make its line numbers those of the text. */
export function fromText(text: string): readonly Run[] {
  const runs: { readonly from: number; readonly lines: string[] }[] = [];
  text.split('\n').forEach((line, index) => {
    if (line.startsWith('# ')) runs.push({ from: index + 1, lines: [] });
    else runs.at(-1)?.lines.push(line);
  });
  return runs.map(({ from, lines }) => ({ stderr: '', trace: '\n'.repeat(from) + lines.join('\n') }));
}

// ---- the script ------------------------------------------------------------------------------------------------------

/** What a root needs besides bare directories, for a shell that stands in it; $2 is the directory with the tools. */
export const FURNISHED = `
for link in bin lib lib64 sbin; do ln -s "usr/$link" "$link"; done
mount --bind "$2/usr" usr; mount -o remount,bind,ro usr
printf 'ID=testos\\nVERSION_ID=1\\n' > ../os-release; mount --bind ../os-release usr/lib/os-release
: > dev/null; mount --bind /dev/null dev/null
mount -t proc proc proc
mount -t tmpfs -o mode=0755 tmpfs run; mount --make-shared run
`;

/**
 * $1 is the new root, $2 the directory with the tools, $3 what the root is on. As after every boot, there is a /run/systemd.
 * The release is that of the model's world.
 */
const PROLOGUE = `
set -eu
umask 022
if [ "$3" = disk ]; then mount --bind "$1" "$1"; else mount -t tmpfs -o mode=0755 tmpfs "$1"; fi
mount --make-shared "$1"
cd "$1"
mkdir etc opt srv usr var var/lib run proc sys dev tmp
${FURNISHED}
mkdir run/systemd
`;

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const octal = (mode: number): string => mode.toString(8).padStart(4, '0');

function lineOf(scenario: Scenario, root: SystemdRoot, step: Setup | Verb, index: number): string {
  return 'verb' in step ? verbLine(scenario, root, step, index) : setupLine(step);
}

/** nsenter(1) does what chroot(1) does and can go to a directory in the new root. */
function verbLine({ tool, hierarchies }: Scenario, { version }: SystemdRoot, verb: Verb, index: number): string {
  const args = [
    '--no-reload',
    ...(verb.mutable === undefined ? [] : [`--mutable=${verb.mutable}`]),
    ...(verb.always === true && !version.startsWith('257') ? ['--always-refresh=yes'] : []),
    ...(verb.root === undefined ? [] : [`--root=${verb.root}`]),
    ...(verb.noexec === undefined ? [] : [`--noexec=${verb.noexec}`]),
    ...(verb.force === true ? ['--force'] : []),
    verb.verb,
  ];
  const { env, command } = CLASSES[tool];
  const variables = [
    'PATH=/usr/bin',
    'LANG=C',
    `${env.hierarchies}=${hierarchies.join(':')}`,
    ...(verb.mountOptions === undefined ? [] : [`${env.mountOptions}=${verb.mountOptions}`]),
  ];
  const words = (list: readonly string[]): string => list.map(quoted).join(' ');
  const enter = `"$(command -v nsenter)" --root=. --wd=.${quoted(verb.cwd ?? '/')}`;
  const strace = `strace -f -y -s 65536 -e 'trace=!${UNTRACED.map((name) => `?${name}`).join(',')}'`;
  const [trace, messages] = ['strace', 'err'].map((what) => `"$1/../${index}.${what}"`);
  return `${strace} -o ${trace} env -i ${words(variables)} ${enter} ${words([`/usr/bin/${command}`, ...args])} 2> ${messages} || true`;
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
    case 'mount-propagation':
      return `mount --make-${call.recursive === true ? 'r' : ''}${call.to} ${path}`;
    case 'umount':
      return `umount ${call.detach === true ? '--lazy ' : ''}${path}`;
  }
}
