/* The state at one position of the journal, as a readable file: checkpoint-N.json or .yaml.
 *
 * A checkpoint is whole or not there: it is written aside, synced and renamed. What is in the state
 * is the caller's business. A checksum covers every byte of the file. The bytes are specified in
 * docs/journal.md. */
#ifndef VED_HOST_CHECKPOINT_H
#define VED_HOST_CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "lang/base/buffer.h"
#include "lang/base/error.h"

#define CHECKPOINT_VERSION 1
#define CHECKPOINT_MAX ((size_t)4 << 30)

/* checkpoint_load_latest() found no checkpoint. */
#define CHECKPOINT_NONE 1

typedef enum StateFormat {
    STATE_JSON,
    STATE_YAML,
} StateFormat;

typedef struct CheckpointHead {
    uint64_t position; /* all records up to here are in the state */
    uint64_t program;  /* program-N.ved is what this state belongs to */
} CheckpointHead;

/* Write a checkpoint into `folder`, durably; one of the same position and format is replaced.
 * `state` is the text of a JSON object. On failure (-ENOSPC is the likely one) nothing changed. */
int checkpoint_write(const char *folder, StateFormat format, const CheckpointHead *head,
                     const char *state, size_t size, Error *err);

/* Read one. The state is appended to `ret_state` as JSON text. A newer version and damage are
 * ERROR_STATE, the latter with byte, expected and found. */
int checkpoint_read(const char *path, CheckpointHead *ret_head, Buffer *ret_state, Error *err);

/* Read only the head, without holding the checksum against the rest: for listings. */
int checkpoint_read_head(const char *path, CheckpointHead *ret, Error *err);

/* Read the one of the highest position in `folder`: 0, CHECKPOINT_NONE, or a failure as above: a
 * damaged one is never passed over for an older one. */
int checkpoint_load_latest(const char *folder, CheckpointHead *ret_head, Buffer *ret_state,
                           Error *err);

#endif
