/**
 * Random drafts of systemd vectors (see test/vectors/systemd/README.md): a machine of every kind, and what its administrator and
 * the tool do to it. Few names, so that they meet. What is drawn are wishes; a draft that is drawn can always be set up, also
 * when it shrinks: a wish that shrinks away takes its ops with it.
 */
import fc from 'fast-check';
import { type Json, mutableOf, type Tool } from '../../src/live/systemdops.ts';

type Weighted<T> = readonly (readonly [weight: number, fc.Arbitrary<T>])[];
const weighed = <T>(choices: Weighted<T>): fc.Arbitrary<T> =>
  fc.oneof({ withCrossShrink: true }, ...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })));
/** Words with their weights, the simplest first. */
const word = <T extends string>(weights: Readonly<Record<T, number>>): fc.Arbitrary<T> =>
  weighed((Object.keys(weights) as T[]).map((key) => [weights[key], fc.constant(key)] as const));

const TOOLS: Weighted<Tool> = [
  [12, fc.constant({ kind: 'confext', hierarchies: ['/etc'] })],
  [5, fc.constant({ kind: 'sysext', hierarchies: ['/opt', '/srv'] })],
  [2, fc.constant({ kind: 'sysext', hierarchies: ['/opt'] })],
  [1, fc.constant({ kind: 'sysext', hierarchies: ['/srv', '/opt'] })],
];

/** In the order of the search, the first wins. */
const IMAGES = {
  confext: { first: '/run/confexts', images: '/var/lib/confexts' },
  sysext: { first: '/run/extensions', images: '/var/lib/extensions' },
} as const;

/**
 * Ops are drawn with places instead of paths: {h} and {g} are the first and the last hierarchy, {m} and {n} their mutable
 * directories, {images} and {first} where extensions are, {dot} is the name of the tool's own directory, and {mode} the one that is
 * asked for again and again, so that there is something to skip.
 */
function placed(tool: Tool, mode: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => placed(tool, mode, item));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([key, field]) => [String(placed(tool, mode, key)), placed(tool, mode, field)]),
    );
  if (typeof value !== 'string') return value;
  const [h = '/etc', g = h] = tool.hierarchies;
  const names: Readonly<Record<string, string>> = {
    h,
    g,
    m: mutableOf(h),
    n: mutableOf(g),
    ...IMAGES[tool.kind],
    dot: `.systemd-${tool.kind}`,
    mode,
    kind: tool.kind,
    KIND: tool.kind.toUpperCase(),
    Section: tool.kind === 'confext' ? 'ConfExt' : 'SysExt',
  };
  return value.replace(/\{(\w+)\}/g, (text, name: string) => names[name] ?? text);
}

const op = (name: string, fields: Json): Json => ({ op: name, ...fields });
const mkdir = (path: string, mode = '0755'): Json => op('mkdir', { path, mode });
const write = (path: string, data: string): Json => op('write', { path, data });
const mount = (type: string, path: string, source?: string): Json =>
  op('mount', { type, ...(source === undefined ? {} : { source }), path });

// ---- the host directory -------------------------------------------------------------------------------------------

const HOSTS = {
  files: 24,
  few: 7,
  empty: 6,
  missing: 3,
  odd: 1,
  dotted: 1,
  'dot-file': 1,
  'odd-device': 1,
  tmpfs: 1,
  bound: 1,
  readonly: 1,
  link: 1,
} as const;
type Host = keyof typeof HOSTS;

const filled = (at: string): readonly Json[] => [
  write(`${at}/h`, 'host h\n'),
  write(`${at}/c`, 'host c\n'),
  mkdir(`${at}/s`),
  mkdir(`${at}/d`),
  write(`${at}/d/x`, 'host x\n'),
  write(`${at}/t`, 'host t\n'),
];

