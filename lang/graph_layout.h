/* Where everything of a graph's picture stands: columns from left to right, boxes in them.
 *
 * Everything is in the arena; lengths are in pixels, y is of a slot's middle. */
#ifndef VED_LANG_GRAPH_LAYOUT_H
#define VED_LANG_GRAPH_LAYOUT_H

#include "lang/graph.h"

#define LAYOUT_NO_NODE UINT32_MAX

/* A place in a column: a node's, or a waypoint of an edge on its way through the column. */
typedef struct LayoutSlot {
    uint32_t node;   /* LAYOUT_NO_NODE: a waypoint */
    uint32_t column; /* nodes stand in even ones, so every edge has room for its label */
    double width;
    double height;
    double y;
    uint32_t place;     /* in its column, from the top */
    double wish;        /* where it would like to be: while they are put in order, and after it */
    double port_before; /* a waypoint beside a node: the height at which its line meets the node */
    double port_after;
    struct LayoutLink *before; /* to slots of the column before */
    struct LayoutLink *after;
} LayoutSlot;

typedef struct LayoutLink {
    struct LayoutLink *next;
    LayoutSlot *slot;
} LayoutLink;

typedef struct LayoutColumn {
    LayoutSlot **slots; /* from the top */
    size_t count;
    double x; /* its left side */
    double width;
} LayoutColumn;

/* An edge's way from its left node to its right one. */
typedef struct LayoutPath {
    LayoutSlot **slots; /* with both ends; none for what a node tells itself */
    size_t count;
    bool backwards; /* the edge goes from right to left */
} LayoutPath;

typedef struct Layout {
    LayoutSlot *nodes; /* index by index as in the graph */
    LayoutColumn *columns;
    size_t column_count;
    LayoutPath *paths; /* index by index as the graph's edges */
    double width;
    double height;
} Layout;

typedef struct LayoutSize {
    double width;
    double height;
} LayoutSize;

/* `node_sizes` and `label_sizes` are those of the graph's nodes and edges. False: there would be
 * more than GRAPH_PARTS_MAX slots. */
bool graph_layout(const Graph *graph, const LayoutSize *node_sizes, const LayoutSize *label_sizes,
                  Arena *arena, Layout *ret);

#endif
