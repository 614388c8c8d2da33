#include "revise.h"

#include <assert.h>
#include <string.h>

#include "controller/core/keys.h"
#include "controller/core/origin.h"
#include "controller/core/proposal.h"
#include "controller/core/recompute.h"
#include "controller/core/resource.h"
#include "lang/base/json.h"
#include "lang/base/memory.h"

Origin *revised_origin(const Instance *instance, const Cause *cause)
{
    return origin_find(instance, cause->origin);
}

/* ---- which one goes first ---- */

Cause revision_cause(const Origin *origin)
{
    Cause cause = origin->cause;

    cause.kind = CAUSE_REVISE;
    cause.origin = origin->slice;
    cause.message = 0;
    cause.run = 0;
    return cause;
}

/* It emits no object any more. */
static bool fades(Instance *instance, Origin *origin, Arena *arena)
{
    const Bindings *bindings = instance->runtime->bindings;
    Recomputation now;

    if (origin->unsaid)
        return true;
    recompute(instance, origin, arena, &now);
    if (now.result.status != SLICE_DONE && now.result.status != SLICE_YIELDED)
        return false;
    for (size_t i = 0; i < now.effect_count; i++)
        if (!bindings->effects[now.effects[i].output->use].is_action)
            return false;
    return true;
}

void revision_pick(Instance *instance, Arena *arena, Cause *cause)
{
    size_t i = instance->origin_count;

    if (!fades(instance, revised_origin(instance, cause), arena))
        return;
    while (--i > instance->first_stale) {
        Origin *origin = instance->origins[i];
        if (!origin->stale || origin->given_up || !fades(instance, origin, arena))
            continue;
        *cause = revision_cause(origin);
        return;
    }
}

/* ---- fields ---- */

/* What a field began with, as far as that is known now. */
static Value first_value(const Instance *instance, size_t field)
{
    const Runtime *runtime = instance->runtime;

    return runtime->first_values != NULL ? runtime->first_values[instance->domain_index][field]
                                         : instance->domain->fields[field].initial;
}

bool field_is_untouched(const Instance *instance, const Origin *origin, size_t field,
                        const OriginChange *change)
{
    const char *name = instance->domain->fields[field].name;
    Value present = instance->fields[field];
    int read = origin_field(origin, name);

    if (change != NULL)
        return value_digest(present) == change->after;
    return (read >= 0 && value_equal(present, origin->fields[read])) ||
           value_equal(present, first_value(instance, field));
}

static void propose_changes(const Instance *instance, const Origin *origin, const Value *fields,
                            const SliceResult *result, Arena *arena, Proposal *ret)
{
    ret->change_count = 0;
    for (uint32_t i = 0; i < instance->domain->field_count; i++) {
        const OriginChange *change = origin_change(origin, instance->domain->fields[i].name);
        bool sets = !value_equal(fields[i], result->fields[i]);
        if (!sets && change == NULL)
            continue;
        Value value = sets ? result->fields[i] : change->before;
        ret->changes[ret->change_count++] =
            (FieldChange){.field = i,
                          .value = value_copy(arena, value),
                          .left = !field_is_untouched(instance, origin, i, change)};
    }
}

/* ---- what is said ---- */

/* Of two lists of emissions: those that are in both, those that say something else now, and those
 * that are not said any more. */
typedef struct Comparison {
    const Emission *before;
    size_t before_count;
    bool *taken; /* of `before` */
    Arena *arena;
} Comparison;

static const Emission *take_like(Comparison *comparison, const Emission *emission,
                                 bool (*is_like)(const Emission *a, const Emission *b))
{
    for (size_t i = 0; i < comparison->before_count; i++) {
        if (comparison->taken[i] || !is_like(&comparison->before[i], emission))
            continue;
        comparison->taken[i] = true;
        return &comparison->before[i];
    }
    return NULL;
}

static Value *values_copy(Arena *arena, const Value *values, size_t count)
{
    Value *copy = arena_array(arena, Value, count);

    for (size_t i = 0; i < count; i++)
        copy[i] = value_copy(arena, values[i]);
    return copy;
}

static void travel(Comparison *comparison, Emission *emission, const Emission *before)
{
    emission->former = values_copy(comparison->arena, before->arguments, before->argument_count);
    emission->former_count = before->argument_count;
}

