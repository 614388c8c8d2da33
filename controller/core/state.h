/* Everything durable that the core knows about one stack, and the shapes it is made of.
 *
 * Only record_apply() changes it – live and in recovery alike –, so what a process believed and
 * what its successor reads back from the journal cannot differ. Values held here are on the heap
 * (value_clone); strings likewise. Derived things (goal truths, queues) are rebuilt, never stored.
 */
#ifndef VED_CORE_STATE_H
#define VED_CORE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "controller/core/bindings.h"
#include "controller/core/fact.h"
#include "controller/core/mailbox.h"
#include "lang/base/hash.h"
#include "lang/base/map.h"
#include "lang/program.h"
#include "lang/value.h"
#include "lang/vm.h"

#define UID_SIZE 33 /* 32 hexadecimal digits and NUL */
#define OP_SIZE 37  /* a UUID in text and NUL */
#define HANDLERS_IN_ROW_MAX 64
#define HIGH_IN_ROW_MAX 3
#define MESSAGE_ATTEMPTS_MAX 5
#define DEAD_LETTERS_MAX 10000
#define INSTANCES_MAX 10000000
#define INSTANCE_KEY_MAX 1024 /* bytes */

/* Why a slice runs. */
typedef enum CauseKind {
#define CAUSE(name, text) CAUSE_##name,
#include "controller/core/cause.def"
#undef CAUSE
} CauseKind;

typedef struct Cause {
    CauseKind kind;
    int32_t transition; /* -1: none */
    int32_t handler;    /* -1: none */
    int32_t timer;      /* -1: none */
    int32_t goal;       /* -1: none */
    uint32_t step;      /* which slice of the transition */
    uint32_t yield;     /* behind which `yield` of it, from 1; 0: from its start */
    uint32_t run;       /* CAUSE_RUN: which open run */
    uint64_t message;   /* consumed at commit; 0: none */
    uint64_t origin;    /* CAUSE_REVISE: the slice that is computed again; 0: none */
} Cause;

/* Nothing of the program's text, yet. */
static inline Cause cause_of(CauseKind kind)
{
    return (Cause){.kind = kind, .transition = -1, .handler = -1, .timer = -1, .goal = -1};
}

typedef struct FieldChange {
    uint32_t field;
    Value value;
    bool left; /* CAUSE_REVISE: something else has set the field since, and it stays as it is */
} FieldChange;

/* What a slice puts out beside its effects: an event, a message, a log line, the start of an
 * instance, or its own end. */
typedef struct Emission {
    OutputKind kind;
    bool high;
    bool to_handler; /* OUTPUT_MESSAGE: `transition` is a handler */
    bool same;       /* it was said before, and is not said again */
    bool travels;    /* `former` was said before, and now it says this */
    bool unsaid;     /* `former` was said before, and is not any more */
    uint32_t event;
    uint32_t domain;
    uint32_t transition;
    char *key;      /* OUTPUT_MESSAGE, SPAWN: of the keyed domain's instance; NULL: not keyed */
    char *elevated; /* OUTPUT_MESSAGE: the reason of the `elevate` around it; NULL: none */
    Value *arguments;
    size_t argument_count;
    Value *former;
    size_t former_count;
    FieldChange *first; /* OUTPUT_SPAWN: fields that are given their first value */
    size_t first_count;
} Emission;

/* What a slice would change and send; visible once it commits. */
typedef struct Proposal {
    FieldChange *changes;
    size_t change_count;
    Emission *emissions;
    size_t emission_count;
    uint32_t *reads; /* fields that it has read, where it has effects: see Origin */
    size_t read_count;
    uint32_t yield; /* it goes on behind that `yield`, with these locals; 0: it is at its end */
    Value *locals;
    size_t local_count;
} Proposal;

/* What becomes of a timer. */
typedef struct TimerChange {
    uint32_t timer;
    bool armed;
    bool fires; /* its message is put into the mailbox */
    uint64_t due_ms;
} TimerChange;

