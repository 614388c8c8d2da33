/* Following the `moved` lines of a program. */
#include <string.h>

#include "lang/base/buffer.h"
#include "lang/program_index.h"

/* "Infra" of "Infra.CreatePostgres", with its length; 0: there is none. */
static size_t provider_size(const char *effect)
{
    const char *dot = strchr(effect, '.');

    return dot == NULL ? 0 : (size_t)(dot - effect);
}

const char *effect_action(const char *effect)
{
    size_t provider = provider_size(effect);

    return provider == 0 ? effect : effect + provider + 1;
}

bool effects_agree(const char *a, const char *b)
{
    if (provider_size(a) == 0 || provider_size(b) == 0)
        return strcmp(effect_action(a), effect_action(b)) == 0;
    return strcmp(a, b) == 0;
}

void place_key(const ProgramPlace *place, Buffer *ret)
{
    buffer_add_format(ret, "%s.%s.%s", place->domain, place->where, effect_action(place->effect));
}

static const ProgramMove *move_at(const MoveTable *table, const char *key)
{
    size_t number = (size_t)(uintptr_t)map_get(table->sources, key);

    return number == 0 ? NULL : &table->moves[number - 1];
}

const ProgramMove *move_of_domain(const MoveTable *table, const char *domain)
{
    return move_at(table, domain);
}

const ProgramMove *move_of_place(const MoveTable *table, const ProgramPlace *place)
{
    cleanup(buffer_deinit) Buffer key = {0};

    place_key(place, &key);
    for (const ProgramMove *move = move_at(table, buffer_text(&key)); move != NULL;
         move = move->other == 0 ? NULL : &table->moves[move->other - 1])
        if (effects_agree(move->from_effect, place->effect))
            return move;
    return NULL;
}

const char *moved_domain(const MoveTable *table, const char *domain)
{
    const ProgramMove *move = move_of_domain(table, domain);

    return move == NULL ? domain : move->to_domain;
}

const char *program_moved_domain(const Program *program, const char *domain)
{
    const MoveTable table = {program->moves, &program->move_sources};

    return moved_domain(&table, domain);
}

/* Of the same provider as before where the line names none. */
static const char *moved_effect(const char *to, const char *before, Arena *arena)
{
    size_t provider = provider_size(before);

    return provider == 0 || provider_size(to) != 0
               ? to
               : arena_format(arena, "%.*s.%s", (int)provider, before, to);
}

ProgramPlace program_moved_place(const Program *program, ProgramPlace place, Arena *arena)
{
    const MoveTable table = {program->moves, &program->move_sources};
    const ProgramMove *move;

    place.domain = moved_domain(&table, place.domain);
    if (program->move_count == 0)
        return place;
    while ((move = move_of_place(&table, &place)) != NULL)
        place = (ProgramPlace){move->to_domain, move->to_where,
                               moved_effect(move->to_effect, place.effect, arena)};
    return place;
}
