/* Performing a prepared slice: its effects are asked for in order, until each has its answer; then
 * it commits, or is aborted. */
#include <string.h>

#include "controller/core/choice.h"
#include "controller/core/convergence.h"
#include "controller/core/crashes.h"
#include "controller/core/keys.h"
#include "controller/core/proposal.h"
#include "controller/core/revise.h"
#include "controller/core/turn.h"

#define BACKOFF_FIRST_MS 1000
#define BACKOFF_CAP_MS 300000

static Digest128 answers_digest(const Pending *pending)
{
    Digest128 digest = 1;

    for (size_t i = 0; i < pending->intent_count; i++) {
        const Intent *intent = pending->intents[i];
        const char *result = intent->result != NULL ? intent->result : "";
        const char *arguments = intent->arguments != NULL ? intent->arguments : "";
        digest = digest * 31 + digest128_bytes(result, strlen(result), 1);
        digest += digest128_bytes(arguments, strlen(arguments), 2);
        digest += digest128_bytes(intent->address, strlen(intent->address), 3);
    }
    return digest | 1;
}

void lost_changed(Runtime *runtime)
{
    for (size_t i = 0; runtime->lost_count > 0 && i < runtime->object_count; i++)
        if (runtime->objects[i]->state == OBJECT_LOST)
            instance_touch(runtime->objects[i]->owner);
}

void objects_changed(Runtime *runtime)
{
    Instance *next;

    for (Instance *i = runtime->lists[LIST_HELD_UP].first; i != NULL; i = next) {
        next = link_next(i, LIST_HELD_UP);
        if (i->active->waits_for != NULL)
            waiting_end(i);
    }
    lost_changed(runtime);
}

/* A slice that was computed again may come to just what it had come to. */
static bool does_anything(const Pending *pending)
{
    const Proposal *proposal = &pending->proposal;
    bool any = pending->cause.kind != CAUSE_REVISE;

    for (size_t i = 0; i < pending->intent_count && !any; i++)
        any = pending->intents[i]->state == INTENT_APPLIED;
    for (size_t i = 0; i < proposal->emission_count && !any; i++)
        any = !proposal->emissions[i].same;
    return any;
}

static void pending_commit(Turn *turn, Instance *instance)
{
    const Pending *pending = instance->active->pending;
    Cause cause = pending->cause;
    Digest128 answers = answers_digest(pending);
    Record record = {.type = RECORD_COMMIT, .instance = instance, .slice = pending->slice};

    commit_complete(turn, &record, &pending->proposal);
    if (does_anything(pending))
        turn_committed(turn, instance, pending->slice, &cause);
    notice_proposal(turn, instance, &pending->proposal);
    turn_record(turn, &record);
    notice_starts(turn, &record);
    instance_touch(instance);
    objects_changed(turn->runtime);
    if (cause.kind != CAUSE_CONDEMN) {
        after_slice(turn, instance, &cause, answers);
        return;
    }
    condemned_changed(turn->runtime, instance);
    waiting_end(instance);
    convergence_outside(instance); /* each goes once: that is no loop */
}

/* Those of one `parallel` are asked for together. */
static bool same_group(const Intent *a, const Intent *b)
{
    return a == b || (a->group != 0 && a->group == b->group);
}

static bool was_sent(const Intent *intent)
{
    return intent->was_asked || intent->recovered;
}

static bool has_failed(const Intent *intent)
{
    return intent->state == INTENT_FAILED && !intent->handled;
}

/* The first that has no answer yet; NULL: all have theirs. What has one keeps it: those before are
 * looked at once. */
static const Intent *pending_open(Pending *pending)
{
    for (; pending->settled < pending->intent_count; pending->settled++) {
        const Intent *intent = pending->intents[pending->settled];
        if (intent->state == INTENT_OPEN)
            return intent;
        if (pending->failure == NULL && has_failed(intent))
            pending->failure = intent;
    }
    return NULL;
}

/* The first effect that failed without an else: the slice cannot go on. NULL: none. Behind the
 * first open one only those can have failed that are asked for together with it. */
static const Intent *pending_failure(Pending *pending, const Intent *open)
{
    if (pending->failure != NULL)
        return pending->failure;
    if (pending->unfailed < pending->settled)
        pending->unfailed = pending->settled;
    for (; pending->unfailed < pending->intent_count; pending->unfailed++) {
        const Intent *intent = pending->intents[pending->unfailed];
        if (has_failed(intent))
            return intent;
        if (intent->state == INTENT_OPEN && !was_sent(intent) && !same_group(open, intent))
            break;
    }
    return NULL;
}

