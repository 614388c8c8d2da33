#include "tests/torture/walk_provider.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "controller/core/evolution.h"
#include "controller/core/snapshot.h"
#include "lang/base/memory.h"

#define LINEAGE "0123456789abcdef0123456789abcdef"
#define EVENTS_MAX 20000 /* in one process: more is no end */
#define DELAY_MAX_MS 40
#define UNKNOWN "{\"$unknown\":{}}"

void world_wrong(World *world, const char *format, ...)
{
    char text[2000];
    va_list arguments;

    if (world->wrong.size > 0)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    buffer_add_string(&world->wrong, text);
}

static bool is_over(const World *world)
{
    return world->killed || world->wrong.size > 0;
}

/* ---- programs ---- */

static Program *compile(World *world, const Model *model)
{
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(buffer_deinit) Buffer said = {0};

    model_write(model, &text);
    Program *program = program_compile("walk.ved", buffer_text(&text), text.size);
    if (!program->valid) {
        diagnostics_print(&program->diagnostics, false, &said);
        world_wrong(world, "a program of the family does not check:\n%s", buffer_text(&said));
    }
    return program;
}

/* The first values of a run without any of its own. */
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

void world_init(World *world, const Model *model, uint64_t seed)
{
    *world = (World){.model = *model, .chance = {seed}, .now_ms = 1000};
    world->program = compile(world, model);
    if (world->program->valid)
        world->bindings = model_bind(model, world->program);
    effects_init(&world->effects);
}

static void records_drop(World *world)
{
    for (size_t i = 0; i < world->record_count; i++)
        free(world->records[i]);
    world->record_count = 0;
}

void world_deinit(World *world)
{
    runtime_free(world->runtime);
    effects_deinit(&world->effects);
    model_bindings_free(world->bindings);
    program_free(world->program);
    provider_deinit(&world->provider);
    records_drop(world);
    free(world->records);
    free(world->checkpoint);
    free(world->flights);
    buffer_deinit(&world->trace);
    buffer_deinit(&world->wrong);
}

/* ---- what is durable ---- */

static Json *parse(const char *text)
{
    Json *json = NULL;

    json_parse_own(text, strlen(text), &json, NULL);
    return json;
}

static int replay(Runtime *runtime, const char *text, Error *err)
{
    cleanup(json_free) Json *json = parse(text);
    Arena arena = {0};
    Record record;
    int code = record_decode(runtime, json, &arena, &record, err);

    if (code == 0)
        code = record_apply(runtime, &record, err);
    arena_deinit(&arena);
    return code;
}

/* What a successor would begin with. */
static Runtime *load(World *world)
{
    Runtime *runtime = runtime_new(world->program, world->bindings, LINEAGE);
    Error err = {0};
    int code = 0;

    if (world->checkpoint != NULL) {
        cleanup(json_free) Json *json = parse(world->checkpoint);
        code = snapshot_read(runtime, json, false, &err);
    }
    for (size_t i = 0; i < world->record_count && code == 0; i++) {
        code = replay(runtime, world->records[i], &err);
        if (code < 0)
            world_wrong(world, "a record is not taken: %s: %s", err.message, world->records[i]);
    }
    if (code < 0)
        world_wrong(world, "the checkpoint is not taken: %s", err.message);
    runtime->first_values = first_values(world->program);
    return runtime;
}

static void checkpoint(World *world)
{
    Buffer text = {0};

    snapshot_write(world->runtime, &text);
    free(world->checkpoint);
    world->checkpoint = buffer_take(&text);
    records_drop(world);
}

/* What is read back is what is known. */
static void durable_check(World *world)
{
    cleanup(buffer_deinit) Buffer live = {0};
    cleanup(buffer_deinit) Buffer read = {0};
    cleanup(runtime_free) Runtime *successor = load(world);
    size_t same = 0;

    snapshot_write(world->runtime, &live);
    snapshot_write(successor, &read);
    while (same < live.size && buffer_text(&live)[same] == buffer_text(&read)[same])
        same++;
    size_t from = same > 60 ? same - 60 : 0;
    if (same < live.size || live.size != read.size)
        world_wrong(world, "a successor reads another state: ...%.160s instead of ...%.160s",
                    buffer_text(&read) + from, buffer_text(&live) + from);
}

