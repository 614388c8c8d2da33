/* What is made of parts, and what is taken out of it: lists, maps, records, calls, facts. What is
 * written out whole becomes one constant. */
#include <assert.h>
#include <string.h>

#include "lang/builtin.h"
#include "lang/compile.h"

/* ---- constants ---- */

static bool constant_list(const Compiler *compiler, const Expr *expr, Value *ret)
{
    const TypeTable *types = compiler->model->types;
    Arena *arena = compiler->builder.arena;
    StaticType element = type_of(types, expr->static_type)->element;
    size_t count = 0;
    Value value;

    for (const Argument *a = expr->items; a != NULL; a = a->next)
        count++;
    ValueList *list = arena_alloc(arena, sizeof *list + count * sizeof *list->items);
    for (const Argument *a = expr->items; a != NULL; a = a->next)
        if (!constant_value(compiler, a->value, &value) ||
            !type_admit(types, element, value, arena, &list->items[list->count++]))
            return false;
    *ret = (Value){.type = VALUE_LIST, .list = list};
    return true;
}

static bool constant_string(const Compiler *compiler, const Expr *expr, Value *ret)
{
    const StringPart *part = expr->parts;

    if (part != NULL && (part->next != NULL || part->text == NULL))
        return false;
    *ret = value_string(compiler->builder.arena, part != NULL ? part->text : "",
                        part != NULL ? part->size : 0);
    return true;
}

static bool constant_negated(const Compiler *compiler, const Expr *expr, Value *ret)
{
    Value value;

    if (expr->operator!= OP_NEG || !constant_value(compiler, expr->left, &value))
        return false;
    if (value.type == VALUE_FLOAT)
        *ret = value_float(-value.number);
    else if (value.type == VALUE_INT && value.integer != INT64_MIN)
        *ret = expr->static_type == STATIC_FLOAT ? value_float(-(double)value.integer)
                                                 : value_int(-value.integer);
    else
        return false;
    return true;
}

bool constant_value(const Compiler *compiler, const Expr *expr, Value *ret)
{
    const Type *of;

    switch (expr->kind) {
    case EXPR_INT:
        *ret = expr->static_type == STATIC_FLOAT ? value_float((double)expr->integer)
                                                 : value_int(expr->integer);
        return true;
    case EXPR_FLOAT:
        *ret = value_float(expr->number);
        return true;
    case EXPR_BOOL:
        *ret = value_bool(expr->boolean);
        return true;
    case EXPR_NULL:
        *ret = value_null();
        return true;
    case EXPR_DURATION:
        *ret = value_duration(expr->integer);
        return true;
    case EXPR_STRING:
        return constant_string(compiler, expr, ret);
    case EXPR_LIST:
        return constant_list(compiler, expr, ret);
    case EXPR_ENUM:
        of = type_of(compiler->model->types, expr->static_type);
        *ret = (Value){.type = VALUE_STRING, .string = of->keys[expr->slot]};
        return true;
    case EXPR_NAME:
        if (expr->name_kind != NAME_CONSTANT)
            return false;
        *ret = compiler->model->constants[expr->slot].value;
        return true;
    case EXPR_UNARY:
        return constant_negated(compiler, expr, ret);
    case EXPR_MAP:
    case EXPR_MEMBER:
    case EXPR_INDEX:
    case EXPR_CALL:
    case EXPR_QUERY:
    case EXPR_BINARY:
    case EXPR_EMIT:
    case EXPR_ERROR:
        break;
    }
    return false;
}

/* ---- building ---- */

void compile_list(Compiler *compiler, const Expr *expr, uint32_t target)
{
    StaticType element = type_of(compiler->model->types, expr->static_type)->element;
    uint32_t count = 0;

    for (const Argument *a = expr->items; a != NULL; a = a->next)
        count++;
    uint32_t base = code_take_registers(&compiler->builder, count), at = base;
    for (const Argument *a = expr->items; a != NULL; a = a->next)
        compile_as(compiler, a->value, element, at++);
    code_emit(&compiler->builder, expr->span, OPCODE_LIST, target, base, count);
}

void compile_map(Compiler *compiler, const Expr *expr, uint32_t target)
{
    StaticType element = type_of(compiler->model->types, expr->static_type)->element;
    uint32_t count = 0;

    for (const MapItem *e = expr->entries; e != NULL; e = e->next)
        count++;
    uint32_t base = code_take_registers(&compiler->builder, count * 2), at = base;
    for (const MapItem *e = expr->entries; e != NULL; e = e->next, at += 2) {
        compile_as(compiler, e->key, STATIC_STRING, at);
        compile_as(compiler, e->value, element, at + 1);
    }
    code_emit(&compiler->builder, expr->span, OPCODE_MAP, target, base, count);
}

static void compile_record(Compiler *compiler, const Expr *expr, uint32_t target)
{
    StaticType type = (StaticType)expr->slot;
    const Type *of = type_of(compiler->model->types, type);
    uint32_t count = (uint32_t)of->member_count;
    uint32_t base = code_take_registers(&compiler->builder, count);
    bool *given = arena_array(compiler->builder.arena, bool, count);

    for (const Argument *a = expr->arguments; a != NULL; a = a->next) {
        compile_as(compiler, a->value, of->members[a->place].type, base + a->place);
        given[a->place] = true;
    }
    for (uint32_t i = 0; i < count; i++)
        if (!given[i])
            load_constant(compiler, expr->span, base + i, of->members[i].initial);
    code_emit(&compiler->builder, expr->span, OPCODE_RECORD, target, base, type);
}

/* ---- taking apart ---- */

static uint32_t member_constant(Compiler *compiler, const char *name)
{
    return code_constant(&compiler->builder,
                         value_string(compiler->builder.arena, name, strlen(name)));
}

