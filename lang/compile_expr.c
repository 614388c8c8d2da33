/* Expressions. They have no side effects, so a variable's own register may serve as an operand:
 * nothing can change it before it is used. */
#include "lang/compile.h"

Opcode operator_opcode(Operator op)
{
    switch (op) {
    case OP_OR:
        return OPCODE_OR;
    case OP_AND:
        return OPCODE_AND;
    case OP_EQ:
        return OPCODE_EQ;
    case OP_NE:
        return OPCODE_NE;
    case OP_LT:
        return OPCODE_LT;
    case OP_LE:
        return OPCODE_LE;
    case OP_GT:
        return OPCODE_GT;
    case OP_GE:
        return OPCODE_GE;
    case OP_ADD:
        return OPCODE_ADD;
    case OP_SUB:
        return OPCODE_SUB;
    case OP_MUL:
        return OPCODE_MUL;
    case OP_DIV:
        return OPCODE_DIV;
    case OP_MOD:
        return OPCODE_MOD;
    case OP_NOT:
        return OPCODE_NOT;
    case OP_NEG:
        return OPCODE_NEG;
    }
    return OPCODE_END;
}

uint32_t take_register(Compiler *compiler)
{
    return code_take_registers(&compiler->builder, 1);
}

void load_constant(Compiler *compiler, Span span, uint32_t target, Value value)
{
    uint32_t constant = code_constant(&compiler->builder, value);

    code_emit_wide(&compiler->builder, span, OPCODE_CONST, target, constant);
}

/* ---- values of a type ---- */

void compile_check(Compiler *compiler, Span span, uint32_t target, uint32_t value, StaticType found,
                   StaticType expected)
{
    if (type_needs_check(compiler->model->types, found, expected))
        code_emit(&compiler->builder, span, OPCODE_CHECK, target, value, expected);
    else if (target != value)
        code_emit(&compiler->builder, span, OPCODE_MOVE, target, value, 0);
}

/* What is written out is converted now: 1 where a float is asked for. */
static bool converted_constant(Compiler *compiler, const Expr *expr, StaticType type, Value *ret)
{
    return expr->static_type != STATIC_ANY && constant_value(compiler, expr, ret) &&
           type_admit(compiler->model->types, type, *ret, compiler->builder.arena, ret);
}

void compile_as(Compiler *compiler, const Expr *expr, StaticType type, uint32_t target)
{
    Value value;

    if (!type_needs_check(compiler->model->types, expr->static_type, type)) {
        compile_into(compiler, expr, target);
    } else if (converted_constant(compiler, expr, type, &value)) {
        load_constant(compiler, expr->span, target, value);
    } else {
        compile_into(compiler, expr, target);
        compile_check(compiler, expr->span, target, target, expr->static_type, type);
    }
}

uint32_t compile_operand_as(Compiler *compiler, const Expr *expr, StaticType type)
{
    if (!type_needs_check(compiler->model->types, expr->static_type, type))
        return compile_operand(compiler, expr);
    uint32_t target = take_register(compiler);
    compile_as(compiler, expr, type, target);
    return target;
}

/* ---- names and text ---- */

bool is_variable(const Compiler *compiler, const Expr *expr)
{
    return expr->kind == EXPR_NAME && (expr->name_kind == NAME_LOCAL ||
                                       (expr->name_kind == NAME_FIELD && !compiler->is_predicate));
}

uint32_t variable_register(const Compiler *compiler, const Expr *expr)
{
    return expr->name_kind == NAME_FIELD ? expr->slot : compiler->slots[expr->slot];
}

/* Whether values of the type may be changed in place while they are a variable's own. */
static bool is_shared(const Compiler *compiler, StaticType type)
{
    TypeKind kind = type_kind(compiler->model->types, type);

    return (kind != KIND_PLAIN && kind != KIND_ENUM) || type == STATIC_ANY || type == STATIC_ERROR;
}

static void compile_name(Compiler *compiler, const Expr *expr, uint32_t target)
{
    CodeBuilder *builder = &compiler->builder;
    Opcode move = is_shared(compiler, expr->static_type) ? OPCODE_SHARE : OPCODE_MOVE;

    switch ((NameKind)expr->name_kind) {
    case NAME_LOCAL:
    case NAME_FIELD:
        if (!is_variable(compiler, expr))
            code_emit(builder, expr->span, OPCODE_FIELD, target, expr->slot, 0);
        else if (variable_register(compiler, expr) != target)
            code_emit(builder, expr->span, move, target, variable_register(compiler, expr), 0);
        break;
    case NAME_CONSTANT:
        load_constant(compiler, expr->span, target, compiler->model->constants[expr->slot].value);
        break;
    case NAME_KEY:
        code_emit(builder, expr->span, OPCODE_KEY, target, 0, 0);
        break;
    case NAME_OLD:
        code_emit(builder, expr->span, OPCODE_OLD, target, 0, 0);
        break;
    }
}

