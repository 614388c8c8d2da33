/* ved graph: who tells whom what in a program, as a picture or as text that others draw. */
#include <string.h>

#include "cmd/ved/invocation.h"
#include "lang/graph.h"

static int graph_render(const Program *program, const char *format, Buffer *ret, Error *err)
{
    Arena arena = {0};
    Graph graph;
    int code = 0;

    graph_make(program, &arena, &graph);
    if (strcmp(format, "svg") == 0)
        code = graph_svg(&graph, ret, err);
    else if (strcmp(format, "dot") == 0)
        graph_dot(&graph, ret);
    else
        graph_mermaid(&graph, ret);
    arena_deinit(&arena);
    return code;
}

ExitReasons verb_graph(Ui *ui, const Options *options)
{
    cleanup(program_free) Program *program = NULL;
    cleanup(buffer_deinit) Buffer text = {0};
    const char *format = options->graph_format != NULL ? options->graph_format : "mermaid";
    Error err;

    if (options->arg_count != 1) {
        error_set(&err, ERROR_USAGE, "graph: expected one program, found %d: ved graph FILE",
                  options->arg_count);
        return fail(ui, &err);
    }
    if (program_read(ui, options->args[0], &program, &err) < 0)
        return fail(ui, &err);
    if (graph_render(program, format, &text, &err) < 0) {
        error_wrap(&err, "graph '%s'", options->args[0]);
        return fail(ui, &err);
    }
    ui_out(ui, "%s", buffer_text(&text));
    return 0;
}
