/* What can still be read of a journal, damaged or not: for looking, never for recovery.
 *
 * A line is taken for what it says only if `is_good`; the records of good lines after damage are
 * true, but what stood between is missing, so nothing may be made of them. */
#ifndef VED_HOST_JOURNAL_SALVAGE_H
#define VED_HOST_JOURNAL_SALVAGE_H

#include <stdbool.h>
#include <sys/types.h>

#include "controller/host/journal_line.h"
#include "lang/base/error.h"

typedef struct SalvagedLine {
    uint64_t line;       /* counted from 1 */
    off_t offset;        /* in the file */
    const char *bytes;   /* as it stands in the file, and ... */
    size_t size;         /* ... with its end, where it has one */
    bool is_good;        /* the checksum is right */
    JournalLine head;    /* with the checksums, all 0 where it does not look like a record */
    const char *payload; /* the record's JSON text, ends in NUL; NULL where it is not to be read */
    size_t payload_size;
} SalvagedLine;

/* Another return value than 0 ends the reading and is handed through. */
typedef int SalvageVisit(void *user, const SalvagedLine *line, Error *err);

/* Hand over each line of the file from byte `from` on, which is the start of line `line`. Zeros are
 * passed over. 0, a failure to read, or what `visit` returned. */
int journal_salvage(const char *path, off_t from, uint64_t line, SalvageVisit *visit, void *user,
                    Error *err);

#endif
