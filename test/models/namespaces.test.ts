/** What reaches whom by propagation, and what does not. Each case was seen with 257.13 and with 262.1. */
import { describe, expect, it } from 'vitest';
import { secluded } from '../../models/actors.ts';
import { must } from '../../models/systemd/call.ts';
import { invoke, type Verb } from '../../models/systemd/invocation.ts';
import { QUESTIONS } from '../../models/systemd/questions.ts';
import { VERB_PROGRAMS } from '../../models/systemd/verbs.ts';
import { RELEASES, systemd, type Version } from '../../models/systemd/versions.ts';
import { build, tree } from '../../models/world.ts';
import { HIDDEN } from '../../properties/scene.ts';
import type { Call } from '../../src/kernel/calls.ts';
import { mountTable } from '../../src/kernel/mounttable.ts';
import type { NsId, TaskId } from '../../src/kernel/types.ts';
import { viewOf } from '../../src/kernel/view.ts';
import { Draft, type Read, task as taskOf } from '../../src/kernel/world.ts';
import { type Program, run, runAlone, start } from '../../src/program/linux.ts';

const extension = (name: string) => `${name}/
          etc/
            ${name}.conf "${name}1"
            extension-release.d/
              extension-release.${name} "ID=_any\\n"`;
const WORLD = build({
  root: tree`
  etc/
    hostname "box"
  peer/
  run/
  usr/
    lib/
      os-release "ID=testos\nVERSION_ID=1\n"
  var/
    lib/
      confexts/
        ${extension('a')}
      extensions.mutable/
        etc/
      staged/
        ${extension('b')}
`,
  processes: { tool: 4, service: 0, admin: 0 },
});

function* makes(calls: readonly Call[]): Program {
  for (const call of calls) yield* must('makes', call);
}
const admin = (world: Read, ...calls: readonly Call[]): Read => run(world, 'admin', makes(calls)).world;
const install = (world: Read): Read =>
  admin(world, { op: 'rename', from: '/var/lib/staged/b', to: '/var/lib/confexts/b' });

/** A verb in mode "yes", by the tool in the host's namespace or in another one. */
function tool(world: Read, verb: Verb, version: Version, ns: NsId = 'host') {
  const inside = new Draft(world);
  inside.set('task:tool', { ...taskOf(world, 'tool'), ns });
  const done = run(
    inside,
    'tool',
    VERB_PROGRAMS[verb](invoke('confext', systemd(version), { mutable: 'yes' })),
    QUESTIONS,
  );
  return { said: done.value.class, world: done.world };
}

const service = (world: Read, propagation: 'private' | 'slave'): Read =>
  runAlone(world, { name: 'service', program: start(secluded, propagation, '/etc/hostname') }).world;

/** The names in a directory. */
const sees = (world: Read, task: TaskId, directory = '/etc'): string =>
  [...viewOf(world, task, directory, HIDDEN)]
    .filter(([, { type }]) => type === 'file')
    .map(([path]) => path.slice(directory.length + 1))
    .join(' ');

describe.each(RELEASES)('%s', (version) => {
  it('a refresh is seen by slaves, and not by a private namespace, which keeps the old overlay', () => {
    const merged = tool(WORLD, 'merge', version).world;
    for (const [propagation, seen] of [
      ['slave', 'a.conf b.conf hostname'],
      ['private', 'a.conf hostname'],
    ] as const) {
      const after = tool(install(service(merged, propagation)), 'refresh', version);
      expect([after.said, sees(after.world, 'admin'), sees(after.world, 'service')]).toEqual([
        'merged',
        'a.conf b.conf hostname',
        seen,
      ]);
    }
  });

  it('a namespace that has made /etc read-only for itself has it writable after the next refresh', () => {
    const merged = service(tool(WORLD, 'merge', version).world, 'slave');
    const readonly = run(
      merged,
      'service',
      makes([{ op: 'mount-remount', path: '/etc', flags: ['ro', 'nosuid', 'nodev', 'noexec'], bind: true }]),
    ).world;
    const flags = (world: Read, ns: NsId) =>
      mountTable(world, ns).find(({ at, hidden }) => at === '/etc' && !hidden)?.flags;
    expect(flags(readonly, 'service')).toContain('ro');
    expect(flags(readonly, 'host')).not.toContain('ro');
    const after = tool(install(readonly), 'refresh', version).world;
    expect(flags(after, 'service')).toEqual(flags(after, 'host'));
    expect(flags(after, 'service')).not.toContain('ro');
  });

  it.each<readonly [where: string, calls: readonly Call[]]>([
    ['/ is private', [{ op: 'mount-propagation', path: '/', to: 'private' }]],
    [
      '/etc is a private mount of its own',
      [
        { op: 'mount-bind', from: '/etc', path: '/etc' },
        { op: 'mount-propagation', path: '/etc', to: 'private' },
      ],
    ],
  ])('a merge where %s says "merged", and nothing is', (_where, calls) => {
    const { said, world } = tool(admin(WORLD, ...calls), 'merge', version);
    expect([said, sees(world, 'admin')]).toEqual(['merged', 'hostname']);
  });

  it('in a slave namespace, merge and unmerge say that they have done it, and nothing has changed for anyone', () => {
    const merge = tool(service(WORLD, 'slave'), 'merge', version, 'service');
    expect([merge.said, sees(merge.world, 'service'), sees(merge.world, 'admin')]).toEqual([
      'merged',
      'hostname',
      'hostname',
    ]);
    const unmerge = tool(service(tool(WORLD, 'merge', version).world, 'slave'), 'unmerge', version, 'service');
    expect([unmerge.said, sees(unmerge.world, 'service'), sees(unmerge.world, 'admin')]).toEqual([
      'unmerged',
      'a.conf hostname',
      'a.conf hostname',
    ]);
  });

  it('a bind of the bare /etc elsewhere gets the overlay, too, and loses it again', () => {
    const bound = admin(WORLD, { op: 'mount-bind', from: '/etc', path: '/peer' });
    const merged = tool(bound, 'merge', version).world;
    expect(sees(merged, 'admin', '/peer')).toBe('a.conf hostname');
    expect(sees(tool(merged, 'unmerge', version).world, 'admin', '/peer')).toBe('hostname');
  });

  it('a bind of the overlay elsewhere keeps that for ever', () => {
    const bound = admin(tool(WORLD, 'merge', version).world, { op: 'mount-bind', from: '/etc', path: '/peer' });
    const refreshed = tool(install(bound), 'refresh', version).world;
    expect([sees(refreshed, 'admin'), sees(refreshed, 'admin', '/peer')]).toEqual([
      'a.conf b.conf hostname',
      'a.conf hostname',
    ]);
    expect(sees(tool(refreshed, 'unmerge', version).world, 'admin', '/peer')).toBe('a.conf hostname');
  });
});
