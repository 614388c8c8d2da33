/* What leaves a slice. The values stand in a row of registers, in the order the output wants them;
 * they are computed in the order of the source. */
#include <string.h>

#include "lang/compile.h"

static void compile_log(Compiler *compiler, const Emit *emit)
{
    const Expr *value = emit->arguments->value;
    uint32_t text = take_register(compiler);

    compile_into(compiler, value, text);
    if (value->static_type != STATIC_STRING)
        code_emit(&compiler->builder, emit->span, OPCODE_CONCAT, text, text, 1);
    code_emit(&compiler->builder, emit->span, OPCODE_LOG, text, 0, 0);
}

static void compile_broadcast(Compiler *compiler, const Emit *emit)
{
    CodeBuilder *builder = &compiler->builder;
    const ModelEvent *event = &compiler->model->events[emit->target];
    uint32_t count = (uint32_t)event->field_count;
    uint32_t base = code_take_registers(builder, count);

    for (const Argument *a = emit->arguments; a != NULL; a = a->next)
        compile_as(compiler, a->value, event->fields[a->place].type, base + a->place);
    uint32_t site = code_site(builder, (CodeSite){.target = emit->target, .argument_count = count});
    code_emit_wide(builder, emit->span, OPCODE_EVENT, base, site);
}

/* ---- to other domains ---- */

void compile_send(Compiler *compiler, const Stmt *stmt)
{
    CodeBuilder *builder = &compiler->builder;
    const ModelDomain *receiver = &compiler->model->domains[stmt->slot];
    const ProgramTransition *transition = &receiver->transitions[stmt->transition];
    const ProgramHandler *handler = &receiver->handlers[stmt->transition];
    const ProgramParameter *parameters =
        stmt->to_handler ? handler->parameters : transition->parameters;
    uint32_t count =
        (uint32_t)(stmt->to_handler ? handler->parameter_count : transition->parameter_count);
    CodeSite site = {.target = stmt->slot,
                     .transition = stmt->transition,
                     .high = stmt->send.high,
                     .to_handler = stmt->to_handler,
                     .has_instance = stmt->send.key != NULL || stmt->send.to_self,
                     .has_reason = compiler->reason != NO_REGISTER,
                     .argument_count = count};
    uint32_t top = builder->top, base = code_take_registers(builder, count + 2),
             next = base + count;

    if (stmt->send.key != NULL)
        compile_as(compiler, stmt->send.key, STATIC_STRING, next++);
    else if (stmt->send.to_self)
        code_emit(builder, stmt->span, OPCODE_KEY, next++, 0, 0);
    if (site.has_reason)
        code_emit(builder, stmt->span, OPCODE_MOVE, next, compiler->reason, 0);
    for (const Argument *a = stmt->send.arguments; a != NULL; a = a->next)
        compile_as(compiler, a->value, parameters[a->place].type, base + a->place);
    code_emit_wide(builder, stmt->span, OPCODE_MESSAGE, base, code_site(builder, site));
    builder->top = top;
}

void compile_spawn(Compiler *compiler, const Stmt *stmt)
{
    CodeBuilder *builder = &compiler->builder;
    const ModelDomain *domain = &compiler->model->domains[stmt->slot];
    uint32_t count = 0, top = builder->top;

    for (const StartField *f = stmt->spawn.fields; f != NULL; f = f->next)
        count++;
    const char **names = arena_array(builder->arena, const char *, count);
    uint32_t base = code_take_registers(builder, count + 1), at = 0;
    compile_as(compiler, stmt->spawn.key, STATIC_STRING, base + count);
    for (const StartField *f = stmt->spawn.fields; f != NULL; f = f->next, at++) {
        int field = model_find(&domain->field_names, f->name.text);
        names[at] = f->name.text;
        compile_as(compiler, f->value, domain->fields[field].type, base + at);
    }
    uint32_t site = code_site(builder, (CodeSite){.target = stmt->slot,
                                                  .has_instance = true,
                                                  .argument_count = count,
                                                  .argument_names = names});
    code_emit_wide(builder, stmt->span, OPCODE_SPAWN, base, site);
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
        StaticType type = is_name || is_key         ? STATIC_STRING
                          : a->type != STATIC_ERROR ? a->type
                                                    : a->value->static_type;
        compile_as(compiler, a->value, type, target);
    }
    return base;
}

static CodeSite effect_site(const EffectUse *use, uint32_t target)
{
    return (CodeSite){.target = target,
                      .awaited = use->awaited,
                      .has_name = use->has_name,
                      .has_key = use->has_key,
                      .argument_count = (uint32_t)use->argument_count,
                      .argument_names = use->argument_names};
}

