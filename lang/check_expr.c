/* Types of expressions, bottom up. */
#include <string.h>

#include "lang/check.h"
#include "lang/compiler.h"
#include "lang/vm.h"

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

/* What is known of the one type that both sides must have. */
static bool common_type(StaticType left, StaticType right, StaticType *ret)
{
    if (!static_type_fits(left, right))
        return false;
    *ret = is_open(left) ? right : left;
    return true;
}

static bool sum_type(Operator op, StaticType left, StaticType right, StaticType *ret)
{
    StaticType type;

    if (!common_type(left, right, &type) || type == STATIC_BOOL)
        return false;
    *ret = type;
    return op == OP_ADD || type != STATIC_STRING;
}

/* A duration may be scaled by an int, from either side, and divided by one. */
static bool scale_type(Operator op, StaticType left, StaticType right, StaticType *ret)
{
    if (left == STATIC_BOOL || left == STATIC_STRING || right == STATIC_BOOL ||
        right == STATIC_STRING)
        return false;
    if (op == OP_MOD || (left == STATIC_INT && op == OP_DIV)) {
        *ret = STATIC_INT;
        return left != STATIC_DURATION && right != STATIC_DURATION;
    }
    if (left == STATIC_DURATION || right == STATIC_DURATION) {
        *ret = STATIC_DURATION;
        return left != right && (op == OP_MUL || left == STATIC_DURATION);
    }
    *ret = left == STATIC_INT && right == STATIC_INT ? STATIC_INT : STATIC_ANY;
    return true;
}

bool operation_type(Operator op, StaticType left, StaticType right, StaticType *ret)
{
    StaticType type = STATIC_ERROR;
    bool valid = true;

    *ret = STATIC_ERROR;
    switch (op) {
    case OP_OR:
    case OP_AND:
        type = STATIC_BOOL;
        valid = static_type_fits(left, type) && static_type_fits(right, type);
        break;
    case OP_EQ:
    case OP_NE:
        valid = common_type(left, right, &type);
        type = STATIC_BOOL;
        break;
    case OP_LT:
    case OP_LE:
    case OP_GT:
    case OP_GE:
        valid = common_type(left, right, &type) && type != STATIC_BOOL && type != STATIC_STRING;
        type = STATIC_BOOL;
        break;
    case OP_ADD:
    case OP_SUB:
        valid = sum_type(op, left, right, &type);
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

/* ---- names ---- */

static StaticType name_bound(Expr *expr, bool is_field, uint32_t slot, StaticType type)
{
    expr->is_field = is_field;
    expr->slot = slot;
    return type;
}

static StaticType check_name(Checker *checker, Expr *expr)
{
    const ModelDomain *domain = checker->domain;
    const Local *local = expr->from_state ? NULL : scope_find(&checker->scope, expr->name);

    if (checker->mode == CHECK_CONSTANT) {
        Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-026", expr->span,
                                     "a first value is constant, it cannot read '%s'", expr->name);
        d->remedy = "write a literal or an expression of literals";
        return STATIC_ERROR;
    }
    if (local != NULL)
        return name_bound(expr, false, local->slot, local->type);
    int field = model_find(&domain->field_names, expr->name);
    if (field >= 0)
        return name_bound(expr, true, (uint32_t)field,
                          static_type_of_field(domain->fields[field].type));
    check_unknown(checker, "V-ERR-020", expr->from_state ? "field" : "name",
                  (Name){expr->name, expr->span}, &domain->field_names,
                  expr->from_state ? NULL : &checker->scope.names);
    return STATIC_ERROR;
}

/* ---- operators ---- */

const char *mismatch_remedy(const Expr *expr, StaticType found, StaticType wanted)
{
    bool number = wanted == STATIC_INT || wanted == STATIC_DURATION;

    if (wanted == STATIC_BOOL && expr->kind != EXPR_STRING)
        return "compare it with something: `value != 0`";
    if (wanted == STATIC_DURATION && found == STATIC_INT && expr->kind == EXPR_INT)
        return "write a duration with its unit: `5s`, `10m`";
    if (expr->kind == EXPR_STRING && (number || wanted == STATIC_BOOL))
        return "write a number, a duration, `true` or `false` without quotes";
    if (wanted == STATIC_STRING && found != STATIC_ANY)
        return "write a text in quotes; a value becomes text with \"${value}\"";
    return NULL;
}

static void report_operation(Checker *checker, const Expr *expr, StaticType left, StaticType right)
{
    Operator with = expr->operator;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-022", expr->span,
                                 "`%s` does not take %s and %s", operator_text(with),
                                 static_type_name(left), static_type_name(right));

    check_note(checker, d, expr->left->span, "this is %s", static_type_name(left));
    check_note(checker, d, expr->right->span, "this is %s", static_type_name(right));
    d->remedy = mismatch_remedy(expr->right, right, left);
    if (d->remedy == NULL)
        d->remedy = mismatch_remedy(expr->left, left, right);
    if (with == OP_ADD && (left == STATIC_STRING || right == STATIC_STRING))
        d->remedy = "put the value into the text: \"...${value}...\"";
}

static StaticType check_binary(Checker *checker, Expr *expr)
{
    StaticType left = check_expr(checker, expr->left);
    StaticType right = check_expr(checker, expr->right);
    StaticType result;

    if (expr->left == NULL || expr->right == NULL || left == STATIC_ERROR || right == STATIC_ERROR)
        return STATIC_ERROR;
    if (!operation_type(expr->operator, left, right, &result))
        report_operation(checker, expr, left, right);
    return result;
}

