/**
 * systemd-sysext and systemd-confext, whose services have no order between them. They meet where one class reads what the other
 * merges: a sysext ships confexts in /usr/lib/confexts, a confext ships images in /etc/extensions, and os-release, by which both
 * judge images, is in /etc and can come from a confext.
 */
import { type Process, type Program, runAlone, start } from '../../src/program/linux.ts';
import { runDirectly } from '../run.ts';
import type { Choice, Scenario, System } from '../scenario.ts';
import { must } from '../systemd/call.ts';
import type { Invocation } from '../systemd/invocation.ts';
import { QUESTIONS } from '../systemd/questions.ts';
import { refresh, tell } from '../systemd/verbs.ts';
import { build, invocation, tree } from '../world.ts';

/** A sysext that ships a confext. */
const shipping = (version: number) => `s/ #${version}
          usr/
            lib/
              confexts/
                foo/ #${version}
                  etc/
                    extension-release.d/
                      extension-release.foo "ID=_any\\n"
                    foo.conf "f${version}"
              extension-release.d/
                extension-release.s "ID=_any\\n"`;

/** A sysext for this very system. */
const fitting = (release: string) => `s/ #1
          usr/
            lib/
              extension-release.d/
                extension-release.s "${release}"
              tool "t1"`;

const OWN = 'ID=testos\\nVERSION_ID=1\\n';

/** What is below /var/lib, by what the classes have in common. */
const IMAGES: Readonly<Record<string, string>> = {
  confexts: `
      extensions/
        ${shipping(1)}
      staged/
        ${shipping(2)}`,
  'os-release': `
      confexts/
        c/ #1
          etc/
            extension-release.d/
              extension-release.c "${OWN}"
            os-release "ID=other\\n"
      extensions/
        ${fitting(OWN)}`,
  images: `
      confexts/
        c/ #1
          etc/
            extension-release.d/
              extension-release.c "ID=_any\\n"
            extensions/
              s/ #1
                usr/
                  lib/
                    extension-release.d/
                      extension-release.s "ID=_any\\n"
                    tool "t1"`,
};

const root = (meet: string) => tree`
  etc/
    hostname "box"
    os-release -> ../usr/lib/os-release
  opt/
  run/
  usr/
    lib/
      os-release "ID=testos\nVERSION_ID=1\n"
  var/
    lib/${IMAGES[meet] ?? ''}
`;

/** Merges both classes in their natural order; then a newer version of the sysext comes. */
function* update(sysext: Invocation, confext: Invocation): Program {
  yield* refresh(sysext);
  yield* refresh(confext);
  yield* must('then', { op: 'rename', from: '/var/lib/extensions/s', to: '/var/lib/old' });
  yield* must('then', { op: 'rename', from: '/var/lib/staged/s', to: '/var/lib/extensions/s' });
}

/** Which orders bring it about that running both again would change nothing. */
const SETTLES: Readonly<Record<string, string>> = { confexts: 'sysext-first', images: 'confext-first' };

export const scenario: Scenario = {
  name: 'both-classes',
  title: 'systemd-sysext.service and systemd-confext.service, which have no order between them',
  options: {
    mutable: { what: 'the mutable mode', values: ['no'], default: 'no' },
    meet: {
      what: 'where they meet: a sysext ships /usr/lib/confexts, a confext ships /etc/os-release, or a confext ships /etc/extensions',
      values: ['confexts', 'os-release', 'images'],
      default: 'confexts',
    },
    order: {
      what: 'which runs first, or both at the same time',
      values: ['sysext-first', 'confext-first', 'together'],
      default: 'together',
    },
    start: {
      what: 'a boot with nothing merged, or (where a sysext ships confexts) all merged and a newer sysext installed',
      values: ['boot', 'update'],
      default: 'boot',
    },
  },
  build: (choice: Choice): System => {
    const { meet = '', order = '', start: from } = choice.options;
    const tool = (imageClass: 'sysext' | 'confext'): Invocation => ({
      ...invocation(choice, imageClass),
      parallel: order === 'together',
    });
    const [sysext, confext] = [tool('sysext'), tool('confext')];
    const bare = build({ root: root(meet), processes: { boot: 6, sysext: 4, confext: 4 } });
    const updates = from === 'update' && meet === 'confexts';
    const process = (name: string, run: Invocation, first: string | null): Process => ({
      name,
      program: start(tell, 'refresh', run),
      ...(first === null ? {} : { after: [first] }),
    });
    return {
      world: updates
        ? runAlone(bare, { name: 'boot', program: start(update, sysext, confext) }, QUESTIONS).world
        : bare,
      processes: [
        process('sysext', sysext, order === 'confext-first' ? 'confext' : null),
        process('confext', confext, order === 'sysext-first' ? 'sysext' : null),
      ],
      tools: { sysext, confext },
      hierarchies: ['/usr', '/etc'],
      expectations: [{ property: 'Settled', verdict: SETTLES[meet] === order ? 'holds' : 'violated' }],
      summary: `${{ confexts: 'a sysext ships confexts', images: 'a confext ships sysexts' }[meet] ?? 'a confext ships os-release'}, ${order}${updates ? ', a newer sysext' : ''}`,
    };
  },
};
void runDirectly(import.meta.url, scenario);
