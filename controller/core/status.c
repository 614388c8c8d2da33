/* What people are told about goals: derived from the state alone, in one sentence each. */
#include <string.h>

#include "controller/core/crashes.h"
#include "controller/core/dead_letter.h"
#include "controller/core/origin.h"
#include "controller/core/runtime.h"
#include "lang/base/memory.h"

static const char *const status_names[] = {"met",     "unmet",       "unknown", "blocked",
                                           "faulted", "oscillating", "failed"};

const char *goal_status_name(GoalStatus status)
{
    return status_names[status];
}

static bool any_faulted(const Instance *instance, const ProgramGoal *goal)
{
    for (size_t i = 0; i < goal->transition_count; i++)
        if (instance->transitions[goal->transitions[i]].faulted)
            return true;
    return false;
}

static bool all_blocked(const Instance *instance, const ProgramGoal *goal)
{
    for (size_t i = 0; i < goal->transition_count; i++)
        if (!transition_is_blocked(instance, goal->transitions[i]))
            return false;
    return true;
}

/* Some transition that serves it is blocked by what it saw outside, too. */
static bool any_saw_facts(const Instance *instance, const ProgramGoal *goal)
{
    for (size_t i = 0; i < goal->transition_count; i++)
        if (instance->transitions[goal->transitions[i]].facts.count > 0)
            return true;
    return false;
}

GoalStatus goal_status(const Instance *instance, uint32_t index)
{
    const ProgramGoal *goal = &instance->domain->goals[index];
    const GoalMark *mark = &instance->goals[index];

    if (mark->oscillating)
        return GOAL_OSCILLATING;
    if (mark->truth == TRUTH_UNKNOWN || mark->truth_version == 0 ||
        instance->active->undecided_after != NULL)
        return mark->truth == TRUTH_TRUE ? GOAL_MET : GOAL_UNKNOWN;
    if (mark->truth == TRUTH_TRUE)
        return GOAL_MET;
    if (mark->failed)
        return GOAL_FAILED;
    if (mark->truth == TRUTH_FAULT || any_faulted(instance, goal))
        return GOAL_FAULTED;
    return all_blocked(instance, goal) ? GOAL_BLOCKED : GOAL_UNMET;
}

static const char *handler_describe(const Instance *instance, const Cause *cause, Arena *arena)
{
    const char *where = cause_where(instance, cause);

    switch (instance->domain->handlers[cause->handler].kind) {
    case ON_EVENT:
        return arena_format(arena, "on event %s", where);
    case ON_MESSAGE:
        return arena_format(arena, "on message %s", where);
    case ON_LOST:
    case ON_CHANGED:
    case ON_FAILED:
        return arena_format(arena, "on %s", where);
    }
    return where;
}

static const char *revision_describe(const Instance *instance, const Cause *cause, Arena *arena)
{
    const Origin *origin = origin_find(instance, cause->origin);
    const char *because = origin->because != NULL ? origin->because : "";

    return arena_format(arena, "%s again: %s", cause_describe(instance, &origin->cause, arena),
                        because);
}

const char *cause_describe(const Instance *instance, const Cause *cause, Arena *arena)
{
    const ProgramDomain *domain = instance->domain;
    const char *transition =
        cause->transition >= 0 ? domain->transitions[cause->transition].name : NULL;

    if (cause->kind == CAUSE_REPAIR)
        return "repair of what was lost";
    if (cause->kind == CAUSE_REVISE)
        return revision_describe(instance, cause, arena);
    if (cause->kind == CAUSE_CONDEMN)
        return "destruction of what nothing wants any more";
    if (cause->kind == CAUSE_STOP)
        return "release of what a stopped instance has";
    if (cause->handler >= 0)
        return handler_describe(instance, cause, arena);
    if (cause->timer >= 0)
        return arena_format(arena, "timer %s", cause_where(instance, cause));
    if (cause->kind == CAUSE_MESSAGE)
        return arena_format(arena, "message %s", transition);
    if (cause->goal >= 0 && cause->kind != CAUSE_BOOT)
        return arena_format(arena, "%s %s; transition %s",
                            cause->kind == CAUSE_FALLBACK ? "fallback of goal" : "goal",
                            domain->goals[cause->goal].name, transition);
    return arena_format(arena, "transition %s", transition);
}

