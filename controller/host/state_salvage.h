/* What can be saved of a state folder, whole or damaged, and the making of a clean folder of it.
 *
 * A state is a checkpoint, or the beginning, and the records behind it without a gap. Of all files
 * every line that is good is looked at; which checkpoint leads furthest is where the state can be
 * had from. The folder that is looked at is never changed. */
#ifndef VED_HOST_STATE_SALVAGE_H
#define VED_HOST_STATE_SALVAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lang/base/error.h"
#include "lang/base/json.h"

/* As far as it goes. */
#define SALVAGE_ALL UINT64_MAX

typedef struct SalvagedRecord {
    uint64_t sequence; /* 0: its checksum is wrong */
    uint64_t journal;  /* N of the journal's name */
    uint64_t line;     /* that of record N + line, as each record is one */
    char *payload;     /* its JSON text; NULL: it cannot be read */
    size_t size;
} SalvagedRecord;

typedef struct Salvage {
    char *folder;
    SalvagedRecord *records; /* by number, those of a wrong checksum first */
    size_t count;
    size_t capacity;
    uint64_t *checkpoints; /* positions of the good ones with their programs, rising */
    size_t checkpoint_count;
    bool has_beginning; /* the program of position 0 is good */
    uint64_t newest;    /* the highest position that anything in the folder speaks of */
} Salvage;

typedef struct SalvagePoint {
    bool has_checkpoint;
    uint64_t checkpoint; /* where the records begin; 0 without one */
    uint64_t position;   /* the last record of the state */
} SalvagePoint;

/* Read all of the folder. A failure is one to read it, or a file that a newer ved wrote. The caller
 * frees with salvage_free(). */
int salvage_read(const char *folder, Salvage **ret, Error *err);

void salvage_free(Salvage *salvage);
CLEANUP_DEFINE(Salvage *, salvage_free);

/* The state at position `until`, or with SALVAGE_ALL the furthest there is. ERROR_STATE: there is
 * none. */
int salvage_point(const Salvage *salvage, uint64_t until, SalvagePoint *ret, Error *err);

/* Make a folder of that state at `into`, which must not exist, with the same stack.json. */
int salvage_build(const Salvage *salvage, const SalvagePoint *point, const char *into, Error *err);

/* What is behind a position, and would not be in a state of it: an array of
 * {"record","file","line","words"}, the caller's. */
Json *salvage_behind(const Salvage *salvage, uint64_t position);

#endif
