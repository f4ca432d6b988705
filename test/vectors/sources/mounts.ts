/** Mount scripts picked by hand, a few lines for each rule: see ../mount/README.md. */

interface MountDraft {
  readonly name: string;
  readonly script: readonly string[];
}

const script = (name: string, text: string): MountDraft => ({
  name,
  script: text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== ''),
});

/** A peer group of /a and /b, and /c as its slave. */
const PEERS = `
  tmpfs /a
  shared /a
  bind /a /b
  bind /a /c
  slave /c`;

export const MOUNTS: readonly MountDraft[] = [
  // places
  script(
    'mount-covers-and-uncovers',
    'tmpfs /a\nwrite /a/one 1\ntmpfs /a\nwrite /a/two 2\nls /a\nls /a/..\numount /a\nls /a\numount /a\nls /a',
  ),
  script('mount-on-the-root', 'tmpfs /\ntmpfs /\nls /\nls /..\nbind /a /\nq: ls /\numount /a'),
  script(
    'mount-point-types',
    'tmpfs /f\nbind /a /f\nbind /f /a\nbind /f /a/x\ntmpfs /a\nmove /a /f\nmove /a/m /f\ntmpfs /nothing\nbind /nothing /a',
  ),
  script('mount-same-file-system-on-itself', 'tmpfs /a\nbind /a /b\nbind /a /a\nbind /a /a/m\nbind /a/m /a/m'),
  script(
    'mount-point-is-busy',
    'tmpfs /a/m\nrmdir /a/m\nrename /a/m /a/q\nrename /a/n /a/m\nxchg /a/n /a/m\nrename /a /q\nls /q/m\nbind /f /b/x\nunlink /b/x\nrename /b/m /b/x',
  ),
  script(
    'mount-point-of-another-namespace',
    'q: unshare\nq: tmpfs /a/n\nq: open /a/n/f h\nq: tmpfs /a/n/m\nrmdir /a/n\nq: ls /a\nq: ls @h/..\nls /a',
  ),
  script(
    'mount-follows-renames',
    'tmpfs /a/m\nbind /b/m /c/n\nrename /a /q\nls /q/m\nrename /b /d/n/b\nmkdir /d/n/b/m/new\nls /c/n\nq: unshare\nxchg /q /d\nq: ls /d/m',
  ),
  script(
    'mount-on-what-is-removed',
    'open /a/n h\nchdir /b/n\nrmdir /a/n\nrmdir /b/n\ntmpfs @h\ntmpfs .\nbind /c @h\nbind @h /c\nbind . /c\nopentree @h T\nmovetree T /c\nls ..',
  ),
  script(
    'mount-shows-what-is-removed',
    'bind /a/n /b\nbind /a/m /c\nmkdir /a/m/q\nbind /a/m/q /d/n\nrmdir /a/n\nls /b\nmkdir /b/x\nrmdir /a/m/q\nls /d/n\nmove /b /d/m\nbind /b /d/m',
  ),
  script(
    'mount-on-a-removed-name-leaves-its-peers',
    'tmpfs /d\nshared /d\nq: unshare\nq: bind /d /a/n\nq: tmpfs /d/m\nrmdir /a/n\ntmpfs /d/n',
  ),
  script(
    'mount-on-a-removed-name-stays-together',
    'q: unshare\nq: tmpfs /a/n\nq: tmpfs /a/n/m\nq: open /a/n h\nrmdir /a/n\nq: ls @h\nq: ls @h/m\nq: ls @h/m/m',
  ),
  script(
    'mount-on-a-removed-name-leaves-its-group',
    'tmpfs /d\nshared /d\nbind /d /c\nslave /c\nq: unshare\nq: bind /d /a/n\nq: open /a/n h\nrmdir /a/n\nprivate /d\nq: private /d\nq: ls @h',
  ),
  script(
    'dotdot-of-what-was-moved-out-of-a-bind',
    'bind /a /b\nchdir /b/m/k\nls ..\nrename /a/m /c/q\nls .\nls ..\nls ../..\nrename /c/q /a/q\nls ../..',
  ),
  script('dotdot-of-what-is-removed', 'chdir /a/n\nrmdir /a/n\nls .\nls ..\nrename /a /q\nls ..\nmkdir ../new\nls /q'),
  script(
    'dotdot-leaves-a-mount-at-its-mount-point',
    'tmpfs /a/m\nls /a/m/..\nls /a/m/k/../..\ntmpfs /a/m\nls /a/m/..\nchdir /a/m\ntmpfs /a/m\nls .\nls ..\nls ../m',
  ),
  // binds
  script(
    'bind-shows-what-it-names',
    'bind /a/m /b\nls /b\ntmpfs /a/n\nbind /a /c\nls /c/n\nrbind /a /d\nls /d/n\nmkdir /b/new\nls /a/m',
  ),
  script(
    'bind-recursive-takes-what-is-below',
    'tmpfs /a\ntmpfs /a/m\ntmpfs /a/m/k\ntmpfs /a/n\nrbind /a/m /b\nbind /a /c\nrbind /a /d',
  ),
  script('bind-recursive-of-a-directory', 'tmpfs /a\ntmpfs /a/m/k\ntmpfs /a/n\nrbind /a/m /b\nrbind /a/n /c\nls /b/k'),
  script(
    'bind-leaves-unbindable-out',
    'tmpfs /a\ntmpfs /a/m\ntmpfs /a/m/k\nunbindable /a/m\nrbind /a /b\nbind /a/m /c\nrbind /a/m/n /c\nopentree /a/m T\nrbind /a/m/k /c\nopentree /a T\nmovetree T /d',
  ),
  script(
    'bind-of-another-namespace',
    'q: unshare\nopen /a h\nq: open /a h\nunshare\nbind @h /b\nopentree @h T\nbind /a @h/m\ntmpfs @h/m\nshared @h\nro @h\numount @h',
  ),
  script(
    'bind-of-what-is-unmounted',
    'tmpfs /a\nopen /a h\ndetach /a\nbind @h /b\nopentree @h T\nbind /b @h/m\ntmpfs @h/m\nshared @h\nro @h\nls @h',
  ),
  script(
    'bind-of-a-tree',
    'tmpfs /a\ntmpfs /a/m\nopentree /a T\nbind @T/m /b\nrbind @T /c\nls /b\ntmpfs @T/n\nls @T/n',
  ),
  // moves
  script('move-whole-tree', 'tmpfs /a\ntmpfs /a/m\ntmpfs /a/m/k\nmove /a /b\nls /a\nls /b\nmove /b/m /c\nmove /a /d'),
  script('move-not-into-itself', 'tmpfs /a\ntmpfs /a/m\nmove /a /a/m\nmove /a /a/n\nmove /a /a\nmove /a/m /a/n'),
  script(
    'move-not-from-a-shared-parent',
    `${PEERS}\ntmpfs /d\ntmpfs /a/m\nmove /a/m /d\nmove /c/m /d\nmove /d /a/n\nmove /a/n /d\nmove /c/n /d`,
  ),
  script(
    'move-unbindable',
    'tmpfs /a\ntmpfs /a/m\nunbindable /a/m\ntmpfs /b\nshared /b\nmove /a /b/m\nmove /a/m /b/m\nmove /a /c',
  ),
  script(
    'move-between-namespaces',
    'tmpfs /a\nopen /a h\nunshare\nmove @h /b\nbind /a /c\nmove /c @h/m\nmove /a /b\nleave',
  ),
  script(
    'move-what-is-unmounted',
    'tmpfs /a\nopen /a h\ntmpfs /b\ndetach /a\nmove @h /c\nmove /b @h/m\nopentree /b T\nmovetree T @h/m\nmove @T /c\nmovetree T /c',
  ),
  // propagation
  script('propagation-to-peers-and-slaves', `${PEERS}\ntmpfs /a/m\ntmpfs /b/n\ntmpfs /c/m`),
  script('propagation-not-to-the-master', `${PEERS}\ntmpfs /c/m\nshared /c\ntmpfs /c/n`),
  script('propagation-to-slaves-of-slaves', `${PEERS}\nshared /c\nbind /c /d\nslave /d\ntmpfs /a/m\ntmpfs /c/n`),
  script('propagation-to-peers-of-a-shared-slave', `${PEERS}\nshared /c\nbind /c /d\ntmpfs /a/m\ntmpfs /d/n`),
  script(
    'propagation-passes-a-group-that-does-not-show-it',
    'tmpfs /a\nshared /a\nbind /a /b\nslave /b\nshared /b\nbind /b /c\nslave /c\nshared /c\nbind /c /d/n\nslave /d/n\nbind /c/m /d/m\numount /c\ntmpfs /a/n',
  ),
  script(
    'propagation-only-where-the-place-is-shown',
    'tmpfs /a\nshared /a\nbind /a/m /b\nbind /a/n /c\ntmpfs /a/m/k\ntmpfs /a/n\ntmpfs /b/k',
  ),
  script(
    'propagation-not-to-what-is-detached',
    'tmpfs /a\nshared /a\nbind /a /b\nrclone /a T\nopen /b h\ntmpfs /a/m\nls @T/m\numount /a/m\ndetach /b\ntmpfs /a/m\nls @h/m\nmovetree T /c\ntmpfs /a/n',
  ),
  script('propagation-of-a-tree', `${PEERS}\ntmpfs /d\ntmpfs /d/m\ntmpfs /d/m/k\nrbind /d /a/n`),
  script('propagation-shares-what-is-mounted', 'tmpfs /a\nshared /a\ntmpfs /a/m\ntmpfs /b\ntmpfs /b/m\nmove /b /a/n'),
  script('propagation-tucks', `${PEERS}\ntmpfs /c/m\ntmpfs /a/m\nls /c/m\numount /c/m\ntmpfs /b/n\numount /a/n`),
  script(
    'propagation-tucks-below-a-stack',
    `${PEERS}\ntmpfs /c/m\ntmpfs /d\ntmpfs /d\nopentree /d T\ntmpfs /d/m\nmove /d /c/n\nrbind /c/n /a/m\nrbind /d /a/n\numount /c/n`,
  ),
  script(
    'propagation-tucks-a-tree-with-a-cover',
    `${PEERS}\ntmpfs /c/n\ntmpfs /d\nbind /d/m /d\nopentree /d T\nmovetree T /a/n`,
  ),
  script(
    'propagation-tucks-below-a-tree-with-a-cover',
    `${PEERS}\ntmpfs /c/n\nnewtree T\nnewtree U\nwrite @U/top 1\nmovetree U @T\nls @T\nmovetree T /a/n\nnewtree V\nwrite @V/between 1\ntreebeneath V /c/n\nls /c/n\numount /c/n\nls /c/n\numount /c/n\nls /c/n`,
  ),
  script('propagation-bind-onto-itself', 'tmpfs /a\nshared /a\nbind /a/m /a/m\nbind /a /a/n\nls /a/n'),
  // types
  script('type-shared-keeps-its-group', `${PEERS}\nshared /a\nshared /b\nshared /c\nrshared /`),
  script(
    'type-slave',
    `${PEERS}\nslave /a\nslave /b\ntmpfs /d\nslave /d\nunbindable /d\nslave /d\nshared /d\nslave /d`,
  ),
  script(
    'type-slave-of-what-is-not-shared',
    `${PEERS}\nslave /c\ntmpfs /d\nunbindable /d\nslave /d\ntmpfs /c/m\nslave /c/m`,
  ),
  script(
    'type-private-and-unbindable',
    `${PEERS}\nprivate /a\nunbindable /b\nbind /b /d\nprivate /b\nbind /b /d\nshared /c\nprivate /c`,
  ),
  script('type-shared-ends-unbindable', 'tmpfs /a\nunbindable /a\nshared /a\nbind /a /b'),
  script(
    'type-slaves-of-an-empty-group',
    `${PEERS}\nshared /c\nbind /c /d\nslave /d\nprivate /c\nprivate /a\nprivate /b`,
  ),
  script(
    'type-slaves-turn-to-the-next-master',
    `${PEERS}\nshared /c\ntmpfs /d\nbind /c /d/m\numount /c\nbind /d/m /d/n\nslave /d/n\nshared /d/n\nbind /d/n /c\nslave /c\ndetach /d`,
  ),
  script(
    'type-recursive',
    'tmpfs /a\ntmpfs /a/m\nshared /a\nprivate /a\nrshared /a\nslave /a\nrprivate /a\nshared /b\nrunbindable /a',
  ),
  script('bind-of-peers-and-slaves', `${PEERS}\nbind /c /d\nbind /b/m /d/n\nbind /c/n /d/m`),
  // umount
  script(
    'umount-busy',
    'tmpfs /a\ntmpfs /a/m\numount /a\nopen /a/m h\numount /a/m\nclose h\nchdir /a/m\numount /a/m\nchdir /\numount /a/m\nopenp /a h\numount /a\numount /a/m\numount /b\numount /nothing\ndetach /b',
  ),
  script(
    'umount-busy-by-propagation',
    `${PEERS}\ntmpfs /a/m\nopen /c/m h\numount /a/m\ntmpfs /c/m\numount /a/m\numount /c/m\ntmpfs /c/m/n\numount /a/m`,
  ),
  script(
    'umount-takes-copies',
    `${PEERS}\ntmpfs /a/m\ntmpfs /a/m/k\numount /b/m/k\numount /a/m\ntmpfs /b/n\numount /c/n`,
  ),
  script(
    'umount-takes-copies-of-other-namespaces',
    'tmpfs /a\nshared /a\nq: unshare\nr: unshare\nr: slave /a\ntmpfs /a/m\nr: umount /a/m\numount /a/m\nq: tmpfs /a/n\nr: tmpfs /a/n/m\nq: umount /a/n',
  ),
  script(
    'umount-leaves-what-something-is-in',
    `${PEERS}\ntmpfs /a/m\ntmpfs /c/m/n\numount /a/m\ntmpfs /a/n\ntmpfs /a/n/m\ntmpfs /c/n/m\ndetach /a/n`,
  ),
  script('umount-drops-what-covers', `${PEERS}\ntmpfs /c/m\ntmpfs /a/m\numount /b/m\nls /c/m`),
  script(
    'umount-lazily',
    `${PEERS}\ntmpfs /a/m\ntmpfs /a/m/k\nopen /a/m h\nopen /a/m/k i\ndetach /a/m\nls @h\nls @h/k\nls @i\nls @i/..\nclose h\ntmpfs /a/m`,
  ),
  script(
    'umount-leaves-its-peers',
    `${PEERS}\nopen /b h\ndetach /b\ntmpfs /a/m\nls @h/m\numount /a/m\ndetach /a\ntmpfs /c/m`,
  ),
  script(
    'umount-of-the-root',
    'umount /\ntmpfs /a\nq: unshare\nq: umount /\nmkdir /new\nq: remount /\nmkdir /new\nq: detach /\nq: ls /a',
  ),
  script(
    'umount-of-another-namespace',
    'tmpfs /a\nopen /a h\nunshare\numount @h\ndetach @h\nslave /a\nmove @h /b\nleave\numount /a\nclose h\numount /a',
  ),
  // namespaces
  script(
    'namespace-copies',
    `${PEERS}\ntmpfs /d\nunbindable /d\nunshare\ntmpfs /a/m\ntmpfs /c/n\nslave /a\ntmpfs /a/n`,
  ),
  script(
    'namespace-not-what-is-detached',
    'tmpfs /a\nshared /a\nopen /a h\ndetach /a\ntmpfs /b\nq: unshare\nq: ls /b\nls @h\nunshare\nls @h',
  ),
  script(
    'namespace-not-the-trees-of-others',
    'tmpfs /a\nshared /a\nbind /a /c\nslave /c\nq: rclone /a T\nunshare\nprivate /a\nq: private /a\nq: closetree T',
  ),
  script(
    'namespace-ends',
    'tmpfs /a\nshared /a\nunshare\ntmpfs /b\ntmpfs /a/m\nopen /b h\nslave /a\nleave\numount /a/m\ntmpfs /a/n',
  ),
  script(
    'namespace-of-a-child',
    'tmpfs /a\nchdir /a/m\nunshare\nls .\nchdir /b\nopen /a g\ntmpfs .\nls .\nleave\nls .\nls ..\nq: umount /a\nchdir /\nq: umount /a',
  ),
  script(
    'namespace-of-a-working-directory',
    'tmpfs /a\nchdir /a\nunshare\ntmpfs /a/m\nls m\ntmpfs n\nls /a/n\nleave\nls m\ntmpfs n',
  ),
  script(
    'namespace-parent-holds',
    'tmpfs /a\ntmpfs /b\nopen /b h\nchdir /a\nunshare\nchdir /\nq: umount /a\nq: umount /b\nleave\nchdir /\nclose h\nq: umount /a\nq: umount /b',
  ),
  script(
    'namespace-child-lets-go',
    'tmpfs /a\nunshare\nchdir /a\nleave\nrmdir /a/n\nunshare\nopen /a/m/k h\nrmdir /a/m/k\nleave\nremount /a ro',
  ),
  // trees
  script(
    'tree-clone',
    `${PEERS}\ntmpfs /a/m\nclone /a S\nrclone /a T\nopentree /a U\nmovetree S /d/m\nmovetree T /d/n\nls /d/m/m\nls /d/n/m\numount /a/m\nmovetree U /d/m/k`,
  ),
  script(
    'tree-made-private',
    `${PEERS}\nopentree /a T\nopentree /c U\ntmpfs /a/m\nmovetree T /d/m\nmovetree U /d/n\ntmpfs /a/n`,
  ),
  script(
    'tree-into-a-tree',
    'tmpfs /a\nnewtree T\nnewtree U\nmovetree U @T/m\nls @T/m\nmovetree T @T/n\nmovetree T /b\nls /b/m\nmove /b/m @T/n',
  ),
  script(
    'tree-new',
    'newtree T ro\nls @T\nnewtree U noexec\nmovetree U /b\nexec /b/x\nmovetree T /a\nmkdir /a/new\nrw /a\nmkdir /a/new\nclosetree T\nnewtree T\nclosetree T',
  ),
  script(
    'tree-flags',
    'tmpfs /a\ntmpfs /a/m\nopentree /a T\nrset @T ro,noexec\nmovetree T /b\nmkdir /b/m/new\nmkdir /a/m/new\nexec /b/m/x',
  ),
  script(
    'tree-closed',
    `${PEERS}\nrclone /a T\nopen @T h\nclosetree T\nls @h\ntmpfs /a/m\nls @h/m\nbind @h /d\nrclone /b T\nslave @T\nclosetree T\nprivate /a`,
  ),
  script(
    'tree-closed-leaves-its-group',
    'tmpfs /a\nshared /a\nbind /a /c\nslave /c\nrclone /a T\nopen @T h\nclosetree T\nprivate /a\nls @h',
  ),
  script(
    'tree-sent-by-a-child',
    'tmpfs /a\nshared /a\ntmpfs /a/m\nunshare\nrclone /a T\nleave T\numount /a/m\ntmpfs /a/n\nls @T\nls @T/m\nmovetree T /b\ntmpfs /a/m',
  ),
  script(
    'tree-sent-by-a-child-goes-beneath',
    'shared /\ntmpfs /a\nunshare\nrslave /\ntmpfs /b\ntmpfs /b/m\nrclone /b T\nnewtree U\nleave T\nopenp /a h\ntreebeneath T @h\nls /a\ndetach @h\nls /a\nls /a/m\nls /b',
  ),
  script(
    'tree-types',
    'opentree /f T\nmovetree T /a\nmovetree T /a/x\nopentree /a T\nmovetree T /f\nmovetree T /nothing\nclosetree T',
  ),
  // beneath
  script(
    'beneath',
    'tmpfs /a\nwrite /a/top 1\ntmpfs /b\nwrite /b/below 1\nbeneath /b /a\nls /a\nls /b\numount /a\nls /a\nbeneath /a /c\nbeneath /a /c/m',
  ),
  script(
    'beneath-only-under-a-mount',
    'tmpfs /a\ntmpfs /b\nbeneath /a /b/m\nbeneath /a /c\nbeneath /a/m /b\nbeneath /f /b\nbeneath /a /b',
  ),
  script(
    'beneath-not-what-is-covered',
    'tmpfs /a\ntmpfs /b\nopen /b h\ntmpfs /b\nbeneath @h /a\numount /b\nbeneath @h /a',
  ),
  script('beneath-of-peers', `${PEERS}\ntmpfs /a/m\ntmpfs /d\nbeneath /d /a/m\nls /c/m\numount /b/m\nls /c/m`),
  script(
    'beneath-not-with-a-cover',
    'tmpfs /a\ntmpfs /b\ntmpfs /c\nbind /b/m /b\nopentree /b T\ntreebeneath T /a\nopen /b/.. r\nbeneath /b /a',
  ),
  script(
    'beneath-not-the-root',
    'tmpfs /a\nbeneath /a /\nnewtree T\ntreebeneath T /\ntreebeneath T /a\nq: unshare\nq: beneath /a /',
  ),
  script(
    'beneath-not-under-its-own-parent',
    'tmpfs /a\ntmpfs /a/m\nbeneath /a/m /a\nbeneath /a /a/m\nbeneath /a /a\ntmpfs /b\nbeneath /a/m /b',
  ),
  script(
    'beneath-not-where-it-would-cover-the-top',
    'tmpfs /a\nshared /a\nbind /a/m /a/m\nnewtree T\ntreebeneath T /a/m\ntmpfs /b\nbeneath /b /a/m\nprivate /a/m\nbeneath /b /a/m',
  ),
  script(
    'beneath-not-where-a-master-would-cover-the-top',
    'tmpfs /a\nshared /a\nbind /a/m /a/m\nslave /a/m\nnewtree T\ntreebeneath T /a/m\nshared /a/m\ntreebeneath T /a/m\nprivate /a/m\ntreebeneath T /a/m',
  ),
  script(
    'beneath-not-where-it-would-cover-what-moves',
    'tmpfs /a\nshared /a\nopen /a/m h\ntmpfs /a/m\nbind @h /b\nbeneath /b /a/m\nprivate /b\nbeneath /b /a/m',
  ),
  script(
    'beneath-a-removed-or-unmounted-place',
    'tmpfs /a\nopen /a h\nnewtree T\nnewtree U\ntreebeneath T @U\ndetach /a\ntreebeneath T @h\nopentree /b/n V\nrmdir /b/n\ntreebeneath T @V',
  ),
  script(
    'beneath-and-shared',
    'tmpfs /a\nshared /a\ntmpfs /a/m\ntmpfs /b\nunbindable /b\nbeneath /b /a/m\nprivate /b\nbeneath /b /a/m\nbeneath /a/m /b',
  ),
  // flags
  script(
    'flag-ro',
    'tmpfs /a\nbind /a /b\nro /a\nmkdir /a/new\nmkdir /b/new\nopenw /a/f h\nrw /a\nopenw /a/f h\nro /a\nro /b\nbind /a /c\nclose h\nro /a\nro /a',
  ),
  script(
    'flag-ro-again-with-a-writer',
    'tmpfs /a\nbind /a /b\nopenw /a/f h\nro /b\nset /b noexec\nbind /b /c\nopenw /c/f g\nset /a ro,noexec\nset /a noexec\nclose h\nset /a ro\nset /a ro,nodev',
  ),
  script(
    'flag-recursive',
    'tmpfs /a\ntmpfs /a/m\nrro /a\nmkdir /a/m/new\nrw /a/m\nmkdir /a/m/new\nopenw /a/m/f h\nrro /a\nclose h\nrro /a\nrrw /a\nset /b ro\nset /nothing ro\nrset /a nodev,noexec\nrclear /a nodev',
  ),
  script(
    'flag-order-of-refusals',
    'tmpfs /a\nchmod /a/f 0444\nro /a\nopenw /a/f h\nwrite /a/f x\nmkdir /a/m\nmkdir /a/new\nunlink /a/missing\nrmdir /a/f\nrename /a/missing /a/x\nlink /a/f /a/f\nlink /a/f /a/g\nchmod /a/f 0644',
  ),
  script(
    'flag-nodev-and-noexec',
    'tmpfs /a\nopen /a/z h\nexec /a/x\nset /a nodev,noexec\nopen /a/z i\nopenp /a/z j\nexec /a/x\nclear /a noexec\nexec /a/x\nbind /a /b\nexec /b/x\nopen /b/z k\nexec /a/f\nexec /a/m',
  ),
  script(
    'flag-nosuid',
    'tmpfs /a\nexec /a/x\nset /a nosuid\nexec /a/x\nclear /a nosuid\nopen /a h\nexec @h/x\ndetach /a\nexec @h/x\nopentree /b T\nexec @T/x\nopen /b i\nunshare\nexec @i/x\nexec /b/x\nchmod /b/x 06745\nexec /b/x',
  ),
  script(
    'flag-text-busy',
    'openw /a/x h\nexec /a/x\nbind /a /b\nexec /b/x\nclose h\nexec /b/x\nlink /a/x /a/y\nopenw /a/y h\nexec /a/x',
  ),
  script(
    'remount-flags',
    'tmpfs /a noatime,nodev\nremount /a noexec\nbremount /a nosuid\nbremount /a\nremount /a ro\nmkdir /a/new\nremount /a\nmkdir /a/new\nremount /a/m ro\nbremount /a/m ro\nbremount /b ro',
  ),
  script(
    'remount-ro-is-for-all-mounts',
    'tmpfs /a\nbind /a /b\nremount /a ro\nmkdir /b/new\nremount /b\nmkdir /a/new\nbremount /a ro\nmkdir /b/other\nmkdir /a/other',
  ),
  script(
    'remount-with-writers',
    'tmpfs /a\nbind /a /b\nopenw /b/f h\nremount /a ro\nbremount /a ro\nbremount /b ro\nclose h\nopen /a/m/k g\nrmdir /a/m/k\nremount /a ro\nclose g\nremount /a ro\nopenw /a/z z',
  ),
  script(
    'remount-below-an-overlay',
    'tmpfs /a\ntmpfs /b\noverlayw /c /b /a\nopenw /c/f h\nremount /a ro\nclose h\nremount /a ro\nmkdir /c/new\nwrite /c/f x\nremount /c ro\nremount /c\noverlay /d /b/m /b/n\nremount /d\nremount /d ro',
  ),
  script(
    'remount-below-an-overlay-of-what-is-in-a-lower-layer',
    'tmpfs /a\ntmpfs /b\nmkdir /b/low\noverlayw /c /b /a\nremount /a ro\nmkdir /c/low/new\nrmdir /c/low\nrename /c/low/../f /c/low/f\nchmod /c/f 0600\nopenw /c/f h\nremount /a\nmkdir /c/low/new',
  ),
  script(
    'remount-with-something-removed-and-held',
    'tmpfs /a\nopen /a/m/k g\nrmdir /a/m/k\nremount /a ro\nbremount /a ro\nclose g\nremount /a ro',
  ),
  script(
    'rename-and-link-across-mounts',
    'tmpfs /a\nbind /a /b\nrename /a/f /b/f\nrename /a/f /a/g\nlink /a/g /b/h\nlink /a/g /a/h\nrename /f /a/f\nxchg /a/g /b/h',
  ),
];
