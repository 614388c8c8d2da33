/* What leaves a slice and what comes back: yields, parallel effects, facts, instances, migrations.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"
#include "tests/lib/lang/slice_case.h"

/* The result's value of a field is this. */
static void expect_field(SliceCase *c, const char *name, const char *encoded)
{
    cr_expect_str_eq(slice_case_field(c, name), encoded, "%s is %s", name,
                     slice_case_field(c, name));
}

static void answers_give(SliceCase *c, size_t count)
{
    c->input.answers = arena_array(&c->arena, EffectAnswer, count);
    c->input.answer_count = count;
}

static void answer_set(SliceCase *c, size_t index, bool failed, const char *json)
{
    ((EffectAnswer *)c->input.answers)[index] =
        (EffectAnswer){.present = true, .failed = failed, .result = slice_case_value(c, json)};
}

/* ---- yield ---- */

/* Run on from where it yielded, as the runtime does. */
static SliceStatus run_on(SliceCase *c)
{
    c->input.fields = c->result.fields;
    c->input.yield = c->result.yield;
    c->input.locals = c->result.locals;
    c->input.local_count = c->result.local_count;
    return slice_case_run(c);
}

Test(vm_output, a_slice_goes_on_behind_its_yield_with_its_locals)
{
    SliceCase c;

    slice_case_body(&c, "", "let k = 3 n = k yield k = k + 1 m = k yield n = n * 10 + k");
    cr_assert_eq(slice_case_run(&c), SLICE_YIELDED, "%s", c.result.fault);
    cr_expect_eq(c.result.yield, 1);
    cr_expect_eq(c.result.local_count, 1);
    expect_field(&c, "n", "3");
    cr_assert_eq(run_on(&c), SLICE_YIELDED, "%s", c.result.fault);
    cr_expect_eq(c.result.yield, 2);
    expect_field(&c, "m", "4");
    cr_assert_eq(run_on(&c), SLICE_DONE, "%s", c.result.fault);
    expect_field(&c, "n", "34");
    slice_case_deinit(&c);
}

Test(vm_output, a_loop_goes_on_where_it_was)
{
    SliceCase c;
    size_t slices = 1;

    slice_case_body(&c, "", "for x in [4, 5, 6] { n = n * 10 + x let y = x yield m += y } n += 1");
    for (slice_case_run(&c); c.result.status == SLICE_YIELDED; slices++)
        run_on(&c);
    cr_assert_eq(c.result.status, SLICE_DONE, "%s", c.result.fault);
    cr_expect_eq(slices, 4);
    expect_field(&c, "n", "457");
    expect_field(&c, "m", "15");
    slice_case_deinit(&c);
}

Test(vm_output, a_message_s_arguments_are_among_the_locals)
{
    SliceCase c;
    Value five = value_int(5);

    slice_case_init(&c, "domain D { state { n: int } transition T(a: int) { yield n = a } "
                        "transition S { send self T(1) } }");
    c.input.arguments = &five;
    c.input.argument_count = 1;
    cr_assert_eq(slice_case_run(&c), SLICE_YIELDED, "%s", c.result.fault);
    c.input.arguments = NULL;
    c.input.argument_count = 0;
    cr_assert_eq(run_on(&c), SLICE_DONE, "%s", c.result.fault);
    expect_field(&c, "n", "5");
    slice_case_deinit(&c);
}

Test(vm_output, what_does_not_fit_a_yield_is_a_fault)
{
    SliceCase c;

    slice_case_body(&c, "", "let k = 3 n = k yield n = k + 1");
    c.input.yield = 2;
    cr_assert_eq(slice_case_run(&c), SLICE_FAULTED);
    cr_expect(strstr(c.result.fault, "there is no yield 2 to go on from"), "%s", c.result.fault);
    c.input.yield = 1;
    cr_assert_eq(slice_case_run(&c), SLICE_FAULTED);
    cr_expect(strstr(c.result.fault, "expected 1 locals, found 0"), "%s", c.result.fault);
    slice_case_deinit(&c);
}