static Emission unsaid(Comparison *comparison, const Emission *before)
{
    Emission emission = *before;

    emission.unsaid = true;
    emission.arguments = NULL;
    emission.argument_count = 0;
    if (before->key != NULL)
        emission.key = arena_copy_string(comparison->arena, before->key);
    emission.elevated = NULL;
    travel(comparison, &emission, before);
    return emission;
}

static bool is_heard(const Emission *emission)
{
    return emission->kind == OUTPUT_EVENT || emission->kind == OUTPUT_MESSAGE;
}

static void unsaid_add(Comparison *comparison, Proposal *ret)
{
    Emission *all =
        arena_array(comparison->arena, Emission, ret->emission_count + comparison->before_count);

    if (ret->emission_count > 0)
        memcpy(all, ret->emissions, ret->emission_count * sizeof *all);
    for (size_t i = 0; i < comparison->before_count; i++)
        if (!comparison->taken[i] && is_heard(&comparison->before[i]))
            all[ret->emission_count++] = unsaid(comparison, &comparison->before[i]);
    ret->emissions = all;
}

static void propose_emissions(const Emission *before, size_t before_count, Arena *arena,
                              Proposal *ret)
{
    Comparison comparison = {before, before_count, arena_array(arena, bool, before_count), arena};

    assert(before != NULL || before_count == 0);
    for (size_t i = 0; i < ret->emission_count; i++)
        ret->emissions[i].same = ret->emissions[i].kind == OUTPUT_LOG ||
                                 take_like(&comparison, &ret->emissions[i], emission_equal) != NULL;
    for (size_t i = 0; i < ret->emission_count; i++) {
        Emission *emission = &ret->emissions[i];
        const Emission *former = !emission->same && is_heard(emission)
                                     ? take_like(&comparison, emission, emission_same_target)
                                     : NULL;
        if (former == NULL)
            continue;
        emission->travels = true;
        travel(&comparison, emission, former);
    }
    unsaid_add(&comparison, ret);
}

void revision_propose(const Instance *instance, const Origin *origin, const Value *fields,
                      const SliceResult *result, Arena *arena, Proposal *ret)
{
    propose_changes(instance, origin, fields, result, arena, ret);
    propose_emissions(origin->said, origin->said_count, arena, ret);
    ret->yield = 0; /* what came after it has a record of its own */
    ret->local_count = 0;
}

/* ---- a message that travels, and of which there is no record ---- */

static bool has_effects(const SliceResult *result)
{
    for (size_t i = 0; i < result->output_count; i++)
        if (result->outputs[i].kind == OUTPUT_EFFECT || result->outputs[i].kind == OUTPUT_RELEASE)
            return true;
    return false;
}

static void drop_changes(const SliceResult *former, Proposal *proposal)
{
    size_t kept = 0;

    for (size_t i = 0; i < proposal->change_count; i++)
        if (!value_equal(former->fields[proposal->changes[i].field], proposal->changes[i].value))
            proposal->changes[kept++] = proposal->changes[i];
    proposal->change_count = kept;
}

void rehear(const Instance *instance, const SliceInput *input, const Message *message,
            const SliceResult *result, Arena *arena, Proposal *proposal)
{
    SliceInput again = *input;
    SliceResult former = {0};
    Proposal said;

    again.facts = NULL;
    again.arguments = message->former;
    again.argument_count = message->former_count;
    slice_run(&again, arena, &former);
    if (former.status != result->status || has_effects(result) || has_effects(&former))
        return; /* it did something else altogether: it is heard as if for the first time */
    proposal_make(instance, &former, arena, &said);
    drop_changes(&former, proposal);
    propose_emissions(said.emissions, said.emission_count, arena, proposal);
}

/* ---- effects ---- */

static const BoundEffect *bound_of(const Emitted *emitted)
{
    return &emitted->instance->runtime->bindings->effects[emitted->output->use];
}

static void recall_failure(const Emitted *emitted, const OriginEffect *effect, Intent *intent)
{
    intent->state = INTENT_FAILED;
    string_set(&intent->code, effect->code);
    string_set(&intent->detail, effect->detail);
    intent_recall(emitted, NULL, intent);
}

static void recall(const Emitted *emitted, const Object *object, const char *result, Intent *intent)
{
    intent->state = INTENT_RECALLED;
    string_set(&intent->result, result);
    string_set(&intent->arguments, NULL);
    intent_recall(emitted, object, intent);
}

