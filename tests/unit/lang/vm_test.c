#include "lang/vm.h"

#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"
#include "lang/bytecode.h"

/* One domain `D` and what a slice of it was run with. */
typedef struct World {
    Program *program;
    const ProgramDomain *domain;
    Arena arena;
    Value *fields;
    SliceInput input;
    SliceResult result;
} World;

static void world_init(World *world, const char *text)
{
    *world = (World){.program = program_compile("stack.ved", text, strlen(text))};
    Buffer said = {0};
    diagnostics_print(&world->program->diagnostics, false, &said);
    cr_assert(world->program->valid, "%s", buffer_text(&said));
    buffer_deinit(&said);
    world->domain = &world->program->domains[0];
    world->fields = arena_array(&world->arena, Value, world->domain->field_count);
    for (size_t i = 0; i < world->domain->field_count; i++)
        world->fields[i] = world->domain->fields[i].initial;
    world->input =
        (SliceInput){.program = world->program, .domain = world->domain, .fields = world->fields};
}

static void world_deinit(World *world)
{
    program_free(world->program);
    arena_deinit(&world->arena);
}

/* A domain with the usual fields and `body` as its transition T. */
static void world_body(World *world, const char *body)
{
    char *text =
        memory_format("domain D { state { n: int m: int s: string b: bool d: duration }\n"
                      "transition T {\n%s\n} transition U(a: int, t: string) { n = a }\n"
                      "on Event::E(x) { n = n + x } on Event::F(p, q) { s = \"${p}${q}\" } }",
                      body);

    world_init(world, text);
    free(text);
}

static SliceStatus world_run(World *world)
{
    world->input.code = world->domain->transitions[0].slices[0];
    slice_run(&world->input, &world->arena, &world->result);
    return world->result.status;
}

static Value world_field(const World *world, const char *name)
{
    int index = domain_find_field(world->domain, name);

    cr_assert_geq(index, 0);
    return world->result.fields[index];
}

#define EMITTERS " emit Broadcast(Event::E(x: 1)) emit Broadcast(Event::F(p: \"a\", q: true))"

/* Run a body; it is done and `name` is the integer. */
static void expect_int(const char *body, const char *name, int64_t expected)
{
    World world;
    char *text = memory_format("%s" EMITTERS, body);

    world_body(&world, text);
    cr_assert_eq(world_run(&world), SLICE_DONE, "%s: %s", body, world.result.fault);
    Value value = world_field(&world, name);
    cr_expect(value.type == VALUE_INT || value.type == VALUE_DURATION, "%s", body);
    cr_expect_eq(value.integer, expected, "%s: %lld", body, (long long)value.integer);
    world_deinit(&world);
    free(text);
}

static void expect_text(const char *body, const char *expected)
{
    World world;
    char *text = memory_format("%s" EMITTERS, body);

    world_body(&world, text);
    cr_assert_eq(world_run(&world), SLICE_DONE, "%s: %s", body, world.result.fault);
    cr_expect_str_eq(world_field(&world, "s").string->bytes, expected);
    world_deinit(&world);
    free(text);
}

static void expect_fault(const char *body, const char *fault)
{
    World world;
    char *text = memory_format("%s" EMITTERS, body);

    world_body(&world, text);
    cr_assert_eq(world_run(&world), SLICE_FAULTED, "%s", body);
    cr_expect_str_eq(world.result.fault, fault);
    world_deinit(&world);
    free(text);
}

static Value decoded(Arena *arena, const char *json)
{
    cleanup(json_free) Json *tree = NULL;
    Error err;

    cr_assert_eq(json_parse(json, strlen(json), &tree, &err), 0);
    return value_decode(arena, tree);
}

/* ---- computing ---- */

Test(vm, arithmetic_goes_toward_zero)
{
    expect_int("n = 7 / 2", "n", 3);
    expect_int("n = -7 / 2", "n", -3);
    expect_int("n = -7 % 2", "n", -1);
    expect_int("n = 7 % -2", "n", 1);
    expect_int("m = -9223372036854775807 - 1 n = m % -1", "n", 0);
    expect_int("n = 2 + 3 * 4 - 6 / 2", "n", 11);
    expect_int("n = 40000 + 1 n += 32767 n += 32768 n -= 1 n *= 2", "n", 211070);
}

