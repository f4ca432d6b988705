import type { Call, CallOf, CallResult, Option } from '../../src/kernel/calls.ts';
import type { Errno } from '../../src/kernel/types.ts';

/**
 * Overlay mounts that Linux takes or refuses, as data: what is there, what is done before, the mount, and what it gives. Each
 * row was seen on Linux 6.18 (redirect_dir, index, metacopy, nfs_export and xino_auto off, redirect_always_follow on), as
 * root, in a mount namespace of its own without propagation, chrooted into a tmpfs that holds nothing but the drawn tree.
 */
export interface PlanRow {
  readonly name: string;
  /** The tmpfs that is the caller's root, drawn; {@link DISK} where it is left out. */
  readonly disk?: string;
  /** Calls before the mount. All of them succeed. */
  readonly before?: readonly Call[];
  readonly mount: Call;
  readonly errno: Errno | 'ok';
  /** The effective user and group of who mounts; root where it is left out. */
  readonly as?: number;
  /** Root's calls after the mount, with what they give. */
  readonly after?: readonly (readonly [Call, CallResult])[];
  /** Why the model does not promise the outcome; it says so, and Linux has no such thing. */
  readonly uncertain?: string;
}

export const DISK = String.raw`
a/
  f "a"
  x/
b/
  f "b"
  g "b"
c/
  i "c"
u/
  x/
w/
  x/
o/
p/
n/
mnt/
a:b/
a,b/
"a\\b"/
file "x"
link -> /a
dangling -> /nowhere`;

type More = Partial<Omit<PlanRow, 'name' | 'errno' | 'mount'>>;
const plan = (errno: PlanRow['errno'], name: string, data: string, more: More = {}): PlanRow => ({
  name,
  errno,
  mount: overlay(data),
  ...more,
});
/** "key=value" and "key" as options of fsconfig(2). */
const pairs = (...options: readonly string[]): readonly Option[] =>
  options.map((option) => {
    const equals = option.indexOf('=');
    return equals === -1 ? [option, null] : [option.slice(0, equals), option.slice(equals + 1)];
  });
const config = (errno: PlanRow['errno'], name: string, options: readonly string[], more: More = {}): PlanRow => ({
  name,
  errno,
  mount: overlay(pairs(...options), '/mnt'),
  ...more,
});
const called = (errno: PlanRow['errno'], name: string, mount: Call, more: More = {}): PlanRow => ({
  name,
  errno,
  mount,
  ...more,
});

type OverlayCall = CallOf<'mount-overlay-data'>;
const overlay = (data: OverlayCall['data'], path = '/mnt'): OverlayCall => ({
  op: 'mount-overlay-data',
  path,
  source: 'overlay',
  data,
});
const tmpfs = (path: string): Call => ({ op: 'mount-tmpfs', path });
const bind = (from: string, path: string): Call => ({ op: 'mount-bind', from, path });
const readonly = (path: string): Call => ({ op: 'mount-flags', path, set: ['ro'] });
const unbindable = (path: string): Call => ({ op: 'mount-propagation', path, to: 'unbindable' });
const umount = (path: string): Call => ({ op: 'umount', path });
const detach = (path: string): Call => ({ op: 'umount', path, detach: true });
const mkdir = (path: string): Call => ({ op: 'mkdir', path, mode: 0o755 });
const rmdir = (path: string): Call => ({ op: 'rmdir', path });
const chdir = (path: string): Call => ({ op: 'chdir', path });
const rename = (from: string, to: string): Call => ({ op: 'rename', from, to });
const remove = (path: string): Call => ({ op: 'removeTree', path });

type Step = readonly [Call, CallResult];
const lists = (path: string, ...names: readonly string[]): Step => [
  { op: 'readdir', path },
  { ok: names.map((name) => (name.endsWith('/') ? ([name.slice(0, -1), 'dir'] as const) : ([name, 'file'] as const))) },
];
const reads = (path: string, content: string): Step => [{ op: 'read', path }, { ok: content }];
const cannotRead = (path: string, errno: Errno): Step => [{ op: 'read', path }, { err: errno }];
const write = (path: string): Call => ({ op: 'write', path, data: 'new' });
const WRITABLE: Step = [write('/mnt/new'), { ok: null }];
const READONLY: Step = [write('/mnt/new'), { err: 'EROFS' }];
const mode = (path: string, bits: number): Step => [
  { op: 'lstat', path },
  { ok: { type: 'dir', mode: bits, uid: 0, gid: 0, nlink: 2 } },
];
const marks = (path: string, ...names: readonly string[]): Step => [{ op: 'listxattr', path }, { ok: names }];
const sets = (path: string, name: string): Step => [{ op: 'setxattr', path, name, value: 'v' }, { ok: null }];
const does = (call: Call): Step => [call, { ok: null }];
const fails = (call: Call, err: Errno): Step => [call, { err }];

const UW = ',upperdir=/u,workdir=/w';
const WRITE = `lowerdir=/a${UW}`;

// ---- layers -------------------------------------------------------------------------------------------------------

const COUNT: readonly PlanRow[] = [
  plan('ok', 'two lowers', 'lowerdir=/a:/b', { after: [lists('/mnt', 'f', 'g', 'x/'), READONLY] }),
  plan('ok', 'three lowers', 'lowerdir=/a:/b:/c'),
  plan('EINVAL', 'one lower and no upper', 'lowerdir=/a'),
  plan('ok', 'one lower and an upper', WRITE, { after: [lists('/mnt', 'f', 'x/'), WRITABLE] }),
  plan('EINVAL', 'no options', ''),
  plan('EINVAL', 'no lower', 'upperdir=/u,workdir=/w'),
  plan('EINVAL', 'an upper without a workdir', 'lowerdir=/a,upperdir=/u'),
  plan('EINVAL', 'an upper and two lowers without a workdir', 'lowerdir=/a:/b,upperdir=/u'),
  plan('ok', 'a workdir without an upper is of no use', 'lowerdir=/a:/b,workdir=/w', { after: [lists('/w', 'x/')] }),
  plan('EINVAL', 'nor is it an upper', 'lowerdir=/a,workdir=/w'),
  plan('ok', 'the last lowerdir counts', `lowerdir=/a:/b,lowerdir=/c${UW}`, { after: [lists('/mnt', 'i', 'x/')] }),
  plan('EINVAL', 'even if it is too few', 'lowerdir=/a:/b,lowerdir=/c'),
  plan('EINVAL', 'or none', `${WRITE},lowerdir=`),
  plan('ok', 'the last upperdir counts', `${WRITE},upperdir=/c`, { after: [lists('/mnt', 'f', 'i', 'x/')] }),
  plan('ok', 'the last workdir counts', `${WRITE},workdir=/o`, { after: [lists('/w', 'x/'), lists('/o', 'work/')] }),
];