Test(vm_output, kept_locals_count_for_the_size_of_the_state)
{
    SliceCase c;

    slice_case_body(&c, "", "let k = \"0123456789abcdef\" for x in range(16) { k = k + k } yield");
    cr_assert_eq(slice_case_run(&c), SLICE_FAULTED, "%d", c.result.status);
    cr_expect(strstr(c.result.fault, "the state with the locals kept by 'yield' would have"), "%s",
              c.result.fault);
    slice_case_deinit(&c);
}

/* ---- parallel ---- */

static const char *const together =
    "parallel { let x = emit Infra.One() else { n += 1 s = error.code }\n"
    "for k in [1, 2] { emit Infra.Two(k) else { m = m * 10 + k emit Log(\"failed ${k}\") } }\n"
    "let y = emit Infra.Three() }\n"
    "emit Infra.Last(y) else { }\nb = x == null";

Test(vm_output, the_effects_of_a_parallel_block_do_not_wait_for_each_other)
{
    SliceCase c;

    slice_case_body(&c, "", together);
    cr_assert_eq(slice_case_run(&c), SLICE_AWAITS, "%s", c.result.fault);
    cr_assert_eq(c.result.output_count, 4);
    for (size_t i = 0; i < 4; i++) {
        cr_expect_eq(c.result.outputs[i].group, 1);
        cr_expect(c.result.outputs[i].awaited);
    }
    answers_give(&c, 5);
    answer_set(&c, 0, false, "{}");
    answer_set(&c, 2, false, "{}");
    cr_assert_eq(slice_case_run(&c), SLICE_AWAITS);
    cr_expect_eq(c.result.output_count, 4);
    slice_case_deinit(&c);
}

/* In the order of the source, behind the block, with the loop's variables of their turn. */
Test(vm_output, the_else_blocks_of_a_parallel_block_run_when_all_have_their_answers)
{
    SliceCase c;

    slice_case_body(&c, "", together);
    answers_give(&c, 5);
    answer_set(&c, 0, true, "{\"code\":\"full\",\"message\":\"no room\"}");
    answer_set(&c, 1, true, "{\"code\":\"a\",\"message\":\"b\"}");
    answer_set(&c, 2, true, "{\"code\":\"a\",\"message\":\"b\"}");
    answer_set(&c, 3, false, "{\"id\":7}");
    cr_assert_eq(slice_case_run(&c), SLICE_AWAITS, "%s", c.result.fault);
    cr_assert_eq(c.result.output_count, 7);
    const Output *o = c.result.outputs;
    cr_expect_eq(o[4].kind, OUTPUT_LOG);
    cr_expect_str_eq(slice_case_encoded(&c, o[4].arguments[0].value), "\"failed 1\"");
    cr_expect_str_eq(slice_case_encoded(&c, o[5].arguments[0].value), "\"failed 2\"");
    cr_expect_eq(o[6].group, 0);
    cr_expect_str_eq(slice_case_encoded(&c, o[6].arguments[0].value), "{\"id\":7}");
    answer_set(&c, 4, false, "{}");
    cr_assert_eq(slice_case_run(&c), SLICE_DONE, "%s", c.result.fault);
    expect_field(&c, "n", "1");
    expect_field(&c, "m", "12");
    expect_field(&c, "s", "\"full\"");
    expect_field(&c, "b", "true");
    slice_case_deinit(&c);
}

Test(vm_output, blocks_have_groups_of_their_own)
{
    SliceCase c;

    slice_case_body(&c, "", "parallel { emit Infra.A() }\nparallel { emit Infra.B() }");
    answers_give(&c, 2);
    answer_set(&c, 0, false, "{}");
    cr_assert_eq(slice_case_run(&c), SLICE_AWAITS, "%s", c.result.fault);
    cr_assert_eq(c.result.output_count, 2);
    cr_expect_eq(c.result.outputs[0].group, 1);
    cr_expect_eq(c.result.outputs[1].group, 2);
    answer_set(&c, 1, true, "{\"code\":\"x\",\"message\":\"gone\"}");
    cr_assert_eq(slice_case_run(&c), SLICE_FAULTED);
    cr_expect(strstr(c.result.fault, "effect 'B' failed: gone"), "%s", c.result.fault);
    slice_case_deinit(&c);
}

