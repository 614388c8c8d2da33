/* The record's answers are given to what asks for them: an emission is known by its effect and its
 * name, or by its place in the text and how many of that place went before it. As long as the slice
 * does what it did, the n-th emission is the n-th of the record, and nothing needs to be looked
 * up. */
#include "recompute.h"

#include <string.h>

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
    bool in_order; /* so far the n-th effect was the n-th of the record */
    Map known;     /* the record's by what they are called, once that is over */
    Map turns;     /* how many unnamed ones of a place there were: in `turn_counts` */
    Map last;      /* uid -> the last effect of the record that is about that object */
    EffectAnswer answer;
} Recompute;

bool origin_has_text(const Origin *origin)
{
    return origin->cause.transition >= 0 || origin->cause.handler >= 0 || origin->cause.timer >= 0;
}

/* ---- which effect of the record an emission is ---- */

/* "Provider.Effect" is made of these two. */
static bool is_effect(const char *text, const char *provider, const char *effect)
{
    size_t length = strlen(provider);

    return strncmp(text, provider, length) == 0 && text[length] == '.' &&
           strcmp(text + length + 1, effect) == 0;
}

static const char *effect_base(const char *effect)
{
    const char *dot = strchr(effect, '.');

    return dot != NULL ? dot + 1 : effect;
}

bool effect_is_of_use(const EffectUse *use, const char *effect)
{
    if (use->provider == NULL)
        return strcmp(effect_base(effect), use->effect) == 0;
    return is_effect(effect, use->provider, use->effect);
}

/* What says which object or deed is meant; NULL: nothing does. */
static const char *output_name(const Recompute *recompute, const Output *output)
{
    cleanup(buffer_deinit) Buffer text = {0};
    Value name = output->name.type != VALUE_NULL ? output->name : output->key;

    if (name.type == VALUE_NULL)
        return NULL;
    value_print(&text, name);
    return arena_copy_string(recompute->arena, buffer_text(&text));
}

static bool is_called(const Recompute *recompute, const OriginEffect *known, const Output *output,
                      const char *name)
{
    const EffectUse *use = &recompute->runtime->program->effects[output->use];

    if (!effect_is_of_use(use, known->effect))
        return false;
    return name == NULL || known->name == NULL ? name == known->name && use->site == known->site
                                               : strcmp(name, known->name) == 0;
}

/* One key for an emission and its effect of the record. The provider is not in it: what is bound to
 * another one is the same emission. */
static char *key_make(Recompute *recompute, const char *effect, uint32_t site, const char *name)
{
    if (name != NULL)
        return arena_format(recompute->arena, "%s \"%s", effect, name);
    char *place = arena_format(recompute->arena, "%s %u", effect, site);
    size_t turn = (size_t)(uintptr_t)map_get(&recompute->turns, place);
    map_put(&recompute->turns, place, (void *)(uintptr_t)(turn + 1));
    return arena_format(recompute->arena, "%s %zu", place, turn);
}

static char *key_of_output(Recompute *recompute, const Output *output, const char *name)
{
    const EffectUse *use = &recompute->runtime->program->effects[output->use];

    return key_make(recompute, use->effect, use->site, name);
}

/* From here on the slice does something else than it did. */
static void order_ends(Recompute *recompute)
{
    const Origin *origin = recompute->origin;

    recompute->in_order = false;
    for (size_t i = 0; i < origin->effect_count; i++) {
        OriginEffect *known = &origin->effects[i];
        map_put(&recompute->known,
                key_make(recompute, effect_base(known->effect), known->site, known->name), known);
    }
    map_deinit(&recompute->turns);
    recompute->turns = (Map){.borrows = true};
    for (size_t i = 0; i + 1 < recompute->ret->effect_count; i++) {
        const OriginEffect *before = &origin->effects[i]; /* known or not: they were in order */
        if (before->name == NULL)
            key_make(recompute, effect_base(before->effect), before->site, NULL);
    }
}

static OriginEffect *known_find(Recompute *recompute, const Output *output)
{
    const Origin *origin = recompute->origin;
    const char *name = output_name(recompute, output);
    size_t at = recompute->ret->effect_count - 1;

    if (recompute->in_order) {
        if (at < origin->effect_count && is_called(recompute, &origin->effects[at], output, name))
            return &origin->effects[at];
        order_ends(recompute);
    }
    OriginEffect *known = map_get(&recompute->known, key_of_output(recompute, output, name));
    return known != NULL && is_called(recompute, known, output, name) ? known : NULL;
}

