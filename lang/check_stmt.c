/* Statements: scopes of locals, assignments, loops. */
#include <string.h>

#include "lang/check.h"

/* ---- names a local may have ---- */

static bool local_name_is_free(Checker *checker, Name name)
{
    const Local *taken = scope_find(&checker->scope, name.text);
    int field = model_find(&checker->domain->field_names, name.text);
    Diagnostic *d;

    if (taken == NULL && field < 0)
        return true;
    if (taken != NULL) {
        d = check_report(checker, SEVERITY_ERROR, "V-ERR-021", name.span,
                         "'%s' is already a local here", name.text);
        check_note(checker, d, taken->span, "it is made here");
    } else {
        d = check_report(checker, SEVERITY_ERROR, "V-ERR-021", name.span,
                         "'%s' would hide the field of that name", name.text);
        check_note(checker, d, checker->domain->fields[field].span, "the field is declared here");
        d->consequence = "a reader could not tell which of the two is meant";
    }
    d->remedy = "choose another name";
    return false;
}

static void check_let(Checker *checker, Stmt *stmt)
{
    Expr *value = stmt->let.value;
    bool is_emit = value != NULL && value->kind == EXPR_EMIT;
    StaticType type = STATIC_ANY;
    StaticType declared = check_declared_type(checker, stmt->let.type);

    if (is_emit)
        check_emit(checker, value->emit, true);
    else if (stmt->let.type != NULL)
        check_expect(checker, value, declared, "the value");
    else
        type = check_expr(checker, value);
    if (is_emit && stmt->let.type != NULL && value->emit->otherwise != NULL) {
        Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-022", stmt->let.type->span,
                                     "a result with an `else` cannot be declared as %s",
                                     static_type_name(declared));
        d->consequence = "after a failure there is no result";
        d->remedy = "leave the type away, or the `else`";
    }
    stmt->static_type = (uint8_t)(stmt->let.type != NULL ? declared : type);
    if (stmt->let.name.text == NULL || !local_name_is_free(checker, stmt->let.name))
        return;
    Local local = {.name = stmt->let.name.text,
                   .kind = LOCAL_LET,
                   .type = (StaticType)stmt->static_type,
                   .span = stmt->let.name.span,
                   .loop_depth = checker->loop_depth,
                   .dynamic = is_emit || expr_is_dynamic(checker, value)};
    stmt->slot = scope_add(&checker->scope, local)->slot;
}

/* ---- assignment ---- */

static void report_not_assignable(Checker *checker, const Stmt *stmt, const Local *local)
{
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-027", stmt->assign.field.span,
                                 "'%s' came with the message and cannot be assigned", local->name);

    check_note(checker, d, local->span, "it is declared here");
    d->remedy = arena_format(checker->arena, "make a local of it: `let my_%s = %s`", local->name,
                             local->name);
}

/* What is assigned to: its type and where it was declared. False: there is no such thing. */
static bool assign_target(Checker *checker, Stmt *stmt, StaticType *ret_type, Span *ret_span)
{
    Name name = stmt->assign.field;
    Local *local = stmt->assign.from_state ? NULL : scope_find(&checker->scope, name.text);
    int field = model_find(&checker->domain->field_names, name.text);

    if (local != NULL) {
        if (local->kind != LOCAL_LET)
            report_not_assignable(checker, stmt, local);
        local->dynamic = local->dynamic || expr_is_dynamic(checker, stmt->assign.value);
        stmt->slot = local->slot;
        *ret_type = local->type;
        *ret_span = local->span;
        return true;
    }
    if (field < 0) {
        check_unknown(checker, "V-ERR-020", "field", name, &checker->domain->field_names,
                      &checker->scope.names);
        return false;
    }
    stmt->is_field = true;
    stmt->slot = (uint32_t)field;
    *ret_type = static_type_of_field(checker->domain->fields[field].type);
    *ret_span = checker->domain->fields[field].span;
    return true;
}

