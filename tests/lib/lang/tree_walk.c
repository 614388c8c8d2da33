/* Statements. */
#include "tests/lib/lang/tree_walk.h"

#include <stdlib.h>
#include <string.h>

Value tree_fault(TreeWalk *walk)
{
    walk->faulted = true;
    return value_null();
}

/* ---- names ---- */

bool tree_find(const TreeWalk *walk, const char *name, Binding **ret)
{
    for (size_t i = walk->count; i-- > walk->base;)
        if (strcmp(walk->bindings[i].name, name) == 0) {
            *ret = (Binding *)&walk->bindings[i];
            return true;
        }
    return false;
}

void tree_bind(TreeWalk *walk, const char *name, Value value)
{
    if (walk->count == TREE_BINDINGS_MAX)
        abort();
    walk->bindings[walk->count++] = (Binding){name, value};
}

Value tree_value(const TreeWalk *walk, const char *name)
{
    Binding *binding;

    if (!tree_find(walk, name, &binding))
        abort();
    return binding->value;
}

/* ---- statements ---- */

static bool is_over(const TreeWalk *walk)
{
    return walk->faulted || walk->returned;
}

static void run_block(TreeWalk *walk, const Block *block)
{
    size_t count = walk->count;

    if (block != NULL)
        tree_run(walk, block);
    walk->count = count;
}

static Value assigned_value(TreeWalk *walk, const Stmt *stmt, Value old)
{
    Value value = tree_evaluate(walk, stmt->assign.value);

    if (walk->faulted)
        return value;
    return stmt->assign.operator== OP_EQ ? tree_like(value, old)
                                         : tree_arithmetic(walk, stmt->assign.operator, old, value);
}

static Value step_index(TreeWalk *walk, const AssignStep *step)
{
    if (step->index != NULL)
        return tree_evaluate(walk, step->index);
    return value_string(walk->arena, step->member.text, strlen(step->member.text));
}

/* A new key of a map is set without a look at what is there. */
static Value assigned_part(TreeWalk *walk, const Stmt *stmt, const AssignStep *step, Value whole)
{
    Value index = step_index(walk, step), old = value_null(), value;
    bool is_new = step->next == NULL &&
                  stmt->assign.operator== OP_EQ && index.type == VALUE_STRING &&
                  whole.type ==
                  VALUE_OBJECT && !walk->faulted && !value_member(whole, index.string->bytes, &old);

    if (walk->faulted)
        return old;
    if (!is_new)
        old = tree_part(walk, whole, index);
    if (walk->faulted)
        return old;
    value = step->next == NULL ? assigned_value(walk, stmt, old)
                               : assigned_part(walk, stmt, step->next, old);
    return walk->faulted ? value : tree_with_part(walk, whole, index, value);
}

static void run_assign(TreeWalk *walk, const Stmt *stmt)
{
    Value old = tree_value(walk, stmt->assign.field.text), value;
    Binding *binding;

    value = stmt->assign.steps != NULL ? assigned_part(walk, stmt, stmt->assign.steps, old)
                                       : assigned_value(walk, stmt, old);
    if (!walk->faulted && tree_find(walk, stmt->assign.field.text, &binding))
        binding->value = value;
}

static void run_let(TreeWalk *walk, const Stmt *stmt)
{
    Value value = tree_evaluate(walk, stmt->let.value);

    tree_bind(walk, stmt->let.name.text, tree_as_type(walk, value, stmt->let.type));
}

/* A bare name that is no constant is a member of the subject's enum. */
static Value pattern_value(TreeWalk *walk, const Expr *pattern)
{
    if (pattern->kind == EXPR_NAME) {
        const Const *c = walk->ast->constants;
        while (c != NULL && strcmp(c->name.text, pattern->name) != 0)
            c = c->next;
        if (c == NULL)
            return value_string(walk->arena, pattern->name, strlen(pattern->name));
    }
    return tree_evaluate(walk, pattern);
}

static bool arm_fits(TreeWalk *walk, const MatchArm *arm, Value subject)
{
    if (arm->patterns == NULL)
        return true;
    for (const Argument *p = arm->patterns; p != NULL; p = p->next)
        if (value_equal(pattern_value(walk, p->value), subject))
            return true;
    return false;
}

static void run_match(TreeWalk *walk, const Stmt *stmt)
{
    Value subject = tree_evaluate(walk, stmt->match.subject);

    if (walk->faulted)
        return;
    for (const MatchArm *arm = stmt->match.arms; arm != NULL; arm = arm->next)
        if (arm_fits(walk, arm, subject)) {
            run_block(walk, arm->body);
            return;
        }
}

static void run_turn(TreeWalk *walk, const Stmt *stmt, Value first, Value second)
{
    size_t count = walk->count;

    tree_bind(walk, stmt->each.name.text, first);
    if (stmt->each.value_name.text != NULL)
        tree_bind(walk, stmt->each.value_name.text, second);
    run_block(walk, stmt->each.body);
    walk->count = count;
}

static void run_for(TreeWalk *walk, const Stmt *stmt)
{
    Value of = tree_evaluate(walk, stmt->each.list);

    for (size_t i = 0; of.type == VALUE_LIST && i < of.list->count && !is_over(walk); i++)
        run_turn(walk, stmt, of.list->items[i], value_null());
    for (size_t i = 0; of.type == VALUE_OBJECT && i < of.object->count && !is_over(walk); i++) {
        const ValueMember *member = &of.object->members[i];
        run_turn(walk, stmt, (Value){.type = VALUE_STRING, .string = member->key}, member->value);
    }
}

static void put_out(TreeWalk *walk, const Argument *arguments)
{
    for (const Argument *a = arguments; a != NULL && !walk->faulted; a = a->next) {
        Value value = tree_evaluate(walk, a->value);
        if (walk->output_count == TREE_OUTPUTS_MAX)
            abort();
        walk->outputs[walk->output_count++] = value;
    }
}

static void run_stmt(TreeWalk *walk, const Stmt *stmt)
{
    switch (stmt->kind) {
    case STMT_LET:
        run_let(walk, stmt);
        return;
    case STMT_ASSIGN:
        run_assign(walk, stmt);
        return;
    case STMT_IF: {
        bool holds = tree_evaluate(walk, stmt->branch.condition).boolean;
        if (!walk->faulted)
            run_block(walk, holds ? stmt->branch.then : stmt->branch.otherwise);
        return;
    }
    case STMT_WHILE:
        while (tree_evaluate(walk, stmt->loop.condition).boolean && !is_over(walk))
            run_block(walk, stmt->loop.body);
        return;
    case STMT_FOR:
        run_for(walk, stmt);
        return;
    case STMT_MATCH:
        run_match(walk, stmt);
        return;
    case STMT_RETURN:
        walk->result = tree_evaluate(walk, stmt->value);
        walk->returned = true;
        return;
    case STMT_EMIT:
        put_out(walk, stmt->emit->arguments);
        return;
    case STMT_SEND:
        put_out(walk, stmt->send.arguments);
        return;
    case STMT_FAIL:
        walk->faulted = true;
        return;
    case STMT_RELEASE:
    case STMT_SPAWN:
    case STMT_STOP:
    case STMT_YIELD:
    case STMT_PARALLEL:
    case STMT_ELEVATE:
    case STMT_ERROR:
        break;
    }
    abort();
}

void tree_run(TreeWalk *walk, const Block *block)
{
    for (const Stmt *stmt = block->first; stmt != NULL && !is_over(walk); stmt = stmt->next)
        run_stmt(walk, stmt);
}
