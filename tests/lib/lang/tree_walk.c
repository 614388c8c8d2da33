#include "tests/lib/lang/tree_walk.h"

#include <stdlib.h>
#include <string.h>

static Value fault(TreeWalk *walk)
{
    walk->faulted = true;
    return value_null();
}

/* ---- names ---- */

static Binding *find(const TreeWalk *walk, const char *name)
{
    for (size_t i = walk->count; i-- > 0;)
        if (strcmp(walk->bindings[i].name, name) == 0)
            return (Binding *)&walk->bindings[i];
    abort();
}

void tree_bind(TreeWalk *walk, const char *name, Value value)
{
    if (walk->count == TREE_BINDINGS_MAX)
        abort();
    walk->bindings[walk->count++] = (Binding){name, value};
}

Value tree_value(const TreeWalk *walk, const char *name)
{
    return find(walk, name)->value;
}

/* ---- operators ---- */

static Value number(TreeWalk *walk, ValueType type, __int128 exact)
{
    if (exact < INT64_MIN || exact > INT64_MAX)
        return fault(walk);
    return (Value){.type = type, .integer = (int64_t)exact};
}

static Value text(TreeWalk *walk, Buffer *buffer)
{
    Value result = buffer->size > VALUE_STRING_MAX
                       ? fault(walk)
                       : value_string(walk->arena, buffer_text(buffer), buffer->size);

    buffer_deinit(buffer);
    return result;
}

static Value join(TreeWalk *walk, Value left, Value right)
{
    Buffer buffer = {0};

    buffer_add(&buffer, left.string->bytes, left.string->size);
    buffer_add(&buffer, right.string->bytes, right.string->size);
    return text(walk, &buffer);
}

static Value arithmetic(TreeWalk *walk, Operator operator, Value left, Value right)
{
    ValueType type =
        left.type == VALUE_DURATION || right.type == VALUE_DURATION ? VALUE_DURATION : VALUE_INT;
    __int128 a = left.integer, b = right.integer;

    if (operator== OP_ADD)
        return left.type == VALUE_STRING ? join(walk, left, right) : number(walk, type, a + b);
    if (operator== OP_SUB)
        return number(walk, type, a - b);
    if (operator== OP_MUL)
        return number(walk, type, a * b);
    if (b == 0)
        return fault(walk);
    return number(walk, type, operator== OP_DIV ? a / b : a % b);
}

static bool compare(Operator operator, Value left, Value right)
{
    switch ((int)operator) {
    case OP_EQ:
        return value_equal(left, right);
    case OP_NE:
        return !value_equal(left, right);
    case OP_LT:
        return left.integer < right.integer;
    case OP_LE:
        return left.integer <= right.integer;
    case OP_GT:
        return left.integer > right.integer;
    default:
        return left.integer >= right.integer;
    }
}

static Value binary(TreeWalk *walk, const Expr *expr)
{
    Operator operator= expr->operator;
    Value left = tree_evaluate(walk, expr->left);

    if (walk->faulted)
        return left;
    if ((operator== OP_AND && !left.boolean) || (operator== OP_OR && left.boolean))
        return left;
    Value right = tree_evaluate(walk, expr->right);
    if (walk->faulted || operator== OP_AND || operator== OP_OR)
        return right;
    if (operator>= OP_EQ && operator<= OP_GE)
        return value_bool(compare(operator, left, right));
    return arithmetic(walk, operator, left, right);
}

static Value unary(TreeWalk *walk, const Expr *expr)
{
    Value value = tree_evaluate(walk, expr->left);

    if (walk->faulted)
        return value;
    if (expr->operator== OP_NOT)
        return value_bool(!value.boolean);
    return number(walk, value.type, -(__int128)value.integer);
}

static Value string(TreeWalk *walk, const Expr *expr)
{
    Buffer buffer = {0};

    for (const StringPart *part = expr->parts; part != NULL && !walk->faulted; part = part->next) {
        if (part->text != NULL)
            buffer_add(&buffer, part->text, part->size);
        else
            value_print(&buffer, tree_evaluate(walk, part->expr));
    }
    return text(walk, &buffer);
}

static Value evaluate(TreeWalk *walk, const Expr *expr)
{
    switch (expr->kind) {
    case EXPR_INT:
        return value_int(expr->integer);
    case EXPR_BOOL:
        return value_bool(expr->boolean);
    case EXPR_STRING:
        return string(walk, expr);
    case EXPR_DURATION:
        return value_duration(expr->integer);
    case EXPR_NAME:
        return find(walk, expr->name)->value;
    case EXPR_UNARY:
        return unary(walk, expr);
    case EXPR_BINARY:
        return binary(walk, expr);
    case EXPR_MEMBER:
    case EXPR_EMIT:
    case EXPR_ERROR:
        break;
    }
    abort();
}

Value tree_evaluate(TreeWalk *walk, const Expr *expr)
{
    Value value = evaluate(walk, expr);

    return walk->faulted ? value_bool(false) : value;
}

/* ---- statements ---- */

static void run_block(TreeWalk *walk, const Block *block)
{
    size_t count = walk->count;

    if (block != NULL)
        tree_run(walk, block);
    walk->count = count;
}

static void run_assign(TreeWalk *walk, const Stmt *stmt)
{
    Value value = tree_evaluate(walk, stmt->assign.value);
    Binding *binding = find(walk, stmt->assign.field.text);

    if (!walk->faulted && stmt->assign.operator!= OP_EQ)
        value = arithmetic(walk, stmt->assign.operator, binding->value, value);
    if (!walk->faulted)
        binding->value = value;
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
        tree_bind(walk, stmt->let.name.text, tree_evaluate(walk, stmt->let.value));
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
        while (tree_evaluate(walk, stmt->loop.condition).boolean && !walk->faulted)
            run_block(walk, stmt->loop.body);
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
    case STMT_ERROR:
        break;
    }
    abort();
}

void tree_run(TreeWalk *walk, const Block *block)
{
    for (const Stmt *stmt = block->first; stmt != NULL && !walk->faulted; stmt = stmt->next)
        run_stmt(walk, stmt);
}
