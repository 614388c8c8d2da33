/* JSON text with its tagged values exchanged: {"$secret":"..."} and {"$sealed":"..."}, wherever
 * they stand, without making a tree of it. */
#ifndef VED_HOST_TAGGED_TEXT_H
#define VED_HOST_TAGGED_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "lang/base/buffer.h"
#include "lang/base/error.h"

typedef struct TaggedValue {
    bool is_sealed;     /* else it is a secret */
    const char *object; /* the whole of it, with its braces */
    size_t object_size;
    const char *text; /* the string's, as it is written, without its quotes */
    size_t text_size;
    const char *path; /* where it stands: "/domains/0/state/password"; ends in NUL */
} TaggedValue;

/* Append what is to stand there instead; a failure ends all. */
typedef int TaggedExchange(void *user, const TaggedValue *value, Buffer *ret, Error *err);

/* Whether there may be any: the others need not be gone through. */
bool tagged_text_has(const char *text, size_t size, bool sealed);

/* Append the text with each value exchanged. 0, or what `exchange` returned; text that is no JSON
 * is copied as it is as far as it can be told. */
int tagged_text_exchange(const char *text, size_t size, TaggedExchange *exchange, void *user,
                         Buffer *ret, Error *err);

#endif
