/*
 * interleave ROOT SCHEDULE OUT -- COMMAND... -- COMMAND...
 *
 * Runs two commands in ROOT and lets them go in turn, from one call that others can notice to the next. SCHEDULE is a text of the
 * letters a and b: which of the two goes on until it is about to make its next such call. After it each goes to its end. What they
 * print is in OUT.a and OUT.b, and the two exit statuses (or 128 and the signal) are printed at the end.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPEN_TREE_ATTR 467
#define MOST 64
#define UNKNOWN -1

struct task {
    pid_t pid;
    int side;   /* which of the two commands it belongs to, or UNKNOWN */
    int stands; /* it is about to make a call, and waits for its turn */
};
static struct task tasks[MOST];
static int count;
static pid_t first[2];           /* the process that is the command itself */
static int status[2] = {-1, -1}; /* how it ended */

static void die(const char *what) {
    perror(what);
    exit(99);
}

static struct task *find(pid_t pid) {
    for (int i = 0; i < count; i++)
        if (tasks[i].pid == pid) return &tasks[i];
    return NULL;
}

static struct task *add(pid_t pid, int side) {
    if (count == MOST) die("too many tasks");
    tasks[count] = (struct task){pid, side, 0};
    return &tasks[count++];
}

/* Whether others can notice the call: mounts, names, locks; of the opens only those of a child, the parent's are too many. */
static int matters(const struct task *task, const struct __ptrace_syscall_info *info) {
    switch (info->entry.nr) {
    case SYS_mount:
    case SYS_umount2:
    case SYS_mount_setattr:
    case SYS_move_mount:
    case SYS_open_tree:
    case OPEN_TREE_ATTR:
    case SYS_mkdirat:
    case SYS_unlinkat:
    case SYS_clone:
        return 1;
    case SYS_fcntl:
        return info->entry.args[1] == F_OFD_SETLK;
    case SYS_openat:
        return task->pid != first[task->side];
    default:
        return 0;
    }
}

static void begin(int side, const char *root, const char *out, char **command) {
    pid_t pid = fork();
    if (pid < 0) die("fork");
    if (pid == 0) {
        char name[4096];
        snprintf(name, sizeof name, "%s.%c", out, 'a' + side);
        int file = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0644);
        if (file < 0 || dup2(file, 1) < 0 || dup2(file, 2) < 0) die(name);
        if (chroot(root) < 0 || chdir("/") < 0) die(root);
        if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0 || raise(SIGSTOP) != 0) die("ptrace");
        execv(command[0], command);
        die(command[0]);
    }
    first[side] = pid;
    if (waitpid(pid, NULL, 0) < 0) die("waitpid");
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SETOPTIONS, pid, 0, options) < 0) die("ptrace");
    add(pid, side)->stands = 1;
}

/* One task has stopped. Returns whether it stands before a call that matters. */
static int stopped(struct task *task, int how) {
    int signal = WSTOPSIG(how), event = how >> 16;
    if (signal == (SIGTRAP | 0x80)) {
        struct __ptrace_syscall_info info;
        if (ptrace(PTRACE_GET_SYSCALL_INFO, task->pid, sizeof info, &info) < 0) die("ptrace");
        if (info.op == PTRACE_SYSCALL_INFO_ENTRY && matters(task, &info)) return 1;
        signal = 0;
    }
    if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) {
        unsigned long pid;
        if (ptrace(PTRACE_GETEVENTMSG, task->pid, 0, &pid) < 0) die("ptrace");
        struct task *child = find(pid);
        if (child == NULL) add(pid, task->side);
        else { /* it has stopped before its parent told of it */
            child->side = task->side;
            ptrace(PTRACE_SYSCALL, child->pid, 0, 0);
        }
    }
    if (event != 0) signal = 0;
    if (signal == SIGSTOP || signal == SIGTRAP) signal = 0;
    ptrace(PTRACE_SYSCALL, task->pid, 0, signal);
    return 0;
}

/* Lets one side go on until one of its tasks stands before a call that matters, or all is over. */
static void go(int side) {
    if (status[side] >= 0) return;
    for (int i = 0; i < count; i++)
        if (tasks[i].side == side && tasks[i].stands) {
            tasks[i].stands = 0;
            ptrace(PTRACE_SYSCALL, tasks[i].pid, 0, 0);
        }
    for (;;) {
        int how;
        pid_t pid = waitpid(-1, &how, __WALL);
        if (pid < 0) die("waitpid");
        struct task *task = find(pid);
        if (task == NULL) {
            add(pid, UNKNOWN); /* a child, of which its parent will tell */
        } else if (WIFSTOPPED(how)) {
            if (!stopped(task, how)) continue;
            task->stands = 1;
            if (task->side == side) return;
        } else if (pid == first[task->side]) {
            status[task->side] = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
            if (task->side == side) return;
        }
    }
}

int main(int argc, char **argv) {
    char **command[2] = {NULL, NULL};
    for (int i = 4, side = 0; i < argc && side < 2; i++)
        if (strcmp(argv[i], "--") == 0) {
            argv[i] = NULL;
            command[side++] = argv + i + 1;
        }
    if (command[1] == NULL) return 98;
    for (int side = 0; side < 2; side++) begin(side, argv[1], argv[3], command[side]);
    for (const char *next = argv[2]; *next != 0; next++) go(*next == 'a' ? 0 : 1);
    for (int side = 0; side < 2; side++)
        while (status[side] < 0) go(side);
    printf("%d %d\n", status[0], status[1]);
    return 0;
}
