/* A process that outlives the plugin.
 *
 *   DATA/process/UID/object.json    what it is to be, its port
 *                    identity.json  who it is; written before it becomes its program
 *                    log            its stdout and stderr
 *
 * Alive is what the identity says; a process that is gone is started again by the next reconcile.
 * One that is to be otherwise is ended and started again, under the same uid and with the same log:
 * from the moment its record says what it is to be until it runs so, the record says "stale". */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "providers/local/kinds.h"
#include "providers/local/object.h"
#include "providers/local/port.h"
#include "providers/local/problem_of.h"
#include "providers/local/process_adopt.h"
#include "providers/local/process_spec.h"
#include "providers/local/spawn.h"
#include "providers/sdk/members.h"
#include "providers/sdk/secrets.h"

#define ALIVE_MS 300
#define HEALTH_STEP_MS 50
#define HEALTH_TRY_MS 2000
#define STOP_TIMEOUT_S 10
#define KILL_TIMEOUT_MS 5000

/* One call's view of one process. */
typedef struct Process {
    Local *local;
    const ProviderRequest *request;
    Object object;
    char *mark;
    char *log;
    char *identity_path;
    Identity identity; /* pid 0: never started */
    bool known;        /* there is a record */
    bool adopted;      /* was running before it was ours, until this call has ended well */
    bool disturbed;    /* this call has ended one that ran */
    IdentityStatus status;
} Process;

/* Arguments that may change without a restart. */
static const char *const changeable[] = {"name", "health", "stop_timeout_s", NULL};

static void process_deinit(Process *process)
{
    object_deinit(&process->object);
    free(process->mark);
    free(process->log);
    free(process->identity_path);
}
#define process_deinit_p process_deinit

static int process_init(Local *local, const ProviderRequest *request, Process *ret, Error *err)
{
    *ret = (Process){.local = local, .request = request, .status = IDENTITY_EXITED};
    int code = object_open(local, "process", request->uid, &ret->object, err);
    if (code < 0)
        return code;
    ret->known = code == 0;
    ret->mark = process_mark(json_get_string(ret->object.record, "mark_uid", request->uid));
    ret->log = object_path(&ret->object, "log");
    ret->identity_path = object_path(&ret->object, "identity.json");
    code = identity_load(ret->identity_path, &ret->identity, err);
    if (code == 0)
        ret->status = identity_status(&ret->identity, local->boot_id);
    return code < 0 ? code : 0;
}

/* End whoever is left of it: politely, then not. False if somebody survives even that. */
static bool process_stop(Process *process)
{
    const char *boot_id = process->local->boot_id;
    int64_t patience_ms =
        json_get_int(process->object.record, "stop_timeout_s", STOP_TIMEOUT_S) * 1000;

    if (process->identity.pid == 0 ||
        group_signal(&process->identity, boot_id, process->mark, SIGTERM) == 0 ||
        group_wait(&process->identity, boot_id, process->mark, patience_ms))
        return true;
    group_signal(&process->identity, boot_id, process->mark, SIGKILL);
    return group_wait(&process->identity, boot_id, process->mark, KILL_TIMEOUT_MS);
}

static int process_state(const Process *process, ProviderReply *reply)
{
    int64_t port = json_get_int(process->object.record, "port", 0);
    Json *state = json_new_object();

    json_set_string(state, "id", process->request->uid);
    json_set_int(state, "pid", process->identity.pid);
    if (port > 0) {
        cleanup(free) char *url = memory_format("http://127.0.0.1:%d/", (int)port);
        json_set_int(state, "port", port);
        json_set_string(state, "url", url);
    }
    json_set_string(state, "log", process->log);
    reply->state = state;
    reply->external_id = memory_format("%d", (int)process->identity.pid);
    return 0;
}

