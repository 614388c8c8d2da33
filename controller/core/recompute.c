#include "recompute.h"

#include "controller/core/input.h"
#include "controller/core/intent.h"
#include "controller/core/origin.h"
#include "lang/base/memory.h"

typedef struct Recompute {
    const Runtime *runtime;
    Instance *owner;
    Origin *origin;
    Arena *arena;
    Recomputation *ret;
    size_t capacity;
    Fitting fitting;
    EffectAnswer answer;
} Recompute;

bool origin_has_text(const Origin *origin)
{
    return origin->cause.transition >= 0 || origin->cause.handler >= 0 || origin->cause.timer >= 0;
}

/* ---- answers ---- */

static void effect_recognise(Recompute *recompute, const Output *output, RecomputedEffect *effect)
{
    const Runtime *runtime = recompute->runtime;
    const BoundEffect *bound = &runtime->bindings->effects[output->use];
    char *arguments = NULL;

    effect->outcome =
        arguments_make(runtime, bound, output, recompute->arena, &arguments, &effect->text);
    if (effect->outcome == 0)
        effect->arguments = arena_copy_string(recompute->arena, arguments);
    free(arguments);
    Fitted fitted = fitting_next(&recompute->fitting, output, effect->arguments);
    effect->fit = fitted.fit;
    effect->known = fitted.known;
    effect->object = fitted.object;
}

static const EffectAnswer *answer_of(Recompute *recompute, const RecomputedEffect *effect)
{
    Arena *arena = recompute->arena;
    EffectAnswer *answer = &recompute->answer;
    const OriginEffect *known = effect->known;
    bool holds = effect->fit == FIT_SAME || effect->fit == FIT_APART;

    *answer = (EffectAnswer){.present = true, .result = value_unknown()};
    if (holds && known->failed) {
        answer->failed = true;
        answer->result = failure_value(arena, known->code, known->detail);
    } else if (holds && known->verb == INTENT_ACTION) {
        answer->result = result_value(arena, known->result);
    } else if (effect->object != NULL && effect->object->outputs != NULL) {
        answer->result = result_value(arena, effect->object->outputs);
    }
    return answer;
}

static const EffectAnswer *answer_read(void *context, const Output *output)
{
    Recompute *recompute = context;
    Recomputation *ret = recompute->ret;

    arena_reserve_one(recompute->arena, ret->effects, ret->effect_count, recompute->capacity);
    RecomputedEffect *effect = &ret->effects[ret->effect_count++];
    *effect = (RecomputedEffect){0};
    effect_recognise(recompute, output, effect);
    return answer_of(recompute, effect);
}

/* ---- the slice ---- */

static void outputs_assign(Recomputation *ret)
{
    size_t effect = 0;

    for (size_t i = 0; i < ret->result.output_count; i++)
        if (ret->result.outputs[i].kind == OUTPUT_EFFECT && effect < ret->effect_count)
            ret->effects[effect++].output = &ret->result.outputs[i];
}

static void slice_recompute(Recompute *recompute, const AnswerReader *reader)
{
    const Origin *origin = recompute->origin;
    Recomputation *ret = recompute->ret;
    SliceInput slice = {.program = recompute->runtime->program,
                        .domain = recompute->owner->domain,
                        .code = cause_code(recompute->owner, &origin->cause),
                        .key = instance_key_value(recompute->owner),
                        .yield = origin->cause.yield,
                        .locals = origin->locals,
                        .local_count = origin->local_count,
                        .fields = ret->found,
                        .arguments = origin->arguments,
                        .argument_count = origin->argument_count,
                        .answer_reader = reader,
                        .planning = true,
                        .again = true};
    Reading reading;

    reading_begin(&reading, recompute->owner, slice.code, &origin->facts, recompute->arena);
    slice.facts = &reading.reader;
    slice_run(&slice, recompute->arena, &ret->result);
    reading_end(&reading);
    ret->result.status = reading_status(&reading, &ret->result);
}

void recompute(Instance *owner, Origin *origin, Arena *arena, Recomputation *ret)
{
    Recompute recompute = {
        .runtime = owner->runtime, .owner = owner, .origin = origin, .arena = arena, .ret = ret};
    AnswerReader reader = {answer_read, &recompute};

    *ret = (Recomputation){.found = origin_fields(owner, origin, arena)};
    fitting_begin(&recompute.fitting, owner->runtime, origin);
    slice_recompute(&recompute, &reader);
    fitting_deinit(&recompute.fitting);
    outputs_assign(ret);
}
