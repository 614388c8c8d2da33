/* Domains, and of what is in them state and invariants. */
#include "lang/parser.h"

/* ---- state ---- */

Field *parse_field(Parser *parser)
{
    Field *node = arena_new(parser->arena, Field);
    uint32_t start = parser_peek(parser, 0)->span.start;

    type_before_name(parser, &node->name, &node->type);
    if (node->type == NULL) {
        if (parser_at(parser, TOKEN_AT))
            parser_expected_but(parser, "a field's name or `}`",
                                "an annotation stands before what it is about: `@version 2` in the "
                                "domain, before `state`");
        node->name = parser_any_word(parser, "a field's name or `}`");
        if (!parser_at(parser, TOKEN_COLON) && node->name.text != NULL)
            parser_expected_but(parser, "`:` and a type after the field's name",
                                arena_format(parser->arena, "write `%s: int`, or what its type is",
                                             node->name.text));
        parser_expect(parser, TOKEN_COLON, "and a type after the field's name");
        node->type = parse_type(parser);
    }
    if (!parser->panicking && parser_accept(parser, TOKEN_ASSIGN))
        node->initial = parse_expr(parser, "the field's first value after `=`");
    node->span = span_to_here(parser, start);
    return node;
}

/* After a mistake in a field: on to the next one, `name:`, or the end of the state. */
static void skip_to_field(Parser *parser)
{
    while (!parser_at(parser, TOKEN_END) && !parser_at(parser, TOKEN_BRACE_CLOSE)) {
        bool named = parser_peek(parser, 1)->kind == TOKEN_COLON;
        if (named &&
            (parser_at(parser, TOKEN_NAME) || token_role(parser_kind(parser)) != ROLE_NONE))
            break;
        if (parser_begins_item(parser))
            return;
        parser_skip_balanced(parser);
    }
    parser_go_on(parser);
}

static bool at_field_or_mistake(Parser *parser)
{
    if (parser_at(parser, TOKEN_END) || parser_at(parser, TOKEN_BRACE_CLOSE))
        return false;
    return !parser_begins_item(parser) || parser_peek(parser, 1)->kind == TOKEN_COLON;
}

Span parse_fields(Parser *parser, Field **tail)
{
    Span open = parser_take(parser).span;

    while (*tail != NULL)
        tail = &(*tail)->next;
    parser_separators(parser, true);
    while (at_field_or_mistake(parser)) {
        uint64_t before = parser->taken;
        Field *node = parse_field(parser);
        if (node->name.text != NULL)
            list_append(tail, node);
        if (parser->panicking && parser->taken == before && !parser->given_up)
            parser_skip_balanced(parser);
        if (parser->panicking)
            skip_to_field(parser);
        parser_separators(parser, true);
    }
    parser_close_brace(parser, open);
    return span_to_here(parser, open.start);
}

/* state { }, at its word. */
static void state(Parser *parser, Domain *domain)
{
    Span word = parser_take(parser).span;

    if (domain->has_state)
        parser_second_time(parser, domain->state_span, word, "`state` in one domain");
    if (parser_at(parser, TOKEN_COLON) || parser_at(parser, TOKEN_ASSIGN)) {
        parser_expected_but(parser, "`{` after `state`", "write `state { name: type }`");
        parser_take(parser);
        parser_go_on(parser);
    }
    if (!parser_at(parser, TOKEN_BRACE_OPEN)) {
        parser_open_brace(parser, "after `state`");
        return;
    }
    Span body = parse_fields(parser, &domain->fields);
    if (!domain->has_state) {
        domain->state_span = span_to_here(parser, word.start);
        domain->state_body = body;
    }
    domain->has_state = true;
}

/* ---- invariants ---- */

static Invariant *invariant(Parser *parser, const Annotations *annotations)
{
    Invariant *node = arena_new(parser->arena, Invariant);

    annotations_restrict(parser, annotations, 1u << ANNOTATION_ALLOW);
    node->allows = annotations->allows;
    parser_take(parser);
    if (parser_at(parser, TOKEN_NAME) && parser_peek(parser, 1)->kind == TOKEN_BRACE_OPEN)
        node->name = parser_name(parser, "a name");
    Span open = parser_peek(parser, 0)->span;
    if (parser_accept(parser, TOKEN_BRACE_OPEN)) {
        if (parser_accept(parser, TOKEN_PREDICATE))
            parser_accept(parser, TOKEN_COLON);
        node->predicate = parse_condition(parser, "invariant");
        parser_skip_to_brace(parser);
        parser_separators(parser, false);
        parser_close_brace(parser, open);
    } else {
        node->predicate = parse_condition(parser, "invariant");
    }
    node->span = span_to_here(parser, annotations->start);
    return node;
}

