/* Goals: what serves them, and the transition that runs first. */
#include <string.h>

#include "lang/check.h"

static int goal_transition(Checker *checker, Name name, const char *role)
{
    ModelDomain *domain = checker->domain;
    int index = model_find(&domain->transition_names, name.text);

    if (name.text == NULL)
        return -1;
    if (index < 0) {
        check_unknown(checker, "V-ERR-023", "transition", name, &domain->transition_names, NULL);
        return -1;
    }
    if (domain->transitions[index].parameter_count > 0) {
        Diagnostic *d =
            check_report(checker, SEVERITY_ERROR, "V-ERR-023", name.span,
                         "'%s' takes parameters, so it cannot be a %s", name.text, role);
        check_note(checker, d, domain->transition_trees[index]->name.span, "it is declared here");
        d->consequence = "nobody would give it their values";
    }
    return index;
}

static void goal_strategy(Checker *checker, const Goal *tree, ProgramGoal *goal, bool *in_strategy)
{
    uint32_t *transitions = arena_array(checker->arena, uint32_t, tree->strategy_count);
    size_t count = 0;

    for (size_t i = 0; i < tree->strategy_count; i++) {
        int index = goal_transition(checker, tree->strategy[i], "strategy");
        if (index < 0)
            continue;
        transitions[count++] = (uint32_t)index;
        in_strategy[index] = true;
    }
    goal->transitions = transitions;
    goal->transition_count = count;
    goal->has_strategy = tree->has_strategy;
    goal->fallback = goal_transition(checker, tree->fallback, "fallback");
    if (goal->fallback >= 0)
        in_strategy[goal->fallback] = true;
}

/* Those that serve a goal without a strategy: no parameters, not Boot, in nobody's strategy or
 * fallback. */
static void default_strategy(Checker *checker, const bool *in_strategy)
{
    ModelDomain *domain = checker->domain;
    uint32_t *transitions = arena_array(checker->arena, uint32_t, domain->transition_count);
    size_t count = 0;

    for (size_t i = 0; i < domain->transition_count; i++)
        if (domain->transitions[i].parameter_count == 0 && !in_strategy[i] &&
            domain->transitions[i].name != NULL && strcmp(domain->transitions[i].name, "Boot") != 0)
            transitions[count++] = (uint32_t)i;
    for (size_t i = 0; i < domain->goal_count; i++) {
        if (domain->goals[i].has_strategy)
            continue;
        domain->goals[i].transitions = transitions;
        domain->goals[i].transition_count = count;
    }
}

static ProgramTerminate goal_terminate(TerminateKind kind)
{
    switch (kind) {
    case TERMINATE_NEVER:
        return GOAL_NEVER;
    case TERMINATE_RETRIES:
        return GOAL_RETRIES;
    case TERMINATE_AFTER:
        return GOAL_AFTER;
    }
    return GOAL_NEVER;
}

#define PRIORITY_NORMAL 100
#define BACKOFF_FIRST_MS 1000
#define BACKOFF_CAP_MS 300000

static ProgramGoal goal_make(Checker *checker, const Goal *tree, size_t ordinal)
{
    const char *name = tree->name.text != NULL ? tree->name.text
                                               : arena_format(checker->arena, "goal_%zu", ordinal);

    return (ProgramGoal){
        .name = name,
        .text = tree->predicate != NULL ? source_line(checker, tree->predicate->span) : "",
        .priority = tree->has_priority ? tree->priority : PRIORITY_NORMAL,
        .terminate = goal_terminate(tree->terminate),
        .terminate_limit = tree->terminate_limit,
        .backoff_first_ms = tree->has_backoff ? tree->backoff_first_ms : BACKOFF_FIRST_MS,
        .backoff_cap_ms = tree->has_backoff ? tree->backoff_cap_ms : BACKOFF_CAP_MS,
        .fallback = -1,
        .span = tree->span};
}

static void domain_goals(Checker *checker, ModelDomain *domain)
{
    size_t count = LIST_COUNT(Goal, domain->ast->goals), i = 0;
    bool *in_strategy = arena_array(checker->arena, bool, domain->transition_count);
    Map names = {.borrows = true};

    domain->goals = arena_array(checker->arena, ProgramGoal, count);
    domain->goal_count = count;
    for (const Goal *tree = domain->ast->goals; tree != NULL; tree = tree->next, i++) {
        domain->goals[i] = goal_make(checker, tree, i + 1);
        const Goal *first = map_put(&names, domain->goals[i].name, (void *)tree);
        if (first != NULL)
            check_taken(checker, "goal",
                        (Name){domain->goals[i].name,
                               tree->name.text != NULL ? tree->name.span : tree->span},
                        first->name.text != NULL ? first->name.span : first->span);
        goal_strategy(checker, tree, &domain->goals[i], in_strategy);
    }
    map_deinit(&names);
    default_strategy(checker, in_strategy);
    int boot = model_find(&domain->transition_names, "Boot");
    if (boot < 0 || in_strategy[boot])
        return;
    domain->boot = boot;
    domain->transitions[boot].is_boot = true;
    if (domain->transitions[boot].parameter_count > 0)
        check_report(checker, SEVERITY_ERROR, "V-ERR-024",
                     domain->transition_trees[boot]->name.span,
                     "'Boot' takes parameters, but nobody gives them at the start");
}

void check_goals(Checker *checker)
{
    for (size_t i = 0; i < checker->model->domain_count; i++) {
        checker->domain = &checker->model->domains[i];
        domain_goals(checker, checker->domain);
    }
}
