/**
 * Random beginnings of overlay vectors (see test/vectors/overlay/README.md): layers, mount options and ops, few names, so that
 * they meet. Shorter and simpler drafts come first, so that a difference shrinks to one that can be read.
 */
import fc from 'fast-check';

type Json = Readonly<Record<string, unknown>>;

const NAMES = ['a', 'b', 'c', 'd'];
const name = fc.constantFrom(...NAMES);
const modes = [
  0o644, 0o755, 0o600, 0o700, 0o777, 0o640, 0o444, 0o555, 0, 0o4755, 0o2755, 0o6711, 0o1777, 0o2775, 0o1711,
];
const mode = fc.constantFrom(...modes);
/** Owners and callers: root, and two who are not. */
const id = fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.constantFrom(1000, 5));
const maybe = <T>(weight: number, some: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 10 - weight, arbitrary: fc.constant(undefined) }, { weight, arbitrary: some });

/** Without the fields that are undefined. */
const object = (fields: Json): Json =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

// ---- layers -------------------------------------------------------------------------------------------------------

const target = fc.oneof(
  { weight: 4, arbitrary: name },
  { weight: 2, arbitrary: name.map((one) => `/${one}`) },
  { weight: 1, arbitrary: fc.tuple(name, name).map(([one, two]) => `${one}/${two}`) },
  { weight: 1, arbitrary: name.map((one) => `../${one}`) },
  { weight: 1, arbitrary: fc.constantFrom('.', '..', '/', 'missing', 'a/', '../../b/..', './c') },
);

const kind = fc.oneof(
  { weight: 50, arbitrary: fc.constantFrom('dir', 'file', 'file') },
  { weight: 8, arbitrary: fc.constant('symlink') },
  { weight: 9, arbitrary: fc.constant('whiteout') },
  { weight: 5, arbitrary: fc.constant('hardlink') },
  { weight: 2, arbitrary: fc.constant('xwhiteout') },
  { weight: 3, arbitrary: fc.constantFrom('fifo', 'chr', 'blk', 'sock') },
);

interface Wish {
  readonly at: readonly string[];
  readonly kind: string;
  readonly mode: number;
  readonly plain: boolean;
  readonly uid: number;
  readonly gid: number;
  readonly opaque: string | undefined;
  readonly xattr: boolean;
  readonly mtime: number | undefined;
  readonly target: string;
  readonly which: number;
}

const wish: fc.Arbitrary<Wish> = fc.record({
  at: fc.array(name, { minLength: 1, maxLength: 4 }),
  kind,
  mode,
  plain: fc.boolean(),
  uid: id,
  gid: id,
  opaque: maybe(2, fc.constantFrom('y', 'y', 'y', 'x')),
  xattr: fc.boolean(),
  mtime: maybe(3, fc.integer({ min: 1, max: 2_000_000 })),
  target,
  which: fc.nat({ max: 9 }),
});

/** Devices that may be opened: /dev/null, and those of the major number 0, which has no drivers. */
const rdevOf = (type: unknown, known: boolean): readonly number[] => (type === 'chr' && known ? [1, 3] : [0, 3]);

/** Entries of a layer: missing parents are made, and what cannot be there is left out. */
function layerOf(wishes: readonly Wish[], label: string): readonly Json[] {
  const entries = new Map<string, Json>();
  const directories = new Set(['']);
  const put = (path: string, entry: Json): void => {
    entries.set(path, { path, ...entry });
    if (entry['type'] === 'dir') directories.add(path);
  };
  for (const one of wishes) {
    const path = `/${one.at.join('/')}`;
    const parents = one.at.slice(0, -1).map((_, index) => `/${one.at.slice(0, index + 1).join('/')}`);
    if (parents.some((parent) => entries.has(parent) && !directories.has(parent)) || entries.has(path)) continue;
    for (const parent of parents) if (!directories.has(parent)) put(parent, { type: 'dir', mode: 0o755 });
    // Whether readdir lists one in upper depends on what was copied up before, which the model leaves out.
    if (one.kind === 'xwhiteout' && label === 'u') continue;
    const files = [...entries.values()].filter(({ type, hardlink }) => type === 'file' && hardlink === undefined);
    put(path, entryOf(one, `${label}:${entries.size}`, files));
  }
  return [...entries.values()];
}

