/* What has become of a state, as far back as its journal is kept: committed slices, and what else
 * changed it, in the order it took hold.
 *
 * Made of the records as they stand in the journal; no program and no key is needed. */
#ifndef VED_HOST_STATE_HISTORY_H
#define VED_HOST_STATE_HISTORY_H

#include <stddef.h>

#include "controller/host/state_dir.h"
#include "lang/base/json.h"

typedef struct HistoryOptions {
    const char *domain; /* only of this one; NULL: of all */
    size_t limit;       /* the last so many entries; 0: all */
} HistoryOptions;

/* An array of
 *      {"sequence","at","type","domain","key","slice","cause","effects","changes","said","text"}
 * of which the first three are always there. `sequence` is the number of the record with which it
 * took hold, `at` its time. `effects` has {"address","verb","intent","outcome","external_id"} each;
 * `changes` the new values of fields; `said` the names of events and messages. A slice that is
 * being performed comes last, with "open": true. The caller's; or a failure. */
int state_history(const StateDir *dir, const HistoryOptions *options, Json **ret, Error *err);

#endif
