/* Domains and what is in them, but for goals. */
#include "lang/parser.h"

#include <string.h>

/* ---- types ---- */

static const struct {
    const char *name;
    TypeName type;
} types[] = {
    {"int", TYPE_INT},       {"Int", TYPE_INT},           {"bool", TYPE_BOOL},
    {"Bool", TYPE_BOOL},     {"Boolean", TYPE_BOOL},      {"string", TYPE_STRING},
    {"String", TYPE_STRING}, {"duration", TYPE_DURATION}, {"Duration", TYPE_DURATION},
};

static const char *const later_types[] = {"float", "Float",  "list", "List", "map",
                                          "Map",   "secret", "any",  "Any"};

/* `<...>` after a type that is refused. */
static void type_arguments_skip(Parser *parser)
{
    size_t open = 0;

    while (parser_at(parser, TOKEN_LT) ||
           (open > 0 && !parser_at(parser, TOKEN_END) && !parser_at(parser, TOKEN_BRACE_CLOSE))) {
        if (parser_at(parser, TOKEN_LT))
            open++;
        else if (parser_at(parser, TOKEN_GT))
            open--;
        parser_take(parser);
        if (open == 0)
            return;
    }
}

static bool type_refused(Parser *parser)
{
    const Token *token = parser_peek(parser, 0);
    Span span = token->span;

    for (size_t i = 0; i < ARRAY_SIZE(later_types); i++) {
        if (!parser_at_name(parser, later_types[i]))
            continue;
        parser_take(parser);
        type_arguments_skip(parser);
        parser_accept(parser, TOKEN_QUESTION);
        parser_refuse(parser, span, later_types[i]);
        return true;
    }
    return false;
}

static void type_unknown(Parser *parser)
{
    const char *meant = hint_type(parser), *remedy = NULL;
    bool known = meant != NULL;

    if (known)
        remedy = arena_format(parser->arena, "write `%s`", meant);
    else if (parser_at(parser, TOKEN_STRING))
        remedy =
            "a type is written without quotes; a first value follows it: `name: string = \"\"`";
    else if (parser_at(parser, TOKEN_INT) || parser_at(parser, TOKEN_TRUE) ||
             parser_at(parser, TOKEN_FALSE))
        remedy = "the type comes first, then the first value: `name: int = 1`";
    parser_expected_but(parser, "a type: int, bool, string or duration", remedy);
    if (!known)
        return;
    parser_take(parser);
    parser->panicking = parser->given_up;
}

TypeExpr *parse_type(Parser *parser)
{
    TypeExpr *type = arena_new(parser->arena, TypeExpr);

    type->span = parser_peek(parser, 0)->span;
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (!parser_at_name(parser, types[i].name))
            continue;
        type->type = types[i].type;
        parser_take(parser);
        if (parser_at(parser, TOKEN_QUESTION))
            parser_refuse(parser, parser_take(parser).span, "T?");
        return type;
    }
    if (!type_refused(parser))
        type_unknown(parser);
    return type;
}

/* ---- capabilities ---- */

/* Peer, or Infra.* as one name. */
static Name capability_argument(Parser *parser)
{
    uint32_t start = parser_peek(parser, 0)->span.start;
    Name name = parser_any_word(parser, "what the capability is for, after `:`");

    if (name.text == NULL || !parser_accept(parser, TOKEN_DOT))
        return name;
    if (!parser_accept(parser, TOKEN_MUL))
        parser_any_word(parser, "an effect's name or `*` after `.`");
    name.span = span_to_here(parser, start);
    name.text = arena_copy_bytes(parser->arena, parser->source->text + start,
                                 name.span.end - name.span.start);
    return name;
}

static Capability *capability(Parser *parser)
{
    Capability *node = arena_new(parser->arena, Capability);
    uint32_t start = parser_peek(parser, 0)->span.start;

    node->name = parser_any_word(parser, "a capability: messaging, send_to:D, effect:P.* or spawn");
    if (parser_accept(parser, TOKEN_COLON))
        node->argument = capability_argument(parser);
    node->span = span_to_here(parser, start);
    return node;
}

