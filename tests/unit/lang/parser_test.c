#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/lang/parse_text.h"

TestSuite(parser, .fini = text_done);

Test(parser, spellings_of_send_are_one)
{
    const Stmt *s =
        text_statements("send(\"P\", \"Q\", 1) send P Q(1) send_high P Q send self Q()");

    cr_assert_str_eq(s->send.domain.text, "P");
    cr_assert_str_eq(s->send.transition.text, "Q");
    cr_assert_eq(s->send.arguments->value->integer, 1);
    s = s->next;
    cr_assert_str_eq(s->send.domain.text, "P");
    cr_assert_eq(s->send.arguments->value->integer, 1);
    s = s->next;
    cr_assert(s->send.high);
    cr_assert_null(s->send.arguments);
    cr_assert(s->next->send.to_self);
}

Test(parser, precedence_is_or_and_comparison_sum_product_sign)
{
    const Expr *e = text_statements("x = a or b and not c == d + -1 * 2")->assign.value;

    cr_assert_eq(e->operator, OP_OR);
    cr_assert_eq(e->right->operator, OP_AND);
    cr_assert_eq(e->right->right->operator, OP_EQ);
    cr_assert_eq(e->right->right->left->operator, OP_NOT);
    cr_assert_eq(e->right->right->right->operator, OP_ADD);
    cr_assert_eq(e->right->right->right->right->operator, OP_MUL);
    cr_assert_eq(e->right->right->right->right->left->operator, OP_NEG);
    e = text_statements("x = 1 - 2 - 3")->assign.value;
    cr_assert_eq(e->left->operator, OP_SUB, "subtraction groups from the left");
}

Test(parser, the_range_of_integers_is_exact)
{
    cr_assert_eq(text_statements("x = -9223372036854775808")->assign.value->integer, INT64_MIN);
    cr_assert_eq(text_statements("x = 9_223_372_036_854_775_807")->assign.value->integer,
                 INT64_MAX);
    assert_mistakes("domain A { state { x: int = 9223372036854775808 } }", "V-ERR-013 64 bits");
    assert_mistakes("domain A { state { x: int = 1 - 9223372036854775808 } }", "V-ERR-013 64 bits");
}

Test(parser, goals_take_their_parts_in_any_order_with_or_without_colons)
{
    const Ast *ast = text_valid("domain A { goal G { priority: high fallback F strategy { T, U } "
                                "terminate_after 50 retries backoff 1s to 5m target: x == 1 } "
                                "goal workers == 5 goal { predicate a terminate_after 4h } "
                                "@priority(7) goal b }");
    const Goal *g = ast->domains->goals;

    cr_assert_eq(g->priority, 150);
    cr_assert_eq(g->strategy_count, 2);
    cr_assert_eq(g->terminate, TERMINATE_RETRIES);
    cr_assert_eq(g->terminate_limit, 50);
    cr_assert_eq(g->backoff_first_ms, 1000);
    cr_assert_eq(g->backoff_cap_ms, 300000);
    cr_assert_str_eq(g->fallback.text, "F");
    cr_assert_eq(g->predicate->operator, OP_EQ);
    cr_assert_null(g->next->name.text);
    cr_assert_eq(g->next->next->terminate_limit, 14400000);
    cr_assert_eq(g->next->next->next->priority, 7);
}

Test(parser, step_slice_step_and_a_bare_body_are_one_slice)
{
    const Ast *ast =
        text_valid("domain A { transition T { step { x = 1 } } transition U { slice step "
                   "{ x = 1 } } transition V { x = 1 } transition W { slice a { } slice b "
                   "{ } } }");

    for (const Transition *t = ast->domains->transitions; t->next != NULL; t = t->next) {
        cr_assert_null(t->slices->next);
        cr_assert_null(t->slices->name.text);
        cr_assert_eq(t->slices->body->first->kind, STMT_ASSIGN);
    }
    cr_assert_str_eq(ast->domains->transitions->next->next->next->slices->next->name.text, "b");
}

Test(parser, items_outside_the_only_domain_belong_to_it_in_source_order)
{
    const Ast *ast = text_valid("goal a domain D { goal b } goal c transition T { }");

    cr_assert_str_eq(ast->domains->goals->predicate->name, "a");
    cr_assert_str_eq(ast->domains->goals->next->predicate->name, "b");
    cr_assert_str_eq(ast->domains->goals->next->next->predicate->name, "c");
    cr_assert_str_eq(ast->domains->transitions->name.text, "T");
    assert_mistakes("domain A { } domain B { } goal c", "V-ERR-014 outside every domain");
}

