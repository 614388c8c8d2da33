/* Finding an object that is known only by what was written into it. */
#ifndef VED_HTTP_FIND_H
#define VED_HTTP_FIND_H

#include "providers/http/request.h"

/* Does the document carry all that `match` says? false where the resource says nothing. */
bool find_matches(Call *call, const ResourceSpec *resource, const Json *document);

/* Search the list. 0 with the id and a copy of the item, or NULLs if there is none; -1 with the
 * problem, also if there are several. The caller frees both. */
int find_one(Call *call, const ResourceSpec *resource, char **ret_id, Json **ret_item);

#endif