/* After a mistake: on to the `}` of the innermost body, if it is there before the next item. */
static void skip_to_brace(Parser *parser)
{
    while (parser->panicking && !parser_at(parser, TOKEN_END) &&
           !parser_at(parser, TOKEN_BRACE_CLOSE) && token_role(parser_kind(parser)) != ROLE_ITEM)
        parser_skip_balanced(parser);
    if (parser_at(parser, TOKEN_BRACE_CLOSE))
        parser->panicking = parser->given_up;
}

/* capability { a, b:c }, at its word. */
static Span capabilities(Parser *parser, Capability **tail)
{
    uint32_t start = parser_take(parser).span.start;
    Span open = parser_peek(parser, 0)->span;

    while (*tail != NULL)
        tail = &(*tail)->next;
    if (!parser_expect(parser, TOKEN_BRACE_OPEN, "after `capability`"))
        return span_to_here(parser, start);
    while (!parser->panicking && !parser_at(parser, TOKEN_BRACE_CLOSE)) {
        Capability *node = capability(parser);
        list_append(tail, node);
        if (!parser_accept(parser, TOKEN_COMMA))
            break;
    }
    if (!parser_at(parser, TOKEN_BRACE_CLOSE))
        parser_expected(parser, "`,` or `}` after a capability");
    skip_to_brace(parser);
    parser_close_brace(parser, open);
    return span_to_here(parser, start);
}

static void second_time(Parser *parser, Span first, Span second, const char *what)
{
    Diagnostic *d = parser_error(parser, "V-ERR-016", second, "a second %s", what);

    parser->panicking = parser->given_up;
    if (d == NULL)
        return;
    diagnostic_note(parser->diagnostics, d, first, "the first one");
    d->remedy = "join the two";
}

/* ---- annotations and scope ---- */

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
    if (!parser_at(parser, TOKEN_PAREN_OPEN) || parser_peek(parser, 0)->after_newline)
        return scope;
    parser_take(parser);
    if (parser_at(parser, TOKEN_STRING))
        scope.place = parser_take(parser).text;
    else
        parser_expected(parser, "the place's name, a string");
    parser_close_paren(parser, "after the place's name");
    scope.span = span_to_here(parser, scope.span.start);
    return scope;
}

/* scope ..., at its word. */
static ScopeDecl scope_item(Parser *parser)
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

static void annotation_priority(Parser *parser, Annotations *annotations, uint32_t start)
{
    if (!parser_expect(parser, TOKEN_PAREN_OPEN, "after `@priority`"))
        return;
    uint32_t value = parser_peek(parser, 0)->span.start;
    annotations->has_priority = parse_priority(parser, &annotations->priority);
    annotations->priority_span = span_to_here(parser, value);
    parser_close_paren(parser, "after the priority");
    annotations->priority_whole = span_to_here(parser, start);
}

static void annotation_refuse(Parser *parser, uint32_t start)
{
    static const char *const later[] = {"version", "allow", "protect"};
    const Token *token = parser_peek(parser, 0);
    Span span = {start, token->span.end};

    for (size_t i = 0; i < ARRAY_SIZE(later); i++) {
        if (!parser_at_name(parser, later[i]))
            continue;
        parser_take(parser);
        parser_refuse(parser, span, arena_format(parser->arena, "@%s", later[i]));
        if (parser_at(parser, TOKEN_PAREN_OPEN) || parser_at(parser, TOKEN_INT))
            parser_skip_balanced(parser);
        return;
    }
    parser_expected(parser, "`priority` or `scope` after `@`");
    if (parser_at(parser, TOKEN_NAME))
        parser_take(parser);
    if (parser_at(parser, TOKEN_PAREN_OPEN))
        parser_skip_balanced(parser);
    parser->panicking = parser->given_up || parser_at(parser, TOKEN_END);
}

