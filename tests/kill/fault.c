/* Preloaded into ved or a plugin: the n-th call of one kind fails as it can fail in life.
 *
 * Only what the program and its libraries call is counted; what the C library calls inside itself
 * is not, but for memory. Files are regular files: what goes to a terminal or a pipe is left alone.
 */
#include "tests/kill/fault.h"

#include <dirent.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/kill/real.h"

#define PLACE_DEPTH 14

static FaultMap *map;
static __thread bool inside; /* of what is done here: no fault in it */

static const struct {
    FaultCall call;
    int error, times;
} faults[] = {
#define FAULT(name, label, call, error, times, text) {CALL_##call, error, times},
#include "tests/kill/fault.def"
#undef FAULT
};

__attribute__((constructor)) static void fault_attach(void)
{
    const char *path = getenv(FAULT_MAP_ENVIRONMENT);
    FaultMap *found;
    void *warm[PLACE_DEPTH];
    int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;

    if (fd < 0)
        return;
    found = mmap(NULL, sizeof *found, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (found == MAP_FAILED)
        return;
    backtrace(warm, PLACE_DEPTH); /* loads a library the first time */
    if (strcmp(program_invocation_short_name, found->program) == 0)
        map = found;
    else
        munmap(found, sizeof *found);
}

/* ---- which call fails ---- */

/* FNV-1a over the callers. */
static uint64_t place_hash(void)
{
    void *callers[PLACE_DEPTH];
    int count = backtrace(callers, PLACE_DEPTH);
    uint64_t hash = 0xcbf29ce484222325u;

    for (int i = 0; i < count; i++)
        hash = (hash ^ (uint64_t)(uintptr_t)callers[i]) * 0x100000001b3u;
    return hash | 1;
}

static void place_list(uint64_t number)
{
    uint64_t hash = place_hash();
    size_t at = hash % (FAULT_STACKS_MAX * 2);

    while (map->stacks[at] != 0 && map->stacks[at] != hash)
        at = (at + 1) % (FAULT_STACKS_MAX * 2);
    if (map->stacks[at] == hash || map->first_count == FAULT_STACKS_MAX)
        return;
    map->stacks[at] = hash;
    map->firsts[map->first_count++] = number;
}

/* Does this call fail? */
static bool strikes(FaultCall call)
{
    uint64_t number;

    if (map == NULL || inside || faults[map->fault].call != call)
        return false;
    number = ++map->calls;
    if (map->lists) {
        inside = true;
        place_list(number);
        inside = false;
    }
    if (map->at == 0 || number < map->at ||
        (faults[map->fault].times != 0 && number >= map->at + (uint64_t)faults[map->fault].times))
        return false;
    map->fired = true;
    errno = faults[map->fault].error;
    return true;
}

static bool is_file(int fd)
{
    struct stat status;
    int saved = errno;
    bool found =
        map != NULL && fd > STDERR_FILENO && fstat(fd, &status) == 0 && S_ISREG(status.st_mode);

    errno = saved;
    return found;
}

/* ---- memory ---- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

EXPORT void *malloc(size_t size)
{
    return strikes(CALL_ALLOC) ? NULL : __libc_malloc(size);
}

EXPORT void *calloc(size_t count, size_t size)
{
    return strikes(CALL_ALLOC) ? NULL : __libc_calloc(count, size);
}

EXPORT void *realloc(void *block, size_t size)
{
    return strikes(CALL_ALLOC) ? NULL : __libc_realloc(block, size);
}

EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
    return strikes(CALL_ALLOC) ? NULL : __libc_memalign(alignment, size);
}

EXPORT int posix_memalign(void **ret, size_t alignment, size_t size)
{
    void *block = strikes(CALL_ALLOC) ? NULL : __libc_memalign(alignment, size);

    if (block == NULL)
        return ENOMEM;
    *ret = block;
    return 0;
}

EXPORT void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    REAL(mmap);

    return strikes(CALL_MAP) ? MAP_FAILED : real(address, size, protection, flags, fd, offset);
}

/* ---- files ---- */

static bool is_short(void)
{
    return faults[map->fault].error == 0;
}

EXPORT ssize_t write(int fd, const void *bytes, size_t size)
{
    REAL(write);

    if (!is_file(fd) || !strikes(CALL_WRITE))
        return real(fd, bytes, size);
    return is_short() ? real(fd, bytes, size / 2) : -1;
}

EXPORT ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    REAL(pwrite);

    if (!is_file(fd) || !strikes(CALL_WRITE))
        return real(fd, bytes, size, offset);
    return is_short() ? real(fd, bytes, size / 2, offset) : -1;
}

