import { describe } from 'vitest';
import { type Case, check } from './mountcases.ts';

// MOVE_MOUNT_BENEATH. Every result and every table below was seen on Linux 6.18.

describe('moving a mount beneath another', () => {
  const cases: readonly Case[] = [
    {
      it: 'puts it between the topmost mount and the place: unmounting the top one shows it',
      script: `
        tmpfs /a
        tmpfs /b
        ls /b =f,m,n,x,z
        beneath /b /a
        unlink /a/f
        umount /a
        ls /a =f,m,n,x,z`,
      leaves: '/a t2 private',
    },
    {
      it: 'goes below the topmost of a stack, and takes along what is mounted on it',
      script: `
        tmpfs /a
        tmpfs /a
        tmpfs /b
        tmpfs /b/m
        beneath /b /a`,
      leaves: `
        /a t1 private
        /a t3 private
        /a t2 private
        /a/m t4 private`,
    },
    {
      it: 'is done with a file beneath a file as well',
      script: `
        tmpfs /a
        bind /f /a/f
        bind /f /d/x
        beneath /a/f /d/x`,
      leaves: `
        /a t1 private
        /d/x base root=/f private
        /d/x base root=/f private`,
    },
    {
      it: 'takes a detached clone, which has its name no more',
      script: `
        tmpfs /a
        tmpfs /b
        tmpfs /b/m
        opentree /b T
        treebeneath T /a`,
      leaves: `
        /a t2 private
        /a t1 private
        /a/m t3 private
        /b t2 private
        /b/m t3 private`,
    },
    {
      it: 'takes a new mount that was nowhere before',
      script: `
        tmpfs /a
        newtree T noexec
        treebeneath T /a
        umount /a
        exec /a/x EACCES`,
      leaves: '/a t2 noexec private',
    },
    {
      it: 'replaces a mount with its submounts while the old one is on top, so that there is always one',
      script: `
        tmpfs /a
        tmpfs /a/m
        newtree T
        opentree /a/m S
        movetree S @T/m
        treebeneath T /a
        detach /a
        ls /a =f,m,n,x,z`,
      leaves: `
        /a t3 private
        /a/m t2 private`,
    },
    {
      it: 'leaves whoever stands on the top mount where they are',
      script: `
        tmpfs /a
        chdir /a
        tmpfs /b
        beneath /b /a
        ls . =f,m,n,x,z
        umount /a EBUSY
        detach /a
        ls ./m =k`,
      leaves: '/a t3 private',
    },
  ];
  cases.forEach(check);
});

describe('what cannot go beneath', () => {
  const cases: readonly Case[] = [
    {
      it: 'is what is no mount; and nothing goes beneath a place where no mount is',
      script: `
        tmpfs /a
        beneath /b /a EINVAL
        beneath /a/m /a EINVAL
        beneath /a /b EINVAL
        beneath /a /nothing ENOENT
        beneath /nothing /a ENOENT`,
      leaves: '/a t1 private',
    },
    {
      it: 'is a directory below a file, or the reverse',
      script: `
        tmpfs /a
        bind /f /a/f
        tmpfs /b
        beneath /b /a/f EINVAL
        beneath /a/f /b EINVAL`,
      leaves: `
        /a t1 private
        /a/f base root=/f private
        /b t3 private`,
    },
    {
      it: 'is anything below the root directory of the caller',
      script: `
        tmpfs /a
        beneath /a / EINVAL
        newtree T
        treebeneath T / EINVAL`,
      leaves: '/a t1 private',
    },
    {
      it: 'is the root itself',
      script: `
        tmpfs /a
        beneath / /a ELOOP
        move / /a ELOOP`,
      leaves: '/a t1 private',
    },
    {
      it: 'is a mount that has another on its own root',
      script: `
        tmpfs /a
        openp /a h
        tmpfs /a
        tmpfs /b
        beneath @h /b EINVAL`,
      leaves: `
        /a t1 private
        /a t3 private
        /b t4 private`,
    },
    {
      it: 'is a mount below itself, or below one that it carries; one that lies on the top mount is refused before that',
      script: `
        tmpfs /a
        tmpfs /a/m
        beneath /a /a EINVAL
        beneath /a /a/m ELOOP
        beneath /a/m /a EINVAL`,
      leaves: `
        /a t1 private
        /a/m t2 private`,
    },
    {
      it: 'is a mount whose own parent is shared',
      script: `
        tmpfs /a
        shared /a
        tmpfs /a/m
        tmpfs /b
        beneath /a/m /b EINVAL`,
      leaves: `
        /a t1 shared:1
        /a/m t3 shared:2
        /b t4 private`,
    },
    {
      it: 'is a tree with something unbindable where it would become shared',
      script: `
        tmpfs /a
        shared /a
        tmpfs /a/m
        tmpfs /b
        tmpfs /b/m
        unbindable /b/m
        beneath /b /a/m EINVAL
        tmpfs /c
        beneath /b /c`,
      leaves: `
        /a t1 shared:1
        /a/m t3 shared:2
        /c t4 private
        /c t8 private
        /c/m t5 unbindable`,
    },
    {
      it: 'is a mount whose directory was removed',
      script: `
        bind /a/m/k /b
        rmdir /a/m/k
        tmpfs /c
        beneath /b /c ENOENT`,
      leaves: `
        /b base root=removed private
        /c t3 private`,
    },
    {
      it: 'is anything below a mount of another namespace, or below one that is only held',
      script: `
        tmpfs /a
        open /a h
        unshare
        tmpfs /b
        beneath /b @h EINVAL
        newtree T
        treebeneath T @h EINVAL
        leave
        detach /a
        tmpfs /b
        beneath /b @h ENOENT
        newtree T
        treebeneath T @h ENOENT`,
      leaves: '/b t10 private',
    },
    {
      it: 'is a mount that is only held, or of another namespace',
      script: `
        tmpfs /a
        tmpfs /b
        open /a h
        open /b g
        detach /a
        beneath @h /b EINVAL
        unshare
        beneath @g /b EINVAL`,
      leaves: `
        /b t2 private
        child:/b t2 private`,
    },
    {
      it: 'is a tree below a mount of its own; below what another tree has mounted on it is fine',
      script: `
        newtree T
        newtree U
        treebeneath T @T EINVAL
        treebeneath T @U EINVAL
        movetree T @U
        newtree T
        treebeneath T @U
        movetree U /a`,
      leaves: `
        /a t2 private
        /a t6 private
        /a t1 private`,
    },
  ];
  cases.forEach(check);
});

