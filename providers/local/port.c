#include "port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "lang/base/file.h"
#include "providers/local/identity.h"

/* Between the well-known services and net.ipv4.ip_local_port_range. */
#define CHOOSE_FROM 20000
#define CHOOSE_COUNT 12000
#define CHOOSE_TRIES 1000

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
