/* Types, and what other languages call them. */
#include "lang/parser.h"

#include <string.h>

static const struct {
    const char *name;
    TypeName type;
} types[] = {
    {"int", TYPE_INT},           {"Int", TYPE_INT},           {"float", TYPE_FLOAT},
    {"Float", TYPE_FLOAT},       {"bool", TYPE_BOOL},         {"Bool", TYPE_BOOL},
    {"Boolean", TYPE_BOOL},      {"string", TYPE_STRING},     {"String", TYPE_STRING},
    {"duration", TYPE_DURATION}, {"Duration", TYPE_DURATION}, {"secret", TYPE_SECRET},
    {"any", TYPE_ANY},           {"Any", TYPE_ANY},           {"list", TYPE_LIST},
    {"map", TYPE_MAP},
};

#define TYPES                                                                                      \
    "a type: int, float, bool, string, duration, list<T>, map<T>, or the name of a record or enum"

/* Index in `types`; their count: it is none of them. */
static size_t type_index(const char *name)
{
    size_t i = 0;

    while (i < ARRAY_SIZE(types) && strcmp(types[i].name, name) != 0)
        i++;
    return i;
}

static size_t type_here(Parser *parser)
{
    size_t i = 0;

    if (!parser_at(parser, TOKEN_NAME))
        return ARRAY_SIZE(types);
    while (i < ARRAY_SIZE(types) && !token_is(parser, parser_peek(parser, 0), types[i].name))
        i++;
    return i;
}

/* `map<string, T>`: the keys' type is not written; reported unless the word before it is already,
 * and taken as `map<T>`. */
static void map_of_two(Parser *parser, TypeExpr *type, bool reported)
{
    uint32_t start = type->span.start;

    parser_take(parser);
    type->element = parse_type(parser);
    if (parser->panicking || reported)
        return;
    Span element = type->element->span;
    parser_refuse_spelling(parser, span_to_here(parser, start), "map<K, V>",
                           arena_format(parser->arena, "keys are always strings: write `map<%s>`",
                                        parser_source_text(parser, element)));
}

/* <T> of a list or map, at the `<`; `reported`: that its word is a mistake. */
static void type_element(Parser *parser, TypeExpr *type, bool reported)
{
    bool is_map = type->type == TYPE_MAP;

    if (!parser_at(parser, TOKEN_LT)) {
        parser_expected_but(parser, is_map ? "`<` after `map`" : "`<` after `list`",
                            is_map ? "write `map<int>`, or what its values are"
                                   : "write `list<int>`, or what its elements are");
        return;
    }
    parser_take(parser);
    if (!parser_deeper(parser))
        return;
    type->element = parse_type(parser);
    if (is_map && !parser->panicking && parser_at(parser, TOKEN_COMMA))
        map_of_two(parser, type, reported);
    parser->depth--;
    parser_split_greater(parser);
    parser_expect(parser, TOKEN_GT, "after the element's type");
}

static void type_unknown(Parser *parser)
{
    const char *remedy = NULL;

    if (parser_at(parser, TOKEN_STRING))
        remedy =
            "a type is written without quotes; a first value follows it: `name: string = \"\"`";
    else if (parser_at(parser, TOKEN_INT) || parser_at(parser, TOKEN_TRUE) ||
             parser_at(parser, TOKEN_FALSE))
        remedy = "the type comes first, then the first value: `name: int = 1`";
    else if (parser_at(parser, TOKEN_BRACKET_OPEN))
        remedy = "a list is written `list<int>`";
    else if (parser_at(parser, TOKEN_BRACE_OPEN))
        remedy = "a map is written `map<int>`";
    parser_expected_but(parser, TYPES, remedy);
}

/* `Array<T>`: reported, and taken as the list or map it is elsewhere. */
static void type_generic(Parser *parser, TypeExpr *type)
{
    const char *meant = hint_container(parser);

    if (meant == NULL) {
        type->name = parser_name(parser, "a type");
        Diagnostic *d = parser_error(parser, "V-ERR-009", parser_peek(parser, 0)->span,
                                     "`%s` has no types inside", type->name.text);
        if (d != NULL)
            d->remedy = "only `list<T>` and `map<T>` have";
        return;
    }
    Token word = parser_take(parser);
    type->type = types[type_index(meant)].type;
    type_element(parser, type, true);
    if (parser->panicking)
        return;
    const char *text = token_copy(parser, &word);
    parser_refuse_spelling(parser, word.span, arena_format(parser->arena, "%s<T>", text),
                           arena_format(parser->arena, "write `%s<%s>`", meant,
                                        parser_source_text(parser, type->element->span)));
}

