/* Layers, as Sugiyama, Tagawa and Toda (1981) draw them: columns along the edges, then an order in
 * each column with few crossings, then places as near as can be to the neighbours'.
 *
 * Cycles are cut by taking nodes off one after another, those first that nothing left points to,
 * and where there is none the first in the source. Every edge then goes from a node taken off
 * earlier to one taken off later; those that are drawn the other way round are backwards. */
#include "lang/graph_layout.h"

#include <assert.h>
#include <stdlib.h>

#define COLUMN_GAP 36.0
#define SLOT_GAP 14.0
#define WAYPOINT_HEIGHT 6.0
#define PORT_SPREAD 0.8
#define ORDER_SWEEPS 8
#define PLACE_SWEEPS 8

typedef struct Work {
    const Graph *graph;
    Arena *arena;
    Layout *layout;
    uint32_t *rank;    /* of a node: when it was taken off */
    uint32_t *columns; /* of a node */
} Work;

/* ---- columns ---- */

typedef struct Incidence {
    struct Incidence *next;
    const GraphEdge *edge;
} Incidence;

static Incidence **incidences_make(const Work *work)
{
    const Graph *graph = work->graph;
    Incidence **of = arena_array(work->arena, Incidence *, graph->node_count);

    for (size_t i = 0; i < graph->node_count; i++)
        of[i] = NULL;
    for (size_t i = graph->edge_count; i-- > 0;) {
        const GraphEdge *edge = &graph->edges[i];
        const uint32_t ends[] = {edge->from, edge->to};
        for (size_t e = 0; e < 2 && edge->from != edge->to; e++) {
            Incidence *incidence = arena_new(work->arena, Incidence);
            *incidence = (Incidence){of[ends[e]], edge};
            of[ends[e]] = incidence;
        }
    }
    return of;
}

typedef struct Queue {
    uint32_t *nodes;
    size_t first, last;
    uint32_t cursor; /* all nodes before it have been taken off */
} Queue;

/* The next node nothing left points to; in a cycle, the first one left. */
static uint32_t queue_take(Queue *queue, const uint32_t *rank)
{
    while (queue->first < queue->last) {
        uint32_t node = queue->nodes[queue->first++];
        if (rank[node] == UINT32_MAX)
            return node;
    }
    while (rank[queue->cursor] != UINT32_MAX)
        queue->cursor++;
    return queue->cursor;
}

static void take_off(Work *work, uint32_t node, const Incidence *incidence, uint32_t *incoming,
                     Queue *queue)
{
    for (; incidence != NULL; incidence = incidence->next) {
        const GraphEdge *edge = incidence->edge;
        uint32_t other = edge->from == node ? edge->to : edge->from;
        if (work->rank[other] != UINT32_MAX)
            continue;
        if (work->columns[other] < work->columns[node] + 2)
            work->columns[other] = work->columns[node] + 2;
        if (edge->from == node && --incoming[other] == 0)
            queue->nodes[queue->last++] = other;
    }
}

static void choose_columns(Work *work)
{
    const Graph *graph = work->graph;
    size_t count = graph->node_count;
    uint32_t *incoming = arena_array(work->arena, uint32_t, count);
    Queue queue = {.nodes = arena_array(work->arena, uint32_t, count)};
    Incidence **of = incidences_make(work);

    for (size_t i = 0; i < count; i++) {
        work->rank[i] = UINT32_MAX;
        work->columns[i] = incoming[i] = 0;
    }
    for (size_t i = 0; i < graph->edge_count; i++)
        if (graph->edges[i].from != graph->edges[i].to)
            incoming[graph->edges[i].to]++;
    for (uint32_t i = 0; i < count; i++)
        if (incoming[i] == 0)
            queue.nodes[queue.last++] = i;
    for (uint32_t rank = 0; rank < count; rank++) {
        uint32_t node = queue_take(&queue, work->rank);
        work->rank[node] = rank;
        take_off(work, node, of[node], incoming, &queue);
    }
}

