/*
 * Part of executor.c: a world that is a machine with systemd's tools. "begin machine ROOT" makes it: the bare directories of an
 * image-based system on a tmpfs, /usr of ROOT read-only, and the mounts that systemd-confext needs, shared as the first process
 * of a system has them. It is in a process namespace of its own, so that /proc shows nobody of the machine outside.
 *
 * Its own commands, besides those of executor.c:
 *   ! run CWD PROGRAM COUNT VARIABLE=VALUE… ARG…    {"exit": 0} or {"signal": "SIGABRT"}, "stdout" and "stderr"
 *   ! put PATH (TYPE RELATIVE MODE DATA)…                 mkdir(2) with parents, and a tree in it
 *   ! place PATH MODE                                     mkdir(2) with parents of mode 0755
 *   ! prune PATH                                          depth first, names sorted, up to the first error
 *   ! entries ROOT PATH…       what is there, below all mounts where ROOT is a held open tree ("" the root of the world)
 *   ! mounts PREFIX…           lines of mountinfo of what is mounted there and below, and whether a walk reaches it
 *   ! ids ROOT PATH…           "major:minor:inode" of each, null where there is nothing
 *   ! glob PATTERN…            [path, "major:minor:inode"] of what matches
 *   ! chain PATH HOW           "major:minor:inode" of the directories that an edit of PATH is in (see answer_chain())
 *
 * Source of the layout: what systemd-confext was seen to need (257.13 and 262.1): a shared root, /run a mount of its own, /proc.
 */

/* ---- making the machine ---- */

static const char RELEASE[] = "ID=testos\nVERSION_ID=1\n";
static char machine_links[8][2][64];

/* What has to be looked up before the old root goes. The tree is a copy with no ties to the machine's mounts. */
static void prepare_machine(const char *root) {
  static const char *const LINKS[] = {"bin", "sbin", "lib", "lib32", "lib64", "libx32"};
  struct attributes attributes = {.set = attribute_flags("ro")};
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/usr", root);
  if (open_tree_(path, "usr", 1, 1) < 0 || set_attributes(held_fd("usr"), "", 1, attributes) < 0) die(path);
  for (size_t i = 0; i < sizeof LINKS / sizeof *LINKS; i++) {
    snprintf(path, sizeof path, "%s/%s", root, LINKS[i]);
    ssize_t count = readlink(path, machine_links[i][1], sizeof machine_links[i][1] - 1);
    if (count > 0) snprintf(machine_links[i][0], sizeof machine_links[i][0], "/%s", LINKS[i]);
  }
}

static void need(int result, const char *what) {
  if (result < 0) die(what);
}

static void mount_tmpfs(const char *path) { need(mount("tmpfs", path, "tmpfs", 0, "mode=0755"), path); }

static void make_devices(void) {
  static const struct {
    const char *path;
    unsigned minor;
  } DEVICES[] = {{"/dev/null", 3}, {"/dev/zero", 5}, {"/dev/full", 7}, {"/dev/random", 8}, {"/dev/urandom", 9}};
  mount_tmpfs("/dev");
  for (size_t i = 0; i < sizeof DEVICES / sizeof *DEVICES; i++)
    need(mknod(DEVICES[i].path, S_IFCHR | 0666, makedev(1, DEVICES[i].minor)), DEVICES[i].path);
}

/* Every root says that it is the same system, so that recordings do not depend on which one it is. */
static void make_release(void) {
  mount_tmpfs("/tmp");
  need(write_and_close(open("/tmp/release", O_WRONLY | O_CREAT | O_CLOEXEC, 0644), RELEASE), "os-release");
  struct attributes attributes = {.set = attribute_flags("ro"), .propagation = MS_PRIVATE};
  need(mount("/tmp/release", "/usr/lib/os-release", NULL, MS_BIND, NULL), "/usr/lib/os-release");
  need(set_attributes(AT_FDCWD, "/usr/lib/os-release", 0, attributes), "/usr/lib/os-release");
  need(umount2("/tmp", MNT_DETACH), "/tmp");
}

