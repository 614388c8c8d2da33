/* How each record changes the state. Everything here is bookkeeping: what happens was decided when
 * the record was made. */
#include <assert.h>
#include <string.h>

#include "controller/core/convergence.h"
#include "controller/core/record.h"
#include "lang/base/memory.h"

/* ---- delivery ---- */

static void deliver(Instance *receiver, bool is_event, uint32_t target, uint32_t from, bool high,
                    const Emission *emission, uint64_t slice)
{
    Runtime *runtime = receiver->runtime;
    Message *message = message_new(runtime->next_message++, is_event, target, from, high,
                                   emission->arguments, emission->argument_count);

    message->parent = slice;
    mailbox_put(&receiver->mailbox, message);
    convergence_spoke(receiver, from);
    instance_touch(receiver);
}

static void retain(Runtime *runtime, uint32_t from, const Emission *emission)
{
    Retained *slot = NULL;

    for (size_t i = 0; i < runtime->retained_count && slot == NULL; i++)
        if (runtime->retained[i].event == emission->event && runtime->retained[i].domain == from)
            slot = &runtime->retained[i];
    if (slot == NULL) {
        memory_reserve_one(runtime->retained, runtime->retained_count, runtime->retained_capacity);
        slot = &runtime->retained[runtime->retained_count++];
        *slot = (Retained){.event = emission->event, .domain = from};
    }
    values_free(slot->arguments, slot->argument_count);
    slot->arguments = values_clone(emission->arguments, emission->argument_count);
    slot->argument_count = emission->argument_count;
}

static void broadcast(Instance *sender, const Emission *emission, uint64_t slice)
{
    Runtime *runtime = sender->runtime;

    for (size_t i = 0; i < runtime->instance_count; i++)
        if (domain_find_handler(runtime->instances[i]->domain, emission->event) >= 0)
            deliver(runtime->instances[i], true, emission->event, sender->domain_index, false,
                    emission, slice);
    retain(runtime, sender->domain_index, emission);
}

static void emit_all(Instance *sender, const Emission *emissions, size_t count, uint64_t slice)
{
    Runtime *runtime = sender->runtime;

    for (size_t i = 0; i < count; i++) {
        const Emission *emission = &emissions[i];
        Instance *receiver;
        switch (emission->kind) {
        case OUTPUT_EVENT:
            broadcast(sender, emission, slice);
            break;
        case OUTPUT_MESSAGE:
            receiver = runtime_find(runtime, runtime->program->domains[emission->domain].name);
            if (receiver != NULL)
                deliver(receiver, false, emission->transition, sender->domain_index, emission->high,
                        emission, slice);
            break;
        case OUTPUT_LOG:
        case OUTPUT_EFFECT:
            break;
        }
    }
}

/* ---- the commit of a slice ---- */

static bool fields_change(Instance *instance, const FieldChange *changes, size_t count)
{
    bool changed = false;

    for (size_t i = 0; i < count; i++) {
        Value *field = &instance->fields[changes[i].field];
        if (value_equal(*field, changes[i].value))
            continue;
        value_free(*field);
        *field = value_clone(changes[i].value);
        changed = true;
    }
    if (changed) {
        instance->version++;
        instance_fields_changed(instance);
    }
    return changed;
}

static char *message_describe(const Instance *instance, const Message *message)
{
    const Program *program = instance->runtime->program;
    const char *from = program->domains[message->from].name;

    if (message->is_event)
        return memory_format("event %s from %s", program->events[message->target].name, from);
    return memory_format("message %s from %s", instance->domain->transitions[message->target].name,
                         from);
}

static void deed_remove(Instance *instance, size_t index)
{
    Deed *deed = &instance->deeds[index];

    free(deed->place_key);
    free(deed->arguments);
    free(deed->result);
    free(deed->where);
    memmove(deed, deed + 1, (instance->deed_count - index - 1) * sizeof *deed);
    instance->deed_count--;
}

/* Forget what aborted attempts of that transition had done: its run has committed. */
static void deeds_forget(Instance *instance, const char *where)
{
    for (size_t i = instance->deed_count; i > 0; i--)
        if (!instance->deeds[i - 1].keyed && strcmp(instance->deeds[i - 1].where, where) == 0)
            deed_remove(instance, i - 1);
}

