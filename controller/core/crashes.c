#include "controller/core/crashes.h"

#include <string.h>

#include "controller/core/convergence.h"
#include "controller/core/choice.h"
#include "controller/core/keys.h"
#include "controller/core/turn.h"
#include "controller/core/turn.h"
#include "lang/base/memory.h"

#define WARY_SLICES 10000     /* more than a group of the journal has */
#define BACKOFF_FIRST_MS 1000 /* of the second in a row: the first is tried again at once */

void crashes_free(Crashes *crashes)
{
    if (crashes != NULL)
        free(crashes->reason);
    free(crashes);
}

bool crashes_hold(const Instance *instance, uint64_t now_ms)
{
    return instance->has->crashes != NULL &&
           (instance->has->crashes->down || instance->has->crashes->due_ms > now_ms);
}

/* ---- records ---- */

/* Room for one more among the last; those that are long ago do not count. */
static void times_make_room(Crashes *crashes)
{
    if (crashes->count < CRASHES_MAX)
        return;
    memmove(crashes->times, crashes->times + 1, (CRASHES_MAX - 1) * sizeof crashes->times[0]);
    crashes->count--;
}

void crashes_add(Instance *instance, const Record *record)
{
    if (instance->has->crashes == NULL)
        instance_holdings(instance)->crashes = memory_zero(1, sizeof(Crashes));
    Crashes *crashes = instance->has->crashes;
    if (record->due_ms == 0)
        crashes->count = 0;
    crashes->down =
        crashes->count == CRASHES_MAX && record->time_ms - crashes->times[0] <= CRASHES_WINDOW_MS;
    times_make_room(crashes);
    crashes->times[crashes->count++] = record->time_ms;
    crashes->due_ms = record->due_ms;
    crashes->again = true;
    string_set(&crashes->reason, record->text);
    convergence_outside(instance);
    instance_touch(instance);
}

void crashes_begin_again(Instance *instance)
{
    Crashes *crashes = instance->has->crashes;

    if (crashes == NULL)
        return;
    crashes->due_ms = 0;
    if (crashes->down)
        crashes->count = 0;
    crashes->down = false;
    instance_touch(instance);
    instance_changed(instance);
}

void crashes_encode(const Instance *instance, Buffer *ret)
{
    const Crashes *crashes = instance->has->crashes;

    if (crashes == NULL)
        return;
    buffer_add_string(ret, ",\"crashes\":{\"at\":[");
    for (uint32_t i = 0; i < crashes->count; i++) {
        if (i > 0)
            buffer_add_char(ret, ',');
        buffer_add_unsigned(ret, crashes->times[i]);
    }
    buffer_add_char(ret, ']');
    member_encode_flag(ret, "again", crashes->again);
    member_encode_flag(ret, "down", crashes->down);
    member_encode_count(ret, "due", crashes->due_ms);
    member_encode(ret, "reason", crashes->reason);
    buffer_add_char(ret, '}');
}

void crashes_decode(Instance *instance, const Json *json)
{
    if (json == NULL)
        return;
    Crashes *crashes = memory_zero(1, sizeof *crashes);
    const Json *times = json_get(json, "at");

    for (const Json *at = json_first(times); at != NULL; at = json_next(at)) {
        times_make_room(crashes);
        crashes->times[crashes->count++] = (uint64_t)json_int(at, 0);
    }
    crashes->again = json_get_bool(json, "again", false);
    crashes->down = json_get_bool(json, "down", false);
    crashes->due_ms = (uint64_t)json_get_int(json, "due", 0);
    crashes->reason = member_copy(json, "reason");
    instance_holdings(instance)->crashes = crashes;
}

/* ---- deciding ---- */

static Instance *instance_of_identity(const Runtime *runtime, uint64_t identity)
{
    for (Instance *i = instance_first(runtime); i != NULL; i = instance_next(i))
        if (i->identity == identity)
            return i;
    return NULL;
}

/* It may have died before anything of its domains was durable. */
static Instance *instance_started(Turn *turn, uint64_t identity)
{
    Instance *instance = instance_of_identity(turn->runtime, identity);

    if (instance == NULL && !turn->runtime->destroying && !turn->options->repair_only) {
        domains_start(turn);
        instance = instance_of_identity(turn->runtime, identity);
    }
    return instance;
}

/* What the slice was computed for, as far as it can be given up: a message, or what is left of one.
 * False: it is a goal's, or not there any more. */
static bool crashed_cause(const Instance *instance, const Event *event, Cause *ret)
{
    const Message *message = mailbox_find(&instance->active->mailbox, event->message);

    if (instance->active->pending != NULL)
        *ret = instance->active->pending->cause;
    else if (event->message != 0 && message != NULL)
        *ret = message_cause(instance, message);
    else if (event->run != 0 && event->run <= instance->has->run_count)
        *ret = run_cause(instance, (uint32_t)event->run - 1);
    else
        return false;
    return ret->message != 0 || (ret->kind == CAUSE_RUN && ret->transition < 0);
}

static uint32_t attempts_of(const Instance *instance, const Cause *cause)
{
    const Message *message = mailbox_find(&instance->active->mailbox, cause->message);

    if (cause->message != 0)
        return message != NULL ? message->attempts : 0;
    return instance->has->runs[cause->run].attempts;
}

/* One signal of somebody else's while it computed is no sign of anything; two in the same slice
 * are. */
static bool counts_with_last(const Crashes *crashes, const Event *event)
{
    return crashes != NULL && crashes->count > 0 &&
           event->now_ms - crashes->times[crashes->count - 1] <= CRASHES_WINDOW_MS &&
           (event->by_itself || crashes->again);
}

static uint64_t crash_due(const Turn *turn, const Instance *instance)
{
    uint64_t limit = (uint64_t)BACKOFF_FIRST_MS << (instance->has->crashes->count - 1);

    return turn->now_ms + 1 + limit / 2 + jitter(turn->runtime, instance->started, limit / 2);
}

void crashed_step(Turn *turn, const Event *event)
{
    Runtime *runtime = turn->runtime;
    Instance *instance = instance_started(turn, event->instance);
    Cause cause = cause_of(CAUSE_BOOT);

    runtime->suspect = event->instance;
    if (instance == NULL || event->by_itself || counts_with_last(instance->has->crashes, event))
        runtime->wary_slices = WARY_SLICES;
    if (instance == NULL)
        return; /* what was to begin it comes again, and is durable before its slice */
    bool given_back = crashed_cause(instance, event, &cause);
    Record record = {.type = RECORD_CRASH,
                     .instance = instance,
                     .cause = cause,
                     .text = event->detail,
                     .retry = !given_back || attempts_of(instance, &cause) < MESSAGE_ATTEMPTS_MAX};
    record.has_cause = given_back;
    if (counts_with_last(instance->has->crashes, event))
        record.due_ms = crash_due(turn, instance);
    turn_record(turn, &record);
    turn_notice(turn, instance_is_down(instance) ? NOTICE_DOWN : NOTICE_CRASHED, instance)->text =
        arena_copy_string(turn->arena, event->detail);
}