static const char *failure_text(const Turn *turn, const Intent *intent)
{
    return arena_format(turn->arena, "%s failed: %s%s%s", intent->address,
                        intent->code != NULL ? intent->code : "", intent->code != NULL ? ": " : "",
                        intent->detail != NULL ? intent->detail : "no reason given");
}

/* Ask for the next effect, and for those that go with it, each once. */
static void pending_call(Turn *turn, Instance *instance, const Intent *next)
{
    Pending *pending = instance->active->pending;
    bool goes_on = next->group != 0 && next->group == pending->called_group;
    size_t first = goes_on ? pending->called : pending->settled;
    size_t last = next->group != 0 ? pending->intent_count : pending->settled + 1;

    pending->called_group = turn->options->settling ? 0 : next->group;
    pending->called = last;
    for (size_t i = first; i < last; i++) {
        Intent *intent = pending->intents[i];
        if (intent->state == INTENT_OPEN && !intent->was_asked && same_group(next, intent) &&
            (intent->recovered || !turn->options->settling))
            turn_call(turn, intent);
    }
}

/* One of a group that failed waits for the others: they are under way. */
static bool group_is_open(const Pending *pending, const Intent *failed)
{
    for (size_t i = 0; i < pending->intent_count; i++) {
        const Intent *intent = pending->intents[i];
        if (intent->state == INTENT_OPEN && was_sent(intent) && same_group(failed, intent))
            return true;
    }
    return false;
}

/* Of the next effects none has been sent, so that nothing is cut short. */
static bool may_stop_before(const Pending *pending, const Intent *next)
{
    for (size_t i = 0; i < pending->intent_count; i++)
        if (pending->intents[i]->state == INTENT_OPEN && was_sent(pending->intents[i]) &&
            same_group(next, pending->intents[i]))
            return false;
    return true;
}

void pending_advance(Turn *turn, Instance *instance)
{
    Pending *pending = instance->active->pending;
    const Intent *open = pending_open(pending);
    const Intent *failed = pending_failure(pending, open);

    if (failed != NULL && !group_is_open(pending, failed)) {
        pending_abort(turn, instance, failure_text(turn, failed));
    } else if (open != NULL) {
        if (turn->options->settling && may_stop_before(pending, open))
            pending_abort(turn, instance, "the program was changed before this effect was sent");
        else
            pending_call(turn, instance, open);
    } else if (!pending->awaits) {
        pending_commit(turn, instance);
    } else if (turn->options->settling) {
        pending_abort(turn, instance, "the program was changed while this slice was performed");
    } else if (!crashes_hold(instance, turn->now_ms)) {
        slice_step(turn, instance);
    }
}

/* ---- failing ---- */

static uint64_t backoff_ms(const Turn *turn, const Instance *instance, const Cause *cause,
                           uint32_t failures)
{
    uint64_t first = BACKOFF_FIRST_MS, cap = BACKOFF_CAP_MS;

    if (cause->goal >= 0) {
        first = (uint64_t)instance->domain->goals[cause->goal].backoff_first_ms;
        cap = (uint64_t)instance->domain->goals[cause->goal].backoff_cap_ms;
        if (first == cap)
            return first;
    }
    uint64_t limit = failures < 30 ? first << failures : cap;
    if (limit > cap)
        limit = cap;
    return jitter(turn->runtime, instance->active->pending->slice, limit) + 1;
}

static uint32_t failures_so_far(const Instance *instance, const Cause *cause)
{
    const Message *message = mailbox_find(&instance->active->mailbox, cause->message);

    if (cause->message != 0)
        return message != NULL ? message->attempts : 0;
    if (cause->kind == CAUSE_STOP)
        return instance->has->stop_failures;
    if (cause->kind == CAUSE_RUN && cause->transition < 0)
        return instance->has->runs[cause->run].attempts;
    if (cause->kind == CAUSE_REPAIR || cause->kind == CAUSE_CONDEMN)
        return object_find(instance->runtime, instance->active->pending->intents[0]->uid)
            ->repair_failures;
    if (cause->kind == CAUSE_REVISE)
        return revised_origin(instance, cause)->failures;
    return cause->transition >= 0 ? instance->transitions[cause->transition].failures : 0;
}

/* Whether this run tries again: `apply` only where the goal says how often, or for a handler. */
static bool will_retry(const Turn *turn, const Instance *instance, const Cause *cause)
{
    if (turn->options->settling)
        return true;
    if (cause->kind == CAUSE_REVISE)
        return turn->options->retry_failed;
    if (cause->message != 0 || (cause->kind == CAUSE_RUN && cause->transition < 0))
        return failures_so_far(instance, cause) + 1 < MESSAGE_ATTEMPTS_MAX;
    if (cause->goal >= 0 && cause->kind != CAUSE_FALLBACK) {
        const ProgramGoal *goal = &instance->domain->goals[cause->goal];
        if (goal->terminate == GOAL_RETRIES)
            return instance->goals[cause->goal].retries + 1 < (uint64_t)goal->terminate_limit;
    }
    return turn->options->retry_failed;
}

