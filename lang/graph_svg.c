/* The graph as a picture.
 *
 *     column 0            1            2           3            4
 *     +----------+                 (event)                  +----------+
 *     | Database |--------------->(  Ready  )-------------->| App      |
 *     +----------+                                          +----------+
 *          \------- CreatePostgres -------> [ Infra ]
 *
 * Texts are measured as if every character had one width, which the fonts that are asked for keep.
 * Colours stand in classes, so that a dark screen can have others. */
#include <stdio.h>
#include <string.h>

#include "lang/graph_layout.h"

#define CHARACTER 7.3
#define LINE 17.0
#define PADDING 12.0
#define MARGIN 24.0
#define LEGEND_SAMPLE 34.0
#define TEXT_MAX 56  /* characters of a line */
#define LABELS_MAX 6 /* lines at an edge; what is more is counted */

static const char *const node_classes[] = {
#define NODE(id, letter, class_name, shape, open, close) class_name,
#include "lang/graph.def"
};

static const struct {
    const char *word, *class_name;
} edge_looks[] = {
#define EDGE(id, word, class_name, style, arrow) {word, class_name},
#include "lang/graph.def"
};

static const char style[] =
    "<style>\n"
    "text { font: 12px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; "
    "fill: #1b1f24; }\n"
    ".name { font-weight: bold; }\n"
    ".paper { fill: #ffffff; }\n"
    ".label { fill: #ffffff; }\n"
    ".domain { fill: #eaf2fd; stroke: #2f6fc4; }\n"
    ".event { fill: #fdf3dc; stroke: #a86f00; }\n"
    ".provider { fill: #e6f5ea; stroke: #2c7d47; }\n"
    ".idle { stroke-dasharray: 5 4; }\n"
    ".edge { fill: none; stroke-width: 1.5; }\n"
    ".broadcasts, .handled { stroke: #a86f00; }\n"
    ".sends, .spawns { stroke: #2f6fc4; stroke-width: 2; }\n"
    ".effects { stroke: #2c7d47; stroke-dasharray: 6 4; }\n"
    ".observes, .reports { stroke: #2c7d47; stroke-dasharray: 2 4; }\n"
    ".tip-broadcasts, .tip-handled { fill: #a86f00; }\n"
    ".tip-sends, .tip-spawns { fill: #2f6fc4; }\n"
    ".tip-effects, .tip-observes, .tip-reports { fill: #2c7d47; }\n"
    "@media (prefers-color-scheme: dark) {\n"
    "text { fill: #e6e9ee; }\n"
    ".paper { fill: #14171c; }\n"
    ".label { fill: #14171c; }\n"
    ".domain { fill: #17283f; stroke: #6ea8f0; }\n"
    ".event { fill: #372a10; stroke: #e0ac4a; }\n"
    ".provider { fill: #142f1e; stroke: #5fbf80; }\n"
    ".broadcasts, .handled { stroke: #e0ac4a; }\n"
    ".sends, .spawns { stroke: #6ea8f0; }\n"
    ".effects, .observes, .reports { stroke: #5fbf80; }\n"
    ".tip-broadcasts, .tip-handled { fill: #e0ac4a; }\n"
    ".tip-sends, .tip-spawns { fill: #6ea8f0; }\n"
    ".tip-effects, .tip-observes, .tip-reports { fill: #5fbf80; }\n"
    "}\n"
    "</style>\n";

typedef struct Picture {
    const Graph *graph;
    const Layout *layout;
    const char *const *receipts; /* by node: what it sends to itself, one line; NULL: nothing */
    Buffer *ret;
} Picture;

/* ---- text ---- */

static bool starts_character(char byte)
{
    return ((unsigned char)byte & 0xc0) != 0x80;
}

/* Characters from U+1000 on may be twice as wide. */
static size_t text_columns(const char *text)
{
    size_t columns = 0;

    for (; *text != '\0'; text++)
        if (starts_character(*text))
            columns += (unsigned char)*text >= 0xe1 ? 2 : 1;
    return columns;
}

/* Two characters that UTF-8 can say and XML cannot have: U+FFFE and U+FFFF. */
static bool is_no_xml(const char *text)
{
    return strncmp(text, "\xef\xbf\xbe", 3) == 0 || strncmp(text, "\xef\xbf\xbf", 3) == 0;
}

