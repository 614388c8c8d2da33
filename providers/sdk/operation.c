#include "providers/sdk/operation.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lang/base/memory.h"
#include "providers/sdk/instance.h"
#include "providers/sdk/members.h"

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

/* One for all: it is held for the time of a few copies. */
static pthread_mutex_t progress_lock = PTHREAD_MUTEX_INITIALIZER;

Operation *operation_new(const char *op, OperationKind kind)
{
    Operation *operation = memory_zero(1, sizeof *operation);

    operation->op = memory_copy_string(op);
    operation->kind = kind;
    operation->state = OPERATION_PENDING;
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
    free(operation->lineage);
    free(operation->address);
    free(operation->traceparent);
    free(operation->request);
    free(operation->reply);
    free(operation->problem);
    free(operation->progress);
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
           text_get_bool(operation->problem, "retryable", false);
}

OperationState operation_state_shown(const Operation *operation)
{
    bool is_settled = !operation->open || operation->state == OPERATION_PENDING;

    return is_settled ? operation->state : OPERATION_RUNNING;
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

void operation_put_answer(Buffer *ret, const Operation *operation)
{
    if (operation->made != NULL)
        instance_put_representation(ret, operation->made, operation->op);
    else if (operation->reply != NULL)
        buffer_add_string(ret, operation->reply);
    else if (operation->problem != NULL)
        buffer_add_string(ret, operation->problem);
}

static void put_time(Buffer *ret, const char *key, int64_t ms)
{
    char text[32];

    clock_text(ms, text);
    member_put_string(ret, key, text);
}

static const char *text_or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

static void put_fraction(Buffer *ret, double done)
{
    char text[16];

    if (done < 0)
        return;
    snprintf(text, sizeof text, "%.4g", done);
    member_put_text(ret, "progress", text);
}

static void put_progress(Buffer *ret, const Operation *operation)
{
    int64_t updated_ms = operation->updated_ms;

    pthread_mutex_lock(&progress_lock);
    const Progress *progress = operation->progress;
    if (progress != NULL) {
        member_put_string(ret, "phase", text_or_null(progress->phase));
        member_put_string(ret, "message", text_or_null(progress->message));
        member_put_string(ret, "external_id", text_or_null(progress->external_id));
        put_fraction(ret, progress->done);
        if (progress->at_ms > updated_ms)
            updated_ms = progress->at_ms;
    }
    pthread_mutex_unlock(&progress_lock);
    put_time(ret, "updated_at", updated_ms);
}

void operation_put(Buffer *ret, const Operation *operation)
{
    bool ended = operation_has_ended(operation) && !operation->open;

    buffer_add_char(ret, '{');
    member_put_string(ret, "op", operation->op);
    member_put_string(ret, "state", operation_state_name(operation_state_shown(operation)));
    put_time(ret, "created_at", operation->created_ms);
    put_progress(ret, operation);
    member_put_int(ret, "poll_ms", OPERATION_POLL_MS);
    member_put_bool(ret, "cancellable", !ended);
    member_put_string(ret, "uid", operation->uid);
    member_put_string(ret, "type", operation->type);
    if (ended) {
        cleanup(buffer_deinit) Buffer answer = {0};
        operation_put_answer(&answer, operation);
        member_put_text(ret, operation->problem != NULL ? "problem" : "result", answer.bytes);
    }
    buffer_add_char(ret, '}');
}

/* The progress of an operation that is begun; the lock is held. */
static Progress *progress_get(Operation *operation)
{
    if (operation->progress == NULL) {
        operation->progress = memory_zero(1, sizeof *operation->progress);
        operation->progress->done = -1;
    }
    operation->progress->at_ms = clock_now_ms();
    return operation->progress;
}

void operation_progress(Operation *operation, const char *phase, const char *message)
{
    pthread_mutex_lock(&progress_lock);
    Progress *progress = progress_get(operation);
    snprintf(progress->phase, sizeof progress->phase, "%s", phase != NULL ? phase : "");
    snprintf(progress->message, sizeof progress->message, "%s", message != NULL ? message : "");
    pthread_mutex_unlock(&progress_lock);
}

void operation_fraction(Operation *operation, double done)
{
    pthread_mutex_lock(&progress_lock);
    progress_get(operation)->done = done < 0 ? 0 : done > 1 ? 1 : done;
    pthread_mutex_unlock(&progress_lock);
}

void operation_external_id(Operation *operation, const char *external_id)
{
    pthread_mutex_lock(&progress_lock);
    Progress *progress = progress_get(operation);
    snprintf(progress->external_id, sizeof progress->external_id, "%s", external_id);
    pthread_mutex_unlock(&progress_lock);
}

char *operation_external_id_told(const Operation *operation)
{
    char *id = NULL;

    pthread_mutex_lock(&progress_lock);
    if (operation->progress != NULL && operation->progress->external_id[0] != '\0')
        id = memory_copy_string(operation->progress->external_id);
    pthread_mutex_unlock(&progress_lock);
    return id;
}

void operation_progress_forget(Operation *operation)
{
    pthread_mutex_lock(&progress_lock);
    free(take(operation->progress));
    pthread_mutex_unlock(&progress_lock);
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
