/* Preloaded into ved and its plugins: keeps the crash point a process is at in a shared page.
 *
 * The programs are the real ones and know nothing of this. Where they are is read off the calls
 * that have an effect outside the process, the point standing between two of them:
 *
 *     ved     write journal (a prepare in it)  1  sync journal  2  half an SSL record  3  the rest
 *             4  SSL_read of the reply  5  sync journal (an answer in it)  6
 *             write checkpoint  7  rename  8  sync folder
 *     plugin  SSL_read of a request  P1  its key synced  P2  the world called: an object of sim, a
 *             plain HTTP request that changes something  P3  result synced  P4  SSL_write of the
 *             reply
 *
 * At each point the calling thread naps for a moment, because a point that is a few instructions
 * wide would never be hit by a kill from outside. */
#include "tests/kill/crashpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "tests/kill/real.h"

#define CONNECTIONS_MAX 256
#define DESCRIPTORS_MAX 1024

typedef enum Role { ROLE_NONE, ROLE_VED, ROLE_PLUGIN } Role;

/* A TLS connection on which an effect was asked for and not yet answered. */
typedef struct Connection {
    _Atomic(const void *) ssl;
    _Atomic bool effect;
} Connection;

static CrashMap *map;
static Role role;
static Connection connections[CONNECTIONS_MAX];
static __thread bool sending_effect;

/* Set by a write to ved's journal or to a plugin's store, taken by the sync that makes it durable:
 * intents and answers of the one, keys and results of the other. */
static _Atomic bool intents_written, answers_written;
static _Atomic bool checkpoint_renamed;

/* ---- the page ---- */

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

__attribute__((constructor)) static void crashpoint_attach(void)
{
    const char *path = getenv(CRASH_MAP_ENVIRONMENT);
    const char *program = program_invocation_short_name;
    int fd;

    if (!path)
        return;
    if (strcmp(program, "ved") == 0)
        role = ROLE_VED;
    else if (starts_with(program, "ved-provider-"))
        role = ROLE_PLUGIN;
    else
        return;
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    map = mmap(NULL, sizeof(CrashMap), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map == MAP_FAILED)
        map = NULL;
    else if (role == ROLE_PLUGIN)
        map->plugin_pid = getpid();
}

