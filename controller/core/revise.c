#include "revise.h"

#include <string.h>

#include "controller/core/keys.h"
#include "controller/core/origin.h"
#include "controller/core/proposal.h"
#include "controller/core/resource.h"
#include "lang/base/json.h"
#include "lang/base/memory.h"

Origin *revised_origin(const Instance *instance, const Cause *cause)
{
    return origin_find(instance, cause->origin);
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

static bool same_thing(const Object *object, const BoundEffect *bound)
{
    return strcmp(object->provider, bound->provider) == 0 &&
           strcmp(object->action, bound->action) == 0 &&
           strcmp(object->type != NULL ? object->type : "",
                  bound->type != NULL ? bound->type : "") == 0;
}

static int refuse_replacement(const Object *object, Arena *arena, const char **ret_text)
{
    cleanup(free) char *address = object_address(object);

    *ret_text = arena_format(arena, "%s would be replaced, but is protected", address);
    return INTENT_FAULTS;
}

/* The object is to be made with those arguments: as it is, or another one in its place. */
static int intents_for(const Emitted *emitted, const Object *object, Arena *arena, Intent *intent,
                       Intent *ret[2], size_t *ret_count, const char **ret_text)
{
    const BoundEffect *bound = bound_of(emitted);
    bool replace = object->replace || !same_thing(object, bound) ||
                   arguments_force_replacement(bound, object->inputs, intent->arguments);

    *ret_count = 0;
    if (!replace) {
        intent_update(object, intent);
    } else if (object_is_protected(object)) {
        intent_free(intent);
        return refuse_replacement(object, arena, ret_text);
    } else {
        if (!bound->create_first && object->exists)
            ret[(*ret_count)++] = intent_destroy((Object *)object, emitted->number, 0);
        intent->number = emitted->number + *ret_count;
        intent_replace(object, intent);
    }
    ret[(*ret_count)++] = intent;
    return 0;
}

static bool is_as_wanted(const Object *object, const BoundEffect *bound, const Intent *intent)
{
    return !object->replace && object->inputs != NULL && same_thing(object, bound) &&
           strcmp(object->inputs, intent->arguments) == 0;
}

/* The effect that it means was there when the slice committed. */
static int intents_known(const Emitted *emitted, const Origin *origin, const OriginEffect *effect,
                         Arena *arena, Intent *intent, Intent *ret[2], size_t *ret_count,
                         const char **ret_text)
{
    const Object *object = object_find(emitted->instance->runtime, effect->uid);

    ret[0] = intent;
    *ret_count = 1;
    if (effect->failed) {
        recall_failure(emitted, effect, intent);
    } else if (effect->verb == INTENT_ACTION) {
        do_again(emitted, effect, intent);
    } else if (object->origin != origin || is_as_wanted(object, bound_of(emitted), intent)) {
        recall(emitted, object, object->outputs, intent);
    } else {
        return intents_for(emitted, object, arena, intent, ret, ret_count, ret_text);
    }
    return 0;
}

/* It is there, with its object. */
static bool is_known(const Emitted *emitted, const OriginEffect *effect)
{
    if (effect == NULL || (effect->verb == INTENT_ACTION) != bound_of(emitted)->is_action)
        return false;
    if (effect->failed || effect->verb == INTENT_ACTION)
        return true;
    const Object *object = object_find(emitted->instance->runtime, effect->uid);
    return object != NULL && !object->condemned;
}

int revision_intents(const Emitted *emitted, const Origin *origin, Arena *arena, Intent *ret[2],
                     size_t *ret_count, const char **ret_text)
{
    Intent *intent;
    *ret_count = 1;

    if (emitted->output->kind == OUTPUT_RELEASE) {
        ret[0] = intent_released_before(emitted);
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
    if (is_known(emitted, effect))
        return intents_known(emitted, origin, effect, arena, intent, ret, ret_count, ret_text);
    ret[0] = intent;
    return intent_complete(emitted, arena, intent, ret_text);
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
