/* Edits of a state by hand: as records, and what the next run makes of them. */
#include <criterion/criterion.h>
#include <string.h>

#include "controller/core/address.h"
#include "lang/base/memory.h"
#include "tests/lib/core/world.h"

#define STORE                                                                                      \
    "domain Store { state { done: bool  size: int = 1 } goal Made { predicate done }"              \
    "  transition Make { emit Infra.CreateStore(size: size) emit Infra.Tag(name: \"a\", n: 1)"     \
    "    done = true } }"

static World *store_new(void)
{
    World *world = world_new(STORE);

    world_run(world);
    world_expect_objects(world, "Store.Make.CreateStore[0] ready\nStore.Tag[\"a\"] ready\n");
    return world;
}

static void edit(World *world, ManualKind kind, const char *address, const char *to)
{
    ManualEdit it = {.kind = kind, .address = address, .to = to};
    Error err = {0};

    cr_assert(world_edit(world, &it, &err), "%s", err.message);
}

/* Refused with that code, with all of these words, and nothing is recorded. */
static void refused(World *world, ManualEdit it, int code, const char *words)
{
    size_t records = world_records(world);
    Error err = {0};

    cr_assert_not(world_edit(world, &it, &err), "%s", it.address);
    cr_expect_eq(err.code, code, "%d: %s", err.code, err.message);
    cr_expect_not_null(strstr(err.message, words), "%s\n  has no: %s", err.message, words);
    cr_expect_eq(world_records(world), records);
}

/* ---- addresses ---- */

static void expect_address(const char *text, const char *expected)
{
    Arena arena = {0};
    Address a;
    Error err = {0};

    cr_assert_eq(address_parse(text, &arena, &a, &err), 0, "%s", err.message);
    cleanup(free) char *found = memory_format(
        "%s|%s|%s|%s|%s|%u", a.domain, a.key != NULL ? a.key : "-", a.where != NULL ? a.where : "-",
        a.effect != NULL ? a.effect : "-", a.name != NULL ? a.name : "-", a.ordinal);
    cr_expect_str_eq(found, expected);
    arena_deinit(&arena);
}

Test(address, reads_what_objects_are_called)
{
    expect_address("Store.Make.CreateStore[7]", "Store|-|Make|CreateStore|-|7");
    expect_address("Store.Tag[\"a\"]", "Store|-|-|Tag|a|0");
    expect_address("Team[\"b.c\"].Infra.lost.Tell[0]", "Team|b.c|Infra.lost|Tell|-|0");
    expect_address("Team[\"a\\\"]\"].Tag[\"x]y[\"]", "Team|a\"]|-|Tag|x]y[|0");
    expect_address("Store", "Store|-|-|-|-|0");
    expect_address("Team[\"k\"]", "Team|k|-|-|-|0");
}

Test(address, says_what_was_expected)
{
    static const char *const wrong[] = {
        "",
        "Store.",
        "Store.Make",
        "Store.Make.X",
        "Store.Make.X[",
        "Store.X[0]",
        "Store.Make.X[a]",
        "Store.X[\"a\"",
        "Store[\"a",
        ".Make.X[0]",
        "Store[a].X",
        "Store.Make.[0]",
        "Store.[\"a\"]",
        "Store.Make.X[-1]",
        "Store[\"k\"]X[\"a\"]",
    };
    Arena arena = {0};
    Address address;

    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        Error err = {0};
        cr_expect_eq(address_parse(wrong[i], &arena, &address, &err), ERROR_USAGE, "%s", wrong[i]);
        cr_expect_not_null(strstr(err.message, "expected Domain.Transition.Effect[n]"));
    }
    arena_deinit(&arena);
}

/* ---- forget ---- */

Test(manual, what_is_forgotten_is_not_destroyed)
{
    World *world = store_new();

    edit(world, MANUAL_FORGET, "Store.Tag[\"a\"]", NULL);
    world_expect_objects(world, "Store.Make.CreateStore[0] ready\n");
    world_run(world);
    world_destroy(world);
    world_expect_calls(world, "put Store.Make.CreateStore[0] {\"size\":1}\n"
                              "put Store.Tag[\"a\"] {\"n\":1}\n"
                              "delete Store.Make.CreateStore[0] {}\n");
    world_free(world);
}

