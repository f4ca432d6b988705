/**
 * What is played in the real root and in the model whenever the tests run: every mode, several hierarchies, the options, and
 * the ways to fail. More of it is in morescenarios.ts.
 */
import { MUTABLE_MODES, type MutableMode } from '../../src/input/config.ts';
import type { Scenario } from './sandbox.ts';
import {
  always,
  atRoot,
  base,
  bind,
  confext,
  extension,
  files,
  host,
  image,
  MUTABLE,
  merge,
  misfit,
  mutableDir,
  refresh,
  srvMount,
  submounts,
  sysext,
  sysroot,
  tmpfs,
  twoTrees,
  unmerge,
} from './steps.ts';

/**
 * Everything that a verb can be, in every mode: what the check is made for. The second extension has a file where a directory is
 * mounted, which no mode can do with.
 */
export const everyVerb = (mode: MutableMode): Scenario =>
  confext(
    `every verb, ${mode}`,
    base,
    mutableDir(),
    submounts,
    merge(mode),
    refresh(mode), // skipped by 262
    always(mode),
    extension('b', { sub: '' }),
    refresh(mode), // fails, also in 262, which finds a change
    unmerge,
    merge(mode), // the submounts are lost, so that it does not fail
    unmerge,
  );

export const inHierarchies = (mode: MutableMode): readonly Scenario[] => [
  sysext(
    `${mode}: layers in both hierarchies`,
    twoTrees,
    files(MUTABLE, { 'opt/x': 'x', 'srv/x': 'x' }),
    merge(mode),
    refresh(mode),
    always(mode),
    unmerge,
  ),
  sysext(
    `${mode}: a hierarchy without a layer but with a submount`,
    image('a', { 'opt/a': 'a' }),
    srvMount,
    merge(mode),
    always(mode),
    unmerge,
  ),
  sysext(
    `${mode}: the second hierarchy fails`,
    twoTrees,
    srvMount,
    merge(mode),
    image('b', { 'srv/m': 'a file' }),
    always(mode),
    unmerge,
  ),
  sysext(`${mode}: an extension without anything`, image('a', {}), merge(mode), always(mode), unmerge),
];

const severalHierarchies: readonly Scenario[] = [
  sysext(
    'the mutable directory of the second hierarchy has another mode',
    twoTrees,
    files(MUTABLE, { 'opt/x': 'x', 'srv/x': 'x' }),
    { op: 'chmod', path: `${MUTABLE}/srv`, mode: 0o700 },
    merge('no'),
    always('auto'),
    unmerge,
  ),
  sysext(
    'an extension has a file for a hierarchy',
    twoTrees,
    merge('no'),
    image('b', { srv: 'a file' }),
    always('no'),
    unmerge,
  ),
  sysext(
    'one hierarchy of two is lost',
    twoTrees,
    merge('no'),
    { op: 'umount', path: '/opt' },
    refresh('no'),
    always('no'),
    unmerge,
  ),
  sysext(
    'without flags an option',
    twoTrees,
    { ...merge('no'), noexec: true },
    { ...always('yes'), noexec: true },
    unmerge,
  ),
];

export const belowRoot = (mode: MutableMode): Scenario =>
  confext(
    `--root, ${mode}`,
    sysroot(),
    atRoot(merge(mode)),
    atRoot(refresh(mode)),
    atRoot(always(mode)),
    atRoot(unmerge),
  );

/** Merged writable and replaced by what is not, both times with the options of the environment. */
export const withOptions = (mountOptions: string): Scenario =>
  confext(
    `mount options of the environment: ${mountOptions}`,
    base,
    { ...merge('yes'), mountOptions },
    { ...refresh('no'), mountOptions },
    refresh('no'),
    unmerge,
  );

const options: readonly Scenario[] = [
  confext(
    '--root: the mutable directory is there, and a submount',
    sysroot(
      ...files('/sysroot/var/lib/extensions.mutable/etc', { x: 'x' }),
      { op: 'mkdirAll', path: '/sysroot/etc/sub', mode: 0o755 },
      tmpfs('/sysroot/etc/sub'),
    ),
    atRoot(merge('auto')),
    atRoot(refresh('auto')),
    atRoot(always('auto')),
    atRoot(unmerge),
  ),
  confext('--noexec=no', base, { ...merge('no'), noexec: false }, { ...always('yes'), noexec: false }, unmerge),
  confext(
    '--force',
    base,
    extension('b'),
    misfit,
    { ...merge('no'), force: true },
    always('no'),
    { ...always('no'), force: true },
    unmerge,
  ),
  withOptions('noexec,exec,nodev,dev,suid,noatime'),
  confext(
    'the mode of the configuration',
    base,
    files('/etc/systemd', { 'confext.conf': '[ConfExt]\nMutable=yes\n' }),
    { verb: 'merge' },
    { verb: 'refresh' },
    unmerge,
  ),
  confext(
    'another working directory in which there is something of that name',
    base,
    files('/srv/var/lib/extensions.mutable/.systemd-etc-workdir', { precious: '' }),
    merge('yes'),
    { ...unmerge, cwd: '/srv' },
  ),
];

const failing: readonly Scenario[] = [
  confext(
    'refresh: the mount point of a submount was in an extension that is gone',
    base,
    extension('b', { 'b.d': '' }),
    merge('no'),
    bind('/etc/hostname', '/etc/b.d'),
    { op: 'rename', from: '/var/lib/confexts/b', to: '/var/b' },
    refresh('no'),
    unmerge,
  ),
  confext(
    'unmerge: the mount point of a submount was in an extension',
    base,
    extension('b', { 'b.d': '' }),
    merge('no'),
    bind('/etc/hostname', '/etc/b.d'),
    unmerge,
  ),
  confext(
    'refresh: the mutable directory is on a read-only mount',
    base,
    mutableDir(),
    bind(MUTABLE, MUTABLE),
    { op: 'mount-remount', path: MUTABLE, flags: ['ro'], bind: true },
    merge('no'),
    always('yes'),
    always('auto'),
    merge('import'),
    always('import'),
    unmerge,
  ),
  confext(
    'refresh: an extension has a release of its own',
    base,
    extension('b', { 'os-release': 'ID=other\n' }),
    merge('no'),
    always('no'),
    unmerge,
  ),
  confext(
    'refresh: no extension fits any more',
    host,
    extension('b'),
    merge('no'),
    misfit,
    always('no'),
    refresh('yes'),
    unmerge,
  ),
];

export const CHOSEN: readonly Scenario[] = [
  ...MUTABLE_MODES.map(everyVerb),
  ...inHierarchies('yes'),
  ...severalHierarchies,
  belowRoot('yes'),
  ...options,
  ...failing,
];
