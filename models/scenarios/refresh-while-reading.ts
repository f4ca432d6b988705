/**
 * The first question anyone asks: does a service that reads its configuration notice a refresh? An extension is merged,
 * something changes (or nothing does), systemd-confext refreshes, and services keep opening files of /etc.
 */
import { type LinuxCall, start } from '../../src/program/linux.ts';
import { mountTmpfs, moveExtension, reader } from '../actors.ts';
import { runDirectly } from '../run.ts';
import type { Choice, Expectation, Scenario, System, Verdict } from '../scenario.ts';
import type { Invocation } from '../systemd/invocation.ts';
import { perform } from '../systemd/verbs.ts';
import { replacementOf } from '../systemd/versions.ts';
import { build, invocation, merged, tree } from '../world.ts';

const root = tree`
  etc/
    hostname "box"
    keys/
    machine-id "uninitialized"
  run/
  usr/
    lib/
      os-release "ID=testos\nVERSION_ID=1\n"
  var/
    lib/
      confexts/
        a/ #1
          etc/
            app.conf "a1"
            extension-release.d/
              extension-release.a "ID=_any\n"
      extensions.mutable/
        etc/
          local.conf "mine"
      machine-id "4f6b"
      staged/
        b/ #2
          etc/
            extension-release.d/
              extension-release.b "ID=_any\n"
            b.conf "b1"
`;

/** Where the second extension was unpacked, and where it is found. */
const INSTALL = ['/var/lib/staged/b', '/var/lib/confexts/b'] as const;

/** What may be mounted on the merged /etc, and who reads it. */
const SUBMOUNTS: Readonly<Record<string, { mounts: readonly LinuxCall[]; reader: string; file: string } | undefined>> =
  {
    file: {
      mounts: [{ op: 'mount-bind', from: '/var/lib/machine-id', path: '/etc/machine-id' }],
      reader: 'journald',
      file: '/etc/machine-id',
    },
    directory: {
      mounts: [
        { op: 'mount-tmpfs', path: '/etc/keys' },
        { op: 'write', path: '/etc/keys/key', data: 'secret' },
      ],
      reader: 'keyreader',
      file: '/etc/keys/key',
    },
  };

function expectations(run: Invocation, change: string, submount: string): readonly Expectation[] {
  const replacement = replacementOf(run.systemd);
  const stays = (run.systemd.skip && change === 'none') || replacement === 'refused';
  const safe = (isSafe: boolean): Verdict => (stays || isSafe ? 'holds' : 'violated');
  const carried = replacement === 'swap' && run.systemd.submounts !== 'dropped';
  return [
    { property: 'NoVanish', verdict: safe(replacement === 'swap') },
    // Which mounts there are is found out once: one that comes later is on the old overlay, or on the bare host.
    ...(submount === 'meanwhile' ? [{ property: 'SubmountStable', verdict: safe(false) }] : []),
    ...(submount === 'file' || submount === 'directory'
      ? [{ property: 'SubmountStable', verdict: safe(carried) }]
      : []),
  ];
}

export const scenario: Scenario = {
  name: 'refresh-while-reading',
  title: 'services open files of /etc while systemd-confext refresh replaces the overlay',
  options: {
    change: {
      what: 'whether a second extension is installed: since the merge, while the refresh runs (by an administrator), or not',
      values: ['extension', 'meanwhile', 'none'],
      default: 'extension',
    },
    submount: {
      what: 'what is mounted below /etc: nothing, a file on /etc/machine-id (as on a first boot), a tmpfs on /etc/keys, or that only while the refresh runs',
      values: ['no', 'file', 'directory', 'meanwhile'],
      default: 'no',
    },
  },
  build: (choice: Choice): System => {
    const run = invocation(choice);
    const { change = 'extension', submount: kind = 'no' } = choice.options;
    const submount = SUBMOUNTS[kind];
    const processes = {
      boot: 3,
      refresh: 2,
      admin: 0,
      mounter: 1,
      service: 0,
      ...(submount === undefined ? {} : { [submount.reader]: 0 }),
    };
    const [from, to] = INSTALL;
    const install: readonly LinuxCall[] = change === 'extension' ? [{ op: 'rename', from, to }] : [];
    return {
      world: merged(build({ root, processes }), run, [...(submount?.mounts ?? []), ...install]),
      processes: [
        { name: 'refresh', program: start(perform, 'refresh', run) },
        ...(change === 'meanwhile' ? [{ name: 'admin', program: start(moveExtension, ...INSTALL) }] : []),
        ...(kind === 'meanwhile' ? [{ name: 'mounter', program: start(mountTmpfs, '/etc/keys') }] : []),
        { name: 'service', program: start(reader, '/etc/app.conf') },
        ...(submount === undefined ? [] : [{ name: submount.reader, program: start(reader, submount.file) }]),
      ],
      tools: { refresh: run },
      hierarchies: ['/etc'],
      expectations: expectations(run, change, kind),
      summary:
        {
          extension: '1 extension, a second one installed',
          meanwhile: '1 extension, a second one comes meanwhile',
          none: '1 extension, nothing changed',
        }[change] ?? '',
    };
  },
};
void runDirectly(import.meta.url, scenario);
