/* Calls: functions of the program, records, and the functions that every program has. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/lang/tree_walk.h"

#define ARGUMENTS_MAX 8

static bool is_named(const Argument *argument, const char *name)
{
    return argument->name.text != NULL && strcmp(argument->name.text, name) == 0;
}

/* ---- records ---- */

static Value record_field(TreeWalk *walk, const Field *field, const Expr *call)
{
    for (const Argument *a = call->arguments; a != NULL; a = a->next)
        if (is_named(a, field->name.text))
            return tree_as_type(walk, tree_evaluate(walk, a->value), field->type);
    return tree_as_type(walk, tree_evaluate(walk, field->initial), field->type);
}

static Value record(TreeWalk *walk, const RecordDecl *declared, const Expr *call)
{
    size_t count = 0;
    ValueMember *members;

    for (const Field *f = declared->fields; f != NULL; f = f->next)
        count++;
    Value value = tree_new_object(walk, count, &members);
    for (const Field *f = declared->fields; f != NULL && !walk->faulted; f = f->next, members++) {
        Value key = value_string(walk->arena, f->name.text, strlen(f->name.text));
        *members = (ValueMember){key.string, record_field(walk, f, call)};
    }
    return value;
}

/* ---- functions ---- */

/* What a call changes of the walk, to be put back. */
typedef struct Caller {
    size_t base, count;
} Caller;

static void bind_arguments(TreeWalk *walk, const Function *function, const Expr *call,
                           const Value *values)
{
    size_t at = 0, i = 0;

    for (const Parameter *p = function->parameters; p != NULL; p = p->next, at++) {
        i = 0;
        for (const Argument *a = call->arguments; a != NULL; a = a->next, i++)
            if (a->name.text == NULL ? i == at : is_named(a, p->name.text))
                tree_bind(walk, p->name.text, tree_as_type(walk, values[i], p->type));
    }
}

static Value function_call(TreeWalk *walk, const Function *function, const Expr *call,
                           const Value *values)
{
    Caller caller = {walk->base, walk->count};

    if (walk->calls == TREE_CALLS_MAX)
        return tree_fault(walk);
    walk->calls++;
    bind_arguments(walk, function, call, values);
    walk->base = caller.count;
    tree_run(walk, function->body);
    if (!walk->faulted)
        walk->result = tree_as_type(walk, walk->result, function->result);
    walk->calls--;
    walk->returned = false;
    walk->base = caller.base;
    walk->count = caller.count;
    return walk->result;
}

Value tree_call(TreeWalk *walk, const Expr *expr)
{
    Value values[ARGUMENTS_MAX];
    size_t count = 0;

    for (const RecordDecl *r = walk->ast->records; r != NULL; r = r->next)
        if (strcmp(r->name.text, expr->callee.text) == 0)
            return record(walk, r, expr);
    for (const Argument *a = expr->arguments; a != NULL && !walk->faulted; a = a->next)
        values[count++] = tree_evaluate(walk, a->value);
    if (walk->faulted)
        return value_null();
    for (const Function *f = walk->ast->functions; f != NULL; f = f->next)
        if (strcmp(f->name.text, expr->callee.text) == 0)
            return function_call(walk, f, expr, values);
    return tree_builtin(walk, expr->callee.text, values, count);
}