Test(parser, after_a_dot_and_before_a_colon_any_word_is_a_name)
{
    const Ast *ast = text_valid("domain A { state { priority: int on: bool } goal state.on "
                                "transition T { emit Infra.release(target: state.priority) "
                                "state.priority = 2 let r = emit X() y = r.domain } }");

    cr_assert_str_eq(ast->domains->fields->name.text, "priority");
    assert_mistakes("domain A { transition T { priority = 2 } }", "V-ERR-009 reserved word");
}

Test(parser, a_bracket_on_a_new_line_belongs_to_nothing_before_it)
{
    const Stmt *s = text_statements("send P Q\nx = 1");

    cr_assert_null(s->send.arguments);
    cr_assert_eq(s->next->kind, STMT_ASSIGN);
}

Test(parser, refused_spellings_name_the_line_to_write)
{
    assert_mistakes("domain A { goal G { target x = 1 } }", "V-ERR-010 `x = 1`");
    cr_assert_str_eq(text_diagnostics.items[0].remedy, "to compare, write `x == 1`");
    assert_mistakes("domain A { goal x =\n1 }", "V-ERR-010 `x = 1`");
    assert_mistakes("domain A { on goal G when c { x = 1 } goal x }", "V-ERR-010 `on goal`");
    assert_mistakes("domain A { transition T { yield effect { a } x = 1 } }",
                    "V-ERR-010 `yield effect`");
    assert_mistakes("domain A { transition T { emit intent Foo\n x = 1 } }",
                    "V-ERR-010 `emit intent`");
    assert_mistakes("domain A { effect x { payload { } } goal x }", "V-ERR-010 `effect");
    assert_mistakes("domain A { migration v { from: 1 to: 2 return x } }", "V-ERR-010 `migration");
}

Test(parser, what_moved_names_two_places_or_two_domains)
{
    const Ast *ast = text_valid("moved domain A -> B\nmoved A.T.X -> A.Infra.lost.X\n"
                                "moved A.Infra.lost.Cloud.X -> A.E.Cloud.X\ndomain A { goal x }\n");
    const Moved *domain = ast->moves, *reported = domain->next, *provided = reported->next;

    cr_assert(domain->is_domain);
    cr_assert_str_eq(domain->from.domain.text, "A");
    cr_assert_str_eq(domain->to.domain.text, "B");
    cr_assert_null(domain->to.where.text);
    cr_assert_not(reported->is_domain);
    cr_assert_str_eq(reported->from.where.text, "T");
    cr_assert_str_eq(reported->from.effect.text, "X");
    cr_assert_str_eq(reported->to.where.text, "Infra.lost");
    cr_assert_str_eq(reported->to.effect.text, "X");
    cr_assert_str_eq(provided->from.where.text, "Infra.lost");
    cr_assert_str_eq(provided->from.effect.text, "Cloud.X");
    cr_assert_str_eq(provided->to.where.text, "E");
    cr_assert_str_eq(provided->to.effect.text, "Cloud.X");
    cr_assert_null(provided->next);
    assert_mistakes("domain A {\nmoved domain B -> A\ngoal x\n}\n",
                    "V-ERR-009 `moved` stands outside of domains");
}

Test(parser, mistakes_are_reported_once_each_and_the_rest_is_read)
{
    assert_mistakes("domain A {\n transtion T { if { x = } y == 1 }\n goal G { priority 300 "
                    "predicate }\n state { a: 3 b: int }\n capability { a b }\n}\n)",
                    "V-ERR-009 found `transtion`", "V-ERR-009 expected a condition after `if`",
                    "V-ERR-009 expected a value after `=`", "V-ERR-009 expected `=`",
                    "V-ERR-017 0 to 255", "V-ERR-009 a condition after `predicate`",
                    "V-ERR-009 expected a type", "V-ERR-009 `,` or `}`",
                    "V-ERR-009 closes nothing");
    cr_assert_str_eq(text_diagnostics.items[0].remedy, "did you mean `transition`?");
}

