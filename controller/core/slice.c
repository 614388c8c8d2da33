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

#include "controller/core/choice.h"
#include "controller/core/convergence.h"
#include "controller/core/crashes.h"
#include "controller/core/dead_letter.h"
#include "controller/core/input.h"
#include "controller/core/intent.h"
#include "controller/core/origin.h"
#include "controller/core/proposal.h"
#include "controller/core/revise.h"
#include "controller/core/turn.h"
#include "lang/base/memory.h"

/* ---- outcome ---- */

static void waiting_begin(Instance *instance, const char *resource)
{
    string_set(&instance_wake(instance)->waits_for, resource);
    link_add(instance, LIST_HELD_UP);
    lost_changed(instance->runtime);
}

void waiting_end(Instance *instance)
{
    instance_touch(instance);
    if (instance->active->waits_for == NULL && instance->active->puts_off_for == NULL &&
        !instance->active->handler_waits)
        return;
    Activity *activity = instance_wake(instance);
    string_set(&activity->waits_for, NULL);
    activity->handler_waits = false;
    activity->puts_off_for = NULL;
    link_remove(instance, LIST_HELD_UP);
    if (instance->active->pending != NULL)
        instance->runtime->resources_came = true;
}

void room_came(const Instance *instance, size_t ceiling)
{
    Instance *next;

    for (Instance *i = instance->runtime->lists[LIST_HELD_UP].first; i != NULL; i = next) {
        next = link_next(i, LIST_HELD_UP);
        if (i->active->puts_off_for == instance &&
            mailbox_count(&instance->active->mailbox) < ceiling)
            waiting_end(i);
    }
}

void after_slice(Turn *turn, Instance *instance, const Cause *cause, Digest128 answers)
{
    LoopKind loop = convergence_slice(instance, answers, turn->options->max_slices);

    waiting_end(instance);
    if (loop != LOOP_NONE)
        turn_notice(turn, NOTICE_LOOPED, instance)->text = convergence_rests(instance);
    if (cause->message != 0)
        room_came(instance, MAILBOX_CEILING);
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

    turn_notice(turn, NOTICE_FAULTED, instance)->text =
        arena_format(turn->arena, "%s: %s", described, reason);
    turn_record(turn, &record);
    after_slice(turn, instance, cause, 0);
}

static const char *no_room_words(const Instance *full, Arena *arena)
{
    cleanup(free) char *label = instance_label(full);

    if (instance_is_down(full))
        return arena_format(arena,
                            "domain '%s' is down and has %d dead letters, as many as it may have: "
                            "`ved resume %s`",
                            label, DEAD_LETTERS_MAX, label);
    return arena_format(arena, "the mailbox of domain '%s' holds ten times its ceiling of %d",
                        label, MAILBOX_CEILING);
}

/* Room is needed before anything is prepared: a slice that consumes nothing is put off. A handler,
 * and one that is half performed, which empties no mailbox until it ends, may go ten times beyond.
 * 0: there is room. */
static int check_room(Turn *turn, Instance *instance, const Record *record)
{
    if (record->proposal.emission_count == 0)
        return 0;
    bool handler = record->cause.message != 0;
    bool beyond = handler || instance->active->pending != NULL;
    const Instance *full = proposal_lacks_room(turn->runtime, &record->proposal,
                                               beyond ? MAILBOX_BEYOND : MAILBOX_CEILING);

    if (full == NULL)
        return 0;
    if (handler || instance_is_down(full)) {
        record_fault(turn, record, no_room_words(full, turn->arena));
        return -1;
    }
    instance_wake(instance)->puts_off_for = full;
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
    Fitting fitting;  /* CAUSE_REVISE */
    Earlier *earlier; /* of `all` */
} Preparation;

static void preparation_begin(Preparation *preparation, size_t output_count)
{
    Pending *pending = preparation->instance->active->pending;
    size_t existing = pending != NULL ? pending->intent_count : 0;

    preparation->all = /* one that is replaced has two */
        arena_array(preparation->turn->arena, Intent *, existing + 2 * output_count);
    for (size_t i = 0; i < existing; i++)
        preparation->all[i] = pending->intents[i];
    preparation->all_count = existing;
    preparation->record->intents = preparation->all + existing;
    if (pending != NULL)
        preparation->earlier = take(pending->earlier);
    if (preparation->earlier != NULL)
        earlier_begin(preparation->earlier);
}

