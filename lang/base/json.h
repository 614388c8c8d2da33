/* JSON trees and JSON text. The only user of cJSON.
 *
 * Reading is strict: UTF-8, one value and nothing after it, no duplicate keys, no NUL, depth and
 * size within the ceilings (I-JSON, RFC 7493). Trees are owned by whoever made them and freed with
 * json_free(); a value put into an object or array is owned by it from then on. */
#ifndef VED_BASE_JSON_H
#define VED_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"
#include "macros.h"

typedef struct cJSON Json;

#define JSON_DEPTH_MAX 64                   /* of what comes from outside */
#define JSON_DEPTH_OWN_MAX 200              /* of our own files, which hold such values inside */
#define JSON_INTEGER_MAX 9007199254740991LL /* 2^53 - 1 */

/* 0, or a negative code with line and column in `err`. The input need not end in NUL. */
int json_parse(const char *text, size_t size, Json **ret, Error *err);

/* The same for text of our own making, with JSON_DEPTH_OWN_MAX. */
int json_parse_own(const char *text, size_t size, Json **ret, Error *err);
void json_free(Json *json);
CLEANUP_DEFINE(Json *, json_free);
Json *json_copy(const Json *json);

/* Reading: every getter accepts NULL and a value of another type and then says "not there". */
Json *json_get(const Json *object, const char *key);
Json *json_at(const Json *array, size_t index);
size_t json_count(const Json *array_or_object);
const char *json_key(const Json *member);
Json *json_first(const Json *array_or_object); /* for (m = json_first(o); m; m = json_next(m)) */
Json *json_next(const Json *member);
bool json_is_object(const Json *json);
bool json_is_array(const Json *json);
bool json_is_string(const Json *json);
bool json_is_number(const Json *json);
bool json_is_bool(const Json *json);
bool json_is_null(const Json *json); /* false for NULL */
const char *json_string(const Json *json, const char *otherwise);
bool json_bool(const Json *json, bool otherwise);
double json_number(const Json *json, double otherwise);

/* An integer written as a number up to 2^53-1 or as a string of digits up to 64 bits. */
int64_t json_int(const Json *json, int64_t otherwise);
bool json_is_int(const Json *json);

/* The same by key. */
const char *json_get_string(const Json *object, const char *key, const char *otherwise);
int64_t json_get_int(const Json *object, const char *key, int64_t otherwise);
bool json_get_bool(const Json *object, const char *key, bool otherwise);

bool json_equal(const Json *a, const Json *b); /* member order does not count */

/* Building. */
Json *json_new_object(void);
Json *json_new_array(void);
Json *json_new_string(const char *text);
Json *json_new_int(int64_t value); /* beyond 2^53-1: a string */
Json *json_new_number(double value);
Json *json_new_bool(bool value);
Json *json_new_null(void);
void json_set(Json *object, const char *key, Json *value); /* replaces */
void json_add(Json *object, const char *key, Json *value); /* a key known to be new: O(1) */
void json_set_string(Json *object, const char *key, const char *text);
void json_set_int(Json *object, const char *key, int64_t value);
void json_set_bool(Json *object, const char *key, bool value);
void json_append(Json *array, Json *value);
Json *json_detach(Json *object, const char *key); /* the caller owns it; NULL: not there */

/* Writing: compact; or canonical (members sorted by key), the form digests are made of; or indented
 * by two spaces, for people. */
void json_write(Buffer *buffer, const Json *json);
void json_write_canonical(Buffer *buffer, const Json *json);
void json_write_pretty(Buffer *buffer, const Json *json);
char *json_text(const Json *json); /* compact; the caller frees it */

/* Text without a tree, for hot paths: a quoted and escaped string. */
void json_put_string(Buffer *buffer, const char *text);
void json_put_bytes(Buffer *buffer, const char *text, size_t size);

#endif
