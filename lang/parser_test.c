/* test "name" { given { } simulate { } expect { } } */
#include "lang/parser.h"

/* 500 ticks, or 5m. */
static void limit(Parser *parser, TestStep *step, const char *what)
{
    Span span;

    step->in_ticks = parser_at(parser, TOKEN_INT);
    if (!step->in_ticks) {
        step->limit = parse_duration(parser, what, &span);
        return;
    }
    step->limit = parse_count(parser, what, INT32_MAX);
    if (!parser_at_name(parser, "ticks")) {
        parser_expected_but(parser, "`ticks` after the number",
                            "write `500 ticks`, or a duration: `5m`");
        return;
    }
    parser_take(parser);
}

/* D.field = value, D["k"].field = value */
static void set(Parser *parser, TestStep *step)
{
    step->kind = STEP_SET;
    step->domain = parser_name(parser, "a domain's name or `}`");
    step->key = parse_key(parser);
    if (!parser->panicking && !parser_at(parser, TOKEN_DOT))
        parser_expected_but(
            parser, "`.` and a field's name after the domain",
            arena_format(parser->arena, "write `%s.field = value`", step->domain.text));
    parser_accept(parser, TOKEN_DOT);
    step->field = parser_any_word(parser, "a field's name after `.`");
    parser_expect(parser, TOKEN_ASSIGN, "after the field's name");
    step->value = parse_expr(parser, "a value after `=`");
}

/* fail timeout 3 */
static void failure(Parser *parser, TestStep *step)
{
    parser_take(parser);
    step->fails = true;
    step->failure = parser_any_word(parser, "why it fails, a code: `fail timeout`");
    if (!parser->panicking && parser_at(parser, TOKEN_INT))
        step->times = parse_count(parser, "how often", INT32_MAX);
}

/* effect Infra.Create { fail timeout }    effect Infra.Create { result { host: "a" } } */
static void outcome(Parser *parser, TestStep *step)
{
    step->kind = STEP_EFFECT;
    parser_take(parser);
    parse_effect_name(parser, "an effect's name", &step->provider, &step->effect);
    Span open = parser_peek(parser, 0)->span;
    if (!parser_accept(parser, TOKEN_BRACE_OPEN)) {
        parser_expected_but(parser, "`{` and what the effect's outcome is",
                            "write `{ fail timeout }`, or `{ result { member: value } }`");
        return;
    }
    parser_separators(parser, true);
    if (parser_at(parser, TOKEN_FAIL)) {
        failure(parser, step);
    } else if (parser_at_name(parser, "result")) {
        parser_take(parser);
        if (parser_at(parser, TOKEN_BRACE_OPEN))
            step->result = parse_map(parser, true);
        else
            parser_expected_but(parser, "`{` after `result`", "write `result { member: value }`");
    } else {
        parser_expected_but(parser, "`fail` or `result`",
                            "write `{ fail timeout }`, or `{ result { member: value } }`");
    }
    parser_separators(parser, true);
    parser_skip_to_brace(parser);
    parser_close_brace(parser, open);
}

static void simulated(Parser *parser, TestStep *step)
{
    if (parser_at(parser, TOKEN_EFFECT)) {
        outcome(parser, step);
    } else if (parser_at(parser, TOKEN_SEND) || parser_at(parser, TOKEN_SEND_HIGH)) {
        step->kind = STEP_SEND;
        step->statement = parse_statement(parser);
    } else if (parser_at(parser, TOKEN_EMIT)) {
        step->kind = STEP_EMIT;
        step->statement = parse_statement(parser);
    } else if (parser_at_name(parser, "run")) {
        step->kind = STEP_RUN;
        parser_take(parser);
        limit(parser, step, "a number of ticks or a duration after `run`");
    } else if (parser_at_name(parser, "crash")) {
        step->kind = STEP_CRASH;
        parser_take(parser);
    } else {
        parser_expected(parser, "`effect`, `send`, `emit`, `run`, `crash` or `}`");
    }
}

static const struct {
    const char *name;
    TestStepKind kind;
} expectations[] = {{"always", STEP_ALWAYS},
                    {"eventually", STEP_EVENTUALLY},
                    {"within", STEP_WITHIN},
                    {"never", STEP_NEVER}};

static bool at_expectation(Parser *parser)
{
    for (size_t i = 0; i < ARRAY_SIZE(expectations); i++)
        if (parser_at_name(parser, expectations[i].name))
            return true;
    return false;
}