/* ---- one step ---- */

static void tell(World *world, const Intent *intent, bool known, bool applied)
{
    static const char *const verbs[] = {
        [INTENT_PUT] = "put", [INTENT_ACTION] = "run", [INTENT_DELETE] = "delete"};

    if (world->traces)
        buffer_add_format(&world->trace, "    %s %s %.8s %s%s%s\n", verbs[intent->verb],
                          intent->address, intent->uid,
                          intent->arguments != NULL ? intent->arguments : "",
                          known ? " (same key)" : "", applied ? "" : " FAILS");
}

static void call_take(World *world, const Intent *intent)
{
    size_t known = world->provider.deal_count;
    size_t deal = provider_ask(world, intent);

    tell(world, intent, deal < known, world->provider.deals[deal].applied);
    memory_reserve_one(world->flights, world->flight_count, world->flight_capacity);
    world->flights[world->flight_count++] = (Flight){
        intent->number, deal, world->now_ms + 1 + chance_below(&world->chance, DELAY_MAX_MS)};
}

static void records_take(World *world, size_t count)
{
    const Effects *effects = &world->effects;
    size_t start = 0;

    for (size_t i = 0; i < count; i++) {
        memory_reserve_one(world->records, world->record_count, world->record_capacity);
        world->records[world->record_count++] =
            memory_copy_bytes(effects->records.bytes + start, effects->record_ends[i] - start);
        start = effects->record_ends[i];
    }
}

static void notices_tell(World *world)
{
    for (size_t i = 0; i < world->effects.notice_count && world->traces; i++) {
        const Notice *notice = &world->effects.notices[i];
        static const char *const kinds[] = {
#define NOTICE(name, text) text,
#include "controller/core/notice.def"
#undef NOTICE
        };
        buffer_add_format(&world->trace, "  [%" PRIu64 "] %s: %s %s %s\n", world->now_ms,
                          notice->who != NULL ? notice->who : "", kinds[notice->kind],
                          notice->address != NULL ? notice->address : "",
                          notice->text != NULL ? notice->text : "");
    }
}

/* The end of a process in the middle of a step: with some of its records written and nothing sent,
 * or all of them and some of its calls. */
static void die(World *world)
{
    bool written = !chance_one_in(&world->chance, 3);
    size_t records = world->effects.record_count, calls = 0;

    if (!written)
        records = chance_below(&world->chance, records + 1);
    else
        calls = chance_below(&world->chance, world->effects.call_count + 1);
    records_take(world, records);
    if (written)
        durable_check(world);
    for (size_t i = 0; i < calls; i++)
        call_take(world, world->effects.calls[i]);
    if (world->traces)
        buffer_add_format(&world->trace, "  killed (%zu of %zu records, %zu of %zu calls)\n",
                          records, world->effects.record_count, calls, world->effects.call_count);
    world->killed = true;
    runtime_free(take(world->runtime));
}

/* What the core wants done about it is done; the process may die over it. */
static void effects_take(World *world)
{
    notices_tell(world);
    if (world->life > 0 && --world->life == 0) {
        die(world);
        return;
    }
    records_take(world, world->effects.record_count);
    for (size_t i = 0; i < world->effects.call_count; i++)
        call_take(world, world->effects.calls[i]);
}

static void step(World *world, Event event)
{
    if (is_over(world))
        return;
    event.now_ms = world->now_ms;
    runtime_step(world->runtime, &world->options, &event, &world->effects);
    world->turned = event.type == EVENT_TURN;
    effects_take(world);
}

/* ---- running ---- */

static void answer(World *world, size_t index)
{
    Flight flight = world->flights[index];
    const Deal *deal = &world->provider.deals[flight.deal];
    Event event = {.type = EVENT_ANSWER, .intent = flight.intent, .applied = deal->applied};

    world->flights[index] = world->flights[--world->flight_count];
    event.result = deal->result;
    if (!deal->applied) {
        event.code = "INJECTED";
        event.detail = "it was told to fail";
    }
    step(world, event);
}

