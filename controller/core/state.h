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

typedef struct Instance Instance;
typedef struct Runtime Runtime;

/* Why a slice runs. */
typedef enum CauseKind {
    CAUSE_BOOT,
    CAUSE_GOAL,
    CAUSE_MESSAGE, /* an event's handler, or the first slice of a transition that was sent for */
    CAUSE_RUN,     /* the next slice of an open run */
    CAUSE_FALLBACK,
    CAUSE_REPAIR /* of a lost object, by the runtime */
} CauseKind;

typedef struct Cause {
    CauseKind kind;
    int32_t transition; /* -1: none */
    int32_t handler;    /* -1: none */
    int32_t goal;       /* -1: none */
    uint32_t step;      /* which slice of the transition */
    uint32_t run;       /* CAUSE_RUN: which open run */
    uint64_t message;   /* consumed at commit; 0: none */
} Cause;

typedef struct FieldChange {
    uint32_t field;
    Value value;
} FieldChange;

/* An event, message or log line a slice puts out, beside its effects. */
typedef struct Emission {
    OutputKind kind;
    bool high;
    uint32_t event;
    uint32_t domain;
    uint32_t transition;
    Value *arguments;
    size_t argument_count;
} Emission;

/* What emitted an object or action: where in the text, for which effect. */
typedef struct Place {
    char *where;  /* transition or handler ("on DatabaseReady") */
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
    char *name;   /* name: of the emission; NULL */
    char *key;    /* idempotency_key: of the emission; NULL */
    bool handled; /* has an else: a failure is an answer */
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
    FieldChange *changes;
    size_t change_count;
    Emission *emissions;
    size_t emission_count;
    Intent **intents;
    size_t intent_count;
    bool awaits; /* an answer is needed to compute further: changes and emissions are not final */
} Pending;

/* What a slice read when it emitted its objects, shared by them: how a changed program is asked
 * whether it would still emit them. */
typedef struct Origin {
    uint32_t references;
    uint64_t slice;
    Cause cause;
    char *where;
    char **field_names;
    Value *fields;
    size_t field_count;
    Value *arguments;
    size_t argument_count;
    char **results; /* of its effects in order: JSON, NULL where none was needed */
    bool *failed;
    size_t result_count;
} Origin;

typedef enum ObjectState {
    OBJECT_WANTED, /* an intent to make it is open or has just been answered; not committed */
    OBJECT_READY,
    OBJECT_LOST,
    OBJECT_LEFT,   /* an aborted attempt made it; the next emission of its place takes it up */
    OBJECT_LEAVING /* its destruction is intended */
} ObjectState;

typedef struct Object {
    char uid[UID_SIZE];
    ObjectState state;
    ObjectState before; /* while wanted: what to return to */
    bool exists;        /* a provider has confirmed it */
    Instance *owner;
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
    Origin *origin;
    Intent *leaving; /* the open intent to destroy it */
    uint32_t repair_failures;
    uint64_t repair_due_ms;
    bool given_up; /* live only: its repair failed in this run of apply */
} Object;

/* An action done in an attempt that did not commit, or one with a key: its answer is taken again.
 */
typedef struct Deed {
    char *place_key; /* where, effect, site and turn; or the idempotency key */
    char *arguments;
    char *result;
    bool keyed;
    char *where;
} Deed;

/* A transition that has begun and has more slices. */
typedef struct Run {
    uint32_t transition;
    uint32_t next_step;
    int32_t goal;
    CauseKind kind; /* BOOT, GOAL, MESSAGE or FALLBACK */
    Value *arguments;
    size_t argument_count;
    Digest128 began; /* digest of the fields at its begin */
} Run;

typedef struct TransitionMark {
    bool blocked;
    bool faulted;
    uint64_t blocked_version;
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
    uint64_t unmet_window;  /* convergence: last window in which it was unmet */
    bool oscillating;
} GoalMark;

typedef struct DeadLetter {
    Message *message;
    char *reason;
} DeadLetter;

struct Instance {
    Runtime *runtime;
    uint32_t index;
    uint32_t domain_index;
    const ProgramDomain *domain;
    Value *fields;
    uint64_t version; /* grows with every change of a field; from 1 */
    bool booted;
    Mailbox mailbox;
    uint32_t handlers_in_row;
    Run *runs;
    size_t run_count, run_capacity;
    TransitionMark *transitions;
    GoalMark *goals;
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
    /* scheduling, derived */
    bool touched; /* in the list of those to be looked at */
    Instance *touched_next;
    Cause next;         /* what it would do, while queued */
    uint64_t wake_ms;   /* not queued: when a backoff ends; 0: nothing to wait for */
    uint64_t expiry_ms; /* when a goal's terminate_after TIME is over; 0: none */
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
    Instance *puts_off_for; /* live only: a full mailbox that its slice would send to */
    bool resting;           /* proved to loop: runs no more until something comes from outside */
    const char *resting_kind;
};

typedef struct Retained {
    uint32_t event;
    uint32_t domain; /* the emitter's */
    Value *arguments;
    size_t argument_count;
} Retained;

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
    Instance **instances;
    size_t instance_count;
    Map instances_by_name;
    Object **objects; /* by sequence */
    Map objects_by_uid;
    size_t lost_count; /* derived: how many are OBJECT_LOST */
    size_t object_count, object_capacity;
    Retained *retained;
    size_t retained_count, retained_capacity;
    bool destroying;
    bool resources_came;  /* live only: or room; a half-performed slice may wait for that */
    Value **first_values; /* [domain][field] for domains that start; NULL: the program's */
    Instance *touched;    /* derived: changed since the scheduler last looked */
    bool goals_due;       /* derived: some goal has news; see goal_has_news() */
    uint64_t convergence_windows;
    Queue queues[256]; /* derived: runnable instances by urgency */
    uint64_t queues_used[4];
    char *program_digest; /* of text, bindings and parameters together */
};

/* An empty stack: every domain the program starts will be started by its first step. `lineage` is
 * 32 hexadecimal digits. Program and bindings must outlive it. */
Runtime *runtime_new(const Program *program, const Bindings *bindings, const char *lineage);
void runtime_free(Runtime *runtime);
CLEANUP_DEFINE(Runtime *, runtime_free);

/* The instance of that domain, or NULL while it has not started. */
Instance *runtime_find(const Runtime *runtime, const char *domain);

/* Make the instance (not yet recorded as started), with the fields' first values. */
Instance *instance_new(Runtime *runtime, uint32_t domain_index);
void instance_free(Instance *instance);

/* Something it decides from has changed: the scheduler looks at it before the next slice. */
void instance_touch(Instance *instance);

/* Recompute what is derived from the fields after they were set. */
void instance_fields_changed(Instance *instance);

Object *object_find(const Runtime *runtime, const char *uid);
Intent *intent_find(const Runtime *runtime, uint64_t number, Instance **ret_owner);
void intent_free(Intent *intent);
void pending_free(Pending *pending);
void object_free(Object *object);

/* The runtime owns it from then on; removing frees it. */
void object_add(Runtime *runtime, Object *object);
void object_remove(Runtime *runtime, Object *object);

/* The only way to another state, once added. */
void object_move(Object *object, ObjectState state);
void origin_release(Origin *origin);

/* `Domain.Transition.Effect[n]`, or `Domain.Effect["name"]`; the caller frees it. */
char *object_address(const Object *object);

Value *values_clone(const Value *values, size_t count);
void values_free(Value *values, size_t count);

/* Set a heap string that is owned by its holder; `text` may be NULL. */
void string_set(char **holder, const char *text);

#endif
