/* Statements and blocks. */
#include "lang/parser.h"

#include <string.h>

static Stmt *stmt_new(Parser *parser, StmtKind kind)
{
    Stmt *stmt = arena_new(parser->arena, Stmt);

    stmt->kind = kind;
    stmt->span = parser_peek(parser, 0)->span;
    return stmt;
}

/* ---- assignments ---- */

static Operator assignment_operator(TokenKind kind)
{
    if (kind == TOKEN_ADD_ASSIGN)
        return OP_ADD;
    if (kind == TOKEN_SUB_ASSIGN)
        return OP_SUB;
    return kind == TOKEN_MUL_ASSIGN ? OP_MUL : OP_EQ;
}

static bool is_assignment(TokenKind kind)
{
    return kind == TOKEN_ASSIGN || kind == TOKEN_ADD_ASSIGN || kind == TOKEN_SUB_ASSIGN ||
           kind == TOKEN_MUL_ASSIGN;
}

/* The value of a `let` or an assignment, where `{` can only be a map. */
static Expr *assigned_value(Parser *parser)
{
    if (parser_at(parser, TOKEN_BRACE_OPEN)) {
        Expr *expr = arena_new(parser->arena, Expr);
        expr->kind = EXPR_ERROR;
        expr->span = parser_peek(parser, 0)->span;
        parser_refuse_phrase(parser, expr->span, "a map literal");
        parser_skip_balanced(parser);
        return expr;
    }
    return parse_expr(parser, "a value after `=`");
}

static void emit_in_assignment(Parser *parser)
{
    Diagnostic *d = parser_error(parser, "V-ERR-009", parser_peek(parser, 0)->span,
                                 "the result of `emit` cannot be assigned directly");

    parser->panicking = parser->given_up;
    if (d == NULL)
        return;
    d->label = "only `let` takes the result of an `emit`";
    d->remedy = "write `let result = emit ...` and then assign from `result`";
}

static Stmt *assignment(Parser *parser)
{
    Stmt *stmt = stmt_new(parser, STMT_ASSIGN);

    if (parser_at(parser, TOKEN_STATE)) {
        parser_take(parser);
        parser_expect(parser, TOKEN_DOT, "after `state`");
        stmt->assign.from_state = true;
        stmt->assign.field = parser_any_word(parser, "a field's name after `state.`");
    } else {
        stmt->assign.field = parser_name(parser, "a field's name");
    }
    if (!is_assignment(parser_kind(parser))) {
        Diagnostic *d = parser_expected(parser, "`=`, `+=`, `-=` or `*=`");
        if (d != NULL && parser_at(parser, TOKEN_EQ))
            d->remedy = "`==` compares; write `=` to assign";
        stmt->kind = STMT_ERROR;
        return stmt;
    }
    stmt->assign.operator= assignment_operator(parser_take(parser).kind);
    if (parser_at(parser, TOKEN_EMIT)) {
        emit_in_assignment(parser);
        parse_emit(parser);
        stmt->kind = STMT_ERROR;
        return stmt;
    }
    stmt->assign.value = assigned_value(parser);
    return stmt;
}

/* `priority = 3`: reserved, but `state.priority` is not. */
static Stmt *assignment_to_reserved(Parser *parser)
{
    const Token *token = parser_peek(parser, 0);
    const char *word = token_kind_text(token->kind);
    Diagnostic *d = parser_error(parser, "V-ERR-009", token->span, "`%s` is a reserved word", word);

    if (d != NULL) {
        d->label = "no name here";
        d->remedy = arena_format(parser->arena, "a field of that name is written `state.%s`", word);
    }
    parser->panicking = parser->given_up;
    parser->ahead[0].kind = TOKEN_NAME;
    return assignment(parser);
}