/* ---- what the record says of it ---- */

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL || strcmp(a, b) == 0;
}

static bool is_bound_alike(const BoundEffect *bound, const Object *object)
{
    return strcmp(bound->provider, object->provider) == 0 &&
           strcmp(bound->action, object->action) == 0 &&
           (bound->type == NULL) == (object->type == NULL) && same_text(bound->type, object->type);
}

bool effect_replaces(const BoundEffect *bound, const Object *object, const char *arguments)
{
    return object->replace || !is_bound_alike(bound, object) ||
           (arguments != NULL && arguments_force_replacement(bound, object->inputs, arguments));
}

/* A later effect of the record is about the same object: with which arguments this one was is not
 * known any more. */
static bool is_overtaken(Recompute *recompute, const OriginEffect *known)
{
    const Origin *origin = recompute->origin;

    if (known->name == NULL || origin->effect_count < 2)
        return false;
    if (recompute->last.count == 0)
        for (size_t i = 0; i < origin->effect_count; i++)
            map_put(&recompute->last, origin->effects[i].uid, &origin->effects[i]);
    return map_get(&recompute->last, known->uid) != known;
}

static EffectFit fit_of_object(Recompute *recompute, const BoundEffect *bound,
                               const RecomputedEffect *effect)
{
    const Object *object = effect->object;

    if (effect->known->failed)
        return same_text(effect->known->arguments, effect->arguments) ? FIT_SAME : FIT_OTHER;
    if (object == NULL || object->origin != recompute->origin ||
        is_overtaken(recompute, effect->known))
        return FIT_APART;
    return effect->arguments != NULL && is_bound_alike(bound, object) &&
                   same_text(effect->arguments, object->inputs) && !object->replace
               ? FIT_SAME
               : FIT_OTHER;
}

static EffectFit fit_of(Recompute *recompute, const BoundEffect *bound,
                        const RecomputedEffect *effect)
{
    if (effect->known == NULL)
        return FIT_NEW;
    if (effect->known->verb == INTENT_PUT)
        return fit_of_object(recompute, bound, effect);
    return effect->arguments != NULL && same_text(effect->known->arguments, effect->arguments)
               ? FIT_SAME
               : FIT_OTHER;
}

/* Nothing is known of an object that is not there, nor of a deed that has become an object. */
static bool is_known(const Recompute *recompute, const OriginEffect *known,
                     const BoundEffect *bound)
{
    if (known == NULL || (known->verb == INTENT_ACTION) != bound->is_action)
        return false;
    if (known->verb == INTENT_ACTION || known->failed)
        return true;
    const Object *object = object_find(recompute->runtime, known->uid);
    return object != NULL ? !object->condemned : known->released;
}

static void effect_recognise(Recompute *recompute, const Output *output, RecomputedEffect *effect)
{
    const Runtime *runtime = recompute->runtime;
    const BoundEffect *bound = &runtime->bindings->effects[output->use];
    OriginEffect *known = known_find(recompute, output);
    char *arguments = NULL;

    effect->known = is_known(recompute, known, bound) ? known : NULL;
    if (effect->known != NULL && known->verb == INTENT_PUT)
        effect->object = object_find(runtime, known->uid);
    effect->outcome =
        arguments_make(runtime, bound, output, recompute->arena, &arguments, &effect->text);
    if (effect->outcome == 0)
        effect->arguments = arena_copy_string(recompute->arena, arguments);
    free(arguments);
    effect->fit = fit_of(recompute, bound, effect);
}

/* ---- answers ---- */

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
                        .key = recompute->owner->key_value,
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
    Recompute recompute = {.runtime = owner->runtime,
                           .owner = owner,
                           .origin = origin,
                           .arena = arena,
                           .ret = ret,
                           .in_order = true,
                           .known = {.borrows = true},
                           .turns = {.borrows = true},
                           .last = {.borrows = true}};
    AnswerReader reader = {answer_read, &recompute};

    *ret = (Recomputation){.found = origin_fields(owner, origin, arena)};
    slice_recompute(&recompute, &reader);
    outputs_assign(ret);
    map_deinit(&recompute.known);
    map_deinit(&recompute.turns);
    map_deinit(&recompute.last);
}
