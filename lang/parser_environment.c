/* environment E { provider Infra = "docker" { config }  host = "a"  capability { ... } } */
#include "lang/parser.h"

static EnvironmentProvider *provider(Parser *parser)
{
    EnvironmentProvider *node = arena_new(parser->arena, EnvironmentProvider);
    uint32_t start = parser_take(parser).span.start;

    node->name = parser_name(parser, "the provider's name after `provider`");
    if (!parser_accept(parser, TOKEN_ASSIGN))
        parser_expected_but(
            parser, "`=` after the provider's name",
            arena_format(parser->arena, "write `provider %s = \"PLUGIN\"`", node->name.text));
    node->plugin = parse_text(parser, "the plugin's name, a string, after `=`");
    if (!parser->panicking && parser_at(parser, TOKEN_BRACE_OPEN))
        node->config = parse_map(parser, false);
    node->span = span_to_here(parser, start);
    return node;
}

static Argument *host(Parser *parser)
{
    Argument *node = arena_new(parser->arena, Argument);
    uint32_t start = parser_take(parser).span.start;

    if (!parser_accept(parser, TOKEN_ASSIGN))
        parser_expected_but(parser, "`=` after `host`", "write `host = \"NAME\"`");
    node->value = parse_expr(parser, "the host, a string, after `=`");
    node->span = span_to_here(parser, start);
    return node;
}

static void capability(Parser *parser, Environment *environment)
{
    if (environment->has_capabilities)
        parser_second_time(parser, environment->capability_span, parser_peek(parser, 0)->span,
                           "`capability` in one environment");
    environment->capability_span = parse_capabilities(parser, &environment->capabilities);
    environment->has_capabilities = true;
}

typedef struct EnvironmentLists {
    EnvironmentProvider **providers;
    Argument **hosts;
} EnvironmentLists;

static bool at_part(Parser *parser)
{
    return parser_at_name(parser, "provider") || parser_at_name(parser, "host") ||
           parser_at(parser, TOKEN_CAPABILITY);
}

static void part(Parser *parser, Environment *environment, EnvironmentLists *lists)
{
    if (parser_at_name(parser, "provider")) {
        EnvironmentProvider *node = provider(parser);
        if (node->name.text != NULL)
            list_append(lists->providers, node);
    } else if (parser_at_name(parser, "host")) {
        Argument *node = host(parser);
        list_append(lists->hosts, node);
    } else if (parser_at(parser, TOKEN_CAPABILITY)) {
        capability(parser, environment);
    } else {
        static const char *const parts[] = {"provider", "host", "capability"};
        const char *nearest = hint_nearest(parser, parts, ARRAY_SIZE(parts));
        parser_expected_but(
            parser, "`provider`, `host`, `capability` or `}`",
            nearest == NULL ? NULL : arena_format(parser->arena, "did you mean `%s`?", nearest));
        parser_skip_balanced(parser);
    }
}

static bool ends(Parser *parser)
{
    return parser_at(parser, TOKEN_END) || parser_at(parser, TOKEN_BRACE_CLOSE) ||
           (parser_begins_item(parser) && !parser_at(parser, TOKEN_CAPABILITY));
}

Environment *parse_environment(Parser *parser)
{
    Environment *node = arena_new(parser->arena, Environment);
    EnvironmentLists lists = {&node->providers, &node->hosts};

    parser_take(parser);
    node->name = parser_name(parser, "an environment's name");
    Span open = parser_peek(parser, 0)->span;
    if (!parser_open_brace(parser, "after the environment's name"))
        return node;
    parser_separators(parser, true);
    while (!ends(parser)) {
        part(parser, node, &lists);
        while (parser->panicking && !ends(parser) && !at_part(parser))
            parser_skip_balanced(parser);
        if (!ends(parser) || parser_at(parser, TOKEN_BRACE_CLOSE))
            parser_go_on(parser);
        parser_separators(parser, true);
    }
    parser_close_brace(parser, open);
    node->body = span_to_here(parser, open.start);
    return node;
}
