/* What is in a state, as rows of JSON: the same for tables, documents and queries. */
#ifndef VED_CMD_ROWS_H
#define VED_CMD_ROWS_H

#include "cmd/ved/document.h"
#include "controller/core/runtime.h"

typedef enum RowKindId {
    ROWS_DOMAINS,
    ROWS_GOALS,
    ROWS_RESOURCES,
    ROWS_MAILBOXES,
    ROWS_EFFECTS,
    ROWS_FACTS,
    ROWS_DEADLETTERS,
    ROW_KIND_COUNT
} RowKindId;

typedef struct RowKind {
    const char *name; /* of all: "domains" */
    const char *one;  /* of one: "domain" */
    Json *(*make)(const Runtime *runtime);
    const char *columns[DOCUMENT_COLUMNS_MAX]; /* members that a table shows */
} RowKind;

extern const RowKind row_kinds[ROW_KIND_COUNT];

/* NULL: there is no such kind. */
const RowKind *row_kind_find(const char *name);

/* Evaluate the goals of a state at rest, whose truths no snapshot has. To be called once before any
 * rows are made. */
void rows_prepare(Runtime *runtime);

/* An array of objects; the caller's. */
Json *rows_make(const Runtime *runtime, RowKindId kind);

#endif
