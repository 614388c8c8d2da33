/* CreatePostgres: a cluster of its own, a database in it, and a role that owns the database.
 *
 * Each step looks whether it is done already, so that a call that was cut off anywhere is finished
 * by the next: record with port, cluster, server, role and database. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "providers/local/cluster.h"
#include "providers/local/kinds.h"
#include "providers/local/port.h"
#include "providers/local/problem_of.h"
#include "providers/local/spawn.h"
#include "providers/sdk/members.h"
#include "providers/sdk/secrets.h"

#define NAME_SIZE_MAX 63
#define READY_TIMEOUT_S 120
#define READY_STEP_MS 50
#define PSQL_TIMEOUT_MS 15000
#define OUTPUT_SIZE_MAX 65536

static bool name_is_plain(const char *name)
{
    size_t size = strlen(name);

    if (size == 0 || size > NAME_SIZE_MAX || !(isalpha((unsigned char)name[0]) || name[0] == '_'))
        return false;
    for (const char *c = name; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && *c != '_' && *c != '-')
            return false;
    return true;
}

static bool name_is_taken(const char *key, const char *name)
{
    if (strcmp(key, "user") == 0)
        return strcmp(name, CLUSTER_ADMIN) == 0 || strncmp(name, "pg_", 3) == 0;
    return strcmp(name, "template0") == 0 || strcmp(name, "template1") == 0;
}

static int validate_name(const Json *desired, const char *key, ProviderProblem *problem)
{
    const Json *value = json_get(desired, key);
    const char *name = json_string(value, "app");
    cleanup(free) char *pointer = memory_format("/%s", key);

    if (value_is_opaque(value))
        return 0;
    if (!name_is_plain(name))
        return problem_argument(problem, pointer,
                                "%s: expected up to %d letters, digits, '_' or '-', the first no "
                                "digit, found '%.64s'",
                                key, NAME_SIZE_MAX, name);
    if (name_is_taken(key, name))
        return problem_argument(problem, pointer, "%s: '%s' belongs to the server itself", key,
                                name);
    return 0;
}

/* 15 or "15" is 15; 0: none asked for; -1: no version. */
static int wanted_major(const Json *desired)
{
    const Json *version = json_get(desired, "version");
    int64_t major = json_int(version, -1);

    if (version == NULL || json_is_null(version))
        return 0;
    return major < 1 || major > 999 ? -1 : (int)major;
}

int postgres_validate(const Json *desired, ProviderProblem *problem)
{
    if (validate_name(desired, "database", problem) < 0 ||
        validate_name(desired, "user", problem) < 0)
        return -1;
    if (wanted_major(desired) < 0 && !value_is_opaque(json_get(desired, "version"))) {
        cleanup(free) char *found = json_text(json_get(desired, "version"));
        return problem_argument(problem, "/version",
                                "version: expected a major version as \"15\", found %.64s", found);
    }
    return 0;
}

static int refuse_change(const char *key, const char *from, const char *to,
                         ProviderProblem *problem)
{
    provider_problem(
        problem, "UNSUPPORTED_CHANGE", "not_applied", false,
        "%s of an existing database cannot be changed from '%.64s' to '%.64s', as whoever uses it "
        "knows it by that: replace it",
        key, from, to);
    snprintf(problem->pointer, sizeof problem->pointer, "/%s", key);
    return -1;
}

static int check_change(const Cluster *cluster, const Json *desired, ProviderProblem *problem)
{
    static const char *const keys[] = {"database", "user"};
    int wanted = wanted_major(desired), present = cluster_version(cluster);
    char from[16], to[16];

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        const char *old = json_get_string(cluster->object.record, keys[i], "");
        const char *new = json_get_string(desired, keys[i], "app");
        if (strcmp(old, new) != 0)
            return refuse_change(keys[i], old, new, problem);
    }
    if (wanted == 0 || present == 0 || wanted == present)
        return 0;
    snprintf(from, sizeof from, "%d", present);
    snprintf(to, sizeof to, "%d", wanted);
    return refuse_change("version", from, to, problem);
}

