#include "controller/core/runtime.h"

#include <assert.h>
#include <string.h>

#include "controller/core/apply.h"
#include "controller/core/intent.h"
#include "controller/core/proposal.h"
#include "controller/core/scheduler.h"
#include "controller/core/timer.h"
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
    free(effects->queries);
    free(effects->notices);
    effects_init(effects);
}

void effects_reset(Effects *effects)
{
    arena_reset(&effects->arena);
    buffer_reset(&effects->records);
    if (effects->records.capacity > 2 * RUNTIME_STEP_SIZE) /* of one that was unusually large */
        buffer_deinit(&effects->records);
    effects->record_count = 0;
    effects->call_count = 0;
    effects->query_count = 0;
    effects->notice_count = 0;
    effects->slice_count = 0;
    effects->leaves = false;
}

void turn_record(Turn *turn, Record *record)
{
    Effects *effects = turn->effects;
    Error err;

    record->time_ms = turn->now_ms;
    record_abridge(record, effects->record_count > 0);
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
    effects->leaves |= kind == NOTICE_LOGGED;
    if (instance == NULL)
        return notice;
    notice->domain = notice->who = instance->domain->name;
    if (instance->key != NULL) {
        cleanup(free) char *label = instance_label(instance);
        notice->key = arena_copy_string(turn->arena, instance->key);
        notice->who = arena_copy_string(turn->arena, label);
    }
    return notice;
}

void turn_committed(Turn *turn, const Instance *instance, uint64_t slice, const Cause *cause)
{
    turn->effects->slice_count++;
    if (!turn->options->tells_slices)
        return;
    Notice *notice = turn_notice(turn, NOTICE_COMMITTED, instance);
    notice->slice = slice;
    notice->text = cause_describe(instance, cause, turn->arena);
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
    effects->leaves = true;
}

/* ---- turns ---- */

static Instance *instance_start(Turn *turn, InstanceStart *start, bool by_system)
{
    Record record = {
        .type = RECORD_START, .starts = start, .start_count = 1, .by_system = by_system};

    turn_record(turn, &record);
    turn_notice(turn, NOTICE_STARTED, record.instance);
    return record.instance;
}

/* What the command line gives a field comes before what `system` gives it. */
static void system_values(const Turn *turn, const ProgramStart *system, InstanceStart *start)
{
    const ProgramDomain *domain = &turn->runtime->program->domains[system->domain];

    for (size_t i = 0; i < domain->field_count; i++)
        if (value_equal(start->fields[i], domain->fields[i].initial))
            start->fields[i] = system->fields[i];
}

static bool system_start_is_done(Turn *turn, const ProgramStart *system)
{
    const Runtime *runtime = turn->runtime;
    const char *key = system->key->bytes;

    if (instance_find(runtime, system->domain, key) != NULL)
        return true;
    cleanup(free) char *label = instance_label_of(&runtime->program->domains[system->domain], key);
    return map_get(&runtime->system_starts, label) != NULL;
}

static Instance *domain_start(Turn *turn, uint32_t domain)
{
    InstanceStart start;

    start_make(turn, domain, NULL, NULL, 0, &start);
    return instance_start(turn, &start, false);
}

static Instance *system_start(Turn *turn, const ProgramStart *system)
{
    InstanceStart start;

    start_make(turn, system->domain, system->key->bytes, NULL, 0, &start);
    system_values(turn, system, &start);
    return instance_start(turn, &start, true);
}

Instance *instance_start_declared(Turn *turn, uint32_t domain, const char *key)
{
    const Program *program = turn->runtime->program;

    if (key == NULL && program->domains[domain].started)
        return domain_start(turn, domain);
    for (size_t i = 0; key != NULL && i < program->start_count; i++)
        if (program->starts[i].domain == domain &&
            strcmp(program->starts[i].key->bytes, key) == 0 &&
            !system_start_is_done(turn, &program->starts[i]))
            return system_start(turn, &program->starts[i]);
    return NULL;
}

void domains_start(Turn *turn)
{
    Runtime *runtime = turn->runtime;
    const Program *program = runtime->program;

    for (uint32_t i = 0; i < program->domain_count; i++)
        if (program->domains[i].started && instance_find(runtime, i, NULL) == NULL)
            domain_start(turn, i);
    if (runtime->system_starts.count == program->start_count)
        return;
    for (size_t i = 0; i < program->start_count; i++)
        if (!system_start_is_done(turn, &program->starts[i]))
            system_start(turn, &program->starts[i]);
}

