/* Expressions, by precedence climbing. Besides the depth of what is open, the height of the
 * finished tree is limited: a chain of a million `+` nests nothing in the source, but whoever walks
 * the tree would recurse once for each. */
#include "lang/parser_expr.h"

Expr *expr_new(Parser *parser, ExprKind kind, uint32_t start)
{
    Expr *expr = arena_new(parser->arena, Expr);

    expr->kind = kind;
    expr->span = span_to_here(parser, start);
    return expr;
}

void height_set(Parser *parser, uint32_t height)
{
    parser->height = height + 1;
    if (parser->height <= PARSE_DEPTH_MAX)
        return;
    Diagnostic *d =
        parser_error(parser, "V-ERR-015", parser_peek(parser, 0)->span,
                     "an expression of more than %d operators in a row", PARSE_DEPTH_MAX);
    if (d != NULL) {
        d->consequence = "the file was not read beyond this place";
        d->remedy = "name parts of it with `let`";
    }
    parser->panicking = true;
    parser->given_up = true;
}

void height_raise(Parser *parser, uint32_t *height)
{
    if (parser->height > *height)
        *height = parser->height;
}

/* ---- operands ---- */

Expr *parse_inner(Parser *parser, const char *what)
{
    bool no_map = parser->no_map;

    parser->no_map = false;
    Expr *expr = parse_expr(parser, what);
    parser->no_map = no_map;
    return expr;
}

Expr *parse_head_expr(Parser *parser, const char *what)
{
    bool no_map = parser->no_map;

    parser->no_map = true;
    Expr *expr = parse_expr(parser, what);
    parser->no_map = no_map;
    return expr;
}

void close_bracket(Parser *parser, const char *what)
{
    if (!parser->panicking)
        parser_expect(parser, TOKEN_BRACKET_CLOSE, what);
    if (parser->panicking)
        parser_skip_to_close(parser, TOKEN_BRACKET_CLOSE);
}

Expr *parse_key(Parser *parser)
{
    if (!parser_on_same_line(parser, TOKEN_BRACKET_OPEN) || parser->panicking)
        return NULL;
    parser_take(parser);
    Expr *key = parse_inner(parser, "an index or a key after `[`");
    close_bracket(parser, "after the index or key");
    return key;
}

static Expr *state_field(Parser *parser)
{
    uint32_t start = parser_take(parser).span.start;

    parser_expect(parser, TOKEN_DOT, "after `state`");
    Name name = parser_any_word(parser, "a field's name after `state.`");
    Expr *expr = expr_new(parser, name.text != NULL ? EXPR_NAME : EXPR_ERROR, start);
    expr->name = name.text;
    expr->from_state = true;
    return expr;
}

static void assignment_in_condition(Parser *parser, const Expr *left);

static Expr *parenthesised(Parser *parser)
{
    uint32_t start = parser_take(parser).span.start;
    Expr *expr = parse_inner(parser, "an expression after `(`");

    if (!parser->panicking && parser_at(parser, TOKEN_ASSIGN))
        assignment_in_condition(parser, expr);
    parser_close_paren(parser, "after the expression");
    if (!expr->parenthesised)
        expr->inner = expr->span;
    expr->span = span_to_here(parser, start);
    expr->parenthesised = true;
    return expr;
}

static Expr *misplaced_emit(Parser *parser)
{
    Token token = *parser_peek(parser, 0);
    Diagnostic *d = parser_error(parser, "V-ERR-002", token.span,
                                 "`emit` stands alone or is the whole value of a `let`");

    if (d != NULL) {
        d->label = "not inside an expression";
        d->remedy = "write `let result = emit ...` on a line before and use `result` here";
    }
    parser_go_on(parser);
    parse_emit(parser);
    return expr_new(parser, EXPR_ERROR, token.span.start);
}

static Expr *no_operand(Parser *parser, const char *what)
{
    const Token *token = parser_peek(parser, 0);
    bool reserved = token_role(token->kind) != ROLE_NONE && !token->after_newline;
    const char *word = token_kind_text(token->kind);
    Expr *expr = arena_new(parser->arena, Expr);
    Diagnostic *d = parser_expected_next(parser, what);

    expr->kind = EXPR_ERROR;
    expr->span = (Span){token->span.start, token->span.start};
    if (d != NULL && token->kind == TOKEN_DOT && parser_peek(parser, 1)->kind == TOKEN_INT)
        d->remedy = "a fraction has digits before its point, too: `0.5`";
    if (d != NULL && reserved && !parser->given_up) {
        d->consequence = arena_format(parser->arena, "`%s` is a reserved word", word);
        d->remedy = arena_format(parser->arena, "a field of that name is written `state.%s`", word);
    }
    return expr;
}