/* Until the cluster came up once nobody has its address, so what was promised may still change. */
static int record_promise(Cluster *cluster, const Json *desired, Error *err)
{
    const ProviderRequest *request = cluster->request;
    Json *record = cluster->object.record;

    if (!object_is_established(&cluster->object)) {
        const char *database = json_get_string(desired, "database", "app");
        const char *user = json_get_string(desired, "user", "app");
        if (strcmp(json_get_string(record, "database", database), database) != 0 ||
            strcmp(json_get_string(record, "user", user), user) != 0)
            unlink(cluster->passfile);
        json_set_string(record, "database", database);
        json_set_string(record, "user", user);
    }
    json_set_string(record, "address", request->address != NULL ? request->address : "");
    int code = object_save(&cluster->object, err);
    return code < 0 ? code : object_port(cluster->local, &cluster->object, &cluster->port, err);
}

/* A path as part of a URL's query. */
static void add_escaped(Buffer *buffer, const char *path)
{
    for (; *path != '\0'; path++) {
        if (isalnum((unsigned char)*path) || strchr("/-._~", *path) != NULL)
            buffer_add_char(buffer, *path);
        else
            buffer_add_format(buffer, "%%%02X", (unsigned char)*path);
    }
}

static void add_url(Buffer *buffer, const Cluster *cluster, const char *user, const char *database,
                    const char *passfile)
{
    buffer_add_format(buffer, "postgresql://%s@" CLUSTER_HOST ":%d/%s?passfile=", user,
                      cluster->port, database);
    add_escaped(buffer, passfile);
}

/* Run psql as `user` on `database` with `script` as its input; true if all of it succeeded. */
static bool run_psql(const Cluster *cluster, const char *passfile, const char *user,
                     const char *database, const char *script, Buffer *output)
{
    cleanup(buffer_deinit) Buffer url;
    char *argv[] = {cluster->tools.psql, "-X", "-q", "-w", "-t", "-A", "-v",
                    "ON_ERROR_STOP=1",   "-d", NULL, NULL};
    SpawnOptions options = {.argv = argv, .envp = cluster->envp};
    int status = -1;
    Error err;

    buffer_init(&url, 0);
    add_url(&url, cluster, user, database, passfile);
    buffer_add_string(&url, "&connect_timeout=5&sslmode=disable");
    argv[ARRAY_SIZE(argv) - 2] = url.bytes;
    if (spawn_command(&options, script, PSQL_TIMEOUT_MS, output, &status, &err) < 0) {
        buffer_add_string(output, err.message);
        return false;
    }
    return status == 0;
}

static bool application_connects(const Cluster *cluster)
{
    const Json *record = cluster->object.record;
    cleanup(buffer_deinit) Buffer output;

    buffer_init(&output, OUTPUT_SIZE_MAX);
    return run_psql(cluster, cluster->passfile, json_get_string(record, "user", ""),
                    json_get_string(record, "database", ""), "SELECT 1;\n", &output);
}

/* The password after the last colon of a password file; the caller frees it. */
static char *read_password(const char *path)
{
    cleanup(buffer_deinit) Buffer line;

    buffer_init(&line, 4096);
    if (file_read(path, 4096, &line, NULL) < 0)
        return memory_copy_string("");
    const char *password = strrchr(buffer_text(&line), ':');
    char *copy = memory_copy_string(password != NULL ? password + 1 : "");
    copy[strcspn(copy, "\n")] = '\0';
    return copy;
}

/* Role and database, each made if missing. The password goes through psql's input, and the server
 * is told first to log no statement of this session, not even one that fails. */
