import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { mountCall } from '../../src/kernel/mountcalls.ts';
import { mountTable, submountsBelow } from '../../src/kernel/mounttable.ts';
import { pinned } from '../../src/kernel/tree.ts';
import type { Mount, MountId, NsId, TaskId } from '../../src/kernel/types.ts';
import { detachMountsOn, letGo } from '../../src/kernel/unmount.ts';
import { Draft, fileSystem, namespace, Overflow, type Slots, task as taskOf, World } from '../../src/kernel/world.ts';
import { type Case, check } from './mountcases.ts';
import { ROOT_TASK, Script } from './mountscript.ts';
import { type Recording, recordingsIn } from './recordings.ts';

/** A peer group of /a and /b, and /c as its slave. */
const PEERS = `
  tmpfs /a
  shared /a
  bind /a /b
  bind /a /c
  slave /c`;
const PEERS_TABLE = `
  /a t1 shared:1`;

// Every table below was seen on Linux 6.18.

describe('mounting on a shared mount', () => {
  const cases: readonly Case[] = [
    {
      it: 'copies the mount to peers as peers and to slaves as slaves',
      script: `${PEERS}
        tmpfs /a/m`,
      leaves: `
        /a t1 shared:1
        /a/m t6 shared:2
        /b t1 shared:1
        /b/m t6 shared:2
        /c t1 master:1
        /c/m t6 master:2`,
    },
    {
      it: 'does nothing to the master of a slave',
      script: `${PEERS}
        tmpfs /c/m`,
      leaves: `
        /a t1 shared:1
        /b t1 shared:1
        /c t1 master:1
        /c/m t6 private`,
    },
    {
      it: 'gives the peers of a slave a group of their own that is a slave as well',
      script: `${PEERS}
        shared /c
        bind /c /d
        tmpfs /a/m
        tmpfs /c/n`,
      leaves: `
        /a t1 shared:1
        /a/m t8 shared:2
        /b t1 shared:1
        /b/m t8 shared:2
        /c t1 shared:3 master:1
        /c/m t8 shared:4 master:2
        /c/n t9 shared:5
        /d t1 shared:3 master:1
        /d/m t8 shared:4 master:2
        /d/n t9 shared:5`,
    },
    {
      it: 'leaves out a peer that does not show the mount point',
      script: `
        tmpfs /a
        shared /a
        bind /a/m /b
        tmpfs /a/m/k
        tmpfs /a/n`,
      leaves: `
        /a t1 shared:1
        /a/m/k t4 shared:2
        /a/n t5 shared:3
        /b t1 root=/m shared:1
        /b/k t4 shared:2`,
    },
    {
      it: 'skips a group of slaves that does not show the mount point; the slaves of those follow the group before',
      script: `
        tmpfs /a
        shared /a
        bind /a /b
        slave /b
        shared /b
        bind /b /c
        slave /c
        shared /c
        bind /c /d/n
        slave /d/n
        bind /c/m /d/m
        umount /c
        tmpfs /a/n`,
      leaves: `
        /a t1 shared:1
        /a/n t13 shared:2
        /b t1 shared:3 master:1
        /b/n t13 shared:4 master:2
        /d/m t1 root=/m shared:5 master:3
        /d/n t1 master:5
        /d/n/n t13 master:4`,
    },
    {
      it: 'tucks its copy below what a slave has mounted there itself',
      script: `${PEERS}
        tmpfs /c/m
        tmpfs /a/m`,
      leaves: `
        /a t1 shared:1
        /a/m t7 shared:2
        /b t1 shared:1
        /b/m t7 shared:2
        /c t1 master:1
        /c/m t7 master:2
        /c/m t6 private`,
    },
    {
      it: 'binds a directory onto itself once, although the new mount is a peer of what it lies on',
      script: `
        tmpfs /a
        shared /a
        bind /a/m /a/m`,
      leaves: `
        ${PEERS_TABLE}
        /a/m t1 root=/m shared:1`,
    },
    {
      it: 'reaches another namespace, but not the other way once that is a slave',
      script: `
        tmpfs /a
        shared /a
        unshare
        tmpfs /a/m
        slave /a
        tmpfs /a/n`,
      leaves: `
        /a t1 shared:1
        /a/m t4 shared:2
        child:/a t1 master:1
        child:/a/m t4 shared:2
        child:/a/n t6 private`,
    },
  ];
  cases.forEach(check);
});

