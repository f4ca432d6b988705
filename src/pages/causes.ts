/** Causes for which a verb fails, or does what nobody would expect: the cases of the second part of docs/failures.md. */

import type { Verb } from '../../models/systemd/invocation.ts';
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
  readonly,
  releaseOf,
  rootWith,
  STAGED,
  SUBMOUNT,
  tmpfs,
  write,
} from './parts.ts';

export interface Cause {
  /** In the name of its recording, if there is one: pages/…/NAME. */
  readonly name: string;
  readonly what: string;
  readonly imageClass?: ImageClass;
  /** Options of the first merge, which succeeds; null where the verb is a first merge itself. */
  readonly merged: readonly string[] | null;
  /** What the administrator does before that merge, and after it. */
  readonly first?: readonly Call[];
  readonly calls?: readonly Call[];
  readonly verb: Verb;
  readonly args?: readonly string[];
  /** Where nobody recorded it: the function that decides. */
  readonly source: string;
  /** The recording in which it was seen, and the number of the verb among its steps. */
  readonly seen?: readonly [name: string, step: number];
}

const IMAGES: readonly Cause[] = [
  {
    name: 'bad-image',
    what: 'an image file that is none',
    merged: [],
    first: SUBMOUNT,
    calls: [write('/var/lib/confexts/z.raw', '')],
    verb: 'refresh',
    source: 'image_discover_and_read_metadata()',
  },
  {
    name: 'no-os-release',
    what: '`os-release` of the host removed',
    merged: [],
    first: SUBMOUNT,
    calls: [INSTALL, { op: 'unlink', path: '/usr/lib/os-release' }],
    verb: 'refresh',
    source: 'merge_subprocess()',
  },
  {
    name: 'one-misfit',
    what: 'one of two extensions is for another system',
    merged: [],
    first: [INSTALL, ...SUBMOUNT],
    calls: [write(`/var/lib/confexts/b${releaseOf('b')}`, 'ID=other\n')],
    verb: 'refresh',
    source: 'extension_release_validate()',
    seen: ['hand/mismatch-one', 3],
  },
  {
    name: 'all-misfit',
    what: 'all extensions are for another system',
    merged: [],
    first: SUBMOUNT,
    calls: [write(EXTENSION + releaseOf('a'), 'ID=other\n')],
    verb: 'refresh',
    source: 'extension_release_validate()',
    seen: ['hand/mismatch-force', 2],
  },
  {
    name: 'file-for-hierarchy',
    what: 'an extension has a file in the place of the hierarchy',
    imageClass: 'sysext',
    merged: [],
    calls: [move(`${STAGED}/wrong`, '/var/lib/extensions/wrong')],
    verb: 'refresh',
    source: 'determine_used_extensions()',
  },
];