static void make_machine(void) {
  static const char *const DIRECTORIES[] = {"/etc",     "/opt", "/srv", "/tmp", "/var", "/var/lib",
                                            "/usr", "/run", "/proc", "/sys", "/dev"};
  static const char *const SHARED[] = {"/", "/usr", "/run", "/proc"};
  for (size_t i = 0; i < sizeof DIRECTORIES / sizeof *DIRECTORIES; i++) need(mkdir(DIRECTORIES[i], 0755), DIRECTORIES[i]);
  for (int i = 0; i < 8; i++)
    if (machine_links[i][0][0] != 0) need(symlink(machine_links[i][1], machine_links[i][0]), "links into /usr");
  need(move_tree("usr", "/usr", 0), "mounting /usr");
  make_release();
  mount_tmpfs("/run");
  need(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), "mounting /proc");
  /* Nothing that is done here can get out by it, and systemd manages without. */
  if (mount("sysfs", "/sys", "sysfs", MS_RDONLY, NULL) < 0 && errno != EPERM) die("mounting /sys");
  make_devices();
  need(open_tree_("/", "below", 0, 1), "a copy of the root");
  for (size_t i = 0; i < sizeof SHARED / sizeof *SHARED; i++) need(mount(NULL, SHARED[i], NULL, MS_SHARED, NULL), SHARED[i]);
}

/* ---- running a program ---- */

static const char *signal_name(int number) {
  static char other[32];
  switch (number) {
    case SIGABRT: return "SIGABRT";
    case SIGKILL: return "SIGKILL";
    case SIGSEGV: return "SIGSEGV";
    case SIGTERM: return "SIGTERM";
  }
  snprintf(other, sizeof other, "signal %d", number);
  return other;
}

static void say_output(const char *key, int fd) {
  ssize_t count = read_all(fd);
  say(",\"%s\":", key);
  say_string(buffer, count < 0 ? 0 : (size_t)count);
  close(fd);
}

static void run_program(void) {
  int variables = (int)number(2), status = 0;
  char *environment[64];
  if (variables > 63 || 3 + variables >= argc_) {
    say("{\"err\":\"malformed\"}");
    return;
  }
  for (int i = 0; i < variables; i++) environment[i] = argv_[3 + i];
  environment[variables] = NULL;
  char **arguments = argv_ + 3 + variables;
  /* Files in memory, which cannot fill up as pipes do while nobody reads. */
  int out = memfd_create("stdout", MFD_CLOEXEC), err = memfd_create("stderr", MFD_CLOEXEC);
  if (out < 0 || err < 0) die("memfd_create");
  pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0) {
    int in = open("/dev/null", O_RDONLY);
    umask(022);
    if (in < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0 || chdir(arg(0)) < 0) _exit(127);
    arguments[argc_ - 3 - variables] = NULL;
    execve(arg(1), arguments, environment);
    _exit(127);
  }
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (WIFSIGNALED(status)) say("{\"ok\":{\"signal\":\"%s\"", signal_name(WTERMSIG(status)));
  else say("{\"ok\":{\"exit\":%d", WEXITSTATUS(status));
  say_output("stdout", out);
  say_output("stderr", err);
  say("}}");
}

/* ---- several calls that are one edit ---- */

static int make_parents(const char *path) {
  char parent[PATH_MAX];
  for (const char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    snprintf(parent, sizeof parent, "%.*s", (int)(slash - path), path);
    if (mkdir(parent, 0755) < 0 && errno != EEXIST) return -1;
  }
  return 0;
}

static int place(const char *path, mode_t mode) { return make_parents(path) < 0 ? -1 : mkdir(path, mode); }

static int put_entry(const char *type, const char *path, mode_t mode, const char *data) {
  if (make_parents(path) < 0) return -1;
  if (strcmp(type, "dir") == 0) return mkdir(path, mode) < 0 && errno != EEXIST ? -1 : 0;
  if (strcmp(type, "symlink") == 0) return symlink(data, path);
  if (strcmp(type, "whiteout") == 0) return mknod(path, S_IFCHR, makedev(0, 0));
  return write_and_close(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode), data);
}