/* A record or an enum; or what other languages call a type, unless something here is called so. */
static void type_named(Parser *parser, TypeExpr *type)
{
    const char *meant = hint_type(parser);

    type->type = TYPE_NAMED;
    if (parser_peek(parser, 1)->kind == TOKEN_LT) {
        type_generic(parser, type);
        return;
    }
    type->name = parser_name(parser, "a type");
    if (meant == NULL || parser_at(parser, TOKEN_END)) /* perhaps cut off in the word */
        return;
    ForeignType *foreign = arena_new(parser->arena, ForeignType);
    foreign->type = type;
    foreign->meant = meant;
    list_append(parser->foreign_types, foreign);
}

/* `int[]`: reported, and taken as `list<int>`. */
static TypeExpr *type_brackets(Parser *parser, TypeExpr *element)
{
    TypeExpr *type = arena_new(parser->arena, TypeExpr);
    const char *text = parser_source_text(parser, element->span);

    parser_take(parser);
    parser_take(parser);
    type->type = TYPE_LIST;
    type->element = element;
    type->span = span_to_here(parser, element->span.start);
    parser_refuse_spelling(parser, type->span, arena_format(parser->arena, "%s[]", text),
                           arena_format(parser->arena, "write `list<%s>`", text));
    return type;
}

TypeExpr *parse_type(Parser *parser)
{
    TypeExpr *type = arena_new(parser->arena, TypeExpr);
    size_t known = type_here(parser);

    type->span = parser_peek(parser, 0)->span;
    if (known < ARRAY_SIZE(types)) {
        type->type = types[known].type;
        parser_take(parser);
        if (type->type == TYPE_LIST || type->type == TYPE_MAP)
            type_element(parser, type, false);
    } else if (parser_at(parser, TOKEN_NAME)) {
        type_named(parser, type);
    } else {
        type_unknown(parser);
        return type;
    }
    if (!parser->panicking && parser_accept(parser, TOKEN_QUESTION))
        type->optional = true;
    type->span = span_to_here(parser, type->span.start);
    if (parser_on_same_line(parser, TOKEN_BRACKET_OPEN) &&
        parser_peek(parser, 1)->kind == TOKEN_BRACKET_CLOSE && !parser->panicking)
        return type_brackets(parser, type);
    return type;
}

static bool is_declared(const Ast *ast, const char *name)
{
    for (const RecordDecl *record = ast->records; record != NULL; record = record->next)
        if (record->name.text != NULL && strcmp(record->name.text, name) == 0)
            return true;
    for (const Enum *enumeration = ast->enums; enumeration != NULL; enumeration = enumeration->next)
        if (enumeration->name.text != NULL && strcmp(enumeration->name.text, name) == 0)
            return true;
    return false;
}

void foreign_types_settle(Diagnostics *diagnostics, const Ast *ast, const ForeignType *foreign)
{
    for (; foreign != NULL; foreign = foreign->next) {
        Name name = foreign->type->name;
        if (is_declared(ast, name.text))
            continue;
        foreign->type->type = types[type_index(foreign->meant)].type;
        Diagnostic *d = diagnostics_add(diagnostics, SEVERITY_ERROR, "V-ERR-020", name.span,
                                        "there is no type '%s'", name.text);
        d->remedy = arena_format(diagnostics->arena, "write `%s`", foreign->meant);
    }
}

bool at_type_before_name(Parser *parser)
{
    return parser_peek(parser, 1)->kind == TOKEN_NAME && type_here(parser) < ARRAY_SIZE(types);
}

void type_before_name(Parser *parser, Name *ret_name, TypeExpr **ret_type)
{
    if (!at_type_before_name(parser))
        return;
    Span span = parser_peek(parser, 0)->span;
    TypeExpr *type = parse_type(parser);
    Name name = parser_name(parser, "a name");
    Diagnostic *d = parser_error(parser, "V-ERR-009", span, "the name comes before the type");
    parser_go_on(parser);
    if (d != NULL)
        d->remedy = arena_format(parser->arena, "write `%s: %s`", name.text,
                                 parser_source_text(parser, span));
    *ret_name = name;
    *ret_type = type;
}