Test(manual, what_is_forgotten_is_made_again_when_its_slice_is_computed_again)
{
    World *world = store_new();
    Error err = {0};

    edit(world, MANUAL_FORGET, "Store.Tag[\"a\"]", NULL);
    world_run(world);
    cr_expect_eq(world_operations(world, NULL), 2, "nothing leads there");
    cr_assert(world_evolve(world,
                           "domain Store { state { done: bool  size: int = 2 }"
                           "  goal Made { predicate done }"
                           "  transition Make { emit Infra.CreateStore(size: size)"
                           "    emit Infra.Tag(name: \"a\", n: 1) done = true } }",
                           &err),
              "%s", err.message);
    world_begin(world);
    world_run(world);
    world_expect_objects(world, "Store.Make.CreateStore[0] ready\nStore.Tag[\"a\"] ready\n");
    cr_expect_eq(world_operations(world, "Infra.Tag"), 2);
    cr_expect_eq(world_operations(world, "Infra.CreateStore"), 2);
    world_free(world);
}

Test(manual, an_unknown_address_is_refused_with_the_nearest)
{
    World *world = store_new();

    refused(world, (ManualEdit){.kind = MANUAL_FORGET, .address = "Store.Make.CreateStor[0]"},
            ERROR_USAGE, "did you mean 'Store.Make.CreateStore[0]'?");
    refused(world, (ManualEdit){.kind = MANUAL_FORGET, .address = "Nothing.At.All[0]"}, ERROR_USAGE,
            "`ved get resources`");
    refused(world, (ManualEdit){.kind = MANUAL_REPLACE, .address = "Store.Tag[\"b\"]"}, ERROR_USAGE,
            "did you mean 'Store.Tag[\"a\"]'?");
    refused(world, (ManualEdit){.kind = MANUAL_FORGET, .address = "Store"}, ERROR_USAGE, "'Store'");
    world_free(world);
}

Test(manual, what_is_under_way_is_not_touched)
{
    World *world = world_new(STORE);

    world_turn(world);
    refused(world, (ManualEdit){.kind = MANUAL_FORGET, .address = "Store.Make.CreateStore[0]"},
            ERROR_USAGE, "is being made");
    world_run(world);
    world_fail_next(world, "Infra.Tag", 1);
    world_destroy(world);
    refused(world, (ManualEdit){.kind = MANUAL_REPLACE, .address = "Store.Tag[\"a\"]"}, ERROR_USAGE,
            "`ved destroy` brings it to its end");
    world_free(world);
}

Test(manual, what_a_destroy_cannot_destroy_can_be_let_go_of)
{
    World *world = store_new();

    world_fail_next(world, "Infra.Tag", 1);
    world_destroy(world);
    edit(world, MANUAL_FORGET, "Store.Tag[\"a\"]", NULL);
    world_expect_objects(world, "Store.Make.CreateStore[0] ready\n");
    world_destroy(world);
    world_expect_objects(world, "");
    world_free(world);
}

/* ---- replace ---- */

Test(manual, what_is_replaced_is_destroyed_and_made_once)
{
    World *world = store_new();
    cleanup(free) char *before =
        memory_copy_string(world_object(world, "Store.Make.CreateStore[0]")->uid);

    edit(world, MANUAL_REPLACE, "Store.Make.CreateStore[0]", NULL);
    world_run(world);
    world_expect_objects(world, "Store.Tag[\"a\"] ready\nStore.Make.CreateStore[0] ready\n");
    world_expect_calls(world, "put Store.Make.CreateStore[0] {\"size\":1}\n"
                              "put Store.Tag[\"a\"] {\"n\":1}\n"
                              "delete Store.Make.CreateStore[0] {}\n"
                              "put Store.Make.CreateStore[0] {\"size\":1}\n");
    cr_expect_str_neq(world_object(world, "Store.Make.CreateStore[0]")->uid, before);
    cr_expect_not(world_object(world, "Store.Make.CreateStore[0]")->replace);
    world_run(world);
    cr_expect_eq(world_operations(world, NULL), 4);
    world_free(world);
}

