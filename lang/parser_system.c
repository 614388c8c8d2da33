/* system S { start domain D { f = v }  start domain W["a"] } */
#include "lang/parser.h"

Span parse_start_fields(Parser *parser, StartField **tail)
{
    Span open = parser_take(parser).span;

    parser_separators(parser, true);
    while (!parser->panicking && !parser_at(parser, TOKEN_BRACE_CLOSE)) {
        StartField *node = arena_new(parser->arena, StartField);
        uint32_t at = parser_peek(parser, 0)->span.start;
        if (parser_at(parser, TOKEN_STATE) && parser_peek(parser, 1)->kind == TOKEN_DOT) {
            parser_take(parser);
            parser_take(parser);
        }
        node->name = parser_any_word(parser, "a field's name or `}`");
        if (parser_at(parser, TOKEN_COLON) && node->name.text != NULL) {
            parser_refuse_spelling(
                parser, parser_peek(parser, 0)->span, ":",
                arena_format(parser->arena, "write `%s = ...`", node->name.text));
            parser_take(parser);
        } else {
            parser_expect(parser, TOKEN_ASSIGN, "after the field's name");
        }
        node->value = parse_expr(parser, "the field's first value after `=`");
        node->span = span_to_here(parser, at);
        list_append(tail, node);
        parser_separators(parser, true);
    }
    while (parser->panicking && !parser_at(parser, TOKEN_END) &&
           !parser_at(parser, TOKEN_BRACE_CLOSE) && !parser_at(parser, TOKEN_START) &&
           !parser_begins_item(parser))
        parser_skip_balanced(parser);
    if (parser_at(parser, TOKEN_BRACE_CLOSE))
        parser_go_on(parser);
    parser_close_brace(parser, open);
    return span_to_here(parser, open.start);
}

static Start *start_item(Parser *parser)
{
    Start *node = arena_new(parser->arena, Start);
    uint32_t start = parser_take(parser).span.start;

    if (parser_at(parser, TOKEN_NAME) && parser_peek(parser, 1)->kind != TOKEN_END) {
        parser_expected_but(parser, "`domain` after `start`",
                            arena_format(parser->arena, "write `start domain %s { }`",
                                         token_copy(parser, parser_peek(parser, 0))));
        parser_go_on(parser);
    } else {
        parser_expect(parser, TOKEN_DOMAIN, "after `start`");
    }
    node->domain = parser_name(parser, "a domain's name after `start domain`");
    node->key = parse_key(parser);
    if (parser_at(parser, TOKEN_BRACE_OPEN) && !parser->panicking)
        node->body = parse_start_fields(parser, &node->fields);
    node->span = span_to_here(parser, start);
    return node;
}

static void skip_to_start(Parser *parser)
{
    while (!parser_at(parser, TOKEN_END) && !parser_at(parser, TOKEN_BRACE_CLOSE) &&
           !parser_at(parser, TOKEN_START))
        parser_skip_balanced(parser);
    parser_go_on(parser);
}

System *parse_system(Parser *parser)
{
    System *system = arena_new(parser->arena, System);
    uint32_t start = parser_take(parser).span.start;
    Start **tail = &system->starts;

    system->name = parser_name(parser, "a system's name");
    Span open = parser_peek(parser, 0)->span;
    if (!parser_open_brace(parser, "after the system's name")) {
        system->span = span_to_here(parser, start);
        return system;
    }
    parser_separators(parser, true);
    while (!parser_at(parser, TOKEN_BRACE_CLOSE) && !parser_at(parser, TOKEN_END) &&
           !parser_begins_item(parser)) {
        if (parser_at(parser, TOKEN_START) ||
            parser_mend_word(parser, "`start domain` or `}`", 1u << ROLE_PART)) {
            Start *node = start_item(parser);
            if (node->domain.text != NULL)
                list_append(tail, node);
        } else {
            parser_expected(parser, "`start domain` or `}`");
            parser_skip_balanced(parser);
        }
        if (parser->panicking)
            skip_to_start(parser);
        parser_separators(parser, true);
    }
    parser_close_brace(parser, open);
    system->body = span_to_here(parser, open.start);
    system->span = span_to_here(parser, start);
    return system;
}
