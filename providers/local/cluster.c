#include "cluster.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lang/base/file.h"
#include "lang/base/hash.h"
#include "lang/base/memory.h"
#include "providers/local/port.h"
#include "providers/local/problem_of.h"
#include "providers/local/process_spec.h"
#include "providers/local/spawn.h"

#define INITDB_TIMEOUT_S 600
#define IMMEDIATE_STOP_MS 5000
#define KILL_MS 5000
#define PASSWORD_SIZE 16
#define PATH_SIZE_MAX 900 /* of a data folder: the rest is for what is in it */

/* PGHOST and its like would turn our programs to another server than ours. */
static char **server_environment(Cluster *cluster)
{
    size_t count = 0, capacity = 3;

    for (char **e = environ; *e != NULL; e++)
        capacity++;
    char **entries = arena_array(&cluster->arena, char *, capacity);
    for (char **e = environ; *e != NULL; e++)
        if (strncmp(*e, "PG", 2) != 0 && strncmp(*e, "LC_", 3) != 0 &&
            strncmp(*e, "VED_UID=", 8) != 0)
            entries[count++] = *e;
    entries[count++] = cluster->mark;
    entries[count++] = "LC_ALL=C";
    entries[count] = NULL;
    return entries;
}

static void name_paths(Cluster *cluster)
{
    const char *folder = cluster->object.folder;
    Arena *arena = &cluster->arena;

    cluster->server = arena_format(arena, "%s/server", folder);
    cluster->making = arena_format(arena, "%s/server/making", folder);
    cluster->data = arena_format(arena, "%s/server/data", folder);
    cluster->server_log = arena_format(arena, "%s/server.log", folder);
    cluster->initdb_log = arena_format(arena, "%s/initdb.log", folder);
    cluster->identity_path = arena_format(arena, "%s/identity.json", folder);
    cluster->initdb_path = arena_format(arena, "%s/initdb.json", folder);
    cluster->passfile = arena_format(arena, "%s/pgpass", folder);
    cluster->admin_passfile = arena_format(arena, "%s/admin-pgpass", folder);
    cluster->mark = arena_format(arena, "VED_UID=%s", cluster->request->uid);
    cluster->envp = server_environment(cluster);
}

static bool link_is(const char *path, const char *wanted, bool at_end)
{
    char target[PATH_MAX];
    ssize_t size = readlink(path, target, sizeof target - 1);

    if (size < 0)
        return false;
    target[size] = '\0';
    size_t length = strlen(wanted);
    return at_end ? (size_t)size >= length && strcmp(target + size - length, wanted) == 0
                  : strcmp(target, wanted) == 0;
}

/* Every process of a PostgreSQL server stands in its data folder, and its program is postgres. */
static bool process_serves(pid_t pid, const char *data)
{
    cleanup(free) char *folder = memory_format("/proc/%d/cwd", (int)pid);
    cleanup(free) char *program = memory_format("/proc/%d/exe", (int)pid);

    return link_is(folder, data, false) && link_is(program, "/postgres", true);
}

/* Signal (0: count) all processes of a server on `data`, also those its end left behind. */
static size_t servers_signal(const char *data, int signal)
{
    DIR *folder = opendir("/proc");
    size_t count = 0;

    if (folder == NULL)
        return 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? (pid_t)atoi(entry->d_name) : 0;
        if (pid == 0 || !process_serves(pid, data))
            continue;
        count++;
        if (signal != 0)
            kill(pid, signal);
    }
    closedir(folder);
    return count;
}

static bool servers_wait(const char *data, int64_t timeout_ms)
{
    int64_t deadline = monotonic_now_ms() + timeout_ms;

    while (servers_signal(data, 0) > 0) {
        if (monotonic_now_ms() >= deadline)
            return false;
        monotonic_sleep_ms(20);
    }
    return true;
}

static pid_t postmaster_pid(const Cluster *cluster)
{
    cleanup(free) char *path = memory_format("%s/postmaster.pid", cluster->data);
    cleanup(buffer_deinit) Buffer text;

    buffer_init(&text, 4096);
    return file_read(path, 4096, &text, NULL) < 0 ? 0 : (pid_t)atoi(buffer_text(&text));
}

