#include "controller/host/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lang/base/file.h"

int child_stream(int fd)
{
    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    int high = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int code = high < 0 ? -errno : high;
    close(fd);
    return code;
}

int child_pipe(int ret[2])
{
    int ends[2];

    ret[0] = ret[1] = -1;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    ret[0] = child_stream(ends[0]);
    ret[1] = child_stream(ends[1]);
    if (ret[0] >= 0 && ret[1] >= 0)
        return 0;
    fd_close(ret[0]);
    fd_close(ret[1]);
    ret[0] = ret[1] = -1;
    return -EMFILE;
}

int child_start(char *const arguments[], const ChildStreams *streams, pid_t *ret)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, streams->in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, streams->out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, streams->err, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&files, 3);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    int error = posix_spawn(ret, arguments[0], &files, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return -error;
}

void child_end_describe(int status, char *ret, size_t size)
{
    if (WIFSIGNALED(status))
        snprintf(ret, size, "was killed by signal %d", WTERMSIG(status));
    else
        snprintf(ret, size, "ended with code %d", WEXITSTATUS(status));
}
