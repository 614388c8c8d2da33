#include "lang/builtin.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "lang/base/macros.h"

typedef struct Types {
    Arena arena;
    TypeTable table;
} Types;

static void types_init(Types *types)
{
    *types = (Types){0};
    type_table_init(&types->table, &types->arena);
}

/* "int", "list<float>", "map<any>", "string?", "[]" for the empty list. */
static StaticType type_named(TypeTable *table, const char *name)
{
    char inner[40];
    size_t size = strlen(name);

    for (StaticType type = STATIC_INT; type < STATIC_PLAIN_MAX; type++)
        if (strcmp(name, type_name(table, type)) == 0)
            return type;
    if (strcmp(name, "[]") == 0)
        return type_list(table, STATIC_ERROR);
    if (name[size - 1] == '?')
        return type_optional(table, type_named(table, strndupa(name, size - 1)));
    snprintf(inner, sizeof inner, "%.*s", (int)(strlen(strchr(name, '<')) - 2),
             strchr(name, '<') + 1);
    return name[0] == 'l' ? type_list(table, type_named(table, inner))
                          : type_map(table, type_named(table, inner));
}

/* The name of the result's type for arguments of these types, separated by spaces; `#` is an int
 * literal. "-": they do not fit. */
static const char *result_of(Types *types, const char *name, const char *arguments)
{
    BuiltinArgument given[BUILTIN_PARAMETERS_MAX + 1];
    size_t count = 0, wrong;
    StaticType result;
    Builtin builtin;
    char *text = strdupa(arguments), *rest;

    cr_assert(builtin_find(name, &builtin), "%s", name);
    for (char *one = strtok_r(text, " ", &rest); one != NULL; one = strtok_r(NULL, " ", &rest)) {
        bool literal = strcmp(one, "#") == 0;
        given[count++] = (BuiltinArgument){
            .type = literal ? STATIC_INT : type_named(&types->table, one), .literal = literal};
    }
    if (!builtin_takes(builtin, count) ||
        !builtin_type(builtin, &types->table, given, count, &result, &wrong))
        return "-";
    return type_name(&types->table, result);
}

Test(builtin, results_follow_from_the_types_of_the_arguments)
{
    static const struct {
        const char *name, *arguments, *result;
    } calls[] = {
        {"len", "string", "int"},
        {"len", "list<int>", "int"},
        {"len", "map<bool>", "int"},
        {"len", "[]", "int"},
        {"len", "any", "int"},
        {"len", "int", "-"},
        {"len", "secret", "-"},
        {"len", "string?", "-"},
        {"len", "", "-"},
        {"len", "string string", "-"},
        {"has", "map<int> string", "bool"},
        {"has", "list<int> string", "-"},
        {"has", "map<int> int", "-"},
        {"keys", "map<int>", "list<string>"},
        {"values", "map<float>", "list<float>"},
        {"values", "any", "list<any>"},
        {"contains", "string string", "bool"},
        {"contains", "list<int> int", "bool"},
        {"contains", "list<int> string", "-"},
        {"contains", "list<string?> string", "bool"},
        {"append", "list<int> int", "list<int>"},
        {"append", "[] duration", "list<duration>"},
        {"append", "list<float> #", "list<float>"},
        {"append", "list<float> int", "-"},
        {"append", "list<int> any", "list<any>"},
        {"append", "list<int> int?", "list<int?>"},
        {"append", "list<int?> int", "list<int?>"},
        {"append", "any int", "list<any>"},
        {"append", "list<[]> list<int>", "list<list<int>>"},
        {"remove", "map<int> string", "map<int>"},
        {"remove", "list<int> int", "list<int>"},
        {"remove", "list<int> string", "-"},
        {"range", "int", "list<int>"},
        {"range", "int int", "list<int>"},
        {"range", "int int int", "-"},
        {"min", "int int", "int"},
        {"min", "float float", "float"},
        {"min", "duration duration", "duration"},
        {"min", "# float", "float"},
        {"min", "float #", "float"},
        {"min", "int float", "-"},
        {"min", "any int", "int"},
        {"min", "any any", "any"},
        {"max", "string string", "-"},
        {"abs", "duration", "duration"},
        {"abs", "any", "any"},
        {"int", "float", "int"},
        {"int", "string", "int"},
        {"int", "bool", "-"},
        {"float", "int", "float"},
        {"float", "#", "float"},
        {"string", "list<int>", "string"},
        {"string", "secret", "secret"},
        {"string", "any", "string"},
        {"string", "null", "string"},
        {"upper", "string", "string"},
        {"upper", "secret", "-"},
        {"split", "string string", "list<string>"},
        {"join", "list<string> string", "string"},
        {"join", "[] string", "string"},
        {"join", "list<any> string", "string"},
        {"join", "list<int> string", "-"},
        {"replace", "string string string", "string"},
        {"starts_with", "string string", "bool"},
        {"value_or", "int? int", "int"},
        {"value_or", "float? #", "float"},
        {"value_or", "int? string", "-"},
        {"value_or", "null string", "string"},
        {"value_or", "int int", "int"},
        {"value_or", "any int", "any"},
        {"known", "any", "bool"},
    };
    Types types;

    types_init(&types);
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
        cr_expect_str_eq(result_of(&types, calls[i].name, calls[i].arguments), calls[i].result,
                         "%s(%s)", calls[i].name, calls[i].arguments);
    arena_deinit(&types.arena);
}

