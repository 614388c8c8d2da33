#include "tests/lib/core/world.h"

#include <criterion/criterion.h>
#include <string.h>

#include "controller/core/evolution.h"
#include "controller/core/snapshot.h"
#include "lang/base/memory.h"

#define STEPS_MAX 100000 /* no story is longer: one that is does not end */

/* What the provider knows of one operation: asked again with its key, it answers the same. */
typedef struct Operation {
    char op[OP_SIZE];
    char *effect;
    char *line; /* "put ADDRESS ARGUMENTS" */
    char *uid;
    char *result;
    bool fails;
    uint64_t due_ms;
    size_t records; /* in the journal when it was first asked for */
} Operation;

typedef struct Script {
    char *effect;
    uint64_t delay_ms;
    char *result;
    size_t pass; /* the first operation that fails, counted from 0 */
    size_t fail; /* and how many do */
} Script;

/* An answer on its way. */
typedef struct Flight {
    uint64_t intent;
    size_t operation;
    uint64_t due_ms;
} Flight;

typedef struct Sight {
    uint64_t at_ms;
    char *address;
    bool lost;
    size_t records; /* in the journal when it was told; SIZE_MAX: not yet */
} Sight;

struct World {
    char *text;
    Program *program;
    Bindings bindings;
    Runtime *runtime;
    Runtime *shadow; /* what the records alone say; NULL: unchecked */
    RuntimeOptions options;
    Effects effects;
    uint64_t now_ms;
    bool turned;
    Operation *operations;
    size_t operation_count, operation_capacity;
    Script *scripts;
    size_t script_count, script_capacity;
    Flight *flights;
    size_t flight_count, flight_capacity;
    Sight *sights;
    size_t sight_count, sight_capacity;
    char **records;
    size_t record_count, record_capacity;
    Buffer trace;
    /* programs before an evolution; the runtime may no longer point into them, but records do */
    Program **old_programs;
    size_t old_program_count, old_program_capacity;
};

/* ---- making ---- */

static char *effect_name(const EffectUse *use)
{
    return memory_format("%s.%s", use->provider != NULL ? use->provider : "Infra", use->effect);
}

static void bindings_make(const Program *program, Bindings *ret)
{
    *ret = (Bindings){.effect_count = program->effect_count,
                      .effects = memory_zero(program->effect_count, sizeof(BoundEffect))};
    for (size_t i = 0; i < program->effect_count; i++) {
        const EffectUse *use = &program->effects[i];
        BoundEffect *bound = &ret->effects[i];
        bound->provider = memory_copy_string(use->provider != NULL ? use->provider : "Infra");
        bound->action = memory_copy_string(use->effect);
        bound->type = memory_copy_string("Thing");
        bound->positional = memory_zero(2, sizeof(char *));
        bound->positional[bound->positional_count++] = memory_copy_string("first");
        bound->positional[bound->positional_count++] = memory_copy_string("second");
        bound->timeout_ms = 60000;
    }
}

static Program *compile(const char *text)
{
    Program *program = program_compile("stack.ved", text, strlen(text));
    cleanup(buffer_deinit) Buffer said = {0};

    diagnostics_print(&program->diagnostics, false, &said);
    cr_assert(program->valid, "%s", buffer_text(&said));
    return program;
}

World *world_new(const char *text)
{
    World *world = memory_zero(1, sizeof *world);

    world->text = memory_copy_string(text);
    world->program = compile(text);
    bindings_make(world->program, &world->bindings);
    world->runtime = runtime_new(world->program, &world->bindings, WORLD_LINEAGE);
    world->shadow = runtime_new(world->program, &world->bindings, WORLD_LINEAGE);
    world->options = (RuntimeOptions){.retry_failed = true, .max_slices = RUNTIME_MAX_SLICES};
    effects_init(&world->effects);
    return world;
}

static void operation_deinit(Operation *operation)
{
    free(operation->effect);
    free(operation->line);
    free(operation->uid);
    free(operation->result);
}