static Stmt *let(Parser *parser)
{
    Stmt *stmt = stmt_new(parser, STMT_LET);

    parser_take(parser);
    stmt->let.name = parser_name(parser, "a name after `let`");
    if (parser_accept(parser, TOKEN_COLON))
        stmt->let.type = parse_type(parser);
    if (!parser_expect(parser, TOKEN_ASSIGN, "after the name")) {
        stmt->kind = STMT_ERROR;
        return stmt;
    }
    if (!parser_at(parser, TOKEN_EMIT)) {
        stmt->let.value = assigned_value(parser);
        return stmt;
    }
    Expr *expr = arena_new(parser->arena, Expr);
    expr->kind = EXPR_EMIT;
    expr->emit = parse_emit(parser);
    expr->span = expr->emit->span;
    stmt->let.value = expr;
    return stmt;
}

/* ---- control ---- */

/* if ..., at its word; `else if` nests one level deeper each time. */
static Stmt *branch(Parser *parser)
{
    Stmt *stmt = stmt_new(parser, STMT_IF);

    parser_take(parser);
    stmt->branch.condition = parse_condition(parser, "if");
    stmt->branch.then = parse_block(parser, "after the condition");
    if (parser->panicking || !parser_accept(parser, TOKEN_ELSE))
        return stmt;
    if (!parser_at(parser, TOKEN_IF)) {
        stmt->branch.otherwise = parse_block(parser, "or `if` after `else`");
        return stmt;
    }
    if (!parser_deeper(parser))
        return stmt;
    Block *otherwise = arena_new(parser->arena, Block);
    otherwise->first = branch(parser);
    otherwise->first->span = span_to_here(parser, otherwise->first->span.start);
    otherwise->span = otherwise->first->span;
    stmt->branch.otherwise = otherwise;
    parser->depth--;
    return stmt;
}

static Stmt *loop(Parser *parser)
{
    Stmt *stmt = stmt_new(parser, STMT_WHILE);

    parser_take(parser);
    stmt->loop.condition = parse_condition(parser, "while");
    stmt->loop.body = parse_block(parser, "after the condition");
    return stmt;
}

static Stmt *fail(Parser *parser)
{
    Stmt *stmt = stmt_new(parser, STMT_FAIL);

    parser_take(parser);
    stmt->reason = parse_expr(parser, "a reason, a string, after `fail`");
    return stmt;
}

/* ---- emit ---- */

