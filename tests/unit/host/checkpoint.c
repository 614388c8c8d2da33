#include "controller/host/checkpoint.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "controller/host/cursor.h"
#include "controller/host/state_files.h"
#include "lang/base/file.h"
#include "lang/base/json.h"
#include "lang/base/memory.h"
#include "tests/unit/host/scratch.h"

#define STATE                                                                                      \
    "{\"domains\":{\"Database\":{\"size\":3,\"name\":\"orders\"}},\"text\":\"a \\\"b\\\"\\n\"}"

static char *folder, *path;

static void begin(void)
{
    folder = scratch_make();
    path = scratch_path(folder, "checkpoint-17.json");
}

static void end(void)
{
    free(path);
    scratch_remove(folder);
}

TestSuite(checkpoint, .init = begin, .fini = end);

static void put(StateFormat format, uint64_t position, const char *state)
{
    CheckpointHead head = {.position = position, .program = 3};
    Error err = {0};

    cr_assert_eq(checkpoint_write(folder, format, &head, state, strlen(state), &err), 0, "%s",
                 err.message);
}

static void check_same(const Buffer *state, const char *expected)
{
    cleanup(json_free) Json *found = NULL;
    cleanup(json_free) Json *wanted = NULL;

    cr_assert_eq(json_parse(state->bytes, state->size, &found, NULL), 0);
    cr_assert_eq(json_parse(expected, strlen(expected), &wanted, NULL), 0);
    cr_assert(json_equal(found, wanted), "%s", state->bytes);
}

/* 1: there is none. */
static int read_latest(CheckpointHead *ret_head, Buffer *ret_state, Error *err)
{
    cleanup(state_files_deinit) StateFiles files = {0};

    cr_assert_eq(state_files_list(folder, &files, NULL), 0);
    const StateFile *newest = state_files_last_checkpoint(&files, UINT64_MAX);
    if (newest == NULL)
        return 1;
    cleanup(free) char *file = state_file_path(folder, newest->kind, newest->position);
    return checkpoint_read(file, ret_head, ret_state, err);
}

Test(checkpoint, state_comes_back_with_its_head)
{
    cleanup(buffer_deinit) Buffer state = {0};
    CheckpointHead head;
    Error err = {0};

    put(STATE_JSON, 17, STATE);
    cr_assert_eq(checkpoint_read(path, &head, &state, &err), 0, "%s", err.message);
    cr_assert_eq(head.position, 17);
    cr_assert_eq(head.program, 3);
    check_same(&state, STATE);
}

Test(checkpoint, yaml_comes_back_as_json)
{
    cleanup(free) char *yaml = scratch_path(folder, "checkpoint-17.yaml");
    cleanup(buffer_deinit) Buffer state = {0};
    CheckpointHead head;
    Error err = {0};

    put(STATE_YAML, 17, STATE);
    cr_assert_eq(checkpoint_read(yaml, &head, &state, &err), 0, "%s", err.message);
    cr_assert_eq(head.position, 17);
    check_same(&state, STATE);
}

Test(checkpoint, file_is_json_of_a_prescribed_head_and_the_state)
{
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(json_free) Json *json = NULL;

    put(STATE_JSON, 17, "{\"a\":[1]}");
    scratch_read(path, &text);
    cr_assert_str_eq(text.bytes, "{\n"
                                 "  \"format\": \"ved.checkpoint\",\n"
                                 "  \"version\": 2,\n"
                                 "  \"position\": 17,\n"
                                 "  \"program\": 3,\n"
                                 "  \"crc32c\": \"9ce13b78\",\n"
                                 "  \"state\": {\"a\":[1]}\n"
                                 "}\n");
    cr_assert_eq(json_parse(text.bytes, text.size, &json, NULL), 0);
}

