#include "providers/docker/postgres.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "lang/base/file.h"
#include "lang/base/hash.h"
#include "lang/base/memory.h"
#include "providers/docker/container_view.h"
#include "providers/docker/engine_exec.h"
#include "providers/docker/object.h"
#include "providers/sdk/members.h"
#include "providers/sdk/secrets.h"

#define KIND_NAME "postgres"
#define PASSWORD_BYTES 24
#define PASSWORD_SIZE_MAX 4096
#define NAME_MAX_SIZE 63 /* PostgreSQL's NAMEDATALEN - 1 */
#define QUERY_TIMEOUT_MS 10000

/* ---- arguments ---- */

static int check_identifier(const Json *desired, const char *key, ProviderProblem *problem)
{
    const Json *value = json_get(desired, key);
    const char *name = json_string(value, "app");
    char pointer[32];

    snprintf(pointer, sizeof pointer, "/%s", key);
    for (const char *c = name; *c != '\0' && !value_is_opaque(value); c++)
        if (!isalnum((unsigned char)*c) && *c != '_' && *c != '-')
            return problem_argument(problem, pointer,
                                    "%s: expected letters, digits, '_' and '-', found '%.64s'", key,
                                    name);
    return strlen(name) <= NAME_MAX_SIZE && name[0] != '\0'
               ? 0
               : problem_argument(problem, pointer, "%s: expected 1 to %d letters", key,
                                  NAME_MAX_SIZE);
}

int postgres_validate(const Json *desired, ProviderProblem *problem)
{
    cleanup(json_free) Json *arguments = NULL;

    if (check_identifier(desired, "database", problem) < 0 ||
        check_identifier(desired, "user", problem) < 0)
        return -1;
    arguments = postgres_container_arguments(NULL, desired, "x", "x", "x");
    return container_spec_check(arguments, problem);
}

/* ---- password ---- */

static char *password_path(const Docker *docker, const char *uid)
{
    return memory_format("%s/postgres-%s.password", docker->data_dir, uid);
}

/* NULL: there is none. The caller frees it. */
static char *password_read(const Docker *docker, const char *uid)
{
    cleanup(free) char *path = password_path(docker, uid);
    cleanup(buffer_deinit) Buffer text = {0};

    return file_read(path, PASSWORD_SIZE_MAX, &text, NULL) == 0 && text.size > 0
               ? buffer_take(&text)
               : NULL;
}

/* The one there is, or a new one, durable. The caller frees it. */
static int password_ensure(const Docker *docker, const char *uid, char **ret,
                           ProviderProblem *problem)
{
    cleanup(free) char *path = password_path(docker, uid);
    uint8_t bytes[PASSWORD_BYTES];
    char text[2 * PASSWORD_BYTES + 1];
    Error err = {0};

    *ret = password_read(docker, uid);
    if (*ret != NULL)
        return 0;
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return provider_problem(problem, "INTERNAL", "not_applied", true, "no random bytes");
    hex_encode(bytes, sizeof bytes, text);
    if (file_replace(path, text, strlen(text), 0600, &err) < 0)
        return provider_problem(problem, "INTERNAL", "not_applied", true, "%.900s", err.message);
    *ret = memory_copy_string(text);
    return 0;
}

/* ---- volume ---- */

static char *volume_name(const char *uid)
{
    return memory_format("postgres-%s", uid);
}

/* One that is there already is the same, as its name is made of the uid. */
static int volume_ensure(Docker *docker, const ProviderRequest *request, const char *name,
                         ProviderProblem *problem)
{
    cleanup(api_answer_deinit) ApiAnswer answer;
    cleanup(json_free) Json *body = json_new_object();

    json_set_string(body, "Name", name);
    json_set(body, "Labels", object_labels(request, NULL));
    if (api_call(&docker->api,
                 &(ApiCall){.method = "POST",
                            .path = "/volumes/create",
                            .body = body,
                            .what = "create the database's volume"},
                 &answer, problem) < 0)
        return -1;
    return answer.status < 400 || answer.status == 409 ||
                   strstr(buffer_text(&answer.text), "already exists") != NULL
               ? 0
               : api_problem(&answer, "create the database's volume", problem);
}

static int volume_end(Docker *docker, const char *uid, ProviderProblem *problem)
{
    cleanup(api_answer_deinit) ApiAnswer answer;
    cleanup(free) char *name = volume_name(uid);
    cleanup(free) char *path = memory_format("/volumes/%s", name);

    if (api_call(
            &docker->api,
            &(ApiCall){.method = "DELETE", .path = path, .what = "remove the database's volume"},
            &answer, problem) < 0)
        return -1;
    return answer.status < 400 || answer.status == 404
               ? 0
               : api_problem(&answer, "remove the database's volume", problem);
}

