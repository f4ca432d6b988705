#!/usr/bin/env python3
"""Records what the overlayfs of this machine does when its layers are edited behind its back. Needs root.

  record.py again FILE.jsonl     the vectors of a file, with the answers of this kernel
  record.py table                the table: what was looked up x what was edited x what is done then
  record.py gaps                 what the model is known not to do
  record.py random SEED COUNT    random vectors

Prints JSON Lines in the format of README.md. All layers are on one tmpfs, or on the file system image that LIVE_IMAGE
names. It is mounted in a mount namespace of its own, so nothing is left behind.
"""
import ctypes
import errno
import json
import os
import random
import shutil
import stat
import subprocess
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MS_RDONLY, MS_REMOUNT, MS_REC, MS_PRIVATE, MNT_DETACH = 0x20000, 1, 32, 0x4000, 1 << 18, 2
BASE = "/tmp/overlay-live"
OVERLAY = "trusted.overlay."
TYPES = {stat.S_IFDIR: "dir", stat.S_IFREG: "file", stat.S_IFLNK: "symlink", stat.S_IFCHR: "chr", stat.S_IFIFO: "fifo"}


# --- system calls

def libc(name, *args):
    if getattr(LIBC, name)(*[arg.encode() if isinstance(arg, str) else arg for arg in args]) != 0:
        raise OSError(ctypes.get_errno(), name)


def stat_of(st):
    kind = TYPES[stat.S_IFMT(st.st_mode)]
    found = dict(type=kind, mode=stat.S_IMODE(st.st_mode), uid=st.st_uid, gid=st.st_gid, nlink=st.st_nlink)
    if kind in ("file", "symlink"):
        found["size"] = st.st_size
    if kind == "chr":
        found["rdev"] = [os.major(st.st_rdev), os.minor(st.st_rdev)]
    return found


def names_of(fd):
    def kind(entry):
        if entry.is_symlink():
            return "symlink"
        if entry.is_dir(follow_symlinks=False):
            return "dir"
        return "file" if entry.is_file(follow_symlinks=False) else "other"
    with os.scandir(fd) as entries:
        return sorted([entry.name, kind(entry)] for entry in entries)


