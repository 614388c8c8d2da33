#include "input.h"

#include <string.h>

const Code *cause_code(const Instance *instance, const Cause *cause)
{
    if (cause->handler >= 0)
        return instance->domain->handlers[cause->handler].code;
    return instance->domain->transitions[cause->transition].slices[cause->step];
}

static Value json_value(Arena *arena, const char *text)
{
    cleanup(json_free) Json *json = NULL;

    if (text == NULL || json_parse_own(text, strlen(text), &json, NULL) < 0)
        return value_null();
    return value_decode(arena, json);
}

/* What an else block sees as `error`. */
static Value failure_value(Arena *arena, const Intent *intent)
{
    Json *json = json_new_object();

    json_set_string(json, "code", intent->code != NULL ? intent->code : "FAILED");
    json_set_string(json, "message", intent->detail != NULL ? intent->detail : "");
    Value value = value_decode(arena, json);
    json_free(json);
    return value;
}

static EffectAnswer *answers_collect(const Pending *pending, Arena *arena)
{
    EffectAnswer *answers = arena_array(arena, EffectAnswer, pending->intent_count);

    for (size_t i = 0; i < pending->intent_count; i++) {
        const Intent *intent = pending->intents[i];
        answers[i].present = intent->state != INTENT_OPEN;
        answers[i].failed = intent->state == INTENT_FAILED;
        if (answers[i].present)
            answers[i].result = answers[i].failed ? failure_value(arena, intent)
                                                  : json_value(arena, intent->result);
    }
    return answers;
}

void slice_input_make(const Instance *instance, const Cause *cause, bool planning, Arena *arena,
                      SliceInput *ret)
{
    const Message *message = mailbox_find(&instance->mailbox, cause->message);

    *ret = (SliceInput){.program = instance->runtime->program,
                        .domain = instance->domain,
                        .code = cause_code(instance, cause),
                        .fields = instance->fields,
                        .planning = planning};
    if (cause->kind == CAUSE_RUN) {
        ret->arguments = instance->runs[cause->run].arguments;
        ret->argument_count = instance->runs[cause->run].argument_count;
    } else if (message != NULL) {
        ret->arguments = message->arguments;
        ret->argument_count = message->argument_count;
    }
    if (instance->pending != NULL) {
        ret->answers = answers_collect(instance->pending, arena);
        ret->answer_count = instance->pending->intent_count;
    }
}

void predicate_input_make(const Instance *instance, const Code *code, PredicateInput *ret)
{
    *ret = (PredicateInput){.program = instance->runtime->program,
                            .domain = instance->domain,
                            .code = code,
                            .fields = instance->fields};
}
