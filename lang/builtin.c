#include "lang/builtin.h"

#include <string.h>

#include "lang/base/buffer.h"

typedef struct Signature {
    const char *name;
    const char *forms;
} Signature;

static const Signature signatures[BUILTIN_COUNT] = {
#define BUILTIN(builtin, name, forms) [BUILTIN_##builtin] = {name, forms},
#include "lang/builtin.def"
#undef BUILTIN
};

bool builtin_find(const char *name, Builtin *ret)
{
    for (unsigned i = 0; i < BUILTIN_COUNT; i++)
        if (strcmp(signatures[i].name, name) == 0) {
            *ret = (Builtin)i;
            return true;
        }
    return false;
}

const char *builtin_name(Builtin builtin)
{
    return signatures[builtin].name;
}

/* ---- forms ---- */

/* The parameters of the form at `form`; the result's letter stands after them and a colon. */
static size_t form_size(const char *form)
{
    return strcspn(form, ":");
}

/* The form after this one, or NULL. */
static const char *form_next(const char *form)
{
    const char *space = strchr(form, ' ');

    return space == NULL ? NULL : space + 1;
}

bool builtin_takes(Builtin builtin, size_t count)
{
    for (const char *form = signatures[builtin].forms; form != NULL; form = form_next(form))
        if (form_size(form) == count)
            return true;
    return false;
}

static const char *letter_text(char letter)
{
    switch (letter) {
    case 'i':
        return "int";
    case 'f':
        return "float";
    case 'b':
        return "bool";
    case 's':
        return "string";
    case 'd':
        return "duration";
    case 'p':
        return "secret";
    case 't':
        return "T";
    case 'l':
        return "list<T>";
    case 'm':
        return "map<T>";
    case 'o':
        return "T?";
    case 'I':
        return "list<int>";
    case 'L':
        return "list<string>";
    }
    return "any value";
}

const char *builtin_usage(Builtin builtin, Arena *arena)
{
    Buffer text = {0};

    for (const char *form = signatures[builtin].forms; form != NULL; form = form_next(form)) {
        size_t size = form_size(form);
        buffer_add_format(&text, "%s%s(", text.size > 0 ? ", " : "", signatures[builtin].name);
        for (size_t i = 0; i < size; i++)
            buffer_add_format(&text, "%s%s", i > 0 ? ", " : "", letter_text(form[i]));
        buffer_add_format(&text, ") -> %s", letter_text(form[size + 1]));
    }
    const char *usage = arena_copy_bytes(arena, buffer_text(&text), text.size);
    buffer_deinit(&text);
    return usage;
}

/* ---- matching ---- */

/* What the arguments so far say about T. */
typedef struct Variable {
    TypeTable *types;
    StaticType type;
    bool known;
} Variable;

/* One type for both, without a change of any value. */
static bool variable_meet(Variable *variable, BuiltinArgument *argument, StaticType found)
{
    StaticType type = variable->type;

    if (!variable->known || found == STATIC_ANY) {
        variable->type = found;
        variable->known = true;
        return true;
    }
    argument->as_float = argument->literal && found == STATIC_INT && type == STATIC_FLOAT;
    if (argument->as_float || type == STATIC_ANY)
        return true;
    return type_join(variable->types, type, found, &variable->type);
}

/* An argument that is composed, of T. */
static bool variable_meet_element(Variable *variable, BuiltinArgument *argument, TypeKind kind)
{
    const Type *type = type_of(variable->types, argument->type);

    if (type->kind != kind)
        return false;
    return type->element == STATIC_ERROR || variable_meet(variable, argument, type->element);
}

static bool meet_optional(Variable *variable, BuiltinArgument *argument)
{
    if (argument->type == STATIC_NULL)
        return true;
    return variable_meet_element(variable, argument, KIND_OPTIONAL) ||
           (type_kind(variable->types, argument->type) != KIND_OPTIONAL &&
            variable_meet(variable, argument, argument->type));
}

static StaticType letter_plain(char letter)
{
    switch (letter) {
    case 'i':
        return STATIC_INT;
    case 'f':
        return STATIC_FLOAT;
    case 'b':
        return STATIC_BOOL;
    case 's':
        return STATIC_STRING;
    case 'd':
        return STATIC_DURATION;
    case 'p':
        return STATIC_SECRET;
    }
    return STATIC_ERROR;
}

static StaticType letter_type(char letter, TypeTable *types, StaticType variable)
{
    switch (letter) {
    case 't':
        return variable;
    case 'l':
        return type_list(types, variable);
    case 'm':
        return type_map(types, variable);
    case 'o':
        return type_optional(types, variable);
    case 'I':
        return type_list(types, STATIC_INT);
    case 'L':
        return type_list(types, STATIC_STRING);
    }
    return letter_plain(letter);
}

static bool argument_fits(char letter, Variable *variable, BuiltinArgument *argument)
{
    StaticType found = argument->type, wanted;

    argument->as_float = false;
    if (letter == '*' || found == STATIC_ERROR)
        return true;
    if (found == STATIC_ANY) /* what shows it as a secret is its value alone */
        return letter != 'p' &&
               (strchr("tlmo", letter) == NULL || variable_meet(variable, argument, found));
    switch (letter) {
    case 't':
        return variable_meet(variable, argument, found);
    case 'l':
        return variable_meet_element(variable, argument, KIND_LIST);
    case 'm':
        return variable_meet_element(variable, argument, KIND_MAP);
    case 'o':
        return meet_optional(variable, argument);
    }
    wanted = letter_type(letter, variable->types, STATIC_ERROR);
    argument->as_float = argument->literal && wanted == STATIC_FLOAT;
    return argument->as_float || found == wanted ||
           (type_kind(variable->types, wanted) == KIND_LIST &&
            type_fits(variable->types, found, wanted));
}

/* How many arguments in a row fit the form. */
static size_t form_fits(const char *form, TypeTable *types, BuiltinArgument *arguments,
                        size_t count, StaticType *ret)
{
    Variable variable = {.types = types};
    size_t fitting = 0;

    while (fitting < count && argument_fits(form[fitting], &variable, &arguments[fitting]))
        fitting++;
    *ret = letter_type(form[count + 1], types, variable.type);
    return fitting;
}

static bool some_are_open(const BuiltinArgument *arguments, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (arguments[i].type == STATIC_ANY || arguments[i].type == STATIC_ERROR)
            return true;
    return false;
}

/* Whether a later form of that size fits as well, with another result. */
static bool is_ambiguous(const char *form, TypeTable *types, BuiltinArgument *arguments,
                         size_t count, StaticType result)
{
    StaticType other;

    if (!some_are_open(arguments, count))
        return false;
    while ((form = form_next(form)) != NULL)
        if (form_size(form) == count && form_fits(form, types, arguments, count, &other) == count &&
            other != result)
            return true;
    return false;
}

bool builtin_type(Builtin builtin, TypeTable *types, BuiltinArgument *arguments, size_t count,
                  StaticType *ret, size_t *ret_wrong)
{
    *ret_wrong = 0;
    for (const char *form = signatures[builtin].forms; form != NULL; form = form_next(form)) {
        if (form_size(form) != count)
            continue;
        bool ambiguous = form_fits(form, types, arguments, count, ret) == count &&
                         is_ambiguous(form, types, arguments, count, *ret);
        size_t fitting = form_fits(form, types, arguments, count, ret);
        if (fitting == count) {
            *ret = ambiguous ? STATIC_ANY : *ret;
            return true;
        }
        if (fitting > *ret_wrong)
            *ret_wrong = fitting;
    }
    *ret = STATIC_ERROR;
    return false;
}
