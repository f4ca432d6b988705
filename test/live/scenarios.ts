/** What is played in the real root and in the model: every mode, with what is mounted below, and every way to fail. */
import { MUTABLE_MODES, type MutableMode } from '../../src/input/config.ts';
import type { Scenario, Setup, Verb } from './sandbox.ts';

const MUTABLE = '/var/lib/extensions.mutable';

/** Files by their paths, with the directories that they are in. */
const files = (top: string, contents: Readonly<Record<string, string>>): readonly Setup[] => {
  const paths = Object.keys(contents).map((name) => `${top}/${name}`);
  const above = new Set(paths.map((path) => path.slice(0, path.lastIndexOf('/'))));
  return [
    ...[...above].map((path): Setup => ({ op: 'mkdirAll', path, mode: 0o755 })),
    ...Object.entries(contents).map(([name, data]): Setup => ({ op: 'write', path: `${top}/${name}`, data })),
  ];
};
const extension = (name: string, more: Readonly<Record<string, string>> = {}, root = ''): readonly Setup[] =>
  files(`${root}/var/lib/confexts/${name}/etc`, {
    [`extension-release.d/extension-release.${name}`]: 'ID=_any\n',
    [`${name}.conf`]: name,
    ...more,
  });
/** For sysext; without contents it has nothing for any hierarchy. */
const image = (name: string, contents: Readonly<Record<string, string>>): readonly Setup[] =>
  files(`/var/lib/extensions/${name}`, {
    [`usr/lib/extension-release.d/extension-release.${name}`]: 'ID=_any\n',
    ...contents,
  });
const host: readonly Setup[] = [{ op: 'write', path: '/etc/hostname', data: 'h' }];
const base = [...host, ...extension('a')];
const mutableDir = (mode = 0o755): readonly Setup[] => [
  { op: 'mkdirAll', path: MUTABLE, mode: 0o755 },
  { op: 'mkdirAll', path: `${MUTABLE}/etc`, mode },
];
const link = (target: string): readonly Setup[] => [
  { op: 'mkdirAll', path: MUTABLE, mode: 0o755 },
  { op: 'symlink', target, path: `${MUTABLE}/etc` },
];
const submounts: readonly Setup[] = [
  { op: 'mkdirAll', path: '/etc/sub', mode: 0o755 },
  { op: 'mount-tmpfs', path: '/etc/sub', mode: 0o755 },
  { op: 'write', path: '/etc/sub/f', data: 'f' },
  { op: 'write', path: '/etc/hn', data: '' },
  { op: 'mount-bind', from: '/etc/hostname', path: '/etc/hn' },
];
const nested: readonly Setup[] = [
  { op: 'mkdirAll', path: '/etc/sub', mode: 0o755 },
  { op: 'mount-tmpfs', path: '/etc/sub', mode: 0o755 },
  { op: 'mkdirAll', path: '/etc/sub/deep', mode: 0o755 },
  { op: 'mount-tmpfs', path: '/etc/sub/deep', mode: 0o755 },
];

const merge = (mutable: MutableMode): Verb => ({ verb: 'merge', mutable });
const refresh = (mutable: MutableMode): Verb => ({ verb: 'refresh', mutable });
const always = (mutable: MutableMode): Verb => ({ verb: 'refresh', mutable, always: true });
const unmerge: Verb = { verb: 'unmerge' };

const confext = (name: string, ...steps: readonly (Setup | Verb | readonly Setup[])[]): Scenario => ({
  name,
  tool: 'confext',
  hierarchies: ['/etc'],
  steps: steps.flat(),
});

const sysext = (name: string, ...steps: readonly (Setup | Verb | readonly Setup[])[]): Scenario => ({
  name: `sysext: ${name}`,
  tool: 'sysext',
  hierarchies: ['/opt', '/srv'],
  steps: steps.flat(),
});