static void run_remove(Instance *instance, uint32_t index)
{
    Run *run = &instance->runs[index];

    values_free(run->arguments, run->argument_count);
    memmove(run, run + 1, (instance->run_count - index - 1) * sizeof *run);
    instance->run_count--;
}

/* The last slice has committed. */
static void run_close(Instance *instance, uint32_t index)
{
    const Run *run = &instance->runs[index];
    TransitionMark *mark = &instance->transitions[run->transition];

    if (run->began == instance->field_digest) {
        mark->blocked = true;
        mark->blocked_version = instance->version;
    }
    if (run->kind == CAUSE_BOOT)
        instance->booted = true;
    if (run->kind == CAUSE_FALLBACK && run->goal >= 0)
        instance->goals[run->goal].fallback_done = true;
    deeds_forget(instance, instance->domain->transitions[run->transition].name);
    run_remove(instance, index);
}

/* Open a run for the first slice of a transition; its index. */
static uint32_t run_open(Instance *instance, const Cause *cause, const Message *message)
{
    Run run = {.transition = (uint32_t)cause->transition,
               .goal = cause->goal,
               .kind = cause->kind,
               .began = instance->field_digest};

    if (message != NULL) {
        run.arguments = values_clone(message->arguments, message->argument_count);
        run.argument_count = message->argument_count;
    }
    memory_reserve_one(instance->runs, instance->run_count, instance->run_capacity);
    instance->runs[instance->run_count] = run;
    return (uint32_t)instance->run_count++;
}

static void count_turn(Instance *instance, const Cause *cause)
{
    if (cause->kind == CAUSE_MESSAGE)
        instance->handlers_in_row++;
    else
        instance->handlers_in_row = 0;
}

/* The message a slice consumed leaves the mailbox; the caller owns it. */
static Message *consume(Instance *instance, const Cause *cause)
{
    if (cause->message == 0)
        return NULL;
    string_set(&instance->handler_reason, NULL);
    return mailbox_take(&instance->mailbox, cause->message);
}

static void transition_succeeded(Instance *instance, const Cause *cause)
{
    TransitionMark *mark = &instance->transitions[cause->transition];

    mark->failures = 0;
    mark->due_ms = 0;
    mark->faulted = false;
    string_set(&mark->reason, NULL);
    if (cause->goal >= 0)
        instance->goals[cause->goal].last_transition = cause->transition;
}

static void slice_commit(Instance *instance, const Cause *cause, const FieldChange *changes,
                         size_t change_count, const Emission *emissions, size_t emission_count,
                         uint64_t slice)
{
    Message *message = consume(instance, cause);
    bool runs = cause->transition >= 0;
    uint32_t run = cause->run;

    if (runs && cause->kind != CAUSE_RUN)
        run = run_open(instance, cause, message);
    if (fields_change(instance, changes, change_count) && message != NULL) {
        free(instance->unlocked_by);
        instance->unlocked_by = message_describe(instance, message);
    }
    if (runs) {
        transition_succeeded(instance, cause);
        instance->runs[run].next_step = cause->step + 1;
        if (cause->step + 1 == instance->domain->transitions[cause->transition].slice_count)
            run_close(instance, run);
    }
    if (cause->handler >= 0)
        deeds_forget(instance, instance->runtime->program
                                   ->events[instance->domain->handlers[cause->handler].event]
                                   .name);
    count_turn(instance, cause);
    emit_all(instance, emissions, emission_count, slice);
    message_free(message);
}

/* ---- objects ---- */

static bool same_place(const Object *object, const Instance *owner, const Place *place)
{
    return object->owner == owner && strcmp(object->place.where, place->where) == 0 &&
           strcmp(object->place.effect, place->effect) == 0;
}

