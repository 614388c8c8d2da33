/* What the files of json.h share: they alone know that a tree is made of cJSON's nodes. */
#ifndef VED_BASE_JSON_PRIVATE_H
#define VED_BASE_JSON_PRIVATE_H

#include <cjson/cJSON.h>

#include "json.h"

/* Members of an object sorted by key; the caller frees the array. */
const Json **members_sorted(const Json *object, size_t *ret_count);

#endif
