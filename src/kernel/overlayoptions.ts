import type { LayerPath, NewMount, Option } from './calls.ts';
import type { OverlayOptions } from './types.ts';

/**
 * The options of an overlay mount, read as overlayfs reads them: which directories they name, which features they ask
 * for, and what is refused before any directory is used. Every refusal here is EINVAL. Source: Linux fs/overlayfs/params.c
 * as of 6.18, with the defaults of a kernel that has CONFIG_OVERLAY_FS_REDIRECT_ALWAYS_FOLLOW and no other OVERLAY_FS_*.
 */

/** A directory that the options name. */
export interface NamedLayer extends LayerPath {
  /** "data" is a data-only lower layer: nothing of it is listed or looked up. */
  readonly role: 'lower' | 'data' | 'upper' | 'work';
}

/** What is switched on in the end. Source: Linux struct ovl_config. */
export interface OverlayConfig extends Required<OverlayOptions> {
  readonly index: boolean;
  readonly metacopy: boolean;
  readonly nfsExport: boolean;
  readonly volatile: boolean;
}

/** What somebody who mounts an overlay asks for. */
export interface OverlayRequest {
  /** Every directory, in the order in which the kernel looks them up; a later option may have replaced it. */
  readonly named: readonly NamedLayer[];
  /** Those that count in the end; lowers top to bottom, data-only ones last. */
  readonly lowers: readonly NamedLayer[];
  readonly upper: NamedLayer | null;
  readonly work: NamedLayer | null;
  readonly config: OverlayConfig;
  /** "ro" and "rw" among the options: whether the superblock is to be read-only; null where they say nothing. */
  readonly readonly: boolean | null;
  /** EINVAL, once all of `named` have been found: what would be right. Null for options that are taken. */
  readonly refused: string | null;
}

// ---- the two forms ------------------------------------------------------------------------------------------------

/** Source: Linux copy_mount_options(), path_mount(): one page, of which the last byte is 0. */
const MAX_DATA = 4095;
/** Source: Linux fsconfig(2): strndup_user(_key, 256). */
const MAX_STRING = 255;

const bytes = (text: string): number => Buffer.byteLength(text);

/**
 * The string of mount(2) as options: commas part them unless a backslash is before, and the backslashes stay. Empty ones and
 * those without a name are passed over. Source: Linux ovl_next_opt(), vfs_parse_monolithic_sep().
 */
function optionsOf(data: string): readonly Option[] {
  const page = bytes(data) > MAX_DATA ? Buffer.from(data).subarray(0, MAX_DATA).toString() : data;
  return [...page.matchAll(/(?:\\.?|[^\\,])+/gsu)].flatMap(([option]): Option[] => {
    const equals = option.indexOf('=');
    if (equals === 0) return [];
    return [equals === -1 ? [option, null] : [option.slice(0, equals), option.slice(equals + 1)]];
  });
}

/** A mount of an overlay, wherever it goes. */
export type OverlayMount = Extract<NewMount, { op: 'mount-overlay' | 'mount-overlay-data' }>;

/** What an overlay call asks for: a structured one, the string of mount(2), or the options of fsconfig(2) one by one. */
export function overlayRequest(call: OverlayMount): OverlayRequest {
  const reading = new Reading();
  if (call.op === 'mount-overlay-data') reading.read(call.data);
  else reading.readPlan(call);
  return reading.request;
}

// ---- reading ------------------------------------------------------------------------------------------------------

/** Source: Linux OVL_MAX_STACK. */
export const MAX_LOWERS = 500;

/** Source: Linux common_set_sb_flag, common_clear_sb_flag. They are taken before overlayfs sees them, whatever their value. */
const SUPERBLOCK = ['ro', 'rw', 'sync', 'async', 'dirsync', 'lazytime', 'nolazytime', 'mand', 'nomand'];
/** Source: Linux ovl_parameter_spec. */
const FLAGS = ['default_permissions', 'userxattr', 'volatile', 'override_creds', 'nooverride_creds'];
const VALUES: ReadonlyMap<string, readonly string[]> = new Map([
  ['redirect_dir', ['on', 'off', 'follow', 'nofollow']],
  ['index', ['on', 'off']],
  ['uuid', ['on', 'off', 'null', 'auto']],
  ['nfs_export', ['on', 'off']],
  ['xino', ['on', 'off', 'auto']],
  ['metacopy', ['on', 'off']],
  ['verity', ['on', 'off', 'require']],
  ['fsync', ['auto', 'strict', 'volatile']],
]);
const LAYERS: ReadonlyMap<string, NamedLayer['role']> = new Map([
  ['lowerdir+', 'lower'],
  ['datadir+', 'data'],
  ['upperdir', 'upper'],
  ['workdir', 'work'],
]);

