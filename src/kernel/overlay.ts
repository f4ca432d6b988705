import {
  findNode,
  identity,
  isDead,
  isEmpty,
  isWhiteout,
  layerRoot,
  list,
  lookup,
  type Node,
  namesOf,
  type PrivateNames,
  shownXattr,
  storedXattr,
} from './lookup.ts';
import { edited, isXattrName, type Operation, type Plan } from './posix.ts';
import { isOrphan, join, nameOf, parentOf, type TreeChange, whiteout } from './tree.ts';
import {
  type Errno,
  err,
  type FsId,
  failed,
  type Inode,
  type Layer,
  type OverlayFs,
  ok,
  type Path,
  type Result,
} from './types.ts';
import { fileSystem, type Read } from './world.ts';

/**
 * Writing to an overlay: every operation becomes changes of the upper layer, and is refused where overlayfs refuses it.
 * Looking is in lookup.ts, mounting in overlaymount.ts. Source: Linux fs/overlayfs/{dir,copy_up,inode}.c as of 6.18,
 * without the features index, metacopy, nfs_export and xino. Everything here has been compared with recordings of that kernel.
 */

// ---- a plan in the making -----------------------------------------------------------------------------------------

/** Changes of the upper layer in the making, and what it contains after them where that differs. */
interface Making {
  readonly world: Read;
  readonly fs: OverlayFs;
  readonly upper: Layer;
  readonly root: Path;
  readonly names: PrivateNames;
  readonly changes: TreeChange[];
  /** Upper inodes that the plan makes or edits. */
  readonly made: Map<Path, Inode>;
  /** Names that get an object in upper, and which of the changes makes it. */
  readonly copied: { readonly path: Path; readonly by: number }[];
  /** Somebody removed the work directory; the instance holds it, but nothing can be made in it any more. */
  readonly workless: boolean;
  /** The first thing that could not be done: what was planned before is done, the rest is not. */
  failure: { readonly done: number; readonly errno: Errno } | null;
  undefined: string | undefined;
}

/**
 * Copy-up, whiteouts at removals and whatever replaces a whiteout are made in the work directory first. Seen on Linux
 * 6.18 with a removed one: ENOENT, but regular files go through O_TMPFILE, which ext4 refuses there with EPERM and tmpfs allows.
 */
function needsWork(plan: Making, inode: Inode | null): void {
  if (!plan.workless) return;
  const upper = fileSystem(plan.world, plan.upper.fs);
  const isFile = inode?.type === 'file';
  if (isFile && upper.kind === 'plain' && upper.type === 'tmpfs') return;
  fail(plan, isFile ? 'EPERM' : 'ENOENT');
}

/** The plan ends here, with what was planned before done: the first failure is the one that counts. */
function fail(plan: Making, errno: Errno | null): void {
  if (errno !== null) plan.failure ??= { done: plan.changes.length, errno };
}

function nodeOf(plan: Making, path: Path): Node {
  const node = findNode(plan.world, plan.fs, path);
  if (failed(node)) throw new Error(`a plan of an overlay met "${path}", which its checks had found: ${node.err}`);
  return node.ok;
}

const hasUpper = (node: Node): boolean => node.parts[0].layer === 0;
/** Once copied up, this would be a merged directory. Source: Linux ovl_type_merge_or_lower(). */
const hasLower = (node: Node): boolean => node.parts.some((part) => part.layer > 0);

/** Nothing below and no whiteouts to expect: the upper file system itself will say whether it is empty. Source: Linux ovl_pure_upper(). */
const isPureUpper = (node: Node, { origin }: PrivateNames): boolean =>
  !hasLower(node) && !node.parts[0].inode.xattrs.has(origin);

function isEmptyUpper(node: Node): boolean {
  const { inode } = node.parts[0];
  return inode.type !== 'dir' || inode.entries.size === 0;
}

/**
 * Where a name belongs in upper: in the directory that the dentry of its parent has there. That is the same path, unless
 * somebody moved directories in upper.
 */
function placeIn(plan: Making, path: Path): Path {
  if (path === '' || plan.fs.marks.size === 0) return plan.root + path;
  const parent = nodeOf(plan, parentOf(path));
  return join(hasUpper(parent) ? parent.parts[0].path : placeIn(plan, parentOf(path)), nameOf(path));
}

/** What upper itself has at the place of a name, whiteouts included. */
function upperInode(plan: Making, path: Path): Inode | undefined {
  return plan.made.get(path) ?? lookup(plan.world, plan.upper.fs, placeIn(plan, path));
}

