/* Messages that nobody will handle by themselves: kept with the reason, until a person has them put
 * back.
 *
 * None is ever dropped. A domain with as many as it may have hears nothing more, and takes nothing
 * while it is down: whoever sends to it then faults. */
#ifndef VED_CORE_DEAD_LETTER_H
#define VED_CORE_DEAD_LETTER_H

#include "controller/core/state.h"

#define DEAD_LETTERS_MAX 10000

/* The message is the instance's from then on; NULL is none. In a turn it is told by a notice. */
void dead_letter_add(Instance *instance, Message *message, const char *reason);

/* Take out the one with that message; the caller owns it. NULL: there is none. */
Message *dead_letter_take(Instance *instance, uint64_t message);

/* There may be more than DEAD_LETTERS_MAX: what a single slice had reported at once. */
bool dead_letters_are_full(const Instance *instance);

#endif
