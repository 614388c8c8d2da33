#include <criterion/criterion.h>
#include <string.h>

#include "tests/lib/lang/parse_text.h"

TestSuite(parser_statement, .fini = text_done);

/* What stands in a transition, with a statement behind it that must not be missed. */
static void assert_refused(const char *text, const char *expected, const char *remedy)
{
    assert_mistake(
        arena_format(&text_arena, "domain A { transition T {\n%s\ny = 1\n} goal g }", text),
        expected, remedy);
    const Domain *domain =
        text_parse(
            arena_format(&text_arena, "domain A { transition T {\n%s\ny = 1\n} goal g }", text))
            ->domains;
    cr_assert_not_null(domain->goals, "'%s' swallows what follows", text);
}

Test(parser_statement, match_has_arms_of_constants)
{
    const Stmt *s =
        text_statements("match a { 1, -2 => { x = 1 } E::A, B => { } \"s\" => { } null, "
                        "true, 1.5, -2.5, 5m => { } _ => { stop } }");
    const MatchArm *arm = s->match.arms;

    cr_assert_eq(s->kind, STMT_MATCH);
    cr_assert_eq(arm->patterns->next->value->kind, EXPR_UNARY);
    cr_assert_eq(arm->body->first->kind, STMT_ASSIGN);
    arm = arm->next;
    cr_assert_eq(arm->patterns->value->kind, EXPR_ENUM);
    cr_assert_eq(arm->patterns->next->value->kind, EXPR_NAME);
    cr_assert_eq(arm->next->next->patterns->value->kind, EXPR_NULL);
    cr_assert_null(arm->next->next->next->patterns);
    cr_assert_eq(arm->next->next->next->body->first->kind, STMT_STOP);
    cr_assert_null(text_statements("match f(a)[0] { }")->match.arms);
}

Test(parser_statement, a_pattern_is_a_constant)
{
    assert_refused("match a { b.c => { } _ => { } }", "V-ERR-009 a pattern is a constant", "`if`");
    assert_refused("match a { b > 1 => { } }", "V-ERR-009 a pattern is a constant", "`if`");
    assert_refused("match a { \"${b}\" => { } }", "V-ERR-009 a pattern is a constant", "`if`");
    assert_refused("match a { (1) => { } }", "V-ERR-009 a pattern is a constant", "`if`");
    assert_refused("match a { [1] => { } }", "V-ERR-009 a pattern is a constant", "`if`");
    assert_refused("match a { else => { } }", "V-ERR-009 expected a pattern", "`_ => { ... }`");
    assert_refused("match a { 1: { } }", "V-ERR-009 expected `=>`", "pattern => ");
    assert_refused("match a { 1 -> { } }", "V-ERR-009 expected `=>`", "pattern => ");
    assert_refused("match a { case 1 => { } }", "V-ERR-009 expected `=>`", "pattern => ");
    assert_refused("match a { 1 => x = 1 }", "V-ERR-009 expected `{` after `=>`", "in braces");
    assert_refused("switch a { 1 => { } }", "V-ERR-009 found `switch`", "write `match");
}

Test(parser_statement, for_takes_elements_or_keys_with_values)
{
    const Stmt *s = text_statements("for x in l { y = x } for k, v in m { }");

    cr_assert_eq(s->kind, STMT_FOR);
    cr_assert_str_eq(s->each.name.text, "x");
    cr_assert_null(s->each.value_name.text);
    cr_assert_eq(s->each.body->first->kind, STMT_ASSIGN);
    cr_assert_str_eq(s->next->each.value_name.text, "v");
    assert_refused("for (x in l) { }", "V-ERR-009 expected a name after `for`", "for x in list");
    assert_refused("for x of l { }", "V-ERR-009 expected `in`", "for x in list");
    assert_refused("for x in { }", "V-ERR-009 expected a list or a map", NULL);
    assert_refused("foreach x in l { }", "V-ERR-009 found `foreach`", "for x in list");
}

Test(parser_statement, words_that_stand_alone)
{
    const Stmt *s = text_statements("stop yield\nyield; stop");

    cr_assert_eq(s->kind, STMT_STOP);
    cr_assert_eq(s->next->kind, STMT_YIELD);
    cr_assert_eq(s->next->next->kind, STMT_YIELD);
    cr_assert_eq(s->next->next->next->kind, STMT_STOP);
    assert_refused("stop()", "V-ERR-009 expected the next statement", "`stop` stands alone");
    assert_refused("yield(1)", "V-ERR-009 expected the next statement", "`yield` stands alone");
    assert_refused("yield effect { a }", "V-ERR-010 `yield effect`", "emit Infra");
}