/* The first half of the first part. */
static struct iovec half_of(const struct iovec *parts)
{
    return (struct iovec){parts->iov_base, parts->iov_len / 2};
}

EXPORT ssize_t writev(int fd, const struct iovec *parts, int count)
{
    REAL(writev);

    if (!is_file(fd) || !strikes(CALL_WRITE))
        return real(fd, parts, count);
    struct iovec half = half_of(parts);
    return is_short() ? real(fd, &half, 1) : -1;
}

EXPORT ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    REAL(pwritev);

    if (!is_file(fd) || !strikes(CALL_WRITE))
        return real(fd, parts, count, offset);
    struct iovec half = half_of(parts);
    return is_short() ? real(fd, &half, 1, offset) : -1;
}

EXPORT int fsync(int fd)
{
    REAL(fsync);

    return strikes(CALL_SYNC) ? -1 : real(fd);
}

EXPORT int fdatasync(int fd)
{
    REAL(fdatasync);

    return strikes(CALL_SYNC) ? -1 : real(fd);
}

EXPORT int fallocate(int fd, int mode, off_t from, off_t size)
{
    REAL(fallocate);

    /* A disk that is full has no room of this kind either. */
    if (map != NULL && map->fired && map->fault == FAULT_WRITE_FULL) {
        errno = ENOSPC;
        return -1;
    }
    return strikes(CALL_ROOM) ? -1 : real(fd, mode, from, size);
}

EXPORT int ftruncate(int fd, off_t size)
{
    REAL(ftruncate);

    return strikes(CALL_CUT) ? -1 : real(fd, size);
}

EXPORT ssize_t read(int fd, void *bytes, size_t size)
{
    REAL(read);

    return is_file(fd) && strikes(CALL_READ) ? -1 : real(fd, bytes, size);
}

EXPORT ssize_t pread(int fd, void *bytes, size_t size, off_t offset)
{
    REAL(pread);

    return is_file(fd) && strikes(CALL_READ) ? -1 : real(fd, bytes, size, offset);
}

EXPORT int open(const char *path, int flags, ...)
{
    REAL(open);
    va_list rest;
    mode_t mode;

    va_start(rest, flags);
    mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return strikes(CALL_OPEN) ? -1 : real(path, flags, mode);
}

EXPORT FILE *fopen(const char *path, const char *mode)
{
    REAL(fopen);

    return strikes(CALL_OPEN) ? NULL : real(path, mode);
}

EXPORT DIR *opendir(const char *path)
{
    REAL(opendir);

    return strikes(CALL_OPEN) ? NULL : real(path);
}

EXPORT int rename(const char *from, const char *to)
{
    REAL(rename);

    return strikes(CALL_RENAME) ? -1 : real(from, to);
}

EXPORT int mkdir(const char *path, mode_t mode)
{
    REAL(mkdir);

    return strikes(CALL_FOLDER) ? -1 : real(path, mode);
}

EXPORT int unlink(const char *path)
{
    REAL(unlink);

    return strikes(CALL_REMOVE) ? -1 : real(path);
}

/* ---- sockets ---- */

EXPORT int connect(int fd, const struct sockaddr *address, socklen_t size)
{
    REAL(connect);

    return strikes(CALL_CONNECT) ? -1 : real(fd, address, size);
}

EXPORT ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    REAL(send);

    return strikes(CALL_SEND) ? -1 : real(fd, bytes, size, flags);
}

EXPORT ssize_t recv(int fd, void *bytes, size_t size, int flags)
{
    REAL(recv);

    return strikes(CALL_RECEIVE) ? -1 : real(fd, bytes, size, flags);
}
