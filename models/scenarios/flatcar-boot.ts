/**
 * Flatcar's boot since 2025: /etc is a confext overlay from the initrd on. The default files come as a verity image in /usr,
 * the upper directory is /etc itself (through a link), and systemd-confext.service refreshes once /var is there. The
 * systemd is 257 with three backports: the skip, the configuration file and index=off (the version "257-skip").
 *
 * Actors, in the order that their units allow (a = initrd, f = final system):
 *   a1  initrd-setup-root            makes the link, merges for the first time
 *   a4  initrd-setup-root-after-ignition   refreshes: nothing has changed
 *   f3  setup-nsswitch               creates nsswitch.conf if it is missing; ordered before local-fs
 *   f4  local-fs.target              mounts the partition that has the user's confext
 *   f5  systemd-confext.service      makes the link again on the new /var, refreshes
 *   f7  systemd-sysusers             rewrites passwd through a temporary name; not ordered against f5
 *   f8  systemd-networkd             reads its configuration, after f7; not ordered against f5
 */
import { at, type Process, type Program, start } from '../../src/program/linux.ts';
import { createIfMissing, deleteOnce, editByRename, reader } from '../actors.ts';
import { runDirectly } from '../run.ts';
import type { Choice, Expectation, Scenario, System } from '../scenario.ts';
import type { Invocation } from '../systemd/invocation.ts';
import { merge, perform, refresh } from '../systemd/verbs.ts';
import { replacementOf } from '../systemd/versions.ts';
import { build, invocation, tree } from '../world.ts';

const root = (upper: string) => tree`
  etc/
    ${upper === 'hierarchy' ? 'motd "edited"' : ''}
    hostname "core"
    passwd "root core"
  run/
  usr/
    lib/
      confexts/
        00-flatcar-default.raw "image flatcar-default verity 6f1e"
      os-release "ID=flatcar\nVERSION_ID=4628\n"
      systemd/
        confext.conf "[ConfExt]\nMutable=auto\n"
  var/
    lib/
      confexts/
      extensions.mutable/
        ${upper === 'hierarchy' ? '' : 'etc/'}
          ${upper === 'hierarchy' ? '' : 'motd "edited"'}
`;

/** The image that ships with the operating system. */
const defaults = tree`
  etc/
    extension-release.d/
      extension-release.00-flatcar-default "ID=_any\n"
    motd "default"
    nsswitch.conf "files"
    passwd "root"
    systemd/
      network/
        zz-default.network "dhcp"
`;

const userConfext = tree`
  user/ #1
    etc/
      app.conf "user"
      extension-release.d/
        extension-release.user "ID=_any\n"
`;
const varPartition = (confext: boolean) =>
  confext
    ? tree`
  lib/
    confexts/
      user/ #1
        etc/
          app.conf "user"
          extension-release.d/
            extension-release.user "ID=_any\n"
`
    : tree`
  lib/
    confexts/
`;

/** Makes the mutable directory a link to /etc; an existing one is fine. */
function* linkMutable(): Program {
  yield* at('prepares', { op: 'mkdirAll', path: '/var/lib/extensions.mutable', mode: 0o755 });
  yield* at('prepares', { op: 'symlink', target: '/etc', path: '/var/lib/extensions.mutable/etc' });
}

function* setupRoot(run: Invocation, link: boolean): Program {
  if (link) yield* linkMutable();
  yield* merge(run);
}

function* confextService(run: Invocation, link: boolean): Program {
  if (link) yield* linkMutable();
  yield* refresh(run);
}

function* localFs(path: string): Program {
  yield* at('mounts', { op: 'mount-device', source: 'partition', path });
}

/** The variants of the scenario library, with what each is expected to show. */
function expectations(variant: string, { systemd }: Invocation, upper: string): readonly Expectation[] {
  const { skip } = systemd;
  if (replacementOf(systemd) !== 'window') {
    const property = { S04: 'NoResurrect', S05: 'NoLostWrite' }[variant] ?? 'NoVanish';
    return [{ property, verdict: 'holds' }];
  }
  switch (variant) {
    case 'S01':
      return [{ property: 'NoVanish', verdict: skip ? 'holds' : 'violated' }];
    case 'S04':
      return [{ property: 'NoResurrect', verdict: upper === 'hierarchy' ? 'violated' : 'holds' }];
    case 'S05':
      return [{ property: 'NoLostWrite', verdict: upper === 'hierarchy' ? 'holds' : 'violated' }];
    default:
      return [{ property: 'NoVanish', verdict: 'violated' }];
  }
}

export const scenario: Scenario = {
  name: 'flatcar-boot',
  title: 'Flatcar boots with /etc as a confext overlay, and systemd-confext.service refreshes beside other units',
  options: {
    systemd: {
      what: 'the version whose behaviours are used: what Flatcar shipped, or another that reads confext.conf',
      values: ['257-skip', '262', 'atomic', 'plain', 'beneath'],
      default: '257-skip',
    },
    mutable: { what: 'set by /usr/lib/systemd/confext.conf', values: ['auto'], default: 'auto' },
    variant: {
      what: 'S01 only the default image; S02 a user confext on /var; S04 and a tool that deletes an edited file; S05 judged for passwd',
      values: ['S01', 'S02', 'S04', 'S05'],
      default: 'S02',
    },
    upper: {
      what: 'the upper directory: /etc itself, or a directory of its own (then the partition holds only the confexts)',
      values: ['hierarchy', 'directory'],
      default: 'hierarchy',
    },
  },
  build: (choice: Choice): System => {
    const { variant = 'S02', upper = 'hierarchy' } = choice.options;
    const link = upper === 'hierarchy';
    const run = { ...invocation(choice), mutable: null };
    const confext = variant !== 'S01';
    const tool: readonly Process[] =
      variant === 'S04' ? [{ name: 'tool', program: start(deleteOnce, '/etc/motd'), after: ['a4-refresh'] }] : [];
    return {
      world: build({
        root: root(upper),
        devices: {
          'flatcar-default': defaults,
          partition: link ? varPartition(confext) : confext ? userConfext : tree``,
        },
        processes: {
          'a1-setup': 3,
          'a4-refresh': 3,
          'f3-nsswitch': 0,
          'f4-local-fs': 0,
          'f5-confext': 3,
          sysusers: 0,
          networkd: 0,
          tool: 0,
        },
      }),
      processes: [
        { name: 'a1-setup', program: start(setupRoot, run, link) },
        { name: 'a4-refresh', program: start(perform, 'refresh', run), after: ['a1-setup'] },
        {
          name: 'f3-nsswitch',
          program: start(createIfMissing, '/etc/nsswitch.conf', 'fallback'),
          after: ['a4-refresh'],
        },
        { name: 'f4-local-fs', program: start(localFs, link ? '/var' : '/var/lib/confexts'), after: ['f3-nsswitch'] },
        { name: 'f5-confext', program: start(confextService, run, link), after: ['f4-local-fs'] },
        {
          name: 'sysusers',
          program: start(editByRename, '/etc/passwd', '/etc/passwd+', 'root core app'),
          after: ['a4-refresh'],
        },
        { name: 'networkd', program: start(reader, '/etc/systemd/network/zz-default.network'), after: ['sysusers'] },
        ...tool,
      ],
      tools: { 'a1-setup': run, 'a4-refresh': run, 'f5-confext': run },
      hierarchies: ['/etc'],
      expectations: expectations(variant, run, upper),
      summary: `variant ${variant}, upper is ${link ? '/etc itself' : 'a directory of its own'}`,
    };
  },
};
void runDirectly(import.meta.url, scenario);
