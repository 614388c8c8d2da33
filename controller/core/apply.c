/* How each record changes the state. Everything here is bookkeeping: what happens was decided when
 * the record was made. */
#include "apply.h"

#include <assert.h>
#include <string.h>

#include "lang/base/memory.h"

static void apply_begin(Runtime *runtime, const Record *record)
{
    strncpy(runtime->boot_id, record->text ? record->text : "", sizeof runtime->boot_id - 1);
    if (record->digest != NULL && record->digest != runtime->program_digest)
        string_set(&runtime->program_digest, record->digest);
    for (size_t i = 0; i < runtime->instance_count; i++) {
        Instance *instance = runtime->instances[i];
        Message *message;
        for (size_t m = 0; (message = mailbox_at(&instance->mailbox, m)) != NULL; m++)
            message->due_ms = 0;
        for (size_t t = 0; t < instance->domain->transition_count; t++) {
            instance->transitions[t].due_ms = 0;
            instance->transitions[t].failures = 0;
            instance->transitions[t].given_up = false;
        }
        for (size_t g = 0; g < instance->domain->goal_count; g++) {
            if (instance->goals[g].failed)
                instance->goals[g].unmet_since_ms = 0; /* its time begins anew */
            instance->goals[g].failed = false;
            instance->goals[g].retries = 0;
        }
    }
    for (size_t i = 0; i < runtime->object_count; i++) {
        runtime->objects[i]->given_up = false;
        runtime->objects[i]->repair_due_ms = 0;
    }
}

static void apply_start(Runtime *runtime, Record *record)
{
    Instance *instance = instance_new(runtime, record->domain);

    record->instance = instance;
    fields_change(instance, record->changes, record->change_count);
    instance->version = 1;
    retained_deliver(instance, NULL);
}

static void pending_replace(Pending *pending, const Record *record)
{
    for (size_t i = 0; i < pending->change_count; i++)
        value_free(pending->changes[i].value);
    for (size_t i = 0; i < pending->emission_count; i++)
        values_free(pending->emissions[i].arguments, pending->emissions[i].argument_count);
    pending->changes =
        memory_grow(pending->changes, record->change_count, sizeof *pending->changes);
    pending->change_count = record->change_count;
    for (size_t i = 0; i < record->change_count; i++)
        pending->changes[i] =
            (FieldChange){record->changes[i].field, value_clone(record->changes[i].value)};
    pending->emissions =
        memory_grow(pending->emissions, record->emission_count, sizeof *pending->emissions);
    pending->emission_count = record->emission_count;
    for (size_t i = 0; i < record->emission_count; i++) {
        pending->emissions[i] = record->emissions[i];
        pending->emissions[i].arguments =
            values_clone(record->emissions[i].arguments, record->emissions[i].argument_count);
    }
}

static void apply_prepare(Runtime *runtime, Record *record)
{
    Instance *instance = record->instance;
    Pending *pending = instance->pending;

    if (pending == NULL) {
        pending = instance->pending = memory_zero(1, sizeof *pending);
        pending->slice = record->slice;
        pending->cause = record->cause;
    }
    pending_replace(pending, record);
    pending->awaits = record->awaits;
    pending->intents = memory_grow(pending->intents, pending->intent_count + record->intent_count,
                                   sizeof(Intent *));
    for (size_t i = 0; i < record->intent_count; i++) {
        Intent *intent = record->intents[i];
        pending->intents[pending->intent_count++] = intent;
        if (intent->verb == INTENT_PUT) {
            const Object *object = object_want(instance, intent);
            if (intent->address == NULL)
                intent->address = object_address(object);
        }
        if (intent->number >= runtime->next_intent)
            runtime->next_intent = intent->number + 1;
    }
}

static void answer_delete(Runtime *runtime, const Record *record, Object *object)
{
    if (record->outcome == INTENT_APPLIED) {
        object_remove(runtime, object);
        return;
    }
    object_move(object, object->before);
    string_set(&object->reason, record->text);
    intent_free(object->leaving);
    object->leaving = NULL;
}

