/* Loops: what their turns change, what bounds them, and what they go through. */
#include "lang/check.h"
#include "lang/walk.h"

/* ---- what the body does ---- */

static bool visit_assigned(Visitor *visitor, const Stmt *stmt)
{
    Loop *loop = visitor->context;

    if (stmt->kind == STMT_ASSIGN && stmt->assign.field.text != NULL)
        map_put(&loop->assigned, stmt->assign.field.text, loop);
    loop->yields = loop->yields || stmt->kind == STMT_YIELD;
    return true;
}

static bool visit_no_expr(Visitor *visitor, const Expr *expr)
{
    (void)visitor;
    return expr->kind == EXPR_EMIT; /* its `else` has statements */
}

/* A turn begins with what the one before it has left: what the body assigns is not known. */
static void loop_learn(Checker *checker, Loop *loop, const Block *body)
{
    Visitor visitor = {.stmt = visit_assigned, .expr = visit_no_expr, .context = loop};

    walk_block(&visitor, body);
    for (MapEntry *e = map_next(&loop->assigned, NULL); e; e = map_next(&loop->assigned, e))
        narrow_forget(checker, e->key);
    if (loop->yields)
        narrow_yield(checker);
}

static void loop_enter(Checker *checker, Loop *loop)
{
    loop->outer = checker->loop;
    checker->loop = loop;
    checker->loop_depth++;
}

static void loop_leave(Checker *checker, Loop *loop)
{
    checker->loop_depth--;
    checker->loop = loop->outer;
    map_deinit(&loop->assigned);
}

/* ---- while ---- */

/* Of several that must all hold, one that is bounded is enough. */
static bool is_bounded(Checker *checker, const Expr *condition)
{
    if (condition->kind == EXPR_BINARY && condition->operator== OP_AND)
        return is_bounded(checker, condition->left) || is_bounded(checker, condition->right);
    return !expr_is_constant(condition) && !expr_is_dynamic(checker, condition);
}

static void warn_of_bound(Checker *checker, const Expr *condition)
{
    bool constant = expr_is_constant(condition);

    if (is_bounded(checker, condition))
        return;
    Diagnostic *d =
        check_report(checker, SEVERITY_WARNING, "V-WRN-020", condition->span, "%s",
                     constant ? "this loop has no bound"
                              : "this loop is bounded by a value that is known only at run time");
    d->consequence = "past 10,000,000 instructions the slice faults and nothing of it happens";
    d->remedy = checker->function != NULL
                    ? "go through a list with `for`, or compare a local with a literal as well"
                    : "do one step a slice and let the goal ask for the next, write `yield` in the "
                      "loop, or compare a local with a literal as well";
}

void check_while(Checker *checker, Stmt *stmt)
{
    Loop loop = {.assigned.borrows = true};

    loop_learn(checker, &loop, stmt->loop.body);
    size_t mark = narrow_mark(checker);
    bool valid =
        check_expect(checker, stmt->loop.condition, STATIC_BOOL, "a condition") != STATIC_ERROR;
    if (valid && !loop.yields)
        warn_of_bound(checker, stmt->loop.condition);
    loop_enter(checker, &loop);
    narrow_by(checker, stmt->loop.condition, true);
    check_block(checker, stmt->loop.body);
    narrow_undo(checker, mark);
    loop_leave(checker, &loop);
    narrow_by(checker, stmt->loop.condition, false);
}

/* ---- for ---- */

/* What each turn has: an item of a list; a key of a map, and its value. */
static void each_types(Checker *checker, const Stmt *stmt, StaticType *ret_name,
                       StaticType *ret_value)
{
    StaticType list = stmt->each.list != NULL ? stmt->each.list->static_type : STATIC_ERROR;
    const Type *type = type_of(checker->model->types, list);
    bool both = stmt->each.value_name.text != NULL;
    Diagnostic *d;

    *ret_name = list;
    *ret_value = list;
    if (list == STATIC_ERROR || list == STATIC_ANY)
        return;
    *ret_name = type->kind == KIND_MAP ? STATIC_STRING : type->element;
    *ret_value = type->element;
    if (type->kind == KIND_MAP || (type->kind == KIND_LIST && !both))
        return;
    *ret_name = STATIC_ERROR;
    *ret_value = STATIC_ERROR;
    if (type->kind == KIND_LIST) {
        d = check_report(checker, SEVERITY_ERROR, "V-ERR-022", stmt->each.value_name.span,
                         "a turn through a list has one value, not two");
        d->remedy = "write `for x in list { }`; a map has keys and values";
        return;
    }
    d = check_report(checker, SEVERITY_ERROR, "V-ERR-022", stmt->each.list->span,
                     "`for` goes through a list or a map, found %s", type->name);
    if (list == STATIC_INT)
        d->remedy = "write range(n) for the numbers from 0 to n - 1";
    else if (type->kind == KIND_OPTIONAL)
        d->remedy = mismatch_remedy(checker, stmt->each.list, list, type->element);
}

static uint32_t each_local(Checker *checker, Name name, StaticType type, bool dynamic)
{
    return check_local(checker, name,
                       (Local){.kind = LOCAL_EACH,
                               .type = type,
                               .loop_depth = checker->loop_depth,
                               .dynamic = dynamic});
}

void check_for(Checker *checker, Stmt *stmt)
{
    size_t count = checker->scope.count;
    uint32_t next_slot = checker->scope.next_slot;
    StaticType name, value;
    Loop loop = {.assigned.borrows = true};

    check_expr(checker, stmt->each.list);
    bool dynamic = expr_is_dynamic(checker, stmt->each.list);
    each_types(checker, stmt, &name, &value);
    loop_learn(checker, &loop, stmt->each.body);
    loop_enter(checker, &loop);
    size_t mark = narrow_mark(checker);
    stmt->slot = each_local(checker, stmt->each.name, name, dynamic);
    if (stmt->each.value_name.text != NULL)
        each_local(checker, stmt->each.value_name, value, dynamic);
    check_block(checker, stmt->each.body);
    narrow_undo(checker, mark);
    loop_leave(checker, &loop);
    scope_leave(&checker->scope, count, next_slot);
}
