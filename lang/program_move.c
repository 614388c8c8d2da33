/* Following the `moved` lines of a program. The checker has seen to it that they end. */
#include <string.h>

#include "lang/program.h"

bool effects_agree(const char *a, const char *b)
{
    const char *dot_a = strchr(a, '.'), *dot_b = strchr(b, '.');

    if ((dot_a == NULL) == (dot_b == NULL))
        return strcmp(a, b) == 0;
    return strcmp(dot_a != NULL ? dot_a + 1 : a, dot_b != NULL ? dot_b + 1 : b) == 0;
}

static const ProgramMove *move_of_domain(const Program *program, const char *domain)
{
    for (size_t i = 0; i < program->move_count; i++)
        if (program->moves[i].is_domain && strcmp(program->moves[i].from_domain, domain) == 0)
            return &program->moves[i];
    return NULL;
}

static const ProgramMove *move_of_place(const Program *program, const ProgramPlace *place)
{
    for (size_t i = 0; i < program->move_count; i++) {
        const ProgramMove *move = &program->moves[i];
        if (!move->is_domain && strcmp(move->from_domain, place->domain) == 0 &&
            strcmp(move->from_where, place->where) == 0 &&
            effects_agree(move->from_effect, place->effect))
            return move;
    }
    return NULL;
}

const char *program_moved_domain(const Program *program, const char *domain)
{
    const ProgramMove *move;

    while ((move = move_of_domain(program, domain)) != NULL)
        domain = move->to_domain;
    return domain;
}

ProgramPlace program_moved_place(const Program *program, ProgramPlace place)
{
    const ProgramMove *move;

    for (;;) {
        if ((move = move_of_place(program, &place)) != NULL)
            place = (ProgramPlace){move->to_domain, move->to_where, move->to_effect};
        else if ((move = move_of_domain(program, place.domain)) != NULL)
            place.domain = move->to_domain;
        else
            return place;
    }
}