static int put_tree(void) {
  int result = place(arg(0), 0755);
  for (int i = 1; result == 0 && i + 3 < argc_; i += 4) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", arg(0), arg(i + 1));
    result = put_entry(arg(i), path, (mode_t)number(i + 2), arg(i + 3));
  }
  return result;
}

/* Unlike remove_tree(), what is not there is an error. */
static int prune(const char *path) {
  struct stat st;
  return lstat(path, &st) < 0 ? -1 : remove_tree(path);
}

/* ---- what there is ---- */

static int held_root(const char *name) { return *name == 0 ? AT_FDCWD : held_fd(name); }
/* Relative to a held tree, whose root a path with a slash at its beginning would leave. */
static const char *below_root(const char *root, const char *path) {
  if (*root == 0) return path;
  return path[1] == 0 ? "." : path + 1;
}

static void say_mark(int fd, const char *name) {
  char value[4096], full[64];
  snprintf(full, sizeof full, "trusted.overlay.%s", name);
  ssize_t length = fgetxattr(fd, full, value, sizeof value);
  if (length < 0) return;
  say(",\"%s\":", name);
  say_string(value, (size_t)length);
}

static void say_data(int dir, const char *name) {
  int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  ssize_t count = fd < 0 ? -1 : read_all(fd);
  if (count < 0) say(",\"error\":\"%s\"", error_name(errno));
  else {
    say(",\"data\":");
    say_string(buffer, (size_t)count);
  }
  if (fd >= 0) close(fd);
}

static void entry(int dir, const char *name, const char *path, int marks, int *any);

static void entries_below(int fd, const char *path, int marks, int *any) {
  struct dirent **names;
  int count = scandirat(fd, ".", &names, not_dots, bytewise);
  for (int i = 0; i < count; i++) {
    char below[PATH_MAX];
    snprintf(below, sizeof below, "%s/%s", path[1] == 0 ? "" : path, names[i]->d_name);
    entry(fd, names[i]->d_name, below, marks, any);
    free(names[i]);
  }
  if (count >= 0) free(names);
}

/* One entry and, of a directory, what is in it. `marks`: with what overlayfs leaves in layers. */
static void entry(int dir, const char *name, const char *path, int marks, int *any) {
  struct stat st;
  say_comma(any);
  say("{\"path\":");
  say_string(path, strlen(path));
  if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
    say(",\"error\":\"%s\"}", error_name(errno));
    return;
  }
  say(",\"type\":\"%s\",\"mode\":%u,\"uid\":%u,\"gid\":%u", type_name(st.st_mode), st.st_mode & 07777, st.st_uid, st.st_gid);
  if (S_ISLNK(st.st_mode)) say_target(dir, name);
  if (S_ISREG(st.st_mode)) say_data(dir, name);
  if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) say(",\"rdev\":\"%u:%u\"", major(st.st_rdev), minor(st.st_rdev));
  if (!S_ISDIR(st.st_mode)) {
    say("}");
    return;
  }
  int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) say(",\"error\":\"%s\"", error_name(errno));
  else if (marks) {
    say_mark(fd, "opaque");
    say_mark(fd, "redirect");
  }
  say("}");
  if (fd < 0) return;
  entries_below(fd, path, marks, any);
  close(fd);
}

/* "! entries ROOT PATH…": what does not exist gives nothing; behind a symlink to a directory, that directory's entries. */
static void answer_entries(void) {
  int root = held_root(arg(0)), any = 0;
  say("{\"ok\":[");
  for (int i = 1; i < argc_; i++) {
    struct stat st;
    const char *path = below_root(arg(0), arg(i));
    if (fstatat(root, path, &st, AT_SYMLINK_NOFOLLOW) < 0 && (errno == ENOENT || errno == ENOTDIR)) continue;
    entry(root, path, arg(i), *arg(0) != 0, &any);
    if (!S_ISLNK(st.st_mode) || *arg(0) != 0) continue;
    int fd = openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) continue;
    entries_below(fd, arg(i), 0, &any);
    close(fd);
  }
  say("]}");
}