Annotations parse_annotations(Parser *parser)
{
    Annotations annotations = {.start = parser_peek(parser, 0)->span.start};

    while (parser_at(parser, TOKEN_AT)) {
        uint32_t start = parser_take(parser).span.start;
        annotations.any = true;
        if (parser_accept(parser, TOKEN_PRIORITY)) {
            annotation_priority(parser, &annotations, start);
        } else if (parser_accept(parser, TOKEN_SCOPE)) {
            annotations.scope = scope_level(parser);
            annotations.scope.span = span_to_here(parser, start);
        } else {
            annotation_refuse(parser, start);
        }
        parser_separators(parser, false);
    }
    return annotations;
}

/* ---- state ---- */

/* `int n` where `n: int` belongs: reported, and taken as that. */
static void type_before_name(Parser *parser, Name *ret_name, TypeExpr **ret_type)
{
    bool known = false;

    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        known = known || parser_at_name(parser, types[i].name);
    if (!known || parser_peek(parser, 1)->kind != TOKEN_NAME)
        return;
    Span span = parser_peek(parser, 0)->span;
    TypeExpr *type = parse_type(parser);
    Name name = parser_name(parser, "a name");
    Diagnostic *d = parser_error(parser, "V-ERR-009", span, "the name comes before the type");
    parser->panicking = parser->given_up;
    if (d != NULL)
        d->remedy = arena_format(parser->arena, "write `%s: %s`", name.text,
                                 parser_source_text(parser, span));
    *ret_name = name;
    *ret_type = type;
}

static Field *field(Parser *parser)
{
    Field *node = arena_new(parser->arena, Field);
    uint32_t start = parser_peek(parser, 0)->span.start;

    type_before_name(parser, &node->name, &node->type);
    if (node->type == NULL) {
        node->name = parser_any_word(parser, "a field's name or `}`");
        if (!parser_at(parser, TOKEN_COLON) && node->name.text != NULL)
            parser_expected_but(parser, "`:` and a type after the field's name",
                                arena_format(parser->arena, "write `%s: int`, or what its type is",
                                             node->name.text));
        parser_expect(parser, TOKEN_COLON, "and a type after the field's name");
        node->type = parse_type(parser);
    }
    if (!parser->panicking && parser_accept(parser, TOKEN_ASSIGN)) {
        if (parser_at(parser, TOKEN_BRACE_OPEN)) {
            parser_refuse_phrase(parser, parser_peek(parser, 0)->span, "a map literal");
            parser_skip_balanced(parser);
        } else {
            node->initial = parse_expr(parser, "the field's first value after `=`");
        }
    }
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
        if (token_role(parser_kind(parser)) == ROLE_ITEM)
            return;
        parser_skip_balanced(parser);
    }
    parser->panicking = parser->given_up || parser_at(parser, TOKEN_END);
}

static bool at_field_or_mistake(Parser *parser)
{
    if (parser_at(parser, TOKEN_END) || parser_at(parser, TOKEN_BRACE_CLOSE))
        return false;
    return token_role(parser_kind(parser)) != ROLE_ITEM ||
           parser_peek(parser, 1)->kind == TOKEN_COLON;
}