void world_free(World *world)
{
    for (size_t i = 0; i < world->operation_count; i++)
        operation_deinit(&world->operations[i]);
    for (size_t i = 0; i < world->script_count; i++) {
        free(world->scripts[i].effect);
        free(world->scripts[i].result);
    }
    for (size_t i = 0; i < world->sight_count; i++)
        free(world->sights[i].address);
    for (size_t i = 0; i < world->record_count; i++)
        free(world->records[i]);
    effects_deinit(&world->effects);
    runtime_free(world->runtime);
    runtime_free(world->shadow);
    bindings_deinit(&world->bindings);
    program_free(world->program);
    for (size_t i = 0; i < world->old_program_count; i++)
        program_free(world->old_programs[i]);
    buffer_deinit(&world->trace);
    free(world->operations);
    free(world->scripts);
    free(world->flights);
    free(world->sights);
    free(world->records);
    free(world->old_programs);
    free(world->text);
    free(world);
}

/* ---- scripting ---- */

static Script *script_find(const World *world, const char *effect)
{
    for (size_t i = 0; i < world->script_count; i++)
        if (strcmp(world->scripts[i].effect, effect) == 0)
            return &world->scripts[i];
    return NULL;
}

static Script *script_of(World *world, const char *effect)
{
    Script *script = script_find(world, effect);

    if (script != NULL)
        return script;
    memory_reserve_one(world->scripts, world->script_count, world->script_capacity);
    script = &world->scripts[world->script_count++];
    *script = (Script){.effect = memory_copy_string(effect), .delay_ms = WORLD_DELAY_MS};
    return script;
}

static size_t bound_each(World *world, const char *effect, void (*change)(BoundEffect *, void *),
                         void *user)
{
    size_t count = 0;

    for (size_t i = 0; i < world->bindings.effect_count; i++) {
        cleanup(free) char *name = effect_name(&world->program->effects[i]);
        if (strcmp(name, effect) != 0)
            continue;
        change(&world->bindings.effects[i], user);
        count++;
    }
    cr_assert(count > 0, "the program has no effect %s", effect);
    return count;
}

static void make_action(BoundEffect *bound, void *user)
{
    (void)user;
    bound->is_action = true;
    free(bound->type);
    bound->type = NULL;
}

void world_action(World *world, const char *effect)
{
    bound_each(world, effect, make_action, NULL);
}

static void set_defaults(BoundEffect *bound, void *user)
{
    const char *text = user;
    Error err = {0};

    json_free(bound->defaults);
    cr_assert_eq(json_parse(text, strlen(text), &bound->defaults, &err), 0, "%s", err.message);
}

void world_defaults(World *world, const char *effect, const char *json)
{
    cleanup(free) char *text = memory_copy_string(json);

    bound_each(world, effect, set_defaults, text);
}

void world_delay(World *world, const char *effect, uint64_t ms)
{
    script_of(world, effect)->delay_ms = ms;
}

void world_result(World *world, const char *effect, const char *json)
{
    string_set(&script_of(world, effect)->result, json);
}

void world_let_pass(World *world, const char *effect, size_t count)
{
    script_of(world, effect)->pass = world_operations(world, effect) + count;
}

void world_fail_next(World *world, const char *effect, size_t count)
{
    Script *script = script_of(world, effect);

    if (script->pass < world_operations(world, effect))
        script->pass = world_operations(world, effect);
    script->fail = count;
}

static void sight_add(World *world, uint64_t at_ms, const char *address, bool lost)
{
    memory_reserve_one(world->sights, world->sight_count, world->sight_capacity);
    world->sights[world->sight_count++] =
        (Sight){at_ms, memory_copy_string(address), lost, SIZE_MAX};
}

void world_lose_at(World *world, uint64_t at_ms, const char *address)
{
    sight_add(world, at_ms, address, true);
}

void world_find_at(World *world, uint64_t at_ms, const char *address)
{
    sight_add(world, at_ms, address, false);
}

void world_unchecked(World *world)
{
    runtime_free(world->shadow);
    world->shadow = NULL;
}

/* ---- the second runtime ---- */

static void record_replay(Runtime *runtime, const char *text)
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

static Runtime *snapshot_load(const World *world, const char *text)
{
    Runtime *runtime = runtime_new(world->program, &world->bindings, WORLD_LINEAGE);
    cleanup(json_free) Json *json = NULL;
    Error err = {0};

    cr_assert_eq(json_parse_own(text, strlen(text), &json, &err), 0, "%s", err.message);
    cr_assert_eq(snapshot_read(runtime, json, false, &err), 0, "%s", err.message);
    return runtime;
}

