/*
 * Carries out the calls of src/kernel/calls.ts on the kernel that is running, so that the model can be compared with it.
 *
 * It reads a batch of lines on standard input, "begin" to "end", and answers each line in between with one line of JSON:
 * {"ok": value} or {"err": "ENOENT"}; after "end" it says "done". A batch is a world of its own: a process in a new mount
 * namespace whose only mount is an empty tmpfs, made its root by pivot_root(2). Nothing of the machine can be reached from
 * there, and everything is gone with the process, however it ends.
 *
 *   TASK UID:GID OP ARG…    a call by a task: a process of its own, forked from the world when it is first named
 *   ! OP ARG…               a call by the world's own process, as root, or one of its commands (see admin())
 *
 * "begin machine ROOT" makes a world in which programs of systemd can run (see machine.c).
 *
 * Arguments are separated by one blank; bytes other than letters, digits and "/._-:=,|" are written %XX, the empty string "%".
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 1 << 16, ARGS = 4096, TASKS = 16, HELD = 64 };

static time_t began;
static int proc_dir = -1;

static void die(const char *what) {
  fprintf(stderr, "executor: %s: %s\n", what, strerror(errno));
  _exit(1);
}

/* ---- answers ---- */

static char *answer;
static size_t answered, room;

static void put(const char *bytes, size_t count) {
  if (answered + count > room) {
    room = (answered + count) * 2 + 4096;
    answer = realloc(answer, room);
    if (answer == NULL) die("realloc");
  }
  memcpy(answer + answered, bytes, count);
  answered += count;
}

static void say(const char *format, ...) {
  char text[512];
  va_list list;
  va_start(list, format);
  int count = vsnprintf(text, sizeof text, format, list);
  va_end(list);
  put(text, count < (int)sizeof text ? (size_t)count : sizeof text - 1);
}

static void say_string(const char *bytes, size_t count) {
  put("\"", 1);
  for (size_t i = 0; i < count; i++) {
    unsigned char c = (unsigned char)bytes[i];
    if (c == '"' || c == '\\') say("\\%c", c);
    else if (c < 0x20 || c == 0x7f) say("\\u%04x", c);
    else put(bytes + i, 1);
  }
  put("\"", 1);
}

/* Before each item of a list whose length nobody knows beforehand. */
static void say_comma(int *any) {
  if (*any) say(",");
  *any = 1;
}

static const struct {
  int number;
  const char *name;
} ERRORS[] = {
#define E(name) {name, #name}
    E(E2BIG),  E(EACCES), E(EBADF),   E(EBUSY),        E(EEXIST), E(EFAULT),     E(EFBIG),  E(EINVAL),    E(EIO),
    E(EISDIR), E(ELOOP),  E(EMLINK),  E(ENAMETOOLONG), E(ENODATA), E(ENODEV),    E(ENOENT), E(ENOEXEC),   E(ENOMEM),
    E(ENOSPC), E(ENOSYS), E(ENOTDIR), E(ENOTEMPTY),    E(ENOTTY), E(ENXIO),      E(EPERM),  E(EOPNOTSUPP), E(EOVERFLOW),
    E(EROFS),  E(ERANGE), E(ESPIPE),  E(ESTALE),       E(ETXTBSY), E(EXDEV),     E(ENOTBLK),
#undef E
};

static const char *error_name(int number) {
  static char other[32];
  for (size_t i = 0; i < sizeof ERRORS / sizeof *ERRORS; i++)
    if (ERRORS[i].number == number) return ERRORS[i].name;
  snprintf(other, sizeof other, "errno %d", number);
  return other;
}

static void say_error(int number) { say("{\"err\":\"%s\"}", error_name(number)); }

/* The answer to a call without a value: 0, or -1 with errno. */
static void say_done(int result) {
  if (result < 0) say_error(errno);
  else say("{\"ok\":null}");
}

/* ---- lines ---- */

static int hex(char c) { return c <= '9' ? c - '0' : (c | 32) - 'a' + 10; }

/* In place; how many bytes there are. */
static size_t decode(char *text) {
  char *to = text;
  if (strcmp(text, "%") == 0) *text = 0;
  for (char *from = text; *from != 0; from++) {
    if (*from == '%' && from[1] != 0 && from[2] != 0) {
      *to++ = (char)(hex(from[1]) << 4 | hex(from[2]));
      from += 2;
    } else *to++ = *from;
  }
  *to = 0;
  return (size_t)(to - text);
}

static size_t sizes_[ARGS];

static int split(char *line, char **args) {
  int count = 0;
  for (char *word = strtok(line, " "); word != NULL && count < ARGS; word = strtok(NULL, " ")) {
    args[count] = word;
    sizes_[count++] = decode(word);
  }
  return count;
}

static const char *const NO_ARG = "";
static int argc_, first_;
static char **argv_;
static const char *arg(int index) { return index < argc_ ? argv_[index] : NO_ARG; }
static size_t length_of(int index) { return index < argc_ ? sizes_[first_ + index] : 0; }
static long number(int index) { return strtol(arg(index), NULL, 10); }

/* Whether a list such as "MS_RDONLY|MS_NODEV" has the word. */
static int has(const char *list, const char *word) {
  size_t length = strlen(word);
  for (const char *at = list; at != NULL; at = strchr(at, '|')) {
    if (*at == '|') at++;
    if (strncmp(at, word, length) == 0 && (at[length] == 0 || at[length] == '|')) return 1;
  }
  return 0;
}

/* ---- what is held: descriptors and open trees, by name ---- */

static struct {
  char name[32];
  int fd;
} held[HELD];

static int *hold(const char *name) {
  for (int i = 0; i < HELD; i++)
    if (held[i].name[0] == 0) {
      snprintf(held[i].name, sizeof held[i].name, "%.31s", name);
      return &held[i].fd;
    }
  errno = EMFILE;
  die("too many descriptors");
  return NULL;
}

static int held_fd(const char *name) {
  for (int i = 0; i < HELD; i++)
    if (held[i].name[0] != 0 && strcmp(held[i].name, name) == 0) return held[i].fd;
  errno = EBADF;
  return -1;
}

