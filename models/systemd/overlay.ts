/** Mounting the new overlay. Source: sysext.c mount_overlayfs_with_op(), mount_overlayfs(). */
import type { LayerPath } from '../../src/kernel/calls.ts';
import type { MountFlag } from '../../src/kernel/types.ts';
import type { Program } from '../../src/program/linux.ts';
import { must, Stopped } from './call.ts';
import { classOf, type Invocation } from './invocation.ts';
import type { Layout } from './mutable.ts';
import { WORKSPACE } from './names.ts';

/** M7c and M7d: the directories, the permission bits of the top layer, and the mount. */
export function* mountOverlay(run: Invocation, plan: Layout, h: string): Program {
  const meta = `${WORKSPACE}/meta${h}`;
  yield* must('M7c', { op: 'mkdirAll', path: plan.at, mode: run.systemd.assembly === 'hierarchy' ? 0o755 : 0o700 });
  yield* must('M7c', { op: 'mkdirAll', path: meta, mode: 0o700 });
  if (plan.work !== null) yield* must('M7c', { op: 'mkdirAll', path: plan.work.path, mode: 0o700 });
  yield* must('M7c', { op: 'chmod', path: plan.upper?.path ?? meta, mode: plan.mode });
  const flags = flagsOf(run, plan);
  const text = optionText(run, plan);
  if (hasOpenQuote(text)) throw new Stopped('M7d', 'EINVAL'); // "Failed to mangle mount options"
  if (isPlain(run, plan, text)) {
    yield* must('M7d', { op: 'mount-overlay', path: plan.at, ...options(run, plan), flags });
    return;
  }
  yield* must('M7d', { op: 'mount-overlay-data', path: plan.at, source: classOf(run).mountSource, data: text, flags });
}

/** Whether a quotation mark is never closed by another one of its kind. Source: extract-word.c extract_first_word(). */
const hasOpenQuote = (text: string): boolean => /['"]/.test(text.replace(/'[^']*'|"[^"]*"/g, ''));

/**
 * Options that are flags of the mount in truth: they are taken out of the text and set or clear a flag. Null are flags that the
 * model does not have. Source: mount-util.c mount_option_mangle(), libmount MNT_LINUX_MAP; seen with 262.1.
 */
const FLAG_OPTIONS: Readonly<Record<string, readonly [flag: MountFlag, isSet: boolean] | null>> = {
  ro: ['ro', true],
  rw: ['ro', false],
  nosuid: ['nosuid', true],
  suid: ['nosuid', false],
  nodev: ['nodev', true],
  dev: ['nodev', false],
  noexec: ['noexec', true],
  exec: ['noexec', false],
  noatime: ['noatime', true],
  atime: ['noatime', false],
  relatime: null,
  norelatime: null,
  strictatime: null,
  nodiratime: null,
  diratime: null,
  sync: null,
  async: null,
  dirsync: null,
};

const isFlag = (option: string): boolean => Object.hasOwn(FLAG_OPTIONS, option);

/** The class's flags, `--noexec=` aside; read-only without an upper, and else no access times. The environment has the last word. */
function flagsOf(run: Invocation, { upper }: Layout): readonly MountFlag[] {
  const noexec = run.noexec ?? classOf(run).mountFlags.includes('noexec');
  const own = classOf(run).mountFlags.filter((flag) => flag !== 'noexec');
  const flags = new Set<MountFlag>([...(upper === null ? (['ro'] as const) : []), ...own]);
  if (noexec) flags.add('noexec');
  for (const option of run.mountOptions?.split(',') ?? (upper === null ? [] : ['noatime'])) {
    const [flag, isSet] = (isFlag(option) ? FLAG_OPTIONS[option] : null) ?? [];
    if (flag !== undefined) flags[isSet === true ? 'add' : 'delete'](flag);
  }
  return [...flags];
}

/** The options that the tool itself gives: for a mutable overlay alone. */
const options = (run: Invocation, { lowers, upper, work }: Layout) => ({
  source: classOf(run).mountSource,
  lowers,
  ...(upper !== null && work !== null ? { upper, work, redirectDir: 'on' as const } : {}),
  ...(upper !== null && run.systemd.indexOff ? { index: 'off' as const } : {}),
});

/** mount(2) takes one page of options, the end of the text included. */
const LONGEST = 4095;

/** Whether the kernel gets the layers as they are meant: not so where a path has a character that means something in options. */
function isPlain(run: Invocation, plan: Layout, text: string): boolean {
  if (run.mountOptions !== null) return false;
  const paths = [...plan.lowers, ...[plan.upper, plan.work].filter((layer) => layer !== null)].map(({ path }) => path);
  return !paths.some((path) => /[\\:,]/.test(path)) && text.length <= LONGEST;
}

/**
 * The text for the kernel, which cuts off what does not fit into a page: paths were escaped with backslashes, and the mangling
 * of the options took those away again. Seen with 257.13 and 262.1.
 */
function optionText(run: Invocation, { lowers, upper, work }: Layout): string {
  const list = (layers: readonly LayerPath[]): string => layers.map(({ path }) => path).join(':');
  const own = ['redirect_dir=on', 'metacopy=off', ...(run.systemd.indexOff ? ['index=off'] : [])];
  const extra = run.mountOptions === null ? (upper === null ? [] : own) : run.mountOptions.split(',');
  return [
    `lowerdir=${list(lowers)}`,
    ...(upper === null || work === null ? [] : [`upperdir=${upper.path}`, `workdir=${work.path}`]),
    ...extra.filter((option) => option !== '' && !isFlag(option)),
  ].join(',');
}
