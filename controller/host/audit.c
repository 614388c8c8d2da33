#include "controller/host/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <time.h>
#include <unistd.h>

#include "lang/base/file.h"
#include "lang/base/json.h"
#include "lang/base/memory.h"

#define PASSWD_SIZE 4096

/* "" for an account without a name. */
static char *user_name(uid_t uid)
{
    char text[PASSWD_SIZE];
    struct passwd entry, *found = NULL;

    if (getpwuid_r(uid, &entry, text, sizeof text, &found) != 0 || found == NULL)
        return memory_copy_string("");
    return memory_copy_string(found->pw_name);
}

static void put_time(Json *json)
{
    time_t now = time(NULL);
    struct tm parts;
    char text[32];

    gmtime_r(&now, &parts);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    json_set_string(json, "at", text);
}

static void put_if(Json *json, const char *key, const char *text)
{
    if (text != NULL)
        json_set_string(json, key, text);
}

static Json *entry_json(const AuditEntry *entry)
{
    cleanup(free) char *user = user_name(getuid());
    char host[256] = "";
    Json *json = json_new_object();

    gethostname(host, sizeof host - 1);
    put_time(json);
    json_set_string(json, "user", user);
    json_set_int(json, "uid", getuid());
    json_set_string(json, "host", host);
    json_set_int(json, "pid", getpid());
    json_set_string(json, "command", entry->command);
    json_set_string(json, "edit", entry->edit);
    put_if(json, "address", entry->address);
    put_if(json, "to", entry->to);
    put_if(json, "external_id", entry->external_id);
    return json;
}

/* A line that a crash cut short is ended, so that it spoils no other. */
static bool ends_in_line(int fd)
{
    off_t size = lseek(fd, 0, SEEK_END);
    char last = '\n';

    return size <= 0 || pread(fd, &last, 1, size - 1) != 1 || last == '\n';
}

int audit_append(const char *state_path, const AuditEntry *entry, Error *err)
{
    cleanup(free) char *path = memory_format("%s/audit.ndjson", state_path);
    cleanup(json_free) Json *json = entry_json(entry);
    cleanup(buffer_deinit) Buffer line = {0};
    cleanup(fd_close) int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return error_errno(err, errno, "open '%s'", path);
    if (!ends_in_line(fd))
        buffer_add_char(&line, '\n');
    json_write(&line, json);
    buffer_add_char(&line, '\n');
    if (fd_write_all(fd, line.bytes, line.size, err) < 0)
        return error_wrap(err, "write '%s'", path);
    if (fsync(fd) < 0)
        return error_errno(err, errno, "sync '%s'", path);
    return folder_sync(state_path, err);
}
