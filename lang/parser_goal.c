/* goal Name { predicate E  priority P  strategy { T1 T2 }  terminate_after L  backoff B  fallback T
 * } */
#include "lang/parser.h"

static const struct {
    const char *name;
    uint8_t priority;
} priorities[] = {
    {"critical", 200}, {"high", 150}, {"normal", 100}, {"low", 50}, {"background", 0},
};

bool parse_priority(Parser *parser, uint8_t *ret)
{
    const Token *token = parser_peek(parser, 0);

    for (size_t i = 0; i < ARRAY_SIZE(priorities); i++)
        if (parser_at_name(parser, priorities[i].name)) {
            *ret = priorities[i].priority;
            parser_take(parser);
            return true;
        }
    if (!parser_at(parser, TOKEN_INT)) {
        parser_expected(parser, "a priority: critical, high, normal, low, background or 0 to 255");
        return false;
    }
    if (token->number > UINT8_MAX) {
        Diagnostic *d =
            parser_error(parser, "V-ERR-017", token->span, "a priority is a number from 0 to 255");
        if (d != NULL)
            d->remedy = "larger is more urgent; `critical` is 200";
        parser_go_on(parser);
    }
    *ret = (uint8_t)parser_take(parser).number;
    return true;
}

static Expr *predicate_missing(Parser *parser, const Goal *goal, Span word, bool reported)
{
    Expr *expr = arena_new(parser->arena, Expr);

    expr->kind = EXPR_ERROR;
    expr->span = word;
    if (parser->panicking || reported)
        return expr;
    Diagnostic *d = parser_error(parser, "V-ERR-009", goal->name.text ? goal->name.span : word,
                                 "this goal has no predicate");
    parser_go_on(parser);
    if (d != NULL)
        d->remedy = "say what must become and stay true: `predicate status == \"ready\"`";
    return expr;
}

static void strategy(Parser *parser, Goal *goal)
{
    size_t capacity = 0;
    Span open = parser_peek(parser, 0)->span;

    goal->has_strategy = true;
    goal->strategy = NULL; /* a second one was reported; it replaces the first */
    goal->strategy_count = 0;
    if (!parser_at(parser, TOKEN_BRACE_OPEN))
        parser_expected_but(parser, "`{` after `strategy`",
                            "name the transitions in braces: `strategy { T }`");
    if (!parser_expect(parser, TOKEN_BRACE_OPEN, "after `strategy`"))
        return;
    parser_separators(parser, true);
    while (!parser->panicking && !parser_at(parser, TOKEN_BRACE_CLOSE)) {
        Name name = parser_name(parser, "a transition's name or `}`");
        if (name.text == NULL)
            return;
        arena_reserve_one(parser->arena, goal->strategy, goal->strategy_count, capacity);
        goal->strategy[goal->strategy_count++] = name;
        parser_separators(parser, true);
    }
    parser_close_brace(parser, open);
}

static void terminate_after(Parser *parser, Goal *goal)
{
    if (parser_at_name(parser, "never")) {
        parser_take(parser);
        goal->terminate = TERMINATE_NEVER;
    } else if (parser_at(parser, TOKEN_DURATION)) {
        goal->terminate = TERMINATE_AFTER;
        goal->terminate_span = parser_peek(parser, 0)->span;
        goal->terminate_limit = (int64_t)parser_take(parser).number;
    } else if (parser_at(parser, TOKEN_INT) &&
               token_is(parser, parser_peek(parser, 1), "retries")) {
        Token number = parser_take(parser);
        parser_take(parser);
        goal->terminate = TERMINATE_RETRIES;
        goal->terminate_span = number.span;
        if (number.number > INT32_MAX) {
            parser_error(parser, "V-ERR-017", number.span, "more than %d retries", INT32_MAX);
            number.number = 0;
        }
        goal->terminate_limit = (int64_t)number.number;
    } else {
        parser_expected(parser, "`never`, a number of retries (`50 retries`) or a duration (`4h`)");
    }
}

static void backoff(Parser *parser, Goal *goal)
{
    uint32_t start = parser_peek(parser, 0)->span.start;

    goal->has_backoff = true;
    goal->backoff_first_ms = parse_duration(
        parser, "a duration after `backoff`: `5s`, or `1s to 5m`", &goal->backoff_first_span);
    goal->backoff_cap_ms = goal->backoff_first_ms;
    if (parser->panicking || !parser_at_name(parser, "to"))
        return;
    parser_take(parser);
    goal->backoff_cap_ms = parse_duration(parser, "the longest delay, a duration, after `to`",
                                          &goal->backoff_cap_span);
    if (parser->panicking || goal->backoff_cap_ms >= goal->backoff_first_ms)
        return;
    Diagnostic *d = parser_error(parser, "V-ERR-017", span_to_here(parser, start),
                                 "the longest delay is shorter than the first");
    parser_go_on(parser);
    if (d != NULL)
        d->remedy = "write the shorter one first: `backoff 1s to 5m`";
}