static void compile_string(Compiler *compiler, const Expr *expr, uint32_t target)
{
    uint32_t count = 0;

    for (const StringPart *part = expr->parts; part != NULL; part = part->next)
        count++;
    uint32_t base = code_take_registers(&compiler->builder, count), at = base;
    for (const StringPart *part = expr->parts; part != NULL; part = part->next, at++) {
        if (part->text != NULL)
            load_constant(compiler, part->span, at,
                          value_string(compiler->builder.arena, part->text, part->size));
        else
            compile_into(compiler, part->expr, at);
    }
    code_emit(&compiler->builder, expr->span, OPCODE_CONCAT, target, base, count);
}

/* ---- operators ---- */

static bool is_logic(const Expr *expr)
{
    Operator with = expr->kind == EXPR_BINARY ? expr->operator: OP_EQ;

    return with == OP_AND || with == OP_OR;
}

/* `left && right`: right is skipped when left decides. The result grows in a register that right
 * does not read. */
static void compile_logic(Compiler *compiler, const Expr *expr, uint32_t result)
{
    CodeBuilder *builder = &compiler->builder;
    Operator with = expr->operator;
    Opcode skip_on = with == OP_AND ? OPCODE_SKIP_FALSE : OPCODE_SKIP_TRUE;

    compile_into(compiler, expr->left, result);
    uint32_t skip = code_emit_wide(builder, expr->left->span, skip_on, result, 0);
    uint32_t right = compile_operand(compiler, expr->right);
    code_emit(builder, expr->operator_span, operator_opcode(expr->operator), result, result, right);
    code_patch(builder, skip);
}

static bool is_small(const Expr *expr)
{
    return expr->kind == EXPR_INT && expr->static_type != STATIC_FLOAT && expr->integer >= 0 &&
           expr->integer <= INT16_MAX;
}

/* The type that a side of an operator is computed as: an int beside a float is a float, and
 * beside `==` what is not known to have the type of the other side is looked at. */
static StaticType side_type(const Compiler *compiler, Operator with, const Expr *side,
                            const Expr *other)
{
    StaticType type = side->static_type, to = other->static_type;

    if (with != OP_EQ && with != OP_NE)
        return type == STATIC_INT && to == STATIC_FLOAT ? to : type;
    if (to == STATIC_NULL || !type_fits(compiler->model->types, type, to))
        return type;
    return to;
}

static void compile_binary(Compiler *compiler, const Expr *expr, uint32_t target)
{
    CodeBuilder *builder = &compiler->builder;
    Operator with = expr->operator;

    if (is_logic(expr)) {
        uint32_t result = take_register(compiler);
        compile_logic(compiler, expr, result);
        code_emit(builder, expr->span, OPCODE_MOVE, target, result, 0);
        return;
    }
    uint32_t left = compile_operand_as(compiler, expr->left,
                                       side_type(compiler, with, expr->left, expr->right));
    if (with == OP_ADD && is_small(expr->right) && expr->left->static_type != STATIC_FLOAT) {
        code_emit(builder, expr->operator_span, OPCODE_ADD_SMALL, target, left,
                  (uint32_t)expr->right->integer);
        return;
    }
    uint32_t right = compile_operand_as(compiler, expr->right,
                                        side_type(compiler, with, expr->right, expr->left));
    code_emit(builder, expr->operator_span, operator_opcode(with), target, left, right);
}

static void compile_unary(Compiler *compiler, const Expr *expr, uint32_t target)
{
    uint32_t value = compile_operand(compiler, expr->left);

    code_emit(&compiler->builder, expr->span, operator_opcode(expr->operator), target, value, 0);
}

void compile_into(Compiler *compiler, const Expr *expr, uint32_t target)
{
    uint32_t top = compiler->builder.top;
    Value constant;

    if (constant_value(compiler, expr, &constant)) {
        load_constant(compiler, expr->span, target, constant);
        return;
    }
    switch (expr->kind) {
    case EXPR_STRING:
        compile_string(compiler, expr, target);
        break;
    case EXPR_LIST:
        compile_list(compiler, expr, target);
        break;
    case EXPR_MAP:
        compile_map(compiler, expr, target);
        break;
    case EXPR_NAME:
        compile_name(compiler, expr, target);
        break;
    case EXPR_MEMBER:
        compile_member(compiler, expr, target);
        break;
    case EXPR_INDEX:
        compile_index(compiler, expr, target);
        break;
    case EXPR_CALL:
        compile_call(compiler, expr, target);
        break;
    case EXPR_QUERY:
        compile_query(compiler, expr, OPCODE_FACT, target);
        break;
    case EXPR_UNARY:
        compile_unary(compiler, expr, target);
        break;
    case EXPR_BINARY:
        compile_binary(compiler, expr, target);
        break;
    case EXPR_INT:
    case EXPR_FLOAT:
    case EXPR_BOOL:
    case EXPR_NULL:
    case EXPR_DURATION:
    case EXPR_ENUM:
        break; /* constants */
    case EXPR_EMIT:
    case EXPR_ERROR:
        break; /* the checker let neither pass */
    }
    compiler->builder.top = top;
}

uint32_t compile_operand(Compiler *compiler, const Expr *expr)
{
    if (is_variable(compiler, expr))
        return variable_register(compiler, expr);
    uint32_t target = take_register(compiler);
    if (is_logic(expr))
        compile_logic(compiler, expr, target);
    else
        compile_into(compiler, expr, target);
    return target;
}