describe('binding and moving', () => {
  const cases: readonly Case[] = [
    {
      it: 'makes the copy of a slave a slave of the same master',
      script: `${PEERS}
        bind /c /d`,
      leaves: `
        /a t1 shared:1
        /b t1 shared:1
        /c t1 master:1
        /d t1 master:1`,
    },
    {
      it: 'takes what is mounted below along only if recursive, and never what is unbindable',
      script: `
        tmpfs /a
        tmpfs /a/m
        tmpfs /a/n
        unbindable /a/n
        bind /a /b
        rbind /a /c
        bind /a/n /d EINVAL`,
      leaves: `
        /a t1 private
        /a/m t2 private
        /a/n t3 unbindable
        /b t1 private
        /c t1 private
        /c/m t2 private`,
    },
    {
      it: 'refuses a directory on a file with ENOTDIR, and to move it there with EINVAL',
      script: `
        tmpfs /f ENOTDIR
        bind /a /f ENOTDIR
        bind /f /a ENOTDIR
        tmpfs /a
        move /a /f EINVAL`,
      leaves: '/a t4 private',
    },
    {
      it: 'shares a tree that moves onto a shared mount, which then stays',
      script: `${PEERS}
        tmpfs /d
        tmpfs /d/m
        move /d /a/n
        move /a/n /d EINVAL`,
      leaves: `
        /a t1 shared:1
        /a/n t6 shared:2
        /a/n/m t7 shared:3
        /b t1 shared:1
        /b/n t6 shared:2
        /b/n/m t7 shared:3
        /c t1 master:1
        /c/n t6 master:2
        /c/n/m t7 master:3`,
    },
    {
      it: 'refuses to move what is no mount, into itself, or with something unbindable onto a shared mount',
      script: `
        move /a /b EINVAL
        tmpfs /a
        move /a /a/m ELOOP
        tmpfs /a/m
        unbindable /a/m
        tmpfs /b
        shared /b
        move /a /b/m EINVAL
        move /a /c`,
      leaves: `
        /b t6 shared:1
        /c t2 private
        /c/m t4 unbindable`,
    },
    {
      it: 'makes a detached clone private, whatever it was cloned from',
      script: `${PEERS}
        tmpfs /a/m
        opentree /a T
        detach /a/m
        movetree T /d`,
      leaves: `
        /a t1 shared:1
        /b t1 shared:1
        /c t1 master:1
        /d t1 private
        /d/m t6 private`,
    },
  ];
  cases.forEach(check);
});

