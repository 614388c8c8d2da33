#include "lang/bytecode.h"

#include <string.h>

static const char *const names[] = {
#define OPCODE(name) #name,
#include "lang/opcode.def"
#undef OPCODE
};

const char *opcode_name(Opcode opcode)
{
    return (size_t)opcode < ARRAY_SIZE(names) ? names[opcode] : "?";
}

uint32_t code_append(CodeBuilder *builder, Span span, Instruction instruction)
{
    size_t count = builder->count;

    arena_reserve_one(builder->arena, builder->instructions, count, builder->capacity);
    arena_reserve_one(builder->arena, builder->spans, count, builder->span_capacity);
    builder->instructions[count] = instruction;
    builder->spans[count] = span;
    builder->count++;
    return (uint32_t)count;
}

uint32_t code_emit(CodeBuilder *builder, Span span, Opcode opcode, uint32_t a, uint32_t b,
                   uint32_t c)
{
    return code_append(
        builder, span,
        (Instruction){
            .opcode = (uint8_t)opcode, .a = (uint16_t)a, .b = (uint16_t)b, .c = (uint16_t)c});
}

uint32_t code_emit_wide(CodeBuilder *builder, Span span, Opcode opcode, uint32_t a, uint32_t wide)
{
    return code_append(builder, span,
                       (Instruction){.opcode = (uint8_t)opcode, .a = (uint16_t)a, .wide = wide});
}

void code_patch(CodeBuilder *builder, uint32_t index)
{
    builder->instructions[index].wide = (uint32_t)builder->count;
}

/* Floats are not: equal ones may differ in their sign. */
static bool is_shared(ValueType type)
{
    return type != VALUE_FLOAT && type != VALUE_LIST && type != VALUE_OBJECT;
}

uint32_t code_constant(CodeBuilder *builder, Value value)
{
    size_t count = builder->constant_count;
    size_t oldest = count > 32 ? count - 32 : 0;

    for (size_t i = count; i > oldest && is_shared(value.type); i--)
        if (value_equal(builder->constants[i - 1], value))
            return (uint32_t)(i - 1);
    if (count == CODE_CONSTANTS_MAX) {
        builder->overflowed = true;
        return 0;
    }
    arena_reserve_one(builder->arena, builder->constants, count, builder->constant_capacity);
    builder->constants[count] = value;
    builder->constant_count++;
    return (uint32_t)count;
}

uint32_t code_site(CodeBuilder *builder, CodeSite site)
{
    arena_reserve_one(builder->arena, builder->sites, builder->site_count, builder->site_capacity);
    builder->sites[builder->site_count] = site;
    return (uint32_t)builder->site_count++;
}

uint32_t code_yield(CodeBuilder *builder, const StaticType *types, const char *const *called)
{
    arena_reserve_one(builder->arena, builder->yields, builder->yield_count,
                      builder->yield_capacity);
    builder->yields[builder->yield_count] = (CodeYield){
        .at = (uint32_t)builder->count + 1, .top = builder->top, .types = types, .names = called};
    return (uint32_t)builder->yield_count++;
}

uint32_t code_take_registers(CodeBuilder *builder, uint32_t count)
{
    uint32_t first = builder->top;

    if (count > CODE_REGISTERS_MAX - first) {
        builder->overflowed = true;
        return 0;
    }
    builder->top = first + count;
    if (builder->top > builder->high)
        builder->high = builder->top;
    return first;
}

Code *code_finish(CodeBuilder *builder)
{
    Code *code = arena_new(builder->arena, Code);

    code->instructions = builder->instructions;
    code->spans = builder->spans;
    code->count = builder->count;
    code->constants = builder->constants;
    code->constant_count = builder->constant_count;
    code->sites = builder->sites;
    code->site_count = builder->site_count;
    code->yields = builder->yields;
    code->yield_count = builder->yield_count;
    code->register_count = builder->high;
    for (size_t i = 0; i < builder->count; i++)
        code->has_effects |= builder->instructions[i].opcode == OPCODE_EFFECT;
    return code;
}

void code_print(const Code *code, Buffer *ret)
{
    for (size_t i = 0; i < code->count; i++) {
        const Instruction *in = &code->instructions[i];
        buffer_add_format(ret, "%zu %s %u %u %u\n", i, opcode_name(in->opcode), in->a, in->b,
                          in->c);
    }
}
