/* What leaves a slice: effects, events and messages. */
#include "lang/parser.h"

#include <string.h>

/* ---- emit ---- */

/* Event::E or Event::E(arguments). */
static void event(Parser *parser, Emit *emit)
{
    parser_take(parser);
    if (!parser_at(parser, TOKEN_COLONS))
        parser_expected_but(parser, "`::` after `Event`", "write `Event::NAME`");
    parser_expect(parser, TOKEN_COLONS, "after `Event`");
    emit->event = parser_any_word(parser, "an event's name after `Event::`");
    if (parser_on_same_line(parser, TOKEN_PAREN_OPEN))
        emit->arguments = parse_arguments(parser);
}

static void emit_broadcast(Parser *parser, Emit *emit)
{
    emit->kind = EMIT_BROADCAST;
    if (!parser_expect(parser, TOKEN_PAREN_OPEN, "after `Broadcast`"))
        return;
    if (parser_at_name(parser, "Event"))
        event(parser, emit);
    else
        parser_expected_but(parser, "`Event::` and the event's name",
                            arena_format(parser->arena, "write `emit Broadcast(Event::%s)`",
                                         parser_at(parser, TOKEN_NAME)
                                             ? token_copy(parser, parser_peek(parser, 0))
                                             : "NAME"));
    parser_close_paren(parser, "after the event");
}

static void emit_bare_event(Parser *parser, Emit *emit)
{
    uint32_t start = parser_peek(parser, 0)->span.start;

    emit->kind = EMIT_BROADCAST;
    event(parser, emit);
    if (parser->panicking)
        return;
    parser_refuse_spelling(
        parser, span_to_here(parser, start), "emit Event::...",
        arena_format(parser->arena, "write `emit Broadcast(Event::%s)`", emit->event.text));
}

static bool emit_intent(Parser *parser)
{
    TokenKind next = parser_peek(parser, 1)->kind;

    if (!parser_at_name(parser, "intent") || next == TOKEN_DOT || next == TOKEN_PAREN_OPEN)
        return false;
    parser_refuse_spelling(parser, parser_peek(parser, 0)->span, "emit intent",
                           "write `emit Infra.CreatePostgres()`: the provider, the effect, its "
                           "arguments");
    parser_skip_construct(parser);
    return true;
}

/* Behind the effect's name: why there is no `(`. */
static const char *no_arguments_remedy(Parser *parser, const Emit *emit)
{
    if (parser_at(parser, TOKEN_BRACE_OPEN) && !parser_peek(parser, 0)->after_newline)
        return "arguments stand in parentheses: `(name: value, ...)`";
    if (emit->provider.text != NULL || emit->effect.text == NULL)
        return "an effect without arguments is written with `()`";
    return arena_format(parser->arena,
                        "an effect without arguments is written `%s()`, an event `emit "
                        "Broadcast(Event::%s)`",
                        emit->effect.text, emit->effect.text);
}

void parse_effect_name(Parser *parser, const char *what, Name *ret_provider, Name *ret_effect)
{
    *ret_effect = parser_name(parser, what);
    if (!parser_accept(parser, TOKEN_DOT))
        return;
    *ret_provider = *ret_effect;
    *ret_effect = parser_any_word(parser, "the effect's name after `.`");
}

/* Infra.Create(name: "x"). */
static void effect_arguments(Parser *parser, Emit *emit, const char *what)
{
    parse_effect_name(parser, what, &emit->provider, &emit->effect);
    if (parser->panicking)
        return;
    if (parser_on_same_line(parser, TOKEN_PAREN_OPEN)) {
        emit->arguments = parse_arguments(parser);
        return;
    }
    Diagnostic *d = parser_expected_next(parser, "`(` after the effect's name");
    if (d != NULL)
        d->remedy = no_arguments_remedy(parser, emit);
}

static void emit_effect(Parser *parser, Emit *emit)
{
    if (parser_at(parser, TOKEN_PAREN_OPEN))
        parser_expected_but(parser, "an effect, `Broadcast` or `Log` after `emit`",
                            "write `emit Infra.NAME(...)`, without parentheses around it");
    effect_arguments(parser, emit, "an effect, `Broadcast` or `Log` after `emit`");
    if (!parser->panicking && parser_accept(parser, TOKEN_ELSE))
        emit->otherwise = parse_block(parser, "after `else`");
}

/* `Broadcast` or `Log`; in small letters it is too near to be somebody's effect. */
static bool at_builtin(Parser *parser, const char *name, const char *small)
{
    if (parser_at_name(parser, name))
        return true;
    if (!parser_at_name(parser, small) || parser_peek(parser, 1)->kind != TOKEN_PAREN_OPEN)
        return false;
    Span span = parser_peek(parser, 0)->span;
    Diagnostic *d =
        parser_refuse_spelling(parser, span, arena_format(parser->arena, "emit %s", small),
                               arena_format(parser->arena, "write `emit %s(...)`", name));
    if (d != NULL)
        diagnostic_edit(parser->diagnostics, d, span, "%s", name);
    return true;
}

