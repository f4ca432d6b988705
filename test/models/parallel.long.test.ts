/**
 * Two runs of the tool at the same time: every way in which they can end. All of these have been seen with the real 257.13 and
 * 262.1, and nothing else has: both tools ran under ptrace, and were let go from one call that matters to the next in turn, two hundred
 * times per row in random order. What that did not come upon was brought about by the order in the last column: "one < umount2 /etc"
 * lets the first run until it is about to make that call, "one" lets it run to its end. WORK is the work directory, dot the bind of
 * the marker directory onto itself.
 *
 * "merged, error:EBUSY: overlay{keys}" is what each of the two tells its caller (told apart only where the verbs differ), and what is
 * mounted on /etc then, see {@link stackText}. The failures are "Failed to unmount /etc: Invalid argument", "Failed to unmount
 * '/etc/.systemd-confext': No such file or directory", "Failed to remove .systemd-etc-workdir: Directory not empty" and, in 262,
 * "Failed to create and pin parent directory ...: File exists".
 */
import { describe, expect, it } from 'vitest';
import { choose } from '../../models/scenario.ts';
import { scenario } from '../../models/scenarios/parallel-runs.ts';
import { type Endings, endings } from '../../properties/endings.ts';

const TABLE = `
refresh+refresh, mode no
  both  error:EINVAL, merged: overlay
  both  error:ENOENT, merged: overlay
  both  merged, merged: overlay
  both  merged, merged: overlay, overlay
  262   merged, skipped: overlay
refresh+refresh, mode no, a tmpfs on /etc/keys
  both  error:EINVAL, merged: overlay
  both  error:EINVAL, merged: overlay{keys=overlay:/keys}            one < umount2 /etc/keys, two < mount /etc/keys, one < umount2 /etc, two < mount overlay, one, two
  both  error:EINVAL, merged: overlay{keys}
  both  error:ENOENT, merged: overlay{keys}
  both  merged, merged: overlay                                      one < umount2 /etc, two < mountinfo, one < mount /etc, two < umount2 /etc, one, two
  both  merged, merged: overlay, overlay{keys}
  both  merged, merged: overlay{keys=overlay:/keys}                  one < umount2 /etc/keys, two < mountinfo, one < umount2 /etc, two < umount2 /etc/keys, one, two
  both  merged, merged: overlay{keys=root:/etc/keys}                 one < umount2 /etc/keys, two < mountinfo, one < mount /etc, two < umount2 /etc/keys, one, two
  both  merged, merged: overlay{keys}
  both  merged, merged: overlay{keys}, overlay
  262   merged, skipped: overlay{keys}
refresh+refresh, mode yes
  both  error:EINVAL, merged: overlay{dot}
  both  error:ENOENT, merged: overlay{dot}
  both  error:ENOTEMPTY, merged: overlay{dot}
  both  merged, merged: overlay, overlay{dot,dot}, not ours
  both  merged, merged: overlay{dot,dot}, not ours                   one < umount2 /etc, two < mountinfo, one, two
  both  merged, merged: overlay{dot}
  both  merged, merged: overlay{dot}, overlay{dot}
  262   merged, skipped: overlay{dot}
refresh+merge, mode no
  both  merged, already-merged: overlay
  both  merged, merged: overlay                                      one < mount /etc, two < chase of /etc for M6, one, two
  both  merged, merged: overlay, overlay
  262   merged, skipped: overlay
refresh+merge, mode no, a tmpfs on /etc/keys
  both  merged, already-merged: overlay{keys}
  both  merged, merged: overlay, overlay{keys}
  both  merged, merged: overlay{keys}                                one < mount /etc, two < chase of /etc for M6, one, two
  both  merged, merged: overlay{keys}, overlay
  262   merged, skipped: overlay{keys}
refresh+merge, mode yes
  both  error:ENOTEMPTY, merged: overlay{dot}                        one < unlinkat WORK (again), two < mount dot, one, two
  both  merged, already-merged: overlay{dot}
  both  merged, error:ENOENT: overlay{dot}                           one < unlinkat WORK, two < mount overlay, one < mkdir WORK, two, one
  both  merged, merged: overlay, overlay{dot,dot}, not ours
  both  merged, merged: overlay{dot}
  both  merged, merged: overlay{dot}, overlay{dot}
  262   merged, skipped: overlay{dot}
refresh+unmerge, mode no
  both  error:EINVAL, unmerged: bare
  both  error:ENOENT, unmerged: bare
  both  merged, error:EINVAL: overlay
  both  merged, error:ENOENT: overlay                                one < umount2 /etc, two < openat work_dir, one < mount /etc, two, one
  both  merged, not-merged: overlay
  both  merged, unmerged: bare
  both  merged, unmerged: overlay
refresh+unmerge, mode no, a tmpfs on /etc/keys
  both  error:EINVAL, unmerged: bare
  both  error:EINVAL, unmerged: bare{keys=overlay:/keys}             one < umount2 /etc/keys, two < open_tree /etc/keys, one < umount2 /etc, two < openat dev, one, two
  both  error:EINVAL, unmerged: bare{keys}
  both  error:ENOENT, unmerged: bare{keys}
  both  merged, error:EINVAL: overlay
  both  merged, error:EINVAL: overlay{keys=overlay:/keys}            one < mount /etc/keys, two < umount2 /etc, one < mount /etc, two, one
  both  merged, error:EINVAL: overlay{keys}
  both  merged, error:ENOENT: overlay{keys}
  both  merged, not-merged: overlay{keys}
  both  merged, unmerged: bare                                       one < umount2 /etc, two < mountinfo, one < mount /etc, two < umount2 /etc, one, two
  both  merged, unmerged: bare{keys=overlay:/keys}                   one < umount2 /etc/keys, two < mountinfo, one < umount2 /etc, two < umount2 /etc/keys, one, two
  262   merged, unmerged: bare{keys=root:/etc/keys}                  one < umount2 /etc/keys, two < open_tree /etc/keys, one < mount /etc, two < mountinfo, one, two
  both  merged, unmerged: bare{keys}
  both  merged, unmerged: bare{keys}, overlay
  both  merged, unmerged: overlay{keys}
refresh+unmerge, mode yes
  both  error:EINVAL, unmerged: bare
  both  error:ENOENT, unmerged: bare
  both  merged, error:EINVAL: overlay{dot}
  both  merged, error:ENOENT: overlay{dot}                           one < umount2 /etc, two < openat work_dir, one < mount /etc, two, one
  both  merged, error:ENOTEMPTY: overlay{dot}
  both  merged, not-merged: overlay{dot}
  both  merged, unmerged: bare
  both  merged, unmerged: bare, work directory left                  one < umount2 /etc, two < openat work_dir, one < mount /etc, two < umount2 /etc/.systemd-confext, one, two
  both  merged, unmerged: bare{dot}                                  one < umount2 /etc, two < mountinfo, one, two
  both  merged, unmerged: overlay{dot}
  both  merged, unmerged: overlay{dot}, work directory gone          one < openat dev, two < openat WORK, one < mount /etc, two < mountinfo, one, two
merge+merge, mode no
  both  already-merged, merged: overlay
  both  merged, merged: overlay                                      one < mount /etc, two < chase of /etc for M6, one, two
  both  merged, merged: overlay, overlay
  262   merged, skipped: overlay
merge+merge, mode no, a tmpfs on /etc/keys
  both  already-merged, merged: overlay{keys}
  both  merged, merged: overlay, overlay{keys=root:/etc/keys}        one < umount2 /etc/keys, two < mountinfo, one < mount /etc, two < umount2 /etc/keys, one, two
  both  merged, merged: overlay, overlay{keys}
  both  merged, merged: overlay{keys=root:/etc/keys}, overlay{keys}
  both  merged, merged: overlay{keys}                                one < mount /etc, two < chase of /etc for M6, one, two
  both  merged, merged: overlay{keys}, overlay
  both  merged, merged: overlay{keys}, overlay{keys=root:/etc/keys}  one < umount2 /etc/keys, two < open_tree /etc/keys, one < mount /etc, two < mount overlay, one, two
  both  merged, merged: overlay{keys}, overlay{keys}
  262   merged, skipped: overlay{keys}
merge+unmerge, mode no
  both  merged, not-merged: overlay
  both  merged, unmerged: bare
merge+unmerge, mode no, a tmpfs on /etc/keys
  both  merged, not-merged: overlay{keys}
  both  merged, unmerged: bare{keys}
unmerge+unmerge, mode no
  both  error:EINVAL, unmerged: bare
  both  error:ENOENT, unmerged: bare
  both  not-merged, unmerged: bare
unmerge+unmerge, mode no, a tmpfs on /etc/keys
  262   error:EEXIST, unmerged: bare{keys}
  both  error:EINVAL, unmerged: bare
  both  error:EINVAL, unmerged: bare{keys=overlay:/keys}             one < umount2 /etc/keys, two < open_tree /etc/keys, one < umount2 /etc, two < openat dev, one, two
  both  error:EINVAL, unmerged: bare{keys}
  both  error:ENOENT, unmerged: bare{keys}
  both  not-merged, unmerged: bare{keys}
`;

