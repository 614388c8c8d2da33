/* Preloaded into the unmodified ved: how long what leaves the process waits for the disk. At its
 * end it writes one line of milliseconds into the file LEAVING_FILE: how many groups of records
 * were followed by output, the median and the 99th percentile of the time from the write of such a
 * group to that output, and the same two of a sync of 4 KiB, made in between into a file of its
 * own. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define TIMES_MAX 100000
#define PLAIN_BYTES 4096
#define PLAIN_SPACE (1 << 24)

static const char *path;
static double leaving_ms[TIMES_MAX], plain_ms[TIMES_MAX];
static size_t leaving_count, plain_count;
static double written_ms; /* when the group's first write began; 0: no group is waiting */
static int synced;
static int plain_fd = -1;

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static ssize_t real_pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    return syscall(SYS_pwrite64, fd, bytes, size, at);
}

/* Beside the result: on the same disk as the journal. Written once, so that syncs are plain ones.
 */
static void plain_open(void)
{
    char name[4096];
    static char zeros[1 << 16];

    snprintf(name, sizeof name, "%s.plain", path);
    plain_fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    unlink(name);
    for (off_t at = 0; plain_fd >= 0 && at < PLAIN_SPACE; at += (off_t)sizeof zeros)
        if (real_pwrite(plain_fd, zeros, sizeof zeros, at) < 0)
            _exit(74);
    syscall(SYS_fsync, plain_fd);
}

static void plain_sync(void)
{
    static char bytes[PLAIN_BYTES];
    off_t at = (off_t)(plain_count * PLAIN_BYTES % PLAIN_SPACE);
    double start = now_ms();

    bytes[0]++;
    if (real_pwrite(plain_fd, bytes, sizeof bytes, at) < 0 || syscall(SYS_fdatasync, plain_fd) < 0)
        _exit(74);
    plain_ms[plain_count++] = now_ms() - start;
}

static int compare_doubles(const void *a, const void *b)
{
    const double *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

static double percentile(double *times, size_t count, double share)
{
    qsort(times, count, sizeof *times, compare_doubles);
    return count > 0 ? times[(size_t)((double)(count - 1) * share)] : 0;
}

__attribute__((constructor)) static void leaving_init(void)
{
    path = getenv("LEAVING_FILE");
    if (path != NULL)
        plain_open();
}

__attribute__((destructor)) static void leaving_write(void)
{
    FILE *stream = path != NULL ? fopen(path, "we") : NULL;

    if (stream == NULL)
        return;
    fprintf(stream, "%zu %.4f %.4f %.4f %.4f\n", leaving_count,
            percentile(leaving_ms, leaving_count, 0.5), percentile(leaving_ms, leaving_count, 0.99),
            percentile(plain_ms, plain_count, 0.5), percentile(plain_ms, plain_count, 0.99));
    fclose(stream);
}

static void group_begins(void)
{
    if (written_ms == 0 || synced)
        written_ms = now_ms();
    synced = 0;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    group_begins();
    return real_pwrite(fd, bytes, size, at);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
    group_begins();
    return syscall(SYS_pwritev, fd, parts, count, at, 0);
}

int fdatasync(int fd)
{
    int code = (int)syscall(SYS_fdatasync, fd);

    synced = 1;
    return code;
}

/* The first output behind a group. */
int fflush(FILE *stream)
{
    int code = fflush_unlocked(stream);

    if (path == NULL || stream != stdout || written_ms == 0 || !synced ||
        leaving_count == TIMES_MAX)
        return code;
    leaving_ms[leaving_count++] = now_ms() - written_ms;
    written_ms = 0;
    plain_sync();
    return code;
}
