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
#include "lang/base/hash.h"
#include "lang/base/json.h"
#include "lang/base/memory.h"
#include "lang/base/yaml.h"

/* Longer than any head. */
#define HEAD_MAX 512

#define JSON_STATE_START "\"state\": "
#define JSON_STATE_END "\n}\n"

/* So much of a file is in memory at a time, where its lines are no longer. */
#define CHUNK_SIZE ((size_t)256 << 10)

/* What stands before each value of the head, and after the last; `base` only where there is one. */
typedef struct Layout {
    const char *version;
    const char *position;
    const char *base;
    const char *program;
    const char *crc;
    const char *state;
} Layout;

static const Layout layouts[] = {
    [STATE_JSON] = {"{\n  \"format\": \"ved.checkpoint\",\n  \"version\": ", ",\n  \"position\": ",
                    ",\n  \"base\": ", ",\n  \"program\": ", ",\n  \"crc32c\": \"", "\",\n  "},
    [STATE_YAML] = {"format: ved.checkpoint\nversion: ", "\nposition: ", "\nbase: ", "\nprogram: ",
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

/* ---- writing ---- */

struct CheckpointWriter {
    FileReplacement file;
    StateFormat format;
    Buffer text;      /* of the file, not written yet */
    Buffer state;     /* in YAML: as JSON */
    LineWriter lines; /* to one of these */
    size_t written;
    size_t digits_at;
    uint32_t crc;
};

static void head_put(const CheckpointHead *head, const Layout *layout, Buffer *ret)
{
    buffer_add_string(ret, layout->version);
    buffer_add_unsigned(ret, CHECKPOINT_VERSION);
    buffer_add_string(ret, layout->position);
    buffer_add_unsigned(ret, head->position);
    if (head->has_base) {
        buffer_add_string(ret, layout->base);
        buffer_add_unsigned(ret, head->base);
    }
    buffer_add_string(ret, layout->program);
    buffer_add_unsigned(ret, head->program);
    buffer_add_string(ret, layout->crc);
}

int checkpoint_create(const char *folder, StateFormat format, const CheckpointHead *head,
                      CheckpointWriter **ret, Error *err)
{
    cleanup(free) char *path = state_file_path(folder, format_kind(format), head->position);
    const Layout *layout = &layouts[format];
    FileReplacement file;
    int code = file_replace_begin(path, 0600, &file, err);

    if (code < 0)
        return error_wrap(err, "write checkpoint");
    CheckpointWriter *writer = memory_zero(1, sizeof *writer);
    writer->file = file;
    writer->format = format;
    head_put(head, layout, &writer->text);
    writer->digits_at = writer->text.size;
    writer->crc = crc32c(0, writer->text.bytes, writer->text.size);
    buffer_add_string(&writer->text, "........");
    size_t covered = writer->text.size;
    buffer_add_string(&writer->text, layout->state);
    if (format == STATE_JSON)
        buffer_add_string(&writer->text, JSON_STATE_START);
    writer->crc = crc32c(writer->crc, writer->text.bytes + covered, writer->text.size - covered);
    writer->lines.text = format == STATE_JSON ? &writer->text : &writer->state;
    *ret = writer;
    return 0;
}

void checkpoint_writer_free(CheckpointWriter *writer)
{
    if (writer == NULL)
        return;
    file_replace_abandon(&writer->file);
    buffer_deinit(&writer->text);
    buffer_deinit(&writer->state);
    free(writer);
}

static int text_flush(CheckpointWriter *writer, Error *err)
{
    Buffer *text = &writer->text;

    if (writer->written + text->size > CHECKPOINT_MAX)
        return error_set(err, ERROR_STATE,
                         "write checkpoint '%s': expected at most %zu bytes: the state is too "
                         "large, split the stack",
                         writer->file.path, CHECKPOINT_MAX);
    if (fd_write_all(writer->file.fd, text->bytes, text->size, err) < 0)
        return error_wrap(err, "write checkpoint '%s'", writer->file.path);
    writer->written += text->size;
    buffer_reset(text);
    return 0;
}

int checkpoint_put(void *user, const StateLine *line, Error *err)
{
    CheckpointWriter *writer = user;
    size_t covered = writer->text.size;

    state_line_write(&writer->lines, line, err);
    writer->crc = crc32c(writer->crc, writer->text.bytes + covered, writer->text.size - covered);
    return writer->text.size < CHUNK_SIZE ? 0 : text_flush(writer, err);
}

/* What ends the file; in YAML, that is all of the state. */
static int end_put(CheckpointWriter *writer, Error *err)
{
    cleanup(json_free) Json *wrapped = NULL;
    Json *tree = NULL;

    if (writer->format == STATE_JSON) {
        buffer_add_string(&writer->text, JSON_STATE_END);
        return 0;
    }
    int code = json_parse_own(buffer_text(&writer->state), writer->state.size, &tree, err);
    if (code < 0)
        return error_wrap(err, "write checkpoint '%s'", writer->file.path);
    wrapped = json_new_object();
    json_set(wrapped, "state", tree);
    yaml_write(&writer->text, wrapped);
    return 0;
}

/* Where the beginning of the file is written already, they go there by themselves. */
static int digits_write(CheckpointWriter *writer, Error *err)
{
    char digits[CRC_DIGITS];

    crc_write(digits, writer->crc);
    if (writer->written == 0) {
        memcpy(writer->text.bytes + writer->digits_at, digits, sizeof digits);
        return text_flush(writer, err);
    }
    int code = text_flush(writer, err);
    if (code < 0)
        return code;
    if (lseek(writer->file.fd, (off_t)writer->digits_at, SEEK_SET) < 0)
        return error_errno(err, errno, "write checkpoint '%s'", writer->file.path);
    code = fd_write_all(writer->file.fd, digits, sizeof digits, err);
    return code < 0 ? error_wrap(err, "write checkpoint '%s'", writer->file.path) : 0;
}

int checkpoint_commit(CheckpointWriter *writer, uint64_t *ret_size, Error *err)
{
    size_t covered = writer->text.size;
    int code = end_put(writer, err);

    if (code < 0)
        return code;
    writer->crc = crc32c(writer->crc, writer->text.bytes + covered, writer->text.size - covered);
    if ((code = digits_write(writer, err)) < 0)
        return code;
    if (ret_size != NULL)
        *ret_size = writer->written;
    code = file_replace_commit(&writer->file, err);
    return code < 0 ? error_wrap(err, "write checkpoint") : 0;
}

int checkpoint_write(const char *folder, StateFormat format, const CheckpointHead *head,
                     const char *state, size_t size, Error *err)
{
    cleanup(checkpoint_writer_free) CheckpointWriter *writer = NULL;
    int code = checkpoint_create(folder, format, head, &writer, err);

    if (code == 0)
        code = state_lines_visit(state, size, checkpoint_put, writer, err);
    return code == 0 ? checkpoint_commit(writer, NULL, err) : code;
}

/* ---- the head ---- */

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
    uint64_t version;
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
    *ret = (HeadText){.version = version};
    CheckpointHead *head = &ret->head;
    bool whole = cursor_skip(cursor, layout->position) && cursor_number(cursor, &head->position);
    head->has_base = whole && cursor_skip(cursor, layout->base);
    whole = whole && (!head->has_base || cursor_number(cursor, &head->base)) &&
            cursor_skip(cursor, layout->program) && cursor_number(cursor, &head->program) &&
            cursor_skip(cursor, layout->crc);
    ret->crc_at = (size_t)(cursor->at - start);
    if (!whole || !cursor_crc(cursor, &ret->crc) || !cursor_skip(cursor, layout->state))
        return damage_set(path, (size_t)(cursor->at - start), "found other bytes",
                          "the rest of a checkpoint's head", err);
    return 0;
}

static int file_open(const char *path, int *ret, Error *err)
{
    *ret = open(path, O_RDONLY | O_CLOEXEC);
    return *ret < 0 ? error_errno(err, errno, "open checkpoint '%s'", path) : 0;
}

/* Up to `size` bytes; 0: there are no more. */
static ssize_t chunk_read(int fd, const char *path, char *bytes, size_t size, Error *err)
{
    ssize_t got;

    do {
        got = read(fd, bytes, size);
    } while (got < 0 && errno == EINTR);
    return got < 0 ? error_errno(err, errno, "read checkpoint '%s'", path) : got;
}

int checkpoint_read_head(const char *path, CheckpointHead *ret, Error *err)
{
    cleanup(fd_close) int fd = -1;
    char start[HEAD_MAX];
    HeadText text;
    int code = file_open(path, &fd, err);

    if (code < 0)
        return code;
    ssize_t got = chunk_read(fd, path, start, sizeof start, err);
    if (got < 0)
        return (int)got;
    Cursor cursor = {start, start + got};
    code = head_read(path, start, &cursor, &text, err);
    if (code == 0)
        *ret = text.head;
    return code;
}

/* ---- reading ---- */

/* A file that is read twice: for its checksum, and then for its state. */
typedef struct Reading {
    const char *path;
    int fd;
    HeadText head;
    size_t state_at, size;
    char end[sizeof JSON_STATE_END - 1]; /* the last bytes */
    Buffer text;
} Reading;

static void reading_deinit(Reading *reading)
{
    fd_close(reading->fd);
    buffer_deinit(&reading->text);
}
#define reading_deinit_p reading_deinit

static void end_note(Reading *reading, const char *bytes, size_t size)
{
    size_t kept = sizeof reading->end;
    size_t fresh = size < kept ? size : kept;

    memmove(reading->end, reading->end + fresh, kept - fresh);
    memcpy(reading->end + kept - fresh, bytes + size - fresh, fresh);
}

static int checksum_check(const Reading *reading, uint32_t found, Error *err)
{
    char found_text[40], expected_text[16];

    if (found == reading->head.crc)
        return 0;
    snprintf(found_text, sizeof found_text, "checksum is %08x", found);
    snprintf(expected_text, sizeof expected_text, "%08x", reading->head.crc);
    return damage_set(reading->path, reading->head.crc_at, found_text, expected_text, err);
}

/* The first bytes have the whole head. */
static int first_chunk(Reading *reading, const char *bytes, size_t size, uint32_t *crc, Error *err)
{
    Cursor cursor = {bytes, bytes + (size < HEAD_MAX ? size : HEAD_MAX)};
    int code = head_read(reading->path, bytes, &cursor, &reading->head, err);

    if (code < 0)
        return code;
    reading->state_at = (size_t)(cursor.at - bytes);
    *crc = crc_around(bytes, size, reading->head.crc_at);
    return 0;
}

/* Read all of it, and hold it against its checksum. */
static int reading_check(Reading *reading, Error *err)
{
    cleanup(free) char *chunk = memory_alloc(CHUNK_SIZE);
    uint32_t crc = 0;
    ssize_t got;

    while ((got = chunk_read(reading->fd, reading->path, chunk, CHUNK_SIZE, err)) > 0) {
        int code = 0;
        if (reading->size == 0)
            code = first_chunk(reading, chunk, (size_t)got, &crc, err);
        else
            crc = crc32c(crc, chunk, (size_t)got);
        if (code < 0)
            return code;
        end_note(reading, chunk, (size_t)got);
        reading->size += (size_t)got;
        if (reading->size > CHECKPOINT_MAX)
            return error_errno(err, EFBIG, "read checkpoint '%s': larger than %zu bytes",
                               reading->path, CHECKPOINT_MAX);
    }
    if (got < 0)
        return (int)got;
    return reading->size == 0 ? first_chunk(reading, "", 0, &crc, err)
                              : checksum_check(reading, crc, err);
}

/* Append what comes next, at most `size` bytes and a chunk; how much it is, negative: failed. */
static ssize_t text_fill(Reading *reading, size_t size, Error *err)
{
    cleanup(free) char *chunk = memory_alloc(CHUNK_SIZE);
    ssize_t got =
        chunk_read(reading->fd, reading->path, chunk, size < CHUNK_SIZE ? size : CHUNK_SIZE, err);

    if (got < 0)
        return got;
    if (got == 0)
        return error_set(err, ERROR_STATE, "checkpoint '%s' became shorter while it was read",
                         reading->path);
    buffer_add(&reading->text, chunk, (size_t)got);
    return got;
}

/* Hand over the lines that end in the text, or all if it is the last; keep the rest. */
static int text_pass(Reading *reading, LineReader *lines, bool is_last, StateLineVisit *visit,
                     void *user, Error *err)
{
    Buffer *text = &reading->text;
    const char *line_end = memrchr(text->bytes, '\n', text->size);
    size_t size = is_last            ? text->size
                  : line_end != NULL ? (size_t)(line_end + 1 - text->bytes)
                                     : 0;
    StateLine line;
    int code = 0;

    lines->at = text->bytes;
    lines->end = text->bytes + size;
    while (code == 0 && state_line_read(lines, &line))
        code = visit(user, &line, err);
    memmove(text->bytes, text->bytes + size, text->size - size);
    text->size -= size;
    return code;
}

static int json_visit(Reading *reading, StateLineVisit *visit, void *user, Error *err)
{
    size_t start_size = strlen(JSON_STATE_START), end_size = sizeof reading->end;
    LineReader lines = {0};
    size_t rest;
    int code = 0;

    if (reading->size < reading->state_at + start_size + end_size ||
        memcmp(reading->end, JSON_STATE_END, end_size) != 0)
        return damage_set(reading->path, reading->size, "found other bytes",
                          "\"state\": and at the end a closing }", err);
    if (lseek(reading->fd, (off_t)(reading->state_at + start_size), SEEK_SET) < 0)
        return error_errno(err, errno, "read checkpoint '%s'", reading->path);
    rest = reading->size - reading->state_at - start_size - end_size;
    while (code == 0 && rest > 0) {
        ssize_t got = text_fill(reading, rest, err);

        if (got < 0)
            return (int)got;
        rest -= (size_t)got;
        code = text_pass(reading, &lines, rest == 0, visit, user, err);
    }
    return code;
}

/* Read the whole file, as it is. */
static int text_read(Reading *reading, Error *err)
{
    size_t rest = reading->size;

    if (lseek(reading->fd, 0, SEEK_SET) < 0)
        return error_errno(err, errno, "read checkpoint '%s'", reading->path);
    while (rest > 0) {
        ssize_t got = text_fill(reading, rest, err);

        if (got < 0)
            return (int)got;
        rest -= (size_t)got;
    }
    return 0;
}

/* Where it is not in lines: in YAML, and in the first version. */
static int tree_visit(Reading *reading, StateLineVisit *visit, void *user, Error *err)
{
    cleanup(json_free) Json *tree = NULL;
    int code = text_read(reading, err);

    if (code == 0 && path_format(reading->path) == STATE_YAML)
        code = yaml_parse(reading->text.bytes, reading->text.size, &tree, err);
    else if (code == 0)
        code = json_parse_own(reading->text.bytes, reading->text.size, &tree, err);
    if (code < 0)
        return error_wrap(err, "load checkpoint '%s'", reading->path);
    return state_lines_visit_json(json_get(tree, "state"), visit, user, err);
}

int checkpoint_visit(const char *path, StateLineVisit *visit, void *user, CheckpointHead *ret_head,
                     uint64_t *ret_size, Error *err)
{
    cleanup(reading_deinit) Reading reading = {.path = path, .fd = -1};
    int code = file_open(path, &reading.fd, err);

    if (code == 0)
        code = reading_check(&reading, err);
    if (code < 0)
        return code;
    *ret_head = reading.head.head;
    if (ret_size != NULL)
        *ret_size = reading.size;
    if (visit == NULL)
        return 0;
    bool has_lines = path_format(path) == STATE_JSON && reading.head.version > 1;
    return has_lines ? json_visit(&reading, visit, user, err)
                     : tree_visit(&reading, visit, user, err);
}

int checkpoint_read(const char *path, CheckpointHead *ret_head, Buffer *ret_state, Error *err)
{
    LineWriter writer = {.text = ret_state};

    return checkpoint_visit(path, state_line_write, &writer, ret_head, NULL, err);
}
