/* The built-in functions, evaluated. Only for vm_builtin.c and vm_text.c.
 *
 * Arguments of static types have them; one that was `any` may be anything, so each function looks
 * and says what it asks for. None is unknown, but parts of them may be. */
#ifndef VED_LANG_VM_BUILTIN_H
#define VED_LANG_VM_BUILTIN_H

#include "lang/builtin.h"
#include "lang/vm_machine.h"

typedef struct BuiltinCall {
    Vm *vm;
    Builtin builtin;
    const Value *arguments;
    size_t count;
    bool is_map; /* the first argument is known to be a map, with its keys in order */
    Value *ret;
} BuiltinCall;

/* "len asks for a string, a list or a map, found int 3". */
bool builtin_refuse(const BuiltinCall *call, size_t argument, const char *expected);

/* The arguments from the first on are all strings; else the fault is set. */
bool builtin_strings(const BuiltinCall *call, size_t count);

/* vm_text.c */
bool builtin_len_text(const BuiltinCall *call);
bool builtin_part_text(const BuiltinCall *call);
bool builtin_contains_text(const BuiltinCall *call);
bool builtin_int(const BuiltinCall *call);
bool builtin_float(const BuiltinCall *call);
bool builtin_string(const BuiltinCall *call);
bool builtin_upper(const BuiltinCall *call);
bool builtin_lower(const BuiltinCall *call);
bool builtin_trim(const BuiltinCall *call);
bool builtin_split(const BuiltinCall *call);
bool builtin_join(const BuiltinCall *call);
bool builtin_replace(const BuiltinCall *call);
bool builtin_starts_with(const BuiltinCall *call);
bool builtin_ends_with(const BuiltinCall *call);

#endif
