/* Operators: which types they take, and what to write where they do not take them. */
#include "lang/check.h"

const char *operator_text(Operator op)
{
    switch (op) {
    case OP_OR:
        return "||";
    case OP_AND:
        return "&&";
    case OP_EQ:
        return "==";
    case OP_NE:
        return "!=";
    case OP_LT:
        return "<";
    case OP_LE:
        return "<=";
    case OP_GT:
        return ">";
    case OP_GE:
        return ">=";
    case OP_ADD:
        return "+";
    case OP_SUB:
    case OP_NEG:
        return "-";
    case OP_MUL:
        return "*";
    case OP_DIV:
        return "/";
    case OP_MOD:
        return "%";
    case OP_NOT:
        return "!";
    }
    return "?";
}

static bool is_open(StaticType type)
{
    return type == STATIC_ANY || type == STATIC_ERROR;
}

/* ---- the type of an operation ---- */

/* What is known of the one type that both sides must have. */
static bool common_type(const TypeTable *types, StaticType left, StaticType right, StaticType *ret)
{
    *ret = is_open(left) ? right : left;
    return is_open(left) || is_open(right) || type_join(types, left, right, ret);
}

static bool is_secret_text(StaticType left, StaticType right)
{
    return (left == STATIC_SECRET && right == STATIC_STRING) ||
           (left == STATIC_STRING && right == STATIC_SECRET);
}

static bool is_amount(StaticType type)
{
    return type == STATIC_INT || type == STATIC_FLOAT || type == STATIC_DURATION || is_open(type);
}

static bool sum_type(const TypeTable *types, Operator op, StaticType left, StaticType right,
                     StaticType *ret)
{
    StaticType type = STATIC_SECRET;

    if (!is_secret_text(left, right) && !common_type(types, left, right, &type))
        return false;
    *ret = type;
    return is_amount(type) || (op == OP_ADD && (type == STATIC_STRING || type == STATIC_SECRET ||
                                                type_kind(types, type) == KIND_LIST));
}

/* A duration may be scaled by an int, from either side, and divided by one. */
static bool scale_duration(Operator op, StaticType left, StaticType right, StaticType *ret)
{
    *ret = STATIC_DURATION;
    if (left == STATIC_DURATION)
        return op != OP_MOD && (right == STATIC_INT || is_open(right));
    return op == OP_MUL && (left == STATIC_INT || is_open(left));
}

static bool scale_type(Operator op, StaticType left, StaticType right, StaticType *ret)
{
    if (!is_amount(left) || !is_amount(right))
        return false;
    if (left == STATIC_DURATION || right == STATIC_DURATION)
        return scale_duration(op, left, right, ret);
    if (op == OP_MOD) {
        *ret = STATIC_INT;
        return left != STATIC_FLOAT && right != STATIC_FLOAT;
    }
    *ret = STATIC_ANY;
    if (is_open(left) && is_open(right))
        return true;
    if (is_open(left) || is_open(right)) {
        StaticType known = is_open(left) ? right : left;
        *ret = known == STATIC_FLOAT || (left == STATIC_INT && op == OP_DIV) ? known : STATIC_ANY;
        return true;
    }
    *ret = left;
    return left == right;
}

bool operation_type(const TypeTable *types, Operator op, StaticType left, StaticType right,
                    StaticType *ret)
{
    StaticType type = STATIC_BOOL;
    bool valid = true;

    *ret = STATIC_ERROR;
    switch (op) {
    case OP_OR:
    case OP_AND:
        valid = type_fits(types, left, type) && type_fits(types, right, type);
        break;
    case OP_EQ:
    case OP_NE:
        valid = is_secret_text(left, right) || common_type(types, left, right, &type);
        type = STATIC_BOOL;
        break;
    case OP_LT:
    case OP_LE:
    case OP_GT:
    case OP_GE:
        valid = common_type(types, left, right, &type) && is_amount(type);
        type = STATIC_BOOL;
        break;
    case OP_ADD:
    case OP_SUB:
        valid = sum_type(types, op, left, right, &type);
        break;
    case OP_MUL:
    case OP_DIV:
    case OP_MOD:
        valid = scale_type(op, left, right, &type);
        break;
    case OP_NOT:
    case OP_NEG:
        valid = false;
        break;
    }
    if (valid)
        *ret = type;
    return valid;
}

/* ---- int literals where a float is asked for ---- */

#define FLOAT_EXACT_MAX (INT64_C(1) << 53)

bool expr_is_int_literal(const Expr *expr)
{
    if (expr != NULL && expr->kind == EXPR_UNARY && expr->operator== OP_NEG)
        expr = expr->left;
    return expr != NULL && expr->kind == EXPR_INT && expr->integer <= FLOAT_EXACT_MAX;
}

