#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"

/* Where the child keeps its two pipe ends; everything above is closed before it waits. */
#define GO_FD 3
#define REPORT_FD 4
#define PARK_FD 16
#define DESCRIPTORS_MAX 65536
#define WAIT_STEP_MS 200
#define FAILED_END_MS 2000 /* how long a child that could not become the program is waited for */

#define SPAWN_STAGES(X)                                                                            \
    X(FORK, "fork")                                                                                \
    X(USER, "change user")                                                                         \
    X(FOLDER, "enter working folder")                                                              \
    X(EXEC, "run")

typedef enum SpawnStage {
#define X(name, text) STAGE_##name,
    SPAWN_STAGES(X)
#undef X
} SpawnStage;

/* What comes back from the child through the report pipe: its pid, later why it failed. */
typedef struct SpawnReport {
    pid_t pid;
    SpawnStage stage;
    int errnum;
} SpawnReport;

typedef struct SpawnPipes {
    int go[2];
    int report[2];
    int input;
    int output;
} SpawnPipes;

static void pipes_close(SpawnPipes *pipes)
{
    for (int i = 0; i < 2; i++) {
        fd_close(pipes->go[i]);
        fd_close(pipes->report[i]);
    }
    fd_close(pipes->input);
    fd_close(pipes->output);
}

static int pipes_open(const SpawnOptions *options, SpawnPipes *ret, Error *err)
{
    *ret = (SpawnPipes){{-1, -1}, {-1, -1}, -1, -1};
    if (pipe2(ret->go, O_CLOEXEC) < 0 || pipe2(ret->report, O_CLOEXEC) < 0)
        return error_errno(err, errno, "make a pipe");
    ret->input = options->input_fd > 0 ? fcntl(options->input_fd, F_DUPFD_CLOEXEC, 5)
                                       : open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (options->log_path != NULL)
        ret->output =
            open(options->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    else
        ret->output = options->output_fd > 0 ? fcntl(options->output_fd, F_DUPFD_CLOEXEC, 5)
                                             : open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (ret->input < 0 || ret->output < 0)
        return error_errno(err, errno, "open '%s'",
                           options->log_path != NULL ? options->log_path : "/dev/null");
    return 0;
}

/* From here to child_main(): after fork in a program with threads, so system calls only. */
static void child_arrange_descriptors(const SpawnPipes *pipes)
{
    int go = fcntl(pipes->go[0], F_DUPFD, PARK_FD);
    int report = fcntl(pipes->report[1], F_DUPFD, PARK_FD);
    int input = fcntl(pipes->input, F_DUPFD, PARK_FD);
    int output = fcntl(pipes->output, F_DUPFD, PARK_FD);

    if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0 || dup2(go, GO_FD) < 0 ||
        dup2(report, REPORT_FD) < 0)
        _exit(127);
    /* A copy of some other child's pipe kept open here would keep that child waiting. Kernels
     * before 5.9 know only one at a time. */
    if (close_range(REPORT_FD + 1, ~0U, 0) < 0)
        for (int fd = REPORT_FD + 1; fd < DESCRIPTORS_MAX; fd++)
            close(fd);
    fcntl(REPORT_FD, F_SETFD, FD_CLOEXEC);
}

