/* What leaves a slice. The values stand in a row of registers, in the order the output wants them;
 * they are computed in the order of the source. */
#include <string.h>

#include "lang/compile.h"

static void compile_log(Compiler *compiler, const Emit *emit)
{
    const Expr *value = emit->arguments->value;
    uint32_t text = code_take_registers(&compiler->builder, 1);

    compile_into(compiler, value, text);
    if (value->static_type != STATIC_STRING)
        code_emit(&compiler->builder, emit->span, OPCODE_CONCAT, text, text, 1);
    code_emit(&compiler->builder, emit->span, OPCODE_LOG, text, 0, 0);
}

static void compile_broadcast(Compiler *compiler, const Emit *emit)
{
    CodeBuilder *builder = &compiler->builder;
    uint32_t count = (uint32_t)compiler->model->events[emit->target].field_count;
    uint32_t base = code_take_registers(builder, count);

    for (const Argument *a = emit->arguments; a != NULL; a = a->next)
        compile_into(compiler, a->value, base + a->place);
    uint32_t site = code_site(builder, (CodeSite){.target = emit->target, .argument_count = count});
    code_emit_wide(builder, emit->span, OPCODE_EVENT, base, site);
}

void compile_send(Compiler *compiler, const Stmt *stmt)
{
    CodeBuilder *builder = &compiler->builder;
    const ProgramTransition *transition =
        &compiler->model->domains[stmt->slot].transitions[stmt->transition];
    uint32_t count = (uint32_t)transition->parameter_count;
    uint32_t top = builder->top, base = code_take_registers(builder, count);

    for (const Argument *a = stmt->send.arguments; a != NULL; a = a->next) {
        compile_into(compiler, a->value, base + a->place);
        compile_check(compiler, a->span, base + a->place, a->value->static_type,
                      transition->parameters[a->place].type);
    }
    uint32_t site = code_site(builder, (CodeSite){.target = stmt->slot,
                                                  .transition = stmt->transition,
                                                  .high = stmt->send.high,
                                                  .argument_count = count});
    code_emit_wide(builder, stmt->span, OPCODE_MESSAGE, base, site);
    builder->top = top;
}

/* ---- effects ---- */

static bool argument_is(const Argument *argument, const char *name)
{
    return argument->name.text != NULL && strcmp(argument->name.text, name) == 0;
}

/* Arguments, then name, then key. */
static uint32_t compile_effect_arguments(Compiler *compiler, const Emit *emit, const EffectUse *use)
{
    uint32_t count = (uint32_t)use->argument_count;
    uint32_t base = code_take_registers(&compiler->builder, count + use->has_name + use->has_key);
    uint32_t next = base;

    for (const Argument *a = emit->arguments; a != NULL; a = a->next) {
        bool is_name = argument_is(a, "name"), is_key = argument_is(a, "idempotency_key");
        uint32_t target = is_name ? base + count : is_key ? base + count + use->has_name : next++;
        compile_into(compiler, a->value, target);
        if (is_name || is_key)
            compile_check(compiler, a->span, target, a->value->static_type, STATIC_STRING);
    }
    return base;
}

/* `error` takes the first register that is free before the emission. That is also where the result
 * of a `let` goes, which the block cannot see yet; after it, the result is null. */
static void compile_otherwise(Compiler *compiler, const Emit *emit, uint32_t site, bool has_result)
{
    CodeBuilder *builder = &compiler->builder;
    uint32_t error = builder->top;
    uint32_t done = code_emit_wide(builder, emit->span, OPCODE_JUMP, 0, 0);

    code_take_registers(builder, 1);
    builder->sites[site].error = (uint16_t)error;
    builder->sites[site].otherwise = (uint32_t)builder->count;
    compile_block(compiler, emit->otherwise);
    if (has_result)
        code_emit_wide(builder, emit->span, OPCODE_CONST, error,
                       code_constant(builder, value_null()));
    builder->top = error;
    code_patch(builder, done);
}

/* With a result, it goes to the first free register. Leaves that register free. */
static void compile_effect(Compiler *compiler, const Emit *emit, bool has_result)
{
    CodeBuilder *builder = &compiler->builder;
    const EffectUse *use = &compiler->model->uses[emit->target];
    uint32_t top = builder->top;
    CodeSite site = {.target = emit->target,
                     .awaited = use->awaited,
                     .handled = emit->otherwise != NULL,
                     .has_name = use->has_name,
                     .has_key = use->has_key,
                     .has_result = has_result,
                     .argument_count = (uint32_t)use->argument_count,
                     .argument_names = use->argument_names,
                     .result = (uint16_t)top};

    code_take_registers(builder, 1);
    uint32_t base = compile_effect_arguments(compiler, emit, use);
    uint32_t index = code_site(builder, site);
    code_emit_wide(builder, emit->span, OPCODE_EFFECT, base, index);
    builder->top = top;
    if (emit->otherwise != NULL)
        compile_otherwise(compiler, emit, index, has_result);
}

void compile_let_emit(Compiler *compiler, const Stmt *stmt)
{
    uint32_t result = compiler->builder.top;

    compile_effect(compiler, stmt->let.value->emit, true);
    code_take_registers(&compiler->builder, 1);
    compile_check(compiler, stmt->span, result, STATIC_ANY, stmt->static_type);
}

void compile_emit(Compiler *compiler, const Emit *emit)
{
    uint32_t top = compiler->builder.top;

    switch (emit->kind) {
    case EMIT_EFFECT:
        compile_effect(compiler, emit, false);
        break;
    case EMIT_BROADCAST:
        compile_broadcast(compiler, emit);
        break;
    case EMIT_LOG:
        compile_log(compiler, emit);
        break;
    }
    compiler->builder.top = top;
}
