/**
 * Even a first merge has a window, and an unmerge does not always give back what was there. A plain /etc with a mount on
 * /etc/machine-id is merged, used, and unmerged again.
 */
import { start } from '../../src/program/linux.ts';
import { deleteOnce, reader } from '../actors.ts';
import { runDirectly } from '../run.ts';
import type { Choice, Scenario, System } from '../scenario.ts';
import { perform } from '../systemd/verbs.ts';
import { build, invocation, tree } from '../world.ts';

const MUTABLE = { missing: '', directory: 'etc/', hierarchy: 'etc -> /etc' } as const;

const root = (kind: keyof typeof MUTABLE) => tree`
  etc/
    hostname "box"
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
        ${MUTABLE[kind]}
      machine-id "4f6b"
`;

export const scenario: Scenario = {
  name: 'first-merge',
  title: 'a first merge below which /etc/machine-id is mounted, then an unmerge',
  options: {
    'mutable-dir': {
      what: 'what /var/lib/extensions.mutable/etc is',
      values: ['missing', 'directory', 'hierarchy'],
      default: 'missing',
    },
    delete: {
      what: "whether an administrator deletes the extension's file in between",
      values: ['no', 'yes'],
      default: 'no',
    },
  },
  build: (choice: Choice): System => {
    const run = invocation(choice);
    const dir = choice.options['mutable-dir'];
    const kind = dir === 'directory' || dir === 'hierarchy' ? dir : 'missing';
    const deletes = choice.options['delete'] === 'yes';
    const imports = choice.mutable === 'import' || choice.mutable === 'ephemeral-import';
    const refused = imports && kind === 'hierarchy'; // ELOOP, after the submount was parked
    const whiteoutInHost = deletes && kind === 'hierarchy' && (choice.mutable === 'yes' || choice.mutable === 'auto');
    const last = deletes ? 'admin' : 'merge';
    // What is moved is away for a while. What nobody cares for is under the new overlay, and still there if that does not come.
    const { submounts, assembly } = run.systemd;
    const away = submounts === 'moved' && assembly !== 'decoupled';
    const lost = submounts === 'dropped' && !refused;
    return {
      world: build({
        root: root(kind),
        mounts: [{ at: '/etc/machine-id', bind: '/var/lib/machine-id' }],
        processes: { merge: 2, journald: 0, unmerge: 1, ...(deletes ? { admin: 0 } : {}) },
      }),
      processes: [
        { name: 'merge', program: start(perform, 'merge', run) },
        { name: 'journald', program: start(reader, '/etc/machine-id') },
        ...(deletes ? [{ name: 'admin', program: start(deleteOnce, '/etc/app.conf'), after: ['merge'] }] : []),
        { name: 'unmerge', program: start(perform, 'unmerge', run), after: [last] },
      ],
      tools: { merge: run, unmerge: run },
      hierarchies: ['/etc'],
      expectations: [
        { property: 'NoVanish', verdict: 'holds' },
        { property: 'NoWrongWinner', verdict: away ? 'violated' : 'holds' },
        { property: 'SubmountStable', verdict: away || lost ? 'violated' : 'holds' },
        { property: 'HostRestored', verdict: whiteoutInHost ? 'violated' : 'holds' },
        ...(refused ? [{ property: 'FailureAtomic', verdict: away ? ('violated' as const) : ('holds' as const) }] : []),
      ],
      summary: '1 extension, a mount on /etc/machine-id',
    };
  },
};
void runDirectly(import.meta.url, scenario);
