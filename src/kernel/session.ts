import { closeListings, dropListings, type Listing, moveListings } from './listings.ts';
import { entriesOf, find, findNode, layerRoot, linkCount, lookup, type Part } from './lookup.ts';
import {
  droppable,
  forget,
  instantiate,
  isKeptAway,
  judgeAnew,
  lookedUpByReaddir,
  markLive,
  marksAt,
  marksIn,
  moveDentries,
  movedDirectory,
  reason,
  remember,
  renew,
  settleMark,
} from './marks.ts';
import { editMount, followRoots, namespaces } from './mount.ts';
import { planOverlay } from './overlay.ts';
import { type Dentry, type How, type Last, resolve, resolveCreate, resolveParent, tooLong } from './path.ts';
import { check, type Operation, planPlain } from './posix.ts';
import {
  apply,
  hold,
  isWithin,
  join,
  movePins,
  nameOf,
  orphan,
  otherName,
  parentOf,
  rebase,
  release,
  type TreeChange,
} from './tree.ts';
import {
  type Change,
  err,
  type FsId,
  failed,
  type Inode,
  type MountFlag,
  type OverlayFs,
  ok,
  type Path,
  type PinId,
  type Place,
  type Result,
  type Task,
  type TaskId,
} from './types.ts';
import { detachMountsOn, letGo } from './unmount.ts';
import { Draft, fileSystem, namespace, overlayAt, plainAt, type Read, task as taskOf } from './world.ts';

/** One call in the making: what it has changed so far, and whether it met something undefined. */
export class Session {
  readonly draft: Draft;
  readonly id: TaskId;
  readonly changes: Change[] = [];
  /** Which way it went wherever Linux may go two: at first as it was told, then always the first. */
  readonly ways: boolean[] = [];
  undefined: string | undefined;
  readonly #told: readonly boolean[];
  readonly #decided = new Map<string, boolean>();

  constructor(world: Read, id: TaskId, told: readonly boolean[] = []) {
    this.draft = new Draft(world, true);
    this.id = id;
    this.#told = told;
  }

  /** Linux may go two ways about this, and it goes the second. One call does not change its mind. */
  #otherwise(what: string): boolean {
    const decided = this.#decided.get(what);
    if (decided !== undefined) return decided;
    const other = this.#told[this.ways.length] ?? false;
    this.ways.push(other);
    this.#decided.set(what, other);
    return other;
  }

  get task(): Task {
    return taskOf(this.draft, this.id);
  }

  setTask(task: Task): void {
    this.draft.set(`task:${this.id}`, task);
  }

  /** A name is looked up through a file system: by its dentry, or anew if that has been dropped meanwhile. */
  readonly seen = (fs: FsId, path: Path): void => {
    for (const [id, marked] of marksAt(this.draft, fs, path)) {
      this.undefined ??= reason(this.draft, id, marked);
      const overlay = fileSystem(this.draft, id);
      const mark = overlay.kind === 'overlay' ? overlay.marks.get(marked) : undefined;
      const lags = mark?.kept !== undefined || mark?.judged !== undefined;
      if (lags && droppable(this.draft, id, marked) && this.#otherwise(`look up ${id}:${marked}`))
        renew(this.draft, id, marked);
    }
    const old = movedDirectory(this.draft, fs, path);
    if (old !== undefined) {
      this.undefined ??= reason(this.draft, fs, old);
      overlayMoved(this, fs, { from: old, to: path, exchange: false });
      settleMark(this.draft, fs, path);
    }
    remember(this.draft, fs, path);
  };

  /** A directory is listed through a file system: what readdir gives there. */
  list(fs: FsId, path: Path): Listing {
    const entries = new Map([...entriesOf(this.draft, fs, path)].map(([name, { type }]) => [name, type]));
    const hidden = this.#listed(fs, path);
    const overlay = fileSystem(this.draft, fs);
    const kept = overlay.kind === 'overlay' ? overlay.listings?.get(path) : undefined;
    if (kept !== undefined) {
      this.undefined ??= `"${path}" is open, and names in it were changed in a layer below the live overlay ${fs}`;
      if (!this.#otherwise(`list ${fs}:${path}`)) return kept;
    }
    return new Map([...entries].filter(([name]) => !hidden.has(join(path, name))));
  }

  /** Gives the paths in it that the listing leaves out. */
  #listed(fs: FsId, path: Path): ReadonlySet<Path> {
    for (const name of marksIn(this.draft, fs, path)) this.undefined ??= reason(this.draft, fs, name);
    const lookedUp = lookedUpByReaddir(this.draft, fs, path);
    const away = lookedUp.filter((name) => isKeptAway(this.draft, fs, name));
    const hidden = away.length > 0 && this.#otherwise(`leave out ${fs}:${path}`) ? away : [];
    for (const name of lookedUp) remember(this.draft, fs, name);
    return new Set(hidden);
  }

  resolve(path: string, how: How = {}): Result<Dentry> {
    return resolve(this.draft, this.id, path, { ...how, seen: this.seen });
  }

  parent(path: string): Result<Last> {
    return resolveParent(this.draft, this.id, path, { seen: this.seen });
  }

  toCreate(path: string, follow: boolean): Result<Last> {
    return resolveCreate(this.draft, this.id, path, { follow, seen: this.seen });
  }

  hold(fs: FsId, pin: string, path: Path): void {
    this.draft.set(`fs:${fs}`, hold(fileSystem(this.draft, fs), pin, path));
  }

  /** Who holds a descriptor or the working directory. What a child opens has names of its own: its parent keeps what it has. */
  pin(name: string): PinId {
    return this.task.home === null ? `${this.id}:${name}` : `${this.id}:child:${name}`;
  }

  /** A descriptor or working directory lets go: with it may go an unlinked inode, and a detached mount. */
  release({ ns, mount, fs, pin }: Place): void {
    const { home } = this.task;
    if (home !== null && [...home.fds.values(), home.cwd].some((held) => held?.pin === pin)) return;
    this.draft.set(`fs:${fs}`, release(fileSystem(this.draft, fs), pin));
    closeListings(this.draft, fs);
    letGo(this.draft, { ns, mount });
  }
}