Test(vm, durations_are_added_and_scaled)
{
    expect_int("d = 5m + 30s", "d", 330000);
    expect_int("d = 2 * 5s d *= 3", "d", 30000);
    expect_int("d = 7d / 2 d -= 12h", "d", 259200000);
    expect_int("d = 5s if -d < 0s && d <= 5000ms { n = 1 }", "n", 1);
}

Test(vm, an_operand_keeps_its_value_while_the_other_is_computed)
{
    expect_int("n = 5 n = (n + 1) * n", "n", 30);
    expect_int("n = 5 n = n - (n - (n - 1))", "n", 4);
    expect_int("b = true b = (b == false) || b if b { n = 1 }", "n", 1);
    expect_int("b = true b = b && !(b && !b) if b { n = 1 }", "n", 1);
    expect_int("let a = 1 let c = a a = 2 n = c * 10 + a", "n", 12);
}

Test(vm, strings_are_joined_and_filled_in)
{
    expect_text("n = 3 d = 90s s = \"a${n + 1}b${true}c${d}\"", "a4btruec90s");
    expect_text("s = \"x\" s += \"y\" s = s + s", "xyxy");
    expect_text("s = \"${s}\"", "");
    expect_text("s = \"${\"in${1}ner\"}!\"", "in1ner!");
}

Test(vm, branches_and_loops_run)
{
    expect_int(
        "let i = 0 while i < 10 { if i % 2 == 0 { n += i } else { m += i } i += 1 } n = n * 100 "
        "+ m",
        "n", 2025);
    expect_int("if n == 1 { n = 10 } else if n == 0 { n = 20 } else { n = 30 }", "n", 20);
    expect_int(
        "let i = 0 while i < 3 { let j = 0 while j < 4 { let k = i * j n += k j += 1 } i += 1 }",
        "n", 18);
}

Test(vm, and_or_do_not_compute_what_they_need_not)
{
    expect_int("if n != 0 && 1 / n == 1 { n = 1 } else { n = 2 }", "n", 2);
    expect_int("if n == 0 || 1 / n == 1 { n = 3 }", "n", 3);
}

/* ---- faults ---- */

Test(vm, faults_name_place_operator_and_operands)
{
    expect_fault("n = 9223372036854775807\nn = n + 1",
                 "stack.ved:4:7: integer overflow in +: 9223372036854775807 + 1");
    expect_fault("n = -9223372036854775807 n = n - 2",
                 "stack.ved:3:32: integer overflow in -: -9223372036854775807 - 2");
    expect_fault("n = 4611686018427387904 n *= 2",
                 "stack.ved:3:25: integer overflow in *: 4611686018427387904 * 2");
    expect_fault("n = -9223372036854775807 - 1 n = n / -1",
                 "stack.ved:3:36: integer overflow in /: -9223372036854775808 / -1");
    expect_fault("n = -9223372036854775807 - 1 n = -n",
                 "stack.ved:3:34: integer overflow in -: -(-9223372036854775808)");
    expect_fault("m = 5 / n", "stack.ved:3:7: division by zero: 5 / 0");
    expect_fault("m = 5 % n", "stack.ved:3:7: division by zero: 5 % 0");
    expect_fault("d = 106751991167d d = d + d",
                 "stack.ved:3:25: duration overflow in +: 106751991167d + 106751991167d");
}

Test(vm, fail_faults_with_its_reason)
{
    expect_fault("n = 3 fail \"no more than ${n}\"", "stack.ved:3:7: no more than 3");
}

Test(vm, a_string_has_a_ceiling)
{
    expect_int("let t = \"0123456789abcdef\" let i = 0 while i < 16 { t = t + t i += 1 } n = 1",
               "n", 1);
    expect_fault("s = \"0123456789abcdef\" let i = 0 while i < 17 { s = s + s i += 1 }",
                 "stack.ved:3:55: a string would be longer than 1048576 bytes");
}