/* Somebody may have restarted the server by hand: then it is the one its own pid file names. */
static int find_server(Cluster *cluster, Error *err)
{
    int code = identity_load(cluster->identity_path, &cluster->identity, err);
    if (code < 0)
        return code;
    if (code == 0)
        cluster->status = identity_status(&cluster->identity, cluster->local->boot_id);
    pid_t pid = cluster->status == IDENTITY_ALIVE ? 0 : postmaster_pid(cluster);
    if (pid <= 0 || !process_serves(pid, cluster->data))
        return 0;
    if (identity_of(pid, cluster->local->boot_id, &cluster->identity, err) == 0)
        cluster->status = IDENTITY_ALIVE;
    return 0;
}

int cluster_init(Local *local, const ProviderRequest *request, Cluster *ret, Error *err)
{
    *ret = (Cluster){.local = local, .request = request, .status = IDENTITY_EXITED};
    int code = object_open(local, "postgres", request->uid, &ret->object, err);
    if (code < 0)
        return code;
    ret->known = code == 0;
    name_paths(ret);
    ret->port = (int)json_get_int(ret->object.record, "port", 0);
    return find_server(ret, err);
}

void cluster_deinit(Cluster *cluster)
{
    object_deinit(&cluster->object);
    postgres_tools_deinit(&cluster->tools);
    arena_deinit(&cluster->arena);
}

bool cluster_is_made(const Cluster *cluster)
{
    return file_exists(cluster->data);
}

int cluster_version(const Cluster *cluster)
{
    cleanup(free) char *path = memory_format("%s/PG_VERSION", cluster->data);
    cleanup(buffer_deinit) Buffer text;

    buffer_init(&text, 64);
    return file_read(path, 64, &text, NULL) < 0 ? 0 : atoi(buffer_text(&text));
}

static int new_password(char ret[2 * PASSWORD_SIZE + 1], Error *err)
{
    uint8_t bytes[PASSWORD_SIZE];

    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return error_errno(err, errno, "read random numbers");
    hex_encode(bytes, sizeof bytes, ret);
    return 0;
}

/* Write a password file once; it never changes, so that whoever holds its path can connect. */
static int make_passfile(const Cluster *cluster, const char *path, const char *database,
                         const char *user, Error *err)
{
    char password[2 * PASSWORD_SIZE + 1];

    if (file_exists(path))
        return 0;
    int code = new_password(password, err);
    if (code < 0)
        return code;
    cleanup(free) char *line =
        memory_format("%s:%d:%s:%s:%s\n", CLUSTER_HOST, cluster->port, database, user, password);
    return file_replace(path, line, strlen(line), 0600, err);
}

int cluster_passfiles(const Cluster *cluster, Error *err)
{
    const Json *record = cluster->object.record;
    int code = make_passfile(cluster, cluster->admin_passfile, "*", CLUSTER_ADMIN, err);

    return code < 0
               ? code
               : make_passfile(cluster, cluster->passfile, json_get_string(record, "database", ""),
                               json_get_string(record, "user", ""), err);
}

/* What a making that was cut off left: its processes, then its files. */
static int clear_making(Cluster *cluster, Error *err)
{
    Identity initdb;
    const char *boot_id = cluster->local->boot_id;

    int code = identity_load(cluster->initdb_path, &initdb, err);
    if (code < 0)
        return code;
    if (code == 0 && group_signal(&initdb, boot_id, cluster->mark, SIGKILL) > 0 &&
        !group_wait(&initdb, boot_id, cluster->mark, KILL_MS))
        return error_set(err, ERROR_FAILED, "initdb, process %d, cannot be ended", (int)initdb.pid);
    servers_signal(cluster->making, SIGKILL);
    if (!servers_wait(cluster->making, KILL_MS))
        return error_set(err, ERROR_FAILED, "what initdb started cannot be ended");
    return folder_remove(cluster->making, err);
}