class World:
    """One vector being played: its layers and mounts are in BASE."""

    def __init__(self, vector):
        self.vector, self.fds = vector, {}
        shutil.rmtree(BASE + "/x", ignore_errors=True)
        os.mkdir(BASE + "/x")
        for name, entries in vector["layers"].items():
            os.mkdir(self.at("/" + name), 0o755)
            for entry in entries:
                self.make("/" + name, **entry)
        for mount in vector["mounts"]:
            os.mkdir(self.at(mount["at"]), 0o755)
            if mount.get("work"):
                os.mkdir(self.at(mount["work"]), 0o755)
        for mount in vector["mounts"]:
            self.mount(**mount)

    def at(self, path):
        return BASE + "/x" + path

    def make(self, top, path, type, mode=None, content="", target="", opaque=None):
        place = self.at(top + path)
        if type == "dir":
            os.mkdir(place)
        elif type == "file":
            with open(place, "w") as file:
                file.write(content)
        elif type == "symlink":
            return os.symlink(target, place)
        elif type == "whiteout":
            return os.mknod(place, stat.S_IFCHR, 0)
        os.chmod(place, mode if mode is not None else 0o755 if type == "dir" else 0o644)
        if opaque:
            os.setxattr(place, OVERLAY + "opaque", opaque.encode())

    def mount(self, at, lowers, options, upper=None, work=None):
        data = "lowerdir=" + ":".join(map(self.at, lowers))
        if upper:
            data += ",upperdir=%s,workdir=%s" % (self.at(upper), self.at(work))
        libc("mount", "overlay", self.at(at), "overlay", 0, data + ("," + options if options else ""))

    def remount(self):
        """Descriptors are closed, and everything is mounted anew."""
        for fd in self.fds.values():
            os.close(fd)
        self.fds.clear()
        for mount in reversed(self.vector["mounts"]):
            libc("umount2", self.at(mount["at"]), 0)
        for mount in self.vector["mounts"]:
            self.mount(**mount)

    def end(self):
        for fd in self.fds.values():
            os.close(fd)
        for mount in reversed(self.vector["mounts"]):
            libc("umount2", self.at(mount["at"]), MNT_DETACH)

    def play(self, op):
        args = {key: value for key, value in op.items() if key not in ("op", "as")}
        who = op.get("as", 0)
        os.setegid(who)
        os.seteuid(who)
        try:
            return {"ok": getattr(self, "do_" + op["op"])(**args)}
        except OSError as error:
            return {"err": errno.errorcode[error.errno]}
        finally:
            os.seteuid(0)
            os.setegid(0)

    # ops, as in the overlay vectors; `shrink` drops the dentries of an overlay that nobody holds
    def do_shrink(self, path):
        mount = next(one for one in self.vector["mounts"] if one["at"] == path)
        libc("mount", None, self.at(path), None, MS_REMOUNT | (0 if mount.get("upper") else MS_RDONLY), None)

    def do_remount(self):
        self.remount()

    def do_open(self, path, flags, fd, mode=0o644):
        self.fds[fd] = os.open(self.at(path), sum(getattr(os, flag) for flag in flags.split("|")), mode)

    def do_fdclose(self, fd):
        os.close(self.fds.pop(fd))

    def do_fdread(self, fd):
        os.lseek(self.fds.get(fd, -1), 0, 0)
        return os.read(self.fds.get(fd, -1), 4096).decode()

    def do_fdstat(self, fd):
        return stat_of(os.fstat(self.fds.get(fd, -1)))

    def do_fdreaddir(self, fd):
        os.lseek(self.fds.get(fd, -1), 0, 0)
        return names_of(self.fds.get(fd, -1))

    def opened(self, path, flags, use, mode=0o644):
        fd = os.open(self.at(path), flags, mode)
        try:
            return use(fd)
        finally:
            os.close(fd)

    def do_read(self, path):
        return self.opened(path, os.O_RDONLY, lambda fd: os.read(fd, 4096).decode())

    def do_readdir(self, path):
        return self.opened(path, os.O_RDONLY | os.O_DIRECTORY, names_of)

    def do_write(self, path, data, mode=0o644):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        self.opened(path, flags, lambda fd: os.write(fd, data.encode()) and None, mode)

    def do_append(self, path, data):
        self.opened(path, os.O_WRONLY | os.O_APPEND, lambda fd: os.write(fd, data.encode()) and None)

    def do_lstat(self, path):
        return stat_of(os.lstat(self.at(path)))

    def do_truncate(self, path, size):
        os.truncate(self.at(path), size)

    def do_chmod(self, path, mode):
        os.chmod(self.at(path), mode)

    def do_mkdir(self, path):
        os.mkdir(self.at(path), 0o755)

    def do_unlink(self, path):
        os.unlink(self.at(path))

    def do_rmdir(self, path):
        os.rmdir(self.at(path))

    def do_rename(self, **names):
        flags = {"EXCHANGE": 2}.get(names.get("flags"), 0)
        libc("renameat2", -100, self.at(names["from"]), -100, self.at(names["to"]), flags)

    def do_link(self, **names):
        os.link(self.at(names["from"]), self.at(names["to"]), follow_symlinks=False)

    def do_symlink(self, path, target):
        os.symlink(target, self.at(path))

    def do_readlink(self, path):
        return os.readlink(self.at(path))

    def do_mknod(self, path, type, mode=0o644, rdev=(0, 0)):
        os.mknod(self.at(path), mode | (stat.S_IFCHR if type == "chr" else stat.S_IFREG), os.makedev(*rdev))

    def do_setxattr(self, path, name, value):
        os.setxattr(self.at(path), name, value.encode())

    def listing(self, top, raw):
        found = []

        def visit(place, path):
            try:
                st = os.lstat(place)
            except OSError as error:
                return found.append(dict(path=path, type="ghost" if error.errno == errno.ENOENT else "lstat-" + errno.errorcode[error.errno]))
            if raw and stat.S_ISCHR(st.st_mode) and st.st_rdev == 0:
                return found.append(dict(path=path, type="whiteout"))
            entry = dict(path=path, **stat_of(st))
            if entry["type"] == "file":
                entry["content"] = open(place).read()
            if entry["type"] == "symlink":
                entry["target"] = os.readlink(place)
            marks = {}
            for name in os.listxattr(place, follow_symlinks=False) if raw else []:
                if name in (OVERLAY + "opaque", OVERLAY + "redirect"):
                    marks[name[len(OVERLAY):]] = os.getxattr(place, name, follow_symlinks=False).decode()
            if marks:
                entry["overlay"] = marks
            found.append(entry)
            if entry["type"] == "dir":
                for name in sorted(os.listdir(place)):
                    visit(place + "/" + name, (path if path != "/" else "") + "/" + name)
        visit(self.at(top), "/")
        return found