/* An instance that comes into being. */
typedef struct InstanceStart {
    uint32_t domain;
    const char *key; /* NULL: not keyed */
    Value *fields;   /* of the domain, in order */
    TimerChange *timers;
    size_t timer_count;
} InstanceStart;

/* What emitted an object or action: where in the text, for which effect. */
typedef struct Place {
    char *where;  /* transition, handler or timer: see cause_where() */
    char *effect; /* "Infra.CreatePostgres", as the program writes it */
    uint32_t site;
} Place;

typedef enum IntentVerb { INTENT_PUT, INTENT_ACTION, INTENT_DELETE } IntentVerb;
typedef enum IntentState {
    INTENT_OPEN,
    INTENT_APPLIED,
    INTENT_FAILED,
    INTENT_RECALLED
} IntentState;

/* One wish addressed to a provider, durable before anything is sent; see language: Keys. */
typedef struct Intent {
    uint64_t number; /* never used twice by a stack */
    IntentVerb verb;
    IntentState state;
    char uid[UID_SIZE]; /* of the object; "" for actions */
    char op[OP_SIZE];
    char *address;
    char *provider; /* name in the program, or the binding found for a bare effect */
    char *action;   /* the provider's name of the effect */
    char *type;
    char *arguments; /* canonical JSON: the `desired` of the request */
    Place place;
    char *name;              /* name: of the emission; NULL */
    char *key;               /* idempotency_key: of the emission; NULL */
    bool handled;            /* has an else: a failure is an answer */
    bool released;           /* INTENT_DELETE: by the program; else by the runtime */
    bool adopts;             /* INTENT_PUT: takes over what is there and is not Ved's */
    uint32_t group;          /* those of one `parallel` are asked for together; 0: in none */
    char replaces[UID_SIZE]; /* INTENT_PUT: the object whose place it takes; "": none */
    uint32_t turn;           /* derived: how many of the same slice, site and effect go before it */
    int64_t timeout_ms;
    uint64_t generation; /* how often the object was asked for, this time included */
    /* the answer */
    char *external_id;
    char *result; /* JSON: state of the object or result of the action */
    char *code;   /* of a failure */
    char *detail;
    bool was_asked; /* live only: handed to the host in this process */
    bool recovered; /* live only: may have been sent by an earlier process */
} Intent;

/* The slice whose effects are being performed. */
typedef struct Pending {
    uint64_t slice;
    Cause cause;
    Proposal proposal;
    Intent **intents;
    size_t intent_count;
    bool outdated;         /* what its arguments were made from has changed since */
    bool awaits;           /* an answer is needed to compute further: the proposal is not final */
    SeenFacts facts;       /* that it began with */
    size_t settled;        /* derived: so many from the start on have their answers */
    const Intent *failure; /* derived: the first of those that failed without an else; NULL */
    size_t found;          /* derived: where the intent stands that was looked for last */
} Pending;

/* What one effect of a slice came to. */
typedef struct OriginEffect {
    IntentVerb verb; /* INTENT_PUT or INTENT_ACTION */
    char *effect;    /* as in Place */
    uint32_t site;
    char *name;         /* name: or idempotency_key: of the emission; NULL */
    char uid[UID_SIZE]; /* INTENT_PUT: its object, whose outputs are the result; "": it has none */
    bool released;      /* INTENT_PUT: the program has released that object since */
    char *arguments;    /* INTENT_ACTION, or failed: canonical JSON */
    char *result;       /* INTENT_ACTION: JSON */
    bool failed;        /* and its else block ran, with these two */
    char *code;
    char *detail;
} OriginEffect;

/* A field that a slice left with another value than it found. */
typedef struct OriginChange {
    char *field;
    Digest128 after; /* digest of the value: see value_digest() */
    Value before;
} OriginChange;

/* The record of a slice that emitted objects, shared by them: what it read, and what it came to. A
 * changed program, and a changed result, message or parameter, are put to it by computing it again
 * (language: evolution). */
