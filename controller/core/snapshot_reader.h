/* Reading a state, inside: what snapshot_read.c and snapshot_instance.c share. */
#ifndef VED_CORE_SNAPSHOT_READER_H
#define VED_CORE_SNAPSHOT_READER_H

#include "controller/core/record.h"

typedef struct Reader {
    Runtime *runtime;
    bool lenient; /* see snapshot_read() */
    Arena arena;  /* begins anew with each item */
    Error *err;
    TrailList trails;
} Reader;

/* ERROR_STATE: the program does not have that; 0: it is left out. */
int reader_missing(Reader *reader, const char *kind, const char *name);

/* The trail that stands under that slice, for its holder; NULL: none is kept. */
Trail *reader_trail(const Reader *reader, uint64_t slice);

Value *reader_values(Reader *reader, const Json *json, size_t *ret_count);

/* One instance with all that is in it. 0 or ERROR_STATE. */
int reader_instance(Reader *reader, JsonPull pull);

#endif
