/* Finding a program's things by name: domains and events in maps, what a domain has in tables that
 * are sorted beside. */
#include <stdlib.h>
#include <string.h>

#include "lang/base/memory.h"
#include "lang/program_index.h"

/* A number for each of a domain's things, in the order of their names. */
struct DomainIndex {
    const uint32_t *fields;
    const uint32_t *goals;
    const uint32_t *transitions;
    const uint32_t *event_handlers; /* by the number of the event */
    size_t event_handler_count;
};

/* ---- sorting ---- */

static int compare_fields(const void *a, const void *b, void *domain)
{
    const ProgramField *fields = ((const ProgramDomain *)domain)->fields;

    return strcmp(fields[*(const uint32_t *)a].name, fields[*(const uint32_t *)b].name);
}

static int compare_goals(const void *a, const void *b, void *domain)
{
    const ProgramGoal *goals = ((const ProgramDomain *)domain)->goals;

    return strcmp(goals[*(const uint32_t *)a].name, goals[*(const uint32_t *)b].name);
}

static int compare_transitions(const void *a, const void *b, void *domain)
{
    const ProgramTransition *transitions = ((const ProgramDomain *)domain)->transitions;

    return strcmp(transitions[*(const uint32_t *)a].name, transitions[*(const uint32_t *)b].name);
}

static int compare_handlers(const void *a, const void *b, void *domain)
{
    const ProgramHandler *handlers = ((const ProgramDomain *)domain)->handlers;
    uint32_t left = handlers[*(const uint32_t *)a].event;
    uint32_t right = handlers[*(const uint32_t *)b].event;

    return left < right ? -1 : left > right;
}

static uint32_t *numbers(Arena *arena, size_t count)
{
    uint32_t *result = arena_array(arena, uint32_t, count);

    for (size_t i = 0; i < count; i++)
        result[i] = (uint32_t)i;
    return result;
}

static void sort(uint32_t *order, size_t count, int (*compare)(const void *, const void *, void *),
                 ProgramDomain *domain)
{
    if (count > 1)
        qsort_r(order, count, sizeof *order, compare, domain);
}

void domain_index(ProgramDomain *domain, Arena *arena)
{
    struct DomainIndex *index = arena_new(arena, struct DomainIndex);
    uint32_t *fields = numbers(arena, domain->field_count);
    uint32_t *goals = numbers(arena, domain->goal_count);
    uint32_t *transitions = numbers(arena, domain->transition_count);
    uint32_t *handlers = arena_array(arena, uint32_t, domain->handler_count);

    for (size_t i = 0; i < domain->handler_count; i++)
        if (domain->handlers[i].kind == ON_EVENT)
            handlers[index->event_handler_count++] = (uint32_t)i;
    sort(fields, domain->field_count, compare_fields, domain);
    sort(goals, domain->goal_count, compare_goals, domain);
    sort(transitions, domain->transition_count, compare_transitions, domain);
    sort(handlers, index->event_handler_count, compare_handlers, domain);
    index->fields = fields;
    index->goals = goals;
    index->transitions = transitions;
    index->event_handlers = handlers;
    domain->index = index;
}

const ProgramDomain *domain_new_empty(const char *name, Arena *arena)
{
    ProgramDomain *domain = arena_new(arena, ProgramDomain);

    *domain = (ProgramDomain){
        .name = arena_copy_string(arena, name), .version = 1, .boot = -1, .environment = -1};
    domain_index(domain, arena);
    return domain;
}

/* ---- looking up ---- */

/* Half by half: `sign` says how the thing at place `middle` compares with what is wanted. */
#define FIND(order, count, sign)                                                                   \
    do {                                                                                           \
        size_t low = 0, high = (count);                                                            \
        while (low < high) {                                                                       \
            size_t middle = (low + high) / 2;                                                      \
            uint32_t at = (order)[middle];                                                         \
            int order_ = (sign);                                                                   \
            if (order_ == 0)                                                                       \
                return (int)at;                                                                    \
            if (order_ < 0)                                                                        \
                low = middle + 1;                                                                  \
            else                                                                                   \
                high = middle;                                                                     \
        }                                                                                          \
        return -1;                                                                                 \
    } while (0)