/* ---- readiness ---- */

/* Run a line of shell in the container, the password in its environment. */
static bool run_line(Docker *docker, const Wanted *wanted, const ContainerFacts *facts,
                     const char *line, Buffer *output)
{
    const Json *env = json_get(wanted->desired, "env");
    cleanup(json_free) Json *words = json_new_array(), *variables = json_new_array();
    cleanup(free) char *password =
        memory_format("PGPASSWORD=%s", json_get_string(env, "POSTGRES_PASSWORD", ""));
    ProviderProblem ignored;
    int exit_code = -1;

    json_append(words, json_new_string("sh"));
    json_append(words, json_new_string("-c"));
    json_append(words, json_new_string(line));
    json_append(variables, json_new_string(password));
    ExecCall call = {
        .id = facts->id, .words = words, .env = variables, .timeout_ms = QUERY_TIMEOUT_MS};
    return engine_exec(&docker->api, &call, output, &exit_code, &ignored) == 0 && exit_code == 0;
}

/* As the application will ask: over the network, with the password. */
static bool answers_query(Docker *docker, const Wanted *wanted, const ContainerFacts *facts,
                          Buffer *output)
{
    const Json *env = json_get(wanted->desired, "env");
    cleanup(free) char *line = memory_format(
        "exec psql -w -h '%s' -U '%s' -d '%s' -tAc 'SELECT 1'",
        json_get_string(wanted->desired, "hostname", "127.0.0.1"),
        json_get_string(env, "POSTGRES_USER", ""), json_get_string(env, "POSTGRES_DB", ""));

    return run_line(docker, wanted, facts, line, output);
}

/* Data of an earlier container whose password was lost: the role gets the one we know. The password
 * is of hexadecimal digits, and in no argument. */
static void set_password(Docker *docker, const Wanted *wanted, const ContainerFacts *facts)
{
    const Json *env = json_get(wanted->desired, "env");
    const char *user = json_get_string(env, "POSTGRES_USER", "");
    cleanup(free) char *line =
        memory_format("printf \"ALTER ROLE \\\"%s\\\" PASSWORD '%%s';\" \"$PGPASSWORD\" | "
                      "psql -w -q -U '%s' -d '%s'",
                      user, user, json_get_string(env, "POSTGRES_DB", ""));

    (void)run_line(docker, wanted, facts, line, NULL);
}

static bool is_ready(Docker *docker, const Wanted *wanted, const ContainerFacts *facts)
{
    cleanup(buffer_deinit) Buffer output = {0};

    if (answers_query(docker, wanted, facts, &output))
        return true;
    if (strstr(buffer_text(&output), "password authentication failed") == NULL)
        return false;
    set_password(docker, wanted, facts);
    return false;
}

/* ---- the object ---- */

static Json *state_of(const Docker *docker, const ProviderRequest *request, const Json *about,
                      const ContainerFacts *facts)
{
    cleanup(free) char *password = password_read(docker, request->uid);
    const char *user = json_get_string(about, "user", "app");
    const char *database = json_get_string(about, "database", "app");
    cleanup(free) char *url =
        postgres_url(user, password != NULL ? password : "", facts->name, database);
    int64_t published = json_get_int(facts->ports, "5432/tcp", 0);
    Json *state = json_new_object();

    json_set_string(state, "id", request->uid);
    json_set_string(state, "host", facts->name);
    json_set_int(state, "port", POSTGRES_PORT);
    json_set_string(state, "database", database);
    json_set_string(state, "user", user);
    json_set_string(state, "url", url);
    if (published > 0)
        json_set_int(state, "published_port", published);
    return state;
}

static int bring_up(Docker *docker, const ProviderRequest *request, const Json *desired,
                    const char *password, ProviderReply *reply, ProviderProblem *problem)
{
    cleanup(free) char *volume = volume_name(request->uid);
    cleanup(container_facts_deinit) ContainerFacts facts = {0};
    cleanup(wanted_deinit) Wanted wanted = {0};
    char name[OBJECT_NAME_SIZE];

    object_name(request, KIND_NAME, name);
    cleanup(json_free) Json *arguments =
        postgres_container_arguments(docker->config, desired, name, volume, password);
    ProviderRequest inner = *request;
    inner.desired = arguments;
    if (wanted_init(docker, &inner, KIND_NAME, &wanted, problem) < 0)
        return -1;
    wanted.request = request;
    wanted.is_ready = is_ready;
    if (volume_ensure(docker, request, volume, problem) < 0)
        return -1;
    if (container_ensure(docker, &wanted, &facts, problem) < 0) {
        /* The volume is there. */
        if (strcmp(problem->outcome, "not_applied") == 0)
            problem->outcome = "partial";
        return -1;
    }
    container_view_reply(docker, &wanted, &facts, reply);
    json_free(reply->state);
    reply->state = state_of(docker, request, desired, &facts);
    json_set_string(reply->private, "user", json_get_string(desired, "user", "app"));
    json_set_string(reply->private, "database", json_get_string(desired, "database", "app"));
    return 0;
}

