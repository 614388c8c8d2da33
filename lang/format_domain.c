/* What stands in a domain. */
#include <string.h>

#include "lang/format.h"

/* ---- what items have in common ---- */

void format_allow(Formatter *formatter, const Allow *allow)
{
    format_indent(formatter, 0);
    buffer_add_format(formatter->out, "@allow(%s", allow->code);
    if (allow->reason != NULL)
        buffer_add_format(formatter->out, ", reason: %s", format_quoted(formatter, allow->reason));
    format_text(formatter, ")");
}

void format_allows(Formatter *formatter, const Allow *allows)
{
    for (const Allow *allow = allows; allow != NULL; allow = allow->next) {
        format_allow(formatter, allow);
        format_text(formatter, "\n");
    }
}

void format_parameters(Formatter *formatter, const char *head, const Parameter *parameters,
                       bool always, const char *tail)
{
    Arena *arena = formatter->arena;
    FormatList list = {0};

    for (const Parameter *p = parameters; p != NULL; p = p->next)
        format_list_add(formatter, &list,
                        p->type == NULL ? p->name.text
                                        : arena_format(arena, "%s: %s", p->name.text,
                                                       format_type(formatter, p->type)),
                        NULL);
    if (list.count > 0 || always)
        format_list(formatter, arena_format(arena, "%s(", head), &list,
                    arena_format(arena, ")%s", tail));
    else
        format_list(formatter, head, &list, tail);
}

void format_fields(Formatter *formatter, const Field *fields)
{
    for (const Field *f = fields; f != NULL; f = f->next) {
        const char *head =
            arena_format(formatter->arena, "%s: %s", f->name.text, format_type(formatter, f->type));
        format_lead(formatter, f->span.start, f->span.end);
        if (f->initial != NULL) {
            format_value(formatter, arena_format(formatter->arena, "%s = ", head), f->initial, 0);
        } else {
            format_indent(formatter, 0);
            format_text(formatter, head);
        }
        format_line_end(formatter, f->span.end);
    }
}

/* ---- goals and invariants ---- */

static void strategy(Formatter *formatter, const Goal *goal)
{
    format_text(formatter, "strategy {");
    for (size_t i = 0; i < goal->strategy_count; i++) {
        format_text(formatter, " ");
        format_text(formatter, goal->strategy[i].text);
    }
    format_text(formatter, " }");
}

/* Numbers and durations as the author spelt them: 60m stays 60m. */
static void terminate_after(Formatter *formatter, const Goal *goal)
{
    format_text(formatter, "terminate_after ");
    if (goal->terminate == TERMINATE_NEVER)
        format_text(formatter, "never");
    else
        format_text(formatter, format_source_text(formatter, goal->terminate_span));
    if (goal->terminate == TERMINATE_RETRIES)
        format_text(formatter, " retries");
}

static void backoff(Formatter *formatter, const Goal *goal)
{
    format_text(formatter, "backoff ");
    format_text(formatter, format_source_text(formatter, goal->backoff_first_span));
    if (goal->backoff_cap_span.end == 0)
        return;
    format_text(formatter, " to ");
    format_text(formatter, format_source_text(formatter, goal->backoff_cap_span));
}

static void goal_part(Formatter *formatter, const Goal *goal, GoalPart part)
{
    format_lead(formatter, goal->parts[part].start, goal->parts[part].end);
    if (part == GOAL_PART_PREDICATE) {
        format_value(formatter, "predicate ", goal->predicate, 0);
        return;
    }
    format_indent(formatter, 0);
    switch (part) {
    case GOAL_PART_PRIORITY:
        format_text(formatter, "priority ");
        format_text(formatter, format_source_text(formatter, goal->priority_span));
        break;
    case GOAL_PART_STRATEGY:
        strategy(formatter, goal);
        break;
    case GOAL_PART_TERMINATE:
        terminate_after(formatter, goal);
        break;
    case GOAL_PART_BACKOFF:
        backoff(formatter, goal);
        break;
    case GOAL_PART_FALLBACK:
        format_text(formatter, "fallback ");
        format_text(formatter, goal->fallback.text);
        break;
    case GOAL_PART_PREDICATE:
    case GOAL_PART_COUNT:
        break;
    }
}