/* ---- sentences ---- */

char *instance_stuck(const Instance *instance)
{
    cleanup(free) char *label = instance_label(instance);

    if (instance_is_down(instance))
        return memory_format("domain %s is down: the process died %d times within a minute in its "
                             "slices, the last time by %s; `ved resume %s`, an edit of it or the "
                             "next `ved apply` lets it run again",
                             label, CRASHES_MAX + 1, instance->has->crashes->reason, label);
    if (dead_letters_are_full(instance))
        return memory_format("domain %s hears nothing more: it has %zu dead letters, and may have "
                             "%d; `ved get deadletters` prints them with their reasons, and `ved "
                             "redeliver %s` puts them back",
                             label, instance->has->dead_letter_count, DEAD_LETTERS_MAX, label);
    return NULL;
}

char *instance_unbegun(const Instance *instance)
{
    int32_t boot = instance->domain->boot;

    if (boot < 0 || instance->booted || instance->stopping)
        return NULL;
    cleanup(free) char *label = instance_label(instance);
    const char *reason = instance->transitions[boot].reason;
    return memory_format("domain %s has not begun: %s %s%s", label,
                         instance->domain->transitions[boot].name,
                         reason != NULL ? "was not completed, because " : "is not completed",
                         reason != NULL ? reason : "");
}

/* The fact that keeps a transition of the goal, or the message that its domain hears next, from
 * being run; NULL: none does. */
static const Fact *fact_missing(const Instance *instance, const ProgramGoal *goal)
{
    const ProgramDomain *domain = instance->domain;
    const Fact *fact = NULL;

    for (size_t i = 0; i < goal->transition_count && fact == NULL; i++) {
        const ProgramTransition *transition = &domain->transitions[goal->transitions[i]];
        if (!fact_is_lacked(instance, instance->transitions[goal->transitions[i]].lacks))
            continue;
        for (size_t k = 0; k < transition->slice_count && fact == NULL; k++)
            fact = code_lacks(instance, transition->slices[k]);
    }
    if (!fact_is_lacked(instance, instance->active->message_lacks))
        return fact;
    for (size_t i = 0; i < domain->handler_count && fact == NULL; i++)
        fact = code_lacks(instance, domain->handlers[i].code);
    return fact;
}

static char *explain_unknown(const Instance *instance, const ProgramGoal *goal, const char *subject)
{
    const Fact *fact = code_lacks(instance, goal->predicate);

    if (fact != NULL && !fact_is_predicted(instance->runtime, fact)) {
        cleanup(free) char *why = fact_explain(fact);
        return memory_format("%s is unknown: %s", subject, why);
    }
    return memory_format("%s is unknown: it is decided after %s", subject,
                         instance->active->undecided_after != NULL
                             ? instance->active->undecided_after
                             : "an effect's result is known");
}

/* An event the domain handles, has not heard, and somebody could send. */
static const char *event_missing(const Instance *instance, bool *ret_emitted)
{
    const Program *program = instance->runtime->program;

    for (size_t i = 0; i < instance->domain->handler_count; i++) {
        uint32_t event = instance->domain->handlers[i].event;
        if (instance->domain->handlers[i].kind != ON_EVENT || !program->events[event].retained)
            continue;
        bool heard = false;
        for (size_t k = 0; k < instance->runtime->retained_count; k++)
            heard |= instance->runtime->retained[k].event == event;
        if (!heard) {
            *ret_emitted = program->events[event].emitted;
            return program->events[event].name;
        }
    }
    return NULL;
}

static const char *failure_reason(const Instance *instance, const ProgramGoal *goal)
{
    for (size_t i = 0; i < goal->transition_count; i++)
        if (instance->transitions[goal->transitions[i]].reason != NULL)
            return instance->transitions[goal->transitions[i]].reason;
    return instance->has->handler_reason;
}