/* `{` in a head that can only be a map: reported, and read as that. */
static bool map_in_head(Parser *parser)
{
    const Token *second = parser_peek(parser, 1), *third = parser_peek(parser, 2);
    bool empty = second->kind == TOKEN_BRACE_CLOSE && third->kind == TOKEN_BRACE_OPEN;
    bool entry =
        third->kind == TOKEN_COLON && (second->kind == TOKEN_NAME || second->kind == TOKEN_STRING);

    if (!empty && !entry)
        return false;
    Diagnostic *d = parser_error(parser, "V-ERR-009", parser_peek(parser, 0)->span,
                                 "this `{` would begin the body that follows");
    parser_go_on(parser);
    if (d != NULL)
        d->remedy = "a map stands in parentheses here: `({key: value})`";
    return true;
}

static Expr *operand(Parser *parser, const char *what)
{
    const Token *token = parser_peek(parser, 0);
    TokenKind kind = parser_kind(parser);
    Expr *expr;

    parser->height = 1;
    switch ((unsigned)kind) {
    case TOKEN_INT:
        return literal_integer(parser);
    case TOKEN_DURATION:
        expr = expr_new(parser, EXPR_DURATION, token->span.start);
        expr->integer = (int64_t)token->number;
        expr->span = parser_take(parser).span;
        return expr;
    case TOKEN_TRUE:
    case TOKEN_FALSE:
        expr = expr_new(parser, EXPR_BOOL, token->span.start);
        expr->boolean = kind == TOKEN_TRUE;
        expr->span = parser_take(parser).span;
        return expr;
    case TOKEN_NAME:
        expr = expr_new(parser, EXPR_NAME, token->span.start);
        expr->name = token_copy(parser, token);
        expr->span = parser_take(parser).span;
        return expr;
    case TOKEN_STRING:
    case TOKEN_STRING_HEAD:
        return literal_string(parser);
    case TOKEN_STATE:
        return state_field(parser);
    case TOKEN_PAREN_OPEN:
        return parenthesised(parser);
    case TOKEN_FLOAT:
        return literal_fraction(parser);
    case TOKEN_NULL_WORD:
        expr = expr_new(parser, EXPR_NULL, token->span.start);
        expr->span = parser_take(parser).span;
        return expr;
    case TOKEN_BRACKET_OPEN:
        return literal_list(parser);
    case TOKEN_BRACE_OPEN:
        return parser->no_map && !map_in_head(parser) ? no_operand(parser, what)
                                                      : parse_map(parser, true);
    case TOKEN_EMIT:
        return misplaced_emit(parser);
    default: /* the kinds that begin no operand */
        return no_operand(parser, what);
    }
}

/* ---- what follows an operand ---- */

#define SHOWN_SIZE_MAX 60

const char *parser_source_text(Parser *parser, Span span)
{
    uint32_t size = span.end - span.start;
    bool cut = size > SHOWN_SIZE_MAX;
    const char *from = parser->source->text + span.start;

    for (size = cut ? SHOWN_SIZE_MAX : size; cut && (from[size] & 0xc0) == 0x80;)
        size--; /* not in the middle of a character */
    char *text = arena_format(parser->arena, "%.*s%s", (int)size, from, cut ? "..." : "");
    for (char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20)
            *at = ' ';
    return text;
}

/* `Infra.name` with nothing before it. */
static bool is_provider_member(const Expr *expr)
{
    return expr->kind == EXPR_MEMBER && expr->operand->kind == EXPR_NAME &&
           !expr->operand->from_state && !expr->operand->parenthesised && !expr->parenthesised;
}

/* Effects have capital letters, as no query has. */
static bool is_effect(const Expr *expr)
{
    return is_provider_member(expr) && expr->member.text[0] >= 'A' && expr->member.text[0] <= 'Z';
}

