/* Operators on everything but plain integers and booleans; texts; faults and fuel. */
#include "lang/vm_machine.h"

#include <inttypes.h>
#include <math.h>
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
    vm->fault = arena_format(vm->arena, "%s:%" PRIu32 ":%" PRIu32 ": %s", place.file, place.line,
                             place.column, text);
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

const char *vm_quoted(Vm *vm, Value value)
{
    bool is_string = value.type == VALUE_STRING;
    Buffer text;

    buffer_init(&text, is_string ? 0 : FAULT_VALUE_MAX * 4); /* of a large value the beginning */
    if (is_string)
        buffer_add(&text, value.string->bytes,
                   value.string->size < FAULT_VALUE_MAX * 4 ? value.string->size
                                                            : FAULT_VALUE_MAX * 4);
    else
        value_print(&text, value);
    bool cut = text.overflowed || text.size > FAULT_VALUE_MAX;
    size_t size = text.size < FAULT_VALUE_MAX ? text.size : FAULT_VALUE_MAX;
    while (size < text.size && size > 0 && ((unsigned char)text.bytes[size] & 0xc0) == 0x80)
        size--; /* not in the middle of a character */
    const char *mark = is_string ? "\"" : "";
    const char *result = arena_format(vm->arena, "%s%.*s%s%s", mark, (int)size, buffer_text(&text),
                                      cut ? "..." : "", mark);
    buffer_deinit(&text);
    return result;
}

const char *vm_described(Vm *vm, Value value)
{
    return value.type == VALUE_NULL ? value_type_name(value.type)
                                    : arena_format(vm->arena, "%s %s", value_type_name(value.type),
                                                   vm_quoted(vm, value));
}

static const char *operator_sign(Opcode opcode)
{
    static const char *const signs[] = {
        [OPCODE_ADD] = "+", [OPCODE_SUB] = "-", [OPCODE_MUL] = "*", [OPCODE_DIV] = "/",
        [OPCODE_MOD] = "%", [OPCODE_LT] = "<",  [OPCODE_LE] = "<=", [OPCODE_GT] = ">",
        [OPCODE_GE] = ">=", [OPCODE_EQ] = "==", [OPCODE_NE] = "!=",
    };

    return opcode < ARRAY_SIZE(signs) && signs[opcode] != NULL ? signs[opcode] : "?";
}

static bool fault_types(Vm *vm, Opcode opcode, Value left, Value right)
{
    return vm_fault(vm, "%s does not take %s and %s: %s %s %s", operator_sign(opcode),
                    value_type_name(left.type), value_type_name(right.type), vm_quoted(vm, left),
                    operator_sign(opcode), vm_quoted(vm, right));
}

static bool fault_overflow(Vm *vm, Opcode opcode, Value left, Value right)
{
    const char *kind = left.type == VALUE_FLOAT      ? "float"
                       : left.type == VALUE_DURATION ? "duration"
                                                     : "integer";

    return vm_fault(vm, "%s overflow in %s: %s %s %s", kind, operator_sign(opcode),
                    vm_quoted(vm, left), operator_sign(opcode), vm_quoted(vm, right));
}