static void expected(Parser *parser, TestStep *step)
{
    if (!at_expectation(parser)) {
        parser_expected_but(parser, "`always`, `eventually`, `within`, `never` or `}`",
                            "write `eventually D.Goal`, or `within 500 ticks D.Goal`");
        return;
    }
    const char *word = "";
    for (size_t i = 0; i < ARRAY_SIZE(expectations); i++)
        if (parser_at_name(parser, expectations[i].name)) {
            step->kind = expectations[i].kind;
            word = expectations[i].name;
        }
    parser_take(parser);
    if (step->kind == STEP_WITHIN)
        limit(parser, step, "a number of ticks or a duration after `within`");
    step->value = parse_condition(parser, word);
}

typedef struct TestBlock {
    const char *name;
    void (*step)(Parser *parser, TestStep *step);
    TestStep **steps;
    Span *body;
} TestBlock;

static bool block_ends(Parser *parser)
{
    TokenKind kind = parser_kind(parser);

    return kind == TOKEN_END || kind == TOKEN_BRACE_CLOSE ||
           (parser_begins_item(parser) && kind != TOKEN_EFFECT);
}

/* After a mistake: to the next line, or the end of the block. */
static void skip_to_line(Parser *parser, uint64_t before)
{
    if (parser->taken == before && !parser->given_up)
        parser_skip_balanced(parser);
    while (!block_ends(parser) && !parser_peek(parser, 0)->after_newline &&
           !parser_at(parser, TOKEN_SEMICOLON))
        parser_skip_balanced(parser);
    parser_go_on(parser);
}

/* given { ... }, at its brace. */
static void test_block(Parser *parser, const TestBlock *block)
{
    Span open = parser_take(parser).span;
    TestStep **tail = block->steps;

    while (*tail != NULL)
        tail = &(*tail)->next;
    parser_separators(parser, false);
    while (!block_ends(parser)) {
        TestStep *step = arena_new(parser->arena, TestStep);
        uint64_t before = parser->taken;
        uint32_t start = parser_peek(parser, 0)->span.start;
        block->step(parser, step);
        step->span = span_to_here(parser, start);
        if (parser->panicking)
            skip_to_line(parser, before);
        else
            list_append(tail, step);
        parser_separators(parser, false);
    }
    parser_close_brace(parser, open);
    *block->body = span_to_here(parser, open.start);
}

#define TEST_BLOCKS 3

/* One block, at its word. */
static void test_part(Parser *parser, const TestBlock *blocks)
{
    const char *names[TEST_BLOCKS];
    Span word = parser_peek(parser, 0)->span;

    for (size_t i = 0; i < TEST_BLOCKS; i++) {
        if (!parser_at_name(parser, blocks[i].name))
            continue;
        if (blocks[i].body->end != 0)
            parser_second_time(parser, *blocks[i].body, word,
                               arena_format(parser->arena, "`%s` in one test", blocks[i].name));
        parser_take(parser);
        if (parser_at(parser, TOKEN_BRACE_OPEN))
            test_block(parser, &blocks[i]);
        else
            parser_expect(parser, TOKEN_BRACE_OPEN,
                          arena_format(parser->arena, "after `%s`", blocks[i].name));
        return;
    }
    for (size_t i = 0; i < TEST_BLOCKS; i++)
        names[i] = blocks[i].name;
    const char *nearest = hint_nearest(parser, names, TEST_BLOCKS);
    parser_expected_but(
        parser, "`given`, `simulate`, `expect` or `}`",
        nearest == NULL ? NULL : arena_format(parser->arena, "did you mean `%s`?", nearest));
    parser_skip_balanced(parser);
}

Test *parse_test(Parser *parser)
{
    Test *node = arena_new(parser->arena, Test);
    const TestBlock blocks[TEST_BLOCKS] = {
        {"given", set, &node->given, &node->given_body},
        {"simulate", simulated, &node->simulate, &node->simulate_body},
        {"expect", expected, &node->expect, &node->expect_body}};

    parser_take(parser);
    if (parser_at(parser, TOKEN_NAME))
        parser_expected_but(parser, "the test's name, a string",
                            arena_format(parser->arena, "write `test \"%s\" { ... }`",
                                         token_copy(parser, parser_peek(parser, 0))));
    node->name = parse_text(parser, "the test's name, a string");
    Span open = parser_peek(parser, 0)->span;
    if (!parser_open_brace(parser, "after the test's name"))
        return node;
    parser_separators(parser, false);
    while (!block_ends(parser)) {
        test_part(parser, blocks);
        while (parser->panicking && !block_ends(parser) && !parser_at_name(parser, "given") &&
               !parser_at_name(parser, "simulate") && !parser_at_name(parser, "expect"))
            parser_skip_balanced(parser);
        if (!parser_at(parser, TOKEN_END))
            parser_go_on(parser);
        parser_separators(parser, false);
    }
    parser_close_brace(parser, open);
    node->body = span_to_here(parser, open.start);
    return node;
}