/** "on, off or auto" */
const choice = (words: readonly string[]): string => `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

/** Source: Linux ovl_unescape(). */
const unescaped = (text: string): string => text.replace(/\\(.?)/gsu, '$1');

/** Options as they come in. Each step gives null, or what would be right instead of what is refused. */
class Reading {
  readonly #named: NamedLayer[] = [];
  #lowers: NamedLayer[] = [];
  #upper: NamedLayer | null = null;
  #work: NamedLayer | null = null;
  /** The lower layers come from "lowerdir", not from "lowerdir+" (ovl_fs_context.lowerdir_all). */
  #listed = false;
  /** Features that were asked for by name. */
  readonly #given = new Map<string, string>();
  #readonly: boolean | null = null;
  #refused: string | null = null;

  read(data: string | readonly Option[]): void {
    for (const [key, value] of typeof data === 'string' ? optionsOf(data) : data) {
      const tooLong = typeof data !== 'string' && Math.max(bytes(key), bytes(value ?? '')) > MAX_STRING;
      this.#refused = tooLong ? 'an option of at most 255 bytes' : this.#take(key, value);
      if (this.#refused !== null) return;
    }
  }

  readPlan({ lowers, upper, work, redirectDir, index }: Extract<OverlayMount, { op: 'mount-overlay' }>): void {
    const named: NamedLayer[] = lowers.map((lower) => ({ ...lower, role: 'lower' }));
    if (upper !== undefined) named.push({ ...upper, role: 'upper' });
    if (work !== undefined) named.push({ ...work, role: 'work' });
    this.#refused = lowers.length > MAX_LOWERS ? `at most ${MAX_LOWERS} lower layers` : null;
    for (const layer of named) this.#refused ??= this.#name(layer);
    if (redirectDir !== undefined) this.#given.set('redirect_dir', redirectDir);
    if (index !== undefined) this.#given.set('index', index);
  }

  get request(): OverlayRequest {
    const config = settled(this.#given, this.#upper !== null);
    const refused = this.#refused ?? ('refused' in config ? config.refused : null);
    return {
      named: this.#named,
      lowers: this.#lowers,
      upper: this.#upper,
      work: this.#work,
      config: 'refused' in config ? NOTHING : config,
      readonly: this.#readonly,
      refused,
    };
  }

  /** Source: Linux vfs_parse_fs_param(), ovl_parse_param(), fs_parse(). */
  #take(key: string, value: string | null): string | null {
    if (SUPERBLOCK.includes(key)) {
      if (key === 'ro' || key === 'rw') this.#readonly = key === 'ro';
      return null;
    }
    if (key === 'lowerdir') return value === null ? 'lowerdir=PATH:…' : this.#takeLowers(value);
    const role = LAYERS.get(key);
    if (role !== undefined) return value === null || value === '' ? `${key}=PATH` : this.#takeLayer(role, value);
    const values = VALUES.get(key);
    if (values !== undefined) {
      if (value === null || !values.includes(value)) return `${key}=${choice(values)}`;
    } else if (!FLAGS.includes(key)) return 'an option of overlayfs';
    else if (value !== null) return `${key} without a value`;
    // "volatile" is another word for fsync=volatile; of two the later counts.
    if (key === 'volatile') this.#given.set('fsync', 'volatile');
    else this.#given.set(key, value ?? '');
    return null;
  }

  /** Source: Linux ovl_parse_param_lowerdir(), ovl_parse_param_split_lowerdirs(). */
  #takeLowers(value: string): string | null {
    this.#lowers = [];
    this.#listed = false;
    if (value === '') return null;
    if (value.startsWith(':')) return 'a lower layer before the first ":"';
    this.#listed = true;
    // Layers and colons in turns.
    const parts = [...value.matchAll(/(?:\\.?|[^\\:])+|:+/gsu)].map(([part]) => part);
    if (parts.some((part) => part.startsWith(':::'))) return '":" or "::" between two lower layers';
    if (parts.at(-1)?.startsWith(':') === true) return 'a lower layer after the last ":"';
    if (parts.length / 2 > MAX_LOWERS) return `at most ${MAX_LOWERS} lower layers`;
    for (const [index, text] of parts.entries()) {
      if (text.startsWith(':')) continue;
      const role = parts[index - 1] === '::' ? 'data' : 'lower';
      if (role === 'lower' && this.#hasData) return 'no lower layer after a data-only one';
      const wrong = this.#name({ role, path: unescaped(text), name: text });
      if (wrong !== null) return wrong;
    }
    return null;
  }

  /** One directory, looked up before it is refused. Colons and commas are part of its name. Source: Linux ovl_parse_layer(). */
  #takeLayer(role: NamedLayer['role'], value: string): string | null {
    const isLower = role === 'lower' || role === 'data';
    const [lowers, hasData] = [this.#lowers.length, this.#hasData];
    const wrong = this.#name({ role, path: isLower ? value : unescaped(value), name: value });
    if (wrong !== null || !isLower) return wrong;
    if (this.#listed) return 'no lowerdir+ or datadir+ after lowerdir';
    if (role === 'lower' && hasData) return 'no lower layer after a data-only one';
    return lowers === MAX_LOWERS ? `at most ${MAX_LOWERS} lower layers` : null;
  }

  get #hasData(): boolean {
    return this.#lowers.at(-1)?.role === 'data';
  }

  #name(layer: NamedLayer): string | null {
    if (layer.path === '') return 'a path that is not empty';
    this.#named.push(layer);
    if (layer.role === 'upper') this.#upper = layer;
    else if (layer.role === 'work') this.#work = layer;
    else this.#lowers.push(layer);
    return null;
  }
}

// ---- features -----------------------------------------------------------------------------------------------------

const NOTHING: OverlayConfig = {
  redirectDir: 'off',
  userxattr: false,
  index: false,
  metacopy: false,
  nfsExport: false,
  volatile: false,
};

/** What features come to together: one switches others on or off, or excludes them. Source: Linux ovl_fs_params_verify(). */
function settled(given: ReadonlyMap<string, string>, hasUpper: boolean): OverlayConfig | { readonly refused: string } {
  const refuse = (...keys: readonly string[]): { readonly refused: string } => {
    const options = keys.map((key) => (given.get(key) === '' ? key : `${key}=${given.get(key)}`));
    return { refused: `options that go together, not ${options.join(' with ')}` };
  };
  const userxattr = given.has('userxattr');
  const metacopy = given.get('metacopy') === 'on';
  let redirectDir = redirectOf(given.get('redirect_dir'));
  let index = hasUpper && given.get('index') === 'on';
  let nfsExport = given.get('nfs_export') === 'on';
  // Without an upperdir nothing is renamed, so that following redirects is all that "on" says.
  const redirects = redirectDir === 'on' || (!hasUpper && redirectDir !== 'nofollow');
  if (metacopy && !redirects) {
    if (given.has('redirect_dir')) return refuse('metacopy', 'redirect_dir');
    redirectDir = 'on';
  }
  if (nfsExport && !index) {
    if (!hasUpper && redirectDir !== 'nofollow') nfsExport = false;
    else if (given.get('index') === 'off') return refuse('nfs_export', 'index');
    else index = hasUpper;
  }
  if (nfsExport && metacopy) return refuse('nfs_export', 'metacopy');
  if (userxattr) {
    if (given.has('redirect_dir') && redirectDir !== 'nofollow') return refuse('userxattr', 'redirect_dir');
    if (metacopy) return refuse('userxattr', 'metacopy');
    redirectDir = 'nofollow';
  }
  const volatile = hasUpper && given.get('fsync') === 'volatile';
  return { redirectDir, userxattr, index, metacopy, nfsExport, volatile };
}

/** "off" follows redirects as "follow" does, because redirect_always_follow is on by default. */
function redirectOf(value: string | undefined): OverlayOptions['redirectDir'] {
  return value === 'on' || value === 'follow' || value === 'nofollow' ? value : 'off';
}

/**
 * The feature because of which the model may differ from Linux once such an overlay is mounted, or undefined. xino, uuid, fsync,
 * default_permissions and override_creds change nothing that the model tells; verity matters to metacopy files only, and
 * nfs_export, without an upperdir, only to those who export the mount.
 */
export function notModelled({ config, lowers }: Pick<OverlayRequest, 'config' | 'lowers'>): string | undefined {
  if (config.metacopy) return 'metacopy=on is not modelled';
  if (config.index) return `${config.nfsExport ? 'nfs_export' : 'index'}=on is not modelled`;
  return lowers.some(({ role }) => role === 'data') ? 'what data-only layers serve is not modelled' : undefined;
}
