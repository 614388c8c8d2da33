#include "privilege.h"

#include <errno.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lang/base/memory.h"

#define PASSWD_SIZE_MAX 65536

static int user_find(const char *name, Runner *ret)
{
    cleanup(free) char *space = memory_alloc(PASSWD_SIZE_MAX);
    struct passwd entry, *found = NULL;

    if (getpwnam_r(name, &entry, space, PASSWD_SIZE_MAX, &found) != 0 || found == NULL)
        return -ENOENT;
    ret->uid = entry.pw_uid;
    ret->gid = entry.pw_gid;
    return 0;
}

static bool user_may_enter(const Runner *runner, const char *folder)
{
    struct stat info;

    if (stat(folder, &info) < 0)
        return false;
    if (info.st_uid == runner->uid)
        return (info.st_mode & S_IXUSR) != 0;
    if (info.st_gid == runner->gid)
        return (info.st_mode & S_IXGRP) != 0;
    return (info.st_mode & S_IXOTH) != 0;
}

static bool user_may_reach(const Runner *runner, const char *folder)
{
    cleanup(free) char *path = memory_copy_string(folder);

    for (char *slash; (slash = strrchr(path, '/')) != NULL && slash != path; *slash = '\0')
        if (!user_may_enter(runner, path))
            return false;
    return user_may_enter(runner, "/");
}

int runner_find(const char *folder, Runner *ret, Error *err)
{
    *ret = (Runner){.uid = geteuid(), .gid = getegid()};
    if (geteuid() != 0)
        return 0;
    if (user_find("postgres", ret) < 0 && user_find("nobody", ret) < 0)
        return error_set(err, ERROR_FAILED,
                         "a database server cannot run as root, and there is neither a user "
                         "'postgres' nor 'nobody' to run it as: create one");
    ret->switches = true;
    ret->needs_search = !user_may_reach(ret, folder);
    return 0;
}

int runner_own(const Runner *runner, const char *path, Error *err)
{
    if (runner->switches && lchown(path, runner->uid, runner->gid) < 0)
        return error_errno(err, errno, "give '%s' to user %u", path, (unsigned)runner->uid);
    return 0;
}

/* Reduce what is left after the change of user to the one capability, and let exec keep it. */
static int keep_search_only(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};

    data[0].permitted = data[0].effective = data[0].inheritable = 1U << CAP_DAC_READ_SEARCH;
    if (syscall(SYS_capset, &header, data) < 0)
        return -errno;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH, 0, 0) < 0)
        return -errno;
    return 0;
}

int runner_become(const Runner *runner)
{
    if (!runner->switches)
        return 0;
    if (runner->needs_search && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
        return -errno;
    /* Bare system calls: the library's versions want to take every thread along. */
    if (syscall(SYS_setgroups, 1, &runner->gid) < 0 ||
        syscall(SYS_setresgid, runner->gid, runner->gid, runner->gid) < 0 ||
        syscall(SYS_setresuid, runner->uid, runner->uid, runner->uid) < 0)
        return -errno;
    return runner->needs_search ? keep_search_only() : 0;
}
