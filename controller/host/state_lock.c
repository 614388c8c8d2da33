#include "controller/host/state_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lang/base/buffer.h"
#include "lang/base/file.h"
#include "lang/base/json.h"
#include "lang/base/memory.h"

#define LOCK_TEXT_MAX 16384
#define POLL_MS 20

static void time_text(char ret[32])
{
    time_t now = time(NULL);
    struct tm parts;

    gmtime_r(&now, &parts);
    strftime(ret, 32, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

/* Say who holds it. On a full disk it is held all the same, so failing to say so is not failing. */
static void holder_write(int fd, const char *command)
{
    cleanup(json_free) Json *holder = json_new_object();
    cleanup(buffer_deinit) Buffer text = {0};
    char host[256] = "", since[32];

    gethostname(host, sizeof host - 1);
    time_text(since);
    json_set_int(holder, "pid", getpid());
    json_set_string(holder, "host", host);
    json_set_string(holder, "command", command != NULL ? command : "");
    json_set_string(holder, "since", since);
    json_write(&text, holder);
    buffer_add_char(&text, '\n');
    if (ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0)
        fd_write_all(fd, text.bytes, text.size, NULL);
}

static int held_set(const char *folder, const char *path, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(json_free) Json *holder = NULL;

    if (file_read(path, LOCK_TEXT_MAX, &text, NULL) < 0 ||
        json_parse(buffer_text(&text), text.size, &holder, NULL) < 0)
        return error_set(err, ERROR_LOCKED,
                         "state '%s' is held by another process: wait for it, or use "
                         "--lock-timeout 30s",
                         folder);
    return error_set(err, ERROR_LOCKED,
                     "state '%s' is held by pid %lld on host %s (%s) since %s: wait for it, or use "
                     "--lock-timeout 30s",
                     folder, (long long)json_get_int(holder, "pid", 0),
                     json_get_string(holder, "host", "?"), json_get_string(holder, "command", "?"),
                     json_get_string(holder, "since", "?"));
}

static int64_t clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* 0, 1 when somebody else has it at the end of the time, or -errno. */
static int lock_wait(int fd, int64_t timeout_ms)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct timespec pause = {.tv_nsec = POLL_MS * 1000000};
    int64_t until = clock_ms() + timeout_ms;

    for (;;) {
        if (fcntl(fd, F_OFD_SETLK, &whole) == 0)
            return 0;
        if (errno != EAGAIN && errno != EACCES && errno != EINTR)
            return -errno;
        if (clock_ms() >= until)
            return 1;
        nanosleep(&pause, NULL);
    }
}

int state_lock_take(const char *folder, const char *command, int64_t timeout_ms, int *ret_fd,
                    Error *err)
{
    cleanup(free) char *path = memory_format("%s/lock", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return error_errno(err, errno, "open lock '%s'", path);
    int code = lock_wait(fd, timeout_ms);
    if (code != 0) {
        close(fd);
        return code > 0 ? held_set(folder, path, err) : error_errno(err, -code, "lock '%s'", path);
    }
    holder_write(fd, command);
    *ret_fd = fd;
    return 0;
}

void state_lock_release(int fd)
{
    if (fd < 0)
        return;
    /* The file stays: removing it would let two processes hold two files of one name. */
    if (ftruncate(fd, 0) < 0)
        errno = 0;
    close(fd);
}