static void effect_call(Parser *parser, Expr *expr)
{
    const char *text = parser_source_text(parser, expr->span);
    Diagnostic *d = parser_error(parser, "V-ERR-002", expr->span,
                                 "an effect is emitted, `%s(...)` calls it", text);

    parser_go_on(parser);
    if (d != NULL)
        d->remedy = arena_format(parser->arena,
                                 "write `let result = emit %s(...)` on a line of its own and use "
                                 "`result`",
                                 text);
}

static void no_function(Parser *parser, const Expr *expr)
{
    Diagnostic *d = parser_error(parser, "V-ERR-009", parser_peek(parser, 0)->span,
                                 "`%s` cannot be called", parser_source_text(parser, expr->span));

    parser_go_on(parser);
    if (d != NULL)
        d->remedy = "what takes arguments is a function `f(a)`, a record `R(field: a)` or a fact "
                    "`Infra.status(a)`";
}

/* f(a), R(f: v) or Infra.status("db"), at the `(`. */
static Expr *call(Parser *parser, Expr *callee)
{
    uint32_t height = parser->height;
    Expr *expr = expr_new(parser, EXPR_CALL, callee->span.start);

    if (callee->kind == EXPR_NAME && !callee->from_state && !callee->parenthesised) {
        expr->callee = (Name){callee->name, callee->span};
    } else if (is_provider_member(callee) && !is_effect(callee)) {
        expr->kind = EXPR_QUERY;
        expr->provider = (Name){callee->operand->name, callee->operand->span};
        expr->callee = callee->member;
    } else {
        if (is_effect(callee))
            effect_call(parser, callee);
        else if (callee->kind != EXPR_ERROR)
            no_function(parser, callee);
        expr->kind = EXPR_ERROR;
    }
    Argument *arguments = parse_arguments(parser);
    if (expr->kind != EXPR_ERROR)
        expr->arguments = arguments;
    expr->span = span_to_here(parser, callee->span.start);
    height_raise(parser, &height);
    height_set(parser, height);
    return expr;
}

/* list[i], at the bracket. */
static Expr *element(Parser *parser, Expr *operand_expr)
{
    uint32_t height = parser->height;
    Expr *expr = expr_new(parser, EXPR_INDEX, operand_expr->span.start);

    parser_take(parser);
    expr->operand = operand_expr;
    expr->index = parse_inner(parser, "an index after `[`");
    close_bracket(parser, "after the index");
    expr->span = span_to_here(parser, operand_expr->span.start);
    height_raise(parser, &height);
    height_set(parser, height);
    return expr;
}

static Expr *member(Parser *parser, Expr *operand_expr)
{
    uint32_t height = parser->height;

    parser_take(parser);
    const Token *token = parser_peek(parser, 0);
    bool word = token->kind == TOKEN_NAME || token_role(token->kind) != ROLE_NONE;
    if (operand_expr->kind == EXPR_INT && (!word || token->after_newline)) {
        parser_expected_but(parser, "digits after `.`",
                            "a fraction has digits behind its point, too: `5.0`");
        return operand_expr;
    }
    Name name = parser_any_word(parser, "a name after `.`");
    if (operand_expr->kind == EXPR_ERROR || name.text == NULL)
        return operand_expr;
    Expr *expr = expr_new(parser, EXPR_MEMBER, operand_expr->span.start);
    expr->operand = operand_expr;
    expr->member = name;
    height_set(parser, height);
    return expr;
}

/* E::A, at the `::`. */
static Expr *enum_member(Parser *parser, Expr *operand_expr)
{
    Span colons = parser_take(parser).span;
    Name name = parser_any_word(parser, "a name after `::`");
    Expr *expr = expr_new(parser, EXPR_ENUM, operand_expr->span.start);
    bool is_name = operand_expr->kind == EXPR_NAME && !operand_expr->from_state &&
                   !operand_expr->parenthesised;

    if (name.text == NULL || !is_name) {
        expr->kind = EXPR_ERROR;
        if (name.text == NULL || operand_expr->kind == EXPR_ERROR)
            return expr;
        Diagnostic *d =
            parser_error(parser, "V-ERR-009", colons, "`::` stands behind an enum's name only");
        parser_go_on(parser);
        if (d != NULL)
            d->remedy = "a member of a record is written with `.`";
        return expr;
    }
    expr->enumeration = (Name){operand_expr->name, operand_expr->span};
    expr->constant = name;
    return expr;
}

