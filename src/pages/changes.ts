/** What may happen between a merge and a refresh: the cases of the page docs/skip.md. */
import type { ImageClass } from '../input/imageclass.ts';
import type { Call } from '../kernel/calls.ts';

/** Something that happens between a merge and a refresh. */
export interface Change {
  readonly what: string;
  /** Options of the merge and of the refresh; `again` are those of the refresh, where they differ. */
  readonly args?: readonly string[];
  readonly again?: readonly string[];
  readonly againEnv?: Readonly<Record<string, string>>;
  /** What the administrator does before the merge, and after it. */
  readonly first?: readonly Call[];
  readonly calls?: readonly Call[];
  readonly imageClass?: ImageClass;
  /** What the whole refresh does to it is nobody's wish: it is kept where the refresh is skipped. */
  readonly isKept?: true;
  /** The recording in which it was seen, and the number of the refresh among its steps. */
  readonly seen?: readonly [name: string, step: number];
}

const A = '/var/lib/confexts/a';
const STAGED = '/var/lib/staged';
const MUTABLE = '/var/lib/extensions.mutable';
const releaseOf = (name: string): string => `/etc/extension-release.d/extension-release.${name}`;
const write = (path: string, data: string): Call => ({ op: 'write', path, data });
const move = (from: string, to: string): Call => ({ op: 'rename', from, to });
const make = (path: string): Call => ({ op: 'mkdirAll', path, mode: 0o755 });
const tmpfs = (path: string): Call => ({ op: 'mount-tmpfs', path, mode: 0o755 });

const EXTENSIONS: readonly Change[] = [
  { what: 'nothing', seen: ['hand/skip-add-remove', 5] },
  {
    what: 'an extension added',
    calls: [move(`${STAGED}/b`, '/var/lib/confexts/b')],
    seen: ['hand/skip-add-remove', 2],
  },
  { what: 'one removed', calls: [move('/var/lib/confexts/c', `${STAGED}/c`)], seen: ['hand/skip-add-remove', 4] },
  {
    what: 'one renamed, with its release file',
    calls: [
      move(A, '/var/lib/confexts/z'),
      move(`/var/lib/confexts/z${releaseOf('a')}`, `/var/lib/confexts/z${releaseOf('z')}`),
    ],
  },
  { what: 'a new version put in place by renames', calls: [move(A, `${STAGED}/old`), move(`${STAGED}/a`, A)] },
  { what: 'a file of one edited in place', calls: [write(`${A}/etc/app.conf`, 'a2')] },
  {
    what: 'a file of one replaced by rename',
    calls: [write(`${A}/etc/app.tmp`, 'a2'), move(`${A}/etc/app.tmp`, `${A}/etc/app.conf`)],
  },
  { what: 'a file added to one', calls: [write(`${A}/etc/more.conf`, 'a2')] },
  { what: 'a file deleted from one', calls: [{ op: 'unlink', path: `${A}/etc/app.conf` }] },
  { what: 'the directory of one touched', calls: [{ op: 'utimes', path: A, mtime: 99 }] },
  {
    what: 'the release file of one edited, and it fits',
    calls: [write(A + releaseOf('a'), 'ID=testos\nVERSION_ID=1\n')],
  },
  { what: 'the release file of one edited, and it fits no more', calls: [write(A + releaseOf('a'), 'ID=other\n')] },
  { what: 'one moved to another search directory', calls: [move(A, '/usr/lib/confexts/a')] },
  {
    what: 'one of the same name in `/run/confexts`, which goes first',
    calls: [
      make('/run/confexts/a/etc/extension-release.d'),
      write('/run/confexts/a/etc/app.conf', 'a2'),
      write(`/run/confexts/a${releaseOf('a')}`, 'ID=_any\n'),
    ],
    seen: ['hand/skip-run-shadow', 2],
  },
  {
    what: 'one is on another mount: the same files, the same directory',
    calls: [{ op: 'mount-bind', from: '/var/lib/confexts', path: '/var/lib/confexts' }],
  },
];

/** A place where the administrator reaches the host's directory below the overlay. */
const BARE: readonly Call[] = [
  make('/var/lib/bare'),
  { op: 'mount-bind', from: '/etc', path: '/var/lib/bare' },
  { op: 'mount-propagation', path: '/var/lib/bare', to: 'private' },
];
const WITH_DIRECTORY: readonly Call[] = [make(`${MUTABLE}/etc`)];

