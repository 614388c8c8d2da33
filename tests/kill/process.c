#include "tests/kill/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"

#define OUTPUT_MAX ((size_t)16 << 20)
#define READ_US 30000000

static void child_redirect(const char *path, int target, int flags)
{
    int fd = open(path, flags, 0600);

    if (fd < 0 || dup2(fd, target) < 0)
        _exit(126);
    close(fd);
}

pid_t process_start(const ProcessStart *start)
{
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid != 0)
        return pid;
    child_redirect("/dev/null", STDIN_FILENO, O_RDONLY);
    child_redirect(start->log, STDOUT_FILENO, O_WRONLY | O_CREAT | O_APPEND);
    if (dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
        _exit(126);
    if (start->preload != NULL) {
        setenv("LD_PRELOAD", start->preload, 1);
        setenv(start->name, start->value, 1);
    }
    execv(start->program, start->arguments);
    _exit(127);
}

int process_wait(pid_t pid, int64_t wait_us)
{
    cleanup(fd_close) int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd watch = {.fd = fd, .events = POLLIN};
    struct timespec time = {wait_us / 1000000, (long)(wait_us % 1000000) * 1000};
    int status = 0;

    if (fd < 0 || ppoll(&watch, 1, &time, NULL) == 0)
        return -1;
    if (waitpid(pid, &status, 0) != pid)
        return 255;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int process_end(pid_t pid, int64_t wait_us)
{
    int code = process_wait(pid, wait_us);

    if (code >= 0)
        return code;
    kill(pid, SIGKILL);
    return process_wait(pid, 5000000);
}

int process_read(const ProcessStart *start, Buffer *ret, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};

    unlink(start->log);
    int code = process_end(process_start(start), READ_US);
    int read = file_read(start->log, OUTPUT_MAX, &text, err);
    if (code != 0)
        return error_set(err, ERROR_STATE, "'%s' ended with %d, expected 0: %.500s",
                         start->arguments[1], code, buffer_text(&text));
    if (read == 0)
        buffer_add(ret, buffer_text(&text), text.size);
    return read;
}

bool state_has_records(const char *state)
{
    cleanup(free) char *command =
        memory_format("grep -rqsa --include='journal-*' '\"seq\"' '%s'", state);

    return system(command) == 0;
}

int page_make(const char *path, size_t size, void **ret, Error *err)
{
    cleanup(fd_close) int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
        return error_errno(err, errno, "make '%s'", path);
    *ret = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return *ret == MAP_FAILED ? error_errno(err, errno, "map '%s'", path) : 0;
}

int64_t now_ms(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}