static bool make_database(const Cluster *cluster, Buffer *output)
{
    const char *user = json_get_string(cluster->object.record, "user", "");
    const char *database = json_get_string(cluster->object.record, "database", "");
    cleanup(free) char *password = read_password(cluster->passfile);
    cleanup(free) char *script =
        memory_format("\\set VERBOSITY terse\n"
                      "SET log_statement = 'none';\n"
                      "SET log_min_error_statement = panic;\n"
                      "SET log_min_duration_statement = -1;\n"
                      "SELECT 'CREATE ROLE \"%s\" LOGIN' WHERE NOT EXISTS"
                      " (SELECT FROM pg_roles WHERE rolname = '%s') \\gexec\n"
                      "ALTER ROLE \"%s\" LOGIN PASSWORD '%s';\n"
                      "SELECT 'CREATE DATABASE \"%s\"' WHERE NOT EXISTS"
                      " (SELECT FROM pg_database WHERE datname = '%s') \\gexec\n"
                      "ALTER DATABASE \"%s\" OWNER TO \"%s\";\n",
                      user, user, user, password, database, database, database, user);

    return run_psql(cluster, cluster->admin_passfile, CLUSTER_ADMIN, "postgres", script, output);
}

/* The application's role can connect, if need be after it was made. */
static bool is_usable(const Cluster *cluster, Buffer *output)
{
    if (object_is_established(&cluster->object) && application_connects(cluster))
        return true;
    return make_database(cluster, output) && application_connects(cluster);
}

/* Until the application's role can really connect. */
static int await_ready(Cluster *cluster, ProviderProblem *problem)
{
    int64_t deadline = monotonic_now_ms() + READY_TIMEOUT_S * 1000;

    for (;;) {
        cleanup(buffer_deinit) Buffer output;
        buffer_init(&output, OUTPUT_SIZE_MAX);
        if (port_accepts(CLUSTER_HOST, cluster->port, 1000) && is_usable(cluster, &output))
            return 0;
        cluster->status = identity_status(&cluster->identity, cluster->local->boot_id);
        if (cluster->status != IDENTITY_ALIVE)
            return problem_unavailable(problem, cluster->server_log,
                                       "the database server, process %d, has exited before it was "
                                       "ready",
                                       (int)cluster->identity.pid);
        if (monotonic_now_ms() > deadline)
            return problem_unavailable(problem, cluster->server_log,
                                       "the database server was not ready within %d s (%.120s)",
                                       READY_TIMEOUT_S, buffer_text(&output));
        if (request_cancelled(cluster->request))
            return provider_problem(problem, "CANCELLED", "partial", false,
                                    "cancelled while the database server was starting");
        monotonic_sleep_ms(READY_STEP_MS);
    }
}

static int postgres_state(const Cluster *cluster, ProviderReply *reply)
{
    const char *database = json_get_string(cluster->object.record, "database", "");
    const char *user = json_get_string(cluster->object.record, "user", "");
    cleanup(buffer_deinit) Buffer url;
    Json *state = json_new_object();

    buffer_init(&url, 0);
    add_url(&url, cluster, user, database, cluster->passfile);
    json_set_string(state, "id", cluster->request->uid);
    json_set_string(state, "host", CLUSTER_HOST);
    json_set_int(state, "port", cluster->port);
    json_set_string(state, "database", database);
    json_set_string(state, "user", user);
    json_set_string(state, "url", buffer_text(&url));
    reply->state = state;
    reply->external_id = memory_format(CLUSTER_HOST ":%d", cluster->port);
    return 0;
}

static int find_programs(Cluster *cluster, const Json *desired, ProviderProblem *problem)
{
    int present = cluster_version(cluster);
    int wanted = present != 0 ? present : wanted_major(desired);
    Error err;

    if (postgres_tools_find(cluster->local->postgres_dir, wanted, &cluster->tools, &err) < 0 ||
        runner_find(cluster->object.folder, &cluster->runner, &err) < 0)
        return provider_problem(problem, "UNAVAILABLE", "not_applied", false, "%.900s",
                                err.message);
    return 0;
}

/* A server that was found running may be just ending: then it is started after all. */
static int ensure_running(Cluster *cluster, ProviderProblem *problem)
{
    if (cluster->status == IDENTITY_ALIVE) {
        if (await_ready(cluster, problem) == 0)
            return 0;
        if (cluster->status == IDENTITY_ALIVE)
            return -1;
    }
    if (cluster_start(cluster, problem) < 0)
        return -1;
    return await_ready(cluster, problem);
}

