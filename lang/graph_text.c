/* The graph in the languages of Graphviz and Mermaid. */
#include <string.h>

#include "lang/graph.h"

static const struct {
    const char *letter, *shape, *open, *close;
} node_looks[] = {
#define NODE(id, letter, class_name, shape, open, close) {letter, shape, open, close},
#include "lang/graph.def"
};

static const struct {
    const char *word, *style, *arrow;
} edge_looks[] = {
#define EDGE(id, word, class_name, style, arrow) {word, style, arrow},
#include "lang/graph.def"
};

typedef void Escape(Buffer *ret, const char *text);

static void add_node_name(Buffer *ret, const Graph *graph, uint32_t index)
{
    buffer_add_format(ret, "%s%u", node_looks[graph->nodes[index].kind].letter, index);
}

/* Labels of an edge, or without any what it is. */
static void add_label(Buffer *ret, const GraphEdge *edge, Escape *escape)
{
    if (edge->label_count == 0)
        buffer_add_string(ret, edge_looks[edge->kind].word);
    for (size_t i = 0; i < edge->label_count; i++) {
        buffer_add_string(ret, i > 0 ? ", " : "");
        escape(ret, edge->labels[i]);
    }
}

/* ---- DOT ---- */

static void escape_dot(Buffer *ret, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            buffer_add_char(ret, '\\');
        buffer_add_char(ret, (unsigned char)*text < ' ' ? ' ' : *text);
    }
}

static void add_dot_node(Buffer *ret, const Graph *graph, uint32_t index)
{
    const GraphNode *node = &graph->nodes[index];

    buffer_add_string(ret, "    ");
    add_node_name(ret, graph, index);
    buffer_add_format(ret, " [shape=%s%s, label=\"", node_looks[node->kind].shape,
                      node->idle ? ", style=dashed" : "");
    escape_dot(ret, node->name);
    for (size_t i = 0; i < node->detail_count; i++) {
        buffer_add_string(ret, "\\n");
        escape_dot(ret, node->details[i]);
    }
    buffer_add_string(ret, "\"];\n");
}

void graph_dot(const Graph *graph, Buffer *ret)
{
    buffer_add_string(ret, "digraph ved {\n    rankdir=LR;\n");
    for (uint32_t i = 0; i < graph->node_count; i++)
        add_dot_node(ret, graph, i);
    for (size_t i = 0; i < graph->edge_count; i++) {
        const GraphEdge *edge = &graph->edges[i];
        buffer_add_string(ret, "    ");
        add_node_name(ret, graph, edge->from);
        buffer_add_string(ret, " -> ");
        add_node_name(ret, graph, edge->to);
        buffer_add_format(ret, " [style=%s, label=\"", edge_looks[edge->kind].style);
        add_label(ret, edge, escape_dot);
        buffer_add_string(ret, "\"];\n");
    }
    buffer_add_string(ret, "}\n");
}

/* ---- Mermaid ---- */

/* Its quoted texts are HTML, with # instead of & before a character's name or number. */
static void escape_mermaid(Buffer *ret, const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ')
            buffer_add_char(ret, ' ');
        else if (strchr("\"#&<>`\\", *text) != NULL)
            buffer_add_format(ret, "#%d;", *text);
        else
            buffer_add_char(ret, *text);
    }
}

static void add_mermaid_node(Buffer *ret, const Graph *graph, uint32_t index)
{
    const GraphNode *node = &graph->nodes[index];

    buffer_add_string(ret, "    ");
    add_node_name(ret, graph, index);
    buffer_add_format(ret, "%s\"", node_looks[node->kind].open);
    escape_mermaid(ret, node->name);
    for (size_t i = 0; i < node->detail_count; i++) {
        buffer_add_string(ret, "<br/>");
        escape_mermaid(ret, node->details[i]);
    }
    buffer_add_format(ret, "\"%s\n", node_looks[node->kind].close);
    if (node->idle) {
        buffer_add_string(ret, "    style ");
        add_node_name(ret, graph, index);
        buffer_add_string(ret, " stroke-dasharray: 5 5\n");
    }
}

void graph_mermaid(const Graph *graph, Buffer *ret)
{
    buffer_add_string(ret, "flowchart LR\n");
    for (uint32_t i = 0; i < graph->node_count; i++)
        add_mermaid_node(ret, graph, i);
    for (size_t i = 0; i < graph->edge_count; i++) {
        const GraphEdge *edge = &graph->edges[i];
        buffer_add_string(ret, "    ");
        add_node_name(ret, graph, edge->from);
        buffer_add_format(ret, " %s|\"", edge_looks[edge->kind].arrow);
        add_label(ret, edge, escape_mermaid);
        buffer_add_string(ret, "\"| ");
        add_node_name(ret, graph, edge->to);
        buffer_add_char(ret, '\n');
    }
}
