#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lang/base/macros.h"
#include "lang/base/memory.h"
#include "lang/check.h"

/* ---- operators ---- */

static const char *const plain[] = {"int", "float", "bool", "string", "duration", "secret"};

/* OP left right = result, of plain types; all others are refused. */
static const char *const allowed[] = {
    "+ int int = int",
    "- int int = int",
    "* int int = int",
    "/ int int = int",
    "% int int = int",
    "+ float float = float",
    "- float float = float",
    "* float float = float",
    "/ float float = float",
    "+ duration duration = duration",
    "- duration duration = duration",
    "* duration int = duration",
    "* int duration = duration",
    "/ duration int = duration",
    "+ string string = string",
    "+ secret secret = secret",
    "+ secret string = secret",
    "+ string secret = secret",
    "< int int = bool",
    "< float float = bool",
    "< duration duration = bool",
    "== int int = bool",
    "== float float = bool",
    "== bool bool = bool",
    "== string string = bool",
    "== duration duration = bool",
    "== secret secret = bool",
    "== secret string = bool",
    "== string secret = bool",
    "&& bool bool = bool",
};

static bool is_allowed(const char *operation)
{
    for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
        if (strncmp(allowed[i], operation, strlen(operation)) == 0)
            return true;
    return false;
}

/* The operator that stands for it in the list above. */
static const char *representative(Operator op)
{
    switch ((int)op) {
    case OP_LE:
    case OP_GT:
    case OP_GE:
        return "<";
    case OP_NE:
        return "==";
    case OP_OR:
        return "&&";
    default:
        return operator_text(op);
    }
}

Test(check_types, operators_take_what_the_table_says_and_nothing_else)
{
    Arena arena = {0};
    TypeTable types;

    type_table_init(&types, &arena);
    for (Operator op = OP_OR; op <= OP_MOD; op++)
        for (StaticType left = STATIC_INT; left <= STATIC_SECRET; left++)
            for (StaticType right = STATIC_INT; right <= STATIC_SECRET; right++) {
                StaticType result;
                char wanted[80];
                bool valid = operation_type(&types, op, left, right, &result);
                snprintf(wanted, sizeof wanted, "%s %s %s = %s", representative(op),
                         plain[left - 1], plain[right - 1], valid ? plain[result - 1] : "");
                cr_expect_eq(is_allowed(wanted), valid, "%s", wanted);
            }
    arena_deinit(&arena);
}

Test(check_types, what_is_known_only_at_run_time_is_left_to_the_run)
{
    Arena arena = {0};
    TypeTable types;
    StaticType result;

    type_table_init(&types, &arena);
    cr_expect(operation_type(&types, OP_ADD, STATIC_ANY, STATIC_INT, &result));
    cr_expect_eq(result, STATIC_INT);
    cr_expect(operation_type(&types, OP_ADD, STATIC_ANY, STATIC_ANY, &result));
    cr_expect_eq(result, STATIC_ANY);
    cr_expect(operation_type(&types, OP_MUL, STATIC_INT, STATIC_ANY, &result));
    cr_expect_eq(result, STATIC_ANY);
    cr_expect(operation_type(&types, OP_EQ, STATIC_ANY, type_list(&types, STATIC_INT), &result));
    cr_expect_not(operation_type(&types, OP_SUB, STATIC_ANY, STATIC_STRING, &result));
    cr_expect_not(operation_type(&types, OP_LT, STATIC_ANY, STATIC_BOOL, &result));
    cr_expect_not(operation_type(&types, OP_AND, STATIC_ANY, STATIC_INT, &result));
    arena_deinit(&arena);
}

Test(check_types, joined_types_need_no_change_of_values)
{
    Arena arena = {0};
    TypeTable types;
    StaticType result;

    type_table_init(&types, &arena);
    StaticType ints = type_list(&types, STATIC_INT), none = type_list(&types, STATIC_ERROR);
    StaticType perhaps = type_optional(&types, STATIC_INT);
    cr_expect(type_join(&types, none, ints, &result));
    cr_expect_eq(result, ints);
    cr_expect(type_join(&types, ints, none, &result));
    cr_expect_eq(result, ints);
    cr_expect(type_join(&types, perhaps, STATIC_INT, &result));
    cr_expect_eq(result, perhaps);
    cr_expect(type_join(&types, STATIC_NULL, perhaps, &result));
    cr_expect_eq(result, perhaps);
    cr_expect_not(type_join(&types, STATIC_INT, STATIC_FLOAT, &result));
    cr_expect_not(type_join(&types, ints, type_list(&types, STATIC_FLOAT), &result));
    cr_expect_not(type_join(&types, STATIC_STRING, STATIC_SECRET, &result));
    arena_deinit(&arena);
}