/* state { }, at its word. */
static void state(Parser *parser, Domain *domain)
{
    Span word = parser_take(parser).span;
    Span open = parser_peek(parser, 0)->span;
    Field **tail = &domain->fields;

    if (domain->has_state)
        second_time(parser, domain->state_span, word, "`state` in one domain");
    while (*tail != NULL)
        tail = &(*tail)->next;
    if (parser_at(parser, TOKEN_COLON) || parser_at(parser, TOKEN_ASSIGN)) {
        parser_expected_but(parser, "`{` after `state`", "write `state { name: type }`");
        parser_take(parser);
        parser->panicking = parser->given_up;
        open = parser_peek(parser, 0)->span;
    }
    if (!parser_expect(parser, TOKEN_BRACE_OPEN, "after `state`"))
        return;
    parser_separators(parser, true);
    while (at_field_or_mistake(parser)) {
        uint64_t before = parser->taken;
        Field *node = field(parser);
        if (node->name.text != NULL)
            list_append(tail, node);
        if (parser->panicking && parser->taken == before && !parser->given_up)
            parser_skip_balanced(parser);
        if (parser->panicking)
            skip_to_field(parser);
        parser_separators(parser, true);
    }
    parser_close_brace(parser, open);
    if (!domain->has_state) {
        domain->state_span = span_to_here(parser, word.start);
        domain->state_body = span_to_here(parser, open.start);
    }
    domain->has_state = true;
}

/* ---- invariants ---- */

static Invariant *invariant(Parser *parser, const Annotations *annotations)
{
    Invariant *node = arena_new(parser->arena, Invariant);

    parser_take(parser);
    if (parser_at(parser, TOKEN_NAME) && parser_peek(parser, 1)->kind == TOKEN_BRACE_OPEN)
        node->name = parser_name(parser, "a name");
    Span open = parser_peek(parser, 0)->span;
    if (parser_accept(parser, TOKEN_BRACE_OPEN)) {
        if (parser_accept(parser, TOKEN_PREDICATE))
            parser_accept(parser, TOKEN_COLON);
        node->predicate = parse_condition(parser, "invariant");
        skip_to_brace(parser);
        parser_separators(parser, false);
        parser_close_brace(parser, open);
    } else {
        node->predicate = parse_condition(parser, "invariant");
    }
    node->span = span_to_here(parser, annotations->start);
    return node;
}

/* ---- transitions ---- */

static Parameter *parameters(Parser *parser, bool typed)
{
    Parameter *first = NULL, **tail = &first;

    if (!parser_at(parser, TOKEN_PAREN_OPEN))
        return NULL;
    parser_take(parser);
    while (!parser->panicking && !parser_at(parser, TOKEN_PAREN_CLOSE)) {
        Parameter *node = arena_new(parser->arena, Parameter);
        uint32_t start = parser_peek(parser, 0)->span.start;
        type_before_name(parser, &node->name, &node->type);
        if (node->name.text == NULL)
            node->name = parser_name(parser, "a parameter's name or `)`");
        if (!typed && parser_at(parser, TOKEN_COLON))
            parser_expected_but(parser, "`)` or `,` after a parameter",
                                "the broadcast gives the types: write the names alone");
        if (typed && node->type == NULL &&
            parser_expect(parser, TOKEN_COLON, "and a type after the parameter's name"))
            node->type = parse_type(parser);
        node->span = span_to_here(parser, start);
        list_append(tail, node);
        if (!parser_accept(parser, TOKEN_COMMA))
            break;
    }
    parser_close_paren(parser, "or `,` after a parameter");
    return first;
}

/* step { }, slice step { } or slice name { }. */
static Slice *slice(Parser *parser)
{
    Slice *node = arena_new(parser->arena, Slice);
    Token word = parser_take(parser);

    if (word.kind == TOKEN_SLICE && !parser_accept(parser, TOKEN_STEP) &&
        !parser_at(parser, TOKEN_BRACE_OPEN))
        node->name = parser_name(parser, "`step` or a name after `slice`");
    node->body = parse_block(parser, "after the slice's name");
    node->span = span_to_here(parser, word.span.start);
    return node;
}

static Slice *bare_slice(Parser *parser, Span open)
{
    Slice *node = arena_new(parser->arena, Slice);

    node->bare = true;
    node->body = arena_new(parser->arena, Block);
    parse_statements(parser, node->body);
    node->body->span = node->span = open; /* completed with the closing brace */
    return node;
}

static bool at_slice(Parser *parser)
{
    return parser_at(parser, TOKEN_SLICE) || parser_at(parser, TOKEN_STEP);
}

