/* Tokens, reports and recovery. */
#include "lang/parser.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- tokens ---- */

void parser_read(Parser *parser, size_t distance)
{
    do
        lexer_next(&parser->lexer, &parser->ahead[parser->ahead_count++]);
    while (parser->ahead_count <= distance);
}

bool parser_on_same_line(Parser *parser, TokenKind kind)
{
    return parser_at(parser, kind) && !parser_peek(parser, 0)->after_newline;
}

void parser_split_greater(Parser *parser)
{
    if (!parser_at(parser, TOKEN_GE))
        return;
    Token *ahead = parser->ahead;
    memmove(ahead + 1, ahead, parser->ahead_count * sizeof *ahead);
    parser->ahead_count++;
    ahead[0].kind = TOKEN_GT;
    ahead[0].span.end--;
    ahead[1].kind = TOKEN_ASSIGN;
    ahead[1].span.start++;
    ahead[1].after_newline = false;
}

bool token_is(const Parser *parser, const Token *token, const char *text)
{
    size_t size = token->span.end - token->span.start;

    return strlen(text) == size &&
           memcmp(parser->source->text + token->span.start, text, size) == 0;
}

bool parser_at_name(Parser *parser, const char *text)
{
    return parser_at(parser, TOKEN_NAME) && token_is(parser, parser_peek(parser, 0), text);
}

char *token_copy(Parser *parser, const Token *token)
{
    return arena_copy_bytes(parser->arena, parser->source->text + token->span.start,
                            token->span.end - token->span.start);
}

Span span_to_here(const Parser *parser, uint32_t start)
{
    return (Span){start, parser->previous_end > start ? parser->previous_end : start};
}

/* ---- reports ---- */

Diagnostic *parser_error(Parser *parser, const char *code, Span span, const char *format, ...)
{
    char text[512];
    va_list args;

    if (parser->panicking)
        return NULL;
    parser->panicking = true;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return diagnostics_add(parser->diagnostics, SEVERITY_ERROR, code, span, "%s", text);
}

#define SHOWN_SIZE_MAX 40

/* What stands there, as a message shows it. */
static const char *token_shown(Parser *parser, const Token *token)
{
    size_t size = token->span.end - token->span.start;

    if (token->kind == TOKEN_END || parser->given_up)
        return token_kind_text(TOKEN_END);
    if (token->kind >= TOKEN_STRING && token->kind <= TOKEN_STRING_TAIL)
        return token_kind_text(token->kind);
    if (size > SHOWN_SIZE_MAX)
        return arena_format(parser->arena, "`%.*s...`", SHOWN_SIZE_MAX,
                            parser->source->text + token->span.start);
    return arena_format(parser->arena, "`%.*s`", (int)size,
                        parser->source->text + token->span.start);
}

Diagnostic *parser_expected(Parser *parser, const char *what)
{
    const Token *token = parser_peek(parser, 0);

    if (token->kind == TOKEN_ERROR) /* the lexer has reported it */
        parser->panicking = true;
    if (parser->panicking)
        return NULL;
    Diagnostic *d = parser_error(parser, "V-ERR-009", token->span, "expected %s, found %s", what,
                                 token_shown(parser, token));
    d->label = arena_format(parser->arena, "expected %s", what);
    return d;
}

void parser_expected_but(Parser *parser, const char *what, const char *remedy)
{
    Diagnostic *d = parser_expected(parser, what);

    if (d != NULL && remedy != NULL)
        d->remedy = remedy;
}

Diagnostic *parser_expected_next(Parser *parser, const char *what)
{
    uint32_t end = parser->previous_end;
    Diagnostic *d = parser_expected(parser, what);

    if (d != NULL && parser_peek(parser, 0)->after_newline && end > 0)
        d->span = (Span){end, end};
    return d;
}

Diagnostic *parser_refuse_spelling(Parser *parser, Span span, const char *spelling,
                                   const char *remedy)
{
    if (parser->panicking)
        return NULL;
    Diagnostic *d = diagnostics_add(parser->diagnostics, SEVERITY_ERROR, "V-ERR-010", span,
                                    "`%s` is not how this language spells it", spelling);
    d->remedy = remedy;
    return d;
}

void parser_second_time(Parser *parser, Span first, Span second, const char *what)
{
    Diagnostic *d = parser_error(parser, "V-ERR-016", second, "a second %s", what);

    if (d != NULL)
        parser_go_on(parser);
    if (d == NULL)
        return;
    diagnostic_note(parser->diagnostics, d, first, "the first one");
    d->remedy = "join the two";
}

