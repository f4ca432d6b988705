/**
 * Drafts of systemd vectors for the rows of the pages in docs/ that nothing else has recorded: the cases are those of src/pages/, so
 * that a page and its recording cannot be about different things.
 */
import { MUTABLE_MODES } from '../../../src/input/config.ts';
import type { Call } from '../../../src/kernel/calls.ts';
import type { Entry, PlainFs } from '../../../src/kernel/types.ts';
import { inodeOf } from '../../../src/kernel/tree.ts';
import { CAUSES, CAUSES_ROOT } from '../../../src/pages/causes.ts';
import { CHANGES, CHANGES_ROOT } from '../../../src/pages/changes.ts';
import { callsBefore, drawnTree, type Host, KINDS, recordingName } from '../../../src/pages/modemachines.ts';
import type { Op, SystemdDraft } from './systemd.ts';

type Verb = Op & { readonly verb: string };

const octal = (mode: number): string => `0${mode.toString(8).padStart(3, '0')}`;

/** A call as an op of a vector; null for what the format has not. */
function opOf(call: Call): Op | null {
  switch (call.op) {
    case 'mkdirAll':
      return { op: 'mkdir', path: call.path, mode: octal(call.mode), parents: true };
    case 'mkdir':
    case 'chmod':
      return { op: call.op, path: call.path, mode: octal(call.mode) };
    case 'write':
      return typeof call.data === 'string' ? { op: 'write', path: call.path, data: call.data } : null;
    case 'rename':
      return { op: 'rename', from: call.from, to: call.to };
    case 'symlink':
      return { op: 'symlink', target: call.target, path: call.path };
    case 'unlink':
      return { op: 'unlink', path: call.path };
    case 'removeTree':
      return { op: 'rmtree', path: call.path };
    case 'mknod':
      return call.type === 'chr' ? { op: 'whiteout', path: call.path } : null;
    case 'mount-tmpfs':
      return { op: 'mount', type: 'tmpfs', path: call.path };
    case 'mount-bind':
      return { op: 'mount', type: 'bind', source: call.from, path: call.path };
    case 'mount-remount':
      return { op: 'mount', type: call.flags.includes('ro') ? 'remount-ro' : 'remount-rw', path: call.path };
    case 'mount-propagation':
      return call.to === 'private' ? { op: 'mount', type: 'make-private', path: call.path } : null;
    case 'umount':
      return { op: 'umount', path: call.path };
    default:
      return null;
  }
}

/** The bare machine has these; what is in /usr belongs to the tool. */
const BARE = ['/etc', '/opt', '/run', '/srv', '/tmp', '/usr', '/var', '/var/lib'];

/** A drawn tree as ops on the bare machine. */
function opsOf(fs: PlainFs): readonly Op[] {
  const ops: Op[] = ['/etc', '/opt', '/srv'].filter((path) => !fs.root.entries.has(path.slice(1))).map((path) => ({ op: 'rmdir', path }));
  const visit = (path: string, entry: Entry): void => {
    const inode = inodeOf(fs.inodes, entry);
    if (path === '/usr') return;
    if (inode.type === 'file') ops.push({ op: 'write', path, data: inode.content, mode: octal(inode.mode) });
    if (inode.type === 'symlink') {
      if (BARE.includes(path)) ops.push({ op: 'rmdir', path });
      ops.push({ op: 'symlink', target: inode.target, path });
    }
    if (inode.type !== 'dir') return;
    if (path !== '' && !BARE.includes(path)) ops.push({ op: 'mkdir', path, mode: octal(inode.mode) });
    for (const [name, child] of inode.entries) visit(`${path}/${name}`, child);
  };
  visit('', fs.root);
  return ops;
}

/** A draft; nothing where a call is none that the format has, or where it is about /usr. */
function draft(name: string, note: string, root: PlainFs, of: {
  readonly imageClass?: 'confext' | 'sysext';
  readonly first: readonly Call[];
  readonly steps: readonly (Call | Verb)[];
}): readonly SystemdDraft[] {
  const kind = of.imageClass ?? 'confext';
  const first = of.first.map(opOf);
  const steps = of.steps.map((step) => ('verb' in step ? step : opOf(step)));
  // An image needs loop devices, which the machine of the recorder has not.
  const known = [...first, ...steps].every((op) => op !== null && !/"\/usr\/|\.raw"/.test(JSON.stringify(op)));
  if (!known) return [];
  return [{
    name, note, kind,
    hierarchies: kind === 'sysext' ? ['/opt', '/srv'] : ['/etc'],
    setup: [...opsOf(root), ...first.filter((op) => op !== null)],
    steps: steps.filter((op) => op !== null).map((op) => ({ do: op })),
  }];
}

const verb = (kind: string, name: string, args: readonly string[] = [], env: Op = {}): Verb => ({
  op: kind,
  verb: name,
  ...(args.length > 0 ? { args } : {}),
  ...(Object.keys(env).length > 0 ? { env } : {}),
});

export const SKIP: readonly SystemdDraft[] = CHANGES.flatMap(([, changes]) => changes).filter(({ seen }) => seen === undefined).flatMap((change) => {
  const kind = change.imageClass ?? 'confext';
  return draft(`pages/skip/${change.name}`, change.what, CHANGES_ROOT, {
    imageClass: kind,
    first: change.first ?? [],
    steps: [
      verb(kind, 'merge', change.args),
      ...(change.calls ?? []),
      verb(kind, 'refresh', change.again ?? change.args, change.againEnv),
    ],
  });
});

export const FAILURES: readonly SystemdDraft[] = CAUSES.flatMap(([, causes]) => causes).filter(({ seen }) => seen === undefined).flatMap((cause) => {
  const kind = cause.imageClass ?? 'confext';
  return draft(`pages/failures/${cause.name}`, `${cause.verb}: ${cause.what}`, CAUSES_ROOT, {
    imageClass: kind,
    first: cause.first ?? [],
    steps: [
      ...(cause.merged === null ? [] : [verb(kind, 'merge', cause.merged)]),
      ...(cause.calls ?? []),
      verb(kind, cause.verb, cause.args ?? cause.merged ?? []),
    ],
  });
});

const WRITES: readonly Call[] = [
  { op: 'write', path: '/etc/new.conf', data: 'new' },
  { op: 'write', path: '/etc/app.conf', data: 'edited' },
  { op: 'unlink', path: '/etc/tool.conf' },
];

/** Kinds of mutable directory and of hierarchies that the matrix has not. */
const MACHINES: readonly (readonly [kind: string, host: Host, modes: readonly string[]])[] = [
  ...KINDS.filter(({ tag }) => tag === null).map(({ name }) => [name, 'files', MUTABLE_MODES] as const),
  ['missing', 'files', ['auto']],
  ['link to `/etc`', 'files', ['auto', 'ephemeral-import']],
  ['link to `/etc`', 'missing', ['auto']],
  ...(['link', 'own mount', 'read-only'] as const).map((host) => ['link to `/etc`', host, ['auto', 'yes']] as const),
];

export const MODE_CASES: readonly SystemdDraft[] = MACHINES.flatMap(([name, host, modes]) => {
  const kind = KINDS.find((each) => each.name === name);
  if (kind === undefined) throw new Error(`no kind of mutable directory is called ${name}`);
  return modes.flatMap((mode) =>
    draft(recordingName(mode, kind, host), `mutable directory: ${name}; hierarchy: ${host}`, drawnTree(kind, host, 'one'), {
      first: callsBefore(kind, host),
      steps: [verb('confext', 'merge', [`--mutable=${mode}`]), ...WRITES, verb('confext', 'unmerge')],
    }),
  );
});
