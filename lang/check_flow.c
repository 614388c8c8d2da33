/* What nobody reaches or uses: transitions that nothing runs, messages that nobody sends, releases
 * of what nobody makes, names that nothing mentions. Only looked for in a program without errors.
 */
#include <stdio.h>
#include <string.h>

#include "lang/check.h"

/* ---- transitions and messages ---- */

typedef struct Reached {
    bool *transitions; /* of each: something runs it */
    bool *handlers;
} Reached;

static void reach(Reached *all, uint32_t receiver, uint32_t index, bool is_handler)
{
    if (is_handler)
        all[receiver].handlers[index] = true;
    else
        all[receiver].transitions[index] = true;
}

/* What a test sends, an operator may send as well. */
static void reach_by_tests(const Model *model, Reached *all)
{
    for (const Test *test = model->ast->tests; test != NULL; test = test->next)
        for (const TestStep *step = test->simulate; step != NULL; step = step->next)
            if (step->kind == STEP_SEND)
                reach(all, step->statement->slot, step->statement->transition,
                      step->statement->to_handler);
}

static Reached *reached_make(Checker *checker)
{
    const Model *model = checker->model;
    Reached *all = arena_array(checker->arena, Reached, model->domain_count);

    for (size_t i = 0; i < model->domain_count; i++) {
        const ModelDomain *domain = &model->domains[i];
        all[i].transitions = arena_array(checker->arena, bool, domain->transition_count);
        all[i].handlers = arena_array(checker->arena, bool, domain->handler_count);
    }
    for (size_t i = 0; i < model->message_count; i++) {
        const MessageUse *use = &model->messages[i];
        reach(all, use->receiver, use->transition, use->to_handler);
    }
    reach_by_tests(model, all);
    return all;
}

/* Goals without a strategy share one list of transitions. */
static void reach_by_goals(const ModelDomain *domain, bool *transitions)
{
    bool shared_seen = false;

    for (size_t i = 0; i < domain->goal_count; i++) {
        const ProgramGoal *goal = &domain->goals[i];
        if (goal->fallback >= 0)
            transitions[goal->fallback] = true;
        if (!goal->has_strategy && shared_seen)
            continue;
        shared_seen = shared_seen || !goal->has_strategy;
        for (size_t t = 0; t < goal->transition_count; t++)
            transitions[goal->transitions[t]] = true;
    }
}

static void warn_of_transition(Checker *checker, const ModelDomain *domain, size_t index)
{
    const Transition *tree = domain->transition_trees[index];
    bool asks = tree->parameters != NULL;
    Diagnostic *d = check_report(checker, SEVERITY_WARNING, "V-WRN-028", tree->name.span,
                                 "nothing in the program runs transition '%s'", tree->name.text);

    d->consequence = asks ? "it takes parameters, so only a message could, and nobody sends one"
                          : "it is in no goal's strategy, and nobody sends it";
    d->remedy = asks ? arena_format(checker->arena, "write `send %s %s(...)` in a slice",
                                    domain->ast->name.text, tree->name.text)
                     : "add it to a goal's strategy, or send it";
}

static void warn_of_handler(Checker *checker, const ModelDomain *domain, size_t index)
{
    const Handler *tree = domain->handler_trees[index];
    Diagnostic *d = check_report(checker, SEVERITY_WARNING, "V-WRN-028", tree->event.span,
                                 "nobody sends message '%s'", tree->event.text);

    d->consequence = "this handler never runs";
    d->remedy = arena_format(checker->arena, "write `send %s %s(...)` in a slice",
                             domain->ast->name.text, tree->event.text);
}

/* A domain without goals does nothing by itself: its transitions are for whoever sends, an operator
 * for one. */
static void check_reached(Checker *checker)
{
    const Model *model = checker->model;
    Reached *all = reached_make(checker);

    for (size_t i = 0; i < model->domain_count; i++) {
        const ModelDomain *domain = &model->domains[i];
        reach_by_goals(domain, all[i].transitions);
        for (size_t t = 0; t < domain->transition_count; t++)
            if (!all[i].transitions[t] && domain->boot != (int32_t)t && domain->goal_count > 0)
                warn_of_transition(checker, domain, t);
        for (size_t h = 0; h < domain->handler_count; h++)
            if (!all[i].handlers[h] && domain->handlers[h].kind == ON_MESSAGE)
                warn_of_handler(checker, domain, h);
    }
}

/* ---- releases ---- */

#define EFFECT_KEY_MAX 600

static void effect_key(const EffectUse *use, char key[EFFECT_KEY_MAX])
{
    snprintf(key, EFFECT_KEY_MAX, "%u %s.%s", use->domain,
             use->provider != NULL ? use->provider : "", use->effect);
}

static void warn_of_release(Checker *checker, const EffectUse *use)
{
    Diagnostic *d = check_report(checker, SEVERITY_WARNING, "V-WRN-029", use->span,
                                 "domain '%s' makes nothing with '%s' that this could release",
                                 checker->model->domains[use->domain].ast->name.text, use->effect);

    d->consequence = "a domain releases its own objects only, so this does nothing";
    d->remedy = "write it in the domain whose `emit` makes the object";
}

static bool releases_any(const Model *model)
{
    for (size_t i = 0; i < model->use_count; i++)
        if (model->uses[i].releases)
            return true;
    return false;
}

static void check_releases(Checker *checker)
{
    const Model *model = checker->model;
    char key[EFFECT_KEY_MAX];
    Map made = {0};

    if (!releases_any(model))
        return;
    for (size_t i = 0; i < model->use_count; i++)
        if (!model->uses[i].releases) {
            effect_key(&model->uses[i], key);
            map_put(&made, key, &made);
        }
    for (size_t i = 0; i < model->use_count; i++) {
        if (!model->uses[i].releases)
            continue;
        effect_key(&model->uses[i], key);
        if (map_get(&made, key) == NULL)
            warn_of_release(checker, &model->uses[i]);
    }
    map_deinit(&made);
}

/* ---- names ---- */

static void lint_name(Checker *checker, Span span, const char *kind, const char *name)
{
    Diagnostic *d =
        check_report(checker, SEVERITY_LINT, "V-LNT-007", span, "nothing uses %s '%s'", kind, name);

    d->remedy = "remove it, or `export` it for other files";
}

static void lint_unused(Checker *checker, const Map *names)
{
    static const char *const kinds[] = {
        [DECLARED_CONSTANT] = "constant", [DECLARED_FUNCTION] = "function",
        [DECLARED_RECORD] = "record",     [DECLARED_ENUM] = "enum",
        [DECLARED_EFFECT] = "effect",     [DECLARED_ENVIRONMENT] = "environment",
    };

    for (const MapEntry *entry = map_next(names, NULL); entry != NULL;
         entry = map_next(names, entry))
        for (const Declaration *d = entry->value; d != NULL; d = d->next)
            if (!d->used && !d->declared->exported)
                lint_name(checker, d->span, kinds[d->kind], d->name);
}

static void lint_unused_events(Checker *checker)
{
    for (size_t i = 0; i < checker->model->event_count; i++) {
        const ModelEvent *event = &checker->model->events[i];
        if (!event->emitted && !event->handled && !event->declared->declared.exported)
            lint_name(checker, event->declared->name.span, "event", event->name);
    }
}

void check_flow(Checker *checker)
{
    check_reached(checker);
    check_releases(checker);
    lint_unused(checker, &checker->model->names);
    lint_unused(checker, &checker->model->effect_names);
    lint_unused(checker, &checker->model->environment_names);
    lint_unused_events(checker);
}
