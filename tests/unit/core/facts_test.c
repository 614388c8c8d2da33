/* What domains see of the outside, when it is asked for, and whom it wakes. */
#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"
#include "tests/lib/core/world.h"

#define FILE_X "System.file_exists(\"/x\")"

static const char wants_file[] = "domain D { state { n: int }"
                                 "  goal G { predicate System.file_exists(\"/x\") }"
                                 "  transition T { if n > 0 { n = 0 } } }";

static World *begun(const char *program)
{
    World *world = world_new(program);

    world_begin(world);
    return world;
}

static char *explained(World *world, const char *domain)
{
    return goal_explain(runtime_find(world_runtime(world), domain, NULL), 0);
}

Test(facts, a_goal_is_decided_once_its_fact_is_observed)
{
    World *world = begun(wants_file);

    world_fact(world, FILE_X, "true");
    world_turn(world);
    world_expect_goal(world, "D.G", "unknown");
    world_run(world);
    world_expect(world, "[    0] ask " FILE_X "\n"
                        "[   10] fact " FILE_X " is true\n");
    world_expect_goal(world, "D.G", "met");
    world_free(world);
}

Test(facts, nothing_runs_for_a_goal_that_is_unknown)
{
    World *world = begun(wants_file);

    world_run(world);
    world_expect(world, "[    0] ask " FILE_X "\n"
                        "[   10] fact " FILE_X " is not known: it was told not to know\n");
    world_expect_goal(world, "D.G", "unknown");
    world_expect_field(world, "D.n", "0");
    cleanup(free) char *sentence = explained(world, "D");
    cr_expect_str_eq(sentence,
                     "goal D.G is unknown: fact " FILE_X " is not known: it was told not to know");
    world_free(world);
}

Test(facts, one_whose_value_changed_wakes_its_readers)
{
    World *world = begun("domain D { state { seen: bool }"
                         "  goal G { predicate seen == System.file_exists(\"/x\") }"
                         "  transition T { seen = !seen } }");

    world_fact(world, FILE_X, "false");
    world_run(world);
    world_expect_goal(world, "D.G", "met");
    world_forget(world);
    world_fact(world, FILE_X, "true");
    world_facts_due(world);
    world_run(world);
    world_expect(world, "[   10] ask " FILE_X "\n"
                        "[   20] fact " FILE_X " is true\n"
                        "[   20] D: goal G; transition T\n");
    world_expect_goal(world, "D.G", "met");
    world_free(world);
}

Test(facts, the_same_value_again_is_no_record_and_wakes_nobody)
{
    World *world = begun(wants_file);

    world_fact(world, FILE_X, "false");
    world_run(world);
    size_t records = world_records(world);
    world_forget(world);
    world_facts_due(world);
    world_run(world);
    world_expect(world, "[   10] ask " FILE_X "\n");
    cr_expect_eq(world_records(world), records);
    world_free(world);
}

Test(facts, a_failed_observation_makes_it_unknown_and_the_next_one_known)
{
    World *world = begun(wants_file);

    world_fact(world, FILE_X, "true");
    world_run(world);
    world_fact(world, FILE_X, NULL);
    world_facts_due(world);
    world_run(world);
    world_expect_goal(world, "D.G", "unknown");
    world_fact(world, FILE_X, "true");
    world_facts_due(world);
    world_run(world);
    world_expect_goal(world, "D.G", "met");
    world_free(world);
}

Test(facts, a_slice_that_reads_one_that_is_unknown_waits_for_it)
{
    World *world =
        begun("domain D { state { n: int }"
              "  goal G { predicate n > 0 }"
              "  transition T { if System.file_exists(\"/x\") { n = 1 } else { n = 2 } } }");

    world_run(world);
    world_expect_field(world, "D.n", "0");
    world_expect_goal(world, "D.G", "unmet");
    cleanup(free) char *sentence = explained(world, "D");
    cr_expect_str_eq(sentence,
                     "goal D.G waits: fact " FILE_X " is not known: it was told not to know");
    cr_expect(runtime_awaits_facts(world_runtime(world)));
    world_fact(world, FILE_X, "false");
    world_facts_due(world);
    world_run(world);
    world_expect_field(world, "D.n", "2");
    cr_expect_not(runtime_awaits_facts(world_runtime(world)));
    world_free(world);
}

Test(facts, a_message_waits_for_the_fact_that_its_handler_reads)
{
    World *world = begun("domain A { state { sent: bool } goal S { predicate sent }"
                         "  transition T { emit Broadcast(Event::Go) sent = true } }"
                         "domain B { state { n: int }"
                         "  on Event::Go { if System.file_exists(\"/x\") { n = 1 } } }");

    world_run(world);
    world_expect_field(world, "B.n", "0");
    cr_expect(runtime_awaits_facts(world_runtime(world)));
    world_fact(world, FILE_X, "true");
    world_facts_due(world);
    world_run(world);
    world_expect_field(world, "B.n", "1");
    cr_expect_not(runtime_awaits_facts(world_runtime(world)));
    world_free(world);
}

