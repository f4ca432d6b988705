/**
 * The first question anyone asks: does a service that reads its configuration notice a refresh? An extension is merged,
 * something changes (or nothing does), systemd-confext refreshes, and services keep opening files of /etc.
 */
import { start } from '../../src/program/linux.ts';
import { reader } from '../actors.ts';
import { runDirectly } from '../run.ts';
import type { Choice, Scenario, System } from '../scenario.ts';
import { refresh } from '../systemd/confext.ts';
import { build, invocation, merged, type Submount, tree } from '../world.ts';

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

/** What may be mounted below /etc, and who reads it. */
const SUBMOUNTS: Readonly<Record<string, { mount: Submount; reader: string; file: string } | undefined>> = {
  file: {
    mount: { at: '/etc/machine-id', bind: '/var/lib/machine-id' },
    reader: 'journald',
    file: '/etc/machine-id',
  },
  directory: { mount: { at: '/etc/keys', tmpfs: tree`key "secret"` }, reader: 'keyreader', file: '/etc/keys/key' },
};

export const scenario: Scenario = {
  name: 'refresh-while-reading',
  title: 'services open files of /etc while systemd-confext refresh replaces the overlay',
  options: {
    change: {
      what: 'what happened since the merge: a second extension was installed, or nothing',
      values: ['extension', 'none'],
      default: 'extension',
    },
    submount: {
      what: 'what is mounted below /etc: nothing, a file on /etc/machine-id (as on a first boot), a tmpfs on /etc/keys',
      values: ['no', 'file', 'directory'],
      default: 'no',
    },
  },
  build: (choice: Choice): System => {
    const run = invocation(choice);
    const submount = SUBMOUNTS[choice.options['submount'] ?? 'no'];
    const processes = { boot: 2, refresh: 2, service: 0, ...(submount === undefined ? {} : { [submount.reader]: 0 }) };
    const mounts = submount === undefined ? [] : [submount.mount];
    const install =
      choice.options['change'] === 'extension'
        ? [{ op: 'rename', from: '/var/lib/staged/b', to: '/var/lib/confexts/b' } as const]
        : [];
    const skipped = run.systemd.skip && choice.options['change'] === 'none';
    return {
      world: merged(build({ root, mounts, processes }), run, install),
      processes: [
        { name: 'refresh', program: start(refresh, run) },
        { name: 'service', program: start(reader, '/etc/app.conf') },
        ...(submount === undefined ? [] : [{ name: submount.reader, program: start(reader, submount.file) }]),
      ],
      tools: { refresh: run },
      hierarchies: ['/etc'],
      expectations: [
        { property: 'NoVanish', verdict: skipped ? 'holds' : 'violated' },
        ...(submount
          ? [{ property: 'SubmountStable', verdict: skipped ? ('holds' as const) : ('violated' as const) }]
          : []),
      ],
      summary:
        choice.options['change'] === 'none' ? '1 extension, nothing changed' : '1 extension, a second one installed',
    };
  },
};
void runDirectly(import.meta.url, scenario);
