/* A domain's instance: its fields, its mailbox, how far each transition, goal and timer of it has
 * come, and where it stands in the runtime's lists.
 *
 * What is `derived` is rebuilt from the rest and never stored; `live only` is what this process
 * alone knows. */
#ifndef VED_CORE_INSTANCE_H
#define VED_CORE_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/core/cause.h"
#include "controller/core/fact.h"
#include "controller/core/mailbox.h"
#include "controller/core/object.h"
#include "controller/core/origin.h"
#include "controller/core/pending.h"
#include "lang/base/hash.h"
#include "lang/program.h"

#define HANDLERS_IN_ROW_MAX 64
#define HIGH_IN_ROW_MAX 3
#define MESSAGE_ATTEMPTS_MAX 5
#define INSTANCES_MAX 10000000
#define INSTANCE_KEY_MAX 1024 /* bytes */

/* A transition that has begun and has more slices; or a handler or timer that has yielded, whose
 * message is gone from the mailbox. */
typedef struct Run {
    int32_t transition; /* -1: a handler or timer */
    int32_t handler;
    int32_t timer;
    uint32_t next_step;
    uint32_t yield; /* behind which `yield` of the step; 0: from its start */
    Value *locals;
    size_t local_count;
    int32_t goal;
    CauseKind kind; /* BOOT, GOAL, MESSAGE or FALLBACK */
    uint32_t from;  /* domain that sent its message */
    Trail *by;      /* its last slice; held */
    Value *arguments;
    size_t argument_count;
    Digest128 began; /* digest of the fields at its begin */
    SeenFacts facts; /* that its slices and the goals that it serves have read so far */
    /* of a handler or timer; a transition has its mark */
    uint32_t attempts;
    uint64_t due_ms;
} Run;

typedef struct TransitionMark {
    bool blocked;
    bool faulted;
    uint64_t blocked_version;
    SeenFacts facts;   /* blocked: that it and the goals that it serves had read */
    uint64_t lacks;    /* live only: see fact_is_lacked() */
    uint32_t failures; /* aborted slices in a row */
    uint64_t due_ms;   /* not before */
    bool given_up;     /* in this run of apply */
    char *reason;      /* of the last failure or fault */
} TransitionMark;

typedef struct GoalMark {
    bool failed;
    bool fallback_done;
    uint32_t retries;        /* aborted slices since it was last met */
    uint64_t unmet_since_ms; /* where its time is limited; 0: met, not yet evaluated, or no limit */
    int32_t last_transition; /* that ran for it; -1 */
    /* derived */
    Truth truth;
    uint64_t truth_version; /* of the fields; 0: never evaluated */
    uint64_t truth_facts;   /* the same of the facts */
    uint64_t unmet_window;  /* convergence: last window in which it was unmet */
    bool oscillating;
} GoalMark;

typedef struct TimerMark {
    bool armed;      /* TIMER_AFTER: its condition holds */
    uint64_t due_ms; /* 0: not due, or it has been in this arming */
    bool waits;      /* derived: its message is in the mailbox */
} TimerMark;

typedef struct DeadLetter {
    Message *message;
    char *reason;
} DeadLetter;

/* Lists that an instance may be in, each in O(1). */
typedef enum ListKind {
    LIST_ALL,        /* of the runtime, in order of coming into being */
    LIST_DOMAIN,     /* those of one domain, likewise */
    LIST_PERFORMING, /* with a pending slice, by its number */
    LIST_TOUCHED,    /* derived: changed since the scheduler last looked */
    LIST_NEWS,       /* derived: a goal or timer has something to record */
    LIST_HELD_UP,    /* live only: waits for a resource or for room */
    LIST_READERS,    /* derived: reads facts */
    LIST_COUNT
} ListKind;

typedef struct List {
    Instance *first;
    Instance *last;
    size_t count;
} List;

typedef struct Link {
    Instance *next;
    Instance *previous;
    bool linked;
} Link;

/* Times at which the scheduler looks at an instance by itself. */
typedef enum AlarmKind {
    ALARM_WAKE,   /* it is waited for: the end of a backoff, a timer */
    ALARM_EXPIRY, /* it is not: the end of a goal's time */
    ALARM_COUNT
} AlarmKind;

typedef struct Alarm {
    uint64_t at_ms; /* 0: none */
    size_t slot;    /* in the runtime's heap, from 1; 0: not there */
} Alarm;

/* What `unlocked_by` says in words. */
typedef struct Unlocking {
    MessageKind kind;
    uint32_t from;
    const char *name; /* of the program; NULL: nothing yet */
} Unlocking;

