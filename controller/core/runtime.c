#include "controller/core/runtime.h"

#include <assert.h>
#include <string.h>

#include "controller/core/intent.h"
#include "controller/core/scheduler.h"
#include "controller/core/turn.h"
#include "lang/base/memory.h"

void effects_init(Effects *effects)
{
    *effects = (Effects){0};
}

void effects_deinit(Effects *effects)
{
    arena_deinit(&effects->arena);
    buffer_deinit(&effects->records);
    free(effects->record_ends);
    free(effects->calls);
    free(effects->notices);
    effects_init(effects);
}

static void effects_reset(Effects *effects)
{
    arena_reset(&effects->arena);
    buffer_reset(&effects->records);
    effects->record_count = 0;
    effects->call_count = 0;
    effects->notice_count = 0;
}

void turn_record(Turn *turn, Record *record)
{
    Effects *effects = turn->effects;
    Error err;

    record->time_ms = turn->now_ms;
    int code = record_apply(turn->runtime, record, &err);
    assert(code == 0);
    (void)code;
    if (turn->options->planning)
        return;
    record_encode(turn->runtime, record, &effects->records);
    memory_reserve_one(effects->record_ends, effects->record_count, effects->record_capacity);
    effects->record_ends[effects->record_count++] = effects->records.size;
}

Notice *turn_notice(Turn *turn, NoticeKind kind, const Instance *instance)
{
    Effects *effects = turn->effects;

    memory_reserve_one(effects->notices, effects->notice_count, effects->notice_capacity);
    Notice *notice = &effects->notices[effects->notice_count++];
    *notice = (Notice){.kind = kind};
    if (instance != NULL)
        notice->domain = instance->domain->name;
    return notice;
}

Notice *turn_notice_intent(Turn *turn, NoticeKind kind, const Instance *instance,
                           const Intent *intent)
{
    Notice *notice = turn_notice(turn, kind, instance);

    notice->address = arena_copy_string(turn->arena, intent->address);
    notice->op = arena_copy_string(turn->arena, intent->op);
    notice->verb = intent->verb;
    return notice;
}

void turn_call(Turn *turn, Intent *intent)
{
    Effects *effects = turn->effects;

    intent->was_asked = true;
    memory_reserve_one(effects->calls, effects->call_count, effects->call_capacity);
    effects->calls[effects->call_count++] = intent;
}

/* ---- turns ---- */

static void domains_start(Turn *turn)
{
    const Program *program = turn->runtime->program;

    for (uint32_t i = 0; i < program->domain_count; i++) {
        const ProgramDomain *domain = &program->domains[i];
        if (!domain->started || runtime_find(turn->runtime, domain->name) != NULL)
            continue;
        Record record = {.type = RECORD_START, .domain = i};
        record.changes = arena_array(turn->arena, FieldChange, domain->field_count);
        record.change_count = domain->field_count;
        for (uint32_t f = 0; f < domain->field_count; f++)
            record.changes[f] = (FieldChange){f, turn->runtime->first_values != NULL
                                                     ? turn->runtime->first_values[i][f]
                                                     : domain->fields[f].initial};
        turn_record(turn, &record);
        turn_notice(turn, NOTICE_STARTED, record.instance);
    }
}

static void goals_update(Turn *turn)
{
    Runtime *runtime = turn->runtime;

    runtime->goals_due = false;
    for (size_t i = 0; i < runtime->instance_count; i++) {
        Instance *instance = runtime->instances[i];
        for (uint32_t g = 0; g < instance->domain->goal_count; g++) {
            const GoalMark *mark = &instance->goals[g];
            bool expired = goal_has_expired(instance, g, turn->now_ms);
            if (!goal_has_news(instance, g, turn->now_ms))
                continue;
            Record record = {
                .type = RECORD_GOAL, .instance = instance, .goal = g, .failed = expired};
            if (mark->truth != TRUTH_TRUE)
                record.unmet_since_ms = expired ? mark->unmet_since_ms : turn->now_ms;
            turn_record(turn, &record);
            if (expired)
                turn_notice(turn, NOTICE_GOAL_FAILED, instance)->text =
                    instance->domain->goals[g].name;
            instance_touch(instance);
        }
    }
}

static void queue_refresh(Turn *turn)
{
    scheduler_update(turn->runtime, turn->options, turn->now_ms, turn->arena);
    if (turn->runtime->goals_due) {
        goals_update(turn);
        scheduler_update(turn->runtime, turn->options, turn->now_ms, turn->arena);
    }
}

/* A half-performed slice that waited for a resource or for room is computed further. */
static void waiting_resume(Turn *turn)
{
    Runtime *runtime = turn->runtime;

    runtime->resources_came = false;
    for (size_t i = 0; i < runtime->instance_count; i++) {
        Instance *instance = runtime->instances[i];
        if (instance->pending != NULL && instance->waits_for == NULL &&
            instance->puts_off_for == NULL && !turn->options->settling)
            pending_advance(turn, instance);
    }
}

static void run_slices(Turn *turn)
{
    if (turn->runtime->destroying && !turn->options->settling) {
        destroy_step(turn); /* once begun it is finished before anything starts over */
        return;
    }
    if (!turn->options->settling)
        domains_start(turn);
    scheduler_wake(turn->runtime, turn->now_ms);
    if (turn->runtime->resources_came)
        waiting_resume(turn);
    for (int i = 0; i < RUNTIME_SLICES_A_STEP; i++) {
        queue_refresh(turn);
        Instance *instance = scheduler_take(turn->runtime);
        if (instance == NULL)
            return;
        slice_step(turn, instance);
    }
    queue_refresh(turn);
}

