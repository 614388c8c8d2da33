/* What the files that say why share: one inquiry, and the kinds of things that can be asked about.
 * Internal: others use why.h. */
#ifndef VED_HOST_WHY_PRIVATE_H
#define VED_HOST_WHY_PRIVATE_H

#include "controller/host/retrace.h"
#include "controller/host/why.h"

typedef struct Inquiry Inquiry;

/* A kind of thing that can be asked about. */
typedef struct Subject {
    /* What was written can be one. */
    bool (*is_meant)(Inquiry *inquiry);
    void (*on_state)(Inquiry *inquiry, const Retrace *retrace);
    void (*on_record)(Inquiry *inquiry, const Retrace *retrace, uint64_t sequence,
                      const Record *record);
    void (*on_applied)(Inquiry *inquiry, const Retrace *retrace, uint64_t sequence,
                       const Record *record);
    /* At the end: subject and chain. ERROR_USAGE: there is no such thing. */
    int (*conclude)(Inquiry *inquiry, const Retrace *retrace, Error *err);
} Subject;

struct Inquiry {
    const char *what; /* as it was written */
    const Subject *subject;
    Why *why;
    Map pasts;  /* slice -> what is kept of it */
    Map starts; /* instance -> number of the record it began with */
    Arena arena;
    uint64_t cause; /* the slice that the chain begins with; 0: not known */
    bool found;     /* it was there at some time */
    /* of an object */
    char *uid;   /* that stands at that address now; NULL: none does */
    Map intents; /* numbers of those about it that are open */
    /* of a message */
    uint64_t number;
    uint64_t before; /* Runtime.next_message before the record */
    /* of a field */
    const char *domain, *key, *field;
    char *value;      /* as it is shown; NULL: there is no such instance */
    Digest128 digest; /* of the value: secrets are all shown alike */
};

extern const Subject why_of_object, why_of_message, why_of_field;

/* Something has happened to it; the text is taken over. */
WhyEvent *why_event(Inquiry *inquiry, uint64_t sequence, uint64_t at_ms, char *text);

/* The chain from that slice on, and how it ends. */
void why_follow(Inquiry *inquiry, const Retrace *retrace, uint64_t slice);

#endif
