/**
 * Two runs of the tool at the same time: a service that refreshes while an administrator does, two units, a package's script.
 * There is no lock on a hierarchy. What can come of it: one after the other, two overlays stacked on each other, one run that
 * fails because the other was faster, a submount that is lost.
 */
import { type Process, start } from '../../src/program/linux.ts';
import { runDirectly } from '../run.ts';
import type { Choice, Expectation, Scenario, System } from '../scenario.ts';
import { type Invocation, VERBS, type Verb } from '../systemd/invocation.ts';
import { tell } from '../systemd/verbs.ts';
import { RELEASES, replacementOf } from '../systemd/versions.ts';
import { build, invocation, merged, type Submount, tree } from '../world.ts';

const root = tree`
  etc/
    hostname "box"
    keys/
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
      staged/
        a/ #2
          etc/
            app.conf "a2"
            extension-release.d/
              extension-release.a "ID=_any\n"
`;

/** A newer version of the extension has come since the merge, so that no refresh is skipped for that. */
const NEWER = [
  { op: 'removeTree', path: '/var/lib/confexts/a' },
  { op: 'rename', from: '/var/lib/staged/a', to: '/var/lib/confexts/a' },
] as const;

const KEYS: Submount = { at: '/etc/keys', tmpfs: tree`key "secret"` };

/** The pairs of verbs; /etc is merged before, unless the first is a merge. */
export const PAIRS = [
  'refresh+refresh',
  'refresh+merge',
  'refresh+unmerge',
  'merge+merge',
  'merge+unmerge',
  'unmerge+unmerge',
] as const;

const verbOf = (name: string | undefined): Verb => {
  const verb = VERBS.find((known) => known === name);
  if (verb === undefined) throw new Error(`${name} is no verb`);
  return verb;
};

/** Both must mount for two overlays to be stacked; and a submount gets lost where it is moved away and back. */
function expectations(verbs: readonly Verb[], submount: boolean, { systemd }: Invocation): readonly Expectation[] {
  const both = (...some: readonly Verb[]): boolean => verbs.every((verb) => some.includes(verb));
  // Without a window, a merge beside a refresh always finds that all is merged already.
  const refused = replacementOf(systemd) === 'swap' && verbs.includes('refresh') && verbs.includes('merge');
  return [
    both('unmerge')
      ? { property: 'HostRestored', verdict: 'holds' }
      : { property: 'OneOverlay', verdict: both('refresh', 'merge') && !refused ? 'violated' : 'holds' },
    ...(submount
      ? [{ property: 'SubmountStable', verdict: systemd.submounts === 'moved' ? 'violated' : 'holds' } as const]
      : []),
  ];
}

export const scenario: Scenario = {
  name: 'parallel-runs',
  title: 'two runs of systemd-confext at the same time, without a lock',
  options: {
    systemd: {
      what: 'the version whose behaviours are used: the releases, and the one that would replace overlays atomically',
      values: ['257', '262', 'atomic'],
      default: '262',
      usual: RELEASES,
    },
    verbs: { what: 'what the two runs do', values: PAIRS, default: 'refresh+refresh' },
    submount: {
      what: 'what is mounted below /etc: nothing, or a tmpfs on /etc/keys',
      values: ['no', 'directory'],
      default: 'no',
    },
    locks: {
      what: 'whether the locks on images are part of it, for which a run can fail with EBUSY; they make the search large',
      values: ['yes', 'no'],
      default: 'no',
    },
  },
  build: (choice: Choice): System => {
    const run = { ...invocation(choice), parallel: true, locksImages: choice.options['locks'] === 'yes' };
    const verbs = (choice.options['verbs'] ?? '').split('+').map(verbOf);
    const submount = choice.options['submount'] === 'directory';
    const bare = build({ root, mounts: submount ? [KEYS] : [], processes: { boot: 2, one: 3, two: 3 } });
    const processes = ['one', 'two'].map(
      (name, index): Process => ({ name, program: start(tell, verbOf(verbs[index]), run) }),
    );
    return {
      world: verbs[0] === 'merge' ? bare : merged(bare, run, NEWER),
      processes,
      tools: { one: run, two: run },
      hierarchies: ['/etc'],
      expectations: expectations(verbs, submount, run),
      summary: `${verbs.join(' and ')} at the same time${submount ? ', a tmpfs on /etc/keys' : ''}`,
    };
  },
};
void runDirectly(import.meta.url, scenario);
