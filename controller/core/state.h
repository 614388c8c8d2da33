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
#include "controller/core/cause.h"
#include "controller/core/changes.h"
#include "controller/core/emission.h"
#include "controller/core/fact.h"
#include "controller/core/instance.h"
#include "controller/core/instance_heap.h"
#include "controller/core/instance_queue.h"
#include "controller/core/mailbox.h"
#include "controller/core/object.h"
#include "controller/core/origin.h"
#include "controller/core/pending.h"
#include "controller/core/trail.h"
#include "lang/base/hash.h"
#include "lang/base/map.h"
#include "lang/program.h"
#include "lang/value.h"
#include "lang/vm.h"

typedef struct Retained {
    uint32_t event;
    uint32_t domain; /* the emitter's */
    Trail *by;       /* that said it; NULL: not known */
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
    uint64_t hash;               /* of its name */
    size_t awaited;              /* derived: stale records of slices that said something to it */
    const char *const *handlers; /* their names; see cause_where() */
    const char *const *timers;
} DomainEntry;

typedef struct Alarm {
    uint64_t at_ms;
    Instance *instance;
} Alarm;

/* The earliest first: at place n none is later than at 2n and 2n + 1, from 1. */
/* By domain and key. */
typedef struct InstanceTable {
    Instance **slots;
    size_t size; /* 0, or a power of two */
    size_t count;
} InstanceTable;

/* The slice that is being computed. It is written before and cleared after each, for a successor to
 * find if the process dies in it. */
typedef struct SliceNote {
    uint64_t instance; /* its identity; 0: none is being computed */
    uint64_t message;  /* that it handles; 0: none */
    uint64_t run;      /* the open run it goes on with, from 1; 0: none */
} SliceNote;

/* Words for what changed a state, by what they are made of. */
typedef struct Unlocking {
    MessageKind kind;
    uint32_t from;
    const char *name; /* of the program; NULL: nothing is here yet */
    const char *text;
} Unlocking;

#define UNLOCKINGS 64
#define SPARE_ACTIVITIES 256

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
    uint64_t record_ms;    /* of the record before: of those that do not say theirs */
    char boot_id[64];
    Arena arena;                /* of what is made once */
    DomainEntry *domains;       /* as those of the program, and behind them those that are gone */
    const ProgramDomain **gone; /* that the program has no more, while objects of them exist */
    size_t gone_count;
    List lists[LIST_COUNT]; /* but LIST_DOMAIN, of which each domain has its own */
    bool all_touched;       /* derived: as if each instance were in LIST_TOUCHED */
    uint64_t next_born;
    InstanceTable instances;
    Map texts;         /* see runtime_text() */
    Map system_starts; /* those of keyed instances that are done: they are done once */
    Object **objects;  /* by sequence */
    Map objects_by_uid;
    IntentTable intents;            /* derived */
    ObjectRowTable rows[ROW_COUNT]; /* derived: objects by what they are looked for */
    size_t lost_count;              /* derived: how many are OBJECT_LOST */
    size_t drifted_count;           /* live only: how many have drifted */
    size_t left_count;              /* derived: how many are OBJECT_LEFT */
    size_t condemned_count;         /* derived: how many are condemned */
    size_t object_count, object_capacity;
    Retained *retained;
    size_t retained_count, retained_capacity;
    Withdrawn *withdrawn; /* in the order of fading */
    size_t withdrawn_count, withdrawn_capacity;
    bool judging; /* an edit is judged: a lost object counts with its last result */
    bool destroying;
    bool resources_came;  /* live only: or room; a half-performed slice may wait for that */
    Value **first_values; /* [domain][field] for domains that start; NULL: the program's */
    InstanceHeap alarms[ALARM_COUNT]; /* derived */
    uint64_t convergence_windows;
    InstanceQueue queues[256]; /* derived: runnable instances by urgency */
    uint64_t queues_used[4];
    FactTable facts;
    Trail trails; /* of slices that something is there because of: the ring's own link */
    Unlocking unlockings[UNLOCKINGS];             /* derived: a cache */
    Activity *spare_activities[SPARE_ACTIVITIES]; /* memory for the next ones */
    size_t spare_activity_count;
    Trail *spare_trails; /* memory for the next ones, by `next` */
    size_t spare_trail_count;
    Trail *committing; /* while a slice commits: its own; else NULL */
    struct Turn *turn; /* live only: the step being taken; NULL: records are only applied */
    uint64_t suspect;  /* live only: identity of whose slice the process before died in; 0: none */
    uint32_t wary_slices; /* live only: how many more are durable each before the next is run */
    SliceNote *running;   /* live only: where it is noted which slice is being computed */
    SliceNote not_noted;  /* it points here where nobody wants to know */
    Changes changes;      /* live only */
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

/* The instance that a message or `spawn` is for; NULL: it is not there yet. */
static inline Instance *emission_receiver(const Runtime *runtime, const Emission *emission)
{
    return emission->receiver != NULL ? emission->receiver
                                      : instance_find(runtime, emission->domain, emission->key);
}

/* The first instance of the domain of that index, or of those behind it that have one; NULL: there
 * is none. */
Instance *instance_first_from(const Runtime *runtime, size_t domain);

/* All instances, by domain – those that are gone last –, those of one in the order in which they
 * came into being: for (i = instance_first(runtime); i != NULL; i = instance_next(i)). */
static inline Instance *instance_first(const Runtime *runtime)
{
    return instance_first_from(runtime, 0);
}

static inline Instance *instance_next(const Instance *instance)
{
    Instance *next = link_next(instance, LIST_DOMAIN);

    return next != NULL ? next
                        : instance_first_from(instance->runtime, instance->domain_index + 1U);
}

static inline size_t instance_count(const Runtime *runtime)
{
    return runtime->instances.count;
}

/* A copy of the text that stays as long as the runtime, the same for equal ones; NULL for NULL. For
 * texts of which there are few and which many hold. */
const char *runtime_text(Runtime *runtime, const char *text);

/* Those with a pending slice, by its number. */
static inline Instance *performing_first(const Runtime *runtime)
{
    return runtime->lists[LIST_PERFORMING].first;
}

static inline Instance *performing_next(const Instance *instance)
{
    return link_next(instance, LIST_PERFORMING);
}

/* Objects and open intents of the provider have another one from now on. */
void provider_rename(Runtime *runtime, const char *from, const char *to);

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
