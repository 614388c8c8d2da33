/* What reader and writer need of the trees. Internal: others use json.h. */
#ifndef VED_BASE_JSON_PRIVATE_H
#define VED_BASE_JSON_PRIVATE_H

#include <cjson/cJSON.h>

#include "json.h"

/* Beside cJSON's types: the node stands in a document, with its text; it is the document's first
 * one, by which the whole is freed. */
#define JSON_OF_DOCUMENT (1 << 16)
#define JSON_IS_DOCUMENT (1 << 17)

/* A tree in the making, in one piece of memory: its nodes, and behind them their texts. */
typedef struct Document {
    Json *nodes; /* the next one */
    size_t left; /* so many nodes */
    char *bytes; /* where the next text goes */
} Document;

/* Room for so many nodes and bytes of text, each with its NUL. It is the first node's. */
void document_begin(Document *document, size_t nodes, size_t bytes);

/* The next node, without text or value. */
Json *document_node(Document *document, int type);

/* Put the child behind the others, without looking for its key among theirs. */
void json_add_last(Json *parent, Json *child);

/* The member or item that was put there last; NULL: there is none. */
Json *json_last(const Json *parent);

/* Members of an object sorted by key; the caller frees the array. */
const Json **members_sorted(const Json *object, size_t *ret_count);

#endif
