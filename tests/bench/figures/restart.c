#include "tests/bench/figures/restart.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "tests/bench/figures/journal.h"
#include "tests/bench/figures/limits.h"

#define LONGEST_S 120.0
#define PAUSE_NS 1000000
#define WINDOW ((size_t)4 << 20)
#define SLICE "\"slice\":" /* a member of every record of one */

/* A place in a folder's journals, and the window through which is looked behind it. */
typedef struct Watch {
    const char *folder;
    char *path; /* the journal that was the last one */
    int fd;     /* the same, which may be deleted meanwhile */
    off_t behind;
    char *window;
} Watch;

/* Where the last whole line of the file ends: a kill may have left something behind it. */
static off_t lines_end(int fd)
{
    off_t at = lseek(fd, 0, SEEK_END);
    char byte;

    while (at > 0 && pread(fd, &byte, 1, at - 1) == 1 && byte != '\n')
        at--;
    return at;
}

static int watch_init(Watch *watch, const char *folder)
{
    *watch = (Watch){.folder = folder, .path = journal_last(folder)};
    watch->fd = watch->path != NULL ? open(watch->path, O_RDONLY | O_CLOEXEC) : -1;
    if (watch->fd < 0) {
        fprintf(stderr, "%s: its last journal: %s\n", folder, strerror(errno));
        free(watch->path);
        return -1;
    }
    watch->behind = lines_end(watch->fd);
    watch->window = memory_alloc(WINDOW);
    return 0;
}

static void watch_deinit(Watch *watch)
{
    fd_close(watch->fd);
    free(watch->path);
    free(watch->window);
}

/* Whether a whole line behind that place is a slice. */
static bool slice_is_behind(const Watch *watch, int fd, off_t behind)
{
    ssize_t size = pread(fd, watch->window, WINDOW, behind);
    const char *at = size > 0 ? memmem(watch->window, (size_t)size, SLICE, strlen(SLICE)) : NULL;

    return at != NULL && memchr(at, '\n', (size_t)(watch->window + size - at)) != NULL;
}

/* In the same journal, or in one that has been begun since. */
static bool slice_is_there(const Watch *watch)
{
    cleanup(free) char *last = journal_last(watch->folder);

    if (slice_is_behind(watch, watch->fd, watch->behind))
        return true;
    if (last == NULL || strcmp(last, watch->path) == 0)
        return false;
    cleanup(fd_close) int fd = open(last, O_RDONLY | O_CLOEXEC);
    return fd >= 0 && slice_is_behind(watch, fd, 0);
}

static pid_t command_start(char **command)
{
    pid_t pid = fork();

    if (pid == 0) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        execv(command[0], command);
        _exit(127);
    }
    return pid;
}

/* Until there is a slice, the program has ended, or it takes too long. */
static bool slice_await(const Watch *watch, pid_t pid, double start)
{
    struct timespec pause = {.tv_nsec = PAUSE_NS};
    siginfo_t ended = {0};

    while (!slice_is_there(watch)) {
        waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOHANG | WNOWAIT);
        if (clock_s() - start > LONGEST_S || ended.si_pid != 0)
            return slice_is_there(watch);
        nanosleep(&pause, NULL);
    }
    return true;
}

static double milliseconds(struct timeval time)
{
    return (double)time.tv_sec * 1e3 + (double)time.tv_usec / 1e3;
}

static int measure(const Watch *watch, char **command)
{
    struct rusage usage = {0};
    double start = clock_s();
    pid_t pid = command_start(command);

    if (pid < 0) {
        perror("fork");
        return 1;
    }
    bool found = slice_await(watch, pid, start);
    double end = clock_s();
    kill(pid, SIGKILL);
    wait4(pid, NULL, 0, &usage);
    if (!found) {
        fprintf(stderr, "%s: no slice came\n", command[0]);
        return 1;
    }
    printf("%.2f %.2f\n", (end - start) * 1e3,
           milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime));
    return 0;
}

int restart_measure(const char *folder, char **command)
{
    Watch watch;

    if (watch_init(&watch, folder) < 0)
        return 1;
    int code = measure(&watch, command);
    watch_deinit(&watch);
    return code;
}