const NAMES: readonly PlanRow[] = [
  plan('ok', 'a path through a symlink', 'lowerdir=/link:/b', { after: [lists('/mnt', 'f', 'g', 'x/')] }),
  plan('ok', 'relative paths', 'lowerdir=a:b', { before: [chdir('/')] }),
  plan('ok', 'a path with a slash at its end', 'lowerdir=/a/:/b'),
  plan('EINVAL', 'lowerdir without a value', 'lowerdir'),
  plan('EINVAL', 'an empty lowerdir', 'lowerdir='),
  plan('EINVAL', 'a colon at the end', 'lowerdir=/a:'),
  plan('EINVAL', 'a colon at the beginning', 'lowerdir=:/a'),
  plan('EINVAL', 'nothing but a colon', 'lowerdir=:'),
  plan('EINVAL', 'two colons at the end', 'lowerdir=/a::'),
  plan('EINVAL', 'two colons at the beginning', 'lowerdir=::/a'),
  plan('EINVAL', 'three colons', 'lowerdir=/a:::/b'),
  plan('EINVAL', 'a colon at the end comes before what is missing', 'lowerdir=/missing:/a:'),
  plan('EINVAL', 'a colon at the beginning, though another lowerdir follows', 'lowerdir=:/a,lowerdir=/a:/b'),
  plan('EINVAL', 'a colon at the end, though another lowerdir follows', 'lowerdir=/a:,lowerdir=/a:/b'),
  plan('EINVAL', 'three colons, though another lowerdir follows', 'lowerdir=/a:::/b,lowerdir=/a:/b'),
  plan('EINVAL', 'an upperdir without a value', 'lowerdir=/a,upperdir,workdir=/w'),
  plan('EINVAL', 'an empty upperdir', 'lowerdir=/a,upperdir=,workdir=/w'),
  plan('EINVAL', 'an empty workdir', 'lowerdir=/a,upperdir=/u,workdir='),
  plan('ok', 'a backslash before a colon of a name', String.raw`lowerdir=/a\:b:/c`),
  plan('ok', 'a backslash before a comma of a name', String.raw`lowerdir=/a\,b:/c`),
  plan('ok', 'a backslash before a backslash of a name', String.raw`lowerdir=/a\\b:/c`),
  plan('ok', 'a backslash before any character', String.raw`lowerdir=\/\a:/c`),
  plan('ENOENT', 'a backslash stands for nothing itself', String.raw`lowerdir=/a\b:/c`),
  plan('ENOENT', 'a colon without one parts two paths', 'lowerdir=/a:b:/c', { before: [chdir('/c')] }),
  plan('EINVAL', 'a comma without one ends the option', 'lowerdir=/a,b:/c'),
  plan('ok', 'a backslash at the end', 'lowerdir=/a:/b\\'),
  plan('EINVAL', 'a path of nothing but a backslash', 'lowerdir=/a:\\'),
  plan('EINVAL', 'an upperdir of nothing but a backslash', 'lowerdir=/a:/b,upperdir=\\'),
  plan('ENOENT', 'an escaped colon before another', String.raw`lowerdir=/a\::/b`),
  plan('ok', 'an upperdir with an escaped colon', String.raw`lowerdir=/a,upperdir=/a\:b,workdir=/w`),
  plan('ok', 'an upperdir with a bare colon', 'lowerdir=/a,upperdir=/a:b,workdir=/w'),
  plan('ok', 'an upperdir with an escaped comma', String.raw`lowerdir=/a,upperdir=/a\,b,workdir=/w`),
  plan('ENOENT', 'a blank is part of a path', 'lowerdir=/a,upperdir=/u,workdir=/w ,index=off'),
];

const KINDS: readonly PlanRow[] = [
  plan('ENOENT', 'a lower that is missing', 'lowerdir=/missing:/a'),
  plan('ENOENT', 'the last lower is missing', 'lowerdir=/a:/missing'),
  plan('ENOENT', 'a symlink to nothing', 'lowerdir=/a:/dangling'),
  plan('ENOENT', 'an upper that is missing', 'lowerdir=/a,upperdir=/missing,workdir=/w'),
  plan('ENOENT', 'a workdir that is missing', 'lowerdir=/a,upperdir=/u,workdir=/missing'),
  plan('ENOENT', 'even without an upper', 'lowerdir=/a:/b,workdir=/missing'),
  plan('EINVAL', 'a lower that is a file', 'lowerdir=/file:/a'),
  plan('EINVAL', 'the last lower is a file', 'lowerdir=/a:/file'),
  plan('EINVAL', 'an upper that is a file', 'lowerdir=/a,upperdir=/file,workdir=/w'),
  plan('EINVAL', 'a workdir that is a file', 'lowerdir=/a,upperdir=/u,workdir=/file'),
  plan('EINVAL', 'even without an upper', 'lowerdir=/a:/b,workdir=/file'),
  plan('ENOTDIR', 'a file with a slash', 'lowerdir=/file/:/a'),
  plan('ENOTDIR', 'a path through a file', 'lowerdir=/a/f/x:/b'),
  plan('ok', 'a removed directory that somebody stands in', 'lowerdir=.:/b', {
    before: [mkdir('/o/q'), chdir('/o/q'), rmdir('/o/q')],
    after: [fails({ op: 'readdir', path: '/mnt' }, 'ENOENT'), reads('/mnt/f', 'b')],
  }),
  plan('ok', 'a removed directory as upper takes nothing', 'lowerdir=/a,upperdir=.,workdir=/o/w', {
    before: [mkdir('/o/q'), mkdir('/o/w'), chdir('/o/q'), rmdir('/o/q')],
    after: [fails(write('/mnt/new'), 'ENOENT'), fails({ op: 'readdir', path: '/mnt' }, 'ENOENT'), reads('/mnt/f', 'a')],
  }),
  plan('ok', 'a removed directory as workdir: read-only', 'lowerdir=/a,upperdir=/o/u,workdir=.', {
    before: [mkdir('/o/q'), mkdir('/o/u'), chdir('/o/q'), rmdir('/o/q')],
    after: [READONLY, lists('/mnt', 'f', 'x/')],
  }),
];

const APART: readonly PlanRow[] = [
  plan('ELOOP', 'the same lower twice', 'lowerdir=/a:/a'),
  plan('ELOOP', 'with another between', 'lowerdir=/a:/b:/a'),
  plan('ELOOP', 'by another path', 'lowerdir=/a:/b/../a/.'),
  plan('ELOOP', 'through a symlink', 'lowerdir=/a:/link'),
  plan('ELOOP', 'through a bind mount', 'lowerdir=/a:/o', { before: [bind('/a', '/o')] }),
  plan('ELOOP', 'through two bind mounts', 'lowerdir=/o:/p', { before: [bind('/a', '/o'), bind('/a', '/p')] }),
  plan('ELOOP', 'a lower inside another', 'lowerdir=/a:/a/x'),
  plan('ELOOP', 'in either order', 'lowerdir=/a/x:/a'),
  plan('ELOOP', 'inside another, through a bind mount', 'lowerdir=/o/x:/a', { before: [bind('/a', '/o')] }),
  plan('ELOOP', 'the root of the file system and what is in it', 'lowerdir=/:/a'),
  plan('ELOOP', 'a lower that is the upper', `lowerdir=/u${UW}`),
  plan('ELOOP', 'a lower in the upper', `lowerdir=/u/x${UW}`),
  plan('ELOOP', 'a lower that is the workdir', `lowerdir=/w${UW}`),
  plan('ELOOP', 'a lower in the workdir', `lowerdir=/w/x${UW}`),
  plan('ok', 'an upper in a lower', 'lowerdir=/a,upperdir=/a/x,workdir=/w'),
  plan('ok', 'a workdir in a lower', 'lowerdir=/a,upperdir=/u,workdir=/a/x'),
  plan('ok', 'both in the lower that is the root', `lowerdir=/${UW}`),
  plan('EINVAL', 'a workdir that is the upper', 'lowerdir=/a,upperdir=/u,workdir=/u'),
  plan('EINVAL', 'a workdir in the upper', 'lowerdir=/a,upperdir=/u,workdir=/u/x'),
  plan('EINVAL', 'an upper in the workdir', 'lowerdir=/a,upperdir=/w/x,workdir=/w'),
];