Test(parser, a_missing_brace_is_reported_where_the_next_item_begins)
{
    assert_mistakes("domain A {\n transition T { step { if x { y = 1\n transition U { y = 2 }\n}",
                    "V-ERR-009 expected `}`, found `transition`");
    cr_assert_eq(text_diagnostics.items[0].note_count, 1);
}

Test(parser, every_beginning_of_a_program_ends_with_a_report_at_most)
{
    const char *text =
        "domain A { scope Namespace capability { effect:I.* } state { x: int = 1 } "
        "goal G { predicate (x == 1) strategy { T } } @priority(low) transition T(a: "
        "int) { slice s { if x == 1 { emit I.E(n: \"a${x}\") else { fail \"f\" } } } "
        "} on Event::E(a) { send P Q(1) } } system S { start domain A { x = 2 } }";

    text_valid(text);
    for (size_t size = 0; size < strlen(text); size++) {
        text_parse(arena_copy_bytes(&text_arena, text, size));
        cr_assert_leq(text_diagnostics.count, 1, "at %zu: %s", size,
                      text_diagnostics.items[0].summary);
    }
}

/* Each would be a stack overflow, or take for ever, without its limit. */
Test(parser, what_nests_without_end_is_one_report, .timeout = 20)
{
    static const char *const openings[] = {
        "domain A { goal (",
        "domain A { goal !",
        "domain A { goal -",
        "domain A { goal 1+",
        "domain A { goal a",
        "domain A { goal \"",
        "domain A { transition T { x = 1 ",
    };
    static const char *const repeated[] = {"(", "!", "-", "1+", ".a", "${\"", "if x { "};
    static const char *const codes[] = {"V-ERR-015", "V-ERR-015", "V-ERR-015", "V-ERR-015",
                                        "V-ERR-015", "V-ERR-015", "V-ERR-015"};

    for (size_t i = 0; i < ARRAY_SIZE(openings); i++) {
        cleanup(buffer_deinit) Buffer text = {0};
        buffer_add_string(&text, openings[i]);
        for (int n = 0; n < 100000; n++)
            buffer_add_string(&text, repeated[i]);
        text_parse(buffer_text(&text));
        cr_assert_eq(text_diagnostics.error_count, 1, "%s", openings[i]);
        cr_assert_str_eq(text_diagnostics.items[0].code, codes[i]);
    }
}

Test(parser, a_file_of_mistakes_takes_linear_time, .timeout = 60)
{
    static const char *const repeated[] = {
        "}",
        "@ ",
        "domain ",
        "( { ",
        "goal a = ",
        "x . ",
        "' \"",
        "@allow(",
        "enum E {",
        "export ",
        "x = {a: ",
        "match x { ",
        "x = [1 ",
        "test \"x\" { ",
        "on Infra.",
        "import ",
        "record R ",
        "x = list<",
        "fn f(a: ",
        "deploy ",
        "environment E { ",
    };

    for (size_t i = 0; i < ARRAY_SIZE(repeated); i++) {
        cleanup(buffer_deinit) Buffer text = {0};
        for (int n = 0; n < 50000; n++)
            buffer_add_string(&text, repeated[i]);
        text_parse(buffer_text(&text));
        cr_assert_gt(text_diagnostics.error_count, 0);
        cr_assert_leq(text_diagnostics.count, DIAGNOSTIC_COUNT_MAX);
    }
}

Test(parser, empty_files_and_text_without_a_domain)
{
    text_valid("");
    text_valid(" // nothing\n");
    cr_assert_null(text_valid("record R { a: int } enum E { A } const c = 1")->domains);
}

Test(parser, scopes_in_every_spelling)
{
    const Ast *ast =
        text_valid("domain A { scope { domain } } domain B { scope { root } } domain C { "
                   "scope Namespace } @scope Workspace(\"pay\") domain D { }");
    const Domain *d = ast->domains;

    cr_assert_eq(d->scope.level, SCOPE_DEFAULT);
    cr_assert_eq(d->next->scope.level, SCOPE_ROOT);
    cr_assert_eq(d->next->next->scope.level, SCOPE_NAMESPACE);
    cr_assert_eq(d->next->next->next->scope.level, SCOPE_WORKSPACE);
    cr_assert_str_eq(d->next->next->next->scope.place, "pay");
}