/* A timer that is due by itself; NULL: there is none. */
static const char *timer_awaited(const Instance *instance)
{
    const ProgramDomain *domain = instance->domain;

    for (size_t i = 0; i < domain->timer_count; i++)
        if (instance_timers(instance)[i].due_ms != 0 && !domain->timers[i].repeats)
            return domain->timers[i].text;
    return NULL;
}

static char *explain_unmet(const Instance *instance, const ProgramGoal *goal, const char *subject)
{
    const char *reason = failure_reason(instance, goal);
    const Fact *fact = fact_missing(instance, goal);
    bool emitted = false;
    cleanup(free) char *stuck = instance_stuck(instance);

    if (stuck != NULL)
        return memory_format("%s is unmet: %s", subject, stuck);
    if (instance->active->waits_for != NULL)
        return memory_format("%s waits for a resource of effect %s, which a binding refers to and "
                             "which does not exist yet",
                             subject, instance->active->waits_for);
    if (fact != NULL) {
        cleanup(free) char *why = fact_explain(fact);
        return memory_format("%s waits: %s", subject, why);
    }
    if (mailbox_count(&instance->active->mailbox) > 0 && reason == NULL)
        return memory_format(
            "%s is unmet, with %zu messages of its domain not handled yet: the run "
            "ended before",
            subject, mailbox_count(&instance->active->mailbox));
    if (instance->active->puts_off_for != NULL)
        return memory_format("%s waits for room in the mailbox of domain %s", subject,
                             instance->active->puts_off_for->domain->name);
    if (reason != NULL)
        return memory_format("%s is unmet because %s", subject, reason);
    const char *timer = timer_awaited(instance);
    if (timer != NULL)
        return memory_format("%s waits for `%s`", subject, timer);
    const char *event = event_missing(instance, &emitted);
    if (event != NULL)
        return memory_format("%s waits for event %s, which %s", subject, event,
                             emitted ? "has not been sent" : "nothing in the program sends");
    if (goal->transition_count == 0)
        return memory_format("%s has no transition that serves it: %s", subject, goal->text);
    if (all_blocked(instance, goal))
        return memory_format(
            "%s waits for a change of its state%s: every transition that serves it "
            "ran and left the state as it was (%s)",
            subject, any_saw_facts(instance, goal) ? " or its facts" : "", goal->text);
    return memory_format("%s is unmet: %s", subject, goal->text);
}

char *goal_explain(const Instance *instance, uint32_t index)
{
    const ProgramGoal *goal = &instance->domain->goals[index];
    cleanup(free) char *label = instance_label(instance);
    cleanup(free) char *subject = memory_format("goal %s.%s", label, goal->name);
    const char *reason = failure_reason(instance, goal);

    switch (goal_status(instance, index)) {
    case GOAL_MET:
        return memory_format("%s is met", subject);
    case GOAL_UNKNOWN:
        return explain_unknown(instance, goal, subject);
    case GOAL_OSCILLATING:
        if (convergence_rests(instance) != NULL &&
            strcmp(convergence_rests(instance), "diverging") == 0)
            return memory_format("%s is not reached: its domain has run --max-slices slices since "
                                 "anything came from outside and is stopped as diverging, which is "
                                 "not a proof (%s)",
                                 subject, goal->text);
        return memory_format("%s oscillates: the same state comes again and again without anything "
                             "from outside (%s)",
                             subject, goal->text);
    case GOAL_FAILED:
        return memory_format("%s failed: its terminate_after was reached%s%s", subject,
                             reason != NULL ? ", last because " : "", reason != NULL ? reason : "");
    case GOAL_FAULTED:
        return memory_format("%s is faulted because %s", subject,
                             reason != NULL ? reason : "its predicate faults");
    case GOAL_BLOCKED:
    case GOAL_UNMET:
        return explain_unmet(instance, goal, subject);
    }
    return NULL;
}