static void child_reset_signals(void)
{
    sigset_t none;

    sigemptyset(&none);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void child_fail(SpawnStage stage, int errnum)
{
    SpawnReport report = {.stage = stage, .errnum = errnum};

    if (write(REPORT_FD, &report, sizeof report) < 0)
        _exit(126);
    _exit(127);
}

static _Noreturn void child_main(const SpawnOptions *options, const SpawnPipes *pipes)
{
    char go;

    setsid();
    child_reset_signals();
    child_arrange_descriptors(pipes);
    if (read(GO_FD, &go, 1) != 1)
        _exit(127);
    close(GO_FD);
    int code = options->runner != NULL ? runner_become(options->runner) : 0;
    if (code < 0)
        child_fail(STAGE_USER, -code);
    if (options->working_dir != NULL && chdir(options->working_dir) < 0)
        child_fail(STAGE_FOLDER, errno);
    execvpe(options->argv[0], options->argv, options->envp != NULL ? options->envp : environ);
    child_fail(STAGE_EXEC, errno);
}

/* The one between us and a detached program: says who the program is and goes, so that init has it.
 */
static _Noreturn void middle_main(const SpawnOptions *options, const SpawnPipes *pipes)
{
    pid_t child = fork();

    if (child == 0)
        child_main(options, pipes);
    SpawnReport report = {.pid = child, .stage = STAGE_FORK, .errnum = child < 0 ? errno : 0};
    if (write(pipes->report[1], &report, sizeof report) < 0)
        _exit(126);
    _exit(0);
}

static int read_report(int fd, SpawnReport *ret)
{
    ssize_t got;

    do
        got = read(fd, ret, sizeof *ret);
    while (got < 0 && errno == EINTR);
    return got == (ssize_t)sizeof *ret;
}

static int spawn_failed(const SpawnOptions *options, SpawnStage stage, int errnum, Error *err)
{
    static const char *const texts[] = {
#define X(name, text) [STAGE_##name] = text,
        SPAWN_STAGES(X)
#undef X
    };
    const char *what = stage == STAGE_FOLDER ? options->working_dir : options->argv[0];

    return error_errno(err, errnum, "start '%s': %s '%s'", options->argv[0], texts[stage], what);
}

static void reap(pid_t pid)
{
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* Fork once or twice; `ret` is the pid of what will be the program. */
static int spawn_fork(const SpawnOptions *options, SpawnPipes *pipes, pid_t *ret, Error *err)
{
    SpawnReport report;
    pid_t pid = fork();

    if (pid == 0 && options->detached)
        middle_main(options, pipes);
    if (pid == 0)
        child_main(options, pipes);
    if (pid < 0)
        return spawn_failed(options, STAGE_FORK, errno, err);
    close(pipes->report[1]);
    pipes->report[1] = -1;
    *ret = pid;
    if (!options->detached)
        return 0;
    int got = read_report(pipes->report[0], &report);
    reap(pid);
    if (!got || report.pid < 0)
        return spawn_failed(options, STAGE_FORK, got ? report.errnum : EIO, err);
    *ret = report.pid;
    return 0;
}

static int spawn_release(const SpawnOptions *options, SpawnPipes *pipes, const Identity *child,
                         Error *err)
{
    SpawnReport report;
    int code = 0;

    if (options->identity_path != NULL)
        code = identity_save(options->identity_path, child, err);
    if (code == 0 && write(pipes->go[1], "g", 1) != 1)
        code = spawn_failed(options, STAGE_FORK, errno, err);
    close(pipes->go[1]);
    pipes->go[1] = -1;
    if (code == 0 && read_report(pipes->report[0], &report))
        code = spawn_failed(options, report.stage, report.errnum, err);
    if (code < 0 && !options->detached)
        reap(child->pid);
    else if (code < 0) /* it ends by itself; nobody is to find it alive until then */
        identity_wait(child, child->boot_id, FAILED_END_MS);
    return code;
}

int spawn(const SpawnOptions *options, Identity *ret, Error *err)
{
    SpawnPipes pipes;
    pid_t pid = 0;
    Identity child = {0};

    int code = pipes_open(options, &pipes, err);
    if (code == 0)
        code = spawn_fork(options, &pipes, &pid, err);
    if (code == 0) {
        code = identity_of(pid, options->boot_id != NULL ? options->boot_id : "", &child, err);
        if (code < 0 && !options->detached) {
            kill(pid, SIGKILL);
            reap(pid);
        }
    }
    if (code == 0)
        code = spawn_release(options, &pipes, &child, err);
    pipes_close(&pipes);
    if (code == 0)
        *ret = child;
    return code;
}

int spawn_wait(const Identity *child, int64_t timeout_ms, bool (*stop)(const void *),
               const void *context, int *ret)
{
    int64_t deadline = monotonic_now_ms() + timeout_ms;
    cleanup(fd_close) int process = pidfd_open(child->pid, 0);
    int code = 0;

    for (;;) {
        int64_t left = deadline - monotonic_now_ms();
        struct pollfd wait = {.fd = process, .events = POLLIN};
        if (poll(&wait, 1, WAIT_STEP_MS) > 0)
            break;
        if (left <= 0)
            code = -ETIMEDOUT;
        else if (stop != NULL && stop(context))
            code = -ECANCELED;
        if (code < 0) {
            kill(-child->pid, SIGKILL);
            break;
        }
    }
    while (waitpid(child->pid, ret, 0) < 0 && errno == EINTR)
        ;
    return code;
}

static int memory_file(const char *text, Error *err)
{
    int fd = memfd_create("ved", MFD_CLOEXEC);

    if (fd < 0)
        return error_errno(err, errno, "make a file in memory");
    if (text != NULL && fd_write_all(fd, text, strlen(text), err) < 0) {
        close(fd);
        return ERROR_FAILED;
    }
    lseek(fd, 0, SEEK_SET);
    return fd;
}

static void read_output(int fd, Buffer *output)
{
    char chunk[4096];
    ssize_t got;

    lseek(fd, 0, SEEK_SET);
    while (!output->overflowed && (got = read(fd, chunk, sizeof chunk)) > 0)
        buffer_add(output, chunk, (size_t)got);
}

int spawn_command(const SpawnOptions *options, const char *input, int64_t timeout_ms,
                  Buffer *output, int *ret_status, Error *err)
{
    cleanup(fd_close) int input_fd = memory_file(input, err);
    cleanup(fd_close) int output_fd = input_fd < 0 ? -1 : memory_file(NULL, err);
    SpawnOptions command = *options;
    Identity child = {0};

    if (output_fd < 0)
        return ERROR_FAILED;
    command.input_fd = input_fd;
    command.output_fd = output_fd;
    int code = spawn(&command, &child, err);
    if (code < 0)
        return code;
    if (spawn_wait(&child, timeout_ms, NULL, NULL, ret_status) < 0)
        return error_errno(err, ETIMEDOUT, "run '%s'", options->argv[0]);
    read_output(output_fd, output);
    return 0;
}

char *wait_status_text(int status)
{
    if (WIFSIGNALED(status))
        return memory_format("was killed by signal %d", WTERMSIG(status));
    return memory_format("exited with status %d", WEXITSTATUS(status));
}

char *log_tail(const char *path, size_t size_max)
{
    cleanup(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = memory_zero(size_max + 1, 1);
    off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    off_t from = end > (off_t)size_max ? end - (off_t)size_max : 0;

    ssize_t got = fd < 0 ? 0 : pread(fd, text, size_max, from);
    if (got <= 0)
        return text;
    while (got > 0 && text[got - 1] == '\n')
        text[--got] = '\0';
    for (ssize_t i = 0; i < got; i++)
        if (text[i] != '\n' && (text[i] < ' ' || text[i] > '~'))
            text[i] = '?';
    /* A line that was cut in the middle says less than none, unless it is the only one. */
    char *line = from > 0 ? strchr(text, '\n') : NULL;
    if (line != NULL)
        memmove(text, line + 1, strlen(line + 1) + 1);
    return text;
}
