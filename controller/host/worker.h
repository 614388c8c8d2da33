/* One thread that does one thing at a time beside the caller: what blocks and needs nothing else.
 *
 * The thread is started with the first work. The one rule: between worker_begin() and the moment
 * worker_is_done() says so, or worker_wait() returns, what the work touches is the work's alone. */
#ifndef VED_HOST_WORKER_H
#define VED_HOST_WORKER_H

#include <stdbool.h>

#include "lang/base/macros.h"

typedef struct Worker Worker;

typedef void WorkerTask(void *context);

/* Never fails. The caller frees with worker_free(). */
Worker *worker_new(void);

/* Waits for what is under way. NULL is fine. */
void worker_free(Worker *worker);
CLEANUP_DEFINE(Worker *, worker_free);

/* Nothing else may be under way. Without a thread to be had it is done before this returns. */
void worker_begin(Worker *worker, WorkerTask *task, void *context);

/* Nothing is under way. */
bool worker_is_done(Worker *worker);
void worker_wait(Worker *worker);

#endif
