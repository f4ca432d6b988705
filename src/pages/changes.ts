/** What may happen between a merge and a refresh: the cases of the page docs/skip.md. */
import { MUTABLE } from '../../models/systemd/names.ts';
import type { ImageClass } from '../input/imageclass.ts';
import type { Call } from '../kernel/calls.ts';
import {
  BARE,
  bind,
  DIRECTORY,
  EXTENSION,
  extension,
  INSTALL,
  indented,
  link,
  make,
  move,
  releaseOf,
  rootWith,
  STAGED,
  tmpfs,
  write,
} from './parts.ts';

/** Something that happens between a merge and a refresh. */
export interface Change {
  /** In the name of its recording, if there is one: pages/…/NAME. */
  readonly name: string;
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

const EXTENSIONS: readonly Change[] = [
  { name: 'nothing', what: 'nothing', seen: ['hand/skip-add-remove', 5] },
  {
    name: 'added',
    what: 'an extension added',
    calls: [INSTALL],
    seen: ['hand/skip-add-remove', 2],
  },
  {
    name: 'removed',
    what: 'one removed',
    calls: [move('/var/lib/confexts/c', `${STAGED}/c`)],
    seen: ['hand/skip-add-remove', 4],
  },
  {
    name: 'renamed',
    what: 'one renamed, with its release file',
    calls: [
      move(EXTENSION, '/var/lib/confexts/z'),
      move(`/var/lib/confexts/z${releaseOf('a')}`, `/var/lib/confexts/z${releaseOf('z')}`),
    ],
  },
  {
    name: 'replaced',
    what: 'a new version put in place by renames',
    calls: [move(EXTENSION, `${STAGED}/old`), move(`${STAGED}/a`, EXTENSION)],
  },
  { name: 'file-edited', what: 'a file of one edited in place', calls: [write(`${EXTENSION}/etc/app.conf`, 'a2')] },
  {
    name: 'file-replaced',
    what: 'a file of one replaced by rename',
    calls: [write(`${EXTENSION}/etc/app.tmp`, 'a2'), move(`${EXTENSION}/etc/app.tmp`, `${EXTENSION}/etc/app.conf`)],
  },
  { name: 'file-added', what: 'a file added to one', calls: [write(`${EXTENSION}/etc/more.conf`, 'a2')] },
  {
    name: 'file-deleted',
    what: 'a file deleted from one',
    calls: [{ op: 'unlink', path: `${EXTENSION}/etc/app.conf` }],
  },
  { name: 'touched', what: 'the directory of one touched', calls: [{ op: 'utimes', path: EXTENSION, mtime: 99 }] },
  {
    name: 'release-fits',
    what: 'the release file of one edited, and it fits',
    calls: [write(EXTENSION + releaseOf('a'), 'ID=testos\nVERSION_ID=1\n')],
  },
  {
    name: 'release-misfits',
    what: 'the release file of one edited, and it fits no more',
    calls: [write(EXTENSION + releaseOf('a'), 'ID=other\n')],
  },
  { name: 'moved', what: 'one moved to another search directory', calls: [move(EXTENSION, '/usr/lib/confexts/a')] },
  {
    name: 'run-first',
    what: 'one of the same name in `/run/confexts`, which goes first',
    calls: [
      make('/run/confexts/a/etc/extension-release.d'),
      write('/run/confexts/a/etc/app.conf', 'a2'),
      write(`/run/confexts/a${releaseOf('a')}`, 'ID=_any\n'),
    ],
    seen: ['hand/skip-run-shadow', 2],
  },
  {
    name: 'other-mount',
    what: 'one is on another mount: the same files, the same directory',
    calls: [bind('/var/lib/confexts', '/var/lib/confexts')],
  },
];

const MODES: readonly Change[] = [
  {
    name: 'no-then-ephemeral',
    what: 'mode `no`, then `ephemeral`',
    args: ['--mutable=no'],
    again: ['--mutable=ephemeral'],
  },
  {
    name: 'yes-then-nothing',
    what: 'mode `yes`, then no option: the mode is not remembered',
    first: DIRECTORY,
    args: ['--mutable=yes'],
    again: [],
    seen: ['hand/mode-not-remembered', 3],
  },
  {
    name: 'yes-then-auto',
    what: 'mode `yes`, then `auto`: the same overlay',
    first: DIRECTORY,
    args: ['--mutable=yes'],
    again: ['--mutable=auto'],
  },
  {
    name: 'auto-then-no',
    what: 'mode `auto` without a mutable directory, then `no`',
    args: ['--mutable=auto'],
    again: ['--mutable=no'],
  },
  {
    name: 'configured',
    what: '`Mutable=yes` written to `confext.conf`, no option',
    first: [...DIRECTORY, ...BARE],
    calls: [make('/var/lib/bare/systemd'), write('/var/lib/bare/systemd/confext.conf', '[ConfExt]\nMutable=yes\n')],
  },
  {
    name: 'mutable-made-no',
    what: 'mutable directory made, mode `no`',
    calls: DIRECTORY,
    seen: ['hand/skip-md-created', 3],
  },
  {
    name: 'mutable-made-auto',
    what: 'mutable directory made, mode `auto`',
    args: ['--mutable=auto'],
    calls: DIRECTORY,
    seen: ['hand/skip-md-created-auto', 3],
  },
  {
    name: 'mutable-removed-auto',
    what: 'mutable directory removed, mode `auto`',
    args: ['--mutable=auto'],
    first: DIRECTORY,
    calls: [move(`${MUTABLE}/etc`, `${STAGED}/mutable`)],
  },
  {
    name: 'mutable-removed-yes',
    what: 'mutable directory removed, mode `yes`: the refresh makes a new one',
    args: ['--mutable=yes'],
    first: DIRECTORY,
    calls: [move(`${MUTABLE}/etc`, `${STAGED}/mutable`)],
    seen: ['hand/skip-md-vanished', 3],
  },
  {
    name: 'mutable-replaced',
    what: 'mutable directory replaced by another, mode `auto`',
    args: ['--mutable=auto'],
    first: DIRECTORY,
    calls: [move(`${MUTABLE}/etc`, `${STAGED}/mutable`), make(`${MUTABLE}/etc`)],
  },
  {
    name: 'mutable-linked',
    what: 'mutable directory becomes a link to another, mode `auto`',
    args: ['--mutable=auto'],
    first: [...DIRECTORY, make('/var/lib/other')],
    calls: [move(`${MUTABLE}/etc`, `${STAGED}/mutable`), link('/var/lib/other', `${MUTABLE}/etc`)],
  },
  {
    name: 'ephemeral-write',
    what: 'a file written to `/etc`, mode `ephemeral`: a refresh drops it',
    args: ['--mutable=ephemeral'],
    calls: [write('/etc/new.conf', 'new')],
    isKept: true,
    seen: ['hand/ephemeral-skip-keeps', 2],
  },
];

const OPTIONS: readonly Change[] = [
  { name: 'noexec', what: '`--noexec=no`', again: ['--noexec=no'] },
  { name: 'force', what: '`--force`', again: ['--force'] },
  {
    name: 'mount-options',
    what: '`SYSTEMD_CONFEXT_OVERLAYFS_MOUNT_OPTIONS=redirect_dir=off`, mode `yes`',
    first: DIRECTORY,
    args: ['--mutable=yes'],
    againEnv: { SYSTEMD_CONFEXT_OVERLAYFS_MOUNT_OPTIONS: 'redirect_dir=off' },
  },
  {
    name: 'host-version',
    what: 'another `VERSION_ID` of the host, and the extensions fit',
    calls: [write('/usr/lib/os-release', 'ID=testos\nVERSION_ID=2\n')],
  },
];

const MOUNTS: readonly Change[] = [
  {
    name: 'second-unmounted',
    what: 'the second of two merged hierarchies unmounted',
    imageClass: 'sysext',
    calls: [{ op: 'umount', path: '/srv' }],
    seen: ['hand/skip-lost-second', 2],
  },
  {
    name: 'first-unmounted',
    what: 'the first of two merged hierarchies unmounted',
    imageClass: 'sysext',
    calls: [{ op: 'umount', path: '/opt' }],
  },
  { name: 'only-unmounted', what: 'the only merged hierarchy unmounted', calls: [{ op: 'umount', path: '/etc' }] },
  {
    name: 'submount-made',
    what: 'a mount below the hierarchy made',
    calls: [tmpfs('/etc/keys')],
    seen: ['hand/skip-new-submount', 2],
  },
  { name: 'hidden', what: 'a mount over the hierarchy made', calls: [tmpfs('/etc')] },
  {
    name: 'marker-unmounted',
    what: 'the mount of the marker directory undone, mode `ephemeral`',
    args: ['--mutable=ephemeral'],
    calls: [{ op: 'umount', path: '/etc/.systemd-confext' }],
  },
  {
    name: 'host-edited',
    what: 'a file of the host edited below the overlay',
    first: BARE,
    calls: [write('/var/lib/bare/hostname', 'box2')],
  },
  {
    name: 'host-added',
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

/** Extensions "a" and "c" are merged, "b" and a newer "a" are prepared elsewhere; the system extension has two hierarchies. */
export const CHANGES_ROOT = rootWith(`
confexts/${indented(extension('a', 1, 'app.conf "a1"') + extension('c', 2, 'c.conf "c1"'), 2)}
extensions.mutable/
staged/${indented(extension('a', 3, 'app.conf "a2"') + extension('b', 4, 'b.conf "b1"'), 2)}`);
