/**
 * What differs between systemd versions, as data (one row per behaviour, with its source). The programs beside this
 * file branch on these names and on nothing else. A distribution's backports are rows laid over a version, not versions.
 */
import type { Rules } from '../../src/input/discover.ts';

/** A row: what it is called, what it decides, where it comes from, and what each bundled version does. */
interface Row<T> {
  readonly what: string;
  readonly source: string;
  readonly '257': T;
  readonly '262': T;
}
const row = <T>(what: string, source: string, v257: T, v262: T): Row<T> => ({
  what,
  source,
  '257': v257,
  '262': v262,
});

export const BEHAVIOURS = {
  discovery: row<Rules>(
    'by whose rules extensions are found and heard: where an initrd looks, `.sysupdate.` names, `.mstack` directories, lists of units to restart',
    'discover-image.c image_discover(); src/input/discover.ts has the rules',
    '257',
    '262',
  ),
  skip: row<boolean>(
    'refresh compares the origin of the merged hierarchy with what it would merge now, and stops if they are equal',
    'systemd 260, NEWS and sysext.c merge_subprocess(); seen: 262.1 prints "skipped", 257.13 always replaces',
    false,
    true,
  ),
  configFile: row<boolean>(
    'systemd/confext.conf and its drop-ins set the mutable mode',
    'systemd 262, sysext.c context_from_config(); seen with 262.1, 257.13 ignores the file',
    false,
    true,
  ),
  indexOff: row<boolean>(
    'a mutable overlay is mounted with index=off',
    'systemd 262, sysext.c; backported for systemd issue 37245; seen in the mount options',
    false,
    true,
  ),
  mutableWithoutExtensions: row<boolean>(
    'with no extension left, a mode other than "no" still mounts an overlay of the host (and the mutable directory)',
    'systemd 262, sysext.c; seen: 262.1 "proceeding in mutable mode", 257.13 unmerges',
    false,
    true,
  ),
  cloneSubmounts: row<boolean>(
    'submounts are parked as private recursive clones (open_tree, move_mount); before, as shared bind copies',
    'systemd 262, mount-util.c; systemd pull request 41875; seen with strace',
    false,
    true,
  ),
  nestedSubmounts: row<'carried' | 'abort'>(
    'a mount below another submount: carried along, or the helper process aborts by assertion after the first detach',
    'seen: 257.13 "Assertion \'original_path\' failed"; 262.1 carries them',
    'abort',
    'carried',
  ),
  earlyMutableCheck: row<boolean>(
    'the mutable directory is resolved (and created, and its mode checked) before the old overlay is detached',
    'systemd 262, sysext.c, as part of the origin step; seen: a wrong mode keeps the old overlay with 262.1, not with 257.13',
    false,
    true,
  ),
  mutableParents: row<number>(
    'permission bits with which a mutable directory and its parents are made',
    'seen with strace: 257.13 makes them 0700, 262.1 0755',
    0o700,
    0o755,
  ),
  mutableModeAtOnce: row<boolean>(
    'a directory for writes gets the permission bits of the hierarchy when it is resolved; before, only right before the mount',
    'seen with strace: 262.1 calls fchmod, also in a refresh that it then skips',
    false,
    true,
  ),
  danglingMutable: row<'refused' | 'created'>(
    'what mode "yes" does with a mutable directory that is a link to nothing: error EEXIST, or it creates the target',
    'seen: 257.13 "File exists", 262.1 creates and uses the target',
    'refused',
    'created',
  ),
  backingFile: row<boolean>(
    'the block device of the host hierarchy is noted in the overlay, if that is a layer and on one',
    'systemd 262, sysext.c; seen with strace: the last file written to the marker directory',
    false,
    true,
  ),
  checksWorkDir: row<boolean>(
    'a noted work directory that is not a plain relative path is refused (EINVAL) before anything is detached',
    'systemd 262, sysext.c; specification of 257: no check',
    false,
    true,
  ),
  mountOptionsVariable: row<boolean>(
    "SYSTEMD_CONFEXT_OVERLAYFS_MOUNT_OPTIONS (or …SYSEXT…) replaces the tool's own overlay options, also of an immutable one",
    'systemd 262, sysext.c; seen with 262.1, 257.13 ignores it',
    false,
    true,
  ),
  statusOfNone: row<'none' | 'empty'>(
    'what `status` shows for a hierarchy that is not merged: "none", or nothing, as for one that was merged without extensions',
    'seen in the table and as JSON with both',
    'none',
    'empty',
  ),
} satisfies Record<string, Row<boolean | string | number>>;

export type Version = '257' | '262';
export const VERSIONS: readonly Version[] = ['257', '262'];

/** The behaviours of one systemd: every row answered. */
export interface Systemd {
  readonly discovery: Rules;
  readonly skip: boolean;
  readonly configFile: boolean;
  readonly indexOff: boolean;
  readonly mutableWithoutExtensions: boolean;
  readonly cloneSubmounts: boolean;
  readonly nestedSubmounts: 'carried' | 'abort';
  readonly earlyMutableCheck: boolean;
  readonly mutableParents: number;
  readonly mutableModeAtOnce: boolean;
  readonly danglingMutable: 'refused' | 'created';
  readonly backingFile: boolean;
  readonly checksWorkDir: boolean;
  readonly mountOptionsVariable: boolean;
  readonly statusOfNone: 'none' | 'empty';
}

/** The named version with some rows changed, as a distribution that backports them has it. */
export function systemd(version: Version, backports: Partial<Systemd> = {}): Systemd {
  const rows = BEHAVIOURS;
  return {
    discovery: rows.discovery[version],
    skip: rows.skip[version],
    configFile: rows.configFile[version],
    indexOff: rows.indexOff[version],
    mutableWithoutExtensions: rows.mutableWithoutExtensions[version],
    cloneSubmounts: rows.cloneSubmounts[version],
    nestedSubmounts: rows.nestedSubmounts[version],
    earlyMutableCheck: rows.earlyMutableCheck[version],
    mutableParents: rows.mutableParents[version],
    mutableModeAtOnce: rows.mutableModeAtOnce[version],
    danglingMutable: rows.danglingMutable[version],
    backingFile: rows.backingFile[version],
    checksWorkDir: rows.checksWorkDir[version],
    mountOptionsVariable: rows.mountOptionsVariable[version],
    statusOfNone: rows.statusOfNone[version],
    ...backports,
  };
}
