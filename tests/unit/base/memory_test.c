#include <criterion/criterion.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lang/base/arena.h"
#include "lang/base/buffer.h"
#include "lang/base/error.h"
#include "lang/base/map.h"
#include "lang/base/memory.h"
#include "lang/base/text.h"

static size_t PRINTF_LIKE(3, 4) text_put(char *ret, size_t size, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    size_t length = text_format(ret, size, format, args);
    va_end(args);
    return length;
}

Test(arena, pieces_are_zeroed_aligned_and_counted)
{
    Arena arena = {0};

    char *a = arena_alloc(&arena, 1);
    char *b = arena_alloc(&arena, 100);
    cr_assert_eq((uintptr_t)a % 16, 0);
    cr_assert_eq((uintptr_t)b % 16, 0);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(b[i], 0);
    cr_assert_eq(arena.used, 1 + 15 + 100);
    arena_deinit(&arena);
    cr_assert_null(arena.blocks);
}

Test(arena, a_piece_larger_than_a_block_gets_one_of_its_own)
{
    Arena arena = {0};

    char *small = arena_copy_string(&arena, "before");
    char *large = arena_alloc(&arena, 1 << 20);
    memset(large, 'x', 1 << 20);
    cr_assert_str_eq(small, "before");
    arena_deinit(&arena);
}

Test(arena, reset_hands_the_same_memory_out_again_zeroed)
{
    Arena arena = {0};

    char *first = arena_copy_string(&arena, "old");
    arena_reset(&arena);
    cr_assert_eq(arena.used, 0);
    char *second = arena_alloc(&arena, 4);
    cr_assert_eq(first, second);
    cr_assert_eq(second[0], 0);
    arena_deinit(&arena);
}

Test(arena, pieces_are_apart_and_keep_their_bytes_however_many_there_are)
{
    enum { PIECES = 20000, SIZE = 1000 };
    Arena arena = {0};
    unsigned char **pieces = calloc(PIECES, sizeof *pieces);

    for (int i = 0; i < PIECES; i++) {
        pieces[i] = arena_alloc(&arena, SIZE);
        cr_assert_eq((uintptr_t)pieces[i] % ARENA_ALIGN, 0);
        cr_assert_eq(pieces[i][0] | pieces[i][SIZE - 1], 0);
        memset(pieces[i], i % 251, SIZE);
    }
    for (int i = 0; i < PIECES; i++)
        cr_assert(pieces[i][0] == i % 251 && pieces[i][SIZE - 1] == i % 251);
    free(pieces);
    arena_deinit(&arena);
}

/* The room for a text ends at every place of it. */
Test(text, is_formatted_as_printf_does_it_whatever_the_room)
{
    static const char whole[] = "one, two and 100% of three";
    char easy[sizeof whole + 1], other[sizeof whole + 1];

    for (size_t room = 0; room <= sizeof whole; room++) {
        memset(easy, 'x', sizeof easy);
        memset(other, 'x', sizeof other);
        cr_assert_eq(text_put(easy, room, "%s, %s and %s three", "one", "two", "100% of"),
                     strlen(whole));
        cr_assert_eq(text_put(other, room, "%s, %s and %d%% of three", "one", "two", 100),
                     strlen(whole));
        cr_assert_arr_eq(easy, other, sizeof easy);
    }
    cr_assert_str_eq(easy, whole);
}

Test(text, may_be_longer_than_any_room)
{
    char *text = memory_copy_bytes((char[5000]){0}, 4999);
    Arena arena = {0};
    Buffer buffer = {0};

    memset(text, 'a', 4999);
    cr_assert_eq(strlen(arena_format(&arena, "<%s%s>", text, text)), 10000);
    buffer_add_format(&buffer, "<%s>", text);
    buffer_add_format(&buffer, "%s%d", text, 7);
    cr_assert_eq(buffer.size, 10001);
    cr_assert_eq(strlen(buffer_text(&buffer)), 10001);
    cr_assert_eq(buffer_text(&buffer)[10000], '7');
    buffer_deinit(&buffer);
    arena_deinit(&arena);
    free(text);
}

Test(buffer, a_format_past_the_ceiling_leaves_what_is_there)
{
    Buffer buffer = {.ceiling = 10};

    buffer_add_format(&buffer, "%s", "12345");
    buffer_add_format(&buffer, "%s", "6789012");
    cr_assert(buffer.overflowed);
    cr_assert_str_eq(buffer_text(&buffer), "12345");
    buffer_deinit(&buffer);
}

Test(arena, nothing_is_a_piece_as_well)
{
    Arena arena = {0};

    cr_assert_not_null(arena_alloc(&arena, 0));
    arena_deinit(&arena);
}

Test(arena, formatted_text_and_copied_bytes_end_in_nul)
{
    Arena arena = {0};

    cr_assert_str_eq(arena_format(&arena, "%d-%s", 7, "x"), "7-x");
    cr_assert_str_eq(arena_copy_bytes(&arena, "abcdef", 3), "abc");
    arena_deinit(&arena);
}

Test(arena, arrays_grow_and_keep_what_they_hold)
{
    Arena arena = {0};
    int *items = NULL;
    size_t count = 0, capacity = 0;

    for (int i = 0; i < 1000; i++) {
        arena_reserve_one(&arena, items, count, capacity);
        items[count++] = i;
    }
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(items[i], i);
    arena_deinit(&arena);
}