static size_t flight_next(const World *world)
{
    size_t next = 0;

    for (size_t i = 1; i < world->flight_count; i++)
        if (world->flights[i].due_ms < world->flights[next].due_ms)
            next = i;
    return next;
}

/* The next thing that happens by itself. False: there is none. */
static bool happen(World *world)
{
    size_t next = flight_next(world);
    uint64_t wake_ms = world->options.settling ? 0 : runtime_next_wake(world->runtime);
    bool answers =
        world->flight_count > 0 && (wake_ms == 0 || world->flights[next].due_ms <= wake_ms);
    uint64_t at_ms = answers ? world->flights[next].due_ms : wake_ms;

    if (at_ms == 0)
        return false;
    if (at_ms > world->now_ms)
        world->now_ms = at_ms;
    if (answers)
        answer(world, next);
    else
        step(world, (Event){.type = EVENT_TURN});
    return true;
}

static void run(World *world)
{
    for (int i = 0; !is_over(world); i++) {
        if (i == EVENTS_MAX)
            world_wrong(world, "it does not end");
        else if (!world->options.settling &&
                 (!world->turned || runtime_is_runnable(world->runtime)))
            step(world, (Event){.type = EVENT_TURN});
        else if (!happen(world))
            return;
    }
}

static void resume(World *world)
{
    if (is_over(world))
        return;
    runtime_resume_calls(world->runtime, &world->options, &world->effects);
    effects_take(world);
}

/* ---- a process ---- */

static void observe(World *world)
{
    for (size_t i = 0; i < world->runtime->object_count && !is_over(world); i++) {
        const Object *object = world->runtime->objects[i];
        if (!object->exists || object->state == OBJECT_LEAVING || object->state == OBJECT_WANTED)
            continue;
        const Thing *thing = provider_find(&world->provider, object->uid);
        if (thing == NULL) {
            world_wrong(world, "%s is said to exist, and was never made", object->uid);
            return;
        }
        char uid[UID_SIZE]; /* the object may end by what is said of it */
        memcpy(uid, object->uid, sizeof uid);
        step(world, (Event){.type = EVENT_OBSERVED,
                            .uid = uid,
                            .lost = !thing->exists,
                            .detail = "it was told to be lost"});
        if (world->killed)
            return;
    }
}

void world_enter(World *world)
{
    if (world->wrong.size > 0)
        return;
    world->killed = false;
    world->flight_count = 0;
    world->turned = false;
    world->options = (RuntimeOptions){.retry_failed = chance_one_in(&world->chance, 2),
                                      .max_slices = RUNTIME_MAX_SLICES};
    world->runtime = load(world);
    observe(world);
}

void world_settle(World *world)
{
    world->options.settling = true;
    resume(world);
    run(world);
    world->options.settling = false;
}

bool world_edit(World *world, const Model *model, bool *ret_denied)
{
    EvolutionReport report;
    Error err = {0};
    Runtime *successor = NULL;

    *ret_denied = false;
    if (is_over(world))
        return false;
    Program *program = compile(world, model);
    Bindings *bindings = program->valid ? model_bind(model, program) : NULL;
    Evolution evolution = {.program = program, .bindings = bindings};
    if (bindings == NULL) {
        program_free(program);
        return false;
    }
    evolution.first_values = first_values(program);
    int code = evolution_make(world->runtime, &evolution, &successor, &report, &err);
    for (size_t i = 0; i < report.note_count && world->traces; i++)
        buffer_add_format(&world->trace, "  note: %s\n", report.notes[i]);
    evolution_report_deinit(&report);
    if (code < 0) {
        *ret_denied = code == ERROR_DENIED;
        if (!*ret_denied)
            world_wrong(world, "an edit is refused: %s", err.message);
        else if (world->traces)
            buffer_add_format(&world->trace, "  denied: %s\n", err.message);
        model_bindings_free(bindings);
        program_free(program);
        return false;
    }
    runtime_free(world->runtime);
    model_bindings_free(world->bindings);
    program_free(world->program);
    world->runtime = successor;
    world->bindings = bindings;
    world->program = program;
    world->model = *model;
    checkpoint(world);
    durable_check(world);
    return true;
}

