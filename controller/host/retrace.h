/* The journal of a state folder, gone through again from the oldest checkpoint that is kept: each
 * record is applied as recovery does it, and whoever looks on sees the state before and after.
 *
 * Nothing is locked, written or computed; another process may be writing meanwhile. The one rule:
 * what is looked at belongs to the retrace and is there during the call only. */
#ifndef VED_HOST_RETRACE_H
#define VED_HOST_RETRACE_H

#include "controller/core/record.h"
#include "controller/host/state_dir.h"

typedef struct Retrace {
    const StateDir *dir;
    Program *program;          /* that the state belongs to now */
    uint64_t program_position; /* program-N.ved */
    Runtime *runtime;
    uint64_t since;    /* the state at this position was the first; 0 may be an empty one */
    uint64_t position; /* the record that was applied last */
    bool torn;         /* what is behind it is half written */
} Retrace;

/* Each may be NULL; another return value than 0 ends the way and is handed through. */
typedef struct RetraceVisitor {
    void *user;
    /* The state at `position` is taken up: the first one, and each that was passed on to another
     * program, bindings or parameters by what the records do not say. */
    int (*on_state)(void *user, const Retrace *retrace, Error *err);
    /* The record is about to be applied. It may be applied to, but not kept. */
    int (*on_record)(void *user, const Retrace *retrace, uint64_t sequence, Record *record,
                     Error *err);
    int (*on_applied)(void *user, const Retrace *retrace, uint64_t sequence, const Record *record,
                      Error *err);
    /* There is a checkpoint of the present state: `restored` is what stands in it. */
    int (*on_checkpoint)(void *user, const Retrace *retrace, Runtime *restored, Error *err);
    /* The process that is writing has made a checkpoint meanwhile, so that what was listed is not
     * what is there: all of it is gone through once more. NULL: that is a failure. */
    void (*restart)(void *user);
} RetraceVisitor;

/* Up to record `last` (UINT64_MAX: to the end). 0, what a visitor returned, or a failure –
 * ERROR_USAGE: that record is older than what is kept –; the caller calls retrace_deinit() either
 * way. `ret` then has the last state. */
int retrace_run(const StateDir *dir, uint64_t last, const RetraceVisitor *visitor, Retrace *ret,
                Error *err);
void retrace_deinit(Retrace *retrace);
#define retrace_deinit_p retrace_deinit

#endif
