/* What only `ved lint --strict` says: right in many programs, and worth a thought in a large one.
 */
#include <string.h>

#include "lang/ast.h"
#include "lang/program.h"

typedef struct Strict {
    const Program *program;
    Diagnostics *diagnostics;
} Strict;

/* A goal of priority 0 never keeps anybody waiting. */
static void check_goal(const Strict *strict, const Domain *domain, const Goal *goal)
{
    if (goal->parts[GOAL_PART_TERMINATE].end != 0 || (goal->has_priority && goal->priority == 0) ||
        program_allows(strict->program, "V-WRN-018", goal->span.start))
        return;
    Diagnostic *d =
        diagnostics_add(strict->diagnostics, SEVERITY_WARNING, "V-WRN-018", goal->span,
                        "this goal of '%s' does not say when it is given up", domain->name.text);
    d->consequence = "an effect of its transitions that fails is never tried again by `apply`, and "
                     "for ever by a controller";
    d->remedy = "write `terminate_after 50 retries`, a time, or `never`";
}

static const BroadcastUse *broadcast_of(const Program *program, uint32_t event)
{
    for (size_t i = 0; i < program->broadcast_count; i++)
        if (program->broadcasts[i].event == event)
            return &program->broadcasts[i];
    return NULL;
}

static void check_handler(const Strict *strict, const ProgramDomain *domain,
                          const ProgramHandler *handler)
{
    const BroadcastUse *use = handler->kind == ON_EVENT && domain->key != NULL
                                  ? broadcast_of(strict->program, handler->event)
                                  : NULL;

    if (use == NULL || program_allows(strict->program, "V-WRN-022", use->span.start))
        return;
    Diagnostic *d = diagnostics_add(strict->diagnostics, SEVERITY_WARNING, "V-WRN-022", use->span,
                                    "this event goes to every instance of '%s'", domain->name);
    diagnostic_note(strict->diagnostics, d, handler->span, "each of them handles it here");
    d->consequence = "with very many instances each broadcast is as many messages";
    d->remedy = "send to the instances that need it: `send D[key] M()`";
}

void program_check_strict(const Program *program, Diagnostics *diagnostics)
{
    const Strict strict = {program, diagnostics};

    if (!program->valid)
        return;
    for (const Domain *domain = program->ast->domains; domain != NULL; domain = domain->next)
        for (const Goal *goal = domain->goals; goal != NULL; goal = goal->next)
            check_goal(&strict, domain, goal);
    for (size_t i = 0; i < program->domain_count; i++)
        for (size_t k = 0; k < program->domains[i].handler_count; k++)
            check_handler(&strict, &program->domains[i], &program->domains[i].handlers[k]);
}
