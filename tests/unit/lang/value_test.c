#include "lang/value.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static Value text(Arena *arena, const char *bytes)
{
    return value_string(arena, bytes, strlen(bytes));
}

static const char *encoded(Arena *arena, Value value)
{
    Buffer buffer = {0};

    value_encode(&buffer, value);
    const char *result = arena_copy_string(arena, buffer_text(&buffer));
    buffer_deinit(&buffer);
    return result;
}

static const char *printed(Arena *arena, Value value)
{
    Buffer buffer = {0};

    value_print(&buffer, value);
    const char *result = arena_copy_string(arena, buffer_text(&buffer));
    buffer_deinit(&buffer);
    return result;
}

static const char *for_people(Arena *arena, Value value)
{
    Buffer buffer = {0};

    value_write_json(&buffer, value);
    const char *result = arena_copy_string(arena, buffer_text(&buffer));
    buffer_deinit(&buffer);
    return result;
}

static Value decoded(Arena *arena, const char *json)
{
    cleanup(json_free) Json *tree = NULL;
    Error err;

    cr_assert_eq(json_parse(json, strlen(json), &tree, &err), 0, "%s: %s", json, err.message);
    return value_decode(arena, tree);
}

/* A fixed sequence of numbers, so that a failure comes again. */
static uint64_t next_number(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15ULL;
    return hash_mix(*state);
}

static const char *const awkward_keys[] = {"a",   "$ms", "$int", "$unknown", "$secret",
                                           "$$a", "",    "$",    "\"\\\n"};

static Value random_object(Arena *arena, uint64_t *state, unsigned depth);

static Value random_list(Arena *arena, uint64_t *state, unsigned depth);

static Value random_value(Arena *arena, uint64_t *state, unsigned depth)
{
    static const int64_t integers[] = {
        0,         1,        -1,     INT64_MAX,        INT64_MIN,
        1LL << 53, 86400000, -30000, JSON_INTEGER_MAX, JSON_INTEGER_MAX + 1};
    static const double numbers[] = {0.5, -0.0, 3.0, 1e300, 1e-300, 0.1, -2.5e10};
    uint64_t pick = next_number(state);
    int64_t integer = integers[(pick >> 8) % ARRAY_SIZE(integers)];

    switch (pick % (depth > 4 ? 8 : 10)) {
    case 0:
        return value_null();
    case 1:
        return value_bool(pick & 256);
    case 2:
        return value_int(integer);
    case 3:
        return value_duration(integer);
    case 4:
        return (Value){.type = VALUE_FLOAT, .number = numbers[(pick >> 8) % ARRAY_SIZE(numbers)]};
    case 5:
        return text(arena, awkward_keys[(pick >> 8) % ARRAY_SIZE(awkward_keys)]);
    case 6:
        return value_unknown();
    case 7:
        return value_secret(arena, pick & 256 ? "\"x" : "", pick & 256 ? 2 : 0);
    case 8:
        return random_list(arena, state, depth + 1);
    default:
        return random_object(arena, state, depth + 1);
    }
}

static Value random_list(Arena *arena, uint64_t *state, unsigned depth)
{
    size_t count = next_number(state) % 4;
    ValueList *list = arena_alloc(arena, sizeof *list + count * sizeof(Value));

    list->count = count;
    for (size_t i = 0; i < count; i++)
        list->items[i] = random_value(arena, state, depth);
    return (Value){.type = VALUE_LIST, .list = list};
}

static Value random_object(Arena *arena, uint64_t *state, unsigned depth)
{
    size_t count = next_number(state) % 4, first = next_number(state);
    ValueObject *object = arena_alloc(arena, sizeof *object + count * sizeof(ValueMember));

    object->count = count;
    for (size_t i = 0; i < count; i++) {
        const char *key = awkward_keys[(first + i) % ARRAY_SIZE(awkward_keys)];
        object->members[i].key = text(arena, key).string;
        object->members[i].value = random_value(arena, state, depth);
    }
    return (Value){.type = VALUE_OBJECT, .object = object};
}

Test(value, encoding_reads_back_as_the_same_value)
{
    uint64_t state = 1;

    for (int i = 0; i < 20000; i++) {
        Arena arena = {0};
        Value value = random_value(&arena, &state, 0);
        const char *json = encoded(&arena, value);
        Value back = decoded(&arena, json);
        cr_assert(value_equal(value, back), "%d: %s came back as %s", i, json,
                  encoded(&arena, back));
        cr_assert(value_digest(value) == value_digest(back), "%d: %s", i, json);
        cr_assert_str_eq(json, encoded(&arena, back));
        arena_deinit(&arena);
    }
}