def record(vector):
    world = World(vector)
    try:
        results = [world.play(op) for op in vector["ops"]]
        world.remount()
        merged = world.listing(vector["mounts"][0]["at"], False)
    finally:
        world.end()
    upper = vector["mounts"][0].get("upper")
    trees = dict(merged=merged, upper=world.listing(upper, True)) if upper else {}
    return dict(vector, results=results, **trees)


# --- what to record

def directory(path):
    return dict(path=path, type="dir")


def file(path, content):
    return dict(path=path, type="file", content=content)


def whiteout(path):
    return dict(path=path, type="whiteout")


def writes(path, data="new"):
    return dict(op="write", path=path, data=data)


def op(kind, at, **more):
    return dict(op=kind, path=at, **more)


def rename(a, b):
    return {"op": "rename", "from": a, "to": b}


def link(a, b):
    return {"op": "link", "from": a, "to": b}


def random_vector(seed, number):
    """Layers with few names, so that edits and lookups meet; then lookups, edits behind the overlay, and uses of it."""
    rng = random.Random("%d.%d" % (seed, number))
    names = ["a", "b", "c", "d"]
    has_upper = rng.random() < 0.75
    layers = {}
    for layer in (["upper"] if has_upper else []) + ["l0", "l1"] + (["l2"] if rng.random() < 0.2 else []):
        entries = []
        for top in names:
            kind = rng.choice(["none", "none", "file", "dir", "dir", "white"])
            if kind == "file":
                entries.append(file("/" + top, layer + top))
            elif kind == "white" and layer != "l1":
                entries.append(whiteout("/" + top))
            elif kind == "dir":
                entries.append(dict(directory("/" + top), **({"opaque": "y"} if rng.random() < 0.1 else {})))
                for name in names[:3]:
                    inner = rng.choice(["none", "file", "file", "dir", "white", "link"])
                    at = "/%s/%s" % (top, name)
                    if inner == "file":
                        entries.append(file(at, layer + top + name))
                    elif inner == "dir":
                        entries.append(directory(at))
                        if rng.random() < 0.5:
                            entries.append(file(at + "/a", layer + "deep"))
                    elif inner == "white" and layer != "l1":
                        entries.append(whiteout(at))
                    elif inner == "link":
                        entries.append(dict(path=at, type="symlink", target=rng.choice(["a", "../a", "no"])))
        layers[layer] = entries
    lowers = ["/" + name for name in layers if name != "upper"]
    first = dict(at="/mnt", lowers=lowers, options="", **({"upper": "/upper", "work": "/work"} if has_upper else {}))
    if rng.random() < 0.35:
        first["options"] = "redirect_dir=on"
    mounts = [first]
    shared = rng.random()
    if has_upper and shared < 0.2:
        mounts.append(dict(first, at="/two", work="/work2"))
    elif has_upper and shared < 0.3:
        mounts.append(dict(at="/two", lowers=["/upper"] + lowers, options=""))

    there = [entry["path"] for entries in layers.values() for entry in entries]
    dirs = [entry["path"] for entries in layers.values() for entry in entries if entry["type"] == "dir"]
    # Most calls are about a few names, so that what one looks up another edits.
    focus = [rng.choice(there or ["/a"]) for _ in range(2)] + [rng.choice(dirs or ["/a"]) + "/" + rng.choice(names) for _ in range(2)]

    def path(top):
        way = rng.random()
        if way < 0.85:
            return top + rng.choice(focus)
        return top + rng.choice(there if there and way < 0.9 else dirs or ["/a"]) + ("/" + rng.choice(names) if way > 0.9 else "")

    ops, open_fds = [], 0
    overlays = [mount["at"] for mount in mounts]
    for _ in range(rng.randint(8, 16)):
        way = rng.random()
        if way < 0.33:
            ops.append(random_look(rng, path(rng.choice(overlays))))
        elif way < 0.66:
            top = rng.choice(["/" + layer for layer in layers] + overlays[1:] * 2)
            at = path(top)
            if top not in overlays and rng.random() < 0.2:
                # A directory goes with all that was in it.
                inside = [entry for entry in layers[top[1:]] if (top + entry["path"] + "/").startswith(at + "/")]
                ops += [op("rmdir" if entry["type"] == "dir" else "unlink", top + entry["path"]) for entry in reversed(inside)]
            else:
                ops += random_edit(rng, path, top, raw=top not in overlays)
        elif way < 0.9:
            ops += random_edit(rng, path, "/mnt", raw=False)
        elif way < 0.94:
            ops.append(op("shrink", rng.choice(overlays)))
        elif open_fds < 2:
            open_fds += 1
            ops.append(op("open", path("/mnt"), flags="O_RDONLY", fd="fd%d" % open_fds))
        if open_fds > 0 and rng.random() < 0.15:
            ops.append(dict(op=rng.choice(["fdread", "fdstat", "fdreaddir"]), fd="fd%d" % rng.randint(1, open_fds)))
    return dict(name="random-%d-%d" % (seed, number), layers=layers, mounts=mounts, ops=ops)


