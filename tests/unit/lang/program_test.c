#include "lang/program.h"

#include <criterion/criterion.h>
#include <string.h>

#include "lang/vm.h"

static Program *compiled(const char *text)
{
    Program *program = program_compile("stack.ved", text, strlen(text));
    Buffer said = {0};

    diagnostics_print(&program->diagnostics, false, &said);
    cr_assert(program->valid, "%s", buffer_text(&said));
    buffer_deinit(&said);
    return program;
}

static const ProgramField *field_of(const ProgramDomain *domain, const char *name)
{
    int index = domain_find_field(domain, name);

    cr_assert_geq(index, 0, "%s", name);
    return &domain->fields[index];
}

static void expect_transitions(const ProgramGoal *goal, size_t count, const uint32_t *expected)
{
    cr_assert_eq(goal->transition_count, count, "%s: %zu", goal->name, goal->transition_count);
    for (size_t i = 0; i < count; i++)
        cr_expect_eq(goal->transitions[i], expected[i], "%s", goal->name);
}

Test(program, first_values_come_from_system_then_initialiser_then_inference_then_zero)
{
    cleanup(program_free) Program *program =
        compiled("domain D { state { a: int = 1 + 1 b: int = 2 c: string d: string e: duration f: "
                 "bool g: string }\n"
                 "goal G { predicate c == \"end\" && g == \"\" }\n"
                 "transition T { if c == \"start\" && d == \"x\" { c = \"end\" a = 5 } } }\n"
                 "system S { start domain D { b = 2 * 4 d = \"given\" } }");
    const ProgramDomain *domain = &program->domains[0];

    cr_expect_eq(field_of(domain, "a")->initial.integer, 2);
    cr_expect_eq(field_of(domain, "b")->initial.integer, 8);
    cr_expect_str_eq(field_of(domain, "c")->initial.string->bytes, "start");
    cr_expect(field_of(domain, "c")->inferred);
    cr_expect_str_eq(field_of(domain, "d")->initial.string->bytes, "given");
    cr_expect_not(field_of(domain, "d")->inferred);
    cr_expect_eq(field_of(domain, "e")->initial.type, VALUE_DURATION);
    cr_expect_eq(field_of(domain, "e")->initial.integer, 0);
    cr_expect_eq(field_of(domain, "f")->initial.type, VALUE_BOOL);
    cr_expect_str_eq(field_of(domain, "g")->initial.string->bytes, "");
    cr_expect_not(field_of(domain, "g")->inferred);
}

Test(program, fields_that_nothing_assigns_are_parameters)
{
    cleanup(program_free) Program *program =
        compiled("domain D { state { a: int b: int c: int d: int }\n"
                 "goal G { predicate a == b }\n"
                 "transition T { a = b while false { c += 1 } emit Broadcast(Event::E) }\n"
                 "on Event::E { if b == 1 { d = 1 } } }");
    const ProgramDomain *domain = &program->domains[0];

    cr_expect_not(field_of(domain, "a")->parameter);
    cr_expect(field_of(domain, "b")->parameter);
    cr_expect_not(field_of(domain, "c")->parameter);
    cr_expect_not(field_of(domain, "d")->parameter);
}

Test(program, goals_without_a_strategy_are_served_by_what_is_left)
{
    cleanup(program_free) Program *program = compiled(
        "domain D { state { n: int }\n"
        "goal A { predicate n == 1 }\n"
        "goal B { predicate n == 2 strategy { Two Free } fallback Last }\n"
        "goal n == 3\n"
        "goal C { predicate n == 4 strategy { } }\n"
        "transition Boot { n = 0 } transition One { n = 1 } transition Two { n = 2 }\n"
        "transition Free { n += 1 } transition Last { n = 9 } transition With(k: int) { n = k }\n"
        "transition Three { n += 3 } }");
    const ProgramDomain *domain = &program->domains[0];

    expect_transitions(&domain->goals[0], 2, (uint32_t[]){1, 6});
    expect_transitions(&domain->goals[1], 2, (uint32_t[]){2, 3});
    expect_transitions(&domain->goals[2], 2, (uint32_t[]){1, 6});
    expect_transitions(&domain->goals[3], 0, NULL);
    cr_expect(domain->goals[3].has_strategy);
    cr_expect_eq(domain->goals[1].fallback, 4);
    cr_expect_eq(domain->goals[0].fallback, -1);
    cr_expect_str_eq(domain->goals[2].name, "goal_3");
    cr_expect_eq(domain->boot, 0);
    cr_expect(domain->transitions[0].is_boot);
}

