#include "providers/sdk/pool.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lang/base/memory.h"

#define THREADS 4

typedef struct Task {
    Job job;
    pthread_barrier_t *meeting; /* NULL: a quick one */
    pthread_t thread;
} Task;

static Pool *pool;
static int event_fd, done_count;

static void work(Job *job)
{
    Task *task = (Task *)job;

    task->thread = pthread_self();
    if (task->meeting != NULL)
        pthread_barrier_wait(task->meeting);
}

static void done(Job *job)
{
    (void)job;
    done_count++;
}

static void setup(void)
{
    event_fd = eventfd(0, EFD_NONBLOCK);
    pool = pool_new(THREADS, event_fd);
    done_count = 0;
}

static void teardown(void)
{
    pool_free(pool);
    close(event_fd);
}

TestSuite(pool, .init = setup, .fini = teardown, .timeout = 30);

/* Submit all; returns how many wait behind others. */
static size_t submit(Task *tasks, size_t count, pthread_barrier_t *meeting)
{
    size_t behind = 0;

    for (size_t i = 0; i < count; i++) {
        tasks[i] = (Task){.job = {.work = work, .done = done}, .meeting = meeting};
        if (!pool_submit(pool, &tasks[i].job))
            behind++;
    }
    return behind;
}

static void await_done(int count, bool urging)
{
    struct pollfd fd = {.fd = event_fd, .events = POLLIN};
    uint64_t ignored;

    while (done_count < count) {
        if (urging)
            pool_urge(pool);
        poll(&fd, 1, 1);
        ssize_t got = read(event_fd, &ignored, sizeof ignored);
        (void)got;
        pool_collect(pool);
    }
}

Test(pool, one_thread_does_many_quick_jobs)
{
    Task tasks[50];

    submit(tasks, ARRAY_SIZE(tasks), NULL);
    await_done(ARRAY_SIZE(tasks), false);
    for (size_t i = 1; i < ARRAY_SIZE(tasks); i++)
        cr_assert(pthread_equal(tasks[i].thread, tasks[0].thread));
}

Test(pool, a_job_behind_a_slow_one_says_so)
{
    pthread_barrier_t meeting;
    Task tasks[2];

    pthread_barrier_init(&meeting, NULL, 2);
    cr_assert_eq(submit(tasks, 2, &meeting), 1);
    await_done(2, true);
    pthread_barrier_destroy(&meeting);
}

Test(pool, urged_it_has_a_thread_for_each_as_far_as_there_may_be)
{
    pthread_barrier_t meeting;
    Task tasks[2 * THREADS];

    /* None ends before so many run at once. */
    pthread_barrier_init(&meeting, NULL, THREADS);
    submit(tasks, ARRAY_SIZE(tasks), &meeting);
    await_done(ARRAY_SIZE(tasks), true);
    pthread_barrier_destroy(&meeting);
}
