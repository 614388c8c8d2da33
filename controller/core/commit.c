/* The commit of a slice: state, events and messages become visible together. */
#include <assert.h>
#include <string.h>

#include "controller/core/apply.h"
#include "controller/core/convergence.h"
#include "controller/core/crashes.h"
#include "controller/core/dead_letter.h"
#include "controller/core/origin.h"
#include "lang/base/memory.h"

/* ---- delivery ---- */

Message *message_for(Instance *receiver, MessageKind kind, uint32_t target, uint32_t from,
                     bool high, const Value *arguments, size_t argument_count)
{
    Message *message = message_new(receiver->runtime->next_message++, kind, target, from, high,
                                   arguments, argument_count);

    message->parent = trail_hold(receiver->runtime->committing);
    return message;
}

void message_put(Instance *receiver, Message *message)
{
    if (instance_is_down(receiver)) {
        dead_letter_add(receiver, message, "its domain is down");
        return;
    }
    mailbox_put(&instance_wake(receiver)->mailbox, message);
    instance_touch(receiver);
    instance_changed(receiver);
}

void deliver(Instance *receiver, MessageKind kind, uint32_t target, uint32_t from, bool high,
             const Value *arguments, size_t argument_count)
{
    message_put(receiver,
                message_for(receiver, kind, target, from, high, arguments, argument_count));
}

Message *message_take(Instance *instance, uint64_t id)
{
    Message *message = mailbox_take(&instance_wake(instance)->mailbox, id);

    if (message != NULL && message->kind == MESSAGE_TIMER)
        instance_timers(instance)[message->target].waits = false;
    return message;
}

/* By what another domain says, of which the receiver learns something new: they loop together, if
 * they do. */
static void deliver_emission(Instance *receiver, MessageKind kind, uint32_t target,
                             Instance *sender, const Emission *emission)
{
    Message *message = message_for(receiver, kind, target, sender->domain_index, emission->high,
                                   emission->arguments, emission->argument_count);

    if (emission->travels || emission->unsaid)
        message_travel(message, emission->former, emission->former_count, emission->unsaid);
    message_put(receiver, message);
    convergence_spoke(receiver, sender);
}

static void retain(Runtime *runtime, uint32_t from, const Emission *emission)
{
    Retained *slot = NULL;

    if (!runtime->program->events[emission->event].retained)
        return;
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
    trail_set(&slot->by, runtime->committing);
}

/* Nobody who comes later is told of it. */
static void retain_not(Runtime *runtime, uint32_t from, uint32_t event, const Value *arguments,
                       size_t count)
{
    for (size_t i = 0; i < runtime->retained_count; i++) {
        Retained *slot = &runtime->retained[i];
        if (slot->event != event || slot->domain != from ||
            !values_equal(slot->arguments, slot->argument_count, arguments, count))
            continue;
        values_free(slot->arguments, slot->argument_count);
        trail_release(slot->by);
        memmove(slot, slot + 1, (--runtime->retained_count - i) * sizeof *slot);
        return;
    }
}

void event_withdraw(Runtime *runtime, uint32_t from, uint32_t event, const Value *arguments,
                    size_t count)
{
    retain_not(runtime, from, event, arguments, count);
    memory_reserve_one(runtime->withdrawn, runtime->withdrawn_count, runtime->withdrawn_capacity);
    runtime->withdrawn[runtime->withdrawn_count++] =
        (Withdrawn){++runtime->logical_time, event, values_clone(arguments, count), count};
}

/* The first of that event that was withdrawn; SIZE_MAX: there is none, or this is about another. */
static size_t withdrawn_find(const Runtime *runtime, const Emission *emission)
{
    for (size_t i = 0; !emission->travels && !emission->unsaid && i < runtime->withdrawn_count; i++)
        if (runtime->withdrawn[i].event == emission->event)
            return i;
    return SIZE_MAX;
}

static void event_deliver(Instance *sender, const Emission *emission, const Withdrawn *withdrawn)
{
    const Runtime *runtime = sender->runtime;
    Emission replacing = *emission;

    if (withdrawn != NULL) {
        replacing.travels = true;
        replacing.former = withdrawn->arguments;
        replacing.former_count = withdrawn->argument_count;
    }
    for (size_t d = 0; d < runtime->program->domain_count; d++)
        if (domain_find_handler(&runtime->program->domains[d], emission->event) >= 0)
            for (Instance *i = runtime->domains[d].instances.first; i != NULL;
                 i = link_next(i, LIST_DOMAIN))
                deliver_emission(i, MESSAGE_EVENT, emission->event, sender,
                                 withdrawn != NULL && i->started < withdrawn->at ? &replacing
                                                                                 : emission);
}

