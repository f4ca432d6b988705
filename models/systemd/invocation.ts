/**
 * How the tool was called: its options, and what of the environment counts, as data. It is part of a program's identity in a
 * search, so everything in it is a plain value.
 */
import { parseBoolean, parseHierarchies, parseMode } from '../../src/input/config.ts';
import { CLASSES, type ClassInfo, type ImageClass } from '../../src/input/imageclass.ts';
import { MODES, type Mode } from './mutable.ts';
import type { Systemd } from './versions.ts';

export const VERBS = ['merge', 'refresh', 'unmerge', 'status', 'list'] as const;
export type Verb = (typeof VERBS)[number];

export interface Invocation {
  readonly systemd: Systemd;
  readonly imageClass: ImageClass;
  /** In the order in which the tool takes them: ["/etc"] for confext. */
  readonly hierarchies: readonly string[];
  /** `--root=`, without a slash at the end; "" where there is none. */
  readonly root: string;
  /** `--mutable=`, else the environment's; null leaves it to the configuration file (if this version reads one), and else to "no". */
  readonly mutable: Mode | null;
  /** `--force`: extensions whose release file does not fit are merged as well. */
  readonly force: boolean;
  /** `--noexec=`; null leaves it to the class. */
  readonly noexec: boolean | null;
  /** `--always-refresh=`. */
  readonly alwaysRefresh: boolean;
  /** `--no-reload`, or `--root=`, which implies it. */
  readonly noReload: boolean;
  /** SYSTEMD_IN_INITRD; null leaves it to what the root looks like. */
  readonly inInitrd: boolean | null;
  /** systemd's name of the machine ("x86-64"), for ARCHITECTURE= of extensions; null takes all of them for fitting. */
  readonly architecture: string | null;
  /** Another run may be at work at the same time: what only that could notice is done as well, call by call. */
  readonly parallel: boolean;
  /** Of that, the locks on images while they are read. */
  readonly locksImages: boolean;
  /** SYSTEMD_CONFEXT_OVERLAYFS_MOUNT_OPTIONS, in place of the tool's own options; null where it is not set or not read. */
  readonly mountOptions: string | null;
}

/** A call of the tool, with the defaults of the class and of the command line. */
export function invoke(imageClass: ImageClass, systemd: Systemd, options: Partial<Invocation> = {}): Invocation {
  return {
    systemd,
    imageClass,
    hierarchies: CLASSES[imageClass].hierarchies,
    root: '',
    mutable: null,
    force: false,
    noexec: null,
    alwaysRefresh: false,
    inInitrd: null,
    architecture: null,
    parallel: false,
    locksImages: false,
    mountOptions: null,
    ...options,
    noReload: options.noReload ?? (options.root ?? '') !== '',
  };
}

/** What differs by class: names, search paths, mount flags. */
export const classOf = ({ imageClass }: Pick<Invocation, 'imageClass'>): ClassInfo => CLASSES[imageClass];

/** Arguments and environment that the tool refuses before it looks at anything: "error:EINVAL" for every verb. */
export class Refused extends Error {
  override name = 'Refused';
}

/** What was given of an invocation. */
type Options = { -readonly [K in keyof Invocation]?: Invocation[K] };

/**
 * The command line as the tool reads it: arguments win over the environment, whose bad values are warnings. Throws
 * {@link Refused} for a bad argument, or a bad list of hierarchies. Source: sysext.c parse_argv(), run().
 */
export function parseCommand(
  imageClass: ImageClass,
  systemd: Systemd,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Invocation {
  const names = CLASSES[imageClass].env;
  const options: Options = {};
  const fromEnv = parseMode(env[names.mutableMode] ?? '');
  if (fromEnv !== undefined) options.mutable = fromEnv;
  const listed = env[names.hierarchies];
  const hierarchies = listed === undefined ? CLASSES[imageClass].hierarchies : parseHierarchies(listed);
  if (hierarchies === undefined) throw new Refused(`Failed to parse environment variable: ${listed}`);
  options.hierarchies = hierarchies;
  const initrd = parseBoolean(env['SYSTEMD_IN_INITRD'] ?? '');
  if (initrd !== undefined) options.inInitrd = initrd;
  const mountOptions = env[names.mountOptions];
  if (mountOptions !== undefined && systemd.mountOptionsVariable) options.mountOptions = mountOptions;
  for (const argument of args) readArgument(systemd, argument, options);
  return invoke(imageClass, systemd, options);
}

function readArgument(systemd: Systemd, argument: string, options: Options): void {
  const at = argument.indexOf('=');
  const [name, value] = at < 0 ? [argument, ''] : [argument.slice(0, at), argument.slice(at + 1)];
  const yes = (): boolean => {
    const parsed = parseBoolean(value);
    if (parsed === undefined) throw new Refused(`Failed to parse argument to ${name}=: ${value}`);
    return parsed;
  };
  if (name === '--no-reload' || name === '--force') options[name === '--force' ? 'force' : 'noReload'] = true;
  else if (name === '--root') options.root = withoutSlash(value);
  else if (name === '--noexec') options.noexec = yes();
  else if (name === '--always-refresh' && systemd.skip) options.alwaysRefresh = yes();
  else if (name === '--mutable') {
    const mode = parseMode(value);
    if (mode === undefined) throw new Refused(`Failed to parse argument to --mutable=: ${value}; ${MODES.join(', ')}`);
    options.mutable = mode;
  } else throw new Refused(`unrecognized option '${argument}'`);
}

const withoutSlash = (path: string): string => path.replace(/\/+$/, '');
