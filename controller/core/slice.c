/* A slice is a transaction with its effects: compute, prepare, perform, commit (language: section
 * 7).
 *
 *   slice_step ──▶ FAULT record
 *       │  ╲────▶ SLICE record (no effects: committed at once)
 *       ▼
 *   PREPARE record ──▶ pending_advance ──▶ call ──▶ answer ──▶ pending_advance ...
 *                             │  (awaits)                        │
 *                             └──▶ slice_step again, with the answers, from its start
 *                             └──▶ COMMIT record                 └──▶ ABORT record
 */
#include <assert.h>
#include <string.h>

#include "controller/core/convergence.h"
#include "controller/core/input.h"
#include "controller/core/intent.h"
#include "controller/core/keys.h"
#include "controller/core/turn.h"
#include "lang/base/memory.h"

#define BACKOFF_FIRST_MS 1000
#define BACKOFF_CAP_MS 300000

static const char *cause_where(const Instance *instance, const Cause *cause)
{
    if (cause->handler >= 0)
        return instance->runtime->program->events[instance->domain->handlers[cause->handler].event]
            .name;
    return instance->domain->transitions[cause->transition].name;
}

/* ---- outcome ---- */

/* What it waited for may have come: it is looked at again. */
static void waiting_end(Instance *instance)
{
    string_set(&instance->waits_for, NULL);
    instance->handler_waits = false;
    instance->puts_off_for = NULL;
    if (instance->pending != NULL)
        instance->runtime->resources_came = true;
    instance_touch(instance);
}

/* A message has left the mailbox: those that waited for room there go on. */
static void room_came(Instance *instance)
{
    const Runtime *runtime = instance->runtime;

    for (size_t i = 0; i < runtime->instance_count; i++)
        if (runtime->instances[i]->puts_off_for == instance &&
            mailbox_count(&instance->mailbox) < MAILBOX_CEILING)
            waiting_end(runtime->instances[i]);
}

/* A slice has ended, well or not: its domain may have changed, and there may be room again. */
static void after_slice(Turn *turn, Instance *instance, const Cause *cause, Digest128 answers)
{
    LoopKind loop = convergence_slice(instance, answers, turn->options->max_slices);

    waiting_end(instance);
    if (loop != LOOP_NONE)
        turn_notice(turn, NOTICE_LOOPED, instance)->text = instance->resting_kind;
    if (cause->message != 0)
        room_came(instance);
}

static void record_fault(Turn *turn, Instance *instance, const Cause *cause, uint64_t slice,
                         const char *reason)
{
    Record record = {.type = RECORD_FAULT,
                     .instance = instance,
                     .slice = slice,
                     .cause = *cause,
                     .text = reason};
    const char *described = cause_describe(instance, cause, turn->arena);

    turn_record(turn, &record);
    Notice *notice = turn_notice(turn, NOTICE_FAULTED, instance);
    notice->text = arena_format(turn->arena, "%s: %s", described, reason);
    if (cause->message != 0)
        turn_notice(turn, NOTICE_DEAD_LETTER, instance)->text = notice->text;
    after_slice(turn, instance, cause, 0);
}

/* What a slice proposes may point into the state and the message it read, which its commit replaces
 * and frees: the record has copies of its own. */
static void changes_collect(const Instance *instance, const SliceResult *result, Arena *arena,
                            Record *ret)
{
    ret->changes = arena_array(arena, FieldChange, instance->domain->field_count);
    for (uint32_t i = 0; i < instance->domain->field_count; i++)
        if (!value_equal(instance->fields[i], result->fields[i]))
            ret->changes[ret->change_count++] =
                (FieldChange){i, value_copy(arena, result->fields[i])};
}

static void emissions_collect(const SliceResult *result, Arena *arena, Record *ret)
{
    ret->emissions = arena_array(arena, Emission, result->output_count);
    for (size_t i = 0; i < result->output_count; i++) {
        const Output *output = &result->outputs[i];
        if (output->kind == OUTPUT_EFFECT)
            continue;
        Emission *emission = &ret->emissions[ret->emission_count++];
        *emission = (Emission){.kind = output->kind,
                               .high = output->high,
                               .event = output->event,
                               .domain = output->domain,
                               .transition = output->transition,
                               .argument_count = output->argument_count};
        emission->arguments = arena_array(arena, Value, output->argument_count);
        for (size_t k = 0; k < output->argument_count; k++)
            emission->arguments[k] = value_copy(arena, output->arguments[k].value);
    }
}