void world_apply(World *world)
{
    step(world, (Event){.type = EVENT_BEGIN, .detail = "boot", .digest = "digest"});
    resume(world);
    world->turned = false;
    run(world);
}

void world_leave(World *world)
{
    if (world->runtime == NULL)
        return;
    if (world->wrong.size == 0) {
        durable_check(world);
        if (chance_one_in(&world->chance, 2))
            checkpoint(world);
    }
    runtime_free(take(world->runtime));
}

void world_lose(World *world)
{
    Provider *provider = &world->provider;

    for (int i = 0; i < 8 && provider->count > 0; i++) {
        Thing *thing = &provider->things[chance_below(&world->chance, provider->count)];
        const char *dot = strrchr(thing->address, '.');
        const char *start = dot;
        while (start > thing->address && start[-1] != '.')
            start--;
        cleanup(free) char *where = memory_copy_bytes(start, (size_t)(dot - start));
        bool named = strstr(dot, "[\"") != NULL;
        if (!thing->exists || (!named && !model_may_lose(&world->model, where)))
            continue;
        thing->exists = false;
        if (world->traces)
            buffer_add_format(&world->trace, "  loses %s\n", thing->address);
        return;
    }
}

/* ---- asking ---- */

static void object_check(World *world, const Object *object)
{
    const Thing *thing = provider_find(&world->provider, object->uid);
    cleanup(free) char *address = object_address(object);

    if (object->state != OBJECT_READY || object->condemned)
        world_wrong(world, "%s is %s%s in the end", address, object_state_name(object->state),
                    object->condemned ? " and condemned" : "");
    else if (thing == NULL || !thing->exists)
        world_wrong(world, "%s is said to exist, and does not", address);
    else if (strcmp(thing->arguments, object->inputs) != 0)
        world_wrong(world, "%s has the arguments %s, and is said to have %s", address,
                    thing->arguments, object->inputs);
}

void world_list(World *world, Buffer *ret)
{
    for (size_t i = 0; i < world->runtime->object_count && world->wrong.size == 0; i++)
        object_check(world, world->runtime->objects[i]);
    provider_list(world, ret);
}

typedef struct Planning {
    World *world;
    RuntimeOptions options;
    uint64_t *answers;
    size_t count, capacity, next;
    Buffer *ret;
} Planning;

static void planned_take(Planning *planning)
{
    const Effects *effects = &planning->world->effects;

    for (size_t i = 0; i < effects->call_count; i++) {
        const Intent *intent = effects->calls[i];
        memory_reserve_one(planning->answers, planning->count, planning->capacity);
        planning->answers[planning->count++] = intent->number;
        buffer_add_format(planning->ret, "%s %s %s\n",
                          intent->verb == INTENT_DELETE ? "delete" : "put", intent->address,
                          intent->arguments != NULL ? intent->arguments : "");
    }
}

static void planned_step(Planning *planning, Event event)
{
    World *world = planning->world;

    event.now_ms = world->now_ms;
    runtime_step(world->runtime, &planning->options, &event, &world->effects);
    planned_take(planning);
}

void world_plan(World *world, Buffer *ret)
{
    Planning planning = {.world = world, .ret = ret, .options = {.planning = true}};

    planning.options.max_slices = RUNTIME_MAX_SLICES;
    planned_step(&planning, (Event){.type = EVENT_BEGIN, .detail = "boot"});
    runtime_resume_calls(world->runtime, &planning.options, &world->effects);
    planned_take(&planning);
    for (int i = 0; i < EVENTS_MAX; i++) {
        planned_step(&planning, (Event){.type = EVENT_TURN});
        if (planning.next < planning.count)
            planned_step(&planning, (Event){.type = EVENT_ANSWER,
                                            .intent = planning.answers[planning.next++],
                                            .applied = true,
                                            .result = UNKNOWN});
        else if (!runtime_is_runnable(world->runtime))
            break;
    }
    free(planning.answers);
}