Test(vm, outputs_have_a_ceiling)
{
    World world;

    world_body(&world, "let i = 0 while i < 9998 { emit Log(\"x\") i += 1 }" EMITTERS);
    cr_assert_eq(world_run(&world), SLICE_DONE);
    cr_expect_eq(world.result.output_count, 10000);
    world_deinit(&world);
    expect_fault("let i = 0 while i < 10001 { emit Log(\"x\") i += 1 }",
                 "stack.ved:3:29: the slice has more than 10000 outputs");
}

Test(vm, an_endless_loop_uses_up_its_fuel)
{
    expect_fault(
        "while true { n = n + 1 n = n - 1 }",
        "stack.ved:3:7: the slice is not done after 10000000 instructions; bound its loop, or "
        "spread the work over several slices");
    expect_fault(
        "s = \"0123456789abcdef\" let i = 0 while i < 15 { s = s + s i += 1 }\n"
        "while s != \"\" { b = s == \"${s}\" }",
        "stack.ved:4:23: the slice is not done after 10000000 instructions; bound its loop, or "
        "spread the work over several slices");
}

Test(vm, a_broken_invariant_discards_the_slice)
{
    World world;

    world_init(&world, "domain D { state { n: int } invariant Small { n < 3 }\n"
                       "transition T { n += 3 } transition U { n += 2 } }");
    cr_assert_eq(world_run(&world), SLICE_FAULTED);
    cr_expect_str_eq(world.result.fault,
                     "stack.ved:1:47: invariant 'Small' would be broken: n < 3");
    world.input.code = world.domain->transitions[1].slices[0];
    slice_run(&world.input, &world.arena, &world.result);
    cr_expect_eq(world.result.status, SLICE_DONE);
    world_deinit(&world);
}

Test(vm, the_state_it_began_with_is_untouched)
{
    World world;

    world_body(&world, "n = 5 s = \"x\" fail \"no\"" EMITTERS);
    cr_assert_eq(world_run(&world), SLICE_FAULTED);
    cr_expect_eq(world.fields[0].integer, 0);
    cr_expect_eq(world.fields[2].string->size, 0);
    world_deinit(&world);
}

/* ---- outputs ---- */

Test(vm, outputs_keep_their_order_and_arguments)
{
    World world;

    world_body(
        &world,
        "n = 4 emit Infra.Make(n + 1, size: \"big\", name: \"w${n}\", idempotency_key: \"k\")\n"
        "send_high D U(t: \"x\", a: 7)\nemit Log(n)\n"
        "emit Broadcast(Event::F(q: 2, p: \"p\")) emit Broadcast(Event::E(x: n))");
    cr_assert_eq(world_run(&world), SLICE_DONE, "%s", world.result.fault);
    cr_assert_eq(world.result.output_count, 5);
    const Output *o = world.result.outputs;
    cr_expect_eq(o[0].kind, OUTPUT_EFFECT);
    cr_expect_eq(o[0].argument_count, 2);
    cr_expect_null(o[0].arguments[0].name);
    cr_expect_eq(o[0].arguments[0].value.integer, 5);
    cr_expect_str_eq(o[0].arguments[1].name, "size");
    cr_expect_str_eq(o[0].name.string->bytes, "w4");
    cr_expect_str_eq(o[0].key.string->bytes, "k");
    cr_expect_not(o[0].awaited);
    cr_expect_eq(o[1].kind, OUTPUT_MESSAGE);
    cr_expect(o[1].high);
    cr_expect_eq(o[1].transition, 1);
    cr_expect_eq(o[1].arguments[0].value.integer, 7);
    cr_expect_str_eq(o[1].arguments[1].value.string->bytes, "x");
    cr_expect_eq(o[2].kind, OUTPUT_LOG);
    cr_expect_str_eq(o[2].arguments[0].value.string->bytes, "4");
    cr_expect_eq(o[3].kind, OUTPUT_EVENT);
    cr_expect_str_eq(o[3].arguments[0].name, "p");
    cr_expect_eq(o[3].arguments[1].value.integer, 2);
    cr_expect_eq(o[4].event, (uint32_t)program_find_event(world.program, "E"));
    world_deinit(&world);
}

