import { describe, expect, it } from 'vitest';
import { descriptorOf, parseStrace, stringOf } from '../../src/live/strace.ts';
import { deedsOf } from '../../src/live/syscalls.ts';

/** A tool that begins as process 1, in the root /r. */
const told = (...lines: readonly string[]): readonly string[] =>
  deedsOf(parseStrace(['1 execve("/usr/bin/systemd-confext", ["x"], 0x7ffe) = 0', ...lines].join('\n')), '/r').map(
    ({ call: { op, ...args }, result, line }) => `${line} ${op} ${JSON.stringify(args)} ${result}`,
  );

describe('the output of strace', () => {
  it.each([
    ['a call', '7 umount2("/etc", MNT_DETACH) = 0', { name: 'umount2', args: ['"/etc"', 'MNT_DETACH'], errno: null }],
    ['an error', '7 rmdir("a,b)") = -1 EBUSY (Device or resource busy)', { args: ['"a,b)"'], errno: 'EBUSY' }],
    ['no arguments', '7 getpid() = 7', { args: [], result: '7' }],
    ['a structure', '7 f({a=1, b=[2, 3]}, 4) = 0', { args: ['{a=1, b=[2, 3]}', '4'] }],
    ['a descriptor', '7 close(3</a, b (c)>) = 0', { args: ['3</a, b (c)>'] }],
    ['what never came back', '7 exit_group(1) = ?', { args: ['1'], result: null }],
    ['a process that ended', '7 +++ exited with 3 +++', { ended: 3 }],
    ['a process that was killed', '7 +++ killed by SIGABRT (core dumped) +++', { ended: 'SIGABRT' }],
  ])('%s', (_, line, expected) => {
    expect(parseStrace(line)).toMatchObject([expected]);
  });

  it('a call that another process interrupts is one call, at its first line', () => {
    const lines = [
      '1 waitid(P_PID, 2,  <unfinished ...>',
      '2 close(3) = 0',
      '1 <... waitid resumed>{si_pid=2}, WEXITED, NULL) = 0',
    ];
    expect(parseStrace(lines.join('\n'))).toMatchObject([
      { line: 2, pid: 2, name: 'close' },
      { line: 1, pid: 1, name: 'waitid', args: ['P_PID', '2', '{si_pid=2}', 'WEXITED', 'NULL'] },
    ]);
  });

  it('refuses what is not', () => {
    expect(() => parseStrace('1 close(3) = 0\nhello')).toThrow('line 2 is not');
    expect(() => parseStrace('1 close(3')).toThrow('have no end');
    expect(() => stringOf('"abc"...')).toThrow('shortened');
  });

  it('strings and descriptors', () => {
    expect(stringOf('"a\\n\\"\\303\\244"')).toBe('a\n"ä');
    expect(stringOf('NULL')).toBe(null);
    expect(descriptorOf('3</a>')).toEqual({ fd: '3', path: '/a' });
    expect(descriptorOf('AT_FDCWD</r>')).toEqual({ fd: 'AT_FDCWD', path: '/r' });
    expect(descriptorOf('3')).toBe(null);
  });
});

