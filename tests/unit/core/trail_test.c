/* Trails: the past of what is there, and how much of a long one is kept. */
#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"
#include "tests/lib/core/crash.h"

/* "App: goal Live; transition Boot <- Database: ..." and so on; the caller frees it. */
static char *past_of(const Trail *trail)
{
    Buffer text = {0};

    for (; trail != NULL; trail = trail->earlier) {
        buffer_add_format(&text, "%s%s%s%s: ", trail->domain, trail->key != NULL ? "[" : "",
                          trail->key != NULL ? trail->key : "", trail->key != NULL ? "]" : "");
        trail_describe(trail, &text);
        if (trail->omitted != 0)
            buffer_add_format(&text, " (%u)", trail->omitted);
        buffer_add_string(&text, trail->earlier != NULL ? " <- " : "");
    }
    return buffer_take(&text);
}

static void expect_past(const Trail *trail, const char *expected)
{
    cleanup(free) char *found = past_of(trail);

    cr_expect_str_eq(found, expected);
}

static Instance *instance(World *world, const char *domain, const char *key)
{
    Instance *found = runtime_find(world_runtime(world), domain, key);

    cr_assert_not_null(found);
    return found;
}

static size_t trails_count(World *world)
{
    const Trail *ring = &world_runtime(world)->trails;
    size_t count = 0;

    for (const Trail *trail = ring->next; trail != ring; trail = trail->next)
        count++;
    return count;
}

#define SHOP                                                                                       \
    "domain Database { state { up: bool } goal Ready { predicate up }"                             \
    "  transition Make { emit Infra.CreatePostgres() up = true"                                    \
    "    emit Broadcast(Event::DatabaseReady(n: 3)) } }"                                           \
    "domain App { state { n: int  live: bool } goal Live { predicate n > 0 && live }"              \
    "  on Event::DatabaseReady(n) { state.n = n }"                                                 \
    "  transition Boot_app { if n > 0 && not live { emit Infra.Start() live = true"                \
    "    send Counter[\"a\"] Count(by: n) } } }"                                                   \
    "domain Counter[id: string] { state { n: int } transition Count(by: int) { n += by } }"

#define BOOT_APP                                                                                   \
    "App: goal Live; transition Boot_app <- App: event DatabaseReady from Database <- "            \
    "Database: goal Ready; transition Make"

Test(trail, leads_from_an_object_back_to_what_began_it)
{
    World *world = world_new(SHOP);

    world_run(world);
    expect_past(world_object(world, "App.Boot_app.Start[0]")->origin->trail, BOOT_APP);
    world_free(world);
}

Test(trail, leads_from_a_value_over_the_message_that_brought_it)
{
    World *world = world_new(SHOP);

    world_run(world);
    expect_past(instance(world, "Counter", "a")->trail,
                "Counter[a]: message Count from App <- " BOOT_APP);
    world_free(world);
}

Test(trail, is_the_same_after_a_checkpoint)
{
    World *world = world_new(SHOP);

    world_run(world);
    world_restore(world);
    expect_past(instance(world, "Counter", "a")->trail,
                "Counter[a]: message Count from App <- " BOOT_APP);
    expect_past(world_object(world, "App.Boot_app.Start[0]")->origin->trail, BOOT_APP);
    world_free(world);
}

Test(trail, of_a_dead_letter_is_that_of_its_message)
{
    World *world = world_new("domain A { state { x: int } goal G { predicate x == 1 }"
                             "  transition T { x += 1 send B Note(0) } }"
                             "domain B { state { n: int } on message Note(k: int) { n = 1 / k } }");

    world_run(world);
    const Instance *b = instance(world, "B", NULL);
    cr_assert_eq(b->has->dead_letter_count, 1);
    expect_past(b->has->dead_letters[0].message->parent, "A: goal G; transition T");
    world_free(world);
}

Test(trail, of_a_timer_begins_with_it)
{
    World *world = world_new("domain A { state { n: int } goal G { predicate n > 0 }"
                             "  after 30s when n == 0 { n += 1 } transition T { n = n } }");

    world_run(world);
    expect_past(instance(world, "A", NULL)->trail, "A: timer after_30s");
    world_free(world);
}

Test(trail, of_a_run_is_that_of_its_slices)
{
    World *world = world_new("domain A { state { n: int } goal G { predicate n == 2 }"
                             "  transition T { slice one { n += 1 } slice two { n += 1 } } }");

    world_run(world);
    expect_past(instance(world, "A", NULL)->trail,
                "A: T, which goes on <- A: goal G; transition T");
    world_free(world);
}

