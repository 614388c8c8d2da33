#include "tests/lib/core/world_private.h"

#include <criterion/criterion.h>
#include <string.h>

#include "controller/core/snapshot.h"
#include "lang/base/memory.h"

#define STEPS_MAX 100000 /* no story is longer: one that is does not end */

/* ---- the second runtime ---- */

void world_replay(Runtime *runtime, const char *text)
{
    cleanup(json_free) Json *json = NULL;
    Arena arena = {0};
    Record record;
    Error err = {0};

    cr_assert_eq(json_parse_own(text, strlen(text), &json, &err), 0, "%s", err.message);
    cr_assert_eq(record_decode(runtime, json, &arena, &record, &err), 0, "%s: %s", text,
                 err.message);
    cr_assert_eq(record_apply(runtime, &record, &err), 0, "%s: %s", text, err.message);
    arena_deinit(&arena);
}

Runtime *world_load_snapshot(const World *world, const char *text)
{
    Runtime *runtime = runtime_new(world->program, &world->bindings, WORLD_LINEAGE);
    cleanup(json_free) Json *json = NULL;
    Error err = {0};

    cr_assert_eq(json_parse_own(text, strlen(text), &json, &err), 0, "%s", err.message);
    cr_assert_eq(snapshot_read(runtime, json, false, &err), 0, "%s", err.message);
    return runtime;
}

static void expect_same_text(const Buffer *expected, const Buffer *found, const char *what)
{
    const char *a = buffer_text(expected), *b = buffer_text(found);
    size_t same = 0;

    while (same < expected->size && a[same] == b[same])
        same++;
    size_t from = same > 100 ? same - 100 : 0;
    cr_assert(same == expected->size && same == found->size,
              "%s: expected\n...%.200s\nfound\n...%.200s", what, a + from, b + from);
}

static void expect_same(const Runtime *expected, const Runtime *found, const char *what)
{
    cleanup(buffer_deinit) Buffer a = {0};
    cleanup(buffer_deinit) Buffer b = {0};

    snapshot_write(expected, &a);
    snapshot_write(found, &b);
    expect_same_text(&a, &b, what);
}

static void kept_load_check(const World *world)
{
    cleanup(runtime_free) Runtime *restored =
        runtime_new(world->program, &world->bindings, WORLD_LINEAGE);
    Error err = {0};

    cr_assert_eq(kept_load(&world->kept, restored, &err), 0, "%s", err.message);
    expect_same(world->runtime, restored, "what was kept reads back differently");
}

/* What has changed since it was last kept makes of that what is now, but for the order in which
 * domains stand. */
static void kept_check(World *world)
{
    cleanup(buffer_deinit) Buffer text = {0}, live = {0}, merged = {0};

    kept_take(&world->kept, world->runtime);
    kept_merge(&world->kept, &text);
    kept_sort(&text, &merged);
    buffer_reset(&text);
    snapshot_write(world->runtime, &text);
    kept_sort(&text, &live);
    expect_same_text(&live, &merged, "what was kept comes to another state");
    if (world->kept.count % 4 == 3)
        kept_load_check(world);
}

static void shadow_check(World *world)
{
    cleanup(buffer_deinit) Buffer text = {0};

    expect_same(world->runtime, world->shadow, "records and live state differ");
    snapshot_write(world->runtime, &text);
    cleanup(runtime_free) Runtime *restored = world_load_snapshot(world, buffer_text(&text));
    expect_same(world->runtime, restored, "a snapshot reads back differently");
    if (world->turns++ % 4 == 0)
        kept_check(world);
}

/* ---- the trace ---- */

static void trace_line(World *world, const char *domain)
{
    buffer_add_format(&world->trace, "[%5llu] ", (unsigned long long)world->now_ms);
    if (domain != NULL)
        buffer_add_format(&world->trace, "%s: ", domain);
}

