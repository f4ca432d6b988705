/**
 * What overlayfs and mounts do, claim by claim: each was seen on Linux 6.18. Every claim has rules of the model that
 * say so (see `table.ts`), or a reason why the model leaves it out.
 */

export interface Claim {
  readonly section: string;
  readonly claim: string;
  /** Why no rule of the model has to do with it. */
  readonly leftOut?: string;
}
export interface Chapter {
  readonly title: string;
  readonly claims: readonly Claim[];
}

const claim = (section: string, text: string, leftOut?: string): Claim =>
  leftOut === undefined ? { section, claim: text } : { section, claim: text, leftOut };

export const CHAPTERS: readonly Chapter[] = [
  {
    title: '1 Stacking and lookup',
    claims: [
      claim('1.1', 'The upper directory is on top, then come the lower ones from left to right.'),
      claim('1.2', 'From the top, the first layer that has the name as something else than a directory wins.'),
      claim('1.2a', 'Directories are merged until a layer has something else there.'),
      claim('1.2b', 'Directories are merged until a layer has a whiteout there.'),
      claim('1.2c', 'Directories are merged until a layer has an opaque one, which is included.'),
      claim('1.2d', 'A layer that has not the name is passed over.'),
      claim('1.3', 'A name is looked up only in layers whose directory takes part in the merge.'),
      claim('1.4', 'Attributes of a merged directory are those of its topmost part.'),
      claim(
        '1.5',
        'A symlink is text, which leads from where it is in the merged tree, or from the root of the caller.',
      ),
    ],
  },
  {
    title: '2 Whiteouts and opaque directories',
    claims: [
      claim('2.1', 'The character device 0/0 is a whiteout: it hides the name below, and is not there itself.'),
      claim('2.2', 'A merged directory lists neither whiteouts nor what they hide.'),
      claim('2.3', 'Other character devices are devices.'),
      claim('2.4', 'Nobody makes a whiteout through the mount: EPERM.'),
      claim('2.5', 'A directory with trusted.overlay.opaque="y" is opaque.'),
      claim('2.6', 'A whiteout in the bottom layer hides nothing, and is hidden.'),
      claim('2.7', 'A stray whiteout in a directory that never was merged is listed, and is not there.'),
      claim('2.8', 'An empty file with trusted.overlay.whiteout is a whiteout to every lookup.'),
      claim(
        '2.9',
        'A listing leaves such a file out only where its directory says opaque="x", which hides nothing below.',
      ),
    ],
  },
  {
    title: '3 Listings',
    claims: [
      claim('3.1', 'A merged directory lists every name once, with the type of the upper one.'),
      claim(
        '3.2',
        'The order is that of the layers, from the lowest.',
        'names are sorted: file systems differ in their order',
      ),
      claim('3.3', 'A descriptor of a directory that is copied up later lists what is made later.'),
    ],
  },
  {
    title: '4 Copy-up',
    claims: [
      claim('4.1', 'Opening for writing, truncating, and changing attributes copy up, even if nothing changes by it.'),
      claim('4.2', 'Reading and looking do not, nor does a call that fails.'),
      claim('4.3', 'The parents come along, with their attributes and without their children, merged as before.'),
      claim('4.4', 'A file keeps content, mode, owner, mtime and extended attributes.'),
      claim('4.5', 'Attributes of overlayfs itself stay behind.'),
      claim('4.6', 'Set-id bits and file capabilities go by a write or a change of owner, as on every file system.'),
      claim(
        '4.7',
        'A directory remembers that it was copied up, so that its whiteouts stay hidden without the layer below.',
      ),
      claim('4.8', 'Symlinks, fifos, sockets and devices are copied up as themselves.'),
      claim('4.9', 'The copy-up of a child leaves the mtime of its parent alone; a whiteout does not.'),
      claim('4.10', 'metacopy=on copies attributes only; without it, such a copy is refused.'),
    ],
  },
  {
    title: '5 Removing and making',
    claims: [
      claim('5.1', 'What is removed leaves a whiteout if a lower layer would show through, and nothing otherwise.'),
      claim('5.2', 'rmdir is ENOTEMPTY if the merged directory shows something; whiteouts in it go with it.'),
      claim('5.3', 'The root, ".", ".." and what is of the wrong type are refused as on every file system.'),
      claim('5.4', 'A directory over a whiteout is opaque, whatever the whiteout covered.'),
      claim('5.5', 'A directory with nothing below is not, unless redirects are on and its parent is merged.'),
      claim('5.6', 'Something else over a whiteout replaces it, and has no mark.'),
      claim('5.7', 'What is new belongs to the caller.'),
      claim('5.8', 'A set-group-id directory passes its group on.'),
      claim('5.9', 'Removing what was made over a whiteout puts the whiteout back.'),
    ],
  },
  {
    title: '6 Renaming',
    claims: [
      claim('6.1', 'A file is copied up, leaves a whiteout if needed, and replaces the target.'),
      claim('6.2', 'Two lower hard links are two files to a rename, two upper ones are one.'),
      claim('6.3', 'A directory with a lower part does not move: EXDEV.'),
      claim('6.4', 'A directory of upper only moves.'),
      claim('6.5', 'It becomes opaque where lower directories take part in its new parent.'),
      claim('6.6', 'With redirect_dir=on a directory with lower parts moves, and says where those are.'),
      claim('6.7', 'A redirect is followed, in every layer.'),
      claim('6.8', 'Moved again, a directory still says where it was first.'),
      claim('6.9', 'redirect_dir=nofollow refuses directories with a redirect, where it would be followed.'),
      claim('6.10', 'What cannot be is refused in the order of the VFS, and EXDEV comes before ENOTEMPTY.'),
      claim('6.11', 'A rename to the same name succeeds, and copies nothing up.'),
      claim('6.12', 'RENAME_NOREPLACE, RENAME_EXCHANGE and RENAME_WHITEOUT.'),
    ],
  },
  {
    title: '7 Links and inode numbers',
    claims: [
      claim('7.1', 'The first copy-up of a hard link breaks it; the others keep the old content and count.'),
      claim('7.2', 'Links of directories, over existing names and so on are refused; symlinks are not followed.'),
      claim('7.3', 'Two names have the same inode exactly if they are names of one file.'),
      claim('7.4', 'A merged directory has the link count 1, another that of its layer.'),
      claim('7.5', 'st_dev and st_ino with xino and several file systems.', 'numbers are no part of any result'),
    ],
  },
  {
    title: '8 Open files',
    claims: [
      claim('8.1', 'A descriptor shows what was written after it was opened, whether copied up or not.'),
      claim('8.2', 'What is unlinked, replaced or renamed lives on as long as it is open.'),
      claim('8.3', 'What was removed before its copy-up cannot be changed any more.'),
      claim('8.4', 'O_TMPFILE copies the directory up.'),
      claim('8.5', 'mmap, ETXTBSY, locks, fallocate.', 'there are no such calls in the model'),
      claim('8.6', 'Access times.', 'no part of any result'),
    ],
  },
  {
    title: '9 Read-only',
    claims: [
      claim('9.1', 'An overlay without an upper is read-only.'),
      claim('9.2', 'Every change is EROFS.'),
      claim('9.3', 'The walk comes first, then EEXIST for a new name, then EROFS, then everything else.'),
      claim('9.4', 'unlink of a directory is EROFS, not EISDIR.'),
    ],
  },
  {
    title: '10 Permissions',
    claims: [
      claim('10.1', 'The caller is checked against the merged attributes, as on a plain file system.'),
      claim('10.2', 'In a sticky directory one removes what is one’s own.'),
      claim('10.3', 'fs.protected_hardlinks=1: one links what one owns or may read and write.'),
      claim('10.4', 'Devices need privilege.'),
      claim('10.5', 'Attributes are the owner’s to change.'),
      claim('10.6', 'Extended attributes have rules of their own for each namespace.'),
      claim(
        '10.7',
        'The credentials of the mounter, security labels, idmapped layers.',
        'the mounter is root, and layers are local',
      ),
    ],
  },
  {
    title: '11 Extended attributes',
    claims: [
      claim('11.1', 'trusted.overlay.* of a layer is not visible through the mount.'),
      claim('11.2', 'What a caller sets there is stored under trusted.overlay.overlay.*, and read back.'),
      claim('11.4', 'With userxattr, the names are user.overlay.* instead.'),
      claim('11.3', 'A name without a namespace is EOPNOTSUPP, for setting after the copy-up.'),
    ],
  },
  {
    title: '12 Mounting',
    claims: [
      claim('12.1', 'An overlay has at least two layers: EINVAL.'),
      claim('12.2', 'A lower layer that is another layer, or inside one, is ELOOP.'),
      claim('12.3', 'upperdir and workdir are two directories side by side that can be written: EINVAL.'),
      claim('12.4', 'A workdir without an upperdir is taken, and not used.'),
      claim('12.5', 'A missing layer is ENOENT; layers are found in the order of the options.'),
      claim('12.6', 'upperdir and workdir may be inside a lower layer.'),
      claim('12.7', 'An upperdir or workdir of a live mount is EBUSY with index=on, and taken without.'),
      claim('12.8', 'With index=on, an upperdir stays with its lower layer and its workdir: ESTALE.'),
      claim('12.9', 'There are at most 500 lower layers: EINVAL.'),
      claim('12.10', 'Overlays are stacked two deep: EINVAL.'),
      claim('12.11', 'Options that exclude each other, and values that are none, are EINVAL.'),
      claim(
        '12.12',
        'An option that overlayfs has not, such as noatime, is EINVAL; those of the superblock are taken.',
      ),
      claim('12.13', 'The workdir of a volatile mount is not used again: EINVAL.'),
      claim('12.14', 'work/work is emptied by a mount; other files in the workdir stay.'),
      claim('12.15', '"a::b" makes b a data-only layer, of which nothing is listed.'),
      claim('12.16', 'Empty layers are EINVAL.'),
      claim('12.17', 'A backslash makes ":", "," and "\\" part of a path.'),
      claim('12.18', 'fsconfig(2) takes layers one by one: lowerdir+, datadir+.'),
      claim('12.19', 'A layer is in a mount that could be bound: EINVAL.'),
    ],
  },
  {
    title: 'Path walk',
    claims: [
      claim('P.1', 'Forty symlinks are followed, and no more: ELOOP.'),
      claim('P.2', 'A name has at most 255 bytes, a path less than 4096: ENAMETOOLONG.'),
      claim('P.3', 'What is walked through is a directory: ENOTDIR.'),
      claim('P.4', '".." leads to the parent, and at the root of the caller nowhere.'),
    ],
  },
  {
    title: 'Mounts and namespaces',
    claims: [
      claim('M.1', 'A mount covers its mount point; a path enters the topmost one there.'),
      claim('M.2', 'What a mount point is and is not, and what happens to its name.'),
      claim('M.3', 'A bind shows a directory elsewhere, with or without what is mounted below.'),
      claim('M.4', 'A bind of a shared mount is its peer, that of a slave is a slave.'),
      claim('M.5', 'A mount moves, unless its parent is shared.'),
      claim('M.6', 'A mount on a shared mount appears on peers and slaves that show the mount point.'),
      claim('M.7', 'A copy is tucked below what is mounted there already.'),
      claim('M.8', 'The propagation type changes, and what follows for peers and slaves.'),
      claim('M.9', 'umount refuses what is in use, also where it would go by propagation.'),
      claim('M.10', 'An unmount takes the copies of peers and slaves along, but no mount that something is inside of.'),
      claim('M.11', 'What is detached lives on as long as it is held.'),
      claim('M.12', 'A new namespace is a copy with peers and slaves, and goes with its last process.'),
      claim('M.13', 'A detached clone (open_tree) is a copy that is nowhere, and moves like a mount.'),
      claim('M.14', 'Flags of a mount refuse writes, programs and devices.'),
      claim('M.15', 'Mounting needs privilege.', 'scripts are root’s; tested in test/kernel/mount.test.ts'),
      claim('M.16', 'MOVE_MOUNT_BENEATH puts a mount under the topmost one of a place.'),
    ],
  },
];
