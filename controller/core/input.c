#include "input.h"

#include <string.h>

#include "controller/core/origin.h"

const Code *cause_code(const Instance *instance, const Cause *cause)
{
    if (cause->handler >= 0)
        return instance->domain->handlers[cause->handler].code;
    if (cause->timer >= 0)
        return instance->domain->timers[cause->timer].code;
    return instance->domain->transitions[cause->transition].slices[cause->step];
}

Value result_value(Arena *arena, const char *text)
{
    cleanup(json_free) Json *json = NULL;

    if (text == NULL || json_parse_own(text, strlen(text), &json, NULL) < 0)
        return value_null();
    return value_decode(arena, json);
}

Value failure_value(Arena *arena, const char *code, const char *detail)
{
    Json *json = json_new_object();

    json_set_string(json, "code", code != NULL ? code : "FAILED");
    json_set_string(json, "message", detail != NULL ? detail : "");
    Value value = value_decode(arena, json);
    json_free(json);
    return value;
}

/* Those of the effects, in the order of emission; a release has none. */
static size_t answers_collect(const Pending *pending, Arena *arena, const EffectAnswer **ret)
{
    EffectAnswer *answers = arena_array(arena, EffectAnswer, pending->intent_count);
    size_t count = 0;

    for (size_t i = 0; i < pending->intent_count; i++) {
        const Intent *intent = pending->intents[i];
        if (intent->verb == INTENT_DELETE)
            continue;
        EffectAnswer *answer = &answers[count++];
        answer->present = intent->state != INTENT_OPEN;
        answer->failed = intent->state == INTENT_FAILED;
        if (answer->present)
            answer->result = answer->failed   ? failure_value(arena, intent->code, intent->detail)
                             : intent->unread ? value_null()
                                              : result_value(arena, intent->result);
    }
    *ret = answers;
    return count;
}

static void run_input(const Run *run, SliceInput *ret)
{
    ret->arguments = run->arguments;
    ret->argument_count = run->argument_count;
    ret->yield = run->yield;
    ret->locals = run->locals;
    ret->local_count = run->local_count;
}

Value *origin_fields(const Instance *owner, const Origin *origin, Arena *arena)
{
    const ProgramDomain *domain = owner->domain;
    Value *fields = arena_array(arena, Value, domain->field_count);

    for (size_t i = 0; i < domain->field_count; i++) {
        const ProgramField *field = &domain->fields[i];
        int read = field->parameter ? -1 : origin_field(origin, field->name);
        const OriginChange *change = field->parameter ? NULL : origin_change(origin, field->name);
        fields[i] = read >= 0        ? origin->fields[read]
                    : change != NULL ? change->before
                                     : owner->fields[i];
    }
    return fields;
}

static void origin_input(const Instance *owner, const Origin *origin, Arena *arena, SliceInput *ret)
{
    ret->fields = origin_fields(owner, origin, arena);
    ret->arguments = origin->arguments;
    ret->argument_count = origin->argument_count;
    ret->yield = origin->cause.yield;
    ret->locals = origin->locals;
    ret->local_count = origin->local_count;
}

void slice_input_make(const Instance *instance, const Cause *cause, bool planning, Arena *arena,
                      SliceInput *ret)
{
    const Message *message = mailbox_find(&instance->active->mailbox, cause->message);

    *ret = (SliceInput){.program = instance->runtime->program,
                        .domain = instance->domain,
                        .code = cause_code(instance, cause),
                        .key = instance_key_value(instance),
                        .fields = instance->fields,
                        .planning = planning};
    if (cause->kind == CAUSE_REVISE) {
        origin_input(instance, origin_find(instance, cause->origin), arena, ret);
    } else if (cause->kind == CAUSE_RUN) {
        run_input(&instance->has->runs[cause->run], ret);
    } else if (message != NULL) {
        ret->arguments = message->arguments;
        ret->argument_count = message->argument_count;
    }
    if (instance->active->pending != NULL)
        ret->answer_count = answers_collect(instance->active->pending, arena, &ret->answers);
}

void predicate_input_make(const Instance *instance, const Code *code, PredicateInput *ret)
{
    *ret = (PredicateInput){.program = instance->runtime->program,
                            .domain = instance->domain,
                            .code = code,
                            .fields = instance->fields,
                            .key = instance_key_value(instance)};
}
