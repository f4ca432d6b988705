import { describe } from 'vitest';
import { type Case, check } from './mountcases.ts';

// Detached trees, and mounts that are only held. Every result and every table below was seen on Linux 6.18.

describe('a detached clone', () => {
  const cases: readonly Case[] = [
    {
      it: 'is private on request, and else a peer or a slave like its original',
      script: `
        tmpfs /a
        shared /a
        bind /a /b
        slave /b
        rclone /a T
        rclone /b U
        opentree /a V
        movetree T /c/m
        movetree U /c/n
        movetree V /d`,
      leaves: `
        /a t1 shared:1
        /b t1 master:1
        /c/m t1 shared:1
        /c/n t1 master:1
        /d t1 private`,
    },
    {
      it: 'takes along what is mounted below only if it is recursive, and never what is unbindable',
      script: `
        tmpfs /a
        tmpfs /a/m
        tmpfs /a/n
        unbindable /a/n
        rclone /a T
        clone /a U
        clone /a/n V EINVAL
        movetree T /b
        movetree U /c`,
      leaves: `
        /a t1 private
        /a/m t2 private
        /a/n t3 unbindable
        /b t1 private
        /b/m t2 private
        /c t1 private`,
    },
    {
      it: 'becomes shared where it goes on a shared mount, and peers get copies',
      script: `
        tmpfs /a
        shared /a
        bind /a /b
        tmpfs /c
        tmpfs /c/m
        opentree /c T
        movetree T /a/n`,
      leaves: `
        /a t1 shared:1
        /a/n t4 shared:2
        /a/n/m t5 shared:3
        /b t1 shared:1
        /b/n t4 shared:2
        /b/n/m t5 shared:3
        /c t4 private
        /c/m t5 private`,
    },
    {
      it: 'loses mounts by propagation but gets none while it is detached',
      script: `
        tmpfs /a
        shared /a
        tmpfs /a/m
        rclone /a T
        tmpfs /a/n
        umount /a/m
        movetree T /b
        tmpfs /a/m`,
      leaves: `
        /a t1 shared:1
        /a/m t8 shared:2
        /a/n t5 shared:3
        /b t1 shared:1
        /b/m t8 shared:2`,
    },
    {
      it: 'can be looked into, and does not keep busy what it was copied from',
      script: `
        tmpfs /a
        opentree /a T
        umount /a
        ls @T =f,m,n,x,z
        mkdir @T/q
        ls @T =f,m,n,q,x,z`,
      leaves: '',
    },
    {
      it: 'takes other trees, but no mounts of the namespace and nothing by mount(2)',
      script: `
        tmpfs /a
        newtree T
        newtree U
        tmpfs @T/m EINVAL
        bind /a @T/m EINVAL
        move /a @T/m EINVAL
        movetree U @T/m
        umount @T/m EINVAL
        movetree T /b`,
      leaves: `
        /a t1 private
        /b t2 private
        /b/m t3 private`,
    },
    {
      it: 'is a source of binds and clones; moved as a whole only, and not into itself',
      script: `
        newtree T
        newtree U
        movetree U @T/m
        bind @T/n /a
        rbind @T /b
        move @T/m /c EINVAL
        movetree T @T/n EINVAL
        move @T /d
        closetree T`,
      leaves: `
        /a t1 root=/n private
        /b t1 private
        /b/m t2 private
        /d t1 private
        /d/m t2 private`,
    },
    {
      it: 'has flags and a propagation type of its own, the flags only through its top',
      script: `
        newtree T
        newtree U
        movetree U @T/m
        ro @T
        ro @T/m EINVAL
        shared @T/m
        unbindable @T
        movetree T /a`,
      leaves: `
        /a t1 ro unbindable
        /a/m t2 shared:1`,
    },
    {
      it: 'stays together when it is closed, as long as something in it is open',
      script: `
        newtree T
        newtree U
        movetree U @T/m
        open @T h
        closetree T
        ls @h =f,m,n,x,z
        ls @h/m =f,m,n,x,z
        shared @h EINVAL
        tmpfs @h/n ENOENT`,
      leaves: '',
    },
    {
      it: 'is where it went when its descriptor stays open, which keeps it busy',
      script: `
        newtree T
        move @T /a
        umount /a EBUSY
        closetree T
        umount /a`,
      leaves: '',
    },
  ];
  cases.forEach(check);
});

