/* The members of a JSON object, found first, wherever they stand, and read afterwards, in the order
 * in which one needs what another says.
 *
 * A member that is not there reads as 0, false or NULL. The one rule: a member that is not what it
 * was read as is no error where it is read; ask members_done() when all are. */
#ifndef VED_CORE_MEMBERS_H
#define VED_CORE_MEMBERS_H

#include "lang/base/error.h"
#include "lang/base/json_pull.h"

#define MEMBERS_MAX 64

typedef struct Members {
    const JsonWord *words; /* what they may be */
    size_t count;
    Arena *arena;
    uint64_t seen; /* a bit for each word that is there */
    JsonPull values[MEMBERS_MAX];
} Members;

/* Only the values of members that are there are ever looked at. */
static inline void members_init(Members *members, const JsonWord *words, size_t count, Arena *arena)
{
    members->words = words;
    members->count = count;
    members->arena = arena;
    members->seen = 0;
}

/* Go over the object, which must be all there is. False: it is none, or has others, or one twice;
 * `ret_other` is then as from json_pull_key(). */
bool members_find(Members *members, JsonPull pull, const char **ret_other);

/* NULL: it is not there. */
static inline JsonPull *members_get(Members *members, unsigned name)
{
    return members->seen >> name & 1 ? &members->values[name] : NULL;
}

static inline uint64_t members_number(Members *members, unsigned name)
{
    JsonPull *pull = members_get(members, name);

    return pull != NULL ? json_pull_count(pull) : 0;
}

static inline bool members_flag(Members *members, unsigned name)
{
    JsonPull *pull = members_get(members, name);

    return pull != NULL && json_pull_bool(pull);
}

/* In the arena. */
static inline const char *members_string(Members *members, unsigned name)
{
    JsonPull *pull = members_get(members, name);

    return pull != NULL ? json_pull_string(pull, members->arena) : NULL;
}

/* As a tree, which the caller frees. */
static inline Json *members_tree(Members *members, unsigned name)
{
    JsonPull *pull = members_get(members, name);

    return pull != NULL ? json_pull_tree(pull) : NULL;
}

/* NULL: all that was read was as it should be; else the name of one that was not. */
const char *members_done(const Members *members);

#endif
