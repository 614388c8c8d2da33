/* Making a world and telling its provider what to do. */
#include "tests/lib/core/world_private.h"

#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"

char *world_effect_name(const EffectUse *use)
{
    return memory_format("%s.%s", use->provider != NULL ? use->provider : "Infra", use->effect);
}

void world_bindings_make(const Program *program, Bindings *ret)
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

Program *world_compile(const char *text)
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
    world->program = world_compile(text);
    world_bindings_make(world->program, &world->bindings);
    world->runtime = runtime_new(world->program, &world->bindings, WORLD_LINEAGE);
    world->shadow = runtime_new(world->program, &world->bindings, WORLD_LINEAGE);
    world->options = (RuntimeOptions){.retry_failed = true,
                                      .timers = true,
                                      .tells_slices = true,
                                      .max_slices = RUNTIME_MAX_SLICES};
    effects_init(&world->effects);
    world->fact_delay_ms = WORLD_FACT_DELAY_MS;
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
    kept_deinit(&world->kept);
    bindings_deinit(&world->bindings);
    program_free(world->program);
    for (size_t i = 0; i < world->old_program_count; i++)
        program_free(world->old_programs[i]);
    buffer_deinit(&world->trace);
    world_facts_deinit(world);
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

Script *world_script_find(const World *world, const char *effect)
{
    for (size_t i = 0; i < world->script_count; i++)
        if (strcmp(world->scripts[i].effect, effect) == 0)
            return &world->scripts[i];
    return NULL;
}

Script *world_script_of(World *world, const char *effect)
{
    Script *script = world_script_find(world, effect);

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
        cleanup(free) char *name = world_effect_name(&world->program->effects[i]);
        if (strcmp(name, effect) != 0)
            continue;
        change(&world->bindings.effects[i], user);
        count++;
    }
    cr_assert(count > 0, "the program has no effect %s", effect);
    return count;
}

void bound_make_action(BoundEffect *bound, void *user)
{
    (void)user;
    bound->is_action = true;
    free(bound->type);
    bound->type = NULL;
}

void world_action(World *world, const char *effect)
{
    bound_each(world, effect, bound_make_action, NULL);
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
    world_script_of(world, effect)->delay_ms = ms;
}

void world_result(World *world, const char *effect, const char *json)
{
    string_set(&world_script_of(world, effect)->result, json);
}

void world_let_pass(World *world, const char *effect, size_t count)
{
    world_script_of(world, effect)->pass = world_operations(world, effect) + count;
}

void world_fail_code(World *world, const char *effect, const char *code)
{
    world_script_of(world, effect)->code = code;
}

void world_fail_next(World *world, const char *effect, size_t count)
{
    Script *script = world_script_of(world, effect);

    if (script->pass < world_operations(world, effect))
        script->pass = world_operations(world, effect);
    script->fail = count;
}

void world_sight_add(World *world, uint64_t at_ms, const char *address, bool lost)
{
    memory_reserve_one(world->sights, world->sight_count, world->sight_capacity);
    world->sights[world->sight_count++] =
        (Sight){at_ms, memory_copy_string(address), lost, SIZE_MAX};
}

void world_lose_at(World *world, uint64_t at_ms, const char *address)
{
    world_sight_add(world, at_ms, address, true);
}

void world_find_at(World *world, uint64_t at_ms, const char *address)
{
    world_sight_add(world, at_ms, address, false);
}

void world_unchecked(World *world)
{
    runtime_free(world->shadow);
    world->shadow = NULL;
}