describe('unmounting', () => {
  const cases: readonly Case[] = [
    {
      it: 'takes the copies of peers and slaves away, and leaves alone what they have there themselves',
      script: `${PEERS}
        tmpfs /c/m
        tmpfs /a/m
        umount /b/m`,
      leaves: `
        /a t1 shared:1
        /b t1 shared:1
        /c t1 master:1
        /c/m t6 private`,
    },
    {
      it: 'leaves a copy that has something mounted inside, as a private mount',
      script: `${PEERS}
        tmpfs /a/m
        tmpfs /c/m/n
        umount /a/m`,
      leaves: `
        /a t1 shared:1
        /b t1 shared:1
        /c t1 master:1
        /c/m t6 private
        /c/m/n t7 private`,
    },
    {
      it: 'leaves a copy in which something covers a mount that goes',
      script: `${PEERS}
        tmpfs /a/m
        tmpfs /a/m/n
        tmpfs /c/m/n
        detach /a/m`,
      leaves: `
        /a t1 shared:1
        /b t1 shared:1
        /c t1 master:1
        /c/m t6 private
        /c/m/n t8 private`,
    },
    {
      it: 'is EBUSY for a mount with mounts on it, or in use, unless it is lazy',
      script: `
        tmpfs /a
        tmpfs /a/m
        umount /a EBUSY
        open /a/m h
        umount /a/m EBUSY
        detach /a`,
      leaves: '',
    },
    {
      it: 'is EBUSY when the copy of a peer is in use, even below a cover, but not when that copy would stay',
      script: `${PEERS}
        tmpfs /a/m
        open /c/m h
        umount /a/m EBUSY
        tmpfs /c/m
        umount /a/m EBUSY
        umount /c/m
        tmpfs /c/m/n
        umount /a/m`,
      leaves: `
        /a t1 shared:1
        /b t1 shared:1
        /c t1 master:1
        /c/m t6 private
        /c/m/n t12 private`,
    },
    {
      it: 'lazily of a shared bind copy takes what is nested from the other copy, too',
      script: `
        tmpfs /a
        shared /a
        tmpfs /a/m
        tmpfs /a/m/n
        rbind /a/m /b
        detach /a/m`,
      leaves: `
        /a t1 shared:1
        /b t3 shared:2`,
    },
    {
      it: 'does not take the other copy along when that is a private clone',
      script: `
        tmpfs /a
        shared /a
        tmpfs /a/m
        tmpfs /a/m/n
        opentree /a/m T
        movetree T /b
        detach /a/m`,
      leaves: `
        /a t1 shared:1
        /b t3 private
        /b/n t4 private`,
    },
    {
      it: 'turns the slaves of a group that it empties to the master of that group',
      script: `${PEERS}
        shared /c
        bind /c /d
        slave /d
        umount /c`,
      leaves: `
        /a t1 shared:1
        /b t1 shared:1
        /d t1 master:1`,
    },
    {
      it: 'turns slaves to the next master that is left, when a group and its slaves go together',
      script: `${PEERS}
        shared /c
        tmpfs /d
        bind /c /d/m
        umount /c
        bind /d/m /d/n
        slave /d/n
        shared /d/n
        bind /d/n /c
        slave /c
        detach /d`,
      leaves: `
        /a t1 shared:1
        /b t1 shared:1
        /c t1 master:1`,
    },
    {
      it: 'is EINVAL for a directory that is no mount, and ENOENT for nothing',
      script: `
        umount /a EINVAL
        umount /nothing ENOENT`,
      leaves: '',
    },
    {
      it: 'of the copies in a namespace that ends is not seen elsewhere',
      script: `
        tmpfs /a
        shared /a
        tmpfs /a/m
        unshare
        leave`,
      leaves: `
        /a t1 shared:1
        /a/m t3 shared:2`,
    },
  ];
  cases.forEach(check);
});

it('the slaves of a group that only a dying namespace had follow its master, or nobody', () => {
  const script = new Script(['tmpfs /a', 'shared /a', 'unshare']);
  const host = (call: Parameters<typeof mountCall>[2]): void => {
    const draft = new Draft(script.world);
    expect(mountCall(draft, 'init', call).result).toEqual({ ok: null });
    script.world = script.world.with(draft.writes);
  };
  host({ op: 'mount-propagation', path: '/a', to: 'slave' });
  expect(script.table()).toEqual(['/a t1 master:1', 'child:/a t1 shared:1']);
  script.play('leave');
  expect(script.table()).toEqual(['/a t1 private']);
});

describe('the propagation type', () => {
  const cases: readonly Case[] = [
    {
      it: 'slave follows the former peers; the last of them finds nobody to follow',
      script: `
        tmpfs /a
        shared /a
        bind /a /b
        slave /a
        slave /b`,
      leaves: `
        /a t1 private
        /b t1 private`,
    },
    {
      it: 'private hands slaves on to the master',
      script: `${PEERS}
        shared /c
        bind /c /d
        slave /d
        private /c`,
      leaves: `
        /a t1 shared:1
        /b t1 shared:1
        /c t1 private
        /d t1 master:1`,
    },
    {
      it: 'slave does not change an unbindable mount, shared does',
      script: `
        tmpfs /a
        unbindable /a
        slave /a
        tmpfs /b
        unbindable /b
        shared /b`,
      leaves: `
        /a t1 unbindable
        /b t4 shared:1`,
    },
    {
      it: 'of an unbindable mount is private in the copy of a namespace',
      script: `
        tmpfs /a
        unbindable /a
        unshare`,
      leaves: `
        /a t1 unbindable
        child:/a t1 private`,
    },
    { it: 'is EINVAL for what is no mount', script: 'shared /a EINVAL', leaves: '' },
  ];
  cases.forEach(check);
});

