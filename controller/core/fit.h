/* How what a slice emits, computed again, stands to the record of that slice (language: evolution).
 *
 * Judging an edit (recompute.h) and performing what is left to be done (revise.h) both ask here, so
 * that what was judged is what is done. The emissions are put to it in their order, each once, from
 * the slice's first on: which effect of the record one without a name means depends on those before
 * it. Until the end of that the record and its objects stay as they are. Each takes constant time,
 * on average, however many effects the record has. */
#ifndef VED_CORE_FIT_H
#define VED_CORE_FIT_H

#include "controller/core/state.h"
#include "lang/base/buffer.h"

typedef enum EffectFit {
    FIT_NEW,   /* the record has no such effect */
    FIT_SAME,  /* it has it, with these arguments: what it came to holds */
    FIT_OTHER, /* it has it with other arguments, or bound to something else */
    FIT_APART /* not this slice's any more: its object was released since, belongs to a later slice,
               * or is emitted once more by this one. It is not asked for */
} EffectFit;

typedef struct Fitted {
    EffectFit fit;
    OriginEffect *known; /* of the record; NULL: FIT_NEW */
    Object *object;      /* of `known`; NULL: an action, a failure, or there is none any more */
} Fitted;

/* One going through of a record. */
typedef struct Fitting {
    const Runtime *runtime;
    Origin *origin;
    size_t passed;       /* emissions so far */
    bool in_order;       /* the n-th of them was the n-th of the record */
    Map heads;           /* what an emission is called -> the first such effect that is left */
    OriginEffect **next; /* of each effect the next that is left and is called the same */
    Buffer name, key;    /* for looking up */
} Fitting;

/* Nothing has been put to it. Runtime and record outlive it. */
void fitting_begin(Fitting *ret, const Runtime *runtime, Origin *origin);
void fitting_deinit(Fitting *fitting);

/* The next emission, an OUTPUT_EFFECT, with these arguments: canonical JSON, or NULL while they
 * cannot be known. */
Fitted fitting_next(Fitting *fitting, const Output *output, const char *arguments);

/* The next emission, which is of no interest by itself. Of what is no OUTPUT_EFFECT a record says
 * nothing. */
void fitting_pass(Fitting *fitting, const Output *output);

/* The emission, with these arguments, needs another object in the place of this one: a parameter
 * that cannot change differs, or it is bound to another provider, action or type. */
bool effect_replaces(const BoundEffect *bound, const Object *object, const char *arguments);

/* The use's effect is what `effect` spells, as records do: "Infra.CreatePostgres". Of one without a
 * provider, whichever it is bound to. */
bool effect_is_of_use(const EffectUse *use, const char *effect);

#endif
