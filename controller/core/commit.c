/* The commit of a slice: state, events and messages become visible together. */
#include <string.h>

#include "controller/core/apply.h"
#include "controller/core/convergence.h"
#include "lang/base/memory.h"

/* ---- delivery ---- */

static void deliver(Instance *receiver, bool is_event, uint32_t target, uint32_t from, bool high,
                    const Emission *emission, uint64_t slice)
{
    Runtime *runtime = receiver->runtime;
    Message *message = message_new(runtime->next_message++, is_event, target, from, high,
                                   emission->arguments, emission->argument_count);

    message->parent = slice;
    mailbox_put(&receiver->mailbox, message);
    convergence_spoke(receiver, from);
    instance_touch(receiver);
}

static void retain(Runtime *runtime, uint32_t from, const Emission *emission)
{
    Retained *slot = NULL;

    for (size_t i = 0; i < runtime->retained_count && slot == NULL; i++)
        if (runtime->retained[i].event == emission->event && runtime->retained[i].domain == from)
            slot = &runtime->retained[i];
    if (slot == NULL) {
        memory_reserve_one(runtime->retained, runtime->retained_count, runtime->retained_capacity);
        slot = &runtime->retained[runtime->retained_count++];
        *slot = (Retained){.event = emission->event, .domain = from};
    }
    values_free(slot->arguments, slot->argument_count);
    slot->arguments = values_clone(emission->arguments, emission->argument_count);
    slot->argument_count = emission->argument_count;
}

static void broadcast(Instance *sender, const Emission *emission, uint64_t slice)
{
    Runtime *runtime = sender->runtime;

    for (size_t i = 0; i < runtime->instance_count; i++)
        if (domain_find_handler(runtime->instances[i]->domain, emission->event) >= 0)
            deliver(runtime->instances[i], true, emission->event, sender->domain_index, false,
                    emission, slice);
    retain(runtime, sender->domain_index, emission);
}

static void emit_all(Instance *sender, const Emission *emissions, size_t count, uint64_t slice)
{
    Runtime *runtime = sender->runtime;

    for (size_t i = 0; i < count; i++) {
        const Emission *emission = &emissions[i];
        Instance *receiver;
        switch (emission->kind) {
        case OUTPUT_EVENT:
            broadcast(sender, emission, slice);
            break;
        case OUTPUT_MESSAGE:
            receiver = runtime_find(runtime, runtime->program->domains[emission->domain].name);
            if (receiver != NULL)
                deliver(receiver, false, emission->transition, sender->domain_index, emission->high,
                        emission, slice);
            break;
        case OUTPUT_SPAWN:
        case OUTPUT_STOP:
        case OUTPUT_LOG:
        case OUTPUT_EFFECT:
        case OUTPUT_RELEASE:
            break;
        }
    }
}

/* ---- the commit of a slice ---- */

bool fields_change(Instance *instance, const FieldChange *changes, size_t count)
{
    bool changed = false;

    for (size_t i = 0; i < count; i++) {
        Value *field = &instance->fields[changes[i].field];
        if (value_equal(*field, changes[i].value))
            continue;
        value_free(*field);
        *field = value_clone(changes[i].value);
        changed = true;
    }
    if (changed) {
        instance->version++;
        instance_fields_changed(instance);
    }
    return changed;
}

static char *message_describe(const Instance *instance, const Message *message)
{
    const Program *program = instance->runtime->program;
    const char *from = program->domains[message->from].name;

    if (message->is_event)
        return memory_format("event %s from %s", program->events[message->target].name, from);
    return memory_format("message %s from %s", instance->domain->transitions[message->target].name,
                         from);
}

void run_remove(Instance *instance, uint32_t index)
{
    Run *run = &instance->runs[index];

    values_free(run->arguments, run->argument_count);
    memmove(run, run + 1, (instance->run_count - index - 1) * sizeof *run);
    instance->run_count--;
}

