import { realpathSync, type Stats, statSync } from 'node:fs';
import { directory, file, isWithin, join, nameOf, parentOf, plainFs, special, symlink } from '../kernel/tree.ts';
import type {
  Attributes,
  Directory,
  Entry,
  HeldInode,
  Inode,
  InoId,
  NonDirectory,
  Path,
  PlainFs,
} from '../kernel/types.ts';
import { type Config, readConfig } from './config.ts';
import { type Discovery, discover } from './discover.ts';
import { Disk, kindOf, unread } from './disk.ts';
import { InputError } from './error.ts';
import { CLASSES, RULES, type Rules } from './imageclass.ts';
import { chase, type Look, type Note, type Recording, recording } from './look.ts';
import { readXattrs, type XattrMap } from './xattr.ts';

/** An unpacked root file system, read into the model's own values: /etc, confexts, the mutable directory, and what rules them. */

/** What the tree tells about its systemd. */
export interface FoundSystemd {
  /** As its library is called: "257.13-1~deb13u1" or "262". */
  readonly version: string;
  readonly path: Path;
  /** Whose rules and behaviours are the nearest. */
  readonly rules: Rules;
  /** False where `rules` is only the nearest bundled version. */
  readonly exact: boolean;
}

export interface RootInput {
  /** The directory, absolute and without symlinks. */
  readonly dir: string;
  /** What was read, at its real paths, without what is below /run. */
  readonly root: PlainFs;
  /** What was read below /run, for the tmpfs that is there at boot: "/confexts/a". */
  readonly run: PlainFs;
  /** Where /etc leads to; undefined where there is none. */
  readonly etc: Path | undefined;
  readonly systemd: FoundSystemd | undefined;
  /** systemd's name for the machine, from an ELF header; undefined where none was found. */
  readonly architecture: string | undefined;
  readonly discovery: Readonly<Record<Rules, Discovery>>;
  /** Only a systemd whose behaviours include `configFile` reads it. */
  readonly config: Config;
  /** Whether opaque, redirect and other marks in the layers are known. */
  readonly xattrs: { readonly known: true } | { readonly known: false; readonly why: string };
  /** The number of files, directories and other inodes in the trees. */
  readonly inodes: number;
  readonly notes: readonly Note[];
}

/**
 * Reads `dir`. Contents become hashes (`sha256:…`), those of release and configuration files stay text, those that could
 * not be read are `unread:PATH`; mtimes are 0. Throws {@link InputError} for a tree that cannot be meant.
 */
export function readRoot(dir: string): RootInput {
  const top = topOf(dir);
  const disk = new Disk(top);
  const look = recording(disk);
  const etc = hierarchy(disk, look, top);
  const architecture = architectureOf(disk);
  const discovery = {
    257: discover(look, '257', 'confext', { architecture }),
    262: discover(look, '262', 'confext', { architecture }),
  };
  requireRelease(look, top, discovery[262]);
  const config = readConfig(look, 'confext');
  const deep = subtrees(disk, look, etc, discovery);
  const systemd = findSystemd(disk);
  const marks = readXattrs(deep.flatMap((path) => disk.bytes(path)?.toString() ?? []));
  const reading = new Reading(disk, look, deep, marks.of);
  const root = reading.tree('', '/run');
  const run = reading.tree('/run');
  if (marks.known) for (const line of marks.complaints) disk.note('', line);
  return {
    dir: top === '' ? '/' : top,
    root,
    run,
    etc,
    systemd,
    architecture,
    discovery,
    config,
    xattrs: marks.known ? { known: true } : { known: false, why: marks.why },
    inodes: reading.count,
    notes: unique([...discovery[systemd?.rules ?? '262'].notes, ...config.notes, ...disk.notes]),
  };
}

const unique = (notes: readonly Note[]): readonly Note[] => [
  ...new Map(notes.map((note) => [`${note.path}\0${note.what}`, note])).values(),
];