void compile_member(Compiler *compiler, const Expr *expr, uint32_t target)
{
    TypeKind kind = type_kind(compiler->model->types, expr->operand->static_type);
    uint32_t operand = compile_operand(compiler, expr->operand);

    if (kind == KIND_RECORD)
        code_emit(&compiler->builder, expr->member.span, OPCODE_SLOT, target, operand, expr->slot);
    else
        code_emit(&compiler->builder, expr->member.span, OPCODE_MEMBER, target, operand,
                  member_constant(compiler, expr->member.text));
}

void compile_index(Compiler *compiler, const Expr *expr, uint32_t target)
{
    TypeKind kind = type_kind(compiler->model->types, expr->operand->static_type);
    uint32_t operand = compile_operand(compiler, expr->operand);
    uint32_t index = compile_operand_as(compiler, expr->index,
                                        kind == KIND_LIST  ? STATIC_INT
                                        : kind == KIND_MAP ? STATIC_STRING
                                                           : STATIC_ANY);

    code_append(&compiler->builder, expr->span,
                (Instruction){.opcode = OPCODE_INDEX,
                              .spare = kind == KIND_MAP,
                              .a = (uint16_t)target,
                              .b = (uint16_t)operand,
                              .c = (uint16_t)index});
}

/* ---- calls ---- */

static uint32_t argument_count(const Argument *arguments)
{
    uint32_t count = 0;

    for (const Argument *a = arguments; a != NULL; a = a->next)
        count++;
    return count;
}

static void compile_function_call(Compiler *compiler, const Expr *expr, uint32_t target)
{
    const ModelFunction *function = &compiler->model->functions[expr->slot];
    uint32_t base = code_take_registers(&compiler->builder, (uint32_t)function->parameter_count);

    for (const Argument *a = expr->arguments; a != NULL; a = a->next)
        compile_as(compiler, a->value, function->parameters[a->place].type, base + a->place);
    if (expr->slot > UINT16_MAX)
        compiler->builder.overflowed = true;
    code_emit(&compiler->builder, expr->span, OPCODE_CALL, target, base, expr->slot);
}

/* Nothing of the result is the argument itself. */
static bool only_looks(Builtin builtin)
{
    return builtin == BUILTIN_LEN || builtin == BUILTIN_HAS || builtin == BUILTIN_KEYS ||
           builtin == BUILTIN_VALUES || builtin == BUILTIN_CONTAINS || builtin == BUILTIN_PART ||
           builtin == BUILTIN_JOIN;
}

static void compile_builtin_argument(Compiler *compiler, Builtin builtin, const Argument *argument,
                                     uint32_t target)
{
    const Expr *value = argument->value;
    StaticType type = argument->type != STATIC_ERROR ? argument->type : value->static_type;

    if (only_looks(builtin) && is_variable(compiler, value) && type == value->static_type)
        code_emit(&compiler->builder, value->span, OPCODE_MOVE, target,
                  variable_register(compiler, value), 0);
    else
        compile_as(compiler, value, type, target);
}

static void compile_builtin_call(Compiler *compiler, const Expr *expr, uint32_t target)
{
    assert(expr->slot != BUILTIN_KNOWN || expr->arguments != NULL);
    if (expr->slot == BUILTIN_KNOWN && expr->arguments->value->kind == EXPR_QUERY) {
        compile_query(compiler, expr->arguments->value, OPCODE_KNOWN, target);
        return;
    }
    uint32_t count = argument_count(expr->arguments);
    uint32_t base = code_take_registers(&compiler->builder, count), at = base;
    for (const Argument *a = expr->arguments; a != NULL; a = a->next)
        compile_builtin_argument(compiler, (Builtin)expr->slot, a, at++);
    bool of_map =
        expr->arguments != NULL &&
        type_kind(compiler->model->types, expr->arguments->value->static_type) == KIND_MAP;
    code_append(&compiler->builder, expr->span,
                (Instruction){.opcode = OPCODE_BUILTIN,
                              .spare = (uint8_t)(count | (of_map ? CALL_OF_MAP : 0)),
                              .a = (uint16_t)target,
                              .b = (uint16_t)base,
                              .c = (uint16_t)expr->slot});
}

void compile_call(Compiler *compiler, const Expr *expr, uint32_t target)
{
    switch ((CallKind)expr->call_kind) {
    case CALL_FUNCTION:
        compile_function_call(compiler, expr, target);
        break;
    case CALL_BUILTIN:
        compile_builtin_call(compiler, expr, target);
        break;
    case CALL_RECORD:
        compile_record(compiler, expr, target);
        break;
    case CALL_UNKNOWN:
        break; /* the checker let none pass */
    }
}

/* ---- facts ---- */

/* The arguments without a name come first. */
void compile_query(Compiler *compiler, const Expr *expr, Opcode opcode, uint32_t target)
{
    CodeBuilder *builder = &compiler->builder;
    uint32_t count = argument_count(expr->arguments), at = 0;
    const char **names = arena_array(builder->arena, const char *, count);
    uint32_t base = code_take_registers(builder, count > 0 ? count : 1);

    for (int named = 0; named < 2; named++)
        for (const Argument *a = expr->arguments; a != NULL; a = a->next)
            if ((a->name.text != NULL) == (named == 1)) {
                names[at] = a->name.text;
                compile_into(compiler, a->value, base + at++);
            }
    uint32_t site = code_site(
        builder,
        (CodeSite){.target = expr->slot, .argument_count = count, .argument_names = names});
    code_emit_wide(builder, expr->span, opcode, base, site);
    compile_check(compiler, expr->span, target, base,
                  opcode == OPCODE_FACT ? STATIC_ANY : STATIC_BOOL,
                  opcode == OPCODE_FACT ? expr->static_type : STATIC_BOOL);
}