static int let_go(const char *name) {
  for (int i = 0; i < HELD; i++)
    if (held[i].name[0] != 0 && strcmp(held[i].name, name) == 0) {
      held[i].name[0] = 0;
      return close(held[i].fd);
    }
  errno = EBADF;
  return -1;
}

/*
 * A path that begins with /proc/self/fd/NAME goes on from what is held by that name. A world has no proc, so the walk begins in
 * the machine's, which the process has open: it stands there during the call, and relative paths begin where it stood.
 */
static const char DESCRIPTORS[] = "/proc/self/fd/";
static int stood = -1;

static int takes_two_paths(const char *op) {
  return strcmp(op, "mount-bind") == 0 || strcmp(op, "mount-move") == 0 || strcmp(op, "rename") == 0 ||
         strcmp(op, "link") == 0 || strcmp(op, "sameino") == 0;
}

static int begins_with_descriptor(const char *path) { return strncmp(path, DESCRIPTORS, sizeof DESCRIPTORS - 1) == 0; }

static void translate(int index, const char *op) {
  static char paths[2][PATH_MAX];
  const char *path = arg(index);
  if (begins_with_descriptor(path)) {
    char name[32];
    const char *start = path + sizeof DESCRIPTORS - 1, *rest = strchrnul(start, '/');
    snprintf(name, sizeof name, "%.*s", (int)(rest - start), start);
    snprintf(paths[index], PATH_MAX, "self/fd/%d%s", held_fd(name), rest);
  } else if (takes_two_paths(op) && path[0] != '/') snprintf(paths[index], PATH_MAX, "self/fd/%d/%s", stood, path);
  else return;
  argv_[index] = paths[index];
}

static void begin_descriptors(const char *op) {
  if (!begins_with_descriptor(arg(0)) && !begins_with_descriptor(arg(1))) return;
  stood = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (stood < 0 || fchdir(proc_dir) < 0) die("leaving for proc");
  for (int i = 0; i < 2 && i < argc_; i++) translate(i, op);
}

static void end_descriptors(int stay) {
  if (stood < 0) return;
  if (!stay && fchdir(stood) < 0) die("coming back from proc");
  close(stood);
  stood = -1;
}

/* ---- files ---- */

static int open_flags(const char *list) {
  static const struct {
    const char *name;
    int flag;
  } FLAGS[] = {{"O_WRONLY", O_WRONLY}, {"O_RDWR", O_RDWR},           {"O_CREAT", O_CREAT},       {"O_EXCL", O_EXCL},
               {"O_TRUNC", O_TRUNC},   {"O_APPEND", O_APPEND},       {"O_DIRECTORY", O_DIRECTORY}, {"O_NOFOLLOW", O_NOFOLLOW},
               {"O_PATH", O_PATH},     {"O_TMPFILE", O_TMPFILE}};
  /* A fifo nobody reads must not stop the test. */
  int flags = O_CLOEXEC | O_NONBLOCK;
  for (size_t i = 0; i < sizeof FLAGS / sizeof *FLAGS; i++)
    if (has(list, FLAGS[i].name)) flags |= FLAGS[i].flag;
  return flags;
}

static const char *type_name(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR: return "dir";
    case S_IFREG: return "file";
    case S_IFLNK: return "symlink";
    case S_IFCHR: return "chr";
    case S_IFBLK: return "blk";
    case S_IFIFO: return "fifo";
    default: return "sock";
  }
}

static void say_stat(const struct stat *st) {
  say("\"type\":\"%s\",\"mode\":%u,\"uid\":%u,\"gid\":%u,\"nlink\":%lu", type_name(st->st_mode), st->st_mode & 07777,
      st->st_uid, st->st_gid, (unsigned long)st->st_nlink);
  if (S_ISREG(st->st_mode) || S_ISLNK(st->st_mode)) say(",\"size\":%ld", (long)st->st_size);
  if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) say(",\"rdev\":[%u,%u]", major(st->st_rdev), minor(st->st_rdev));
}

static void answer_stat(int result, const struct stat *st) {
  if (result < 0) {
    say_error(errno);
    return;
  }
  say("{\"ok\":{");
  say_stat(st);
  say("}}");
}

/* Everything from the start; -1 with errno. What is read ends up in `buffer`. */
static char *buffer;
static size_t buffer_room;
static ssize_t read_all(int fd) {
  ssize_t count = 0;
  if (lseek(fd, 0, SEEK_SET) < 0 && errno != ESPIPE && errno != ENXIO) return -1;
  for (;;) {
    if ((size_t)count + 4096 > buffer_room) {
      buffer_room = (size_t)count * 2 + (1 << 16);
      buffer = realloc(buffer, buffer_room);
      if (buffer == NULL) die("realloc");
    }
    ssize_t got = read(fd, buffer + count, buffer_room - (size_t)count);
    if (got < 0) return -1;
    if (got == 0) return count;
    count += got;
  }
}

static void answer_content(int fd) {
  ssize_t count = fd < 0 ? -1 : read_all(fd);
  if (count < 0) {
    say_error(errno);
    return;
  }
  say("{\"ok\":");
  say_string(buffer, (size_t)count);
  say("}");
}

static int write_all(int fd, const char *data) {
  size_t count = strlen(data);
  return write(fd, data, count) == (ssize_t)count ? 0 : -1;
}

/* Writes to what was just opened, if it was, and closes it; -1 with the errno of what failed first. */
static int write_and_close(int fd, const char *data) {
  int result = fd < 0 ? -1 : write_all(fd, data), number = errno;
  if (fd >= 0) close(fd);
  errno = number;
  return result;
}

struct entry {
  uint64_t ino;
  int64_t offset;
  unsigned short length;
  unsigned char type;
  char name[];
};

static int by_name(const void *a, const void *b) {
  return strcmp((*(const struct entry *const *)a)->name, (*(const struct entry *const *)b)->name);
}
static int is_dots(const char *name) { return strcmp(name, ".") == 0 || strcmp(name, "..") == 0; }