void pending_abort(Turn *turn, Instance *instance, const char *reason)
{
    Cause cause = instance->active->pending->cause;
    bool retry = will_retry(turn, instance, &cause);
    size_t dead_letters = instance->has->dead_letter_count;
    Record record = {.type = RECORD_ABORT,
                     .instance = instance,
                     .slice = instance->active->pending->slice,
                     .text = arena_copy_string(turn->arena, reason),
                     .retry = retry};

    if (!turn->options->settling)
        record.due_ms =
            turn->now_ms + backoff_ms(turn, instance, &cause, failures_so_far(instance, &cause));
    Notice *notice = turn_notice(turn, NOTICE_ABORTED, instance);
    notice->slice = record.slice;
    notice->text =
        arena_format(turn->arena, "%s: %s", cause_describe(instance, &cause, turn->arena), reason);
    turn_record(turn, &record);
    convergence_outside(instance); /* the answer came from there */
    if (instance->has->dead_letter_count > dead_letters)
        room_came(instance, MAILBOX_CEILING);
    instance_touch(instance);
    objects_changed(turn->runtime);
    if (cause.kind == CAUSE_CONDEMN)
        condemned_changed(turn->runtime, instance);
}

/* ---- answers ---- */

static void notice_answer(Turn *turn, const Instance *owner, const Intent *intent,
                          const Event *event)
{
    const Object *object = intent->uid[0] != '\0' ? object_find(turn->runtime, intent->uid) : NULL;
    NoticeKind kind = !event->applied                 ? NOTICE_EFFECT_FAILED
                      : intent->verb == INTENT_DELETE ? NOTICE_EFFECT_REMOVED
                                                      : NOTICE_EFFECT_DONE;
    Notice *notice = turn_notice_intent(turn, kind, owner, intent);

    notice->external_id =
        event->external_id != NULL ? arena_copy_string(turn->arena, event->external_id) : NULL;
    notice->code = event->code != NULL ? arena_copy_string(turn->arena, event->code) : NULL;
    notice->text = event->detail != NULL ? arena_copy_string(turn->arena, event->detail) : NULL;
    if (object != NULL && object->exists && intent->verb == INTENT_PUT) {
        notice->repaired = true;
        notice->changed = object->before == OBJECT_READY && object->inputs != NULL &&
                          strcmp(object->inputs, intent->arguments) != 0;
        if (object->before == OBJECT_LOST)
            notice->repaired = false; /* it is made again: counts as added */
    }
}

/* It stands in the way, is nobody's, and this run takes such things over. */
static bool is_to_adopt(const Turn *turn, const Intent *intent, const Event *event)
{
    return turn->options->adopt && !event->applied && intent->verb == INTENT_PUT &&
           !intent->adopts && event->code != NULL && strcmp(event->code, "NOT_OWNED") == 0;
}

/* Asked for once more, under another key: it is another request. */
static void intent_adopt(Turn *turn, Intent *intent)
{
    Record record = {.type = RECORD_ADOPT, .intent = intent->number};

    turn_record(turn, &record);
    turn_call(turn, intent);
}

void answer_step(Turn *turn, const Event *event)
{
    Instance *owner;
    Intent *intent = intent_find(turn->runtime, event->intent, &owner);
    Record record = {.type = RECORD_ANSWER,
                     .intent = event->intent,
                     .outcome = event->applied ? INTENT_APPLIED : INTENT_FAILED,
                     .times = event->times,
                     .external_id = event->external_id,
                     .result = event->result,
                     .code = event->code,
                     .text = event->detail};

    if (intent == NULL || intent->state != INTENT_OPEN)
        return; /* a late repetition of an answer that is recorded already */
    if (is_to_adopt(turn, intent, event)) {
        intent_adopt(turn, intent);
        return;
    }
    notice_answer(turn, owner, intent, event);
    bool of_slice = intent_is_of_slice(owner, intent);
    const char *provider = arena_copy_string(turn->arena, intent->provider);
    char *uid = arena_copy_string(turn->arena, intent->uid);
    turn_record(turn, &record);
    facts_after_effect(owner, provider, turn->options->planning);
    if (convergence_rests(owner) != NULL)
        convergence_outside(owner);
    if (of_slice)
        pending_advance(turn, owner);
    else if (!event->applied)
        object_find(turn->runtime, uid)->given_up = true;
    if (turn->runtime->destroying)
        destroy_step(turn);
}