def random_look(rng, path):
    return op(rng.choice(["lstat", "lstat", "read", "readdir", "readlink"]), path, **({"as": 1000} if rng.random() < 0.3 else {}))


def random_edit(rng, path, top, raw):
    at = path(top)
    choices = ["chmod", "write", "mknod", "append", "mkdir", "unlink", "unlink", "rmdir", "rename", "rename", "rename", "link", "symlink", "truncate", "chmod"]
    what = rng.choice(choices + (["whiteout", "whiteout", "replace", "opaque"] if raw else ["exchange"]))
    if what == "write":
        return [writes(at, rng.choice(["x", "longer"]))]
    if what == "append":
        return [dict(writes(at, "+"), op="append")]
    if what == "rename":
        return [rename(at, path(top))]
    if what == "exchange":
        return [dict(rename(at, path(top)), flags="EXCHANGE")]
    if what == "link":
        return [link(at, path(top))]
    if what == "symlink":
        return [op("symlink", at, target="a")]
    if what == "truncate":
        return [op("truncate", at, size=1)]
    if what == "chmod":
        return [op("chmod", at, mode=rng.choice([0o600, 0o644, 0o755, 0o711, 0o700]))]
    if what == "whiteout":
        return [op("unlink", at), op("mknod", at, type="chr", mode=0, rdev=[0, 0])]
    if what == "replace":
        return [op("unlink", at), op("mknod", at, type="file")]
    if what == "opaque":
        return [op("setxattr", at, name=OVERLAY + "opaque", value="y")]
    return [op(what, at, **({"type": "file"} if what == "mknod" else {}))]