void expr_become_float(Expr *expr)
{
    expr->static_type = STATIC_FLOAT;
    if (expr->kind == EXPR_UNARY) {
        expr_become_float(expr->left);
        return;
    }
    int64_t integer = expr->integer;
    expr->kind = EXPR_FLOAT;
    expr->number = (double)integer;
}

StaticType check_literal_as(Checker *checker, Expr *expr, StaticType found, StaticType wanted)
{
    if (found != STATIC_INT || wanted == STATIC_INT || !expr_is_int_literal(expr))
        return found;
    const Type *type = type_of(checker->model->types, wanted);
    if ((type->kind == KIND_OPTIONAL ? type->element : wanted) != STATIC_FLOAT)
        return found;
    if (!checker->muted) /* in a round that only types events, what is wanted may change yet */
        expr_become_float(expr);
    return STATIC_FLOAT;
}

/* ---- what to write instead ---- */

/* The expression as it stands in the source, if it is short. */
static const char *written(Checker *checker, const Expr *expr)
{
    size_t size = expr->span.end - expr->span.start;

    if (size > 40)
        return "x";
    return arena_copy_bytes(checker->arena, checker->model->ast->source->text + expr->span.start,
                            size);
}

static const char *optional_remedy(Checker *checker, const Expr *expr)
{
    const char *text = written(checker, expr);

    if (expr->kind == EXPR_NAME)
        return arena_format(checker->arena,
                            "it may be null: use it inside `if %s != null { }`, or write "
                            "value_or(%s, ...)",
                            text, text);
    return arena_format(checker->arena,
                        "it may be null: keep it with `let v = %s` and use v inside "
                        "`if v != null { }`, or write value_or(%s, ...)",
                        text, text);
}

/* A text that names a member of the enum that is asked for. */
static const char *enum_remedy(Checker *checker, const Expr *expr, const Type *wanted)
{
    const char *text = expr->kind == EXPR_STRING && expr->parts != NULL && expr->parts->next == NULL
                           ? expr->parts->text
                           : NULL;

    for (size_t i = 0; i < wanted->member_count && text != NULL; i++)
        if (strcmp(wanted->members[i].name, text) == 0)
            return arena_format(checker->arena, "write %s::%s", wanted->name, text);
    if (wanted->member_count == 0)
        return NULL;
    return arena_format(checker->arena, "write a member of it: %s::%s", wanted->name,
                        wanted->members[0].name);
}

static const char *number_remedy(Checker *checker, const Expr *expr, StaticType found,
                                 StaticType wanted)
{
    if (wanted == STATIC_FLOAT && found == STATIC_INT)
        return arena_format(checker->arena, "write float(%s)", written(checker, expr));
    if (wanted == STATIC_INT && found == STATIC_FLOAT)
        return arena_format(checker->arena, "write int(%s), which goes toward zero",
                            written(checker, expr));
    if (wanted == STATIC_DURATION && found == STATIC_INT && expr->kind == EXPR_INT)
        return "write a duration with its unit: `5s`, `10m`";
    if (expr->kind == EXPR_STRING)
        return "write a number, a duration, `true` or `false` without quotes";
    return NULL;
}

/* What is no bool can be asked about, but for a number that stands there itself. */
static const char *bool_remedy(Checker *checker, const Expr *expr, StaticType found)
{
    const char *against = found == STATIC_STRING     ? "\"\""
                          : found == STATIC_DURATION ? "0s"
                          : is_amount(found)         ? "0"
                                                     : NULL;

    if (expr->kind == EXPR_STRING)
        return number_remedy(checker, expr, found, STATIC_BOOL);
    if (expr->kind == EXPR_DURATION || expr->kind == EXPR_FLOAT || expr_is_int_literal(expr))
        return "write `true` or `false`";
    return against != NULL ? arena_format(checker->arena, "compare it with something: `%s != %s`",
                                          written(checker, expr), against)
                           : "compare it with something";
}

const char *mismatch_remedy(Checker *checker, const Expr *expr, StaticType found, StaticType wanted)
{
    const TypeTable *types = checker->model->types;
    const Type *from = type_of(types, found), *to = type_of(types, wanted);

    if (found == STATIC_NULL)
        return arena_format(checker->arena, "%s is never null; what may be is declared as %s?",
                            to->name, to->name);
    if (from->kind == KIND_OPTIONAL && type_fits(types, from->element, wanted))
        return optional_remedy(checker, expr);
    if (to->kind == KIND_OPTIONAL)
        return mismatch_remedy(checker, expr, found, to->element);
    if (to->kind == KIND_ENUM)
        return enum_remedy(checker, expr, to);
    if (to->kind == KIND_LIST && type_fits(types, found, to->element))
        return arena_format(checker->arena, "write a list: [%s]", written(checker, expr));
    if (wanted == STATIC_BOOL)
        return bool_remedy(checker, expr, found);
    if (wanted == STATIC_STRING && found == STATIC_SECRET)
        return "a secret is shown nowhere, so what keeps it must be a secret as well";
    if ((wanted == STATIC_STRING || wanted == STATIC_SECRET) && !is_open(found))
        return "write a text in quotes; a value becomes text with \"${value}\"";
    return is_amount(wanted) ? number_remedy(checker, expr, found, wanted) : NULL;
}