/* The part that comes next in the source after `after`; GOAL_PART_COUNT: none. */
static GoalPart part_after(const Goal *goal, uint32_t after)
{
    GoalPart found = GOAL_PART_COUNT;

    for (GoalPart part = 0; part < GOAL_PART_COUNT; part++) {
        Span span = goal->parts[part];
        if (span.end == 0 || span.start < after)
            continue;
        if (found == GOAL_PART_COUNT || span.start < goal->parts[found].start)
            found = part;
    }
    return found;
}

static bool goal_is_bare(const Goal *goal)
{
    return goal->name.text == NULL && goal->body.end == 0 &&
           goal->parts[GOAL_PART_PRIORITY].end == 0;
}

void format_goal(Formatter *formatter, const Goal *goal)
{
    bool braced = goal->body.end != 0;

    if (goal_is_bare(goal)) {
        format_lead(formatter, goal->span.start, goal->span.end);
        format_allows(formatter, goal->allows);
        format_value(formatter, "goal ", goal->predicate, 0);
        format_line_end(formatter, goal->span.end);
        return;
    }
    format_lead(formatter, goal->span.start, braced ? goal->body.start : goal->span.end);
    format_allows(formatter, goal->allows);
    format_indent(formatter, 0);
    format_text(formatter, "goal");
    if (goal->name.text != NULL)
        format_text(formatter, arena_format(formatter->arena, " %s", goal->name.text));
    format_open(formatter, braced ? goal->body.start : goal->span.end);
    for (GoalPart part = part_after(goal, 0); part != GOAL_PART_COUNT;
         part = part_after(goal, goal->parts[part].end)) {
        goal_part(formatter, goal, part);
        format_line_end(formatter, goal->parts[part].end);
    }
    format_close(formatter, goal->span.end);
    format_line_end(formatter, goal->span.end);
}

void format_invariant(Formatter *formatter, const Invariant *invariant)
{
    const char *name = invariant->name.text;
    const char *prefix =
        name != NULL ? arena_format(formatter->arena, "invariant %s { ", name) : "invariant { ";

    format_lead(formatter, invariant->span.start, invariant->span.end);
    format_allows(formatter, invariant->allows);
    format_value(formatter, prefix, invariant->predicate, strlen(" }"));
    format_text(formatter, " }");
    format_line_end(formatter, invariant->span.end);
}

/* ---- transitions and handlers ---- */

void format_capabilities(Formatter *formatter, const Capability *list, Span span)
{
    FormatList items = {0};

    format_lead(formatter, span.start, span.end);
    for (const Capability *c = list; c != NULL; c = c->next) {
        const char *text = c->argument.text == NULL ? c->name.text
                                                    : arena_format(formatter->arena, "%s:%s",
                                                                   c->name.text, c->argument.text);
        format_list_add(formatter, &items, text, NULL);
    }
    format_list(formatter, items.count > 0 ? "capability { " : "capability {", &items, " }");
    format_line_end(formatter, span.end);
}

static void format_slice(Formatter *formatter, const Slice *slice)
{
    format_lead(formatter, slice->span.start, slice->body->span.start);
    format_indent(formatter, 0);
    if (slice->name.text != NULL)
        format_text(formatter, arena_format(formatter->arena, "slice %s", slice->name.text));
    else
        format_text(formatter, "step");
    format_block(formatter, slice->body, slice->body->span.end);
    format_line_end(formatter, slice->span.end);
}

/* A body without `step`: the first form has one. */
static void format_bare_slice(Formatter *formatter, const Transition *transition)
{
    const Slice *slice = transition->slices;

    if (slice->body->first == NULL && !format_has_comments(formatter, transition->body.end))
        return;
    if (slice->body->first != NULL)
        format_blank_line(formatter, slice->body->first->span.start);
    format_indent(formatter, 0);
    format_text(formatter, "step {\n");
    formatter->indent++;
    formatter->fresh = true;
    format_statements(formatter, slice->body);
    format_close(formatter, transition->body.end);
    format_text(formatter, "\n");
}

static void transition_head(Formatter *formatter, const Transition *transition)
{
    format_allows(formatter, transition->allows);
    if (transition->protect) {
        format_indent(formatter, 0);
        format_text(formatter, "@protect\n");
    }
    if (transition->has_priority) {
        format_indent(formatter, 0);
        buffer_add_format(formatter->out, "@priority(%s)\n",
                          format_source_text(formatter, transition->priority_span));
    }
    format_parameters(formatter,
                      arena_format(formatter->arena, "transition %s", transition->name.text),
                      transition->parameters, false, "");
}

