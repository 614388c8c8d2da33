#include "lang/graph.h"

#include <assert.h>

#include "lang/base/map.h"

typedef struct Maker {
    const Program *program;
    Arena *arena;
    Graph *graph;
    Map providers; /* name to node + 1 */
    Map edges;     /* kind and ends to edge + 1 */
    Map labels;    /* kind, ends and label: is there */
} Maker;

/* ---- nodes ---- */

static void add_domain(Maker *maker, const ProgramDomain *domain)
{
    GraphNode *node = &maker->graph->nodes[maker->graph->node_count++];
    const char **details = arena_array(maker->arena, const char *, domain->goal_count);

    for (size_t i = 0; i < domain->goal_count; i++)
        details[i] =
            arena_format(maker->arena, "%s: %s", domain->goals[i].name, domain->goals[i].text);
    *node = (GraphNode){.kind = GRAPH_DOMAIN,
                        .name = domain->name,
                        .idle = !domain->started,
                        .details = details,
                        .detail_count = domain->goal_count};
}

/* Room for the most there can be: a provider of its own for each effect. */
static void add_nodes(Maker *maker)
{
    const Program *program = maker->program;
    Graph *graph = maker->graph;

    graph->nodes =
        arena_array(maker->arena, GraphNode,
                    program->domain_count + program->event_count + program->effect_count);
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

static void add_events(Maker *maker)
{
    const Program *program = maker->program;
    uint32_t first = (uint32_t)program->domain_count;

    for (size_t i = 0; i < program->broadcast_count; i++)
        edge_between(maker, GRAPH_BROADCASTS, program->broadcasts[i].domain,
                     first + program->broadcasts[i].event);
    for (size_t i = 0; i < program->domain_count; i++)
        for (size_t h = 0; h < program->domains[i].handler_count; h++)
            edge_between(maker, GRAPH_HANDLED, first + program->domains[i].handlers[h].event,
                         (uint32_t)i);
}

static void add_messages(Maker *maker)
{
    const Program *program = maker->program;

    for (size_t i = 0; i < program->message_count; i++) {
        const MessageUse *use = &program->messages[i];
        const ProgramDomain *receiver = &program->domains[use->receiver];
        label_add(maker, edge_between(maker, GRAPH_SENDS, use->domain, use->receiver),
                  receiver->transitions[use->transition].name);
    }
}

static void add_effects(Maker *maker)
{
    const Program *program = maker->program;

    for (size_t i = 0; i < program->effect_count; i++) {
        const EffectUse *use = &program->effects[i];
        uint32_t provider = provider_node(maker, use->provider);
        label_add(maker, edge_between(maker, GRAPH_EFFECTS, use->domain, provider), use->effect);
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
    add_effects(&maker);
    map_deinit(&maker.providers);
    map_deinit(&maker.edges);
    map_deinit(&maker.labels);
}