/* ---- slots ---- */

static void link_slots(Arena *arena, LayoutSlot *left, LayoutSlot *right)
{
    LayoutLink *after = arena_new(arena, LayoutLink), *before = arena_new(arena, LayoutLink);

    *after = (LayoutLink){left->after, right};
    *before = (LayoutLink){right->before, left};
    left->after = after;
    right->before = before;
}

/* The label stands in the first column after the edge's left end. */
static void path_make(Work *work, LayoutPath *path, const GraphEdge *edge, LayoutSize label)
{
    LayoutSlot *nodes = work->layout->nodes;

    path->backwards = work->columns[edge->from] > work->columns[edge->to];
    LayoutSlot *left = &nodes[path->backwards ? edge->to : edge->from];
    LayoutSlot *right = &nodes[path->backwards ? edge->from : edge->to];
    assert(left->column + 2 <= right->column);
    path->count = right->column - left->column + 1;
    path->slots = arena_array(work->arena, LayoutSlot *, path->count);
    path->slots[0] = left;
    path->slots[path->count - 1] = right;
    for (size_t i = 1; i + 1 < path->count; i++) {
        LayoutSlot *slot = arena_new(work->arena, LayoutSlot);
        *slot = (LayoutSlot){.node = LAYOUT_NO_NODE,
                             .column = left->column + (uint32_t)i,
                             .width = i == 1 ? label.width : 0,
                             .height = i == 1 && label.height > 0 ? label.height : WAYPOINT_HEIGHT};
        path->slots[i] = slot;
    }
    for (size_t i = 0; i + 1 < path->count; i++)
        link_slots(work->arena, path->slots[i], path->slots[i + 1]);
}

static bool fits(const Work *work)
{
    size_t parts = work->graph->node_count;

    for (size_t i = 0; i < work->graph->edge_count && parts <= GRAPH_PARTS_MAX; i++) {
        const GraphEdge *edge = &work->graph->edges[i];
        int64_t span = (int64_t)work->columns[edge->to] - (int64_t)work->columns[edge->from];
        parts += (size_t)llabs(span) + 1;
    }
    return parts <= GRAPH_PARTS_MAX;
}

static void slots_make(Work *work, const LayoutSize *node_sizes, const LayoutSize *label_sizes)
{
    const Graph *graph = work->graph;
    Layout *layout = work->layout;

    layout->nodes = arena_array(work->arena, LayoutSlot, graph->node_count);
    layout->paths = arena_array(work->arena, LayoutPath, graph->edge_count);
    for (uint32_t i = 0; i < graph->node_count; i++)
        layout->nodes[i] = (LayoutSlot){.node = i,
                                        .column = work->columns[i],
                                        .width = node_sizes[i].width,
                                        .height = node_sizes[i].height};
    for (size_t i = 0; i < graph->edge_count; i++) {
        layout->paths[i] = (LayoutPath){0};
        if (graph->edges[i].from != graph->edges[i].to)
            path_make(work, &layout->paths[i], &graph->edges[i], label_sizes[i]);
    }
}

typedef void SlotVisit(Layout *layout, LayoutSlot *slot);

static void column_count_slot(Layout *layout, LayoutSlot *slot)
{
    LayoutColumn *column = &layout->columns[slot->column];

    column->count++;
    if (column->width < slot->width)
        column->width = slot->width;
}

static void column_add_slot(Layout *layout, LayoutSlot *slot)
{
    LayoutColumn *column = &layout->columns[slot->column];

    slot->place = (uint32_t)column->count;
    column->slots[column->count++] = slot;
}

static void each_slot(const Work *work, SlotVisit *visit)
{
    Layout *layout = work->layout;

    for (size_t i = 0; i < work->graph->node_count; i++)
        visit(layout, &layout->nodes[i]);
    for (size_t i = 0; i < work->graph->edge_count; i++)
        for (size_t s = 1; s + 1 < layout->paths[i].count; s++)
            visit(layout, layout->paths[i].slots[s]);
}

