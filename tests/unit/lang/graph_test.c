#include "lang/graph.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "lang/graph_layout.h"

/* A shape of everything there is, both ways round. */
static const char busy[] =
    "domain Gateway {\n"
    "state { up: bool routes: int mark: string = \"]]>\" }\n"
    "goal Up { predicate up == true && routes < 3 && mark != \"<b a='1'>\\\\ "
    "\xc3\xa9\xe6\xbc\xa2\" }\n"
    "on Event::Ready { routes += 1 }\n"
    "transition Start { emit Cloud.CreateGateway(name: \"g\") emit CreateDns(name: \"d\")\n"
    "up = true mark = \"x\" }\n"
    "transition Again { send self Start() send Billing Charge(1) send Billing Charge(2) } }\n"
    "domain Billing { state { total: int ready: bool }\n"
    "goal Ready { predicate ready == true }\n"
    "transition Charge(by: int) { total += by send Gateway Start() send_high Gateway Again() }\n"
    "transition Open { emit Cloud.CreateGateway(name: \"h\") emit Broadcast(Event::Ready) ready = "
    "true\n"
    "if total < 0 { emit Broadcast(Event::Ready) } } }\n"
    "domain Idle { state { n: int } transition T { n += 1 } }\n"
    "system Main { start domain Gateway start domain Billing }\n";

typedef struct Drawn {
    Program *program;
    Arena arena;
    Graph graph;
} Drawn;

static void drawn_deinit(Drawn *drawn)
{
    arena_deinit(&drawn->arena);
    program_free(drawn->program);
}
#define drawn_deinit_p drawn_deinit

static Drawn drawn_text(const char *text, size_t size)
{
    Drawn drawn = {.program = program_compile("stack.ved", text, size)};

    cr_assert(drawn.program->valid);
    graph_make(drawn.program, &drawn.arena, &drawn.graph);
    return drawn;
}

static Drawn drawn_file(const char *path)
{
    cleanup(buffer_deinit) Buffer text = {0};
    Error err;

    cr_assert_eq(file_read(path, SOURCE_SIZE_MAX, &text, &err), 0, "%s", err.message);
    return drawn_text(buffer_text(&text), text.size);
}

/* One line for each edge: "Ring sends Peer: Pong". */
static char *edges_of(const Graph *graph)
{
    static const char *const words[] = {
#define EDGE(id, word, class_name, style, arrow) word,
#include "lang/graph.def"
    };
    Buffer text = {0};

    for (size_t i = 0; i < graph->edge_count; i++) {
        const GraphEdge *edge = &graph->edges[i];
        buffer_add_format(&text, "%s %s %s", graph->nodes[edge->from].name, words[edge->kind],
                          graph->nodes[edge->to].name);
        for (size_t l = 0; l < edge->label_count; l++)
            buffer_add_format(&text, "%s %s", l == 0 ? ":" : ",", edge->labels[l]);
        buffer_add_char(&text, '\n');
    }
    return buffer_take(&text);
}

static void expect_edges(const Graph *graph, const char *expected)
{
    cleanup(free) char *found = edges_of(graph);

    cr_expect_str_eq(found, expected);
}

/* ---- edges ---- */

Test(graph, compact_program_tells_of_the_database_by_an_event)
{
    cleanup(drawn_deinit) Drawn drawn = drawn_file("e2e/fixtures/compact.ved");
    const Graph *graph = &drawn.graph;

    cr_assert_eq(graph->node_count, 4);
    cr_expect_eq(graph->nodes[0].kind, GRAPH_DOMAIN);
    cr_assert_eq(graph->nodes[0].detail_count, 1);
    cr_expect_str_eq(graph->nodes[0].details[0], "Ready: status == \"ready\"");
    cr_expect_eq(graph->nodes[2].kind, GRAPH_EVENT);
    cr_expect_eq(graph->nodes[3].kind, GRAPH_PROVIDER);
    expect_edges(graph, "Database broadcasts DatabaseReady\n"
                        "DatabaseReady handled by App\n"
                        "Database asks for Infra: CreatePostgres\n"
                        "App asks for Infra: StartAppContainer\n");
}

Test(graph, explicit_program_sends_messages)
{
    cleanup(drawn_deinit) Drawn drawn = drawn_file("tests/golden/explicit.ved");

    expect_edges(&drawn.graph, "Ring sends Peer: Pong\n");
}

