#include <string.h>

#include "controller/core/apply.h"
#include "lang/base/memory.h"

void run_remove(Instance *instance, uint32_t index)
{
    Run *run = &instance->has->runs[index];

    run_deinit(run);
    memmove(run, run + 1, (instance->has->run_count - index - 1) * sizeof *run);
    instance_holdings(instance)->run_count--;
}

void transition_block(Instance *instance, uint32_t transition, const SeenFacts *facts)
{
    TransitionMark *mark = &instance->transitions[transition];

    mark->blocked = true;
    mark->blocked_version = instance->version;
    seen_facts_deinit(&mark->facts);
    seen_facts_add(&mark->facts, facts);
}

/* The last slice of a transition, handler or timer has committed. */
static void transition_end(Instance *instance, const Cause *whole, bool changed,
                           const SeenFacts *facts)
{
    if (whole->transition >= 0 && !changed)
        transition_block(instance, (uint32_t)whole->transition, facts);
    if (whole->kind == CAUSE_BOOT)
        instance->booted = true;
    if (whole->kind == CAUSE_FALLBACK && whole->goal >= 0)
        instance->goals[whole->goal].fallback_done = true;
}

static void run_close(Instance *instance, uint32_t index)
{
    const Run *run = &instance->has->runs[index];
    Cause whole = {.kind = run->kind, .transition = run->transition, .goal = run->goal};

    transition_end(instance, &whole, run->began != instance_field_digest(instance), &run->facts);
    run_remove(instance, index);
}

static uint32_t run_open(Instance *instance, const Cause *cause, const Message *message)
{
    Run run = {.transition = cause->transition,
               .handler = cause->handler,
               .timer = cause->timer,
               .goal = cause->goal,
               .kind = cause->kind,
               .from = message != NULL ? message->from : instance->domain_index,
               .began = instance_field_digest(instance)};

    if (message != NULL) {
        run.arguments = values_clone(message->arguments, message->argument_count);
        run.argument_count = message->argument_count;
    }
    Holdings *holdings = instance_holdings(instance);
    memory_reserve_one(holdings->runs, holdings->run_count, holdings->run_capacity);
    holdings->runs[holdings->run_count] = run;
    return (uint32_t)holdings->run_count++;
}

static void run_keep(Run *run, const Cause *cause, const Proposal *proposal)
{
    values_free(run->locals, run->local_count);
    run->locals = values_clone(proposal->locals, proposal->local_count);
    run->local_count = proposal->local_count;
    run->yield = proposal->yield;
    run->next_step = cause->step + (proposal->yield == 0);
    run->attempts = 0;
    run->due_ms = 0;
}

static bool run_is_done(const Instance *instance, const Run *run)
{
    if (run->yield != 0)
        return false;
    return run->transition < 0 ||
           run->next_step == instance->domain->transitions[run->transition].slice_count;
}

void run_whole(Instance *instance, const Cause *cause, bool changed, const SeenFacts *facts)
{
    transition_end(instance, cause, changed, facts);
    deeds_forget(instance, cause);
}

uint32_t run_begin(Instance *instance, const Cause *cause, const Message *message)
{
    return cause->kind == CAUSE_RUN ? cause->run : run_open(instance, cause, message);
}

void run_go_on(Instance *instance, uint32_t index, const Cause *cause, const Proposal *proposal,
               const SeenFacts *facts)
{
    trail_set(&instance->has->runs[index].by, instance->runtime->committing);
    seen_facts_add(&instance->has->runs[index].facts, facts);
    run_keep(&instance->has->runs[index], cause, proposal);
    if (!run_is_done(instance, &instance->has->runs[index]))
        return;
    run_close(instance, index);
    deeds_forget(instance, cause);
}

Message *run_message(const Instance *instance, const Run *run)
{
    bool timer = run->timer >= 0;
    MessageKind kind = MESSAGE_TIMER;
    uint32_t target = timer ? (uint32_t)run->timer : (uint32_t)run->handler;
    const ProgramHandler *handler = timer ? NULL : &instance->domain->handlers[run->handler];

    if (handler != NULL && handler->kind == ON_EVENT) {
        kind = MESSAGE_EVENT;
        target = handler->event;
    } else if (handler != NULL) {
        kind = handler->kind == ON_MESSAGE ? MESSAGE_NAMED : MESSAGE_REPORT;
    }
    Message *message = message_new(0, kind, target, run->from, kind == MESSAGE_REPORT,
                                   run->arguments, run->argument_count);
    message->parent = trail_hold(run->by);
    return message;
}
