/* W3C Trace Context of a call: which trace its requests belong to, and which of its spans each is.
 *
 * Nothing is kept for it: the trace follows from the operation's key alone, so that every try of an
 * effect, of whichever process, is found under one. */
#ifndef VED_HOST_TRACE_CONTEXT_H
#define VED_HOST_TRACE_CONTEXT_H

#include <stdint.h>

/* "traceparent: 00-TRACE-SPAN-01" for sending number `sending` of the operation `op`; `process`
 * tells one process' spans from another's. The caller frees it. */
char *traceparent_header(const char *op, uint64_t process, int sending);

#endif
