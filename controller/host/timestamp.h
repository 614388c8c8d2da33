/* Times as people and machines read them: 2026-01-31T08:00:00.123Z. */
#ifndef VED_HOST_TIMESTAMP_H
#define VED_HOST_TIMESTAMP_H

#include <stdint.h>

#include "lang/base/buffer.h"

/* `ms` are since 1970. */
void timestamp_add(Buffer *ret, uint64_t ms);

/* How long something took: 0ms, 12ms, 1.234s, 2m05s, 3h04m. */
void duration_add(Buffer *ret, uint64_t ms);

#endif