Test(graph, instances_facts_and_reports_are_drawn)
{
    static const char text[] =
        "domain Fleet {\n"
        "    state { up: bool }\n"
        "    goal Up { predicate up && Infra.reachable(\"yard\") }\n"
        "    every 5m { up = false }\n"
        "    on Infra.lost(r) { up = false }\n"
        "    transition Launch { spawn Ship[\"a\"] send Ship[\"a\"] Sail() up = true }\n"
        "}\n"
        "domain Ship[name: string] {\n"
        "    state { out: bool }\n"
        "    on message Sail() { out = true release Infra.Anchor(name: name) }\n"
        "    transition Boot { emit Infra.Anchor(name: name) }\n"
        "}\n";
    cleanup(drawn_deinit) Drawn drawn = drawn_text(text, strlen(text));

    cr_expect_str_eq(drawn.graph.nodes[1].name, "Ship[name]");
    cr_expect_str_eq(drawn.graph.nodes[0].details[1], "every 5m");
    expect_edges(&drawn.graph, "Infra reports to Fleet: lost\n"
                               "Fleet sends Ship[name]: Sail\n"
                               "Fleet spawns Ship[name]\n"
                               "Ship[name] asks for Infra: Anchor, release Anchor\n"
                               "Fleet observes Infra: reachable\n");
}

Test(graph, what_goes_the_same_way_is_one_edge_with_each_label_once)
{
    cleanup(drawn_deinit) Drawn drawn = drawn_text(busy, strlen(busy));

    expect_edges(&drawn.graph, "Billing broadcasts Ready\n"
                               "Ready handled by Gateway\n"
                               "Gateway sends Gateway: Start\n"
                               "Gateway sends Billing: Charge\n"
                               "Billing sends Gateway: Start, Again\n"
                               "Gateway asks for Cloud: CreateGateway\n"
                               "Gateway asks for any provider: CreateDns\n"
                               "Billing asks for Cloud: CreateGateway\n");
    cr_expect(drawn.graph.nodes[2].idle);
    cr_expect_not(drawn.graph.nodes[0].idle);
}

Test(graph, a_use_is_recorded_once_however_often_event_types_are_looked_for)
{
    static const char text[] =
        "domain A { state { n: int } transition T { let r = emit P.Get() n += 1\n"
        "emit Broadcast(Event::One(x: r)) } }\n"
        "domain B { on Event::One(x) { emit Broadcast(Event::Two(y: x)) send C Take } }\n"
        "domain C { state { n: int } on Event::Two(y) { n += 1 } transition Take { n += 1 } }\n";
    cleanup(drawn_deinit) Drawn drawn = drawn_text(text, strlen(text));

    cr_expect_eq(drawn.program->broadcast_count, 2);
    cr_expect_eq(drawn.program->message_count, 1);
    cr_expect_eq(drawn.program->messages[0].receiver, 2);
}

/* ---- text formats ---- */

Test(graph, dot_quotes_what_it_must)
{
    cleanup(drawn_deinit) Drawn drawn = drawn_text(busy, strlen(busy));
    cleanup(buffer_deinit) Buffer text = {0};

    graph_dot(&drawn.graph, &text);
    cr_expect_not_null(strstr(buffer_text(&text), "mark != \\\"<b a='1'>\\\\\\\\ "));
    cr_expect_not_null(strstr(buffer_text(&text), "d2 [shape=box, style=dashed, label=\"Idle\"];"));
    cr_expect_not_null(
        strstr(buffer_text(&text), "d1 -> d0 [style=bold, label=\"Start, Again\"];"));
    cr_expect_eq(strncmp(buffer_text(&text), "digraph ved {\n", 14), 0);
    cr_expect_str_eq(buffer_text(&text) + text.size - 2, "}\n");
}

Test(graph, mermaid_quotes_what_it_must)
{
    cleanup(drawn_deinit) Drawn drawn = drawn_text(busy, strlen(busy));
    cleanup(buffer_deinit) Buffer text = {0};

    graph_mermaid(&drawn.graph, &text);
    cr_expect_not_null(strstr(buffer_text(&text), "mark != #34;#60;b a='1'#62;#92;#92; "));
    cr_expect_not_null(strstr(buffer_text(&text), "    d1 ==>|\"Start, Again\"| d0\n"));
    cr_expect_not_null(strstr(buffer_text(&text), "    style d2 stroke-dasharray: 5 5\n"));
}

