/* The members of an object's JSON text, one after the other, without a tree.
 *
 * For texts that are ours and whole – a checksum says so – and of which little is wanted. They are
 * as json_write() makes them, without white space, and keys are looked for as they are spelt.
 * Whatever the bytes are, nothing beside them is read; but what stands inside a value is not judged
 * before somebody makes a tree of it. */
#ifndef VED_SDK_MEMBERS_H
#define VED_SDK_MEMBERS_H

#include <string.h>

#include "lang/base/json.h"

typedef struct Members {
    const char *at;  /* NULL: the text is no object, or ends in the middle */
    const char *end; /* of what may be read */
    bool ended;      /* `at` is behind the object */
} Members;

typedef struct Member {
    const char *key; /* between its quotes */
    size_t key_size;
    const char *value; /* its text, the quotes of a string included */
    size_t size;
} Member;

/* for (Members all = members_of(text, size); members_next(&all, &member);) */
Members members_of(const char *text, size_t size);
bool members_next(Members *members, Member *ret);

/* Once there is no next one: has the object come to its end? Behind it anything may stand. */
bool members_are_whole(const Members *members);

/* If the next member is `key` and an object, its own members, to be read to their end before
 * members_leave() goes on behind it. So what is large is read once. */
bool members_enter(const Members *members, const char *key, Members *ret);
void members_leave(Members *members, const Members *inner);

/* The member of that name in an object's text; false: it is not there, or `text` is NULL. */
bool member_find(const char *text, const char *key, Member *ret);

static inline bool member_is(const Member *member, const char *key)
{
    return member->key[0] == key[0] && strlen(key) == member->key_size &&
           memcmp(member->key, key, member->key_size) == 0;
}

bool member_is_true(const Member *member);
int64_t member_int(const Member *member, int64_t otherwise);

/* The characters of a string, NULL if it is none; the value's text, NULL for `null`. The caller
 * frees them. */
char *member_string(const Member *member);
char *member_text(const Member *member);

/* The tree of a text of ours; NULL for NULL, or if it is none. The caller frees it. */
Json *text_json(const char *text);

/* The same by key. */
bool text_get_bool(const char *text, const char *key, bool otherwise);
int64_t text_get_int(const char *text, const char *key, int64_t otherwise);
char *text_get_string(const char *text, const char *key);

/* Write `"KEY":` and a string, a value's text, a number; with a comma before it unless the object
 * has just been opened. A string or text that is NULL is left out. */
void member_put_string(Buffer *buffer, const char *key, const char *text);
void member_put_text(Buffer *buffer, const char *key, const char *text);
void member_put_int(Buffer *buffer, const char *key, int64_t value);
void member_put_bool(Buffer *buffer, const char *key, bool value);

#endif
