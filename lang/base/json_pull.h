/* JSON read where it stands, value after value, without a tree: for what is read by the million.
 *
 * A JsonPull stands before a value. Every function takes what it reads and moves behind it; the
 * first thing that is not what was asked for makes the pull `failed`, and from then on it has
 * nothing more to give: read on freely, ask once in the end. It takes what json_parse_own() takes;
 * what stands in a member that is passed over is looked at by whoever reads it.
 *
 *      for (bool more = json_pull_open(p, '['); more; more = json_pull_more(p, ']'))
 *          ... one value ...
 */
#ifndef VED_BASE_JSON_PULL_H
#define VED_BASE_JSON_PULL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "json.h"

typedef struct JsonPull {
    const char *at, *end;
    bool failed;
} JsonPull;

static inline JsonPull json_pull(const char *text, size_t size)
{
    return (JsonPull){.at = text, .end = text + size};
}

/* What the next value begins with: '{', '[', '"', 't', 'f', 'n', a digit or '-'; NUL: nothing is
 * there. */
char json_pull_next(JsonPull *pull);

/* Into an array or object: true before its first value or key, false if it is empty. */
bool json_pull_open(JsonPull *pull, char bracket);

/* Behind a value: true before the next one, false behind the closing bracket. */
bool json_pull_more(JsonPull *pull, char bracket);

/* A name that may be a member's, of up to 15 bytes, and its size. */
typedef struct JsonWord {
    char text[16];
    size_t size;
} JsonWord;

#define JSON_WORD(text_)                                                                           \
    {                                                                                              \
        text_, sizeof(text_) - 1                                                                   \
    }

/* The words that an object's keys may be, and those that have come; found fastest in the order in
 * which they stand. At most 64. */
typedef struct JsonKeys {
    const JsonWord *words;
    size_t count;
    uint64_t seen; /* one bit each */
    size_t next;
} JsonKeys;

/* A key: which of the words it is. -1: it is none of them, which `ret_other` (ends in NUL, in the
 * arena) then is, or it has come before, or there is no key. */
int json_pull_key(JsonPull *pull, JsonKeys *keys, Arena *arena, const char **ret_other);

/* A key that may be any text; in the arena. "" once it has failed. */
const char *json_pull_name(JsonPull *pull, Arena *arena, size_t *ret_size);

/* A text with a NUL behind it, in the arena. "" once it has failed. */
const char *json_pull_string(JsonPull *pull, Arena *arena);
const char *json_pull_bytes(JsonPull *pull, Arena *arena, size_t *ret_size);

/* Take a text if it is this one, written without escapes. False: nothing is taken. */
bool json_pull_is(JsonPull *pull, const char *text);

/* A whole number up to 2^53-1, not below 0. */
uint64_t json_pull_count(JsonPull *pull);
bool json_pull_bool(JsonPull *pull);

/* A number: whether it is a whole one within +-(2^53-1). */
bool json_pull_number(JsonPull *pull, int64_t *ret_whole, double *ret_number);
void json_pull_null(JsonPull *pull);

/* Pass over a value: a pull of it alone, to be read later. */
JsonPull json_pull_skip(JsonPull *pull);

/* The value as a tree, which the caller frees; NULL once it has failed. */
Json *json_pull_tree(JsonPull *pull);

/* True if all was as it should be and nothing is left. */
bool json_pull_done(JsonPull *pull);

#endif
