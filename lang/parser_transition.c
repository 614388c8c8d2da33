/* Transitions, handlers and timers, and the capabilities that narrow them. */
#include "lang/parser.h"

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

Span parse_capabilities(Parser *parser, Capability **tail)
{
    uint32_t start = parser_take(parser).span.start;
    Span open = parser_peek(parser, 0)->span;

    while (*tail != NULL)
        tail = &(*tail)->next;
    if (!parser_open_brace(parser, "after `capability`"))
        return span_to_here(parser, start);
    while (!parser->panicking && !parser_at(parser, TOKEN_BRACE_CLOSE)) {
        Capability *node = capability(parser);
        list_append(tail, node);
        if (!parser_accept(parser, TOKEN_COMMA))
            break;
    }
    if (!parser_at(parser, TOKEN_BRACE_CLOSE))
        parser_expected(parser, "`,` or `}` after a capability");
    parser_skip_to_brace(parser);
    parser_close_brace(parser, open);
    return span_to_here(parser, start);
}

/* ---- transitions ---- */

/* : type */
static TypeExpr *parameter_type(Parser *parser, Name name)
{
    if (!parser_accept(parser, TOKEN_COLON)) {
        parser_expected_but(
            parser, "`:` and a type after the parameter's name",
            arena_format(parser->arena, "write `%s: int`, or what its type is", name.text));
        return NULL;
    }
    return parse_type(parser);
}

Parameter *parse_parameters(Parser *parser, const char *untyped)
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
        if (untyped != NULL && parser_at(parser, TOKEN_COLON))
            parser_expected_but(parser, "`)` or `,` after a parameter", untyped);
        if (untyped == NULL && node->type == NULL)
            node->type = parameter_type(parser, node->name);
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

    parser_go_on(parser);
    parser_separators(parser, false);
    while (parser_at(parser, TOKEN_CAPABILITY)) {
        transition->capability_span = parse_capabilities(parser, &transition->capabilities);
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
             !parser_begins_item(parser))
        parser_expected(parser, "`slice` or `}` after a slice");
    parser_skip_to_brace(parser);
    parser_close_brace(parser, open);
    transition->body = span_to_here(parser, open.start);
    if (transition->slices->bare)
        transition->slices->body->span = transition->slices->span = transition->body;
}

static void annotate(Parser *parser, Transition *transition, const Annotations *annotations)
{
    annotations_restrict(parser, annotations,
                         1u << ANNOTATION_PRIORITY | 1u << ANNOTATION_PROTECT |
                             1u << ANNOTATION_ALLOW);
    if (annotations_have(annotations, ANNOTATION_PRIORITY)) {
        transition->has_priority = true;
        transition->priority = annotations->priority;
        transition->priority_span = annotations->priority_value;
    }
    if (annotations_have(annotations, ANNOTATION_PROTECT)) {
        transition->protect = true;
        transition->protect_span = annotations->spans[ANNOTATION_PROTECT];
    }
    if (annotations->allows != NULL)
        transition->allows = annotations->allows;
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
    if (!parser_at(parser, TOKEN_BRACE_OPEN))
        parser->brace_reported = true; /* its `}` is no news */
}