/** The object that the dentry of a name has in upper, wherever it is by now. */
function ownPlace(plan: Making, path: Path): Path {
  const node = plan.made.has(path) || plan.fs.marks.size === 0 ? undefined : findNode(plan.world, plan.fs, path);
  return node === undefined || failed(node) || !hasUpper(node.ok) ? placeIn(plan, path) : node.ok.parts[0].path;
}
function ownInode(plan: Making, path: Path): Inode | undefined {
  return plan.made.get(path) ?? lookup(plan.world, plan.upper.fs, ownPlace(plan, path));
}

function put(plan: Making, path: Path, inode: Inode, how: 'create' | 'replace'): void {
  const place = how === 'create' ? placeIn(plan, path) : ownPlace(plan, path);
  // The directory that a dentry holds in upper was removed: nothing can be made in it any more (IS_DEADDIR()).
  if (how === 'create' && isOrphan(place)) fail(plan, 'ENOENT');
  plan.changes.push({ do: how, fs: plan.upper.fs, path: place, inode });
  plan.made.set(path, inode);
}

/**
 * Whether upper still has at the place of a name the object that its dentry has there; what somebody else put there is
 * left alone. Source: Linux ovl_matches_upper().
 */
function matchesUpper(plan: Making, path: Path): boolean {
  const { fs } = plan.upper;
  const [own, place] = [ownPlace(plan, path), placeIn(plan, path)];
  if (own === place || plan.made.has(path)) return true;
  return !isOrphan(own) && identity(plan.world, fs, own) === identity(plan.world, fs, place);
}

/** Whether the dentry of a name without an object knows of a whiteout in upper. Source: Linux ovl_dentry_is_whiteout(). */
const knowsWhiteout = (plan: Making, path: Path): boolean =>
  plan.fs.marks.get(path)?.kept?.opaque ?? upperInode(plan, path) !== undefined;

/** Why nothing can be made at a free name: upper has there what the dentry does not know of. Source: Linux ovl_create_real(), ovl_create_over_whiteout(). */
function whyNotFree(plan: Making, path: Path): Errno | null {
  if (isOrphan(placeIn(plan, path))) return 'ENOENT';
  const there = upperInode(plan, path);
  const asKnown = knowsWhiteout(plan, path) ? there !== undefined && isWhiteout(there) : there === undefined;
  return asKnown ? null : 'ESTALE';
}

function setXattr(plan: Making, path: Path, name: string, value: string): void {
  const inode = ownInode(plan, path);
  if (inode === undefined) throw new Error(`a plan of an overlay set ${name} on "${path}", which is not in upper`);
  put(plan, path, { ...inode, xattrs: new Map(inode.xattrs).set(name, value) }, 'replace');
}

/** The xattrs that a copy-up takes along: all but the overlay's own. Source: Linux ovl_copy_xattr(). */
const copiedXattrs = (inode: Inode, names: PrivateNames): ReadonlyMap<string, string> =>
  new Map([...inode.xattrs].filter(([name]) => shownXattr(name, names) !== undefined));

/**
 * Brings a name into upper, with its parents: data and attributes, a directory without its entries. The parent's
 * mtime stays. Source: Linux ovl_copy_up_flags().
 */
function copyUp(plan: Making, path: Path): void {
  if (plan.made.has(path)) return;
  const node = nodeOf(plan, path);
  if (hasUpper(node)) return;
  const parent = parentOf(path);
  copyUp(plan, parent);
  const { inode } = node.parts[0];
  needsWork(plan, inode);
  fail(plan, whyNotCopied(plan, path, inode));
  plan.copied.push({ path, by: plan.changes.length });
  const xattrs = copiedXattrs(inode, plan.names);
  if (inode.type === 'dir') {
    const { type, mode, uid, gid, mtime } = inode;
    const attributes = { mode, uid, gid, mtime, xattrs: new Map(xattrs).set(plan.names.origin, '') };
    put(plan, path, { type, ...attributes, entries: new Map() }, 'create');
  } else {
    put(plan, path, { ...inode, xattrs }, 'create');
  }
  const above = ownInode(plan, parent);
  if (above !== undefined && above.mtime !== 0) put(plan, parent, above, 'replace');
}

/**
 * Somebody put something into upper at the name: a file is linked there, a directory or anything else is renamed to it.
 * Source: Linux ovl_copy_up_tmpfile(), ovl_copy_up_workdir().
 */
