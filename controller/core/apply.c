/* How each record changes the state. Everything here is bookkeeping: what happens was decided when
 * the record was made. */
#include "apply.h"

#include <assert.h>
#include <string.h>

#include "controller/core/convergence.h"
#include "controller/core/crashes.h"
#include "controller/core/dead_letter.h"
#include "controller/core/intent.h"
#include "controller/core/origin.h"
#include "controller/core/resource.h"
#include "lang/base/memory.h"

/* Whether it was anything. */
static bool put_off_end(uint64_t *due_ms)
{
    bool was = *due_ms != 0;

    *due_ms = 0;
    return was;
}

static bool given_up_end(bool *given_up)
{
    bool was = *given_up;

    *given_up = false;
    return was;
}

static bool failures_end(uint32_t *failures)
{
    bool was = *failures != 0;

    *failures = 0;
    return was;
}

static bool transition_begin_again(TransitionMark *mark)
{
    bool changed = put_off_end(&mark->due_ms);

    changed |= failures_end(&mark->failures);
    return given_up_end(&mark->given_up) || changed;
}

static bool goal_begin_again(GoalMark *mark)
{
    bool changed = failures_end(&mark->retries);

    if (!mark->failed)
        return changed;
    mark->unmet_since_ms = 0; /* its time begins anew */
    mark->failed = false;
    return true;
}

static bool origin_begin_again(Origin *origin)
{
    bool changed = put_off_end(&origin->due_ms);

    changed |= failures_end(&origin->failures);
    return given_up_end(&origin->given_up) || changed;
}

/* Nothing is put off any more, and what was given up is tried again. */
static void begin_again(Instance *instance)
{
    bool changed = false;
    Message *message;

    for (size_t m = 0; (message = mailbox_at(&instance->active->mailbox, m)) != NULL; m++)
        changed |= put_off_end(&message->due_ms);
    for (size_t i = 0; i < instance->has->run_count; i++)
        changed |= put_off_end(&instance->has->runs[i].due_ms);
    for (size_t t = 0; t < instance->domain->transition_count; t++)
        changed |= transition_begin_again(&instance->transitions[t]);
    for (size_t g = 0; g < instance->domain->goal_count; g++)
        changed |= goal_begin_again(&instance->goals[g]);
    for (size_t i = 0; i < instance->has->origin_count; i++)
        changed |= origin_begin_again(instance->has->origins[i]);
    if (instance->has != &HOLDINGS_NONE) {
        changed |= put_off_end(&instance_holdings(instance)->stop_due_ms);
        instance_holdings(instance)->stop_given_up = false;
    }
    crashes_begin_again(instance);
    if (changed)
        instance_changed(instance);
}

static void apply_begin(Runtime *runtime, const Record *record)
{
    strncpy(runtime->boot_id, record->text ? record->text : "", sizeof runtime->boot_id - 1);
    if (record->digest != NULL && record->digest != runtime->program_digest)
        string_set(&runtime->program_digest, record->digest);
    for (Instance *i = instance_first(runtime); i != NULL; i = instance_next(i))
        begin_again(i);
    for (size_t i = 0; i < runtime->object_count; i++) {
        Object *object = runtime->objects[i];
        object->given_up = false;
        if (put_off_end(&object->repair_due_ms))
            instance_changed(object->owner);
    }
}

static void apply_start(Runtime *runtime, Record *record)
{
    record->instance = instance_begin(runtime, record->starts);
    if (record->by_system) {
        cleanup(free) char *label = instance_label(record->instance);
        map_put(&runtime->system_starts, label, runtime);
    }
}

/* An intent of a slice, or of the destruction of everything, to destroy the object. One that the
 * same slice wants stays, if that fails, what it was before both. */
static void object_leave(Object *object)
{
    if (object->state != OBJECT_WANTED)
        object->before = object->state;
    object_move(object, OBJECT_LEAVING);
}

static void pending_add(Instance *instance, Intent *intent)
{
    Runtime *runtime = instance->runtime;
    Pending *pending = instance->active->pending;

    pending->intents[pending->intent_count++] = intent;
    intent_enter(instance, intent);
    intent->turn = intent_turn(pending->intents, pending->intent_count - 1, intent);
    if (intent->verb == INTENT_PUT && intent->state == INTENT_OPEN) {
        const Object *object = object_want(instance, intent);
        intent->adopts |= object->by_hand && !object->exists;
        if (intent->address == NULL)
            intent->address = object_address(object);
    } else if (intent->verb == INTENT_DELETE && intent->state == INTENT_OPEN) {
        Object *object = object_find(runtime, intent->uid);
        object_leave(object);
        if (intent->address == NULL)
            intent->address = object_address(object);
    }
    if (intent->number >= runtime->next_intent)
        runtime->next_intent = intent->number + 1;
}

