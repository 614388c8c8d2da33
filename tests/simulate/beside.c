/* In the place of the controller's copies of itself: a copy is made when it is asked for, and
 * stands still until its turn comes, at a time that chance has set; then the process stands still.
 * So one of the two runs at a time. A copy that is killed takes the process along, and goes with
 * it. */
#include "controller/host/beside.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lang/base/memory.h"
#include "tests/simulate/world.h"

#define LATE_MS 3000

ssize_t __real_read(int fd, void *bytes, size_t size);
ssize_t __real_write(int fd, const void *bytes, size_t size);
int __real_close(int fd);

/* Where the copy leaves what came of it. */
typedef struct Report {
    bool has_ended;
    int code;
    char result[BESIDE_RESULT_MAX];
    Error error;
} Report;

struct Beside {
    pid_t pid;
    int go; /* it goes when something is written here, and ends when this is closed */
    LoopTimer *timer;
    BesideTask task;
    Report *report; /* of the world */
};

static _Noreturn void copy_run(const BesideTask *task, const int go[2], Report *report)
{
    char byte;

    __real_close(go[1]);
    if (__real_read(go[0], &byte, 1) != 1)
        _exit(0); /* the process is gone */
    world_trace("a copy of the process goes");
    report->code = task->work(task->context, &report->error);
    memcpy(report->result, task->result, task->result_size);
    report->has_ended = true;
    _exit(0);
}

static void copy_end(Beside *beside, bool goes)
{
    int status = 0;

    if (goes && __real_write(beside->go, "", 1) != 1)
        abort();
    __real_close(beside->go);
    waitpid(beside->pid, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_KILLED);
    loop_timer_free(beside->timer);
}

void beside_await(Beside *beside)
{
    BesideTask task = beside->task;
    Report *report = beside->report;
    bool dies = world_trouble(TROUBLE_COPY_KILLED, 20);

    copy_end(beside, !dies);
    free(beside);
    if (report->has_ended)
        memcpy(task.result, report->result, task.result_size);
    else
        report->code = error_set(&report->error, ERROR_STATE, "a copy of the process was killed");
    world_trace("a copy of the process has ended: %d", report->code);
    task.done(task.context, report->code, &report->error);
}

static void on_turn(void *context)
{
    beside_await(context);
}

int beside_start(Loop *loop, const BesideTask *task, Beside **ret, Error *err)
{
    int go[2];

    if (chance_one_in(&world->chance, 40))
        return error_errno(err, EAGAIN, "make a copy of this process");
    Report *report = world_alloc(sizeof *report);
    if (pipe(go) < 0)
        abort();
    world_trace("a copy of the process is made");
    pid_t pid = fork();
    if (pid < 0)
        abort();
    if (pid == 0)
        copy_run(task, go, report);
    __real_close(go[0]);
    Beside *beside = memory_zero(1, sizeof *beside);
    *beside = (Beside){.pid = pid, .go = go[1], .task = *task, .report = report};
    beside->timer = loop_timer_new(loop, on_turn, beside);
    loop_timer_set(beside->timer, (int64_t)chance_below(&world->chance, LATE_MS));
    *ret = beside;
    return 0;
}

void beside_free(Beside *beside)
{
    if (beside == NULL)
        return;
    copy_end(beside, false);
    free(beside);
}
