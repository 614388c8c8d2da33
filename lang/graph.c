#include "lang/graph.h"

#include <assert.h>

#include "lang/ast.h"
#include "lang/base/map.h"
#include "lang/walk.h"

typedef struct Maker {
    const Program *program;
    Arena *arena;
    Graph *graph;
    Map providers; /* name to node + 1 */
    Map edges;     /* kind and ends to edge + 1 */
    Map labels;    /* kind, ends and label: is there */
} Maker;

/* ---- nodes ---- */

static const char **domain_details(Maker *maker, const ProgramDomain *domain, size_t *ret_count)
{
    size_t count = 0;
    const char **details =
        arena_array(maker->arena, const char *, domain->goal_count + domain->timer_count + 1);

    for (size_t i = 0; i < domain->goal_count; i++)
        details[count++] =
            arena_format(maker->arena, "%s: %s", domain->goals[i].name, domain->goals[i].text);
    for (size_t i = 0; i < domain->timer_count; i++)
        details[count++] = domain->timers[i].text;
    if (domain->environment >= 0)
        details[count++] = arena_format(maker->arena, "deployed to %s",
                                        maker->program->environments[domain->environment].name);
    *ret_count = count;
    return details;
}

/* A keyed domain has instances as soon as somebody sends to it. */
static void add_domain(Maker *maker, const ProgramDomain *domain)
{
    GraphNode *node = &maker->graph->nodes[maker->graph->node_count++];
    const char *name = domain->name;

    if (domain->key != NULL)
        name = arena_format(maker->arena, "%s[%s]", domain->name, domain->key);
    *node = (GraphNode){
        .kind = GRAPH_DOMAIN, .name = name, .idle = !domain->started && domain->key == NULL};
    node->details = domain_details(maker, domain, &node->detail_count);
}

/* Room for the most there can be: a provider of its own for each effect, fact and report. */
static size_t node_limit(const Program *program)
{
    size_t count =
        program->domain_count + program->event_count + program->effect_count + program->fact_count;

    for (size_t i = 0; i < program->domain_count; i++)
        count += program->domains[i].handler_count;
    return count;
}

static void add_nodes(Maker *maker)
{
    const Program *program = maker->program;
    Graph *graph = maker->graph;

    graph->nodes = arena_array(maker->arena, GraphNode, node_limit(program));
    for (size_t i = 0; i < program->domain_count; i++)
        add_domain(maker, &program->domains[i]);
    for (size_t i = 0; i < program->event_count; i++)
        graph->nodes[graph->node_count++] =
            (GraphNode){.kind = GRAPH_EVENT, .name = program->events[i].name};
}

static uint32_t provider_node(Maker *maker, const char *name)
{
    const char *shown = name != NULL ? name : "any provider";
    uintptr_t known = (uintptr_t)map_get(&maker->providers, shown);

    if (known == 0) {
        maker->graph->nodes[maker->graph->node_count++] =
            (GraphNode){.kind = GRAPH_PROVIDER, .name = shown};
        known = maker->graph->node_count;
        map_put(&maker->providers, shown, (void *)known);
    }
    return (uint32_t)(known - 1);
}

/* ---- edges ---- */

static GraphEdge *edge_between(Maker *maker, GraphEdgeKind kind, uint32_t from, uint32_t to)
{
    Graph *graph = maker->graph;
    const char *key = arena_format(maker->arena, "%d:%u:%u", (int)kind, from, to);
    uintptr_t known = (uintptr_t)map_get(&maker->edges, key);

    if (known == 0) {
        arena_reserve_one(maker->arena, graph->edges, graph->edge_count, graph->edge_capacity);
        graph->edges[graph->edge_count++] = (GraphEdge){.kind = kind, .from = from, .to = to};
        known = graph->edge_count;
        map_put(&maker->edges, key, (void *)known);
    }
    return &graph->edges[known - 1];
}

static void label_add(Maker *maker, GraphEdge *edge, const char *label)
{
    const char *key =
        arena_format(maker->arena, "%d:%u:%u:%s", (int)edge->kind, edge->from, edge->to, label);

    if (map_put(&maker->labels, key, (void *)label) != NULL)
        return;
    arena_reserve_one(maker->arena, edge->labels, edge->label_count, edge->label_capacity);
    edge->labels[edge->label_count++] = label;
}