static void apply_prepare(Record *record)
{
    Instance *instance = record->instance;
    Pending *pending = instance->active->pending;

    if (pending == NULL) {
        pending = memory_zero(1, sizeof *pending);
        pending->slice = record->slice;
        pending->cause = record->cause;
        pending_set(instance, pending);
    }
    proposal_deinit(&pending->proposal);
    proposal_clone(&pending->proposal, &record->proposal);
    pending->awaits = record->awaits;
    seen_facts_add(&pending->facts, &record->facts);
    pending->intents = memory_grow(pending->intents, pending->intent_count + record->intent_count,
                                   sizeof(Intent *));
    for (size_t i = 0; i < record->intent_count; i++)
        pending_add(instance, record->intents[i]);
}

/* The object is gone, or is again what it was. */
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

static void answer_done(Instance *owner, const Intent *intent, Object *object)
{
    switch (intent->verb) {
    case INTENT_PUT:
        object_made(object, intent);
        break;
    case INTENT_ACTION:
        deed_remember(owner, intent);
        break;
    case INTENT_DELETE:
        if (intent->released)
            origin_release_object(object);
        if (intent->released && object->rank != 0) /* else the next attempt makes it anew */
            deed_remember(owner, intent);
        break;
    }
}

static void answer_take(const Instance *owner, Intent *intent, const Record *record)
{
    intent->state = record->outcome;
    if (intent->state == INTENT_FAILED)
        owner->active->pending->unfailed = 0;
    string_set(&intent->external_id, record->external_id);
    string_set(&intent->result, record->result);
    string_set(&intent->code, record->code);
    string_set(&intent->detail, record->text);
}

static int apply_answer(Runtime *runtime, Record *record, Error *err)
{
    Instance *owner;
    Intent *intent = intent_find(runtime, record->intent, &owner);

    if (intent == NULL || intent->state != INTENT_OPEN)
        return error_set(err, ERROR_STATE, "an answer to intent %llu, which is not open",
                         (unsigned long long)record->intent);
    Object *object = object_find(runtime, intent->uid);
    bool leaves = intent->verb == INTENT_DELETE;
    instance_changed(owner);
    if (intent_is_of_slice(owner, intent)) {
        answer_take(owner, intent, record);
        if (intent->state == INTENT_APPLIED)
            answer_done(owner, intent, object);
    }
    if (leaves)
        answer_delete(runtime, record, object); /* with the intent, if it is no slice's */
    return 0;
}

static Pending *pending_end(Instance *instance)
{
    Pending *pending = instance->active->pending;

    pending_set(instance, NULL);
    return pending;
}

static int apply_commit(Record *record, Error *err)
{
    Instance *instance = record->instance;
    Pending *pending = pending_end(instance);

    if (pending == NULL)
        return error_set(err, ERROR_STATE, "a commit of slice %llu, which was not prepared",
                         (unsigned long long)record->slice);
    record->cause = pending->cause;
    commit_begin(instance, &pending->cause, record);
    if (pending->intent_count > 0 || pending->cause.kind == CAUSE_REVISE)
        objects_commit(instance, pending);
    deeds_commit(instance, pending);
    if (pending->cause.kind == CAUSE_STOP) {
        instance_holdings(instance)->stop_failures = 0;
        instance_holdings(instance)->stop_due_ms = 0;
    }
    slice_commit(instance, &pending->cause, &pending->proposal, &pending->facts, record);
    commit_end(instance->runtime);
    pending_free(pending);
    return 0;
}

/* The half-done handler or timer ends; what it was opened by is kept as it came. */
static void run_to_dead_letters(Instance *instance, uint32_t run, const char *reason)
{
    Message *message = run_message(instance, &instance->has->runs[run]);

    message->id = instance->runtime->next_message++; /* its own was forgotten with it */
    dead_letter_add(instance, message, reason);
    run_remove(instance, run);
}

static void abort_message(Instance *instance, const Record *record, uint64_t id)
{
    Message *message = mailbox_find(&instance->active->mailbox, id);

    string_set(&instance_holdings(instance)->handler_reason, record->text);
    if (message == NULL)
        return;
    message->due_ms = record->due_ms;
    message->attempts++;
    if (!record->retry)
        dead_letter_add(instance, message_take(instance, id), record->text);
}

static void abort_run(Instance *instance, const Record *record, uint32_t index)
{
    Run *run = &instance->has->runs[index];

    string_set(&instance_holdings(instance)->handler_reason, record->text);
    run->due_ms = record->due_ms;
    run->attempts++;
    if (!record->retry)
        run_to_dead_letters(instance, index, record->text);
}