Test(builtin, a_literal_is_a_float_only_where_it_must_be)
{
    BuiltinArgument ints[] = {{STATIC_INT, true, false}, {STATIC_INT, true, false}};
    BuiltinArgument mixed[] = {{STATIC_INT, true, false}, {STATIC_FLOAT, false, false}};
    BuiltinArgument open[] = {{STATIC_ANY, false, false}, {STATIC_INT, true, false}};
    StaticType result;
    size_t wrong;
    Types types;

    types_init(&types);
    cr_assert(builtin_type(BUILTIN_MIN, &types.table, ints, 2, &result, &wrong));
    cr_expect_not(ints[0].as_float || ints[1].as_float);
    cr_assert(builtin_type(BUILTIN_MIN, &types.table, mixed, 2, &result, &wrong));
    cr_expect(mixed[0].as_float);
    cr_expect_not(mixed[1].as_float);
    cr_assert(builtin_type(BUILTIN_MIN, &types.table, open, 2, &result, &wrong));
    cr_expect_not(open[1].as_float);
    arena_deinit(&types.arena);
}

Test(builtin, the_argument_that_is_wrong_is_known)
{
    BuiltinArgument arguments[] = {
        {.type = STATIC_STRING}, {.type = STATIC_STRING}, {.type = STATIC_INT}};
    StaticType result;
    size_t wrong;
    Types types;

    types_init(&types);
    cr_expect_not(builtin_type(BUILTIN_REPLACE, &types.table, arguments, 3, &result, &wrong));
    cr_expect_eq(wrong, 2);
    cr_expect_eq(result, STATIC_ERROR);
    arena_deinit(&types.arena);
}

Test(builtin, every_function_is_found_by_its_name_and_shows_its_forms)
{
    Arena arena = {0};
    Builtin found;

    for (unsigned i = 0; i < BUILTIN_COUNT; i++) {
        const char *name = builtin_name((Builtin)i), *usage = builtin_usage((Builtin)i, &arena);
        cr_assert(builtin_find(name, &found));
        cr_expect_eq((unsigned)found, i);
        cr_expect_eq(strncmp(usage, name, strlen(name)), 0, "%s", usage);
        cr_expect_not_null(strstr(usage, ") -> "), "%s", usage);
    }
    cr_expect_not(builtin_find("lenn", &found));
    cr_expect_str_eq(builtin_usage(BUILTIN_VALUE_OR, &arena), "value_or(T?, T) -> T");
    arena_deinit(&arena);
}
