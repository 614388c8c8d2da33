#include "controller/host/key_source.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "controller/host/child.h"
#include "lang/base/buffer.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

#define KEY_TEXT_MAX 4096
#define COMMAND_TIMEOUT_MS 60000
#define BASE64_SIZE 44 /* of a key */

bool key_source_is_set(const KeySource *source)
{
    return source->file != NULL || source->env != NULL || source->command != NULL;
}

static char *copy_or_null(const char *text)
{
    return text != NULL ? memory_copy_string(text) : NULL;
}

static KeySource source_copy(const KeySource *from)
{
    return (KeySource){copy_or_null(from->file), copy_or_null(from->env),
                       copy_or_null(from->command)};
}

static void source_deinit(KeySource *source)
{
    free(source->file);
    free(source->env);
    free(source->command);
}

void key_sources_copy(const KeySources *from, KeySources *ret)
{
    *ret = (KeySources){.current = source_copy(&from->current),
                        .former = memory_zero(from->former_count + 1, sizeof *ret->former),
                        .former_count = from->former_count};
    for (size_t i = 0; i < from->former_count; i++)
        ret->former[i] = source_copy(&from->former[i]);
}

void key_sources_deinit(KeySources *sources)
{
    source_deinit(&sources->current);
    for (size_t i = 0; i < sources->former_count; i++)
        source_deinit(&sources->former[i]);
    free(sources->former);
    *sources = (KeySources){0};
}

/* ---- as it is written ---- */

static bool hex_parse(const char *text, uint8_t ret[SECRETS_KEY_SIZE])
{
    for (size_t i = 0; i < SECRETS_KEY_SIZE; i++) {
        const char digits[] = {text[2 * i], text[2 * i + 1], '\0'};
        if (!isxdigit((unsigned char)digits[0]) || !isxdigit((unsigned char)digits[1]))
            return false;
        ret[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return true;
}

static bool base64_parse(const char *text, uint8_t ret[SECRETS_KEY_SIZE])
{
    uint8_t bytes[SECRETS_KEY_SIZE + 1]; /* with the zero that the padding stands for */

    if (text[BASE64_SIZE - 1] != '=' || text[BASE64_SIZE - 2] == '=' ||
        EVP_DecodeBlock(bytes, (const uint8_t *)text, BASE64_SIZE) != SECRETS_KEY_SIZE + 1)
        return false;
    memcpy(ret, bytes, SECRETS_KEY_SIZE);
    return true;
}

int key_parse(const char *text, const char *where, uint8_t ret[SECRETS_KEY_SIZE], Error *err)
{
    const char *start = text + strspn(text, " \t\r\n");
    size_t size = strcspn(start, " \t\r\n");
    bool is_alone = start[size + strspn(start + size, " \t\r\n")] == '\0';

    if (is_alone && ((size == 2 * (size_t)SECRETS_KEY_SIZE && hex_parse(start, ret)) ||
                     (size == BASE64_SIZE && base64_parse(start, ret))))
        return 0;
    return error_set(err, ERROR_STATE,
                     "%s gives no key for secrets: expected 32 bytes as 64 hexadecimal digits or "
                     "in base64, as `openssl rand -hex 32` makes them",
                     where);
}

/* ---- from a command ---- */

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* All that comes before the end; -1: too much, or too late. */
static int output_read(int fd, Buffer *ret)
{
    int64_t until = now_ms() + COMMAND_TIMEOUT_MS;
    char chunk[512];

    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int64_t left = until - now_ms();
        int ready = left > 0 ? poll(&wait, 1, (int)left) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0 || ret->size > KEY_TEXT_MAX)
            return -1;
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return (int)got;
        buffer_add(ret, chunk, (size_t)got);
    }
}

static int command_start(const char *command, int out, pid_t *ret)
{
    char *const arguments[] = {"/bin/sh", "-c", (char *)command, NULL};
    cleanup(fd_close) int in = child_stream(open("/dev/null", O_RDONLY | O_CLOEXEC));
    cleanup(fd_close) int err = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

    if (in < 0 || err < 0)
        return -EBADF;
    return child_start(arguments, &(ChildStreams){in, out, err}, ret);
}

static int command_run(const char *command, Buffer *ret, Error *err)
{
    int ends[2] = {-1, -1}, status = 0;
    pid_t pid = -1;
    char how[64];
    int code = child_pipe(ends);

    if (code == 0)
        code = command_start(command, ends[1], &pid);
    fd_close(ends[1]);
    if (code < 0 || pid < 0) {
        fd_close(ends[0]);
        return error_errno(err, -code, "run the command for the key of secrets");
    }
    int read_code = output_read(ends[0], ret);
    fd_close(ends[0]);
    if (read_code < 0)
        kill(-pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (read_code < 0)
        return error_set(err, ERROR_STATE,
                         "the command for the key of secrets did not end within %d s, or said more "
                         "than %d bytes",
                         COMMAND_TIMEOUT_MS / 1000, KEY_TEXT_MAX);
    if (status == 0)
        return 0;
    child_end_describe(status, how, sizeof how);
    return error_set(err, ERROR_STATE, "the command for the key of secrets %s", how);
}

/* ---- any of them ---- */

static int text_read(const KeySource *source, Buffer *ret, Error *err)
{
    if (source->file != NULL) {
        int code = file_read(source->file, KEY_TEXT_MAX, ret, err);
        return code < 0 ? error_wrap(err, "key of secrets") : 0;
    }
    if (source->command != NULL)
        return command_run(source->command, ret, err);
    const char *text = getenv(source->env);
    if (text == NULL)
        return error_set(err, ERROR_STATE, "key of secrets: the environment has no variable '%s'",
                         source->env);
    buffer_add_string(ret, text);
    return 0;
}

int key_source_read(const KeySource *source, uint8_t ret[SECRETS_KEY_SIZE], Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    const char *name = source->file != NULL  ? source->file
                       : source->env != NULL ? source->env
                                             : "the command for the key of secrets";
    cleanup(free) char *where =
        source->command != NULL ? memory_copy_string(name) : memory_format("'%s'", name);
    int code = text_read(source, &text, err);

    if (code == 0)
        code = key_parse(buffer_text(&text), where, ret, err);
    if (text.bytes != NULL)
        explicit_bzero(text.bytes, text.size);
    return code;
}
