/* A domain's instance: its fields, its mailbox, how far each transition, goal and timer of it has
 * come, and where it stands in the runtime's lists.
 *
 * There may be millions that sleep, so an instance itself is small: what only one that is awake
 * needs is its Activity, what few have their Holdings. Read both as they are (`active`, `has`); who
 * writes asks instance_wake() or instance_holdings() for its own first.
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
#define MESSAGE_ATTEMPTS_MAX 5
#define INSTANCES_MAX 10000000
#define INSTANCE_KEY_MAX 1024 /* bytes */

typedef struct Member Member; /* see convergence.c */

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
    bool oscillating;        /* derived */
    uint8_t truth;           /* Truth; derived */
    uint32_t retries;        /* aborted slices since it was last met */
    int32_t last_transition; /* that ran for it; -1 */
    uint64_t unmet_since_ms; /* where its time is limited; 0: met, not yet evaluated, or no limit */
    /* derived */
    uint64_t truth_version; /* of the fields; 0: never evaluated */
    uint64_t truth_facts;   /* the same of the facts */
    uint64_t unmet_window;  /* convergence: last window in which it was unmet */
} GoalMark;

typedef struct TimerMark {
    uint64_t due_ms; /* 0: not due, or it has been in this arming */
    bool armed;      /* TIMER_AFTER: its condition holds */
    bool waits;      /* derived: its message is in the mailbox */
} TimerMark;

typedef struct DeadLetter {
    Message *message;
    char *reason;
} DeadLetter;

/* Lists that an instance may be in, each in O(1). From LIST_PERFORMING on they hold only instances
 * that are awake. */
typedef enum ListKind {
    LIST_DOMAIN,     /* those of one domain, in order of coming into being */
    LIST_TOUCHED,    /* derived: changed since the scheduler last looked */
    LIST_PERFORMING, /* with a pending slice, by its number */
    LIST_NEWS,       /* derived: a goal or timer has something to record */
    LIST_HELD_UP,    /* live only: waits for a resource or for room */
    LIST_READERS,    /* derived: reads facts */
    LIST_DROWSY,     /* derived: awake with nothing to do, the longest so first */
    LIST_COUNT
} ListKind;

#define LISTS_ALWAYS LIST_PERFORMING /* how many lists one that sleeps may be in */
#define LISTS_AWAKE (LIST_COUNT - LISTS_ALWAYS)

typedef struct List {
    Instance *first;
    Instance *last;
    size_t count;
} List;

typedef struct Link {
    Instance *next;
    Instance *previous;
} Link;

/* Times at which the scheduler looks at an instance by itself. */
typedef enum AlarmKind {
    ALARM_WAKE,   /* it is waited for: the end of a backoff, a timer */
    ALARM_EXPIRY, /* it is not: the end of a goal's time */
    ALARM_COUNT
} AlarmKind;

/* What only an instance that is awake needs: one that sleeps has nothing of it that matters, and
 * shares one that is all zero. */
typedef struct Activity {
    Mailbox mailbox;
    Pending *pending;
    Link links[LISTS_AWAKE];
    char *waits_for;              /* live only: a resource that a binding refers to; NULL */
    const Instance *puts_off_for; /* live only: a full mailbox that its slice would send to */
    bool handler_waits;           /* live only: for it; then nothing else is heard */
    char *undecided_after;        /* planning: prediction ended here; NULL */
    /* facts, derived */
    InstanceFacts facts;
    uint64_t message_lacks, run_lacks; /* see fact_is_lacked() */
    /* scheduling, derived */
    Cause next;           /* what it would do, while queued */
    uint32_t queue_place; /* in the queue of its urgency; 0: it is not queued */
    uint8_t urgency;
    uint64_t runnable_since;
    /* remembered, for what is asked for again and again */
    uint64_t digest_version; /* of the fields: for which the digest holds; 0: for none */
    Digest128 field_digest;
} Activity;

/* What few instances have, and keep while they sleep; the others share one that is all zero. */
typedef struct Holdings {
    Object *first_object, *last_object; /* derived: that it owns, by sequence */
    size_t object_count;
    Origin **origins; /* of its slices, by slice: see origin.h */
    size_t origin_count, origin_capacity;
    size_t first_stale; /* derived: among them; origin_count: none is stale */
    Run *runs;
    size_t run_count, run_capacity;
    Deed *deeds;
    size_t deed_count, deed_capacity;
    DeadLetter *dead_letters;
    size_t dead_letter_count, dead_letter_capacity;
    struct Crashes *crashes; /* NULL: no slice of it has killed the process lately */
    char *handler_reason;    /* why the last handler slice was aborted */
    uint32_t stop_failures;
    uint64_t stop_due_ms;
    bool stop_given_up; /* live only: in this run of apply */
} Holdings;

