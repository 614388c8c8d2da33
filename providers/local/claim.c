#include "providers/local/claim.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lang/base/file.h"
#include "lang/base/hash.h"
#include "lang/base/memory.h"

#define TARGET_SIZE (CLAIM_TYPE_SIZE + UID_SIZE + 2)

static char *claim_path(const Local *local, const char *path)
{
    uint8_t digest[SHA256_SIZE];
    char text[2 * SHA256_SIZE + 1];

    sha256(path, strlen(path), digest);
    hex_encode(digest, sizeof digest, text);
    return memory_format("%s/claims/%s", local->data_dir, text);
}

static bool read_target(const char *link, char ret[TARGET_SIZE])
{
    ssize_t size = readlink(link, ret, TARGET_SIZE - 1);

    ret[size > 0 ? size : 0] = '\0';
    return size > 0;
}

/* "file/0123…" */
static bool parse_target(const char *target, Claimant *ret)
{
    size_t size = strcspn(target, "/");

    if (size == 0 || size >= sizeof ret->type || strlen(target) != size + 1 + UID_SIZE)
        return false;
    snprintf(ret->type, sizeof ret->type, "%.*s", (int)size, target);
    snprintf(ret->uid, sizeof ret->uid, "%.*s", UID_SIZE, target + size + 1);
    return true;
}

bool claim_find(const Local *local, const char *path, Claimant *ret)
{
    cleanup(free) char *link = claim_path(local, path);
    cleanup(object_deinit) Object object = {0};
    char target[TARGET_SIZE];

    *ret = (Claimant){.address = NULL};
    if (!read_target(link, target) || !parse_target(target, ret) ||
        object_open(local, ret->type, ret->uid, &object, NULL) != 0 ||
        strcmp(json_get_string(object.record, "path", ""), path) != 0)
        return false;
    ret->address = memory_copy_string(json_get_string(object.record, "address", ""));
    return true;
}

int claim_take(const Local *local, const char *path, const char *type, const char *uid,
               Claimant *ret, Error *err)
{
    cleanup(free) char *link = claim_path(local, path);
    cleanup(free) char *folder = memory_format("%s/claims", local->data_dir);
    cleanup(free) char *mine = memory_format("%s/%s", type, uid);
    cleanup(free) char *fresh = memory_format("%s/%s.new", folder, uid);
    char target[TARGET_SIZE];

    if (read_target(link, target) && strcmp(target, mine) == 0)
        return 0;
    if (claim_find(local, path, ret))
        return CLAIM_TAKEN;
    int code = folder_make(folder, 0700, err);
    if (code < 0)
        return code;
    if (symlink(mine, link) == 0)
        return 0;
    /* It exists: nobody's, or taken this very moment. */
    if (errno == EEXIST && claim_find(local, path, ret))
        return CLAIM_TAKEN;
    unlink(fresh);
    if (symlink(mine, fresh) < 0 || rename(fresh, link) < 0)
        return error_errno(err, errno, "claim '%s'", path);
    return 0;
}

void claim_drop(const Local *local, const char *path, const char *type, const char *uid)
{
    cleanup(free) char *link = claim_path(local, path);
    cleanup(free) char *mine = memory_format("%s/%s", type, uid);
    char target[TARGET_SIZE];

    if (read_target(link, target) && strcmp(target, mine) == 0)
        unlink(link);
}
