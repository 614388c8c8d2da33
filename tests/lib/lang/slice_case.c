#include "tests/lib/lang/slice_case.h"

#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"

void slice_case_init(SliceCase *c, const char *text)
{
    *c = (SliceCase){.program = program_compile("stack.ved", text, strlen(text))};
    Buffer said = {0};
    diagnostics_print(&c->program->diagnostics, false, &said);
    cr_assert(c->program->valid, "%s", buffer_text(&said));
    buffer_deinit(&said);
    int domain = program_find_domain(c->program, "D");
    cr_assert_geq(domain, 0);
    c->domain = &c->program->domains[domain];
    c->fields = arena_array(&c->arena, Value, c->domain->field_count);
    for (size_t i = 0; i < c->domain->field_count; i++)
        c->fields[i] = c->domain->fields[i].initial;
    int transition = domain_find_transition(c->domain, "T");
    c->input = (SliceInput){.program = c->program, .domain = c->domain, .fields = c->fields};
    if (transition >= 0)
        c->input.code = c->domain->transitions[transition].slices[0];
}

void slice_case_body(SliceCase *c, const char *declarations, const char *body)
{
    char *text =
        memory_format("%s\ndomain D { state { n: int m: int s: string b: bool f: float o: int?\n"
                      "l: list<int> w: list<string> i: map<int> a: any p: secret }\n"
                      "transition T {\n%s\n} transition U(x: int) { n = x } }",
                      declarations, body);

    slice_case_init(c, text);
    free(text);
}

void slice_case_deinit(SliceCase *c)
{
    program_free(c->program);
    arena_deinit(&c->arena);
}

SliceStatus slice_case_run(SliceCase *c)
{
    slice_run(&c->input, &c->arena, &c->result);
    return c->result.status;
}

const char *slice_case_encoded(SliceCase *c, Value value)
{
    Buffer text = {0};

    value_encode(&text, value);
    const char *result = arena_copy_string(&c->arena, buffer_text(&text));
    buffer_deinit(&text);
    return result;
}

const char *slice_case_field(SliceCase *c, const char *name)
{
    int field = domain_find_field(c->domain, name);

    cr_assert_geq(field, 0, "%s", name);
    return slice_case_encoded(c, c->result.fields[field]);
}

Value slice_case_value(SliceCase *c, const char *json)
{
    cleanup(json_free) Json *tree = NULL;
    Error err;

    cr_assert_eq(json_parse(json, strlen(json), &tree, &err), 0);
    return value_decode(&c->arena, tree);
}
