#include "controller/core/replay.h"

#include <string.h>

#include "controller/core/input.h"
#include "controller/core/proposal.h"
#include "controller/core/recompute.h"
#include "controller/core/revise.h"
#include "lang/base/memory.h"

typedef struct Replay {
    const Record *record;
    const Message *message; /* that it handles; NULL: none */
    Arena *arena;
    SliceInput input;
    SliceResult result;
    Proposal proposal;
} Replay;

/* It has a text, and all that this reads is in the records. */
static bool is_computed(const Record *record)
{
    if (record->type != RECORD_SLICE && record->type != RECORD_PREPARE &&
        record->type != RECORD_FAULT)
        return false;
    switch (record->cause.kind) {
    case CAUSE_BOOT:
    case CAUSE_GOAL:
    case CAUSE_MESSAGE:
    case CAUSE_RUN:
    case CAUSE_FALLBACK:
        return true;
    case CAUSE_REPAIR:
    case CAUSE_STOP:
    case CAUSE_REVISE:
    case CAUSE_CONDEMN:
        break;
    }
    return false;
}

static void compute(Replay *replay)
{
    const Record *record = replay->record;
    SliceInput *input = &replay->input;
    Reading reading;

    slice_input_make(record->instance, &record->cause, false, replay->arena, input);
    reading_begin(&reading, record->instance, input->code, &record->facts, replay->arena);
    SliceInput reader = *input;
    reader.facts = &reading.reader;
    slice_run(&reader, replay->arena, &replay->result);
    reading_end(&reading);
    replay->result.status = reading_status(&reading, &replay->result);
}

/* ---- comparing ---- */

static ReplayVerdict other(Replay *replay, const char **ret_text, const char *expected,
                           const char *found)
{
    const Record *record = replay->record;
    cleanup(free) char *label = instance_label(record->instance);

    *ret_text = arena_format(replay->arena, "slice %llu of %s: recorded %.600s, computed %.600s",
                             (unsigned long long)record->slice, label, expected, found);
    return REPLAY_OTHER;
}

static const char *status_words(const SliceResult *result)
{
    switch (result->status) {
    case SLICE_DONE:
    case SLICE_YIELDED:
        return "a commit";
    case SLICE_AWAITS:
        return "an effect whose answer is awaited";
    case SLICE_LACKS_FACT:
        return "the reading of a fact that was not read";
    case SLICE_FAULTED:
        return result->fault;
    case SLICE_UNKNOWN:
        return "a value that is not known";
    }
    return "";
}

/* One that faulted for what the runtime found, and not its text, is as good as applied. */
static ReplayVerdict compare_fault(const Replay *replay)
{
    return replay->result.status == SLICE_FAULTED ? REPLAY_SAME : REPLAY_APPLIES;
}

static bool has_status(const Replay *replay)
{
    switch (replay->result.status) {
    case SLICE_DONE:
    case SLICE_YIELDED:
        return !replay->record->awaits;
    case SLICE_AWAITS:
        return replay->record->awaits;
    case SLICE_LACKS_FACT:
    case SLICE_FAULTED:
    case SLICE_UNKNOWN:
        break;
    }
    return false;
}

static bool is_of_text(const Intent *intent)
{
    return intent->verb != INTENT_DELETE || intent->released;
}

static char *output_words(const Runtime *runtime, const Output *output, Arena *arena)
{
    const EffectUse *use = &runtime->program->effects[output->use];
    cleanup(buffer_deinit) Buffer name = {0};

    if (output->name.type != VALUE_NULL || output->key.type != VALUE_NULL)
        value_print(&name, output->name.type != VALUE_NULL ? output->name : output->key);
    return arena_format(arena, "%s%s%s %u %s", output->kind == OUTPUT_RELEASE ? "release " : "",
                        use->provider != NULL ? use->provider : "", use->effect, use->site,
                        buffer_text(&name));
}

static bool fits(const Runtime *runtime, const Output *output, const Intent *intent)
{
    const EffectUse *use = &runtime->program->effects[output->use];
    Value name = output->name.type != VALUE_NULL ? output->name : output->key;
    const char *recorded = intent->name != NULL ? intent->name : intent->key;
    cleanup(buffer_deinit) Buffer text = {0};

    if ((output->kind == OUTPUT_RELEASE) != (intent->verb == INTENT_DELETE) ||
        !effect_is_of_use(use, intent->place.effect))
        return false;
    if (output->kind == OUTPUT_RELEASE)
        return true; /* which object that means was decided by the state */
    if (use->site != intent->place.site || (name.type == VALUE_NULL) != (recorded == NULL))
        return false;
    if (name.type == VALUE_NULL)
        return true;
    value_print(&text, name);
    return strcmp(buffer_text(&text), recorded) == 0;
}

/* The effects that it emits, in order, and the intents of the record, behind those that the slice
 * has already. */