describe('system calls in the words of the model', () => {
  it('nothing before the tool begins', () => {
    const text = '1 mount(NULL, "/", NULL, MS_REC|MS_SLAVE, NULL) = 0';
    expect(deedsOf(parseStrace(text), '/r')).toEqual([]);
  });

  it.each([
    [
      'a mount by a path of a descriptor',
      [
        '1 openat(AT_FDCWD</r>, "/run", O_RDONLY|O_PATH) = 3</r/run>',
        '1 mount(NULL, "/proc/self/fd/3", NULL, MS_REC|MS_SLAVE, NULL) = 0',
      ],
      ['3 mount-propagation {"path":"/run","to":"slave","recursive":true} ok'],
    ],
    [
      'a name below a descriptor',
      ['1 mkdirat(4</r/run>, "x", 0755) = -1 EROFS (Read-only file system)'],
      ['2 mkdir {"path":"/run/x","mode":493} EROFS'],
    ],
    ['a directory that is there', ['1 mkdir("/run", 0755) = -1 EEXIST (File exists)'], []],
    [
      'a file that is written',
      [
        '1 openat(AT_FDCWD</r>, "/f", O_WRONLY|O_CREAT, 0644) = 3</r/f>',
        '1 write(3</r/f>, "a", 1) = 1',
        '1 write(3</r/f>, "b\\n", 2) = 2',
      ],
      ['2 write {"path":"/f","data":"ab\\n"} ok'],
    ],
    [
      'rm -rf',
      [
        '1 unlinkat(AT_FDCWD</r>, "var/w", AT_REMOVEDIR) = -1 ENOTEMPTY (Directory not empty)',
        '1 unlinkat(3</r/var/w>, "work", AT_REMOVEDIR) = 0',
        '1 unlinkat(AT_FDCWD</r>, "var/w", AT_REMOVEDIR) = 0',
      ],
      ['3 removeTree {"path":"/var/w"} ok'],
    ],
    [
      'a clone that is moved',
      [
        '1 open_tree(AT_FDCWD</r>, "/etc/s", OPEN_TREE_CLONE|AT_RECURSIVE) = 3</>',
        '1 mount_setattr(3</>, "", AT_EMPTY_PATH|AT_RECURSIVE, {attr_set=0, attr_clr=0, propagation=MS_PRIVATE, userns_fd=0}, 32) = 0',
        '1 move_mount(3</>, "", 4</r/p>, "", MOVE_MOUNT_F_EMPTY_PATH|MOVE_MOUNT_T_EMPTY_PATH) = 0',
        '1 close(3</r/p>) = 0',
      ],
      [
        '2 open-tree {"path":"/etc/s","tree":"/etc/s","recursive":true,"private":true} ok',
        '4 move-tree {"tree":"/etc/s","path":"/p"} ok',
      ],
    ],
    [
      'the same with a call that strace only knows by number',
      [
        '1 statx(AT_FDCWD</r>, "/etc/s", AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, {}) = 0',
        '1 syscall_0x1d3(0xffffff9c, 0x5592, 0x88801, 0x7ffd, 0x20, 0) = 0x3',
        '1 move_mount(3</>, "", 4</r/p>, "", MOVE_MOUNT_F_EMPTY_PATH|MOVE_MOUNT_T_EMPTY_PATH) = 0',
      ],
      [
        '3 open-tree {"path":"/etc/s","tree":"/etc/s","recursive":true,"private":true} ok',
        '4 move-tree {"tree":"/etc/s","path":"/p"} ok',
      ],
    ],
    [
      'a clone that is dropped at once',
      ['1 open_tree(AT_FDCWD</r>, "/etc/s/n", OPEN_TREE_CLONE) = 3</>', '1 close(3</>) = 0'],
      [],
    ],
    [
      'a child',
      [
        '1 clone(child_stack=NULL, flags=CLONE_NEWNS|SIGCHLD) = 2',
        '2 exit_group(123) = ?',
        '2 +++ exited with 123 +++',
      ],
      ['2 unshare {} ok', '3 leave {"status":123} ok'],
    ],
    [
      'a child that is faster than its parent',
      [
        '1 clone(child_stack=NULL, flags=CLONE_NEWNS|SIGCHLD <unfinished ...>',
        '2 umount2("/etc", MNT_DETACH) = 0',
        '1 <... clone resumed>) = 2',
        '2 exit_group(0) = ?',
      ],
      ['2 unshare {} ok', '3 umount {"path":"/etc","detach":true,"nofollow":false} ok', '5 leave {"status":0} ok'],
    ],
    [
      'a child that is killed',
      ['1 clone(child_stack=NULL, flags=CLONE_NEWNS|SIGCHLD) = 2', '2 +++ killed by SIGABRT +++'],
      ['2 unshare {} ok', '3 leave {"status":"SIGABRT"} ok'],
    ],
    [
      'a recursive change of flags',
      [
        '1 mount_setattr(AT_FDCWD</r>, "/o", AT_SYMLINK_NOFOLLOW|AT_RECURSIVE, {attr_set=MOUNT_ATTR_RDONLY, attr_clr=0, propagation=0 /* MS_??? */, userns_fd=0}, 32) = 0',
      ],
      ['2 mount-flags {"path":"/o","set":["ro"],"recursive":true} ok'],
    ],
  ])('%s', (_, lines, expected) => {
    expect(told(...lines)).toEqual(expected);
  });

  it('says so when a call is in no table', () => {
    expect(() => told('1 pivot_root(".", ".") = 0')).toThrow('line 2: nobody says what pivot_root');
  });
});
