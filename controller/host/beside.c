#include "controller/host/beside.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controller/host/child.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

/* What goes on meanwhile goes first. */
#define NICENESS 10

struct Beside {
    pid_t pid;
    int from; /* where the copy says how it went */
    LoopWatch *watch;
    BesideTask task;
};

/* What the copy says: one write. */
typedef struct Report {
    int code;
    char result[BESIDE_RESULT_MAX];
    Error error;
} Report;

_Static_assert(sizeof(Report) <= PIPE_BUF, "a report is one write to a pipe");

/* ---- the copy ---- */

/* Keeps only `report_fd`, as the descriptor that it returns: what is open here too is not let go by
 * the process. Whoever says something to the user is the process, so nothing of it goes anywhere.
 */
static int files_leave(int report_fd)
{
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (nowhere < 0 || dup2(nowhere, fd) < 0)
            _exit(1);
    if (report_fd != STDERR_FILENO + 1 && dup2(report_fd, STDERR_FILENO + 1) < 0)
        _exit(1);
    if (close_range(STDERR_FILENO + 2, ~0U, 0) < 0)
        _exit(1);
    return STDERR_FILENO + 1;
}

/* All signals are blocked, and stay so: they are for the process. */
static _Noreturn void copy_run(const BesideTask *task, int report_fd, pid_t parent)
{
    Report report = {0};

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
        _exit(1);
    setpriority(PRIO_PROCESS, 0, NICENESS);
    report_fd = files_leave(report_fd);
    report.code = task->work(task->context, &report.error);
    memcpy(report.result, task->result, task->result_size);
    _exit(fd_write_all(report_fd, &report, sizeof report, NULL) < 0 ? 1 : 0);
}

/* ---- this process ---- */

static void beside_release(Beside *beside)
{
    loop_watch_free(beside->watch);
    close(beside->from);
    free(beside);
}

static bool report_read(int fd, Report *ret)
{
    ssize_t got;

    do {
        got = read(fd, ret, sizeof *ret);
    } while (got < 0 && errno == EINTR);
    return got == (ssize_t)sizeof *ret;
}

static int copy_reap(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

void beside_await(Beside *beside)
{
    BesideTask task = beside->task;
    Report report = {0};
    char end[64];
    bool has_ended = report_read(beside->from, &report);
    int status = copy_reap(beside->pid);

    beside_release(beside);
    if (has_ended) {
        memcpy(task.result, report.result, task.result_size);
    } else {
        child_end_describe(status, end, sizeof end);
        report.code = error_set(&report.error, ERROR_STATE, "a copy of this process %s", end);
    }
    task.done(task.context, report.code, &report.error);
}

static void on_report(void *context)
{
    beside_await(context);
}

int beside_start(Loop *loop, const BesideTask *task, Beside **ret, Error *err)
{
    sigset_t all, before;
    pid_t parent = getpid();
    int ends[2];
    int code = child_pipe(ends);

    assert(task->result_size <= BESIDE_RESULT_MAX);
    if (code < 0)
        return error_errno(err, -code, "make a pipe to a copy of this process");
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0)
        copy_run(task, ends[1], parent);
    code = -errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return error_errno(err, -code, "make a copy of this process");
    }
    Beside *beside = memory_zero(1, sizeof *beside);
    *beside = (Beside){.pid = pid, .from = ends[0], .task = *task};
    beside->watch = loop_watch_new(loop, beside->from, true, false, on_report, beside);
    *ret = beside;
    return 0;
}

void beside_free(Beside *beside)
{
    if (beside == NULL)
        return;
    kill(beside->pid, SIGKILL);
    copy_reap(beside->pid);
    beside_release(beside);
}
