#include "lang/vm_operate.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define FAULT_TEXT_MAX 1024
#define FAULT_VALUE_MAX 60

bool vm_fault(Vm *vm, const char *format, ...)
{
    const Code *code = vm->code;
    uint32_t start = vm->at < code->count ? code->spans[vm->at].start : 0;
    SourcePlace place = source_place(vm->source, start);
    char text[FAULT_TEXT_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    vm->fault = arena_format(vm->arena, "%s:%" PRIu32 ":%" PRIu32 ": %s", place.file,
                             place.line, place.column, text);
    return false;
}

bool vm_charge(Vm *vm, uint64_t cost)
{
    if (cost > vm->fuel) {
        vm->fuel = 0;
        return vm_fault(vm,
                        "the slice is not done after %d instructions; bound its loop, or spread "
                        "the work over several slices",
                        SLICE_FUEL);
    }
    vm->fuel -= cost;
    return true;
}

/* A value as a fault quotes it: short, strings in quotes. */
static const char *quoted(Vm *vm, Value value)
{
    Buffer text;

    buffer_init(&text, 0);
    value_print(&text, value);
    size_t size = text.size < FAULT_VALUE_MAX ? text.size : FAULT_VALUE_MAX;
    while (size < text.size && size > 0 && ((unsigned char)text.bytes[size] & 0xc0) == 0x80)
        size--; /* not in the middle of a character */
    const char *mark = value.type == VALUE_STRING ? "\"" : "";
    const char *result = arena_format(vm->arena, "%s%.*s%s%s", mark, (int)size, buffer_text(&text),
                                      size < text.size ? "..." : "", mark);
    buffer_deinit(&text);
    return result;
}

static const char *operator_sign(Opcode opcode)
{
    switch (opcode) {
    case OPCODE_ADD:
    case OPCODE_ADD_SMALL:
        return "+";
    case OPCODE_SUB:
    case OPCODE_NEG:
        return "-";
    case OPCODE_MUL:
        return "*";
    case OPCODE_DIV:
        return "/";
    case OPCODE_MOD:
        return "%";
    case OPCODE_EQ:
        return "==";
    case OPCODE_NE:
        return "!=";
    case OPCODE_LT:
        return "<";
    case OPCODE_LE:
        return "<=";
    case OPCODE_GT:
        return ">";
    case OPCODE_GE:
        return ">=";
    case OPCODE_NOT:
        return "!";
    case OPCODE_AND:
        return "&&";
    case OPCODE_OR:
        return "||";
    case OPCODE_CONST:
    case OPCODE_MOVE:
    case OPCODE_FIELD:
    case OPCODE_CHECK:
    case OPCODE_MEMBER:
    case OPCODE_CONCAT:
    case OPCODE_JUMP:
    case OPCODE_JUMP_FALSE:
    case OPCODE_SKIP_FALSE:
    case OPCODE_SKIP_TRUE:
    case OPCODE_EFFECT:
    case OPCODE_EVENT:
    case OPCODE_MESSAGE:
    case OPCODE_LOG:
    case OPCODE_FAIL:
    case OPCODE_END:
    case OPCODE_RESULT:
        break;
    }
    return "?";
}

static bool fault_types(Vm *vm, Opcode opcode, Value left, Value right)
{
    return vm_fault(vm, "%s does not take %s and %s: %s %s %s", operator_sign(opcode),
                    value_type_name(left.type), value_type_name(right.type), quoted(vm, left),
                    operator_sign(opcode), quoted(vm, right));
}

static bool fault_overflow(Vm *vm, Opcode opcode, Value left, Value right)
{
    return vm_fault(vm, "%s overflow in %s: %s %s %s",
                    left.type == VALUE_DURATION ? "duration" : "integer", operator_sign(opcode),
                    quoted(vm, left), operator_sign(opcode), quoted(vm, right));
}

/* The integer part of an operator whose operands' types are already known to fit. */
static bool integer_compute(Vm *vm, Opcode opcode, Value left, Value right, int64_t *ret)
{
    int64_t a = left.integer, b = right.integer;
    bool overflow;

    if (opcode == OPCODE_DIV || opcode == OPCODE_MOD) {
        if (b == 0)
            return vm_fault(vm, "division by zero: %s %s 0", quoted(vm, left),
                            operator_sign(opcode));
        overflow = a == INT64_MIN && b == -1;
        if (overflow && opcode == OPCODE_MOD) {
            *ret = 0;
            return true;
        }
        if (!overflow)
            *ret = opcode == OPCODE_DIV ? a / b : a % b;
    } else if (opcode == OPCODE_MUL) {
        overflow = __builtin_mul_overflow(a, b, ret);
    } else if (opcode == OPCODE_SUB) {
        overflow = __builtin_sub_overflow(a, b, ret);
    } else {
        overflow = __builtin_add_overflow(a, b, ret);
    }
    return overflow ? fault_overflow(vm, opcode, left, right) : true;
}

/* The type of the result; VALUE_NULL: the operator does not take these. A duration is added to a
 * duration, and scaled by an int. */
static ValueType arithmetic_type(Opcode opcode, ValueType left, ValueType right)
{
    if (left == VALUE_INT && right == VALUE_INT)
        return VALUE_INT;
    if (left == VALUE_DURATION && right == VALUE_DURATION)
        return opcode == OPCODE_ADD || opcode == OPCODE_SUB ? VALUE_DURATION : VALUE_NULL;
    if (left == VALUE_DURATION && right == VALUE_INT)
        return opcode == OPCODE_MUL || opcode == OPCODE_DIV ? VALUE_DURATION : VALUE_NULL;
    if (left == VALUE_INT && right == VALUE_DURATION)
        return opcode == OPCODE_MUL ? VALUE_DURATION : VALUE_NULL;
    return VALUE_NULL;
}

static bool arithmetic(Vm *vm, Opcode opcode, Value left, Value right, Value *ret)
{
    ValueType type = arithmetic_type(opcode, left.type, right.type);
    int64_t integer = 0;

    if (type == VALUE_NULL)
        return fault_types(vm, opcode, left, right);
    if (!integer_compute(vm, opcode, left, right, &integer))
        return false;
    *ret = (Value){.type = type, .integer = integer};
    return true;
}

static bool order(Vm *vm, Opcode opcode, Value left, Value right, Value *ret)
{
    bool ordered = left.type == VALUE_INT || left.type == VALUE_DURATION;
    bool result;

    if (!ordered || left.type != right.type)
        return fault_types(vm, opcode, left, right);
    if (opcode == OPCODE_LT)
        result = left.integer < right.integer;
    else if (opcode == OPCODE_LE)
        result = left.integer <= right.integer;
    else if (opcode == OPCODE_GT)
        result = left.integer > right.integer;
    else
        result = left.integer >= right.integer;
    *ret = value_bool(result);
    return true;
}

/* How much there is to compare, in words. */
static uint64_t value_weight(Value value)
{
    uint64_t weight = 1;

    if (value.type == VALUE_STRING)
        return 1 + value.string->size / 8;
    if (value.type == VALUE_LIST)
        for (size_t i = 0; i < value.list->count; i++)
            weight += value_weight(value.list->items[i]);
    if (value.type == VALUE_OBJECT)
        for (size_t i = 0; i < value.object->count; i++)
            weight += value_weight(value.object->members[i].value);
    return weight;
}

static bool equality(Vm *vm, Opcode opcode, Value left, Value right, Value *ret)
{
    if (!vm_charge(vm, value_weight(left)))
        return false;
    if (value_is_unknown(left) || value_is_unknown(right))
        *ret = value_unknown();
    else
        *ret = value_bool(value_equal(left, right) == (opcode == OPCODE_EQ));
    return true;
}

/* Both sides are there. The known side decides where it can; else what is unknown stays so. */
static bool logic(Vm *vm, Opcode opcode, Value left, Value right, Value *ret)
{
    bool decides = opcode == OPCODE_OR;

    if (!vm_check(vm, left, STATIC_BOOL) || !vm_check(vm, right, STATIC_BOOL))
        return false;
    if ((left.type == VALUE_BOOL && left.boolean == decides) ||
        (right.type == VALUE_BOOL && right.boolean == decides))
        *ret = value_bool(decides);
    else if (left.type == VALUE_UNKNOWN || right.type == VALUE_UNKNOWN)
        *ret = value_unknown();
    else
        *ret = value_bool(!decides);
    return true;
}

bool vm_binary(Vm *vm, Opcode opcode, Value left, Value right, Value *ret)
{
    if (opcode == OPCODE_AND || opcode == OPCODE_OR)
        return logic(vm, opcode, left, right, ret);
    if (opcode == OPCODE_EQ || opcode == OPCODE_NE)
        return equality(vm, opcode, left, right, ret);
    if (left.type == VALUE_UNKNOWN || right.type == VALUE_UNKNOWN) {
        *ret = value_unknown();
        return true;
    }
    if (opcode >= OPCODE_LT && opcode <= OPCODE_GE)
        return order(vm, opcode, left, right, ret);
    if (opcode == OPCODE_ADD && left.type == VALUE_STRING && right.type == VALUE_STRING)
        return vm_concat(vm, (Value[]){left, right}, 2, ret);
    return arithmetic(vm, opcode, left, right, ret);
}

bool vm_negate(Vm *vm, Value operand, Value *ret)
{
    if (operand.type == VALUE_UNKNOWN) {
        *ret = operand;
        return true;
    }
    if (operand.type != VALUE_INT && operand.type != VALUE_DURATION)
        return vm_fault(vm, "- does not take %s: -%s", value_type_name(operand.type),
                        quoted(vm, operand));
    if (operand.integer == INT64_MIN)
        return vm_fault(vm, "integer overflow in -: -(%s)", quoted(vm, operand));
    *ret = (Value){.type = operand.type, .integer = -operand.integer};
    return true;
}

/* What an object has, for the one who looked for something else. */
static const char *member_names(Vm *vm, Value object)
{
    Buffer names;

    buffer_init(&names, FAULT_TEXT_MAX / 2);
    for (size_t i = 0; i < object.object->count; i++)
        buffer_add_format(&names, "%s%s", i > 0 ? ", " : "", object.object->members[i].key->bytes);
    const char *result = arena_copy_string(vm->arena, buffer_text(&names));
    buffer_deinit(&names);
    return *result != '\0' ? result : "nothing";
}

bool vm_member(Vm *vm, Value operand, const ValueString *name, Value *ret)
{
    if (operand.type == VALUE_UNKNOWN) {
        *ret = operand;
        return true;
    }
    if (operand.type != VALUE_OBJECT)
        return vm_fault(vm, "'.%s' asks for an object, found %s %s", name->bytes,
                        value_type_name(operand.type), quoted(vm, operand));
    if (!value_member(operand, name->bytes, ret))
        return vm_fault(vm, "the result has no '%s'; it has %s", name->bytes,
                        member_names(vm, operand));
    return true;
}

bool vm_concat(Vm *vm, const Value *parts, size_t count, Value *ret)
{
    Buffer text;
    bool unknown = false;

    buffer_init(&text, VALUE_STRING_MAX);
    for (size_t i = 0; i < count; i++) {
        unknown = unknown || value_is_unknown(parts[i]);
        value_print(&text, parts[i]);
    }
    bool fits = !text.overflowed;
    if (fits && !unknown)
        *ret = value_string(vm->arena, buffer_text(&text), text.size);
    else if (unknown)
        *ret = value_unknown();
    size_t size = text.size;
    buffer_deinit(&text);
    if (!fits && !unknown)
        return vm_fault(vm, "a string would be longer than %d bytes", VALUE_STRING_MAX);
    return vm_charge(vm, size / 8);
}

bool vm_check(Vm *vm, Value value, StaticType type)
{
    Value admitted;

    if (type_admit(vm->code->types, type, value, vm->arena, &admitted))
        return true;
    return vm_fault(vm, "expected %s, found %s %s", type_name(vm->code->types, type),
                    value_type_name(value.type), quoted(vm, value));
}