# The table: each edit of one name, after each way of having looked at it; then all ways of looking, now and after the
# dentries were dropped, or one way of using it.
TREE = dict(
    upper=[directory("/d"), file("/d/b", "bu"), directory("/d/i"), file("/d/i/up", "up"), directory("/d/k"), file("/d/k/x", "kx"), file("/d/u", "u"), whiteout("/d/v")],
    l0=[directory("/d"), directory("/d/m"), file("/d/m/z", "z"), file("/d/t", "t0"), whiteout("/d/w")],
    l1=[directory("/d"), file("/d/b", "b1"), file("/d/f", "f"), file("/d/g", "g"), directory("/d/i"), file("/d/i/low", "low"), directory("/d/m"), file("/d/m/y", "y"), directory("/d/s"), file("/d/s/x", "x"), file("/d/t", "t1"), file("/d/v", "v1"), file("/d/w", "w1")],
    out=[file("/F", "F"), directory("/D"), file("/D/in", "in")],
)
EDITS = [(name, [line.split(" ") for line in lines.split(", ")]) for name, lines in [
    ("/d/n", "write /l0/d/n"), ("/d/n", "write /l1/d/n"), ("/d/n", "mkdir /l1/d/n, write /l1/d/n/x"), ("/d/n", "whiteout /l0/d/n"),
    ("/d/f", "write /l1/d/f"), ("/d/f", "append /l1/d/f"), ("/d/f", "truncate /l1/d/f"), ("/d/f", "chmod /l1/d/f"), ("/d/f", "unlink /l1/d/f"), ("/d/f", "rename /out/F /l1/d/f"),
    ("/d/s", "chmod /l1/d/s"), ("/d/m", "chmod /l0/d/m"), ("/d/m", "chmod /l1/d/m"),
    ("/d/f", "rename /l1/d/f /l1/d/ff"), ("/d/ff", "rename /l1/d/f /l1/d/ff"), ("/d/f", "write /l0/d/f"), ("/d/f", "whiteout /l0/d/f"),
    ("/d/f", "unlink /l1/d/f, rename /out/D /l1/d/f"), ("/d/t", "unlink /l0/d/t"), ("/d/t", "unlink /l1/d/t"), ("/d/w", "unlink /l0/d/w"),
    ("/d/s", "unlink /l1/d/s/x, rmdir /l1/d/s"), ("/d/s", "rename /l1/d/s /l1/d/s2"), ("/d/s2", "rename /l1/d/s /l1/d/s2"),
    ("/d/s", "rename /l1/d/s /out/s, rename /out/D /l1/d/s"), ("/d/s", "mkdir /l0/d/s, write /l0/d/s/n"), ("/d/s", "write /l0/d/s"), ("/d/s", "write /l1/d/s/n"),
    ("/d/m", "unlink /l1/d/m/y, rmdir /l1/d/m"), ("/d/m", "unlink /l0/d/m/z, rmdir /l0/d/m"), ("/d/m", "opaque /l0/d/m"), ("/d/m", "write /l1/d/m/n"),
    ("/d", "rename /l1/d /l1/e"), ("/e", "rename /l1/d /l1/e"), ("/d/f", "rename /l1/d /l1/e"),
]]
UPPER_EDITS = [(name, [line.split(" ") for line in lines.split(", ")]) for name, lines in [
    ("/d/n", "write /upper/d/n"), ("/d/n", "mkdir /upper/d/n"), ("/d/n", "whiteout /upper/d/n"),
    ("/d/u", "write /upper/d/u"), ("/d/u", "unlink /upper/d/u"), ("/d/u", "rename /out/F /upper/d/u"), ("/d/u", "rename /upper/d/u /upper/d/u2"), ("/d/u2", "rename /upper/d/u /upper/d/u2"),
    ("/d/b", "unlink /upper/d/b"), ("/d/b", "unlink /upper/d/b, whiteout /upper/d/b"), ("/d/v", "unlink /upper/d/v"), ("/d/v", "rename /out/F /upper/d/v"),
    ("/d/f", "write /upper/d/f"), ("/d/f", "whiteout /upper/d/f"), ("/d/s", "mkdir /upper/d/s"), ("/d/s", "mkdir /upper/d/s, write /upper/d/s/n"), ("/d/s", "write /upper/d/s"),
    ("/d/k", "unlink /upper/d/k/x, rmdir /upper/d/k"), ("/d/k", "rename /upper/d/k /upper/d/k2"), ("/d/k", "write /upper/d/k/n"),
    ("/d/i", "unlink /upper/d/i/up, rmdir /upper/d/i"), ("/d/i", "unlink /l1/d/i/low, rmdir /l1/d/i"), ("/d/u", "rename /upper/d /upper/e"),
    ("/d/u", "chmod /upper/d/u"), ("/d/k", "chmod /upper/d/k"), ("/d/f", "chmod /two/d/f"), ("/d/n", "write /two/d/n"), ("/d/f", "write /two/d/f"), ("/d/f", "unlink /two/d/f"), ("/d/f", "rename /two/d/f /two/d/ff"), ("/d/u", "unlink /two/d/u"), ("/d/k", "rename /two/d/k /two/d/k2"),
]]