static void columns_make(Work *work)
{
    Layout *layout = work->layout;
    double x = 0;

    for (size_t i = 0; i < work->graph->node_count; i++)
        if (layout->column_count <= work->columns[i])
            layout->column_count = work->columns[i] + 1;
    layout->columns = arena_array(work->arena, LayoutColumn, layout->column_count);
    for (size_t i = 0; i < layout->column_count; i++)
        layout->columns[i] = (LayoutColumn){0};
    each_slot(work, column_count_slot);
    for (size_t i = 0; i < layout->column_count; i++) {
        LayoutColumn *column = &layout->columns[i];
        column->slots = arena_array(work->arena, LayoutSlot *, column->count);
        column->count = 0;
        column->x = x;
        x += column->width + COLUMN_GAP;
    }
    each_slot(work, column_add_slot);
    layout->width = x > 0 ? x - COLUMN_GAP : 0;
}

/* ---- order ---- */

static int compare_wishes(const void *a, const void *b)
{
    const LayoutSlot *left = *(LayoutSlot *const *)a, *right = *(LayoutSlot *const *)b;

    if (left->wish != right->wish)
        return left->wish < right->wish ? -1 : 1;
    return left->place < right->place ? -1 : 1;
}

static void order_column(LayoutColumn *column, bool look_back)
{
    for (size_t i = 0; i < column->count; i++) {
        LayoutSlot *slot = column->slots[i];
        double sum = 0, count = 0;
        for (LayoutLink *l = look_back ? slot->before : slot->after; l != NULL; l = l->next) {
            sum += l->slot->place;
            count++;
        }
        slot->wish = count > 0 ? sum / count : slot->place;
    }
    if (column->count > 1)
        qsort(column->slots, column->count, sizeof column->slots[0], compare_wishes);
    for (size_t i = 0; i < column->count; i++)
        column->slots[i]->place = (uint32_t)i;
}

static void choose_order(Layout *layout)
{
    for (int sweep = 0; sweep < ORDER_SWEEPS; sweep++)
        for (size_t i = 0; i < layout->column_count; i++) {
            bool look_back = sweep % 2 == 0;
            order_column(&layout->columns[look_back ? i : layout->column_count - 1 - i], look_back);
        }
}

/* ---- places ---- */

typedef struct Cluster {
    double sum; /* of its slots' wishes, each less the room of those above it */
    size_t count;
} Cluster;

/* The places with the smallest sum of squared distances from the wishes that keep order and gaps:
 * slots that would overlap are joined and moved as one. */
static void place_column(const LayoutColumn *column, Cluster *clusters)
{
    double above = 0;
    size_t count = 0, at = 0;

    for (size_t i = 0; i < column->count; i++) {
        const LayoutSlot *slot = column->slots[i];
        clusters[count++] = (Cluster){slot->wish - above - slot->height / 2, 1};
        above += slot->height + SLOT_GAP;
        while (count > 1 && clusters[count - 2].sum * (double)clusters[count - 1].count >
                                clusters[count - 1].sum * (double)clusters[count - 2].count) {
            clusters[count - 2].sum += clusters[count - 1].sum;
            clusters[count - 2].count += clusters[count - 1].count;
            count--;
        }
    }
    above = 0;
    for (size_t c = 0; c < count; c++)
        for (size_t i = 0; i < clusters[c].count; i++) {
            LayoutSlot *slot = column->slots[at++];
            slot->y = clusters[c].sum / (double)clusters[c].count + above + slot->height / 2;
            above += slot->height + SLOT_GAP;
        }
}

static void add_places(const LayoutLink *link, double *sum, double *count)
{
    for (; link != NULL; link = link->next) {
        *sum += link->slot->y;
        (*count)++;
    }
}

