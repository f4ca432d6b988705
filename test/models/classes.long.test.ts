/**
 * systemd-sysext and systemd-confext beside each other: every way in which a refresh of each can end. All of these were seen with
 * 257.13 and 262.1, and nothing else was: one after the other, and sixty times in random order, call by call under ptrace.
 */
import { describe, expect, it } from 'vitest';
import { choose } from '../../models/scenario.ts';
import { scenario } from '../../models/scenarios/both-classes.ts';
import { invoke } from '../../models/systemd/invocation.ts';
import { OBSERVER, QUESTIONS, readText } from '../../models/systemd/questions.ts';
import { VERB_PROGRAMS } from '../../models/systemd/verbs.ts';
import { RELEASES, systemd } from '../../models/systemd/versions.ts';
import { build, tree } from '../../models/world.ts';
import { endings } from '../../properties/endings.ts';
import type { Read } from '../../src/kernel/world.ts';
import { run } from '../../src/program/linux.ts';

const text = (world: Read, path: string): string => readText(world, OBSERVER, path)?.trim() ?? 'missing';
const confext = (end: Read): string => text(end, '/etc/foo.conf');
const tool = (end: Read): string => text(end, '/usr/lib/tool');

/** What sysext and then confext say, and what is found in the end. */
const TABLE: readonly (readonly [
  meet: string,
  start: string,
  order: string,
  found: (end: Read) => string,
  both: readonly string[],
  only257: readonly string[],
  only262: readonly string[],
])[] = [
  // A sysext ships /usr/lib/confexts/foo; is /etc/foo.conf there?
  ['confexts', 'boot', 'sysext-first', confext, ['merged, merged: f1'], [], []],
  ['confexts', 'boot', 'confext-first', confext, ['merged, nothing-found: missing'], [], []],
  ['confexts', 'boot', 'together', confext, ['merged, merged: f1', 'merged, nothing-found: missing'], [], []],
  // Both are merged, and a newer sysext ships a newer confext. Together, the window of /usr can make /etc lose what it had.
  ['confexts', 'update', 'sysext-first', confext, ['merged, merged: f2'], [], []],
  ['confexts', 'update', 'confext-first', confext, [], ['merged, merged: f1'], ['merged, skipped: f1']],
  [
    'confexts',
    'update',
    'together',
    confext,
    ['merged, error:ENOENT: f1', 'merged, merged: f2', 'merged, nothing-found: missing'],
    ['merged, merged: f1'],
    ['merged, skipped: f1'],
  ],
  // A confext ships /etc/os-release, after which no sysext for this system fits; is the tool of the sysext there?
  ['os-release', 'boot', 'sysext-first', tool, ['merged, merged: t1'], [], []],
  ['os-release', 'boot', 'confext-first', tool, ['nothing-suitable, merged: missing'], [], []],
  ['os-release', 'boot', 'together', tool, ['merged, merged: t1', 'nothing-suitable, merged: missing'], [], []],
  // A confext ships /etc/extensions/s.
  ['images', 'boot', 'sysext-first', tool, ['nothing-found, merged: missing'], [], []],
  ['images', 'boot', 'confext-first', tool, ['merged, merged: t1'], [], []],
  ['images', 'boot', 'together', tool, ['merged, merged: t1', 'nothing-found, merged: missing'], [], []],
];

describe.each(TABLE)('%s, %s, %s', (meet, start, order, found, both, only257, only262) => {
  it.each([
    ['257', only257],
    ['262', only262],
  ] as const)('ends as seen with %s', (version, only) => {
    const system = scenario.build(choose(scenario, { systemd: version, meet, start, order }));
    expect(endings(system, false, found).endings).toEqual([...both, ...only].sort());
  });
});

describe.each(RELEASES)('%s: a confext that ships os-release', (version) => {
  // Seen with both versions, each time with exit status 0; the same with initrd-release.
  it.each(['os-release', 'initrd-release'])('(as %s) is merged and unmerged by turns', (name) => {
    let world: Read = build({
      root: tree`
  etc/
    os-release -> ../usr/lib/os-release
  run/
  usr/
    lib/
      os-release "ID=testos\nVERSION_ID=1\n"
  var/
    lib/
      confexts/
        c/ #1
          etc/
            ${name} "ID=other\n"
            extension-release.d/
              extension-release.c "ID=testos\nVERSION_ID=1\n"
`,
      processes: { tool: 3 },
    });
    const said = [1, 2, 3, 4].map(() => {
      const refresh = VERB_PROGRAMS.refresh(invoke('confext', systemd(version), { mutable: 'no' }));
      const done = run(world, 'tool', refresh, QUESTIONS);
      ({ world } = done);
      return [done.value.rc, done.value.class];
    });
    const turns = [
      [0, 'merged'],
      [0, 'nothing-suitable'],
    ];
    expect(said).toEqual([...turns, ...turns]);
  });
});