/* The entries of an open directory, sorted, read anew through that very descriptor; -1 with errno. */
enum { NAMES = 4096 };
static int read_names(int fd, const struct entry **sorted, char *bytes, size_t size) {
  ssize_t used = 0;
  int count = 0;
  /* What is no directory says so before its position changes. */
  if (syscall(SYS_getdents64, fd, bytes, size) < 0 || lseek(fd, 0, SEEK_SET) < 0) return -1;
  for (;;) {
    ssize_t got = syscall(SYS_getdents64, fd, bytes + used, size - (size_t)used);
    if (got < 0) return -1;
    if (got == 0) break;
    used += got;
  }
  for (ssize_t at = 0; at < used && count < NAMES;) {
    const struct entry *entry = (const struct entry *)(bytes + at);
    if (!is_dots(entry->name)) sorted[count++] = entry;
    at += entry->length;
  }
  qsort(sorted, (size_t)count, sizeof *sorted, by_name);
  return count;
}

/* [[name, "dir"|"file"|"symlink"|"other"], …] */
static void answer_names(int fd) {
  static char bytes[1 << 18];
  const struct entry *sorted[NAMES];
  int count = fd < 0 ? -1 : read_names(fd, sorted, bytes, sizeof bytes);
  if (count < 0) {
    say_error(errno);
    return;
  }
  say("{\"ok\":[");
  for (int i = 0; i < count; i++) {
    unsigned char type = sorted[i]->type;
    say(i == 0 ? "[" : ",[");
    say_string(sorted[i]->name, strlen(sorted[i]->name));
    say(",\"%s\"]", type == DT_DIR ? "dir" : type == DT_REG ? "file" : type == DT_LNK ? "symlink" : "other");
  }
  say("]}");
}

/* Times that this process may have seen pass are 0, the clock that the model leaves out. */
static long told_time(time_t at) { return at >= began ? 0 : (long)at; }

static int compare_words(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* The names of extended attributes, sorted; -1 with errno. The strings are in `names`, of which there are `room` bytes. */
static int xattr_names(const char *path, int follow, char *names, size_t size, char **sorted, int most) {
  ssize_t length = follow ? listxattr(path, names, size) : llistxattr(path, names, size);
  if (length < 0) return -1;
  int count = 0;
  for (char *name = names; name < names + length && count < most; name += strlen(name) + 1) sorted[count++] = name;
  qsort(sorted, (size_t)count, sizeof *sorted, compare_words);
  return count;
}

static void answer_listxattr(const char *path) {
  char names[1 << 14], *sorted[256];
  int count = xattr_names(path, 1, names, sizeof names, sorted, 256);
  if (count < 0) {
    say_error(errno);
    return;
  }
  say("{\"ok\":[");
  int any = 0;
  for (int i = 0; i < count; i++) {
    if (strncmp(sorted[i], "security.", 9) == 0) continue;
    say_comma(&any);
    say_string(sorted[i], strlen(sorted[i]));
  }
  say("]}");
}

static void answer_getxattr(const char *path, const char *name) {
  char value[1 << 16];
  ssize_t length = getxattr(path, name, value, sizeof value);
  if (length < 0) {
    say_error(errno);
    return;
  }
  say("{\"ok\":");
  say_string(value, (size_t)length);
  say("}");
}

static int set_mtime(const char *path, long seconds, int flags) {
  /* The model writes the present as 0, which whoever may write may set. */
  struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = seconds}};
  return utimensat(AT_FDCWD, path, seconds == 0 ? NULL : times, flags);
}

static mode_t special_type(const char *type) {
  if (strcmp(type, "chr") == 0) return S_IFCHR;
  if (strcmp(type, "blk") == 0) return S_IFBLK;
  if (strcmp(type, "fifo") == 0) return S_IFIFO;
  return strcmp(type, "sock") == 0 ? S_IFSOCK : S_IFREG;
}

static int mkdir_all(const char *path, mode_t mode) {
  char prefix[PATH_MAX];
  struct stat st;
  if (snprintf(prefix, sizeof prefix, "%s", path) >= (int)sizeof prefix) return errno = ENAMETOOLONG, -1;
  for (char *slash = strchr(prefix + 1, '/');; slash = slash == NULL ? NULL : strchr(slash + 1, '/')) {
    if (slash != NULL) *slash = 0;
    if (mkdir(prefix, mode) < 0 && errno != EEXIST) return -1;
    if (stat(prefix, &st) < 0) return -1;
    if (!S_ISDIR(st.st_mode)) return errno = slash == NULL ? EEXIST : ENOTDIR, -1;
    if (slash == NULL) return 0;
    *slash = '/';
  }
}

static int not_dots(const struct dirent *entry) { return !is_dots(entry->d_name); }
static int bytewise(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static int remove_tree(const char *path) {
  struct stat st;
  if (lstat(path, &st) < 0) return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
  if (!S_ISDIR(st.st_mode)) return unlink(path);
  struct dirent **list;
  int count = scandir(path, &list, not_dots, bytewise), result = count < 0 ? -1 : 0;
  for (int i = 0; i < count; i++) {
    char below[PATH_MAX];
    snprintf(below, sizeof below, "%s/%s", path, list[i]->d_name);
    free(list[i]);
    if (result == 0) result = remove_tree(below);
  }
  if (count >= 0) free(list);
  return result < 0 ? -1 : rmdir(path);
}

/* A program that writes its effective user and group to its output, as two words of 32 bits; ENOSYS where there is no code. */
static int write_program(const char *path) {
#ifdef __x86_64__
  static const unsigned char CODE[] = {
      0x6a, 0x6b, 0x58, 0x0f, 0x05, 0x50,                         /* push geteuid; pop rax; syscall; push rax */
      0x6a, 0x6c, 0x58, 0x0f, 0x05, 0x89, 0x44, 0x24, 0x04,       /* push getegid; pop rax; syscall; mov eax, 4(rsp) */
      0x6a, 0x01, 0x58, 0x89, 0xc7, 0x48, 0x89, 0xe6,             /* push write; pop rax; mov eax, edi; mov rsp, rsi */
      0x6a, 0x08, 0x5a, 0x0f, 0x05,                               /* push 8; pop rdx; syscall */
      0x6a, 0x3c, 0x58, 0x31, 0xff, 0x0f, 0x05,                   /* push exit; pop rax; xor edi, edi; syscall */
  };
  enum { BASE = 0x400000 };
  struct {
    Elf64_Ehdr header;
    Elf64_Phdr segment;
    unsigned char code[sizeof CODE];
  } program = {
      .header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                 .e_type = ET_EXEC,
                 .e_machine = EM_X86_64,
                 .e_version = EV_CURRENT,
                 .e_entry = BASE + sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr),
                 .e_phoff = sizeof(Elf64_Ehdr),
                 .e_ehsize = sizeof(Elf64_Ehdr),
                 .e_phentsize = sizeof(Elf64_Phdr),
                 .e_phnum = 1},
      .segment = {.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = BASE, .p_align = 0x1000},
  };
  program.segment.p_filesz = program.segment.p_memsz = sizeof program;
  memcpy(program.code, CODE, sizeof CODE);
  int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
  if (fd < 0) return -1;
  int result = write(fd, &program, sizeof program) == (ssize_t)sizeof program ? 0 : -1, number = errno;
  close(fd);
  errno = number;
  return result;
