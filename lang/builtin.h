/* The functions that every program has: their names and signatures.
 *
 * What they compute is the VM's. A signature has several forms, tried in order; a type that is
 * known only at run time fits every form. */
#ifndef VED_LANG_BUILTIN_H
#define VED_LANG_BUILTIN_H

#include <stdbool.h>
#include <stddef.h>

#include "lang/type.h"

typedef enum Builtin {
#define BUILTIN(builtin, name, forms) BUILTIN_##builtin,
#include "lang/builtin.def"
#undef BUILTIN
    BUILTIN_COUNT
} Builtin;

#define BUILTIN_PARAMETERS_MAX 3

/* False: there is none of that name. */
bool builtin_find(const char *name, Builtin *ret);
const char *builtin_name(Builtin builtin);

/* All forms, for messages: "len(string) -> int, len(list<T>) -> int". In the arena. */
const char *builtin_usage(Builtin builtin, Arena *arena);

/* True if some form has that many parameters. */
bool builtin_takes(Builtin builtin, size_t count);

/* One argument of a call. */
typedef struct BuiltinArgument {
    StaticType type;
    bool literal;  /* an int literal, which may stand for a float */
    bool as_float; /* set: and it does */
} BuiltinArgument;

/* Find the form for these arguments, at most BUILTIN_PARAMETERS_MAX, and the type of its result.
 * False: there is none, and `*ret_wrong` is the argument that fits the form that got furthest. */
bool builtin_type(Builtin builtin, TypeTable *types, BuiltinArgument *arguments, size_t count,
                  StaticType *ret, size_t *ret_wrong);

#endif