describe('beneath a mount on a shared one', () => {
  const cases: readonly Case[] = [
    {
      it: 'every peer and every slave gets a copy, beneath what it has there',
      script: `
        tmpfs /a
        shared /a
        bind /a /b
        bind /a /c
        slave /c
        tmpfs /a/m
        newtree T
        treebeneath T /b/m`,
      leaves: `
        /a t1 shared:1
        /a/m t7 shared:2
        /a/m t6 shared:3
        /b t1 shared:1
        /b/m t7 shared:2
        /b/m t6 shared:3
        /c t1 master:1
        /c/m t7 master:2
        /c/m t6 master:3`,
    },
    {
      it: 'a slave keeps its copy to itself',
      script: `
        tmpfs /a
        shared /a
        bind /a /b
        bind /a /c
        slave /c
        tmpfs /a/m
        newtree T
        treebeneath T /c/m`,
      leaves: `
        /a t1 shared:1
        /a/m t6 shared:2
        /b t1 shared:1
        /b/m t6 shared:2
        /c t1 master:1
        /c/m t7 private
        /c/m t6 master:2`,
    },
    {
      it: 'the copy of a slave lies beneath what the slave has mounted there itself',
      script: `
        tmpfs /a
        shared /a
        bind /a /c
        slave /c
        tmpfs /c/m
        tmpfs /a/m
        tmpfs /d
        beneath /d /a/m
        umount /a/m`,
      leaves: `
        /a t1 shared:1
        /a/m t7 shared:2
        /c t1 master:1
        /c/m t7 master:2
        /c/m t5 private`,
    },
    {
      it: 'is seen in other namespaces, in those of slaves and of peers',
      script: `
        shared /
        tmpfs /a
        q: unshare
        r: unshare
        r: slave /
        newtree T
        treebeneath T /a
        q: umount /a
        q: ls /a =f,m,n,x,z`,
      leaves: `
        /a t6 shared:1
        q:/a t6 shared:1
        r:/a t6 master:1`,
    },
    {
      it: 'one that left does not hear of it',
      script: `
        shared /
        tmpfs /a
        q: unshare
        q: private /
        newtree T
        treebeneath T /a`,
      leaves: `
        /a t5 shared:1
        /a t2 shared:2
        q:/a t2 shared:2`,
    },
    {
      it: 'it is refused where the event would come back to cover the top mount, a peer of what it lies on',
      script: `
        tmpfs /a
        shared /a
        bind /a/m /a/m
        newtree T
        treebeneath T /a/m EINVAL
        slave /a/m
        treebeneath T /a/m EINVAL
        private /a/m
        treebeneath T /a/m`,
      leaves: `
        /a t1 shared:1
        /a/m t4 shared:2
        /a/m t1 root=/m private`,
    },
    {
      it: 'it is refused where the event would come to cover the mount that moves',
      script: `
        tmpfs /a
        shared /a
        openp /a/m h
        tmpfs /a/m
        bind @h /d
        beneath /d /a/m EINVAL
        private /d
        beneath /d /a/m`,
      leaves: `
        /a t1 shared:1
        /a/m t1 root=/m shared:2
        /a/m t4 shared:3`,
    },
    {
      it: 'a clone that would have received the event is not asked, and receives nothing',
      script: `
        tmpfs /a
        shared /a
        openp /a/m h
        tmpfs /a/m
        clone @h T
        treebeneath T /a/m`,
      leaves: `
        /a t1 shared:1
        /a/m t1 root=/m shared:1
        /a/m t4 shared:2`,
    },
  ];
  cases.forEach(check);
});
