/* Literals: numbers, strings with what is filled into them, lists and maps. */
#include "lang/parser_expr.h"

#include <math.h>
#include <stdlib.h>

/* ---- numbers ---- */

Expr *literal_integer(Parser *parser)
{
    Token token = parser_take(parser);
    Expr *expr = expr_new(parser, EXPR_INT, token.span.start);

    if (token.number > INT64_MAX) {
        Diagnostic *d = diagnostics_add(parser->diagnostics, SEVERITY_ERROR, "V-ERR-013",
                                        token.span, "this number does not fit in 64 bits");
        d->remedy = "the largest is 9223372036854775807";
        token.number = 0;
    }
    expr->integer = (int64_t)token.number;
    return expr;
}

Expr *literal_fraction(Parser *parser)
{
    Token token = parser_take(parser);
    Expr *expr = expr_new(parser, EXPR_FLOAT, token.span.start);
    char *text = token_copy(parser, &token), *to = text;

    for (const char *from = text; *from != '\0'; from++)
        if (*from != '_')
            *to++ = *from;
    *to = '\0';
    expr->number = strtod(text, NULL);
    if (isfinite(expr->number))
        return expr;
    Diagnostic *d = diagnostics_add(parser->diagnostics, SEVERITY_ERROR, "V-ERR-013", token.span,
                                    "this number does not fit in a float");
    d->remedy = "the largest is about 1.797e308";
    expr->number = 0;
    return expr;
}

uint32_t parse_count(Parser *parser, const char *what, uint32_t most)
{
    const Token *token = parser_peek(parser, 0);

    if (!parser_at(parser, TOKEN_INT)) {
        parser_expected(parser, what);
        return 1;
    }
    if (token->number == 0 || token->number > most) {
        parser_out_of_range(parser, token->span,
                            arena_format(parser->arena, "this number is not from 1 to %u", most),
                            NULL);
        parser_take(parser);
        return 1;
    }
    return (uint32_t)parser_take(parser).number;
}

int64_t parse_duration(Parser *parser, const char *what, Span *ret_span)
{
    *ret_span = parser_peek(parser, 0)->span;
    if (parser_at(parser, TOKEN_DURATION))
        return (int64_t)parser_take(parser).number;
    parser_expected_but(parser, what,
                        parser_at(parser, TOKEN_INT)
                            ? "a duration has a unit, ms s m h or d, without a space: `30s`"
                            : NULL);
    return 0;
}

Name parse_text(Parser *parser, const char *what)
{
    const Token *token = parser_peek(parser, 0);

    if (!parser_at(parser, TOKEN_STRING)) {
        parser_expected_next(parser, what);
        return (Name){NULL, {token->span.start, token->span.start}};
    }
    Token taken = parser_take(parser);
    return (Name){taken.text, taken.span};
}

/* ---- strings ---- */

static StringPart *string_text(Parser *parser, const Token *token)
{
    bool closed = token->kind == TOKEN_STRING || token->kind == TOKEN_STRING_TAIL;
    StringPart *part = arena_new(parser->arena, StringPart);

    part->text = token->text;
    part->size = token->size;
    part->span = (Span){token->span.start + 1, token->span.end - (closed ? 1 : 2)};
    return part;
}

/* The `}` that ends a hole, after a mistake in it. False: the string is lost. */
static bool hole_recover(Parser *parser)
{
    while (!parser_at(parser, TOKEN_STRING_MIDDLE) && !parser_at(parser, TOKEN_STRING_TAIL)) {
        TokenKind kind = parser_kind(parser);
        if (kind == TOKEN_END || kind == TOKEN_ERROR || parser_peek(parser, 0)->after_newline)
            return false;
        if (kind == TOKEN_STRING_HEAD) {
            while (!parser_at(parser, TOKEN_STRING_TAIL) && !parser_at(parser, TOKEN_END) &&
                   !parser_at(parser, TOKEN_ERROR))
                parser_take(parser);
        }
        if (!parser_at(parser, TOKEN_END))
            parser_take(parser);
    }
    parser->panicking = false;
    return true;
}

static StringPart *string_hole(Parser *parser)
{
    StringPart *part = arena_new(parser->arena, StringPart);

    part->expr = parse_inner(parser, "an expression in `${ }`");
    part->span = part->expr->span;
    if (parser_at(parser, TOKEN_STRING_MIDDLE) || parser_at(parser, TOKEN_STRING_TAIL))
        return part;
    parser_expected(parser, "`}` after the expression in a string");
    return part;
}

