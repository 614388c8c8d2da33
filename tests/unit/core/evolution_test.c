/* What an edit comes to when it has been performed, and which edits are refused before anything is
 * touched. */
#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"
#include "tests/lib/core/world.h"

#define MAKE "transition T { emit Infra.Make(size: size) n += 1 }"
#define BEFORE "domain D { state { n: int  size: int = 1 } goal G { predicate n == 1 } " MAKE " }"

static World *world_made(const char *program)
{
    World *world = world_new(program);

    world_run(world);
    world_forget(world);
    return world;
}

static void expect_allowed(World *world, const char *program)
{
    Error err = {0};

    cr_assert(world_evolve(world, program, &err), "%s", err.message);
    world_run(world);
}

static void expect_refused(World *world, const char *program, const char *sentence)
{
    cleanup(free) char *before = world_outcome(world);
    Error err = {0};

    cr_assert_not(world_evolve(world, program, &err));
    cr_expect_eq(err.code, ERROR_PROGRAM);
    cr_expect_not_null(strstr(err.message, sentence), "found: %s", err.message);
    cleanup(free) char *after = world_outcome(world);
    cr_expect_str_eq(before, after, "something was touched");
}

Test(evolution, the_same_program_changes_nothing)
{
    World *world = world_made(BEFORE);
    size_t records = world_records(world);

    expect_allowed(world, BEFORE);
    cr_expect_eq(world_records(world), records);
    world_expect_objects(world, "D.T.Make[0] ready\n");
    world_free(world);
}

Test(evolution, a_new_domain_starts_and_hears_what_was_said_last)
{
    World *world = world_made("domain A { state { n: int } transition Boot {"
                              "  emit Broadcast(Event::Up(x: 1)) emit Broadcast(Event::Up(x: 2)) "
                              "} on Event::Up(x) { n = x } }");

    expect_allowed(world, "domain A { state { n: int } transition Boot {"
                          "  emit Broadcast(Event::Up(x: 1)) emit Broadcast(Event::Up(x: 2)) } on "
                          "Event::Up(x) { n = x } } domain B { state { n: int } on Event::Up(x) { "
                          "n += x } }");
    world_expect(world, "[    0] B: on event Up\n");
    world_expect_field(world, "B.n", "2");
    world_free(world);
}

Test(evolution, a_new_handler_of_an_old_domain_hears_what_was_said_last)
{
    World *world = world_made("domain A { state { n: int } transition Boot {"
                              "  emit Broadcast(Event::Up(x: 2)) } }"
                              "domain B { state { n: int } transition T { n = 0 } }");

    expect_allowed(world, "domain A { state { n: int } transition Boot {"
                          "  emit Broadcast(Event::Up(x: 2)) } }"
                          "domain B { state { n: int } transition T { n = 0 } on Event::Up(x) { n "
                          "+= x } }");
    world_expect_field(world, "B.n", "2");
    expect_allowed(world, "domain A { state { n: int } transition Boot {"
                          "  emit Broadcast(Event::Up(x: 2)) } }"
                          "domain B { state { n: int } on Event::Up(x) { n += x } }");
    world_expect_field(world, "B.n", "2");
    world_free(world);
}

Test(evolution, a_new_goal_is_served)
{
    World *world = world_made(BEFORE);

    expect_allowed(world, "domain D { state { n: int  size: int = 1 } goal G { predicate n >= 1 "
                          "strategy { T } } goal H { predicate n == 2 strategy { U } } " MAKE
                          " transition U { n = 2 } }");
    world_expect_goal(world, "D.H", "met");
    world_expect_objects(world, "D.T.Make[0] ready\n");
    world_free(world);
}

Test(evolution, a_new_field_begins_with_its_first_value)
{
    World *world = world_made(BEFORE);

    expect_allowed(world, "domain D { state { more: string = \"m\"  n: int  size: int = 1 } "
                          "goal G { predicate n == 1 } " MAKE " }");
    world_expect_field(world, "D.more", "m");
    world_expect_field(world, "D.n", "1");
    world_free(world);
}

Test(evolution, a_changed_parameter_is_taken_over_and_an_assigned_field_is_not)
{
    const char *before = "domain D { state { n: int = 1  want: int = 3 } goal G { predicate n == "
                         "want } transition T { n += 1 } }";
    const char *after = "domain D { state { n: int = 0  want: int = 5 } goal G { predicate n == "
                        "want } transition T { n += 1 } }";
    World *world = world_made(before);

    expect_allowed(world, after);
    world_expect_field(world, "D.want", "5");
    world_expect_field(world, "D.n", "5");
    cr_expect_eq(world_runtime(world)->logical_time, 4, "two slices before, two after");
    world_free(world);
}