/* In the place of one that was withdrawn, to those who have heard that. */
static void broadcast(Instance *sender, const Emission *emission)
{
    Runtime *runtime = sender->runtime;
    size_t at = withdrawn_find(runtime, emission);

    event_deliver(sender, emission, at != SIZE_MAX ? &runtime->withdrawn[at] : NULL);
    if (at != SIZE_MAX) {
        Withdrawn *withdrawn = &runtime->withdrawn[at];
        values_free(withdrawn->arguments, withdrawn->argument_count);
        memmove(withdrawn, withdrawn + 1, (--runtime->withdrawn_count - at) * sizeof *withdrawn);
    }
    if (emission->unsaid)
        retain_not(runtime, sender->domain_index, emission->event, emission->former,
                   emission->former_count);
    else
        retain(runtime, sender->domain_index, emission);
}

/* Delivering what a slice has put out, in order. */
typedef struct Delivery {
    Instance *sender;
    const Record *record;
    size_t begun; /* of the record's starts, which stand in the order in which they are needed */
} Delivery;

/* The instance that the emission is for, which begins now if it is not there. */
static Instance *receiver_of(Delivery *delivery, const Emission *emission)
{
    Runtime *runtime = delivery->sender->runtime;
    Instance *receiver = emission_receiver(runtime, emission);

    if (receiver == NULL && emission->key != NULL &&
        delivery->begun < delivery->record->start_count)
        receiver = instance_begin(runtime, &delivery->record->starts[delivery->begun++]);
    return receiver;
}

static void send(Delivery *delivery, const Emission *emission)
{
    Instance *receiver = receiver_of(delivery, emission);

    if (receiver != NULL)
        deliver_emission(receiver, emission->to_handler ? MESSAGE_NAMED : MESSAGE_TRANSITION,
                         emission->transition, delivery->sender, emission);
}

static void emit_all(Instance *sender, const Proposal *proposal, const Record *record)
{
    Delivery delivery = {.sender = sender, .record = record};

    for (size_t i = 0; i < proposal->emission_count; i++) {
        const Emission *emission = &proposal->emissions[i];
        if (emission->same)
            continue;
        switch (emission->kind) {
        case OUTPUT_EVENT:
            broadcast(sender, emission);
            break;
        case OUTPUT_MESSAGE:
            send(&delivery, emission);
            break;
        case OUTPUT_SPAWN:
            receiver_of(&delivery, emission);
            break;
        case OUTPUT_STOP:
            sender->stopping = true;
            break;
        case OUTPUT_LOG:
        case OUTPUT_EFFECT: /* these two are intents */
        case OUTPUT_RELEASE:
            break;
        }
    }
}

Instance *instance_begin(Runtime *runtime, const InstanceStart *start)
{
    Instance *instance = instance_new(runtime, start->domain, start->key);

    for (size_t i = 0; i < instance->domain->field_count; i++) {
        value_free(instance->fields[i]);
        instance->fields[i] = value_clone(start->fields[i]);
    }
    trail_set(&instance->trail, runtime->committing);
    timers_apply(instance, start->timers, start->timer_count);
    retained_deliver(instance, NULL);
    return instance;
}

/* ---- the commit of a slice ---- */

void commit_begin(Instance *instance, const Cause *cause, const Record *record)
{
    instance->runtime->committing = trail_make(instance, cause, record->slice, record->time_ms);
}

void commit_end(Runtime *runtime)
{
    trail_set(&runtime->committing, NULL);
}

/* `because`: the changes are followed; see origins_follow(). NULL: they are what the domain does by
 * itself. True if any value is another one now. */
static bool fields_change(Instance *instance, const Proposal *proposal, const char *because)
{
    bool changed = false;

    for (size_t i = 0; i < proposal->change_count; i++) {
        const FieldChange *change = &proposal->changes[i];
        Value *field = &instance->fields[change->field];
        if (change->left || value_equal(*field, change->value))
            continue;
        if (because != NULL)
            origins_follow(instance, change->field, change->value, because);
        value_free(*field);
        *field = value_clone(change->value);
        changed = true;
    }
    if (changed) {
        trail_set(&instance->trail, instance->runtime->committing);
        instance->version++;
    }
    return changed;
}

static char *message_describe(const Instance *instance, const Message *message)
{
    return message_words(message->kind, message_name(instance, message),
                         instance->runtime->program->domains[message->from].name);
}

