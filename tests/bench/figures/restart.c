#include "tests/bench/figures/restart.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lang/base/buffer.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "tests/bench/figures/journal.h"
#include "tests/bench/figures/limits.h"

#define LONGEST_S 120.0
#define PAUSE_NS 500000
#define WINDOW ((size_t)4 << 20)
#define SLICE "\"type\":\"slice\""

/* Where the last whole line of the file ends. What a kill has left behind that is no line. */
static off_t lines_end(int fd)
{
    off_t at = lseek(fd, 0, SEEK_END);
    char byte;

    while (at > 0 && pread(fd, &byte, 1, at - 1) == 1 && byte != '\n')
        at--;
    return at;
}

/* Whether a whole line behind that place is a slice. */
static bool slice_is_there(int fd, off_t behind, char *window)
{
    ssize_t size = pread(fd, window, WINDOW, behind);
    const char *at = size > 0 ? memmem(window, (size_t)size, SLICE, strlen(SLICE)) : NULL;

    return at != NULL && memchr(at, '\n', (size_t)(window + size - at)) != NULL;
}

static pid_t command_start(char **command)
{
    pid_t pid = fork();

    if (pid == 0) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        execv(command[0], command);
        _exit(127);
    }
    return pid;
}

/* Until there is a slice, the program has ended, or it takes too long. */
static bool slice_await(int fd, off_t behind, pid_t pid, double start)
{
    struct timespec pause = {.tv_nsec = PAUSE_NS};
    cleanup(free) char *window = memory_alloc(WINDOW);

    while (!slice_is_there(fd, behind, window)) {
        if (clock_s() - start > LONGEST_S || waitpid(pid, NULL, WNOHANG) != 0)
            return slice_is_there(fd, behind, window);
        nanosleep(&pause, NULL);
    }
    return true;
}

int restart_measure(const char *folder, char **command)
{
    cleanup(free) char *path = journal_last(folder);
    cleanup(fd_close) int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;

    if (fd < 0) {
        fprintf(stderr, "%s: its last journal: %s\n", folder, strerror(errno));
        return 1;
    }
    off_t behind = lines_end(fd);
    double start = clock_s();
    pid_t pid = command_start(command);
    if (pid < 0) {
        perror("fork");
        return 1;
    }
    bool found = slice_await(fd, behind, pid, start);
    double end = clock_s();
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    if (!found) {
        fprintf(stderr, "%s: no slice came\n", command[0]);
        return 1;
    }
    printf("%.2f\n", (end - start) * 1e3);
    return 0;
}
