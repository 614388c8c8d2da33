/* Statements and whole pieces of code. Between statements exactly the fields, parameters and
 * visible locals have registers, so a local's slot, counted by the checker, is its register. */
#include "lang/compiler.h"

#include <assert.h>

#include "lang/compile.h"

static void compile_let(Compiler *compiler, const Stmt *stmt)
{
    uint32_t target = compiler->builder.top;
    const Expr *value = stmt->let.value;

    assert(compiler->builder.overflowed || target == compiler->field_count + stmt->slot);
    if (value->kind == EXPR_EMIT) {
        compile_let_emit(compiler, stmt);
        return;
    }
    code_take_registers(&compiler->builder, 1);
    compile_into(compiler, value, target);
    compile_check(compiler, stmt->span, target, value->static_type, stmt->static_type);
}

static void compile_assign(Compiler *compiler, const Stmt *stmt)
{
    CodeBuilder *builder = &compiler->builder;
    uint32_t target = stmt->is_field ? stmt->slot : compiler->field_count + stmt->slot;
    const Expr *value = stmt->assign.value;
    StaticType found = value->static_type;
    Operator with = stmt->assign.operator;
    uint32_t top = builder->top;

    if (with == OP_EQ) {
        compile_into(compiler, value, target);
    } else if (with == OP_ADD && value->kind == EXPR_INT && value->integer >= 0 &&
               value->integer <= INT16_MAX) {
        code_emit(builder, stmt->span, OPCODE_ADD_SMALL, target, target, (uint32_t)value->integer);
    } else {
        uint32_t operand = compile_operand(compiler, value);
        code_emit(builder, stmt->span, operator_opcode(with), target, target, operand);
    }
    builder->top = top;
    compile_check(compiler, value->span, target, found, stmt->static_type);
}

static uint32_t compile_condition(Compiler *compiler, const Expr *condition)
{
    uint32_t top = compiler->builder.top;
    uint32_t value = compile_operand(compiler, condition);

    compiler->builder.top = top;
    return code_emit_wide(&compiler->builder, condition->span, OPCODE_JUMP_FALSE, value, 0);
}

static void compile_if(Compiler *compiler, const Stmt *stmt)
{
    CodeBuilder *builder = &compiler->builder;
    uint32_t skip = compile_condition(compiler, stmt->branch.condition);

    compile_block(compiler, stmt->branch.then);
    if (stmt->branch.otherwise == NULL) {
        code_patch(builder, skip);
        return;
    }
    uint32_t done = code_emit_wide(builder, stmt->span, OPCODE_JUMP, 0, 0);
    code_patch(builder, skip);
    compile_block(compiler, stmt->branch.otherwise);
    code_patch(builder, done);
}

static void compile_while(Compiler *compiler, const Stmt *stmt)
{
    CodeBuilder *builder = &compiler->builder;
    uint32_t start = (uint32_t)builder->count;
    uint32_t leave = compile_condition(compiler, stmt->loop.condition);

    compile_block(compiler, stmt->loop.body);
    code_emit_wide(builder, stmt->loop.condition->span, OPCODE_JUMP, 0, start);
    code_patch(builder, leave);
}

static void compile_fail(Compiler *compiler, const Stmt *stmt)
{
    uint32_t top = compiler->builder.top;
    uint32_t reason = compile_operand(compiler, stmt->reason);

    code_emit(&compiler->builder, stmt->span, OPCODE_FAIL, reason, 0, 0);
    compiler->builder.top = top;
}

static void compile_stmt(Compiler *compiler, const Stmt *stmt)
{
    switch (stmt->kind) {
    case STMT_LET:
        compile_let(compiler, stmt);
        break;
    case STMT_ASSIGN:
        compile_assign(compiler, stmt);
        break;
    case STMT_IF:
        compile_if(compiler, stmt);
        break;
    case STMT_WHILE:
        compile_while(compiler, stmt);
        break;
    case STMT_EMIT:
        compile_emit(compiler, stmt->emit);
        break;
    case STMT_SEND:
        compile_send(compiler, stmt);
        break;
    case STMT_FAIL:
        compile_fail(compiler, stmt);
        break;
    case STMT_FOR:
    case STMT_MATCH:
    case STMT_RETURN:
    case STMT_RELEASE:
    case STMT_SPAWN:
    case STMT_STOP:
    case STMT_YIELD:
    case STMT_PARALLEL:
    case STMT_ELEVATE:
    case STMT_ERROR:
        break;
    }
}

void compile_block(Compiler *compiler, const Block *block)
{
    uint32_t top = compiler->builder.top;

    for (const Stmt *stmt = block->first; stmt != NULL; stmt = stmt->next)
        compile_stmt(compiler, stmt);
    compiler->builder.top = top;
}

static Code *compiler_finish(Compiler *compiler)
{
    if (compiler->builder.overflowed)
        return NULL;
    Code *code = code_finish(&compiler->builder);
    code->types = compiler->model->types;
    return code;
}

Code *compile_body(Arena *arena, const Model *model, const BodyFrame *frame, const Block *body)
{
    Compiler compiler = {
        .builder.arena = arena, .model = model, .field_count = (uint32_t)frame->field_count};
    StaticType *types = arena_array(arena, StaticType, frame->parameter_count);

    for (size_t i = 0; i < frame->parameter_count; i++)
        types[i] = frame->parameters[i].type;
    code_take_registers(&compiler.builder, (uint32_t)(frame->field_count + frame->parameter_count));
    compile_block(&compiler, body);
    code_emit(&compiler.builder, body->span, OPCODE_END, 0, 0, 0);
    Code *code = compiler_finish(&compiler);
    if (code == NULL)
        return NULL;
    code->field_count = (uint32_t)frame->field_count;
    code->parameter_types = types;
    code->parameter_count = (uint32_t)frame->parameter_count;
    return code;
}

Code *compile_predicate(Arena *arena, const Model *model, const Expr *expr)
{
    Compiler compiler = {.builder.arena = arena, .model = model, .is_predicate = true};
    uint32_t result = compile_operand(&compiler, expr);

    code_emit(&compiler.builder, expr->span, OPCODE_RESULT, result, 0, 0);
    Code *code = compiler_finish(&compiler);
    if (code != NULL)
        code->is_predicate = true;
    return code;
}

Code *compile_constant(Arena *arena, const Model *model, const Expr *expr)
{
    return compile_predicate(arena, model, expr);
}
