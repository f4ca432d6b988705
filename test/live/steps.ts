/** The words in which scenarios are written: what lies on the disk, what is mounted, and the verbs. */
import type { MutableMode } from '../../src/input/config.ts';
import type { Scenario, Setup, Verb } from './sandbox.ts';

export const MUTABLE = '/var/lib/extensions.mutable';

/** Files by their paths, with the directories that they are in. */
export const files = (top: string, contents: Readonly<Record<string, string>>): readonly Setup[] => {
  const paths = Object.keys(contents).map((name) => `${top}/${name}`);
  const above = new Set(paths.map((path) => path.slice(0, path.lastIndexOf('/'))));
  return [
    ...[...above].map((path): Setup => ({ op: 'mkdirAll', path, mode: 0o755 })),
    ...Object.entries(contents).map(([name, data]): Setup => ({ op: 'write', path: `${top}/${name}`, data })),
  ];
};
export const extension = (name: string, more: Readonly<Record<string, string>> = {}, root = ''): readonly Setup[] =>
  files(`${root}/var/lib/confexts/${name}/etc`, {
    [`extension-release.d/extension-release.${name}`]: 'ID=_any\n',
    [`${name}.conf`]: name,
    ...more,
  });
/** For sysext; without contents it has nothing for any hierarchy. */
export const image = (name: string, contents: Readonly<Record<string, string>>): readonly Setup[] =>
  files(`/var/lib/extensions/${name}`, {
    [`usr/lib/extension-release.d/extension-release.${name}`]: 'ID=_any\n',
    ...contents,
  });
export const host: readonly Setup[] = [{ op: 'write', path: '/etc/hostname', data: 'h' }];
export const base = [...host, ...extension('a')];
export const mutableDir = (mode = 0o755): readonly Setup[] => [
  { op: 'mkdirAll', path: MUTABLE, mode: 0o755 },
  { op: 'mkdirAll', path: `${MUTABLE}/etc`, mode },
];
export const link = (target: string): readonly Setup[] => [
  { op: 'mkdirAll', path: MUTABLE, mode: 0o755 },
  { op: 'symlink', target, path: `${MUTABLE}/etc` },
];
export const tmpfs = (path: string): Setup => ({ op: 'mount-tmpfs', path, mode: 0o755 });
export const bind = (from: string, path: string): Setup => ({ op: 'mount-bind', from, path });
export const whiteout = (path: string): Setup => ({ op: 'mknod', path, type: 'chr', rdev: [0, 0], mode: 0 });
export const submounts: readonly Setup[] = [
  { op: 'mkdirAll', path: '/etc/sub', mode: 0o755 },
  tmpfs('/etc/sub'),
  { op: 'write', path: '/etc/sub/f', data: 'f' },
  { op: 'write', path: '/etc/hn', data: '' },
  bind('/etc/hostname', '/etc/hn'),
];
export const nested: readonly Setup[] = [
  { op: 'mkdirAll', path: '/etc/sub', mode: 0o755 },
  tmpfs('/etc/sub'),
  { op: 'mkdirAll', path: '/etc/sub/deep', mode: 0o755 },
  tmpfs('/etc/sub/deep'),
];

export const merge = (mutable: MutableMode): Verb => ({ verb: 'merge', mutable });
export const refresh = (mutable: MutableMode): Verb => ({ verb: 'refresh', mutable });
export const always = (mutable: MutableMode): Verb => ({ verb: 'refresh', mutable, always: true });
export const unmerge: Verb = { verb: 'unmerge' };

export const confext = (name: string, ...steps: readonly (Setup | Verb | readonly Setup[])[]): Scenario => ({
  name,
  tool: 'confext',
  hierarchies: ['/etc'],
  steps: steps.flat(),
});

export const sysext = (name: string, ...steps: readonly (Setup | Verb | readonly Setup[])[]): Scenario => ({
  name: `sysext: ${name}`,
  tool: 'sysext',
  hierarchies: ['/opt', '/srv'],
  steps: steps.flat(),
});

export const twoTrees = [
  ...files('/opt', { h: 'h' }),
  ...files('/srv', { h: 'h' }),
  ...image('a', { 'opt/a': 'a', 'srv/a': 'a' }),
];
export const srvMount: readonly Setup[] = [{ op: 'mkdirAll', path: '/srv/m', mode: 0o755 }, tmpfs('/srv/m')];

export const atRoot = (verb: Verb): Verb => ({ ...verb, root: '/sysroot' });
export const sysroot = (...more: readonly Setup[]): readonly Setup[] => [
  ...files('/sysroot', { 'usr/lib/os-release': 'ID=testos\n', 'etc/hostname': 'h', 'var/lib/x': '' }),
  ...extension('a', {}, '/sysroot'),
  ...more,
];
export const misfit: Setup = {
  op: 'write',
  path: '/var/lib/confexts/b/etc/extension-release.d/extension-release.b',
  data: 'ID=other\n',
};
