/* Which domain runs next, and what it does with its turn. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/lib/core/world.h"

static size_t lines_before(const World *world, const char *line)
{
    const char *found = strstr(world_trace(world), line);
    size_t count = 0;

    cr_assert_not_null(found, "no '%s' in:\n%s", line, world_trace(world));
    for (const char *c = world_trace(world); c < found; c++)
        count += *c == '\n';
    return count;
}

Test(scheduling, the_most_urgent_domain_runs_first_then_by_name)
{
    World *world =
        world_new("domain Alpha { state { done: bool } goal G { predicate done }"
                  "  transition T { done = true } }"
                  "domain Charlie { state { done: bool } goal G { predicate done priority high }"
                  "  transition T { done = true } }"
                  "domain Bravo { state { done: bool } goal G { predicate done }"
                  "  transition T { done = true } }");

    world_run(world);
    world_expect(world, "[    0] Charlie: goal G; transition T\n"
                        "[    0] Alpha: goal G; transition T\n"
                        "[    0] Bravo: goal G; transition T\n");
    world_free(world);
}

Test(scheduling, of_equally_urgent_domains_the_longest_waiting_runs)
{
    World *world = world_new("domain A { state { n: int } goal G { predicate n == 3 }"
                             "  transition T { n += 1 } }"
                             "domain B { state { n: int } goal G { predicate n == 2 }"
                             "  transition T { n += 1 } }");

    world_run(world);
    world_expect(world, "[    0] A: goal G; transition T\n"
                        "[    0] B: goal G; transition T\n"
                        "[    0] A: goal G; transition T\n"
                        "[    0] B: goal G; transition T\n"
                        "[    0] A: goal G; transition T\n");
    world_free(world);
}

Test(scheduling, every_thousand_slices_of_waiting_add_one_to_the_urgency)
{
    World *world = world_new("domain Busy { state { n: int } goal G { predicate n == 2500 }"
                             "  transition T { n += 1 } }"
                             "domain Meek { state { done: bool }"
                             "  goal G { predicate done priority 98 } transition T { done = true } "
                             "}");

    world_run(world);
    cr_expect_eq(lines_before(world, "Meek: goal G"), 2000);
    world_free(world);
}

Test(scheduling, boot_comes_before_everything_that_waits)
{
    World *world =
        world_new("domain A { state { n: int } transition Boot { send B Hear send B Hear } }"
                  "domain B { state { n: int  acted: bool }"
                  "  goal G { predicate acted strategy { Act } }"
                  "  transition Boot { slice one { emit Log(\"one\") } slice two { n = 10 } }"
                  "  transition Hear { n += 1 } transition Act { acted = true } }");

    world_run(world);
    world_expect(world, "[    0] A: transition Boot\n"
                        "[    0] B: transition Boot\n"
                        "[    0] B: log one\n"
                        "[    0] B: transition Boot\n"
                        "[    0] B: message Hear\n"
                        "[    0] B: message Hear\n"
                        "[    0] B: goal G; transition Act\n");
    world_expect_field(world, "B.n", "12");
    world_free(world);
}

Test(scheduling, nothing_else_runs_until_boot_has_committed)
{
    World *world = world_new("domain A { state { n: int }"
                             "  goal G { predicate n == 1 }"
                             "  transition Boot { emit Infra.Prepare() }"
                             "  transition Act { n = 1 } }");

    world_fail_next(world, "Infra.Prepare", 1);
    world_run_until(world, 20);
    world_expect_field(world, "A.n", "0");
    world_run(world);
    cr_expect_eq(lines_before(world, "A: goal G; transition Act"), 4, "%s", world_trace(world));
    world_expect_field(world, "A.n", "1");
    world_free(world);
}

Test(scheduling, boot_that_faults_holds_its_domain)
{
    World *world = world_new("domain A { state { n: int }"
                             "  goal G { predicate n == 2 }"
                             "  transition Boot { slice one { n = 1 } slice two { fail \"no\" } }"
                             "  transition Act { n += 1 } }");

    world_run(world);
    world_expect_field(world, "A.n", "1");
    cr_expect_not(runtime_find(world_runtime(world), "A", NULL)->booted);
    world_free(world);
}

Test(scheduling, a_domain_hears_before_it_acts)
{
    World *world = world_new("domain A { state { n: int } transition Boot { send B Hear() send B "
                             "Hear() } }"
                             "domain B { state { heard: int  acts: int }"
                             "  goal G { predicate acts == 2 strategy { Act } }"
                             "  transition Hear { heard += 1 } transition Act { acts += 1 } }");

    world_run(world);
    world_expect(world, "[    0] A: transition Boot\n"
                        "[    0] B: message Hear\n"
                        "[    0] B: message Hear\n"
                        "[    0] B: goal G; transition Act\n"
                        "[    0] B: goal G; transition Act\n");
    world_free(world);
}

#define MANY                                                                                       \
    "domain A { state { n: int }"                                                                  \
    "  transition Boot { let i = 0 while i < 130 { send B Hear i += 1 } } }"                       \
    "domain B { state { heard: int  acts: int }"

Test(scheduling, after_64_handlers_in_a_row_a_goal_has_one_turn)
{
    World *world = world_new(MANY "  goal G { predicate acts == 2 strategy { Act } }"
                                  "  transition Hear { heard += 1 } "
                                  "  transition Act { emit Log(\"${heard}\") acts += 1 } }");

    world_run(world);
    cr_expect_eq(lines_before(world, "B: log 64"), 66);
    cr_expect_not_null(strstr(world_trace(world), "B: log 128"));
    world_free(world);
}

Test(scheduling, with_no_goal_unmet_all_handlers_run_in_a_row)
{
    World *world = world_new(MANY "  goal G { predicate acts == 0 strategy { Act } }"
                                  "  transition Hear { heard += 1 } "
                                  "  transition Act { acts += 1 } }");

    world_run(world);
    world_expect_field(world, "B.heard", "130");
    world_expect_field(world, "B.acts", "0");
    world_free(world);
}

Test(scheduling, a_run_in_its_backoff_does_not_stop_the_handlers)
{
    World *world = world_new(MANY "  goal G { predicate acts == 1 strategy { Act } backoff 1h }"
                                  "  transition Hear { heard += 1 } "
                                  "  transition Act { slice one { emit Log(\"one\") } "
                                  "    slice two { emit Infra.Do() acts = 1 } } }");

    world_fail_next(world, "Infra.Do", 1);
    world_run_until(world, 1000);
    world_expect_field(world, "B.heard", "130");
    world_run(world);
    world_expect_field(world, "B.acts", "1");
    world_free(world);
}

Test(scheduling, high_messages_overtake_three_in_a_row)
{
    World *world =
        world_new("domain A { state { n: int } transition Boot {"
                  "  send B N send B N send B N"
                  "  send_high B H send_high B H send_high B H send_high B H"
                  "  send_high B H send_high B H send_high B H send_high B H } }"
                  "domain B { state { order: string } transition N { order = \"${order}n\" }"
                  "  transition H { order = \"${order}h\" } }");

    world_run(world);
    world_expect_field(world, "B.order", "hhhnhhhnhhn");
    world_free(world);
}

Test(scheduling, a_high_message_makes_its_domain_more_urgent)
{
    World *world =
        world_new("domain A { state { n: int } transition Boot { send B T send_high C T } }"
                  "domain B { state { n: int } transition T { n = 1 } }"
                  "domain C { state { n: int } transition T { n = 1 } }"
                  "domain D { state { n: int } goal G { predicate n == 1 priority 120 }"
                  "  transition T { n = 1 } }");

    world_run(world);
    world_expect(world, "[    0] A: transition Boot\n"
                        "[    0] C: message T\n"
                        "[    0] D: goal G; transition T\n"
                        "[    0] B: message T\n");
    world_free(world);
}

Test(scheduling, messages_of_one_sender_keep_their_order)
{
    World *world =
        world_new("domain A { state { n: int } goal G { predicate n == 3 } "
                  "  transition T { n += 1 send C Take(\"a${n}\") send C Take(\"a${n}'\") } }"
                  "domain B { state { n: int } goal G { predicate n == 2 } "
                  "  transition T { n += 1 send C Take(\"b${n}\") } }"
                  "domain C { state { order: string }"
                  "  transition Take(what: string) { order = \"${order} ${what}\" } }");

    world_run(world);
    world_expect_field(world, "C.order", " a1 a1' b1 a2 a2' b2 a3 a3'");
    world_free(world);
}

Test(scheduling, an_event_goes_to_every_handler_the_emitter_included)
{
    World *world = world_new("domain A { state { n: int } on Event::Up(by) { n += by }"
                             "  transition Boot { emit Broadcast(Event::Up(by: 2)) } }"
                             "domain B { state { n: int } on Event::Up(by) { n += by } }"
                             "domain C { state { n: int } transition T { n = 1 } }");

    world_run(world);
    world_expect(world, "[    0] A: transition Boot\n"
                        "[    0] A: event Up\n"
                        "[    0] A: on event Up\n"
                        "[    0] B: on event Up\n");
    world_expect_field(world, "A.n", "2");
    world_expect_field(world, "B.n", "2");
    world_free(world);
}

Test(scheduling, a_domain_may_send_to_itself)
{
    World *world = world_new("domain A { state { n: int } transition Boot { send self Add(4) }"
                             "  transition Add(by: int) { n += by } }");

    world_run(world);
    world_expect(world, "[    0] A: transition Boot\n[    0] A: message Add\n");
    world_expect_field(world, "A.n", "4");
    world_free(world);
}

Test(scheduling, runs_that_messages_ask_for_go_on_in_the_order_they_began)
{
    World *world =
        world_new("domain A { state { n: int } transition Boot {"
                  "  send B Work(\"x\") send B Work(\"y\") emit Broadcast(Event::Ping) } }"
                  "domain B { state { n: int } on Event::Ping { n = 7 }"
                  "  transition Work(what: string) { slice one { emit Log(\"one ${what}\") n += 1 }"
                  "    slice two { emit Log(\"two ${what} ${n}\") } slice three { emit Log(\"three "
                  "${what}\") } } }");

    world_run(world);
    world_expect(world, "[    0] A: transition Boot\n"
                        "[    0] A: event Ping\n"
                        "[    0] B: message Work\n"
                        "[    0] B: log one x\n"
                        "[    0] B: message Work\n"
                        "[    0] B: log one y\n"
                        "[    0] B: on event Ping\n"
                        "[    0] B: transition Work\n"
                        "[    0] B: log two x 7\n"
                        "[    0] B: transition Work\n"
                        "[    0] B: log three x\n"
                        "[    0] B: transition Work\n"
                        "[    0] B: log two y 7\n"
                        "[    0] B: transition Work\n"
                        "[    0] B: log three y\n");
    world_free(world);
}

Test(scheduling, handlers_come_between_the_slices_of_a_run)
{
    World *world = world_new(
        "domain A { state { n: int } goal G { predicate n == 2 } "
        "  transition T { n += 1 send B Hear } }"
        "domain B { state { heard: int  done: bool } goal G { predicate done strategy { Act } }"
        "  transition Hear { heard += 1 }"
        "  transition Act { slice one { emit Log(\"${heard}\") } slice two { emit "
        "Log(\"${heard}\") } slice three { emit Log(\"${heard}\") done = true } } }");

    world_run(world);
    world_expect(world, "[    0] A: goal G; transition T\n"
                        "[    0] B: message Hear\n"
                        "[    0] A: goal G; transition T\n"
                        "[    0] B: message Hear\n"
                        "[    0] B: goal G; transition Act\n"
                        "[    0] B: log 2\n"
                        "[    0] B: goal G; transition Act\n"
                        "[    0] B: log 2\n"
                        "[    0] B: goal G; transition Act\n"
                        "[    0] B: log 2\n");
    world_free(world);
}

Test(scheduling, a_begun_run_goes_on_before_a_more_urgent_goal)
{
    World *world =
        world_new("domain A { state { n: int  m: int }"
                  "  goal First { predicate n == 2 strategy { Two } }"
                  "  goal Second { predicate n == 0 || m == 1 priority critical strategy { One } }"
                  "  transition Two { slice one { n = 1 } slice two { n = 2 } }"
                  "  transition One { m = 1 } }");

    world_run(world);
    world_expect(world, "[    0] A: goal First; transition Two\n"
                        "[    0] A: goal First; transition Two\n"
                        "[    0] A: goal Second; transition One\n");
    world_free(world);
}

Test(scheduling, a_run_is_as_urgent_as_the_goal_it_serves)
{
    World *world =
        world_new("domain A { state { n: int  m: int }"
                  "  goal First { predicate n == 2 strategy { Two } priority low }"
                  "  goal Second { predicate n == 0 || m == 1 priority critical strategy { One } }"
                  "  transition Two { slice one { n = 1 } slice two { n = 2 } }"
                  "  transition One { m = 1 } }"
                  "domain B { state { n: int } goal G { predicate n == 3 priority 60 }"
                  "  transition T { n += 1 } }");

    world_run(world);
    world_expect(world, "[    0] B: goal G; transition T\n"
                        "[    0] B: goal G; transition T\n"
                        "[    0] B: goal G; transition T\n"
                        "[    0] A: goal First; transition Two\n"
                        "[    0] A: goal First; transition Two\n"
                        "[    0] A: goal Second; transition One\n");
    world_free(world);
}

Test(scheduling, the_same_story_always_goes_the_same_way)
{
    const char *text = "domain A { state { n: int } goal G { predicate n == 5 }"
                       "  transition T { emit Infra.Do() n += 1 send B Hear(n) } }"
                       "domain B { state { n: int } goal G { predicate n > 9 }"
                       "  transition Hear(x: int) { n = n + x } transition T { n += 1 } }";
    World *one = world_new(text), *other = world_new(text);

    world_fail_next(one, "Infra.Do", 2);
    world_fail_next(other, "Infra.Do", 2);
    world_run(one);
    world_run(other);
    cr_assert_eq(world_records(one), world_records(other));
    cr_assert_gt(world_records(one), 10);
    for (size_t i = 0; i < world_records(one); i++)
        cr_expect_str_eq(world_record(one, i), world_record(other, i));
    world_free(one);
    world_free(other);
}
