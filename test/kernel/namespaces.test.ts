import { describe } from 'vitest';
import { type Case, check } from './mountcases.ts';

// Several tasks in several namespaces. Every result and every table below was seen on Linux 6.18.

describe('namespaces of three tasks', () => {
  const cases: readonly Case[] = [
    {
      it: 'tell each other of mounts and unmounts while they are peers',
      script: `
        shared /
        q: unshare
        r: unshare
        tmpfs /a
        q: tmpfs /b
        r: tmpfs /a/m
        q: umount /a/m
        umount /b`,
      leaves: `
        /a t4 shared:1
        q:/a t4 shared:1
        r:/a t4 shared:1`,
    },
    {
      it: 'hear of the others and say nothing as slaves, and do neither when private',
      script: `
        shared /
        q: unshare
        q: slave /
        r: unshare
        r: private /
        tmpfs /a
        q: tmpfs /b
        r: tmpfs /c
        q: umount /a
        tmpfs /a/m`,
      leaves: `
        /a t6 shared:1
        /a/m t10 shared:2
        q:/b t7 private
        r:/c t8 private`,
    },
    {
      it: 'pass on what they hear as slaves that are shared themselves',
      script: `
        shared /
        q: unshare
        q: slave /
        q: shared /
        q: bind / /d
        tmpfs /a
        q: tmpfs /b
        umount /a`,
      leaves: `
        q:/b t7 shared:1
        q:/d base shared:2 master:3
        q:/d/b t7 shared:1`,
    },
    {
      it: 'keep what lies on a mount that goes elsewhere',
      script: `
        shared /
        tmpfs /a
        q: unshare
        q: slave /
        q: private /a
        q: tmpfs /a/m
        umount /a
        q: ls /a =f,m,n,x,z
        q: umount /a EBUSY`,
      leaves: `
        q:/a t2 private
        q:/a/m t6 private`,
    },
    {
      it: 'see below their own mounts what their master has mounted there later',
      script: `
        shared /
        q: unshare
        q: slave /
        q: tmpfs /a
        tmpfs /a
        q: umount /a
        q: ls /a =f,m,n,x,z`,
      leaves: `
        /a t5 shared:1
        q:/a t5 master:1`,
    },
    {
      it: 'keep a mount busy where it would go along by propagation, for as long as they stand there',
      script: `
        shared /
        tmpfs /a
        q: unshare
        q: chdir /a
        umount /a EBUSY
        detach /a
        q: ls . =f,m,n,x,z
        q: ls /a =m,n,x`,
      leaves: '',
    },
    {
      it: 'do not keep a mount of another namespace busy',
      script: `
        tmpfs /a
        q: unshare
        q: chdir /a
        umount /a`,
      leaves: 'q:/a t1 private',
    },
    {
      it: 'end with their task, without a word to the others; slaves go on without them',
      script: `
        shared /
        q: unshare
        q: slave /
        q: shared /
        r: unshare
        q: tmpfs /b
        tmpfs /a
        q: leave
        umount /a`,
      leaves: '',
    },
    {
      it: 'may have a mount of the first changed in its propagation type, but nothing else',
      script: `
        tmpfs /a
        open /a h
        unshare
        ro @h EINVAL
        tmpfs @h/m EINVAL
        bind @h /b EINVAL
        umount @h EINVAL
        shared @h
        detach /a`,
      leaves: '/a t1 shared:1',
    },
    {
      it: 'move mounts for each other, beneath and on top',
      script: `
        shared /
        q: unshare
        q: slave /
        tmpfs /b
        tmpfs /c
        q: private /
        tmpfs /a
        q: move /b /a
        q: beneath /c /a`,
      leaves: `
        /a t7 shared:1
        /b t4 shared:2
        /c t5 shared:3
        q:/a t5 master:3
        q:/a t4 master:2`,
    },
  ];
  cases.forEach(check);
});

describe('a child', () => {
  const cases: readonly Case[] = [
    {
      it: 'has the directory of its parent until it goes elsewhere; the parent stays',
      script: `
        tmpfs /a
        chdir /a/m
        unshare
        ls . =k
        chdir /b
        ls . =m,n,x
        umount /a
        q: umount /a EBUSY
        leave
        ls . =k
        umount /a EBUSY`,
      leaves: '/a t1 private',
    },
    {
      it: 'shares what its parent has open, and closes only what it opened',
      script: `
        tmpfs /a
        open /a h
        unshare
        open /a c
        umount /a EBUSY
        q: umount /a EBUSY
        close c
        umount /a
        fdls h =f,m,n,x,z
        leave
        fdls h =f,m,n,x,z
        umount /a EBUSY`,
      leaves: '/a t1 private',
    },
    {
      it: 'has a way up that may differ from that of its parent',
      script: `
        chdir /a/m
        unshare
        tmpfs /a
        ls ./.. =f,m,n,x,z
        chdir /a/m
        ls ./.. =f,m,n,x,z
        leave
        ls ./.. =m,n,x`,
      leaves: '',
    },
    {
      it: 'goes with all trees it holds, and with what they kept together',
      script: `
        tmpfs /a
        unshare
        opentree /a T
        newtree U
        movetree U @T/m
        leave
        umount /a`,
      leaves: '',
    },
  ];
  cases.forEach(check);
});
