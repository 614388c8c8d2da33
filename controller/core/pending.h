/* What is asked of providers, and the slice that waits for it.
 *
 * An intent belongs to the pending slice, or to the object that is destroyed by itself
 * (Object.leaving). Once it has been recorded its number and key stay: a provider knows it by
 * them. */
#ifndef VED_CORE_PENDING_H
#define VED_CORE_PENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/core/cause.h"
#include "controller/core/earlier.h"
#include "controller/core/emission.h"

#define UID_SIZE 33 /* 32 hexadecimal digits and NUL */
#define OP_SIZE 37  /* a UUID in text and NUL */

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
typedef struct Intent Intent;
struct Intent {
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
    bool was_asked;      /* live only: handed to the host in this process */
    bool recovered;      /* live only: may have been sent by an earlier process */
    bool unread;         /* live only: its slice does not look at the result */
    Instance *owner;     /* derived: once it is recorded; NULL: not yet */
    Intent *bucket_next; /* derived */
};

/* Those that are recorded, by number. */
typedef struct IntentTable {
    Intent **buckets;
    size_t bucket_count; /* 0, or a power of two */
    size_t count;
} IntentTable;

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
    Earlier *earlier;      /* derived, of the intents; NULL: nothing was looked for */
    size_t settled;        /* derived: so many from the start on have their answers */
    size_t unfailed;       /* derived: from `settled` to there none has failed without an else */
    const Intent *failure; /* derived: the first of those that failed without an else; NULL */
    uint32_t called_group; /* live only: of which the first `called` have been asked for */
    size_t called;
} Pending;

/* Begin a slice with effects, or end it (NULL); what was pending is the caller's. */
void pending_set(Instance *instance, Pending *pending);

/* It is recorded: found by its number until it is freed. `owner` is the instance whose slice it is
 * of, or whose object it destroys. */
void intent_enter(Instance *owner, Intent *intent);

/* The recorded intent is another request from now on. */
void intent_renumber(Intent *intent, uint64_t number);

/* NULL: there is none of that number. */
Intent *intent_find(const Runtime *runtime, uint64_t number, Instance **ret_owner);

/* It belongs to the owner's pending slice; else to an object that is destroyed by itself. */
bool intent_is_of_slice(const Instance *owner, const Intent *intent);
void place_deinit(Place *place);
void intent_free(Intent *intent);
void pending_free(Pending *pending);

#endif
