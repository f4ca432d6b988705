/** Drafts of systemd vectors picked by hand, a few steps for each rule: see ../systemd/README.md. */

type Op = Readonly<Record<string, unknown>>;
type Files = Readonly<Record<string, string | Op>>;

interface SystemdDraft {
  readonly name: string;
  readonly note: string;
  readonly kind: 'confext' | 'sysext';
  readonly hierarchies: readonly string[];
  readonly watch?: readonly string[];
  readonly setup: readonly Op[];
  readonly steps: readonly { readonly do: Op }[];
}

const mkdir = (path: string, mode = '0755'): Op => ({ op: 'mkdir', path, mode, parents: true });
const write = (path: string, data: string): Op => ({ op: 'write', path, data });
const symlink = (path: string, target: string): Op => ({ op: 'symlink', target, path });
const on = (op: string, path: string): Op => ({ op, path });
const mount = (type: string, path: string, source?: string): Op =>
  source === undefined ? { op: 'mount', type, path } : { op: 'mount', type, source, path };
const tool = (op: string, verb: string, args: readonly string[]): Op => ({ op, verb, ...(args.length > 0 ? { args } : {}) });
const confext = (verb: string, ...args: readonly string[]): Op => tool('confext', verb, args);
const sysext = (verb: string, ...args: readonly string[]): Op => tool('sysext', verb, args);
const modes = (verb: string, ...list: readonly string[]): readonly Op[] =>
  list.flatMap((mode) => [confext(verb, `--mutable=${mode}`), confext('unmerge')]);

const MUTABLE = '/var/lib/extensions.mutable/etc';
const BIND: Op = { op: 'install', path: '/var/bind', files: { 'd/f': 'bind f\n', 'd/n/k': 'bind k\n', f: 'bind file\n' } };
const HOST: readonly Op[] = [write('/etc/h', 'host h\n'), write('/etc/c', 'host c\n'), mkdir('/etc/s')];

/** An extension; "ID=_any" unless there is another release. */
function image(name: string, files: Files, at = '/var/lib/confexts', release = 'ID=_any\n', called = name): Op {
  const dir = at.endsWith('confexts') || at.includes('confexts/') ? 'etc' : 'usr/lib';
  return {
    op: 'install',
    path: `${at}/${name}`,
    files: { ...files, [`${dir}/extension-release.d/extension-release.${called}`]: release },
  };
}
const A9 = image('a9', { 'etc/a': 'a9\n', 'etc/c': 'a9\n', 'etc/e/z': 'a9\n' });

function etc(name: string, note: string, setup: readonly Op[], steps: readonly Op[], watch: readonly string[] = []): SystemdDraft {
  const more = watch.length > 0 ? { watch } : {};
  return {
    name: `own/${name}`,
    note,
    kind: 'confext',
    hierarchies: ['/etc'],
    ...more,
    setup,
    steps: steps.map((op) => ({ do: op })),
  };
}

function optSrv(name: string, note: string, setup: readonly Op[], steps: readonly Op[]): SystemdDraft {
  return { ...etc(name, note, setup, steps), kind: 'sysext', hierarchies: ['/opt', '/srv'] };
}

