#include "tests/unit/host/scratch.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"

static struct {
    int countdown; /* 0: nothing is armed */
    int errnum;    /* 0: crash */
    bool failed;
} fault;

char *scratch_make(void)
{
    char *folder = memory_copy_string("/dev/shm/ved-test-XXXXXX");

    cr_assert_not_null(mkdtemp(folder));
    return folder;
}

void scratch_remove(char *folder)
{
    umount2(folder, MNT_DETACH);
    folder_remove(folder, NULL);
    free(folder);
}

char *scratch_path(const char *folder, const char *name)
{
    return memory_format("%s/%s", folder, name);
}

void scratch_read(const char *path, Buffer *ret)
{
    Error err = {0};

    buffer_reset(ret);
    cr_assert_eq(file_read(path, (size_t)1 << 30, ret, &err), 0, "%s", err.message);
}

void scratch_write(const char *path, const void *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    cr_assert_geq(fd, 0);
    cr_assert_eq(fd_write_all(fd, bytes, size, NULL), 0);
    close(fd);
}

bool scratch_mount(const char *folder, size_t size)
{
    char options[64];

    snprintf(options, sizeof options, "size=%zu", size);
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return false;
    return mount("tmpfs", folder, "tmpfs", 0, options) == 0;
}

void scratch_crash_at(int nth)
{
    fault.countdown = nth;
    fault.errnum = 0;
}

void scratch_fail_at(int nth, int errnum)
{
    fault.countdown = nth;
    fault.errnum = errnum;
    fault.failed = false;
}

bool scratch_has_failed(void)
{
    return fault.failed;
}

static bool fault_hits(void)
{
    if (fault.countdown == 0 || --fault.countdown > 0)
        return false;
    if (fault.errnum == 0)
        _exit(SCRATCH_CRASH_STATUS);
    fault.failed = true;
    errno = fault.errnum;
    return true;
}

int fsync(int fd)
{
    return fault_hits() ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return fault_hits() ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int rename(const char *from, const char *to)
{
    return fault_hits() ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int ftruncate(int fd, off_t size)
{
    return fault_hits() ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

int fallocate(int fd, int mode, off_t offset, off_t size)
{
    return fault_hits() ? -1 : (int)syscall(SYS_fallocate, fd, mode, offset, size);
}

int unlink(const char *path)
{
    return fault_hits() ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}