const MODES: readonly Change[] = [
  { what: 'mode `no`, then `ephemeral`', args: ['--mutable=no'], again: ['--mutable=ephemeral'] },
  {
    what: 'mode `yes`, then no option: the mode is not remembered',
    first: WITH_DIRECTORY,
    args: ['--mutable=yes'],
    again: [],
    seen: ['hand/mode-not-remembered', 3],
  },
  {
    what: 'mode `yes`, then `auto`: the same overlay',
    first: WITH_DIRECTORY,
    args: ['--mutable=yes'],
    again: ['--mutable=auto'],
  },
  { what: 'mode `auto` without a mutable directory, then `no`', args: ['--mutable=auto'], again: ['--mutable=no'] },
  {
    what: '`Mutable=yes` written to `confext.conf`, no option',
    first: [...WITH_DIRECTORY, ...BARE],
    calls: [make('/var/lib/bare/systemd'), write('/var/lib/bare/systemd/confext.conf', '[ConfExt]\nMutable=yes\n')],
  },
  { what: 'mutable directory made, mode `no`', calls: WITH_DIRECTORY, seen: ['hand/skip-md-created', 3] },
  {
    what: 'mutable directory made, mode `auto`',
    args: ['--mutable=auto'],
    calls: WITH_DIRECTORY,
    seen: ['hand/skip-md-created-auto', 3],
  },
  {
    what: 'mutable directory removed, mode `auto`',
    args: ['--mutable=auto'],
    first: WITH_DIRECTORY,
    calls: [move(`${MUTABLE}/etc`, `${STAGED}/mutable`)],
  },
  {
    what: 'mutable directory removed, mode `yes`: the refresh makes a new one',
    args: ['--mutable=yes'],
    first: WITH_DIRECTORY,
    calls: [move(`${MUTABLE}/etc`, `${STAGED}/mutable`)],
    seen: ['hand/skip-md-vanished', 3],
  },
  {
    what: 'mutable directory replaced by another, mode `auto`',
    args: ['--mutable=auto'],
    first: WITH_DIRECTORY,
    calls: [move(`${MUTABLE}/etc`, `${STAGED}/mutable`), make(`${MUTABLE}/etc`)],
  },
  {
    what: 'mutable directory becomes a link to another, mode `auto`',
    args: ['--mutable=auto'],
    first: [...WITH_DIRECTORY, make('/var/lib/other')],
    calls: [
      move(`${MUTABLE}/etc`, `${STAGED}/mutable`),
      { op: 'symlink', target: '/var/lib/other', path: `${MUTABLE}/etc` },
    ],
  },
  {
    what: 'a file written to `/etc`, mode `ephemeral`: a refresh drops it',
    args: ['--mutable=ephemeral'],
    calls: [write('/etc/new.conf', 'new')],
    isKept: true,
    seen: ['hand/ephemeral-skip-keeps', 2],
  },
];

const OPTIONS: readonly Change[] = [
  { what: '`--noexec=no`', again: ['--noexec=no'] },
  { what: '`--force`', again: ['--force'] },
  {
    what: '`SYSTEMD_CONFEXT_OVERLAYFS_MOUNT_OPTIONS=redirect_dir=off`, mode `yes`',
    first: WITH_DIRECTORY,
    args: ['--mutable=yes'],
    againEnv: { SYSTEMD_CONFEXT_OVERLAYFS_MOUNT_OPTIONS: 'redirect_dir=off' },
  },
  {
    what: 'another `VERSION_ID` of the host, and the extensions fit',
    calls: [write('/usr/lib/os-release', 'ID=testos\nVERSION_ID=2\n')],
  },
];

const MOUNTS: readonly Change[] = [
  {
    what: 'the second of two merged hierarchies unmounted',
    imageClass: 'sysext',
    calls: [{ op: 'umount', path: '/srv' }],
    seen: ['hand/skip-lost-second', 2],
  },
  {
    what: 'the first of two merged hierarchies unmounted',
    imageClass: 'sysext',
    calls: [{ op: 'umount', path: '/opt' }],
  },
  { what: 'the only merged hierarchy unmounted', calls: [{ op: 'umount', path: '/etc' }] },
  { what: 'a mount below the hierarchy made', calls: [tmpfs('/etc/keys')], seen: ['hand/skip-new-submount', 2] },
  { what: 'a mount over the hierarchy made', calls: [tmpfs('/etc')] },
  {
    what: 'the mount of the marker directory undone, mode `ephemeral`',
    args: ['--mutable=ephemeral'],
    calls: [{ op: 'umount', path: '/etc/.systemd-confext' }],
  },
  {
    what: 'a file of the host edited below the overlay',
    first: BARE,
    calls: [write('/var/lib/bare/hostname', 'box2')],
  },
  {
    what: 'a file of the host made below the overlay',
    first: BARE,
    calls: [write('/var/lib/bare/new.conf', 'new')],
  },
];

/** By what they concern. */
export const CHANGES: readonly (readonly [title: string, changes: readonly Change[]])[] = [
  ['Extensions', EXTENSIONS],
  ['Mutable mode and mutable directory', MODES],
  ['Options and host', OPTIONS],
  ['Mounts and files below them', MOUNTS],
];