/* The smallest [n] that no other object of that domain, transition and effect has. */
static uint32_t ordinal_free(const Runtime *runtime, const Instance *owner, const Place *place)
{
    size_t count = runtime->object_count;
    cleanup(free) bool *taken = memory_zero(count + 1, sizeof *taken);
    uint32_t ordinal = 0;

    for (size_t i = 0; i < count; i++) {
        const Object *object = runtime->objects[i];
        if (object->ordinal < count && object->name == NULL && same_place(object, owner, place))
            taken[object->ordinal] = true;
    }
    while (taken[ordinal])
        ordinal++;
    return ordinal;
}

static Object *object_want(Instance *owner, const Intent *intent)
{
    Runtime *runtime = owner->runtime;
    Object *object = object_find(runtime, intent->uid);

    if (object != NULL) {
        if (object->state != OBJECT_WANTED) /* wanted twice: a slice emitted its name again */
            object->before = object->state;
        object_move(object, OBJECT_WANTED);
        return object;
    }
    object = memory_zero(1, sizeof *object);
    memcpy(object->uid, intent->uid, UID_SIZE);
    object->state = OBJECT_WANTED;
    object->before = OBJECT_WANTED;
    object->owner = owner;
    object->place = (Place){memory_copy_string(intent->place.where),
                            memory_copy_string(intent->place.effect), intent->place.site};
    object->ordinal = intent->name == NULL ? ordinal_free(runtime, owner, &intent->place) : 0;
    object->sequence = runtime->next_sequence++;
    string_set(&object->name, intent->name);
    string_set(&object->provider, intent->provider);
    string_set(&object->action, intent->action);
    string_set(&object->type, intent->type);
    object_add(runtime, object);
    return object;
}

static void object_made(Object *object, const Intent *intent)
{
    object->exists = true;
    object->generation = intent->generation;
    string_set(&object->inputs, intent->arguments);
    string_set(&object->outputs, intent->result);
    string_set(&object->external_id, intent->external_id);
    string_set(&object->reason, NULL);
}

/* What an emission wanted and did not get goes back to what it was. */
static void object_unwant(Runtime *runtime, Object *object)
{
    if (object->exists || object->before != OBJECT_WANTED)
        object_move(object, object->before == OBJECT_WANTED ? OBJECT_LEFT : object->before);
    else
        object_remove(runtime, object);
}

static size_t intent_turn(const Pending *pending, const Intent *intent)
{
    size_t turn = 0;

    for (size_t i = 0; pending->intents[i] != intent; i++)
        turn += pending->intents[i]->place.site == intent->place.site &&
                strcmp(pending->intents[i]->place.effect, intent->place.effect) == 0;
    return turn;
}

static char *deed_key(const Pending *pending, const Intent *intent)
{
    if (intent->key != NULL)
        return memory_format("%s:%s", intent->place.effect, intent->key);
    return memory_format("%s:%s:%u:%zu", intent->place.where, intent->place.effect,
                         intent->place.site, intent_turn(pending, intent));
}

static void deed_remember(Instance *instance, const Intent *intent)
{
    Deed deed = {
        .place_key = deed_key(instance->pending, intent),
        .keyed = intent->key != NULL,
        .arguments = memory_copy_string(intent->arguments),
        .result = intent->result != NULL ? memory_copy_string(intent->result) : NULL,
        .where = memory_copy_string(intent->place.where),
    };

    memory_reserve_one(instance->deeds, instance->deed_count, instance->deed_capacity);
    instance->deeds[instance->deed_count++] = deed;
}

/* The slice that did them has committed: another run of the same transition does them again. */
static void deeds_commit(Instance *instance, const Pending *pending)
{
    for (size_t i = 0; i < pending->intent_count; i++) {
        if (pending->intents[i]->verb != INTENT_ACTION)
            continue;
        cleanup(free) char *key = deed_key(pending, pending->intents[i]);
        for (size_t k = instance->deed_count; k > 0; k--)
            if (!instance->deeds[k - 1].keyed && strcmp(instance->deeds[k - 1].place_key, key) == 0)
                deed_remove(instance, k - 1);
    }
}

/* ---- origins ---- */

static void origin_fields(Origin *origin, const Instance *instance)
{
    const ProgramDomain *domain = instance->domain;

    origin->field_count = domain->field_count;
    origin->field_names = memory_zero(domain->field_count, sizeof(char *));
    origin->fields = values_clone(instance->fields, domain->field_count);
    for (size_t i = 0; i < domain->field_count; i++)
        origin->field_names[i] = memory_copy_string(domain->fields[i].name);
}

