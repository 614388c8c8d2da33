/* Another process, or another program, takes over. */
#include "tests/lib/core/world_private.h"

#include <criterion/criterion.h>
#include <string.h>

#include "controller/core/evolution.h"
#include "controller/core/snapshot.h"
#include "lang/base/memory.h"

static void take_over(World *world, Runtime *runtime)
{
    runtime_free(world->runtime);
    world->runtime = runtime;
    world->flight_count = 0;
    world_questions_drop(world);
    world->turned = false;
    runtime_resume_calls(runtime, &world->options, &world->effects);
    world_effects_take(world);
}

static Runtime *records_load(const World *world, size_t count)
{
    Runtime *runtime = runtime_new(world->program, &world->bindings, WORLD_LINEAGE);

    for (size_t i = 0; i < count; i++)
        world_replay(runtime, world->records[i]);
    return runtime;
}

static Runtime *snapshot_again(const World *world, const Runtime *runtime)
{
    cleanup(buffer_deinit) Buffer text = {0};

    snapshot_write(runtime, &text);
    return world_load_snapshot(world, buffer_text(&text));
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
    Program *program = world_compile(text);
    Bindings bindings;
    Runtime *runtime = NULL;

    world_bindings_make(program, &bindings);
    for (size_t i = 0; i < bindings.effect_count; i++) {
        cleanup(free) char *name = world_effect_name(&program->effects[i]);
        for (size_t k = 0; k < world->bindings.effect_count; k++) {
            cleanup(free) char *old = world_effect_name(&world->program->effects[k]);
            if (strcmp(old, name) == 0 && world->bindings.effects[k].is_action)
                bound_make_action(&bindings.effects[i], NULL);
        }
    }
    Bindings *kept = memory_alloc(sizeof *kept);
    *kept = bindings;
    EvolutionReport report;
    Evolution evolution = {
        .program = program, .bindings = kept, .first_values = first_values(program)};
    int code = evolution_make(world->runtime, &evolution, &runtime, &report, err);
    evolution_report_deinit(&report);
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

bool world_edit(World *world, const ManualEdit *edit, Error *err)
{
    if (manual_edit(world->runtime, edit, world->now_ms, &world->effects, err) < 0)
        return false;
    world_effects_take(world);
    world->turned = false;
    return true;
}

/* ---- crashes ---- */

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void members_drop(Json *list, const char *key)
{
    for (Json *item = json_first(list); item != NULL; item = json_next(item))
        json_free(json_detach(item, key));
}

/* What the state is, not how it came to be: slices of different domains may run in another order
 * after a crash. */
static void state_write(const World *world, Buffer *ret)
{
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(json_free) Json *state = NULL;

    snapshot_write(world->runtime, &text);
    cr_assert_eq(json_parse_own(buffer_text(&text), text.size, &state, NULL), 0);
    json_free(json_detach(state, "trails"));
    members_drop(json_get(state, "domains"), "changed_by");
    members_drop(json_get(state, "retained"), "parent");
    json_write(ret, state);
}

char *world_outcome(World *world)
{
    Buffer text = {0};
    cleanup(free) char **lines = memory_zero(world->operation_count, sizeof(char *));

    state_write(world, &text);
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
        Script *copy = world_script_of(world, script->effect);
        copy->delay_ms = script->delay_ms;
        copy->pass = script->pass;
        copy->fail = script->fail;
        string_set(&copy->result, script->result);
    }
    for (size_t i = 0; i < from->sight_count; i++) {
        const Sight *sight = &from->sights[i];
        world_sight_add(world, sight->at_ms, sight->address, sight->lost);
        if (sight->records <= records)
            world->sights[i].records = sight->records;
    }
}

static void bindings_copy(World *world, const World *from)
{
    for (size_t i = 0; i < from->bindings.effect_count; i++) {
        if (from->bindings.effects[i].is_action)
            bound_make_action(&world->bindings.effects[i], NULL);
        if (from->bindings.effects[i].defaults != NULL)
            world->bindings.effects[i].defaults = json_copy(from->bindings.effects[i].defaults);
    }
}

/* Of the record after the one of `last_at`. */
static uint64_t record_time(const char *text, int64_t *last_at)
{
    cleanup(json_free) Json *json = NULL;

    json_parse_own(text, strlen(text), &json, NULL);
    record_unabridge(json, last_at);
    return (uint64_t)*last_at;
}

World *world_crashed(const World *from, size_t records, bool from_snapshot, bool sent)
{
    World *world = world_new(from->text);
    int64_t last_at = 0;

    world->options = from->options;
    bindings_copy(world, from);
    provider_copy(world, from, records, sent);
    world_facts_copy(world, from);
    for (size_t i = 0; i < records; i++) {
        memory_reserve_one(world->records, world->record_count, world->record_capacity);
        world->records[world->record_count++] = memory_copy_string(from->records[i]);
        world_replay(world->shadow, from->records[i]);
        world_move(world, record_time(from->records[i], &last_at));
    }
    take_over(world,
              from_snapshot ? snapshot_again(world, world->shadow) : records_load(world, records));
    return world;
}
