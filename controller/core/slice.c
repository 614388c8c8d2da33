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
 *
 * Computing is here; perform.c performs. */
#include <assert.h>
#include <string.h>

#include "controller/core/convergence.h"
#include "controller/core/input.h"
#include "controller/core/intent.h"
#include "controller/core/proposal.h"
#include "controller/core/turn.h"
#include "lang/base/memory.h"

/* ---- outcome ---- */

static void waiting_begin(Instance *instance, const char *resource)
{
    string_set(&instance->waits_for, resource);
    link_add(instance, LIST_HELD_UP);
}

void waiting_end(Instance *instance)
{
    string_set(&instance->waits_for, NULL);
    instance->handler_waits = false;
    instance->puts_off_for = NULL;
    link_remove(instance, LIST_HELD_UP);
    if (instance->pending != NULL)
        instance->runtime->resources_came = true;
    instance_touch(instance);
}

void room_came(const Instance *instance, size_t ceiling)
{
    Instance *next;

    for (Instance *i = instance->runtime->lists[LIST_HELD_UP].first; i != NULL; i = next) {
        next = i->links[LIST_HELD_UP].next;
        if (i->puts_off_for == instance && mailbox_count(&instance->mailbox) < ceiling)
            waiting_end(i);
    }
}

void after_slice(Turn *turn, Instance *instance, const Cause *cause, Digest128 answers)
{
    LoopKind loop = convergence_slice(instance, answers, turn->options->max_slices);

    waiting_end(instance);
    if (loop != LOOP_NONE)
        turn_notice(turn, NOTICE_LOOPED, instance)->text = instance->resting_kind;
    if (cause->message != 0)
        room_came(instance, MAILBOX_CEILING);
}

static bool consumes_message(const Cause *cause)
{
    return cause->message != 0 || (cause->kind == CAUSE_RUN && cause->transition < 0);
}

/* `of` has the slice, its cause and the facts that it has read. */
static void record_fault(Turn *turn, const Record *of, const char *reason)
{
    Instance *instance = of->instance;
    const Cause *cause = &of->cause;
    Record record = {.type = RECORD_FAULT,
                     .instance = instance,
                     .slice = of->slice,
                     .cause = *cause,
                     .facts = of->facts,
                     .text = reason};
    const char *described = cause_describe(instance, cause, turn->arena);

    turn_record(turn, &record);
    const char *text = arena_format(turn->arena, "%s: %s", described, reason);
    turn_notice(turn, NOTICE_FAULTED, instance)->text = text;
    if (consumes_message(cause))
        turn_notice(turn, NOTICE_DEAD_LETTER, instance)->text = text;
    after_slice(turn, instance, cause, 0);
}

/* Room is needed before anything is prepared: a slice that consumes nothing is put off. A handler,
 * and one that is half performed, which empties no mailbox until it ends, may go ten times beyond.
 * 0: there is room. */
static int check_room(Turn *turn, Instance *instance, const Record *record)
{
    bool handler = record->cause.message != 0;
    bool beyond = handler || instance->pending != NULL;
    const Instance *full = proposal_lacks_room(turn->runtime, &record->proposal,
                                               beyond ? MAILBOX_CEILING * 10 : MAILBOX_CEILING);

    if (full == NULL)
        return 0;
    if (handler) {
        cleanup(free) char *label = instance_label(full);
        record_fault(turn, record,
                     arena_format(turn->arena,
                                  "the mailbox of domain '%s' holds ten times its ceiling of %d",
                                  label, MAILBOX_CEILING));
        return -1;
    }
    instance->puts_off_for = full;
    link_add(instance, LIST_HELD_UP);
    return -1;
}

/* ---- intents of a slice ---- */

static bool is_effect(const Output *output)
{
    return output->kind == OUTPUT_EFFECT || output->kind == OUTPUT_RELEASE;
}

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
        if (!is_effect(&result->outputs[i]) || seen++ < done)
            continue;
        Emitted emitted = {
            .instance = preparation->instance,
            .cause = preparation->cause,
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
            waiting_begin(preparation->instance, text);
            preparation->instance->handler_waits = preparation->cause->message != 0;
        } else {
            record_fault(turn, preparation->record, text);
        }
        return -1;
    }
    return 0;
}

static size_t effects_count(const SliceResult *result)
{
    size_t count = 0;

    for (size_t i = 0; i < result->output_count; i++)
        count += is_effect(&result->outputs[i]);
    return count;
}

/* ---- steps ---- */

static void undecided(Turn *turn, Instance *instance)
{
    const char *after = "an effect of its own";

    if (instance->last_object != NULL) {
        cleanup(free) char *address = object_address(instance->last_object);
        after = arena_copy_string(turn->arena, address);
    }
    if (instance->pending != NULL && instance->pending->intent_count > 0)
        after = instance->pending->intents[instance->pending->intent_count - 1]->address;
    string_set(&instance->undecided_after, after);
    turn_notice(turn, NOTICE_UNDECIDED, instance)->text = arena_copy_string(turn->arena, after);
}

