#include "tests/bench/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double time_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void command_exec(char **command)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    execv(command[0], command);
    _exit(127);
}

int command_run(char **command)
{
    struct rusage usage;
    double start = now();
    int status;
    pid_t pid = fork();

    if (pid == 0)
        command_exec(command);
    if (pid < 0 || wait4(pid, &status, 0, &usage) < 0) {
        perror("bench: fork");
        return 1;
    }
    printf("%.3f %.3f %.0f\n", time_of(usage.ru_utime) + time_of(usage.ru_stime), now() - start,
           (double)usage.ru_maxrss * 1024 / 1e6);
    return status == 0 ? 0 : 1;
}