static Instance *mailbox_full(Runtime *runtime, const Record *record, size_t ceiling)
{
    for (size_t i = 0; i < record->emission_count; i++) {
        const Emission *emission = &record->emissions[i];
        if (emission->kind == OUTPUT_MESSAGE) {
            Instance *receiver =
                runtime_find(runtime, runtime->program->domains[emission->domain].name);
            if (receiver != NULL && mailbox_count(&receiver->mailbox) >= ceiling)
                return receiver;
        }
        for (size_t k = 0; emission->kind == OUTPUT_EVENT && k < runtime->instance_count; k++) {
            Instance *receiver = runtime->instances[k];
            if (mailbox_count(&receiver->mailbox) >= ceiling &&
                domain_find_handler(receiver->domain, emission->event) >= 0)
                return receiver;
        }
    }
    return NULL;
}

/* Room is needed before anything is prepared: a slice that consumes nothing is put off, a handler
 * may go ten times beyond. 0: there is room. */
static int check_room(Turn *turn, Instance *instance, const Cause *cause, const Record *record)
{
    bool handler = cause->message != 0;
    Instance *full = mailbox_full(turn->runtime, record,
                                  handler ? (size_t)MAILBOX_CEILING * 10 : MAILBOX_CEILING);

    if (full == NULL)
        return 0;
    if (handler) {
        record_fault(turn, instance, cause, record->slice,
                     arena_format(turn->arena,
                                  "the mailbox of domain '%s' holds ten times its ceiling of %d",
                                  full->domain->name, MAILBOX_CEILING));
        return -1;
    }
    instance->puts_off_for = full;
    return -1;
}

/* ---- intents of a slice ---- */

typedef struct Preparation {
    Turn *turn;
    Instance *instance;
    const Cause *cause;
    Record *record;
    Intent **all; /* those of the pending slice and the new ones */
    size_t all_count;
} Preparation;

static void preparation_begin(Preparation *preparation, size_t output_count)
{
    const Pending *pending = preparation->instance->pending;
    size_t existing = pending != NULL ? pending->intent_count : 0;

    preparation->all = arena_array(preparation->turn->arena, Intent *, existing + output_count);
    for (size_t i = 0; i < existing; i++)
        preparation->all[i] = pending->intents[i];
    preparation->all_count = existing;
    preparation->record->intents = preparation->all + existing;
}

static void preparation_drop(Preparation *preparation)
{
    for (size_t i = 0; i < preparation->record->intent_count; i++)
        intent_free(preparation->record->intents[i]);
}

/* Make the intents that are not there yet. 0, or the instance waits or has faulted. */
static int intents_make(Preparation *preparation, const SliceResult *result)
{
    Turn *turn = preparation->turn;
    size_t done = preparation->all_count, seen = 0;

    for (size_t i = 0; i < result->output_count; i++) {
        const char *text = NULL;
        Intent *intent;
        if (result->outputs[i].kind != OUTPUT_EFFECT || seen++ < done)
            continue;
        Emitted emitted = {
            .instance = preparation->instance,
            .where = cause_where(preparation->instance, preparation->cause),
            .output = &result->outputs[i],
            .earlier = preparation->all,
            .earlier_count = preparation->all_count,
            .number = turn->runtime->next_intent + preparation->record->intent_count,
        };
        int outcome = intent_make(&emitted, turn->arena, &intent, &text);
        if (outcome == 0) {
            preparation->all[preparation->all_count++] = intent;
            preparation->record->intent_count++;
            continue;
        }
        preparation_drop(preparation);
        if (outcome == INTENT_WAITS) {
            string_set(&preparation->instance->waits_for, text);
            preparation->instance->handler_waits = preparation->cause->message != 0;
        } else {
            record_fault(turn, preparation->instance, preparation->cause,
                         preparation->record->slice, text);
        }
        return -1;
    }
    return 0;
}

static size_t effects_count(const SliceResult *result)
{
    size_t count = 0;

    for (size_t i = 0; i < result->output_count; i++)
        count += result->outputs[i].kind == OUTPUT_EFFECT;
    return count;
}

/* ---- what people are told ---- */

