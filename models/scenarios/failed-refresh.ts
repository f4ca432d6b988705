/**
 * A refresh that fails should change nothing. It fails for a reason that an administrator can cause (the permission bits of
 * the mutable directory), because one single call fails, or because it is killed: as a whole (a signal to the parent is enough,
 * its child is killed with it), or only the child that does the work.
 */
import { err } from '../../src/kernel/types.ts';
import { type Process, start } from '../../src/program/linux.ts';
import { reader } from '../actors.ts';
import { runDirectly } from '../run.ts';
import type { Choice, Expectation, Scenario, System } from '../scenario.ts';
import type { Invocation } from '../systemd/invocation.ts';
import { perform } from '../systemd/verbs.ts';
import { replacementOf } from '../systemd/versions.ts';
import { build, invocation, merged, tree } from '../world.ts';

const root = (bits: string) => tree`
  etc/
    hostname "box"
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
        etc/ ${bits}
          local.conf "mine"
      staged/
        b/ #2
          etc/
            extension-release.d/
              extension-release.b "ID=_any\n"
`;

/** `checked`: the mode insists on the permission bits of the mutable directory. */
function expectations({ systemd }: Invocation, wrongMode: boolean, checked: boolean): readonly Expectation[] {
  const replacement = replacementOf(systemd);
  const early = systemd.earlyMutableCheck || systemd.assembly === 'decoupled';
  const atomic = replacement !== 'window' || (wrongMode && checked && early);
  const succeeds = wrongMode && !checked && replacement !== 'refused';
  return [
    { property: 'FailureAtomic', verdict: succeeds ? 'vacuous' : atomic ? 'holds' : 'violated' },
    { property: 'NoVanish', verdict: atomic ? 'holds' : 'violated' },
  ];
}

export const scenario: Scenario = {
  name: 'failed-refresh',
  title: 'a refresh that fails half-way, and what it leaves behind',
  options: {
    mutable: {
      what: 'the mutable mode',
      values: ['no', 'auto', 'yes', 'import', 'ephemeral', 'ephemeral-import'],
      default: 'yes',
    },
    cause: {
      what: 'permission bits of the mutable directory that do not match, any single call failing with ENOMEM, a signal anywhere to the process or to its child alone',
      values: ['mode', 'call', 'kill', 'child'],
      default: 'mode',
    },
  },
  build: (choice: Choice): System => {
    const run = invocation(choice);
    const cause = choice.options['cause'];
    // With other permission bits the mutable directory cannot be merged, so the first merge was without it.
    const before = cause === 'mode' ? { ...run, mutable: 'no' as const } : run;
    const bare = build({ root: root(cause === 'mode' ? '0700' : ''), processes: { boot: 2, refresh: 2, service: 0 } });
    const first = merged(bare, before, [{ op: 'rename', from: '/var/lib/staged/b', to: '/var/lib/confexts/b' }]);
    const tool: Process = {
      name: 'refresh',
      program: start(perform, 'refresh', run),
      ...(cause === 'kill' ? { kill: true } : {}),
      ...(cause === 'child' ? { killChild: true } : {}),
      ...(cause === 'call'
        ? { faults: { results: [err('ENOMEM')], budget: 1, only: (call) => call.op !== 'ask' && call.op !== 'leave' } }
        : {}),
    };
    const checked = choice.mutable === 'yes' || choice.mutable === 'auto';
    return {
      world: first,
      processes: [tool, { name: 'service', program: start(reader, '/etc/app.conf') }],
      tools: { refresh: run },
      hierarchies: ['/etc'],
      expectations: expectations(run, cause === 'mode', checked),
      summary:
        {
          mode: 'the mutable directory has other permission bits',
          call: 'any one call fails',
          kill: 'killed anywhere',
          child: 'its child is killed anywhere',
        }[cause ?? 'mode'] ?? '',
    };
  },
};
void runDirectly(import.meta.url, scenario);
