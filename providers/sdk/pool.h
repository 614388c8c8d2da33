/* Threads that do the provider's blocking work, made when they are needed, at most so many.
 *
 * A job's work() runs on a thread of the pool; its done() runs where pool_collect() is called, the
 * event thread, which is told through an eventfd. The pool never frees a job: done() does. */
#ifndef VED_SDK_POOL_H
#define VED_SDK_POOL_H

#include <stddef.h>

#include "lang/base/error.h"

typedef struct Job {
    void (*work)(struct Job *job);
    void (*done)(struct Job *job);
    struct Job *next;
} Job;

typedef struct Pool Pool;

/* At most `thread_max` threads; 1 is written to `event_fd` when a job is ready to be collected. */
Pool *pool_new(size_t thread_max, int event_fd);

/* Waits for the jobs that run, drops those that do not run yet without calling done(). */
void pool_free(Pool *pool);

/* Queue a job. */
void pool_submit(Pool *pool, Job *job);

/* Call done() for the jobs whose work is finished, in the order they finished. */
void pool_collect(Pool *pool);

CLEANUP_DEFINE(Pool *, pool_free);

#endif