static void expect_same(const Runtime *expected, const Runtime *found, const char *what)
{
    cleanup(buffer_deinit) Buffer a = {0};
    cleanup(buffer_deinit) Buffer b = {0};

    snapshot_write(expected, &a);
    snapshot_write(found, &b);
    size_t same = 0;
    while (same < a.size && buffer_text(&a)[same] == buffer_text(&b)[same])
        same++;
    size_t from = same > 100 ? same - 100 : 0;
    cr_assert(same == a.size && same == b.size, "%s: expected\n...%.200s\nfound\n...%.200s", what,
              buffer_text(&a) + from, buffer_text(&b) + from);
}

static void shadow_check(World *world)
{
    cleanup(buffer_deinit) Buffer text = {0};

    expect_same(world->runtime, world->shadow, "records and live state differ");
    snapshot_write(world->runtime, &text);
    cleanup(runtime_free) Runtime *restored = snapshot_load(world, buffer_text(&text));
    expect_same(world->runtime, restored, "a snapshot reads back differently");
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
    for (size_t i = first_record; i < world->record_count; i++) {
        cleanup(json_free) Json *json = NULL;
        json_parse_own(world->records[i], strlen(world->records[i]), &json, NULL);
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
        [NOTICE_LOOPED] = "loops, ",
        [NOTICE_GOAL_FAILED] = "failed goal ",
        [NOTICE_DEAD_LETTER] = "dead letter",
        [NOTICE_UNDECIDED] = "undecided ",
    };
    bool has_text = notice->kind != NOTICE_DEAD_LETTER;
    const char *text = notice->text;

    if (notice->kind == NOTICE_STARTED || notice->kind == NOTICE_EFFECT_DONE ||
        notice->kind == NOTICE_EFFECT_BEGAN || notice->kind == NOTICE_EFFECT_FAILED)
        return;
    if (notice->kind == NOTICE_LOST || notice->kind == NOTICE_EFFECT_REMOVED)
        text = notice->address;
    trace_line(world, notice->domain);
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
    const Script *script = script_find(world, intent->place.effect);
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
    strcpy(operation->op, intent->op);
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
            record_replay(world->shadow, text);
    }
}

static void effects_take(World *world)
{
    size_t first_record = world->record_count;

    records_take(world);
    for (size_t i = 0; i < world->effects.notice_count; i++)
        trace_notice(world, &world->effects.notices[i], first_record);
    for (size_t i = 0; i < world->effects.call_count; i++)
        call_take(world, world->effects.calls[i]);
    if (world->shadow != NULL)
        shadow_check(world);
}

static void step(World *world, Event event)
{
    event.now_ms = world->now_ms;
    runtime_step(world->runtime, &world->options, &event, &world->effects);
    effects_take(world);
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
    effects_take(world);
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
        event.code = "INJECTED";
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

static void move_to(World *world, uint64_t at_ms)
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
    if (next_ms == UINT64_MAX || next_ms > limit_ms)
        return false;
    move_to(world, next_ms);
    if (answer_ms == next_ms)
        answer(world, flight);
    else if (sight_ms == next_ms)
        sight_tell(world, sight);
    else
        world_turn(world);
    return true;
}

