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
    size_t i = instance->has->origin_count;

    if (!fades(instance, revised_origin(instance, cause), arena))
        return;
    while (--i > instance->has->first_stale) {
        Origin *origin = instance->has->origins[i];
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

static void recall_failure(const Emitted *emitted, const OriginEffect *known, Intent *intent)
{
    intent->state = INTENT_FAILED;
    string_set(&intent->code, known->code);
    string_set(&intent->detail, known->detail);
    intent_recall(emitted, NULL, intent);
}

/* With the arguments that the deed was done with. */
static void recall_deed(const Emitted *emitted, const OriginEffect *known, Intent *intent)
{
    intent->state = INTENT_RECALLED;
    string_set(&intent->result, known->result);
    intent_recall(emitted, NULL, intent);
}

/* With which arguments it was emitted does not count: they are the object's, or are not asked for.
 */
static void recall_object(const Emitted *emitted, const Fitted *fitted, Intent *intent)
{
    const Object *object = fitted->object;

    intent->state = INTENT_RECALLED;
    string_set(&intent->result, object != NULL ? object->outputs : NULL);
    string_set(&intent->arguments, NULL);
    intent_recall(emitted, object, intent);
    memcpy(intent->uid, fitted->known->uid, UID_SIZE);
}

static void recall(const Emitted *emitted, const Fitted *fitted, Intent *intent)
{
    if (fitted->known->failed)
        recall_failure(emitted, fitted->known, intent);
    else if (fitted->known->verb == INTENT_ACTION)
        recall_deed(emitted, fitted->known, intent);
    else
        recall_object(emitted, fitted, intent);
}

static int intents_fitting(const Emitted *emitted, const Fitted *fitted, Arena *arena,
                           Intent *intent, Intents *ret, const char **ret_text)
{
    switch (fitted->fit) {
    case FIT_SAME:
    case FIT_APART:
        recall(emitted, fitted, intent);
        ret->items[ret->count++] = intent;
        return 0;
    case FIT_OTHER:
        if (fitted->object != NULL)
            return intents_for(emitted, fitted->object, intent, arena, ret, ret_text);
        break;
    case FIT_NEW:
        break;
    }
    return intent_complete(emitted, arena, intent, ret, ret_text);
}

static int effect_intents(const Emitted *emitted, Fitting *fitting, Arena *arena, Intents *ret,
                          const char **ret_text)
{
    const Runtime *runtime = emitted->instance->runtime;
    const BoundEffect *bound = &runtime->bindings->effects[emitted->output->use];
    const char *awaited = resource_awaited(runtime, bound, fitting->origin->slice);
    Intent *intent;

    if (awaited != NULL) {
        *ret_text = arena_copy_string(arena, awaited);
        return INTENT_WAITS;
    }
    int outcome = intent_wish(emitted, arena, &intent, ret_text);
    if (outcome != 0)
        return outcome;
    Fitted fitted = fitting_next(fitting, emitted->output, intent->arguments);
    return intents_fitting(emitted, &fitted, arena, intent, ret, ret_text);
}

int revision_intents(const Emitted *emitted, Fitting *fitting, Arena *arena, Intents *ret,
                     const char **ret_text)
{
    ret->count = 0;
    if (emitted->output->kind != OUTPUT_RELEASE)
        return effect_intents(emitted, fitting, arena, ret, ret_text);
    ret->items[ret->count++] = intent_released_before(emitted);
    return 0;
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
    for (const Object *object = instance->has->first_object; object != NULL && fault == NULL;
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