Test(program, goals_keep_their_settings_and_text)
{
    cleanup(program_free) Program *program = compiled(
        "domain D { state { n: int s: string }\n"
        "goal A { predicate n   ==\n\t1 // one\n  && /* and */ s != \"a  // b\"\n priority high\n"
        "terminate_after 50 retries backoff 1s to 5m }\n"
        "goal B { predicate n == 1 terminate_after 4h backoff 5s priority background }\n"
        "goal C { predicate n == 1 }\n"
        "@priority(critical) transition T { n = 1 s = \"x\" } }");
    const ProgramGoal *goals = program->domains[0].goals;

    cr_expect_str_eq(goals[0].text, "n == 1 && s != \"a  // b\"");
    cr_expect_eq(goals[0].priority, 150);
    cr_expect_eq(goals[0].terminate, GOAL_RETRIES);
    cr_expect_eq(goals[0].terminate_limit, 50);
    cr_expect_eq(goals[0].backoff_first_ms, 1000);
    cr_expect_eq(goals[0].backoff_cap_ms, 300000);
    cr_expect_eq(goals[1].terminate, GOAL_AFTER);
    cr_expect_eq(goals[1].terminate_limit, 14400000);
    cr_expect_eq(goals[1].backoff_cap_ms, 5000);
    cr_expect_eq(goals[1].priority, 0);
    cr_expect_eq(goals[2].priority, 100);
    cr_expect_eq(goals[2].terminate, GOAL_NEVER);
    cr_expect_eq(goals[2].backoff_first_ms, 1000);
    cr_expect_eq(goals[2].backoff_cap_ms, 300000);
    cr_expect_eq(program->domains[0].transitions[0].priority, 200);
}

Test(program, only_what_system_starts_is_started)
{
    cleanup(program_free) Program *all = compiled("domain A { } domain B { }");
    cleanup(program_free) Program *some =
        compiled("domain A { } domain B { } system S { start domain B }");

    cr_expect(all->domains[0].started && all->domains[1].started);
    cr_expect_not(some->domains[0].started);
    cr_expect(some->domains[1].started);
}

Test(program, emissions_of_one_effect_are_numbered_in_each_text)
{
    cleanup(program_free) Program *program = compiled(
        "domain D { state { n: int }\n"
        "transition T { slice a { emit P.E() emit P.F(1, k: 2, name: \"x\") }\n"
        "slice b { if n == 0 { emit P.E() } let r = emit Q.E() emit P.E() else { n = 1 } } }\n"
        "transition U { emit P.E() emit Broadcast(Event::X) n += 1 }\n"
        "on Event::X { emit P.E(idempotency_key: \"k\") } }");
    static const struct {
        uint32_t site;
        int32_t transition, handler;
        bool awaited;
    } expected[] = {{0, 0, -1, false}, {0, 0, -1, false}, {1, 0, -1, false}, {0, 0, -1, true},
                    {2, 0, -1, true},  {0, 1, -1, false}, {0, -1, 0, false}};

    cr_assert_eq(program->effect_count, ARRAY_SIZE(expected));
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        cr_expect_eq(program->effects[i].site, expected[i].site, "%zu", i);
        cr_expect_eq(program->effects[i].transition, expected[i].transition, "%zu", i);
        cr_expect_eq(program->effects[i].handler, expected[i].handler, "%zu", i);
        cr_expect_eq(program->effects[i].awaited, expected[i].awaited, "%zu", i);
    }
    const EffectUse *second = &program->effects[1];
    cr_assert_eq(second->argument_count, 2);
    cr_expect_null(second->argument_names[0]);
    cr_expect_str_eq(second->argument_names[1], "k");
    cr_expect(second->has_name);
    cr_expect_not(second->has_key);
    cr_expect(program->effects[6].has_key);
}

Test(program, events_have_sorted_fields_with_their_types)
{
    cleanup(program_free) Program *program = compiled(
        "domain D { state { n: int s: string } transition T {\n"
        "let r = emit P.E() emit Broadcast(Event::X(z: n, a: s, m: r.x, d: 5s, b: n == 1)) }\n"
        "on Event::X(m, z) { n = z s = m } }");
    const ProgramEvent *event = &program->events[program_find_event(program, "X")];
    static const struct {
        const char *name;
        StaticType type;
    } expected[] = {{"a", STATIC_STRING},
                    {"b", STATIC_BOOL},
                    {"d", STATIC_DURATION},
                    {"m", STATIC_ANY},
                    {"z", STATIC_INT}};

    cr_assert_eq(event->field_count, ARRAY_SIZE(expected));
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        cr_expect_str_eq(event->fields[i].name, expected[i].name);
        cr_expect_eq(event->fields[i].type, expected[i].type, "%s", expected[i].name);
    }
    cr_expect(event->emitted);
    cr_expect_eq(program_find_event(program, "Y"), -1);
}

Test(program, the_digest_is_that_of_the_text)
{
    cleanup(program_free) Program *a = compiled("domain A { }");
    cleanup(program_free) Program *b = compiled("domain A { } ");

    /* printf 'domain A { }' | sha256sum */
    cr_expect_str_eq(a->digest, "3feab3871d5c2c80d4b6180805fff0d1fe3355787f7197b1dcca2e7c4769e2aa");
    cr_expect_str_neq(a->digest, b->digest);
}

