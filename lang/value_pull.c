/* Values read where they stand: scalars at once, what holds others as a tree. */
#include "lang/value.h"

static Value pull_text(Arena *arena, JsonPull *pull)
{
    size_t size;
    const char *bytes = json_pull_bytes(pull, arena, &size);

    return value_string(arena, bytes, size);
}

static Value pull_number(JsonPull *pull)
{
    int64_t whole = 0;
    double number = 0;

    if (json_pull_number(pull, &whole, &number))
        return value_int(whole);
    return (Value){.type = VALUE_FLOAT, .number = number};
}

static Value pull_nested(Arena *arena, JsonPull *pull)
{
    cleanup(json_free) Json *tree = json_pull_tree(pull);

    return value_decode(arena, tree);
}

Value value_pull(Arena *arena, JsonPull *pull)
{
    switch (json_pull_next(pull)) {
    case '"':
        return pull_text(arena, pull);
    case 't':
    case 'f':
        return value_bool(json_pull_bool(pull));
    case 'n':
        json_pull_null(pull);
        return value_null();
    case '{':
    case '[':
        return pull_nested(arena, pull);
    }
    return pull_number(pull);
}
