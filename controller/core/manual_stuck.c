/* Edits by hand of what is stuck: dead letters, domains that are down, effects whose outcome nobody
 * can tell. */
#include <stdlib.h>
#include <string.h>

#include "controller/core/crashes.h"
#include "controller/core/intent.h"
#include "controller/core/manual_private.h"
#include "lang/base/memory.h"

#define OP_PREFIX_MIN 6 /* characters */

/* ---- dead letters ---- */

/* What people write as a number; 0: it is something else. */
static uint64_t number_of(const char *text)
{
    char *end;
    unsigned long long number = strtoull(text, &end, 10);

    return text[0] >= '1' && text[0] <= '9' && *end == '\0' ? number : 0;
}

static Instance *owner_of_letter(const Runtime *runtime, uint64_t message)
{
    for (Instance *i = instance_first(runtime); i != NULL; i = instance_next(i))
        for (size_t k = 0; k < i->has->dead_letter_count; k++)
            if (i->has->dead_letters[k].message->id == message)
                return i;
    return NULL;
}

int manual_letters(const Runtime *runtime, const char *what, Instance **ret, uint64_t *ret_message,
                   Error *err)
{
    *ret_message = number_of(what);
    if (*ret_message != 0) {
        *ret = owner_of_letter(runtime, *ret_message);
        if (*ret != NULL)
            return 0;
        return error_set(err, ERROR_USAGE,
                         "no dead letter has the number %.100s: `ved get deadletters` prints them",
                         what);
    }
    if (manual_instance(runtime, what, ret, err) < 0)
        return err->code;
    if ((*ret)->has->dead_letter_count > 0)
        return 0;
    return error_set(err, ERROR_USAGE,
                     "'%.300s' has no dead letters: `ved get deadletters` prints those there are",
                     what);
}

static bool timer_waits(const Instance *instance, const Message *message)
{
    return message->kind == MESSAGE_TIMER && instance_timers(instance)[message->target].waits;
}

/* Of a timer only one message waits at a time. */
static int check_letter(const Instance *instance, const Message *message, Error *err)
{
    if (mailbox_count(&instance->active->mailbox) >= MAILBOX_CEILING)
        return error_set(err, ERROR_USAGE,
                         "the mailbox of '%s' is full (%d messages): `ved apply` first, which "
                         "handles them",
                         instance->domain->name, MAILBOX_CEILING);
    if (timer_waits(instance, message))
        return error_set(err, ERROR_USAGE,
                         "timer %s of '%s' waits in the mailbox already, and a second one of it "
                         "would say nothing else: `ved apply` first",
                         message_name(instance, message), instance->domain->name);
    return 0;
}

/* Of all, as many as there is room for, and without a timer's second; at least one. */
int edit_redeliver(Turn *turn, const ManualEdit *edit, Error *err)
{
    Record record = {.type = RECORD_REDELIVER};
    size_t done = 0;
    uint64_t message;

    if (manual_letters(turn->runtime, edit->address, &record.instance, &message, err) < 0)
        return err->code;
    for (size_t i = 0; i < record.instance->has->dead_letter_count;) {
        const Message *letter = record.instance->has->dead_letters[i].message;
        bool meant = message == 0 || letter->id == message;
        if (!meant || check_letter(record.instance, letter, err) < 0) {
            i++;
            continue;
        }
        record.message = letter->id;
        turn_record(turn, &record);
        done++;
        if (message != 0)
            break;
    }
    return done > 0 ? 0 : err->code;
}

/* ---- domains that are down ---- */

int edit_resume(Turn *turn, const ManualEdit *edit, Error *err)
{
    Record record = {.type = RECORD_RESUME};

    if (manual_instance(turn->runtime, edit->address, &record.instance, err) < 0)
        return err->code;
    if (!instance_is_down(record.instance))
        return error_set(err, ERROR_USAGE,
                         "'%.300s' is not down: `ved get domains` prints the lifecycle of each",
                         edit->address);
    turn_record(turn, &record);
    return 0;
}

/* ---- effects ---- */

static int check_one(const char *op, const Intent *found, const Intent *other, Error *err)
{
    if (found == NULL || other == NULL || found == other)
        return 0;
    return error_set(err, ERROR_USAGE,
                     "several open effects have a key that begins with '%.100s': "
                     "%s and %s are two; write more of it",
                     op, found->op, other->op);
}

static bool is_meant(const Intent *intent, const char *op)
{
    return intent != NULL && intent->state == INTENT_OPEN &&
           strncmp(intent->op, op, strlen(op)) == 0;
}

int manual_effect(const Runtime *runtime, const char *op, const Intent **ret, Error *err)
{
    const Intent *found = NULL;
    int code = 0;

    if (strlen(op) < OP_PREFIX_MIN)
        return error_set(err, ERROR_USAGE,
                         "'%.100s' is too short: expected the key of an open effect, or its first "
                         "%d characters or more; `ved get effects` prints them",
                         op, OP_PREFIX_MIN);
    for (const Instance *i = performing_first(runtime); i != NULL; i = performing_next(i))
        for (size_t k = 0; code == 0 && k < i->active->pending->intent_count; k++)
            if (is_meant(i->active->pending->intents[k], op)) {
                code = check_one(op, found, i->active->pending->intents[k], err);
                found = i->active->pending->intents[k];
            }
    for (size_t i = 0; code == 0 && i < runtime->object_count; i++)
        if (is_meant(runtime->objects[i]->leaving, op)) {
            code = check_one(op, found, runtime->objects[i]->leaving, err);
            found = runtime->objects[i]->leaving;
        }
    *ret = found;
    if (code == 0 && found == NULL)
        code = error_set(err, ERROR_USAGE,
                         "no open effect has a key that begins with '%.100s': `ved get effects` "
                         "prints them",
                         op);
    return code;
}

int edit_resolve(Turn *turn, const ManualEdit *edit, Error *err)
{
    bool applied = edit->external_id != NULL;
    const Intent *intent;

    if (manual_effect(turn->runtime, edit->address, &intent, err) < 0)
        return err->code;
    Record record = {.type = RECORD_ANSWER,
                     .intent = intent->number,
                     .outcome = applied ? INTENT_APPLIED : INTENT_FAILED,
                     .times = {.answered_ms = turn->now_ms},
                     .external_id = edit->external_id,
                     .result = edit->outputs,
                     .code = applied ? NULL : "NOT_APPLIED",
                     .text = applied ? NULL : "said by hand: it has not taken hold"};
    turn_record(turn, &record);
    return 0;
}
