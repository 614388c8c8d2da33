/* The whole durable state as one JSON object, and back: what a checkpoint holds.
 *
 * Writing and reading it is exact: a runtime restored from its snapshot makes the same decisions.
 */
#ifndef VED_CORE_SNAPSHOT_H
#define VED_CORE_SNAPSHOT_H

#include "controller/core/record.h"
#include "controller/core/snapshot_lines.h"

typedef struct SnapshotOptions {
    const Changes *changes; /* only these; the runtime's own must be known. NULL: all there is */
    const char *beside; /* members that the host keeps beside, each after its comma; NULL: none */
} SnapshotOptions;

/* Hand over the state, or what has changed of it, line by line. What `visit` returned. */
int snapshot_visit(const Runtime *runtime, const SnapshotOptions *options, StateLineVisit *visit,
                   void *user, Error *err);

/* The whole of it, as one text. */
void snapshot_write(const Runtime *runtime, Buffer *ret);

/* Fill a new runtime. With `lenient`, what the runtime's program does not have is left out – the
 * way a state passes to a changed program, after evolution_check() has allowed it –, and fields the
 * program has more keep their first values. 0 or ERROR_STATE. */
int snapshot_read(Runtime *runtime, const Json *json, bool lenient, Error *err);

/* The same, strictly, line by line. */
typedef struct SnapshotReader SnapshotReader;

/* The caller frees with snapshot_reader_free(), before the runtime is used. */
SnapshotReader *snapshot_reader_new(Runtime *runtime);
void snapshot_reader_free(SnapshotReader *reader);
CLEANUP_DEFINE(SnapshotReader *, snapshot_reader_free);

/* A StateLineVisit, whose user is a SnapshotReader. */
int snapshot_reader_put(void *reader, const StateLine *line, Error *err);

/* There are no more lines: what the runtime is now is what is kept (see changes.h). Hand back the
 * frame, which the caller frees, unless `ret_frame` is NULL. 0 or ERROR_STATE. */
int snapshot_reader_finish(SnapshotReader *reader, Json **ret_frame, Error *err);

#endif