const MUTABLE_DIRECTORIES: readonly SystemdDraft[] = [
  etc(
    'md-is-file',
    'the mutable directory is a regular file',
    [...HOST, A9, mkdir('/var/lib/extensions.mutable'), write(MUTABLE, 'no directory\n')],
    modes('merge', 'auto', 'yes', 'import', 'ephemeral-import', 'ephemeral'),
  ),
  etc(
    'md-read-only',
    'the mutable directory cannot be written, though its parent can',
    [...HOST, A9, mkdir(MUTABLE), write(`${MUTABLE}/m`, 'm\n'), mount('bind', MUTABLE, MUTABLE), mount('remount-ro', MUTABLE)],
    [confext('merge'), ...['auto', 'yes'].map((mode) => confext('refresh', `--mutable=${mode}`)), ...modes('merge', 'import')],
  ),
  etc(
    'md-own-file-system',
    'the mutable directory is a file system of its own: no place for a work directory, but it can be imported',
    [...HOST, A9, mkdir(MUTABLE), mount('tmpfs', MUTABLE), write(`${MUTABLE}/m`, 'm\n')],
    modes('merge', 'auto', 'yes', 'import', 'ephemeral-import'),
  ),
  etc(
    'md-own-mount',
    'the mutable directory is a mount of the same file system',
    [...HOST, A9, mkdir(MUTABLE), write(`${MUTABLE}/m`, 'm\n'), mount('bind', MUTABLE, MUTABLE)],
    modes('merge', 'auto', 'import'),
  ),
  etc(
    'md-below-host',
    'the mutable directory links to a directory in the hierarchy',
    [...HOST, A9, mkdir('/var/lib/extensions.mutable'), symlink(MUTABLE, '/etc/s')],
    [confext('merge', '--mutable=yes'), write('/etc/n', 'admin\n'), write('/etc/s/n', 'admin\n'), confext('unmerge'), confext('merge', '--mutable=import')],
  ),
  etc(
    'md-chmod-host',
    'the hierarchy gets another mode through the overlay: the mutable directory has it as well, the host has not',
    [...HOST, A9, mkdir(MUTABLE)],
    [
      confext('merge', '--mutable=auto'),
      { op: 'chmod', path: '/etc', mode: '0700' },
      confext('refresh', '--mutable=auto', '--always-refresh=yes'),
      confext('refresh'),
    ],
  ),
];

const HOSTS: readonly SystemdDraft[] = [
  etc(
    'host-is-symlink',
    'the hierarchy is a symlink: what it leads to is overlaid',
    [on('rmdir', '/etc'), mkdir('/var/real'), symlink('/etc', '/var/real'), write('/var/real/h', 'host h\n'), A9],
    [confext('merge', '--mutable=yes'), write('/etc/n', 'admin\n'), confext('status'), confext('refresh'), confext('unmerge')],
    ['/var/real'],
  ),
  etc(
    'host-own-file-system',
    'the hierarchy is a file system of its own',
    [mount('tmpfs', '/etc'), ...HOST, A9],
    [confext('merge', '--mutable=yes'), write('/etc/n', 'admin\n'), confext('unmerge'), on('umount', '/etc')],
  ),
  etc(
    'host-read-only',
    'the hierarchy cannot be written: no mount point can be made in it when a mount is put back',
    [...HOST, A9, mount('bind', '/etc', '/etc'), mount('remount-ro', '/etc')],
    [
      confext('merge', '--mutable=yes'),
      write('/etc/n', 'admin\n'),
      mount('tmpfs', '/etc/e'),
      confext('unmerge'),
      confext('merge'),
      confext('unmerge'),
    ],
  ),
  etc(
    'host-private',
    'the hierarchy is a private mount: the tool says that it has merged, and nobody sees it',
    [...HOST, A9, mount('bind', '/etc', '/etc'), mount('make-private', '/etc')],
    [confext('merge'), confext('status'), confext('unmerge')],
  ),
  etc(
    'host-odd-mode',
    'of the mode the low nine bits are kept, of the owner nothing',
    [...HOST, A9, { op: 'chmod', path: '/etc', mode: '2750' }, { op: 'chown', path: '/etc', uid: 5, gid: 6 }],
    modes('merge', 'no', 'yes', 'ephemeral'),
  ),
  etc(
    'dot-dir-is-file',
    'a file in place of the dot directory, on what is a mount point, makes every verb fail',
    [...HOST, write('/etc/.systemd-confext', 'x\n'), A9, mount('bind', '/etc', '/etc')],
    ['merge', 'status', 'refresh', 'unmerge'].map((verb) => confext(verb)),
  ),
  etc(
    'dev-unreadable',
    'a device number that cannot be read is an error, not a "no"',
    [
      ...HOST,
      mkdir('/etc/.systemd-confext'),
      write('/etc/.systemd-confext/dev', 'x\n'),
      A9,
      mount('bind', '/etc', '/etc'),
    ],
    ['merge', 'status', 'refresh', 'unmerge'].map((verb) => confext(verb)),
  ),
];