static void abort_stop(Instance *instance, const Record *record)
{
    Holdings *holdings = instance_holdings(instance);

    holdings->stop_failures++;
    holdings->stop_due_ms = record->due_ms;
    holdings->stop_given_up = !record->retry;
    string_set(&holdings->handler_reason, record->text);
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

/* What was destroyed to be replaced, and is not replaced yet, is to be made still. */
static void forget_replaced(Origin *origin, const Pending *pending)
{
    for (size_t i = 0; i < pending->intent_count; i++) {
        const Intent *intent = pending->intents[i];
        if (intent->verb != INTENT_DELETE || intent->released || intent->state != INTENT_APPLIED)
            continue;
        for (size_t k = 0; k < origin->effect_count; k++)
            if (strcmp(origin->effects[k].uid, intent->uid) == 0)
                origin->effects[k].uid[0] = '\0';
    }
}

static void abort_revision(Instance *instance, const Record *record, const Pending *pending)
{
    Origin *origin = origin_find(instance, pending->cause.origin);

    forget_replaced(origin, pending);

    origin->failures++;
    origin->due_ms = record->due_ms;
    origin->given_up = !record->retry;
}

static void abort_cause(Instance *instance, const Record *record, const Pending *pending)
{
    const Cause *cause = &pending->cause;

    if (cause->kind == CAUSE_REVISE)
        abort_revision(instance, record, pending);
    else if (cause->kind == CAUSE_REPAIR || cause->kind == CAUSE_CONDEMN)
        abort_repair(instance->runtime, record, pending->intents[0]->uid);
    else if (cause->kind == CAUSE_STOP)
        abort_stop(instance, record);
    else if (cause->message != 0)
        abort_message(instance, record, cause->message);
    else if (cause->transition >= 0)
        abort_transition(instance, record, cause);
    else
        abort_run(instance, record, cause->run);
}

static int apply_abort(Runtime *runtime, Record *record, Error *err)
{
    Instance *instance = record->instance;
    Pending *pending = pending_end(instance);

    if (pending == NULL)
        return error_set(err, ERROR_STATE, "an abort of slice %llu, which was not prepared",
                         (unsigned long long)record->slice);
    record->cause = pending->cause;
    objects_discard(runtime, pending);
    abort_cause(instance, record, pending);
    report_failures(instance, pending);
    pending_free(pending);
    return 0;
}

static void fault_transition(Instance *instance, const Record *record, const Pending *pending)
{
    const Cause *cause = &record->cause;
    TransitionMark *mark = &instance->transitions[cause->transition];
    SeenFacts facts = {0};

    seen_facts_add(&facts, &record->facts);
    if (pending != NULL)
        seen_facts_add(&facts, &pending->facts);
    if (cause->kind == CAUSE_RUN)
        seen_facts_add(&facts, &instance->has->runs[cause->run].facts);
    transition_block(instance, (uint32_t)cause->transition, &facts);
    seen_facts_deinit(&facts);
    mark->faulted = true;
    string_set(&mark->reason, record->text);
}

/* It stays as it was, and is tried again by the next process. */
static void fault_revision(Instance *instance, const Cause *cause, const Pending *pending)
{
    Origin *origin = origin_find(instance, cause->origin);

    if (pending != NULL)
        forget_replaced(origin, pending);

    origin->failures++;
    origin->given_up = true;
}

static void apply_fault(Runtime *runtime, Record *record)
{
    Instance *instance = record->instance;
    const Cause *cause = &record->cause;
    Pending *pending = pending_end(instance);

    if (pending != NULL)
        objects_discard(runtime, pending);
    if (cause->kind == CAUSE_REVISE) {
        fault_revision(instance, cause, pending);
        pending_free(pending);
        return;
    }
    if (cause->message != 0)
        dead_letter_add(instance, message_take(instance, cause->message), record->text);
    if (cause->transition >= 0)
        fault_transition(instance, record, pending);
    pending_free(pending);
    if (cause->kind == CAUSE_RUN && cause->transition < 0)
        run_to_dead_letters(instance, cause->run, record->text);
    else if (cause->kind == CAUSE_RUN)
        run_remove(instance, cause->run);
    count_turn(instance, cause);
}

/* What it handled is tried again, or given up with all that was done for it. */
static void apply_crash(Runtime *runtime, Record *record)
{
    Instance *instance = record->instance;
    Message *message = mailbox_find(&instance->active->mailbox, record->cause.message);

    crashes_add(instance, record);
    if (record->has_cause && !record->retry) {
        apply_fault(runtime, record);
        crashes_free(take(instance_holdings(instance)->crashes));
    } else if (record->has_cause && message != NULL) {
        message->attempts++;
    } else if (record->has_cause && record->cause.kind == CAUSE_RUN) {
        instance->has->runs[record->cause.run].attempts++;
    }
}

static void apply_goal(Record *record)
{
    GoalMark *goal = &record->instance->goals[record->goal];

    goal->failed = record->failed;
    goal->fallback_done = false;
    goal->retries = 0;
    goal->unmet_since_ms = record->unmet_since_ms;
}

static void observe_lost(Runtime *runtime, Object *object, const Record *record)
{
    bool was_ready = object->state == OBJECT_READY;

    if (object->state == OBJECT_LEFT && object->rank == 0) {
        object_remove(runtime, object);
        return;
    }
    object_move(object, OBJECT_LOST);
    string_set(&object->reason, record->text);
    if (was_ready)
        report_object(object, ON_LOST);
}

static void observe_there(Object *object, const Record *record)
{
    if (object->state != OBJECT_LEFT)
        object_move(object, OBJECT_READY);
    string_set(&object->reason, record->text);
    if (!record->changed)
        return;
    bool other = !outputs_equal(object->outputs, record->result);
    string_set(&object->outputs, record->result);
    if (record->external_id != NULL)
        string_set(&object->external_id, record->external_id);
    if (other)
        outputs_changed(object);
    report_object(object, ON_CHANGED);
}

static int apply_observe(Runtime *runtime, Record *record, Error *err)
{
    Object *object = object_find(runtime, record->uid ? record->uid : "");

    if (object == NULL)
        return error_set(err, ERROR_STATE, "an observation of an unknown object");
    instance_changed(object->owner);
    if (object->state == OBJECT_WANTED || object->state == OBJECT_LEAVING)
        string_set(&object->reason, record->text);
    else if (record->object == OBJECT_LOST)
        observe_lost(runtime, object, record);
    else
        observe_there(object, record);
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
    instance_changed(object->owner);
    object_leave(object);
    object->leaving = intent;
    intent_enter(object->owner, intent);
    if (intent->number >= runtime->next_intent)
        runtime->next_intent = intent->number + 1;
    return 0;
}

static void apply_reset(Runtime *runtime)
{
    changes_forget(runtime);
    instances_free(runtime);
    said_forget(runtime);
    facts_clear(runtime);
    map_deinit(&runtime->system_starts);
    runtime->destroying = false;
}

static int apply_end(Record *record, Error *err)
{
    Instance *instance = take(record->instance);

    record->domain = instance->domain_index;
    if ((!instance->stopping && !instance->is_gone) || instance->has->object_count > 0 ||
        instance->active->pending != NULL)
        return error_set(err, ERROR_STATE, "the end of an instance of domain '%s' that goes on",
                         instance->domain->name);
    convergence_outside(instance);
    instance_remove(instance);
    return 0;
}

int record_apply(Runtime *runtime, Record *record, Error *err)
{
    if (record->slice > runtime->logical_time)
        runtime->logical_time = record->slice;
    if (record->time_ms > runtime->time_ms)
        runtime->time_ms = record->time_ms;
    instance_changed(record->instance);
    runtime->record_ms = record->time_ms;
    switch (record->type) {
    case RECORD_BEGIN:
        apply_begin(runtime, record);
        return 0;
    case RECORD_START:
        apply_start(runtime, record);
        return 0;
    case RECORD_SLICE:
        commit_begin(record->instance, &record->cause, record);
        slice_commit(record->instance, &record->cause, &record->proposal, &record->facts, record);
        commit_end(runtime);
        return 0;
    case RECORD_PREPARE:
        apply_prepare(record);
        return 0;
    case RECORD_ANSWER:
        return apply_answer(runtime, record, err);
    case RECORD_COMMIT:
        return apply_commit(record, err);
    case RECORD_ABORT:
        return apply_abort(runtime, record, err);
    case RECORD_HEARD:
        message_heard(record->instance, &record->cause);
        return 0;
    case RECORD_FAULT:
        apply_fault(runtime, record);
        return 0;
    case RECORD_CRASH:
        apply_crash(runtime, record);
        return 0;
    case RECORD_TIMER:
        timers_apply(record->instance, record->timers, record->timer_count);
        convergence_outside(record->instance);
        return 0;
    case RECORD_END:
        return apply_end(record, err);
    case RECORD_GOAL:
        apply_goal(record);
        return 0;
    case RECORD_OBSERVE:
        return apply_observe(runtime, record, err);
    case RECORD_FACT:
        fact_record_apply(runtime, record);
        return 0;
    case RECORD_DESTROY:
        return apply_destroy(runtime, record, err);
    case RECORD_RESET:
        apply_reset(runtime);
        return 0;
    case RECORD_FORGET:
    case RECORD_MARK:
    case RECORD_MOVE:
    case RECORD_IMPORT:
    case RECORD_REDELIVER:
    case RECORD_RESUME:
    case RECORD_ADOPT:
        return manual_record_apply(runtime, record, err);
    }
    return error_set(err, ERROR_INTERNAL, "record of type %d", (int)record->type);
}