Test(vm, handlers_get_the_fields_of_their_event)
{
    World world;

    world_body(&world,
               "n = 1 emit Broadcast(Event::F(q: 2, p: \"p\")) emit Broadcast(Event::E(x: n))");
    Value values[] = {value_string(&world.arena, "p", 1), value_int(2)};
    int event = program_find_event(world.program, "F");
    int handler = domain_find_handler(world.domain, (uint32_t)event);
    world.input.code = world.domain->handlers[handler].code;
    world.input.arguments = values;
    world.input.argument_count = 2;
    slice_run(&world.input, &world.arena, &world.result);
    cr_assert_eq(world.result.status, SLICE_DONE, "%s", world.result.fault);
    cr_expect_str_eq(world_field(&world, "s").string->bytes, "p2");
    values[0] = value_int(3);
    slice_run(&world.input, &world.arena, &world.result);
    cr_expect_eq(world.result.status, SLICE_FAULTED);
    world_deinit(&world);
}

Test(vm, a_message_that_does_not_fit_is_a_fault)
{
    World world;

    world_body(&world, "n = 1" EMITTERS);
    world.input.code = world.domain->transitions[1].slices[0];
    slice_run(&world.input, &world.arena, &world.result);
    cr_assert_eq(world.result.status, SLICE_FAULTED);
    cr_expect(strstr(world.result.fault, "expected 2 arguments, found 0"), "%s",
              world.result.fault);
    Value values[] = {value_bool(true), value_string(&world.arena, "", 0)};
    world.input.arguments = values;
    world.input.argument_count = 2;
    slice_run(&world.input, &world.arena, &world.result);
    cr_assert_eq(world.result.status, SLICE_FAULTED);
    cr_expect(strstr(world.result.fault, "expected int, found bool true"), "%s",
              world.result.fault);
    world_deinit(&world);
}

/* ---- answers ---- */

static const char *const awaiting =
    "let first = emit Infra.One() emit Infra.Plain()\n"
    "let second = emit Infra.Two(first.id) n = second.size s = first.id" EMITTERS;

Test(vm, a_slice_waits_for_each_answer_and_is_computed_again)
{
    World world;

    world_body(&world, awaiting);
    cr_assert_eq(world_run(&world), SLICE_AWAITS);
    cr_expect_eq(world.result.output_count, 1);
    cr_expect(world.result.outputs[0].awaited);
    EffectAnswer answers[3] = {
        {.present = true, .result = decoded(&world.arena, "{\"id\":\"a1\"}")}};
    world.input.answers = answers;
    world.input.answer_count = 3;
    cr_assert_eq(world_run(&world), SLICE_AWAITS);
    cr_expect_eq(world.result.output_count, 3);
    cr_expect_str_eq(world.result.outputs[2].arguments[0].value.string->bytes, "a1");
    answers[2] = (EffectAnswer){.present = true, .result = decoded(&world.arena, "{\"size\":7}")};
    cr_assert_eq(world_run(&world), SLICE_DONE, "%s", world.result.fault);
    cr_expect_eq(world_field(&world, "n").integer, 7);
    cr_expect_str_eq(world_field(&world, "s").string->bytes, "a1");
    world_deinit(&world);
}

static void run_with_answer(World *world, const char *body, bool failed, const char *result)
{
    char *text = memory_format("%s" EMITTERS, body);

    world_body(world, text);
    free(text);
    EffectAnswer *answer = arena_new(&world->arena, EffectAnswer);
    *answer =
        (EffectAnswer){.present = true, .failed = failed, .result = decoded(&world->arena, result)};
    world->input.answers = answer;
    world->input.answer_count = 1;
    world_run(world);
}

