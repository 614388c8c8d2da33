/* Annotations, and the scope that one of them can be. */
#include "lang/parser.h"

#include <string.h>

/* ---- scope ---- */

static const struct {
    const char *name;
    ScopeLevel level;
} levels[] = {
    {"Tenant", SCOPE_TENANT}, {"Environment", SCOPE_ENVIRONMENT}, {"Workspace", SCOPE_WORKSPACE},
    {"Target", SCOPE_TARGET}, {"Context", SCOPE_CONTEXT},         {"Namespace", SCOPE_NAMESPACE},
};

/* Namespace, or Workspace("payments"). */
static ScopeDecl scope_level(Parser *parser)
{
    ScopeDecl scope = {.span = parser_peek(parser, 0)->span};

    for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
        if (parser_at_name(parser, levels[i].name))
            scope.level = levels[i].level;
    if (scope.level == SCOPE_DEFAULT) {
        parser_expected(parser, "`{`, or a level: Tenant, Environment, Workspace, Target, Context "
                                "or Namespace");
        return scope;
    }
    parser_take(parser);
    if (!parser_on_same_line(parser, TOKEN_PAREN_OPEN))
        return scope;
    parser_take(parser);
    scope.place = parse_text(parser, "the place's name, a string").text;
    parser_close_paren(parser, "after the place's name");
    scope.span = span_to_here(parser, scope.span.start);
    return scope;
}

ScopeDecl parse_scope(Parser *parser)
{
    ScopeDecl scope = {0};
    uint32_t start = parser_take(parser).span.start;
    Span open = parser_peek(parser, 0)->span;

    if (!parser_accept(parser, TOKEN_BRACE_OPEN)) {
        scope = scope_level(parser);
    } else {
        if (parser_at_name(parser, "root"))
            scope.level = SCOPE_ROOT;
        if (scope.level == SCOPE_ROOT || parser_at(parser, TOKEN_DOMAIN))
            parser_take(parser);
        else
            scope = scope_level(parser);
        parser_close_brace(parser, open);
    }
    scope.span = span_to_here(parser, start);
    return scope;
}

/* ---- @allow ---- */

static bool is_code(const char *text, size_t size)
{
    if (size != 9 || text[0] != 'V' || text[1] != '-' || text[5] != '-')
        return false;
    for (size_t i = 2; i < size; i++)
        if (i != 5 &&
            !(i < 5 ? text[i] >= 'A' && text[i] <= 'Z' : text[i] >= '0' && text[i] <= '9'))
            return false;
    return true;
}

/* V-LNT-001: to the lexer two names and a number, so it is read from the source's text. */
static const char *allow_code(Parser *parser)
{
    Token first = *parser_peek(parser, 0);
    uint32_t end = first.span.start;

    while (parser_at(parser, TOKEN_NAME) || parser_at(parser, TOKEN_SUB) ||
           parser_at(parser, TOKEN_INT)) {
        if (parser_peek(parser, 0)->span.start != end && end != first.span.start)
            break;
        end = parser_take(parser).span.end;
    }
    const char *text = parser->source->text + first.span.start;
    if (is_code(text, end - first.span.start))
        return arena_copy_bytes(parser->arena, text, end - first.span.start);
    if (end == first.span.start) {
        parser_expected_but(parser, "a diagnostic's code",
                            "write `@allow(V-LNT-001, reason: \"why\")`");
        return NULL;
    }
    Diagnostic *d =
        parser_error(parser, "V-ERR-009", (Span){first.span.start, end},
                     "`%.*s` is not a diagnostic's code", (int)(end - first.span.start), text);
    parser_go_on(parser);
    if (d != NULL)
        d->remedy = "a code is written as in the message that it allows: `V-LNT-001`";
    return "";
}

/* , reason: "..." */
static const char *allow_reason(Parser *parser)
{
    bool comma = parser_accept(parser, TOKEN_COMMA);

    if (parser->panicking || (!comma && !parser_at_name(parser, "reason")))
        return NULL;
    if (!comma || !parser_at_name(parser, "reason")) {
        parser_expected_but(parser, comma ? "`reason:` after the code" : "`,` after the code",
                            "write `@allow(V-LNT-001, reason: \"why\")`");
        return NULL;
    }
    parser_take(parser);
    parser_expect(parser, TOKEN_COLON, "after `reason`");
    return parse_text(parser, "the reason, a string").text;
}

static void allow(Parser *parser, Annotations *annotations, uint32_t start)
{
    Allow *node = arena_new(parser->arena, Allow), **tail = &annotations->allows;

    if (!parser_expect(parser, TOKEN_PAREN_OPEN, "after `@allow`"))
        return;
    node->code = allow_code(parser);
    node->reason = allow_reason(parser);
    parser_close_paren(parser, "after the reason");
    node->span = span_to_here(parser, start);
    if (node->code == NULL || node->code[0] == '\0')
        return;
    while (*tail != NULL)
        tail = &(*tail)->next;
    *tail = node;
}