Test(evolution, an_object_follows_a_parameter_that_it_was_made_with)
{
    World *world = world_made(BEFORE);

    expect_allowed(
        world, "domain D { state { n: int  size: int = 2 } goal G { predicate n == 1 } " MAKE " }");
    world_expect_calls(world, "put D.T.Make[0] {\"size\":1}\n"
                              "put D.T.Make[0] {\"size\":2}\n");
    world_expect_objects(world, "D.T.Make[0] ready\n");
    world_free(world);
}

Test(evolution, a_field_that_is_gone_is_refused)
{
    World *world = world_made(BEFORE);

    expect_refused(world,
                   "domain D { state { n: int } goal G { predicate n == 1 } "
                   "transition T { emit Infra.Make(size: 1) n += 1 } }",
                   "V-ERR-003]: field 'D.size' is gone");
    world_free(world);
}

Test(evolution, a_field_of_another_type_is_refused)
{
    World *world = world_made(BEFORE);

    expect_refused(world,
                   "domain D { state { n: string  size: int = 1 } goal G { predicate n == \"1\" } "
                   "transition T { emit Infra.Make(size: size) n = \"1\" } }",
                   "field 'D.n' was int in the state and is string in the program");
    world_free(world);
}

Test(evolution, another_argument_is_an_update)
{
    World *world = world_made(BEFORE);

    expect_allowed(world, "domain D { state { n: int  size: int = 1 } goal G { predicate n == 1 } "
                          "transition T { emit Infra.Make(size: size + 1) n += 1 } }");
    world_expect_calls(world, "put D.T.Make[0] {\"size\":1}\n"
                              "put D.T.Make[0] {\"size\":2}\n");
    world_expect_field(world, "D.n", "1");
    world_free(world);
}

Test(evolution, what_is_not_emitted_any_more_is_destroyed)
{
    static const char *const edits[] = {
        "domain D { state { n: int  size: int = 1 } goal G { predicate n == 1 } "
        "transition T { n += 1 } }",
        "domain D { state { n: int  size: int = 1 } goal G { predicate n == 1 } "
        "transition T { if size > 1 { emit Infra.Make(size: size) } n += 1 } }",
        "domain D { state { n: int  size: int = 1 } goal G { predicate n == 1 } "
        "transition U { n += 1 } }",
        "domain E { state { n: int } goal G { predicate n == 0 } }",
    };

    for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
        World *world = world_made(BEFORE);
        expect_allowed(world, edits[i]);
        world_expect_objects(world, "");
        world_expect_calls(world, "put D.T.Make[0] {\"size\":1}\n"
                                  "delete D.T.Make[0] {}\n");
        if (i < 3)
            world_expect_goal(world, "D.G", "met");
        world_free(world);
    }
}

Test(evolution, what_another_transition_emits_now_is_made_anew)
{
    World *world = world_made(BEFORE);

    expect_allowed(world, "domain D { state { n: int  size: int = 1 } goal G { predicate n == 1 } "
                          "transition U { emit Infra.Make(size: size) n += 1 } }");
    world_expect_objects(world, "D.U.Make[0] ready\n");
    world_expect_calls(world, "put D.T.Make[0] {\"size\":1}\n"
                              "delete D.T.Make[0] {}\n"
                              "put D.U.Make[0] {\"size\":1}\n");
    world_free(world);
}

Test(evolution, a_domain_that_is_gone_ends_with_its_objects)
{
    World *world = world_made(BEFORE " domain E { state { n: int } goal G { predicate n == 0 } }");

    expect_allowed(world, "domain E { state { n: int } goal G { predicate n == 0 } }");
    world_expect_objects(world, "");
    cr_expect_null(runtime_find(world_runtime(world), "D", NULL));
    cr_expect_eq(instance_count(world_runtime(world)), 1);
    world_free(world);
}

Test(evolution, a_domain_that_is_back_before_its_objects_are_gone_starts_anew)
{
    World *world = world_made(BEFORE " domain E { state { n: int } goal G { predicate n == 0 } }");
    Error err = {0};

    cr_assert(
        world_evolve(world, "domain E { state { n: int } goal G { predicate n == 0 } }", &err),
        "%s", err.message);
    cr_expect_eq(instance_count(world_runtime(world)), 2, "it stays until its objects are gone");
    world_restore(world);
    expect_allowed(world, BEFORE " domain E { state { n: int } goal G { predicate n == 0 } }");
    world_expect_calls(world, "put D.T.Make[0] {\"size\":1}\n"
                              "delete D.T.Make[0] {}\n"
                              "put D.T.Make[0] {\"size\":1}\n");
    world_expect_objects(world, "D.T.Make[0] ready\n");
    cr_expect_not(runtime_find(world_runtime(world), "D", NULL)->is_gone);
    world_free(world);
}

Test(evolution, a_domain_without_objects_may_go)
{
    World *world = world_made(BEFORE " domain E { state { n: int } goal G { predicate n == 1 } "
                                     "transition T { n = 1 } }");

    expect_allowed(world, BEFORE);
    cr_expect_null(runtime_find(world_runtime(world), "E", NULL));
    world_free(world);
}

