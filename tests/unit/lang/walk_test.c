#include "lang/walk.h"

#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/arena.h"

/* What a visitor has met, as one line. */
typedef struct Trace {
    Buffer text;
    StmtKind closed; /* statements of this kind are not gone into */
    uint32_t deepest;
} Trace;

static bool trace_stmt(Visitor *visitor, const Stmt *stmt)
{
    Trace *trace = visitor->context;

    buffer_add_format(&trace->text, "s%d ", (int)stmt->kind);
    return stmt->kind != trace->closed;
}

static bool trace_emit(Visitor *visitor, const Emit *emit)
{
    Trace *trace = visitor->context;

    buffer_add_format(&trace->text, "%s ", emit->effect.text);
    return true;
}

static bool trace_expr(Visitor *visitor, const Expr *expr)
{
    Trace *trace = visitor->context;

    if (expr->kind == EXPR_INT)
        buffer_add_format(&trace->text, "%d ", (int)expr->integer);
    else if (expr->kind == EXPR_NAME)
        buffer_add_format(&trace->text, "%s ", expr->name);
    trace->deepest = visitor->depth > trace->deepest ? visitor->depth : trace->deepest;
    return true;
}

static void walk_text(const char *text, Visitor visitor)
{
    Arena arena = {0};
    Source source = {.name = "walk.ved", .text = text, .size = strlen(text)};
    Diagnostics diagnostics;

    diagnostics_init(&diagnostics, &arena, &source);
    const Ast *ast = parse(&source, &arena, &diagnostics);
    cr_assert_eq(diagnostics.error_count, 0, "%s",
                 diagnostics.count > 0 ? diagnostics.items[0].summary : "");
    for (const Domain *domain = ast->domains; domain != NULL; domain = domain->next)
        walk_domain(&visitor, domain);
    cr_expect_eq(visitor.depth, 0);
    arena_deinit(&arena);
}

static void expect_names(const char *text, const char *expected)
{
    Trace trace = {.closed = STMT_ERROR};

    walk_text(text, (Visitor){.expr = trace_expr, .emit = trace_emit, .context = &trace});
    cr_expect_str_eq(buffer_text(&trace.text), expected);
    buffer_deinit(&trace.text);
}

Test(walk, every_expression_is_met_in_the_order_of_the_source)
{
    expect_names("domain D[k: string] { state { a: int } transition T {\n"
                 "let x = [1, a + 2]\n"
                 "let y = {b: 3, \"${c}\": d[4].e}\n"
                 "if -5 < f(6, n: 7) { a = 8 } else if g { a += 9 } else { m[10].q = 11 }\n"
                 "while h { for i in 12 { match j { 13, 14 => { a = 15 } _ => { a = 16 } } } }\n"
                 "send E[17] T(18) spawn F[19] { p = 20 } release P.R(name: o)\n"
                 "let r = emit P.A(21, name: s) else { a = 22 }\n"
                 "emit P.B(q.w(\"x\")) parallel { emit P.C(23) } elevate \"w${v}\" { a = 24 }\n"
                 "fail \"${25}\" } }",
                 "1 a 2 3 c d 4 5 6 7 8 g 9 10 11 h 12 j 13 14 15 16 17 18 19 20 R o A 21 s 22 B C "
                 "23 v 24 25 ");
}

Test(walk, a_domain_s_handlers_timers_and_predicates_are_walked)
{
    expect_names("domain D { state { a: int } goal G { predicate a == 5 } invariant a < 6\n"
                 "transition T { slice x { a = 1 } slice y { a = 2 } }\n"
                 "on message M(p: int) { a = 3 } every 5s { a = 4 }\n"
                 "after 1s when a > 7 { a = 8 } }",
                 "1 2 3 4 a 7 8 a 5 a 6 ");
}

Test(walk, what_a_visitor_declines_is_not_gone_into)
{
    Trace trace = {.closed = STMT_WHILE};

    walk_text("domain D { state { a: int } transition T {\n"
              "while a < 1 { a = 2 } if a < 3 { a = 4 } } }",
              (Visitor){.stmt = trace_stmt, .expr = trace_expr, .context = &trace});
    cr_expect_str_eq(buffer_text(&trace.text), "s3 s2 a 3 s1 4 ");
    buffer_deinit(&trace.text);
}

/* The parser makes none that deep. */
Test(walk, what_is_too_deep_is_left_out)
{
    Trace trace = {.closed = STMT_ERROR};
    Visitor visitor = {.expr = trace_expr, .context = &trace};
    Arena arena = {0};
    Expr *expr = arena_new(&arena, Expr);

    *expr = (Expr){.kind = EXPR_INT, .integer = 1};
    for (int i = 0; i < 3 * WALK_DEPTH_MAX; i++) {
        Expr *outer = arena_new(&arena, Expr);
        *outer = (Expr){.kind = EXPR_UNARY, .operator= OP_NEG, .left = expr};
        expr = outer;
    }
    walk_expr(&visitor, expr);
    cr_expect_eq(trace.deepest, WALK_DEPTH_MAX);
    cr_expect_eq(visitor.depth, 0);
    cr_expect_str_eq(buffer_text(&trace.text), "");
    buffer_deinit(&trace.text);
    arena_deinit(&arena);
}
