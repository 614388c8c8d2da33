/* A checkpoint's file is a head whose every byte is prescribed, then the state as it is given.
 *
 * The head is read byte by byte rather than as JSON or YAML, so that the checksum in it can cover
 * blanks and line ends too: a file that was touched at all is noticed. */
#include "controller/host/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "controller/host/cursor.h"
#include "controller/host/state_files.h"
#include "lang/base/file.h"
#include "lang/base/json.h"
#include "lang/base/memory.h"
#include "lang/base/yaml.h"

/* Longer than any head. */
#define HEAD_MAX 512

#define JSON_STATE_START "\"state\": "
#define JSON_STATE_END "\n}\n"

/* What stands before each value of the head, and after the last. */
typedef struct Layout {
    const char *version;
    const char *position;
    const char *program;
    const char *crc;
    const char *state;
} Layout;

static const Layout layouts[] = {
    [STATE_JSON] = {"{\n  \"format\": \"ved.checkpoint\",\n  \"version\": ", ",\n  \"position\": ",
                    ",\n  \"program\": ", ",\n  \"crc32c\": \"", "\",\n  "},
    [STATE_YAML] = {"format: ved.checkpoint\nversion: ", "\nposition: ", "\nprogram: ",
                    "\ncrc32c: \"", "\"\n"},
};

static StateFileKind format_kind(StateFormat format)
{
    return format == STATE_YAML ? STATE_FILE_CHECKPOINT_YAML : STATE_FILE_CHECKPOINT_JSON;
}

static StateFormat path_format(const char *path)
{
    size_t size = strlen(path);

    return size > 5 && strcmp(path + size - 5, ".yaml") == 0 ? STATE_YAML : STATE_JSON;
}

/* Append the state, and what ends the file. */
static int state_put(Buffer *buffer, StateFormat format, const char *state, size_t size, Error *err)
{
    cleanup(json_free) Json *wrapped = NULL;
    Json *tree = NULL;

    if (format == STATE_JSON) {
        buffer_add_string(buffer, JSON_STATE_START);
        buffer_add(buffer, state, size);
        buffer_add_string(buffer, JSON_STATE_END);
        return 0;
    }
    int code = json_parse_own(state, size, &tree, err);
    if (code < 0)
        return code;
    wrapped = json_new_object();
    json_set(wrapped, "state", tree);
    yaml_write(buffer, wrapped);
    return 0;
}

static int checkpoint_encode(Buffer *buffer, StateFormat format, const CheckpointHead *head,
                             const char *state, size_t size, Error *err)
{
    const Layout *layout = &layouts[format];

    buffer_add_string(buffer, layout->version);
    buffer_add_unsigned(buffer, CHECKPOINT_VERSION);
    buffer_add_string(buffer, layout->position);
    buffer_add_unsigned(buffer, head->position);
    buffer_add_string(buffer, layout->program);
    buffer_add_unsigned(buffer, head->program);
    buffer_add_string(buffer, layout->crc);
    size_t digits_at = buffer->size;
    buffer_add_string(buffer, "........");
    buffer_add_string(buffer, layout->state);
    int code = state_put(buffer, format, state, size, err);
    if (code == 0 && !buffer->overflowed)
        crc_write(buffer->bytes + digits_at, crc_around(buffer->bytes, buffer->size, digits_at));
    return code;
}

int checkpoint_write(const char *folder, StateFormat format, const CheckpointHead *head,
                     const char *state, size_t size, Error *err)
{
    cleanup(free) char *path = state_file_path(folder, format_kind(format), head->position);
    cleanup(buffer_deinit) Buffer text;

    buffer_init(&text, CHECKPOINT_MAX);
    int code = checkpoint_encode(&text, format, head, state, size, err);
    if (code < 0)
        return error_wrap(err, "write checkpoint '%s'", path);
    if (text.overflowed)
        return error_set(err, ERROR_STATE,
                         "write checkpoint '%s': expected at most %zu bytes: the state is too "
                         "large, split the stack",
                         path, CHECKPOINT_MAX);
    code = file_replace(path, text.bytes, text.size, 0600, err);
    return code < 0 ? error_wrap(err, "write checkpoint") : 0;
}

static int damage_set(const char *path, size_t at, const char *found, const char *expected,
                      Error *err)
{
    return error_set(err, ERROR_STATE,
                     "checkpoint '%s' byte %zu: %s, expected %s: nothing runs until 'ved state "
                     "repair' is told what to do; the file is kept as it is",
                     path, at, found, expected);
}

static int version_check(const char *path, uint64_t version, size_t at, Error *err)
{
    if (version > CHECKPOINT_VERSION)
        return error_set(
            err, ERROR_STATE,
            "checkpoint '%s' has format version %llu, and this ved reads up to %d: use "
            "the ved that wrote it or a newer one",
            path, (unsigned long long)version, CHECKPOINT_VERSION);
    if (version == 0)
        return damage_set(path, at, "format version is 0", "1", err);
    return 0;
}

