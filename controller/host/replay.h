/* A state folder gone through again from the oldest checkpoint that is kept: each slice whose
 * inputs are in the records is computed again by the program of its time, and must come to what is
 * recorded; each checkpoint on the way must hold the state that the records give.
 *
 * The digests that this gives are the same on every machine and by every build. Nothing is locked
 * or written. */
#ifndef VED_HOST_REPLAY_H
#define VED_HOST_REPLAY_H

#include "controller/core/digest.h"
#include "controller/host/state_dir.h"

typedef struct ReplayOptions {
    uint64_t last; /* up to this record; UINT64_MAX: to the end */
    /* After each record, if it is there: the digest of the state. */
    void (*on_digest)(void *user, uint64_t sequence, const char *type, const char *digest);
    void *user;
} ReplayOptions;

typedef struct ReplayReport {
    uint64_t since;    /* the state at this position was the first */
    uint64_t position; /* the record that was applied last */
    uint64_t records;
    uint64_t computed;    /* slices that were computed again */
    uint64_t checkpoints; /* that were compared */
    uint64_t programs;    /* that the state belonged to */
    bool torn;            /* what is behind `position` is half written */
    char digest[STATE_DIGEST_SIZE];
    uint64_t differs_at; /* the record where the first difference is */
    char *difference;    /* one sentence; NULL: there is none */
} ReplayReport;

/* 0 – also where there is a difference, with which it ends –, or a failure. The caller calls
 * replay_report_deinit(). */
int state_replay(const StateDir *dir, const ReplayOptions *options, ReplayReport *ret, Error *err);
void replay_report_deinit(ReplayReport *report);
#define replay_report_deinit_p replay_report_deinit

#endif