/** The flags of the mount a place is seen through. */
export const flagsOf = (world: Read, place: Dentry): readonly MountFlag[] =>
  namespace(world, place.ns).mounts.get(place.mount)?.flags ?? [];

/** Whether nothing can be changed through a place: its mount or its file system is read-only. Source: mnt_want_write(). */
export const isReadonly = (world: Read, place: Dentry): boolean =>
  fileSystem(world, place.fs).readonly || flagsOf(world, place).includes('ro');

// ---- operations ---------------------------------------------------------------------------------------------------

/**
 * Carries out an operation of the VFS on a file system: its checks, its plan, the changes, and what follows for pins and
 * mounts. `checked` leaves the checks out for callers that have made their own.
 */
export function perform(session: Session, id: FsId, operation: Operation, checked = false): Result {
  const { draft } = session;
  if (!checked) {
    const allowed = check(draft, session.task, id, operation);
    if (failed(allowed)) return allowed;
    if (!allowed.ok) return ok(null);
  }
  const fs = fileSystem(draft, id);
  const plan = fs.kind === 'plain' ? planPlain(id, fs, operation) : planOverlay(draft, id, fs, operation);
  if (fs.kind === 'overlay' && plan.changes.length > 0 && isUpperReadonly(draft, fs)) return err('EROFS');
  session.undefined ??= plan.undefined;
  const done = fs.kind === 'overlay' && !failed(plan.result);
  markLive(draft, plan.changes, fs.kind === 'overlay' ? id : null, () => {
    if (done) beforeOverlay(session, id, operation);
    for (const [index, change] of plan.changes.entries()) {
      applyChange(session, change);
      for (const { path, by } of plan.made ?? []) if (by === index) instantiate(draft, id, path);
    }
    if (done) afterOverlay(session, id, operation);
  });
  if (fs.kind === 'overlay') closeListings(draft, id);
  return plan.result;
}

/** The file system of the upper layer was made read-only below the overlay. Source: Linux ovl_want_write(). */
const isUpperReadonly = (world: Read, { upper }: OverlayFs): boolean =>
  upper !== null && fileSystem(world, upper.fs).readonly;

function applyChange(session: Session, change: TreeChange): void {
  const { draft } = session;
  const fs = fileSystem(draft, change.fs);
  session.changes.push(change);
  if (fs.kind === 'overlay') {
    if (change.do !== 'replace') throw new Error('only unlinked inodes of an overlay are changed in place');
    const held = fs.inodes.get(change.path);
    if (held === undefined) throw new Error(`an overlay holds no inode ${change.path}`);
    draft.set(`fs:${change.fs}`, {
      ...fs,
      inodes: new Map(fs.inodes).set(change.path, { ...held, inode: change.inode }),
    });
    return;
  }
  const target = change.do === 'move' ? change.to : 'path' in change && change.do !== 'replace' ? change.path : null;
  if (target !== null && lookup(draft, change.fs, target) !== undefined) detachMountsOn(draft, change.fs, target);
  draft.set(`fs:${change.fs}`, apply(plainAt(draft, change.fs), change, session.id));
  followRoots(draft, change.fs);
  if (change.do === 'move' || change.do === 'exchange')
    nameMoved(session, change.fs, follower(change.do, change.from, change.to));
}

