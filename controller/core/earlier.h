/* What a slice has emitted so far, found by what it is called.
 *
 * Derived: it is made from the slice's intents when something is looked for, and goes on from where
 * it was with those that have come since. If any of them is taken back, it must go. */
#ifndef VED_CORE_EARLIER_H
#define VED_CORE_EARLIER_H

#include <stdbool.h>
#include <stddef.h>

#include "lang/base/map.h"

typedef struct Intent Intent;
typedef struct Object Object;
typedef struct Runtime Runtime;
typedef struct EarlierPut EarlierPut;

typedef struct Earlier {
    size_t count; /* so many of the slice's intents are in it */
    Map objects;  /* uid -> what is meant for it */
    Map puts;     /* effect, and effect with name -> the newest */
    Map turns;    /* of a verb and effect, and of those with a site -> how many there are */
    Map seen;     /* see earlier_seen() */
    EarlierPut *all;
} Earlier;

Earlier *earlier_new(void);
void earlier_free(Earlier *earlier);

/* Take up what has come since. */
void earlier_extend(Earlier *earlier, Intent *const *intents, size_t count);

/* An intent of the slice is about that object; one destroys it. */
bool earlier_has(const Earlier *earlier, const char *uid);
bool earlier_destroys(const Earlier *earlier, const char *uid);

/* The newest that wants an object of that effect and name which the slice has not destroyed; NULL:
 * none does. */
const Intent *earlier_named(const Earlier *earlier, const char *effect, const char *name);

/* The newest of that effect, and if `name` is not NULL of that name, whose object this slice has
 * made, or taken up of what an aborted attempt had made, and has not destroyed: no slice that
 * emitted it has committed. NULL: there is none. */
const Intent *earlier_made(Earlier *earlier, const Runtime *runtime, const char *effect,
                           const char *name);

/* How many of them have the intent's verb and effect; and its site. */
size_t earlier_turn(const Earlier *earlier, const Intent *intent);
size_t earlier_turn_of_site(const Earlier *earlier, const Intent *intent);

/* Objects are looked through one by one for what the slice has not taken yet, so no one need be
 * looked at twice: that one and those before it are done with. NULL: none is. */
Object *earlier_seen(const Earlier *earlier, const char *what);
void earlier_see(Earlier *earlier, const char *what, Object *object);

/* Objects have changed since. */
void earlier_begin(Earlier *earlier);

#endif
