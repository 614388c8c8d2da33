/* Assignments, of whole variables and of parts of them: values never change, so a part is assigned
 * by copying what it stands in, up to the variable. */
#include "lang/builtin.h"
#include "lang/compile.h"

static uint32_t assigned_register(const Compiler *compiler, const Stmt *stmt)
{
    return stmt->is_field ? stmt->slot : compiler->slots[stmt->slot];
}

/* ---- `target OP= value`, in a register of that type ---- */

static bool is_small(const Expr *expr, StaticType type)
{
    return expr->kind == EXPR_INT && type != STATIC_FLOAT && expr->integer >= 0 &&
           expr->integer <= INT16_MAX;
}

/* What is assigned in parts is not the variable that `target` is a part of. */
static void emit_grow(Compiler *compiler, const Stmt *stmt, uint32_t target, uint32_t operand,
                      uint8_t item)
{
    bool whole = stmt->assign.steps == NULL;

    code_append(&compiler->builder, stmt->span,
                (Instruction){.opcode = OPCODE_GROW,
                              .spare = (uint8_t)(item | (whole ? OF_VARIABLE : 0)),
                              .a = (uint16_t)target,
                              .b = (uint16_t)operand});
}

/* `l = append(l, x)` */
static bool is_append(const Compiler *compiler, const Stmt *stmt, uint32_t variable)
{
    const Expr *value = stmt->assign.value;

    if (value->kind != EXPR_CALL || value->call_kind != CALL_BUILTIN ||
        value->slot != BUILTIN_APPEND)
        return false;
    const Expr *list = value->arguments->value;
    return is_variable(compiler, list) && variable_register(compiler, list) == variable &&
           !type_needs_check(compiler->model->types, value->static_type, stmt->static_type);
}

static void compile_append(Compiler *compiler, const Stmt *stmt, uint32_t variable)
{
    const Argument *more = stmt->assign.value->arguments->next;
    uint32_t item = take_register(compiler);

    compile_as(compiler, more->value,
               more->type != STATIC_ERROR ? more->type : more->value->static_type, item);
    emit_grow(compiler, stmt, variable, item, OF_ITEM);
}

static void compile_update(Compiler *compiler, const Stmt *stmt, StaticType type, uint32_t target)
{
    CodeBuilder *builder = &compiler->builder;
    const Expr *value = stmt->assign.value;
    StaticType found = value->static_type;
    Operator with = stmt->assign.operator;

    if (with == OP_ADD && is_small(value, type)) {
        code_emit(builder, stmt->span, OPCODE_ADD_SMALL, target, target, (uint32_t)value->integer);
    } else {
        bool as_type = found != STATIC_ANY && type_fits(compiler->model->types, found, type);
        uint32_t operand = compile_operand_as(compiler, value, as_type ? type : found);
        if (type_kind(compiler->model->types, type) == KIND_LIST)
            emit_grow(compiler, stmt, target, operand, 0);
        else
            code_emit(builder, stmt->span, operator_opcode(with), target, target, operand);
    }
    if (found == STATIC_ANY)
        compile_check(compiler, value->span, target, target, found, type);
}

/* ---- parts ---- */

/* One step of the way to the part: what it goes into, a list, map or record, and what selects the
 * part there. */
typedef struct PathStep {
    const AssignStep *step;
    const Type *of;
    uint32_t container; /* register */
    uint32_t selector;  /* register of the index, or number of the member */
} PathStep;

static uint32_t compile_selector(Compiler *compiler, const PathStep *path)
{
    if (path->of->kind == KIND_RECORD)
        return path->step->slot;
    return compile_operand_as(compiler, path->step->index,
                              path->of->kind == KIND_LIST ? STATIC_INT : STATIC_STRING);
}

static StaticType part_type(const PathStep *path)
{
    if (path->of->kind == KIND_RECORD)
        return path->of->members[path->step->slot].type;
    return path->of->element;
}

static void part_load(Compiler *compiler, const PathStep *path, uint32_t target)
{
    code_append(&compiler->builder, path->step->span,
                (Instruction){.opcode = path->of->kind == KIND_RECORD ? OPCODE_SLOT : OPCODE_INDEX,
                              .spare = path->of->kind == KIND_MAP,
                              .a = (uint16_t)target,
                              .b = (uint16_t)path->container,
                              .c = (uint16_t)path->selector});
}

/* `index` says how many steps from the variable it goes in. */
static void part_store(Compiler *compiler, const PathStep *path, size_t index, uint32_t value)
{
    code_append(
        &compiler->builder, path->step->span,
        (Instruction){.opcode = path->of->kind == KIND_RECORD ? OPCODE_SET_SLOT : OPCODE_SET_INDEX,
                      .spare = index == 0 ? OF_VARIABLE : 0,
                      .a = (uint16_t)path->container,
                      .b = (uint16_t)path->selector,
                      .c = (uint16_t)value});
}

/* Load what the steps go into, from the variable inward. */
static void path_load(Compiler *compiler, uint32_t variable, PathStep *path, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        path[i].of = type_of(compiler->model->types, path[i].step->of);
        path[i].container = i == 0 ? variable : take_register(compiler);
        if (i > 0)
            part_load(compiler, &path[i - 1], path[i].container);
        path[i].selector = compile_selector(compiler, &path[i]);
    }
}

static void compile_part(Compiler *compiler, const Stmt *stmt, uint32_t variable)
{
    size_t count = 0;

    for (const AssignStep *s = stmt->assign.steps; s != NULL; s = s->next)
        count++;
    PathStep *path = arena_array(compiler->builder.arena, PathStep, count);
    size_t at = 0;
    for (const AssignStep *s = stmt->assign.steps; s != NULL; s = s->next)
        path[at++].step = s;
    path_load(compiler, variable, path, count);
    StaticType type = part_type(&path[count - 1]);
    uint32_t value = take_register(compiler);
    if (stmt->assign.operator== OP_EQ) {
        compile_as(compiler, stmt->assign.value, type, value);
    } else {
        part_load(compiler, &path[count - 1], value);
        compile_update(compiler, stmt, type, value);
    }
    for (size_t i = count; i-- > 0; value = path[i].container)
        part_store(compiler, &path[i], i, value);
}

void compile_assign(Compiler *compiler, const Stmt *stmt)
{
    uint32_t top = compiler->builder.top;
    uint32_t variable = assigned_register(compiler, stmt);

    if (stmt->assign.steps != NULL)
        compile_part(compiler, stmt, variable);
    else if (stmt->assign.operator== OP_EQ && is_append(compiler, stmt, variable))
        compile_append(compiler, stmt, variable);
    else if (stmt->assign.operator== OP_EQ)
        compile_as(compiler, stmt->assign.value, stmt->static_type, variable);
    else
        compile_update(compiler, stmt, stmt->static_type, variable);
    compiler->builder.top = top;
}
