/* ved inspect: what of a state matches an expression. */
#include <stdlib.h>
#include <string.h>

#include "cmd/ved/invocation.h"
#include "cmd/ved/rows.h"
#include "controller/host/query.h"
#include "lang/base/memory.h"

/* Every member that rows of any kind have. */
static const QueryMember members[] = {
    {"kind", QUERY_STRING},     {"domain", QUERY_STRING},
    {"key", QUERY_STRING},      {"name", QUERY_STRING},
    {"address", QUERY_STRING},  {"lifecycle", QUERY_STRING},
    {"status", QUERY_STRING},   {"predicate", QUERY_STRING},
    {"reason", QUERY_STRING},   {"effect", QUERY_STRING},
    {"type", QUERY_STRING},     {"uid", QUERY_STRING},
    {"provider", QUERY_STRING}, {"external_id", QUERY_STRING},
    {"verb", QUERY_STRING},     {"op", QUERY_STRING},
    {"from", QUERY_STRING},     {"fact", QUERY_STRING},
    {"query", QUERY_STRING},    {"id", QUERY_INT},
    {"mailbox", QUERY_INT},     {"attempts", QUERY_INT},
    {"rank", QUERY_INT},        {"priority", QUERY_INT},
    {"high", QUERY_BOOL},       {"state", QUERY_ANY},
    {"goals", QUERY_ANY},       {"inputs", QUERY_ANY},
    {"outputs", QUERY_ANY},     {"arguments", QUERY_ANY},
    {"value", QUERY_ANY},
};

/* What a message is for is its type: `kind` says that it is one. */
static void row_name(Json *row, const RowKind *kind)
{
    Json *former = json_detach(row, "kind");

    if (former != NULL)
        json_set(row, "type", former);
    json_set_string(row, "kind", kind->one);
}

static Json *rows_matching(const Runtime *runtime, RowKindId kind, const Query *query)
{
    cleanup(json_free) Json *rows = rows_make(runtime, kind);
    Json *matching = json_new_array();

    for (Json *row = json_first(rows); row != NULL; row = json_next(row)) {
        row_name(row, &row_kinds[kind]);
        if (query == NULL || query_matches(query, row))
            json_append(matching, json_copy(row));
    }
    return matching;
}

static void print_lines(Ui *ui, const Json *rows)
{
    for (const Json *row = json_first(rows); row != NULL; row = json_next(row)) {
        cleanup(free) char *text = json_text(row);
        ui_out(ui, "%s\n", text);
    }
}

static void print_table(Ui *ui, const RowKind *kind, const Json *rows)
{
    const char *columns[DOCUMENT_COLUMNS_MAX];

    for (size_t i = 0; i < DOCUMENT_COLUMNS_MAX; i++)
        columns[i] = kind->columns[i] != NULL && strcmp(kind->columns[i], "kind") == 0
                         ? "type"
                         : kind->columns[i];
    document_table(ui, columns, rows);
}

/* A table for each kind that there is any of. */
static void print_tables(Ui *ui, const Runtime *runtime, const Query *query)
{
    bool first = true;

    for (RowKindId kind = 0; kind < ROW_KIND_COUNT; kind++) {
        cleanup(json_free) Json *rows = rows_matching(runtime, kind, query);
        if (json_count(rows) == 0)
            continue;
        if (!first)
            ui_out(ui, "\n");
        first = false;
        print_table(ui, &row_kinds[kind], rows);
    }
}

static Json *rows_of_all(const Runtime *runtime, const Query *query)
{
    Json *all = json_new_array();

    for (RowKindId kind = 0; kind < ROW_KIND_COUNT; kind++) {
        cleanup(json_free) Json *rows = rows_matching(runtime, kind, query);
        for (const Json *row = json_first(rows); row != NULL; row = json_next(row))
            json_append(all, json_copy(row));
    }
    return all;
}

static void inspect(Ui *ui, const Options *options, const Runtime *runtime, const Query *query)
{
    bool document = document_is_wanted(options, "json") || document_is_wanted(options, "yaml");

    if (!document && !options->json) {
        print_tables(ui, runtime, query);
        return;
    }
    cleanup(json_free) Json *rows = rows_of_all(runtime, query);
    if (document)
        document_print_wanted(ui, options, rows);
    else
        print_lines(ui, rows);
}

ExitReasons verb_inspect(Ui *ui, const Options *options)
{
    cleanup(invocation_close) Invocation invocation = {0};
    cleanup(query_free) Query *query = NULL;
    const char *file = options->arg_count > 0 ? options->args[0] : NULL;
    Error err = {0};

    if (options->arg_count > 1) {
        error_set(&err, ERROR_USAGE,
                  "inspect: expected at most one program: ved inspect [FILE] --query EXPR");
        return fail(ui, &err);
    }
    if (options->query != NULL &&
        query_new(options->query, members, ARRAY_SIZE(members), &query, &err) < 0)
        return fail(ui, &err);
    if (invocation_open_state(&invocation, ui, options, file, INVOCATION_LOOK, &err) < 0)
        return fail(ui, &err);
    rows_prepare(invocation.stack->runtime);
    inspect(ui, options, invocation.stack->runtime, query);
    return 0;
}