#else
  (void)path;
  errno = ENOSYS;
  return -1;
#endif
}

/* execve(2) of such a program in a child, which tells what it runs as, or why it does not. */
static void answer_exec(const char *path) {
  int pipes[2];
  uint32_t told[2];
  if (pipe2(pipes, O_CLOEXEC) < 0) die("pipe");
  pid_t child = fork();
  if (child == 0) {
    char *const none[] = {NULL};
    if (dup2(pipes[1], 1) < 0) _exit(2);
    execve(path, none, none);
    told[0] = (uint32_t)errno;
    _exit(write(1, told, sizeof *told) == (ssize_t)sizeof *told ? 1 : 2);
  }
  close(pipes[1]);
  ssize_t count = read(pipes[0], told, sizeof told);
  close(pipes[0]);
  waitpid(child, NULL, 0);
  if (count == (ssize_t)sizeof told) say("{\"ok\":{\"uid\":%u,\"gid\":%u}}", told[0], told[1]);
  else say_error(count == (ssize_t)sizeof *told ? (int)told[0] : EIO);
}

/* ---- mounts ---- */

#ifndef MOVE_MOUNT_BENEATH
#define MOVE_MOUNT_BENEATH 0x200
#endif
enum { TREE_CLONE = 1, TREE_RECURSIVE = 0x8000, EMPTY_PATH = 0x1000, FROM_EMPTY = 4, FROM_SYMLINKS = 1, TO_SYMLINKS = 0x10 };

static unsigned long mount_flags(const char *list) {
  unsigned long flags = 0;
  if (has(list, "ro")) flags |= MS_RDONLY;
  if (has(list, "nosuid")) flags |= MS_NOSUID;
  if (has(list, "nodev")) flags |= MS_NODEV;
  if (has(list, "noexec")) flags |= MS_NOEXEC;
  if (has(list, "noatime")) flags |= MS_NOATIME;
  return flags;
}

struct attributes {
  uint64_t set, clear, propagation, userns;
};

static uint64_t attribute_flags(const char *list) {
  uint64_t flags = 0;
  if (has(list, "ro")) flags |= 1;
  if (has(list, "nosuid")) flags |= 2;
  if (has(list, "nodev")) flags |= 4;
  if (has(list, "noexec")) flags |= 8;
  if (has(list, "noatime")) flags |= 0x10;
  return flags;
}

static int set_attributes(int dir, const char *path, int recursive, struct attributes attributes) {
  int flags = (recursive ? TREE_RECURSIVE : 0) | (*path == 0 ? EMPTY_PATH : 0);
  return (int)syscall(442, dir, path, flags, &attributes, sizeof attributes);
}

static int change_flags(const char *path, const char *set, const char *clear, int recursive) {
  struct attributes attributes = {.set = attribute_flags(set), .clear = attribute_flags(clear)};
  /* Which times are kept is a field of its own: all its bits are cleared before one is set. */
  if ((attributes.set | attributes.clear) & 0x10) attributes.clear |= 0x70;
  return set_attributes(AT_FDCWD, path, recursive, attributes);
}

static unsigned long propagation(const char *to) {
  if (strcmp(to, "shared") == 0) return MS_SHARED;
  if (strcmp(to, "slave") == 0) return MS_SLAVE;
  return strcmp(to, "unbindable") == 0 ? MS_UNBINDABLE : MS_PRIVATE;
}

static int open_tree_(const char *path, const char *name, int recursive, int private) {
  int fd = (int)syscall(428, AT_FDCWD, path, TREE_CLONE | O_CLOEXEC | (recursive ? TREE_RECURSIVE : 0));
  if (fd < 0) return -1;
  struct attributes attributes = {.propagation = MS_PRIVATE};
  if (private && set_attributes(fd, "", 1, attributes) < 0) {
    int number = errno;
    close(fd);
    return errno = number, -1;
  }
  *hold(name) = fd;
  return 0;
}

static int move_tree(const char *name, const char *path, int beneath) {
  int flags = FROM_EMPTY | TO_SYMLINKS | (beneath ? MOVE_MOUNT_BENEATH : 0);
  if (syscall(429, held_fd(name), "", AT_FDCWD, path, flags) < 0) return -1;
  return let_go(name);
}

/* fsopen, fsconfig of each option, fsmount. An option is "flag KEY %" or "string KEY VALUE". */
static int configured(const char *type, const char *source, uint64_t attributes, int first) {
  int fs = (int)syscall(430, type, 1);
  if (fs < 0) return -1;
  int result = (int)syscall(431, fs, 1, "source", source, 0);
  for (int i = first; result == 0 && i + 2 < argc_; i += 3) {
    int is_flag = strcmp(arg(i), "flag") == 0;
    result = (int)syscall(431, fs, is_flag ? 0 : 1, arg(i + 1), is_flag ? NULL : arg(i + 2), 0);
  }
  if (result == 0) result = (int)syscall(431, fs, 6, NULL, NULL, 0);
  int mount = result < 0 ? -1 : (int)syscall(432, fs, 1, (unsigned)attributes), number = errno;
  close(fs);
  errno = number;
  return mount;
}

