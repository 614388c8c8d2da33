/* Statements: scopes of locals, and what may stand where. */
#include <string.h>

#include "lang/check.h"

/* ---- names a local may have ---- */

static bool report_hides(Checker *checker, Name name, const char *what, Span declared)
{
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-021", name.span,
                                 "'%s' would hide the %s of that name", name.text, what);

    check_note(checker, d, declared, "the %s is declared here", what);
    d->consequence = "a reader could not tell which of the two is meant";
    d->remedy = "choose another name";
    return false;
}

static bool local_name_is_free(Checker *checker, Name name)
{
    const ModelDomain *domain = checker->domain;
    const Local *taken = scope_find(&checker->scope, name.text);
    int field = domain != NULL ? model_find(&domain->field_names, name.text) : -1;

    if (taken != NULL) {
        Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-021", name.span,
                                     "'%s' is already a local here", name.text);
        check_note(checker, d, taken->span, "it is made here");
        d->remedy = "choose another name";
        return false;
    }
    if (field >= 0)
        return report_hides(checker, name, "field", domain->fields[field].span);
    if (domain != NULL && domain->ast->key.text != NULL &&
        strcmp(domain->ast->key.text, name.text) == 0)
        return report_hides(checker, name, "key", domain->ast->key.span);
    const Declaration *declaration = map_get(&checker->model->names, name.text) != NULL
                                         ? declaration_find(checker, name.text)
                                         : NULL;
    if (declaration != NULL && declaration->kind == DECLARED_CONSTANT)
        return report_hides(checker, name, "constant", declaration->span);
    return true;
}

uint32_t check_local(Checker *checker, Name name, Local local)
{
    local.name = name.text;
    local.span = name.span;
    if (name.text != NULL && local_name_is_free(checker, name))
        return scope_add(&checker->scope, local)->slot;
    return checker->scope.next_slot++;
}

/* ---- let ---- */

/* After a failure that an `else` handles there is no result, so it is not of the type. */
static void check_let_result(Checker *checker, const Stmt *stmt, StaticType found,
                             StaticType declared)
{
    const TypeTable *types = checker->model->types;
    bool perhaps = stmt->let.value->emit->otherwise != NULL && declared != STATIC_ANY &&
                   declared != STATIC_ERROR && type_kind(types, declared) != KIND_OPTIONAL;
    Diagnostic *d;

    if (perhaps) {
        d = check_report(checker, SEVERITY_ERROR, "V-ERR-022", stmt->let.type->span,
                         "a result with an `else` cannot be declared as %s",
                         type_name(types, declared));
        d->consequence = "after a failure there is no result";
        d->remedy = arena_format(checker->arena, "write %s?, or leave the `else` away",
                                 type_name(types, declared));
    } else if (!type_fits(types, found, declared)) {
        d = check_report(checker, SEVERITY_ERROR, "V-ERR-022", stmt->let.value->span,
                         "the result must be %s, found %s", type_name(types, declared),
                         type_name(types, found));
        check_note(checker, d, stmt->let.type->span, "it is declared here");
    }
}

static StaticType check_let_value(Checker *checker, Stmt *stmt)
{
    Expr *value = stmt->let.value;
    StaticType declared = check_declared_type(checker, stmt->let.type);

    if (value != NULL && value->kind == EXPR_EMIT) {
        value->static_type = check_emit(checker, value->emit, true);
        if (stmt->let.type == NULL)
            return value->static_type;
        check_let_result(checker, stmt, value->static_type, declared);
        return declared;
    }
    if (stmt->let.type != NULL) {
        check_fits(checker, value, declared, "the value", stmt->let.type->span);
        return declared;
    }
    check_expr(checker, value);
    return check_inferred(checker, value,
                          stmt->let.name.text != NULL ? stmt->let.name.text : "the local");
}

static Local let_local(Checker *checker, const Stmt *stmt)
{
    const Expr *value = stmt->let.value;
    bool is_emit = value != NULL && value->kind == EXPR_EMIT;

    return (Local){.kind = LOCAL_LET,
                   .type = stmt->static_type,
                   .loop_depth = checker->loop_depth,
                   .dynamic = is_emit || expr_is_dynamic(checker, value)};
}

static void check_let(Checker *checker, Stmt *stmt)
{
    stmt->static_type = check_let_value(checker, stmt);
    stmt->slot = check_local(checker, stmt->let.name, let_local(checker, stmt));
    const Local *local = scope_find(&checker->scope, stmt->let.name.text);
    if (local != NULL && local->slot == stmt->slot)
        narrow_assign_local(checker, local, stmt->let.value);
}