/* ---- checks ---- */

static bool is_optional_of(const Checker *checker, StaticType optional, StaticType type)
{
    const Type *of = type_of(checker->model->types, optional);

    return of->kind == KIND_OPTIONAL && type_fits(checker->model->types, of->element, type);
}

static const char *operation_remedy(Checker *checker, const Expr *expr, StaticType left,
                                    StaticType right)
{
    bool text = left == STATIC_STRING || right == STATIC_STRING;
    const char *remedy;

    if (expr->operator== OP_ADD && text && is_amount(left == STATIC_STRING ? right : left))
        return "put the value into the text: \"...${value}...\"";
    if (left == STATIC_INT && right == STATIC_FLOAT)
        return mismatch_remedy(checker, expr->left, left, right);
    if (left == right)
        return NULL;
    if (is_optional_of(checker, left, right))
        return optional_remedy(checker, expr->left);
    if (is_optional_of(checker, right, left))
        return optional_remedy(checker, expr->right);
    remedy = mismatch_remedy(checker, expr->right, right, left);
    return remedy != NULL ? remedy : mismatch_remedy(checker, expr->left, left, right);
}

static void report_operation(Checker *checker, const Expr *expr, StaticType left, StaticType right)
{
    const TypeTable *types = checker->model->types;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-022", expr->span,
                                 "`%s` does not take %s and %s", operator_text(expr->operator),
                                 type_name(types, left), type_name(types, right));

    check_note(checker, d, expr->left->span, "this is %s", type_name(types, left));
    check_note(checker, d, expr->right->span, "this is %s", type_name(types, right));
    d->remedy = operation_remedy(checker, expr, left, right);
}

static bool is_logic(const Expr *expr, Operator with)
{
    return expr != NULL && expr->kind == EXPR_BINARY && expr->operator== with;
}

/* The right side knows what the left one has found out: `x != null && x > 0`. A chain of one
 * operator leaves to its next link what it knows, so that none is gone through twice. */
static void check_logic(Checker *checker, Expr *expr, StaticType *ret_left, StaticType *ret_right)
{
    bool goes_on = checker->chained == expr, holds = expr->operator== OP_AND;
    bool chain = is_logic(expr->left, expr->operator);
    size_t mark = narrow_mark(checker);

    checker->chained = chain ? expr->left : NULL;
    *ret_left = check_expr(checker, expr->left);
    checker->chained = NULL;
    if (!chain)
        narrow_by(checker, expr->left, holds);
    *ret_right = check_expr(checker, expr->right);
    if (goes_on)
        narrow_by(checker, expr->right, holds);
    else
        narrow_undo(checker, mark);
}

StaticType check_binary(Checker *checker, Expr *expr)
{
    StaticType left, right, result;

    if (expr->operator== OP_AND || expr->operator== OP_OR) {
        check_logic(checker, expr, &left, &right);
    } else {
        left = check_expr(checker, expr->left);
        right = check_wanted(checker, expr->right, left);
    }
    if (expr->left == NULL || expr->right == NULL || left == STATIC_ERROR || right == STATIC_ERROR)
        return STATIC_ERROR;
    left = check_literal_as(checker, expr->left, left, right);
    if (expr->left->kind == EXPR_NULL)
        right = narrow_declared(checker, expr->right, right);
    if (expr->right->kind == EXPR_NULL)
        left = narrow_declared(checker, expr->left, left);
    if (!operation_type(checker->model->types, expr->operator, left, right, &result))
        report_operation(checker, expr, left, right);
    return result;
}

StaticType check_unary(Checker *checker, Expr *expr)
{
    if (expr->operator== OP_NOT) {
        check_expect(checker, expr->left, STATIC_BOOL, "the operand of `!`");
        return STATIC_BOOL;
    }
    StaticType type = check_expr(checker, expr->left);
    if (is_amount(type))
        return type;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-022", expr->span,
                                 "`-` does not take %s", type_name(checker->model->types, type));
    if (type_kind(checker->model->types, type) == KIND_OPTIONAL)
        d->remedy = optional_remedy(checker, expr->left);
    return STATIC_ERROR;
}