static void observe_step(Turn *turn, const Event *event)
{
    Object *object = object_find(turn->runtime, event->uid);
    Record record = {.type = RECORD_OBSERVE,
                     .uid = event->uid,
                     .object = event->lost ? OBJECT_LOST : OBJECT_READY,
                     .text = event->detail};

    if (object == NULL || object->state == OBJECT_WANTED || object->state == OBJECT_LEAVING)
        return;
    if (object->state == record.object || (object->state == OBJECT_LEFT && !event->lost))
        return;
    Instance *owner = object->owner;
    char *address = object_address(object);
    turn_record(turn, &record);
    if (event->lost) {
        Notice *notice = turn_notice(turn, NOTICE_LOST, owner);
        notice->address = arena_copy_string(turn->arena, address);
        notice->text = event->detail != NULL ? arena_copy_string(turn->arena, event->detail) : NULL;
    }
    free(address);
    convergence_outside(owner);
    instance_touch(owner);
    objects_changed(turn->runtime);
}

/* ---- destroying ---- */

/* Last committed first; what an aborted attempt left was never built upon. */
static Object *destroy_candidate(const Runtime *runtime)
{
    Object *last = NULL;

    for (size_t i = 0; i < runtime->object_count; i++) {
        Object *object = runtime->objects[i];
        if (object->given_up)
            return NULL; /* its destruction failed: what it stands on stays */
        if (object->rank == 0)
            return object;
        if (last == NULL || object->rank > last->rank)
            last = object;
    }
    return last;
}

void destroy_step(Turn *turn)
{
    Runtime *runtime = turn->runtime;
    Object *object;

    if (!runtime->destroying) {
        Record record = {.type = RECORD_DESTROY};
        turn_record(turn, &record);
    }
    for (size_t i = 0; i < runtime->instance_count; i++)
        if (runtime->instances[i]->pending != NULL)
            return;
    if (runtime->object_count == 0) {
        Record record = {.type = RECORD_RESET};
        turn_record(turn, &record);
        return;
    }
    for (size_t i = 0; i < runtime->object_count; i++)
        if (runtime->objects[i]->leaving != NULL && runtime->objects[i]->leaving->was_asked)
            return;
    object = destroy_candidate(runtime);
    if (object == NULL)
        return;
    if (object->leaving == NULL) {
        Intent *intent = intent_destroy(object, runtime->next_intent, 0);
        Record record = {.type = RECORD_DESTROY, .intents = &intent, .intent_count = 1};
        turn_record(turn, &record);
    }
    turn_call(turn, object->leaving);
}

static void begin_step(Turn *turn, const Event *event)
{
    Record record = {.type = RECORD_BEGIN, .text = event->detail, .digest = event->digest};

    turn_record(turn, &record);
    for (size_t i = 0; i < turn->runtime->instance_count; i++)
        instance_touch(turn->runtime->instances[i]);
}

void runtime_step(Runtime *runtime, const RuntimeOptions *options, const Event *event,
                  Effects *effects)
{
    Turn turn = {runtime, options, event->now_ms, effects, &effects->arena};

    effects_reset(effects);
    switch (event->type) {
    case EVENT_BEGIN:
        begin_step(&turn, event);
        break;
    case EVENT_TURN:
        run_slices(&turn);
        break;
    case EVENT_ANSWER:
        answer_step(&turn, event);
        break;
    case EVENT_OBSERVED:
        observe_step(&turn, event);
        break;
    case EVENT_DESTROY:
        destroy_step(&turn);
        break;
    }
    queue_refresh(&turn);
}

/* ---- questions ---- */

bool runtime_is_runnable(Runtime *runtime)
{
    for (size_t i = 0; i < ARRAY_SIZE(runtime->queues_used); i++)
        if (runtime->queues_used[i] != 0)
            return true;
    return runtime->touched != NULL;
}

uint64_t runtime_next_wake(const Runtime *runtime)
{
    uint64_t next = 0;

    for (size_t i = 0; i < runtime->instance_count; i++) {
        uint64_t wake = runtime->instances[i]->wake_ms;
        if (wake != 0 && (next == 0 || wake < next))
            next = wake;
    }
    return next;
}

size_t runtime_open_intents(const Runtime *runtime)
{
    size_t count = 0;

    for (size_t i = 0; i < runtime->instance_count; i++)
        for (size_t k = 0; runtime->instances[i]->pending != NULL &&
                           k < runtime->instances[i]->pending->intent_count;
             k++)
            count += runtime->instances[i]->pending->intents[k]->was_asked &&
                     runtime->instances[i]->pending->intents[k]->state == INTENT_OPEN;
    for (size_t i = 0; i < runtime->object_count; i++)
        count += runtime->objects[i]->leaving != NULL && runtime->objects[i]->leaving->was_asked;
    return count;
}

void runtime_resume_calls(Runtime *runtime, const RuntimeOptions *options, Effects *effects)
{
    Turn turn = {runtime, options, runtime->time_ms, effects, &effects->arena};

    effects_reset(effects);
    for (size_t i = 0; i < runtime->instance_count; i++) {
        Instance *instance = runtime->instances[i];
        Pending *pending = instance->pending;
        for (size_t k = 0; pending != NULL && k < pending->intent_count; k++)
            if (pending->intents[k]->state == INTENT_OPEN) {
                pending->intents[k]->recovered = true; /* later ones were never sent: order */
                break;
            }
        if (pending != NULL)
            pending_advance(&turn, instance);
    }
    for (size_t i = 0; i < runtime->object_count; i++)
        if (runtime->objects[i]->leaving != NULL) {
            runtime->objects[i]->leaving->recovered = true;
            turn_call(&turn, runtime->objects[i]->leaving);
        }
}
