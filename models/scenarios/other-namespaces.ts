/**
 * A service that lives in a mount namespace of its own while systemd-confext refreshes. Everything that it sees of the refresh comes by
 * propagation: in a private namespace nothing does, and what it saw when that was made is what it sees for ever.
 */
import { runAlone, start } from '../../src/program/linux.ts';
import { reader, secluded } from '../actors.ts';
import { runDirectly } from '../run.ts';
import type { Choice, Scenario, System } from '../scenario.ts';
import { perform } from '../systemd/verbs.ts';
import { replacementOf } from '../systemd/versions.ts';
import { build, invocation, merged, tree } from '../world.ts';

const root = tree`
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
        etc/
      staged/
        b/ #2
          etc/
            b.conf "b1"
            extension-release.d/
              extension-release.b "ID=_any\n"
`;

const CONFIG = '/etc/app.conf';

export const scenario: Scenario = {
  name: 'other-namespaces',
  title: 'a refresh as a service in a mount namespace of its own sees it',
  options: {
    propagation: {
      what: "what reaches the service's namespace: everything (slave, as systemd makes them), or nothing (private)",
      values: ['slave', 'private'],
      default: 'private',
    },
    made: {
      what: 'when the namespace was made: before the refresh, or at any moment of it',
      values: ['before', 'meanwhile'],
      default: 'before',
    },
  },
  build: (choice: Choice): System => {
    const run = invocation(choice);
    const propagation = choice.options['propagation'] === 'slave' ? 'slave' : 'private';
    const before = choice.options['made'] === 'before';
    const bare = build({ root, processes: { boot: 2, refresh: 2, service: 0 } });
    const install = { op: 'rename', from: '/var/lib/staged/b', to: '/var/lib/confexts/b' } as const;
    const world = merged(bare, run, [install]);
    const service = { name: 'service', program: start(secluded, propagation, CONFIG) };
    const misses = replacementOf(run.systemd) === 'window' && !(before && propagation === 'private');
    return {
      world: before ? runAlone(world, service).world : world,
      processes: [
        { name: 'refresh', program: start(perform, 'refresh', run) },
        before ? { name: 'service', program: start(reader, CONFIG) } : service,
      ],
      tools: { refresh: run },
      hierarchies: ['/etc'],
      expectations: [
        { property: 'SameForAll', verdict: propagation === 'private' ? 'violated' : 'holds' },
        { property: 'NoVanish', verdict: misses ? 'violated' : 'holds' },
      ],
      summary: `a service in a ${propagation} namespace that is made ${before ? 'before' : 'meanwhile'}`,
    };
  },
};
void runDirectly(import.meta.url, scenario);
