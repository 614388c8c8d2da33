/* Built-in functions on texts. A text is counted in characters: Unicode code points. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lang/vm_builtin.h"

/* ---- characters ---- */

static bool is_first_byte(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

static size_t character_count(const ValueString *text)
{
    size_t count = 0;

    for (size_t i = 0; i < text->size; i++)
        count += is_first_byte(text->bytes[i]);
    return count;
}

/* The byte where the character that has `index` others before it begins. */
static size_t character_start(const ValueString *text, size_t index)
{
    size_t at = 0;

    for (; at < text->size; at++)
        if (is_first_byte(text->bytes[at]) && index-- == 0)
            break;
    return at;
}

static bool text_return(const BuiltinCall *call, const char *bytes, size_t size)
{
    *call->ret = value_string(call->vm->arena, bytes, size);
    return vm_charge(call->vm, size / 8);
}

bool builtin_len_text(const BuiltinCall *call)
{
    const ValueString *text = call->arguments[0].string;

    *call->ret = value_int((int64_t)character_count(text));
    return vm_charge(call->vm, text->size / 8);
}

bool builtin_part_text(const BuiltinCall *call)
{
    const ValueString *text = call->arguments[0].string;
    int64_t from = call->arguments[1].integer, to = call->arguments[2].integer;
    size_t count = character_count(text);

    if (from < 0 || from > to || (uint64_t)to > count)
        return vm_fault(call->vm,
                        "%" PRId64 " to %" PRId64 " is out of range: the string has %zu characters",
                        from, to, count);
    size_t start = character_start(text, (size_t)from), end = character_start(text, (size_t)to);
    return vm_charge(call->vm, text->size / 8) &&
           text_return(call, text->bytes + start, end - start);
}

/* ---- looking ---- */

static const char *text_find(const ValueString *text, size_t from, const ValueString *part)
{
    return memmem(text->bytes + from, text->size - from, part->bytes, part->size);
}

bool builtin_contains_text(const BuiltinCall *call)
{
    if (!builtin_strings(call, 2))
        return false;
    const ValueString *text = call->arguments[0].string;
    *call->ret = value_bool(text_find(text, 0, call->arguments[1].string) != NULL);
    return vm_charge(call->vm, text->size / 8);
}

static bool part_at_end(const BuiltinCall *call, bool at_start)
{
    if (!builtin_strings(call, 2))
        return false;
    const ValueString *text = call->arguments[0].string, *part = call->arguments[1].string;
    bool fits = part->size <= text->size;
    size_t start = at_start || !fits ? 0 : text->size - part->size;
    *call->ret = value_bool(fits && memcmp(text->bytes + start, part->bytes, part->size) == 0);
    return vm_charge(call->vm, part->size / 8);
}

bool builtin_starts_with(const BuiltinCall *call)
{
    return part_at_end(call, true);
}

bool builtin_ends_with(const BuiltinCall *call)
{
    return part_at_end(call, false);
}

/* ---- numbers and texts ---- */

static bool fault_no_number(const BuiltinCall *call, const char *expected)
{
    return vm_fault(call->vm, "%s: expected %s, found %s", builtin_name(call->builtin), expected,
                    vm_quoted(call->vm, call->arguments[0]));
}

/* An optional sign, then decimal digits, within 64 bits. */
static bool int_of_text(const BuiltinCall *call, const ValueString *text)
{
    bool negative = text->bytes[0] == '-';
    size_t at = negative || text->bytes[0] == '+';
    int64_t result = 0;
    bool fits = at < text->size;

    for (; at < text->size && fits; at++) {
        int digit = text->bytes[at] - '0';
        fits = digit >= 0 && digit <= 9 && !__builtin_mul_overflow(result, 10, &result) &&
               !__builtin_add_overflow(result, negative ? -digit : digit, &result);
    }
    *call->ret = value_int(result);
    return fits ? true : fault_no_number(call, "an integer of 64 bits");
}

#define INT_LIMIT 9223372036854775808.0 /* 2^63 */

bool builtin_int(const BuiltinCall *call)
{
    Value of = call->arguments[0];

    *call->ret = of;
    if (of.type == VALUE_INT)
        return true;
    if (of.type == VALUE_STRING)
        return int_of_text(call, of.string);
    if (of.type != VALUE_FLOAT)
        return builtin_refuse(call, 0, "a number or a string");
    if (of.number >= INT_LIMIT || of.number < -INT_LIMIT)
        return fault_no_number(call, "a number that fits 64 bits");
    *call->ret = value_int((int64_t)of.number);
    return true;
}

/* As the language writes numbers: digits, a point between them, an exponent. */
static bool is_number(const char *text)
{
    static const char *const digits = "0123456789";
    const char *at = text + (*text == '-' || *text == '+');
    size_t whole = strspn(at, digits);

    at += whole;
    if (*at == '.') {
        size_t part = strspn(at + 1, digits);
        at += part > 0 ? part + 1 : 0;
    }
    if (*at == 'e' || *at == 'E') {
        const char *exponent = at + 1 + (at[1] == '-' || at[1] == '+');
        size_t size = strspn(exponent, digits);
        at = size > 0 ? exponent + size : at;
    }
    return whole > 0 && *at == '\0';
}

bool builtin_float(const BuiltinCall *call)
{
    Value of = call->arguments[0];

    *call->ret = of;
    if (of.type == VALUE_FLOAT)
        return true;
    if (of.type == VALUE_INT) {
        *call->ret = value_float((double)of.integer);
        return true;
    }
    if (of.type != VALUE_STRING)
        return builtin_refuse(call, 0, "a number or a string");
    *call->ret = value_float(is_number(of.string->bytes) ? strtod(of.string->bytes, NULL) : NAN);
    return isfinite(call->ret->number) ? true : fault_no_number(call, "a number");
}

bool builtin_string(const BuiltinCall *call)
{
    return vm_concat(call->vm, call->arguments, 1, call->ret);
}

/* ---- changing ---- */

/* Letters of ASCII between `first` and `last`; `shift` is what they become. */
static bool shift_case(const BuiltinCall *call, char first, char last, int shift)
{
    if (!builtin_strings(call, 1))
        return false;
    const ValueString *text = call->arguments[0].string;
    char *bytes = arena_copy_bytes(call->vm->arena, text->bytes, text->size);
    for (size_t i = 0; i < text->size; i++)
        if (bytes[i] >= first && bytes[i] <= last)
            bytes[i] = (char)(bytes[i] + shift);
    return text_return(call, bytes, text->size);
}

bool builtin_upper(const BuiltinCall *call)
{
    return shift_case(call, 'a', 'z', 'A' - 'a');
}

bool builtin_lower(const BuiltinCall *call)
{
    return shift_case(call, 'A', 'Z', 'a' - 'A');
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool builtin_trim(const BuiltinCall *call)
{
    if (!builtin_strings(call, 1))
        return false;
    const ValueString *text = call->arguments[0].string;
    size_t start = 0, end = text->size;
    while (start < end && is_space(text->bytes[start]))
        start++;
    while (end > start && is_space(text->bytes[end - 1]))
        end--;
    return text_return(call, text->bytes + start, end - start);
}

bool builtin_replace(const BuiltinCall *call)
{
    if (!builtin_strings(call, 3))
        return false;
    const ValueString *text = call->arguments[0].string, *from = call->arguments[1].string;
    const ValueString *to = call->arguments[2].string;
    size_t at = 0;
    Buffer result;
    if (from->size == 0)
        return vm_fault(call->vm, "replace asks for a text to look for, found \"\"");
    buffer_init(&result, VALUE_STRING_MAX);
    for (const char *hit; (hit = text_find(text, at, from)) != NULL;) {
        size_t place = (size_t)(hit - text->bytes);
        buffer_add(&result, text->bytes + at, place - at);
        buffer_add(&result, to->bytes, to->size);
        at = place + from->size;
    }
    buffer_add(&result, text->bytes + at, text->size - at);
    return vm_take_text(call->vm, &result, VALUE_STRING, call->ret) &&
           vm_charge(call->vm, text->size / 8);
}

/* ---- lists of texts ---- */

/* Where the part that begins at `at` ends; without a separator it is one character. */
static size_t part_end(const ValueString *text, const ValueString *separator, size_t at)
{
    if (separator->size == 0) {
        for (at++; at < text->size && !is_first_byte(text->bytes[at]);)
            at++;
        return at;
    }
    const char *hit = text_find(text, at, separator);
    return hit == NULL ? text->size : (size_t)(hit - text->bytes);
}

static size_t part_count(const ValueString *text, const ValueString *separator)
{
    size_t count = 1;

    if (separator->size == 0)
        return character_count(text);
    for (size_t at = part_end(text, separator, 0); at < text->size; count++)
        at = part_end(text, separator, at + separator->size);
    return count;
}

bool builtin_split(const BuiltinCall *call)
{
    if (!builtin_strings(call, 2))
        return false;
    const ValueString *text = call->arguments[0].string, *separator = call->arguments[1].string;
    ValueList *list = vm_new_list(call->vm, part_count(text, separator));
    size_t at = 0;
    if (list == NULL)
        return false;
    for (size_t i = 0; i < list->count; i++) {
        size_t end = part_end(text, separator, at);
        list->items[i] = value_string(call->vm->arena, text->bytes + at, end - at);
        at = end + separator->size;
    }
    *call->ret = (Value){.type = VALUE_LIST, .list = list};
    return vm_charge(call->vm, text->size / 8 + list->count);
}

bool builtin_join(const BuiltinCall *call)
{
    Value list = call->arguments[0], separator = call->arguments[1];
    ValueType type = VALUE_STRING;
    Buffer text;

    if (list.type != VALUE_LIST)
        return builtin_refuse(call, 0, "a list of strings");
    if (separator.type != VALUE_STRING)
        return builtin_refuse(call, 1, "a string");
    buffer_init(&text, VALUE_STRING_MAX);
    for (size_t i = 0; i < list.list->count && type == VALUE_STRING; i++) {
        Value part = list.list->items[i];
        if (i > 0)
            buffer_add(&text, separator.string->bytes, separator.string->size);
        if (part.type == VALUE_STRING)
            buffer_add(&text, part.string->bytes, part.string->size);
        else
            type = part.type;
    }
    if (type == VALUE_STRING)
        return vm_take_text(call->vm, &text, type, call->ret) &&
               vm_charge(call->vm, list.list->count);
    buffer_deinit(&text);
    *call->ret = value_unknown();
    return type == VALUE_UNKNOWN ? true : builtin_refuse(call, 0, "a list of strings");
}
