#include "tests/lib/core/crash.h"

#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"

static void run_to_end(World *world, uint64_t end_ms)
{
    if (end_ms == 0)
        world_run(world);
    else
        world_run_until(world, end_ms);
}

void crash_each(const World *finished, uint64_t end_ms, size_t apart, CrashCheck *check,
                void *context)
{
    for (size_t records = 0; records <= world_records(finished); records += apart)
        for (int variant = 0; variant < 4; variant++) {
            Crash crash = {records, variant & 1, variant & 2};
            World *world = world_crashed(finished, records, crash.from_snapshot, crash.sent);
            world_unchecked(world); /* the uninterrupted run was */
            run_to_end(world, end_ms);
            check(world, &crash, context);
            world_free(world);
        }
}

static void expect_same_end(World *world, const Crash *crash, void *context)
{
    const char *outcome = context;
    cleanup(free) char *found = world_outcome(world);
    size_t same = 0;

    while (outcome[same] != '\0' && outcome[same] == found[same])
        same++;
    size_t from = same > 150 ? same - 150 : 0;
    cr_assert_str_eq(found, outcome,
                     "after %zu records (snapshot %d, sent %d) expected\n%.400s\nfound\n%.400s\n%s",
                     crash->records, crash->from_snapshot, crash->sent, outcome + from,
                     found + from, world_trace(world));
}

void crash_everywhere_until(const char *program, void (*script)(World *world), uint64_t end_ms)
{
    World *world = world_new(program);

    if (script != NULL)
        script(world);
    run_to_end(world, end_ms);
    cr_assert_gt(world_records(world), 3);
    cleanup(free) char *outcome = world_outcome(world);
    crash_each(world, end_ms, 1, expect_same_end, outcome);
    world_free(world);
}

void crash_everywhere(const char *program, void (*script)(World *world))
{
    crash_everywhere_until(program, script, 0);
}