/* ---- what may stand where ---- */

static bool may_be_parallel(const Stmt *stmt)
{
    switch (stmt->kind) {
    case STMT_EMIT:
    case STMT_IF:
    case STMT_FOR:
    case STMT_ERROR:
        return true;
    case STMT_LET:
        return stmt->let.value == NULL || stmt->let.value->kind == EXPR_EMIT;
    case STMT_ASSIGN:
    case STMT_WHILE:
    case STMT_MATCH:
    case STMT_RETURN:
    case STMT_RELEASE:
    case STMT_SEND:
    case STMT_SPAWN:
    case STMT_STOP:
    case STMT_YIELD:
    case STMT_PARALLEL:
    case STMT_ELEVATE:
    case STMT_FAIL:
        return false;
    }
    return false;
}

/* Whether a statement may stand in the `parallel` block it stands in. */
static bool parallel_allows(Checker *checker, const Stmt *stmt)
{
    Diagnostic *d;

    if (checker->parallel == NULL)
        return true;
    if (!may_be_parallel(stmt)) {
        d = check_report(checker, SEVERITY_ERROR, "V-ERR-035", stmt->span,
                         "only `emit`, `let x = emit`, `if` and `for` stand in a `parallel` block");
        d->consequence = "its effects start together, so nothing can be done between them";
        d->remedy = "write it before the block or after it";
        return false;
    }
    if (stmt->kind != STMT_LET) /* those directly in the block never get here */
        return true;
    d = check_report(checker, SEVERITY_ERROR, "V-ERR-035", stmt->span,
                     "a result in an `if` or a `for` of a `parallel` block is seen nowhere");
    d->remedy = "write the `emit` without `let`, or the `let` directly in the `parallel` block";
    return false;
}

/* What a function may not do: it is computed anywhere, also in a goal. */
static bool is_deed(const Stmt *stmt)
{
    switch (stmt->kind) {
    case STMT_EMIT:
    case STMT_RELEASE:
    case STMT_SEND:
    case STMT_SPAWN:
    case STMT_STOP:
    case STMT_YIELD:
    case STMT_PARALLEL:
    case STMT_ELEVATE:
        return true;
    case STMT_LET:
        return stmt->let.value != NULL && stmt->let.value->kind == EXPR_EMIT;
    case STMT_ASSIGN:
    case STMT_IF:
    case STMT_WHILE:
    case STMT_FOR:
    case STMT_MATCH:
    case STMT_RETURN:
    case STMT_FAIL:
    case STMT_ERROR:
        return false;
    }
    return false;
}

static bool function_allows(Checker *checker, const Stmt *stmt)
{
    if (checker->mode != CHECK_FUNCTION || !is_deed(stmt))
        return true;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-002", stmt->span,
                                 "a fn computes a value and does nothing else");
    d->consequence = "it may be called where nothing can be done, in a goal as well";
    d->remedy = "return what is to be done, and do it in the transition that calls the fn";
    return false;
}

/* ---- parallel, yield, elevate ---- */

static void check_stmt(Checker *checker, Stmt *stmt);

/* A result is visible after the block only: in it, its effect has not been answered. */
static void check_parallel_parts(Checker *checker, Block *block)
{
    for (Stmt *s = block->first; s != NULL; s = s->next) {
        if (s->kind != STMT_LET) {
            check_stmt(checker, s);
        } else if (may_be_parallel(s)) {
            s->static_type = check_let_value(checker, s);
            s->slot = checker->scope.next_slot++;
        } else {
            parallel_allows(checker, s);
        }
    }
}

static void check_parallel(Checker *checker, Stmt *stmt)
{
    Block *block = stmt->parallel;

    if (block == NULL)
        return;
    if (checker->in_parallel) {
        check_report(checker, SEVERITY_ERROR, "V-ERR-035", stmt->span,
                     "a `parallel` block cannot stand in another one");
        return;
    }
    checker->parallel = block;
    checker->in_parallel = true;
    if (check_descend(checker, block->span))
        check_parallel_parts(checker, block);
    checker->depth--;
    checker->in_parallel = false;
    checker->parallel = NULL;
    uint32_t next_slot = checker->scope.next_slot;
    for (Stmt *s = block->first; s != NULL; s = s->next)
        if (s->kind == STMT_LET && may_be_parallel(s)) {
            checker->scope.next_slot = s->slot;
            check_local(checker, s->let.name, let_local(checker, s));
        }
    checker->scope.next_slot = next_slot;
}