/* ---- facts ---- */

/* Knows one fact: Infra.status("db"). */
static bool read_status(void *context, const FactUse *use, const OutputArgument *arguments,
                        size_t argument_count, Value *ret)
{
    Value *known = context;

    cr_expect_str_eq(use->provider, "Infra");
    if (strcmp(use->query, "status") != 0 || argument_count != 1 ||
        strcmp(arguments[0].value.string->bytes, "db") != 0)
        return false;
    *ret = *known;
    return true;
}

Test(vm_output, a_slice_reads_facts_and_waits_for_those_it_lacks)
{
    SliceCase c;

    slice_case_body(&c, "",
                    "if known(Infra.status(\"db\")) { n = Infra.status(\"db\") } else { n = -1 }\n"
                    "if n > 5 { m = Infra.size() }");
    Value known = value_int(3);
    FactReader facts = {.read = read_status, .context = &known};
    cr_assert_eq(slice_case_run(&c), SLICE_DONE, "%s", c.result.fault);
    expect_field(&c, "n", "-1");
    c.input.facts = &facts;
    cr_assert_eq(slice_case_run(&c), SLICE_DONE, "%s", c.result.fault);
    expect_field(&c, "n", "3");
    known = value_int(6);
    cr_expect_eq(slice_case_run(&c), SLICE_LACKS_FACT);
    known = value_string(&c.arena, "x", 1);
    cr_assert_eq(slice_case_run(&c), SLICE_FAULTED);
    cr_expect(strstr(c.result.fault, "expected int, found string \"x\""), "%s", c.result.fault);
    slice_case_deinit(&c);
}

static Truth goal_truth(const SliceCase *c, const FactReader *facts, Arena *arena)
{
    PredicateInput input = {.program = c->program,
                            .domain = c->domain,
                            .code = c->domain->goals[0].predicate,
                            .fields = c->fields,
                            .facts = facts};

    return predicate_evaluate(&input, arena, NULL);
}

Test(vm_output, a_goal_on_a_fact_that_is_not_known_is_unknown)
{
    SliceCase c;

    slice_case_init(&c,
                    "domain D { state { n: int } goal G { predicate Infra.status(\"db\") == 3 } "
                    "transition T { n = 1 } }");
    Value known = value_int(3);
    FactReader facts = {.read = read_status, .context = &known};
    cr_expect_eq(goal_truth(&c, NULL, &c.arena), TRUTH_UNKNOWN);
    cr_expect_eq(goal_truth(&c, &facts, &c.arena), TRUTH_TRUE);
    known = value_int(4);
    cr_expect_eq(goal_truth(&c, &facts, &c.arena), TRUTH_FALSE);
    slice_case_deinit(&c);
}

/* ---- instances ---- */

static const char *const keyed = "domain W[name: string] { state { jobs: int size: float }\n"
                                 "on message Job(size: float) { jobs += 1 }\n"
                                 "transition Again { send self Job(1) if jobs > 3 { stop } } }\n"
                                 "domain D { state { n: int } transition T {\n"
                                 "send W[\"a${n}\"] Job(2) send_high W[\"b\"] Again()\n"
                                 "spawn W[\"c\"] { size = 3 jobs = n + 1 }\n"
                                 "elevate \"because ${n}\" { send W[\"d\"] Again() } } }";