function hostOps(kind: Host, at: string): readonly Json[] {
  const few = filled(at).slice(0, 3);
  const away = `/var/real${at}`;
  switch (kind) {
    case 'files':
      return filled(at);
    case 'few':
      return few;
    case 'empty':
      return [];
    case 'missing':
      return [op('rmdir', { path: at })];
    case 'odd':
      return [...few, op('chmod', { path: at, mode: '1750' }), op('chown', { path: at, uid: 5, gid: 5 })];
    case 'dotted':
      return [...few, mkdir(`${at}/{dot}`), write(`${at}/{dot}/hostfile`, 'admin\n')];
    case 'dot-file':
      return [...few, write(`${at}/{dot}`, 'x\n'), mount('bind', at, at)];
    case 'odd-device':
      return [...few, mkdir(`${at}/{dot}`), write(`${at}/{dot}/dev`, 'x\n'), mount('bind', at, at)];
    case 'tmpfs':
      return [mount('tmpfs', at), ...few];
    case 'bound':
      return [...few, mount('bind', at, at)];
    case 'readonly':
      return [...few, mount('bind', at, at), mount('remount-ro', at)];
    case 'link':
      return [
        op('rmdir', { path: at }),
        op('mkdir', { path: away, mode: '0755', parents: true }),
        op('symlink', { target: away, path: at }),
        ...filled(away).slice(0, 3),
      ];
  }
}

// ---- the mutable directory ----------------------------------------------------------------------------------------

const MUTABLES = {
  missing: 6,
  base: 1,
  dir: 4,
  filled: 5,
  'wrong-mode': 1,
  'link-host': 3,
  'link-other': 2,
  dangling: 2,
  'dangling-deep': 2,
  below: 1,
  file: 1,
  readonly: 1,
  tmpfs: 1,
  bound: 1,
  dotted: 1,
} as const;
type Mutable = keyof typeof MUTABLES;

/** `host` is the hierarchy, `other` a directory elsewhere. */
function mutableOps(kind: Mutable, at: string, host: string, other: string): readonly Json[] {
  const link = (target: string): Json => op('symlink', { target, path: at });
  const own = [write(`${at}/m`, 'mutable m\n'), op('whiteout', { path: `${at}/h` })];
  switch (kind) {
    case 'missing':
    case 'base':
      return [];
    case 'dir':
      return [mkdir(at)];
    case 'filled':
      return [mkdir(at), ...own, mkdir(`${at}/d`), write(`${at}/d/y`, 'mutable y\n')];
    case 'wrong-mode':
      return [mkdir(at, '0700'), ...own];
    case 'link-host':
      return [link(host)];
    case 'link-other':
      return [mkdir(other), link(other), write(`${at}/o`, 'other o\n')];
    case 'dangling':
      return [link(other)];
    case 'dangling-deep':
      return [link(`${other}/x`)];
    case 'below':
      return [link(`${host}/s`)];
    case 'file':
      return [write(at, 'no directory\n')];
    case 'readonly':
      return [mkdir(at), ...own, mount('bind', at, at), mount('remount-ro', at)];
    case 'tmpfs':
      return [mkdir(at), mount('tmpfs', at), ...own];
    case 'bound':
      return [mkdir(at), ...own, mount('bind', at, at)];
    case 'dotted':
      return [mkdir(at), mkdir(`${at}/{dot}`), write(`${at}/{dot}/dev`, '0:1\n')];
  }
}

// ---- extensions ---------------------------------------------------------------------------------------------------

const NAMES = ['a9', 'a10', 'b'] as const;
const EXTENSIONS = {
  plain: 24,
  first: 3,
  both: 1,
  masked: 2,
  foreign: 3,
  'other-version': 1,
  'same-version': 1,
  initrd: 1,
  misnamed: 1,
  versioned: 2,
  link: 1,
  suffix: 1,
  empty: 1,
  file: 1,
} as const;

/** What an extension brings: a path below a hierarchy, and what is there instead of a file. */
const CONTENTS: Readonly<Record<string, string | Json>> = {
  a: '',
  c: '',
  t: '',
  h: '',
  b: '',
  n: '',
  'd/x': '',
  'd/y': '',
  'e/z': '',
  's/k': '',
  q: { type: 'dir', mode: '0755' },
  l: { type: 'symlink', target: 'c' },
  w: { type: 'whiteout' },
  'd/w': { type: 'whiteout' },
  s: '',
  'h/x': '',
  '{dot}/extfile': '',
  'systemd/{kind}.conf': '[{Section}]\nMutable=yes\n',
};
const RARE = new Set(['s', 'h/x', '{dot}/extfile', 'systemd/{kind}.conf', 'd/w']);

