/* Any bytes, read where they stand: taken and refused as by the reader that makes trees, but that
 * keys may be any. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lang/base/json_pull.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void value_read(JsonPull *pull, Arena *arena);

static void object_read(JsonPull *pull, Arena *arena)
{
    static const JsonWord words[] = {JSON_WORD("a"), JSON_WORD("type"), JSON_WORD("unmet_since")};
    size_t size;

    for (bool more = json_pull_open(pull, '{'); more; more = json_pull_more(pull, '}')) {
        JsonKeys keys = {.words = words, .count = ARRAY_SIZE(words)};
        JsonPull named = *pull;
        const char *other;
        int key = json_pull_key(&named, &keys, arena, &other);
        const char *name = json_pull_name(pull, arena, &size);
        bool is_known = !pull->failed && key >= 0;
        if (is_known && (strcmp(words[key].text, name) != 0 || named.at != pull->at))
            abort();
        if (!pull->failed && key < 0 && (other == NULL || strcmp(other, name) != 0))
            abort();
        JsonPull rest = *pull, skipped = json_pull_skip(&rest);
        value_read(pull, arena);
        if (!pull->failed && (rest.failed || rest.at != pull->at || skipped.end != pull->at))
            abort();
    }
}

static void value_read(JsonPull *pull, Arena *arena)
{
    double number;
    int64_t whole;

    switch (json_pull_next(pull)) {
    case '{':
        object_read(pull, arena);
        break;
    case '[':
        for (bool more = json_pull_open(pull, '['); more; more = json_pull_more(pull, ']'))
            value_read(pull, arena);
        break;
    case '"':
        json_pull_string(pull, arena);
        break;
    case 't':
    case 'f':
        json_pull_bool(pull);
        break;
    case 'n':
        json_pull_null(pull);
        break;
    default:
        json_pull_number(pull, &whole, &number);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup(json_free) Json *json = NULL;
    JsonPull pull = json_pull((const char *)data, size);
    Arena arena = {0};
    Error err = {0};

    if (size > 10000)
        return 0;
    bool is_json = json_parse_own((const char *)data, size, &json, &err) == 0;
    value_read(&pull, &arena);
    if (json_pull_done(&pull) != is_json && strstr(err.message, "stands twice") == NULL &&
        strstr(err.message, "nested deeper") == NULL)
        abort();
    arena_deinit(&arena);
    return 0;
}
