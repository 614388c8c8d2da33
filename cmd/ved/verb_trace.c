/* ved trace effect: the way of an effect, from the slice that wanted it to the one that ended with
 * its answer. */
#include <stdlib.h>
#include <string.h>

#include "cmd/ved/document.h"
#include "cmd/ved/state_verb.h"
#include "controller/host/effect_trace.h"
#include "controller/host/record_words.h"
#include "controller/host/timestamp.h"
#include "lang/base/memory.h"

/* What is known of the stage beside its time. The caller frees it. */
static char *stage_words(const EffectTrace *trace, EffectStage stage)
{
    Buffer text = {0};

    if (trace->stages[stage].sequence != 0)
        buffer_add_format(&text, "record %llu", (unsigned long long)trace->stages[stage].sequence);
    else if (stage == STAGE_EMITTED)
        buffer_add_string(&text, "before what is kept of the journal");
    switch (stage) {
    case STAGE_EMITTED:
    case STAGE_PERSISTED:
    case STAGE_DELIVERED:
    case STAGE_COUNT:
        break;
    case STAGE_EXECUTING:
        if (trace->sendings == 0)
            buffer_add_string(&text, "asked what had become of it");
        else if (trace->sendings == 1)
            buffer_add_string(&text, "sent once");
        else
            buffer_add_format(&text, "sent %u times", trace->sendings);
        if (trace->trouble != NULL)
            buffer_add_format(&text, "; again after: %s", trace->trouble);
        break;
    case STAGE_RECORDED:
        buffer_add_format(&text, ": %s", trace->outcome != NULL ? trace->outcome : "");
        if (trace->external_id != NULL)
            buffer_add_format(&text, " [id=%s]", trace->external_id);
        if (trace->code != NULL && trace->code[0] != '\0')
            buffer_add_format(&text, " %s", trace->code);
        if (trace->text != NULL && trace->text[0] != '\0')
            buffer_add_format(&text, ": %s", trace->text);
        break;
    case STAGE_CONSUMED:
        buffer_add_format(&text, ": %s", trace->end);
        break;
    }
    cleanup(free) char *raw = buffer_take(&text);
    return text_clean(raw);
}

/* When, and how long after the stage before of which that is known. */
static void time_add(Buffer *ret, const StageTime *time, uint64_t *before)
{
    cleanup(buffer_deinit) Buffer after = {0};

    if (time->at_ms == 0) {
        buffer_add_format(ret, "%-24s  %-10s", "", "");
        return;
    }
    timestamp_add(ret, time->at_ms);
    if (*before != 0 && time->at_ms >= *before) {
        buffer_add_char(&after, '+');
        duration_add(&after, time->at_ms - *before);
    }
    buffer_add_format(ret, "  %-10s", buffer_text(&after));
    *before = time->at_ms;
}

static void print_stage(Ui *ui, const EffectTrace *trace, EffectStage stage, uint64_t *before)
{
    cleanup(buffer_deinit) Buffer line = {0};
    cleanup(free) char *words = stage_words(trace, stage);

    time_add(&line, &trace->stages[stage], before);
    ui_out(ui, "  %-9s  %s  %s\n", effect_stage_name(stage), buffer_text(&line), words);
}

/* Where it is, of one that goes on. */
static void print_next(Ui *ui, const EffectTrace *trace)
{
    for (EffectStage stage = 0; stage < STAGE_COUNT; stage++)
        if (!trace->stages[stage].reached && (stage != STAGE_EXECUTING || trace->outcome == NULL)) {
            ui_out(ui, "  %-9s  not recorded yet: %s\n", effect_stage_name(stage),
                   effect_stage_meaning(stage));
            return;
        }
}

static void print_slice(Ui *ui, const EffectTrace *trace)
{
    cleanup(buffer_deinit) Buffer cause = {0};
    bool keyed = trace->key != NULL;

    if (trace->slice == 0)
        return;
    cause_words(trace->cause, &cause);
    ui_out(ui, "  slice %llu of %s%s%s%s: %s\n", (unsigned long long)trace->slice, trace->domain,
           keyed ? "[\"" : "", keyed ? trace->key : "", keyed ? "\"]" : "", buffer_text(&cause));
}

static void print_trace(Ui *ui, const EffectTrace *trace)
{
    uint64_t before = 0;

    ui_out(ui, "%s%s%s  %s %s [op %s]\n", ui_color(ui, COLOR_BOLD), trace->address,
           ui_color(ui, COLOR_OFF), trace->verb, trace->effect, trace->op);
    print_slice(ui, trace);
    for (EffectStage stage = 0; stage < STAGE_COUNT; stage++)
        if (trace->stages[stage].reached)
            print_stage(ui, trace, stage, &before);
    if (trace->end == NULL)
        print_next(ui, trace);
}

static Json *traces_json(const EffectTraces *traces)
{
    Json *list = json_new_array();

    for (size_t i = 0; i < traces->count; i++)
        json_append(list, effect_trace_json(&traces->items[i]));
    return list;
}

static int find(const char *path, const char *which, EffectTraces *ret, Error *err)
{
    StateDirOptions options = {.read_only = true, .is_raw = true};
    cleanup(state_dir_close) StateDir *dir = NULL;

    if (state_dir_open(path, &options, &dir, err) < 0 ||
        effect_traces_find(dir, which, ret, err) < 0)
        return err->code;
    if (ret->count > 0)
        return 0;
    return error_set(err, ERROR_USAGE,
                     "no effect '%s' in the journal, which is kept from record %llu on: expected "
                     "an operation's key, a uid or an address, as `ved get effects` and `ved get "
                     "resources` print them",
                     which, (unsigned long long)ret->since + 1);
}

ExitReasons verb_trace_effect(Ui *ui, const Options *options)
{
    cleanup(effect_traces_deinit) EffectTraces traces = {0};
    cleanup(state_place_deinit) StatePlace place = {0};
    Error err = {0};

    if (state_verb_find(ui, options, 1, "ved trace effect ID|ADDR [FILE]", &place, &err) < 0 ||
        find(place.path, options->args[0], &traces, &err) < 0)
        return fail(ui, &err);
    cleanup(json_free) Json *json = traces_json(&traces);
    if (document_print_wanted(ui, options, json))
        return 0;
    for (size_t i = 0; i < traces.count; i++)
        print_trace(ui, &traces.items[i]);
    return 0;
}