static int process_launch(Process *process, const ProcessSpec *spec, ProviderProblem *problem)
{
    SpawnOptions options = {.argv = spec->argv,
                            .envp = spec->envp,
                            .working_dir = spec->working_dir,
                            .log_path = process->log,
                            .identity_path = process->identity_path,
                            .boot_id = process->local->boot_id,
                            .detached = true};
    Error err;

    process->disturbed = process->status == IDENTITY_ALIVE;
    if (!process_stop(process))
        return problem_unavailable(problem, NULL,
                                   "what is left of process %d cannot be ended, not even by force",
                                   (int)process->identity.pid);
    process->adopted = false;
    for (size_t i = 0; i < spec->port_count; i++)
        if (spec->ports[i] > 0 && !port_is_free(spec->ports[i]))
            return problem_port_taken(problem, spec->ports[i],
                                      "or `ved destroy` and give another port");
    request_progress(process->request, "starting", spec->argv[0]);
    if (spawn(&options, &process->identity, &err) < 0)
        return problem_argument(problem, "/command", "%.480s", err.message);
    process->status = IDENTITY_ALIVE;
    free(process->mark);
    process->mark = process_mark(process->request->uid);
    json_free(json_detach(process->object.record, "mark_uid"));
    cleanup(free) char *external_id = memory_format("%d", (int)process->identity.pid);
    request_external_id(process->request, external_id);
    return 0;
}

static bool process_is_healthy(Local *local, const ProcessSpec *spec, int64_t alive_ms)
{
    switch (spec->health) {
    case HEALTH_ALIVE:
        return alive_ms >= ALIVE_MS;
    case HEALTH_TCP:
        return port_accepts("127.0.0.1", spec->ports[0], HEALTH_TRY_MS);
    case HEALTH_HTTP:
        return http_answers(local, spec->ports[0], spec->health_path, HEALTH_TRY_MS);
    }
    return false;
}

/* A process that never came up leaves nothing behind but its log, for people to read: the last one.
 */
static void process_keep_log(Process *process)
{
    if (object_is_established(&process->object) || process->adopted)
        return;
    char *kept = memory_format("%s/process-failed.log", process->local->data_dir);
    if (rename(process->log, kept) == 0) {
        free(process->log);
        process->log = kept;
    } else {
        free(kept);
    }
}

/* It does not serve: end it, so that nothing is left of it. One that we have not started goes on.
 */
static void process_give_up(Process *process)
{
    if (process->adopted)
        return;
    process->disturbed = true;
    process_stop(process);
}

/* Wait until it serves. */
static int process_await(Process *process, const ProcessSpec *spec, ProviderProblem *problem)
{
    int64_t start = monotonic_now_ms();

    for (;;) {
        /* Health first, then identity: had it died before, the answer would be somebody else's. */
        bool healthy = process_is_healthy(process->local, spec, monotonic_now_ms() - start);
        process->status = identity_status(&process->identity, process->local->boot_id);
        if (process->status != IDENTITY_ALIVE) {
            process_give_up(process);
            process_keep_log(process);
            problem_unavailable(problem, process->log, "process %d has exited before it was ready",
                                (int)process->identity.pid);
            problem->retryable = false; /* started again it would do the same */
            return -1;
        }
        if (healthy)
            return 0;
        if (request_cancelled(process->request)) {
            process_give_up(process);
            return provider_problem(problem, "CANCELLED", "not_applied", false,
                                    "cancelled while process %d was starting%s",
                                    (int)process->identity.pid,
                                    process->adopted ? "" : ": it was ended");
        }
        if (monotonic_now_ms() - start > spec->health_timeout_ms) {
            process_give_up(process);
            process_keep_log(process);
            problem_unavailable(problem, process->adopted ? NULL : process->log,
                                "process %d was not ready within %d s%s",
                                (int)process->identity.pid, (int)(spec->health_timeout_ms / 1000),
                                process->adopted ? "" : " and was ended");
            problem->retryable = false;
            return -1;
        }
        monotonic_sleep_ms(HEALTH_STEP_MS);
    }
}

/* One that was found alive may be just ending, or be a child that a killed plugin never told to go:
 * then it is started after all. */
static int process_ensure(Process *process, const ProcessSpec *spec, ProviderProblem *problem)
{
    bool is_stale = json_get_bool(process->object.record, "stale", false);

    if (process->status == IDENTITY_ALIVE && !is_stale) {
        if (process_await(process, spec, problem) == 0)
            return 0;
        if (process->status == IDENTITY_ALIVE)
            return -1;
    }
    if (process_launch(process, spec, problem) < 0)
        return -1;
    return process_await(process, spec, problem);
}

static Json *spec_ports(const ProcessSpec *spec)
{
    Json *ports = json_new_array();

    for (size_t i = 0; i < spec->port_count; i++)
        json_append(ports, json_new_int(spec->ports[i]));
    return ports;
}

