/* Work on what is in memory now, done by a copy of the process while this one goes on.
 *
 * The copy begins with all that this process has in memory, as it is at that moment, and with none
 * of its files, sockets and locks; it does one task and ends. It ends, wherever it is, when this
 * process does. The one rule: what the task changes in memory is the copy's alone – only its
 * result, and what it writes to the disk, is seen here. */
#ifndef VED_HOST_BESIDE_H
#define VED_HOST_BESIDE_H

#include <stddef.h>

#include "controller/host/loop.h"
#include "lang/base/error.h"

#define BESIDE_RESULT_MAX ((size_t)128)

typedef struct Beside Beside;

typedef struct BesideTask {
    int (*work)(void *context, Error *err); /* in the copy */
    /* In this process: what `work` returned, and said if that is negative; ERROR_STATE as well if
     * the copy did not come to its end. */
    void (*done)(void *context, int code, const Error *err);
    void *context;
    void *result; /* what the copy has there at its end is here before done() is called */
    size_t result_size;
} BesideTask;

/* Begin. done() is called from the loop, once, and the Beside is freed before. A failure: there is
 * no copy, for want of memory or processes. */
int beside_start(Loop *loop, const BesideTask *task, Beside **ret, Error *err);

/* Wait for the end; done() is called before this returns. */
void beside_await(Beside *beside);

/* End the copy where it is; done() is not called. NULL is fine. */
void beside_free(Beside *beside);

#endif
