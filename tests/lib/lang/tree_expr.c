/* Expressions. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/lang/tree_walk.h"

/* ---- values ---- */

Value tree_new_list(TreeWalk *walk, size_t count, Value **ret_items)
{
    ValueList *list = arena_alloc(walk->arena, sizeof *list + count * sizeof(Value));

    list->count = count;
    *ret_items = list->items;
    return (Value){.type = VALUE_LIST, .list = list};
}

Value tree_new_object(TreeWalk *walk, size_t count, ValueMember **ret_members)
{
    ValueObject *object = arena_alloc(walk->arena, sizeof *object + count * sizeof(ValueMember));

    object->count = count;
    *ret_members = object->members;
    return (Value){.type = VALUE_OBJECT, .object = object};
}

static Value as_float(Value value)
{
    return value.type == VALUE_INT ? value_float((double)value.integer) : value;
}

/* Up to 2^53 a float is every int. */
Value tree_as_type(TreeWalk *walk, Value value, const TypeExpr *type)
{
    if (type == NULL || type->type != TYPE_FLOAT)
        return value;
    if (value.type == VALUE_INT && (value.integer > 1LL << 53 || value.integer < -(1LL << 53)))
        return tree_fault(walk);
    return as_float(value);
}

Value tree_like(Value value, Value other)
{
    return other.type == VALUE_FLOAT ? as_float(value) : value;
}

/* ---- operators ---- */

static Value number(TreeWalk *walk, ValueType type, __int128 exact)
{
    if (exact < INT64_MIN || exact > INT64_MAX)
        return tree_fault(walk);
    return (Value){.type = type, .integer = (int64_t)exact};
}

static Value text(TreeWalk *walk, Buffer *buffer)
{
    Value result = buffer->size > VALUE_STRING_MAX
                       ? tree_fault(walk)
                       : value_string(walk->arena, buffer_text(buffer), buffer->size);

    buffer_deinit(buffer);
    return result;
}

static Value join(TreeWalk *walk, Value left, Value right)
{
    Buffer buffer = {0};
    Value *items;

    if (left.type == VALUE_LIST) {
        Value list = tree_new_list(walk, left.list->count + right.list->count, &items);
        for (size_t i = 0; i < left.list->count; i++)
            *items++ = left.list->items[i];
        for (size_t i = 0; i < right.list->count; i++)
            *items++ = right.list->items[i];
        return list;
    }
    buffer_add(&buffer, left.string->bytes, left.string->size);
    buffer_add(&buffer, right.string->bytes, right.string->size);
    return text(walk, &buffer);
}

static Value float_arithmetic(TreeWalk *walk, Operator operator, double a, double b)
{
    double result = operator== OP_ADD ? a + b :
                    operator== OP_SUB ? a - b
                    :
                    operator== OP_MUL ? a * b
                                      : a / b;

    return isfinite(result) ? value_float(result) : tree_fault(walk);
}

Value tree_arithmetic(TreeWalk *walk, Operator operator, Value left, Value right)
{
    ValueType type =
        left.type == VALUE_DURATION || right.type == VALUE_DURATION ? VALUE_DURATION : VALUE_INT;
    __int128 a = left.integer, b = right.integer;

    if (left.type == VALUE_FLOAT || right.type == VALUE_FLOAT)
        return float_arithmetic(walk, operator, as_float(left).number, as_float(right).number);
    if (operator== OP_ADD &&(left.type == VALUE_STRING || left.type == VALUE_LIST))
        return join(walk, left, right);
    if (operator== OP_ADD)
        return number(walk, type, a + b);
    if (operator== OP_SUB)
        return number(walk, type, a - b);
    if (operator== OP_MUL)
        return number(walk, type, a * b);
    if (b == 0)
        return tree_fault(walk);
    return number(walk, type, operator== OP_DIV ? a / b : a % b);
}