/* `(` and `[` belong to what stands before them on the same line only. */
static Expr *postfix(Parser *parser, const char *what)
{
    Expr *expr = operand(parser, what);

    while (!parser->panicking) {
        TokenKind kind = parser_kind(parser);
        if (kind == TOKEN_DOT)
            expr = member(parser, expr);
        else if (kind == TOKEN_COLONS)
            expr = enum_member(parser, expr);
        else if (kind == TOKEN_PAREN_OPEN && parser_on_same_line(parser, kind))
            expr = call(parser, expr);
        else if (kind == TOKEN_BRACKET_OPEN && parser_on_same_line(parser, kind))
            expr = element(parser, expr);
        else
            break;
    }
    return expr;
}

/* -9223372036854775808 is one number: its digits alone do not fit. */
static bool at_smallest_integer(Parser *parser)
{
    return parser_at(parser, TOKEN_INT) &&
           parser_peek(parser, 0)->number == (uint64_t)INT64_MAX + 1;
}

static Expr *unary(Parser *parser, const char *what)
{
    TokenKind kind = parser_kind(parser);

    if (kind != TOKEN_BANG && kind != TOKEN_NOT && kind != TOKEN_SUB)
        return postfix(parser, what);
    Span operator_span = parser_take(parser).span;
    if (kind == TOKEN_SUB && at_smallest_integer(parser)) {
        parser_take(parser);
        Expr *expr = expr_new(parser, EXPR_INT, operator_span.start);
        expr->integer = INT64_MIN;
        parser->height = 1;
        return expr;
    }
    if (!parser_deeper(parser))
        return no_operand(parser, what);
    Expr *left = unary(parser, kind == TOKEN_SUB ? "a value after `-`" : "a condition after `!`");
    parser->depth--;
    Expr *expr = expr_new(parser, EXPR_UNARY, operator_span.start);
    expr->operator= kind == TOKEN_SUB ? OP_NEG : OP_NOT;
    expr->operator_span = operator_span;
    expr->left = left;
    height_set(parser, parser->height);
    return expr;
}

/* ---- binary operators ---- */

#define PRECEDENCE_COMPARISON 3

typedef struct BinaryOperator {
    Operator operator;
    int precedence;   /* 0: the token is no operator */
    const char *what; /* must follow */
} BinaryOperator;

