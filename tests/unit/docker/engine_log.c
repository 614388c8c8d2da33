#include "providers/docker/engine_log.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "lang/base/memory.h"

static char *demultiplexed(const char *bytes, size_t size)
{
    Buffer text = {0};

    log_demultiplex(bytes, size, &text);
    return buffer_take(&text);
}

Test(engine_log, frames_of_both_streams_are_joined)
{
    static const char bytes[] = "\1\0\0\0\0\0\0\3out\2\0\0\0\0\0\0\4err\n\1\0\0\0\0\0\0\0";
    cleanup(free) char *text = demultiplexed(bytes, sizeof bytes - 1);

    cr_expect_str_eq(text, "outerr\n");
}

Test(engine_log, frame_that_was_cut_off_is_taken_as_far_as_it_goes)
{
    static const char bytes[] = "\1\0\0\0\0\0\0\11half";
    cleanup(free) char *text = demultiplexed(bytes, sizeof bytes - 1);

    cr_expect_str_eq(text, "half");
}

Test(engine_log, sizes_that_lie_reach_no_further_than_the_bytes)
{
    static const char bytes[] = "\1\0\0\0\377\377\377\377x";
    cleanup(free) char *text = demultiplexed(bytes, sizeof bytes - 1);

    cr_expect_str_eq(text, "x");
}

Test(engine_log, what_has_no_frames_is_taken_as_it_is)
{
    cleanup(free) char *text = demultiplexed("plain text\n", 11);

    cr_expect_str_eq(text, "plain text\n");
}

Test(engine_log, anything_at_all_can_come)
{
    srand(1);
    for (int i = 0; i < 2000; i++) {
        char bytes[64];
        size_t size = (size_t)rand() % sizeof bytes;
        for (size_t b = 0; b < size; b++)
            bytes[b] = (char)(rand() % 3 == 0 ? rand() : rand() % 3);
        cleanup(free) char *text = demultiplexed(bytes, size);
        cleanup(free) char *clean = text_cleaned(bytes, size, 20);
        cr_expect_leq(strlen(text), size);
        cr_expect_leq(strlen(clean), 20);
    }
}

Test(engine_log, text_for_messages_has_no_control_characters)
{
    static const char bytes[] = "a\tb\r\n\x1b[31mred\xff\xc3\xa9\x7f";
    cleanup(free) char *text = text_cleaned(bytes, sizeof bytes - 1, 100);
    cleanup(free) char *end = text_cleaned("0123456789", 10, 4);

    cr_expect_str_eq(text, "a b\n?[31mred?\xc3\xa9?");
    cr_expect_str_eq(end, "6789");
}