const MOUNTS: readonly PlanRow[] = [
  plan('EINVAL', 'a workdir on another file system', 'lowerdir=/a,upperdir=/u,workdir=/o', { before: [tmpfs('/o')] }),
  plan('EINVAL', 'a workdir in another mount of the same', 'lowerdir=/a,upperdir=/u,workdir=/o/w', {
    before: [bind('/', '/o')],
  }),
  plan('ok', 'both in one bind mount', 'lowerdir=/a,upperdir=/o/u,workdir=/o/w', { before: [bind('/', '/o')] }),
  plan('EINVAL', 'both in a read-only mount', 'lowerdir=/a,upperdir=/o/u,workdir=/o/w', {
    before: [bind('/', '/o'), readonly('/o')],
  }),
  plan('EINVAL', 'an upper in a read-only mount', 'lowerdir=/a,upperdir=/o/u,workdir=/w', {
    before: [bind('/', '/o'), readonly('/o')],
  }),
  plan('EINVAL', 'a workdir in a read-only mount', 'lowerdir=/a,upperdir=/u,workdir=/o/w', {
    before: [bind('/', '/o'), readonly('/o')],
  }),
  plan('EINVAL', 'even without an upper', 'lowerdir=/a:/b,workdir=/o/w', { before: [bind('/', '/o'), readonly('/o')] }),
  plan('EINVAL', 'an upper on a read-only file system', 'lowerdir=/a,upperdir=/o,workdir=/w', {
    before: [{ op: 'mount-tmpfs', path: '/o', flags: ['ro'] }],
  }),
  plan('ok', 'a lower on a read-only file system', 'lowerdir=/o:/a', {
    before: [{ op: 'mount-tmpfs', path: '/o', flags: ['ro'] }],
  }),
  plan('ok', 'a lower in a read-only mount', `lowerdir=/o/a${UW}`, {
    before: [bind('/', '/o'), readonly('/o')],
    after: [WRITABLE],
  }),
  plan('ok', 'lowers on different file systems', `lowerdir=/o:/a${UW}`, { before: [tmpfs('/o')] }),
  plan('EINVAL', 'a lower in an unbindable mount', 'lowerdir=/a:/o', { before: [bind('/b', '/o'), unbindable('/o')] }),
  plan('EINVAL', 'an upper in an unbindable mount', 'lowerdir=/a,upperdir=/o/u,workdir=/o/w', {
    before: [bind('/', '/o'), unbindable('/o')],
  }),
  plan('EINVAL', 'it is found before a lower that comes twice after it', 'lowerdir=/a:/o:/a', {
    before: [bind('/b', '/o'), unbindable('/o')],
  }),
  plan('ELOOP', 'and after one that comes twice before it', 'lowerdir=/a:/a:/o', {
    before: [bind('/b', '/o'), unbindable('/o')],
  }),
  plan('EINVAL', 'a lower in a detached mount', 'lowerdir=.:/b', {
    before: [tmpfs('/o'), mkdir('/o/q'), chdir('/o/q'), detach('/o')],
  }),
  plan('ok', 'what is mounted in a lower is not seen', 'lowerdir=/a:/b', {
    before: [tmpfs('/a/x'), mkdir('/a/x/hidden')],
    after: [lists('/mnt/x')],
  }),
  called('ENOENT', 'no place to mount on', overlay('lowerdir=/a:/b', '/missing')),
  called('ENOENT', 'it is looked up before the options are read', overlay('foo', '/missing')),
  called('ENOTDIR', 'a file to mount on', overlay('lowerdir=/a:/b', '/file')),
  called('ELOOP', 'the layers are judged before it', overlay('lowerdir=/a:/a', '/file')),
  plan('EPERM', 'a caller who is not root', 'lowerdir=/a:/b', { as: 1000 }),
  plan('EPERM', 'before the options are read', 'foo', { as: 1000 }),
  called('ENOENT', 'after the place is looked up', overlay('lowerdir=/a:/b', '/missing'), { as: 1000 }),
  config('EPERM', 'a caller of fsopen(2) who is not root', ['lowerdir=/missing'], { as: 1000 }),
];

const A_B = overlay('lowerdir=/a:/b');
const TWO = [A_B, overlay('lowerdir=/mnt:/c', '/n')];
const NESTED: readonly PlanRow[] = [
  called('ok', 'an overlay as lower', overlay('lowerdir=/mnt:/c', '/n'), {
    before: [A_B],
    after: [lists('/n', 'f', 'g', 'i', 'x/')],
  }),
  called('EINVAL', 'an overlay of an overlay as lower', overlay('lowerdir=/n:/u', '/o'), { before: TWO }),
  called('EINVAL', 'in whatever place', overlay('lowerdir=/u:/w:/n', '/o'), { before: TWO }),
  called('EINVAL', 'even data-only', overlay('lowerdir=/u::/n', '/o'), { before: TWO }),
  called('EINVAL', 'data-only layers count for the depth', overlay('lowerdir=/n:/u', '/o'), {
    before: [A_B, overlay('lowerdir=/c::/mnt', '/n')],
  }),
  called('EINVAL', 'the depth is found before a lower that comes twice', overlay('lowerdir=/n:/n', '/o'), {
    before: TWO,
  }),
  called('ENOENT', 'and after a lower that is missing', overlay('lowerdir=/n:/missing', '/o'), { before: TWO }),
  called('ok', 'an overlay as lower below an upper', overlay(`lowerdir=/mnt${UW}`, '/n'), {
    before: [A_B],
    after: [does(write('/n/f')), reads('/mnt/f', 'a'), reads('/u/f', 'new')],
  }),
  called('ok', 'an overlay and one of its layers', overlay('lowerdir=/mnt:/a', '/n'), { before: [A_B] }),
  called('ELOOP', 'a lower inside another, in an overlay', overlay('lowerdir=/mnt:/mnt/x', '/n'), { before: [A_B] }),
  called('EINVAL', 'an overlay as upper', overlay('lowerdir=/b,upperdir=/mnt/p,workdir=/mnt/q', '/n'), {
    before: [overlay(WRITE), mkdir('/mnt/p'), mkdir('/mnt/q')],
  }),
  called('EINVAL', 'a workdir in an overlay', overlay('lowerdir=/b,upperdir=/c,workdir=/mnt/x', '/n'), {
    before: [overlay(WRITE)],
  }),
  called('EINVAL', 'even without an upper', overlay('lowerdir=/b:/c,workdir=/mnt/x', '/n'), {
    before: [overlay(WRITE)],
  }),
];

