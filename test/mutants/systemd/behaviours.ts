import { BEHAVIOURS, type Behaviour } from '../../../models/systemd/versions.ts';
import type { SystemdRule } from '../rule.ts';

/** The rows of versions.ts: each release in turn does what the other does, or what a version does that is built on it. */

const row =
  (behaviour: Behaviour, release: '257' | '262') =>
  (value: string, other: string, rule: string, noticedBy: string): SystemdRule => ({
    rule,
    source: BEHAVIOURS[behaviour].source,
    file: 'models/systemd/versions.ts',
    within: behaviour,
    find: `'${release}': ${value}`,
    replace: `'${release}': ${other}`,
    noticedBy,
  });

export const ROWS: readonly SystemdRule[] = [
  row('discovery', '257')("'257'", "'262'", '257 finds extensions by its own rules', '257 own/one-directory-twice'),
  row('discovery', '262')("'262'", "'257'", '262 finds extensions by its own rules', '262 own/one-directory-twice'),
  row('skip', '257')('false', 'true', '257 replaces an overlay by an equal one', '257 own/md-is-file'),
  row('skip', '262')('true', 'false', '262 skips a refresh that would change nothing', '262 own/md-is-file'),
  row('configFile', '257')('false', 'true', '257 has no configuration file', '257 own/settings'),
  row('configFile', '262')('true', 'false', '262 takes the mode from the configuration file', '262 own/settings'),
  row('mutableWithoutExtensions', '257')(
    'false',
    'true',
    '257 merges nothing where no extension is left, in any mode',
    '257 hand/auto-no-md-no-ext',
  ),
  row('mutableWithoutExtensions', '262')(
    'true',
    'false',
    '262 merges the host alone in every mode but "no"',
    '262 own/settings-of-sysext',
  ),
  row('cloneSubmounts', '257')('false', 'true', '257 moves submounts as bind copies', '257 own/leftover-file-then-dir'),
  row('cloneSubmounts', '262')(
    'true',
    'false',
    '262 moves submounts as private clones',
    '262 own/leftover-file-then-dir',
  ),
  row('nestedSubmounts', '257')(
    "'abort'",
    "'carried'",
    '257 aborts where a submount has another one on it',
    '257 own/recursive-bind',
  ),
  row('earlyMutableCheck', '257')(
    'false',
    'true',
    '257 looks at the mutable directory when the old overlay is gone',
    '257 own/md-is-file',
  ),
  row('earlyMutableCheck', '262')(
    'true',
    'false',
    '262 looks at the mutable directory before the old overlay goes',
    '262 own/md-is-file',
  ),
  row('mutableParents', '257')(
    '0o700',
    '0o755',
    '257 makes the parents of a mutable directory with 0700',
    '257 own/host-is-symlink',
  ),
  row('mutableParents', '262')(
    '0o755',
    '0o700',
    '262 makes the parents of a mutable directory with 0755',
    '262 own/host-is-symlink',
  ),
  row('mutableModeAtOnce', '257')(
    'false',
    'true',
    '257 sets the mode of a directory for writes right before the mount',
    '257 strace/every verb, yes',
  ),
  row('mutableModeAtOnce', '262')(
    'true',
    'false',
    '262 sets the mode of a directory for writes when it is resolved',
    '262 own/md-read-only',
  ),
  row('danglingMutable', '257')(
    "'refused'",
    "'created'",
    '257 refuses a mutable directory that is a link to nothing in mode "yes": EEXIST',
    '257 matrix/yes/md-link-host/host-missing/ext-one',
  ),
  row('danglingMutable', '262')(
    "'created'",
    "'refused'",
    '262 creates what the mutable directory is a link to in mode "yes"',
    '262 matrix/yes/md-link-host/host-missing/ext-none',
  ),
  row('backingFile', '257')(
    'false',
    'true',
    '257 does not note the block device of the host',
    '257 strace/yes: on a disk',
  ),
  row('backingFile', '262')('true', 'false', '262 notes the block device of the host', '262 strace/yes: on a disk'),
  row('mutableNoDirectory', '257')(
    "'EEXIST'",
    "'ENOTDIR'",
    '257 says EEXIST where something else than a directory is in the place of the mutable directory',
    '257 own/md-is-file-of-mode',
  ),
  row('mutableNoDirectory', '262')("'ENOTDIR'", "'EEXIST'", '262 says ENOTDIR there', '262 own/md-is-file-of-mode'),
  row('checksWorkDir', '257')(
    'false',
    'true',
    '257 removes whatever work directory is noted',
    '257 own/work-dir-absolute',
  ),
  row('checksWorkDir', '262')(
    'true',
    'false',
    '262 refuses a noted work directory that is no plain relative path: EINVAL',
    '262 own/work-dir-absolute',
  ),
  row('mountOptionsVariable', '257')(
    'false',
    'true',
    '257 has no environment variable for mount options',
    '257 own/mount-options',
  ),
  row('mountOptionsVariable', '262')(
    'true',
    'false',
    '262 takes mount options from the environment',
    '262 own/mount-options',
  ),
  row('statusOfNone', '257')("'none'", "'empty'", '257 says "none" of what is not merged', '257 own/host-private'),
  row('statusOfNone', '262')(
    "'empty'",
    "'none'",
    '262 lists no extension of what is not merged',
    '262 own/host-private',
  ),
  row('assembly', '257')(
    "'workspace'",
    "'decoupled'",
    '257 detaches the old overlay for everyone before it builds the new one',
    '257 own/md-read-only',
  ),
  row('assembly', '262')(
    "'workspace'",
    "'hierarchy'",
    '262 puts the new overlay together in its workspace',
    '262 own/md-is-file',
  ),
  row('submounts', '257')("'moved'", "'dropped'", '257 carries submounts along', '257 own/host-read-only'),
  row('submounts', '262')(
    "'moved'",
    "'cloned'",
    '262 takes submounts away, and loses them when it fails',
    '262 own/host-read-only',
  ),
  row('workDirName', '257')(
    "'fixed'",
    "'unique'",
    '257 has one work directory for a hierarchy',
    '257 own/md-own-mount',
  ),
  row('workDirName', '262')(
    "'fixed'",
    "'unique'",
    '262 has one work directory for a hierarchy',
    '262 own/md-own-mount',
  ),
  row('workDirRemoval', '257')(
    "'caller'",
    "'root'",
    "257 looks for a noted work directory from the caller's working directory",
    '257 own/working-directory',
  ),
  row('workDirRemoval', '262')(
    "'caller'",
    "'root'",
    "262 looks for a noted work directory from the caller's working directory",
    '262 own/working-directory',
  ),
  row('unmergeForks', '257')(
    'true',
    'false',
    '257 unmerges in a child, in whose workspace it parks submounts',
    '257 own/host-read-only',
  ),
  row('unmergeForks', '262')(
    'true',
    'false',
    '262 unmerges in a child, in whose workspace it parks submounts',
    '262 own/host-read-only',
  ),
];