interface Extension {
  readonly name: string;
  readonly kind: keyof typeof EXTENSIONS;
  readonly contents: readonly string[];
  /** In which of two hierarchies; bit 0 is the first. */
  readonly where: number;
}

const content = weighed([
  [12, fc.constantFrom(...Object.keys(CONTENTS).filter((path) => !RARE.has(path)))],
  [1, fc.constantFrom(...RARE)],
]);
const extension: fc.Arbitrary<Extension> = fc.record({
  name: fc.constantFrom(...NAMES),
  kind: word(EXTENSIONS),
  contents: fc.uniqueArray(content, { maxLength: 5, size: 'max' }),
  where: weighed([
    [4, fc.constant(3)],
    [2, fc.constantFrom(1, 2)],
    [1, fc.constant(0)],
  ]),
});

const RELEASES: Readonly<Record<string, string>> = {
  foreign: 'ID=foreign\n',
  'other-version': 'ID=testos\nVERSION_ID=2\n',
  'same-version': 'ID=testos\nVERSION_ID=1\n',
  initrd: 'ID=_any\n{KIND}_SCOPE=initrd\n',
};

/** Files of an extension; `stamp` tells its versions apart. */
function filesOf(tool: Tool, { name, kind, contents, where }: Extension, stamp: string): Json {
  // A file and something below it cannot both be there.
  const fit = contents.filter((path) => !contents.some((other) => other.startsWith(`${path}/`)));
  const hierarchies = tool.hierarchies.filter((_, index) => tool.kind === 'confext' || (where >> index) & 1);
  const release = `${tool.kind === 'confext' ? 'etc' : 'usr/lib'}/extension-release.d/extension-release.`;
  const own = hierarchies.flatMap((hierarchy) => {
    const at = hierarchy.slice(1);
    if (kind === 'file' && tool.kind === 'sysext') return [[at, `${stamp}\n`]];
    return fit.map((path) => [`${at}/${path}`, CONTENTS[path] === '' ? `${stamp}\n` : CONTENTS[path]]);
  });
  const file = [`${release}${kind === 'misnamed' ? 'other' : name}`, RELEASES[kind] ?? 'ID=_any\n'];
  return Object.fromEntries([...own, file]);
}

function extensionOps(tool: Tool, drawn: Extension, count: number): readonly Json[] {
  const { kind } = drawn;
  // Of two entries that make one name readdir's first wins, so those with another file name have names of their own.
  const name = kind === 'versioned' || kind === 'suffix' ? `${kind[0]}${drawn.name}` : drawn.name;
  const one = { ...drawn, name };
  const stamp = `${name} v${count}`;
  const install = (path: string, more = ''): Json =>
    op('install', { path, files: filesOf(tool, one, `${stamp}${more}`) });
  const [images, first] = [`{images}/${name}`, `{first}/${name}`];
  switch (kind) {
    case 'first':
      return [install(first)];
    case 'both':
      return [install(images), install(first, ' first')];
    case 'masked':
      return [install(images), op('mkdir', { path: first, mode: '0755', parents: true })];
    case 'versioned':
      return ['1', '2'].map((version) => install(`${images}.v/${name}_${version}`, `.${version}`));
    case 'link': {
      const target = `/var/image${count}`;
      const parent = op('mkdir', { path: `{images}/none${count}`, mode: '0755', parents: true });
      return [
        install(target),
        parent,
        op('rmdir', { path: `{images}/none${count}` }),
        op('symlink', { target, path: images }),
      ];
    }
    case 'suffix':
      return [install(`${images}.{kind}`)];
    case 'empty':
      return [op('mkdir', { path: images, mode: '0755', parents: true })];
    default:
      return [install(images)];
  }
}

// ---- verbs --------------------------------------------------------------------------------------------------------