Test(manual, a_mark_survives_the_process_that_made_it)
{
    World *world = store_new();

    edit(world, MANUAL_REPLACE, "Store.Tag[\"a\"]", NULL);
    world_restore(world);
    world_begin(world);
    world_run(world);
    cr_expect_eq(world_operations(world, NULL), 4);
    world_expect_objects(world, "Store.Make.CreateStore[0] ready\nStore.Tag[\"a\"] ready\n");
    world_free(world);
}

Test(manual, what_is_protected_is_not_replaced)
{
    World *world = world_new("domain D { state { done: bool } goal G { predicate done }"
                             "  @protect transition T { emit Infra.Make() done = true } }");

    world_run(world);
    refused(world, (ManualEdit){.kind = MANUAL_REPLACE, .address = "D.T.Make[0]"}, ERROR_DENIED,
            "is protected");
    world_free(world);
}

Test(manual, what_is_lost_is_not_replaced)
{
    World *world = store_new();

    world_lose_at(world, world_now(world) + 10, "Store.Tag[\"a\"]");
    world_delay(world, "Infra.Tag", 1000);
    world_run_until(world, world_now(world) + 10);
    cr_assert_neq(world_object(world, "Store.Tag[\"a\"]")->state, OBJECT_READY);
    refused(world, (ManualEdit){.kind = MANUAL_REPLACE, .address = "Store.Tag[\"a\"]"}, ERROR_USAGE,
            "Store.Tag[\"a\"] is");
    world_free(world);
}

/* ---- move ---- */

#define TWO                                                                                        \
    "domain D { state { n: int  up: bool } goal G { predicate n == 2 strategy { T } }"             \
    "  goal H { predicate up == false }"                                                           \
    "  transition T { emit Infra.Make(n: n) n += 1 }"                                              \
    "  transition U { emit Infra.Make(n: 9) up = true } }"                                         \
    "domain E { state { n: int } goal G { predicate n == 1 strategy { Rest } }"                    \
    "  transition T { emit Infra.Make(n: n) }  transition Rest { n = 1 } }"

Test(manual, a_number_is_another_one)
{
    World *world = world_new(TWO);

    world_run(world);
    world_expect_objects(world, "D.T.Make[0] ready\nD.T.Make[1] ready\n");
    edit(world, MANUAL_MOVE, "D.T.Make[0]", "D.T.Make[5]");
    world_expect_objects(world, "D.T.Make[5] ready\nD.T.Make[1] ready\n");
    world_restore(world);
    world_begin(world);
    world_run(world);
    cr_expect_eq(world_operations(world, NULL), 2, "it is still the same object");
    world_free(world);
}

Test(manual, what_is_moved_to_another_text_is_taken_up_there)
{
    World *world = world_new(TWO);

    world_run(world);
    edit(world, MANUAL_MOVE, "D.T.Make[1]", "D.U.Make[0]");
    world_expect_objects(world, "D.T.Make[0] ready\nD.U.Make[0] left\n");
    world_run(world);
    world_expect_objects(world, "D.T.Make[0] ready\nD.U.Make[0] left\n");
    cr_expect_eq(world_operations(world, NULL), 2, "and is not destroyed before");
    world_free(world);
}

Test(manual, all_of_a_domain_is_moved_at_once)
{
    World *world = world_new(TWO);

    world_run(world);
    edit(world, MANUAL_MOVE, "D", "E");
    world_expect_objects(world, "E.T.Make[0] left\nE.T.Make[1] left\n");
    refused(world, (ManualEdit){.kind = MANUAL_MOVE, .address = "D", .to = "E"}, ERROR_USAGE,
            "'E' owns 2 objects");
    edit(world, MANUAL_MOVE, "E.T.Make[1]", "D.T.Make[0]");
    world_expect_objects(world, "E.T.Make[0] left\nD.T.Make[0] left\n");
    world_restore(world);
    world_expect_objects(world, "E.T.Make[0] left\nD.T.Make[0] left\n");
    world_free(world);
}