static void preparation_drop(Preparation *preparation)
{
    earlier_free(take(preparation->earlier));
    for (size_t i = 0; i < preparation->record->intent_count; i++)
        intent_free(preparation->record->intents[i]);
}

/* Those that answer an output of the slice: what is replaced is destroyed beside. */
static size_t outputs_done(const Preparation *preparation)
{
    size_t count = 0;

    for (size_t i = 0; i < preparation->all_count; i++)
        count += preparation->all[i]->verb != INTENT_DELETE || preparation->all[i]->released;
    return count;
}

static void preparation_add(Preparation *preparation, Intent *intent)
{
    preparation->all[preparation->all_count++] = intent;
    preparation->record->intent_count++;
}

static int output_prepare(Preparation *preparation, const Output *output, const char **ret_text)
{
    Turn *turn = preparation->turn;
    const Cause *cause = preparation->cause;
    Intents intents = {0};
    Emitted emitted = {
        .instance = preparation->instance,
        .cause = cause,
        .where = cause_where(preparation->instance, cause),
        .output = output,
        .earlier = preparation->all,
        .earlier_count = preparation->all_count,
        .index = &preparation->earlier,
        .number = turn->runtime->next_intent + preparation->record->intent_count,
    };
    int outcome =
        cause->kind == CAUSE_REVISE
            ? revision_intents(&emitted, &preparation->fitting, turn->arena, &intents, ret_text)
            : intent_make(&emitted, turn->arena, &intents, ret_text);

    for (size_t i = 0; outcome == 0 && i < intents.count; i++)
        preparation_add(preparation, intents.items[i]);
    return outcome;
}

/* Make the intents that are not there yet. On another outcome than 0 `*ret_text` says why. */
static int outputs_prepare(Preparation *preparation, const SliceResult *result,
                           const char **ret_text)
{
    size_t done = outputs_done(preparation), seen = 0;
    int outcome = 0;

    for (size_t i = 0; outcome == 0 && i < result->output_count; i++) {
        const Output *output = &result->outputs[i];
        if (!is_effect(output))
            continue;
        if (seen++ >= done)
            outcome = output_prepare(preparation, output, ret_text);
        else if (preparation->cause->kind == CAUSE_REVISE)
            fitting_pass(&preparation->fitting, output);
    }
    return outcome;
}

/* 0, or the instance waits or has faulted. */
static int intents_make(Preparation *preparation, const SliceResult *result)
{
    Instance *instance = preparation->instance;
    const char *text = NULL;

    if (preparation->cause->kind == CAUSE_REVISE)
        fitting_begin(&preparation->fitting, instance->runtime,
                      revised_origin(instance, preparation->cause));
    int outcome = outputs_prepare(preparation, result, &text);
    fitting_deinit(&preparation->fitting);
    if (outcome == 0)
        return 0;
    preparation_drop(preparation);
    if (outcome == INTENT_WAITS) {
        waiting_begin(instance, text);
        instance_wake(instance)->handler_waits = preparation->cause->message != 0;
    } else {
        record_fault(preparation->turn, preparation->record, text);
    }
    return -1;
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

    if (instance->has->last_object != NULL) {
        cleanup(free) char *address = object_address(instance->has->last_object);
        after = arena_copy_string(turn->arena, address);
    }
    if (instance->active->pending != NULL && instance->active->pending->intent_count > 0)
        after = instance->active->pending->intents[instance->active->pending->intent_count - 1]
                    ->address;
    string_set(&instance_wake(instance)->undecided_after, after);
    turn_notice(turn, NOTICE_UNDECIDED, instance)->text = arena_copy_string(turn->arena, after);
}

static void commit_plain(Turn *turn, Instance *instance, Record *record)
{
    record->type = RECORD_SLICE;
    commit_complete(turn, record, &record->proposal);
    turn_record(turn, record);
    turn_committed(turn, instance, record->slice, &record->cause);
    notice_proposal(turn, instance, &record->proposal);
    notice_starts(turn, record);
    after_slice(turn, instance, &record->cause, 0);
}

