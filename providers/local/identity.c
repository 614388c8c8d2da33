#include "identity.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>

#include "lang/base/file.h"
#include "lang/base/json.h"
#include "lang/base/memory.h"

#define STAT_SIZE_MAX 4096
#define ENVIRONMENT_SIZE_MAX (4 << 20)
#define POLL_STEP_MS 20

int64_t monotonic_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void monotonic_sleep_ms(int64_t duration_ms)
{
    struct timespec pause = {.tv_sec = duration_ms / 1000,
                             .tv_nsec = (duration_ms % 1000) * 1000000};

    while (nanosleep(&pause, &pause) < 0 && errno == EINTR)
        ;
}

bool process_stat_read(pid_t pid, ProcessStat *ret)
{
    cleanup(free) char *path = memory_format("/proc/%d/stat", (int)pid);
    cleanup(buffer_deinit) Buffer text;

    buffer_init(&text, STAT_SIZE_MAX);
    if (pid <= 0 || file_read(path, STAT_SIZE_MAX, &text, NULL) < 0)
        return false;
    /* The second field is the program's name in brackets, which may hold brackets and blanks. */
    const char *after = strrchr(buffer_text(&text), ')');
    if (after == NULL)
        return false;
    return sscanf(after + 1,
                  " %c %*d %d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
                  "%" SCNu64,
                  &ret->state, &ret->group, &ret->start_time) == 3;
}

bool process_stat_is_dead(const ProcessStat *stat)
{
    return stat->state == 'Z' || stat->state == 'X' || stat->state == 'x';
}

int boot_id_read(const char *path, char ret[BOOT_ID_SIZE], Error *err)
{
    cleanup(buffer_deinit) Buffer text;

    buffer_init(&text, BOOT_ID_SIZE);
    int code = file_read(path, BOOT_ID_SIZE - 1, &text, err);
    if (code < 0)
        return code;
    snprintf(ret, BOOT_ID_SIZE, "%s", buffer_text(&text));
    ret[strcspn(ret, "\r\n")] = '\0';
    if (ret[0] == '\0')
        return error_set(err, ERROR_FAILED, "read '%s': expected a boot id, found nothing", path);
    return 0;
}

int identity_of(pid_t pid, const char *boot_id, Identity *ret, Error *err)
{
    ProcessStat stat;

    if (!process_stat_read(pid, &stat))
        return error_set(err, ERROR_FAILED, "process %d is not to be found in /proc", (int)pid);
    *ret = (Identity){.pid = pid, .start_time = stat.start_time};
    snprintf(ret->boot_id, sizeof ret->boot_id, "%s", boot_id);
    return 0;
}

int identity_load(const char *path, Identity *ret, Error *err)
{
    cleanup(buffer_deinit) Buffer text;
    cleanup(json_free) Json *json = NULL;

    buffer_init(&text, STAT_SIZE_MAX);
    int code = file_read(path, STAT_SIZE_MAX, &text, err);
    if (code == -ENOENT)
        return IDENTITY_NONE;
    if (code < 0)
        return code;
    if ((code = json_parse(buffer_text(&text), text.size, &json, err)) < 0)
        return error_wrap(err, "read '%s'", path), code;
    int64_t pid = json_get_int(json, "pid", 0);
    if (pid <= 0 || !json_is_string(json_get(json, "boot_id")))
        return error_set(err, ERROR_FAILED, "read '%s': expected pid, start_time and boot_id",
                         path);
    *ret =
        (Identity){.pid = (pid_t)pid, .start_time = (uint64_t)json_get_int(json, "start_time", 0)};
    snprintf(ret->boot_id, sizeof ret->boot_id, "%s", json_get_string(json, "boot_id", ""));
    return 0;
}

int identity_save(const char *path, const Identity *identity, Error *err)
{
    cleanup(json_free) Json *json = json_new_object();

    json_set_int(json, "pid", identity->pid);
    json_set_int(json, "start_time", (int64_t)identity->start_time);
    json_set_string(json, "boot_id", identity->boot_id);
    cleanup(free) char *text = json_text(json);
    return file_replace(path, text, strlen(text), 0600, err);
}

IdentityStatus identity_status(const Identity *identity, const char *boot_id)
{
    ProcessStat stat;

    if (strcmp(identity->boot_id, boot_id) != 0)
        return IDENTITY_REBOOTED;
    if (!process_stat_read(identity->pid, &stat) || process_stat_is_dead(&stat) ||
        stat.start_time != identity->start_time)
        return IDENTITY_EXITED;
    return IDENTITY_ALIVE;
}

char *identity_explain(const Identity *identity, IdentityStatus status)
{
    static const char *const texts[] = {
#define X(name, text) [IDENTITY_##name] = text,
        IDENTITY_STATUS(X)
#undef X
    };

    return memory_format("process %d %s", (int)identity->pid, texts[status]);
}

bool identity_wait(const Identity *identity, const char *boot_id, int64_t timeout_ms)
{
    int64_t deadline = monotonic_now_ms() + timeout_ms;
    cleanup(fd_close) int process = pidfd_open(identity->pid, 0);

    while (identity_status(identity, boot_id) == IDENTITY_ALIVE) {
        int64_t left = deadline - monotonic_now_ms();
        if (left <= 0)
            return false;
        struct pollfd wait = {.fd = process, .events = POLLIN};
        if (process < 0)
            monotonic_sleep_ms(POLL_STEP_MS);
        else
            poll(&wait, 1, left > 1000 ? 1000 : (int)left);
    }
    return true;
}

static bool process_carries(pid_t pid, const char *mark)
{
    cleanup(free) char *path = memory_format("/proc/%d/environ", (int)pid);
    cleanup(buffer_deinit) Buffer text;

    buffer_init(&text, ENVIRONMENT_SIZE_MAX);
    if (file_read(path, ENVIRONMENT_SIZE_MAX, &text, NULL) < 0 || text.size == 0)
        return false;
    for (const char *at = text.bytes; at < text.bytes + text.size; at += strlen(at) + 1)
        if (strcmp(at, mark) == 0)
            return true;
    return false;
}

size_t group_signal(const Identity *identity, const char *boot_id, const char *mark, int signal)
{
    IdentityStatus leader = identity_status(identity, boot_id);
    DIR *folder = leader == IDENTITY_REBOOTED ? NULL : opendir("/proc");
    size_t count = 0;

    if (folder == NULL)
        return 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? (pid_t)atoi(entry->d_name) : 0;
        ProcessStat stat;
        if (pid == 0 || !process_stat_read(pid, &stat) || process_stat_is_dead(&stat) ||
            stat.group != identity->pid)
            continue;
        if (leader != IDENTITY_ALIVE && !process_carries(pid, mark))
            continue;
        count++;
        if (signal != 0)
            kill(pid, signal);
    }
    closedir(folder);
    return count;
}

bool group_wait(const Identity *identity, const char *boot_id, const char *mark, int64_t timeout_ms)
{
    int64_t deadline = monotonic_now_ms() + timeout_ms;

    identity_wait(identity, boot_id, timeout_ms);
    while (group_signal(identity, boot_id, mark, 0) > 0) {
        if (monotonic_now_ms() >= deadline)
            return false;
        monotonic_sleep_ms(POLL_STEP_MS);
    }
    return true;
}
