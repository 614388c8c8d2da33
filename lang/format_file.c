/* The items of a file and of a domain, in the order of the source. */
#include <stdlib.h>
#include <string.h>

#include "lang/format.h"

/* ---- collecting ---- */

typedef enum ItemKind {
    ITEM_ALLOW, /* of the whole file */
    ITEM_IMPORT,
    ITEM_RECORD,
    ITEM_ENUM,
    ITEM_CONST,
    ITEM_FUNCTION,
    ITEM_EVENT,
    ITEM_EFFECT,
    ITEM_DOMAIN,
    ITEM_SYSTEM,
    ITEM_ENVIRONMENT,
    ITEM_DEPLOY,
    ITEM_MIGRATION,
    ITEM_MOVED,
    ITEM_TEST,
    ITEM_VERSION,
    ITEM_SCOPE,
    ITEM_STATEMENT, /* of a script */
    ITEM_STATE,
    ITEM_CAPABILITY,
    ITEM_GOAL,
    ITEM_TRANSITION,
    ITEM_HANDLER,
    ITEM_TIMER,
    ITEM_INVARIANT,
    ITEM_PROVIDER, /* of an environment */
    ITEM_HOST
} ItemKind;

typedef struct CapabilityBlock {
    const Capability *list;
    Span span;
} CapabilityBlock;