typedef struct Origin {
    Instance *owner;
    uint32_t references; /* of objects, and of whoever is making it */
    uint64_t slice;
    Cause cause;
    char *where;
    char **field_names; /* that it read; the others are seen with their present values */
    Value *fields;
    size_t field_count;
    Value *arguments;
    size_t argument_count;
    Value *locals; /* kept by the `yield` that it went on from */
    size_t local_count;
    SeenFacts facts;
    OriginEffect *effects; /* in the order of emission, without releases */
    size_t effect_count;
    OriginChange *changes;
    size_t change_count;
    Emission *said; /* its emissions with their content, without logs: proposal_emissions_clone() */
    size_t said_count;
    bool stale;        /* to be computed again: something that it depends on has changed */
    bool unsaid;       /* the message that it handled is said no more: it comes to nothing */
    bool vacant;       /* one of its objects was forgotten by hand: kept for one that is imported */
    char *because;     /* stale: what has changed, for people */
    uint32_t failures; /* in a row, of computing it again */
    uint64_t due_ms;   /* not before */
    bool given_up;     /* live only: in this run of apply */
    uint64_t lacks;    /* live only: see fact_is_lacked() */
} Origin;

typedef enum ObjectState {
    OBJECT_WANTED, /* an intent to make it is open or has just been answered; not committed */
    OBJECT_READY,
    OBJECT_LOST,
    OBJECT_LEFT,   /* an aborted attempt made it; the next emission of its place takes it up */
    OBJECT_LEAVING /* its destruction is intended */
} ObjectState;

typedef struct Object Object;
struct Object {
    char uid[UID_SIZE];
    ObjectState state;
    ObjectState before; /* while wanted: what to return to */
    bool exists;        /* a provider has confirmed it */
    Instance *owner;
    Object *owner_next, *owner_previous; /* derived: of the same owner, by sequence */
    Place place;
    uint32_t ordinal; /* among the objects of that domain, transition and effect: the [n] */
    char *name;
    char *provider;
    char *action;
    char *type;
    char *external_id;
    char *inputs;      /* canonical JSON */
    char *outputs;     /* JSON; NULL: not known yet */
    char *reason;      /* why lost */
    uint64_t rank;     /* order of first commit; 0: none yet */
    uint64_t sequence; /* order of making, for the lists of a place */
    uint64_t generation;
    Origin *origin; /* NULL: nothing is known of how it came to be */
    bool condemned; /* nothing wants it any more: it is destroyed before its domain goes on */
    char *condemned_because;
    Intent *leaving; /* the open intent to destroy it */
    bool drifted;    /* live only: found to be otherwise than it was made: see EVENT_DRIFTED */
    bool replace;    /* by hand: its slice, computed again, makes another one in its place */
    bool by_hand; /* put there by hand, not by an emission: the next one of its place takes it up,
                   * and until then nothing condemns it. If it does not exist, what is known by its
                   * external id is taken over by that */
    uint32_t repair_failures;
    uint64_t repair_due_ms;
    bool reached;  /* while a slice commits: it is of it */
    bool given_up; /* live only: its repair or destruction failed in this run of apply */
};

/* An action done in an attempt that did not commit, or one with a key: its answer is taken again.
 * It belongs to what is tried again; see deed_is_of_another(). */
typedef struct Deed {
    char *place_key; /* where, effect, site and turn; or the idempotency key */
    char *arguments;
    char *result;
    bool keyed;
    char *where;
    uint64_t message; /* whose attempt it was; 0: none's */
    bool of_run;      /* the attempt was one of an open run to go on */
} Deed;

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
    char *unlocked_by;     /* the event or message that last changed its state; NULL */
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

typedef struct Retained {
    uint32_t event;
    uint32_t domain; /* the emitter's */
    Value *arguments;
    size_t argument_count;
} Retained;

/* An event that a faded record had said: whoever says it next says it in its place. */
typedef struct Withdrawn {
    uint64_t at; /* logical time of its own: who started from then on has not heard it */
    uint32_t event;
    Value *arguments;
    size_t argument_count;
} Withdrawn;

/* What a runtime keeps of each domain of its program. */
typedef struct DomainEntry {
    List instances;
    size_t awaited;              /* derived: stale records of slices that said something to it */
    const char *const *handlers; /* their names; see cause_where() */
    const char *const *timers;
} DomainEntry;