function entryOf(one: Wish, content: string, files: readonly Json[]): Json {
  const own = one.plain ? {} : { uid: one.uid, gid: one.gid, mtime: one.mtime };
  const xattrs = one.xattr && !one.plain ? { 'user.k': 'v' } : undefined;
  const attributes = object({ mode: one.plain ? 0o755 : one.mode, ...own });
  const all = object({ ...attributes, xattrs });
  const first = files[one.which % Math.max(files.length, 1)];
  switch (one.kind) {
    case 'dir':
      return object({ type: 'dir', ...all, opaque: one.opaque });
    case 'symlink':
      return { type: 'symlink', target: one.target, ...object({ uid: own.uid, gid: own.gid }) };
    case 'hardlink':
      return first === undefined ? { type: 'file', content, ...all } : { type: 'file', hardlink: first['path'] };
    case 'whiteout':
    case 'xwhiteout':
      return { type: one.kind };
    case 'fifo':
    case 'sock':
      return { type: one.kind, ...attributes };
    case 'chr':
    case 'blk':
      return { type: one.kind, rdev: rdevOf(one.kind, one.which % 2 === 0), ...attributes };
    default:
      return { type: 'file', content, ...all };
  }
}

// ---- ops ----------------------------------------------------------------------------------------------------------

/** What a path walk has to mind: dots, slashes, the root, a long name. */
const odd = fc.oneof(
  { weight: 3, arbitrary: fc.nat({ max: 30 }).map((index) => `#${index}/`) },
  {
    weight: 2,
    arbitrary: fc.tuple(name, name, fc.constantFrom('.', '..')).map(([a, b, dots]) => `/${a}/${dots}/${b}`),
  },
  { weight: 1, arbitrary: fc.tuple(name, fc.constantFrom('.', '..', './', '../')).map(([a, dots]) => `/${a}/${dots}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('/', '//a', '/a//b', '/.', '/..', `/${'x'.repeat(255)}`, `/${'x'.repeat(256)}`),
  },
);
const some = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => `/${names.join('/')}`);
/** "#7" is the seventh path that a layer or an earlier op names. */
const there = fc.nat({ max: 30 }).map((index) => `#${index}`);
/** "@7/a" is a name in the seventh directory among those, the root being the first. */
const inside = fc.tuple(fc.nat({ max: 15 }), name).map(([index, below]) => `@${index}/${below}`);
const weighed = (old: number, fresh: number): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: old, arbitrary: there },
    { weight: fresh, arbitrary: inside },
    { weight: 4, arbitrary: some },
    { weight: 3, arbitrary: odd },
  );
/** A path that is probably there, and one that is probably free. */
const path = weighed(24, 8);
const free = weighed(3, 24);

const access = fc.constantFrom('O_RDONLY', 'O_WRONLY', 'O_RDWR');
const flags = fc.oneof(
  {
    weight: 12,
    arbitrary: fc
      .tuple(
        access,
        fc.subarray(['O_CREAT', 'O_EXCL', 'O_TRUNC', 'O_APPEND', 'O_NOFOLLOW', 'O_DIRECTORY'], { maxLength: 3 }),
      )
      // With O_EXCL alone the standard promises nothing.
      .map(([how, more]) =>
        [how, ...(more.includes('O_EXCL') && !more.includes('O_CREAT') ? ['O_CREAT'] : []), ...more].join('|'),
      ),
  },
  { weight: 2, arbitrary: access.map((how) => `O_TMPFILE|${how}`) },
  { weight: 1, arbitrary: fc.constantFrom('O_PATH', 'O_PATH|O_NOFOLLOW', 'O_PATH|O_DIRECTORY') },
);
const data = fc.constantFrom('x', 'new content', '', 'zzzzzzzzzzzzzzzz');
const xattrName = fc.constantFrom(
  'user.k',
  'user.n',
  'trusted.t',
  'trusted.overlay.opaque',
  'trusted.overlay.x',
  'bad',
  'security.s',
  'system.s',
);
const at = { path };
const two = { from: path, to: free };
const held = { fd: fc.nat({ max: 5 }) };
const op = <T extends Readonly<Record<string, fc.Arbitrary<unknown>>>>(kindOf: string, fields: T): fc.Arbitrary<Json> =>
  fc.record({ op: fc.constant(kindOf), ...fields }).map((one) => object(one));

const OPTIONS = [
  '',
  '',
  'redirect_dir=on',
  'redirect_dir=on',
  'redirect_dir=off',
  'redirect_dir=follow',
  'redirect_dir=nofollow',
];

const OPS: readonly (readonly [weight: number, fc.Arbitrary<Json>])[] = [
  [6, op('mkdir', { path: free, mode })],
  [8, op('write', { ...at, data, mode })],
  [4, op('append', { ...at, data })],
  [4, op('read', at)],
  [
    8,
    op('open', {
      ...at,
      flags,
      mode,
      data: maybe(4, data),
      read: maybe(5, fc.constant(true)),
      fd: maybe(7, fc.constant(0)),
    }),
  ],
  [3, op('truncate', { ...at, size: fc.constantFrom(0, 2, 30) })],
  [8, op('unlink', at)],
  [6, op('rmdir', at)],
  [
    14,
    op('rename', {
      ...two,
      flags: maybe(3, fc.constantFrom('NOREPLACE', 'EXCHANGE', 'EXCHANGE', 'WHITEOUT', 'NOREPLACE|EXCHANGE')),
    }),
  ],
  [5, op('link', two)],
  [3, op('symlink', { target, path: free })],
  [2, op('readlink', at)],
  [5, op('chmod', { ...at, mode })],
  [3, op('lchown', { ...at, uid: id, gid: id })],
  [2, op('utimes', { ...at, mtime: fc.constantFrom(0, 77, 1_000_000) })],
  [2, op('mtime', at)],
  [3, op('stat', at)],
  [3, op('lstat', at)],
  [4, op('readdir', at)],
  [
    2,
    fc
      .tuple(
        op('mknod', { path: free, mode }),
        fc.constantFrom('file', 'fifo', 'sock', 'chr', 'blk'),
        fc.nat({ max: 2 }),
      )
      .map(([one, type, how]) => ({ ...one, type, rdev: how === 0 ? [0, 0] : rdevOf(type, how === 1) })),
  ],
  [3, op('setxattr', { ...at, name: xattrName, value: fc.constantFrom('y', 'v', '') })],
  [2, op('getxattr', { ...at, name: xattrName })],
  [3, op('removexattr', { ...at, name: xattrName })],
  [2, op('listxattr', at)],
  [2, op('sameino', { from: path, to: path })],
  [3, op('remount', { rotate: maybe(3, fc.constant(true)), options: maybe(3, fc.constantFrom(...OPTIONS)) })],
  [3, op('fdread', held)],
  [3, op('fdwrite', { ...held, data })],
  [2, op('fdstat', held)],
  [2, op('fdchmod', { ...held, mode })],
  [2, op('fdreaddir', held)],
  [2, op('fdclose', held)],
];
const anyOp = fc.oneof(...OPS.map(([weight, arbitrary]) => ({ weight, arbitrary })));

/** What seldom comes about by chance: "$7" is a file of some layer, "=" the path before, and LATEST the descriptor opened last. */
const LATEST = -1;
const onLatest = fc.constantFrom<Json>(
  { op: 'fdread', fd: LATEST },
  { op: 'fdwrite', fd: LATEST, data: 'late' },
  { op: 'fdstat', fd: LATEST },
  { op: 'fdchmod', fd: LATEST, mode: 0o600 },
  { op: 'fdreaddir', fd: LATEST },
  { op: 'fdclose', fd: LATEST },
);
const gone = fc.constantFrom<Json>(
  { op: 'unlink', path: '=' },
  { op: 'rmdir', path: '=' },
  { op: 'write', path: '=', data: 'again' },
  { op: 'chmod', path: '=', mode: 0o640 },
  { op: 'rename', from: '=', to: '@3/d' },
  { op: 'rename', from: '#5', to: '=' },
);
const file = fc.nat({ max: 15 }).map((index) => `$${index}`);
const hold = op('open', {
  path: fc.oneof(there, file),
  flags: fc.constantFrom('O_RDONLY', 'O_RDWR', 'O_RDONLY|O_DIRECTORY'),
  fd: fc.constant(0),
});
const moved = op('rename', { from: fc.integer({ min: 1, max: 9 }).map((index) => `@${index}`), to: inside });
const mountedOn: Json = { op: 'remount', options: 'redirect_dir=on' };
const remount = op('remount', { rotate: maybe(3, fc.constant(true)), options: fc.constantFrom(...OPTIONS) });
const after = fc.constantFrom<Json>(
  { op: 'lstat', path: '=' },
  { op: 'readdir', path: '=' },
  { op: 'unlink', path: '=' },
);
const caller = fc.oneof({ weight: 7, arbitrary: fc.constant(0) }, { weight: 3, arbitrary: fc.constantFrom(1000, 5) });
const seldom = fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(1000, 5) });
/** What recordings show and few sequences come to: a symlink to itself, a sticky directory of somebody else's, and the like. */
const looped = fc.constantFrom<readonly Json[]>(
  [
    { op: 'mkdir', path: '=/x', mode: 0o755 },
    { op: 'rmdir', path: '=' },
  ],
  [
    { op: 'rmdir', path: '=/x' },
    { op: 'read', path: '/loop' },
  ],
  [
    { op: 'truncate', path: '=', size: 0 },
    { op: 'append', path: '=', data: 'x' },
  ],
  [
    { op: 'chmod', path: '=', mode: 0o600 },
    { op: 'readlink', path: '=' },
  ],
  [
    { op: 'readdir', path: '=' },
    { op: 'write', path: '=', data: 'x' },
  ],
  [
    { op: 'rename', from: '=/x', to: '/y' },
    { op: 'open', path: '/loop', flags: 'O_RDONLY' },
  ],
);
const rare = fc.oneof(
  looped.map((ops) => [{ op: 'symlink', target: 'loop', path: '/loop' }, ...ops]),
  fc.constantFrom<readonly Json[]>(
    [
      { op: 'mkdir', path: '/sticky', mode: 0o1777 },
      { op: 'write', path: '/sticky/f', data: 'mine' },
      { op: 'rename', from: '/sticky/f', to: '/sticky/g', as: 1000 },
      { op: 'unlink', path: '/sticky/f', as: 5 },
    ],
    [{ op: 'mknod', path: '@1/w', type: 'chr', mode: 0o600, rdev: [0, 0] }],
    [{ op: 'rmdir', path: '@1/.' }],
    [
      { op: 'open', path: '$2', flags: 'O_RDONLY', fd: 0 },
      { op: 'unlink', path: '=' },
      { op: 'fdchmod', fd: LATEST, mode: 0o600 },
    ],
  ),
);
type Story = readonly [ops: readonly Json[], as: number];
const story: fc.Arbitrary<Story> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.tuple(
      anyOp.map((one) => [one]),
      caller,
    ),
  },
  { weight: 1, arbitrary: fc.tuple(rare, fc.constant(0)) },
  { weight: 2, arbitrary: fc.tuple(fc.tuple(hold, gone, onLatest, onLatest), seldom) },
  { weight: 1, arbitrary: fc.tuple(fc.tuple(fc.constant(mountedOn), moved, remount, after, after), seldom) },
);