/* T sees that nothing is to be done yet: it is tried again when what it saw has changed. */
static const char guarded[] = "domain D { state { n: int }"
                              "  goal G { predicate n > 0 }"
                              "  transition T { if Infra.status(\"db\") == \"up\" { n = 1 } } }";

Test(facts, a_blocked_transition_is_tried_again_when_a_fact_that_it_reads_has_changed)
{
    World *world = begun(guarded);

    world_fact(world, "Infra.status(\"db\")", "\"down\"");
    world_run(world);
    world_expect_goal(world, "D.G", "blocked");
    world_facts_due(world);
    world_forget(world);
    world_run(world);
    world_expect(world, "[   10] ask Infra.status(\"db\")\n");
    world_fact(world, "Infra.status(\"db\")", "\"up\"");
    world_facts_due(world);
    world_run(world);
    world_expect_goal(world, "D.G", "met");
    world_free(world);
}

Test(facts, a_blocked_transition_is_tried_again_when_a_fact_that_its_goal_reads_has_changed)
{
    World *world = begun("domain D { state { n: int }"
                         "  goal G { predicate n > 0 && Infra.load() < 10 }"
                         "  transition T { n = 0 } }");

    world_fact(world, "Infra.load()", "3");
    world_run(world);
    world_expect_goal(world, "D.G", "blocked");
    world_forget(world);
    world_free(world);
    world = begun("domain D { state { n: int }"
                  "  goal G { predicate Infra.load() < 10 && n > 0 }"
                  "  transition T { n = 0 } }");
    world_fact(world, "Infra.load()", "3");
    world_run(world);
    world_expect_goal(world, "D.G", "blocked");
    world_forget(world);
    world_fact(world, "Infra.load()", "4");
    world_facts_due(world);
    world_run(world);
    world_expect(world, "[   10] ask Infra.load()\n"
                        "[   20] fact Infra.load() is 4\n"
                        "[   20] D: goal G; transition T\n");
    world_free(world);
}

/* What a successor finds, from the journal or from a snapshot. */
static void expect_succession(void (*successor)(World *))
{
    World *world = begun(guarded);

    world_fact(world, "Infra.status(\"db\")", "\"down\"");
    world_run(world);
    world_expect_goal(world, "D.G", "blocked");
    successor(world);
    world_begin(world);
    world_forget(world);
    world_run(world);
    world_expect(world, "[   10] ask Infra.status(\"db\")\n");
    world_expect_goal(world, "D.G", "blocked");
    cr_expect(runtime_awaits_facts(world_runtime(world)));
    world_fact(world, "Infra.status(\"db\")", "\"up\"");
    world_facts_due(world);
    world_run(world);
    world_expect_goal(world, "D.G", "met");
    world_free(world);
}

Test(facts, a_successor_knows_what_a_blocked_transition_had_seen)
{
    expect_succession(world_recover);
    expect_succession(world_restore);
}

/* What was true is asked for again before anything is decided by it. */
static void expect_asked_again(void (*successor)(World *))
{
    World *world = begun(wants_file);

    world_fact(world, FILE_X, "true");
    world_run(world);
    world_expect_goal(world, "D.G", "met");
    world_fact(world, FILE_X, "false");
    successor(world);
    world_begin(world);
    world_forget(world);
    world_turn(world);
    world_expect_goal(world, "D.G", "unknown");
    world_run_until(world, 20);
    world_expect(world, "[   10] ask " FILE_X "\n"
                        "[   20] fact " FILE_X " is false\n"
                        "[   20] D: goal G; transition T\n");
    world_free(world);
}

Test(facts, a_successor_asks_again_before_it_decides)
{
    expect_asked_again(world_recover);
    expect_asked_again(world_restore);
}

Test(facts, they_are_observed_again_after_an_effect_at_their_provider_and_before_goals)
{
    World *world = begun("domain D { goal G { predicate Infra.status(\"db\") == \"up\" }"
                         "  transition T { emit Infra.Create() } }");

    world_fact(world, "Infra.status(\"db\")", "\"down\"");
    world_fact_at(world, 25, "Infra.status(\"db\")", "\"up\"");
    world_run(world);
    world_expect(world, "[    0] ask Infra.status(\"db\")\n"
                        "[   10] fact Infra.status(\"db\") is \"down\"\n"
                        "[   10] put D.T.Create[0]\n"
                        "[   30] D: goal G; transition T\n"
                        "[   30] ask Infra.status(\"db\")\n"
                        "[   40] fact Infra.status(\"db\") is \"up\"\n");
    world_expect_goal(world, "D.G", "met");
    cr_expect_eq(world_operations(world, NULL), 1);
    world_free(world);
}