static int apply_answer(Runtime *runtime, Record *record, Error *err)
{
    Instance *owner;
    Intent *intent = intent_find(runtime, record->intent, &owner);

    if (intent == NULL || intent->state != INTENT_OPEN)
        return error_set(err, ERROR_STATE, "an answer to intent %llu, which is not open",
                         (unsigned long long)record->intent);
    if (intent->verb == INTENT_DELETE) {
        answer_delete(runtime, record, object_find(runtime, intent->uid));
        return 0;
    }
    intent->state = record->outcome;
    string_set(&intent->external_id, record->external_id);
    string_set(&intent->result, record->result);
    string_set(&intent->code, record->code);
    string_set(&intent->detail, record->text);
    if (intent->state != INTENT_APPLIED)
        return 0;
    if (intent->verb == INTENT_PUT)
        object_made(object_find(runtime, intent->uid), intent);
    else
        deed_remember(owner, intent);
    return 0;
}

static int apply_commit(Record *record, Error *err)
{
    Instance *instance = record->instance;
    Pending *pending = take(instance->pending);

    if (pending == NULL)
        return error_set(err, ERROR_STATE, "a commit of slice %llu, which was not prepared",
                         (unsigned long long)record->slice);
    record->cause = pending->cause;
    if (pending->intent_count > 0)
        objects_commit(instance, pending);
    deeds_commit(instance, pending);
    slice_commit(instance, &pending->cause, pending->changes, pending->change_count,
                 pending->emissions, pending->emission_count, pending->slice);
    pending_free(pending);
    return 0;
}

static void message_to_dead_letters(Instance *instance, uint64_t id, const char *reason)
{
    Message *message = mailbox_take(&instance->mailbox, id);

    if (message == NULL)
        return;
    if (instance->dead_letter_count == DEAD_LETTERS_MAX) {
        message_free(instance->dead_letters[0].message);
        free(instance->dead_letters[0].reason);
        memmove(instance->dead_letters, instance->dead_letters + 1,
                --instance->dead_letter_count * sizeof(DeadLetter));
    }
    memory_reserve_one(instance->dead_letters, instance->dead_letter_count,
                       instance->dead_letter_capacity);
    instance->dead_letters[instance->dead_letter_count++] =
        (DeadLetter){message, memory_copy_string(reason ? reason : "")};
}

static void abort_message(Instance *instance, const Record *record, uint64_t id)
{
    Message *message = mailbox_find(&instance->mailbox, id);

    string_set(&instance->handler_reason, record->text);
    if (message == NULL)
        return;
    message->due_ms = record->due_ms;
    if (++message->attempts >= MESSAGE_ATTEMPTS_MAX)
        message_to_dead_letters(instance, id, record->text);
}

static void abort_transition(Instance *instance, const Record *record, const Cause *cause)
{
    TransitionMark *mark = &instance->transitions[cause->transition];

    mark->failures++;
    mark->due_ms = record->due_ms;
    mark->given_up = !record->retry;
    string_set(&mark->reason, record->text);
    if (cause->goal >= 0)
        instance->goals[cause->goal].retries++;
}

static void abort_repair(Runtime *runtime, const Record *record, const char *uid)
{
    Object *object = object_find(runtime, uid);

    if (object == NULL)
        return;
    object->repair_failures++;
    object->repair_due_ms = record->due_ms;
    object->given_up = !record->retry;
    string_set(&object->reason, record->text);
}

static int apply_abort(Runtime *runtime, Record *record, Error *err)
{
    Instance *instance = record->instance;
    Pending *pending = take(instance->pending);

    if (pending == NULL)
        return error_set(err, ERROR_STATE, "an abort of slice %llu, which was not prepared",
                         (unsigned long long)record->slice);
    record->cause = pending->cause;
    objects_discard(runtime, pending);
    if (pending->cause.kind == CAUSE_REPAIR)
        abort_repair(runtime, record, pending->intents[0]->uid);
    else if (pending->cause.message != 0)
        abort_message(instance, record, pending->cause.message);
    else
        abort_transition(instance, record, &pending->cause);
    pending_free(pending);
    return 0;
}