/**
 * Chooses paths among those that layers and earlier ops name, and names descriptors: an open that keeps its one gets a new
 * name, and ops on descriptors choose among the names so far.
 */
function opsOf(
  wanted: readonly (readonly [readonly Json[], number])[],
  layers: readonly (readonly Json[])[],
): readonly Json[] {
  const entries = layers.flat();
  const known = [...new Set(entries.map((entry) => String(entry['path'])))];
  const directories = [
    '',
    ...new Set(entries.filter(({ type }) => type === 'dir').map((entry) => String(entry['path']))),
  ];
  const files = entries.filter(({ type }) => type === 'file').map((entry) => String(entry['path']));
  let opened = 0;
  let last = '/a';
  const chosen = (text: unknown): unknown => {
    const [, sign, index = '', below = ''] = /^([#@$])(\d+)(.*)$/.exec(String(text)) ?? [];
    const list = sign === '@' ? directories : sign === '$' ? files : known;
    if (String(text).startsWith('=')) return last + String(text).slice(1);
    const found = sign === undefined ? String(text) : `${list[Number(index) % list.length] ?? '/a'}${below}` || '/';
    if (!known.includes(found) && !found.endsWith('/')) known.push(found);
    last = found;
    return found;
  };
  const each = wanted.flatMap(([list, as]) => list.map((one) => [one, as] as const));
  return each.flatMap(([one, as]): readonly Json[] => {
    const by = as === 0 || one['op'] === 'remount' ? one : { ...one, as };
    const paths = ['path', 'from', 'to'].filter((key) => by[key] !== undefined).map((key) => [key, chosen(by[key])]);
    const op: Json = { ...by, ...Object.fromEntries(paths) };
    if (op['op'] === 'mkdir') directories.push(String(op['path']));
    if (one['fd'] === undefined) return [op];
    if (one['op'] === 'open') return [{ ...op, fd: `f${opened++}` }];
    const which = one['fd'] === LATEST ? opened - 1 : Number(one['fd']) % opened;
    return opened === 0 ? [] : [{ ...op, fd: `f${which}` }];
  });
}

// ---- drafts -------------------------------------------------------------------------------------------------------

/** A mount without an upper needs two lowers. Redirects come from renames, and from there into lowers and other mounts. */
export const drafts = ({ ops = 24 }: { readonly ops?: number } = {}): fc.Arbitrary<Json> =>
  fc
    .record({
      options: fc.constantFrom(...OPTIONS),
      upper: maybe(8, fc.array(wish, { maxLength: 8, size: 'max' })),
      lowers: fc.array(fc.array(wish, { maxLength: 10, size: 'max' }), { minLength: 1, maxLength: 4 }),
      ops: fc.array(story, { maxLength: ops, size: 'max' }),
    })
    .map(({ options, upper, lowers, ops: wanted }) => {
      const below = upper === undefined && lowers.length === 1 ? [...lowers, []] : lowers;
      const top = upper === undefined ? null : layerOf(upper, 'u');
      const bottom = below.map((list, index) => layerOf(list, `l${index}`));
      const ops = opsOf(wanted, [top ?? [], ...bottom]);
      return { name: 'random', options, layers: { upper: top, lowers: bottom }, ops };
    });