static void part_value(Parser *parser, Goal *goal, GoalPart part, const char *word)
{
    switch (part) {
    case GOAL_PART_PREDICATE:
        goal->predicate = parse_condition(parser, word);
        break;
    case GOAL_PART_PRIORITY: {
        uint32_t start = parser_peek(parser, 0)->span.start;
        goal->has_priority = parse_priority(parser, &goal->priority);
        goal->priority_span = span_to_here(parser, start);
        break;
    }
    case GOAL_PART_STRATEGY:
        strategy(parser, goal);
        break;
    case GOAL_PART_TERMINATE:
        terminate_after(parser, goal);
        break;
    case GOAL_PART_BACKOFF:
        backoff(parser, goal);
        break;
    case GOAL_PART_FALLBACK:
        goal->fallback = parser_name(parser, "a transition's name after `fallback`");
        break;
    case GOAL_PART_COUNT:
        break;
    }
}

static GoalPart part_of(TokenKind kind)
{
    switch ((unsigned)kind) {
    case TOKEN_PREDICATE:
    case TOKEN_TARGET:
        return GOAL_PART_PREDICATE;
    case TOKEN_PRIORITY:
        return GOAL_PART_PRIORITY;
    case TOKEN_STRATEGY:
        return GOAL_PART_STRATEGY;
    case TOKEN_TERMINATE_AFTER:
        return GOAL_PART_TERMINATE;
    case TOKEN_BACKOFF:
        return GOAL_PART_BACKOFF;
    case TOKEN_FALLBACK:
        return GOAL_PART_FALLBACK;
    default: /* no part of a goal */
        return GOAL_PART_COUNT;
    }
}

static void part_twice(Parser *parser, Span first, Span second, const char *word)
{
    Diagnostic *d = parser_error(parser, "V-ERR-016", second, "a second `%s` in one goal", word);

    parser_go_on(parser);
    if (d == NULL)
        return;
    diagnostic_note(parser->diagnostics, d, first, "the first one");
    d->remedy = "keep one of the two";
}

static void goal_part(Parser *parser, Goal *goal, GoalPart part)
{
    Token word = parser_take(parser);
    const char *text = token_kind_text(word.kind);

    if (goal->parts[part].end != 0)
        part_twice(parser, goal->parts[part], word.span, text);
    if (!parser_at(parser, TOKEN_END))
        parser_accept(parser, TOKEN_COLON);
    part_value(parser, goal, part, text);
    goal->parts[part] = span_to_here(parser, word.span.start);
}

#define PARTS "predicate, priority, strategy, terminate_after, backoff, fallback or `}`"

/* After a mistake: on to the next part or the end of the goal. */
static void skip_to_part(Parser *parser)
{
    while (!parser_at(parser, TOKEN_END) && !parser_at(parser, TOKEN_BRACE_CLOSE) &&
           part_of(parser_kind(parser)) == GOAL_PART_COUNT && !parser_begins_item(parser))
        parser_skip_balanced(parser);
    if (!parser_at(parser, TOKEN_END) && !parser_begins_item(parser))
        parser_go_on(parser);
}

/* `x == 1` or `!ready` without its `predicate`. */
static bool at_bare_predicate(Parser *parser)
{
    TokenKind kind = parser_kind(parser), next = parser_peek(parser, 1)->kind;

    if (kind == TOKEN_BANG || kind == TOKEN_NOT || kind == TOKEN_PAREN_OPEN ||
        kind == TOKEN_STATE || kind == TOKEN_INT || kind == TOKEN_STRING || kind == TOKEN_TRUE ||
        kind == TOKEN_FALSE)
        return true;
    return kind == TOKEN_NAME && (next == TOKEN_ASSIGN || next == TOKEN_BRACE_CLOSE ||
                                  next == TOKEN_DOT || (next >= TOKEN_EQ && next <= TOKEN_OR));
}