static StaticType check_unary(Checker *checker, Expr *expr)
{
    Operator with = expr->operator;

    if (with == OP_NOT) {
        check_expect(checker, expr->left, STATIC_BOOL, "the operand of `!`");
        return STATIC_BOOL;
    }
    StaticType type = check_expr(checker, expr->left);
    if (type != STATIC_BOOL && type != STATIC_STRING)
        return type;
    check_report(checker, SEVERITY_ERROR, "V-ERR-022", expr->span, "`-` does not take %s",
                 static_type_name(type));
    return STATIC_ERROR;
}

static StaticType check_member(Checker *checker, Expr *expr)
{
    StaticType type = check_expr(checker, expr->operand);

    if (is_open(type))
        return type;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-022", expr->span,
                                 "'.%s' asks for an effect's result, found %s", expr->member.text,
                                 static_type_name(type));
    d->consequence = "only what an effect answers has members";
    return STATIC_ERROR;
}

static StaticType check_parts(Checker *checker, Expr *expr)
{
    for (StringPart *part = expr->parts; part != NULL; part = part->next)
        if (part->text == NULL)
            check_expr(checker, part->expr);
    return STATIC_STRING;
}

static StaticType check_kind(Checker *checker, Expr *expr)
{
    switch (expr->kind) {
    case EXPR_INT:
        return STATIC_INT;
    case EXPR_BOOL:
        return STATIC_BOOL;
    case EXPR_STRING:
        return check_parts(checker, expr);
    case EXPR_DURATION:
        return STATIC_DURATION;
    case EXPR_NAME:
        return check_name(checker, expr);
    case EXPR_MEMBER:
        return check_member(checker, expr);
    case EXPR_UNARY:
        return check_unary(checker, expr);
    case EXPR_BINARY:
        return check_binary(checker, expr);
    case EXPR_EMIT: /* elsewhere than in a `let`: the parser has refused it */
    case EXPR_ERROR:
        return STATIC_ERROR;
    }
    return STATIC_ERROR;
}

StaticType check_expr(Checker *checker, Expr *expr)
{
    if (expr == NULL)
        return STATIC_ERROR;
    StaticType type = STATIC_ERROR;
    if (check_descend(checker, expr->span))
        type = check_kind(checker, expr);
    checker->depth--;
    expr->static_type = (uint8_t)type;
    return type;
}

StaticType check_expect(Checker *checker, Expr *expr, StaticType expected, const char *role)
{
    StaticType type = check_expr(checker, expr);

    if (static_type_fits(type, expected))
        return type;
    Diagnostic *d =
        check_report(checker, SEVERITY_ERROR, "V-ERR-022", expr->span, "%s must be %s, found %s",
                     role, static_type_name(expected), static_type_name(type));
    d->label = arena_format(checker->arena, "this is %s", static_type_name(type));
    d->remedy = mismatch_remedy(expr, type, expected);
    return STATIC_ERROR;
}

/* ---- what can be said of a value before it is computed ---- */

/* Is there a leaf for which `test` holds? Literals are asked about as well. */
typedef bool LeafTest(Checker *checker, const Expr *leaf);

static bool any_leaf(Checker *checker, const Expr *expr, LeafTest *test)
{
    static const Expr mistake = {.kind = EXPR_ERROR};

    if (expr == NULL)
        return false;
    if (expr->static_type == STATIC_ERROR) /* perhaps too deep to walk */
        return test(checker, &mistake);
    switch (expr->kind) {
    case EXPR_STRING:
        for (const StringPart *part = expr->parts; part != NULL; part = part->next)
            if (part->text == NULL && any_leaf(checker, part->expr, test))
                return true;
        return false;
    case EXPR_MEMBER:
        return any_leaf(checker, expr->operand, test);
    case EXPR_UNARY:
        return any_leaf(checker, expr->left, test);
    case EXPR_BINARY:
        return any_leaf(checker, expr->left, test) || any_leaf(checker, expr->right, test);
    case EXPR_INT:
    case EXPR_BOOL:
    case EXPR_DURATION:
    case EXPR_NAME:
    case EXPR_EMIT:
    case EXPR_ERROR:
        return test(checker, expr);
    }
    return false;
}

static bool leaf_is_no_literal(Checker *checker, const Expr *leaf)
{
    (void)checker;
    return leaf->kind == EXPR_NAME || leaf->kind == EXPR_EMIT || leaf->kind == EXPR_ERROR;
}

bool expr_is_constant(const Expr *expr)
{
    return expr != NULL && !any_leaf(NULL, expr, leaf_is_no_literal);
}

static bool leaf_is_dynamic(Checker *checker, const Expr *leaf)
{
    if (leaf->kind != EXPR_NAME)
        return leaf->kind == EXPR_EMIT;
    const Local *local = leaf->from_state ? NULL : scope_find(&checker->scope, leaf->name);
    return local == NULL || local->dynamic;
}

bool expr_is_dynamic(Checker *checker, const Expr *expr)
{
    return any_leaf(checker, expr, leaf_is_dynamic);
}

static bool leaf_varies(Checker *checker, const Expr *leaf)
{
    if (leaf->kind != EXPR_NAME)
        return false;
    const Local *local = leaf->from_state ? NULL : scope_find(&checker->scope, leaf->name);
    return (local != NULL && local->loop_depth >= checker->loop_depth) ||
           map_get(&checker->loop->assigned, leaf->name) != NULL;
}

bool expr_varies(Checker *checker, const Expr *expr)
{
    return any_leaf(checker, expr, leaf_varies);
}

bool expr_constant_value(Checker *checker, const Expr *expr, Value *ret, const char **ret_fault)
{
    const Code *code = compile_constant(checker->arena, expr);
    Arena *arena = checker->arena;

    *ret_fault = "it is too large";
    return code != NULL &&
           constant_evaluate(checker->model->ast->source, code, arena, ret, ret_fault);
}
