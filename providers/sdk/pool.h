/* Threads that do the provider's blocking work, made when they are needed, at most so many.
 *
 * One thread does what many quick jobs ask for: a job that finds another at work wakes no thread of
 * its own, and pool_submit() says so. Then pool_urge() is to be called, POOL_URGE_MS later and
 * again while it says so, or the job waits for as long as the one before it takes. A job's work()
 * runs on a thread of the pool; its done() runs where pool_collect() is called, the event thread,
 * which is told through an eventfd. The pool never frees a job: done() does. */
#ifndef VED_SDK_POOL_H
#define VED_SDK_POOL_H

#include <stdbool.h>
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

/* Queue a job. False: it waits behind others, see pool_urge(). */
bool pool_submit(Pool *pool, Job *job);

/* Give each job that waits a thread of its own, as far as there may be more. False: some have none
 * yet. */
#define POOL_URGE_MS 1
bool pool_urge(Pool *pool);

/* Call done() for the jobs whose work is finished, in the order they finished. */
void pool_collect(Pool *pool);

CLEANUP_DEFINE(Pool *, pool_free);

#endif