/* Nothing that is protected goes because a slice does not reach it any more. */
static bool spares_protected(Preparation *preparation, const SliceResult *result)
{
    if (preparation->cause->kind != CAUSE_REVISE || result->status == SLICE_AWAITS)
        return true;
    const Origin *origin = revised_origin(preparation->instance, preparation->cause);
    const char *fault = revision_fault(preparation->instance, origin, preparation->all,
                                       preparation->all_count, preparation->turn->arena);
    if (fault == NULL)
        return true;
    preparation_drop(preparation);
    record_fault(preparation->turn, preparation->record, fault);
    return false;
}

static bool makes_room(const Intent *intent)
{
    return intent->verb == INTENT_DELETE && !intent->released;
}

/* What is replaced goes before anything is made: one may be in the way of another. */
static void room_first(Preparation *preparation)
{
    Record *record = preparation->record;
    Intent **sorted = arena_array(preparation->turn->arena, Intent *, record->intent_count);
    size_t count = 0;

    for (size_t i = 0; i < record->intent_count; i++)
        if (makes_room(record->intents[i]))
            sorted[count++] = record->intents[i];
    for (size_t i = 0; i < record->intent_count; i++)
        if (!makes_room(record->intents[i]))
            sorted[count++] = record->intents[i];
    record->intents = sorted;
}

static void prepare(Turn *turn, Record *record, const SliceResult *result)
{
    Instance *instance = record->instance;
    Preparation preparation = {
        .turn = turn, .instance = instance, .cause = &record->cause, .record = record};

    preparation_begin(&preparation, effects_count(result));
    if (intents_make(&preparation, result) < 0 || !spares_protected(&preparation, result))
        return;
    if (preparation.earlier != NULL) /* all of them, before they are put in order */
        earlier_extend(preparation.earlier, preparation.all, preparation.all_count);
    room_first(&preparation);
    record->type = RECORD_PREPARE;
    record->awaits = result->status == SLICE_AWAITS;
    turn_record(turn, record);
    instance->active->pending->earlier = preparation.earlier;
    pending_advance(turn, instance);
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
    return arena_format(arena,
                        "it cannot stop: %s is protected, by @protect of '%s' or by `protect: "
                        "true` in the bindings: take that away and apply first",
                        address, object->place.where);
}

/* What the slice would change, of what it or its like has done before. */
static void slice_propose(Turn *turn, Record *record, const SliceInput *input,
                          const SliceResult *result)
{
    Instance *instance = record->instance;
    const Message *message = mailbox_find(&instance->active->mailbox, record->cause.message);

    proposal_make(instance, result, turn->arena, &record->proposal);
    if (record->cause.kind == CAUSE_REVISE)
        revision_propose(instance, revised_origin(instance, &record->cause), input->fields, result,
                         turn->arena, &record->proposal);
    else if (message != NULL && message->travels)
        rehear(instance, input, message, result, turn->arena, &record->proposal);
}

static void slice_proposed(Turn *turn, Record *record, const SliceInput *input,
                           const SliceResult *result)
{
    Instance *instance = record->instance;

    slice_propose(turn, record, input, result);
    const char *fault = proposal_fault(turn->runtime, &record->proposal, turn->arena);
    if (fault == NULL)
        fault = stop_fault(instance, &record->proposal, turn->arena);
    if (fault != NULL) {
        record_fault(turn, record, fault);
        return;
    }
    if (check_room(turn, instance, record) < 0)
        return;
    if (effects_count(result) == 0 && instance->active->pending == NULL &&
        record->cause.kind != CAUSE_REVISE)
        commit_plain(turn, instance, record);
    else
        prepare(turn, record, result);
}