static void escape_character(Buffer *ret, const char *text, size_t size)
{
    switch (*text) {
    case '&':
        buffer_add_string(ret, "&amp;");
        return;
    case '<':
        buffer_add_string(ret, "&lt;");
        return;
    case '>':
        buffer_add_string(ret, "&gt;");
        return;
    case '"':
        buffer_add_string(ret, "&quot;");
        return;
    }
    if ((unsigned char)*text < ' ' || is_no_xml(text))
        buffer_add_char(ret, ' ');
    else
        buffer_add(ret, text, size);
}

/* At most so many columns of it. */
static void escape(Buffer *ret, const char *text, size_t columns_max)
{
    bool cut = text_columns(text) > columns_max;
    size_t columns = 0;

    while (*text != '\0') {
        size_t size = 1;
        while (text[size] != '\0' && !starts_character(text[size]))
            size++;
        columns += (unsigned char)*text >= 0xe1 ? 2 : 1;
        if (cut && columns >= columns_max) {
            buffer_add_string(ret, "\xe2\x80\xa6"); /* an ellipsis */
            return;
        }
        escape_character(ret, text, size);
        text += size;
    }
}

static double text_width(const char *text)
{
    size_t columns = text_columns(text);

    return CHARACTER * (double)(columns < TEXT_MAX ? columns : TEXT_MAX);
}

static void add_text(Buffer *ret, double x, double y, const char *class_name, const char *text)
{
    buffer_add_format(ret, "<text x=\"%.1f\" y=\"%.1f\"", x, y);
    if (class_name != NULL)
        buffer_add_format(ret, " class=\"%s\"", class_name);
    buffer_add_char(ret, '>');
    escape(ret, text, TEXT_MAX);
    buffer_add_string(ret, "</text>\n");
}

/* ---- sizes ---- */

static LayoutSize node_size(const GraphNode *node, const char *receipt)
{
    double width = text_width(node->name);
    size_t lines = 1 + node->detail_count + (receipt != NULL);

    for (size_t i = 0; i < node->detail_count; i++)
        if (width < text_width(node->details[i]))
            width = text_width(node->details[i]);
    if (receipt != NULL && width < text_width(receipt))
        width = text_width(receipt);
    return (LayoutSize){width + 2 * PADDING, LINE * (double)lines + PADDING};
}

static size_t lines_shown(const GraphEdge *edge)
{
    return edge->label_count <= LABELS_MAX ? edge->label_count : LABELS_MAX;
}

static LayoutSize label_size(const GraphEdge *edge)
{
    double width = 0;
    size_t lines = lines_shown(edge);

    if (lines == 0)
        return (LayoutSize){0};
    for (size_t i = 0; i < lines; i++)
        if (width < text_width(edge->labels[i]))
            width = text_width(edge->labels[i]);
    return (LayoutSize){width + PADDING, LINE * (double)lines + PADDING / 2};
}

/* A line would go from the node to itself; words in it say the same. */
static const char *receipt_make(Arena *arena, const GraphEdge *edge)
{
    const char *text = "sends itself";

    for (size_t i = 0; i < edge->label_count && strlen(text) <= TEXT_MAX; i++)
        text = arena_format(arena, "%s%s %s", text, i > 0 ? "," : "", edge->labels[i]);
    return text;
}

/* ---- edges ---- */

static void add_curve(Buffer *ret, double x0, double y0, double x1, double y1)
{
    double middle = (x0 + x1) / 2;

    buffer_add_format(ret, " C %.1f %.1f, %.1f %.1f, %.1f %.1f", middle, y0, middle, y1, x1, y1);
}

/* Where the edge leaves a column, and a slot in it; the other side is where it comes in. */
static double column_side(const LayoutColumn *column, bool right)
{
    return column->x + (right ? column->width : 0);
}

static double slot_side(const LayoutColumn *column, const LayoutSlot *slot, bool right)
{
    return column->x + (column->width + (right ? slot->width : -slot->width)) / 2;
}