Test(vm, a_handled_failure_runs_the_else_and_goes_on)
{
    const char *body =
        "let r = emit Infra.One() else { let a = 5 n = a s = \"${error.code}: ${error.message}\" }"
        " m = 9 if r == r { s = s + \"|${r}\" }";
    World world;

    run_with_answer(&world, body, true, "{\"code\":\"full\",\"message\":\"no room\"}");
    cr_assert_eq(world.result.status, SLICE_DONE, "%s", world.result.fault);
    cr_expect_eq(world_field(&world, "n").integer, 5);
    cr_expect_eq(world_field(&world, "m").integer, 9);
    cr_expect_str_eq(world_field(&world, "s").string->bytes, "full: no room|null");
    world_deinit(&world);
    run_with_answer(&world, body, false, "{\"id\":1}");
    cr_expect_eq(world_field(&world, "n").integer, 0);
    cr_expect_eq(world_field(&world, "m").integer, 9);
    cr_expect_str_eq(world_field(&world, "s").string->bytes, "|{\"id\":1}");
    world_deinit(&world);
}

Test(vm, an_else_without_a_result_is_awaited_too)
{
    World world;

    world_body(&world, "emit Infra.One() else { n = 1 } m = 2" EMITTERS);
    cr_assert_eq(world_run(&world), SLICE_AWAITS);
    cr_expect(world.result.outputs[0].handled);
    world_deinit(&world);
    run_with_answer(&world, "emit Infra.One() else { n = 1 } m = 2", true, "{}");
    cr_expect_eq(world_field(&world, "n").integer, 1);
    cr_expect_eq(world_field(&world, "m").integer, 2);
    world_deinit(&world);
}

Test(vm, an_unhandled_failure_is_a_fault)
{
    World world;

    run_with_answer(&world, "let r = emit Infra.One() n = r.id", true, "{\"message\":\"gone\"}");
    cr_assert_eq(world.result.status, SLICE_FAULTED);
    cr_expect_str_eq(world.result.fault, "stack.ved:3:9: effect 'One' failed: gone");
    world_deinit(&world);
}

/* Use of a result: each is the type that is asked for, or a fault. */
static void expect_answer_fault(const char *use, const char *result, const char *fault)
{
    char *body = memory_format("let r = emit Infra.One()\n%s", use);
    World world;

    run_with_answer(&world, body, false, result);
    cr_assert_eq(world.result.status, SLICE_FAULTED, "%s", use);
    cr_expect_str_eq(world.result.fault, fault);
    world_deinit(&world);
    free(body);
}

Test(vm, results_are_narrowed_where_they_are_used)
{
    expect_answer_fault("n = r.id", "{\"id\":\"x\"}",
                        "stack.ved:4:5: expected int, found string \"x\"");
    expect_answer_fault("n = r.id", "{\"id\":null}", "stack.ved:4:5: expected int, found null");
    expect_answer_fault("n = r.port", "{\"id\":1,\"name\":2}",
                        "stack.ved:4:7: there is no '.port'; there are id, name");
    expect_answer_fault("n = r.a.b", "{\"a\":1}",
                        "stack.ved:4:9: '.b' asks for an object, found int 1");
    expect_answer_fault("n = r.x + 1", "{\"x\":true}",
                        "stack.ved:4:9: + does not take bool and int: true + 1");
    expect_answer_fault("b = r.x == \"up\"", "{\"x\":1}",
                        "stack.ved:4:5: expected string, found int 1");
    expect_answer_fault("b = r.x < 3", "{\"x\":2.5}",
                        "stack.ved:4:9: < does not take float and int: 2.5 < 3");
    expect_answer_fault("if r.x { n = 1 }", "{\"x\":0}",
                        "stack.ved:4:4: expected bool, found int 0");
    expect_answer_fault("b = !r.x", "{\"x\":0}", "stack.ved:4:5: expected bool, found int 0");
    expect_answer_fault("b = b || r.x", "{\"x\":0}", "stack.ved:4:7: expected bool, found int 0");
    expect_answer_fault("n *= r.x", "{\"x\":{\"$ms\":5}}",
                        "stack.ved:4:6: expected int, found duration 0s");
    expect_answer_fault("send self U(r.x, \"t\")", "{\"x\":\"no\"}",
                        "stack.ved:4:13: expected int, found string \"no\"");
    expect_answer_fault("emit Infra.Two(name: r.x)", "{\"x\":3}",
                        "stack.ved:4:22: expected string, found int 3");
    expect_answer_fault("let t: string = r.x s = t", "{\"x\":3}",
                        "stack.ved:4:17: expected string, found int 3");
    expect_answer_fault("fail r.x", "{\"x\":3}", "stack.ved:4:1: expected string, found int 3");
}

