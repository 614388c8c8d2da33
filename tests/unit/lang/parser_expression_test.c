#include <criterion/criterion.h>
#include <string.h>

#include "tests/lib/lang/parse_text.h"

TestSuite(parser_expression, .fini = text_done);

/* The value of `x = TEXT`. */
static const Expr *value(const char *text)
{
    return text_statements(arena_format(&text_arena, "x = %s", text))->assign.value;
}

static void assert_refused(const char *text, const char *expected, const char *remedy)
{
    assert_mistake(arena_format(&text_arena, "domain A { transition T {\nx = %s\ny = 1 } }", text),
                   expected, remedy);
}

/* The type of a field. */
static const TypeExpr *type(const char *text)
{
    return text_valid(arena_format(&text_arena, "domain A { state { f: %s } }", text))
        ->domains->fields->type;
}

static void assert_type_refused(const char *text, const char *expected, const char *remedy)
{
    assert_mistake(arena_format(&text_arena, "domain A { state { f: %s g: int } }", text), expected,
                   remedy);
}

/* ---- types ---- */

Test(parser_expression, types_in_small_and_capital_letters)
{
    static const struct {
        const char *text;
        TypeName type;
    } types[] = {{"int", TYPE_INT},           {"Int", TYPE_INT},          {"float", TYPE_FLOAT},
                 {"Float", TYPE_FLOAT},       {"bool", TYPE_BOOL},        {"Bool", TYPE_BOOL},
                 {"Boolean", TYPE_BOOL},      {"string", TYPE_STRING},    {"String", TYPE_STRING},
                 {"duration", TYPE_DURATION}, {"secret", TYPE_SECRET},    {"any", TYPE_ANY},
                 {"Any", TYPE_ANY},           {"list<int>", TYPE_LIST},   {"map<int>", TYPE_MAP},
                 {"Host", TYPE_NAMED},        {"Duration", TYPE_DURATION}};

    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        cr_assert_eq(type(types[i].text)->type, types[i].type, "%s", types[i].text);
        cr_assert_not(type(types[i].text)->optional);
        const char *optional = arena_format(&text_arena, "%s?", types[i].text);
        cr_assert(type(optional)->optional, "%s", optional);
    }
    cr_assert_str_eq(type("Host")->name.text, "Host");
}

Test(parser_expression, types_nest_and_their_signs_are_single)
{
    const TypeExpr *t = type("map<list<list<int?>>?>");

    cr_assert_eq(t->type, TYPE_MAP);
    cr_assert(t->element->optional);
    cr_assert_eq(t->element->element->element->type, TYPE_INT);
    cr_assert(t->element->element->element->optional);
    const Field *f = text_valid("domain A { state { l: list<int>=[1] m: map<list<int>>= {} } }")
                         ->domains->fields;
    cr_assert_eq(f->initial->kind, EXPR_LIST);
    cr_assert_eq(f->next->initial->kind, EXPR_MAP);
}

Test(parser_expression, types_of_other_languages_name_ours)
{
    assert_type_refused("map<string, int>", "V-ERR-010 map<K, V>", "write `map<int>`");
    assert_type_refused("Array<int>", "V-ERR-010 `Array<T>`", "write `list<int>`");
    assert_type_refused("Dict<string, int>", "V-ERR-010 `Dict<T>`", "write `map<int>`");
    assert_type_refused("int[]", "V-ERR-010 `int[]`", "write `list<int>`");
    assert_type_refused("list", "V-ERR-009 expected `<` after `list`", "write `list<int>`");
    assert_type_refused("map", "V-ERR-009 expected `<` after `map`", "write `map<int>`");
    assert_type_refused("Host<int>", "V-ERR-009 `Host` has no types inside", "only `list<T>`");
    assert_type_refused("[int]", "V-ERR-009 expected a type", "`list<int>`");
    assert_type_refused("double", "V-ERR-020 there is no type 'double'", "write `float`");
    assert_mistakes("domain A { state { f: list<int } }", "V-ERR-009 expected `>`");
}

