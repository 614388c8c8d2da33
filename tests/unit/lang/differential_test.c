/* The machine against the plainest reading of the tree, on programs made from seeds; and the
 * formatter, which must not change any of them. */
#include <criterion/criterion.h>
#include <string.h>

#include "lang/ast.h"
#include "lang/program.h"
#include "lang/vm.h"
#include "tests/lib/lang/ast_dump.h"
#include "tests/lib/lang/program_make.h"
#include "tests/lib/lang/tree_walk.h"

/* With the sanitizers each takes a millisecond. */
#ifdef __SANITIZE_ADDRESS__
#define PROGRAMS 8000
#else
#define PROGRAMS 20000
#endif
#define SHARES 4

/* One seed's program, read both ways. */
typedef struct Case {
    uint64_t seed;
    Buffer text;
    Arena arena;
    Program *program;
    const Ast *ast;
    const Domain *tree;
    TreeWalk walk;
    bool faulted;
} Case;

static const Ast *parse_text(const Buffer *text, Source *source, Arena *arena)
{
    Diagnostics diagnostics;

    *source = (Source){.name = "made.ved", .text = buffer_text(text), .size = text->size};
    diagnostics_init(&diagnostics, arena, source);
    const Ast *ast = parse(source, arena, &diagnostics);
    cr_assert_eq(diagnostics.error_count, 0, "%s", buffer_text(text));
    return ast;
}

static void case_init(Case *c, uint64_t seed, Source *source)
{
    *c = (Case){.seed = seed};
    program_make(seed, &c->text);
    c->program = program_compile("made.ved", buffer_text(&c->text), c->text.size);
    if (!c->program->valid) {
        Buffer said = {0};
        diagnostics_print(&c->program->diagnostics, false, &said);
        cr_assert_fail("seed %zu is no program: %s", (size_t)seed, buffer_text(&said));
    }
    c->ast = parse_text(&c->text, source, &c->arena);
    c->tree = c->ast->domains;
    c->walk.arena = &c->arena;
    c->walk.ast = c->ast;
    for (size_t i = 0; i < c->program->domains[0].field_count; i++)
        tree_bind(&c->walk, c->program->domains[0].fields[i].name,
                  c->program->domains[0].fields[i].initial);
}

static void case_deinit(Case *c)
{
    program_free(c->program);
    buffer_deinit(&c->text);
    arena_deinit(&c->arena);
}

static void tree_predicate(Case *c, const Expr *predicate, Truth found)
{
    bool before = c->walk.faulted;
    Value value = tree_evaluate(&c->walk, predicate);
    Truth expected = c->walk.faulted ? TRUTH_FAULT : value.boolean ? TRUTH_TRUE : TRUTH_FALSE;

    c->walk.faulted = before;
    cr_assert_eq(found, expected, "seed %zu: the goal is %d, expected %d\n%s", (size_t)c->seed,
                 found, expected, buffer_text(&c->text));
}

static void goal_agrees(Case *c)
{
    const ProgramDomain *domain = &c->program->domains[0];
    Value fields[32];

    for (size_t i = 0; i < domain->field_count; i++)
        fields[i] = domain->fields[i].initial;
    PredicateInput input = {.program = c->program,
                            .domain = domain,
                            .code = domain->goals[0].predicate,
                            .fields = fields};
    tree_predicate(c, c->tree->goals->predicate, predicate_evaluate(&input, &c->arena, NULL));
}

/* The slice and, on what it proposes, the invariant. */
static void tree_slice(Case *c)
{
    const Transition *t = c->tree->transitions;

    while (strcmp(t->name.text, "T") != 0)
        t = t->next;
    size_t count = c->walk.count;
    tree_run(&c->walk, t->slices->body);
    c->walk.count = count;
    if (c->walk.faulted)
        return;
    Value holds = tree_evaluate(&c->walk, c->tree->invariants->predicate);
    c->walk.faulted = c->walk.faulted || !holds.boolean;
}