/* The superuser's password in a file that initdb, running as another user, can read. */
static int write_password(Cluster *cluster, const char *path, Error *err)
{
    cleanup(buffer_deinit) Buffer line;

    buffer_init(&line, 4096);
    int code = file_read(cluster->admin_passfile, 4096, &line, err);
    const char *password = code < 0 ? NULL : strrchr(buffer_text(&line), ':');
    if (code < 0)
        return code;
    if (password == NULL)
        return error_set(err, ERROR_FAILED, "read '%s': expected host:port:database:user:password",
                         cluster->admin_passfile);
    code = file_replace(path, password + 1, strlen(password + 1), 0600, err);
    return code < 0 ? code : runner_own(&cluster->runner, path, err);
}

static bool making_cancelled(const void *context)
{
    return request_cancelled(context);
}

static int run_initdb(Cluster *cluster, char *password_path, ProviderProblem *problem)
{
    locale_t unicode = newlocale(LC_ALL_MASK, "C.UTF-8", NULL);
    cleanup(free) char *password = memory_format("--pwfile=%s", password_path);
    char *argv[] = {cluster->tools.initdb,
                    "-D",
                    cluster->making,
                    "--encoding=UTF8",
                    "--locale",
                    unicode != NULL ? "C.UTF-8" : "C",
                    "-A",
                    "scram-sha-256",
                    "-U",
                    CLUSTER_ADMIN,
                    password,
                    NULL};
    SpawnOptions options = {.argv = argv,
                            .envp = cluster->envp,
                            .working_dir = "/",
                            .log_path = cluster->initdb_log,
                            .identity_path = cluster->initdb_path,
                            .boot_id = cluster->local->boot_id,
                            .runner = &cluster->runner};
    int64_t timeout_s = cluster->request->timeout_s;
    int status = 0;
    Identity child;
    Error err;

    if (unicode != NULL)
        freelocale(unicode);
    if (spawn(&options, &child, &err) < 0)
        return problem_error(problem, &err);
    int code = spawn_wait(&child, (timeout_s > 0 ? timeout_s : INITDB_TIMEOUT_S) * 1000,
                          making_cancelled, cluster->request, &status);
    if (code == -ECANCELED)
        return provider_problem(problem, "CANCELLED", "not_applied", false,
                                "cancelled while the database cluster was being made");
    cleanup(free) char *end = wait_status_text(status);
    if (code == 0 && status == 0)
        return 0;
    problem_unavailable(problem, cluster->initdb_log, "initdb %s",
                        code < 0 ? "did not end in time" : end);
    problem->retryable = code < 0 || !WIFEXITED(status); /* what it refused it would refuse again */
    return -1;
}

static int configure(const Cluster *cluster, Error *err)
{
    cleanup(free) char *path = memory_format("%s/postgresql.conf", cluster->making);
    cleanup(free) char *text = memory_format("\n# This cluster's own address.\n"
                                             "listen_addresses = '%s'\n"
                                             "port = %d\n"
                                             "unix_socket_directories = ''\n",
                                             CLUSTER_HOST, cluster->port);
    cleanup(fd_close) int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return error_errno(err, errno, "open '%s'", path);
    int code = fd_write_all(fd, text, strlen(text), err);
    if (code < 0)
        return error_wrap(err, "'%s'", path);
    return fsync(fd) < 0 ? error_errno(err, errno, "fsync '%s'", path) : 0;
}

static int prepare_making(Cluster *cluster, const char *password_path, Error *err)
{
    int code = folder_make(cluster->server, 0700, err);

    if (code == 0)
        code = runner_own(&cluster->runner, cluster->server, err);
    if (code == 0)
        code = clear_making(cluster, err);
    if (code == 0)
        code = write_password(cluster, password_path, err);
    return code;
}

static int finish_making(Cluster *cluster, Error *err)
{
    int code = configure(cluster, err);

    if (code < 0)
        return code;
    if (rename(cluster->making, cluster->data) < 0)
        return error_errno(err, errno, "rename '%s' to '%s'", cluster->making, cluster->data);
    return folder_sync(cluster->server, err);
}