static void check_assign(Checker *checker, Stmt *stmt)
{
    StaticType found = check_expr(checker, stmt->assign.value), target, result;
    Operator with = stmt->assign.operator;
    bool plain = with == OP_EQ;
    Span declared;

    stmt->is_field = false;
    if (stmt->assign.field.text == NULL || !assign_target(checker, stmt, &target, &declared))
        return;
    stmt->static_type = (uint8_t)target;
    if (stmt->is_field)
        facts_assign(checker, stmt->slot, plain ? stmt->assign.value : NULL);
    if (found == STATIC_ERROR || target == STATIC_ERROR)
        return;
    bool fits =
        plain ? static_type_fits(found, target)
              : operation_type(with, target, found, &result) && static_type_fits(result, target);
    if (fits)
        return;
    Diagnostic *d = check_report(
        checker, SEVERITY_ERROR, "V-ERR-022", stmt->assign.value->span,
        plain ? "'%s' is %s, it cannot become %s" : "'%s' is %s, it cannot be changed by %s",
        stmt->assign.field.text, static_type_name(target), static_type_name(found));
    d->label = arena_format(checker->arena, "this is %s", static_type_name(found));
    if (plain)
        d->remedy = mismatch_remedy(stmt->assign.value, found, target);
    check_note(checker, d, declared, "'%s' is declared here", stmt->assign.field.text);
}

/* ---- loops ---- */

static void collect_assigned(const Block *block, Map *names, uint32_t depth)
{
    if (block == NULL || depth > CHECK_DEPTH_MAX)
        return;
    for (const Stmt *stmt = block->first; stmt != NULL; stmt = stmt->next) {
        if (stmt->kind == STMT_ASSIGN && stmt->assign.field.text != NULL)
            map_put(names, stmt->assign.field.text, names);
        if (stmt->kind == STMT_IF) {
            collect_assigned(stmt->branch.then, names, depth + 1);
            collect_assigned(stmt->branch.otherwise, names, depth + 1);
        }
        if (stmt->kind == STMT_WHILE)
            collect_assigned(stmt->loop.body, names, depth + 1);
        if (stmt->kind == STMT_EMIT && stmt->emit != NULL)
            collect_assigned(stmt->emit->otherwise, names, depth + 1);
    }
}

static void warn_of_bound(Checker *checker, const Expr *condition)
{
    bool constant = expr_is_constant(condition);

    if (!constant && !expr_is_dynamic(checker, condition))
        return;
    Diagnostic *d =
        check_report(checker, SEVERITY_WARNING, "V-WRN-020", condition->span, "%s",
                     constant ? "this loop has no bound"
                              : "this loop is bounded by a value that is known only at run time");
    d->consequence = "past 10,000,000 instructions the slice faults and nothing of it happens";
    d->remedy = "do one step a slice and let the goal ask for the next, or compare a local with a "
                "literal as well";
}

static void check_while(Checker *checker, Stmt *stmt)
{
    Loop loop = {.outer = checker->loop};

    if (check_expect(checker, stmt->loop.condition, STATIC_BOOL, "a condition") != STATIC_ERROR)
        warn_of_bound(checker, stmt->loop.condition);
    collect_assigned(stmt->loop.body, &loop.assigned, checker->depth);
    checker->loop = &loop;
    checker->loop_depth++;
    check_block(checker, stmt->loop.body);
    checker->loop_depth--;
    checker->loop = loop.outer;
    map_deinit(&loop.assigned);
}

/* ---- all of them ---- */

static void check_if(Checker *checker, Stmt *stmt)
{
    check_expect(checker, stmt->branch.condition, STATIC_BOOL, "a condition");
    facts_condition(checker, stmt->branch.condition,
                    checker->transition != NULL ? IN_TRANSITION : IN_HANDLER);
    check_block(checker, stmt->branch.then);
    check_block(checker, stmt->branch.otherwise);
}

static void check_stmt(Checker *checker, Stmt *stmt)
{
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
    case STMT_EMIT:
        check_emit(checker, stmt->emit, false);
        break;
    case STMT_SEND:
        check_send(checker, stmt);
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
    size_t count = checker->scope.count;
    uint32_t next_slot = checker->scope.next_slot;

    if (block == NULL)
        return;
    if (check_descend(checker, block->span))
        for (Stmt *stmt = block->first; stmt != NULL; stmt = stmt->next)
            check_stmt(checker, stmt);
    checker->depth--;
    scope_leave(&checker->scope, count, next_slot);
}
