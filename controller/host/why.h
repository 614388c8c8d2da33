/* Why something is as it is: the slices behind it, each because of the one before, back to what is
 * outside or as far as the state folder goes.
 *
 * Made of the journal that is kept, and before that of the trails in the state, which have the last
 * slices of each past and the first. Nothing is locked or written. */
#ifndef VED_HOST_WHY_H
#define VED_HOST_WHY_H

#include "controller/host/state_dir.h"
#include "lang/base/json.h"

/* One slice. */
typedef struct WhyLink {
    uint64_t slice;
    uint64_t sequence; /* of the record with which it committed; 0: before what is kept */
    uint64_t at_ms;
    char *who;        /* `Domain`, `Domain["key"]` */
    char *what;       /* "goal Live; transition Boot_app" */
    char *place;      /* "shop.ved:12", of the program it ran; NULL: not known */
    uint64_t omitted; /* so many stood between it and the next, of which nothing is kept */
} WhyLink;

/* Something that has happened to what was asked about. */
typedef struct WhyEvent {
    uint64_t sequence, at_ms;
    uint64_t slice; /* 0: none */
    char *text;
} WhyEvent;

typedef struct Why {
    char *subject;    /* what was asked about, in words */
    WhyEvent *events; /* the oldest first, as far as the journal is kept */
    size_t event_count, event_capacity;
    WhyLink *links; /* the newest first */
    size_t link_count, link_capacity;
    char *end;      /* with what the past begins, or why no more is known of it: one sentence */
    uint64_t since; /* the journal is kept from the record after this one on */
} Why;

void why_deinit(Why *why);
#define why_deinit_p why_deinit

/* `what` is the address of an object, the number of a message, as `ved get mailboxes` prints it, or
 * a field: `Domain.field`, `Domain["key"].field`. ERROR_USAGE: there is no such thing. */
int why_find(const StateDir *dir, const char *what, Why *ret, Error *err);

/* {"subject","events":[{"sequence","at","slice","text"}],"chain":[{"slice","sequence","at","who",
 * "what","place","omitted"}],"end","since"}; the caller's. */
Json *why_json(const Why *why);

#endif