Test(trail, of_one_who_comes_later_is_that_of_who_said_it)
{
    World *world = world_new("domain A { state { x: int } goal G { predicate x == 2 }"
                             "  transition T { x += 1 if x == 1 { emit Broadcast(Event::Said) }"
                             "    if x == 2 { spawn B[\"k\"] { } } } }"
                             "domain B[id: string] { state { n: int } on Event::Said { n += 1 } }");

    world_run(world);
    expect_past(instance(world, "B", "k")->trail,
                "B[k]: event Said from A <- A: goal G; transition T");
    world_free(world);
}

Test(trail, names_the_edit_of_what_was_computed_again)
{
    World *world = world_new("domain A { state { up: bool } goal G { predicate up }"
                             "  transition T { emit Infra.Make(1) up = true } }");
    Error err = {0};

    world_run(world);
    cr_assert(world_evolve(world,
                           "domain A { state { up: bool } goal G { predicate up }"
                           "  transition T { emit Infra.Make(2) up = true } }",
                           &err),
              "%s", err.message);
    world_run(world);
    cleanup(free) char *past = past_of(world_object(world, "A.T.Make[0]")->origin->trail);
    cr_expect(strncmp(past, "A: T again: edit at ", 20) == 0, "%s", past);
    cr_expect_not_null(strstr(past, " <- A: goal G; transition T"));
    world_free(world);
}

/* ---- long pasts ---- */

#define LOOP                                                                                       \
    "domain A { state { n: int } goal G { predicate n == 400 }"                                    \
    "  transition T { n += 1 send B Note(n) } }"                                                   \
    "domain B { state { sum: int } on message Note(k: int) { sum += k } }"

static uint32_t omitted_of(const Trail *trail, const Trail **ret_first)
{
    uint32_t omitted = 0;

    for (; trail != NULL; trail = trail->earlier) {
        omitted += trail->omitted;
        *ret_first = trail;
    }
    return omitted;
}

Test(trail, of_a_long_past_keeps_the_last_and_the_first)
{
    World *world = world_new(LOOP);
    const Trail *first = NULL, *last;

    world_unchecked(world);
    world_run(world);
    last = instance(world, "A", NULL)->trail;
    cr_expect_gt(omitted_of(last, &first), 300);
    cr_expect_eq(first->slice, 1);
    for (int i = 0; i < TRAIL_NEAR; i++, last = last->earlier)
        cr_expect_eq(last->omitted, 0);
    cr_expect_lt(trails_count(world), 3 * (TRAIL_SWEEP + TRAIL_NEAR));
    world_free(world);
}

Test(trail, counts_every_slice_of_a_past)
{
    World *world = world_new(LOOP);
    const Trail *first = NULL, *last;
    uint32_t kept = 0;

    world_unchecked(world);
    world_run(world);
    last = instance(world, "A", NULL)->trail;
    uint32_t omitted = omitted_of(last, &first);
    for (const Trail *trail = last; trail != NULL; trail = trail->earlier)
        kept++;
    cr_expect_eq(kept + omitted, 400);
    world_free(world);
}

Test(trail, of_an_object_keeps_what_went_before_it)
{
    World *world = world_new("domain A { state { n: int } goal G { predicate n == 200 }"
                             "  transition T { n += 1 if n == 40 { emit Infra.Make() } } }");

    world_unchecked(world);
    world_run(world);
    const Trail *trail = world_object(world, "A.T.Make[0]")->origin->trail;
    for (int i = 0; i < TRAIL_NEAR; i++, trail = trail->earlier)
        cr_expect_eq(trail->omitted, 0, "%d", i);
    world_free(world);
}

Test(trail, of_a_slice_that_nothing_came_of_is_not_kept)
{
    World *world = world_new("domain A { state { n: int } goal G { predicate n == 1 }"
                             "  transition T { emit Log(\"in vain\") } }");

    world_run(world);
    cr_expect_eq(world_runtime(world)->logical_time, 1);
    cr_expect_eq(trails_count(world), 0);
    world_free(world);
}

Test(trail, is_thinned_alike_by_a_successor)
{
    World *world = world_new(LOOP);

    world_turn(world);
    world_restore(world);
    world_run(world); /* each step is compared with the records' runtime */
    cr_expect_eq(instance(world, "A", NULL)->fields[0].integer, 400);
    world_free(world);
}
