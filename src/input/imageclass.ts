import type { Path } from '../kernel/types.ts';
import { hasInvalidBytes } from './bytes.ts';

/**
 * The two classes of extension images. systemd-sysext and systemd-confext are one binary; all that differs between them is
 * a row of a table there, and here. Source: sysext.c image_class_info[], extension-util.c, discover-image.c
 * image_search_path[]; the strings are those of the binaries of 257.13 and 262.1.
 */

/** Whose rules: 257 stands for 257 to 259, 262 for 260 and later. */
export type Rules = '257' | '262';
export const RULES: readonly Rules[] = ['257', '262'];

export type ImageClass = 'sysext' | 'confext';
export const IMAGE_CLASSES: readonly ImageClass[] = ['sysext', 'confext'];

export interface ClassInfo {
  /** As argv[0] has it: "systemd-sysext". */
  readonly command: string;
  /** What is overlaid where the environment does not say otherwise, in this order. */
  readonly hierarchies: readonly Path[];
  /** The marker directory inside a merged hierarchy. */
  readonly dotDir: string;
  /** The file in the marker directory that lists extensions, and the folder of the workspace in which they are mounted. */
  readonly listFile: 'extensions' | 'confexts';
  readonly workspaceFolder: 'extensions' | 'confexts';
  /** Inside an extension, without the slash at the end. */
  readonly releaseDirectory: Path;
  /** In os-release and extension-release. */
  readonly levelKey: string;
  readonly scopeKey: string;
  /** What an image's file name may have before its suffix: ".sysext". */
  readonly infix: string;
  /** Where extensions are looked for, the first that has a name wins. */
  readonly searchPath: readonly Path[];
  /** The same in an initrd. 262 has one more. */
  readonly initrdSearchPath: Readonly<Record<Rules, readonly Path[]>>;
  /** Below /etc, /run, /usr/local/lib and /usr/lib, drop-ins in the directory of this name with ".d" behind; only 262. */
  readonly configFile: string;
  readonly configSection: string;
  readonly env: {
    readonly hierarchies: string;
    readonly mutableMode: string;
    /** Only 262. */
    readonly mountOptions: string;
  };
  /** Flags of every overlay of the class, in the order of mountinfo. `--noexec=` changes that one. */
  readonly mountFlags: readonly ('nosuid' | 'nodev' | 'noexec')[];
  /** The source of the overlay mount in mountinfo. */
  readonly mountSource: ImageClass;
}

const CONFEXTS = ['/run/confexts', '/var/lib/confexts', '/usr/local/lib/confexts'] as const;
const EXTENSIONS = ['/etc/extensions', '/run/extensions', '/var/lib/extensions'] as const;

export const CLASSES: Readonly<Record<ImageClass, ClassInfo>> = {
  sysext: {
    command: 'systemd-sysext',
    hierarchies: ['/usr', '/opt'],
    dotDir: '.systemd-sysext',
    listFile: 'extensions',
    workspaceFolder: 'extensions',
    releaseDirectory: '/usr/lib/extension-release.d',
    levelKey: 'SYSEXT_LEVEL',
    scopeKey: 'SYSEXT_SCOPE',
    infix: '.sysext',
    searchPath: EXTENSIONS,
    initrdSearchPath: {
      257: [...EXTENSIONS, '/.extra/sysext'],
      262: [...EXTENSIONS, '/.extra/sysext', '/.extra/global_sysext'],
    },
    configFile: 'systemd/sysext.conf',
    configSection: 'SysExt',
    env: {
      hierarchies: 'SYSTEMD_SYSEXT_HIERARCHIES',
      mutableMode: 'SYSTEMD_SYSEXT_MUTABLE_MODE',
      mountOptions: 'SYSTEMD_SYSEXT_OVERLAYFS_MOUNT_OPTIONS',
    },
    mountFlags: ['nodev'],
    mountSource: 'sysext',
  },
  confext: {
    command: 'systemd-confext',
    hierarchies: ['/etc'],
    dotDir: '.systemd-confext',
    listFile: 'confexts',
    workspaceFolder: 'confexts',
    releaseDirectory: '/etc/extension-release.d',
    levelKey: 'CONFEXT_LEVEL',
    scopeKey: 'CONFEXT_SCOPE',
    infix: '.confext',
    searchPath: [...CONFEXTS, '/usr/lib/confexts'],
    initrdSearchPath: {
      257: [...CONFEXTS, '/.extra/confext'],
      262: [...CONFEXTS, '/.extra/confext', '/.extra/global_confext'],
    },
    configFile: 'systemd/confext.conf',
    configSection: 'ConfExt',
    env: {
      hierarchies: 'SYSTEMD_CONFEXT_HIERARCHIES',
      mutableMode: 'SYSTEMD_CONFEXT_MUTABLE_MODE',
      mountOptions: 'SYSTEMD_CONFEXT_OVERLAYFS_MOUNT_OPTIONS',
    },
    mountFlags: ['nosuid', 'nodev', 'noexec'],
    mountSource: 'confext',
  },
};

const hasControl = (name: string): boolean => [...name].some((c) => c < ' ' || c === '\x7f');

/** Source: os-util.c image_name_is_valid(). */
export const isImageName = (name: string): boolean =>
  name !== '' && name !== '.' && name !== '..' && !name.startsWith('.#') && !hasControl(name) && !hasInvalidBytes(name);