/* Event::E or Event::E(arguments). */
static void event(Parser *parser, Emit *emit)
{
    parser_take(parser);
    if (!parser_at(parser, TOKEN_COLONS))
        parser_expected_but(parser, "`::` after `Event`", "write `Event::NAME`");
    parser_expect(parser, TOKEN_COLONS, "after `Event`");
    emit->event = parser_any_word(parser, "an event's name after `Event::`");
    if (parser_at(parser, TOKEN_PAREN_OPEN) && !parser_peek(parser, 0)->after_newline)
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

static void emit_effect(Parser *parser, Emit *emit)
{
    if (parser_at(parser, TOKEN_PAREN_OPEN))
        parser_expected_but(parser, "an effect, `Broadcast` or `Log` after `emit`",
                            "write `emit Infra.NAME(...)`, without parentheses around it");
    emit->effect = parser_name(parser, "an effect, `Broadcast` or `Log` after `emit`");
    if (parser_accept(parser, TOKEN_DOT)) {
        emit->provider = emit->effect;
        emit->effect = parser_any_word(parser, "the effect's name after `.`");
    }
    if (parser->panicking)
        return;
    if (!parser_at(parser, TOKEN_PAREN_OPEN) || parser_peek(parser, 0)->after_newline) {
        Diagnostic *d = parser_expected_next(parser, "`(` after the effect's name");
        if (d != NULL)
            d->remedy = no_arguments_remedy(parser, emit);
        return;
    }
    emit->arguments = parse_arguments(parser);
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
    parser_refuse_spelling(parser, parser_peek(parser, 0)->span,
                           arena_format(parser->arena, "emit %s", small),
                           arena_format(parser->arena, "write `emit %s(...)`", name));
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
    if (!parser->panicking && !parser_at(parser, TOKEN_NAME) && stmt->send.domain.text != NULL)
        parser_expected_but(parser, "a transition's name",
                            hint_send(parser, stmt->send.domain.text));
    stmt->send.transition = parser_name(parser, "a transition's name");
    if (!parser->panicking && parser_at(parser, TOKEN_PAREN_OPEN) &&
        !parser_peek(parser, 0)->after_newline)
        stmt->send.arguments = parse_arguments(parser);
}

static Stmt *send(Parser *parser)
{
    Stmt *stmt = stmt_new(parser, STMT_SEND);

    stmt->send.high = parser_take(parser).kind == TOKEN_SEND_HIGH;
    if (parser_at(parser, TOKEN_PAREN_OPEN))
        send_quoted(parser, stmt);
    else
        send_named(parser, stmt);
    if (stmt->send.domain.text != NULL && strcmp(stmt->send.domain.text, "self") == 0) {
        stmt->send.to_self = true;
        stmt->send.domain.text = NULL;
    }
    if (parser->panicking)
        stmt->kind = STMT_ERROR;
    return stmt;
}

/* ---- any statement ---- */

static Stmt *refused_statement(Parser *parser)
{
    Stmt *stmt = stmt_new(parser, STMT_ERROR);
    TokenKind kind = parser_kind(parser);

    if (kind == TOKEN_YIELD && parser_peek(parser, 1)->kind == TOKEN_EFFECT)
        parser_refuse_spelling(parser, stmt->span, "yield effect",
                               "write `emit Infra.CreatePostgres()`: the provider, the effect, its "
                               "arguments");
    else
        parser_refuse(parser, stmt->span, token_kind_text(kind));
    parser_skip_construct(parser);
    return stmt;
}

#define STATEMENTS "a statement (let, if, while, emit, send, fail or an assignment)"

/* `name.member ...`: an effect without its `emit`, or what belongs to others. */
static const char *dotted_remedy(Parser *parser)
{
    const char *name = token_copy(parser, parser_peek(parser, 0));
    const Token *third = parser_peek(parser, 2);
    const char *member = token_role(third->kind) != ROLE_NONE || third->kind == TOKEN_NAME
                             ? token_copy(parser, third)
                             : "...";

    if (strcmp(name, "this") == 0 || strcmp(name, "self") == 0)
        return arena_format(parser->arena, "a field is written `%s` or `state.%s`", member, member);
    if (third->kind == TOKEN_NAME && (member[0] < 'A' || member[0] > 'Z'))
        return arena_format(parser->arena,
                            "another domain's fields cannot be touched: `send %s TRANSITION(...)`",
                            name);
    return arena_format(parser->arena, "an effect is written `emit %s.%s(...)`", name, member);
}

/* A name that begins no assignment: perhaps a word of ours misspelt. */
static Stmt *not_a_statement(Parser *parser)
{
    Stmt *stmt = stmt_new(parser, STMT_ERROR);
    TokenKind next = parser_peek(parser, 1)->kind;

    if (parser_at(parser, TOKEN_NAME) && (next == TOKEN_EQ || next == TOKEN_DOT)) {
        const char *remedy =
            next == TOKEN_EQ ? "`==` compares; write `=` to assign" : dotted_remedy(parser);
        parser_take(parser);
        parser_expected_but(parser, "`=`, `+=`, `-=` or `*=`", remedy);
        return stmt;
    }
    parser_expected_but(parser, STATEMENTS, hint_statement(parser));
    return stmt;
}

/* `var x = 1`, `int x = 1`, `const x = 1`; read as the `let` it would be here. */
static Stmt *let_in_other_words(Parser *parser)
{
    const Token *name = parser_peek(parser, 1);

    parser_expected_but(
        parser, STATEMENTS,
        arena_format(parser->arena, "write `let %s = ...`", token_copy(parser, name)));
    parser->panicking = parser->given_up;
    return let(parser);
}

static Stmt *statement(Parser *parser)
{
    TokenKind kind = parser_kind(parser);
    TokenKind next = parser_peek(parser, 1)->kind;

    if (hint_is_let(parser))
        return let_in_other_words(parser);
    if (kind == TOKEN_NAME && next == TOKEN_NAME && parser_at_name(parser, "set"))
        return not_a_statement(parser);
    if (kind == TOKEN_NAME && !is_assignment(next) && next != TOKEN_DOT &&
        parser_mend_word(parser, STATEMENTS, 1u << ROLE_STATEMENT | 1u << ROLE_LATER_STATEMENT))
        kind = parser_kind(parser);
    if (token_role(kind) != ROLE_NONE && is_assignment(next))
        return assignment_to_reserved(parser);
    switch ((unsigned)kind) {
    case TOKEN_LET:
        return let(parser);
    case TOKEN_IF:
        return branch(parser);
    case TOKEN_WHILE:
        return loop(parser);
    case TOKEN_FAIL:
        return fail(parser);
    case TOKEN_SEND:
    case TOKEN_SEND_HIGH:
        return send(parser);
    case TOKEN_EMIT: {
        Stmt *stmt = stmt_new(parser, STMT_EMIT);
        stmt->emit = parse_emit(parser);
        return stmt;
    }
    case TOKEN_STATE:
        return assignment(parser);
    default: /* every other kind begins an assignment, something refused, or nothing */
        break;
    }
    if (kind == TOKEN_NAME && is_assignment(next))
        return assignment(parser);
    if (token_role(kind) == ROLE_LATER_STATEMENT || token_role(kind) == ROLE_LATER_ITEM)
        return refused_statement(parser);
    return not_a_statement(parser);
}

/* At what can only be an item, the end, or a part of a transition: the list ends here. */
static bool statements_end(Parser *parser)
{
    TokenKind kind = parser_kind(parser);

    if (kind == TOKEN_END || kind == TOKEN_BRACE_CLOSE)
        return true;
    if (is_assignment(parser_peek(parser, 1)->kind))
        return false;
    if (kind == TOKEN_STATE)
        return parser_peek(parser, 1)->kind == TOKEN_BRACE_OPEN;
    return token_role(kind) == ROLE_ITEM || kind == TOKEN_SLICE || kind == TOKEN_STEP;
}

void parse_statements(Parser *parser, Block *block)
{
    Stmt **tail = &block->first;

    parser_separators(parser, false);
    while (!statements_end(parser)) {
        uint64_t before = parser->taken;
        Stmt *stmt = statement(parser);
        stmt->span = span_to_here(parser, stmt->span.start);
        if (parser->panicking && stmt->kind != STMT_IF && stmt->kind != STMT_WHILE)
            stmt->kind = STMT_ERROR;
        list_append(tail, stmt);
        if (parser->panicking && parser->taken == before && !parser->given_up)
            parser_skip_balanced(parser);
        if (parser->panicking)
            parser_skip_to_statement(parser);
        parser_separators(parser, false);
    }
}

/* Report that there is no `{`; true if a word that others put before it is all that is between. */
static bool block_is_near(Parser *parser, const char *after)
{
    bool word = parser_at(parser, TOKEN_COLON) || parser_at_name(parser, "then") ||
                parser_at_name(parser, "do");

    if (!parser->panicking) {
        Diagnostic *d = parser_expected_next(parser, arena_format(parser->arena, "`{` %s", after));
        if (d != NULL)
            d->remedy = "the body stands in braces: `{ ... }`";
        parser->brace_reported = true; /* its `}` is no news */
    }
    if (!word || parser_peek(parser, 1)->kind != TOKEN_BRACE_OPEN)
        return false;
    parser_take(parser);
    return true;
}

Block *parse_block(Parser *parser, const char *after)
{
    Block *block = arena_new(parser->arena, Block);
    Span open = parser_peek(parser, 0)->span;

    block->span = (Span){open.start, open.start};
    if (!parser_at(parser, TOKEN_BRACE_OPEN) && !block_is_near(parser, after))
        return block;
    open = parser_peek(parser, 0)->span;
    block->span = (Span){open.start, open.start};
    parser->panicking = parser->given_up; /* the mistake, if any, was before the block */
    if (!parser_deeper(parser))
        return block;
    parser_take(parser);
    parse_statements(parser, block);
    parser_close_brace(parser, open);
    parser->depth--;
    block->span = span_to_here(parser, open.start);
    return block;
}