describe('the read-only flag', () => {
  const cases: readonly Case[] = [
    {
      it: 'is per mount, and recursive on request',
      script: `
        tmpfs /a
        tmpfs /a/m
        bind /a /b
        rro /a
        rw /a/m`,
      leaves: `
        /a t1 ro private
        /a/m t2 private
        /b t1 private`,
    },
    {
      it: 'is refused for a mount with a file open for writing, and then for the whole tree',
      script: `
        tmpfs /a
        tmpfs /a/m
        openw /a/m/f h
        rro /a EBUSY
        close h
        rro /a`,
      leaves: `
        /a t1 ro private
        /a/m t2 ro private`,
    },
  ];
  cases.forEach(check);
});

const recordings = (file: string): readonly Recording[] =>
  recordingsIn(readFileSync(new URL(`../vectors/mount/${file}`, import.meta.url), 'utf8'));

describe.each(['random-mounts.jsonl', 'random-propagation.jsonl', 'random-tasks.jsonl'])(
  'recordings of Linux in %s',
  (file) => {
    it.each(recordings(file).map((each) => [each.name, each] as const))('%s', (_, { script, results, mounts }) => {
      const played = new Script(script);
      expect(played.results).toEqual(results);
      expect(played.table()).toEqual(mounts);
      const turned = new Script(script, { turned: true });
      expect(turned.results, 'in another order of the map').toEqual(results);
      expect(sortedMounts(turned), 'in another order of the map').toEqual(sortedMounts(played));
      expect(madeAfterAll(played), 'file systems that nobody can reach').toEqual([]);
    });
  },
);

const sortedMounts = ({ world }: Script): readonly (readonly [NsId, readonly [MountId, Mount][]])[] =>
  world.slots.ns.flatMap((id) => {
    const ns = world.get(`ns:${id}`);
    return ns?.kind === 'ns' ? [[id, [...ns.mounts].sort(([a], [b]) => (a < b ? -1 : 1))] as const] : [];
  });

/** The file systems that are still there when the tasks have exited and the host's mounts are gone, from the top down. */
function madeAfterAll(script: Script): readonly string[] {
  const draft = new Draft(script.world);
  for (const task of ['p', 'q', 'r']) mountCall(draft, task, { op: 'exit' });
  while (mountTable(draft, 'host').length > 0) mountCall(draft, 'init', { op: 'umount', path: '/', detach: true });
  return draft.slots.fs.filter((id) => id !== 'base' && draft.get(`fs:${id}`) !== null);
}