describe('a tree that a child hands to its parent', () => {
  const cases: readonly Case[] = [
    {
      it: 'goes beneath what it replaces, which then can be taken off by the descriptor that was opened before',
      script: `
        shared /
        tmpfs /a
        unshare
        rslave /
        tmpfs /b
        tmpfs /b/m
        rclone /b T
        leave T
        openp /a h
        treebeneath T @h
        ls /a/m =k
        detach @h
        ls /a/m =f,m,n,x,z
        ls /b =m,n,x`,
      leaves: `
        /a t5 shared:1
        /a/m t6 shared:2`,
    },
    {
      it: 'stays in the peer groups that it is from, and loses what goes there meanwhile',
      script: `
        tmpfs /a
        shared /a
        tmpfs /a/m
        unshare
        rclone /a T
        leave T
        umount /a/m
        movetree T /b
        tmpfs /a/n`,
      leaves: `
        /a t1 shared:1
        /a/n t9 shared:2
        /b t1 shared:1
        /b/n t9 shared:2`,
    },
    {
      it: 'still shows what has been removed, and goes nowhere then; others end with the child',
      script: `
        tmpfs /a
        unshare
        rclone /a/n T
        newtree U
        rmdir /a/n
        leave T
        movetree T /b ENOENT
        closetree T`,
      leaves: '/a t1 private',
    },
    {
      it: 'goes beneath nothing that somebody has taken off before',
      script: `
        shared /
        tmpfs /a
        unshare
        newtree T
        leave T
        openp /a h
        q: detach /a
        treebeneath T @h ENOENT
        detach @h EINVAL
        movetree T /a`,
      leaves: '/a t4 shared:1',
    },
  ];
  cases.forEach(check);
});

describe('what is unmounted lazily and held', () => {
  const cases: readonly Case[] = [
    {
      it: 'is a mount for itself: what was on it is gone, and nothing goes on it',
      script: `
        tmpfs /a
        tmpfs /a/m
        chdir /a
        detach /a
        ls . =f,m,n,x,z
        ls ./m =k
        tmpfs ./m ENOENT
        bind /b ./m ENOENT
        bind . /b EINVAL
        umount . EINVAL
        ro . EINVAL
        shared . EINVAL
        ls ./.. =f,m,n,x,z`,
      leaves: '',
    },
    {
      it: 'falls apart: whoever stands in one of its mounts sees that one only, and no way up',
      script: `
        tmpfs /a
        tmpfs /a/m
        tmpfs /a/m/n
        mkdir /a/m/q
        q: chdir /a/m
        r: chdir /a/m/n
        detach /a
        q: ls . =f,m,n,q,x,z
        q: ls ./n =
        q: ls ./.. =f,m,n,q,x,z
        r: ls ./.. =f,m,n,x,z`,
      leaves: '',
    },
    {
      it: 'stays together when its directory was removed elsewhere',
      script: `
        tmpfs /a/m
        tmpfs /a/m/m
        q: unshare
        chdir /a/m
        q: umount /a/m/m
        q: umount /a/m
        q: rmdir /a/m/k
        q: rmdir /a/m
        ls . =f,m,n,x,z
        ls ./m =f,m,n,x,z
        ls ./.. =f,m,n,x,z
        ls /a =n,x`,
      leaves: '',
    },
    {
      it: 'is private whatever it was, but a slave of it is not lost',
      script: `
        tmpfs /a
        shared /a
        bind /a /b
        slave /b
        open /a h
        detach /a
        shared /b
        mkdir /b/q
        ls @h =f,m,n,q,x,z`,
      leaves: '/b t1 shared:1',
    },
    {
      it: 'works still as a source of exec, but without the ids of its file',
      script: `
        tmpfs /a
        exec /a/x =7:5
        open /a h
        exec @h/x =7:5
        detach /a
        exec @h/x =0:0`,
      leaves: '',
    },
  ];
  cases.forEach(check);
});

describe('the root of a namespace', () => {
  const cases: readonly Case[] = [
    {
      it: 'becomes read-only instead of being unmounted, for everyone',
      script: `
        q: unshare
        mkdir /a/q
        umount /
        mkdir /b/q EROFS
        q: mkdir /c/q EROFS
        remount /
        q: mkdir /c/q`,
      leaves: '',
    },
    {
      it: 'is busy with a file open for writing, or with something removed and still held',
      script: `
        tmpfs /a
        bind /a/f /b/x
        openw /d/x h
        umount / EBUSY
        close h
        chdir /c/n
        rmdir /c/n
        umount / EBUSY
        chdir /
        umount /`,
      leaves: `
        /a t1 private
        /b/x t1 root=/f private`,
    },
    {
      it: 'can be unmounted lazily: the directories are still there, the mounts are not',
      script: `
        tmpfs /a
        q: tmpfs /b
        q: open /b h
        detach /
        ls /a =m,n,x
        tmpfs /a ENOENT
        bind /c /d ENOENT
        umount /a EINVAL
        q: ls @h =f,m,n,x,z
        q: ls /b =m,n,x
        q: mkdir /b/q
        ls /b =m,n,q,x`,
      leaves: '',
    },
    {
      it: 'passes on what lies on it if it is shared',
      script: `
        shared /
        tmpfs /a
        q: unshare
        detach /
        q: ls /a =m,n,x`,
      leaves: '',
    },
    {
      it: 'is left alone when something lies on it: that is what goes',
      script: `
        tmpfs /
        ls / =a,b,c,d,f
        ls /.. =
        umount /
        ls /.. =a,b,c,d,f`,
      leaves: '',
    },
  ];
  cases.forEach(check);
});