static const BinaryOperator operators[TOKEN_KIND_COUNT] = {
#define OPERATOR(kind, op, precedence, text)                                                       \
    [TOKEN_##kind] = {OP_##op, precedence, "a value after `" text "`"},
    OPERATOR(OR, OR, 1, "||") OPERATOR(WORD_OR, OR, 1, "or") OPERATOR(AND, AND, 2, "&&")
        OPERATOR(WORD_AND, AND, 2, "and") OPERATOR(EQ, EQ, 3, "==") OPERATOR(NE, NE, 3, "!=")
            OPERATOR(LT, LT, 3, "<") OPERATOR(LE, LE, 3, "<=") OPERATOR(GT, GT, 3, ">")
                OPERATOR(GE, GE, 3, ">=") OPERATOR(ADD, ADD, 4, "+") OPERATOR(SUB, SUB, 4, "-")
                    OPERATOR(MUL, MUL, 5, "*") OPERATOR(DIV, DIV, 5, "/") OPERATOR(MOD, MOD, 5, "%")
#undef OPERATOR
};

static void chained_comparison(Parser *parser)
{
    Diagnostic *d =
        parser_error(parser, "V-ERR-009", parser_peek(parser, 0)->span, "comparisons do not chain");

    parser_go_on(parser);
    if (d == NULL)
        return;
    d->label = "a second comparison of the same value";
    d->remedy = "join two comparisons: `a < b && b < c`";
}

static bool is_comparison(const Expr *expr)
{
    return expr->kind == EXPR_BINARY && !expr->parenthesised &&
           expr->operator>= OP_EQ && expr->operator<= OP_GE;
}

static Expr *binary(Parser *parser, int least, const char *what)
{
    Expr *left = unary(parser, what);
    uint32_t height = parser->height;
    const BinaryOperator *with;

    while (!parser->panicking && (with = &operators[parser_kind(parser)])->precedence >= least) {
        if (with->precedence == PRECEDENCE_COMPARISON && is_comparison(left))
            chained_comparison(parser);
        Token token = parser_take(parser);
        const char *remedy = hint_operand(parser, token.kind);
        if (remedy != NULL)
            parser_expected_but(parser, with->what, remedy);
        Expr *right = binary(parser, with->precedence + 1, with->what);
        Expr *expr = expr_new(parser, EXPR_BINARY, left->span.start);
        expr->operator= with->operator;
        expr->operator_span = token.span;
        expr->left = left;
        expr->right = right;
        left = expr;
        height_set(parser, height > parser->height ? height : parser->height);
        height = parser->height;
    }
    return left;
}

Expr *parse_expr(Parser *parser, const char *what)
{
    Expr *expr;

    if (!parser_deeper(parser))
        return no_operand(parser, what);
    expr = binary(parser, 1, what);
    parser->depth--;
    return expr;
}

/* `x = 1` where a condition belongs. */
static void assignment_in_condition(Parser *parser, const Expr *left)
{
    Span span = {left->span.start, left->span.end};
    const char *hint = hint_condition(parser);

    if (hint != NULL) {
        parser_expected_but(parser, "a comparison", hint);
        return;
    }
    Span sign = parser_take(parser).span;
    Expr *right = parse_expr(parser, "a value after `=`");
    if (parser->panicking)
        return;
    span.end = right->span.end;
    const char *remedy = arena_format(parser->arena, "to compare, write `%s == %s`",
                                      parser_source_text(parser, left->span),
                                      parser_source_text(parser, right->span));
    Diagnostic *d = parser_refuse_spelling(parser, span, parser_source_text(parser, span), remedy);
    if (d != NULL)
        diagnostic_edit(parser->diagnostics, d, sign, "==");
}

Expr *parse_condition(Parser *parser, const char *after)
{
    const char *what = arena_format(parser->arena, "a condition after `%s`", after);

    if (parser_at(parser, TOKEN_BRACE_OPEN)) {
        Diagnostic *d = parser_expected(parser, what);
        if (d != NULL) {
            d->label = "a condition must stand here";
            d->remedy = arena_format(parser->arena, "write `%s status == \"ready\"`", after);
        }
        parser_go_on(parser);
        uint32_t start = parser_peek(parser, 0)->span.start;
        Expr *expr = expr_new(parser, EXPR_ERROR, start);
        expr->span = (Span){start, start};
        return expr;
    }
    Expr *expr = parse_head_expr(parser, what);
    if (!parser->panicking && parser_at(parser, TOKEN_ASSIGN))
        assignment_in_condition(parser, expr);
    else if (!parser->panicking && hint_condition(parser) != NULL)
        parser_expected_but(parser, "a comparison", hint_condition(parser));
    return expr;
}

/* ---- arguments ---- */

static Argument *argument(Parser *parser)
{
    Argument *arg = arena_new(parser->arena, Argument);
    uint32_t start = parser_peek(parser, 0)->span.start;

    if (parser_peek(parser, 1)->kind == TOKEN_COLON &&
        (parser_at(parser, TOKEN_NAME) || token_role(parser_kind(parser)) != ROLE_NONE)) {
        arg->name = parser_any_word(parser, "an argument's name");
        parser_take(parser);
    } else if (parser_at(parser, TOKEN_NAME) && parser_peek(parser, 1)->kind == TOKEN_ASSIGN) {
        arg->name = parser_name(parser, "an argument's name");
        parser_expected_but(parser, "`:` after the argument's name",
                            arena_format(parser->arena, "write `%s: ...`", arg->name.text));
        parser_go_on(parser);
        parser_take(parser);
    }
    arg->value =
        parse_inner(parser, arg->name.text != NULL ? "the argument's value" : "an argument or `)`");
    arg->span = span_to_here(parser, start);
    return arg;
}

Argument *parse_arguments(Parser *parser)
{
    Argument *first = NULL, **tail = &first;
    uint32_t height = 0;

    if (!parser_expect(parser, TOKEN_PAREN_OPEN, "before the arguments"))
        return NULL;
    while (!parser->panicking && !parser_at(parser, TOKEN_PAREN_CLOSE) &&
           !parser_at(parser, TOKEN_END)) {
        Argument *arg = argument(parser);
        list_append(tail, arg);
        height_raise(parser, &height);
        if (!parser_accept(parser, TOKEN_COMMA))
            break;
    }
    parser_close_paren(parser, "or `,` after an argument");
    parser->height = height;
    return first;
}
