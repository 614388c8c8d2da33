#include "providers/sdk/operation.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lang/base/memory.h"

static const struct {
    const char *name;
    bool ended;
} states[] = {
#define OPERATION_STATE(name, text, ended) {text, ended},
#include "providers/sdk/operation_state.def"
#undef OPERATION_STATE
};

static const char *const kinds[] = {
#define OPERATION_KIND(name, text) text,
#include "providers/sdk/operation_kind.def"
#undef OPERATION_KIND
};

#define BIT(state) (1u << OPERATION_##state)

/* state -> the states that may follow it */
static const unsigned successors[] = {
    [OPERATION_PENDING] = BIT(RUNNING) | BIT(CANCELLED) | BIT(FAILED),
    [OPERATION_RUNNING] = BIT(SUCCEEDED) | BIT(FAILED) | BIT(CANCELLED) | BIT(UNKNOWN),
    [OPERATION_FAILED] = BIT(PENDING),
    [OPERATION_SUCCEEDED] = 0,
    [OPERATION_CANCELLED] = 0,
    [OPERATION_UNKNOWN] = 0,
};

Operation *operation_new(const char *op, OperationKind kind, Json *request)
{
    Operation *operation = memory_zero(1, sizeof *operation);

    operation->op = memory_copy_string(op);
    operation->kind = kind;
    operation->request = request;
    operation->state = OPERATION_PENDING;
    pthread_mutex_init(&operation->lock, NULL);
    return operation;
}

void operation_free(Operation *operation)
{
    if (operation == NULL)
        return;
    free(operation->op);
    free(operation->client);
    free(operation->digest);
    free(operation->type);
    free(operation->uid);
    free(operation->effect);
    json_free(operation->request);
    json_free(operation->reply);
    json_free(operation->problem);
    pthread_mutex_destroy(&operation->lock);
    free(operation);
}

void operation_move(Operation *operation, OperationState state)
{
    assert(successors[operation->state] & (1u << state));
    operation->state = state;
}

bool operation_has_ended(const Operation *operation)
{
    return states[operation->state].ended;
}

bool operation_may_be_repeated(const Operation *operation)
{
    return operation->state == OPERATION_FAILED &&
           json_get_bool(operation->problem, "retryable", false);
}

const char *operation_state_name(OperationState state)
{
    return states[state].name;
}

const char *operation_kind_name(OperationKind kind)
{
    return kinds[kind];
}

bool operation_kind_parse(const char *name, OperationKind *ret)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (strcmp(kinds[i], name) == 0) {
            *ret = (OperationKind)i;
            return true;
        }
    return false;
}

const char *operation_address(const Operation *operation)
{
    return json_get_string(json_get(operation->request, "owner"), "address", "");
}

const char *operation_lineage(const Operation *operation)
{
    return json_get_string(json_get(operation->request, "owner"), "lineage", "");
}

static void operation_json_progress(Operation *operation, Json *json)
{
    int64_t updated_ms = operation->updated_ms;
    char text[32];

    pthread_mutex_lock(&operation->lock);
    if (operation->phase[0] != '\0')
        json_set_string(json, "phase", operation->phase);
    if (operation->message[0] != '\0')
        json_set_string(json, "message", operation->message);
    if (operation->external_id[0] != '\0')
        json_set_string(json, "external_id", operation->external_id);
    if (operation->progress_ms > updated_ms)
        updated_ms = operation->progress_ms;
    pthread_mutex_unlock(&operation->lock);
    clock_text(updated_ms, text);
    json_set_string(json, "updated_at", text);
}

Json *operation_json(Operation *operation)
{
    Json *json = json_new_object();
    /* An end that is not durable yet is not shown. */
    bool ended = operation_has_ended(operation) && !operation->open;
    OperationState state = ended || !operation->open ? operation->state : OPERATION_RUNNING;
    char text[32];

    if (operation->state == OPERATION_PENDING)
        state = OPERATION_PENDING;
    json_set_string(json, "op", operation->op);
    json_set_string(json, "state", operation_state_name(state));
    clock_text(operation->created_ms, text);
    json_set_string(json, "created_at", text);
    operation_json_progress(operation, json);
    json_set_int(json, "poll_ms", OPERATION_POLL_MS);
    json_set_bool(json, "cancellable", !ended);
    if (operation->uid != NULL)
        json_set_string(json, "uid", operation->uid);
    json_set_string(json, "type", operation->type);
    if (ended && operation->reply != NULL)
        json_set(json, "result", json_copy(operation->reply));
    else if (ended && operation->problem != NULL)
        json_set(json, "problem", json_copy(operation->problem));
    return json;
}

void operation_progress(Operation *operation, const char *phase, const char *message)
{
    pthread_mutex_lock(&operation->lock);
    snprintf(operation->phase, sizeof operation->phase, "%s", phase != NULL ? phase : "");
    snprintf(operation->message, sizeof operation->message, "%s", message != NULL ? message : "");
    operation->progress_ms = clock_now_ms();
    pthread_mutex_unlock(&operation->lock);
}

void operation_external_id(Operation *operation, const char *external_id)
{
    pthread_mutex_lock(&operation->lock);
    snprintf(operation->external_id, sizeof operation->external_id, "%s", external_id);
    operation->progress_ms = clock_now_ms();
    pthread_mutex_unlock(&operation->lock);
}

bool operation_cancelled(const Operation *operation)
{
    return atomic_load(&operation->cancelled);
}

int64_t clock_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void clock_text(int64_t ms, char ret[32])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm parts;
    char day[24];

    gmtime_r(&seconds, &parts);
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(ret, 32, "%s.%03dZ", day, (int)(ms % 1000));
}
