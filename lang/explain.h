/* What each diagnostic code means, why it is said, an example of it and the cure.
 *
 * The table of lang/explain.def, in the order of lang/codes.def. An example without `prints` really
 * gives its code when it is compiled, and no cured form gives any diagnostic. */
#ifndef VED_LANG_EXPLAIN_H
#define VED_LANG_EXPLAIN_H

#include <stddef.h>

#include "lang/base/buffer.h"

typedef struct Explanation {
    const char *code; /* "V-ERR-004" */
    const char *why;
    const char *example; /* a whole program */
    const char
        *prints; /* NULL: what the compiler says; else what providers or state make be said */
    const char *cure;
    const char *cured; /* the example without the mistake */
} Explanation;

/* By code, upper and lower case alike; NULL: no such code. */
const Explanation *explanation_find(const char *code);

/* By place, from 0; NULL: past the last. */
const Explanation *explanation_at(size_t index);

/* For people: meaning, reason, example, what is printed of it, cure and cured form. */
void explanation_print(const Explanation *explanation, Buffer *ret);

#endif