typedef struct Item {
    ItemKind kind;
    Span span; /* with the annotations before it */
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

static void item_add(Items *items, ItemKind kind, Span span, const void *node)
{
    bool inside = span.start >= items->within.start && span.start < items->within.end;

    if (inside == items->outside)
        return;
    arena_reserve_one(items->arena, items->items, items->count, items->capacity);
    items->items[items->count++] = (Item){kind, span, node};
}

/* Every node of a list that has a span. */
#define ITEMS_ADD(items, type, kind, list)                                                         \
    for (const type *node_ = (list); node_ != NULL; node_ = node_->next)                           \
    item_add((items), (kind), node_->span, node_)

/* Of those that begin together the one that is an annotation of the other comes first. */
static int item_compare(const void *left, const void *right)
{
    const Item *a = left, *b = right;

    if (a->span.start != b->span.start)
        return (a->span.start > b->span.start) - (a->span.start < b->span.start);
    return (a->kind > b->kind) - (a->kind < b->kind);
}

static void items_of_transitions(Items *items, const Transition *transitions)
{
    for (const Transition *t = transitions; t != NULL; t = t->next) {
        if (t->is_script)
            ITEMS_ADD(items, Stmt, ITEM_STATEMENT, t->slices->body->first);
        else
            item_add(items, ITEM_TRANSITION, t->span, t);
    }
}

/* What may stand outside of a domain's braces, too. */
static void items_of_domain(Items *items, const Domain *domain)
{
    ITEMS_ADD(items, Goal, ITEM_GOAL, domain->goals);
    items_of_transitions(items, domain->transitions);
    ITEMS_ADD(items, Handler, ITEM_HANDLER, domain->handlers);
    ITEMS_ADD(items, Timer, ITEM_TIMER, domain->timers);
    ITEMS_ADD(items, Invariant, ITEM_INVARIANT, domain->invariants);
}

static void items_of_capabilities(Items *items, const Capability *list, Span span)
{
    CapabilityBlock *block = arena_new(items->arena, CapabilityBlock);

    *block = (CapabilityBlock){list, span};
    item_add(items, ITEM_CAPABILITY, span, block);
}

static void items_of_head(Items *items, const Domain *domain)
{
    if (domain->has_version)
        item_add(items, ITEM_VERSION, domain->version_span, domain);
    if (domain->has_state)
        item_add(items, ITEM_STATE, domain->state_span, domain);
    if (domain->scope.span.end != 0)
        item_add(items, ITEM_SCOPE, domain->scope.span, &domain->scope);
    if (domain->has_capabilities)
        items_of_capabilities(items, domain->capabilities, domain->capability_span);
}

/* In a script an annotation of the domain may stand before any of its items: then it begins where
 * that does. */
static void annotation_settle(Items *items, ItemKind kind)
{
    Item *annotation = NULL;

    for (size_t i = 0; i < items->count; i++)
        if (items->items[i].kind == kind)
            annotation = &items->items[i];
    for (size_t i = 0; annotation != NULL && i < items->count; i++) {
        Span span = items->items[i].span;
        if (span.start < annotation->span.start && span.end > annotation->span.start)
            annotation->span.start = span.start;
    }
}

static void format_items(Formatter *formatter, Items *items);

/* ---- declarations ---- */

/* What stands before a declaration: comments, annotations and `export`. */
static void declared_lead(Formatter *formatter, const Declared *declared, Span span, uint32_t body)
{
    format_lead(formatter, span.start, body);
    format_allows(formatter, declared->allows);
}

static const char *named(Formatter *formatter, const Declared *declared, const char *word,
                         const char *name)
{
    return arena_format(formatter->arena, "%s%s %s", declared->exported ? "export " : "", word,
                        name);
}

static void format_record(Formatter *formatter, const RecordDecl *record)
{
    declared_lead(formatter, &record->declared, record->span, record->body.start);
    format_indent(formatter, 0);
    format_text(formatter, named(formatter, &record->declared, "record", record->name.text));
    if (record->fields == NULL && !format_has_comments(formatter, record->body.end)) {
        format_text(formatter, " { }");
    } else {
        format_open(formatter, record->body.start);
        format_fields(formatter, record->fields);
        format_close(formatter, record->body.end);
    }
    format_line_end(formatter, record->span.end);
}

static void format_enum(Formatter *formatter, const Enum *enumeration)
{
    FormatList members = {0};
    const char *head = named(formatter, &enumeration->declared, "enum", enumeration->name.text);

    declared_lead(formatter, &enumeration->declared, enumeration->span, enumeration->span.end);
    for (const EnumMember *m = enumeration->members; m != NULL; m = m->next)
        format_list_add(formatter, &members, m->name.text, NULL);
    format_list(formatter, arena_format(formatter->arena, "%s { ", head), &members, " }");
    format_line_end(formatter, enumeration->span.end);
}

static void format_const(Formatter *formatter, const Const *constant)
{
    const TypeExpr *type = constant->type;
    const char *head = named(formatter, &constant->declared, "const", constant->name.text);

    declared_lead(formatter, &constant->declared, constant->span, constant->span.end);
    format_value(formatter,
                 arena_format(formatter->arena, "%s%s%s = ", head, type != NULL ? ": " : "",
                              type != NULL ? format_type(formatter, type) : ""),
                 constant->value, 0);
    format_line_end(formatter, constant->span.end);
}

static void format_function(Formatter *formatter, const Function *function)
{
    const char *head = named(formatter, &function->declared, "fn", function->name.text);
    const char *tail =
        arena_format(formatter->arena, " -> %s", format_type(formatter, function->result));

    declared_lead(formatter, &function->declared, function->span, function->body->span.start);
    format_parameters(formatter, head, function->parameters, true, tail);
    format_block(formatter, function->body, function->body->span.end);
    format_line_end(formatter, function->span.end);
}

static void format_event(Formatter *formatter, const EventDecl *event)
{
    const char *head = named(formatter, &event->declared, "event", event->name.text);

    declared_lead(formatter, &event->declared, event->span, event->span.end);
    format_parameters(formatter, head, event->fields, event->has_fields,
                      event->retain_none ? " retain none" : "");
    format_line_end(formatter, event->span.end);
}

static void format_effect(Formatter *formatter, const EffectDecl *effect)
{
    const char *head = named(formatter, &effect->declared, "effect", effect->name.text);
    cleanup(buffer_deinit) Buffer tail = {0};

    if (effect->result != NULL)
        buffer_add_format(&tail, " -> %s", format_type(formatter, effect->result));
    if (effect->action.text != NULL)
        buffer_add_format(&tail, " = %s%s%s",
                          effect->provider.text != NULL ? effect->provider.text : "",
                          effect->provider.text != NULL ? "." : "", effect->action.text);
    declared_lead(formatter, &effect->declared, effect->span, effect->span.end);
    format_parameters(formatter, head, effect->parameters, true, buffer_text(&tail));
    format_line_end(formatter, effect->span.end);
}

static void format_import(Formatter *formatter, const Import *import)
{
    format_lead(formatter, import->span.start, import->span.end);
    format_indent(formatter, 0);
    buffer_add_format(formatter->out, "import %s", format_quoted(formatter, import->path.text));
    format_line_end(formatter, import->span.end);
}

static void format_file_allow(Formatter *formatter, const Allow *allow)
{
    format_lead(formatter, allow->span.start, allow->span.end);
    format_allow(formatter, allow);
    format_text(formatter, ";");
    format_line_end(formatter, allow->span.end);
}

static void format_deploy(Formatter *formatter, const Deploy *deploy)
{
    declared_lead(formatter, &deploy->declared, deploy->span, deploy->span.end);
    format_indent(formatter, 0);
    format_text(formatter, deploy->declared.exported ? "export " : "");
    buffer_add_format(formatter->out, "deploy %s to %s", deploy->domain.text,
                      deploy->environment.text);
    format_line_end(formatter, deploy->span.end);
}

static void format_migration(Formatter *formatter, const Migration *migration)
{
    declared_lead(formatter, &migration->declared, migration->span, migration->body.start);
    format_indent(formatter, 0);
    format_text(formatter, migration->declared.exported ? "export " : "");
    buffer_add_format(formatter->out, "migration %s %u -> %u", migration->domain.text,
                      migration->from, migration->to);
    if (migration->fields == NULL && !format_has_comments(formatter, migration->body.end))
        format_text(formatter, " { }");
    else
        format_assignments(formatter, migration->fields, migration->body);
    format_line_end(formatter, migration->span.end);
}

static void format_place(Formatter *formatter, const MovedPlace *place)
{
    format_text(formatter, place->domain.text);
    if (place->where.text != NULL)
        buffer_add_format(formatter->out, ".%s.%s", place->where.text, place->effect.text);
}

static void format_moved(Formatter *formatter, const Moved *moved)
{
    declared_lead(formatter, &moved->declared, moved->span, moved->span.end);
    format_indent(formatter, 0);
    format_text(formatter, moved->declared.exported ? "export " : "");
    format_text(formatter, moved->is_domain ? "moved domain " : "moved ");
    format_place(formatter, &moved->from);
    format_text(formatter, " -> ");
    format_place(formatter, &moved->to);
    format_line_end(formatter, moved->span.end);
}

/* ---- environments ---- */

static void format_provider(Formatter *formatter, const EnvironmentProvider *provider)
{
    const char *head = arena_format(formatter->arena, "provider %s = %s", provider->name.text,
                                    format_quoted(formatter, provider->plugin.text));

    format_lead(formatter, provider->span.start, provider->span.end);
    if (provider->config != NULL) {
        format_value(formatter, arena_format(formatter->arena, "%s ", head), provider->config, 0);
    } else {
        format_indent(formatter, 0);
        format_text(formatter, head);
    }
    format_line_end(formatter, provider->span.end);
}

static void format_host(Formatter *formatter, const Argument *host)
{
    format_lead(formatter, host->span.start, host->span.end);
    format_value(formatter, "host = ", host->value, 0);
    format_line_end(formatter, host->span.end);
}

static void format_environment(Formatter *formatter, const Environment *environment)
{
    Items items = {.arena = formatter->arena, .within = environment->body};

    ITEMS_ADD(&items, EnvironmentProvider, ITEM_PROVIDER, environment->providers);
    ITEMS_ADD(&items, Argument, ITEM_HOST, environment->hosts);
    if (environment->has_capabilities)
        items_of_capabilities(&items, environment->capabilities, environment->capability_span);
    declared_lead(formatter, &environment->declared, environment->span, environment->body.start);
    format_indent(formatter, 0);
    format_text(formatter,
                named(formatter, &environment->declared, "environment", environment->name.text));
    format_open(formatter, environment->body.start);
    format_items(formatter, &items);
    format_close(formatter, environment->body.end);
    format_line_end(formatter, environment->span.end);
}

/* ---- domains ---- */

static void format_version(Formatter *formatter, const Domain *domain)
{
    format_lead(formatter, domain->version_span.start, domain->version_span.end);
    format_indent(formatter, 0);
    buffer_add_format(formatter->out, "@version %u", domain->version);
    format_line_end(formatter, domain->version_span.end);
}

static void format_domain(Formatter *formatter, const Domain *domain)
{
    Items items = {.arena = formatter->arena, .within = {0, UINT32_MAX}};

    items_of_head(&items, domain);
    items.within = domain->span;
    items_of_domain(&items, domain);
    declared_lead(formatter, &domain->declared, domain->span, domain->body.start);
    format_indent(formatter, 0);
    format_text(formatter, named(formatter, &domain->declared, "domain", domain->name.text));
    if (domain->key.text != NULL)
        buffer_add_format(formatter->out, "[%s: string]", domain->key.text);
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
    format_text(formatter, "start domain ");
    format_text(formatter, format_instance(formatter, start->domain, start->key));
    format_assignments(formatter, start->fields, start->body);
    format_line_end(formatter, start->span.end);
}

static void format_system(Formatter *formatter, const System *system)
{
    declared_lead(formatter, &system->declared, system->span, system->body.start);
    format_indent(formatter, 0);
    format_text(formatter, named(formatter, &system->declared, "system", system->name.text));
    format_open(formatter, system->body.start);
    for (const Start *start = system->starts; start != NULL; start = start->next)
        format_start(formatter, start);
    format_close(formatter, system->body.end);
    format_line_end(formatter, system->span.end);
}

/* ---- all of them ---- */

static void format_item(Formatter *formatter, const Item *item)
{
    switch (item->kind) {
    case ITEM_ALLOW:
        format_file_allow(formatter, item->node);
        break;
    case ITEM_IMPORT:
        format_import(formatter, item->node);
        break;
    case ITEM_RECORD:
        format_record(formatter, item->node);
        break;
    case ITEM_ENUM:
        format_enum(formatter, item->node);
        break;
    case ITEM_CONST:
        format_const(formatter, item->node);
        break;
    case ITEM_FUNCTION:
        format_function(formatter, item->node);
        break;
    case ITEM_EVENT:
        format_event(formatter, item->node);
        break;
    case ITEM_EFFECT:
        format_effect(formatter, item->node);
        break;
    case ITEM_DOMAIN:
        format_domain(formatter, item->node);
        break;
    case ITEM_SYSTEM:
        format_system(formatter, item->node);
        break;
    case ITEM_ENVIRONMENT:
        format_environment(formatter, item->node);
        break;
    case ITEM_DEPLOY:
        format_deploy(formatter, item->node);
        break;
    case ITEM_MIGRATION:
        format_migration(formatter, item->node);
        break;
    case ITEM_MOVED:
        format_moved(formatter, item->node);
        break;
    case ITEM_TEST:
        format_test(formatter, item->node);
        break;
    case ITEM_STATEMENT:
        format_statement(formatter, item->node);
        break;
    case ITEM_VERSION:
        format_version(formatter, item->node);
        break;
    case ITEM_STATE:
        format_state(formatter, item->node);
        break;
    case ITEM_SCOPE:
        format_scope(formatter, item->node);
        break;
    case ITEM_CAPABILITY: {
        const CapabilityBlock *block = item->node;
        format_capabilities(formatter, block->list, block->span);
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
    case ITEM_TIMER:
        format_timer(formatter, item->node);
        break;
    case ITEM_INVARIANT:
        format_invariant(formatter, item->node);
        break;
    case ITEM_PROVIDER:
        format_provider(formatter, item->node);
        break;
    case ITEM_HOST:
        format_host(formatter, item->node);
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

/* The file's only domain has items outside of its braces; a script has nothing else. */
static void items_of_only_domain(Items *items, const Domain *domain)
{
    if (!domain->is_script) {
        item_add(items, ITEM_DOMAIN, domain->span, domain);
        items->within = domain->span;
        items_of_domain(items, domain);
        items->within = (Span){0, 0};
        return;
    }
    items_of_head(items, domain);
    items_of_domain(items, domain);
    annotation_settle(items, ITEM_VERSION);
    annotation_settle(items, ITEM_SCOPE);
}

void format_file(Formatter *formatter, const Ast *ast)
{
    Items items = {.arena = formatter->arena, .outside = true};

    ITEMS_ADD(&items, Allow, ITEM_ALLOW, ast->allows);
    ITEMS_ADD(&items, Import, ITEM_IMPORT, ast->imports);
    ITEMS_ADD(&items, RecordDecl, ITEM_RECORD, ast->records);
    ITEMS_ADD(&items, Enum, ITEM_ENUM, ast->enums);
    ITEMS_ADD(&items, Const, ITEM_CONST, ast->constants);
    ITEMS_ADD(&items, Function, ITEM_FUNCTION, ast->functions);
    ITEMS_ADD(&items, EventDecl, ITEM_EVENT, ast->events);
    ITEMS_ADD(&items, EffectDecl, ITEM_EFFECT, ast->effects);
    if (ast->domains != NULL && ast->domains->next == NULL)
        items_of_only_domain(&items, ast->domains);
    else
        ITEMS_ADD(&items, Domain, ITEM_DOMAIN, ast->domains);
    ITEMS_ADD(&items, System, ITEM_SYSTEM, ast->systems);
    ITEMS_ADD(&items, Environment, ITEM_ENVIRONMENT, ast->environments);
    ITEMS_ADD(&items, Deploy, ITEM_DEPLOY, ast->deploys);
    ITEMS_ADD(&items, Migration, ITEM_MIGRATION, ast->migrations);
    ITEMS_ADD(&items, Moved, ITEM_MOVED, ast->moves);
    ITEMS_ADD(&items, Test, ITEM_TEST, ast->tests);
    format_items(formatter, &items);
    format_comments(formatter, UINT32_MAX, true);
}