// ---- what a tree must have ----------------------------------------------------------------------------------------

function topOf(dir: string): string {
  const right = 'the directory of an unpacked root file system';
  try {
    const top = realpathSync(dir);
    if (!statSync(top).isDirectory()) throw new InputError({ file: dir, found: 'a file', right });
    return top === '/' ? '' : top;
  } catch (error) {
    if (error instanceof InputError) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const found = code === 'ENOENT' ? 'nothing' : code === 'ELOOP' ? 'a symlink that leads to itself' : `error ${code}`;
    throw new InputError({ file: dir, found, right });
  }
}

/** Where /etc leads to. */
function hierarchy(disk: Disk, look: Look, top: string): Path | undefined {
  const file = `${top}/etc`;
  const kind = disk.stat('/etc');
  if (kind === undefined) {
    disk.note('/etc', 'there is none: it counts as missing on the host');
    return undefined;
  }
  const at = chase(look, '/etc');
  const link = `a symlink to ${disk.readLink('/etc')}`;
  const right = 'a directory, or a symlink to one inside the root';
  if ('err' in at) {
    const trouble = { ENOENT: 'which does not exist', ENOTDIR: 'which goes through a file', ELOOP: 'which is cyclic' };
    throw new InputError({ file, found: `${link}, ${trouble[at.err]}`, right });
  }
  const found = look.stat(at.ok);
  if (found !== 'dir')
    throw new InputError({ file, found: `${kind === 'symlink' ? link : 'something'} of type ${found}`, right });
  const { dotDir } = CLASSES.confext;
  if (look.stat(`${at.ok}/${dotDir}`) !== undefined)
    disk.note(`/etc/${dotDir}`, 'confexts are merged in this tree: what is read as the host is the merged view');
  return at.ok;
}

function requireRelease(look: Look, top: string, found: Discovery): void {
  const right = 'an os-release file with ID=, without which systemd merges nothing';
  if (found.host !== undefined) return;
  const at = ['/etc/os-release', '/usr/lib/os-release'].find((path) => look.stat(path) !== undefined);
  if (at === undefined)
    throw new InputError({ file: top, found: 'neither etc/os-release nor usr/lib/os-release', right });
  throw new InputError({ file: `${top}${at}`, found: found.unusable?.message ?? 'no ID', right });
}

/** ELF e_machine -> systemd's name. Source: elf(5), systemd architecture.c. */
const MACHINES: ReadonlyMap<number, string> = new Map([
  [3, 'x86'],
  [20, 'ppc'],
  [21, 'ppc64-le'],
  [22, 's390x'],
  [40, 'arm'],
  [62, 'x86-64'],
  [183, 'arm64'],
  [243, 'riscv64'],
  [258, 'loongarch64'],
]);

function architectureOf(disk: Disk): string | undefined {
  for (const program of ['/usr/bin/systemd-confext', '/usr/lib/systemd/systemd', '/usr/bin/true', '/bin/sh']) {
    const at = chase(disk, program);
    const header = 'ok' in at ? disk.head(at.ok, 20) : undefined;
    if (header === undefined || header.length < 20 || header.toString('latin1', 0, 4) !== '\x7fELF') continue;
    const machine = header[5] === 2 ? header.readUInt16BE(18) : header.readUInt16LE(18);
    return MACHINES.get(machine);
  }
  return undefined;
}

/** By the name of systemd's own library, which every build has. */
function findSystemd(disk: Disk): FoundSystemd | undefined {
  const multiarch = (disk.list('/usr/lib') ?? [])
    .filter((name) => name.includes('-linux-'))
    .map((name) => `/usr/lib/${name}`);
  for (const library of [...multiarch, '/usr/lib', '/usr/lib64', '/lib']) {
    const at = chase(disk, `${library}/systemd`);
    for (const name of 'ok' in at ? (disk.list(at.ok) ?? []) : []) {
      const match = /^libsystemd-shared-(([0-9]{3}).*)\.so$/.exec(name);
      if (match === null) continue;
      const major = Number(match[2]);
      const rules = major >= 260 ? '262' : '257';
      const exact = String(major) === rules;
      const path = `${library}/systemd/${name}`;
      if (!exact) disk.note(path, `systemd ${major} is judged by the rules of ${rules}, the nearest bundled version`);
      return { version: match[1] ?? '', path, rules, exact };
    }
  }
  disk.note('/usr/lib/systemd', 'no libsystemd-shared-VERSION.so: the version of systemd is not known');
  return undefined;
}

