/* Where in the text of a program an effect is emitted. */
#include <string.h>

#include "lang/program_index.h"

const char *effect_use_where(const Program *program, const EffectUse *use)
{
    const ProgramDomain *domain = &program->domains[use->domain];

    if (use->transition >= 0)
        return domain->transitions[use->transition].name;
    return use->handler >= 0 ? domain->handlers[use->handler].where
                             : domain->timers[use->timer].where;
}

/* Whether the use is spelled with that provider; 0 bytes of it: without any. */
static bool is_of_provider(const EffectUse *use, const char *provider, size_t size)
{
    if (use->provider == NULL)
        return size == 0;
    return strncmp(use->provider, provider, size) == 0 && use->provider[size] == '\0';
}

static const EffectUse *find_spelled(const Program *program, const ProgramPlace *place,
                                     size_t provider, uint32_t site)
{
    const char *action = effect_action(place->effect);
    int domain = program_find_domain(program, place->domain);

    for (size_t i = 0; i < program->effect_count; i++) {
        const EffectUse *use = &program->effects[i];
        if ((int)use->domain == domain && use->site == site && !use->releases &&
            is_of_provider(use, place->effect, provider) && strcmp(use->effect, action) == 0 &&
            strcmp(effect_use_where(program, use), place->where) == 0)
            return use;
    }
    return NULL;
}

const EffectUse *program_find_emit(const Program *program, ProgramPlace place, uint32_t site)
{
    const char *dot = strchr(place.effect, '.');
    const EffectUse *use = NULL;

    if (dot != NULL)
        use = find_spelled(program, &place, (size_t)(dot - place.effect), site);
    return use != NULL ? use : find_spelled(program, &place, 0, site);
}

const char *program_line(const Program *program, Span span, Arena *arena)
{
    SourcePlace place = source_place(&program->source, span.start);

    return arena_format(arena, "%s:%u", place.file, place.line);
}

const char *program_emit_line(const Program *program, ProgramPlace place, uint32_t site,
                              Arena *arena)
{
    const EffectUse *use = program_find_emit(program, place, site);

    return use == NULL ? NULL : program_line(program, use->span, arena);
}
