/* Statements. Between them exactly the fields, parameters and visible locals, and what loops and
 * blocks keep for themselves, have registers. */
#include <string.h>

#include "lang/compile.h"

static void note_kept(Compiler *compiler, uint32_t location, Kept kept)
{
    if (location >= compiler->kept_capacity) {
        size_t capacity = ((size_t)location + 8) * 2;
        Kept *all = arena_array(compiler->builder.arena, Kept, capacity);
        if (compiler->kept_capacity > 0)
            memcpy(all, compiler->kept, compiler->kept_capacity * sizeof *all);
        compiler->kept = all;
        compiler->kept_capacity = capacity;
    }
    compiler->kept[location] = kept;
}

void bind_slot(Compiler *compiler, uint32_t slot, uint32_t location, Kept kept)
{
    Arena *arena = compiler->builder.arena;

    note_kept(compiler, location, kept);
    if (slot >= compiler->slot_capacity) {
        size_t capacity = ((size_t)slot + 8) * 2;
        uint32_t *slots = arena_array(arena, uint32_t, capacity);
        if (compiler->slot_capacity > 0)
            memcpy(slots, compiler->slots, compiler->slot_capacity * sizeof *slots);
        compiler->slots = slots;
        compiler->slot_capacity = capacity;
    }
    compiler->slots[slot] = location;
}

static void compile_let(Compiler *compiler, const Stmt *stmt)
{
    const Expr *value = stmt->let.value;
    uint32_t target = take_register(compiler);

    if (value->kind == EXPR_EMIT) {
        compile_effect(compiler, value->emit, target);
        compile_check(compiler, stmt->span, target, target, STATIC_ANY, stmt->static_type);
    } else {
        compile_as(compiler, value, stmt->static_type, target);
    }
    compiler->builder.top = target + 1;
    bind_slot(compiler, stmt->slot, target, (Kept){stmt->let.name.text, stmt->static_type});
}

/* ---- branches ---- */

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

/* ---- match ---- */

/* A bare member of the subject's enum is a name that stands for no constant. */
static Value pattern_value(const Compiler *compiler, const Expr *pattern)
{
    Value value;

    if (constant_value(compiler, pattern, &value))
        return value;
    return value_string(compiler->builder.arena, pattern->name, strlen(pattern->name));
}

/* Compare with one pattern; returns the jump that is taken where `opcode` gives false. */
static uint32_t compile_pattern(Compiler *compiler, const Argument *pattern, Opcode opcode,
                                uint32_t subject)
{
    CodeBuilder *builder = &compiler->builder;
    uint32_t top = builder->top, constant = take_register(compiler);

    load_constant(compiler, pattern->span, constant, pattern_value(compiler, pattern->value));
    code_emit(builder, pattern->span, opcode, constant, subject, constant);
    builder->top = top;
    return code_emit_wide(builder, pattern->span, OPCODE_JUMP_FALSE, constant, 0);
}

/* Any but the last pattern that is equal goes to the body, the last one that is not goes on. */
static void compile_arm(Compiler *compiler, const MatchArm *arm, uint32_t subject, uint32_t *done)
{
    CodeBuilder *builder = &compiler->builder;
    uint32_t first_jump = NO_REGISTER, next = NO_REGISTER;

    for (const Argument *p = arm->patterns; p != NULL; p = p->next) {
        if (p->next == NULL) {
            next = compile_pattern(compiler, p, OPCODE_EQ, subject);
        } else {
            uint32_t jump = compile_pattern(compiler, p, OPCODE_NE, subject);
            builder->instructions[jump].wide = first_jump; /* a list of those to patch */
            first_jump = jump;
        }
    }
    while (first_jump != NO_REGISTER) {
        uint32_t jump = first_jump;
        first_jump = builder->instructions[jump].wide;
        code_patch(builder, jump);
    }
    compile_block(compiler, arm->body);
    *done = code_emit_wide(builder, arm->span, OPCODE_JUMP, 0, 0);
    if (next != NO_REGISTER)
        code_patch(builder, next);
}

static void compile_match(Compiler *compiler, const Stmt *stmt)
{
    CodeBuilder *builder = &compiler->builder;
    uint32_t top = builder->top, subject = compile_operand(compiler, stmt->match.subject);
    uint32_t last = NO_REGISTER;

    if (subject >= top) /* else it is the variable's own register */
        note_kept(compiler, subject, (Kept){NULL, stmt->match.subject->static_type});
    for (const MatchArm *arm = stmt->match.arms; arm != NULL; arm = arm->next) {
        uint32_t done;
        compile_arm(compiler, arm, subject, &done);
        builder->instructions[done].wide = last;
        last = done;
    }
    while (last != NO_REGISTER) {
        uint32_t done = last;
        last = builder->instructions[done].wide;
        code_patch(builder, done);
    }
    builder->top = top;
}

/* ---- loops ---- */

