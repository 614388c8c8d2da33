/* The nearest known name to one that is not known, for "did you mean". */
#ifndef VED_LANG_SUGGEST_H
#define VED_LANG_SUGGEST_H

#include "lang/base/map.h"

typedef struct Suggestion {
    const char *wanted;
    const char *best; /* NULL: nothing is near */
    unsigned distance;
} Suggestion;

Suggestion suggest_begin(const char *wanted);

/* Consider one candidate; of two equally near ones the first stays. */
void suggest_try(Suggestion *suggestion, const char *candidate);
void suggest_try_map(Suggestion *suggestion, const Map *names);

#endif