function whyNotCopied(plan: Making, path: Path, { type }: Inode): Errno | null {
  const there = upperInode(plan, path);
  if (there === undefined) return null;
  if (type === 'file') return 'EEXIST';
  if (type !== 'dir') return there.type === 'dir' ? 'EISDIR' : null;
  if (there.type !== 'dir') return 'ENOTDIR';
  return there.entries.size > 0 ? 'ENOTEMPTY' : null;
}

/** Puts a whiteout at a name. Source: Linux ovl_whiteout(), ovl_cleanup_and_whiteout(). */
function coverUp(plan: Making, path: Path): void {
  // A merged directory knows that it was one, even when later nothing is left below it (ovl_fix_origin()).
  const parent = parentOf(path);
  const { origin } = plan.names;
  if (parent !== '' && ownInode(plan, parent)?.xattrs.has(origin) === false) setXattr(plan, parent, origin, '');
  put(plan, path, whiteout(), 'create');
}

/** Whether the name would show through if upper had it not. Source: Linux ovl_lower_positive(). */
function lowerPositive(plan: Making, path: Path, node: Node): boolean {
  if (!hasUpper(node)) return true;
  for (const part of nodeOf(plan, parentOf(path)).parts) {
    if (part.layer === 0) continue;
    const below = lookup(plan.world, part.fs, join(part.path, nameOf(path)));
    if (below !== undefined) return !isWhiteout(below, plan.names);
  }
  return false;
}

const redirects = (plan: Making): boolean => plan.fs.options.redirectDir === 'on';

/**
 * What looking at every name of an overlay leaves in upper: a directory that is merged is marked for good, so that its
 * whiteouts stay hidden when nothing is left below it. The steps of the model set the mark where it matters, not at every look.
 * Source: Linux ovl_fix_origin().
 */
export function markOrigins(world: Read, id: FsId, fs: OverlayFs): readonly TreeChange[] {
  if (fs.upper === null) return [];
  const { upper } = fs;
  const { origin } = namesOf(fs.options);
  const visit = (path: Path): readonly TreeChange[] => {
    const node = findNode(world, fs, path);
    if (failed(node) || node.ok.parts[0].layer !== 0) return [];
    const [{ path: at, inode }] = node.ok.parts;
    if (inode.type !== 'dir') return [];
    const isMerged = path !== '' && node.ok.parts.length > 1 && !inode.xattrs.has(origin);
    const marked = { ...inode, xattrs: new Map(inode.xattrs).set(origin, '') };
    const own: TreeChange[] = isMerged ? [{ do: 'replace', fs: upper.fs, path: at, inode: marked }] : [];
    return [...own, ...list(world, id, path).flatMap((name) => visit(join(path, name)))];
  };
  return visit('');
}

// ---- operations ---------------------------------------------------------------------------------------------------

/** Source: Linux ovl_create_object(): ovl_create_upper(), ovl_create_over_whiteout(). */
function planCreate(plan: Making, path: Path, inode: Inode): Result {
  // Nobody may make what looks like a whiteout (ovl_mknod()).
  if (inode.type === 'chr' && isWhiteout(inode)) return err('EPERM');
  copyUp(plan, parentOf(path));
  const covered = knowsWhiteout(plan, path);
  if (covered) needsWork(plan, null);
  fail(plan, whyNotFree(plan, path));
  plan.copied.push({ path, by: plan.changes.length });
  // With redirects, lower layers may not change offline, so a new directory can say early that nothing is below it.
  const early = redirects(plan) && hasLower(nodeOf(plan, parentOf(path)));
  const opaque = inode.type === 'dir' && (covered || early);
  put(plan, path, opaque ? { ...inode, xattrs: new Map(inode.xattrs).set(plan.names.opaque, 'y') } : inode, 'create');
  return ok(null);
}

/** Source: Linux ovl_do_remove(). */
function planRemove(plan: Making, id: FsId, path: Path, isDirectory: boolean): Result {
  const node = nodeOf(plan, path);
  const covers = lowerPositive(plan, path, node);
  // What the upper file system removes itself, it also refuses itself when it is not empty.
  const empty = covers || !isPureUpper(node, plan.names) ? isEmpty(plan.world, id, path) : isEmptyUpper(node);
  const stale = hasUpper(node) && !matchesUpper(plan, path);
  // Upper is asked itself only for what it has; to find it empty, all directories of a merged one are read.
  const reads = isDirectory && (covers || !isPureUpper(node, plan.names));
  if (reads && isDead(node)) return err('ENOENT');
  if (isDirectory && !empty && (reads || !stale)) return err('ENOTEMPTY');
  copyUp(plan, parentOf(path));
  if (covers) needsWork(plan, null);
  if (stale) fail(plan, 'ESTALE');
  if (covers) coverUp(plan, path);
  else plan.changes.push({ do: 'remove', fs: plan.upper.fs, path: placeIn(plan, path) });
  return ok(null);
}

