import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mountCall } from '../../src/kernel/mountcalls.ts';
import { placesIn } from '../../src/kernel/mounttable.ts';
import type { MountId, NsId } from '../../src/kernel/types.ts';
import { Draft, fileSystem, namespace } from '../../src/kernel/world.ts';
import { mountScripts, SIZE } from '../mountscripts.ts';
import { Script } from './mountscript.ts';

/** What must hold after any mount script, whatever the kernel would say to it. */
const scripts = mountScripts(SIZE);
const SEED = 20;

it(`no answer depends on the order of a mount table's map (seed ${SEED})`, () => {
  fc.assert(
    fc.property(scripts, (lines) => {
      const [plain, turned] = [new Script(lines), new Script(lines, { turned: true })];
      expect(turned.results).toEqual(plain.results);
      expect(turned.table({ whole: true })).toEqual(plain.table({ whole: true }));
      expect(idsIn(turned)).toEqual(idsIn(plain));
    }),
    { seed: SEED, numRuns: 40 },
  );
});

const idsIn = ({ world }: Script): readonly (readonly [NsId, readonly MountId[]])[] =>
  world.slots.ns.flatMap((id) => {
    const ns = world.get(`ns:${id}`);
    return ns?.kind === 'ns' ? [[id, [...ns.mounts.keys()].sort()] as const] : [];
  });

it(`nothing is left when all tasks have ended and all mounts are gone (seed ${SEED})`, () => {
  fc.assert(
    fc.property(scripts, (lines) => {
      const draft = new Draft(new Script(lines).world);
      for (const task of ['p', 'q', 'r']) mountCall(draft, task, { op: 'exit' });
      for (let path = coverOf(draft); path !== undefined; path = coverOf(draft))
        expect(mountCall(draft, 'init', { op: 'umount', path, detach: true }).result).toEqual({ ok: null });
      const base = fileSystem(draft, 'base');
      expect(draft.slots.fs.filter((id) => draft.get(`fs:${id}`) !== null)).toEqual(['base']);
      expect(draft.slots.ns.filter((id) => draft.get(`ns:${id}`) !== null)).toEqual(['host']);
      expect([...namespace(draft, 'host').mounts.keys()]).toEqual(['root']);
      expect([...base.pins.keys(), ...[...base.inodes].filter(([, { links }]) => links < 2)]).toEqual([]);
    }),
    { seed: SEED, numRuns: 40 },
  );
});

/** A mount of the host's namespace that lies on its root directory, or else below it. */
const coverOf = (draft: Draft): string | undefined => {
  const [, ...mounts] = placesIn(namespace(draft, 'host'));
  return mounts.some(({ at }) => at === '/') ? '/' : mounts.find(({ hidden }) => !hidden)?.at;
};