static uint64_t next_random(void)
{
    uint64_t x = atomic_fetch_add(&map->random, 0x9e3779b97f4a7c15u) + 0x9e3779b97f4a7c15u;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static const unsigned char point_naps[] = {
#define CRASHPOINT(name, label, naps, text) naps,
#include "tests/kill/crashpoint.def"
#undef CRASHPOINT
};

static void nap(CrashPoint point)
{
    uint32_t from = map->nap_min_us;
    uint32_t to = map->nap_max_us;
    int saved = errno;
    struct timespec time = {0};

    if (to > from && map->ved_naps == (role == ROLE_VED)) {
        time.tv_nsec = (long)(from + next_random() % (to - from)) * 1000 * point_naps[point];
        nanosleep(&time, NULL);
    }
    errno = saved;
}

/* It is killed here, however slow or quick it has come. */
static void wait_to_be_killed(void)
{
    map->aim_in = -1;
    nanosleep(&(struct timespec){.tv_sec = 20}, NULL);
}

static CrashPlace place_of(CrashPoint point)
{
    if (role == ROLE_PLUGIN)
        return CRASH_PLACE_PLUGIN;
    if (point == CRASH_CHECKPOINT_WRITE || point == CRASH_CHECKPOINT_RENAMED)
        return CRASH_PLACE_CHECKPOINT;
    return CRASH_PLACE_EFFECTS;
}

static void arrive(CrashPoint point)
{
    map->point[place_of(point)] = (int32_t)point;
    map->passes[point]++;
    if (map->aim == (int32_t)point && atomic_fetch_sub(&map->aim_in, 1) == 1)
        wait_to_be_killed();
    nap(point);
}

/* ---- what a descriptor is ---- */

typedef enum FileKind {
    FILE_OTHER,
    FILE_SOCKET,
    FILE_FOLDER,
    FILE_JOURNAL,
    FILE_CHECKPOINT,
    FILE_STORE /* where a plugin keeps keys and results */
} FileKind;

static FileKind name_kind(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;

    if (role == ROLE_PLUGIN)
        return strcmp(name, "journal.ndjson") == 0 ? FILE_STORE : FILE_OTHER;
    if (starts_with(name, "journal-"))
        return FILE_JOURNAL;
    return strstr(name, "checkpoint-") ? FILE_CHECKPOINT : FILE_OTHER;
}

static FileKind descriptor_kind(int fd)
{
    char link[64], path[PATH_MAX];
    struct stat status;
    ssize_t size;
    int saved = errno;
    FileKind kind = FILE_OTHER;

    if (!map || role == ROLE_NONE)
        return FILE_OTHER;
    if (fstat(fd, &status) == 0) {
        if (S_ISSOCK(status.st_mode)) {
            kind = FILE_SOCKET;
        } else if (S_ISDIR(status.st_mode)) {
            kind = FILE_FOLDER;
        } else if (S_ISREG(status.st_mode)) {
            snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
            size = readlink(link, path, sizeof path - 1);
            if (size > 0) {
                path[size] = 0;
                kind = name_kind(path);
            }
        }
    }
    errno = saved;
    return kind;
}

/* ---- files ---- */

static bool bytes_have(const struct iovec *parts, int count, const char *word)
{
    for (int i = 0; i < count; i++)
        if (memmem(parts[i].iov_base, parts[i].iov_len, word, strlen(word)))
            return true;
    return false;
}

static void before_journal(const struct iovec *parts, int count)
{
    if (bytes_have(parts, count, "\"answer\""))
        answers_written = true;
    if (bytes_have(parts, count, "\"prepare\"")) {
        intents_written = true;
        arrive(CRASH_BEFORE_INTENT);
    }
}

static void before_store(const struct iovec *parts, int count)
{
    if (bytes_have(parts, count, "\"end\"")) {
        answers_written = true;
        arrive(CRASH_WORLD_CALLED);
    }
    if (bytes_have(parts, count, "\"begin\"")) {
        intents_written = true;
        arrive(CRASH_KEY_NOT_STORED);
    }
}

static void before_write(FileKind kind, const struct iovec *parts, int count)
{
    switch (kind) {
    case FILE_JOURNAL:
        before_journal(parts, count);
        break;
    case FILE_STORE:
        before_store(parts, count);
        break;
    case FILE_CHECKPOINT:
        arrive(CRASH_CHECKPOINT_WRITE);
        break;
    case FILE_OTHER:
    case FILE_SOCKET:
    case FILE_FOLDER:
        break;
    }
}

static void before_sync(FileKind kind)
{
    if (kind == FILE_CHECKPOINT)
        arrive(CRASH_CHECKPOINT_WRITE);
}

static void after_sync(FileKind kind)
{
    switch (kind) {
    case FILE_JOURNAL:
        if (atomic_exchange(&answers_written, false))
            arrive(CRASH_REPLY_JOURNALLED);
        if (atomic_exchange(&intents_written, false))
            arrive(CRASH_BEFORE_CONNECT);
        break;
    case FILE_FOLDER:
        if (role == ROLE_VED && atomic_exchange(&checkpoint_renamed, false))
            map->point[CRASH_PLACE_CHECKPOINT] = CRASH_NOWHERE;
        break;
    case FILE_STORE:
        if (atomic_exchange(&intents_written, false))
            arrive(CRASH_KEY_STORED);
        if (atomic_exchange(&answers_written, false))
            arrive(CRASH_RESULT_STORED);
        break;
    case FILE_OTHER:
    case FILE_SOCKET:
    case FILE_CHECKPOINT:
        break;
    }
}

EXPORT ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    REAL(pwritev);
    FileKind kind = descriptor_kind(fd);

    before_write(kind, parts, count);
    return real(fd, parts, count, offset);
}

EXPORT ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    REAL(pwrite);
    FileKind kind = descriptor_kind(fd);
    struct iovec part = {(void *)(uintptr_t)bytes, size};

    before_write(kind, &part, 1);
    return real(fd, bytes, size, offset);
}

EXPORT ssize_t writev(int fd, const struct iovec *parts, int count)
{
    REAL(writev);
    FileKind kind = descriptor_kind(fd);

    before_write(kind, parts, count);
    return real(fd, parts, count);
}

EXPORT int fdatasync(int fd)
{
    REAL(fdatasync);
    FileKind kind = descriptor_kind(fd);
    int result;

    before_sync(kind);
    result = real(fd);
    after_sync(kind);
    return result;
}

EXPORT int fsync(int fd)
{
    REAL(fsync);
    FileKind kind = descriptor_kind(fd);
    int result;

    before_sync(kind);
    result = real(fd);
    after_sync(kind);
    return result;
}

EXPORT int rename(const char *from, const char *to)
{
    REAL(rename);
    bool checkpoint = map && role == ROLE_VED && name_kind(to) == FILE_CHECKPOINT;
    int result = real(from, to);

    if (checkpoint && result == 0) {
        checkpoint_renamed = true;
        arrive(CRASH_CHECKPOINT_RENAMED);
    }
    return result;
}

/* The sim provider's world: an object exists from the moment it is linked. */
EXPORT int link(const char *from, const char *to)
{
    REAL(link);
    int result = real(from, to);

    if (map && role == ROLE_PLUGIN && result == 0 && strstr(to, "/objects/"))
        arrive(CRASH_WORLD_CALLED);
    return result;
}

/* ---- sockets ---- */

/* The bytes of an effect's request leave in two halves, with a nap between them. */
static ssize_t send_halves(int fd, const void *bytes, size_t size, int flags,
                           __typeof__(send) *real)
{
    size_t half = size / 2;
    ssize_t first = real(fd, bytes, half, flags);
    ssize_t second;

    if (first != (ssize_t)half)
        return first;
    arrive(CRASH_HALF_SENT);
    second = real(fd, (const char *)bytes + half, size - half, flags);
    return second < 0 ? first : first + second;
}