/** The path of a directory in the layers below, as its redirect will say it. Source: Linux ovl_get_redirect(). */
function redirectOf(plan: Making, path: Path, absolute: boolean): string {
  if (!absolute) return nameOf(path);
  let redirect = '';
  for (let at = path; at !== ''; at = parentOf(at)) {
    const own = nodeOf(plan, at).redirect ?? nameOf(at);
    if (own[0] === '/') return own + redirect;
    redirect = `/${own}${redirect}`;
  }
  return redirect;
}

/** Before a directory moves: a redirect if layers below take part in it, or opaque if they must not. */
function prepareMove(plan: Making, path: Path, to: Path): void {
  const node = nodeOf(plan, path);
  if (upperInode(plan, path)?.type !== 'dir') return;
  if (hasLower(node)) {
    const absolute = parentOf(path) !== parentOf(to);
    if (node.redirect !== null && (!absolute || node.redirect[0] === '/')) return;
    setXattr(plan, path, plan.names.redirect, redirectOf(plan, path, absolute));
    // Looking it up has noted what it was merged with (ovl_fix_origin()).
    if (upperInode(plan, path)?.xattrs.has(plan.names.origin) === false) setXattr(plan, path, plan.names.origin, '');
  } else if (!node.opaque && hasLower(nodeOf(plan, parentOf(to)))) {
    setXattr(plan, path, plan.names.opaque, 'y');
  }
}

/** Source: Linux ovl_rename(). EXDEV comes before ENOTEMPTY. */
function planRename(plan: Making, id: FsId, from: Path, to: Path, exchange: boolean): Result {
  const old = nodeOf(plan, from);
  const target = lookup(plan.world, id, to) === undefined ? undefined : nodeOf(plan, to);
  const cannotMove = (node: Node): boolean => !redirects(plan) && node.parts[0].inode.type === 'dir' && hasLower(node);
  if (cannotMove(old) || (exchange && cannotMove(nodeOf(plan, to)))) return err('EXDEV');
  const replaces = !exchange && target?.parts[0].inode.type === 'dir' ? target : undefined;
  const asksMerged = replaces !== undefined && !isPureUpper(replaces, plan.names);
  if (asksMerged && isDead(replaces)) return err('ENOENT');
  if (asksMerged && !isEmpty(plan.world, id, to)) return err('ENOTEMPTY');
  copyUp(plan, from);
  copyUp(plan, parentOf(to));
  if (exchange) copyUp(plan, to);
  const free = target === undefined || (!hasUpper(target) && !exchange);
  if (isOrphan(placeIn(plan, from))) fail(plan, 'ENOENT');
  if (!matchesUpper(plan, from) || (!free && !matchesUpper(plan, to))) fail(plan, 'ESTALE');
  // A whiteout that has gone is missed only if it was to change places with the source.
  const exchanges = old.parts[0].inode.type === 'dir' || lowerPositive(plan, from, old);
  if (free && (exchanges || upperInode(plan, to) !== undefined)) fail(plan, whyNotFree(plan, to));
  prepareMove(plan, from, to);
  if (exchange) prepareMove(plan, to, from);
  // The rename in the upper layer fails last, when the source has been prepared already.
  if (replaces !== undefined && isPureUpper(replaces, plan.names) && !isEmptyUpper(replaces)) return err('ENOTEMPTY');
  const { fs } = plan.upper;
  const [source, place] = [placeIn(plan, from), placeIn(plan, to)];
  if (isOrphan(source) || isOrphan(place)) fail(plan, 'ENOENT');
  plan.changes.push({ do: exchange ? 'exchange' : 'move', fs, from: source, to: place });
  // The kernel renames and covers the source in one go (RENAME_WHITEOUT, or RENAME_EXCHANGE with a whiteout at the target).
  if (!exchange && lowerPositive(plan, from, old)) coverUp(plan, from);
  return ok(null);
}

