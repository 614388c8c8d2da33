/* Reading one object of the configuration: each member is asked for once, by name and kind, and
 * what nobody asked for is a mistake.
 *
 * The rule: the first mistake is kept and the rest goes on with defaults, so read everything and
 * look at reader_end() once. The texts belong to the configuration's tree. */
#ifndef VED_HTTP_READER_H
#define VED_HTTP_READER_H

#include "lang/base/json.h"

#define READER_MEMBERS_MAX 40

typedef struct Reader {
    const Json *object;
    char at[192]; /* where it stands, for messages: resources.CreateBox.create */
    const char *asked[READER_MEMBERS_MAX];
    size_t asked_count;
    Error *err;
    int code; /* of the first mistake; 0: none yet */
} Reader;

/* `object` may be NULL: then every member is absent. What is no object is a mistake. */
void reader_begin(Reader *reader, const Json *object, Error *err, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* 0, or the code of the first mistake; a member nobody asked for is one. */
int reader_end(Reader *reader);

/* Say what is wrong with a member (NULL: with the object), unless something was before. Returns the
 * code. */
int reader_fail(Reader *reader, const char *key, const char *format, ...) PRINTF_LIKE(3, 4);

/* Each: what is there, or `otherwise` if nothing is. */
const Json *reader_get(Reader *reader, const char *key); /* of any kind; NULL */
const Json *reader_object(Reader *reader, const char *key);
const Json *reader_array(Reader *reader, const char *key);
const char *reader_string(Reader *reader, const char *key, const char *otherwise);
const char *reader_needed(Reader *reader, const char *key); /* a text that must be there */
const char *reader_pointer(Reader *reader, const char *key, const char *otherwise);
bool reader_bool(Reader *reader, const char *key, bool otherwise);
int64_t reader_int(Reader *reader, const char *key, int64_t otherwise, int64_t min, int64_t max);
int64_t reader_duration_ms(Reader *reader, const char *key, int64_t otherwise, int64_t max);

#endif