static void bare_predicate(Parser *parser, Goal *goal)
{
    Span first = parser_peek(parser, 0)->span;
    Expr *expr = parse_expr(parser, "a condition");
    const char *left = parser_source_text(parser, expr->span), *right = NULL;

    if (parser_accept(parser, TOKEN_ASSIGN))
        right = parser_source_text(parser, parse_expr(parser, "a value")->span);
    Diagnostic *d = parser_error(parser, "V-ERR-009", first,
                                 right == NULL ? "a goal's condition begins with `predicate`"
                                               : "a goal is a condition, it assigns nothing");
    parser_go_on(parser);
    if (d != NULL)
        d->remedy = right == NULL
                        ? arena_format(parser->arena, "write `predicate %s`", left)
                        : arena_format(parser->arena, "write `predicate %s == %s`", left, right);
    expr->kind = right == NULL ? expr->kind : EXPR_ERROR;
    if (goal->predicate == NULL)
        goal->predicate = expr;
}

static void goal_body(Parser *parser, Goal *goal)
{
    Span open = parser_take(parser).span;

    parser_go_on(parser);
    parser_separators(parser, true);
    while (!parser_at(parser, TOKEN_BRACE_CLOSE) && !parser_at(parser, TOKEN_END) &&
           !parser_begins_item(parser)) {
        GoalPart part = part_of(parser_kind(parser));
        if (part != GOAL_PART_COUNT)
            goal_part(parser, goal, part);
        else if (at_bare_predicate(parser))
            bare_predicate(parser, goal);
        else if (!parser_mend_word(parser, PARTS, 1u << ROLE_PART) ||
                 part_of(parser_kind(parser)) == GOAL_PART_COUNT) {
            parser_expected(parser, PARTS);
            parser_skip_balanced(parser);
        }
        if (parser->panicking)
            skip_to_part(parser);
        parser_separators(parser, true);
    }
    parser_close_brace(parser, open);
    goal->body = span_to_here(parser, open.start);
}

/* `goal A n = 1` in a script: a goal, and an assignment behind it. */
static bool statement_follows(Parser *parser)
{
    TokenKind kind = parser_peek(parser, 2)->kind;

    return !parser->in_domain && parser_peek(parser, 1)->kind == TOKEN_NAME &&
           (kind == TOKEN_DOT || kind == TOKEN_BRACKET_OPEN ||
            (kind >= TOKEN_ASSIGN && kind <= TOKEN_MUL_ASSIGN));
}

/* `goal A n == 1`, `goal A: n == 1`, `goal A when ...`: a name, and what belongs into braces. */
static bool braces_missing(Parser *parser)
{
    const Token *next = parser_peek(parser, 1);
    TokenKind kind = next->kind;

    if (statement_follows(parser))
        return false;
    return parser_at(parser, TOKEN_NAME) && !next->after_newline &&
           (kind == TOKEN_NAME || kind == TOKEN_COLON || kind == TOKEN_INT || kind == TOKEN_BANG ||
            token_role(kind) == ROLE_PART);
}

static void report_braces(Parser *parser, Goal *goal)
{
    goal->name = parser_name(parser, "a name");
    parser_open_missing(
        parser, "`{` after the goal's name",
        arena_format(parser->arena, "write `goal %s { predicate ... }`", goal->name.text));
    goal->predicate = arena_new(parser->arena, Expr);
    goal->predicate->kind = EXPR_ERROR;
    goal->predicate->span = goal->name.span;
}

Goal *parse_goal(Parser *parser, const Annotations *annotations)
{
    Goal *goal = arena_new(parser->arena, Goal);
    Span word = parser_take(parser).span;
    size_t errors = parser->diagnostics->error_count;

    annotations_restrict(parser, annotations, 1u << ANNOTATION_PRIORITY | 1u << ANNOTATION_ALLOW);
    goal->allows = annotations->allows;
    if (annotations_have(annotations, ANNOTATION_PRIORITY)) {
        goal->has_priority = true;
        goal->priority = annotations->priority;
        goal->priority_span = annotations->priority_value;
        goal->parts[GOAL_PART_PRIORITY] = annotations->spans[ANNOTATION_PRIORITY];
    }
    if (parser_at(parser, TOKEN_NAME) && parser_peek(parser, 1)->kind == TOKEN_BRACE_OPEN) {
        goal->name = parser_name(parser, "a name");
    } else if (braces_missing(parser)) {
        report_braces(parser, goal);
    } else if (!parser_at(parser, TOKEN_BRACE_OPEN)) {
        uint32_t start = parser_peek(parser, 0)->span.start;
        goal->predicate = parse_condition(parser, "goal");
        goal->parts[GOAL_PART_PREDICATE] = span_to_here(parser, start);
    }
    if (parser_at(parser, TOKEN_BRACE_OPEN))
        goal_body(parser, goal);
    if (goal->predicate == NULL)
        goal->predicate =
            predicate_missing(parser, goal, word, parser->diagnostics->error_count > errors);
    goal->span = span_to_here(parser, annotations->start);
    return goal;
}