const IMAGES: readonly SystemdDraft[] = [
  etc(
    'masked',
    'an empty directory of the name in a directory with priority hides an extension',
    [...HOST, A9, image('b', { 'etc/b': 'b\n' })],
    [confext('merge'), mkdir('/run/confexts/a9'), confext('refresh'), on('rmdir', '/run/confexts/a9'), confext('refresh')],
  ),
  etc(
    'versioned',
    'of name.v the newest version counts',
    [...HOST, image('a9_1', { 'etc/a': '1\n' }, '/var/lib/confexts/a9.v', 'ID=_any\n', 'a9')],
    [
      confext('merge'),
      image('a9_10', { 'etc/a': '10\n' }, '/var/lib/confexts/a9.v', 'ID=_any\n', 'a9'),
      image('a9_9', { 'etc/a': '9\n' }, '/var/lib/confexts/a9.v', 'ID=_any\n', 'a9'),
      confext('refresh'),
      confext('status'),
    ],
  ),
  etc(
    'one-directory-twice',
    'two names of one directory: the kernel refuses a layer that is there twice',
    [
      ...HOST,
      image('a9', { 'etc/a': 'a9\n', 'etc/extension-release.d/extension-release.b': 'ID=_any\n' }),
      image('c', { 'etc/c': 'c\n' }),
    ],
    [confext('merge'), symlink('/var/lib/confexts/b', 'a9'), confext('refresh'), confext('unmerge')],
  ),
  etc(
    'ships-release',
    'an extension that ships os-release changes what the next refresh takes',
    [
      ...HOST,
      image('a9', { 'etc/a': 'a9\n' }, '/var/lib/confexts', 'ID=testos\nVERSION_ID=1\n'),
      image('b', { 'etc/os-release': 'ID=other\nVERSION_ID=2\n' }),
    ],
    [confext('merge'), ...[1, 2, 3].map(() => confext('refresh', '--always-refresh=yes'))],
  ),
  etc(
    'edited-below',
    'an extension is edited behind the overlay, which is undefined until that is replaced',
    [...HOST, A9],
    [confext('merge'), write('/var/lib/confexts/a9/etc/new', 'n\n'), confext('refresh', '--always-refresh=yes')],
  ),
  optSrv(
    'hierarchy-is-file',
    'an extension has a file where a hierarchy would be: found out when the old overlay is gone',
    [write('/opt/h', 'host\n'), image('a9', { 'opt/a': 'a9\n', 'srv/a': 'a9\n' }, '/var/lib/extensions')],
    [
      sysext('merge'),
      image('b', { 'opt/b': 'b\n', srv: 'file\n' }, '/var/lib/extensions'),
      sysext('refresh'),
      sysext('merge', '--mutable=yes'),
      sysext('unmerge'),
    ],
  ),
  optSrv(
    'one-fails-both-stay-bare',
    'the second hierarchy cannot be built: nothing is merged any more, and what was mounted below is gone',
    [
      write('/opt/h', 'host\n'),
      mkdir('/opt/s'),
      write('/srv/h', 'host\n'),
      image('a9', { 'opt/a': 'a9\n', 'srv/a': 'a9\n' }, '/var/lib/extensions'),
      mkdir('/var/lib/extensions.mutable'),
    ],
    [
      sysext('merge'),
      mount('tmpfs', '/opt/s'),
      symlink('/var/lib/extensions.mutable/srv', '/srv'),
      sysext('refresh', '--mutable=import'),
    ],
  ),
];