/* ---- the others ---- */

static void priority(Parser *parser, Annotations *annotations)
{
    if (!parser_expect(parser, TOKEN_PAREN_OPEN, "after `@priority`"))
        return;
    uint32_t value = parser_peek(parser, 0)->span.start;
    parse_priority(parser, &annotations->priority);
    annotations->priority_value = span_to_here(parser, value);
    parser_close_paren(parser, "after the priority");
}

/* 2, or (2). */
static void version(Parser *parser, Annotations *annotations)
{
    bool open = parser_accept(parser, TOKEN_PAREN_OPEN);

    annotations->version = parse_count(parser, "the version, a number from 1 on", INT32_MAX);
    if (open)
        parser_close_paren(parser, "after the version");
}

static const struct {
    const char *name;
    const char *belongs;
} kinds[] = {
#define ANNOTATION(name, text, belongs) {text, belongs},
#include "lang/annotation.def"
};

static AnnotationKind kind_here(Parser *parser)
{
    const Token *token = parser_peek(parser, 0);
    size_t i = 0;

    if (parser_at(parser, TOKEN_END))
        return ANNOTATION_COUNT;
    while (i < ANNOTATION_COUNT && !token_is(parser, token, kinds[i].name))
        i++;
    return (AnnotationKind)i;
}

static void unknown(Parser *parser)
{
    const char *names[ANNOTATION_COUNT], *remedy = NULL;

    for (size_t i = 0; i < ANNOTATION_COUNT; i++)
        names[i] = kinds[i].name;
    const char *nearest = hint_nearest(parser, names, ANNOTATION_COUNT);
    if (nearest != NULL)
        remedy = arena_format(parser->arena, "did you mean `@%s`?", nearest);
    parser_expected_but(parser, "`priority`, `scope`, `version`, `protect` or `allow` after `@`",
                        remedy);
    if (parser_at(parser, TOKEN_NAME))
        parser_take(parser);
    if (parser_at(parser, TOKEN_PAREN_OPEN))
        parser_skip_balanced(parser);
    parser_go_on(parser);
}

static void annotation(Parser *parser, Annotations *annotations)
{
    uint32_t start = parser_take(parser).span.start;
    AnnotationKind kind = kind_here(parser);

    if (kind == ANNOTATION_COUNT) {
        unknown(parser);
        return;
    }
    Span word = {start, parser_take(parser).span.end};
    if (kind != ANNOTATION_ALLOW && annotations_have(annotations, kind))
        parser_second_time(parser, annotations->spans[kind], word,
                           arena_format(parser->arena, "`@%s`", kinds[kind].name));
    switch (kind) {
    case ANNOTATION_PRIORITY:
        priority(parser, annotations);
        break;
    case ANNOTATION_SCOPE:
        annotations->scope = scope_level(parser);
        annotations->scope.span = span_to_here(parser, start);
        break;
    case ANNOTATION_VERSION:
        version(parser, annotations);
        break;
    case ANNOTATION_PROTECT:
        break;
    case ANNOTATION_ALLOW:
        allow(parser, annotations, start);
        break;
    case ANNOTATION_COUNT:
        break;
    }
    annotations->spans[kind] = span_to_here(parser, start);
}

void annotations_add(Parser *parser, Annotations *annotations)
{
    while (parser_at(parser, TOKEN_AT)) {
        annotations->any = true;
        annotation(parser, annotations);
        parser_separators(parser, false);
    }
}

Annotations parse_annotations(Parser *parser)
{
    Annotations annotations = {.start = parser_peek(parser, 0)->span.start};

    annotations_add(parser, &annotations);
    return annotations;
}

Annotations parse_file_allows(Parser *parser)
{
    while (parser_at(parser, TOKEN_AT) && token_is(parser, parser_peek(parser, 1), "allow")) {
        Annotations one = {.start = parser_peek(parser, 0)->span.start, .any = true};
        annotation(parser, &one);
        if (!parser_at(parser, TOKEN_SEMICOLON))
            return one;
        parser_separators(parser, false);
        if (one.allows != NULL)
            list_append(parser->lists->allows, one.allows);
    }
    return (Annotations){0};
}

bool annotations_have(const Annotations *annotations, AnnotationKind kind)
{
    return annotations->spans[kind].end != 0;
}

void annotations_restrict(Parser *parser, const Annotations *annotations, unsigned allowed)
{
    for (size_t i = 0; i < ANNOTATION_COUNT; i++) {
        if (!annotations_have(annotations, (AnnotationKind)i) || allowed & 1u << i)
            continue;
        Diagnostic *d = parser_error(parser, "V-ERR-009", annotations->spans[i],
                                     "`@%s` does not belong here", kinds[i].name);
        if (d != NULL)
            parser_go_on(parser);
        if (d != NULL)
            d->remedy = arena_format(parser->arena, "`@%s` stands before %s", kinds[i].name,
                                     kinds[i].belongs);
    }
}