int postgres_reconcile(Docker *docker, const ProviderRequest *request, ProviderReply *reply,
                       ProviderProblem *problem)
{
    cleanup(json_free) Json *desired = secrets_resolve(request->desired, request->secrets);
    cleanup(free) char *password = NULL;

    if (postgres_validate(desired, problem) < 0)
        return -1;
    if (request_names_adopted(request))
        return provider_problem(problem, "NOT_FOUND", "not_applied", false,
                                "a database in a container cannot be taken over, as its password "
                                "is not known; make a new one and move the data");
    return password_ensure(docker, request->uid, &password, problem) < 0 ||
                   bring_up(docker, request, desired, password, reply, problem) < 0
               ? -1
               : 0;
}

int postgres_remove(Docker *docker, const ProviderRequest *request, ProviderProblem *problem)
{
    cleanup(free) char *path = password_path(docker, request->uid);

    if (container_view_remove(docker, request, problem) < 0 ||
        volume_end(docker, request->uid, problem) < 0)
        return -1;
    if (unlink(path) < 0 && errno != ENOENT)
        return provider_problem(problem, "INTERNAL", "partial", true, "remove '%.400s': %s", path,
                                strerror(errno));
    return 0;
}

ObserveStatus postgres_observe(Docker *docker, const ProviderRequest *request, ProviderReply *reply,
                               ProviderProblem *problem)
{
    cleanup(container_facts_deinit) ContainerFacts facts = {0};
    cleanup(json_free) Json *private = text_json(request->private);
    ObserveStatus status = container_view_observe(docker, request, &facts, reply, problem);

    if (status == OBSERVE_FOUND) {
        reply->state = state_of(docker, request, private, &facts);
        reply->external_id = memory_copy_string(facts.name);
    }
    if (status == OBSERVE_ABSENT) {
        cleanup(free) char *why = take(reply->reason);
        reply->reason = memory_format("%s; its data is kept", why);
    }
    return status;
}

void postgres_predict(Docker *docker, const ProviderRequest *request, Json *planned)
{
    static const char *const names[] = {"database", "user"};
    cleanup(json_free) Json *prior = text_json(request->prior);
    const Json *name = json_get(request->desired, "name");

    (void)docker;
    for (const Json *m = json_first(prior); m != NULL; m = json_next(m))
        json_set(planned, json_key(m), json_copy(m));
    json_set_int(planned, "port", POSTGRES_PORT);
    if (json_is_string(name))
        json_set(planned, "host", json_copy(name));
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (!value_is_opaque(json_get(request->desired, names[i])))
            json_set_string(planned, names[i], json_get_string(request->desired, names[i], "app"));
}

/* Those that were made here. */
typedef struct Search {
    const char *external_id, *text;
    ProviderFinding *findings;
    int count;
} Search;

static bool visit(void *context, const ContainerFacts *facts)
{
    Search *search = context;

    if (strcmp(container_label(facts, LABEL_EFFECT), "CreatePostgres") != 0)
        return false;
    if (search->external_id != NULL ? strcmp(facts->name, search->external_id) != 0
                                    : strstr(facts->name, search->text) == NULL)
        return false;
    ProviderFinding *finding = &search->findings[search->count++];
    *finding = (ProviderFinding){.external_id = memory_copy_string(facts->name),
                                 .state = json_new_object(),
                                 .desired = json_new_object()};
    json_set_string(finding->state, "host", facts->name);
    json_set_string(finding->desired, "name", facts->name);
    return search->external_id != NULL || search->count == FINDINGS_MAX;
}

int postgres_lookup(Docker *docker, const char *external_id, const char *search,
                    ProviderFinding *ret, ProviderProblem *problem)
{
    Search wanted = {.external_id = external_id, .text = search, .findings = ret};

    return engine_list_visit(docker->list, visit, &wanted, problem) < 0 ? -1 : wanted.count;
}