function planLink(plan: Making, from: Path, to: Path): Result {
  copyUp(plan, from);
  copyUp(plan, parentOf(to));
  if (knowsWhiteout(plan, to)) needsWork(plan, null);
  fail(plan, whyNotFree(plan, to));
  const [source, place] = [ownPlace(plan, from), placeIn(plan, to)];
  // What has lost its last name in upper gets no other. Source: Linux vfs_link().
  if (isOrphan(source) || isOrphan(place)) fail(plan, 'ENOENT');
  plan.changes.push({ do: 'link', fs: plan.upper.fs, from: source, to: place });
  return ok(null);
}

/**
 * What was unlinked in a lower layer is copied up to where it was, where upper has something by now: a whiteout at least. A
 * file is linked there, which fails; anything else is renamed onto it, and a directory or a device can come back by that.
 * Seen on Linux 6.18. Source: ovl_copy_up_tmpfile(), ovl_copy_up_workdir().
 */
function planRevival(plan: Making, id: FsId, at: Path, { type }: Inode): Result {
  if (type === 'file') return err('EEXIST');
  const isDirectory = lookup(plan.world, id, at)?.type === 'dir';
  if (type !== 'dir' || isDirectory) plan.undefined = `"${at}" was removed, and may come back by its copy-up`;
  return err('ENOTDIR');
}

/** Source: Linux ovl_setattr(), ovl_xattr_set(), ovl_open() for writing: the file is copied up even if nothing changes. */
function planEdit(plan: Making, id: FsId, operation: Operation & { readonly op: 'edit' }): Result {
  const { path, edit } = operation;
  const stored =
    edit.xattr === undefined
      ? edit
      : { ...edit, xattr: [storedXattr(edit.xattr[0], plan.names), edit.xattr[1]] as const };
  if (isOrphan(path)) {
    const held = plan.fs.inodes.get(path);
    if (held === undefined) return err('ENOENT');
    if (held.lower !== undefined) return planRevival(plan, id, held.lower.at, held.inode);
    plan.changes.push({ do: 'replace', fs: id, path, inode: edited(held.inode, stored) });
    return ok(null);
  }
  if (edit.xattr !== undefined && !isXattrName(edit.xattr[0])) {
    // The upper file system refuses the name, after the copy-up; what is to be removed is looked for before it.
    if (edit.xattr[1] !== null) copyUp(plan, path);
    return err('EOPNOTSUPP');
  }
  copyUp(plan, path);
  const inode = ownInode(plan, path);
  if (inode === undefined) throw new Error(`a copy-up left nothing at "${path}"`);
  if (Object.keys(edit).length > 0) put(plan, path, edited(inode, stored), 'replace');
  return ok(null);
}

/**
 * The changes an operation makes in the upper layer of an overlay, after the checks of the VFS; EROFS without one.
 * A failure may leave changes behind: what was prepared in upper before overlayfs found out.
 */
export function planOverlay(world: Read, id: FsId, fs: OverlayFs, operation: Operation): Plan {
  if (fs.upper === null) return { changes: [], result: err('EROFS') };
  const root = layerRoot(world, fs.upper);
  // Somebody removed the upper directory itself: it is held, but nothing can be made in it any more (IS_DEADDIR()).
  if (isOrphan(root)) return { changes: [], result: err('ENOENT') };
  const workless = fs.workdir !== undefined && isOrphan(layerRoot(world, fs.workdir));
  const base = { world, fs, upper: fs.upper, root, workless, names: namesOf(fs.options) };
  const plan: Making = { ...base, changes: [], made: new Map(), copied: [], failure: null, undefined: undefined };
  const result = planOne(plan, id, operation);
  if (plan.undefined !== undefined) return { changes: [], result, undefined: plan.undefined };
  const done = plan.failure?.done ?? plan.changes.length;
  const made = plan.copied.filter(({ by }) => by < done);
  const changes = plan.failure === null ? plan.changes : plan.changes.slice(0, done);
  return { changes, result: plan.failure === null ? result : err(plan.failure.errno), made };
}

function planOne(plan: Making, id: FsId, operation: Operation): Result {
  switch (operation.op) {
    case 'create':
      return planCreate(plan, operation.path, operation.inode);
    case 'unlink':
    case 'rmdir':
      return planRemove(plan, id, operation.path, operation.op === 'rmdir');
    case 'rename':
      return planRename(plan, id, operation.from, operation.to, operation.exchange);
    case 'link':
      return planLink(plan, operation.from, operation.to);
    case 'edit':
      return planEdit(plan, id, operation);
  }
}