Test(manual, a_name_goes_along_with_the_record_of_its_slice)
{
    World *world = store_new();
    Error err = {0};

    edit(world, MANUAL_MOVE, "Store.Tag[\"a\"]", "Store.Tag[\"b\"]");
    cr_assert(world_evolve(world,
                           "domain Store { state { done: bool  size: int = 1 }"
                           "  goal Made { predicate done }"
                           "  transition Make { emit Infra.CreateStore(size: size)"
                           "    emit Infra.Tag(name: \"b\", n: 1) done = true } }",
                           &err),
              "%s", err.message);
    world_begin(world);
    world_run(world);
    world_expect_objects(world, "Store.Make.CreateStore[0] ready\nStore.Tag[\"b\"] ready\n");
    cr_expect_eq(world_operations(world, NULL), 2);
    world_free(world);
}

Test(manual, what_an_edit_condemned_is_moved_to_where_it_is_wanted)
{
    World *world = store_new();
    Error err = {0};

    cr_assert(world_evolve(world,
                           "domain Store { state { done: bool  size: int = 1 }"
                           "  goal Made { predicate done }"
                           "  transition Make { emit Infra.CreateStore(size: size)"
                           "    emit Infra.Tag(name: \"b\", n: 1) done = true } }",
                           &err),
              "%s", err.message);
    cr_assert(world_object(world, "Store.Tag[\"a\"]")->condemned);
    edit(world, MANUAL_MOVE, "Store.Tag[\"a\"]", "Store.Tag[\"b\"]");
    cr_expect_not(world_object(world, "Store.Tag[\"b\"]")->condemned);
    world_begin(world);
    world_run(world);
    world_expect_objects(world, "Store.Make.CreateStore[0] ready\nStore.Tag[\"b\"] ready\n");
    cr_expect_eq(world_operations(world, "Infra.Tag"), 2, "it is asked for again, not destroyed");
    world_free(world);
}

Test(manual, a_place_that_does_not_fit_is_refused)
{
    World *world = store_new();
    ManualEdit it = {.kind = MANUAL_MOVE, .address = "Store.Tag[\"a\"]"};

    it.to = "Store.Make.CreateStore[0]";
    refused(world, it, ERROR_USAGE, "owns an object at 'Store.Make.CreateStore[0]'");
    it.to = "Store.Make.Tag[0]";
    refused(world, it, ERROR_USAGE, "no emission for 'Store.Make.Tag[0]'");
    it.to = "Stor.Tag[\"b\"]";
    refused(world, it, ERROR_USAGE, "no domain 'Stor': did you mean 'Store'?");
    it.to = "Store";
    refused(world, it, ERROR_USAGE, "expected the address of an object");
    it.to = "Store[\"k\"].Tag[\"b\"]";
    refused(world, it, ERROR_USAGE, "has not started");
    world_free(world);
}

Test(manual, an_object_is_not_moved_to_another_effect)
{
    World *world = world_new("domain D { state { n: int } goal G { predicate n == 1 }"
                             "  transition T { emit Infra.Make() n = 1 }"
                             "  transition U { emit Other.Make() n = 1 } }");

    world_run(world);
    refused(world, (ManualEdit){.kind = MANUAL_MOVE, .address = "D.T.Make[0]", .to = "D.U.Make[0]"},
            ERROR_USAGE, "is of effect Infra.Make");
    world_free(world);
}

/* ---- import ---- */

static ManualEdit import_of(const char *address)
{
    return (ManualEdit){.kind = MANUAL_IMPORT,
                        .address = address,
                        .external_id = "outside-1",
                        .outputs = "{\"size\":3}"};
}

Test(manual, what_is_imported_is_taken_over_by_the_emission_of_its_place)
{
    World *world = world_new(STORE);
    ManualEdit it = import_of("Store.Make.CreateStore[0]");
    Error err = {0};

    cr_assert(world_edit(world, &it, &err), "%s", err.message);
    world_expect_objects(world, "Store.Make.CreateStore[0] left\n");
    cr_expect_str_eq(world_object(world, it.address)->external_id, "outside-1");
    world_turn(world);
    const Pending *pending = runtime_find(world_runtime(world), "Store", NULL)->active->pending;
    cr_assert_not_null(pending);
    cr_expect(pending->intents[0]->adopts);
    cr_expect_not(pending->intents[1]->adopts);
    world_run(world);
    world_expect_objects(world, "Store.Make.CreateStore[0] ready\nStore.Tag[\"a\"] ready\n");
    cr_expect_not(world_object(world, it.address)->by_hand);
    cr_expect_str_eq(world_object(world, it.address)->inputs, "{\"size\":1}");
    world_free(world);
}