Test(program, a_program_with_errors_is_not_valid_but_freed)
{
    static const char *const texts[] = {"domain", "domain D { state { n: zzz } }", "}", "\xff",
                                        "domain D { transition T { x = 1 } }"};

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        cleanup(program_free) Program *program =
            program_compile("stack.ved", texts[i], strlen(texts[i]));
        cr_expect_not(program->valid, "%s", texts[i]);
        cr_expect_gt(program->diagnostics.error_count, 0, "%s", texts[i]);
    }
}

/* ---- values for --set ---- */

static void expect_set(StaticType type, const char *text, const char *encoded)
{
    ProgramField field = {.name = "f", .type = type};
    Arena arena = {0};
    Buffer buffer = {0};
    Program program = {0};
    Value value;
    Error err;

    type_table_init(&program.types, &program.arena);
    cr_assert_eq(field_value_parse(&program, &field, text, &arena, &value, &err), 0, "%s: %s", text,
                 err.message);
    value_encode(&buffer, value);
    cr_expect_str_eq(buffer_text(&buffer), encoded);
    buffer_deinit(&buffer);
    arena_deinit(&arena);
    arena_deinit(&program.arena);
}

static void expect_refused(StaticType type, const char *text, const char *message)
{
    ProgramField field = {.name = "f", .type = type};
    Arena arena = {0};
    Program program = {0};
    Value value = value_null();
    Error err;

    type_table_init(&program.types, &program.arena);
    cr_assert_lt(field_value_parse(&program, &field, text, &arena, &value, &err), 0, "%s", text);
    cr_expect_str_eq(err.message, message);
    cr_expect_eq(value.type, VALUE_NULL);
    arena_deinit(&arena);
    arena_deinit(&program.arena);
}

Test(program, set_values_are_read_as_the_field_s_type)
{
    expect_set(STATIC_INT, "-42", "-42");
    expect_set(STATIC_INT, "9223372036854775807", "{\"$int\":\"9223372036854775807\"}");
    expect_set(STATIC_INT, "-9223372036854775808", "{\"$int\":\"-9223372036854775808\"}");
    expect_set(STATIC_BOOL, "true", "true");
    expect_set(STATIC_BOOL, "false", "false");
    expect_set(STATIC_DURATION, "5m", "{\"$ms\":300000}");
    expect_set(STATIC_DURATION, "250ms", "{\"$ms\":250}");
    expect_set(STATIC_STRING, "pending", "\"pending\"");
    expect_set(STATIC_STRING, "\"pending\"", "\"pending\"");
    expect_set(STATIC_STRING, "", "\"\"");
    expect_set(STATIC_STRING, "5", "\"5\"");
    expect_set(STATIC_STRING, "\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\"");
}

Test(program, set_values_that_do_not_fit_say_what_would)
{
    expect_refused(STATIC_INT, "9223372036854775808",
                   "field 'f' is int: expected an integer of 64 bits, found '9223372036854775808'");
    expect_refused(STATIC_INT, " 1",
                   "field 'f' is int: expected an integer of 64 bits, found ' 1'");
    expect_refused(STATIC_INT, "1x",
                   "field 'f' is int: expected an integer of 64 bits, found '1x'");
    expect_refused(STATIC_INT, "", "field 'f' is int: expected an integer of 64 bits, found ''");
    expect_refused(STATIC_BOOL, "yes", "field 'f' is bool: expected true or false, found 'yes'");
    expect_refused(
        STATIC_DURATION, "5",
        "field 'f' is duration: expected a duration as 250ms, 30s, 5m, 4h or 7d, found '5'");
    expect_refused(STATIC_DURATION, "106751991168d",
                   "field 'f' is duration: expected a duration as 250ms, 30s, 5m, 4h or 7d, found "
                   "'106751991168d'");
    expect_refused(STATIC_STRING, "\xed\xa0\x80",
                   "field 'f' is string: expected UTF-8, found bytes that are no text");
}

/* What an action without a name did stays done when the slice is aborted after it: the host warns
 * of it where it knows from the schema what an action is. */
Test(program, an_effect_knows_whether_the_slice_can_still_be_aborted_after_it)
{
    static const char text[] =
        "domain D { state { n: int }\n"
        "transition Last { emit P.A() emit P.B() n = 1 }\n"
        "transition Fail { emit P.C() if n == 1 { emit P.D() fail \"x\" } }\n"
        "transition Apart { if n == 1 { emit P.E() } else { emit P.F() } }\n"
        "transition Handled { emit P.G() emit P.H() else { n = 2 } emit P.I() else { n = 3 } }\n"
        "transition Loop { while n < 3 { emit P.J(name: \"${n}\") n += 1 } }\n"
        "transition Slices { slice a { emit P.K() } slice b { emit P.L() } } }\n";
    static const bool follows[] = {true,  false, true,  true, false, false,
                                   false, false, false, true, false, false};
    cleanup(program_free) Program *program = program_compile("t.ved", text, sizeof text - 1);

    cr_assert(program->valid);
    cr_assert_eq(program->effect_count, ARRAY_SIZE(follows));
    for (size_t i = 0; i < program->effect_count; i++)
        cr_expect_eq(program->effects[i].failure_follows, follows[i], "%s",
                     program->effects[i].effect);
}