/* PostgreSQL's programs crash when a path of theirs does not fit into MAXPGPATH, 1024 bytes. */
static int check_path_size(const Cluster *cluster, ProviderProblem *problem)
{
    size_t size = strlen(cluster->making);

    if (size <= PATH_SIZE_MAX)
        return 0;
    return provider_problem(problem, "UNAVAILABLE", "not_applied", false,
                            "the database's folder would have a path of %zu bytes, PostgreSQL "
                            "takes %d at most: use --state DIR with a shorter one",
                            size, PATH_SIZE_MAX);
}

int cluster_make(Cluster *cluster, ProviderProblem *problem)
{
    cleanup(free) char *password_path = memory_format("%s/admin-password", cluster->server);
    Error err;

    if (check_path_size(cluster, problem) < 0)
        return -1;
    if (prepare_making(cluster, password_path, &err) < 0)
        return problem_error(problem, &err);
    request_progress(cluster->request, "creating", "making the database cluster");
    int code = run_initdb(cluster, password_path, problem);
    unlink(password_path);
    if (code < 0)
        return code;
    return finish_making(cluster, &err) < 0 ? problem_error(problem, &err) : 0;
}

/* PostgreSQL refuses to start while the pid in its pid file is anybody's. If it is not a server on
 * our data, which find_server() has seen, the file is a leftover. */
static void drop_stale_pid_file(const Cluster *cluster)
{
    cleanup(free) char *path = memory_format("%s/postmaster.pid", cluster->data);
    ProcessStat stat;

    if (process_stat_read(postmaster_pid(cluster), &stat))
        unlink(path);
}

int cluster_start(Cluster *cluster, ProviderProblem *problem)
{
    char *argv[] = {cluster->tools.postgres, "-D", cluster->data, NULL};
    SpawnOptions options = {.argv = argv,
                            .envp = cluster->envp,
                            .working_dir = "/",
                            .log_path = cluster->server_log,
                            .identity_path = cluster->identity_path,
                            .boot_id = cluster->local->boot_id,
                            .runner = &cluster->runner,
                            .detached = true};
    Error err;

    /* What a killed server leaves behind ends by itself, but not at once. */
    if (!servers_wait(cluster->data, KILL_MS))
        return problem_unavailable(problem, NULL,
                                   "processes of the former server on '%s' are still running",
                                   cluster->data);
    if (!port_is_free(cluster->port))
        return problem_port_taken(problem, cluster->port,
                                  "as the port belongs to this cluster for good");
    drop_stale_pid_file(cluster);
    request_progress(cluster->request, "starting", "starting the database server");
    if (spawn(&options, &cluster->identity, &err) < 0)
        return problem_error(problem, &err);
    cluster->status = IDENTITY_ALIVE;
    return 0;
}

/* Its data is deleted next: a shutdown checkpoint, which can take seconds, would be for nothing. */
static bool stop_server(Cluster *cluster)
{
    static const struct {
        int signal;
        int64_t timeout_ms;
    } steps[] = {{SIGQUIT, IMMEDIATE_STOP_MS}, {SIGKILL, KILL_MS}};
    const char *boot_id = cluster->local->boot_id;

    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        if (identity_status(&cluster->identity, boot_id) != IDENTITY_ALIVE)
            return true;
        kill(cluster->identity.pid, steps[i].signal);
        identity_wait(&cluster->identity, boot_id, steps[i].timeout_ms);
    }
    return identity_status(&cluster->identity, boot_id) != IDENTITY_ALIVE;
}

bool cluster_stop(Cluster *cluster)
{
    Error err;

    if (clear_making(cluster, &err) < 0)
        return false;
    if (cluster->identity.pid != 0 && !stop_server(cluster))
        return false;
    if (servers_wait(cluster->data, IMMEDIATE_STOP_MS))
        return true;
    servers_signal(cluster->data, SIGKILL);
    return servers_wait(cluster->data, KILL_MS);
}

int cluster_delete(Cluster *cluster, Error *err)
{
    return object_delete(&cluster->object, err);
}