static void notice_emissions(Turn *turn, const Instance *instance, const Emission *emissions,
                             size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (emissions[i].kind == OUTPUT_EVENT)
            turn_notice(turn, NOTICE_EVENT_SENT, instance)->text =
                turn->runtime->program->events[emissions[i].event].name;
        if (emissions[i].kind == OUTPUT_LOG && emissions[i].argument_count == 1) {
            Buffer text = {0};
            value_print(&text, emissions[i].arguments[0]);
            turn_notice(turn, NOTICE_LOGGED, instance)->text =
                arena_copy_string(turn->arena, buffer_text(&text));
            buffer_deinit(&text);
        }
    }
}

/* ---- steps ---- */

static void undecided(Turn *turn, Instance *instance)
{
    const char *after = "an effect of its own";
    const Runtime *runtime = turn->runtime;

    for (size_t i = 0; i < runtime->object_count; i++)
        if (runtime->objects[i]->owner == instance) {
            char *address = object_address(runtime->objects[i]);
            after = arena_copy_string(turn->arena, address);
            free(address);
        }
    if (instance->pending != NULL && instance->pending->intent_count > 0)
        after = instance->pending->intents[instance->pending->intent_count - 1]->address;
    string_set(&instance->undecided_after, after);
    turn_notice(turn, NOTICE_UNDECIDED, instance)->text = arena_copy_string(turn->arena, after);
}

static void commit_plain(Turn *turn, Instance *instance, Record *record)
{
    record->type = RECORD_SLICE;
    turn_record(turn, record);
    Notice *notice = turn_notice(turn, NOTICE_COMMITTED, instance);
    notice->slice = record->slice;
    notice->text = cause_describe(instance, &record->cause, turn->arena);
    notice_emissions(turn, instance, record->emissions, record->emission_count);
    after_slice(turn, instance, &record->cause, 0);
}

static void prepare(Preparation *preparation, const SliceResult *result)
{
    preparation_begin(preparation, effects_count(result));
    if (intents_make(preparation, result) < 0)
        return;
    preparation->record->type = RECORD_PREPARE;
    preparation->record->awaits = result->status == SLICE_AWAITS;
    turn_record(preparation->turn, preparation->record);
    pending_advance(preparation->turn, preparation->instance);
}

static void slice_proposed(Turn *turn, Instance *instance, const Cause *cause,
                           const SliceResult *result)
{
    uint64_t slice =
        instance->pending != NULL ? instance->pending->slice : turn->runtime->logical_time + 1;
    Record record = {.instance = instance, .slice = slice, .cause = *cause};
    Preparation preparation = {turn, instance, cause, &record, NULL, 0};

    changes_collect(instance, result, turn->arena, &record);
    emissions_collect(result, turn->arena, &record);
    if (check_room(turn, instance, cause, &record) < 0)
        return;
    if (effects_count(result) == 0)
        commit_plain(turn, instance, &record);
    else
        prepare(&preparation, result);
}

static void repair_begin(Turn *turn, Instance *instance)
{
    Runtime *runtime = turn->runtime;
    Object *lowest = NULL;

    for (size_t i = 0; i < runtime->object_count; i++)
        if (runtime->objects[i]->state == OBJECT_LOST && runtime->objects[i]->owner == instance &&
            (lowest == NULL || runtime->objects[i]->rank < lowest->rank))
            lowest = runtime->objects[i];
    assert(lowest != NULL);
    Intent *intent = intent_repair(lowest, runtime->next_intent, 0);
    Record record = {.type = RECORD_PREPARE,
                     .instance = instance,
                     .slice = runtime->logical_time + 1,
                     .cause = instance->next,
                     .intents = &intent,
                     .intent_count = 1};
    turn_record(turn, &record);
    pending_advance(turn, instance);
}

void slice_step(Turn *turn, Instance *instance)
{
    Cause cause = instance->pending != NULL ? instance->pending->cause : instance->next;
    uint64_t slice =
        instance->pending != NULL ? instance->pending->slice : turn->runtime->logical_time + 1;
    SliceInput input;
    SliceResult result = {0};

    instance_touch(instance);
    if (cause.kind == CAUSE_REPAIR) {
        repair_begin(turn, instance);
        return;
    }
    slice_input_make(instance, &cause, turn->options->planning, turn->arena, &input);
    slice_run(&input, turn->arena, &result);
    switch (result.status) {
    case SLICE_FAULTED:
        record_fault(turn, instance, &cause, slice, result.fault);
        break;
    case SLICE_UNKNOWN:
    case SLICE_LACKS_FACT:
        undecided(turn, instance);
        break;
    case SLICE_DONE:
    case SLICE_YIELDED:
    case SLICE_AWAITS:
        slice_proposed(turn, instance, &cause, &result);
        break;
    }
}