static void jump_to_end(Compiler *compiler, Span span, Together *together)
{
    Arena *arena = compiler->builder.arena;

    arena_reserve_one(arena, together->jumps, together->jump_count, together->jump_capacity);
    together->jumps[together->jump_count++] =
        code_emit_wide(&compiler->builder, span, OPCODE_JUMP, 0, 0);
}

/* After the block the result, if it is kept, is null. In `parallel` the block is run when all have
 * their answers: it comes from the end and goes back there. */
static void compile_otherwise(Compiler *compiler, const Emit *emit, uint32_t site, uint32_t result)
{
    CodeBuilder *builder = &compiler->builder;
    Together *together = compiler->together;
    uint32_t done = code_emit_wide(builder, emit->span, OPCODE_JUMP, 0, 0);
    uint32_t error = take_register(compiler);

    if (together != NULL) {
        builder->sites[site].kept = (uint16_t)together->kept;
        builder->sites[site].kept_count = (uint16_t)(error - together->kept);
    }
    builder->sites[site].error = (uint16_t)error;
    builder->sites[site].otherwise = (uint32_t)builder->count;
    bind_slot(compiler, emit->error, error, (Kept){"error", STATIC_ANY});
    compiler->together = NULL;
    compile_block(compiler, emit->otherwise);
    compiler->together = together;
    if (result != NO_REGISTER)
        load_constant(compiler, emit->span, result, value_null());
    if (together != NULL)
        jump_to_end(compiler, emit->span, together);
    code_patch(builder, done);
}

void compile_effect(Compiler *compiler, const Emit *emit, uint32_t result)
{
    CodeBuilder *builder = &compiler->builder;
    const EffectUse *use = &compiler->model->uses[emit->target];
    CodeSite site = effect_site(use, emit->target);
    uint32_t top = builder->top;

    site.handled = emit->otherwise != NULL;
    site.has_result = result != NO_REGISTER;
    site.result = (uint16_t)result;
    uint32_t base = compile_effect_arguments(compiler, emit, use);
    uint32_t index = code_site(builder, site);
    code_emit_wide(builder, emit->span, OPCODE_EFFECT, base, index);
    builder->top = top;
    if (emit->otherwise != NULL)
        compile_otherwise(compiler, emit, index, result);
    builder->top = top;
}

void compile_emit(Compiler *compiler, const Emit *emit)
{
    uint32_t top = compiler->builder.top;

    switch (emit->kind) {
    case EMIT_EFFECT:
        compile_effect(compiler, emit, NO_REGISTER);
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

void compile_release(Compiler *compiler, const Stmt *stmt)
{
    CodeBuilder *builder = &compiler->builder;
    const Emit *emit = stmt->emit;
    const EffectUse *use = &compiler->model->uses[emit->target];
    uint32_t top = builder->top, base = compile_effect_arguments(compiler, emit, use);
    uint32_t site = code_site(builder, effect_site(use, emit->target));

    code_emit_wide(builder, stmt->span, OPCODE_RELEASE, base, site);
    builder->top = top;
}

/* ---- effects together ---- */

/* The results of the block's own `let`s come first and stay: they are seen after it. What else is
 * declared inside lies above. */
void compile_parallel(Compiler *compiler, const Stmt *stmt)
{
    CodeBuilder *builder = &compiler->builder;
    Together together = {0}, *outer = compiler->together;
    uint32_t results = 0, first = builder->top, at;

    for (const Stmt *s = stmt->parallel->first; s != NULL; s = s->next)
        results += s->kind == STMT_LET;
    at = code_take_registers(builder, results);
    together.kept = builder->top;
    compiler->together = &together;
    code_emit(builder, stmt->span, OPCODE_PARALLEL, 0, 0, 0);
    for (const Stmt *s = stmt->parallel->first; s != NULL; s = s->next) {
        if (s->kind == STMT_LET)
            compile_effect(compiler, s->let.value->emit, at++);
        else
            compile_stmt(compiler, s);
    }
    for (size_t i = 0; i < together.jump_count; i++)
        code_patch(builder, together.jumps[i]);
    code_emit(builder, stmt->span, OPCODE_TOGETHER, 0, 0, 0);
    compiler->together = outer;
    at = first;
    for (const Stmt *s = stmt->parallel->first; s != NULL; s = s->next)
        if (s->kind == STMT_LET) {
            compile_check(compiler, s->span, at, at, STATIC_ANY, s->static_type);
            bind_slot(compiler, s->slot, at++, (Kept){s->let.name.text, s->static_type});
        }
    builder->top = together.kept;
}