const MOUNTS: readonly SystemdDraft[] = [
  etc(
    'leftover-file-then-dir',
    'a mount point that an unmerge has left in /run is a file where a directory is needed',
    [...HOST, A9, BIND, write('/etc/k', 'k\n')],
    [
      mount('bind', '/etc/k', '/var/bind/f'),
      confext('merge'),
      confext('unmerge'),
      on('umount', '/etc/k'),
      on('unlink', '/etc/k'),
      mkdir('/etc/k'),
      mount('tmpfs', '/etc/k'),
      confext('merge'),
      confext('unmerge'),
      confext('refresh', '--always-refresh=yes'),
      on('umount', '/etc/k'),
      confext('unmerge'),
    ],
  ),
  etc(
    'recursive-bind',
    'a tree of mounts is carried whole, or not at all',
    [...HOST, A9, BIND, mount('tmpfs', '/var/bind/d/n')],
    [mount('rbind', '/etc/s', '/var/bind/d'), confext('merge'), confext('unmerge')],
  ),
  etc(
    'private-and-read-only',
    'flags of a mount stay, its propagation does not',
    [...HOST, A9, BIND],
    [
      mount('bind', '/etc/s', '/var/bind/d'),
      mount('remount-ro', '/etc/s'),
      mount('make-private', '/etc/s'),
      confext('merge', '--mutable=ephemeral'),
      write('/etc/s/g', 'admin\n'),
      confext('unmerge'),
      mount('remount-rw', '/etc/s'),
    ],
  ),
  etc(
    'peer-of-the-hierarchy',
    'a bind of the hierarchy made before the merge sees it, one of the host directory does not',
    [...HOST, A9, mkdir('/var/peer'), mount('bind', '/etc', '/etc'), mount('bind', '/var/peer', '/etc')],
    [confext('merge'), confext('refresh', '--always-refresh=yes'), confext('unmerge')],
  ),
];

const SETTINGS: readonly SystemdDraft[] = [
  etc(
    'settings',
    'argument before environment before configuration (262; 257 has no configuration); drop-ins count',
    [...HOST, A9, mkdir('/run/systemd/confext.conf.d'), write('/run/systemd/confext.conf', '[ConfExt]\nMutable=yes\n')],
    [
      confext('merge'),
      { op: 'confext', verb: 'refresh', env: { SYSTEMD_CONFEXT_MUTABLE_MODE: 'ephemeral' } },
      { ...confext('refresh', '--mutable=no'), env: { SYSTEMD_CONFEXT_MUTABLE_MODE: 'ephemeral' } },
      write('/run/systemd/confext.conf.d/50-mode.conf', '[ConfExt]\nMutable=import\n'),
      confext('refresh'),
    ],
  ),
  optSrv(
    'settings-of-sysext',
    'the other tool has its own file',
    [
      write('/opt/h', 'host\n'),
      image('a9', { 'opt/a': 'a9\n' }, '/var/lib/extensions'),
      mkdir('/run/systemd'),
      write('/run/systemd/sysext.conf', '[SysExt]\nMutable=ephemeral\n'),
      write('/run/systemd/confext.conf', '[ConfExt]\nMutable=import\n'),
    ],
    [sysext('merge'), sysext('refresh'), sysext('unmerge')],
  ),
  etc(
    'working-directory',
    'the work directory is looked for where the caller stands: another is removed',
    [...HOST, A9, mkdir('/tmp/var/lib/extensions.mutable/.systemd-etc-workdir/precious')],
    [
      confext('merge', '--mutable=yes'),
      { ...confext('refresh', '--mutable=yes', '--always-refresh=yes'), cwd: '/tmp' },
      { ...confext('unmerge'), cwd: '/tmp' },
    ],
    ['/tmp'],
  ),
  etc(
    'flags',
    '--noexec= changes that flag only, and is no reason to refresh',
    [...HOST, A9],
    [
      confext('merge', '--noexec=no'),
      confext('refresh', '--noexec=yes'),
      confext('refresh', '--noexec=yes', '--always-refresh=yes'),
      confext('refresh', '--mutable=yes', '--noexec=no'),
    ],
  ),
];

export const SYSTEMD: readonly SystemdDraft[] = [
  ...MUTABLE_DIRECTORIES,
  ...HOSTS,
  ...IMAGES,
  ...MOUNTS,
  ...SETTINGS,
];
