/* What is performed after an edit: slices computed again, messages that travel, fields that follow,
 * objects that go. */
#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"
#include "tests/lib/core/world.h"

static World *world_made(const char *program)
{
    World *world = world_new(program);

    world_run(world);
    world_forget(world);
    return world;
}

static void edit(World *world, const char *program)
{
    Error err = {0};

    cr_assert(world_evolve(world, program, &err), "%s", err.message);
    world_forget(world);
    world_run(world);
}

/* Passing the state on to the same program once more asks for nothing. */
static void expect_settled(World *world, const char *program)
{
    size_t operations = world_operations(world, NULL);

    edit(world, program);
    cr_expect_eq(world_operations(world, NULL), operations, "%s", world_trace(world));
}

#define ONE(version)                                                                               \
    "domain D { state { done: bool } goal G { predicate done }"                                    \
    " transition T { if !done { emit Infra.Make(version: " version ") done = true } } }"

Test(revise, an_argument_that_was_edited_is_an_update)
{
    World *world = world_made(ONE("15"));

    edit(world, ONE("16"));
    world_expect_calls(world,
                       "put D.T.Make[0] {\"version\":15}\nput D.T.Make[0] {\"version\":16}\n");
    world_expect_objects(world, "D.T.Make[0] ready\n");
    expect_settled(world, ONE("16"));
    world_free(world);
}

Test(revise, edited_back_again_it_is_an_update_again)
{
    World *world = world_made(ONE("15"));

    edit(world, ONE("16"));
    edit(world, ONE("15"));
    cr_expect_eq(world_operations(world, "Infra.Make"), 3);
    world_expect_objects(world, "D.T.Make[0] ready\n");
    world_free(world);
}

Test(revise, another_predicted_update_fails_and_is_tried_again)
{
    World *world = world_made(ONE("15"));

    world_fail_next(world, "Infra.Make", 1);
    edit(world, ONE("16"));
    cr_expect_eq(world_operations(world, "Infra.Make"), 3, "the second try is another intent");
    world_expect_objects(world, "D.T.Make[0] ready\n");
    expect_settled(world, ONE("16"));
    world_free(world);
}

#define POOL(wanted)                                                                               \
    "domain P { state { n: int  wanted: int = " wanted " } goal G { predicate n == wanted }"       \
    " transition Grow { if n < wanted { emit Infra.Make(n: n) n += 1 } } }"

Test(revise, a_smaller_pool_gives_back_the_newest)
{
    World *world = world_made(POOL("5"));

    edit(world, POOL("3"));
    world_expect_objects(world,
                         "P.Grow.Make[0] ready\nP.Grow.Make[1] ready\nP.Grow.Make[2] ready\n");
    world_expect_field(world, "P.n", "3");
    world_expect_goal(world, "P.G", "met");
    edit(world, POOL("4"));
    world_expect_field(world, "P.n", "4");
    world_expect_goal(world, "P.G", "met");
    expect_settled(world, POOL("4"));
    world_free(world);
}

#define LOOP(list)                                                                                 \
    "domain L { state { done: bool  names: list<string> = " list " } goal G { predicate done }"    \
    " transition T { if !done { for x in names { emit Infra.Make(name: x) } done = true } } }"

Test(revise, a_named_loop_gets_what_is_new_and_loses_what_is_gone)
{
    World *world = world_made(LOOP("[\"a\", \"b\"]"));

    edit(world, LOOP("[\"b\", \"c\"]"));
    world_expect_objects(world, "L.Make[\"b\"] ready\nL.Make[\"c\"] ready\n");
    expect_settled(world, LOOP("[\"b\", \"c\"]"));
    edit(world, LOOP("[]"));
    world_expect_objects(world, "");
    world_free(world);
}

#define UNNAMED(count)                                                                             \
    "domain L { state { done: bool  count: int = " count " } goal G { predicate done }"            \
    " transition T { if !done { let i = 0 while i < count { emit Infra.Make(i: i) i += 1 }"        \
    " done = true } } }"

Test(revise, an_unnamed_loop_is_made_longer_and_shorter)
{
    World *world = world_made(UNNAMED("2"));

    edit(world, UNNAMED("4"));
    cr_expect_eq(world_operations(world, "Infra.Make"), 4, "two more, and none again");
    edit(world, UNNAMED("1"));
    world_expect_objects(world, "L.T.Make[0] ready\n");
    expect_settled(world, UNNAMED("1"));
    world_free(world);
}

#define CHAIN(size)                                                                                \
    "domain Database { state { ready: bool } goal G { predicate ready }"                           \
    " transition Boot_db { if !ready { let db = emit Infra.Make(size: " size ")"                   \
    " emit Broadcast(Event::Up(url: db.url, size: " size ")) ready = true } } }"                   \
    "domain Relay { state { heard: int } on Event::Up(url, size) { heard += 1"                     \
    " send App Use(\"${url} of ${size}\") } }"                                                     \
    "domain App { state { to_url: string  done: bool } goal G { predicate done }"                  \
    " transition Use(to: string) { to_url = to }"                                                  \
    " transition Start { if to_url != \"\" && !done { emit Infra.Start(env: to_url) done = true }" \
    " } }"