static void check_yield(Checker *checker, const Stmt *stmt)
{
    if (checker->in_parallel)
        check_report(checker, SEVERITY_ERROR, "V-ERR-035", stmt->span,
                     "`yield` cannot stand in a `parallel` block")
            ->consequence = "the block ends when all its effects have been answered";
    narrow_yield(checker);
}

static void check_elevate(Checker *checker, Stmt *stmt)
{
    check_expect(checker, stmt->elevate.reason, STATIC_STRING, "the reason");
    checker->elevated++;
    check_block(checker, stmt->elevate.body);
    checker->elevated--;
}

/* ---- all of them ---- */

static void check_if(Checker *checker, Stmt *stmt)
{
    size_t mark;
    Branch branches[2];

    check_expect(checker, stmt->branch.condition, STATIC_BOOL, "a condition");
    if (checker->mode == CHECK_SLICE)
        facts_condition(checker, stmt->branch.condition,
                        checker->transition != NULL ? IN_TRANSITION : IN_HANDLER);
    mark = narrow_mark(checker);
    narrow_by(checker, stmt->branch.condition, true);
    check_block(checker, stmt->branch.then);
    branches[0] = narrow_branch(checker, mark, block_ends(checker, stmt->branch.then));
    narrow_by(checker, stmt->branch.condition, false);
    check_block(checker, stmt->branch.otherwise);
    branches[1] = narrow_branch(checker, mark, block_ends(checker, stmt->branch.otherwise));
    narrow_join(checker, branches, 2);
}

static void check_stmt(Checker *checker, Stmt *stmt)
{
    if (!function_allows(checker, stmt) ||
        (!parallel_allows(checker, stmt) && stmt->kind != STMT_ASSIGN))
        return; /* but what is assigned counts as assigned */
    switch (stmt->kind) {
    case STMT_LET:
        check_let(checker, stmt);
        break;
    case STMT_ASSIGN:
        check_assign(checker, stmt);
        break;
    case STMT_IF:
        check_if(checker, stmt);
        break;
    case STMT_WHILE:
        check_while(checker, stmt);
        break;
    case STMT_FOR:
        check_for(checker, stmt);
        break;
    case STMT_MATCH:
        check_match(checker, stmt);
        break;
    case STMT_RETURN:
        check_return(checker, stmt);
        break;
    case STMT_EMIT:
        check_emit(checker, stmt->emit, false);
        break;
    case STMT_RELEASE:
        check_release(checker, stmt->emit);
        break;
    case STMT_SEND:
        check_send(checker, stmt);
        break;
    case STMT_SPAWN:
        check_spawn(checker, stmt);
        break;
    case STMT_STOP:
        check_stop(checker, stmt);
        break;
    case STMT_YIELD:
        check_yield(checker, stmt);
        break;
    case STMT_PARALLEL:
        check_parallel(checker, stmt);
        break;
    case STMT_ELEVATE:
        check_elevate(checker, stmt);
        break;
    case STMT_FAIL:
        check_expect(checker, stmt->reason, STATIC_STRING, "the reason");
        break;
    case STMT_ERROR:
        break;
    }
}

void check_block(Checker *checker, Block *block)
{
    size_t count = checker->scope.count, mark = narrow_mark(checker);
    uint32_t next_slot = checker->scope.next_slot;
    bool outermost = checker->depth == 0;

    if (block == NULL)
        return;
    if (check_descend(checker, block->span))
        for (Stmt *stmt = block->first; stmt != NULL; stmt = stmt->next)
            check_stmt(checker, stmt);
    checker->depth--;
    if (outermost)
        narrow_undo(checker, mark); /* another slice begins with another state */
    scope_leave(&checker->scope, count, next_slot);
}

void check_block_perhaps(Checker *checker, Block *block)
{
    const Block *parallel = checker->parallel;
    size_t mark = narrow_mark(checker);
    Branch branches[2];

    checker->parallel = NULL;
    check_block(checker, block);
    checker->parallel = parallel;
    branches[0] = narrow_branch(checker, mark, block_ends(checker, block));
    branches[1] = (Branch){0};
    narrow_join(checker, branches, 2);
}