/** What is read in full, besides what the rules looked at: layers of the merge. */
function subtrees(
  disk: Disk,
  look: Recording,
  etc: Path | undefined,
  discovery: Readonly<Record<Rules, Discovery>>,
): readonly Path[] {
  const deep = new Set<Path>();
  const add = (path: string, top?: Path): void => {
    const at = chase(look, path, top);
    if ('ok' in at && look.stat(at.ok) === 'dir') deep.add(at.ok);
  };
  if (etc !== undefined) deep.add(etc);
  for (const extension of RULES.flatMap((rules) => discovery[rules].extensions))
    if (extension.kind === 'directory') add('/etc', extension.tree);
  add('/var/lib/extensions.mutable');
  // A mutable directory may be a link to a place of its own.
  const mutable = chase(look, '/var/lib/extensions.mutable');
  for (const name of 'ok' in mutable ? (disk.list(mutable.ok) ?? []) : []) add(`/var/lib/extensions.mutable/${name}`);
  const all = [...deep].sort();
  return all.filter((path) => !all.some((other) => other !== path && isWithin(path, other)));
}

// ---- trees --------------------------------------------------------------------------------------------------------

/** The names of an inode that has several. */
interface Shared {
  readonly ino: InoId;
  readonly inode: NonDirectory;
  links: number;
}

/** Files that rules read, wherever a layer has them: an extension may ship a confext.conf that the next refresh obeys. */
const RULED =
  /\/(os-release|initrd-release|systemd\/confext\.conf(\.d\/[^/]*\.conf)?|extension-release\.d\/extension-release\.[^/]*)$/;

/** Turns what is on the disk into values. */
class Reading {
  count = 0;
  readonly #disk: Disk;
  readonly #texts: ReadonlyMap<Path, string>;
  readonly #deep: ReadonlySet<Path>;
  readonly #marks: XattrMap;
  /** Directory -> the names in it that are wanted although it is not read in full. */
  readonly #wanted = new Map<Path, Set<string>>();

  constructor(disk: Disk, look: Recording, deep: readonly Path[], marks: XattrMap) {
    this.#disk = disk;
    this.#texts = look.texts;
    this.#deep = new Set(deep);
    this.#marks = marks;
    for (const path of [...look.seen, ...deep]) this.#want(path);
  }

