/* Objects whose address is another one after the state was passed on to a changed program. */
#ifndef VED_HOST_RENAME_H
#define VED_HOST_RENAME_H

#include "controller/core/state.h"

typedef struct Rename {
    char uid[UID_SIZE];
    char *from;
    char *to;
} Rename;

typedef struct Renames {
    Rename *items; /* by `to` */
    size_t count, capacity;
} Renames;

/* `ret` must be empty. */
void renames_find(const Runtime *before, const Runtime *after, Renames *ret);
void renames_deinit(Renames *renames);

#endif
