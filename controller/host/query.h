/* A filter over rows, written as a program writes a predicate: `kind == "object" && state ==
 * "lost"`, `state.workers > 3`.
 *
 * It is checked like a program before any row is looked at. A row that lacks what the expression
 * looks into does not match. */
#ifndef VED_HOST_QUERY_H
#define VED_HOST_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "lang/base/error.h"
#include "lang/base/json.h"

typedef enum QueryType { QUERY_STRING, QUERY_INT, QUERY_BOOL, QUERY_ANY } QueryType;

/* What an expression may ask for. A row without it has "", 0, false or null there. */
typedef struct QueryMember {
    const char *name;
    QueryType type;
} QueryMember;

typedef struct Query Query;

/* Texts in single quotes are texts, too: shells like them. ERROR_USAGE: it does not check. The
 * members must outlive the query; the caller frees it. */
int query_new(const char *text, const QueryMember *members, size_t count, Query **ret, Error *err);
void query_free(Query *query);
CLEANUP_DEFINE(Query *, query_free);

bool query_matches(const Query *query, const Json *row);

#endif
