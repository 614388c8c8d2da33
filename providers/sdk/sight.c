#include "providers/sdk/sight.h"

#include <stdio.h>
#include <string.h>

#define SIGHT_SIZE 160

static void sight_text(const struct stat *info, char ret[SIGHT_SIZE])
{
    snprintf(ret, SIGHT_SIZE, "%llx.%llx %lld %lld.%09ld %lld.%09ld", (long long)info->st_dev,
             (long long)info->st_ino, (long long)info->st_size, (long long)info->st_mtim.tv_sec,
             info->st_mtim.tv_nsec, (long long)info->st_ctim.tv_sec, info->st_ctim.tv_nsec);
}

Json *sight_json(const struct stat *info)
{
    char text[SIGHT_SIZE];

    sight_text(info, text);
    return json_new_string(text);
}

bool sight_is_same(const Json *sight, const struct stat *info)
{
    char text[SIGHT_SIZE];

    sight_text(info, text);
    return strcmp(json_string(sight, ""), text) == 0;
}
