/* Who tells whom what: a program's domains, events and providers, and what goes between them.
 *
 * Made from a valid program, which must outlive it; everything else is in the arena. The order is
 * that of the source, so one program always gives the same graph and the same text of it. */
#ifndef VED_LANG_GRAPH_H
#define VED_LANG_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lang/base/arena.h"
#include "lang/base/buffer.h"
#include "lang/base/error.h"
#include "lang/program.h"

typedef enum GraphNodeKind {
#define NODE(id, letter, class_name, shape, open, close) GRAPH_##id,
#include "lang/graph.def"
} GraphNodeKind;

typedef enum GraphEdgeKind {
#define EDGE(id, word, class_name, style, arrow) GRAPH_##id,
#include "lang/graph.def"
    GRAPH_EDGE_KINDS
} GraphEdgeKind;

typedef struct GraphNode {
    GraphNodeKind kind;
    const char *name; /* of a provider that is not named: "any provider" */
    bool idle;        /* a domain that `system` does not start */
    const char **details;
    size_t detail_count; /* a domain's goals: "Ready: status == \"ready\"", then its timers */
} GraphNode;

/* All that goes from one node to another in one way: from domain to event, event to domain, domain
 * to domain, domain to provider or provider to domain. */
typedef struct GraphEdge {
    GraphEdgeKind kind;
    uint32_t from;
    uint32_t to;
    const char **labels; /* of what is sent, asked for, observed or reported; none for the others */
    size_t label_count;
    size_t label_capacity;
} GraphEdge;

typedef struct Graph {
    GraphNode *nodes; /* domains, then events, then providers */
    size_t node_count;
    GraphEdge *edges;
    size_t edge_count;
    size_t edge_capacity;
} Graph;

void graph_make(const Program *program, Arena *arena, Graph *ret);

/* As text for other programs. */
void graph_dot(const Graph *graph, Buffer *ret);
void graph_mermaid(const Graph *graph, Buffer *ret);

/* As a picture, from left to right, for light and dark screens. ERROR_USAGE: it would have more
 * than GRAPH_PARTS_MAX parts; nothing was added to `ret`. */
#define GRAPH_PARTS_MAX 20000
int graph_svg(const Graph *graph, Buffer *ret, Error *err);

#endif