const modes = ['yes', 'auto', 'no', 'import', 'ephemeral', 'ephemeral-import'] as const;
/** How the mode is told: mostly as an argument. */
const mode = weighed<Json>([
  [12, fc.constant({ args: ['--mutable={mode}'] })],
  [8, fc.constantFrom(...modes).map((one) => ({ args: [`--mutable=${one}`] }))],
  [6, fc.constant({})],
  [1, fc.constantFrom(...modes, 'bogus').map((one) => ({ env: { 'SYSTEMD_{KIND}_MUTABLE_MODE': one } }))],
  [1, fc.constantFrom('true', '0', 'bogus').map((one) => ({ args: [`--mutable=${one}`] }))],
  [
    1,
    fc
      .tuple(fc.constantFrom(...modes), fc.constantFrom(...modes))
      .map(([one, other]) => ({ args: [`--mutable=${one}`], env: { 'SYSTEMD_{KIND}_MUTABLE_MODE': other } })),
  ],
]);
const extra = weighed<readonly string[]>([
  [12, fc.constant([])],
  [5, fc.constant(['--always-refresh=yes'])],
  [1, fc.constant(['--always-refresh=no'])],
  [1, fc.constant(['--force'])],
  [1, fc.constantFrom(['--noexec=no'], ['--noexec=yes'])],
]);
const cwd = weighed<Json>([
  [14, fc.constant({})],
  [1, fc.constantFrom('/tmp', '/var', '/tmp').map((path) => ({ cwd: path }))],
]);

const run = (verb: string, ...options: readonly Json[]): Json => {
  const args = options.flatMap(({ args: own }) => (Array.isArray(own) ? own : []));
  const { args: _, ...more } = Object.assign({}, ...options) as Json;
  return { op: '{kind}', verb, ...(args.length > 0 ? { args } : {}), ...more };
};
const drawn = (verb: string): fc.Arbitrary<Json> =>
  fc.tuple(mode, extra, cwd).map(([how, more, where]) => run(verb, how, { args: more }, where));
const leave = weighed<Json>([
  [20, cwd.map((where) => run('unmerge', where))],
  [3, mode.map((how) => run('unmerge', how))],
  [1, fc.constant(run('unmerge', { args: ['--mutable=bogus'] }))],
]);
const merges = weighed([
  [5, drawn('merge')],
  [3, drawn('refresh')],
]);
const verb = weighed([
  [7, drawn('refresh')],
  [3, drawn('merge')],
  [3, leave],
  [1, fc.constant(run('status'))],
]);
/** One that puts another overlay in the place of the old one, or none. */
const replace = weighed([
  [2, leave],
  [3, mode.map((how) => run('refresh', how, { args: ['--always-refresh=yes'] }))],
]);

// ---- what the administrator does ----------------------------------------------------------------------------------

/** A step is one wish, which makes a few ops. */
type Step = readonly (Json | Extension)[];

