/* The lines of a checkpoint on their way into the file, where their secrets are sealed, and out of
 * it, where they are opened.
 *
 * Each is sealed for its path in the whole state, as if that were one text. */
#ifndef VED_HOST_SEALED_LINES_H
#define VED_HOST_SEALED_LINES_H

#include "controller/core/snapshot_lines.h"
#include "controller/host/vault.h"

typedef enum SealedLinesWay {
    LINES_SEAL,
    LINES_OPEN,
    LINES_RESEAL, /* open, where it is sealed, and seal with the present key */
} SealedLinesWay;

typedef struct SealedLines SealedLines;

/* Lines go on to `visit`. `place` has no path within, and its strings stay the caller's, as the
 * vault does. The caller frees with sealed_lines_free(). */
SealedLines *sealed_lines_new(Vault *vault, const VaultPlace *place, SealedLinesWay way,
                              StateLineVisit *visit, void *user);
void sealed_lines_free(SealedLines *lines);
CLEANUP_DEFINE(SealedLines *, sealed_lines_free);

/* The next line. A StateLineVisit, whose user is these lines. What vault_seal() and vault_open()
 * fail with, or what `visit` returned. */
int sealed_lines_put(void *lines, const StateLine *line, Error *err);

#endif