/* Write down what it is to be. */
static int process_promise(Process *process, const Json *arguments, const ProcessSpec *spec,
                           bool is_stale, Error *err)
{
    Json *record = process->object.record;

    object_set_arguments(&process->object, arguments);
    json_set_string(record, "address",
                    process->request->address != NULL ? process->request->address : "");
    json_set_string(record, "name", json_get_string(arguments, "name", ""));
    json_set_int(record, "stop_timeout_s",
                 json_get_int(arguments, "stop_timeout_s", STOP_TIMEOUT_S));
    json_set_bool(record, "listens", spec->health != HEALTH_ALIVE);
    json_set(record, "ports", spec_ports(spec));
    if (spec->port_count == 0)
        json_free(json_detach(record, "port"));
    if (is_stale)
        json_set_bool(record, "stale", true);
    return object_save(&process->object, err);
}

/* It runs as it is to be. */
static int process_settle(Process *process, Error *err)
{
    json_free(json_detach(process->object.record, "stale"));
    json_set_bool(process->object.record, "established", true);
    return object_save(&process->object, err);
}

static bool holds_port(const Json *record, int port)
{
    const Json *ports = json_get(record, "ports");

    for (const Json *p = json_first(ports); p != NULL; p = json_next(p))
        if (json_int(p, 0) == port)
            return true;
    return json_get_int(record, "port", 0) == port;
}

/* A port that it does not have yet must be free before what runs is ended for it. */
static int check_new_ports(const Json *before, const ProcessSpec *spec, ProviderProblem *problem)
{
    for (size_t i = 0; i < spec->port_count; i++)
        if (spec->ports[i] > 0 && !holds_port(before, spec->ports[i]) &&
            !port_is_free(spec->ports[i]))
            return problem_port_taken(problem, spec->ports[i], "or give another port");
    return 0;
}

/* Is it to be otherwise than it runs? */
static bool is_otherwise(Process *process, const ProcessSpec *spec, const Json *arguments)
{
    if (json_get_bool(process->object.record, "stale", false))
        return true;
    if (object_is_established(&process->object))
        return object_changed_argument(&process->object, arguments, changeable) != NULL;
    return process->adopted && !process_runs_as(process->identity.pid, spec, arguments);
}

/* What is left after a failure: nothing of one that never was ours or never came up; and of one
 * that served before perhaps less than there was. */
static int process_failed(Process *process, ProviderProblem *problem)
{
    bool is_established = object_is_established(&process->object);

    if (!is_established && (process->adopted || !problem->retryable))
        object_delete(&process->object, NULL);
    if (process->disturbed && (is_established || request_names_adopted(process->request))) {
        problem->outcome = "partial";
        if (strcmp(problem->code, "VALIDATION_FAILED") == 0)
            problem->code = "UNAVAILABLE"; /* whose status does not say that nothing changed */
    }
    return -1;
}

/* Take over what runs without us. */
static int process_take_over(Process *process, const Json *arguments, ProviderProblem *problem)
{
    const ProviderRequest *request = process->request;
    Local *local = process->local;
    Error err;
    Adoption adoption;

    if (process_adopt(local, request, arguments, &adoption, problem) < 0)
        return -1;
    if (adoption.former_uid[0] != '\0') {
        if (object_move(local, "process", adoption.former_uid, request->uid, &err) < 0)
            return problem_error(problem, &err);
        process_deinit(process);
        if (process_init(local, request, process, &err) < 0)
            return problem_error(problem, &err);
        if (json_get_string(process->object.record, "mark_uid", NULL) == NULL)
            json_set_string(process->object.record, "mark_uid", adoption.former_uid);
        free(process->mark);
        process->mark = process_mark(json_get_string(process->object.record, "mark_uid", ""));
        return 0;
    }
    process->identity = adoption.identity;
    process->status = IDENTITY_ALIVE;
    process->adopted = true;
    if (object_save(&process->object, &err) < 0 ||
        identity_save(process->identity_path, &process->identity, &err) < 0) {
        object_delete(&process->object, NULL);
        return problem_error(problem, &err);
    }
    return 0;
}

