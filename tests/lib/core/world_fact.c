/* What the provider of a world says of facts. */
#include "tests/lib/core/world_private.h"

#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"

/* What it says from that time on. */
struct FactScript {
    char *fact;
    char *value; /* JSON; NULL: it cannot say */
    uint64_t from_ms;
};

struct Question {
    char *fact;
    uint64_t due_ms;
};

void world_fact_at(World *world, uint64_t at_ms, const char *fact, const char *json)
{
    memory_reserve_one(world->facts, world->fact_count, world->fact_capacity);
    world->facts[world->fact_count++] = (FactScript){
        memory_copy_string(fact), json != NULL ? memory_copy_string(json) : NULL, at_ms};
}

void world_fact_delay(World *world, uint64_t ms)
{
    world->fact_delay_ms = ms;
}

void world_fact(World *world, const char *fact, const char *json)
{
    world_fact_at(world, world->now_ms, fact, json);
}

void world_questions_take(World *world)
{
    for (size_t i = 0; i < world->effects.query_count; i++) {
        const FactQuery *query = &world->effects.queries[i];
        buffer_add_format(&world->trace, "[%5llu] ask %s\n", (unsigned long long)world->now_ms,
                          query->fact);
        memory_reserve_one(world->questions, world->question_count, world->question_capacity);
        world->questions[world->question_count++] =
            (Question){memory_copy_string(query->fact), world->now_ms + world->fact_delay_ms};
        world->asked++;
    }
}

uint64_t world_question_next(const World *world)
{
    return world->question_count > 0 ? world->questions[0].due_ms : UINT64_MAX;
}

static const char *value_now(const World *world, const char *fact)
{
    const char *value = NULL;

    for (size_t i = 0; i < world->fact_count; i++)
        if (strcmp(world->facts[i].fact, fact) == 0 && world->facts[i].from_ms <= world->now_ms)
            value = world->facts[i].value;
    return value;
}

/* All take the same time: the first asked is the first answered. */
Event world_question_answer(World *world, char **ret_fact)
{
    *ret_fact = world->questions[0].fact;
    memmove(world->questions, world->questions + 1,
            --world->question_count * sizeof *world->questions);
    const char *value = value_now(world, *ret_fact);
    return (Event){.type = EVENT_FACT,
                   .fact = *ret_fact,
                   .applied = value != NULL,
                   .result = value,
                   .detail = value == NULL ? "it was told not to know" : NULL};
}

void world_facts_copy(World *to, const World *from)
{
    to->fact_delay_ms = from->fact_delay_ms;
    for (size_t i = 0; i < from->fact_count; i++)
        world_fact_at(to, from->facts[i].from_ms, from->facts[i].fact, from->facts[i].value);
}

void world_questions_drop(World *world)
{
    for (size_t i = 0; i < world->question_count; i++)
        free(world->questions[i].fact);
    world->question_count = 0;
}

void world_facts_deinit(World *world)
{
    world_questions_drop(world);
    for (size_t i = 0; i < world->fact_count; i++) {
        free(world->facts[i].fact);
        free(world->facts[i].value);
    }
    free(world->facts);
    free(world->questions);
}

size_t world_asked(const World *world)
{
    return world->asked;
}
