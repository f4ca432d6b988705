import { describe, expect, it } from 'vitest';
import { invoke, type Verb } from '../../models/systemd/invocation.ts';
import type { Outcome } from '../../models/systemd/outcome.ts';
import { QUESTIONS } from '../../models/systemd/questions.ts';
import { VERB_PROGRAMS } from '../../models/systemd/verbs.ts';
import { systemd, type Version } from '../../models/systemd/versions.ts';
import { build, tree } from '../../models/world.ts';
import type { Read } from '../../src/kernel/world.ts';
import { type Ran, run } from '../../src/program/linux.ts';

/** What no recording tells: they were made with --no-reload, and list is no op of theirs. */

const machine = (release: string): Read =>
  build({
    root: tree`
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
                a.conf "a"
                extension-release.d/
                  extension-release.a "ID=_any\n${release}"
            b.raw "no image"
    `,
    processes: { tool: 8 },
  });

/** As long as an unreadable image is there, no verb that reads images gets anywhere. */
const without = (world: Read): Read =>
  run(
    world,
    'tool',
    (function* () {
      yield { call: { op: 'unlink', path: '/var/lib/confexts/b.raw' } };
    })(),
  ).world;

function play(
  world: Read,
  verb: Verb,
  version: Version,
  options: { noReload?: boolean; root?: string } = {},
): Ran<Outcome> {
  return run(world, 'tool', VERB_PROGRAMS[verb](invoke('confext', systemd(version), options)), QUESTIONS);
}
const events = ({ steps }: Ran<Outcome>): readonly string[] =>
  steps.flatMap(({ call }) => (call.op === 'event' ? [call.what] : []));

describe('what an extension asks of the service manager', () => {
  const RELOAD = 'EXTENSION_RELOAD_MANAGER=1\\n';
  const UNITS = 'EXTENSION_RESTART_UNITS=web.service\\nEXTENSION_RELOAD_OR_RESTART_UNITS=log.service\\n';

  it.each<[string, Version, string, readonly string[]]>([
    ['nothing', '257', '', []],
    ['a reload', '257', RELOAD, ['daemon-reload']],
    ['units, which 257 does not know', '257', UNITS, []],
    ['units', '262', UNITS, ['daemon-reload', 'restart web.service', 'reload-or-restart log.service']],
  ])('%s (%s): once it is merged', (_, version, release, expected) => {
    expect(events(play(without(machine(release)), 'merge', version))).toEqual(expected);
  });

  it('is asked again by a refresh that replaces it, and not by one that is skipped', () => {
    const merged = play(without(machine(RELOAD)), 'merge', '262').world;
    expect(events(play(merged, 'refresh', '262'))).toEqual([]);
    const merged257 = play(without(machine(RELOAD)), 'merge', '257').world;
    expect(events(play(merged257, 'refresh', '257'))).toEqual(['daemon-reload']);
  });

  it('is asked when it is unmerged, after that', () => {
    const merged = play(without(machine(RELOAD)), 'merge', '257').world;
    const ran = play(merged, 'unmerge', '257');
    expect([events(ran), ran.steps.at(-1)?.call.op]).toEqual([['daemon-reload'], 'event']);
  });

  it('is not asked with --no-reload, nor below --root=, nor by a merge that fails', () => {
    expect(events(play(without(machine(RELOAD)), 'merge', '262', { noReload: true }))).toEqual([]);
    expect(invoke('confext', systemd('262'), { root: '/sysroot' }).noReload).toBe(true);
    const failed = play(machine(RELOAD), 'merge', '262');
    expect([failed.value.class, events(failed)]).toEqual(['error:ENOPKG', []]);
  });
});

describe('list', () => {
  it('shows what a search finds, and looks into nothing', () => {
    const { value, steps } = play(machine(''), 'list', '262');
    expect(value).toEqual({
      rc: 0,
      class: 'list',
      list: [
        ['a', '/var/lib/confexts/a'],
        ['b', '/var/lib/confexts/b.raw'],
      ],
    });
    expect(steps.map(({ call }) => call.op)).toEqual(['ask']);
  });
});