Test(value, clones_and_copies_are_equal_and_their_own)
{
    uint64_t state = 2;

    for (int i = 0; i < 2000; i++) {
        Arena arena = {0}, other = {0};
        Value value = random_value(&arena, &state, 0);
        Value clone = value_clone(value), copy = value_copy(&other, value);
        cr_assert(value_equal(value, clone) && value_equal(value, copy));
        const char *before = encoded(&other, value);
        arena_deinit(&arena);
        cr_assert_str_eq(encoded(&other, clone), before);
        cr_assert_str_eq(encoded(&other, copy), before);
        value_free(clone);
        arena_deinit(&other);
    }
}

Test(value, types_are_told_apart)
{
    Arena arena = {0};
    Value values[] = {value_null(),          value_bool(false),
                      value_int(0),          value_duration(0),
                      text(&arena, "0"),     text(&arena, ""),
                      value_unknown(),       value_secret(&arena, "0", 1),
                      decoded(&arena, "[]"), decoded(&arena, "{}"),
                      decoded(&arena, "0.5")};

    for (size_t i = 0; i < ARRAY_SIZE(values); i++)
        for (size_t j = 0; j < ARRAY_SIZE(values); j++) {
            cr_expect_eq(value_equal(values[i], values[j]), i == j, "%zu %zu", i, j);
            cr_expect_eq(value_digest(values[i]) == value_digest(values[j]), i == j, "%zu %zu", i,
                         j);
        }
    arena_deinit(&arena);
}

Test(value, order_of_members_does_not_count_but_order_of_items_does)
{
    Arena arena = {0};

    Value a = decoded(&arena, "{\"x\":1,\"y\":[1,2]}"),
          b = decoded(&arena, "{\"y\":[1,2],\"x\":1}");
    cr_expect(value_equal(a, b));
    cr_expect(value_digest(a) == value_digest(b));
    Value c = decoded(&arena, "{\"x\":1,\"y\":[2,1]}");
    cr_expect_not(value_equal(a, c));
    cr_expect(value_digest(a) != value_digest(c));
    cr_expect_not(value_equal(a, decoded(&arena, "{\"x\":1,\"z\":[1,2]}")));
    arena_deinit(&arena);
}

Test(value, a_provider_cannot_forge_a_mark)
{
    Arena arena = {0};
    ValueObject *object = arena_alloc(&arena, sizeof *object + sizeof(ValueMember));
    object->count = 1;
    object->members[0] = (ValueMember){text(&arena, "$ms").string, value_int(5)};
    Value value = {.type = VALUE_OBJECT, .object = object};

    cr_expect_str_eq(encoded(&arena, value), "{\"$$ms\":5}");
    cr_expect_eq(decoded(&arena, "{\"$$ms\":5}").type, VALUE_OBJECT);
    cr_expect_eq(decoded(&arena, "{\"$ms\":5}").type, VALUE_DURATION);
    cr_expect_eq(decoded(&arena, "{\"$ms\":5,\"x\":1}").type, VALUE_OBJECT);
    arena_deinit(&arena);
}

Test(value, prints_as_the_language_writes_it)
{
    Arena arena = {0};

    cr_expect_str_eq(printed(&arena, value_duration(90000)), "90s");
    cr_expect_str_eq(printed(&arena, value_duration(120000)), "2m");
    cr_expect_str_eq(printed(&arena, value_duration(14400000)), "4h");
    cr_expect_str_eq(printed(&arena, value_duration(604800000)), "7d");
    cr_expect_str_eq(printed(&arena, value_duration(250)), "250ms");
    cr_expect_str_eq(printed(&arena, value_duration(-1500)), "-1500ms");
    cr_expect_str_eq(printed(&arena, value_duration(0)), "0s");
    cr_expect_str_eq(printed(&arena, value_int(INT64_MIN)), "-9223372036854775808");
    cr_expect_str_eq(printed(&arena, value_bool(true)), "true");
    cr_expect_str_eq(printed(&arena, text(&arena, "a\"b")), "a\"b");
    cr_expect_str_eq(printed(&arena, decoded(&arena, "{\"a\":[1,\"x\"]}")), "{\"a\":[1,\"x\"]}");
    arena_deinit(&arena);
}

