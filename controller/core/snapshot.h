/* The whole durable state as one JSON object, and back: what a checkpoint holds.
 *
 * Writing and reading it is exact: a runtime restored from its snapshot makes the same decisions.
 */
#ifndef VED_CORE_SNAPSHOT_H
#define VED_CORE_SNAPSHOT_H

#include "controller/core/record.h"

void snapshot_write(const Runtime *runtime, Buffer *ret);

/* Fill a new runtime. With `lenient`, what the runtime's program does not have is left out – the
 * way a state passes to a changed program, after evolution_check() has allowed it –, and fields the
 * program has more keep their first values. 0 or ERROR_STATE. */
int snapshot_read(Runtime *runtime, const Json *json, bool lenient, Error *err);

#endif