/* ---- performing ---- */

static Digest128 answers_digest(const Pending *pending)
{
    Digest128 digest = 1;

    for (size_t i = 0; i < pending->intent_count; i++) {
        const Intent *intent = pending->intents[i];
        const char *result = intent->result != NULL ? intent->result : "";
        digest = digest * 31 + digest128_bytes(result, strlen(result), 1);
        digest += digest128_bytes(intent->arguments, strlen(intent->arguments), 2);
        digest += digest128_bytes(intent->address, strlen(intent->address), 3);
    }
    return digest | 1;
}

void objects_changed(Runtime *runtime)
{
    for (size_t i = 0; i < runtime->instance_count; i++)
        if (runtime->instances[i]->waits_for != NULL)
            waiting_end(runtime->instances[i]);
    for (size_t i = 0; runtime->lost_count > 0 && i < runtime->object_count; i++)
        if (runtime->objects[i]->state == OBJECT_LOST)
            instance_touch(runtime->objects[i]->owner);
}

static void pending_commit(Turn *turn, Instance *instance)
{
    const Pending *pending = instance->pending;
    Cause cause = pending->cause;
    Digest128 answers = answers_digest(pending);
    Record record = {.type = RECORD_COMMIT, .instance = instance, .slice = pending->slice};
    Notice *notice = turn_notice(turn, NOTICE_COMMITTED, instance);

    notice->slice = pending->slice;
    notice->text = cause_describe(instance, &cause, turn->arena);
    notice_emissions(turn, instance, pending->emissions, pending->emission_count);
    turn_record(turn, &record);
    instance_touch(instance);
    objects_changed(turn->runtime);
    after_slice(turn, instance, &cause, answers);
}

static Intent *pending_open(const Pending *pending)
{
    for (size_t i = 0; i < pending->intent_count; i++)
        if (pending->intents[i]->state == INTENT_OPEN)
            return pending->intents[i];
    return NULL;
}

/* The sentence about an effect that failed without an else: the slice cannot go on. NULL: none. */
static const char *pending_failure(const Turn *turn, const Pending *pending)
{
    for (size_t i = 0; i < pending->intent_count; i++) {
        const Intent *intent = pending->intents[i];
        if (intent->state == INTENT_FAILED && !intent->handled)
            return arena_format(turn->arena, "%s failed: %s%s%s", intent->address,
                                intent->code != NULL ? intent->code : "",
                                intent->code != NULL ? ": " : "",
                                intent->detail != NULL ? intent->detail : "no reason given");
    }
    return NULL;
}

void pending_advance(Turn *turn, Instance *instance)
{
    const char *failure = pending_failure(turn, instance->pending);
    Intent *open = pending_open(instance->pending);

    if (failure != NULL) {
        pending_abort(turn, instance, failure);
        return;
    }
    if (open != NULL) {
        if (turn->options->settling && !open->was_asked && !open->recovered)
            pending_abort(turn, instance, "the program was changed before this effect was sent");
        else if (!open->was_asked)
            turn_call(turn, open);
        return;
    }
    if (!instance->pending->awaits)
        pending_commit(turn, instance);
    else if (turn->options->settling)
        pending_abort(turn, instance, "the program was changed while this slice was performed");
    else
        slice_step(turn, instance);
}

/* ---- failing ---- */

static uint64_t backoff_ms(const Turn *turn, const Instance *instance, const Cause *cause,
                           uint32_t failures)
{
    uint64_t first = BACKOFF_FIRST_MS, cap = BACKOFF_CAP_MS;

    if (cause->goal >= 0) {
        first = (uint64_t)instance->domain->goals[cause->goal].backoff_first_ms;
        cap = (uint64_t)instance->domain->goals[cause->goal].backoff_cap_ms;
        if (first == cap)
            return first;
    }
    uint64_t limit = failures < 30 ? first << failures : cap;
    if (limit > cap)
        limit = cap;
    return jitter(turn->runtime, instance->pending->slice, limit) + 1;
}

static uint32_t failures_so_far(const Instance *instance, const Cause *cause)
{
    const Message *message = mailbox_find(&instance->mailbox, cause->message);

    if (cause->message != 0)
        return message != NULL ? message->attempts : 0;
    if (cause->kind == CAUSE_REPAIR)
        return object_find(instance->runtime, instance->pending->intents[0]->uid)->repair_failures;
    return cause->transition >= 0 ? instance->transitions[cause->transition].failures : 0;
}

