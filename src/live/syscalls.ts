/**
 * The system calls of a traced tool in the words of the model (`src/kernel/calls.ts`): which of them change something that
 * others could see, with what arguments, and what they gave. The tables here are all the abstraction there is between
 * what strace saw and what the model's programs are held against: what is in none of them is an error.
 */
import { posix } from 'node:path';
import type { Call, CallOf } from '../kernel/calls.ts';
import { overlayRequest } from '../kernel/overlayoptions.ts';
import type { MountFlag } from '../kernel/types.ts';
import { descriptorOf, type Event, flagsOf, type Syscall, stringOf } from './strace.ts';

/** A change that the tool made or failed to make. */
export interface Deed {
  readonly call: Deeds;
  /** "ok", or the name of the error. */
  readonly result: string;
  /** Where strace told it. */
  readonly line: number;
}

/** What deeds are: the calls of the model that change something, each of them one real call unless it says otherwise. */
export type Deeds =
  | Exclude<Call, { op: 'mkdirAll' | 'mount-overlay' | 'mount-overlay-data' | 'write' }>
  | Overlay
  /** open(O_CREAT), write, close. */
  | { readonly op: 'write'; readonly path: string; readonly data: string | null };

/** An overlay mount with its options read, whichever way they were given. */
export interface Overlay {
  readonly op: 'mount-overlay';
  readonly path: string;
  readonly source: string;
  readonly lowers: readonly string[];
  readonly upper: string | null;
  readonly work: string | null;
  /** Every switch of overlayfs, as text. */
  readonly config: string;
  readonly flags: readonly MountFlag[];
}

export function overlayDeed(call: CallOf<'mount-overlay' | 'mount-overlay-data'>): Overlay {
  const { lowers, upper, work, config } = overlayRequest(call);
  return {
    op: 'mount-overlay',
    path: call.path,
    source: call.source,
    lowers: lowers.map(({ path }) => path),
    upper: upper?.path ?? null,
    work: work?.path ?? null,
    config: JSON.stringify(Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1))),
    flags: sorted(call.flags ?? []),
  };
}

export const sorted = <T extends string>(words: readonly T[]): readonly T[] => [...words].sort();

/** Calls that change nothing that another process could see, or nothing that the model has. */
const HARMLESS: Readonly<Record<string, string>> = {
  'looks only':
    'access faccessat2 fgetxattr fstat fstatfs getcwd getdents64 getxattr ioctl lseek name_to_handle_at newfstatat openat2 pread64 read readlink readlinkat statfs statx',
  'the memory and threads of the process':
    'arch_prctl brk clone3 futex madvise mmap mprotect mremap munmap prlimit64 rseq set_robust_list set_tid_address sched_getaffinity getrandom',
  'who it is, and what it may do':
    'capget getegid geteuid getgid getpid getppid getresgid getresuid gettid getuid prctl umask',
  'its own descriptors and signals':
    'close close_range dup dup2 dup3 fcntl pidfd_open pidfd_send_signal pipe2 poll ppoll rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack wait4 waitid kill tgkill',
  'talks to the journal, the manager or the terminal': 'connect sendmsg sendto recvmsg setsockopt socket writev',
  'times and durability are in no result of the model': 'utimensat fsync fdatasync sync_file_range syncfs',
};
const harmless = new Set(Object.values(HARMLESS).flatMap((names) => names.split(' ')));
/** Harmless calls that tell where descriptors lead, and what was looked at. */
const LEADS = new Set('close dup dup2 dup3 fcntl newfstatat openat2 statx'.split(' '));
/** What strace need not write down for {@link deedsOf}. All that is unknown it still writes: no set of wanted calls would have that. */
export const UNTRACED: readonly string[] = [...harmless].filter((name) => !LEADS.has(name));