static int bring_up(Cluster *cluster, const Json *desired, ProviderProblem *problem)
{
    Error err;

    if (record_promise(cluster, desired, &err) < 0 || cluster_passfiles(cluster, &err) < 0)
        return problem_error(problem, &err);
    cleanup(free) char *external_id = memory_format(CLUSTER_HOST ":%d", cluster->port);
    request_external_id(cluster->request, external_id);
    if (find_programs(cluster, desired, problem) < 0)
        return -1;
    if (!cluster_is_made(cluster) && object_is_established(&cluster->object))
        return provider_problem(problem, "UNAVAILABLE", "not_applied", false,
                                "the data of this database is missing: '%s' was there and is not; "
                                "restore it, or replace the database",
                                cluster->data);
    if (!cluster_is_made(cluster) && cluster_make(cluster, problem) < 0)
        return -1;
    if (ensure_running(cluster, problem) < 0)
        return -1;
    json_set_bool(cluster->object.record, "established", true);
    return object_save(&cluster->object, &err) < 0 ? problem_error(problem, &err) : 0;
}

/* Which cluster of ours the world knows by a name: its address, or the uid it had. */
typedef struct Search {
    const char *external_id; /* NULL: any whose database or maker has `text` in its name */
    const char *text;
    ProviderFinding *findings; /* NULL: only the uid is asked for */
    int count;
    char uid[UID_SIZE + 1];
} Search;

static bool is_meant(const Search *search, const char *uid, const Json *record, const char *address)
{
    if (search->external_id != NULL)
        return strcmp(search->external_id, address) == 0 || strcmp(search->external_id, uid) == 0;
    return strstr(json_get_string(record, "database", ""), search->text) != NULL ||
           strstr(json_get_string(record, "address", ""), search->text) != NULL;
}

static void fill_finding(const char *uid, const Json *record, const char *address,
                         ProviderFinding *ret)
{
    static const char *const keys[] = {"database", "user"};

    *ret = (ProviderFinding){.external_id = memory_copy_string(address),
                             .state = json_new_object(),
                             .desired = json_new_object()};
    json_set_string(ret->state, "id", uid);
    json_set_string(ret->state, "host", CLUSTER_HOST);
    json_set_int(ret->state, "port", json_get_int(record, "port", 0));
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        const char *name = json_get_string(record, keys[i], "app");
        json_set_string(ret->state, keys[i], name);
        json_set_string(ret->desired, keys[i], name);
    }
}

static bool visit_cluster(void *context, const char *uid, const Object *object)
{
    Search *search = context;
    cleanup(free) char *address =
        memory_format(CLUSTER_HOST ":%lld", (long long)json_get_int(object->record, "port", 0));

    if (!object_is_established(object) || !is_meant(search, uid, object->record, address))
        return false;
    if (search->findings == NULL)
        memcpy(search->uid, uid, UID_SIZE + 1);
    else
        fill_finding(uid, object->record, address, &search->findings[search->count++]);
    return search->external_id != NULL || search->count == FINDINGS_MAX;
}

int postgres_lookup(Local *local, const char *external_id, const char *search, ProviderFinding *ret,
                    ProviderProblem *problem)
{
    Search wanted = {.external_id = external_id, .text = search, .findings = ret};

    (void)problem;
    objects_visit(local, "postgres", visit_cluster, &wanted);
    return wanted.count;
}

/* Stop the cluster that another object had and give it to this one, if it may be as is wanted. */
static int move_cluster(Local *local, const ProviderRequest *request, const char *uid,
                        const Json *desired, ProviderProblem *problem)
{
    ProviderRequest former = *request;
    cleanup(cluster_deinit) Cluster cluster;
    Error err;

    former.uid = uid;
    if (cluster_init(local, &former, &cluster, &err) < 0)
        return problem_error(problem, &err);
    if (check_change(&cluster, desired, problem) < 0)
        return -1;
    if (!cluster_stop(&cluster))
        return problem_unavailable(problem, cluster.server_log,
                                   "the database server, process %d, does not end, not even by "
                                   "force",
                                   (int)cluster.identity.pid);
    return object_move(local, "postgres", uid, request->uid, &err) < 0
               ? problem_error(problem, &err)
               : 0;
}