Test(facts, an_effect_at_another_provider_leaves_them_as_they_are)
{
    World *world = begun("domain D { state { n: int }"
                         "  goal G { predicate n > 0 && Infra.status(\"db\") == \"up\" }"
                         "  transition T { emit Other.Create() n = 1 } }");

    world_fact(world, "Infra.status(\"db\")", "\"up\"");
    world_run(world);
    cr_expect_eq(world_asked(world), 1);
    world_expect_goal(world, "D.G", "met");
    world_free(world);
}

Test(facts, a_slice_sees_what_it_began_with_until_it_ends)
{
    World *world = begun("domain D { state { n: int  was: string }"
                         "  goal G { predicate n > 0 }"
                         "  transition T { let before = Infra.status(\"db\")"
                         "    let made = emit Infra.Create()"
                         "    was = \"${before} ${Infra.status(\"db\")}\" n = 1 } }");

    world_fact(world, "Infra.status(\"db\")", "\"down\"");
    world_fact_at(world, 12, "Infra.status(\"db\")", "\"up\"");
    world_run_until(world, 15);
    world_facts_due(world);
    world_run(world);
    world_expect_field(world, "D.was", "down down");
    world_free(world);
}

Test(facts, known_asks_without_waiting_for_one_that_cannot_be_observed)
{
    World *world =
        begun("domain D { state { n: int }"
              "  goal G { predicate n > 0 }"
              "  transition T { if known(Infra.status(\"db\")) { n = 1 } else { n = 2 } } }");

    world_run(world);
    world_expect(world, "[    0] ask Infra.status(\"db\")\n"
                        "[   10] fact Infra.status(\"db\") is not known: it was told not to know\n"
                        "[   10] D: goal G; transition T\n");
    world_expect_field(world, "D.n", "2");
    world_free(world);
}

Test(facts, arguments_with_names_are_one_fact_in_any_order)
{
    World *world = begun("domain D { state { n: int }"
                         "  goal G { predicate Infra.at(\"db\", zone: \"a\", host: 1) == 1 }"
                         "  goal H { predicate Infra.at(\"db\", host: 1, zone: \"a\") == 1 } }");

    world_fact(world, "Infra.at(\"db\", host: 1, zone: \"a\")", "1");
    world_run(world);
    cr_expect_eq(world_asked(world), 1);
    world_expect_goal(world, "D.G", "met");
    world_expect_goal(world, "D.H", "met");
    world_free(world);
}

Test(facts, a_domain_reads_at_most_a_thousand)
{
    World *world =
        begun("domain D { state { n: int  top: int = 1000 }"
              "  goal G { predicate n > 0 }"
              "  transition T { for i in range(top) { if known(Infra.x(i)) { n = 1 } } n = 1 } }"
              "domain E { state { n: int  top: int = 1001 }"
              "  goal G { predicate n > 0 }"
              "  transition T { for i in range(top) { if known(Infra.x(i)) { n = 1 } } n = 1 } }");

    world_unchecked(world);
    world_run(world);
    world_expect_goal(world, "D.G", "met");
    world_expect_goal(world, "E.G", "faulted");
    cleanup(free) char *sentence = explained(world, "E");
    cr_expect_str_eq(sentence,
                     "goal E.G is faulted because domain 'E' reads more than 1000 different facts");
    world_free(world);
}

Test(facts, one_that_nobody_reads_any_more_is_forgotten)
{
    World *world = begun("domain D { state { n: int }"
                         "  goal G { predicate n == 1 || Infra.x(n) == 1 }"
                         "  transition T { n = 1 } }");

    world_fact(world, "Infra.x(0)", "0");
    world_run(world);
    world_expect_goal(world, "D.G", "met");
    cr_expect_not_null(fact_find(world_runtime(world), "Infra.x(0)"));
    world_facts_due(world);
    cr_expect_null(fact_find(world_runtime(world), "Infra.x(0)"));
    world_free(world);
}

Test(facts, a_changed_one_is_something_from_outside_for_those_that_loop)
{
    World *world = begun("domain D { state { n: int }"
                         "  goal G { predicate n == 5 && Infra.x() == 1 }"
                         "  transition T { if n == 0 { n = 1 } else { n = 0 } } "
                         "  transition U { if Infra.x() == 1 { n = 5 } } }");

    world_fact(world, "Infra.x()", "0");
    world_run(world);
    world_expect_goal(world, "D.G", "oscillating");
    world_fact(world, "Infra.x()", "1");
    world_facts_due(world);
    world_run(world);
    world_expect_goal(world, "D.G", "met");
    world_free(world);
}