Test(manual, what_was_forgotten_and_is_imported_is_taken_over_again)
{
    World *world = store_new();
    ManualEdit it = import_of("Store.Tag[\"a\"]");
    Error err = {0};

    edit(world, MANUAL_FORGET, it.address, NULL);
    cr_assert(world_edit(world, &it, &err), "%s", err.message);
    world_run(world);
    world_expect_objects(world, "Store.Make.CreateStore[0] ready\nStore.Tag[\"a\"] ready\n");
    cr_expect_eq(world_operations(world, "Infra.Tag"), 2);
    world_free(world);
}

Test(manual, what_nothing_takes_over_stays)
{
    World *world = world_new(TWO);
    ManualEdit it = import_of("D.U.Make[3]");
    Error err = {0};

    world_run(world);
    cr_assert(world_edit(world, &it, &err), "%s", err.message);
    world_restore(world);
    world_begin(world);
    world_run(world);
    world_expect_objects(world, "D.T.Make[0] ready\nD.T.Make[1] ready\nD.U.Make[3] left\n");
    cr_expect_eq(world_operations(world, NULL), 2);
    world_free(world);
}

Test(manual, what_the_program_does_not_emit_is_not_imported)
{
    World *world = world_new(STORE);

    refused(world, import_of("Store.Make.CreateStor[0]"), ERROR_USAGE,
            "did you mean 'Store.Make.CreateStore[0]'?");
    refused(world, import_of("Store.Make.Tag[0]"), ERROR_USAGE, "no emission");
    refused(world, import_of("Shop.Make.CreateStore[0]"), ERROR_USAGE, "no domain 'Shop'");
    world_run(world);
    refused(world, import_of("Store.Make.CreateStore[0]"), ERROR_USAGE, "owns an object");
    world_free(world);
}

/* ---- adoption ---- */

Test(manual, what_is_nobodys_is_asked_for_again_where_it_may_be_taken_over)
{
    World *world = world_new(STORE);

    world_options(world)->adopt = true;
    world_fail_code(world, "Infra.CreateStore", "NOT_OWNED");
    world_fail_next(world, "Infra.CreateStore", 1);
    world_run(world);
    world_expect_objects(world, "Store.Make.CreateStore[0] ready\nStore.Tag[\"a\"] ready\n");
    cr_expect_eq(world_operations(world, "Infra.CreateStore"), 2);
    cr_expect_str_neq(world_operation(world, 0), world_operation(world, 1));
    world_free(world);
}

Test(manual, what_may_not_be_taken_over_even_so_fails)
{
    World *world = world_new(STORE);

    world_options(world)->adopt = true;
    world_options(world)->retry_failed = false;
    world_fail_code(world, "Infra.CreateStore", "NOT_OWNED");
    world_fail_next(world, "Infra.CreateStore", 2);
    world_run(world);
    cr_expect_eq(world_operations(world, "Infra.CreateStore"), 2);
    world_expect_objects(world, "");
    world_free(world);
}

/* ---- repair by hand ---- */

Test(manual, only_what_is_lost_is_made_when_only_that_is_wanted)
{
    World *world = store_new();

    world_lose_at(world, world_now(world), "Store.Tag[\"a\"]");
    world_options(world)->repair_only = true;
    world_run(world);
    world_expect_objects(world, "Store.Make.CreateStore[0] ready\nStore.Tag[\"a\"] ready\n");
    cr_expect_eq(world_operations(world, NULL), 3);
    world_free(world);

    world = world_new(STORE);
    world_options(world)->repair_only = true;
    world_run(world);
    cr_expect_eq(world_operations(world, NULL), 0, "no goal is served");
    world_free(world);
}