/** 501 directories with names of up to three characters, so that 500 of them fit into a page. */
const MANY = Array.from({ length: 501 }, (_, index) => `/${index.toString(36)}`);
const CROWD = `${MANY.map((path) => `d${path.slice(1)}/`).join('\n')}\nmnt/\nU/\n  u/\n  w/`;
const crowd = (count: number): string =>
  MANY.slice(0, count)
    .map((path) => `/d${path.slice(1)}`)
    .join(':');
const crowdOptions = (count: number): readonly string[] =>
  MANY.slice(0, count).map((path) => `lowerdir+=/d${path.slice(1)}`);
const CROWD_UW = ',upperdir=/U/u,workdir=/U/w';

const LIMITS: readonly PlanRow[] = [
  plan('ok', '500 lowers', `lowerdir=${crowd(500)}`, { disk: CROWD }),
  plan('EINVAL', '501 lowers', `lowerdir=${crowd(501)}`, { disk: CROWD }),
  plan('EINVAL', '501 lowers, though another lowerdir follows', `lowerdir=${crowd(501)},lowerdir=/U/u:/U/w`, {
    disk: CROWD,
  }),
  plan('ok', '500 lowers and an upper', `lowerdir=${crowd(500)}${CROWD_UW}`, { disk: CROWD }),
  plan('EINVAL', '501 lowers and an upper', `lowerdir=${crowd(501)}${CROWD_UW}`, { disk: CROWD }),
  plan('EINVAL', 'they are counted before one is found missing', `lowerdir=/missing:${crowd(500)}`, { disk: CROWD }),
  plan('EINVAL', 'data-only ones count', `lowerdir=${crowd(500)}::/U`, { disk: CROWD }),
  config('ok', '500 lowers, one by one', crowdOptions(500), { disk: CROWD }),
  config('EINVAL', '501 lowers, one by one', crowdOptions(501), { disk: CROWD }),
  config('ENOENT', 'one by one, the last is looked up before', [...crowdOptions(500), 'lowerdir+=/missing'], {
    disk: CROWD,
  }),
  config('EINVAL', 'one by one, data-only ones count', [...crowdOptions(500), 'datadir+=/U'], { disk: CROWD }),
  plan('EINVAL', 'the last of 4095 bytes', `lowerdir=/a:/b${','.repeat(4080)}x`),
  plan('ok', 'nothing after 4095 bytes', `lowerdir=/a:/b${','.repeat(4081)}x`),
  config('ok', 'a value of 255 bytes', [`lowerdir=/a:${'/'.repeat(251)}b`]),
  config('EINVAL', 'a value of 256 bytes', [`lowerdir=/a:${'/'.repeat(252)}b`]),
];

// ---- upper and work in use ----------------------------------------------------------------------------------------

const INDEX = ',index=on';
const indexed = { uncertain: 'index=on is not modelled' };
const IN_USE: readonly PlanRow[] = [
  called('ok', 'upper and work of a live mount', overlay(`lowerdir=/b${UW}`, '/n'), { before: [overlay(WRITE)] }),
  called('ok', 'the upper of a live mount as lower', overlay('lowerdir=/u:/b', '/n'), { before: [overlay(WRITE)] }),
  called('EBUSY', 'upper and work, with an index', overlay(`lowerdir=/b${UW}${INDEX}`, '/n'), {
    before: [overlay(WRITE)],
    ...indexed,
  }),
  called('EBUSY', 'the upper, with an index', overlay(`lowerdir=/b,upperdir=/u,workdir=/o${INDEX}`, '/n'), {
    before: [overlay(WRITE)],
    ...indexed,
  }),
  called('EBUSY', 'the workdir, with an index', overlay(`lowerdir=/b,upperdir=/c,workdir=/w${INDEX}`, '/n'), {
    before: [overlay(WRITE)],
    ...indexed,
  }),
  called('EBUSY', 'a directory in the upper as upper', overlay(`lowerdir=/b,upperdir=/u/x,workdir=/o${INDEX}`, '/n'), {
    before: [overlay(WRITE)],
    ...indexed,
  }),
  called(
    'EBUSY',
    'a directory in the workdir as workdir',
    overlay(`lowerdir=/b,upperdir=/c,workdir=/w/x${INDEX}`, '/n'),
    {
      before: [overlay(WRITE)],
      ...indexed,
    },
  ),
  called('EBUSY', 'the upper as lower, with an index', overlay(`lowerdir=/u,upperdir=/c,workdir=/o${INDEX}`, '/n'), {
    before: [overlay(WRITE)],
    ...indexed,
  }),
  called('EBUSY', 'a directory in the upper as lower', overlay(`lowerdir=/u/x,upperdir=/c,workdir=/o${INDEX}`, '/n'), {
    before: [overlay(WRITE)],
    ...indexed,
  }),
  called('ok', 'a lower that the upper is in', overlay(`lowerdir=/,upperdir=/c,workdir=/o${INDEX}`, '/n'), {
    before: [overlay(WRITE)],
    ...indexed,
  }),
  called('ok', 'the lower of a live mount', overlay(`lowerdir=/a,upperdir=/c,workdir=/o${INDEX}`, '/n'), {
    before: [overlay(WRITE)],
    ...indexed,
  }),
  called('ok', 'an index without an upper is none', overlay(`lowerdir=/u:/b${INDEX}`, '/n'), {
    before: [overlay(WRITE)],
  }),
  called('ok', 'after the mount has gone', overlay(`lowerdir=/b${UW}${INDEX}`, '/n'), {
    before: [overlay(WRITE), umount('/mnt')],
    ...indexed,
  }),
  called('EBUSY', 'not while somebody holds it', overlay(`lowerdir=/b${UW}${INDEX}`, '/n'), {
    before: [overlay(WRITE), { op: 'open', path: '/mnt', flags: ['O_RDONLY'], fd: 'x' }, detach('/mnt')],
    ...indexed,
  }),
  called(
    'ok',
    'an overlay as lower switches the index off',
    overlay(`lowerdir=/mnt:/u${INDEX},upperdir=/c,workdir=/o`, '/n'),
    {
      before: [overlay(WRITE)],
      ...indexed,
    },
  ),
  called('EBUSY', 'but only after upper and work', overlay(`lowerdir=/mnt${INDEX}${UW}`, '/n'), {
    before: [overlay(WRITE)],
    ...indexed,
  }),
  called('EBUSY', 'a workdir that could not be prepared', overlay(`lowerdir=/b,upperdir=/c,workdir=/w${INDEX}`, '/n'), {
    disk: `${DISK.replace('w/\n  x/', 'w/\n  work/\n    d/\n      e/\n        k ""')}`,
    before: [overlay(WRITE)],
    ...indexed,
  }),
  plan('ESTALE', 'an upper with another lower than before', `lowerdir=/b${UW}${INDEX}`, {
    before: [overlay(`${WRITE}${INDEX}`), umount('/mnt')],
    ...indexed,
  }),
  plan('ESTALE', 'with another lower on top', `lowerdir=/b:/a${UW}${INDEX}`, {
    before: [overlay(`${WRITE}${INDEX}`), umount('/mnt')],
    ...indexed,
  }),
  plan('ok', 'with another lower below', `lowerdir=/a:/b${UW}${INDEX}`, {
    before: [overlay(`${WRITE}${INDEX}`), umount('/mnt')],
    ...indexed,
  }),
  plan('ok', 'with another lower, without the index', `lowerdir=/b${UW}`, {
    before: [overlay(`${WRITE}${INDEX}`), umount('/mnt')],
  }),
  plan('ESTALE', 'a workdir with another upper than before', `lowerdir=/a,upperdir=/c,workdir=/w${INDEX}`, {
    before: [overlay(`${WRITE}${INDEX}`), umount('/mnt')],
    ...indexed,
  }),
  plan('ok', 'an upper with another workdir than before', `lowerdir=/a,upperdir=/u,workdir=/o${INDEX}`, {
    before: [overlay(`${WRITE}${INDEX}`), umount('/mnt')],
    after: [lists('/o', 'index/', 'work/'), mode('/o/index', 0)],
    ...indexed,
  }),
];