/** Where a path is after a rename or an exchange. */
const follower =
  (how: 'move' | 'exchange', from: Path, to: Path) =>
  (path: Path): Path =>
    how === 'exchange' && isWithin(path, to) ? rebase(path, to, from) : rebase(path, from, to);

/** What is held in an overlay at a name that goes lives on as an inode of the instance. */
function beforeOverlay(session: Session, id: FsId, operation: Operation): void {
  const { draft } = session;
  const gone =
    operation.op === 'unlink' || operation.op === 'rmdir'
      ? operation.path
      : operation.op === 'rename' && !operation.exchange && lookup(draft, id, operation.to) !== undefined
        ? operation.to
        : null;
  if (gone === null) return;
  detachMountsOn(draft, id, gone);
  const fs = overlayAt(draft, id);
  if (fs === null) throw new Error(`${id} is no overlay`);
  const kept = orphan(fs, gone, session.id, (path) => {
    const node = findNode(draft, fs, path);
    if (failed(node)) return undefined;
    const [top] = node.ok.parts;
    const inode = top.inode.type === 'dir' ? { ...top.inode, entries: new Map() } : top.inode;
    if (top.layer > 0) return { inode, links: 0, lower: { at: path, links: linkCount(draft, id, path) } };
    const other = otherUpperName(draft, fs, top);
    if (other === undefined) return { inode, links: 0 };
    if (lookup(draft, id, other) !== undefined) return { path: other };
    // With redirect_dir=nofollow a directory above it may be refused.
    session.undefined ??= `"${path}" lives on as "${other}", which the overlay ${id} does not show`;
    return { inode, links: 0 };
  });
  draft.set(`fs:${id}`, kept);
  followRoots(draft, id);
}

/** A hard link in upper has the same inode in the overlay, so that a descriptor of one name goes on as one of the other. */
function otherUpperName(world: Read, { upper }: OverlayFs, { path }: Part): Path | undefined {
  if (upper === null) return undefined;
  const root = layerRoot(world, upper);
  const below = fileSystem(world, upper.fs);
  const other = below.kind === 'plain' ? otherName(below, path, root) : undefined;
  return other?.slice(root.length);
}

function afterOverlay(session: Session, id: FsId, operation: Operation): void {
  if (operation.op === 'unlink' || operation.op === 'rmdir') forget(session.draft, id, operation.path);
  // A new hard link is looked up anew. Source: Linux ovl_instantiate().
  if (operation.op === 'link') forget(session.draft, id, operation.to);
  if (operation.op === 'rename') overlayMoved(session, id, operation);
  const names = 'path' in operation ? [operation.path] : [operation.from, operation.to];
  if (operation.op !== 'edit') dropListings(session.draft, id, names);
  for (const path of editedBy(operation)) judgeAnew(session.draft, id, path);
}

/** The inodes that an operation changes: what it edits or moves, and directories that gain or lose a name. */
function editedBy(operation: Operation): readonly Path[] {
  switch (operation.op) {
    case 'edit':
      return Object.keys(operation.edit).length > 0 ? [operation.path] : [];
    case 'rename':
      return [operation.from, operation.to, parentOf(operation.from), parentOf(operation.to)];
    case 'link':
      return [parentOf(operation.to)];
    default:
      return [parentOf(operation.path)];
  }
}

/** The dentries of an overlay move, and with them what is held and what is mounted there. */
function overlayMoved(session: Session, id: FsId, move: Omit<Operation & { op: 'rename' }, 'op'>): void {
  moveDentries(session.draft, id, move.from, move.to, move.exchange);
  const follow = follower(move.exchange ? 'exchange' : 'move', move.from, move.to);
  const fs = fileSystem(session.draft, id);
  session.draft.set(`fs:${id}`, { ...fs, pins: movePins(fs.pins, follow) });
  moveListings(session.draft, id, follow);
  nameMoved(session, id, follow);
}

// ---- mounts -------------------------------------------------------------------------------------------------------

/** Mounts keep their dentries when a directory above or at them is renamed. Source: d_move(). */
function nameMoved(session: Session, fs: FsId, follow: (path: Path) => Path): void {
  for (const [ns, { mounts }] of namespaces(session.draft))
    for (const [mount, { parent, at, root, fs: own }] of mounts) {
      const now = {
        at: parent !== null && mounts.get(parent)?.fs === fs ? follow(at) : at,
        root: own === fs ? follow(root) : root,
      };
      if (now.at !== at || now.root !== root) editMount(session.draft, { ns, mount }, now);
    }
}

/** The inode at a place, as {@link find} gives it, noting that it was looked at; ENAMETOOLONG for a name no file system takes. */
export function inodeAt(session: Session, place: Dentry): Result<Inode> {
  if (tooLong(nameOf(place.path))) return err('ENAMETOOLONG');
  session.seen(place.fs, place.path);
  return find(session.draft, place.fs, place.path);
}