static void transition_body(Parser *parser, Transition *transition)
{
    Span open = parser_take(parser).span;
    Slice **tail = &transition->slices;

    parser->panicking = parser->given_up;
    parser_separators(parser, false);
    while (parser_at(parser, TOKEN_CAPABILITY)) {
        transition->capability_span = capabilities(parser, &transition->capabilities);
        transition->has_capabilities = true;
        parser_separators(parser, false);
    }
    while (at_slice(parser) && !parser->panicking) {
        Slice *node = slice(parser);
        list_append(tail, node);
        parser_separators(parser, false);
    }
    if (transition->slices == NULL)
        transition->slices = bare_slice(parser, open);
    else if (!parser->panicking && !parser_at(parser, TOKEN_BRACE_CLOSE) &&
             token_role(parser_kind(parser)) != ROLE_ITEM)
        parser_expected(parser, "`slice` or `}` after a slice");
    skip_to_brace(parser);
    parser_close_brace(parser, open);
    transition->body = span_to_here(parser, open.start);
    if (transition->slices->bare)
        transition->slices->body->span = transition->slices->span = transition->body;
}

static void priority_of_transition(Transition *transition, const Annotations *annotations)
{
    if (!annotations->has_priority)
        return;
    transition->has_priority = true;
    transition->priority = annotations->priority;
    transition->priority_span = annotations->priority_span;
}

/* Between head and body: report it, and go on to the body if that is on the same line. */
static void head_mistaken(Parser *parser)
{
    const char *remedy = NULL;

    if (parser_at(parser, TOKEN_ARROW))
        remedy = "a transition returns nothing: broadcast an event, or send a message";
    else if (parser_at(parser, TOKEN_COLON) || parser_at(parser, TOKEN_ASSIGN))
        remedy = "its body follows at once: `transition NAME { ... }`";
    else if (parser_at_name(parser, "when") || parser_at(parser, TOKEN_IF))
        remedy = "the condition stands in the body: `{ if condition { ... } }`";
    Diagnostic *d = parser_expected_next(parser, "`{` and the transition's body");
    if (d != NULL)
        d->remedy = remedy;
    while (!parser_at(parser, TOKEN_END) && !parser_at(parser, TOKEN_BRACE_OPEN) &&
           !parser_at(parser, TOKEN_BRACE_CLOSE) && !parser_peek(parser, 0)->after_newline)
        parser_skip_balanced(parser);
}

static Transition *transition_item(Parser *parser, const Annotations *annotations)
{
    Transition *node = arena_new(parser->arena, Transition);

    parser_take(parser);
    priority_of_transition(node, annotations);
    node->name = parser_name(parser, "a transition's name");
    node->parameters = parameters(parser, true);
    if (parser_at(parser, TOKEN_AT)) {
        Annotations behind = parse_annotations(parser);
        priority_of_transition(node, &behind);
    }
    if (!parser_at(parser, TOKEN_BRACE_OPEN))
        head_mistaken(parser);
    if (parser_at(parser, TOKEN_BRACE_OPEN))
        transition_body(parser, node);
    if (node->slices == NULL) {
        node->slices = arena_new(parser->arena, Slice);
        node->slices->body = arena_new(parser->arena, Block);
    }
    node->span = span_to_here(parser, annotations->start);
    return node;
}

/* ---- handlers ---- */

