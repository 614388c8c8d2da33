/* What effects have made and done, and who owns it.
 *
 * Lists and counts hang on an object's state: only object_move(), object_condemn(), object_spare()
 * object_drift() and object_give() change what they hang on; see object_row.h, too. */
#ifndef VED_CORE_OBJECT_H
#define VED_CORE_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/core/object_row.h"
#include "controller/core/pending.h"
#include "lang/base/hash.h"

typedef struct Origin Origin;

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
    ObjectRowLink rows[ROW_COUNT];       /* derived */
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
    bool reached;   /* while a slice commits: it is of it */
    bool given_up;  /* live only: its repair or destruction failed in this run of apply */
    Digest128 kept; /* live only: of what changes were last kept of it; 0: none. See changes.h */
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

Object *object_find(const Runtime *runtime, const char *uid);
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

/* It was found to be otherwise than it was made, or is so no more. */
void object_drift(Object *object, bool drifted);

/* Nothing wants it any more; `because` says why, for people. The first reason stays. */
void object_condemn(Object *object, const char *because);

/* Something wants it again. */
void object_spare(Object *object);

/* `Domain.Transition.Effect[n]`, or `Domain.Effect["name"]`, with `Domain["key"]` for an instance
 * that has one; the caller frees it. */
char *object_address(const Object *object);

#endif