// ---- the workdir --------------------------------------------------------------------------------------------------

/** The disk with a work directory in which something was left. */
const left = (work: string): string =>
  `a/\n  f "a"\nu/\nw/\n  x/\n${work
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')}\nmnt/\nn/\nfile ""`;
const MADE: readonly Step[] = [lists('/w', 'work/', 'x/'), mode('/w/work', 0), lists('/w/work')];
const KEPT: readonly Step[] = [mode('/w/work', 0o755), lists('/w/work', 'k')];
const VOLATILE = 'work/\n  incompat/\n    volatile/\n      dirty ""';

const WORK: readonly PlanRow[] = [
  plan('ok', 'a directory "work" is made', WRITE, { after: MADE }),
  plan('ok', 'one that is there is made anew', WRITE, { disk: left('work/ 0755'), after: MADE }),
  plan('ok', 'what is in it goes', WRITE, {
    disk: left('work/\n  k ""\n  d/\n    k ""\n    e/'),
    after: [...MADE, WRITABLE],
  }),
  plan('ok', 'a file in its place goes', WRITE, {
    disk: left('work "x"'),
    after: [lists('/w', 'work/', 'x/'), mode('/w/work', 0)],
  }),
  plan('ok', 'what is in a third directory stays: read-only', WRITE, {
    disk: left('work/\n  a ""\n  d/\n    b ""\n    e/\n      k ""\n  z ""'),
    after: [READONLY, lists('/w/work', 'd/'), lists('/w/work/d', 'e/'), lists('/w/work/d/e', 'k')],
  }),
  plan('ok', 'what is mounted on stays: read-only', WRITE, {
    disk: left('work/\n  a ""\n  d/\n    b ""'),
    before: [tmpfs('/w/work/d')],
    after: [READONLY, lists('/w/work', 'd/'), does(umount('/w/work/d')), lists('/w/work/d')],
  }),
  plan('ok', 'work itself is mounted on: read-only', WRITE, {
    disk: left('work/\n  a ""'),
    before: [tmpfs('/w/work')],
    after: [READONLY, does(umount('/w/work')), lists('/w/work'), mode('/w/work', 0o755)],
  }),
  plan('ok', 'an empty directory of features goes', WRITE, { disk: left('work/\n  incompat/'), after: MADE }),
  plan('ok', 'so does a file of that name', WRITE, { disk: left('work/\n  incompat ""'), after: MADE }),
  plan('ok', 'a hidden name is no feature', WRITE, { disk: left('work/\n  incompat/\n    .k ""'), after: MADE }),
  plan('EINVAL', 'whatever feature', WRITE, {
    disk: left('work/\n  incompat/\n    k ""'),
    after: [lists('/w/work', 'incompat/'), lists('/w/work/incompat', 'k')],
  }),
  plan('EINVAL', 'a volatile mount before', WRITE, { disk: left(VOLATILE) }),
  plan('EINVAL', 'for another volatile mount, too', `${WRITE},volatile`, { disk: left(VOLATILE) }),
  plan('EINVAL', 'whatever else is in the work directory', WRITE, {
    disk: left(`${VOLATILE}\n  k ""`),
    uncertain: 'by its order',
  }),
  plan('ok', 'a directory of features elsewhere is none', WRITE, {
    disk: left('work/\n  k/\n    incompat/\n      k ""'),
    after: [READONLY, lists('/w/work', 'k/')],
  }),
  plan('ok', 'a volatile mount says so in its work directory', `${WRITE},volatile`, {
    after: [
      lists('/w/work', 'incompat/'),
      lists('/w/work/incompat', 'volatile/'),
      lists('/w/work/incompat/volatile', 'dirty'),
    ],
  }),
  plan('ok', 'fsync=volatile is the same', `${WRITE},fsync=volatile`, { after: [lists('/w/work', 'incompat/')] }),
  plan('ok', 'of volatile and fsync the last counts', `${WRITE},volatile,fsync=auto`, { after: MADE }),
  plan('ok', 'in either order', `${WRITE},fsync=strict,volatile`, { after: [lists('/w/work', 'incompat/')] }),
  plan('ok', 'without an upper nothing is volatile', 'lowerdir=/a:/b,workdir=/w,volatile', {
    after: [lists('/w', 'x/')],
  }),
  plan('EINVAL', 'a volatile mount a second time', `${WRITE},volatile`, {
    before: [overlay(`${WRITE},volatile`), umount('/mnt')],
  }),
  called('EINVAL', 'while the first is there', overlay(WRITE, '/n'), { before: [overlay(`${WRITE},volatile`)] }),
  plan('ok', 'after somebody removed the mark', WRITE, {
    before: [overlay(`${WRITE},volatile`), umount('/mnt'), remove('/w/work/incompat')],
    after: MADE,
  }),
  plan('ok', 'a volatile mount leaves its workdir to mounts without upper', 'lowerdir=/a:/b,workdir=/w', {
    before: [overlay(`${WRITE},volatile`), umount('/mnt')],
  }),
];

const FAILING: readonly PlanRow[] = [
  plan('ELOOP', 'with a lower that comes twice', `lowerdir=/a:/a${UW}`, { disk: left('work/\n  k ""'), after: MADE }),
  plan('ELOOP', 'with a lower in the work directory', `lowerdir=/w/work${UW}`, {
    disk: left('work/\n  k ""'),
    after: MADE,
  }),
  plan('ELOOP', 'and says volatile', `lowerdir=/a:/a${UW},volatile`, { after: [lists('/w/work', 'incompat/')] }),
  plan('EINVAL', 'with a lower in an unbindable mount', `lowerdir=/n${UW}`, {
    disk: left('work/\n  k ""'),
    before: [tmpfs('/n'), unbindable('/n')],
    after: MADE,
  }),
  called('ENOTDIR', 'on a file', overlay(WRITE, '/file'), { disk: left('work/\n  k ""'), after: MADE }),
  plan('ENOENT', 'not with a lower that is missing', `lowerdir=/a:/missing${UW}`, {
    disk: left('work/\n  k ""'),
    after: KEPT,
  }),
  plan('EINVAL', 'not with an option that is refused', `${WRITE},index=maybe`, {
    disk: left('work/\n  k ""'),
    after: KEPT,
  }),
  plan('EINVAL', 'not with options that are in conflict', `${WRITE},nfs_export=on,index=off`, {
    disk: left('work/\n  k ""'),
    after: KEPT,
  }),
  plan('EINVAL', 'not with an upper in the workdir', 'lowerdir=/a,upperdir=/w/x,workdir=/w', {
    disk: left('work/\n  k ""'),
    after: KEPT,
  }),
  called('ENOENT', 'not without a place to mount on', overlay(WRITE, '/missing'), {
    disk: left('work/\n  k ""'),
    after: KEPT,
  }),
];

