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

void compile_check(Compiler *compiler, Span span, uint32_t value, StaticType found,
                   StaticType expected)
{
    if (type_needs_check(compiler->model->types, found, expected))
        code_emit(&compiler->builder, span, OPCODE_CHECK, value, expected, 0);
}

static void load_constant(Compiler *compiler, Span span, uint32_t target, Value value)
{
    uint32_t constant = code_constant(&compiler->builder, value);

    code_emit_wide(&compiler->builder, span, OPCODE_CONST, target, constant);
}

static uint32_t take_one(Compiler *compiler)
{
    return code_take_registers(&compiler->builder, 1);
}

static uint32_t name_register(const Compiler *compiler, const Expr *expr)
{
    return expr->name_kind == NAME_FIELD ? expr->slot : compiler->field_count + expr->slot;
}

static void compile_name(Compiler *compiler, const Expr *expr, uint32_t target)
{
    if (compiler->is_predicate)
        code_emit(&compiler->builder, expr->span, OPCODE_FIELD, target, expr->slot, 0);
    else if (name_register(compiler, expr) != target)
        code_emit(&compiler->builder, expr->span, OPCODE_MOVE, target,
                  name_register(compiler, expr), 0);
}

static Value part_value(Compiler *compiler, const StringPart *part)
{
    return value_string(compiler->builder.arena, part->text, part->size);
}

static void compile_string(Compiler *compiler, const Expr *expr, uint32_t target)
{
    const StringPart *first = expr->parts;
    uint32_t count = 0;

    if (first == NULL || (first->next == NULL && first->text != NULL)) {
        Value text = first == NULL ? value_string(compiler->builder.arena, "", 0)
                                   : part_value(compiler, first);
        load_constant(compiler, expr->span, target, text);
        return;
    }
    for (const StringPart *part = first; part != NULL; part = part->next)
        count++;
    uint32_t base = code_take_registers(&compiler->builder, count), at = base;
    for (const StringPart *part = first; part != NULL; part = part->next, at++) {
        if (part->text != NULL)
            load_constant(compiler, part->span, at, part_value(compiler, part));
        else
            compile_into(compiler, part->expr, at);
    }
    code_emit(&compiler->builder, expr->span, OPCODE_CONCAT, target, base, count);
}

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
    return expr->kind == EXPR_INT && expr->integer >= 0 && expr->integer <= INT16_MAX;
}

static void compile_binary(Compiler *compiler, const Expr *expr, uint32_t target)
{
    CodeBuilder *builder = &compiler->builder;
    Operator with = expr->operator;
    StaticType left_type = expr->left->static_type;
    StaticType right_type = expr->right->static_type;

    if (is_logic(expr)) {
        uint32_t result = take_one(compiler);
        compile_logic(compiler, expr, result);
        code_emit(builder, expr->span, OPCODE_MOVE, target, result, 0);
        return;
    }
    uint32_t left = compile_operand(compiler, expr->left);
    if (with == OP_ADD && is_small(expr->right)) {
        code_emit(builder, expr->operator_span, OPCODE_ADD_SMALL, target, left,
                  (uint32_t)expr->right->integer);
        return;
    }
    uint32_t right = compile_operand(compiler, expr->right);
    if (with == OP_EQ || with == OP_NE) {
        compile_check(compiler, expr->left->span, left, left_type, right_type);
        compile_check(compiler, expr->right->span, right, right_type, left_type);
    }
    code_emit(builder, expr->operator_span, operator_opcode(expr->operator), target, left, right);
}

static void compile_unary(Compiler *compiler, const Expr *expr, uint32_t target)
{
    const Expr *operand = expr->left;
    Operator with = expr->operator;

    if (with == OP_NEG && operand->kind == EXPR_INT && operand->integer != INT64_MIN) {
        load_constant(compiler, expr->span, target, value_int(-operand->integer));
        return;
    }
    uint32_t value = compile_operand(compiler, operand);
    code_emit(&compiler->builder, expr->span, operator_opcode(expr->operator), target, value, 0);
}

static void compile_member(Compiler *compiler, const Expr *expr, uint32_t target)
{
    uint32_t operand = compile_operand(compiler, expr->operand);
    const char *member = expr->member.text;
    Value name = value_string(compiler->builder.arena, member, __builtin_strlen(member));

    code_emit(&compiler->builder, expr->member.span, OPCODE_MEMBER, target, operand,
              code_constant(&compiler->builder, name));
}

void compile_into(Compiler *compiler, const Expr *expr, uint32_t target)
{
    uint32_t top = compiler->builder.top;

    switch (expr->kind) {
    case EXPR_INT:
        load_constant(compiler, expr->span, target, value_int(expr->integer));
        break;
    case EXPR_BOOL:
        load_constant(compiler, expr->span, target, value_bool(expr->boolean));
        break;
    case EXPR_DURATION:
        load_constant(compiler, expr->span, target, value_duration(expr->integer));
        break;
    case EXPR_STRING:
        compile_string(compiler, expr, target);
        break;
    case EXPR_NAME:
        compile_name(compiler, expr, target);
        break;
    case EXPR_MEMBER:
        compile_member(compiler, expr, target);
        break;
    case EXPR_UNARY:
        compile_unary(compiler, expr, target);
        break;
    case EXPR_BINARY:
        compile_binary(compiler, expr, target);
        break;
    case EXPR_FLOAT:
    case EXPR_NULL:
    case EXPR_LIST:
    case EXPR_MAP:
    case EXPR_INDEX:
    case EXPR_ENUM:
    case EXPR_CALL:
    case EXPR_QUERY:
    case EXPR_EMIT:
    case EXPR_ERROR:
        break; /* the checker let neither pass */
    }
    compiler->builder.top = top;
}

uint32_t compile_operand(Compiler *compiler, const Expr *expr)
{
    if (expr->kind == EXPR_NAME && !compiler->is_predicate)
        return name_register(compiler, expr);
    uint32_t target = take_one(compiler);
    if (is_logic(expr))
        compile_logic(compiler, expr, target);
    else
        compile_into(compiler, expr, target);
    return target;
}
