/* Values: immutable, copied by handle, equal by content.
 *
 * A value's bytes live where it was made: in an arena for the length of a turn (the VM's), or on
 * the heap once value_clone() has made it part of a domain's state. Never free one that an arena
 * owns. */
#ifndef VED_LANG_VALUE_H
#define VED_LANG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lang/base/arena.h"
#include "lang/base/buffer.h"
#include "lang/base/hash.h"
#include "lang/base/json.h"
#include "lang/base/json_pull.h"

typedef enum ValueType {
    VALUE_NULL,
    VALUE_BOOL,
    VALUE_INT,
    VALUE_FLOAT, /* finite */
    VALUE_DURATION,
    VALUE_STRING, /* a member of an enum, too: its name */
    VALUE_LIST,
    VALUE_OBJECT, /* maps, members in the order of their keys; records, in the order they are
                   * declared; results of effects, in the order received */
    VALUE_SECRET, /* a string that is shown as (sensitive) */
    VALUE_UNKNOWN /* a plan's placeholder for what only a provider can say */
} ValueType;

typedef struct ValueString {
    size_t size;
    char bytes[]; /* UTF-8, NUL-terminated, no NUL inside */
} ValueString;

typedef struct Value Value;
typedef struct ValueList ValueList;
typedef struct ValueObject ValueObject;

struct Value {
    ValueType type;
    union {
        bool boolean;
        int64_t integer; /* VALUE_INT; VALUE_DURATION in milliseconds */
        double number;
        const ValueString *string; /* VALUE_STRING, VALUE_SECRET */
        const ValueList *list;
        const ValueObject *object;
    };
};

struct ValueList {
    size_t count;
    Value items[];
};

typedef struct ValueMember {
    const ValueString *key;
    Value value;
} ValueMember;

struct ValueObject {
    size_t count;
    ValueMember members[];
};

#define VALUE_SENSITIVE "(sensitive)" /* what is shown for a secret */
#define VALUE_STRING_MAX (1024 * 1024)
#define VALUE_ENTRIES_MAX 1000000 /* of a list or an object that a program makes */
#define VALUE_DEPTH_MAX 64        /* lists and objects inside each other */

static inline Value value_null(void)
{
    return (Value){.type = VALUE_NULL};
}

static inline Value value_bool(bool boolean)
{
    return (Value){.type = VALUE_BOOL, .boolean = boolean};
}

static inline Value value_int(int64_t integer)
{
    return (Value){.type = VALUE_INT, .integer = integer};
}

static inline Value value_duration(int64_t ms)
{
    return (Value){.type = VALUE_DURATION, .integer = ms};
}

static inline Value value_unknown(void)
{
    return (Value){.type = VALUE_UNKNOWN};
}

static inline Value value_float(double number)
{
    return (Value){.type = VALUE_FLOAT, .number = number};
}

Value value_string(Arena *arena, const char *bytes, size_t size);
Value value_secret(Arena *arena, const char *bytes, size_t size);

/* True for VALUE_UNKNOWN and for anything that holds one. */
bool value_is_unknown(Value value);

/* Two that are not both integers; see value_equal(). */
bool value_equal_any(Value a, Value b);

static inline bool value_equal(Value a, Value b)
{
    return a.type == VALUE_INT && b.type == VALUE_INT ? a.integer == b.integer
                                                      : value_equal_any(a, b);
}

/* A digest of type and content; equal values have equal digests. */
Digest128 value_digest(Value value);

/* About how many bytes it takes, for ceilings: 16 for each value, the bytes of texts and keys. */
size_t value_size(Value value);

/* Lists and objects inside each other: 0 for a scalar, 1 for [1]. Past VALUE_DEPTH_MAX it is more
 * than that, and no more is looked at. */
unsigned value_depth(Value value);

/* The member of an object; false if there is none or it is no object. */
bool value_member(Value object, const char *key, Value *ret);

/* A text, list or object: it has parts somewhere else. */
static inline bool value_has_parts(Value value)
{
    return value.type >= VALUE_STRING;
}

/* A copy of a value and its parts, on the heap where `arena` is NULL; and the end of such a one. */
Value value_copy_parts(Arena *arena, Value value);
void value_free_parts(Value value);

/* A deep copy on the heap, freed with value_free(). Scalars own nothing. */
static inline Value value_clone(Value value)
{
    return value_has_parts(value) ? value_copy_parts(NULL, value) : value;
}

static inline void value_free(Value value)
{
    if (value_has_parts(value))
        value_free_parts(value);
}

/* A deep copy in an arena. */
static inline Value value_copy(Arena *arena, Value value)
{
    return value_has_parts(value) ? value_copy_parts(arena, value) : value;
}

/* As the program writes it in "${}": true, 42, 1m30s as 90s, text as it is, objects as JSON.
 * Durations use the largest unit that divides them. */
void value_print(Buffer *buffer, Value value);

/* As JSON for people and providers: durations as "30s", integers beyond 2^53-1 as strings of
 * digits, secrets as "(sensitive)", unknown as {"$unknown":{}}. */
void value_write_json(Buffer *buffer, Value value);

/* The same with each secret as {"$secret":"text"}, for what is addressed to a provider. */
void value_write_wire(Buffer *buffer, Value value);

/* As JSON that reads back as the same value: durations {"$ms":30000}, large integers
 * {"$int":"9223372036854775807"}, whole floats {"$float":"3.0"}, secrets {"$secret":"text"},
 * unknown {"$unknown":{}}; a member whose own key begins with `$` has that doubled. The form of
 * journal and checkpoint. */
void value_encode(Buffer *buffer, Value value);

/* Either form back into a value, in the arena. Strings stay strings. */
Value value_decode(Arena *arena, const Json *json);

/* The same, read where it stands; any value once the pull has failed. */
Value value_pull(Arena *arena, JsonPull *pull);

/* "int", "bool", "string" ... for messages. */
const char *value_type_name(ValueType type);

#endif
