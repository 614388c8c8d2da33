/* One rule being tried: the requests it makes, the objects it leaves, what it has found.
 *
 * Whatever a rule asks for lives until trial_deinit(). A function that returns NULL or false has
 * failed the trial already and the rule returns; only the first failure is kept. */
#ifndef VED_CONFORMANCE_TRIAL_H
#define VED_CONFORMANCE_TRIAL_H

#include "controller/conformance/rule.h"
#include "controller/conformance/subject.h"
#include "controller/conformance/wire.h"
#include "lang/base/arena.h"

typedef enum CheckState { TRIAL_PASSED, TRIAL_FAILED, TRIAL_SKIPPED } CheckState;

/* What all trials of a run share. */
typedef struct Bench {
    Subject *subject;
    Wire *wire;
    Json *handshake;
    Json *schema;
    Json *samples;
    int64_t until_ms; /* of the monotonic clock: nothing is waited for any longer */
    unsigned object_count, op_count;
    char run[17]; /* hexadecimal, of this run alone */
} Bench;

#define SHOWN_MAX 2

struct Trial {
    Bench *bench;
    const Rule *rule;
    CheckState state;
    char why[1024];
    const Exchange *shown[SHOWN_MAX]; /* that show the failure; NULL */
    Exchange *exchanges;              /* all, the last first */
    Arena arena;
    Json *owned;          /* an array that keeps what is to be freed */
    struct Thing *things; /* all, the last first */
    char lineage[33];     /* the state in whose name it asks */
};

/* ---- outcome ---- */

/* It does not hold, and `exchange` (may be NULL) shows it. */
void trial_fail(Trial *trial, const Exchange *exchange, const char *format, ...) PRINTF_LIKE(3, 4);

/* It cannot be tried here. */
void trial_skip(Trial *trial, const char *format, ...) PRINTF_LIKE(2, 3);

/* The exchange that the failing one has to be compared with. */
void trial_compare(Trial *trial, const Exchange *exchange);

#define REQUIRE(trial, condition, exchange, ...)                                                   \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            trial_fail(trial, exchange, __VA_ARGS__);                                              \
            return;                                                                                \
        }                                                                                          \
    } while (0)

void trial_init(Trial *trial, Bench *bench, const Rule *rule);
void trial_deinit(Trial *trial);

/* Have `json` freed with the trial; returns it. */
Json *trial_own(Trial *trial, Json *json);

bool bench_has(const Bench *bench, const char *capability);
int64_t bench_now_ms(void);
void bench_sleep_ms(int64_t ms);

/* ---- requests that change nothing ---- */

/* With the body if there is one, and the headers of VPP/1. Always returns an exchange. */
const Exchange *trial_ask(Trial *trial, const char *method, const char *path, const Json *body);
const Exchange *trial_get(Trial *trial, const char *format, ...) PRINTF_LIKE(2, 3);

/* The same, and NULL with the trial failed unless it is answered `status` with an object (or, of
 * 304, with nothing). */
const Exchange *trial_get_ok(Trial *trial, const char *format, ...) PRINTF_LIKE(2, 3);

/* POST {"items": [...]}, which is taken; NULL unless it is answered 200 with as many items. */
const Json *trial_batch(Trial *trial, const char *path, Json *items, const Exchange **ret);

/* A request made of anything; `count` at the same moment. */
void trial_send(Trial *trial, const WireRequest *requests, size_t count, const Exchange **ret);

/* The address of `path` at the provider. */
char *trial_url(Trial *trial, const char *path);

/* ---- replies ---- */

/* Fails unless it is a problem of that status and, if not NULL, one of the codes "A|B". */
bool expect_problem(Trial *trial, const Exchange *exchange, int status, const char *codes);
/* Fails unless the status is one of those, ended by 0. */
bool expect_status(Trial *trial, const Exchange *exchange, const int *statuses);

/* Whether there is a member of that name anywhere in it. */
bool json_mentions(const Json *json, const char *member);

#endif