/* ---- items ---- */

#define ITEMS                                                                                      \
    "an item of the domain (state, goal, invariant, transition, on, every, after, scope, "         \
    "capability) or `}`"

static void unknown_item(Parser *parser)
{
    uint64_t before = parser->taken;

    const char *remedy = hint_item(parser);

    if (remedy == NULL && parser_mend_word(parser, ITEMS, 1u << ROLE_ITEM))
        return;
    parser_expected_but(parser, ITEMS, remedy);
    if (parser->taken == before)
        parser_skip_balanced(parser);
    parser_skip_to_item(parser);
}

DomainLists domain_lists(Domain *domain)
{
    return (DomainLists){.domain = domain,
                         .goals = &domain->goals,
                         .transitions = &domain->transitions,
                         .handlers = &domain->handlers,
                         .timers = &domain->timers,
                         .invariants = &domain->invariants};
}

static void capability_item(Parser *parser, Domain *domain)
{
    if (domain->has_capabilities)
        parser_second_time(parser, domain->capability_span, parser_peek(parser, 0)->span,
                           "`capability` in one domain");
    domain->capability_span = parse_capabilities(parser, &domain->capabilities);
    domain->has_capabilities = true;
}

static void domain_scope(Parser *parser, Domain *domain)
{
    if (domain->scope.span.end != 0)
        parser_second_time(parser, domain->scope.span, parser_peek(parser, 0)->span,
                           "`scope` in one domain");
    domain->scope = parse_scope(parser);
}

/* Items that are about the domain as a whole carry no annotations. */
static void whole_domain_item(Parser *parser, DomainLists *lists, const Annotations *annotations)
{
    annotations_restrict(parser, annotations, 0);
    if (parser_at(parser, TOKEN_STATE))
        state(parser, lists->domain);
    else if (parser_at(parser, TOKEN_SCOPE))
        domain_scope(parser, lists->domain);
    else
        capability_item(parser, lists->domain);
}

void parse_domain_item(Parser *parser, DomainLists *lists, const Annotations *annotations)
{
    switch ((unsigned)parser_kind(parser)) {
    case TOKEN_STATE:
    case TOKEN_SCOPE:
    case TOKEN_CAPABILITY:
        whole_domain_item(parser, lists, annotations);
        break;
    case TOKEN_GOAL: {
        Goal *node = parse_goal(parser, annotations);
        list_append(lists->goals, node);
        break;
    }
    case TOKEN_INVARIANT: {
        Invariant *node = invariant(parser, annotations);
        list_append(lists->invariants, node);
        break;
    }
    case TOKEN_TRANSITION: {
        Transition *node = parse_transition(parser, annotations);
        list_append(lists->transitions, node);
        break;
    }
    case TOKEN_ON: {
        Handler *node = parse_handler(parser, annotations);
        if (node != NULL)
            list_append(lists->handlers, node);
        break;
    }
    case TOKEN_EVERY:
    case TOKEN_AFTER: {
        Timer *node = parse_timer(parser, annotations);
        list_append(lists->timers, node);
        break;
    }
    default: /* nothing that begins an item */
        if (parser->brace_reported && at_statement(parser))
            parse_statement(parser); /* of the body whose `{` is missing */
        else
            unknown_item(parser);
    }
}

/* ---- the domain ---- */

void domain_annotate(Parser *parser, Domain *domain, Annotations *annotations)
{
    static const AnnotationKind kinds[] = {ANNOTATION_SCOPE, ANNOTATION_VERSION};

    if (annotations_have(annotations, ANNOTATION_SCOPE)) {
        if (domain->scope.span.end != 0)
            parser_second_time(parser, domain->scope.span, annotations->scope.span,
                               "`scope` in one domain");
        domain->scope = annotations->scope;
    }
    if (annotations_have(annotations, ANNOTATION_VERSION)) {
        if (domain->has_version)
            parser_second_time(parser, domain->version_span, annotations->spans[ANNOTATION_VERSION],
                               "`@version` of one domain");
        domain->has_version = true;
        domain->version = annotations->version;
        domain->version_span = annotations->spans[ANNOTATION_VERSION];
    }
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        annotations->spans[kinds[i]] = (Span){0};
}

/* A declaration has no place here; it is read as if it stood before the domain. Or the domain's `}`
 * is missing, which would be no news. */