static void repair_begin(Turn *turn, Instance *instance)
{
    Runtime *runtime = turn->runtime;
    Object *object = object_to_repair(instance);

    assert(object != NULL);
    Intent *intent = intent_repair(object, runtime->next_intent, 0);
    Record record = {.type = RECORD_PREPARE,
                     .instance = instance,
                     .slice = runtime->logical_time + 1,
                     .cause = instance->active->next,
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
    Object **objects = arena_array(arena, Object *, instance->has->object_count);
    size_t count = 0;

    for (Object *object = instance->has->first_object; object != NULL; object = object->owner_next)
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
                     .cause = instance->active->next,
                     .intents = arena_array(turn->arena, Intent *, instance->has->object_count),
                     .intent_count = instance->has->object_count};

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

/* That a slice began with, or that it read when it was computed first. */
static const SeenFacts *facts_kept(const Instance *instance, const Cause *cause)
{
    if (instance->active->pending != NULL)
        return &instance->active->pending->facts;
    return cause->kind == CAUSE_REVISE ? &revised_origin(instance, cause)->facts : NULL;
}

/* What the slice was computed for is gone: it comes to nothing. */
static bool is_void(const Instance *instance, const Cause *cause)
{
    return cause->kind == CAUSE_REVISE && revised_origin(instance, cause)->unsaid;
}

/* Run the code; the record gets the facts that it has read. */
static void slice_read_and_run(Turn *turn, Record *record, SliceInput *input, SliceResult *ret)
{
    Instance *instance = record->instance;
    Reading reading;

    slice_input_make(instance, &record->cause, turn->options->planning, turn->arena, input);
    if (is_void(instance, &record->cause)) {
        ret->fields = (Value *)input->fields;
        return;
    }
    if (instance->runtime->program->fact_count == 0) {
        slice_run(input, turn->arena, ret);
        return;
    }
    reading_begin(&reading, instance, input->code, facts_kept(instance, &record->cause),
                  turn->arena);
    SliceInput reader = *input;
    reader.facts = &reading.reader;
    slice_run(&reader, turn->arena, ret);
    reading_end(&reading);
    if (record->cause.kind != CAUSE_REVISE)
        reading_add_goals(&reading, record->cause.transition);
    ret->status = reading_status(&reading, ret);
    record->facts = reading.seen;
}

/* The message is for the record of a slice that handled the former one; or it takes back what
 * nobody has a record of. */
static bool slice_is_heard(Turn *turn, Instance *instance, const Cause *cause)
{
    const Message *message = instance->active->pending == NULL
                                 ? mailbox_find(&instance->active->mailbox, cause->message)
                                 : NULL;

    if (message == NULL || (!message->travels && !message->unsaid))
        return false;
    if (!message->unsaid && origin_that_handled(instance, cause_where(instance, cause),
                                                message->former, message->former_count) == NULL)
        return false;
    Record record = {.type = RECORD_HEARD, .instance = instance, .cause = *cause};
    turn_record(turn, &record);
    room_came(instance, MAILBOX_CEILING);
    return true;
}

static void slice_compute(Turn *turn, Instance *instance, const Cause *cause, uint64_t slice)
{
    Record record = {.instance = instance, .slice = slice, .cause = *cause};
    SliceResult result = {0};
    SliceInput input;

    if (slice_is_heard(turn, instance, cause))
        return;
    slice_read_and_run(turn, &record, &input, &result);
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
            slice_proposed(turn, &record, &input, &result);
        break;
    }
}

static void condemn_begin(Turn *turn, Instance *instance)
{
    Object *object = object_to_destroy(instance);

    assert(object != NULL);
    Intent *intent = intent_destroy(object, turn->runtime->next_intent, 0);
    Record record = {.type = RECORD_PREPARE,
                     .instance = instance,
                     .slice = turn->runtime->logical_time + 1,
                     .cause = instance->active->next,
                     .intents = &intent,
                     .intent_count = 1};
    turn_record(turn, &record);
    pending_advance(turn, instance);
}

void slice_step(Turn *turn, Instance *instance)
{
    Cause cause = instance->active->pending != NULL ? instance->active->pending->cause
                                                    : instance->active->next;
    SliceNote *running = turn->runtime->running;

    running->message = cause.message;
    running->run = cause.kind == CAUSE_RUN ? cause.run + 1 : 0;
    running->instance = instance->identity;

    if (cause.kind == CAUSE_REVISE && instance->active->pending == NULL)
        revision_pick(instance, turn->arena, &cause);

    instance_touch(instance);
    if (cause.kind == CAUSE_REPAIR)
        repair_begin(turn, instance);
    else if (cause.kind == CAUSE_CONDEMN && instance->active->pending == NULL)
        condemn_begin(turn, instance);
    else if (cause.kind == CAUSE_STOP && instance->has->object_count > 0)
        release_begin(turn, instance);
    else if (cause.kind == CAUSE_STOP)
        instance_end(turn, instance);
    else
        slice_compute(turn, instance, &cause,
                      instance->active->pending != NULL ? instance->active->pending->slice
                                                        : turn->runtime->logical_time + 1);
    running->instance = 0;
}