Test(revise, what_a_slice_says_reaches_an_object_two_domains_away)
{
    World *world = world_new(CHAIN("1"));

    world_result(world, "Infra.Make", "{\"url\":\"db\"}");
    world_run(world);
    edit(world, CHAIN("2"));
    world_expect_calls(world, "put Database.Boot_db.Make[0] {\"size\":1}\n"
                              "put App.Start.Start[0] {\"env\":\"db of 1\"}\n"
                              "put Database.Boot_db.Make[0] {\"size\":2}\n"
                              "put App.Start.Start[0] {\"env\":\"db of 2\"}\n");
    world_expect_field(world, "Relay.heard", "1");
    world_expect_field(world, "App.to_url", "db of 2");
    expect_settled(world, CHAIN("2"));
    world_free(world);
}

#define HANDLER(content)                                                                           \
    "domain A { state { n: int } transition Boot { emit Infra.First()"                             \
    " emit Broadcast(Event::Up(x: " content ")) n = 1 } }"                                         \
    "domain B { state { n: int } on Event::Up(x) { emit Infra.Second(x: x) n += 1 } }"

Test(revise, a_handler_that_made_an_object_does_not_make_another)
{
    World *world = world_made(HANDLER("1"));

    edit(world, HANDLER("2"));
    world_expect_calls(world, "put A.Boot.First[0] {}\nput B.Up.Second[0] {\"x\":1}\n"
                              "put B.Up.Second[0] {\"x\":2}\n");
    world_expect_objects(world, "A.Boot.First[0] ready\nB.Up.Second[0] ready\n");
    world_expect_field(world, "B.n", "1");
    expect_settled(world, HANDLER("2"));
    world_free(world);
}

Test(revise, what_is_said_no_more_takes_back_what_its_handler_made)
{
    World *world = world_made(HANDLER("1"));

    edit(world, "domain A { state { n: int } transition Boot { emit Infra.First() n = 1 } }"
                "domain B { state { n: int } on Event::Up(x) { emit Infra.Second(x: x) n += 1 } }");
    world_expect_objects(world, "A.Boot.First[0] ready\n");
    world_expect_field(world, "B.n", "0");
    world_free(world);
}

Test(revise, an_emission_that_is_added_is_performed_and_one_removed_is_destroyed)
{
    World *world = world_made("domain D { state { done: bool } goal G { predicate done }"
                              " transition T { if !done { emit Infra.One() done = true } } }");

    edit(world, "domain D { state { done: bool } goal G { predicate done }"
                " transition T { if !done { emit Infra.One() emit Infra.Two() done = true } } }");
    world_expect_objects(world, "D.T.One[0] ready\nD.T.Two[0] ready\n");
    edit(world, "domain D { state { done: bool } goal G { predicate done }"
                " transition T { if !done { emit Infra.Two() done = true } } }");
    world_expect_objects(world, "D.T.Two[0] ready\n");
    cr_expect_eq(world_operations(world, "Infra.Two"), 1);
    world_free(world);
}

Test(revise, a_domain_that_is_gone_gives_back_what_it_had_before_another_begins)
{
    World *world = world_made(ONE("15"));

    edit(world, "domain E { state { done: bool } goal G { predicate done }"
                " transition T { if !done { emit Infra.Other() done = true } } }");
    world_expect_objects(world, "E.T.Other[0] ready\n");
    world_expect_calls(world, "put D.T.Make[0] {\"version\":15}\ndelete D.T.Make[0] {}\n"
                              "put E.T.Other[0] {}\n");
    edit(world, ONE("15"));
    world_expect_objects(world, "D.T.Make[0] ready\n");
    world_free(world);
}

Test(revise, a_renamed_transition_makes_anew_and_a_moved_one_does_not)
{
    World *world = world_made(ONE("15"));

    edit(world, "domain D { state { done: bool } goal G { predicate done }"
                " transition U { if !done { emit Infra.Make(version: 15) done = true } } }");
    world_expect_objects(world, "D.U.Make[0] ready\n");
    cr_expect_eq(world_operations(world, "Infra.Make"), 3, "destroyed, and made again");
    edit(world,
         "moved D.U.Make -> D.V.Make domain D { state { done: bool } goal G { predicate done }"
         " transition V { if !done { emit Infra.Make(version: 15) done = true } } }");
    world_expect_objects(world, "D.V.Make[0] ready\n");
    cr_expect_eq(world_operations(world, "Infra.Make"), 3);
    world_free(world);
}

Test(revise, a_result_that_changed_outside_reaches_who_was_told)
{
    World *world = world_new("domain A { state { n: int } transition Boot {"
                             " let d = emit Infra.First() emit Broadcast(Event::Up(x: d.url))"
                             " n = 1 } on Infra.changed(r) { n += 1 } }"
                             "domain B { state { u: string } goal G { predicate u != \"\" }"
                             " on Event::Up(x) { u = x emit Infra.Second(x: x) } }");

    world_result(world, "Infra.First", "{\"url\":\"one\"}");
    world_run(world);
    world_change_now(world, "A.Boot.First[0]", "{\"url\":\"two\"}");
    world_run(world);
    world_expect_calls(world, "put A.Boot.First[0] {}\nput B.Up.Second[0] {\"x\":\"one\"}\n"
                              "put B.Up.Second[0] {\"x\":\"two\"}\n");
    world_expect_field(world, "B.u", "two");
    world_free(world);
}