Test(vm_output, messages_and_starts_name_their_instance)
{
    SliceCase c;

    slice_case_init(&c, keyed);
    cr_assert_eq(slice_case_run(&c), SLICE_DONE, "%s", c.result.fault);
    cr_assert_eq(c.result.output_count, 4);
    const Output *o = c.result.outputs;
    cr_expect_eq(o[0].kind, OUTPUT_MESSAGE);
    cr_expect(o[0].to_handler);
    cr_expect_str_eq(slice_case_encoded(&c, o[0].instance), "\"a0\"");
    cr_expect_str_eq(slice_case_encoded(&c, o[0].arguments[0].value), "{\"$float\":\"2.0\"}");
    cr_expect(o[1].high && !o[1].to_handler);
    cr_expect_null(o[1].elevated);
    cr_expect_eq(o[2].kind, OUTPUT_SPAWN);
    cr_expect_str_eq(slice_case_encoded(&c, o[2].instance), "\"c\"");
    cr_expect_str_eq(o[2].arguments[0].name, "size");
    cr_expect_str_eq(slice_case_encoded(&c, o[2].arguments[0].value), "{\"$float\":\"3.0\"}");
    cr_expect_str_eq(slice_case_encoded(&c, o[2].arguments[1].value), "1");
    cr_expect_str_eq(o[3].elevated, "because 0");
    slice_case_deinit(&c);
}

Test(vm_output, an_instance_sends_to_itself_and_stops)
{
    SliceCase c;

    slice_case_init(&c, keyed);
    c.domain = &c.program->domains[program_find_domain(c.program, "W")];
    Value fields[] = {value_int(4), value_float(0)};
    c.input = (SliceInput){.program = c.program,
                           .domain = c.domain,
                           .code = c.domain->transitions[0].slices[0],
                           .fields = fields,
                           .key = value_string(&c.arena, "k", 1)};
    cr_assert_eq(slice_case_run(&c), SLICE_DONE, "%s", c.result.fault);
    cr_assert_eq(c.result.output_count, 2);
    cr_expect_str_eq(slice_case_encoded(&c, c.result.outputs[0].instance), "\"k\"");
    cr_expect_eq(c.result.outputs[1].kind, OUTPUT_STOP);
    slice_case_deinit(&c);
}

Test(vm_output, a_release_names_its_effect)
{
    SliceCase c;

    slice_case_body(&c, "",
                    "emit Infra.Make(name: \"x\") release Infra.Make(name: \"y\") "
                    "emit Infra.Grow() release Infra.Grow()");
    cr_assert_eq(slice_case_run(&c), SLICE_DONE, "%s", c.result.fault);
    cr_assert_eq(c.result.output_count, 4);
    const Output *released = &c.result.outputs[1];
    cr_expect_eq(released->kind, OUTPUT_RELEASE);
    cr_expect_str_eq(c.program->effects[released->use].effect, "Make");
    cr_expect_str_eq(slice_case_encoded(&c, released->name), "\"y\"");
    cr_expect_eq(c.result.outputs[3].name.type, VALUE_NULL);
    slice_case_deinit(&c);
}

/* ---- effects with types ---- */

Test(vm_output, arguments_and_results_have_the_types_of_their_declaration)
{
    SliceCase c;

    slice_case_body(&c,
                    "record Db { host: string port: int = 5432 }\n"
                    "effect Make(size: float, word: secret) -> Db = Infra.Create",
                    "let x = emit Make(size: 2, word: \"hidden\") s = x.host n = x.port");
    cr_assert_eq(slice_case_run(&c), SLICE_AWAITS, "%s", c.result.fault);
    const Output *o = c.result.outputs;
    cr_expect_str_eq(slice_case_encoded(&c, o->arguments[0].value), "{\"$float\":\"2.0\"}");
    cr_expect_str_eq(slice_case_encoded(&c, o->arguments[1].value), "{\"$secret\":\"hidden\"}");
    answers_give(&c, 1);
    answer_set(&c, 0, false, "{\"extra\":1,\"host\":\"h\"}");
    cr_assert_eq(slice_case_run(&c), SLICE_DONE, "%s", c.result.fault);
    expect_field(&c, "s", "\"h\"");
    expect_field(&c, "n", "5432");
    answer_set(&c, 0, false, "{\"port\":1}");
    cr_assert_eq(slice_case_run(&c), SLICE_FAULTED);
    cr_expect(strstr(c.result.fault, "expected Db, found object"), "%s", c.result.fault);
    slice_case_deinit(&c);
}