struct Instance {
    Runtime *runtime;
    uint32_t domain_index;
    const ProgramDomain *domain;
    const char *key;   /* NULL: its domain has no keys */
    Value key_value;   /* the same, as the program sees it; owns it */
    uint64_t identity; /* hash of domain and key */
    uint64_t born;     /* order of coming into being, in this process */
    uint64_t started;  /* logical time at which it came into being */
    Instance *bucket_next;
    Link links[LIST_COUNT];
    bool is_gone;  /* its domain is not in the program any more: it ends with its objects */
    bool stopping; /* it has said `stop`: it ends when its mailbox is empty and its objects are gone
                    */
    uint32_t stop_failures;
    uint64_t stop_due_ms;
    bool stop_given_up;                 /* live only: in this run of apply */
    Object *first_object, *last_object; /* derived: that it owns, by sequence */
    size_t object_count;
    Origin **origins; /* of its slices, by slice: see origin.h */
    size_t origin_count, origin_capacity;
    size_t first_stale; /* derived: among them; origin_count: none is stale */
    Trail *trail;       /* of the slice that last changed it, or began it; NULL: none has */
    Value *fields;
    uint64_t version; /* grows with every change of a field; from 1 */
    bool booted;
    Mailbox mailbox;
    uint32_t handlers_in_row;
    Run *runs;
    size_t run_count, run_capacity;
    TransitionMark *transitions;
    GoalMark *goals;
    TimerMark *timers;
    Pending *pending;
    Deed *deeds;
    size_t deed_count, deed_capacity;
    DeadLetter *dead_letters;
    size_t dead_letter_count, dead_letter_capacity;
    struct Crashes *crashes; /* NULL: no slice of it has killed the process lately */
    char *unlocked_by;     /* the event or message that last changed its state; NULL */
    Unlocking unlocking;   /* derived: what that was made of */
    char *waits_for;       /* live only: a resource that a binding refers to; NULL */
    bool handler_waits;    /* live only: for it; then nothing else is heard */
    char *undecided_after; /* planning: prediction ended here; NULL */
    char *handler_reason;  /* why the last handler slice was aborted */
    /* facts, derived */
    InstanceFacts facts;
    uint64_t message_lacks, run_lacks; /* see fact_is_lacked() */
    /* scheduling, derived */
    Cause next; /* what it would do, while queued */
    Alarm alarms[ALARM_COUNT];
    bool queued;
    uint8_t urgency;
    uint64_t runnable_since;
    Instance *queue_next, *queue_previous;
    /* convergence, derived */
    Instance *group;
    Instance *group_next;
    Digest128 field_digest;
    Digest128 configuration;
    uint64_t group_size;
    Digest128 group_sum;
    uint64_t group_slices;
    uint64_t group_window, window_slices, window_power; /* 0: no tortoise yet */
    Digest128 tortoise;
    bool window_effects;
    Digest128 window_answers, last_lap_answers;
    uint64_t last_lap_slices;
    const Instance *puts_off_for; /* live only: a full mailbox that its slice would send to */
    bool resting; /* proved to loop: runs no more until something comes from outside */
    const char *resting_kind;
};

/* Make the instance (not yet recorded as started), with the fields' first values. */
Instance *instance_new(Runtime *runtime, uint32_t domain_index, const char *key);

/* Take it out of the runtime and free it. It owns no object. */
void instance_remove(Instance *instance);

/* Free all of the runtime. */
void instances_free(Runtime *runtime);

/* `Domain`, or `Domain["key"]`; the caller frees it. */
char *instance_label(const Instance *instance);
char *instance_label_of(const ProgramDomain *domain, const char *key);

/* Nothing if it is in the list already, or is not. LIST_ALL and LIST_DOMAIN are kept by
 * instance_new(), LIST_PERFORMING by pending_set(), LIST_NEWS by news_add(). */
void link_add(Instance *instance, ListKind kind);
void link_remove(Instance *instance, ListKind kind);

/* A goal or timer of it has something to record: in the order of coming into being, so that it is
 * the same in a successor. */
void news_add(Instance *instance);

/* 0: none. */
void alarm_set(Instance *instance, AlarmKind kind, uint64_t at_ms);

/* The instance whose alarm comes first; NULL: there is none. */
Instance *alarm_first(const Runtime *runtime, AlarmKind kind);

/* Something it decides from has changed: the scheduler looks at it before the next slice. */
void instance_touch(Instance *instance);

/* A whole run of it changed nothing, or faulted, and neither the state nor a fact that it or its
 * goal reads has changed since. */
bool transition_is_blocked(const Instance *instance, uint32_t transition);

/* Recompute what is derived from the fields after they were set. */
void instance_fields_changed(Instance *instance);

void run_deinit(Run *run);

#endif
