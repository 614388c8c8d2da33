/* The turn of the host: events into the core, records to disk, then – and only then – calls and
 * words.
 *
 * The same engine applies and destroys; the controller is the same without an end. */
#ifndef VED_HOST_ENGINE_H
#define VED_HOST_ENGINE_H

#include "controller/host/stack.h"

typedef struct Engine Engine;

/* What the engine tells while it runs; everything told is durable. Each may be NULL. */
/* What a call does: "create", "update", "run" or "delete". Ask while it is open. */
const char *call_action(const Runtime *runtime, const Intent *intent);

typedef struct EngineObserver {
    void *user;
    void (*on_notice)(void *user, const Notice *notice);
    void (*on_call)(void *user, const Intent *intent); /* its request is about to be sent */
    void (*on_unknown)(void *user, const Intent *intent, const char *reason);
    void (*on_warning)(void *user, const char *text);
    void (*on_waiting)(void *user); /* nothing is under way but facts that goals wait for */
    void (*on_stopping)(void *user, int signal_number, int running);
} EngineObserver;

typedef struct EngineOptions {
    uint64_t max_slices;
    int64_t timeout_ms; /* 0: none */
    bool adopt;         /* what a provider has and is nobody's is taken over, not refused */
    bool repair_only;   /* make again what is lost or changed, and run nothing else */
    bool read_only;     /* observe in memory only: for plan */
    bool notes_slices;  /* a domain whose slice kills the process is found out: running.h */
    /* Asked before each call, with its call_action(); false ends the run with ERROR_STALE. NULL:
     * everything may be called. */
    bool (*may_call)(void *user, const Intent *intent, const char *action);
    void *may_call_user;
} EngineOptions;

typedef enum EngineEnd {
    ENGINE_QUIET,       /* nothing is under way any more */
    ENGINE_TIMEOUT,     /* --timeout */
    ENGINE_INTERRUPTED, /* a signal; see engine_signal() */
    ENGINE_FAILED       /* the state could not be written, or a provider broke the contract */
} EngineEnd;

typedef struct EngineCounts {
    unsigned added, changed, destroyed, run, failed, unknown;
    unsigned dead_letters, faults, aborts;
} EngineCounts;

/* Signals are taken over from here on, the one included that came while connecting. The stack must
 * be connected and outlive it. The caller frees with engine_free(). */
Engine *engine_new(Stack *stack, const EngineOptions *options, const EngineObserver *observer);
void engine_free(Engine *engine);
CLEANUP_DEFINE(Engine *, engine_free);

/* Ask the providers which of the state's objects still exist, and tell the core. ENGINE_QUIET: all
 * have said; ENGINE_FAILED with ERROR_PROVIDER if one could not. */
EngineEnd engine_observe(Engine *engine, Error *err);

/* Ask about and await what an earlier process may have sent, beginning nothing: before a changed
 * program takes over, and before destroying. */
EngineEnd engine_settle(Engine *engine, Error *err);

/* Run until quiet. */
EngineEnd engine_apply(Engine *engine, Error *err);

/* Begin to run for ever: timers of all kinds fire, facts and objects are observed at their
 * provider's interval, what failed is tried again. Returns at once; the loop does the rest, until a
 * failure, or a signal that the stack was told of. */
void engine_control(Engine *engine);

/* Whether that has come to its end, and how: then engine_finish(). ENGINE_FAILED: `err` says why.
 */
bool engine_has_ended(const Engine *engine, EngineEnd *ret, Error *err);

/* Look at all objects at once; `believed`: even if many are gone. */
void engine_look(Engine *engine, bool believed);

/* Destroy everything the state owns, last first, then forget the domains. */
EngineEnd engine_destroy(Engine *engine, Error *err);

/* Fold the journal into a checkpoint and mark the orderly stop. */
int engine_finish(Engine *engine, Error *err);

const EngineCounts *engine_counts(const Engine *engine);
int engine_signal(const Engine *engine); /* 0: none */
uint64_t engine_now_ms(const Engine *engine);
int engine_failure_kind(const Engine *engine); /* the gravest ErrorKind of a failed call; 0: none */

#endif