static void commit_plain(Turn *turn, Instance *instance, Record *record)
{
    record->type = RECORD_SLICE;
    commit_complete(turn, record, &record->proposal);
    turn_record(turn, record);
    Notice *notice = turn_notice(turn, NOTICE_COMMITTED, instance);
    notice->slice = record->slice;
    notice->text = cause_describe(instance, &record->cause, turn->arena);
    notice_proposal(turn, instance, &record->proposal);
    notice_starts(turn, record);
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

/* An instance that ends gives its objects back. */
static const char *stop_fault(const Instance *instance, const Proposal *proposal, Arena *arena)
{
    bool stops = false;

    for (size_t i = 0; i < proposal->emission_count; i++)
        stops = stops || proposal->emissions[i].kind == OUTPUT_STOP;
    const Object *object = stops ? instance_protected(instance) : NULL;
    if (object == NULL)
        return NULL;
    cleanup(free) char *address = object_address(object);
    return arena_format(arena, "it cannot stop: %s is protected by @protect", address);
}

static void slice_proposed(Turn *turn, Record *record, const SliceResult *result)
{
    Instance *instance = record->instance;
    Preparation preparation = {turn, instance, &record->cause, record, NULL, 0};

    proposal_make(instance, result, turn->arena, &record->proposal);
    const char *fault = proposal_fault(turn->runtime, &record->proposal, turn->arena);
    if (fault == NULL)
        fault = stop_fault(instance, &record->proposal, turn->arena);
    if (fault != NULL) {
        record_fault(turn, record, fault);
        return;
    }
    if (check_room(turn, instance, record) < 0)
        return;
    if (effects_count(result) == 0 && instance->pending == NULL)
        commit_plain(turn, instance, record);
    else
        prepare(&preparation, result);
}

static void repair_begin(Turn *turn, Instance *instance)
{
    Runtime *runtime = turn->runtime;
    Object *lowest = NULL;

    for (Object *object = instance->first_object; object != NULL; object = object->owner_next)
        if (object->state == OBJECT_LOST && (lowest == NULL || object->rank < lowest->rank))
            lowest = object;
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

/* ---- the end of an instance ---- */

/* What was committed last goes first; what an aborted attempt left was never built upon. */
static int compare_for_release(const void *left, const void *right)
{
    const Object *a = *(Object *const *)left, *b = *(Object *const *)right;
    uint64_t rank_a = a->rank != 0 ? a->rank : UINT64_MAX;
    uint64_t rank_b = b->rank != 0 ? b->rank : UINT64_MAX;

    if (rank_a != rank_b)
        return rank_a > rank_b ? -1 : 1;
    return a->sequence > b->sequence ? -1 : 1;
}

static Object **objects_of(const Instance *instance, Arena *arena)
{
    Object **objects = arena_array(arena, Object *, instance->object_count);
    size_t count = 0;

    for (Object *object = instance->first_object; object != NULL; object = object->owner_next)
        objects[count++] = object;
    qsort(objects, count, sizeof(Object *), compare_for_release);
    return objects;
}

static void release_begin(Turn *turn, Instance *instance)
{
    Object **objects = objects_of(instance, turn->arena);
    Record record = {.type = RECORD_PREPARE,
                     .instance = instance,
                     .slice = turn->runtime->logical_time + 1,
                     .cause = instance->next,
                     .intents = arena_array(turn->arena, Intent *, instance->object_count),
                     .intent_count = instance->object_count};

    for (size_t i = 0; i < record.intent_count; i++)
        record.intents[i] = intent_destroy(objects[i], turn->runtime->next_intent + i, 0);
    turn_record(turn, &record);
    pending_advance(turn, instance);
}

static void instance_end(Turn *turn, Instance *instance)
{
    Record record = {.type = RECORD_END,
                     .instance = instance,
                     .domain = instance->domain_index,
                     .key = instance->key != NULL ? arena_copy_string(turn->arena, instance->key)
                                                  : NULL};

    turn_notice(turn, NOTICE_STOPPED, instance);
    room_came(instance, SIZE_MAX);
    turn_record(turn, &record);
}

/* ---- one step ---- */

/* Run the code; the record gets the facts that it has read. */
static void slice_read_and_run(Turn *turn, Record *record, SliceResult *ret)
{
    Instance *instance = record->instance;
    SliceInput input;
    Reading reading;

    slice_input_make(instance, &record->cause, turn->options->planning, turn->arena, &input);
    reading_begin(&reading, instance, input.code,
                  instance->pending != NULL ? &instance->pending->facts : NULL, turn->arena);
    input.facts = &reading.reader;
    slice_run(&input, turn->arena, ret);
    reading_end(&reading);
    reading_add_goals(&reading, record->cause.transition);
    ret->status = reading_status(&reading, ret);
    record->facts = reading.seen;
}

static void slice_compute(Turn *turn, Instance *instance, const Cause *cause, uint64_t slice)
{
    Record record = {.instance = instance, .slice = slice, .cause = *cause};
    SliceResult result = {0};

    slice_read_and_run(turn, &record, &result);
    switch (result.status) {
    case SLICE_FAULTED:
        record_fault(turn, &record, result.fault);
        break;
    case SLICE_UNKNOWN:
        undecided(turn, instance);
        break;
    case SLICE_LACKS_FACT:
        slice_lacks_fact(instance, cause);
        break;
    case SLICE_DONE:
    case SLICE_YIELDED:
    case SLICE_AWAITS:
        if (proposal_is_unknown(&result))
            undecided(turn, instance);
        else
            slice_proposed(turn, &record, &result);
        break;
    }
}

void slice_step(Turn *turn, Instance *instance)
{
    Cause cause = instance->pending != NULL ? instance->pending->cause : instance->next;

    instance_touch(instance);
    if (cause.kind == CAUSE_REPAIR)
        repair_begin(turn, instance);
    else if (cause.kind == CAUSE_STOP && instance->object_count > 0)
        release_begin(turn, instance);
    else if (cause.kind == CAUSE_STOP)
        instance_end(turn, instance);
    else
        slice_compute(turn, instance, &cause,
                      instance->pending != NULL ? instance->pending->slice
                                                : turn->runtime->logical_time + 1);
}
