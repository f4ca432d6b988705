/**
 * What the properties remember of the past, as one small component of the state: what may be seen at each path while
 * /etc is being replaced, which writes were acknowledged, and how the last run of the tool ended.
 *
 * "Old" is the view when a run starts, "new" the view that this run gives when it runs alone to its end. A file that is in
 * both is *stable*: nobody may ever find it missing, or with contents that are neither.
 */
import type { View } from '../src/kernel/view.ts';
import type { Step } from '../src/program/linux.ts';

/** What can be seen at a path: a type with contents ("file v1", "symlink ../x"), or null for nothing. */
export type Sight = string | null;

export interface Ledger {
  /** Per path, what is right to see: first the old view's sight, then the new view's; one if they agree or a writer decided. */
  readonly expected: ReadonlyMap<string, readonly Sight[]>;
  /** What a process wrote (or, null, removed) and was told had succeeded. */
  readonly acknowledged: ReadonlyMap<string, Sight>;
  /** How far the tool is: no run yet, one is under way, the last one ended well, or badly. */
  readonly run: 'none' | 'running' | 'done' | 'failed';
  /** What the run under way was asked to do. */
  readonly verb: string | null;
  /** The last run that ended well left no overlay of its own. */
  readonly unmerged: boolean;
  /** Submounts of the hierarchies that should be there. */
  readonly submounts: readonly string[];
  /** The hierarchies on the bare host file system, as they were before anything was merged. */
  readonly host: ReadonlyMap<string, string>;
}

/** A sight in a few words, for messages. */
export const brief = (sight: Sight): string =>
  sight === null ? 'not there' : sight.length > 30 ? `${sight.slice(0, 27)}…` : sight;

/** What is there, by path, directories left out: whiteouts as the devices they are. */
export const rawSights = (view: View): ReadonlyMap<string, string> =>
  new Map(
    [...view].filter(([, seen]) => seen.type !== 'dir').map(([path, seen]) => [path, `${seen.type} ${seen.data}`]),
  );

/** The same as readers can tell it apart. A whiteout that lies open in the window is no file to anyone: opening it fails. */
export const sights = (view: View): ReadonlyMap<string, string> =>
  new Map([...rawSights(view)].filter(([, sight]) => sight !== 'chr 0,0'));

/** What is right to see at a path; a name that nobody ever had should not be there. */
export const allowedAt = (ledger: Ledger, path: string): readonly Sight[] => ledger.expected.get(path) ?? [null];

/** Nobody may find this path missing. */
export const isStable = (ledger: Ledger, path: string): boolean => !allowedAt(ledger, path).includes(null);

/** A run starts: from now on the old and the new view are both right. */
export function begin(
  ledger: Ledger,
  old: ReadonlyMap<string, string>,
  fresh: ReadonlyMap<string, string>,
  verb: string,
): Ledger {
  const expected = new Map<string, readonly Sight[]>();
  for (const path of new Set([...old.keys(), ...fresh.keys()])) {
    const before = old.get(path) ?? null;
    const after = fresh.get(path) ?? null;
    expected.set(path, before === after ? [before] : [before, after]);
  }
  return { ...ledger, expected, run: 'running', verb };
}

/** The run has ended: after success only the new view is right, after a failure only the old one. */
export function end(ledger: Ledger, success: boolean): Ledger {
  const expected = new Map<string, readonly Sight[]>();
  for (const [path, allowed] of ledger.expected) expected.set(path, success ? allowed.slice(-1) : allowed.slice(0, 1));
  return { ...ledger, expected, run: success ? 'done' : 'failed', verb: null };
}

/** The paths that a call by name changes when it succeeds, as the caller wrote them. */
export function written(step: Step): readonly string[] {
  const { call, result } = step;
  if ('err' in result) return [];
  switch (call.op) {
    case 'write':
    case 'unlink':
    case 'symlink':
    case 'mknod':
    case 'truncate':
      return [call.path];
    case 'rename':
      return [call.from, call.to];
    case 'link':
      return [call.to];
    case 'open':
      return call.flags.includes('O_CREAT') || call.flags.includes('O_TRUNC') ? [call.path] : [];
    default:
      return [];
  }
}

/** A creation that can only succeed where there is nothing: O_EXCL, and the calls that are so by themselves. */
export function isExclusive(step: Step): boolean {
  const { call } = step;
  if (call.op === 'write' || call.op === 'open') return call.flags?.includes('O_EXCL') === true;
  return call.op === 'symlink' || call.op === 'mknod' || call.op === 'link';
}

/**
 * A process other than the tool did something: what it wrote is acknowledged, and from now on right to see. A creation
 * that succeeded although the file is stable is a mistake that the window made possible; it does not change what is right.
 */
export function acknowledge(ledger: Ledger, step: Step, writes: readonly Written[]): Ledger {
  if (writes.length === 0) return ledger;
  const acknowledged = new Map(ledger.acknowledged);
  const expected = new Map(ledger.expected);
  for (const { path, sight } of writes) {
    acknowledged.set(path, sight);
    if (!(isExclusive(step) && isStable(ledger, path))) expected.set(path, [sight]);
  }
  return { ...ledger, acknowledged, expected };
}

/** A write that was acknowledged: the path under which everyone knows the file, and what its writer left there. */
export interface Written {
  readonly path: string;
  readonly sight: Sight;
}