Expr *literal_string(Parser *parser)
{
    Token token = parser_take(parser);
    Expr *expr = expr_new(parser, EXPR_STRING, token.span.start);
    StringPart **tail = &expr->parts;
    uint32_t height = 0;

    while (token.kind == TOKEN_STRING_HEAD || token.kind == TOKEN_STRING_MIDDLE) {
        if (token.size > 0) {
            StringPart *text = string_text(parser, &token);
            list_append(tail, text);
        }
        StringPart *hole = string_hole(parser);
        list_append(tail, hole);
        height = parser->height > height ? parser->height : height;
        if (parser->panicking && !hole_recover(parser)) {
            token.size = 0;
            break;
        }
        token = parser_take(parser);
    }
    if (token.size > 0) {
        StringPart *text = string_text(parser, &token);
        list_append(tail, text);
    }
    expr->span = span_to_here(parser, expr->span.start);
    height_set(parser, height);
    return expr;
}

/* ---- lists and maps ---- */

/* [a, b], at its bracket. */
Expr *literal_list(Parser *parser)
{
    uint32_t start = parser_take(parser).span.start, height = 0;
    Expr *expr = expr_new(parser, EXPR_LIST, start);
    Argument **tail = &expr->items;

    while (!parser->panicking && !parser_at(parser, TOKEN_BRACKET_CLOSE)) {
        Argument *item = arena_new(parser->arena, Argument);
        item->value = parse_inner(parser, "an element or `]`");
        item->span = item->value->span;
        height_raise(parser, &height);
        list_append(tail, item);
        if (!parser_accept(parser, TOKEN_COMMA))
            break;
    }
    close_bracket(parser, "or `,` after an element");
    expr->span = span_to_here(parser, start);
    height_set(parser, height);
    return expr;
}

/* A key: a string, or a word that stands for one. */
static Expr *map_key(Parser *parser)
{
    const Token *token = parser_peek(parser, 0);
    bool word = parser_at(parser, TOKEN_NAME) || token_role(parser_kind(parser)) != ROLE_NONE;

    if (parser_at(parser, TOKEN_STRING) || parser_at(parser, TOKEN_STRING_HEAD))
        return literal_string(parser);
    TokenKind next = parser_peek(parser, 1)->kind;
    if (!word || (next != TOKEN_COLON && next != TOKEN_ASSIGN)) {
        parser_expected_but(parser, "a key or `}`",
                            "a map is written `{name: value, \"other name\": value}`");
        Expr *expr = expr_new(parser, EXPR_ERROR, token->span.start);
        expr->span = (Span){token->span.start, token->span.start};
        return expr;
    }
    Token taken = parser_take(parser);
    Expr *expr = expr_new(parser, EXPR_STRING, taken.span.start);
    expr->parts = arena_new(parser->arena, StringPart);
    expr->parts->text = token_copy(parser, &taken);
    expr->parts->size = taken.span.end - taken.span.start;
    expr->parts->span = taken.span;
    parser->height = 1;
    return expr;
}

static MapItem *map_entry(Parser *parser, uint32_t *height)
{
    MapItem *entry = arena_new(parser->arena, MapItem);
    uint32_t start = parser_peek(parser, 0)->span.start;

    entry->key = map_key(parser);
    height_raise(parser, height);
    if (parser_at(parser, TOKEN_ASSIGN) && !parser->panicking) {
        parser_expected_but(parser, "`:` after the key", "write `key: value`");
        parser_go_on(parser);
        parser_take(parser);
    } else {
        parser_expect(parser, TOKEN_COLON, "after the key");
    }
    entry->value = parse_inner(parser, "a value after the key");
    height_raise(parser, height);
    entry->span = span_to_here(parser, start);
    return entry;
}

Expr *parse_map(Parser *parser, bool commas)
{
    uint32_t start = parser_take(parser).span.start, height = 0;
    Expr *expr = expr_new(parser, EXPR_MAP, start);
    MapItem **tail = &expr->entries;

    if (!commas)
        parser_separators(parser, true);
    while (!parser->panicking && !parser_at(parser, TOKEN_BRACE_CLOSE)) {
        MapItem *entry = map_entry(parser, &height);
        list_append(tail, entry);
        if (!commas)
            parser_separators(parser, true);
        else if (!parser_accept(parser, TOKEN_COMMA))
            break;
    }
    if (!parser->panicking)
        parser_expect(parser, TOKEN_BRACE_CLOSE, "or `,` after a value");
    if (parser->panicking) {
        parser->brace_lost = true;
        parser_skip_to_close(parser, TOKEN_BRACE_CLOSE);
    }
    expr->span = span_to_here(parser, start);
    height_set(parser, height);
    return expr;
}
