#include "tests/lib/core/crash.h"

#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"

typedef struct Whole {
    World *world;
    char *outcome;
    uint64_t end_ms; /* 0: it ends by itself */
} Whole;

static void run_to_end(World *world, uint64_t end_ms)
{
    if (end_ms == 0)
        world_run(world);
    else
        world_run_until(world, end_ms);
}

static void expect_same_end(const Whole *whole, size_t records, bool from_snapshot, bool sent)
{
    World *world = world_crashed(whole->world, records, from_snapshot, sent);

    world_unchecked(world); /* the uninterrupted run was */
    run_to_end(world, whole->end_ms);
    cleanup(free) char *found = world_outcome(world);
    const char *outcome = whole->outcome;
    size_t same = 0;
    while (outcome[same] != '\0' && outcome[same] == found[same])
        same++;
    size_t from = same > 150 ? same - 150 : 0;
    cr_assert_str_eq(found, outcome,
                     "after %zu records (snapshot %d, sent %d) expected\n%.400s\nfound\n%.400s\n%s",
                     records, from_snapshot, sent, outcome + from, found + from,
                     world_trace(world));
    world_free(world);
}

void crash_everywhere_until(const char *program, void (*script)(World *world), uint64_t end_ms)
{
    Whole whole = {.world = world_new(program), .end_ms = end_ms};

    if (script != NULL)
        script(whole.world);
    run_to_end(whole.world, end_ms);
    whole.outcome = world_outcome(whole.world);
    cr_assert_gt(world_records(whole.world), 3);
    for (size_t records = 0; records <= world_records(whole.world); records++)
        for (int variant = 0; variant < 4; variant++)
            expect_same_end(&whole, records, variant & 1, variant & 2);
    free(whole.outcome);
    world_free(whole.world);
}

void crash_everywhere(const char *program, void (*script)(World *world))
{
    crash_everywhere_until(program, script, 0);
}
