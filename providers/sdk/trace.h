/* Which larger deed a request is part of: the header traceparent of W3C Trace Context, level 1. It
 * is passed on as it came, and only if it is one. */
#ifndef VED_SDK_TRACE_H
#define VED_SDK_TRACE_H

#include <stdbool.h>

/* VERSION-TRACE-PARENT-FLAGS in lower-case hexadecimal digits; later versions may say more behind.
 */
bool traceparent_is_valid(const char *text);

#endif
