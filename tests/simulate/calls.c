/* What the controller calls of the system, put onto the virtual disk and the virtual clock.
 *
 * The linker sends the calls of all code in this program here (--wrap, see the Makefile); nothing
 * of the controller is compiled for it. The simulator itself touches no file. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "tests/simulate/calls.h"
#include "tests/simulate/disk.h"
#include "tests/simulate/world.h"

#define FD_FIRST 1000 /* none of them is a real one */
#define FD_COUNT 64
#define FOLDER_COUNT 8

/* They die with the process. */
static struct {
    Inode *inode; /* NULL: free */
    int flags;
    off_t at;
} files[FD_COUNT];

static Inode *written; /* at a place in it: a journal */

static struct {
    int fd; /* 0: free */
    size_t next;
    struct dirent entry;
} folders[FOLDER_COUNT];

static int fail(int code)
{
    errno = -code;
    return -1;
}

static int result(int code)
{
    return code < 0 ? fail(code) : code;
}

Inode *calls_journal(void)
{
    return written;
}

/* A call takes its time, and can be the last. */
static void call_begin(void)
{
    world_step();
    if (world->full_in > 0 && --world->full_in == 0) {
        world_count(TROUBLE_DISK_FULL);
        world->disk_trouble = true;
        disk_set_full(true);
    }
    world->now_ms += chance_one_in(&world->chance, 16);
}

static Inode *inode_of(int fd)
{
    Inode *inode = fd >= FD_FIRST && fd < FD_FIRST + FD_COUNT ? files[fd - FD_FIRST].inode : NULL;

    if (inode == NULL)
        world_wrong("a call with descriptor %d, which is not open", fd);
    return inode;
}

/* ---- opening and closing ---- */

int __wrap_open(const char *path, int flags, ...)
{
    Inode *inode = NULL;
    int fd = 0;

    call_begin();
    while (fd < FD_COUNT && files[fd].inode != NULL)
        fd++;
    if (fd == FD_COUNT) {
        world_wrong("more than %d files are open: '%s'", FD_COUNT, path);
        return fail(-EMFILE);
    }
    int code = disk_open(path, flags, &inode);
    if (code < 0)
        return fail(code);
    files[fd].inode = inode;
    files[fd].flags = flags;
    files[fd].at = 0;
    return FD_FIRST + fd;
}

int __wrap_close(int fd)
{
    if (inode_of(fd) == NULL)
        return fail(-EBADF);
    files[fd - FD_FIRST].inode = NULL;
    return 0;
}

/* ---- reading ---- */

ssize_t __wrap_pread(int fd, void *bytes, size_t size, off_t at)
{
    ssize_t got = disk_read(inode_of(fd), bytes, size, at);

    return got < 0 ? fail((int)got) : got;
}

ssize_t __wrap_read(int fd, void *bytes, size_t size)
{
    ssize_t got = __wrap_pread(fd, bytes, size, files[fd - FD_FIRST].at);

    if (got > 0)
        files[fd - FD_FIRST].at += got;
    return got;
}

off_t __wrap_lseek(int fd, off_t at, int from)
{
    if (inode_of(fd) == NULL || from != SEEK_SET)
        return fail(-EINVAL);
    return files[fd - FD_FIRST].at = at;
}

/* ---- writing ---- */

static bool is_checkpoint(const Inode *inode)
{
    return strncmp(inode_name(inode), "checkpoint-", 11) == 0;
}

/* What becomes of a write: so many bytes of it are written, or -errno. */
static ssize_t write_fate(size_t size)
{
    if (world_trouble(TROUBLE_INTERRUPTED, 200))
        return -EINTR;
    if (world_trouble(TROUBLE_WRITE_ERROR, 1000)) {
        world->disk_trouble = true;
        return -EIO;
    }
    if (size > 1 && world_trouble(TROUBLE_SHORT_WRITE, 100))
        return 1 + (ssize_t)chance_below(&world->chance, size - 1);
    return (ssize_t)size;
}