/* ---- values that are computed at once ---- */

static Program *checked(const char *text)
{
    return program_compile("stack.ved", text, strlen(text));
}

/* `value` as the first value of a field of that type, printed; "-": refused. */
static char *first_value(const char *type, const char *value)
{
    cleanup(buffer_deinit) Buffer text = {0};
    Buffer printed = {0};

    buffer_add_format(&text,
                      "enum Color { Red, Green }\n"
                      "record Point { x: int  y: int = TWO  z: float = TWO }\n"
                      "const TWO = ONE + 1\nconst ONE = 1\nconst NAMES = [\"a\", \"b\"]\n"
                      "domain D { state { f: %s = %s } }\n",
                      type, value);
    cleanup(program_free) Program *program = checked(buffer_text(&text));
    if (program->valid)
        value_encode(&printed, program->domains[0].fields[0].initial);
    else
        buffer_add_char(&printed, '-');
    return buffer_take(&printed);
}

Test(check_types, first_values_are_computed_and_of_their_field_s_type)
{
    static const struct {
        const char *type, *value, *result;
    } cases[] = {
        {"int", "TWO * 3 - ONE", "5"},
        {"float", "3", "{\"$float\":\"3.0\"}"},
        {"float", "-3", "{\"$float\":\"-3.0\"}"},
        {"float", "TWO", "{\"$float\":\"2.0\"}"},
        {"float", "1.5 * 2", "{\"$float\":\"3.0\"}"},
        {"float", "9007199254740993", "-"},
        {"int", "1.5", "-"},
        {"secret", "\"x\"", "{\"$secret\":\"x\"}"},
        {"string", "NAMES[1]", "\"b\""},
        {"string", "NAMES[2]", "-"},
        {"string", "join(NAMES, \"-\") + upper(\"c\")", "\"a-bC\""},
        {"list<float>", "[1, 2.5]", "[{\"$float\":\"1.0\"},2.5]"},
        {"list<float>", "[ONE]", "[{\"$float\":\"1.0\"}]"},
        {"list<int?>", "[1, null]", "[1,null]"},
        {"list<int>", "[1, null]", "-"},
        {"list<list<int>>", "[[], [1]]", "[[],[1]]"},
        {"map<secret>", "({b: \"1\", a: \"2\"})",
         "{\"a\":{\"$secret\":\"2\"},\"b\":{\"$secret\":\"1\"}}"},
        {"Color", "Color::Green", "\"Green\""},
        {"Color", "\"Green\"", "-"},
        {"list<Color>", "[Color::Red]", "[\"Red\"]"},
        {"Point", "Point(x: ONE)", "{\"x\":1,\"y\":2,\"z\":{\"$float\":\"2.0\"}}"},
        {"Point", "Point(z: 1, x: 2, y: 3)", "{\"x\":2,\"y\":3,\"z\":{\"$float\":\"1.0\"}}"},
        {"Point", "Point()", "-"},
        {"Point?", "null", "null"},
        {"int", "Point(x: 7).x", "7"},
        {"any", "({a: [1, \"x\", null]})", "{\"a\":[1,\"x\",null]}"},
        {"duration", "5m / 2", "{\"$ms\":150000}"},
        {"int", "1 / 0", "-"},
        {"int", "9223372036854775807 + 1", "-"},
        {"int", "value_or(null, 4)", "4"},
        {"bool", "contains(NAMES, \"a\") && len(NAMES) == TWO", "true"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cleanup(free) char *found = first_value(cases[i].type, cases[i].value);
        cr_expect_str_eq(found, cases[i].result, "%s = %s: %s", cases[i].type, cases[i].value,
                         found);
    }
}

/* ---- optionals ---- */

/* Whether `body`, in which x is int? and n is int, has no mistake. */
static bool body_is_valid(const char *body)
{
    cleanup(buffer_deinit) Buffer text = {0};

    buffer_add_format(
        &text, "domain D { state { x: int?  y: int?  n: int }\ntransition T {\n%s\n} }\n", body);
    cleanup(program_free) Program *program = checked(buffer_text(&text));
    return program->valid;
}

Test(check_types, optionals_are_narrowed_where_they_cannot_be_null)
{
    static const char *const bodies[] = {
        "if x != null { n = x }",
        "if null != x { n = x }",
        "if x == 3 { n = x }",
        "if !(x == null) { n = x }",
        "if !(x == null || n > 1) { n = x }",
        "if x == null { } else { n = x }",
        "if x == null || y == null { } else { n = x + y }",
        "if x != null && x > 1 { n = 1 }",
        "if x != null && y != null && n > 1 && x > 1 && x + y > 1 { n = x + y }",
        "if x == null || y == null || n > 1 || x > 1 || x + y > 1 { n = 1 }",
        "if (x != null && n > 1) && x > 1 { n = 1 }",
        "if n > 1 && (x != null && x > 1) && x > 2 { n = 1 }",
        "if x == null || x > 1 { n = 1 }",
        "if x == null { fail \"no\" } n = x",
        "if x == null { x = 1 } n = x",
        "if n > 1 { x = 1 } else { x = 2 } n = x",
        "if n > 1 { x = 1 } else { fail \"no\" } n = x",
        "if n > 1 { if n > 2 { x = 1 } else { x = 2 } } else { x = 3 } n = x",
        "x = 1 for i in range(3) { n = x + i }",
        "while x == null { x = 1 } n = x",
        "while x != null && x > 0 { x = x - 1 }",
        "let z = x if z != null { n = z yield n = z }",
        "match n { 1 => { x = 1 } _ => { x = 2 } } n = x",
        "match x { null => { n = 0 } _ => { n = x } }",
        "match x { 1, 2 => { n = x } }",
        "let z: int? = 3 n = z",
        "x = 1 y = x n = y",
        "if x != null { let z = x x = null n = z }",
    };

    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++)
        cr_expect(body_is_valid(bodies[i]), "%s", bodies[i]);
}

