#include "port.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "providers/local/identity.h"

/* Between the well-known services and net.ipv4.ip_local_port_range. */
#define CHOOSE_FROM 20000
#define CHOOSE_COUNT 12000
#define CHOOSE_TRIES 1000

#define TCP_TABLE_SIZE_MAX ((size_t)16 << 20)
#define TCP_LISTEN 10 /* the kernel's number of that state in /proc/net/tcp */

bool port_is_free(int port)
{
    cleanup(fd_close) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1;

    /* With it connections of the last owner that are still dying do not count. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    return fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
           listen(fd, 1) == 0;
}

/* ---- who listens ---- */

/* The inode of the socket that listens on `port` according to one of the kernel's tables, whose
 * lines are "sl local:port remote:port state queues timer retransmits uid timeout inode ..."; 0:
 * none does. */
static unsigned long listener_inode(const char *table, int port)
{
    cleanup(buffer_deinit) Buffer text;

    buffer_init(&text, TCP_TABLE_SIZE_MAX);
    if (file_read(table, TCP_TABLE_SIZE_MAX, &text, NULL) < 0)
        return 0;
    for (const char *line = strchr(buffer_text(&text), '\n'); line != NULL;
         line = strchr(line + 1, '\n')) {
        unsigned local_port, state;
        unsigned long inode;
        if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*u %*d %lu",
                   &local_port, &state, &inode) == 3 &&
            local_port == (unsigned)port && state == TCP_LISTEN)
            return inode;
    }
    return 0;
}

static bool process_holds(const char *pid, const char *socket_name)
{
    cleanup(free) char *path = memory_format("/proc/%s/fd", pid);
    DIR *folder = opendir(path);
    bool found = false;

    if (folder == NULL)
        return false; /* it has ended, or is somebody else's */
    for (struct dirent *entry = readdir(folder); entry != NULL && !found; entry = readdir(folder)) {
        char target[64];
        ssize_t size = readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);
        target[size > 0 ? size : 0] = '\0';
        found = strcmp(target, socket_name) == 0;
    }
    closedir(folder);
    return found;
}

static char *process_describe(const char *pid)
{
    cleanup(free) char *path = memory_format("/proc/%s/comm", pid);
    cleanup(buffer_deinit) Buffer name = {0};

    if (file_read(path, 256, &name, NULL) < 0)
        return memory_format("process %s", pid);
    return memory_format("process %s (%.*s)", pid, (int)strcspn(buffer_text(&name), "\n"),
                         buffer_text(&name));
}

char *port_owner(int port)
{
    unsigned long inode = listener_inode("/proc/net/tcp", port);

    if (inode == 0)
        inode = listener_inode("/proc/net/tcp6", port);
    cleanup(free) char *socket_name = memory_format("socket:[%lu]", inode);
    DIR *folder = inode != 0 ? opendir("/proc") : NULL;
    char *owner = NULL;

    if (folder == NULL)
        return NULL;
    for (struct dirent *entry = readdir(folder); entry != NULL && owner == NULL;
         entry = readdir(folder))
        if (isdigit((unsigned char)entry->d_name[0]) && process_holds(entry->d_name, socket_name))
            owner = process_describe(entry->d_name);
    closedir(folder);
    return owner;
}

/* ---- asking ---- */

static bool address_accepts(const struct addrinfo *address, int64_t timeout_ms)
{
    cleanup(fd_close) int fd =
        socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    int failure = 0;
    socklen_t size = sizeof failure;

    if (fd < 0)
        return false;
    if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
        return true;
    if (errno != EINPROGRESS || poll(&wait, 1, (int)timeout_ms) <= 0)
        return false;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size) == 0 && failure == 0;
}

bool port_accepts(const char *host, int port, int64_t timeout_ms)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    char service[16];
    bool accepts = false;

    snprintf(service, sizeof service, "%d", port);
    if (getaddrinfo(host, service, &hints, &addresses) != 0)
        return false;
    int64_t deadline = monotonic_now_ms() + timeout_ms;
    for (struct addrinfo *a = addresses; a != NULL && !accepts; a = a->ai_next) {
        int64_t left = deadline - monotonic_now_ms();
        accepts = left > 0 && address_accepts(a, left);
    }
    freeaddrinfo(addresses);
    return accepts;
}

int port_choose(bool (*claimed)(int port, const void *context), const void *context, int *ret,
                Error *err)
{
    uint32_t random = 0;

    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        return error_errno(err, errno, "read random numbers");
    for (uint32_t i = 0; i < CHOOSE_TRIES; i++) {
        int port = CHOOSE_FROM + (int)((random + i) % CHOOSE_COUNT);
        if (!claimed(port, context) && port_is_free(port)) {
            *ret = port;
            return 0;
        }
    }
    return error_set(err, ERROR_FAILED, "none of %d ports from %d on is free: end what uses them",
                     CHOOSE_TRIES, CHOOSE_FROM);
}