static int mount_configured(const char *path, const char *type, const char *source, uint64_t attributes, int first) {
  int mount = configured(type, source, attributes, first);
  if (mount < 0) return -1;
  int result = (int)syscall(429, mount, "", AT_FDCWD, path, FROM_EMPTY | TO_SYMLINKS), number = errno;
  close(mount);
  errno = number;
  return result;
}

static int new_tree(const char *name, const char *type, const char *source, uint64_t attributes) {
  int mount = configured(type, source, attributes, 4);
  if (mount >= 0) *hold(name) = mount;
  return mount;
}

/* ---- calls ---- */

/* Opening a fifo waits for somebody at the other end, who never comes: ENXIO, as the model has it. */
static int open_file(const char *path, const char *list, mode_t mode) {
  struct stat st;
  int fd = open(path, open_flags(list), mode);
  if (fd < 0 || has(list, "O_PATH") || fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode)) return fd;
  close(fd);
  return errno = ENXIO, -1;
}

static void open_call(void) {
  if (held_fd(arg(3)) >= 0) {
    say("{\"err\":\"the descriptor is open\"}");
    return;
  }
  int fd = open_file(arg(0), arg(1), (mode_t)number(2));
  if (fd >= 0) *hold(arg(3)) = fd;
  say_done(fd);
}

static void write_call(void) { say_done(write_and_close(open_file(arg(0), arg(1), (mode_t)number(2)), arg(3))); }

static void read_call(void) {
  int fd = open_file(arg(0), arg(1), 0);
  answer_content(fd);
  if (fd >= 0) close(fd);
}

static void access_call(void) {
  int fd = open(arg(0), O_PATH | O_CLOEXEC);
  say_done(fd);
  if (fd >= 0) close(fd);
}