/* " -> retry in N" of the abort record of this step and domain. */
static void trace_retry(World *world, size_t first_record, uint64_t slice)
{
    int64_t last_at = 0;

    for (size_t i = first_record; i < world->record_count; i++) {
        cleanup(json_free) Json *json = NULL;
        json_parse_own(world->records[i], strlen(world->records[i]), &json, NULL);
        record_unabridge(json, &last_at);
        if (strcmp(json_get_string(json, "type", ""), "abort") != 0 ||
            (uint64_t)json_get_int(json, "slice", 0) != slice)
            continue;
        if (json_get_bool(json, "retry", false))
            buffer_add_format(
                &world->trace, " -> retry in %lld",
                (long long)(json_get_int(json, "due", 0) - json_get_int(json, "at", 0)));
        else
            buffer_add_string(&world->trace, " -> given up");
    }
}

static void trace_notice(World *world, const Notice *notice, size_t first_record)
{
    static const char *const words[] = {
        [NOTICE_COMMITTED] = "",
        [NOTICE_EFFECT_REMOVED] = "removed ",
        [NOTICE_EVENT_SENT] = "event ",
        [NOTICE_LOGGED] = "log ",
        [NOTICE_ABORTED] = "aborted ",
        [NOTICE_FAULTED] = "faulted ",
        [NOTICE_LOST] = "lost ",
        [NOTICE_CHANGED] = "changed ",
        [NOTICE_ELEVATED] = "elevated ",
        [NOTICE_STOPPED] = "stopped",
        [NOTICE_LOOPED] = "loops, ",
        [NOTICE_GOAL_FAILED] = "failed goal ",
        [NOTICE_DEAD_LETTER] = "dead letter",
        [NOTICE_CRASHED] = "crashed ",
        [NOTICE_DOWN] = "down ",
        [NOTICE_UNDECIDED] = "undecided ",
        [NOTICE_FACT] = "fact ",
    };
    bool has_text = notice->kind != NOTICE_DEAD_LETTER;
    const char *text = notice->text;

    if (notice->kind == NOTICE_STARTED || notice->kind == NOTICE_EFFECT_DONE ||
        notice->kind == NOTICE_EFFECT_BEGAN || notice->kind == NOTICE_EFFECT_FAILED)
        return;
    if (notice->kind == NOTICE_LOST || notice->kind == NOTICE_CHANGED ||
        notice->kind == NOTICE_EFFECT_REMOVED)
        text = notice->address;
    trace_line(world, notice->who);
    buffer_add_format(&world->trace, "%s%s", words[notice->kind],
                      has_text && text != NULL ? text : "");
    if (notice->kind == NOTICE_ABORTED)
        trace_retry(world, first_record, notice->slice);
    buffer_add_char(&world->trace, '\n');
}

/* ---- the provider ---- */

static const char *verb_name(IntentVerb verb)
{
    switch (verb) {
    case INTENT_PUT:
        return "put";
    case INTENT_ACTION:
        return "run";
    case INTENT_DELETE:
        return "delete";
    }
    return "";
}

size_t world_operations(const World *world, const char *effect)
{
    size_t count = 0;

    for (size_t i = 0; i < world->operation_count; i++)
        count += effect == NULL || strcmp(world->operations[i].effect, effect) == 0;
    return count;
}

const char *world_operation(const World *world, size_t index)
{
    cr_assert_lt(index, world->operation_count);
    return world->operations[index].op;
}

static size_t operation_find(const World *world, const char *op)
{
    size_t i = 0;

    while (i < world->operation_count && strcmp(world->operations[i].op, op) != 0)
        i++;
    return i;
}

static void operation_add(World *world, const Intent *intent)
{
    const Script *script = world_script_find(world, intent->place.effect);
    size_t before = world_operations(world, intent->place.effect);

    memory_reserve_one(world->operations, world->operation_count, world->operation_capacity);
    Operation *operation = &world->operations[world->operation_count++];
    *operation =
        (Operation){.effect = memory_copy_string(intent->place.effect),
                    .line = memory_format("%s %s %s", verb_name(intent->verb), intent->address,
                                          intent->arguments != NULL ? intent->arguments : "{}"),
                    .uid = memory_copy_string(intent->uid),
                    .due_ms = world->now_ms + (script != NULL ? script->delay_ms : WORLD_DELAY_MS),
                    .records = world->record_count};
    memcpy(operation->op, intent->op, sizeof operation->op);
    operation->fails =
        script != NULL && before >= script->pass && before - script->pass < script->fail;
    operation->result = script != NULL && script->result != NULL
                            ? memory_copy_string(script->result)
                            : memory_format("{\"address\":\"%s\"}", intent->place.effect);
}

