/* Why a message waits, or what became of it. */
#include <stdlib.h>
#include <string.h>

#include "controller/host/why_private.h"
#include "lang/base/memory.h"

static bool is_meant(Inquiry *inquiry)
{
    char *end;

    if (inquiry->what[0] < '1' || inquiry->what[0] > '9')
        return false;
    inquiry->number = strtoull(inquiry->what, &end, 10);
    return *end == '\0';
}

static const Message *message_now(const Inquiry *inquiry, const Runtime *runtime,
                                  const Instance **ret_owner, bool *ret_dead)
{
    for (const Instance *i = instance_first(runtime); i != NULL; i = instance_next(i)) {
        const Message *message;
        *ret_owner = i;
        *ret_dead = false;
        for (size_t k = 0; (message = mailbox_at(&i->active->mailbox, k)) != NULL; k++)
            if (message->id == inquiry->number)
                return message;
        *ret_dead = true;
        for (size_t k = 0; k < i->has->dead_letter_count; k++)
            if (i->has->dead_letters[k].message->id == inquiry->number)
                return i->has->dead_letters[k].message;
    }
    return NULL;
}

static char *words_of(const Instance *owner, const Message *message)
{
    const Program *program = owner->runtime->program;
    cleanup(free) char *label = instance_label(owner);
    cleanup(free) char *words = message_words(message->kind, message_name(owner, message),
                                              program->domains[message->from].name);

    return memory_format("%s to %s", words, label);
}

static void found(Inquiry *inquiry, const Retrace *retrace)
{
    const Instance *owner;
    bool dead;
    const Message *message = message_now(inquiry, retrace->runtime, &owner, &dead);

    if (message == NULL || inquiry->found)
        return;
    inquiry->found = true;
    inquiry->value = words_of(owner, message);
    inquiry->cause = message->parent != NULL ? message->parent->slice : 0;
}

static const Cause *cause_of_record(const Record *record)
{
    bool has_cause = record->type == RECORD_SLICE || record->type == RECORD_PREPARE ||
                     record->type == RECORD_FAULT || record->type == RECORD_HEARD ||
                     record->has_cause;

    if (record->instance == NULL)
        return NULL;
    if (!has_cause && record->instance->active->pending != NULL)
        return &record->instance->active->pending->cause;
    return has_cause ? &record->cause : NULL;
}

/* What happens to it, by the record of the slice that hears it. */
static const char *words_of_record(const Record *record)
{
    switch (record->type) {
    case RECORD_SLICE:
    case RECORD_COMMIT:
    case RECORD_HEARD:
        return "was handled";
    case RECORD_PREPARE:
        return record->instance->active->pending == NULL ? "is being handled" : NULL;
    case RECORD_FAULT:
        return "became a dead letter: its handler faulted";
    case RECORD_ABORT:
        return record->retry ? "waits again: its handler was aborted"
                             : "became a dead letter: its handler was aborted for good";
    case RECORD_CRASH:
        return record->retry ? "waits again: the process died while it was handled"
                             : "became a dead letter: the process died each time it was handled";
    case RECORD_REDELIVER:
        return "was put back by hand";
    case RECORD_BEGIN:
    case RECORD_START:
    case RECORD_ANSWER:
    case RECORD_TIMER:
    case RECORD_GOAL:
    case RECORD_OBSERVE:
    case RECORD_FACT:
    case RECORD_END:
    case RECORD_DESTROY:
    case RECORD_RESET:
    case RECORD_FORGET:
    case RECORD_MARK:
    case RECORD_MOVE:
    case RECORD_IMPORT:
    case RECORD_RESUME:
    case RECORD_ADOPT:
        return NULL;
    }
    return NULL;
}

static uint64_t number_of(const Record *record, const Cause *cause)
{
    if (record->type == RECORD_REDELIVER)
        return record->message;
    return cause != NULL ? cause->message : 0;
}

static void on_record(Inquiry *inquiry, const Retrace *retrace, uint64_t sequence,
                      const Record *record)
{
    const Cause *cause = cause_of_record(record);
    const char *words = words_of_record(record);

    inquiry->before = retrace->runtime->next_message;
    if (words == NULL || number_of(record, cause) != inquiry->number)
        return;
    char *text = record->text != NULL ? memory_format("it %s: %s", words, record->text)
                                      : memory_format("it %s", words);
    why_event(inquiry, sequence, record->time_ms, text)->slice = record->slice;
}

static void on_state(Inquiry *inquiry, const Retrace *retrace)
{
    found(inquiry, retrace);
}

static void on_applied(Inquiry *inquiry, const Retrace *retrace, uint64_t sequence,
                       const Record *record)
{
    uint64_t number = inquiry->number;

    if (number < inquiry->before || number >= retrace->runtime->next_message)
        return;
    found(inquiry, retrace);
    why_event(inquiry, sequence, record->time_ms, memory_copy_string("it was sent"))->slice =
        record->slice;
}

static int conclude(Inquiry *inquiry, const Retrace *retrace, Error *err)
{
    const Instance *owner;
    bool dead;
    const Message *message = message_now(inquiry, retrace->runtime, &owner, &dead);

    if (!inquiry->found)
        return error_set(err, ERROR_USAGE,
                         "there is no message %llu, and the journal, which is kept behind record "
                         "%llu, knows of none: `ved get mailboxes` and `ved get deadletters` list "
                         "what there is",
                         (unsigned long long)inquiry->number,
                         (unsigned long long)inquiry->why->since);
    inquiry->why->subject = memory_format("%s, which %s", inquiry->value,
                                          message == NULL ? "has been handled"
                                          : dead          ? "is a dead letter"
                                                          : "waits");
    if (inquiry->cause == 0)
        inquiry->why->end = memory_copy_string("no slice has sent it: a timer was due, a provider "
                                               "said so, or it was sent before what is kept");
    else
        why_follow(inquiry, retrace, inquiry->cause);
    return 0;
}

const Subject why_of_message = {is_meant, on_state, on_record, on_applied, conclude};