const MUTABLES: readonly Cause[] = [
  {
    name: 'mutable-chmod',
    what: 'permission bits of the mutable directory changed, mode `yes`',
    merged: ['--mutable=yes'],
    first: [...DIRECTORY, ...SUBMOUNT],
    calls: [INSTALL, { op: 'chmod', path: `${MUTABLE}/etc`, mode: 0o700 }],
    verb: 'refresh',
    source: 'mutable_directory_mode_matches_hierarchy()',
  },
  {
    name: 'mutable-other-mode',
    what: 'mutable directory replaced by one with other permission bits, mode `yes`',
    merged: ['--mutable=yes'],
    first: [...DIRECTORY, ...SUBMOUNT],
    calls: [INSTALL, move(`${MUTABLE}/etc`, `${STAGED}/old`), { op: 'mkdir', path: `${MUTABLE}/etc`, mode: 0o700 }],
    verb: 'refresh',
    source: 'mutable_directory_mode_matches_hierarchy()',
  },
  {
    name: 'host-chmod',
    what: 'permission bits of the host directory changed below the overlay, mode `yes`',
    merged: ['--mutable=yes'],
    first: [...DIRECTORY, ...SUBMOUNT, ...BARE],
    calls: [INSTALL, { op: 'chmod', path: '/var/lib/bare', mode: 0o750 }],
    verb: 'refresh',
    source: 'mutable_directory_mode_matches_hierarchy()',
  },
  {
    name: 'merged-chmod',
    what: '`chmod` of the merged hierarchy, mode `yes`',
    merged: ['--mutable=yes'],
    first: [...DIRECTORY, ...SUBMOUNT],
    calls: [INSTALL, { op: 'chmod', path: '/etc', mode: 0o750 }],
    verb: 'refresh',
    source: 'mutable_directory_mode_matches_hierarchy()',
  },
  {
    name: 'import-link',
    what: 'mutable directory is a link to the hierarchy, mode `import`',
    merged: [],
    first: SUBMOUNT,
    calls: [make(MUTABLE), link('/etc', `${MUTABLE}/etc`)],
    verb: 'refresh',
    args: ['--mutable=import'],
    source: 'maybe_import_mutable_directory()',
  },
  ...(['auto', 'yes'] as const).map(
    (mode): Cause => ({
      name: `mutable-read-only-${mode}`,
      what: `mutable directory becomes read-only, mode \`${mode}\``,
      merged: [`--mutable=${mode}`],
      first: [...DIRECTORY, ...SUBMOUNT, bind(MUTABLE, MUTABLE)],
      calls: [INSTALL, readonly(MUTABLE)],
      verb: 'refresh',
      source: 'determine_upper_dir()',
    }),
  ),
  {
    name: 'mutable-mount',
    what: 'mutable directory becomes a mount point, mode `auto`',
    merged: ['--mutable=auto'],
    first: [...DIRECTORY, ...SUBMOUNT],
    calls: [INSTALL, tmpfs(`${MUTABLE}/etc`)],
    verb: 'refresh',
    source: 'work_dir_for_hierarchy()',
  },
  {
    name: 'host-own-mount',
    what: 'hierarchy is a file system of its own, and the mutable directory is a link to it',
    merged: null,
    first: [make(MUTABLE), link('/etc', `${MUTABLE}/etc`), tmpfs('/etc'), write('/etc/h', 'host')],
    verb: 'merge',
    args: ['--mutable=yes'],
    source: 'work_dir_for_hierarchy()',
    seen: ['hand/host-is-own-fs-link', 2],
  },
  {
    name: 'lone-lower',
    what: 'mode `auto`, and nothing is in one of the hierarchies: a lone lower layer',
    imageClass: 'sysext',
    merged: [],
    first: [
      { op: 'unlink', path: '/opt/host' },
      { op: 'removeTree', path: '/var/lib/extensions/s/opt' },
    ],
    verb: 'refresh',
    args: ['--mutable=auto'],
    source: 'mount_overlayfs_with_op()',
  },
];