describe('the mount table', () => {
  it('names what hides a mount: a mount on it, or over a directory on the way', () => {
    const { world } = new Script(['tmpfs /a', 'tmpfs /a/m', 'tmpfs /b', 'tmpfs /b', 'tmpfs /a']);
    expect(mountTable(world, 'host').map(({ at, fs, hidden }) => `${at} ${fs}${hidden ? ' hidden' : ''}`)).toEqual([
      '/ base',
      '/a p.0 hidden',
      '/a p.4',
      '/a/m p.1 hidden',
      '/b p.2 hidden',
      '/b p.3',
    ]);
  });

  it('lists the submounts of a directory that can be reached, each path once, without the directory itself', () => {
    const { world } = new Script(['tmpfs /a', 'tmpfs /a/n', 'tmpfs /a/m', 'tmpfs /a/m', 'tmpfs /a/m/n', 'tmpfs /b/m']);
    expect(submountsBelow(world, 'host', '/a')).toEqual(['/a/m', '/a/m/n', '/a/n']);
    expect(submountsBelow(world, 'host', '/')).toEqual(['/a', '/a/m', '/a/m/n', '/a/n', '/b/m']);
    expect(submountsBelow(world, 'host', '/a/m/n')).toEqual([]);
  });

  it('gives type, source, flags and propagation as mountinfo does', () => {
    const script = new Script(['tmpfs /a', 'shared /a', 'bind /a /b', 'slave /b', 'ro /b']);
    script.call({
      op: 'mount-overlay',
      path: '/c',
      source: 'confext',
      lowers: layers('/a', '/d'),
      flags: ['noexec', 'ro'],
    });
    script.play('unbindable /a');
    const rows = mountTable(script.world, 'host').map(({ type, source, flags, propagation }) => [
      type,
      source,
      flags,
      propagation,
    ]);
    expect(rows).toEqual([
      ['ext4', 'base', [], 'private'],
      ['tmpfs', 'tmpfs', [], 'unbindable'],
      ['tmpfs', 'tmpfs', ['ro'], 'private'],
      ['overlay', 'confext', ['ro', 'noexec'], 'private'],
    ]);
  });
});

const layers = (...paths: readonly string[]): { path: string; name: string }[] =>
  paths.map((path) => ({ path, name: path.slice(1) }));

describe('what nobody can reach', () => {
  const made = ({ world }: Script): readonly string[] =>
    world.slots.fs.filter((id) => id.includes('.') && world.get(`fs:${id}`) !== null);

  it('goes with the last mount of a file system', () => {
    const script = new Script(['tmpfs /a', 'bind /a/m /b', 'umount /a']);
    expect(made(script)).toEqual(['p.0']);
    script.play('umount /b');
    expect(made(script)).toEqual([]);
  });

  it('stays while it is a layer of an overlay, and goes with that', () => {
    const script = new Script(['tmpfs /a', 'tmpfs /b']);
    script.call({ op: 'mount-overlay', path: '/c', source: 'x', lowers: layers('/a/m', '/b/m') });
    script.play('umount /a');
    script.play('umount /b');
    expect(made(script)).toEqual(['p.0', 'p.1', 'p.2']);
    script.play('umount /c');
    expect(made(script)).toEqual([]);
  });

  it('includes the pins that an overlay has in file systems that stay', () => {
    const script = new Script();
    script.call({ op: 'mount-overlay', path: '/c', source: 'x', lowers: layers('/a', '/b') });
    expect(fileSystem(script.world, 'base').pins.size).toBe(2);
    script.play('umount /c');
    expect(fileSystem(script.world, 'base').pins.size).toBe(0);
  });

  it('is a detached mount that nobody holds; one that is held stays without what was mounted on it', () => {
    const script = new Script(['tmpfs /a', 'tmpfs /a/m', 'open /a h', 'detach /a']);
    expect(made(script)).toEqual(['p.0']);
    expect([...namespace(script.world, 'host').mounts.keys()]).toEqual(['root', 'p.0']);
    expect(namespace(script.world, 'host').mounts.get('p.0')?.parent).toBeNull();
    const file = taskOf(script.world, 'p').fds.get('h');
    if (file === undefined) throw new Error('the descriptor should be open');
    const draft = new Draft(script.world);
    draft.set('task:p', { ...ROOT_TASK, fds: new Map() });
    letGo(draft, file);
    expect(draft.get('fs:p.0')).toBeNull();
    expect([...namespace(draft, 'host').mounts.keys()]).toEqual(['root']);
  });

  it('includes all mounts of a namespace that no task is in', () => {
    const script = new Script(['unshare', 'tmpfs /a', 'tmpfs /a/m']);
    expect(script.table()).toEqual(['child:/a t2 private', 'child:/a/m t3 private']);
    script.play('leave');
    expect(script.world.get('ns:p')).toBeNull();
    expect(made(script)).toEqual([]);
  });

  it('is a closed clone, with everything in it', () => {
    const script = new Script(['tmpfs /a', 'tmpfs /a/m', 'opentree /a T', 'detach /a']);
    expect(made(script)).toEqual(['p.0', 'p.1']);
    script.play('closetree T');
    expect(made(script)).toEqual([]);
    expect([...namespace(script.world, 'host').mounts.keys()]).toEqual(['root']);
  });

  it('never is a file system that the world began with', () => {
    const script = new Script();
    script.world = withDevice(script.world);
    script.call({ op: 'mount-device', source: 'disk', path: '/a' });
    script.play('umount /a');
    expect(script.world.get('fs:disk')).not.toBeNull();
  });
});