/* ---- planning ---- */

static void run_planned(World *world, const char *use)
{
    char *body = memory_format("let r = emit Infra.One()\n%s", use);

    run_with_answer(world, body, false, "{\"$unknown\":{}}");
    free(body);
}

static void expect_unknown(const char *use, const char *field, ValueType type)
{
    World world;

    run_planned(&world, use);
    cr_assert_eq(world.result.status, SLICE_DONE, "%s: %s", use, world.result.fault);
    cr_expect_eq(world_field(&world, field).type, type, "%s", use);
    world_deinit(&world);
}

Test(vm, what_is_computed_from_the_unknown_is_unknown)
{
    expect_unknown("n = r.a.b + 1", "n", VALUE_UNKNOWN);
    expect_unknown("n = -r.a n = n / 2", "n", VALUE_UNKNOWN);
    expect_unknown("s = \"at ${r.host}\"", "s", VALUE_UNKNOWN);
    expect_unknown("b = r.x == 1", "b", VALUE_UNKNOWN);
    expect_unknown("b = !(r.x < 1)", "b", VALUE_UNKNOWN);
    expect_unknown("n = r.x n = 3", "n", VALUE_INT);
}

Test(vm, the_known_side_of_and_or_decides)
{
    expect_unknown("b = r.x && false", "b", VALUE_BOOL);
    expect_unknown("b = false && r.x", "b", VALUE_BOOL);
    expect_unknown("b = r.x || true", "b", VALUE_BOOL);
    expect_unknown("b = true || r.x", "b", VALUE_BOOL);
    expect_unknown("b = r.x && true", "b", VALUE_UNKNOWN);
    expect_unknown("b = false || r.x", "b", VALUE_UNKNOWN);
    expect_unknown("b = r.x && r.y", "b", VALUE_UNKNOWN);
}

/* In the real run the left side may decide, and the right one is never computed. */
Test(vm, right_of_the_unknown_nothing_faults)
{
    expect_unknown("b = r.x && n / m == 1", "b", VALUE_UNKNOWN);
    expect_unknown("b = r.x || n / m == 1", "b", VALUE_UNKNOWN);
    expect_unknown("b = r.x && (true && n / m == 1)", "b", VALUE_UNKNOWN);
    expect_unknown("b = (r.x && n / m == 1) && false", "b", VALUE_BOOL);
    expect_unknown("b = r.x && ((r.y && n / m == 1) || true)", "b", VALUE_UNKNOWN);
    expect_unknown("b = r.x && n / m == 1 n = 4", "n", VALUE_INT);
    expect_unknown("let i = 0 while i < 100 { b = r.x && n / m == 1 i += 1 } n = i", "n",
                   VALUE_INT);
}

/* What stands beside the unknown and not right of its operator faults all the same. */
Test(vm, outside_of_the_unknown_a_fault_stands)
{
    World world;

    run_planned(&world, "b = r.x && true n = n / m");
    cr_expect_eq(world.result.status, SLICE_FAULTED);
    cr_expect_not_null(world.result.fault);
    world_deinit(&world);
    run_planned(&world, "b = n / m == 1 && r.x");
    cr_expect_eq(world.result.status, SLICE_FAULTED);
    world_deinit(&world);
}

Test(vm, a_branch_on_the_unknown_ends_the_plan_of_the_slice)
{
    static const char *const uses[] = {"if r.x { n = 1 }", "while r.x == 1 { n = 1 }",
                                       "if b || r.x { n = 1 }", "fail \"${r.x}\""};

    for (size_t i = 0; i < ARRAY_SIZE(uses); i++) {
        World world;
        run_planned(&world, uses[i]);
        cr_expect_eq(world.result.status, SLICE_UNKNOWN, "%s", uses[i]);
        world_deinit(&world);
    }
}

/* ---- predicates ---- */