  #want(path: Path): void {
    for (let here = path; here !== ''; here = parentOf(here)) {
      const names = this.#wanted.get(parentOf(here)) ?? new Set();
      if (names.has(nameOf(here))) return;
      this.#wanted.set(parentOf(here), names.add(nameOf(here)));
    }
  }

  /** A file system of what is at and below `top`, without what is below `except`. */
  tree(top: Path, except?: Path): PlainFs {
    const shared = new Map<string, Shared>();
    const stats = this.#disk.lstat(top);
    const whole =
      stats?.isDirectory() === true ? this.#directory(top, stats, this.#isDeep(top), shared, except) : directory();
    // Only now it is known which inodes have a second name among what was read.
    const single = new Map([...shared.values()].filter((one) => one.links === 1).map((one) => [one.ino, one.inode]));
    const inodes = new Map<InoId, HeldInode>();
    for (const { ino, inode, links } of shared.values()) if (links > 1) inodes.set(ino, { inode, links });
    return { ...plainFs(single.size === 0 ? whole : unlinked(whole, single)), inodes };
  }

  #isDeep(path: Path): boolean {
    return [...this.#deep].some((top) => isWithin(path, top));
  }

  #directory(path: Path, stats: Stats, deep: boolean, shared: Map<string, Shared>, except?: Path): Directory {
    const entries = new Map<string, Entry>();
    const names = deep ? (this.#disk.names(path) ?? []) : [...(this.#wanted.get(path) ?? [])].sort();
    for (const name of path === except ? [] : names) {
      const below = join(path, name);
      const found = this.#disk.lstat(below);
      if (found === undefined) continue;
      if (found.dev !== stats.dev)
        this.#disk.note(below, 'another file system is mounted here; it is read as a part of this one');
      const inside = deep || this.#deep.has(below);
      entries.set(
        name,
        found.isDirectory()
          ? this.#directory(below, found, inside, shared, except)
          : this.#other(below, found, deep, shared),
      );
    }
    this.count++;
    return directory(entries, this.#attributes(path, stats));
  }

  #attributes(path: Path, stats: Stats): Partial<Attributes> {
    const { mode, uid, gid } = stats;
    const marks =
      this.#marks.size === 0 ? undefined : this.#marks.get(this.#disk.bytes(path)?.toString('latin1') ?? '');
    for (const name of marks?.keys() ?? [])
      if (name.endsWith('.metacopy')) this.#disk.note(path, 'metacopy is not modelled: the file counts as a full copy');
    const base = { mode: mode & 0o7777, uid, gid };
    return marks === undefined ? base : { ...base, xattrs: new Map([...marks].sort(([a], [b]) => (a < b ? -1 : 1))) };
  }

  #other(path: Path, stats: Stats, deep: boolean, shared: Map<string, Shared>): Entry {
    const key = `${stats.dev}:${stats.ino}`;
    const known = stats.nlink > 1 ? shared.get(key) : undefined;
    if (known !== undefined) {
      known.links++;
      return { type: 'link', ino: known.ino };
    }
    this.count++;
    const inode = this.#inode(path, stats, deep);
    if (stats.nlink === 1) return inode;
    const ino = `disk.${shared.size}`;
    shared.set(key, { ino, inode, links: 1 });
    return { type: 'link', ino };
  }

  #inode(path: Path, stats: Stats, deep: boolean): NonDirectory {
    const attributes = this.#attributes(path, stats);
    const kind = kindOf(stats);
    switch (kind) {
      case 'file':
        return file(this.#content(path, stats, deep), attributes);
      case 'symlink':
        return symlink(this.#disk.readLink(path) ?? '', attributes);
      case 'dir':
        throw new Error(`${path} became a directory while it was read`);
      default:
        return special(kind, deviceNumber(stats.rdev), attributes);
    }
  }

  #content(path: Path, stats: Stats, deep: boolean): string {
    const text = this.#texts.get(path) ?? (deep && RULED.test(path) ? this.#disk.readFile(path) : undefined);
    return text ?? (deep ? this.#disk.contentOf(path, stats) : unread(path));
  }
}

/** Source: glibc gnu_dev_major(), gnu_dev_minor(). Numbers, as Node gives them, hold more than 32 bits. */
function deviceNumber(rdev: number): readonly [number, number] {
  const high = Math.floor(rdev / 2 ** 32);
  const low = rdev % 2 ** 32;
  return [(Math.floor(low / 256) % 4096) | high, (low % 256) + Math.floor(low / 2 ** 20) * 256];
}

/** The tree with entries that turned out to have one name only put back in their places. */
function unlinked(tree: Directory, single: ReadonlyMap<InoId, Inode>): Directory {
  const entries = new Map<string, Entry>();
  for (const [name, entry] of tree.entries)
    entries.set(
      name,
      entry.type === 'dir' ? unlinked(entry, single) : entry.type === 'link' ? (single.get(entry.ino) ?? entry) : entry,
    );
  return { ...tree, entries };
}
