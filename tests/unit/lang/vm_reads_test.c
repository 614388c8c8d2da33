/* Which fields' values a slice with effects has read. */
#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"
#include "lang/bytecode.h"
#include "tests/lib/lang/program_make.h"
#include "tests/lib/lang/slice_case.h"

static const char *reads_text(SliceCase *c)
{
    Buffer names = {0};

    cr_assert_not_null(c->result.reads);
    for (size_t i = 0; i < c->domain->field_count; i++)
        if (c->result.reads[i])
            buffer_add_format(&names, "%s%s", names.size > 0 ? " " : "", c->domain->fields[i].name);
    const char *text = arena_copy_string(&c->arena, buffer_text(&names));
    buffer_deinit(&names);
    return text;
}

/* The body, which also has an effect, reads these fields, named in order. */
static void expect_reads(const char *body, const char *expected)
{
    SliceCase c;
    char *text = memory_format("emit Infra.Make() %s", body);

    slice_case_body(&c, "fn twice(x: int) -> int { return x + x }", text);
    cr_assert_eq(slice_case_run(&c), SLICE_DONE, "%s: %s", body, c.result.fault);
    cr_expect_str_eq(reads_text(&c), expected, "%s reads '%s'", body, reads_text(&c));
    slice_case_deinit(&c);
    free(text);
}

Test(vm_reads, a_store_is_no_read)
{
    expect_reads("n = 1 s = \"x\" b = true l = [1] i = {\"k\": 1}", "");
    expect_reads("n = m", "m");
    expect_reads("let k = 3 n = k * k", "");
}

Test(vm_reads, an_update_of_a_field_reads_it)
{
    expect_reads("n += 1", "n");
    expect_reads("n = n + 1", "n");
    expect_reads("n -= m", "n m");
    expect_reads("l += [1]", "l");
    expect_reads("l = append(l, n)", "n l");
    expect_reads("i[s] = n", "n s i");
}

Test(vm_reads, what_the_slice_has_set_itself_is_not_read)
{
    expect_reads("n = 1 m = n n += 1 s = \"${n}\"", "");
    expect_reads("m = n n = 1 m = n", "n");
    expect_reads("l = [] l += [1] l[0] = 2", "");
    expect_reads("if b { n = 1 } m = n", "n b");
    expect_reads("if !b { n = 1 } m = n", "b");
}

Test(vm_reads, only_the_branch_that_runs_reads)
{
    expect_reads("if n == 0 { m = 1 } else { m = len(w) s = \"${f}\" }", "n");
    expect_reads("b = n == 1 && m == 1", "n");
    expect_reads("b = n == 0 || m == 1", "n");
    expect_reads("for x in l { n = x + m }", "l");
    expect_reads("while b { n = m }", "b");
    expect_reads("match s { \"a\" => { n = m } _ => { } }", "s");
}

Test(vm_reads, every_way_to_use_a_value_reads_it)
{
    expect_reads("s = \"${n} of ${f}\"", "n f");
    expect_reads("n = twice(m)", "m");
    expect_reads("n = len(w) m = len(keys(i))", "w i");
    expect_reads("m = -n b = !b", "n b");
    expect_reads("let k = [n, m] n = k[0]", "n m");
    expect_reads("emit Infra.Other(size: n, text: s)", "n s");
    expect_reads("emit Infra.Other(name: s)", "s");
    expect_reads("emit Log(s)", "s");
    expect_reads("send D U(x: n)", "n");
    expect_reads("for k, v in i { n = v }", "i");
}

Test(vm_reads, behind_a_yield_reading_begins_anew)
{
    SliceCase c;

    slice_case_body(&c, "", "emit Infra.Make() n = m yield s = \"${n}\"");
    cr_assert_eq(slice_case_run(&c), SLICE_YIELDED, "%s", c.result.fault);
    cr_expect_str_eq(reads_text(&c), "m");
    c.input.fields = c.result.fields;
    c.input.yield = c.result.yield;
    c.input.locals = c.result.locals;
    c.input.local_count = c.result.local_count;
    cr_assert_eq(slice_case_run(&c), SLICE_DONE, "%s", c.result.fault);
    cr_expect_str_eq(reads_text(&c), "n");
    slice_case_deinit(&c);
}

Test(vm_reads, what_invariants_and_other_code_read_does_not_count)
{
    SliceCase c;

    slice_case_init(&c, "domain D { state { n: int m: int } goal g { predicate m > 1 }\n"
                        "invariant { n < 10 } transition T {\n"
                        "emit Infra.Make() n = 1 } }");
    cr_assert_eq(slice_case_run(&c), SLICE_DONE, "%s", c.result.fault);
    cr_expect_str_eq(reads_text(&c), "");
    slice_case_deinit(&c);
}

Test(vm_reads, a_slice_without_effects_is_not_asked)
{
    SliceCase c;

    slice_case_body(&c, "", "n = m release Infra.Make()");
    cr_assert_eq(slice_case_run(&c), SLICE_DONE, "%s", c.result.fault);
    cr_expect_null(c.result.reads);
    slice_case_deinit(&c);
}

/* ---- what is not read has no influence ---- */

#define PROGRAMS 1500

static void expect_same_outputs(const SliceResult *a, const SliceResult *b, size_t seed)
{
    cr_assert_eq(a->output_count, b->output_count, "seed %zu", seed);
    for (size_t i = 0; i < a->output_count; i++)
        for (size_t k = 0; k < a->outputs[i].argument_count; k++)
            cr_assert(
                value_equal(a->outputs[i].arguments[k].value, b->outputs[i].arguments[k].value),
                "seed %zu", seed);
}

/* With another value in one field that was not read, everything else comes to the same. */
static bool field_has_no_influence(SliceCase *c, const SliceResult *first, const Value *others,
                                   size_t field, size_t seed)
{
    Value *fields = arena_array(&c->arena, Value, c->domain->field_count);

    memcpy(fields, c->fields, c->domain->field_count * sizeof *fields);
    fields[field] = others[field];
    c->input.fields = fields;
    if (slice_case_run(c) != SLICE_DONE) /* an invariant may have seen it */
        return false;
    for (size_t i = 0; i < c->domain->field_count; i++) {
        bool same = value_equal(c->result.fields[i], first->fields[i]);
        cr_assert(i == field || same, "seed %zu: %s depends on %s, which was not read", seed,
                  c->domain->fields[i].name, c->domain->fields[field].name);
    }
    expect_same_outputs(first, &c->result, seed);
    return true;
}

Test(vm_reads, what_is_not_read_has_no_influence)
{
    size_t looked = 0;

    for (size_t seed = 1; seed <= PROGRAMS; seed++) {
        SliceCase c;
        Buffer text = {0};
        program_make(seed, &text);
        slice_case_init(&c, buffer_text(&text));
        Code code = *c.input.code;
        code.has_effects = true;
        c.input.code = &code;
        if (slice_case_run(&c) == SLICE_DONE) {
            SliceResult first = c.result;
            for (size_t i = 0; i < c.domain->field_count; i++)
                if (!first.reads[i])
                    looked += field_has_no_influence(&c, &first, first.fields, i, seed);
        }
        slice_case_deinit(&c);
        buffer_deinit(&text);
    }
    cr_expect_gt(looked, PROGRAMS, "%zu", looked);
}