describe('a name that is removed', () => {
  it('takes the mounts on it along in all namespaces, without telling peers; what is held keeps what is on it', () => {
    const script = new Script(['tmpfs /a', 'tmpfs /a/m', 'unshare', 'open /a h']);
    const draft = new Draft(script.world);
    detachMountsOn(draft, 'base', '/a');
    expect(mountTable(draft, 'host').map(({ at }) => at)).toEqual(['/']);
    expect(mountTable(draft, 'p').map(({ at }) => at)).toEqual(['/']);
    const held = namespace(draft, 'p').mounts;
    expect([held.get('p.0')?.parent, held.get('p.1')?.parent]).toEqual([null, 'p.0']);
    expect(namespace(draft, 'host').mounts.size).toBe(1);
  });
});

describe('processes', () => {
  it('stand in the copy of their namespace after unshare, and where they were after leave', () => {
    const script = new Script(['tmpfs /a', 'chdir /a/m', 'open /a h', 'unshare']);
    const child = taskOf(script.world, 'p');
    expect([child.ns, child.home?.ns, child.cwd?.ns, child.fds.get('h')?.ns]).toEqual(['p', 'host', 'p', 'host']);
    script.play('open /a own');
    script.play('leave');
    const parent = taskOf(script.world, 'p');
    expect([parent.ns, parent.home, parent.cwd?.ns, [...parent.fds.keys()]]).toEqual(['host', null, 'host', ['h']]);
    expect(pinned(fileSystem(script.world, 'p.0'), 'p:cwd')).toBe('/m');
  });

  it('keep a mount busy for others while their child runs in a namespace of its own', () => {
    const script = new Script(['tmpfs /a', 'chdir /a', 'unshare']);
    const draft = new Draft(script.world);
    expect(mountCall(draft, 'init', { op: 'umount', path: '/a' }).result).toEqual({ err: 'EBUSY' });
  });

  it('let go of everything when they exit, in their own namespace as well as in a child', () => {
    const script = new Script([
      'tmpfs /a',
      'chdir /a',
      'open /a/m h',
      'unshare',
      'tmpfs /b',
      'open /b own',
      'opentree /b T',
    ]);
    script.call({ op: 'exit' });
    expect(script.world.get('task:p')).toBeNull();
    expect(script.world.get('ns:p')).toBeNull();
    expect(script.world.get('fs:p.1')).toBeNull();
    expect(fileSystem(script.world, 'p.0').pins.size).toBe(0);
  });

  it('cannot be in two children at once', () => {
    const script = new Script(['unshare']);
    expect(() => script.call({ op: 'unshare' })).toThrow('in a namespace of its own already');
  });
});