Test(facts, a_plan_asks_and_what_an_effect_may_have_changed_nobody_knows)
{
    World *world =
        begun("domain D { state { n: int }"
              "  goal A { predicate n > 0 }"
              "  transition T { if Infra.status(\"db\") != \"up\" { emit Infra.Create() } n = 1 }"
              "  goal B { predicate Infra.status(\"db\") == \"up\" strategy { U } }"
              "  transition U { n = 7 } }");

    world_unchecked(world);
    world_options(world)->planning = true;
    world_fact(world, "Infra.status(\"db\")", "\"up\"");
    world_fact_at(world, 5, "Infra.status(\"db\")", "\"down\"");
    world_run(world);
    cr_expect_eq(world_asked(world), 1);
    world_expect_goal(world, "D.B", "unknown");
    world_free(world);
}

Test(facts, a_changed_program_is_asked_with_what_an_object_was_made_with)
{
    static const char before[] = "domain D { state { n: int } goal G { predicate n > 0 }"
                                 "  transition T { emit Infra.Create(zone: Infra.zone()) n = 1 } }";
    static const char after[] = "domain D { state { n: int  m: int } goal G { predicate n > 0 }"
                                "  transition T { emit Infra.Create(zone: Infra.zone()) n = 1 } }";
    World *world = begun(before);
    Error err = {0};

    world_fact(world, "Infra.zone()", "\"a\"");
    world_run(world);
    world_fact(world, "Infra.zone()", "\"b\"");
    world_facts_due(world);
    world_run(world);
    cr_assert(world_evolve(world, after, &err), "%s", err.message);
    world_begin(world);
    world_run(world);
    world_expect_calls(world, "put D.T.Create[0] {\"zone\":\"a\"}\n");
    world_free(world);
}

Test(facts, destroying_everything_forgets_them)
{
    World *world = begun(wants_file);

    world_fact(world, FILE_X, "true");
    world_run(world);
    cr_expect_not_null(fact_find(world_runtime(world), FILE_X));
    world_destroy(world);
    cr_expect_null(fact_find(world_runtime(world), FILE_X));
    world_free(world);
}

Test(facts, each_instance_has_its_own)
{
    World *world = begun("domain W[name: string] { state { n: int }"
                         "  goal G { predicate n == 1 || Infra.status(name) == \"up\" }"
                         "  transition T { stop } }"
                         "system S { start domain W[\"a\"] { } start domain W[\"b\"] { } }");

    world_fact(world, "Infra.status(\"a\")", "\"up\"");
    world_fact(world, "Infra.status(\"b\")", "\"down\"");
    world_run(world);
    cr_expect_eq(world_asked(world), 2);
    cr_expect_not_null(runtime_find(world_runtime(world), "W", "a"));
    cr_expect_null(runtime_find(world_runtime(world), "W", "b"), "it saw what it is to stop by");
    world_facts_due(world);
    cr_expect_null(fact_find(world_runtime(world), "Infra.status(\"b\")"));
    world_free(world);
}

Test(facts, a_timer_is_armed_by_one)
{
    World *world = begun("domain D { state { n: int }"
                         "  goal G { predicate n > 0 strategy { T } } transition T { n = n }"
                         "  after 30s when System.file_exists(\"/x\") { n = 1 } }");

    world_fact(world, FILE_X, "true");
    world_run(world);
    world_expect_goal(world, "D.G", "met");
    cr_expect_eq(world_now(world), 30010);
    world_free(world);
}

Test(facts, nobody_is_asked_with_a_secret)
{
    World *world = begun("domain D { state { k: secret = \"hush\"  n: int }"
                         "  goal G { predicate n > 0 }"
                         "  transition T { if Infra.check([k]) == 1 { n = 1 } } }");

    world_run(world);
    world_expect_goal(world, "D.G", "faulted");
    cr_expect_eq(world_asked(world), 0);
    cleanup(free) char *sentence = explained(world, "D");
    cr_expect_str_eq(sentence, "goal D.G is faulted because Infra.check is asked with a secret: "
                               "what is asked is shown");
    world_free(world);
}

Test(facts, a_plan_with_an_argument_that_is_not_known_yet_asks_nobody)
{
    World *world = begun("domain D { state { host: string }"
                         "  goal G { predicate host != \"\" && Infra.up(host) }"
                         "  transition T { let db = emit Infra.Create() host = db.address } }");

    world_unchecked(world);
    world_options(world)->planning = true;
    world_result(world, "Infra.Create", "{\"address\":{\"$unknown\":{}}}");
    world_run(world);
    cr_expect_eq(world_asked(world), 0);
    world_expect_goal(world, "D.G", "unknown");
    world_free(world);
}
