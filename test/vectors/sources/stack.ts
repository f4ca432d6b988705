import { both, type Draft, dir, draft, fd, file, link, on, open, remount, symlink, whiteout } from './draft.ts';

/** Looking at an overlay: sections 1 to 3 of the claims. */

const X = 'trusted.overlay.whiteout';
const REDIRECT = 'trusted.overlay.redirect';
const ORIGIN = 'trusted.overlay.origin';

export const STACK: readonly Draft[] = [
  draft(
    'stack-upper-is-on-top',
    {
      upper: [file('/f', 'upper'), dir('/d')],
      lowers: [
        [file('/f', 'l0'), file('/g', 'l0')],
        [file('/g', 'l1'), file('/h', 'l1'), file('/d', 'l1')],
      ],
    },
    [on('read', '/f'), on('read', '/g'), on('read', '/h'), on('lstat', '/d')],
  ),
  draft(
    'stack-non-directory-hides-directory',
    {
      upper: [file('/a', 'A'), link('/b', '/a'), symlink('/s', 'a')],
      lowers: [[dir('/a'), file('/a/x', 'x'), dir('/s'), file('/s/y', 'y')]],
    },
    [on('stat', '/a'), on('read', '/a/x'), on('read', '/s/y'), on('read', '/s'), on('unlink', '/a'), on('lstat', '/a')],
  ),
  draft(
    'stack-file-below-new-directory',
    { upper: [dir('/d'), file('/d/x', 'x')], lowers: [[file('/d', 'file')], [dir('/d'), file('/d/y', 'y')]] },
    [on('readdir', '/d'), both('rename', '/d', '/e'), on('lstat', '/d'), on('readdir', '/e')],
  ),
  draft(
    'stack-file-in-the-middle-ends-merge',
    { lowers: [[dir('/d'), file('/d/a', 'a')], [file('/d', 'file')], [dir('/d'), file('/d/c', 'c')]] },
    [
      on('readdir', '/d'),
      on('read', '/d/c'),
      on('rmdir', '/d'),
      on('unlink', '/d/a'),
      on('rmdir', '/d'),
      on('lstat', '/d'),
    ],
  ),
  draft(
    'stack-whiteout-in-the-middle-ends-merge',
    {
      lowers: [
        [dir('/d'), file('/d/a', 'a')],
        [whiteout('/d'), dir('/e'), whiteout('/e/f')],
        [dir('/d'), file('/d/c', 'c'), dir('/e'), file('/e/f', 'f')],
      ],
    },
    [on('readdir', '/d'), on('read', '/d/c'), on('readdir', '/e'), on('lstat', '/e/f')],
  ),
  draft(
    'stack-missing-name-goes-on-below',
    {
      upper: [dir('/d')],
      lowers: [[dir('/d'), file('/d/a', 'a')], [], [dir('/d'), file('/d/c', 'c'), file('/f', 'f')]],
    },
    [on('readdir', '/d'), on('read', '/d/c'), on('read', '/f')],
  ),
  draft(
    'stack-child-of-unmerged-directory',
    {
      lowers: [
        [dir('/d', { opaque: 'y' }), dir('/d/e')],
        [dir('/d'), dir('/d/e'), file('/d/e/f', 'f')],
      ],
    },
    [on('readdir', '/d'), on('readdir', '/d/e'), on('lstat', '/d/e/f')],
  ),
  draft(
    'symlink-absolute-target-starts-at-root',
    {
      upper: [dir('/d'), symlink('/d/s', '/f')],
      lowers: [[file('/f', 'root'), dir('/d'), file('/d/f', 'near'), symlink('/d/r', 'f'), symlink('/t', 'd')]],
    },
    [on('read', '/d/s'), on('read', '/d/r'), on('read', '/t/f'), on('lstat', '/t/'), on('stat', '/d/s/')],
  ),
  draft(
    'symlink-forty',
    {
      lowers: [
        [file('/l0', 'end'), ...Array.from({ length: 41 }, (_, index) => symlink(`/l${index + 1}`, `l${index}`))],
      ],
    },
    [on('read', '/l40'), on('read', '/l41'), on('lstat', '/l41'), on('chmod', '/l40', { mode: 0o600 })],
  ),
  draft('symlink-nofollow', { lowers: [[file('/f', 'f'), symlink('/s', 'f'), dir('/d'), symlink('/t', 'd')]] }, [
    open('/s', 'O_RDONLY|O_NOFOLLOW'),
    open('/t', 'O_RDONLY|O_NOFOLLOW|O_DIRECTORY'),
    open('/s', 'O_RDONLY|O_NOFOLLOW|O_CREAT'),
    open('/t/', 'O_RDONLY|O_NOFOLLOW|O_DIRECTORY'),
    open('/s', 'O_PATH|O_NOFOLLOW', { fd: 'p' }),
    fd('fdstat', 'p'),
  ]),
  draft('symlink-excl-and-dangling', { lowers: [[symlink('/s', 'new'), symlink('/t', 'd/new'), dir('/d')]] }, [
    open('/s', 'O_WRONLY|O_CREAT|O_EXCL', { mode: 0o644 }),
    on('lstat', '/new'),
    open('/s', 'O_WRONLY|O_CREAT|O_NOFOLLOW', { mode: 0o644 }),
    on('write', '/t', { data: 't' }),
    on('read', '/d/new'),
  ]),
  draft('symlink-target', { lowers: [[]] }, [
    on('symlink', '/e', { target: '' }),
    on('symlink', '/long', { target: 'x'.repeat(4096) }),
    on('symlink', '/less', { target: 'x'.repeat(4095) }),
    on('readlink', '/less'),
    on('read', '/less'),
  ]),
  draft('path-names-of-255-bytes', { lowers: [[file(`/${'x'.repeat(255)}`, 'x')]] }, [
    on('read', `/${'x'.repeat(255)}`),
    on('lstat', `/${'x'.repeat(256)}`),
    on('lstat', `/${'x'.repeat(256)}/y`),
    on('mkdir', `/${'é'.repeat(127)}y`),
    on('mkdir', `/${'é'.repeat(128)}`),
    on('lstat', `/${'é'.repeat(128)}`),
  ]),
  draft('path-of-4096-bytes', { lowers: [[dir('/d'), file('/d/f', 'f')]] }, [
    on('read', `${'/d/..'.repeat(818)}/d/f`),
    on('read', `${'/d/..'.repeat(818)}//d/f`),
    on('read', `${'/d/..'.repeat(818)}///d/f`),
    on('mkdir', `${'/d/..'.repeat(818)}///d/g`),
  ]),
  draft('path-through-what-is-no-directory', { lowers: [[file('/f', 'f'), dir('/d'), symlink('/s', 'f')]] }, [
    on('lstat', '/f/x'),
    on('lstat', '/f/'),
    on('lstat', '/f/.'),
    on('lstat', '/f/..'),
    on('lstat', '/missing/x'),
    on('lstat', '/s/'),
    on('stat', '/d/'),
    on('mkdir', '/f/x'),
    on('readdir', '/f'),
  ]),
  draft('path-dotdot', { lowers: [[file('/f', 'f'), dir('/d'), dir('/d/e'), symlink('/s', 'd/e')]] }, [
    on('read', '/d/e/../../f'),
    on('read', '/../../f'),
    on('read', '/s/../../f'),
    on('read', '/s/../f'),
  ]),
  draft('path-empty', { lowers: [[]] }, [
    on('symlink', '/s', { target: './' }),
    on('stat', '/s'),
    on('mkdir', '/'),
    on('lstat', '//'),
  ]),
  draft(
    'whiteout-other-device',
    {
      lowers: [
        [
          { path: '/n', type: 'chr', mode: 0o644, rdev: [1, 3] },
          { path: '/z', type: 'chr', mode: 0o644, rdev: [0, 3] },
          { path: '/y', type: 'chr', mode: 0o644, rdev: [3, 0] },
          { path: '/b', type: 'blk', mode: 0o644, rdev: [0, 0] },
        ],
        [file('/n', 'n'), file('/z', 'z'), file('/y', 'y'), file('/b', 'b')],
      ],
    },
    [
      on('lstat', '/n'),
      on('lstat', '/z'),
      on('lstat', '/y'),
      on('lstat', '/b'),
      on('readdir', '/'),
      on('unlink', '/n'),
    ],
  ),
  draft(
    'whiteout-of-upper-hides-all-layers',
    {
      upper: [whiteout('/f'), dir('/d'), whiteout('/d/g')],
      lowers: [
        [file('/f', 'l0'), dir('/d'), file('/d/g', 'l0'), file('/d/h', 'h')],
        [file('/f', 'l1'), dir('/d'), file('/d/g', 'l1')],
      ],
    },
    [
      on('lstat', '/f'),
      on('readdir', '/'),
      on('readdir', '/d'),
      on('write', '/f', { data: 'new' }),
      on('unlink', '/f'),
    ],
  ),
  draft(
    'whiteout-file-with-content-is-none',
    {
      lowers: [
        [file('/f', 'content', { xattrs: { [X]: 'y' } }), { path: '/g', type: 'xwhiteout' }],
        [file('/f', 'below'), file('/g', 'below')],
      ],
    },
    [on('read', '/f'), on('read', '/g'), on('readdir', '/')],
  ),
  draft(
    'readdir-has-the-upper-type',
    {
      upper: [dir('/d'), symlink('/d/a', 'x')],
      lowers: [
        [dir('/d'), file('/d/a', 'file'), file('/d/b', 'file')],
        [dir('/d'), dir('/d/a'), dir('/d/b')],
      ],
    },
    [on('readdir', '/d')],
  ),
  draft(
    'opaque-directory-is-merged-itself',
    {
      lowers: [
        [dir('/d', { mode: 0o700 }), file('/d/a', 'a')],
        [dir('/d', { opaque: 'y' }), file('/d/b', 'b')],
        [dir('/d'), file('/d/c', 'c')],
      ],
    },
    [on('readdir', '/d'), on('read', '/d/b'), on('lstat', '/d/c'), on('lstat', '/d')],
  ),
  draft(
    'opaque-x-is-not-opaque',
    {
      lowers: [
        [dir('/d', { opaque: 'x' }), file('/d/a', 'a')],
        [dir('/d'), file('/d/b', 'b')],
      ],
    },
    [on('readdir', '/d'), on('read', '/d/b')],
  ),
  draft(
    'opaque-x-of-upper-means-nothing',
    {
      upper: [dir('/d', { opaque: 'x' }), { path: '/d/w', type: 'xwhiteout' }],
      lowers: [[dir('/d'), file('/d/w', 'below'), file('/d/f', 'f')]],
    },
    [on('readdir', '/d'), on('read', '/d/w'), on('read', '/d/f')],
  ),
  draft(
    'copied-up-directory-lists-no-whiteouts',
    {
      upper: [dir('/u', { xattrs: { [ORIGIN]: 'y' } }), whiteout('/u/w'), file('/u/f'), dir('/v'), whiteout('/v/w')],
      lowers: [[dir('/d', { xattrs: { [ORIGIN]: 'y' } }), whiteout('/d/w'), file('/d/f')]],
      note: 'overlay.origin says that a directory was merged once; what it was merged with is not there any more',
    },
    [
      on('readdir', '/u'),
      on('readdir', '/v'),
      on('readdir', '/d'),
      on('unlink', '/u/f'),
      on('rmdir', '/u'),
      on('rmdir', '/v'),
    ],
  ),
  // redirects that the kernel would not make
  draft(
    'redirect-in-a-lower-layer',
    {
      lowers: [
        [dir('/p'), dir('/p/e', { xattrs: { [REDIRECT]: '/d/s' } })],
        [dir('/d'), dir('/d/s'), file('/d/s/f', 'f'), dir('/p'), dir('/p/e'), file('/p/e/wrong', 'w')],
      ],
    },
    [on('readdir', '/p/e'), on('read', '/p/e/f')],
  ),
  draft(
    'redirect-goes-on-in-the-next-layer',
    {
      lowers: [
        [dir('/p'), dir('/p/e', { xattrs: { [REDIRECT]: '/q/s' } })],
        [dir('/q'), dir('/q/s'), file('/q/s/a', 'a')],
        [dir('/q'), dir('/q/s'), file('/q/s/b', 'b'), dir('/p'), dir('/p/e'), file('/p/e/wrong', 'w')],
      ],
    },
    [on('readdir', '/p/e'), on('readdir', '/p')],
  ),
  draft(
    'redirect-of-a-redirect',
    {
      lowers: [
        [dir('/a', { xattrs: { [REDIRECT]: '/b/x' } })],
        [dir('/b', { xattrs: { [REDIRECT]: '/c' } }), dir('/b/x'), file('/b/x/1', '1')],
        [dir('/c'), dir('/c/x'), file('/c/x/2', '2'), dir('/b'), dir('/b/x'), file('/b/x/wrong', 'w')],
      ],
    },
    [on('readdir', '/a'), on('readdir', '/b'), on('readdir', '/b/x')],
  ),
  draft(
    'redirect-relative-on-the-way',
    {
      lowers: [
        [dir('/a', { xattrs: { [REDIRECT]: '/p/b/x' } })],
        [dir('/p'), dir('/p/b', { xattrs: { [REDIRECT]: 'c' } }), dir('/p/b/x'), file('/p/b/x/1', '1')],
        [dir('/p'), dir('/p/c'), dir('/p/c/x'), file('/p/c/x/2', '2'), dir('/c'), dir('/c/x'), file('/c/x/wrong', 'w')],
      ],
    },
    [on('readdir', '/a'), on('readdir', '/p'), on('readdir', '/p/b/x')],
  ),
  draft(
    'redirect-through-an-opaque-directory',
    {
      lowers: [
        [dir('/a', { xattrs: { [REDIRECT]: '/b/x' } })],
        [dir('/b', { opaque: 'y' }), dir('/b/x', { xattrs: { [REDIRECT]: '/c' } }), file('/b/x/1', '1')],
        [dir('/c'), file('/c/2', '2'), dir('/b'), dir('/b/x'), file('/b/x/3', '3')],
      ],
    },
    [on('readdir', '/a'), on('readdir', '/b/x')],
  ),
  draft(
    'redirect-stops-at-an-opaque-directory-on-the-way',
    {
      lowers: [
        [dir('/a', { xattrs: { [REDIRECT]: '/b/x' } })],
        [dir('/b', { opaque: 'y' }), dir('/b/x'), file('/b/x/1', '1')],
        [dir('/b'), dir('/b/x'), file('/b/x/3', '3')],
      ],
    },
    [on('readdir', '/a'), on('readdir', '/b/x')],
  ),
  draft(
    'redirect-invalid',
    {
      lowers: [
        [dir('/a', { xattrs: { [REDIRECT]: 'b/c' } }), dir('/d')],
        [dir('/a'), dir('/b'), dir('/b/c'), dir('/d')],
      ],
    },
    [on('lstat', '/a'), on('readdir', '/'), on('mkdir', '/a', { mode: 0o755 })],
  ),
  draft('redirect-empty', { lowers: [[dir('/a', { xattrs: { [REDIRECT]: '' } }), file('/a/f', 'f')], [dir('/a')]] }, [
    on('lstat', '/a'),
    on('readdir', '/'),
  ]),
  draft(
    'redirect-in-the-last-layer-means-nothing',
    { lowers: [[dir('/d')], [dir('/d', { xattrs: { [REDIRECT]: 'b/c' } }), file('/d/f', 'f')]] },
    [on('readdir', '/d'), on('lstat', '/d')],
  ),
  draft(
    'nofollow-refuses-redirect-of-a-lower-layer',
    {
      options: 'redirect_dir=nofollow',
      lowers: [[dir('/a', { xattrs: { [REDIRECT]: 'b' } })], [dir('/a'), dir('/b'), file('/b/f', 'f')]],
    },
    [on('lstat', '/a'), on('readdir', '/')],
  ),
  draft(
    'nofollow-refuses-redirect-of-upper',
    {
      options: 'redirect_dir=nofollow',
      upper: [dir('/a', { xattrs: { [REDIRECT]: 'missing' } }), file('/a/f', 'f')],
      lowers: [[dir('/b')]],
    },
    [on('lstat', '/a'), on('readdir', '/'), on('read', '/a/f')],
  ),
  draft(
    'nofollow-redirect-where-nothing-is-below',
    {
      options: 'redirect_dir=nofollow',
      upper: [dir('/u', { opaque: 'y' }), dir('/u/d', { xattrs: { [REDIRECT]: 'b' } }), file('/u/d/f', 'f')],
      lowers: [
        [dir('/p', { opaque: 'y' }), dir('/p/a', { xattrs: { [REDIRECT]: 'b' } }), file('/p/a/f', 'f')],
        [dir('/p'), dir('/p/a'), dir('/u')],
      ],
    },
    [on('readdir', '/u/d'), on('readdir', '/p'), on('readdir', '/p/a')],
  ),
  draft(
    'follow-leads-further-than-the-parents',
    {
      options: 'redirect_dir=follow',
      lowers: [
        [dir('/p', { opaque: 'y' }), dir('/p/a', { xattrs: { [REDIRECT]: '/b' } }), file('/p/a/1', '1')],
        [dir('/b'), file('/b/2', '2'), dir('/p')],
      ],
    },
    [on('readdir', '/p/a'), on('read', '/p/a/2'), both('rename', '/p/a', '/c')],
  ),
  draft(
    'follow-leads-from-the-last-layer-but-one',
    {
      options: 'redirect_dir=follow',
      lowers: [
        [dir('/p'), dir('/p/a', { xattrs: { [REDIRECT]: '/b' } }), file('/p/a/1', '1')],
        [dir('/b'), file('/b/2', '2')],
      ],
    },
    [on('readdir', '/p/a'), on('read', '/p/a/2')],
  ),
  draft('remount-shows-the-same', { upper: [dir('/d')], lowers: [[dir('/d'), file('/d/f', 'f')]] }, [
    on('write', '/d/g', { data: 'g' }),
    on('unlink', '/d/f'),
    remount,
    on('readdir', '/d'),
    on('lstat', '/d/f'),
    on('mkdir', '/d/f'),
    remount,
    on('readdir', '/d'),
  ]),
  draft(
    'opaque-x-of-the-bottom-layer-means-nothing',
    { upper: [dir('/a')], lowers: [[dir('/a', { opaque: 'x' }), { path: '/a/w', type: 'xwhiteout' }]] },
    [on('readdir', '/a'), on('lstat', '/a/w')],
  ),
];
