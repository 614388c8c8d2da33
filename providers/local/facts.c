/* The queries: what can be seen of this machine without changing it. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "providers/local/kinds.h"
#include "providers/local/port.h"
#include "providers/local/problem_of.h"

#define COMMAND_SIZE_MAX (1 << 20)
#define CONNECT_TIMEOUT_MS 2000

static int query_file(const Json *args, Json **ret, ProviderProblem *problem)
{
    const char *path = json_get_string(args, "path", "");

    if (path[0] == '\0')
        return problem_argument(problem, "/path", "path: expected a path, found none");
    struct stat status;
    bool exists = stat(path, &status) == 0;
    if (!exists && errno != ENOENT &&
        errno != ENOTDIR) /* it cannot be seen, which is not absence */
        return problem_unavailable(problem, NULL, "stat '%s': %s", path, strerror(errno));
    *ret = json_new_bool(exists);
    return 0;
}

/* The program's name as the kernel has it (cut to 15 bytes), or the last part of argv[0]. */
static bool process_is_named(pid_t pid, const char *name)
{
    cleanup(free) char *short_path = memory_format("/proc/%d/comm", (int)pid);
    cleanup(free) char *full_path = memory_format("/proc/%d/cmdline", (int)pid);
    cleanup(buffer_deinit) Buffer text;

    buffer_init(&text, COMMAND_SIZE_MAX);
    if (file_read(short_path, 64, &text, NULL) == 0 && text.size == strlen(name) + 1 &&
        strncmp(text.bytes, name, strlen(name)) == 0)
        return true;
    buffer_reset(&text);
    if (file_read(full_path, COMMAND_SIZE_MAX, &text, NULL) < 0 || text.size == 0)
        return false;
    const char *slash = strrchr(text.bytes, '/');
    return strcmp(slash != NULL ? slash + 1 : text.bytes, name) == 0;
}

static bool process_runs(pid_t pid)
{
    ProcessStat stat;

    return process_stat_read(pid, &stat) && !process_stat_is_dead(&stat);
}

static bool name_runs(const char *name)
{
    DIR *folder = opendir("/proc");
    bool found = false;

    if (folder == NULL)
        return false;
    for (struct dirent *entry = readdir(folder); entry != NULL && !found; entry = readdir(folder)) {
        pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? (pid_t)atoi(entry->d_name) : 0;
        found = pid != 0 && process_runs(pid) && process_is_named(pid, name);
    }
    closedir(folder);
    return found;
}

static int query_process(const Json *args, Json **ret, ProviderProblem *problem)
{
    int64_t pid = json_get_int(args, "pid", 0);
    const char *name = json_get_string(args, "name", "");

    if (pid <= 0 && name[0] == '\0')
        return problem_argument(problem, "/pid", "expected the pid or the name of a process");
    bool runs = pid > 0 ? pid <= INT32_MAX && process_runs((pid_t)pid) : true;
    if (runs && name[0] != '\0')
        runs = pid > 0 ? process_is_named((pid_t)pid, name) : name_runs(name);
    *ret = json_new_bool(runs);
    return 0;
}

static int query_port(const Json *args, Json **ret, ProviderProblem *problem)
{
    int64_t port = json_get_int(args, "port", 0);

    if (port < 1 || port > PORT_MAX)
        return problem_argument(problem, "/port", "port: expected 1 to %d, found %lld", PORT_MAX,
                                (long long)port);
    *ret = json_new_bool(
        port_accepts(json_get_string(args, "host", "127.0.0.1"), (int)port, CONNECT_TIMEOUT_MS));
    return 0;
}

int facts_query(Local *local, const char *query, const Json *args, Json **ret,
                ProviderProblem *problem)
{
    static const struct {
        const char *name;
        int (*ask)(const Json *args, Json **ret, ProviderProblem *problem);
    } queries[] = {
        {"file_exists", query_file}, {"process_running", query_process}, {"port_open", query_port}};

    (void)local;
    for (size_t i = 0; i < ARRAY_SIZE(queries); i++)
        if (strcmp(queries[i].name, query) == 0)
            return queries[i].ask(args, ret, problem);
    return provider_problem(problem, "NOT_FOUND", "not_applied", false, "there is no query '%.64s'",
                            query);
}