Transition *parse_transition(Parser *parser, const Annotations *annotations)
{
    Transition *node = arena_new(parser->arena, Transition);

    parser_take(parser);
    annotate(parser, node, annotations);
    node->name = parser_name(parser, "a transition's name");
    node->parameters = parse_parameters(parser, NULL);
    if (parser_at(parser, TOKEN_AT)) {
        Annotations behind = parse_annotations(parser);
        annotate(parser, node, &behind);
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

/* on goal ..., at what follows `on`. */
static bool handler_refused(Parser *parser, Span word)
{
    Span span = {word.start, parser_peek(parser, 0)->span.end};

    if (!parser_at(parser, TOKEN_GOAL))
        return false;
    parser_refuse_spelling(parser, span, "on goal",
                           "write `goal G { predicate c }` and a transition whose `if` says when "
                           "it acts: `transition T { step { if c { } } }`");
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

static const char *const reports[] = {"lost", "changed", "failed"};
static const HandlerKind report_kinds[] = {HANDLER_LOST, HANDLER_CHANGED, HANDLER_FAILED};

/* Infra.lost, Infra.changed or Infra.failed. */
static void handler_report(Parser *parser, Handler *handler)
{
    handler->provider = parser_name(parser, "a provider");
    parser_take(parser);
    for (size_t i = 0; i < ARRAY_SIZE(reports); i++)
        if (parser_at_name(parser, reports[i])) {
            handler->kind = report_kinds[i];
            parser_take(parser);
            return;
        }
    const char *nearest = hint_nearest(parser, reports, ARRAY_SIZE(reports)), *remedy = NULL;
    if (nearest != NULL)
        remedy = arena_format(parser->arena, "did you mean `on %s.%s`?", handler->provider.text,
                              nearest);
    else if (parser_at(parser, TOKEN_NAME))
        remedy = arena_format(parser->arena, "an event is written `on Event::%s`",
                              token_copy(parser, parser_peek(parser, 0)));
    parser_expected_but(parser, "`lost`, `changed` or `failed` after the provider", remedy);
}

/* What is handled, behind `on`. */
static void handler_head(Parser *parser, Handler *handler)
{
    TokenKind next = parser_peek(parser, 1)->kind;

    if (parser_at_name(parser, "message") && next != TOKEN_DOT && next != TOKEN_COLONS) {
        parser_take(parser);
        handler->kind = HANDLER_MESSAGE;
        if (!parser_at(parser, TOKEN_NAME))
            parser_expected_but(parser, "the message's name", "write `on message NAME(a: int)`");
        handler->event = parser_name(parser, "the message's name");
    } else if (parser_at(parser, TOKEN_NAME) && next == TOKEN_DOT &&
               !parser_at_name(parser, "Event")) {
        handler_report(parser, handler);
    } else {
        handler->event = handler_event(parser);
    }
    handler->parameters =
        parse_parameters(parser, handler->kind == HANDLER_MESSAGE ? NULL
                                 : handler->kind == HANDLER_EVENT
                                     ? "the broadcast gives the types: write the names alone"
                                     : "its type is known: write the name alone");
}

Handler *parse_handler(Parser *parser, const Annotations *annotations)
{
    Handler *node = arena_new(parser->arena, Handler);
    Span word = parser_take(parser).span;

    annotations_restrict(parser, annotations, 1u << ANNOTATION_ALLOW);
    node->allows = annotations->allows;
    if (handler_refused(parser, word))
        return NULL;
    handler_head(parser, node);
    node->body = parse_block(parser, node->kind == HANDLER_EVENT     ? "after the event"
                                     : node->kind == HANDLER_MESSAGE ? "after the message"
                                                                     : "after what is reported");
    node->span = span_to_here(parser, annotations->start);
    return node;
}

/* ---- timers ---- */

/* when cond */
static Expr *timer_condition(Parser *parser)
{
    if (!parser_at_name(parser, "when")) {
        Expr *expr = arena_new(parser->arena, Expr);
        expr->kind = EXPR_ERROR;
        expr->span = parser_peek(parser, 0)->span;
        parser_expected_but(parser, "`when` and a condition after the duration",
                            "write `after 30s when condition { ... }`; what comes again and again "
                            "is `every 30s { ... }`");
        return expr;
    }
    parser_take(parser);
    return parse_condition(parser, "when");
}

Timer *parse_timer(Parser *parser, const Annotations *annotations)
{
    Timer *node = arena_new(parser->arena, Timer);

    annotations_restrict(parser, annotations, 1u << ANNOTATION_ALLOW);
    node->allows = annotations->allows;
    node->kind = parser_take(parser).kind == TOKEN_EVERY ? TIMER_EVERY : TIMER_AFTER;
    node->interval_ms =
        parse_duration(parser,
                       node->kind == TIMER_EVERY ? "a duration after `every`: `5m`"
                                                 : "a duration after `after`: `30s`",
                       &node->interval_span);
    if (node->interval_ms == 0)
        parser_out_of_range(parser, node->interval_span, "a timer of no time at all",
                            "the shortest is 1ms");
    if (node->kind == TIMER_AFTER)
        node->when = timer_condition(parser);
    node->body = parse_block(parser, "and what to do then");
    node->span = span_to_here(parser, annotations->start);
    return node;
}