const perMode = MUTABLE_MODES.flatMap((mode): readonly Scenario[] => [
  confext(
    `${mode}: mutable directory missing`,
    base,
    merge(mode),
    refresh(mode),
    always(mode),
    extension('b'),
    refresh(mode),
    unmerge,
  ),
  confext(`${mode}: mutable directory`, base, mutableDir(), merge(mode), refresh(mode), always(mode), unmerge),
  confext(
    `${mode}: mutable directory is a link to the hierarchy`,
    base,
    link('/etc'),
    merge(mode),
    always(mode),
    unmerge,
  ),
  confext(
    `${mode}: mutable directory is a link to nothing`,
    base,
    link('/var/elsewhere'),
    merge(mode),
    always(mode),
    unmerge,
  ),
  confext(
    `${mode}: mutable directory is a link elsewhere`,
    base,
    { op: 'mkdirAll', path: '/var/elsewhere', mode: 0o755 },
    link('/var/elsewhere'),
    merge(mode),
    always(mode),
    unmerge,
  ),
  confext(`${mode}: mutable directory of another mode`, base, mutableDir(0o700), merge(mode), unmerge),
  confext(`${mode}: failing refresh, wrong mode`, base, merge('no'), mutableDir(0o700), always(mode), unmerge),
  confext(`${mode}: failing refresh, link to the hierarchy`, base, merge('no'), link('/etc'), always(mode), unmerge),
  confext(`${mode}: submounts`, base, mutableDir(), submounts, merge(mode), always(mode), unmerge),
  confext(`${mode}: nested submounts`, base, mutableDir(), nested, merge(mode), unmerge),
  confext(`${mode}: no extension`, host, merge(mode), refresh(mode), unmerge),
  confext(`${mode}: host directory empty`, extension('a'), merge(mode), always(mode), unmerge),
  confext(
    `${mode}: extensions removed`,
    base,
    merge(mode),
    { op: 'rename', from: '/var/lib/confexts/a', to: '/var/a' },
    refresh(mode),
    unmerge,
  ),
]);

/** Everything that a verb can be, in every mode: what the check is made for. The second extension puts a file where a directory is mounted. */
const everyVerb = MUTABLE_MODES.map(
  (mode): Scenario =>
    confext(
      `${mode}: merge, skipped refresh, refresh, failing refresh, unmerge`,
      base,
      mutableDir(),
      submounts,
      merge(mode),
      refresh(mode),
      always(mode),
      extension('b', { sub: '' }),
      refresh(mode),
      unmerge,
      merge(mode),
      unmerge,
    ),
);

const twoTrees = [
  ...files('/opt', { h: 'h' }),
  ...files('/srv', { h: 'h' }),
  ...image('a', { 'opt/a': 'a', 'srv/a': 'a' }),
];
const srvMount: readonly Setup[] = [
  { op: 'mkdirAll', path: '/srv/m', mode: 0o755 },
  { op: 'mount-tmpfs', path: '/srv/m', mode: 0o755 },
];