const MOUNTS: readonly Cause[] = [
  {
    name: 'removed-ext-mount',
    what: 'a mount on a directory that only a removed extension had',
    merged: [],
    first: [INSTALL],
    calls: [tmpfs('/etc/b.d'), write('/etc/b.d/key', 'secret'), move('/var/lib/confexts/b', `${STAGED}/b`)],
    verb: 'refresh',
    source: 'move_submounts()',
    seen: ['hand/submount-removed-ext-ro', 4],
  },
  {
    name: 'removed-ext-mount-yes',
    what: 'the same, mode `yes`',
    merged: ['--mutable=yes'],
    first: [INSTALL],
    calls: [tmpfs('/etc/b.d'), write('/etc/b.d/key', 'secret'), move('/var/lib/confexts/b', `${STAGED}/b`)],
    verb: 'refresh',
    args: ['--mutable=yes'],
    source: 'move_submounts()',
  },
  {
    name: 'type-conflict',
    what: 'an extension has a file where the host has a directory with a mount on it',
    merged: [],
    first: SUBMOUNT,
    calls: [move(`${STAGED}/conflict`, '/var/lib/confexts/conflict')],
    verb: 'refresh',
    source: 'move_submounts()',
    seen: ['hand/submount-type-conflict', 2],
  },
  {
    name: 'whiteout-on-mount',
    what: 'the mutable directory has a whiteout of the mount point, mode `import`',
    merged: [],
    first: [
      ...DIRECTORY,
      { op: 'mknod', path: `${MUTABLE}/etc/keys`, type: 'chr', mode: 0, rdev: [0, 0] },
      ...SUBMOUNT,
    ],
    verb: 'refresh',
    args: ['--mutable=import'],
    source: 'move_submounts()',
    seen: ['hand/submount-whiteout', 2],
  },
  {
    name: 'nested-mount',
    what: 'a mount below another mount below the hierarchy',
    merged: [],
    first: SUBMOUNT,
    calls: [INSTALL, make('/etc/keys/deep'), tmpfs('/etc/keys/deep')],
    verb: 'refresh',
    source: 'get_sub_mounts()',
  },
  {
    name: 'nested-mount-merge',
    what: 'the same, before a first merge',
    merged: null,
    first: [...SUBMOUNT, make('/etc/keys/deep'), tmpfs('/etc/keys/deep')],
    verb: 'merge',
    source: 'get_sub_mounts()',
  },
  {
    name: 'mount-without-layers',
    what: 'a hierarchy that no extension uses has a mount below it',
    imageClass: 'sysext',
    merged: null,
    first: [{ op: 'removeTree', path: '/var/lib/extensions/s/opt' }, make('/opt/d'), tmpfs('/opt/d')],
    verb: 'merge',
    source: 'merge_subprocess()',
    seen: ['hand/submount-no-layer', 1],
  },
  {
    name: 'leftovers',
    what: 'mount points of another kind, left from an earlier unmerge',
    merged: [],
    first: [
      make('/run/systemd/sysext/submounts/etc'),
      write('/run/systemd/sysext/submounts/etc/keys', ''),
      ...SUBMOUNT,
    ],
    verb: 'unmerge',
    source: 'move_submounts()',
    seen: ['hand/leftover-dir-then-file', 8],
  },
  {
    name: 'root-read-only',
    what: 'the root of the file system is read-only, and one of two hierarchies is missing',
    imageClass: 'sysext',
    merged: null,
    first: [
      { op: 'removeTree', path: '/srv' },
      { op: 'mount-remount', path: '/', flags: ['ro'], bind: true },
    ],
    verb: 'merge',
    source: 'merge_subprocess()',
  },
  {
    name: 'private-root',
    what: '`/` is private in the namespace of the caller',
    merged: null,
    first: [{ op: 'mount-propagation', path: '/', to: 'private', recursive: true }],
    verb: 'merge',
    source: 'merge_subprocess()',
  },
  {
    name: 'no-run',
    what: '`/run` is no mount point',
    merged: null,
    first: [{ op: 'umount', path: '/run' }],
    verb: 'merge',
    source: 'merge_subprocess()',
  },
  {
    name: 'bad-dev',
    what: 'the marker directory has a file `dev` that is none',
    merged: [],
    first: SUBMOUNT,
    calls: [tmpfs('/etc'), make('/etc/.systemd-confext'), write('/etc/.systemd-confext/dev', 'nonsense')],
    verb: 'refresh',
    source: 'is_our_mount_point()',
  },
];

/** By what they concern. */
export const CAUSES: readonly (readonly [title: string, causes: readonly Cause[]])[] = [
  ['Images and host', IMAGES],
  ['The mutable directory', MUTABLES],
  ['Mounts', MOUNTS],
];

/** What is there before: extension "a", system extension "s" with two hierarchies, and others that are prepared. */
export const CAUSES_ROOT = rootWith(`
confexts/${indented(extension('a', 1, 'app.conf "a1"'), 2)}
staged/${indented(extension('b', 2, 'b.d/\n  b.conf "b1"') + extension('conflict', 3, 'keys "a file"'), 2)}
  wrong/ #6
    opt "a file"
    usr/
      lib/
        extension-release.d/
          extension-release.wrong "ID=_any\\n"`);