/* on goal ..., on message ..., on Infra.lost ...; at what follows `on`. */
static bool handler_refused(Parser *parser, Span word)
{
    const Token *token = parser_peek(parser, 0);
    Span span = {word.start, token->span.end};

    if (parser_at(parser, TOKEN_GOAL)) {
        parser_refuse_spelling(
            parser, span, "on goal",
            "write `goal G { predicate c }` and a transition whose `if` says when "
            "it acts: `transition T { step { if c { } } }`");
    } else if (parser_at_name(parser, "message") && parser_peek(parser, 1)->kind == TOKEN_NAME) {
        parser_refuse(parser, span, "on message");
    } else if (parser_at(parser, TOKEN_NAME) && parser_peek(parser, 1)->kind == TOKEN_DOT &&
               !parser_at_name(parser, "Event")) {
        span.end = parser_peek(parser, 2)->span.end;
        parser_refuse(parser, span,
                      arena_copy_bytes(parser->arena, parser->source->text + span.start,
                                       span.end - span.start));
    } else {
        return false;
    }
    parser_skip_construct(parser);
    return true;
}

/* `event E`, `Event.E` or `Event:E`: reported, and taken up to the name. */
static bool handler_event_otherwise(Parser *parser)
{
    TokenKind next = parser_peek(parser, 1)->kind;
    bool word = parser_at(parser, TOKEN_EVENT) && next == TOKEN_NAME;
    bool sign = parser_at_name(parser, "Event") && (next == TOKEN_DOT || next == TOKEN_COLON) &&
                parser_peek(parser, 2)->kind == TOKEN_NAME;

    if (!word && !sign)
        return false;
    Span span = {parser_peek(parser, 0)->span.start, parser_peek(parser, word ? 1 : 2)->span.end};
    parser_take(parser);
    if (sign)
        parser_take(parser);
    parser_refuse_spelling(parser, span,
                           arena_format(parser->arena, "on %s", parser_source_text(parser, span)),
                           arena_format(parser->arena, "write `on Event::%s`",
                                        token_copy(parser, parser_peek(parser, 0))));
    return true;
}

static Name handler_event(Parser *parser)
{
    TokenKind next = parser_peek(parser, 1)->kind;

    if (parser_at_name(parser, "Event") && next == TOKEN_COLONS) {
        parser_take(parser);
        parser_take(parser);
        return parser_any_word(parser, "an event's name after `Event::`");
    }
    if (handler_event_otherwise(parser))
        return parser_any_word(parser, "an event's name after `Event::`");
    if (!parser_at(parser, TOKEN_NAME) ||
        (next != TOKEN_BRACE_OPEN && next != TOKEN_PAREN_OPEN && next != TOKEN_COLONS)) {
        parser_expected(parser, "`Event::` and the event's name after `on`");
        return (Name){0};
    }
    Name name = parser_name(parser, "an event's name");
    parser_refuse_spelling(parser, name.span, arena_format(parser->arena, "on %s", name.text),
                           arena_format(parser->arena, "write `on Event::%s`", name.text));
    if (parser_accept(parser, TOKEN_COLONS))
        name = parser_any_word(parser, "an event's name");
    return name;
}

static Handler *handler(Parser *parser, const Annotations *annotations)
{
    Handler *node = arena_new(parser->arena, Handler);
    Span word = parser_take(parser).span;

    if (handler_refused(parser, word))
        return NULL;
    node->event = handler_event(parser);
    node->parameters = parameters(parser, false);
    node->body = parse_block(parser, "after the event");
    node->span = span_to_here(parser, annotations->start);
    return node;
}

/* ---- items ---- */

static void refused_item(Parser *parser)
{
    Token token = *parser_peek(parser, 0);
    bool braced = parser_peek(parser, 2)->kind == TOKEN_BRACE_OPEN;

    if (token.kind == TOKEN_EFFECT && braced)
        parser_refuse_spelling(
            parser, token.span, "effect ... { }",
            "leave the declaration out and write `emit Infra.NAME(...)` where the "
            "effect is wanted");
    else if (token.kind == TOKEN_MIGRATION && braced)
        parser_refuse_spelling(parser, token.span, "migration ... { }",
                               "write `migration D 1 -> 2 { field = old.field }`");
    else
        parser_refuse(parser, token.span, token_kind_text(token.kind));
    parser_skip_construct(parser);
}

#define ITEMS                                                                                      \
    "an item of the domain (state, goal, invariant, transition, on, scope, capability) or `}`"