// ---- options ------------------------------------------------------------------------------------------------------

const taken = (option: string, more: More = {}): PlanRow => plan('ok', option, `${WRITE},${option}`, more);
const refused = (option: string): PlanRow => plan('EINVAL', option, `${WRITE},${option}`);
const metacopied = { uncertain: 'metacopy=on is not modelled' };
const exported = { uncertain: 'nfs_export=on is not modelled' };

const OPTIONS: readonly PlanRow[] = [
  ...['redirect_dir=on', 'redirect_dir=off', 'redirect_dir=follow', 'redirect_dir=nofollow'].map((each) => taken(each)),
  ...['redirect_dir=maybe', 'redirect_dir', 'redirect_dir=', 'redirect_dir=ON'].map(refused),
  ...['index=off', 'metacopy=off', 'nfs_export=off'].map((each) => taken(each)),
  taken('index=on', { after: [lists('/w', 'index/', 'work/', 'x/')], ...indexed }),
  taken('index=off,index=on', indexed),
  taken('metacopy=on', metacopied),
  taken('nfs_export=on', exported),
  ...['index=maybe', 'index', 'index=', 'index=1', 'index= on'].map(refused),
  ...['metacopy=maybe', 'metacopy', 'nfs_export=maybe', 'nfs_export'].map(refused),
  ...['xino=on', 'xino=off', 'xino=auto', 'uuid=on', 'uuid=off', 'uuid=null', 'uuid=auto'].map((each) => taken(each)),
  ...['xino=maybe', 'xino', 'uuid=maybe', 'uuid'].map(refused),
  ...['verity=on', 'verity=off', 'verity=require', 'fsync=auto', 'fsync=strict'].map((each) => taken(each)),
  ...['verity=maybe', 'verity', 'fsync=ordered', 'fsync'].map(refused),
  ...['default_permissions', 'override_creds', 'nooverride_creds', 'userxattr', 'volatile'].map((each) => taken(each)),
  ...['default_permissions=1', 'nodefault_permissions', 'override_creds=1', 'nooverride_creds=1'].map(refused),
  ...['userxattr=1', 'userxattr=', 'nouserxattr', 'volatile=1', 'volatile=', 'novolatile'].map(refused),
  ...['noatime', 'nosuid', 'nodev', 'noexec', 'relatime', 'remount', 'defaults', 'silent', 'RO'].map(refused),
  ...['foo', 'foo=1', 'source=x', 'constructor'].map(refused),
  ...['sync', 'async', 'dirsync', 'lazytime', 'nolazytime', 'mand', 'nomand', 'sync=1'].map((each) => taken(each)),
  ...['', ',', '=', '=x'].map((each) => plan('ok', `nothing: "${each}"`, `${WRITE},${each}`)),
  taken('ro', { after: [READONLY, lists('/w', 'work/', 'x/')] }),
  taken('ro=1', { after: [READONLY] }),
  taken('rw', { after: [WRITABLE] }),
  taken('rw,ro', { after: [READONLY] }),
  taken('ro,rw', { after: [WRITABLE] }),
  called(
    'ok',
    'the flag MS_RDONLY',
    { ...overlay(WRITE), flags: ['ro'] },
    { after: [READONLY, lists('/w', 'work/', 'x/')] },
  ),
];

const conflict = (options: string): PlanRow => refused(options);
const lowerOnly = (errno: PlanRow['errno'], options: string, more: More = {}): PlanRow =>
  plan(errno, `without an upper: ${options}`, `lowerdir=/a:/b,${options}`, more);

const CONFLICTS: readonly PlanRow[] = [
  conflict('metacopy=on,redirect_dir=off'),
  conflict('redirect_dir=follow,metacopy=on'),
  conflict('metacopy=on,redirect_dir=nofollow'),
  taken('metacopy=on,redirect_dir=on', metacopied),
  taken('metacopy=off,redirect_dir=nofollow'),
  conflict('nfs_export=on,index=off'),
  taken('nfs_export=on,index=on', exported),
  taken('nfs_export=off,index=off'),
  conflict('nfs_export=on,metacopy=on'),
  conflict('nfs_export=on,metacopy=on,index=on'),
  taken('nfs_export=on,metacopy=off', exported),
  conflict('userxattr,redirect_dir=on'),
  conflict('userxattr,redirect_dir=off'),
  conflict('userxattr,redirect_dir=follow'),
  taken('userxattr,redirect_dir=nofollow'),
  conflict('userxattr,metacopy=on'),
  taken('userxattr,metacopy=off'),
  taken('userxattr,index=on', indexed),
  taken('userxattr,verity=require'),
  taken('metacopy=off,verity=on'),
  taken('verity=on,redirect_dir=off'),
  lowerOnly('ok', 'metacopy=on,redirect_dir=off', metacopied),
  lowerOnly('ok', 'metacopy=on,redirect_dir=follow', metacopied),
  lowerOnly('EINVAL', 'metacopy=on,redirect_dir=nofollow'),
  lowerOnly('ok', 'nfs_export=on,index=off'),
  lowerOnly('ok', 'nfs_export=on,metacopy=on', metacopied),
  lowerOnly('EINVAL', 'nfs_export=on,index=off,redirect_dir=nofollow'),
  lowerOnly('ok', 'nfs_export=on,index=on,redirect_dir=nofollow'),
  lowerOnly('ok', 'nfs_export=on,redirect_dir=nofollow'),
  lowerOnly('EINVAL', 'nfs_export=on,metacopy=on,redirect_dir=nofollow'),
  lowerOnly('EINVAL', 'userxattr,redirect_dir=off'),
  lowerOnly('EINVAL', 'userxattr,metacopy=on'),
  lowerOnly('ok', 'userxattr,index=on'),
];

