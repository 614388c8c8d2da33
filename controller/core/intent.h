/* From an emission of the program to what is asked of a provider: which object, which arguments. */
#ifndef VED_CORE_INTENT_H
#define VED_CORE_INTENT_H

#include "controller/core/earlier.h"
#include "controller/core/state.h"

/* intent_make(): a binding refers to a resource that is not there yet; the slice waits for it. */
#define INTENT_WAITS 1
/* intent_make(): the emission cannot be carried out; the slice faults. */
#define INTENT_FAULTS 2

/* What the emission is made of. */
typedef struct Emitted {
    Instance *instance;
    const Cause *cause;
    const char *where; /* of the cause */
    const Output *output;
    Intent *const *earlier; /* of the same slice, in order */
    size_t earlier_count;
    Earlier **index; /* of these; made when something is looked for */
    uint64_t number; /* to be given */
} Emitted;

/* The intents of one output: one; two, the first of which destroys what the second replaces. */
typedef struct Intents {
    Intent *items[2];
    size_t count;
} Intents;

/* Decide identity and arguments. 0: `*ret` are new intents (state RECALLED if the answer is known
 * already), owned by the caller. INTENT_WAITS, INTENT_FAULTS: `*ret_text` (in the arena) says for
 * what, or why. */
int intent_make(const Emitted *emitted, Arena *arena, Intents *ret, const char **ret_text);

/* Its parts, for an effect. What it wishes for: everything but the identity. Then that: of
 * whichever object the emission means, or of a given one. On an outcome of these two the intent is
 * freed. */
int intent_wish(const Emitted *emitted, Arena *arena, Intent **ret, const char **ret_text);
int intent_complete(const Emitted *emitted, Arena *arena, Intent *intent, Intents *ret,
                    const char **ret_text);
int intents_for(const Emitted *emitted, Object *object, Intent *intent, Arena *arena, Intents *ret,
                const char **ret_text);

/* Its answer is known already: it asks for nothing. `object` is the one it has; NULL: none. */
void intent_recall(const Emitted *emitted, const Object *object, Intent *intent);

/* A release that a slice which is computed again has done before. */
Intent *intent_released_before(const Emitted *emitted);

/* Intent.turn: how many of the same site and effect, in that order, go before it. */
uint32_t intent_turn(Intent *const *earlier, size_t earlier_count, const Intent *intent);

/* With other values of these parameters it cannot be the same object. Both are JSON objects. */
bool arguments_force_replacement(const BoundEffect *bound, const char *before, const char *after);

/* The effect's arguments over the binding's defaults, references resolved, as canonical JSON on the
 * heap. Outcomes as above. */
int arguments_make(const Runtime *runtime, const BoundEffect *bound, const Output *output,
                   Arena *arena, char **ret, const char **ret_text);

/* The intent that makes a lost object again with its recorded arguments. */
Intent *intent_repair(Object *object, uint64_t number, int64_t timeout_ms);

/* The intent that destroys an object. */
Intent *intent_destroy(Object *object, uint64_t number, int64_t timeout_ms);

#endif