describe('calls', () => {
  // Seen on Linux 6.18.
  const unprivileged: readonly (readonly [line: string, result: string])[] = [
    ['tmpfs /a', 'EPERM'],
    ['tmpfs /nothing', 'ENOENT'],
    ['bind /a /b', 'EPERM'],
    ['move /nothing /a', 'EPERM'],
    ['move /a /nothing', 'ENOENT'],
    ['beneath /a /nothing', 'EPERM'],
    ['remount /a', 'EPERM'],
    ['remount /nothing', 'ENOENT'],
    ['shared /a', 'EPERM'],
    ['shared /nothing', 'ENOENT'],
    ['umount /a', 'EPERM'],
    ['umount /nothing', 'ENOENT'],
    ['ro /a', 'EPERM'],
    ['ro /nothing', 'EPERM'],
    ['opentree /nothing T', 'EPERM'],
    ['newtree T', 'EPERM'],
    ['unshare', 'EPERM'],
  ];
  it.each(unprivileged)('without privilege, "%s" is %s', (line, result) => {
    const script = new Script();
    script.world = script.world.with([['task:p', { ...ROOT_TASK, uid: 1000, gid: 1000 }]]);
    expect(script.play(line)).toBe(result);
  });

  it('that fail change nothing', () => {
    const { world } = new Script();
    const draft = new Draft(world);
    expect(mountCall(draft, 'p', { op: 'mount-tmpfs', path: '/f' }).result).toEqual({ err: 'ENOTDIR' });
    expect(draft.writes).toEqual([]);
  });

  it('refuse the same device twice on one place', () => {
    const script = new Script();
    script.world = withDevice(script.world);
    const mount = { op: 'mount-device', source: 'disk', path: '/a' } as const;
    expect([script.call(mount), script.call(mount), script.call({ ...mount, path: '/b' })]).toEqual([
      { ok: null },
      { err: 'EBUSY' },
      { ok: null },
    ]);
  });

  it('mount an overlay read-only if it has no upperdir or the flags say so', () => {
    const script = new Script();
    for (const name of ['upper', 'work']) script.call({ op: 'mkdir', path: `/d/${name}`, mode: 0o755 });
    const base = { op: 'mount-overlay', source: 'x', lowers: layers('/a', '/b') } as const;
    script.call({ ...base, path: '/c' });
    script.call({
      ...base,
      path: '/c',
      upper: { path: '/d/upper', name: 'upper' },
      work: { path: '/d/work', name: 'work' },
    });
    const readonly = ['p.0', 'p.1'].map((id) => fileSystem(script.world, id).readonly);
    expect(readonly).toEqual([true, false]);
  });

  it('throw when the task has no slot left for a file system', () => {
    const script = new Script();
    script.world = new World({ ...script.world.slots, fs: ['base'] }, valuesOf(script.world));
    expect(() => script.play('tmpfs /a')).toThrow(Overflow);
  });

  it('tell what they did to every mount of every namespace', () => {
    const { world } = new Script(['tmpfs /a', 'shared /a', 'tmpfs /b', 'tmpfs /b/m', 'unshare']);
    const told = (call: Parameters<typeof mountCall>[2]): readonly string[] =>
      mountCall(new Draft(world), 'p', call).changes.map((change) => Object.values(change).join(' '));
    expect(told({ op: 'mount-tmpfs', path: '/a/m' })).toEqual(['mount host /a/m p.3', 'mount p /a/m p.3']);
    expect(told({ op: 'mount-move', from: '/b', path: '/c' })).toEqual([
      'unmount p /b/m p.2',
      'unmount p /b p.1',
      'mount p /c p.1',
      'mount p /c/m p.2',
    ]);
    expect(told({ op: 'umount', path: '/b', detach: true })).toEqual(['unmount p /b/m p.2', 'unmount p /b p.1']);
    expect(told({ op: 'mount-flags', path: '/b', set: ['ro'] })).toEqual(['flags p /b ro']);
    expect(told({ op: 'mount-propagation', path: '/a', to: 'slave' })).toEqual(['propagation p /a master:p.g0']);
    expect(told({ op: 'mount-remount', path: '/b', flags: ['ro'] })).toEqual([
      'flags p /b ro',
      'flags p /b ro in all mounts',
    ]);
    expect(told({ op: 'leave', status: 0 })).toEqual([]);
  });
});

function valuesOf(world: World): ConstructorParameters<typeof World>[1] {
  const { fs, ns, tasks }: Slots = world.slots;
  const slots = [
    ...fs.map((id) => `fs:${id}` as const),
    ...ns.map((id) => `ns:${id}` as const),
    ...tasks.map((id: TaskId) => `task:${id}` as const),
  ];
  return new Map(slots.map((slot) => [slot, world.get(slot)]));
}

const withDevice = (world: World): World =>
  new World(
    { ...world.slots, fs: [...world.slots.fs, 'disk'] },
    new Map(valuesOf(world)).set('fs:disk', fileSystem(world, 'base')),
  );
