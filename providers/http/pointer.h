/* JSON pointers (RFC 6901) into what an API answers: "" is the whole document, "/a/0/b~1c" a member
 * of it. A pointer has been checked when the configuration was read; then it is only followed. */
#ifndef VED_HTTP_POINTER_H
#define VED_HTTP_POINTER_H

#include "lang/base/json.h"

#define POINTER_SIZE_MAX 512

/* 0, or a negative code that says what is wrong with the text. */
int pointer_check(const char *pointer, Error *err);

/* What stands there; NULL: nothing does. `json` keeps it. */
Json *pointer_get(const Json *json, const char *pointer);

#endif
