/* stack.json: whose state a folder is. */
#include "controller/host/state_dir_private.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "controller/host/cursor.h"
#include "controller/host/state_files.h"
#include "lang/base/file.h"
#include "lang/base/hash.h"
#include "lang/base/json.h"
#include "lang/base/memory.h"

#define STACK_FORMAT "ved.state"
#define STACK_TEXT_MAX 65536

static int stack_refuse(const char *path, const char *found, const char *expected, Error *err)
{
    return error_set(err, ERROR_STALE,
                     "state '%s' belongs to stack \"%s\", expected \"%s\": use --state DIR with "
                     "another folder, or give this stack the name \"%s\" (stack: in ved.yaml)",
                     path, found, expected, found);
}

static int stack_version_check(const char *file, const Json *json, Error *err)
{
    const char *format = json_get_string(json, "format", "");
    int64_t version = json_get_int(json, "version", 0);

    if (strcmp(format, STACK_FORMAT) != 0)
        return error_set(err, ERROR_STATE,
                         "state file '%s': format is \"%s\", expected \"" STACK_FORMAT
                         "\": this is no state folder, use --state DIR with another",
                         file, format);
    if (version > STATE_VERSION)
        return error_set(err, ERROR_STATE,
                         "state file '%s' has format version %lld, and this ved reads up to %d: "
                         "use the ved that wrote it or a newer one",
                         file, (long long)version, STATE_VERSION);
    if (version < 1 || json_get_string(json, "stack", NULL) == NULL ||
        json_get_string(json, "lineage", NULL) == NULL)
        return error_set(err, ERROR_STATE,
                         "state file '%s' is damaged: expected a version of 1 or more, a stack and "
                         "a lineage: put it back from a backup",
                         file);
    return 0;
}

static void stack_encode(const char *stack, const char *lineage, Buffer *ret)
{
    cleanup(json_free) Json *json = json_new_object();

    json_set_string(json, "format", STACK_FORMAT);
    json_set_int(json, "version", STATE_VERSION);
    json_set_string(json, "stack", stack);
    json_set_string(json, "lineage", lineage);
    json_set_string(json, "crc32c", "........");
    json_write_pretty(ret, json);
    buffer_add_char(ret, '\n');
    size_t digits_at = ret->size - strlen("........\"\n}\n");
    crc_write(ret->bytes + digits_at, crc_around(ret->bytes, ret->size, digits_at));
}

/* The file is held against what it would be written as: every byte counts. */
static int stack_bytes_check(const char *file, const Json *json, const Buffer *text, Error *err)
{
    cleanup(buffer_deinit) Buffer expected = {0};
    size_t at = 0;

    stack_encode(json_get_string(json, "stack", ""), json_get_string(json, "lineage", ""),
                 &expected);
    while (at < text->size && at < expected.size && text->bytes[at] == expected.bytes[at])
        at++;
    if (at == text->size && at == expected.size)
        return 0;
    return error_set(err, ERROR_STATE,
                     "state file '%s' byte %zu: checksum is \"%s\", expected that of the other "
                     "bytes: the file is damaged or was edited, put it back from a backup",
                     file, at, json_get_string(json, "crc32c", ""));
}

int state_stack_read(StateDir *dir, const char *file, const char *stack, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(json_free) Json *json = NULL;
    int code = file_read(file, STACK_TEXT_MAX, &text, err);

    if (code < 0)
        return code;
    if (json_parse(buffer_text(&text), text.size, &json, err) < 0) {
        error_wrap(err, "state file '%s' is damaged, put it back from a backup", file);
        if (err != NULL)
            err->code = ERROR_STATE;
        return ERROR_STATE;
    }
    if ((code = stack_version_check(file, json, err)) < 0 ||
        (code = stack_bytes_check(file, json, &text, err)) < 0)
        return code;
    const char *found = json_get_string(json, "stack", "");
    if (stack != NULL && strcmp(found, stack) != 0)
        return stack_refuse(dir->path, found, stack, err);
    dir->stack = memory_copy_string(found);
    dir->lineage = memory_copy_string(json_get_string(json, "lineage", ""));
    return 0;
}

static int lineage_make(char ret[33], Error *err)
{
    uint8_t bytes[16];

    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return error_errno(err, errno, "get random bytes for a lineage");
    hex_encode(bytes, sizeof bytes, ret);
    return 0;
}

static int stack_write(StateDir *dir, const char *file, const char *stack, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    char lineage[33];
    int code = lineage_make(lineage, err);

    if (code < 0)
        return code;
    stack_encode(stack, lineage, &text);
    if ((code = file_replace(file, text.bytes, text.size, 0600, err)) < 0)
        return error_wrap(err, "make state '%s'", dir->path);
    dir->stack = memory_copy_string(stack);
    dir->lineage = memory_copy_string(lineage);
    return 0;
}

int state_stack_make(StateDir *dir, const char *file, const char *stack, Error *err)
{
    cleanup(state_files_deinit) StateFiles files = {0};
    int code = state_files_list(dir->path, &files, err);

    if (code < 0)
        return code;
    if (files.count > 0)
        return error_set(err, ERROR_STATE,
                         "state '%s' has checkpoints or journals but no stack.json, expected one: "
                         "put it back from a backup, or use --state DIR with another folder",
                         dir->path);
    if (dir->read_only || stack == NULL)
        return error_set(err, ERROR_STATE,
                         "state '%s' is empty: run 'ved apply' first, or use --state DIR",
                         dir->path);
    return stack_write(dir, file, stack, err);
}