Test(check_types, optionals_may_be_null_where_nothing_says_otherwise)
{
    static const char *const bodies[] = {
        "n = x",
        "if x == null { n = x }",
        "if x != null || n > 1 { n = x }",
        "if x != y { n = x }",
        "if (x != null || n > 1) && x > 1 { n = 1 }",
        "if n > 1 && (x == null || x > 1) && x > 2 { n = 1 }",
        "if x > 1 && x != null { n = 1 }",
        "if (x != null && n > 1) || x > 1 { n = 1 }",
        "if x != 3 { n = x }",
        "if !(x == null && n > 1) { n = x }",
        "if x != null { } n = x",
        "if x != null { x = null n = x }",
        "if x != null { x = y n = x }",
        "x = 1 if n > 1 { x = null } n = x",
        "x = 1 if n > 1 { x = y } else { x = 2 } n = x",
        "if n > 1 { x = 1 } n = x",
        "if n > 1 { x = 1 } else if n > 2 { x = 2 } n = x",
        "x = 1 yield n = x",
        "x = 1 if n > 1 { yield } n = x",
        "x = 1 for i in range(3) { n = x x = null }",
        "x = 1 while n < 3 { n = n + x yield }",
        "for i in range(3) { x = 1 } n = x",
        "while n < 3 { x = 1 } n = x",
        "match n { 1 => { x = 1 } } n = x",
        "match n { 1 => { x = 1 } _ => { } } n = x",
        "match x { 1 => { } _ => { n = x } }",
        "emit Infra.Make() else { x = 1 } n = x",
        "x = 1 emit Infra.Make() else { x = null } n = x",
        "x = 1 let r = emit Infra.Make() x = r.id n = x",
        "let z: int? = null n = z",
    };

    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++)
        cr_expect_not(body_is_valid(bodies[i]), "%s", bodies[i]);
}

/* ---- ceilings ---- */

static void add_times(Buffer *text, const char *what, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buffer_add_string(text, what);
}

