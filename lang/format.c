/* Lines and comments, and the items of a file. */
#include "lang/format.h"

#include <stdlib.h>
#include <string.h>

#include "lang/parser.h"

/* ---- lines ---- */

void format_text(Formatter *formatter, const char *text)
{
    buffer_add_string(formatter->out, text);
}

void format_indent(Formatter *formatter, int more)
{
    for (int i = 0; i < (formatter->indent + more) * FORMAT_INDENT; i++)
        buffer_add_char(formatter->out, ' ');
    formatter->fresh = false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Did the author leave an empty line before `at`? */
static bool blank_line_before(const Source *source, uint32_t at)
{
    int breaks = 0;

    while (at > 0 && is_blank(source->text[at - 1]))
        breaks += source->text[--at] == '\n';
    return breaks >= 2;
}

static void blank_line(Formatter *formatter, uint32_t at)
{
    if (!formatter->fresh && blank_line_before(formatter->source, at))
        buffer_add_char(formatter->out, '\n');
}

/* ---- comments ---- */

bool format_has_comments(const Formatter *formatter, uint32_t before)
{
    return formatter->next < formatter->comments.count &&
           formatter->comments.items[formatter->next].start < before;
}

/* A comment as it is, without blanks at its end. */
static void comment(Formatter *formatter)
{
    Span span = formatter->comments.items[formatter->next++];
    const char *text = formatter->source->text;

    while (span.end > span.start && is_blank(text[span.end - 1]))
        span.end--;
    buffer_add(formatter->out, text + span.start, span.end - span.start);
}

static void comments_before(Formatter *formatter, uint32_t before, bool blank_lines)
{
    while (format_has_comments(formatter, before)) {
        if (blank_lines)
            blank_line(formatter, formatter->comments.items[formatter->next].start);
        format_indent(formatter, 0);
        comment(formatter);
        buffer_add_char(formatter->out, '\n');
    }
}

void format_lead(Formatter *formatter, uint32_t start, uint32_t head_end)
{
    comments_before(formatter, start, true);
    blank_line(formatter, start);
    comments_before(formatter, head_end, false);
}

/* Only blanks and separators, and no line break, between two places. */
static bool same_line(const Source *source, uint32_t from, uint32_t to)
{
    for (; from < to; from++) {
        char c = source->text[from];
        if (c == '\n' || !(is_blank(c) || c == ';' || c == ','))
            return false;
    }
    return true;
}

void format_line_end(Formatter *formatter, uint32_t end)
{
    while (formatter->next < formatter->comments.count) {
        Span span = formatter->comments.items[formatter->next];
        if (span.start < end || !same_line(formatter->source, end, span.start))
            break;
        buffer_add_char(formatter->out, ' ');
        comment(formatter);
        end = span.end;
    }
    buffer_add_char(formatter->out, '\n');
}

void format_open(Formatter *formatter, uint32_t brace)
{
    format_text(formatter, " {");
    format_line_end(formatter, brace + 1);
    formatter->indent++;
    formatter->fresh = true;
}

void format_close(Formatter *formatter, uint32_t brace)
{
    comments_before(formatter, brace, true);
    formatter->indent--;
    format_indent(formatter, 0);
    format_text(formatter, "}");
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

static void format_goal(Formatter *formatter, const Goal *goal)
{
    bool braced = goal->body.end != 0;

    if (goal_is_bare(goal)) {
        format_lead(formatter, goal->span.start, goal->span.end);
        format_value(formatter, "goal ", goal->predicate, 0);
        format_line_end(formatter, goal->span.end);
        return;
    }
    format_lead(formatter, goal->span.start, braced ? goal->body.start : goal->span.end);
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

static void format_invariant(Formatter *formatter, const Invariant *invariant)
{
    const char *name = invariant->name.text;
    const char *prefix =
        name != NULL ? arena_format(formatter->arena, "invariant %s { ", name) : "invariant { ";

    format_lead(formatter, invariant->span.start, invariant->span.end);
    format_value(formatter, prefix, invariant->predicate, strlen(" }"));
    format_text(formatter, " }");
    format_line_end(formatter, invariant->span.end);
}

/* ---- transitions and handlers ---- */

static void format_capabilities(Formatter *formatter, const Capability *list, Span span)
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
        blank_line(formatter, slice->body->first->span.start);
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
    Arena *arena = formatter->arena;
    FormatList parameters = {0};
    const char *head = arena_format(arena, "transition %s", transition->name.text);

    for (const Parameter *p = transition->parameters; p != NULL; p = p->next)
        format_list_add(formatter, &parameters,
                        arena_format(arena, "%s: %s", p->name.text, format_type(p->type)), NULL);
    if (transition->has_priority) {
        format_indent(formatter, 0);
        format_text(formatter,
                    arena_format(arena, "@priority(%s)\n",
                                 format_source_text(formatter, transition->priority_span)));
    }
    if (parameters.count > 0)
        format_list(formatter, arena_format(arena, "%s(", head), &parameters, ")");
    else
        format_list(formatter, head, &parameters, "");
}

static void format_transition(Formatter *formatter, const Transition *transition)
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

static void format_handler(Formatter *formatter, const Handler *handler)
{
    Arena *arena = formatter->arena;
    FormatList parameters = {0};
    const char *head = arena_format(arena, "on Event::%s", handler->event.text);

    format_lead(formatter, handler->span.start, handler->body->span.start);
    for (const Parameter *p = handler->parameters; p != NULL; p = p->next)
        format_list_add(formatter, &parameters, p->name.text, NULL);
    if (parameters.count > 0)
        format_list(formatter, arena_format(arena, "%s(", head), &parameters, ")");
    else
        format_list(formatter, head, &parameters, "");
    format_block(formatter, handler->body, handler->body->span.end);
    format_line_end(formatter, handler->span.end);
}

/* ---- state and scope ---- */

static void format_state(Formatter *formatter, const Domain *domain)
{
    Arena *arena = formatter->arena;
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
    for (const Field *f = domain->fields; f != NULL; f = f->next) {
        const char *head = arena_format(arena, "%s: %s", f->name.text, format_type(f->type));
        format_lead(formatter, f->span.start, f->span.end);
        if (f->initial != NULL) {
            format_value(formatter, arena_format(arena, "%s = ", head), f->initial, 0);
        } else {
            format_indent(formatter, 0);
            format_text(formatter, head);
        }
        format_line_end(formatter, f->span.end);
    }
    format_close(formatter, span.end);
    format_line_end(formatter, span.end);
}

static void format_scope(Formatter *formatter, const ScopeDecl *scope)
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

/* ---- items in the order of the source ---- */

typedef enum ItemKind {
    ITEM_DOMAIN,
    ITEM_SYSTEM,
    ITEM_STATE,
    ITEM_SCOPE,
    ITEM_CAPABILITY,
    ITEM_GOAL,
    ITEM_TRANSITION,
    ITEM_HANDLER,
    ITEM_INVARIANT
} ItemKind;

typedef struct Item {
    ItemKind kind;
    uint32_t start;
    const void *node;
} Item;

typedef struct Items {
    Arena *arena;
    Item *items;
    size_t count;
    size_t capacity;
    Span within; /* only what begins in here, or, if `outside`, not in here */
    bool outside;
} Items;

static void item_add(Items *items, ItemKind kind, uint32_t start, const void *node)
{
    bool inside = start >= items->within.start && start < items->within.end;

    if (inside == items->outside)
        return;
    arena_reserve_one(items->arena, items->items, items->count, items->capacity);
    items->items[items->count++] = (Item){kind, start, node};
}

static int item_compare(const void *left, const void *right)
{
    const Item *a = left, *b = right;

    return (a->start > b->start) - (a->start < b->start);
}

static void items_of_domain(Items *items, const Domain *domain)
{
    for (const Goal *g = domain->goals; g != NULL; g = g->next)
        item_add(items, ITEM_GOAL, g->span.start, g);
    for (const Transition *t = domain->transitions; t != NULL; t = t->next)
        item_add(items, ITEM_TRANSITION, t->span.start, t);
    for (const Handler *h = domain->handlers; h != NULL; h = h->next)
        item_add(items, ITEM_HANDLER, h->span.start, h);
    for (const Invariant *i = domain->invariants; i != NULL; i = i->next)
        item_add(items, ITEM_INVARIANT, i->span.start, i);
}

static void format_items(Formatter *formatter, Items *items);

static void format_domain(Formatter *formatter, const Domain *domain)
{
    Items items = {.arena = formatter->arena, .within = domain->span};

    if (domain->has_state)
        item_add(&items, ITEM_STATE, domain->state_span.start, domain);
    if (domain->scope.span.end != 0)
        item_add(&items, ITEM_SCOPE, domain->scope.span.start, &domain->scope);
    if (domain->has_capabilities)
        item_add(&items, ITEM_CAPABILITY, domain->capability_span.start, domain);
    items_of_domain(&items, domain);
    format_lead(formatter, domain->span.start, domain->body.start);
    format_indent(formatter, 0);
    format_text(formatter, arena_format(formatter->arena, "domain %s", domain->name.text));
    if (items.count == 0 && !format_has_comments(formatter, domain->body.end)) {
        format_text(formatter, " { }");
    } else {
        format_open(formatter, domain->body.start);
        format_items(formatter, &items);
        format_close(formatter, domain->body.end);
    }
    format_line_end(formatter, domain->span.end);
}

static void format_start(Formatter *formatter, const Start *start)
{
    bool body = start->body.end != 0;

    format_lead(formatter, start->span.start, body ? start->body.start : start->span.end);
    format_indent(formatter, 0);
    format_text(formatter, arena_format(formatter->arena, "start domain %s", start->domain.text));
    if (start->fields != NULL || (body && format_has_comments(formatter, start->body.end))) {
        format_open(formatter, start->body.start);
        for (const StartField *f = start->fields; f != NULL; f = f->next) {
            format_lead(formatter, f->span.start, f->span.end);
            format_value(formatter, arena_format(formatter->arena, "%s = ", f->name.text), f->value,
                         0);
            format_line_end(formatter, f->span.end);
        }
        format_close(formatter, start->body.end);
    }
    format_line_end(formatter, start->span.end);
}

static void format_system(Formatter *formatter, const System *system)
{
    format_lead(formatter, system->span.start, system->body.start);
    format_indent(formatter, 0);
    format_text(formatter, arena_format(formatter->arena, "system %s", system->name.text));
    format_open(formatter, system->body.start);
    for (const Start *start = system->starts; start != NULL; start = start->next)
        format_start(formatter, start);
    format_close(formatter, system->body.end);
    format_line_end(formatter, system->span.end);
}

static void format_item(Formatter *formatter, const Item *item)
{
    switch (item->kind) {
    case ITEM_DOMAIN:
        format_domain(formatter, item->node);
        break;
    case ITEM_SYSTEM:
        format_system(formatter, item->node);
        break;
    case ITEM_STATE:
        format_state(formatter, item->node);
        break;
    case ITEM_SCOPE:
        format_scope(formatter, item->node);
        break;
    case ITEM_CAPABILITY: {
        const Domain *domain = item->node;
        format_capabilities(formatter, domain->capabilities, domain->capability_span);
        break;
    }
    case ITEM_GOAL:
        format_goal(formatter, item->node);
        break;
    case ITEM_TRANSITION:
        format_transition(formatter, item->node);
        break;
    case ITEM_HANDLER:
        format_handler(formatter, item->node);
        break;
    case ITEM_INVARIANT:
        format_invariant(formatter, item->node);
        break;
    }
}

static void format_items(Formatter *formatter, Items *items)
{
    if (items->count > 0)
        qsort(items->items, items->count, sizeof *items->items, item_compare);
    for (size_t i = 0; i < items->count; i++)
        format_item(formatter, &items->items[i]);
}

static void format_file(Formatter *formatter, const Ast *ast)
{
    Items items = {.arena = formatter->arena, .outside = true};

    for (const Domain *d = ast->domains; d != NULL; d = d->next)
        item_add(&items, ITEM_DOMAIN, d->span.start, d);
    for (const System *s = ast->systems; s != NULL; s = s->next)
        item_add(&items, ITEM_SYSTEM, s->span.start, s);
    if (ast->domains != NULL && ast->domains->next == NULL) {
        items.within = ast->domains->span;
        items_of_domain(&items, ast->domains);
    }
    format_items(formatter, &items);
    comments_before(formatter, UINT32_MAX, true);
}

void format_source(const Source *source, Buffer *ret)
{
    Arena arena = {0};
    Diagnostics diagnostics;
    Formatter formatter = {.source = source, .arena = &arena, .out = ret, .fresh = true};

    diagnostics_init(&diagnostics, &arena, source);
    const Ast *ast = parse_with_comments(source, &arena, &diagnostics, &formatter.comments);
    if (diagnostics.error_count == 0)
        format_file(&formatter, ast);
    arena_deinit(&arena);
}