static void add_report(Maker *maker, uint32_t domain, const ProgramHandler *handler,
                       const char *word)
{
    uint32_t provider = provider_node(maker, handler->provider);

    label_add(maker, edge_between(maker, GRAPH_REPORTS, provider, domain), word);
}

static void add_handler(Maker *maker, uint32_t domain, const ProgramHandler *handler)
{
    switch (handler->kind) {
    case ON_EVENT:
        edge_between(maker, GRAPH_HANDLED, (uint32_t)maker->program->domain_count + handler->event,
                     domain);
        break;
    case ON_MESSAGE:
        break; /* who sends it has the edge */
    case ON_LOST:
        add_report(maker, domain, handler, "lost");
        break;
    case ON_CHANGED:
        add_report(maker, domain, handler, "changed");
        break;
    case ON_FAILED:
        add_report(maker, domain, handler, "failed");
        break;
    }
}

static void add_events(Maker *maker)
{
    const Program *program = maker->program;
    uint32_t first = (uint32_t)program->domain_count;

    for (size_t i = 0; i < program->broadcast_count; i++)
        edge_between(maker, GRAPH_BROADCASTS, program->broadcasts[i].domain,
                     first + program->broadcasts[i].event);
    for (size_t i = 0; i < program->domain_count; i++)
        for (size_t h = 0; h < program->domains[i].handler_count; h++)
            add_handler(maker, (uint32_t)i, &program->domains[i].handlers[h]);
}

static const char *message_name(const Program *program, const MessageUse *use)
{
    const ProgramDomain *receiver = &program->domains[use->receiver];

    return use->to_handler ? receiver->handlers[use->transition].name
                           : receiver->transitions[use->transition].name;
}

static void add_messages(Maker *maker)
{
    const Program *program = maker->program;

    for (size_t i = 0; i < program->message_count; i++) {
        const MessageUse *use = &program->messages[i];
        label_add(maker, edge_between(maker, GRAPH_SENDS, use->domain, use->receiver),
                  message_name(program, use));
    }
}

typedef struct Spawns {
    Maker *maker;
    uint32_t domain; /* whose text is walked */
} Spawns;

static bool visit_spawn(Visitor *visitor, const Stmt *stmt)
{
    const Spawns *spawns = visitor->context;

    if (stmt->kind == STMT_SPAWN)
        edge_between(spawns->maker, GRAPH_SPAWNS, spawns->domain, stmt->slot);
    return true;
}

static void add_spawns(Maker *maker)
{
    Spawns spawns = {.maker = maker};
    Visitor visitor = {.stmt = visit_spawn, .context = &spawns};

    for (const Domain *d = maker->program->ast->domains; d != NULL; d = d->next, spawns.domain++)
        walk_domain(&visitor, d);
}

static void add_effects(Maker *maker)
{
    const Program *program = maker->program;

    for (size_t i = 0; i < program->effect_count; i++) {
        const EffectUse *use = &program->effects[i];
        uint32_t provider = provider_node(maker, use->provider);
        const char *label =
            use->releases ? arena_format(maker->arena, "release %s", use->effect) : use->effect;
        label_add(maker, edge_between(maker, GRAPH_EFFECTS, use->domain, provider), label);
    }
    for (size_t i = 0; i < program->fact_count; i++) {
        const FactUse *use = &program->facts[i];
        uint32_t provider = provider_node(maker, use->provider);
        label_add(maker, edge_between(maker, GRAPH_OBSERVES, use->domain, provider), use->query);
    }
}

void graph_make(const Program *program, Arena *arena, Graph *ret)
{
    Maker maker = {.program = program, .arena = arena, .graph = ret};

    assert(program->valid);
    *ret = (Graph){0};
    add_nodes(&maker);
    add_events(&maker);
    add_messages(&maker);
    add_spawns(&maker);
    add_effects(&maker);
    map_deinit(&maker.providers);
    map_deinit(&maker.edges);
    map_deinit(&maker.labels);
}