/* ---- the picture ---- */

/* Whether `at` begins one of the entities that may stand in text. */
static bool is_entity(const char *at)
{
    static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;"};

    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (strncmp(at, known[i], strlen(known[i])) == 0)
            return true;
    return false;
}

/* Past the tag's name and attributes, each with a value in quotes. */
static const char *tag_end(const char *at)
{
    while (isalnum((unsigned char)*at))
        at++;
    while (*at == ' ') {
        at++;
        while (isalnum((unsigned char)*at) || *at == '-')
            at++;
        cr_assert_eq(strncmp(at, "=\"", 2), 0, "an attribute without value: %.40s", at);
        at += 2;
        while (*at != '"') {
            cr_assert(*at != '\0' && *at != '<' && *at != '&', "a broken value: %.40s", at);
            at++;
        }
        at++;
    }
    return at;
}

/* Every tag is closed in the order in which they were opened, and texts have no bare signs. Returns
 * how many elements there are. */
static size_t elements_of(const char *at)
{
    const char *open[16];
    size_t depth = 0, count = 0;

    cr_assert_eq(strncmp(at, "<svg ", 5), 0);
    for (; *at != '\0'; at++) {
        if (*at != '<') {
            cr_assert(*at == '\n' || depth > 0, "text outside: %.40s", at);
            cr_assert(*at != '>' && (*at != '&' || is_entity(at)), "a bare sign: %.40s", at);
            cr_assert((unsigned char)*at >= ' ' || *at == '\n', "a control character");
        } else if (at[1] == '/') {
            cr_assert_gt(depth, (size_t)0);
            size_t size = strcspn(open[--depth], " >");
            cr_assert_eq(strncmp(at + 2, open[depth], size), 0, "closes another: %.40s", at);
            at += 2 + size;
            cr_assert_eq(*at, '>', "%.40s", at);
        } else {
            cr_assert_lt(depth, ARRAY_SIZE(open));
            open[depth++] = at + 1;
            count++;
            at = tag_end(at + 1);
            if (*at == '/') {
                at++;
                depth--;
            }
            cr_assert_eq(*at, '>', "%.40s", at);
        }
    }
    cr_assert_eq(depth, (size_t)0, "%zu elements are open at the end", depth);
    return count;
}

static void render(const Graph *graph, Buffer *ret)
{
    Error err = {0};

    cr_assert_eq(graph_svg(graph, ret, &err), 0, "%s", err.message);
}

Test(graph, svg_is_well_formed_and_has_each_node_and_line)
{
    static const char *const files[] = {"e2e/fixtures/compact.ved", "tests/golden/explicit.ved",
                                        "tests/golden/goal_with_all_parts.ved",
                                        "tests/golden/sends_in_every_spelling.ved",
                                        "tests/golden/empty.ved"};

    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        cleanup(drawn_deinit) Drawn drawn = drawn_file(files[i]);
        cleanup(buffer_deinit) Buffer text = {0};
        render(&drawn.graph, &text);
        cr_expect_gt(elements_of(buffer_text(&text)), drawn.graph.node_count, "%s", files[i]);
    }
}

static size_t times(const char *text, const char *part)
{
    size_t count = 0;

    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        count++;
    return count;
}

Test(graph, svg_escapes_texts_and_draws_every_edge_but_those_to_itself)
{
    cleanup(drawn_deinit) Drawn drawn = drawn_text(busy, strlen(busy));
    cleanup(buffer_deinit) Buffer text = {0};

    render(&drawn.graph, &text);
    elements_of(buffer_text(&text));
    /* seven lines, and four samples of them below */
    cr_expect_eq(times(buffer_text(&text), "<path class=\"edge "), (size_t)11);
    cr_expect_eq(times(buffer_text(&text), "<g>"), drawn.graph.node_count);
    cr_expect_not_null(strstr(buffer_text(&text), "&lt;b a='1'&gt;"));
    cr_expect_not_null(strstr(buffer_text(&text), ">sends itself Start</text>"));
    cr_expect_not_null(strstr(buffer_text(&text), "Idle (not started)</title>"));
    cr_expect_not_null(strstr(buffer_text(&text), "prefers-color-scheme: dark"));
}