/* What the head says, and where in the file. */
typedef struct HeadText {
    CheckpointHead head;
    uint32_t crc;
    size_t crc_at;
} HeadText;

/* Read the head; the cursor is left at the state. */
static int head_read(const char *path, const char *start, Cursor *cursor, HeadText *ret, Error *err)
{
    const Layout *layout = &layouts[path_format(path)];
    uint64_t version = 0;
    int code;

    if (!cursor_skip(cursor, layout->version) || !cursor_number(cursor, &version))
        return damage_set(path, (size_t)(cursor->at - start), "found other bytes",
                          "the head of a checkpoint", err);
    if ((code = version_check(path, version, (size_t)(cursor->at - start), err)) < 0)
        return code;
    bool whole = cursor_skip(cursor, layout->position) &&
                 cursor_number(cursor, &ret->head.position) &&
                 cursor_skip(cursor, layout->program) &&
                 cursor_number(cursor, &ret->head.program) && cursor_skip(cursor, layout->crc);
    ret->crc_at = (size_t)(cursor->at - start);
    if (!whole || !cursor_crc(cursor, &ret->crc) || !cursor_skip(cursor, layout->state))
        return damage_set(path, (size_t)(cursor->at - start), "found other bytes",
                          "the rest of a checkpoint's head", err);
    return 0;
}

static int checksum_check(const char *path, const Buffer *text, const HeadText *head, Error *err)
{
    char found_text[40], expected_text[16];
    uint32_t found = crc_around(text->bytes, text->size, head->crc_at);

    if (found == head->crc)
        return 0;
    snprintf(found_text, sizeof found_text, "checksum is %08x", found);
    snprintf(expected_text, sizeof expected_text, "%08x", head->crc);
    return damage_set(path, head->crc_at, found_text, expected_text, err);
}

int checkpoint_read_head(const char *path, CheckpointHead *ret, Error *err)
{
    cleanup(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    char start[HEAD_MAX];
    HeadText text;
    ssize_t got;

    if (fd < 0)
        return error_errno(err, errno, "open checkpoint '%s'", path);
    do {
        got = pread(fd, start, sizeof start, 0);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return error_errno(err, errno, "read checkpoint '%s'", path);
    Cursor cursor = {start, start + got};
    int code = head_read(path, start, &cursor, &text, err);
    if (code == 0)
        *ret = text.head;
    return code;
}

static int yaml_state_read(const char *path, const Buffer *text, Buffer *ret, Error *err)
{
    cleanup(json_free) Json *tree = NULL;
    int code = yaml_parse(text->bytes, text->size, &tree, err);

    if (code < 0)
        return error_wrap(err, "load checkpoint '%s'", path);
    json_write(ret, json_get(tree, "state"));
    return 0;
}

static int json_state_read(const char *path, const Buffer *text, Cursor *cursor, Buffer *ret,
                           Error *err)
{
    size_t end_size = strlen(JSON_STATE_END);

    if (!cursor_skip(cursor, JSON_STATE_START) || (size_t)(cursor->end - cursor->at) < end_size ||
        memcmp(cursor->end - end_size, JSON_STATE_END, end_size) != 0)
        return damage_set(path, (size_t)(cursor->at - text->bytes), "found other bytes",
                          "\"state\": and at the end a closing }", err);
    buffer_add(ret, cursor->at, (size_t)(cursor->end - cursor->at) - end_size);
    return 0;
}

int checkpoint_read(const char *path, CheckpointHead *ret_head, Buffer *ret_state, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    HeadText head;
    int code = file_read(path, CHECKPOINT_MAX, &text, err);

    if (code < 0)
        return error_wrap(err, "load checkpoint");
    const char *start = buffer_text(&text);
    Cursor cursor = {start, start + text.size};
    if ((code = head_read(path, start, &cursor, &head, err)) < 0 ||
        (code = checksum_check(path, &text, &head, err)) < 0)
        return code;
    code = path_format(path) == STATE_YAML ? yaml_state_read(path, &text, ret_state, err)
                                           : json_state_read(path, &text, &cursor, ret_state, err);
    if (code == 0)
        *ret_head = head.head;
    return code;
}

int checkpoint_load_latest(const char *folder, CheckpointHead *ret_head, Buffer *ret_state,
                           Error *err)
{
    cleanup(state_files_deinit) StateFiles files = {0};
    int code = state_files_list(folder, &files, err);

    if (code < 0)
        return code;
    const StateFile *newest = state_files_last_checkpoint(&files, UINT64_MAX);
    if (newest == NULL)
        return CHECKPOINT_NONE;
    cleanup(free) char *path = state_file_path(folder, newest->kind, newest->position);
    return checkpoint_read(path, ret_head, ret_state, err);
}