static ssize_t write_at(Inode *inode, const void *bytes, size_t size, off_t at)
{
    ssize_t fate = write_fate(size);
    ssize_t put = fate < 0 ? fate : disk_write(inode, bytes, (size_t)fate, at);

    world_trace("write %s at %lld: %zd of %zu", inode_name(inode), (long long)at, put, size);
    return put < 0 ? fail((int)put) : put;
}

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    Inode *inode = inode_of(fd);

    call_begin();
    written = inode;
    return write_at(inode, bytes, size, at);
}

/* The first half of it, where the process is to die in the middle. */
static void checkpoint_pass(Inode *inode, const void *bytes, size_t size, off_t at)
{
    if (!is_checkpoint(inode))
        return;
    if (world->kill_at == POINT_CHECKPOINT_WRITE && world->kill_in == 1)
        disk_write(inode, bytes, size / 2, at);
    world_pass(POINT_CHECKPOINT_WRITE);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
    Inode *inode = inode_of(fd);
    int slot = fd - FD_FIRST;

    call_begin();
    off_t at = files[slot].flags & O_APPEND ? inode_size(inode) : files[slot].at;
    checkpoint_pass(inode, bytes, size, at);
    ssize_t put = write_at(inode, bytes, size, at);
    if (put > 0)
        files[slot].at = at + put;
    return put;
}

int __wrap_ftruncate(int fd, off_t size)
{
    Inode *inode = inode_of(fd);

    call_begin();
    if (inode_used(inode) > size && calls_keep_tail(inode_name(inode)))
        return 0;
    world_trace("truncate %s to %lld", inode_name(inode), (long long)size);
    return result(disk_truncate(inode, size));
}

int __wrap_fallocate(int fd, int mode, off_t from, off_t size)
{
    (void)mode;
    call_begin();
    return result(disk_allocate(inode_of(fd), from + size));
}

int __wrap_fsync(int fd)
{
    Inode *inode = inode_of(fd);

    call_begin();
    world->now_ms += (int64_t)chance_below(&world->chance, 4);
    int code = disk_sync(inode);
    world_trace("sync %s: %d", inode_is_folder(inode) ? "folder" : inode_name(inode), code);
    return result(code);
}

int __wrap_fdatasync(int fd)
{
    if (world->mutant == MUTANT_SKIP_FSYNC)
        return 0;
    return __wrap_fsync(fd);
}

/* ---- names ---- */

int __wrap_rename(const char *from, const char *to)
{
    call_begin();
    int code = disk_rename(from, to);
    world_trace("rename %s to %s: %d", from, to, code);
    if (code == 0 && strstr(to, "/checkpoint-") != NULL)
        world_pass(POINT_CHECKPOINT_RENAMED);
    return result(code);
}

int __wrap_unlink(const char *path)
{
    call_begin();
    world_trace("unlink %s", path);
    return result(disk_unlink(path));
}

int __wrap_mkdir(const char *path, mode_t mode)
{
    (void)mode;
    call_begin();
    return result(disk_mkdir(path));
}

int __wrap_access(const char *path, int mode)
{
    Inode *inode;

    (void)mode;
    return result(disk_find(path, &inode));
}

static void inode_describe(const Inode *inode, struct stat *ret)
{
    *ret = (struct stat){.st_mode = inode_is_folder(inode) ? S_IFDIR | 0700 : S_IFREG | 0600,
                         .st_size = inode_size(inode),
                         .st_blocks = (inode_size(inode) + 511) / 512};
}

int __wrap_stat(const char *path, struct stat *ret)
{
    Inode *inode;
    int code = disk_find(path, &inode);

    if (code == 0)
        inode_describe(inode, ret);
    return result(code);
}