Test(graph, one_program_is_always_the_same_picture)
{
    cleanup(drawn_deinit) Drawn first = drawn_text(busy, strlen(busy));
    cleanup(drawn_deinit) Drawn second = drawn_text(busy, strlen(busy));
    cleanup(buffer_deinit) Buffer one = {0}, other = {0};

    render(&first.graph, &one);
    render(&second.graph, &other);
    cr_expect_str_eq(buffer_text(&one), buffer_text(&other));
}

Test(graph, long_texts_are_cut_between_characters)
{
    Buffer source = {0};

    buffer_add_string(&source, "domain D { state { s: string = \"\" }\ngoal G { predicate s != \"");
    for (int i = 0; i < 100; i++)
        buffer_add_string(&source, "\xc3\xa9");
    buffer_add_string(&source, "\" }\ntransition T { s = \"x\" } }");
    cleanup(drawn_deinit) Drawn drawn = drawn_text(buffer_text(&source), source.size);
    cleanup(buffer_deinit) Buffer text = {0};
    render(&drawn.graph, &text);
    buffer_deinit(&source);
    cr_expect_not_null(strstr(buffer_text(&text), "\xc3\xa9\xe2\x80\xa6</text>"));
    cr_expect_eq(times(buffer_text(&text), "\xc3\xa9"), (size_t)(100 + 55 - strlen("G: s != \"")));
}

/* Whether `name` sends to `next` in a row of so many domains. */
static Drawn drawn_row(size_t count)
{
    Buffer text = {0};

    for (size_t i = 0; i < count; i++)
        buffer_add_format(&text, "domain D%zu { transition T { send D%zu T } }\n", i,
                          i + 1 < count ? i + 1 : 0);
    Drawn drawn = drawn_text(buffer_text(&text), text.size);
    buffer_deinit(&text);
    return drawn;
}

Test(graph, a_picture_of_too_many_parts_is_refused)
{
    cleanup(drawn_deinit) Drawn large = drawn_row(6000);
    cleanup(drawn_deinit) Drawn fits = drawn_row(2000);
    cleanup(buffer_deinit) Buffer text = {0};
    Error err = {0};

    cr_expect_eq(graph_svg(&large.graph, &text, &err), ERROR_USAGE);
    cr_expect_eq(text.size, (size_t)0);
    cr_expect_not_null(strstr(err.message, "20000"));
    cr_expect_eq(graph_svg(&fits.graph, &text, &err), 0);
}

/* ---- layout ---- */

static void expect_apart(const Layout *layout)
{
    for (size_t c = 0; c < layout->column_count; c++) {
        const LayoutColumn *column = &layout->columns[c];
        if (c > 0)
            cr_expect_gt(column->x, column[-1].x + column[-1].width);
        for (size_t s = 0; s < column->count; s++) {
            const LayoutSlot *slot = column->slots[s];
            cr_expect_leq(slot->width, column->width);
            cr_expect_geq(slot->y - slot->height / 2, -0.001);
            cr_expect_leq(slot->y + slot->height / 2, layout->height + 0.001);
            if (s > 0)
                cr_expect_gt(slot->y - slot->height / 2,
                             column->slots[s - 1]->y + column->slots[s - 1]->height / 2);
        }
    }
}

Test(graph_layout, nothing_overlaps_and_every_line_goes_to_the_right)
{
    cleanup(drawn_deinit) Drawn drawn = drawn_text(busy, strlen(busy));
    const Graph *graph = &drawn.graph;
    LayoutSize nodes[16], labels[16];
    Layout layout;

    cr_assert(graph->node_count <= ARRAY_SIZE(nodes) && graph->edge_count <= ARRAY_SIZE(labels));
    for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
        nodes[i] = (LayoutSize){50 + 10 * (double)i, 20 + 7 * (double)i};
        labels[i] = (LayoutSize){30, i % 2 == 0 ? 17 : 0};
    }
    cr_assert(graph_layout(graph, nodes, labels, &drawn.arena, &layout));
    expect_apart(&layout);
    for (size_t i = 0; i < graph->edge_count; i++) {
        const LayoutPath *path = &layout.paths[i];
        const GraphEdge *edge = &graph->edges[i];
        cr_expect_eq(path->count == 0, edge->from == edge->to);
        for (size_t s = 1; s < path->count; s++)
            cr_expect_eq(path->slots[s]->column, path->slots[s - 1]->column + 1);
        if (path->count > 0)
            cr_expect_eq(path->slots[path->backwards ? path->count - 1 : 0]->node, edge->from);
    }
}