/* Straight through each column, curved between them, from the edge's beginning to its end. */
static void add_path(const Picture *picture, const LayoutPath *path, const GraphEdge *edge)
{
    const LayoutColumn *columns = picture->layout->columns;
    const char *class_name = edge_looks[edge->kind].class_name;
    bool right = !path->backwards;
    Buffer *ret = picture->ret;
    const LayoutSlot *slot = path->slots[right ? 0 : path->count - 1];
    const LayoutColumn *column = &columns[slot->column];
    double y = right ? path->slots[1]->port_before : path->slots[path->count - 2]->port_after;
    double end = right ? path->slots[path->count - 2]->port_after : path->slots[1]->port_before;

    buffer_add_format(ret, "<path class=\"edge %s\" marker-end=\"url(#tip-%s)\" d=\"M %.1f %.1f",
                      class_name, class_name, slot_side(column, slot, right), y);
    for (size_t i = 1; i < path->count; i++) {
        double x = column_side(column, right);
        slot = path->slots[right ? i : path->count - 1 - i];
        column = &columns[slot->column];
        double next = i + 1 < path->count ? slot->y : end;
        buffer_add_format(ret, " L %.1f %.1f", x, y);
        add_curve(ret, x, y, column_side(column, !right), next);
        y = next;
    }
    buffer_add_format(ret, " L %.1f %.1f\"/>\n", slot_side(column, slot, !right), y);
}

static void add_labels(const Picture *picture, const LayoutPath *path, const GraphEdge *edge)
{
    const LayoutSlot *slot = path->slots[1];
    const LayoutColumn *column = &picture->layout->columns[slot->column];
    double x = column->x + (column->width - slot->width) / 2, y = slot->y - slot->height / 2;
    size_t lines = lines_shown(edge);
    char more[48];

    buffer_add_format(picture->ret,
                      "<rect class=\"label\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                      "height=\"%.1f\" rx=\"4\"/>\n",
                      x, y, slot->width, slot->height);
    for (size_t i = 0; i < lines; i++) {
        const char *text = edge->labels[i];
        if (i + 1 == lines && edge->label_count > lines) {
            snprintf(more, sizeof more, "+%zu", edge->label_count - i);
            text = more;
        }
        add_text(picture->ret, x + PADDING / 2, y + LINE * ((double)i + 1) - 1, NULL, text);
    }
}

static void add_edges(const Picture *picture)
{
    const Graph *graph = picture->graph;
    const Layout *layout = picture->layout;

    for (size_t i = 0; i < graph->edge_count; i++)
        if (layout->paths[i].count > 0)
            add_path(picture, &layout->paths[i], &graph->edges[i]);
    for (size_t i = 0; i < graph->edge_count; i++)
        if (layout->paths[i].count > 0 && graph->edges[i].label_count > 0)
            add_labels(picture, &layout->paths[i], &graph->edges[i]);
}

/* ---- nodes ---- */

static double corner_radius(const GraphNode *node, double height)
{
    switch (node->kind) {
    case GRAPH_DOMAIN:
        return 6;
    case GRAPH_EVENT:
        return height < 24 ? height / 2 : 12;
    case GRAPH_PROVIDER:
        return 0;
    }
    return 0;
}

/* With all of its text for those who point at it: in the box long lines are cut. */
static void add_node(const Picture *picture, uint32_t index)
{
    const GraphNode *node = &picture->graph->nodes[index];
    const LayoutSlot *slot = &picture->layout->nodes[index];
    const LayoutColumn *column = &picture->layout->columns[slot->column];
    double x = column->x + (column->width - slot->width) / 2, y = slot->y - slot->height / 2;
    Buffer *ret = picture->ret;
    double line = y + LINE;

    buffer_add_string(ret, "<g>\n<title>");
    escape(ret, node->name, SIZE_MAX);
    buffer_add_string(ret, node->idle ? " (not started)" : "");
    for (size_t i = 0; i < node->detail_count; i++) {
        buffer_add_char(ret, '\n');
        escape(ret, node->details[i], SIZE_MAX);
    }
    buffer_add_format(ret,
                      "</title>\n<rect class=\"%s%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                      "height=\"%.1f\" rx=\"%.1f\"/>\n",
                      node_classes[node->kind], node->idle ? " idle" : "", x, y, slot->width,
                      slot->height, corner_radius(node, slot->height));
    add_text(ret, x + PADDING, line, "name", node->name);
    for (size_t i = 0; i < node->detail_count; i++)
        add_text(ret, x + PADDING, line += LINE, NULL, node->details[i]);
    if (picture->receipts[index] != NULL)
        add_text(ret, x + PADDING, line + LINE, NULL, picture->receipts[index]);
    buffer_add_string(ret, "</g>\n");
}

/* ---- the whole ---- */