static void compile_while(Compiler *compiler, const Stmt *stmt)
{
    CodeBuilder *builder = &compiler->builder;
    uint32_t start = (uint32_t)builder->count;
    uint32_t leave = compile_condition(compiler, stmt->loop.condition);

    compile_block(compiler, stmt->loop.body);
    code_emit_wide(builder, stmt->loop.condition->span, OPCODE_JUMP, 0, start);
    code_patch(builder, leave);
}

/* In a row: the list, the position, the one or two names. */
static void compile_for(Compiler *compiler, const Stmt *stmt)
{
    CodeBuilder *builder = &compiler->builder;
    const Expr *list = stmt->each.list;
    bool has_value = stmt->each.value_name.text != NULL;
    uint32_t top = builder->top, base = code_take_registers(builder, has_value ? 4 : 3);

    compile_into(compiler, list, base);
    load_constant(compiler, list->span, base + 1, value_int(0));
    note_kept(compiler, base, (Kept){NULL, list->static_type});
    note_kept(compiler, base + 1, (Kept){NULL, STATIC_INT});
    /* Their types are as the list's says. */
    bind_slot(compiler, stmt->slot, base + 2, (Kept){stmt->each.name.text, STATIC_ANY});
    if (has_value)
        bind_slot(compiler, stmt->slot + 1, base + 3,
                  (Kept){stmt->each.value_name.text, STATIC_ANY});
    uint32_t start = code_append(
        builder, list->span,
        (Instruction){.opcode = OPCODE_EACH, .spare = has_value ? 2 : 1, .a = (uint16_t)base});
    compile_block(compiler, stmt->each.body);
    code_emit_wide(builder, list->span, OPCODE_JUMP, 0, start);
    code_patch(builder, start);
    builder->top = top;
}

/* ---- the others ---- */

static void compile_return(Compiler *compiler, const Stmt *stmt)
{
    uint32_t top = compiler->builder.top;
    uint32_t value = compile_operand_as(compiler, stmt->value, compiler->result);

    code_emit(&compiler->builder, stmt->span, OPCODE_RESULT, value, 0, 0);
    compiler->builder.top = top;
}

static void compile_fail(Compiler *compiler, const Stmt *stmt)
{
    uint32_t top = compiler->builder.top;
    uint32_t reason = compile_operand(compiler, stmt->reason);

    code_emit(&compiler->builder, stmt->span, OPCODE_FAIL, reason, 0, 0);
    compiler->builder.top = top;
}

static void compile_yield(Compiler *compiler, const Stmt *stmt)
{
    uint32_t first = compiler->field_count, count = compiler->builder.top - first;
    StaticType *types = arena_array(compiler->builder.arena, StaticType, count);
    const char **names = arena_array(compiler->builder.arena, const char *, count);

    for (uint32_t i = 0; i < count; i++) {
        bool known = first + i < compiler->kept_capacity;
        types[i] = known ? compiler->kept[first + i].type : STATIC_ANY;
        names[i] = known ? compiler->kept[first + i].name : NULL;
    }
    uint32_t yield = code_yield(&compiler->builder, types, names);

    code_emit_wide(&compiler->builder, stmt->span, OPCODE_YIELD, 0, yield);
}

static void compile_elevate(Compiler *compiler, const Stmt *stmt)
{
    uint32_t outer = compiler->reason, top = compiler->builder.top;

    compiler->reason = take_register(compiler);
    compile_as(compiler, stmt->elevate.reason, STATIC_STRING, compiler->reason);
    compiler->builder.top = compiler->reason + 1;
    note_kept(compiler, compiler->reason, (Kept){NULL, STATIC_STRING});
    compile_block(compiler, stmt->elevate.body);
    compiler->builder.top = top;
    compiler->reason = outer;
}

void compile_stmt(Compiler *compiler, const Stmt *stmt)
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
    case STMT_FOR:
        compile_for(compiler, stmt);
        break;
    case STMT_MATCH:
        compile_match(compiler, stmt);
        break;
    case STMT_RETURN:
        compile_return(compiler, stmt);
        break;
    case STMT_EMIT:
        compile_emit(compiler, stmt->emit);
        break;
    case STMT_RELEASE:
        compile_release(compiler, stmt);
        break;
    case STMT_SEND:
        compile_send(compiler, stmt);
        break;
    case STMT_SPAWN:
        compile_spawn(compiler, stmt);
        break;
    case STMT_STOP:
        code_emit(&compiler->builder, stmt->span, OPCODE_STOP, 0, 0, 0);
        break;
    case STMT_YIELD:
        compile_yield(compiler, stmt);
        break;
    case STMT_PARALLEL:
        compile_parallel(compiler, stmt);
        break;
    case STMT_ELEVATE:
        compile_elevate(compiler, stmt);
        break;
    case STMT_FAIL:
        compile_fail(compiler, stmt);
        break;
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