static void choose_places(Work *work)
{
    Layout *layout = work->layout;
    Cluster *clusters = arena_array(work->arena, Cluster, GRAPH_PARTS_MAX);

    for (size_t i = 0; i < layout->column_count; i++)
        place_column(&layout->columns[i], clusters);
    for (int sweep = 0; sweep < PLACE_SWEEPS; sweep++)
        for (size_t i = 0; i < layout->column_count; i++) {
            LayoutColumn *column =
                &layout->columns[sweep % 2 == 0 ? i : layout->column_count - 1 - i];
            for (size_t s = 0; s < column->count; s++) {
                LayoutSlot *slot = column->slots[s];
                double sum = 0, count = 0;
                add_places(slot->before, &sum, &count);
                add_places(slot->after, &sum, &count);
                slot->wish = count > 0 ? sum / count : slot->y;
            }
            place_column(column, clusters);
        }
}

/* ---- ports ---- */

static int compare_places(const void *a, const void *b)
{
    const LayoutSlot *left = *(LayoutSlot *const *)a, *right = *(LayoutSlot *const *)b;

    return left->place < right->place ? -1 : left->place > right->place;
}

/* Lines meet a side of a node one below the other, in the order in which they come. */
static void spread_ports(const LayoutSlot *node, const LayoutLink *links, bool after,
                         LayoutSlot **waypoints)
{
    size_t count = 0;

    for (; links != NULL; links = links->next)
        waypoints[count++] = links->slot;
    if (count > 1)
        qsort(waypoints, count, sizeof waypoints[0], compare_places);
    for (size_t i = 0; i < count; i++) {
        double part = (double)(i + 1) / (double)(count + 1) - 0.5;
        double port = node->y + part * PORT_SPREAD * node->height;
        if (after)
            waypoints[i]->port_before = port;
        else
            waypoints[i]->port_after = port;
    }
}

static void choose_ports(Work *work)
{
    LayoutSlot **waypoints = arena_array(work->arena, LayoutSlot *, GRAPH_PARTS_MAX);

    for (size_t i = 0; i < work->graph->node_count; i++) {
        const LayoutSlot *node = &work->layout->nodes[i];
        spread_ports(node, node->after, true, waypoints);
        spread_ports(node, node->before, false, waypoints);
    }
}

/* Move everything so that the topmost begins at 0. */
static void move_to_top(Layout *layout)
{
    double top = 0, bottom = 0;
    bool any = false;

    for (size_t i = 0; i < layout->column_count; i++) {
        const LayoutColumn *column = &layout->columns[i];
        for (size_t s = 0; s < column->count; s++) {
            const LayoutSlot *slot = column->slots[s];
            if (!any || top > slot->y - slot->height / 2)
                top = slot->y - slot->height / 2;
            if (!any || bottom < slot->y + slot->height / 2)
                bottom = slot->y + slot->height / 2;
            any = true;
        }
    }
    for (size_t i = 0; i < layout->column_count; i++)
        for (size_t s = 0; s < layout->columns[i].count; s++)
            layout->columns[i].slots[s]->y -= top;
    layout->height = bottom - top;
}

bool graph_layout(const Graph *graph, const LayoutSize *node_sizes, const LayoutSize *label_sizes,
                  Arena *arena, Layout *ret)
{
    Work work = {.graph = graph,
                 .arena = arena,
                 .layout = ret,
                 .rank = arena_array(arena, uint32_t, graph->node_count),
                 .columns = arena_array(arena, uint32_t, graph->node_count)};

    *ret = (Layout){0};
    choose_columns(&work);
    if (!fits(&work))
        return false;
    slots_make(&work, node_sizes, label_sizes);
    columns_make(&work);
    choose_order(ret);
    choose_places(&work);
    move_to_top(ret);
    choose_ports(&work);
    return true;
}