Test(parser_expression, a_type_of_another_language_may_be_the_name_of_a_record)
{
    text_valid("domain A { state { t: text  d: time } } record text { a: int } enum time { Now }");
    assert_mistakes("record text { a: int } domain A { state { t: text n: number } }",
                    "V-ERR-020 there is no type 'number'");
    cr_assert_eq(text_parse("domain A { state { n: number } }")->domains->fields->type->type,
                 TYPE_INT);
}

/* ---- literals ---- */

Test(parser_expression, fractions)
{
    cr_assert_eq(value("1.5")->number, 1.5);
    cr_assert_eq(value("2.0e3")->number, 2000.0);
    cr_assert_eq(value("1_000.2_5E-2")->number, 10.0025);
    cr_assert_eq(value("2.5e+1")->number, 25.0);
    cr_assert_eq(value("1.7e308")->kind, EXPR_FLOAT);
    assert_refused("1.9e308", "V-ERR-013 does not fit in a float", "1.797e308");
    assert_refused("1.5s", "V-ERR-013 letters after a fraction", "1500ms");
    assert_refused("1.5e", "V-ERR-013 letters after a fraction", "1.5e3");
    assert_refused(".5", "V-ERR-009 expected a value", "`0.5`");
    assert_refused("5.\n", "V-ERR-009 expected digits after `.`", "`5.0`");
}

Test(parser_expression, lists_and_maps)
{
    const Expr *e = value("[1, [], {a: 1, \"b c\": [2], on: null,},]");

    cr_assert_eq(e->kind, EXPR_LIST);
    cr_assert_eq(e->items->value->integer, 1);
    cr_assert_null(e->items->next->value->items);
    const MapItem *item = e->items->next->next->value->entries;
    cr_assert_str_eq(item->key->parts->text, "a");
    cr_assert_str_eq(item->next->key->parts->text, "b c");
    cr_assert_eq(item->next->value->kind, EXPR_LIST);
    cr_assert_str_eq(item->next->next->key->parts->text, "on");
    cr_assert_eq(item->next->next->value->kind, EXPR_NULL);
    cr_assert_null(item->next->next->next);
    cr_assert_eq(value("{}")->kind, EXPR_MAP);
    cr_assert_eq(value("{\"${a}\": 1}")->entries->key->kind, EXPR_STRING);
}

Test(parser_expression, commas_are_required_in_lists_and_maps)
{
    assert_mistakes("domain A { transition T { x = [1 2] y = 1 } }",
                    "V-ERR-009 expected `]` or `,` after an element, found `2`");
    assert_mistakes("domain A { transition T { x = {a: 1 b: 2} y = 1 } }",
                    "V-ERR-009 expected `}` or `,` after a value, found `b`");
    assert_mistakes("domain A { transition T { x = {a: 1 y = 2 } }",
                    "V-ERR-009 expected `}` or `,` after a value, found `y`");
    assert_refused("{a = 1}", "V-ERR-009 expected `:`", "`key: value`");
    assert_refused("{1: 2}", "V-ERR-009 expected a key", "{name: value");
}

Test(parser_expression, a_map_in_a_head_stands_in_parentheses)
{
    const Stmt *s = text_statements("if ({}) == x { y = 1 } while f({a: 1}) { } for x in [{a: 1}] "
                                    "{ } match (({b: 2})) { _ => { } } x = {c: 3}");

    cr_assert_eq(s->branch.condition->left->kind, EXPR_MAP);
    cr_assert_eq(s->branch.then->first->kind, STMT_ASSIGN);
    cr_assert_eq(s->next->loop.condition->arguments->value->kind, EXPR_MAP);
    cr_assert_eq(s->next->next->each.list->items->value->kind, EXPR_MAP);
    cr_assert_eq(s->next->next->next->match.subject->kind, EXPR_MAP);
    assert_mistake("domain A { transition T { if x == {} { y = 1 } } }", "V-ERR-009 body",
                   "`({key: value})`");
    assert_mistake("domain A { transition T { if x == {a: 1} { y = 1 } } }", "V-ERR-009 body",
                   "`({key: value})`");
    cr_assert_eq(text_valid("goal x == y { priority 3 }")->domains->goals->priority, 3);
}

/* ---- what follows an operand ---- */

