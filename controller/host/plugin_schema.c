#include "controller/host/plugin_schema.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "controller/host/child.h"
#include "controller/host/plugin_log.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Start it with nothing to read. */
static int schema_process(const char *program, const char *config, int out, int complaints,
                          pid_t *ret)
{
    char *arguments[] = {(char *)program, (char *)"--schema",
                         config != NULL ? (char *)"--config" : NULL, (char *)config, NULL};
    int opened = open("/dev/null", O_RDWR | O_CLOEXEC);
    cleanup(fd_close) int nothing = opened < 0 ? -errno : child_stream(opened);

    if (nothing < 0)
        return nothing;
    return child_start(arguments, &(ChildStreams){nothing, out, complaints}, ret);
}

/* All it prints until it closes its stdout. */
static int output_read(int fd, int64_t until_ms, Buffer *ret, Error *err)
{
    char bytes[16384];

    for (;;) {
        int64_t left_ms = until_ms - now_ms();
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (left_ms <= 0)
            return error_set(err, ERROR_PROVIDER, "it did not end in time");
        if (poll(&ready, 1, (int)left_ms) <= 0)
            continue;
        ssize_t n = read(fd, bytes, sizeof bytes);
        if (n == 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return error_errno(err, errno, "read what it prints");
        if (n > 0)
            buffer_add(ret, bytes, (size_t)n);
        if (ret->overflowed)
            return error_set(err, ERROR_PROVIDER, "it printed more than %zu bytes", ret->ceiling);
    }
}

/* Wait for its end, which may come after that of its stdout. If it fails it has said why. */
static int process_end(pid_t pid, int64_t until_ms, int complaints, Error *err)
{
    static const struct timespec step = {0, 1000000};
    int status = 0;
    char how[64];
    pid_t ended;

    while ((ended = waitpid(pid, &status, WNOHANG)) == 0 && now_ms() < until_ms)
        nanosleep(&step, NULL);
    if (ended == 0) {
        kill(-pid, SIGKILL);
        waitpid(pid, NULL, 0);
        return error_set(err, ERROR_PROVIDER, "it did not end in time");
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    child_end_describe(status, how, sizeof how);
    cleanup(free) char *why = plugin_last_words(complaints);
    return error_set(err, ERROR_PROVIDER, "it %s%s%s", how, why[0] != '\0' ? ": " : "", why);
}

static int output_take(const char *program, const char *config, int64_t limit_ms, Buffer *ret,
                       Error *err)
{
    int64_t until_ms = now_ms() + limit_ms;
    int opened = memfd_create("complaints", MFD_CLOEXEC);
    cleanup(fd_close) int complaints = opened < 0 ? -errno : child_stream(opened);
    int ends[2] = {-1, -1};
    pid_t pid = -1;
    int code = complaints < 0 ? complaints : child_pipe(ends);

    if (code == 0)
        code = schema_process(program, config, ends[1], complaints, &pid);
    fd_close(ends[1]);
    if (code < 0) {
        fd_close(ends[0]);
        return error_errno(err, -code, "start it");
    }
    code = output_read(ends[0], until_ms, ret, err);
    fd_close(ends[0]);
    if (code < 0)
        kill(-pid, SIGKILL);
    int ended = process_end(pid, until_ms, complaints, code < 0 ? NULL : err);
    return code < 0 ? code : ended;
}

int plugin_schema_ask(const char *program, const char *config, int64_t limit_ms,
                      ProviderSchema **ret, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(json_free) Json *document = NULL;
    int code;

    buffer_init(&text, PLUGIN_SCHEMA_SIZE_MAX);
    code = output_take(program, config, limit_ms, &text, err);
    if (code == 0)
        code = json_parse(buffer_text(&text), text.size, &document, err);
    if (code == 0)
        code = provider_schema_parse(document, ret, err);
    if (code < 0)
        return error_wrap(err, "ask plugin '%s' for its schema (--schema)", program);
    take(document);
    return 0;
}