/* Whether this run tries again: `apply` only where the goal says how often, or for a handler. */
static bool will_retry(const Turn *turn, const Instance *instance, const Cause *cause)
{
    if (turn->options->settling)
        return true;
    if (cause->message != 0)
        return failures_so_far(instance, cause) + 1 < MESSAGE_ATTEMPTS_MAX;
    if (cause->goal >= 0 && cause->kind != CAUSE_FALLBACK) {
        const ProgramGoal *goal = &instance->domain->goals[cause->goal];
        if (goal->terminate == GOAL_RETRIES)
            return instance->goals[cause->goal].retries + 1 < (uint64_t)goal->terminate_limit;
    }
    return turn->options->retry_failed;
}

void pending_abort(Turn *turn, Instance *instance, const char *reason)
{
    Cause cause = instance->pending->cause;
    bool retry = will_retry(turn, instance, &cause);
    size_t dead_letters = instance->dead_letter_count;
    Record record = {.type = RECORD_ABORT,
                     .instance = instance,
                     .slice = instance->pending->slice,
                     .text = arena_copy_string(turn->arena, reason),
                     .retry = retry};

    if (!turn->options->settling)
        record.due_ms =
            turn->now_ms + backoff_ms(turn, instance, &cause, failures_so_far(instance, &cause));
    Notice *notice = turn_notice(turn, NOTICE_ABORTED, instance);
    notice->slice = record.slice;
    notice->text =
        arena_format(turn->arena, "%s: %s", cause_describe(instance, &cause, turn->arena), reason);
    turn_record(turn, &record);
    convergence_outside(instance); /* the answer came from there */
    if (instance->dead_letter_count > dead_letters) {
        turn_notice(turn, NOTICE_DEAD_LETTER, instance)->text = record.text;
        room_came(instance);
    }
    instance_touch(instance);
    objects_changed(turn->runtime);
}

/* ---- answers ---- */

static void notice_answer(Turn *turn, const Instance *owner, const Intent *intent,
                          const Event *event)
{
    const Object *object = intent->uid[0] != '\0' ? object_find(turn->runtime, intent->uid) : NULL;
    NoticeKind kind = !event->applied                 ? NOTICE_EFFECT_FAILED
                      : intent->verb == INTENT_DELETE ? NOTICE_EFFECT_REMOVED
                                                      : NOTICE_EFFECT_DONE;
    Notice *notice = turn_notice_intent(turn, kind, owner, intent);

    notice->external_id =
        event->external_id != NULL ? arena_copy_string(turn->arena, event->external_id) : NULL;
    notice->code = event->code != NULL ? arena_copy_string(turn->arena, event->code) : NULL;
    notice->text = event->detail != NULL ? arena_copy_string(turn->arena, event->detail) : NULL;
    if (object != NULL && object->exists && intent->verb == INTENT_PUT) {
        notice->repaired = true;
        notice->changed = object->before == OBJECT_READY && object->inputs != NULL &&
                          strcmp(object->inputs, intent->arguments) != 0;
        if (object->before == OBJECT_LOST)
            notice->repaired = false; /* it is made again: counts as added */
    }
}

void answer_step(Turn *turn, const Event *event)
{
    Instance *owner;
    Intent *intent = intent_find(turn->runtime, event->intent, &owner);
    Record record = {.type = RECORD_ANSWER,
                     .intent = event->intent,
                     .outcome = event->applied ? INTENT_APPLIED : INTENT_FAILED,
                     .external_id = event->external_id,
                     .result = event->result,
                     .code = event->code,
                     .text = event->detail};

    if (intent == NULL || intent->state != INTENT_OPEN)
        return; /* a late repetition of an answer that is recorded already */
    notice_answer(turn, owner, intent, event);
    bool destroys = intent->verb == INTENT_DELETE;
    char *uid = arena_copy_string(turn->arena, intent->uid);
    turn_record(turn, &record);
    if (owner->resting)
        convergence_outside(owner);
    if (destroys && !event->applied)
        object_find(turn->runtime, uid)->given_up = true;
    if (!destroys)
        pending_advance(turn, owner);
    if (turn->runtime->destroying)
        destroy_step(turn);
}
