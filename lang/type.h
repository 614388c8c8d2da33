/* What is known of a value before the program runs.
 *
 * A type is a small number: the plain ones are fixed, the composed ones are interned in the table
 * of their program, so two types are the same if their numbers are. A table only grows. */
#ifndef VED_LANG_TYPE_H
#define VED_LANG_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lang/base/arena.h"
#include "lang/value.h"

typedef uint16_t StaticType;

enum {
    STATIC_ERROR, /* a mistake that is already reported: fits everything, so that it stays one */
    STATIC_INT,
    STATIC_FLOAT,
    STATIC_BOOL,
    STATIC_STRING,
    STATIC_DURATION,
    STATIC_SECRET,   /* a string that is shown nowhere */
    STATIC_ANY,      /* shaped like JSON: fits everything, checked when it is used */
    STATIC_NULL,     /* of `null` alone: fits every T? */
    STATIC_PLAIN_MAX /* the first composed one */
};

typedef enum TypeKind {
    KIND_PLAIN,
    KIND_LIST,     /* of `element`; of STATIC_ERROR for `[]`, which fits every list */
    KIND_MAP,      /* from string to `element`; the same for `{}` */
    KIND_OPTIONAL, /* `element` or null */
    KIND_RECORD,
    KIND_ENUM
} TypeKind;

/* A field of a record, or a member of an enum (then without type and default). */
typedef struct TypeMember {
    const char *name;
    StaticType type;
    bool has_default;
    Value initial; /* has_default, or the zero value */
} TypeMember;

typedef struct Type {
    TypeKind kind;
    StaticType element;
    const char *name; /* as a message shows it: "list<int>", "Color" */
    const TypeMember *members;
    size_t member_count;
    const ValueString *const *keys; /* the members' names, as values have them */
    /* What is composed of it; 0: nothing yet. */
    StaticType list, map, optional;
} Type;

#define TYPES_MAX 60000

typedef struct TypeTable {
    Arena *arena;
    Type *items; /* by StaticType */
    size_t count, capacity;
    bool overflowed; /* there was no room for a type: STATIC_ERROR stands for it */
} TypeTable;

/* A table of the plain types. Everything it makes is in `arena`. */
void type_table_init(TypeTable *table, Arena *arena);

/* The type composed of `element`; the same for the same. T? of an optional, `any` or `null` is that
 * itself. STATIC_ERROR if the table is full. */
StaticType type_list(TypeTable *table, StaticType element);
StaticType type_map(TypeTable *table, StaticType element);
StaticType type_optional(TypeTable *table, StaticType element);

/* A new record or enum; its members are set once they are known. */
StaticType type_declare(TypeTable *table, TypeKind kind, const char *name);
void type_set_members(TypeTable *table, StaticType type, const TypeMember *members, size_t count);

const Type *type_of(const TypeTable *table, StaticType type);
TypeKind type_kind(const TypeTable *table, StaticType type);

/* "int", "list<string>", "Color?" ... for messages. */
const char *type_name(const TypeTable *table, StaticType type);

/* The member's index; -1: there is none. */
int type_member(const TypeTable *table, StaticType type, const char *name);

/* What a field without a first value starts at: 0, "", [], {}, null, an enum's first member, a
 * record of its defaults and zero values. */
Value type_zero(const TypeTable *table, StaticType type, Arena *arena);

/* True if a `found` may stand where `expected` is asked for, perhaps with a check at run time: the
 * same; T for T?; null for T?; `[]` and `{}` for any list and map; an int where a float is asked
 * for; a string for a secret; and `any` either way. */
bool type_fits(const TypeTable *table, StaticType found, StaticType expected);

/* True if such a use needs the check, or the change of representation, at run time. */
bool type_needs_check(const TypeTable *table, StaticType found, StaticType expected);

/* The one type that values of both have without any change; false: there is none. */
bool type_join(const TypeTable *types, StaticType left, StaticType right, StaticType *ret);

/* The value as one of that type, converted where type_fits() allows it (int to float, string to
 * secret, deep in lists, maps and records, members of a record in their order); false: it is none.
 * Unknown values are of every type. */
bool type_admit(const TypeTable *table, StaticType type, Value value, Arena *arena, Value *ret);

#endif