Emit *parse_emit(Parser *parser)
{
    Emit *emit = arena_new(parser->arena, Emit);
    uint32_t start = parser_take(parser).span.start;

    if (at_builtin(parser, "Broadcast", "broadcast")) {
        parser_take(parser);
        emit_broadcast(parser, emit);
    } else if (at_builtin(parser, "Log", "log")) {
        parser_take(parser);
        emit->kind = EMIT_LOG;
        emit->arguments = parse_arguments(parser);
    } else if (parser_at_name(parser, "Event") && parser_peek(parser, 1)->kind == TOKEN_COLONS) {
        emit_bare_event(parser, emit);
    } else if (!emit_intent(parser)) {
        emit_effect(parser, emit);
    }
    emit->span = span_to_here(parser, start);
    return emit;
}

/* ---- send ---- */

static bool is_plain_name(const char *text, size_t size)
{
    if (size == 0 || (text[0] >= '0' && text[0] <= '9') || token_word(text, size) != TOKEN_NAME)
        return false;
    for (size_t i = 0; i < size; i++)
        if (!(text[i] == '_' || (text[i] >= '0' && text[i] <= '9') ||
              (text[i] >= 'A' && text[i] <= 'Z') || (text[i] >= 'a' && text[i] <= 'z')))
            return false;
    return true;
}

/* The string that names a domain or a transition in send("Peer", "Pong"). */
static Name quoted_name(Parser *parser, const char *what)
{
    const Token *token = parser_peek(parser, 0);

    if (token->kind != TOKEN_STRING || !is_plain_name(token->text, token->size)) {
        parser_expected(parser, what);
        return (Name){NULL, token->span};
    }
    Token taken = parser_take(parser);
    return (Name){taken.text, taken.span};
}

static void send_quoted(Parser *parser, Stmt *stmt)
{
    Argument **tail = &stmt->send.arguments;

    parser_take(parser);
    stmt->send.domain = quoted_name(parser, "a domain's name in quotes");
    parser_expect(parser, TOKEN_COMMA, "between domain and transition");
    stmt->send.transition = quoted_name(parser, "a transition's name in quotes");
    while (!parser->panicking && parser_accept(parser, TOKEN_COMMA) &&
           !parser_at(parser, TOKEN_PAREN_CLOSE)) {
        Argument *arg = arena_new(parser->arena, Argument);
        arg->value = parse_expr(parser, "an argument or `)`");
        arg->span = arg->value->span;
        list_append(tail, arg);
    }
    parser_close_paren(parser, "after the transition");
}

static void send_named(Parser *parser, Stmt *stmt)
{
    stmt->send.domain = parser_name(parser, "a domain's name or `self` after `send`");
    stmt->send.key = parse_key(parser);
    if (!parser->panicking && !parser_at(parser, TOKEN_NAME) && stmt->send.domain.text != NULL)
        parser_expected_but(parser, "a transition's name",
                            hint_send(parser, stmt->send.domain.text));
    stmt->send.transition = parser_name(parser, "a transition's name");
    if (!parser->panicking && parser_at(parser, TOKEN_PAREN_OPEN) &&
        !parser_peek(parser, 0)->after_newline)
        stmt->send.arguments = parse_arguments(parser);
}

Stmt *parse_send(Parser *parser)
{
    Stmt *stmt = stmt_new(parser, STMT_SEND);

    stmt->send.high = parser_take(parser).kind == TOKEN_SEND_HIGH;
    if (parser_at(parser, TOKEN_PAREN_OPEN))
        send_quoted(parser, stmt);
    else
        send_named(parser, stmt);
    if (stmt->send.domain.text != NULL && stmt->send.key == NULL &&
        strcmp(stmt->send.domain.text, "self") == 0) {
        stmt->send.to_self = true;
        stmt->send.domain.text = NULL;
    }
    if (parser->panicking)
        stmt->kind = STMT_ERROR;
    return stmt;
}

/* ---- release and spawn ---- */

Stmt *parse_release(Parser *parser)
{
    Stmt *stmt = stmt_new(parser, STMT_RELEASE);

    parser_take(parser);
    stmt->emit = arena_new(parser->arena, Emit);
    uint32_t start = parser_peek(parser, 0)->span.start;
    effect_arguments(parser, stmt->emit, "an effect's name after `release`");
    stmt->emit->span = span_to_here(parser, start);
    return stmt;
}

Stmt *parse_spawn(Parser *parser)
{
    Stmt *stmt = stmt_new(parser, STMT_SPAWN);

    parser_take(parser);
    stmt->spawn.domain = parser_name(parser, "a domain's name after `spawn`");
    stmt->spawn.key = parse_key(parser);
    if (stmt->spawn.key == NULL && !parser->panicking)
        parser_expected_but(
            parser, "`[` and the key of the instance",
            arena_format(parser->arena, "write `spawn %s[\"key\"]`", stmt->spawn.domain.text));
    if (!parser->panicking && parser_at(parser, TOKEN_BRACE_OPEN))
        stmt->spawn.body = parse_start_fields(parser, &stmt->spawn.fields);
    return stmt;
}