/** Places that the model does not have, with the reason. */
const ELSEWHERE: readonly (readonly [path: RegExp, why: string])[] = [
  [/^\/run\/systemd\/nspawn\/locks\//, 'locks of images, which nobody else takes here'],
  [/\/\.#[^/]+\.lck$/, 'the same, beside the image; gone before the child begins'],
];

const MOUNT_FLAGS: Readonly<Record<string, MountFlag>> = {
  MS_RDONLY: 'ro',
  MS_NOSUID: 'nosuid',
  MS_NODEV: 'nodev',
  MS_NOEXEC: 'noexec',
  MS_NOATIME: 'noatime',
  MOUNT_ATTR_RDONLY: 'ro',
  MOUNT_ATTR_NOSUID: 'nosuid',
  MOUNT_ATTR_NODEV: 'nodev',
  MOUNT_ATTR_NOEXEC: 'noexec',
  MOUNT_ATTR_NOATIME: 'noatime',
};
const PROPAGATION = {
  MS_SHARED: 'shared',
  MS_SLAVE: 'slave',
  MS_PRIVATE: 'private',
  MS_UNBINDABLE: 'unbindable',
} as const;
/** What this kernel has and an older strace only knows by number. Source: Linux include/uapi/asm-generic/unistd.h. */
const NUMBERED: Readonly<Record<string, string>> = { syscall_0x1d3: 'open_tree_attr', syscall_0x1c4: 'fchmodat2' };
const AT_RECURSIVE = 0x8000;
const OPEN_TREE_CLONE = 1;
/** What mount(2) takes of the options, without the end of the text. Source: Linux copy_mount_options(). */
const PAGE = 4095;

const mountFlags = (words: readonly string[]): readonly MountFlag[] =>
  sorted(words.flatMap((word) => MOUNT_FLAGS[word] ?? []));

/** Whether a path is another one, or below it. */
const within = (path: string, above: string): boolean => path === above || path.startsWith(`${above}/`);

/** What a traced run did, in order. `root` is where the tool's root directory is for strace. */
export function deedsOf(events: readonly Event[], root: string): readonly Deed[] {
  const reader = new Reader(root);
  for (const event of events) reader.read(event);
  return grouped(withoutDropped(reader.deeds));
}

/**
 * Detached private clones are seen by nobody, so that closing one is no deed; and neither is taking one that is closed again
 * before anything else is done. systemd 262 takes one of every submount first, and then drops those of nested ones, which
 * are in the clones of what they are on.
 */
function withoutDropped(deeds: readonly Deed[]): readonly Deed[] {
  const kept: Deed[] = [];
  for (const deed of deeds) {
    const { call } = deed;
    if (call.op !== 'close-tree') {
      kept.push(deed);
      continue;
    }
    const rest = kept.findLastIndex(({ call: { op } }) => op !== 'open-tree') + 1;
    const taken = kept.findIndex(
      (other, at) => at >= rest && other.call.op === 'open-tree' && other.call.tree === call.tree,
    );
    if (taken >= 0) kept.splice(taken, 1);
  }
  return kept;
}

class Reader {
  readonly deeds: Deed[] = [];
  readonly #root: string;
  /** The process of the tool, once it has begun; its child. */
  #tool: number | null = null;
  #child: number | null = null;
  /** What "/proc/self/fd/N" means, and which descriptors are detached trees. A child begins with a copy. */
  readonly #paths = new Map<string, string>();
  /** The path that was looked at last: strace 6.1 does not tell that of open_tree_attr(2), which systemd calls right after. */
  #looked = '';

  constructor(root: string) {
    this.#root = root;
  }

  read(event: Event): void {
    if ('ended' in event) {
      if (event.pid === this.#child && typeof event.ended === 'string') this.#leave(event.line, event.ended);
      return;
    }
    const name = NUMBERED[event.name] ?? event.name;
    if (this.#tool === null) {
      if (
        name === 'execve' &&
        /\/systemd-(sysext|confext)$/.test(stringOf(event.args[0]) ?? '') &&
        event.errno === null
      )
        this.#tool = event.pid;
      return;
    }
    this.#handle(name, event);
    this.#remember(name, event);
  }

  #handle(name: string, call: Syscall): void {
    const handler = this.#handlers[name];
    if (handler !== undefined) handler(call);
    else if (name === 'execve' || !harmless.has(name))
      throw new Error(`line ${call.line}: nobody says what ${name}(${call.args.join(', ')}) is to the model`);
  }

  /** Where descriptors lead, and what was looked at. */
  #remember(name: string, call: Syscall): void {
    if (name === 'statx' || name === 'newfstatat') this.#looked = this.#at(call, 0);
    const opened = descriptorOf(call.result);
    if (opened !== null && !name.startsWith('open_tree'))
      this.#paths.set(`${call.pid}:${opened.fd}`, this.#inside(opened.path));
  }

  #add(call: Deeds, { line, errno }: { readonly line: number; readonly errno: string | null }): void {
    if ('path' in call && ELSEWHERE.some(([where]) => where.test(call.path))) return;
    this.deeds.push({ call, result: errno ?? 'ok', line });
  }

  readonly #handlers: Readonly<Record<string, (call: Syscall) => void>> = {
    clone: (call) => this.#clone(call),
    exit_group: (call) => {
      if (call.pid === this.#child) this.#leave(call.line, Number(call.args[0]));
    },
    mount: (call) => this.#mount(call),
    umount2: (call) => {
      const flags = flagsOf(call.args[1]);
      this.#add(
        {
          op: 'umount',
          path: this.#path(call, call.args[0]),
          detach: flags.includes('MNT_DETACH'),
          nofollow: flags.includes('UMOUNT_NOFOLLOW'),
        },
        call,
      );
    },
    mount_setattr: (call) => this.#setattr(call),
    open_tree: (call) => {
      const flags = flagsOf(call.args[2]);
      if (flags.includes('OPEN_TREE_CLONE')) this.#tree(call, this.#at(call, 0), flags.includes('AT_RECURSIVE'), false);
    },
    open_tree_attr: (call) => this.#treeWithAttributes(call),
    move_mount: (call) => {
      const tree = this.#paths.get(keyOf(call)) ?? '';
      const beneath = flagsOf(call.args[4]).includes('MOVE_MOUNT_BENEATH');
      this.#add(
        { op: 'move-tree', tree: treeName(tree), path: this.#at(call, 2), ...(beneath ? { beneath } : {}) },
        call,
      );
      // From now on the descriptor is one of a mount like any other.
      if (call.errno === null) this.#paths.set(keyOf(call), this.#at(call, 2));
    },
    close: (call) => {
      const tree = this.#paths.get(keyOf(call));
      if (tree?.startsWith(TREE)) this.#add({ op: 'close-tree', tree: treeName(tree) }, call);
      this.#paths.delete(keyOf(call));
    },
    mkdir: (call) => this.#mkdir(call, this.#path(call, call.args[0]), call.args[1]),
    mkdirat: (call) => this.#mkdir(call, this.#at(call, 0), call.args[2]),
    mknodat: (call) => {
      const [type, mode] = flagsOf(call.args[2]);
      if (type !== 'S_IFREG') throw new Error(`line ${call.line}: makes a node of type ${type}`);
      this.#add({ op: 'mknod', path: this.#at(call, 0), type: 'file', mode: Number.parseInt(mode ?? '', 8) }, call);
    },
    chmod: (call) => this.#chmod(call, this.#path(call, call.args[0]), call.args[1]),
    fchmod: (call) => this.#chmod(call, this.#fd(call.args[0]), call.args[1]),
    fchmodat: (call) => this.#chmod(call, this.#at(call, 0), call.args[2]),
    unlink: (call) => this.#add({ op: 'unlink', path: this.#path(call, call.args[0]) }, call),
    unlinkat: (call) => {
      const op = flagsOf(call.args[2]).includes('AT_REMOVEDIR') ? 'rmdir' : 'unlink';
      // rm -rf tries whether a directory is empty before it looks into it; and what is missing is fine.
      if (call.errno !== 'ENOTEMPTY' && call.errno !== 'ENOENT') this.#add({ op, path: this.#at(call, 0) }, call);
    },
    openat: (call) => this.#open(call),
    write: (call) => this.#write(call),
  };

  #clone(call: Syscall): void {
    const child = Number(call.result);
    for (const [key, path] of [...this.#paths])
      if (key.startsWith(`${call.pid}:`)) this.#paths.set(`${child}:${key.slice(key.indexOf(':') + 1)}`, path);
    if (!call.args.some((arg) => arg.includes('CLONE_NEWNS'))) return;
    this.#child = child;
    this.#add({ op: 'unshare' }, call);
  }

  #leave(line: number, status: number | string): void {
    this.#child = null;
    this.#add({ op: 'leave', status }, { line, errno: null });
  }

  /** Source: Linux path_mount(), which tells by the flags which of its five uses is meant. */
  #mount(call: Syscall): void {
    const flags = flagsOf(call.args[3]);
    const path = this.#path(call, call.args[1]);
    const recursive = flags.includes('MS_REC');
    const data = stringOf(call.args[4]) ?? '';
    const source = stringOf(call.args[0]) ?? '';
    const type = stringOf(call.args[2]);
    if (flags.includes('MS_REMOUNT'))
      this.#add({ op: 'mount-remount', path, flags: mountFlags(flags), bind: flags.includes('MS_BIND') }, call);
    else if (flags.includes('MS_BIND'))
      this.#add({ op: 'mount-bind', from: this.#path(call, call.args[0]), path, recursive }, call);
    else if (flags.includes('MS_MOVE'))
      this.#add({ op: 'mount-move', from: this.#path(call, call.args[0]), path }, call);
    else if (flags.some((flag) => flag in PROPAGATION)) {
      const [to] = Object.entries(PROPAGATION).flatMap(([flag, word]) => (flags.includes(flag) ? [word] : []));
      if (to !== undefined) this.#add({ op: 'mount-propagation', path, to, recursive }, call);
    } else if (type === 'tmpfs') {
      const mode = Number.parseInt(/(?:^|,)mode=(\d+)/.exec(data)?.[1] ?? '1777', 8);
      this.#add({ op: 'mount-tmpfs', path, mode, flags: mountFlags(flags) }, call);
    } else if (type === 'overlay') {
      const page = data.slice(0, PAGE);
      this.#add(overlayDeed({ op: 'mount-overlay-data', path, source, data: page, flags: mountFlags(flags) }), call);
    } else throw new Error(`line ${call.line}: mounts a ${type}`);
  }

  #setattr(call: Syscall): void {
    const fields = call.args[3] ?? '';
    const words = (name: string): readonly string[] => flagsOf(new RegExp(`${name}=([^,}]*)`).exec(fields)?.[1]);
    const recursive = flagsOf(call.args[2]).includes('AT_RECURSIVE');
    const tree = this.#paths.get(keyOf(call));
    if (tree?.startsWith(TREE)) {
      // An older kernel has no open_tree_attr(2): the clone is made first, and this follows.
      const at = this.deeds.findLastIndex(({ call: { op } }) => op === 'open-tree');
      const made = this.deeds[at];
      if (made?.call.op === 'open-tree' && words('propagation')[0]?.startsWith('MS_PRIVATE'))
        this.deeds[at] = { ...made, call: { ...made.call, private: true } };
      return;
    }
    const clear = mountFlags(words('attr_clr'));
    this.#add(
      {
        op: 'mount-flags',
        path: this.#at(call, 0),
        set: mountFlags(words('attr_set')),
        ...(clear.length > 0 ? { clear } : {}),
        recursive,
      },
      call,
    );
  }

  #treeWithAttributes(call: Syscall): void {
    if (call.name === 'open_tree_attr') {
      const isPrivate = /propagation=MS_PRIVATE/.test(call.args[3] ?? '');
      this.#tree(call, this.#at(call, 0), flagsOf(call.args[2]).includes('AT_RECURSIVE'), isPrivate);
      return;
    }
    const flags = Number(call.args[2]);
    if ((flags & OPEN_TREE_CLONE) === 0) throw new Error(`line ${call.line}: open_tree_attr without a clone`);
    this.#tree(call, this.#looked, (flags & AT_RECURSIVE) !== 0, true);
  }

  #tree(call: Syscall, path: string, recursive: boolean, isPrivate: boolean): void {
    this.#add({ op: 'open-tree', path, tree: path, recursive, private: isPrivate }, call);
    const fd = descriptorOf(call.result)?.fd ?? String(Number(call.result));
    if (call.errno === null) this.#paths.set(`${call.pid}:${fd}`, TREE + path);
  }

  /** That a directory is there already is what mkdir -p expects; what it does not expect fails in another way later. */
  #mkdir(call: Syscall, path: string, mode: string | undefined): void {
    if (call.errno !== 'EEXIST') this.#add({ op: 'mkdir', path, mode: Number.parseInt(mode ?? '', 8) }, call);
  }

  #chmod(call: Syscall, path: string, mode: string | undefined): void {
    this.#add({ op: 'chmod', path, mode: Number.parseInt(mode ?? '', 8) }, call);
  }

  /** Only what creates or may write is a deed. A first try without O_CREAT at a file that is missing is not. */
  #open(call: Syscall): void {
    const flags = flagsOf(call.args[2]);
    const writes = flags.includes('O_WRONLY') || flags.includes('O_RDWR') || flags.includes('O_CREAT');
    const path = this.#at(call, 0);
    if (!writes || !path.startsWith('/') || isDevice(path)) return;
    if (call.errno === 'ENOENT' && !flags.includes('O_CREAT')) return;
    this.#add({ op: 'write', path, data: '' }, call);
  }

  #write(call: Syscall): void {
    const path = this.#fd(call.args[0]);
    const at = this.deeds.findLastIndex((deed) => deed.call.op === 'write' && deed.call.path === path);
    const deed = this.deeds[at];
    if (deed?.call.op !== 'write') return; // a terminal, a pipe, or a lock
    this.deeds[at] = { ...deed, call: { ...deed.call, data: (deed.call.data ?? '') + (stringOf(call.args[1]) ?? '') } };
  }

  // ---- paths ---------------------------------------------------------------------------------------------------------

  /** A path as the tool knows it. */
  #inside(path: string): string {
    if (path === this.#root) return '/';
    return path.startsWith(`${this.#root}/`) ? path.slice(this.#root.length) : path;
  }

  #fd(arg: string | undefined): string {
    const found = descriptorOf(arg);
    return found === null ? '' : this.#inside(found.path);
  }

  #path({ pid }: Syscall, arg: string | undefined): string {
    const path = stringOf(arg) ?? '';
    const fd = /^\/proc\/self\/fd\/(\d+)$/.exec(path)?.[1];
    return normal(fd === undefined ? path : (this.#paths.get(`${pid}:${fd}`) ?? path));
  }

  /** A descriptor and a path from there: the arguments `first` and the next. */
  #at(call: Syscall, first: number): string {
    const path = this.#path(call, call.args[first + 1]);
    return path.startsWith('/') && path !== '/' ? path : normal(`${this.#fd(call.args[first])}/${path}`);
  }
}

