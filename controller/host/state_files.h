/* Which files a state directory holds: the one place that knows their names. */
#ifndef VED_HOST_STATE_FILES_H
#define VED_HOST_STATE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lang/base/error.h"

typedef enum StateFileKind {
#define X(kind, before, after) STATE_FILE_##kind,
#include "controller/host/state_file.def"
#undef X
} StateFileKind;

typedef struct StateFile {
    StateFileKind kind;
    uint64_t position;
    uint64_t size; /* bytes taken on disk */
} StateFile;

/* By position, the lowest first; files of one position by kind. */
typedef struct StateFiles {
    StateFile *items;
    size_t count;
    size_t capacity;
} StateFiles;

/* List a folder; other files are passed over. The caller calls state_files_deinit(). */
int state_files_list(const char *folder, StateFiles *ret, Error *err);
void state_files_deinit(StateFiles *files);
#define state_files_deinit_p state_files_deinit

/* Remove what an interrupted write left aside (names ending in .new). */
int state_files_clean(const char *folder, Error *err);

/* What a name in a folder stands for; its size is left open. false: for none of these. */
bool state_file_parse(const char *name, StateFile *ret);

/* The caller frees the path. */
char *state_file_path(const char *folder, StateFileKind kind, uint64_t position);

/* The file of the highest position not above `most`, or NULL. */
const StateFile *state_files_last(const StateFiles *files, StateFileKind kind, uint64_t most);

bool state_file_is_checkpoint(const StateFile *file);

/* As state_files_last(), in either format. */
const StateFile *state_files_last_checkpoint(const StateFiles *files, uint64_t most);

#endif