typedef struct AlarmHeap {
    Instance **items;
    size_t count, capacity;
} AlarmHeap;

typedef struct Queue {
    Instance *first;
    Instance *last;
} Queue;

struct Runtime {
    const Program *program;
    const Bindings *bindings;
    bool planning;
    char lineage[UID_SIZE];
    uint64_t epoch;
    uint64_t next_intent;
    uint64_t next_message;
    uint64_t next_rank;
    uint64_t next_sequence;
    uint64_t logical_time; /* slices run */
    uint64_t time_ms;      /* of the newest record */
    char boot_id[64];
    Arena arena;                /* of what is made once */
    DomainEntry *domains;       /* as those of the program, and behind them those that are gone */
    const ProgramDomain **gone; /* that the program has no more, while objects of them exist */
    size_t gone_count;
    List lists[LIST_COUNT];
    uint64_t next_born;
    Instance **buckets; /* by identity */
    size_t bucket_count;
    Map system_starts; /* those of keyed instances that are done: they are done once */
    Object **objects;  /* by sequence */
    Map objects_by_uid;
    size_t lost_count;      /* derived: how many are OBJECT_LOST */
    size_t left_count;      /* derived: how many are OBJECT_LEFT */
    size_t condemned_count; /* derived: how many are condemned */
    size_t object_count, object_capacity;
    Retained *retained;
    size_t retained_count, retained_capacity;
    Withdrawn *withdrawn; /* in the order of fading */
    size_t withdrawn_count, withdrawn_capacity;
    bool judging; /* an edit is judged: a lost object counts with its last result */
    bool destroying;
    bool resources_came;  /* live only: or room; a half-performed slice may wait for that */
    Value **first_values; /* [domain][field] for domains that start; NULL: the program's */
    AlarmHeap alarms[ALARM_COUNT]; /* derived */
    uint64_t convergence_windows;
    Queue queues[256]; /* derived: runnable instances by urgency */
    uint64_t queues_used[4];
    FactTable facts;
    char *program_digest; /* of text, bindings and parameters together */
};

/* An empty stack: every domain the program starts will be started by its first step. `lineage` is
 * 32 hexadecimal digits. Program and bindings must outlive it. */
Runtime *runtime_new(const Program *program, const Bindings *bindings, const char *lineage);
void runtime_free(Runtime *runtime);
CLEANUP_DEFINE(Runtime *, runtime_free);

/* The domain of that index: of the program, or behind them one that is gone. */
const ProgramDomain *runtime_domain(const Runtime *runtime, uint32_t index);

/* The index of the domain that is gone, made if it is not there. One of the same name may have come
 * back since: they are two. Its instances may have keys or not. */
uint32_t runtime_gone_domain(Runtime *runtime, const char *name);

/* The index of the domain that records call so: with `gone`, one that is gone. -1: there is none.
 */
int runtime_domain_find(const Runtime *runtime, const char *name, bool gone);

/* The instance of that domain – with that key, NULL for a domain without keys –, or NULL while
 * there is none. If there is none of the program, one that is gone. */
Instance *runtime_find(const Runtime *runtime, const char *domain, const char *key);

/* The same, by the domain's index. */
Instance *instance_find(const Runtime *runtime, uint32_t domain, const char *key);

/* All instances, in the order in which they came into being:
 * for (i = instance_first(runtime); i != NULL; i = instance_next(i)). */
static inline Instance *instance_first(const Runtime *runtime)
{
    return runtime->lists[LIST_ALL].first;
}

static inline Instance *instance_next(const Instance *instance)
{
    return instance->links[LIST_ALL].next;
}

static inline size_t instance_count(const Runtime *runtime)
{
    return runtime->lists[LIST_ALL].count;
}

/* Those with a pending slice, by its number. */
static inline Instance *performing_first(const Runtime *runtime)
{
    return runtime->lists[LIST_PERFORMING].first;
}

static inline Instance *performing_next(const Instance *instance)
{
    return instance->links[LIST_PERFORMING].next;
}

/* Make the instance (not yet recorded as started), with the fields' first values. */
Instance *instance_new(Runtime *runtime, uint32_t domain_index, const char *key);

