/* A recorded slice, computed again by the program of its owner's runtime: from what it had read,
 * with what its effects came to (language: evolution).
 *
 * Nothing is changed by it. What it gives lives in the arena, in the record and in the runtime. It
 * takes time in proportion to what the slice emits, however many objects there are. */
#ifndef VED_CORE_RECOMPUTE_H
#define VED_CORE_RECOMPUTE_H

#include "controller/core/fit.h"

typedef struct RecomputedEffect {
    const Output *output;
    EffectFit fit; /* with the two that go with it: see Fitted */
    OriginEffect *known;
    Object *object;
    char *arguments; /* canonical JSON; NULL: see `outcome` */
    int outcome;     /* of arguments_make(), with its text */
    const char *text;
} RecomputedEffect;

typedef struct Recomputation {
    SliceResult result;        /* with the status that facts leave it, and no invariants checked */
    const Value *found;        /* the fields that it began with: origin_fields() */
    RecomputedEffect *effects; /* one for each OUTPUT_EFFECT, in order */
    size_t effect_count;
} Recomputation;

/* The record's cause has a text: origin_has_text(). What an effect comes to that is new, or is not
 * what it was, is unknown; of an object it is what is known of that now. */
void recompute(Instance *owner, Origin *origin, Arena *arena, Recomputation *ret);

/* The program still has what the record's slice ran. */
bool origin_has_text(const Origin *origin);

#endif
