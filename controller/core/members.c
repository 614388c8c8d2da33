#include "controller/core/members.h"

bool members_find(Members *members, JsonPull pull, const char **ret_other)
{
    JsonKeys keys = {.words = members->words, .count = members->count};

    *ret_other = NULL;
    for (bool more = json_pull_open(&pull, '{'); more; more = json_pull_more(&pull, '}')) {
        int key = json_pull_key(&pull, &keys, members->arena, ret_other);
        if (key < 0)
            break;
        members->values[key] = json_pull_skip(&pull);
        members->seen = keys.seen;
    }
    return json_pull_done(&pull);
}

const char *members_done(const Members *members)
{
    for (uint64_t left = members->seen; left != 0; left &= left - 1) {
        int name = __builtin_ctzll(left);
        if (members->values[name].failed)
            return members->words[name].text;
    }
    return NULL;
}
