/**
 * The first question anyone asks: does a service that reads its configuration notice a refresh? An extension is merged,
 * something changes (or nothing does), systemd-confext refreshes, and services keep opening files of /etc.
 */
import { start } from '../../src/program/linux.ts';
import { moveExtension, reader } from '../actors.ts';
import { runDirectly } from '../run.ts';
import type { Choice, Scenario, System } from '../scenario.ts';
import { perform } from '../systemd/verbs.ts';
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

/** Where the second extension was unpacked, and where it is found. */
const INSTALL = ['/var/lib/staged/b', '/var/lib/confexts/b'] as const;

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
      what: 'whether a second extension is installed: since the merge, while the refresh runs (by an administrator), or not',
      values: ['extension', 'meanwhile', 'none'],
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
    const processes = {
      boot: 2,
      refresh: 2,
      admin: 0,
      service: 0,
      ...(submount === undefined ? {} : { [submount.reader]: 0 }),
    };
    const mounts = submount === undefined ? [] : [submount.mount];
    const [from, to] = INSTALL;
    const install = choice.options['change'] === 'extension' ? [{ op: 'rename', from, to } as const] : [];
    const skipped = run.systemd.skip && choice.options['change'] === 'none';
    return {
      world: merged(build({ root, mounts, processes }), run, install),
      processes: [
        { name: 'refresh', program: start(perform, 'refresh', run) },
        ...(choice.options['change'] === 'meanwhile'
          ? [{ name: 'admin', program: start(moveExtension, ...INSTALL) }]
          : []),
        { name: 'service', program: start(reader, '/etc/app.conf') },
        ...(submount === undefined ? [] : [{ name: submount.reader, program: start(reader, submount.file) }]),
      ],
      tools: { refresh: run },
      hierarchies: ['/etc'],
      expectations: [
        { property: 'NoVanish', verdict: skipped ? 'holds' : 'violated' },
        ...(submount !== undefined
          ? [{ property: 'SubmountStable', verdict: skipped ? ('holds' as const) : ('violated' as const) }]
          : []),
      ],
      summary:
        {
          extension: '1 extension, a second one installed',
          meanwhile: '1 extension, a second one comes meanwhile',
          none: '1 extension, nothing changed',
        }[choice.options['change'] ?? 'none'] ?? '',
    };
  },
};
void runDirectly(import.meta.url, scenario);
