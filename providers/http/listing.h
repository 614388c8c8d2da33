/* All objects of a type by a few requests, kept for the moment in which many are asked for.
 *
 * The rule: what is said of an object was true after the question was asked, or at most `fresh`
 * before; our own change makes every list before it old. */
#ifndef VED_HTTP_LISTING_H
#define VED_HTTP_LISTING_H

#include "providers/http/request.h"

/* Called for each item of a list, which is lent; true ends the walk. */
typedef bool ItemVisit(void *context, const Json *item);

/* Walk through all pages. 0, or -1 with the call's problem. */
int list_walk(Call *call, const ListSpec *list, ItemVisit *visit, void *context);

/* The object of that id in the resource's list. 0 with a copy that the caller frees, or NULL if
 * there is none; or -1 with the call's problem. */
int listing_find(Call *call, const ResourceSpec *resource, const char *id, Json **ret);

/* The id of an item; NULL: it has none. The caller frees it. */
char *item_id(const ResourceSpec *resource, const ListSpec *list, const Json *item);

/* Free all lists of a cache. */
void listings_forget(Map *lists);

#endif
