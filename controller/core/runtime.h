/* The core: told what happened, it decides, and says what is to be done about it.
 *
 * Nothing here reads a clock, a disk or a socket: time, answers and observations arrive in events,
 * and the same events always lead to the same records. The one rule for the host: what a step
 * returns in `records` must be durable before anything of the same step leaves the process or is
 * shown. */
#ifndef VED_CORE_RUNTIME_H
#define VED_CORE_RUNTIME_H

#include "controller/core/convergence.h"
#include "controller/core/record.h"
#include "controller/core/state.h"

#define RUNTIME_SLICES_A_STEP 128
#define RUNTIME_SLICES_BEHIND                                                                      \
    16 /* at most, in a step, after one that leaves something to be seen */
#define RUNTIME_STEP_SIZE                                                                          \
    (4 << 20) /* bytes of records and texts: then a step takes no new slice                        \
               */
#define RUNTIME_MAX_SLICES 10000000

typedef enum EventType {
#define EVENT(name) EVENT_##name,
#include "controller/core/event.def"
#undef EVENT
} EventType;

typedef struct Event {
    EventType type;
    uint64_t now_ms; /* the host's clock: wall time at its start, then what has passed */
    /* EVENT_ANSWER */
    uint64_t intent;
    bool applied;
    const char *external_id;
    const char *result; /* JSON object: the object's state, the action's result */
    const char *code;
    CallTimes times;    /* what is known of them */
    const char *detail; /* EVENT_OBSERVED: reason; EVENT_BEGIN: boot id; EVENT_CRASHED: how */
    /* EVENT_OBSERVED; EVENT_DRIFTED: the uid */
    const char *uid;
    bool lost;
    bool changed; /* it is there, but with another `result` or `external_id` */
    /* EVENT_FACT, with `applied`, and `result` – the value – or `detail` */
    const char *fact;
    /* EVENT_FACTS_DUE */
    const char *provider; /* NULL: of all */
    /* EVENT_BEGIN */
    const char *digest;
    /* EVENT_CRASHED: as in SliceNote */
    uint64_t instance;
    uint64_t message;
    uint64_t run;
    bool by_itself; /* not killed by somebody */
} Event;

typedef enum NoticeKind {
#define NOTICE(name, text) NOTICE_##name,
#include "controller/core/notice.def"
#undef NOTICE
} NoticeKind;

/* What happened, for people and tests; carries no authority. Texts live until the next step. */
typedef struct Notice {
    NoticeKind kind;
    const char *domain;  /* NULL where it concerns none */
    const char *key;     /* of the instance; NULL: its domain has none */
    const char *who;     /* both, for people: `Domain` or `Domain["key"]` */
    const char *address; /* NOTICE_EFFECT_*, LOST: of the object or action; else NULL */
    const char *op;
    const char *external_id;
    const char *code; /* of a failure */
    const char *text; /* what was said, why it failed, which cause */
    IntentVerb verb;
    bool changed;  /* EFFECT_DONE: an object that existed has other inputs now */
    bool repaired; /* EFFECT_DONE: an object that existed or had been lost was asked for again */
    uint64_t slice;
} Notice;

/* A question about a fact. */
typedef struct FactQuery {
    const char *fact; /* its key: comes back with EVENT_FACT */
    const char *provider;
    const char *query;
    const char *arguments; /* a JSON object; those without a name are "0", "1" ... */
} FactQuery;

typedef struct Effects {
    Arena arena;    /* of texts and arrays here; reset by the next step */
    Buffer records; /* payloads, one after the other */
    size_t *record_ends;
    size_t record_count, record_capacity;
    Intent **calls; /* to be asked of their providers, once the records are durable */
    size_t call_count, call_capacity;
    FactQuery *queries; /* to be asked likewise; each is answered by one EVENT_FACT */
    size_t query_count, query_capacity;
    Notice *notices;
    size_t notice_count, notice_capacity;
    size_t slice_count; /* that have committed */
    bool leaves;        /* there is a call or a log line, which waits for the rest of the step */
} Effects;

typedef struct RuntimeOptions {
    bool planning;       /* results are unknown, nothing is journalled */
    bool retry_failed;   /* a controller: failed effects are tried again for ever */
    bool adopt;          /* what stands in the way and is nobody's is taken over */
    bool repair_only;    /* make again what is lost or has drifted; begin nothing else */
    bool settling;       /* finish what was sent, begin nothing */
    bool timers;         /* a controller: `every` timers fire, and all timers are waited for */
    bool tells_slices;   /* each slice that commits is told by a notice, beside being counted */
    uint64_t max_slices; /* 0: no limit */
} RuntimeOptions;

void effects_init(Effects *effects);
void effects_reset(Effects *effects); /* empty, to be filled again */
void effects_deinit(Effects *effects);

/* Decide about one event. After it: append and sync `records`, then start `calls` and `queries`,
 * then show `notices`. */
void runtime_step(Runtime *runtime, const RuntimeOptions *options, const Event *event,
                  Effects *effects);

/* True if EVENT_TURN would run a slice now. */
bool runtime_is_runnable(Runtime *runtime);

/* The process before died in a slice that may not be durable: until that has been passed, the host
 * makes each step durable before the next. */
bool runtime_is_wary(const Runtime *runtime);

/* When the core has something to do by itself, also if nobody waits for it: the end of a goal's
 * time, or what runtime_next_wake() says. 0: never. */
uint64_t runtime_next_alarm(const Runtime *runtime);

/* When a backoff ends, or a timer is due that is waited for: with `timers` any, else `after` in a
 * domain with an unmet goal. 0: nothing waits for time. */
uint64_t runtime_next_wake(const Runtime *runtime);

/* Something waits for a fact to change: an unmet or unknown goal that reads one, or code that lacks
 * one. */
bool runtime_awaits_facts(const Runtime *runtime);

/* Intents that are open and have been handed to the host, or must be. */
size_t runtime_open_intents(const Runtime *runtime);

/* After recovery: hand every open intent out again (`recovered` set), so that it is asked about. */
void runtime_resume_calls(Runtime *runtime, const RuntimeOptions *options, Effects *effects);

typedef enum GoalStatus {
    GOAL_MET,
    GOAL_UNMET,
    GOAL_UNKNOWN,
    GOAL_BLOCKED,
    GOAL_FAULTED,
    GOAL_OSCILLATING,
    GOAL_FAILED
} GoalStatus;

GoalStatus goal_status(const Instance *instance, uint32_t goal);
const char *goal_status_name(GoalStatus status);

/* One sentence: what an unmet goal waits for, or why it is as it is. The caller frees it. */
char *goal_explain(const Instance *instance, uint32_t goal);

/* One sentence: why nothing more of the instance runs until somebody does something about it. NULL:
 * that is not so. The caller frees it. */
char *instance_stuck(const Instance *instance);

/* One sentence: what keeps it from having run its boot, without which it does nothing else. NULL:
 * it has, or has none. The caller frees it. */
char *instance_unbegun(const Instance *instance);

/* For people: "goal Ready, transition Boot_db", "event DatabaseReady from Database". In the arena.
 */
const char *cause_describe(const Instance *instance, const Cause *cause, Arena *arena);

#endif