/* ---- planning ---- */

static void expect_planned(const char *body, SliceStatus status, const char *field,
                           const char *encoded)
{
    SliceCase c;
    char *text = memory_format("let r = emit Infra.One()\n%s", body);

    slice_case_body(&c, "fn twice(x: int) -> int { if x > 3 { return x } return x * 2 }", text);
    answers_give(&c, 1);
    answer_set(&c, 0, false, "{\"$unknown\":{}}");
    cr_assert_eq(slice_case_run(&c), status, "%s: %d %s", body, c.result.status, c.result.fault);
    if (field != NULL)
        expect_field(&c, field, encoded);
    slice_case_deinit(&c);
    free(text);
}

Test(vm_output, the_unknown_spreads_through_parts_and_calls)
{
    static const char *const unknown = "{\"$unknown\":{}}";

    expect_planned("n = twice(r.x)", SLICE_DONE, "n", unknown);
    expect_planned("l = [1, r.x] n = l[0]", SLICE_DONE, "n", "1");
    expect_planned("l = [1, r.x] n = l[1]", SLICE_DONE, "n", unknown);
    expect_planned("l = [1, 2] n = l[r.x]", SLICE_DONE, "n", unknown);
    expect_planned("l = [1, 2] l[r.x] = 3", SLICE_DONE, "l", unknown);
    expect_planned("n = len(r.list)", SLICE_DONE, "n", unknown);
    expect_planned("i = {a: 1} i[r.key] = 2", SLICE_DONE, "i", unknown);
    expect_planned("b = contains([1, 2], r.x)", SLICE_DONE, "b", unknown);
    expect_planned("n = len([r.x])", SLICE_DONE, "n", "1");
    expect_planned("let k: int = r.x match k { 1 => { n = 1 } _ => { n = 2 } }", SLICE_UNKNOWN,
                   NULL, NULL);
    expect_planned("for x in r.list { n += 1 }", SLICE_UNKNOWN, NULL, NULL);
    expect_planned("b = known(Infra.status(r.x))", SLICE_DONE, "b", unknown);
}

/* ---- migrations ---- */

Test(vm_output, a_migration_makes_the_fields_of_the_next_version)
{
    SliceCase c;
    const char *fault = NULL;

    slice_case_init(&c,
                    "domain D { @version 2 state { total: float name: string n: int }\n"
                    "goal G { predicate n == 1 } transition T { n = 1 total = 2 name = \"x\" } }\n"
                    "migration D 1 -> 2 { total = old.n  name = \"was ${old.n}\" }");
    cr_assert_eq(c.domain->migration_count, 1);
    const ProgramMigration *migration = &c.domain->migrations[0];
    cr_assert(migration_run(c.program, c.domain, migration, slice_case_value(&c, "{\"n\":4}"),
                            &c.arena, c.fields, &fault),
              "%s", fault);
    cr_expect_str_eq(slice_case_encoded(&c, c.fields[0]), "{\"$float\":\"4.0\"}");
    cr_expect_str_eq(slice_case_encoded(&c, c.fields[1]), "\"was 4\"");
    cr_expect_not(migration_run(c.program, c.domain, migration,
                                slice_case_value(&c, "{\"n\":\"x\"}"), &c.arena, c.fields, &fault));
    cr_expect(strstr(fault, "expected float, found string \"x\""), "%s", fault);
    cr_expect_not(migration_run(c.program, c.domain, migration, slice_case_value(&c, "{}"),
                                &c.arena, c.fields, &fault));
    slice_case_deinit(&c);
}