static void stat_call(void) {
  struct stat st;
  answer_stat(stat(arg(0), &st), &st);
}
static void lstat_call(void) {
  struct stat st;
  answer_stat(lstat(arg(0), &st), &st);
}
static void fdstat_call(void) {
  struct stat st;
  answer_stat(fstat(held_fd(arg(0)), &st), &st);
}
static void mtime_call(void) {
  struct stat st;
  if (lstat(arg(0), &st) < 0) say_error(errno);
  else say("{\"ok\":%ld}", told_time(st.st_mtim.tv_sec));
}
static void sameino_call(void) {
  struct stat a, b;
  if (lstat(arg(0), &a) < 0 || lstat(arg(1), &b) < 0) say_error(errno);
  else say("{\"ok\":%s}", a.st_dev == b.st_dev && a.st_ino == b.st_ino ? "true" : "false");
}
static void readlink_call(void) {
  char target[PATH_MAX];
  ssize_t count = readlink(arg(0), target, sizeof target);
  if (count < 0) {
    say_error(errno);
    return;
  }
  say("{\"ok\":");
  say_string(target, (size_t)count);
  say("}");
}
static void readdir_call(void) {
  int fd = open(arg(0), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  answer_names(fd);
  if (fd >= 0) close(fd);
}
static void fdreaddir_call(void) { answer_names(held_fd(arg(0))); }
static void fdread_call(void) { answer_content(held_fd(arg(0))); }
static void fdwrite_call(void) { say_done(write_all(held_fd(arg(0)), arg(1))); }
static void fdchmod_call(void) { say_done(fchmod(held_fd(arg(0)), (mode_t)number(1))); }
static void fdclose_call(void) { say_done(let_go(arg(0))); }
static void mkdir_call(void) { say_done(mkdir(arg(0), (mode_t)number(1))); }
static void mkdir_all_call(void) { say_done(mkdir_all(arg(0), (mode_t)number(1))); }
static void rmdir_call(void) { say_done(rmdir(arg(0))); }
static void unlink_call(void) { say_done(unlink(arg(0))); }
static void remove_tree_call(void) { say_done(remove_tree(arg(0))); }
static void rename_call(void) {
  unsigned flags = 0;
  if (has(arg(2), "NOREPLACE")) flags |= RENAME_NOREPLACE;
  if (has(arg(2), "EXCHANGE")) flags |= RENAME_EXCHANGE;
  if (has(arg(2), "WHITEOUT")) flags |= RENAME_WHITEOUT;
  say_done(renameat2(AT_FDCWD, arg(0), AT_FDCWD, arg(1), flags));
}
static void link_call(void) { say_done(linkat(AT_FDCWD, arg(0), AT_FDCWD, arg(1), 0)); }
static void symlink_call(void) { say_done(symlink(arg(0), arg(1))); }
static void mknod_call(void) {
  say_done(mknod(arg(0), special_type(arg(1)) | (mode_t)number(2), makedev((unsigned)number(3), (unsigned)number(4))));
}
static void chmod_call(void) { say_done(chmod(arg(0), (mode_t)number(1))); }
static void chown_call(void) { say_done(chown(arg(0), (uid_t)number(1), (gid_t)number(2))); }
static void lchown_call(void) { say_done(lchown(arg(0), (uid_t)number(1), (gid_t)number(2))); }
static void utimes_call(void) { say_done(set_mtime(arg(0), number(1), 0)); }
static void truncate_call(void) { say_done(truncate(arg(0), number(1))); }
static void setxattr_call(void) { say_done(setxattr(arg(0), arg(1), arg(2), length_of(2), 0)); }
static void getxattr_call(void) { answer_getxattr(arg(0), arg(1)); }
static void removexattr_call(void) { say_done(removexattr(arg(0), arg(1))); }
static void listxattr_call(void) { answer_listxattr(arg(0)); }
static void chdir_call(void) {
  int result = chdir(arg(0));
  say_done(result);
  if (result == 0) end_descriptors(1);
}
static void exec_call(void) { answer_exec(arg(0)); }
/* Not a call of the model: makes a file one that exec can run. */
static void program_call(void) { say_done(write_program(arg(0))); }
/* Not a call of the model: a task whose root is a mount, as the recordings of overlayfs have it. */
static void enter_call(void) { say_done(chroot(arg(0)) < 0 ? -1 : chdir("/")); }

static void mount_tmpfs_call(void) {
  const char *source = *arg(3) == 0 ? "tmpfs" : arg(3);
  say_done(mount(source, arg(0), "tmpfs", mount_flags(arg(1)), *arg(2) == 0 ? NULL : arg(2)));
}
static void mount_overlay_call(void) { say_done(mount(arg(1), arg(0), "overlay", mount_flags(arg(3)), arg(2))); }
static void mount_overlay_options_call(void) { say_done(mount_configured(arg(0), "overlay", arg(1), attribute_flags(arg(2)), 3)); }
static void mount_bind_call(void) {
  say_done(mount(arg(0), arg(1), NULL, MS_BIND | (number(2) != 0 ? MS_REC : 0), NULL));
}
static void mount_move_call(void) {
  if (number(2) == 0) say_done(mount(arg(0), arg(1), NULL, MS_MOVE, NULL));
  else say_done((int)syscall(429, AT_FDCWD, arg(0), AT_FDCWD, arg(1), FROM_SYMLINKS | TO_SYMLINKS | MOVE_MOUNT_BENEATH));
}
static void mount_flags_call(void) { say_done(change_flags(arg(0), arg(1), arg(2), number(3) != 0)); }
static void mount_propagation_call(void) {
  say_done(mount(NULL, arg(0), NULL, propagation(arg(1)) | (number(2) != 0 ? MS_REC : 0), NULL));
}
static void mount_remount_call(void) {
  unsigned long flags = MS_REMOUNT | (number(2) != 0 ? MS_BIND : 0) | mount_flags(arg(1));
  say_done(mount(NULL, arg(0), NULL, flags, NULL));
}
static void umount_call(void) {
  say_done(umount2(arg(0), (number(1) != 0 ? MNT_DETACH : 0) | (number(2) != 0 ? UMOUNT_NOFOLLOW : 0)));
}
static void new_tree_call(void) { say_done(new_tree(arg(0), arg(1), arg(2), attribute_flags(arg(3)))); }
static void open_tree_call(void) { say_done(open_tree_(arg(0), arg(1), number(2) != 0, number(3) != 0)); }
static void move_tree_call(void) { say_done(move_tree(arg(0), arg(1), number(2) != 0)); }
/* mountinfo of the caller's namespace, as far as its root reaches. */
static void mountinfo_call(void) {
  int fd = openat(proc_dir, "self/mountinfo", O_RDONLY | O_CLOEXEC);
  answer_content(fd);
  if (fd >= 0) close(fd);
}

static const struct {
  const char *name;
  void (*run)(void);
} CALLS[] = {
    {"open", open_call},
    {"read", read_call},
    {"write", write_call},
    {"stat", stat_call},
    {"lstat", lstat_call},
    {"access", access_call},
    {"exec", exec_call},
    {"readdir", readdir_call},
    {"readlink", readlink_call},
    {"mkdir", mkdir_call},
    {"mkdirAll", mkdir_all_call},
    {"rmdir", rmdir_call},
    {"unlink", unlink_call},
    {"removeTree", remove_tree_call},
    {"rename", rename_call},
    {"link", link_call},
    {"symlink", symlink_call},
    {"mknod", mknod_call},
    {"chmod", chmod_call},
    {"chown", chown_call},
    {"lchown", lchown_call},
    {"utimes", utimes_call},
    {"mtime", mtime_call},
    {"truncate", truncate_call},
    {"setxattr", setxattr_call},
    {"getxattr", getxattr_call},
    {"removexattr", removexattr_call},
    {"listxattr", listxattr_call},
    {"sameino", sameino_call},
    {"chdir", chdir_call},
    {"fdread", fdread_call},
    {"fdstat", fdstat_call},
    {"fdreaddir", fdreaddir_call},
    {"fdclose", fdclose_call},
    {"fdwrite", fdwrite_call},
    {"fdchmod", fdchmod_call},
    {"enter", enter_call},
    {"program", program_call},
    {"mount-tmpfs", mount_tmpfs_call},
    {"mount-overlay", mount_overlay_call},
    {"mount-overlay-options", mount_overlay_options_call},
    {"mount-bind", mount_bind_call},
    {"mount-move", mount_move_call},
    {"mount-flags", mount_flags_call},
    {"mount-remount", mount_remount_call},
    {"mount-propagation", mount_propagation_call},
    {"umount", umount_call},
    {"new-tree", new_tree_call},
    {"open-tree", open_tree_call},
    {"move-tree", move_tree_call},
    {"close-tree", fdclose_call},
    {"mountinfo", mountinfo_call},
};

/* One call; false if there is none of that name. The arguments are argv_. */
static int run_call(const char *op) {
  for (size_t i = 0; i < sizeof CALLS / sizeof *CALLS; i++)
    if (strcmp(CALLS[i].name, op) == 0) {
      CALLS[i].run();
      return 1;
    }
  return 0;
}

/* ---- tasks ---- */

static struct {
  char name[32];
  pid_t pid;
  int socket;
} tasks[TASKS];

static void become(uid_t uid, gid_t gid) {
  if (setresuid(-1, 0, -1) < 0 || setresgid(-1, gid, -1) < 0 || setresuid(-1, uid, -1) < 0) die("setresuid");
}

static void serve(int socket, int to_parent);

/* A name, and with it the descriptor that it stands for. */
union message {
  struct cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int))];
};

/* "leave TREE…": the trees go to the parent, who reads them when the child has ended. */
static void hand_over(int socket) {
  for (int i = 0; i < argc_; i++) {
    union message control = {0};
    struct iovec name = {.iov_base = (void *)arg(i), .iov_len = strlen(arg(i)) + 1};
    struct msghdr message = {
      .msg_iov = &name, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    *header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    *(int *)CMSG_DATA(header) = held_fd(arg(i));
    if (sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) die("a tree for the parent");
  }
}

static void take_over(int socket) {
  for (;;) {
    char text[64];
    union message control;
    struct iovec name = {.iov_base = text, .iov_len = sizeof text};
    struct msghdr message = {
      .msg_iov = &name, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) <= 0) return;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header != NULL) *hold(text) = *(int *)CMSG_DATA(header);
  }
}