/* The message has changed its state. The same ones do so again and again: their words are kept. */
static void unlocked(Instance *instance, const Message *message)
{
    const char *name = message_name(instance, message);
    uint64_t hash = hash_mix((uintptr_t)name + ((uint64_t)message->from << 3) + message->kind);
    Unlocking *last = &instance->runtime->unlockings[hash % UNLOCKINGS];

    if (name != last->name || message->from != last->from || message->kind != last->kind) {
        cleanup(free) char *text = message_describe(instance, message);
        *last =
            (Unlocking){message->kind, message->from, name, runtime_text(instance->runtime, text)};
    }
    instance->unlocked_by = last->text;
}

void count_turn(Instance *instance, const Cause *cause)
{
    crashes_pass(instance);
    if (cause->kind != CAUSE_MESSAGE)
        instance->handlers_in_row = 0;
    else if (instance->handlers_in_row < HANDLERS_IN_ROW_MAX)
        instance->handlers_in_row++;
}

/* The message a slice consumed leaves the mailbox; the caller owns it. */
static Message *consume(Instance *instance, const Cause *cause)
{
    if (cause->message == 0)
        return NULL;
    if (instance->has->handler_reason != NULL)
        string_set(&instance_holdings(instance)->handler_reason, NULL);
    return message_take(instance, cause->message);
}

static void transition_succeeded(Instance *instance, const Cause *cause)
{
    TransitionMark *mark = &instance->transitions[cause->transition];

    mark->failures = 0;
    mark->due_ms = 0;
    mark->faulted = false;
    if (mark->reason != NULL)
        string_set(&mark->reason, NULL);
    if (cause->goal >= 0)
        instance->goals[cause->goal].last_transition = cause->transition;
}

/* A transition that is begun and at its end: no run of it is ever seen. */
static bool is_whole(const Instance *instance, const Cause *cause, const Proposal *proposal)
{
    return cause->kind != CAUSE_RUN && cause->transition >= 0 && proposal->yield == 0 &&
           instance->domain->transitions[cause->transition].slice_count == 1;
}

/* A transition has runs; a handler or timer only if it yields. */
static bool has_run(const Cause *cause, const Proposal *proposal)
{
    return cause->transition >= 0 || cause->kind == CAUSE_RUN || proposal->yield != 0;
}

/* It has been computed again: nothing of what it consumed, or of the run that it was part of, is
 * done a second time. */
static void revision_commit(Instance *instance, const Cause *cause, const Proposal *proposal,
                            const Record *record)
{
    cleanup(free) char *because =
        memory_format("%s was computed again", cause_where(instance, cause));

    fields_change(instance, proposal, because);
    emit_all(instance, proposal, record);
    timers_apply(instance, record->timers, record->timer_count);
}

void slice_commit(Instance *instance, const Cause *cause, const Proposal *proposal,
                  const SeenFacts *facts, const Record *record)
{
    if (cause->kind == CAUSE_REVISE) {
        revision_commit(instance, cause, proposal, record);
        return;
    }
    Message *message = consume(instance, cause);
    bool whole = is_whole(instance, cause, proposal);
    bool runs = !whole && has_run(cause, proposal);
    uint32_t run = runs ? run_begin(instance, cause, message) : 0;
    bool travels = message != NULL && message->travels;
    cleanup(free) char *because = travels ? message_describe(instance, message) : NULL;

    bool changed = fields_change(instance, proposal, because);
    if (changed && message != NULL)
        unlocked(instance, message);
    if (cause->transition >= 0)
        transition_succeeded(instance, cause);
    if (whole)
        run_whole(instance, cause, changed, facts);
    else if (runs)
        run_go_on(instance, run, cause, proposal, facts);
    else
        deeds_forget(instance, cause);
    count_turn(instance, cause);
    emit_all(instance, proposal, record);
    timers_apply(instance, record->timers, record->timer_count);
    message_free(message);
}

void message_heard(Instance *instance, const Cause *cause)
{
    Message *message = consume(instance, cause);

    if (message == NULL)
        return;
    cleanup(free) char *because = message_describe(instance, message);
    Origin *origin = origin_that_handled(instance, cause_where(instance, cause), message->former,
                                         message->former_count);
    if (origin != NULL)
        origin_hear(instance, origin, message, because);
    count_turn(instance, cause);
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
        if (domain_find_handler(instance->domain, retained->event) < 0 ||
            has_handled(before, runtime->program->events[retained->event].name))
            continue;
        Message *message = message_for(instance, MESSAGE_EVENT, retained->event, retained->domain,
                                       false, retained->arguments, retained->argument_count);
        trail_set(&message->parent, retained->by);
        message_put(instance, message);
        convergence_spoke(instance, runtime->domains[retained->domain].instances.first);
    }
}