Test(evolution, another_binding_is_an_update)
{
    World *world = world_new(BEFORE);

    world_defaults(world, "Infra.Make", "{\"region\":\"eu\"}");
    world_run(world);
    expect_allowed(world, BEFORE);
    world_expect_calls(world, "put D.T.Make[0] {\"region\":\"eu\",\"size\":1}\n"
                              "put D.T.Make[0] {\"size\":1}\n");
    world_free(world);
}

Test(evolution, each_object_is_asked_with_what_its_slice_had_read)
{
    const char *before = "domain D { state { n: int } goal G { predicate n == 3 }"
                         "  transition T { emit Infra.Make(size: n) n += 1 } }";
    const char *after = "domain D { state { n: int } goal G { predicate n == 3 }"
                        "  transition T { let size = n if n == 2 { size = 7 } emit "
                        "Infra.Make(size: size) n += 1 } }";
    World *world = world_made(before);

    expect_allowed(world, after);
    world_expect_calls(world, "put D.T.Make[0] {\"size\":0}\n"
                              "put D.T.Make[1] {\"size\":1}\n"
                              "put D.T.Make[2] {\"size\":2}\n"
                              "put D.T.Make[2] {\"size\":7}\n");
    world_expect_field(world, "D.n", "3");
    world_free(world);
}

Test(evolution, what_a_slice_made_with_a_message_and_a_result_is_asked_with_them)
{
    const char *before =
        "domain A { state { n: int } transition Boot { send B Take(4) } }"
        "domain B { state { n: int } transition Take(x: int) { let net = emit Infra.Net()"
        "  emit Infra.Make(x: x) n = x } }";
    const char *after =
        "domain A { state { n: int } transition Boot { send B Take(4) } }"
        "domain B { state { n: int } transition Take(x: int) { let net = emit Infra.Net()"
        "  emit Infra.Make(x: x + 1) n = x } }";
    World *world = world_made(before);

    expect_allowed(world, after);
    world_expect_calls(world, "put B.Take.Net[0] {}\n"
                              "put B.Take.Make[0] {\"x\":4}\n"
                              "put B.Take.Make[0] {\"x\":5}\n");
    world_free(world);
}

Test(evolution, a_half_done_transition_goes_on_only_if_its_text_is_unchanged)
{
    const char *before =
        "domain D { state { n: int } goal G { predicate n == 2 backoff 1h }"
        "  transition T { slice one { n = 1 } slice two { emit Infra.Do() n = 2 } } }";
    const char *same =
        "domain D { state { n: int  more: int } goal G { predicate n == 2 backoff 1h }"
        "  transition T { slice one { n = 1 } slice two { emit Infra.Do() n = 2 } } }";
    const char *other =
        "domain D { state { n: int  more: int } goal G { predicate n == 2 backoff 1h }"
        "  transition T { slice one { n = 1 } slice two { emit Infra.Do()  n = 2 } } }";
    for (int i = 0; i < 2; i++) {
        World *world = world_new(before);
        Error err = {0};
        world_fail_next(world, "Infra.Do", 1);
        world_run_until(world, 100);
        cr_assert_eq(runtime_find(world_runtime(world), "D", NULL)->has->run_count, 1);
        cr_assert(world_evolve(world, i == 0 ? same : other, &err), "%s", err.message);
        cr_expect_eq(runtime_find(world_runtime(world), "D", NULL)->has->run_count, i == 0 ? 1 : 0);
        world_run(world);
        world_expect_goal(world, "D.G", "met");
        world_free(world);
    }
}

Test(evolution, numbers_go_on_and_messages_pass_over)
{
    World *world =
        world_new("domain A { state { n: int } transition Boot { emit Infra.Do() send B Hear } }"
                  "domain B { state { n: int } transition Hear { emit Infra.Slow() n = 1 } "
                  "  transition More { n = 2 } }");
    Error err = {0};

    world_fail_next(world, "Infra.Slow", 1);
    world_run_until(world, 100);
    uint64_t next = world_runtime(world)->next_intent;
    world_forget(world);
    cr_assert(world_evolve(world,
                           "domain A { state { n: int } transition Boot { emit Infra.Do() "
                           "send B Hear } }"
                           "domain B { state { n: int } transition Hear { emit Infra.Slow() n = 5 "
                           "} transition More { n = 2 } }",
                           &err),
              "%s", err.message);
    cr_expect_eq(world_runtime(world)->next_intent, next);
    world_run(world);
    world_expect_field(world, "B.n", "5");
    world_free(world);
}

Test(evolution, what_faulted_is_tried_again_by_another_program)
{
    World *world = world_made("domain D { state { n: int } goal G { predicate n == 1 }"
                              "  transition T { n = 1 / n } }");

    world_expect_goal(world, "D.G", "faulted");
    expect_allowed(world, "domain D { state { n: int } goal G { predicate n == 1 }"
                          "  transition T { n = 1 } }");
    world_expect_goal(world, "D.G", "met");
    world_free(world);
}