/* Only the folder of a run is removed, and nothing is ever put into it. */
int __wrap_nftw(const char *path, __nftw_func_t visit, int depth, int flags)
{
    (void)path;
    (void)visit;
    (void)depth;
    (void)flags;
    return fail(-ENOENT);
}

/* ---- folders ---- */

DIR *__wrap_opendir(const char *path)
{
    int slot = 0, fd = __wrap_open(path, O_RDONLY | O_DIRECTORY);

    if (fd < 0)
        return NULL;
    while (slot < FOLDER_COUNT - 1 && folders[slot].fd != 0)
        slot++;
    folders[slot].fd = fd;
    folders[slot].next = 0;
    return (DIR *)&folders[slot];
}

static int slot_of(DIR *folder)
{
    return (int)(((char *)folder - (char *)folders) / (ptrdiff_t)sizeof folders[0]);
}

struct dirent *__wrap_readdir(DIR *folder)
{
    int slot = slot_of(folder);
    const DiskEntry *entry = inode_entry(inode_of(folders[slot].fd), folders[slot].next++);

    if (entry == NULL)
        return NULL;
    memcpy(folders[slot].entry.d_name, entry->name, sizeof entry->name);
    return &folders[slot].entry;
}

int __wrap_dirfd(DIR *folder)
{
    return folders[slot_of(folder)].fd;
}

int __wrap_closedir(DIR *folder)
{
    int slot = slot_of(folder), fd = folders[slot].fd;

    folders[slot].fd = 0;
    return __wrap_close(fd);
}

static Inode *inode_at(int folder, const char *name)
{
    const DiskEntry *entry;

    for (size_t i = 0; (entry = inode_entry(inode_of(folder), i)) != NULL; i++)
        if (strcmp(entry->name, name) == 0)
            return entry->inode;
    return NULL;
}

int __wrap_fstatat(int folder, const char *name, struct stat *ret, int flags)
{
    const Inode *inode = inode_at(folder, name);

    (void)flags;
    if (inode == NULL)
        return fail(-ENOENT);
    inode_describe(inode, ret);
    return 0;
}

int __wrap_unlinkat(int folder, const char *name, int flags)
{
    char path[2 * DISK_NAME_MAX + 8];

    (void)flags;
    snprintf(path, sizeof path, "%s/%s", SIMULATED_STATE, name);
    if (inode_at(folder, name) == NULL)
        return fail(-ENOENT);
    return __wrap_unlink(path);
}

/* ---- locks, time, chance and names of the machine ---- */

/* One process at a time: whoever asks gets it. */
int __wrap_fcntl(int fd, int what, ...)
{
    if (what != F_OFD_SETLK || inode_of(fd) == NULL)
        return fail(-EINVAL);
    return 0;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
    int64_t ms = clock == CLOCK_REALTIME ? world_calendar_ms() : world->now_ms;

    *ret = (struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    return 0;
}

int __wrap_gettimeofday(struct timeval *ret, void *zone)
{
    int64_t ms = world_calendar_ms();

    (void)zone;
    *ret = (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    return 0;
}

time_t __wrap_time(time_t *ret)
{
    time_t now = (time_t)(world_calendar_ms() / 1000);

    if (ret != NULL)
        *ret = now;
    return now;
}

int __wrap_nanosleep(const struct timespec *pause, struct timespec *left)
{
    (void)left;
    world->now_ms += pause->tv_sec * 1000 + pause->tv_nsec / 1000000;
    return 0;
}

ssize_t __wrap_getrandom(void *bytes, size_t size, unsigned flags)
{
    unsigned char *at = bytes;

    (void)flags;
    for (size_t i = 0; i < size; i++)
        at[i] = (unsigned char)chance_below(&world->chance, 256);
    return (ssize_t)size;
}

pid_t __wrap_getpid(void)
{
    return (pid_t)world->life;
}

int __wrap_gethostname(char *name, size_t size)
{
    snprintf(name, size, "simulated");
    return 0;
}