const severalHierarchies: readonly Scenario[] = [
  ...MUTABLE_MODES.flatMap((mode): readonly Scenario[] => [
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
  ]),
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

const atRoot = (verb: Verb): Verb => ({ ...verb, root: '/sysroot' });
const sysroot = (...more: readonly Setup[]): readonly Setup[] => [
  ...files('/sysroot', { 'usr/lib/os-release': 'ID=testos\n', 'etc/hostname': 'h', 'var/lib/x': '' }),
  ...extension('a', {}, '/sysroot'),
  ...more,
];
const misfit: Setup = {
  op: 'write',
  path: '/var/lib/confexts/b/etc/extension-release.d/extension-release.b',
  data: 'ID=other\n',
};

const options: readonly Scenario[] = [
  ...MUTABLE_MODES.map((mode) =>
    confext(
      `--root, ${mode}`,
      sysroot(),
      atRoot(merge(mode)),
      atRoot(refresh(mode)),
      atRoot(always(mode)),
      atRoot(unmerge),
    ),
  ),
  confext(
    '--root: the mutable directory is there, and a submount',
    sysroot(
      ...files('/sysroot/var/lib/extensions.mutable/etc', { x: 'x' }),
      { op: 'mkdirAll', path: '/sysroot/etc/sub', mode: 0o755 },
      { op: 'mount-tmpfs', path: '/sysroot/etc/sub', mode: 0o755 },
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
  ...[
    'redirect_dir=off,metacopy=off,noatime',
    'redirect_dir=on',
    'noexec,exec,nodev,dev,suid,ro',
    'relatime,rw',
    'bogus',
  ].map((mountOptions) =>
    confext(
      `mount options of the environment: ${mountOptions}`,
      base,
      { ...merge('yes'), mountOptions },
      { ...refresh('no'), mountOptions },
      refresh('no'),
      unmerge,
    ),
  ),
  confext(
    'the mode of the configuration',
    base,
    files('/etc/systemd', { 'confext.conf': '[ConfExt]\nMutable=yes\n' }),
    { verb: 'merge' },
    { verb: 'refresh' },
    unmerge,
  ),
  confext(
    'another working directory',
    base,
    merge('yes'),
    { ...always('yes'), cwd: '/var' },
    { ...unmerge, cwd: '/usr' },
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
    { op: 'mount-bind', from: '/etc/hostname', path: '/etc/b.d' },
    { op: 'rename', from: '/var/lib/confexts/b', to: '/var/b' },
    refresh('no'),
    unmerge,
  ),
  confext(
    'refresh: the same in a mutable overlay',
    base,
    extension('b', { 'b.d': '' }),
    merge('yes'),
    { op: 'mount-bind', from: '/etc/hostname', path: '/etc/b.d' },
    { op: 'rename', from: '/var/lib/confexts/b', to: '/var/b' },
    refresh('yes'),
    unmerge,
  ),
  confext(
    'unmerge: the mount point of a submount was in an extension',
    base,
    extension('b', { 'b.d': '' }),
    merge('no'),
    { op: 'mount-bind', from: '/etc/hostname', path: '/etc/b.d' },
    unmerge,
  ),
  confext(
    'merge: an extension has a file where a directory is mounted',
    base,
    submounts,
    extension('b', { sub: '' }),
    merge('no'),
    unmerge,
  ),
  confext(
    'refresh: the mutable directory is on a read-only mount',
    base,
    mutableDir(),
    { op: 'mount-bind', from: MUTABLE, path: MUTABLE },
    { op: 'mount-remount', path: MUTABLE, flags: ['ro'], bind: true },
    merge('no'),
    always('yes'),
    always('auto'),
    merge('import'),
    always('import'),
    unmerge,
  ),
  confext(
    'refresh: the mutable directory is its own mount',
    base,
    mutableDir(),
    { op: 'mount-tmpfs', path: `${MUTABLE}/etc`, mode: 0o755 },
    merge('no'),
    always('yes'),
    unmerge,
  ),
  confext(
    'import with a whiteout on a mount point',
    base,
    submounts,
    mutableDir(),
    { op: 'mknod', path: `${MUTABLE}/etc/hn`, type: 'chr', rdev: [0, 0], mode: 0 },
    merge('import'),
    unmerge,
  ),
  confext(
    'a whiteout in the upper on a mount point',
    base,
    submounts,
    mutableDir(),
    { op: 'mknod', path: `${MUTABLE}/etc/hn`, type: 'chr', rdev: [0, 0], mode: 0 },
    merge('yes'),
    always('yes'),
    unmerge,
  ),
  confext(
    'refresh: an extension hides the release of the host',
    base,
    extension('b', { 'os-release': 'NAME=x\n' }),
    merge('no'),
    always('no'),
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
    { op: 'write', path: '/var/lib/confexts/b/etc/extension-release.d/extension-release.b', data: 'ID=other\n' },
    always('no'),
    refresh('yes'),
    unmerge,
  ),
  confext(
    'an extension that does not fit',
    base,
    extension('b'),
    { op: 'write', path: '/var/lib/confexts/b/etc/extension-release.d/extension-release.b', data: 'ID=other\n' },
    merge('no'),
    always('no'),
    unmerge,
  ),
  confext(
    'an overlay below an overlay',
    base,
    merge('yes'),
    { op: 'mount-bind', from: '/etc', path: '/etc' },
    always('yes'),
    unmerge,
  ),
];

export const SCENARIOS: readonly Scenario[] = [
  ...everyVerb,
  ...severalHierarchies,
  ...options,
  ...perMode,
  ...MUTABLE_MODES.map(
    (mode): Scenario => ({
      ...confext(`${mode}: on a disk`, base, mutableDir(), merge(mode), refresh(mode), always(mode), unmerge),
      disk: true,
    }),
  ),
  ...failing,
  confext('merged already', base, merge('no'), merge('no')),
  confext('nothing merged', base, unmerge, refresh('no')),
  confext(
    'three extensions',
    host,
    extension('c'),
    extension('a9'),
    extension('a10'),
    merge('no'),
    always('no'),
    unmerge,
  ),
  confext(
    'host directory missing',
    extension('a'),
    { op: 'rmdir', path: '/etc' },
    merge('yes'),
    always('yes'),
    unmerge,
  ),
  confext('nested submounts come after the merge', base, mutableDir(), merge('yes'), nested, always('yes'), unmerge),
  confext(
    'nested submounts, unmerge',
    base,
    merge('no'),
    { op: 'mount-bind', from: '/var', path: '/etc/extension-release.d' },
    { op: 'mount-tmpfs', path: '/etc/extension-release.d/lib', mode: 0o755 },
    unmerge,
    unmerge,
  ),
];