static void say_id(const struct stat *st) {
  say("\"%u:%u:%lu\"", major(st->st_dev), minor(st->st_dev), (unsigned long)st->st_ino);
}

static void answer_glob(void) {
  glob_t found = {.gl_pathc = 0};
  int any = 0;
  say("{\"ok\":[");
  for (int i = 0; i < argc_; i++) glob(arg(i), GLOB_NOSORT | GLOB_PERIOD | (i == 0 ? 0 : GLOB_APPEND), NULL, &found);
  for (size_t i = 0; i < found.gl_pathc; i++) {
    struct stat st;
    if (stat(found.gl_pathv[i], &st) < 0) continue;
    say_comma(&any);
    say("[");
    say_string(found.gl_pathv[i], strlen(found.gl_pathv[i]));
    say(",");
    say_id(&st);
    say("]");
  }
  globfree(&found);
  say("]}");
}

static void answer_ids(void) {
  int root = held_root(arg(0));
  say("{\"ok\":[");
  for (int i = 1; i < argc_; i++) {
    struct stat st;
    say(i == 1 ? "" : ",");
    if (fstatat(root, below_root(arg(0), arg(i)), &st, 0) < 0) say("null");
    else say_id(&st);
  }
  say("]}");
}

/* ---- mounts ---- */

/* Field `index` of a line of mountinfo, with \040 and the like undone. */
static void mount_field(const char *line, int index, char *field, size_t size) {
  while (index-- > 0) line = strchrnul(line, ' ') + 1;
  size_t count = 0;
  while (*line != ' ' && *line != 0 && count + 1 < size)
    if (*line == '\\' && line[1] != 0 && line[2] != 0 && line[3] != 0) {
      field[count++] = (char)((line[1] - '0') << 6 | (line[2] - '0') << 3 | (line[3] - '0'));
      line += 4;
    } else field[count++] = *line++;
  field[count] = 0;
}

static uint64_t mount_id(int dir, const char *path, int flags) {
  struct statx st;
  if (statx(dir, path, flags | AT_NO_AUTOMOUNT, STATX_MNT_ID, &st) < 0) return 0;
  return st.stx_mnt_id;
}

static int is_at_or_below(const char *path, const char *prefix) {
  size_t length = strlen(prefix);
  return strncmp(path, prefix, length) == 0 && (path[length] == 0 || path[length] == '/' || length == 1);
}

/* mountinfo of the world, as text that strtok_r may cut. */
static char *read_mountinfo(void) {
  int fd = openat(proc_dir, "self/mountinfo", O_RDONLY | O_CLOEXEC);
  ssize_t count = fd < 0 ? -1 : read_all(fd);
  if (count < 0) die("mountinfo");
  close(fd);
  char *text = strndup(buffer, (size_t)count);
  if (text == NULL) die("strndup");
  return text;
}

/* At or below an argument, or what that leads to. */
static int is_wanted(const char *at) {
  for (int i = 0; i < argc_; i++) {
    char real[PATH_MAX];
    if (is_at_or_below(at, arg(i)) || (realpath(arg(i), real) != NULL && is_at_or_below(at, real))) return 1;
  }
  return 0;
}

/* [[line, true if a walk to its mount point ends in it], …] */
static void answer_mounts(void) {
  char *text = read_mountinfo(), *rest = NULL;
  int any = 0;
  say("{\"ok\":[");
  for (char *row = strtok_r(text, "\n", &rest); row != NULL; row = strtok_r(NULL, "\n", &rest)) {
    char at[PATH_MAX];
    mount_field(row, 4, at, sizeof at);
    if (!is_wanted(at)) continue;
    say_comma(&any);
    say("[");
    say_string(row, strlen(row));
    say(",%s]", mount_id(AT_FDCWD, at, AT_SYMLINK_NOFOLLOW) == strtoull(row, NULL, 10) ? "true" : "false");
  }
  say("]}");
  free(text);
}