void parser_out_of_range(Parser *parser, Span span, const char *what, const char *remedy)
{
    if (parser->panicking)
        return;
    diagnostics_add(parser->diagnostics, SEVERITY_ERROR, "V-ERR-017", span, "%s", what)->remedy =
        remedy;
}

bool parser_deeper(Parser *parser)
{
    if (parser->depth < PARSE_DEPTH_MAX) {
        parser->depth++;
        return true;
    }
    Diagnostic *d = parser_error(parser, "V-ERR-015", parser_peek(parser, 0)->span,
                                 "nested deeper than %d", PARSE_DEPTH_MAX);
    if (d != NULL) {
        d->consequence = "the file was not read beyond this place";
        d->remedy = "give inner parts names with `let`, or move them to other slices";
    }
    parser->panicking = true;
    parser->given_up = true;
    return false;
}

static const char *expected_kind(Parser *parser, TokenKind kind, const char *what)
{
    return arena_format(parser->arena, "`%s` %s", token_kind_text(kind), what);
}

bool parser_expect(Parser *parser, TokenKind kind, const char *what)
{
    if (parser_accept(parser, kind))
        return true;
    if (!parser->panicking)
        parser_expected_next(parser, expected_kind(parser, kind, what));
    return false;
}

static Name name_of(Parser *parser, Token token)
{
    return (Name){token_copy(parser, &token), token.span};
}

Name parser_name(Parser *parser, const char *what)
{
    if (parser_at(parser, TOKEN_NAME))
        return name_of(parser, parser_take(parser));

    const Token *token = parser_peek(parser, 0);
    Diagnostic *d = parser_expected_next(parser, what);
    if (d != NULL && token_role(token->kind) != ROLE_NONE && !token->after_newline) {
        d->consequence =
            arena_format(parser->arena, "`%s` is a reserved word", token_kind_text(token->kind));
        d->remedy = "choose another name";
    }
    return (Name){NULL, {token->span.start, token->span.start}};
}

Name parser_any_word(Parser *parser, const char *what)
{
    if (token_role(parser_kind(parser)) != ROLE_NONE)
        return name_of(parser, parser_take(parser));
    return parser_name(parser, what);
}

/* ---- recovery ---- */

void parser_separators(Parser *parser, bool commas)
{
    while (parser_at(parser, TOKEN_SEMICOLON) || (commas && parser_at(parser, TOKEN_COMMA)))
        parser_take(parser);
}

static bool opens(TokenKind kind)
{
    return kind == TOKEN_BRACE_OPEN || kind == TOKEN_PAREN_OPEN || kind == TOKEN_BRACKET_OPEN;
}

static bool closes(TokenKind kind)
{
    return kind == TOKEN_BRACE_CLOSE || kind == TOKEN_PAREN_CLOSE || kind == TOKEN_BRACKET_CLOSE;
}

void parser_skip_balanced(Parser *parser)
{
    size_t open = 0;

    do {
        TokenKind kind = parser_kind(parser);
        if (kind == TOKEN_END)
            return;
        if (opens(kind))
            open++;
        else if (closes(kind) && open > 0)
            open--;
        parser_take(parser);
    } while (open > 0);
}

static bool begins_item(TokenKind kind)
{
    return token_role(kind) == ROLE_ITEM || token_role(kind) == ROLE_DECLARATION;
}

bool parser_begins_item(Parser *parser)
{
    return begins_item(parser_kind(parser));
}

static bool begins_statement(TokenKind kind)
{
    return token_role(kind) == ROLE_STATEMENT;
}

static bool is_assignment(TokenKind kind)
{
    return kind >= TOKEN_ASSIGN && kind <= TOKEN_MUL_ASSIGN;
}

/* `yield effect { ... }` and the like go on with a word that elsewhere begins something. */
void parser_skip_construct(Parser *parser)
{
    bool joined = true; /* the word just passed wants what follows it */

    parser_take(parser);
    for (;;) {
        TokenKind kind = parser_kind(parser);
        bool fresh = parser_peek(parser, 0)->after_newline;
        if (kind == TOKEN_END || closes(kind) || (fresh && kind != TOKEN_BRACE_OPEN))
            return;
        if ((begins_item(kind) || begins_statement(kind) || kind == TOKEN_AT) && !joined)
            return;
        joined = false;
        parser_skip_balanced(parser);
        if (kind == TOKEN_BRACE_OPEN)
            return;
    }
}