/* Sockets on which a plugin has told the world beyond it, in plain HTTP, to change something. */
static _Atomic bool world_asked[DESCRIPTORS_MAX];

static bool changes_world(int fd, const void *bytes, size_t size)
{
    static const char *const starts[] = {"POST /", "PUT /", "DELETE /"};

    if (!map || role != ROLE_PLUGIN || fd < 0 || fd >= DESCRIPTORS_MAX)
        return false;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (size >= strlen(starts[i]) && memcmp(bytes, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

EXPORT ssize_t recv(int fd, void *bytes, size_t size, int flags)
{
    REAL(recv);
    ssize_t result = real(fd, bytes, size, flags);

    if (map && result > 0 && fd >= 0 && fd < DESCRIPTORS_MAX &&
        atomic_exchange(&world_asked[fd], false))
        arrive(CRASH_WORLD_CALLED);
    return result;
}

EXPORT ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    REAL(send);

    if (changes_world(fd, bytes, size)) {
        world_asked[fd] = true;
        arrive(CRASH_KEY_STORED);
    }
    if (sending_effect && size > 1)
        return send_halves(fd, bytes, size, flags, real);
    return real(fd, bytes, size, flags);
}

EXPORT ssize_t write(int fd, const void *bytes, size_t size)
{
    REAL(write);
    FileKind kind = descriptor_kind(fd);
    struct iovec part = {(void *)(uintptr_t)bytes, size};

    if (sending_effect && kind == FILE_SOCKET && size > 1)
        return send(fd, bytes, size, MSG_NOSIGNAL);
    before_write(kind, &part, 1);
    return real(fd, bytes, size);
}

/* ---- TLS: the only place where requests and replies can be told apart ---- */

static bool is_effect_request(const char *bytes, int size)
{
    static const char *const starts[] = {"PUT /v1/instances/", "DELETE /v1/instances/",
                                         "POST /v1/actions/"};

    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (size >= (int)strlen(starts[i]) && starts_with(bytes, starts[i]))
            return true;
    return false;
}

static bool is_request(const char *bytes, int size)
{
    return size >= 5 && (starts_with(bytes, "GET /") || starts_with(bytes, "POST ") ||
                         starts_with(bytes, "PUT /") || starts_with(bytes, "DELET"));
}

static Connection *connection_of(const void *ssl)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        const void *none = NULL;

        if (connections[i].ssl == ssl ||
            atomic_compare_exchange_strong(&connections[i].ssl, &none, ssl))
            return &connections[i];
    }
    fputs("crashpoint: more connections than are kept in mind\n", stderr);
    abort();
}

int SSL_write(void *ssl, const void *bytes, int size);
int SSL_read(void *ssl, void *bytes, int size);
void SSL_free(void *ssl);

static int ved_write(void *ssl, const void *bytes, int size, __typeof__(SSL_write) *real)
{
    Connection *connection = connection_of(ssl);
    int result;

    if (is_request(bytes, size))
        connection->effect = is_effect_request(bytes, size);
    sending_effect = connection->effect;
    result = real(ssl, bytes, size);
    sending_effect = false;
    if (result > 0 && connection->effect)
        arrive(CRASH_NO_REPLY);
    return result;
}

static int plugin_write(void *ssl, const void *bytes, int size, __typeof__(SSL_write) *real)
{
    Connection *connection = connection_of(ssl);
    int result = real(ssl, bytes, size);

    if (result > 0 && connection->effect) {
        connection->effect = false;
        map->point[CRASH_PLACE_PLUGIN] = CRASH_NOWHERE;
    }
    return result;
}

EXPORT int SSL_write(void *ssl, const void *bytes, int size)
{
    REAL(SSL_write);

    if (!map || role == ROLE_NONE)
        return real(ssl, bytes, size);
    return role == ROLE_VED ? ved_write(ssl, bytes, size, real)
                            : plugin_write(ssl, bytes, size, real);
}

EXPORT int SSL_read(void *ssl, void *bytes, int size)
{
    REAL(SSL_read);
    int result = real(ssl, bytes, size);
    Connection *connection;

    if (!map || role == ROLE_NONE || result <= 0)
        return result;
    connection = connection_of(ssl);
    if (role == ROLE_VED && connection->effect) {
        arrive(CRASH_REPLY_RECEIVED);
    } else if (role == ROLE_PLUGIN && is_effect_request(bytes, result)) {
        connection->effect = true;
        arrive(CRASH_KEY_NOT_STORED);
    }
    return result;
}

/* The address of a freed connection is soon another one's. */
EXPORT void SSL_free(void *ssl)
{
    REAL(SSL_free);

    for (size_t i = 0; map && i < CONNECTIONS_MAX; i++)
        if (ssl && connections[i].ssl == ssl) {
            connections[i].effect = false;
            connections[i].ssl = NULL;
        }
    real(ssl);
}