/* The integer part of an operator whose operands' types are already known to fit. */
static bool integer_compute(Vm *vm, Opcode opcode, Value left, Value right, int64_t *ret)
{
    int64_t a = left.integer, b = right.integer;
    bool overflow;

    if (opcode == OPCODE_DIV || opcode == OPCODE_MOD) {
        if (b == 0)
            return vm_fault(vm, "division by zero: %s %s 0", vm_quoted(vm, left),
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

static bool float_compute(Vm *vm, Opcode opcode, Value left, Value right, Value *ret)
{
    double a = left.number, b = right.number, result = 0;

    if (opcode == OPCODE_MOD)
        return fault_types(vm, opcode, left, right);
    if (opcode == OPCODE_DIV && b == 0)
        return vm_fault(vm, "division by zero: %s / %s", vm_quoted(vm, left), vm_quoted(vm, right));
    if (opcode == OPCODE_DIV)
        result = a / b;
    else if (opcode == OPCODE_MUL)
        result = a * b;
    else
        result = opcode == OPCODE_SUB ? a - b : a + b;
    *ret = value_float(result);
    return isfinite(result) ? true : fault_overflow(vm, opcode, left, right);
}

static bool arithmetic(Vm *vm, Opcode opcode, Value left, Value right, Value *ret)
{
    ValueType type = arithmetic_type(opcode, left.type, right.type);
    int64_t integer = 0;

    if (left.type == VALUE_FLOAT && right.type == VALUE_FLOAT)
        return float_compute(vm, opcode, left, right, ret);
    if (type == VALUE_NULL)
        return fault_types(vm, opcode, left, right);
    if (!integer_compute(vm, opcode, left, right, &integer))
        return false;
    *ret = (Value){.type = type, .integer = integer};
    return true;
}

static int sign_of(Value left, Value right)
{
    if (left.type == VALUE_FLOAT)
        return (left.number > right.number) - (left.number < right.number);
    return (left.integer > right.integer) - (left.integer < right.integer);
}

static bool order(Vm *vm, Opcode opcode, Value left, Value right, Value *ret)
{
    bool ordered =
        left.type == VALUE_INT || left.type == VALUE_FLOAT || left.type == VALUE_DURATION;

    if (!ordered || left.type != right.type)
        return fault_types(vm, opcode, left, right);
    int sign = sign_of(left, right);
    if (opcode == OPCODE_LT)
        *ret = value_bool(sign < 0);
    else if (opcode == OPCODE_LE)
        *ret = value_bool(sign <= 0);
    else if (opcode == OPCODE_GT)
        *ret = value_bool(sign > 0);
    else
        *ret = value_bool(sign >= 0);
    return true;
}

static bool is_text(Value value)
{
    return value.type == VALUE_STRING || value.type == VALUE_SECRET;
}

uint64_t vm_weight(Value value)
{
    uint64_t weight = 1;

    if (is_text(value))
        return 1 + value.string->size / 8;
    if (value.type == VALUE_LIST)
        for (size_t i = 0; i < value.list->count; i++)
            weight += vm_weight(value.list->items[i]);
    if (value.type == VALUE_OBJECT)
        for (size_t i = 0; i < value.object->count; i++)
            weight += vm_weight(value.object->members[i].value);
    return weight;
}

static bool equality(Vm *vm, Opcode opcode, Value left, Value right, Value *ret)
{
    if (!vm_charge(vm, vm_weight(left) + vm_weight(right)))
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

    if (!vm_check_bool(vm, left) || !vm_check_bool(vm, right))
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
    if (opcode == OPCODE_ADD && is_text(left) && is_text(right))
        return vm_concat(vm, (Value[]){left, right}, 2, ret);
    if (opcode == OPCODE_ADD && left.type == VALUE_LIST && right.type == VALUE_LIST)
        return vm_join_lists(vm, left.list, right.list, ret);
    return arithmetic(vm, opcode, left, right, ret);
}

bool vm_negate(Vm *vm, Instruction in, Value *r)
{
    Value operand = r[in.b];

    if (operand.type == VALUE_UNKNOWN) {
        r[in.a] = operand;
        return true;
    }
    if (operand.type == VALUE_FLOAT) {
        r[in.a] = value_float(-operand.number);
        return true;
    }
    if (operand.type != VALUE_INT && operand.type != VALUE_DURATION)
        return vm_fault(vm, "- does not take %s: -%s", value_type_name(operand.type),
                        vm_quoted(vm, operand));
    if (operand.integer == INT64_MIN)
        return vm_fault(vm, "integer overflow in -: -(%s)", vm_quoted(vm, operand));
    r[in.a] = (Value){.type = operand.type, .integer = -operand.integer};
    return true;
}

/* ---- texts ---- */

bool vm_take_text(Vm *vm, Buffer *text, ValueType type, Value *ret)
{
    size_t size = text->size;
    bool fits = !text->overflowed && size <= VALUE_STRING_MAX;

    if (fits) {
        *ret = value_string(vm->arena, buffer_text(text), size);
        ret->type = type;
    }
    buffer_deinit(text);
    return fits ? vm_charge(vm, size / 8)
                : vm_fault(vm, "a string would be longer than %d bytes", VALUE_STRING_MAX);
}

bool vm_concat(Vm *vm, const Value *parts, size_t count, Value *ret)
{
    ValueType type = VALUE_STRING;
    Buffer text;

    buffer_init(&text, VALUE_STRING_MAX);
    for (size_t i = 0; i < count; i++) {
        if (value_is_unknown(parts[i]))
            type = VALUE_UNKNOWN;
        else if (parts[i].type == VALUE_SECRET)
            type = type == VALUE_STRING ? VALUE_SECRET : type;
        if (is_text(parts[i]))
            buffer_add(&text, parts[i].string->bytes, parts[i].string->size);
        else
            value_print(&text, parts[i]);
    }
    if (type != VALUE_UNKNOWN)
        return vm_take_text(vm, &text, type, ret);
    size_t size = text.size;
    buffer_deinit(&text);
    *ret = value_unknown();
    return vm_charge(vm, size / 8);
}

bool vm_interpolate(Vm *vm, Instruction in, Value *r)
{
    return vm_concat(vm, &r[in.b], in.c, &r[in.a]);
}

/* ---- types ---- */

bool vm_admit(Vm *vm, Value value, StaticType type, Value *ret)
{
    if ((value.type == VALUE_LIST || value.type == VALUE_OBJECT) &&
        !vm_charge(vm, vm_weight(value)))
        return false;
    if (type_admit(vm->code->types, type, value, vm->arena, ret))
        return true;
    return vm_fault(vm, "expected %s, found %s", type_name(vm->code->types, type),
                    vm_described(vm, value));
}

bool vm_convert(Vm *vm, Instruction in, Value *r)
{
    return vm_admit(vm, r[in.b], in.c, &r[in.a]);
}

bool vm_check_bool(Vm *vm, Value value)
{
    if (value.type == VALUE_BOOL || value.type == VALUE_UNKNOWN)
        return true;
    return vm_admit(vm, value, STATIC_BOOL, &value);
}