static void add_tips(Buffer *ret)
{
    buffer_add_string(ret, "<defs>\n");
    for (int kind = 0; kind < GRAPH_EDGE_KINDS; kind++)
        buffer_add_format(ret,
                          "<marker id=\"tip-%s\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" "
                          "markerWidth=\"9\" markerHeight=\"9\" markerUnits=\"userSpaceOnUse\" "
                          "orient=\"auto\"><path class=\"tip-%s\" d=\"M 0 0 L 10 5 "
                          "L 0 10 z\"/></marker>\n",
                          edge_looks[kind].class_name, edge_looks[kind].class_name);
    buffer_add_string(ret, "</defs>\n");
}

static double legend_step(int kind)
{
    return LEGEND_SAMPLE + text_width(edge_looks[kind].word) + 3 * PADDING;
}

static bool has_edges(const Graph *graph, int kind)
{
    for (size_t i = 0; i < graph->edge_count; i++)
        if ((int)graph->edges[i].kind == kind && graph->edges[i].from != graph->edges[i].to)
            return true;
    return false;
}

/* What the lines mean, for those that there are; 0: there are none. */
static double legend_width(const Graph *graph)
{
    double width = 0;

    for (int kind = 0; kind < GRAPH_EDGE_KINDS; kind++)
        if (has_edges(graph, kind))
            width += legend_step(kind);
    return width;
}

static void add_legend(const Picture *picture, double y)
{
    Buffer *ret = picture->ret;
    double x = 0;

    for (int kind = 0; kind < GRAPH_EDGE_KINDS; kind++) {
        const char *class_name = edge_looks[kind].class_name;
        if (!has_edges(picture->graph, kind))
            continue;
        buffer_add_format(ret,
                          "<path class=\"edge %s\" marker-end=\"url(#tip-%s)\" "
                          "d=\"M %.1f %.1f L %.1f %.1f\"/>\n",
                          class_name, class_name, x, y, x + LEGEND_SAMPLE, y);
        add_text(ret, x + LEGEND_SAMPLE + PADDING, y + 4, NULL, edge_looks[kind].word);
        x += legend_step(kind);
    }
}

static void add_picture(const Picture *picture)
{
    const Layout *layout = picture->layout;
    Buffer *ret = picture->ret;
    double legend = legend_width(picture->graph);
    double width = layout->width > legend ? layout->width : legend;
    double height = layout->height + (legend > 0 ? MARGIN + LINE : 0);

    buffer_add_format(ret,
                      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
                      "viewBox=\"%.1f %.1f %.1f %.1f\" role=\"img\">\n"
                      "<title>Domains, events and providers</title>\n%s",
                      width + 2 * MARGIN, height + 2 * MARGIN, -MARGIN, -MARGIN, width + 2 * MARGIN,
                      height + 2 * MARGIN, style);
    add_tips(ret);
    buffer_add_format(ret,
                      "<rect class=\"paper\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                      "height=\"%.1f\"/>\n",
                      -MARGIN, -MARGIN, width + 2 * MARGIN, height + 2 * MARGIN);
    add_edges(picture);
    for (uint32_t i = 0; i < picture->graph->node_count; i++)
        add_node(picture, i);
    add_legend(picture, layout->height + MARGIN + LINE / 2);
    buffer_add_string(ret, "</svg>\n");
}

static int picture_make(const Graph *graph, Arena *arena, Buffer *ret, Error *err)
{
    LayoutSize *nodes = arena_array(arena, LayoutSize, graph->node_count);
    LayoutSize *labels = arena_array(arena, LayoutSize, graph->edge_count);
    const char **receipts = arena_array(arena, const char *, graph->node_count);
    Layout layout;

    for (size_t i = 0; i < graph->node_count; i++)
        receipts[i] = NULL;
    for (size_t i = 0; i < graph->edge_count; i++) {
        labels[i] = label_size(&graph->edges[i]);
        if (graph->edges[i].from == graph->edges[i].to)
            receipts[graph->edges[i].from] = receipt_make(arena, &graph->edges[i]);
    }
    for (size_t i = 0; i < graph->node_count; i++)
        nodes[i] = node_size(&graph->nodes[i], receipts[i]);
    if (!graph_layout(graph, nodes, labels, arena, &layout))
        return error_set(err, ERROR_USAGE,
                         "the picture would have more than %d parts: expected a smaller program, "
                         "or --format dot for a program that draws large ones",
                         GRAPH_PARTS_MAX);
    add_picture(&(Picture){graph, &layout, receipts, ret});
    return 0;
}

int graph_svg(const Graph *graph, Buffer *ret, Error *err)
{
    Arena arena = {0};
    int code = picture_make(graph, &arena, ret, err);

    arena_deinit(&arena);
    return code;
}