interface Row {
  readonly title: string;
  readonly verbs: string;
  readonly mutable: string;
  readonly submount: string;
  readonly lines: readonly string[];
}

/** A line without indentation begins a row, the others have a version, an ending and perhaps an order each. */
function rows(): readonly Row[] {
  return TABLE.trim()
    .split(/\n(?=\S)/)
    .map((text) => {
      const [title = '', ...lines] = text.split('\n');
      const [, verbs = '', mutable = '', keys] = /^(\S+), mode (\w+)(, .*)?$/.exec(title) ?? [];
      return { title, verbs, mutable, submount: keys === undefined ? 'no' : 'directory', lines };
    });
}

const expected = ({ lines }: Row, systemd: string): readonly string[] =>
  lines
    .map((line) => line.trim().split(/ {2,}/))
    .filter(([version]) => version === 'both' || version === systemd)
    .map(([, ending = '']) => ending)
    .sort();

function search({ verbs, mutable, submount }: Omit<Row, 'title' | 'lines'>, systemd: string, locks: string): Endings {
  const [one, two] = verbs.split('+');
  return endings(scenario.build(choose(scenario, { verbs, systemd, mutable, submount, locks })), one === two);
}

describe.each(rows())('$title', (row) => {
  it.each(['257', '262'])('ends as seen with %s', (systemd) => {
    expect(search(row, systemd, 'no').endings).toEqual(expected(row, systemd));
  });
});

describe('the locks on images', () => {
  const row = { mutable: 'no', submount: 'no' };

  it('make a run fail with EBUSY that comes while another one removes its lock, and nothing else', () => {
    const verbs = 'refresh+refresh';
    const without = search({ ...row, verbs }, '257', 'no').endings;
    expect(search({ ...row, verbs }, '257', 'yes').endings).toEqual(['error:EBUSY, merged: overlay', ...without]);
  });

  it('are taken by a merge before it finds out that all is merged already', () => {
    const verbs = 'refresh+merge';
    const without = search({ ...row, verbs }, '262', 'no').endings;
    const busy = ['error:EBUSY, already-merged: overlay', 'merged, error:EBUSY: overlay'];
    expect(search({ ...row, verbs }, '262', 'yes').endings).toEqual([...without, ...busy].sort());
  });
});