static Truth truth_of(const char *predicate, Value n, const char **fault, Arena *arena)
{
    char *text = memory_format("domain D { state { n: int m: int = 3 } goal G { predicate %s }\n"
                               "transition T { n += 1 } }",
                               predicate);
    Program *program = program_compile("stack.ved", text, strlen(text));

    cr_assert(program->valid, "%s", predicate);
    Value fields[] = {n, value_int(3)};
    PredicateInput input = {.program = program,
                            .domain = &program->domains[0],
                            .code = program->domains[0].goals[0].predicate,
                            .fields = fields};
    Truth truth = predicate_evaluate(&input, arena, fault);
    program_free(program);
    free(text);
    return truth;
}

Test(vm, predicates_are_true_false_unknown_or_at_fault)
{
    Arena arena = {0};
    const char *fault = NULL;

    cr_expect_eq(truth_of("n == m", value_int(3), &fault, &arena), TRUTH_TRUE);
    cr_expect_eq(truth_of("n == m && m > 3", value_int(3), &fault, &arena), TRUTH_FALSE);
    cr_expect_eq(truth_of("n == m", value_unknown(), &fault, &arena), TRUTH_UNKNOWN);
    cr_expect_eq(truth_of("n == m || m == 3", value_unknown(), &fault, &arena), TRUTH_TRUE);
    cr_expect_eq(truth_of("n == m && m / 0 == 3", value_unknown(), &fault, &arena), TRUTH_UNKNOWN);
    cr_expect_null(fault);
    cr_expect_eq(truth_of("m / n == 1", value_int(0), &fault, &arena), TRUTH_FAULT);
    cr_expect_str_eq(fault, "stack.ved:1:61: division by zero: 3 / 0");
    arena_deinit(&arena);
}

/* A comparison with a constant is decided without the machine: by itself it says what it says as a
 * part of something longer. */
Test(vm, a_comparison_says_the_same_alone_and_as_a_part)
{
    const char *const comparisons[] = {"n == 7", "n != 7", "n < 7", "n <= 7", "n > 7", "n >= 7"};
    const Value values[] = {value_int(INT64_MIN), value_int(6),         value_int(7),
                            value_int(8),         value_int(INT64_MAX), value_unknown()};
    const int true_for[ARRAY_SIZE(comparisons)] = {1, 4, 2, 3, 2, 3};
    Arena arena = {0};

    for (size_t i = 0; i < ARRAY_SIZE(comparisons); i++) {
        int count = 0;
        for (size_t k = 0; k < ARRAY_SIZE(values); k++) {
            char *part = memory_format("(%s) && m == 3", comparisons[i]);
            Truth alone = truth_of(comparisons[i], values[k], NULL, &arena);
            cr_expect_eq(alone, truth_of(part, values[k], NULL, &arena), "%s", comparisons[i]);
            count += alone == TRUTH_TRUE;
            free(part);
        }
        cr_expect_eq(count, true_for[i], "%s", comparisons[i]);
    }
    arena_deinit(&arena);
}

Test(vm, wide_predicates_find_room)
{
    Arena arena = {0};
    Buffer text = {0};

    buffer_add_string(&text, "n");
    for (int i = 0; i < 60; i++)
        buffer_add_string(&text, " + (n");
    for (int i = 0; i < 60; i++)
        buffer_add_char(&text, ')');
    buffer_add_string(&text, " == 61");
    cr_expect_eq(truth_of(buffer_text(&text), value_int(1), NULL, &arena), TRUTH_TRUE);
    buffer_deinit(&text);
    arena_deinit(&arena);
}

Test(vm, the_same_input_gives_the_same_result)
{
    World world;

    world_body(&world, "let i = 0 while i < 100 { n += i s = \"${s}${i}\" i += 1 }" EMITTERS);
    cr_assert_eq(world_run(&world), SLICE_DONE);
    Value first = world_field(&world, "s");
    uint64_t fuel = world.result.fuel_used;
    cr_assert_eq(world_run(&world), SLICE_DONE);
    cr_expect(value_equal(first, world_field(&world, "s")));
    cr_expect_eq(fuel, world.result.fuel_used);
    cr_expect_gt(fuel, 100);
    world_deinit(&world);
}