static void run(World *world, uint64_t limit_ms, bool turns)
{
    for (int i = 0; i < STEPS_MAX; i++) {
        if (turns && (!world->turned || runtime_is_runnable(world->runtime) ||
                      world->runtime->resources_came))
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
    move_to(world, now_ms);
}

void world_destroy(World *world)
{
    step(world, (Event){.type = EVENT_DESTROY});
    run(world, UINT64_MAX - 1, false);
    world->turned = false;
}

/* ---- taking over ---- */

static void take_over(World *world, Runtime *runtime)
{
    runtime_free(world->runtime);
    world->runtime = runtime;
    world->flight_count = 0;
    world->turned = false;
    runtime_resume_calls(runtime, &world->options, &world->effects);
    effects_take(world);
}

static Runtime *records_load(const World *world, size_t count)
{
    Runtime *runtime = runtime_new(world->program, &world->bindings, WORLD_LINEAGE);

    for (size_t i = 0; i < count; i++)
        record_replay(runtime, world->records[i]);
    return runtime;
}

static Runtime *snapshot_again(const World *world, const Runtime *runtime)
{
    cleanup(buffer_deinit) Buffer text = {0};

    snapshot_write(runtime, &text);
    return snapshot_load(world, buffer_text(&text));
}

void world_recover(World *world)
{
    take_over(world, records_load(world, world->record_count));
}

void world_restore(World *world)
{
    take_over(world, snapshot_again(world, world->runtime));
}

/* The first values that a run without any of its own has. */
static Value **first_values(Program *program)
{
    Value **values = arena_array(&program->arena, Value *, program->domain_count);

    for (size_t i = 0; i < program->domain_count; i++) {
        const ProgramDomain *domain = &program->domains[i];
        values[i] = arena_array(&program->arena, Value, domain->field_count);
        for (size_t f = 0; f < domain->field_count; f++)
            values[i][f] = domain->fields[f].initial;
    }
    return values;
}

bool world_evolve(World *world, const char *text, Error *err)
{
    Program *program = compile(text);
    Bindings bindings;
    Runtime *runtime = NULL;

    bindings_make(program, &bindings);
    for (size_t i = 0; i < bindings.effect_count; i++) {
        cleanup(free) char *name = effect_name(&program->effects[i]);
        for (size_t k = 0; k < world->bindings.effect_count; k++) {
            cleanup(free) char *old = effect_name(&world->program->effects[k]);
            if (strcmp(old, name) == 0 && world->bindings.effects[k].is_action)
                make_action(&bindings.effects[i], NULL);
        }
    }
    Bindings *kept = memory_alloc(sizeof *kept);
    *kept = bindings;
    int code = evolution_make(world->runtime, program, kept, first_values(program), &runtime, err);
    if (code < 0) {
        bindings_deinit(kept);
        free(kept);
        program_free(program);
        return false;
    }
    memory_reserve_one(world->old_programs, world->old_program_count, world->old_program_capacity);
    world->old_programs[world->old_program_count++] = world->program;
    bindings_deinit(&world->bindings);
    world->bindings = *kept;
    free(kept);
    world->program = program;
    runtime->bindings = &world->bindings;
    runtime_free(world->runtime);
    world->runtime = runtime;
    if (world->shadow != NULL) {
        runtime_free(world->shadow);
        world->shadow = snapshot_again(world, runtime);
    }
    world->turned = false;
    return true;
}

/* ---- asking ---- */

RuntimeOptions *world_options(World *world)
{
    return &world->options;
}

Runtime *world_runtime(World *world)
{
    return world->runtime;
}

uint64_t world_now(const World *world)
{
    return world->now_ms;
}

size_t world_records(const World *world)
{
    return world->record_count;
}

const char *world_record(const World *world, size_t index)
{
    return world->records[index];
}

const char *world_trace(const World *world)
{
    return buffer_text(&world->trace);
}

void world_forget(World *world)
{
    buffer_reset(&world->trace);
}

void world_expect(World *world, const char *trace)
{
    cr_expect(strcmp(buffer_text(&world->trace), trace) == 0, "expected:\n%s\nfound:\n%s", trace,
              buffer_text(&world->trace));
    world_forget(world);
}

static Instance *member_split(World *world, const char *path, const char **ret_name)
{
    const char *dot = strchr(path, '.');
    cleanup(free) char *domain = memory_copy_bytes(path, (size_t)(dot - path));
    Instance *instance = runtime_find(world->runtime, domain);

    cr_assert_not_null(instance, "domain '%s' has not started", domain);
    *ret_name = dot + 1;
    return instance;
}

void world_expect_field(World *world, const char *field, const char *text)
{
    cleanup(buffer_deinit) Buffer found = {0};
    const char *name;
    const Instance *instance = member_split(world, field, &name);
    int index = domain_find_field(instance->domain, name);

    cr_assert_geq(index, 0, "no field '%s'", field);
    value_print(&found, instance->fields[index]);
    cr_expect_str_eq(buffer_text(&found), text, "%s: expected '%s', found '%s'", field, text,
                     buffer_text(&found));
}

void world_expect_goal(World *world, const char *goal, const char *status)
{
    const char *name;
    const Instance *instance = member_split(world, goal, &name);
    int index = domain_find_goal(instance->domain, name);

    cr_assert_geq(index, 0, "no goal '%s'", goal);
    const char *found = goal_status_name(goal_status(instance, (uint32_t)index));
    cr_expect_str_eq(found, status, "%s: expected %s, found %s", goal, status, found);
}

void world_expect_objects(World *world, const char *lines)
{
    cleanup(buffer_deinit) Buffer found = {0};

    for (size_t i = 0; i < world->runtime->object_count; i++) {
        const Object *object = world->runtime->objects[i];
        cleanup(free) char *address = object_address(object);
        buffer_add_format(&found, "%s %s\n", address, object_state_name(object->state));
    }
    cr_expect(strcmp(buffer_text(&found), lines) == 0, "expected:\n%s\nfound:\n%s", lines,
              buffer_text(&found));
}

void world_expect_calls(World *world, const char *lines)
{
    cleanup(buffer_deinit) Buffer found = {0};

    for (size_t i = 0; i < world->operation_count; i++)
        buffer_add_format(&found, "%s\n", world->operations[i].line);
    cr_expect(strcmp(buffer_text(&found), lines) == 0, "expected:\n%s\nfound:\n%s", lines,
              buffer_text(&found));
}

/* ---- crashes ---- */

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char *world_outcome(World *world)
{
    Buffer text = {0};
    cleanup(free) char **lines = memory_zero(world->operation_count, sizeof(char *));

    snapshot_write(world->runtime, &text);
    for (size_t i = 0; i < world->operation_count; i++)
        lines[i] = memory_format("\n%s %s %s", world->operations[i].op, world->operations[i].uid,
                                 world->operations[i].line);
    qsort(lines, world->operation_count, sizeof(char *), compare_text);
    for (size_t i = 0; i < world->operation_count; i++) {
        buffer_add_string(&text, lines[i]);
        free(lines[i]);
    }
    return buffer_take(&text);
}

static void provider_copy(World *world, const World *from, size_t records, bool sent)
{
    for (size_t i = 0; i < from->operation_count; i++) {
        const Operation *operation = &from->operations[i];
        if (operation->records > records || (!sent && operation->records == records))
            continue;
        memory_reserve_one(world->operations, world->operation_count, world->operation_capacity);
        Operation *copy = &world->operations[world->operation_count++];
        *copy = *operation;
        copy->effect = memory_copy_string(operation->effect);
        copy->line = memory_copy_string(operation->line);
        copy->uid = memory_copy_string(operation->uid);
        copy->result = memory_copy_string(operation->result);
    }
    for (size_t i = 0; i < from->script_count; i++) {
        const Script *script = &from->scripts[i];
        Script *copy = script_of(world, script->effect);
        copy->delay_ms = script->delay_ms;
        copy->pass = script->pass;
        copy->fail = script->fail;
        string_set(&copy->result, script->result);
    }
    for (size_t i = 0; i < from->sight_count; i++) {
        const Sight *sight = &from->sights[i];
        sight_add(world, sight->at_ms, sight->address, sight->lost);
        if (sight->records <= records)
            world->sights[i].records = sight->records;
    }
}

static void bindings_copy(World *world, const World *from)
{
    for (size_t i = 0; i < from->bindings.effect_count; i++) {
        if (from->bindings.effects[i].is_action)
            make_action(&world->bindings.effects[i], NULL);
        if (from->bindings.effects[i].defaults != NULL)
            world->bindings.effects[i].defaults = json_copy(from->bindings.effects[i].defaults);
    }
}

static uint64_t record_time(const char *text)
{
    cleanup(json_free) Json *json = NULL;

    json_parse_own(text, strlen(text), &json, NULL);
    return (uint64_t)json_get_int(json, "at", 0);
}

World *world_crashed(const World *from, size_t records, bool from_snapshot, bool sent)
{
    World *world = world_new(from->text);

    world->options = from->options;
    bindings_copy(world, from);
    provider_copy(world, from, records, sent);
    for (size_t i = 0; i < records; i++) {
        memory_reserve_one(world->records, world->record_count, world->record_capacity);
        world->records[world->record_count++] = memory_copy_string(from->records[i]);
        record_replay(world->shadow, from->records[i]);
        move_to(world, record_time(from->records[i]));
    }
    take_over(world,
              from_snapshot ? snapshot_again(world, world->shadow) : records_load(world, records));
    return world;
}