/* A chain of constants, the first of which needs all others. */
static Program *chain_of_constants(size_t count)
{
    cleanup(buffer_deinit) Buffer text = {0};

    for (size_t i = 0; i < count; i++)
        buffer_add_format(&text, "const C%zu = C%zu + 1\n", i, i + 1);
    buffer_add_format(&text, "const C%zu = 1\ndomain D { state { n: int = C0 } }\n", count);
    return checked(buffer_text(&text));
}

Test(check_types, long_chains_of_constants_have_a_ceiling)
{
    cleanup(program_free) Program *fits = chain_of_constants(300);
    cleanup(program_free) Program *large = chain_of_constants(20000);

    cr_expect(fits->valid);
    cr_expect_eq(fits->domains[0].fields[0].initial.integer, 301);
    cr_expect_not(large->valid);
    cr_expect_leq(large->diagnostics.error_count, 2);
}

static Program *nested(const char *open, const char *middle, const char *close, size_t count)
{
    cleanup(buffer_deinit) Buffer text = {0};

    buffer_add_string(&text, "domain D { state { n: int  x: int?  a: any } transition T { ");
    add_times(&text, open, count);
    buffer_add_string(&text, middle);
    add_times(&text, close, count);
    buffer_add_string(&text, " } }");
    return checked(buffer_text(&text));
}

Test(check_types, blocks_nest_sixty_times_and_never_overflow)
{
    static const struct {
        const char *open, *middle, *close;
    } forms[] = {
        {"match n { 1 => { ", "n = 1", " } _ => { } }"},
        {"if x != null { ", "n = x", " }"},
        {"if x == null { n = 1 } else { ", "n = x", " }"},
        {"while n < 3 { ", "n = 1 yield", " }"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        cleanup(program_free) Program *fits =
            nested(forms[i].open, forms[i].middle, forms[i].close, 60);
        cleanup(program_free) Program *deep =
            nested(forms[i].open, forms[i].middle, forms[i].close, 60000);
        cr_expect(fits->valid, "%s", forms[i].open);
        cr_expect_not(deep->valid, "%s", forms[i].open);
    }
}

/* So many constants of a million numbers each. */
static Program *large_constants(size_t count)
{
    cleanup(buffer_deinit) Buffer text = {0};

    for (size_t i = 0; i < count; i++)
        buffer_add_format(&text, "export const C%zu = range(1000000)\n", i);
    buffer_add_string(&text, "domain D { state { n: int } transition T { n = 1 } }");
    return checked(buffer_text(&text));
}

Test(check_types, constants_have_a_ceiling_in_all)
{
    cleanup(program_free) Program *fits = large_constants(2);
    cleanup(program_free) Program *large = large_constants(2000);

    cr_expect(fits->valid);
    cr_expect_not(large->valid);
    cr_expect_str_eq(large->diagnostics.items[0].code, "V-ERR-026");
}

/* So many enums, of each a list. */
static Program *many_types(size_t count)
{
    cleanup(buffer_deinit) Buffer text = {0};

    for (size_t i = 0; i < count; i++)
        buffer_add_format(&text, "export enum E%zu { A }\n", i);
    for (size_t i = 0; i < count; i++)
        buffer_add_format(&text, "export const C%zu: list<E%zu> = []\n", i, i);
    buffer_add_string(&text, "domain D { state { n: int } transition T { n = 1 } }");
    return checked(buffer_text(&text));
}

Test(check_types, types_have_a_ceiling)
{
    cleanup(program_free) Program *fits = many_types(29990);
    cleanup(program_free) Program *large = many_types(30000);

    cr_expect(fits->valid);
    cr_expect_not(large->valid);
    cr_expect_str_eq(large->diagnostics.items[0].code, "V-ERR-029");
}

/* A list in a list in a list ... */
static Program *nested_list(size_t count)
{
    cleanup(buffer_deinit) Buffer text = {0};

    buffer_add_string(&text, "domain D { state { a: any } transition T { a = ");
    add_times(&text, "[", count);
    add_times(&text, "]", count);
    buffer_add_string(&text, " } }");
    return checked(buffer_text(&text));
}

Test(check_types, values_nest_sixty_times_and_never_overflow)
{
    cleanup(program_free) Program *fits = nested_list(60);
    cleanup(program_free) Program *deep = nested_list(100000);

    cr_expect(fits->valid);
    cr_expect_not(deep->valid);
    cr_expect_leq(deep->diagnostics.error_count, 3);
}
