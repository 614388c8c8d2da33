/* --replace ADDR: objects that plan and apply are to make anew. */
#ifndef VED_CMD_REPLACING_H
#define VED_CMD_REPLACING_H

#include "cmd/ved/options.h"
#include "controller/host/stack.h"

/* Mark them in memory, in the copy of the stack's state that a plan is made of: as it is, or passed
 * on. Fails as manual_edit(); ERROR_DENIED also for what was protected when the run began. */
int replacing_predict(const Stack *stack, Runtime *copy, const Options *options, Error *err);

/* Mark them in the state, durably. */
int replacing_make(Stack *stack, const Options *options, Error *err);

#endif