static void apply_fault(Runtime *runtime, Record *record)
{
    Instance *instance = record->instance;
    const Cause *cause = &record->cause;
    Pending *pending = take(instance->pending);

    if (pending != NULL)
        objects_discard(runtime, pending);
    pending_free(pending);
    if (cause->message != 0)
        message_to_dead_letters(instance, cause->message, record->text);
    if (cause->transition >= 0) {
        TransitionMark *mark = &instance->transitions[cause->transition];
        mark->blocked = true;
        mark->faulted = true;
        mark->blocked_version = instance->version;
        string_set(&mark->reason, record->text);
    }
    if (cause->kind == CAUSE_RUN)
        run_remove(instance, cause->run);
    count_turn(instance, cause);
}

static void apply_goal(Record *record)
{
    GoalMark *goal = &record->instance->goals[record->goal];

    goal->failed = record->failed;
    goal->fallback_done = false;
    goal->retries = 0;
    goal->unmet_since_ms = record->unmet_since_ms;
}

static int apply_observe(Runtime *runtime, Record *record, Error *err)
{
    Object *object = object_find(runtime, record->uid ? record->uid : "");

    if (object == NULL)
        return error_set(err, ERROR_STATE, "an observation of an unknown object");
    if (object->state == OBJECT_READY || object->state == OBJECT_LOST)
        object_move(object, record->object);
    else if (object->state == OBJECT_LEFT && record->object == OBJECT_LOST) {
        if (object->rank == 0)
            object_remove(runtime, object);
        else
            object_move(object, OBJECT_LOST);
        return 0;
    }
    string_set(&object->reason, record->text);
    return 0;
}

static int apply_destroy(Runtime *runtime, Record *record, Error *err)
{
    Intent *intent = record->intent_count == 1 ? record->intents[0] : NULL;
    Object *object = intent != NULL ? object_find(runtime, intent->uid) : NULL;

    runtime->destroying = true;
    if (record->intent_count == 0)
        return 0;
    if (object == NULL)
        return error_set(err, ERROR_STATE, "a destruction of an unknown object");
    object->before = object->state;
    object_move(object, OBJECT_LEAVING);
    object->leaving = intent;
    if (intent->number >= runtime->next_intent)
        runtime->next_intent = intent->number + 1;
    return 0;
}

static void apply_reset(Runtime *runtime)
{
    for (size_t i = 0; i < runtime->instance_count; i++)
        instance_free(runtime->instances[i]);
    runtime->instance_count = 0;
    runtime->touched = NULL;
    memset(runtime->queues, 0, sizeof runtime->queues);
    memset(runtime->queues_used, 0, sizeof runtime->queues_used);
    map_deinit(&runtime->instances_by_name);
    for (size_t i = 0; i < runtime->retained_count; i++)
        values_free(runtime->retained[i].arguments, runtime->retained[i].argument_count);
    runtime->retained_count = 0;
    runtime->destroying = false;
}

int record_apply(Runtime *runtime, Record *record, Error *err)
{
    if (record->slice > runtime->logical_time)
        runtime->logical_time = record->slice;
    if (record->time_ms > runtime->time_ms)
        runtime->time_ms = record->time_ms;
    switch (record->type) {
    case RECORD_BEGIN:
        apply_begin(runtime, record);
        return 0;
    case RECORD_START:
        apply_start(runtime, record);
        return 0;
    case RECORD_SLICE:
        slice_commit(record->instance, &record->cause, record->changes, record->change_count,
                     record->emissions, record->emission_count, record->slice);
        return 0;
    case RECORD_PREPARE:
        apply_prepare(runtime, record);
        return 0;
    case RECORD_ANSWER:
        return apply_answer(runtime, record, err);
    case RECORD_COMMIT:
        return apply_commit(record, err);
    case RECORD_ABORT:
        return apply_abort(runtime, record, err);
    case RECORD_FAULT:
        apply_fault(runtime, record);
        return 0;
    case RECORD_GOAL:
        apply_goal(record);
        return 0;
    case RECORD_OBSERVE:
        return apply_observe(runtime, record, err);
    case RECORD_DESTROY:
        return apply_destroy(runtime, record, err);
    case RECORD_RESET:
        apply_reset(runtime);
        return 0;
    }
    return error_set(err, ERROR_INTERNAL, "record of type %d", (int)record->type);
}
