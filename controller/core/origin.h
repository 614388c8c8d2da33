/* Records of the slices that made objects: taken when such a slice commits, kept while an object
 * points at it or while it is stale, and put again to a changed program (language: evolution).
 *
 * One origin for each slice, shared by its objects, which hold references; it hangs on the instance
 * and is freed with its last reference unless it is stale. What it takes does not depend on how
 * many objects the stack has: of the fields only those that the slice has read are in it. */
#ifndef VED_CORE_ORIGIN_H
#define VED_CORE_ORIGIN_H

#include "controller/core/cause.h"
#include "controller/core/emission.h"
#include "controller/core/object.h"
#include "lang/base/buffer.h"
#include "lang/base/error.h"
#include "lang/base/json.h"

/* What one effect of a slice came to. */
typedef struct OriginEffect {
    IntentVerb verb; /* INTENT_PUT or INTENT_ACTION */
    char *effect;    /* as in Place */
    uint32_t site;
    char *name;         /* name: or idempotency_key: of the emission; NULL */
    char uid[UID_SIZE]; /* INTENT_PUT: its object, whose outputs are the result; "": it has none */
    bool released;      /* INTENT_PUT: the program has released that object since */
    bool overtaken;     /* derived: a later effect of the record is about that object, too */
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
struct Origin {
    Instance *owner;
    uint32_t references; /* of objects, and of whoever is making it */
    uint64_t slice;
    Trail *trail; /* of the slice, or of the one that computed it again last; held */
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
    bool overtaken_known; /* derived: of its effects */
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
};

/* The record of the pending slice, which is about to commit: no field has changed yet. It has one
 * reference more, the caller's. Of CAUSE_REVISE it is the record of the slice that was computed
 * again, brought up to date and no longer stale. */
Origin *origin_make(Instance *instance, const Pending *pending);

/* One reference less. */
void origin_release(Origin *origin);

/* Put a record among the instance's, which has none of that slice. */
void origin_add(Instance *owner, Origin *origin);

/* Free those that nothing points at and that are not stale: of a state that was just read. */
void origins_prune(Instance *instance);

/* Free all of them; nothing points at them any more. */
void origins_free(Instance *instance);

/* That of the slice among the instance's, in O(log n); NULL: none. */
Origin *origin_find(const Instance *instance, uint64_t slice);

/* Something it depends on has changed; `because` says what, for people ("the edit at
 * shop.ved:12"). The first reason stays. The instance is touched. */
void origin_stale(Instance *owner, Origin *origin, const char *because);

/* It is not stale any more, and no longer said to come to nothing. */
void origin_settle(Origin *origin);

/* The stale origin of the instance that is to be computed next: the lowest slice of those that have
 * not been given up. NULL: none. */
Origin *origin_next_stale(const Instance *instance);

/* The program has released the object: its record does not want it any more. */
void origin_release_object(const Object *object);

/* What is in it is no more; the record no longer counts it among its effects. */
void origin_effect_deinit(OriginEffect *effect);

/* The read field of that name; -1: it has not read it. */
int origin_field(const Origin *origin, const char *name);

/* What it did to the field of that name; NULL: it left it as it found it. */
OriginChange *origin_change(const Origin *origin, const char *field);

/* The first record of the instance of a slice of that handler, transition or timer (cause_where())
 * that handled exactly those arguments and does not know yet that they have changed; NULL: none. */
Origin *origin_that_handled(const Instance *instance, const char *where, const Value *arguments,
                            size_t count);

/* The record gets the message's content instead of the former, or comes to nothing; and is stale.
 * So are those of the slices that went on behind its `yield`s. */
void origin_hear(Instance *owner, Origin *origin, const Message *message, const char *because);

/* A field of the instance is about to get another value, which those records follow that have read
 * the present one. */
void origins_follow(Instance *instance, uint32_t field, Value value, const char *because);

/* The emission is, or would be, delivered to that domain. */
bool emission_reaches(const Runtime *runtime, const Emission *emission, uint32_t domain);

/* Kind, target, receiver and content are the same; or only the first three. */
bool emission_equal(const Emission *a, const Emission *b);
bool emission_same_target(const Emission *a, const Emission *b);

/* ---- origin_codec.c: in snapshots ---- */

/* {"slice":N, ...} */
void origin_encode(const Instance *owner, const Origin *origin, Buffer *ret);

/* Add to the owner what was encoded; nothing points at it yet. `lenient`: of another program, where
 * what it ran or spoke to may be gone, which the record then lacks. The arena is for scratch. 0 or
 * ERROR_STATE. */
int origin_decode(Instance *owner, const Json *json, bool lenient, Arena *arena, Error *err);

#endif