/* Take it out of the runtime and free it. It owns no object. */
void instance_remove(Instance *instance);

/* Free all of them. */
void instances_free(Runtime *runtime);

/* `Domain`, or `Domain["key"]`; the caller frees it. */
char *instance_label(const Instance *instance);
char *instance_label_of(const ProgramDomain *domain, const char *key);

/* Nothing if it is in the list already, or is not. LIST_ALL and LIST_DOMAIN are kept by
 * instance_new(), LIST_PERFORMING by pending_set(), LIST_NEWS by news_add(). */
void link_add(Instance *instance, ListKind kind);
void link_remove(Instance *instance, ListKind kind);

/* Begin a slice with effects, or end it (NULL); what was pending is the caller's. */
void pending_set(Instance *instance, Pending *pending);

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

/* Objects and open intents of the provider have another one from now on. */
void provider_rename(Runtime *runtime, const char *from, const char *to);

Object *object_find(const Runtime *runtime, const char *uid);
Intent *intent_find(const Runtime *runtime, uint64_t number, Instance **ret_owner);

/* It belongs to the owner's pending slice; else to an object that is destroyed by itself. */
bool intent_is_of_slice(const Instance *owner, const Intent *intent);
void intent_free(Intent *intent);
void pending_free(Pending *pending);

/* A copy on the heap, and its end. */
void proposal_clone(Proposal *ret, const Proposal *proposal);
void proposal_deinit(Proposal *proposal);

/* The same of what it says: without logs, and without what it only takes back. */
Emission *proposal_emissions_clone(const Proposal *proposal, size_t *ret_count);
void emissions_free(Emission *emissions, size_t count);
void run_deinit(Run *run);

/* What the text that a cause runs is called, in records and addresses: "Boot_db" of a transition,
 * "DatabaseReady" of an event's handler, "Infra.lost" of what is reported, "every_5m" of a timer.
 */
const char *cause_where(const Instance *instance, const Cause *cause);

/* What a message of its mailbox is for: the event, transition, timer ... by that name. */
const char *message_name(const Instance *instance, const Message *message);

/* -1: the domain has none of that name. */
int handler_find(const Runtime *runtime, uint32_t domain, const char *name);
int timer_find(const Runtime *runtime, uint32_t domain, const char *name);
void object_free(Object *object);

/* The runtime owns it from then on; removing frees it. */
void object_add(Runtime *runtime, Object *object);
void object_remove(Runtime *runtime, Object *object);

/* It belongs to another instance from now on; its origin, if it has one, must not be of the former.
 */
void object_give(Object *object, Instance *owner);

/* Whether its domain has a handler for changes of it: else the host need not look for any. */
bool object_hears_changes(const Object *object);

/* Its transition says @protect, or its binding does: nothing may destroy it. */
bool object_is_protected(const Object *object);

/* The first of the instance's objects that is protected; NULL: none. */
const Object *instance_protected(const Instance *instance);

/* The only way to another state, once added. */
void object_move(Object *object, ObjectState state);

/* Nothing wants it any more; `because` says why, for people. The first reason stays. */
void object_condemn(Object *object, const char *because);

/* Something wants it again. */
void object_spare(Object *object);

/* `Domain.Transition.Effect[n]`, or `Domain.Effect["name"]`, with `Domain["key"]` for an instance
 * that has one; the caller frees it. */
char *object_address(const Object *object);

/* What a slice of domain `from` had said is said no more, and nobody is told of that: it is not
 * retained, and the next event of that name travels in its place. The content is copied. */
void event_withdraw(Runtime *runtime, uint32_t from, uint32_t event, const Value *arguments,
                    size_t count);

/* No event is retained or withdrawn any more. */
void said_forget(Runtime *runtime);

Value *values_clone(const Value *values, size_t count);
void values_free(Value *values, size_t count);
bool values_equal(const Value *a, size_t a_count, const Value *b, size_t b_count);

/* Set a heap string that is owned by its holder; `text` may be NULL. */
void string_set(char **holder, const char *text);

#endif