/* The last slice has committed. */
static void run_close(Instance *instance, uint32_t index)
{
    const Run *run = &instance->runs[index];
    TransitionMark *mark = &instance->transitions[run->transition];

    if (run->began == instance->field_digest) {
        mark->blocked = true;
        mark->blocked_version = instance->version;
    }
    if (run->kind == CAUSE_BOOT)
        instance->booted = true;
    if (run->kind == CAUSE_FALLBACK && run->goal >= 0)
        instance->goals[run->goal].fallback_done = true;
    deeds_forget(instance, instance->domain->transitions[run->transition].name);
    run_remove(instance, index);
}

/* Open a run for the first slice of a transition; its index. */
static uint32_t run_open(Instance *instance, const Cause *cause, const Message *message)
{
    Run run = {.transition = (uint32_t)cause->transition,
               .goal = cause->goal,
               .kind = cause->kind,
               .began = instance->field_digest};

    if (message != NULL) {
        run.arguments = values_clone(message->arguments, message->argument_count);
        run.argument_count = message->argument_count;
    }
    memory_reserve_one(instance->runs, instance->run_count, instance->run_capacity);
    instance->runs[instance->run_count] = run;
    return (uint32_t)instance->run_count++;
}

void count_turn(Instance *instance, const Cause *cause)
{
    if (cause->kind == CAUSE_MESSAGE)
        instance->handlers_in_row++;
    else
        instance->handlers_in_row = 0;
}

/* The message a slice consumed leaves the mailbox; the caller owns it. */
static Message *consume(Instance *instance, const Cause *cause)
{
    if (cause->message == 0)
        return NULL;
    string_set(&instance->handler_reason, NULL);
    return mailbox_take(&instance->mailbox, cause->message);
}

static void transition_succeeded(Instance *instance, const Cause *cause)
{
    TransitionMark *mark = &instance->transitions[cause->transition];

    mark->failures = 0;
    mark->due_ms = 0;
    mark->faulted = false;
    string_set(&mark->reason, NULL);
    if (cause->goal >= 0)
        instance->goals[cause->goal].last_transition = cause->transition;
}

void slice_commit(Instance *instance, const Cause *cause, const FieldChange *changes,
                  size_t change_count, const Emission *emissions, size_t emission_count,
                  uint64_t slice)
{
    Message *message = consume(instance, cause);
    bool runs = cause->transition >= 0;
    uint32_t run = cause->run;

    if (runs && cause->kind != CAUSE_RUN)
        run = run_open(instance, cause, message);
    if (fields_change(instance, changes, change_count) && message != NULL) {
        free(instance->unlocked_by);
        instance->unlocked_by = message_describe(instance, message);
    }
    if (runs) {
        transition_succeeded(instance, cause);
        instance->runs[run].next_step = cause->step + 1;
        if (cause->step + 1 == instance->domain->transitions[cause->transition].slice_count)
            run_close(instance, run);
    }
    if (cause->handler >= 0)
        deeds_forget(instance, instance->runtime->program
                                   ->events[instance->domain->handlers[cause->handler].event]
                                   .name);
    count_turn(instance, cause);
    emit_all(instance, emissions, emission_count, slice);
    message_free(message);
}

static bool has_handled(const Instance *instance, const char *name)
{
    int event = instance != NULL ? program_find_event(instance->runtime->program, name) : -1;

    return event >= 0 && domain_find_handler(instance->domain, (uint32_t)event) >= 0;
}

void retained_deliver(Instance *instance, const Instance *before)
{
    const Runtime *runtime = instance->runtime;

    for (size_t i = 0; i < runtime->retained_count; i++) {
        const Retained *retained = &runtime->retained[i];
        Emission emission = {.arguments = retained->arguments,
                             .argument_count = retained->argument_count};
        if (domain_find_handler(instance->domain, retained->event) >= 0 &&
            !has_handled(before, runtime->program->events[retained->event].name))
            deliver(instance, true, retained->event, retained->domain, false, &emission, 0);
    }
}
