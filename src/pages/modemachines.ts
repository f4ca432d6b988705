/** The machines of the page docs/modes.md: what the mutable directory, the hierarchy and the extensions may be. */
import { MUTABLE } from '../../models/systemd/names.ts';
import type { Call } from '../kernel/calls.ts';
import { parseTree } from '../kernel/notation.ts';
import type { PlainFs } from '../kernel/types.ts';
import type { World } from '../kernel/world.ts';
import { after, machine } from './lab.ts';
import { bind, extension, indented, readonly, tmpfs, write } from './parts.ts';

/** What the mutable directory may be. `drawn` is what is there; `calls` are made by an administrator before the merge. */
export interface Kind {
  readonly name: string;
  readonly what: string;
  /** As the recordings call it; null where there are none. */
  readonly tag: string | null;
  readonly drawn: string;
  readonly calls?: readonly Call[];
}

const DIRECTORY = `
extensions.mutable/
  etc/
    local.conf "mine"`;
const linkTo = (target: string): string => `\nextensions.mutable/\n  etc -> ${target}`;

export const KINDS: readonly Kind[] = [
  { name: 'missing', what: 'there is none', tag: 'missing', drawn: '' },
  { name: 'directory', what: 'a directory with the permission bits of `/etc`', tag: 'dir', drawn: DIRECTORY },
  {
    name: 'other mode',
    what: 'a directory with other permission bits',
    tag: 'wrong-mode',
    drawn: DIRECTORY.replace('etc/', 'etc/ 0700'),
  },
  { name: 'link to `/etc`', what: 'a link to the hierarchy', tag: 'link-host', drawn: linkTo('/etc') },
  {
    name: 'link elsewhere',
    what: 'a link to another directory',
    tag: 'link-other',
    drawn: `\nother/\n  local.conf "mine"${linkTo('/var/lib/other')}`,
  },
  { name: 'dangling link', what: 'a link to nothing', tag: 'link-dangling', drawn: linkTo('/var/lib/nothing/etc') },
  { name: 'file', what: 'a regular file', tag: null, drawn: '\nextensions.mutable/\n  etc "no directory"' },
  {
    name: 'read-only',
    what: 'a directory on a read-only file system',
    tag: null,
    drawn: DIRECTORY,
    calls: [bind(MUTABLE, MUTABLE), readonly(MUTABLE)],
  },
  {
    name: 'own mount',
    what: 'a mount point, with a tmpfs on it',
    tag: null,
    drawn: DIRECTORY,
    calls: [tmpfs(`${MUTABLE}/etc`), write(`${MUTABLE}/etc/local.conf`, 'mine')],
  },
];

/** What the hierarchy may be on the host. */
export const HOSTS = ['files', 'empty', 'missing', 'link', 'own mount', 'read-only'] as const;
export type Host = (typeof HOSTS)[number];
const FILES = '\netc/\n  hostname "box"';
const HOST_TREES: Readonly<Record<Host, string>> = {
  files: FILES,
  empty: '\netc/',
  missing: '',
  link: '\netc -> /data/etc\ndata/\n  etc/\n    hostname "box"',
  'own mount': FILES,
  'read-only': FILES,
};
const HOST_CALLS: Readonly<Partial<Record<Host, readonly Call[]>>> = {
  'own mount': [tmpfs('/etc'), write('/etc/hostname', 'box')],
  'read-only': [bind('/etc', '/etc'), readonly('/etc')],
};
export const EXTENSIONS = ['one', 'two', 'none'] as const;
export type Extensions = (typeof EXTENSIONS)[number];

const A9 = extension('a9', 1, 'app.conf "a9"\ntool.conf "a9"');
const A10 = extension('a10', 2, 'app.conf "a10"');

/** Machines are values: each is drawn once. */
const WORLDS = new Map<string, World>();

export function worldOf(kind: Kind, host: Host, extensions: Extensions): World {
  const key = `${kind.name} ${host} ${extensions}`;
  const world = WORLDS.get(key) ?? drawn(kind, host, extensions);
  WORLDS.set(key, world);
  return world;
}

/** The recording of our own of a machine with one extension, if there is one. */
export const recordingName = (mode: string, kind: Pick<Kind, 'name'>, host: Host): string =>
  `pages/modes/${mode}/${inFileName(kind.name)}/${inFileName(host)}`;
const inFileName = (text: string): string => text.replace(/[^a-z-]+/g, '-').replace(/^-|-$/g, '');

/** What is on the disk, and what an administrator does then, before the tool is called. */
export const drawnTree = (kind: Kind, host: Host, extensions: Extensions): PlainFs =>
  parseTree(`${HOST_TREES[host]}
run/
usr/
  lib/
    os-release "ID=testos\\nVERSION_ID=1\\n"
var/
  lib/
    confexts/${indented({ none: '', one: A9, two: A9 + A10 }[extensions], 6)}${indented(kind.drawn, 4)}`);
export const callsBefore = (kind: Kind, host: Host): readonly Call[] => [
  ...(HOST_CALLS[host] ?? []),
  ...(kind.calls ?? []),
];

const drawn = (kind: Kind, host: Host, extensions: Extensions): World =>
  after(machine({ root: { ...drawnTree(kind, host, extensions), type: 'tmpfs' } }), callsBefore(kind, host));
