/* Statements and blocks. */
#include "lang/parser.h"

#include <string.h>

Stmt *stmt_new(Parser *parser, StmtKind kind)
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

static void emit_in_assignment(Parser *parser)
{
    Diagnostic *d = parser_error(parser, "V-ERR-009", parser_peek(parser, 0)->span,
                                 "the result of `emit` cannot be assigned directly");

    parser_go_on(parser);
    if (d == NULL)
        return;
    d->label = "only `let` takes the result of an `emit`";
    d->remedy = "write `let result = emit ...` and then assign from `result`";
}

/* [index] and .member behind the variable. */
static AssignStep *assign_steps(Parser *parser)
{
    AssignStep *first = NULL, **tail = &first;

    while (!parser->panicking &&
           (parser_at(parser, TOKEN_DOT) || parser_on_same_line(parser, TOKEN_BRACKET_OPEN))) {
        AssignStep *step = arena_new(parser->arena, AssignStep);
        uint32_t start = parser_peek(parser, 0)->span.start;
        if (parser_accept(parser, TOKEN_DOT))
            step->member = parser_any_word(parser, "a name after `.`");
        else
            step->index = parse_key(parser);
        step->span = span_to_here(parser, start);
        list_append(tail, step);
    }
    return first;
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
    stmt->assign.steps = assign_steps(parser);
    if (!is_assignment(parser_kind(parser))) {
        Diagnostic *d = parser_expected(parser, "`=`, `+=`, `-=` or `*=`");
        if (d != NULL && parser_at(parser, TOKEN_EQ))
            d->remedy = "`==` compares; write `=` to assign";
        else if (d != NULL && parser_at(parser, TOKEN_PAREN_OPEN))
            d->remedy = "only effects are run like this: `emit Infra.NAME(...)`";
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
    stmt->assign.value = parse_expr(parser, "a value after `=`");
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
    parser_go_on(parser);
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
        stmt->let.value = parse_expr(parser, "a value after `=`");
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

/* for x in list { }    for k, v in map { } */
static Stmt *each(Parser *parser)
{
    Stmt *stmt = stmt_new(parser, STMT_FOR);

    parser_take(parser);
    if (parser_at(parser, TOKEN_PAREN_OPEN))
        parser_expected_but(parser, "a name after `for`", "write `for x in list { ... }`");
    stmt->each.name = parser_name(parser, "a name after `for`");
    if (!parser->panicking && parser_accept(parser, TOKEN_COMMA))
        stmt->each.value_name = parser_name(parser, "the value's name after `,`");
    if (!parser_at(parser, TOKEN_IN))
        parser_expected_but(parser, "`in` after the name", "write `for x in list { ... }`");
    parser_accept(parser, TOKEN_IN);
    stmt->each.list = parse_head_expr(parser, "a list or a map after `in`");
    stmt->each.body = parse_block(parser, "after the list");
    if (stmt->each.name.text == NULL)
        stmt->kind = STMT_ERROR;
    return stmt;
}

static Stmt *parallel(Parser *parser)
{
    Stmt *stmt = stmt_new(parser, STMT_PARALLEL);

    parser_take(parser);
    stmt->parallel = parse_block(parser, "after `parallel`");
    return stmt;
}

static Stmt *elevate(Parser *parser)
{
    Stmt *stmt = stmt_new(parser, STMT_ELEVATE);

    parser_take(parser);
    stmt->elevate.reason = parse_head_expr(parser, "a reason, a string, after `elevate`");
    stmt->elevate.body = parse_block(parser, "after the reason");
    return stmt;
}

static Stmt *result(Parser *parser)
{
    Stmt *stmt = stmt_new(parser, STMT_RETURN);

    parser_take(parser);
    stmt->value = parse_expr(parser, "a value after `return`");
    return stmt;
}

/* stop, or yield. */
static Stmt *word_alone(Parser *parser, StmtKind kind)
{
    Stmt *stmt = stmt_new(parser, kind);
    const char *word = token_kind_text(parser_take(parser).kind);

    if (parser_on_same_line(parser, TOKEN_PAREN_OPEN)) {
        parser_expected_but(parser, "the next statement",
                            arena_format(parser->arena, "`%s` stands alone", word));
        parser_skip_balanced(parser);
        parser_go_on(parser);
    }
    return stmt;
}

static Stmt *yield(Parser *parser)
{
    if (parser_peek(parser, 1)->kind != TOKEN_EFFECT ||
        parser_peek(parser, 2)->kind != TOKEN_BRACE_OPEN)
        return word_alone(parser, STMT_YIELD);
    Stmt *stmt = stmt_new(parser, STMT_ERROR);
    parser_refuse_spelling(parser, stmt->span, "yield effect",
                           "write `emit Infra.CreatePostgres()`: the provider, the effect, its "
                           "arguments");
    parser_skip_construct(parser);
    return stmt;
}

static Stmt *fail(Parser *parser)
{
    Stmt *stmt = stmt_new(parser, STMT_FAIL);

    parser_take(parser);
    stmt->reason = parse_expr(parser, "a reason, a string, after `fail`");
    return stmt;
}

/* ---- match ---- */

static bool is_pattern(const Expr *expr)
{
    if (expr->parenthesised)
        return false;
    switch (expr->kind) {
    case EXPR_INT:
    case EXPR_FLOAT:
    case EXPR_BOOL:
    case EXPR_NULL:
    case EXPR_DURATION:
    case EXPR_ENUM:
    case EXPR_ERROR:
        return true;
    case EXPR_NAME:
        return !expr->from_state;
    case EXPR_STRING:
        return expr->parts == NULL || (expr->parts->text != NULL && expr->parts->next == NULL);
    case EXPR_UNARY:
        return expr->operator==
               OP_NEG &&(expr->left->kind == EXPR_INT || expr->left->kind == EXPR_FLOAT) &&
               !expr->left->parenthesised;
    case EXPR_LIST:
    case EXPR_MAP:
    case EXPR_MEMBER:
    case EXPR_INDEX:
    case EXPR_CALL:
    case EXPR_QUERY:
    case EXPR_BINARY:
    case EXPR_EMIT:
        return false;
    }
    return false;
}

static Argument *pattern(Parser *parser)
{
    Argument *node = arena_new(parser->arena, Argument);

    if (parser_at(parser, TOKEN_ELSE))
        parser_expected_but(parser, "a pattern, `_` or `}`",
                            "`_` stands for whatever is left: `_ => { ... }`");
    node->value = parse_head_expr(parser, "a pattern, `_` or `}`");
    node->span = node->value->span;
    if (is_pattern(node->value))
        return node;
    Diagnostic *d = parser_error(parser, "V-ERR-009", node->span, "a pattern is a constant");
    if (d != NULL)
        parser_go_on(parser);
    if (d != NULL)
        d->remedy = "write a literal, a name or a member `E::A`; a condition stands in an `if`";
    node->value->kind = EXPR_ERROR;
    return node;
}

/* A, B => { }    _ => { } */
static MatchArm *match_arm(Parser *parser)
{
    MatchArm *arm = arena_new(parser->arena, MatchArm);
    Argument **tail = &arm->patterns;
    uint32_t start = parser_peek(parser, 0)->span.start;

    if (parser_at_name(parser, "_")) {
        parser_take(parser);
    } else {
        do {
            Argument *node = pattern(parser);
            list_append(tail, node);
        } while (!parser->panicking && parser_accept(parser, TOKEN_COMMA));
    }
    if (!parser_accept(parser, TOKEN_FAT_ARROW)) {
        bool otherwise = parser_at(parser, TOKEN_COLON) || parser_at(parser, TOKEN_ARROW);
        parser_expected_but(parser, "`=>` after the pattern", "write `pattern => { ... }`");
        if (otherwise) {
            parser_go_on(parser);
            parser_take(parser);
        }
    }
    arm->body = parse_block(parser, "after `=>`");
    arm->span = span_to_here(parser, start);
    return arm;
}

static bool left_match(Parser *parser)
{
    TokenKind kind = parser_kind(parser);

    return kind == TOKEN_END || kind == TOKEN_BRACE_CLOSE || token_role(kind) == ROLE_ITEM ||
           token_role(kind) == ROLE_DECLARATION;
}

/* After a mistake in an arm: past its block, or to the end of the `match`. */
static void skip_to_arm(Parser *parser)
{
    bool block = false;

    while (!block && !left_match(parser)) {
        block = parser_at(parser, TOKEN_BRACE_OPEN);
        parser_skip_balanced(parser);
    }
    if (!parser_at(parser, TOKEN_END))
        parser_go_on(parser);
}

static void match_arms(Parser *parser, Stmt *stmt)
{
    MatchArm **tail = &stmt->match.arms;

    parser_separators(parser, true);
    while (!left_match(parser) && token_role(parser_kind(parser)) != ROLE_STATEMENT) {
        MatchArm *arm = match_arm(parser);
        list_append(tail, arm);
        if (parser->panicking)
            skip_to_arm(parser);
        parser_separators(parser, true);
    }
}

static Stmt *match(Parser *parser)
{
    Stmt *stmt = stmt_new(parser, STMT_MATCH);

    parser_take(parser);
    stmt->match.subject = parse_head_expr(parser, "a value after `match`");
    Span open = parser_peek(parser, 0)->span;
    if (!parser_at(parser, TOKEN_BRACE_OPEN)) {
        parser_expected_next(parser, "`{` after the value");
        stmt->kind = STMT_ERROR;
        return stmt;
    }
    parser_go_on(parser); /* the mistake, if any, was before the braces */
    if (!parser_deeper(parser))
        return stmt;
    parser_take(parser);
    match_arms(parser, stmt);
    parser->brace_lost = parser->brace_lost || !parser_at(parser, TOKEN_BRACE_CLOSE);
    parser_close_brace(parser, open);
    parser->depth--;
    stmt->match.body = span_to_here(parser, open.start);
    return stmt;
}

/* ---- any statement ---- */

#define STATEMENTS                                                                                 \
    "a statement (let, if, match, for, while, emit, send, return, fail or an assignment)"

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
    return arena_format(parser->arena, "an effect is written `emit %s.%s(...)`", name, member);
}

/* `Infra.Create(...)`, and `this.field`, which is no assignment although it looks like one. */
static bool at_foreign_dot(Parser *parser)
{
    return parser_at(parser, TOKEN_NAME) && parser_peek(parser, 1)->kind == TOKEN_DOT &&
           (parser_peek(parser, 3)->kind == TOKEN_PAREN_OPEN || parser_at_name(parser, "this") ||
            parser_at_name(parser, "self"));
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
    parser_go_on(parser);
    return let(parser);
}

/* A name that something is assigned to, or to a part of it. */
static bool at_assignment(Parser *parser)
{
    const Token *next = parser_peek(parser, 1);

    if (!parser_at(parser, TOKEN_NAME) || at_foreign_dot(parser))
        return false;
    return is_assignment(next->kind) || next->kind == TOKEN_DOT ||
           (next->kind == TOKEN_BRACKET_OPEN && !next->after_newline);
}

/* At the word of a statement; NULL: it is none. */
static Stmt *worded_statement(Parser *parser)
{
    switch ((unsigned)parser_kind(parser)) {
    case TOKEN_LET:
        return let(parser);
    case TOKEN_IF:
        return branch(parser);
    case TOKEN_WHILE:
        return loop(parser);
    case TOKEN_FOR:
        return each(parser);
    case TOKEN_MATCH:
        return match(parser);
    case TOKEN_RETURN:
        return result(parser);
    case TOKEN_FAIL:
        return fail(parser);
    case TOKEN_SEND:
    case TOKEN_SEND_HIGH:
        return parse_send(parser);
    case TOKEN_RELEASE:
        return parse_release(parser);
    case TOKEN_SPAWN:
        return parse_spawn(parser);
    case TOKEN_STOP:
        return word_alone(parser, STMT_STOP);
    case TOKEN_YIELD:
        return yield(parser);
    case TOKEN_PARALLEL:
        return parallel(parser);
    case TOKEN_ELEVATE:
        return elevate(parser);
    case TOKEN_EMIT: {
        Stmt *stmt = stmt_new(parser, STMT_EMIT);
        stmt->emit = parse_emit(parser);
        return stmt;
    }
    case TOKEN_STATE:
        return assignment(parser);
    default: /* every other kind begins an assignment to a name, or nothing */
        return NULL;
    }
}

static Stmt *statement(Parser *parser)
{
    TokenKind next = parser_peek(parser, 1)->kind;

    if (hint_is_let(parser))
        return let_in_other_words(parser);
    if (next == TOKEN_NAME && parser_at_name(parser, "set"))
        return not_a_statement(parser);
    if (at_assignment(parser))
        return assignment(parser);
    if (token_role(parser_kind(parser)) != ROLE_NONE && is_assignment(next))
        return assignment_to_reserved(parser);
    if (parser_at(parser, TOKEN_NAME) && next != TOKEN_DOT)
        parser_mend_word(parser, STATEMENTS, 1u << ROLE_STATEMENT);
    Stmt *stmt = worded_statement(parser);
    return stmt != NULL ? stmt : not_a_statement(parser);
}

bool at_statement(Parser *parser)
{
    TokenKind next = parser_peek(parser, 1)->kind;

    if (parser_at(parser, TOKEN_STATE))
        return next == TOKEN_DOT;
    return token_role(parser_kind(parser)) == ROLE_STATEMENT || hint_is_let(parser) ||
           (parser_at(parser, TOKEN_NAME) &&
            (is_assignment(next) || next == TOKEN_DOT || next == TOKEN_BRACKET_OPEN ||
             next == TOKEN_PAREN_OPEN));
}

/* At what can only be an item, the end, or a part of a transition: the list ends here. */
static bool statements_end(Parser *parser)
{
    TokenKind kind = parser_kind(parser);

    if (kind == TOKEN_END || kind == TOKEN_BRACE_CLOSE)
        return true;
    if (is_assignment(parser_peek(parser, 1)->kind) || hint_is_let(parser))
        return false;
    if (kind == TOKEN_STATE)
        return parser_peek(parser, 1)->kind == TOKEN_BRACE_OPEN;
    return token_role(kind) == ROLE_ITEM || token_role(kind) == ROLE_DECLARATION ||
           kind == TOKEN_SLICE || kind == TOKEN_STEP;
}

/* What a statement with a body still is after a mistake in it. */
static bool has_body(StmtKind kind)
{
    return kind == STMT_IF || kind == STMT_WHILE || kind == STMT_FOR || kind == STMT_MATCH ||
           kind == STMT_PARALLEL || kind == STMT_ELEVATE;
}

Stmt *parse_statement(Parser *parser)
{
    uint64_t before = parser->taken;
    Stmt *stmt = statement(parser);

    stmt->span = span_to_here(parser, stmt->span.start);
    if (parser->panicking && !has_body(stmt->kind))
        stmt->kind = STMT_ERROR;
    if (parser->panicking && parser->taken == before && !parser->given_up)
        parser_skip_balanced(parser);
    if (parser->panicking)
        parser_skip_to_statement(parser);
    return stmt;
}

void parse_statements(Parser *parser, Block *block)
{
    Stmt **tail = &block->first;

    parser_separators(parser, false);
    while (!statements_end(parser)) {
        Stmt *stmt = parse_statement(parser);
        list_append(tail, stmt);
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
    parser_go_on(parser); /* the mistake, if any, was before the block */
    if (!parser_deeper(parser))
        return block;
    parser_take(parser);
    bool no_map = parser->no_map;
    parser->no_map = false;
    parse_statements(parser, block);
    parser->no_map = no_map;
    parser_close_brace(parser, open);
    parser->depth--;
    block->span = span_to_here(parser, open.start);
    return block;
}
