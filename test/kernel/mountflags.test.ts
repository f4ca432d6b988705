import { describe } from 'vitest';
import { type Case, check } from './mountcases.ts';

// Mount flags and what they deny. Every result and every table below was seen on Linux 6.18.

describe('the flags of a mount', () => {
  const cases: readonly Case[] = [
    {
      it: 'deny writing, and nothing else, with ro',
      script: `
        tmpfs /a
        ro /a
        write /a/f x EROFS
        mkdir /a/q EROFS
        cat /a/f =
        exec /a/x =7:5
        rw /a
        write /a/f x`,
      leaves: '/a t1 private',
    },
    {
      it: 'deny running programs with noexec',
      script: `
        tmpfs /a
        set /a noexec
        exec /a/x EACCES
        cat /a/f =
        clear /a noexec
        exec /a/x =7:5`,
      leaves: '/a t1 private',
    },
    {
      it: 'leave a program the user and group of its caller with nosuid',
      script: `
        tmpfs /a
        exec /a/x =7:5
        set /a nosuid
        exec /a/x =0:0
        chmod /a/x 4745
        clear /a nosuid
        exec /a/x =7:0
        chmod /a/x 6644
        exec /a/x EACCES`,
      leaves: '/a t1 private',
    },
    {
      it: 'deny opening devices with nodev',
      script: `
        tmpfs /a
        open /a/z h
        set /a nodev
        open /a/z g EACCES
        openp /a/z g
        openw /a/z i EACCES
        stat /a/z =other 644 1`,
      leaves: '/a t1 nodev private',
    },
    {
      it: 'are those of the mount that a path goes through, also for a bind of the same directory',
      script: `
        tmpfs /a noexec,nodev
        bind /a /b
        clear /b noexec
        ro /b
        exec /a/x EACCES
        exec /b/x =7:5
        open /b/z h EACCES
        mkdir /a/q
        mkdir /b/p EROFS`,
      leaves: `
        /a t1 nodev noexec private
        /b t1 ro nodev private`,
    },
    {
      it: 'can be changed for a whole tree',
      script: `
        tmpfs /a nosuid
        tmpfs /a/m
        rset /a noexec,nodev
        rclear /a nosuid,nodev`,
      leaves: `
        /a t1 noexec private
        /a/m t2 noexec private`,
    },
    {
      it: 'come along into clones, copies by propagation and other namespaces, and are changed one by one',
      script: `
        shared /
        tmpfs /a nosuid
        bind /a /b
        q: unshare
        q: set /a noexec
        opentree /a T
        movetree T /c
        clear /a nosuid`,
      leaves: `
        /a t2 shared:1
        /b t2 nosuid shared:1
        /c t2 nosuid shared:2
        q:/a t2 nosuid noexec shared:1
        q:/b t2 nosuid shared:1
        q:/c t2 nosuid shared:2`,
    },
    {
      it: 'are those of an overlay, not of its layers',
      script: `
        tmpfs /a noexec,nosuid
        tmpfs /b nodev,ro
        overlay /c /a /b
        exec /c/x =7:5
        open /c/z h
        set /c noexec
        exec /c/x EACCES`,
      leaves: `
        /a t1 nosuid noexec private
        /b t2 ro nodev private
        /c t3 noexec private`,
    },
    {
      it: 'of the overlay deny writing to its upper layer, which is not read-only itself',
      script: `
        tmpfs /a
        overlayw /c /b /a
        mkdir /c/q
        ro /c
        mkdir /c/p EROFS
        ls /a/n =q`,
      leaves: `
        /a t1 private
        /c t2 ro private`,
    },
    {
      it: 'of the mount of an upper layer count when the overlay is mounted, and not later',
      script: `
        tmpfs /a
        ro /a
        overlayw /c /b /a EINVAL
        rw /a
        overlayw /c /b /a
        ro /a
        mkdir /c/q`,
      leaves: `
        /a t1 ro private
        /c t5 private`,
    },
    {
      it: 'ask nothing of what is unmounted, in another namespace, or no mount',
      script: `
        tmpfs /a
        open /a h
        ro /b EINVAL
        detach /a
        ro @h EINVAL
        tmpfs /a
        open /a g
        unshare
        ro @g EINVAL
        ro /a`,
      leaves: `
        /a t6 private
        child:/a t6 ro private`,
    },
  ];
  cases.forEach(check);
});

