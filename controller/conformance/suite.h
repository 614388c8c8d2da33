/* The conformance suite: every rule of VPP/1 tried on one provider.
 *
 * It makes objects, breaks connections, and kills a plugin that was started for it: not for a
 * provider that somebody is using. What it makes it removes. */
#ifndef VED_CONFORMANCE_SUITE_H
#define VED_CONFORMANCE_SUITE_H

#include "controller/conformance/subject.h"
#include "lang/base/json.h"

typedef struct SuiteOptions {
    SubjectOptions subject;
    const char *samples;     /* path of the samples' file; NULL: from the schema */
    const char *const *only; /* rules by number, word or name */
    size_t only_count;       /* 0: all */
    int64_t timeout_ms;      /* of the whole run */
} SuiteOptions;

typedef struct SuiteCounts {
    unsigned passed, failed, skipped;
} SuiteCounts;

/* Called for each rule in the order of their numbers, with an object that lives as long as the
 * call: "number", "rule", "sentence", "state" (passed, failed, skipped), and "why" and "exchanges"
 * where there is something to say. */
typedef void SuiteReport(void *context, const Json *result);

/* How many rules there are to try. ERROR_USAGE: one of `only` is none. */
int suite_count(const SuiteOptions *options, size_t *ret, Error *err);

/* Try them. ERROR_PROVIDER: it cannot be reached or does not come up; ERROR_AUTH: it refuses us;
 * ERROR_USAGE: the samples are none. Rules that do not hold are no failure of this function. */
int suite_run(const SuiteOptions *options, SuiteReport *report, void *context, SuiteCounts *ret,
              Error *err);

/* What it says of itself: {"handshake", "schema"}. Fails as suite_run() does. The caller frees it.
 */
int suite_describe(const SubjectOptions *options, Json **ret, Error *err);

/* A result as TAP version 14: one line, and for a failure a block of YAML below it. */
void tap_put(Buffer *ret, size_t index, const Json *result);

#endif
