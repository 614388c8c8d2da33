/* What the reader needs of the trees. Internal: others use json.h. */
#ifndef VED_BASE_JSON_PRIVATE_H
#define VED_BASE_JSON_PRIVATE_H

#include "json.h"

/* Takes the text over. */
Json *json_own_string(char *text);

/* Put the child behind the others, without looking for its key among theirs. Takes the key over –
 * NULL in an array –, unless it is shared: then it is never freed. */
void json_add_last(Json *parent, Json *child, char *key, bool key_is_shared);

/* The member or item that was put there last; NULL: there is none. */
Json *json_last(const Json *parent);

/* Members of an object sorted by key; the caller frees the array. */
const Json **members_sorted(const Json *object, size_t *ret_count);

#endif