static void flip_each(const char *file)
{
    cleanup(buffer_deinit) Buffer text = {0}, state = {0};
    CheckpointHead head;

    scratch_read(file, &text);
    for (size_t i = 0; i < text.size; i++)
        for (int bit = 0; bit < 8; bit++) {
            Error err = {0};
            text.bytes[i] = (char)(text.bytes[i] ^ 1 << bit);
            scratch_write(file, text.bytes, text.size);
            cr_assert_eq(checkpoint_read(file, &head, &state, &err), ERROR_STATE, "byte %zu bit %d",
                         i, bit);
            cr_assert_not_null(strstr(err.message, file));
            text.bytes[i] = (char)(text.bytes[i] ^ 1 << bit);
        }
    cr_assert_eq(state.size, 0);
}

Test(checkpoint, every_flipped_bit_is_refused)
{
    put(STATE_JSON, 17, STATE);
    flip_each(path);
}

Test(checkpoint, every_flipped_bit_of_yaml_is_refused)
{
    cleanup(free) char *yaml = scratch_path(folder, "checkpoint-17.yaml");

    put(STATE_YAML, 17, STATE);
    flip_each(yaml);
}

Test(checkpoint, truncated_anywhere_is_refused)
{
    cleanup(buffer_deinit) Buffer text = {0}, state = {0};
    CheckpointHead head;

    put(STATE_JSON, 17, STATE);
    scratch_read(path, &text);
    for (size_t size = 0; size < text.size; size++) {
        scratch_write(path, text.bytes, size);
        cr_assert_eq(checkpoint_read(path, &head, &state, NULL), ERROR_STATE, "%zu bytes", size);
    }
}

Test(checkpoint, damage_names_file_byte_found_and_expected)
{
    cleanup(buffer_deinit) Buffer text = {0}, state = {0};
    CheckpointHead head;
    Error err = {0};

    put(STATE_JSON, 17, STATE);
    scratch_read(path, &text);
    text.bytes[text.size - 4] = '\t';
    scratch_write(path, text.bytes, text.size);
    cr_assert_eq(checkpoint_read(path, &head, &state, &err), ERROR_STATE);
    cr_assert_not_null(strstr(err.message, "byte "), "%s", err.message);
    cr_assert_not_null(strstr(err.message, "checksum is "), "%s", err.message);
    cr_assert_not_null(strstr(err.message, ", expected "), "%s", err.message);
}

Test(checkpoint, newer_version_is_refused_with_what_to_do)
{
    cleanup(buffer_deinit) Buffer text = {0}, state = {0};
    CheckpointHead head;
    Error err = {0};

    put(STATE_JSON, 17, STATE);
    scratch_read(path, &text);
    *(strstr(text.bytes, "\"version\": ") + strlen("\"version\": ")) = '3';
    scratch_write(path, text.bytes, text.size);
    cr_assert_eq(checkpoint_read(path, &head, &state, &err), ERROR_STATE);
    cr_assert_not_null(strstr(err.message, "has format version 3, and this ved reads up to 2"));
}

Test(checkpoint, latest_is_the_one_of_the_highest_position)
{
    cleanup(buffer_deinit) Buffer state = {0};
    CheckpointHead head;

    cr_assert_eq(read_latest(&head, &state, NULL), 1);
    put(STATE_JSON, 9, "{\"n\":9}");
    put(STATE_JSON, 100, "{\"n\":100}");
    put(STATE_YAML, 17, "{\"n\":17}");
    cr_assert_eq(read_latest(&head, &state, NULL), 0);
    cr_assert_eq(head.position, 100);
    check_same(&state, "{\"n\":100}");
}

Test(checkpoint, a_damaged_latest_is_not_passed_over)
{
    cleanup(buffer_deinit) Buffer text = {0}, state = {0};
    CheckpointHead head;

    put(STATE_JSON, 9, "{\"n\":9}");
    put(STATE_JSON, 17, "{\"n\":17}");
    scratch_read(path, &text);
    scratch_write(path, text.bytes, text.size - 1);
    cr_assert_eq(read_latest(&head, &state, NULL), ERROR_STATE);
}