/* A child in a copy of the mount namespace goes on with the calls until "leave"; its parent waits. */
static void unshare_call(int socket) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) die("socketpair");
  pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0) {
    close(pair[0]);
    say_done(unshare(CLONE_NEWNS));
    serve(socket, pair[1]);
    _exit(0);
  }
  close(pair[1]);
  waitpid(child, NULL, 0);
  take_over(pair[0]);
  close(pair[0]);
  say("{\"ok\":null}");
}

/* Answers one message after another. A child ends without an answer to "leave", which its parent gives. */
static void serve(int socket, int to_parent) {
  static char line[LINE];
  static char *args[ARGS];
  for (;;) {
    if (answered > 0 && send(socket, answer, answered, MSG_NOSIGNAL) < 0) _exit(0);
    answered = 0;
    ssize_t count = recv(socket, line, sizeof line - 1, 0);
    if (count <= 0) _exit(0);
    line[count] = 0;
    int words = split(line, args);
    if (words < 2) {
      say("{\"err\":\"malformed\"}");
      continue;
    }
    char *colon = strchr(args[0], ':');
    uid_t uid = (uid_t)strtol(args[0], NULL, 10);
    gid_t gid = colon == NULL ? uid : (gid_t)strtol(colon + 1, NULL, 10);
    first_ = 2;
    argc_ = words - first_;
    argv_ = args + first_;
    if (strcmp(args[1], "leave") == 0 && to_parent >= 0) {
      hand_over(to_parent);
      return;
    }
    if (strcmp(args[1], "exit") == 0) _exit(0);
    begin_descriptors(args[1]);
    become(uid, gid);
    if (strcmp(args[1], "unshare") == 0 && to_parent < 0) unshare_call(socket);
    else if (!run_call(args[1])) say("{\"err\":\"no call %s\"}", args[1]);
    become(0, 0);
    end_descriptors(0);
  }
}

static int task_socket(const char *name) {
  int slot = -1;
  for (int i = 0; i < TASKS; i++) {
    if (strcmp(tasks[i].name, name) == 0) return tasks[i].socket;
    if (slot < 0 && tasks[i].name[0] == 0) slot = i;
  }
  int pair[2];
  if (slot < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) die("a task");
  pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* Sockets of other tasks would keep those alive after the world has ended. */
    for (int i = 0; i < TASKS; i++)
      if (tasks[i].name[0] != 0) close(tasks[i].socket);
    close(pair[0]);
    /* What is opened later gets other numbers than those of a program's input and output. */
    if (dup2(proc_dir, 0) < 0 || dup2(proc_dir, 1) < 0) die("dup2");
    answered = 0;
    serve(pair[1], -1);
    _exit(0);
  }
  close(pair[1]);
  snprintf(tasks[slot].name, sizeof tasks[slot].name, "%.31s", name);
  tasks[slot].pid = pid;
  tasks[slot].socket = pair[0];
  return pair[0];
}

/* The task ends, and with it everything that it holds. */
static void end_task(const char *name) {
  for (int i = 0; i < TASKS; i++)
    if (strcmp(tasks[i].name, name) == 0) {
      close(tasks[i].socket);
      waitpid(tasks[i].pid, NULL, 0);
      tasks[i].name[0] = 0;
      return;
    }
}

static void forward(const char *name, const char *rest) {
  static char reply[1 << 20];
  int socket = task_socket(name);
  ssize_t count = send(socket, rest, strlen(rest), MSG_NOSIGNAL);
  if (count >= 0) count = recv(socket, reply, sizeof reply, 0);
  if (count <= 0) {
    end_task(name);
    say("{\"ok\":null}");
  } else put(reply, (size_t)count);
}

/* ---- building and listing trees ---- */

/* "make TYPE PATH MODE UID GID MTIME [CONTENT | TARGET | MAJOR MINOR]" */
static int make(void) {
  const char *type = arg(0), *path = arg(1);
  int result;
  if (strcmp(type, "dir") == 0) result = mkdir(path, 0700) < 0 && errno != EEXIST ? -1 : 0;
  else if (strcmp(type, "symlink") == 0) result = symlink(arg(6), path);
  else if (strcmp(type, "file") == 0)
    result = write_and_close(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), arg(6));
  else result = mknod(path, special_type(type) | 0600, makedev((unsigned)number(6), (unsigned)number(7)));
  if (result == 0) result = lchown(path, (uid_t)number(3), (gid_t)number(4));
  if (result == 0 && strcmp(type, "symlink") != 0) result = chmod(path, (mode_t)number(2));
  if (result == 0 && number(5) != 0) result = set_mtime(path, number(5), AT_SYMLINK_NOFOLLOW);
  return result;
}

static int is_overlay_name(const char *name) { return strncmp(name, "trusted.overlay.", 16) == 0; }
/* What overlayfs keeps in binary form; a listing says that it is there. */
static int is_binary(const char *name) {
  return strcmp(name, "origin") == 0 || strcmp(name, "uuid") == 0 || strcmp(name, "upper") == 0;
}

static void say_xattr(const char *path, const char *name, const char *shown, int *any, const char *title) {
  char value[4096];
  ssize_t length = lgetxattr(path, name, value, sizeof value);
  if (length < 0) return;
  say(*any ? "," : ",\"%s\":{", title);
  *any = 1;
  say_string(shown, strlen(shown));
  say(":");
  if (is_overlay_name(name) && is_binary(shown)) say("true");
  else say_string(value, (size_t)length);
}

/* Overlayfs keeps its own attributes in layers; in a layer they are told apart. */
static void say_xattrs(const char *path, int raw) {
  char names[1 << 14], *sorted[256];
  int count = xattr_names(path, 0, names, sizeof names, sorted, 256);
  for (int own = 0; own <= raw; own++) {
    int any = 0;
    for (int i = 0; i < count; i++) {
      if (strncmp(sorted[i], "security.", 9) == 0 || strncmp(sorted[i], "system.", 7) == 0) continue;
      if (is_overlay_name(sorted[i]) != own) continue;
      say_xattr(path, sorted[i], own ? sorted[i] + 16 : sorted[i], &any, own ? "overlay" : "xattrs");
    }
    if (any) say("}");
  }
}