void format_transition(Formatter *formatter, const Transition *transition)
{
    const Slice *slice = transition->slices;

    format_lead(formatter, transition->span.start, transition->body.start);
    transition_head(formatter, transition);
    if (slice->bare && slice->body->first == NULL && !transition->has_capabilities &&
        !format_has_comments(formatter, transition->body.end)) {
        format_text(formatter, " { }");
        format_line_end(formatter, transition->span.end);
        return;
    }
    format_open(formatter, transition->body.start);
    if (transition->has_capabilities)
        format_capabilities(formatter, transition->capabilities, transition->capability_span);
    if (slice->bare)
        format_bare_slice(formatter, transition);
    else
        for (; slice != NULL; slice = slice->next)
            format_slice(formatter, slice);
    format_close(formatter, transition->body.end);
    format_line_end(formatter, transition->span.end);
}

static const char *handler_head(Formatter *formatter, const Handler *handler)
{
    const char *provider = handler->provider.text;

    switch (handler->kind) {
    case HANDLER_EVENT:
        return arena_format(formatter->arena, "on Event::%s", handler->event.text);
    case HANDLER_MESSAGE:
        return arena_format(formatter->arena, "on message %s", handler->event.text);
    case HANDLER_LOST:
        return arena_format(formatter->arena, "on %s.lost", provider);
    case HANDLER_CHANGED:
        return arena_format(formatter->arena, "on %s.changed", provider);
    case HANDLER_FAILED:
        return arena_format(formatter->arena, "on %s.failed", provider);
    }
    return "";
}

void format_handler(Formatter *formatter, const Handler *handler)
{
    format_lead(formatter, handler->span.start, handler->body->span.start);
    format_allows(formatter, handler->allows);
    format_parameters(formatter, handler_head(formatter, handler), handler->parameters, false, "");
    format_block(formatter, handler->body, handler->body->span.end);
    format_line_end(formatter, handler->span.end);
}

void format_timer(Formatter *formatter, const Timer *timer)
{
    const char *interval = format_source_text(formatter, timer->interval_span);

    format_lead(formatter, timer->span.start, timer->body->span.start);
    format_allows(formatter, timer->allows);
    if (timer->kind == TIMER_EVERY) {
        format_indent(formatter, 0);
        buffer_add_format(formatter->out, "every %s", interval);
    } else {
        format_value(formatter, arena_format(formatter->arena, "after %s when ", interval),
                     timer->when, strlen(" {"));
    }
    format_block(formatter, timer->body, timer->body->span.end);
    format_line_end(formatter, timer->span.end);
}

/* ---- state and scope ---- */

void format_state(Formatter *formatter, const Domain *domain)
{
    Span span = domain->state_span;

    format_lead(formatter, span.start, domain->state_body.start);
    format_indent(formatter, 0);
    if (domain->fields == NULL && !format_has_comments(formatter, span.end)) {
        format_text(formatter, "state { }");
        format_line_end(formatter, span.end);
        return;
    }
    format_text(formatter, "state");
    format_open(formatter, domain->state_body.start);
    format_fields(formatter, domain->fields);
    format_close(formatter, span.end);
    format_line_end(formatter, span.end);
}

void format_scope(Formatter *formatter, const ScopeDecl *scope)
{
    static const char *const texts[] = {
        [SCOPE_DEFAULT] = "scope { domain }",  [SCOPE_ROOT] = "scope { root }",
        [SCOPE_TENANT] = "scope Tenant",       [SCOPE_ENVIRONMENT] = "scope Environment",
        [SCOPE_WORKSPACE] = "scope Workspace", [SCOPE_TARGET] = "scope Target",
        [SCOPE_CONTEXT] = "scope Context",     [SCOPE_NAMESPACE] = "scope Namespace",
    };

    format_lead(formatter, scope->span.start, scope->span.end);
    format_indent(formatter, 0);
    format_text(formatter, texts[scope->level]);
    if (scope->place != NULL)
        format_text(formatter,
                    arena_format(formatter->arena, "(%s)", format_quoted(formatter, scope->place)));
    format_line_end(formatter, scope->span.end);
}