Test(buffer, an_empty_one_reads_as_empty_text)
{
    Buffer buffer = {0};

    cr_assert_str_eq(buffer_text(&buffer), "");
    char *taken = buffer_take(&buffer);
    cr_assert_str_eq(taken, "");
    free(taken);
}

Test(buffer, numbers_are_written_to_both_ends_of_their_range)
{
    Buffer buffer = {0};

    buffer_add_int(&buffer, INT64_MIN);
    buffer_add_char(&buffer, ' ');
    buffer_add_unsigned(&buffer, UINT64_MAX);
    buffer_add_format(&buffer, " %s", "end");
    cr_assert_str_eq(buffer_text(&buffer), "-9223372036854775808 18446744073709551615 end");
    buffer_deinit(&buffer);
}

Test(buffer, past_its_ceiling_nothing_is_added_until_reset)
{
    Buffer buffer;

    buffer_init(&buffer, 4);
    buffer_add_string(&buffer, "1234");
    cr_assert_not(buffer.overflowed);
    buffer_add_char(&buffer, '5');
    cr_assert(buffer.overflowed);
    buffer_reset(&buffer);
    buffer_add_string(&buffer, "12345");
    cr_assert_eq(buffer.size, 0);
    cr_assert(buffer.overflowed);
    buffer_reset(&buffer);
    buffer_add_string(&buffer, "ok");
    cr_assert_str_eq(buffer_text(&buffer), "ok");
    buffer_deinit(&buffer);
}

Test(map, finds_replaces_and_removes)
{
    Map map = {0};
    int a = 1, b = 2;

    cr_assert_null(map_put(&map, "x", &a));
    cr_assert_eq(map_put(&map, "x", &b), &a);
    cr_assert_eq(map.count, 1);
    cr_assert_eq(map_get(&map, "x"), &b);
    cr_assert_null(map_get(&map, "y"));
    cr_assert_eq(map_remove(&map, "x"), &b);
    cr_assert_null(map_remove(&map, "x"));
    cr_assert_null(map_get(&map, "x"));
    map_deinit(&map);
}

Test(map, iterates_in_the_order_of_insertion_past_removed_ones)
{
    Map map = {0};
    char key[16];
    int values[1000], expected = 1;

    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "k%d", i);
        values[i] = i;
        map_put(&map, key, &values[i]);
    }
    for (int i = 0; i < 1000; i += 2) {
        snprintf(key, sizeof key, "k%d", i);
        cr_assert_eq(map_remove(&map, key), &values[i]);
    }
    for (MapEntry *e = map_next(&map, NULL); e != NULL; e = map_next(&map, e)) {
        cr_assert_eq(*(int *)e->value, expected);
        expected += 2;
    }
    cr_assert_eq(expected, 1001);
    map_deinit(&map);
}

/* As many as are looked through, one more, and many more: all the same from outside. */
Test(map, finds_and_removes_at_every_size)
{
    char keys[40][24];

    for (size_t size = 0; size < ARRAY_SIZE(keys); size++) {
        Map map = {0};
        for (size_t i = 0; i < size; i++) {
            snprintf(keys[i], sizeof keys[i], "k%zu", i);
            cr_assert_null(map_put(&map, keys[i], keys[i]));
        }
        for (size_t i = 0; i < size; i++)
            cr_assert_eq(map_get(&map, keys[i]), keys[i]);
        for (size_t i = size; i-- > size / 2;)
            cr_assert_eq(map_remove(&map, keys[i]), keys[i]);
        cr_assert_eq(map.count, size / 2);
        for (size_t i = 0; i < size; i++)
            cr_assert_eq(map_get(&map, keys[i]), i < size / 2 ? keys[i] : NULL);
        for (size_t i = size; i-- > size / 2;)
            cr_assert_null(map_put(&map, keys[i], keys[i]));
        cr_assert_eq(map.count, size);
        map_deinit(&map);
    }
}

Test(map, borrows_keys_where_it_is_told_to)
{
    Map map = {.borrows = true};
    char key[] = "key", same[] = "key";

    map_put(&map, key, key);
    cr_assert_eq(map_get(&map, same), key);
    cr_assert_eq(map_next(&map, NULL)->key, key);
    cr_assert_eq(map_remove(&map, same), key);
    map_deinit(&map);
}

Test(error, wraps_outermost_first_and_keeps_the_code)
{
    Error err = {0};

    cr_assert_eq(error_set(&err, ERROR_STATE, "checksum is %x", 31), ERROR_STATE);
    cr_assert_eq(error_wrap(&err, "load '%s'", "7.json"), ERROR_STATE);
    cr_assert_str_eq(err.message, "load '7.json': checksum is 1f");
}

Test(error, a_system_call_gives_its_text_and_negative_number)
{
    Error err = {0};

    cr_assert_eq(error_errno(&err, ENOENT, "open '%s'", "x"), -ENOENT);
    cr_assert_str_eq(err.message, "open 'x': No such file or directory");
    cr_assert_eq(err.code, -ENOENT);
    cr_assert_eq(error_set(NULL, ERROR_USAGE, "nobody asks"), ERROR_USAGE);
}

Test(error, a_sentence_that_is_too_long_is_cut)
{
    Error err = {0};
    char text[4000];

    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    error_set(&err, ERROR_STATE, "%s", text);
    error_wrap(&err, "outer");
    cr_assert_eq(strlen(err.message), sizeof err.message - 1);
    cr_assert_eq(strncmp(err.message, "outer: aaa", 10), 0);
}