static void goals_record(Turn *turn, Instance *instance)
{
    for (uint32_t g = 0; g < instance->domain->goal_count; g++) {
        const GoalMark *mark = &instance->goals[g];
        bool expired = goal_has_expired(instance, g, turn->now_ms);
        if (!goal_has_news(instance, g, turn->now_ms))
            continue;
        Record record = {.type = RECORD_GOAL, .instance = instance, .goal = g, .failed = expired};
        if (mark->truth != TRUTH_TRUE)
            record.unmet_since_ms = expired ? mark->unmet_since_ms : turn->now_ms;
        turn_record(turn, &record);
        if (expired)
            turn_notice(turn, NOTICE_GOAL_FAILED, instance)->text = instance->domain->goals[g].name;
    }
}

static void timers_record(Turn *turn, Instance *instance)
{
    Record record = {.type = RECORD_TIMER, .instance = instance};

    record.timer_count =
        timers_update(instance, turn->options, turn->now_ms, turn->arena, &record.timers);
    if (record.timer_count > 0)
        turn_record(turn, &record);
}

/* What goals and timers have to say is recorded. */
static void news_record(Turn *turn)
{
    Instance *instance;

    while ((instance = turn->runtime->lists[LIST_NEWS].first) != NULL) {
        link_remove(instance, LIST_NEWS);
        goals_record(turn, instance);
        timers_record(turn, instance);
        instance_touch(instance);
    }
}

static void queue_refresh(Turn *turn)
{
    scheduler_wake(turn->runtime, turn->now_ms);
    scheduler_update(turn->runtime, turn->options, turn->now_ms, turn->arena);
    if (turn->runtime->lists[LIST_NEWS].first != NULL) {
        news_record(turn);
        scheduler_update(turn->runtime, turn->options, turn->now_ms, turn->arena);
    }
}

/* A half-performed slice that waited for a resource or for room is computed further. */
static void waiting_resume(Turn *turn)
{
    Runtime *runtime = turn->runtime;
    Instance *next;

    runtime->resources_came = false;
    for (Instance *i = performing_first(runtime); i != NULL; i = next) {
        next = performing_next(i);
        if (i->active->waits_for == NULL && i->active->puts_off_for == NULL &&
            !turn->options->settling)
            pending_advance(turn, i);
    }
}

/* The slice that is run next is one of those. */
static void wary_count(Runtime *runtime, const Instance *instance)
{
    runtime->wary_slices--;
    if (instance->identity == runtime->suspect)
        runtime->wary_slices = 0;
}

static bool effects_are_full(const Effects *effects)
{
    return effects->arena.used + effects->records.size >= RUNTIME_STEP_SIZE;
}

/* How many slices a step has in all of which so many have run. */
static int slices_limit(const Effects *effects, int limit, int run)
{
    return effects->leaves && limit > run + RUNTIME_SLICES_BEHIND ? run + RUNTIME_SLICES_BEHIND
                                                                  : limit;
}

static void run_slices(Turn *turn)
{
    if (turn->runtime->destroying && !turn->options->settling) {
        destroy_step(turn); /* once begun it is finished before anything starts over */
        return;
    }
    if (!turn->runtime->facts.live)
        facts_begin(turn->runtime);
    if (!turn->options->settling && !turn->options->repair_only)
        domains_start(turn);
    if (turn->runtime->resources_came)
        waiting_resume(turn);
    int limit = runtime_is_wary(turn->runtime) ? 1 : RUNTIME_SLICES_A_STEP;
    for (int i = 0; i < limit && !effects_are_full(turn->effects);) {
        queue_refresh(turn);
        Instance *instance = scheduler_take(turn->runtime);
        if (instance == NULL)
            return;
        if (limit == 1)
            wary_count(turn->runtime, instance);
        do {
            slice_step(turn, instance);
            limit = slices_limit(turn->effects, limit, ++i);
        } while (
            i < limit && !effects_are_full(turn->effects) &&
            scheduler_goes_on(instance, turn->runtime, turn->options, turn->now_ms, turn->arena));
    }
    queue_refresh(turn);
}

static bool observation_is_new(const Object *object, const Event *event)
{
    switch (object->state) {
    case OBJECT_WANTED:
    case OBJECT_LEAVING:
        return false;
    case OBJECT_READY:
        return event->lost || event->changed;
    case OBJECT_LOST:
        return !event->lost;
    case OBJECT_LEFT:
        return event->lost;
    }
    return false;
}

static void observe_step(Turn *turn, const Event *event)
{
    Object *object = object_find(turn->runtime, event->uid);
    bool changed = event->changed && !event->lost;
    Record record = {.type = RECORD_OBSERVE,
                     .uid = event->uid,
                     .object = event->lost ? OBJECT_LOST : OBJECT_READY,
                     .changed = changed,
                     .external_id = changed ? event->external_id : NULL,
                     .result = changed ? event->result : NULL,
                     .text = event->detail};

    if (object == NULL || !observation_is_new(object, event) || !report_has_room(object))
        return;
    Instance *owner = object->owner;
    cleanup(free) char *address = object_address(object);
    turn_record(turn, &record);
    if (event->lost || changed) {
        Notice *notice = turn_notice(turn, event->lost ? NOTICE_LOST : NOTICE_CHANGED, owner);
        notice->address = arena_copy_string(turn->arena, address);
        notice->text = event->detail != NULL ? arena_copy_string(turn->arena, event->detail) : NULL;
    }
    convergence_outside(owner);
    instance_touch(owner);
    objects_changed(turn->runtime);
}