/** What the descriptor that is the first argument is to the process. */
const keyOf = ({ pid, args }: Syscall): string => `${pid}:${descriptorOf(args[0])?.fd}`;
const TREE = 'tree of ';
const treeName = (held: string): string => (held.startsWith(TREE) ? held.slice(TREE.length) : held);
const isDevice = (path: string): boolean => /^\/(dev|proc|sys)\//.test(path);
const normal = (path: string): string => posix.normalize(path).replace(/(?<=.)\/$/, '');

/** What `rm -rf` removes, one after the other and the directory itself last, is one deed. */
function grouped(deeds: readonly Deed[]): readonly Deed[] {
  const result: Deed[] = [];
  for (const deed of deeds) {
    const { call } = deed;
    if (call.op !== 'rmdir' && call.op !== 'unlink') {
      result.push(deed);
      continue;
    }
    if (deed.result !== 'ok') {
      result.push({ ...deed, call: { op: 'removeTree', path: call.path } });
      continue;
    }
    let last = result.at(-1);
    let first = deed.line;
    while (last?.call.op === 'removeTree' && last.result === 'ok' && within(last.call.path, call.path)) {
      first = last.line;
      result.pop();
      last = result.at(-1);
    }
    result.push({ ...deed, call: { op: 'removeTree', path: call.path }, line: first });
  }
  return result;
}