static void fields_agree(const Case *c, const SliceResult *result)
{
    const ProgramDomain *domain = &c->program->domains[0];

    for (size_t i = 0; i < domain->field_count; i++)
        cr_assert(value_equal(result->fields[i], tree_value(&c->walk, domain->fields[i].name)),
                  "seed %zu: '%s' differs\n%s", (size_t)c->seed, domain->fields[i].name,
                  buffer_text(&c->text));
}

static void outputs_agree(const Case *c, const SliceResult *result)
{
    size_t count = 0;

    for (size_t i = 0; i < result->output_count; i++)
        for (size_t j = 0; j < result->outputs[i].argument_count; j++, count++)
            cr_assert(
                count < c->walk.output_count &&
                    value_equal(result->outputs[i].arguments[j].value, c->walk.outputs[count]),
                "seed %zu: output %zu differs\n%s", (size_t)c->seed, count, buffer_text(&c->text));
    cr_assert_eq(count, c->walk.output_count, "seed %zu\n%s", (size_t)c->seed,
                 buffer_text(&c->text));
}

static void slice_agrees(Case *c)
{
    const ProgramDomain *domain = &c->program->domains[0];
    int transition = domain_find_transition(domain, "T");
    SliceResult result;
    Value fields[32];

    for (size_t i = 0; i < domain->field_count; i++)
        fields[i] = domain->fields[i].initial;
    slice_run(&(SliceInput){.program = c->program,
                            .domain = domain,
                            .code = domain->transitions[transition].slices[0],
                            .fields = fields},
              &c->arena, &result);
    tree_slice(c);
    c->faulted = c->walk.faulted;
    cr_assert_eq(result.status, c->walk.faulted ? SLICE_FAULTED : SLICE_DONE,
                 "seed %zu: %s, expected %s\n%s", (size_t)c->seed,
                 result.fault != NULL ? result.fault : "done", c->walk.faulted ? "a fault" : "done",
                 buffer_text(&c->text));
    if (c->faulted)
        return;
    fields_agree(c, &result);
    outputs_agree(c, &result);
}

static void format_keeps(const Case *c)
{
    cleanup(buffer_deinit) Buffer once = {0};
    cleanup(buffer_deinit) Buffer before = {0};
    cleanup(buffer_deinit) Buffer after = {0};
    Arena arena = {0};
    Source source;

    format_source(c->ast->source, &once);
    ast_dump(c->ast, &before);
    ast_dump(parse_text(&once, &source, &arena), &after);
    cr_assert_str_eq(buffer_text(&before), buffer_text(&after), "seed %zu\n%s", (size_t)c->seed,
                     buffer_text(&once));
    arena_deinit(&arena);
}

/* A share of the programs, so that several processors can take part. */
static void programs_agree(uint64_t first)
{
    size_t faults = 0;
    Case c;

    for (uint64_t seed = first; seed < first + PROGRAMS / SHARES; seed++) {
        Source source;
        case_init(&c, seed, &source);
        format_keeps(&c);
        goal_agrees(&c);
        slice_agrees(&c);
        faults += c.faulted;
        case_deinit(&c);
    }
    /* Both ends must be met often, or the programs say little. */
    cr_expect_gt(faults, (size_t)PROGRAMS / SHARES / 20, "%zu", faults);
    cr_expect_lt(faults, (size_t)PROGRAMS / SHARES / 4 * 3, "%zu", faults);
}

Test(differential, the_machine_computes_what_the_tree_says_and_formatting_keeps_it)
{
    programs_agree(0);
}

Test(differential, the_second_share_of_programs_does_too)
{
    programs_agree(PROGRAMS / SHARES);
}

Test(differential, the_third_share_of_programs_does_too)
{
    programs_agree(PROGRAMS / SHARES * 2);
}

Test(differential, the_last_share_of_programs_does_too)
{
    programs_agree(PROGRAMS / SHARES * 3);
}