int domain_find_field(const ProgramDomain *domain, const char *name)
{
    FIND(domain->index->fields, domain->field_count, strcmp(domain->fields[at].name, name));
}

int domain_find_goal(const ProgramDomain *domain, const char *name)
{
    FIND(domain->index->goals, domain->goal_count, strcmp(domain->goals[at].name, name));
}

int domain_find_transition(const ProgramDomain *domain, const char *name)
{
    FIND(domain->index->transitions, domain->transition_count,
         strcmp(domain->transitions[at].name, name));
}

int domain_find_handler(const ProgramDomain *domain, uint32_t event)
{
    FIND(domain->index->event_handlers, domain->index->event_handler_count,
         domain->handlers[at].event < event ? -1 : domain->handlers[at].event > event);
}

int domain_find_message(const ProgramDomain *domain, const char *name)
{
    for (size_t i = 0; i < domain->handler_count; i++)
        if (domain->handlers[i].kind == ON_MESSAGE && strcmp(domain->handlers[i].name, name) == 0)
            return (int)i;
    return -1;
}

int domain_find_report(const ProgramDomain *domain, ProgramHandlerKind kind, const char *provider)
{
    for (size_t i = 0; i < domain->handler_count; i++)
        if (domain->handlers[i].kind == kind && domain->handlers[i].provider != NULL &&
            strcmp(domain->handlers[i].provider, provider) == 0)
            return (int)i;
    return -1;
}

static int index_of(const Map *names, const char *name)
{
    return (int)(uintptr_t)map_get(names, name) - 1;
}

int program_find_domain(const Program *program, const char *name)
{
    return index_of(&program->domain_names, name);
}

int program_find_event(const Program *program, const char *name)
{
    return index_of(&program->event_names, name);
}

/* ---- annotations ---- */

static int compare_allows(const void *a, const void *b)
{
    const ProgramAllow *left = a, *right = b;
    int order = strcmp(left->code, right->code);

    if (order != 0)
        return order;
    if (left->where.start != right->where.start)
        return left->where.start < right->where.start ? -1 : 1;
    return left->where.end > right->where.end ? -1 : left->where.end < right->where.end;
}

/* Items stand in each other or apart. */
static bool is_around(const ProgramAllow *outer, const ProgramAllow *inner)
{
    return strcmp(outer->code, inner->code) == 0 && outer->where.end >= inner->where.end;
}

void allows_sort(ProgramAllow *allows, size_t count)
{
    if (count > 1)
        qsort(allows, count, sizeof *allows, compare_allows);
    for (size_t i = 0; i < count; i++) {
        int32_t outer = (int32_t)i - 1;
        while (outer >= 0 && !is_around(&allows[outer], &allows[i]))
            outer = allows[outer].outer;
        allows[i].outer = outer;
    }
}

bool allows_silence(const ProgramAllow *allows, size_t count, const char *code, uint32_t at)
{
    size_t low = 0, high = count;

    while (low < high) { /* behind the last of the code that begins before */
        size_t middle = (low + high) / 2;
        int order = strcmp(allows[middle].code, code);
        if (order < 0 || (order == 0 && allows[middle].where.start <= at))
            low = middle + 1;
        else
            high = middle;
    }
    int32_t found = (int32_t)low - 1;
    if (found < 0 || strcmp(allows[found].code, code) != 0)
        return false;
    while (found >= 0 && at > allows[found].where.end)
        found = allows[found].outer;
    return found >= 0;
}

bool program_allows(const Program *program, const char *code, uint32_t at)
{
    return allows_silence(program->allows, program->allow_count, code, at);
}