/* Take over a cluster that was made here; of any other the passwords are not known. */
static int adopt_cluster(Local *local, const ProviderRequest *request, const Json *desired,
                         ProviderProblem *problem)
{
    cleanup(object_deinit) Object own = {0};
    Search search = {.external_id = request->adopt};
    Error err;

    int code = object_open(local, "postgres", request->uid, &own, &err);
    if (code != OBJECT_NONE)
        return code < 0 ? problem_error(problem, &err) : 0;
    objects_visit(local, "postgres", visit_cluster, &search);
    if (search.uid[0] == '\0')
        return provider_problem(problem, "NOT_FOUND", "not_applied", false,
                                "there is no database at '%.64s' that was made here; any other "
                                "cannot be taken over, as its passwords are not known",
                                request->adopt);
    return move_cluster(local, request, search.uid, desired, problem);
}

int postgres_reconcile(Local *local, const ProviderRequest *request, ProviderReply *reply,
                       ProviderProblem *problem)
{
    cleanup(cluster_deinit) Cluster cluster = {0};
    cleanup(json_free) Json *desired = secrets_resolve(request->desired, request->secrets);
    Error err;

    if (postgres_validate(desired, problem) < 0 ||
        (request_names_adopted(request) && adopt_cluster(local, request, desired, problem) < 0))
        return -1;
    if (cluster_init(local, request, &cluster, &err) < 0)
        return problem_error(problem, &err);
    if (object_is_established(&cluster.object) && check_change(&cluster, desired, problem) < 0)
        return -1;
    if (bring_up(&cluster, desired, problem) < 0)
        return -1;
    return postgres_state(&cluster, reply);
}

int postgres_remove(Local *local, const ProviderRequest *request, ProviderProblem *problem)
{
    cleanup(cluster_deinit) Cluster cluster;
    Error err;

    if (cluster_init(local, request, &cluster, &err) < 0)
        return problem_error(problem, &err);
    request_progress(request, "stopping", "stopping the database server");
    if (!cluster_stop(&cluster))
        return problem_unavailable(problem, cluster.server_log,
                                   "the database server, process %d, does not end, not even by "
                                   "force",
                                   (int)cluster.identity.pid);
    request_progress(request, "deleting", "deleting the database's files");
    if (cluster_delete(&cluster, &err) < 0)
        return problem_error(problem, &err);
    return 0;
}

ObserveStatus postgres_observe(Local *local, const ProviderRequest *request, ProviderReply *reply,
                               ProviderProblem *problem)
{
    cleanup(cluster_deinit) Cluster cluster;
    Error err;

    if (cluster_init(local, request, &cluster, &err) < 0) {
        problem_error(problem, &err);
        return OBSERVE_ERROR;
    }
    if (!cluster.known || !cluster_is_made(&cluster)) {
        reply->reason = memory_copy_string("there is no such database cluster");
        return OBSERVE_ABSENT;
    }
    if (cluster.status != IDENTITY_ALIVE) {
        cleanup(free) char *why = identity_explain(&cluster.identity, cluster.status);
        reply->reason = memory_format("the database server is not running (%s); its data is kept",
                                      cluster.identity.pid != 0 ? why : "it was never started");
        return OBSERVE_ABSENT;
    }
    reply->not_ready = !port_accepts(CLUSTER_HOST, cluster.port, 1000);
    if (reply->not_ready)
        reply->reason = memory_copy_string("the database server does not accept connections yet");
    postgres_state(&cluster, reply);
    return OBSERVE_FOUND;
}

void postgres_predict(Local *local, const ProviderRequest *request, Json *planned)
{
    static const char *const names[] = {"database", "user"};
    cleanup(json_free) Json *prior = text_json(request->prior);

    (void)local;
    for (const Json *m = json_first(prior); m != NULL; m = json_next(m))
        json_set(planned, json_key(m), json_copy(m));
    json_set_string(planned, "host", CLUSTER_HOST);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (!value_is_opaque(json_get(request->desired, names[i])))
            json_set_string(planned, names[i], json_get_string(request->desired, names[i], "app"));
}