static void unknown_item(Parser *parser)
{
    uint64_t before = parser->taken;

    const char *remedy = hint_item(parser);

    if (remedy == NULL && parser_mend_word(parser, ITEMS, 1u << ROLE_ITEM | 1u << ROLE_LATER_ITEM))
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
                         .invariants = &domain->invariants};
}

static void capability_item(Parser *parser, Domain *domain)
{
    if (domain->has_capabilities)
        second_time(parser, domain->capability_span, parser_peek(parser, 0)->span,
                    "`capability` in one domain");
    domain->capability_span = capabilities(parser, &domain->capabilities);
    domain->has_capabilities = true;
}

static void domain_scope(Parser *parser, Domain *domain)
{
    if (domain->scope.span.end != 0)
        second_time(parser, domain->scope.span, parser_peek(parser, 0)->span,
                    "`scope` in one domain");
    domain->scope = scope_item(parser);
}

void parse_domain_item(Parser *parser, DomainLists *lists, const Annotations *annotations)
{
    TokenKind kind = parser_kind(parser);

    if (kind == TOKEN_STATE) {
        state(parser, lists->domain);
    } else if (kind == TOKEN_GOAL) {
        Goal *node = parse_goal(parser, annotations);
        list_append(lists->goals, node);
    } else if (kind == TOKEN_INVARIANT) {
        Invariant *node = invariant(parser, annotations);
        list_append(lists->invariants, node);
    } else if (kind == TOKEN_TRANSITION) {
        Transition *node = transition_item(parser, annotations);
        list_append(lists->transitions, node);
    } else if (kind == TOKEN_ON) {
        Handler *node = handler(parser, annotations);
        if (node != NULL)
            list_append(lists->handlers, node);
    } else if (kind == TOKEN_SCOPE) {
        domain_scope(parser, lists->domain);
    } else if (kind == TOKEN_CAPABILITY) {
        capability_item(parser, lists->domain);
    } else if (token_role(kind) == ROLE_LATER_ITEM || token_role(kind) == ROLE_LATER_STATEMENT) {
        refused_item(parser);
    } else {
        unknown_item(parser);
    }
}

static bool domain_ends(Parser *parser)
{
    TokenKind kind = parser_kind(parser);

    return kind == TOKEN_END || kind == TOKEN_BRACE_CLOSE || kind == TOKEN_DOMAIN ||
           kind == TOKEN_SYSTEM;
}

/* Without its `{` it is read all the same, so that what stands there is not missed elsewhere. */
static void domain_body(Parser *parser, Domain *domain)
{
    bool braced = parser_at(parser, TOKEN_BRACE_OPEN);
    Span open = parser_peek(parser, 0)->span;

    if (braced)
        parser_take(parser);
    DomainLists lists = domain_lists(domain);

    parser->panicking = parser->given_up;
    parser_separators(parser, false);
    while (!domain_ends(parser)) {
        Annotations annotations = parse_annotations(parser);
        if (annotations.scope.span.end != 0)
            domain->scope = annotations.scope;
        if (!domain_ends(parser))
            parse_domain_item(parser, &lists, &annotations);
        if (parser->panicking)
            parser_skip_to_item(parser);
        parser_separators(parser, false);
    }
    if (braced || parser_at(parser, TOKEN_BRACE_CLOSE))
        parser_close_brace(parser, open);
    domain->body = span_to_here(parser, open.start);
}

Domain *parse_domain(Parser *parser, const Annotations *annotations)
{
    Domain *domain = arena_new(parser->arena, Domain);

    parser_take(parser);
    domain->scope = annotations->scope;
    domain->name = parser_name(parser, "a domain's name");
    if (parser_at(parser, TOKEN_BRACKET_OPEN)) {
        parser_refuse_phrase(parser, parser_peek(parser, 0)->span, "a domain with a key");
        parser_skip_balanced(parser);
    }
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
