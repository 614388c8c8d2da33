/* Values of fields as somebody types them after --set. */
#include <criterion/criterion.h>
#include <string.h>

#include "lang/program.h"

static const char *const text =
    "enum Color { Red, Green, Blue }\n"
    "record Point { x: int wait: duration = 1s name: secret = \"n\" }\n"
    "domain D { state { f: float e: Color l: list<int> w: list<duration> m: map<float>\n"
    "r: Point o: int? s: secret a: any n: int }\n"
    "goal G { predicate n == 1 } transition T { n = 1 } }";

static int parse(Program *program, const char *name, const char *typed, Value *ret, Error *err)
{
    const ProgramDomain *domain = &program->domains[0];
    int field = domain_find_field(domain, name);

    cr_assert_geq(field, 0);
    return field_value_parse(program, &domain->fields[field], typed, &program->arena, ret, err);
}

static void expect_value(const char *name, const char *typed, const char *encoded)
{
    Program *program = program_compile("stack.ved", text, strlen(text));
    Buffer found = {0};
    Value value;
    Error err;

    cr_assert(program->valid);
    cr_assert_eq(parse(program, name, typed, &value, &err), 0, "%s: %s", typed, err.message);
    value_encode(&found, value);
    cr_expect_str_eq(buffer_text(&found), encoded);
    buffer_deinit(&found);
    program_free(program);
}

static void expect_refused(const char *name, const char *typed, const char *message)
{
    Program *program = program_compile("stack.ved", text, strlen(text));
    Value value;
    Error err;

    cr_assert_eq(parse(program, name, typed, &value, &err), ERROR_USAGE, "%s", typed);
    cr_expect_str_eq(err.message, message);
    program_free(program);
}

Test(field_value, of_every_type)
{
    expect_value("f", "0.5", "0.5");
    expect_value("f", "3", "{\"$float\":\"3.0\"}");
    expect_value("f", "-1.5e3", "{\"$float\":\"-1500.0\"}");
    expect_value("e", "Green", "\"Green\"");
    expect_value("o", "null", "null");
    expect_value("o", "7", "7");
    expect_value("s", "hidden", "{\"$secret\":\"hidden\"}");
    expect_value("a", "{\"k\":[1]}", "{\"k\":[1]}");
    expect_value("a", "plain words", "\"plain words\"");
}

Test(field_value, of_parts_as_json)
{
    expect_value("l", "[1, 2]", "[1,2]");
    expect_value("l", "[]", "[]");
    expect_value("w", "[\"30s\", \"5m\"]", "[{\"$ms\":30000},{\"$ms\":300000}]");
    expect_value("m", "{\"b\": 1, \"a\": 0.5}", "{\"a\":0.5,\"b\":{\"$float\":\"1.0\"}}");
    expect_value("r", "{\"wait\": \"2s\", \"x\": 4}",
                 "{\"x\":4,\"wait\":{\"$ms\":2000},\"name\":{\"$secret\":\"n\"}}");
}

Test(field_value, what_does_not_fit_is_refused_with_what_does)
{
    expect_refused("f", "much",
                   "field 'f' is float: expected a number as 0.5, 3 or 1.5e9, found "
                   "'much'");
    expect_refused("f", "1e999",
                   "field 'f' is float: expected a number as 0.5, 3 or 1.5e9, found "
                   "'1e999'");
    expect_refused("f", "nan",
                   "field 'f' is float: expected a number as 0.5, 3 or 1.5e9, found "
                   "'nan'");
    expect_refused("e", "Black", "field 'e' is Color: expected Red, Green or Blue, found 'Black'");
    expect_refused("l", "[1, \"x\"]",
                   "field 'l' is list<int>: expected a list as JSON: [1, 2], found '[1, \"x\"]'");
    expect_refused("l", "1, 2",
                   "field 'l' is list<int>: expected a list as JSON: [1, 2], found '1, 2'");
    expect_refused("m", "[]",
                   "field 'm' is map<float>: expected a map as JSON: {\"key\": 1}, "
                   "found '[]'");
    expect_refused("r", "{\"wait\": \"2s\"}",
                   "field 'r' is Point: expected its members as JSON: {\"member\": 1}, found "
                   "'(sensitive)'");
    expect_refused("o", "x", "field 'o' is int?: expected an integer of 64 bits, found 'x'");
}

/* What is typed for a secret is repeated nowhere. */
Test(field_value, a_secret_is_in_no_message)
{
    expect_refused("s", "hidden\xff",
                   "field 's' is secret: expected UTF-8, found bytes that are no "
                   "text");
    expect_refused("r", "{\"name\": \"hidden\"}",
                   "field 'r' is Point: expected its members as JSON: {\"member\": 1}, found "
                   "'(sensitive)'");
}
