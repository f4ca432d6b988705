/** Vectors before they are recorded: what is asked of the kernel, without what it answered. See ../overlay/README.md. */

export interface DraftEntry {
  readonly path: string;
  readonly type: 'dir' | 'file' | 'symlink' | 'whiteout' | 'xwhiteout' | 'fifo' | 'sock' | 'chr' | 'blk';
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly opaque?: 'y' | 'x';
  readonly content?: string;
  readonly hardlink?: string;
  readonly target?: string;
  readonly rdev?: readonly [number, number];
  readonly xattrs?: Readonly<Record<string, string>>;
}
type Attributes = Omit<DraftEntry, 'path' | 'type'>;

export interface DraftOp {
  readonly op: string;
  readonly path?: string;
  readonly from?: string;
  readonly to?: string;
  /** The effective uid and gid of the caller. */
  readonly as?: number;
  readonly [argument: string]: unknown;
}

export interface Draft {
  readonly name: string;
  readonly note?: string;
  readonly options: string;
  readonly layers: {
    readonly upper: readonly DraftEntry[] | null;
    readonly lowers: readonly (readonly DraftEntry[])[];
  };
  readonly ops: readonly DraftOp[];
}

export const dir = (path: string, more: Attributes = {}): DraftEntry => ({ path, type: 'dir', mode: 0o755, ...more });
export const file = (path: string, content = '', more: Attributes = {}): DraftEntry => ({
  path,
  type: 'file',
  mode: 0o644,
  content,
  ...more,
});
export const link = (path: string, hardlink: string): DraftEntry => ({ path, type: 'file', hardlink });
export const symlink = (path: string, target: string): DraftEntry => ({ path, type: 'symlink', target });
export const whiteout = (path: string): DraftEntry => ({ path, type: 'whiteout' });

/** A call on one path, and on two. */
export const on = (op: string, path: string, more: Omit<DraftOp, 'op'> = {}): DraftOp => ({ op, path, ...more });
export const both = (op: string, from: string, to: string, more: Omit<DraftOp, 'op'> = {}): DraftOp => ({
  op,
  from,
  to,
  ...more,
});
/** A call on a descriptor. */
export const fd = (op: string, name: string, more: Omit<DraftOp, 'op'> = {}): DraftOp => ({ op, fd: name, ...more });
export const open = (path: string, flags: string, more: Omit<DraftOp, 'op'> = {}): DraftOp => ({
  op: 'open',
  path,
  flags,
  ...more,
});
export const remount: DraftOp = { op: 'remount' };

interface Layers {
  readonly upper?: readonly DraftEntry[] | null;
  readonly lowers: Draft['layers']['lowers'];
  readonly options?: string;
  readonly note?: string;
}
/** With an empty upper unless said otherwise. */
export const draft = (
  name: string,
  { upper = [], lowers, options = '', note }: Layers,
  ops: readonly DraftOp[],
): Draft => ({
  name,
  ...(note === undefined ? {} : { note }),
  options,
  layers: { upper, lowers },
  ops,
});