static bool compare(Operator operator, Value left, Value right)
{
    bool in_float = left.type == VALUE_FLOAT || right.type == VALUE_FLOAT;
    double a = in_float ? as_float(left).number : 0, b = in_float ? as_float(right).number : 0;

    switch ((int)operator) {
    case OP_EQ:
        return value_equal(tree_like(left, right), tree_like(right, left));
    case OP_NE:
        return !value_equal(tree_like(left, right), tree_like(right, left));
    case OP_LT:
        return in_float ? a < b : left.integer < right.integer;
    case OP_LE:
        return in_float ? a <= b : left.integer <= right.integer;
    case OP_GT:
        return in_float ? a > b : left.integer > right.integer;
    default:
        return in_float ? a >= b : left.integer >= right.integer;
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
    return tree_arithmetic(walk, operator, left, right);
}

static Value unary(TreeWalk *walk, const Expr *expr)
{
    Value value = tree_evaluate(walk, expr->left);

    if (walk->faulted)
        return value;
    if (expr->operator== OP_NOT)
        return value_bool(!value.boolean);
    if (value.type == VALUE_FLOAT)
        return value_float(-value.number);
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

/* ---- parts ---- */

Value tree_part(TreeWalk *walk, Value whole, Value index)
{
    Value found;

    if (whole.type == VALUE_LIST && index.type == VALUE_INT && index.integer >= 0 &&
        index.integer < (int64_t)whole.list->count)
        return whole.list->items[index.integer];
    if (whole.type == VALUE_OBJECT && index.type == VALUE_STRING &&
        value_member(whole, index.string->bytes, &found))
        return found;
    return tree_fault(walk);
}

/* A key that is there keeps its place; another one is put before the first that is larger. */
static Value with_member(TreeWalk *walk, Value whole, const ValueString *key, Value part)
{
    const ValueObject *old = whole.object;
    Value found;
    bool replaces = value_member(whole, key->bytes, &found), done = false;
    ValueMember *members;
    Value object = tree_new_object(walk, old->count + !replaces, &members);

    for (size_t i = 0; i < old->count; i++) {
        int order = strcmp(old->members[i].key->bytes, key->bytes);
        if (!done && (replaces ? order == 0 : order > 0)) {
            *members++ = (ValueMember){key, part};
            done = true;
        }
        if (order != 0)
            *members++ = old->members[i];
    }
    if (!done)
        *members = (ValueMember){key, part};
    return object;
}

Value tree_with_part(TreeWalk *walk, Value whole, Value index, Value part)
{
    Value *items;

    if (whole.type == VALUE_OBJECT)
        return with_member(walk, whole, index.string, part);
    Value list = tree_new_list(walk, whole.list->count, &items);
    for (size_t i = 0; i < whole.list->count; i++)
        items[i] = (int64_t)i == index.integer ? part : whole.list->items[i];
    return list;
}

static Value list(TreeWalk *walk, const Expr *expr)
{
    size_t count = 0;
    Value *items;

    for (const Argument *a = expr->items; a != NULL; a = a->next)
        count++;
    Value value = tree_new_list(walk, count, &items);
    for (const Argument *a = expr->items; a != NULL && !walk->faulted; a = a->next)
        *items++ = tree_evaluate(walk, a->value);
    return value;
}

static Value map(TreeWalk *walk, const Expr *expr)
{
    ValueMember *members;
    Value value = tree_new_object(walk, 0, &members);

    for (const MapItem *e = expr->entries; e != NULL && !walk->faulted; e = e->next) {
        Value key = tree_evaluate(walk, e->key), part = tree_evaluate(walk, e->value);
        if (!walk->faulted)
            value = with_member(walk, value, key.string, part);
    }
    return value;
}

static Value name(TreeWalk *walk, const Expr *expr)
{
    Binding *binding;

    if (tree_find(walk, expr->name, &binding))
        return binding->value;
    for (const Const *c = walk->ast->constants; c != NULL; c = c->next)
        if (strcmp(c->name.text, expr->name) == 0)
            return tree_as_type(walk, tree_evaluate(walk, c->value), c->type);
    abort();
}

static Value member(TreeWalk *walk, const Expr *expr)
{
    Value whole = tree_evaluate(walk, expr->operand);
    const char *key = expr->member.text;

    return walk->faulted ? whole
                         : tree_part(walk, whole, value_string(walk->arena, key, strlen(key)));
}

static Value indexed(TreeWalk *walk, const Expr *expr)
{
    Value whole = tree_evaluate(walk, expr->operand);
    Value index = tree_evaluate(walk, expr->index);

    return walk->faulted ? whole : tree_part(walk, whole, index);
}

static Value evaluate(TreeWalk *walk, const Expr *expr)
{
    switch (expr->kind) {
    case EXPR_INT:
        return value_int(expr->integer);
    case EXPR_FLOAT:
        return value_float(expr->number);
    case EXPR_BOOL:
        return value_bool(expr->boolean);
    case EXPR_NULL:
        return value_null();
    case EXPR_STRING:
        return string(walk, expr);
    case EXPR_DURATION:
        return value_duration(expr->integer);
    case EXPR_LIST:
        return list(walk, expr);
    case EXPR_MAP:
        return map(walk, expr);
    case EXPR_NAME:
        return name(walk, expr);
    case EXPR_MEMBER:
        return member(walk, expr);
    case EXPR_INDEX:
        return indexed(walk, expr);
    case EXPR_ENUM:
        return value_string(walk->arena, expr->constant.text, strlen(expr->constant.text));
    case EXPR_CALL:
        return tree_call(walk, expr);
    case EXPR_UNARY:
        return unary(walk, expr);
    case EXPR_BINARY:
        return binary(walk, expr);
    case EXPR_QUERY:
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