Test(parser_expression, members_indices_and_calls_follow_one_another)
{
    const Expr *e = value("a.b[i + 1].c");

    cr_assert_eq(e->kind, EXPR_MEMBER);
    cr_assert_eq(e->operand->kind, EXPR_INDEX);
    cr_assert_eq(e->operand->index->operator, OP_ADD);
    cr_assert_eq(e->operand->operand->kind, EXPR_MEMBER);
    e = value("f(a, n: 1)[0]");
    cr_assert_eq(e->operand->kind, EXPR_CALL);
    cr_assert_str_eq(e->operand->callee.text, "f");
    cr_assert_str_eq(e->operand->arguments->next->name.text, "n");
    cr_assert_eq(value("R()")->kind, EXPR_CALL);
}

Test(parser_expression, a_query_is_a_providers_member_in_small_letters)
{
    const Expr *e = value("known(Infra.status(\"db\").host)")->arguments->value;

    cr_assert_eq(e->kind, EXPR_MEMBER);
    cr_assert_eq(e->operand->kind, EXPR_QUERY);
    cr_assert_str_eq(e->operand->provider.text, "Infra");
    cr_assert_str_eq(e->operand->callee.text, "status");
    assert_refused("Infra.Create(1)", "V-ERR-002 an effect is emitted", "emit Infra.Create(...)");
    assert_refused("a.b.c(1)", "V-ERR-009 `a.b.c` cannot be called", "a fact");
    assert_refused("a[0](1)", "V-ERR-009 `a[0]` cannot be called", "a function");
    assert_refused("(f)(1)", "V-ERR-009 `(f)` cannot be called", "a function");
}

Test(parser_expression, a_member_of_an_enum)
{
    const Expr *e = value("Level::on");

    cr_assert_eq(e->kind, EXPR_ENUM);
    cr_assert_str_eq(e->enumeration.text, "Level");
    cr_assert_str_eq(e->constant.text, "on");
    assert_refused("a.b::c", "V-ERR-009 `::` stands behind an enum's name only", "with `.`");
    assert_refused("a::b::c", "V-ERR-009 `::` stands behind an enum's name only", "with `.`");
}

Test(parser_expression, brackets_on_a_new_line_begin_something_else)
{
    cr_assert_eq(text_statements("x = f(1)")->assign.value->kind, EXPR_CALL);
    cr_assert_eq(text_statements("x = l[1]")->assign.value->kind, EXPR_INDEX);
    assert_mistakes("domain A { transition T { x = f\n(1) } }", "V-ERR-009 expected a statement");
    assert_mistakes("domain A { transition T { x = l\n[1] } }", "V-ERR-009 expected a statement");
}

/* ---- limits ---- */

static const char *nested(const char *open, const char *inner, const char *close, int times)
{
    cleanup(buffer_deinit) Buffer text = {0};

    buffer_add_string(&text, "transition T { x = ");
    for (int i = 0; i < times; i++)
        buffer_add_string(&text, open);
    buffer_add_string(&text, inner);
    for (int i = 0; i < times; i++)
        buffer_add_string(&text, close);
    buffer_add_string(&text, " }");
    return arena_copy_string(&text_arena, buffer_text(&text));
}

Test(parser_expression, nesting_is_limited_in_every_bracket, .timeout = 20)
{
    static const struct {
        const char *open, *inner, *close;
    } brackets[] = {{"[", "1", "]"}, {"{a: ", "1", "}"}, {"f(", "1", ")"}, {"l[", "1", "]"},
                    {"(", "1", ")"}, {"", "1", "[0]"},   {"", "1", ".a"}};

    for (size_t i = 0; i < ARRAY_SIZE(brackets); i++) {
        text_valid(nested(brackets[i].open, brackets[i].inner, brackets[i].close, 190));
        assert_mistakes(nested(brackets[i].open, brackets[i].inner, brackets[i].close, 210),
                        "V-ERR-015 ");
        assert_mistakes(nested(brackets[i].open, brackets[i].inner, brackets[i].close, 100000),
                        "V-ERR-015 ");
    }
}

Test(parser_expression, types_nest_as_deep_as_everything_else)
{
    cleanup(buffer_deinit) Buffer text = {0};

    buffer_add_string(&text, "domain A { state { x: ");
    for (int i = 0; i < 100000; i++)
        buffer_add_string(&text, "list<");
    assert_mistakes(buffer_text(&text), "V-ERR-015 nested deeper");
}