/* With other arguments an action is another deed. */
static void do_again(const Emitted *emitted, const OriginEffect *effect, Intent *intent)
{
    if (strcmp(effect->arguments, intent->arguments) == 0)
        recall(emitted, NULL, effect->result, intent);
    else
        intent_recall(emitted, NULL, intent);
}

static bool is_as_wanted(const Object *object, const BoundEffect *bound, const Intent *intent)
{
    return !object->replace && object->inputs != NULL &&
           strcmp(object->inputs, intent->arguments) == 0 && !effect_replaces(bound, object, NULL);
}

/* The slice has emitted the same object once more: with which arguments this time was does not
 * count.
 */
static bool is_overtaken(const Origin *origin, const OriginEffect *effect)
{
    for (const OriginEffect *later = effect + 1; later < origin->effects + origin->effect_count;
         later++)
        if (strcmp(later->uid, effect->uid) == 0)
            return true;
    return false;
}

/* The effect that it means was there when the slice committed. */
static int intents_known(const Emitted *emitted, const Origin *origin, const OriginEffect *effect,
                         Arena *arena, Intent *intent, Intents *ret, const char **ret_text)
{
    Object *object = object_find(emitted->instance->runtime, effect->uid);

    if (effect->failed) {
        recall_failure(emitted, effect, intent);
    } else if (effect->verb == INTENT_ACTION) {
        do_again(emitted, effect, intent);
    } else if (object == NULL) {
        recall(emitted, NULL, NULL, intent);
        memcpy(intent->uid, effect->uid, UID_SIZE);
    } else if (object->origin != origin || is_overtaken(origin, effect) ||
               is_as_wanted(object, bound_of(emitted), intent)) {
        recall(emitted, object, object->outputs, intent);
    } else {
        return intents_for(emitted, object, intent, arena, ret, ret_text);
    }
    ret->items[ret->count++] = intent;
    return 0;
}

/* It is there, with its object. */
static bool is_known(const Emitted *emitted, const OriginEffect *effect, const Intent *intent)
{
    if (effect == NULL || (effect->verb == INTENT_ACTION) != bound_of(emitted)->is_action)
        return false;
    if (effect->failed) /* with other arguments it may succeed */
        return effect->arguments != NULL && strcmp(effect->arguments, intent->arguments) == 0;
    if (effect->verb == INTENT_ACTION)
        return true;
    const Object *object = object_find(emitted->instance->runtime, effect->uid);
    return object != NULL ? !object->condemned : effect->released;
}

int revision_intents(const Emitted *emitted, const Origin *origin, Arena *arena, Intents *ret,
                     const char **ret_text)
{
    Intent *intent;

    ret->count = 0;
    if (emitted->output->kind == OUTPUT_RELEASE) {
        ret->items[ret->count++] = intent_released_before(emitted);
        return 0;
    }
    const char *awaited =
        resource_awaited(emitted->instance->runtime, bound_of(emitted), origin->slice);
    if (awaited != NULL) {
        *ret_text = arena_copy_string(arena, awaited);
        return INTENT_WAITS;
    }
    int outcome = intent_wish(emitted, arena, &intent, ret_text);
    if (outcome != 0)
        return outcome;
    const OriginEffect *effect =
        origin_effect(origin, intent->place.effect, intent->place.site, intent->name, intent->turn);
    if (is_known(emitted, effect, intent))
        return intents_known(emitted, origin, effect, arena, intent, ret, ret_text);
    return intent_complete(emitted, arena, intent, ret, ret_text);
}

/* ---- what is not reached any more ---- */

const char *revision_fault(const Instance *instance, const Origin *origin, Intent *const *intents,
                           size_t intent_count, Arena *arena)
{
    Map reached = {0};
    const char *fault = NULL;

    for (size_t i = 0; i < intent_count; i++)
        if (intents[i]->verb == INTENT_PUT)
            map_put(&reached, intents[i]->uid, intents[i]);
    for (const Object *object = instance->first_object; object != NULL && fault == NULL;
         object = object->owner_next) {
        if (object->origin != origin || !object_is_protected(object) ||
            map_get(&reached, object->uid) != NULL)
            continue;
        cleanup(free) char *address = object_address(object);
        fault = arena_format(arena, "%s would be destroyed, but is protected", address);
    }
    map_deinit(&reached);
    return fault;
}
