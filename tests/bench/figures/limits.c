#include "tests/bench/figures/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lang/base/file.h"
#include "lang/base/hash.h"
#include "lang/base/memory.h"

#define SYNC_S 1.5
#define SYNCS_MAX 100000
#define SPACE_BYTES ((size_t)64 << 20)
#define LOOP_S 0.5
#define STARTS 41
#define TOKENS 1000
#define RING_MESSAGES 10000000

double clock_s(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Seconds of this process's own: others on the machine do not count. */
static double processor_s(void)
{
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int fail(const char *what)
{
    perror(what);
    return 1;
}

static int compare_doubles(const void *a, const void *b)
{
    const double *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

/* Sorts. */
static double percentile(double *values, size_t count, double share)
{
    qsort(values, count, sizeof *values, compare_doubles);
    return values[(size_t)((double)(count - 1) * share)];
}

/* ---- the disk ---- */

/* Space that is taken and written: no sync has to say where it lies. */
static int space_make(int fd)
{
    size_t size = (size_t)1 << 20;
    cleanup(free) char *zeros = memory_zero(size, 1);

    if (posix_fallocate(fd, 0, (off_t)SPACE_BYTES) != 0)
        return -1;
    for (size_t at = 0; at < SPACE_BYTES; at += size)
        if (pwrite(fd, zeros, size, (off_t)at) != (ssize_t)size)
            return -1;
    return fsync(fd);
}

static int syncs_measure(int fd, size_t size)
{
    cleanup(free) double *times = memory_zero(SYNCS_MAX, sizeof *times);
    cleanup(free) char *bytes = memory_alloc(size);
    double start = clock_s(), before = start;
    size_t count = 0, at = 0;

    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)hash_mix(i);
    while (count < SYNCS_MAX && before - start < SYNC_S) {
        if (at + size > SPACE_BYTES)
            at = 0;
        bytes[0]++;
        if (pwrite(fd, bytes, size, (off_t)at) != (ssize_t)size || fdatasync(fd) < 0)
            return -1;
        double now = clock_s();
        times[count++] = now - before;
        before = now;
        at += size;
    }
    double rate = (double)count / (before - start);
    printf("%.1f %.2f %.4f %.4f\n", rate, rate * (double)size / 1e6,
           percentile(times, count, 0.5) * 1e3, percentile(times, count, 0.99) * 1e3);
    return 0;
}

int limit_sync(const char *folder, size_t size)
{
    cleanup(free) char *path = memory_format("%s/limit-XXXXXX", folder);
    cleanup(fd_close) int fd = mkostemp(path, O_CLOEXEC);

    if (size == 0 || size > SPACE_BYTES) {
        errno = EINVAL;
        return fail("limits: bytes");
    }
    if (fd < 0)
        return fail(path);
    unlink(path);
    return space_make(fd) < 0 || syncs_measure(fd, size) < 0 ? fail(path) : 0;
}

int limit_read(const char *path)
{
    cleanup(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t size = (size_t)1 << 20, whole = 0;
    cleanup(free) char *bytes = memory_alloc(size);
    double start = clock_s();
    uint32_t crc = 0;
    ssize_t got;

    while ((got = read(fd, bytes, size)) > 0) {
        crc = crc32c(crc, bytes, (size_t)got);
        whole += (size_t)got;
    }
    if (got < 0)
        return fail(path);
    printf("%.1f %08x\n", (double)whole / 1e6 / (clock_s() - start), crc);
    return 0;
}

/* ---- the processor ---- */

typedef struct State {
    uint64_t words[8];
} State;

typedef void Step(State *state);

static void count_up(State *state)
{
    state->words[0]++;
}

/* Known to no compiler. */
static Step *volatile step = count_up;

int limit_slices(void)
{
    State state = {.words = {0}};
    uint64_t round = 10000000, count = 0;
    double start = processor_s(), now;

    do {
        for (uint64_t goal = state.words[0] + round; state.words[0] != goal; count++)
            step(&state);
        now = processor_s();
    } while (now - start < LOOP_S);
    printf("%.2f\n", (double)count / 1e6 / (now - start));
    return 0;
}

typedef struct Message {
    struct Message *next;
    uint64_t left;
} Message;

typedef struct Domain {
    struct Domain *next;       /* in the ring */
    struct Domain *next_ready; /* of those with messages */
    Message *first, *last;
    uint64_t seen;
} Domain;

typedef struct Ready {
    Domain *first, *last;
} Ready;

static void message_put(Ready *ready, Domain *domain, uint64_t left)
{
    Message *message = memory_zero(1, sizeof *message);

    message->left = left;
    if (domain->first != NULL) {
        domain->last = domain->last->next = message;
        return;
    }
    domain->first = domain->last = message;
    domain->next_ready = NULL;
    if (ready->first != NULL)
        ready->last = ready->last->next_ready = domain;
    else
        ready->first = ready->last = domain;
}

static uint64_t message_take(Ready *ready, Domain *domain)
{
    Message *message = domain->first;
    uint64_t left = message->left;

    ready->first = domain->next_ready;
    domain->first = message->next;
    domain->seen++;
    free(message);
    if (domain->first != NULL) {
        domain->next_ready = NULL;
        if (ready->first != NULL)
            ready->last = ready->last->next_ready = domain;
        else
            ready->first = ready->last = domain;
    }
    return left;
}

int limit_ring(size_t domains)
{
    cleanup(free) Domain *ring = memory_zero(domains, sizeof *ring);
    size_t tokens = domains < TOKENS ? domains : TOKENS;
    uint64_t hops = RING_MESSAGES / tokens, count = 0;
    Ready ready = {0};

    for (size_t i = 0; i < domains; i++)
        ring[i].next = &ring[(i + 1) % domains];
    for (size_t i = 0; i < tokens; i++)
        message_put(&ready, &ring[i * (domains / tokens)], hops);
    double start = processor_s();
    for (; ready.first != NULL; count++) {
        Domain *domain = ready.first;
        uint64_t left = message_take(&ready, domain);
        if (left > 1)
            message_put(&ready, domain->next, left - 1);
    }
    printf("%.2f\n", (double)count / 1e6 / (processor_s() - start));
    return 0;
}

static int run_once(char **command, double *ret_s)
{
    double start = clock_s();
    int status;
    pid_t pid = vfork();

    if (pid == 0) {
        execv(command[0], command);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        return -1;
    *ret_s = clock_s() - start;
    errno = ENOEXEC;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

int limit_start(char **command)
{
    double times[STARTS];
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), out = dup(STDOUT_FILENO);

    if (null < 0 || out < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
        dup2(null, STDERR_FILENO) < 0)
        return fail("limits: /dev/null");
    for (size_t i = 0; i < STARTS; i++)
        if (run_once(command, &times[i]) < 0)
            return fail(command[0]);
    double median = percentile(times, STARTS, 0.5) * 1e3;
    dprintf(out, "%.3f %.3f\n", median, times[0] * 1e3);
    return 0;
}