static void declaration_in_domain(Parser *parser, const Annotations *annotations, bool reported)
{
    bool imports_over = parser->imports_over;

    if (!reported) {
        Diagnostic *d =
            parser_error(parser, "V-ERR-009", parser_peek(parser, 0)->span,
                         "`%s` stands outside of domains", token_kind_text(parser_kind(parser)));
        parser_go_on(parser);
        if (d != NULL)
            d->remedy = "move it out of the braces of the domain";
    }
    parser->brace_reported = true;
    parser->brace_lost = true;
    parser->imports_over = false;
    parse_declaration(parser, annotations);
    parser->imports_over = imports_over;
}

static bool domain_ends(Parser *parser)
{
    TokenKind kind = parser_kind(parser);

    return kind == TOKEN_END || kind == TOKEN_BRACE_CLOSE || kind == TOKEN_DOMAIN ||
           kind == TOKEN_SYSTEM;
}

static void domain_items(Parser *parser, Domain *domain)
{
    DomainLists lists = domain_lists(domain);
    bool reported = false; /* that this may no longer be the domain */

    parser_separators(parser, false);
    while (!domain_ends(parser)) {
        Annotations annotations = parse_annotations(parser);
        domain_annotate(parser, domain, &annotations);
        if (domain_ends(parser)) {
            if (parser_at(parser, TOKEN_BRACE_CLOSE))
                annotations_restrict(parser, &annotations, 0);
        } else if (at_declaration(parser)) {
            if (declaration_refused(parser))
                continue;
            declaration_in_domain(parser, &annotations, reported);
            reported = true;
        } else {
            parse_domain_item(parser, &lists, &annotations);
        }
        if (parser->panicking) {
            reported = true;
            parser_skip_to_item(parser);
        }
        parser_separators(parser, false);
    }
}

/* Without its `{` it is read all the same, so that what stands there is not missed elsewhere. */
static void domain_body(Parser *parser, Domain *domain)
{
    bool braced = parser_at(parser, TOKEN_BRACE_OPEN);
    Span open = parser_peek(parser, 0)->span;

    if (braced)
        parser_take(parser);
    parser_go_on(parser);
    parser->in_domain = true;
    domain_items(parser, domain);
    parser->in_domain = false;
    if (braced || parser_at(parser, TOKEN_BRACE_CLOSE))
        parser_close_brace(parser, open);
    domain->body = span_to_here(parser, open.start);
}

/* [key: string] */
static Name domain_key(Parser *parser)
{
    parser_take(parser);
    Name key = parser_name(parser, "the key's name after `[`");
    if (key.text != NULL && !parser_at(parser, TOKEN_COLON))
        parser_expected_but(parser, "`:` and `string` after the key's name",
                            arena_format(parser->arena, "write `[%s: string]`", key.text));
    parser_expect(parser, TOKEN_COLON, "after the key's name");
    if (!parser->panicking) {
        const TypeExpr *type = parse_type(parser);
        if (!parser->panicking && (type->type != TYPE_STRING || type->optional)) {
            Diagnostic *d =
                parser_error(parser, "V-ERR-009", type->span, "a domain's key is a string");
            parser_go_on(parser);
            if (d != NULL)
                d->remedy = arena_format(parser->arena, "write `[%s: string]`", key.text);
        }
    }
    if (!parser->panicking)
        parser_expect(parser, TOKEN_BRACKET_CLOSE, "after the key");
    if (parser->panicking)
        parser_skip_to_close(parser, TOKEN_BRACKET_CLOSE);
    return key;
}

Domain *parse_domain(Parser *parser, const Annotations *annotations)
{
    Domain *domain = arena_new(parser->arena, Domain);
    Annotations before = *annotations;

    parser_take(parser);
    domain->version = 1;
    domain_annotate(parser, domain, &before);
    annotations_restrict(parser, &before, 1u << ANNOTATION_ALLOW);
    domain->name = parser_name(parser, "a domain's name");
    if (parser_on_same_line(parser, TOKEN_BRACKET_OPEN))
        domain->key = domain_key(parser);
    if (!parser_at(parser, TOKEN_BRACE_OPEN)) {
        parser_expected_but(parser, "`{` after the domain's name",
                            "what belongs to it stands in braces: `domain NAME { ... }`");
        if (parser_at(parser, TOKEN_COLON) || parser_at(parser, TOKEN_SEMICOLON) ||
            parser_at(parser, TOKEN_PAREN_OPEN) || parser_at(parser, TOKEN_STRING))
            parser_skip_balanced(parser);
        parser->brace_reported = true; /* its `}` is no news */
    }
    domain_body(parser, domain);
    domain->span = span_to_here(parser, annotations->start);
    return domain;
}
