/* A recorded slice, computed again by the program of its owner's runtime: from what it had read,
 * with what its effects came to (language: evolution).
 *
 * Nothing is changed by it. What it gives lives in the arena, in the record and in the runtime. It
 * takes time in proportion to what the slice emits, however many objects there are. */
#ifndef VED_CORE_RECOMPUTE_H
#define VED_CORE_RECOMPUTE_H

#include "controller/core/state.h"

/* How an emission stands to the record. */
typedef enum EffectFit {
    FIT_NEW,   /* the record has no such effect */
    FIT_SAME,  /* it has it, with these arguments: what it came to holds */
    FIT_OTHER, /* it has it with other arguments, or bound to something else */
    FIT_APART /* not this slice's any more: its object was released since, belongs to a later slice,
               * or is emitted once more by this one. It is not asked for */
} EffectFit;

typedef struct RecomputedEffect {
    const Output *output;
    EffectFit fit;
    OriginEffect *known; /* of the record; NULL: FIT_NEW */
    Object *object;      /* of `known`; NULL: an action, a failure, or there is none any more */
    char *arguments;     /* canonical JSON; NULL: see `outcome` */
    int outcome;         /* of arguments_make(), with its text */
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

/* The emission, with these arguments, needs another object in the place of this one: a parameter
 * that cannot change differs, or it is bound to another provider, action or type. */
bool effect_replaces(const BoundEffect *bound, const Object *object, const char *arguments);

/* The use's effect is what `effect` spells, as records do: "Infra.CreatePostgres". Of one without a
 * provider, whichever it is bound to. */
bool effect_is_of_use(const EffectUse *use, const char *effect);

#endif