Test(checkpoint, each_failing_call_leaves_the_one_before)
{
    CheckpointHead head = {.position = 18}, found;

    put(STATE_JSON, 17, STATE);
    for (int nth = 1;; nth++) {
        cleanup(buffer_deinit) Buffer state = {0};
        Error err = {0};
        scratch_fail_at(nth, ENOSPC);
        int code = checkpoint_write(folder, STATE_JSON, &head, "{}", 2, &err);
        bool failed = scratch_has_failed();
        scratch_fail_at(0, 0);
        cr_assert_eq(read_latest(&found, &state, &err), 0, "%s", err.message);
        if (!failed) {
            cr_assert_eq(code, 0);
            cr_assert_gt(nth, 3);
            break;
        }
        cr_assert_eq(code, -ENOSPC);
        cr_assert_not_null(strstr(err.message, "No space left on device"));
    }
    cr_assert_eq(found.position, 18);
}

Test(checkpoint, the_first_version_is_read)
{
    static const char old[] =
        "{\n  \"format\": \"ved.checkpoint\",\n  \"version\": 1,\n  \"position\": 17,\n"
        "  \"program\": 3,\n  \"crc32c\": \"........\",\n"
        "  \"state\": {\"trails\":[{\"slice\":1}],\n\"domains\":[\n{\"domain\":\"A\"}\n],"
        "\"objects\":[\n]}\n}\n";
    cleanup(buffer_deinit) Buffer text = {0}, state = {0};
    CheckpointHead head;
    Error err = {0};

    buffer_add_string(&text, old);
    size_t digits_at = (size_t)(strstr(text.bytes, "........") - text.bytes);
    crc_write(text.bytes + digits_at, crc_around(text.bytes, text.size, digits_at));
    scratch_write(path, text.bytes, text.size);
    cr_assert_eq(checkpoint_read(path, &head, &state, &err), 0, "%s", err.message);
    cr_assert_eq(head.position, 17);
    cr_assert_str_eq(state.bytes, "{\"trails\":[\n{\"slice\":1}\n],\"domains\":[\n"
                                  "{\"domain\":\"A\"}\n],\"objects\":[\n]}");
}

Test(checkpoint, base_is_in_its_head)
{
    CheckpointHead head = {.position = 17, .program = 3, .has_base = true, .base = 9}, found;
    cleanup(buffer_deinit) Buffer text = {0};

    cr_assert_eq(checkpoint_write(folder, STATE_JSON, &head, "{}", 2, NULL), 0);
    cr_assert_eq(checkpoint_read_head(path, &found, NULL), 0);
    cr_assert(found.has_base);
    cr_assert_eq(found.base, 9);
    scratch_read(path, &text);
    cr_assert_not_null(strstr(text.bytes, "  \"position\": 17,\n  \"base\": 9,\n  \"program\": 3"));
    flip_each(path);
}

/* More than is in memory at a time, and a line that is longer than that. */
Test(checkpoint, large_states_go_through_a_bounded_buffer)
{
    cleanup(buffer_deinit) Buffer state = {0}, found = {0};
    CheckpointHead head = {.position = 17};
    Error err = {0};

    buffer_add_string(&state, "{\"trails\":[");
    for (int i = 0; i < 3; i++) {
        buffer_add_format(&state, "%s\n{\"slice\":%d,\"text\":\"", i > 0 ? "," : "", i);
        for (int k = 0; k < 40000; k++)
            buffer_add_string(&state, "0123456789");
        buffer_add_string(&state, "\"}");
    }
    buffer_add_string(&state, "\n],\"domains\":[\n],\"objects\":[\n]}");
    cr_assert_eq(checkpoint_write(folder, STATE_JSON, &head, state.bytes, state.size, &err), 0);
    cr_assert_eq(checkpoint_read(path, &head, &found, &err), 0, "%s", err.message);
    cr_assert_str_eq(found.bytes, state.bytes);
}