describe('remounting', () => {
  const cases: readonly Case[] = [
    {
      it: 'with MS_BIND replaces all flags of the mount, except that noatime stays',
      script: `
        tmpfs /a noexec,noatime
        bind /a /b
        bremount /a nosuid
        bremount /b ro
        bremount /b nodev`,
      leaves: `
        /a t1 nosuid noatime private
        /b t1 nodev noatime private`,
    },
    {
      it: 'without MS_BIND makes the file system read-only in all mounts, and takes all of them back',
      script: `
        tmpfs /a
        bind /a /b
        remount /a ro,noexec
        mkdir /b/q EROFS
        rw /b
        mkdir /b/q EROFS
        remount /b
        mkdir /b/q
        mkdir /a/p EROFS
        rw /a
        mkdir /a/p`,
      leaves: `
        /a t1 noexec private
        /b t1 private`,
    },
    {
      it: 'is busy with a file open for writing anywhere; the mount alone only with one of its own',
      script: `
        tmpfs /a
        bind /a /b
        openw /b/f h
        remount /a ro EBUSY
        bremount /b ro EBUSY
        bremount /a ro
        close h
        remount /a ro`,
      leaves: `
        /a t1 ro private
        /b t1 private`,
    },
    {
      it: 'is not busy with a device open for writing',
      script: `
        tmpfs /a
        openw /a/z h
        remount /a ro
        ro /a`,
      leaves: '/a t1 ro private',
    },
    {
      it: 'is busy with something removed and still held',
      script: `
        tmpfs /a
        open /a/m/k h
        rmdir /a/m/k
        remount /a ro EBUSY
        bremount /a ro
        close h
        remount /a ro`,
      leaves: '/a t1 ro private',
    },
    {
      it: 'is busy with a file that is written through an overlay',
      script: `
        tmpfs /a
        overlayw /c /b /a
        openw /c/x h
        remount /a ro EBUSY
        ro /c EBUSY
        close h
        remount /a ro
        mkdir /c/q EROFS
        ls /c =m,n,x
        remount /a
        mkdir /c/q`,
      leaves: `
        /a t1 private
        /c t2 private`,
    },
    {
      it: 'of the file system below an upper layer denies what would change that',
      script: `
        tmpfs /a
        mkdir /a/n/q
        mkdir /a/n/q/m
        overlayw /c /b /a
        remount /a ro
        mkdir /c/p EROFS
        mkdir /c/q EEXIST
        rmdir /c/nothing ENOENT
        rmdir /c/x EROFS
        rmdir /c/q EROFS
        rmdir /c/m EROFS
        rmdir /c/m/k EROFS
        unlink /c/x EROFS
        rename /c/q /c/p EROFS
        rename /c/m/k /c/m/p EXDEV
        rename /c/x /c/x
        link /c/x /c/q EEXIST
        link /c/x /c/p EROFS
        chmod /c/x 700 EROFS
        openw /c/x h EROFS
        exec /c/x =7:5`,
      leaves: `
        /a t1 ro private
        /c t4 private`,
    },
    {
      it: 'does not make an overlay without upperdir writable',
      script: `
        overlay /c /a /b
        remount /c EROFS
        remount /c ro,nosuid
        bremount /c noexec
        mkdir /c/q EROFS`,
      leaves: '/c t1 noexec private',
    },
    {
      it: 'of an overlay with an upperdir goes both ways, and leaves its layers alone',
      script: `
        overlayw /c /b /a
        remount /c ro
        mkdir /c/q EROFS
        mkdir /a/n/q
        remount /c
        mkdir /c/p`,
      leaves: '/c t1 private',
    },
    {
      it: 'is nothing for what is no mount, unmounted, or in another namespace',
      script: `
        tmpfs /a
        open /a h
        remount /b ro EINVAL
        bremount /b ro EINVAL
        detach /a
        remount @h ro EINVAL
        tmpfs /a
        open /a g
        unshare
        remount @g ro EINVAL
        bremount @g ro EINVAL`,
      leaves: `
        /a t7 private
        child:/a t7 private`,
    },
    {
      it: 'of a mount that is read-only in a read-only file system can be undone for the mount alone',
      script: `
        tmpfs /a ro
        bremount /a
        mkdir /a/q EROFS
        remount /a
        mkdir /a/q`,
      leaves: '/a t1 private',
    },
  ];
  cases.forEach(check);
});
