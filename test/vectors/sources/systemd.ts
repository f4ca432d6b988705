/** Drafts of systemd vectors picked by hand, a few steps for each rule: see ../systemd/README.md. */

export type Op = Readonly<Record<string, unknown>>;
type Files = Readonly<Record<string, string | Op>>;

export interface SystemdDraft {
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
    'md-is-file-of-mode',
    'the same with the permission bits of the hierarchy',
    [...HOST, A9, mkdir('/var/lib/extensions.mutable'), write(MUTABLE, 'no directory\n'), { op: 'chmod', path: MUTABLE, mode: '0755' }],
    modes('merge', 'auto', 'yes'),
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

const ARGUMENTS = ['--mutable=yes', '--always-refresh=yes'];
const in_ = (cwd: string, op: Op): Op => ({ ...op, cwd });
const withEnv = (op: Op, env: Readonly<Record<string, string>>): Op => ({ ...op, env });
const renamed = (from: string, to: string): Op => ({ op: 'rename', from, to });
const TWO = image('a9', { 'opt/a': 'a9\n', 'srv/a': 'a9\n' }, '/var/lib/extensions');

const READING: readonly SystemdDraft[] = [
  optSrv(
    'bad-image',
    'an image that cannot be read fails the verb, also a merge that would be refused, and what is merged stays',
    [TWO],
    [
      sysext('merge'),
      image('b', { 'usr/lib/os-release': 'ID=testos\n' }, '/var/lib/extensions'),
      sysext('merge'),
      sysext('refresh'),
      sysext('unmerge'),
      sysext('merge'),
    ],
  ),
  etc(
    'links',
    'extensions that are links: 262 tells the names of their targets, sorted by themselves',
    [
      ...HOST,
      image('x2', { 'etc/c': 'x2\n' }, '/var/confexts', 'ID=_any\n', 'a'),
      image('x1', { 'etc/c': 'x1\n' }, '/var/confexts', 'ID=_any\n', 'b'),
      mkdir('/var/lib/confexts'),
      symlink('/var/lib/confexts/a', '/var/confexts/x2'),
      symlink('/var/lib/confexts/b', '/var/confexts/x1'),
    ],
    [confext('merge'), confext('status')],
  ),
  etc(
    'initrd',
    'what says that this is an initrd, and which extensions fit there',
    [...HOST, A9, image('i', { 'etc/i': 'i\n' }, '/var/lib/confexts', 'ID=_any\nCONFEXT_SCOPE=initrd\n')],
    [
      confext('merge'),
      confext('unmerge'),
      withEnv(confext('merge'), { SYSTEMD_IN_INITRD: '1' }),
      confext('unmerge'),
      write('/etc/initrd-release', 'ID=testos\nVERSION_ID=1\n'),
      confext('merge'),
      withEnv(confext('refresh'), { SYSTEMD_IN_INITRD: '0' }),
    ],
  ),
  etc(
    'host-without-id',
    'a host that does not say what it is fails the verb',
    [...HOST, write('/etc/os-release', 'NAME=nobody\n'), A9],
    [confext('merge'), confext('refresh'), confext('unmerge')],
  ),
  etc(
    'dot-dir-in-host',
    'what is no mount point is not ours, whatever is in it',
    [...HOST, mkdir('/etc/.systemd-confext'), write('/etc/.systemd-confext/dev', 'x\n'), A9],
    [confext('status'), confext('merge'), confext('status'), confext('unmerge')],
  ),
  {
    ...optSrv(
      'dot-dir-in-mount',
      'the same for a directory in a mount',
      [
        mount('tmpfs', '/srv'),
        mkdir('/srv/x/.systemd-sysext'),
        write('/srv/x/.systemd-sysext/dev', 'x\n'),
        image('a9', { 'srv/x/a': 'a9\n' }, '/var/lib/extensions'),
      ],
      [sysext('status'), sysext('merge'), sysext('status'), sysext('unmerge')],
    ),
    hierarchies: ['/srv/x'],
  },
  etc(
    'list-removed',
    'a merged hierarchy whose list is gone has no status, but can be unmerged',
    [...HOST, A9],
    [
      confext('merge', '--mutable=yes'),
      on('umount', '/etc/.systemd-confext'),
      on('unlink', '/etc/.systemd-confext/confexts'),
      confext('status'),
      confext('unmerge'),
    ],
  ),
  etc(
    'skip-replaced',
    'another directory of the same name is a change, and so is another mount',
    [...HOST, A9],
    [
      confext('merge'),
      renamed('/var/lib/confexts/a9', '/var/away'),
      A9,
      confext('refresh'),
      confext('refresh'),
      mount('bind', '/var/lib/confexts', '/var/lib/confexts'),
      confext('refresh'),
    ],
  ),
  etc(
    'mount-options',
    '262 takes mount options from the environment, in place of its own: flags are set and cleared, a change is no reason to skip',
    [...HOST, A9],
    ['noatime,exec', 'redirect_dir=off,suid', 'ro', 'bogus'].flatMap((options) => {
      const env = { SYSTEMD_CONFEXT_OVERLAYFS_MOUNT_OPTIONS: options };
      return [withEnv(confext('merge', '--mutable=yes'), env), confext('refresh', '--mutable=yes'), withEnv(confext('refresh'), env), confext('unmerge')];
    }),
  ),
  etc(
    'hierarchy-twice',
    'a hierarchy that is named twice is merged twice, into one place of the workspace; what is mounted in it is carried along once',
    [...HOST, A9, mount('tmpfs', '/etc/s'), write('/etc/s/in', 'in\n')],
    ['no', 'yes', 'import', 'ephemeral'].flatMap((mode) =>
      [confext('merge', `--mutable=${mode}`), confext('refresh', `--mutable=${mode}`), write('/etc/new', 'new\n'), confext('status'), confext('unmerge')].map((op) =>
        op['op'] === 'confext' ? withEnv(op, { SYSTEMD_CONFEXT_HIERARCHIES: '/etc:/etc' }) : op,
      ),
    ),
  ),
  etc(
    'mount-options-empty',
    'an empty text replaces the options as well, but is not noted in the origin',
    [...HOST, A9],
    [
      withEnv(confext('merge', '--mutable=yes'), { SYSTEMD_CONFEXT_OVERLAYFS_MOUNT_OPTIONS: '' }),
      confext('refresh', '--mutable=yes'),
      confext('unmerge'),
    ],
  ),
  etc(
    'work-dir-taken',
    'overlays that are not recognised stack over one work directory: each mount takes it from the one below, also the third, which fails',
    [...HOST, A9, mkdir(MUTABLE), mkdir(`${MUTABLE}/.systemd-confext`), write(`${MUTABLE}/.systemd-confext/dev`, '0:1\n')],
    [
      confext('merge', '--mutable=yes'),
      confext('refresh', '--mutable=yes'),
      confext('refresh', '--mutable=yes'),
      write('/etc/e/z', 'admin\n'),
      write('/etc/new', 'admin\n'),
      write('/etc/c', 'admin\n'),
    ],
  ),
  etc(
    'ext-submount',
    'what is mounted below a directory of an extension is not part of it',
    [...HOST, A9, mount('tmpfs', '/var/lib/confexts/a9/etc/e'), write('/var/lib/confexts/a9/etc/e/m', 'mounted\n')],
    [confext('merge'), confext('unmerge')],
  ),
];

/** With 16 extensions the mount options have 4,096 bytes, the end of the text included; with a longer last name one more. */
const DEEP = `/opt/${'x'.repeat(189)}`;
const SIXTEEN = Array.from({ length: 16 }, (_, index) => `a${String(index).padStart(2, '0')}${index < 15 ? '' : '-23456789'}`);
const LONGER = 'a15-23456789x';
const deep = (name: string, called = name): Op => image(name, { [`${DEEP.slice(1)}/${name.slice(0, 3)}`]: '' }, '/var/lib/extensions', 'ID=_any\n', called);
const NAMES: readonly SystemdDraft[] = [
  ...Object.entries({ comma: 'a,b', colon: 'a:b', backslash: 'a\\b', quote: "a'b", quotes: "a'b'", 'double-quote': 'a"b' }).map(([word, name]) =>
    etc(
      `name-with-${word}`,
      'characters that mean something in mount options',
      [...HOST, image(name, { 'etc/a': 'odd\n' })],
      [confext('merge'), confext('refresh', ...ARGUMENTS), confext('unmerge')],
    ),
  ),
  {
    ...optSrv(
      'options-fill-a-page',
      'mount options that fill a page are taken; of more the end is cut off, so that the last layer is another',
      [mkdir(DEEP), write(`${DEEP}/h`, 'host\n'), ...SIXTEEN.map((name) => deep(name))],
      [
        sysext('merge'),
        sysext('unmerge'),
        renamed(`/var/lib/extensions/${SIXTEEN[15]}`, '/var/away'),
        deep(LONGER),
        sysext('merge'),
      ],
    ),
    hierarchies: [DEEP],
  },
];

const WORK_DIRS: readonly SystemdDraft[] = [
  ...Object.entries({ absolute: '/var/x', upwards: '../var/x', dot: './x', plain: 'x' }).map(([word, noted]) =>
    etc(
      `work-dir-${word}`,
      'an extension notes a work directory: 262 refuses what is no plain relative path, 257 removes it',
      [...HOST, image('a9', { 'etc/.systemd-confext/work_dir': noted }), mkdir('/var/x/precious'), mkdir('/tmp/x/precious'), mkdir('/x/precious')],
      [confext('merge'), in_('/tmp', confext('refresh', '--mutable=ephemeral', '--always-refresh=yes')), in_('/tmp', confext('unmerge'))],
      ['/tmp', '/var/x', '/x'],
    ),
  ),
  etc(
    'work-dir-note-is-directory',
    'the note of the work directory cannot be read: nothing is detached',
    [...HOST, image('a9', { 'etc/.systemd-confext/work_dir': { type: 'dir' } })],
    [confext('merge', '--mutable=ephemeral'), confext('refresh', '--mutable=yes'), confext('unmerge')],
  ),
  etc(
    'work-dir-read-only',
    'the work directory cannot be removed: the overlay is gone by then',
    [...HOST, A9, mkdir('/var/lib/extensions.mutable'), mount('bind', '/var/lib/extensions.mutable', '/var/lib/extensions.mutable')],
    [
      confext('merge', '--mutable=yes'),
      mount('tmpfs', '/etc/s'),
      mount('remount-ro', '/var/lib/extensions.mutable'),
      confext('unmerge'),
      confext('merge'),
      confext('unmerge'),
    ],
  ),
  etc(
    'stacked',
    'an overlay bound on itself is ours twice, and is peeled off and told twice',
    [...HOST, A9],
    [confext('merge', '--mutable=yes'), mount('bind', '/etc', '/etc'), confext('refresh', ...ARGUMENTS), mount('bind', '/etc', '/etc'), confext('unmerge')],
  ),
];

const SEVERAL: readonly SystemdDraft[] = [
  optSrv(
    'first-fails-both-stay-bare',
    'the first hierarchy cannot be built: the second one has been unmerged already',
    [write('/opt/h', 'host\n'), TWO],
    [sysext('merge'), image('b', { opt: 'file\n', 'srv/b': 'b\n' }, '/var/lib/extensions'), sysext('refresh')],
  ),
  optSrv(
    'hierarchy-is-loop',
    'an extension has a link to itself where a hierarchy would be: found out when the old overlay is gone',
    [write('/opt/h', 'host\n'), TWO],
    [sysext('merge'), image('b', { opt: { type: 'symlink', target: 'opt' }, 'srv/b': 'b\n' }, '/var/lib/extensions'), sysext('refresh')],
  ),
  optSrv(
    'unmerge-first',
    'an unmerge makes the workspace, though there is nothing to unmerge',
    [TWO],
    [sysext('unmerge'), sysext('merge'), sysext('unmerge')],
  ),
  optSrv(
    'refresh-cannot-unmerge',
    'no extension is left, and the overlay cannot be taken off',
    [TWO, mkdir('/opt/k'), BIND, write('/opt/f', 'f\n')],
    [
      mount('bind', '/opt/f', '/var/bind/f'),
      sysext('merge'),
      sysext('unmerge'),
      on('umount', '/opt/f'),
      on('unlink', '/opt/f'),
      mkdir('/opt/f'),
      mount('tmpfs', '/opt/f'),
      sysext('merge'),
      renamed('/var/lib/extensions/a9', '/var/away'),
      sysext('refresh'),
    ],
  ),
  optSrv(
    'first-is-not-known',
    'whether the first hierarchy is merged cannot be told: the second one is unmerged, and the first error is told',
    [write('/opt/h', 'host\n'), TWO],
    [
      sysext('merge', '--mutable=yes'),
      on('umount', '/opt/.systemd-sysext'),
      write('/opt/.systemd-sysext/dev', 'x\n'),
      sysext('unmerge'),
      sysext('status'),
    ],
  ),
  optSrv(
    'neither-is-known',
    'the same for both, with two errors',
    [write('/opt/h', 'host\n'), TWO],
    [
      sysext('merge', '--mutable=yes'),
      on('umount', '/opt/.systemd-sysext'),
      write('/opt/.systemd-sysext/dev', 'x\n'),
      on('umount', '/srv/.systemd-sysext'),
      on('unlink', '/srv/.systemd-sysext/dev'),
      mkdir('/srv/.systemd-sysext/dev'),
      sysext('unmerge'),
      sysext('status'),
    ],
  ),
  optSrv(
    'first-cannot-get-its-mount-back',
    'a submount has no place on the first bare hierarchy: the second one stays merged',
    [
      write('/opt/h', 'host\n'),
      mount('bind', '/opt', '/opt'),
      mount('remount-ro', '/opt'),
      image('a9', { 'opt/e/z': 'a9\n', 'srv/a': 'a9\n' }, '/var/lib/extensions'),
    ],
    [sysext('merge'), mount('tmpfs', '/opt/e'), sysext('unmerge'), sysext('unmerge')],
  ),
  optSrv(
    'second-is-missing',
    'a hierarchy that is missing is left out by all verbs; one that is a link to itself fails them',
    [on('rmdir', '/srv'), write('/opt/h', 'host\n'), image('a9', { 'opt/a': 'a9\n' }, '/var/lib/extensions')],
    [
      sysext('status'),
      sysext('merge'),
      sysext('status'),
      sysext('unmerge'),
      sysext('merge'),
      symlink('/srv', '/srv'),
      sysext('status'),
      sysext('refresh', '--always-refresh=yes'),
      sysext('merge'),
      sysext('unmerge'),
    ],
  ),
];

const LINKS: readonly SystemdDraft[] = [
  etc(
    'md-relative-link',
    'the mutable directory is a relative link to nothing',
    [...HOST, A9, mkdir('/var/lib/extensions.mutable'), symlink(MUTABLE, '../rel/etc')],
    modes('merge', 'auto', 'import', 'ephemeral-import', 'yes'),
    ['/var/lib/rel'],
  ),
  etc(
    'md-links-to-host',
    'the mutable directory links to the hierarchy, which is the upper then, and no lower layer as well',
    [...HOST, A9, mkdir('/var/lib/extensions.mutable'), symlink(MUTABLE, '../../../etc')],
    modes('merge', 'auto', 'yes', 'import'),
  ),
  etc(
    'md-parent-is-link',
    'the folder of the mutable directories is a link: the work directory is noted where it is in truth',
    [...HOST, A9, mkdir('/var/mm'), symlink('/var/lib/extensions.mutable', '../mm')],
    [confext('merge', '--mutable=yes'), confext('refresh', '--mutable=yes'), confext('unmerge')],
    ['/var/mm'],
  ),
  etc(
    'md-below-overlay',
    'the mutable directory links into the hierarchy: through the overlay, which meets itself there, nothing can look it up',
    [...HOST, A9, mkdir('/var/lib/extensions.mutable'), symlink(MUTABLE, '/etc/s')],
    [confext('merge', '--mutable=yes'), confext('refresh', '--mutable=yes'), confext('refresh', '--mutable=import'), confext('status')],
  ),
  etc(
    'md-is-loop',
    'the mutable directory is a link to itself',
    [...HOST, A9, mkdir('/var/lib/extensions.mutable'), symlink(MUTABLE, MUTABLE)],
    modes('merge', 'auto', 'import', 'ephemeral-import', 'ephemeral', 'yes'),
  ),
  etc(
    'md-links-to-bind-of-host',
    'the mutable directory links to a bind of the hierarchy, which is the same directory',
    [...HOST, A9, mkdir('/var/alias'), mount('bind', '/var/alias', '/etc'), mkdir('/var/lib/extensions.mutable'), symlink(MUTABLE, '/var/alias')],
    modes('merge', 'import', 'yes'),
  ),
];

const BELOW_ROOT: readonly SystemdDraft[] = [
  etc(
    'below-root',
    'with --root everything is looked for below it, but the workspace',
    [
      mkdir('/srv/etc'),
      write('/srv/etc/h', 'host h\n'),
      mkdir('/srv/usr/lib'),
      write('/srv/usr/lib/os-release', 'ID=testos\n'),
      image('a9', { 'etc/a': 'a9\n' }, '/srv/var/lib/confexts'),
    ],
    [
      confext('merge', '--root=/srv', '--mutable=yes'),
      write('/srv/etc/n', 'admin\n'),
      confext('status', '--root=/srv'),
      confext('refresh', '--root=/srv', '--mutable=yes'),
      in_('/tmp', confext('refresh', '--root=/srv/', ...ARGUMENTS)),
      in_('/tmp', confext('unmerge', '--root=/srv')),
    ],
    ['/srv'],
  ),
];

const MORE_MOUNTS: readonly SystemdDraft[] = [
  etc(
    'file-mount-of-removed',
    'a file is mounted where only an extension has one that goes: directory and file are made in the mutable directory',
    [...HOST, A9, BIND, image('b', { 'etc/b': 'b\n' })],
    [
      confext('merge', '--mutable=yes'),
      mount('bind', '/etc/e/z', '/var/bind/f'),
      renamed('/var/lib/confexts/a9', '/var/away'),
      confext('refresh', '--mutable=yes'),
      confext('unmerge'),
    ],
  ),
  etc(
    'nested-and-others',
    'a mount on another submount, and others before and behind it',
    [...HOST, A9, ...['/etc/a1', '/etc/z1'].map((path) => mkdir(path))],
    [
      ...['/etc/a1', '/etc/s', '/etc/z1'].map((path) => mount('tmpfs', path)),
      mkdir('/etc/s/n'),
      mount('tmpfs', '/etc/s/n'),
      confext('merge'),
      confext('merge'),
      confext('unmerge'),
    ],
  ),
  etc(
    'path-order',
    'submounts are put back in the order of the components of their paths, up to the first that has no place',
    [
      ...HOST,
      mkdir('/etc/s/n'),
      image('a9', { 'etc/s-x/z': 'a9\n' }),
      mount('bind', '/etc', '/etc'),
      mount('remount-ro', '/etc'),
    ],
    [confext('merge'), mount('tmpfs', '/etc/s/n'), mount('tmpfs', '/etc/s-x'), confext('unmerge')],
  ),
];

export const SYSTEMD: readonly SystemdDraft[] = [
  ...MUTABLE_DIRECTORIES,
  ...HOSTS,
  ...IMAGES,
  ...MOUNTS,
  ...SETTINGS,
  ...READING,
  ...NAMES,
  ...WORK_DIRS,
  ...SEVERAL,
  ...LINKS,
  ...BELOW_ROOT,
  ...MORE_MOUNTS,
];