Test(value, json_for_people_keeps_large_integers)
{
    Arena arena = {0};

    cr_expect_str_eq(for_people(&arena, value_int(JSON_INTEGER_MAX)), "9007199254740991");
    cr_expect_str_eq(for_people(&arena, value_int(INT64_MAX)), "\"9223372036854775807\"");
    cr_expect_str_eq(for_people(&arena, value_duration(30000)), "\"30s\"");
    cr_expect_str_eq(for_people(&arena, value_unknown()), "{\"$unknown\":{}}");
    cr_expect_str_eq(encoded(&arena, value_int(INT64_MAX)), "{\"$int\":\"9223372036854775807\"}");
    cr_expect_str_eq(encoded(&arena, value_duration(30000)), "{\"$ms\":30000}");
    arena_deinit(&arena);
}

Test(value, unknown_is_found_at_any_depth)
{
    Arena arena = {0};

    cr_expect(value_is_unknown(decoded(&arena, "{\"a\":[1,{\"b\":{\"$unknown\":{}}}]}")));
    cr_expect_not(value_is_unknown(decoded(&arena, "{\"a\":[1,{\"b\":{}}]}")));
    arena_deinit(&arena);
}

Test(value, members_are_found_by_key)
{
    Arena arena = {0};
    Value found, object = decoded(&arena, "{\"host\":\"h\",\"port\":5432}");

    cr_assert(value_member(object, "port", &found));
    cr_expect_eq(found.integer, 5432);
    cr_expect_not(value_member(object, "por", &found));
    cr_expect_not(value_member(value_int(1), "port", &found));
    arena_deinit(&arena);
}

Test(value, a_secret_is_shown_nowhere_and_reads_back)
{
    Arena arena = {0};
    Value secret = value_secret(&arena, "hidden", 6);

    cr_expect_str_eq(printed(&arena, secret), "(sensitive)");
    cr_expect_str_eq(for_people(&arena, secret), "\"(sensitive)\"");
    cr_expect_str_eq(encoded(&arena, secret), "{\"$secret\":\"hidden\"}");
    Value list = decoded(&arena, "[{\"$secret\":\"hidden\"}]");
    cr_expect_str_eq(for_people(&arena, list), "[\"(sensitive)\"]");
    cr_expect(value_equal(list.list->items[0], secret));
    cr_expect(value_digest(list.list->items[0]) == value_digest(secret));
    arena_deinit(&arena);
}

Test(value, members_keep_the_order_in_which_they_were_written)
{
    Arena arena = {0};
    static const char *const texts[] = {"{\"z\":1,\"a\":{\"y\":2,\"b\":3}}", "{\"a\":1,\"z\":2}"};

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        cr_expect_str_eq(encoded(&arena, decoded(&arena, texts[i])), texts[i]);
    arena_deinit(&arena);
}

static Value large_object(Arena *arena, size_t count, bool backward)
{
    ValueObject *object = arena_alloc(arena, sizeof *object + count * sizeof(ValueMember));

    object->count = count;
    for (size_t i = 0; i < count; i++) {
        size_t number = backward ? count - 1 - i : i;
        object->members[i].key = text(arena, arena_format(arena, "k%zu", number)).string;
        object->members[i].value = value_int((int64_t)number);
    }
    return (Value){.type = VALUE_OBJECT, .object = object};
}

/* Which takes no time that grows with its square. */
Test(value, large_objects_are_compared_whatever_their_order)
{
    Arena arena = {0};
    Value a = large_object(&arena, 200000, false), b = large_object(&arena, 200000, true);

    cr_expect(value_equal(a, b));
    cr_expect(value_digest(a) == value_digest(b));
    ((ValueMember *)b.object->members)[77].value = value_int(-1);
    cr_expect_not(value_equal(a, b));
    arena_deinit(&arena);
}

Test(value, size_and_depth_are_those_of_all_parts)
{
    Arena arena = {0};

    cr_expect_eq(value_size(value_int(1)), 16);
    cr_expect_eq(value_size(text(&arena, "abc")), 19);
    cr_expect_eq(value_size(decoded(&arena, "{\"ab\":[1,\"xyz\"]}")), 16 + 2 + 16 + 16 + 19);
    cr_expect_eq(value_depth(value_int(1)), 0);
    cr_expect_eq(value_depth(decoded(&arena, "[]")), 1);
    cr_expect_eq(value_depth(decoded(&arena, "{\"a\":[1,[2]],\"b\":[]}")), 3);
    Value deep = decoded(&arena, "[1]");
    for (int i = 1; i < 200; i++) {
        cr_expect_eq(value_depth(deep) > VALUE_DEPTH_MAX, i > VALUE_DEPTH_MAX, "%d", i);
        ValueList *list = arena_alloc(&arena, sizeof *list + sizeof(Value));
        list->count = 1;
        list->items[0] = deep;
        deep.list = list;
    }
    arena_deinit(&arena);
}