static void call_take(World *world, const Intent *intent)
{
    size_t index = operation_find(world, intent->op);
    bool known = index < world->operation_count;

    cr_assert_not_null(intent->address);
    trace_line(world, NULL);
    buffer_add_format(&world->trace, "%s %s%s\n", verb_name(intent->verb), intent->address,
                      known ? " (same key)" : "");
    if (!known)
        operation_add(world, intent);
    const Operation *operation = &world->operations[index];
    memory_reserve_one(world->flights, world->flight_count, world->flight_capacity);
    world->flights[world->flight_count++] =
        (Flight){intent->number, index,
                 operation->due_ms > world->now_ms ? operation->due_ms : world->now_ms};
}

/* ---- steps ---- */

static void records_take(World *world)
{
    const Effects *effects = &world->effects;
    size_t start = 0;

    for (size_t i = 0; i < effects->record_count; i++) {
        memory_reserve_one(world->records, world->record_count, world->record_capacity);
        char *text =
            memory_copy_bytes(effects->records.bytes + start, effects->record_ends[i] - start);
        world->records[world->record_count++] = text;
        start = effects->record_ends[i];
        if (world->shadow != NULL)
            world_replay(world->shadow, text);
    }
}

void world_effects_take(World *world)
{
    size_t first_record = world->record_count;

    records_take(world);
    for (size_t i = 0; i < world->effects.notice_count; i++)
        trace_notice(world, &world->effects.notices[i], first_record);
    for (size_t i = 0; i < world->effects.call_count; i++)
        call_take(world, world->effects.calls[i]);
    world_questions_take(world);
    if (world->shadow != NULL)
        shadow_check(world);
}

static void step(World *world, Event event)
{
    event.now_ms = world->now_ms;
    runtime_step(world->runtime, &world->options, &event, &world->effects);
    world_effects_take(world);
}

void world_turn(World *world)
{
    world->turned = true;
    step(world, (Event){.type = EVENT_TURN});
}

void world_begin(World *world)
{
    step(world, (Event){.type = EVENT_BEGIN, .detail = "boot", .digest = "digest"});
    runtime_resume_calls(world->runtime, &world->options, &world->effects);
    world_effects_take(world);
    world->turned = false;
}

void world_died(World *world, const char *domain, uint64_t message, bool by_itself)
{
    world_recover(world);
    step(world, (Event){.type = EVENT_BEGIN, .detail = "boot", .digest = "digest"});
    step(world,
         (Event){.type = EVENT_CRASHED,
                 .instance = instance_identity(
                     world->runtime, (uint32_t)program_find_domain(world->program, domain), NULL),
                 .message = message,
                 .by_itself = by_itself,
                 .detail = by_itself ? "signal 11" : "it was killed"});
    world->turned = false;
}

static void answer(World *world, size_t index)
{
    Flight flight = world->flights[index];
    const Operation *operation = &world->operations[flight.operation];
    Event event = {.type = EVENT_ANSWER, .intent = flight.intent, .applied = !operation->fails};

    memmove(&world->flights[index], &world->flights[index + 1],
            (world->flight_count - index - 1) * sizeof(Flight));
    world->flight_count--;
    if (operation->fails) {
        const Script *script = world_script_find(world, operation->effect);
        event.code = script != NULL && script->code != NULL ? script->code : "INJECTED";
        event.detail = "it was told to fail";
    } else {
        event.result = operation->result;
        event.external_id = operation->uid[0] != '\0' ? operation->uid : NULL;
    }
    step(world, event);
    world->turned = false;
}

