/* What tests ask a world. */
#include "tests/lib/core/world_private.h"

#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"

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

/* "Domain.member", or `Domain["key"].member`. */
static Instance *member_split(World *world, const char *path, const char **ret_name)
{
    const char *dot = strrchr(path, '.');
    const char *open = memchr(path, '[', (size_t)(dot - path));
    const char *end = open != NULL ? open : dot;
    cleanup(free) char *domain = memory_copy_bytes(path, (size_t)(end - path));
    cleanup(free) char *key =
        open != NULL ? memory_copy_bytes(open + 2, (size_t)(dot - open - 4)) : NULL;
    Instance *instance = runtime_find(world->runtime, domain, key);

    cr_assert_not_null(instance, "%.*s has not started", (int)(dot - path), path);
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
