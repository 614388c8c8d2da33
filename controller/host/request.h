/* The bytes of a request for an intent: a function of the intent alone, so that a retry – by this
 * process or by its successor – is byte-identical. */
#ifndef VED_HOST_REQUEST_H
#define VED_HOST_REQUEST_H

#include "controller/core/state.h"
#include "lang/base/buffer.h"

/* The JSON body for PUT, POST (action) and DELETE (provider-protocol: bodies). */
void request_body(const Runtime *runtime, const char *stack, const Intent *intent, Buffer *ret);

#endif