/* ---- what an edit touches ---- */

static void say_next_id(const struct stat *st, int *any) {
  say_comma(any);
  say_id(st);
}

/* The directories above the root of a bind, which the tree of the bind does not show. */
static void say_above_bind(uint64_t id, int *any) {
  char *text = read_mountinfo(), *rest = NULL, root[PATH_MAX] = "";
  for (char *row = strtok_r(text, "\n", &rest); row != NULL; row = strtok_r(NULL, "\n", &rest))
    if (strtoull(row, NULL, 10) == id) mount_field(row, 3, root, sizeof root);
  free(text);
  for (char *slash = strrchr(root, '/'); slash != NULL && slash != root; slash = strrchr(root, '/')) {
    struct stat st;
    *slash = 0;
    if (fstatat(held_fd("below"), root + 1, &st, AT_SYMLINK_NOFOLLOW) == 0) say_next_id(&st, any);
  }
}

/* From a directory upwards, as far as its mount reaches. */
static void say_upwards(int fd, int *any) {
  uint64_t id = mount_id(fd, "", AT_EMPTY_PATH);
  struct stat st, above;
  while (fd >= 0 && fstat(fd, &st) == 0) {
    say_next_id(&st, any);
    int up = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int leaves = up < 0 || mount_id(up, "", AT_EMPTY_PATH) != id || fstat(up, &above) < 0 || above.st_ino == st.st_ino;
    close(fd);
    fd = up;
    if (leaves) break;
  }
  if (fd >= 0) close(fd);
  say_above_bind(id, any);
}

static void say_inodes_below(int fd, int *any) {
  struct dirent **names;
  int count = scandirat(fd, ".", &names, not_dots, bytewise);
  for (int i = 0; i < count; i++) {
    int below = openat(fd, names[i]->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if (below >= 0 && fstat(below, &st) == 0) {
      say_next_id(&st, any);
      say_inodes_below(below, any);
    }
    if (below >= 0) close(below);
    free(names[i]);
  }
  if (count >= 0) free(names);
}

/*
 * "! chain PATH HOW": the directories that an edit of PATH is in. HOW is "name" where the name itself is edited, "what" where
 * what it leads to, and "all" where everything below it is, too.
 */
static void answer_chain(void) {
  const char *path = arg(0), *how = arg(1);
  char parent[PATH_MAX];
  int any = 0;
  char *real = strcmp(how, "what") == 0 ? realpath(path, NULL) : NULL;
  snprintf(parent, sizeof parent, "%s", real != NULL ? real : path);
  say("{\"ok\":[");
  if (strcmp(how, "name") != 0) {
    int fd = open(real != NULL ? real : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    if (fd >= 0 && fstat(fd, &st) == 0) {
      say_next_id(&st, &any);
      if (strcmp(how, "all") == 0) say_inodes_below(fd, &any);
    }
    if (fd >= 0) close(fd);
  }
  char *slash = strrchr(parent, '/');
  if (slash != NULL) slash[slash == parent ? 1 : 0] = 0;
  int fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) say_upwards(fd, &any);
  say("]}");
  free(real);
}

/* False if there is no command of that name. */
static int machine_command(const char *op) {
  if (strcmp(op, "run") == 0) run_program();
  else if (strcmp(op, "put") == 0) say_done(put_tree());
  else if (strcmp(op, "place") == 0) say_done(place(arg(0), (mode_t)number(1)));
  else if (strcmp(op, "prune") == 0) say_done(prune(arg(0)));
  else if (strcmp(op, "entries") == 0) answer_entries();
  else if (strcmp(op, "glob") == 0) answer_glob();
  else if (strcmp(op, "ids") == 0) answer_ids();
  else if (strcmp(op, "mounts") == 0) answer_mounts();
  else if (strcmp(op, "chain") == 0) answer_chain();
  else return 0;
  return 1;
}