const ORDER: readonly PlanRow[] = [
  plan('ENOENT', 'a missing layer before a wrong option', 'lowerdir=/missing,index=maybe'),
  plan('EINVAL', 'a wrong option before a missing layer', 'index=maybe,lowerdir=/missing'),
  plan('ENOENT', 'a missing upper before a lower that is a file', 'upperdir=/missing,lowerdir=/file'),
  plan('EINVAL', 'a lower that is a file before a missing upper', 'lowerdir=/file,upperdir=/missing'),
  plan('ENOENT', 'a missing workdir before an unknown option', 'lowerdir=/a,upperdir=/u,workdir=/missing,foo'),
  plan('ENOENT', 'a missing layer before a conflict', 'nfs_export=on,index=off,upperdir=/u,lowerdir=/missing'),
  plan('ENOENT', 'a missing layer before a lower that comes twice', 'lowerdir=/a:/a:/missing'),
  plan('ENOENT', 'a missing layer that is replaced later', 'lowerdir=/missing:/a,lowerdir=/a:/b'),
  plan('EINVAL', 'a conflict before a lower that comes twice', `lowerdir=/a:/a${UW},nfs_export=on,index=off`),
  plan('EINVAL', 'a workdir in the upper before a lower that comes twice', 'lowerdir=/a:/a,upperdir=/u,workdir=/u/x'),
  plan('ELOOP', 'a lower that comes twice before one in another', 'lowerdir=/a/x:/a:/a'),
];

// ---- the other form, data-only layers, userxattr ------------------------------------------------------------------

const WRITABLE_PAIRS = pairs('lowerdir=/a', 'upperdir=/u', 'workdir=/w');
const CONFIG: readonly PlanRow[] = [
  config('ok', 'lowers one by one', ['lowerdir+=/a', 'lowerdir+=/b'], { after: [lists('/mnt', 'f', 'g', 'x/')] }),
  config('ENOENT', 'a colon is part of a name', ['lowerdir+=/a:/b']),
  config('ok', 'and needs no backslash', ['lowerdir+=/a:b', 'lowerdir+=/c']),
  config('ENOENT', 'which is one itself', [String.raw`lowerdir+=/a\:b`, 'lowerdir+=/c']),
  config('ok', 'a backslash of a name', [String.raw`lowerdir+=/a\b`, 'lowerdir+=/c']),
  config('ok', 'in an upperdir it escapes', ['lowerdir+=/a', String.raw`upperdir=/a\:b`, 'workdir=/w']),
  config('ok', 'a comma is part of a value', ['lowerdir=/a,b:/c']),
  config('ok', 'lowerdir as in the string', [String.raw`lowerdir=/a\,b:/c`]),
  config('EINVAL', 'lowerdir+ after lowerdir', ['lowerdir=/a', 'lowerdir+=/b']),
  config('ENOENT', 'it is looked up before', ['lowerdir=/a:/b', 'lowerdir+=/missing']),
  config('ok', 'lowerdir after lowerdir+ starts anew', ['lowerdir+=/a', 'lowerdir=/b:/c'], {
    after: [lists('/mnt', 'f', 'g', 'i')],
  }),
  config('EINVAL', 'an empty lowerdir after lowerdir+', ['lowerdir+=/a', 'lowerdir+=/b', 'lowerdir=']),
  config('ok', 'lowerdir+ after an empty lowerdir', ['lowerdir=', 'lowerdir+=/a', 'lowerdir+=/b']),
  config('EINVAL', 'an empty lowerdir+', ['lowerdir+=/a', 'lowerdir+=']),
  config('EINVAL', 'lowerdir+ without a value', ['lowerdir+=/a', 'lowerdir+']),
  config('EINVAL', 'lowerdir+ of a file', ['lowerdir+=/a', 'lowerdir+=/file']),
  config('EINVAL', 'lowerdir+ after datadir+', ['lowerdir+=/a', 'datadir+=/b', 'lowerdir+=/c']),
  config('EINVAL', 'datadir+ after lowerdir', ['lowerdir=/a', 'datadir+=/b']),
  config('ENOENT', 'datadir+ that is missing', ['lowerdir+=/a', 'datadir+=/missing']),
  config('EINVAL', 'nothing but one datadir+', ['datadir+=/b']),
  config('EINVAL', 'nothing but datadir+', ['datadir+=/a', 'datadir+=/b']),
  config('EINVAL', 'datadir+ and an upper', ['datadir+=/a', 'upperdir=/u', 'workdir=/w'], {
    after: [lists('/w', 'work/', 'x/')],
  }),
  config('ELOOP', 'the same lower twice', ['lowerdir+=/a', 'lowerdir+=/a']),
  config('EINVAL', 'no options', []),
  config('EINVAL', 'an option without a name', ['lowerdir=/a:/b', '=x']),
  config('EINVAL', 'an unknown option', ['lowerdir=/a:/b', 'foo']),
  config('EINVAL', 'a second source', ['lowerdir=/a:/b', 'source=x']),
  config('EINVAL', 'a flag with an empty value', ['lowerdir=/a:/b', 'volatile=']),
  config('ok', 'ro makes the superblock read-only', ['lowerdir=/a', 'upperdir=/u', 'workdir=/w', 'ro'], {
    after: [READONLY],
  }),
  config('ok', 'rw after it does not', ['lowerdir=/a', 'upperdir=/u', 'workdir=/w', 'ro', 'rw'], { after: [WRITABLE] }),
  plan('ok', 'lowerdir+ in a string', 'lowerdir+=/a,lowerdir+=/b', { after: [lists('/mnt', 'f', 'g', 'x/')] }),
  plan('ENOENT', 'where a comma cannot be escaped', String.raw`lowerdir+=/a\,b,lowerdir+=/c`),
  called(
    'ok',
    'the flag MOUNT_ATTR_RDONLY is of the mount',
    { ...overlay(WRITABLE_PAIRS), flags: ['ro'] },
    { after: [READONLY, does({ op: 'mount-flags', path: '/mnt', set: [], clear: ['ro'] }), WRITABLE] },
  ),
  called('ENOENT', 'the place is looked up last', overlay(WRITABLE_PAIRS, '/missing'), { after: MADE }),
  called('ELOOP', 'after the layers', overlay(pairs('lowerdir=/a:/a'), '/missing')),
  called('EINVAL', 'a file to mount on', overlay(pairs('lowerdir=/a:/b'), '/file')),
];