Test(parser_statement, release_is_written_like_emit)
{
    const Stmt *s = text_statements("release Infra.Create(name: \"x\") release Create()");

    cr_assert_eq(s->kind, STMT_RELEASE);
    cr_assert_str_eq(s->emit->provider.text, "Infra");
    cr_assert_str_eq(s->emit->arguments->name.text, "name");
    cr_assert_null(s->next->emit->provider.text);
    cr_assert_str_eq(s->next->emit->effect.text, "Create");
    assert_refused("release Infra.Create", "V-ERR-009 expected `(`", "with `()`");
    assert_refused("release", "V-ERR-009 expected", NULL);
}

Test(parser_statement, spawn_names_an_instance_and_its_fields)
{
    const Stmt *s = text_statements("spawn D[\"k\"] { f = 1 g = {a: 1} } spawn D[key]");

    cr_assert_eq(s->kind, STMT_SPAWN);
    cr_assert_eq(s->spawn.key->kind, EXPR_STRING);
    cr_assert_str_eq(s->spawn.fields->next->name.text, "g");
    cr_assert_null(s->next->spawn.fields);
    cr_assert_eq(s->next->spawn.body.end, 0);
    assert_refused("spawn D", "V-ERR-009 expected `[`", "spawn D[\"key\"]");
    assert_refused("spawn D(\"k\")", "V-ERR-009 expected `[`", "spawn D[\"key\"]");
    assert_refused("spawn D[\"k\"] { f: 1 }", "V-ERR-010 `:`", "write `f = ...`");
}

Test(parser_statement, sends_name_an_instance)
{
    const Stmt *s = text_statements("send D[\"k\"] T(1) send_high D[key] T send self T");

    cr_assert_eq(s->send.key->kind, EXPR_STRING);
    cr_assert_eq(s->send.arguments->value->integer, 1);
    cr_assert(s->next->send.high);
    cr_assert_not_null(s->next->send.key);
    cr_assert_null(s->next->next->send.key);
    cr_assert(s->next->next->send.to_self);
}

Test(parser_statement, parallel_and_elevate_have_blocks)
{
    const Stmt *s =
        text_statements("parallel { emit A() let x = emit B() } elevate \"why\" { send P "
                        "Q }");

    cr_assert_eq(s->kind, STMT_PARALLEL);
    cr_assert_eq(s->parallel->first->next->let.value->kind, EXPR_EMIT);
    cr_assert_eq(s->next->kind, STMT_ELEVATE);
    cr_assert_eq(s->next->elevate.reason->kind, EXPR_STRING);
    cr_assert_eq(s->next->elevate.body->first->kind, STMT_SEND);
    assert_refused("elevate { x = 1 }", "V-ERR-009 expected a reason", NULL);
    assert_refused("parallel emit A()", "V-ERR-009 expected `{` after `parallel`", "in braces");
}

Test(parser_statement, parts_of_variables_are_assigned)
{
    const Stmt *s = text_statements("m[\"k\"] = 1 l[i].f += 2 state.m[k].f.g *= 3 r.f -= 4");

    cr_assert_eq(s->kind, STMT_ASSIGN);
    cr_assert_str_eq(s->assign.field.text, "m");
    cr_assert_eq(s->assign.steps->index->kind, EXPR_STRING);
    s = s->next;
    cr_assert_eq(s->assign.operator, OP_ADD);
    cr_assert_str_eq(s->assign.steps->next->member.text, "f");
    s = s->next;
    cr_assert(s->assign.from_state);
    cr_assert_str_eq(s->assign.steps->next->next->member.text, "g");
    cr_assert_str_eq(s->next->assign.steps->member.text, "f");
    assert_refused("l[0 = 1", "V-ERR-009 expected `]`", NULL);
    assert_refused("l[] = 1", "V-ERR-009 expected an index", NULL);
    assert_refused("a.b == 1", "V-ERR-009 expected `=`", "`==` compares");
    assert_refused("a[0].f(1)", "V-ERR-009 expected `=`", "only effects");
    assert_refused("this.f = 1", "V-ERR-009 expected `=`", "`state.f`");
}

Test(parser_statement, return_has_a_value)
{
    const Ast *ast = text_valid("fn f(a: int) -> int { if a > 0 { return a } return {a: 1} }");
    const Stmt *s = ast->functions->body->first;

    cr_assert_eq(s->branch.then->first->kind, STMT_RETURN);
    cr_assert_eq(s->next->value->kind, EXPR_MAP);
    assert_mistakes("fn f() -> int { return }", "V-ERR-009 expected a value after `return`");
}

Test(parser_statement, a_record_is_built_with_parentheses)
{
    cr_assert_eq(text_statements("x = R(f: 1)")->assign.value->kind, EXPR_CALL);
    assert_refused("x = R{f: 1}", "V-ERR-009 expected a statement", "`R(field: value)`");
}
