/* Functions: pure, and every path returns. */
#include "lang/check.h"

/* ---- return ---- */

void check_return(Checker *checker, Stmt *stmt)
{
    const ModelFunction *function = checker->function;

    if (function == NULL) {
        Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-035", stmt->span,
                                     "`return` stands outside of a fn");
        d->consequence = "a slice has no result, it assigns fields and emits";
        d->remedy = "put what follows into an `if`, or write `fail` to abort the slice";
        check_expr(checker, stmt->value);
        return;
    }
    const TypeExpr *declared = function->ast->result;
    check_fits(checker, stmt->value, function->result,
               arena_format(checker->arena, "the result of '%s'", function->ast->name.text),
               declared != NULL ? declared->span : (Span){0, 0});
}

static bool match_ends(const Checker *checker, const Stmt *stmt)
{
    for (const MatchArm *arm = stmt->match.arms; arm != NULL; arm = arm->next)
        if (!block_ends(checker, arm->body))
            return false;
    return stmt->match.arms != NULL && match_is_whole(checker->model->types, stmt);
}

static bool is_true(const Expr *condition)
{
    return condition != NULL && condition->kind == EXPR_BOOL && condition->boolean;
}

/* Nesting is bounded: the parser refuses more than 200 blocks in each other. */
static bool stmt_ends(const Checker *checker, const Stmt *stmt)
{
    switch (stmt->kind) {
    case STMT_RETURN:
    case STMT_FAIL:
        return true;
    case STMT_IF:
        return block_ends(checker, stmt->branch.then) &&
               block_ends(checker, stmt->branch.otherwise);
    case STMT_MATCH:
        return match_ends(checker, stmt);
    case STMT_WHILE:
        return is_true(stmt->loop.condition);
    case STMT_ELEVATE:
        return block_ends(checker, stmt->elevate.body);
    case STMT_ERROR: /* perhaps it was meant to */
        return true;
    case STMT_LET:
    case STMT_ASSIGN:
    case STMT_FOR:
    case STMT_EMIT:
    case STMT_RELEASE:
    case STMT_SEND:
    case STMT_SPAWN:
    case STMT_STOP:
    case STMT_YIELD:
    case STMT_PARALLEL:
        return false;
    }
    return false;
}

bool block_ends(const Checker *checker, const Block *block)
{
    const Stmt *last = block != NULL ? block->first : NULL;

    while (last != NULL && last->next != NULL)
        last = last->next;
    return last != NULL && stmt_ends(checker, last);
}

/* ---- bodies ---- */

static void bind_parameters(Checker *checker, const ModelFunction *function)
{
    const ProgramParameter *declared = function->parameters;

    for (const Parameter *p = function->ast->parameters; p != NULL; p = p->next, declared++) {
        const Local parameter = {.kind = LOCAL_PARAMETER, .type = declared->type, .dynamic = true};
        const Local *taken =
            p->name.text != NULL ? scope_find(&checker->scope, p->name.text) : NULL;
        if (taken == NULL) {
            check_local(checker, p->name, parameter);
            continue;
        }
        check_taken(checker, "parameter", p->name, taken->span);
        checker->scope.next_slot++;
    }
}

static void check_function(Checker *checker, const ModelFunction *function)
{
    const Function *tree = function->ast;

    check_body_begin(checker, NULL);
    checker->mode = CHECK_FUNCTION;
    checker->module = tree->declared.module;
    checker->function = function;
    checker->body = tree->span;
    bind_parameters(checker, function);
    check_block(checker, tree->body);
    if (tree->body == NULL || block_ends(checker, tree->body))
        return;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-037", tree->name.span,
                                 "'%s' does not return a value on every path", tree->name.text);
    d->consequence = "whoever calls it would get nothing";
    d->remedy = "write `return` after the last statement, or in every branch";
}

void check_functions(Checker *checker)
{
    for (size_t i = 0; i < checker->model->function_count; i++)
        check_function(checker, &checker->model->functions[i]);
    checker->function = NULL;
}