/* There may be millions: what stands here, every one of them has. */
struct Instance {
    Runtime *runtime;
    const ProgramDomain *domain;
    uint64_t identity;       /* a hash of domain and key */
    const char *key;         /* NULL: its domain has no keys; see instance_key_value() */
    uint64_t born;           /* order of coming into being, in this process */
    uint64_t started;        /* logical time at which it came into being */
    uint64_t version;        /* grows with every change of a field; from 1 */
    Trail *trail;            /* of the slice that last changed it, or began it; NULL: none has */
    const char *unlocked_by; /* the event or message that last changed its state; NULL. Of the
                              * runtime: see runtime_text() */
    const Activity *active;  /* to write to: instance_wake() */
    const Holdings *has;     /* to write to: instance_holdings() */
    Member *member;          /* derived: see convergence.h; NULL: of no group */
    Link links[LISTS_ALWAYS];
    TransitionMark *transitions; /* both stand behind the fields, as timers and key do */
    GoalMark *goals;
    uint32_t alarms[ALARM_COUNT]; /* derived: its places in the runtime's heaps, from 1; 0: none */
    uint32_t domain_index;
    uint32_t change;         /* live only: its place among the changes, from 1; 0: none */
    uint8_t listed;          /* a bit for each list that it is in */
    uint8_t handlers_in_row; /* up to HANDLERS_IN_ROW_MAX */
    bool is_gone : 1;  /* its domain is not in the program any more: it ends with its objects */
    bool stopping : 1; /* it has said `stop`: it ends when its mailbox is empty and its objects are
                        * gone */
    bool booted : 1;
    Value fields[];
};

/* The same in every process; NULL: the domain has no keys. */
uint64_t instance_identity(const Runtime *runtime, uint32_t domain_index, const char *key);

/* Make the instance (not yet recorded as started), with the fields' first values. */
Instance *instance_new(Runtime *runtime, uint32_t domain_index, const char *key);

/* Take it out of the runtime and free it. It owns no object. */
void instance_remove(Instance *instance);

/* Free all of the runtime. */
void instances_free(Runtime *runtime);

/* `Domain`, or `Domain["key"]`; the caller frees it. */
char *instance_label(const Instance *instance);
char *instance_label_of(const ProgramDomain *domain, const char *key);

/* How far each of its timers is. */
static inline TimerMark *instance_timers(const Instance *instance)
{
    return (TimerMark *)(instance->goals + instance->domain->goal_count);
}

/* Its key as the program sees it, as long as the instance is there; null: it has none. */
static inline Value instance_key_value(const Instance *instance)
{
    const char *string = instance->key;

    if (string == NULL)
        return value_null();
    return (Value){.type = VALUE_STRING,
                   .string = (const ValueString *)(string - offsetof(ValueString, bytes))};
}

/* ---- activity.c ---- */

extern const Activity ACTIVITY_NONE;
extern const Holdings HOLDINGS_NONE;

Activity *activity_give(Instance *instance);
Holdings *holdings_give(Instance *instance);

/* Its own activity, to write to. It stays until the scheduler has looked at the instance. */
static inline Activity *instance_wake(Instance *instance)
{
    return instance->active != &ACTIVITY_NONE ? (Activity *)instance->active
                                              : activity_give(instance);
}

/* Its own holdings, to write to. */
static inline Holdings *instance_holdings(Instance *instance)
{
    return instance->has != &HOLDINGS_NONE ? (Holdings *)instance->has : holdings_give(instance);
}

/* It has nothing to do: of those for which that is so the longest time some go to sleep. */
void instance_rest(Instance *instance);

void activity_free(Instance *instance);

/* The runtime ends; its instances are freed. */
void activities_deinit(Runtime *runtime);
void holdings_free(Instance *instance);

/* ---- lists and alarms ---- */

static inline bool link_is_in(const Instance *instance, ListKind kind)
{
    return (instance->listed >> kind & 1) != 0;
}

/* link_add() of one that is not in the list, link_remove() of one that is. */
void link_append(Instance *instance, ListKind kind);
void link_drop(Instance *instance, ListKind kind);

/* Nothing if it is in the list already, or is not. LIST_DOMAIN is kept by instance_new(),
 * LIST_PERFORMING by pending_set(), LIST_NEWS by news_add(), LIST_DROWSY by instance_rest(). */
static inline void link_add(Instance *instance, ListKind kind)
{
    if (!link_is_in(instance, kind))
        link_append(instance, kind);
}

static inline void link_remove(Instance *instance, ListKind kind)
{
    if (link_is_in(instance, kind))
        link_drop(instance, kind);
}

/* The one after it in that list, which it is in; NULL: it is the last. */
static inline Instance *link_next(const Instance *instance, ListKind kind)
{
    return kind < LISTS_ALWAYS ? instance->links[kind].next
                               : instance->active->links[kind - LISTS_ALWAYS].next;
}

/* A goal or timer of it has something to record: by domain, then in the order of coming into being,
 * so that it is the same in a successor. */
void news_add(Instance *instance);

/* When it goes off; 0: not at all. */
uint64_t alarm_at(const Instance *instance, AlarmKind kind);
void alarm_set(Instance *instance, AlarmKind kind, uint64_t at_ms);

/* The instance whose alarm comes first; NULL: there is none. */
Instance *alarm_first(const Runtime *runtime, AlarmKind kind);

/* Something it decides from has changed: the scheduler looks at it before the next slice. */
static inline void instance_touch(Instance *instance)
{
    link_add(instance, LIST_TOUCHED);
}

/* A whole run of it changed nothing, or faulted, and neither the state nor a fact that it or its
 * goal reads has changed since. */
bool transition_is_blocked(const Instance *instance, uint32_t transition);

/* A digest of all the fields, kept until the version grows. */
Digest128 field_digest_make(Instance *instance);

static inline Digest128 instance_field_digest(Instance *instance)
{
    return instance->active->digest_version == instance->version ? instance->active->field_digest
                                                                 : field_digest_make(instance);
}

/* The fields were set without a new version. */
void instance_fields_set(Instance *instance);

void run_deinit(Run *run);

#endif