static void origin_results(Origin *origin, const Pending *pending)
{
    origin->result_count = pending->intent_count;
    origin->results = memory_zero(pending->intent_count, sizeof(char *));
    origin->failed = memory_zero(pending->intent_count, sizeof(bool));
    for (size_t i = 0; i < pending->intent_count; i++) {
        string_set(&origin->results[i], pending->intents[i]->result);
        origin->failed[i] = pending->intents[i]->state == INTENT_FAILED;
    }
}

static void origin_arguments(Origin *origin, const Instance *instance, const Pending *pending)
{
    const Cause *cause = &pending->cause;
    const Message *message = mailbox_find(&instance->mailbox, cause->message);

    if (cause->kind == CAUSE_RUN) {
        const Run *run = &instance->runs[cause->run];
        origin->arguments = values_clone(run->arguments, run->argument_count);
        origin->argument_count = run->argument_count;
    } else if (message != NULL) {
        origin->arguments = values_clone(message->arguments, message->argument_count);
        origin->argument_count = message->argument_count;
    }
}

static Origin *origin_new(const Instance *instance, const Pending *pending)
{
    Origin *origin = memory_zero(1, sizeof *origin);

    origin->references = 1;
    origin->slice = pending->slice;
    origin->cause = pending->cause;
    origin->where = memory_copy_string(pending->intents[0]->place.where);
    origin_fields(origin, instance);
    origin_results(origin, pending);
    origin_arguments(origin, instance, pending);
    return origin;
}

/* ---- records ---- */

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

static bool has_handled(const Instance *instance, const char *name)
{
    int event = instance != NULL ? program_find_event(instance->runtime->program, name) : -1;

    return event >= 0 && domain_find_handler(instance->domain, (uint32_t)event) >= 0;
}

void retained_deliver(Instance *instance, const Instance *before)
{
    const Runtime *runtime = instance->runtime;

    for (size_t i = 0; i < runtime->retained_count; i++) {
        const Retained *retained = &runtime->retained[i];
        Emission emission = {.arguments = retained->arguments,
                             .argument_count = retained->argument_count};
        if (domain_find_handler(instance->domain, retained->event) >= 0 &&
            !has_handled(before, runtime->program->events[retained->event].name))
            deliver(instance, true, retained->event, retained->domain, false, &emission, 0);
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

static void objects_commit(Instance *instance, const Pending *pending)
{
    Runtime *runtime = instance->runtime;
    Origin *origin = NULL;

    for (size_t i = 0; i < pending->intent_count; i++) {
        const Intent *intent = pending->intents[i];
        if (intent->verb != INTENT_PUT)
            continue;
        Object *object = object_find(runtime, intent->uid);
        if (intent->state != INTENT_APPLIED) {
            if (object != NULL && object->state == OBJECT_WANTED)
                object_unwant(runtime, object);
            continue;
        }
        object_move(object, OBJECT_READY);
        object->repair_failures = 0;
        object->repair_due_ms = 0;
        if (object->rank == 0)
            object->rank = runtime->next_rank++;
        if (pending->cause.kind == CAUSE_REPAIR)
            continue; /* still the object of the slice that first emitted it */
        if (origin == NULL)
            origin = origin_new(instance, pending);
        origin_release(object->origin);
        object->origin = origin;
        origin->references++;
    }
    origin_release(origin);
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

/* What the effects of a discarded slice made stays, to be taken up by the next attempt. */
static void objects_discard(Runtime *runtime, const Pending *pending)
{
    for (size_t i = 0; i < pending->intent_count; i++) {
        const Intent *intent = pending->intents[i];
        Object *object = object_find(runtime, intent->uid);
        if (intent->verb != INTENT_PUT || object == NULL)
            continue;
        if (intent->state == INTENT_APPLIED && object->before != OBJECT_READY)
            object_move(object, OBJECT_LEFT);
        else
            object_unwant(runtime, object);
    }
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