static ReplayVerdict compare_effects(Replay *replay, const char **ret_text)
{
    const Record *record = replay->record;
    const Runtime *runtime = record->instance->runtime;
    const Pending *pending = record->instance->active->pending;
    size_t before = pending != NULL ? pending->intent_count : 0, at = 0;

    for (size_t i = 0; i < replay->result.output_count; i++) {
        const Output *output = &replay->result.outputs[i];
        const Intent *intent = NULL;
        if (output->kind != OUTPUT_EFFECT && output->kind != OUTPUT_RELEASE)
            continue;
        for (; intent == NULL && at < before + record->intent_count; at++) {
            intent = at < before ? pending->intents[at] : record->intents[at - before];
            intent = is_of_text(intent) ? intent : NULL;
        }
        if (intent == NULL || !fits(runtime, output, intent))
            return other(replay, ret_text,
                         intent != NULL ? intent->place.effect : "no further effect",
                         output_words(runtime, output, replay->arena));
    }
    for (; at < before + record->intent_count; at++) {
        const Intent *intent = at < before ? pending->intents[at] : record->intents[at - before];
        if (is_of_text(intent))
            return other(replay, ret_text, intent->place.effect, "no such effect");
    }
    return REPLAY_SAME;
}

/* ---- in words, in which secrets are not shown ---- */

static void words_add(Buffer *ret, const char *what, const char *name)
{
    buffer_add_format(ret, "%s%s%s", ret->size > 0 ? ", " : "", what, name);
}

static void emission_words(const Runtime *runtime, const Emission *emission, Buffer *ret)
{
    const Program *program = runtime->program;

    switch (emission->kind) {
    case OUTPUT_EVENT:
        words_add(ret, "event ", program->events[emission->event].name);
        break;
    case OUTPUT_MESSAGE:
        words_add(ret, "a message to ", program->domains[emission->domain].name);
        break;
    case OUTPUT_SPAWN:
        words_add(ret, "spawn ", program->domains[emission->domain].name);
        break;
    case OUTPUT_STOP:
        words_add(ret, "stop", "");
        break;
    case OUTPUT_LOG:
    case OUTPUT_EFFECT:
    case OUTPUT_RELEASE:
        words_add(ret, "a log line", "");
        break;
    }
    for (size_t i = 0; i < emission->argument_count; i++) {
        buffer_add_char(ret, i == 0 ? '(' : ' ');
        value_write_json(ret, emission->arguments[i]);
    }
    buffer_add_string(ret, emission->argument_count > 0 ? ")" : "");
}

static const char *proposal_words(const Instance *instance, const Proposal *proposal, Arena *arena)
{
    cleanup(buffer_deinit) Buffer text = {0};

    for (size_t i = 0; i < proposal->change_count; i++) {
        words_add(&text, instance->domain->fields[proposal->changes[i].field].name, " = ");
        value_write_json(&text, proposal->changes[i].value);
    }
    for (size_t i = 0; i < proposal->emission_count; i++)
        emission_words(instance->runtime, &proposal->emissions[i], &text);
    if (proposal->yield != 0)
        words_add(&text, "yield", "");
    return arena_copy_string(arena, text.size > 0 ? buffer_text(&text) : "nothing");
}

static ReplayVerdict compare_proposal(Replay *replay, const char **ret_text)
{
    const Record *record = replay->record;
    cleanup(buffer_deinit) Buffer recorded = {0};
    cleanup(buffer_deinit) Buffer computed = {0};

    proposal_make(record->instance, &replay->result, replay->arena, &replay->proposal);
    if (replay->message != NULL && replay->message->travels)
        rehear(record->instance, &replay->input, replay->message, &replay->result, replay->arena,
               &replay->proposal);
    proposal_encode(record->instance, &record->proposal, &recorded);
    proposal_encode(record->instance, &replay->proposal, &computed);
    if (strcmp(buffer_text(&recorded), buffer_text(&computed)) != 0)
        return other(replay, ret_text,
                     proposal_words(record->instance, &record->proposal, replay->arena),
                     proposal_words(record->instance, &replay->proposal, replay->arena));
    return compare_effects(replay, ret_text);
}

ReplayVerdict record_replay(const Record *record, Arena *arena, const char **ret_text)
{
    Replay replay = {.record = record, .arena = arena};

    if (!is_computed(record))
        return REPLAY_APPLIES;
    replay.message = mailbox_find(&record->instance->active->mailbox, record->cause.message);
    compute(&replay);
    if (record->type == RECORD_FAULT)
        return compare_fault(&replay);
    if (!has_status(&replay))
        return other(&replay, ret_text,
                     record->awaits ? "an effect whose answer is awaited" : "a commit",
                     status_words(&replay.result));
    return compare_proposal(&replay, ret_text);
}
