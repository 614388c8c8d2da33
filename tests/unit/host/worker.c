#include "controller/host/worker.h"

#include <criterion/criterion.h>
#include <unistd.h>

typedef struct Work {
    int go[2]; /* a pipe: it ends when something is written */
    int done;
} Work;

static void work(void *context)
{
    Work *at = context;
    char byte;

    at->done += read(at->go[0], &byte, 1) == 1;
}

Test(worker, work_goes_on_beside_the_caller, .timeout = 60)
{
    Worker *worker = worker_new();
    Work at = {0};

    cr_assert_eq(pipe(at.go), 0);
    cr_assert(worker_is_done(worker));
    for (int i = 1; i <= 3; i++) {
        worker_begin(worker, work, &at);
        cr_assert_not(worker_is_done(worker));
        cr_assert_eq(write(at.go[1], "", 1), 1);
        worker_wait(worker);
        cr_assert(worker_is_done(worker));
        cr_assert_eq(at.done, i);
    }
    worker_free(worker);
}

Test(worker, its_end_waits_for_what_is_under_way, .timeout = 60)
{
    Worker *worker = worker_new();
    Work at = {0};

    cr_assert_eq(pipe(at.go), 0);
    worker_begin(worker, work, &at);
    cr_assert_eq(write(at.go[1], "", 1), 1);
    worker_free(worker);
    cr_assert_eq(at.done, 1);
}