Object *world_object(World *world, const char *address)
{
    for (size_t i = 0; i < world->runtime->object_count; i++) {
        cleanup(free) char *found = object_address(world->runtime->objects[i]);
        if (strcmp(found, address) == 0)
            return world->runtime->objects[i];
    }
    return NULL;
}

static void question_answer(World *world)
{
    char *fact;

    do {
        step(world, world_question_answer(world, &fact));
        free(fact);
    } while (world_question_next(world) <= world->now_ms);
    world->turned = false;
}

void world_facts_due(World *world)
{
    step(world, (Event){.type = EVENT_FACTS_DUE});
    world->turned = false;
}

static void sight_tell(World *world, Sight *sight)
{
    const Object *object = world_object(world, sight->address);

    cr_assert_not_null(object, "no object '%s'", sight->address);
    step(world, (Event){.type = EVENT_OBSERVED,
                        .uid = object->uid,
                        .lost = sight->lost,
                        .detail = "it was told to be lost"});
    sight->records = world->record_count;
    world->turned = false;
}

void world_change_now(World *world, const char *address, const char *result)
{
    const Object *object = world_object(world, address);

    cr_assert_not_null(object, "no object '%s'", address);
    step(world,
         (Event){.type = EVENT_OBSERVED, .uid = object->uid, .changed = true, .result = result});
    world->turned = false;
}

static Sight *sight_next(World *world)
{
    Sight *next = NULL;

    for (size_t i = 0; i < world->sight_count; i++)
        if (world->sights[i].records == SIZE_MAX &&
            (next == NULL || world->sights[i].at_ms < next->at_ms))
            next = &world->sights[i];
    return next;
}

static size_t flight_next(const World *world)
{
    size_t next = world->flight_count;

    for (size_t i = 0; i < world->flight_count; i++)
        if (next == world->flight_count || world->flights[i].due_ms < world->flights[next].due_ms)
            next = i;
    return next;
}

void world_move(World *world, uint64_t at_ms)
{
    if (at_ms > world->now_ms)
        world->now_ms = at_ms;
}

/* The next thing that happens by itself: an answer, something seen, the end of a backoff. False:
 * there is none before the limit. */
static bool happen(World *world, uint64_t limit_ms)
{
    size_t flight = flight_next(world);
    uint64_t answer_ms = flight < world->flight_count ? world->flights[flight].due_ms : UINT64_MAX;
    Sight *sight = sight_next(world);
    uint64_t sight_ms = sight != NULL ? sight->at_ms : UINT64_MAX;
    uint64_t wake_ms = runtime_next_wake(world->runtime);

    if (wake_ms == 0)
        wake_ms = UINT64_MAX;
    uint64_t next_ms = answer_ms < sight_ms ? answer_ms : sight_ms;
    if (wake_ms < next_ms)
        next_ms = wake_ms;
    if (world_question_next(world) < next_ms)
        next_ms = world_question_next(world);
    if (next_ms == UINT64_MAX || next_ms > limit_ms)
        return false;
    world_move(world, next_ms);
    if (answer_ms == next_ms)
        answer(world, flight);
    else if (world_question_next(world) <= next_ms)
        question_answer(world);
    else if (sight_ms == next_ms)
        sight_tell(world, sight);
    else
        world_turn(world);
    return true;
}

static void run(World *world, uint64_t limit_ms, bool turns)
{
    for (int i = 0; i < STEPS_MAX; i++) {
        if (turns && (!world->turned || runtime_is_runnable(world->runtime)))
            world_turn(world);
        else if (!happen(world, limit_ms))
            return;
    }
    cr_assert(false, "it does not end:\n%s", buffer_text(&world->trace));
}

void world_run(World *world)
{
    run(world, UINT64_MAX - 1, !world->options.settling);
}

void world_run_until(World *world, uint64_t now_ms)
{
    run(world, now_ms, !world->options.settling);
    world_move(world, now_ms);
}

void world_destroy(World *world)
{
    step(world, (Event){.type = EVENT_DESTROY});
    run(world, UINT64_MAX - 1, false);
    world->turned = false;
}