int process_reconcile(Local *local, const ProviderRequest *request, ProviderReply *reply,
                      ProviderProblem *problem)
{
    cleanup(process_deinit) Process process;
    cleanup(process_spec_deinit) ProcessSpec spec = {0};
    cleanup(json_free) Json *arguments = secrets_resolve(request->desired, request->secrets);
    Error err;

    if (process_init(local, request, &process, &err) < 0)
        return problem_error(problem, &err);
    if (process_validate("StartAppContainer", arguments, problem) < 0)
        return -1;
    if (request_names_adopted(request) && process.identity.pid == 0 &&
        process_take_over(&process, arguments, problem) < 0)
        return -1;
    cleanup(json_free) Json *before = json_copy(process.object.record);
    if (process_spec_init(local, &process.object, request->uid, arguments, &spec, &err) < 0)
        return problem_error(problem, &err);
    bool is_stale = is_otherwise(&process, &spec, arguments);
    if (process.status == IDENTITY_ALIVE && is_stale && check_new_ports(before, &spec, problem) < 0)
        return process_failed(&process, problem);
    if (process_promise(&process, arguments, &spec, is_stale, &err) < 0)
        return problem_error(problem, &err);
    if (process_ensure(&process, &spec, problem) < 0)
        return process_failed(&process, problem);
    if (process_settle(&process, &err) < 0)
        return problem_error(problem, &err);
    return process_state(&process, reply);
}

int process_remove(Local *local, const ProviderRequest *request, ProviderProblem *problem)
{
    cleanup(process_deinit) Process process;
    Error err;

    if (process_init(local, request, &process, &err) < 0)
        return problem_error(problem, &err);
    request_progress(request, "stopping", "waiting for the process to end");
    if (!process_stop(&process))
        return problem_unavailable(problem, NULL, "process %d does not end, not even by force",
                                   (int)process.identity.pid);
    if (object_delete(&process.object, &err) < 0)
        return problem_error(problem, &err);
    return 0;
}

ObserveStatus process_observe(Local *local, const ProviderRequest *request, ProviderReply *reply,
                              ProviderProblem *problem)
{
    cleanup(process_deinit) Process process;
    Error err;

    if (process_init(local, request, &process, &err) < 0) {
        problem_error(problem, &err);
        return OBSERVE_ERROR;
    }
    if (!process.known || process.identity.pid == 0) {
        reply->reason = memory_copy_string("the process was never started");
        return OBSERVE_ABSENT;
    }
    if (process.status != IDENTITY_ALIVE) {
        reply->reason = identity_explain(&process.identity, process.status);
        return OBSERVE_ABSENT;
    }
    int port = (int)json_get_int(process.object.record, "port", 0);
    reply->not_ready = json_get_bool(process.object.record, "listens", false) && port > 0 &&
                       !port_accepts("127.0.0.1", port, HEALTH_TRY_MS);
    if (reply->not_ready)
        reply->reason = memory_format("process %d does not accept connections on port %d",
                                      (int)process.identity.pid, port);
    process_state(&process, reply);
    return OBSERVE_FOUND;
}

/* What is planned of its first port: "port" and "url", or neither. */
static void predict_port(const ProviderRequest *request, const Json *prior, Json *planned)
{
    const Json *ports = json_get(request->desired, "ports"), *first = json_first(ports);
    bool is_sample = json_get(request->desired, "command") == NULL;
    const Json *before = json_get(prior, "port");

    if (value_is_opaque(ports) || value_is_opaque(first))
        return;
    if (first == NULL && !is_sample) {
        json_free(json_detach(planned, "port"));
        json_free(json_detach(planned, "url"));
        return;
    }
    int64_t port = first != NULL ? process_host_port(first) : 0;
    if (port == 0)
        port = json_int(before, 0); /* a free one that was found is kept */
    if (port <= 0)
        return;
    cleanup(free) char *url = memory_format("http://127.0.0.1:%d/", (int)port);
    json_set_int(planned, "port", port);
    json_set_string(planned, "url", url);
}

void process_predict(Local *local, const ProviderRequest *request, Json *planned)
{
    static const char *const kept[] = {"id", "log", "pid"};
    size_t count = request->disruptive ? 2 : 3; /* a restart makes it another pid */
    cleanup(json_free) Json *prior = text_json(request->prior);

    (void)local;
    predict_port(request, prior, planned);
    for (size_t i = 0; i < count; i++)
        if (json_get(prior, kept[i]) != NULL)
            json_set(planned, kept[i], json_copy(json_get(prior, kept[i])));
}

int process_lookup(Local *local, const char *external_id, const char *search, ProviderFinding *ret,
                   ProviderProblem *problem)
{
    (void)local;
    return process_find(external_id, search, ret, problem);
}