describe('a directory that was removed', () => {
  const cases: readonly Case[] = [
    {
      it: 'can still be asked about where it is mounted, and lists and takes nothing',
      script: `
        bind /a/m/k /b
        rmdir /a/m/k
        ls /b ENOENT
        stat /b =dir 755 0
        mkdir /b/q ENOENT
        tmpfs /b ENOENT
        bind /b /c ENOENT
        move /b /c ENOENT
        chmod /b 700
        stat /b =dir 700 0
        umount /b`,
      leaves: '',
    },
    {
      it: 'is kept by copies in other namespaces and trees',
      script: `
        bind /a/n /b
        q: unshare
        rmdir /a/n
        q: ls /b ENOENT
        umount /b
        opentree /b T
        q: opentree /b T
        q: umount /b
        q: ls @T ENOENT
        q: movetree T /c ENOENT`,
      leaves: '',
    },
    {
      it: 'is a peer still',
      script: `
        bind /a/n /b
        shared /b
        q: unshare
        rmdir /a/n
        q: slave /b`,
      leaves: `
        /b base root=removed shared:1
        q:/b base root=removed master:1`,
    },
    {
      it: 'cannot be removed where it is a mount point, but in another namespace it can',
      script: `
        q: unshare
        q: tmpfs /a/m/k
        q: open /a/m/k h
        rmdir /a/m/k
        q: ls /a/m =
        q: ls @h =f,m,n,x,z
        q: tmpfs /a/n
        rmdir /a/n
        q: rmdir /b/n
        q: bind /b /c
        rmdir /b/n ENOENT`,
      leaves: 'q:/c base root=/b private',
    },
    {
      it: 'is a working directory that still knows the way up',
      script: `
        chdir /a/m/k
        rmdir /a/m/k
        ls . ENOENT
        mkdir ./q ENOENT
        ls ./.. =
        rename /a/m /b/q
        ls ./../.. =m,n,q,x
        rmdir /b/q
        ls ./.. ENOENT
        ls ./../.. =m,n,x
        stat . =dir 755 0`,
      leaves: '',
    },
    {
      it: 'knows the way up out of a mount, and not out of what a bind mount shows',
      script: `
        bind /a/m /d
        chdir /d/k
        rename /a/m/k /c/k
        ls . =
        ls ./.. ENOENT
        rename /c/k /a/m/k
        ls ./.. =k
        rmdir /a/m/k
        ls ./.. =
        rmdir /a/m
        ls ./.. ENOENT
        ls ./../.. =a,b,c,d,f`,
      leaves: '/d base root=removed private',
    },
    {
      it: 'is a file as well: what was in it can be read and written',
      script: `
        tmpfs /a
        write /a/f one
        bind /a/f /b/x
        unlink /a/f
        cat /b/x =one
        write /b/x two
        cat /b/x =two
        stat /b/x =file 644 0
        bind /b/x /c/x ENOENT
        write /a/f three
        cat /b/x =two`,
      leaves: `
        /a t1 private
        /b/x t1 root=removed private`,
    },
    {
      it: 'is a file that has another name: it is written there, but the mount stays without one',
      script: `
        tmpfs /a
        link /a/f /a/m/f
        link /a/f /a/n/f
        bind /a/f /b/x
        unlink /a/f
        write /b/x one
        cat /a/m/f =one
        bind /b/x /c/x ENOENT
        unlink /a/m/f
        stat /b/x =file 644 1
        rename /a/n/f /a/f
        cat /b/x =one
        q: unshare
        umount /b/x
        q: umount /b/x
        stat /a/f =file 644 1`,
      leaves: `
        /a t1 private
        q:/a t1 private`,
    },
    {
      it: 'takes along what is mounted on it in every other namespace, and nothing more',
      script: `
        shared /
        q: unshare
        r: unshare
        tmpfs /b/n
        tmpfs /b/n/m
        r: private /
        rprivate /
        detach /b/n
        q: open /b/n h
        rmdir /b/n
        q: ls @h =f,m,n,x,z
        q: ls @h/m =f,m,n,x,z
        q: ls /b =m,x
        r: ls /b =m,x`,
      leaves: '',
    },
  ];
  cases.forEach(check);
});