static void say_target(int dir, const char *name) {
  char target[PATH_MAX];
  ssize_t count = readlinkat(dir, name, target, sizeof target);
  say(",\"target\":");
  say_string(target, count < 0 ? 0 : (size_t)count);
}

/* One entry and what is below it. `raw`: a layer as it is, where a character device 0/0 is a whiteout. */
static void list(const char *path, size_t top, int raw, int *any) {
  struct stat st;
  say_comma(any);
  say("{\"path\":");
  const char *shown = path[top] == 0 ? "/" : path + top;
  say_string(shown, strlen(shown));
  if (lstat(path, &st) < 0) {
    if (errno == ENOENT) say(",\"type\":\"ghost\"}");
    else say(",\"type\":\"lstat-%s\"}", error_name(errno));
    return;
  }
  if (raw && S_ISCHR(st.st_mode) && st.st_rdev == 0) {
    say(",\"type\":\"whiteout\"}");
    return;
  }
  say(",");
  say_stat(&st);
  if (S_ISREG(st.st_mode)) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOATIME);
    ssize_t count = fd < 0 ? -1 : read_all(fd);
    say(",\"content\":");
    say_string(count < 0 ? "(unreadable)" : buffer, count < 0 ? 12 : (size_t)count);
    if (fd >= 0) close(fd);
  }
  if (S_ISLNK(st.st_mode)) say_target(AT_FDCWD, path);
  /* From above, the attributes that can be asked for by a call that follows symlinks and opens no device. */
  if (raw || !(S_ISLNK(st.st_mode) || S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))) say_xattrs(path, raw);
  say("}");
  if (!S_ISDIR(st.st_mode)) return;
  struct dirent **entries;
  int count = scandir(path, &entries, not_dots, bytewise);
  for (int i = 0; i < count; i++) {
    char below[PATH_MAX];
    snprintf(below, sizeof below, "%s/%s", path, entries[i]->d_name);
    free(entries[i]);
    list(below, top, raw, any);
  }
  if (count >= 0) free(entries);
}

#include "machine.c"

static void admin(const char *op) {
  if (strcmp(op, "make") == 0) say_done(make());
  else if (strcmp(op, "lsetxattr") == 0) say_done(lsetxattr(arg(0), arg(1), arg(2), length_of(2), 0));
  else if (strcmp(op, "time") == 0) say_done(set_mtime(arg(0), number(1), AT_SYMLINK_NOFOLLOW));
  else if (strcmp(op, "end-task") == 0) {
    end_task(arg(0));
    say("{\"ok\":null}");
  } else if (strcmp(op, "list") == 0) {
    int any = 0;
    say("{\"ok\":[");
    list(arg(0), strcmp(arg(0), "/") == 0 ? 1 : strlen(arg(0)), number(1) != 0, &any);
    say("]}");
  } else if (!machine_command(op) && !run_call(op)) say("{\"err\":\"no command %s\"}", op);
}

/* ---- worlds ---- */

static void private_root(const char *at) {
  if (unshare(CLONE_NEWNS) < 0) die("unshare");
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) die("making the mounts private");
  if (mount("base", at, "tmpfs", 0, "mode=0755") < 0) die("mounting a tmpfs");
  if (chdir(at) < 0 || syscall(SYS_pivot_root, ".", ".") < 0) die("pivot_root");
  if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0) die("leaving the old root");
}

static void flush(void) {
  for (size_t done = 0; done < answered;) {
    ssize_t count = write(1, answer + done, answered - done);
    if (count <= 0) _exit(0);
    done += (size_t)count;
  }
  answered = 0;
}

static void run_line(char *line) {
  static char *args[ARGS];
  char *space = strchr(line, ' ');
  if (space == NULL) {
    say("{\"err\":\"malformed\"}");
    return;
  }
  *space = 0;
  if (strcmp(line, "!") != 0) {
    forward(line, space + 1);
    return;
  }
  int words = split(space + 1, args);
  first_ = 1;
  argc_ = words - first_;
  argv_ = args + first_;
  if (words < 1) say("{\"err\":\"malformed\"}");
  else admin(args[0]);
}

static void world(FILE *input, const char *at, const char *machine) {
  static char line[LINE];
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  umask(0);
  if (machine != NULL) prepare_machine(machine);
  private_root(at);
  if (machine != NULL) make_machine();
  while (fgets(line, sizeof line, input) != NULL) {
    size_t length = strlen(line);
    if (length > 0 && line[length - 1] == '\n') line[length - 1] = 0;
    if (strcmp(line, "end") == 0) break;
    run_line(line);
    say("\n");
  }
  for (int i = 0; i < TASKS; i++)
    if (tasks[i].name[0] != 0) end_task(tasks[i].name);
  flush();
  _exit(0);
}

/* A child that is the first process of a namespace of its own: whatever else is in there ends with it. */
static pid_t fork_first(void) {
  uint64_t arguments[8] = {[0] = CLONE_NEWPID, [4] = SIGCHLD};
  return (pid_t)syscall(435, arguments, sizeof arguments);
}

static const char MACHINE[] = "begin machine ";

int main(int argc, char **argv) {
  static char line[LINE];
  if (argc != 2) {
    fprintf(stderr, "usage: executor DIRECTORY (to mount on, in a namespace of its own)\n");
    return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGPIPE, SIG_IGN);
  proc_dir = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (proc_dir < 0) die("/proc");
  if (setgroups(0, NULL) < 0) die("setgroups");
  while (fgets(line, sizeof line, stdin) != NULL) {
    char *machine = NULL;
    if (strncmp(line, MACHINE, sizeof MACHINE - 1) == 0) {
      machine = line + sizeof MACHINE - 1;
      machine[strcspn(machine, "\n")] = 0;
      decode(machine);
    } else if (strcmp(line, "begin\n") != 0) continue;
    began = time(NULL);
    pid_t child = machine == NULL ? fork() : fork_first();
    if (child < 0) die("fork");
    /* The rest of the batch is in the buffer that the child inherits; the next batch comes after "done". */
    if (child == 0) world(stdin, argv[1], machine);
    int status = 0;
    waitpid(child, &status, 0);
    __fpurge(stdin);
    printf("done %d\n", status);
    fflush(stdout);
  }
  return 0;
}