def op_of(words):
    kind, at, *rest = words
    if kind == "write":
        return writes(at)
    if kind == "append":
        return dict(writes(at, "+"), op="append")
    if kind == "truncate":
        return op("truncate", at, size=1)
    if kind == "chmod":
        return op("chmod", at, mode=0o700)
    if kind == "whiteout":
        return op("mknod", at, type="chr", mode=0, rdev=[0, 0])
    if kind == "opaque":
        return dict(op="setxattr", path=at, name=OVERLAY + "opaque", value="y")
    if kind == "rename":
        return rename(at, rest[0])
    return op(kind, at)


def needed(entries, names):
    """The entries that a vector is about: names that its ops use, what is above and what is below them."""
    def near(path):
        return any((name + "/").startswith(path + "/") or (path + "/").startswith(name + "/") for name in names)
    return [entry for entry in entries if near(entry["path"])]


def vector_of(name, mounts, ops):
    tops = [mount["at"] for mount in mounts] + ["/" + layer for layer in TREE]
    used = [one for step in ops for one in (step.get("path"), step.get("from"), step.get("to")) if one]
    names = {path[len(top):] for path in used for top in tops if path.startswith(top + "/")} - {"/d"}
    layers = {layer: needed(entries, names) for layer, entries in TREE.items() if layer != "upper" or mounts[0].get("upper")}
    return dict(name=name, layers=layers, mounts=mounts, ops=ops)


