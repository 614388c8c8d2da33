/* --replace ADDR: objects that plan and apply are to make anew. */
#ifndef VED_CMD_REPLACING_H
#define VED_CMD_REPLACING_H

#include "cmd/ved/options.h"
#include "controller/host/stack.h"

/* Mark them in memory, in the copy of a state that a plan is made of. Fails as manual_edit(). */
int replacing_predict(Runtime *copy, const Options *options, Error *err);

/* Mark them in the state, durably. */
int replacing_make(Stack *stack, const Options *options, Error *err);

#endif
