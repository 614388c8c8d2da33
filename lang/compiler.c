/* Whole pieces of code. */
#include "lang/compiler.h"

#include "lang/compile.h"

static Compiler compiler_make(Arena *arena, const Model *model)
{
    return (Compiler){.builder.arena = arena, .model = model, .reason = NO_REGISTER};
}

static Code *compiler_finish(Compiler *compiler)
{
    if (compiler->builder.overflowed)
        return NULL;
    Code *code = code_finish(&compiler->builder);
    code->types = compiler->model->types;
    return code;
}

static const StaticType *parameters_begin(Compiler *compiler, const ProgramParameter *parameters,
                                          size_t count)
{
    StaticType *types = arena_array(compiler->builder.arena, StaticType, count);

    for (size_t i = 0; i < count; i++) {
        types[i] = parameters[i].type;
        bind_slot(compiler, (uint32_t)i, take_register(compiler),
                  (Kept){parameters[i].name, types[i]});
    }
    return types;
}

Code *compile_body(Arena *arena, const Model *model, const BodyFrame *frame, const Block *body)
{
    Compiler compiler = compiler_make(arena, model);

    compiler.field_count = (uint32_t)frame->field_count;
    code_take_registers(&compiler.builder, compiler.field_count);
    const StaticType *types =
        parameters_begin(&compiler, frame->parameters, frame->parameter_count);
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

/* The checker has seen to it that every path returns. */
static void function_end(Compiler *compiler, const Function *function)
{
    static const char text[] = "the function ended without a value";
    uint32_t reason = take_register(compiler);

    load_constant(compiler, function->span, reason,
                  value_string(compiler->builder.arena, text, sizeof text - 1));
    code_emit(&compiler->builder, function->span, OPCODE_FAIL, reason, 0, 0);
}

Code *compile_function(Arena *arena, const Model *model, const ModelFunction *function)
{
    Compiler compiler = compiler_make(arena, model);
    const StaticType *types =
        parameters_begin(&compiler, function->parameters, function->parameter_count);

    compiler.result = function->result;
    compile_block(&compiler, function->ast->body);
    function_end(&compiler, function->ast);
    Code *code = compiler_finish(&compiler);
    if (code == NULL)
        return NULL;
    code->parameter_types = types;
    code->parameter_count = (uint32_t)function->parameter_count;
    return code;
}

Code *compile_value(Arena *arena, const Model *model, const Expr *expr, StaticType type)
{
    Compiler compiler = compiler_make(arena, model);

    compiler.is_predicate = true;
    uint32_t result = compile_operand_as(&compiler, expr, type);
    code_emit(&compiler.builder, expr->span, OPCODE_RESULT, result, 0, 0);
    Code *code = compiler_finish(&compiler);
    if (code != NULL)
        code->is_predicate = true;
    return code;
}

Code *compile_predicate(Arena *arena, const Model *model, const Expr *expr)
{
    return compile_value(arena, model, expr, STATIC_BOOL);
}

Code *compile_constant(Arena *arena, const Model *model, const Expr *expr)
{
    return compile_value(arena, model, expr, STATIC_ANY);
}