def table():
    for has_upper, edits in [(False, EDITS), (True, EDITS + UPPER_EDITS)]:
        first = dict(at="/mnt", lowers=["/l0", "/l1"], options="", **({"upper": "/upper", "work": "/work"} if has_upper else {}))
        for name, lines in edits:
            at, parent = "/mnt" + name, "/mnt" + os.path.dirname(name).rstrip("/")
            edit = [op_of(words) for words in lines]
            what = ", ".join(" ".join(words) for words in lines)
            two = any(words[1].startswith("/two") for words in lines)
            mounts = [first, dict(first, at="/two", work="/work2")] if two else [first]
            before = dict(
                unseen=[],
                listed=[op("readdir", parent)],
                seen=[op("lstat", at)],
                open=[op("open", at, flags="O_RDONLY", fd="fd")],
                opendir=[op("open", parent, flags="O_RDONLY", fd="fd"), dict(op="fdreaddir", fd="fd")],
            )
            below = sorted({entry["path"] for entries in TREE.values() for entry in entries if os.path.dirname(entry["path"]) == name})
            look = [op(kind, at) for kind in ("lstat", "read", "readdir")] + [op("readdir", parent)] + [op("read", "/mnt" + path) for path in below + [name + "/n"]]
            if lines[-1][0] == "chmod":
                look += [dict(step, **{"as": 1000}) for step in look]
            for how, ways in before.items() if not has_upper or (name, lines) in UPPER_EDITS else []:
                held = [dict(op=kind, fd="fd") for kind in ("fdstat", "fdread", "fdreaddir")] if how.startswith("open") else []
                ops = ways + edit + look + held + [op("shrink", "/mnt")] + look + held
                yield vector_of("%s, %s: look at %s" % (how, what, name), mounts, ops)
            use = dict(create=[op("mknod", at, type="file")], chmod=[op("chmod", at, mode=0o600)], away=[rename(at, "/mnt/d/zz")])
            if below or lines[-1][0] == "mkdir":
                use.update(rmdir=[op("rmdir", at)], inside=[op("mkdir", at + "/new")])
            else:
                use.update(
                    write=[writes(at, "W")], append=[dict(writes(at, "+"), op="append")], unlink=[op("unlink", at)],
                    over=[rename("/mnt/d/g", at)], link=[link(at, "/mnt/d/zz")],
                )
            for how, then in use.items() if has_upper else []:
                yield vector_of("seen, %s: %s %s" % (what, how, name), mounts, before["seen"] + edit + then + [op("lstat", at)])


# What the model does not do like Linux: vectors that fail on it.
INODES = ["rename /l1/d/f /l1/d/ff", "rename /l1/d /l1/e", "rename /upper/d /upper/e"]


def is_gap(vector):
    """A copied-up file and what has become of its origin are one inode to an overlay, even after a new mount."""
    what, _, use = vector["name"].removeprefix("seen, ").partition(": ")
    return what in INODES and use in ("write /d/f", "append /d/f", "chmod /d/f", "over /d/u")


def gaps():
    yield from (vector for vector in table() if is_gap(vector) and "/upper/" not in vector["name"])
    first = dict(at="/mnt", lowers=["/l0", "/l1"], options="", upper="/upper", work="/work")
    # Looking up a merged directory writes into upper that it is one, so that its whiteouts stay hidden.
    edit = [op_of(words.split(" ")) for words in ("rename /l0/d /out/d0", "rename /l1/d /out/d1")]
    yield vector_of("a whiteout where nothing is merged any more", [first], [op("lstat", "/mnt/d")] + edit + [op("lstat", "/mnt/d/v")])
    # The file that the other overlay moved is known to this one under its old name, by another inode.
    two = [first, dict(first, at="/two", work="/work2")]
    yield vector_of("a file that another overlay moved", two, [op("lstat", "/mnt/d/f"), rename("/two/d/f", "/two/d/n"), op("read", "/mnt/d/n")])


def main(args):
    os.umask(0)
    if args[:1] == ["again"] and len(args) == 2:
        vectors = [json.loads(line) for line in open(args[1])]
    elif args == ["table"]:
        vectors = [vector for vector in table() if not is_gap(vector)]
    elif args == ["gaps"]:
        vectors = list(gaps())
    elif args[:1] == ["random"] and len(args) == 3:
        vectors = [random_vector(int(args[1]), number) for number in range(int(args[2]))]
    else:
        sys.exit(__doc__)
    libc("unshare", CLONE_NEWNS)
    libc("mount", None, "/", None, MS_REC | MS_PRIVATE, None)
    os.makedirs(BASE, exist_ok=True)
    image = os.environ.get("LIVE_IMAGE")
    if image:
        subprocess.check_call(["mount", "-o", "loop", image, BASE])
    else:
        libc("mount", "tmpfs", BASE, "tmpfs", 0, None)
    for vector in vectors:
        print(json.dumps(record(vector), separators=(",", ":")))
    shutil.rmtree(BASE + "/x")
    os.chdir("/")
    libc("umount2", BASE, 0)
    os.rmdir(BASE)


main(sys.argv[1:])
