/* The state at one position of the journal, as a readable file: checkpoint-N.json or .yaml. It has
 * all of it, or what has changed since the checkpoint that is its base.
 *
 * A checkpoint is whole or not there: it is written aside, synced and renamed. What is in the state
 * is the caller's business, but for its lines: see snapshot_lines.h. A checksum covers every byte
 * of the file. The bytes are specified in docs/journal.md. */
#ifndef VED_HOST_CHECKPOINT_H
#define VED_HOST_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/core/snapshot_lines.h"
#include "lang/base/buffer.h"
#include "lang/base/error.h"

#define CHECKPOINT_VERSION 2
#define CHECKPOINT_MAX ((size_t)4 << 30)

typedef enum StateFormat {
    STATE_JSON,
    STATE_YAML,
} StateFormat;

typedef struct CheckpointHead {
    uint64_t position; /* all records up to here are in the state */
    uint64_t program;  /* program-N.ved is what this state belongs to */
    bool has_base;     /* it holds only what has changed since `base` */
    uint64_t base;     /* position of another checkpoint, below this one's */
} CheckpointHead;

/* ---- writing ---- */

typedef struct CheckpointWriter CheckpointWriter;

/* Begin a checkpoint in `folder`. It is written through a bounded buffer; in YAML, as one text. The
 * caller frees with checkpoint_writer_free(): before checkpoint_commit() that leaves nothing. */
int checkpoint_create(const char *folder, StateFormat format, const CheckpointHead *head,
                      CheckpointWriter **ret, Error *err);
void checkpoint_writer_free(CheckpointWriter *writer);
CLEANUP_DEFINE(CheckpointWriter *, checkpoint_writer_free);

/* The next line of the state. A StateLineVisit, whose user is the writer. */
int checkpoint_put(void *writer, const StateLine *line, Error *err);

/* Have it there, durably; one of the same position and format is replaced. On failure (-ENOSPC is
 * the likely one, here and in checkpoint_put()) nothing changed. `ret_size`: bytes of the file; may
 * be NULL. */
int checkpoint_commit(CheckpointWriter *writer, uint64_t *ret_size, Error *err);

/* The same at once, of the text of a state. */
int checkpoint_write(const char *folder, StateFormat format, const CheckpointHead *head,
                     const char *state, size_t size, Error *err);

/* ---- reading ---- */

/* Hand over each line of its state, after the checksum was held against the whole file; `visit`
 * NULL: only that. A newer version and damage are ERROR_STATE, the latter with byte, expected and
 * found. `ret_size`: bytes of the file; may be NULL. */
int checkpoint_visit(const char *path, StateLineVisit *visit, void *user, CheckpointHead *ret_head,
                     uint64_t *ret_size, Error *err);

/* The same, with the state appended to `ret_state` as JSON text. */
int checkpoint_read(const char *path, CheckpointHead *ret_head, Buffer *ret_state, Error *err);

/* Read only the head, without holding the checksum against the rest: for listings. */
int checkpoint_read_head(const char *path, CheckpointHead *ret, Error *err);

#endif
