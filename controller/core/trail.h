/* The causal past of what is there: why a message waits, why an object exists, why a field has its
 * value, as far back as that is kept.
 *
 * One trail for each slice that committed, as long as something points at it: the messages that it
 * sent, the records of what it made, the instances that it began or changed last, the runs that it
 * opened, and the trails of the slices that ran because of it. It never points at anything that is
 * alive: what it says of a slice is words. Of a long past the last TRAIL_NEAR slices are kept
 * before each that is held, and the first; `omitted` says how many are missing where. The one rule:
 * every pointer to a trail that outlives a call is a reference, taken by trail_hold(). */
#ifndef VED_CORE_TRAIL_H
#define VED_CORE_TRAIL_H

#include "controller/core/cause.h"
#include "lang/base/arena.h"
#include "lang/base/buffer.h"
#include "lang/base/error.h"
#include "lang/base/json_pull.h"

#define TRAIL_SHORT_KEY 24
#define TRAIL_SPARE_MAX 65536 /* a past that is thinned lets many go at once */
#define TRAIL_NEAR 8
#define TRAIL_SWEEP 24 /* at least so many slices go by between two thinnings of a past */

struct Trail {
    Trail *next, *previous; /* of the runtime's, as they committed: a ring */
    Trail *earlier;         /* the slice because of which it ran; NULL: it is where a past begins */
    uint64_t slice;
    uint64_t at_ms;
    uint32_t references;
    uint32_t omitted; /* so many stood between it and `earlier` */
    uint32_t sweep;   /* after so many slices more this past is thinned */
    bool is_kept;     /* live only: see changes.h */
    uint32_t change;  /* live only: its place among the changes, from 1; 0: none */
    CauseKind kind;
    MessageKind heard;  /* CAUSE_MESSAGE */
    const char *domain; /* these are of the program, or the runtime_text()s */
    const char *where;  /* transition, handler or timer: see cause_where(); NULL: none */
    const char *goal;   /* NULL: none */
    const char *from;   /* the domain that sent what was heard; NULL: none */
    char *key;          /* of the instance; NULL: its domain has none */
    char *note;         /* CAUSE_REVISE: because of what; NULL */
    Runtime *runtime;
    char short_key[TRAIL_SHORT_KEY]; /* the key, if it fits */
};

/* The slice because of which a slice of that cause would run, or runs: that sent the message, that
 * the run goes on from, that is computed again, or – of a goal's – that last changed the instance,
 * or began it. NULL: what is outside, or it is not known. */
Trail *trail_earlier(const Instance *instance, const Cause *cause);

/* The trail of the instance's slice, which is about to commit: nothing of it has happened yet. The
 * reference is the caller's. */
Trail *trail_make(Instance *instance, const Cause *cause, uint64_t slice, uint64_t at_ms);

/* The runtime ends; all of its trails have been released. */
void trails_deinit(Runtime *runtime);

/* Nobody holds it any more: it goes, and with it what was earlier and only it held. */
void trail_end(Trail *trail);

/* NULL is held and released as nothing. */
static inline Trail *trail_hold(Trail *trail)
{
    if (trail != NULL)
        trail->references++;
    return trail;
}

static inline void trail_release(Trail *trail)
{
    if (trail != NULL && --trail->references == 0)
        trail_end(trail);
}

/* Release what the holder has, and hold this. */
static inline void trail_set(Trail **holder, Trail *trail)
{
    Trail *before = *holder;

    *holder = trail_hold(trail);
    trail_release(before);
}

/* For people, without the instance: "goal Live; transition Boot_app", "event DatabaseReady from
 * Database". */
void trail_describe(const Trail *trail, Buffer *ret);

/* ---- in snapshots ---- */

/* Those who hold it say its slice. */
void trail_encode(const Trail *trail, Buffer *ret);

/* Those of a snapshot that is being read, each with a reference of this list's. */
typedef struct TrailList {
    struct TrailEntry *items; /* by slice, once linked */
    size_t count, capacity;
} TrailList;

/* Read one, to stand behind the others; what is needed meanwhile is in the arena. */
int trails_add(Runtime *runtime, JsonPull *pull, Arena *arena, TrailList *list, Error *err);

/* All are read: each is given the one that it says is earlier. */
void trails_link(TrailList *list);

/* That of the slice, not held for the caller; NULL: it is not kept. */
Trail *trails_find(const TrailList *list, uint64_t slice);

/* All who hold one are read: what none of them holds goes. */
void trails_release(TrailList *list);

#endif