/* Nothing is known but that it must be asked for again: what it is then is recorded as always. */
static void drifted_step(const Turn *turn, const Event *event)
{
    Object *object = object_find(turn->runtime, event->uid);

    if (object == NULL || object->state != OBJECT_READY)
        return;
    object_drift(object, true);
    instance_touch(object->owner);
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
    if (performing_first(runtime) != NULL)
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
    facts_begin(turn->runtime);
    turn->runtime->all_touched = true;
}

static void turn_begin(Turn *turn)
{
    effects_reset(turn->effects);
    turn->runtime->turn = turn;
}

void runtime_step(Runtime *runtime, const RuntimeOptions *options, const Event *event,
                  Effects *effects)
{
    Turn turn = {runtime, options, event->now_ms, effects, &effects->arena};

    turn_begin(&turn);
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
    case EVENT_DRIFTED:
        drifted_step(&turn, event);
        break;
    case EVENT_FACT:
        fact_step(&turn, event);
        break;
    case EVENT_FACTS_DUE:
        facts_due_step(&turn, event);
        break;
    case EVENT_DESTROY:
        destroy_step(&turn);
        break;
    case EVENT_CRASHED:
        crashed_step(&turn, event);
        break;
    }
    if (event->type != EVENT_FACT) /* many come at once, and a turn comes after them */
        queue_refresh(&turn);
    if (event->type == EVENT_TURN && !options->repair_only)
        facts_ask(&turn);
    runtime->turn = NULL;
}

/* ---- questions ---- */

bool runtime_is_runnable(Runtime *runtime)
{
    for (size_t i = 0; i < ARRAY_SIZE(runtime->queues_used); i++)
        if (runtime->queues_used[i] != 0)
            return true;
    return runtime->all_touched || runtime->lists[LIST_TOUCHED].first != NULL ||
           (runtime->resources_came && !runtime->destroying);
}

uint64_t runtime_next_wake(const Runtime *runtime)
{
    const Instance *first = alarm_first(runtime, ALARM_WAKE);

    return first != NULL ? alarm_at(first, ALARM_WAKE) : 0;
}

bool runtime_is_wary(const Runtime *runtime)
{
    return runtime->wary_slices > 0;
}

uint64_t runtime_next_alarm(const Runtime *runtime)
{
    const Instance *expiry = alarm_first(runtime, ALARM_EXPIRY);
    uint64_t wake = runtime_next_wake(runtime);

    if (expiry == NULL || (wake != 0 && wake < alarm_at(expiry, ALARM_EXPIRY)))
        return wake;
    return alarm_at(expiry, ALARM_EXPIRY);
}

size_t runtime_open_intents(const Runtime *runtime)
{
    size_t count = 0;

    for (const Instance *i = performing_first(runtime); i != NULL; i = performing_next(i))
        for (size_t k = 0; k < i->active->pending->intent_count; k++)
            count += i->active->pending->intents[k]->was_asked &&
                     i->active->pending->intents[k]->state == INTENT_OPEN;
    for (size_t i = 0; i < runtime->object_count; i++)
        count += runtime->objects[i]->leaving != NULL && runtime->objects[i]->leaving->was_asked;
    return count;
}

/* The first open one may have been sent, with those of its group; later ones were not: order. */
static void recovered_mark(Pending *pending)
{
    const Intent *first = NULL;

    for (size_t i = 0; i < pending->intent_count; i++) {
        Intent *intent = pending->intents[i];
        if (intent->state != INTENT_OPEN)
            continue;
        if (first == NULL)
            first = intent;
        intent->recovered = intent == first || (first->group != 0 && intent->group == first->group);
    }
}

void runtime_resume_calls(Runtime *runtime, const RuntimeOptions *options, Effects *effects)
{
    Turn turn = {runtime, options, runtime->time_ms, effects, &effects->arena};

    effects_reset(effects);
    runtime->turn = &turn;
    Instance *next;

    for (Instance *i = performing_first(runtime); i != NULL; i = next) {
        next = performing_next(i);
        recovered_mark(i->active->pending);
        pending_advance(&turn, i);
    }
    for (size_t i = 0; i < runtime->object_count; i++)
        if (runtime->objects[i]->leaving != NULL) {
            runtime->objects[i]->leaving->recovered = true;
            turn_call(&turn, runtime->objects[i]->leaving);
        }
    runtime->turn = NULL;
}