const METACOPIES = `a/
  file "sparse" trusted.overlay.metacopy="" trusted.overlay.redirect="/data"
  here "sparse" trusted.overlay.metacopy=""
b/
  data "data"
c/
u/
w/
mnt/`;
const served = { uncertain: 'what data-only layers serve is not modelled' };
const DATA: readonly PlanRow[] = [
  plan('ok', 'a data-only layer is not listed', 'lowerdir=/a::/b', {
    after: [lists('/mnt', 'f', 'x/'), cannotRead('/mnt/g', 'ENOENT')],
    ...served,
  }),
  plan('ok', 'two of them', 'lowerdir=/a::/b::/c', served),
  plan('ok', 'below an upper', `lowerdir=/a::/b${UW}`, { after: [lists('/mnt', 'f', 'x/'), WRITABLE], ...served }),
  plan('ok', 'with metacopy=off', 'lowerdir=/a::/b,metacopy=off', served),
  plan('ok', 'with redirect_dir=nofollow', 'lowerdir=/a::/b,redirect_dir=nofollow', served),
  plan('ok', 'with userxattr', 'lowerdir=/a::/b,userxattr', served),
  plan('ok', 'with verity', 'lowerdir=/a::/b,verity=require', served),
  plan('EINVAL', 'a lower below a data-only layer', 'lowerdir=/a::/b:/c'),
  plan('EINVAL', 'before it is looked up', 'lowerdir=/a::/b:/missing'),
  plan('ENOENT', 'after the data-only layer is looked up', 'lowerdir=/a::/missing:/c'),
  plan('ELOOP', 'a data-only layer that is a lower', 'lowerdir=/a::/a'),
  plan('ELOOP', 'a data-only layer in a lower', 'lowerdir=/a::/a/x'),
  plan('EINVAL', 'a data-only layer that is a file', 'lowerdir=/a::/file'),
  config('ok', 'datadir+', ['lowerdir+=/a', 'datadir+=/b'], { after: [lists('/mnt', 'f', 'x/')], ...served }),
  plan('ok', 'without one, nobody follows a metacopy to its data', 'lowerdir=/a:/b', {
    disk: METACOPIES,
    after: [lists('/mnt', 'data', 'file', 'here'), cannotRead('/mnt/file', 'EPERM'), cannotRead('/mnt/here', 'EPERM')],
  }),
  plan('ok', 'nor in the lowest layer', 'lowerdir=/c:/a', {
    disk: METACOPIES,
    after: [cannotRead('/mnt/file', 'EPERM')],
  }),
  plan('ok', 'nor in upper', 'lowerdir=/b,upperdir=/a,workdir=/w', {
    disk: METACOPIES,
    after: [fails(write('/mnt/file'), 'EPERM'), fails({ op: 'unlink', path: '/mnt/file' }, 'EPERM')],
  }),
];

const MARKED = `a/
  o/ user.overlay.opaque="y"
    x ""
  t/ opaque user.k="v"
    x ""
  r/ user.overlay.redirect="/z"
  w "" user.overlay.whiteout="y"
  w2 "" trusted.overlay.whiteout="y"
  q/ user.overlay.opaque="x"
    w "" user.overlay.whiteout="y"
b/
  o/
    y ""
  t/
    y ""
  r/
    y ""
  w "b"
  w2 "b"
  q/
    w "b"
    v "b"
  z/
    y ""
  d/
    k ""
u/
w/
mnt/`;
const USERXATTR: readonly PlanRow[] = [
  plan('ok', 'user.overlay.* counts, trusted.overlay.* is passed through', 'lowerdir=/a:/b,userxattr', {
    disk: MARKED,
    after: [
      lists('/mnt', 'd/', 'o/', 'q/', 'r/', 't/', 'w', 'w2', 'z/'),
      lists('/mnt/o', 'x'),
      lists('/mnt/t', 'x', 'y'),
      marks('/mnt/t', 'trusted.overlay.opaque', 'user.k'),
      marks('/mnt/o'),
      fails({ op: 'readdir', path: '/mnt/r' }, 'EPERM'),
      cannotRead('/mnt/w', 'ENOENT'),
      reads('/mnt/w2', ''),
      marks('/mnt/w2', 'trusted.overlay.whiteout'),
      lists('/mnt/q', 'v'),
      cannotRead('/mnt/q/w', 'ENOENT'),
    ],
  }),
  plan('ok', 'without it, the other way round', 'lowerdir=/a:/b', {
    disk: MARKED,
    after: [
      lists('/mnt/o', 'x', 'y'),
      lists('/mnt/t', 'x'),
      marks('/mnt/t', 'user.k'),
      marks('/mnt/o', 'user.overlay.opaque'),
      lists('/mnt/r', 'y'),
      reads('/mnt/w', ''),
      cannotRead('/mnt/w2', 'ENOENT'),
      lists('/mnt/q', 'v', 'w'),
    ],
  }),
  plan('ok', 'what is written carries user.overlay.*', `lowerdir=/a:/b${UW},userxattr`, {
    disk: MARKED,
    after: [
      sets('/mnt/z', 'user.overlay.foo'),
      sets('/mnt/z', 'trusted.overlay.foo'),
      marks('/mnt/z', 'trusted.overlay.foo', 'user.overlay.foo'),
      marks('/u/z', 'trusted.overlay.foo', 'user.overlay.origin', 'user.overlay.overlay.foo'),
      does({ op: 'removexattr', path: '/mnt/z', name: 'user.overlay.foo' }),
      marks('/u/z', 'trusted.overlay.foo', 'user.overlay.origin'),
      fails(rename('/mnt/d', '/mnt/e'), 'EXDEV'),
      does({ op: 'unlink', path: '/mnt/d/k' }),
      does(rmdir('/mnt/d')),
      does(mkdir('/mnt/d')),
      marks('/u/d', 'user.overlay.opaque'),
      marks('/mnt/d'),
      does(rename('/mnt/d', '/mnt/e')),
      marks('/u/e', 'user.overlay.opaque'),
      does(mkdir('/mnt/t/n')),
      does(rename('/mnt/t/n', '/mnt/q/n')),
      marks('/u/q/n', 'user.overlay.opaque'),
    ],
  }),
];

/**
 * Options that depend on each other, and which of them exclude each other with and without an upperdir. All 2,160 combinations
 * of the values were mounted: exactly those that contain one of these were refused, with EINVAL.
 */
export const COMBINATIONS = {
  options: [
    ['', 'redirect_dir=on', 'redirect_dir=off', 'redirect_dir=follow', 'redirect_dir=nofollow'],
    ['', 'index=on', 'index=off'],
    ['', 'metacopy=on', 'metacopy=off'],
    ['', 'nfs_export=on', 'nfs_export=off'],
    ['', 'verity=on', 'verity=off', 'verity=require'],
    ['', 'userxattr'],
  ],
  refusedWithUpper: [
    ['nfs_export=on', 'index=off'],
    ['nfs_export=on', 'metacopy=on'],
    ['metacopy=on', 'redirect_dir=off'],
    ['metacopy=on', 'redirect_dir=follow'],
    ['metacopy=on', 'redirect_dir=nofollow'],
    ['userxattr', 'redirect_dir=on'],
    ['userxattr', 'redirect_dir=off'],
    ['userxattr', 'redirect_dir=follow'],
    ['userxattr', 'metacopy=on'],
  ],
  refusedWithout: [
    ['nfs_export=on', 'index=off', 'redirect_dir=nofollow'],
    ['metacopy=on', 'redirect_dir=nofollow'],
    ['userxattr', 'redirect_dir=on'],
    ['userxattr', 'redirect_dir=off'],
    ['userxattr', 'redirect_dir=follow'],
    ['userxattr', 'metacopy=on'],
  ],
} as const;

/** All rows, by what they are about. */
export const PLANS: Readonly<Record<string, readonly PlanRow[]>> = {
  'how many layers': COUNT,
  'how layers are written': NAMES,
  'what a layer is': KINDS,
  'layers apart': APART,
  'mounts of layers': MOUNTS,
  'overlays on overlays': NESTED,
  limits: LIMITS,
  'layers in use': IN_USE,
  'the work directory': WORK,
  'a mount that fails has emptied the work directory': FAILING,
  options: OPTIONS,
  'options together': CONFLICTS,
  'the order of refusals': ORDER,
  'options one by one': CONFIG,
  'data-only layers': DATA,
  userxattr: USERXATTR,
};