void parser_go_on(Parser *parser)
{
    if (parser->panicking)
        parser->panicking = parser->given_up || parser_at(parser, TOKEN_END);
}

void parser_skip_to_item(Parser *parser)
{
    while (!parser_at(parser, TOKEN_END) && !parser_at(parser, TOKEN_BRACE_CLOSE) &&
           !begins_item(parser_kind(parser)) && !parser_at(parser, TOKEN_AT))
        parser_skip_balanced(parser);
    parser_go_on(parser);
}

/* True at what can only be an item: the block around it was not closed. */
static bool left_block(Parser *parser)
{
    TokenKind kind = parser_kind(parser);

    return kind == TOKEN_END || (begins_item(kind) && !(kind == TOKEN_STATE &&
                                                        parser_peek(parser, 1)->kind == TOKEN_DOT));
}

void parser_skip_to_statement(Parser *parser)
{
    for (;;) {
        TokenKind kind = parser_kind(parser);
        if (left_block(parser))
            return; /* go on panicking: the blocks that are open are no news */
        if (kind == TOKEN_BRACE_CLOSE || begins_statement(kind))
            break;
        if ((kind == TOKEN_NAME || kind == TOKEN_STATE) && parser_peek(parser, 0)->after_newline)
            break;
        if (kind == TOKEN_NAME && is_assignment(parser_peek(parser, 1)->kind))
            break;
        parser_skip_balanced(parser);
    }
    parser_go_on(parser);
}

void parser_skip_to_close(Parser *parser, TokenKind close)
{
    while (!parser_at(parser, close)) {
        TokenKind kind = parser_kind(parser);
        if (kind == TOKEN_END || kind == TOKEN_BRACE_CLOSE || begins_statement(kind) ||
            begins_item(kind) || (kind >= TOKEN_STRING_MIDDLE && kind <= TOKEN_STRING_TAIL))
            return;
        parser_skip_balanced(parser);
    }
    parser_take(parser);
    parser_go_on(parser);
}

void parser_close_paren(Parser *parser, const char *what)
{
    if (!parser->panicking)
        parser_expect(parser, TOKEN_PAREN_CLOSE, what);
    if (parser->panicking)
        parser_skip_to_close(parser, TOKEN_PAREN_CLOSE);
}

bool parser_open_brace(Parser *parser, const char *after)
{
    if (parser_expect(parser, TOKEN_BRACE_OPEN, after))
        return true;
    parser->brace_reported = true;
    return false;
}

void parser_open_missing(Parser *parser, const char *what, const char *remedy)
{
    parser_expected_but(parser, what, remedy);
    parser->brace_reported = true;
}

void parser_close_brace(Parser *parser, Span open)
{
    if (parser_accept(parser, TOKEN_BRACE_CLOSE) ||
        (parser->brace_lost && parser_at(parser, TOKEN_END)))
        return;
    Diagnostic *d = parser_expected(parser, "`}`");
    if (d == NULL)
        return;
    diagnostic_note(parser->diagnostics, d, open, "to close this `{`");
}

void parser_skip_to_brace(Parser *parser)
{
    while (parser->panicking && !parser_at(parser, TOKEN_END) &&
           !parser_at(parser, TOKEN_BRACE_CLOSE) && !begins_item(parser_kind(parser)))
        parser_skip_balanced(parser);
    if (parser_at(parser, TOKEN_BRACE_CLOSE))
        parser_go_on(parser);
}

bool parser_mend_word(Parser *parser, const char *expected, unsigned roles)
{
    const Token *token = parser_peek(parser, 0);
    size_t size = token->span.end - token->span.start;

    if (parser->given_up || token->kind != TOKEN_NAME)
        return false;
    TokenKind meant = token_nearest_word(parser->source->text + token->span.start, size, roles);
    if (meant == TOKEN_NAME)
        return false;
    Diagnostic *d = parser_expected(parser, expected);
    if (d != NULL) {
        d->remedy = arena_format(parser->arena, "did you mean `%s`?", token_kind_text(meant));
        diagnostic_edit(parser->diagnostics, d, token->span, "%s", token_kind_text(meant));
    }
    parser->ahead[0].kind = meant;
    parser->panicking = parser_peek(parser, 1)->kind == TOKEN_END;
    if (parser->panicking)
        parser_take(parser); /* a file cut off in the word: what is missing after it is no news */
    return true;
}
