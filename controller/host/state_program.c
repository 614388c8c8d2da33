/* The programs a state belongs, or has belonged to. */
#include "controller/host/state_dir_private.h"

#include <assert.h>
#include <string.h>

#include "controller/host/cursor.h"
#include "controller/host/state_files.h"
#include "lang/base/file.h"
#include "lang/base/hash.h"
#include "lang/base/memory.h"

/* The last line of a program's file is a comment that vouches for all before it. */
#define PROGRAM_SEAL "\n// crc32c "
#define PROGRAM_SEAL_SIZE (sizeof PROGRAM_SEAL - 1 + CRC_DIGITS + 1)

static void program_encode(const char *text, size_t size, Buffer *ret)
{
    char digits[CRC_DIGITS];

    crc_write(digits, crc32c(0, text, size));
    buffer_add(ret, text, size);
    buffer_add_string(ret, PROGRAM_SEAL);
    buffer_add(ret, digits, sizeof digits);
    buffer_add_char(ret, '\n');
}

/* Cut the last line off `text` if it is the one that program_encode() would write. */
static int program_decode(const char *path, Buffer *text, Error *err)
{
    cleanup(buffer_deinit) Buffer expected = {0};
    size_t size = text->size > PROGRAM_SEAL_SIZE ? text->size - PROGRAM_SEAL_SIZE : 0;

    program_encode(buffer_text(text), size, &expected);
    if (expected.size != text->size ||
        memcmp(expected.bytes + size, text->bytes + size, PROGRAM_SEAL_SIZE) != 0)
        return error_set(err, ERROR_STATE,
                         "program '%s' is damaged or was edited: expected as its last line "
                         "\"%.*s\", the checksum of what stands before: put it back from a backup",
                         path, (int)PROGRAM_SEAL_SIZE - 2, expected.bytes + size + 1);
    text->size = size;
    text->bytes[size] = '\0';
    return 0;
}

int state_program_read(const char *folder, uint64_t position, Buffer *ret, Error *err)
{
    cleanup(free) char *path = state_file_path(folder, STATE_FILE_PROGRAM, position);
    cleanup(buffer_deinit) Buffer text = {0};
    int code = file_read(path, STATE_PROGRAM_MAX + PROGRAM_SEAL_SIZE, &text, err);

    if (code < 0)
        return error_wrap(err, "load program");
    if ((code = program_decode(path, &text, err)) < 0)
        return code;
    buffer_add(ret, text.bytes, text.size);
    return 0;
}

/* 1: the file is there with other bytes. */
static int program_differs(const char *path, const Buffer *encoded, Error *err)
{
    cleanup(buffer_deinit) Buffer old = {0};

    if (!file_exists(path))
        return 0;
    int code = file_read(path, STATE_PROGRAM_MAX + PROGRAM_SEAL_SIZE, &old, err);
    if (code < 0)
        return code;
    return old.size != encoded->size || memcmp(buffer_text(&old), encoded->bytes, old.size) != 0;
}

int state_program_write(const char *folder, uint64_t position, const char *text, size_t size,
                        Error *err)
{
    cleanup(free) char *path = state_file_path(folder, STATE_FILE_PROGRAM, position);
    cleanup(buffer_deinit) Buffer encoded = {0};

    if (size > STATE_PROGRAM_MAX)
        return error_set(err, ERROR_STATE, "program '%s' has %zu bytes, expected at most %zu", path,
                         size, STATE_PROGRAM_MAX);
    program_encode(text, size, &encoded);
    int code = file_replace(path, encoded.bytes, encoded.size, 0600, err);
    return code < 0 ? error_wrap(err, "save program") : 0;
}

int state_dir_save_program(StateDir *dir, uint64_t position, const char *text, size_t size,
                           Error *err)
{
    cleanup(free) char *path = state_file_path(dir->path, STATE_FILE_PROGRAM, position);
    cleanup(buffer_deinit) Buffer encoded = {0};

    assert(dir->journal != NULL && position == journal_position(dir->journal));
    program_encode(text, size, &encoded);
    int code = program_differs(path, &encoded, err);
    if (code < 0)
        return code;
    if (code == 1 && position == dir->program_in_force && (dir->has_checkpoint || position > 0))
        return error_set(err, ERROR_STATE,
                         "program '%s' is in force with another text: expected a record of the "
                         "change before it is saved",
                         path);
    if ((code = state_program_write(dir->path, position, text, size, err)) == 0)
        dir->program_next = position;
    return code;
}

/* Which program is in force is said by the newest checkpoint, recovered or not. */
static int program_position(const StateDir *dir, bool *ret_checkpoint, uint64_t *ret, Error *err)
{
    cleanup(state_files_deinit) StateFiles files = {0};
    CheckpointHead head = {0};
    int code = state_files_list(dir->path, &files, err);

    if (code < 0)
        return code;
    const StateFile *newest = state_files_last_checkpoint(&files, UINT64_MAX);
    if (newest != NULL) {
        cleanup(free) char *path = state_file_path(dir->path, newest->kind, newest->position);
        if ((code = checkpoint_read_head(path, &head, err)) < 0)
            return code;
    }
    *ret_checkpoint = newest != NULL;
    *ret = head.program;
    return 0;
}

int state_dir_load_program(const StateDir *dir, Buffer *ret, Error *err)
{
    uint64_t position = 0;
    bool has_checkpoint = false;
    int code = program_position(dir, &has_checkpoint, &position, err);

    if (code < 0)
        return state_dir_explain(dir, code, err);
    cleanup(free) char *path = state_file_path(dir->path, STATE_FILE_PROGRAM, position);
    if (!file_exists(path) && !has_checkpoint)
        return STATE_NO_PROGRAM;
    return state_dir_explain(dir, state_program_read(dir->path, position, ret, err), err);
}