const hierarchy = weighed([
  [5, fc.constant('{h}')],
  [2, fc.constant('{g}')],
]);
const at = (below: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(hierarchy, below).map(([top, path]) => `${top}/${path}`);
const file = at(
  weighed([
    [5, fc.constantFrom('c', 'h', 'a', 't', 'd/x')],
    [2, fc.constantFrom('b', 'n', 'd/y', 'e/z', 'l', 'w', 'm', 's/k')],
  ]),
);
const directory = at(fc.constantFrom('s', 's', 's', 'd', 'd', 'e', 'q', 's/n', 'd/n'));
const fresh = at(fc.constantFrom('n', 'd2', 'q', 'd/n', 'e/f', 'w', 's/k2'));
const anything = weighed([
  [3, file],
  [2, directory],
]);
const permissions = fc.constantFrom('0755', '0700', '0644', '0600', '01777');
const data = fc.constant('admin\n');
const record = <T extends Readonly<Record<string, fc.Arbitrary<unknown>>>>(
  name: string,
  fields: T,
): fc.Arbitrary<Json> => fc.record(fields).map((drawnFields) => op(name, drawnFields));

const edit = weighed<Json>([
  [
    6,
    record('write', {
      path: weighed([
        [2, file],
        [2, fresh],
      ]),
      data,
    }),
  ],
  [3, record('append', { path: file, data })],
  [5, record('unlink', { path: file })],
  [
    3,
    record('mkdir', {
      path: weighed([
        [2, directory],
        [1, fresh],
      ]),
      mode: permissions,
    }),
  ],
  [2, record('rmdir', { path: directory })],
  [2, record('rmtree', { path: directory })],
  [
    5,
    record('rename', {
      from: anything,
      to: weighed([
        [2, fresh],
        [1, anything],
      ]),
    }),
  ],
  [2, record('symlink', { target: fc.constantFrom('c', 'd/x', 'none'), path: fresh })],
  [2, record('chmod', { path: anything, mode: permissions })],
  [1, record('chown', { path: anything, uid: fc.constant(5), gid: fc.constant(6) })],
  [1, record('whiteout', { path: fresh })],
  [1, record('chmod', { path: hierarchy, mode: permissions })],
]);

const mounts = weighed<Step>([
  [8, directory.map((path) => [mount('tmpfs', path)])],
  [3, directory.map((path) => [mount('bind', path, '/var/bind/d')])],
  [3, file.map((path) => [mount('bind', path, '/var/bind/f')])],
  // On a directory that only an extension has, or one that is made for it.
  [2, at(fc.constantFrom('e', 'q')).map((path) => [mount('tmpfs', path)])],
  [2, directory.map((path) => [mkdir(path), mount('tmpfs', path)])],
  // Nested and stacked.
  [4, directory.map((path) => [mount('tmpfs', path), mkdir(`${path}/n`), mount('tmpfs', `${path}/n`)])],
  [2, directory.map((path) => [mount('bind', path, '/var/bind/d'), mount('bind', `${path}/n`, '/var/bind/d')])],
  [2, directory.map((path) => [mount('tmpfs', path), mount('tmpfs', path)])],
  [1, directory.map((path) => [mount('tmpfs', path), write(`${path}/k`, 'in the mount\n')])],
  [1, directory.map((path) => [mount('tmpfs', path), mount('make-private', path)])],
  [2, directory.map((path) => [mount('bind', path, '/var/bind/d'), mount('remount-ro', path)])],
  [1, directory.map((path) => [mount('rbind', path, '/var/bind')])],
  [1, fc.tuple(directory, directory).map(([path, from]) => [mount('bind', path, from)])],
  // Over the hierarchy itself, and out of it.
  [1, hierarchy.map((path) => [mount('tmpfs', path)])],
  [1, hierarchy.map((path) => [mount('bind', path, path)])],
  [1, hierarchy.map((path) => [mkdir('/var/peer'), mount('bind', '/var/peer', path)])],
  [1, hierarchy.map((path) => [mount('remount-ro', path)])],
]);

/** What an unmerge leaves in /run is a file where the next one needs a directory, or the reverse. */
const leftovers: fc.Arbitrary<Step> = fc.tuple(hierarchy, fc.boolean(), mode).map(([top, fileFirst, how]) => {
  const path = `${top}/k`;
  const [file, dir] = [
    [write(path, 'k\n'), mount('bind', path, '/var/bind/f')],
    [mkdir(path), mount('tmpfs', path)],
  ];
  const [one, other] = fileFirst ? [file, dir] : [dir, file];
  const away = op(fileFirst ? 'unlink' : 'rmdir', { path });
  const merge = run('merge', how);
  return [run('unmerge'), ...one, merge, run('unmerge'), op('umount', { path }), away, ...other, merge, run('unmerge')];
});

const umounts = weighed<Step>([
  [4, fc.tuple(directory, verb).map(([path, one]) => [mount('tmpfs', path), one, op('umount', { path })])],
  [
    2,
    fc
      .tuple(directory, verb)
      .map(([path, one]) => [mount('tmpfs', path), mount('tmpfs', path), one, op('umount', { path })]),
  ],
  [
    1,
    fc
      .tuple(file, verb)
      .map(([path, one]) => [mount('bind', path, '/var/bind/f'), one, op('umount', { path, lazy: true })]),
  ],
  [2, record('umount', { path: anything }).map((one) => [one])],
  [1, record('umount', { path: anything, lazy: fc.constant(true) }).map((one) => [one])],
  [2, record('umount', { path: hierarchy, lazy: fc.boolean() }).map((one) => [one])],
  [1, hierarchy.map((path) => [op('umount', { path: `${path}/{dot}` })])],
  [1, hierarchy.map((path) => [op('umount', { path: `${path}/{dot}` }), op('unlink', { path: `${path}/{dot}/dev` })])],
]);

const name = fc.constantFrom(...NAMES);
const stash = fc.constantFrom('1', '2', '3').map((number) => `/var/stash/${number}`);
const image = fc
  .tuple(fc.constantFrom('{images}', '{images}', '{images}', '{first}'), name)
  .map(([where, one]) => `${where}/${one}`);
const images = weighed<Step>([
  [8, extension.map((one) => [one])],
  [6, fc.tuple(image, stash).map(([from, to]) => [op('rename', { from, to })])],
  [2, fc.tuple(stash, image).map(([from, to]) => [op('rename', { from, to })])],
  [2, fc.tuple(image, image).map(([from, to]) => [op('rename', { from, to })])],
  [2, name.map((one) => [op('mkdir', { path: `{first}/${one}`, mode: '0755', parents: true })])],
  [1, name.map((one) => [op('rmdir', { path: `{first}/${one}` })])],
  [2, fc.tuple(image, replace).map(([path, next]) => [op('rmtree', { path }), next])],
  // Below a layer that may be mounted, and then something else in its place, mostly.
  [
    2,
    fc
      .tuple(name, fc.constantFrom('c', 'n', 'd/x', 'e/f'), replace)
      .map(([one, path, next]) => [write(`{images}/${one}{h}/${path}`, 'edited\n'), next]),
  ],
  [1, fc.tuple(name, verb).map(([one, next]) => [write(`{images}/${one}{h}/c`, 'edited\n'), next])],
  [1, fc.tuple(name, replace).map(([one, next]) => [op('unlink', { path: `{images}/${one}{h}/c` }), next])],
]);

const mutable = fc.constantFrom('{m}', '{m}', '{n}');
const mutables = weighed<Step>([
  [3, fc.tuple(mutable, stash).map(([from, to]) => [op('rename', { from, to })])],
  [3, mutable.map((path) => [op('mkdir', { path, mode: '0755', parents: true })])],
  [1, mutable.map((path) => [op('mkdir', { path, mode: '0700', parents: true })])],
  [2, mutable.map((path) => [op('unlink', { path })])],
  [
    2,
    fc
      .tuple(mutable, fc.constantFrom('{h}', '{g}', '/var/other0', '/var/none/x'))
      .map(([path, target]) => [op('symlink', { target, path })]),
  ],
  [1, fc.tuple(mutable, permissions, replace).map(([path, bits, next]) => [op('chmod', { path, mode: bits }), next])],
  [
    1,
    fc
      .tuple(mutable, fc.constantFrom('c', 'h', 'e', 's'), replace)
      .map(([path, one, next]) => [op('whiteout', { path: `${path}/${one}` }), next]),
  ],
  [
    1,
    fc
      .tuple(mutable, fc.constantFrom('c', 'n', 'd/x'), replace)
      .map(([path, one, next]) => [write(`${path}/${one}`, 'by hand\n'), next]),
  ],
  [1, mutable.map((path) => [mount('bind', path, path), mount('remount-ro', path)])],
  [1, mutable.map((path) => [mount('tmpfs', path)])],
]);

const settingAt = (top: string, value: string): Step => [
  op('mkdir', { path: `${top}/systemd`, mode: '0755' }),
  write(`${top}/systemd/{kind}.conf`, `[{Section}]\nMutable=${value}\n`),
];
const setting = fc
  .tuple(fc.constantFrom('/run', '/run', '{h}'), fc.constantFrom(...modes, 'bogus'))
  .map(([top, value]) => settingAt(top, value));
const unset = fc.constantFrom('/run', '{h}').map((top): Step => [op('unlink', { path: `${top}/systemd/{kind}.conf` })]);

const step = weighed<Step>([
  // What a step shrinks to.
  [1, fc.constant([])],
  [30, verb.map((one) => [one])],
  [22, edit.map((one) => [one])],
  [18, mounts],
  [5, umounts],
  [1, leftovers],
  [14, images],
  [8, mutables],
  [3, setting],
  [1, unset],
]);

// ---- a draft ------------------------------------------------------------------------------------------------------

/** A directory that an unmerge from another working directory takes for its work directory, and removes. */
const decoy = (tool: Tool): Json =>
  op('mkdir', {
    path: `/tmp/var/lib/extensions.mutable/.systemd-${tool.hierarchies[0]?.slice(1)}-workdir/precious`,
    mode: '0755',
    parents: true,
  });

interface Wish {
  readonly tool: Tool;
  readonly mode: string;
  readonly hosts: readonly Host[];
  readonly mutables: readonly Mutable[];
  readonly extensions: readonly Extension[];
  readonly decoy: boolean;
  readonly setting: Step;
  readonly first: Step;
  readonly steps: readonly Step[];
}

const MOST = 12;

function opsOf(tool: Tool, steps: readonly Step[]): readonly Json[] {
  return steps
    .flat()
    .flatMap((one, index) => ('contents' in one ? extensionOps(tool, one as Extension, index + 5) : [one as Json]));
}

function draftOf(wish: Wish): Json {
  const { tool } = wish;
  const own = tool.hierarchies.map((path, index) => {
    const kind = wish.mutables[index] ?? 'missing';
    return { path, index, host: wish.hosts[index] ?? 'files', kind, other: `/var/other${index}` };
  });
  const needsBase = own.some(({ kind }) => kind !== 'missing');
  const setup = [
    op('install', { path: '/var/bind', files: { 'd/n/k': 'bind k\n', 'd/f': 'bind f\n', f: 'bind file\n' } }),
    mkdir('/var/stash'),
    ...own.flatMap(({ path, host }) => hostOps(host, path)),
    ...(needsBase ? [mkdir('/var/lib/extensions.mutable')] : []),
    ...own.flatMap(({ path, kind, other }) => mutableOps(kind, mutableOf(path), path, other)),
    ...(wish.decoy ? [decoy(tool)] : []),
    ...wish.extensions.flatMap((one, index) => extensionOps(tool, one, index + 1)),
    ...wish.setting,
  ];
  const watch = [
    ...own.flatMap(({ other }) => other),
    ...own.filter(({ host }) => host === 'link').map(({ path }) => `/var/real${path}`),
    ...(wish.decoy ? ['/tmp'] : []),
    '/var/stash',
  ];
  const steps = opsOf(tool, [wish.first, ...wish.steps]).slice(0, MOST);
  const draft = {
    kind: tool.kind,
    hierarchies: tool.hierarchies,
    watch,
    setup,
    steps: steps.map((one) => ({ do: one })),
  };
  return placed(tool, wish.mode, draft) as Json;
}

/** Drafts of 4 to 12 steps, mostly. */
export function sequences(): fc.Arbitrary<Json> {
  const two = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.tuple(one, one);
  return fc
    .record<Wish>({
      tool: weighed(TOOLS),
      mode: fc.constantFrom('no', 'yes', ...modes),
      hosts: two(word(HOSTS)),
      mutables: two(word(MUTABLES)),
      extensions: weighed([
        [1, fc.constant<Extension[]>([])],
        [9, fc.uniqueArray(extension, { minLength: 1, maxLength: 3, size: 'max', selector: (one) => one.name })],
      ]),
      decoy: weighed([
        [7, fc.constant(false)],
        [1, fc.constant(true)],
      ]),
      setting: weighed<Step>([
        [12, fc.constant([])],
        [1, fc.constantFrom(...modes).map((value) => settingAt('/run', value))],
      ]),
      first: weighed<Step>([
        [1, fc.constant([])],
        [6, merges.map((one) => [one])],
        [1, mounts],
      ]),
      steps: fc.array(step, { minLength: 4, maxLength: 10, size: 'max' }),
    })
    .map(draftOf);
}

/** The draft as a version can be asked: --always-refresh came with the skip. Source: NEWS of systemd 260. */
export function asked(draft: Json, version: string): Json {
  if (Number.parseInt(version, 10) >= 260) return draft;
  const text = JSON.stringify(draft, (key, value: unknown) =>
    key === 'args' && Array.isArray(value)
      ? value.filter((each) => !String(each).startsWith('--always-refresh'))
      : value,
  );
  return JSON.parse(text) as Json;
}
